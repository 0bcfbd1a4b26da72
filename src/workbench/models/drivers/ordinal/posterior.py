"""The ordered logit or probit of an outcome on its drivers, effects partially pooled over segments: the model in PyMC.

    P(y ≤ k) = F(c_k − η),    η = a_s + Σ_c x_c β_sc,    β_sc ~ Normal(β_c, τ),    β_c ~ Normal(0, effect / √D)

Where proportional odds are broken (`proportional_odds`) some columns have effects that differ by cut: β_sc + δ_ck.

F is the logistic or the normal distribution function (`links`). Cut points are sorted variates of F; around 0 that
would be a uniform prior on the shares of the levels where η is 0 (Betancourt 2019, induced Dirichlet), and
`Prior.cut_location` moves it. Usage columns have one coefficient for all segments. How parameters are laid out for the
sampler stands in `parametrisation`; the model is the same in both.
"""

import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workbench.evaluation.convergence import Diagnostics, diagnose
from workbench.models.drivers.ordinal.laplace import LaplaceFit, fit_laplace, one_thread
from workbench.models.drivers.ordinal.rows import Draws, Prior, Rows, by_segment, level_contrasts
from workbench.models.drivers.ordinal.survey_draws import design_adjusted, ladders_adjusted
from workbench.models.drivers.responses.columns import Columns
from workbench.pace import paced

