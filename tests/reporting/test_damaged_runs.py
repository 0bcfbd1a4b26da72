"""A run's folder that was damaged in any of the ways listed here: its report is made of what is left, or refused."""

import copy
import json
import os
import random
import shutil

import pytest

from workbench.errors import StudyError
from workbench.reporting.collect import collect
from workbench.reporting.render import write_report
from workbench.studies import index, manifest
from workbench.studies.chain import lines

SAID = """
import pandas as pd, matplotlib.pyplot as plt
run.finding(workbench.Finding(id="f", statement="It is 1.", estimate=1.0, interval=(0.5, 2.0),
    interval_kind="90% confidence", evidence="descriptive", n=30, table="numbers", figure="drawn", action="Ask."))
run.metrics({"speed": 3.0})
run.checks(workbench.Check(name="c", status="warn", message="It is slow.", value=3.0, threshold=2.0))
run.export(pd.DataFrame({"plan": ["a", "b"], "share": [0.5, 0.25], "people": [20, 30]}), "numbers", caption="Numbers.",
    people="people", by="plan", units={"share": "share"})
axes = plt.subplots()[1]
run.figure(axes, "drawn", title="A line", alt="a line")
print("printed")
"""
ODD = {
    "null": None,
    "true": True,
    "number": -1.5,
    "large number": 10**400,
    "endless number": float("inf"),
    "no number": float("nan"),
    "text": "odd",
    "markup": "<script>alert(1)</script>",
    "surrogate": "\ud800",
    "control characters": "\x1b[31m\x00\u202e",
    "long text": "x" * 5_000,
    "empty text": "",
    "list": [1, "a", None, {}],
    "empty list": [],
    "mapping": {"odd": [1]},
    "empty mapping": {},
    "deep": None,  # made below
}
for _ in range(400):
    ODD["deep"] = [ODD["deep"]]
DOCUMENTS = ("manifest.json", "results.json", "notebook.ipynb", "../../index.json")
FILES = (
    *DOCUMENTS,
    "log.txt",
    "figures/drawn.svg",
    "tables/numbers.csv",
    "tables/numbers.parquet",
    "tables",
    "figures",
)


def places(tree, above=()):
    """Every place in a document, from its top."""
    yield above
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from places(value, (*above, key))


def put(tree, place, value):
    """Put a value into a place of a document."""
    for key in place[:-1]:
        tree = tree[key]
    tree[place[-1]] = copy.deepcopy(value)


def in_document(kind):
    """Put an odd value somewhere into a document."""

    def damage(folder, lot):
        path = folder / lot.choice(DOCUMENTS)
        tree = json.loads(path.read_text())
        place = lot.choice(list(places(tree)))
        if place:
            put(tree, place, ODD[kind])
        else:
            tree = ODD[kind]
        path.write_text(json.dumps(tree))

    return damage


def left_out(folder, lot):
    path = folder / lot.choice(DOCUMENTS)
    tree = json.loads(path.read_text())
    place = lot.choice([each for each in places(tree) if each])
    above = tree
    for key in place[:-1]:
        above = above[key]
    del above[place[-1]]
    path.write_text(json.dumps(tree))


def doubled(folder, lot):
    path = folder / lot.choice(DOCUMENTS)
    tree = json.loads(path.read_text())
    lists = [place for place in places(tree) if place and isinstance(place[-1], int)]
    place = lot.choice(lists)
    above = tree
    for key in place[:-1]:
        above = above[key]
    above.append(copy.deepcopy(above[place[-1]]))
    path.write_text(json.dumps(tree))


def with_bytes(made):
    def damage(folder, lot):
        path = folder / lot.choice(FILES[:-2])
        path.write_bytes(made(path.read_bytes(), lot))

    return damage


def flipped(content, lot):
    changed = bytearray(content or b"x")
    for _ in range(20):
        changed[lot.randrange(len(changed))] = lot.randrange(256)
    return bytes(changed)


def replaced(put):
    def damage(folder, lot):
        path = folder / lot.choice(FILES)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        put(path)

    return damage


