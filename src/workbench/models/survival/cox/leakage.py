"""Covariates that know how it ended: the event under another name, what is written when somebody goes, totals.

`workbench.features.leaks` tests features of a cut-off against a label. Lifetimes have no cut-off and a censored label,
and here a covariate that truly decides who stays ranks leavers above those still there as well. What tells the two
apart is *when*: a true cause of leaving also decides who leaves sooner; what was written afterwards does not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.exhibits import Showable
from workbench.findings import Check, Finding
from workbench.models.survival.cox.hindsight import GROWS, Seen
from workbench.models.survival.lifetimes.episodes import has_episodes, latest
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.models.survival.lifetimes.table import covariates_of, validate_lifetimes
from workbench.wording import first_of, inline, label_of, listing, number, percent, sentence

HINDSIGHT = "hindsight_"
"""What names of checks of covariates known only at the end begin with."""


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """What was found.

    Attributes
    ----------
    outcomes, totals
        Columns that tell who left, and numbers that grow with the time observed.
    acquired
        Columns with levels that customers get while they stay, and these levels.
    named
        Columns that the reader named: they are not kept out.
    labels
        Labels of columns.
    checks
        One of what is kept out, one for each such column, one of `acquired`; the gate fails where a column of
        `outcomes` is not kept out.
    """

    outcomes: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    acquired: Mapping[str, tuple[str, ...]]
    named: Collection[str] = ()
    labels: Mapping[str, str]
    checks: tuple[Check, ...] = ()

    @property
    def kept_out(self) -> tuple[str, ...]:
        """Columns that nothing is made of."""
        return tuple(name for name in (*self.outcomes, *self.totals) if name not in self.named)

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns that know too much and are used because the reader named them."""
        return tuple(name for name in (*self.outcomes, *self.totals) if name in self.named)

    def findings(self) -> tuple[Finding, ...]:
        """What is kept out, and why: to be said before anything else. Empty where nothing is."""
        if not self.kept_out:
            return ()
        told = {
            "outcomes": [name for name in self.outcomes if name in self.kept_out],
            "totals": [name for name in self.totals if name in self.kept_out],
        }
        said = {kind: listing([f"“{label_of(self.labels, name)}”" for name in names]) for kind, names in told.items()}
        count = len(self.kept_out)
        parts = [
            sentence("1 column is left out of everything below.")
            if count == 1
            else sentence("{count} columns are left out of everything below.", count=number(count))
        ]
        if told["outcomes"]:
            parts.append(sentence("Known only once a customer has gone: {columns}.", columns=said["outcomes"]))
        if told["totals"]:
            parts.append(sentence("Grows for as long as somebody stays: {columns}.", columns=said["totals"]))
        return (
            Finding(
                id="columns_left_out",
                statement=" ".join(parts),
                estimate=count,
                unit=sentence("columns"),
                evidence="descriptive",
            ),
        )

    def without(self, lifetimes: Lifetimes) -> Lifetimes:
        """The same lifetimes without the columns that are kept out.

        Parameters
        ----------
        lifetimes
            Those that were screened.
        """
        return lifetimes.without(self.kept_out)

    def exhibits(self) -> Iterator[Showable]:
        """What is kept out, and why."""
        yield self.findings()
        yield self.checks


