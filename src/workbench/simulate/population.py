"""What is true of the population that a study may observe, by large simulation: no survey, no small sample, no end.

Two groups of people are simulated for it, with noise of their own. *Newcomers* are followed from their first day: their
survival, reasons, cash flows and value. *Active customers* at the beginning of the records are asked all at once: what
moves them, what they would answer, and what they would answer if a touchpoint were better.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers, join
from workbench.simulate.engine.futures import Ahead, Worlds, ahead
from workbench.simulate.engine.history import live, reported_grades
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import AGE_GROUPS, PLANS, REASONS, REGIONS, TOUCHPOINTS

HORIZON_MONTHS = 60  # five years: as far as a newcomer's value is told
ANNUAL_RATE = 0.10  # effective a year; a choice, said in the truth
# A share of so many is known to .004 or better; a block fits in memory.
NEWCOMERS, ACTIVE, BLOCK = 32_768, 16_384, 4_096
# Noise of its own, shared with no world.
_REPLICATE_NEW, _REPLICATE_ACTIVE = (1 << 20) + 1, (1 << 20) + 2
SEGMENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "plan": ("plan", PLANS),
    "region": ("region", REGIONS),
    "age_group": ("age", AGE_GROUPS),
}
CASH = ("fees", "purchases", "contacts")
TENTH = (eq.GRADES - 1) / 10  # of the scale of a rating


def discount(months: int, annual_rate: float = ANNUAL_RATE) -> np.ndarray:
    """Present value of 1 paid at the end of month 1, 2, …, `months`.

    Parameters
    ----------
    months
        How many.
    annual_rate
        Of interest, as a share.
    """
    return (1 + annual_rate) ** (-np.arange(1, months + 1) / 12)


def groups(people: Customers) -> Iterator[tuple[str, str, np.ndarray]]:
    """Everybody, and each value of each segment: its name, the value, and who belongs to it.

    Parameters
    ----------
    people
        Customers by slot.
    """
    yield "all", "all", np.ones(len(people), dtype=bool)
    for segment, (attribute, values) in SEGMENTS.items():
        for code, value in enumerate(values):
            yield segment, value, getattr(people, attribute) == code


def newcomers(settings: Settings, world: Coefficients) -> tuple[pa.Table, dict]:
    """Survival, reasons and cash flows of customers who join at the beginning of the records, outside trials.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.

    Returns
    -------
    table
        Columns segment, value, month (1 … 60, from joining), survival at its end, its Monte-Carlo error, incidence and
        hazard (a month, among those there) by reason, and cash flow per newcomer by kind and in total, in money.
    dict
        Lifetime value by segment and value at the annual rate and horizon that it states.
    """
    names = ["survival", *(f"incidence_{reason}" for reason in REASONS), *CASH]
    sums: dict[tuple[str, str], np.ndarray] = {}
    squares: dict[tuple[str, str], np.ndarray] = {}
    sizes: dict[tuple[str, str], int] = {}
    for turn, first in enumerate(range(0, NEWCOMERS, BLOCK)):
        noise = Noise(settings.seed, first, BLOCK, _REPLICATE_NEW)
        people = Customers.none(BLOCK)
        join(world, people, ~people.active, 0, noise)
        # Customers join in all months of the year, for orders have seasons.
        calendar = (settings.first_day.month - 1 + 12 * turn * BLOCK // NEWCOMERS) % 12 + 1
        for each in ahead(world, people, Worlds.one(), noise, first=0, months=HORIZON_MONTHS, calendar=calendar):
            values = _of_month(each)
            for segment, value, who in groups(people):
                key = (segment, value)
                sums.setdefault(key, np.zeros((len(names), HORIZON_MONTHS)))[:, each.month] += values[:, who].sum(
                    axis=1
                )
                squares.setdefault(key, np.zeros(HORIZON_MONTHS))[each.month] += (values[0, who] ** 2).sum()
                if each.month == 0:
                    sizes[key] = sizes.get(key, 0) + int(who.sum())
    parts: list[pa.Table] = []
    worth: dict[str, dict[str, float]] = {}
    for key, total in sums.items():
        n = sizes[key]
        mean = dict(zip(names, total / n, strict=True))
        before = np.concatenate([[1.0], mean["survival"][:-1]])
        columns: dict[str, Any] = {
            "segment": [key[0]] * HORIZON_MONTHS,
            "value": [key[1]] * HORIZON_MONTHS,
            "month": np.arange(1, HORIZON_MONTHS + 1),
            "survival": mean["survival"],
            "survival_error": np.sqrt(np.maximum(squares[key] / n - mean["survival"] ** 2, 0) / n),
        }
        for reason in REASONS:
            left = mean[f"incidence_{reason}"]
            columns[f"incidence_{reason}"] = np.cumsum(left)
            columns[f"hazard_{reason}"] = left / before
        columns |= {f"cash_{kind}": mean[kind] for kind in CASH}
        columns["cash"] = sum(mean[kind] for kind in CASH)
        parts.append(pa.table(columns))
        worth.setdefault(key[0], {})[key[1]] = float(columns["cash"] @ discount(HORIZON_MONTHS))
    told = {
        "annual_rate": ANNUAL_RATE,
        "horizon_months": HORIZON_MONTHS,
        "lifetime_value": worth,
        "customers": NEWCOMERS,
    }
    return pa.concat_tables(parts), told


def _of_month(each: Ahead) -> np.ndarray:
    """(survival, incidences, cash) of the only world, by customer."""
    left = each.left[:, 0]
    return np.concatenate([each.staying, left, np.stack([each.cash[kind][0] for kind in CASH])])


def active_customers(settings: Settings, world: Coefficients) -> dict:
    """What would be answered, by all and by those who would answer; what drives it; what a better grade would do.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.
    """
    samples = []
    for first in range(0, ACTIVE, BLOCK):
        noise = Noise(settings.seed, first, BLOCK, _REPLICATE_ACTIVE)
        first_month = deque(live(world, noise, 1, calendar=settings.first_day.month, surveys=False), maxlen=1)[0]
        samples.append(first_month.people)
    people = _joined(samples)
    everybody = people.active.astype(float)
    weight = everybody * eq.reply_probability(world, people.satisfaction, people.loyalty)
    promoting = eq.net_promoter(world, people.satisfaction)
    lived = eq.grade(people.latent)
    reported = reported_grades(world, people, np.arange(len(people)))
    return {
        "customers": int(everybody.sum()),
        "nps": _by_segment(
            people, {"population": (promoting * 100, everybody), "respondents": (promoting * 100, weight)}
        ),
        "response": float(weight.sum() / everybody.sum()),
        "drivers": {
            "of lived experience, population": _importance(people, lived, everybody),
            "of reported ratings, respondents": _importance(people, reported, weight),
        },
        "what_if": _what_if(world, people, lived, reported, everybody, weight),
    }


def _joined(samples: list[Customers]) -> Customers:
    return Customers(
        **{each.name: np.concatenate([getattr(s, each.name) for s in samples], axis=-1) for each in fields(Customers)}
    )


def _by_segment(people: Customers, measures: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict:
    made: dict[str, dict[str, dict[str, float]]] = {}
    for segment, value, who in groups(people):
        means = {
            name: float(np.average(values[who], weights=weight[who])) for name, (values, weight) in measures.items()
        }
        made.setdefault(segment, {})[value] = means
    return made


def _importance(people: Customers, grades: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Share of satisfaction's variance that each touchpoint accounts for: R² averaged over all orders (LMG, Shapley).

    A touchpoint enters as three columns: used or not, grades below and above the middle among users.
    """
    everything = np.concatenate([_columns(people, grades), people.satisfaction[None]])
    covariance = np.cov(everything, aweights=weight)
    touchpoints = len(TOUCHPOINTS)

    def explained(members: tuple[int, ...]) -> float:
        rows = [3 * k + j for k in members for j in range(3)]
        if not rows:
            return 0.0
        within, across = covariance[np.ix_(rows, rows)], covariance[rows, -1]
        return float(across @ np.linalg.lstsq(within, across, rcond=None)[0] / covariance[-1, -1])

    known = {
        members: explained(members)
        for size in range(touchpoints + 1)
        for members in combinations(range(touchpoints), size)
    }
    shares = np.zeros(touchpoints)
    for members, without in known.items():
        for k in set(range(touchpoints)) - set(members):
            gain = known[tuple(sorted((*members, k)))] - without
            shares[k] += gain / (touchpoints * comb(touchpoints - 1, len(members)))
    return {each.name: float(share) for each, share in zip(TOUCHPOINTS, shares, strict=True)}


