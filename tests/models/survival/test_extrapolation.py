import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.extrapolation import extrapolate


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
    assert "nobody has been seen that long" in finding.statement
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
