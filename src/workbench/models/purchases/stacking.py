"""How much each model counts: weights under which the models together forecast best what they have not seen."""

import numpy as np

REPLICATES = 50
"""Of the Bayesian bootstrap: the error of a weight's mean is a seventh of what the data leave open."""
ROUNDS = 2_000
"""Steps of the climb after which a weight that still creeps towards 0 is as good as there."""
ENOUGH = 1e-6
"""Largest change of a weight at which the climb ends."""


def stacked(log_chances: np.ndarray, *, seed: int) -> np.ndarray:
    """Weights (models,) by stacking of predictive distributions, averaged over the Bayesian bootstrap.

    Each replicate maximises the mean log score of the mixture. Where the hold-out cannot tell models apart, one of
    them would get all the weight by chance; averaged over replicates they share it, and what is left open between
    models stays open.

    Parameters
    ----------
    log_chances : (n, models)
        Log chance of what each customer of the hold-out did.
    seed
        Of the bootstrap.

    References
    ----------
    Yao, Vehtari, Simpson, Gelman (2018), Using stacking to average Bayesian predictive distributions, equation 5, and
    section 3.4 for the Bayesian bootstrap.

    Examples
    --------
    >>> stacked(np.log([[0.9, 0.1], [0.9, 0.1]]), seed=1).round(2).tolist()
    [1.0, 0.0]
    """
    random = np.random.default_rng(seed)
    chances, counts = np.unique(log_chances, axis=0, return_counts=True)
    chances = np.exp(chances - chances.max(axis=1, keepdims=True))
    found = [_best(chances, random.gamma(counts.astype(float))) for _ in range(REPLICATES)]
    mean = np.mean(found, axis=0)
    return mean / mean.sum()


def _best(chances: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weights of the highest weighted log score: a concave climb by EM, each step of which rises."""
    shares = counts / counts.sum()
    weights = np.full(chances.shape[1], 1 / chances.shape[1])
    for _ in range(ROUNDS):
        new = weights * ((shares / (chances @ weights)) @ chances)
        if np.abs(new - weights).max() < ENOUGH:
            break
        weights = new
    return weights
