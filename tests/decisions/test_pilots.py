"""What pilots teach: stated lifts brought up to date by lot or against a control, and pilots that teach nothing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.decisions.chains import GOOD, chain

from workbench.datasets.definitions.design import NOT_SAID, Design
from workbench.decisions.pilots.evaluated import read_pilot_run
from workbench.decisions.pilots.learnt import combined, learn
from workbench.decisions.pilots.words import table_of
from workbench.decisions.roi import Experience
from workbench.exhibits import flatten
from workbench.findings import Check, Finding

START, UNTIL = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-07-01")
PEOPLE = 3000
CUTS = np.array([-1.6, -1.0, -0.4, 0.5])
LOT = Design(assignment="randomised", control="control")
WILLING = Design(assignment="volunteers", control="control")


def company(
    design=LOT, *, lift=0.8, apart=0.0, drift=0.0, seed=1, start=START, arms=("control", "new"), half_life=np.inf
):
    """Everybody is in the pilot and rates twice in the half year before the start, twice in that after it.

    The treated lie `apart` all the time and rise by `lift` once they have been at the touchpoint since the start (64%
    are within 6 months, and those alone rate it). Nobody leaves.
    """
    random = np.random.default_rng(seed)
    treated = random.uniform(size=PEOPLE) < 0.5
    ids = np.array([f"c{i:05}" for i in range(PEOPLE)], dtype=object)
    who = np.tile(np.arange(PEOPLE), 4)
    months = np.concatenate([random.uniform(low, low + 3, PEOPLE) for low in (-6, -3, 0, 3)])
    been = random.uniform(size=len(who)) < (1 - 0.36 ** (np.clip(months, 0, 6) / 6)) / 0.64
    lifted = lift * been * (months >= 0) * 0.5 ** (np.maximum(months, 0) / half_life)
    latent = random.normal(size=len(who)) + treated[who] * (apart + drift * months + lifted)
    rating = 1.0 + (latent[:, None] > CUTS).sum(axis=1)
    order = np.lexsort((months, who))
    answers = SimpleNamespace(
        ids=ids,
        customer=who[order],
        timestamp=(START + pd.to_timedelta(months[order] * 30.4375, unit="D")).to_numpy(),
        ratings=rating[order][:, None],
        drivers=("shop",),
    )
    treatments = pd.DataFrame(
        {"customer_id": ids, "initiative": "Good", "arm": np.array(arms)[treated.astype(int)], "start": start}
    )
    customers = pd.DataFrame({"customer_id": ids, "age": random.normal(50, 9, PEOPLE) + 2 * apart * treated})
    column = SimpleNamespace(name="age", kind="number", use="", personal="", constant=True, valid_from="")
    definition = SimpleNamespace(
        columns=[], designs={"Good": design}, design_of=lambda name: design if name == "Good" else NOT_SAID
    )
    dataset = SimpleNamespace(tables={"treatments": definition, "customers": SimpleNamespace(columns=[column])})
    subscriptions = pd.DataFrame({"customer_id": ids, "start": pd.Timestamp("2023-01-01"), "end": pd.NaT})
    return dataset, {"treatments": treatments, "customers": customers, "subscriptions": subscriptions}, answers


def experience(answers, *initiatives):
    """Without halo, so that ratings tell the experience as it is."""
    known = chain(*initiatives)
    ratings = np.where(np.arange(1000) < 360, np.nan, known.at["shop"].ratings)
    at = {"shop": replace(known.at["shop"], ratings=ratings, halo=np.ones(400), widening=np.ones(400))}
    linkage = SimpleNamespace(answers=answers, halo=SimpleNamespace(points=np.zeros(400)))
    return Experience(linkage=linkage, chain=replace(known, at=at), until=UNTIL)


def lessons(*initiatives, **change):
    dataset, tables, answers = company(**change)
    return learn(experience(answers, *initiatives), dataset, tables, random_seed=1)


def test_a_pilot_by_lot_updates_the_lift_as_normal_distributions_do():
    found = lessons()
    (lesson,) = found.lessons
    assert lesson.evidence == "experimental"
    assert abs(lesson.estimate - 0.8) < 2.6 * lesson.error
    assert lesson.posterior == combined((0.5, 0.2), (lesson.estimate, lesson.error))
    learnt = found.experience.chain
    assert learnt.tried == {"Good"}
    assert learnt.lifts["Good"].mean() == pytest.approx(lesson.posterior[0], abs=0.01)
    assert learnt.lifts["Good"].std() == pytest.approx(lesson.posterior[1], rel=0.05)
    assert np.array_equal(learnt.lifts["Bad"], chain().lifts["Bad"])  # nobody tried it
    (finding,) = [each for each in flatten([found]) if isinstance(each, Finding)]
    assert finding.evidence == "experimental"
    assert finding.estimate == lesson.estimate  # its own: what was stated is no experiment
    assert finding.interval[1] - finding.estimate == pytest.approx(1.645 * lesson.error, rel=1e-3)
    assert f"so we count on {lesson.posterior[0]:.2f}" in finding.statement
    assert len(finding.statement.split()) <= 25


def test_of_volunteers_what_lay_apart_before_is_taken_off_and_nothing_is_called_an_effect():
    found = lessons(design=WILLING, apart=0.6)
    (lesson,) = found.lessons
    assert lesson.evidence == "associational"
    assert abs(lesson.estimate - 0.8) < 2.6 * lesson.error
    assert lesson.raw[0] - lesson.estimate > 0.4
    assert found.experience.chain.tried == frozenset()
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert (check.name, check.status) == ("pilot_chosen_Good", "warn")
    assert "'age'" in check.message
    row = table_of(found.lessons).iloc[0]
    assert row["before"] == pytest.approx(0.6, abs=0.15)
    assert abs(row["placebo"]) < 2 * row["placebo_sd"]
    (finding,) = [each for each in flatten([found]) if isinstance(each, Finding)]
    assert finding.statement.startswith("Beside others")


def test_a_pilot_dealt_within_strata_is_told_within_them():
    """Four in five treated in the north, where all rate higher and fewer leave; one in five in the south."""
    dataset, tables, answers = company(replace(LOT, strata=("region",), probability="chance"), lift=0.0)
    random = np.random.default_rng(5)
    north = random.uniform(size=PEOPLE) < 0.5
    chance = np.where(north, 0.8, 0.2)
    treated = random.uniform(size=PEOPLE) < chance
    latent = random.normal(size=len(answers.customer)) + 0.8 * north[answers.customer]
    answers.ratings = 1.0 + (latent[:, None] > CUTS).sum(axis=1)[:, None]
    arms = np.where(treated, "new", "control")
    more = {"arm": arms, "chance": chance, "region": np.where(north, "n", "s")}
    left = random.uniform(size=PEOPLE) < np.where(north, 0.02, 0.3)
    gone = START + pd.to_timedelta(random.uniform(1, 140, PEOPLE), unit="D")
    tables |= {
        "treatments": tables["treatments"].assign(**more),
        "subscriptions": tables["subscriptions"].assign(end=pd.Series(gone).where(left)),
    }
    (lesson,) = learn(experience(answers), dataset, tables, random_seed=1).lessons
    assert lesson.evidence == "experimental"
    assert abs(lesson.estimate) < 2.6 * lesson.error
    assert abs(lesson.staying.effect) < 2.6 * lesson.staying.error


def test_a_draw_that_chance_contradicts_is_taken_as_chosen():
    """Said to be drawn by lot, with arms of a quarter and three quarters."""
    dataset, tables, answers = company()
    keep = (tables["treatments"]["arm"] == "new") | (np.arange(PEOPLE) % 3 == 0)
    found = learn(experience(answers), dataset, {**tables, "treatments": tables["treatments"][keep]}, random_seed=1)
    assert [each.evidence for each in found.lessons] == ["associational"]


def test_of_what_fades_the_lift_at_its_start_is_told_for_the_chain_lets_it_fade():
    (lesson,) = lessons(replace(GOOD, half_life_months=4.0), half_life=4.0).lessons
    assert abs(lesson.estimate - 0.8) < 2 * lesson.error
    (lasting,) = lessons(half_life=4.0).lessons
    assert lasting.estimate < 0.8 - 3 * lasting.error  # its mean over the pilot, were it taken to last


def test_a_lift_that_is_given_stays_as_it_is():
    (lesson,) = lessons(replace(GOOD, lift_sd=0.0)).lessons
    assert lesson.posterior == (0.5, 0.0)


def test_a_lift_that_hangs_on_what_was_stated_more_than_on_the_pilot_is_not_called_tried():
    found = lessons(replace(GOOD, lift_sd=0.01))
    assert found.lessons[0].evidence == "experimental"
    assert found.experience.chain.tried == frozenset()


def test_a_pilot_that_contradicts_what_was_stated_leaves_both_less_sure():
    """Ten standard deviations apart: by hand (.25 − .0025 − .0025) / 2 = .1225 more variance each."""
    mean, deviation = combined((0.5, 0.05), (0.0, 0.05))
    assert (mean, deviation) == (pytest.approx(0.25), pytest.approx(np.sqrt(0.125 / 2)))
    near = combined((0.5, 0.2), (0.4, 0.1))
    assert near == (pytest.approx((0.5 / 0.04 + 0.4 / 0.01) / 125), pytest.approx(125**-0.5))


def test_a_pilot_tells_the_lift_and_says_that_it_does_not_tell_who_stays():
    dataset, tables, answers = company()
    random = np.random.default_rng(3)
    left = random.uniform(size=PEOPLE) < 0.12
    gone = START + pd.to_timedelta(random.uniform(1, 180, PEOPLE), unit="D")
    tables["subscriptions"]["end"] = pd.Series(gone).where(left)
    found = learn(experience(answers), dataset, tables, random_seed=1)
    staying = found.lessons[0].staying
    assert staying.months == 5  # 182 days, and whole months
    treated = (tables["treatments"]["arm"] == "new").to_numpy()
    share = ~left | (gone > START + pd.to_timedelta(5 * 30.4375, unit="D"))
    assert staying.effect == pytest.approx(share[treated].mean() - share[~treated].mean(), abs=0.003)
    assert staying.error == pytest.approx(np.sqrt(0.1 * 0.9 * 4 / PEOPLE), rel=0.1)
    assert 0 < staying.expected < staying.error
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert check.message.endswith("It teaches the lift, not what that does to leaving.")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"design": Design(assignment="randomised")}, "control"),
        ({"arms": ("control", "control")}, "one_arm"),
        ({"start": UNTIL}, "later"),
        ({"start": pd.NaT}, "undated"),
        ({"start": UNTIL - pd.DateOffset(days=1)}, "few"),
        ({"design": WILLING, "drift": 0.15}, "drifted"),
    ],
)
def test_a_pilot_that_teaches_nothing_says_why_and_lifts_stay_as_stated(change, reason):
    found = lessons(**change)
    assert found.lessons == ()
    assert found.silent == (("Good", reason),)
    assert found.experience.chain.initiatives[0].lift == 0.5
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert check.status == "warn"
    assert "'Good'" in check.message
    assert len(check.message.split()) <= 40


def test_without_treatments_or_without_a_chain_nothing_is_learnt():
    dataset, tables, answers = company()
    known = experience(answers)
    assert learn(known, dataset, {**tables, "treatments": None}, random_seed=1).experience is known
    assert list(flatten([learn(Experience(missing="no"), dataset, tables, random_seed=1)])) == []


def evaluated(answers, tables, *, evidence="experimental", driver="shop", days=180.0):
    """What pilot_evaluation leaves of a pilot: the difference of customers' mean ratings after the start."""
    when = (pd.Series(answers.timestamp) - START).dt.days.to_numpy()
    inside = (when >= 0) & (when < days)
    means = pd.Series(answers.ratings[inside, 0]).groupby(answers.ids[answers.customer[inside]]).mean()
    arm = tables["treatments"].set_index("customer_id")["arm"][means.index].to_numpy()
    new, old = means[arm == "new"], means[arm == "control"]
    effect, se = new.mean() - old.mean(), np.sqrt(new.var() / len(new) + old.var() / len(old))
    names = {"initiative": "Good", "arm": "new", "group": ""}
    effects = pd.DataFrame(
        [
            {**names, "outcome": driver, "month": None, "estimate": effect, "se": se, "evidence": evidence},
            {**names, "outcome": driver, "month": 1, "estimate": 9.0, "se": se, "evidence": evidence},
            {**names, "outcome": driver, "group": "plan=a", "month": None, "estimate": 9.0, "se": se},
            {**names, "outcome": "staying", "month": None, "estimate": 0.02, "se": 0.01, "evidence": evidence},
        ]
    )
    drawn = np.random.default_rng(1).normal(effect, se, 400)
    draws = pd.DataFrame({"draw": np.arange(400), **names, "outcome": driver, "effect": drawn})
    run = SimpleNamespace(
        id="20260301-000000-abcdef",
        tables=["effects", "effect_draws"],
        metrics={"window_days": days},
        table=lambda name: effects,
        draws=lambda name: draws,
    )
    return read_pilot_run(run)


