"""Several arms: each beside every other, after what it costs, and the one that a report recommends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.decisions.rollout.weighing.verdict import Price, Verdict, weigh
from workbench.models.trials.estimates import Estimate, draw_together, turned

State = Literal["alone", "best", "one_of", "none"]
ORDER = ("roll_out", "go_on", "cannot_tell", "stop")
"""Of verdicts: which arm a recommendation is about where several could be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recommendation:
    """The one thing to do with a pilot.

    Attributes
    ----------
    lead
        The arm that it is about.
    state
        `alone`: there is no other arm, or none that may be better; `best`: it is better than each that may be;
        `one_of`: it is worth having, and so may another be, from which these data cannot tell it; `none`: no arm is
        known to be worth having.
    rivals
        Beside each other arm that may be better; what cannot be compared is not among them.
    untold
        Arms from which these data cannot tell it.
    cheaper
        Whether it is taken because it costs less.
    optimism
        By how much the effect of an arm that is picked as the best is too large on average, in the unit of the outcome
        and the direction that is better; None of one arm.
    """

    lead: Verdict
    state: State
    rivals: tuple[Verdict, ...] = ()
    untold: tuple[str, ...] = ()
    cheaper: bool = False
    optimism: float | None = None


def both_ways(
    one: Verdict, other: Verdict, found: Estimate, *, sequence: Estimate | None, draws: int, seed: int
) -> dict[tuple[str, str], Verdict]:
    """Two arms beside each other, by the rule by which each is weighed alone, seen from either.

    Parameters
    ----------
    one, other
        The arms.
    found
        How much more the one does than the other.
    sequence
        Its interval at any number of looks, where it was not the only one.
    draws, seed
        Of the difference.

    Returns
    -------
    dict
        By arm and the arm that it is beside: `roll_out` where it is better after its cost, `stop` where it is not.
    """
    sides = {
        (one.arm, other.arm): (one, other, found, sequence),
        (other.arm, one.arm): (other, one, turned(found), None if sequence is None else turned(sequence)),
    }
    told = {}
    for names, (arm, beside, effect, looked) in sides.items():
        weighed = weigh(
            effect.named(arm=arm.arm),
            good=arm.good,
            price=_more(arm.price, beside.price),
            customers=arm.customers,
            weeks_so_far=None,
            fair=True,
            broken=(),
            at_risk=(),
            draws=draws,
            seed=seed,
            sequence=looked,
        )
        told[names] = replace(weighed, against=beside.arm)
    return told


def _more(one: Price, other: Price) -> Price:
    """What the difference must be worth: what the one costs more; nothing where that cannot be weighed."""
    if not priced((one, other)):
        return Price(smallest=0.0, basis="", cost=None, value=None)
    assert one.cost is not None
    assert other.cost is not None
    assert one.value
    cost = one.cost - other.cost
    return Price(smallest=cost / one.value, basis="cost", cost=cost, value=one.value)


def priced(prices: Sequence[Price]) -> bool:
    """Whether arms can be compared after their costs: each has one, and a unit of the outcome has a value.

    Parameters
    ----------
    prices
        Of the arms.
    """
    return all(each.cost is not None and each.value for each in prices)


def recommend(
    verdicts: Sequence[Verdict], between: Mapping[tuple[str, str], Verdict], *, optimism: float | None = None
) -> Recommendation:
    """The one thing to do.

    Parameters
    ----------
    verdicts
        One an arm.
    between
        By arm and the arm that it is beside.
    optimism
        As of `Recommendation`.

    Notes
    -----
    Of arms worth having that with the largest expected gain after costs (the largest effect where these cannot be
    weighed, and of those that are not distinguishable then the cheapest). It is said to be better where it beats each
    other that may be better at the level of a verdict: no correction for their number is due, as the chance that a
    worse arm beats all others is largest where there is but one as good (Gutmann and Maymin 1987, Is the selected
    population the best?).
    """
    worth = [each for each in verdicts if each.choice == "roll_out"]
    if not worth:
        lead = min(verdicts, key=_first)
        told = np.isfinite(lead.p_worth_it) and len(verdicts) > 1
        return Recommendation(lead=lead, state="none" if told else "alone", optimism=optimism)
    net = priced([each.price for each in worth])
    lead = max(worth, key=lambda each: _expected(each, net=net))
    open_to = [each for each in worth if each is lead or not _better(lead, each, between)]
    cheapest = lead if net else _cheapest(open_to, lead)
    cheaper, lead = cheapest is not lead, cheapest
    others = [each for each in verdicts if each is not lead and each.choice != "stop"]
    untold = tuple(each.arm for each in others if not _better(lead, each, between))
    return Recommendation(
        lead=lead,
        state="alone" if not others else "one_of" if untold else "best",
        rivals=tuple(between[lead.arm, each.arm] for each in others if (lead.arm, each.arm) in between),
        untold=untold,
        cheaper=cheaper,
        optimism=optimism,
    )


def _first(each: Verdict) -> tuple[int, float]:
    return ORDER.index(each.choice), -each.p_worth_it if np.isfinite(each.p_worth_it) else 0.0


def _better(lead: Verdict, other: Verdict, between: Mapping[tuple[str, str], Verdict]) -> bool:
    found = between.get((lead.arm, other.arm))
    return found is not None and found.choice == "roll_out"


def _expected(each: Verdict, *, net: bool) -> float:
    """Effect in the better direction, less what it costs in the same unit where all costs are known."""
    effect = each.good * each.effect.estimate
    return effect - each.price.cost / each.price.value if net and each.price.cost is not None else effect  # type: ignore[operator]


def _cheapest(arms: Sequence[Verdict], lead: Verdict) -> Verdict:
    """The cheapest of arms whose costs are known, the lead where none is cheaper than it."""
    if lead.price.cost is None or any(each.price.cost is None for each in arms):
        return lead
    return min(arms, key=lambda each: (each.price.cost, each is not lead))


def winners_curse(verdicts: Sequence[Verdict], effects: Sequence[Estimate], *, draws: int, seed: int) -> float | None:
    """By how much the effect of the arm that looks best is too large on average, if effects are as they are estimated.

    Parameters
    ----------
    verdicts
        One an arm.
    effects
        Of the same arms, with an influence of the same rows: arms share a control.
    draws, seed
        Of effects.

    Returns
    -------
    float or None
        In the unit of the outcome and the direction that is better; None of one arm, and where an effect has no error.

    Notes
    -----
    A parametric bootstrap of the pick. Of two arms whose estimates lie d apart with a standard error s it is s φ(d/s):
    .4 s where they are alike, next to nothing where they are clearly apart.
    """
    if len(verdicts) < 2 or not np.isfinite([each.se for each in effects]).all():
        return None
    net = priced([each.price for each in verdicts])
    costs = np.array([_expected(each, net=False) - _expected(each, net=net) for each in verdicts])
    good = np.array([each.good for each in verdicts])
    true = good * np.array([each.centre for each in effects]) - costs
    seen = good * draw_together(effects, draws, random_seed=seed) - costs
    picked, best = seen.argmax(axis=1), int(true.argmax())
    chance = seen[:, best] - true[best]  # 0 on average; without it a pick that is always the same is off by nothing
    return float((seen.max(axis=1) - true[picked] - chance).mean())
