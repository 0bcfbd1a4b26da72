"""Marginals that are laid beside samples."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.descriptive.marginals import recommend_groups, share_staying


def test_groups_are_cut_at_six_and_nine_on_either_scale():
    made = recommend_groups({"own": pd.Series([0, 6, 7, 8, 9, 10, None]), "other": pd.Series([1, 10])}, margin=0.1)
    assert made.shares["own"].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert made.shares["other"].tolist() == [0.5, 0, 0.5]
    assert "own 0 and other 1" in made.note
    assert made.n == 6


def test_late_entry_is_allowed_for():
    """Exponential lives seen from their age at the beginning of the records on: without it they look too long."""
    random = np.random.default_rng(3)
    size, rate = 6_000, 0.04
    age = np.where(random.random(size) < 0.5, 0.0, random.uniform(0, 24, size))
    life = age + random.exponential(1 / rate, size)  # those who left before they were seen are not there
    lives = pd.DataFrame({"duration": np.minimum(life, age + 36), "event": life < age + 36, "entry": age})
    made = share_staying({"own": lives, "naive": lives.drop(columns="entry")}, [12, 24], margin=0.1)
    assert made.shares["own"].tolist() == pytest.approx(np.exp([-0.48, -0.96]), abs=0.02)
    assert (made.shares["naive"] > made.shares["own"] + 0.05).all()
