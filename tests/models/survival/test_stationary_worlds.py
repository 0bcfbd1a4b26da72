"""Forecasts beside what became of worlds whose rates stay as they are, or change once."""

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.worlds import MONTH, World, world

from workbench.errors import ParameterError
from workbench.models.survival.cox.screening import fit_identified
from workbench.models.survival.forecast.active_customers import Forecast, forecast
from workbench.models.survival.forecast.selection import Selection, select_model
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories

KINDS = ("smooth", "monthly", "yearly", "lapse", "coarse")


def predicted(made: World) -> tuple[Selection, Forecast]:
    """What the study says, without its report."""
    lifetimes = made.lifetimes
    model, _ = fit_identified(
        lifetimes.frame,
        lifetimes.covariates,
        chosen=False,
        time_unit=lifetimes.time_unit,
        labels=lifetimes.labels,
        lapse=lifetimes.lapsing,
    )
    landmark = {}
    if lifetimes.spells is not None:
        landmark = covariate_histories(
            lifetimes.spells, **{"transactions" if lifetimes.lapsing else "subscriptions": made.rows}
        )
    judged = select_model(model, lifetimes, [3.0, 6.0], random_seed=1, histories=landmark, folds=2, repeats=1)
    return judged, forecast(judged.model, lifetimes, season=judged.season)


def held(made: World, ahead: Forecast) -> dict[float, bool]:
    """By months ahead whether the interval of leavers holds what happened."""
    month = 3.0 if ahead.time_unit == "quarter" else 1.0
    left = made.to_come.reindex(ahead.customers["person"].astype(str))
    return {
        row.horizon * month: round(row.lower) <= (left <= row.horizon * month).sum() <= round(row.upper)
        for row in ahead.totals.itertuples()
    }


def says(judged: Selection, words: str) -> bool:
    return any(words in finding.statement for finding in judged.backtest.findings())


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_hold_what_happens_where_nothing_changes(kind):
    made = [(one, *predicted(one)) for one in (world(kind, seed, size=700) for seed in (1, 2))]
    covered = [inside for one, _, ahead in made for inside in held(one, ahead).values()]
    assert np.mean(covered) >= 0.5
    for one, judged, ahead in made:
        assert (ahead.totals["upper"] > ahead.totals["lower"]).all()
        if one.lifetimes.spells is not None:
            assert not says(judged, "something has changed")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_over_forty_worlds_of_each_kind_intervals_cover_as_they_say(kind):
    """90% intervals; of 40 worlds and some horizons 80% are 2 to 3 standard errors below that."""
    covered, changed = {}, 0
    for seed in range(40):
        one = world(kind, 1000 + seed)
        judged, ahead = predicted(one)
        for horizon, inside in held(one, ahead).items():
            covered.setdefault(horizon, []).append(inside)
        changed += one.lifetimes.spells is not None and says(judged, "something has changed")
    assert np.mean(np.concatenate(list(covered.values()))) >= 0.85
    assert {horizon: np.mean(each) for horizon, each in covered.items() if np.mean(each) < 0.75} == {}
    assert changed <= 2


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_change_it_is_said_and_forecasts_follow(seed):
    """Three times the rate in the last four months, and from then on."""
    one = world("smooth", seed, change=3.0, last=4.0)
    judged, ahead = predicted(one)
    assert says(judged, "something has changed")
    assert not says(judged, "no clear change")
    assert held(one, ahead)[3.0]
    (check,) = [check for check in judged.problems if check.name == "rate_since_change"]
    assert check.status == "warn"
    assert "assume that this goes on" in check.message


@pytest.mark.slow
def test_over_a_hundred_worlds_a_change_is_said_in_most_and_followed():
    said, followed = [], []
    for seed in range(100):
        one = world("smooth", 2000 + seed, size=700, change=3.0)
        judged, ahead = predicted(one)
        said.append(says(judged, "something has changed"))
        followed.append(held(one, ahead)[3.0])
        assert not (said[-1] and says(judged, "no clear change"))
    assert np.mean(said) >= 0.8
    assert np.mean(followed) >= 0.75


def test_a_season_is_no_change_and_the_next_quarter_is_that_of_its_season():
    one = world("smooth", 3, season=0.6)
    judged, ahead = predicted(one)
    assert judged.season.clear
    assert not says(judged, "something has changed")
    assert held(one, ahead)[3.0]
    # The records end in July; exp(0.6 sin) over the three months to come is 1.46 times that of a year.
    angle = np.linspace(0, np.pi / 2, 200)
    usual = np.exp(0.6 * np.sin(np.linspace(0, 2 * np.pi, 400))).mean()
    truth = np.exp(0.6 * np.sin(angle)).mean() / usual
    assert judged.season.factor(one.lifetimes.spells.as_of, 3.0)[0] == pytest.approx(truth, abs=0.25)
    assert any(check.name == "season" and "has a season" in check.message for check in judged.backtest.checks())


def test_with_less_than_two_years_before_a_season_cannot_be_told_from_a_change():
    one = world("smooth", 4, years=1.8, change=3.0)
    judged, _ = predicted(one)
    assert judged.backtest.beyond
    assert not says(judged, "something has changed")
    assert says(judged, "It may be a season")


@pytest.mark.slow
def test_over_sixty_seasonal_worlds_no_change_is_said():
    changed = sum(
        says(predicted(world("smooth", 3000 + seed, season=0.5))[0], "something has changed") for seed in range(60)
    )
    assert changed <= 2


def test_lapses_are_foretold_no_further_than_purchases_known_say():
    one = world("lapse", 1)
    judged, ahead = predicted(one)
    spells = one.lifetimes.spells
    assert spells.window == pytest.approx(one.lifetimes.lapse.days / MONTH)
    assert ahead.totals["horizon"].tolist() == [min(3.0, spells.window)]
    assert (spells.as_of - judged.day) / pd.Timedelta("1D") <= 3.05 * MONTH
    with pytest.raises(ParameterError, match=r"no further\s+ahead"):
        spells.cutoff((spells.as_of - pd.Timedelta(days=400)).date())


def test_few_expected_leavers_have_an_interval_of_counts():
    one = world("smooth", 5)
    judged, _ = predicted(one)
    quiet = forecast(judged.model, one.lifetimes, horizons=[0.01])
    row = quiet.totals.iloc[0]
    assert row["expected"] < 1
    assert row["upper"] >= 1
    assert row["lower"] == 0
