"""What satisfaction goes with: leaving by reason, and how often customers order.

Poisson regression of each month on the satisfaction expected at its beginning. Because that is an expectation given
what was answered before, its slope is that of satisfaction itself (regression calibration, Berkson errors), where the
slope on an answer would be a fraction of it.

*Between* customers the slope holds whatever makes satisfied customers different, seen or not. *Within* customers (their
satisfaction against their own mean, Mundlak 1978) it is free of whatever stays as it is, but low, for what answers say
of the months in between is blurred; that is mended by how low it is where the truth is known. The distance of the two
says how much unseen loyalty there is. Of orders both can be told. Customers leave once, so of leaving there is the
slope between them alone; what unseen traits may add to it is taken from a prior.

References
----------
Carroll, Ruppert, Stefanski, Crainiceanu (2006), Measurement error in nonlinear models, chapter 4; Mundlak (1978), On
the pooling of time series and cross section data, Econometrica 46(1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.linkage.carry import Carry
from workbench.models.linkage.customer_months import CustomerMonths
from workbench.models.linkage.rates import fit_rates
from workbench.wording import listing, number, percent, sentence, shown

FEWEST_EVENTS = 30
"""Leavers over a reason: the slope on a satisfaction of standard deviation 1 is then known to ± .3."""
ORDERS = "orders"
End = Literal["within", "between"]

BLURRED = 0.7
"""What a slope within customers is of the true one, for answers lie months apart: .69 and .72 in 40 companies whose
truth is known (issue 18)."""
BLURRED_DOUBT = 0.15
"""Standard deviation of that, as a share: between companies the noise and age of answers differ by about as much."""
UNSEEN = 0.25
"""Share of a slope between customers that unseen traits are taken to make up at most, unless the ends tell of more: a
choice, about what loyalty made up in 40 simulated companies (a fifth; issue 18)."""
PARTED = 1.28
"""Standard errors from which the two ends part: without unseen traits one company in ten is then warned."""


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

    @property
    def parted(self) -> float | None:
        """Standard errors that lie between the two ends; None where one is not known."""
        if self.within is None or self.within_error is None:
            return None
        return (self.between - self.within) / np.hypot(self.between_error, self.within_error)

    def draw(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """Draws (draws,) of the slope of satisfaction itself.

        The slope between customers is too high by what unseen traits add, up to `UNSEEN` of it; where the ends are seen
        to lie further apart than that and their errors allow, by more. Each end counts by what it is then worth (as in
        a random-effects meta-analysis).

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.

        References
        ----------
        DerSimonian, Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7(3): the excess of a
        squared distance over its variance.
        """
        normal = random.standard_normal(draws)
        if self.within is None or self.within_error is None:
            return (self.between + self.between_error * normal) * (1 - UNSEEN * random.uniform(size=draws))
        high = self.between * (1 - UNSEEN / 2)
        here, there = self.within_error**2, self.between_error**2 + (UNSEEN * self.between) ** 2 / 12
        # What is unseen makes the slope between too high, never too low: an end within above it is chance.
        excess = (high - self.within) ** 2 - here - there if high > self.within else 0.0
        there += max(excess, 0.0)
        share = here / (here + there)
        error = np.sqrt((1 - share) ** 2 * here + share**2 * there)
        return self.within + share * (high - self.within) + error * normal

    def end(self, which: End, draws: int, random: np.random.Generator) -> np.ndarray:
        """Draws (draws,) as if one end were true; between customers where the other is not known.

        Parameters
        ----------
        which
            `within` or `between` customers.
        draws
            How many.
        random
            Source of random numbers.
        """
        normal = random.standard_normal(draws)
        if which == "within" and self.within is not None and self.within_error is not None:
            return self.within + self.within_error * normal
        return self.between + self.between_error * normal


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A cause of leaving that is seen, to set unseen ones against.

    Attributes
    ----------
    title
        For people.
    correlation
        With satisfaction, without its sign.
    ratio
        Rate of leaving for a standard deviation of it, as a multiple above 1.
    """

    title: str
    correlation: float
    ratio: float


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
    deviation
        Standard deviation of satisfaction as slopes go by it, a log-odds: of what earlier answers told, not of answers.
    marks
        Price, complaints and tenure as causes of leaving.
    """

    leaving: tuple[Slope, ...]
    orders: Slope | None
    unlearnt: tuple[tuple[str, int], ...]
    deviation: float
    marks: tuple[Mark, ...] = ()

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
            caption=sentence(
                "What a log-odds more of satisfaction goes with, as change of the log rate. What is seen within "
                "customers is divided by {blurred}, for answers lie months apart. Where nothing is told within them, "
                "up to {unseen} of the slope is taken to be what unseen traits add: an assumption.",
                blurred=number(BLURRED),
                unseen=percent(UNSEEN),
            ),
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
        if self.orders is not None and self.orders.parted is not None:
            yield _confounding(self.orders, self.orders.parted)
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


def _confounding(orders: Slope, parted: float) -> Check:
    """Whether satisfied customers differ from others by more than their satisfaction."""
    apart = parted > PARTED
    message = (
        sentence(
            "Between customers orders follow satisfaction by {between}, within them by {within}: something unseen "
            "makes satisfied customers order more. Read the interval that spans both.",
            between=number(orders.between),
            within=number(orders.within or 0.0),
        )
        if apart
        else sentence(
            "Orders follow satisfaction between customers ({between}) and within them ({within}) alike.",
            between=number(orders.between),
            within=number(orders.within or 0.0),
        )
    )
    return Check(
        name="confounding",
        status="warn" if apart else "pass",
        title=sentence("Something unseen makes satisfied customers loyal")
        if apart
        else sentence("Nothing unseen stands out behind satisfaction"),
        message=message,
        value=parted,
        threshold=PARTED,
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
    beside = np.zeros(months.covariates.shape[1])
    for place, name in enumerate(months.reasons):
        events = (months.reason == place).astype(float)
        if events.sum() < FEWEST_EVENTS:
            unlearnt.append((name, int(events.sum())))
            continue
        (slope, *others), (error, *_) = fit_rates(events, months, [months.satisfaction], months.covariates)
        beside += events.sum() * np.array(others)
        between, between_error = _carried(slope, error, carry)
        leaving.append(Slope(outcome=name, events=int(events.sum()), between=between, between_error=between_error))
    orders = None
    if np.isfinite(months.orders).all() and months.orders.sum() >= FEWEST_EVENTS:
        # Customers order more than once, so their own mean does not hang on how it ends.
        mean, covariates = months.own_mean, np.column_stack([months.covariates, seasons])
        asked = [mean, months.satisfaction - mean]
        (high, low, *_), errors = fit_rates(months.orders, months, asked, covariates)
        within = low / BLURRED
        between, between_error = _carried(high, errors[0], carry)
        orders = Slope(
            outcome=ORDERS,
            events=int(months.orders.sum()),
            between=between,
            between_error=between_error,
            within=within,
            within_error=float(np.hypot(errors[1] / BLURRED, within * BLURRED_DOUBT)),
        )
    marks = _marks(months, beside / max(sum(each.events for each in leaving), 1))
    return Slopes(
        leaving=tuple(leaving),
        orders=orders,
        unlearnt=tuple(unlearnt),
        deviation=float(months.satisfaction.std() * carry.points),
        marks=marks,
    )


def _carried(slope: float, error: float, carry: Carry) -> tuple[float, float]:
    """A slope on what is predicted as one on satisfaction, and its error with that of the carry."""
    found = slope / carry.points
    return found, float(np.hypot(error, found * carry.error) / carry.points)


def _marks(months: CustomerMonths, slopes: np.ndarray) -> tuple[Mark, ...]:
    """By the slopes of the log rate over reasons that are learnt."""
    titles = {
        "log_price": sentence("Price"),
        "open_complaints": sentence("Complaints"),
        "early": sentence("Tenure"),
    }
    found = []
    for name, column, slope in zip(months.names, months.covariates.T, slopes, strict=True):
        deviation = float(column.std())
        if name in titles and deviation > 0:
            correlation = abs(float(np.corrcoef(column, months.satisfaction)[0, 1]))
            ratio = float(np.exp(abs(slope) * deviation))
            found.append(Mark(title=titles[name], correlation=correlation, ratio=ratio))
    return tuple(found)
