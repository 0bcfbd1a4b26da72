"""Pilots planned: what they would find beside what they then find, the draw read back, and what is refused."""

import datetime as dt
import json
import re
import shutil
import stat

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from tests.benches import Bench
from tests.conftest import ROOT

from workbench import datasets, features
from workbench.datasets.privacy.pseudonyms import pseudonym
from workbench.decisions import piloting, planning
from workbench.decisions.planning import rehearsal
from workbench.decisions.planning.drawn import strata_of
from workbench.decisions.rollout.weighing import verdict
from workbench.errors import WorkbenchError
from workbench.exhibits import flatten
from workbench.findings import Finding
from workbench.wording import day

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
      timestamp: timestamp
      amount: amount
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


@pytest.fixture(scope="module", autouse=True)
def rehearsed_less_often():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rehearsal, "MOST_DRAWS", 40)
        yield


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Two datasets, read once: shops that differ as their customers do, and shops with levels of their own."""
    found = {}
    for alike in (0.0, 0.3):
        bench = Bench(tmp_path_factory.mktemp("project"))
        (bench.root / "data").mkdir()
        made(bench, *shop_customers(alike=alike))
        found[alike] = loaded(bench)
    return found


def loaded(bench):
    dataset = datasets.find("made", bench.root)
    return dataset, {name: dataset.load(name).frame if name in dataset.tables else None for name in TABLES}


def opened(dataset, tables, *, mode="plan", initiative=None, **asked):
    """The opening of the study, without a kernel."""
    begun = piloting.begin(dataset, tables, initiative=initiative, mode=mode)
    of_scheme = ("arms", "treated", "strata", "unit", "units", "weeks", "start")
    known = {each: asked.pop(each) for each in of_scheme if each in asked}
    scheme = piloting.Scheme(**({"weeks": [8]} | known))
    followed = features.follow_up(begun.roster, tables, dataset)
    return piloting.ready(begun, followed, piloting.Question(currency="EUR", **asked), scheme)


def planned(read, *, alike=0.0, **asked):
    return piloting.answer(opened(*read[alike], **asked), previous=[], dataset="made")


@pytest.fixture(scope="module")
def usual(read):
    """All customers for eight weeks, and for four."""
    return planned(read, weeks=[4, 8])


def numbers(done):
    """Its metrics."""
    return next(each for each in done.exhibits() if isinstance(each, dict))


def said(done):
    """Its findings by name."""
    return {each.id: each for each in flatten(done) if isinstance(each, Finding)}


def test_what_is_planned_is_what_is_found(usual):
    found = usual.main
    assert [each.days for each in usual.of("spend")] == [28, 56]
    assert numbers(usual)["smallest_effect"] == found.smallest() > 0
    assert found.whole.explained > 0.1  # natures are steady
    assert found.smallest(plain=True) > found.smallest()
    # The estimator that will evaluate it has the standard error that was planned, and no more false alarms.
    assert usual.rehearsal.se == pytest.approx(usual.rehearsal.planned_se, rel=0.05)
    assert usual.rehearsal.holds
    assert (usual.rehearsal.draws, usual.rehearsal.most) == (40, 11)  # qbinom(0.999, 40, 0.1) in R
    assert found.needed(found.smallest()) == pytest.approx(usual.draft.size, rel=0.01)
    # Twice the time: effects that add up are twice as large, errors are not.
    short, long = usual.of("spend")
    assert short.needed(usual.over(20.0, 28)) > long.needed(20.0)


def test_a_stranger_to_the_plan_finds_its_smallest_effect_in_four_of_five(usual):
    """200 pilots dealt over the last window, with the effect added that the plan says is found."""
    start = usual.starts[0]
    (outcome,) = usual.draft.followed.of(usual.draft.base.on(start)).over(56, ["spend"])
    random, effect, found = np.random.default_rng(5), usual.main.smallest(usual.main.windows[0]), 0
    before = outcome.before - outcome.before.mean()
    left = outcome.after - np.polyfit(before, outcome.after, 1)[0] * before
    for _ in range(200):
        treated = random.permutation(len(left)) < len(left) / 2
        one, two = left[treated] + effect, left[~treated]
        se = np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
        found += one.mean() - two.mean() > 1.645 * se
    assert found / 200 == pytest.approx(0.8, abs=0.085)


def test_units_are_planned_by_how_alike_their_customers_are(read):
    done = planned(read, alike=0.3, unit="shop")
    found, alone = numbers(done), numbers(planned(read, alike=0.3))
    assert found["planned"] == 30
    assert 0.02 < found["icc_spend"] < 0.4
    wanted = 1 + (done.main.unit_size - 1) * found["icc_spend"]
    assert found["design_effect_spend"] == pytest.approx(wanted, rel=0.02)  # shops are nearly of one size
    # Units are fewer than customers by the design effect; degrees of freedom and unequal sizes cost a little more.
    times = (found["smallest_effect_spend_plain"] / alone["smallest_effect_spend_plain"]) ** 2
    assert times == pytest.approx(wanted, rel=0.35)
    assert done.rehearsal.se == pytest.approx(done.rehearsal.planned_se, rel=0.15)
    assert done.drawn.rows.groupby("shop")["arm"].nunique().max() == 1
    assert done.drawn.dealt.to_dict() == {"pilot": 15, "control": 15}
    assert "tell as much as" in said(done)["alike"].statement


def test_shops_of_orders_are_units_and_customers_belong_to_the_one_they_used_most(bench):
    """The same shops as a column of orders: a fifth of these lies elsewhere, and one customer moved a year ago."""
    people, bought = shop_customers(alike=0.3)
    random = np.random.default_rng(9)
    home = people.set_index("customer_id")["shop"]
    own = home.reindex(bought["customer_id"]).to_numpy()
    away = random.random(len(bought)) < 0.2
    visits = bought.assign(shop=np.where(away, random.permutation(own), own))
    long_ago = pd.DataFrame({"customer_id": "c0000", "timestamp": "2023-05-01", "amount": 1.0, "shop": ["s29"] * 99})
    visits = pd.concat([long_ago, visits], ignore_index=True)
    made(bench, people.drop(columns="shop"), visits, more="      shop: {type: category}\n")
    path = bench.root / "data" / "made" / "dataset.yaml"
    path.write_text(path.read_text().replace("      shop: {type: category}\n", "", 1))
    done = piloting.answer(opened(*loaded(bench), unit="shop"), previous=[], dataset="made")
    rows = done.drawn.rows.set_index("customer_id")
    assert (rows["shop"] == home.reindex(rows.index)).mean() > 0.85  # chance has some of few orders
    assert rows.loc["c0000", "shop"] == home["c0000"]
    assert rows.groupby("shop")["arm"].nunique().max() == 1
    assert numbers(done)["planned"] == 30
    assert 0.02 < numbers(done)["icc_spend"] < 0.4
    (told,) = [each for each in flatten(done) if getattr(each, "name", "") == "plan_homes"]
    assert told.status == "pass"
    assert told.value == pytest.approx(0.17, abs=0.06)  # of a fifth, and of few orders most are at home
    with pytest.raises(WorkbenchError, match="of customers or of what they did: region and shop; did you mean 'shop'"):
        opened(*loaded(bench), unit="shops")


def test_the_draw_is_seeded_and_balanced_within_strata(read):
    first, again, other = (planned(read, planned=500, seed=seed).drawn for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first.rows, again.rows)
    assert not first.rows["customer_id"].equals(other.rows["customer_id"])
    assert len(first.rows) == 500
    counts = pd.crosstab(first.rows["drawn_within"], first.rows["arm"])
    assert set(counts.index) == {"north", "south", "east", "west", "isle"}
    assert (counts["pilot"] - counts["control"]).abs().max() <= 1
    assert counts.sum(axis=1).between(99, 101).all()
    region = read[0.0][1]["customers"].set_index("customer_id")["region"]
    assert (first.rows["drawn_within"] == region.reindex(first.rows["customer_id"]).to_numpy()).all()


def test_small_strata_are_taken_together():
    rows = pd.DataFrame({"a": ["x"] * 9 + ["y"], "b": ["u"] * 5 + ["v"] * 4 + ["u"]})
    assert list(strata_of(rows, ["a", "b"], 4)) == ["x · u"] * 5 + ["…"] * 5  # the one of y takes the smallest along
    assert list(strata_of(rows, ["b"], 4)) == ["u"] * 5 + ["v"] * 4 + ["u"]


def test_two_arms_share_what_is_treated(read, usual):
    done = planned(read, arms=["mail", "call"], treated=0.5, strata=[])
    assert done.drawn.dealt.to_dict() == pytest.approx({"mail": 225, "call": 225, "control": 450}, abs=1)
    # An arm of a quarter beside half: sqrt(4 + 2) to sqrt(2 + 2); that there were strata moves little.
    assert done.main.smallest() / usual.main.smallest() == pytest.approx(1.5**0.5, rel=0.03)


def test_the_chosen_fall_back_without_a_pilot_and_the_report_says_so(usual):
    seen = usual.unmoved
    assert seen.highest.n == 100
    assert seen.highest.upper < 0 < seen.lowest.lower
    # What is not the way back to the mean is what all customers moved by, within chance.
    assert seen.returned[0] + seen.everybody.change == pytest.approx(seen.highest.change, abs=15)
    told = said(usual)["before_after"]
    assert told.estimate == pytest.approx(numbers(usual)["before_after_change"])
    assert "Before against after misleads" in told.statement
    assert "With a control by lot" in said(usual)["before_after_dealt"].statement
    assert [each.id for each in said(usual).values() if each.action] == ["smallest_effect"]


def test_the_size_is_that_by_which_the_verdict_rolls_out_twice_what_is_worth_having(read, usual):
    small = usual.main.smallest()
    enough, short = planned(read, smallest=1.2 * small), planned(read, smallest=small / 2)
    assert "are enough" in said(enough)["smallest_effect"].statement
    assert "are too few" in said(short)["smallest_effect"].statement
    assert numbers(short)["needed"] == pytest.approx(4 * 900, rel=0.02)
    assert opened(*read[0.0], cost=3.0, value=0.5).worth == pytest.approx(6.0)
    # Of effects just not worth having one in twenty is rolled out, whatever the size.
    assert numbers(enough)["rolled_out_of_worth_having"] == pytest.approx(0.05)
    assert numbers(short)["rolled_out_of_worth_having"] == pytest.approx(0.05)
    assert said(enough)["smallest_effect"].estimate > 80 > said(short)["smallest_effect"].estimate
    wanted = stats.norm.sf(1.6449 - 1.2 * 2.4865)  # as far above the smallest as 1.2 times what is just found
    assert numbers(enough)["rolled_out_of_twice_worth_having"] == pytest.approx(wanted, abs=0.005)
    assert numbers(planned(read, smallest=100 * small))["needed"] == 100  # fewer in an arm than 50 are not evaluated
    # The level of intervals is no matter of the verdict.
    wide = planned(read, smallest=1.2 * small, level=0.99)
    assert numbers(wide)["needed"] == numbers(enough)["needed"]


def test_the_verdict_of_pilots_dealt_over_the_last_window_ends_as_the_plan_says(usual):
    """300 pilots whose true effect is twice the smallest worth having, and 300 whose effect is just that."""
    start = usual.starts[0]
    (outcome,) = usual.draft.followed.of(usual.draft.base.on(start)).over(56, ["spend"])
    before = outcome.before - outcome.before.mean()
    left = outcome.after - np.polyfit(before, outcome.after, 1)[0] * before
    worth, random, ended = 0.8 * usual.main.smallest(), np.random.default_rng(8), {1: 0, 2: 0}
    for times in ended:
        for _ in range(300):
            treated = random.permutation(len(left)) < len(left) / 2
            one, two = left[treated] + times * worth, left[~treated]
            apart = one.mean() - two.mean()
            se = np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
            ended[times] += stats.norm.cdf((apart - worth) / se) >= verdict.SURE
    assert ended[1] / 300 == pytest.approx(usual.main.decided(worth, worth)[0], abs=0.035)
    assert ended[2] / 300 == pytest.approx(usual.main.decided(2 * worth, worth)[0], abs=0.07)


@pytest.mark.parametrize(("weeks", "days"), [([13], 91), ([4, 13], 91), ([4, 8, 13], 56), ([4], 28), ([30, 12], 84)])
def test_the_weeks_asked_for_are_those_that_are_planned_and_drawn(read, weeks, days):
    at = opened(*read[0.0], weeks=weeks)
    assert at.main == days
    assert set(at.lengths) == {7 * each for each in weeks if each < 20}


def test_the_draw_names_its_first_and_last_day(read):
    done = planned(read, weeks=[13], planned=600)
    told, rows = said(done)["draw"].statement, done.drawn.rows
    assert (rows["end"] - rows["start"]).dt.days.unique() == [90]
    assert f"{day(rows['start'].iloc[0].date())} to {day(rows['end'].iloc[0].date())}" in told
    assert "for 13 weeks" in said(done)["smallest_effect"].statement
    assert "plan_length" not in {getattr(each, "name", "") for each in flatten(done)}


def test_what_such_customers_would_show_dealt_out_is_of_their_own_spread(usual):
    """By hand: the 100 highest of the window before vary as they do, not as customers do on average."""
    seen, start = usual.unmoved, usual.starts[0]
    roster = usual.draft.base.on(start)
    (after,) = usual.draft.followed.of(roster).over(56, ["spend"])
    earlier = roster.assign(start=start - dt.timedelta(days=56))
    (before,) = usual.draft.followed.of(earlier).over(56, ["spend"])
    top = np.argsort(-before.after, kind="stable")[:100]
    one, two = before.after[top], after.after[top]
    left = two - np.polyval(np.polyfit(one, two, 1), one)
    spread = (left @ left / 98) ** 0.5
    assert seen.highest.left == pytest.approx(spread)
    by_hand = (stats.t.ppf(0.95, 97) + stats.t.ppf(0.8, 97)) * spread * 2 / 100**0.5
    (told,) = re.findall(r"by ([0-9.,]+) EUR", said(usual)["before_after_dealt"].statement)
    assert float(told) == pytest.approx(by_hand, rel=0.01)


def test_units_that_are_hardly_alike_are_not_called_alike(read):
    done = planned(read, alike=0.0, unit="shop")
    assert done.main.icc[1] == 0  # shops differ as their customers do
    assert "hardly alike, if at all" in said(done)["alike"].statement
    assert "30 units (“shop”)" in said(done)["smallest_effect"].statement


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
        ({"window_days": 200}, "Choose a shorter window_days"),
        ({"outcome": "spent"}, "did you mean 'spend'?"),
        ({"start": dt.date(2025, 3, 1)}, "begins after the records end"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_message(read, asked, wanted):
    with pytest.raises(WorkbenchError) as refused:
        opened(*read[0.0], **asked)
    assert any(wanted in fault for fault in refused.value.faults), refused.value.faults


def test_lengths_that_the_records_do_not_hold_are_named_and_left_out(read):
    at = opened(*read[0.0], weeks=[8, 30, 52])
    assert (at.lengths, at.too_long) == ((56,), (210, 364))


def test_subscribers_who_seldom_answer_are_planned_for_by_leaving_answers_and_contacts(bench):
    """600 subscribers for 400 days: 2% leave in a month, a third answers, contacts are solved in 7 of 10 cases."""
    random, n = np.random.default_rng(4), 600
    ids = np.array([f"c{i:03}" for i in range(n)])
    day = pd.Timestamp("2025-01-01")
    lasts = np.ceil(random.exponential(30.4 / 0.02, n)).astype(int)
    ends = [day + dt.timedelta(days=int(each)) if each < 400 else None for each in lasts]
    asked = random.random(n) < 1 / 3

    def when(rows):
        return day + pd.to_timedelta(random.integers(0, np.minimum(lasts[rows], 400)), unit="D")

    answers, calls = np.repeat(np.flatnonzero(asked), 8), np.repeat(np.arange(n), 6)
    folder = bench.root / "data" / "made"
    folder.mkdir()
    tables = {
        "subscriptions": pd.DataFrame(
            {"customer_id": ids, "start": day, "end": ends, "price": random.choice([10.0, 20.0, 30.0], n)}
        ),
        "surveys": pd.DataFrame(
            {"customer_id": ids[answers], "timestamp": when(answers), "again": random.integers(0, 11, len(answers))}
        ),
        "interactions": pd.DataFrame(
            {
                "customer_id": ids[calls],
                "timestamp": when(calls),
                "resolved_first_contact": random.random(len(calls)) < 0.7,
            }
        ),
    }
    lines = {
        "subscriptions": ["start: start", "end: end", "price: {currency: EUR}"],
        "surveys": ["timestamp: timestamp", "again: {scale: [0, 10], role: outcome}"],
        "interactions": ["timestamp: timestamp", "resolved_first_contact: resolved_first_contact"],
    }
    text = "title: Made\nextracted: 2026-02-05\ntables:\n"
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
        columns = "".join(f"      {each}\n" for each in ["customer_id: {personal: false}", *lines[name]])
        text += f"  {name}:\n    file: {name}.csv\n    columns:\n{columns}"
    (folder / "dataset.yaml").write_text(text)
    done = piloting.answer(opened(*loaded(bench), weeks=[12], window_days=84), previous=[], dataset="made")
    by_name = {each.measure.name: each for each in done.prospects}
    stay = by_name["staying"]
    assert done.main is stay
    assert stay.whole.mean == pytest.approx(np.exp(-84 / 30.4 * 0.02), abs=0.02)
    share = stay.whole.variance
    assert share == pytest.approx(stay.whole.mean * (1 - stay.whole.mean), rel=0.05)
    assert by_name["again_nps"].whole.answering == pytest.approx(1 / 3 * (1 - np.exp(-8 * 84 / 400)), abs=0.06)
    # Of those who answer the plan counts on no more.
    answering = by_name["again"]
    wanted = 2.487 * answering.whole.left**0.5 * 2 / (answering.size * answering.whole.answering) ** 0.5
    assert answering.smallest() == pytest.approx(wanted, rel=0.02)
    assert by_name["resolved"].whole.mean == pytest.approx(0.7, abs=0.03)
    assert done.unmoved.measure.name == "cash"
    assert all(np.isfinite(each.smallest()) for each in done.prospects)
    assert set(said(done)) >= {"smallest_effect", "draw", "before_after"}


def test_an_earlier_trial_without_dates_is_planned_from_its_control(bench):
    random = np.random.default_rng(3)
    arm = np.repeat(["none", "mail"], 400)
    visits = random.gamma(2.0, size=800)
    spend = 5 * visits + random.gamma(2.0, 5.0, 800) + 1000 * (arm == "mail")  # what mail did is no chance
    rows = pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(800)], "initiative": "old", "arm": arm})
    folder = bench.root / "data" / "made"
    folder.mkdir()
    rows.assign(spend=spend, visits=visits).to_csv(folder / "treatments.csv", index=False)
    (folder / "dataset.yaml").write_text(
        "title: Made\ntables:\n  treatments:\n    file: treatments.csv\n    design:\n"
        "      old: {assignment: randomised, control: none}\n    columns:\n      customer_id: {personal: false}\n"
        "      initiative: initiative\n      arm: arm\n      spend: {type: money, currency: EUR, use: outcome}\n"
        "      visits: {type: number, use: before}\n"
    )
    done = piloting.answer(opened(*loaded(bench)), previous=[], dataset="made")
    own = spend[:400]
    left = own - np.polyval(np.polyfit(visits[:400], own, 1), visits[:400])
    assert numbers(done)["smallest_effect"] == pytest.approx(2.487 * left.std() * 2 / 400**0.5, rel=0.01)
    assert numbers(done)["smallest_effect_spend_plain"] == pytest.approx(2.487 * own.std() * 2 / 400**0.5, rel=0.01)
    assert set(done.drawn.rows) == {"customer_id", "initiative", "arm"}
    told = {each.name: each for each in flatten(done) if hasattr(each, "name")}
    assert "400 customers to whom nothing was done. The 400 others" in told["plan_control"].message
    text = told["treatments"].text
    assert "      # spend: {type: money, currency: EUR, use: outcome}\n" in text
    assert "      # visits: {type: number, use: before}\n" in text
    assert yaml.safe_load(text)["treatments"]["design"] == {
        "pilot": {"assignment": "randomised", "control": "control", "probability": 0.5}
    }
    assert "a dataset of its own" in told["treatments"].caption
    assert (done.unmoved, numbers(done)["window_days"]) == (None, None)


def test_nothing_to_plan_from_is_said(bench):
    bench.dataset("made")
    dataset = datasets.find("made", bench.root)
    with pytest.raises(WorkbenchError, match="Nothing to plan from"):
        opened(dataset, dict.fromkeys(TABLES), mode=None)


def test_what_was_drawn_is_read_as_it_was_drawn_also_under_pseudonyms(bench, monkeypatch):
    """A real run writes the draw; appended as `treatments`, by the lines that its report shows, it is evaluated."""
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    people, bought = shop_customers()
    folder = made(bench, people, bought, personal="true")
    shutil.copy(ROOT / "notebooks" / "pilot_evaluation.ipynb", bench.root / "notebooks")
    asked = ("--dataset", "made", "-p", "weeks=[8]", "-p", "planned_customers=600")
    ended = bench.run("run", "pilot_evaluation", *asked, seconds=300)
    assert ended.returncode == 0, ended.stderr
    (run,) = bench.reports.glob("pilot_evaluation/2*/")
    path = run / "private" / "assignment.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads((run / "results.json").read_text())
    assert told["metrics"]["smallest_effect"] > 0
    drawn = pd.read_csv(path)
    assert not set(drawn["customer_id"]) & set(people["customer_id"])
    assert all(each not in (run / "report.html").read_text() for each in drawn["customer_id"].head(20))

    # Whom to ring: the same list under the ids of the files, for its owner alone.
    rung = bench.run("ids", run.name)
    assert rung.returncode == 0, rung.stderr
    own = run / "private" / "assignment_own_ids.csv"
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    ids = pd.read_csv(own)
    assert [pseudonym(each, KEY.encode()) for each in ids["customer_id"]] == list(drawn["customer_id"])
    pd.testing.assert_frame_equal(ids.drop(columns="customer_id"), drawn.drop(columns="customer_id"))
    assert not any(each in rung.stdout + rung.stderr for each in ids["customer_id"].head(20))
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY[::-1])
    assert "expected the key and the data that the run had" in bench.run("ids", run.name).stderr
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)

    more = (run / "private" / "treatments.yaml").read_text()  # pasted as it stands
    assert more.splitlines()[2].strip() in (run / "report.html").read_text()
    shutil.copy(path, folder / "assignment.csv")
    later = bought.assign(timestamp=bought["timestamp"] + pd.Timedelta(days=280))
    made(bench, people, pd.concat([bought, later]), personal="true", more=more)
    at = opened(*loaded(bench), mode="evaluate", seed=1)
    roster = at.pilot.roster.set_index("customer_id").reindex(drawn["customer_id"])
    assert list(roster["arm"]) == list(drawn["arm"])
    assert [each.split("|")[0] for each in roster["stratum"]] == list(drawn["drawn_within"])
    assert at.days == 56
    assert at.pilot.experimental
    assert (at.pilot.draw.ratio_p, at.pilot.draw.both) == (pytest.approx(1.0, abs=0.1), 0)
    # Its error is the one that was planned: the second half of the records is the first again.
    found = piloting.answer(at, previous=[], dataset="made").of("spend")[0].found
    assert 2.487 * found.se == pytest.approx(told["metrics"]["smallest_effect"], rel=0.2)
    # Planning was no look at the pilot.
    assert not any(
        "effects" in json.loads(each.read_text())["tables"] for each in bench.reports.glob("*/2*/manifest.json")
    )


def test_the_mode_is_what_the_data_can_tell(read, bench):
    assert isinstance(opened(*read[0.0], mode=None), planning.Draft)
    rows = pd.DataFrame(
        {"customer_id": ["c0001", "c0002"], "initiative": ["chosen", "other"], "arm": "mail", "start": "2025-05-01"}
    )
    more = (
        "  treatments:\n    file: treatments.csv\n    design: {'*': {assignment: chosen}}\n    columns:\n"
        "      customer_id: {personal: false}\n      initiative: initiative\n      arm: arm\n      start: start\n"
    )
    folder = made(bench, *shop_customers(), more=more)
    rows.to_csv(folder / "treatments.csv", index=False)
    own = loaded(bench)
    assert isinstance(opened(*own, mode=None), planning.Draft)
    with pytest.raises(WorkbenchError, match="which treatments have already"):
        opened(*own, mode="plan", initiative="other")
    assert piloting.mode_of(own[0], own[1]["treatments"], "other") == "evaluate"
    assert piloting.mode_of(own[0], own[1]["treatments"].head(1), None) == "evaluate"
