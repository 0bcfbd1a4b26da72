"""Sentences are as sure as the answers: who is first, which way round, and what can only be fixed together."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.quick_models import fitted

from workbench.models.drivers.answers import answer
from workbench.models.drivers.figures import draw_shrinkage
from workbench.models.drivers.findings import against, asymmetry, fix_first, headline, lever, priorities
from workbench.models.drivers.links import PROBIT


@pytest.fixture(scope="module")
def base():
    return answer(fitted([1.0, 0.6, 0.0], n=800), target=70)


def with_importance(base, rows):
    """The same answers with another table of importance."""
    table = pd.DataFrame(rows)
    table["label"] = table["driver"].str.upper()
    for name, value in {"share": 0.4, "lower": 0.3, "upper": 0.5, "p_above_knockoff": 1.0, "p_positive": 1.0}.items():
        table[name] = table.get(name, pd.Series(value, index=table.index)).fillna(value)
    changed = dataclasses.replace(base)
    changed.__dict__["importance_table"] = table
    return changed


def test_the_headline_says_how_sure_first_place_is(base):
    table = base.importance_table
    assert table["p_first"].sum() == pytest.approx(1)
    assert table["p_first"].iloc[0] > 0.99
    assert "most (probability over 99%): it carries" in headline(base).statement


def test_a_first_place_that_is_likely_has_its_probability(base):
    told = headline(with_importance(base, [{"driver": "a", "p_first": 0.58}, {"driver": "b", "p_first": 0.42}]))
    assert told.statement.startswith("“A” goes with “outcome” most (probability 58%): it carries 40% of")


def test_drivers_that_share_first_place_are_named_together(base):
    shares = {"a": 0.38, "b": 0.34, "c": 0.2, "d": 0.08}
    told = headline(with_importance(base, [{"driver": name, "p_first": p} for name, p in shares.items()]))
    assert told.statement.startswith("“A” (38%), “B” (34%) and “C” (20%) compete for first place")
    assert "“D”" not in told.statement
    near = with_importance(
        base, [{"driver": name, "p_first": p} for name, p in (("a", 0.49), ("b", 0.48), ("c", 0.03))]
    )
    assert headline(near).statement.startswith("“A” (49%) and “B” (48%) compete for first place")


def test_a_driver_that_runs_backwards_is_told_so():
    answers = answer(fitted([-1.2, 0.6, 0.3], n=1500))
    assert answers.model.told_apart
    assert "but the wrong way round: a better rating goes with a worse “outcome”" in headline(answers).statement
    (finding,) = against(answers)
    assert finding.statement.startswith("Better ratings of “da” go with a worse “outcome”")
    assert answers.map_table.set_index("driver").loc["da", "fix_first"] < 0.01


def test_a_first_driver_whose_direction_is_open_is_told_so(base):
    rows = [{"driver": "a", "p_first": 0.9, "p_positive": 0.6}, {"driver": "b", "p_first": 0.1}]
    assert (
        "whether a better rating goes with a better or a worse “outcome” is open"
        in headline(with_importance(base, rows)).statement
    )


def twins(frame):
    """`db` is `da` but for one answer in thirty; both move the outcome."""
    rng = np.random.default_rng(8)
    other = rng.random(len(frame)) < 0.03
    frame = frame.assign(db=frame["da"].mask(other, rng.integers(1, 6, len(frame)).astype(float)))
    latent = 0.8 * (frame["da"] + frame["db"]) / 2 + rng.logistic(size=len(frame))
    return frame.assign(outcome=1.0 + np.searchsorted(np.quantile(latent, [0.2, 0.4, 0.6, 0.8]), latent))


def test_a_driver_to_fix_whose_twin_shares_its_importance_names_the_twin():
    answers = answer(fitted([0.3, 0.3, 0.0], n=500, segment=None, changed=twins), target=90)
    assert ("da", "db") in answers.groups
    group = answers.group_table[answers.group_table["members"].map(len) == 2].iloc[0]
    places = answers.map_table.set_index("driver")["fix_first"]
    assert places["db"] > 0.8 > places["da"]  # by chance
    assert group["fix_first"] > places["db"]
    told = fix_first(answers).statement
    assert told.startswith("Fix first: “db” (")
    assert "Ratings of “db” go together with those of “da”: look at them together." in told


def test_drivers_of_which_none_is_likely_alone_are_to_be_fixed_together():
    answers = answer(fitted([0.3, 0.3, 0.0], n=500, segment=None, changed=twins), target=90)
    table = answers.map_table.copy()
    table["fix_first"] = table["fix_first"].clip(upper=0.6)
    answers.__dict__["map_table"] = table
    told = fix_first(answers)
    assert told.statement.startswith(
        "No single driver can be put first, but together “da” and “db” matter and lie below"
    )
    assert told.estimate > 0.8


def test_two_drivers_alike_make_a_group_although_there_is_no_rest():
    assert answer(fitted([0.4, 0.4], n=400, segment=None, changed=twins)).groups == [("da", "db")]


def test_without_anything_told_apart_it_is_said_what_lies_below_the_target():
    answers = answer(fitted([0.1, 0.1, 0.1], n=300, segment=None), target=90)
    assert not answers.model.told_apart
    assert (answers.map_table["fix_first"] < 0.8).all()
    answers.__dict__["group_table"] = answers.group_table.assign(fix_first=0.1)
    assert fix_first(answers).statement.startswith("Nothing can be put first: “da”, “db” and “dc” lie below the target")


def test_what_lies_below_the_target_without_mattering_is_not_hidden():
    answers = answer(fitted([1.0, 0.6, 0.0], n=800, changed=lambda frame: frame.assign(dc=frame["dc"].clip(upper=2))))
    weak = dataclasses.replace(answers, target=40.0)
    assert fix_first(weak).statement.startswith(
        "Nothing is shown to need fixing first: “dc” lies below the target of 40 of 100, but is not shown to matter"
    )


def test_the_lever_tells_on_how_many_it_rests_and_how_surely_it_is_the_largest(base):
    row = base.lever_table.iloc[0]
    told = lever(base).statement
    assert base.lever_table["p_largest"].sum() == pytest.approx(1)
    assert told.startswith("Rating “da” one point better where it is not at the top yet (")
    assert "% of all who answered) goes with" in told
    assert row["p_largest"] > 0.5
    assert "a larger gain than with any other driver (probability" in told


def test_a_lever_that_is_probably_not_the_largest_is_not_called_so(base):
    changed = dataclasses.replace(base)
    changed.__dict__["lever_table"] = base.lever_table.assign(p_largest=0.4)
    assert "though which is the largest is open (probability 40%)" in lever(changed).statement
    assert "larger gain than with any other" not in lever(changed).statement


@pytest.mark.parametrize("seed", [1, 3])
def test_ratings_that_say_nothing_raise_no_alarm(seed):
    """Of the second survey two drivers of six seem to run backwards, by chance."""

    def of_another_world(frame):
        rng = np.random.default_rng(seed)
        return frame.assign(outcome=rng.permutation(frame["outcome"].to_numpy()))

    answers = answer(fitted([0.0] * 6, n=600, segment=None, changed=of_another_world), target=90)
    assert not answers.model.foretells
    answers.__dict__["map_table"] = answers.map_table.assign(fix_first=0.9)  # as chance may have it
    told = headline(answers)
    assert told.statement.startswith("No rating surely goes with “outcome”")
    assert told.unit == "share"
    assert told.interval[0] < told.estimate < told.interval[1] < 0.1
    assert fix_first(answers).statement.startswith("Nothing can be put first")
    assert priorities(answers).statement.startswith("There is no order of work")
    assert against(answers) == []
    assert asymmetry(answers).statement.startswith("No driver clearly weighs more on one side")
    assert lever(answers).statement.endswith("No rating surely goes with the outcome here.")


def test_where_drivers_cannot_be_told_apart_the_headline_tells_what_they_explain_together():
    answers = answer(fitted([0.35] * 5, n=500, segment=None, correlation=0.8))
    assert answers.model.foretells
    assert not answers.model.told_apart
    told = headline(answers)
    assert told.unit == "share"
    assert told.estimate == pytest.approx(answers.metrics()["explained_variance"])
    assert "all 5 ratings together explain" in told.statement
    assert "no more surely than a person's mean rating alone" in told.statement


def test_of_many_drivers_one_that_bends_by_chance_is_not_named(base):
    table = base.asymmetry_table.assign(must_be=0.0, attractive=0.0, reversed=0.0)
    for p, named in ((0.9, False), (0.99, True)):
        answers = dataclasses.replace(base)
        answers.__dict__["asymmetry_table"] = table.assign(must_be=[p, 0.0, 0.0])
        assert ("(must-be)" in asymmetry(answers).statement) is named
        assert asymmetry(answers).estimate == named


def test_effects_of_a_probit_are_not_called_log_odds(base):
    probit = dataclasses.replace(base, model=dataclasses.replace(base.model, link=PROBIT))
    assert base.model.effect_unit == "log-odds"
    assert "latent noise" in probit.model.effect_unit
    assert "latent noise" in draw_shrinkage(probit).get_xlabel()
    # What is too small to count is as small beside the noise: the kinds stay what they were.
    kinds = ["must_be", "one_dimensional", "attractive", "indifferent", "reversed"]
    assert (probit.asymmetry_table[kinds] - base.asymmetry_table[kinds]).abs().to_numpy().max() < 0.15


def test_a_top_answer_that_nobody_gave_is_no_reason_to_say_that_nothing_helps(base):
    ratings = dataclasses.replace(base.model.ratings, scale=(1.0, 6.0))
    model = dataclasses.replace(base.model, ratings=ratings)
    answers = dataclasses.replace(base, model=model, changes=model.changes())
    assert lever(answers).statement.startswith("Nobody gave the top answer to “outcome”")
    assert priorities(answers).statement == (
        "There is no order of work: nobody gave the top answer, so no gain is foretold."
    )
    assert (answers.lever_table["mean"].max()) > 0


def test_why_a_driver_on_target_may_stand_first_in_the_order_of_work_is_told(base):
    first = base.priority_table.iloc[0]
    performance = base.map_table.set_index("driver").loc[first["driver"], "performance"]
    for target, meets in ((performance - 5, True), (performance + 5, False)):
        told = priorities(dataclasses.replace(base, target=float(target))).statement
        assert ("although on average it meets the target" in told) is meets


def test_little_that_hangs_on_what_is_to_be_fixed_is_told(base):
    low, high = base.model.ratings.drivers[1], base.model.ratings.drivers[0]
    places, levers = base.map_table.set_index("driver"), base.lever_table.set_index("driver")
    places["fix_first"] = (places.index == low) * 0.9
    measure = base.changes.measures[0]

    def told(gain):
        changed = dataclasses.replace(base)
        gains = levers.assign(**{measure: [gain if name == low else 0.3 for name in levers.index]})
        changed.__dict__["map_table"] = places.reset_index().sort_values("fix_first", ascending=False)
        changed.__dict__["lever_table"] = gains.reset_index().sort_values(measure, ascending=False, kind="stable")
        return fix_first(changed).statement

    assert "Little hangs on it though: far more goes with a better “" + base.model.ratings.labels[high] in told(0.02)
    assert "Little hangs" not in told(0.2)
