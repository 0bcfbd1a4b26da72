"""Answers of a made-up panel whose satisfaction is known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.linkage.answers import read_answers

ORIGIN = pd.Timestamp("2024-01-01")
KEEP = 0.8


@dataclass(frozen=True)
class Item:
    name: str
    label: str = ""
    scale: tuple[float, float] = (0.0, 10.0)


def panel(customers=1500, months=24, *, halo=0.0, weights=(0.5, 0.4, 0.3), seed=1, response=0.5):
    """Three touchpoints with wide scales, satisfaction their weighted sum; answers every third month.

    Returns
    -------
    surveys, effects, satisfaction (customers, months), visits
    """
    random = np.random.default_rng(seed)
    weights = np.array(weights)
    own = random.normal(0, 1.0, (customers, len(weights)))
    state = random.normal(0, 1.0, (customers, len(weights)))
    visit_share = np.array([0.15, 1.0, 1.0])
    experience = own + state
    satisfaction = np.zeros((customers, months))
    visits, rows = [], []
    for month in range(months):
        state = KEEP * state + np.sqrt(1 - KEEP**2) * random.normal(size=state.shape)
        met = random.uniform(size=state.shape) < visit_share
        experience = np.where(met, own + state, experience)
        satisfaction[:, month] = experience @ weights
        visited, answered = (ORIGIN + pd.DateOffset(months=month, days=days) for days in (3, 26))
        visits += [(f"c{who:05}", visited, "a") for who in np.flatnonzero(met[:, 0])]
        if month % 3 == 0:
            for who in np.flatnonzero(random.uniform(size=customers) < response):
                felt = satisfaction[who, month]
                ratings = 5 + experience[who] + halo * felt
                rows.append((f"c{who:05}", answered, felt + random.logistic(), *ratings))
    surveys = pd.DataFrame(rows, columns=["customer_id", "timestamp", "outcome", "a", "b", "c"])
    surveys["outcome"] = pd.qcut(surveys["outcome"], 5, labels=False).astype(float)
    reported = weights / (1 + halo * weights.sum())
    effects = pd.DataFrame(
        [
            {"draw": draw, "segment": "all", "driver": name, "effect": effect, "use": 0.0, "outcome": "outcome"}
            for draw in range(50)
            for name, effect in zip("abc", reported, strict=True)
        ]
    )
    return surveys, effects, satisfaction, pd.DataFrame(visits, columns=["customer_id", "timestamp", "touchpoint"])


def answers_of(surveys, effects):
    return read_answers(surveys, [Item("a", "Shop"), Item("b"), Item("c")], effects)
