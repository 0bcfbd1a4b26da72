import csv
import io
from urllib.parse import unquote

import pytest

from workbench.reporting.results import Anchors, file_link, table_block


def column(name: str, *, unit: str = "", numeric: bool = True) -> dict:
    return {"name": name, "label": name.title(), "unit": unit, "numeric": numeric}


def table(rows: list[list], *columns: dict, n_rows: int | None = None) -> dict:
    return {
        "kind": "table",
        "name": "by plan",
        "caption": "",
        "columns": list(columns),
        "rows": rows,
        "n_rows": len(rows) if n_rows is None else n_rows,
    }


def texts(block: dict) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in block["rows"]]


def test_numbers_of_a_column_share_their_decimals_up_to_three_digits():
    block = table_block(
        table([[1.9, 0.5], [1.83, 0.123], [12345.678, None]], column("ratio"), column("left", unit="share")),
        None,
        Anchors(),
    )
    assert texts(block) == [["1.90", "50.0%"], ["1.83", "12.3%"], ["12,346", "–"]]


def test_a_share_has_no_unit_in_its_head_and_others_have():
    block = table_block(table([[1, 1]], column("left", unit="share"), column("life", unit="months")), None, Anchors())
    assert [head["unit"] for head in block["columns"]] == ["", "months"]


def test_the_exact_value_stays_at_hand_for_copying():
    block = table_block(table([[34.9812345], [35]], column("median")), None, Anchors())
    assert [row[0]["exact"] for row in block["rows"]] == ["34.9812345", None]


def test_a_whole_table_carries_its_csv_and_formulas_are_inert():
    rows = [['=HYPERLINK("http://x")', 0.1234567], ["@a,b", None], ["-x", -5]]
    block = table_block(table(rows, column("name", numeric=False), column("value")), None, Anchors())
    assert block["complete"]
    content = unquote(block["href"].removeprefix("data:text/csv;charset=utf-8,"))
    assert list(csv.reader(io.StringIO(content))) == [
        ["name", "value"],
        ['\'=HYPERLINK("http://x")', "0.1234567"],
        ["'@a,b", ""],
        ["'-x", "-5"],
    ]


def test_a_long_table_links_to_its_file(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "by plan.csv").write_text("a\n")
    block = table_block(table([[1]] * 60, column("a"), n_rows=12_345), tmp_path, Anchors())
    assert (len(block["rows"]), block["complete"], block["href"]) == (50, False, "tables/by%20plan.csv")


@pytest.mark.parametrize(
    "payload", [{}, {"columns": "ab", "rows": []}, {"columns": [1], "rows": []}, {"columns": [], "rows": 3}]
)
def test_what_is_no_table_is_none(payload):
    assert table_block(payload, None, Anchors()) is None


def test_rows_of_another_width_are_left_out():
    assert texts(table_block(table([[1], [1, 2], "ab"], column("a")), None, Anchors())) == [["1"]]


@pytest.mark.parametrize("name", ["..", "", ".", "../../etc/passwd", "a/b", "a\\b", "x" * 5000, "\0", "\ud800"])
def test_no_link_leads_out_of_the_run(tmp_path, name):
    assert file_link(tmp_path, name) == ""


def test_a_link_is_quoted(tmp_path):
    (tmp_path / "50% #1?.csv").write_text("")
    assert file_link(tmp_path, "50% #1?.csv") == "50%25%20%231%3F.csv"
