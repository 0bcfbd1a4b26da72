"""Blanks are imputed so that effects are unbiased where dropping rows is not; what did not apply is left alone."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import draw_answers

from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.rows import Prior, subset
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.ratings import MISSING, NOT_APPLICABLE, RATED
from workbench.models.drivers.responses.read import read_ratings

EFFECTS = [0.8, 0.5, 0.3]


def with_blanks_by_outcome(n, rng):
    """Missing at random: whether the first two drivers are blank depends on the outcome and the third, which are seen.

    Returns the answers before and after.
    """
    frame, columns, *_ = draw_answers(n, EFFECTS, rng, levels=7)
    whole = read_ratings(frame, columns)
    chance = 1 / (1 + np.exp(-(0.8 * (frame["outcome"] - 4) - 1.2 * (frame["dc"] - 3))))
    for name in ("da", "db"):
        frame.loc[rng.random(n) < 0.75 * chance, name] = np.nan
    return whole, read_ratings(frame, columns)


def test_what_did_not_apply_never_gets_a_rating_and_given_answers_stay():
    frame, columns, *_ = draw_answers(400, EFFECTS, np.random.default_rng(1), unused=0.3, missing=0.1)
    ratings = read_ratings(frame, columns)
    several = complete(ratings, Prior(), times=3, random_seed=2)
    assert len(several) == 3
    for values, applies in several:
        assert not applies[ratings.state == NOT_APPLICABLE].any()
        assert applies[ratings.state == RATED].all()
        np.testing.assert_array_equal(values[ratings.state == RATED], ratings.values[ratings.state == RATED])
        assert set(np.unique(values[(ratings.state == MISSING) & applies])) <= {1, 2, 3, 4, 5}
        assert 0.1 < (~applies[ratings.state == MISSING]).mean() < 0.5  # to some it did not apply
    assert not np.array_equal(several[0][0], several[1][0])


def test_the_same_seed_gives_the_same_imputations():
    frame, columns, *_ = draw_answers(200, EFFECTS, np.random.default_rng(1), missing=0.1)
    ratings = read_ratings(frame, columns)
    first, second = (complete(ratings, Prior(), times=2, random_seed=3) for _ in range(2))
    np.testing.assert_array_equal(first[1][0], second[1][0])


def test_without_blanks_there_is_one_data_set():
    frame, columns, *_ = draw_answers(100, EFFECTS, np.random.default_rng(1))
    assert len(complete(read_ratings(frame, columns), Prior(), times=5, random_seed=1)) == 1


@pytest.mark.slow
def test_bias_is_at_most_five_percent_where_dropping_rows_is_biased():
    rng = np.random.default_rng(7)
    imputed, dropped, known = [], [], []
    for repetition in range(12):
        whole, ratings = with_blanks_by_outcome(4000, rng)
        known.append(effects_of_a_point(whole, complete(whole, Prior(), times=1, random_seed=1)))
        completed = complete(ratings, Prior(), times=4, random_seed=repetition)
        imputed.append(effects_of_a_point(ratings, completed))
        dropped.append(effects_of_a_point(ratings, completed[:1], (ratings.state == RATED).all(1)))
    truth = np.mean(known, axis=0)
    assert np.abs(np.mean(imputed, axis=0) / truth - 1).max() <= 0.05
    assert np.abs(np.mean(dropped, axis=0) / truth - 1).max() > 0.10


def effects_of_a_point(ratings, completed, kept=None):
    columns = make_columns(ratings)
    fits = []
    for each in completed:
        rows = rows_of(ratings, columns, *each)
        rows = rows if kept is None else subset(rows, kept)
        fits.append(fit_laplace(rows, Prior(), drivers=3).effects / columns.sd)
    return np.mean(fits, axis=0)
