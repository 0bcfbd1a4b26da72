"""Roll out, go on, stop or cannot tell: how often that is right, in money, and what the headlines say."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.conftest import ROOT
from tests.decisions.test_pilot_evaluation import asked, dealt, made

from workbench.decisions import rollout
from workbench.decisions.rollout.report import metrics
from workbench.decisions.rollout.weighing.verdict import FOUND, Price, weigh
from workbench.declared.pilot_evaluation import EFFECT_DRAWS, EFFECTS
from workbench.exhibits import flatten
from workbench.findings import Finding
from workbench.models.trials.estimates.estimate import Kind, from_error
from workbench.models.trials.planning import smallest_effect


def weighed(estimate, se, *, smallest=1.0, value=None, cost=0.0, seed=1, draws=4000, **more):
    found = from_error(estimate, se, confidence=0.9, kind="robust", n=1000, units=1000, arm="mail")
    price = Price(smallest=smallest, basis="stated", cost=cost, value=value)
    given = {"good": 1, "customers": 1000, "weeks_so_far": 10.0, "fair": True, "broken": (), "at_risk": ()} | more
    return weigh(found, price=price, draws=draws, seed=seed, **given)


def test_what_is_not_worth_having_is_seldom_rolled_out_and_twice_the_smallest_mostly():
    """At the size at which an effect that lies a smallest one above it is found four times in five."""
    rng = np.random.default_rng(1)
    se = 1.0 / FOUND
    tries = 1000

    def rolled_out(effect):
        drawn = rng.normal(effect, se, tries)
        return np.mean(
            [weighed(each, se, seed=place, draws=1000).choice == "roll_out" for place, each in enumerate(drawn)]
        )

    assert rolled_out(0.999) <= 0.08  # nominal 5%: just not worth having is the hardest
    assert rolled_out(0.5) <= 0.01
    assert rolled_out(2.0) >= 0.80 - 2 * np.sqrt(0.16 / tries)


def test_a_verdict_and_a_plan_mean_the_same_by_found():
    assert pytest.approx(smallest_effect(1.0), abs=1e-3) == FOUND


@pytest.mark.parametrize("good", [1, -1])
def test_gain_and_loss_of_a_full_and_of_a_half_roll_out(good):
    """Net gain is normal: its mean, and what it loses where it does (the loss integral of the normal distribution)."""
    found = weighed(good * 2.0, 1.5, value=3.0, cost=5.0, good=good, draws=400_000)
    mean, sd = 3.0 * 2.0 - 5.0, 3.0 * 1.5
    loss = sd * stats.norm.pdf(mean / sd) - mean * stats.norm.sf(mean / sd)
    for share in (1.0, 0.5):
        gain, lost = found.gains[share]
        assert gain == pytest.approx(share * 1000 * mean, abs=4 * share * 1000 * sd / 400_000**0.5)
        assert lost == pytest.approx(share * 1000 * loss, rel=0.01)


def judged(bench, rows, **question):
    made(bench, rows)
    return rollout.answer(asked(bench, **question), previous=[], dataset="made")


def headline(done):
    return next(each for each in flatten([done]) if isinstance(each, Finding)).statement


def test_that_no_effect_was_seen_is_not_that_one_worth_its_cost_is_excluded(bench):
    nothing = dealt(200, gain=0.0)
    unsure = judged(bench, nothing, cost=1.0)
    assert unsure.verdicts[0].choice == "cannot_tell"
    assert not unsure.verdicts[0].excludes
    assert "No effect" in headline(unsure)
    assert "not excluded" in headline(unsure)
    excluded = judged(bench, dealt(20_000, gain=0.1), cost=1.0)
    assert excluded.verdicts[0].choice == "stop"
    assert excluded.verdicts[0].excludes
    assert "exclude an effect worth its cost" in headline(excluded)
    assert "No effect" not in headline(excluded)


def test_all_numbers_are_there_by_name(bench):
    rows = dealt(1200, gain=3.0).assign(start="2026-01-05", history=np.arange(1200.0))
    rows["cost"] = np.where(rows["arm"] == "mail", 1.0, 0.0)
    made(bench, rows, more="      history: {type: number, use: before}\n")
    done = rollout.answer(asked(bench), previous=[], dataset="made")
    found = metrics(done)
    name = "effect_mail_spend"
    effect = done.of("spend")[0].found
    assert [found[name], found[f"{name}_lower"], found[f"{name}_upper"], found[f"{name}_se"]] == [
        effect.estimate,
        effect.lower,
        effect.upper,
        effect.se,
    ]
    assert effect.lower < 3.0 < effect.upper
    assert found["looks"] == 1
    assert found["smallest_effect"] == pytest.approx(1.0)  # a cost of 1, and a unit of money is worth 1
    assert found["p_worth_it_mail"] > 0.95
    assert found["expected_gain_mail"] == pytest.approx(1200 * (effect.estimate - 1.0), rel=0.02)
    assert abs(found["variance_reduction_spend"]) < 0.01  # what was known before tells nothing
    said = {key: value for each in flatten([done]) if isinstance(each, dict) for key, value in each.items()}
    assert "ratio_p" in said
    assert found["expected_loss_mail"] >= 0


def test_one_outcome_decides_guardrails_have_margins_and_the_others_are_told_by_holm(bench):
    rng = np.random.default_rng(3)
    rows = dealt(2000, gain=3.0)
    mail = rows["arm"] == "mail"
    for name, gain in {"kept": 0.0, "broken": -1.0, "one": 0.2, "two": 0.05, "three": 0.0}.items():
        rows[name] = (rng.normal(0, 1, 2000) + gain * mail).round(4)
    more = "".join(
        f"      {name}: {{type: number, use: outcome}}\n" for name in ("kept", "broken", "one", "two", "three")
    )
    made(bench, rows, more=more)
    done = rollout.answer(
        asked(bench, outcome="spend", guardrails={"kept": 0.3, "broken": 0.3}), previous=[], dataset="made"
    )
    assert [each.measure.name for each in done.effects][:3] == ["spend", "kept", "broken"]
    assert done.verdicts[0].broken == ("broken",)
    assert done.verdicts[0].choice == "stop"
    assert "gets worse by more than is allowed" in headline(done)
    told = {each.id: each.statement for each in flatten([done]) if isinstance(each, Finding)}
    assert "Guardrail kept" in told["guardrail_mail_kept"]
    assert "Guardrail broken" in told["guardrail_mail_broken"]
    p = {each.measure.name: each.found.p_value for each in done.effects}
    holm = dict(zip([each.measure.name for each in done.effects], done.p_holm, strict=True))
    assert np.isnan([holm[name] for name in ("spend", "kept", "broken")]).all()
    ordered = sorted(("one", "two", "three"), key=lambda name: p[name])
    by_hand = np.maximum.accumulate([min(1.0, (3 - place) * p[name]) for place, name in enumerate(ordered)])
    assert [holm[name] for name in ordered] == pytest.approx(list(by_hand))


@pytest.mark.parametrize("change", ["exchanged", "constant", "alike"])
def test_limits(bench, change):
    rows = dealt(800, gain=1.0)
    effect = judged(bench, rows).effects[0].found
    if change == "exchanged":
        other = rows.assign(arm=rows["arm"].map({"mail": "none", "none": "mail"}))
        assert judged(bench, other).effects[0].found.estimate == pytest.approx(-effect.estimate)
    elif change == "constant":
        moved = judged(bench, rows.assign(spend=rows["spend"] + 1000)).effects[0].found
        assert (moved.estimate, moved.se) == pytest.approx((effect.estimate, effect.se))
    else:
        half = rows.iloc[:400].assign(arm="none")
        twins = pd.concat([half, half.assign(arm="mail", customer_id="t" + half["customer_id"])])
        found = judged(bench, twins).effects[0].found
        assert found.estimate == pytest.approx(0.0, abs=1e-9)
        assert found.lower < 0 < found.upper


def test_the_page_of_tables_names_every_column_kind_and_number():
    page = (ROOT / "docs" / "trial_tables.md").read_text()
    absent = [each for each in [*get_args(Kind), *EFFECTS.columns, *EFFECT_DRAWS.columns] if f"`{each}`" not in page]
    keys = ["`effect_<arm>_<outcome>`", "`variance_reduction_<outcome>`", "`ratio_p`", "`looks`", "`smallest_effect`"]
    keys += ["`p_worth_it_<arm>`", "`expected_gain_<arm>`"]
    assert not absent + [each for each in keys if each not in page]
