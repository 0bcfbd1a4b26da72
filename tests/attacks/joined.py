"""A made-up company whose tables can be joined, with a few people planted who are told apart by an attribute.

Its data are simulated (`workbench data add --simulate`); then few get levels whose names stand nowhere else: of a
segment, of an attribute that is no segment, and one that is rare in part.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add

# Attribute, level and how many have it.
PLANTED = (
    ("region", "Zokebari", 4),
    ("region", "Nibifobe", 7),
    ("age_group", "Luruliba", 6),
    ("plan", "Kotugimo", 9),
    ("joined_via", "Pudovasi", 5),
)
TABLES = ("customers", "lifetimes", "surveys", "subscriptions")


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A project with the dataset `planted`.

    Attributes
    ----------
    root
        Folder of the project.
    people
        Customers with their attributes, `name`, `spent` (all orders) and `left`.
    """

    root: Path
    people: pd.DataFrame

    @property
    def levels(self):
        """Names of the levels that few have."""
        return [level for _, level, _ in PLANTED]

    def folder(self, run):
        return self.root / "reports" / run["study"] / run["run_id"]


def joined(root, seed=5, customers=400, months=24):
    """Simulate a company in a project and plant its few.

    Parameters
    ----------
    root
        A folder with notebooks/, data/ and reports/.
    seed
        Decides everything.
    customers, months
        Its size.
    """
    given = [f"customers={customers}", f"months={months}", f"seed={seed}", "preset=demo", "truth=false"]
    folder = add("planted", read_settings(given), root).parent
    known = {name: pd.read_parquet(folder / f"{name}.parquet") for name in (*TABLES, "transactions")}
    people = known["customers"]
    random = np.random.default_rng(seed)
    chosen = random.choice(len(people), sum(n for *_, n in PLANTED), replace=False)
    start = 0
    for attribute, level, n in PLANTED:
        own = set(people["customer_id"].iloc[chosen[start : start + n]])
        start += n
        for name in TABLES:
            frame = known[name]
            if attribute in frame:
                frame[attribute] = frame[attribute].mask(frame["customer_id"].isin(own), level)
    for name in TABLES:
        known[name].to_parquet(folder / f"{name}.parquet", index=False)
    spent = known["transactions"].groupby("customer_id")["amount"].sum().round(2)
    gone = known["lifetimes"].groupby("customer_id")["event"].any()
    people = people.assign(spent=people["customer_id"].map(spent), left=people["customer_id"].map(gone))
    return Joined(root=root, people=people)
