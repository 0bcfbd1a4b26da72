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
