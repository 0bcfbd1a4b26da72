"""Sentences are as sure as the answers: one recommendation, that all findings share, or none that any of them makes."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.quick_models import fitted

from workbench.errors import ParameterError
from workbench.exhibits import Table, flatten
from workbench.findings import Check, Finding
from workbench.models.drivers.effects.asymmetry import KINDS
from workbench.models.drivers.model.outcome_level import outcome_level
from workbench.models.drivers.ordinal.links import PROBIT
from workbench.models.drivers.summary.figures import draw_map, draw_segment_effects
from workbench.models.drivers.summary.findings import (
    against,
    asymmetry,
    below_target,
    findings,
    importance,
    local,
    priorities,
)
from workbench.models.drivers.summary.headline import caveats, headline
from workbench.models.drivers.summary.summarise import summarise
from workbench.models.drivers.summary.tables import QUADRANTS


@pytest.fixture(scope="module")
def base():
    return summarise(fitted([1.0, 0.6, 0.0], n=800), target=70)


def changed(base, **tables):
    """The same answers with other tables."""
    made = dataclasses.replace(base)
    made.__dict__.update(tables)
    return made


def with_gains(base, **columns):
    return changed(base, what_if_table=base.what_if_table.assign(**columns))


def told(summary):
    return {each.id: each.statement for each in findings(summary)}


def test_headline_order_map_and_gains_name_the_same_first(base):
    first = base.order[0]
    label = base.model.ratings.labels[first]
    said = told(base)
    assert re.match(
        rf"“{label}” first: \+\S+ percentage points go with a rating 10 of 100 points higher, ", said["headline"]
    )
    assert said["priorities"].startswith(f"Suggested order: 1 “{label}”, 2 ")
    assert base.what_if_table["driver"][0] == base.map_table["driver"][0] == base.priority_table["driver"][0] == first
    assert f"1 {label}" in {text.get_text() for text in draw_map(base).texts}


def test_the_headline_says_how_sure_it_is_that_nothing_brings_more(base):
    row = base.what_if_table.iloc[0]
    assert base.what_if_table["p_largest"].sum() == pytest.approx(1)
    assert row["p_as_good"] >= row["p_largest"] > 0.95
    assert headline(base).statement.endswith(", the most of any driver (over 99% sure).")
    assert headline(base).action.startswith("Try out what would make “da” better")
    assert headline(base).interval[0] < headline(base).estimate < headline(base).interval[1]
    near = with_gains(base, p_largest=[0.7, 0.3, 0.0], p_as_good=[0.9, 0.5, 0.0])
    assert headline(near).statement.endswith(", and hardly more with any other driver (90% sure).")
    doubtful = with_gains(base, p_gain=[0.8, 0.5, 0.0])
    assert headline(doubtful).statement.startswith("“da” first, but it may be nothing: +")


def test_where_several_may_bring_most_none_is_put_first(base):
    rivals = with_gains(base, p_largest=[0.5, 0.45, 0.05], p_as_good=[0.6, 0.55, 0.1])
    statement = headline(rivals).statement
    assert statement.startswith("No single driver comes first: “da” or “db” may each bring most, up to +")
    assert headline(rivals).action == ""
    assert "% sure" not in statement


@pytest.mark.parametrize("effects", [[0.35] * 5, [0.0] * 6], ids=["alike", "nothing"])
def test_what_cannot_be_told_is_not_told_two_findings_later(effects):
    """No probability of mattering, no largest gain and no order beside "can't single out" or "do not explain"."""

    def noise(frame):
        return frame.assign(outcome=np.random.default_rng(3).permutation(frame["outcome"].to_numpy()))

    alike = bool(effects[0])
    summary = summarise(
        fitted(effects, n=500, segment=None, correlation=0.8, changed=(lambda frame: frame) if alike else noise),
        target=90,
    )
    assert not summary.model.distinguishable or not summary.model.predictive
    assert summary.order == []
    said = told(changed(summary, map_table=summary.map_table.assign(fix_first=0.99)))  # as chance may have it
    assert said["headline"].startswith("These data can't single out one driver" if alike else "The ratings do not expl")
    assert said["priorities"].startswith("There is no order of work")
    assert "Whether they matter cannot be said here." in said["fix_first"]
    assert "cannot be said here" in said["asymmetry"]
    assert not {"importance", "against", "strongest_lever"} & set(said)
    for text in said.values():
        assert not re.search(r"% sure|probability|largest gain|most of any|matters", text), text
    ax = draw_map(summary)
    assert not any(text.get_text().startswith("1 ") for text in ax.texts)
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()] == ["not clear that it matters"]
    tables = {each.name: each for each in flatten(summary) if isinstance(each, Table)}
    seen = {name for each in tables.values() for name in each.columns}
    assert not seen & {*QUADRANTS, *KINDS, "p_above_knockoff", "certainty", "score", "rank", "p_first"}
    assert "cannot be said here" in tables["action_map"].caption
    below = summary.map_table["fix_first"] + summary.map_table["low_priority"]
    np.testing.assert_allclose(summary.map_table["p_below"], below)


def test_where_drivers_cannot_be_told_apart_the_headline_tells_what_they_explain_together():
    summary = summarise(fitted([0.35] * 5, n=500, segment=None, correlation=0.8))
    found = headline(summary)
    assert found.unit == "share"
    assert found.estimate == pytest.approx(summary.metrics()["explained_variance"])
    assert "all 5 ratings together explain" in found.statement
    average = next(each for each in findings(summary) if each.id == "average_rating")
    assert average.statement.startswith("A person's average rating predicts “outcome” as well as single ratings do")


def test_why_the_driver_that_explains_most_is_not_the_one_to_gain_most_by_is_one_sentence():
    """`da` is rated alike by most and counts for more a step; `db` differs between people and explains more."""

    def alike(frame):
        rng = np.random.default_rng(2)
        frame = frame.assign(da=np.where(rng.random(len(frame)) < 0.1, 2.0, 4.0), db=rng.integers(1, 6, len(frame)))
        latent = 1.3 * frame["da"] + 0.8 * frame["db"] + rng.logistic(size=len(frame))
        return frame.assign(outcome=1.0 + np.searchsorted(np.quantile(latent, [0.2, 0.4, 0.6, 0.8]), latent))

    summary = summarise(fitted([0.0, 0.0, 0.0], n=3000, segment=None, changed=alike))
    assert summary.order[0] == "da"
    found, why = importance(summary)
    assert found.statement.endswith(" of what the ratings explain is “db”, the most of any driver (over 99% sure).")
    assert why.statement.startswith("More is to be gained by “da”: each step counts for more.")
    assert why.estimate > 0


def test_a_driver_that_runs_backwards_is_told_so():
    summary = summarise(fitted([-1.2, 0.6, 0.3], n=1500))
    assert summary.model.distinguishable
    (found,) = importance(summary)
    assert found.statement.endswith(", but a better rating goes with a worse outcome.")
    (finding,) = against(summary)
    assert finding.statement.startswith("Better ratings of “da” go with a worse “outcome”")
    assert summary.map_table.set_index("driver").loc["da", "fix_first"] < 0.01
    assert summary.order[0] == "db"


def twins(frame):
    """`db` is `da` but for one answer in thirty; both move the outcome."""
    rng = np.random.default_rng(8)
    other = rng.random(len(frame)) < 0.03
    frame = frame.assign(db=frame["da"].mask(other, rng.integers(1, 6, len(frame)).astype(float)))
    latent = 0.8 * (frame["da"] + frame["db"]) / 2 + rng.logistic(size=len(frame))
    return frame.assign(outcome=1.0 + np.searchsorted(np.quantile(latent, [0.2, 0.4, 0.6, 0.8]), latent))


def test_twins_are_named_together_and_neither_first():
    summary = summarise(fitted([0.3, 0.3, 0.0], n=500, segment=None, changed=twins), target=90)
    assert ("da", "db") in summary.groups
    assert headline(summary).statement.startswith("No single driver comes first: “d")
    (together,) = (each for each in caveats(summary) if each.id == "moves_together")
    assert together.statement.endswith(" move together: the effect may belong to either.")


def test_members_of_a_group_are_named_and_not_counted():
    summary = summarise(fitted([0.35] * 5, n=500, segment=None, correlation=0.8))
    groups = pd.DataFrame({"members": [("da", "db", "dc"), ("dd", "de")], "p_above": [1.0, 0.5]})
    statement = next(each for each in caveats(changed(summary, group_table=groups)) if each.id == "group_1").statement
    for label in ("“da”", "“db”", "“dc”"):
        assert label in statement
    assert "“dd”" not in statement


def test_two_drivers_alike_make_a_group_although_there_is_no_rest():
    assert summarise(fitted([0.4, 0.4], n=400, segment=None, changed=twins)).groups == [("da", "db")]


def test_what_lies_below_the_target_is_told_with_what_hangs_on_it():
    summary = summarise(
        fitted([1.0, 0.6, 0.0], n=800, changed=lambda frame: frame.assign(dc=frame["dc"].clip(upper=2)))
    )
    weak = dataclasses.replace(summary, target=40.0)
    (found,) = below_target(weak)
    assert found.statement == "Below the target of 40 of 100 without clearly mattering: “dc”."
    matters, unclear = below_target(dataclasses.replace(summary, target=95.0))
    assert matters.statement == "Below the target of 95 of 100 and likely to matter: “da” and “db”."
    assert unclear.statement == "Below the target of 95 of 100 without clearly mattering: “dc”."
    assert (matters.estimate, unclear.estimate) == (3, 1)
    (none,) = below_target(dataclasses.replace(summary, target=1.0))
    assert none.statement.startswith("No driver is likely to be below the target of 1 of 100: the lowest is “dc”")
    assert none.estimate == 0


def test_of_many_drivers_one_that_bends_by_chance_is_not_named(base):
    table = base.asymmetry_table.assign(must_be=0.0, attractive=0.0, reversed=0.0)
    for p, named in ((0.9, False), (0.99, True)):
        summary = changed(base, asymmetry_table=table.assign(must_be=[p, 0.0, 0.0]))
        (found,) = asymmetry(summary)
        assert ("hurt more than good ones help" in found.statement) is named
        assert found.estimate == named


def test_what_runs_backwards_on_one_side_is_named_with_side_and_size(base):
    table = base.asymmetry_table.assign(must_be=0.0, attractive=0.0, reversed=[0.0, 0.99, 0.0])
    table.loc[1, ["below", "below_lower", "below_upper", "reversed_below"]] = [-0.12, -0.2, -0.05, 1.0]
    (found,) = asymmetry(changed(base, asymmetry_table=table))
    assert found.statement == (
        "Reversed below the middle of its scale: 10 of 100 points more for “db” go with -0.12 log-odds (-0.2 to -0.05)."
    )


def test_effects_of_a_probit_are_not_called_log_odds(base):
    probit = dataclasses.replace(base, model=dataclasses.replace(base.model, link=PROBIT))
    assert base.model.effect_unit == "log-odds"
    assert "latent noise" in probit.model.effect_unit
    assert "latent noise" in draw_segment_effects(probit).get_xlabel()
    # What is too small to count is as small beside the noise: the kinds stay what they were.
    kinds = ["must_be", "one_dimensional", "attractive", "indifferent", "reversed"]
    assert (probit.asymmetry_table[kinds] - base.asymmetry_table[kinds]).abs().to_numpy().max() < 0.15


def test_a_top_answer_that_nobody_gave_is_no_reason_to_say_that_nothing_helps(base):
    ratings = dataclasses.replace(base.model.ratings, scale=(1.0, 6.0))
    model = dataclasses.replace(base.model, ratings=ratings)
    summary = dataclasses.replace(base, model=model, changes=model.changes())
    assert headline(summary).statement.startswith("Nobody gave the top answer to “outcome”")
    assert priorities(summary)[0].statement == (
        "There is no order of work: nobody gave the top answer, so no gain can be predicted."
    )
    assert (summary.what_if_table["mean"].max()) > 0


def test_why_a_driver_on_target_may_stand_first_in_the_order_of_work_is_told(base):
    first = base.priority_table.iloc[0]
    performance = base.map_table.set_index("driver").loc[first["driver"], "performance"]
    for target, meets in ((performance - 5, True), (performance + 5, False)):
        affected = priorities(dataclasses.replace(base, target=float(target)))[1]
        assert affected.id == "affected"
        assert affected.statement.endswith(", although the average is not.") is meets


def test_one_point_is_refused_where_scales_differ_and_a_tenth_is_not(base):
    ends = base.model.ratings.ends.copy()
    ends[1] = (0, 100)
    model = dataclasses.replace(base.model, ratings=dataclasses.replace(base.model.ratings, ends=ends))
    with pytest.raises(ParameterError, match="one_point for drivers on scales of 5 to 101 points"):
        summarise(model, scenario="one_point")
    assert "go with a rating one point higher" in headline(summarise(base.model, scenario="one_point")).statement
    summarise(model)


def test_where_a_driver_is_weak_in_places_they_are_named(base):
    rows = base.reach_table.assign(reach="nowhere")
    rows.loc[0, "reach"] = "some"
    rows.at[0, "where"] = ["s0", "s1"]
    (found,) = local(changed(base, reach_table=rows))
    assert found.statement == f"Below the target of 70 only in places: “{rows.loc[0, 'label']}” (segment: s0, s1)."


SURVEYS = {
    "one first": {},
    "rivals": {"effects": [0.6, 0.55, 0.5, 0.0], "n": 500},
    "alike": {"effects": [0.35] * 5, "n": 500, "segment": None, "correlation": 0.8},
    "nothing": {"effects": [0.0] * 4, "n": 500},
    "against": {"effects": [-1.2, 0.6, 0.3], "n": 1500},
    "many": {"effects": list(np.linspace(0, 1.2, 12)), "n": 900, "missing": 0.1, "unused": 0.2},
}


@pytest.mark.parametrize("name", SURVEYS)
def test_findings_have_25_words_at_most_checks_40_and_titles_8(name):
    world = {"effects": [1.0, 0.6, 0.0], "n": 800, **SURVEYS[name]}
    summary = summarise(fitted(world.pop("effects"), **world), target=70)
    level = outcome_level(summary.model.ratings, confidence=0.9, response_ratio=2.5, random_seed=1)
    shown = list(flatten([summary.model.ratings, summary.model, summary, level, summary.model.sensitivity()[1]]))
    for each in shown:
        if isinstance(each, Finding):
            assert len(each.statement.split()) <= 25, each.statement
        elif isinstance(each, Check):
            assert len(each.message.split()) <= 40, each.message
    names = [each.id for each in shown if isinstance(each, Finding)]
    assert len(names) == len(set(names))
    # What a finding refers to is there.
    tables = {each.name for each in shown if isinstance(each, Table)} | {"comparison"}
    assert {each.table for each in shown if isinstance(each, Finding)} - {None} <= tables
