import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_recalibrated import shifted
from tests.models.survival.test_spells import END

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.backtest import backtest
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions

DAY = pd.Timestamp("2025-01-01")


def told(spells, **more):
    standard = fit_cox(spells.frame, ["plan"])
    return backtest(fit_cox(spells.until(DAY), ["plan"]), spells, DAY, standard=standard, **more)


def test_a_higher_rate_in_the_last_period_is_found_with_its_size():
    said = told(shifted(6000, 3, factor=1.7), confidence=0.99)
    assert said.ratio[1] < 1.7 < said.ratio[2]
    assert said.ratio[1] > 1.3
    statement = said.findings()[1].statement
    assert "no clear change" not in statement
    assert said.metrics()["rate_ratio"] == said.ratio[0]


def test_a_base_that_grows_older_is_no_change_though_fewer_leave():
    """Nobody joins in the last year, and hazards fall with tenure: the crude rate falls, that of a tenure does not."""
    random = np.random.default_rng(4)
    size = 8000
    start = pd.Timestamp("2022-06-01") + pd.to_timedelta(random.integers(0, 940, size), unit="D")
    life = 12 * random.weibull(0.6, size)
    end = (start + pd.to_timedelta(life * 365.25 / 12, unit="D")).floor("D")
    rows = pd.DataFrame(
        {
            "customer_id": range(size),
            "start": start,
            "end": pd.Series(end).where(end < END),
            "plan": random.choice(["a", "b"], size),
        }
    )
    said = told(from_subscriptions(rows, as_of=END.date()))
    before, last = said.change["rate"]
    assert last < 0.75 * before
    assert said.ratio[1] < 1 < said.ratio[2]
    assert "no clear change" in said.findings()[1].statement


def test_the_expected_numbers_of_both_periods_are_those_of_the_standard():
    spells = shifted(3000, 5, factor=1.0)
    said = told(spells)
    end = spells.frame["begin"] + pd.to_timedelta(spells.frame["duration"] * 365.25 / 12, unit="D")
    left = spells.frame["event"]
    periods = ((pd.Timestamp("2024-01-02"), DAY), (DAY, END))
    seen = [int((left & (end > begin) & (end < until)).sum()) for begin, until in periods]
    assert said.change["leavers"].to_numpy() == pytest.approx(seen, abs=5)  # a few ended on a first day
    assert said.change["expected"].to_numpy() == pytest.approx(said.change["leavers"].to_numpy(), rel=0.15)
