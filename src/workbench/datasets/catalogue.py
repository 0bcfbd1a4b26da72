"""Which datasets there are, and one of them by name. Reads YAML only: pandas comes with the first table."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench.datasets.definition import Definition, TableDefinition, read_definition
from workbench.datasets.phrases import names
from workbench.errors import DataError
from workbench.findings import Check
from workbench.wording import sentence, shown, suggestion

if TYPE_CHECKING:
    from workbench.datasets.door import Loaded

Origin = Literal["data", "sample"]

SAMPLES_FOLDER = Path(__file__).parent / "samples"
_FILE = "dataset.yaml"
_NAME = re.compile(r"\w[\w-]{0,63}")  # no dot, slash, blank or control character


class Listing(NamedTuple):
    """A line of the list of datasets."""

    name: str
    title: str
    origin: Origin
    fictional: bool
    faults: tuple[str, ...]
    """Why it cannot be used, if so; the title is then empty."""


@dataclass(frozen=True, kw_only=True)
class Dataset(Definition):
    """A dataset: what it is, and its canonical tables.

    Reading is done once: `load`, `check`, `profile` and `fingerprint` of one object share it; `find` it again to read
    a file that has changed.

    Attributes
    ----------
    name
        Its folder.
    origin
        `data` (the project's own) or `sample` (comes with the package).
    folder
        Where its dataset.yaml lies.
    root
        The project.
    title, description, source, licence, fictional, tables
        See `definition.Definition`.
    """

    name: str
    origin: Origin
    folder: Path
    root: Path
    _loaded: "dict[str, Loaded]" = field(default_factory=dict, init=False, repr=False, compare=False)

    def table(self, name: str) -> TableDefinition:
        """The definition of a table.

        Raises
        ------
        DataError
            When the dataset has no such table.
        """
        if name not in self.tables:
            near, known = suggestion(name, self.tables), names(self.tables)
            template = "dataset {dataset}: no table {table}{near} It has: {known}."
            raise DataError(sentence(template, dataset=self.name, table=shown(name), near=near, known=known))
        return self.tables[name]

    def load(self, table: str) -> "Loaded":
        """A canonical table, checked against its contract.

        Returns
        -------
        Loaded
            `frame` (a copy of your own) and `checks`.

        Raises
        ------
        DataError
            Every violation at once: column, rule, number of rows, examples where the column is not personal.
        """
        from workbench.datasets import door

        loaded = self._read(table)
        return door.Loaded(loaded.frame.copy(), loaded.checks)

    def check(self, tables: Iterable[str] | None = None) -> tuple[Check, ...]:
        """What a reader must know about the tables (all by default).

        Raises
        ------
        DataError
            The violations of all of them.
        """
        checks: list[Check] = []
        faults: list[str] = []
        for table in self._chosen(tables):
            try:
                checks += self._read(table).checks
            except DataError as error:
                faults += error.faults
        if faults:
            raise DataError(*faults)
        return tuple(checks)

    def fingerprint(self, tables: Iterable[str] | None = None) -> str:
        """`sha256:…` of what the tables say (all by default).

        Equal content has an equal fingerprint wherever and in whatever format it lies; one changed cell, its order,
        unit or segments another one. Titles, labels and columns that do not enter play no part.
        """
        from workbench.datasets import door

        self.check(tables)
        chosen = self._chosen(tables)
        frames = {table: self._read(table).frame for table in chosen}
        return door.fingerprint([self.table(table) for table in chosen], frames)

    def profile(self, tables: Iterable[str] | None = None) -> dict:
        """Provenance and shape, for manifest and report: nothing of any single row.

        Returns
        -------
        dict
            `title, description, source, licence, fictional, tables: {table: {rows, columns: [{name, label, unit,
            missing}], first, last}}`; `missing` is a share, `first` and `last` are dates where the table has any.
        """
        from workbench.datasets import door

        self.check(tables)
        return {
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "licence": self.licence,
            "fictional": self.fictional,
            "tables": {name: door.profile(self.table(name), self._read(name).frame) for name in self._chosen(tables)},
        }

    def _chosen(self, tables: Iterable[str] | None) -> Sequence[str]:
        return list(self.tables if tables is None else dict.fromkeys(tables))

    def _read(self, table: str) -> "Loaded":
        from workbench.datasets import door

        definition = self.table(table)
        if table not in self._loaded:
            cache = self.root / "data" / ".samples"
            try:
                self._loaded[table] = door.load(definition, folder=self.folder, cache=cache, fictional=self.fictional)
            except DataError as error:
                place = sentence("dataset {name}", name=self.name)
                raise DataError(*(f"{place}, {fault}" for fault in error.faults)) from error
        return self._loaded[table]


def available(root: Path) -> list[Listing]:
    """The datasets of a project and the samples that they do not shadow, by name.

    Parameters
    ----------
    root
        The project's folder, which holds `data/`.

    Returns
    -------
    list of Listing
        A dataset whose dataset.yaml has faults is listed with them.
    """
    listings = []
    for name, (origin, folder) in sorted(_folders(Path(root)).items()):
        try:
            definition = _read_definition(name, origin, folder)
        except DataError as error:
            listings.append(Listing(name, "", origin, False, error.faults))
        else:
            listings.append(Listing(name, definition.title, origin, definition.fictional, ()))
    return listings


def find(name: str, root: Path) -> Dataset:
    """A dataset by name; one in `data/` shadows a sample.

    Parameters
    ----------
    name
        Its folder's name: letters, digits, `_` and `-`.
    root
        The project's folder, which holds `data/`.

    Raises
    ------
    DataError
        When there is none of that name (with the nearest), or its dataset.yaml has faults (with all of them).
    """
    root = Path(root)
    folders = _folders(root)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DataError(_bad_name(name))
    if name not in folders:
        if (root / "data" / name).is_dir():
            raise DataError(
                sentence("data/{name}/ has no dataset.yaml; data/README.md shows how to write it.", name=name)
            )
        near, known = suggestion(name, folders), names(sorted(folders))
        template = "no dataset is called {name}{near} There are: {known}; data/README.md shows how to add one."
        raise DataError(sentence(template, name=shown(name), near=near, known=known))
    origin, folder = folders[name]
    definition = _read_definition(name, origin, folder)
    return Dataset(**vars(definition), name=name, origin=origin, folder=folder, root=root)


def _folders(root: Path) -> dict[str, tuple[Origin, Path]]:
    found: dict[str, tuple[Origin, Path]] = {}
    for origin, parent in (("sample", SAMPLES_FOLDER), ("data", root / "data")):
        try:
            inside = sorted(parent.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            template = "{folder}/ cannot be read ({why})."
            raise DataError(sentence(template, folder=parent.name, why=error.strerror)) from error
        for folder in inside:
            if not folder.name.startswith(".") and os.path.lexists(folder / _FILE):
                found[folder.name] = (origin, folder)
    return found


def _read_definition(name: str, origin: Origin, folder: Path) -> Definition:
    if not _NAME.fullmatch(name):
        raise DataError(_bad_name(name))
    place = f"data/{name}/{_FILE}" if origin == "data" else sentence("sample {file}", file=f"{name}/{_FILE}")
    return read_definition(folder / _FILE, place)


def _bad_name(name: object) -> str:
    template = "got {name} as a dataset, expected a name of letters, digits, _ and - (a folder in data/)."
    return sentence(template, name=shown(name))