DAMAGES = {
    **{f"{kind} in a document": in_document(kind) for kind in ODD},
    "left out": left_out,
    "said twice": doubled,
    "half of a file": with_bytes(lambda content, lot: content[: lot.randrange(len(content) + 1)]),
    "other bytes": with_bytes(flipped),
    "random bytes": with_bytes(lambda content, lot: lot.randbytes(300)),
    "an empty file": with_bytes(lambda content, lot: b""),
    "brackets": with_bytes(lambda content, lot: b"[" * 50_000),
    "digits": with_bytes(lambda content, lot: b"9" * 6_000),
    "gone": replaced(lambda path: None),
    "a folder": replaced(lambda path: path.mkdir()),
    "a pipe": replaced(lambda path: os.mkfifo(path)),
    "a device": replaced(lambda path: path.symlink_to("/dev/zero")),
    "a link to nowhere": replaced(lambda path: path.symlink_to("nowhere")),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that did all that a run can."""
    from tests.benches import Bench

    root = tmp_path_factory.mktemp("damaged")
    for name in ("notebooks", "data"):
        (root / name).mkdir()
    bench = Bench(root)
    bench.dataset("people")
    cell = 'seed: int = 1  # fixes every draw\nshare: float = 0.5  # [share] of what\ndataset: str = "people"'
    bench.study("odd", "run = workbench.start_run()\nrun.table('lifetimes')", SAID, parameters=cell)
    done = bench.run("run", "odd")
    assert done.returncode == 0, done.stderr
    (folder,) = (root / "reports" / "odd").iterdir()
    return folder


def reports_are_made(whole, tmp_path, seeds):
    """Damage a copy for each seed; the kinds that end in anything but a report or a refusal."""
    found = []
    for seed in seeds:
        lot = random.Random(seed)
        kind = list(DAMAGES)[seed % len(DAMAGES)]
        reports = tmp_path / f"reports{seed}"
        shutil.copytree(whole.parents[1], reports)
        folder = reports / whole.parent.name / whole.name
        DAMAGES[kind](folder, lot)
        try:
            known = manifest.read_manifest(folder)
            if known["status"] != "unreadable":
                write_report(folder, known)
            index.rebuild(reports)
            found_again = index.marked(reports, manifest.read_runs(reports))
            index.is_stale(reports, found_again)
            "\n".join(lines(found_again, as_tree=True)).encode("utf-8", "backslashreplace")
        except StudyError:
            pass
        except IsADirectoryError:
            assert kind == "a folder"  # where a file is to be written; the command says so in one line
        except Exception as error:  # noqa: BLE001 - what it is, is what is asked
            found.append((seed, kind, repr(error)[:200]))
        shutil.rmtree(reports)
    return found


def test_a_damaged_run_is_reported_as_far_as_it_goes(whole, tmp_path, record_property):
    seeds = range(2 * len(DAMAGES))
    record_property("attempts", len(seeds))
    assert reports_are_made(whole, tmp_path, seeds) == []


@pytest.mark.slow
def test_six_hundred_damaged_runs_are_reported(whole, tmp_path, record_property):
    record_property("attempts", 600)
    assert reports_are_made(whole, tmp_path, range(1_000, 1_600)) == []


@pytest.mark.slow
def test_any_odd_value_in_any_place_of_a_document_is_borne(whole, tmp_path, record_property):
    """One after the other, but for the versions of packages, which are texts alike."""
    reports = tmp_path / "reports"
    shutil.copytree(whole.parents[1], reports)
    folder = reports / whole.parent.name / whole.name
    found, attempts = [], 0
    for name in DOCUMENTS:
        path = folder / name
        before = path.read_text()
        tree = json.loads(before)
        for place in places(tree):
            if not place or "packages" in place[:-1]:
                continue
            for kind in ("null", "true", "number", "large number", "text", "surrogate", "list", "mapping"):
                changed = copy.deepcopy(tree)
                put(changed, place, ODD[kind])
                path.write_text(json.dumps(changed))
                attempts += 1
                try:
                    known = manifest.read_manifest(folder)
                    if known["status"] != "unreadable":
                        collect(folder, known)
                    list(lines(index.marked(reports, manifest.read_runs(reports)), as_tree=True))
                except StudyError:
                    pass
                except Exception as error:  # noqa: BLE001 - what it is, is what is asked
                    found.append((name, place, kind, repr(error)[:200]))
        path.write_text(before)
    record_property("attempts", attempts)
    assert found == []
