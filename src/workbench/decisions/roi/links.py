"""The links of the chain as draws: what customers bring, what satisfaction moves, what a better experience moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """What customers bring when nothing is done.

    Attributes
    ----------
    active
        Customers today.
    customers : (draws, months)
        Still there in the middle of each month, in all.
    orders, other : (draws, months)
        Contribution a customer who is there, of orders and of all else (fees, contacts), in money.
    hazards : reason → (draws, months)
        Hazard of leaving for it in each month, the mean over customers who are there.
    discount
        Worth now of 1 that comes in a month; flows come at the end of theirs.
    currency
        Of all money.
    """

    active: float
    customers: np.ndarray
    orders: np.ndarray
    other: np.ndarray
    hazards: Mapping[str, np.ndarray]
    discount: float
    currency: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """What satisfaction moves.

    Attributes
    ----------
    leaving : reason → (draws,)
        Log hazard for a log-odds of satisfaction.
    orders : (draws,)
        Log order rate for the same.
    score : (n,)
        Satisfaction of customers as answers tell it: whom an improvement reaches matters, for the less satisfied leave.
    waits : reason → (draws, lags)
        Shares of leavers by months from their decision to their end; a reason that is not here: at once.
    lasting, shown
        Variance of what lasts in customers' satisfaction, and how much of it ratings show: who is kept stays at risk.
        0: customers are taken to be alike as time goes on.
    replies
        Log rate of answering for a log-odds of satisfaction: the dissatisfied stand for more than answer.
    apart : reason → (draws,)
        How the log hazard goes with satisfaction from customer to customer, unseen causes among them: that is who is
        at risk, whatever a better experience would change of it. A reason that is not here: as in `leaving`.
    buying : (draws,)
        The same of the order rate; None: as in `orders`.
    """

    leaving: Mapping[str, np.ndarray]
    orders: np.ndarray
    score: np.ndarray
    waits: Mapping[str, np.ndarray] = field(default_factory=dict)
    lasting: float = 0.0
    shown: float = 0.0
    replies: float = 0.0
    apart: Mapping[str, np.ndarray] = field(default_factory=dict)
    buying: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Lift:
    """What a better experience at one touchpoint moves.

    Attributes
    ----------
    ratings : (n,)
        Of the customers whose score stands in `Link`; NaN: did not use it.
    effect : (draws,)
        Log-odds of satisfaction for a point of a rating, as reported.
    halo : (draws,)
        By how much a point of *experience* exceeds that.
    widening : (draws,)
        Standard deviation of reported ratings over that of the experience: 1 without halo.
    recall_months
        For how many months a visit counts; the questionnaire asks about as many.
    colour : (draws,)
        Standard deviations of reported ratings that a log-odds of satisfaction adds to each (halo); 0 where left out.
    shape : (draws,)
        Effect of the points that a lift moves over the mean effect of a point; 1 where left out.
    """

    ratings: np.ndarray
    effect: np.ndarray
    halo: np.ndarray
    widening: np.ndarray
    recall_months: float
    colour: np.ndarray = field(default_factory=lambda: np.zeros(1))
    shape: np.ndarray = field(default_factory=lambda: np.ones(1))
