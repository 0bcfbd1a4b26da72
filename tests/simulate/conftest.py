"""Small worlds for the tests."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from workbench.simulate import population
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


@pytest.fixture(scope="session")
def firm(company):
    """One company for tests that only read: 600 customers over 20 months, with trials."""
    return company("preset=small", "customers=600", "months=20", "seed=4")


@pytest.fixture
def few_people(monkeypatch):
    """A truth whose population is small: for tests that are not about its size."""
    monkeypatch.setattr(population, "NEWCOMERS", 4_096)
    monkeypatch.setattr(population, "ACTIVE", 4_096)


@pytest.fixture(scope="session")
def one_initiative(tmp_path_factory):
    """A file with one dear initiative: its truth is worked out in no time."""
    path = tmp_path_factory.mktemp("initiatives") / "initiatives.yaml"
    path.write_text(
        "- {initiative: new_app, touchpoint: app, expected_lift: 0.3, lift_sd: 0.1, fixed_cost: 10000, "
        "cost_per_customer: 5, reach: 1}"
    )
    return path
