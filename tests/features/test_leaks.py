"""Ten leaks that were planted, each beside its clean twin."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.features import attributes_at, history, leak_checks, recomputation_checks, snapshots
from workbench.features.contracts import contracts_at
from workbench.features.snapshots import KEYS, at_cutoffs, instant

CUTOFF = pd.Timestamp("2024-10-01")
WHEN = snapshots(["2024-10-01"], horizon_days=60)
N = 3000


@pytest.fixture(scope="module")
def people():
    """Customers of whom 20% lapse, with honest features that carry some signal: AUC about .7 and less."""
    draw = np.random.default_rng(7)
    activity = draw.normal(size=N)
    lapsed = activity + draw.normal(scale=1.6, size=N) < np.quantile(activity, 0.06)
    return pd.DataFrame(
        {
            "customer_id": draw.permutation([f"c{number:05d}" for number in range(N)]),
            "cutoff": CUTOFF,
            "purchases_90d": draw.poisson(np.exp(1 + 0.5 * activity)),
            "amount_90d": np.exp(3 + 0.4 * activity + draw.normal(size=N)).round(2),
            "days_since_last_contact": pd.Series(draw.integers(1, 200, N)).mask(draw.random(N) < 0.3),
            "plan": draw.choice(["basic", "plus", "family"], N),
            "postcode": draw.integers(0, 600, N).astype(str),
            "last_contact": CUTOFF - pd.to_timedelta(draw.integers(1, 200, N), unit="D"),
            "label_lapsed": lapsed,
        }
    )


def planted_copy(rows, draw):
    return rows.assign(state=np.where(rows.label_lapsed ^ (draw.random(N) < 0.01), "gone", "here"))


def clean_copy(rows, draw):
    return rows.assign(state=np.where(rows.label_lapsed ^ (draw.random(N) < 0.35), "gone", "here"))


def planted_missing(rows, draw):
    return rows.assign(score=pd.Series(draw.normal(size=N)).mask(rows.label_lapsed & (draw.random(N) < 0.9)))


def clean_missing(rows, draw):
    return rows.assign(
        score=pd.Series(draw.normal(size=N)).mask(draw.random(N) < np.where(rows.label_lapsed, 0.5, 0.3))
    )


def planted_score(rows, draw):
    return rows.assign(balance=np.where(rows.label_lapsed, 0, 100) + draw.normal(scale=25, size=N))


def clean_score(rows, draw):
    return rows.assign(balance=np.where(rows.label_lapsed, 60, 100) + draw.normal(scale=35, size=N))


def planted_level(rows, draw):
    closed = rows.label_lapsed & (draw.random(N) < 0.2)
    return rows.assign(status=np.where(closed, "closed", draw.choice(["active", "dormant"], N)))


def clean_level(rows, draw):
    closed = draw.random(N) < np.where(rows.label_lapsed, 0.2, 0.1)
    return rows.assign(status=np.where(closed, "paused", draw.choice(["active", "dormant"], N)))


def planted_id(rows, draw):
    order = np.argsort(np.argsort(rows.label_lapsed + draw.normal(scale=0.2, size=N)))
    return rows.assign(customer_id=[f"c{number:05d}" for number in order])


def clean_id(rows, draw):
    # Older customers have lower numbers and stay longer: that is honest.
    order = np.argsort(np.argsort(rows.label_lapsed + draw.normal(scale=2, size=N)))
    return rows.assign(customer_id=[f"c{number:05d}" for number in order]).sample(frac=1, random_state=3)


def planted_date(rows, draw):
    ticket = CUTOFF + pd.to_timedelta(draw.integers(0, 60, N), unit="D")
    return rows.assign(last_ticket=rows.last_contact.where(draw.random(N) < 0.9, ticket))


def clean_date(rows, draw):
    return rows.assign(last_ticket=rows.last_contact.mask(draw.random(N) < 0.1))


IN_THE_FRAME = {
    "copy of the label": (planted_copy, clean_copy, "leak_label_copy", "state"),
    "missingness tells the label": (planted_missing, clean_missing, "leak_missingness", "score"),
    "written after the outcome": (planted_score, clean_score, "leak_single_feature", "balance"),
    "attribute as of extract": (planted_level, clean_level, "leak_level", "status"),
    "ids given by outcome": (planted_id, clean_id, "leak_ids", "customer_id"),
    "date of a ticket after the cut-off": (planted_date, clean_date, "leak_dates", "last_ticket"),
}


@pytest.mark.parametrize("name", IN_THE_FRAME)
def test_a_planted_leak_is_flagged_in_the_frame_and_its_clean_twin_is_not(people, name):
    planted, clean, check, column = IN_THE_FRAME[name]
    flagged = [
        each for each in leak_checks(planted(people, np.random.default_rng(1)), "label_lapsed") if each.status == "fail"
    ]
    assert check in {each.name for each in flagged}
    assert all(f"'{column}'" in each.message for each in flagged), "nothing else is accused"
    twin = leak_checks(clean(people, np.random.default_rng(1)), "label_lapsed")
    assert [each.message for each in twin if each.status != "pass"] == []


@dataclass
class Planted:
    leaky: object
    clean: object
    column: str


def leaky_total(tables, when):
    rows = at_cutoffs(tables["transactions"], when)
    return rows.group_by(*KEYS).aggregate(amount=rows.amount.round(2).cast("decimal(18, 2)").sum().cast("float64"))


def clean_total(tables, when):
    return leaky_total({"transactions": history(tables["transactions"], when).drop("cutoff", "days_ago")}, when)


def leaky_tickets(tables, when):
    # One day too many: "up to and including" the cut-off.
    rows = at_cutoffs(tables["interactions"], when)
    rows = rows.filter(rows.timestamp <= instant(rows))
    return rows.group_by(*KEYS).aggregate(tickets=rows.count())


def clean_tickets(tables, when):
    rows = history(tables["interactions"], when)
    return rows.group_by(*KEYS).aggregate(tickets=rows.count())


def leaky_late(tables, when):
    # By the time of the event, although the row arrived later.
    rows = at_cutoffs(tables["transactions"].drop("known_at"), when)
    rows = rows.filter(rows.timestamp < instant(rows))
    return rows.group_by(*KEYS).aggregate(purchases=rows.count())


def clean_late(tables, when):
    rows = history(tables["transactions"], when)
    return rows.group_by(*KEYS).aggregate(purchases=rows.count())


def leaky_end(tables, when):
    rows = history(tables["subscriptions"], when, time="start")
    return rows.group_by(*KEYS).aggregate(days_left=rows.end.date().delta(rows.cutoff, unit="day").max())


def clean_end(tables, when):
    rows = contracts_at(tables["subscriptions"], when)
    return rows.group_by(*KEYS).aggregate(days_left=rows.end.date().delta(rows.cutoff, unit="day").max())


IN_THE_MAKING = {
    "future aggregate": Planted(leaky_total, clean_total, "amount"),
    "ticket on the day of the cut-off": Planted(leaky_tickets, clean_tickets, "tickets"),
    "row that arrived after the cut-off": Planted(leaky_late, clean_late, "purchases"),
    "end of a contract that still runs": Planted(leaky_end, clean_end, "days_left"),
}


@pytest.fixture(scope="module")
def tables():
    draw = np.random.default_rng(11)
    ids = [f"c{number:02d}" for number in range(40)]
    moments = CUTOFF + pd.to_timedelta(draw.integers(-200, 80, 600), unit="D")
    transactions = pd.DataFrame(
        {"customer_id": draw.choice(ids, 600), "timestamp": moments, "amount": draw.normal(20, 5, 600).round(2)}
    )
    transactions["known_at"] = transactions.timestamp + pd.to_timedelta(draw.integers(0, 20, 600), unit="D")
    # Everybody has a first purchase long before, so that the customers are the same with and without the future.
    first = pd.DataFrame({"customer_id": ids, "timestamp": pd.Timestamp("2024-01-15"), "amount": 1.0})
    transactions = pd.concat([first, transactions], ignore_index=True)
    contacts = transactions[["customer_id", "timestamp"]].copy()
    contacts.loc[50:80, "timestamp"] = CUTOFF
    begun = CUTOFF - pd.to_timedelta(draw.integers(1, 200, 80), unit="D")
    ended = begun + pd.to_timedelta(draw.integers(1, 300, 80), unit="D")
    subscriptions = pd.DataFrame({"customer_id": draw.choice(ids, 80), "start": begun, "end": ended})
    return {
        "transactions": ibis.memtable(transactions),
        "interactions": ibis.memtable(contacts),
        "subscriptions": ibis.memtable(subscriptions),
    }


@pytest.mark.parametrize("name", IN_THE_MAKING)
def test_a_planted_leak_is_flagged_in_the_making_and_its_clean_twin_is_not(tables, name):
    planted = IN_THE_MAKING[name]
    flagged = recomputation_checks(planted.leaky, tables, WHEN, random_seed=1)
    assert [each.status for each in flagged] == ["fail", "fail"]
    assert all(f"'{planted.column}'" in each.message for each in flagged)
    twin = recomputation_checks(planted.clean, tables, WHEN, random_seed=1)
    assert [each.message for each in twin if each.status != "pass"] == []


def test_a_later_version_of_a_customer_is_flagged_and_the_version_of_then_is_not():
    versions = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "grade": [1, 2, 3],
            "valid_from": pd.to_datetime(["2024-01-01", "2024-11-01", "2024-01-01"]),
        }
    )
    tables = {"customers": ibis.memtable(versions)}

    def leaky(tables, when):
        rows = at_cutoffs(tables["customers"], when)
        return rows.group_by(*KEYS).aggregate(grade=rows.grade.max())

    assert {each.status for each in recomputation_checks(leaky, tables, WHEN, random_seed=1)[:1]} == {"fail"}
    twin = recomputation_checks(
        lambda tables, when: attributes_at(tables["customers"], when).table, tables, WHEN, random_seed=1
    )
    assert [each.status for each in twin] == ["pass", "pass"]


def test_ten_leaks_are_planted():
    assert len(IN_THE_FRAME) + len(IN_THE_MAKING) == 10


def test_an_honest_frame_passes_every_check(people):
    checks = leak_checks(people, "label_lapsed")
    assert [each.message for each in checks if each.status != "pass"] == []
    assert len({each.name for each in checks}) == len(checks) == 8


def test_rows_in_the_order_of_the_label_and_customers_that_are_there_twice_are_flagged(people):
    ordered = people.sort_values("label_lapsed")
    flagged = {each.name: each.status for each in leak_checks(ordered, "label_lapsed") if each.status != "pass"}
    assert flagged == {"leak_row_order": "warn"}  # nothing reads it, and exports are often sorted so
    counted = ordered.assign(customer_id=np.arange(1, N + 1))  # a file without ids: they count its rows
    assert {each.name for each in leak_checks(counted, "label_lapsed") if each.status != "pass"} == {"leak_row_order"}
    twice = pd.concat([people, people.head(3)])
    assert {each.name for each in leak_checks(twice, "label_lapsed") if each.status == "fail"} == {"leak_one_row_each"}


def test_an_encoding_that_saw_its_own_label_is_flagged_and_the_raw_category_is_not(people):
    fine = people.assign(street=np.random.default_rng(2).integers(0, N // 2, N).astype(str))
    assert all(each.status == "pass" for each in leak_checks(fine, "label_lapsed"))
    street = fine.street.str.cat(fine.purchases_90d.astype(str))
    encoded = fine.assign(encoded=fine.groupby(street).label_lapsed.transform("mean"))
    flagged = [each for each in leak_checks(encoded, "label_lapsed") if each.status == "fail"]
    assert [each.name for each in flagged] == ["leak_single_feature"]


def test_a_numeric_label_is_copied_by_what_follows_its_ranks(people):
    draw = np.random.default_rng(3)
    spend = people.assign(label_amount=people.amount_90d * draw.lognormal(sigma=0.8, size=N)).drop(
        columns="label_lapsed"
    )
    assert all(each.status == "pass" for each in leak_checks(spend, "label_amount"))
    leaky = spend.assign(invoiced=spend.label_amount * 1.19)
    flagged = [each.name for each in leak_checks(leaky, "label_amount") if each.status == "fail"]
    assert flagged == ["leak_label_copy"]


def test_dates_are_compared_with_the_cutoff_whatever_their_type(people):
    late = people.last_contact.mask(people.index == 5, CUTOFF)
    kinds = {"plain": late, "zoned": late.dt.tz_localize("UTC"), "objects": late.dt.date}
    for name, column in kinds.items():
        flagged = [
            each.name for each in leak_checks(people.assign(seen=column), "label_lapsed") if each.status == "fail"
        ]
        assert flagged == ["leak_dates"], name
    ahead = people.assign(days_since_ticket=people.days_since_last_contact.mask(people.index == 5, 0))
    assert [each.name for each in leak_checks(ahead, "label_lapsed") if each.status == "fail"] == ["leak_dates"]


def test_a_small_frame_does_not_cry(people):
    for start in range(0, 600, 20):
        checks = leak_checks(people.iloc[start : start + 20].assign(label_lapsed=[True, False] * 10), "label_lapsed")
        assert not [each.name for each in checks if each.status == "fail"]


def test_a_label_that_cannot_serve_is_refused(people):
    with pytest.raises(DataError, match="no such column"):
        leak_checks(people, "label_laps")
    with pytest.raises(DataError, match="got 1 value"):
        leak_checks(people.assign(label_lapsed=True), "label_lapsed")
