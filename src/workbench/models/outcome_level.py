"""Where the outcome stands: NPS, top box and mean, weighted and not, by segment, and under doubt about who answered."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.findings import Finding
from workbench.models.levels import as_levels, gather
from workbench.models.ratings import Ratings
from workbench.models.what_if import scorings
from workbench.wording import number, percent, sentence

DRAWS = 2000
UNITS = {"nps": "points", "top_box": "share", "mean": "scale points"}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomeLevel:
    """The outcome's measures as posteriors.

    Attributes
    ----------
    measures
        `nps` for an outcome from 0 to 10, then `top_box` and `mean`.
    table
        `segment`, `group`, `n`, `measure`, `estimate`, `lower`, `upper`, `unweighted`: everyone first, then groups of
        10 and more.
    range
        `lower`, `upper` of the first measure if people had answered more or less readily the more satisfied they are.
    response_ratio
        How many times as readily the most satisfied may have answered as the least, or the reverse.
    """

    ratings: Ratings
    confidence: float
    measures: tuple[str, ...]
    table: pd.DataFrame
    range: tuple[float, float]
    response_ratio: float

    @property
    def measure(self) -> str:
        return self.measures[0]

    @cached_property
    def everyone(self) -> pd.DataFrame:
        """Rows of the table about everyone, by measure."""
        return self.table[self.table["segment"] == ""].set_index("measure")

    def metrics(self) -> dict[str, float]:
        """`nps`, `nps_lower`, `nps_upper` for 0–10; else `top_box` and `mean`."""
        rows = self.everyone
        if self.measure == "nps":
            row = rows.loc["nps"]
            return {"nps": row["estimate"], "nps_lower": row["lower"], "nps_upper": row["upper"],
                    "nps_unweighted": row["unweighted"]}  # fmt: skip
        return {name: rows.loc[name, "estimate"] for name in ("top_box", "mean")}

    def finding(self) -> Finding:
        """Where the outcome stands, and how far doubt about who answered may move it."""
        row = self.everyone.loc[self.measure]
        share = self.measure == "top_box"
        show = percent if share else number
        what = (
            sentence("The Net Promoter Score is {value}", value=number(row["estimate"]))
            if self.measure == "nps"
            else sentence("{value} give the top answer to “{label}”", value=percent(row["estimate"]),
                          label=self.ratings.outcome_label)
        )  # fmt: skip
        statement = sentence(
            "{what} among those who answered; if the most satisfied answered up to {ratio} times as readily as the "
            "least satisfied, or the reverse, it lies between {low} and {high} among all.",
            what=what,
            ratio=number(self.response_ratio),
            low=show(self.range[0]),
            high=show(self.range[1]),
        )
        return Finding(
            id="outcome_level",
            statement=statement,
            estimate=float(row["estimate"]),
            unit=UNITS[self.measure],
            interval=(float(row["lower"]), float(row["upper"])),
            interval_kind=sentence("{level} credible (Bayesian bootstrap)", level=percent(self.confidence)),
            evidence="descriptive",
            n=self.ratings.n,
            table="outcome_level",
        )


def outcome_level(
    ratings: Ratings, segments=(), *, labels=None, confidence: float, response_ratio: float, random_seed: int
) -> OutcomeLevel:
    """Measures of the outcome, for everyone and by segment.

    Parameters
    ----------
    segments
        Columns of `ratings.table` to split by; groups too small to show are gathered.
    response_ratio
        At least 1, see `OutcomeLevel`.

    Notes
    -----
    The Bayesian bootstrap (Rubin 1981) with survey weights inside: each draw weights answers by exponential variates
    times their weights, so that uneven weights widen intervals and their unit does not matter.
    """
    labels = labels or {}
    measures, scores = scorings(ratings.points, ratings.scale, is_nps=ratings.is_nps)
    rng = np.random.default_rng(random_seed)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    frames = []

    def add(segment: str, group: str, where: np.ndarray) -> None:
        masses = _level_masses(ratings, where, rng)
        drawn = masses @ scores.T / masses.sum(1, keepdims=True)
        plain = np.bincount(ratings.levels[where], minlength=len(ratings.points))
        weighted = np.bincount(ratings.levels[where], weights=ratings.weights[where], minlength=len(ratings.points))
        lower, upper = np.quantile(drawn, tails, axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "segment": segment,
                    "group": group,
                    "n": len(where),
                    "measure": measures,
                    "estimate": scores @ weighted / weighted.sum(),
                    "lower": lower,
                    "upper": upper,
                    "unweighted": scores @ plain / plain.sum(),
                }
            )
        )

    add("", sentence("all"), np.arange(len(ratings.levels)))
    for segment in segments:
        levels = as_levels(ratings.table[segment])
        names, _ = gather(levels, label=labels.get(segment, segment), check=segment)
        shown = levels.map(names)
        for group in sorted(shown.unique()):
            add(labels.get(segment, segment), group, np.flatnonzero(shown == group))
    share = np.bincount(ratings.levels, weights=ratings.weights, minlength=len(ratings.points))
    return OutcomeLevel(
        ratings=ratings,
        confidence=confidence,
        measures=measures,
        table=pd.concat(frames, ignore_index=True),
        range=nonresponse_range(share, ratings.points, scores[0], response_ratio),
        response_ratio=response_ratio,
    )


def nonresponse_range(masses, points, scores, ratio: float) -> tuple[float, float]:
    """A mean of scores if readiness to answer rises, or falls, evenly with the answer: by `ratio` from bottom to top.

    Examples
    --------
    >>> low, high = nonresponse_range(np.array([50, 50]), np.array([0, 10]), np.array([-100, 100]), 1.5)
    >>> round(low, 6), round(high, 6)
    (-20.0, 20.0)
    """
    steps = (points - points[0]) / (points[-1] - points[0])
    ends = []
    for sign in (1, -1):
        corrected = masses * float(ratio) ** (-sign * steps)
        ends.append(float(scores @ corrected / corrected.sum()))
    return min(ends), max(ends)


def _level_masses(ratings: Ratings, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(draws, K): weight of each level in each draw."""
    count = len(ratings.points)
    levels, weights = ratings.levels[where], ratings.weights[where]
    if ratings.weighting != "survey":
        return rng.gamma(np.bincount(levels, weights=weights, minlength=count) + 1e-12, size=(DRAWS, count))
    masses = np.zeros((DRAWS, count))
    order = np.argsort(levels, kind="stable")
    bounds = np.searchsorted(levels[order], np.arange(count + 1))
    for draw in range(DRAWS):
        sums = np.concatenate([[0.0], np.cumsum((rng.exponential(size=len(levels)) * weights)[order])])
        masses[draw] = sums[bounds[1:]] - sums[bounds[:-1]]
    return masses
