"""What moves effects is told: priors, and people who left blanks; under survey weights in the design's own spread."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.models.drivers.model.sensitivity import sensitivity
from workbench.models.drivers.ordinal.approximation import approximate
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings

LEFT_OUT = "people with missing ratings left out"
EFFECTS = [0.8, 0.4, 0.0]


def fitted(frame, columns, times=3):
    ratings = read_ratings(frame, columns)
    layout = make_columns(ratings)
    completed = complete(ratings, Prior(), times=times, random_seed=1)
    return ratings, layout, [rows_of(ratings, layout, *each) for each in completed]


def checks_of(frame, columns):
    ratings, layout, datasets = fitted(frame, columns)
    table, checks = sensitivity(ratings, layout, Prior(), datasets)
    return table, {check.name: check for check in checks}


def test_blanks_left_at_random_move_nothing_and_that_is_said_for_what_it_is_worth():
    frame, columns, *_ = draw_answers(1500, EFFECTS, np.random.default_rng(1), missing=0.2)
    table, checks = checks_of(frame, columns)
    assert checks["missing_ratings_sensitivity"].status == "pass"
    told = checks["missing_ratings_sensitivity"].message
    assert "says nothing about ratings that are missing because of what they would have been" in told
    assert len(table) == 9
    assert set(table["scenario"]) > {LEFT_OUT}


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("linear", ["DA", "DB", "DC"]),
        ("asymmetric", [f"{label}: {end} the middle" for label in ("DA", "DB", "DC") for end in ("below", "above")]),
        ("monotone", [f"{label}: above {step}.5" for label in ("DA", "DB", "DC") for step in (1, 2, 3, 4)]),
    ],
)
def test_people_read_what_drivers_are_called_in_the_questionnaire(shape, said):
    frame, columns, *_ = draw_answers(300, EFFECTS, np.random.default_rng(7))
    for each in columns:
        each.label = each.label.upper()
    ratings = read_ratings(frame, columns)
    layout = make_columns(ratings, shape)
    assert list(layout.labels) == said
    datasets = [rows_of(ratings, layout, *each) for each in complete(ratings, Prior(), times=1, random_seed=1)]
    table, _ = sensitivity(ratings, layout, Prior(), datasets)
    assert table["label"].tolist()[: len(said)] == said
    assert table["driver"].tolist()[: len(said)] == list(layout.names)


def test_blanks_of_people_who_differ_are_warned_of():
    rng = np.random.default_rng(2)
    frame, columns, *_ = draw_answers(2500, EFFECTS, rng)
    others, *_ = draw_answers(2500, [0.0, 0.4, 0.8], rng)
    gap = rng.random(2500) < 0.9
    others["db"] = others["db"].mask(gap)  # those to whom another driver matters leave db blank
    both = np.random.default_rng(3).permutation(5000)
    import pandas as pd

    _, checks = checks_of(pd.concat([frame, others], ignore_index=True).iloc[both], columns)
    assert checks["missing_ratings_sensitivity"].status == "warn"
    assert checks["missing_ratings_sensitivity"].value > checks["missing_ratings_sensitivity"].threshold
    assert (
        "these people differ, or ratings are missing because of the outcome"
        in checks["missing_ratings_sensitivity"].message
    )


def test_too_few_complete_answers_are_not_fitted_and_that_is_said():
    frame, columns, *_ = draw_answers(200, EFFECTS, np.random.default_rng(4), missing=0.65)
    table, checks = checks_of(frame, columns)
    assert LEFT_OUT not in set(table["scenario"])
    assert "too few to fit them alone" in checks["missing_ratings_sensitivity"].message


def test_frequency_weights_count_as_the_people_they_stand_for():
    frame, columns, *_ = draw_answers(60, EFFECTS, np.random.default_rng(5), missing=0.3)
    columns = [*columns, column("weight", "", None, weighting="frequency")]
    assert LEFT_OUT not in set(checks_of(frame.assign(weight=1.0), columns)[0]["scenario"])
    assert LEFT_OUT in set(checks_of(frame.assign(weight=5.0), columns)[0]["scenario"])


def test_shifts_are_measured_in_standard_deviations_of_the_design():
    rng = np.random.default_rng(6)
    frame, columns, *_ = draw_answers(700, EFFECTS, rng, missing=0.02)
    weight = rng.gamma(0.5, size=700) + 0.05
    columns = [*columns, column("weight", "", None, weighting="survey")]
    ratings, layout, datasets = fitted(frame.assign(weight=weight), columns)
    table, _ = sensitivity(ratings, layout, Prior(), datasets)
    design = approximate(datasets, Prior(), drivers=3, weighting="survey")
    naive = approximate(datasets, Prior(), drivers=3)
    assert (design.sds > 1.2 * naive.sds).all()
    first = table[table["scenario"] == "prior half as wide"]
    np.testing.assert_allclose(first["shift"], (first["alternative"] - first["effect"]) / design.sds)


@pytest.mark.parametrize("weighting", ["survey", "none"])
def test_draws_of_an_alternative_have_the_spread_that_is_told_of_it(weighting):
    rng = np.random.default_rng(7)
    frame, columns, *_ = draw_answers(700, EFFECTS, rng, missing=0.1)
    if weighting == "survey":
        frame["weight"] = rng.gamma(0.5, size=700) + 0.05
        columns = [*columns, column("weight", "", None, weighting="survey")]
    _, _, datasets = fitted(frame, columns, times=8)
    found = approximate(datasets, Prior(), drivers=3, weighting=weighting)
    drawn = found.draws(8000, rng)[0][:, 0]
    np.testing.assert_allclose(drawn.mean(0), found.effects, atol=0.02)
    np.testing.assert_allclose(drawn.std(0), found.sds, rtol=0.06)
