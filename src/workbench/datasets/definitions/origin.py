"""Where the rows of a table come from, and how they are written: files, samples, a database, SQL."""

import codecs
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

from workbench.datasets.definitions.section import Section
from workbench.wording import listing, sentence, shown

FORM_KEYS = ("sheet", "header", "skip", "encoding", "separator", "decimal", "thousands")
ORIGIN_KEYS = ("file", "sample", "connection", "table", "sql", *FORM_KEYS)
ALL_SHEETS = "*"
# Marks between thousands; a blank stands for every kind of it.
THOUSANDS = (",", ".", "'", "’", " ", "_")
# Databases that Ibis reads; a scheme that names a file (`file://`) would open whatever lies there.
SCHEMES = (
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "druid",
    "duckdb",
    "exasol",
    "impala",
    "mssql",
    "mysql",
    "oracle",
    "postgres",
    "postgresql",
    "risingwave",
    "snowflake",
    "sqlite",
    "trino",
)
ROWS = "rows"  # what SQL calls the rows of a table that has one file or sample


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the rows of a table come from, and how they are written.

    Attributes
    ----------
    files
        Files beside dataset.yaml by the name that SQL has for them (`rows` for a single entry); each one or more names,
        which may be patterns (`part-*.csv`).
    samples
        Samples in installed packages, likewise.
    connection
        URL of a database, credentials as `${NAME}` of the environment.
    remote
        Table of that database.
    sql
        A SELECT over the files, samples or the connection.
    sheets
        Of an Excel workbook, with one header, their rows one after another; `ALL_SHEETS` means all that are not empty.
        None named: the first that is not empty.
    header
        The row in which the header stands, as a spreadsheet counts; 1 means the first that is not blank, 0 that the
        file has none: columns are then called by their places.
    skip
        Numbers of rows that are no data; those below 0 count from the end (−1: the last).
    encoding, separator, decimal, thousands
        How text is written; no mark between thousands by default.
    """

    files: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    samples: Mapping[str, str] = MappingProxyType({})
    connection: str = ""
    remote: str = ""
    sql: str = ""
    sheets: tuple[str, ...] = ()
    header: int = 1
    skip: tuple[int, ...] = ()
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    thousands: str = ""


class _TextForm(TypedDict):
    encoding: str
    separator: str
    decimal: str


class _Form(_TextForm):
    sheets: tuple[str, ...]
    header: int
    skip: tuple[int, ...]
    thousands: str


def inside(folder: Path, name: str) -> Path | None:
    """Where `name` in `folder` really lies, links followed; None when that is not inside the folder.

    Parameters
    ----------
    folder
        The dataset's folder.
    name
        Relative to the folder.
    """
    if "\0" in name:
        return None
    home = Path(os.path.realpath(folder))
    target = Path(os.path.realpath(home / name))
    return target if target != home and target.is_relative_to(home) else None


def read_origin(section: Section, folder: Path) -> Origin:
    """Where rows come from, out of the keys of a table (or of aliases).

    Parameters
    ----------
    section
        The mapping that it stands in.
    folder
        The dataset's folder.
    """
    given = [key for key in ("file", "sample", "connection") if section.tree.get(key) is not None]
    if len(given) != 1:
        got = sentence("neither") if not given else sentence("both")
        expected = sentence("either file (beside dataset.yaml) or sample or connection")
        section.fault("file", got=got, expected=expected)
    raw_sql = section.tree.get("sql")
    sql = raw_sql.strip() if isinstance(raw_sql, str) else ""
    if raw_sql is not None and not sql:
        section.fault("sql", got=shown(raw_sql), expected=sentence("a SELECT"))
    connection, remote = section.text("connection"), section.text("table")
    if connection:
        _check_connection(section, connection, remote, sql)
    elif remote:
        section.fault("table", got=shown(remote), expected=sentence("nothing: it goes with connection"))
    return Origin(
        files=MappingProxyType(_entries(section, "file", sql, folder)),
        samples=MappingProxyType({name: of[0] for name, of in _entries(section, "sample", sql, None).items()}),
        connection=connection,
        remote=remote,
        sql=sql,
        **_form(section),
    )


def _check_connection(section: Section, connection: str, remote: str, sql: str) -> None:
    expected = sentence("a URL such as {url}", url="postgres://${USER}:${PASSWORD}@host/base")
    if not re.match(r"[a-z][a-z0-9+]*://", connection):
        section.fault("connection", got=shown(connection.split("@")[-1]), expected=expected)
    elif (scheme := connection.partition("://")[0]) not in SCHEMES:
        section.fault("connection", got=shown(scheme), expected=listing(SCHEMES, "or"))
    user = connection.split("://", 1)[-1].rpartition("@")[0]
    secret = re.search(r"(?i)(password|pwd|token|secret|key)=(?!\$\{)", connection)
    if secret or (":" in user and not re.fullmatch(r"\$\{\w+\}", user.partition(":")[2])):
        # What stands there is a secret: it is not repeated.
        section.fault(
            "connection", got=sentence("a password"), expected=sentence("{name} of the environment", name="${NAME}")
        )
    if bool(remote) == bool(sql):
        section.fault("table", got=sentence("both") if sql else sentence("neither"), expected="either table or sql")


def _entries(section: Section, key: str, sql: str, folder: Path | None) -> dict[str, tuple[str, ...]]:
    """Names (and patterns) by what SQL calls them. A mapping of several needs SQL that joins them."""
    value = section.tree.get(key)
    if value is None:
        return {}
    given = value if isinstance(value, dict) else {ROWS: value}
    if isinstance(value, dict) and not (sql and value):
        section.fault(key, got=shown(list(value)), expected=sentence("one, or sql: that joins them"))
    entries: dict[str, tuple[str, ...]] = {}
    for alias, names in given.items():
        listed = names if isinstance(names, list) and names and folder is not None else [names]
        place = f"{key}.{alias}" if isinstance(value, dict) else key
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", alias):
            section.fault(place, got=shown(alias), expected=sentence("a name of small letters, digits and _"))
        for name in listed:
            if not isinstance(name, str) or not name.strip():
                expected = sentence("a file in the dataset's own folder") if folder else sentence("a sample's name")
                section.fault(place, got=shown(names), expected=expected)
            elif folder is not None and re.match(r"[a-z][a-z0-9+.-]+://", name):
                expected = sentence("a file in the dataset's own folder: addresses are not read, download it")
                section.fault(place, got=sentence("the address {name}", name=shown(name)), expected=expected)
            elif folder is not None and (inside(folder, name) is None or ".." in Path(name).parts):
                section.fault(place, got=shown(name), expected=sentence("a file in the dataset's own folder"))
            else:
                entries[alias] = (*entries.get(alias, ()), name)
    return entries


def _form(section: Section) -> _Form:
    """How the rows are written."""
    header, skip = section.whole("header", 1, least=0), section.wholes("skip")
    if 0 in skip or header in skip:
        template = "numbers of rows other than the header's ({row}); those from the end are negative"
        expected = sentence(template, row=header)
        section.fault("skip", got=shown([str(n) for n in skip]), expected=expected)
    thousands = section.raw("thousands")
    decimal = section.text("decimal", ".")
    if thousands and (thousands not in THOUSANDS or thousands == decimal):
        expected = sentence(
            "one of {marks}, and not the mark of decimals", marks=listing([shown(m) for m in THOUSANDS])
        )
        section.fault("thousands", got=shown(thousands), expected=expected)
    return {
        "sheets": section.texts("sheet"),
        "header": header,
        "skip": skip,
        "thousands": thousands,
        **_text_form(section),
    }


def _text_form(section: Section) -> _TextForm:
    encoding = section.text("encoding", "utf-8")
    separator = section.tree.get("separator") or ","
    decimal = section.text("decimal", ".")
    try:
        usable = codecs.lookup(encoding)._is_text_encoding  # what str.encode itself asks: zip and rot13 are none
    except (LookupError, ValueError):
        usable = False
    if not usable:
        expected = sentence("an encoding such as utf-8, latin-1 or cp1252")
        section.fault("encoding", got=shown(encoding), expected=expected)
    if not isinstance(separator, str) or len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0':
        expected = sentence('one character, such as "," or ";" or "\\t"')
        section.fault("separator", got=shown(separator), expected=expected)
    if decimal not in (".", ","):
        section.fault("decimal", got=shown(decimal), expected=sentence('"." or ","'))
    return {"encoding": encoding, "separator": str(separator), "decimal": decimal}
