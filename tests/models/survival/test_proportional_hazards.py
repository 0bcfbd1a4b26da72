"""Where hazard ratios change over time a stated remedy is applied, with the test before and after it."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.proportional_hazards import _Second, relax_proportionality
from workbench.statistics.risk_sets import apart


def world(size=3000, *, seed=1, turns=(10.0,), late=False):
    """`region` b leaves at 3 times the rate of a, and after each turn the other way round; `plan` twice, always."""
    random = np.random.default_rng(seed)
    region, plan = random.random(size) < 0.5, random.random(size) < 0.5
    bounds = np.array([0.0, *turns])
    signs = np.where(np.arange(len(bounds)) % 2, -1.0, 1.0)
    rates = 0.05 * np.exp(np.log(3) / 2 * np.where(region, 1, -1)[:, None] * signs + np.log(2) * plan[:, None])
    widths = np.append(np.diff(bounds), np.inf)
    steps = np.where(np.isfinite(widths), widths, 0.0) * rates
    target, before = random.exponential(size=size), np.cumsum(steps, axis=1) - steps
    episode = (target[:, None] >= before).sum(axis=1) - 1
    rows = np.arange(size)
    life = bounds[episode] + (target - before[rows, episode]) / rates[rows, episode]
    entry = np.where(random.random(size) < 0.3, random.uniform(0, 8, size), 0.0) if late else np.zeros(size)
    cut = entry + random.uniform(10, 60, size)
    frame = pd.DataFrame(
        {
            "customer_id": rows,
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "entry": entry,
            "region": np.where(region, "b", "a"),
            "plan": np.where(plan, "y", "x"),
        }
    )
    return frame[life > entry].reset_index(drop=True)


@pytest.mark.parametrize("late", [False, True])
def test_a_stratified_fit_is_that_of_the_fitter(late):
    lifetimes = world(800, late=late).round({"duration": 1, "entry": 1})
    lifetimes = lifetimes[lifetimes["duration"] > lifetimes["entry"]]
    lifetimes = lifetimes.assign(
        y=(lifetimes["plan"] == "y").astype(float), use=np.random.default_rng(2).normal(size=len(lifetimes))
    )
    fitted = CoxPHFitter().fit(
        lifetimes[["duration", "event", "y", "use", "region", "entry"]],
        "duration",
        "event",
        strata="region",
        entry_col="entry" if late else None,
        formula="y + use",
    )
    model = fit_cox(lifetimes, ["y", "use", "region"])
    second = _Second.fit(model, lifetimes, [], ["region"], [])
    kept = second.estimate[np.isfinite(second.estimate)]
    assert kept.tolist() == pytest.approx(fitted.params_[["y", "use"]].tolist(), abs=1e-5)


def test_strata_lie_apart_and_those_there_from_the_start_are_at_risk_at_time_0():
    durations, entry = apart(np.array([0.0, 5.0, 0.0]), np.zeros(3), np.array([0, 1, 1]))
    assert entry[1] < durations[2] < durations[1]
    assert durations[0] < entry[1]


def test_a_category_that_nobody_asks_about_is_stratified_where_two_ratios_are_not_enough():
    lifetimes = world(6000, turns=(4.0, 10.0, 18.0))
    model = fit_cox(lifetimes, ["region", "plan"])
    made = relax_proportionality(model, lifetimes, random_seed=1)
    table = made.table.set_index("covariate")
    assert table.loc["region", "modelled_as"].startswith("strata")
    assert table.loc["region", "before"] < 0.05
    assert np.isnan(table.loc["region", "after"])
    assert table.loc["plan", "after"] > 0.05
    checks = {check.name: check for check in made.checks()}
    assert checks["non_proportional_hazards"].status == "pass"
    assert made.moved.iloc[0]["label"] == "plan"
    assert made.moved["time_varying"].iloc[0] == pytest.approx(
        0.5 if made.moved["value"].iloc[0] == "x" else 2, rel=0.15
    )


def test_a_segment_is_never_stratified_for_something_is_to_be_said_of_it():
    lifetimes = world(6000, turns=(3.0,))
    made = relax_proportionality(
        fit_cox(lifetimes, ["region", "plan"]), lifetimes, random_seed=1, of_interest=["region"]
    )
    row = made.table.set_index("covariate").loc["region"]
    assert row["modelled_as"].startswith("four ratios, between")
    assert row["after"] > row["before"]


def test_one_turn_is_mended_by_two_ratios():
    lifetimes = world(2000)
    made = relax_proportionality(
        fit_cox(lifetimes, ["region", "plan"]), lifetimes, random_seed=1, of_interest=["region"]
    )
    row = made.table.set_index("covariate").loc["region"]
    assert row["before"] < 1e-6
    assert "ratios" in row["modelled_as"]
    assert row["after"] > 0.001 or row["modelled_as"].startswith("four")


def test_where_nothing_changes_nothing_is_done():
    lifetimes = world(1500, turns=())
    made = relax_proportionality(fit_cox(lifetimes, ["region", "plan"]), lifetimes, random_seed=1)
    assert set(made.table["modelled_as"]) == {"none needed"}
    assert (made.table["after"] == made.table["before"]).all()
    assert made.checks() == ()


def test_of_many_customers_a_sample_is_enough(monkeypatch):
    monkeypatch.setattr("workbench.models.survival.cox.proportional_hazards.MOST_TESTED_AGAIN", 2000)
    lifetimes = world(6000)
    made = relax_proportionality(fit_cox(lifetimes, ["region", "plan"]), lifetimes, random_seed=1)
    assert (made.customers, made.sampled) == (2000, True)
    assert "On 2,000 customers drawn at random." in made.caption()


def test_too_few_leavers_bear_no_remedy_and_it_is_said():
    lifetimes = world(2000)
    few = lifetimes[lifetimes["event"] | (lifetimes["region"] == "a")]
    few = few.assign(event=few["event"] & ((few["duration"] > 20) | (few["region"] == "a")))
    made = relax_proportionality(fit_cox(few, ["region"]), few, random_seed=1, of_interest=["region"])
    assert made is not None
    assert made.table["modelled_as"].notna().all()
