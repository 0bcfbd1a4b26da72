"""The notebook that a new study begins with: it runs as it is."""

import json
from pathlib import Path
from typing import Any

from workbench.errors import StudyError
from workbench.files import write_atomic
from workbench.studies.definition.notebook import NAME
from workbench.wording import shown


def new_study(notebooks: Path, name: str) -> Path:
    """Write notebooks/<name>.ipynb; StudyError if the name is not one for a study or is taken.

    Parameters
    ----------
    notebooks
        The folder of the studies.
    name
        Of the study.
    """
    if not NAME.fullmatch(name):
        raise StudyError(f"got {shown(name)}, expected a name of letters, digits, - and _ that starts with a letter.")
    path = notebooks / f"{name}.ipynb"
    if path.exists():
        raise StudyError(f"there is a study {name!r} already; choose another name.")
    cells = [
        _markdown(f"# {name.replace('_', ' ').capitalize()}\n\nWhich question of the business does this study answer?"),
        _code("from typing import Annotated\n\nfrom annotated_types import Gt, Lt\n\nimport workbench"),
        _code(
            'dataset: str = "telco"  # data to study\n'
            "horizon: Annotated[float, Gt(0)] = 12  # [months] how far to look\n"
            "seed: int = 1  # fixes every random draw",
            "parameters",
        ),
        _markdown("## Data\n\nEvery customer once, with the time observed and whether they left."),
        _code('run = workbench.start_run()\nlifetimes = run.table("lifetimes")'),
        _markdown(
            "## Finding\n\nThe answer as a sentence with its number, and the table behind it. A group of fewer than "
            "ten people is hidden."
        ),
        _code(
            'gone = lifetimes["event"].astype(bool) & (lifetimes["duration"] <= horizon)\n'
            "answer = workbench.Finding(\n"
            '    id="gone",\n'
            '    statement=f"{gone.sum():,} of {len(gone):,} customers left within {horizon:g} months.",\n'
            "    estimate=int(gone.sum()),\n"
            '    unit="customers",\n'
            '    evidence="descriptive",\n'
            "    n=len(gone),\n"
            ")\n"
            'outcomes = lifetimes.groupby("event").agg(customers=("event", "size"), typical=("duration", "median"))\n'
            "behind = workbench.Table(\n"
            '    name="outcomes",\n'
            "    frame=outcomes.reset_index(),\n"
            '    caption="Customers by whether they left.",\n'
            '    people=workbench.People(count="customers", by=["event"]),  # None: rows are no groups of people\n'
            '    columns={"event": workbench.Column("left"), "customers": workbench.Column(),\n'
            '             "typical": workbench.Column("median time observed", "months")},\n'
            ")\n"
            'run.show(answer, {"customers": len(lifetimes)}, behind)'
        ),
        _markdown("## Limits\n\nSay what this study does not show."),
        _markdown(
            f"## The report\n\nSave this notebook, then `workbench run {name}` in a terminal makes the report of it.",
            "lab",
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"step-{number}"
    kernel = {"display_name": "Workbench", "language": "python", "name": "workbench"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    write_atomic(path, json.dumps(content, indent=1) + "\n")
    return path


def _markdown(source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)} if tags else {}, "source": source}


def _code(source: str, *tags: str) -> dict[str, Any]:
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}
