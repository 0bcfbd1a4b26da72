"""Who is learned from: labels, windows that are over, treated ones, and customers of today, against counts by hand."""

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from workbench.datasets.definitions.design import Design
from workbench.errors import DataError, ParameterError
from workbench.features import customer_features, schedule
from workbench.models.attrition import Lots, read_population
from workbench.models.attrition.model.customers import Customers, slices
from workbench.models.attrition.model.levels import Level, forecast_windows, level_of
from workbench.models.attrition.reasons.feature_names import names_of
from workbench.models.attrition.scores import Alike, scored

BEGIN = pd.Timestamp("2024-01-01")


class Definition:
    columns = ()

    def __init__(self, **designs):
        self.designs = designs


def buyers(size=200, days=400):
    """Everybody buys each week; a third stop for good on a day of their own, and each tenth of those comes back."""
    random = np.random.default_rng(3)
    rows = []
    for who in range(size):
        stops = int(random.integers(150, 350)) if who % 3 == 0 else days
        there = np.arange(who % 7, stops, 7)
        if who % 30 == 0:
            there = np.append(there, min(stops + 80, days - 1))
        rows += [(f"c{who:03}", BEGIN + pd.Timedelta(days=int(day)), 10.0 + who % 5) for day in there]
    rows.append(("c001", BEGIN + pd.Timedelta(days=days - 1), 10.0))
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


def population(rows, designs=None, **options):
    when = schedule("transactions", rows, window_days=30)
    made = customer_features({"transactions": ibis.memtable(rows)}, when.when, records=when.records, windows_days=(30,))
    tables = {"transactions": Definition(), "treatments": Definition(**(designs or {"call": Design(control="none")}))}
    return read_population(tables, ("transactions", rows), made, **options)


def by_hand(rows, cutoff):
    """Who bought in the 30 days before a cut-off, and how many of them not in the 30 days from it on."""
    span = pd.Timedelta(days=30)
    before = rows[(rows.timestamp < cutoff) & (rows.timestamp >= cutoff - span)]
    after = rows[(rows.timestamp >= cutoff) & (rows.timestamp < cutoff + span)]
    there = set(before.customer_id)
    return len(there), len(there - set(after.customer_id))


def test_lapses_are_those_counted_by_hand_and_windows_end_before_the_test():
    rows = buyers()
    found = population(rows)
    table = found.snapshots
    for row in table.itertuples():
        assert (row.rows, row.left) == by_hand(rows, pd.Timestamp(row.cutoff))
    test = pd.Timestamp(table.cutoff.iloc[-1])
    assert all(pd.Timestamp(row.closes) < test for row in table.iloc[:-1].itertuples())
    assert table.part.tolist()[-3:] == ["when to stop", "calibration", "test"]
    today = BEGIN + pd.Timedelta(days=400)
    assert len(found.today_ids) == by_hand(rows, today)[0]
    assert "cohort" not in found.customers.features
    assert found.today.columns.tolist() == found.customers.features.columns.tolist()


def test_of_many_customers_those_drawn_by_lot_are_looked_at_before_the_last_two_cutoffs():
    rows = buyers(400)
    plain, found = population(rows), population(rows, most_customers=200)
    pd.testing.assert_frame_equal(found.snapshots, plain.snapshots)  # of all: how many there were, and how many left
    assert found.customers.undrawn == len(plain.customers) - len(found.customers)
    late = np.unique(plain.customers.snapshots)[-2:]
    counts = pd.Series(found.customers.snapshots).value_counts()
    assert counts[late].tolist() == plain.snapshots["rows"].tolist()[-2:]
    assert 170 < counts.drop(late).max() < 230
    # Whoever is drawn has all rows, with the features they have among all; others are never drawn from.
    whole = found.customers.part(found.customers.complete).frame()
    there = plain.customers.part(np.isin(plain.customers.ids, whole["customer_id"])).frame()
    keys = ["cutoff", "customer_id"]
    pd.testing.assert_frame_equal(whole, there.sort_values(keys, ignore_index=True), check_dtype=False)
    pd.testing.assert_frame_equal(found.today, plain.today, check_dtype=False)
    # Features lie in memory once: those of today beside the others. Rows stand by cut-off, and those of one are taken
    # without a copy.
    for name in found.today.select_dtypes("number"):
        assert found.today[name].to_numpy().base is found.customers.features[name].to_numpy().base
    test = found.customers.part(found.customers.snapshots == late[1])
    for name in test.features:
        assert np.shares_memory(test.features[name].to_numpy(), found.customers.features[name].to_numpy())
    assert (found.customers.part(~found.customers.complete).snapshots >= late[0]).all()
    drawn = found.customers.drawn(10**9, random_seed=1)
    assert (drawn == found.customers.complete).all()
    parts = slices(found.customers, random_seed=0)
    assert (found.customers.snapshots[parts["train"] | parts["stop"]] < late[0]).all()


