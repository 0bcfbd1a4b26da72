"""Pilots with several arms: compared with each other after what each costs, and one recommendation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.decisions.pilot_files import answered, bought, write

from workbench.decisions.rollout.report import draws, metrics
from workbench.decisions.rollout.weighing.arms import both_ways, recommend, winners_curse
from workbench.decisions.rollout.weighing.verdict import Price, weigh
from workbench.exhibits import Table, flatten
from workbench.findings import Check, Finding
from workbench.models.trials.estimates import less, turned
from workbench.models.trials.estimates.estimate import from_error

LOT = "{assignment: randomised, control: none}"


def dealt(gains, *, n=400, costs=None, sd=2.0, seed=1):
    """Customers of each arm who spend 10, more by its gain; exact means, so that what is found is what was planted."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["none", *gains], n)
    noise = rng.normal(0, sd, len(arm)).reshape(-1, n)
    noise = sd * (noise - noise.mean(axis=1, keepdims=True)) / noise.std(axis=1, ddof=1, keepdims=True)
    spend = 10 + np.array([{"none": 0.0, **gains}[each] for each in arm]) + noise.ravel()
    rows = {"customer_id": [f"c{each}" for each in range(len(arm))], "initiative": "spring", "arm": arm, "spend": spend}
    cost = {} if costs is None else {"cost": [{"none": 0.0, **costs}[each] for each in arm]}
    return pd.DataFrame(rows | cost)


def evaluated(bench, rows, *, design=LOT, **question):
    write(bench, rows, design, initiative="spring")
    return answered(bench, **question)


def findings(done):
    return [each for each in flatten([done]) if isinstance(each, Finding)]


def first(done):
    return findings(done)[0].statement


def check(done, name):
    return next((each for each in flatten([done]) if isinstance(each, Check) and each.name == name), None)


def table(done, name):
    return next(each for each in flatten([done]) if isinstance(each, Table) and each.name == name).frame


def test_arms_share_their_control_and_it_cancels_between_them(bench):
    """Of 400 customers an arm with standard deviation 2: 4/400 from each, and that of the control is the covariance."""
    done = evaluated(bench, dealt({"call": 3.0, "mail": 1.0}))
    call, mail = (done.samples.among_all(each.found) for each in done.of("spend"))
    assert call.se**2 == pytest.approx(0.02)
    assert float(call.influence @ mail.influence) == pytest.approx(0.01)
    apart = done.between["call", "mail"].effect
    assert (apart.estimate, apart.se**2) == (pytest.approx(2.0), pytest.approx(0.02))
    assert less(call, mail).se == pytest.approx(apart.se)
    drawn = draws(done).pivot(index="draw", columns="arm", values="effect")
    assert drawn.corr().iloc[0, 1] == pytest.approx(0.5, abs=0.12)  # 400 draws: independent ones had 0


def test_arms_exchanged_turn_the_difference_and_the_recommendation(bench):
    rows = dealt({"call": 3.0, "mail": 2.0}, costs={"call": 0.5, "mail": 0.2})
    done = evaluated(bench, rows)
    other = evaluated(bench, rows.assign(arm=rows["arm"].replace({"call": "mail", "mail": "call"})))
    found, swapped = metrics(done), metrics(other)
    name = "call_against_mail"
    assert found[f"effect_{name}_spend"] == pytest.approx(-swapped[f"effect_{name}_spend"])
    assert found[f"effect_{name}_spend_lower"] == pytest.approx(-swapped[f"effect_{name}_spend_upper"])
    assert found[f"p_better_{name}"] == pytest.approx(1 - swapped[f"p_better_{name}"])
    assert found[f"expected_gain_{name}"] == pytest.approx(1200 * (1.0 - 0.3))
    assert found[f"expected_gain_{name}"] == pytest.approx(-swapped[f"expected_gain_{name}"])
    assert (done.recommendation.lead.arm, other.recommendation.lead.arm) == ("call", "mail")


