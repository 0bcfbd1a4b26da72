"""What the values of a canonical table must keep (pandera), and its breaches as rows of one list."""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pandera.pandas as pa


@dataclass(frozen=True)
class Violation:
    """One rule that some rows of a column break.

    Attributes
    ----------
    column
        Name in the canonical table.
    rule
        Key of `RULES`.
    n_rows
        How many rows.
    examples
        Some offending values; whoever shows them asks first whether the column is personal.
    """

    column: str
    rule: str
    n_rows: int
    examples: tuple[object, ...] = ()


# What is said of a rule that is broken: "{rows} …".
RULES: Mapping[str, str] = {
    "present": "no value{examples}; expected one in every row. Complete the rows, or take them out of the file",
    "unique": "an id that an earlier row has{examples}; expected one row a customer. "
    "Keep one row of each, or do not map the id",
    "not_negative": "a negative value{examples}; expected 0 or more. "
    "If it is a code for a missing value, list it under missing:",
    "entry_by_duration": "an entry after the duration{examples}; expected entry ≤ duration, both from the same start",
    "a_number": "a value that is no number{examples}; expected a number. "
    "List codes under missing:, check decimal:, or declare type: category",
    "a_truth": "a value that is neither true nor false{examples}; expected 0 or 1. "
    "Name the codes under true_values: and false_values:",
    "listed": "a value that is not listed under values:{examples}; list it there or under missing:",
    "one_type": "a value that is no number{examples}, where most values are numbers; "
    "expected one type. List codes under missing:, or declare type: category",
}
# Rules over several columns, and the column that is to blame.
_ACROSS = {"entry_by_duration": "entry"}
_PANDERA_NAMES = {"not_nullable": "present", "field_uniqueness": "unique"}


def lifetimes_schema(present: Collection[str]) -> pa.DataFrameSchema:
    """The contract of `lifetimes`: one row a customer, with how long and whether the end was seen.

    Parameters
    ----------
    present
        Columns that the table has: the rules of others are left out, so that a table with a column too few is still
        told all its other faults.
    """
    not_negative = pa.Check(lambda values: values >= 0, name="not_negative")
    by_duration = pa.Check(lambda frame: ~(frame["entry"] > frame["duration"]), name="entry_by_duration")
    columns = {
        # An id may be missing (rows without one are people too), but not double.
        "customer_id": pa.Column(nullable=True, unique=True, report_duplicates="exclude_first"),
        "duration": pa.Column(float, not_negative, nullable=False),
        "event": pa.Column(checks=pa.Check.isin([True, False]), nullable=False),
        "entry": pa.Column(float, not_negative, nullable=True),
        "reason": pa.Column(object, nullable=True),
    }
    return pa.DataFrameSchema(
        columns={name: column for name, column in columns.items() if name in present},
        checks=by_duration if {"entry", "duration"} <= set(present) else None,
    )


_SCHEMAS = {"lifetimes": lifetimes_schema}


def violations(table: str, frame: pd.DataFrame, unreadable: Mapping[str, np.ndarray]) -> list[Violation]:
    """Every breach of a table's contract, by column.

    Parameters
    ----------
    table
        Canonical name.
    frame
        The canonical table, index 0 … n − 1.
    unreadable
        For some columns, which rows had a value that could not be read (and is missing in `frame` for that reason):
        those are told elsewhere and do not count as absent.
    """
    try:
        with warnings.catch_warnings():
            # Raised by pandera's own way of gathering failures; nothing that a user could mend.
            warnings.filterwarnings("ignore", category=FutureWarning, module="pandera")
            _SCHEMAS[table](frame.columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    found = []
    for (check, column), group in cases.groupby(["check", "column"], sort=False):
        rule = _PANDERA_NAMES.get(check, check)
        if column != _ACROSS.get(rule, column):
            continue  # pandera tells a rule over several columns once for each column of the frame
        where = group["index"].to_numpy(dtype=int)
        if rule == "present" and column in unreadable:
            where = where[~unreadable[column][where]]
        if len(where):
            values = () if rule == "present" else tuple(frame[column].iloc[where].drop_duplicates().head(4))
            found.append(Violation(column, rule, len(where), values))
    rules = list(RULES)
    return sorted(found, key=lambda each: (frame.columns.get_loc(each.column), rules.index(each.rule)))
