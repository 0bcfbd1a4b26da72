"""Customers whose risks are known, and packaged ones."""

import numpy as np
import pandas as pd
from scipy.special import expit

from workbench.datasets.reading import packaged


def drawn(size=6000, *, seed=1, snapshots=0, rate=-2.2, curved=True):
    """`risk` is true; `usage`, `gap` and `plan` matter, `noise` and `colour` do not; some values are missing."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "usage": random.normal(size=size),
            "gap": random.gamma(2, 10, size),
            "plan": random.choice(["basic", "plus", "pro"], size, p=[0.5, 0.3, 0.2]),
            "noise": random.normal(size=size),
            "colour": random.choice(["red", "blue"], size),
        }
    )
    margin = rate - 0.8 * frame["usage"] + 0.03 * (frame["gap"] - 20) + 0.9 * (frame["plan"] == "basic")
    if curved:
        margin += 1.4 * ((frame["usage"] < 0) & (frame["gap"] > 25)) - 1.2 * (frame["usage"].abs() < 0.5)
    frame["risk"] = expit(margin)
    frame["left"] = (random.random(size) < frame["risk"]).astype(int)
    frame.loc[random.random(size) < 0.05, "usage"] = np.nan
    frame.loc[random.random(size) < 0.05, "plan"] = None
    frame["customer_id"] = np.arange(size) // max(snapshots, 1)
    if snapshots:
        frame["cutoff"] = pd.Timestamp("2025-01-31") + pd.to_timedelta(30 * (np.arange(size) % snapshots), unit="D")
    return frame


def telco(cache):
    """All 19 columns; a customer id is its row."""
    frame = packaged.read_sample("telco", cache).to_pandas()
    frame["left"] = (frame.pop("churn") == "Yes").astype(int)
    frame = frame.drop(columns="rownames")
    return frame.assign(customer_id=np.arange(len(frame)))
