"""What dataset.yaml says of the draw: lines to paste, by which an evaluation reads it as it was made."""

from collections.abc import Iterator
from typing import Any

import yaml

from workbench.decisions.planning.drawn import WITHIN
from workbench.decisions.planning.plan import Plan
from workbench.decisions.planning.scheme import CONTROL
from workbench.decisions.rollout.weighing.question import DRAW
from workbench.exhibits import Lines
from workbench.wording import sentence

LINES = "treatments"
"""Name of the file in private/."""


def lines(done: Plan) -> Lines:
    """The section `treatments` of the draw.

    Parameters
    ----------
    done
        The plan.
    """
    section = yaml.safe_dump(
        {"treatments": _section(done)}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=10_000
    )
    made = [f"  {line}" for line in section.splitlines()]
    base = done.draft.base
    if base.later:
        made += [f"      # {line}" for line in _later(done)]
    if base.later:
        caption = sentence(
            "For the dataset.yaml of a dataset of its own, under tables:, once private/assignment.csv lies beside it: "
            "what comes of the next pilot stands in that very file. The lines are in private/treatments.yaml too."
        )
    elif base.initiatives:
        caption = sentence(
            "For the section treatments of dataset.yaml, which is there already: add the rows of "
            "private/assignment.csv to its file and this design to its design:. In a dataset of its own the lines "
            "stand as they are. They are in private/treatments.yaml too."
        )
    else:
        caption = sentence(
            "For dataset.yaml, under tables:, once private/assignment.csv lies beside it; the lines are in "
            "private/treatments.yaml too. After the pilot replace the data files, move extracted: on to their last "
            "day, and say mode=evaluate."
        )
    return Lines(name=LINES, text="\n".join(made) + "\n", caption=caption)


def _section(done: Plan) -> dict[str, Any]:
    at, rows = done.draft, done.drawn.rows
    design: dict[str, Any] = {
        "assignment": "clustered" if at.scheme.unit else "stratified" if at.within else "randomised",
        "control": CONTROL,
    }
    if at.scheme.unit:
        design["unit"] = at.scheme.unit
    if WITHIN in rows:
        design["strata"] = [WITHIN]
    shares = {arm: round(share, 6) for arm, share in at.scheme.shares.items() if arm != CONTROL}
    design["probability"] = next(iter(shares.values())) if len(shares) == 1 else shares
    columns: dict[str, Any] = {"customer_id": {"personal": False}}
    for name in rows.columns.drop("customer_id"):
        columns[str(name)] = {"type": "category"} if name in (WITHIN, at.scheme.unit) else str(name)
    return {"file": f"{DRAW}.csv", "design": {at.initiative: design}, "columns": columns}


def _later(done: Plan) -> Iterator[str]:
    """Of data without dates what comes of the pilot is a column of this very file, and what was known before too."""
    yield sentence("What comes of it is a column of this file: bring it when the pilot is over, and what was before.")
    for each in done.draft.base.later:
        said = {"type": each.kind, "currency": each.unit if each.kind == "money" else "", "use": each.use}
        told = yaml.safe_dump(
            {key: value for key, value in said.items() if value}, sort_keys=False, default_flow_style=True, width=10_000
        )
        yield f"{each.name}: {told.strip()}"
