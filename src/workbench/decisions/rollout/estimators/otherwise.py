"""The same effects counted in another way, which decides nothing and is told beside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.errors import DataError
from workbench.models.trials import lot
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, sentence

CAPPED, MONTHS_THERE = "_capped", "_months"
"""What is added to the name of an outcome that is counted in another way."""


def counted_otherwise(
    samples: Any, outcomes: Sequence[Any], days: int | None
) -> Mapping[tuple[str, str], tuple[Any, ...]]:
    """By arm and outcome: its effect counted in another way, of pilots that chance dealt, or whole units, at one start.

    Parameters
    ----------
    samples
        The pilot.
    outcomes
        As `features.trials.Outcome` has them.
    days
        Length of the window; None where nothing is dated.

    Notes
    -----
    They decide nothing and are told beside their outcome, so that nobody picks the one that looks best: a large order
    moves a mean that a cap holds (`lot.capped`), and who leaves late stayed most of the window all the same.
    """
    if samples.pilot.route not in ("lot", "units"):
        return {}
    names = {each.measure.name for each in outcomes}
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for outcome in outcomes:
        for arm in samples.pilot.arms:
            made = [each for each in _otherwise(samples, outcome, arm, days) if each.measure.name not in names]
            if made:
                found[arm, outcome.measure.name] = tuple(made)
    return found


def _otherwise(samples: Any, outcome: Any, arm: str, days: int | None) -> Iterator[Any]:
    measure = outcome.measure
    if measure.money and outcome.of is None:
        values, cap = lot.capped(outcome.after)
        if np.nanmax(outcome.after, initial=-np.inf) > cap:
            label = sentence("{label}, at most {cap} counted", label=measure.label, cap=number(cap))
            named = replace(measure, name=f"{measure.name}{CAPPED}", label=label)
            effect = samples.effect(replace(outcome, measure=named, after=values), arm, days)
            if effect is not None:
                yield effect
    if outcome.days is not None and days and samples.pilot.route == "lot":
        months = days / DAYS_A_MONTH
        label = sentence("Time as a customer, at most {n}", n=number(round(months, 1)))
        named = replace(
            measure, name=f"{measure.name}{MONTHS_THERE}", label=label, kind="mean", unit=sentence("months")
        )
        sample, rows = samples.sample(outcome, arm), samples.pair(arm)
        times, left = outcome.days[rows] / DAYS_A_MONTH, outcome.left[rows]
        try:
            plain, best = (
                lot.restricted_mean(each, times, left, months, confidence=samples.level)
                for each in (replace(sample, before=None), sample)
            )
        except DataError:
            return
        yield samples.named((best, plain if sample.before is not None else best), replace(outcome, measure=named), arm)