CHAINS = 4  # as R-hat wants (Vehtari and others 2021)
TARGET_ACCEPT = 0.85
"""Acceptance that steps are tuned for: a little above the usual 0.8 of NUTS (Hoffman, Gelman 2014)."""
CAREFUL = 0.97
"""Where transitions diverge at `TARGET_ACCEPT` the chains are run again with steps as small as this asks for: a few
divergences come from steps that are too long; if some remain, the posterior is one that cannot be sampled so.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Draws from the posterior; chains of several imputations stand one after the other.

    Attributes
    ----------
    effects
        (chain, draw, C): effects shared by all segments.
    coefficients, intercepts, cuts, shifts
        (chain, draw, S, C), (chain, draw, S), (chain, draw, K − 1), (chain, draw, K − 1, P): what is added at each cut
        to the coefficients of columns whose effects differ by cut.
    sds
        (chain, draw, 2): what segments add to effects and to the level, as standard deviations; None without segments.
    fits
        How the sampler fared, one an imputation.
    """

    effects: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    cuts: np.ndarray
    sds: np.ndarray | None
    fits: tuple[Diagnostics, ...]
    shifts: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Draws of all chains."""
        return self.cuts.shape[0] * self.cuts.shape[1]

    @cached_property
    def flat(self) -> Draws:
        """Draws of all chains, one after the other."""
        shifts = np.zeros((*self.cuts.shape, 0)) if self.shifts is None else self.shifts
        parts = (self.coefficients, self.intercepts, self.cuts, shifts)
        coefficients, intercepts, cuts, shifts = (each.reshape(self.size, *each.shape[2:]) for each in parts)
        return coefficients, intercepts, cuts, shifts

    def thinned(self, count: int) -> Draws:
        """Draws of `flat`, evenly over all chains.

        Parameters
        ----------
        count
            How many at most.
        """
        coefficients, intercepts, cuts, shifts = (each[self.evenly(count)] for each in self.flat)
        return coefficients, intercepts, cuts, shifts

    def evenly(self, count: int) -> np.ndarray:
        """Places of draws of `flat`, evenly over all chains.

        Parameters
        ----------
        count
            How many at most.
        """
        return np.unique(np.linspace(0, self.size - 1, min(count, self.size)).astype(int))


def build_model(rows: Rows, columns: Columns, prior: Prior, mode: LaplaceFit | None = None) -> Any:
    """The model in PyMC.

    Parameters
    ----------
    rows
        Data of the likelihood; they enter as `pm.Data`, so that one compiled model serves every imputation.
    columns
        What the columns are: steps of a monotone ladder share one effect and the shares of its steps.
    prior
        Scales of the priors; none may be flat.
    mode
        Where the posterior is highest. With it, parameters are measured in units of the normal approximation there
        (`preconditioned`), which changes nothing but the speed; not for monotone effects.

    Returns
    -------
    pymc.Model
        With `effect`, `coefficients` (S, C), `cuts` (K − 1), and with several segments `segment_level` (S),
        `segment_effect_sd` and `segment_level_sd`.
    """
    import pymc as pm

    from workbench.models.drivers.ordinal.likelihood import OrderedLikelihood
    from workbench.models.drivers.ordinal.parametrisation import plain, preconditioned

    with pm.Model() as model:
        data = [
            pm.Data(name, values)
            for name, values in zip(("columns", "levels", "weights", "starts"), rows.data, strict=True)
        ]
        if mode is None:
            coefficients, intercepts, cuts = plain(rows, columns, prior)
        else:
            coefficients, intercepts, cuts = preconditioned(rows, columns, prior, mode)
        coefficients = pm.Deterministic("coefficients", coefficients)
        parameters = [coefficients, intercepts, cuts]
        if rows.cut_effects:
            each: Any = model["cut_effects"].reshape((len(rows.by_cut), rows.blocks.shape[1]))
            parameters.append(pm.Deterministic("shifts", (rows.blocks[:, None, :] * each[None]).sum(axis=2)))
        ordered = OrderedLikelihood(rows.link.is_probit, tuple(rows.by_cut.tolist()))
        outputs: Any = ordered(*data, *parameters)
        pm.Potential("likelihood", outputs[0])
    return model


@one_thread
def sample(
    datasets: list[Rows],
    columns: Columns,
    prior: Prior,
    *,
    draws: int = 500,
    tune: int = 400,
    weighting: str = "none",
    drivers: int,
    random_seed: int,
) -> Posterior:
    """Draw from the posterior with NUTS, from every imputed data set, and pool.

    Parameters
    ----------
    datasets
        Equal but for imputed columns. Each gets 4 chains of its own; their draws together are the posterior
        (Rubin 1987; Gelman et al. 2013, ch. 18).
    columns, prior
        What the columns are, and what is believed of them.
    draws, tune
        Of each chain.
    weighting
        `survey`: the draws of each fit are scaled to the covariance that the design implies (`survey_design`).
    drivers
        How many drivers the columns belong to.
    random_seed
        Fixes the chains.
    """
    import nutpie

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # compilers' remarks on versions stay out of a report
        mode = None if columns.shape == "monotone" else fit_laplace(datasets[0], prior, drivers=drivers)
        compiled = nutpie.compile_pymc_model(build_model(datasets[0], columns, prior, mode))
        parts = []
        for place, rows in enumerate(paced(datasets)):
            if place:
                compiled = compiled.with_data(columns=rows.columns)
            for target in (TARGET_ACCEPT, CAREFUL):
                trace = _all_draws(
                    nutpie.sample(
                        compiled,
                        draws=draws,
                        tune=tune,
                        chains=CHAINS,
                        cores=min(CHAINS, os.cpu_count() or 1),
                        seed=random_seed + place,
                        target_accept=target,
                        save_warmup=False,
                        progress_bar=False,
                        blocking=False,
                    )
                )
                if not trace.sample_stats["diverging"].to_numpy().any():
                    break
            parts.append(_read(trace, rows, columns, prior, weighting, drivers))
    several = datasets[0].segments > 1
    return Posterior(
        effects=np.concatenate([part["effects"] for part in parts]),
        coefficients=np.concatenate([part["coefficients"] for part in parts]),
        intercepts=np.concatenate([part["intercepts"] for part in parts]),
        cuts=np.concatenate([part["cuts"] for part in parts]),
        shifts=np.concatenate([part["shifts"] for part in parts]),
        sds=np.concatenate([part["sds"] for part in parts]) if several else None,
        fits=tuple(part["fit"] for part in parts),
    )


def _all_draws(running: Any) -> Any:
    """What chains have drawn when they are through: whoever interrupts them gets none, not a part with gaps."""
    try:
        return running.wait()
    except BaseException:
        running.cancel()
        raise


def _read(trace: Any, rows: Rows, columns: Columns, prior: Prior, weighting: str, drivers: int) -> dict[str, Any]:
    posterior, stats = trace.posterior, trace.sample_stats
    several = rows.segments > 1
    names = [
        "effect",
        "cuts",
        *(["coefficients", "segment_level", "segment_effect_sd", "segment_level_sd"] if several else []),
        *(["cut_effects"] if rows.cut_effects else []),
    ]
    fit = diagnose(
        {name: posterior[name].to_numpy() for name in names},
        divergent=stats["diverging"].to_numpy(),
        energy=stats["energy"].to_numpy(),
    )
    cuts, coefficients = posterior["cuts"].to_numpy(), posterior["coefficients"].to_numpy()
    effects = posterior["effect"].to_numpy()
    shape = cuts.shape[:2]
    cut_effects = posterior["cut_effects"].to_numpy() if rows.cut_effects else np.zeros((*shape, 0))
    shifts = rows.shifts(cut_effects)
    intercepts = posterior["segment_level"].to_numpy() if several else np.zeros((*shape, 1))
    sds = (
        np.stack([posterior[f"segment_{of}_sd"].to_numpy() for of in ("effect", "level")], axis=-1) if several else None
    )
    if columns.shape == "monotone":
        if weighting == "survey":
            moved = ladders_adjusted(rows, columns, effects, coefficients, intercepts, cuts)
            effects, coefficients, intercepts, cuts = moved
        effects = coefficients.mean(axis=2)  # of each step, in place of whole ladders
    elif weighting == "survey":
        varying = np.flatnonzero(rows.varying)
        added = (coefficients - effects[:, :, None, :])[..., varying].reshape(*shape, -1)
        parameters = np.concatenate(
            [cuts, effects, *([added, intercepts @ level_contrasts(rows.segments)] if several else []), cut_effects],
            axis=-1,
        )
        effect, level = (1.0, 1.0) if sds is None else np.median(sds.reshape(-1, 2), axis=0)
        parameters = design_adjusted(
            parameters, fit_laplace(rows, prior, drivers=drivers, fixed=(float(effect), float(level)))
        )
        coefficients, intercepts, cuts, shifts = by_segment(rows, parameters)
        effects = parameters[..., rows.count - 1 :][..., : rows.columns.shape[1]]
    return {
        "effects": effects,
        "coefficients": coefficients,
        "intercepts": intercepts,
        "cuts": cuts,
        "shifts": shifts,
        "sds": sds,
        "fit": fit,
    }
