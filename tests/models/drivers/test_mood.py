"""One mood behind all ratings: a driver that says more is named alone, and none where none does."""

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import column

from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.summary.headline import headline
from workbench.models.drivers.summary.summarise import summarise

NAMES = ["food", "staff", "price", "signs", "web", "app", "queue", "seats"]


def moody(seed, n=2000, *, food=0.35, unused=0.4):
    """Ratings and outcome from one mood; what does not apply is left out; food adds of its own."""
    rng = np.random.default_rng(seed)
    mood = rng.standard_normal(n)
    own = 0.7 * rng.standard_normal((n, len(NAMES)))
    ratings = np.clip(np.round(3.4 + 0.8 * mood[:, None] + own), 1, 5)
    outcome = np.clip(np.round(3.4 + 0.9 * mood + food * own[:, 0] + 0.5 * rng.standard_normal(n)), 1, 5)
    away = rng.random(ratings.shape) < unused
    frame = pd.DataFrame({"outcome": outcome})
    columns = [column("outcome", "outcome", (1, 5))]
    for place, name in enumerate(NAMES):
        frame[name] = np.where(away[:, place], np.nan, ratings[:, place])
        frame[f"{name}__not_applicable"] = away[:, place]
        columns.append(column(name, "driver", (1, 5)))
    return fit_drivers(read_ratings(frame, columns), sampler="laplace", draws=200, random_seed=1)


def test_the_one_driver_that_says_more_than_the_mood_is_named_and_no_other():
    model = moody(1)
    assert model.columns.by_mood
    assert model.distinguishable
    summary = summarise(model)
    table = summary.importance_table.set_index("driver")
    sure = (table["p_above_knockoff"] >= 0.95) & (table["p_positive"] >= 0.95)
    assert list(table.index[sure]) == ["food"]
    assert summary.important.mean(0)[1:].max() < 0.8
    assert "“food”" in headline(summary).statement
    assert not any(f"“{name}”" in headline(summary).statement for name in NAMES[1:])
    assert summary.what_if_table.iloc[0]["driver"] == "food"


def test_a_mood_without_drivers_is_told_as_such():
    model = moody(2, food=0.0)
    assert model.predictive
    assert not model.distinguishable
    assert "can't single out one driver" in headline(summarise(model)).statement


@pytest.mark.slow
def test_a_mood_alone_raises_few_false_alarms_and_a_driver_beside_it_is_mostly_found():
    alarms = [moody(seed, 800, food=0.0).distinguishable for seed in range(100, 140)]
    found = [moody(seed, 800).distinguishable for seed in range(200, 220)]
    assert np.mean(alarms) <= 0.05
    assert np.mean(found) >= 0.8
