"""Runs that stand on each other: which one is meant, what refuses it, what is written down of it."""

import json
import os
import shutil
import stat

import pandas as pd
import pytest

from tests.benches import Bench
from workbench.declared import Declared, Field
from workbench.errors import ParameterError, StudyError, WorkbenchError
from workbench.files import file_hash
from workbench.studies.channel import Channel
from workbench.studies.definition.notebook import read_study
from workbench.studies.definition.project import Project
from workbench.studies.inputs import EarlierRun
from workbench.studies.plan import make_plan

PARAMETERS = 'dataset: str = "people"  # the data\nseed: int = 1  # fixes every draw'
READS = PARAMETERS + '\nupstream_run: str | None = "latest"  # which run'

BELOW = """run = workbench.start_run()
people = run.table("lifetimes")
number, text = workbench.Field(kind="number", about="x"), workbench.Field(kind="id", about="who")
draw = workbench.Field(kind="whole", about="which")
run.finding(workbench.Finding(id="mean", statement="They stay 15.", estimate=15.5, evidence="descriptive"))
run.metrics({"mean": people.duration.mean()})
run.checks(workbench.Check(name="thin", status="warn", message="Few people.", title="Few people"))
run.keep(people[["customer_id", "duration"]], "scores", declared=workbench.Declared(
    name="scores", about="One a customer", columns={"customer_id": text, "duration": number}, key=("customer_id",)))
run.keep(workbench.pandas.DataFrame({"draw": [1, 0], "effect": [0.1, 0.2]}), "effects", declared=workbench.Declared(
    name="effects", about="Draws", columns={"draw": draw, "effect": number}, key=("draw",), draws="one world"))
run.export(people.head(3)[["duration"]], "shown", caption="Shown.", people=None)""".replace(
    "workbench.pandas", "__import__('pandas')"
)

ABOVE = """run = workbench.start_run()
people = run.table("lifetimes")
below = run.earlier("upstream", choice=upstream_run)
scores, effects = below.table("scores"), below.draws("effects")
assert scores.customer_id.tolist() == people.customer_id.tolist()
assert effects.draw.tolist() == [0, 1]
assert below.parameters["seed"] == 1 and below.verdict == "warn" and below.findings["mean"].estimate == 15.5
listed = run.previous("upstream", where={"seed": 1, "status": "succeeded"})
run.finding(workbench.Finding(id="sum", statement="It adds up.", estimate=below.metrics["mean"], evidence="assumed"))
run.finding(workbench.Finding(id="own", statement="Own.", estimate=len(listed), evidence="assumed", rests_on=()))"""