def test_two_arms_worth_having_give_one_recommendation_that_names_the_pilot(bench):
    done = evaluated(bench, dealt({"call": 3.0, "mail": 2.0}), cost=0.5, currency="EUR")
    assert first(done) == (
        "Roll out spring (call): it is worth having, and “Spend” is 1 EUR a customer higher than with mail (99.9% "
        "sure)."
    )
    said = findings(done)
    assert [each.id for each in said[:3]] == ["recommendation", "verdict_call", "verdict_mail"]
    assert said[2].statement == "mail raises “Spend” by 2 EUR a customer, worth more than it costs (99.9% sure)."
    assert [each.action for each in said if each.action] == [
        "Roll out call, and keep a small control by lot: the effect may fade."
    ]
    assert not [each.statement for each in said[1:] if each.statement.startswith(("Roll out", "Stop", "Go on"))]
    assert [each.id for each in said if each.id.startswith("rollout_")] == ["rollout_call"]
    assert said[0].estimate == pytest.approx(1.0)
    assert table(done, "decision")["verdict"].tolist() == ["worth having", "worth having"]
    (row,) = table(done, "arms").to_dict("records")
    assert (row["arm"], row["against"]) == ("call", "mail")
    assert row["effect"] == pytest.approx(1.0)
    assert row["gain_full"] == pytest.approx(1200.0)
    assert check(done, "pilot_picked") is None  # clearly apart: nothing to speak of


def test_an_arm_that_costs_more_than_it_is_better_is_not_recommended(bench):
    """A call brings 1 more than a mail and costs 2.3 more."""
    done = evaluated(bench, dealt({"call": 4.0, "mail": 3.0}, costs={"call": 2.5, "mail": 0.2}), currency="EUR")
    assert {each.arm: each.choice for each in done.verdicts} == {"call": "roll_out", "mail": "roll_out"}
    assert first(done) == (
        "Roll out spring (mail): with call “Spend” is 1 EUR a customer higher, but not by what it costs more (99.9% "
        "sure)."
    )
    assert metrics(done)["expected_gain_call_against_mail"] == pytest.approx(1200 * (1.0 - 2.3))


def test_a_free_arm_beside_one_with_a_cost_has_a_cost_of_nothing(bench):
    done = evaluated(bench, dealt({"call": 4.0, "mail": 3.0}, costs={"call": 2.5, "mail": 0.0}))
    assert done.prices["mail"].cost == 0.0
    assert done.recommendation.lead.arm == "mail"


def test_arms_alike_are_said_to_be_and_the_pick_is_not_sure(bench):
    rows = dealt({"call": 3.0})
    twin = rows[rows["arm"] == "call"].assign(arm="mail", customer_id="t" + rows["customer_id"])
    done = evaluated(bench, pd.concat([rows, twin]), cost=0.5)
    assert done.between["call", "mail"].effect.estimate == pytest.approx(0.0, abs=1e-9)
    assert done.between["call", "mail"].p_worth_it == pytest.approx(0.5)
    assert done.recommendation.state == "one_of"
    lead, other = done.recommendation.lead.arm, done.recommendation.untold[0]
    assert first(done) == (
        f"Roll out spring ({lead}): it is worth having (99.9% sure) and seems best, but these data cannot tell it from "
        f"{other}."
    )
    (action,) = [each.action for each in findings(done) if each.action]
    assert action == f"Roll out {lead}, and keep a small control by lot: the effect may fade."  # no pilot would tell
    error = done.between["call", "mail"].effect.se
    assert done.recommendation.optimism == pytest.approx(error * stats.norm.pdf(0), rel=0.1)
    assert "looks better than it is" in check(done, "pilot_picked").message


def test_what_a_pilot_takes_that_tells_two_arms_from_each_other(bench):
    """.2 apart with an error of .02 ** .5: (2.487 × .1414 / .2)² = 3.09 times the 800 customers of both."""
    done = evaluated(bench, dealt({"call": 3.2, "mail": 3.0}), cost=0.5)
    (action,) = [each.action for each in findings(done) if each.action]
    assert action == (
        "Roll out call, and keep a small control by lot; it takes a pilot of about 2,500 customers with one of the two "
        "to tell it from mail."
    )


