"""Draws of two runs stand side by side, one index for both, and what is independent stays so."""

import numpy as np
import pandas as pd
import pytest

from workbench.draws import join, seed_of
from workbench.errors import DataError


def table(count, column, **attrs):
    frame = pd.DataFrame({"draw": range(count), column: np.arange(count, dtype=float)})
    frame.attrs = attrs
    return frame


def test_the_same_draws_stand_side_by_side_for_every_row():
    left = pd.DataFrame({"draw": [0, 0, 1, 1], "driver": ["a", "b", "a", "b"], "effect": [1.0, 2.0, 3.0, 4.0]})
    right = pd.DataFrame({"draw": [1, 0], "worth": [20.0, 10.0]})
    found = join(left, right).frame
    assert (found.effect * found.worth).tolist() == [10.0, 20.0, 60.0, 80.0]


def test_of_unequal_numbers_the_fewer_are_used_evenly_spread_and_it_is_said():
    found = join(table(400, "a"), table(100, "b"))
    assert found.frame.draw.tolist() == list(range(100))
    assert found.frame.a.tolist() == [4.0 * place for place in range(100)]
    assert "One has 400 draws, the other 100: 100 are used of both" in found.check.message


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ({"run": "1"}, {"run": "1"}, "come from one run"),
        ({"run": "1", "follows": ["2"]}, {"run": "2"}, "made draw by draw"),
        ({"run": "1"}, {"run": "2"}, "taken as independent"),
    ],
)
def test_the_check_says_what_may_be_taken_as_independent(left, right, said):
    named = [{**attrs, "study": "s", "table": "t"} for attrs in (left, right)]
    assert said in join(table(3, "a", **named[0]), table(3, "b", **named[1])).check.message


def test_two_tables_of_one_seed_share_no_random_numbers():
    one, other = (np.random.default_rng(seed_of(1, name)).standard_normal(4000) for name in ("a", "b"))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.06


@pytest.mark.parametrize("frame", [pd.DataFrame({"effect": [1.0]}), pd.DataFrame({"draw": [1, 2]})])
def test_what_are_no_draws_is_refused(frame):
    with pytest.raises(DataError):
        join(frame, table(2, "b"))
