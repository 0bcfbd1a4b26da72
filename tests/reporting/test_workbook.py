"""The tables of a report as a workbook that can be passed on."""

import openpyxl
import pandas as pd
import pytest
from tests.reporting.conftest import bundle, code

from workbench.reporting.workbook import write_workbook


@pytest.fixture
def run_folder(tmp_path):
    """A run that shows tables of the given frames."""

    def make(**frames):
        (tmp_path / "tables").mkdir()
        outputs = []
        for name, frame in frames.items():
            frame.to_parquet(tmp_path / "tables" / f"{name}.parquet", index=False)
            columns = [
                {"name": column, "label": f"Label {column}", "unit": "share" if column == "share" else ""}
                for column in frame.columns
            ]
            payload = {"kind": "table", "name": name, "caption": f"Caption of {name}.", "columns": columns, "rows": []}
            outputs.append(bundle(payload))
        return {"cells": [code("run.export(…)", *outputs)]}

    return make


def test_each_table_has_a_sheet_with_typed_numbers_and_the_contents_say_what_it_is(run_folder, tmp_path):
    frame = pd.DataFrame({"plan": ["a", None], "share": [0.123456789, 0.5], "n": [12, 3], "late": [True, False]})
    path = write_workbook(tmp_path, run_folder(groups=frame), title="Customer survival")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Contents", "groups"]
    assert [cell.value for cell in book["Contents"][3]] == ["groups", "Caption of groups."]
    assert book["Contents"]["A3"].hyperlink.location == "'groups'!A1"
    rows = list(book["groups"].iter_rows(values_only=True))
    assert rows[0] == ("Label plan", "Label share", "Label n", "Label late")
    assert rows[1:] == [("a", 0.123456789, 12, True), (None, 0.5, 3, False)]
    assert book["groups"]["B2"].number_format == "0.0%"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(1)", '=HYPERLINK("http://x")', "a\x07b"])
def test_text_from_data_computes_nothing(run_folder, tmp_path, text):
    notebook = run_folder(groups=pd.DataFrame({"plan": [text]}))
    cell = openpyxl.load_workbook(write_workbook(tmp_path, notebook, title=text))["groups"]["A2"]
    assert (cell.data_type, cell.value) == ("s", text.replace("\x07", "\ufffd"))


def test_tables_about_single_customers_stay_out(run_folder, tmp_path):
    people = pd.DataFrame({"customer_id": ["x"], "share": [0.1]})
    path = write_workbook(tmp_path, run_folder(people=people, groups=pd.DataFrame({"n": [10]})), title="T")
    assert openpyxl.load_workbook(path).sheetnames == ["Contents", "groups"]


def test_a_run_without_tables_has_no_workbook(tmp_path):
    assert write_workbook(tmp_path, {"cells": []}, title="T") is None
    assert list(tmp_path.iterdir()) == []