def find_leaks(
    lifetimes: Lifetimes,
    *,
    named: Iterable[str] | None = None,
    known_at_start: Iterable[str] | None = None,
    random_seed: int = 0,
) -> Leaks:
    """Test every covariate of lifetimes, whatever they were made of.

    Parameters
    ----------
    lifetimes
        Lifetimes and where they come from.
    named
        Covariates and segments that the reader chose by name: they stay, with a warning or a failed gate. Those of the
        lifetimes where it is None.
    known_at_start
        Columns declared never to change: what a customer has of them was not acquired. Those of the lifetimes where it
        is None.
    random_seed
        Fixes which customers are drawn to count pairs, where there are many.

    Notes
    -----
    A number or category tells who left where it ranks leavers above those never seen to leave in at least
    `NEAR_PERFECT` of the pairs (with the lower end of its 99.9% interval above one half: Hanley and McNeil 1982), and
    does not order the leavers among themselves as a cause would: under proportional hazards the odds of leaving among
    those last seen at one time and the order of any two leavers have the same ratio, the hazard ratio. A column that
    says when somebody joined also ranks leavers high where old customers have all gone; it does not rank them above
    those who were there when they left (Harrell's concordance), and stays.

    References
    ----------
    Kaufman, Rosset and Perlich (2012), on leakage; Suissa (2008), on immortal time.
    """
    rows = validate_lifetimes(lifetimes.frame)
    dated, ended = _time_varying(rows), rows
    if has_episodes(rows):  # how it ended is said of a customer, whose time began with the first episode
        begun = rows.groupby("customer_id")["entry"].min()
        ended = latest(rows).assign(entry=lambda last: last["customer_id"].map(begun))
    named = set(lifetimes.named if named is None else named)
    known_at_start = set(lifetimes.constant if known_at_start is None else known_at_start)
    columns = lifetimes.covariates if lifetimes.spells is not None else covariates_of(ended)
    seen = Seen.of(ended, np.random.default_rng(random_seed))
    outcomes: list[str] = []
    totals: list[str] = []
    acquired: dict[str, tuple[str, ...]] = {}
    checks: list[Check] = []
    first: tuple[str, str, float, float] | None = None
    own = (
        {"plan", "price", "customer_before", "purchases_so_far", "amount_so_far"}
        if lifetimes.spells is not None
        else set()
    )
    for name in columns:
        column, label = ended[name], label_of(lifetimes.labels, name)
        if column.dtype.kind == "M":
            continue
        if message := seen.tells(column, name, label):
            outcomes.append(name)
            checks.append(
                Check(
                    name=HINDSIGHT + name,
                    status="fail" if name in named else "warn",
                    title=sentence("An attribute that knows how it ended"),
                    message=message,
                    value=1,
                    threshold=0,
                )
            )
        elif name in dated:
            continue  # as it was in each episode: nothing of later on is in it
        elif (correlation := seen.grows(column)) is not None and name not in own:
            totals.append(name)
            message = sentence(
                "{label} grows with the time observed (rank correlation {r}): such a total follows from a long stay "
                "and does not explain it. Use its value at the start.",
                label=label,
                r=number(correlation, 2),
            )
            checks.append(
                Check(
                    name=HINDSIGHT + name,
                    status="warn",
                    title=sentence("A total that grows with time observed"),
                    message=message,
                    value=correlation,
                    threshold=GROWS,
                )
            )
        elif name not in own and name not in known_at_start and (levels := seen.acquired(column)):
            acquired[name] = tuple(levels)
            first = first or (label, *next((level, *shares) for level, shares in levels.items()))
    leaks = Leaks(
        outcomes=tuple(outcomes),
        totals=tuple(totals),
        acquired=acquired,
        named=named,
        labels=lifetimes.labels,
    )
    if first:
        checks.append(_acquired(leaks, first))
    return replace(leaks, checks=(*_summary(leaks), *checks))


def _time_varying(rows: pd.DataFrame) -> list[str]:
    """Covariates that differ between the episodes of a customer."""
    if not has_episodes(rows):
        return []
    return [name for name in covariates_of(rows) if rows.groupby("customer_id")[name].nunique(dropna=False).max() > 1]


def _summary(leaks: Leaks) -> tuple[Check, ...]:
    if not leaks.kept_out:
        return ()
    message = sentence(
        "The model leaves out what is known only at the end: {columns}. To keep it in, name all covariates by the "
        "parameter `covariates`.",
        columns=listing([label_of(leaks.labels, name) for name in leaks.kept_out]),
    )
    return (
        Check(
            name="covariates_of_the_end",
            status="warn",
            title=sentence("Attributes known only at the end left out"),
            message=message,
            value=len(leaks.kept_out),
            threshold=0,
        ),
    )


def _acquired(leaks: Leaks, shares: tuple[str, str, float, float]) -> Check:
    """One check of all columns acquired while staying.

    With the `shares` of the first one's level among the newest and among all.
    """
    label, level, new, everyone = shares
    message = sentence(
        "Customers seem to acquire {columns} while staying: {new} of the newest have {label} “{level}”, {everyone} of "
        "all. Differences may only show that (immortal time). Use starting values, or declare them constant.",
        columns=first_of([inline(label_of(leaks.labels, name)) for name in leaks.acquired], 2),
        label=inline(label),
        level=level,
        new=percent(new),
        everyone=percent(everyone),
    )
    return Check(
        name="acquired_while_staying",
        status="warn",
        message=message,
        value=len(leaks.acquired),
        threshold=0,
        title=sentence("Some attributes are acquired by staying"),
    )
