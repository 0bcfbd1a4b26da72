"""The last survival run beside the other forecasts: by hand, and left out where it has seen the label window."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.models.attrition.model.boosting import Settings
from workbench.models.attrition.model.choice import choose
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.model.fitting import fit_boosted
from workbench.models.attrition.model.survival_run import fit_for, read_survival_run

MONTH = 30.4375


def run_of(rates, cutoff, ids=None, horizons=(0.5, 1.0, 3.0)):
    """A run whose customers leave at constant rates a month."""
    ids = np.arange(len(rates)) if ids is None else ids
    rows = [(who, cutoff, at, np.exp(-rate * at)) for who, rate in zip(ids, rates, strict=True) for at in horizons]
    frame = pd.DataFrame(rows, columns=["customer_id", "cutoff", "horizon", "survival"])
    return SimpleNamespace(id="run", tables=["survival_at_cutoff"], table=lambda name: frame)


def test_the_risk_within_the_window_by_hand():
    frame = drawn(600, snapshots=1).drop(columns="risk")
    test = labelled_customers(frame, label="left", customer="customer_id", snapshot="cutoff")
    day = pd.Timestamp(test.snapshots[0])
    rates = np.linspace(0.01, 0.5, 599)  # the last customer came later
    when = SimpleNamespace(gap_days=10, horizon_days=30)
    earlier = str((day - pd.Timedelta("20D")).date())
    found = fit_for(read_survival_run(run_of(rates, earlier), when), test)
    p = found.probability(test, usual=0.123)
    assert p[:-1] == pytest.approx(1 - np.exp(-rates * 30 / MONTH))  # at constant rates neither gap nor delay matters
    assert p[-1] == 0.123


def test_a_run_that_has_seen_the_window_is_no_rival():
    frame = drawn(600, snapshots=1).drop(columns="risk")
    test = labelled_customers(frame, label="left", customer="customer_id", snapshot="cutoff")
    day = pd.Timestamp(test.snapshots[0])
    when = SimpleNamespace(gap_days=0, horizon_days=30)
    later = run_of(np.full(600, 0.1), str((day + pd.Timedelta("1D")).date()))
    assert "it learned until" in fit_for(read_survival_run(later, when), test).why_not
    short = run_of(np.full(600, 0.1), str(day.date()), horizons=(0.5,))
    assert "before the label window" in fit_for(read_survival_run(short, when), test).why_not
    assert "without dates" in read_survival_run(short, None).why_not
    assert "kept no forecast" in read_survival_run(SimpleNamespace(id="a", tables=[], table=None), when).why_not
    assert read_survival_run(None, when) is None


def test_it_stands_beside_the_others_and_is_never_used():
    frame = drawn(6000, snapshots=6)
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id", snapshot="cutoff")
    parts = slices(customers, random_seed=1)
    model = fit_boosted(customers, parts, random_seed=1, settings=Settings(rounds=80, eta=0.1), refits=2)
    test = parts["test"]
    rates = -np.log1p(-frame["risk"][test].to_numpy()) * MONTH / 30  # nobody can know more
    day = str(pd.Timestamp(customers.snapshots[test][0]).date())
    known = read_survival_run(run_of(rates, day, ids=customers.ids[test]), SimpleNamespace(gap_days=0, horizon_days=30))
    chosen, _ = choose(customers, parts, model, random_seed=1, survival=known)
    assert chosen.evaluation.score("survival", "log_loss") < chosen.evaluation.score("boosted", "log_loss")
    assert chosen.used != "survival"
    checks = {check.name: check for check in chosen.checks()}
    assert checks["survival_run"].status == "warn"
    assert "1,000 of 1,000" in checks["survival_run"].message
