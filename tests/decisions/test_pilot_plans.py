"""Pilots planned: what they would find beside what they then find, the draw read back, and what is refused."""

import json
import shutil
import stat

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from workbench import datasets, features
from workbench.decisions import piloting
from workbench.decisions.planning.drawn import strata_of
from workbench.decisions.rollout.effects import samples_of
from workbench.errors import WorkbenchError

KEY = "3f9c1a7e5b2d8046af13c6e97b50d24e"
TABLES = ("treatments", "customers", "subscriptions", "transactions", "interactions", "surveys")
YAML = """\
title: Made
tables:
  customers:
    file: customers.csv
    segments: [region]
    columns:
      customer_id: {{personal: {personal}}}
      region: {{type: category}}
      shop: {{type: category}}
  transactions:
    file: transactions.csv
    currency: EUR
    columns:
      customer_id: {{personal: {personal}}}
      timestamp: {{type: date}}
      amount: {{type: money, currency: EUR}}
"""


def shop_customers(n=900, *, days=280, alike=0.0, seed=1):
    """Customers of 30 shops in five regions who buy weekly or so: steady natures, whose own gamma noise is large."""
    random = np.random.default_rng(seed)
    shop = np.arange(n) % 30
    people = pd.DataFrame(
        {
            "customer_id": [f"c{i:04}" for i in range(n)],
            "region": np.array(["north", "south", "east", "west", "isle"])[shop % 5],
            "shop": [f"s{each:02}" for each in shop],
        }
    )
    rate = random.gamma(2.0, 0.02, n)
    orders = random.poisson(rate * days) + 1
    owner = np.repeat(np.arange(n), orders)
    level = np.exp(alike * random.normal(size=30))[shop]
    bought = pd.DataFrame(
        {
            "customer_id": people["customer_id"].to_numpy()[owner],
            "timestamp": pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, days, len(owner)), unit="D"),
            "amount": (level[owner] * random.gamma(2.0, 10.0, len(owner)) + 0.01).round(2),
        }
    )
    return people, bought.sort_values("timestamp", kind="stable")


def made(bench, people, bought, *, personal="false", more=""):
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    people.to_csv(folder / "customers.csv", index=False)
    bought.to_csv(folder / "transactions.csv", index=False, date_format="%Y-%m-%d")
    (folder / "dataset.yaml").write_text(YAML.format(personal=personal) + more)
    return folder


def opened(bench, *, mode="plan", initiative=None, **asked):
    """The opening of the study, without a kernel."""
    dataset = datasets.find("made", bench.root)
    tables = {name: dataset.load(name).frame if name in dataset.tables else None for name in TABLES}
    begun = piloting.begin(dataset, tables, initiative=initiative, mode=mode)
    known = {
        each: asked.pop(each)
        for each in ("arms", "treated", "strata", "unit", "units", "weeks", "start")
        if each in asked
    }
    followed = features.follow_up(begun.roster, tables, dataset)
    return piloting.ready(begun, followed, piloting.Question(currency="EUR", **asked), piloting.Scheme(**known))


def planned(bench, **asked):
    return piloting.answer(opened(bench, **asked), previous=[], dataset="made")


def numbers(done):
    """Its metrics."""
    return next(each for each in done.exhibits() if isinstance(each, dict))


def test_what_is_planned_is_what_is_found(bench):
    people, bought = shop_customers()
    made(bench, people, bought)
    done = planned(bench, weeks=[4, 8], window_days=56)
    found = done.main
    assert [each.days for each in done.of("spend")] == [28, 56]
    assert numbers(done)["smallest_effect"] == found.smallest() > 0
    assert found.whole.explained > 0.1  # natures are steady
    assert found.smallest(plain=True) > found.smallest()
    # The estimator that will evaluate it has the standard error that was planned, and no more false alarms.
    assert done.rehearsal.se == pytest.approx(done.rehearsal.planned_se, rel=0.05)
    assert done.rehearsal.p_value > 0.001
    assert found.needed(found.smallest()) == pytest.approx(done.draft.size, rel=0.01)
    # Twice the time: effects that add up are twice as large, errors are not.
    short, long = done.of("spend")
    assert short.needed(done.over(20.0, 28)) > long.needed(20.0)


def test_a_stranger_to_the_plan_finds_its_smallest_effect_in_four_of_five(bench):
    """150 pilots dealt over the last window, with the effect added that the plan says is found."""
    people, bought = shop_customers()
    made(bench, people, bought)
    at = opened(bench, weeks=[8])
    done = piloting.answer(at, previous=[], dataset="made")
    start = done.starts[0]
    records = at.followed.of(at.base.on(start))
    (outcome,) = records.over(56, ["spend"])
    random, effect, found = np.random.default_rng(5), done.main.smallest(done.main.windows[0]), 0
    for _ in range(150):
        treated = random.permutation(len(outcome.after)) < len(outcome.after) / 2
        values = outcome.after + effect * treated
        before = outcome.before - outcome.before.mean()
        slope = np.polyfit(before, values - effect * treated, 1)[0]
        left = values - slope * before
        apart = left[treated].mean() - left[~treated].mean()
        se = np.sqrt(left[treated].var(ddof=1) / treated.sum() + left[~treated].var(ddof=1) / (~treated).sum())
        found += apart > 1.645 * se
    assert found / 150 == pytest.approx(0.8, abs=0.1)


