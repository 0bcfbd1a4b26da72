"""Simulated companies with pilots whose lifts are known, learned from as a study does it."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from workbench import datasets
from workbench.decisions import pilots, roi
from workbench.decisions.pilots.words import WIDE
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.words import TOUCHPOINTS
from workbench.simulate.world import add
from workbench.statistics.regression import fit_regression

DRAWS = 400
OUTCOME = "nps"


def world_of(seed, *, design, customers=5000, months=24, lift=None):
    """What each pilot of a company says of its lift, and the lift; by design `individual` three are dealt by lot."""
    asked = [f"customers={customers}", f"months={months}", f"seed={seed}", "truth=false", f"trial_design={design}"]
    asked += ["random_pilots=3"] if design == "individual" else []
    asked += [f"lift={lift}"] if lift is not None else []
    settings = read_settings(asked)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").mkdir()
        add("firm", settings, Path(folder))
        source = datasets.find("firm", Path(folder))
        tables = {name: source.load(name).frame for name in source.tables}
    drivers = [each.name for each in TOUCHPOINTS if each.name in tables["surveys"]]
    run = SimpleNamespace(draws=lambda name: effects_of(tables["surveys"], drivers, seed))
    experience = roi.return_on_experience(run, worth(customers), source, tables, random_seed=seed)
    learnt = pilots.learn(experience, source, tables, random_seed=seed)
    true = {each.name: each.true_lift for each in offered(settings)}
    return {
        "lessons": [
            {
                "by_lot": lesson.arms.by_lot,
                "true": true[lesson.stated.name],
                "prior": [lesson.stated.lift, lesson.stated.lift_sd],
                "pilot": [lesson.estimate, lesson.error],
                "raw": list(lesson.raw),
                "posterior": list(lesson.posterior),
            }
            for lesson in learnt.lessons
        ],
        "silent": [list(each) for each in learnt.silent],
    }


def worth(customers):
    """A base that brings 1 a month from each customer: what pilots say does not depend on money."""
    flat = np.ones((DRAWS, 12, 1))
    return SimpleNamespace(
        business=SimpleNamespace(draws=DRAWS, contribution=True),
        second=SimpleNamespace(
            alive=np.full((1, DRAWS), float(customers)),
            customers_by_month=customers * 0.98 ** np.arange(1, 13)[:, None] * flat,
            flows={"fees": customers * flat},
        ),
        discount=0.99,
        assumptions=SimpleNamespace(money=SimpleNamespace(currency="EUR")),
    )


def effects_of(surveys, drivers, seed):
    """Effects of ratings on the outcome as a driver analysis leaves them: an ordered logit over stacked cuts."""
    known = surveys.dropna(subset=[OUTCOME])
    ratings = known[drivers].to_numpy(dtype=float)
    away = np.column_stack([known[f"{name}__not_applicable"].to_numpy(dtype=bool) for name in drivers])
    used = ~away
    filled = np.where(np.isfinite(ratings) & used, ratings - np.nanmean(np.where(used, ratings, np.nan), axis=0), 0.0)
    given = known[OUTCOME].to_numpy(dtype=float)
    cuts = np.quantile(given, [0.2, 0.4, 0.6, 0.8])
    cuts = np.unique(cuts[cuts > given.min()])
    size = len(cuts)
    design = np.column_stack(
        [
            np.ones(size * len(given)),
            np.tile(np.eye(size)[:, 1:], (len(given), 1)),
            np.repeat(np.column_stack([filled, used[:, used.std(axis=0) > 0]]), size, axis=0),
        ]
    )
    found = fit_regression(design, (given[:, None] >= cuts).astype(float).ravel(), family="logistic", ridge=1e-3)
    random = np.random.default_rng(seed)
    # Stacked cuts of one answer are not independent: as if each answer counted once in all.
    drawn = random.multivariate_normal(found.estimate, 2 * found.covariance, size=DRAWS)
    effect = drawn[:, size : size + len(drivers)]
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(DRAWS), len(drivers)),
            "segment": "all",
            "driver": np.tile(drivers, DRAWS),
            "effect": effect.ravel(),
            "use": 0.0,
            "outcome": OUTCOME,
        }
    )


def covered(lessons, of):
    """Share of lifts that lie in the 90% interval of what is said of them."""
    inside = [abs(each["true"] - each[of][0]) <= WIDE * each[of][1] for each in lessons]
    return float(np.mean(inside))
