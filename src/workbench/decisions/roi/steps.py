"""The links of a chain one by one: each with its unit, what it rests on, and its draws; and each held at its mean."""

from dataclasses import dataclass, replace

import numpy as np

from workbench.decisions.roi.chain import Chain, Evidence
from workbench.decisions.roi.initiatives import Initiative
from workbench.errors import ParameterError
from workbench.wording import listing, sentence, shown

LIFT, EFFECT, HALO, SHAPE, ORDERS, BASE = "lift", "effect", "halo", "shape", "orders", "base"
LEAVING = "leaving: "


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One link.

    Attributes
    ----------
    name
        For machines: `lift`, `effect`, `halo`, `shape`, `leaving: <reason>`, `orders`, `base`.
    title
        For people.
    unit
        Of the draws.
    evidence
        What it rests on.
    draws : (draws,)
        Of the link, by the one index of draws.
    """

    name: str
    title: str
    unit: str
    evidence: Evidence
    draws: np.ndarray


def steps_of(chain: Chain, initiative: Initiative) -> tuple[Step, ...]:
    """The links that one initiative goes through, in their order.

    Parameters
    ----------
    chain
        With all draws.
    initiative
        Of its list.
    """
    at, base = chain.at[initiative.driver], chain.base
    each_month = base.customers * (base.orders + base.other)
    worth = each_month @ base.discount ** np.arange(1, each_month.shape[1] + 1) / base.active
    tried = initiative.name in chain.tried
    return (
        Step(
            name=LIFT,
            title=sentence("What the initiative does to the experience"),
            unit=sentence("standard deviations of the experience"),
            evidence="experimental" if tried else "assumed",
            draws=chain.lifts[initiative.name],
        ),
        Step(
            name=EFFECT,
            title=sentence("What a better rating goes with"),
            unit=sentence("log-odds of satisfaction for a point"),
            evidence="associational",
            draws=at.effect,
        ),
        Step(
            name=HALO,
            title=sentence("How far ratings are coloured"),
            unit=sentence("effect of the experience over that of its rating"),
            evidence="associational" if (at.halo != 1).any() else "assumed",  # 1 throughout: it could not be told
            draws=at.halo,
        ),
        Step(
            name=SHAPE,
            title=sentence("How far the points gained count as others do"),
            unit=sentence("effect of a point gained over the mean effect"),
            evidence="assumed",
            draws=np.broadcast_to(at.shape, at.effect.shape),
        ),
        *(
            Step(
                name=f"{LEAVING}{reason}",
                title=sentence("What satisfaction goes with: leaving for {reason}", reason=reason),
                unit=sentence("log rate for a log-odds of satisfaction"),
                evidence="associational",
                draws=slope,
            )
            for reason, slope in chain.link.leaving.items()
        ),
        Step(
            name=ORDERS,
            title=sentence("What satisfaction goes with: orders"),
            unit=sentence("log rate for a log-odds of satisfaction"),
            evidence="associational",
            draws=chain.link.orders,
        ),
        Step(
            name=BASE,
            title=sentence("What a customer brings when nothing is done"),
            unit=base.currency,
            evidence="associational",
            draws=worth,
        ),
    )


def held(chain: Chain, name: str) -> Chain:
    """The chain as if one link were known: all its draws are their mean.

    Parameters
    ----------
    chain
        With all draws.
    name
        Of a step.

    Raises
    ------
    ParameterError
        No link has this name.
    """
    if name == LIFT:
        return replace(chain, lifts={key: _mean(lift) for key, lift in chain.lifts.items()})
    if name == EFFECT:
        return replace(chain, at={key: replace(each, effect=_mean(each.effect)) for key, each in chain.at.items()})
    if name == HALO:
        kept = {
            key: replace(each, halo=_mean(each.halo), widening=_mean(each.widening), colour=_mean(each.colour))
            for key, each in chain.at.items()
        }
        return replace(chain, at=kept)
    if name == SHAPE:
        return replace(chain, at={key: replace(each, shape=_mean(each.shape)) for key, each in chain.at.items()})
    if name == ORDERS:
        buying = None if chain.link.buying is None else _mean(chain.link.buying)
        return replace(chain, link=replace(chain.link, orders=_mean(chain.link.orders), buying=buying))
    if name == BASE:
        base = chain.base
        hazards = {reason: _mean(hazard) for reason, hazard in base.hazards.items()}
        customers, orders, other = _mean(base.customers), _mean(base.orders), _mean(base.other)
        return replace(chain, base=replace(base, customers=customers, orders=orders, other=other, hazards=hazards))
    reason = name.removeprefix(LEAVING)
    if name == reason or reason not in chain.link.leaving:
        names = [LIFT, EFFECT, HALO, SHAPE, ORDERS, BASE, *(f"{LEAVING}{each}" for each in chain.link.leaving)]
        template = "got a link {name}, expected one of {names}."
        raise ParameterError(sentence(template, name=shown(name), names=listing(names)))
    leaving = {**chain.link.leaving, reason: _mean(chain.link.leaving[reason])}
    apart = {each: _mean(slope) if each == reason else slope for each, slope in chain.link.apart.items()}
    return replace(chain, link=replace(chain.link, leaving=leaving, apart=apart))


def _mean(draws: np.ndarray) -> np.ndarray:
    return np.broadcast_to(draws.mean(axis=0), draws.shape).copy()
