"""Horizons: the times at which survival is asked for, and how a length of time is said."""

from collections.abc import Iterable

import numpy as np

from workbench.errors import ParameterError
from workbench.wording import listing, number, sentence, span, units


def clean_horizons(horizons: Iterable[float]) -> tuple[float, ...]:
    """Horizons ascending and each once.

    Parameters
    ----------
    horizons
        In the time unit of the lifetimes.

    Raises
    ------
    ParameterError
        When one is not a finite number above 0, or there is none.

    Examples
    --------
    >>> clean_horizons([24, 12, 24])
    (12.0, 24.0)
    """
    horizons = [float(horizon) for horizon in horizons]
    wrong = [horizon for horizon in horizons if not (np.isfinite(horizon) and horizon > 0)]
    if wrong or not horizons:
        raise ParameterError(
            sentence(
                "horizons: got {got}, expected one or more finite numbers above 0.",
                got=listing([f"{horizon:g}" for horizon in wrong]) or sentence("an empty list"),
            )
        )
    return tuple(sorted(set(horizons)))


def times(values: Iterable[float], time_unit: str) -> str:
    """Several times in words.

    Parameters
    ----------
    values
        In `time_unit`.
    time_unit
        Its name: `day`, `month`, … or one that a dataset invents.

    Examples
    --------
    >>> times([12, 24], "month"), times([1], "month")
    ('12 and 24 months', '1 month')
    """
    values = list(values)
    if len(values) == 1:
        return span(values[0], time_unit)
    return sentence("{numbers} {unit}", numbers=listing([number(value) for value in values]), unit=units(time_unit))


def time_axis(time_unit: str) -> str:
    """Name of the time axis of lifetimes.

    Parameters
    ----------
    time_unit
        Its name: `day`, `month`, … or one that a dataset invents.

    Examples
    --------
    >>> time_axis("month"), time_axis("visit")
    ('Months as a customer', 'Time as a customer (visit)')
    """
    known = {
        "day": sentence("Days as a customer"),
        "week": sentence("Weeks as a customer"),
        "month": sentence("Months as a customer"),
        "quarter": sentence("Quarters as a customer"),
        "year": sentence("Years as a customer"),
    }
    return known.get(time_unit) or sentence("Time as a customer ({unit})", unit=time_unit)


DAYS_A_YEAR = 365.25
"""With one leap day in four years, as in all data since 1901."""
DAYS_A_MONTH = DAYS_A_YEAR / 12
"""In the mean; all rooms count months by it."""
MONTHS = {"day": 1 / DAYS_A_MONTH, "week": 7 / DAYS_A_MONTH, "month": 1.0, "quarter": 3.0, "year": 12.0}
"""Months in each unit of time."""


def number_of(months: float, time_unit: str) -> float:
    """So many months in another unit, rounded to whole ones where there are at least two; months where it is unknown.

    Parameters
    ----------
    months
        How long.
    time_unit
        The other unit.

    Examples
    --------
    >>> number_of(12, "year"), number_of(3, "week"), number_of(1, "day"), number_of(6, "visit")
    (1.0, 13.0, 30.0, 6)
    """
    if time_unit not in MONTHS:
        return months
    value = months / MONTHS[time_unit]
    return float(round(value)) if value >= 2 else value
