"""Over many simulated surveys intervals cover the truth, and are much narrower than what was believed before."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import draw_ratings

from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.rows import Prior, by_segment
from workbench.models.drivers.responses.columns import make_columns

SIMULATIONS = 200
SURVEY = {"unused": 0.25, "missing": 0.04, "levels": 7, "segments": 2, "segment_sd": 0.1}
"""Gaps as in a large airport survey: a quarter does not apply, 4% are blank; ratings lean to the top."""


def crps(draws, truth):
    """Continuous ranked probability score of draws (N, …) for a truth; lower is better (Gneiting, Raftery 2007)."""
    ordered = np.sort(draws, axis=0)
    n = len(draws)
    weights = (2 * np.arange(1, n + 1) - n - 1).reshape(-1, *([1] * (draws.ndim - 1)))
    return np.abs(draws - truth).mean(0) - (weights * ordered).sum(0) / n**2


@pytest.mark.slow
def test_intervals_cover_and_beat_the_prior_and_the_order_of_drivers_is_found():
    """By the normal approximation over two imputations, which `test_ordered` holds to NUTS."""
    rng = np.random.default_rng(17)
    inside, ours, before, orders = [], [], [], []
    prior = Prior()
    for _ in range(SIMULATIONS):
        effects = rng.normal(0.3, 0.3, 4)
        ratings, truth = draw_ratings(500, effects, rng, segment="segment", **SURVEY)
        columns = make_columns(ratings)
        parts = []
        for each in complete(ratings, prior, times=2, random_seed=int(rng.integers(1 << 31))):
            mode = fit_laplace(rows_of(ratings, columns, *each), prior, drivers=4)
            parts.append(by_segment(mode.rows, mode.draws(400, rng))[0])
        draws = np.concatenate(parts)[:, :, ~columns.usage]
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        inside.append((low <= truth) & (truth <= high))
        ours.append(crps(draws, truth))
        sd = np.sqrt(prior.effect_sd(4) ** 2 + prior.segment_effect**2)
        before.append(crps(rng.normal(0, sd, (800, *truth.shape)), truth))
        orders.append(np.corrcoef(draws.mean((0, 1)).argsort().argsort(), truth.mean(0).argsort().argsort())[0, 1])
    assert 0.85 <= np.mean(inside) <= 0.95
    assert np.mean(ours) <= 0.7 * np.mean(before)
    assert np.mean(orders) > 0.75
