"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.benches import Bench

# A busy machine is not a fault of the property that is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data that lies beside a development checkout and is not part of the project."""
    folder = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"real data for trials is not there ({folder.name}/ beside the checkout); this claim is NOT tested")
    return folder


@pytest.fixture
def bench(tmp_path) -> Bench:
    """An empty project and the command line in it."""
    for name in ("notebooks", "data"):
        (tmp_path / "project" / name).mkdir(parents=True)
    return Bench(tmp_path / "project")
