"""How far a long step has come: told by whoever computes, read by whoever waits. A leaf."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

VARIABLE = "WORKBENCH_PACE"
"""Names the file that is written; nothing is where it is not set."""


def paced[Item](items: Sequence[Item]) -> Iterator[Item]:
    """The items one by one, each of which takes long: folds, imputations, samples drawn again.

    Parameters
    ----------
    items
        As many as there will be turns.
    """
    for done, item in enumerate(items):
        _tell(done, len(items))
        yield item
    _tell(len(items), len(items))


def how_far(path: Path) -> tuple[int, int] | None:
    """Turns that are done, and all of them; None where nobody has told.

    Parameters
    ----------
    path
        The file that `VARIABLE` named.
    """
    try:
        done, total = path.read_text().split("/")
        return int(done), int(total)
    except (OSError, ValueError):  # not there, or just being written
        return None


def _tell(done: int, total: int) -> None:
    if path := os.environ.get(VARIABLE):
        with suppress(OSError):  # the run matters, not what is said of it
            Path(path).write_text(f"{done}/{total}")
