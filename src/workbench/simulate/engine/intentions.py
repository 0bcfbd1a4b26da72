"""The intention to leave: what stands between what customers live through and the day on which they go.

Nobody sees it. It begins for one of the reasons in proportion to today's hazards, changes what a customer does, and
ends with leaving or with being given up. A state is 0 for no intention, or 1 + the position of its reason in
`words.REASONS`.

With intentions, a share of leaving (`announced`) follows one; the rest still comes unannounced. Intentions begin the
more often the more of them are given up, so that about as many customers leave as without intentions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import REMINDED, REMINDED_UNPAID, Coefficients
from workbench.simulate.engine.words import REASONS

STATES = 1 + len(REASONS)
_TINY = 1e-9  # stands for a hazard of 0, where it is divided by
UNPAID = 1 + REASONS.index("involuntary")


@dataclass(frozen=True)
class Leaving:
    """Hazards of one month by state: arrays whose last axis is customers, before it may stand worlds.

    Attributes
    ----------
    plain
        By reason, without an intention.
    total
        Their sum.
    resolved
        By reason, with the intention to leave for that reason.
    begin
        By reason: the hazards with which intentions begin.
    world
        The world that they are of.
    """

    plain: Sequence[np.ndarray]
    total: np.ndarray
    resolved: Sequence[np.ndarray]
    begin: Sequence[np.ndarray]
    world: Coefficients

    @classmethod
    def of(cls, world: Coefficients, usual: Sequence[np.ndarray], pull: np.ndarray) -> "Leaving":
        """From the hazards that there would be without intentions.

        Parameters
        ----------
        usual
            By reason, a month.
        pull
            Log hazard ratio of what works on whoever has the intention: a retention call, the end of a year.
        world
            Its coefficients.
        """
        starts = begin_rates(world)
        plain = [(1 - share) * each for share, each in zip(world.announced, usual, strict=True)]
        strength = np.exp(pull)
        return cls(
            plain,
            plain[0] + plain[1] + (plain[2] + plain[3]),
            [each * strength for each in world.resolve],
            [share * each for share, each in zip(starts, usual, strict=True)],
            world,
        )

    def of_customers(self, intention: np.ndarray) -> np.ndarray:
        """Hazards by reason, (reasons, customers), of customers with these states.

        Parameters
        ----------
        intention
            0: none, else 1 + the place of the reason; one a customer.
        """
        none = intention == 0
        return np.stack(
            [
                np.where(none, self.plain[j], np.where(intention == 1 + j, self.resolved[j], 0.0))
                for j in range(len(REASONS))
            ]
        )

    def stays(self, until: float = 1.0) -> list[np.ndarray]:
        """Expected part of the month (up to `until`) for which a customer of each state stays.

        Parameters
        ----------
        until
            Part of the month, between 0 and 1.
        """
        return [eq.stays(self.total, until), *(eq.stays(each, until) for each in self.resolved)]

    def survive(self, shares: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Shares of customers by state who are still there at the end of the month.

        Parameters
        ----------
        shares
            By state (none, then each reason), each one a customer.
        """
        return [shares[0] * np.exp(-self.total)] + [
            share * np.exp(-each) for share, each in zip(shares[1:], self.resolved, strict=True)
        ]

    def left(self, shares: Sequence[np.ndarray], until: float = 1.0) -> list[np.ndarray]:
        """Shares of customers who leave within the month (up to `until`), by reason.

        Parameters
        ----------
        shares
            By state (none, then each reason), each one a customer.
        until
            Part of the month, between 0 and 1.
        """
        none, *others = self.stays(until)
        gone = shares[0] * none
        return [
            gone * plain + share * stay * each
            for plain, each, share, stay in zip(self.plain, self.resolved, shares[1:], others, strict=True)
        ]

    def begun(self) -> list[np.ndarray]:
        """Probability that an intention begins, by reason, of customers who have none."""
        total = self.begin[0] + self.begin[1] + (self.begin[2] + self.begin[3])
        part = -np.expm1(-total) / np.maximum(total, 1e-300)
        return [each * part for each in self.begin]

    def turn(self, shares: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Shares by state after intentions of this month have begun or been given up.

        Parameters
        ----------
        shares
            By state (none, then each reason), each one a customer.
        """
        begun = self.begun()
        kept = [
            share * (1 - relent) + shares[0] * each
            for share, relent, each in zip(shares[1:], self.world.relent, begun, strict=True)
        ]
        given_up = sum(share * relent for share, relent in zip(shares[1:], self.world.relent, strict=True))
        return [shares[0] * (1 - (begun[0] + begun[1] + (begun[2] + begun[3]))) + given_up, *kept]

    def draw(self, intention: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """The states of this month after those of the last one; one number between 0 and 1 a customer.

        Parameters
        ----------
        intention
            States of last month, one a customer.
        uniform
            Between 0 and 1, one a customer.
        """
        edges = np.cumsum(self.begun(), axis=0)
        beginning = np.where(uniform < edges[-1], 1 + (uniform >= edges[:-1]).sum(axis=0), 0)
        giving_up = np.concatenate([[0.0], self.world.relent])[intention]
        return np.where(intention == 0, beginning, np.where(uniform < giving_up, 0, intention))


class Passage:
    """Months that customers pass through whose intentions are not drawn but weighted, in many worlds at a time.

    Arrays are reused from month to month: what is read of a month is valid until the next one.

    Parameters
    ----------
    intention
        (slots,): of the customers at the beginning, which is known.
    there
        (worlds, slots): probability that they are there.

    Attributes
    ----------
    shares
        (states, worlds, slots): probability of being there with each intention at the end of the month.
    lasting, visiting
        Expected part of the month, and of the part in which visits fall, for which customers are there.
    ordering
        The first, times what intentions do to the order rate.
    """

    def __init__(self, intention: np.ndarray, there: np.ndarray):
        self.shares = np.stack([np.where(intention == state, there, 0.0) for state in range(STATES)])
        self._next = np.empty_like(self.shares)
        self._scratch, self._begin, self._total = (np.empty_like(there) for _ in range(3))
        self.lasting, self.visiting, self.ordering = (np.empty_like(there) for _ in range(3))
        self._last: tuple[Coefficients, Sequence[np.ndarray], np.ndarray] | None = None

    def staying(self) -> np.ndarray:
        """Probability of being there at the end of the month."""
        return self.shares.sum(axis=0)

    def left(self) -> list[np.ndarray]:
        """Probability of leaving in the month just passed, by reason."""
        assert self._last is not None
        return Leaving.of(*self._last).left(list(self._next))  # where the shares of its beginning are now

    def month(self, world: Coefficients, usual: Sequence[np.ndarray], pull: np.ndarray) -> None:
        """Pass through one month; `usual` and `pull` as for `Leaving.of`, of which this is the sum over states.

        Parameters
        ----------
        world
            Its coefficients.
        usual, pull
            As for `Leaving.of`.
        """
        # Written into arrays that are there already, in as few passes as there can be: both are what this takes.
        scratch, total, begin, shares, after = self._scratch, self._total, self._begin, self.shares, self._next
        factor, starts = order_factor(world), begin_rates(world)
        self._none(_combined(usual, 1 - world.announced, total, scratch), shares[0])
        # Of those who begin the month without an intention, and end it as customers, some have one then.
        fewer = _combined(usual, starts * (1 - factor[1:]), self.ordering, scratch)
        _combined(usual, starts, total, scratch)
        np.exp(np.negative(total, out=begin), out=begin)
        np.subtract(1.0, begin, out=begin)
        begin /= total
        fewer *= begin
        np.multiply(np.subtract(1.0, fewer, out=fewer), self.lasting, out=self.ordering)
        begin *= after[0]
        total *= begin
        after[0] -= total
        resolved = np.stack([each * np.exp(pull) for each in world.resolve])
        relent = world.relent.reshape(-1, *[1] * (resolved.ndim - 1))
        stays, still = eq.stays(resolved), np.exp(-resolved)
        turned = relent + (1 - relent) * factor[1:].reshape(relent.shape)
        for each, weight in (
            (self.lasting, stays),
            (self.visiting, eq.stays(resolved, eq.VISITS_END)),
            (self.ordering, stays * turned),
            (after[0], still * relent),
        ):
            each += _over_intentions(weight, shares[1:], scratch)
        kept = still * (1 - relent)
        np.multiply(shares[1:], kept if kept.ndim == shares.ndim else kept[:, None], out=after[1:])
        for j, each in enumerate(usual):
            weight = starts[j] * each if each.shape != total.shape else np.multiply(each, starts[j], out=total)
            after[1 + j] += np.multiply(begin, weight, out=scratch)
        self._last, self.shares, self._next = (world, usual, pull), after, shares

    def _none(self, total: np.ndarray, share: np.ndarray) -> None:
        """Those without an intention: how long they last, and who stays (in `_next[0]`)."""
        np.maximum(total, _TINY, out=total)
        for until, into in ((1.0, self.lasting), (eq.VISITS_END, self.visiting)):
            staying = self._next[0] if until == 1.0 else self._scratch
            np.exp(np.multiply(total, -until, out=staying), out=staying)
            staying *= share
            np.subtract(share, staying, out=into)
            into /= total


def _over_intentions(weight: np.ndarray, shares: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The sum over intentions of shares, each times its weight, which need not have an axis of worlds."""
    axes = "jwn" if weight.ndim == shares.ndim else "jn"
    return np.einsum(f"{axes},jwn->wn", weight, shares, out=out)


def _combined(arrays: Sequence[np.ndarray], weights: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> np.ndarray:
    """The weighted sum of arrays of which some have no axis of worlds: those are added up first."""
    few = np.asarray(
        sum(weight * each for weight, each in zip(weights, arrays, strict=True) if each.shape != out.shape)
    )
    into = out
    for weight, each in zip(weights, arrays, strict=True):
        if each.shape == out.shape:
            np.multiply(each, weight, out=into)
            if into is scratch:
                out += scratch
            into = scratch
    return np.add(out, few, out=out) if into is scratch else np.add(few, 0.0, out=out)


def begin_rates(world: Coefficients) -> np.ndarray:
    """(reasons,): how often intentions begin, as a multiple of today's hazards: some will be given up.

    Parameters
    ----------
    world
        Its coefficients.
    """
    return world.announced * (world.resolve + world.relent) / world.resolve


def order_factor(world: Coefficients) -> np.ndarray:
    """(states,): what an intention does to the order rate.

    Parameters
    ----------
    world
        Its coefficients.
    """
    return np.exp(np.concatenate([[0.0], world.intent_orders]))


def login_factor(world: Coefficients) -> np.ndarray:
    """(states,): what an intention does to logins.

    Parameters
    ----------
    world
        Its coefficients.
    """
    return np.exp(np.concatenate([[0.0], world.intent_logins]))


def enquiry_factor(world: Coefficients) -> np.ndarray:
    """(states,): what an intention does to enquiries.

    Parameters
    ----------
    world
        Its coefficients.
    """
    return np.exp(np.concatenate([[0.0], world.intent_enquiries]))


def reminder_probability() -> np.ndarray:
    """(states,): probability of a payment reminder in a month."""
    return np.where(np.arange(STATES) == UNPAID, REMINDED_UNPAID, REMINDED)
