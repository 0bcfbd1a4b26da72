"""`make demo` and `make story`: what they say, in which order, and what ends them."""

import importlib.util
import json
import re
import sys

import pytest

from tests.conftest import ROOT


def script(folder, name, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, made)  # its dataclass looks itself up
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def tour(monkeypatch):
    return script("examples", "tour", monkeypatch)


def parameters(study):
    cells = json.loads((ROOT / "notebooks" / f"{study}.ipynb").read_text())["cells"]
    (source,) = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    return set(re.findall(r"^(\w+):", source, flags=re.M))


def test_every_step_is_a_study_and_reads_runs_of_its_own_tour(tour):
    assert [(step.study, step.dataset) for step in tour.DEMO] == [
        ("driver_analysis", "mobi"),
        ("churn_survival", "telco"),
        ("attrition_risk", "telco"),
        ("clv_roi", "cdnow"),
    ]
    assert [step.study for step in tour.STORY] == ["driver_analysis", "churn_survival", "attrition_risk", "clv_roi"]
    for steps in (tour.DEMO, tour.STORY):
        before = set()
        for step in steps:
            assert set(step.parameters) <= parameters(step.study)
            assert {value.strip("{}") for value in step.parameters.values() if "{" in value} <= before
            before.add(step.study)
    joined = {"survival_run": "{churn_survival}", "driver_run": "{driver_analysis}"}
    assert joined.items() <= tour.STORY[3].parameters.items()


def test_the_makefile_takes_both_tours():
    made = (ROOT / "Makefile").read_text()
    for name in ("demo", "story"):
        assert re.search(
            rf"^{name}: setup ## .*minutes\)\n\t@\$\(BIN\)/python examples/tour\.py {name}", made, flags=re.M
        )


PARAMETERS = 'dataset: str = "none"\ngiven: str = ""\nseed: int = 1  # fixes every draw'
FINDING = """run = workbench.start_run()
run.finding(workbench.Finding(id="a", statement="%s", estimate=1, evidence="assumed"))"""


def test_headlines_stand_at_the_end_with_the_way_to_the_index(tour, bench, capfd):
    bench.study("first", FINDING % "One is here.", parameters=PARAMETERS)
    bench.study("second", FINDING % "Two as well." + "\nassert given", parameters=PARAMETERS)
    steps = [
        tour.Step(study="first", dataset="none", about="one", lasts="a second"),
        tour.Step(study="second", dataset="none", about="two", lasts="a second", parameters={"given": "{first}"}),
    ]
    bench.dataset("none")
    assert tour.take(steps, bench.root) == 0
    said = capfd.readouterr().out
    order = [
        "1 of 2. first on none: one (about a second)",
        "2 of 2. second",
        "All 2 done",
        "One is here.",
        "Two as well.",
    ]
    places = [said.index(each) for each in [*order, "reports/index.html"]]
    assert places == sorted(places)
    (earlier,), (later,) = ([run for run in bench.runs() if run["study"] == name] for name in ("first", "second"))
    assert later["parameters"]["given"] == earlier["run_id"]
    assert (bench.reports / "index.html").exists()


def test_a_study_that_fails_ends_the_tour_with_its_code(tour, bench, capfd):
    bench.study("first", "1 / 0", parameters=PARAMETERS)
    bench.dataset("none")
    steps = [tour.Step(study=name, dataset="none", about="", lasts="") for name in ("first", "second")]
    assert tour.take(steps, bench.root) == 1
    assert "2 of 2" not in capfd.readouterr().out


def test_pictures_are_those_of_the_last_run_on_their_dataset(tmp_path, monkeypatch, capsys):
    made = script("docs", "pictures", monkeypatch)
    monkeypatch.setattr(made, "PICTURES", {("first", "demo"): "curve", ("second", "demo"): "bars"})
    for run, dataset in (
        ("20260101-000000-aa", "demo"),
        ("20260102-000000-bb", "demo"),
        ("20260103-000000-cc", "mine"),
    ):
        folder = tmp_path / "reports" / "first" / run
        (folder / "figures").mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"dataset": dataset}))
        (folder / "figures" / "curve.svg").write_text(f"<svg>{run}</svg>")
    assert made.main(tmp_path) == 1
    assert (tmp_path / "docs" / "pictures" / "first.svg").read_text() == "<svg>20260102-000000-bb</svg>"
    assert "no run has drawn: second on demo (bars.svg)" in capsys.readouterr().err


def test_readme_shows_the_pictures_that_are_there_and_no_others(monkeypatch):
    made = script("docs", "pictures", monkeypatch)
    there = {path.name for path in (ROOT / "docs" / "pictures").glob("*")}
    assert there == {f"{study}.svg" for study, _ in made.PICTURES}
    shown = re.findall(r"!\[([^\]]+)\]\(docs/pictures/([\w.]+)\)", (ROOT / "README.md").read_text())
    assert {name for _, name in shown} == there
    assert all(len(words.split()) > 4 for words, _ in shown)  # said to those who cannot see them
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*")) < 150_000
