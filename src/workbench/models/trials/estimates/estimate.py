"""One effect with its interval, whatever design it comes from, and effects drawn together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from workbench.findings import Evidence
from workbench.models.trials.estimates.skewness import bent, straightened
from workbench.wording import percent, sentence

Kind = Literal[
    "robust",
    "skewed",
    "shares",
    "units",
    "wild_bootstrap",
    "permutation",
    "fieller",
    "bounds",
    "sequence",
    "clustered",
    "bounded",
    "as_known",
    "head_start",
    "returned",
    "placebo",
    "autoregressive",
    "posterior",
]
"""How an interval was made: what the column `kind` of effects.parquet holds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """The effect of one arm on one outcome: treated minus control.

    Attributes
    ----------
    estimate, se
        In the unit of the outcome; the standard error is not a number where the method has none.
    lower, upper
        Ends of the interval; infinite where the data exclude nothing.
    confidence
        Level of the interval, between 0 and 1.
    kind
        How the interval was made.
    df
        Degrees of freedom of its t distribution; infinite for the normal one.
    centre
        Of the distribution that interval, p-value and draws are of: the estimate, or where few events move it.
    skew
        By which that distribution is bent (`estimates.skewness`).
    n, units
        Customers with this outcome; what was dealt as wholes (the customers where no units were).
    treated, control
        Means of the arms, adjusted as the estimate is, which is their difference; not a number where there are none.
    influence : (n,) or None
        What each row of the sample adds to the error, 0 of rows without outcome: the sum of products over `frequency`
        of two outcomes of one sample is their covariance. None where the method has none, or at scale.
    p_value
        Of no effect, two-sided; not a number where the method has none.
    initiative, arm, outcome, group
        What it is the effect of, on what, among whom (empty: everybody). Estimators leave them blank: `named`.
    month
        Since the start; None: of the whole window.
    days
        Since the start that it covers, where these are others than those of the window; None: the whole window.
    evidence
        `experimental` only where chance decided: the caller says so, an estimator never knows.
    """

    estimate: float
    se: float
    lower: float
    upper: float
    confidence: float
    kind: Kind
    df: float = np.inf
    centre: float = np.nan
    skew: float = 0.0
    n: int
    units: int
    treated: float = np.nan
    control: float = np.nan
    influence: np.ndarray | None = None
    p_value: float = np.nan
    initiative: str = ""
    arm: str = ""
    outcome: str = ""
    group: str = ""
    month: int | None = None
    days: int | None = None
    evidence: Evidence = "associational"

    def __post_init__(self) -> None:
        """The centre is the estimate where nothing is said of it."""
        if np.isnan(self.centre):
            object.__setattr__(self, "centre", self.estimate)

    def above(self, value: float) -> float:
        """The probability that the effect is larger: of the distribution that interval, p-value and draws are of.

        Parameters
        ----------
        value
            In the unit of the outcome.

        Examples
        --------
        >>> found = from_error(0.2, 0.1, confidence=0.9, kind="robust", n=200, units=200)
        >>> round(found.above(0.0), 4), round(found.above(found.lower), 4)
        (0.9772, 0.95)
        """
        if not self.se > 0:
            return float(self.centre > value) if self.se == 0 else np.nan
        return float(stats.t.sf(straightened(np.array((value - self.centre) / self.se), self.skew), self.df))

    def named(self, **names: Any) -> "Estimate":
        """The same estimate with other names (`initiative`, `arm`, `outcome`, `group`, `month`, `evidence`).

        Parameters
        ----------
        **names
            What to put in.
        """
        return replace(self, **names)

    def draws(self, draws: int, *, random_seed: int) -> np.ndarray:
        """What the effect may be, (draws,): its t distribution, a posterior under a flat prior.

        Parameters
        ----------
        draws
            How many.
        random_seed
            Of them.
        """
        return draw_together([self], draws, random_seed=random_seed)[:, 0]


def from_error(
    estimate: float,
    se: float,
    *,
    confidence: float,
    kind: Kind,
    df: float = np.inf,
    centre: float | None = None,
    skew: float = 0.0,
    **more: Any,
) -> Estimate:
    """An estimate whose interval and p-value are those of Student's t: p is below 1 − confidence iff 0 is outside.

    Parameters
    ----------
    estimate, se
        In the unit of the outcome.
    confidence
        Level of the interval, between 0 and 1.
    kind, df
        How the error was made; infinite degrees of freedom for the normal distribution.
    centre, skew
        As of `Estimate`; the estimate itself where the centre is None.
    **more
        Other attributes of `Estimate`.

    Examples
    --------
    >>> found = from_error(0.2, 0.1, confidence=0.9, kind="robust", n=200, units=200)
    >>> round(found.lower, 4), round(found.upper, 4), round(found.p_value, 4)
    (0.0355, 0.3645, 0.0455)
    """
    centre = estimate if centre is None else centre
    reach = float(stats.t.ppf((1 + confidence) / 2, df))
    ends = centre + se * bent(np.array([-reach, reach]), skew)
    away = straightened(np.array(-centre / se), skew) if se > 0 else 0.0
    return Estimate(
        estimate=estimate,
        se=se,
        lower=float(ends[0]),
        upper=float(ends[1]),
        centre=centre,
        skew=skew,
        p_value=float(2 * stats.t.sf(np.abs(away), df)) if se > 0 else float(centre == 0),
        confidence=confidence,
        kind=kind,
        df=df,
        **more,
    )


