"""How one forecast does in groups of rows: snapshots, segments, protected traits; and who of each would be acted on."""

import numpy as np
import pandas as pd
from scipy import stats

from workbench.errors import DataError
from workbench.evaluation.binary.resampling import draw_from
from workbench.evaluation.binary.scores import Forecast
from workbench.wording import number, sentence, shown

RESAMPLES = 200
"""For the ends of an interval of an AUC: a tenth of a group's standard error more or less shows in no table."""
LEVEL = 0.90  # as every interval of a report has it


def by_group(
    forecast: Forecast,
    groups: pd.Series,
    *,
    random_seed: int,
    acted_on: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """How one forecast does in groups of rows.

    Parameters
    ----------
    forecast
        Of all rows, one a customer.
    groups : (N,)
        Which group each row is in; missing is a group of its own.
    random_seed
        Fixes the draws behind the intervals of AUCs.
    acted_on : (N,)
        Who would be acted on: yes or no, or with which probability. Adds the columns about selection.
    weights : (N,)
        How many customers each row stands for; one where it is None.
    level
        Of all intervals.

    Returns
    -------
    DataFrame
        `group`, `rows`, `cases`, `share`, `forecast` (mean probability); `ratio` (cases per case forecast) with
        `ratio_lower` and `ratio_upper` (exact Poisson); `roc_auc` with its ends (bootstrap; NaN where a group has one
        outcome only), `brier`; and `selected`, `selected_cases`, `selected_others` (shares of all, of those to whom it
        happened, of the others) with their ends (Wilson).

    Raises
    ------
    DataError
        Other than one group for each row.

    References
    ----------
    Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28.
    """
    if len(groups) != len(forecast.labels):
        raise DataError(
            sentence(
                "Groups {groups}: got {found} rows, expected {rows}.",
                groups=shown(groups.name),
                found=number(len(groups)),
                rows=number(len(forecast.labels)),
            )
        )
    counts = np.ones(len(groups)) if weights is None else np.asarray(weights, dtype=float)
    random = np.random.default_rng(random_seed)
    found = []
    codes, names = pd.factorize(groups, use_na_sentinel=False)
    for code, name in enumerate(names):
        at = np.flatnonzero(codes == code)
        part = Forecast(labels=forecast.labels[at], probabilities=forecast.probabilities[at])
        row = {"group": name, **_outcomes(part, counts[at], level), **_auc(part, counts[at], random, level)}
        if acted_on is not None:
            row |= _selection(np.asarray(acted_on, dtype=float)[at], part.labels, counts[at], level)
        found.append(row)
    return pd.DataFrame(found)


def _outcomes(part: Forecast, counts: np.ndarray, level: float) -> dict[str, float]:
    cases, expected = int(part.labels.sum()), float(counts @ part.probabilities)
    ratio = float(counts @ part.labels) / expected
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * cases) / 2 if cases else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * cases + 2) / 2
    scale = ratio / cases if cases else 1 / expected
    return {
        "rows": len(counts),
        "cases": cases,
        "share": float(np.average(part.labels, weights=counts)),
        "forecast": float(np.average(part.probabilities, weights=counts)),
        "ratio": ratio,
        "ratio_lower": float(low * scale),
        "ratio_upper": float(high * scale),
        "brier": float(np.average((part.probabilities - part.labels) ** 2, weights=counts)),
    }


def _auc(part: Forecast, counts: np.ndarray, random: np.random.Generator, level: float) -> dict[str, float]:
    some, value = draw_from(len(counts), random), part.roc_auc(counts)
    there, size = some.places, len(some.places)
    seen = Forecast(labels=part.labels[there], probabilities=part.probabilities[there])
    drawn = [
        seen.roc_auc(np.bincount(random.integers(0, size, size), minlength=size) * counts[there])
        for _ in range(RESAMPLES)
    ]
    known = some.of_all(np.array(drawn), value)
    known = known[np.isfinite(known)]
    ends = np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else (np.nan, np.nan)
    return {"roc_auc": value, "roc_auc_lower": float(ends[0]), "roc_auc_upper": float(ends[1])}


def _selection(acted_on: np.ndarray, labels: np.ndarray, counts: np.ndarray, level: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, there in (("selected", labels | True), ("selected_cases", labels), ("selected_others", ~labels)):
        size = int(there.sum())
        share = float(np.average(acted_on[there], weights=counts[there])) if size else np.nan
        low, high = wilson(share, size, level=level)
        found |= {name: share, f"{name}_lower": low, f"{name}_upper": high}
    return found


def wilson(share: float, of: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share.

    Parameters
    ----------
    share
        That was found.
    of
        Of how many.
    level
        Of the interval.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0.1, 100, level=0.95)]
    [0.0552, 0.1744]

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    if not of:
        return np.nan, np.nan
    z = float(stats.norm.ppf((1 + level) / 2)) ** 2 / of
    middle = (share + z / 2) / (1 + z)
    half = np.sqrt(z * share * (1 - share) + z**2 / 4) / (1 + z)
    return float(max(middle - half, 0)), float(min(middle + half, 1))
