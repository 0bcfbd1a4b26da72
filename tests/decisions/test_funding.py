"""What to fund: break-even points, shares of doubt, parts of the value, other assumptions, pilots, and the headline."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.decisions.chains import BAD, GOOD, chain

from workbench.decisions.equity.words import money
from workbench.decisions.funding.alone import Alone
from workbench.decisions.funding.beneficiaries import Beneficiaries, Group, large_enough, respondents
from workbench.decisions.funding.changed import with_half_life, with_lifts, with_slopes, within
from workbench.decisions.funding.doubts import Doubts
from workbench.decisions.funding.fund import Terms, _currency, _untold
from workbench.decisions.funding.must_be_true import MustBeTrue
from workbench.decisions.funding.naming import keys
from workbench.decisions.funding.pilot_worth import Answering, PilotWorth, pilot_error
from workbench.decisions.funding.recommendation import Advice, Recommendation
from workbench.decisions.funding.sensitivity import Sensitivity
from workbench.decisions.funding.waterfall import Waterfall
from workbench.decisions.pilots.visits import met_since
from workbench.errors import ParameterError
from workbench.exhibits import Table, flatten
from workbench.findings import Check, Finding
from workbench.models.trials.lifts import Rated, lift_by_lot
from workbench.wording import percent

WHOLE = chain()
THREE = within(WHOLE, 36)


def advice(chosen, *, hurdle=1.0, contribution=True, monthly=0.05):
    returns = chosen.returns()
    best = Recommendation.of(returns, hurdle=hurdle)
    return Advice(
        recommendation=best,
        returns=returns,
        chain=chosen,
        doubts=Doubts.of(chosen, best.best),
        must=MustBeTrue.of(chosen, best.best, hurdle=hurdle, observed=36.0),
        pilots=pilots(chosen, best.best, monthly=monthly, hurdle=hurdle),
        hurdle=hurdle,
        contribution=contribution,
    )


def pilots(whole, leading="Good", set_up=0.0, monthly=0.05, hurdle=1.0):
    return PilotWorth.of(
        whole,
        leading,
        months=min(36, whole.base.customers.shape[1]),
        known={each.name: (each.lift, each.lift_sd) for each in whole.initiatives},
        answering={"shop": Answering(monthly=monthly)},
        set_up=set_up,
        hurdle=hurdle,
    )


def findings(thing):
    return {each.id: each for each in flatten([thing]) if isinstance(each, Finding)}


def test_a_horizon_cuts_what_comes_later_and_is_refused_beyond_the_base():
    assert np.allclose(THREE.returns().gains, WHOLE.returns().gains[:, :, :36])
    with pytest.raises(ParameterError, match="returns_within: got 61 months, expected 1 to 60"):
        within(WHOLE, 61)
    with pytest.raises(ParameterError, match="'Good' would begin after the 12 months"):
        within(chain(replace(GOOD, start=12)), 12)


def test_parts_of_the_waterfall_add_up():
    found = Waterfall.of(THREE, "Good").table
    npv = dict(zip([each.name for each in THREE.initiatives], THREE.returns().npv.mean(axis=1), strict=True))
    for name, own in found.groupby("initiative"):
        parts = own[own["part"] != "npv"]["amount"]
        assert parts.sum() == pytest.approx(npv[name])
        assert own[own["part"] == "npv"]["amount"].item() == pytest.approx(npv[name])
    own = found[found["initiative"] == "Good"].set_index("part")["amount"]
    assert own["fixed"] == -500
    assert own["customers"] == -1000
    assert own["leaving: service"] > own["orders"] > 0


def test_where_it_breaks_even_the_expected_value_is_the_cost():
    found = MustBeTrue.of(THREE, "Good", hurdle=1.0, observed=36.0)
    lift, slope, margin = (found.row(what)["breaks_even"] for what in ("lift", "slope", "margin"))
    cost = THREE.returns().costs[0]
    assert with_lifts(THREE, {"Good": lift}).returns().value[0].mean() == pytest.approx(cost, rel=0.02)
    assert with_slopes(THREE, slope).returns().value[0].mean() == pytest.approx(cost, rel=0.02)
    assert margin / found.row("margin")["expected"] == pytest.approx(cost / THREE.returns().value[0].mean())
    half_life = found.row("half_life")["breaks_even"]
    assert with_half_life(THREE, half_life).returns().value[0].mean() == pytest.approx(cost, rel=0.05)
    assert (
        found.row("horizon")["breaks_even"] == THREE.returns().table.set_index("initiative")["payback_months"]["Good"]
    )
    assert found.row("lift")["chance"] == np.mean(THREE.lifts["Good"] >= lift)
    assert (found.row("lift")["expected"], found.row("horizon")["expected"]) == (pytest.approx(0.5, abs=0.01), 36)


def test_what_never_breaks_even_says_so():
    found = MustBeTrue.of(within(chain(replace(BAD, fixed_cost=1e7)), 36), "Bad", hurdle=1.0, observed=36.0)
    assert found.table["breaks_even"].drop(index=found.table.index[found.table["what"] == "margin"]).isna().all()
    assert (found.row("lift")["chance"], found.row("slope")["chance"]) == (0, 0)


def test_shares_of_doubt_are_the_variances_where_links_add_up():
    """Orders alone matter, the lift is small: value ∝ lift × slope, whose squared relative deviations add up."""
    sure = chain(replace(GOOD, lift=0.05, lift_sd=0.01), slope=0.0, orders=0.1)
    nothing = {"service": np.zeros(400)}
    sure = within(replace(sure, link=replace(sure.link, leaving=nothing)), 36)
    found = Doubts.of(sure, "Good").of_one("Good").set_index("link")["share"]
    at = sure.at["shop"]
    parts = {
        "lift": np.var(sure.lifts["Good"]) / 0.05**2,
        "effect": np.var(at.effect) / at.effect.mean() ** 2,
        "halo": np.var(at.halo) / at.halo.mean() ** 2,
        "orders": np.var(sure.link.orders) / sure.link.orders.mean() ** 2,
        "base": np.var(sure.base.orders[:, 0]) / sure.base.orders[:, 0].mean() ** 2,
    }
    whole = sum(parts.values())
    for name, part in parts.items():
        assert found[name] == pytest.approx(part / whole, abs=0.04), name
    assert found.sum() == pytest.approx(1)


def test_without_doubt_nothing_is_shared():
    known = chain(replace(GOOD, lift_sd=0.0))
    known = replace(
        known,
        at={
            "shop": replace(
                known.at["shop"], effect=np.full(400, 0.4), halo=np.full(400, 1.3), widening=np.full(400, 1.1)
            )
        },
        link=replace(known.link, leaving={"service": np.full(400, -0.8)}, orders=np.full(400, 0.2)),
        base=replace(known.base, orders=np.full((400, 60), 6.0), other=np.full((400, 60), 4.0)),
    )
    assert Doubts.of(known, "Good").of_one("Good").empty
    assert list(flatten([Doubts.of(known, "Good")])) == []


def test_other_assumptions_change_the_return_as_they_must():
    found = Sensitivity.of(WHOLE, "Good", months=36, hurdle=1.0).own.set_index(["what", "setting"])
    value, cost = THREE.returns().value[0].mean(), THREE.returns().costs[0]
    assert found["npv"]["margin", "25% less"] == pytest.approx(0.75 * value - cost)
    assert found["npv"]["costs", "50% more"] == pytest.approx(value - 1.5 * cost)
    assert found["npv"]["horizon", "5 years"] == pytest.approx(WHOLE.returns().npv[0].mean())
    assert found["npv"]["rate", "5%"] > found["npv"]["assumed", ""] > found["npv"]["rate", "15%"]
    assert found["npv"]["half_life", "6 months"] < found["npv"]["half_life", "24 months"]


@pytest.mark.parametrize(("cost", "status"), [(500.0, "pass"), (8000.0, "warn")])
def test_a_return_whose_sign_hangs_on_assumptions_is_warned_of(cost, status):
    found = Sensitivity.of(chain(replace(GOOD, fixed_cost=cost)), "Good", months=36, hurdle=1.0)
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert check.status == status


def test_it_is_counted_how_often_the_decision_turns_not_the_sign_alone():
    """By hand, from the chances: 1 surely clears the hurdle (.9), -1 surely not (.1), 0 unclear."""
    found = Sensitivity.of(chain(replace(GOOD, fixed_cost=1800.0)), "Good", months=36, hurdle=1.0)
    own = found.own
    assert own["p_clears"].iloc[0] >= 0.9
    turned = own[own["p_clears"] < 0.9]
    assert 0 < len(turned) < len(own) - 1
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert (check.status, check.value) == ("warn", len(turned))
    assert f"{len(turned)} of {len(own) - 1} other assumptions turn" in check.message
    assert percent(own["p_clears"].min()) in check.message
    signs = int((own["npv"] <= 0).sum())
    assert ("sign of its net present value" in check.message) == (signs > 0)


def test_what_is_free_is_told_by_what_it_brings():
    free = within(chain(replace(GOOD, fixed_cost=0.0, cost_per_customer=0.0), BAD), 36)
    value = free.returns().value[0]
    said = findings(replace(advice(free), labels={"shop": "Our shop"}))["what_to_fund"]
    assert said.estimate == pytest.approx(value.mean())
    assert said.interval == pytest.approx(tuple(np.quantile(value, [0.05, 0.95])))
    assert said.unit == "EUR"
    assert said.statement.startswith(
        f"Do Good: it costs nothing and brings {money(value.mean(), 'EUR')} of contribution"
    )
    assert "ratings of Our shop" in said.action
    harms = within(chain(replace(GOOD, fixed_cost=0.0, cost_per_customer=0.0, lift=-0.5, lift_sd=0.01)), 36)
    assert findings(advice(harms))["what_to_fund"].statement.startswith(
        "No initiative is worth it: the best, Good, costs"
    )
    alone = Alone(returns=harms.returns(), naive=None, clears={"Good": 0.0}, hurdle=1.0)
    assert alone.metrics()["roi_good"] is None
    assert alone.draw().figure is not None


def test_a_pilot_tells_as_surely_as_was_said_before():
    """The error before it is run is that of a pilot whose ratings are drawn as the touchpoint's."""
    at, months, customers = WHOLE.at["shop"], 6, 6000
    at = replace(at, widening=np.ones(400), ratings=np.where(np.arange(1000) % 3 == 0, np.nan, at.ratings))
    random = np.random.default_rng(4)
    rate = 0.1
    expected = pilot_error(GOOD, at, Answering(monthly=rate), customers, months)
    answered = random.uniform(size=(customers, months)) < rate
    who, month = np.nonzero(answered)
    treated = who < customers / 2
    met = met_since(at, month + 1.0)
    rated = at.ratings[np.isfinite(at.ratings)]
    rating = random.choice(rated, size=len(who))
    found = lift_by_lot(
        Rated(unit=who, treated=treated, months=month + 0.5, rating=rating), met, draws=200, random_seed=1
    )
    assert found.lift.error == pytest.approx(expected, rel=0.2)


