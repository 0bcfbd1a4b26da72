"""Files that are read more than once must be the same each time, or what is said of them speaks of different data."""

from pathlib import Path

from workbench.errors import DataError
from workbench.wording import sentence, shown

type _Identity = tuple[int, int, int, int]


class Unchanged:
    """Files as they were when they were first looked at."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, _Identity | None]] = {}

    def note(self, path: Path, label: str) -> None:
        """Look at a file before it is read; the first look counts.

        Parameters
        ----------
        path
            The file.
        label
            What messages call it.
        """
        self._known.setdefault(path, (label, _identity(path)))

    def verify(self) -> None:
        """Whether all files are what they were.

        Raises
        ------
        DataError
            When one was replaced or changed meanwhile.
        """
        template = "{file}: was replaced or changed while it was read; run again once nobody writes to it."
        found = [
            sentence(template, file=shown(label))
            for path, (label, before) in self._known.items()
            if _identity(path) != before
        ]
        if found:
            raise DataError(*found)


def _identity(path: Path) -> _Identity | None:
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns
