"""Features in a notebook: of whatever dataset, over the tables laid ready, with their leak checks."""

import json

import pandas as pd
import pytest

from tests.benches import Bench
from workbench.datasets import available, find
from workbench.errors import DataError, ParameterError
from workbench.features import snapshots
from workbench.findings import Check, verdict
from workbench.simulate.engine.settings import PRESETS, read_settings
from workbench.simulate.world import add as add_world
from workbench.studies.definition.project import Project
from workbench.studies.featured import usable
from workbench.studies.plan import make_plan
from workbench.studies.session import Run

PARAMETERS = 'dataset: str = "shop"  # the data\nseed: int = 1  # fixes every draw'
STEP = """run = workbench.start_run()
from workbench.features import snapshots
made = run.features(snapshots(["2024-06-01", "2024-09-01"], horizon_days=30), windows_days=(30,))
rows = made.arrow()
run.metrics({"rows": rows.num_rows, "columns": rows.num_columns})
labels = made.purchases_after()
run.metrics({"labels": labels.count().to_pyarrow().as_py(), "spent": made.frame()["amount"].sum()})
paths = str(made.tables["transactions"].compile())"""


@pytest.fixture
def shop(bench):
    folder = bench.root / "data" / "shop"
    folder.mkdir()
    days = [f"2024-{month:02d}-{day:02d}" for month in range(1, 11) for day in (3, 17)]
    rows = [
        f"c{number % 15},{day},{5 + number},{'web' if number % 4 else 'shop'}" for number, day in enumerate(days * 3)
    ]
    (folder / "bought.csv").write_text("\n".join(["who,day,paid,seen", *rows]) + "\n")
    people = [f"c{number},2023-12-{number + 1:02d},x{number}@mail.org,{1960 + number},{number}" for number in range(15)]
    (folder / "people.csv").write_text("\n".join(["who,since,mail,born,risk", *people]) + "\n")
    (folder / "answers.csv").write_text("nps\n9\n8\n")
    (folder / "dataset.yaml").write_text("""
title: Shop
tables:
  transactions:
    file: bought.csv
    currency: EUR
    columns: {customer_id: {from: who, personal: false}, timestamp: day, amount: paid, seen: {type: category}}
  customers:
    file: people.csv
    columns:
      customer_id: {from: who, personal: false}
      first_seen: since
      born: {type: number, constant: true}
      risk: {type: number, constant: true, use: protected}
  surveys:
    file: answers.csv
    columns: {nps: {scale: [0, 10], role: outcome}}
""")
    return bench


def test_a_notebook_makes_features_of_the_tables_that_were_laid_ready(shop):
    shop.study("ahead", STEP, parameters=PARAMETERS)
    done = shop.run("run", "ahead")
    assert done.returncode == 0, done.stderr
    (manifest,) = shop.runs()
    assert set(manifest["fingerprints"]) == {"transactions", "customers"}
    results = json.loads((shop.folder(manifest) / "results.json").read_text())
    assert results["metrics"]["rows"] == results["metrics"]["labels"] == 30
    checks = {check["name"]: check for check in results["checks"]}
    assert checks["leak_truncated"]["status"] == checks["leak_scrambled"]["status"] == "pass"
    assert "surveys has no column customer_id" in checks["features"]["message"]
    assert "No features: 'transactions.seen'. What is known of customers" in checks["features"]["message"]


def test_columns_whose_use_forbids_it_are_no_features(shop, monkeypatch):
    monkeypatch.chdir(shop.root)
    monkeypatch.setattr("workbench.studies.channel._show", lambda *rest: None)
    run = Run({"seed": 1, "dataset": "shop"}, None)
    made = run.features(snapshots(["2024-06-01"]), windows_days=(30,), leaks=False)
    assert "born" in made.table.columns
    assert "risk" not in made.table.columns


def test_large_tables_are_laid_out_by_customer_and_say_the_same(shop, monkeypatch):
    monkeypatch.chdir(shop.root)
    monkeypatch.setattr("workbench.studies.channel._show", lambda *rest: None)
    frames = []
    for fewest in (1_000_000, 30):
        monkeypatch.setattr("workbench.studies.featured.MANY_ROWS", fewest)
        run = Run({"seed": 1, "dataset": "shop"}, None)
        made = run.features(snapshots(["2024-06-01", "2024-09-01"]), leaks=False)
        ids = made.tables["transactions"].to_pandas()["customer_id"]
        assert ids.is_monotonic_increasing == (fewest == 30)
        frames.append(made.frame().sort_values(["cutoff", "customer_id"], ignore_index=True))
    pd.testing.assert_frame_equal(*frames)


