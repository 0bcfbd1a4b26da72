"""Departures that heap at whole contract periods, and lifetimes that were rounded: both make steps in a curve."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.findings import Check, Finding
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import DAYS_A_MONTH, MONTHS, span, times
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import percent, sentence

TERMS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0)
"""Months of the contracts looked for."""
WIDTHS = (3.0, 6.0, 12.0, 24.0, 60.0)
"""Months to whose multiples people round."""
NEAR = 2.2 / DAYS_A_MONTH
"""Months around a renewal that belong to it: an end may be the last day with or the first day without."""
ENOUGH, CLEAR, SHARE, TIMES = 20, 5.0, 0.25, 2.0
"""Heaps are told of so many departures, so many standard errors above what their neighbourhood has, with so large a
share of all departures, and so many times as many as would be there without."""
ALIKE = 0.85
"""Of two terms with shares as alike as this the longer is taken: whole years are whole months as well."""
WHOLE = 0.95
"""Durations are on a step by nature if at least such a share lies there: a choice, as a few are typos."""


@dataclass(frozen=True, kw_only=True)
class Heaps:
    """Times of life at whole multiples of a term at which far more happens than shortly before and after.

    Attributes
    ----------
    term
        In the unit of the durations; heaps lie at its multiples.
    at
        The multiples at which there clearly is one, ascending.
    near
        So far from a multiple still belongs to it.
    share
        Of all departures, the share that lies at multiples of `term`, less what would lie there at the rates shortly
        before and after.
    count, of
        Departures at multiples, and all.
    time_unit
        What durations are counted in.
    """

    term: float
    at: tuple[float, ...]
    near: float
    share: float
    count: int
    of: int
    time_unit: str

    def findings(self, *, confidence: float = 0.9, dated: bool = True) -> tuple[Finding, ...]:
        """Which share of departures happens at a renewal, with Wilson's (1927) interval.

        Parameters
        ----------
        confidence
            Level of the interval, between 0.5 and 1.
        dated
            Whether the lifetimes have dates: then heaps are renewals, otherwise they may be rounding.
        """
        z = normal_quantile(confidence)
        middle = (self.share + z * z / (2 * self.of)) / (1 + z * z / self.of)
        half = z / (1 + z * z / self.of) * np.sqrt(self.share * (1 - self.share) / self.of + z * z / (4 * self.of**2))
        values = {"share": percent(self.share), "times": times(self.at[:3], self.time_unit)}
        if dated:
            said = (
                sentence("{share} of departures happen at a renewal: after {times} and so on.", **values)
                if len(self.at) > 3
                else sentence("{share} of departures happen at a renewal: after {times}.", **values)
            )
        else:
            said = (
                sentence("{share} of departures happen after {times} and so on: at renewals, or rounded.", **values)
                if len(self.at) > 3
                else sentence("{share} of departures happen after {times}: at renewals, or rounded.", **values)
            )
        return (
            Finding(
                id="departures_at_renewals",
                statement=said,
                estimate=self.share,
                unit="share",
                interval=(float(max(middle - half, 0.0)), float(min(middle + half, 1.0))),
                interval_kind=sentence("{level} confidence (Wilson)", level=percent(confidence)),
                evidence="descriptive",
                n=self.of,
            ),
        )


def find_renewals(lifetimes: pd.DataFrame, *, time_unit: str = "month") -> Heaps | None:
    """Departures that heap at whole contract periods (1, 2, 3, 6, 12, 24, 36 months); None where they do not.

    Around each multiple of a term, departures are compared with those in the rest of the period around it, by the time
    that customers were exposed to either: given their sum, those at the multiple are binomial where hazards are smooth.

    Parameters
    ----------
    lifetimes
        As in `validate_lifetimes`. Where durations are whole numbers anyway, only terms of three or more count.
    time_unit
        Of the durations: day, week, month, quarter or year; nothing is found in others.
    """
    rows = validate_lifetimes(lifetimes)
    return _find(rows, rows["event"].to_numpy(), TERMS, time_unit, coarse=True)


def find_rounding(lifetimes: pd.DataFrame, *, time_unit: str = "month") -> Heaps | None:
    """Durations that were rounded to whole periods (a quarter, half a year, one, two, five years); None else.

    Renewals heap departures alone; rounding heaps the durations of those who are still there as well, at more than one
    multiple (a common end of follow-up is one). Where fewer than 20 are still there nothing distinguishes the two, and
    the finding's intervals are to be on the safe side: it counts as rounding.

    Parameters
    ----------
    lifetimes, time_unit
        As in `find_renewals`, of lifetimes that came without dates.

    Returns
    -------
    Heaps or None
        Of those still there; of departures where those are too few.
    """
    rows = validate_lifetimes(lifetimes)
    event = rows["event"].to_numpy()
    found = _find(rows, ~event if (~event).sum() >= ENOUGH else event, WIDTHS, time_unit, coarse=False)
    return found if found and len(found.at) > 1 else None


def rounded_check(found: Heaps) -> Check:
    """A warning that durations are rounded, and what allows for it.

    Parameters
    ----------
    found
        From `find_rounding`.
    """
    return Check(
        name="rounded_durations",
        status="warn",
        title=sentence("Durations seem to be rounded"),
        message=sentence(
            "{share} of durations are whole multiples of {term}: they seem to be rounded. Intervals of medians and "
            "shares are widened by half of that ({half}); hazard ratios and extrapolations are not. Bring dates, or "
            "exact durations.",
            share=percent(found.share),
            term=span(found.term, found.time_unit),
            half=span(found.term / 2, found.time_unit),
        ),
        value=found.share,
        threshold=SHARE,
    )


def _find(
    rows: pd.DataFrame, happened: np.ndarray, terms: Iterable[float], time_unit: str, *, coarse: bool
) -> Heaps | None:
    """Heaps of what happened; `coarse`: what all durations are multiples of, is how they are counted."""
    if time_unit not in MONTHS or happened.sum() < ENOUGH:
        return None
    month = 1 / MONTHS[time_unit]
    duration, entry = rows["duration"].to_numpy(dtype=float), rows["entry"].to_numpy(dtype=float)
    near = NEAR * month
    wanted = [each * month for each in terms]
    if time_unit == "day":  # billing by 30 days, and years of 365
        wanted += [30.0 * each for each in terms if each < 12] + [365.0 * each / 12 for each in terms if each >= 12]
    grid = _grid(duration, rows["event"].to_numpy(), [1.0, *(wanted if coarse else ())], near)
    if grid:
        wanted = [float(np.round(each / grid) * grid) for each in wanted if np.round(each / grid) >= 3]
    found, lived, before, events = [], _lived_until(duration), _lived_until(entry), np.sort(duration[happened])
    for term in sorted(set(wanted)):
        half = max(near, grid / 2)
        if 3 * half < term and (made := _heaps(lived, before, events, term, half)):
            found.append(made)
    if not found:
        return None
    most = max(each["count"] for each in found)
    best = [each for each in found if each["count"] >= ALIKE * most][-1]
    return Heaps(**best, of=len(events), time_unit=time_unit)


def _heaps(lived: Callable, before: Callable, events: np.ndarray, term: float, half: float) -> dict | None:
    """What lies at multiples of a term, where it clearly is more than around them."""
    middle = term * np.arange(1, int(np.floor(events[-1] / term + 0.5)) + 1)
    if not len(middle):
        return None
    edges = np.column_stack([middle - term / 2, middle - half, middle + half, middle + term / 2])
    counts = np.diff(np.searchsorted(events, edges + 1e-9, side="right"), axis=1)
    exposed = np.diff(lived(edges) - before(edges), axis=1)
    inside, around = counts[:, 1], counts[:, 0] + counts[:, 2]
    time, other = exposed[:, 1], exposed[:, 0] + exposed[:, 2]
    chance = np.divide(time, time + other, out=np.ones_like(time), where=time + other > 0)
    expected = (inside + around) * chance
    variance = (inside + around) * chance * (1 - chance)
    if not variance.sum() or inside.sum() < ENOUGH:
        return None
    total = int(inside.sum())
    clear = (total - expected.sum()) / np.sqrt(variance.sum()) > CLEAR
    if not clear or total < SHARE * len(events) or total < TIMES * expected.sum():
        return None
    single = (inside - expected) / np.sqrt(np.maximum(variance, 1e-12)) > CLEAR / 2
    at = tuple(float(each) for each in middle[single & (inside >= 5)])
    if not at:
        return None
    usual = np.divide(around * time, other, out=inside.astype(float), where=other > 0)
    share = float((total - usual.sum()) / len(events))
    return {"term": float(term), "at": at, "near": float(half), "count": total, "share": share}


def _lived_until(times: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Sum over all of the smaller of their time and a given one."""
    ordered = np.sort(times)
    sums = np.append(0.0, ordered.cumsum())

    def until(time: np.ndarray) -> np.ndarray:
        place = np.searchsorted(ordered, time, side="right")
        return sums[place] + time * (len(ordered) - place)

    return until


def _grid(duration: np.ndarray, event: np.ndarray, steps: Iterable[float], near: float) -> float:
    """The longest step of which durations are whole multiples by nature; 0 where there is none.

    Those of customers still there are, whom no contract ends.
    """
    followed = duration[~event] if (~event).sum() >= 10 else duration

    def share(step: float) -> float:
        return float((np.abs(followed - np.round(followed / step) * step) <= near).mean())

    return max((step for step in steps if step > 3 * near and share(step) >= WHOLE), default=0.0)
