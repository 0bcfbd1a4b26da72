"""Returns of initiatives: limits, closed forms, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.decisions.chains import chain

from workbench.decisions.funding import Terms, counted, fund
from workbench.decisions.funding.changed import within
from workbench.decisions.roi import (
    Base,
    Experience,
    Initiative,
    Lift,
    Link,
    chain_of,
    held,
    read_initiatives,
    return_on_experience,
    steps_of,
)
from workbench.decisions.roi.bound import bound_of
from workbench.decisions.roi.ratings import Ratings
from workbench.decisions.roi.result import Returns
from workbench.errors import DataError, ParameterError
from workbench.exhibits import flatten
from workbench.findings import Check

DRAWS, MONTHS = 200, 24
NEW = Initiative(name="new", driver="shop", lift=0.5, lift_sd=0.0, reach=1.0, fixed_cost=1000.0, cost_per_customer=2.0)


def known(slope=-0.8, orders=0.2):
    ones = np.ones((DRAWS, MONTHS))
    base = Base(
        active=1000.0,
        customers=ones * 1000 * np.exp(-0.02 * (np.arange(MONTHS) + 0.5)),
        orders=ones * 6.0,
        other=ones * 4.0,
        hazards={"service": ones * 0.012, "moved": ones * 0.008},
        discount=1.1 ** (-1 / 12),
        currency="EUR",
    )
    ratings = np.repeat([1.0, 2, 3, 4, 5], [50, 100, 200, 350, 300])
    lift = Lift(
        ratings=ratings, effect=np.full(DRAWS, 0.4), halo=np.ones(DRAWS), widening=np.ones(DRAWS), recall_months=6
    )
    link = Link(leaving={"service": np.full(DRAWS, slope)}, orders=np.full(DRAWS, orders), score=np.zeros(len(ratings)))
    return {"shop": lift}, link, base


def returns(*args, **kwargs):
    return chain_of(*args, **kwargs).returns()


def test_no_lift_returns_minus_the_cost():
    found = returns([replace(NEW, lift=0.0)], *known(), random_seed=1)
    assert np.allclose(found.npv, -3000)
    assert np.allclose(found.gains, 0)


def test_doubled_cost_halves_the_return():
    dear = replace(NEW, fixed_cost=2000.0, cost_per_customer=4.0)
    cheap, twice = (returns([each], *known(), random_seed=1).table["roi"][0] for each in (NEW, dear))
    assert twice == pytest.approx(cheap / 2)


def test_what_else_is_on_the_list_and_its_order_change_nothing():
    other = replace(NEW, name="other", lift=0.2, lift_sd=0.3)
    unsure = replace(NEW, lift_sd=0.2)
    both = returns([unsure, other], *known(), random_seed=1)
    turned = returns([other, unsure], *known(), random_seed=1)
    alone = returns([unsure], *known(), random_seed=1)
    assert np.array_equal(both.gains[0], alone.gains[0])
    assert np.array_equal(both.gains[0], turned.gains[1])


def test_the_order_of_draws_and_working_them_out_in_parts_change_nothing():
    """Each draw goes through the chain by itself: any of them, in any order, gives what it gives among all."""
    whole = chain()
    turned = np.random.default_rng(3).permutation(len(whole.base.customers))
    for chosen in (turned, turned[:150], turned[150:]):
        some = replace(
            whole,
            lifts={name: lift[chosen] for name, lift in whole.lifts.items()},
            at={
                driver: replace(
                    each, effect=each.effect[chosen], halo=each.halo[chosen], widening=each.widening[chosen]
                )
                for driver, each in whole.at.items()
            },
            link=replace(
                whole.link,
                leaving={reason: slope[chosen] for reason, slope in whole.link.leaving.items()},
                orders=whole.link.orders[chosen],
            ),
            base=replace(
                whole.base,
                customers=whole.base.customers[chosen],
                orders=whole.base.orders[chosen],
                other=whole.base.other[chosen],
                hazards={reason: rate[chosen] for reason, rate in whole.base.hazards.items()},
            ),
        )
        assert np.allclose(some.returns().npv, whole.returns().npv[:, chosen])


def test_cells_of_like_customers_give_what_customers_one_by_one_give():
    """The sum over customers: hazard × weight of each × (e^(slope × what this one gains) - 1)."""
    lifts, link, base = known()
    random = np.random.default_rng(3)
    score = random.normal(0, 1.2, 1000) + 0.5 * lifts["shop"].ratings
    ratings = np.where(random.uniform(size=1000) < 0.3, np.nan, lifts["shop"].ratings)
    link = replace(link, score=score, orders=np.zeros(DRAWS))
    only = replace(base, hazards={"service": base.hazards["service"]})
    found = returns(
        [NEW], {"shop": replace(lifts["shop"], ratings=ratings, recall_months=1)}, link, only, random_seed=1
    )
    seen = np.isfinite(ratings)
    shape = Ratings.of(ratings[seen])
    gain = np.zeros(1000)
    gain[seen] = 0.4 * shape.gains(np.array([0.5]))[0, 0][np.searchsorted(shape.points, ratings[seen])]
    weight = np.exp(-0.8 * (score - score.mean()))
    change = np.sum(weight * np.expm1(-0.8 * gain)) / weight.sum()
    less = 0.012 * change * np.clip(np.arange(MONTHS), 0, 1)
    kept = base.customers[0] * np.expm1(-(np.cumsum(less) - less / 2))
    assert found.gains[0, 0] == pytest.approx(kept * 10.0, rel=1e-3)


def test_without_doubt_it_is_the_closed_form():
    """Everybody uses it, one rating apart, and nobody leaves: orders × (e^(slope × rise) - 1), discounted."""
    lifts, link, base = known()
    ratings = np.repeat([1.0, 2.0], [500, 500])
    still = replace(base, customers=np.full((DRAWS, MONTHS), 1000.0), hazards={})
    link = replace(link, score=np.zeros(1000))
    lift = replace(lifts["shop"], ratings=ratings, recall_months=1)
    found = returns([NEW], {"shop": lift}, link, still, random_seed=1)
    rise = 0.4 * (norm.cdf(0.5) - 0.5) / 0.5  # of those at 1: who was within .5 of the cut
    monthly = 1000 * 6.0 * 0.5 * np.expm1(0.2 * rise)
    assert np.allclose(found.gains[0, :, 1:], monthly, rtol=1e-6)
    assert np.allclose(found.gains[0, :, 0], 0)  # nobody has been there before the first month


def test_a_shift_moves_the_mean_rating_as_the_normal_scale_says():
    ratings = Ratings.of(np.repeat([1.0, 2, 3, 4, 5], [50, 100, 200, 350, 300]))
    assert ratings.mean(np.array(0.0)) == pytest.approx(3.75)
    share = np.array([50, 100, 200, 350, 300]) / 1000
    gains = ratings.gains(np.array([0.3, 50.0]))[:, 0]
    assert gains[0] @ share == pytest.approx(ratings.mean(np.array(0.3)) - 3.75)
    assert np.allclose(gains[1], [4, 3, 2, 1, 0])  # the top is reached by all, and those there stay


def test_two_at_one_touchpoint_are_worth_less_than_their_sum_near_the_ceiling():
    one, both = (returns([replace(NEW, lift=lift)], *known(), random_seed=1).value[0, 0] for lift in (1.0, 2.0))
    assert both < 2 * one


def test_leaving_less_keeps_customers_and_waits_for_visits():
    found = returns([NEW], *known(orders=0.0), random_seed=1).gains[0, 0]
    assert found[0] == 0
    assert (np.diff(found[:12]) > 0).all()


def test_payback_is_the_first_month_that_covers_what_was_spent_by_then():
    """150 spent at the start of the third month, 10 at the end of each; 50 come in from the fourth on: 40 a month."""
    each = replace(NEW, start=2, fixed_cost=150.0, cost_per_customer=0.0, cost_per_month=10.0)
    gains = np.tile(np.where(np.arange(12) >= 3, 50.0, 0.0), (1, 2, 1))
    gains[0, 1] = 0.0
    found = Returns(
        initiatives=(each,),
        gains=gains[:, :1],
        spent=each.spending(1.0, 12, 1.0)[None],
        lifts=np.zeros((1, 1)),
        discounts=np.ones(12),
        currency="EUR",
    )
    row = found.table.iloc[0]
    assert row["cost"] == 150 + 100
    assert row["npv"] == 9 * 50 - 250
    assert row["payback_months"] == 7  # 4 × 50 came in, 150 + 5 × 10 went out
    assert row["p_payback"] == 1
    assert row["roi"] == pytest.approx(450 / 250)
    assert replace(found, gains=gains, lifts=np.zeros((1, 2))).table["p_payback"][0] == 0.5


def test_what_never_pays_back_has_no_month():
    found = returns([replace(NEW, fixed_cost=1e9)], *known(), random_seed=1).table
    assert found["payback_months"][0] is None or np.isnan(found["payback_months"][0])
    assert found["p_payback"][0] == 0


def table(**changes):
    row = {
        "initiative": "new",
        "driver": "shop",
        "touchpoint": "shop",
        "expected_lift": 0.5,
        "lift_sd": 0.1,
        "fixed_cost": 100.0,
        "cost_per_customer": 1.0,
        "reach": 0.8,
    }
    return pd.DataFrame([row | changes])


def test_initiatives_are_read_and_one_listed_twice_counts_once():
    (found,) = read_initiatives(pd.concat([table(), table()]), ["shop"])
    assert found.reach == 0.8
    assert np.isinf(found.half_life_months)
    assert found.start == 0


def test_all_faults_of_initiatives_are_told_at_once():
    wrong = pd.concat(
        [
            table(driver="moon"),
            table(initiative="b", reach=1.2),
            table(initiative="c", expected_lift=40.0),
            table(initiative="d", fixed_cost=-1.0),
            table(initiative="d"),
        ]
    )
    with pytest.raises(DataError) as error:
        read_initiatives(wrong, ["shop"])
    said = str(error.value)
    assert all(
        part in said for part in ("'moon'", "reach of 1.2", "beyond any scale", "got -1 as fixed_cost", "rows of this")
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fixed_cost": np.nan}, "'new': got nothing as fixed_cost, expected a cost of 0 or more"),
        ({"cost_per_customer": np.nan}, "got nothing as cost_per_customer"),
        ({"cost_per_month": -2.0}, "got -2 as cost_per_month"),
        ({"half_life_months": 0.0}, "'new': got a half-life of 0 months"),
        ({"start": -1.0}, "got -1 months as start"),
        ({"ramp_months": -1.0}, "got -1 months as ramp_months"),
    ],
)
def test_a_cost_that_is_not_said_is_not_taken_as_nothing(change, said):
    with pytest.raises(DataError, match=said):
        read_initiatives(table(**change), ["shop"])


@pytest.mark.parametrize("column", ["fixed_cost", "cost_per_customer", "reach", "lift_sd"])
def test_a_column_of_initiatives_that_is_not_there_is_named(column):
    with pytest.raises(DataError, match=f"initiatives: no column {column}"):
        read_initiatives(table().drop(columns=column), ["shop"])


def test_costs_that_may_be_left_out_are_nothing():
    (found,) = read_initiatives(table(cost_per_month=np.nan, half_life_months=np.nan), ["shop"])
    assert (found.cost_per_month, found.half_life_months) == (0.0, np.inf)


def test_a_half_life_a_ramp_and_a_start_shape_the_strength():
    assert replace(NEW, start=2).strength(4).tolist() == [0, 0, 1, 1]
    assert replace(NEW, ramp_months=2).strength(3) == pytest.approx([0.25, 0.75, 1.0])
    assert replace(NEW, half_life_months=1).strength(2) == pytest.approx([0.5**0.5, 0.5**1.5])
    assert replace(NEW, cost_per_month=10.0, start=1).spending(1000, 3, 1.0).tolist() == [0, 3010, 10]


def test_links_have_units_and_evidence_and_can_be_held():
    lifts, link, base = known()
    random = np.random.default_rng(2)
    link = replace(link, orders=0.2 + 0.05 * random.standard_normal(DRAWS))
    chain = chain_of([replace(NEW, lift_sd=0.2)], lifts, link, base, random_seed=1)
    steps = {each.name: each for each in steps_of(chain, chain.initiatives[0])}
    assert list(steps) == ["lift", "effect", "halo", "shape", "leaving: service", "orders", "base"]
    assert all(each.draws.shape == (DRAWS,) and each.unit for each in steps.values())
    assert steps["lift"].evidence == steps["halo"].evidence == "assumed"  # halo is 1: it could not be told
    told = replace(chain, at={"shop": replace(lifts["shop"], halo=np.full(DRAWS, 1.3))})
    assert {each.name: each.evidence for each in steps_of(told, NEW)}["halo"] == "associational"
    assert steps["base"].draws[0] == pytest.approx((base.customers * 10 @ base.discount ** np.arange(1, 25))[0] / 1000)
    spread = chain.returns().npv.std()
    both = held(held(chain, "lift"), "orders").returns()
    assert held(chain, "lift").returns().npv.std() < spread
    assert both.npv.std() < 1e-9 * spread
    with pytest.raises(ParameterError, match="expected one of lift"):
        held(chain, "leaving: moved")


def test_a_report_says_that_the_chain_is_validated_by_simulation_only():
    told = [each for each in flatten(Experience(linkage=[])) if isinstance(each, Check)]
    assert [each.name for each in told] == ["validated_by_simulation"]
    assert "simulated companies only" in told[0].message
    left_out = [each.name for each in flatten(Experience(missing="No table initiatives."))]
    assert left_out == ["return_on_experience"]


def test_who_is_kept_stays_at_risk_so_less_is_gained_later():
    """Two levels by hand: those kept are mostly of the lower one, who go on leaving at its rate."""
    lifts, link, base = known(orders=0.0)
    score = np.random.default_rng(5).normal(0, 1.0, len(lifts["shop"].ratings))
    alike = returns([NEW], lifts, replace(link, score=score), base, random_seed=1).gains[0, 0]
    lasting = replace(link, score=score, lasting=1.5, shown=0.8)
    apart = returns([NEW], lifts, lasting, base, random_seed=1).gains[0, 0]
    assert apart[2] == pytest.approx(alike[2], rel=0.03)
    assert apart[-1] < 0.97 * alike[-1]


def test_who_is_kept_buys_as_those_of_its_level_do_whatever_made_them_so():
    """By hand: levels are normal of variance v, rates of leaving exp(a level), of orders exp(b level): exp(a b v)."""
    lifts, link, base = known(orders=0.0, slope=-0.4)
    ones = np.ones(DRAWS)
    alike = replace(link, lasting=0.5, shown=1e-9, apart={"service": -1.0 * ones}, buying=0.0 * ones)
    differing = replace(alike, buying=0.6 * ones)
    only = replace(base, other=0 * base.other)
    same, less = (returns([NEW], lifts, each, only, random_seed=1).gains[0, 0] for each in (alike, differing))
    assert less[1:5] / same[1:5] == pytest.approx(np.exp(-1.0 * 0.6 * 0.5), rel=0.02)
    # What makes who is at risk differ changes nothing of what a better experience moves.
    plain = returns([NEW], lifts, replace(alike, apart={}), base, random_seed=1).gains[0, 0]
    steep = returns([NEW], lifts, alike, base, random_seed=1).gains[0, 0]
    assert steep[2] == pytest.approx(plain[2], rel=0.01)
    assert steep[-1] < 0.97 * plain[-1]


def test_who_decided_before_it_was_better_still_goes():
    lifts, link, base = known(orders=0.0)
    at_once = returns([NEW], lifts, link, base, random_seed=1).gains[0, 0]
    three = np.zeros((DRAWS, 4))
    three[:, 3] = 1.0
    later = returns([NEW], lifts, replace(link, waits={"service": three}), base, random_seed=1).gains[0, 0]
    assert np.allclose(later[:4], 0)
    # The same customers are kept three months later, out of fewer who are there.
    assert later[10] / base.customers[0, 10] == pytest.approx(at_once[7] / base.customers[0, 7], rel=1e-6)


def test_dislike_that_colours_ratings_leaves_less_to_gain_at_the_bottom():
    ratings = Ratings.of(np.repeat([1.0, 2, 3, 4, 5], [50, 100, 200, 350, 300]))
    plain = ratings.gains(np.array([0.4]), np.zeros((1, 1)))[0, 0]
    low, high = ratings.gains(np.array([0.4]), np.array([[-0.5, 0.5]]))[0]
    assert plain[4] == 0
    assert low[1] < plain[1]  # who rates 2 and dislikes everything lived through 2 or 3
    assert high[4] > 0  # who rates 5 and likes everything lived through 4 or 5


def test_halo_widens_ratings_by_what_it_shares_with_the_experience():
    """x + .4 s with s = .6 x + noise: the standard deviation of the whole over that of x, by simulation."""
    random = np.random.default_rng(2)
    x = random.standard_normal(200_000)
    s = 0.6 * x + 0.8 * random.standard_normal(200_000)
    whole = x + 0.4 * s
    points = np.digitize(whole, np.quantile(whole, np.linspace(0.02, 0.98, 40))).astype(float)
    found = Ratings.of(points).widening(points, s, np.array([0.4 / whole.std()]))
    assert found[0] == pytest.approx(whole.std(), rel=0.01)


def test_those_who_seldom_answer_count_for_the_others_of_their_kind():
    lifts, link, base = known(orders=0.0)
    score = np.where(lifts["shop"].ratings <= 2, -1.0, 0.5)
    plain = returns([NEW], lifts, replace(link, score=score), base, random_seed=1).value[0, 0]
    mended = returns([NEW], lifts, replace(link, score=score, replies=0.4), base, random_seed=1).value[0, 0]
    assert mended > plain


def test_what_would_have_to_be_unseen_for_a_return_to_vanish():
    lifts, link, base = known()
    link = replace(link, score=np.linspace(-1, 1, len(lifts["shop"].ratings)))
    chain = chain_of([NEW, replace(NEW, name="dear", fixed_cost=1e9)], lifts, link, base, random_seed=1)
    half = replace(link, leaving={"service": 0.5 * link.leaving["service"]}, orders=0.5 * link.orders)
    found = bound_of(chain, (replace(chain, link=half), chain), (), 1.0).table.set_index("initiative")
    left = 1 - found["unseen"]["new"]
    less = replace(link, leaving={"service": left * link.leaving["service"]}, orders=left * link.orders)
    vanished = replace(chain, link=less).returns().npv[0].mean()
    assert abs(vanished) < 0.002 * chain.returns().npv[0].mean()
    assert np.isnan(found["unseen"]["dear"])
    assert found["widened_upper"]["new"] == pytest.approx(found["upper"]["new"])
    assert found["widened_lower"]["new"] == pytest.approx(replace(chain, link=half).returns().npv[0].min())
    assert found["sceptical"]["new"] < found["widened_lower"]["new"]


def test_the_bound_is_of_the_months_that_returns_are_counted_for():
    """By the chain that is shown: intervals as stated are those of returns over a year, not over two."""
    lifts, link, base = known()
    link = replace(link, score=np.linspace(-1, 1, len(lifts["shop"].ratings)))
    chain = chain_of([replace(NEW, lift_sd=0.2)], lifts, link, base, random_seed=1)
    shown = counted(Experience(chain=chain), 12).chain
    year = within(chain, 12).returns().table.iloc[0]
    row = bound_of(shown, (shown, shown), (), 1.0).table.iloc[0]
    assert (row["lower"], row["upper"]) == (pytest.approx(year["npv_lower"]), pytest.approx(year["npv_upper"]))
    assert row["upper"] < chain.returns().table["npv_upper"][0]
    none = Experience(missing="No table initiatives.")
    assert counted(none, 12) is none


def test_the_curve_of_confounders_is_that_of_an_omitted_variable():
    lifts, link, base = known()
    link = replace(link, score=np.linspace(-1, 1, len(lifts["shop"].ratings)))
    chain = chain_of([NEW], lifts, link, base, random_seed=1)
    found = bound_of(chain, (chain, chain), (), 0.57)
    row = found.curve.iloc[10]
    unseen = found.table["unseen"][0]
    assert np.log(row["ratio"]) * row["correlation"] == pytest.approx(unseen * 0.8 * 0.57)  # not of the score
    assert found.leading == "new"


@pytest.mark.parametrize(
    ("drivers", "change", "says"),
    [
        (None, {}, "needs a run of driver_analysis"),
        (object(), {"surveys": None}, "no table surveys"),
        (object(), {"initiatives": None}, "no table initiatives"),
        (
            object(),
            {"surveys": pd.DataFrame({"shop": [1.0], "timestamp": [pd.Timestamp("2024-01-01")]})},
            "no customer",
        ),
    ],
)
def test_what_is_missing_is_said_and_the_value_half_stands(drivers, change, says):
    tables = dict.fromkeys(("surveys", "subscriptions", "initiatives"), pd.DataFrame()) | change
    found = return_on_experience(drivers, None, None, tables, random_seed=1)
    (check,) = flatten([found])
    assert check.status == "pass"
    assert says in check.message
    assert fund(found, None, None, tables, Terms(months=12)).parts == ()