def test_a_pilot_of_what_fades_or_rises_slowly_tells_less():
    """Half of the lift all the time: twice the error of the lift at full strength."""
    at, answering = replace(WHOLE.at["shop"], recall_months=1e-6), Answering(monthly=0.1)
    full = pilot_error(GOOD, at, answering, 1000, 1)
    for slow in (replace(GOOD, half_life_months=1.0), replace(GOOD, ramp_months=2.0)):
        assert pilot_error(slow, at, answering, 1000, 1) == pytest.approx(2 * full)


def test_who_was_there_last_before_a_start_is_forgotten_after_the_time_recalled():
    at = replace(WHOLE.at["shop"], ratings=np.where(np.arange(1000) < 360, np.nan, 3.0))
    assert met_since(at, np.array([0.0, 3.0, 6.0, 9.0])) == pytest.approx([0, (1 - 0.6) / 0.64, 1, 1])


def test_larger_pilots_tell_more_at_more_cost_and_none_is_worth_more_than_knowing():
    found = pilots(WHOLE)
    own = found.table[(found.table["initiative"] == "Bad") & (found.table["months"] == 6)]
    assert (np.diff(own["error"]) < 0).all()
    assert (np.diff(own["information"]) >= 0).all()
    assert own["information"].max() <= 1.02 * found.lift_information["Bad"]
    assert own["cost"].iloc[0] == pytest.approx(own["customers"].iloc[0] / 2 * 2.0)
    dear = pilots(WHOLE, set_up=1000.0).table
    assert (found.table["net"] - dear["net"]).round(6).eq(1000).all()


