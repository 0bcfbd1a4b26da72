"""What satisfaction goes with: leaving by reason, and how often customers order.

Poisson regression of each month on the satisfaction expected at its beginning. Because that is an expectation given
what was answered before, its slope is that of satisfaction itself (regression calibration, Berkson errors), where the
slope on an answer would be a fraction of it.

*Between* customers the slope holds whatever makes satisfied customers different, seen or not. *Within* customers (their
satisfaction against their own mean, Mundlak 1978) it is free of whatever stays as it is, but low, for what answers say
of the months in between is blurred; how low is worked out for the months of these answers (`Blur`). The distance of the
two says how much unseen loyalty there is. Of orders both can be told. Customers leave once, so of leaving there is the
slope between them alone; what unseen traits may add to it goes by how far they colour ratings.

References
----------
Carroll, Ruppert, Stefanski, Crainiceanu (2006), Measurement error in nonlinear models, chapter 4; Mundlak (1978), On
the pooling of time series and cross section data, Econometrica 46(1).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.linkage.blur import Blur
from workbench.models.linkage.carry import Carry
from workbench.models.linkage.complaints import Complaints
from workbench.models.linkage.customer_months import CustomerMonths
from workbench.models.linkage.rates import fit_rates
from workbench.wording import listing, number, percent, sentence, shown

FEWEST_EVENTS = 30
"""Leavers over a reason: the slope on a satisfaction of standard deviation 1 is then known to ± .3."""
LEAST_EVENTS = 5
"""Of whom a slope is told at all, with all the doubt that so few leave: of fewer its error is not normal any more."""
ORDERS = "orders"
End = Literal["within", "between"]

PARTED = 1.28
"""Standard errors from which the two ends part: without unseen traits one company in ten is then warned."""
COLOURED = 0.1
"""Of what predicted satisfaction stands for, the share that lasts unseen from which it is warned: slopes are then a
tenth too steep if behaviour follows it as it follows satisfaction."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """What all slopes between customers are doubted for alike: drawn once, for errors that they share do not cancel.

    Attributes
    ----------
    carry : (draws,)
        Errors of the carry, in its standard errors.
    unseen : (draws,)
        Shares of slopes that unseen traits make up.
    """

    carry: np.ndarray
    unseen: np.ndarray

    @classmethod
    def of(cls, blur: Blur, draws: int, random: np.random.Generator) -> "Shared":
        """Draw them.

        Parameters
        ----------
        blur
            What is known of unseen traits.
        draws
            How many.
        random
            Source of random numbers.
        """
        return cls(carry=random.standard_normal(draws), unseen=blur.draw_unseen(draws, random))


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
        Between customers, and its standard error, robust and clustered by customer, with that of the carry.
    within, within_error
        The same within customers; None where it cannot be told.
    carry_error
        Standard error of the carry as a share of it, which all slopes between customers have in common.
    """

    outcome: str
    events: int
    between: float
    between_error: float
    within: float | None = None
    within_error: float | None = None
    carry_error: float = 0.0

    @property
    def parted(self) -> float | None:
        """Standard errors that lie between the two ends; None where one is not known."""
        if self.within is None or self.within_error is None:
            return None
        return (self.between - self.within) / np.hypot(self.between_error, self.within_error)

    def draw(self, shared: Shared, random: np.random.Generator) -> np.ndarray:
        """Draws (draws,) of the slope of satisfaction itself.

        The slope between customers is too high by what unseen traits add; where the ends are seen to lie further apart
        than that and their errors allow, by more. Each end counts by what it is then worth (as in a random-effects
        meta-analysis).

        Parameters
        ----------
        shared
            What slopes are doubted for alike.
        random
            Source of random numbers of its own.

        References
        ----------
        DerSimonian, Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7(3): the excess of a
        squared distance over its variance.
        """
        high = self.end("between", shared, random) * (1 - shared.unseen)
        if self.within is None or self.within_error is None:
            return high
        low = self.end("within", shared, random)
        left = 1 - shared.unseen.mean()
        middle = self.between * left
        here, there = self.within_error**2, (self.between_error * left) ** 2 + (self.between * shared.unseen.std()) ** 2
        # What is unseen makes the slope between too high, never too low: an end within above it is chance.
        excess = max((middle - self.within) ** 2 - here - there, 0.0) if middle > self.within else 0.0
        share = here / (here + there + excess)
        return share * (high + np.sqrt(excess) * random.standard_normal(len(high))) + (1 - share) * low

    def end(self, which: End, shared: Shared, random: np.random.Generator) -> np.ndarray:
        """Draws (draws,) as if one end were true; between customers where the other is not known.

        Parameters
        ----------
        which
            `within` or `between` customers.
        shared
            What slopes are doubted for alike.
        random
            Source of random numbers of its own.
        """
        normal = random.standard_normal(len(shared.carry))
        if which == "within" and self.within is not None and self.within_error is not None:
            return self.within + self.within_error * normal
        common = self.between * self.carry_error
        own = np.sqrt(max(self.between_error**2 - common**2, 0.0))
        return self.between + common * shared.carry + own * normal


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
        By reason; those with hardly any leavers are not here.
    orders
        None without transactions.
    unlearnt
        Reasons with too few leavers after an answer to be known well: name and number.
    deviation
        Standard deviation of satisfaction as slopes go by it, a log-odds: of what earlier answers told, not of answers.
    blur
        What slopes were divided by, and what of them may be unseen.
    marks
        Price, complaints and tenure as causes of leaving.
    complaints
        Leavers who go with complaints left open; None where complaints are not recorded.
    """

    leaving: tuple[Slope, ...]
    orders: Slope | None
    unlearnt: tuple[tuple[str, int], ...]
    deviation: float
    blur: Blur = field(default_factory=Blur)
    marks: tuple[Mark, ...] = ()
    complaints: Complaints | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row a slope."""
        rows = [*self.leaving, *([self.orders] if self.orders else [])]
        return pd.DataFrame([vars(each) for each in rows]).drop(columns="carry_error")

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, the table, and whether there was enough to learn from."""
        for each in (*self.leaving, *([self.orders] if self.orders else [])):
            name = re.sub(r"\W+", "_", each.outcome.lower()).strip("_")
            yield {f"slope_{name}_within": each.within, f"slope_{name}_between": each.between}
        yield Table(
            name="slopes",
            frame=self.table,
            caption=self._caption(),
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
        if self.orders is not None:
            yield _confounding(self.orders, self.blur.unseen or 0.0)
        if self.complaints is not None:
            yield self.complaints
        if self.unlearnt:
            names = listing([shown(f"{name} ({events})") for name, events in self.unlearnt])
            yield Check(
                name="link_learnt",
                status="warn",
                title=sentence("The link to leaving is hardly learnt"),
                message=sentence(
                    "Few leave after an answer, so what satisfaction does is hardly known: {names}; {fewest} are "
                    "needed. Reasons of fewer than {least} count as not moved by it.",
                    names=names,
                    fewest=number(FEWEST_EVENTS),
                    least=number(LEAST_EVENTS),
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

    def _caption(self) -> str:
        unseen = percent(self.blur.most_unseen)
        if self.orders is None or self.orders.within is None:
            within = sentence("Nothing is told within customers.")
        else:
            within = sentence(
                "What is seen within customers is divided by {blurred} (± {error}), worked out for the months in which "
                "these customers answered.",
                blurred=number(self.blur.within),
                error=number(self.blur.within_error),
            )
        if self.blur.unseen is None:
            between = sentence(
                "Up to {unseen} of what is seen between them is taken to be what unseen traits add: an assumption, for "
                "the answers do not tell.",
                unseen=unseen,
            )
        else:
            between = sentence(
                "Up to {unseen} of what is seen between them is taken to be what unseen traits add, by how far these "
                "colour ratings.",
                unseen=unseen,
            )
        about = sentence("What a log-odds more of satisfaction goes with, as change of the log rate.")
        return " ".join([about, within, between])


def _confounding(orders: Slope, unseen: float) -> Check:
    """Whether satisfied customers differ from others by more than their satisfaction."""
    parted = orders.parted
    apart = parted is not None and parted > PARTED
    if apart:
        message = sentence(
            "Between customers orders follow satisfaction by {between}, within them by {within}: something unseen "
            "makes satisfied customers order more. Read the interval that spans both.",
            between=number(orders.between),
            within=number(orders.within or 0.0),
        )
    elif unseen > COLOURED:
        message = sentence(
            "Ratings are coloured by something that lasts and is no experience: {unseen} of what predicted "
            "satisfaction stands for. Read the interval that spans slopes within and between customers.",
            unseen=percent(unseen),
        )
    elif parted is None:
        message = sentence(
            "Answers of the same customer lie too far apart to tell what orders follow within customers: slopes are "
            "those between them, less what unseen traits may add."
        )
    else:
        message = sentence(
            "Orders follow satisfaction between customers ({between}) and within them ({within}) alike.",
            between=number(orders.between),
            within=number(orders.within or 0.0),
        )
    if apart or unseen > COLOURED:
        title = sentence("Something unseen makes satisfied customers loyal")
    elif parted is None:
        title = sentence("Unseen loyalty cannot be told")
    else:
        title = sentence("Nothing unseen stands out behind satisfaction")
    return Check(
        name="confounding",
        status="warn" if apart or unseen > COLOURED or parted is None else "pass",
        title=title,
        message=message,
        value=parted,
        threshold=PARTED,
    )


def fit_slopes(months: CustomerMonths, carry: Carry, blur: Blur) -> Slopes:
    """Slopes of leaving by reason and of orders, whole, within and between customers.

    Parameters
    ----------
    months
        Of customers who had answered before.
    carry
        What a predicted point stands for.
    blur
        What slopes come out as on what answers tell.
    """
    seasons = np.column_stack([months.calendar == each for each in range(2, 13)]).astype(float)
    leaving, unlearnt = [], []
    beside = np.zeros(months.covariates.shape[1])
    told = carry.told(months.satisfaction)
    open_ = months.names.index("open_complaints") if "open_complaints" in months.names else None
    opened: list[tuple[np.ndarray, float, float]] = []
    for place, name in enumerate(months.reasons):
        events = (months.reason == place).astype(float)
        if events.sum() < FEWEST_EVENTS:
            unlearnt.append((name, int(events.sum())))
        if events.sum() < LEAST_EVENTS:
            continue
        # So few tell nothing of what stands beside: its slopes would be drawn to whatever these few have in common.
        covariates = months.covariates if events.sum() >= FEWEST_EVENTS else np.zeros_like(months.covariates)
        (slope, *others), (error, *errors) = fit_rates(events, months, [told], covariates)
        beside += events.sum() * np.array(others)
        if open_ is not None:
            opened.append((months.covariates[events > 0, open_], others[open_], errors[open_]))
        doubt = carry.doubt(months.satisfaction[events > 0])
        leaving.append(_between(name, events, slope, error, blur.whole, doubt))
    orders = None
    if np.isfinite(months.orders).all() and months.orders.sum() >= FEWEST_EVENTS:
        # Customers order more than once, so their own mean does not hang on how it ends.
        mean, covariates = months.own_mean, np.column_stack([months.covariates, seasons])
        asked = [mean, months.satisfaction - mean]
        (high, low, *_), (high_error, low_error, *_) = fit_rates(months.orders, months, asked, covariates)
        stands = carry.points * blur.between
        orders = _between(ORDERS, months.orders, high, high_error, stands, carry.error / carry.points)
        if blur.tells_within:
            within = low / blur.within
            error = float(np.hypot(low_error, within * blur.within_error) / blur.within)
            orders = replace(orders, within=within, within_error=error)
    marks = _marks(months, beside / max(sum(each.events for each in leaving), 1))
    return Slopes(
        leaving=tuple(leaving),
        orders=orders,
        unlearnt=tuple(unlearnt),
        deviation=float(told.std() * blur.whole),
        blur=blur,
        marks=marks,
        complaints=Complaints.of(*map(list, zip(*opened, strict=True))) if opened else None,
    )


def _between(name: str, events: np.ndarray, slope: float, error: float, points: float, doubt: float) -> Slope:
    """A slope on what is predicted as one on satisfaction, and its error with that of the carry (a share of it)."""
    found = slope / points
    whole = float(np.hypot(error / points, found * doubt))
    return Slope(outcome=name, events=int(events.sum()), between=found, between_error=whole, carry_error=doubt)


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
