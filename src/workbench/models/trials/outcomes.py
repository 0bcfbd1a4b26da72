"""Effects of what was dealt by lot: on outcomes that treatments record, and on what customers bought meanwhile."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.trials.by_lot import DatasetDefinition, Dealt, Effect, sound_draws
from workbench.models.trials.campaigns import DayLog, Spending
from workbench.models.trials.comparison import FEWEST, of_means
from workbench.wording import listing, number, sentence

SPENDING = {"amount": "spending", "margin": "contribution"}
"""Outcomes by the column of the log of purchases."""
SAME_DAYS = 1e-6
"""Between mean lengths of two arms: rounding."""


def effects_on_outcomes(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame,
    customers: pd.DataFrame | None,
    log: DayLog | None = None,
) -> tuple[tuple[Effect, ...], tuple[Check, ...]]:
    """Differences of means between arms: columns of treatments with `use: outcome`, and purchases from start to end.

    Parameters
    ----------
    dataset
        Definitions of the tables: the designs of treatments, validity of attributes.
    treatments, customers
        The canonical tables; customers None where there are none.
    log
        Days with purchases; None where there are none. Customers who bought nothing count with 0; an arm whose days
        are not all within the records has no effect on purchases.

    Returns
    -------
    effects, checks
        In the order of initiatives, arms and outcomes; why others have no effect.
    """
    sound, checks = sound_draws(dataset, treatments, customers)
    columns = [
        each for each in dataset.tables["treatments"].columns if each.use == "outcome" and each.name in treatments
    ]
    spending = None if log is None else Spending(log)
    found: list[Effect] = []
    silent: list[str] = []
    unlike: list[str] = []
    for dealt in sound:
        outcomes = [
            (each.name, each.label, pd.to_numeric(dealt.rows[each.name], errors="coerce").to_numpy(dtype=float))
            for each in columns
        ]
        name_of_arm = sentence("{initiative} ({arm})", initiative=dealt.initiative, arm=dealt.arm)
        uneven = spending is not None and not _as_long(dealt)
        if uneven:
            unlike.append(name_of_arm)
        elif spending is not None and log is not None:
            outcomes += _bought(dealt, spending, log)
        before = len(found)
        for name, label, values in outcomes:
            there = np.isfinite(values)
            clusters = None if dealt.clusters is None else dealt.clusters[there]
            difference = of_means(values[there], dealt.treated[there], dealt.strata[there], clusters)
            if difference is not None:
                found.append(
                    Effect(
                        initiative=dealt.initiative,
                        arm=dealt.arm,
                        outcome=name,
                        label=label,
                        months=None,
                        difference=difference,
                    )
                )
        if len(found) == before and (columns or spending is not None) and not uneven:
            silent.append(name_of_arm)
    return tuple(found), (*checks, *_untold(silent), *_not_as_long(unlike))


def _untold(silent: list[str]) -> Iterator[Check]:
    if silent:
        yield Check(
            name="trials_without_outcome",
            status="warn",
            message=sentence(
                "Dealt by lot, but nothing is told of {names}: fewer than {least} customers of an arm have an outcome, "
                "or its first and last day are not within the records of purchases.",
                names=listing(silent),
                least=number(FEWEST),
            ),
            value=len(silent),
            title=sentence("Trials without an outcome"),
        )


def _not_as_long(unlike: list[str]) -> Iterator[Check]:
    if unlike:
        yield Check(
            name="trials_windows",
            status="warn",
            message=sentence(
                "Purchases in {names} are not compared: from start to end, one arm was followed for longer than the "
                "other. Give both arms the same end.",
                names=listing(unlike),
            ),
            value=len(unlike),
            title=sentence("Trials with arms followed for different times"),
        )


def _as_long(dealt: Dealt) -> bool:
    """Whether both arms were followed for as long, in each stratum: a sum over more days is no effect."""
    if not {"start", "end"} <= set(dealt.rows):
        return True
    days = (pd.to_datetime(dealt.rows["end"]) - pd.to_datetime(dealt.rows["start"])).dt.days
    mean = days.groupby([dealt.strata, dealt.treated]).mean().unstack()
    return bool((mean.max(axis=1) - mean.min(axis=1)).fillna(0.0).max() < SAME_DAYS)


def _bought(dealt: Dealt, spending: Spending, log: DayLog) -> Iterator[tuple[str, str, np.ndarray]]:
    """What each customer of a draw left from its first to its last day."""
    if not {"start", "end"} <= set(dealt.rows) or dealt.rows[["start", "end"]].isna().any(axis=None):
        return
    begin = pd.Timestamp(log.first)
    first, last = (((pd.to_datetime(dealt.rows[name]) - begin).dt.days).to_numpy() for name in ("start", "end"))
    if (last > log.until).any() or (first < 0).any() or (last < first).any():
        return
    place = pd.Index(spending.people).get_indexer(pd.Index(dealt.rows["customer_id"]))
    labels = {"amount": sentence("Spending"), "margin": sentence("Contribution")}
    for name in spending.money:
        values = np.zeros(len(place))
        for days in {(int(a), int(b)) for a, b in zip(first, last, strict=True)}:
            own = (first == days[0]) & (last == days[1])
            sums = spending.within(name, days[0], days[1] + 1)
            values[own] = np.where(place[own] >= 0, sums[place[own]], 0.0)
        yield SPENDING[name], labels[name], values