def test_without_answers_no_pilot_is_worth_anything():
    found = pilots(WHOLE, monthly=0.0)
    assert np.isinf(found.table["error"]).all()
    assert (found.table["information"] == 0).all()
    assert findings(found)["pilot_worth"].statement.startswith("No pilot of Good is worth its cost")


def test_a_pilot_is_recommended_where_these_data_cannot_tell():
    unsure = chain(replace(GOOD, lift=0.25, lift_sd=0.3, fixed_cost=3000.0, cost_per_customer=0.1))
    said = findings(advice(unsure))["what_to_fund"]
    assert said.statement.startswith("These data cannot tell what to fund: Good looks best")
    assert said.action.startswith("Pilot Good before funding it")
    assert findings(pilots(unsure))["pilot_worth"].statement.startswith("A pilot of Good with")


def test_one_that_surely_pays_is_funded_and_one_that_surely_does_not_is_left():
    said = findings(advice(THREE))
    row = THREE.returns().table.set_index("initiative").loc["Good"]
    assert said["what_to_fund"].statement.startswith("Fund Good: 1 spent returns")
    assert said["what_to_fund"].interval == (row["roi_lower"], row["roi_upper"])
    assert "also_pays" not in said
    assert said["what_it_hangs_on"].statement.endswith("is expected.")
    none = findings(advice(within(chain(BAD), 36)))["what_to_fund"]
    assert none.statement.startswith("No initiative clears the hurdle: the best, Bad")
    assert none.action.startswith("Fund none of them")


