"""A long test that was stopped goes on with the worlds that are lacking, and begins anew where anything has changed."""

import numpy as np
import pytest

from tests import kept_worlds
from tests.kept_worlds import digest_of, kept

SEEN = []


def world(seed):
    if seed == 2 and len(SEEN) == 2:
        SEEN.append("stopped")
        raise KeyboardInterrupt
    SEEN.append(seed)
    return {"mean": np.float64(seed), "covered": np.array([True, False])}


def test_worlds_that_are_there_are_not_made_again(tmp_path, monkeypatch):
    SEEN.clear()
    with pytest.raises(KeyboardInterrupt):
        kept(world, range(4), tmp_path)
    found = kept(world, range(4), tmp_path)
    assert SEEN == [0, 1, "stopped", 2, 3]
    assert found == [{"mean": float(seed), "covered": [True, False]} for seed in range(4)]
    monkeypatch.setattr(kept_worlds, "digest_of", lambda _: "another")
    kept(world, [0], tmp_path)
    assert SEEN[-1] == 0


def test_the_digest_is_of_the_code(monkeypatch):
    before = digest_of(world)
    assert before == digest_of(world)
    read = type(kept_worlds.ROOT).read_bytes
    monkeypatch.setattr(
        type(kept_worlds.ROOT), "read_bytes", lambda path: read(path) + b"#" * path.match("workbench/files.py")
    )
    assert digest_of(world) != before
