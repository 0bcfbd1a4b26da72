"""The truth about the truth: limits, agreement with brute force, and Monte-Carlo errors that are told."""

import json
from collections import deque
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from tests.simulate.conftest import TOLERANCE

from workbench.simulate.decisions import UNDONE_MONTHS, VALUE_MONTHS, _present, subsets_of, value_ahead, worth
from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.calibration import _Draw, world_of
from workbench.simulate.engine.coefficients import CATEGORY_PRICE, COST_PER_MINUTE, FEE_MARGIN, draw
from workbench.simulate.engine.customers import Customers, join
from workbench.simulate.engine.futures import Worlds, ahead
from workbench.simulate.engine.history import live
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.intentions import Leaving, order_factor
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.words import REASONS, TOUCHPOINTS
from workbench.simulate.population import HORIZON_MONTHS, active_customers, discount, newcomers

SETTINGS = read_settings(["preset=small", "customers=1024", "seed=4"])


@pytest.fixture(scope="module")
def world():
    return world_of(SETTINGS)


@pytest.fixture(scope="module")
def people(world):
    """Customers at the decision date."""
    months = live(world, Noise(4, 0, 1_024), SETTINGS.months, calendar=1, surveys=False)
    return deque(months, maxlen=1)[0].people


def told(firm):
    return json.loads((firm.known / "truth.json").read_text())


def test_all_64_subsets_are_valued_within_the_tolerated_share_of_their_cost(firm):
    subsets = told(firm)["initiatives"]["subsets"]
    assert len({tuple(each["initiatives"]) for each in subsets}) == 64
    assert subsets[0] == {"initiatives": [], "npv": 0.0, "monte_carlo_error": 0.0, "cost": 0.0}
    assert all(each["monte_carlo_error"] <= TOLERANCE * each["cost"] for each in subsets)


def test_without_valuation_what_pilots_did_is_told_and_nobody_is_valued(firm, company):
    quick = company("preset=small", "customers=600", "months=20", "seed=4", "valuation=false")
    assert {path.stem for path in quick.known.iterdir()} == {
        *("truth", "ledger", "trial_effects", "contact_effects", "leaving")
    } & {path.stem for path in firm.known.iterdir()}
    for name in ("ledger", "trial_effects", "contact_effects"):
        pd.testing.assert_frame_equal(quick.truth(name), firm.truth(name))
    pd.testing.assert_frame_equal(quick.table("transactions"), firm.table("transactions"))
    assert set(told(quick)) == {"settings", "trials", "structural"}
    assert told(quick)["trials"] == told(firm)["trials"]


def test_net_present_values_are_made_of_the_monthly_gains(firm):
    flows = firm.truth("initiative_cash_flows")
    for each in told(firm)["initiatives"]["subsets"][1:]:
        gains = flows[flows["initiatives"] == " + ".join(each["initiatives"])].sort_values("month")["gain"]
        assert np.isclose(gains @ discount(VALUE_MONTHS) - each["cost"], each["npv"])


def test_lifetime_values_are_made_of_the_monthly_cash_flows(firm):
    flows = firm.truth("newcomers")
    for segment, values in told(firm)["newcomers"]["lifetime_value"].items():
        for value, worth_ in values.items():
            here = flows[(flows["segment"] == segment) & (flows["value"] == value)].sort_values("month")
            assert np.isclose(here["cash"] @ discount(HORIZON_MONTHS), worth_)


def test_survival_and_incidences_of_newcomers_sum_to_one(firm):
    table = firm.truth("newcomers")
    assert np.allclose(table["survival"] + table[[f"incidence_{reason}" for reason in REASONS]].sum(axis=1), 1)
    assert table.groupby(["segment", "value"])["survival"].is_monotonic_decreasing.all()


def test_an_initiative_without_effect_is_worth_minus_its_cost(world, people):
    initiatives = [replace(each, true_lift=0.0) for each in offered(SETTINGS)[:2]]
    noise = Noise(4, 0, 1_024)
    value, _ = value_ahead(SETTINGS, world, people, noise, initiatives)
    told_, _ = worth(SETTINGS, value, initiatives, 1_024)
    for each in told_["subsets"]:
        assert each["npv"] == -each["cost"]
        assert each["monte_carlo_error"] == 0


