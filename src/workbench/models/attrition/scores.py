"""Customers of today with their risk, how sure that is, and why: what a contact round begins with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from workbench.declared import declared
from workbench.evaluation.binary.scores import CERTAIN
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
    """How far a risk may be off, by the evaluated customers scored most alike.

    At either end of the scores the nearest customers lie on one side: their share is that of lower risks at the top,
    of higher ones at the bottom. So it is taken beside the risk that was forecast for them, and a customer's own risk
    is moved as theirs would have to be (in log-odds) to meet either end of the interval of their share.

    Attributes
    ----------
    probability : (G,)
        Risks in ascending order.
    lower, upper : (G,)
        Log-odds from the mean risk of the `of` nearest to the ends of the 90% interval (Wilson) of the share who left.
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
        Forecasts of one risk that is right, and of one that is half of it:

        >>> left = np.arange(5000) % 10 == 0
        >>> for told in (0.1, 0.05):
        ...     low, high = Alike.among(np.full(5000, told), left).interval(np.array([told]))
        ...     print(low.round(3), high.round(3))
        [0.08] [0.124]
        [0.08] [0.124]
        """
        order = np.argsort(probability, kind="stable")
        risks, counted = probability[order], np.ones(len(left)) if weights is None else weights[order]
        gone, told, there = (
            np.concatenate([[0], np.cumsum(each)]) for each in (left[order] * counted, risks * counted, counted)
        )
        of = min(ALIKE, max(int(MOST_ALIKE * len(risks)), 1))
        grid = np.unique(np.quantile(risks, np.linspace(0, 1, GRID + 1)))
        start = np.clip(np.searchsorted(risks, grid, side="left") - of // 2, 0, len(risks) - of)
        share, mean = ((each[start + of] - each[start]) / (there[start + of] - there[start]) for each in (gone, told))
        z = LEVEL_Z**2 / of
        middle = (share + z / 2) / (1 + z)
        half = LEVEL_Z / (1 + z) * np.sqrt(share * (1 - share) / of + z / (4 * of))
        lower, upper = (_log_odds(each) - _log_odds(mean) for each in (middle - half, middle + half))
        return cls(probability=grid, lower=lower, upper=upper, of=of)

    def interval(self, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end (N,) at each risk.

        Parameters
        ----------
        probability
            Risks (N,).
        """
        line = _log_odds(probability)
        ends = [expit(line + np.interp(probability, self.probability, each)) for each in (self.lower, self.upper)]
        return ends[0], ends[1]


def _log_odds(probability: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(probability, CERTAIN, 1 - CERTAIN)))


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
            `customer_id`, `expected_profit`, `recommended`, `drawn`, `week`, `team`, as a recommendation has them.
        """
        told = ["expected_profit", "recommended", "drawn", "week", "team"]
        known = contacts[["customer_id", *told]]
        mine = self.frame.drop(columns=["team", "opt_out"], errors="ignore")
        reasons = [f"reason_{place + 1}" for place in range(MOST_REASONS)]
        columns = ["customer_id", "probability", "lower", "upper", *reasons]
        found = known.merge(mine[columns], on="customer_id")
        return found[[*columns, *told]]

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