def studies(bench):
    bench.dataset("people")
    bench.study("upstream", BELOW, parameters=PARAMETERS)
    bench.study("above", ABOVE, parameters=READS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project with a run and another that stands on it."""
    root = tmp_path_factory.mktemp("chain") / "project"
    for name in ("notebooks", "data"):
        (root / name).mkdir(parents=True)
    bench = Bench(root)
    studies(bench)
    for study in ("upstream", "above"):
        done = bench.run("run", study)
        assert done.returncode == 0, done.stderr
    return bench


@pytest.fixture
def bench(whole, tmp_path):
    """A copy of the project that may be damaged."""
    shutil.copytree(whole.root, tmp_path / "project")
    return Bench(tmp_path / "project")


def manifest_of(bench, study):
    return next(each for each in bench.runs() if each["study"] == study)


def rewrite(bench, study, **changes):
    manifest = manifest_of(bench, study)
    path = bench.folder(manifest) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return manifest


def plan(bench, *texts):
    return make_plan(Project(bench.root), "above", texts)


def refusal(bench, *texts):
    with pytest.raises(ParameterError) as caught:
        plan(bench, *texts)
    return "\n".join(caught.value.faults)


def test_the_manifest_says_what_was_read_and_the_report_shows_the_chain(whole):
    below, above = manifest_of(whole, "upstream"), manifest_of(whole, "above")
    assert above["parameters"]["upstream_run"] == below["run_id"]
    assert below["fingerprints"].keys() == {"lifetimes"}
    assert below["time_units"] == ["months"]
    (read,) = above["inputs"]
    assert (read["study"], read["run_id"], read["verdict"]) == ("upstream", below["run_id"], "warn")
    assert read["tables"] == {name: below["tables"][name]["sha256"] for name in ("scores", "effects")}
    page = (whole.folder(above) / "report.html").read_text()
    assert 'id="chain"' in page
    assert below["run_id"] in page
    assert "Few people." in page


def test_a_finding_that_rests_on_a_run_with_a_warning_says_so(whole):
    above = manifest_of(whole, "above")
    results = json.loads((whole.folder(above) / "results.json").read_text())
    summed, own = results["findings"]
    assert [each["study"] for each in summed["rests_on"]] == ["upstream"]
    assert own["rests_on"] == []
    assert own["estimate"] == 1  # `run.previous` has found the one run
    (check,) = [each for each in results["checks"] if each["name"] == "earlier_upstream"]
    assert check["status"] == "warn"
    assert "Few people" in check["message"]
    page = (whole.folder(above) / "report.html").read_text()
    assert page.count("which warns of: Few people") >= 2


def test_rows_of_single_customers_are_locked_away_and_not_linked(whole):
    folder = whole.folder(manifest_of(whole, "upstream"))
    assert sorted(path.name for path in (folder / "private").iterdir()) == ["scores.csv", "scores.parquet"]
    assert stat.S_IMODE((folder / "private").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "private").iterdir()} == {0o600}
    assert "scores" not in {path.stem for path in (folder / "tables").iterdir()}
    assert "private/" not in (folder / "report.html").read_text()
    tables = json.loads((folder / "manifest.json").read_text())["tables"]
    assert [name for name, each in tables.items() if each["single_customers"]] == ["scores"]


def test_rerun_with_inputs_repeats_the_chain_on_its_own_runs(whole, bench):
    before = {each["run_id"]: each for each in bench.runs()}
    done = bench.run("rerun", "--with-inputs", manifest_of(bench, "above")["run_id"])
    assert done.returncode == 0, done.stderr
    new = [each for each in bench.runs() if each["run_id"] not in before]
    assert [each["study"] for each in new] == ["above", "upstream"]
    assert new[0]["inputs"][0]["run_id"] == new[1]["run_id"]
    assert new[1]["tables"] == manifest_of(whole, "upstream")["tables"]  # the same numbers, by their hashes
    assert done.stdout.splitlines() == [f"reports/above/{new[0]['run_id']}"]
    lines = bench.run("runs", "--tree").stdout.splitlines()
    assert lines[1].split()[1:3] == [new[1]["run_id"], "upstream"]
    assert [line.split()[0] for line in lines] == [
        part for each in (new[0], *bench.runs()[2:3]) for part in (each["run_id"], "└─")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "failed", "reason": "It broke."}, "it failed: It broke."),
        ({"verdict": "fail"}, "its verdict is fail"),
        ({"dataset": "others"}, "of the dataset 'others', expected 'people'"),
        ({"where": "region = 'North'"}, "it is of \"region = 'North'\", expected 'all rows'"),
        ({"fingerprints": {"lifetimes": "sha256:0"}}, "another content: lifetimes"),
        ({"time_units": ["weeks"]}, "its times are in weeks, expected months"),
        ({"tables": {}}, "no table 'scores' for other studies; it has none"),
    ],
)
def test_a_run_that_contradicts_is_refused(bench, changes, said):
    run = rewrite(bench, "upstream", **changes)
    if "dataset" in changes:  # which makes all else differ: nothing but that is said
        assert "another content" not in refusal(bench)
    assert said in refusal(bench, f"upstream_run={run['run_id']}")
    assert said in refusal(bench)  # nor is it the latest that can be used
    assert "workbench run upstream --dataset people" in refusal(bench)


def test_contradictions_are_named_all_at_once_and_end_with_2(bench):
    run = rewrite(bench, "upstream", verdict="fail", time_units=["weeks"], where="x = 1")
    (bench.folder(run) / "results.json").write_text("{}")
    done = bench.run("run", "above", "-p", f"upstream_run={run['run_id'][:-2]}")
    assert done.returncode == 2
    assert not done.stdout
    for said in ("verdict is fail", "in weeks", "'x = 1'", "results.json has been changed"):
        assert said in done.stderr


def test_another_extract_key_or_currency_is_a_contradiction_where_both_state_it():
    from workbench.studies.earlier import contradictions

    mine = {"dataset": "a", "extracted": "2026-01-01", "pseudonym_key": "ab", "currencies": ["EUR"], "where": None}
    theirs = {"dataset": "a", "extracted": "2026-02-01", "pseudonym_key": "cd", "currencies": ["USD"], "where": None}
    assert len(contradictions(mine, theirs)) == 3
    assert contradictions(mine, {"dataset": "a", "extracted": None, "pseudonym_key": None, "currencies": []}) == []
    assert contradictions({}, theirs) == []


def test_parts_are_told_apart_and_latest_is_that_of_the_same_part(bench):
    part = "duration >= 12"
    done = bench.run("run", "upstream", "--where", part)
    assert done.returncode == 0, done.stderr
    newest, whole = (each for each in bench.runs() if each["study"] == "upstream")
    project = Project(bench.root)
    assert make_plan(project, "above").inputs[0].run_id == whole["run_id"]
    assert make_plan(project, "above", where=part).inputs[0].run_id == newest["run_id"]
    with pytest.raises(ParameterError, match=r"run upstream --dataset people --where 'duration >= 3'`"):
        make_plan(project, "above", where="duration >= 3")
    told = {each["run_id"]: each for each in json.loads((bench.reports / "index.json").read_text())}
    assert {told[each["run_id"]]["where"] for each in (newest, whole)} == {part, None}
    lines = bench.run("runs", "--study", "upstream").stdout.splitlines()
    assert [f"people ({part})" in line for line in lines] == [True, False]
    assert "(duration &gt;= 12)" in (bench.reports / "index.html").read_text()


def test_a_manifest_is_known_by_its_hash_in_the_index(bench):
    run = manifest_of(bench, "upstream")
    path = bench.folder(run) / "manifest.json"
    (told,) = [each for each in json.loads((bench.reports / "index.json").read_text()) if each["study"] == "upstream"]
    assert told["manifest"] == file_hash(path)
    path.write_text(json.dumps({**run, "warnings": []}))
    assert "manifest.json has been changed since the run ended" in refusal(bench)
    bench.run("report", "above/latest")  # makes the index again; what it knew of a run stands
    assert "manifest.json has been changed since the run ended" in refusal(bench)
    (bench.reports / "index.json").unlink()
    assert plan(bench).inputs[0].run_id == run["run_id"]


def test_data_that_changed_since_are_noticed(bench):
    path = bench.root / "data" / "people" / "people.csv"
    path.write_text(path.read_text().replace("c3,4,", "c3,5,"))
    assert "another content: lifetimes" in refusal(bench)


@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_a_table_that_is_not_as_it_was_written_is_noticed(bench, how):
    path = bench.folder(manifest_of(bench, "upstream")) / "private" / "scores.parquet"
    frame = pd.read_parquet(path)
    path.unlink() if how == "deleted" else frame.assign(duration=0.0).to_parquet(path)
    assert ("is missing" if how == "deleted" else "has been changed") in refusal(bench)
    assert f"Run it again: `workbench rerun {path.parents[1].name}`." in refusal(bench)
    with pytest.raises(WorkbenchError, match="is missing" if how == "deleted" else "has been changed"):
        EarlierRun(path.parents[1]).table("scores")


def test_a_run_of_an_older_version_says_to_run_it_again(bench):
    manifest = manifest_of(bench, "upstream")
    path = bench.folder(manifest) / "manifest.json"
    path.write_text(json.dumps({key: value for key, value in manifest.items() if key != "fingerprints"}))
    assert f"older version of the workbench; run it again: `workbench rerun {manifest['run_id']}`" in refusal(bench)


def test_none_goes_without_and_the_report_says_so(bench):
    assert plan(bench, "upstream_run=null").inputs == ()
    (check,) = [each for each in plan(bench, "upstream_run=null").checks if each.name == "earlier_upstream"]
    assert "goes without" in check.message


def test_a_newer_run_that_cannot_be_used_is_passed_over_and_named(bench):
    run = manifest_of(bench, "upstream")
    newer = bench.folder(run).with_name("29991231-000000-abcdef")
    shutil.copytree(bench.folder(run), newer)
    path = newer / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "run_id": newer.name, "verdict": "fail"}))
    found = plan(bench)
    assert found.inputs[0].run_id == run["run_id"]
    assert "A newer run was passed over" in next(c.message for c in found.checks if c.name == "earlier_upstream")


def test_latest_of_none_is_refused_unless_it_is_optional(bench):
    shutil.rmtree(bench.reports / "upstream")
    assert "no run of upstream can be used" in refusal(bench)
    bench.study("above", ABOVE.replace("choice=upstream_run", "choice=upstream_run, optional=True"), parameters=READS)
    found = plan(bench)
    assert found.inputs == ()
    assert found.parameters["upstream_run"] is None
    bench.study("above", ABOVE.replace('"upstream"', '"upsteam"'), parameters=READS)
    assert "unknown study 'upsteam'; did you mean 'upstream'" in refusal(bench)


def test_an_optional_run_that_is_asked_for_is_not_gone_without(bench):
    shutil.rmtree(bench.reports / "upstream")
    bench.study("above", ABOVE.replace("choice=upstream_run", "choice=upstream_run, optional=True"), parameters=READS)
    assert "parameter upstream_run: no run of upstream can be used" in refusal(bench, "upstream_run=latest")
    assert plan(bench, "upstream_run=null").inputs == ()


def test_an_input_of_a_chain_that_is_gone_cannot_be_repeated(bench):
    shutil.rmtree(bench.reports / "upstream")
    done = bench.run("rerun", "--with-inputs", "above/latest")
    assert done.returncode == 2
    assert "cannot be repeated: manifest.json is missing" in done.stderr


def test_a_table_that_breaks_its_declaration_is_not_written(tmp_path):
    draw = Field(kind="whole", about="which")
    declared = Declared(name="effects", about="Draws", columns={"draw": draw}, key=("draw",), draws="one world")
    with pytest.raises(StudyError, match=r"effects: draws do not count from 0 without a gap\."):
        Channel(tmp_path).keep(pd.DataFrame({"draw": [1, 3]}), "effects", declared=declared)
    assert list(tmp_path.rglob("effects*")) == []


@pytest.mark.parametrize(
    ("source", "parameters", "said"),
    [
        ("run.earlier(name, choice=upstream_run)", READS, "has to name its study as a plain string"),
        ('run.earlier("upstream")', READS, "and the parameter that chooses the run"),
        ('run.earlier("upstream", choice=other)', READS, "'other', which the parameters cell does not declare"),
        ('run.earlier("upstream", choice=seed)', READS, "parameter seed names a run"),
        ('x = run.earlier("upstream", choice=upstream_run)\nx.table(name)', READS, "name its table as a plain string"),
        ("run.previous(name)", READS, "has to name its study as a plain string"),
        ('run.earlier("a", choice=upstream_run)\nrun.earlier("a", choice=upstream_run)', READS, "expected one call"),
        ("run.features(when)", "seed: int = 1", "so the parameters cell needs `dataset"),
    ],
)
def test_calls_that_cannot_be_read_from_the_source_are_refused(tmp_path, source, parameters, said):
    (tmp_path / "notebooks").mkdir()
    path = Bench(tmp_path).study("above", "run = workbench.start_run()\n" + source, parameters=parameters)
    with pytest.raises(StudyError, match=said):
        read_study(path)


def test_in_jupyterlab_an_earlier_run_is_read_as_in_a_run(bench, monkeypatch):
    from workbench.studies.session import Run

    monkeypatch.chdir(bench.root)
    said = []
    monkeypatch.setattr("workbench.studies.channel._show", lambda payload, *rest: said.append(payload))
    run = Run({"seed": 1, "dataset": "people"}, None)
    assert run.earlier("upstream", choice=None) is None
    assert len(run.earlier("upstream", choice="latest").table("scores")) == 30
    assert said[0]["checks"][0]["name"] == "earlier_upstream"
    assert len(run.previous("upstream", where={"verdict": "warn"})) == 1
    assert os.listdir(bench.reports / "above")