def test_units_are_planned_by_how_alike_their_customers_are(bench):
    people, bought = shop_customers(alike=0.3)
    made(bench, people, bought)
    done = planned(bench, unit="shop", weeks=[8])
    found = numbers(done)
    assert found["planned"] == 30
    assert 0.02 < found["icc_spend"] < 0.4
    size = done.main.unit_size
    assert found["design_effect_spend"] == pytest.approx(1 + (size - 1) * found["icc_spend"])
    assert found["smallest_effect_spend"] > 1.5 * numbers(planned(bench, weeks=[8]))["smallest_effect_spend"]
    assert done.rehearsal.se == pytest.approx(done.rehearsal.planned_se, rel=0.15)
    rows = done.drawn.rows
    assert rows.groupby("shop")["arm"].nunique().max() == 1
    assert done.drawn.dealt.to_dict() == {"pilot": 15, "control": 15}
    assert any(each.id == "alike" for each in _findings(done))


def _findings(done):
    from workbench.exhibits import flatten
    from workbench.findings import Finding

    return [each for each in flatten(done) if isinstance(each, Finding)]


def test_the_draw_is_seeded_and_balanced_within_strata(bench):
    people, bought = shop_customers()
    made(bench, people, bought)
    at = opened(bench, planned=500, seed=7, weeks=[8])
    first, again, other = (
        piloting.answer(each, previous=[], dataset="made").drawn
        for each in (at, opened(bench, planned=500, seed=7, weeks=[8]), opened(bench, planned=500, seed=8, weeks=[8]))
    )
    pd.testing.assert_frame_equal(first.rows, again.rows)
    assert not first.rows["customer_id"].equals(other.rows["customer_id"])
    assert len(first.rows) == 500
    counts = pd.crosstab(first.rows["drawn_within"], first.rows["arm"])
    assert set(counts.index) == {"north", "south", "east", "west", "isle"}
    assert (counts["pilot"] - counts["control"]).abs().max() <= 1
    assert counts.sum(axis=1).between(99, 101).all()
    region = people.set_index("customer_id")["region"]
    assert (first.rows["drawn_within"] == region.reindex(first.rows["customer_id"]).to_numpy()).all()
    rows = pd.DataFrame({"a": ["x"] * 9 + ["y"], "b": ["u"] * 10})
    assert list(strata_of(rows, ["a", "b"], 4))[-1] == "…"


def test_two_arms_share_what_is_treated(bench):
    made(bench, *shop_customers())
    done = planned(bench, arms=["mail", "call"], treated=0.5, strata=[], weeks=[8])
    assert done.drawn.dealt.to_dict() == pytest.approx({"mail": 225, "call": 225, "control": 450}, abs=1)
    whole = planned(bench, strata=[], weeks=[8])
    # An arm of a quarter beside half: sqrt(4 + 2) to sqrt(2 + 2).
    assert done.main.smallest() / whole.main.smallest() == pytest.approx(1.5**0.5, rel=0.01)


def test_the_chosen_fall_back_without_a_pilot_and_the_report_says_so(bench):
    made(bench, *shop_customers())
    done = planned(bench, weeks=[8])
    seen = done.unmoved
    assert seen.highest.n == 100
    assert seen.highest.upper < 0 < seen.lowest.lower
    (said,) = [each for each in _findings(done) if each.id == "before_after"]
    assert said.estimate == pytest.approx(numbers(done)["before_after_change"])
    assert "Before against after misleads" in said.statement
    assert "control by lot" in said.action


