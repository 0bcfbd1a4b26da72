"""Groups and waves have levels of their own, so that what differs between them is nobody's effect."""

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import column
from tests.models.drivers.trap_surveys import draw_survey, draw_world

from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.drivers.responses.controls import controls_of
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.summary.findings import findings
from workbench.models.drivers.summary.summarise import summarise


def fitted(trap, *, segment=None, controls=(), seed=3, effects=(0.0, 0.6, 0.3)):
    world = draw_world(np.random.default_rng(1), drivers=3, traps=(trap,), effects=effects)
    frame, columns = draw_survey(world, np.random.default_rng(seed), 1500, missing=0)
    ratings = read_ratings(frame, columns, segment=segment, controls=controls)
    return fit_drivers(ratings, sampler="laplace", draws=200, random_seed=1)


@pytest.mark.parametrize("place", ["segment", "control"])
def test_a_driver_whose_groups_run_against_it_is_told_as_it_is_within_them(place):
    """Simpson's paradox: plans that rate higher recommend less, people within a plan who rate higher recommend more."""
    given = {"segment": "plan"} if place == "segment" else {"controls": ["plan"]}
    model = fitted("segments", **given)
    effects = np.einsum("nsd,s->nd", model.point_effects(), model.segment_shares) * model.columns.sd
    low, high = np.quantile(effects, [0.005, 0.995], axis=0)
    assert low[1] > 0.2
    assert low[0] < 0 < high[0]
    _, checks = model.sensitivity()
    said = next(check for check in checks if check.name == "levels_sensitivity")
    assert said.status == "warn"
    pooled = fitted("segments")  # nothing told which plan anybody has
    without = np.quantile(pooled.point_effects()[:, 0], [0.05, 0.95], axis=0) * pooled.columns.sd
    assert without[1, 0] < -0.1


def test_what_only_shares_a_trend_with_the_outcome_has_no_effect_and_the_pooled_one_stands_beside():
    model = fitted("time")
    effects = model.point_effects()[:, 0] * model.columns.sd
    low, high = np.quantile(effects, [0.005, 0.995], axis=0)
    assert low[0] < 0 < high[0]
    table, _ = model.sensitivity()
    pooled = table[(table["scenario"] == "no levels of groups and waves") & (table["driver"] == "d0")].iloc[0]
    assert pooled["alternative"] > pooled["effect"] + 0.15


def test_levels_that_say_no_more_than_others_are_left_out_and_few_answers_join_their_neighbours():
    plan = np.repeat(["a", "b", "c"], 20)
    table = pd.DataFrame(
        {
            "plan": plan,
            "same": np.char.upper(plan),
            "coarse": np.where(plan == "a", "x", "y"),
            "one": "z",
            "wave": ["1"] * 30 + ["2"] * 3 + ["10"] * 27,
        }
    )
    found = controls_of(table, np.ones(60), ["plan", "same", "coarse", "one"], {}, np.zeros(60, dtype=int))
    assert found.columns.shape == (60, 2 + 1)
    assert found.labels == ("plan", "wave")
    np.testing.assert_allclose(found.columns.mean(0), 0, atol=1e-12)


def group_matters(n=1600, *, segment):
    rng = np.random.default_rng(8)
    ratings = rng.integers(1, 6, (n, 2)).astype(float)
    cabin, region = rng.integers(0, 2, n), rng.integers(0, 3, n)
    eta = (ratings - 3) @ np.array([0.0, 0.5]) + np.where(cabin == 0, 1.2, 0.05) * (ratings[:, 0] - 3)
    outcome = 1.0 + np.searchsorted([-2, -0.7, 0.7, 2], eta + rng.logistic(size=n))
    frame = pd.DataFrame({"outcome": outcome, "wifi": ratings[:, 0], "seat": ratings[:, 1]})
    frame["cabin"], frame["region"] = np.array(["Eco", "Business"])[cabin], np.array(["N", "S", "W"])[region]
    columns = [column("outcome", "outcome", (1, 5)), *(column(name, "driver", (1, 5)) for name in ("wifi", "seat"))]
    columns += [column("cabin", "", None), column("region", "", None)]
    found = read_ratings(frame, columns, segment=segment, controls=["cabin", "region"])
    model = fit_drivers(found, sampler="laplace", draws=200, random_seed=1)
    return summarise(model)


@pytest.mark.parametrize("segment", ["cabin", "region"])
def test_a_driver_that_matters_in_one_group_alone_is_a_finding_whichever_column_is_first(segment):
    summary = group_matters(segment=segment)
    said = [each for each in findings(summary) if each.id == "matters_for_some"]
    assert len(said) == 1
    assert "“wifi” matters more for cabin Eco than for Business: " in said[0].statement
    assert "“seat”" not in said[0].statement
    row = summary.difference_table.iloc[0]
    assert row["lower"] < 0.4 * 1.15 < row["upper"]
    assert (summary.difference_table["p"][1:] > 0.05).all()
