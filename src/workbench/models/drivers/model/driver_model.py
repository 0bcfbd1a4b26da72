"""What goes with an outcome: the drivers' model, fitted once and asked many times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.evaluation.convergence import convergence_checks
from workbench.evaluation.predictive import loo_check, predictive_check
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.drivers.model.comparison import Comparison, compare
from workbench.models.drivers.model.importance import (
    Importance,
    average_gains,
    column_covariance,
    effect_covariance,
    importance,
)
from workbench.models.drivers.model.sensitivity import sensitivity
from workbench.models.drivers.model.what_if import MOST_DRAWS, Changes, Scenario, scorings, what_if
from workbench.models.drivers.ordinal.approximation import Approximation, approximate, approximate_posterior
from workbench.models.drivers.ordinal.imputation import rows_of
from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.ordinal.posterior import Posterior
from workbench.models.drivers.ordinal.proportional_odds import ProportionalOdds
from workbench.models.drivers.ordinal.rows import Prior, Rows
from workbench.models.drivers.responses.columns import Columns, Shape, make_columns
from workbench.models.drivers.responses.ratings import Ratings
from workbench.models.drivers.responses.survey_design import Design
from workbench.wording import percent, sentence

EXPORTED_DRAWS = 400
"""Draws of the effects that other studies get: their standard error is a twentieth of the posterior's deviation."""
RESAMPLED = 10
"""Times that the ratings are resampled for the shares of what they explain."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DriverModel:
    """A fitted model of an outcome on its drivers.

    Attributes
    ----------
    ratings, columns, prior
        What it was fitted to.
    completed
        Values (n, D) and whether each driver applied (n, D), one pair an imputation.
    posterior
        Draws, pooled over imputations.
    confidence
        Level of every interval.
    random_seed
        Fixes what is drawn after the fit.
    link
        Distribution of the latent noise; effects and priors are in its unit (log-odds, or standard deviations of a
        probit's noise).
    odds
        Which effects differ by cut; None: none was asked.
    compared
        The drivers' model compared with simpler ones; None: still to be compared.
    """

    ratings: Ratings
    columns: Columns
    prior: Prior
    completed: list[tuple[np.ndarray, np.ndarray]]
    posterior: Posterior
    confidence: float
    random_seed: int
    link: Link = LOGIT
    odds: ProportionalOdds | None = None
    compared: Comparison | None = None

    @cached_property
    def rows(self) -> list[Rows]:
        """Completed data as the likelihood sees them, one an imputation."""
        cut_effects = self.odds.cut_effects if self.odds else None
        return [
            rows_of(self.ratings, self.columns, *each, link=self.link, cut_effects=cut_effects)
            for each in self.completed
        ]

    @cached_property
    def covariance(self) -> np.ndarray:
        """(C, C): covariance of the columns within segments, over all imputations."""
        return np.mean([column_covariance(each.columns, each.weights, each.starts) for each in self.rows], axis=0)

    def _within(self, rows: Rows, weights: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Covariance within segments of the columns that are not `given` (a mask), of those given taken out."""
        covariance = column_covariance(rows.columns, weights, rows.starts)
        if not given.any():
            return covariance
        among = covariance[np.ix_(given, given)] + 1e-9 * np.eye(int(given.sum()))
        across = covariance[np.ix_(given, ~given)]
        return covariance[np.ix_(~given, ~given)] - across.T @ np.linalg.solve(among, across)

    @cached_property
    def segment_shares(self) -> np.ndarray:
        """(S,): weight of each segment."""
        masses = np.bincount(self.ratings.group, weights=self.ratings.weights, minlength=len(self.ratings.segments))
        return masses / masses.sum()

    @cached_property
    def importance(self) -> Importance:
        """Shares of what is explained, for everyone whom the respondents stand for.

        How their ratings go together is known from a sample: parts of the draws see it resampled (Bayesian bootstrap,
        Rubin 1981), as the model sees the effects. Levels of groups and waves, and the mood where it is a column, are
        taken out: shared out is what ratings say within groups, and beyond the mood.
        """
        rng = np.random.default_rng(self.random_seed)
        own = self.columns.driver >= 0
        driver = self.columns.driver[own]
        everything, shares = self.posterior.flat[0], self.segment_shares
        effects = everything[:, :, own]
        parts, resampled = [], self._resampler()
        posterior_covariance = effect_covariance(effects, shares)
        for part in range(min(RESAMPLED, len(effects))):
            rows = self.rows[part % len(self.rows)]
            drawn = resampled(np.arange(len(rows.weights)), rng)
            covariance = self._within(rows, drawn, ~own)
            gains = average_gains(covariance, driver, random_seed=self.random_seed)
            parts.append(
                importance(
                    effects[part::RESAMPLED],
                    shares,
                    covariance,
                    driver,
                    random_seed=self.random_seed + part,
                    gains=gains,
                    posterior_covariance=posterior_covariance,
                    link=self.link,
                    deviations=self.columns.by_mood,
                )
            )
            if self.columns.by_mood:  # what ratings explain is told with what their mean does
                level = self.columns.level
                explained = self._explained(everything[part::RESAMPLED][:, :, ~level], self._within(rows, drawn, level))
                parts[-1] = replace(parts[-1], explained=explained)
        order = np.argsort(np.concatenate([np.arange(part, len(effects), RESAMPLED) for part in range(len(parts))]))
        return Importance(
            share=np.concatenate([each.share for each in parts])[order],
            unique=np.concatenate([each.unique for each in parts])[order],
            knockoff=np.concatenate([each.knockoff for each in parts])[order],
            explained=np.concatenate([each.explained for each in parts])[order],
        )

    def _resampler(self) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        """Weights of some rows in another survey (Bayesian bootstrap under the design), given their places."""
        weights, frequency = self.ratings.likelihood_weights, self.ratings.weighting == "frequency"
        designs: dict[int, Design] = {}

        def of(kept: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            if frequency:
                return rng.gamma(weights[kept])
            design = designs.setdefault(len(kept), self.ratings.design.subset(kept))
            return weights[kept] * np.maximum(design.multipliers(len(kept), rng), 0)

        return of

    def _explained(self, effects: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """(draws,): share of the latent variance that columns explain, of effects (draws, S, C)."""
        total = np.einsum("nsc,cd,nsd,s->n", effects, covariance, effects, self.segment_shares, optimize=True)
        return total / (total + self.link.latent_variance)

    @cached_property
    def importance_among_users(self) -> np.ndarray:
        """(D,): mean share of each driver among the people to whom it applied."""
        shares = self.importance.share.mean(0).copy()
        own = self.columns.driver >= 0
        driver = self.columns.driver[own]
        coefficients = self.posterior.thinned(200)[0][:, :, own]
        for place in range(len(self.ratings.drivers)):
            if not (self.columns.usage & (self.columns.driver == place)).any():
                continue
            found = []
            for (_, applies), rows in zip(self.completed[:1], self.rows[:1], strict=True):
                use = applies[:, place].astype(float)
                found.append(self._within(rows, rows.weights * use + 1e-12, ~own))
            covariance = np.mean(found, axis=0)
            joint = coefficients @ covariance
            gains = average_gains(covariance + 1e-9 * np.eye(len(covariance)), driver, random_seed=self.random_seed)
            accounted = np.einsum("nsc,dce,nse,s->nd", joint, gains, joint, self.segment_shares, optimize=True)
            shares[place] = (accounted / accounted.sum(1, keepdims=True)).mean(0)[place]
        return shares

    def changes(self, scenario: Scenario = "tenth", moved: float = 1.0) -> Changes:
        """What raising each driver goes with (`what_if`).

        Parameters
        ----------
        scenario, moved
            As of `what_if`.
        """
        measures, scores = scorings(self.ratings.points, self.ratings.scale, is_nps=self.ratings.is_nps)
        parts = []
        per_fit = self.posterior.size // len(self.completed)
        count = max(MOST_DRAWS // len(self.completed), 1)
        for place, (values, applies) in enumerate(self.completed):
            kept = place * per_fit + np.linspace(0, per_fit - 1, min(count, per_fit)).astype(int)
            draws = tuple(each[kept] for each in self.posterior.flat)
            parts.append(
                what_if(
                    draws,
                    self.rows[place],
                    self.columns,
                    values,
                    applies,
                    ends=self.ratings.ends,
                    measures=measures,
                    scores=scores,
                    scenario=scenario,
                    moved=moved,
                    resample=self._resampler(),
                    random_seed=self.random_seed,
                )
            )
        return Changes(
            measures=measures,
            change=np.concatenate([part.change for part in parts]),
            reached=np.mean([part.reached for part in parts], axis=0),
        )

    # How good it is -------------------------------------------------------------------------------------------------

    @cached_property
    def _compared(self) -> Comparison:
        if self.compared is not None:
            return self.compared
        columns = make_columns(self.ratings, self.columns.shape)
        return compare(self.ratings, columns, self.prior, self.completed, link=self.link, random_seed=self.random_seed)

    def better_than(self, other: str) -> tuple[float, float]:
        """Log predictive density expected over that of a simpler model, with its standard error.

        Parameters
        ----------
        other
            `halo` (the mean rating alone) or `nothing`.
        """
        return self._compared.better_than(other)

    @property
    def distinguishable(self) -> bool:
        """Whether single drivers predict the outcome better than the mean rating, by two standard errors."""
        return len(self.ratings.drivers) == 1 or self._compared.distinguishable

    @property
    def predictive(self) -> bool:
        """Whether the ratings predict the outcome at all, by two standard errors (`Comparison.predictive`)."""
        return self._compared.predictive

    def comparison(self) -> pd.DataFrame:
        """`model`, `difference`, `standard_error`: the drivers' model against simpler ones (elpd by PSIS-LOO)."""
        return self._compared.table()

    def alternative(self, shape: Shape) -> tuple[Columns, Approximation]:
        """The same model with effects of another shape, over all imputations and under the same weights.

        Parameters
        ----------
        shape
            As of `Columns`.
        """
        columns = make_columns(self.ratings, shape, mood_of=self.completed[0] if self.columns.by_mood else None)
        datasets = [rows_of(self.ratings, columns, *each, link=self.link) for each in self.completed]
        many = len(self.ratings.drivers)
        return columns, approximate(datasets, self.prior, drivers=many, weighting=self.ratings.design_weighting)

    def predicted(self, draws: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """Shares of levels by segment: observed (S, K), and in data drawn from the model (draws, S, K).

        A row that stands for several people (frequency weights) is drawn once for each of them.

        Parameters
        ----------
        draws
            How many, at most.
        """
        rng = np.random.default_rng(self.random_seed)
        ratings, many = self.ratings, len(self.ratings.segments)
        group, count, weights = ratings.group, len(ratings.points), ratings.likelihood_weights
        whole = np.bincount(group, weights=weights, minlength=many)[:, None]
        observed = np.bincount(group * count + ratings.levels, weights=weights, minlength=many * count)
        kept = self.posterior.evenly(draws)
        per_fit = self.posterior.size // len(self.completed)
        out = []
        for n, coefficients, intercepts, cuts, shifts in zip(
            kept, *(each[kept] for each in self.posterior.flat), strict=True
        ):
            rows = self.rows[n // per_fit]  # as imputed for this draw
            cuts = cuts - rows.columns[:, rows.by_cut] @ shifts.T  # (n, K − 1)
            predictor = intercepts[group] + np.einsum("ij,ij->i", rows.columns, coefficients[group])
            if ratings.weighting == "frequency":
                below = np.maximum.accumulate(self.link.cdf(cuts - predictor[:, None]), axis=1)
                chances = np.diff(below, axis=1, prepend=0, append=1)
                drawn = rng.multinomial(np.rint(weights).astype(int), chances)
                out.append(np.array([drawn[group == s].sum(0) for s in range(many)]).ravel())
            else:
                drawn = (cuts < (predictor + self.link.draw(rng, len(predictor)))[:, None]).sum(1)
                out.append(np.bincount(group * count + drawn, weights=weights, minlength=many * count))
        return observed.reshape(many, count) / whole, np.array(out).reshape(-1, many, count) / whole

    def exhibits(self) -> Iterator[Showable]:
        """What was tested about the fit."""
        yield self.checks()

    def checks(self) -> tuple[Check, ...]:
        """The convergence gate, the predictive check and comparisons."""
        return (
            *(convergence_checks(self.posterior.fits) if self.posterior.fits else _unsampled()),
            predictive_check(*self.predicted()),
            loo_check(self._compared.drivers),
            self._compared.check(distinguishable=self.distinguishable),
            *self._odds_check(),
        )

    def _odds_check(self) -> tuple[Check, ...]:
        if self.odds is None:
            return ()
        freed = self.columns.driver[self.odds.by_cut]
        freed = freed[freed >= 0]
        table = pd.DataFrame({"label": [self.ratings.labels[self.ratings.drivers[place]] for place in freed]})
        measure = scorings(self.ratings.points, self.ratings.scale, is_nps=self.ratings.is_nps)[0][0]
        if len(freed):
            factor = 100 if measure == "top_box" else 1
            plain = replace(self, odds=None, posterior=self._proportional())
            for name, model in (("before", plain), ("after", self)):
                table[name] = factor * model.changes().change[:, freed, 0].mean(0)
        return self.odds.check(table, measure)

    def _proportional(self) -> Posterior:
        """The same model with one effect at all cuts, in normal approximation."""
        datasets = [rows_of(self.ratings, self.columns, *each, link=self.link) for each in self.completed]
        found = approximate(
            datasets, self.prior, drivers=len(self.ratings.drivers), weighting=self.ratings.design_weighting
        )
        return approximate_posterior(found, MOST_DRAWS, self.random_seed)

    def sensitivity(self) -> tuple[pd.DataFrame, tuple[Check, ...]]:
        """How effects move with the priors, missing ratings and levels, see `sensitivity.sensitivity`."""
        return sensitivity(self.ratings, self.columns, self.prior, self.rows)

    # What it says in numbers ----------------------------------------------------------------------------------------

    def interval(self, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends over the first axis.

        Parameters
        ----------
        draws
            (draws, …).
        """
        lower, upper = np.quantile(draws, [(1 - self.confidence) / 2, (1 + self.confidence) / 2], axis=0)
        return lower, upper

    @property
    def interval_kind(self) -> str:
        """What every interval is, in words."""
        return sentence("{level} credible (equal tails)", level=percent(self.confidence))

    @property
    def effect_unit(self) -> str:
        """Unit of every effect, in words."""
        return sentence("standard deviations of latent noise") if self.link.is_probit else sentence("log-odds")

    def point_effects(self, coefficients: np.ndarray | None = None) -> np.ndarray:
        """(draws, S, D): effect of one point of each rating on a higher answer, in `effect_unit`; ladders' on average.

        Parameters
        ----------
        coefficients
            (draws, S, C); those of the posterior where they are None.
        """
        coefficients = self.posterior.flat[0] if coefficients is None else coefficients
        out = np.zeros((*coefficients.shape[:2], len(self.ratings.drivers)))
        reach = np.ptp(self.ratings.ends, axis=1)
        for place in range(out.shape[2]):
            own = np.flatnonzero((self.columns.driver == place) & ~self.columns.usage)
            if self.columns.shape == "monotone":
                out[:, :, place] = coefficients[:, :, own].sum(2) / reach[place]
            else:
                out[:, :, place] = coefficients[:, :, own].mean(2) / self.columns.sd[place]
        return out

    def effect_draws(self, draws: int = EXPORTED_DRAWS) -> pd.DataFrame:
        """Draws for other studies.

        `draw`, `segment`, `driver`, `effect` (of one point of the rating on a higher answer) and `use` (of using it at
        an average rating; 0 where everybody does), in `effect_unit`, and `outcome`, the item that they are about.

        Chains of the imputations stand one after the other; some draws of each, evenly spaced. Of segments of which
        too few rated a driver (`Ratings.too_few`) nothing is told: they have the mean effect of those who did.

        Parameters
        ----------
        draws
            How many, of all chains; at most as many as there are.
        """
        chains, length = self.posterior.cuts.shape[:2]
        kept = np.unique(np.linspace(0, length - 1, max(draws // chains, 2)).astype(int))
        effects = self.point_effects().reshape(chains, length, len(self.ratings.segments), -1)[:, kept]
        use = np.zeros_like(effects)
        for column in np.flatnonzero(self.columns.usage):
            use[..., self.columns.driver[column]] = self.posterior.coefficients[:, kept][..., column]
        effects, use = self._told_of_all(effects), self._told_of_all(use)
        index = pd.MultiIndex.from_product(
            [range(chains * len(kept)), self.ratings.segments, self.ratings.drivers],
            names=["draw", "segment", "driver"],
        )
        drawn = pd.DataFrame({"effect": effects.ravel(), "use": use.ravel()}, index=index).reset_index()
        return drawn.assign(outcome=self.ratings.outcome)

    @cached_property
    def too_few(self) -> np.ndarray:
        """Of which segments and drivers (S, D) too few rated for anything to be said."""
        return self.ratings.too_few(self.ratings.group, len(self.ratings.segments))

    def _told_of_all(self, drawn: np.ndarray) -> np.ndarray:
        """Draws (…, S, D) in which segments of too few have the mean of the others; where none is left, of all."""
        raters = self.ratings.raters(self.ratings.group, len(self.ratings.segments)).astype(float)
        shown = np.where(self.too_few, 0.0, raters)
        shown = np.where(shown.sum(0) > 0, shown, raters)
        total = shown.sum(0)
        weights = np.divide(shown, total, out=np.full_like(shown, 1 / len(shown)), where=total > 0)
        return np.where(self.too_few, (drawn * weights).sum(-2, keepdims=True), drawn)


def _unsampled() -> tuple[Check, ...]:
    message = sentence("The model was not sampled: numbers come from the Laplace approximation around its best fit.")
    title = sentence("Not sampled: a normal approximation")
    return (Check(name="normal_approximation", status="warn", message=message, title=title),)
