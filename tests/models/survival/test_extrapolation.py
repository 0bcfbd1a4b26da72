import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_forecasts_at_renewals import contracts

from workbench.findings import Check
from workbench.models.survival.extrapolation.overall import extrapolate


def world(size=1500, shape=1.5, seed=1, late=False):
    random = np.random.default_rng(seed)
    life = 40 * random.weibull(shape, size)
    entry = np.where(random.random(size) < 0.5, random.uniform(0, 20, size), 0.0) if late else np.zeros(size)
    cut = entry + random.uniform(5, 36, size)
    rows = pd.DataFrame(
        {"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut, "entry": entry}
    )
    return rows[life > entry]


@pytest.mark.parametrize("late", [False, True])
def test_the_true_form_is_carried_on(late):
    told = extrapolate(world(late=late))
    truth = np.exp(-((told.until / 40) ** 1.5))
    row = told.table.set_index("family").loc["Weibull"]
    assert row["survival"] == pytest.approx(truth, abs=0.08)
    assert row["off"] < 0.05
    assert row["aic"] <= told.table["aic"].min() + 10
    assert set(told.table["family"]) >= {"Weibull", "log-normal", "log-logistic", "spline"}


def test_it_is_an_assumption_and_drawn_apart():
    told = extrapolate(world())
    (finding,) = told.findings()
    assert finding.evidence == "assumed"
    assert finding.interval[0] <= finding.estimate <= finding.interval[1]
    assert "Nobody has been seen that long" in finding.statement
    assert told.checks()[0].status == "pass"
    solid, dashed = told.plot().lines[:2]
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert max(solid.get_xdata()) <= told.reach <= min(dashed.get_xdata())
    assert (np.diff(told.curves.drop(columns="time"), axis=0) <= 1e-9).all()
    assert told.curves.drop(columns="time").iloc[0].nunique() == 1


def test_few_leavers_are_not_carried_on():
    assert extrapolate(world(60)) is None
    assert extrapolate(world(200).assign(event=False)) is None


def test_another_unit_changes_only_the_unit():
    rows = world(800)
    months, days = (extrapolate(rows.assign(duration=rows["duration"] * factor)) for factor in (1, 30))
    first, second = (each.table.set_index("family").loc["Weibull"] for each in (months, days))
    assert first["survival"] == pytest.approx(second["survival"], abs=1e-3)
    assert days.until == pytest.approx(30 * months.until)


def some_never_leave(seed, size=1500, never=0.4):
    """Lifetimes of 14 months on average, of those who leave at all; followed for up to three years."""
    random = np.random.default_rng(seed)
    life = np.where(random.random(size) < never, np.inf, random.exponential(14, size))
    cut = random.uniform(2, 36, size)
    return pd.DataFrame({"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut})


@pytest.fixture(scope="module")
def cured():
    return extrapolate(some_never_leave(1))


def test_the_range_holds_those_who_never_leave(cured):
    """Of 100 customers 40 never leave, and 60 exp(-until / 14) are left of the others."""
    told = cured
    truth = 0.4 + 0.6 * np.exp(-told.until / 14)
    (finding,) = told.findings()
    assert finding.interval[0] <= truth <= finding.interval[1]
    assert finding.estimate == pytest.approx(truth, abs=0.1)
    assert "mixture cure" in told.best


def test_a_family_that_failed_its_test_leads_no_finding_and_widens_no_range(cured):
    told = cured
    failed = dataclasses.replace(told, table=told.table.assign(off=0.2, counts=False))
    assert failed.findings() == ()
    assert failed.checks()[0].status == "warn"
    assert "nothing is said beyond the data" in failed.checks()[0].message
    assert len(failed.plot().lines) == 2  # what was observed, and where it ends
    wrong = told.table.assign(survival=np.where(told.table["counts"], told.table["survival"], 0.99))
    assert dataclasses.replace(told, table=wrong).findings()[0].interval == told.findings()[0].interval


def test_where_everybody_leaves_the_family_of_some_who_never_do_widens_no_range():
    """Two reasons at constant rates: its normal approximation gave 2% to 45%, more than are there at the data's end."""
    random = np.random.default_rng(206)
    price = np.where(random.random(1500) < 0.5, 1 / 15, 1 / 60)
    life, cut = random.exponential(1 / (price + 1 / 40)), random.uniform(2, 36, 1500)
    rows = pd.DataFrame({"customer_id": range(1500), "duration": np.minimum(life, cut), "event": life <= cut})
    told = extrapolate(rows, without=["generalised gamma", "spline"])
    (finding,) = told.findings()
    truth = (np.exp(-told.until * (1 / 15 + 1 / 40)) + np.exp(-told.until * (1 / 60 + 1 / 40))) / 2
    assert finding.interval[0] <= truth <= finding.interval[1] < 0.12


def test_nothing_is_said_of_all_where_only_some_could_be_followed_so_long(cured):
    """Half stay five years and are followed for a year; the end of the curve is that of the others (.000 for .12)."""
    doubt = (Check(name="curve_of_all_customers", status="warn", message="Apart."),)
    assert cured.findings(doubt=doubt) == ()
    assert "not that of all customers" in cured.title(doubt=doubt)
    sure = (dataclasses.replace(doubt[0], status="pass"),)
    assert cured.findings(doubt=sure) == cured.findings()
    assert cured.title(doubt=sure) == cured.title()


@pytest.mark.parametrize("term", [12, 24])
def test_a_curve_with_cliffs_is_carried_on_from_renewal_to_renewal(term):
    """The chance of leaving is 0.28 at each renewal and 0.001 a month between."""
    told = extrapolate(contracts(3000, term=term, follow=46 if term == 12 else 90))
    renewals = round(told.until / term)
    assert told.until == pytest.approx(renewals * term)
    truth = 0.72**renewals * np.exp(-0.001 * told.until)
    (finding,) = told.findings()
    assert finding.interval[0] <= truth <= finding.interval[1]
    assert finding.estimate == pytest.approx(truth, abs=0.04)
    assert "from renewal to renewal" in told.checks()[0].message
