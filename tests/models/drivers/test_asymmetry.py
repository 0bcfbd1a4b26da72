"""Penalty and reward: every draw is of one kind, and a bend that is there is called by its name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.drivers.answer_sheets import draw_ratings
from tests.models.drivers.quick_models import fitted

from workbench.models.drivers.effects.asymmetry import KINDS, asymmetry_table, kinds_of
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.summary.findings import asymmetry
from workbench.models.drivers.summary.summarise import summarise
from workbench.models.drivers.summary.tables import SURE


@pytest.fixture(scope="module")
def summary():
    return summarise(fitted([1.0, 0.3], n=500, segment=None))


SLOPE = st.floats(-3, 3)


@given(below=SLOPE, above=SLOPE, smallest=st.floats(0, 1))
def test_every_draw_is_of_exactly_one_kind(below, above, smallest):
    found = kinds_of(np.array([below]), np.array([above]), smallest)
    assert tuple(found) == KINDS
    assert sum(int(each[0]) for each in found.values()) == 1


@pytest.mark.parametrize(
    ("below", "above", "kind"),
    [
        (1.0, 0.2, "must_be"),
        (0.9, 0.85, "one_dimensional"),  # a little more below is no must-be, however surely
        (0.14, 0.06, "one_dimensional"),  # twice as much, but the difference does not count
        (0.0, 0.5, "attractive"),
        (0.6, -0.2, "must_be"),
        (0.05, -0.05, "indifferent"),
        (-0.5, -0.4, "reversed"),
        (0.2, -0.9, "reversed"),
    ],
)
def test_kinds_are_as_defined(below, above, kind):
    assert kinds_of(np.array([below]), np.array([above]), 0.1)[kind][0]


def kinked(slope_below, slope_above):
    def change(frame):
        rng = np.random.default_rng(3)
        away = frame["da"] - 3
        predictor = slope_below * np.minimum(away, 0) + slope_above * np.maximum(away, 0) + 0.3 * frame["db"]
        latent = predictor + rng.logistic(size=len(frame))
        return frame.assign(outcome=1.0 + np.searchsorted(np.quantile(latent, [0.2, 0.4, 0.6, 0.8]), latent))

    return change


@pytest.mark.parametrize(
    ("slopes", "kind"),
    [((1.2, 0.0), "must_be"), ((0.0, 1.2), "attractive"), ((-0.8, -0.8), "reversed"), ((0.8, 0.8), "one_dimensional")],
)
def test_a_bend_that_is_there_is_called_by_its_name(slopes, kind):
    table = asymmetry_table(fitted([0.5, 0.5], n=2000, segment=None, changed=kinked(*slopes)), 0.1)
    row = table.set_index("driver").loc["da"]
    assert row[kind] > 0.8
    assert row["kind"] == kind.replace("_", "-")
    np.testing.assert_allclose(table[list(KINDS)].sum(axis=1), 1)


def test_kinds_are_told_in_words(summary):
    table = summary.asymmetry_table
    chances = dict.fromkeys(KINDS, 0.0)
    for kind, words in {
        "must_be": "Bad ratings of “da” hurt more than good ones help.",
        "attractive": "Good ratings of “da” help more than bad ones hurt.",
        "indifferent": "No driver hurts more when bad than it helps when good.",
    }.items():
        summary.__dict__["asymmetry_table"] = table.head(1).assign(**{**chances, kind: 1.0})
        assert [each.statement for each in asymmetry(summary)] == [words]


@pytest.mark.slow
def test_drivers_that_are_straight_or_without_effect_are_seldom_called_uneven():
    """200 surveys of six drivers, measured: .055 with a claim at .95, .51 with one at .8."""
    claimed = []
    for seed in range(200):
        ratings, _ = draw_ratings(600, [0.5] * 3 + [0.0] * 3, np.random.default_rng(seed))
        completed = [(ratings.values, np.ones(ratings.values.shape, dtype=bool))]
        model = DriverModel(
            ratings=ratings,
            columns=make_columns(ratings),
            prior=Prior(),
            completed=completed,
            posterior=None,
            confidence=0.9,
            random_seed=1,
        )
        table = asymmetry_table(model, 0.1)
        claimed.append((table[["must_be", "attractive", "reversed"]] >= SURE).any(axis=None))
    print("surveys with a claim", np.mean(claimed))
    assert np.mean(claimed) <= 0.1
