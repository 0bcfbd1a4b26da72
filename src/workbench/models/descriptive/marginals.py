"""Marginals of surveys and lifetimes, as one data set is compared with others."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from workbench.models.descriptive.sample_comparison import SampleComparison
from workbench.statistics.product_limit import product_limit, survival_at
from workbench.wording import listing, number, sentence

PROMOTERS_FROM, DETRACTORS_TO = 9, 6  # Reichheld 2003


def recommend_groups(answers: Mapping[str, pd.Series], *, margin: float) -> SampleComparison:
    """Shares of promoters (9 and 10), passives (7 and 8) and detractors (6 or less), by data set.

    Parameters
    ----------
    answers
        To the question whether one would recommend, by data set, the tested one first; its scale ends at 10. Missing
        answers are left out.
    margin
        As of `SampleComparison`.

    Examples
    --------
    >>> two = {"a": pd.Series([10, 9, 8, 3]), "b": pd.Series([9, 7, None, 1])}
    >>> recommend_groups(two, margin=0.1).shares["a"].tolist()
    [0.5, 0.25, 0.25]
    """
    given = {name: each.dropna() for name, each in answers.items()}
    shares = {}
    for name, each in given.items():
        high, low = float((each >= PROMOTERS_FROM).mean()), float((each <= DETRACTORS_TO).mean())
        shares[name] = [high, 1 - high - low, low]
    groups = [sentence("promoters"), sentence("passives"), sentence("detractors")]
    sizes = listing([f"{name} {number(len(each))}" for name, each in given.items()])
    lowest = listing([f"{name} {number(each.min())}" for name, each in given.items()])
    template = "Answers: {sizes}. Scales end at 10 but need not begin alike; the lowest answers given: {lowest}."
    return SampleComparison(
        name="recommend_groups",
        topic=sentence("Who would recommend"),
        shares=pd.DataFrame(shares, index=groups),
        margin=margin,
        note=sentence(template, sizes=sizes, lowest=lowest),
        n=len(next(iter(given.values()))),
    )


def share_staying(lifetimes: Mapping[str, pd.DataFrame], months: Iterable[float], *, margin: float) -> SampleComparison:
    """Kaplan–Meier share of customers still there, by data set, allowing for customers who were followed from later on.

    Parameters
    ----------
    lifetimes
        Tables by data set, the tested one first, in months: `duration`, `event` and, where it is there, `entry`: how
        long a customer had been one when the records begin. Customers count from then on (left truncation).
    months
        When to look.
    margin
        As of `SampleComparison`.
    """
    months = list(months)
    grid = np.arange(0, max(months) * 1.0 + 0.25, 0.25)
    curves, shares = {}, {}
    for name, table in lifetimes.items():
        lived = table[table["duration"] > 0]
        entry = lived["entry"].to_numpy() if "entry" in lived.columns else None
        curve = product_limit(lived["duration"].to_numpy(), lived["event"].to_numpy(dtype=bool), entry=entry)
        curves[name] = (grid, survival_at(curve, grid))
        shares[name] = survival_at(curve, np.array(months, dtype=float))
    sizes = listing([f"{name} {number(len(each))}" for name, each in lifetimes.items()])
    template = "Kaplan–Meier curves of customers ({sizes}); those who joined before the records count from then on."
    return SampleComparison(
        name="share_staying",
        topic=sentence("Share of customers still there"),
        shares=pd.DataFrame(shares, index=[sentence("after {months} months", months=number(m)) for m in months]),
        margin=margin,
        note=sentence(template, sizes=sizes),
        n=len(next(iter(lifetimes.values()))),
        curves=curves,
        axis=(sentence("Months as a customer"), sentence("Customers still there")),
        ticks=np.arange(0, grid[-1] + 1, 12 if grid[-1] >= 24 else 3).tolist(),
    )
