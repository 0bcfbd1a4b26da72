"""The way in: who is in a pilot, and what is answered about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.decisions.rollout.dealt.at_start import of_contracts, unsure
from workbench.decisions.rollout.evaluation import Evaluation, evaluate
from workbench.decisions.rollout.opening import Ready, ready
from workbench.decisions.rollout.pilot import DatasetDefinition, Pilot, read_pilot
from workbench.decisions.rollout.weighing.question import Question
from workbench.errors import DataError
from workbench.wording import sentence


def begin(dataset: DatasetDefinition, tables: Mapping[str, pd.DataFrame | None], *, initiative: str | None) -> Pilot:
    """Who is in the pilot.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    tables
        Canonical tables by name; None where the dataset has none.
    initiative
        Which pilot; None where there is one only.

    Raises
    ------
    DataError, ParameterError
        With every reason why that cannot be done.
    """
    treatments = tables.get("treatments")
    if treatments is None:
        raise DataError(
            sentence(
                "A pilot is evaluated from the table treatments, and the dataset has none: bring customer_id, "
                "initiative, arm and start of whom you dealt what."
            )
        )
    found = read_pilot(dataset, treatments, tables.get("customers"), initiative=initiative)
    definitions = {name: dataset.tables[name].columns for name in ("customers", "treatments") if name in dataset.tables}
    contracts = tables.get("subscriptions")
    return replace(
        found,
        touchpoint=_touchpoint(tables.get("initiatives"), found.initiative),
        at_start=of_contracts(
            found.roster, contracts, dataset.tables["subscriptions"].columns if contracts is not None else ()
        ),
        unsure=unsure(found.before, definitions),
    )


def _touchpoint(initiatives: pd.DataFrame | None, name: str) -> str:
    """The item of surveys that an initiative is to improve."""
    if initiatives is None or "driver" not in initiatives:
        return ""
    own = initiatives.loc[initiatives["initiative"].astype(str) == name, "driver"].dropna()
    return str(own.iloc[0]) if len(own) else ""


def answer(at: Ready, *, previous: Sequence[Mapping[str, Any]], dataset: str, run: Path | None = None) -> Evaluation:
    """What the pilot did, and what to do now.

    Parameters
    ----------
    at
        What is asked of whom.
    previous
        Manifests of all runs of this study.
    dataset
        Its name.
    run
        Folder of this run; None of a scratch run.
    """
    return evaluate(at, previous, dataset, "" if run is None else run.name)


__all__ = ["Question", "answer", "begin", "ready"]
