"""Worlds whose truth is known: rows with all drivers known, and simulated companies with who has resolved to leave."""

from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
from scipy.special import expit

from workbench import datasets
from workbench.features import customer_features, schedule
from workbench.models import attrition
from workbench.models.attrition.population.drawing import MOST_CUSTOMERS
from workbench.simulate.block import SIZE
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.customers import BURN_IN
from workbench.simulate.engine.history import live
from workbench.simulate.engine.intentions import STATES
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import Settings, read_settings
from workbench.simulate.foresight import leaving_table
from workbench.simulate.records import Book, blocks, month_starts
from workbench.simulate.world import add
from workbench.studies.featured import FEATURE_TABLES

COLUMNS = 40
SIGNS = ("logins", "purchase", "amount", "frequency", "recency", "contact", "enquir", "reminder")
"""Of names of features: what customers of `simulate` show once they have resolved to leave."""


def drawn_with_drivers(size: int, *, seed: int) -> pd.DataFrame:
    """Forty columns that are all there is to know, 5% of leavers, and the true `risk` of each row.

    Eighteen numbers and two of six categories matter; a quarter of what they say is curved.
    """
    world, random = np.random.default_rng(1), np.random.default_rng(seed)
    numbers = random.normal(size=(size, COLUMNS - 6))
    groups = random.integers(0, 4, (size, 6))
    weights = world.normal(size=18)
    straight = numbers[:, :18] @ weights / np.sqrt((weights**2).sum())
    curved = (
        (numbers[:, 0] > 0.5) * (numbers[:, 1] < 0)
        + np.abs(numbers[:, 2])
        - np.minimum(numbers[:, 3], 0) * (groups[:, 0] == 1)
        + world.normal(size=4)[groups[:, 1]]
    )
    margin = 0.95 * straight + 0.6 * (curved - curved.mean()) / curved.std()
    low, high = -12.0, 2.0
    for _ in range(60):  # the level at which 5% leave
        middle = (low + high) / 2
        low, high = (middle, high) if expit(margin + middle).mean() < 0.05 else (low, middle)
    risk = expit(margin + low)
    frame = pd.DataFrame(numbers, columns=[f"number_{at}" for at in range(numbers.shape[1])])
    for at in range(groups.shape[1]):
        frame[f"group_{at}"] = np.array(["north", "east", "south", "west"])[groups[:, at]]
    left = (random.random(size) < risk).astype(int)
    return frame.assign(risk=risk, left=left, customer_id=np.arange(size))


@dataclass(frozen=True, kw_only=True, eq=False)
class Company:
    """A simulated company: its population, and what is true of its customers of today, in their order.

    `intention` (N,) is none or a reason, `risk` (N,) that of leaving within 30 days.
    """

    population: attrition.Population
    intention: np.ndarray
    risk: np.ndarray


def company(root: Path, *settings: str, most_customers: int = MOST_CUSTOMERS) -> Company:
    """Simulate one of sixteen months, which hold twelve cut-offs; the truth is that of the first day after them.

    Of more than `most_customers` at a cut-off some are drawn by lot to be learned from.
    """
    wanted = read_settings(["trials=false", "months=16", "truth=false", *settings])
    add("firm", wanted, root)
    source = datasets.find("firm", root)
    rows = source.load("subscriptions").frame
    when = schedule("subscriptions", rows)
    tables = {name: ibis.read_parquet(root / "data" / "firm" / f"{name}.parquet") for name in FEATURE_TABLES}
    tables["surveys"] = tables["surveys"].drop("comment", "plan", "region", "age_group")
    constant = ["plan", "region", "age_group", "joined_via"]
    made = customer_features(tables, when.when, windows_days=(30, 90), constant=constant, records=when.records)
    population = attrition.read_population(source.tables, ("subscriptions", rows), made, most_customers=most_customers)
    now = leaving_after(wanted).loc[population.today_ids]
    return Company(population=population, intention=now["intention"].to_numpy(), risk=now["state_30"].to_numpy(float))


def leaving_after(settings: Settings) -> pd.DataFrame:
    """By customer: `intention` and `state_30` on the first day after the records, as the simulator's truth has them.

    The whole truth also values every initiative, which takes longer than all the rest.
    """
    world, found = world_of(settings), []
    lengths = np.diff(month_starts(settings.first_day, settings.months)[BURN_IN:]).astype(int)
    for first, size in blocks(settings.customers, SIZE):
        noise = Noise(settings.seed, first, size)
        book = Book(settings, world, noise)
        for month in live(world, noise, settings.months, calendar=settings.first_day.month):
            book.write(month)
        people = month.people
        known = [people.intention == state for state in range(STATES)]
        ids = book.customer_ids(np.flatnonzero(people.active), people)
        found.append(leaving_table(world, people, known, settings.months, lengths, ids).to_pandas())
    return pd.concat(found).set_index("customer_id")[["intention", "state_30"]]
