"""Worlds whose rates stay as they are, or change once, with what became of everybody after the records end."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.survival.lifetimes.read import Lifetimes, read_lifetimes

END = pd.Timestamp("2025-07-01")
MONTH = 365.25 / 12


@dataclass(frozen=True)
class World:
    """Lifetimes as the records have them, and by customer the months from their end until it leaves."""

    lifetimes: Lifetimes
    to_come: pd.Series
    rows: pd.DataFrame


def world(
    kind: str,
    seed: int,
    *,
    size: int = 1500,
    years: float = 4.0,
    change: float = 1.0,
    last: float = 4.0,
    season: float = 0.0,
) -> World:
    """A world of one kind.

    Parameters
    ----------
    kind
        `smooth`, `monthly` and `yearly` terms, `lapse`, `coarse` (whole quarters without dates).
    change, last
        By how much the hazard is multiplied in the last months before the records end, and after.
    season
        Log amplitude of a yearly season.
    """
    random = np.random.default_rng(seed)
    if kind == "lapse":
        return buyers(random, min(size, 900))
    span = years * 12
    joined = -random.uniform(0, span, size)  # months before the end of the records
    if kind == "coarse":
        joined = -3.0 * random.integers(1, span // 3, size)
    plan = random.choice(["a", "b", "c"], size, p=[0.5, 0.3, 0.2])
    usage = random.normal(size=size)
    hazard = 0.03 * pd.Series(plan).map({"a": 1.0, "b": 0.5, "c": 1.8}).to_numpy() * np.exp(0.4 * usage)
    step = 0.25 if kind in ("smooth", "coarse") else 1.0
    life = np.full(size, np.inf)
    for place in range(int((span + 30) / step)):
        age = (place + 1) * step
        then = joined + age
        factor = np.exp(season * np.sin(2 * np.pi * then / 12)) * np.where(then > -last, change, 1.0)
        if kind == "yearly":
            each = np.where(age % 12 == 0, 8 * hazard, 0.1 * hazard)
        else:
            each = hazard * step * (1 + 0.8 * np.exp(-age / 6))
        gone = np.isinf(life) & (random.random(size) < 1 - np.exp(-each * factor))
        life[gone] = age
    if kind in ("smooth", "coarse"):
        life -= random.uniform(0, step, size)
    left = joined + life
    if kind == "coarse":
        ended = left <= 0
        quarters = np.where(ended, np.ceil(life / 3), np.floor(-joined / 3))
        kept = quarters > 0
        rows = pd.DataFrame(
            {
                "customer_id": np.arange(size).astype(str),
                "duration": quarters,
                "event": ended,
                "plan": plan,
                "usage": usage,
            }
        )[kept]
        lifetimes = read_lifetimes("lifetimes", rows, time_unit="quarters")
        # Last seen at the end of a whole quarter: what is to come counts from there, of those still there at the end.
        to_come = pd.Series(life - np.floor(-joined / 3) * 3, index=np.arange(size).astype(str))
        return World(lifetimes, to_come[kept & ~ended], rows)
    start = (END + pd.to_timedelta(joined * MONTH, unit="D")).floor("D")
    if kind == "smooth":
        end = (start + pd.to_timedelta(np.where(np.isinf(life), 999, life) * MONTH, unit="D")).floor("D")
    else:
        whole = np.where(np.isinf(life), 999, life).astype(int)
        end = pd.Series([a + pd.DateOffset(months=b) for a, b in zip(start, whole, strict=True)])
    end = pd.Series(end)
    ids = np.arange(size).astype(str)
    rows = pd.DataFrame(
        {"customer_id": ids, "start": start, "end": end.where(end <= END), "plan": plan, "usage": usage}
    )
    lifetimes = read_lifetimes("subscriptions", rows, as_of=END.date())
    to_come = pd.Series(((end - END) / pd.Timedelta(days=1) / MONTH).to_numpy(), index=ids)
    return World(lifetimes, to_come[(end > END).to_numpy()], rows)


def buyers(random: np.random.Generator, size: int) -> World:
    """Purchases at a rate of each customer's own until it stops for good, three years on the records."""
    days = int(3 * 365.25)
    rows, all_days = [], {}
    for each in range(size):
        since, rate, life = random.uniform(-700, 1000), random.gamma(1.5, 1 / 45), random.exponential(500)
        count = random.poisson((life + 1) * rate)
        bought = np.sort(np.append(since, since + random.uniform(0, life, count)))
        bought = np.unique(bought[(bought >= 0) & (bought < days + 900)].astype(int))
        all_days[str(each)] = bought
        rows += [(str(each), day) for day in bought[bought < days]]
    begin = END - pd.Timedelta(days=days)
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    frame["timestamp"] = begin + pd.to_timedelta(frame["day"], unit="D")
    frame["amount"] = np.round(random.lognormal(3, 0.5, len(frame)), 2)
    rows = frame[["customer_id", "timestamp", "amount"]]
    lifetimes = read_lifetimes("transactions", rows, as_of=END.date())
    lapse = lifetimes.lapse.days
    to_come = {}
    for name, bought in all_days.items():
        before = bought[bought < days]
        if len(before) and days - before[-1] <= lapse:
            last = before[-1]
            for day in bought[bought >= days]:
                if day - last > lapse:
                    break
                last = day
            to_come[name] = (last + lapse - days) / MONTH
    return World(lifetimes, pd.Series(to_come), rows)
