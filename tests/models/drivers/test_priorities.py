"""The order of work: waves and dates, how sure a trend is, and among whom a rating is below the target."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from tests.models.drivers.answer_sheets import draw_answers
from tests.models.drivers.quick_models import fitted

from workbench.models.drivers.effects.priorities import line, priority_table, trend_of
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.summary.findings import priorities
from workbench.models.drivers.summary.summarise import summarise


def ratings(changed, n=1200, **world):
    frame, columns, *_ = draw_answers(n, [0.5, 0.5, 0.2], np.random.default_rng(6), **world)
    return read_ratings(changed(frame), columns)


def falling(frame, *, days=720, **extra):
    """`da` falls by half of two points over the time."""
    share = np.linspace(0, 1, len(frame))
    fallen = np.random.default_rng(1).random(len(frame)) < share
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(days * share, "D")
    return frame.assign(timestamp=when, da=frame["da"].mask(fallen, (frame["da"] - 2).clip(lower=1)), **extra)


def test_a_driver_that_falls_over_time_is_named_with_how_sure_that_is():
    summary = summarise(fitted([0.5, 0.5, 0.2], changed=falling))
    table = summary.priority_table.set_index("driver")
    assert table.loc["da", "trend_upper"] < -5
    assert table.loc["da", "p_falling"] > 0.99
    assert abs(table.loc["db", "trend"]) < 5
    assert 0.02 < table.loc["db", "p_falling"] < 0.98
    assert "Ratings of “da” are falling (over 99% sure)." in [each.statement for each in priorities(summary)]


@pytest.mark.parametrize(
    "names",
    [
        [1, 2, 3, 4],
        [202311, 202312, 202401, 202402],
        ["2024-1", "2024-2", "2024-3", "2024-4"],
        ["W2", "W3", "W9", "W10"],
    ],
)
def test_waves_without_dates_have_a_trend_by_wave(names):
    def waves(frame):
        wave = np.array(names)[np.arange(len(frame)) * 4 // len(frame)]
        return falling(frame, wave=wave).drop(columns="timestamp")

    trend = trend_of(ratings(waves))
    assert trend.unit == "wave"
    dated = trend_of(ratings(falling))
    years = 720 / 365.25
    assert trend.slope[0] * 4 / years == pytest.approx(dated.slope[0], rel=0.15)


def test_waves_with_dates_have_a_trend_by_year():
    def waves(frame):
        return falling(frame, wave=np.arange(len(frame)) * 5 // len(frame))

    found = ratings(waves)
    trend, quarters = trend_of(found), trend_of(ratings(falling))
    assert trend.unit == "year"
    assert trend.slope[0] == pytest.approx(quarters.slope[0], rel=0.15)


@pytest.mark.parametrize("changed", [lambda frame: frame, lambda frame: frame.assign(wave=np.arange(len(frame)) % 2)])
def test_fewer_than_three_waves_have_no_trend(changed):
    trend = trend_of(ratings(changed))
    assert np.isnan(trend.slope).all()
    assert np.isnan(trend.p_falling).all()


def test_waves_that_differ_by_more_than_chance_make_a_trend_unsure():
    """Ups and downs of whole waves (season, field work) are no trend, however many answers each has."""

    def restless(frame):
        wave = np.arange(len(frame)) * 4 // len(frame)
        up = np.isin(wave, [1, 3])
        return frame.assign(wave=wave, da=frame["da"].mask(up, (frame["da"] - 1).clip(lower=1)))

    def calm(frame):
        return frame.assign(wave=np.arange(len(frame)) * 4 // len(frame))

    shaken = trend_of(ratings(restless))
    assert shaken.error[0] > 3 * trend_of(ratings(calm)).error[0]
    assert 0.05 < shaken.p_falling[0] < 0.95


@pytest.mark.parametrize("waves", [4, 8])
@pytest.mark.parametrize("shaken", [0.0, 3.0])
def test_where_nothing_falls_few_trends_are_called_sure(waves, shaken):
    """With waves that shift by themselves, three times as much as the chance of who answered, and without."""
    rng = np.random.default_rng(9)
    errors, called = np.ones(waves), []
    for _ in range(2000):
        slope, error, freedom = line(np.arange(waves), rng.normal(0, np.sqrt(1 + shaken**2), waves), errors)
        called.append(t.cdf(-slope / error, freedom) >= 0.95)
    assert np.mean(called) < 0.07


def test_who_did_not_use_a_touchpoint_is_not_counted_among_those_it_could_affect():
    found = ratings(lambda frame: frame, unused=0.6)
    aims = {"impact": np.ones(3), "certainty": np.ones(3), "confidence": 0.9}
    table = priority_table(found, target=75.0, **aims).set_index("driver")
    rated = found.values[np.isfinite(found.values[:, 0]), 0]
    assert table.loc["da", "affected"] == pytest.approx(np.mean(rated < 4))
    assert table["affected"].min() > 0.2


def test_the_order_is_the_gain_times_the_probability_that_it_is_one():
    found = ratings(lambda frame: frame)
    aims = {"impact": np.array([4.0, 2.0, -1.0]), "certainty": np.array([0.5, 0.9, 1.0])}
    table = priority_table(found, target=75.0, confidence=0.9, **aims).set_index("driver")
    assert table["score"].to_dict() == pytest.approx({"da": 100, "db": 100 * 2 * 0.9 / (4 * 0.5), "dc": 0})
