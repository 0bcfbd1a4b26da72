"""Noise belongs to a slot, a month and a mechanism, whoever asks."""

import numpy as np
import pytest
from scipy.stats import kstest

from workbench.simulate.engine.noise import Mechanism, Noise

ALL = Noise(seed=3, first=0, size=4_096)


@pytest.mark.parametrize("draw", ["uniform", "normal", "pieces"])
def test_a_slot_gets_the_same_numbers_in_every_stretch(draw):
    part = Noise(seed=3, first=1_024, size=512)
    whole = getattr(ALL, draw)(Mechanism.LEAVE, 7, 2)
    assert np.array_equal(getattr(part, draw)(Mechanism.LEAVE, 7, 2), whole[..., 1_024:1_536])


@pytest.mark.parametrize(
    "other",
    [
        Noise(4, 0, 4_096).uniform(Mechanism.LEAVE, 7),
        ALL.again(1).uniform(Mechanism.LEAVE, 7),
        ALL.uniform(Mechanism.LEAVE, 8),
        ALL.uniform(Mechanism.REASON, 7),
        ALL.uniform(Mechanism.LEAVE, 7, 1),
    ],
    ids=["seed", "replicate", "month", "mechanism", "sub"],
)
def test_anything_else_gets_unrelated_numbers(other):
    one = ALL.uniform(Mechanism.LEAVE, 7)
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(one.size)


def test_numbers_are_those_of_philox_at_their_key_and_count_whatever_was_drawn_before():
    """The stream that worlds of every version are made of."""
    part = Noise(seed=2**63 - 1, first=1_024, size=7, replicate=5)
    part.pieces(Mechanism.TOUCH, 2)
    found = part.uniform(Mechanism.LEAVE, 7, 2)
    key = np.array([2**63 - 1, (5 << 40) | (Mechanism.LEAVE << 24) | (2 << 16) | (7 + 2_048)], dtype=np.uint64)
    words = np.random.Philox(key=key, counter=256).random_raw(7)
    assert np.array_equal(found, (words >> np.uint64(11)) * 2.0**-53 + 2.0**-54)


def test_numbers_are_uniform_strictly_between_0_and_1():
    for numbers in (ALL.uniform(Mechanism.LEAVE, -36), *ALL.pieces(Mechanism.TOUCH, 0, 3)):
        assert numbers.min() > 0
        assert numbers.max() < 1
        assert kstest(numbers, "uniform").pvalue > 1e-4


def test_the_pieces_of_a_word_have_nothing_to_do_with_each_other():
    related = np.corrcoef(ALL.pieces(Mechanism.TOUCH, 5, 1))
    assert np.abs(related[np.triu_indices(4, 1)]).max() < 4 / np.sqrt(ALL.size)