def test_a_value_is_known_to_two_percent_of_its_cost(world, people):
    initiatives = offered(SETTINGS)[:2]
    value, _ = value_ahead(SETTINGS, world, people, Noise(4, 0, 1_024), initiatives)
    known, _ = worth(SETTINGS, value, initiatives, 1_024)
    assert len(known["subsets"]) == 4
    assert all(0 < each["monte_carlo_error"] <= 0.02 * each["cost"] for each in known["subsets"][1:])


def test_what_customers_are_worth_if_nothing_is_done_adds_up_to_the_flows_of_doing_nothing(world, people):
    value, undone = value_ahead(SETTINGS, world, people, Noise(4, 0, 1_024), offered(SETTINGS)[:1])
    for months, worth_ in zip(UNDONE_MONTHS, undone.value, strict=True):
        assert np.isclose(worth_.sum(), value.flows[0, :months] @ discount(months), rtol=1e-12)
    assert (undone.value[:, ~people.active] == 0).all()
    assert (undone.error[:, people.active] > 0).all()


def test_the_error_of_what_a_customer_is_worth_is_told(world, people):
    """Against 40 other futures, where several are worked out and where one is: its square is right on average."""
    several = people.repeated(2)  # so many customers that replicates are worked out one at a time
    noise, there = Noise(4, 0, 2_048), several.active
    others = np.stack([_present(SETTINGS, world, several, noise.again(900 + each))[:, there] for each in range(40)])
    spread, mean = others.std(axis=0, ddof=1), others.mean(axis=0)
    for cost in (0.5, 1e6):
        costing = replace(offered(SETTINGS)[0], cost_per_customer=0.0, fixed_cost=cost * len(several))
        value, undone = value_ahead(SETTINGS, world, several, noise, [costing])
        assert (value.replicates == 1) == (cost > 100)
        expected = (undone.error[:, there] / spread) ** 2 + 1 / len(others)
        for off, each in zip((undone.value[:, there] - mean) / spread, expected, strict=True):
            assert abs(off.sum()) < 4 * np.sqrt(each.sum())
            assert np.mean(off**2) == pytest.approx(each.mean(), rel=0.2)


def test_every_customer_of_the_decision_date_has_a_value(firm):
    """And no other; the truth tells their sum, and how many of the company they are."""
    table, whole = firm.truth("active_value"), told(firm)["active_value"]
    contracts = firm.table("subscriptions")
    assert set(table["customer_id"]) == set(contracts.loc[contracts["end"].isna(), "customer_id"])
    assert table["customer_id"].is_unique
    assert whole["customers"] == len(table) == told(firm)["initiatives"]["customers"]
    assert whole["share_of_company"] == 1
    for months in UNDONE_MONTHS:
        assert np.isclose(whole[f"value_{months}"], table[f"value_{months}"].sum())
        assert np.isclose(whole[f"value_{months}_error"] ** 2, (table[f"value_{months}_error"] ** 2).sum())
    assert (table["value_36"] > table["value_12"]).mean() > 0.95


def test_without_the_link_an_improvement_moves_nobody_and_loyalty_fakes_it():
    """A better experience makes content, and neither leaving nor orders move; who is content still leaves less."""
    settings = replace(SETTINGS, link=0.0)
    world = world_of(settings)
    people = deque(live(world, Noise(4, 0, 1_024), SETTINGS.months, calendar=1, surveys=False), maxlen=1)[0].people
    months = list(
        ahead(world, people, Worlds.pilot(2, 1.0), Noise(4, 0, 1_024), first=SETTINGS.months, months=3, calendar=1)
    )
    for each in months:
        assert np.array_equal(each.staying[0], each.staying[1])
        assert np.array_equal(each.left[:, 0], each.left[:, 1])
        for kind, cash in each.cash.items():
            assert np.array_equal(cash[0], cash[-1]), kind
    lifted = months[-1].satisfaction[1] - months[-1].satisfaction[0]
    assert lifted[people.active].mean() > 0.05
    there, left = people.active, 1 - months[-1].staying[0]
    content = people.satisfaction > np.median(people.satisfaction[there])
    assert left[there & content].mean() < 0.95 * left[there & ~content].mean()
    told_, _ = worth(
        settings,
        value_ahead(settings, world, people, Noise(4, 0, 1_024), offered(settings)[:2])[0],
        offered(settings)[:2],
        1_024,
    )
    assert all(each["npv"] == -each["cost"] for each in told_["subsets"])


