"""Within what arms are compared: starts taken together by the calendar, small strata by their chance."""

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.definitions.design import Design
from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import difference
from workbench.models.trials.within import start_bands, strata_of

LOT = Design(assignment="randomised", control="none", probability=0.6)


def rows(treated, **columns):
    return pd.DataFrame({"arm": np.where(treated, "mail", "none"), **columns})


def told(values, table, design):
    return difference(
        Sample(values=values, treated=(table["arm"] == "mail").to_numpy(), stratum=strata_of(table, design))
    )


@pytest.mark.parametrize(("a_day", "by"), [(10, "W"), (1, "M"), (40, "D")])
def test_starts_day_by_day_are_taken_together_until_arms_can_be_compared(a_day, by):
    """No effect; customers of the second half spend 10 more, and 90% of them are treated, of the first 30%."""
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(182), a_day)
    treated = rng.random(len(day)) < np.where(day < 91, 0.3, 0.9)
    table = rows(treated, start=pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D"))
    values = rng.normal(50, 10, len(day)) + 10 * (day >= 91)
    assert start_bands(table, LOT)[1] == by
    found = told(values, table, LOT)
    raw = difference(Sample(values=values, treated=treated))
    assert found.n > 0.95 * len(day)  # days of one arm are left out
    assert raw.lower > 2
    assert found.lower < 0 < found.upper


def test_a_start_of_one_arm_is_not_compared_with_others():
    """200 of each in March; in June 200 who all got it, and spend 50 more: no chance decided that."""
    table = rows(np.arange(600) % 2 == 0, start="2024-03-01")
    table.loc[400:, ["arm", "start"]] = ["mail", "2024-06-01"]
    values = np.random.default_rng(4).normal(size=600) + np.where(np.arange(600) >= 400, 50, 0)
    found = told(values, table, LOT)
    assert found.n == 400
    assert abs(found.estimate) < 3 * found.se


def test_small_strata_of_one_chance_are_taken_together():
    """500 shops of 12 and 5 of 800, 95 : 5; the effect is 6 in small shops and 0 in large ones: 3.6 of all."""
    rng = np.random.default_rng(6)
    shop = np.append(np.repeat(np.arange(500), 12), 500 + np.repeat(np.arange(5), 800))
    treated = rng.random(10_000) < 0.95
    table = rows(treated, shop=shop)
    design = Design(assignment="stratified", control="none", probability=0.95, strata=("shop",))
    assert len(set(strata_of(table, design))) == 6
    found = told(rng.normal(50, 5, 10_000) + 6.0 * (shop < 500) * treated, table, design)
    assert found.n == 10_000
    assert found.estimate == pytest.approx(3.6, abs=3 * found.se)
    assert found.se < 0.3


def test_strata_of_other_chances_stay_apart():
    """Shops of 6 dealt 5 : 1 or 1 : 5, of which the first spend 100 more: taken together within their chance alone."""
    rng = np.random.default_rng(7)
    shop = np.repeat(np.arange(80), 6)
    chance = np.where(shop < 40, 5 / 6, 1 / 6)
    treated = rng.random(480) < chance
    table = rows(treated, shop=shop, chance=chance)
    design = Design(assignment="stratified", control="none", probability="chance", strata=("shop",))
    found = told(rng.normal(size=480) + 100 * (shop < 40), table, design)
    assert len(set(strata_of(table, design))) == 2
    assert found.n == 480
    assert abs(found.estimate) < 3 * found.se < 1
