"""A simulated company with what is true of each of its initiatives alone."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench import datasets
from workbench.simulate.block import SIZE
from workbench.simulate.decisions import VALUE_MONTHS
from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.futures import Worlds, ahead
from workbench.simulate.engine.history import live
from workbench.simulate.engine.initiatives import Initiative, offered
from workbench.simulate.engine.noise import Mechanism, Noise
from workbench.simulate.engine.settings import Settings, read_settings
from workbench.simulate.engine.trials import Trials
from workbench.simulate.engine.words import TOUCHPOINTS
from workbench.simulate.population import CASH, discount
from workbench.simulate.records import blocks
from workbench.simulate.world import simulate

REPLICATES = 8  # futures with common noise: a gain is then known to about a hundredth of it


@dataclass(frozen=True)
class World:
    """A company's tables, and the truth.

    Attributes
    ----------
    dataset, tables
        As a study reads them.
    initiatives
        With their true lifts.
    npv : (initiatives,)
        True net present values over `VALUE_MONTHS`, in money.
    halo
        Points of a rating for a point of satisfaction.
    """

    settings: Settings
    dataset: Any
    tables: dict[str, pd.DataFrame]
    initiatives: tuple[Initiative, ...]
    npv: np.ndarray
    halo: float


def recorded(texts: Sequence[str]) -> tuple[Settings, Any, dict[str, pd.DataFrame]]:
    """The company with these settings, as they are typed: what it has on record, without the truth."""
    settings = read_settings([*texts, "truth=false"])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "data" / "firm").mkdir(parents=True)
        simulate(settings, root / "data" / "firm", None, cores=1)
        dataset = datasets.find("firm", root)
        tables = {name: dataset.load(name).frame for name in dataset.tables}
    return settings, dataset, tables


def made(texts: Sequence[str]) -> World:
    """The company with these settings, and what is true of it."""
    settings, dataset, tables = recorded(texts)
    initiatives = offered(settings)
    npv, halo = _truth(settings, world_of(settings), initiatives)
    return World(settings, dataset, tables, initiatives, npv, halo)


def _truth(settings: Settings, world: Coefficients, initiatives: Sequence[Initiative]) -> tuple[np.ndarray, float]:
    """Net present value of each initiative alone, and the halo in points."""
    value, cost, moved, rated = np.zeros(len(initiatives)), np.zeros(len(initiatives)), 0.0, 0
    for first, size in blocks(settings.customers, SIZE):
        noise = Noise(settings.seed, first, size)
        trials = Trials(settings, initiatives, keep=False) if settings.trials else None
        calendar = settings.first_day.month
        for month in live(world, noise, settings.months, calendar=calendar, trials=trials, surveys=False):
            people = month.people
        reached = np.array([noise.uniform(Mechanism.REACH, 0, i) < each.reach for i, each in enumerate(initiatives)])
        for replicate in range(1, REPLICATES + 1):
            value += _gains(settings, world, people, initiatives, reached, noise.again(replicate)) / REPLICATES
        there = (reached & people.active).sum(axis=1)
        cost += there * np.array([each.cost_per_customer for each in initiatives])
        more, many = _coloured(world, people, settings.months)
        moved, rated = moved + more, rated + many
    cost += np.array([each.fixed_cost for each in initiatives])
    return value - cost, moved / rated


def _gains(
    settings: Settings,
    world: Coefficients,
    people: Customers,
    initiatives: Sequence[Initiative],
    reached: np.ndarray,
    noise: Noise,
) -> np.ndarray:
    """Discounted cash of each initiative alone over doing nothing, in one future."""
    lifts, picks = [], np.zeros((len(initiatives) + 1, len(TOUCHPOINTS)), dtype=int)
    for k in range(len(TOUCHPOINTS)):
        here = [i for i, each in enumerate(initiatives) if each.touchpoint == k]
        lifts.append(np.stack([np.zeros(len(people)), *(initiatives[i].true_lift * reached[i] for i in here)]))
        picks[[1 + i for i in here], k] = 1 + np.arange(len(here))
    worlds = Worlds(lifts, picks, np.zeros(len(picks), dtype=int))
    months = ahead(
        world,
        people,
        worlds,
        noise,
        first=settings.months,
        months=VALUE_MONTHS,
        calendar=settings.first_day.month,
    )
    flows = [np.asarray(sum(each.cash[kind] for kind in CASH)).sum(axis=1) for each in months]
    gains = np.array(flows).T @ discount(VALUE_MONTHS)
    return gains[1:] - gains[0]


def _coloured(world: Coefficients, people: Customers, months: int) -> tuple[float, int]:
    """Points by which a point more of satisfaction lifts ratings, summed over those who rate, and how many they are."""
    rated = people.relevant(months - 1) & people.active
    colour = world.halo * people.satisfaction / world.touchpoint_sd
    step = 0.25
    higher, lower = (eq.grade(people.latent + colour + sign * step) for sign in (1, -1))
    slope = (higher - lower)[rated].sum() / (2 * step)
    return float(slope * world.halo / world.touchpoint_sd), int(rated.sum())