def test_twice_the_link_is_twice_the_effect_of_satisfaction():
    drawn, double = (draw(read_settings(["seed=4", f"link={link}"]))[0] for link in (1, 2))
    satisfied = ("satisfaction_on_service_hazard", "satisfaction_on_price_hazard", "satisfaction_on_purchases")
    for name in (*satisfied, "unresolved_on_service_hazard"):
        assert getattr(double, name) == 2 * getattr(drawn, name)
    assert double.loyalty_on_hazard == drawn.loyalty_on_hazard


def test_a_subset_costs_what_its_initiatives_cost(firm):
    initiatives = told(firm)["initiatives"]
    single = {each["initiative"]: each["cost"] for each in initiatives["single"]}
    for each in initiatives["single"]:
        expected = each["fixed_cost"] + each["cost_per_customer"] * each["reached"]
        assert np.isclose(each["cost"], expected)
    for each in initiatives["subsets"]:
        assert np.isclose(each["cost"], sum(single[name] for name in each["initiatives"]))


def brute_force(world, people, lifts, replicate, months):
    """The future of the same customers, drawn month by month with leavers leaving: realised cash flow and leavers."""
    people = people.copy()
    noise = Noise(4, 0, 1_024, replicate)
    cash, reasons = np.zeros(months), np.zeros((months, 4))
    there = people.active.copy()
    for step in range(months):
        month = SETTINGS.months + step
        unresolved = ((people.complained > month - 1 - eq.GRIEVANCE_MONTHS) & ~people.settled).sum(axis=0)
        hazards = np.stack(
            eq.hazards(
                world,
                satisfaction=people.satisfaction,
                unresolved=unresolved,
                relative_price=people.relative_price,
                plan=people.plan,
                loyalty=people.loyalty,
                frailty=people.frailty,
                need_gone=people.need_gone,
                tenure=month - people.joined,
                call=people.call(month),
                month=month,
            )
        )
        draws = np.random.default_rng([replicate, step])
        factor = 1.0
        if world.warning:
            pull = people.call(month) + eq.anniversary(world, month - people.joined)
            leaving = Leaving.of(world, hazards, pull)
            hazards = leaving.of_customers(people.intention)
            people.intention = leaving.draw(people.intention, draws.random(len(people)))
            factor = order_factor(world)[people.intention]
        time = draws.exponential(size=len(people)) / hazards.sum(axis=0)
        stay = np.minimum(time, 1) * there
        rate = eq.purchase_rate(
            world,
            satisfaction=people.satisfaction,
            propensity=people.propensity,
            loyalty=people.loyalty,
            need_gone=people.need_gone,
            calendar_month=month % 12 + 1,
        )
        orders = draws.poisson(rate * factor * stay) * (1 - world.refund_share)
        amount = np.exp(world.basket + people.spends + world.basket_sd**2 / 2)
        cash[step] += (FEE_MARGIN * people.price() * stay).sum()
        cash[step] += (orders * amount * (world.category_share @ (CATEGORY_PRICE * world.category_margin))).sum()
        left = there & (time < 1)
        for reason in range(4):
            reasons[step, reason] = (left * hazards[reason] / hazards.sum(axis=0)).sum()
        from workbench.simulate.engine.customers import visit

        total = eq.standing(world, people.loyalty, people.relative_price)
        for k, touchpoint in enumerate(TOUCHPOINTS):
            before = (people.latent[k], people.visited[k], people.complained[k], people.settled[k])
            piloted = np.where((month < people.pilot_until) & (people.pilot_touchpoint == k), people.pilot_lift, 0)
            done = visit(world, people, k, month, noise, before=before, lift=lifts[k] + piloted, until=stay)
            people.latent[k], people.visited[k] = done.latent, done.visited
            people.complained[k], people.settled[k] = done.complained, done.settled
            cash[step] -= COST_PER_MINUTE * touchpoint.minutes * (done.used & there).sum()
            total = total + done.adds(world, k, people, month)
        people.satisfaction = total
        people.need_gone = people.need_gone | (draws.random(len(people)) < world.need_onset)
        there = there & ~left
        people.active = there
    return cash, reasons


