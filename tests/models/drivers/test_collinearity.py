"""Drivers that say nearly the same are named, with what to do; others are not."""

import numpy as np
from tests.models.drivers.answer_sheets import draw_answers

from workbench.models.drivers.responses.read import read_ratings


def twins(correlation, changed):
    frame, columns, *_ = draw_answers(600, [0.5, 0.5, 0.2], np.random.default_rng(1), correlation=correlation)
    return [c for c in read_ratings(changed(frame), columns).checks if c.name == "near_identical_drivers"]


def test_near_identical_drivers_are_named_with_the_remedy():
    def nearly(frame):
        other = np.random.default_rng(2).random(len(frame)) < 0.01
        return frame.assign(db=frame["da"].where(~other, frame["db"]))

    (check,) = twins(0.5, nearly)
    assert check.status == "warn"
    assert "“da” and “db”" in check.message
    assert "dc" not in check.message
    assert "leave one of each pair out" in check.message
    assert check.value >= check.threshold == 0.98


def test_a_driver_coded_the_other_way_round_is_a_twin_too():
    (check,) = twins(0.5, lambda frame: frame.assign(db=np.where(np.arange(len(frame)) == 0, 3, 6 - frame["da"])))
    assert "“da” and “db”" in check.message


def test_drivers_that_merely_go_together_are_not_named():
    assert twins(0.9, lambda frame: frame) == []
