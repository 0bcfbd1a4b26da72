"""What satisfaction goes with: leaving by reason, and how often customers order.

Poisson regression of each month on the satisfaction expected at its beginning. Because that is an expectation given
what was answered before, its slope is that of satisfaction itself (regression calibration, Berkson errors), where the
slope on an answer would be a fraction of it.

*Between* customers the slope holds whatever makes satisfied customers different, seen or not. *Within* customers (their
satisfaction against their own mean, Mundlak 1978) it is free of whatever stays as it is, but low, for what answers say
of the months in between is blurred. The truth lies between the two, and their distance says how much unseen loyalty
there is. Of orders both can be told. Customers leave once, so of leaving there is the slope between them alone; what
unseen traits may add to it is taken from a prior.

References
----------
Carroll, Ruppert, Stefanski, Crainiceanu (2006), Measurement error in nonlinear models, chapter 4; Mundlak (1978), On
the pooling of time series and cross section data, Econometrica 46(1).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.linkage.carry import Carry
from workbench.models.linkage.customer_months import CustomerMonths
from workbench.statistics.regression import fit_regression
from workbench.wording import listing, number, sentence, shown

FEWEST_EVENTS = 30
"""Leavers over a reason: the slope on a satisfaction of standard deviation 1 is then known to ± .3."""
RIDGE = 1e-3
"""Penalty that keeps a covariate without events finite; data of any size outweigh it."""
UNSEEN = 0.25
"""Share of a slope of leaving that unseen traits may make up at most: a choice; of orders the data tell it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Slope:
    """How an outcome changes with satisfaction: log rate for a log-odds of it.

    Attributes
    ----------
    outcome
        A reason for leaving, or `orders`.
    events
        How many stand behind it.
    between, between_error
        Between customers, and its standard error, robust and clustered by customer.
    within, within_error
        The same within customers; None where it cannot be told.
    """

    outcome: str
    events: int
    between: float
    between_error: float
    within: float | None = None
    within_error: float | None = None

    def draw(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """Draws (draws,) of the slope of satisfaction itself: anywhere between its two ends.

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.
        """
        high = random.normal(self.between, self.between_error, size=draws)
        if self.within is None or self.within_error is None:
            return high * (1 - UNSEEN * random.uniform(size=draws))
        low = random.normal(self.within, self.within_error, size=draws)
        return high + random.uniform(size=draws) * (low - high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """All of them.

    Attributes
    ----------
    leaving
        By reason; those with too few leavers are not here.
    orders
        None without transactions.
    unlearnt
        Reasons with too few leavers after an answer: name and number.
    """

    leaving: tuple[Slope, ...]
    orders: Slope | None
    unlearnt: tuple[tuple[str, int], ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a slope."""
        rows = [*self.leaving, *([self.orders] if self.orders else [])]
        return pd.DataFrame([vars(each) for each in rows])

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, the table, and whether there was enough to learn from."""
        for each in (*self.leaving, *([self.orders] if self.orders else [])):
            name = re.sub(r"\W+", "_", each.outcome.lower()).strip("_")
            yield {f"slope_{name}_within": each.within, f"slope_{name}_between": each.between}
        yield Table(
            name="slopes",
            frame=self.table,
            caption=sentence("What a log-odds more of satisfaction goes with, as change of the log rate."),
            people=None,
            columns={
                "outcome": Column(sentence("Outcome")),
                "events": Column(sentence("Events")),
                "between": Column(sentence("Between customers")),
                "between_error": Column(sentence("Standard error")),
                "within": Column(sentence("Within customers")),
                "within_error": Column(sentence("Standard error")),
            },
        )
        if self.unlearnt:
            names = listing([shown(f"{name} ({events})") for name, events in self.unlearnt])
            yield Check(
                name="link_learnt",
                status="warn",
                title=sentence("The link to leaving is hardly learnt"),
                message=sentence(
                    "Too few leave after an answer to tell what satisfaction does: {names}; {fewest} are needed. "
                    "Their gain is counted as none.",
                    names=names,
                    fewest=number(FEWEST_EVENTS),
                ),
                value=float(min(events for _, events in self.unlearnt)),
                threshold=float(FEWEST_EVENTS),
            )
        else:
            yield Check(
                name="link_learnt",
                status="pass",
                title=sentence("The link to leaving is learnt"),
                message=sentence("Enough customers leave after an answer for each reason."),
            )


def fit_slopes(months: CustomerMonths, carry: Carry) -> Slopes:
    """Slopes of leaving by reason and of orders, whole, within and between customers.

    Parameters
    ----------
    months
        Of customers who had answered before.
    carry
        What a predicted point stands for.
    """
    seasons = np.column_stack([months.calendar == each for each in range(2, 13)]).astype(float)
    leaving, unlearnt = [], []
    for place, name in enumerate(months.reasons):
        events = (months.reason == place).astype(float)
        if events.sum() < FEWEST_EVENTS:
            unlearnt.append((name, int(events.sum())))
            continue
        leaving.append(_slope(name, events, months, months.covariates, carry))
    orders = None
    if np.isfinite(months.orders).all() and months.orders.sum() >= FEWEST_EVENTS:
        covariates = np.column_stack([months.covariates, seasons])
        orders = _slope("orders", months.orders, months, covariates, carry, again=True)
    return Slopes(leaving=tuple(leaving), orders=orders, unlearnt=tuple(unlearnt))


def _slope(
    outcome: str,
    events: np.ndarray,
    months: CustomerMonths,
    covariates: np.ndarray,
    carry: Carry,
    *,
    again: bool = False,
) -> Slope:
    """`again`: customers have it more than once, so their own mean does not hang on how it ends."""
    count = int(events.sum())
    if not again:
        (slope,), (error,) = _fit(events, months, [months.satisfaction], covariates)
        return Slope(outcome=outcome, events=count, between=slope / carry.points, between_error=error / carry.points)
    mean = months.own_mean
    slopes, errors = _fit(events, months, [mean, months.satisfaction - mean], covariates)
    return Slope(
        outcome=outcome,
        events=count,
        between=slopes[0] / carry.points,
        between_error=errors[0] / carry.points,
        within=slopes[1],
        within_error=errors[1],
    )


def _fit(
    events: np.ndarray, months: CustomerMonths, asked: Sequence[np.ndarray], covariates: np.ndarray
) -> tuple[list[float], list[float]]:
    """Slopes on the columns asked about, and their errors clustered by customer (Liang, Zeger 1986)."""
    varying = covariates[:, covariates.std(axis=0) > 0]
    columns = [each - each.mean() for each in asked]
    design = np.column_stack([np.ones(len(events)), *columns, varying])
    found = fit_regression(design, events, family="poisson", exposure=months.exposure, ridge=RIDGE)
    scores = np.zeros((int(months.customer.max()) + 1, design.shape[1]))
    np.add.at(scores, months.customer, design * (events - found.fitted)[:, None])
    errors = np.sqrt(np.diag(found.covariance @ (scores.T @ scores) @ found.covariance))
    ask = slice(1, 1 + len(columns))
    return found.estimate[ask].tolist(), errors[ask].tolist()
