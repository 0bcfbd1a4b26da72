"""Rows of a database, through any Ibis backend: by URL, in batches, with credentials from the environment alone."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from workbench.datasets.definitions.origin import Origin, inside
from workbench.datasets.definitions.phrases import names
from workbench.datasets.reading.selects import check_select
from workbench.errors import DataError, in_kernel
from workbench.wording import sentence, shown

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

_FILES = ("duckdb", "sqlite")


def read(origin: Origin, folder: Path) -> pa.RecordBatchReader:
    """The rows of a table or SELECT of a database.

    Parameters
    ----------
    origin
        Where the rows are and how they are written.
    folder
        The dataset's folder.

    Raises
    ------
    DataError
        When it cannot be reached or read; the reason is not told in the driver's words, which may repeat the URL.
    """
    scheme = origin.connection.partition("://")[0]
    url = _expand(origin.connection)
    try:
        backend = _connect(scheme, url, folder)
        if origin.sql:
            check_select(origin.sql, backend.dialect)
        if scheme == "duckdb":  # Ibis 12 asks DuckDB 2 for methods that are gone
            query = origin.sql or str(ibis.to_sql(backend.table(origin.remote), dialect="duckdb"))
            reader = backend.con.sql(query).to_arrow_reader()
            return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, backend))
        rows = backend.sql(origin.sql) if origin.sql else backend.table(origin.remote)
        if scheme == "sqlite":  # a connection serves the thread that made it, and DuckDB reads in threads of its own
            return rows.to_pyarrow().to_reader()
        reader = rows.to_pyarrow_batches()
        return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, backend))
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own, and all of them may hold the URL
        template = "connection {scheme}: cannot be read ({kind}); is the driver installed, are host and table right?"
        raise DataError(sentence(template, scheme=scheme, kind=type(error).__name__)) from None


def _batches(reader: pa.RecordBatchReader, backend: "BaseBackend") -> Iterator[pa.RecordBatch]:
    """The batches, with the connection held open until the last."""
    yield from reader
    backend.disconnect()


def _connect(scheme: str, url: str, folder: Path) -> "BaseBackend":
    if scheme not in _FILES:
        return ibis.connect(url)
    name = url.partition("://")[2]
    path = inside(folder, name)
    if path is None or not path.is_file():
        template = "connection: got {name}, expected a database file in the dataset's own folder."
        raise DataError(sentence(template, name=shown(name)))
    if scheme == "sqlite":
        return ibis.sqlite.connect(path)
    settings = {"python_enable_replacements": "false", "autoload_known_extensions": "false"}
    backend = ibis.duckdb.connect(path, read_only=True, **settings)
    for setting in ("enable_external_access = false", "lock_configuration = true"):
        backend.raw_sql(f"SET {setting}")
    return backend


def _expand(url: str) -> str:
    """A URL with `${NAME}` replaced from the environment.

    Raises
    ------
    DataError
        For a variable that is not set.
    """
    absent = [name for name in re.findall(r"\$\{(\w+)\}", url) if name not in os.environ]
    if absent:
        template = "connection: the environment does not say {names}; set them before the workbench starts."
        if in_kernel():
            template = "connection: a notebook does not see {names}; read by run.table, or name them in WORKBENCH_PASS."
        raise DataError(sentence(template, names=names(absent)))
    return re.sub(r"\$\{(\w+)\}", lambda match: os.environ[match[1]], url)
