import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.models.survival.lifetimes.purchases import from_transactions, pauses, usual_pause
from workbench.models.survival.lifetimes.read import read_lifetimes

START = pd.Timestamp("2025-01-01")


def buys(customer, *days, amount=10.0):
    return pd.DataFrame(
        {"customer_id": customer, "timestamp": START + pd.to_timedelta(days, unit="D"), "amount": amount}
    )


def world(size=600, seed=1, days=360):
    """Everyone buys about every week until they stop for ever, at a rate of one in a hundred a day."""
    random = np.random.default_rng(seed)
    parts = []
    for place in range(size):
        begin = random.choice([0, random.integers(0, days - 30)])
        stop = begin + random.exponential(200)
        times = begin + np.append(0, random.exponential(7, 80).cumsum())
        parts.append(buys(f"c{place}", *times[(times < min(stop, days))]))
    return pd.concat(parts, ignore_index=True)


def test_the_usual_pause_weighs_customers_alike_and_is_whole_weeks():
    rows = pd.concat([buys("a", *range(0, 100)), buys("b", 0, 30)])
    rows["day"] = rows["timestamp"]
    assert usual_pause(pauses(rows), 0.5) == 7
    assert usual_pause(pauses(rows), 0.9) == 35
    with pytest.raises(DataError, match="nobody who bought on two days"):
        usual_pause(pauses(rows[rows["timestamp"] == START]))


def test_a_lapse_is_the_last_purchase_plus_the_pause_and_the_first_one_counts():
    rows = pd.concat(
        [
            buys("regular", *range(0, 360, 10)),
            buys("gone", 40, 60),
            buys("back", 40, 60, 200, 210),
            buys("new", 340),
            buys("early", 0),  # lapsed before the burn-in ended: never seen at risk
            buys("refunded", 50, amount=-5.0),
        ]
    )
    made = from_transactions(rows, lapse_days=30, as_of=dt.date(2025, 12, 27))
    lifetimes = made.spells.frame.set_index("customer_id")
    assert sorted(lifetimes.index) == ["back", "gone", "new", "regular"]
    for who in ("gone", "back"):  # clock from the first purchase at 40, last before the pause at 60
        assert lifetimes.loc[who, "event"]
        assert lifetimes.loc[who, "duration"] == pytest.approx(1 + 22 / 31)  # 10 February to 1 April
    assert not lifetimes.loc[["regular", "new"], "event"].any()
    assert lifetimes.loc["regular", "customer_before"]
    assert lifetimes.loc["regular", "begin"] == START + pd.Timedelta(days=30)
    assert lifetimes.loc["regular", "purchases_so_far"] == 4
    row = made.sensitivity.set_index("days").loc[30]
    assert row["n_lapsed"] == 3  # whoever ever lapsed, also before the burn-in ended
    assert row["came_back"] == pytest.approx(1 / 3)
    assert "lapsed" in made.findings()[0].statement


def test_the_time_chosen_is_shown_and_varied_and_it_is_called_lapse():
    made = from_transactions(world())
    assert made.chosen
    assert list(made.sensitivity["days"]) == sorted(made.sensitivity["days"])
    assert made.days in list(made.sensitivity["days"])
    assert made.sensitivity["lapsed"].is_monotonic_decreasing
    names = [check.name for check in made.spells.checks]
    assert names == ["lapse_is_no_churn", "customers_before_records"]
    assert made.spells.lapse


def test_scrambling_what_comes_later_changes_nothing_known_when_the_clock_starts():
    rows = world(80)
    made = from_transactions(rows, lapse_days=30).spells.frame.set_index("customer_id")
    later = rows["timestamp"] > START + pd.Timedelta(days=200)
    moved = from_transactions(rows.assign(amount=rows["amount"].where(~later, 99.0)), lapse_days=30)
    moved = moved.spells.frame.set_index("customer_id")
    early = made.index[made["begin"] < START + pd.Timedelta(days=200)]
    pd.testing.assert_frame_equal(
        made.loc[early, ["purchases_so_far", "amount_so_far"]], moved.loc[early, ["purchases_so_far", "amount_so_far"]]
    )


