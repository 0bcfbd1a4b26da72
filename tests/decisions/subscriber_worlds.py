"""Simulated companies whose value is known, read and valued as a study does it."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from workbench import datasets
from workbench.decisions import equity
from workbench.decisions.value import Money, Plan
from workbench.decisions.value.signed import contracts_of, read_survival, subscribers_of
from workbench.features import purchase_log
from workbench.models import survival
from workbench.models.survival.extrapolation.beyond import BeyondTheData
from workbench.models.survival.extrapolation.overall import extrapolate
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.population import ANNUAL_RATE
from workbench.simulate.world import add, read_truth

MONEY = Money(fee_margin=FEE_MARGIN, contact_minute=COST_PER_MINUTE)
YEARS = 3
ONE_INITIATIVE = (
    "- {initiative: new_app, touchpoint: app, expected_lift: 0.3, lift_sd: 0.1, fixed_cost: 20000, "
    "cost_per_customer: 5, reach: 1}"
)


def world_of(seed, *, run, settings=("trials=false",)):
    """Where the truth of a company lies in what is drawn of it: a newcomer, by plan, and the base.

    With `run` survival is that of churn_survival, by the functions that its notebook calls; else it goes by tenure.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "one.yaml").write_text(ONE_INITIATIVE)
        asked = ["customers=2000", "months=36", f"seed={seed}", f"initiatives={root / 'one.yaml'}", *settings]
        (root / "data").mkdir()
        add("firm", read_settings(asked), root)
        source = datasets.find("firm", root)
        tables = {name: source.load(name).frame for name in source.tables}
        known = read_truth("firm", root)["newcomers"]["lifetime_value"]
        truth = pd.read_parquet(root / "data" / ".truth" / "firm" / "active_value.parquet").set_index("customer_id")
    business = subscribers_of(
        contracts_of(source, subscriptions=tables["subscriptions"], lifetimes=None, customers=tables["customers"]),
        log=purchase_log(tables["transactions"]),
        interactions=tables["interactions"],
        survival=_survival(source, tables) if run else None,
        money=MONEY,
        segments=("plan",),
        draws=400,
        seed=seed,
    )
    found = {"newcomer": _placed(business, "", known["all"]["all"])}
    found |= {plan: _placed(business, plan, value) for plan, value in known["plan"].items()}
    horizons = [YEARS]
    assumptions = equity.Assumptions.of(MONEY, rate=ANNUAL_RATE, horizons=horizons, tier_shares=[0.5, 0.5], seed=seed)
    worth = equity.value_at(business, assumptions)
    place = list(worth.horizons).index(12 * YEARS, 1)
    total, mean = worth.totals(place), worth.second.customers.value[:, place]
    told = total * worth.doubts[place].multiplier
    true = truth.loc[business.customers, "value_36"].to_numpy()
    tenths = np.array_split(np.argsort(mean), 10)
    slope = np.polyfit([mean[each].mean() for each in tenths], [true[each].mean() for each in tenths], 1)[0]
    return found | {
        "base": _place(told, float(true.sum())) | {"mean": float(total.mean())},
        "drawn": _place(total, float(true.sum())),
        "slope": float(slope),
    }


def _survival(source, tables):
    lifetimes = survival.lifetimes_of_dataset(
        source, ("subscriptions", tables["subscriptions"]), customers=tables["customers"]
    )
    histories = lifetimes.histories(
        surveys=tables["surveys"], interactions=tables["interactions"], transactions=tables["transactions"]
    )
    leaks = survival.find_leaks(lifetimes)
    lifetimes = leaks.without(lifetimes)
    cox = survival.fit_screened(lifetimes, leaks, random_seed=1)
    curves = survival.group_curves(lifetimes, None, attributes=cox.covariates, random_seed=1)
    selection = survival.select_model(
        cox.model, lifetimes, curves.horizons, histories=histories, by_reason=cox.by_reason, random_seed=1
    )
    # Draws go on beyond the data as all customers do: how groups go on is told in the report alone.
    overall = extrapolate(lifetimes.frame, time_unit=lifetimes.time_unit, lapse=lifetimes.lapsing)
    beyond = BeyondTheData(overall=overall, groups=None, doubt=curves.doubt)
    forecast = survival.forecast_customers(selection, lifetimes, beyond, random_seed=1)
    kept = {each.name: each.frame for each in forecast.kept}
    return read_survival((kept["survival_draws"], kept["survival_customers"]))


def _placed(business, group, truth):
    plan = Plan(rate=ANNUAL_RATE, horizons=np.array([60.0]), months=60, cells=np.zeros(1, dtype=int), money=MONEY)
    return _place(business.newcomers(plan, group).value[:, 0], truth)


def _place(draws, truth):
    """The truth over the mean of draws, and the share of draws below it."""
    below = float((draws < truth).mean())
    return {"truth": truth, "mean": float(draws.mean()), "sd": float(draws.std()), "below": below}
