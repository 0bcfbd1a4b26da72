"""The difference between two arms that chance dealt, within strata, at the unit of the draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from workbench.models.trials.estimates import Estimate, Kind, Sample
from workbench.models.trials.estimates.skewness import bent, straightened
from workbench.models.trials.lot.adjusted import difference
from workbench.models.trials.lot.leaving import staying, still_there
from workbench.models.trials.lot.strata import strata_of
from workbench.statistics.product_limit import survival_influence

FEWEST = 20  # units an arm, below which a difference is not told: its interval would not hold its level
FEWEST_CLUSTERS = 4  # units an arm where whole units were dealt: t with units − 2 degrees of freedom holds its level


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An arm against the control.

    Attributes
    ----------
    estimate, error
        Treated minus control, and its standard error.
    centre
        Of its interval: the estimate itself, but of shares with few events.
    degrees
        Of freedom of the t distribution; infinite for the normal one.
    skew
        By which that distribution is bent.
    kind
        How the interval was made.
    treated, control
        Mean of each.
    n_treated, n_control
        Customers behind them.
    """

    estimate: float
    error: float
    centre: float
    degrees: float
    kind: Kind
    treated: float
    control: float
    n_treated: int
    n_control: int
    skew: float = 0.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Its confidence interval.

        Parameters
        ----------
        confidence
            Its level, between 0 and 1.
        """
        reach = float(stats.t.ppf((1 + confidence) / 2, self.degrees))
        low, high = self.centre + self.error * bent(np.array([-reach, reach]), self.skew)
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """Of no difference, two-sided."""
        if not self.error > 0:
            return 1.0
        away = straightened(np.array(-self.centre / self.error), self.skew)
        return float(2 * stats.t.sf(abs(away), self.degrees))


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
    if not len(values):
        return None
    dealt = Sample(values=np.asarray(values, dtype=float), treated=treated, stratum=strata)
    kept, _ = strata_of(dealt)
    people = int((kept & treated).sum()), int((kept & ~treated).sum())
    if min(people) < FEWEST:
        return None
    return _told(difference(dealt), people)


def _told(found: Estimate, people: tuple[int, int]) -> Difference | None:
    if not found.se > 0:
        return None
    return Difference(
        estimate=found.estimate,
        error=found.se,
        centre=found.centre,
        degrees=found.df,
        skew=found.skew,
        kind=found.kind,
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
    """The difference of the shares that are still there after `horizon`: Kaplan–Meier, in each arm of each stratum.

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

    Returns
    -------
    Difference or None
        As of `of_means`: of customers `lot.staying`, or of the shares of clusters.
    """
    if clusters is not None:
        rows = pd.DataFrame({"time": times, "event": events, "treated": treated, "stratum": strata, "unit": clusters})
        shares = {unit: _share(own, horizon) for unit, own in rows.groupby("unit")}
        return _of_clusters(pd.Series(shares), rows)
    dealt = Sample(values=times, treated=treated, stratum=strata)
    kept, _ = strata_of(dealt.with_values(still_there(dealt, times, events, horizon)))
    people = int((kept & treated).sum()), int((kept & ~treated).sum())
    return _told(staying(dealt, times, events, horizon), people) if min(people) >= FEWEST else None


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
        centre=treated - control,
        degrees=degrees,
        kind="units",
        treated=treated,
        control=control,
        n_treated=int(rows["treated"].sum()),
        n_control=int((~rows["treated"]).sum()),
    )


def _share(rows: pd.DataFrame, horizon: float) -> float:
    """Still there after the horizon; not a number where nobody was followed for so long."""
    times, events = rows["time"].to_numpy(dtype=float), rows["event"].to_numpy(dtype=bool)
    if not (times >= horizon).any() and not events.all():
        return float("nan")
    return survival_influence(np.minimum(times, horizon), events & (times < horizon), horizon)[0]
