"""A drivers' model in no time: its draws come from the normal approximation instead of chains."""

import numpy as np
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.evaluation.convergence import Diagnostics
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.posterior import Posterior
from workbench.models.drivers.ordinal.rows import Prior, by_segment
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings

FINE = Diagnostics(r_hat=1.0, ess_bulk=1000, ess_tail=1000, divergences=0, e_bfmi=1.0, chains=4)


def fitted(effects, n=1200, *, segment="segment", changed=lambda frame: frame, weighting="none", **world):
    """A `DriverModel` in no time: 4 "chains" of independent draws from the normal approximation."""
    frame, columns, *_ = draw_answers(n, effects, np.random.default_rng(6), segments=3, **world)
    columns = [*columns, column("weight", "", None, weighting=weighting)]
    ratings = read_ratings(changed(frame), columns, segment=segment)
    layout, prior = make_columns(ratings), Prior()
    completed = complete(ratings, prior, times=1, random_seed=1)
    mode = fit_laplace(rows_of(ratings, layout, *completed[0]), prior, drivers=len(effects))
    drawn = mode.draws(800, np.random.default_rng(2))
    coefficients, intercepts, cuts, _ = (each.reshape(4, 200, *each.shape[1:]) for each in by_segment(mode.rows, drawn))
    posterior = Posterior(
        effects=coefficients.mean(2),
        coefficients=coefficients,
        intercepts=intercepts,
        cuts=cuts,
        sds=None,
        fits=(FINE,),
    )
    return DriverModel(
        ratings=ratings,
        columns=layout,
        prior=prior,
        completed=completed,
        posterior=posterior,
        confidence=0.9,
        random_seed=1,
    )
