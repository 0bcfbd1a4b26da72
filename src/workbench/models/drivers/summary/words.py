"""Words that the sentences of a drivers' study share: gains with their unit, probabilities, names of drivers."""

from collections.abc import Iterable, Mapping, Sequence

from workbench.models.drivers.model.what_if import Scenario
from workbench.wording import first_of, number, percent, sentence

FACTORS = {"top_box": 100.0}
"""By which measures that are shares are told in percentage points."""
MOST_NAMED = 3
"""Drivers that a sentence names; the table has all."""


def unit_of(measure: str) -> str:
    """Unit in which a change of a measure is told.

    Parameters
    ----------
    measure
        `nps`, `top_box`, `top_two` or `mean`.
    """
    if measure == "nps":
        return sentence("points of NPS")
    return sentence("percentage points of top answers") if measure == "top_box" else sentence("points on average")


def gain_words(measure: str, change: float) -> str:
    """A change of a measure with its sign and unit.

    Parameters
    ----------
    measure
        `nps`, `top_box`, `top_two` or `mean`.
    change
        In units of the measure: points, or a share.

    Examples
    --------
    >>> gain_words("nps", 4.89), gain_words("top_box", -0.031)
    ('+4.9 NPS points', '−3.1 percentage points')
    """
    size = number(abs(FACTORS.get(measure, 1.0) * change), 2)
    sign = "+" if change >= 0 else "−"
    if measure == "nps":
        return sentence("{sign}{size} NPS points", sign=sign, size=size)
    if measure == "top_box":
        return sentence("{sign}{size} percentage points", sign=sign, size=size)
    return sentence("{sign}{size} points on average", sign=sign, size=size)


def chance(p: float) -> str:
    """A probability for people: nothing is certain, and no decimals.

    Parameters
    ----------
    p
        The probability.

    Examples
    --------
    >>> chance(0.9987), chance(0.683), chance(0.0)
    ('over 99%', '68%', 'under 1%')
    """
    return sentence("over 99%") if p > 0.99 else sentence("under 1%") if p < 0.01 else percent(round(p, 2))


def rise_words(scenario: Scenario) -> str:
    """By how much a driver is rated higher in a what-if scenario, as it stands after "a rating".

    Parameters
    ----------
    scenario
        What is asked of the driver.
    """
    if scenario == "tenth":
        return sentence("10 of 100 points higher")
    if scenario == "one_sd":
        return sentence("one standard deviation higher")
    return sentence("one point higher") if scenario == "one_point" else sentence("raised to the middle")


def quoted(labels: Iterable[object]) -> list[str]:
    """Labels in quotation marks.

    Parameters
    ----------
    labels
        What things are called.
    """
    return [sentence("“{label}”", label=label) for label in labels]


def some(labels: Mapping[str, str], names: Sequence[str], *, most: int = MOST_NAMED) -> str:
    """The first of some drivers by name, and how many more they are.

    Parameters
    ----------
    labels
        What drivers are called.
    names
        The drivers, at least one.
    most
        How many are named.

    Examples
    --------
    >>> some({"a": "App", "b": "Bill"}, ["a", "b"]), some(dict.fromkeys("abcd", "x"), list("abcd"), most=2)
    ('“App” and “Bill”', '“x”, “x” and 2 more')
    """
    return first_of(quoted(labels[name] for name in names), most)
