"""The notebook of docs/studies_that_join.md runs as it stands, shows its chain and is repeated with it."""

import json
import re
import shutil

import pandas
import pytest

from tests.benches import Bench
from tests.conftest import ROOT
from workbench.errors import ParameterError
from workbench.models.survival.forecast.draws import read_draws
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add as add_world
from workbench.studies.definition.project import Project
from workbench.studies.plan import make_plan

IMPORTS = """from datetime import date
import workbench
from workbench.draws import join
from workbench.features import snapshots"""
PARAMETERS = 'dataset: str = "demo"  # the data\nseed: int = 1  # fixes every draw'
# What the two studies leave, without their models: the declarations hold them to it.
DRIVERS = """run = workbench.start_run()
import itertools, numpy, pandas
surveys = run.table("surveys")
every = itertools.product(range(100), ["all"], ["price", "service"])
rows = pandas.DataFrame(every, columns=["draw", "segment", "driver"])
random = numpy.random.default_rng(run.seed)
rows["effect"] = random.normal(0.3, 0.1, len(rows)) + 0.4 * (rows["driver"] == "service")
run.keep(rows.assign(use=0.0, outcome="recommend"), "driver_effects")
run.checks(workbench.Check(name="cloudy", status="warn", message="Ratings go together.", title="Ratings go together"))
run.metrics({"answers": len(surveys)})"""
SURVIVAL = """run = workbench.start_run()
import numpy, pandas
people = run.table("customers")["customer_id"].unique()
random = numpy.random.default_rng(run.seed + 1)
told = {"draw": range(400), "episode": 0, "reason": "", "observed": 24.0}
draws = pandas.DataFrame({**told, "hazard:0": 0.0, "hazard:12": random.gamma(9, 0.02, 400)})
run.keep(draws, "survival_draws")
stays = pandas.DataFrame({"customer_id": people, "horizon": 3.0, "survival": 0.9, "lower": 0.8, "upper": 0.95,
                          "incidence_price": 0.1, "extrapolated": False})
run.keep(stays, "survival")
run.checks(workbench.Check(name="fine", status="pass", message="All is well."))"""


def of_page():
    page = (ROOT / "docs" / "studies_that_join.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", page, flags=re.S)


def test_the_notebook_is_of_twenty_lines():
    _, source = of_page()
    assert len(source.splitlines()) <= 20


def project(root, customers):
    for name in ("notebooks", "data"):
        (root / name).mkdir(parents=True)
    add_world(
        "demo",
        read_settings(["preset=demo", f"customers={customers}", "months=24", "seed=1", "truth=false"]),
        root,
    )
    return Bench(root)


def joined(bench):
    parameters, source = of_page()
    parameters = parameters.replace("date(2025, 9, 1)", "date(2025, 6, 1)")
    bench.study("joined", source, parameters=parameters.strip(), imports=IMPORTS)


def results_of(bench, manifest):
    return json.loads((bench.folder(manifest) / "results.json").read_text())


def chain_holds(bench):
    """Run the page's notebook on the runs that are there."""
    done = bench.run("run", "joined")
    assert done.returncode == 0, done.stderr
    manifest = bench.runs()[0]
    assert {each["study"] for each in manifest["inputs"]} == {"driver_analysis", "churn_survival"}
    results = results_of(bench, manifest)
    assert results["metrics"]["customers_joined"] > 60
    page = (bench.folder(manifest) / "report.html").read_text()
    for each in manifest["inputs"]:
        assert each["run_id"] in page
    return results, manifest


def test_the_notebook_of_the_page_joins_draws_and_features(tmp_path):
    bench = project(tmp_path / "project", 150)
    bench.study("driver_analysis", DRIVERS, parameters=PARAMETERS)
    bench.study("churn_survival", SURVIVAL, parameters=PARAMETERS)
    joined(bench)
    with pytest.raises(ParameterError) as refused:
        make_plan(Project(bench.root), "joined")
    said = "\n".join(refused.value.faults)
    assert "no run of driver_analysis can be used" in said
    assert "no run of churn_survival can be used" in said
    for study in ("driver_analysis", "churn_survival"):
        done = bench.run("run", study)
        assert done.returncode == 0, done.stderr
    results, _ = chain_holds(bench)
    assert results["metrics"]["draws"] == 100
    (finding,) = results["findings"]
    assert finding["statement"].startswith("Where it applies, a point of service goes")
    assert [each["study"] for each in finding["rests_on"]] == ["driver_analysis"]
    assert finding["rests_on"][0]["warnings"][0]["title"] == "Ratings go together"
    checks = {check["name"]: check for check in results["checks"]}
    assert "One has 400 draws, the other 100" in checks["draws_joined"]["message"]
    assert "taken as independent" in checks["draws_joined"]["message"]
    assert checks["leak_truncated"]["status"] == "pass"


def posterior_opens(folder):
    """What was sampled is read by ArviZ, and the draws for other studies are some of it."""
    arviz = pytest.importorskip("arviz")
    whole = arviz.from_zarr(folder / "model" / "driver_posterior.zarr")["posterior"]["point_effects"]
    rows = pandas.read_parquet(folder / "tables" / "driver_effects.parquet")
    for (segment, driver), own in rows.groupby(["segment", "driver"]):
        drawn = whole.sel(segment=segment, driver=driver).to_numpy().ravel()
        assert set(own["effect"]) <= set(drawn)
    assert float(arviz.rhat(whole).max()) < 1.1


@pytest.mark.slow
def test_the_same_with_the_studies_themselves_and_all_of_it_repeated(tmp_path):
    bench = project(tmp_path / "project", 300)
    for study in ("driver_analysis", "churn_survival"):
        shutil.copy(ROOT / "notebooks" / f"{study}.ipynb", bench.root / "notebooks")
    joined(bench)
    for study in ("driver_analysis", "churn_survival"):
        done = bench.run("run", study, "--dataset", "demo", seconds=600)
        assert done.returncode == 0, done.stderr
    results, manifest = chain_holds(bench)
    posterior_opens(bench.folder(next(each for each in bench.runs() if each["study"] == "driver_analysis")))
    done = bench.run("rerun", "--with-inputs", manifest["run_id"], seconds=1800)
    assert done.returncode == 0, done.stderr
    again = bench.runs()[:3]
    assert again[0]["study"] == "joined"
    assert {each["run_id"] for each in again[0]["inputs"]} == {each["run_id"] for each in again[1:]}
    assert results_of(bench, again[0])["metrics"] == results["metrics"]
    survival = next(each for each in again if each["study"] == "churn_survival")
    folder = bench.folder(survival)
    draws = pandas.read_parquet(folder / "tables" / "survival_draws.parquet")
    people = pandas.read_parquet(folder / "private" / "survival_customers.parquet")
    drawn = read_draws(draws, people)
    some = list(drawn.customers.index[:5])
    whole = drawn.conditional_survival([1, 12, 60], some) + sum(drawn.incidence([1, 12, 60], some).values())
    assert whole == pytest.approx(1, abs=1e-9)
