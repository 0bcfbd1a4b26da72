"""Small logs of orders, and businesses of known parameters."""

import numpy as np
import pandas as pd

from workbench.decisions.value.buyers import WEEK, Buyers, buyers_of
from workbench.decisions.value.margins import OwnMargin
from workbench.decisions.value.orders import OrdersBusiness
from workbench.features import purchase_log
from workbench.models.purchases import Histories, bg_nbd, mbg_nbd, nbd, pareto_nbd
from workbench.models.purchases.forecast import Member, PurchaseForecast, allotted
from workbench.statistics.laplace import Sample

KNOWN = {
    "BG/NBD": [0.243, 4.414, 0.793, 2.426],
    "MBG/NBD": [0.525, 6.183, 0.891, 1.614],
    "Pareto/NBD": [0.553, 10.578, 0.606, 11.669],
    "NBD": [0.385, 12.07],
}
FAMILIES = (bg_nbd(), mbg_nbd(), pareto_nbd(), nbd())
SPEND = [6.25, 3.74, 15.44]


def transactions(customers=400, days=400, seed=1):
    """Customers who come over four fifths of the time and leave after each purchase with chance .15."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        day, pace, level = random.integers(0, 4 * days // 5), random.gamma(1.0, 1 / 20), random.gamma(4.0, 10.0)
        while day < days:
            rows.append((f"c{customer:04d}", int(day), float(random.gamma(5.0, level / 5))))
            if random.random() < 0.15:
                break
            day += max(random.exponential(1 / pace), 1.0)
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    frame["timestamp"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["day"], unit="D")
    return frame.drop(columns="day").assign(amount=frame["amount"].round(2))


def forecast_of(histories, families=FAMILIES[:1], *, draws=400, parameters=KNOWN):
    """Models of equal weight with parameters that are known for sure."""
    members = tuple(
        Member(family=each, weight=1 / len(families), parameters=np.array([parameters[each.name]]), k=0.0)
        for each in families
    )
    models = allotted([member.weight for member in members], draws, seed=1)
    return PurchaseForecast(histories=histories, members=members, models=models, unit_days=WEEK, seed=1)


def business_of(buyers, log, *, families=FAMILIES[:1], draws=400, parameters=KNOWN, spend=SPEND, **more):
    """A business of orders with known parameters; all that is paid is kept."""
    spends = np.tile(np.array(spend, dtype=float), (draws, 1))
    quarters = np.where(buyers.first < np.median(buyers.first), "early", "late")
    return OrdersBusiness(
        **{
            "buyers": buyers,
            "groups": pd.DataFrame({"cohort": quarters}),
            "days": log.days if log is not None else pd.DataFrame(),
            "until": log.until if log is not None else 0,
            "forecast": forecast_of(buyers.histories, families, draws=draws, parameters=parameters),
            "spends": spends,
            "spend_sample": Sample(draws=np.log(spends), effective=float(draws), k=0.0),
            "kept_share": np.ones(draws),
            "contribution": True,
            "seed": 1,
            **more,
        }
    )


def small_business(families=FAMILIES[:2], draws=200, **more):
    """Of a small log."""
    log = purchase_log(transactions(**more))
    return business_of(buyers_of(log.days, log.until), log, families=families, draws=draws)


def one_buyer(frequency=0.0, recency=0.0, observed=0.0, paid=1.0, mean=10.0):
    """A customer with this history, in weeks."""
    return Buyers(
        customers=np.array(["a"]),
        histories=Histories.of(np.array([frequency]), np.array([recency]), np.array([observed])),
        first=np.zeros(1),
        paid=np.array([paid]),
        mean=np.array([mean]),
        kept=np.array([paid * mean]),
        astray=0.0,
        own=OwnMargin.none(1),
    )