def _columns(people: Customers, grades: np.ndarray) -> np.ndarray:
    """(3 × touchpoints, customers): used or not, grades below and above the middle among users."""
    used = people.relevant(0).astype(float)
    away = used * (grades - eq.MIDDLE)
    return np.stack([used, np.minimum(away, 0), np.maximum(away, 0)], axis=1).reshape(-1, len(people))


def _what_if(
    world: Coefficients,
    people: Customers,
    grades: np.ndarray,
    reported: np.ndarray,
    everybody: np.ndarray,
    weight: np.ndarray,
) -> dict[str, dict[str, float]]:
    """What one grade more at a touchpoint brings to the net promoter score, in points, among users below the top.

    That is a grade more that they live through. Beside it, how much higher the score is where they *report* one more,
    or a tenth of the scale, and all else that they report is the same: with halo, that is another number.
    """
    before = eq.net_promoter(world, people.satisfaction)
    relevant = people.relevant(0)
    slopes = _slopes(people, reported, weight)

    def change(shift: np.ndarray, of: np.ndarray) -> float:
        return float(np.average(100 * (eq.net_promoter(world, people.satisfaction + shift) - before), weights=of))

    made = {}
    for k, each in enumerate(TOUCHPOINTS):
        better = np.minimum(grades[k] + 1, eq.GRADES)
        gain = eq.impression(world, k, people.plan, better, 0) - eq.impression(world, k, people.plan, grades[k], 0)
        higher, a_tenth = (_raised(reported[k], points) @ slopes[k] for points in (1.0, TENTH))
        made[each.name] = {
            "population": change(relevant[k] * gain, everybody),
            "respondents": change(relevant[k] * gain, weight),
            "reported ratings, respondents": change(relevant[k] * higher, weight),
            "reported ratings a tenth of the scale, respondents": change(relevant[k] * a_tenth, weight),
        }
    return made


def _slopes(people: Customers, reported: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How satisfaction goes with a reported grade below and above the middle, (touchpoints, 2).

    The other reported grades are given: the linear projection, within plans.
    """
    columns = [_columns(people, reported), np.stack([people.plan == plan for plan in range(len(PLANS))])]
    root = np.sqrt(weight)
    design = np.concatenate(columns).astype(float) * root
    found = np.linalg.lstsq(design.T, people.satisfaction * root, rcond=None)[0]
    return found[: 3 * len(reported)].reshape(-1, 3)[:, 1:]


def _raised(grades: np.ndarray, points: float) -> np.ndarray:
    """(customers, 2): by how much a grade rises below and above the middle when it is raised, and not above the top."""
    better = np.minimum(grades + points, eq.GRADES)
    return np.stack(
        [side(better - eq.MIDDLE, 0) - side(grades - eq.MIDDLE, 0) for side in (np.minimum, np.maximum)], axis=1
    )