@pytest.mark.parametrize("warning", [0, 1])
def test_weighted_futures_agree_with_futures_in_which_people_leave(warning):
    """Cash flows and reasons by month, with a lift at two touchpoints: 60 drawn futures of 1,024 customers."""
    world = world_of(replace(SETTINGS, warning=float(warning)))
    people = deque(live(world, Noise(4, 0, 1_024), SETTINGS.months, calendar=1, surveys=False), maxlen=1)[0].people
    months, replicates = 8, 60
    lifts = [0.0] * len(TOUCHPOINTS)
    lifts[2], lifts[5] = 0.5, 0.8
    variants = [np.array([[lift]]) for lift in lifts]
    worlds = Worlds(variants, np.zeros((1, len(lifts)), dtype=int), np.zeros(1, dtype=int))
    expected_cash, expected_left = np.zeros(months), np.zeros((months, 4))
    for replicate in range(8):
        steps = ahead(
            world, people, worlds, Noise(4, 0, 1_024, 900 + replicate), first=SETTINGS.months, months=months, calendar=1
        )
        for step, each in enumerate(steps):
            expected_cash[step] += sum(each.cash.values()).sum() / 8
            expected_left[step] += each.left[:, 0].sum(axis=1) / 8
    drawn = [brute_force(world, people, lifts, 100 + r, months) for r in range(replicates)]
    for position, expected in enumerate((expected_cash, expected_left)):
        seen = np.stack([each[position] for each in drawn])
        error = seen.std(axis=0, ddof=1) / np.sqrt(replicates)
        assert (np.abs(seen.mean(axis=0) - expected) < 4.5 * error + 0.002 * np.abs(expected)).all()


def test_common_noise_leaves_a_tenth_of_the_variance(world, people):
    """The gain of a lift at one touchpoint over a year, between paired and between unpaired worlds."""
    months, lift = 12, 0.5
    paired, without, with_ = [], [], []
    for replicate in range(40):
        futures = ahead(
            world,
            people,
            Worlds.pilot(2, lift),
            Noise(4, 0, 1_024, 300 + replicate),
            first=SETTINGS.months,
            months=months,
            calendar=1,
        )
        value = sum(sum(each.cash.values()).sum(axis=1) for each in futures)
        paired.append(value[1] - value[0])
        without.append(value[0])
        with_.append(value[1])
    assert np.var(paired) < 0.1 * (np.var(without) + np.var(with_))


def test_common_noise_also_pairs_histories_in_which_people_leave(world):
    """The same with everybody leaving, buying and complaining by the draw: two worlds that differ by one effect.

    Customers know nothing of each other, so that 32 parts of one company are 32 companies.
    """
    better = replace(world, level=world.level + np.eye(len(TOUCHPOINTS))[2] * 0.3)

    def margins(which):
        months = live(which, Noise(4, 0, 32 * 128), 6, calendar=1, surveys=False)
        each = sum(sum(each.cash().values()) for each in months if each.month >= 0)
        return each.reshape(32, 128).sum(axis=1)

    plain, lifted = margins(world), margins(better)
    assert np.var(lifted - plain) < 0.1 * (np.var(lifted) + np.var(plain))


def test_survival_of_newcomers_is_what_kaplan_meier_sees_in_a_large_company(company):
    """Late entry taken into account; the company without trials, as the truth has it."""
    firm = company("customers=12000", "months=30", "seed=4", "trials=false", "truth=false", cores=2)
    table, _ = newcomers(read_settings(["seed=4"]), world_of(read_settings(["seed=4"])))
    truth = table.to_pandas().query("segment == 'plan'")
    lives = firm.table("lifetimes")
    for plan, here in lives.groupby("plan"):
        seen = KaplanMeierFitter(alpha=0.002).fit(here["duration"], here["event"], entry=here["entry"])
        band = seen.confidence_interval_
        for month in (3, 12, 24, 36):
            true = float(truth[(truth["value"] == plan) & (truth["month"] == month)]["survival"].iloc[0])
            low, high = band[band.index <= month].iloc[-1]
            assert low <= true <= high, (plan, month)


