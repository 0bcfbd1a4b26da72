"""Orders of customers whose leaving is seen: rates, season and trend that were planted come out."""

import numpy as np
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.models.purchases.while_active import Watched, posterior

MONTHS = 36
CALENDAR = np.arange(MONTHS) % 12 + 1


def planted(customers=3000, shape=1.5, scale=3.0, season=None, trend=0.0, seed=1):
    """Customers who join and leave at random, and their orders."""
    random = np.random.default_rng(seed)
    begin, stay = random.uniform(0, MONTHS - 2, customers), random.exponential(24, customers)
    month = np.arange(MONTHS)
    time = np.clip(np.minimum(begin + stay, MONTHS)[:, None] - month, 0, 1)
    time = np.clip(np.minimum(time, month + 1 - begin[:, None]), 0, 1)
    rate = random.gamma(shape, 1 / scale, customers)
    season = np.ones(12) if season is None else season
    years = (month - MONTHS + 0.5) / 12
    events = random.poisson(rate[:, None] * time * season[CALENDAR - 1] * np.exp(trend * years))
    return Watched(time=time, events=events, calendar=CALENDAR), rate


def test_planted_rates_season_and_trend_lie_in_their_intervals():
    season = np.array([0.9, 0.9, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 1.0, 1.4])
    watched, _ = planted(season=season, trend=-0.1)
    found = posterior(watched, draws=1000, seed=1)
    assert found.sample.sound
    for drawn, truth in ((found.shape, 1.5), (found.scale, 3.0), (found.trend, -0.1), (found.mean(), 0.5)):
        low, high = np.quantile(drawn, [0.005, 0.995])
        assert low < truth < high
    assert found.season.mean(axis=1) == pytest.approx(1)
    assert found.season.mean(axis=0) == pytest.approx(season / season.mean(), abs=0.06)


def test_each_customers_rate_is_drawn_from_the_gamma_that_conjugacy_gives():
    watched, rate = planted()
    found = posterior(watched, draws=2000, seed=2)
    drawn = found.customers(watched, np.random.default_rng(3))
    one = int(watched.events.sum(axis=1).argmax())
    time = watched.time[one] @ (found.season[:, CALENDAR - 1] * np.exp(found.trend[:, None] * watched.years)).T
    exact = stats.gamma(found.shape + watched.events[one].sum(), scale=1 / (found.scale + time))
    assert stats.kstest(exact.cdf(drawn[one]), "uniform").pvalue > 0.001
    low, high = np.quantile(drawn, [0.05, 0.95], axis=1)
    assert np.mean((low <= rate) & (rate <= high)) == pytest.approx(0.9, abs=0.02)


def test_time_after_leaving_does_not_count_and_spells_of_one_customer_add_up():
    watched, _ = planted(customers=200)
    twice = Watched(time=watched.time[:100] + 0, events=watched.events[:100], calendar=CALENDAR)
    found = posterior(watched, draws=400, seed=1)
    gone = Watched(time=np.zeros((1, MONTHS)), events=np.zeros((1, MONTHS)), calendar=CALENDAR)
    fresh = found.customers(gone, np.random.default_rng(1))
    assert fresh.mean() == pytest.approx(found.mean().mean(), rel=0.2)  # the prior: nobody was watched
    assert found.customers(twice, np.random.default_rng(1)).shape == (100, 400)


def test_of_less_than_two_years_the_season_is_flat():
    watched, _ = planted(customers=300)
    short = Watched(time=watched.time[:, -18:], events=watched.events[:, -18:], calendar=CALENDAR[-18:])
    assert (posterior(short, draws=100, seed=1).season == 1).all()


def test_without_events_it_says_so():
    nothing = Watched(time=np.ones((5, 3)), events=np.zeros((5, 3)), calendar=np.array([1, 2, 3]))
    with pytest.raises(DataError, match="got none in the time"):
        posterior(nothing, draws=100, seed=1)
