"""Roll out, go on, stop, or cannot tell: the posterior of the effect against the smallest one worth having."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.models.trials.estimates import Estimate

Choice = Literal["roll_out", "go_on", "stop", "cannot_tell"]
Basis = Literal["cost", "stated", ""]
SURE = 0.95
"""Probability at which a pilot is rolled out, or stopped: of effects just not worth having one in twenty is."""
FOUND = 2.487
"""Standard errors of an effect that is found four times in five by a test at 5% in one direction (1.645 + 0.842)."""
WITHOUT_T = ("permutation", "placebo", "wild_bootstrap", "fieller", "bounded", "as_known", "head_start", "bounds")
"""Kinds of intervals that are wider than draws by their error: they must exclude the smallest effect as well."""
LONGEST = 2.0
"""So many times as long as the pilot has run, a choice: of a longer wait it is said that these data cannot tell."""
MOST_WEEKS = 520
"""Ten years: of longer waits no number is told, a choice."""
MOST_TIMES = 100
"""So many times as many customers as the pilot had, a choice: of larger ones no number is told."""
HALF = 0.5
"""Share of customers of the smaller roll-out that is weighed."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What an effect of one arm must be worth.

    Attributes
    ----------
    smallest
        The smallest effect worth having, in the unit of the primary outcome and the direction that is better.
    basis
        Where it comes from: `cost` over value, `stated` by somebody, or nothing was said, and any effect is.
    cost
        Money of one customer who gets it; None where nobody knows.
    value
        Money of one unit, in the direction that is better; None where nobody knows.
    """

    smallest: float
    basis: Basis
    cost: float | None
    value: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What to do with one arm.

    Attributes
    ----------
    arm
        Which.
    choice
        What the data say.
    effect
        On the primary outcome.
    good
        1 where more of it is better, −1 where less is.
    price
        What it must be worth.
    p_worth_it
        Probability that the effect is larger than the smallest worth having; not a number where chance did not decide,
        as its error knows nothing of who was chosen, and where so few units were dealt that there is no interval.
    gains
        Of a full roll-out and of a half: expected net gain, and expected loss (what the draws lose where they do), in
        money of all customers who would get it; None where cost or value are not known, or chance did not decide.
    customers
        Of a full roll-out.
    weeks
        That the pilot would still need, at as many customers a week as so far, or until its end where it still runs;
        None where that is not known, or nothing is to be waited for.
    needed
        Customers of a pilot that finds an effect as far from the smallest as it seems, four times in five; None where
        that is not known or more than `MOST_TIMES` as many.
    broken, at_risk
        Guardrails that are broken for sure, and those that may be.
    running
        Whether the pilot was not over.
    against
        The arm that it is beside, where that is not the control.
    """

    arm: str
    choice: Choice
    effect: Estimate
    good: int
    price: Price
    p_worth_it: float
    gains: dict[float, tuple[float, float]] | None
    customers: int
    weeks: float | None
    needed: float | None = None
    broken: tuple[str, ...] = ()
    at_risk: tuple[str, ...] = ()
    running: bool = False
    against: str = ""

    @property
    def excludes(self) -> bool:
        """Whether the data exclude an effect worth its cost, which is more than that none was seen."""
        return self.p_worth_it <= 1 - SURE


