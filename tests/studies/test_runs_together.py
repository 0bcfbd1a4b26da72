"""Two runs that count nearly the same people: what both tell of, together they tell of the few who differ."""

import json

import pytest

from workbench.studies.small_groups.together import few_between

PARAMETERS = """dataset: str = "shop"  # the data
cutoff: str = "2024-06-01"  # whoever came until then
segments: list[str] | None = None  # groups
seed: int = 1  # fixes every draw"""
STEP = """run = workbench.start_run()
came = run.table("customers")
there = came[came["first_seen"].astype(str).str[:10] <= str(cutoff)]
sizes = there.groupby(run.segments)["born"].agg(customers="size", born="mean").reset_index()
run.export(sizes, "groups", caption="How many there are.", people="customers", by=run.segments)"""


@pytest.fixture
def shop(bench):
    """By hand: 20 and 15 until June; on the next day two more of the second; by September ten of the first, 13 more."""
    folder = bench.root / "data" / "shop"
    folder.mkdir()
    came = [("north", "2024-05-01")] * 20 + [("south", "2024-05-01")] * 15 + [("south", "2024-06-02")] * 2
    came += [("north", "2024-09-01")] * 10 + [("south", "2024-09-01")] * 13
    rows = [f"c{n},{region},{day},{1950 + n}" for n, (region, day) in enumerate(came)]
    (folder / "people.csv").write_text("\n".join(["who,region,since,born", *rows]) + "\n")
    (folder / "dataset.yaml").write_text("""
title: Shop
tables:
  customers:
    file: people.csv
    segments: [region]
    columns:
      customer_id: {from: who, personal: false}
      first_seen: since
      region: {type: category, constant: true}
      born: {type: number, constant: true}
""")
    bench.study("sizes", STEP, parameters=PARAMETERS)
    return bench


def test_a_list_of_runs_warns_of_two_that_tell_of_few_together(shop):
    def ran(cutoff, *more):
        done = shop.run("run", "sizes", "-p", f"cutoff={cutoff}", *more)
        assert done.returncode == 0, done.stderr

    ran("2024-06-01")
    ran("2024-06-01", "-p", "seed=2")
    ran("2024-09-01")  # 10 and 15 more
    told = shop.run("runs")
    assert told.returncode == 0
    assert "together" not in told.stderr
    ran("2024-06-02")  # two more than in June, and 10 and 13 fewer than in September
    told = shop.run("runs")
    newest, *_ = shop.runs()
    assert newest["tells_with"]["people"] == 2
    assert newest["tells_with"]["table"] == "groups"
    (warning,) = [line for line in told.stderr.splitlines() if line.startswith("warning: ")]
    assert f"Runs {newest['run_id']} and {newest['tells_with']['run_id']} together tell of 2 people" in warning
    assert json.loads(shop.run("runs", "--json").stdout)[1].get("tells_with") is None


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        pytest.param({"a": 40, "b": 12}, {"a": 40, "b": 12}, [], id="the same"),
        pytest.param({"a": 40, "b": 12}, {"a": 49, "b": 22}, [9], id="nine more"),
        pytest.param({"a": 40, "b": 12}, {"a": 50, "b": 22}, [], id="ten more"),
        pytest.param({"a": 40, "b": 12, "c": 30}, {"a": 40, "b and c": 39}, [3], id="put together, three gone"),
        pytest.param({"a": 40, "b": 12, "c": 30}, {"a": 40, "b and c": 42}, [], id="put together, all there"),
        pytest.param({"a": 40, "b": None, "c": None}, {"a": 40, "b and c": 15}, [], id="hidden"),
    ],
)
def test_numbers_that_differ_by_few_tell_of_few(one, two, told):
    counts = [{("groups", ()): {(name,): n for name, n in each.items()}} for each in (one, two)]
    assert [people for people, _ in few_between(*counts)] == told
