"""clv_roi on a simulated company with a driver analysis: what to fund, by the real command, and what it refuses."""

import json
import shutil

import pandas as pd
import pytest
from tests.benches import Bench
from tests.conftest import ROOT

from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add

# What a driver analysis leaves, without its models: the declaration holds it to it.
DRIVERS = """run = workbench.start_run()
import itertools, numpy, pandas
surveys = run.table("surveys")
names = ["onboarding", "website", "app", "billing", "delivery", "support", "repair", "store"]
rows = pandas.DataFrame(itertools.product(range(100), ["all"], names), columns=["draw", "segment", "driver"])
rows["effect"] = numpy.random.default_rng(1).normal(0.25, 0.05, len(rows))
run.keep(rows.assign(use=0.0, outcome="nps"), "driver_effects")
run.checks(workbench.Check(name="fine", status="pass", message="All is well."))"""
OPTIONS = ["-p", "survival_run=null", "-p", "draws=100", "-p", "margin=0.35", "-p", "fee_margin=0.45"]
FOR_EACH = ["roi", "npv", "p_loss", "payback_months", "p_payback", "evpi", "naive_roi"]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A project with a company, and the run of a driver analysis on it."""
    root = tmp_path_factory.mktemp("return") / "project"
    for name in ("notebooks", "data"):
        (root / name).mkdir(parents=True)
    add("firm", read_settings(["customers=800", "months=24", "seed=3", "truth=false"]), root)
    bench = Bench(root)
    bench.study(
        "driver_analysis", DRIVERS, parameters='dataset: str = "firm"  # the data\nseed: int = 1  # fixes draws'
    )
    assert bench.run("run", "driver_analysis").returncode == 0
    shutil.copy(ROOT / "notebooks" / "clv_roi.ipynb", root / "notebooks")
    return bench


@pytest.fixture
def other(company):
    """Change a table or its definition, and put it back."""
    folder = company.root / "data" / "firm"
    kept = {path: path.read_bytes() for path in [folder / "dataset.yaml", folder / "initiatives.parquet"]}
    yield folder
    for path, content in kept.items():
        path.write_bytes(content)


def test_the_report_says_what_to_fund_what_it_returns_how_sure_and_what_it_hangs_on(company):
    ended = company.run("run", "clv_roi", "--dataset", "firm", *OPTIONS)
    assert ended.returncode == 0, ended.stderr
    (path,) = company.reports.glob("clv_roi/2*/results.json")
    said = json.loads(path.read_text())
    ids = [each["id"] for each in said["findings"]]
    assert ids[0] == "what_to_fund"
    assert {"what_it_hangs_on", "pilot_worth", "base_value"} <= set(ids)
    assert [each["id"] for each in said["findings"] if each["action"]] == ["what_to_fund"]
    run = path.parent
    names = pd.read_parquet(company.root / "data" / "firm" / "initiatives.parquet")["initiative"]
    for name in names:
        for key in FOR_EACH:
            assert f"{key}_{name}" in said["metrics"]
        low, mean, high = (said["metrics"][f"npv_{name}{end}"] for end in ("_lower", "", "_upper"))
        assert low < mean < high
    checks = {each["name"]: each["status"] for each in said["checks"]}
    assert checks["returns_are_contribution"] == "pass"
    assert checks["returns_horizon"] == "warn"  # three years, and 24 months of records
    assert "fail" not in checks.values()
    draws = pd.read_parquet(run / "tables" / "return_draws.parquet")
    table = pd.read_parquet(run / "tables" / "returns.parquet").set_index("initiative")
    assert len(draws) == 100 * len(names)
    assert draws.groupby("initiative")["npv"].mean()[names].to_numpy() == pytest.approx(table["npv"][names].to_numpy())
    for each in ("waterfall", "must_be_true", "doubt_by_link", "return_sensitivity", "pilot_worth", "who_benefits"):
        assert (run / "tables" / f"{each}.parquet").exists(), each
    groups = pd.read_parquet(run / "tables" / "who_benefits.parquet")
    assert "others" in set(groups["group"])  # plans by tier, some of them few
    assert (groups["value"] > 0).all()  # they gain as all do: not nothing
    assert groups.groupby("initiative")["share"].sum().to_numpy() == pytest.approx(1)


def test_initiatives_that_make_no_sense_are_refused_all_at_once(company, other):
    path = other / "initiatives.parquet"
    table = pd.read_parquet(path)
    table["reach"], table["expected_lift"] = 1.2, 9.0
    table.to_parquet(path)
    ended = company.run("run", "clv_roi", "--dataset", "firm", *OPTIONS)
    assert ended.returncode == 2, ended.stderr
    assert "column reach: 6 rows with a share below 0 or above 1 (got 1.2); expected 0 to 1" in ended.stderr  # the door
    assert "Traceback" not in ended.stderr
    table.assign(reach=0.5).to_parquet(path)
    ended = company.run("run", "clv_roi", "--dataset", "firm", *OPTIONS)
    assert ended.returncode == 2, ended.stderr
    assert "got a lift of 9" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_costs_in_another_currency_are_refused(company, other):
    definition = other / "dataset.yaml"
    before, initiatives = definition.read_text().split("  initiatives:\n")
    definition.write_text(before + "  initiatives:\n" + initiatives.replace("currency: EUR", "currency: USD"))
    ended = company.run("run", "clv_roi", "--dataset", "firm", *OPTIONS)
    assert ended.returncode == 2, ended.stderr
    assert "currency: got amounts in EUR and USD" in ended.stderr


def test_a_driver_run_that_is_not_there_is_refused_before_anything_runs(company):
    ended = company.run(
        "run", "clv_roi", "--dataset", "firm", *OPTIONS, "-p", "driver_run=20200101-000000-abcdef", "--check"
    )
    assert ended.returncode == 2
    assert "driver_run" in ended.stderr