@pytest.mark.parametrize(("size", "most"), [(400, 10**6), (700, 200)])
def test_nobody_is_on_both_sides_where_that_is_asked(size, most):
    rows = buyers(size)
    plain, found = population(rows), population(rows, most_customers=most, lots=Lots(random_seed=3, apart=True))
    pd.testing.assert_frame_equal(found.snapshots, plain.snapshots)
    parts, ids = slices(found.customers, random_seed=0), found.customers.ids
    learned, held = (set(ids[parts[a] | parts[b]]) for a, b in (("train", "stop"), ("calibrate", "test")))
    assert not learned & held
    share = len(learned) / size
    assert share == pytest.approx(0.5 if most > size else most / plain.snapshots["rows"].iloc[:-2].max(), abs=0.07)
    test, all_of_them = found.customers.part(parts["test"]), slices(plain.customers, random_seed=0)["test"]
    assert set(test.ids) == set(plain.customers.ids[all_of_them]) - set(rows.customer_id[~rows.customer_id.isin(held)])
    assert found.in_test(200) == round(200 * len(test) / all_of_them.sum())
    assert found.in_test({"north": 1, "south": 0}) == {"north": 1, "south": 0}
    assert (found.in_test(None), plain.in_test(200)) == (None, 200)
    assert len(found.today_ids) == len(plain.today_ids)
    assert [each.name for each in found.exhibits() if getattr(each, "name", "") == "customers_apart"]


def test_most_who_come_back_are_told():
    share, of = population(buyers()).returned
    assert of >= 30
    assert 0 < share < 0.3


def test_who_was_treated_in_a_label_window_is_left_out_and_controls_stay():
    rows = buyers()
    plain = population(rows)
    first = pd.Timestamp(plain.snapshots.cutoff.iloc[0])
    dealt = pd.DataFrame(
        {
            "customer_id": ["c001", "c002", "c004"],
            "initiative": ["call", "call", "letter"],
            "arm": ["called", "none", "sent"],
            "start": first + pd.Timedelta(days=5),
            "end": first + pd.Timedelta(days=20),
        }
    )
    found = population(rows, treatments=dealt, retention=["call"])
    assert found.snapshots.treated.tolist() == [1] + [0] * (len(found.snapshots) - 1)
    assert found.snapshots.rows.iloc[0] == plain.snapshots.rows.iloc[0] - 1
    assert found.treated.running == ("letter",)
    (check,) = [each for each in found.exhibits() if getattr(each, "name", "") == "treated_windows"]
    assert check.status == "pass"
    assert check.value == 1
    with pytest.raises(ParameterError, match="no such initiative"):
        population(rows, treatments=dealt, retention=["calls"])


def test_randomised_controls_stand_for_the_treated():
    rows = buyers(900)
    plain = population(rows)
    first = pd.Timestamp(plain.snapshots.cutoff.iloc[0])
    offered = np.array([f"c{who:03}" for who in range(0, 900, 2)])
    arms = np.random.default_rng(2).permutation(np.repeat(["called", "none"], [300, 150]))
    dealt = pd.DataFrame(
        {
            "customer_id": offered,
            "initiative": "call",
            "arm": arms,
            "start": first + pd.Timedelta(days=1),
            "end": first + pd.Timedelta(days=20),
        }
    )

    def found(design, dealt=dealt):
        return population(rows, treatments=dealt, retention=["call"], designs={"call": design})

    drawn = found(Design(assignment="randomised", control="none", probability=2 / 3))
    there = set(plain.customers.ids[plain.customers.snapshots == first])
    controls = set(offered[arms == "none"]) & there
    weights = drawn.customers.weights
    at = drawn.customers.snapshots == first
    assert set(drawn.customers.ids[at & (weights > 1)]) == controls
    assert weights[at & (weights > 1)] == pytest.approx(3)
    assert weights[at].sum() == pytest.approx(at.sum() + 2 * len(controls))
    assert abs(weights[at].sum() / len(there) - 1) < 0.05
    assert (weights[~at] == 1).all()
    (check,) = drawn.treated.checks()
    assert check.value == len(set(offered[arms == "called"]) & there)
    assert f"{len(controls)} rows of randomised controls stand for {3 * len(controls)}." in check.message

    chosen = found(Design(assignment="chosen", control="none"))
    assert (chosen.customers.weights == 1).all()
    assert len(chosen.customers) == len(drawn.customers)
    broken = found(Design(assignment="randomised", control="none", probability=0.2))  # two thirds were called
    assert (broken.customers.weights == 1).all()
    assert [each.status for each in broken.treated.checks()] == ["pass", "warn"]

    # Whoever was called and is in the control later stays called: no broken draw, and no control that chance dealt.
    back = dealt[dealt["arm"] == "called"].assign(arm="none", start=dealt["end"], end=dealt["end"])
    moved = found(
        Design(assignment="randomised", control="none", probability=2 / 3), pd.concat([dealt, back], ignore_index=True)
    )
    assert (moved.customers.weights == weights).all()
    assert [each.status for each in moved.treated.checks()] == ["pass"]


