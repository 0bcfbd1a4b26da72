"""What moves an outcome: the drivers' model from ratings to answers, fitted once and asked many times."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.evaluation.convergence import convergence_checks
from workbench.evaluation.predictive import LeaveOneOut, leave_one_out, loo_check, predictive_check
from workbench.findings import Check
from workbench.models.blanks import complete, level_probability, rows_of
from workbench.models.driver_columns import Columns, Shape, make_columns
from workbench.models.importance import Importance, average_gains, column_covariance, importance
from workbench.models.ordered import Posterior, sample
from workbench.models.ordered_mode import Mode, Prior, Rows, by_segment, find_mode
from workbench.models.ratings import BLANK, Ratings
from workbench.models.what_if import MOST_DRAWS, Changes, Scenario, scorings, what_if
from workbench.wording import number, percent, sentence

LOO_DRAWS = 400
LOO_ROWS = 10_000
"""Comparisons by leave-one-out rest on so many answers at most, drawn at random."""
TOLD_APART = 2.0
"""Standard errors by which the drivers' model must be better than the mean rating alone."""
EXPORTED_DRAWS = 400


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
    """

    ratings: Ratings
    columns: Columns
    prior: Prior
    completed: list[tuple[np.ndarray, np.ndarray]]
    posterior: Posterior
    confidence: float
    random_seed: int

    @cached_property
    def rows(self) -> list[Rows]:
        return [rows_of(self.ratings, self.columns, *each) for each in self.completed]

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
        """Shares of what is explained, for everyone."""
        gains = average_gains(self.covariance, self.columns.driver, random_seed=self.random_seed)
        return importance(
            self.posterior.flat[0], self.segment_shares, self.covariance, self.columns.driver,
            random_seed=self.random_seed, gains=gains,
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

    def changes(self, scenario: Scenario = "one_point", moved: float = 1.0) -> Changes:
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
    def _compared(self) -> dict[str, LeaveOneOut]:
        rng = np.random.default_rng(self.random_seed)
        ratings, rows = self.ratings, self.rows[0]
        kept = np.arange(len(rows.levels))
        if len(kept) > LOO_ROWS:
            kept = np.sort(rng.choice(len(kept), LOO_ROWS, replace=False))
        values, applies = self.completed[0]
        found = {}
        # All three in the same approximation, or what is compared would be the approximations.
        for name, simple, drivers in (
            ("drivers", rows, len(ratings.drivers)),
            ("halo", self._halo(values, applies), 1),
            ("nothing", replace(rows, columns=rows.columns[:, :0].copy(), varying=rows.varying[:0]), 1),
        ):
            mode = find_mode(simple, self.prior, drivers=drivers)
            draws = by_segment(simple, mode.draws(LOO_DRAWS, rng))
            found[name] = leave_one_out(_log_likelihood(simple, draws, ratings.group, kept))
        found["weights"] = ratings.likelihood_weights[kept]
        return found

    def _halo(self, values: np.ndarray, applies: np.ndarray) -> Rows:
        """The rival: a person's mean rating in place of single ratings, and all else as the drivers' model has it.

        What was used, and a slope that differs by segment or is bent, say nothing about which driver it is.
        """
        rows, usage = self.rows[0], self.columns.usage
        scaled = np.where(applies, (values - self.columns.location) / self.columns.spread, 0.0)
        mean = scaled.sum(1) / np.maximum(applies.sum(1), 1)
        mean = (mean - mean.mean()) / mean.std()
        slopes = [mean] if self.columns.shape == "linear" else [np.minimum(mean, 0), np.maximum(mean, 0)]
        varies = bool(rows.varying[~usage].any())
        return replace(
            rows,
            columns=np.ascontiguousarray(np.column_stack([*slopes, rows.columns[:, usage]])),
            varying=np.concatenate([np.full(len(slopes), varies), rows.varying[usage]]),
        )

    def better_than(self, other: str) -> tuple[float, float]:
        """Log predictive density expected over that of `halo` (the mean rating alone) or `nothing`, with its error."""
        return self._compared["drivers"].difference(self._compared[other], self._compared["weights"])

    @property
    def told_apart(self) -> bool:
        """Whether single drivers foretell the outcome better than the mean rating, by two standard errors."""
        if len(self.ratings.drivers) == 1:
            return True
        difference, error = self.better_than("halo")
        return difference > TOLD_APART * error

    def comparison(self) -> pd.DataFrame:
        """`model`, `difference`, `standard_error`: the drivers' model against simpler ones (elpd by PSIS-LOO)."""
        names = {"halo": sentence("mean rating alone"), "nothing": sentence("no drivers")}
        rows = [(names[name], *self.better_than(name)) for name in names]
        return pd.DataFrame(rows, columns=["model", "difference", "standard_error"])

    def foretold(self, draws: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """Shares of levels by segment: observed (S, K), and in data drawn from the model (draws, S, K)."""
        rng = np.random.default_rng(self.random_seed)
        rows, group, count = self.rows[0], self.ratings.group, len(self.ratings.points)
        many, weights = len(self.ratings.segments), self.ratings.likelihood_weights
        whole = np.bincount(group, weights=weights, minlength=many)[:, None]
        observed = np.bincount(group * count + rows.levels, weights=weights, minlength=many * count)
        out = []
        for coefficients, intercepts, cuts in zip(*self.posterior.thinned(draws), strict=True):
            predictor = intercepts[group] + np.einsum("ij,ij->i", rows.columns, coefficients[group])
            drawn = np.searchsorted(cuts, predictor + rng.logistic(size=len(predictor)))
            out.append(np.bincount(group * count + drawn, weights=weights, minlength=many * count))
        return observed.reshape(many, count) / whole, np.array(out).reshape(-1, many, count) / whole

    def checks(self) -> tuple[Check, ...]:
        """The convergence gate, the predictive check and comparisons."""
        return (
            *convergence_checks(self.posterior.fits),
            predictive_check(*self.foretold()),
            loo_check(self._compared["drivers"]),
            self._versus_halo(),
        )

    def _versus_halo(self) -> Check:
        difference, error = self.better_than("halo")
        apart = self.told_apart
        return Check(
            name="drivers_told_apart",
            status="pass" if apart else "warn",
            value=difference,
            threshold=TOLD_APART * error,
            message=sentence(
                "Against the mean of a person's ratings alone, single drivers foretell the outcome {better}: expected "
                "log density {difference} higher, standard error {error}.",
                better=sentence("better") if apart else sentence("no better than chance allows"),
                difference=number(difference),
                error=number(error),
            ),
        )

    def sensitivity(self) -> tuple[pd.DataFrame, tuple[Check, ...]]:
        """How effects move with the priors and with the treatment of blanks, in standard deviations of the posterior.

        Each alternative is a normal approximation, compared with the normal approximation of the model itself.
        `scenario`, `driver`, `effect`, `alternative`, `shift`.
        """
        base = find_mode(self.rows[0], self.prior, drivers=len(self.ratings.drivers))
        others = {
            sentence("prior half as wide"): self._again(self.rows[0], 0.5),
            sentence("prior twice as wide"): self._again(self.rows[0], 2.0),
        }
        blank = (self.ratings.state == BLANK).any(1)
        if blank.any() and (~blank).sum() > 10 * len(self.ratings.drivers):
            from workbench.models.ordered_mode import subset

            others[sentence("people with blanks left out")] = self._again(subset(self.rows[0], ~blank), 1.0)
        first, width = base.rows.count - 1, base.rows.columns.shape[1]
        sd = np.sqrt(np.diag(base.covariance))[first : first + width]
        frames = [
            pd.DataFrame(
                {"scenario": name, "driver": self.columns.names, "effect": base.effects, "alternative": other.effects,
                 "shift": (other.effects - base.effects) / sd}
            )
            for name, other in others.items()
        ]  # fmt: skip
        table = pd.concat(frames, ignore_index=True)
        table = table[~np.tile(self.columns.usage, len(others))].reset_index(drop=True)
        prior = table[table["scenario"] != sentence("people with blanks left out")]
        worst = float(prior["shift"].abs().max())
        check = Check(
            name="prior_sensitivity",
            status="pass" if worst < 1 else "warn",
            value=worst,
            threshold=1.0,
            message=sentence(
                "With priors half or twice as wide, no effect moves by more than {worst} standard deviations.",
                worst=number(worst, 2),
            ),
        )
        return table, (check,)

    def _again(self, rows: Rows, factor: float) -> Mode:
        prior = Prior(
            effect=self.prior.effect * factor,
            segment_effect=self.prior.segment_effect * factor,
            segment_level=self.prior.segment_level * factor,
        )
        return find_mode(rows, prior, drivers=len(self.ratings.drivers))

    # What it says in numbers ----------------------------------------------------------------------------------------

    def interval(self, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends over the first axis."""
        tails = [(1 - self.confidence) / 2, (1 + self.confidence) / 2]
        return tuple(np.quantile(draws, tails, axis=0))

    @property
    def interval_kind(self) -> str:
        return sentence("{level} credible (equal tails)", level=percent(self.confidence))

    def point_effects(self, coefficients: np.ndarray | None = None) -> np.ndarray:
        """(draws, S, D): change in log-odds of a higher answer for one point of each rating; of ladders on average.

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
        """Draws for other studies: `chain`, `draw`, `segment`, `driver`, `effect` (log-odds of a higher answer for one
        point of the rating) and `use` (log-odds for using it at an average rating; 0 where everybody does).

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
    imputations: int = 5,
    draws: int = 500,
    tune: int = 400,
    confidence: float = 0.9,
    random_seed: int,
) -> DriverModel:
    """Impute what is blank, sample the posterior of each completed data set, pool.

    Parameters
    ----------
    shape
        `linear`, `asymmetric` or `monotone`, see `driver_columns.Columns`.
    imputations
        How often blanks are imputed; once where there are none.
    draws, tune
        Of each of 4 chains.
    random_seed
        Fixes imputations and chains.
    """
    prior = prior or Prior()
    columns = make_columns(ratings, shape)
    completed = complete(ratings, prior, times=imputations, random_seed=random_seed)
    posterior = sample(
        [rows_of(ratings, columns, *each) for each in completed], columns, prior, draws=draws, tune=tune,
        weighting=ratings.weighting, drivers=len(ratings.drivers), random_seed=random_seed,
    )  # fmt: skip
    return DriverModel(
        ratings=ratings, columns=columns, prior=prior, completed=completed, posterior=posterior, confidence=confidence,
        random_seed=random_seed,
    )  # fmt: skip


def _log_likelihood(rows: Rows, draws, group: np.ndarray, kept: np.ndarray) -> np.ndarray:
    out = np.empty((len(draws[2]), len(kept)))
    table, group, levels = rows.columns[kept], group[kept], rows.levels[kept]
    for n, (coefficients, intercepts, cuts) in enumerate(zip(*draws, strict=True)):
        predictor = intercepts[group] + np.einsum("ij,ij->i", table, coefficients[group])
        out[n] = np.log(np.maximum(level_probability(levels, predictor, cuts), 1e-300))
    return out