def test_a_run_of_pilot_evaluation_tells_the_lift_in_place_of_our_own_estimate():
    """Points of the mean rating and shifts of the latent scale are the same lift."""
    dataset, tables, answers = company()
    found = learn(experience(answers), dataset, tables, random_seed=1, evaluated=evaluated(answers, tables))
    (lesson,) = found.lessons
    (own,) = learn(experience(answers), dataset, tables, random_seed=1).lessons
    assert lesson.estimate == pytest.approx(own.estimate, abs=own.error)
    # A mean over the window does not know that those who answer late have more often been there: it is less sure.
    assert own.error < lesson.error < 2 * own.error
    assert abs(lesson.estimate - 0.8) < 2.6 * lesson.error
    assert (lesson.staying.effect, lesson.staying.error, lesson.staying.months) == (0.02, 0.01, 6)
    checks = {each.name: each for each in flatten([found]) if isinstance(each, Check)}
    assert "run 20260301-000000-abcdef of pilot_evaluation found" in checks["pilot_run_Good"].message
    assert "pilot_run_Good" not in {
        each.name
        for each in flatten([learn(experience(answers), dataset, tables, random_seed=1)])
        if isinstance(each, Check)
    }


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"driver": "till"}, "it has no effect on 'shop'"),
        ({"evidence": "associational"}, "chance did not decide there"),
        ({"days": None}, "it has no effect on 'shop'"),
    ],
)
def test_a_run_that_cannot_tell_the_lift_is_named_and_ours_counts(change, wanted):
    dataset, tables, answers = company()
    run = replace(evaluated(answers, tables, **{key: each for key, each in change.items() if key != "days"}))
    run = replace(run, days=None) if "days" in change else run
    (lesson,) = learn(experience(answers), dataset, tables, random_seed=1, evaluated=run).lessons
    (own,) = learn(experience(answers), dataset, tables, random_seed=1).lessons
    assert lesson.estimate == own.estimate
    assert wanted in lesson.why_not


def test_no_run_and_a_run_that_only_planned_tell_nothing():
    assert read_pilot_run(None) is None
    assert read_pilot_run(SimpleNamespace(id="a", tables=["plan"])) is None
