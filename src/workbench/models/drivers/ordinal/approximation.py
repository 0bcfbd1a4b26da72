"""The Laplace approximation of a drivers' model over all imputations, and under survey weights.

For alternatives that are asked beside the sampled model, and must differ from it in nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.models.drivers.ordinal.laplace import LaplaceFit, fit_laplace, one_thread
from workbench.models.drivers.ordinal.posterior import CHAINS, Posterior
from workbench.models.drivers.ordinal.rows import Draws, Prior, Rows, by_segment
from workbench.models.drivers.ordinal.survey_draws import design_adjusted, sandwich


@dataclass(frozen=True, kw_only=True, eq=False)
class Approximation:
    """Modes of one model, one a completed data set.

    Attributes
    ----------
    modes
        Where the posterior of each is highest.
    weighting
        `survey`: standard deviations are those of the design, as in the sampled model.
    """

    modes: tuple[LaplaceFit, ...]
    weighting: str

    @cached_property
    def effects(self) -> np.ndarray:
        """(C,): effects shared by all segments, over imputations."""
        return np.mean([mode.effects for mode in self.modes], axis=0)

    @cached_property
    def sds(self) -> np.ndarray:
        """(C,): their standard deviations, within imputations and between them (Rubin 1987)."""
        first = self.modes[0].rows.count - 1
        places = first + np.arange(len(self.effects))
        within = [(sandwich(m) if self.weighting == "survey" else m.covariance)[places, places] for m in self.modes]
        several = len(self.modes)
        between = np.var([mode.effects for mode in self.modes], axis=0, ddof=1) if several > 1 else 0.0
        return np.sqrt(np.mean(within, axis=0) + (1 + 1 / several) * between)

    @one_thread
    def draws(self, count: int, rng: np.random.Generator) -> Draws:
        """About so many draws, from each imputation as many.

        Parameters
        ----------
        count
            How many.
        rng
            What draws.
        """
        parts = []
        for mode in self.modes:
            drawn = mode.draws(max(count // len(self.modes), 2), rng)
            drawn = design_adjusted(drawn, mode) if self.weighting == "survey" else drawn
            parts.append(by_segment(mode.rows, drawn))
        coefficients, intercepts, cuts, shifts = (np.concatenate(each) for each in zip(*parts, strict=True))
        return coefficients, intercepts, cuts, shifts


@one_thread
def approximate(datasets: Sequence[Rows], prior: Prior, *, drivers: int, weighting: str = "none") -> Approximation:
    """Fit one model to every completed data set.

    Standard deviations between segments are found on the first one and kept for the others, which differ from it in
    what was imputed alone.

    Parameters
    ----------
    datasets
        Equal but for imputed columns.
    prior
        In the unit of the rows' link.
    drivers
        How many drivers the columns belong to.
    weighting
        `none`, `frequency` or `survey`.
    """
    first = fit_laplace(datasets[0], prior, drivers=drivers)
    fixed = (first.segment_effect, first.segment_level)
    others = [fit_laplace(each, prior, drivers=drivers, start=first.parameters, fixed=fixed) for each in datasets[1:]]
    return Approximation(modes=(first, *others), weighting=weighting)


def approximate_posterior(found: Approximation, count: int, random_seed: int) -> Posterior:
    """Independent draws as a posterior; each imputation has as many "chains" as if it were sampled.

    Parameters
    ----------
    found
        The approximation.
    count
        How many draws, about.
    random_seed
        Fixes them.
    """
    drawn = found.draws(count, np.random.default_rng(random_seed))
    chains = CHAINS * len(found.modes)
    length = len(drawn[0]) // chains
    coefficients, intercepts, cuts, shifts = (
        each[: chains * length].reshape(chains, length, *each.shape[1:]) for each in drawn
    )
    return Posterior(
        effects=coefficients.mean(2),
        coefficients=coefficients,
        intercepts=intercepts,
        cuts=cuts,
        shifts=shifts,
        sds=None,
        fits=(),
    )
