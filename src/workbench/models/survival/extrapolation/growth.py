"""How the hazard grows beyond the data, in draws over families and over what each has estimated."""

from collections.abc import Callable, Mapping

import numpy as np

from workbench.models.survival.extrapolation.families import Family

DrawGrowth = Callable[[np.ndarray, tuple[float, float], int, np.random.Generator], np.ndarray | None]
"""Of times, the tail, how many draws and random numbers: `draw_growth` with its families."""
GONE = 1e-300
"""Survival below which nobody is there: its logarithm would not be finite."""
FLAT = 1e-9
"""A family whose hazard grows less than this within the tail says nothing of multiples of it."""


def draw_growth(
    families: Mapping[str, Family],
    times: np.ndarray,
    tail: tuple[float, float],
    draws: int,
    random: np.random.Generator,
) -> np.ndarray | None:
    """By how many times what it grew within a tail the cumulative hazard has grown between its end and later times.

    Every family stands for the same share of draws, as each counts alike in the interval of what is carried on; draws
    of a family are of its estimates. A multiple of what was seen in the tail, so that the level stays that of the
    customers at hand: a constant hazard goes on as it went.

    Parameters
    ----------
    families
        That count (`Extrapolation.families`).
    times (n,)
        Beyond the tail, or before its end (where nothing has grown).
    tail
        Where it begins and ends.
    draws, random
        How many, and of which random numbers.

    Returns
    -------
    ndarray (draws, n) or None
        None where no family says anything.
    """
    asked, place = np.unique(np.concatenate([np.maximum(times, tail[1]), tail]), return_inverse=True)
    usable = {}
    for name, family in families.items():
        grown = _multiples(family.at(asked)[None, :], place)
        if grown is not None and np.isfinite(grown).all():
            usable[name] = (family, grown[0])
    if not usable:
        return None
    whose = random.permutation(np.arange(draws) % len(usable))
    growth = np.empty((draws, len(times)))
    for number, (family, middle) in enumerate(usable.values()):
        own = np.flatnonzero(whose == number)
        if len(own):
            drawn = _multiples(family.drawn(asked, len(own), random), place)
            growth[own] = np.where(np.isfinite(drawn).all(axis=1, keepdims=True), drawn, middle)
    return growth


def _multiples(survival: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Of what the hazard grew within the tail, (D, n); NaN where it hardly did."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.maximum.accumulate(-np.log(np.clip(survival, GONE, 1.0)), axis=1)[:, place]
    first, last = hazard[:, [-2]], hazard[:, [-1]]
    within = last - first
    return np.divide(hazard[:, :-2] - last, within, out=np.full_like(hazard[:, :-2], np.nan), where=within > FLAT)
