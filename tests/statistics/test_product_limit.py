import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.statistics.product_limit import at_risk_at, product_limit, quantile, restricted_mean, survival_at

# R: survival::aml, maintained group (Miller 1997, p. 49)
MAINTAINED = np.array([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161.0])
SEEN = np.array([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0], dtype=bool)

observations = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60)


def test_survival_agrees_with_r_on_the_leukemia_data():
    # R: summary(survfit(Surv(time, status) ~ 1, aml, subset = x == "Maintained"))$surv
    table = product_limit(MAINTAINED, SEEN)
    expected = [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184]
    assert survival_at(table, np.array([9, 13, 18, 23, 31, 34, 48])) == pytest.approx(expected, abs=5e-4)
    assert quantile(table) == 31


def test_log_log_interval_is_greenwoods_on_that_scale():
    table = product_limit([1, 2, 3, 4], [True, True, False, False], confidence=0.9).set_index("time")
    error = np.sqrt(1 / (4 * 3) + 1 / (3 * 2)) / abs(np.log(0.5))
    ends = [0.5 ** np.exp(sign * 1.6448536269514722 * error) for sign in (1, -1)]
    assert table.loc[2, ["lower", "upper"]].tolist() == pytest.approx(ends, abs=1e-12)


def test_where_nobody_left_yet_the_lower_end_is_exact():
    table = product_limit([1] * 5 + [2] * 20, [False] * 25, confidence=0.9).set_index("time")
    # All 20 stay with probability p**20: at 10% where p = .1**(1/20)
    assert table.loc[2, ["survival", "lower", "upper"]].tolist() == [1, pytest.approx(0.1 ** (1 / 20)), 1]
    assert table.loc[1, "lower"] == pytest.approx(0.1 ** (1 / 25))


def test_interval_where_nobody_is_left_is_not_a_point():
    table = product_limit([1, 2, 3], [True] * 3)
    last = table.iloc[-1]
    assert last["survival"] == 0
    assert last["lower"] == 0
    assert last["upper"] == table["upper"].iloc[-2] > 0


def test_everyone_leaving_at_the_start_gives_numbers():
    table = product_limit([0, 0], [True, True])
    assert table[["survival", "lower", "upper"]].to_numpy().tolist() == [[0, 0, 1]]
    assert restricted_mean(table, 5) == (0, 0)


def test_nobody_leaving_gives_certainty_until_the_horizon():
    table = product_limit([3.0, 4.0, 5.0], [False] * 3)
    assert (table["survival"] == 1).all()
    assert restricted_mean(table, 4) == (4, 0)
    assert quantile(table) is None


def test_half_is_reached_although_products_of_fractions_miss_it():
    table = product_limit(np.arange(1, 7), [True, True, True, False, False, False])
    assert quantile(table) == 3


def test_at_risk_counts_those_followed_until_just_before():
    table = product_limit([1, 2, 2, 4], [True, True, False, True])
    assert at_risk_at(table, np.array([0, 1, 1.5, 2, 4, 5])).tolist() == [4, 4, 3, 3, 1, 0]


def test_restricted_mean_by_hand():
    # S = 1 on [0, 1), 3/4 on [1, 2), 1/2 on [2, 3]; areas right of 1 and 2: 5/4, 1/2
    table = product_limit([1, 2, 3, 3], [True, True, False, False])
    mean, error = restricted_mean(table, 3)
    assert mean == pytest.approx(2.25)
    assert error**2 == pytest.approx((5 / 4) ** 2 / (4 * 3) + (1 / 2) ** 2 / (3 * 2))


def test_standard_error_of_the_restricted_mean_is_that_of_the_estimate():
    """lifelines' `return_variance` is the spread of a single lifetime, many times as large."""
    random = np.random.default_rng(5)
    estimates = []
    for _ in range(200):
        life, followed = random.exponential(10, 150), random.uniform(5, 40, 150)
        table = product_limit(np.minimum(life, followed), life <= followed)
        estimates.append(restricted_mean(table, 15))
    means, errors = np.array(estimates).T
    truth = 10 * (1 - np.exp(-1.5))
    assert errors.mean() == pytest.approx(means.std(), rel=0.1)
    assert 0.85 <= np.mean(np.abs(means - truth) <= 1.645 * errors) <= 0.95


def test_band_of_survival_covers_the_truth_at_its_level():
    random = np.random.default_rng(6)
    covered = []
    for _ in range(200):
        life, followed = random.exponential(10, 100), random.uniform(5, 40, 100)
        table = product_limit(np.minimum(life, followed), life <= followed, confidence=0.9)
        lower, upper = (survival_at(table, np.array([8.0]), end)[0] for end in ("lower", "upper"))
        covered.append(lower <= np.exp(-0.8) <= upper)
    assert 0.85 <= np.mean(covered) <= 0.95


@settings(max_examples=60, deadline=None)
@given(observations)
def test_survival_falls_within_its_band_from_1_towards_0(rows):
    durations, events = map(np.array, zip(*rows, strict=True))
    table = product_limit(durations, events)
    assert (np.diff(table["survival"]) <= 1e-12).all()
    assert table[["survival", "lower", "upper"]].stack().between(0, 1).all()
    assert (table["lower"] <= table["survival"] + 1e-9).all()
    assert (table["survival"] <= table["upper"] + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(observations, st.floats(0.1, 50))
def test_another_unit_of_time_changes_only_the_unit(rows, factor):
    durations, events = map(np.array, zip(*rows, strict=True))
    months, other = product_limit(durations, events), product_limit(durations * factor, events)
    assert other["survival"].to_numpy() == pytest.approx(months["survival"].to_numpy())
    mean, error = restricted_mean(months, 20)
    assert restricted_mean(other, 20 * factor) == pytest.approx((mean * factor, error * factor))