def test_a_part_without_rows_of_a_table_does_without_it_where_the_study_can(shop, monkeypatch):
    definition = shop.root / "data" / "shop" / "dataset.yaml"
    calls = [f"c{number},2024-05-0{number + 1}" for number in range(3)]
    (definition.parent / "calls.csv").write_text("\n".join(["who,day", *calls]) + "\n")
    (definition.parent / "given.csv").write_text("who,what,arm,day\nc0,mail,treated,2024-05-01\n")
    definition.write_text(
        definition.read_text()
        + """  interactions:
    file: calls.csv
    columns: {customer_id: {from: who, personal: false}, timestamp: day}
  treatments:
    file: given.csv
    columns: {customer_id: {from: who, personal: false}, initiative: what, arm: arm, start: day}
"""
    )
    without = (
        STEP
        + """
assert run.table("treatments", optional=True) is None
assert "contacts" not in made.table.columns"""
    )
    shop.study("ahead", without, parameters=PARAMETERS)
    done = shop.run("run", "ahead", "--where", "born >= 1965")
    assert done.returncode == 0, done.stderr
    (manifest,) = shop.runs()
    assert set(manifest["fingerprints"]) == {"transactions", "customers"}
    checks = json.loads((shop.folder(manifest) / "results.json").read_text())["checks"]
    (told,) = [check["message"] for check in checks if check["name"] == "tables_without_rows"]
    assert told == "This part has no row of treatments and interactions: the study does without."
    shop.study("needs", 'run = workbench.start_run()\nrun.table("treatments")', parameters=PARAMETERS)
    with pytest.raises(ParameterError, match=r"leaves no row of treatments; ask for a larger part"):
        make_plan(Project(shop.root), "needs", where="born >= 1965")
    monkeypatch.chdir(shop.root)
    monkeypatch.setattr("workbench.studies.channel._show", lambda *rest: None)
    run = Run({"seed": 1, "dataset": "shop"}, None, where="born >= 1965")
    assert run.table("treatments", optional=True) is None
    assert "contacts" not in run.features(snapshots(["2024-06-01"]), leaks=False).table.columns


def test_two_sets_of_features_have_checks_of_their_own(shop, monkeypatch):
    monkeypatch.chdir(shop.root)
    said = []
    monkeypatch.setattr("workbench.studies.channel._show", lambda payload, *rest: said.append(payload))
    run = Run({"seed": 1, "dataset": "shop"}, None)
    for day in ("2024-06-01", "2024-07-01"):
        run.features(snapshots([day]), windows_days=(30,))
    names = [check["name"] for payload in said for check in payload.get("checks", [])]
    assert len(names) == len(set(names)) == 6


def test_features_on_tables_without_dates_are_refused_before_a_kernel_starts(bench):
    bench.dataset("shop")  # lifetimes alone
    bench.study("ahead", STEP, parameters=PARAMETERS)
    with pytest.raises(ParameterError, match="makes features of customers, subscriptions"):
        make_plan(Project(bench.root), "ahead")
    folder = bench.root / "data" / "shop"
    (folder / "dataset.yaml").write_text(
        "title: S\ntables: {customers: {file: people.csv, columns: {customer_id: {personal: false}}}}\n"
    )
    with pytest.raises(ParameterError, match="customers has no column first_seen"):
        make_plan(Project(bench.root), "ahead")


def made_of(dataset, monkeypatch):
    """How many customers have features amid the records of a dataset, and what the checks say that come with them."""
    said = []
    monkeypatch.setattr("workbench.studies.channel._show", lambda payload, *rest: said.append(payload))
    run = Run({"seed": 1, "dataset": dataset.name}, None)
    spans = [facts for facts in dataset.profile(usable(dataset)[0])["tables"].values() if facts["first"]]
    first, last = min(each["first"] for each in spans), max(each["last"] for each in spans)
    middle = str(max(first[:4], last[:4])) + "-03-01" if first[:4] < last[:4] else first[:4] + "-06-01"
    made = run.features(snapshots([middle]), windows_days=(30,))
    return made.table.count().to_pyarrow().as_py(), verdict(
        [Check(**check) for payload in said for check in payload["checks"]]
    )


def test_every_sample_has_features_or_says_why_not(tmp_path, monkeypatch):
    for name in ("notebooks", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    without = set()
    for listing in available(tmp_path):
        dataset = find(listing.name, tmp_path)
        if not usable(dataset)[0]:
            without.add(listing.name)
            with pytest.raises(DataError, match="features need a table that says whose rows are when"):
                Run({"seed": 1, "dataset": listing.name}, None).features(snapshots(["2024-01-01"]))
            continue
        made, status = made_of(dataset, monkeypatch)
        assert made > 100, listing.name
        assert status == "pass", listing.name
    assert without == {"telco", "mobi", "corp_rep"}


# Those of `make test` have all tables, and no treatments.
SLOW = [pytest.param(name, marks=pytest.mark.slow if name not in ("demo", "plain") else ()) for name in PRESETS]


@pytest.mark.parametrize("preset", SLOW)
def test_every_preset_has_features(tmp_path, monkeypatch, preset):
    bench = Bench(tmp_path)
    for name in ("notebooks", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    add_world(
        "made", read_settings([f"preset={preset}", "customers=150", "months=24", "seed=3", "truth=false"]), bench.root
    )
    made, status = made_of(find("made", tmp_path), monkeypatch)
    assert made > 50
    assert status == "pass"
