"""The door: rows of a file become a canonical table, checked against its contract, or every violation at once."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.datasets import columns, contracts, packaged, reading
from workbench.datasets.definition import ColumnDefinition, TableDefinition, inside
from workbench.datasets.phrases import examples, names, rows
from workbench.errors import DataError
from workbench.findings import Check, Status
from workbench.wording import sentence, shown, suggestion


@dataclass(frozen=True)
class Loaded:
    """A canonical table that has kept its contract.

    Attributes
    ----------
    frame
        One row a row of the file, in its order; canonical columns first, then the others as declared. Ids are text, or
        row numbers from 1; numbers float64 (NaN missing); truths bool; categories text (None missing).
    checks
        What a reader of a study must know about the data (`warn`), and may want to (`pass`).
    """

    frame: pd.DataFrame
    checks: tuple[Check, ...]


def load(definition: TableDefinition, *, folder: Path, cache: Path, fictional: bool) -> Loaded:
    """Read, map and check one table.

    Parameters
    ----------
    definition
        The mapping.
    folder
        Where dataset.yaml and its files lie.
    cache
        Folder for converted samples.
    fictional
        Whether the data are invented.

    Raises
    ------
    DataError
        Every violation: column, rule, how many rows, and examples where the column is not personal.
    """
    by_name = {column.name: column for column in definition.columns}
    place = sentence("table {table}", table=definition.name)
    raw = _read(definition, folder, cache, place)
    if raw.n_rows == 0:
        raise DataError(sentence("{place}: the file has a header and no rows.", place=place))

    frame: dict[str, pd.Series] = {}
    unreadable: dict[str, np.ndarray] = {}
    violations: list[contracts.Violation] = []
    faults: list[str] = []
    for column in definition.columns:
        if fault := _header_fault(column, raw.headers):
            faults.append(f"{place}, {fault}")
            continue
        if column.personal and column.kind != "id":
            continue
        values = raw.columns[raw.headers.index(reading.tidy(column.source))]
        try:
            converted = columns.convert(values, column, decimal=definition.decimal)
        except columns.UnsupportedType as error:
            template = "{place}, {column}: the type {type} is not supported yet; leave the column out."
            faults.append(sentence(template, place=place, column=_named(column), type=error))
            continue
        frame[column.name], unreadable[column.name] = converted.values, converted.unreadable
        violations += converted.violations
    identified = by_name.get("customer_id")
    if identified is None:
        frame = {"customer_id": pd.Series(np.arange(1, raw.n_rows + 1)), **frame}
    table = pd.DataFrame(frame)
    violations += contracts.violations(definition.name, table, unreadable)
    faults += [_told(violation, by_name, place) for violation in violations]
    if faults:
        raise DataError(*faults)
    checks = _checks(definition, table, raw, fictional)
    if identified is not None and identified.personal:
        table["customer_id"] = np.arange(1, raw.n_rows + 1)
    elif identified is not None:
        # Nobody is left out for want of an id, and results can be matched by it all the same.
        numbers = pd.Series([sentence("row {number}", number=row) for row in range(1, raw.n_rows + 1)])
        table["customer_id"] = table["customer_id"].where(table["customer_id"].notna(), numbers)
    return Loaded(table, checks)


def fingerprint(definitions: Iterable[TableDefinition], frames: Mapping[str, pd.DataFrame]) -> str:
    """A SHA-256 of what the tables say: values, names, kinds, units, segments; not of where or how they are stored."""
    total = hashlib.sha256()
    for definition in sorted(definitions, key=lambda definition: definition.name):
        frame = frames[definition.name]
        units = {column.name: column.unit for column in definition.columns}
        meaning = [definition.name, len(frame), definition.time_unit, definition.segments]
        meaning.append([(name, str(frame[name].dtype), units.get(name, "")) for name in frame])
        total.update(json.dumps(meaning).encode())
        for name in frame:
            for part in _content(frame[name]):
                total.update(len(part).to_bytes(8, "little"))
                total.update(part)
    return f"sha256:{total.hexdigest()}"


def profile(definition: TableDefinition, frame: pd.DataFrame) -> dict:
    """What a report says about a table: rows, columns with label, unit and share missing. Safe for strict JSON."""
    by_name = {column.name: column for column in definition.columns}
    described = []
    for name in frame:
        column = by_name.get(name)
        label = column.label if column else sentence("Row number")
        missing = float(frame[name].isna().mean())
        described.append({"name": name, "label": label, "unit": column.unit if column else "", "missing": missing})
    return {"rows": len(frame), "columns": described, "first": None, "last": None}  # lifetimes carry no dates


def _read(definition: TableDefinition, folder: Path, cache: Path, place: str) -> reading.RawTable:
    # Without an id, double rows can only be told over all columns; with one, only what enters is read.
    whole = all(column.kind != "id" for column in definition.columns)
    entering = [column for column in definition.columns if not column.personal or column.kind == "id"]
    wanted = {reading.tidy(column.source) for column in entering}
    try:
        if definition.sample:
            table = packaged.read_sample(definition.sample, cache)
            return reading.from_arrow(table, lambda header: whole or header in wanted)
        path = inside(folder, definition.file)
        if path is None:
            raise DataError(sentence("got a link that leads out of the dataset's folder."))
        return reading.read_file(path, definition, lambda header: whole or header in wanted)
    except DataError as error:
        origin = sentence("sample {name}", name=definition.sample) if definition.sample else shown(definition.file)
        raise DataError(*(f"{place}, {origin}: {fault}" for fault in error.faults)) from error


def _header_fault(column: ColumnDefinition, headers: tuple[str, ...]) -> str | None:
    source = reading.tidy(column.source)
    count = headers.count(source)
    if count == 1:
        return None
    if count:
        template = "column {column}: the header has {source} {count} times, expected it once."
        return sentence(template, column=column.name, source=shown(source), count=count)
    template = "column {column}: the file has no column {source}{near}"
    return sentence(template, column=column.name, source=shown(source), near=suggestion(source, headers))


def _named(column: ColumnDefinition) -> str:
    if column.source == column.name:
        return sentence("column {name}", name=column.name)
    return sentence("column {name} (from {source})", name=column.name, source=shown(column.source))


def _told(violation: contracts.Violation, by_name: Mapping[str, ColumnDefinition], place: str) -> str:
    column = by_name[violation.column]
    got = ""
    if violation.examples and not column.personal:
        got = sentence(" (got {examples})", examples=examples(violation.examples))
    rule = sentence(contracts.RULES[violation.rule], examples=got)
    count = rows(violation.n_rows)
    return sentence("{place}, {column}: {rows} with {rule}.", place=place, column=_named(column), rows=count, rule=rule)


def _checks(
    definition: TableDefinition, table: pd.DataFrame, raw: reading.RawTable, fictional: bool
) -> tuple[Check, ...]:
    checks: list[Check] = []

    def say(name: str, message: str, value: int | None = None, status: Status = "warn") -> None:
        checks.append(Check(name=f"{definition.name}_{name}", status=status, message=message, value=value))

    if fictional:
        say("fictional", sentence("The data are fictional: they show how the study works, not how customers behave."))
    ids = next((column for column in definition.columns if column.kind == "id"), None)
    if ids is None:
        message = sentence("No column identifies a customer: ids are row numbers, valid in this file alone.")
        say("row_numbers", message, status="pass")
        if double := _double_rows(raw):
            template = (
                "{rows} repeat an earlier one in every column of the file and are kept: "
                "without an id nobody can tell whether they are the same customers."
            )
            say("double_rows", sentence(template, rows=rows(double)), double)
    else:
        if ids.personal:
            template = "The id is personal and did not enter: ids are row numbers, valid in this file alone."
            say("row_numbers", sentence(template), status="pass")
        if without := int(table["customer_id"].isna().sum()):
            template = "{rows} without an id are kept, each as a customer of its own, named by its row number."
            say("no_id", sentence(template, rows=rows(without)), without)
    if personal := [column.name for column in definition.columns if column.personal and column.kind != "id"]:
        template = "Marked personal, so they did not enter: {names}."
        say("personal_columns", sentence(template, names=names(personal)), len(personal))
    if zero := int((table["duration"] == 0).sum()):
        template = "{rows} have a duration of 0 {unit}: they ended, or were last seen, at the very start."
        say("zero_durations", sentence(template, rows=rows(zero), unit=definition.time_unit), zero)
    if "entry" in table and (never := int((table["entry"] == table["duration"]).sum())):
        template = "{rows} enter at the very time at which they end, so they are never under observation."
        say("never_at_risk", sentence(template, rows=rows(never)), never)
    return tuple(checks)


def _double_rows(raw: reading.RawTable) -> int:
    def codes(column) -> np.ndarray:
        try:
            return pd.factorize(column.dictionary_encode().combine_chunks().indices.to_numpy(zero_copy_only=False))[0]
        except NotImplementedError:  # lists and structures
            return pd.factorize(np.array([str(value) for value in column.to_pylist()], dtype=object))[0]

    return int(pd.DataFrame({i: codes(column) for i, column in enumerate(raw.columns)}).duplicated().sum())


def _content(values: pd.Series) -> tuple[bytes, ...]:
    if values.dtype == object:
        codes, distinct = pd.factorize(values)  # in order of appearance, −1 for missing
        return codes.astype("<i8").tobytes(), json.dumps(distinct.tolist()).encode()
    if values.dtype == float:
        numbers = values.to_numpy() + 0.0  # −0.0 and 0.0 are the same content
        return (np.where(np.isnan(numbers), np.nan, numbers).astype("<f8").tobytes(),)
    return (values.to_numpy().astype("<i8").tobytes(),)
