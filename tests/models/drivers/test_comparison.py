"""Leave-one-out of drivers' models: what imputation must not leak, what weights mean, what is said."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.evaluation.predictive import LeaveOneOut
from workbench.models.drivers.model.comparison import Comparison, compare
from workbench.models.drivers.ordinal.imputation import complete
from workbench.models.drivers.ordinal.links import LINKS
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings


def compared(frame, columns, *, link="logit", imputations=2):
    ratings, noise = read_ratings(frame, columns), LINKS[link]
    prior = Prior().on(noise)
    completed = complete(ratings, prior, times=imputations, link=noise, random_seed=1)
    return compare(ratings, make_columns(ratings), prior, completed, link=noise, random_seed=1)


def standard_errors(effects, seed, n=600, **world):
    """By how many standard errors the drivers' model is better, where 40% of ratings are blank."""
    frame, columns, *_ = draw_answers(n, effects, np.random.default_rng(seed), missing=0.4, **world)
    difference, error = compared(frame, columns).better_than("halo")
    return difference / error


def test_outcomes_that_follow_the_mood_alone_tell_no_driver_apart_however_much_is_blank():
    # Imputations that know the outcome made the drivers' model 0.9 standard errors better than the mean rating in these
    # three surveys: what they know is what is to be predicted.
    assert np.mean([standard_errors([0.4] * 5, seed, n=400) for seed in range(3)]) < 0.2


@pytest.mark.slow
def test_false_alarms_are_rare_and_drivers_that_differ_are_told_apart_with_forty_percent_blank():
    mood = [standard_errors([0.35] * 5, 100 + seed) for seed in range(30)]
    real = [standard_errors([1.4, 0.7, 0.0, 0.0, 0.0], 200 + seed) for seed in range(20)]
    assert np.mean(np.array(mood) > 2) <= 0.05
    assert np.mean(np.array(real) > 2) >= 0.8


def test_rows_of_frequency_two_are_two_rows():
    """Fits are the same; what is left out is one of the two, and the error counts both."""
    frame, columns, *_ = draw_answers(250, [0.9, 0.4, 0.0], np.random.default_rng(3))
    weight = np.where(np.arange(250) % 2, 2.0, 1.0)
    columns = [*columns, column("weight", "", None, weighting="frequency")]
    weighted = compared(frame.assign(weight=weight), columns)
    copied = compared(frame.loc[frame.index.repeat(weight.astype(int))].assign(weight=1.0), columns)
    for other in ("halo", "nothing"):
        np.testing.assert_allclose(weighted.better_than(other), copied.better_than(other), rtol=1e-4)


def test_survey_weights_in_other_units_change_nothing():
    frame, columns, *_ = draw_answers(400, [0.9, 0.4, 0.0], np.random.default_rng(3))
    weight = np.random.default_rng(4).gamma(1.5, size=400) + 0.1
    columns = [*columns, column("weight", "", None, weighting="survey")]
    first, second = (compared(frame.assign(weight=factor * weight), columns) for factor in (1.0, 250.0))
    np.testing.assert_allclose(first.better_than("halo"), second.better_than("halo"), rtol=1e-6)


def test_the_probit_tells_drivers_apart_too():
    frame, columns, *_ = draw_answers(
        800, [0.6, 0.3, 0.0], np.random.default_rng(5), link=LINKS["probit"], missing=0.05
    )
    assert compared(frame, columns, link="probit").distinguishable


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((-1.0, -1.2), "predicts the outcome better than"),
        ((-1.0, -1.0), "no better than"),
        ((-1.2, -1.0), "worse than knowing"),
    ],
)
def test_what_is_said_has_the_sign_of_what_was_found(values, said):
    noise = np.random.default_rng(1).normal(0, 0.1, 200)
    drivers, halo = (
        LeaveOneOut(pointwise=each, picked=np.arange(200), smoothed=each, k=np.zeros(200))
        for each in (values[0] + noise, np.full(200, values[1]))
    )
    found = Comparison(items=drivers, halo=halo, nothing=halo, weights=np.ones(200), weighting="none")
    message = found.check(distinguishable=found.distinguishable).message
    assert said in message
    assert "-" not in message
    assert ("higher" in message) == (found.better_than("halo")[0] >= 0)


def test_more_answers_than_are_smoothed_all_count(monkeypatch):
    from workbench.evaluation import predictive

    frame, columns, *_ = draw_answers(900, [0.8, 0.4, 0.0], np.random.default_rng(6))
    whole = compared(frame, columns)
    monkeypatch.setattr(predictive, "SMOOTHED", 300)
    sampled = compared(frame, columns)
    assert len(sampled.drivers.k) == 300
    for other in ("halo", "nothing"):
        (difference, error), (wanted, doubt) = sampled.better_than(other), whole.better_than(other)
        assert difference == pytest.approx(wanted, abs=0.05 * doubt)
        assert error == pytest.approx(doubt, rel=0.02)


def test_a_model_is_averaged_over_what_blanks_may_have_been():
    """The likelihood of an answer with a blank is the mean over imputations, that of one without is its own."""
    from workbench.models.drivers.model.comparison import _likelihood
    from workbench.models.drivers.ordinal.imputation import rows_of

    frame, columns, *_ = draw_answers(120, [0.8, 0.4], np.random.default_rng(7), missing=0.3)
    ratings = read_ratings(frame, columns)
    layout = make_columns(ratings)
    several = complete(ratings, Prior(), times=3, random_seed=1, use_outcome=False)
    predicted = [rows_of(ratings, layout, *each) for each in several]
    point = SimpleNamespace(b=np.array([[[0.5, 0.2]]]), a=np.zeros((1, 1)), cuts=np.array([[-1.0, 0, 1, 2]]))
    missing = (ratings.state == 2).any(1)
    found = _likelihood(predicted, (point.b, point.a, point.cuts, np.zeros((1, 4, 0))), missing)(np.arange(120))[0]
    below = [1 / (1 + np.exp((r.columns @ point.b[0, 0])[:, None] - point.cuts[0])) for r in predicted]
    chances = [np.diff(each, axis=1, prepend=0, append=1)[np.arange(120), ratings.levels] for each in below]
    np.testing.assert_allclose(found, np.log(np.mean(chances, axis=0)))
    assert not np.allclose(chances[0][missing], chances[1][missing])