def weigh(
    effect: Estimate,
    *,
    good: int,
    price: Price,
    customers: int,
    weeks_so_far: float | None,
    fair: bool,
    broken: tuple[str, ...],
    at_risk: tuple[str, ...],
    draws: int,
    seed: int,
    sequence: Estimate | None = None,
    weeks_left: float | None = None,
) -> Verdict:
    """Weigh an effect.

    Parameters
    ----------
    effect
        On the primary outcome.
    good
        1 where more of it is better, −1 where less is.
    price
        What it must be worth.
    customers
        Of a full roll-out.
    weeks_so_far
        For how long customers came into the pilot; None where all came at once, or nothing is dated.
    fair
        Whether chance decided and nothing contradicts it: without that nothing is rolled out or stopped, and no longer
        wait would tell.
    broken, at_risk
        Guardrails.
    draws, seed
        Of the effect.
    sequence
        The interval that holds at any number of looks, where this is not the only one: it must exclude the smallest
        effect worth having as well.
    weeks_left
        Until the pilot ends; None where it is over.
    """
    drawn = effect.draws(draws, random_seed=seed)
    told = fair and bool(np.isfinite([effect.lower, effect.upper]).any())
    larger = effect.above(good * price.smallest)  # by the distribution that the interval is of, not by draws
    p_worth_it = (larger if good > 0 else 1 - larger) if told else np.nan
    apart = good * effect.estimate - price.smallest
    waiting = weeks_needed(apart, effect.se, weeks_so_far) if fair else None
    choice: Choice
    if not fair:
        choice = "cannot_tell"
    elif broken:
        choice = "stop"
    elif (effect.kind in WITHOUT_T and _holds(effect, good, price)) or not told:
        choice = "cannot_tell"
    elif not SURE > p_worth_it > 1 - SURE and not (sequence is not None and _holds(sequence, good, price)):
        choice = "stop" if p_worth_it <= 1 - SURE else "go_on" if at_risk else "roll_out"
    elif weeks_left is not None:
        choice, waiting = "go_on", weeks_left
    elif waiting is not None and weeks_so_far is not None and waiting <= LONGEST * weeks_so_far:
        choice = "go_on"
    else:
        choice = "cannot_tell"
    return Verdict(
        arm=effect.arm,
        choice=choice,
        effect=effect,
        good=good,
        price=price,
        p_worth_it=p_worth_it,
        gains=_gains(effect, drawn, good, price, customers) if told else None,
        customers=customers,
        weeks=waiting if choice in ("go_on", "cannot_tell") else None,
        needed=_needed(effect, apart) if told else None,
        broken=broken,
        at_risk=at_risk,
        running=weeks_left is not None,
    )


def _holds(found: Estimate, good: int, price: Price) -> bool:
    """Whether an interval holds the smallest effect worth having."""
    low, high = sorted((good * found.lower, good * found.upper))
    return bool(low <= price.smallest <= high)


def _gains(
    effect: Estimate, drawn: np.ndarray, good: int, price: Price, customers: int
) -> dict[float, tuple[float, float]] | None:
    """Expected gain by the estimate itself, so that it follows from what is printed beside it; loss from its draws."""
    if price.value is None or price.cost is None:
        return None
    gain = price.value * good * effect.estimate - price.cost
    loss = float(np.maximum(price.cost - price.value * good * drawn, 0.0).mean())
    return {share: (share * customers * gain, share * customers * loss) for share in (1.0, HALF)}


def _needed(effect: Estimate, apart: float) -> float | None:
    """Customers of a pilot like this one that finds a distance from the smallest effect four times in five."""
    if apart == 0:
        return None
    times = (FOUND * effect.se / apart) ** 2
    return effect.n * times if times <= MOST_TIMES else None


def weeks_needed(apart: float, se: float, weeks_so_far: float | None) -> float | None:
    """Weeks until an effect as far from the smallest as it seems would be found four times in five.

    Parameters
    ----------
    apart
        Effect less the smallest worth having.
    se
        Of the effect, after the weeks so far.
    weeks_so_far
        For how long customers came in; None where all came at once, or nothing is dated.

    Returns
    -------
    float or None
        None where that is not known, or longer than anybody waits (`MOST_WEEKS`).

    Examples
    --------
    >>> weeks_needed(2.487, 2.0, 10.0), weeks_needed(2.487, 1.0, 10.0), weeks_needed(1.0, 1.0, None)
    (30.0, 0.0, None)
    """
    if weeks_so_far is None or apart == 0:
        return None
    times = (FOUND * se / abs(apart)) ** 2
    needed = float(max(weeks_so_far * (times - 1), 0.0))
    return needed if needed <= MOST_WEEKS else None
