"""What a study says, written down as it is said.

A notebook's outputs can be cleared, captured or lost (in a thread, in another process, after the last step). All of it
stands here, so that the runner misses nothing: the kernel appends, the runner reads once the kernel is gone.
"""

import json
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError

VARIABLE = "WORKBENCH_RUN_JOURNAL"
NAME = "said.jsonl"
TOKEN = "said"
"""Key of a payload under which its own number stands; that tells it from what another run has left."""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What was written down.

    Attributes
    ----------
    payloads
        By their numbers, in the order in which they were said.
    threads
        Of threads that did not come to a good end, why.
    refusal
        Kind of the workbench's own error that a cell ended with; a library may have one of the same name.
    """

    payloads: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    threads: Sequence[str] = ()
    refusal: str | None = None


def write_down(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with a number of its own, once it is in the journal; as it is where nobody reads one.

    Parameters
    ----------
    payload
        Plain data.
    """
    if VARIABLE not in os.environ:
        return dict(payload)
    numbered = {**payload, TOKEN: uuid.uuid4().hex}
    _append(numbered)
    return numbered


def watch_threads() -> None:
    """Write down by which errors threads end."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        note_thread(args.exc_type.__name__)
        before(args)

    threading.excepthook = hook


def note_thread(why: str) -> None:
    """Write down that a thread did not come to a good end.

    Parameters
    ----------
    why
        Kind of the error that ended it, or that it has not ended.
    """
    _append({"kind": "thread", "why": why})


def note_refusal(error: BaseException | None) -> None:
    """Write down by which error of the workbench's own a cell ended.

    Parameters
    ----------
    error
        Of any kind; None: it ran.
    """
    if isinstance(error, WorkbenchError):
        _append({"kind": "refusal", "error": type(error).__name__})


def read_journal(path: Path) -> Journal:
    """What was written down; a line that is cut short was not said to its end.

    Parameters
    ----------
    path
        Of the journal; need not be there.
    """
    payloads: dict[str, Mapping[str, Any]] = {}
    threads: list[str] = []
    refusal = None
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        match entry["kind"]:
            case "thread":
                threads.append(entry["why"])
            case "refusal":
                refusal = entry["error"]
            case _:
                payloads[entry[TOKEN]] = entry
    return Journal(payloads=payloads, threads=threads, refusal=refusal)


def _append(entry: Mapping[str, Any]) -> None:
    """One line by one call, so that those of several processes do not mix."""
    line = json.dumps(entry, ensure_ascii=True) + "\n"
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
