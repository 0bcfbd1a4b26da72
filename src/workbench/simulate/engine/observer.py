"""The best observer of intentions to leave: a filter that knows everything but the intention itself.

It knows the coefficients, what each customer has lived through and how much they usually buy, log in and ask, and it
sees month by month who is still there and what they do. No study can know more, so none can foresee leaving better.
"""

import numpy as np

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.history import Month, calendar_month
from workbench.simulate.engine.intentions import (
    STATES,
    Leaving,
    enquiry_factor,
    login_factor,
    order_factor,
    reminder_probability,
)


class Observer:
    """What is believed of the customers in a block of slots, month after month.

    Parameters
    ----------
    world
        Its coefficients.
    size
        Number of slots.
    calendar
        Calendar month (1-12) of month 0.
    behaviour
        Whether it sees what customers do, or only who is still there.

    Attributes
    ----------
    shares
        Probability of each state, by slot, of last month's intention: a sequence of arrays (slots,).
    """

    def __init__(self, world: Coefficients, size: int, *, calendar: int, behaviour: bool):
        self._world, self._calendar, self._behaviour = world, calendar, behaviour
        self.shares: list[np.ndarray] = [np.ones(size), *(np.zeros(size) for _ in range(STATES - 1))]

    def meet(self, joined: np.ndarray) -> None:
        """Newcomers have no intention to leave; `joined` says in which slots they are.

        Parameters
        ----------
        joined
            (slots,): whether somebody joins.
        """
        for state, share in enumerate(self.shares):
            share[joined] = state == 0

    def turn(self, month: Month) -> list[np.ndarray]:
        """Shares by state after intentions of this month have begun or been given up, before anything is seen.

        Parameters
        ----------
        month
            What happens in it.
        """
        return Leaving.of(self._world, month.usual, month.pull).turn(self.shares)

    def see(self, month: Month) -> None:
        """One month more is over: who has stayed, and what they did.

        Parameters
        ----------
        month
            What happened in it.
        """
        leaving = Leaving.of(self._world, month.usual, month.pull)
        shares = leaving.turn(leaving.survive(self.shares))
        if self._behaviour and month.signs is not None:
            shares = [share * each for share, each in zip(shares, self._likelihood(month), strict=True)]
        total = np.sum(shares, axis=0)
        self.shares = [share / total for share in shares]

    def _likelihood(self, month: Month) -> np.ndarray:
        """(states, slots): of what customers did in a whole month, up to a factor."""
        signs, people, size = month.signs, month.people, len(month.people)
        assert signs is not None
        assert month.order_rate is not None
        orders = np.zeros(size)
        for each in month.orders:
            orders[each.slot] += 1
        seen = (
            (signs.logins, eq.login_rate(people.habit, calendar_month(self._calendar, month.month)), login_factor),
            (orders, month.order_rate, order_factor),
            (np.bincount(signs.enquiry_slot, minlength=size), eq.enquiry_rate(people.asks), enquiry_factor),
        )
        log = np.zeros((STATES, size))
        for count, rate, factor in seen:
            effect = factor(self._world)[:, None]
            log += count * np.log(effect) - rate * (effect - 1)
        reminder = reminder_probability()[:, None]
        log += np.log(np.where(signs.reminded, reminder, 1 - reminder))
        return np.exp(log - log.max(axis=0))