def test_a_flat_table_has_customers_of_today_and_no_timeline():
    random = np.random.default_rng(1)
    rows = pd.DataFrame({"duration": random.gamma(2, 5, 400), "event": (np.arange(400) % 4 == 0).astype(int)})
    found = read_population({"lifetimes": Definition()}, ("lifetimes", rows), None)
    assert len(found.today_ids) == 300
    assert found.when is None
    assert [each for each in found.exhibits()] == [{"customers_today": 300}]
    assert sum(part.sum() for part in slices(found.customers, random_seed=1).values()) == 400
    with pytest.raises(DataError, match="same outcome"):
        read_population({"lifetimes": Definition()}, ("lifetimes", rows.assign(event=0)), None)


def test_names_of_features_are_words():
    names = names_of(["amount_change_30d", "purchases_against_usual_90d", "days_since_last_contact", "T"], [])
    assert names.labels == {
        "amount_change_30d": "Amount of the last 30 days less those before",
        "purchases_against_usual_90d": "Purchases of the last 90 days against usual",
        "days_since_last_contact": "Time since the last contact",
        "T": "Time since the first purchase",
    }
    assert names.theme("days_since_last_contact") == "Contacts"


def test_the_interval_is_of_the_share_among_those_scored_most_alike():
    risk = np.linspace(0, 1, 4001)
    left = np.random.default_rng(5).random(4001) < risk
    found = Alike.among(risk, left)
    low, high = found.interval(np.array([0.1, 0.5, 0.9]))
    near = [left[np.abs(risk - at) <= 0.0625].mean() for at in (0.1, 0.5, 0.9)]
    assert ((low < near) & (near < high)).all()
    assert (high - low < 0.09).all()


def test_intervals_of_risks_hold_the_true_ones_at_the_top_of_the_list_too():
    """Forecasts that are right, with few of a high risk: nearly all of the 500 most alike have a lower one."""
    held = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        learned, today = (expit(-3.6 + 1.2 * random.normal(size=5000)) for _ in range(2))
        low, high = Alike.among(learned, random.random(5000) < learned).interval(today)
        riskiest = today >= np.quantile(today, 0.98)
        held.append([((low <= today) & (today <= high))[rows].mean() for rows in (riskiest, ~riskiest)])
    assert np.mean(held, axis=0) == pytest.approx([0.90, 0.90], abs=0.07)


def test_how_many_leave_is_as_uncertain_as_chance_the_level_and_the_months_make_it():
    """400 leavers calibrate, months there are none: 1,000 risks of .1 give 100 ± 1.645 √(90 + 100²/400)."""
    left = np.arange(8000) % 20 == 0
    customers = Customers(
        features=pd.DataFrame({"a": np.zeros(8000)}),
        left=left,
        ids=np.arange(8000),
        snapshots=None,
        dropped={},
        weights=np.ones(8000),
    )
    level = level_of(forecast_windows(customers, "base_rate", random_seed=1), customers)
    assert (level.settled(np.full(8000, 0.2)) == 0.2).all()  # without windows nothing is known of them
    error = level.error_of(np.full(8000, 0.05))
    assert error == pytest.approx(1 / 20)
    alike = Alike.among(np.full(8000, 0.05), left)
    found = scored(np.arange(1000), np.full(1000, 0.1), alike, None, level_error=error)
    expected, low, high = found.leavers()
    assert (expected, low) == (pytest.approx(100), pytest.approx(100 - 1.645 * np.sqrt(90 + 25), rel=1e-3))
    assert high - expected == pytest.approx(expected - low)


def test_windows_that_are_forecast_worse_than_chance_widen_it():
    """Six cut-offs with 5% of 2,000 leaving, and six with 4% and 6%: log rates differ by .2 about their mean.

    The level is that of one window and the next one is another, so the doubt of both counts.
    """
    at = np.repeat(np.arange(6), 2000)
    place = np.tile(np.arange(2000), 6)

    def of(shares):
        customers = Customers(
            features=pd.DataFrame({"a": np.zeros(12000)}),
            left=place < 2000 * np.array(shares)[at],
            ids=place,
            snapshots=at,
            dropped={},
            weights=np.ones(12000),
        )
        return level_of(forecast_windows(customers, "base_rate", random_seed=1), customers.part(at == 4)).error

    assert of([0.05] * 6) == pytest.approx(0.1)
    assert of([0.04, 0.06] * 3) == pytest.approx(np.sqrt(1 / 80 + 2 * 0.2**2), rel=0.15)


