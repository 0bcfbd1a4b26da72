"""What survival counts along each customer's own time is what features count at a cut-off: one definition of each."""

import ibis
import numpy as np
import pandas as pd
import pytest
from tests.features.worlds import world

from workbench.features import customer_features, snapshots
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions
from workbench.models.survival.lifetimes.timelines import Timeline
from workbench.statistics.dated.calendar import months_between

CUTOFFS = {"2024-07-01": 91, "2024-10-01": 92}  # days of the three months before
IDS = [f"c{number:03d}" for number in range(40)]


def spells_since(began, ids):
    """Customers who all began on one day and are there still."""
    rows = pd.DataFrame({"customer_id": ids, "start": began, "end": pd.NaT}).astype({"end": "datetime64[us]"})
    return from_subscriptions(rows, as_of=pd.Timestamp("2025-03-01").date())


def as_of(tables, cutoff):
    """Covariates of survival of everybody at a day, by customer."""
    began = pd.Timestamp("2023-12-01")  # whole months to the cut-offs, so that three months are the window's days
    subscriptions = pd.DataFrame({"customer_id": IDS, "start": began, "end": pd.NaT})
    spells = from_subscriptions(
        subscriptions.astype({"end": "datetime64[us]"}), as_of=pd.Timestamp("2025-03-01").date()
    )
    tables = {name: tables[name] for name in ("surveys", "interactions", "transactions")}
    histories = covariate_histories(spells, **tables, scores=["recommend", "satisfaction"])
    tenure = float(months_between(began, pd.Timestamp(cutoff)))
    rows = spells.frame["customer_id"], np.full(len(spells.frame), tenure)
    known = pd.DataFrame({name: Timeline(history, name).before(*rows) for name, history in histories.items()})
    return known.set_index(spells.frame["person"].to_numpy()).reindex(IDS), tenure


def at(tables, cutoff, days):
    """The same from features."""
    tables = {name: ibis.memtable(rows) for name, rows in tables.items() if name != "usage"}
    return customer_features(tables, snapshots([cutoff]), windows_days=(days,)).frame().set_index("customer_id")


@pytest.mark.parametrize("orders", ["named", "nameless"])
@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize("seed", range(5))
def test_survival_counts_what_features_count(seed, cutoff, orders):
    tables = world(seed, customers=len(IDS), events=1500)
    # Late news may change which purchase a refund belongs to: survival takes that as it is known at the end.
    out = ["known_at", *(["order_id"] if orders == "nameless" else [])]
    tables["transactions"] = tables["transactions"].drop(columns=out)
    days = CUTOFFS[cutoff]
    features = at(tables, cutoff, days)
    known, tenure = as_of(tables, cutoff)
    known = known.loc[features.index]
    for ours, theirs in (("contacts", "contacts"), ("complaints", "complaints"), ("purchases", "purchases")):
        np.testing.assert_array_equal(known[f"{ours}_lately"].fillna(0), features[f"{theirs}_{days}d"], err_msg=ours)
    assert features[f"purchases_{days}d"].sum() > 50
    for score in ("recommend", "satisfaction"):
        np.testing.assert_array_equal(known[score], features[f"{score}_last"].astype(float), err_msg=score)
    since = pd.Timestamp(cutoff) - pd.to_timedelta(features["days_since_last_purchase"], unit="D")
    expected = months_between(pd.Series(pd.Timestamp("2023-12-01"), index=since.index), since)
    np.testing.assert_allclose(known["months_since_purchase"], expected, atol=1e-6)
    assert tenure == round(tenure)


def test_an_order_that_is_sent_back_is_a_purchase_until_that_is_known():
    rows = pd.DataFrame(
        {
            "customer_id": IDS[0],
            "order_id": ["a", "b", "b", "b"],
            "timestamp": pd.to_datetime(["2024-02-01", "2024-03-01", "2024-03-01", "2024-04-10"]),
            "amount": [5.0, 20.0, 10.0, -30.0],
        }
    )
    spells = spells_since(pd.Timestamp("2024-01-01"), IDS[:1])
    made = covariate_histories(spells, transactions=rows)
    at = spells.frame["customer_id"].iloc[[0, 0, 0, 0]], np.array([1.5, 3.0, 3.9, 4.5])
    assert Timeline(made["purchases_lately"], "x").before(*at).tolist() == [1, 2, 1, 0]
    assert Timeline(made["months_since_purchase"], "x").before(*at).tolist() == [1, 2, 1, 1]
