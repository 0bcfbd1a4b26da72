"""Files that are looked at more than once must be the same each time, or what is said of them is of different data."""

import hashlib
import stat
from pathlib import Path

from workbench.errors import DataError
from workbench.wording import sentence, shown

type _Identity = tuple[int, int, int, int, int, str]

ENDING = 65_536
"""Bytes at its end by which a file is known: a Parquet file says there what it holds, in fewer."""


class Unchanged:
    """Files as they were when they were first looked at."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, _Identity | None]] = {}
        self._open: set[Path] = set()

    def note(self, path: Path, label: str, *, stays_open: bool = False) -> None:
        """Look at a file, before it is read and after it; the first look counts.

        Parameters
        ----------
        path
            The file.
        label
            What messages call it.
        stays_open
            Whether its rows stay where they are and are read again and again.

        Raises
        ------
        DataError
            When it is not what it was at the first look.
        """
        self._known.setdefault(path, (label, _identity(path)))
        if stays_open:
            self._open.add(path)
        self._check([path])

    def verify(self) -> None:
        """Whether all files whose rows stay where they are, are what they were.

        Raises
        ------
        DataError
            When one was replaced or changed meanwhile.
        """
        self._check(sorted(self._open))

    def _check(self, paths: list[Path]) -> None:
        template = "{file}: was replaced or changed while it was read; run again once nobody writes to it."
        found = [
            sentence(template, file=shown(self._known[path][0]))
            for path in paths
            if _identity(path) != self._known[path][1]
        ]
        if found:
            raise DataError(*found)


def _identity(path: Path) -> _Identity | None:
    """Where it is, its size, its times and its ending: the time of the last change (ctime) nobody can set back."""
    try:
        known = path.stat()
        ending = _ending(path, known.st_size) if stat.S_ISREG(known.st_mode) else ""  # others are refused by who reads
    except OSError:
        return None
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns, ending


def _ending(path: Path, size: int) -> str:
    with open(path, "rb") as file:
        file.seek(max(size - ENDING, 0))
        return hashlib.sha256(file.read(ENDING)).hexdigest()
