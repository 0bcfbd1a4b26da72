"""NUTS where importance sampling is not sound."""

import numpy as np
import pytest

from workbench.statistics.hamiltonian import sample, sample_nuts
from workbench.statistics.laplace import highest


def bent(place):
    """A ridge that bends: x ~ N(0, 1), y given x ~ N(3 x² / 2, .2²)."""
    x, y = place
    return float(-0.5 * x**2 - 0.5 * ((y - 1.5 * x**2) / 0.2) ** 2)


@pytest.mark.slow
def test_a_bent_ridge_is_sampled_by_chains():
    found = sample(bent, np.array([0.1, 0.1]), draws=2000, seed=1)
    assert found.k > 0.5
    assert found.rhat is not None
    x, y = found.draws.T
    assert found.sound == (found.rhat <= 1.01)
    assert x.mean() == pytest.approx(0, abs=0.15)
    assert y.mean() == pytest.approx(1.5, abs=0.25)


def test_a_round_density_is_not_sampled_by_chains():
    assert sample(lambda place: float(-0.5 * place @ place), np.ones(2), draws=500, seed=1).rhat is None


@pytest.mark.slow
def test_chains_are_right_about_a_normal():
    covariance = np.array([[2.0, 0.9], [0.9, 0.5]])
    inverse = np.linalg.inv(covariance)
    mode = highest(lambda place: float(-0.5 * (place - 3) @ inverse @ (place - 3)), np.zeros(2))
    found = sample_nuts(lambda place: float(-0.5 * (place - 3) @ inverse @ (place - 3)), mode, draws=2000, seed=1)
    assert found.rhat <= 1.01
    assert found.draws.mean(axis=0) == pytest.approx([3, 3], abs=4 * np.sqrt(2 / found.effective))
    assert np.cov(found.draws.T) == pytest.approx(covariance, rel=0.15)
