"""Effects are drawn with their own spread, and those of the same customers together."""

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.models.trials.estimates import Sample, draw_together, table
from workbench.models.trials.estimates.estimate import from_error


def known(**more):
    return from_error(1.0, 0.5, **{"confidence": 0.9, "kind": "robust", "n": 50, "units": 50} | more)


def test_draws_have_the_spread_of_the_interval():
    found = known(df=8)
    draws = found.draws(40_000, random_seed=1)
    assert np.quantile(draws, [0.05, 0.95]) == pytest.approx([found.lower, found.upper], abs=0.02)


def test_outcomes_of_the_same_customers_move_together():
    influence = np.random.default_rng(1).normal(size=(3, 400))
    influence[1] = 0.8 * influence[0] + 0.6 * influence[1]
    found = draw_together([known(influence=each) for each in influence], 20_000, random_seed=2)
    seen = np.corrcoef(found.T)
    assert seen[0, 1] == pytest.approx(np.corrcoef(influence)[0, 1], abs=0.05)
    assert seen[0, 2] == pytest.approx(0, abs=0.08)


def test_a_table_has_a_row_an_estimate():
    found = table([known().named(arm="call", month=3, evidence="experimental"), known()])
    assert found["month"].tolist()[0] == 3
    assert found["month"].isna().tolist() == [False, True]
    assert found["evidence"].tolist() == ["experimental", "associational"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"treated": np.zeros(100, bool)}, "Nobody to compare: 0 treated customers and 100"),
        ({"treated": np.arange(100) < 3}, "Too few to compare: 3 treated"),
        ({"values": np.full(100, 7.0)}, "same outcome"),
        ({"unit": np.arange(100) % 2}, "One unit an arm"),
    ],
)
def test_what_cannot_be_compared_is_said(changed, said):
    known = {"values": np.arange(100.0), "treated": np.arange(100) % 2 == 0} | changed
    with pytest.raises(DataError, match=said):
        Sample(**known).usable()


def test_rows_without_outcome_are_left_out():
    values = np.arange(100.0)
    values[:10] = np.nan
    strata = np.array(["a", None] * 50, dtype=object)
    assert len(Sample(values=values, treated=np.arange(100) % 4 < 2).usable().values) == 90
    assert len(Sample(values=values, treated=np.arange(100) % 4 < 2, stratum=strata).usable().values) == 45
