"""Which datasets there are, and one of them by name. Reads YAML only: DuckDB and Ibis come with the first table."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from workbench.datasets.dataset import FILE, SAMPLES_FOLDER, Dataset, Origin
from workbench.datasets.definitions import where as parts
from workbench.datasets.definitions.dataset import Definition, DefinitionError, TableDefinition, read_definition
from workbench.datasets.definitions.phrases import names
from workbench.errors import DataError
from workbench.wording import sentence, shown, suggestion

_NAME = re.compile(r"\w[\w-]{0,63}")  # no dot, slash, blank or control character


class Listing(NamedTuple):
    """A line of the list of datasets."""

    name: str
    title: str
    origin: Origin
    fictional: bool
    faults: tuple[str, ...]
    """Why it cannot be used, if so; the title is then empty."""


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


def find(name: str, root: Path, *, check: bool = False, where: str = "") -> Dataset:
    """A dataset by name; one in `data/` shadows a sample.

    Parameters
    ----------
    name
        Its folder's name: letters, digits, `_` and `-`.
    root
        The project's folder, which holds `data/`.
    check
        Whether to check the rows as well where dataset.yaml has faults, so that the error tells all there is.
    where
        A condition that chooses a part of the data (`definitions.where`); empty: all of them.

    Raises
    ------
    ParameterError
        When the condition cannot be read, or names a column that is not there. Whether it fits the values shows when a
        table is opened.
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
    try:
        found = _dataset(_read_definition(name, origin, folder), name, origin, folder, root, " ".join(where.split()))
        if found.where:
            parts.tables_of(parts.parse(found.where), found.tables)
        return found
    except DefinitionError as error:
        if not check or error.definition is None:
            raise
        try:
            found = _dataset(error.definition, name, origin, folder, root)
            # Of a table with an open question nobody knows yet what its rows say.
            found.check([table for table in found.tables if not _asks(found.table(table))])
        except DataError as more:
            raise DataError(*error.faults, *more.faults) from error
        raise


def _dataset(definition: Definition, name: str, origin: Origin, folder: Path, root: Path, where: str = "") -> Dataset:
    return Dataset(
        title=definition.title,
        description=definition.description,
        source=definition.source,
        licence=definition.licence,
        fictional=definition.fictional,
        extracted=definition.extracted,
        aliases=definition.aliases,
        tables=definition.tables,
        name=name,
        origin=origin,
        folder=folder,
        root=root,
        where=where,
    )


def _asks(table: TableDefinition) -> bool:
    return bool(table.questions) or any(column.questions for column in table.columns)


def _folders(root: Path) -> dict[str, tuple[Origin, Path]]:
    found: dict[str, tuple[Origin, Path]] = {}
    places: tuple[tuple[Origin, Path], ...] = (("sample", SAMPLES_FOLDER), ("data", root / "data"))
    for origin, parent in places:
        try:
            inside = sorted(parent.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            template = "{folder}/ cannot be read ({why})."
            raise DataError(sentence(template, folder=parent.name, why=error.strerror)) from error
        for folder in inside:
            if not folder.name.startswith(".") and os.path.lexists(folder / FILE):
                found[folder.name] = (origin, folder)
    return found


def _read_definition(name: str, origin: Origin, folder: Path) -> Definition:
    if not _NAME.fullmatch(name):
        raise DataError(_bad_name(name))
    place = f"data/{name}/{FILE}" if origin == "data" else sentence("sample {file}", file=f"{name}/{FILE}")
    return read_definition(folder / FILE, place)


def _bad_name(name: object) -> str:
    template = "got {name} as a dataset, expected a name of letters, digits, _ and - (a folder in data/)."
    return sentence(template, name=shown(name))
