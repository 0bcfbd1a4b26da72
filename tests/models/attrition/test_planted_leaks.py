"""Ten planted leaks are caught, and their ten innocent twins are not: what was known before the cut-off is no leak.

Columns of a finished frame are looked at by `leak_checks`, rows on both sides of the test by the battery, what a frame
does not show (a category that carries the labels of all rows) by making features again without the future.
"""

import ibis
import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.features import leak_checks, recomputation_checks, snapshots
from workbench.models.attrition.leak_battery import examine
from workbench.models.attrition.model.customers import labelled_customers, slices

SIZE = 2400
CUTOFF = pd.Timestamp("2025-03-01")


@pytest.fixture(scope="module")
def frame():
    """Customers at one cut-off, a quarter of whom leave; `before` is what they bought until then."""
    frame = drawn(SIZE).drop(columns="risk")
    random = np.random.default_rng(8)
    return frame.assign(before=random.poisson(4 - 1.5 * frame["left"]), cutoff=CUTOFF)


def days(frame, offsets):
    return frame["cutoff"] + pd.to_timedelta(offsets, unit="D")


def some(share, seed=4):
    return np.random.default_rng(seed).random(SIZE) < share


def by_order(frame, order):
    """Ids in the order of a column."""
    place = np.argsort(np.argsort(order, kind="stable"))
    return frame.assign(customer_id=[f"K{at:05}" for at in place])


def bought(frame, after):
    """In the label window, where leavers buy next to nothing, or in as long a time before it."""
    random = np.random.default_rng(5)
    future = random.poisson(np.where(frame["left"] == 1, 0.05, 4.0))
    return future if after else frame["before"]


PLANTED = {
    "a copy of the label": (
        "leak_label_copy",
        lambda frame: frame.assign(state=np.where(frame["left"] == 1, "closed", "open")),
        lambda frame: frame.assign(state=np.where(some(0.2) | ((frame["left"] == 1) & some(0.3, 6)), "risk", "fine")),
    ),
    "the label with noise": (
        "leak_single_feature",
        lambda frame: frame.assign(index=frame["left"] + np.random.default_rng(2).normal(0, 0.3, SIZE)),
        lambda frame: frame.assign(index=frame["left"] + np.random.default_rng(2).normal(0, 1.2, SIZE)),
    ),
    "a date after the cut-off": (
        "leak_dates",
        lambda frame: frame.assign(last_call=days(frame, np.arange(SIZE) % 60 - 40)),
        lambda frame: frame.assign(last_call=days(frame, -1 - np.arange(SIZE) % 60)),
    ),
    "a sum over the label window": (
        "leak_single_feature",
        lambda frame: frame.assign(bought=bought(frame, after=True)),
        lambda frame: frame.assign(bought=bought(frame, after=False)),
    ),
    "an id in the order of leaving": (
        "leak_ids",
        lambda frame: by_order(frame, -frame["left"]),
        lambda frame: by_order(frame, -frame["gap"]),
    ),
    "missing for leavers only": (
        "leak_missingness",
        lambda frame: frame.assign(score=np.where((frame["left"] == 1) & some(0.9), np.nan, 7.0 + frame["noise"])),
        lambda frame: frame.assign(score=np.where(some(0.3), np.nan, 7.0 + frame["noise"])),
    ),
    "a rank by what comes": (
        "leak_single_feature",
        lambda frame: frame.assign(rank=bought(frame, after=True) + frame["usage"].fillna(0).rank(pct=True)),
        lambda frame: frame.assign(rank=bought(frame, after=False) + frame["usage"].fillna(0).rank(pct=True)),
    ),
    "a code that leaving sets": (
        "leak_level",
        lambda frame: frame.assign(code=np.where((frame["left"] == 1) & some(0.4), 9, frame["before"] % 4)),
        lambda frame: frame.assign(code=np.where(some(0.1) & (frame["gap"] > 20), 9, frame["before"] % 4)),
    ),
}


def flagged(frame):
    return {check.name for check in leak_checks(frame, "left") if check.status != "pass"}


@pytest.mark.parametrize("leak", PLANTED)
def test_a_planted_leak_is_caught_and_its_twin_is_not(frame, leak):
    name, planted, twin = PLANTED[leak]
    assert name in flagged(planted(frame))
    assert not flagged(twin(frame))


def examined(frame):
    customers = labelled_customers(frame, label="left", customer="customer_id", snapshot="cutoff")
    found = examine(customers, slices(customers, random_seed=1), random_seed=1, shuffles=12)
    return {check.name for check in found.checks() if check.status != "pass"}


def test_rows_on_both_sides_are_caught_and_customers_seen_again_are_not(frame):
    stays = frame[: SIZE // 4].assign(cutoff=CUTOFF + pd.Timedelta(28, unit="D"))
    again = stays.assign(usage=stays["usage"] + 0.1, gap=stays["gap"] + 5)
    other = stays.assign(customer_id=stays["customer_id"] + SIZE)
    assert examined(pd.concat([frame, other], ignore_index=True)) == {"leak_overlap"}
    assert not examined(pd.concat([frame, again.assign(gap=again["gap"] - 5)], ignore_index=True))


def test_all_innocent_twins_together_pass_the_whole_battery(frame):
    for _, _, twin in PLANTED.values():
        frame = twin(frame)
    frame["since_call"] = (frame["cutoff"] - frame.pop("last_call")).dt.days
    frame["cutoff"] = CUTOFF + pd.to_timedelta(28 * (np.arange(SIZE) % 2), unit="D")
    assert not flagged(frame)
    assert not examined(frame)


def regions(tables, when, *, known):
    """By customer, the share of the region's customers who left: of all rows, or as `known` at the cut-off."""
    rows = tables["subscriptions"]
    day = ibis.date(when.cutoffs[0].isoformat()).cast("timestamp")
    there = rows.filter(rows.start < day)
    ended = (there.end < day).fill_null(False) if known else there.end.notnull()
    shares = there.mutate(ended=ended.cast("int64")).group_by("region").aggregate(region_left=ibis._.ended.mean())
    found = there.select("customer_id", "region").join(shares, "region").drop("region")
    return found.mutate(cutoff=ibis.date(when.cutoffs[0].isoformat()))


@pytest.mark.parametrize(("known", "caught"), [(False, {"leak_truncated", "leak_scrambled"}), (True, set())])
def test_a_category_encoded_by_the_labels_of_all_rows_is_caught_when_it_is_made_again(known, caught):
    random = np.random.default_rng(3)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500, 300), unit="D")
    end = (start + pd.to_timedelta(random.integers(30, 600, 300), unit="D")).to_series(index=range(300))
    ids = [f"c{at}" for at in range(300)]
    rows = pd.DataFrame({"customer_id": ids, "start": start, "end": end.where(random.random(300) < 0.6)})
    rows["region"] = random.integers(0, 20, 300)
    found = recomputation_checks(
        lambda tables, when: regions(tables, when, known=known),
        {"subscriptions": ibis.memtable(rows)},
        snapshots(["2025-03-01"]),
        random_seed=1,
    )
    assert {check.name for check in found if check.status != "pass"} == caught
