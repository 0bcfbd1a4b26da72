"""Whether chains can be trusted: the gate that every sampled posterior passes or fails.

Limits are those of Vehtari, Gelman, Simpson, Carpenter, Bürkner (2021), and of Betancourt (2016) for the energy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.findings import Check
from workbench.wording import number, sentence

LARGEST_R_HAT = 1.01
"""Vehtari et al. (2021), section 4."""
SMALLEST_ESS = 400
"""Vehtari et al. (2021): 100 for each of four chains, so that R-hat and quantiles are stable."""
SMALLEST_E_BFMI = 0.3
"""Betancourt (2016); Stan's own limit."""
FEWEST_CHAINS = 4
"""Vehtari et al. (2021), section 4."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """How a sampler fared.

    Attributes
    ----------
    r_hat
        Largest rank-normalised split R-hat of any parameter.
    ess_bulk, ess_tail
        Smallest effective sample sizes of any parameter, for its middle and for its tails.
    divergences
        Transitions after tuning at which the integrator broke down.
    e_bfmi
        Smallest energy fraction of missing information of any chain.
    chains
        How many chains were run.
    """

    r_hat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    e_bfmi: float
    chains: int


def diagnose(draws: Mapping[str, np.ndarray], *, divergent: np.ndarray, energy: np.ndarray) -> Diagnostics:
    """Diagnostics of one fit.

    Parameters
    ----------
    draws
        Parameter by name, (chain, draw, …).
    divergent, energy
        (chain, draw) from the sampler.
    """
    import arviz as az

    tree = az.from_dict({"posterior": {name: np.asarray(values) for name, values in draws.items()}})
    worst = {
        "r_hat": float(np.max(_values(az.rhat(tree)))),
        "ess_bulk": float(np.min(_values(az.ess(tree, method="bulk")))),
        "ess_tail": float(np.min(_values(az.ess(tree, method="tail")))),
    }
    moves = np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)
    return Diagnostics(
        **worst, divergences=int(np.sum(divergent)), e_bfmi=float(np.min(moves)), chains=int(energy.shape[0])
    )


def _values(found: Any) -> np.ndarray:
    """All parameters (an xarray.Dataset) in one array; NumPy's extremes keep a NaN where others pass it over."""
    return np.concatenate([each.to_numpy().ravel() for each in found.data_vars.values()])


def convergence_checks(fits: Sequence[Diagnostics]) -> tuple[Check, ...]:
    """The gate: one check a criterion, on the worst of all fits.

    Parameters
    ----------
    fits
        One a fitted data set (several where missing answers were imputed several times).

    Examples
    --------
    >>> fine = Diagnostics(r_hat=1.004, ess_bulk=900, ess_tail=800, divergences=0, e_bfmi=0.9, chains=4)
    >>> [check.status for check in convergence_checks([fine])]
    ['pass', 'pass', 'pass', 'pass', 'pass', 'pass']
    """
    times = sentence(" (worst of {fits} fits)", fits=len(fits)) if len(fits) > 1 else ""
    told = (
        (
            "r_hat",
            np.max([f.r_hat for f in fits]),
            LARGEST_R_HAT,
            False,
            sentence("R-hat{times}: chains that agree have a value near 1.", times=times),
        ),
        (
            "ess_bulk",
            np.min([f.ess_bulk for f in fits]),
            SMALLEST_ESS,
            True,
            sentence("Effective draws in the middle of each distribution{times}.", times=times),
        ),
        (
            "ess_tail",
            np.min([f.ess_tail for f in fits]),
            SMALLEST_ESS,
            True,
            sentence("Effective draws in the tails of each distribution{times}.", times=times),
        ),
        (
            "divergences",
            sum(f.divergences for f in fits),
            0,
            False,
            sentence("Transitions at which the sampler broke down{times}.", times=times),
        ),
        (
            "e_bfmi",
            np.min([f.e_bfmi for f in fits]),
            SMALLEST_E_BFMI,
            True,
            sentence("Energy fraction of missing information{times}.", times=times),
        ),
        ("chains", min(f.chains for f in fits), FEWEST_CHAINS, True, sentence("Chains started apart from each other.")),
    )
    checks = []
    for name, value, limit, at_least, what in told:
        good = bool(value >= limit if at_least else value <= limit)  # a NaN fails
        bound = sentence("at least") if at_least else sentence("at most")
        template = "{what} Got {value}, wanted {bound} {limit}."
        message = sentence(template, bound=bound, what=what, value=number(value, 4), limit=number(limit, 4))
        if not good:
            message += sentence(
                " The draws do not stand for the posterior: do not use the numbers; raise tune and draws."
            )
        checks.append(
            Check(
                name=f"convergence_{name}",
                status="pass" if good else "fail",
                title=sentence("The computation settled") if good else sentence("The computation has not settled"),
                message=message,
                value=float(value),
                threshold=float(limit),
            )
        )
    return tuple(checks)
