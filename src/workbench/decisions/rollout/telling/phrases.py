"""Effects as people read them: in customers of 100, in money, in points."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.models.trials.estimates import Estimate, kind_in_words
from workbench.wording import number, plural, sentence


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How an outcome is told.

    Attributes
    ----------
    factor
        What numbers are multiplied by.
    unit
        Of them.
    days
        Over how long it is counted; None where it is not counted over time.
    """

    factor: float
    unit: str
    days: int | None = None


def scale_of(measure: Any, currency: str, days: int | None = None) -> Scale:
    """How an outcome is told.

    Parameters
    ----------
    measure
        The outcome.
    currency
        Of money.
    days
        Over how long it is counted, where that is to be told.
    """
    return replace(_scale(measure, currency), days=days)


def _scale(measure: Any, currency: str) -> Scale:
    if measure.kind in ("share", "staying"):
        return Scale(factor=100.0, unit=sentence("of 100 customers"))
    if measure.kind == "ratio":
        return Scale(factor=100.0, unit=sentence("of 100 contacts"))
    if measure.money:
        return Scale(
            factor=1.0,
            unit=sentence("{currency} a customer", currency=currency) if currency else sentence("of money a customer"),
        )
    if measure.kind == "sum":
        return Scale(factor=1.0, unit=sentence("a customer"))
    return Scale(factor=1.0, unit=getattr(measure, "unit", "") or sentence("points"))


def amount(value: float, scale: Scale) -> str:
    """A size with its unit, and over how long it is counted.

    Parameters
    ----------
    value
        In the unit of the outcome.
    scale
        How it is told.
    """
    names = {"n": number(abs(scale.factor * value)), "unit": scale.unit}
    size = sentence("{n} {unit}", **names)
    if scale.days is None:
        return size
    if scale.days % 7 == 0:
        return plural("{size} in {n} week", "{size} in {n} weeks", scale.days // 7, size=size)
    return plural("{size} in {n} day", "{size} in {n} days", scale.days, size=size)


def clear(found: Estimate) -> bool:
    """Whether the interval excludes no effect.

    Parameters
    ----------
    found
        The effect.
    """
    return found.lower > 0 or found.upper < 0


def interval(found: Estimate, scale: Scale) -> tuple[float | None, float | None] | None:
    """Its ends as they are told: none where it has none, and no interval where it has neither.

    Parameters
    ----------
    found
        The effect.
    scale
        How it is told.
    """
    low, high = (scale.factor * end if np.isfinite(end) else None for end in (found.lower, found.upper))
    return None if low is None and high is None else (low, high)


def kind(found: Estimate) -> str | None:
    """What its interval is; None where it has no end.

    Parameters
    ----------
    found
        The effect.
    """
    return kind_in_words(found.kind, found.confidence) if np.isfinite([found.lower, found.upper]).any() else None
