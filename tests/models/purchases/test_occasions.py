"""Buying at occasions: published numbers of the donations, limits, and bad input."""

import itertools
from importlib.metadata import files

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.purchases import occasions
from workbench.models.purchases.occasions import Occasions

PUBLISHED = [1.204, 0.750, 0.657, 2.783]


@pytest.fixture(scope="module")
def donations():
    path = next(each for each in files("lifetimes") if each.name == "donations.csv").locate()
    table = pd.read_csv(path)
    return Occasions(
        bought=table["frequency"].to_numpy(float),
        last=table["recency"].to_numpy(float),
        offered=table["periods"].to_numpy(float),
        weights=table["weights"].to_numpy(float),
    )


def rows(*histories):
    bought, last = np.array(histories, dtype=float).T
    return Occasions(bought=bought, last=last, offered=np.full(len(bought), 6.0), weights=np.ones(len(bought)))


def test_the_donations_give_the_published_estimates(donations):
    # Fader, Hardie, Shang (2010), Table 4
    found = occasions.fit(donations)
    assert found.converged
    assert donations.weights.sum() == 11_104
    assert np.round(found.estimate, 3) == pytest.approx(PUBLISHED, abs=1e-9)
    assert round(found.log_likelihood, 2) == -33225.58


def test_chances_of_being_active_and_gifts_to_come(donations):
    # Fader, Hardie, Shang (2010), Table 6 and section 5
    found = occasions.fit(donations).estimate
    assert np.round(occasions.active(found, rows((0, 0), (2, 4), (6, 6))), 2).tolist() == [0.11, 0.59, 0.93]
    assert round(float(donations.weights @ occasions.expected(found, donations, 5)), 1) == 12884.2


def test_histories_of_all_kinds_have_a_chance_of_one():
    total = 0.0
    for answers in itertools.product((0, 1), repeat=6):
        taken = [place + 1 for place, answer in enumerate(answers) if answer]
        total += np.exp(occasions.log_likelihood(PUBLISHED, rows((len(taken), max(taken, default=0)))))
    assert total == pytest.approx(1, abs=1e-12)


def test_what_is_expected_is_what_happens_to_drawn_customers():
    random, size = np.random.default_rng(1), 400_000
    a, b, c, d = PUBLISHED
    p, leaves = random.beta(a, b, size), random.beta(c, d, size)
    until = random.geometric(np.maximum(leaves, 1e-12))  # leaves before this occasion
    took = (random.random((size, 9)) < p[:, None]) & (np.arange(1, 10) < until[:, None])
    bought, last = took[:, :6].sum(axis=1), (took[:, :6] * np.arange(1, 7)).max(axis=1)
    for history in ((0, 0), (2, 4), (6, 6)):
        own = (bought == history[0]) & (last == history[1])
        later = took[own, 6:].sum(axis=1)
        found = float(occasions.expected(PUBLISHED, rows(history), 3)[0])
        assert abs(later.mean() - found) < 4 * later.std() / np.sqrt(own.sum())


def test_impossible_occasions_are_refused():
    with pytest.raises(DataError, match="2 rows break bought ≤ last ≤ offered"):
        rows((3, 2), (0, 1), (1, 6))
    with pytest.raises(DataError, match="nobody bought"):
        occasions.fit(rows((0, 0)))
