import datetime as dt

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_calendar import contracts
from tests.models.survival.test_spells import END, world

from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.purchases import from_transactions
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions

TODAY = dt.date(2026, 1, 1)


def names(spells):
    return {check.name: check.status for check in spells.checks}


@pytest.mark.parametrize("open_end", [None, "2027-01-01", "2099-12-31", "9999-12-31"])
def test_planned_ends_are_censored_and_counted_whatever_stands_for_them(open_end):
    """Half of the running contracts carry the end of their term; nothing else changes."""
    blank = world(2000)
    rows = blank.copy()
    running = rows["end"].isna() & (np.arange(len(rows)) % 2 == 0)
    if open_end is None:
        rows.loc[running, "end"] = rows.loc[running, "start"] + pd.DateOffset(years=5)
    else:
        rows["end"] = rows["end"].dt.date.astype(object).where(~running, dt.date.fromisoformat(open_end))
    made = from_subscriptions(rows, today=TODAY)
    right = from_subscriptions(blank, as_of=made.as_of.date())
    pd.testing.assert_frame_equal(made.frame, right.frame)
    check = next(check for check in made.checks if check.name == "planned_ends")
    assert check.status == "warn"
    assert f"{running.sum():,} contracts" in check.message
    assert "extracted" in check.message
    assert names(from_subscriptions(rows, as_of=TODAY))["planned_ends"] == "pass"
    assert made.as_of <= pd.Timestamp(TODAY)


def test_records_end_on_the_day_after_the_last_one_on_which_something_happened():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "start": ["2025-01-01", "2025-02-01", "2025-03-05"],
            "end": ["2025-02-10", "2026-01-01", None],
        }
    )
    assert from_subscriptions(rows, today=TODAY).as_of == pd.Timestamp("2025-03-06")
    later = from_subscriptions(rows, today=dt.date(2026, 6, 1))
    assert later.as_of == pd.Timestamp("2026-01-02")
    assert later.frame["event"].tolist() == [True, True, False]
    assert "planned_ends" not in names(later)


def test_ends_long_after_the_last_start_are_told_in_an_old_file():
    """Extracted on 2025-06-01, read a year later: planned ends have come to lie in the past."""
    rows = world(3000)
    rows = rows[rows["start"] < "2025-06-01"]
    rows.loc[~(rows["end"] < "2025-06-01"), "end"] = pd.NaT
    running = rows["end"].isna() & (np.arange(len(rows)) % 2 == 0)
    start = rows.loc[running, "start"]
    passed = (pd.Timestamp("2025-06-01") - start).dt.days // 365 + 1
    rows.loc[running, "end"] = [day + pd.DateOffset(years=int(each)) for day, each in zip(start, passed, strict=True)]
    assert names(from_subscriptions(rows, today=dt.date(2026, 6, 1)))["ends_after_last_start"] == "warn"
    assert "ends_after_last_start" not in names(from_subscriptions(rows, as_of=dt.date(2025, 6, 1)))
    closed = world(3000)
    closed = closed[closed["start"] < "2025-06-01"]  # nobody joins any more
    assert "ends_after_last_start" not in names(from_subscriptions(closed, today=TODAY))


def test_purchases_dated_in_the_future_have_not_happened():
    day = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01", "2025-06-01", "2030-01-01"])
    rows = pd.DataFrame({"customer_id": ["a", "a", "b", "b", "b"], "timestamp": day, "amount": 5.0})
    made = from_transactions(rows, lapse_days=40, burn_in_days=1, today=TODAY)
    assert made.spells.as_of == pd.Timestamp("2025-06-02")
    assert names(made.spells)["after_the_records"] == "warn"


def truncated(seed, strays=22, size=5000):
    """Ends of the first three years were not recorded, but for some stray ones."""
    rows = world(size, seed, first="2020-01-01")
    early = rows["end"] < "2023-01-01"
    kept = rows[~early]
    return pd.concat([rows[early].sample(strays, random_state=seed), kept]), rows


@pytest.mark.parametrize("strays", [0, 22])
def test_a_few_stray_ends_do_not_hide_that_ends_were_recorded_later(strays):
    for seed in range(3):
        rows, whole = truncated(seed, strays)
        made = from_subscriptions(rows, as_of=END.date())
        check = next(check for check in made.checks if check.name == "records_begin")
        assert check.status == "warn"
        at = kaplan_meier(made.frame).at([12, 36])
        right = kaplan_meier(from_subscriptions(whole, as_of=END.date()).frame).at([12, 36])
        assert at["survival"].to_numpy() == pytest.approx(right["survival"].to_numpy(), abs=0.03)


def seasonal(seed):
    """Every contract ends with the year, if it does."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2021-01-10") + pd.to_timedelta(random.integers(0, 1800, 2000), unit="D")
    years = random.geometric(0.4, 2000) - 1
    end = pd.to_datetime([f"{year + 1}-01-01" for year in start.year + years])
    return pd.DataFrame({"customer_id": range(2000), "start": start, "end": pd.Series(end).where(end <= END)})


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: contracts(seed, term=12, share=0.4),
        lambda seed: contracts(seed, term=1, share=0.25, size=3000),
        lambda seed: world(3000, seed),
        seasonal,
    ],
    ids=["yearly terms", "monthly terms", "any day", "with the year"],
)
def test_nothing_is_inferred_where_nobody_could_have_left_yet_or_everybody_was_seen(make):
    for seed in range(4):
        assert "records_begin" not in names(from_subscriptions(make(seed), as_of=END.date()))


def test_a_wave_of_departures_at_the_end_is_no_late_begin():
    rows = world(3000)
    many = rows["end"].isna() & (np.arange(len(rows)) % 3 > 0) & (rows["start"] < "2025-12-01")
    rows.loc[many, "end"] = pd.Timestamp("2025-12-20")
    assert "records_begin" not in names(from_subscriptions(rows, as_of=END.date()))


@pytest.mark.parametrize("extracted", ["2026-01-01", "2026-01-02", "2026-01-20", None])
def test_who_has_paid_until_the_records_end_has_not_left(extracted):
    """A billing list: one row a month, the last of each active customer ends with the year."""
    random = np.random.default_rng(5)
    rows, left = [], 0
    for place in range(400):
        begin = pd.Timestamp("2024-01-01") + pd.DateOffset(months=int(random.integers(0, 20)))
        months = int(random.geometric(0.05))
        for month in range(months):
            start = begin + pd.DateOffset(months=month)
            if start > pd.Timestamp("2025-12-01"):
                break
            rows.append((f"c{place}", start, start + pd.DateOffset(months=1) - pd.Timedelta(days=1)))
        left += begin + pd.DateOffset(months=months) <= pd.Timestamp("2025-12-01")
    rows = pd.DataFrame(rows, columns=["customer_id", "start", "end"])
    as_of = None if extracted is None else pd.Timestamp(extracted).date()
    spells = from_subscriptions(rows, as_of=as_of, today=dt.date(2026, 1, 20))
    assert spells.frame["event"].sum() == left
    assert spells.as_of == pd.Timestamp("2025-12-02")
    check = next(each for each in spells.checks if each.name == "paid_periods")
    assert f"{400 - left} customers have paid beyond it" in check.message


def test_contracts_that_end_with_the_records_have_ended():
    """Not every row follows another: these are contracts, and one that ended yesterday has ended."""
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "start": pd.to_datetime(["2025-01-01"] * 3),
            "end": pd.to_datetime(["2025-12-30", "2025-06-01", None]),
        }
    )
    spells = from_subscriptions(rows, as_of=dt.date(2026, 1, 1))
    assert spells.frame["event"].tolist() == [True, True, False]
