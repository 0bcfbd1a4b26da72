"""The difference between two arms that chance dealt, within strata, at the unit of the draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot.adjusted import difference, strata_of
from workbench.statistics.product_limit import product_limit, survival_at

FEWEST = 20  # units an arm, below which a difference is not told: its interval would not hold its level
FEWEST_CLUSTERS = 4  # units an arm where whole units were dealt: t with units − 2 degrees of freedom holds its level


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An arm against the control.

    Attributes
    ----------
    estimate, error
        Treated minus control, and its standard error.
    degrees
        Of freedom of the t distribution; infinite for the normal one.
    treated, control
        Mean of each.
    n_treated, n_control
        Customers behind them.
    """

    estimate: float
    error: float
    degrees: float
    treated: float
    control: float
    n_treated: int
    n_control: int

    def interval(self, confidence: float) -> tuple[float, float]:
        """Its confidence interval.

        Parameters
        ----------
        confidence
            Its level, between 0 and 1.
        """
        reach = float(stats.t.ppf((1 + confidence) / 2, self.degrees)) * self.error
        return self.estimate - reach, self.estimate + reach

    @property
    def p_value(self) -> float:
        """Of no difference, two-sided."""
        return float(2 * stats.t.sf(abs(self.estimate) / self.error, self.degrees)) if self.error > 0 else 1.0


def of_means(
    values: np.ndarray, treated: np.ndarray, strata: np.ndarray, clusters: np.ndarray | None
) -> Difference | None:
    """The difference of means.

    Parameters
    ----------
    values
        float (n,), one a customer, no gaps.
    treated
        bool (n,).
    strata
        (n,) within which arms were dealt; a stratum with one arm says nothing.
    clusters
        (n,) units that were dealt as wholes; None: customers were.

    Returns
    -------
    Difference or None
        None with too few of either arm. Of customers `lot.difference`, within strata; of clusters the
        unweighted difference of their means, t with clusters − 2 degrees of freedom; where arms were dealt in other
        shares from stratum to stratum, within them, weighted by how many clusters they have.
    """
    if clusters is not None:
        rows = pd.DataFrame({"y": values, "treated": treated, "stratum": strata, "unit": clusters})
        return _of_clusters(rows.groupby("unit")["y"].mean(), rows)
    dealt = Sample(values=np.asarray(values, dtype=float), treated=treated, stratum=strata)
    kept, _ = strata_of(dealt)
    people = int((kept & treated).sum()), int((kept & ~treated).sum())
    if min(people) < FEWEST:
        return None
    found = difference(dealt)
    if not found.se > 0:
        return None
    return Difference(
        estimate=found.estimate,
        error=found.se,
        degrees=found.df,
        treated=found.treated,
        control=found.control,
        n_treated=people[0],
        n_control=people[1],
    )


def of_survival(
    times: np.ndarray,
    events: np.ndarray,
    horizon: float,
    treated: np.ndarray,
    strata: np.ndarray,
    clusters: np.ndarray | None,
) -> Difference | None:
    """The difference of the shares that are still there after `horizon`: Kaplan–Meier, Greenwood's variance.

    Parameters
    ----------
    times
        float (n,), how long each was followed since the start, in the unit of `horizon`.
    events
        bool (n,), whether that ended with leaving.
    horizon
        When to look.
    treated, strata, clusters
        As of `of_means`.
    """
    rows = pd.DataFrame({"time": times, "event": events, "treated": treated, "stratum": strata})
    if clusters is not None:
        rows["unit"] = clusters
        shares = {unit: _survival(own, horizon)[0] for unit, own in rows.groupby("unit")}
        return _of_clusters(pd.Series(shares), rows)
    found = {key: (*_survival(own, horizon), len(own)) for key, own in rows.groupby(["stratum", "treated"])}
    table = pd.DataFrame.from_dict(found, orient="index", columns=["mean", "square", "count"])
    table.index = pd.MultiIndex.from_tuples(table.index, names=["stratum", "treated"])
    wide = table.unstack("treated")
    return _pooled(*(pd.DataFrame(wide[name]) for name in ("mean", "square", "count")))


def _pooled(mean: pd.DataFrame, square: pd.DataFrame, count: pd.DataFrame) -> Difference | None:
    """Strata with both arms, weighted by their size."""
    if not {True, False} <= set(mean.columns):
        return None
    whole = (mean.notna() & square.notna()).all(axis=1)
    mean, square, count = mean.loc[whole], square.loc[whole], count.loc[whole]
    if not len(mean) or min(count[True].sum(), count[False].sum()) < FEWEST:
        return None
    weight = (count[True] + count[False]) / (count[True] + count[False]).sum()
    variance = float((weight**2 * (square[True] + square[False])).sum())
    if not variance > 0:
        return None
    treated, control = (float((weight * mean[arm]).sum()) for arm in (True, False))
    return Difference(
        estimate=treated - control,
        error=variance**0.5,
        degrees=np.inf,
        treated=treated,
        control=control,
        n_treated=int(count[True].sum()),
        n_control=int(count[False].sum()),
    )


def _of_clusters(values: pd.Series, rows: pd.DataFrame) -> Difference | None:
    units = rows.groupby("unit")[["treated", "stratum"]].first().reindex(values.index).assign(y=values).dropna()
    shares = units.groupby("stratum")["treated"].agg(["mean", "nunique"])
    if shares["mean"].round(9).nunique() == 1:
        units["stratum"] = ""  # both arms are of the same strata as they are
    else:
        units = units[units["stratum"].isin(shares.index[shares["nunique"] == 2])]
    if not len(units) or units["treated"].value_counts().reindex([True, False], fill_value=0).min() < FEWEST_CLUSTERS:
        return None
    cells = units.groupby(["stratum", "treated"])["y"].agg(["mean", "count"]).unstack("treated")
    count, mean = (pd.DataFrame(cells[name]) for name in ("count", "mean"))
    degrees = len(units) - count.size
    if degrees < 1:
        return None
    away = units["y"] - units.groupby(["stratum", "treated"])["y"].transform("mean")
    weight = count.sum(axis=1) / len(units)
    variance = float((away**2).sum() / degrees * (weight**2 * (1 / count).sum(axis=1)).sum())
    if not variance > 0:
        return None
    treated, control = (float((weight * mean[arm]).sum()) for arm in (True, False))
    return Difference(
        estimate=treated - control,
        error=variance**0.5,
        degrees=degrees,
        treated=treated,
        control=control,
        n_treated=int(rows["treated"].sum()),
        n_control=int((~rows["treated"]).sum()),
    )


def _survival(rows: pd.DataFrame, horizon: float) -> tuple[float, float]:
    """Share still there after the horizon and its variance; not a number where nobody was followed for so long."""
    times = rows["time"].to_numpy(dtype=float)
    if (times >= horizon).sum() == 0 and not rows["event"].all():
        return float("nan"), float("nan")
    table = product_limit(times, rows["event"].to_numpy(dtype=bool))
    share = float(survival_at(table, np.array([horizon]))[0])
    before = table[table["time"] <= horizon]
    left = before["at_risk"] - before["events"]
    terms = (before["events"] / (before["at_risk"] * left)).where(left > 0, 0.0)
    return share, share**2 * float(terms.sum())
