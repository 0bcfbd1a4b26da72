"""Whether single drivers predict an outcome better than a person's mood does, and ratings better than nothing.

Each answer is predicted by a model that has not seen it, from what else that person answered. Missing ratings stand in
the way of that: imputations drawn given the outcome know what is to be predicted. So models are fitted to these, as
they must be, but the likelihood of an answer is averaged over imputations drawn from the person's other ratings alone,

    p(y_i | θ) = ∫ p(y_i | x_i, θ) p(missing of i | ratings of i) d missing,

which is the observed-data likelihood of y_i; the same for every model.

What single drivers add to the mood is asked of a model that has both: the mood and how far each rating lies from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from workbench.evaluation.predictive import LeaveOneOut, leave_one_out
from workbench.findings import Check
from workbench.models.drivers.ordinal.approximation import approximate
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import one_thread
from workbench.models.drivers.ordinal.likelihood import row_log_likelihoods
from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.ordinal.rows import Draws, Prior, Rows
from workbench.models.drivers.responses.columns import Columns, make_columns
from workbench.models.drivers.responses.ratings import MISSING, NOT_APPLICABLE, Ratings
from workbench.models.drivers.responses.survey_design import Design
from workbench.wording import number, sentence

DRAWS = 400
"""Posterior draws of each model: the standard error of a log density is then small beside that of the difference."""
OUTCOME_FREE_IMPUTATIONS = 12
"""Imputations without the outcome over which the likelihood of an answer is averaged."""
CLEARLY_BETTER = 2.0
"""Standard errors by which a model must be better: about 95% (Vehtari, Gelman, Gabry 2017)."""


Layout = Callable[[Rows, np.ndarray, np.ndarray], Rows]
"""Rows of single ratings, completed values and whether each driver applied → the rows of another model."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Models of one outcome, validated on answers they have not seen.

    Attributes
    ----------
    items
        Single ratings.
    halo
        A person's mean rating, their mood, in place of single ratings and all else the same.
    deviations
        The mood and how far each rating lies from it; of it the mood alone is a special case. None where every driver
        applied to everybody: the mood is then a sum of single ratings, and `items` says it already.
    nothing
        No ratings at all.
    weights, weighting
        As of `Ratings`.
    design
        How answers were drawn.
    """

    items: LeaveOneOut
    halo: LeaveOneOut
    nothing: LeaveOneOut
    weights: np.ndarray
    weighting: str
    deviations: LeaveOneOut | None = None
    design: Design = field(default_factory=Design)

    def _better(self, one: LeaveOneOut, other: LeaveOneOut) -> tuple[float, float]:
        variance = self.design.variance if self.design.adjusts else None
        return one.difference(other, self.weights, self.weighting, variance)

    def _clearly(self, one: LeaveOneOut, other: LeaveOneOut) -> bool:
        difference, error = self._better(one, other)
        return difference > CLEARLY_BETTER * error

    @property
    def by_mood(self) -> bool:
        """Whether answers follow the mood, and ratings only as far as they differ from it, by two standard errors."""
        return self.deviations is not None and self._clearly(self.deviations, self.items)

    @property
    def drivers(self) -> LeaveOneOut:
        """The drivers' model: of single ratings, or of their deviations from the mood where answers follow that."""
        return self.deviations if self.deviations is not None and self.by_mood else self.items

    def better_than(self, other: str) -> tuple[float, float]:
        """Log predictive density expected over that of `halo` or `nothing`, and its standard error.

        Over `halo` by the model of deviations where there is one: single ratings and the mood are not special cases of
        each other, and where much does not apply the mood wins whatever single ratings add to it.

        Parameters
        ----------
        other
            `halo`, `nothing`, or `items` where the drivers' model is that of deviations.
        """
        best = self.drivers
        if other == "halo" and self.deviations is not None:
            best = max(self.items, self.deviations, key=lambda model: self._better(model, self.halo)[0])
        rivals = {"halo": self.halo, "nothing": self.nothing, "items": self.items}
        return self._better(best, rivals[other])

    @property
    def distinguishable(self) -> bool:
        """Whether single drivers predict the outcome better than the mean rating, by two standard errors."""
        difference, error = self.better_than("halo")
        return difference > CLEARLY_BETTER * error

    @property
    def predictive(self) -> bool:
        """Whether single drivers or the mean rating predict better than no ratings, by two standard errors."""
        return any(self._clearly(each, self.nothing) for each in (self.drivers, self.halo))

    def table(self) -> pd.DataFrame:
        """`model`, `difference`, `standard_error`: the drivers' model compared with simpler ones (elpd by PSIS-LOO)."""
        names = {"halo": sentence("mean rating alone"), "nothing": sentence("no drivers")}
        if self.by_mood:
            names["items"] = sentence("single ratings without the mean rating")
        rows = [(names[name], *self.better_than(name)) for name in names]
        return pd.DataFrame(rows, columns=["model", "difference", "standard_error"])

    def check(self, *, distinguishable: bool) -> Check:
        """What the comparison with the mean rating says.

        Parameters
        ----------
        distinguishable
            Whether single drivers are said to predict better; always of a single one.
        """
        difference, error = self.better_than("halo")
        parts = [
            sentence("Knowing each rating predicts the outcome better than knowing a person's average rating.")
            if distinguishable
            else sentence("Knowing each rating predicts the outcome worse than knowing a person's average rating.")
            if difference < -CLEARLY_BETTER * error
            else sentence("Knowing each rating predicts the outcome no better than knowing a person's average rating."),
            sentence(
                "The log density of answers not seen is {difference} higher (standard error {error})."
                if difference >= 0
                else "The log density of answers not seen is {difference} lower (standard error {error}).",
                difference=number(abs(difference)),
                error=number(error),
            ),
        ]
        if self.by_mood:
            parts.append(sentence("Drivers are measured from that average."))
        return Check(
            name="drivers_distinguishable",
            title=sentence("Ratings against a customer's general mood"),
            status="pass" if distinguishable else "warn",
            value=difference,
            threshold=CLEARLY_BETTER * error,
            message=" ".join(parts),
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
    """Fit all models in the same Laplace approximation, or what is compared would be the approximations.

    Parameters
    ----------
    ratings
        The answers.
    columns
        Of single ratings, without the mood.
    prior
        In the unit of the link.
    completed
        Imputations given the outcome, from `complete`: models are fitted to all of them.
    link
        Distribution of the latent noise.
    random_seed
        Fixes imputations without the outcome and draws.
    """
    missing = (ratings.state == MISSING).any(1)
    known = completed
    if missing.any():
        known = complete(
            ratings,
            prior,
            times=OUTCOME_FREE_IMPUTATIONS,
            link=link,
            use_outcome=False,
            between=1,
            random_seed=random_seed + 1,
        )
    powers = ratings.likelihood_weights if ratings.weighting == "survey" else np.ones(len(ratings.levels))
    many = len(ratings.drivers)
    layouts: dict[str, tuple[Layout, int]] = {
        "items": (lambda rows, values, applies: rows, many),
        "halo": (_Halo(columns, *completed[0]), 1),
        "nothing": (lambda rows, values, applies: _kept(rows, columns.level), 1),
    }
    if many > 1 and (ratings.state == NOT_APPLICABLE).any():
        mood = make_columns(ratings, columns.shape, mood_of=completed[0])
        layouts["deviations"] = (
            lambda rows, values, applies: rows_of(ratings, mood, values, applies, link=link),
            many,
        )
    found = {}
    for name, (layout, drivers) in layouts.items():
        fitted, predicted = (
            [layout(rows_of(ratings, columns, *each, link=link), *each) for each in several]
            for several in (completed, known)
        )
        # The posterior that counts weights as copies: what leaving an answer out takes away from.
        draws = approximate(fitted, prior, drivers=drivers).draws(DRAWS, np.random.default_rng(random_seed))
        found[name] = leave_one_out(_likelihood(predicted, draws, missing), powers, random_seed=random_seed)
    return Comparison(
        items=found["items"],
        halo=found["halo"],
        nothing=found["nothing"],
        deviations=found.get("deviations"),
        weights=ratings.weights,
        weighting=ratings.weighting,
        design=ratings.design,
    )


def _kept(rows: Rows, columns: np.ndarray) -> Rows:
    """Rows with some columns alone (a mask)."""
    return replace(
        rows,
        columns=np.ascontiguousarray(rows.columns[:, columns]),
        varying=rows.varying[columns],
        control=rows.of_no_driver[columns],
    )


def _likelihood(predicted: list[Rows], draws: Draws, missing: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Log densities of answers at some places, averaged over what their missing ratings may have been."""
    first, group = predicted[0], predicted[0].group

    def of(rows: Rows, kept: np.ndarray) -> np.ndarray:
        table = np.ascontiguousarray(rows.columns[kept])
        coefficients, intercepts, cuts, shifts = draws
        return row_log_likelihoods(
            rows.link.is_probit,
            table,
            rows.levels[kept],
            group[kept],
            coefficients,
            intercepts,
            cuts,
            rows.by_cut,
            shifts,
        )

    def at(kept: np.ndarray) -> np.ndarray:
        out = of(first, kept)
        gaps = np.flatnonzero(missing[kept])
        if len(gaps) and len(predicted) > 1:
            each = [out[:, gaps], *(of(rows, kept[gaps]) for rows in predicted[1:])]
            out[:, gaps] = logsumexp(each, axis=0) - np.log(len(predicted))
        return out

    return at


class _Halo:
    """The rival: a person's mean rating in place of single ratings, and all else as the drivers' model has it.

    What was used, and a slope that differs by segment or has a kink, say nothing about which driver it is. Mean ratings
    are scaled as those of one completed data set, in all of them.
    """

    def __init__(self, columns: Columns, values: np.ndarray, applies: np.ndarray):
        self.columns = columns
        means = columns.moods(values, applies)
        self.location, self.sd = means.mean(), means.std()

    def __call__(self, rows: Rows, values: np.ndarray, applies: np.ndarray) -> Rows:
        others = ~self.columns.rating
        mean = (self.columns.moods(values, applies) - self.location) / self.sd
        slopes = [mean] if self.columns.shape == "linear" else [np.minimum(mean, 0), np.maximum(mean, 0)]
        varies = bool(rows.varying[~others].any())
        kept = _kept(rows, others)
        return replace(
            kept,
            columns=np.ascontiguousarray(np.column_stack([*slopes, kept.columns])),
            varying=np.concatenate([np.full(len(slopes), varies), kept.varying]),
            control=np.concatenate([np.zeros(len(slopes), dtype=bool), kept.of_no_driver]),
        )
