"""An A/A test: 1,000 random halves of a grocer's households, to whom nothing was done between weeks 40 and 41."""

import numpy as np
import pytest

from workbench import datasets
from workbench.models.trials.differences import contrast
from workbench.models.trials.estimates import Sample
from workbench.models.trials.looking import any_time
from workbench.models.trials.lot import adjusted, capped, cuped, difference, ratio
from workbench.models.trials.units import of_units

SPLITS = 1000
FIRST_DAY = 17167
"""Of the year, 2017-01-01, in days since 1970: weeks count from there, from 0."""
HOUSEHOLDS_A_UNIT = 20


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Spend of weeks 33–40 and of 41–48, orders of the latter, and 1,000 draws of who is treated."""
    journey = datasets.find("completejourney", tmp_path_factory.mktemp("aa"))  # its connection lives as long as it does
    table = journey.expr("transactions")
    week = (table.timestamp.cast("date").epoch_seconds() // 86400 - FIRST_DAY) // 7
    before, after = (week >= 33) & (week <= 40), (week >= 41) & (week <= 48)
    sums = {
        "before": table.amount.sum(where=before),
        "after": table.amount.sum(where=after),
        "lines": table.amount.count(where=after),
    }
    frame = table.group_by("customer_id").aggregate(**sums).order_by("customer_id").execute().fillna(0)
    rng = np.random.default_rng(20261130)
    treated = rng.permuted(np.tile(np.arange(len(frame)) % 2 == 0, (SPLITS, 1)), axis=1)
    return frame["before"].to_numpy(float), frame["after"].to_numpy(float), frame["lines"].to_numpy(float), treated


def test_the_time_before_explains_three_quarters(halves):
    before, after, _, _ = halves
    assert np.corrcoef(before, after)[0, 1] ** 2 == pytest.approx(0.746, abs=0.0005)


def test_cuped_cuts_the_variance_to_a_quarter(halves):
    before, after, _, treated = halves
    shares = []
    for each in treated:
        sample = Sample(values=after, treated=each, before=before[:, None])
        shares.append((cuped(sample).se / difference(sample).se) ** 2)
    assert np.mean(shares) == pytest.approx(0.254, abs=0.01)


def _of_units(before, after, lines, treated):
    """Whole units of twenty households each, half of which are treated."""
    unit = np.arange(len(after)) // HOUSEHOLDS_A_UNIT
    return of_units(Sample(values=after, treated=treated[: unit.max() + 1][unit], unit=unit))


ESTIMATORS = {
    "difference": lambda before, after, lines, treated: difference(Sample(values=after, treated=treated)),
    "adjusted": lambda before, after, lines, treated: adjusted(
        Sample(values=after, treated=treated, before=before[:, None])
    ),
    "cuped": lambda before, after, lines, treated: cuped(Sample(values=after, treated=treated, before=before[:, None])),
    "stratified": lambda before, after, lines, treated: difference(
        Sample(values=after, treated=treated, stratum=(before > 100).astype(int) + (before > 400))
    ),
    "capped": lambda before, after, lines, treated: difference(Sample(values=capped(after)[0], treated=treated)),
    "share": lambda before, after, lines, treated: difference(
        Sample(values=(after > 400).astype(float), treated=treated)
    ),
    "ratio": lambda before, after, lines, treated: ratio(Sample(values=after, treated=treated), after, lines),
    "units": _of_units,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_in_twenty_is_significant_at_five_percent(halves, name):
    before, after, lines, treated = halves
    found = [ESTIMATORS[name](before, after, lines, each).p_value for each in treated]
    assert 0.035 <= np.mean(np.array(found) < 0.05) <= 0.065


def test_so_it_is_by_differences_in_differences(halves):
    before, after, _, treated = halves
    found = [contrast(after - before, each, None) for each in treated]
    significant = np.mean([abs(each.estimate) > 1.96 * each.error for each in found])
    assert 0.035 <= significant <= 0.065


def test_fewer_are_by_an_interval_that_holds_at_any_number_of_looks(halves):
    _, after, _, treated = halves
    found = [any_time(difference(Sample(values=after, treated=each), confidence=0.95)).p_value for each in treated]
    assert np.mean(np.array(found) < 0.05) <= 0.01