def test_there_is_one_recommendation_and_others_that_pay_are_named():
    both = within(chain(GOOD, replace(GOOD, name="Also", fixed_cost=600.0)), 36)
    said = findings(advice(both))
    assert [each.id for each in said.values() if each.action] == ["what_to_fund"]
    assert said["also_pays"].statement.startswith("Also clears the hurdle too, alone; what both bring together was not")


def test_where_no_pilot_pays_one_that_is_expected_to_pay_is_not_turned_down():
    """Nobody answers, so that no pilot tells anything; its expected net present value is above 0."""
    unsure = chain(replace(GOOD, lift=0.25, lift_sd=0.3, fixed_cost=1000.0, cost_per_customer=0.1))
    given = advice(unsure, monthly=0.0)
    assert given.recommendation.status == "unclear"
    assert given.returns.npv.mean() > 0
    loss = percent(np.mean(given.returns.npv[0] <= 0))
    expected = f"No pilot of Good pays: fund it if a {loss} chance of missing the hurdle can be borne."
    assert findings(given)["what_to_fund"].action == expected
    dear = advice(unsure, monthly=0.0, hurdle=given.returns.value.mean() / given.returns.costs[0] * 1.1)
    assert dear.recommendation.status == "unclear"
    assert findings(dear)["what_to_fund"].action.startswith("Fund none of them as they stand")


def test_what_knowing_is_worth_is_counted_over_the_hurdle():
    """A hurdle of 2 is twice all costs, of the pilot too."""
    returns = THREE.returns()
    clears = {"Good": 1.0, "Bad": 0.0}
    twice = within(
        chain(
            *(
                replace(each, fixed_cost=2 * each.fixed_cost, cost_per_customer=2 * each.cost_per_customer)
                for each in (GOOD, BAD)
            )
        ),
        36,
    )
    asked = Alone(returns=returns, naive=None, clears=clears, hurdle=2.0).table.set_index("initiative")["evpi"]
    dear = Alone(returns=twice.returns(), naive=None, clears=clears, hurdle=1.0).table.set_index("initiative")["evpi"]
    assert asked["Good"] == pytest.approx(dear["Good"])
    assert asked["Bad"] == pytest.approx(dear["Bad"])
    assert pilots(THREE, set_up=100.0, hurdle=2.0).table["net"].to_numpy() == pytest.approx(
        pilots(twice, set_up=200.0).table["net"].to_numpy()
    )


def test_a_lift_that_was_tried_does_not_make_what_hangs_on_associations_an_experiment():
    assert findings(advice(THREE))["what_it_hangs_on"].evidence == "assumed"
    assert findings(advice(replace(THREE, tried=frozenset({"Good"}))))["what_it_hangs_on"].evidence == "associational"


def test_a_higher_hurdle_is_cleared_by_fewer():
    returns = THREE.returns()
    roi = returns.table.set_index("initiative")["roi"]["Good"]
    assert Recommendation.of(returns, hurdle=1.0).status == "fund"
    assert Recommendation.of(returns, hurdle=5 * roi).status == "none"


def test_of_revenue_the_headline_names_the_margin_that_it_takes():
    said = findings(advice(THREE, contribution=False))["what_to_fund"].statement
    place = np.quantile(THREE.returns().value[0], 0.1)
    assert f"more than {percent(1500 / place)} of revenue is margin" in said


