"""The truth of a world, apart from its data: what a study should find, and what it may not read."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.simulate.block import LEDGER, Block
from workbench.simulate.decisions import MOST_SLOTS, UNDONE_MONTHS, Value, worth
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.settings import Settings
from workbench.simulate.population import ANNUAL_RATE
from workbench.simulate.trial_effects import TrialEffect, effects_table


class Truth:
    """Gathered block by block, in their order.

    Parameters
    ----------
    settings, world, initiatives
        Of the world.
    """

    def __init__(self, settings: Settings, world: Coefficients, initiatives: Sequence[Initiative]):
        self._settings, self._world, self._initiatives = settings, world, initiatives
        self._ledger = np.zeros((settings.months, len(LEDGER)))
        self._value: Value | None = None
        self._trials: dict[tuple[str, str, int], TrialEffect] = {}
        self._contacts: list[pa.Table] = []
        self._active: list[pa.Table] = []

    def add(self, block: Block) -> None:
        """Take in the next block.

        Parameters
        ----------
        block
            As it was lived through.
        """
        self._ledger += block.ledger
        if block.value is not None:
            self._value = block.value if self._value is None else self._value + block.value
        for each in block.trials:
            key = (each.initiative, each.arm, each.start)
            self._trials[key] = self._trials[key] + each if key in self._trials else each
        self._contacts += block.contacts
        if block.active_value is not None:
            self._active.append(block.active_value)

    def happened(self) -> dict[str, dict | pa.Table]:
        """What was gathered, by the name of the file that it goes to.

        Returns
        -------
        dict
            `truth` (plain data) and tables: `ledger` (month, active customers, cash flow that happened by kind and in
            total) and, with trials, `trial_effects` (see `trial_effects.effects_table`) and `contact_effects` (see
            `trial_effects.contact_effects`).
        """
        settings = self._settings
        truth = {
            "settings": asdict(settings),
            "trials": [each.to_dict() for each in self._trials.values()],
            "structural": {
                "note": "Coefficients of the structural equations. With frailty, halo or confounding they are not what "
                "a Cox model or an ordered logit recovers from the tables.",
                **{name: _plain(each) for name, each in asdict(self._world).items()},
            },
        }
        columns = dict(zip(LEDGER, self._ledger.T, strict=True))
        total = self._ledger[:, 1:].sum(axis=1)
        ledger = pa.table({"month": np.arange(settings.months), **columns, "cash": total})
        tried: dict[str, pa.Table] = {}
        if self._trials:
            tried["trial_effects"] = effects_table(list(self._trials.values()))
        if self._contacts:
            tried["contact_effects"] = pa.concat_tables(self._contacts)
        return {"truth": truth, "ledger": ledger, **tried}

    def files(self, of_newcomers: tuple[pa.Table, dict], of_active: dict) -> dict[str, dict | pa.Table]:
        """Everything that is true of the world: what happened, and what customers and initiatives are worth.

        Parameters
        ----------
        of_newcomers, of_active
            What `population.newcomers` and `population.active_customers` found.

        Returns
        -------
        dict
            As `happened` has it, and beside it the tables `newcomers` (see `population.newcomers`),
            `initiative_cash_flows` (see `decisions.worth`) and `active_value` (see `decisions.Undone`).
        """
        settings, happened = self._settings, self.happened()
        survival, value = of_newcomers
        assert self._value is not None
        initiatives, flows = worth(settings, self._value, self._initiatives, min(settings.customers, MOST_SLOTS))
        active = pa.concat_tables(self._active)
        told = happened.pop("truth")
        assert isinstance(told, dict)
        truth = {
            "settings": told["settings"],
            "newcomers": value,
            "active_value": _total(settings, active),
            "active_customers": of_active,
            "initiatives": initiatives,
            "trials": told["trials"],
            "structural": told["structural"],
        }
        return {
            "truth": truth,
            "newcomers": survival,
            "initiative_cash_flows": flows,
            "active_value": active,
            **happened,
        }


def _total(settings: Settings, active: pa.Table) -> dict[str, Any]:
    """What `active_value` adds up to, and of how many customers it tells."""
    told: dict[str, Any] = {
        "decision_month": settings.months,
        "annual_rate": ANNUAL_RATE,
        "customers": len(active),
        "share_of_company": min(settings.customers, MOST_SLOTS) / settings.customers,
    }
    for months in UNDONE_MONTHS:
        value, error = (active[f"value_{months}{end}"].to_numpy() for end in ("", "_error"))
        told |= {f"value_{months}": float(value.sum()), f"value_{months}_error": float(np.sqrt((error**2).sum()))}
    return told


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
