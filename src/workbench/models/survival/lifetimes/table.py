"""The table `lifetimes` as every survival model takes it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.survival.lifetimes.episodes import at_start, faults_of_episodes
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import enough_from
from workbench.wording import number, percent, plural, sentence

ROLES = ("customer_id", "duration", "event", "entry", "reason", "weight")
"""Columns of `lifetimes` with a meaning of their own; all others are covariates."""
ENOUGH = 10
"""A curve begins where at least as many customers are at risk."""


def validate_lifetimes(lifetimes: pd.DataFrame, columns: Iterable[str] = ()) -> pd.DataFrame:
    """The table with `duration` and `entry` as float and `event` as bool, or all its faults at once.

    Who entered no sooner than they left, or were last seen, was never observed: such rows are left out.

    Parameters
    ----------
    lifetimes
        `customer_id` (each once, or in episodes that follow each other; see `episodes`), `duration` (finite, at least
        0), `event` (bool or 0/1) and, where it is there,
        `entry`: how long somebody had been a customer when the records begin (at least 0, at most `duration`), and
        `weight` (above 0).
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
        "duration": int((~(np.isfinite(duration) & (duration >= 0))).sum()),
        "event": int((~np.isin(event, (0.0, 1.0))).sum()),
        "customer_id": int(lifetimes["customer_id"].isna().sum()),
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
                    "fix the rows or the mapping in dataset.yaml.",
                    column=column,
                    rows=number(rows),
                    all=number(len(lifetimes)),
                    expected=expected[column],
                )
            )
    entry = _numbers(lifetimes["entry"]) if "entry" in lifetimes.columns else np.zeros(len(lifetimes))
    with np.errstate(invalid="ignore"):
        wrong = int((~(np.isfinite(entry) & (entry >= 0)) | (entry > duration)).sum())
    if wrong:
        faults.append(
            sentence(
                "lifetimes.entry: got {rows} rows with something else, expected how long somebody had been a customer "
                "when the records begin: a number of at least 0 and at most duration (0: followed from the first day).",
                rows=number(wrong),
            )
        )
    if "weight" in lifetimes.columns:
        weight = _numbers(lifetimes["weight"])
        if bad := int((~(np.isfinite(weight) & (weight > 0))).sum()):
            faults.append(
                sentence(
                    "lifetimes.weight: got {rows} rows with something else, expected for how many each stands: a "
                    "number above 0; leave those out who stand for nobody.",
                    rows=number(bad),
                )
            )
    if not faults and lifetimes["customer_id"].duplicated().any():
        faults += faults_of_episodes(lifetimes)
    if faults:
        raise DataError(*faults)
    lifetimes = lifetimes.assign(duration=duration, event=event.astype(bool), entry=entry)
    never = (entry > 0) & (entry >= duration)
    if never.all():
        raise DataError(
            sentence("lifetimes.entry: got nobody who was observed for any time, expected entry below duration.")
        )
    return lifetimes[~never] if never.any() else lifetimes


def entry_of(lifetimes: pd.DataFrame) -> np.ndarray | None:
    """Entry of each row of `validate_lifetimes`; None where everyone was followed from the first day.

    Parameters
    ----------
    lifetimes
        From `validate_lifetimes`.
    """
    if "entry" not in lifetimes.columns:
        return None
    entry = lifetimes["entry"].to_numpy(dtype=float)
    return entry if (entry > 0).any() else None


def weights_of(lifetimes: pd.DataFrame) -> np.ndarray | None:
    """For how many others each row stands, 1 on average; None where all count the same.

    Survey weights: they say whom the sample has too few of, not that anybody was seen more than once.

    Parameters
    ----------
    lifetimes
        From `validate_lifetimes`.
    """
    if "weight" not in lifetimes.columns:
        return None
    weight = lifetimes["weight"].to_numpy(dtype=float)
    return None if np.ptp(weight) == 0 else weight / weight.mean()


def late_entries(lifetimes: pd.DataFrame, *, time_unit: str = "month") -> tuple[Check, ...]:
    """A check of who was active before the records begin; empty where `lifetimes` has no `entry`.

    Parameters
    ----------
    lifetimes
        As in `validate_lifetimes`.
    time_unit
        Of the durations.
    """
    if "entry" not in lifetimes.columns:
        return ()
    kept = at_start(validate_lifetimes(lifetimes))
    late = float((kept["entry"] > 0).mean())
    start = enough_from(kept["duration"].to_numpy(), kept["entry"].to_numpy(), ENOUGH)
    parts = [
        sentence(
            "{share} of customers were active before the records begin: they count from then on only (left "
            "truncation).",
            share=percent(late),
        )
        if late
        else sentence("Everyone was followed from the first day.")
    ]
    if start:
        template = "Too few were followed for the first {span}: curves begin there, for those who had lasted as long."
        parts.append(sentence(template, span=span(start, time_unit)))
    if lost := len(at_start(lifetimes)) - len(kept):
        parts.append(
            plural(
                "{n} row was never observed and does not count.",
                "{n} rows were never observed and do not count.",
                lost,
            )
        )
    message = " ".join(parts)
    return (
        Check(
            name="late_entries",
            status="warn" if start or lost else "pass",
            title=sentence(
                "Some never observed, or curves begin late" if start or lost else "Customers from before the records"
            ),
            message=message,
            value=late,
        ),
    )


def covariates_of(lifetimes: pd.DataFrame) -> list[str]:
    """Every column that has no role of its own, in the table's order.

    Parameters
    ----------
    lifetimes
        The table.
    """
    return [column for column in lifetimes.columns if column not in ROLES]


def _numbers(column: pd.Series) -> np.ndarray:
    """Floats, with NaN for whatever is no number (a text that looks like one is none)."""
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        return np.array(
            [float(value) if isinstance(value, bool | np.bool_ | int | float) else np.nan for value in column]
        )
    return column.to_numpy(dtype=float, na_value=np.nan)
