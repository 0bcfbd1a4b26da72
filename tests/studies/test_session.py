"""What a notebook exports is whole, and safe to open in a spreadsheet."""

import pandas as pd
import pytest

from workbench.errors import StudyError
from workbench.studies.session import Run

FRAME = pd.DataFrame({"=name": ["=1+1", "-2.5", "@cmd", "plain"], "gain": [-1.5, 0.0, None, 2.0]})


@pytest.fixture
def run(tmp_path):
    (tmp_path / "tables").mkdir()
    return Run({"seed": 1}, tmp_path)


def test_csv_runs_no_formula_and_leaves_negative_numbers_alone(run):
    run.export(FRAME, "gains", caption="Gains.")
    lines = (run.folder / "tables" / "gains.csv").read_text().splitlines()
    assert lines == ["'=name,gain", "'=1+1,-1.5", "-2.5,0.0", "'@cmd,", "plain,2.0"]


def test_parquet_has_the_values_as_they_are(run):
    run.export(FRAME, "gains", caption="Gains.", shown=["gain"])
    pd.testing.assert_frame_equal(pd.read_parquet(run.folder / "tables" / "gains.parquet"), FRAME)


@pytest.mark.parametrize("name", ["../gains", "a/b", "", "a b", "x" * 81])
def test_a_name_that_leads_elsewhere_is_refused(run, name):
    with pytest.raises(StudyError, match="letters, digits"):
        run.export(FRAME, name, caption="Gains.")
    assert not list((run.folder / "tables").iterdir())
