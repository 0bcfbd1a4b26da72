"""Which groups a run may show, by hand: small levels together, a model's groups on other data, names that are taken."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.exhibits import Saved
from workbench.studies.session import Run

YAML = """
title: Shop
tables:
  customers:
    file: people.csv
    segments: [region]
    columns:
      customer_id: {from: who, personal: false}
      region: {type: category, constant: true}
  interactions:
    file: calls.csv
    columns: {customer_id: {from: who, personal: false}, timestamp: day, region: {type: category}}
  surveys:
    file: answers.csv
    columns: {nps: {scale: [0, 10], role: outcome}}
"""


@pytest.fixture
def scratch(bench, monkeypatch):
    """A scratch run of customers with so many in each region; what it says is in `said`."""
    monkeypatch.chdir(bench.root)
    said = []
    monkeypatch.setattr("workbench.studies.channel._show", lambda payload, *rest: said.append(payload))

    def made(name="shop", folder=None, more="", **regions):
        place = bench.root / "data" / name
        place.mkdir(exist_ok=True)
        (place / "dataset.yaml").write_text(YAML + more)
        who = [region.replace("_", " ") for region, n in regions.items() for _ in range(n)]
        rows = [f"c{n},{region if region != 'missing' else ''}" for n, region in enumerate(who)]
        (place / "people.csv").write_text("\n".join(["who,region", *rows]) + "\n")
        (place / "calls.csv").write_text("who,day,region\nc0,2024-01-01,east\nc1,2024-01-01,desk nine\n")
        (place / "answers.csv").write_text("nps\n9\n8\n")
        said.clear()
        return Run({"seed": 1, "dataset": name}, folder)

    return SimpleNamespace(run=made, said=said)


def sizes(run):
    return run.table("customers")["region"].fillna("").value_counts().to_dict()


def test_small_levels_are_put_together_in_every_table(scratch):
    run = scratch.run(north=30, south=15, east=4, west=3)
    assert sizes(run) == {"north": 30, "south (with 2 smaller)": 22}
    # What is nobody's region keeps its own name.
    assert run.table("interactions")["region"].tolist() == ["south (with 2 smaller)", "desk nine"]
    (check,) = [check for payload in scratch.said for check in payload["checks"] if check["name"] == "small_groups"]
    assert check["status"] == "pass"  # nobody asked to compare regions


def test_a_run_that_was_asked_to_compare_them_warns(scratch):
    run = scratch.run(north=30, south=15, east=4, west=3)
    run._values |= {"segments": ["region"]}
    run.table("customers")
    (check,) = [check for payload in scratch.said for check in payload["checks"] if check["name"] == "small_groups"]
    assert check["status"] == "warn"


def test_nothing_is_said_of_tables_that_are_not_asked_for(scratch):
    """Which are looked at all the same; one that cannot be read is told where it is asked for."""
    columns = "{customer_id: {from: who, personal: false}, duration: {unit: months}, event: event}"
    more = f"  lifetimes:\n    file: gone.csv\n    columns: {columns}\n"
    run = scratch.run(more=more, north=30, south=15)
    assert len(run.table("surveys")) == 2
    assert {check["name"] for payload in scratch.said for check in payload["checks"]} == {"surveys_row_numbers"}
    with pytest.raises(DataError):
        run.table("lifetimes")


LIFETIMES = """  lifetimes:
    file: lives.csv
    columns:
      customer_id: {from: who, personal: false}
      duration: {unit: months}
      event: event
"""


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        # Of 14 in the south eight are on board: 14 less 6 who left, in any table that counts both.
        ({"north": 20, "south": 6}, {"north (with 1 smaller)": 44}),
        # Ten are on board, or nobody is, or of neither all but few.
        ({"north": 20, "south": 4}, {"north": 30, "south": 14}),
        ({"north": 20, "south": 14}, {"north": 30, "south": 14}),
        # Seven are on board altogether: who has left of a region tells who of it has not.
        ({"north": 27, "south": 10}, {"2 smaller groups": 44}),
    ],
)
def test_who_is_on_board_does_not_follow_from_who_left(scratch, bench, gone, expected):
    people = [("north", n) for n in range(30)] + [("south", n) for n in range(14)]
    rows = [f"c{place},5,{int(n < gone[region])}" for place, (region, n) in enumerate(people)]
    run = scratch.run(more=LIFETIMES, north=30, south=14)
    (bench.root / "data" / "shop" / "lives.csv").write_text("\n".join(["who,duration,event", *rows]) + "\n")
    assert sizes(run) == expected
    told = {check["name"] for payload in scratch.said for check in payload["checks"]}
    assert ("small_groups_alone" in told) == (len(expected) == 1)


def test_names_that_are_taken_stay_apart(scratch):
    """Seventeen have no region, and eleven said so; and a group is truly called like two that are put together."""
    run = scratch.run(**{"missing": 17, "not_stated": 11, "2_smaller_groups": 14, "west": 6, "east": 5})
    together = {"2 smaller groups": 14, "2 smaller groups (together)": 11}
    assert sizes(run) == {"": 17, "not stated (an answer)": 11, **together}


def test_a_model_finds_the_groups_that_it_knows_in_other_data(scratch, tmp_path):
    """By hand: west was one of few and has forty now; up is new; south has three and is known in a group of its own."""
    folder = tmp_path / "fitted"
    folder.mkdir()
    run = scratch.run(folder=folder, north=30, south=15, east=6, west=5)
    assert sizes(run) == {"north": 30, "south": 15, "2 smaller groups": 11}
    run._save(Saved(files={}))
    card = json.loads((folder / "model" / "groups.json").read_text())
    assert card == {"region": {"alone": ["north", "south"], "together": "2 smaller groups"}}
    other = scratch.run("other", north=30, west=40, up=12, south=3)
    other._like = SimpleNamespace(groups=lambda: card)
    assert sizes(other) == {"2 smaller groups": 52, "north": 30, "south": 3}
    # Where it had put none together, new ones are what they are, and the study tells that the model knows them not.
    other = scratch.run("other", north=30, west=40, up=2)
    other._like = SimpleNamespace(groups=lambda: {"region": {"alone": ["north", "south"], "together": None}})
    assert sizes(other) == {"west": 40, "north": 30, "up": 2}


def test_numbers_and_truths_are_worded_as_everywhere(scratch):
    run = scratch.run(north=12)
    frame = run._shown_groups().applied(pd.DataFrame({"region": ["north", None]}))
    assert frame["region"].tolist() == ["north", None]
