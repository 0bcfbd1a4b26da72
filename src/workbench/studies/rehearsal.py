"""What `--check` runs of a study: its notebook as far as the last cell tagged `input`, in a folder that is thrown away.

Some faults only the study itself can see (no outcome among the answers, a scenario of names that nobody knows). Cells
tagged `input` read tables and validate parameters and fit nothing, so that they take seconds.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import DataError, GateError, RunError
from workbench.files import PRIVATE, private_folder
from workbench.studies.definition.notebook import Study
from workbench.studies.definition.project import Project
from workbench.studies.execution.progress import Progress
from workbench.studies.plan import Plan

TAG = "input"
REFUSALS = (DataError, GateError)


def opening(study: Study) -> Study | None:
    """The study as far as its last cell tagged `input`; None where no cell is.

    Parameters
    ----------
    study
        The whole of it.
    """
    cells = study.notebook["cells"]
    tagged = [place for place, cell in enumerate(cells) if TAG in cell.get("metadata", {}).get("tags", [])]
    if not tagged:
        return None
    return replace(study, notebook={**study.notebook, "cells": cells[: tagged[-1] + 1]})


def rehearse(project: Project, plan: Plan, *, timeout: float | None = None) -> list[Mapping[str, Any]]:
    """Run the opening of a study, and keep nothing of it.

    Parameters
    ----------
    project
        Where studies, data and reports are.
    plan
        Of the whole study.
    timeout
        Seconds, or None.

    Returns
    -------
    list of mapping
        `name`, `status` and `message` of what it checked, the door's remarks included.

    Raises
    ------
    DataError, GateError
        What the study refuses.
    RunError
        When its opening fails otherwise.
    """
    begin = opening(plan.study)
    if begin is None:
        return [{"name": each.name, "status": each.status, "message": each.message} for each in plan.checks]
    from workbench.studies.runner import run_study

    folder, in_use = private_folder(f"{PRIVATE}check-")  # were it left behind, the next command removes it
    try:
        away = replace(project, kept=folder / "reports")
        done = run_study(away, replace(plan, study=begin), timeout=timeout, progress=Progress(plan.study.name))
        if done["status"] == "interrupted":
            raise KeyboardInterrupt
        if done["status"] != "succeeded":
            kind = next((each for each in REFUSALS if each.exit_code == done["exit_code"]), RunError)
            raise kind(*done["reason"].splitlines())
        results = away.reports / done["study"] / done["run_id"] / "results.json"
        return json.loads(results.read_text("utf-8"))["checks"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        in_use.close()
