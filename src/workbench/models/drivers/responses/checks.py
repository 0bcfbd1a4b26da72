"""What is said about the answers that enter a drivers' model: who is left out, what is imputed, turned or combined."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.findings import Check
from workbench.models.drivers.responses.data_sufficiency import answers_needed
from workbench.models.drivers.responses.ratings import RATED
from workbench.wording import first_of, listing, number, percent, plural, sentence

MOST_NAMED = 3
"""Drivers that a sentence names."""
MOST_MISSING = 0.4
"""Share of missing ratings of one driver above which imputation is doubted. Ours: beyond 40% results are exploratory
only (Jakobsen et al. 2017)."""


def turned(labels: Sequence[str]) -> Check:
    """Items whose lowest point is the best, and which are turned round.

    Parameters
    ----------
    labels
        What the items are called.
    """
    message = sentence(
        "Of {items} the lowest point is the best (direction: low_is_good). We turn their answers round, so that higher "
        "is better everywhere.",
        items=listing([sentence("“{label}”", label=label) for label in labels]),
    )
    return Check(name="items_turned", status="pass", message=message, value=len(labels))


def combined(several: Mapping[str, Sequence[str]]) -> Check:
    """Drivers that are the mean of several items.

    Parameters
    ----------
    several
        Names of the items by the driver's label.
    """
    told = [
        sentence("“{label}” ({first} and {last})", label=label, first=own[0], last=own[-1])
        if len(own) == 2
        else sentence("“{label}” ({first} to {last})", label=label, first=own[0], last=own[-1])
        for label, own in several.items()
    ]
    message = sentence(
        "Items whose names differ only by a number make one driver, their mean: {drivers}. Set combine_items to false "
        "to separate them.",
        drivers=first_of(told, MOST_NAMED),
    )
    return Check(name="items_combined", status="pass", message=message, value=len(several))


def respondents(answered: int, unanswered: int, weights: np.ndarray, weighting: str, drivers: int) -> Check:
    """How many answers are used, and what their weights make of them.

    Parameters
    ----------
    answered, unanswered
        Rows with and without an outcome.
    weights, weighting
        (n,): as of `Ratings`.
    drivers
        How many drivers there are.
    """
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    few = weighting == "survey" and effective < answers_needed(drivers)
    parts = [plural("All {n} answer with an outcome is used.", "All {n} answers with an outcome are used.", answered)]
    if unanswered:
        parts.append(plural("{n} has none and is left out.", "{n} have none and are left out.", unanswered))
    if weighting == "frequency":
        people = round(float(weights.sum()))
        parts.append(plural("Frequency weights: they stand for {n}.", "Frequency weights: they stand for {n}.", people))
    if weighting == "survey":
        parts.append(sentence("Weights make them worth {n} equal ones.", n=number(round(effective))))
    if few:
        parts.append(sentence("That is too few for {n} drivers: a few answers outweigh the others.", n=number(drivers)))
    return Check(
        name="respondents_used",
        title=sentence("Which answers are used, and their weights"),
        status="warn" if few else "pass",
        message=" ".join(parts),
        value=answered,
    )


def missing_ratings(missing: np.ndarray, state: np.ndarray, counts: np.ndarray) -> Check:
    """How many ratings are missing, and that they are imputed.

    Parameters
    ----------
    missing
        Bool (n, D).
    state
        (n, D): as of `Ratings`.
    counts
        (n,): how many people each row stands for.
    """
    of_drivers = np.average(missing, axis=0, weights=counts)
    share, worst = float(of_drivers.mean()), float(of_drivers.max())
    complete = float(np.average((state == RATED).all(1), weights=counts))
    return Check(
        name="missing_ratings",
        title=sentence("Missing ratings are imputed"),
        status="warn" if worst > MOST_MISSING else "pass",
        value=worst,
        threshold=MOST_MISSING,
        message=sentence(
            "{share} of ratings are missing (at most {worst} of one driver) and are imputed several times; what did "
            "not apply is not. {complete} of people rated every driver; the others count too.",
            share=percent(share),
            worst=percent(worst),
            complete=percent(complete),
        ),
    )