def test_windows_of_equal_expectations_say_nothing_of_a_movement_and_leave_its_doubt_finite():
    """Twelve windows of 1,000, 4% of whom leave by chance, forecast by their mean: no movement was ever expected.

    Their sum over two windows is known to 1/√80, months differ by chance alone; of a movement to today any part may
    hold, and the last of them takes it in full: its error is at most 1/√3 of the movement.
    """
    random = np.random.default_rng(3)
    at, left = np.repeat(np.arange(12), 1000), random.random(12000) < 0.04
    customers = Customers(
        features=pd.DataFrame({"a": np.zeros(12000)}),
        left=left,
        ids=np.tile(np.arange(1000), 12),
        snapshots=at,
        dropped={},
        weights=np.ones(12000),
    )
    level = level_of(forecast_windows(customers, "base_rate", random_seed=1), customers.part(at >= 10))
    today = np.full(1000, level.rate * 1.2)
    assert level.holds_error <= 1 / np.sqrt(3) + 1e-12
    assert level.error_of(today) <= np.hypot(level.error, np.log(1.2) / np.sqrt(3)) + 1e-12
    assert level.check() is None
    p = level.settled(today)
    found = scored(np.arange(1000), p, Alike.among(p, left[:1000]), None, level_error=level.error_of(today))
    _, low, high = found.leavers()
    assert low < 40 < high
    assert high - low < 6 * np.sqrt(40)  # chance alone makes 3.3 √40


@pytest.mark.parametrize("real", [True, False])
def test_a_movement_of_the_mean_risk_holds_as_far_as_it_has_held(real):
    """A tenth or two fifths of the customers show a sign, in turn: of leaving, or for four in five of nothing new.

    Where the sign means the same in every month, all of the movement holds. Where in busy months only as many leave as
    in quiet ones, none of it does, and the number of leavers stays what it was.
    """
    random = np.random.default_rng(1)
    share = np.array([0.1, 0.4] * 5)
    at = np.repeat(np.arange(10), 4000)
    sign = random.random(40000) < share[at]
    risk = np.where(sign, 0.2, 0.02) if real else np.where(sign, (0.0065 / share + 0.02)[at], 0.02)
    customers = Customers(
        features=pd.DataFrame({"sign": sign.astype(float)}),
        left=random.random(40000) < risk,
        ids=np.arange(40000),
        snapshots=at,
        dropped={},
        weights=np.ones(40000),
    )
    level = level_of(forecast_windows(customers, "boosted", random_seed=1), customers.part(at == 8))
    today = np.where(random.random(4000) < 0.4, 0.2, 0.02)
    settled = level.settled(today)
    if real:
        assert level.holds > 0.9
        assert settled.sum() == pytest.approx(today.sum(), rel=0.08)
    else:
        assert level.holds < 0.2
        assert settled.sum() == pytest.approx(4000 * level.rate, rel=0.25)
    order = np.argsort(today, kind="stable")
    assert (np.diff(settled[order]) >= 0).all()  # ranks stay
    assert (level.settled(today[:500]) == today[:500]).all()  # of so few, the mix may be another


@pytest.mark.parametrize("count", [4, 6, 12])
def test_a_perfect_forecast_holds_in_full(count):
    """What is expected is what left: all of a movement holds, however few windows there are."""
    left = 500 * np.exp(np.random.default_rng(count).normal(0, 0.2, count))
    windows = pd.DataFrame({"left": left, "expected": left, "usual": (left.sum() - left) / (count - 1)})
    someone = Customers(
        features=pd.DataFrame({"a": [0, 1]}),
        left=np.array([True, False]),
        ids=np.arange(2),
        snapshots=np.zeros(2),
        dropped={},
        weights=np.ones(2),
    )
    assert level_of(windows, someone).holds == pytest.approx(1.0)


def test_a_level_is_kept_with_the_forecast():
    level = Level(rate=0.05, customers=2000, holds=0.5, error=0.1, holds_error=0.2, windows=9)
    doubled = np.full(2000, 0.1)
    assert level.settled(doubled) == pytest.approx(0.1 / np.sqrt(2))  # half of the doubling, in logs
    assert level.error_of(doubled) == pytest.approx(np.hypot(0.1, 0.2 * np.log(2)))
    assert "50%" in level.check().message
