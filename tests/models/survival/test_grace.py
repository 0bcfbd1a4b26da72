"""Pauses between contracts, and what is no departure."""

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_spells import END, world

from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions
from workbench.statistics.dated.calendar import months_later
from workbench.wording import day


def pausing(seed=1, size=600, low=31, high=45):
    """Customers stay for an exponential time of mean 20 months, but pause now and then for `low` to `high` days."""
    random = np.random.default_rng(seed)
    rows, whole = [], []
    for place in range(size):
        begin = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(random.integers(0, 900)))
        gone = begin + pd.Timedelta(days=int(random.exponential(600)) + 1)
        whole.append((place, begin, gone if gone < END else pd.NaT))
        start = begin
        while start < min(gone, END):
            stop = start + pd.Timedelta(days=int(random.exponential(120)) + 20)
            back = stop + pd.Timedelta(days=int(random.integers(low, high + 1)))
            if back >= min(gone, END):
                rows.append((place, start, gone if gone < END else pd.NaT))
                break
            rows.append((place, start, stop))
            start = back
    names = ["customer_id", "start", "end"]
    return pd.DataFrame(rows, columns=names), pd.DataFrame(whole, columns=names)


def test_a_pause_that_most_end_is_no_departure_and_the_choice_is_told_and_varied():
    rows, whole = pausing()
    lifetimes = read_lifetimes("subscriptions", rows, as_of=END.date())
    assert lifetimes.spells.as_of == END - pd.Timedelta(days=49)  # who ended later may still come back
    right = from_subscriptions(whole, as_of=lifetimes.spells.as_of.date()).frame
    made = kaplan_meier(lifetimes.frame).at([3, 6, 12, 24])
    assert made["survival"].to_numpy() == pytest.approx(kaplan_meier(right).at([3, 6, 12, 24])["survival"].to_numpy())
    table = lifetimes.grace.frame.set_index("days")
    assert table.loc[30, "came_back"] > 0.5
    assert table["came_back"].is_monotonic_decreasing
    assert table.loc[49, ["lifetimes", "came_back"]].tolist() == [600, 0]
    check = next(check for check in lifetimes.checks if check.name == "came_back")
    assert check.status == "warn"
    assert "Pauses of up to 49 days are no departure" in check.message


def test_who_is_in_a_pause_when_the_records_end_has_not_left():
    """Two of three contracts that end are taken up again: of the last ones nobody knows yet."""
    later = END + pd.Timedelta(days=120)
    random = np.random.default_rng(3)
    rows, gone_on = [], {}
    for place in range(1500):
        begin = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(random.integers(0, 900)))
        gone = gone_on[place] = begin + pd.Timedelta(days=int(random.exponential(600)) + 1)
        start = begin
        while start < min(gone, later):
            stop = min(start + pd.Timedelta(days=int(random.exponential(120)) + 20), gone)
            rows.append((place, start, stop))
            start = stop + pd.Timedelta(days=int(random.integers(31, 46)))
    rows = pd.DataFrame(rows, columns=["customer_id", "start", "end"])
    rows = rows[rows["start"] < END]
    rows["end"] = rows["end"].where(rows["end"] < END)  # nobody knows what comes after the extract
    spells = from_subscriptions(rows, as_of=END.date())
    assert spells.as_of == END - pd.Timedelta(days=49)
    said = next(check.message for check in spells.checks if check.name == "came_back")
    assert f"Follow-up ends 49 days early, on {day(spells.as_of.date())}." in said
    # A pause is no departure, so lives end with the last contract: the truth, but for who left within a pause.
    left = sum(gone < spells.as_of for gone in gone_on.values())
    assert spells.frame["event"].sum() == pytest.approx(left, rel=0.03)
    over = spells.frame[spells.frame["event"]]
    recent = months_later(over["begin"], over["duration"]) > spells.as_of - pd.Timedelta(days=60)
    expected = sum(spells.as_of - pd.Timedelta(days=60) < gone < spells.as_of for gone in gone_on.values())
    assert recent.sum() < 1.5 * expected


def test_a_grace_period_of_the_reader_is_taken_and_doubted_where_many_come_back():
    rows, _ = pausing()
    lifetimes = read_lifetimes("subscriptions", rows, as_of=END.date(), grace_days=14)
    assert len(lifetimes.frame) == len(rows)
    check = next(check for check in lifetimes.checks if check.name == "came_back")
    assert check.status == "warn"
    assert "Consider a longer grace_days" in check.message
    assert 14 in lifetimes.grace.frame["days"].tolist()
    forever = read_lifetimes("subscriptions", rows, as_of=END.date(), grace_days=400)
    begun = rows.groupby("customer_id")["start"].min() < END - pd.Timedelta(days=400)
    assert len(forever.frame) == begun.sum()


def test_few_returns_leave_the_month_and_pass():
    rows = world(1000)
    ended = rows[rows["end"] < "2025-01-01"].head(40)
    again = ended.assign(start=ended["end"] + pd.Timedelta(days=90), end=pd.NaT)
    lifetimes = read_lifetimes("subscriptions", pd.concat([rows, again]), as_of=END.date())
    check = next(check for check in lifetimes.checks if check.name == "came_back")
    assert check.status == "pass"
    assert len(lifetimes.frame) == 1040
    assert read_lifetimes("subscriptions", rows, as_of=END.date()).grace is None
