"""Small worlds for the tests."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from workbench.simulate import decisions, population
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import simulate


@dataclass(frozen=True)
class Company:
    """A simulated company on disk."""

    data: Path
    known: Path

    def table(self, name):
        return pd.read_parquet(self.data / f"{name}.parquet")

    def truth(self, name):
        return pd.read_parquet(self.known / f"{name}.parquet")


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """Make a company from settings as they are typed."""

    def make(*texts, cores=1, **more):
        folder = tmp_path_factory.mktemp("company")
        made = Company(folder / "firm", folder / "known")
        made.data.mkdir()
        made.known.mkdir()
        simulate(read_settings(texts), made.data, made.known, cores=cores, **more)
        return made

    return make


TOLERANCE = 0.08
"""Error of a value in these tests, as a share of its cost: a quarter of the usual precision, 1/16 of the work."""


def make_truth_small(patch):
    """A truth of few people, valued to `TOLERANCE`."""
    patch.setattr(population, "NEWCOMERS", 4_096)
    patch.setattr(population, "ACTIVE", 4_096)
    patch.setattr(decisions, "TOLERANCE", TOLERANCE)


@pytest.fixture(scope="session")
def firm(company):
    """One company for tests that only read: 600 customers over 20 months, with trials."""
    with pytest.MonkeyPatch.context() as patch:
        make_truth_small(patch)
        return company("preset=small", "customers=600", "months=20", "seed=4")


@pytest.fixture
def few_people(monkeypatch):
    """A truth that is small, for tests that are not about its size."""
    make_truth_small(monkeypatch)


@pytest.fixture(scope="session")
def one_initiative(tmp_path_factory):
    """A file with one dear initiative: its truth is worked out in no time."""
    path = tmp_path_factory.mktemp("initiatives") / "initiatives.yaml"
    path.write_text(
        "- {initiative: new_app, touchpoint: app, expected_lift: 0.3, lift_sd: 0.1, fixed_cost: 10000, "
        "cost_per_customer: 5, reach: 1}"
    )
    return path
