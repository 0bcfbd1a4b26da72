"""The study of pilots, before and after: what the next one would find (`planning`), whether one worked (`rollout`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from workbench.decisions import planning, rollout
from workbench.decisions.planning import Base, Draft, Plan, Scheme
from workbench.decisions.rollout import Question
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.opening import Ready
from workbench.decisions.rollout.pilot import Pilot

Mode = Literal["plan", "evaluate"]


def begin(
    dataset: Any, tables: Mapping[str, pd.DataFrame | None], *, initiative: str | None, mode: Mode | None = None
) -> Pilot | Base:
    """Who is in the pilot, or who could be.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    tables
        Canonical tables by name; None where the dataset has none.
    initiative
        Which pilot; None where there is one only, or none yet.
    mode
        What is asked; None: what the data can tell (`mode_of`).

    Raises
    ------
    DataError, ParameterError
        With every reason why that cannot be done.
    """
    if (mode or mode_of(dataset, tables.get("treatments"), initiative)) == "plan":
        return replace(planning.read_base(dataset, tables, initiative=initiative), unasked=mode is None)
    return rollout.begin(dataset, tables, initiative=initiative)


def mode_of(dataset: Any, treatments: pd.DataFrame | None, initiative: str | None) -> Mode:
    """What is asked where nobody says it: an evaluation, unless there is nothing that could be evaluated.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    treatments
        Its rows; None where there is none.
    initiative
        Which pilot was named; None where none was.

    Returns
    -------
    str
        `plan` without treatments, and where none of several initiatives was named and no design has a control.
    """
    if treatments is None:
        return "plan"
    if initiative is not None or treatments["initiative"].nunique() == 1:
        return "evaluate"
    designs = dataset.tables["treatments"].designs.values()
    return "evaluate" if any(each.control or each.by_chance for each in designs) else "plan"


def ready(begun: Pilot | Base, followed: Any, question: Question, scheme: Scheme) -> Ready | Draft:
    """Find the window and the outcomes.

    Parameters
    ----------
    begun
        Who is in the pilot, or who could be.
    followed
        What is recorded of them.
    question
        What is asked.
    scheme
        How a pilot would be dealt: of a plan alone.

    Raises
    ------
    DataError, ParameterError
        With every reason why that cannot be answered.
    """
    if isinstance(begun, Base):
        return planning.draft(begun, followed, question, scheme)
    return rollout.ready(begun, followed, question)


def answer(
    at: Ready | Draft, *, previous: Sequence[Mapping[str, Any]], dataset: str, run: Path | None = None
) -> Evaluation | Plan:
    """What the pilot did and what to do now; or what it would find, and who gets what.

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
    if isinstance(at, Draft):
        return planning.plan(at)
    return rollout.answer(at, previous=previous, dataset=dataset, run=run)


__all__ = ["Question", "Scheme", "answer", "begin", "ready"]