def draw_together(
    estimates: Sequence[Estimate], draws: int, *, random_seed: int, frequency: np.ndarray | None = None
) -> np.ndarray:
    """What effects may be, (draws, estimates), together: customers who spend more also buy more often.

    Parameters
    ----------
    estimates
        Those with an `influence` of the same length are of the same sample and move together; others are independent.
    draws
        How many.
    random_seed
        Of them.
    frequency : (n,)
        Of the sample's rows; 1 where it is None.

    Returns
    -------
    ndarray
        A normal copula with the correlations of the influences; each column has the distribution that its interval is
        of, about its centre and bent as it is. An estimate without a standard error has no draws: not a number.
    """
    size = len(estimates)
    together = np.eye(size)
    for one in range(size):
        for two in range(one):
            together[one, two] = together[two, one] = correlation(estimates[one], estimates[two], frequency)
    values, vectors = np.linalg.eigh(together)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(random_seed).standard_normal((draws, size)) @ root.T
    df = np.array([each.df for each in estimates])
    centre, error = (np.array([getattr(each, name) for each in estimates]) for name in ("centre", "se"))
    scaled = np.where(np.isfinite(df), stats.t.ppf(stats.norm.cdf(normal), np.where(np.isfinite(df), df, 1e9)), normal)
    curved = [bent(column, each.skew) for column, each in zip(scaled.T, estimates, strict=True)]
    return centre + error * np.column_stack(curved) if size else scaled


def correlation(one: Estimate, two: Estimate, frequency: np.ndarray | None = None) -> float:
    """How far two estimates err together: of influences of the same rows their correlation, else 0.

    Parameters
    ----------
    one, two
        Estimates.
    frequency : (n,)
        As of `draw_together`.
    """
    left, right = one.influence, two.influence
    if left is None or right is None or len(left) != len(right):
        return 0.0
    often = 1.0 if frequency is None else frequency
    scale = float(np.sqrt((often * left**2).sum() * (often * right**2).sum()))
    return float(np.clip((often * left * right).sum() / scale, -1.0, 1.0)) if scale > 0 else 0.0


COLUMNS = ("initiative", "arm", "outcome", "group", "month", "estimate", "se", "lower", "upper", "confidence", "kind")
MORE_COLUMNS = ("df", "p_value", "treated", "control", "evidence", "n", "units", "days")


def table(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """One row an estimate, with all that is no array.

    Parameters
    ----------
    estimates
        In the order of the rows.
    """
    names = [*COLUMNS, *MORE_COLUMNS]
    frame = pd.DataFrame([[getattr(each, name) for name in names] for each in estimates], columns=names)
    return frame.astype({"month": "Int64", "days": "Int64"})


def kind_in_words(kind: Kind, confidence: float) -> str:
    """What an interval is, for people: the `interval_kind` of a finding.

    Parameters
    ----------
    kind
        Of the estimate.
    confidence
        Its level, between 0 and 1.
    """
    level = percent(confidence)
    said = {
        "robust": sentence("{level} confidence (heteroscedasticity-robust)", level=level),
        "skewed": sentence("{level} confidence (t, corrected for skewness)", level=level),
        "shares": sentence("{level} confidence (Agresti–Caffo)", level=level),
        "units": sentence("{level} confidence (t over units)", level=level),
        "wild_bootstrap": sentence("{level} confidence (wild bootstrap or t over units, the wider)", level=level),
        "permutation": sentence("{level} confidence (permutation of units or t, the wider)", level=level),
        "fieller": sentence("{level} confidence (Fieller)", level=level),
        "bounds": sentence("{level} confidence (of bounds without assumptions)", level=level),
        "sequence": sentence("{level} confidence at any number of looks", level=level),
        "clustered": sentence("{level} confidence (clustered)", level=level),
        "bounded": sentence("{level} confidence (trends may part by as much as before)", level=level),
        "as_known": sentence("{level} confidence (unseen causes may matter as much as known ones)", level=level),
        "head_start": sentence("{level} confidence (a head start may last or be gone)", level=level),
        "returned": sentence("{level} confidence (return to the mean taken off)", level=level),
        "placebo": sentence("{level} confidence (rank among placebo units)", level=level),
        "autoregressive": sentence("{level} confidence (autocorrelated months)", level=level),
        "posterior": sentence("{level} posterior interval", level=level),
    }
    return said[kind]
