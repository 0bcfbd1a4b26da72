"""The raw logs of CDNOW, read as files: the package's own loaders fail on Python 3.13."""

from functools import cache
from importlib.metadata import files

import numpy as np
import pandas as pd

from workbench.models.purchases import from_log

UNTIL = 272  # 1997-09-30, in days from 1997-01-01


@cache
def log(name):
    """Customer, day from 1997-01-01, and amount of each line of the sample or the master file."""
    path = next(each for each in files("lifetimes") if each.name == f"CDNOW_{name}.txt").locate()
    lines = [line.split() for line in path.read_text().splitlines()]
    lines = [line for line in lines if line and line[0].isdigit()]
    days = (pd.to_datetime([line[-3] for line in lines], format="%Y%m%d") - pd.Timestamp("1997-01-01")).days
    customers = np.array([int(line[0 if name == "master" else 1]) for line in lines])
    return customers, days.to_numpy(), np.array([float(line[-1]) for line in lines])


@cache
def histories(name="sample"):
    """Histories in weeks up to 1997-09-30, and purchases in the 39 weeks after it."""
    customers, days, _ = log(name)
    return from_log(customers, days, UNTIL, 7)[1:]


@cache
def repeat_spend(name="sample"):
    """Number and mean amount of repeat purchases of those who have any; purchases of one day are one."""
    customers, days, amounts = log(name)
    table = pd.DataFrame({"customer": customers, "day": days, "amount": amounts})[days <= UNTIL]
    daily = table.groupby(["customer", "day"], as_index=False)["amount"].sum()
    repeats = daily[daily["customer"].duplicated()]
    found = repeats.groupby("customer")["amount"].agg(["size", "mean"])
    return found[found["mean"] > 0]
