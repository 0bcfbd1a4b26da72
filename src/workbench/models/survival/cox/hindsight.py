"""How a covariate that knows how it ended is told from one that truly decides who leaves: by when customers left."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import poisson

from workbench.models.levels import MOST_LEVELS, as_levels, lump_levels
from workbench.models.survival.cox.partial_likelihood import newton
from workbench.models.survival.lifetimes.table import entry_of
from workbench.statistics.ranking import auc, auc_error_by_chance
from workbench.statistics.risk_sets import risk_sets
from workbench.wording import number, sentence

NEAR_PERFECT = 0.9
"""A covariate that ranks a leaver above somebody still there so often is suspected. Two groups of equal size reach it
with hazards 80 times apart, a normal number where one standard deviation makes hazards six times as high."""
SUGGESTIVE = 0.75
"""The same line where the name says what happened (a label, a score), and `MISSING` for whether a value is there."""
MISSING = 0.85
"""The same of whether a column is filled in, which few would take for a cause."""
CERTAIN = 0.999
"""Beyond this nothing known beforehand ranks, whatever the order in which customers left."""
LEAST_LATER = 0.1
"""Who is last seen is compared with those followed longer, if of these at least such a share left later on."""
GROWS = 0.8
"""Rank correlation with the time observed beyond which a number is a total that grows with it."""
FEW = 20
"""Of fewer customers nothing is concluded from a share."""
FEWEST_NEW = 30
"""So many of the newest customers, or a tenth, say what customers have when they are new."""
MOST = 3_000
"""Of more customers, this many are drawn to count pairs."""
OUTCOME = re.compile(
    r"churn|attrit|cancel|terminat|unsubscri|defect|lapsed|(^|[^a-z])(left|exit(ed)?|event)([^a-z]|$)", re.IGNORECASE
)
"""Names under which the event, or a prediction of it, stands in people's files."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is compared: who left, who was never seen to, and when.

    Attributes
    ----------
    durations, events, from_start (n,)
        Time observed, whether the customer left, and whether they were followed from their first day.
    sample
        Places of the customers of whom pairs are counted.
    begun (n,)
        Dates on which clocks started; None without dates.
    """

    durations: np.ndarray
    events: np.ndarray
    from_start: np.ndarray
    sample: np.ndarray
    begun: np.ndarray | None = None

    @classmethod
    def of(cls, lifetimes: pd.DataFrame, draw: np.random.Generator) -> "Seen":
        """Of one row a customer; `draw` says of whom pairs are counted where there are many.

        Parameters
        ----------
        lifetimes
            As from `validate_lifetimes`.
        draw
            Where chance comes from.
        """
        durations, events = lifetimes["duration"].to_numpy(), lifetimes["event"].to_numpy()
        entry = entry_of(lifetimes)
        from_start = np.ones(len(durations), dtype=bool) if entry is None else entry <= 0
        sample = np.arange(len(durations))
        begun = lifetimes["begin"].to_numpy() if lifetimes.get("begin", pd.Series()).dtype.kind == "M" else None
        return cls(
            durations,
            events,
            from_start,
            draw.choice(sample, MOST, replace=False) if len(sample) > MOST else sample,
            begun,
        )

    def tells(self, column: pd.Series, name: str, label: str) -> str:
        """Why a column is suspected to know who left, as a sentence; empty where it is not.

        Parameters
        ----------
        column
            Its values, same rows as the lifetimes.
        name, label
            What it is called in the table, and for people.
        """
        if self.events.all() or not self.events.any():
            return ""
        suggestive = bool(OUTCOME.search(name.replace("_", " ")) or OUTCOME.search(label))
        known = column.notna().to_numpy()
        scores, levels = self._scores(column)
        line = SUGGESTIVE if suggestive else NEAR_PERFECT
        area = self._knows(scores, line)
        if area is None and not known.all() and known.any():
            area = self._knows((~known).astype(float), SUGGESTIVE if suggestive else MISSING)
            if area is not None:
                return sentence(
                    "{label}: whether it is filled in gives away who has gone (in {area} of 100 pairs with somebody "
                    "still there). It seems to be written when a customer goes.",
                    label=label,
                    area=number(round(100 * area)),
                )
        if area is not None:
            return sentence(
                "{label} gives away who has gone, in {area} of 100 pairs with somebody still there, but not when. It "
                "seems to be the event itself, a score made from it, or written afterwards.",
                label=label,
                area=number(round(100 * area)),
            )
        for level in levels or ():
            member = levels[level]
            if self._none_left_over(member):
                return sentence(
                    "{label} “{level}”: all {count} have gone, however new they were. It seems to be written when a "
                    "customer goes.",
                    label=label,
                    level=level,
                    count=number(int(member.sum())),
                )
        return ""

    def _scores(self, column: pd.Series) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """A number for each row (missing ones in the middle), and of a category the rows of each level."""
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = column.to_numpy(dtype=float, na_value=np.nan)
            finite = values[np.isfinite(values)]
            return np.where(np.isfinite(values), values, np.median(finite) if len(finite) else 0.0), {}
        words = as_levels(column)
        if words.nunique() > MOST_LEVELS:  # in few rows a level tells by chance
            words = words.map(lump_levels(words, label="", check="")[0])
        values = words.to_numpy()
        levels = {level: values == level for level in pd.unique(values)}
        scores = np.empty(len(values))
        for member in levels.values():
            scores[member] = (self.events[member].sum() + self.events.mean()) / (member.sum() + 1)
        return scores, levels

    def _knows(self, scores: np.ndarray, line: float) -> float | None:
        """How often leavers are ranked above the others, where that is more than a cause of leaving could do."""
        gone, there = int(self.events.sum()), int((~self.events).sum())
        area = auc(scores, self.events)
        if area < 0.5:
            area, scores = 1 - area, -scores
        chance = auc_error_by_chance(gone, there)
        if area < line or area - 3.29 * chance <= 0.5 or area - 1.645 * _error(area, gone, there) < line - 0.05:
            return None
        if area > CERTAIN:
            return float(area)
        leavers = self.sample[self.events[self.sample]]
        at_risk, later_left = self._above(scores, leavers, self.sample)
        if at_risk is None or at_risk - 0.5 < 0.5 * (1 - later_left) * (area - 0.5):
            return None
        followed, later_left = self._above(scores, self.sample[~self.events[self.sample]], self.sample)
        if followed is not None and later_left > LEAST_LATER:
            return float(area) if followed < 0.5 - 0.5 * later_left * (area - 0.5) else None
        return None if self._ordered(scores) else float(area)

    def _ordered(self, scores: np.ndarray) -> bool:
        """Whether leavers went in such an order as if the scores were a cause of leaving."""
        leavers = self.sample[self.events[self.sample]]
        among, _ = self._above(scores, leavers, leavers)
        return among is None or among - 0.5 >= 0.5 * (self._order_of_a_cause(scores) - 0.5)

    def _above(self, scores: np.ndarray, first: np.ndarray, others: np.ndarray) -> tuple[float | None, float]:
        """How often one of `first` scores above one of `others` who was still followed after that one had gone.

        Of such pairs: the share in which the first has the higher score (ties count half), and in which the other
        left later on.

        None where fewer than `FEW` of `first` are in such a pair.
        """
        after = self.durations[first][:, None] < self.durations[others][None, :]
        if after.any(axis=1).sum() < min(FEW, 0.1 * len(first) + 3):
            return None, 0.0
        own, their = scores[first][:, None], scores[others][None, :]
        higher = ((own > their) + 0.5 * (own == their))[after]
        return float(higher.mean()), float((after & self.events[others][None, :]).sum() / after.sum())

    def _order_of_a_cause(self, scores: np.ndarray) -> float:
        """How `_above` would order leavers if hazards went with the scores as Cox's model has it.

        All being followed for as long as the longest.
        """
        values = scores[self.sample] - scores[self.sample].mean()
        matrix = (values / values.std())[:, None]
        durations, events = self.durations[self.sample], self.events[self.sample]
        slope, _, _ = newton(matrix, durations, events)
        slope = np.clip(slope, -3, 3)
        sums = risk_sets(durations, events, matrix, slope)
        total = float(sums.hazard.sum()) * np.exp(matrix[:, 0] * slope[0])
        random = np.random.default_rng(0)
        own = random.random(len(total)) < 1 - np.exp(-total)  # who leaves in time
        when = -np.log1p(-random.random(int(own.sum())) * -np.expm1(-total[own])) / total[own]
        their = values[own]
        first = when[:, None] < when[None, :]
        return float(((their[:, None] > their[None, :]) + 0.5 * (their[:, None] == their[None, :]))[first].mean())

    def _none_left_over(self, member: np.ndarray) -> bool:
        """Whether nearly all of a level left.

        Though many would have been last seen still there if they had been followed as the others.

        The censored of a group are expected to be as many as the others' hazard of being censored (Nelson-Aalen),
        summed over the time that each member was there, whatever their own hazard of leaving. With dates the others are
        those who began while members did: of a plan that is no longer sold nobody is new. Where all are followed
        for the same time nobody is censored before its end: then a level of which nobody is left must have gone early.
        """
        if member.sum() < FEW or self.events[member].mean() < 0.98 or member.all():
            return False
        others = ~member
        if self.begun is not None:
            others = others & (self.begun >= self.begun[member].min()) & (self.begun <= self.begun[member].max())
            if others.sum() < FEW:
                return False
        times, place = np.unique(self.durations[others], return_inverse=True)
        at_risk = others.sum() - np.searchsorted(np.sort(self.durations[others]), times)
        censored = np.bincount(place, weights=~self.events[others], minlength=len(times))
        hazard = np.append(0.0, np.cumsum(censored / at_risk))
        expected = hazard[np.searchsorted(times, self.durations[member], side="left")].sum()
        if poisson.cdf((~self.events[member]).sum(), expected / 2) < 0.01:
            return True
        followed_alike = np.ptp(self.durations[~self.events]) < 0.1 * self.durations.max()
        return bool(followed_alike and not self._ordered(member.astype(float)))

    def grows(self, column: pd.Series) -> float | None:
        """The rank correlation of a number with the time observed, where it is that of a total.

        What makes customers stay goes with long lifetimes too, hardly with how long those still there were followed.

        Parameters
        ----------
        column
            Its values, same rows as the lifetimes.
        """
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            return None
        values = pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
        durations = pd.Series(self.durations)
        everyone = _rank_correlation(values, durations)
        if everyone is None or everyone <= GROWS:
            return None
        still = _rank_correlation(values[~self.events], durations[~self.events])
        return everyone if still is None or still > GROWS else None

    def acquired(self, column: pd.Series) -> dict[str, tuple[float, float]]:
        """Levels that hardly any new customer has.

        Of a number: values above its median. With their shares of the newest and of all.

        What a customer has from the first day is as frequent among the newest as among all who ever came, leavers
        counted; and it keeps customers as much by what they had at the end. Only those followed from their first day
        are looked at.

        Parameters
        ----------
        column
            Its values, same rows as the lifetimes.
        """
        there = self.from_start & ~self.events
        if there.sum() < 2 * FEW:
            return {}
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = column.to_numpy(dtype=float, na_value=np.nan)
            middle = np.nanmedian(values) if np.isfinite(values).any() else np.nan
            levels = {sentence("above {middle}", middle=number(middle)): values > middle}
        else:
            levels = self._scores(column)[1]
        newest, found = np.sort(self.durations[there]), {}
        until = newest[min(max(FEWEST_NEW, len(newest) // 10), len(newest) // 2) - 1]
        new = there & (self.durations <= until)
        early = self.from_start & self.events & (self.durations <= until)
        for level, member in levels.items():
            everyone = float(member[self.from_start].mean())
            rare = member[new].mean() < everyone / 2 and (early.sum() < 10 or member[early].mean() < everyone / 2)
            if rare and self._flattered(member):
                found[level] = (float(member[new].mean()), everyone)
        return found

    def _flattered(self, member: np.ndarray) -> bool:
        """Whether a level seems to keep customers far more than it does when all are compared as they were at the end.

        Among those whose time ended at one tenure, the odds of having left instead of being last seen go with what they
        had then. Cox's model takes it for what they had all along. Of what never changes both give the hazard ratio.
        """
        used = self.from_start
        durations, events, level = self.durations[used], self.events[used], member[used]
        edges = np.quantile(durations, np.linspace(0, 1, min(max(int(used.sum()) // 50, 2), 20) + 1)[1:-1])
        ratio, error = _mantel_haenszel(level, events, np.searchsorted(edges, durations))
        slope, covariance, settled = newton(level.astype(float)[:, None], durations, events)
        if not settled or not np.isfinite(error):
            return False
        return bool(ratio - slope[0] > 2.33 * np.hypot(error, np.sqrt(covariance[0, 0])))


def _mantel_haenszel(level: np.ndarray, events: np.ndarray, strata: np.ndarray) -> tuple[float, float]:
    """Log odds ratio of leaving with a level over strata, and its standard error (Robins, Breslow, Greenland 1986)."""
    a, b, c, d = (
        np.bincount(strata[rows], minlength=strata.max() + 1).astype(float)
        for rows in (level & events, level & ~events, ~level & events, ~level & ~events)
    )
    total = np.maximum(a + b + c + d, 1)
    up, down, p, q = a * d / total, b * c / total, (a + d) / total, (b + c) / total
    if not up.sum() or not down.sum():
        return 0.0, np.inf
    variance = (
        (p * up).sum() / (2 * up.sum() ** 2)
        + (p * down + q * up).sum() / (2 * up.sum() * down.sum())
        + (q * down).sum() / (2 * down.sum() ** 2)
    )
    return float(np.log(up.sum() / down.sum())), float(np.sqrt(variance))


def _error(area: float, gone: int, there: int) -> float:
    """Standard error of an area under the curve: Hanley and McNeil (1982), equation 2."""
    twice, other = area / (2 - area), 2 * area**2 / (1 + area)
    square = area * (1 - area) + (gone - 1) * (twice - area**2) + (there - 1) * (other - area**2)
    return float(np.sqrt(max(square, 0.0) / (gone * there)))


def _rank_correlation(values: pd.Series, durations: pd.Series) -> float | None:
    known = np.isfinite(values)
    if known.sum() < FEW or durations[known].nunique() < 3 or values[known].nunique() < 3:
        return None
    return float(values[known].rank().corr(durations[known].rank()))