def test_three_arms_are_each_held_against_the_next_best(bench):
    done = evaluated(bench, dealt({"call": 3.0, "mail": 2.0, "text": 2.4}), cost=0.5, currency="EUR")
    assert first(done) == (
        "Roll out spring (call): it is worth having, and “Spend” is 0.6 EUR a customer higher than with text, the next "
        "best (99.9% sure)."
    )
    assert [each.id for each in findings(done)[1:4]] == ["verdict_call", "verdict_text", "verdict_mail"]
    assert table(done, "arms")[["arm", "against"]].to_numpy().tolist() == [
        ["call", "mail"],
        ["call", "text"],
        ["text", "mail"],
    ]
    p = table(done, "arms")["p_holm"].tolist()
    alone = [done.between[pair].effect.p_value for pair in (("call", "mail"), ("call", "text"), ("text", "mail"))]
    assert p == pytest.approx([3 * alone[0], 2 * alone[1], alone[2]])


def test_costs_that_are_known_of_one_arm_only_are_not_weighed_and_that_is_said(bench):
    rows = dealt({"call": 3.0, "mail": 2.0})
    rows["cost"] = np.where(rows["arm"] == "call", 1.0, np.nan)
    done = evaluated(bench, rows)
    assert not done.between["call", "mail"].price.basis
    assert "of one of call and mail only" in check(done, "pilot_arm_costs").message


def test_where_nobody_said_what_a_unit_is_worth_the_cheaper_of_two_alike_is_taken(bench):
    kinds = {"spend": "{type: number, use: outcome}"}
    rows = dealt({"call": 3.1, "mail": 3.0}, costs={"call": 2.5, "mail": 0.2}, sd=4.0)
    write(bench, rows, LOT, kinds=kinds, initiative="spring")
    done = answered(bench, smallest=1.0)
    assert first(done) == (
        "Roll out spring (mail): it is worth having (99.9% sure) and costs less than call, from which these data "
        "cannot tell it."
    )
    clear = dealt({"call": 5.0, "mail": 3.0}, costs={"call": 2.5, "mail": 0.2})
    write(bench, clear, LOT, kinds=kinds, initiative="spring")
    done = answered(bench, smallest=1.0)
    assert done.recommendation.lead.arm == "call"
    assert check(done, "pilot_arm_costs").status == "warn"
    assert check(answered(bench, smallest=1.0, value=3.0), "pilot_arm_costs") is None


def test_without_costs_the_one_thing_to_do_is_to_say_them(bench):
    done = evaluated(bench, dealt({"call": 3.0, "mail": 2.0}))
    assert (
        first(done) == "spring (call) works best: “Spend” is 1 of money a customer higher than with mail (99.9% sure)."
    )
    (action,) = [each.action for each in findings(done) if each.action]
    assert "value_per_unit" in action


def test_one_arm_worth_having_and_one_that_nobody_can_tell(bench):
    rows = dealt({"call": 3.0, "mail": 0.1}, costs={"call": 0.5, "mail": 0.1})
    done = evaluated(bench, rows)
    assert {each.arm: each.choice for each in done.verdicts} == {"call": "roll_out", "mail": "cannot_tell"}
    assert done.recommendation.state == "best"
    wide = np.where(rows["arm"] == "mail", 60 * (-1.0) ** np.arange(len(rows)) + 2.9, 0.0)  # 3 with an error of 3
    done = evaluated(bench, rows.assign(spend=rows["spend"] + wide))
    assert {each.arm: each.choice for each in done.verdicts} == {"call": "roll_out", "mail": "cannot_tell"}
    assert done.recommendation.untold == ("mail",)
    assert first(done).startswith("Roll out spring (call): it is worth having")
    assert [each.action for each in findings(done) if each.action] == [
        "Roll out call, and keep a small control by lot: the effect may fade."
    ]


@pytest.mark.parametrize(
    ("gains", "cost", "wanted"),
    [
        ({"call": 0.5, "mail": 0.4}, 3.0, "Stop spring: none of its 2 arms is worth having."),
        (
            {"call": 1.05, "mail": 1.0},
            1.0,
            "These data cannot tell whether an arm of spring is worth having; call seems best (63.8% sure that it is).",
        ),
    ],
)
def test_where_no_arm_is_worth_having_that_is_one_headline(bench, gains, cost, wanted):
    done = evaluated(bench, dealt(gains), cost=cost)
    assert first(done) == wanted
    assert len([each.action for each in findings(done) if each.action]) == 1
    assert not [each.statement for each in findings(done)[1:] if each.statement.startswith(("Roll out", "Stop"))]


