"""Made-up companies in which small groups are planted: levels of one to nine people, and ones that are small in part.

Names of levels are words that stand nowhere else, so that a level that is found anywhere was given away.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ITEMS = ("speed", "care", "price", "range")


@dataclass(frozen=True, kw_only=True)
class Company:
    """A project with one dataset, `planted`.

    Attributes
    ----------
    root
        Folder of the project.
    people
        One row a person, with all that is true of them.
    attributes
        Columns by which people are told apart.
    seed
        Of which it was made.
    """

    root: Path
    people: pd.DataFrame
    attributes: tuple[str, ...]
    seed: int

    def small(self, among=None):
        """(attribute, level) of fewer than ten people, all or of those whom a mask chooses."""
        chosen = self.people if among is None else self.people[among]
        for attribute in self.attributes:
            sizes = chosen[attribute].value_counts()
            yield from ((attribute, level) for level, size in sizes.items() if 0 < size < 10)


def company(root: Path, seed: int, kind: str) -> Company:
    """Write a project whose dataset has lifetimes, surveys or orders.

    Parameters
    ----------
    root
        An empty folder.
    seed
        Decides everything.
    kind
        `lifetimes`, `surveys` or `orders`.
    """
    random = np.random.default_rng([seed, len(kind)])
    people = _people(random)
    tables = {"lifetimes": _lifetimes, "surveys": _surveys, "orders": _orders}[kind](people, random)
    for folder in ("notebooks", "reports", "data/planted"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    lines = ["title: Planted", "tables:"]
    for name, (frame, columns) in tables.items():
        frame.to_csv(root / f"data/planted/{name}.csv", index=False)
        lines += [f"  {name}:", f"    file: {name}.csv"]
        if name == next(iter(tables)):
            lines.append("    segments: [region, plan, vip]")
        lines += ["    columns:", *(f"      {column}: {what}" for column, what in columns.items())]
    (root / "data/planted/dataset.yaml").write_text("\n".join(lines) + "\n")
    return Company(root=root, people=people, attributes=("region", "plan", "vip"), seed=seed)


def _word(random):
    return "".join(random.choice(list("bdfgklmnprstvz")) + random.choice(list("aeiou")) for _ in range(4)).title()


def _people(random):
    """Regions of one to nine people and large ones; a plan that nearly all have left, or few can be followed long."""
    small = [int(random.integers(1, 10)) for _ in range(random.integers(1, 4))]
    large = [int(random.integers(10, 16)), *(int(random.integers(40, 110)) for _ in range(3))]
    regions = [_word(random) for _ in (*small, *large)]
    region = np.repeat(regions, (*small, *large))
    n = len(region)
    plans = [_word(random) for _ in range(4)]
    # The second is rare; of the third nearly all have left; the fourth is young.
    plan = random.choice(plans, n, p=[0.5, 0.1, 0.15, 0.25])
    vip = np.zeros(n, dtype=bool)
    vip[random.choice(n, int(random.choice([4, 8, 14])), replace=False)] = True
    people = pd.DataFrame({"region": region, "plan": plan, "vip": np.where(vip, "yes", "no")})
    people["age"] = random.integers(18, 80, n)
    people["customer_id"] = [f"c{i:05d}" for i in range(n)]
    gone = plan == plans[2]
    young = plan == plans[3]
    born = random.uniform(1, 40, n)
    born[young] = random.uniform(1, 14, young.sum())
    life = random.exponential(np.where(gone, 6.0, 30.0) * np.exp(0.01 * (people["age"] - 50)), n)
    life[gone] = np.minimum(life[gone], born[gone])
    left = life <= born
    spared = np.flatnonzero(gone)[: int(random.integers(1, 10))]
    left[spared] = False
    duration = np.where(left, life, born)
    whole = random.random() < 0.6
    people["duration"] = np.maximum(np.ceil(duration), 1) if whole else np.round(duration, 3) + 0.01
    people["event"] = left.astype(int)
    return people.sample(frac=1, random_state=int(random.integers(2**31))).reset_index(drop=True)


def _lifetimes(people, random):
    columns = {
        "customer_id": "{personal: false}",
        "duration": "{unit: months}",
        "event": "event",
        "region": "{label: Region, type: category}",
        "plan": "{label: Plan, type: category}",
        "vip": "{label: Guest of honour, true_values: ['yes'], false_values: ['no']}",
        "age": "{type: number, label: Age}",
    }
    return {"lifetimes": (people[list(columns)], columns)}


def _surveys(people, random):
    n = len(people)
    mood = random.normal(0, 1, n)
    answers = people[["customer_id", "region", "plan", "vip"]].copy()
    total = mood.copy()
    for item in ITEMS:
        value = 0.6 * mood + random.normal(0, 1, n)
        total = total + 0.5 * value
        answers[item] = np.clip(np.round(5.5 + 2 * value), 1, 10).astype(int).astype(str)
    answers["nps"] = np.clip(np.round(6 + 1.5 * total), 0, 10).astype(int)
    # Of some plans hardly anybody has been at a touchpoint.
    for item in ITEMS[2:]:
        own = np.flatnonzero(people["plan"] == random.choice(people["plan"].unique()))
        answers.loc[own[int(random.integers(1, 10)) :], item] = "99"
    columns = {
        "customer_id": "{personal: false}",
        "region": "{label: Region, type: category}",
        "plan": "{label: Plan, type: category}",
        "vip": "{label: Guest of honour, true_values: ['yes'], false_values: ['no']}",
        "nps": "{type: rating, scale: [0, 10], role: outcome, label: Recommend}",
        **{
            item: f"{{type: rating, scale: [1, 10], role: driver, label: {item.title()}, not_applicable: [99]}}"
            for item in ITEMS
        },
    }
    return {"surveys": (answers, columns)}


def _orders(people, random):
    rows = []
    end = np.datetime64("2024-12-01")
    for each in people.itertuples():
        since = end - np.timedelta64(int(each.duration * 30.4), "D")
        gaps = random.exponential(45, 12).cumsum()
        life = each.duration * 30.4 if not each.event else each.duration * 15
        for days in [0.0, *gaps[gaps < life]]:
            when = since + np.timedelta64(int(days), "D")
            if when < end:
                rows.append((each.customer_id, when, round(float(random.gamma(4, 10)), 2)))
    orders = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])
    who = people[["customer_id", "region", "plan", "vip"]]
    columns = {
        "customer_id": "{personal: false}",
        "region": "{label: Region, type: category, constant: true}",
        "plan": "{label: Plan, type: category, constant: true}",
        "vip": "{label: Guest of honour, true_values: ['yes'], false_values: ['no'], constant: true}",
    }
    bought = {
        "customer_id": "{personal: false}",
        "timestamp": "{type: timestamp}",
        "amount": "{type: money, currency: EUR}",
    }
    return {"customers": (who, columns), "transactions": (orders, bought)}