def test_newcomers_do_not_depend_on_how_the_company_is_cut(world):
    """The truth about the population is of the seed, not of the size of the company: it is calibrated once."""
    small, large = (read_settings([f"customers={n}", "seed=4"]) for n in (10, 100_000))
    assert world_of(small) is world_of(large)


@pytest.mark.parametrize("other", ["seed=5", "churn=0.03", "response=0.3", "start=2023-07", "halo=0", "warning=0"])
def test_what_a_world_is_drawn_from_wants_another_calibration(other):
    one, same, different = (
        _Draw(*draw(each), each.seed, each.first_day.month)
        for each in map(
            read_settings, (["seed=4"], ["seed=4", "customers=10"], [other] if "seed" in other else ["seed=4", other])
        )
    )
    assert (one == same, hash(one) == hash(same), one == different) == (True, True, False)


def test_a_newcomer_has_used_nothing_and_is_content_as_loyalty_and_price_have_it(world):
    people = Customers.none(64)
    join(world, people, ~people.active, 3, Noise(1, 0, 64))
    assert not people.relevant(3).any()
    assert np.allclose(people.satisfaction, eq.standing(world, people.loyalty, people.relative_price))
    assert (people.frailty == 1).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tenure_does_what_is_declared_and_use_adds_nothing_to_it(seed):
    """Who has used nothing yet is as content as customers of four to eleven months: the difference was up to 1.05."""
    drawn = world_of(read_settings([f"seed={seed}", "confounding=0"]))
    held = replace(drawn, hazard_base=np.full(4, -60.0))  # nobody leaves, so nobody is selected
    added, felt, people_of = np.zeros(12), np.zeros(12), np.zeros(12)
    for month in live(held, Noise(seed, 0, 4_096, 9), -36, calendar=1, surveys=False):
        people, tenure = month.people, month.month - month.people.joined
        here = people.active & (tenure < 12)
        used = people.relevant(month.month)
        bonus = sum(eq.use(held, k, used[k], people.age, tenure) for k in range(len(TOUCHPOINTS)))
        added += np.bincount(tenure[here], bonus[here], 12)
        felt += np.bincount(tenure[here], month.begun[here], 12)
        people_of += np.bincount(tenure[here], minlength=12)
    assert np.abs(added / people_of).max() < 0.02
    assert abs(felt[0] / people_of[0] - felt[4:].sum() / people_of[4:].sum()) < 0.15


def test_a_touchpoint_without_weight_has_no_effect_of_being_used_either():
    for seed in range(1, 6):
        drawn, _ = draw(read_settings([f"seed={seed}"]))
        assert ((drawn.use_effect == 0) == (drawn.weights == 0).all(axis=1)).all()


def test_halo_makes_a_better_report_another_number_than_a_better_experience():
    """Without halo they agree (grades as lived are grades as reported); with it they do not, and both are told."""
    settings = [read_settings(["seed=4", f"halo={halo}"]) for halo in (0, 1)]
    plain, coloured = (active_customers(each, world_of(each))["what_if"] for each in settings)
    lived, told_ = "respondents", "reported ratings, respondents"
    apart = {name: each[told_] - each[lived] for name, each in plain.items()}
    assert max(map(abs, apart.values())) < 0.6, apart  # complaints and plans, which a projection sees as ratings
    assert coloured["app"][lived] - coloured["app"][told_] > 2
    assert coloured["repair"][lived] == 0 < coloured["repair"][told_]  # nothing hangs on it, and halo lends it some
    for each in coloured.values():
        assert 0.3 < each["reported ratings a tenth of the scale, respondents"] / each[told_] < 0.5  # 0.4 of a grade


def test_subsets_begin_with_doing_nothing():
    assert subsets_of([None] * 3).shape == (8, 3)
    assert not subsets_of([None] * 3)[0].any()
