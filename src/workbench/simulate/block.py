"""One block of slots from its beginning to its end: its records and, if wanted, what is true of it.

Stretches know nothing of each other, so they may be worked out anywhere and in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.simulate.decisions import MOST_SLOTS, Value, value_ahead
from workbench.simulate.dirt import soiled
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.history import live
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.trials import Trials
from workbench.simulate.foresight import Foresight
from workbench.simulate.population import CASH
from workbench.simulate.records import Book
from workbench.simulate.trial_effects import TrialEffect, contact_effects, trial_effects

SIZE = 4_096  # memory grows with this, not with the world
LEDGER = ("customers", *(f"cash_{kind}" for kind in (*CASH, "treatments")))


@dataclass
class Block:
    """What is known of a block.

    Attributes
    ----------
    tables
        Canonical tables.
    ledger
        (months, `LEDGER`): active customers and the cash flow that happened, by kind, in money.
    value, active_value, trials, contacts
        The truth about initiatives, about single customers if nothing is done (see `decisions.Undone`), about trials,
        and about single contacts; empty where it was not asked for.
    leaving
        The truth about who will leave soon (see `foresight`); None where it was not asked for, or nothing announces it.
    """

    tables: dict[str, pa.Table]
    ledger: np.ndarray
    value: Value | None
    active_value: pa.Table | None
    trials: list[TrialEffect]
    contacts: list[pa.Table]
    leaving: pa.Table | None

    @property
    def arms(self) -> list[tuple[str, str]]:
        """Initiatives and arms that were tried."""
        if "treatments" not in self.tables:
            return []
        rows = self.tables["treatments"].group_by(["initiative", "arm"], use_threads=False).aggregate([])
        return list(zip(rows["initiative"].to_pylist(), rows["arm"].to_pylist(), strict=True))


def live_through(
    settings: Settings, world: Coefficients, initiatives: Sequence[Initiative], first: int, size: int
) -> Block:
    """The slots `first` to `first + size - 1` of a world.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.
    initiatives
        On offer.
    first, size
        The first slot, and how many.
    """
    noise = Noise(settings.seed, first, size)
    book = Book(settings, world, noise)
    wanted = settings.truth and first < MOST_SLOTS
    trials = Trials(settings, initiatives, keep=wanted) if settings.trials else None
    ledger = np.zeros((settings.months, len(LEDGER)))
    effects: list[TrialEffect] = []
    contacts: list[pa.Table] = []
    calendar = settings.first_day.month
    foresight = Foresight(settings, world, book, noise) if wanted and world.warning else None
    happened = live(world, noise, settings.months, calendar=calendar, trials=trials, keep_start=foresight is not None)
    for month in happened:
        book.write(month)
        if foresight:
            foresight.add(month)
        if month.month < 0:
            continue
        cash = month.cash()
        ledger[month.month] = [month.people.active.sum(), *(cash[kind].sum() for kind in (*CASH, "treatments"))]
        for each in month.enrolled if wanted else ():
            if each.begins is not None:
                continue
            for arm in range(1, len(each.arms)):
                effect, by_customer = trial_effects(settings, world, each, noise, arm)
                effects.append(effect)
                if each.kind == "call" and each.before is not None:
                    ids = book.customer_ids(np.flatnonzero(each.before.active), each.before)
                    contacts.append(contact_effects(each, arm, by_customer, ids))
    value, active_value = None, None
    if wanted and settings.valuation:
        value, undone = value_ahead(settings, world, month.people, noise, initiatives)
        there = np.flatnonzero(month.people.active)
        active_value = undone.table(there, book.customer_ids(there, month.people))
    leaving = foresight.table(month.people) if foresight else None
    return Block(soiled(book.tables(), settings, first), ledger, value, active_value, effects, contacts, leaving)
