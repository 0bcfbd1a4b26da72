"""Where the outcome stands: published scores, weights, and doubt about who answered."""

import numpy as np
import pandas as pd
import pytest
from tests.models.answer_sheets import column

from workbench.models.outcome_level import nonresponse_range, outcome_level
from workbench.models.ratings import read_ratings

SETTINGS = {"confidence": 0.9, "response_ratio": 1.5, "random_seed": 1}


def nps_answers(scores, **extra):
    frame = pd.DataFrame({"nps": scores, "item": np.resize([1.0, 2, 3], len(scores)), **extra})
    columns = [column("nps", "outcome", (0, 10)), column("item", "driver", (1, 5))]
    if "weight" in frame:
        columns.append(column("weight", "", None, weighting="survey"))
    return read_ratings(frame, columns)


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
    low, high = nonresponse_range(np.array([1, 2, 3]), np.array([0, 5, 10]), np.array([-100, 0, 100]), 1.0)
    assert low == high == pytest.approx(100 / 3)


def test_groups_of_fewer_than_ten_are_not_shown():
    ratings = nps_answers(np.resize([0.0, 5, 10], 100), place=["a"] * 60 + ["b"] * 37 + ["c"] * 3)
    table = outcome_level(ratings, ["place"], **SETTINGS).table
    assert table["n"].min() >= 10
    assert "c" not in set(table["group"])
