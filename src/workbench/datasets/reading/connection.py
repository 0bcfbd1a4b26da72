"""A DuckDB of our own in a private folder: rows are laid out there to be checked, and nothing else is in its reach.

It may read the Parquet files that the dataset names, and no other file; no setting can be changed once it is open.
"""

import os
import shutil
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

import duckdb
import ibis
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from workbench.datasets.reading.unchanged import Unchanged
from workbench.errors import DataError
from workbench.files import private_folder
from workbench.wording import sentence

# Types of DuckDB that Ibis has no name for, and what they are read as.
_PLAIN = {'"NULL"': "VARCHAR", "TIMESTAMPTZ_NS": "TIMESTAMPTZ", "TIMESTAMP_NS WITH TIME ZONE": "TIMESTAMPTZ"}
MEMORY_VARIABLE = "WORKBENCH_MEMORY_LIMIT"


class Connection:
    """An open DuckDB.

    Parameters
    ----------
    readable
        Files that it may read itself.

    Attributes
    ----------
    backend
        The Ibis backend that canonical tables are expressions on.
    folder
        Where DuckDB keeps what does not fit in memory.
    files
        Those that were read, as they were at first.
    """

    def __init__(self, readable: Iterable[Path] = ()):
        self.folder, lock = private_folder("wb-data-")  # removed with this object
        folder = str(self.folder)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": f"{folder}/spill",
            "memory_limit": os.environ.get(MEMORY_VARIABLE, "4GB"),
            "python_enable_replacements": "false",  # SQL must not see Python's variables
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
        try:
            connection = duckdb.connect(config=settings)
            # Without a log of what is written: small tables would stand in it by name for a moment.
            place = _quoted(f"{folder}/rows.duckdb")
            connection.execute(f"ATTACH {place} AS rows (RECOVERY_MODE NO_WAL_WRITES)")
            connection.execute("USE rows")
        except duckdb.Error as error:
            _remove(None, folder, lock)
            template = "{variable}: got a limit that DuckDB does not take, expected an amount such as 4GB."
            raise DataError(sentence(template, variable=MEMORY_VARIABLE)) from error
        # Without a name the file is gone as soon as this process is, however it ends: raw rows are left on no disk.
        os.unlink(f"{folder}/rows.duckdb")
        self._close = weakref.finalize(self, _remove, connection, folder, lock)
        self.backend = ibis.duckdb.from_connection(connection)
        self._connection = connection
        self.files = Unchanged()
        self._count = 0
        self._functions: set[str] = set()
        paths = ", ".join(_quoted(str(path)) for path in readable)
        # It would stand among what a command prints; in a notebook it is off, and turning it off again is an error.
        if connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
            connection.execute("SET enable_progress_bar = false")
        for setting in (f"allowed_paths = [{paths}]", "enable_external_access = false", "lock_configuration = true"):
            connection.execute(f"SET {setting}")

    def stage(self, name: str, reader: pa.RecordBatchReader, *, append: bool = False) -> ibis.Table:
        """Lay out batches as a table, in their order.

        Parameters
        ----------
        name
            What the table is called.
        reader
            The batches.
        append
            Whether the rows come after those that the table has.
        """
        self._count += 1
        source = f"_stream_{self._count}"
        self._connection.register(source, reader)
        try:
            into = f"INSERT INTO {_name(name)}" if append else f"CREATE OR REPLACE TABLE {_name(name)} AS"
            self._connection.execute(f"{into} {self._plain(source)}")
        finally:
            self._connection.unregister(source)
        return self.backend.table(name)

    def keep(self, name: str, expr: ibis.Table) -> ibis.Table:
        """Work an expression out once and lay out the result as a table, in the order of its rows.

        Parameters
        ----------
        name
            What the table is called.
        expr
            The expression.
        """
        self._connection.execute(f"CREATE OR REPLACE TABLE {_name(name)} AS {self.sql(expr)}")
        return self.backend.table(name)

    def view(self, name: str, expr: ibis.Table) -> None:
        """Give an expression a name for SQL.

        Parameters
        ----------
        name
            What the view is called.
        expr
            The expression.
        """
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {_name(name)} AS {self.sql(expr)}")

    def drop(self, *, views: Iterable[str] = (), tables: Iterable[str] = ()) -> None:
        """Take names away again.

        Parameters
        ----------
        views
            Names of views.
        tables
            Names of tables.
        """
        for name in views:
            self._connection.execute(f"DROP VIEW IF EXISTS {_name(name)}")
        for name in tables:
            self._connection.execute(f"DROP TABLE IF EXISTS {_name(name)}")

    def parquet(self, paths: Iterable[Path]) -> ibis.Table:
        """Parquet files as one table, read where they lie.

        Parameters
        ----------
        paths
            The files, of one schema.
        """
        self._count += 1
        listed = ", ".join(_quoted(str(path)) for path in paths)
        name = f"_parquet_{self._count}"
        self._connection.execute(f"CREATE VIEW {name} AS {self._plain(f'read_parquet([{listed}])')}")
        return self.backend.table(name)

    def _plain(self, source: str) -> str:
        """A SELECT of everything, in types that Ibis knows."""
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = [
            f"CAST({_name(name)} AS {_PLAIN[kind]}) AS {_name(name)}" if kind in _PLAIN else _name(name)
            for name, kind, *_ in described
        ]
        return f"SELECT {', '.join(columns)} FROM {source}"

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple]:
        """Rows of a query of our own.

        Parameters
        ----------
        sql
            The query, written here and never by a user.
        values
            Named parameters of the query.
        """
        return self._connection.execute(sql, None if values is None else dict(values)).fetchall()

    def arrow(self, expr: ibis.Table) -> pa.Table:
        """The rows of an expression, in memory.

        Parameters
        ----------
        expr
            The expression.
        """
        return self._connection.sql(self.sql(expr)).to_arrow_table()

    def batches(self, expr: ibis.Table) -> pa.RecordBatchReader:
        """The rows of an expression, a part at a time.

        Parameters
        ----------
        expr
            The expression.
        """
        return self._connection.sql(self.sql(expr)).to_arrow_reader()

    def function(self, name: str, of_texts: Callable[[pa.Array], pa.Array]) -> None:
        """Give SQL a function of one text; the first of a name stays.

        Parameters
        ----------
        name
            What SQL calls it.
        of_texts
            From an Arrow array of texts to one of the same length.
        """
        if name in self._functions:
            return
        self._functions.add(name)
        text = duckdb.sqltypes.VARCHAR
        self._connection.create_function(
            name, of_texts, [text], text, type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL
        )

    def sql(self, expr: ibis.Table) -> str:
        """An expression as DuckDB's SQL.

        Parameters
        ----------
        expr
            The expression.
        """
        return str(ibis.to_sql(expr, dialect="duckdb"))

    def close(self) -> None:
        """Remove everything that was laid out; also done when nobody holds this object any more."""
        self._close()


def _remove(connection: duckdb.DuckDBPyConnection | None, folder: str, lock: IO[bytes]) -> None:
    if connection is not None:
        connection.close()
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
