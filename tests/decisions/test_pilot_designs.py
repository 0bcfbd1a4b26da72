"""Pilots of every recorded design: each has the estimate that its design calls for, and says what it cannot tell."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.decisions.pilot_files import answered, write


def ran(bench, *asked, code=0):
    """Results of a run of the study."""
    target = bench.root / "notebooks" / "pilot_evaluation.ipynb"
    shutil.copy(ROOT / "notebooks" / "pilot_evaluation.ipynb", target)
    ended = bench.run("run", "pilot_evaluation", "--dataset", "made", *asked)
    assert ended.returncode == code, ended.stderr
    return json.loads(max(bench.reports.glob("pilot_evaluation/2*/results.json")).read_text())


def by_shop(shops, treated, *, n=40, gain=0.0, spread=1.0, seed=1):
    rng = np.random.default_rng(seed)
    shop = np.repeat(np.arange(shops), n)
    spend = 20 + rng.normal(0, spread, shops)[shop] + rng.normal(0, 3, len(shop)) + gain * np.isin(shop, treated)
    return pd.DataFrame(
        {
            "customer_id": [f"c{each:04}" for each in range(len(shop))],
            "initiative": "test",
            "arm": np.where(np.isin(shop, treated), "mail", "none"),
            "shop": [f"s{each:02}" for each in shop],
            "spend": spend.round(2),
        }
    )


def test_four_units_give_a_p_value_and_no_interval_and_the_run_stands(bench):
    write(bench, by_shop(4, [0, 1], gain=9.0), "{assignment: clustered, unit: shop, control: none}")
    said = ran(bench)
    assert said["verdict"] == "warn"
    assert not [each for each in said["checks"] if each["status"] == "fail"]
    (check,) = [each for each in said["checks"] if each["name"] == "pilot_units"]
    assert "too few for an interval" in check["message"]
    assert "at least 6" in check["message"]
    first = said["findings"][0]
    assert first["statement"].startswith("4 units cannot tell whether mail works")
    assert first["interval"] is None
    assert said["metrics"]["effect_mail_spend"] == pytest.approx(9.0, abs=2.5)
    assert said["metrics"]["effect_mail_spend_lower"] is None


def test_the_only_treated_unit_is_ranked_among_the_others(bench):
    write(bench, by_shop(21, [3], n=60, gain=0.0), "{assignment: chosen, unit: shop, control: none}")
    done = answered(bench)
    (effect,) = done.effects
    means = by_shop(21, [3], n=60, gain=0.0).groupby("shop")["spend"].mean()
    apart = (means - means.mean()).abs()
    assert effect.found.kind == "placebo"
    assert effect.found.p_value == pytest.approx((apart >= apart["s03"] - 1e-9).mean())
    assert effect.found.estimate == pytest.approx(means["s03"] - means.drop("s03").mean())
    headline = next(iter(done.exhibits())).statement
    assert f" {round(21 * effect.found.p_value)} of 21 (p " in headline
    assert done.verdicts[0].choice == "cannot_tell"
    assert [each.status for each in done.fairness.checks if each.name == "pilot_units"] == ["warn"]
    write(
        bench,
        by_shop(21, [3], n=60, gain=30.0),
        "{assignment: clustered, unit: shop, control: none, probability: 0.05}",
    )
    clear = answered(bench)
    assert clear.effects[0].found.p_value == pytest.approx(1 / 21)
    assert clear.verdicts[0].choice == "roll_out"  # chance chose this shop, and no other comes near


def test_units_that_somebody_chose_have_intervals_of_units(bench):
    write(bench, by_shop(24, range(12)), "{assignment: chosen, unit: shop, control: none}")
    (effect,) = answered(bench).effects
    assert (effect.found.kind, effect.found.units, effect.found.evidence) == ("units", 24, "associational")
