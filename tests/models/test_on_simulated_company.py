"""Studies' models on a company whose truth is known, which they share no code with (slow)."""

import pandas as pd
import pytest

from workbench import datasets
from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.drivers.model.outcome_level import outcome_level
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.summary.summarise import summarise
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add, read_truth

NOTHING = (
    "- {initiative: none, touchpoint: app, expected_lift: 0, lift_sd: 0, fixed_cost: 0, cost_per_customer: 0, reach: 0}"
)


def company(bench, *texts):
    (bench.root / "none.yaml").write_text(NOTHING)
    add("firm", read_settings([*texts, f"initiatives={bench.root / 'none.yaml'}"]), bench.root)
    return datasets.find("firm", bench.root), read_truth("firm", bench.root)


@pytest.mark.slow
def test_drivers_of_a_plain_company_are_found_with_what_raising_them_goes_with(bench):
    """No halo and no confounding: importance and what-if are those of the truth, and the empty touchpoint is found."""
    source, truth = company(bench, "preset=plain", "customers=4000", "months=20", "seed=3")
    table = source.tables["surveys"]
    ratings = read_ratings(source.load("surveys").frame, table.columns, outcome="nps", segment="plan")
    model = fit_drivers(ratings, shape="asymmetric", imputations=2, draws=900, tune=500, random_seed=1)
    assert all(check.status != "fail" for check in model.checks())
    summary = summarise(model)
    known = truth["active_customers"]
    shares = summary.importance_table.set_index("driver")
    true = pd.Series(known["drivers"]["of reported ratings, respondents"])[shares.index]
    assert shares["share"].corr(true, method="spearman") > 0.9
    assert (shares["share"] - true).abs().max() < 0.05
    gains = summary.what_if_table.set_index("driver")
    tenth = "reported ratings a tenth of the scale, respondents"
    gain = pd.Series({name: each[tenth] for name, each in known["what_if"].items()})[gains.index]
    assert (gains["nps"] - gain).abs().max() < 0.48  # points of NPS; the largest is about 4
    assert gains["nps_lower"]["website"] < 0 < gains["nps_upper"]["website"]  # without effect in this world
    level = outcome_level(ratings, confidence=0.9, response_ratio=1.5, random_seed=1).metrics()
    assert level["nps_lower"] - 1 < known["nps"]["all"]["all"]["respondents"] < level["nps_upper"] + 1


@pytest.mark.slow
def test_survival_and_reasons_of_a_company_with_late_entry_are_those_of_the_truth(bench):
    source, _ = company(bench, "customers=6000", "months=30", "seed=4", "trials=false")
    truth = pd.read_parquet(bench.root / "data" / ".truth" / "firm" / "newcomers.parquet")
    everybody = truth[truth["segment"] == "all"].set_index("month")
    lifetimes = source.load("lifetimes").frame
    table = source.tables["lifetimes"]
    curve = kaplan_meier(lifetimes, confidence=0.998, time_unit=table.time_unit, labels=table.labels)
    seen = curve.at([6.0, 12.0, 24.0, 48.0]).set_index("horizon")
    for month in seen.index:
        assert seen["lower"][month] <= everybody["survival"][int(month)] <= seen["upper"][month], month
    naive = kaplan_meier(lifetimes.drop(columns="entry"), confidence=0.998, time_unit="months", labels=table.labels)
    assert naive.at([48.0])["lower"].iloc[0] > everybody["survival"][48]  # who left before the records is missing
