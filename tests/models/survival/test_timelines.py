import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.lifetimes.timelines import Timeline


def test_only_what_came_before_is_known():
    history = pd.DataFrame({"customer_id": ["a"] * 3, "time": [0.5, 1.0, 1.5], "value": [1.0, 2.0, 3.0]})
    at = pd.Series(["a"] * 3), np.array([0.0, 1.0, 2.0])
    assert Timeline(history, "use").before(*at).tolist() == pytest.approx([np.nan, 1.0, 3.0], nan_ok=True)
    later = history.assign(value=[1.0, 2.0, 99.0], time=[0.5, 1.0, 2.0])
    assert Timeline(later, "use").before(*at).tolist() == pytest.approx([np.nan, 1, 2], nan_ok=True)
    nobody = Timeline(history.iloc[:0], "use").before(*at)
    assert np.isnan(nobody).tolist() == [True] * 3
    with pytest.raises(DataError, match="history of 'use'"):
        Timeline(history.drop(columns="time"), "use")


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_pandas_finds(seed):
    """Beside its own join as of a time; of values that became known together the last row counts."""
    random = np.random.default_rng(seed)
    history = pd.DataFrame(
        {
            "customer_id": random.choice([f"c{each}" for each in range(30)], 300),
            "time": np.where(random.random(300) < 0.05, np.nan, random.integers(-4, 40, 300) / 4),
            "value": np.where(random.random(300) < 0.1, np.nan, random.normal(0, 1, 300)),
        }
    )
    rows = pd.DataFrame(
        {"customer_id": [f"c{each}" for each in random.integers(0, 40, 500)], "tenure": random.integers(0, 48, 500) / 4}
    )
    found = pd.merge_asof(
        rows.reset_index().sort_values("tenure", kind="stable"),
        history.dropna(subset="time").sort_values("time", kind="stable"),
        left_on="tenure",
        right_on="time",
        by="customer_id",
        allow_exact_matches=False,
    )
    expected = found.sort_values("index")["value"].to_numpy()
    np.testing.assert_array_equal(Timeline(history, "x").before(rows["customer_id"], rows["tenure"]), expected)