def test_faults_say_what_was_expected():
    with pytest.raises(ParameterError, match="lapse_days: got 200"):
        from_transactions(world(50), lapse_days=200)
    with pytest.raises(DataError, match="no purchases"):
        from_transactions(buys("a", 1, amount=-1.0))
    with pytest.raises(DataError, match=r"transactions\.amount"):
        from_transactions(buys("a", 1).drop(columns="amount"))


def test_lives_come_from_whichever_table_there_is():
    lifetimes = pd.DataFrame(
        {"customer_id": [1, 2], "duration": [3.0, 40.0], "event": [True, False], "use": [1.0, 2.0]}
    )
    plain = read_lifetimes("lifetimes", lifetimes, time_unit="months", labels={"use": "Use"})
    assert (plain.time_unit, plain.time_units, plain.covariates) == ("month", "months", ["use"])
    assert plain.spells is plain.lapse is None
    (check,) = plain.checks
    assert check.name == "assumed_without_dates"
    assert "everybody was followed from day one" in check.message
    assert "Attributes (Use) are assumed constant" in check.message
    assert plain.usual_horizons() == [6, 12, 24, 36]
    customers = pd.DataFrame({"customer_id": ["c1"], "region": ["north"], "first_seen": [START]})
    bought = read_lifetimes("transactions", world(100), customers=customers)
    assert bought.covariates == ["customer_before", "purchases_so_far", "amount_so_far", "region"]
    assert "attributes_as_of_extract" in [check.name for check in bought.checks]
    told = read_lifetimes("transactions", world(100), customers=customers, constant=["region"])
    assert "attributes_as_of_extract" not in [check.name for check in told.checks]
    assert bought.known_segments(["region", "nothing"], None) == ("region",)


def test_horizons_are_usual_ones_in_the_unit_of_the_data():
    lifetimes = pd.DataFrame({"customer_id": range(30), "duration": np.linspace(1, 800, 30), "event": True})
    years = lifetimes.assign(duration=lifetimes["duration"] / 800)
    assert read_lifetimes("lifetimes", lifetimes, time_unit="days").usual_horizons() == [91, 183, 365, 730]
    assert read_lifetimes("lifetimes", years, time_unit="years").usual_horizons() == pytest.approx([1 / 12, 0.25, 0.5])


def cohort(seed=1, size=600):
    """All join in the first month of the records and buy about every week until they stop, at one in 120 days."""
    random = np.random.default_rng(seed)
    parts = []
    for place in range(size):
        begin, stop = random.integers(0, 30), random.exponential(120)
        times = begin + np.append(0, np.cumsum(1 + random.exponential(6, 80)))
        parts.append(buys(f"c{place}", *times[(times - begin < stop) & (times < 360)]))
    return pd.concat(parts, ignore_index=True)


def test_a_cohort_that_joined_as_the_records_began_can_be_said_to_be_new():
    rows = cohort()
    default = from_transactions(rows, lapse_days=28)
    check = next(check for check in default.spells.checks if check.name == "customers_before_records")
    assert check.status == "warn"
    assert "burn_in_days=0" in check.message
    assert default.spells.frame["customer_before"].mean() > 0.9
    first_seen = rows.groupby("customer_id")["timestamp"].min().dt.normalize()
    for made in (
        from_transactions(rows, lapse_days=28, burn_in_days=0),
        from_transactions(rows, lapse_days=28, first_seen=first_seen),
    ):
        lifetimes = made.spells.frame
        assert len(lifetimes) == 600
        assert not lifetimes["customer_before"].any()
        assert (lifetimes["begin"] == first_seen[lifetimes["customer_id"]].to_numpy()).all()
    before = first_seen - pd.Timedelta(days=100)
    made = from_transactions(rows, lapse_days=28, first_seen=before)
    assert made.spells.frame["customer_before"].mean() > 0.9
