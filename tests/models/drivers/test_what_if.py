"""What-if: the definition on a few people, ceilings, and no effect where there is none."""

import dataclasses

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers, draw_ratings

from workbench.models.drivers.model.what_if import mean_scores, raised, scorings, what_if
from workbench.models.drivers.ordinal.imputation import complete, level_probability, rows_of
from workbench.models.drivers.ordinal.links import LOGIT, PROBIT
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings

MEASURES, SCORES = scorings(np.arange(1.0, 6), (1, 5), is_nps=False)


def setting(effects=(0.6, 0.3), link=LOGIT, **world):
    ratings, _ = draw_ratings(200, effects, np.random.default_rng(4), **world)
    values, applies = complete(ratings, Prior(), times=1, random_seed=1)[0]
    columns = make_columns(ratings)
    rows = rows_of(ratings, columns, values, applies, link=link)
    draws = (np.array([[np.resize([0.6, 0.1], len(columns.names))]]), np.zeros((1, 1)), np.array([[-2.0, -1, 0, 1]]))
    common = {"ends": ratings.ends, "measures": MEASURES, "scores": SCORES, "random_seed": 1}
    return ratings, values, applies, columns, rows, draws, common


@pytest.mark.parametrize("link", [LOGIT, PROBIT], ids=["logit", "probit"])
@pytest.mark.parametrize(("scenario", "points"), [("tenth", 0.4), ("one_point", 1.0)])
def test_the_change_is_that_of_foretelling_everyone_twice(link, scenario, points):
    _, values, applies, columns, rows, draws, common = setting(link=link)
    found = what_if(draws, rows, columns, values, applies, scenario=scenario, **common)
    better = values.copy()
    better[:, 0] = np.minimum(values[:, 0] + points, 5)
    shares = []
    for table in (columns.of(better, applies), rows.columns):
        predictor = table @ draws[0][0, 0]
        chances = np.array(
            [level_probability(np.full(len(predictor), k), predictor, draws[2][0], link).mean() for k in range(5)]
        )
        shares.append(SCORES @ chances)
    np.testing.assert_allclose(found.change[0, 0], shares[0] - shares[1], atol=1e-12)


def test_nobody_is_raised_above_the_top_and_non_users_stay():
    ratings, values, applies, columns, rows, draws, common = setting(unused=0.3)
    assert raised(values, 0, ratings.ends, "one_point").max() == 5
    found = what_if(draws, rows, columns, values, applies, **common)
    assert found.reached[0] == pytest.approx(np.mean(applies[:, 0] & (values[:, 0] < 5)))


def test_moving_half_of_the_dissatisfied_to_neutral_is_half_of_moving_all():
    _, values, applies, columns, rows, draws, common = setting()
    whole, half = (
        what_if(draws, rows, columns, values, applies, scenario="dissatisfied_to_neutral", moved=share, **common)
        for share in (1.0, 0.5)
    )
    np.testing.assert_allclose(half.change, whole.change / 2)
    assert whole.reached[0] == pytest.approx(np.mean(values[:, 0] < 3))


@pytest.mark.parametrize("scenario", ["tenth", "one_sd"])
def test_drivers_of_equal_effect_on_scales_of_any_length_are_raised_alike(scenario):
    """The same answers on 1–5, 0–10, 1–7 and 0–100, told in other numbers: a point of the first was 25 of the last."""
    frame, columns, *_ = draw_answers(600, [0.5], np.random.default_rng(3))
    scales = {"da": (1, 5), "db": (0, 10), "dc": (1, 7), "dd": (0, 100)}
    found = {}
    for name, (low, high) in scales.items():
        one = frame.assign(**{name: low + (frame["da"] - 1) * (high - low) / 4})
        ratings = read_ratings(one, [columns[0], column(name, "driver", (low, high))])
        values, applies = complete(ratings, Prior(), times=1, random_seed=1)[0]
        layout = make_columns(ratings)
        draws = (np.full((1, 1, 1), 0.5), np.zeros((1, 1)), np.array([[-2.0, -1, 0, 1]]))
        common = {"ends": ratings.ends, "measures": MEASURES, "scores": SCORES, "random_seed": 1}
        rows = rows_of(ratings, layout, values, applies)
        found[name] = what_if(draws, rows, layout, values, applies, scenario=scenario, **common).change[0, 0, 0]
    np.testing.assert_allclose(list(found.values()), found["da"], rtol=1e-9)
    assert found["da"] > 0.005


def test_a_ladder_rises_by_as_much_of_a_step_as_the_scenario_says():
    ratings, values, applies, _, _, _, common = setting(effects=(0.6,))
    columns = make_columns(ratings, "monotone")
    rows = rows_of(ratings, columns, values, applies)
    draws = (np.full((1, 1, len(columns.names)), 0.01), np.zeros((1, 1)), np.array([[-2.0, -1, 0, 1]]))
    tenth, point = (
        what_if(draws, rows, columns, values, applies, scenario=name, **common).change[0, 0, 1]
        for name in ("tenth", "one_point")
    )
    assert tenth == pytest.approx(0.4 * point, rel=0.01)


@pytest.mark.parametrize(("scale", "first"), [((0, 100), "mean"), ((-10, 10), "mean"), ((0, 10), "top_box")])
def test_a_wide_scale_is_told_by_its_mean_and_top_two_tenths(scale, first):
    points = np.linspace(*scale, 11)
    names, scores = scorings(points, scale, is_nps=False)
    assert names[0] == first
    if first == "mean":
        assert names == ("mean", "top_two")
        assert scores[1].tolist() == [0] * 8 + [1] * 3  # 80, 90 and 100 of 100


def test_promoters_and_detractors_are_those_of_the_definition():
    names, scores = scorings(np.arange(0.0, 11), (0, 10), is_nps=True)
    assert names == ("nps", "top_box", "mean")
    assert scores[0].tolist() == [-100.0] * 7 + [0, 0, 100, 100]
    assert mean_scores(np.zeros(3), np.linspace(-5, 5, 10), scores, np.ones(3))[2] == pytest.approx(5, abs=1e-9)


def test_people_of_another_survey_are_those_that_its_weights_say():
    """A draw that sees the first half of people alone gives what they would, and nobody is lost."""
    _, values, applies, columns, rows, draws, common = setting()
    half = np.arange(200) < 100
    found = what_if(draws, rows, columns, values, applies, resample=lambda kept, _: half[kept].astype(float), **common)
    own = dataclasses.replace(
        rows,
        columns=rows.columns[half],
        levels=rows.levels[half],
        weights=rows.weights[half],
        starts=np.array([0, 100]),
    )
    wanted = what_if(draws, own, columns, values[half], applies[half], **common)
    np.testing.assert_allclose(found.change, wanted.change, atol=1e-12)
