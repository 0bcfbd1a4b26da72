"""Whether single drivers can be told apart from a person's mood, and when nothing but the rest of the model differs."""

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import draw_answers

from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.ordinal.imputation import complete
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings


def model(frame, columns, *, shape="linear"):
    ratings = read_ratings(frame, columns, segment="segment")
    completed = complete(ratings, Prior(), times=1, random_seed=1)
    laid_out = make_columns(ratings, shape)
    return DriverModel(
        ratings=ratings,
        columns=laid_out,
        prior=Prior(),
        completed=completed,
        posterior=None,
        confidence=0.9,
        random_seed=1,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slopes_that_differ_by_segment_alone_tell_no_driver_apart(seed):
    rng = np.random.default_rng(seed)
    weak, columns, *_ = draw_answers(700, [0.2] * 4, rng)
    strong, *_ = draw_answers(700, [0.9] * 4, rng)
    frame = pd.concat([weak.assign(segment="weak"), strong.assign(segment="strong")], ignore_index=True)
    assert not model(frame, columns).distinguishable


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_touchpoint_that_is_liked_for_its_use_alone_is_no_driver_told_apart(seed):
    """The outcome follows a person's mean rating, and whether one touchpoint was used at all."""
    rng = np.random.default_rng(seed)
    frame, columns, *_ = draw_answers(1_200, [0.5] * 4, rng, unused=0.3)
    ratings = frame[["da", "db", "dc", "dd"]]
    mood = ((ratings - ratings.mean()) / ratings.std()).mean(axis=1).fillna(0)
    latent = 1.5 * mood + 1.0 * ratings["da"].notna() + rng.logistic(size=len(frame))
    frame["outcome"] = 1.0 + np.searchsorted(np.quantile(latent, [0.2, 0.4, 0.6, 0.8]), latent)
    assert not model(frame, columns).distinguishable


@pytest.mark.parametrize("shape", ["linear", "asymmetric", "monotone"])
def test_drivers_that_do_differ_are_told_apart(shape):
    frame, columns, *_ = draw_answers(1_500, [1.0, 0.6, 0.0, 0.0], np.random.default_rng(1), segments=2)
    assert model(frame, columns, shape=shape).distinguishable
