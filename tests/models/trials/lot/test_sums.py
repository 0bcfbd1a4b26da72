"""Sums made by the database give the same as rows in memory."""

import ibis
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import cuped, difference, from_sums


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    n = 3000
    region = rng.integers(0, 4, n)
    arm = np.where(rng.random(n) < 0.2 + 0.15 * region, "call", rng.choice(["none", "mail"], n))
    before = rng.gamma(2, size=n)
    spend = 1e6 + region + 2 * before + rng.gamma(1, size=n) + 0.3 * (arm == "call")
    spend[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame({"arm": arm, "region": region, "before": before, "spend": spend, "orders": rng.poisson(2, n)})


@pytest.mark.parametrize("strata", [(), ("region",)])
def test_it_is_what_rows_give(rows, strata):
    table = ibis.memtable(rows.astype({"spend": "Float64"}))
    found = from_sums(
        table, ["spend", "orders"], control="none", before={"spend": "before"}, strata=strata, confidence=0.95
    )
    assert set(found) == {(arm, name) for arm in ("call", "mail") for name in ("spend", "orders")}
    for arm in ("call", "mail"):
        own = rows[rows["arm"].isin([arm, "none"])]
        stratum = own["region"].to_numpy() if strata else None
        sample = Sample(
            values=own["spend"].to_numpy(),
            treated=(own["arm"] == arm).to_numpy(),
            stratum=stratum,
            before=own[["before"]].to_numpy(),
        )
        for one, two in [
            (found[arm, "spend"], cuped(sample, confidence=0.95)),
            (found[arm, "orders"], difference(sample.with_values(own["orders"]), confidence=0.95)),
        ]:
            assert (one.estimate, one.se, one.df, one.n, one.lower) == pytest.approx(
                (two.estimate, two.se, two.df, two.n, two.lower), rel=1e-6
            )


def test_what_cannot_be_compared_is_said(rows):
    table = ibis.memtable(rows.astype({"spend": "Float64"}))
    with pytest.raises(DataError, match="control nobody is not in the column arm, which has: call, mail"):
        from_sums(table, ["orders"], control="nobody")
    few = ibis.memtable(rows.astype({"spend": "Float64"}).groupby("arm").head(10))
    with pytest.raises(DataError, match="Too few to compare"):
        from_sums(few, ["orders"], control="none")
    with pytest.raises(DataError, match="spend, or its column of the time before, has values that are not numbers"):
        from_sums(ibis.memtable(rows.fillna(np.inf)), ["spend"], control="none")


def test_nothing_is_lost_where_values_are_large_and_differ_little():
    rng = np.random.default_rng(3)
    arm = rng.permutation(np.repeat(["none", "mail"], 20_000))
    before = rng.normal(size=40_000)
    spend = before + rng.normal(size=40_000) + 0.5 * (arm == "mail")
    rows = pd.DataFrame({"arm": arm, "before": before + 1e8, "spend": spend + 1e9})
    found = from_sums(ibis.memtable(rows), ["spend"], control="none", before={"spend": "before"})["mail", "spend"]
    wanted = cuped(Sample(values=spend, treated=arm == "mail", before=before[:, None]))
    assert (found.estimate, found.se) == pytest.approx((wanted.estimate, wanted.se), rel=1e-6)


def test_gaps_in_the_time_before_are_refused(rows):
    rows["before"] = rows["before"].mask(rows.index < 7)
    table = ibis.memtable(rows.assign(spend=1.0 + rows.index).astype({"before": "Float64"}))
    with pytest.raises(DataError, match="before: 7 customers have spend and nothing here"):
        from_sums(table, ["spend"], control="none", before={"spend": "before"})
