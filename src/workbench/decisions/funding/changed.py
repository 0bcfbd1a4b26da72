"""The chain with one thing other than it is: a shorter horizon, other slopes, money, a rate, or a decay."""

from dataclasses import replace

import numpy as np

from workbench.decisions.roi.chain import Chain
from workbench.errors import ParameterError
from workbench.wording import listing, number, sentence, shown


def within(chain: Chain, months: int) -> Chain:
    """Returns counted for so many months.

    Parameters
    ----------
    chain
        At least as long.
    months
        From now on.

    Raises
    ------
    ParameterError
        The base is not known for so long, or initiatives begin later.
    """
    known = chain.base.customers.shape[1]
    if not 1 <= months <= known:
        raise ParameterError(
            sentence(
                "returns_within: got {months} months, expected 1 to {known}: customers are valued for so long.",
                months=number(months),
                known=number(known),
            )
        )
    late = [shown(each.name) for each in chain.initiatives if each.start >= months]
    if late:
        raise ParameterError(
            sentence(
                "initiatives: {names} would begin after the {months} months that returns are counted for; expected an "
                "earlier start, or a longer returns_within.",
                names=listing(late),
                months=number(months),
            )
        )
    base = chain.base
    cut = {name: getattr(base, name)[:, :months] for name in ("customers", "orders", "other")}
    hazards = {reason: hazard[:, :months] for reason, hazard in base.hazards.items()}
    return replace(chain, base=replace(base, **cut, hazards=hazards))


def with_lifts(chain: Chain, lifts: dict[str, float]) -> Chain:
    """Lifts as if they were known.

    Parameters
    ----------
    chain
        With all draws.
    lifts
        By the name of an initiative; others keep theirs.
    """
    draws = len(chain.base.customers)
    return replace(chain, lifts={**chain.lifts, **{name: np.full(draws, lift) for name, lift in lifts.items()}})


def with_slopes(chain: Chain, times: float) -> Chain:
    """What satisfaction moves, so many times as steep.

    Parameters
    ----------
    chain
        With all draws.
    times
        1: as it is.
    """
    leaving = {reason: times * slope for reason, slope in chain.link.leaving.items()}
    return replace(chain, link=replace(chain.link, leaving=leaving, orders=times * chain.link.orders))


def with_money(chain: Chain, times: float) -> Chain:
    """What a customer brings, so many times as much: a higher margin.

    Parameters
    ----------
    chain
        With all draws.
    times
        1: as it is.
    """
    base = chain.base
    return replace(chain, base=replace(base, orders=times * base.orders, other=times * base.other))


def with_rate(chain: Chain, rate: float) -> Chain:
    """Another rate.

    Parameters
    ----------
    chain
        With all draws.
    rate
        Effective a year.
    """
    return replace(chain, base=replace(chain.base, discount=float((1 + rate) ** (-1 / 12))))


def with_half_life(chain: Chain, months: float) -> Chain:
    """All initiatives fade: half of their effect is left after so many months.

    Parameters
    ----------
    chain
        With all draws.
    months
        Infinite: they last.
    """
    return replace(chain, initiatives=tuple(replace(each, half_life_months=months) for each in chain.initiatives))


def with_costs(chain: Chain, times: float) -> Chain:
    """All costs, so many times as high.

    Parameters
    ----------
    chain
        With all draws.
    times
        1: as they are.
    """
    names = ("fixed_cost", "cost_per_customer", "cost_per_month")
    changed = [replace(each, **{name: times * getattr(each, name) for name in names}) for each in chain.initiatives]
    return replace(chain, initiatives=tuple(changed))


def later(chain: Chain, months: int) -> Chain:
    """All initiatives begin so many months later.

    Parameters
    ----------
    chain
        With all draws.
    months
        To wait.
    """
    return replace(chain, initiatives=tuple(replace(each, start=each.start + months) for each in chain.initiatives))
