import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions
from workbench.statistics.dated.calendar import months_between, months_later

END = pd.Timestamp("2025-10-01")


def contracts(seed, *, term=1, share=0.25, size=1500):
    """Contracts of `term` months, of which `share` end at each renewal; ends to come are blank."""
    random = np.random.default_rng(seed)
    begin = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 2000, size), unit="D"))
    renewals = random.geometric(share, size) * term
    end = pd.Series([day + pd.DateOffset(months=int(each)) for day, each in zip(begin, renewals, strict=True)])
    return pd.DataFrame({"customer_id": range(size), "start": begin, "end": end.where(end <= END)})


def survival(rows, horizons):
    lifetimes = from_subscriptions(rows, as_of=END.date(), records_since=pd.Timestamp("2019-12-31").date()).frame
    return kaplan_meier(lifetimes).at(horizons).set_index("horizon")


@pytest.mark.parametrize(("term", "share", "horizons"), [(1, 0.25, [1, 2, 3, 6]), (12, 0.4, [11.9, 12, 24, 36])])
def test_a_horizon_counts_those_who_left_at_the_renewal_on_it(term, share, horizons):
    for seed in range(3):
        at = survival(contracts(seed, term=term, share=share), horizons)
        truth = (1 - share) ** np.floor(np.array(horizons) / term)
        error = np.sqrt(truth * (1 - truth) / 1000) + 1e-9
        assert (np.abs(at["survival"] - truth) < 4 * error).all()


@pytest.mark.slow
@pytest.mark.parametrize(("term", "share"), [(1, 0.25), (12, 0.4)])
def test_intervals_at_renewals_hold_the_truth_over_200_worlds(term, share):
    horizons = np.array([1, 2, 4]) * term
    held = np.zeros(3)
    for seed in range(200):
        at, truth = survival(contracts(seed, term=term, share=share), horizons), (1 - share) ** (horizons / term)
        held += (at["lower"] <= truth) & (truth <= at["upper"])
    assert ((held >= 168) & (held <= 192)).all(), held  # 90%


def test_every_renewal_lies_at_a_whole_month_whatever_the_month_and_the_leap_day():
    begin = pd.Series(pd.date_range("2023-01-01", "2024-12-31"))
    for months in (1, 2, 3, 11, 12, 24, 48):
        end = begin + pd.DateOffset(months=months)
        assert (months_between(begin, end) == months).all()
        day = pd.Timedelta(days=1)
        before, after = months_between(begin, end - day), months_between(begin, end + day)
        assert (before < months).all()
        assert (before > months - 0.04).all()
        assert (after > months).all()


def test_time_never_falls_as_the_end_moves_on_and_has_an_inverse():
    end = pd.date_range("2023-12-01", "2025-06-01", freq="7h")
    for text in ("2024-01-28", "2024-01-31 23:59", "2024-02-29", "2024-03-31 05:30"):
        begin = pd.Timestamp(text)
        made = months_between(begin, end)
        assert (np.diff(made) >= 0).all()
        assert (months_later(begin, made) - end.round("s")).max() <= pd.Timedelta(seconds=1)


def test_differences_of_times_are_exact_and_missing_dates_stay_missing():
    begin = pd.Series(pd.date_range("2019-01-01", periods=400, freq="17h"))
    first, second = months_between(begin, pd.Timestamp("2025-01-01")), months_between(begin, pd.Timestamp("2026-01-01"))
    assert ((second - (second - 12.0)) == 12.0).all()
    assert second - first == pytest.approx(12.0, abs=0.04)
    assert np.isnan(months_between(pd.Series([pd.NaT]), pd.Timestamp("2025-01-01"))).all()
