"""Data sufficiency: whether a survey has enough answers, and enough that differ; where not, what to do about it."""

from collections.abc import Sequence

import numpy as np

from workbench.findings import Check
from workbench.wording import number, sentence, shown

FEWEST_ANSWERS = 30
"""Answers with an outcome below which nothing is fitted. Ours: shares of fewer vary by more than a sixth."""
ANSWERS_PER_DRIVER = 5
"""Answers for each driver: the least of the usual advice of 5 to 20 (Austin, Steyerberg 2015)."""
FEWEST_OTHERS = 10
"""Answers that must differ from the commonest one: the smallest group that is shown."""
FEWEST_RATED = 10
"""People who must have rated a driver: the smallest group that is shown."""
OTHERS_PER_DRIVER = 10
"""Such answers for each driver below which priors weigh as much as data: events per variable (Peduzzi et al. 1996)."""


def _others(answers: np.ndarray, counts: np.ndarray) -> tuple[float, float, float]:
    """How many answers there are, how many differ from the commonest one, and which one that is."""
    points, place = np.unique(answers, return_inverse=True)
    masses = np.bincount(place, weights=counts)
    return float(masses.sum()), float(masses.sum() - masses.max()), float(points[masses.argmax()])


def answers_needed(drivers: int) -> int:
    """Fewest answers that a model of so many drivers is fitted to.

    Parameters
    ----------
    drivers
        How many.
    """
    return max(FEWEST_ANSWERS, ANSWERS_PER_DRIVER * drivers)


def too_few(answers: np.ndarray, counts: np.ndarray, drivers: int, outcome: str) -> list[str]:
    """What is wrong where answers, or answers that differ, are too few.

    Parameters
    ----------
    answers, counts
        The outcome of each row, and how many answers it stands for.
    drivers
        How many are to be told about.
    outcome
        Its name.

    Returns
    -------
    list of str
        Faults in words.
    """
    faults = []
    needed = answers_needed(drivers)
    rows, others, commonest = _others(answers, counts)
    if rows < needed:
        faults.append(
            sentence(
                "surveys: got {rows} answers with an outcome, expected at least {needed} ({each} for each of {drivers} "
                "drivers, and {fewest} in all); collect more, or choose fewer drivers.",
                rows=number(round(rows)),
                needed=number(needed),
                each=ANSWERS_PER_DRIVER,
                drivers=number(drivers),
                fewest=FEWEST_ANSWERS,
            )
        )
    if len(np.unique(answers)) < 2:
        faults.append(
            sentence(
                "outcome {name}: got the same answer from everyone, expected at least two different ones; choose "
                "another outcome.",
                name=shown(outcome),
            )
        )
    elif others < FEWEST_OTHERS <= rows:  # how many they are is told to nobody: a small group
        faults.append(
            sentence(
                "outcome {name}: got the answer {commonest} from nearly all of {rows}, expected at least {fewest} who "
                "gave another; collect more, or choose another outcome.",
                name=shown(outcome),
                commonest=number(commonest),
                rows=number(round(rows)),
                fewest=FEWEST_OTHERS,
            )
        )
    return faults


def variation(answers: np.ndarray, counts: np.ndarray, drivers: int) -> Check:
    """Whether the answers differ enough for so many drivers.

    Parameters
    ----------
    answers, counts
        The outcome of each row, and how many answers it stands for.
    drivers
        How many are to be told about.
    """
    rows, others, commonest = _others(answers, counts)
    enough = others >= OTHERS_PER_DRIVER * drivers
    return Check(
        name="outcome_varies",
        status="pass" if enough else "warn",
        value=others / drivers,
        threshold=OTHERS_PER_DRIVER,
        title=sentence("Few different answers for so many drivers") if not enough else "",
        message=sentence(
            "{others} of {rows} answers differ from the commonest one ({commonest}): {each} for each driver, where "
            "{wanted} are wanted."
            if enough
            else "{others} of {rows} answers differ from the commonest one ({commonest}): {each} for each driver, "
            "where {wanted} are wanted. Priors weigh as much as data: choose fewer drivers, or an outcome that varies "
            "more.",
            others=number(round(others)),
            rows=number(round(rows)),
            commonest=number(commonest),
            each=number(others / drivers, 2),
            wanted=OTHERS_PER_DRIVER,
        ),
    )


def driver_faults(values: np.ndarray, names: Sequence[str], counts: np.ndarray) -> list[str]:
    """What is wrong with drivers: never rated, always rated the same, or equal to another.

    Parameters
    ----------
    values
        (n, D) ratings; NaN where there is none.
    names
        Of the drivers.
    counts
        How many people each row stands for.
    """
    faults = []
    for place, name in enumerate(names):
        rated = np.isfinite(values[:, place])
        known = values[rated, place]
        if not len(known):
            faults.append(
                sentence(
                    "driver {name}: got no rating at all, expected some; leave it out of drivers, or fix its codes in "
                    "dataset.yaml.",
                    name=shown(name),
                )
            )
        elif counts[rated].sum() < FEWEST_RATED:
            faults.append(
                sentence(
                    "driver {name}: got ratings from fewer than {fewest} people, expected more; leave it out of "
                    "drivers, or put it together with a driver like it.",
                    name=shown(name),
                    fewest=FEWEST_RATED,
                )
            )
        elif len(np.unique(known)) < 2:
            faults.append(
                sentence(
                    "driver {name}: got the same rating from all who rated it, expected at least two; it can "
                    "explain nothing, leave it out of drivers.",
                    name=shown(name),
                )
            )
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            same = np.array_equal(values[:, first], values[:, second], equal_nan=True)
            if same and np.isfinite(values[:, first]).any():
                faults.append(
                    sentence(
                        "drivers {first} and {second}: got the same ratings in every row, expected different items; "
                        "their effects cannot be separated, leave one of them out.",
                        first=shown(names[first]),
                        second=shown(names[second]),
                    )
                )
    return faults
