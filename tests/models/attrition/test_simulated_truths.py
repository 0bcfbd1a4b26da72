"""Forecasts beside the truth: risks of rows with all drivers known, and companies with who has resolved to leave."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.special import logit
from tests.kept_worlds import kept
from tests.models.attrition.simulated import SIGNS, company, drawn_with_drivers

from workbench.evaluation.binary.scores import logistic_line
from workbench.models.attrition import forecast_leavers
from workbench.models.attrition.model.customers import labelled_customers
from workbench.models.attrition.model.fitting import BUDGET, REFITS
from workbench.models.attrition.population.drawing import MOST_CUSTOMERS
from workbench.models.attrition.reasons.explainers import explainer_of
from workbench.models.attrition.reasons.reasons import MOST_REASONS, give_reasons
from workbench.statistics.ranking import auc

TENTHS = 10


def known_drivers(seed, size=20_000, fresh=100_000, budget=BUDGET, refits=REFITS):
    """Beside true risks of others: slope and distance by tenths of the forecast used, shares of the oracle's skill."""
    frame, new = drawn_with_drivers(size, seed=seed), drawn_with_drivers(fresh, seed=10_000 + seed)
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id")
    forecast = forecast_leavers(customers, random_seed=seed, budget=budget, refits=refits)
    features, risk, left = new[list(customers.features)], new["risk"].to_numpy(), new["left"].to_numpy(bool)

    def brier(p):
        return np.mean(risk * (1 - p) ** 2 + (1 - risk) * p**2)

    p, chance = forecast.used.probability(features), brier(np.full_like(risk, risk.mean()))
    tenths = np.array_split(np.argsort(p, kind="stable"), TENTHS)
    return {
        "used": forecast.choice.used,
        "skill": (chance - brier(p)) / (chance - brier(risk)),
        "slope": logistic_line(logit(p), left)[1],
        "ece": float(np.mean([abs(p[rows].mean() - risk[rows].mean()) for rows in tenths])),
        "oracle_auc": auc(risk, left),
    }


def test_rows_with_known_drivers_quickly():
    found = known_drivers(1, size=12_000, fresh=20_000, budget=1, refits=2)
    assert found["oracle_auc"] == pytest.approx(0.79, abs=0.015)
    assert 0.7 < found["slope"] < 1.4
    assert found["ece"] < 0.015
    assert found["skill"] > 0.4


@pytest.mark.slow
def test_risks_of_rows_with_known_drivers_can_be_taken_at_their_word():
    found = kept(known_drivers, range(20))
    mean = {name: np.mean([each[name] for each in found]) for name in ("slope", "ece", "skill", "oracle_auc")}
    assert mean["oracle_auc"] == pytest.approx(0.79, abs=0.01)
    assert 0.95 <= mean["slope"] <= 1.05
    assert mean["ece"] <= 0.005
    assert mean["skill"] >= 0.70


def forecast_of_a_company(seed, customers, most_customers=MOST_CUSTOMERS, **options):
    """The list of today beside the truth; who then leaves is drawn from the true risks."""
    with TemporaryDirectory() as root:
        settings = (f"customers={customers}", f"seed={seed}")
        found = company(Path(root), *settings, most_customers=most_customers)
    population = found.population
    forecast = forecast_leavers(population.customers, population.names, random_seed=seed, **options)
    p = forecast.used.probability(population.today)
    left = np.random.default_rng(seed).random(len(p)) < found.risk
    expected, low, high = forecast.score(population).leavers()
    resolved = found.intention != "none"
    return {
        "used": forecast.choice.used,
        "auc": auc(p, left),
        "oracle_auc": auc(found.risk, left),
        "slope": logistic_line(logit(p), left)[1],
        "true": found.risk.sum(),
        "left": int(left.sum()),
        "expected": expected,
        "low": low,
        "high": high,
        "resolved": int(resolved.sum()),
        "warned": warned(forecast, population, resolved),
    }


def warned(forecast, population, rows):
    """Of these customers, the share with a sign of an intention among their first three reasons."""
    names, today = population.names, population.today
    explainer = explainer_of(forecast.used, today, random_seed=1)
    if explainer is None:
        return 0.0
    signs = {names.theme(name) for name in today if any(sign in name for sign in SIGNS)}
    reasons = give_reasons(explainer, today[rows].reset_index(drop=True), today, names=names).customers
    themes = reasons[[f"reason_{place + 1}_theme" for place in range(MOST_REASONS)]]
    return float(themes.isin(signs).any(axis=1).mean())


def large_company(seed):
    return forecast_of_a_company(seed, 20_000)


def small_company(seed):
    return forecast_of_a_company(seed, 5_000)


def sampled_company(seed):
    """Two fifths are learned from, as 50,000 of 125,000 would be."""
    return forecast_of_a_company(seed, 20_000, most_customers=8_000)


def test_a_company_quickly():
    found = forecast_of_a_company(1, 2_500, budget=1, refits=2)
    sd = (found["high"] - found["expected"]) / 1.645
    assert abs(found["true"] - found["expected"]) < 3.5 * sd
    assert found["auc"] > 0.6
    assert found["resolved"] > 50
    assert found["warned"] > 0.5


@pytest.mark.slow
def test_the_list_of_a_company_is_calibrated_and_names_the_signs_of_leaving():
    found = kept(large_company, range(1, 11))
    assert 0.9 <= np.mean([each["slope"] for each in found]) <= 1.1
    assert np.mean([each["warned"] for each in found]) >= 0.70


@pytest.mark.slow
def test_the_list_is_as_good_where_those_learned_from_are_drawn_by_lot():
    found = kept(sampled_company, range(1, 6))
    assert 0.9 <= np.mean([each["slope"] for each in found]) <= 1.1
    assert np.mean([each["warned"] for each in found]) >= 0.70
    assert np.mean([each["low"] <= each["left"] <= each["high"] for each in found]) >= 0.6


@pytest.mark.slow
def test_how_many_of_the_list_leave_lies_within_the_interval_in_nine_of_ten_companies():
    found = kept(small_company, range(1, 101))
    inside = np.mean([each["low"] <= each["left"] <= each["high"] for each in found])
    assert 0.83 <= inside <= 0.97
