"""Results of simulated worlds are kept beside the checkout, so that a long test goes on where it was stopped.

They lie in .worlds/ under a digest of everything that decides them: the package, the locked packages, the test's own
module and the helpers beside it. A change of any of these begins anew; `make clean` takes all of them away.
"""

import hashlib
import inspect
import json
from pathlib import Path

from tests.conftest import ROOT
from workbench.files import write_atomic

FOLDER = ROOT / ".worlds"


def digest_of(world):
    """Of all that decides what a function of a test module gives."""
    own = Path(inspect.getfile(world))
    helpers = [path for path in own.parent.glob("*.py") if not path.name.startswith("test_")]
    sources = sorted({own, *helpers, *(ROOT / "src").rglob("*.py"), ROOT / "requirements.lock"})
    whole = hashlib.sha256()
    for path in sources:
        whole.update(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def kept(world, seeds, folder=FOLDER):
    """What `world(seed)` gives for each seed: numbers in lists and dicts, computed only where they are not kept yet.

    What is kept and what is new comes out alike: as JSON gives it back (lists for arrays).
    """
    home = folder / f"{Path(inspect.getfile(world)).stem}.{world.__qualname__}" / digest_of(world)
    home.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in seeds:
        path = home / f"{seed}.json"
        if not path.exists():
            write_atomic(path, json.dumps(world(seed), default=lambda value: value.tolist()))
        found.append(json.loads(path.read_text()))
    return found
