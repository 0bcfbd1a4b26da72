"""Customers of today with their risk, how sure that is, and why: what a contact round begins with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.declared import declared
from workbench.exhibits import Kept, Showable
from workbench.findings import Finding
from workbench.models.attrition.reasons.reasons import MOST_REASONS, Reasons
from workbench.wording import number, plural, sentence

ALIKE = 500
"""Customers scored most alike, of whom the share who left is told: of 500 at 5% its 90% interval is 3.2 points wide."""
MOST_ALIKE = 0.1
"""Share of all evaluated customers that is alike at most: of 2,000 a quarter has little in common."""
LEVEL_Z = 1.645  # normal quantile of 95%: intervals of 90%
GRID = 200
"""Quantiles of the evaluated risks at which those shares are kept."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Alike:
    """Share who left among the evaluated customers scored most alike, by risk.

    Attributes
    ----------
    probability, lower, upper : (G,)
        Risks in ascending order, and the 90% interval (Wilson) of the share who left among the `of` nearest.
    of
        How many those are.
    """

    probability: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    of: int

    @classmethod
    def among(cls, probability: np.ndarray, left: np.ndarray, weights: np.ndarray | None = None) -> "Alike":
        """Of evaluated customers.

        Parameters
        ----------
        probability : (N,)
            Forecast of each.
        left : (N,) bool
            Who left.
        weights : (N,)
            How many customers each stands for; one where it is None.

        Examples
        --------
        >>> found = Alike.among(np.full(5000, 0.1), np.arange(5000) % 10 == 0)
        >>> float(found.lower[0].round(3)), float(found.upper[0].round(3))
        (0.08, 0.124)
        """
        order = np.argsort(probability, kind="stable")
        risks, counted = probability[order], np.ones(len(left)) if weights is None else weights[order]
        gone, there = (np.concatenate([[0], np.cumsum(each)]) for each in (left[order] * counted, counted))
        of = min(ALIKE, max(int(MOST_ALIKE * len(risks)), 1))
        grid = np.unique(np.quantile(risks, np.linspace(0, 1, GRID + 1)))
        start = np.clip(np.searchsorted(risks, grid, side="left") - of // 2, 0, len(risks) - of)
        share = (gone[start + of] - gone[start]) / (there[start + of] - there[start])
        z = LEVEL_Z**2 / of
        middle = (share + z / 2) / (1 + z)
        half = LEVEL_Z / (1 + z) * np.sqrt(share * (1 - share) / of + z / (4 * of))
        return cls(probability=grid, lower=np.clip(middle - half, 0, 1), upper=np.clip(middle + half, 0, 1), of=of)

    def interval(self, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end (N,) at each risk.

        Parameters
        ----------
        probability
            Risks (N,).
        """
        ends = [np.interp(probability, self.probability, each) for each in (self.lower, self.upper)]
        return ends[0], ends[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Who is at risk.

    Attributes
    ----------
    frame
        One row a customer: `customer_id`, `probability`, `lower`, `upper`, `reason_1` … `reason_3`, `team` where
        one is asked for, and `opt_out` where the data know it.
    level_error
        Relative standard error of all risks together (`Level.error_of`).
    window
        Days from today in which the label window opens and closes; None of a flat table, which has no dates.
    """

    frame: pd.DataFrame
    level_error: float
    window: tuple[float, float] | None = None

    def leavers(self) -> tuple[float, float, float]:
        """How many are expected to leave, and the 90% interval of how many will.

        Whoever leaves is chance, given the risks, and all risks together may be too high or too low.
        """
        p = self.frame["probability"].to_numpy()
        expected = float(p.sum())
        error = LEVEL_Z * np.sqrt((p * (1 - p)).sum() + (expected * self.level_error) ** 2)
        return expected, max(expected - error, 0.0), min(expected + error, float(len(p)))

    def target_list(self, contacts: pd.DataFrame) -> pd.DataFrame:
        """The list for those who call: the highest expected profit first.

        Parameters
        ----------
        contacts
            `customer_id`, `expected_profit`, `recommended`, `week`, `team`, as a contact list has them.
        """
        known = contacts[["customer_id", "expected_profit", "recommended", "week", "team"]]
        mine = self.frame.drop(columns=["team", "opt_out"], errors="ignore")
        reasons = [f"reason_{place + 1}" for place in range(MOST_REASONS)]
        columns = ["customer_id", "probability", "lower", "upper", *reasons]
        found = known.merge(mine[columns], on="customer_id")
        return found[[*columns, "expected_profit", "recommended", "week", "team"]]

    def _statement(self, expected: int) -> str:
        """How many leave, and within which time: a flat table has none but the one that its leavers left in."""
        words = {"all": number(len(self.frame))}
        if self.window is None:
            return plural(
                "{n} of {all} active customers is expected to leave over as long a time as these data cover.",
                "{n} of {all} active customers are expected to leave over as long a time as these data cover.",
                expected,
                **words,
            )
        opens, closes = self.window
        words |= {"opens": number(opens), "closes": number(closes)}
        if opens:
            return plural(
                "{n} of {all} active customers is expected to leave between {opens} and {closes} days from now.",
                "{n} of {all} active customers are expected to leave between {opens} and {closes} days from now.",
                expected,
                **words,
            )
        return plural(
            "{n} of {all} active customers is expected to leave within {closes} days.",
            "{n} of {all} active customers are expected to leave within {closes} days.",
            expected,
            **words,
        )

    def exhibits(self) -> Iterator[Showable]:
        """How many are expected to leave, and all scores for machines."""
        expected, low, high = self.leavers()
        yield Finding(
            id="expected_leavers",
            statement=self._statement(round(expected)),
            estimate=expected,
            unit=sentence("customers"),
            interval=(low, high),
            interval_kind=sentence("90% prediction"),
            evidence="descriptive",
            n=len(self.frame),
        )
        kept = self.frame.drop(columns=["team", "opt_out"], errors="ignore")
        yield Kept(name="scores", frame=kept, declared=declared("attrition_risk", "scores"))


def scored(
    ids: np.ndarray,
    probability: np.ndarray,
    alike: Alike,
    reasons: Reasons | None,
    team: pd.Series | None = None,
    *,
    level_error: float,
    window: tuple[float, float] | None = None,
    opt_out: pd.Series | None = None,
) -> Scores:
    """Put together what is known of customers of today.

    Parameters
    ----------
    ids, probability : (N,)
        Who, and the risk of each.
    alike
        Of evaluated customers.
    reasons
        In the same order; None where there are none.
    team
        In the same order: who would contact them.
    level_error
        Of all risks together.
    window
        Days from today in which the label window opens and closes; None where there are no dates.
    opt_out
        In the same order: who does not want to be contacted; None where nobody was asked.
    """
    lower, upper = alike.interval(probability)
    frame = pd.DataFrame({"customer_id": ids, "probability": probability, "lower": lower, "upper": upper})
    for name in (f"reason_{place + 1}" for place in range(MOST_REASONS)):
        frame[name] = None if reasons is None else reasons.customers[name].to_numpy()
        frame[name] = frame[name].astype(object)
    if team is not None:
        frame["team"] = team.to_numpy()
    if opt_out is not None:
        frame["opt_out"] = opt_out.to_numpy()
    return Scores(frame=frame, level_error=level_error, window=window)
