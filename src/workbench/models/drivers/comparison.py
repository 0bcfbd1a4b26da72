"""Whether single drivers foretell an outcome better than a person's mood does: the drivers' model beside simpler ones.

Each answer is foretold by a model that has not seen it, from what else that person answered. Blanks stand in the way of
that: imputations drawn given the outcome know what is to be foretold. So models are fitted to these, as they must be,
but the likelihood of an answer is averaged over imputations drawn from the person's other ratings alone,

    p(y_i | θ) = ∫ p(y_i | x_i, θ) p(blanks of i | ratings of i) d blanks,

which is the observed-data likelihood of y_i; the same for every model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from workbench.evaluation.predictive import LeaveOneOut, leave_one_out
from workbench.findings import Check
from workbench.models.drivers.approximation import approximate
from workbench.models.drivers.blanks import complete, rows_of
from workbench.models.drivers.columns import Columns
from workbench.models.drivers.links import LOGIT, Link
from workbench.models.drivers.ordered_likelihood import row_log_likelihoods
from workbench.models.drivers.ordered_mode import Prior, Rows, one_thread
from workbench.models.drivers.ratings import BLANK, Ratings
from workbench.wording import number, sentence

DRAWS = 400
FORETOLD = 12
"""Imputations without the outcome over which the likelihood of an answer is averaged."""
TOLD_APART = 2.0
"""Standard errors by which the drivers' model must be better than the mean rating alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Models of one outcome, judged on answers they have not seen.

    Attributes
    ----------
    drivers, halo, nothing
        The drivers' model; the mean rating in place of single ratings and all else the same; no ratings at all.
    weights, weighting
        As of `Ratings`.
    """

    drivers: LeaveOneOut
    halo: LeaveOneOut
    nothing: LeaveOneOut
    weights: np.ndarray
    weighting: str

    def better_than(self, other: str) -> tuple[float, float]:
        """Log predictive density expected over that of `halo` or `nothing`, and its standard error."""
        return self.drivers.difference(getattr(self, other), self.weights, self.weighting)

    @property
    def told_apart(self) -> bool:
        """Whether single drivers foretell the outcome better than the mean rating, by two standard errors."""
        difference, error = self.better_than("halo")
        return difference > TOLD_APART * error

    @property
    def foretells(self) -> bool:
        """Whether ratings foretell the outcome at all: single drivers or the mean rating better than no ratings, by two
        standard errors.
        """
        found = (each.difference(self.nothing, self.weights, self.weighting) for each in (self.drivers, self.halo))
        return any(difference > TOLD_APART * error for difference, error in found)

    def table(self) -> pd.DataFrame:
        """`model`, `difference`, `standard_error`: the drivers' model against simpler ones (elpd by PSIS-LOO)."""
        names = {"halo": sentence("mean rating alone"), "nothing": sentence("no drivers")}
        rows = [(names[name], *self.better_than(name)) for name in names]
        return pd.DataFrame(rows, columns=["model", "difference", "standard_error"])

    def check(self, *, told_apart: bool) -> Check:
        """What the comparison with the mean rating says."""
        difference, error = self.better_than("halo")
        verdict = (
            sentence("Single drivers foretell answers better than the mean of a person's ratings does")
            if told_apart
            else sentence("Single drivers foretell answers worse than the mean of a person's ratings does")
            if difference < -TOLD_APART * error
            else sentence("It cannot be said that single drivers foretell answers better than the mean of a person's "
                          "ratings does")
        )  # fmt: skip
        return Check(
            name="drivers_told_apart",
            status="pass" if told_apart else "warn",
            value=difference,
            threshold=TOLD_APART * error,
            message=sentence(
                "{verdict}: with each answer foretold by a model that has not seen it, the log density of all is "
                "{difference} {direction} (standard error {error}).",
                verdict=verdict,
                difference=number(abs(difference)),
                direction=sentence("higher") if difference >= 0 else sentence("lower"),
                error=number(error),
            ),
        )


