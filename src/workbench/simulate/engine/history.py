"""What happened: the months of a block of slots, one after the other.

The order within a month is that of time: newcomers join; trials are set up; whether and when a customer leaves follows
from the satisfaction that the month begins with; purchases and visits happen while the customer is there; visits change
satisfaction; who is invited, and still there, may answer a survey. Nothing depends on what comes later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, ndtr, ndtri, pdtr

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import CATEGORY_PRICE, COST_PER_MINUTE, FEE_MARGIN, Coefficients
from workbench.simulate.engine.customers import BURN_IN, STAGGER, Customers, Visits, join, visit
from workbench.simulate.engine.intentions import (
    Leaving,
    enquiry_factor,
    login_factor,
    order_factor,
    reminder_probability,
)
from workbench.simulate.engine.noise import Mechanism, Noise
from workbench.simulate.engine.trials import Enrolment, Trials
from workbench.simulate.engine.words import TOUCHPOINTS

MOST_ORDERS = MOST_ENQUIRIES = 30  # of a customer in a month
_CORRECTIONS = 50  # the first guess is off by a few; a number on the edge of two steps may go to and fro
SURVEY_EVERY = 3  # months between invitations of a customer


@dataclass
class Orders:
    """The j-th orders of a month, of those who placed so many."""

    slot: np.ndarray
    number: np.ndarray
    when: np.ndarray
    amount: np.ndarray
    margin: np.ndarray
    category: np.ndarray
    refunded: np.ndarray
    refunded_when: np.ndarray


@dataclass
class Replies:
    """Answers to the survey of one month. Ratings: (touchpoints, replies), 0 blank, −1 not applicable."""

    slot: np.ndarray
    when: np.ndarray
    recommend: np.ndarray
    content: np.ndarray
    ease: np.ndarray
    ratings: np.ndarray


@dataclass
class Signs:
    """What a month shows of intentions to leave, besides orders.

    Attributes
    ----------
    logins
        Their number, by slot.
    enquiry_slot, enquiry_when
        Of each enquiry.
    reminded, reminded_when
        Who got a payment reminder, by slot, and when.
    """

    logins: np.ndarray
    enquiry_slot: np.ndarray
    enquiry_when: np.ndarray
    reminded: np.ndarray
    reminded_when: np.ndarray


@dataclass
class Month:
    """One month as it happened: arrays over slots, unless they say otherwise.

    Attributes
    ----------
    people
        The state at the end of the month; `active` still counts those who left in it.
    begun
        Satisfaction at the beginning of the month, which its hazards and purchases follow from.
    unresolved
        Complaints that were unresolved then.
    usual
        By reason: hazards, a month, that there would be without intentions to leave.
    pull
        Log hazard ratio of what works on whoever has an intention.
    hazards
        (reasons, slots), a month; meaningful where there is a customer.
    left, stay, reason
        Who left, the part of the month for which each customer was there, and why those who left did.
    minutes
        (touchpoints, slots): of the company's time.
    signs, order_rate
        Of intentions to leave, and the order rate without any; None before the records, and in a world without.
    start
        The state at the beginning of the month, newcomers and treatments included; None unless it was asked for.
    """

    month: int
    people: Customers
    joined: np.ndarray
    begun: np.ndarray
    unresolved: np.ndarray
    usual: Sequence[np.ndarray]
    pull: np.ndarray
    hazards: np.ndarray
    left: np.ndarray
    stay: np.ndarray
    reason: np.ndarray
    orders: list[Orders]
    visits: list[Visits]
    minutes: np.ndarray
    replies: Replies | None
    enrolled: list[Enrolment]
    signs: Signs | None
    order_rate: np.ndarray | None
    start: Customers | None

    def cash(self) -> dict[str, np.ndarray]:
        """Cash flow with each slot this month, in money: `fees`, `purchases`, `contacts`, `treatments`."""
        size = len(self.people)
        purchases, treatments = np.zeros(size), np.zeros(size)
        for bought in self.orders:
            np.add.at(purchases, bought.slot, np.where(bought.refunded, 0.0, bought.margin))
        for entered in self.enrolled:
            treatments[entered.slot] -= entered.cost
        fees = np.where(self.people.active, FEE_MARGIN * self.people.price() * self.stay, 0.0)
        return {
            "fees": fees,
            "purchases": purchases,
            "contacts": -COST_PER_MINUTE * self.minutes.sum(axis=0),
            "treatments": treatments,
        }


def live(
    world: Coefficients,
    noise: Noise,
    months: int,
    *,
    calendar: int,
    trials: Trials | None = None,
    surveys: bool = True,
    keep_start: bool = False,
) -> Iterator[Month]:
    """The months of a block of slots, from the beginning of the burn-in to month `months` − 1.

    Parameters
    ----------
    calendar
        Calendar month (1–12) of month 0.
    trials
        Pilots and retention calls that take place; none when left out.
    surveys
        Whether answers are worked out.
    keep_start
        Whether each month from 0 on keeps the state that it began with.
    world
        Its coefficients.
    noise
        Where chance comes from.
    months
        How many, after the burn-in.

    Yields
    ------
    Month
        From −BURN_IN on; months before 0 left no record. `people` is the same object each time: copy what is kept.
    """
    people = Customers.none(noise.size)
    first_join = -BURN_IN + np.floor(STAGGER * noise.uniform(Mechanism.FIRST_JOIN, 0)).astype(int)
    for month in range(-BURN_IN, months):
        joined = ~people.active & (month >= first_join)
        join(world, people, joined, month, noise)
        enrolled = trials.enrol(world, people, month, noise) if trials and month >= 0 else []
        begun = people.satisfaction.copy()
        unresolved = people.unresolved(month - 1)
        start = people.copy() if keep_start and month >= 0 else None
        call = people.call(month)
        usual = eq.hazards(
            world,
            satisfaction=begun,
            unresolved=unresolved,
            relative_price=people.relative_price,
            plan=people.plan,
            loyalty=people.loyalty,
            frailty=people.frailty,
            need_gone=people.need_gone,
            tenure=month - people.joined,
            call=call,
            month=month,
        )
        pull = call + eq.anniversary(world, month - people.joined)
        hazards = _resolve(world, people, usual, pull, month, noise)
        stay, left, reason = _leave(people, hazards, month, noise)
        orders, order_rate, signs = [], None, None
        if month >= 0:
            order_rate = eq.purchase_rate(
                world,
                satisfaction=begun,
                propensity=people.propensity,
                loyalty=people.loyalty,
                need_gone=people.need_gone,
                calendar_month=calendar_month(calendar, month),
            )
            orders = _orders(world, people, order_rate, stay, month, noise)
            signs = _signs(world, people, stay, month, calendar, noise) if world.warning else None
        visits, minutes = _visits(world, people, stay, month, noise)
        people.satisfaction = eq.standing(world, people.loyalty, people.relative_price) + sum(
            each.adds(world, k, people, month) for k, each in enumerate(visits)
        )
        replies = _replies(world, people, stay, month, noise) if surveys and month >= 0 else None
        people.need_gone = people.need_gone | (noise.uniform(Mechanism.NEED, month) < world.need_onset)
        yield Month(
            month,
            people,
            joined,
            begun,
            unresolved,
            usual,
            pull,
            hazards,
            left,
            stay,
            reason,
            orders,
            visits,
            minutes,
            replies,
            enrolled,
            signs,
            order_rate,
            start,
        )
        people.active = people.active & ~left


def _resolve(
    world: Coefficients, people: Customers, usual: Sequence[np.ndarray], pull: np.ndarray, month: int, noise: Noise
) -> np.ndarray:
    """Hazards by reason, as last month's intentions have them; those of this month begin and end."""
    if not world.warning:
        return np.stack(usual)
    leaving = Leaving.of(world, usual, pull)
    hazards = leaving.of_customers(people.intention)
    people.intention = leaving.draw(people.intention, noise.uniform(Mechanism.INTENTION, month))
    return hazards