def test_a_smallest_effect_worth_having_is_enough_or_takes_more(bench):
    made(bench, *shop_customers())
    small = planned(bench, weeks=[8]).main.smallest()
    enough = planned(bench, weeks=[8], smallest=1.2 * small)
    short = planned(bench, weeks=[8], smallest=small / 2)
    assert "are enough" in _findings(enough)[0].statement
    assert "are too few" in _findings(short)[0].statement
    assert numbers(short)["needed"] == pytest.approx(4 * 900, rel=0.02)
    priced = planned(bench, weeks=[8], cost=3.0, value=0.5)
    assert numbers(priced)["smallest_effect_worth_having"] == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"planned": 5000}, "got 5,000, expected at most 900"),
        ({"planned": 60}, "expected at least 100: an arm of fewer than 50"),
        ({"strata": ["regoin"]}, "did you mean 'region'?"),
        ({"strata": ["customer_id"]}, "expected a column of customers with groups"),
        ({"unit": "team"}, "parameter unit: got 'team'"),
        ({"unit": "shop", "units": 3}, "expected at least 4"),
        ({"unit": "shop", "units": 31}, "expected at most 30"),
        ({"unit": "shop", "units": 6, "treated": 0.2}, "expected at least 10"),
        ({"unit": "region", "strata": ["shop"]}, "differs among customers of one region"),
        ({"unit": "shop", "planned": 300}, "expected planned_units"),
        ({"units": 10}, "got 10 and no unit"),
        ({"arms": ["control"]}, "expected one or more different names"),
        ({"weeks": [0]}, "expected one or more numbers of weeks"),
        ({"weeks": [30]}, "The records hold"),
        ({"window_days": 200}, "Choose a shorter window_days"),
        ({"outcome": "spent"}, "did you mean 'spend'?"),
        ({"start": pd.Timestamp("2025-03-01").date()}, "begins after the records end"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_message(bench, asked, wanted):
    made(bench, *shop_customers())
    with pytest.raises(WorkbenchError) as refused:
        planned(bench, **({"weeks": [8]} | asked))
    assert any(wanted in fault for fault in refused.value.faults), refused.value.faults


def test_nothing_to_plan_from_is_said(bench):
    bench.dataset("made")
    with pytest.raises(WorkbenchError, match="Nothing to plan from"):
        opened(bench, mode=None)


def test_what_was_drawn_is_read_as_it_was_drawn_also_under_pseudonyms(bench, monkeypatch):
    """A real run writes the draw; appended as `treatments`, by the lines that its report shows, it is evaluated."""
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    people, bought = shop_customers()
    folder = made(bench, people, bought, personal="true")
    shutil.copy(ROOT / "notebooks" / "pilot_evaluation.ipynb", bench.root / "notebooks")
    ended = bench.run("run", "pilot_evaluation", "--dataset", "made", "-p", "weeks=[8]", "-p", "planned_customers=600")
    assert ended.returncode == 0, ended.stderr
    (run,) = bench.reports.glob("pilot_evaluation/2*/")
    path = run / "private" / "assignment.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads((run / "results.json").read_text())
    assert told["metrics"]["smallest_effect"] > 0
    drawn = pd.read_csv(path)
    assert not set(drawn["customer_id"]) & set(people["customer_id"])
    assert all(each not in (run / "report.html").read_text() for each in drawn["customer_id"].head(20))

    lines = pd.read_csv(run / "tables" / "dataset_yaml.csv").set_index("place")["value"]
    places = [each for each in lines.index if ".columns." in each]
    columns = "".join(f"      {each.rsplit('.', 1)[1]}: {lines[each]}\n" for each in places)
    design = lines["tables.treatments.design.pilot"]
    more = (
        f"  treatments:\n    file: {lines['tables.treatments.file']}\n    design:\n      pilot: {design}\n"
        f"    columns:\n{columns}"
    )
    shutil.copy(path, folder / "assignment.csv")
    later = bought.assign(timestamp=bought["timestamp"] + pd.Timedelta(days=280))
    made(bench, people, pd.concat([bought, later]), personal="true", more=more)
    at = opened(bench, mode="evaluate", seed=1)
    roster = at.pilot.roster.set_index("customer_id").reindex(drawn["customer_id"])
    assert list(roster["arm"]) == list(drawn["arm"])
    assert [each.split("|")[0] for each in roster["stratum"]] == list(drawn["drawn_within"])
    assert at.days == 56
    assert at.pilot.experimental
    assert (at.pilot.draw.ratio_p, at.pilot.draw.both) == (pytest.approx(1.0, abs=0.1), 0)
    # Its error is the one that was planned: the second half of the records is the first again.
    (outcome,) = [each for each in at.outcomes if each.measure.name == "spend"]
    found = samples_of(at.pilot, 0.9).effect(outcome, "pilot", at.days).found
    assert 2.487 * found.se == pytest.approx(told["metrics"]["smallest_effect"], rel=0.2)
    # Planning was no look at the pilot.
    assert not any(
        "effects" in json.loads(each.read_text())["tables"] for each in bench.reports.glob("*/2*/manifest.json")
    )


def test_the_mode_is_what_the_data_can_tell(bench):
    made(bench, *shop_customers())
    assert type(opened(bench, mode=None, weeks=[8])).__name__ == "Draft"
    designs = "{chosen: {assignment: chosen}, other: {assignment: chosen}}"
    rows = pd.DataFrame(
        {"customer_id": ["c0001", "c0002"], "initiative": ["chosen", "other"], "arm": "mail", "start": "2025-05-01"}
    )
    more = (
        "  treatments:\n    file: treatments.csv\n    design: " + designs + "\n    columns:\n"
        "      customer_id: {personal: false}\n      initiative: initiative\n      arm: arm\n      start: start\n"
    )
    folder = made(bench, *shop_customers(), more=more)
    rows.to_csv(folder / "treatments.csv", index=False)
    assert type(opened(bench, mode=None, weeks=[8])).__name__ == "Draft"
    with pytest.raises(WorkbenchError, match="which treatments have already"):
        opened(bench, mode="plan", initiative="other", weeks=[8])
