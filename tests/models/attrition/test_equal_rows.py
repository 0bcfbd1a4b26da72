"""Flat tables in which rows are equal: distinct customers whose few columns coincide, or copies of one customer."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.models import attrition
from workbench.models.attrition.model.customers import labelled_customers, lots
from workbench.models.attrition.population import read_population
from workbench.statistics.ranking import auc


def coarse(size: int = 3000, *, seed: int = 4) -> tuple[pd.DataFrame, np.ndarray]:
    """Twenty combinations of three columns, and true risks in which two of them matter only together."""
    random = np.random.default_rng(seed)
    contract, pay, years = (
        random.choice(["m", "y"], size),
        random.choice(["card", "bank"], size),
        random.integers(1, 6, size),
    )
    risk = np.where((contract == "m") == (pay == "card"), 0.30, 0.08) * np.where(years < 3, 1.2, 0.9)
    frame = pd.DataFrame({"contract": contract, "pay": pay, "years": years})
    return frame.assign(event=(random.random(size) < risk).astype(int)), risk


def copied(size: int = 2000) -> pd.DataFrame:
    """A tenth of the customers stand twice, one of fifty of these with another outcome."""
    frame = drawn(size)[["usage", "gap", "plan", "left"]].fillna({"usage": 0.0, "plan": "pro"})
    again = frame.head(size // 10).copy()
    again.loc[::50, "left"] = 1 - again.loc[::50, "left"]
    return pd.concat([frame, again], ignore_index=True)


def test_distinct_customers_of_few_columns_are_forecast_as_well_as_their_risks_allow():
    frame, risk = coarse()
    customers = labelled_customers(
        frame.assign(customer_id=np.arange(len(frame))), label="event", customer="customer_id"
    )
    assert len(np.unique(customers.clusters)) == len(frame)
    found = attrition.forecast_leavers(customers, random_seed=1, budget=1, refits=1).choice
    oracle = auc(risk, frame["event"].to_numpy(bool))
    assert oracle == pytest.approx(0.70, abs=0.02)
    assert found.used == "boosted"
    assert found.evaluation.score("boosted", "roc_auc") == pytest.approx(oracle, abs=0.02)
    low, high = found.evaluation.interval("boosted", "roc_auc")
    assert high - low == pytest.approx(2 * 1.645 * 0.0105, rel=0.3)  # Hanley and McNeil (1982), 550 leavers of 3,000


@pytest.mark.parametrize(("frame", "groups", "said"), [
    (coarse()[0].rename(columns={"event": "left"}), 3000, "count as different customers"),
    (copied(), 2000, "count as copies of one customer"),
], ids=["coincidence", "copies"])  # fmt: skip
def test_without_ids_equal_rows_are_one_customer_only_where_their_outcomes_agree(frame, groups, said):
    customers = labelled_customers(
        frame.assign(customer_id=np.arange(len(frame))), label="left", customer="customer_id", numbered=True
    )
    assert len(np.unique(customers.clusters)) == groups
    assert said in customers.equal.check().message
    sides = pd.Series(lots(customers, random_seed=1) < 0.5).groupby(
        pd.util.hash_pandas_object(customers.features, index=False).to_numpy()
    )
    assert (sides.nunique() == 1).all() == (groups == 2000)  # copies lie on one side
    half = customers.part(np.arange(len(frame)) < len(frame) // 2)
    assert (half.clusters == customers.clusters[: len(half)]).all()


def test_copies_of_the_iranian_file_count_as_one_customer(shared):
    frame = pd.read_csv(shared / "iranian_telecom_churn.csv", encoding="utf-8-sig").drop(columns=["FN", "FP"])
    numbers = frame.assign(customer_id=np.arange(len(frame)))
    customers = labelled_customers(numbers, label="Churn", customer="customer_id", numbered=True)
    assert len(frame.drop(columns="Churn").drop_duplicates()) == 2836  # counted by pandas
    assert len(np.unique(customers.clusters)) == 2836
    assert (customers.equal.rows, customers.equal.mixed) == (476, 14)


@pytest.mark.parametrize("named", [True, False])
def test_an_id_of_a_flat_table_says_who_is_who_and_a_number_of_rows_does_not(named):
    rows = copied().rename(columns={"left": "event"})
    rows = rows.assign(customer_id=np.arange(len(rows)))  # by the door, where no column says it
    columns = [SimpleNamespace(name=name, label="", unit="", kind=None, use="") for name in rows]
    table = SimpleNamespace(columns=columns if named else columns[:-1], segments=(), designs={})
    found = read_population({"lifetimes": table}, ("lifetimes", rows), None).customers
    assert len(np.unique(found.clusters)) == (len(rows) if named else 2000)
