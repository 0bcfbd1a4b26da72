import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.evaluation.validation import evaluate
from workbench.models.survival.cox.cause_specific import fit_cause_specific
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.active_customers import forecast, remaining
from workbench.models.survival.forecast.backtest import backtest
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions

END = pd.Timestamp("2026-01-01")
DAYS_PER_MONTH = 365.25 / 12  # worlds draw their lives in continuous time


def world(size=3000, seed=1, first="2022-01-01"):
    """Dear plans end at .05 a month, cheap ones at .02, four in five for price; everyone from the first day."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp(first) + pd.to_timedelta(random.integers(0, (END - pd.Timestamp(first)).days, size), unit="D")
    dear = random.random(size) < 0.5
    life = random.exponential(1 / np.where(dear, 0.05, 0.02)) * DAYS_PER_MONTH
    end = (start + pd.to_timedelta(life, unit="D")).floor("D")
    return pd.DataFrame(
        {
            "customer_id": [f"c{place:05d}" for place in range(size)],
            "start": start,
            "end": pd.Series(end).where(end < END),
            "end_reason": np.where(end < END, random.choice(["price", "need"], size, p=[0.8, 0.2]), None),
            "plan": np.where(dear, "dear", "cheap"),
            "price": np.where(dear, 30.0, 10.0),
        }
    )


@pytest.fixture(scope="module")
def spells():
    return from_subscriptions(world(), as_of=END.date())


def one(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "start", "end", "end_reason"])
    return from_subscriptions(frame, as_of=dt.date(2026, 1, 1)).frame.set_index("customer_id")


def test_subscriptions_that_follow_each_other_are_one_spell_and_a_return_is_another():
    lifetimes = one(
        ("a", "2024-01-01", "2024-07-01", "change"),
        ("a", "2024-07-10", "2025-01-01", "price"),
        ("b", "2024-01-01", "2024-03-01", "need"),
        ("b", "2025-01-01", None, None),
        ("c", "2024-01-01", None, None),
        ("c", "2024-02-01", "2024-03-01", "extra"),
    )
    assert sorted(lifetimes.index) == ["a", "b", "b (2)", "c"]
    assert lifetimes.loc["a", "duration"] == 12  # a leap year
    assert (lifetimes.loc["a", "reason"], lifetimes.loc["b", "reason"]) == ("price", "need")
    assert not lifetimes.loc["c", "event"]
    assert lifetimes.loc["b (2)", "person"] == "b"


def test_what_ends_after_the_extract_has_not_ended_and_what_begins_after_it_is_left_out():
    frame = pd.DataFrame(
        {"customer_id": ["a", "b"], "start": ["2025-01-01", "2026-02-01"], "end": ["2026-03-01", None]}
    )
    made = from_subscriptions(frame, as_of=dt.date(2026, 1, 1))
    assert made.frame["event"].tolist() == [False]
    assert made.frame["duration"].tolist() == pytest.approx([12], abs=0.01)
    planned, check = made.checks
    assert (planned.name, planned.status, planned.value) == ("planned_ends", "pass", 1)
    assert (check.name, check.status) == ("customers_left_out", "warn")
    assert check.message == "1 count; 50% are left out: 1 subscriptions that begin after the records end."


def test_an_end_on_the_day_of_the_extract_has_come():
    """An end is the first day without: on the morning of the extract the customer is gone."""
    lifetimes = one(("a", "2025-01-01", "2026-01-01", "price"), ("b", "2025-01-01", "2026-01-02", "price"))
    assert lifetimes["event"].to_dict() == {"a": True, "b": False}
    assert lifetimes.loc["a", "duration"] == lifetimes.loc["b", "duration"] == 12


def test_who_ended_first_is_counted_when_the_start_of_the_records_is_guessed():
    """The records begin on the day before the first end: on it, that customer was seen to be there."""
    lifetimes = world(4000, first="2020-01-01")
    kept = lifetimes[~(lifetimes["end"] < pd.Timestamp("2023-01-02"))].copy()
    kept.loc[kept.index[:2], ["start", "end"]] = [pd.Timestamp("2022-06-01"), pd.Timestamp("2023-01-02")]
    made = from_subscriptions(kept, as_of=END.date())
    assert len(made.frame) == len(kept)
    first = made.frame.set_index("customer_id").loc[kept["customer_id"].iloc[:2]]
    assert first["event"].all()
    assert (first["duration"] - first["entry"]).tolist() == pytest.approx([1 / 31] * 2)
    check = next(check for check in made.checks if check.name == "customers_left_out")
    assert (check.status, check.value) == ("pass", 0)


def test_who_had_gone_before_ends_were_recorded_is_counted_out_and_said():
    lifetimes = world(1000, first="2020-01-01")
    day = dt.date(2023, 1, 1)
    made = from_subscriptions(lifetimes, as_of=END.date(), records_since=day)
    gone = int((lifetimes["end"] <= pd.Timestamp(day)).sum())
    check = next(check for check in made.checks if check.name == "customers_left_out")
    assert gone > 10
    assert len(made.frame) == len(lifetimes) - gone
    assert f"{gone} spells that were over before ends were recorded" in check.message
    with pytest.raises(DataError, match="say an earlier records_since"):
        from_subscriptions(lifetimes.dropna(subset=["end"]), as_of=END.date(), records_since=dt.date(2030, 1, 1))


def test_faults_of_subscriptions_are_told_at_once():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "start": ["2025-01-01", None], "end": ["2024-01-01", None]})
    with pytest.raises(DataError) as caught:
        from_subscriptions(frame)
    assert len(caught.value.faults) == 2
    with pytest.raises(DataError, match=r"subscriptions\.end"):
        from_subscriptions(frame.drop(columns="end"))


def test_records_that_begin_late_are_noticed_and_allowed_for():
    lifetimes = world(4000, first="2020-01-01")
    kept = lifetimes[~(lifetimes["end"] < pd.Timestamp("2023-01-01"))]  # earlier leavers were deleted
    made = from_subscriptions(kept, as_of=END.date())
    check = next(check for check in made.checks if check.name == "records_begin")
    assert check.status == "warn"
    model = fit_cox(made.frame, ["plan"])
    two = pd.DataFrame({"customer_id": [0, 1], "plan": ["dear", "cheap"]})
    truth = [np.exp(-0.6), np.exp(-0.24)]
    assert model.predict_survival(two, [12])[12].tolist() == pytest.approx(truth, abs=0.05)
    naive = fit_cox(made.frame.drop(columns="entry"), ["plan"]).predict_survival(two, [12])[12]
    assert naive.iloc[0] > truth[0] + 0.1
    said = from_subscriptions(kept, as_of=END.date(), records_since=dt.date(2023, 1, 1))
    assert next(check for check in said.checks if check.name == "records_begin").status == "pass"
    assert not any(check.name == "records_begin" for check in from_subscriptions(lifetimes, as_of=END.date()).checks)


def test_nothing_of_the_future_is_known_on_an_earlier_day(spells):
    day = pd.Timestamp("2025-01-01")
    earlier = world()
    earlier.loc[earlier["end"] > day, ["end", "end_reason"]] = None
    earlier = from_subscriptions(earlier[earlier["start"] < day], as_of=day.date()).frame
    pd.testing.assert_frame_equal(
        spells.until(day).reset_index(drop=True), earlier.reset_index(drop=True), check_dtype=False
    )
    after = spells.after(day)
    assert (after["entry"] <= after["duration"]).all()
    assert set(after["customer_id"]) == set(earlier.loc[~earlier["event"], "customer_id"])


def test_a_cutoff_outside_the_records_is_refused(spells):
    assert spells.cutoff() == pd.Timestamp("2025-01-01")
    assert spells.cutoff(dt.date(2024, 5, 1)) == pd.Timestamp("2024-05-01")
    for wrong in (dt.date(2021, 1, 1), dt.date(2026, 1, 1)):
        with pytest.raises(ParameterError, match="cutoff: got"):
            spells.cutoff(wrong)


def test_a_right_model_is_found_right_out_of_time(spells):
    day = spells.cutoff()
    train = spells.until(day)
    model = fit_cox(train, ["plan"])
    judged = evaluate(model, spells.after(day), [3, 6], train=train, since="2025-01-01")
    status = {check.name: check.status for check in judged.checks()}
    assert status["out_of_time"] == "pass"
    assert status["calibration_6"] in ("pass", "warn")
    assert judged.metrics()["ici_6"] < 0.05
    assert judged.metrics()["integrated_brier"] < judged.metrics()["integrated_brier_km"]


def test_the_forecast_of_the_last_period_holds_what_happened(spells):
    day = spells.cutoff()
    predicted = backtest(fit_cox(spells.until(day), ["plan"]), spells, day)
    row = predicted.table.set_index("what").loc["customers"]
    assert row["lower"] < row["actual"] < row["upper"]
    there = spells.after(day)
    gone = 1 - np.exp(-12 * np.where(there["plan"] == "dear", 0.05, 0.02))
    assert row["expected"] == pytest.approx(gone.sum(), rel=0.07)
    assert predicted.table.set_index("what").loc["revenue", "actual"] == there.loc[there["event"], "price"].sum()
    assert [finding.id for finding in predicted.findings()] == ["forecast_and_actual", "change_of_rate"]
    assert predicted.ratio[1] < predicted.ratio[0] < predicted.ratio[2]


def test_a_jump_of_the_rate_is_noticed():
    lifetimes = world(4000)
    late = lifetimes["end"].isna() & (np.arange(len(lifetimes)) % 3 == 0) & (lifetimes["start"] < "2025-01-01")
    lifetimes.loc[late, "end"], lifetimes.loc[late, "end_reason"] = pd.Timestamp("2025-11-01"), "price"
    spells = from_subscriptions(lifetimes, as_of=END.date())
    predicted = backtest(fit_cox(spells.until(spells.cutoff()), ["plan"]), spells, spells.cutoff())
    assert predicted.checks()[0].status == "warn"
    assert "something has changed" in predicted.findings()[0].statement
    assert predicted.ratio[1] > 1


@pytest.mark.parametrize("fit", [fit_cox, fit_cause_specific])
def test_everybody_on_board_is_foretold_from_today_on(spells, fit):
    predicted = forecast(fit(spells.frame, ["plan"]), spells)
    active = spells.active()
    assert set(predicted.table["customer_id"]) == set(active["person"])
    assert sorted(predicted.table["horizon"].unique()) == [1, 3, 6, 12, 24]
    known = predicted.table
    assert (known["lower"] <= known["survival"]).all()
    assert (known["survival"] <= known["upper"]).all()
    truth = np.exp(-3 * np.where(predicted.customers["plan"] == "dear", 0.05, 0.02))
    assert np.abs(1 - predicted.customers["gone"] - truth).mean() < 0.02
    assert predicted.interval[0] < (1 - truth).sum() < predicted.interval[1]
    by = predicted.by(["plan"])
    assert by["group"].tolist() == ["all customers", "dear", "cheap"]
    assert by["expected"].iloc[0] == pytest.approx(by["expected"].iloc[1:].sum())
    assert "riskiest account for" in predicted.findings()[0].statement


def test_a_price_that_is_known_counts_the_revenue_and_time_in_another_unit_changes_nothing(spells):
    model = fit_cox(spells.frame, ["plan"])
    days = spells.frame.assign(duration=lambda rows: rows["duration"] * DAYS_PER_MONTH)
    again = fit_cox(days, ["plan"], time_unit="day")
    rows = spells.active().head(20)
    tenure = rows["duration"].to_numpy()
    first = model.conditional_survival(rows, tenure, [3, 12])
    second = again.conditional_survival(rows, tenure * DAYS_PER_MONTH, [3 * DAYS_PER_MONTH, 12 * DAYS_PER_MONTH])
    for column in ("survival", "lower", "upper"):
        assert first[column].to_numpy() == pytest.approx(second[column].to_numpy(), nan_ok=True)


def test_the_time_still_to_come_is_that_of_the_truth(spells):
    predicted = remaining(fit_cox(spells.frame, ["plan"]), spells, within=12)
    rate = np.where(spells.active()["plan"] == "dear", 0.05, 0.02)
    assert np.abs(predicted["remaining"] - (1 - np.exp(-12 * rate)) / rate).mean() < 0.3
    assert (predicted["lower"] <= predicted["remaining"]).all()
    assert (predicted["remaining"] <= predicted["upper"]).all()
