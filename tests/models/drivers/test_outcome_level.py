"""Where the outcome stands: published scores, weights, and doubt about who answered."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from tests.models.drivers.answer_sheets import column

from workbench.models.drivers.model.outcome_level import outcome_level
from workbench.models.drivers.responses.nonresponse import TENTH, corrected
from workbench.models.drivers.responses.read import read_ratings

SETTINGS = {"confidence": 0.9, "response_ratio": 1.5, "random_seed": 1}


def said(level):
    return level.findings()[0].statement


def nps_answers(scores, *, weighting="survey", **extra):
    frame = pd.DataFrame({"nps": scores, "item": np.resize([1.0, 2, 3], len(scores)), **extra})
    columns = [column("nps", "outcome", (0, 10)), column("item", "driver", (1, 5))]
    if "weight" in frame:
        columns.append(column("weight", "", None, weighting=weighting))
    return read_ratings(frame, columns, controls=["place"])


def test_the_airport_survey_has_its_published_scores(shared):
    frame = pd.read_csv(shared / "sfo_2017.csv", usecols=["NETPRO", "WEIGHT", "Q7ART"])
    scores = pd.to_numeric(frame["NETPRO"], errors="coerce").mask(lambda value: value == 11)
    items = frame["Q7ART"].where(frame["Q7ART"].between(1, 5)).astype(float)
    table = pd.DataFrame({"nps": scores, "weight": frame["WEIGHT"], "item": items})
    columns = [
        column("nps", "outcome", (0, 10)),
        column("item", "driver", (1, 5)),
        column("weight", "", None, weighting="survey"),
    ]
    found = outcome_level(read_ratings(table, columns), **SETTINGS).metrics()
    assert found["nps_unweighted"] == pytest.approx(39.8, abs=0.05)
    assert found["nps"] == pytest.approx(40.4, abs=0.05)
    assert found["nps_lower"] < 40.4 < found["nps_upper"]


def test_intervals_cover_and_do_not_depend_on_the_unit_of_weights():
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 11, 400).astype(float)
    weights = rng.gamma(1.0, size=400) + 0.1
    one, same = (outcome_level(nps_answers(scores, weight=weights * unit), **SETTINGS).metrics() for unit in (1, 1000))
    assert one["nps_lower"] == pytest.approx(same["nps_lower"], abs=1e-6)
    even = outcome_level(nps_answers(scores), **SETTINGS).metrics()
    assert one["nps_upper"] - one["nps_lower"] > 1.2 * (even["nps_upper"] - even["nps_lower"])


def test_where_the_satisfied_answer_more_readily_the_range_holds_the_populations_score():
    rng = np.random.default_rng(3)
    people = rng.binomial(10, 0.75, 60_000).astype(float)
    ready = 0.3 * 1.4 ** ((people - 5) / 10)
    answered = people[rng.random(len(people)) < ready]
    level = outcome_level(nps_answers(answered), **SETTINGS)

    def nps(scores):
        return 100 * (np.mean(scores >= 9) - np.mean(scores <= 6))

    assert level.metrics()["nps"] == pytest.approx(nps(answered))
    assert level.metrics()["nps_lower"] > nps(people)  # the respondents' interval misses it …
    assert level.range[0] <= nps(people) <= level.range[1]  # … the range under doubt does not


def test_equal_readiness_leaves_the_score_as_it_is():
    found = corrected(np.array([1.0, 2, 3]), np.array([0.0, 5, 10]), np.array([-100.0, 0, 100]), 0.0)
    assert found == pytest.approx(100 / 3)


@pytest.mark.parametrize("weights", [None, "even", "uneven"])
def test_a_group_that_agrees_completely_has_an_interval_too(weights):
    rng = np.random.default_rng(4)
    scores = np.concatenate([np.full(30, 10.0), rng.integers(0, 11, 200)])
    extra = {"place": ["a"] * 30 + ["b"] * 200}
    if weights:
        extra["weight"] = np.ones(230) + 1e-9 * rng.random(230) if weights == "even" else rng.gamma(1.0, size=230) + 0.1
    table = outcome_level(nps_answers(scores, **extra), **SETTINGS).table
    (row,) = table[(table["group"] == "a") & (table["measure"] == "top_box")].itertuples()
    assert row.estimate == row.upper == pytest.approx(1)
    own = extra["weight"][:30] if weights else np.ones(30)
    worth = own.sum() ** 2 / (own**2).sum()  # Jeffreys' interval of so many equal answers
    assert row.lower == pytest.approx(beta.ppf(0.05, worth + 0.5, 0.5), abs=0.01)


def test_intervals_of_small_groups_that_nearly_agree_cover():
    """Nine of ten answers are promoters: without prior mass one group in eight has an interval of no width at all."""
    rng = np.random.default_rng(5)
    frame = {"place": np.repeat([f"g{place}" for place in range(11)], 20)}
    inside = []
    for _ in range(25):
        scores = np.where(rng.random(220) < 0.9, 10.0, 5.0)
        table = outcome_level(nps_answers(scores, **frame), **SETTINGS).table
        groups = table[(table["segment"] != "") & (table["measure"] == "top_box")]
        inside.append((groups["lower"] <= 0.9) & (groups["upper"] >= 0.9))
    assert 0.85 <= np.mean(inside) <= 0.97


def test_a_top_answer_that_nobody_gave_is_not_surely_impossible():
    ratings = nps_answers(np.resize([3.0, 5, 7, 9], 120))
    row = outcome_level(ratings, **SETTINGS).everyone.loc["top_box"]
    assert row["estimate"] == row["lower"] == 0
    assert 0.005 < row["upper"] < 0.03


def test_the_range_under_doubt_includes_chance():
    scores = np.resize([0.0, 5, 8, 10], 120)
    ratings = nps_answers(scores)
    sure = outcome_level(ratings, **{**SETTINGS, "response_ratio": 1.0})
    row = sure.everyone.loc["nps"]
    assert sure.range == pytest.approx((row["lower"], row["upper"]), abs=1.5)  # no doubt: the interval is left
    doubted = outcome_level(ratings, **SETTINGS)
    answered, scores = np.bincount(ratings.levels).astype(float), np.array([-100.0, -100, 0, 100])
    slope = np.log(1.5) / TENTH
    low, high = (corrected(answered, ratings.points, scores, sign * slope) for sign in (1, -1))
    assert doubted.range[0] < low - 5
    assert doubted.range[1] > high + 5


def of_scale(scores, scale, name="overall", **more):
    frame = pd.DataFrame({name: scores, "item": np.resize([1.0, 2, 3], len(scores)), **more})
    weight = [column("weight", "", None, weighting="survey")] if "weight" in more else []
    return read_ratings(frame, [column(name, "outcome", scale), column("item", "driver", (1, 5)), *weight])


def test_satisfaction_from_0_to_10_has_no_net_promoter_score():
    level = outcome_level(of_scale(np.resize([0.0, 5, 10, 10], 120), (0, 10)), **SETTINGS)
    assert level.metrics() == pytest.approx({"top_box": 0.5, "mean": 6.25})
    assert level.findings()[0].statement.startswith(
        "50% of those who answered give “overall” the top score; the mean is "
    )
    assert "Promoter" not in level.findings()[0].statement


def test_a_wide_scale_is_told_by_its_mean_and_not_by_its_top_answer():
    scores = np.arange(0, 101).astype(float)
    level = outcome_level(of_scale(scores, (0, 100)), **SETTINGS)
    assert level.metrics() == pytest.approx({"mean": 50, "top_two": 21 / 101})
    told = level.findings()[0]
    assert told.statement.startswith("“overall” averages 50 on a scale from 0 to 100; 20.8% answer 80 or more.")
    assert told.unit == "scale points"
    assert level.range[0] < 50 < level.range[1]


def test_what_is_weighted_is_called_weighted():
    scores = np.resize([0.0, 5, 8, 10], 120)
    weight = np.resize([1.0, 2.0], 120)
    assert (
        outcome_level(nps_answers(scores, weight=weight), **SETTINGS)
        .findings()[0]
        .statement.startswith("The weighted N")
    )
    assert (
        outcome_level(nps_answers(scores), **SETTINGS).findings()[0].statement.startswith("The Net Promoter Score of")
    )
    frequency = nps_answers(scores, weight=weight, weighting="frequency")  # counts people: nothing is weighted
    assert said(outcome_level(frequency, **SETTINGS)).startswith("The Net Promoter Score of")
    assert "(weighted)" in said(outcome_level(of_scale(scores, (0, 100), weight=weight), **SETTINGS))


def test_the_wide_table_has_a_row_a_group():
    level = outcome_level(nps_answers(np.resize([0.0, 5, 10], 100), place=["a"] * 60 + ["b"] * 40), **SETTINGS)
    wide = level.wide()
    assert wide["group"].tolist() == ["all", "a", "b"]
    assert wide["nps"].iloc[0] == level.metrics()["nps"]
    assert (wide["mean_lower"] <= wide["mean"]).all()


def test_groups_of_fewer_than_ten_are_not_shown():
    ratings = nps_answers(np.resize([0.0, 5, 10], 100), place=["a"] * 60 + ["b"] * 37 + ["c"] * 3)
    table = outcome_level(ratings, **SETTINGS).table
    assert table["n"].min() >= 10
    assert "c" not in set(table["group"])


def test_without_weights_a_row_of_frequency_weights_is_still_as_many_people_as_it_stands_for():
    weights = np.array([30, 10, 5, 1, 1, 1])
    once = nps_answers([10, 9, 5, 0, 8, 7] * 6, weight=np.tile(weights, 6), weighting="frequency")
    each = nps_answers(np.repeat([10, 9, 5, 0, 8, 7] * 6, np.tile(weights, 6)))
    one, same = (outcome_level(ratings, **SETTINGS).metrics()["nps_unweighted"] for ratings in (once, each))
    assert one == pytest.approx(same)
