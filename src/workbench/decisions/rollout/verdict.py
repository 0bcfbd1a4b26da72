"""Roll out, go on, stop, or cannot tell: the posterior of the effect against the smallest one worth having."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.models.trials.estimates import Estimate

Choice = Literal["roll_out", "go_on", "stop", "cannot_tell"]
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
HALF = 0.5
"""Share of customers of the smaller roll-out that is weighed."""


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
    smallest
        The smallest effect worth having; 0 where nothing is said of money.
    priced
        Whether it is made of a cost and a value, or was stated.
    p_worth_it
        Probability that the effect is larger; not a number where chance did not decide, as its error knows nothing of
        who was chosen.
    draws : (draws,)
        Of the effect.
    gains
        Of a full roll-out and of a half: expected net gain, and expected loss (what the draws lose where they do), in
        money of all customers who would get it; None where a unit has no value, or chance did not decide.
    customers
        Of a full roll-out.
    weeks
        That the pilot would still need, at as many customers a week as so far; None where that is not known.
    broken
        Guardrails that are broken for sure, and those that may be.
    """

    arm: str
    choice: Choice
    effect: Estimate
    smallest: float
    priced: bool
    p_worth_it: float
    draws: np.ndarray
    gains: dict[float, tuple[float, float]] | None
    customers: int
    weeks: float | None
    broken: tuple[str, ...] = ()
    at_risk: tuple[str, ...] = ()

    @property
    def excludes(self) -> bool:
        """Whether the data exclude an effect worth its cost, which is more than that none was seen."""
        return self.p_worth_it <= 1 - SURE


def weigh(
    effect: Estimate,
    *,
    good: int,
    smallest: float,
    priced: bool,
    value: float | None,
    cost: float,
    customers: int,
    weeks_so_far: float | None,
    fair: bool,
    broken: tuple[str, ...],
    at_risk: tuple[str, ...],
    draws: int,
    seed: int,
) -> Verdict:
    """Weigh an effect.

    Parameters
    ----------
    effect
        On the primary outcome.
    good
        1 where more of it is better, −1 where less is.
    smallest
        The smallest effect worth having, in the direction that is better.
    priced
        Whether something was said of it.
    value, cost
        Money of one unit, in the direction that is better, and of one customer; value None where it is not known.
    customers
        Of a full roll-out.
    weeks_so_far
        How long the pilot has run; None where nothing is dated.
    fair
        Whether chance decided and nothing contradicts it: without that nothing is rolled out or stopped, and no longer
        wait would tell.
    broken, at_risk
        Guardrails.
    draws, seed
        Of the effect.
    """
    drawn = effect.draws(draws, random_seed=seed)
    better = good * drawn
    p_worth_it = float((better > smallest).mean()) if fair else np.nan
    needed = weeks_needed(good * effect.estimate - smallest, effect.se, weeks_so_far) if fair else None
    ends = sorted((good * effect.lower, good * effect.upper))
    if not fair or (effect.kind in WITHOUT_T and ends[0] <= smallest <= ends[1]):
        choice: Choice = "cannot_tell"
    elif broken or p_worth_it <= 1 - SURE:
        choice = "stop"
    elif p_worth_it >= SURE:
        choice = "go_on" if at_risk else "roll_out"
    elif needed is not None and weeks_so_far is not None and needed <= LONGEST * weeks_so_far:
        choice = "go_on"
    else:
        choice = "cannot_tell"
    gains = None
    if value is not None and fair:
        net = value * better - cost
        gains = {
            share: (share * customers * float(net.mean()), share * customers * float(np.maximum(-net, 0.0).mean()))
            for share in (1.0, HALF)
        }
    return Verdict(
        arm=effect.arm,
        choice=choice,
        effect=effect,
        smallest=smallest,
        priced=priced,
        p_worth_it=p_worth_it,
        draws=drawn,
        gains=gains,
        customers=customers,
        weeks=needed,
        broken=broken,
        at_risk=at_risk,
    )


def weeks_needed(apart: float, se: float, weeks_so_far: float | None) -> float | None:
    """Weeks until an effect as far from the smallest as it seems would be found four times in five.

    Parameters
    ----------
    apart
        Effect less the smallest worth having.
    se
        Of the effect, after the weeks so far.
    weeks_so_far
        None where nothing is dated.

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
