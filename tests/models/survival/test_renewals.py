import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_calendar import END, contracts
from tests.models.survival.test_spells import world

from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.renewals import find_renewals, find_rounding
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions


@pytest.mark.parametrize(("term", "share"), [(1, 0.05), (3, 0.2), (12, 0.4), (24, 0.4)])
def test_two_of_three_departures_at_a_renewal_are_found_with_their_term(term, share):
    """A third of the contracts may end on any day instead: at the term's own rate, in exponential time."""
    rows = contracts(term, term=term, share=share, size=900)
    loose = np.arange(900) % 3 == 0
    days = np.random.default_rng(1).exponential(-30.4375 * term / np.log(1 - share), 900)
    anyday = (rows["start"] + pd.to_timedelta(days, unit="D")).dt.floor("D")
    rows["end"] = rows["end"].where(~loose, anyday.where(anyday <= END))
    lifetimes = read_lifetimes("subscriptions", rows, as_of=END.date())
    assert lifetimes.renewals.term == term
    assert lifetimes.renewals.at[0] == term
    planted = (~loose)[rows["end"].notna()].mean()
    assert planted - 0.01 <= lifetimes.renewals.share <= planted + 0.06  # some of the others by chance
    (found,) = lifetimes.findings()
    assert found.interval[0] < found.estimate < found.interval[1]
    assert "of departures happen at a renewal: after" in found.statement
    last_day = rows.assign(end=rows["end"] - pd.Timedelta(days=1))  # the last day with instead of the first without
    assert find_renewals(from_subscriptions(last_day, as_of=END.date()).frame).term == term


def test_departures_on_any_day_heap_nowhere_and_whole_months_are_no_renewals():
    lifetimes = from_subscriptions(world(2000), as_of=pd.Timestamp("2026-01-01").date()).frame
    assert find_renewals(lifetimes) is None
    whole = lifetimes.assign(duration=np.ceil(lifetimes["duration"]))
    assert find_renewals(whole) is find_rounding(whole) is None


def test_yearly_terms_are_found_among_whole_months_and_in_days():
    random = np.random.default_rng(2)
    life = np.where(random.random(1000) < 0.5, 12 * random.geometric(0.3, 1000), np.ceil(random.exponential(30, 1000)))
    cut = random.integers(1, 60, 1000)
    rows = pd.DataFrame({"customer_id": range(1000), "duration": np.minimum(life, cut) * 1.0, "event": life <= cut})
    assert find_renewals(rows).term == 12
    assert find_rounding(rows) is None
    days = rows.assign(duration=np.round(rows["duration"] * 30.4375))
    assert find_renewals(days, time_unit="day").term == pytest.approx(365.25, abs=1)


def rounded(seed, size=800):
    """Lifetimes of half-life 13.9 months, 60% of the durations rounded to years."""
    random = np.random.default_rng(seed)
    life, cut = random.exponential(13.9 / np.log(2), size), random.uniform(6, 80, size)
    duration = np.minimum(life, cut)
    duration = np.where(random.random(size) < 0.6, np.round(duration / 12) * 12, np.round(duration, 1))
    return pd.DataFrame({"customer_id": range(size), "duration": duration, "event": life <= cut})


def test_rounded_durations_are_told_and_intervals_hold_the_truth_that_the_plain_ones_miss():
    missed = 0
    for seed in range(4):
        lifetimes = read_lifetimes("lifetimes", rounded(seed), time_unit="months")
        assert lifetimes.rounding.term == lifetimes.rounded == 12
        assert lifetimes.findings() == ()
        assert [check.status for check in lifetimes.checks if check.name == "rounded_durations"] == ["warn"]
        median = kaplan_meier(lifetimes.frame, rounded=lifetimes.rounded).median().iloc[0]
        plain = kaplan_meier(lifetimes.frame).median().iloc[0]
        missed += plain["lower"] == plain["upper"] == 12
        assert median["lower"] < 13.9 < median["upper"]
        at = kaplan_meier(lifetimes.frame, rounded=lifetimes.rounded).at([12, 24, 36])
        truth = 0.5 ** (at["horizon"] / 13.9)
        assert ((at["lower"] < truth) & (truth < at["upper"])).all()
    assert missed >= 2


def test_durations_that_are_all_whole_years_are_rounded_months_but_not_rounded_years():
    years = rounded(1).assign(duration=lambda rows: np.round(rows["duration"] / 12))
    assert find_rounding(years.assign(duration=years["duration"] * 12)).term == 12
    assert find_rounding(years, time_unit="year") is None


def test_a_common_end_of_follow_up_is_no_rounding():
    random = np.random.default_rng(3)
    life = random.exponential(30, 600)
    rows = pd.DataFrame({"customer_id": range(600), "duration": np.minimum(life, 24.0), "event": life <= 24})
    assert find_rounding(rows) is find_renewals(rows) is None
