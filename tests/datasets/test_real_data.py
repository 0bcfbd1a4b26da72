"""Real files, mapped by a dataset.yaml and nothing else."""

import datetime

import pandas as pd
import pytest

from workbench import datasets
from workbench.errors import DataError

SFO = """
title: Airport survey
time_zone: America/Los_Angeles
tables:
  surveys:
    file: sfo_2017.csv
    segments: [boarding_area, purpose]
    columns:
      response_id: RESPNUM
      weight: {from: WEIGHT, weighting: survey}
      recommend: {from: NETPRO, scale: [0, 10], missing: [11], role: outcome, label: Likelihood to recommend}
      overall: {from: Q7ALL, scale: [1, 5], missing: [0, Blank], not_applicable: [6], role: outcome}
      art: {from: Q7ART, scale: [1, 5], missing: [0], not_applicable: [6], role: driver, touchpoint: terminal}
      rental: {from: Q7RENTAL, scale: [1, 5], missing: [0], not_applicable: [6], role: driver, touchpoint: rental}
      boarding_area: BAREA
      purpose: {from: Q2PURP1, type: category}
"""
RETAIL = """
title: Online retail
tables:
  transactions:
    file: online_retail_ii_2009_2010.parquet
    sql: SELECT *, round(Quantity * Price, 2) AS amount FROM rows
    currency: GBP
    columns:
      customer_id: Customer ID
      order_id: Invoice
      timestamp: InvoiceDate
      amount:
      cancelled: {from: Invoice, starts_with: [C]}
      country: {from: Country, type: category}
"""
HILLSTROM = """
title: E-mail test
tables:
  surveys:
    file: hillstrom.csv
    currency: USD
    segments: [arm, zip_code]
    columns:
      arm: segment
      zip_code: {values: {Surburban: Suburban, Rural: Rural, Urban: Urban}}
      history: {type: money}
      visit: {type: boolean}
      conversion: {type: boolean}
      spend: {type: money}
"""


def place(project, shared, name: str, yaml: str) -> datasets.Dataset:
    (project.folder / name).write_bytes((shared / name).read_bytes())
    return project.write(yaml).find()


def nps(scores, weights):
    return 100 * (weights[scores >= 9].sum() - weights[scores <= 6].sum()) / weights.sum()


def test_the_airport_survey_gives_the_published_scores_weighted_and_not(project, shared):
    dataset = place(project, shared, "sfo_2017.csv", SFO)
    frame = dataset.load("surveys").frame
    answered = frame.dropna(subset="recommend")
    assert (len(frame), len(answered)) == (2831, 2746)
    assert nps(answered["recommend"], answered["weight"] * 0 + 1) == pytest.approx(39.8, abs=0.05)
    assert nps(answered["recommend"], answered["weight"]) == pytest.approx(40.4, abs=0.05)
    beside = frame["rental__not_applicable"].astype(bool)
    assert frame.loc[beside, "rental"].isna().all()
    assert set(frame["rental"].dropna()) <= {1, 2, 3, 4, 5}
    by_name = {column["name"]: column for column in dataset.profile()["tables"]["surveys"]["columns"]}
    raw = pd.read_csv(shared / "sfo_2017.csv", usecols=["Q7RENTAL", "Q7ALL"], dtype=str)
    assert by_name["rental"]["not_applicable"] == pytest.approx((raw["Q7RENTAL"] == "6").mean())
    assert by_name["rental"]["missing"] == pytest.approx((raw["Q7RENTAL"] == "0").mean())
    assert by_name["overall"]["missing"] == pytest.approx(raw["Q7ALL"].isin(["0", "Blank"]).mean())
    assert dataset.table("surveys").columns[-3].touchpoint == "rental"


def test_codes_that_are_not_declared_are_named_with_their_rows(project, shared):
    bare = SFO.replace(", missing: [11]", "").replace(", not_applicable: [6], role: driver, touchpoint: rental", "")
    with pytest.raises(DataError) as caught:
        place(project, shared, "sfo_2017.csv", bare).load("surveys")
    told = "\n".join(caught.value.faults)
    assert (
        "column recommend (from 'NETPRO'): 84 rows with a rating outside its scale (got 11); expected 0 to 10." in told
    )
    assert "column rental (from 'Q7RENTAL'): " in told
    assert "(got 6); expected 1 to 5. List codes under missing: or not_applicable:" in told


def test_online_retail_enters_with_cancellations_text_dates_and_rows_without_customer_told(project, shared):
    dataset = place(project, shared, "online_retail_ii_2009_2010.parquet", RETAIL)
    loaded = dataset.load("transactions")
    assert len(loaded.frame) == 417_534
    assert loaded.frame["customer_id"].nunique() == 4383
    checks = {check.name: check.value for check in loaded.checks}
    assert checks["transactions_no_customer"] == 107_927
    assert checks["transactions_cancelled"] == loaded.frame["cancelled"].sum() == 9_839
    assert checks["transactions_double_rows"] == 6_865
    assert "12346" in set(loaded.frame["customer_id"])
    assert loaded.frame["timestamp"].min() == datetime.datetime(2009, 12, 1, 7, 45)
    profile = dataset.profile()["tables"]["transactions"]
    assert (profile["first"], profile["last"]) == ("2009-12-01", "2010-12-09")


def test_hillstrom_enters(project, shared):
    frame = place(project, shared, "hillstrom.csv", HILLSTROM).load("surveys").frame
    spend = frame.groupby("arm")["spend"].mean()
    assert len(frame) == 64_000
    assert spend["Mens E-Mail"] - spend["No E-Mail"] == pytest.approx(0.770, abs=0.001)
    assert frame["visit"].mean() == pytest.approx(0.14678, abs=1e-5)
