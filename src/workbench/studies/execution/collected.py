"""What a run said: its notebook beside its journal, and what is wrong where they differ."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.findings import MIME, Check
from workbench.studies.definition.notebook import is_code
from workbench.studies.execution.journal import TOKEN, Journal
from workbench.studies.execution.secrets import redacted
from workbench.wording import listing, number, sentence

TRACEBACK = "Traceback (most recent call last)"
# What a program has caught and told: a line of a log, or of Python itself about something that does not matter.
_TOLD = re.compile(
    r"(?m)^(?:.*\b(?:ERROR|WARNING|CRITICAL|INFO|DEBUG)\b.*|Exception ignored in.*)\n" + re.escape(TRACEBACK)
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Collected:
    """What was said.

    Attributes
    ----------
    payloads
        In the order of the notebook; what it does not show any more comes last.
    checks
        What is wrong with the notebook as a record of it.
    """

    payloads: list[Mapping[str, Any]]
    checks: list[Check]


def collect_said(
    notebook: Mapping[str, Any], journal: Journal, *, beside: str = "", secrets: tuple[str, ...] = ()
) -> Collected:
    """All that a run said, whatever has become of its outputs.

    Parameters
    ----------
    notebook
        As it was executed.
    journal
        Of the run.
    beside
        What the kernel's process wrote outside of any cell.
    secrets
        Texts that must not get out.
    """
    shown: dict[str, Mapping[str, Any]] = {}
    foreign = 0
    for payload in _bundles(notebook):
        token = payload.get(TOKEN) if isinstance(payload, Mapping) else None
        if token in journal.payloads:
            shown.setdefault(str(token), payload)
        else:
            foreign += 1
    lost = {token: redacted(payload, secrets) for token, payload in journal.payloads.items() if token not in shown}
    checks = []
    if lost:
        message = sentence(
            "{count} of {all} things that the study said are not in its notebook (cleared, captured, said in a thread, "
            "another process or after the last step). They are kept here; the notebook is no record of this run.",
            count=number(len(lost)),
            all=number(len(journal.payloads)),
        )
        title = sentence("The notebook hides what it said")
        checks.append(Check(name="said_and_shown", status="fail", title=title, message=message, value=len(lost)))
    if foreign:
        message = sentence(
            "{count} results in the notebook were not said by this run and are left out: say them through run.show.",
            count=number(foreign),
        )
        title = sentence("Results of unknown origin")
        checks.append(Check(name="said_by_this_run", status="fail", title=title, message=message, value=foreign))
    if journal.threads or _uncaught(beside) or any(map(_uncaught, _errors(notebook))):
        place = sentence("see the log") if _uncaught(beside) else sentence("see the notebook")
        kinds = listing(sorted(set(journal.threads))) or place
        message = sentence(
            "Something failed beside the steps of the notebook, in a thread or in another process ({kinds}): what it "
            "was to do is not done.",
            kinds=kinds,
        )
        title = sentence("Something failed beside the steps")
        checks.append(Check(name="failed_beside_the_steps", status="warn", title=title, message=message))
    return Collected(payloads=[*shown.values(), *lost.values()], checks=checks)


def _uncaught(text: str) -> bool:
    """Whether a text holds a traceback of an error that nobody has caught."""
    return TRACEBACK in _TOLD.sub("", text)


def _bundles(notebook: Mapping[str, Any]) -> Iterator[Any]:
    for output in _outputs(notebook):
        if MIME in output.get("data", {}):
            yield output["data"][MIME]


def _errors(notebook: Mapping[str, Any]) -> Iterator[str]:
    """What was written on standard error."""
    for output in _outputs(notebook):
        if output.get("name") == "stderr":
            yield "".join(output.get("text", ""))


def _outputs(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in notebook["cells"]:
        if is_code(cell):
            yield from cell.get("outputs", [])
