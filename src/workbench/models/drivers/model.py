"""What moves an outcome: the drivers' model from ratings to answers, fitted once and asked many times."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.evaluation.convergence import convergence_checks
from workbench.evaluation.predictive import loo_check, predictive_check
from workbench.findings import Check
from workbench.models.drivers.approximation import Approximation, approximate
from workbench.models.drivers.blanks import complete, rows_of
from workbench.models.drivers.columns import Columns, Shape, make_columns
from workbench.models.drivers.comparison import Comparison, compare
from workbench.models.drivers.importance import Importance, average_gains, column_covariance, effect_spread, importance
from workbench.models.drivers.links import LINKS, LOGIT, Link, LinkName
from workbench.models.drivers.ordered import Posterior, sample
from workbench.models.drivers.ordered_mode import Prior, Rows
from workbench.models.drivers.ratings import Ratings
from workbench.models.drivers.sensitivity import sensitivity
from workbench.models.drivers.what_if import MOST_DRAWS, Changes, Scenario, scorings, what_if
from workbench.wording import percent, sentence

EXPORTED_DRAWS = 400
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
    """

    ratings: Ratings
    columns: Columns
    prior: Prior
    completed: list[tuple[np.ndarray, np.ndarray]]
    posterior: Posterior
    confidence: float
    random_seed: int
    link: Link = LOGIT

    @cached_property
    def rows(self) -> list[Rows]:
        return [rows_of(self.ratings, self.columns, *each, self.link) for each in self.completed]

    @cached_property
    def covariance(self) -> np.ndarray:
        """(C, C): covariance of the columns within segments, over all imputations."""
        return np.mean([column_covariance(each.columns, each.weights, each.starts) for each in self.rows], axis=0)

    @cached_property
    def segment_shares(self) -> np.ndarray:
        """(S,): weight of each segment."""
        masses = np.bincount(self.ratings.group, weights=self.ratings.weights, minlength=len(self.ratings.segments))
        return masses / masses.sum()

    @cached_property
    def importance(self) -> Importance:
        """Shares of what is explained, for everyone whom the respondents stand for.

        How their ratings go together is known from a sample: parts of the draws see it resampled (Bayesian bootstrap,
        Rubin 1981), as the model sees the effects.
        """
        rng = np.random.default_rng(self.random_seed)
        effects, shares = self.posterior.flat[0], self.segment_shares
        spread = effect_spread(effects, shares)
        parts = []
        settings = {"driver": self.columns.driver, "spread": spread, "link": self.link}
        for part in range(min(RESAMPLED, len(effects))):
            rows = self.rows[part % len(self.rows)]
            drawn = (
                rng.gamma(rows.weights)
                if self.ratings.weighting == "frequency"
                else rows.weights * rng.exponential(size=len(rows.weights))
            )
            covariance = column_covariance(rows.columns, drawn, rows.starts)
            gains = average_gains(covariance, self.columns.driver, random_seed=self.random_seed)
            own = {"covariance": covariance, "gains": gains, "random_seed": self.random_seed + part}
            parts.append(importance(effects[part::RESAMPLED], shares, **own, **settings))
        order = np.argsort(np.concatenate([np.arange(part, len(effects), RESAMPLED) for part in range(len(parts))]))
        return Importance(
            **{name: np.concatenate([getattr(each, name) for each in parts])[order]
               for name in ("share", "unique", "knockoff", "explained")}
        )  # fmt: skip

    @cached_property
    def importance_among_users(self) -> np.ndarray:
        """(D,): mean share of each driver among the people to whom it applied."""
        shares = self.importance.share.mean(0).copy()
        coefficients = self.posterior.thinned(200)[0]
        for place in range(len(self.ratings.drivers)):
            if not (self.columns.usage & (self.columns.driver == place)).any():
                continue
            found = []
            for (_, applies), rows in zip(self.completed[:1], self.rows[:1], strict=True):
                use = applies[:, place].astype(float)
                found.append(column_covariance(rows.columns, rows.weights * use + 1e-12, rows.starts))
            covariance = np.mean(found, axis=0)
            joint = coefficients @ covariance
            gains = average_gains(covariance + 1e-9 * np.eye(len(covariance)), self.columns.driver,
                                  random_seed=self.random_seed)  # fmt: skip
            carried = np.einsum("nsc,dce,nse,s->nd", joint, gains, joint, self.segment_shares, optimize=True)
            shares[place] = (carried / carried.sum(1, keepdims=True)).mean(0)[place]
        return shares

    def changes(self, scenario: Scenario = "tenth", moved: float = 1.0) -> Changes:
        """What raising each driver goes with (`what_if`)."""
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
        return compare(
            self.ratings, self.columns, self.prior, self.completed, link=self.link, random_seed=self.random_seed
        )

    def better_than(self, other: str) -> tuple[float, float]:
        """Log predictive density expected over that of `halo` (the mean rating alone) or `nothing`, with its error."""
        return self._compared.better_than(other)

    @property
    def told_apart(self) -> bool:
        """Whether single drivers foretell the outcome better than the mean rating, by two standard errors."""
        return len(self.ratings.drivers) == 1 or self._compared.told_apart

    @property
    def foretells(self) -> bool:
        """Whether the ratings foretell the outcome at all, by two standard errors (`Comparison.foretells`)."""
        return self._compared.foretells

    def comparison(self) -> pd.DataFrame:
        """`model`, `difference`, `standard_error`: the drivers' model against simpler ones (elpd by PSIS-LOO)."""
        return self._compared.table()

    def alternative(self, shape: Shape) -> tuple[Columns, Approximation]:
        """The same model with effects of another shape, over all imputations and under the same weights."""
        columns = make_columns(self.ratings, shape)
        datasets = [rows_of(self.ratings, columns, *each, self.link) for each in self.completed]
        many = len(self.ratings.drivers)
        return columns, approximate(datasets, self.prior, drivers=many, weighting=self.ratings.weighting)

    def foretold(self, draws: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """Shares of levels by segment: observed (S, K), and in data drawn from the model (draws, S, K).

        A row that stands for several people (frequency weights) is drawn once for each of them.
        """
        rng = np.random.default_rng(self.random_seed)
        ratings, many = self.ratings, len(self.ratings.segments)
        group, count, weights = ratings.group, len(ratings.points), ratings.likelihood_weights
        whole = np.bincount(group, weights=weights, minlength=many)[:, None]
        observed = np.bincount(group * count + ratings.levels, weights=weights, minlength=many * count)
        kept = self.posterior.evenly(draws)
        per_fit = self.posterior.size // len(self.completed)
        out = []
        for n, coefficients, intercepts, cuts in zip(kept, *(each[kept] for each in self.posterior.flat), strict=True):
            rows = self.rows[n // per_fit]  # as imputed for this draw
            predictor = intercepts[group] + np.einsum("ij,ij->i", rows.columns, coefficients[group])
            if ratings.weighting == "frequency":
                chances = np.diff(self.link.cdf(np.append(cuts, np.inf) - predictor[:, None]), axis=1, prepend=0)
                drawn = rng.multinomial(np.rint(weights).astype(int), chances)
                out.append(np.array([drawn[group == s].sum(0) for s in range(many)]).ravel())
            else:
                drawn = np.searchsorted(cuts, predictor + self.link.draw(rng, len(predictor)))
                out.append(np.bincount(group * count + drawn, weights=weights, minlength=many * count))
        return observed.reshape(many, count) / whole, np.array(out).reshape(-1, many, count) / whole

    def checks(self) -> tuple[Check, ...]:
        """The convergence gate, the predictive check and comparisons."""
        return (
            *convergence_checks(self.posterior.fits),
            predictive_check(*self.foretold()),
            loo_check(self._compared.drivers),
            self._compared.check(told_apart=self.told_apart),
        )

    def sensitivity(self) -> tuple[pd.DataFrame, tuple[Check, ...]]:
        """How effects move with the priors and with the treatment of blanks, see `driver_sensitivity`."""
        return sensitivity(self.ratings, self.columns, self.prior, self.rows)

    # What it says in numbers ----------------------------------------------------------------------------------------

    def interval(self, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends over the first axis."""
        tails = [(1 - self.confidence) / 2, (1 + self.confidence) / 2]
        return tuple(np.quantile(draws, tails, axis=0))

    @property
    def interval_kind(self) -> str:
        return sentence("{level} credible (equal tails)", level=percent(self.confidence))

    @property
    def effect_unit(self) -> str:
        """Unit of every effect, in words."""
        return sentence("standard deviations of latent noise") if self.link.is_probit else sentence("log-odds")

    def point_effects(self, coefficients: np.ndarray | None = None) -> np.ndarray:
        """(draws, S, D): effect of one point of each rating on a higher answer, in `effect_unit`; ladders' on average.

        Of the posterior, or of other `coefficients` (draws, S, C).
        """
        coefficients = self.posterior.flat[0] if coefficients is None else coefficients
        out = np.zeros((*coefficients.shape[:2], len(self.ratings.drivers)))
        reach = np.ptp(self.ratings.ends, axis=1)
        for place in range(out.shape[2]):
            own = np.flatnonzero((self.columns.driver == place) & ~self.columns.usage)
            if self.columns.shape == "monotone":
                out[:, :, place] = coefficients[:, :, own].sum(2) / reach[place]
            else:
                out[:, :, place] = coefficients[:, :, own].mean(2) / self.columns.spread[place]
        return out

    def effect_draws(self) -> pd.DataFrame:
        """Draws for other studies: `chain`, `draw`, `segment`, `driver`, `effect` (of one point of the rating
        on a higher answer) and `use` (of using it at an average rating; 0 where everybody does), in `effect_unit`.

        Chains of the imputations stand one after the other; some draws of each, evenly spread.
        """
        chains, draws = self.posterior.cuts.shape[:2]
        kept = np.unique(np.linspace(0, draws - 1, max(EXPORTED_DRAWS // chains, 2)).astype(int))
        effects = self.point_effects().reshape(chains, draws, len(self.ratings.segments), -1)[:, kept]
        use = np.zeros_like(effects)
        for column in np.flatnonzero(self.columns.usage):
            use[..., self.columns.driver[column]] = self.posterior.coefficients[:, kept][..., column]
        index = pd.MultiIndex.from_product(
            [range(chains), kept, self.ratings.segments, self.ratings.drivers],
            names=["chain", "draw", "segment", "driver"],
        )
        return pd.DataFrame({"effect": effects.ravel(), "use": use.ravel()}, index=index).reset_index()


def fit_drivers(
    ratings: Ratings,
    *,
    prior: Prior | None = None,
    shape: Shape = "linear",
    link: LinkName = "logit",
    imputations: int = 5,
    draws: int = 500,
    tune: int = 400,
    confidence: float = 0.9,
    random_seed: int,
) -> DriverModel:
    """Impute what is blank, sample the posterior of each completed data set, pool.

    Parameters
    ----------
    prior
        In log-odds; with a probit its scales are as wide beside the latent noise (`Prior.on`).
    shape
        `linear`, `asymmetric` or `monotone`, see `columns.Columns`.
    link
        `logit` or `probit`: logistic or normal noise of the latent variable; effects are in its unit.
    imputations
        How often blanks are imputed; once where there are none.
    draws, tune
        Of each of 4 chains.
    random_seed
        Fixes imputations and chains.
    """
    noise = LINKS[link]
    prior = (prior or Prior()).on(noise)
    columns = make_columns(ratings, shape)
    completed = complete(ratings, prior, times=imputations, link=noise, random_seed=random_seed)
    posterior = sample(
        [rows_of(ratings, columns, *each, noise) for each in completed], columns, prior, draws=draws, tune=tune,
        weighting=ratings.weighting, drivers=len(ratings.drivers), random_seed=random_seed,
    )  # fmt: skip
    return DriverModel(
        ratings=ratings, columns=columns, prior=prior, completed=completed, posterior=posterior, confidence=confidence,
        random_seed=random_seed, link=noise,
    )  # fmt: skip
