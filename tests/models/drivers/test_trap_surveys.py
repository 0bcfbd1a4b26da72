"""The worlds that other tests draw surveys from are what they say."""

import numpy as np
import pytest
from tests.models.drivers.trap_surveys import TRAPS, draw_survey, draw_world


def one_better(ratings, place, ends):
    return np.minimum(ratings[:, place] + 1, ends[place, 1])


@pytest.mark.parametrize("traps", [(), ("halo", "cuts"), TRAPS], ids=["none", "two", "all"])
def test_surveys_score_what_is_true_of_their_world(traps):
    rng = np.random.default_rng(1)
    world = draw_world(rng, traps=traps)
    truth = world.truth(one_better, rng)
    frame, _ = draw_survey(world, rng, 20_000)
    score = 100 * ((frame["outcome"] >= 9).mean() - (frame["outcome"] <= 6).mean())
    assert score == pytest.approx(truth.nps, abs=6 if "repeated" in traps else 2)


def test_reported_ratings_tell_of_a_mood_that_better_experiences_do_not_move():
    rng = np.random.default_rng(2)
    effects = [0.8, 0.4, 0.0, 0.0]
    plain = draw_world(rng, drivers=4, traps=(), effects=effects).truth(one_better, rng)
    moody = draw_world(rng, drivers=4, traps=("halo",), effects=effects).truth(one_better, rng)
    assert plain.reported == pytest.approx(plain.experienced)
    assert moody.experienced[2] == pytest.approx(0, abs=1e-9)
    assert (moody.reported > moody.experienced + 1).all()
    assert plain.share.argmax() == moody.share.argmax() == 0
