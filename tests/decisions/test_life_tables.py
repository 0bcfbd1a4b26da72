"""Life tables of newcomers, and chances to stay: by hand, and against planted hazards."""

import numpy as np
import pytest

from workbench.decisions.value.contracts import renewals
from workbench.decisions.value.life_table import Followed, life_table, tenure_trend
from workbench.decisions.value.staying import ByTenure, Fading, carried_on, monthly, time_on_board


def company(hazard=0.03, customers=4000, seed=1, entry=False):
    random = np.random.default_rng(seed)
    life = np.asarray(random.exponential(1 / hazard, customers))
    begun = random.uniform(0, 40, customers) if entry else np.zeros(customers)
    there = life > begun
    until = np.minimum(life, begun + random.uniform(5, 40, customers))
    return Followed(
        person=np.arange(there.sum()), entry=begun[there], duration=until[there], event=(life <= until)[there]
    )


@pytest.mark.parametrize("entry", [False, True])
def test_survival_and_fees_of_a_newcomer_are_those_planted(entry):
    followed = company(entry=entry)
    months = int(np.ceil(followed.duration.max()))
    fee = 10 * followed.time(months)
    table = life_table(followed, {"fees": (fee, followed.time(months))}, draws=400, seed=1)
    there, end = table.lasting(60)
    low, high = np.quantile(end[:, 35], [0.005, 0.995])
    assert low < np.exp(-0.03 * 36) < high
    assert table.flow("fees", 60) == pytest.approx(10)
    exact = (1 - np.exp(-0.03 * 36)) / 0.03
    assert there[:, :36].sum(axis=1).mean() == pytest.approx(exact, rel=0.03)


def test_a_customer_with_two_spells_is_weighed_as_one():
    twice = Followed(
        person=np.array([0, 0, 1]), entry=np.zeros(3), duration=np.array([1.0, 1.0, 1.0]), event=np.array([1, 1, 0]) > 0
    )
    table = life_table(twice, {}, draws=4000, seed=1)
    # one left twice, one did not: 2w / (2w + v) over exponentials w and v, whose mean is 2(1 - ln 2)
    assert table.hazard[:, 0].mean() == pytest.approx(2 * (1 - np.log(2)), abs=0.02)


def test_rates_beyond_the_tenure_observed_are_those_of_its_last_third():
    followed = company()
    table = life_table(followed, {}, draws=50, seed=1)
    hazards = table.hazards(table.observed + 10)
    assert (hazards[:, table.observed :] == table.tail[:, None]).all()
    assert table.tail.mean() == pytest.approx(0.03, rel=0.2)


def test_a_trend_over_tenure_is_the_slope_of_log_rates():
    rates = 0.4 * np.exp(-0.06 * np.arange(48) / 12)
    found = tenure_trend(np.tile(rates, (3, 1)), np.full(48, 1e5), first=1)
    assert found == pytest.approx(-0.06, abs=1e-3)
    assert (tenure_trend(np.ones((2, 6)), np.ones(6), first=1) == 0).all()


def test_chances_go_on_at_the_rate_of_the_last_year_and_time_is_between_its_ends():
    chances = 0.97 ** np.arange(25)[None, None, :]
    assert monthly(chances) == pytest.approx(0.97)
    assert carried_on(chances, 60)[0, 0] == pytest.approx(0.97 ** np.arange(61))
    assert time_on_board(chances)[0, 0, 0] == pytest.approx((1 - 0.97) / -np.log(0.97))
    assert (time_on_board(np.ones((1, 1, 4))) == 1).all()


def test_chances_by_tenure_are_conditional_on_having_lasted_and_fade_into_each_other():
    table = life_table(company(), {}, draws=50, seed=1)
    tenure = np.array([0.0, 7.25])
    stay = ByTenure(tables=[table], group=np.zeros(2, dtype=int), tenure=tenure)
    found = stay.until(np.array([0, 1]), 24)
    assert found[:, :, 0] == pytest.approx(1)
    assert found[:, 0, 12] == pytest.approx(np.exp(-table.hazards(12).sum(axis=1)))
    assert found[:, 1, 24].mean() == pytest.approx(np.exp(-0.03 * 24), abs=0.03)

    class Sure:
        draws, reach, observed = 50, 3.0, 100.0
        tenure = np.zeros(2)

        def until(self, rows, months):
            return np.ones((50, len(rows), months + 1))

    mixed = Fading(near=Sure(), far=stay, months=3).until(np.array([0, 1]), 24)
    assert (mixed[:, :, :4] == 1).all()
    assert mixed[:, :, 24] == pytest.approx(found[:, :, 24] / found[:, :, 3])


def geometric(alpha, beta, customers=6000, months=36, seed=1):
    random = np.random.default_rng(seed)
    life = random.geometric(random.beta(alpha, beta, customers))
    until = random.integers(6, months + 1, customers)
    return Followed(
        person=np.arange(customers),
        entry=np.zeros(customers),
        duration=np.minimum(life, until).astype(float),
        event=life <= until,
    )


def test_where_customers_differ_the_beta_geometric_has_most_draws_and_tells_what_comes_beyond():
    followed = geometric(0.7, 4.0)
    table = life_table(followed, {}, draws=400, seed=1)
    found = renewals(followed, np.full(len(followed.person), ""), {"": table}, seed=1)
    assert found.weight > 0.5
    assert len(found.models) == 400
    row = found.cohorts.iloc[0]
    assert (row["alpha"], row["beta"]) == pytest.approx((0.7, 4.0), rel=0.15)
    periods = np.arange(1, 73)
    truth = np.prod((4.0 + periods - 1) / (4.7 + periods - 1))
    sbg = found.tables[""].lasting(72)[1][found.models == 0, -1]
    low, high = np.quantile(sbg, [0.005, 0.995])
    assert low < truth < high


def test_a_few_customers_take_the_table_of_all_and_without_leavers_there_is_no_beta_geometric():
    followed = geometric(0.7, 4.0, customers=30)
    nobody = Followed(
        person=followed.person, entry=followed.entry, duration=followed.duration, event=np.zeros(30, dtype=bool)
    )
    table = life_table(nobody, {}, draws=20, seed=1)
    found = renewals(nobody, np.full(30, ""), {"": table}, seed=1)
    assert found.weight == 0
    assert (found.models == 1).all()
    assert list(found.exhibits())