def test_numbers_of_each_initiative_stand_in_results():
    returns = THREE.returns()
    found = Alone(returns=returns, naive=None, clears={"Good": 1.0, "Bad": 0.0}, hurdle=1.0).metrics()
    for name in ("good", "bad"):
        for key in ("roi", "npv", "p_loss", "payback_months", "p_payback", "evpi", "naive_roi"):
            assert f"{key}_{name}" in found
        assert found[f"roi_{name}_lower"] < found[f"roi_{name}"] < found[f"roi_{name}_upper"]
        assert found[f"npv_{name}_lower"] < found[f"npv_{name}"] < found[f"npv_{name}_upper"]
    assert found["payback_months_bad"] is None
    assert keys(["A b", "a_b", "Ä!"]) == ["a_b", "a_b_2", "ä"]


def test_who_benefits_is_worked_out_by_group_and_adds_up():
    """Basic: the first 400 answers and customers, who bring half as much as the others do."""
    base, first = THREE.base, np.arange(1000) < 400
    groups = []
    for name, rows, brings in (("Basic", first, 0.5), ("Premium", ~first, 4 / 3)):
        count = int(rows.sum())
        own = replace(
            base,
            active=float(count),
            customers=base.customers * count / 1000,
            orders=base.orders * brings,
            other=base.other * brings,
        )
        groups.append(Group(grouping="plan", name=name, customers=count, base=own, answers=rows))
    found = Beneficiaries.of(THREE, groups)
    own = found.table[found.table["initiative"] == "Good"].set_index("group")
    assert own["value"].sum() == pytest.approx(THREE.returns().value[0].mean())
    assert own["each"]["Premium"] / own["each"]["Basic"] == pytest.approx(8 / 3, rel=0.1)
    (table,) = [each for each in flatten([found]) if isinstance(each, Table)]
    assert table.people.count == "customers"


def test_groups_of_which_few_answered_are_not_told():
    """Twelve customers answered of one group, two of whom rated the touchpoint."""
    customer, few = np.arange(1000), np.arange(1000) < 12
    ratings = np.where((customer >= 2) & few, np.nan, THREE.at["shop"].ratings)
    known = replace(THREE, at={"shop": replace(THREE.at["shop"], ratings=ratings)})
    assert respondents(known, few, customer) == 2
    assert respondents(known, ~few, customer // 4) == 247
    assert respondents(known, np.zeros(1000, dtype=bool), customer) == 0
    counts = pd.Series({"Basic": 400, "Premium": 600})
    assert large_enough(counts, [10, 300])
    for told in ([0, 300], [9, 300]):
        assert not large_enough(counts, told)
    assert not large_enough(pd.Series({"Basic": 400, "Premium": 9}), [300, 300])
    assert _untold([]) is None
    assert "not told by 'plan': groups are too many, too small, or fewer than 10" in _untold(["plan"]).message


@pytest.mark.parametrize(("unit", "warned"), [("", True), ("EUR", False)])
def test_costs_without_a_currency_are_taken_in_that_of_all_money_and_that_is_said(unit, warned):
    costs = SimpleNamespace(columns=[SimpleNamespace(kind="money", unit=unit)])
    check = _currency(SimpleNamespace(tables={"initiatives": costs}), "EUR")
    assert (check is not None) == warned
    assert not warned or "taken as EUR" in check.message
    assert _currency(SimpleNamespace(tables={}), "EUR") is None


@pytest.mark.parametrize("change", [{"hurdle": -1.0}, {"pilot_cost": float("nan")}])
def test_terms_below_nothing_are_refused(change):
    with pytest.raises(ParameterError, match="expected 0 or more"):
        Terms(months=12, **change)


def test_tables_carry_words_and_figures_are_drawn():
    parts = [
        advice(THREE),
        Waterfall.of(THREE, "Good"),
        pilots(WHOLE),
        Sensitivity.of(WHOLE, "Good", months=36, hurdle=1),
    ]
    parts.append(Alone(returns=THREE.returns(), naive=THREE.returns(), clears={"Good": 1.0, "Bad": 0.0}, hurdle=1.0))
    parts.append(Doubts.of(THREE, "Good"))
    for each in flatten(parts):
        if isinstance(each, Table):
            assert set(each.columns) <= set(each.frame.columns)
            assert isinstance(each.frame, pd.DataFrame)
        elif hasattr(each, "draw"):
            assert each.draw().figure is not None
        elif isinstance(each, Finding):
            assert len(each.statement.split()) <= 25, each.statement