def _leave(
    people: Customers, hazards: np.ndarray, month: int, noise: Noise
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Part of the month lived through, who left in it, and why: exponential times, independent competing risks."""
    total = hazards.sum(axis=0)
    time = -np.log(noise.uniform(Mechanism.LEAVE, month)) / total
    left = people.active & (time < 1)
    which = noise.uniform(Mechanism.REASON, month) * total
    reason = (which > np.cumsum(hazards, axis=0)[:-1]).sum(axis=0)
    return np.where(people.active, np.minimum(time, 1.0), 0.0), left, reason


def _count(rate: np.ndarray, uniform: np.ndarray, most: int) -> np.ndarray:
    """Poisson numbers by inversion: one number a customer, so that a higher rate never means fewer."""
    probability = np.exp(-rate)
    below, count = probability.copy(), np.zeros(rate.size, dtype=int)
    for j in range(1, most + 1):
        more = uniform > below
        count += more
        if not more.any():
            break
        probability = probability * rate / j
        below += probability
    return count


def _count_many(rate: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """As `_count`, for large rates: from a first guess (Cornish and Fisher, 1938) to the number that it should be."""
    rate, z = np.maximum(rate, 1e-9), ndtri(uniform)
    count = np.floor(np.maximum(rate + np.sqrt(rate) * z + (z * z - 1) / 6, 0) + 0.5)
    below, probability = pdtr(count, rate), np.exp(count * np.log(rate) - rate - gammaln(count + 1))
    for _ in range(_CORRECTIONS):
        more, fewer = uniform > below, (uniform <= below - probability) & (count > 0)
        if not (more | fewer).any():
            break
        below = below - np.where(fewer, probability, 0.0)
        probability = np.where(more, probability * rate / (count + 1), probability)
        probability = np.where(fewer, probability * count / rate, probability)
        below = below + np.where(more, probability, 0.0)
        count = count + more - fewer
    return count.astype(int)


def _signs(world: Coefficients, people: Customers, stay: np.ndarray, month: int, calendar: int, noise: Noise) -> Signs:
    """What this month's intentions show."""
    state = people.intention
    rate = eq.login_rate(people.habit, calendar_month(calendar, month)) * login_factor(world)[state] * stay
    logins = _count_many(rate, noise.uniform(Mechanism.USAGE, month))
    rate = eq.enquiry_rate(people.asks) * enquiry_factor(world)[state]
    count = _count(rate, noise.uniform(Mechanism.ENQUIRY, month), MOST_ENQUIRIES)
    slots, whens = [], []
    for j in range(int(count[people.active].max(initial=0))):
        when = noise.pieces(Mechanism.ENQUIRY, month, 1 + j // 4)[j % 4]
        slots.append(np.flatnonzero(people.active & (count > j) & (when < stay)))
        whens.append(when[slots[-1]])
    reminder, when, _, _ = noise.pieces(Mechanism.REMINDER, month)
    return Signs(
        logins=logins,
        enquiry_slot=np.concatenate([np.zeros(0, dtype=int), *slots]),
        enquiry_when=np.concatenate([np.zeros(0), *whens]),
        reminded=people.active & (reminder < reminder_probability()[state]) & (when < stay),
        reminded_when=when,
    )


def _orders(
    world: Coefficients, people: Customers, rate: np.ndarray, stay: np.ndarray, month: int, noise: Noise
) -> list[Orders]:
    if world.warning:
        rate = rate * order_factor(world)[people.intention]
    count = _count(rate, noise.uniform(Mechanism.ORDERS, month), MOST_ORDERS)
    made = []
    for j in range(int(count[people.active].max(initial=0))):
        when, what, back, back_when = noise.pieces(Mechanism.ORDER, month, 2 * j)
        slot = np.flatnonzero(people.active & (count > j) & (when < stay))
        if not slot.size:
            continue
        luck = noise.normal(Mechanism.ORDER, month, 2 * j + 1, slots=slot)
        when = when[slot]
        category = np.searchsorted(np.cumsum(world.category_share)[:-1], what[slot])
        usual = np.exp(world.basket + people.spends[slot] + world.basket_sd * luck)
        amount = np.round(usual * CATEGORY_PRICE[category], 2)
        made.append(
            Orders(
                slot=slot,
                number=np.full(slot.size, j),
                when=when,
                amount=amount,
                margin=np.round(amount * world.category_margin[category], 2),
                category=category,
                refunded=back[slot] < world.refund_share,
                refunded_when=when + (stay[slot] - when) * back_when[slot],
            )
        )
    return made


def _visits(
    world: Coefficients, people: Customers, stay: np.ndarray, month: int, noise: Noise
) -> tuple[list[Visits], np.ndarray]:
    lifted = np.where(month < people.pilot_until, people.pilot_lift, 0.0)
    made, minutes = [], np.zeros((len(TOUCHPOINTS), len(people)))
    for k, touchpoint in enumerate(TOUCHPOINTS):
        before = (people.latent[k], people.visited[k], people.complained[k], people.settled[k])
        lift = np.where(people.pilot_touchpoint == k, lifted, 0.0)
        each = visit(world, people, k, month, noise, before=before, lift=lift, until=stay)
        people.latent[k], people.visited[k] = each.latent, each.visited
        people.complained[k], people.settled[k] = each.complained, each.settled
        if touchpoint.minutes:
            taken = contact_minutes(touchpoint.minutes, noise.pieces(Mechanism.CONTACT, month, k)[1])
            minutes[k] = np.where(each.used, taken, 0.0)
        made.append(each)
    return made, minutes


def contact_minutes(mean: float, uniform: np.ndarray) -> np.ndarray:
    """Minutes of a contact: one, and an exponential time to a tenth of a minute, rounded up.

    Parameters
    ----------
    mean
        In minutes.
    uniform
        Between 0 and 1, one a contact.
    """
    return 1 + np.ceil(-np.log(uniform) * (mean - 1.05) * 10) / 10


def _replies(world: Coefficients, people: Customers, stay: np.ndarray, month: int, noise: Noise) -> Replies | None:
    willing, day, _, _ = noise.pieces(Mechanism.SURVEY, month)
    when = eq.VISITS_END + (1 - eq.VISITS_END) * day
    turn = (noise.first + np.arange(noise.size) + month) % SURVEY_EVERY == 0
    likely = eq.reply_probability(world, people.satisfaction, people.loyalty)
    slot = np.flatnonzero(people.active & turn & (when < stay) & (willing < likely))
    if not slot.size:
        return None
    satisfaction = people.satisfaction[slot]
    # Each answer's noise is logistic on its own; a mood that all questions share makes them agree more (a copula).
    mood, *own = (noise.normal(Mechanism.ANSWERS, month, sub, slots=slot) for sub in range(4))
    recommend, content, ease = (ndtr(world.mood**0.5 * mood + (1 - world.mood) ** 0.5 * each) for each in own)
    rated = reported_grades(world, people, slot)
    ratings = np.where(people.relevant(month)[:, slot], rated, -1)
    blanks = np.concatenate([noise.pieces(Mechanism.ITEMS, month, sub) for sub in (0, 1)])[:, slot]
    ratings = np.where((ratings > 0) & (blanks < world.blank_share), 0, ratings)
    return Replies(
        slot=slot,
        when=when[slot],
        recommend=answer(satisfaction, world.recommend_cuts, recommend),
        content=1 + answer(satisfaction, world.content_cuts, content),
        ease=1 + answer(satisfaction, world.ease_cuts, ease),
        ratings=ratings.astype(int),
    )


def reported_grades(world: Coefficients, people: Customers, slot: np.ndarray) -> np.ndarray:
    """Grades as they are reported, (touchpoints, slots): the experience, coloured by the general impression (halo).

    Parameters
    ----------
    world
        Its coefficients.
    people
        Customers by slot.
    slot
        Of those who report.
    """
    colour = world.halo * people.satisfaction[slot] / world.touchpoint_sd
    return eq.grade(people.latent[:, slot] + colour)


def answer(satisfaction: np.ndarray, cuts: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """An ordered logit's answer, counted from 0: how many cuts lie below satisfaction plus logistic noise.

    Parameters
    ----------
    satisfaction
        On its latent scale, one an answer.
    cuts
        Ascending.
    uniform
        Between 0 and 1, one an answer.
    """
    latent = satisfaction + np.log(uniform / (1 - uniform))
    return (latent > cuts[:, None]).sum(axis=0)


def calendar_month(calendar: int, month: int) -> int:
    """The calendar month (1–12) of month `month` when month 0 is `calendar`.

    Parameters
    ----------
    calendar
        1 to 12.
    month
        May be below 0.
    """
    return (calendar - 1 + month) % 12 + 1
