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


def alike(one, two):
    for name in ("estimate", "se", "df", "n", "lower", "upper", "centre", "skew", "p_value", "treated", "control"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-6, abs=1e-9), name
    assert one.kind == two.kind


def of_rows(rows, values, strata, *, before=None):
    return Sample(
        values=rows[values].to_numpy(dtype=float),
        treated=(rows["arm"] == "mail").to_numpy(),
        stratum=rows["region"].to_numpy() if strata else None,
        before=None if before is None else rows[[before]].to_numpy(),
    )


@pytest.fixture
def odd():
    """60 of 1,200 treated; money of a heavy tail, a share of 1%, strata dealt otherwise, small ones and pairs."""
    rng = np.random.default_rng(5)
    n = 1200
    region = rng.choice(list("abc"), n).astype(object)
    arm = np.where(rng.permutation(n) < 60, "mail", "none").astype(object)
    arm[region == "c"] = np.where(rng.random((region == "c").sum()) < 0.15, "mail", "none")
    before = rng.gamma(0.3, 20, n)
    spend = 0.3 * before + rng.gamma(0.1, 100, n)
    rows = pd.DataFrame(
        {"arm": arm, "region": region, "before": before, "spend": spend, "left": (rng.random(n) < 0.01).astype(float)}
    )
    rows.loc[0, ["region", "arm"]] = ["nobody beside", "mail"]
    rows.loc[1:4, "region"] = ["pair 1", "pair 1", "pair 2", "pair 2"]
    rows.loc[1:4, "arm"] = ["mail", "none", "mail", "none"]
    rows.loc[5:6, "region"] = None
    return rows


@pytest.mark.parametrize("strata", [(), ("region",)])
def test_skewness_few_events_and_small_strata_have_the_remedies_of_rows(odd, strata):
    table = ibis.memtable(odd)
    plain = from_sums(table, ["spend", "left"], control="none", strata=strata)
    known = from_sums(table, ["spend"], control="none", before={"spend": "before"}, strata=strata)
    spend, left = (difference(of_rows(odd, name, strata)) for name in ("spend", "left"))
    assert (spend.kind, left.kind) == ("skewed", "shares")
    assert spend.n == (1197 if strata else 1200)  # one with nobody beside and two of no region are left out
    alike(plain["mail", "spend"], spend)
    alike(plain["mail", "left"], left)
    adjusted = cuped(of_rows(odd, "spend", strata, before="before"))
    assert adjusted.kind == "skewed"
    alike(known["mail", "spend"], adjusted)


def test_a_skewness_of_sums_is_that_by_hand():
    """Third moment over the third power of the error, of ten treated and thirty others, HC2."""
    rng = np.random.default_rng(6)
    arm = np.repeat(["mail", "none"], [20, 300])
    spend = np.round(rng.gamma(0.05, 100, 320), 2)
    found = from_sums(ibis.memtable(pd.DataFrame({"arm": arm, "spend": spend})), ["spend"], control="none")
    square = cube = 0.0
    for own, sign in ((spend[:20], 1), (spend[20:], -1)):
        left = (own - own.mean()) / np.sqrt(1 - 1 / len(own)) / len(own)
        square, cube = square + (left**2).sum(), cube + sign * (left**3).sum()
    assert found["mail", "spend"].skew == pytest.approx(cube / square**1.5)


def test_what_is_no_share_is_not_taken_for_one():
    """0, .5 and 1, and numbers whose y(y − 1) add up to nothing, are no yes or no."""
    arm = np.repeat(["mail", "none"], 40)
    for values in ([0.0, 0.5, 1.0, 1.0], [-0.5, 0.5, 0.5, 0.5]):
        rows = pd.DataFrame({"arm": arm, "y": np.tile(values, 20)})
        assert from_sums(ibis.memtable(rows), ["y"], control="none")["mail", "y"].kind == "robust"
