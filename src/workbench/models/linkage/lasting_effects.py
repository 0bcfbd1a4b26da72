"""Whether what touchpoints do has stayed the same over the records: a mean over years may not hold for those ahead."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.least_squares import Squares
from workbench.wording import listing, sentence, shown

BY_CHANCE = 0.05
"""Chance of a warning where nothing has changed: one company in twenty. Trends are hard to see, so fewer would miss
most."""
CLEARLY = 2.0
"""Standard errors of its own trend from which a touchpoint is named, once all together have changed beyond chance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LastingEffects:
    """How effects of ratings have moved with time.

    Attributes
    ----------
    labels : (K,)
        Of the touchpoints.
    trend, error : (K,)
        Change of the effect of a reported point in a year, in log-odds, and its standard error clustered by customer;
        NaN where it is not told.
    chance
        Of trends as large if there were none.
    """

    labels: tuple[str, ...]
    trend: np.ndarray
    error: np.ndarray
    chance: float

    def exhibits(self) -> Iterator[Showable]:
        """Whether they have changed."""
        changed = self.chance < BY_CHANCE
        clear = [
            shown(label)
            for label, trend, error in zip(self.labels, self.trend, self.error, strict=True)
            if abs(trend) > CLEARLY * error
        ]
        if changed and clear:
            message = sentence(
                "What ratings go with has changed over the records, most clearly of {names}: returns go by the mean of "
                "these months, and those ahead may differ.",
                names=listing(clear),
            )
        elif changed:
            message = sentence(
                "What ratings go with has changed over the records: returns go by the mean of these months, and those "
                "ahead may differ."
            )
        else:
            message = sentence("What ratings go with has not changed over the records beyond what chance does.")
        yield Check(
            name="effects_last",
            status="warn" if changed else "pass",
            title=sentence("What touchpoints do has changed over time")
            if changed
            else sentence("What touchpoints do has stayed the same"),
            message=message,
            value=self.chance,
            threshold=BY_CHANCE,
        )


def fit_lasting_effects(answers: Answers) -> LastingEffects:
    """Least squares of the outcome on ratings, and ratings times time.

    Parameters
    ----------
    answers
        With their outcome and months.

    References
    ----------
    Wald (1943), Tests of statistical hypotheses concerning several parameters, Transactions of the American
    Mathematical Society 54(3); errors clustered by customer.
    """
    many, points = len(answers.drivers), answers.points_of_score
    rows = np.isfinite(answers.outcome)
    if points <= 0 or not rows.any():
        unknown = np.full(many, np.nan)
        return LastingEffects(labels=answers.labels, trend=unknown, error=unknown, chance=1.0)
    years = (answers.month - answers.month[rows].mean())[rows, None] / 12
    away = answers.away[rows]
    columns = np.column_stack([years * away, away, answers.used[rows], years])
    outcome = answers.outcome[rows] / points
    fitted = Squares.of(
        columns - columns.mean(axis=0),
        outcome - outcome.mean(),
        answers.customer[rows],
        len(answers.ids),
        len(outcome) - columns.shape[1] - 1,
    )
    told = np.flatnonzero(fitted.told[:many])
    scores = fitted.scores[:, told]
    covariance, trend = scores.T @ scores, fitted.found[told]
    distance = float(trend @ np.linalg.pinv(covariance, hermitian=True) @ trend)
    found, error = np.full((2, many), np.nan)
    found[told], error[told] = trend, np.sqrt(np.diag(covariance))
    chance = float(chi2.sf(distance, len(told))) if len(told) else 1.0
    return LastingEffects(labels=answers.labels, trend=found, error=error, chance=chance)