def test_an_arm_that_breaks_a_guardrail_is_no_rival(bench):
    rows = dealt({"call": 3.0, "mail": 4.0})
    rows["visits"] = np.random.default_rng(2).normal(0, 1, len(rows)) - 2.0 * (rows["arm"] == "mail")
    done = evaluated(bench, rows, cost=0.5, outcome="spend", guardrails={"visits": 0.3})
    assert first(done).startswith("Roll out spring (call): it raises “Spend” by 3")
    assert "mail is not to be had: “Visits” gets worse by more than is allowed." in [
        each.statement for each in findings(done)
    ]


def test_where_chance_did_not_decide_arms_are_not_ranked(bench):
    done = evaluated(
        bench, dealt({"call": 3.0, "mail": 2.0}), design="{assignment: volunteers, control: none}", cost=0.5
    )
    assert not done.between
    assert "chance did not decide" in first(done)
    assert "spring (" in first(done)
    assert [each.action for each in findings(done) if each.action] == [
        "Deal it by lot next time: then what is found is an effect."
    ]


def test_whole_units_of_two_arms_are_compared_as_units(bench):
    """The difference is one of units: its error comes from 12 shops an arm, not from 400 customers."""
    rng = np.random.default_rng(3)
    rows = dealt({"call": 3.0, "mail": 1.0}, n=480)
    place = np.arange(len(rows)) % 12
    rows["shop"] = [f"{arm}{each:02}" for arm, each in zip(rows["arm"], place, strict=True)]
    level = {shop: rng.normal(0, 1.5) for shop in sorted(set(rows["shop"]))}
    rows["spend"] += rows["shop"].map(level)
    done = evaluated(bench, rows, design="{assignment: clustered, unit: shop, control: none}")
    apart = done.between["call", "mail"].effect
    means = rows.groupby(["arm", "shop"])["spend"].mean()
    assert apart.estimate == pytest.approx(means["call"].mean() - means["mail"].mean())
    assert apart.se == pytest.approx(np.sqrt((means["call"].var() + means["mail"].var()) / 12))
    assert (apart.kind, apart.units) == ("units", 24)
    call, mail = (done.samples.among_all(each.found) for each in done.of("spend"))
    assert len(call.influence) == 36
    assert float(call.influence @ mail.influence) == pytest.approx(means["none"].var(ddof=0) / 12)