@one_thread
def compare(
    ratings: Ratings,
    columns: Columns,
    prior: Prior,
    completed: list[tuple[np.ndarray, np.ndarray]],
    *,
    link: Link = LOGIT,
    random_seed: int,
) -> Comparison:
    """Fit all three models in the same normal approximation, or what is compared would be the approximations.

    Parameters
    ----------
    completed
        Imputations given the outcome, from `complete`: models are fitted to all of them.
    """
    blank = (ratings.state == BLANK).any(1)
    known = completed
    if blank.any():
        without = {"use_outcome": False, "between": 1, "random_seed": random_seed + 1}
        known = complete(ratings, prior, times=FORETOLD, link=link, **without)
    survey = ratings.weighting == "survey"
    powers = ratings.likelihood_weights if survey else np.ones(len(ratings.levels))
    found = {}
    for name, layout, drivers in (
        ("drivers", lambda rows, *_: rows, len(ratings.drivers)),
        ("halo", _Halo(columns, *completed[0]), 1),
        ("nothing", lambda rows, *_: replace(rows, columns=rows.columns[:, :0].copy(), varying=rows.varying[:0]), 1),
    ):
        fitted, foretold = (
            [layout(rows_of(ratings, columns, *each, link), *each) for each in several]
            for several in (completed, known)
        )
        # The posterior that counts weights as copies: what leaving an answer out takes away from.
        draws = approximate(fitted, prior, drivers=drivers).draws(DRAWS, np.random.default_rng(random_seed))
        found[name] = leave_one_out(_likelihood(foretold, draws, blank), powers, random_seed=random_seed)
    return Comparison(**found, weights=ratings.weights, weighting=ratings.weighting)


def _likelihood(foretold: list[Rows], draws, blank: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Log densities of answers at some places, averaged over what their blanks may have been."""
    first, group = foretold[0], foretold[0].group

    def of(rows: Rows, kept: np.ndarray) -> np.ndarray:
        table = np.ascontiguousarray(rows.columns[kept])
        return row_log_likelihoods(rows.link.is_probit, table, rows.levels[kept], group[kept], *draws)

    def at(kept: np.ndarray) -> np.ndarray:
        out = of(first, kept)
        gaps = np.flatnonzero(blank[kept])
        if len(gaps) and len(foretold) > 1:
            each = [out[:, gaps], *(of(rows, kept[gaps]) for rows in foretold[1:])]
            out[:, gaps] = logsumexp(each, axis=0) - np.log(len(foretold))
        return out

    return at


class _Halo:
    """The rival: a person's mean rating in place of single ratings, and all else as the drivers' model has it.

    What was used, and a slope that differs by segment or is bent, say nothing about which driver it is. Mean ratings
    are scaled as those of one completed data set, in all of them.
    """

    def __init__(self, columns: Columns, values: np.ndarray, applies: np.ndarray):
        self.columns = columns
        means = self._means(values, applies)
        self.location, self.spread = means.mean(), means.std()

    def _means(self, values: np.ndarray, applies: np.ndarray) -> np.ndarray:
        scaled = np.where(applies, (values - self.columns.location) / self.columns.spread, 0.0)
        return scaled.sum(1) / np.maximum(applies.sum(1), 1)

    def __call__(self, rows: Rows, values: np.ndarray, applies: np.ndarray) -> Rows:
        usage = self.columns.usage
        mean = (self._means(values, applies) - self.location) / self.spread
        slopes = [mean] if self.columns.shape == "linear" else [np.minimum(mean, 0), np.maximum(mean, 0)]
        varies = bool(rows.varying[~usage].any())
        return replace(
            rows,
            columns=np.ascontiguousarray(np.column_stack([*slopes, rows.columns[:, usage]])),
            varying=np.concatenate([np.full(len(slopes), varies), rows.varying[usage]]),
        )
