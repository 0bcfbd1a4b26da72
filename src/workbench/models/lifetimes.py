"""The table `lifetimes` as every survival model takes it."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import number, sentence

ROLES = ("customer_id", "duration", "event", "entry", "reason")
"""Columns of `lifetimes` with a meaning of their own; all others are covariates."""


def require_lifetimes(lifetimes: pd.DataFrame, columns: Iterable[str] = ()) -> pd.DataFrame:
    """The table with `duration` as float and `event` as bool, or all its faults at once.

    Parameters
    ----------
    lifetimes
        `customer_id` (each once), `duration` (finite, at least 0), `event` (bool or 0/1) and, where it is there,
        `entry` (0 throughout: late entry is not supported yet).
    columns
        Further columns that must be there.

    Raises
    ------
    DataError
        One sentence for each fault.
    """
    needed = ["customer_id", "duration", "event", *columns]
    faults = [
        sentence(
            "lifetimes: got no column {name!r}, expected it; map it in dataset.yaml or do without it.", name=column
        )
        for column in dict.fromkeys(needed)
        if column not in lifetimes.columns
    ]
    if faults:
        raise DataError(*faults)
    if lifetimes.empty:
        raise DataError(sentence("lifetimes: got no rows, expected at least one customer; check the filter or file."))

    duration = _numbers(lifetimes["duration"])
    event = _numbers(lifetimes["event"])
    count = {
        "duration": (~(np.isfinite(duration) & (duration >= 0))).sum(),
        "event": (~np.isin(event, (0.0, 1.0))).sum(),
        "customer_id": lifetimes["customer_id"].isna().sum(),
    }
    expected = {
        "duration": sentence("a finite number of at least 0"),
        "event": sentence("true or false (1 or 0)"),
        "customer_id": sentence("an id"),
    }
    for column, rows in count.items():
        if rows:
            faults.append(
                sentence(
                    "lifetimes.{column}: got {rows} rows of {all} with something else, expected {expected}; "
                    "mend the rows or the mapping in dataset.yaml.",
                    column=column,
                    rows=number(int(rows)),
                    all=number(len(lifetimes)),
                    expected=expected[column],
                )
            )
    repeated = int(lifetimes["customer_id"].dropna().duplicated().sum())
    if repeated:
        faults.append(
            sentence(
                "lifetimes.customer_id: got {rows} rows whose id stands there before, expected one row a customer; "
                "keep one row of each.",
                rows=number(repeated),
            )
        )
    if "entry" in lifetimes.columns and (late := int((_numbers(lifetimes["entry"]) > 0).sum())):
        faults.append(
            sentence(
                "lifetimes.entry: got {rows} customers who were on board before their record begins (entry above 0), "
                "expected 0 for all: this version cannot allow for late entry and would overstate how long "
                "customers stay; use only customers followed from their first day.",
                rows=number(late),
            )
        )
    if faults:
        raise DataError(*faults)
    return lifetimes.assign(duration=duration, event=event.astype(bool))


def covariates_of(lifetimes: pd.DataFrame) -> list[str]:
    """Every column that has no role of its own, in the table's order."""
    return [column for column in lifetimes.columns if column not in ROLES]


def label_of(labels: Mapping[str, str] | None, column: str) -> str:
    """The label of a column, or its name in words where it has none."""
    return (labels or {}).get(column) or column.replace("_", " ")


def inline(label: str) -> str:
    """A label as it stands inside a sentence: a capital at its start only where more follow (an abbreviation).

    Examples
    --------
    >>> inline("Payment method"), inline("NPS group")
    ('payment method', 'NPS group')
    """
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _numbers(column: pd.Series) -> np.ndarray:
    """Floats, with NaN for whatever is no number (a text that looks like one is none)."""
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        return np.array(
            [float(value) if isinstance(value, bool | np.bool_ | int | float) else np.nan for value in column]
        )
    return column.to_numpy(dtype=float, na_value=np.nan)
