"""What-if: the definition on a few people, ceilings, and no effect where there is none."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import draw_ratings

from workbench.models.drivers.blanks import complete, level_probability, rows_of
from workbench.models.drivers.columns import make_columns
from workbench.models.drivers.links import LOGIT, PROBIT
from workbench.models.drivers.ordered_mode import Prior
from workbench.models.drivers.what_if import mean_scores, raised, scorings, what_if

MEASURES, SCORES = scorings(np.arange(1.0, 6), (1, 5), is_nps=False)


def setting(effects=(0.6, 0.3), link=LOGIT, **world):
    ratings, _ = draw_ratings(200, effects, np.random.default_rng(4), **world)
    values, applies = complete(ratings, Prior(), times=1, random_seed=1)[0]
    columns = make_columns(ratings)
    rows = rows_of(ratings, columns, values, applies, link)
    draws = (np.array([[np.resize([0.6, 0.1], len(columns.names))]]), np.zeros((1, 1)), np.array([[-2.0, -1, 0, 1]]))
    common = {"ends": ratings.ends, "measures": MEASURES, "scores": SCORES, "random_seed": 1}
    return ratings, values, applies, columns, rows, draws, common


@pytest.mark.parametrize("link", [LOGIT, PROBIT], ids=["logit", "probit"])
def test_the_change_is_that_of_foretelling_everyone_twice(link):
    _, values, applies, columns, rows, draws, common = setting(link=link)
    found = what_if(draws, rows, columns, values, applies, **common)
    better = values.copy()
    better[:, 0] = np.minimum(values[:, 0] + 1, 5)
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


def test_promoters_and_detractors_are_those_of_the_definition():
    names, scores = scorings(np.arange(0.0, 11), (0, 10), is_nps=True)
    assert names == ("nps", "top_box", "mean")
    assert scores[0].tolist() == [-100.0] * 7 + [0, 0, 100, 100]
    assert mean_scores(np.zeros(3), np.linspace(-5, 5, 10), scores, np.ones(3))[2] == pytest.approx(5, abs=1e-9)
