"""Free trials start another clock."""

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_spells import END

from workbench.models.survival.curves.aalen_johansen import competing_risks
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.trials import first_trials


def world(seed=1, size=2000):
    """A month of trial; 40% pay after it and stay for an exponential time of mean 20 months."""
    random = np.random.default_rng(seed)
    start = pd.Series(pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 1400, size), unit="D"))
    over = start + pd.DateOffset(months=1)
    trial = pd.DataFrame({"customer_id": range(size), "start": start, "end": over, "plan": "Probemonat", "price": 0.0})
    pays = (random.random(size) < 0.4) & (over < END)
    gone = over + pd.to_timedelta(random.exponential(20 * 30.4375, size), unit="D")
    paid = pd.DataFrame(
        {"customer_id": range(size), "start": over, "end": gone.dt.floor("D"), "plan": "Pro", "price": 20.0}
    )[pays]
    rows = pd.concat([trial, paid], ignore_index=True)
    return rows[rows["start"] < END].sample(frac=1, random_state=1), pays


def trial_check(lifetimes):
    return next(check for check in lifetimes.checks if check.name == "free_trials")


def test_trials_are_told_and_payers_and_time_to_pay_are_asked_for_apart():
    rows, pays = world()
    both = read_lifetimes("subscriptions", rows, as_of=END.date())
    assert trial_check(both).status == "warn"
    assert "trials=exclude" in trial_check(both).message
    assert trial_check(read_lifetimes("subscriptions", rows, as_of=END.date(), trials="include")).status == "pass"
    payers = read_lifetimes("subscriptions", rows, as_of=END.date(), trials="exclude")
    at = kaplan_meier(payers.frame).at([6, 12, 24])
    truth = np.exp(-np.array([6, 12, 24]) / 20)
    assert ((at["lower"] < truth) & (truth < at["upper"])).all()
    assert len(payers.frame) == pays.sum()
    alone = read_lifetimes("subscriptions", rows, as_of=END.date(), trials="only")
    shares = competing_risks(alone.frame).at([1]).set_index("reason")["incidence"]
    assert shares["began to pay"] == pytest.approx(0.4, abs=0.03)
    assert shares.sum() == pytest.approx(1)
    assert (kaplan_meier(both.frame).at([1])["survival"] < 0.45).all()


@pytest.mark.parametrize(
    "plan",
    ["Free Trial", "trial-30", "Probeabo", "Essai gratuit", "Prueba gratis", "试用版", "お試し", "Пробный период"],
)
def test_trials_are_known_in_several_languages_and_only_before_other_contracts(plan):
    rows = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 2],
            "start": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-06-01", "2024-01-01"]),
            "plan": [plan, "Pro", plan, "Industrial"],
        }
    )
    assert first_trials(rows).tolist() == [True, False, False, False]


def test_prices_that_are_nearly_all_nought_make_no_trials():
    rows = pd.DataFrame({"customer_id": range(20), "start": pd.Timestamp("2024-01-01"), "price": [0.0] * 19 + [5.0]})
    assert not first_trials(rows).any()
