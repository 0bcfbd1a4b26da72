"""Fixtures that every room's tests may use."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.benches import Bench

# A busy machine is not a fault of the property that is tested.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(optionalhook=True)  # where tests run without xdist nobody asks
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a fifth of the time of a worker is waiting for commands and kernels."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What is there once all modules are imported stays: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture
def nobody(tmp_path):
    """For the length of a test not root, who may enter every folder and read every file; `tmp_path` is open to it."""
    if os.geteuid() != 0:
        yield
        return
    closed = {
        path: path.stat().st_mode
        for path in (tmp_path, *tmp_path.parents)
        if path.stat().st_mode & 0o011 != 0o011 or path == tmp_path
    }
    for path, mode in closed.items():
        path.chmod(mode | (0o777 if path == tmp_path else 0o011))
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in closed.items():
            path.chmod(mode)