@pytest.mark.parametrize("chance", ["0.25", "{app: 0.125, text: 0.125}"])
def test_starts_one_after_the_other_compare_arms_by_what_those_who_wait_tell(bench, chance):
    """Two arms bring 3 and 1 a month for six months; who waits is a control of both, and cancels."""
    rng = np.random.default_rng(5)
    n, months = 800, 16
    wave, arm = np.arange(n) % 4, np.where(rng.permutation(n) < n // 2, "app", "text")
    month, start = np.arange(months), 8 + 2 * wave
    on = (month >= start[:, None]) & (wave < 3)[:, None]
    spend = 40 + 3 * np.sin(month) + rng.normal(0, 4, (n, months)) + on * np.where(arm == "app", 3.0, 1.0)[:, None]
    people = np.array([f"c{each:04}" for each in range(n)])
    orders = bought(np.repeat(people, months), np.tile(month, n), spend.ravel().round(2))
    begin = [pd.Timestamp("2024-01-01") + pd.DateOffset(months=int(each)) for each in np.where(wave < 3, start, 8)]
    rows = pd.DataFrame(
        {"customer_id": people, "initiative": "test", "arm": np.where(wave < 3, arm, "none"), "start": begin}
    )
    write(bench, rows, f"{{assignment: staggered, control: none, probability: {chance}}}", orders=orders)
    done = answered(bench, outcome="spend", window_days=91)
    apart = done.between["app", "text"].effect
    app, text = (each.found for each in done.of("spend"))
    assert apart.estimate == pytest.approx(app.estimate - text.estimate)
    assert apart.lower < 6.0 < apart.upper  # 2 a month for three months
    assert apart.se < 0.95 * np.hypot(app.se, text.se)
    assert done.recommendation.lead.arm == "app"


def arms_of(effects, *, control=0.0, n=400, sd=2.0, price=None):
    """Verdicts of arms whose means were found, and each beside every other: all arms have n customers."""
    price = price or Price(smallest=0.1, basis="cost", cost=0.1, value=1.0)
    given = {"confidence": 0.9, "kind": "robust", "n": 2 * n, "units": 2 * n}
    error = sd * (2 / n) ** 0.5
    verdicts = [
        weigh(
            from_error(mean - control, error, arm=name, **given),
            good=1,
            price=price,
            customers=100,
            weeks_so_far=None,
            fair=True,
            broken=(),
            at_risk=(),
            draws=20,
            seed=1,
        )
        for name, mean in effects.items()
    ]
    between = {}
    for place, one in enumerate(verdicts):
        for other in verdicts[place + 1 :]:
            apart = from_error(one.effect.estimate - other.effect.estimate, error, **given)
            between |= both_ways(one, other, apart, sequence=None, draws=20, seed=1)
    return verdicts, between


def ended(truth, *, tries=1000, seed=1):
    """Shares of pilots that say an arm is the best, by arm: what arms do is known, what is found varies by chance."""
    rng = np.random.default_rng(seed)
    names, error = list(truth), 2.0 / 400**0.5
    said = dict.fromkeys(names, 0)
    for _ in range(tries):
        means = {name: truth[name] + rng.normal(0, error) for name in names}
        verdicts, between = arms_of(means, control=rng.normal(0, error))
        chosen = recommend(verdicts, between)
        if chosen.state == "best":
            said[chosen.lead.arm] += 1
    return {name: count / tries for name, count in said.items()}


APART = 2.487 * 2.0 * (2 / 400) ** 0.5
"""A difference that a test at 5% in one direction finds four times in five."""


@pytest.mark.parametrize(
    ("truth", "wrong"),
    [
        ({"a": 3.0, "b": 2.9999, "c": 0.5}, 0.05),  # but one as good: where a wrong pick is most likely
        ({"a": 3.0, "b": 2.9999, "c": 2.9999}, 0.05),
        ({"a": 3.0 + APART, "b": 3.0, "c": 3.0 - APART}, 0.002),
    ],
)
def test_a_worse_arm_is_seldom_said_to_be_the_best(truth, wrong):
    found = ended(truth)
    slack = 2 * (wrong * (1 - wrong) / 1000) ** 0.5
    assert found["b"] + found["c"] <= wrong + slack
    if truth["a"] - truth["b"] >= APART:
        assert found["a"] >= 0.80 - 2 * (0.16 / 1000) ** 0.5


def test_what_a_pick_among_arms_looks_too_good_by_has_a_closed_form():
    """Of two arms s φ(d/s); of three alike the mean of the largest of three normal numbers, .8463 (Teichroew 1956)."""
    verdicts, between = arms_of({"a": 2.0, "b": 1.9})
    rows = 100_000

    def shared(names):
        rng = np.random.default_rng(2)
        control = rng.normal(0, 1, rows)
        return [0.1 / rows**0.5 * (rng.normal(0, 1, rows) - control) for _ in names]

    effects = [each.effect.named(influence=own) for each, own in zip(verdicts, shared("ab"), strict=True)]
    error = between["a", "b"].effect.se
    found = winners_curse(verdicts, effects, draws=200_000, seed=1)
    assert found == pytest.approx(error * stats.norm.pdf(0.1 / error), rel=0.02)
    verdicts, _ = arms_of({"a": 2.0, "b": 2.0, "c": 2.0})
    effects = [each.effect.named(influence=own) for each, own in zip(verdicts, shared("abc"), strict=True)]
    found = winners_curse(verdicts, effects, draws=200_000, seed=1)
    assert found == pytest.approx(0.8463 * error / 2**0.5, rel=0.02)


def test_a_difference_turned_is_the_same_seen_from_the_other_arm():
    found = from_error(
        2.0, 1.0, confidence=0.9, kind="skewed", n=10, units=10, centre=1.9, skew=0.3, treated=5.0, control=3.0
    )
    other = turned(found)
    assert (other.lower, other.upper, other.treated, other.control) == (-found.upper, -found.lower, 3.0, 5.0)
    assert other.above(0.5) == pytest.approx(1 - found.above(-0.5))
    assert turned(other).above(0.5) == found.above(0.5)
