"""Before and after without a control: forecasts by level, trend and season, and the return to the mean."""

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.models.trials.interrupted import interrupted
from workbench.models.trials.regression_to_mean import expected_return, freed


def test_the_worst_hundred_of_a_thousand_rise_by_themselves_and_that_is_taken_off():
    rises, returns, effects, held = [], [], [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = rng.normal(size=1000)
        first, second = (np.sqrt(0.5) * true + np.sqrt(0.5) * rng.normal(size=1000) for _ in range(2))
        worst = np.argsort(first)[:100]
        found = freed(first[worst], second[worst], first, 0.5)
        rises.append(found.rise)
        returns.append(found.returned)
        effects.append(found.effect.estimate)
        held += found.effect.lower <= 0 <= found.effect.upper
    assert np.mean(rises) == pytest.approx(0.87, abs=0.05)
    assert np.mean(returns) == pytest.approx(0.87, abs=0.02)
    assert np.mean(effects) == pytest.approx(0, abs=0.05)
    assert held >= 15


def test_an_effect_is_left_and_a_sure_score_returns_nowhere():
    rng = np.random.default_rng(1)
    first = rng.normal(size=2000)
    worst = first < -1
    second = first + 0.3
    found = freed(first[worst], second[worst], first, 1.0)
    assert found.returned == 0
    assert found.effect.estimate == pytest.approx(0.3)
    assert expected_return(first[worst], first, 0.0) == pytest.approx(first.mean() - first[worst].mean())
    with pytest.raises(DataError, match="reliability from 0 to 1"):
        freed(first[worst], second[worst], first, 1.5)
    with pytest.raises(DataError, match="got 5"):
        freed(first[:5], second[:5], first, 0.5)


def series(seed, *, months=30, after=6, rho=0.5, trend=0.1, season=1.0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=months + after)
    for month in range(1, months + after):
        noise[month] = rho * noise[month - 1] + np.sqrt(1 - rho**2) * noise[month]
    place = np.arange(months + after)
    values = 10 + trend * place + season * np.sin(2 * np.pi * place / 12) + noise
    return values[:months], values[months:]


@pytest.mark.slow
@pytest.mark.parametrize(("months", "rho", "season"), [(30, 0.5, 1.0), (12, 0.0, 0.0), (12, 0.5, 0.0)])
def test_intervals_hold_their_level_where_months_move_together(months, rho, season):
    held = np.mean(
        [
            (each := interrupted(*series(seed, months=months, rho=rho, season=season), n=100)).lower <= 0 <= each.upper
            for seed in range(200)
        ]
    )
    assert held >= 0.85  # short series say little of their own correlation, so the interval errs on the wide side


def test_an_effect_is_what_the_months_before_do_not_lead_to_expect():
    before, after = series(3)
    found, moved = interrupted(before, after, n=50), interrupted(before, after + 2, n=50)
    assert moved.estimate == pytest.approx(found.estimate + 2)
    assert interrupted(before + 9, after + 9, n=50).estimate == pytest.approx(found.estimate)
    straight = interrupted(np.arange(10.0), np.arange(10.0, 13.0), n=50)
    assert straight.estimate == pytest.approx(0, abs=1e-9)
    with pytest.raises(DataError, match="takes 6 months before"):
        interrupted(before[:5], after, n=50)
