"""Draws from a smooth log density of few parameters by NUTS: what is done where importance sampling is not sound."""

from dataclasses import replace
from typing import Any

import numpy as np

from workbench.statistics.laplace import STEP, LogDensity, Sample, highest, importance_sample
from workbench.statistics.newton import Maximum

CHAINS = 4
"""Of which R̂ is made (Vehtari and others 2021)."""
TUNE = 500
"""Steps of each chain that only find the step size: scales are known from the mode."""
LEAST = 400
"""Draws of each chain, at least: R̂ and effective draws are then told with some certainty."""
TARGET = 0.9
"""Acceptance aimed at: tails that importance sampling missed are bent."""


def sample(log_density: LogDensity, start: np.ndarray, *, draws: int, seed: int) -> Sample:
    """Draws by importance sampling about the mode, and by NUTS where that is not sound.

    Parameters
    ----------
    log_density
        From (p,) to a number, up to a constant.
    start : (p,)
        Where the search for the mode begins.
    draws, seed
        As of `sample_nuts`.
    """
    mode = highest(log_density, start)
    found = importance_sample(log_density, mode, draws=draws, seed=seed)
    if found.sound or not np.isfinite(mode.covariance).all():
        return found
    return replace(sample_nuts(log_density, mode, draws=draws, seed=seed), k=found.k)


def sample_nuts(log_density: LogDensity, mode: Maximum, *, draws: int, seed: int) -> Sample:
    """Draws by the no-U-turn sampler, in coordinates in which the mode's surroundings are round.

    Parameters
    ----------
    log_density
        From (p,) to a number, up to a constant; its gradient is taken by differences.
    mode
        Of the density, from `laplace.highest`.
    draws
        How many are given back.
    seed
        Of the random numbers.

    Returns
    -------
    Sample
        Of all chains, in random order, with R̂ and the effective number of the worst parameter.

    References
    ----------
    Hoffman, Gelman (2014), The no-U-turn sampler; Vehtari and others (2021), Rank-normalization, folding, and
    localization: an improved R̂.
    """
    import pymc as pm
    from arviz_stats.base import array_stats

    size = len(mode.estimate)
    root = np.linalg.cholesky(mode.covariance)
    steps = STEP * np.eye(size)

    def both(place: np.ndarray) -> tuple[float, np.ndarray]:
        def at(z: np.ndarray) -> float:
            with np.errstate(all="ignore"):
                value = log_density(mode.estimate + root @ z)
            return value if np.isfinite(value) else -1e300

        return at(place), np.array([(at(place + step) - at(place - step)) / (2 * STEP) for step in steps])

    each = max(LEAST, -(-draws // CHAINS))
    with pm.Model():
        z = pm.Flat("z", shape=size, initval=np.zeros(size))
        pm.Potential("density", _operation(both)(z)[0])
        trace: Any = pm.sample(
            each,
            tune=TUNE,
            chains=CHAINS,
            cores=1,
            random_seed=seed,
            target_accept=TARGET,
            progressbar=False,
            compute_convergence_checks=False,
            compile_kwargs={"mode": "FAST_COMPILE"},
        )
    found = np.asarray(trace.posterior["z"])
    rhat = max(float(array_stats.rhat(found[:, :, place])) for place in range(size))
    effective = min(float(array_stats.ess(found[:, :, place])) for place in range(size))
    flat = mode.estimate + found.reshape(-1, size) @ root.T
    chosen = np.random.default_rng(seed).permutation(len(flat))[:draws]
    return Sample(draws=flat[chosen], effective=effective, k=np.nan, rhat=rhat)


def _operation(both: Any) -> Any:
    """A function that gives value and gradient, as an operation of PyTensor."""
    import pytensor.tensor as pt
    from pytensor.graph.basic import Apply
    from pytensor.graph.op import Op

    class Density(Op):
        """Value and gradient; only the value may be differentiated."""

        def make_node(self, *inputs: Any) -> Apply:
            (place,) = (pt.as_tensor(each) for each in inputs)
            return Apply(self, [place], [pt.dscalar(), place.type()])

        def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
            value, gradient = both(inputs[0])
            outputs[0][0], outputs[1][0] = np.asarray(value), gradient

        def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
            return [cotangents[0] * outputs[1]]

    return Density()
