from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_lapse import world as buyers

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.active_customers import active, draws_of, forecast, one_population, remaining
from workbench.models.survival.forecast.draws import read_draws
from workbench.models.survival.lifetimes.purchases import from_transactions
from workbench.models.survival.lifetimes.read import read_lifetimes


def lifetimes(unit="months", scale=1.0):
    random = np.random.default_rng(1)
    size = 1500
    plan = random.choice(["a", "b"], size)
    life = random.exponential(np.where(plan == "a", 20, 60))
    followed = random.uniform(1, 48, size)
    rows = pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "duration": np.minimum(life, followed) * scale,
            "event": life <= followed,
            "plan": plan,
        }
    )
    return read_lifetimes("lifetimes", rows, time_unit=unit)


def test_without_dates_those_not_seen_to_leave_are_foretold_and_it_is_said_that_this_is_taken_for_granted():
    made = lifetimes()
    model = fit_cox(made.frame, ["plan"])
    told = forecast(model, made)
    assert set(told.table["customer_id"]) == set(made.frame.loc[~made.frame["event"], "customer_id"])
    assert sorted(told.table["horizon"].unique()) == [1, 3, 6, 12, 24]
    assert told.ahead == 3
    plan = active(made)["plan"].to_numpy()
    truth = np.where(plan == "a", 1 - np.exp(-3 / 20), 1 - np.exp(-3 / 60)).sum()
    assert told.interval[0] < truth < told.interval[1]
    assert [check.name for check in told.checks()] == ["customers_beyond_data", "active_when_last_seen"]
    assert set(told.by(["plan"])["segment"]) == {"", "plan"}


def test_the_unit_of_the_data_changes_nothing_but_the_unit():
    weekly = 365.25 / 12 / 7
    month, week = lifetimes(), lifetimes("weeks", weekly)
    one = forecast(fit_cox(month.frame, ["plan"]), month, horizons=[3])
    other = forecast(fit_cox(week.frame, ["plan"], time_unit="week"), week, horizons=[3 * weekly])
    assert one.table["survival"].to_numpy() == pytest.approx(other.table["survival"].to_numpy(), rel=1e-9)
    assert forecast(fit_cox(week.frame, ["plan"], time_unit="week"), week).ahead == 13
    assert "13 weeks" in forecast(fit_cox(week.frame, ["plan"], time_unit="week"), week).findings()[0].statement


def test_beyond_the_data_the_number_is_an_assumption_and_worded_as_one():
    made = from_transactions(buyers(300)).spells
    told = forecast(fit_cox(made.frame, []), made, horizons=[9])
    assert told.beyond > 0.2
    (finding,) = told.findings()
    assert finding.evidence == "assumed"
    assert "if the rate goes on" in finding.statement
    assert "lapse" in finding.statement
    assert told.checks()[0].status == "warn"


def test_customers_who_left_and_those_with_a_forecast_are_all_there_are():
    made = lifetimes()
    gaps = made.frame.assign(use=np.where(np.arange(1500) % 3 == 0, np.nan, 1.0 * (np.arange(1500) % 7)))
    made = replace(made, frame=gaps, covariates=["plan", "use"])
    told = forecast(fit_cox(gaps, ["plan", "use"]), made)
    check = one_population(made, told)
    gone = int(gaps["event"].sum())
    assert check.message.startswith(f"1,500 customers count: {gone:,} have gone and {1500 - gone:,} are still there")
    assert (check.status, check.value) == ("pass", 0)
    assert one_population(made, replace(told, customers=told.customers.iloc[3:])).status == "warn"


def test_no_forecast_is_of_nobody_or_of_a_part_of_nobody():
    told = forecast(fit_cox(lifetimes().frame, ["plan"]), lifetimes())
    (finding,) = told.findings()
    most, gone = int(np.ceil(0.1 * len(told.customers))), told.customers["gone"].sort_values(ascending=False)
    assert f"The {most} riskiest account for {100 * gone.iloc[:most].sum() / gone.sum():.1f}%" in finding.statement
    none = replace(told, customers=told.customers.assign(gone=0.0), interval=(0.0, 0.0))
    assert none.findings() == ()
    few = replace(told, customers=told.customers.assign(gone=0.4 / len(told.customers)), interval=(0.0, 1.4))
    (finding,) = few.findings()
    said = f"We expect fewer than one of {len(told.customers)} customers to leave in the next 3 months."
    assert finding.statement == said
    alike = replace(told, customers=told.customers.assign(gone=0.1))
    assert "riskiest" not in alike.findings()[0].statement


def test_time_remaining_is_the_area_under_the_draws():
    made = lifetimes()
    model = fit_cox(made.frame, ["plan"])
    area = remaining(model, made)
    drawn = read_draws(*draws_of(model, made, random_seed=1))
    few = drawn.customers.index[:50]
    curve = drawn.conditional_survival(range(1, 25), few).mean(axis=0)
    by_draws = np.trapezoid(np.column_stack([np.ones(50), curve]), dx=1.0, axis=1)
    assert by_draws == pytest.approx(area["remaining"].to_numpy()[:50], abs=0.3)
