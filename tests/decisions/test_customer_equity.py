"""What customers are worth: limits that are known by hand, doubts and moves that are planted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.decisions.logs import FAMILIES, KNOWN, business_of, one_buyer, small_business, transactions

from workbench.decisions import equity
from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.change import Change, _gathered
from workbench.decisions.equity.doubts import doubts_of, halving_loss, reach
from workbench.decisions.equity.tiers import SHARES, borders_of, place_of, rfm_scores
from workbench.decisions.equity.worth import cells_of
from workbench.decisions.value import ForecastErrors, Money, Plan
from workbench.decisions.value.buyers import buyers_of
from workbench.declared import declared, faults
from workbench.errors import ParameterError
from workbench.features import purchase_log
from workbench.models import spend
from workbench.models.purchases import Histories, drawing, expected_purchases
from workbench.statistics.horizons import DAYS_A_MONTH

STEP = DAYS_A_MONTH / 7
CERTAIN = {"NBD": [2e9, 1e9]}  # two purchases a week, of everybody


def plan(rate=0.1, horizons=(12.0, np.inf), n=1, months=12, turn=0):
    cells = np.zeros(n, dtype=int)
    return Plan(rate=rate, horizons=np.array(horizons), months=months, cells=cells, money=Money(), round=turn)


def assumptions(**more):
    given = {"rate": 0.1, "horizons": [1.0, 3.0], "tier_shares": SHARES, "seed": 1, **more}
    return equity.Assumptions.of(Money(currency="EUR"), **given)


def with_errors(business):
    """The same, whose earlier forecasts were a tenth off, half a year ahead."""
    return replace(business, errors=ForecastErrors(logs=np.array([0.1, -0.1, 0.1, -0.1]), months=6.0))


def certain_business():
    return business_of(
        one_buyer(), None, families=FAMILIES[3:], draws=100, parameters=CERTAIN, spend=[1.0, 1e9, 1e10]
    )  # an order is of 10 for sure


@pytest.fixture(scope="module")
def change():
    return equity.value_base(small_business(), assumptions())


def test_one_certain_customer_is_worth_the_annuity():
    block = next(certain_business().blocks(plan()))
    month, factor = 2 * STEP * 10, 1.1 ** (-1 / 12)
    annuity = month * factor * (1 - 1 / 1.1) / (1 - factor)
    assert block.value[0, :, 0] == pytest.approx(annuity, rel=2e-3)
    assert block.value[0, :, 1] == pytest.approx(month * factor / (1 - factor), rel=2e-3)
    assert block.flows["orders"][:, :, 0] == pytest.approx(month, rel=2e-3)
    assert (block.staying == 1).all()
    assert block.customers == pytest.approx(1)


def test_an_infinite_rate_leaves_nothing_and_none_leaves_sums():
    block = next(certain_business().blocks(plan(rate=np.inf)))
    assert (block.value == 0).all()
    block = next(certain_business().blocks(plan(rate=0.0)))
    assert block.value[0, :, 0] == pytest.approx(12 * 2 * STEP * 10, rel=2e-3)
    assert np.isnan(block.value[0, :, 1]).all()  # an endless sum


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_newcomer_is_worth_what_the_closed_form_says(family):
    business = business_of(one_buyer(), None, families=[family], draws=10)
    found = business.newcomers(plan(rate=0.0, horizons=(12.0, 60.0), months=60))
    p, q, scale = business.spends[0]
    true = np.array(KNOWN[family.name])
    for place, months in enumerate((12, 60)):
        orders = 1 + expected_purchases(family, true, Histories.newcomer(), months * STEP)[0]
        assert found.value[0, place] == pytest.approx(orders * p * scale / (q - 1), rel=2e-3)
    assert found.flow[0].sum() == pytest.approx(found.value[0, 1], rel=1e-9)


def test_no_value_of_a_newcomer_where_mean_spend_is_infinite():
    business = business_of(one_buyer(), None, draws=10, spend=[6.0, 0.9, 15.0])
    assert business.newcomers(plan()) is None
    assert spend.mean_spend_check(business.spends).status == "fail"


def test_totals_are_sums_over_customers_and_both_passes_agree(change):
    now = change.now
    groups = now.second.groups
    for grouping in ("tier", "cohort"):
        rows = groups.index[groups["grouping"] == grouping]
        assert now.second.totals[rows].sum(axis=0) == pytest.approx(now.second.totals[0], rel=1e-9)
        assert groups.loc[rows, "customers"].sum() == len(now.business.customers)
    assert now.first.value.sum(axis=0) == pytest.approx(now.first.totals.mean(axis=0), rel=1e-9)
    assert now.first.totals.mean(axis=0) == pytest.approx(now.second.totals[0].mean(axis=0), rel=0.05)
    factor = now.discount ** np.arange(1, 37)
    flow = now.second.flows["orders"].sum(axis=2)[:, :36] @ factor
    assert flow == pytest.approx(now.totals(2), rel=1e-9)  # what is added up by month is the value within 3 years


def test_order_of_rows_changes_nothing():
    rows = transactions()
    values = []
    for frame in (rows, rows.sample(frac=1, random_state=2)):
        log = purchase_log(frame)
        business = business_of(buyers_of(log.days, log.until), log, draws=100)
        values.append(equity.value_at(business, assumptions()).second.totals)
    assert (values[0] == values[1]).all()


def test_size_of_blocks_changes_nothing_but_the_random_numbers(monkeypatch):
    business = small_business(draws=400)
    first = equity.worth.first_of(business, assumptions()).totals
    monkeypatch.setattr(drawing, "BLOCK", 37)
    other = equity.worth.first_of(business, assumptions()).totals
    error = np.sqrt((first.var(axis=0) + other.var(axis=0)) / len(first))
    assert (np.abs(first.mean(axis=0) - other.mean(axis=0)) < 4 * error).all()
    again = equity.worth.first_of(business, assumptions()).totals
    assert (other == again).all()


def test_equal_customers_are_worth_the_same():
    rows = transactions(customers=100)
    log = purchase_log(pd.concat([rows, rows.assign(customer_id="twin " + rows["customer_id"])], ignore_index=True))
    worth = equity.value_at(business_of(buyers_of(log.days, log.until), log, draws=100), assumptions())
    value = pd.DataFrame(worth.first.value, index=worth.business.customers)
    twins = value[value.index.str.startswith("twin")]
    assert (twins.to_numpy() == value.loc[twins.index.str.removeprefix("twin ")].to_numpy()).all()


def test_doubts_are_those_that_were_planted():
    random = np.random.default_rng(5)
    draws = 40_000
    models = np.arange(draws) % 2
    common = random.normal(0, 3, draws) + np.where(models == 1, 5.0, -5.0) + 100
    first, second = common + random.normal(0, 2, draws), common + random.normal(0, 2, draws)
    errors = ForecastErrors(logs=np.array([0.1, -0.1] * 20), starts=np.arange(40) * 6.0, months=6.0)
    found = doubts_of(first, second, models, errors, 6.0, seed=1)
    assert found.variances["nature"] == pytest.approx(4, rel=0.03)
    assert found.variances["parameters"] == pytest.approx(9, rel=0.03)
    assert found.variances["model"] == pytest.approx(25, rel=0.03)
    assert found.variances["forecasts"] == pytest.approx(
        100 * (1.684 / 1.645) ** 2, rel=0.01
    )  # t with 40 degrees beside a normal
    assert sum(found.shares.values()) == pytest.approx(1)
    further = doubts_of(first, second, models, errors, 24.0, seed=1)
    assert np.log(further.multiplier).std() == pytest.approx(2 * np.log(found.multiplier).std(), rel=1e-6)
    assert (doubts_of(first, second, models, None, 6.0, seed=1).multiplier == 1).all()


def test_reach_and_loss_of_an_endless_flow_are_known_by_hand():
    # 1 a month for ever at a discount d: worth d / (1 - d); what comes after a time falls with the mean 1 / (1 - d).
    factor = 1 / 1.01
    beyond = factor**60 * factor / (1 - factor)
    assert reach(np.ones(60), factor, beyond) == pytest.approx(1.5 / 0.01, rel=0.01)
    assert reach(np.ones(12), 1.0, 0.0) == pytest.approx(12)
    assert reach(np.append(1.0, np.zeros(11)), 1.0, 0.0) == pytest.approx(1)
    loss = halving_loss(np.ones(60), factor, beyond)
    lasting = factor * (1 - loss)
    assert lasting / (1 - lasting) == pytest.approx(50)


def test_ends_are_quantiles():
    values = np.random.default_rng(1).normal(size=(7, 333))
    low, high = ends(values, axis=1)
    assert low == pytest.approx(np.quantile(values, 0.05, axis=1))
    assert high == pytest.approx(np.quantile(values, 0.95, axis=1))


def test_tiers_keep_equal_customers_together_and_shares_where_all_differ():
    value = np.random.default_rng(2).permutation(1000).astype(float)
    assert np.bincount(place_of(value, np.array(SHARES))).tolist() == [80, 170, 250, 500]
    assert place_of(np.ones(10), np.array(SHARES)).tolist() == [2] * 10  # the middle rank of all is the border
    sample = np.arange(1000.0)[:, None] * np.ones(3)
    assert borders_of(sample, np.array(SHARES))[0].tolist() == [920, 750, 500]
    assert rfm_scores(np.zeros(9), np.ones(9), np.ones(9)).tolist() == [[3, 3, 3]] * 9


def test_tiers_of_draws_have_the_shares_that_were_asked_for(change):
    probability = change.now.tiers.probability
    assert probability.sum(axis=1) == pytest.approx(1)
    assert probability[:, :2].mean(axis=0) == pytest.approx(SHARES[:2], abs=0.005)
    # The best tier is surer than chance would have it.
    assert change.now.tiers.own[change.now.tiers.place == 0].mean() > 3 * SHARES[0]


def test_all_moves_between_two_draws_of_one_day_are_chance(change):
    same = replace(change, then=change.now)
    assert same.by_chance == pytest.approx(1)
    sure = replace(change.now.tiers, probability=np.eye(4)[change.now.tiers.place])
    other = replace(sure, probability=np.roll(sure.probability, 1, axis=1))
    now, then = replace(change.now, tiers=sure), replace(change.now, tiers=other)
    moved = Change(now=now, beside=now, then=then, months=12, kinds=change.kinds)
    assert (moved.moved, moved.by_chance) == (1.0, 0.0)


def test_parts_of_the_change_add_up_and_new_customers_are_new(change):
    parts = change.parts().set_index("kind")
    total = change.now.totals(-1).mean() - change.then.totals(-1).mean()
    assert parts["change"].sum() == pytest.approx(total)
    assert change.months == 6  # 400 days: a year back there is not a quarter of records
    known = set(change.then.business.customers)
    new = np.array([customer not in known for customer in change.now.business.customers])
    assert ((change.kinds == "new") == new).all()
    assert parts.loc["new", "change"] > 0 > parts.loc["lost", "change"]


def test_few_lost_customers_are_worth_less_and_never_told_alone():
    kinds = np.array(["new"] * 12 + ["lost"] * 3 + ["more"] * 20 + ["less"] * 20)
    found, few = _gathered(kinds, 0)
    assert few == ("lost",)
    assert (found == np.where(kinds == "lost", "less", kinds)).all()
    assert _gathered(kinds, 7)[1] == ()  # ten with those who are not among today's customers


def test_the_change_without_its_few_still_adds_up(change):
    few = int((change.kinds == "lost").sum())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workbench.decisions.equity.change.SMALLEST_GROUP", few + 1)
        found = equity.value_base(small_business(), assumptions())
    parts = found.parts().set_index("kind")
    assert "lost" in found.gathered
    assert "lost" not in parts.index
    assert parts["customers"].sum() == len(found.kinds)
    assert parts["change"].sum() == pytest.approx(change.parts()["change"].sum())
    metrics = next(each for each in found.exhibits() if isinstance(each, dict))
    assert metrics["equity_lost"] is None
    found.draw()


def test_groups_by_horizon_are_sums_of_their_customers(change):
    frame = equity.Base(worth=change.now).groups.by_horizon()
    everybody = frame[frame["grouping"] == "all"].set_index("months")
    for grouping in ("tier", "cohort"):
        own = frame[frame["grouping"] == grouping].groupby("months")[["orders", "value"]].sum(min_count=1)
        for name in ("orders", "value"):
            assert own[name].to_numpy() == pytest.approx(everybody[name][own.index].to_numpy(float), nan_ok=True)
    each = equity.Standing(worth=change.now).frame()
    assert everybody.loc["12", "orders"] == pytest.approx(each["orders:12"].sum())
    assert (each["orders_lower:12"] <= each["orders:12"]).all()
    assert (each["orders:12"] <= each["orders_upper:12"]).all()
    active = change.now.second.alive.sum(axis=1)
    assert active[0] == pytest.approx(active[change.now.second.groups["grouping"] == "tier"].sum())


def test_customers_who_are_all_worth_the_same_carry_nobody():
    same = [(f"c{place}", "2025-01-01", 5.0) for place in range(40)]
    same += [(f"c{place}", "2025-02-01", 5.0) for place in range(40)]
    frame = pd.DataFrame(same, columns=["customer_id", "timestamp", "amount"])
    log = purchase_log(frame.assign(timestamp=pd.to_datetime(frame["timestamp"])))
    worth = equity.value_at(business_of(buyers_of(log.days, log.until), log, draws=100), assumptions())
    (said,) = [each for each in equity.Base(worth=worth).exhibits() if getattr(each, "id", "") == "who_carries"]
    assert "all customers are worth the same" in said.statement
    assert said.estimate == 1


def test_a_newcomers_band_ends_where_the_interval_does(change):
    found = equity.newcomer_of(replace(change.now, business=with_errors(change.now.business)))
    place = int(np.flatnonzero(found.worth.horizons == 36)[0])
    low, high = ends(found.drawn.value[:, place] * found.worth.errors_by_month(36)[:, -1])
    assert (low, high) == pytest.approx(found.value(place)[1:])


def test_records_too_short_to_look_back_say_so():
    found = equity.value_base(small_business(days=80), assumptions())
    assert found.then is None
    (check,) = found.exhibits()
    assert check.name == "earlier_equity"


def test_tables_for_machines_keep_what_is_declared(change):
    standing = equity.Standing(worth=change.now)
    for name, frame in (
        ("customer_value", standing.frame()),
        ("value_draws", standing.draws()),
        ("value_cells", standing.cells()),
    ):
        assert faults(declared("clv_roi", name), frame) == []
    frame = standing.frame()
    assert frame["value:lifetime"].sum() == pytest.approx(change.now.first.totals[:, -1].mean())
    assert (frame["lower:36"] <= frame["upper:36"]).all()
    cash = standing.draws().groupby("draw")["cash_orders"].sum()
    assert cash.to_numpy() == pytest.approx(change.now.second.flows["orders"].sum(axis=(1, 2)))


def test_small_cells_are_gathered():
    groups = pd.DataFrame({"tier": ["a"] * 50 + ["b"] * 50, "region": ["n"] * 47 + ["s"] * 53})
    codes, cells = cells_of(groups)
    assert cells["customers"].sum() == 100
    assert cells["customers"].min() >= 10
    assert np.bincount(codes).tolist() == cells["customers"].tolist()


def test_what_is_gathered_follows_from_no_total():
    """By hand: of a × x are three, whom the total of a, or of x, gives away unless another of each goes with them."""
    sizes = {("a", "x"): 3, ("a", "y"): 30, ("a", "z"): 20, ("b", "x"): 40, ("b", "y"): 25, ("b", "z"): 60}
    rows = [pair for pair, n in sizes.items() for _ in range(n)]
    _, cells = cells_of(pd.DataFrame(rows, columns=["region", "plan"]))
    gathered = set(sizes) - set(zip(cells["region"], cells["plan"], strict=True))
    assert ("a", "x") in gathered
    for axis in (0, 1):
        for value in {pair[axis] for pair in gathered}:
            assert sum(pair[axis] == value for pair in gathered) > 1
            assert sum(sizes[pair] for pair in gathered if pair[axis] == value) >= 10
    assert cells["customers"].sum() == sum(sizes.values())


def test_a_group_truly_named_others_keeps_to_itself():
    """By hand: 40 each with names of their own; of the fourth four and of the fifth eight, who are one cell."""
    groups = pd.DataFrame({"region": ["e"] * 40 + ["n"] * 40 + ["others"] * 40 + ["s"] * 4 + ["w"] * 8})
    _, cells = cells_of(groups)
    sizes = dict(zip(cells["region"], cells["customers"], strict=True))
    assert sizes == {"e": 40, "n": 40, "others": 40, "others (together)": 12}


def test_a_lifetime_that_cannot_be_told_is_left_out():
    business = replace(small_business(), lifetime=False)
    worth = equity.value_at(business, assumptions())
    assert worth.last == 36
    assert equity.Base(worth=worth).metrics()["base_value_lifetime"] is None
    assert "value:lifetime" not in equity.Standing(worth=worth).frame()
    assert np.isfinite(worth.totals(-1)).all()
    assert business.newcomers(plan(n=len(business.customers))).value.shape[1] == 2


def test_assumptions_are_refused_with_every_fault():
    with pytest.raises(ParameterError) as caught:
        assumptions(rate=8.0, horizons=[0.01], tier_shares=[0.5, 0.2])
    assert [each.partition(":")[0] for each in caught.value.faults] == ["rate", "horizons", "tier_shares"]
    with pytest.raises(ParameterError, match=r"rate: got -0\.05"):
        assumptions(rate=-0.05)


def test_what_is_said_has_no_gap(change):
    from workbench.exhibits import Table, flatten
    from workbench.findings import Check, Finding

    shown = list(
        flatten(
            [equity.Base(worth=change.now), equity.newcomer_of(change.now), change, equity.Standing(worth=change.now)]
        )
    )
    said = {each.id: each for each in shown if isinstance(each, Finding)}
    assert next(iter(said)) == "base_value"
    assert {"who_carries", "what_would_halve_it", "doubts", "newcomer_value", "equity_change"} <= set(said)
    assert [each.id for each in said.values() if each.action] == ["base_value"]  # one report, one recommendation
    tables = {each.name: each.frame for each in shown if isinstance(each, Table)}
    groups = tables["value_by_group"].set_index("group")
    assert said["who_carries"].estimate == groups.loc["Diamond", "share"]
    assert f"{groups.loc['Bronze', 'share']:.1%}" in said["who_carries"].statement  # what is said stands in the table
    near = tables["value_by_horizon"].iloc[0]
    assert said["base_value"].action == (
        f"Decide by what comes within 1 year: {equity.words.money(near['value'], 'EUR')} "
        f"({equity.words.money(near['lower'])} to {equity.words.money(near['upper'])})."
    )
    assert not [each.statement for each in said.values() if "nan" in each.statement or len(each.statement.split()) > 25]
    checks = {each.name: each.status for each in shown if isinstance(each, Check)}
    assert checks == {"extrapolated_share": "warn", "margin_known": "pass"}


@pytest.mark.parametrize(
    ("variances", "said"),
    [
        ({"nature": 0.0, "parameters": 3.0, "model": 0.0, "forecasts": 0.0}, "comes from the model's estimates (100%)"),
        (
            {"nature": 1.0, "parameters": 3.0, "model": 0.0, "forecasts": 0.0},
            "the model's estimates (75%) and customers themselves (25%)",
        ),
    ],
)
def test_sources_of_no_doubt_are_not_told_as_nothing(change, variances, said):
    from dataclasses import replace

    doubts = replace(change.now.doubts[-1], variances=variances)
    worth = replace(change.now)
    worth.__dict__["doubts"] = [*change.now.doubts[:-1], doubts]  # cached there
    (finding,) = [each for each in equity.Base(worth=worth).exhibits() if getattr(each, "id", "") == "doubts"]
    statement = finding.statement
    assert said in statement
    assert "(0%)" not in statement
    assert finding.estimate == max(doubts.shares.values())
