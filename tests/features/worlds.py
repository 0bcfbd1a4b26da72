"""Small random customer worlds with everything that real records have: refunds, late news, gaps, several versions."""

import numpy as np
import pandas as pd

START = pd.Timestamp("2024-01-01")


def world(seed: int, *, customers: int = 12, events: int = 90, days: int = 400) -> dict[str, pd.DataFrame]:
    """Canonical tables as frames; about a third of the rows lie after 2024-10-01."""
    draw = np.random.default_rng(seed)
    ids = np.array([f"c{number:03d}" for number in range(customers)])

    def moments(count):
        # Half of them at midnight, so that some fall on the very instant of a cut-off.
        seconds = draw.integers(0, days * 86400, count)
        seconds = np.where(draw.random(count) < 0.5, seconds // 86400 * 86400, seconds)
        return START + pd.to_timedelta(seconds, unit="s")

    def late(times, share=0.2):
        delay = pd.to_timedelta(draw.integers(0, 60, len(times)) * (draw.random(len(times)) < share), unit="D")
        return pd.Series(times + delay).mask(draw.random(len(times)) < 0.3).to_numpy()

    def some(values, count, missing=0.1):
        return pd.Series(draw.choice(values, count)).mask(draw.random(count) < missing)

    def flags(count, missing=0.1):
        return some([True, False], count, missing).astype("boolean")

    bought = moments(events)
    transactions = pd.DataFrame(
        {
            "customer_id": draw.choice(ids, events),
            "order_id": some([f"o{number}" for number in range(events // 2)], events).to_numpy(),
            "timestamp": bought,
            "amount": draw.normal(20, 25, events).round(draw.integers(0, 4)),
            "margin": draw.normal(5, 5, events).round(2),
            "category": some(list("abcdef"), events).to_numpy(),
            "known_at": late(bought),
        }
    )
    touched = moments(events)
    interactions = pd.DataFrame(
        {
            "customer_id": draw.choice(ids, events),
            "timestamp": touched,
            "touchpoint": some(["shop", "web", "call"], events).to_numpy(),
            "channel": some(["phone", "mail"], events).to_numpy(),
            "minutes": draw.exponential(7, events).round(2),
            "complaint": draw.random(events) < 0.4,
            "resolved_first_contact": flags(events),
            "known_at": late(touched),
        }
    )
    asked = moments(events // 2)
    surveys = pd.DataFrame(
        {
            "response_id": [f"r{number}" for number in range(len(asked))],
            "customer_id": draw.choice(ids, len(asked)),
            "timestamp": asked,
            "weight": draw.random(len(asked)),
            "recommend": pd.Series(draw.integers(0, 11, len(asked)), dtype="Int64").mask(draw.random(len(asked)) < 0.2),
            "satisfaction": pd.Series(draw.normal(7, 2, len(asked)).round(1)).mask(draw.random(len(asked)) < 0.2),
        }
    )
    begun = moments(customers * 2)
    ended = begun + pd.to_timedelta(draw.integers(1, 300, len(begun)), unit="D")
    subscriptions = pd.DataFrame(
        {
            "customer_id": draw.choice(ids, len(begun)),
            "start": begun,
            "end": pd.Series(ended).mask(draw.random(len(begun)) < 0.3),
            "end_reason": some(["price", "service"], len(begun)).to_numpy(),
            "plan": some(["basic", "plus"], len(begun)).to_numpy(),
            "price": draw.choice([10.0, 20.5, 30.0], len(begun)),
        }
    )
    used = moments(events)
    usage = pd.DataFrame(
        {
            "customer_id": draw.choice(ids, events),
            "timestamp": used,
            "known_at": late(used),
            "measure": some(["logins", "minutes"], events).to_numpy(),
            "value": pd.Series(draw.poisson(3, events).astype(float)).mask(draw.random(events) < 0.1),
        }
    )
    interactions["kind"] = some(["enquiry", "reminder", "contact"], events).to_numpy()
    return {
        "transactions": transactions,
        "interactions": interactions,
        "surveys": surveys,
        "subscriptions": subscriptions,
        "usage": usage,
    }


def versions(seed: int, customers: int = 12) -> pd.DataFrame:
    """Attributes of customers with the dates from which they hold."""
    draw = np.random.default_rng(seed)
    rows = 3 * customers
    return pd.DataFrame(
        {
            "customer_id": draw.choice([f"c{number:03d}" for number in range(customers)], rows),
            "valid_from": START + pd.to_timedelta(draw.integers(0, 400, rows), unit="D"),
            "region": draw.choice(["north", "south"], rows),
            "grade": draw.integers(1, 6, rows),
        }
    )
