"""Looking early: a fixed interval cries wolf the more often one looks, the sequence does not."""

import numpy as np
import pytest
from scipy import stats

from workbench.models.trials.estimates.estimate import from_error
from workbench.models.trials.looking import any_time, widening
from workbench.models.trials.looking.sequence import best_variance


def walks(worlds, looks, *, seed=1):
    """z at each of equally spaced looks, without effect, (worlds, looks)."""
    steps = np.random.default_rng(seed).normal(size=(worlds, looks))
    return steps.cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))


# Armitage, McPherson and Rowe (1969), table 2: false alarms of a 5% test at 5, 10 and 20 looks.
@pytest.mark.parametrize(("looks", "fixed"), [(5, 0.14), (10, 0.19), (20, 0.25), (100, None)])
def test_any_number_of_looks(looks, fixed):
    z = walks(20_000, looks)
    cries = (np.abs(z) > stats.norm.isf(0.025)).any(axis=1).mean()
    if fixed:
        assert cries == pytest.approx(fixed, abs=0.01)
    reach = []
    for look in range(1, looks + 1):
        error = np.sqrt(looks / look)  # 1 at the planned size
        found = any_time(from_error(0.0, error, confidence=0.95, kind="robust", n=9, units=9), planned=1.0)
        reach.append(found.upper / error)
    assert (np.abs(z) > np.array(reach)).any(axis=1).mean() <= 0.05


def test_means_of_skewed_money_with_estimated_errors():
    """200 customers a look of lognormal spend, both arms alike, 20 looks."""
    rng, cries = np.random.default_rng(2), 0
    for _ in range(400):
        spend = rng.lognormal(0, 1, (2, 4000))
        many = np.arange(100, 2001, 100)
        sums, squares = spend.cumsum(axis=1)[:, many - 1], (spend**2).cumsum(axis=1)[:, many - 1]
        mean = sums / many
        error = np.sqrt(((squares / many - mean**2) / many).sum(axis=0))
        cries += any(
            abs(gap)
            > any_time(from_error(0.0, se, confidence=0.95, kind="robust", n=9, units=9), planned=error[-1]).upper
            for gap, se in zip(mean[0] - mean[1], error, strict=True)
        )
    assert cries / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_it_is_at_most_1_6_times_as_wide_at_the_planned_size():
    assert widening(0.95) < 1.55
    assert widening(0.95) <= min(widening(0.95, share) for share in (0.5, 0.8, 1.25, 2.0))


def test_the_p_value_is_where_nothing_leaves_the_interval():
    found = any_time(from_error(3.0, 1.0, confidence=0.9, kind="robust", n=9, units=9), planned=0.8)
    spread = 0.64 * best_variance(0.1)  # the one that is best for a level of 90%
    assert np.sqrt((1 + 1 / spread) * (np.log1p(spread) - 2 * np.log(found.p_value))) == pytest.approx(3.0)
    assert (found.p_value < 0.1) == (found.lower > 0)


def test_few_degrees_of_freedom_widen_it():
    few, many = (
        any_time(from_error(0.0, 1.0, confidence=0.9, kind="units", df=df, n=9, units=9)) for df in (8, np.inf)
    )
    assert few.upper / many.upper == pytest.approx(stats.t.ppf(0.95, 8) / stats.norm.ppf(0.95))


@pytest.mark.parametrize("growth", [20, 1000])
def test_it_holds_where_no_size_was_planned(growth):
    """From 100 customers to 2,000 and to 100,000, 100 looks: tuned anew at each it cried in 14% of the second."""
    size = np.unique(np.round(100 * np.geomspace(1, growth, 100)))
    rng = np.random.default_rng(6)
    total = (rng.normal(size=(4000, len(size))) * np.sqrt(np.diff(np.append(0, size)))).cumsum(axis=1)
    reach = [
        any_time(from_error(0.0, n**-0.5, confidence=0.9, kind="robust", n=int(n), units=int(n))).upper for n in size
    ]
    assert (np.abs(total / size) > np.array(reach)).any(axis=1).mean() <= 0.1


def test_it_is_not_tuned_by_the_data():
    early, late = (
        any_time(from_error(0.0, n**-0.5, confidence=0.9, kind="robust", n=n, units=n)) for n in (2000, 200_000)
    )
    assert early.upper == pytest.approx(widening(0.9) * 1.645 * 2000**-0.5, rel=1e-3)
    assert late.upper == pytest.approx(widening(0.9, 100) * 1.645 * 200_000**-0.5, rel=1e-3)
    shops = any_time(from_error(0.0, 0.1, confidence=0.9, kind="units", n=9000, units=40))
    assert shops.upper == pytest.approx(early.upper * 0.1 * 2000**0.5)
