"""What the company's systems have of what happened: canonical tables, a block of slots at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import BURN_IN, Customers, Visits
from workbench.simulate.engine.history import MOST_ORDERS, Month, Orders, Replies, Signs
from workbench.simulate.engine.noise import Mechanism, Noise
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.trials import Enrolment
from workbench.simulate.engine.words import (
    AGE_GROUPS,
    CATEGORIES,
    COMMENTS,
    FIRST_NAMES,
    JOINED_VIA,
    LAST_NAMES,
    PLANS,
    REASONS,
    REGIONS,
    TOUCHPOINTS,
    VARIANTS,
)

CONTACT, COMPLAINT, ENQUIRY, REMINDER = KINDS = ("contact", "complaint", "enquiry", "reminder")
_WRITTEN = {ENQUIRY: "e-mail", REMINDER: "letter"}  # the channel of what is about no touchpoint
LOGIN = "logins"
NOT_APPLICABLE = 9  # as the survey tool writes it
_SLOTS = 10_000_000  # more than any world has: ids never meet
_DAY_BEGINS, _DAY_LASTS = 8 * 3600, 13 * 3600  # seconds
_COMMENTS = 0.2  # share of answers with a comment

# Numbers are dealt out as from a shuffled pad, so that they say nothing about when a customer joined: multiplication
# modulo a prime maps different ordinals to different numbers, and a factor near the golden section scatters neighbours.
_TEN_DIGITS, _ELEVEN_DIGITS = 9_999_999_967, 99_999_999_977
_PADS = {"C": (_TEN_DIGITS, 6_180_339_887), "R": (_TEN_DIGITS, 3_819_660_113), "O": (_ELEVEN_DIGITS, 381_966_011)}

Columns = dict[str, pa.Array]


class Book:
    """The records of one block of slots, filled month by month.

    Parameters
    ----------
    settings, world
        Of the world.
    noise
        Of the block.
    """

    def __init__(self, settings: Settings, world: Coefficients, noise: Noise):
        self._settings, self._world, self._noise = settings, world, noise
        self._starts = month_starts(settings.first_day, settings.months)
        self._rows: dict[str, list[dict[str, np.ndarray]]] = {
            name: []
            for name in (
                "customers",
                "subscriptions",
                "transactions",
                "interactions",
                "usage",
                "surveys",
                "treatments",
            )
        }

    def write(self, happened: Month) -> None:
        """Enter one month; months before the records leave only who is active.

        Parameters
        ----------
        happened
            The month after that of the last call.
        """
        month, people = happened.month, happened.people
        if month == 0:
            self._open(np.flatnonzero(people.active), people)
        elif month > 0:
            self._open(np.flatnonzero(happened.joined), people)
        if month < 0:
            return
        gone = np.flatnonzero(happened.left)
        self._close(gone, people, month + happened.stay[gone], happened.reason[gone])
        if month == self._settings.months - 1:
            there = np.flatnonzero(people.active & ~happened.left)
            self._close(there, people, np.full(there.size, month + 1.0), None)
        for bought in happened.orders:
            self._order(bought, people, month)
        for k, visits in enumerate(happened.visits):
            self._contact(k, visits, people, happened.minutes[k], month)
        if happened.signs is not None:
            self._notice(happened.signs, people, month)
        if happened.replies is not None:
            self._reply(happened.replies, people, month)
        for entered in happened.enrolled:
            if entered.recorded:
                self._treat(entered, people)

    def tables(self) -> dict[str, pa.Table]:
        """The tables of the block, each in the order of time."""
        made = {}
        for name, parts in self._rows.items():
            if parts:
                joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
                made[name] = getattr(self, f"_{name}")(joined)
        made["lifetimes"] = self._lifetimes(
            {
                key: np.concatenate([part[key] for part in self._rows["subscriptions"]])
                for key in self._rows["subscriptions"][0]
            }
        )
        return made

    def customer_ids(self, slot: np.ndarray, people: Customers) -> pa.Array:
        """The ids of the customers who are in these slots.

        Parameters
        ----------
        slot
            (n,): slots.
        people
            Customers by slot.
        """
        return _number("C", self._who(slot, people))

    # What happened, as numbers.

    def _who(self, slot: np.ndarray, people: Customers) -> np.ndarray:
        return people.generation[slot] * _SLOTS + self._noise.first + slot

    def _open(self, slot: np.ndarray, people: Customers) -> None:
        names = np.zeros((2, slot.size))
        for month in np.unique(people.joined[slot]):
            here = people.joined[slot] == month
            names[:, here] = self._noise.pieces(Mechanism.NAME, int(month))[:2, slot[here]]
        self._rows["customers"].append(
            {
                "who": self._who(slot, people),
                "joined": people.joined[slot],
                "first_name": (names[0] * len(FIRST_NAMES)).astype(int),
                "last_name": (names[1] * len(LAST_NAMES)).astype(int),
                **_attributes(people, slot),
                "via": people.via[slot],
            }
        )

    def _close(self, slot: np.ndarray, people: Customers, end: np.ndarray, reason: np.ndarray | None) -> None:
        self._rows["subscriptions"].append(
            {
                "who": self._who(slot, people),
                "joined": people.joined[slot],
                "end": end,
                "reason": np.full(slot.size, -1) if reason is None else reason,
                "price": people.price()[slot],
                **_attributes(people, slot),
            }
        )

    def _order(self, orders: Orders, people: Customers, month: int) -> None:
        number = (month * MOST_ORDERS + orders.number) * _SLOTS + self._noise.first + orders.slot
        bought = {
            "who": self._who(orders.slot, people),
            "order": number,
            "time": month + orders.when,
            "amount": orders.amount,
            "margin": orders.margin,
            "category": orders.category,
        }
        back = orders.refunded
        returned = {key: values[back] for key, values in bought.items()}
        returned |= {
            "time": month + orders.refunded_when[back],
            "amount": -orders.amount[back],
            "margin": -orders.margin[back],
        }
        self._rows["transactions"] += [bought, returned]

    def _contact(self, k: int, visits: Visits, people: Customers, minutes: np.ndarray, month: int) -> None:
        logged = visits.used if TOUCHPOINTS[k].channel else visits.complaint
        slot = np.flatnonzero(logged)
        complaint = visits.complaint[slot]
        self._rows["interactions"].append(
            {
                "who": self._who(slot, people),
                "time": month + visits.when[slot],
                "touchpoint": np.full(slot.size, k),
                "minutes": minutes[slot] if TOUCHPOINTS[k].channel else np.full(slot.size, np.nan),
                "kind": complaint.astype(int),  # a position in KINDS
                # Known for complaints, and for contacts that had something to resolve.
                "resolved": np.where(complaint, visits.settled[slot], visits.grades[slot] >= 3).astype(float),
            }
        )

    def _notice(self, signs: Signs, people: Customers, month: int) -> None:
        """Logins of the month, enquiries, and reminders: contacts that are about no touchpoint."""
        there = np.flatnonzero(people.active)
        self._rows["usage"].append(
            {"who": self._who(there, people), "month": np.full(there.size, month), "value": signs.logins[there]}
        )
        reminded = np.flatnonzero(signs.reminded)
        slot = np.concatenate([signs.enquiry_slot, reminded])
        self._rows["interactions"].append(
            {
                "who": self._who(slot, people),
                "time": month + np.concatenate([signs.enquiry_when, signs.reminded_when[reminded]]),
                "touchpoint": np.full(slot.size, -1),
                "minutes": np.full(slot.size, np.nan),
                "kind": np.repeat(
                    [KINDS.index(ENQUIRY), KINDS.index(REMINDER)], [signs.enquiry_slot.size, reminded.size]
                ),
                "resolved": np.full(slot.size, np.nan),
            }
        )

    def _reply(self, replies: Replies, people: Customers, month: int) -> None:
        slot = replies.slot
        mood, variant = self._noise.pieces(Mechanism.SURVEY, month, 1)[:2, slot]
        rated = replies.ratings > 0
        lowest = np.where(rated, replies.ratings, 99).argmin(axis=0)
        highest = np.where(rated, replies.ratings, -99).argmax(axis=0)
        about = np.where(replies.recommend >= 9, highest, lowest)
        # The angry and the delighted write more than the others.
        strong = (replies.recommend <= 4) | (replies.recommend == 10)
        told = (mood < np.where(strong, 2 * _COMMENTS, _COMMENTS)) & rated.any(axis=0)
        told_grade = replies.ratings[about, np.arange(slot.size)]
        told_grade = np.where((replies.recommend <= 6) & (told_grade >= 4), 0, told_grade)
        text = (about * len(COMMENTS) + told_grade) * VARIANTS + (variant * VARIANTS).astype(int)
        self._rows["surveys"].append(
            {
                "who": self._who(slot, people),
                "response": month * _SLOTS + self._noise.first + slot,
                "time": month + replies.when,
                "recommend": replies.recommend,
                "content": replies.content,
                "ease": replies.ease,
                **{each.name: replies.ratings[k] for k, each in enumerate(TOUCHPOINTS)},
                "comment": np.where(told, text, -1),
                **_attributes(people, slot),
            }
        )

    def _treat(self, each: Enrolment, people: Customers) -> None:
        self._rows["treatments"].append(
            {
                "who": self._who(each.slot, people),
                "initiative": np.full(each.slot.size, each.name, dtype=object),
                "arm": np.array(each.arms, dtype=object)[each.arm],
                "start": np.full(each.slot.size, each.start) if each.begins is None else each.begins,
                "lasts": np.full(each.slot.size, each.until - each.start),
                "cost": each.cost,
            }
        )

    # Numbers as the columns of a company's tables.

    def _customers(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        first, last = _words(FIRST_NAMES, rows["first_name"]), _words(LAST_NAMES, rows["last_name"])
        columns = {
            "customer_id": _number("C", rows["who"]),
            "name": pc.binary_join_element_wise(first.cast(pa.string()), last.cast(pa.string()), " "),
            "first_seen": self._day(rows["joined"]),
            **_segments(rows),
            "joined_via": _words(JOINED_VIA, rows["via"]),
        }
        return _ordered(columns, rows["joined"], rows["who"])

    def _subscriptions(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        open_ = rows["reason"] < 0
        columns = {
            "customer_id": _number("C", rows["who"]),
            "start": self._day(rows["joined"]),
            # The first day without a contract.
            "end": self._day(rows["end"], following=True, missing=open_),
            "end_reason": _words(REASONS, rows["reason"], missing=open_),
            "plan": _words(PLANS, rows["plan"]),
            "price": pa.array(rows["price"]),
        }
        return _ordered(columns, rows["joined"], rows["who"])

    def _lifetimes(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        columns = {
            "customer_id": _number("C", rows["who"]),
            "duration": pa.array(np.ceil((rows["end"] - rows["joined"]) * 1000) / 1000),
            "event": pa.array(rows["reason"] >= 0),
            "entry": pa.array(np.maximum(-rows["joined"], 0).astype(float)),
            "reason": _words(REASONS, rows["reason"], missing=rows["reason"] < 0),
            **_segments(rows),
            "price": pa.array(rows["price"]),
        }
        return _ordered(columns, rows["joined"], rows["who"])

    def _transactions(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        columns = {
            "customer_id": _number("C", rows["who"]),
            "order_id": _number("O", rows["order"]),
            "timestamp": self._moment(rows["time"]),
            "amount": pa.array(rows["amount"]),
            "margin": pa.array(rows["margin"]),
            "category": _words(CATEGORIES, rows["category"]),
        }
        return _ordered(columns, rows["time"], rows["who"])

    def _interactions(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        touchpoint, kind = rows["touchpoint"], rows["kind"]
        channels = [each.channel or "chat" for each in TOUCHPOINTS] + [_WRITTEN[ENQUIRY], _WRITTEN[REMINDER]]
        written = len(TOUCHPOINTS) + (kind == KINDS.index(REMINDER))
        columns = {
            "customer_id": _number("C", rows["who"]),
            "timestamp": self._moment(rows["time"]),
            "touchpoint": _words([each.name for each in TOUCHPOINTS], touchpoint, missing=touchpoint < 0),
            "channel": _words(channels, np.where(touchpoint < 0, written, touchpoint)),
            "kind": _words(KINDS, kind),
            "minutes": pa.array(rows["minutes"], mask=np.isnan(rows["minutes"])),
            "resolved_first_contact": pa.array(rows["resolved"] > 0, mask=np.isnan(rows["resolved"])),
            "complaint": pa.array(kind == KINDS.index(COMPLAINT)),
        }
        return _ordered(columns, rows["time"], rows["who"])

    def _usage(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        """A row a customer and month; it is known on the first day of the next."""
        month, size = rows["month"], len(rows["who"])
        starts = self._starts.astype("datetime64[s]")
        order = np.lexsort((rows["who"], month))
        month = month[order]
        return pa.table(
            {
                "customer_id": _number("C", rows["who"][order]),
                "timestamp": pa.array(starts[month + BURN_IN], pa.timestamp("s")),
                "known_at": pa.array(starts[month + BURN_IN + 1], pa.timestamp("s")),
                "measure": _words((LOGIN,), np.zeros(size, dtype=int)),
                "value": pa.array(rows["value"][order], pa.int32()),
            }
        )

    def _surveys(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        columns = {
            "response_id": _number("R", rows["response"]),
            "customer_id": _number("C", rows["who"]),
            "timestamp": self._moment(rows["time"]),
            "recommend": pa.array(rows["recommend"], pa.int8()),
            "satisfaction": pa.array(rows["content"], pa.int8()),
            "ease": pa.array(rows["ease"], pa.int8()),
        }
        for each in TOUCHPOINTS:
            rated = np.where(rows[each.name] < 0, NOT_APPLICABLE, rows[each.name])
            columns[each.name] = pa.array(rated, pa.int8(), mask=rated == 0)
        texts = [
            text.format(touchpoint=each.label.lower())
            for each in TOUCHPOINTS
            for grade in range(len(COMMENTS))
            for text in COMMENTS[grade]
        ]
        columns["comment"] = _words(texts, rows["comment"], missing=rows["comment"] < 0)
        return _ordered({**columns, **_segments(rows)}, rows["time"], rows["who"])

    def _treatments(self, rows: Mapping[str, np.ndarray]) -> pa.Table:
        ahead = rows["start"] >= self._settings.months  # dealt out, and not begun while the records last
        columns = {
            "customer_id": _number("C", rows["who"]),
            "initiative": pa.array(rows["initiative"], pa.string()),
            "arm": pa.array(rows["arm"], pa.string()),
            "start": self._day(np.where(ahead, 0, rows["start"]), missing=ahead),
            "end": self._day(np.where(ahead, 0, rows["start"] + rows["lasts"]), missing=ahead),
            "cost": pa.array(rows["cost"]),
        }
        return _ordered(columns, rows["start"], rows["who"])

    def _day(self, time: np.ndarray, *, following: bool = False, missing: np.ndarray | None = None) -> pa.Array:
        day, _ = self._parts(time)
        return pa.array(day + np.timedelta64(int(following), "D"), pa.date32(), mask=missing)

    def _moment(self, time: np.ndarray) -> pa.Array:
        """Within opening hours; in the order of time."""
        day, rest = self._parts(time)
        seconds = (_DAY_BEGINS + rest * _DAY_LASTS).astype(int)
        return pa.array(day.astype("datetime64[s]") + seconds.astype("timedelta64[s]"), pa.timestamp("s"))

    def _parts(self, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        month = np.floor(time).astype(int)
        start = self._starts[month + BURN_IN]
        days = (time - month) * (self._starts[month + BURN_IN + 1] - start).astype(int)
        whole = np.floor(days)
        return start + whole.astype("timedelta64[D]"), days - whole


def month_starts(first_day: date, months: int) -> np.ndarray:
    """First days of the months from the burn-in to two years after the records: `[m + BURN_IN]` is that of month m.

    Parameters
    ----------
    first_day
        Of the records.
    months
        How many the records have.
    """
    first = np.datetime64(first_day, "M")
    return (first + np.arange(-BURN_IN, months + 27)).astype("datetime64[D]")


def extract_day(settings: Settings) -> date:
    """The day of the extract: the first after the records, on which nothing has happened yet.

    Parameters
    ----------
    settings
        Of the world.
    """
    return month_starts(settings.first_day, settings.months)[settings.months + BURN_IN].astype(date)


def _attributes(people: Customers, slot: np.ndarray) -> dict[str, np.ndarray]:
    return {name: getattr(people, name)[slot] for name in ("plan", "region", "age")}


def _segments(rows: Mapping[str, np.ndarray]) -> Columns:
    return {
        "plan": _words(PLANS, rows["plan"]),
        "region": _words(REGIONS, rows["region"]),
        "age_group": _words(AGE_GROUPS, rows["age"]),
    }


def _number(pad: str, ordinal: np.ndarray) -> pa.Array:
    modulus, factor = _PADS[pad]
    mixed = ordinal.astype(np.uint64) * np.uint64(factor) % np.uint64(modulus)
    digits = pc.utf8_lpad(pa.array(mixed).cast(pa.string()), len(str(modulus)), "0")
    return pc.binary_join_element_wise(pad, digits, "")


def _words(words: Sequence[str], position: np.ndarray, *, missing: np.ndarray | None = None) -> pa.Array:
    index = pa.array(np.maximum(position, 0), pa.int32(), mask=missing)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(words), pa.string())).cast(pa.string())


def _ordered(columns: Columns, *keys: np.ndarray) -> pa.Table:
    """Sorted by the first key; ties by the others, so that the order does not depend on how rows came together."""
    return pa.table(columns).take(pa.array(np.lexsort(keys[::-1])))


def blocks(customers: int, size: int) -> Iterator[tuple[int, int]]:
    """First slot and number of slots of each block.

    Parameters
    ----------
    customers
        How many slots the world has.
    size
        Slots of a block at most.
    """
    for first in range(0, customers, size):
        yield first, min(size, customers - first)
