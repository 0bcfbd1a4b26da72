"""Effects of what was dealt by lot: planted ones are found, and nothing else is told as one."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.definitions.design import NOT_SAID, Design
from workbench.exhibits import flatten
from workbench.findings import Finding
from workbench.models.trials import effects_on_leaving, effects_on_ratings
from workbench.models.trials.comparison import of_means, of_survival

START, END = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01")


def column(name, **more):
    known = {
        "label": name.capitalize(),
        "kind": "number",
        "use": "",
        "personal": "",
        "constant": False,
        "valid_from": "",
        "role": "",
    }
    return SimpleNamespace(name=name, **{**known, **more})


def dataset(design, *, attributes=()):
    treatments = SimpleNamespace(
        columns=[], designs={"pilot": design}, design_of=lambda name: {"pilot": design}.get(name, NOT_SAID)
    )
    return SimpleNamespace(
        tables={
            "treatments": treatments,
            "customers": SimpleNamespace(columns=[column(name, constant=True) for name in attributes]),
            "surveys": SimpleNamespace(columns=[column("sat", role="outcome"), column("app", role="driver")]),
        }
    )


def company(n=4000, *, seed=1, rate=(0.08, 0.04), arms=("control", "call")):
    """Customers who leave at a monthly rate by arm, and answer one survey each; exp(−6 rate) stay 6 months."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, n)
    stays = rng.exponential(1 / np.array(rate)[arm]) * 30.4375
    end = START + pd.to_timedelta(stays, unit="D")
    people = [f"c{i}" for i in range(n)]
    treatments = pd.DataFrame(
        {"customer_id": people, "initiative": "pilot", "arm": np.array(arms)[arm], "start": START, "end": pd.NaT}
    )
    contracts = pd.DataFrame(
        {"person": people, "begin": START - pd.Timedelta(days=99), "event": end < END, "end": end.where(end < END, END)}
    )
    answers = pd.DataFrame(
        {
            "customer_id": people,
            "timestamp": START + pd.to_timedelta(rng.integers(-60, 60, n), unit="D"),
            "sat": np.clip(np.round(rng.normal(3.2, 1, n)), 1, 5),
            "app": np.clip(np.round(rng.normal(3, 1, n)), 1, 5),
        }
    )
    after = (answers["timestamp"] >= START).to_numpy()
    answers.loc[(arm == 1) & after, "sat"] = np.clip(answers["sat"] + 0.5, 1, 5)[(arm == 1) & after]
    spells = SimpleNamespace(contracts=lambda: contracts, as_of=END)
    customers = pd.DataFrame(
        {"customer_id": people, "age": rng.normal(50, 9, n), "shop": [f"s{i % 40}" for i in range(n)]}
    )
    return treatments, customers, spells, answers


LOT = Design(assignment="randomised", control="control")


def test_a_planted_effect_on_staying_is_found_and_told_as_one():
    treatments, customers, spells, _ = company()
    found = effects_on_leaving(dataset(LOT, attributes=["age"]), treatments, customers, spells)
    table = found.table.set_index("months")
    truth = {months: np.exp(-0.04 * months) - np.exp(-0.08 * months) for months in (1, 3, 6)}
    for months, effect in truth.items():
        assert table.loc[months, "lower"] < effect < table.loc[months, "upper"]
        assert table.loc[months, "effect"] == pytest.approx(effect, abs=0.04)
    (said,) = found.findings()
    assert said.evidence == "experimental"
    assert said.statement.endswith("more of 100 customers stay 6 months because of pilot (call).")
    assert said.n == 4000
    assert [type(each).__name__ for each in flatten([found])] == ["Finding", "Table"]


def test_a_planted_effect_on_the_rating_is_found_and_none_on_the_other():
    treatments, customers, _, answers = company()
    found = effects_on_ratings(dataset(LOT), treatments, customers, answers, outcome="sat")
    table = found.table.set_index("outcome")
    assert (
        table.loc["sat", "lower"] < 0.47 < table.loc["sat", "upper"]
    )  # half a point, less what the top of the scale takes
    assert table.loc["sat", "customers"] < 1100  # answers since the start alone
    (said,) = found.findings()
    assert (said.id, said.evidence) == ("effect_pilot_call_sat", "experimental")
    assert "pilot (call) raises “Sat” by" in said.statement
    assert said.interval_kind == "90% confidence (heteroscedasticity-robust)"


def test_no_effect_is_told_with_what_it_can_be():
    treatments, customers, spells, _ = company(rate=(0.05, 0.05))
    (said,) = effects_on_leaving(dataset(LOT), treatments, customers, spells).findings()
    assert said.statement.startswith("No clear effect of pilot (call) on staying 6 months: -")
    assert said.interval[0] < 0 < said.interval[1]


@pytest.mark.parametrize(
    "design",
    [
        NOT_SAID,
        Design(assignment="chosen", control="control"),
        Design(assignment="volunteers", control="control"),
        Design(assignment="staggered", control="control"),
        Design(assignment="randomised", control="control", probability=0.8),  # half were treated: the draw is broken
    ],
)
def test_nothing_is_told_as_an_effect_where_chance_did_not_decide(design):
    treatments, customers, spells, answers = company()
    assert not list(flatten([effects_on_leaving(dataset(design), treatments, customers, spells)]))
    assert not list(flatten([effects_on_ratings(dataset(design), treatments, customers, answers, outcome="sat")]))


def test_a_draw_whose_arms_differed_before_has_no_effects():
    treatments, customers, spells, _ = company()
    customers["age"] += 4 * (treatments["arm"] == "call")
    assert not effects_on_leaving(dataset(LOT, attributes=["age"]), treatments, customers, spells).effects


def test_without_a_control_it_is_said_what_to_write():
    treatments, customers, spells, _ = company()
    found = effects_on_leaving(dataset(Design(assignment="randomised")), treatments, customers, spells)
    (check,) = found.exhibits()
    assert "not said which arm is the control: pilot" in check.message


def test_nothing_is_said_without_treatments_or_dates():
    treatments, customers, spells, answers = company(200)
    assert not list(effects_on_leaving(dataset(LOT), None, customers, spells).exhibits())
    assert not list(effects_on_leaving(dataset(LOT), treatments, customers, None).exhibits())
    assert not list(
        effects_on_ratings(
            dataset(LOT), treatments, customers, answers.drop(columns="timestamp"), outcome="sat"
        ).exhibits()
    )


def test_arms_exchanged_turn_the_sign():
    treatments, customers, spells, _ = company()
    found = effects_on_leaving(dataset(LOT), treatments, customers, spells)
    other = effects_on_leaving(dataset(Design(assignment="randomised", control="call")), treatments, customers, spells)
    for one, two in zip(found.effects, other.effects, strict=True):
        assert one.difference.estimate == pytest.approx(-two.difference.estimate)
        assert one.difference.error == pytest.approx(two.difference.error)


def test_whole_shops_that_were_dealt_are_compared_as_shops():
    # 40 shops that differ, no effect: customers' errors would cry wolf far more often than one time in ten.
    cries = {"shops": 0, "customers": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shop = np.repeat(np.arange(40), 25)
        treated = np.isin(shop, rng.permutation(40)[:20])
        values = rng.normal(0, 1, 1000) + rng.normal(0, 0.5, 40)[shop]
        for name, units in (("shops", shop), ("customers", None)):
            low, high = of_means(values, treated, np.zeros(1000), units).interval(0.9)
            cries[name] += not low < 0 < high
    assert cries["shops"] <= 12  # one in ten is six; more than twelve of sixty has a chance below 1%
    assert cries["customers"] > 20


def test_means_within_strata_are_those_by_hand():
    values = np.array([1.0, 2.0, 3.0, 5.0] * 15)
    treated = np.array([False, True, False, True] * 15)
    strata = np.array([0, 0, 1, 1] * 15)
    values = values + np.tile(np.repeat([0.0, 0.1], 2), 15) * np.arange(60)  # so that strata differ in spread
    found = of_means(values, treated, strata, None)
    by_hand = 0.0
    variance = 0.0
    for level in (0, 1):
        one, two = values[treated & (strata == level)], values[~treated & (strata == level)]
        by_hand += 0.5 * (one.mean() - two.mean())
        variance += 0.25 * (one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
    assert found.estimate == pytest.approx(by_hand)
    assert found.error == pytest.approx(variance**0.5)


def test_survival_without_censoring_is_a_share_with_the_binomial_error():
    rng = np.random.default_rng(3)
    times, treated = rng.exponential(5, 400), np.arange(400) % 2 == 0
    found = of_survival(times, np.ones(400, dtype=bool), 6, treated, np.zeros(400), None)
    shares = [(times[treated == arm] > 6).mean() for arm in (True, False)]
    assert found.estimate == pytest.approx(shares[0] - shares[1])
    assert found.error == pytest.approx(sum(share * (1 - share) / 199 for share in shares) ** 0.5)


def test_survival_with_censoring_has_the_error_of_greenwood():
    """By strata, weighted by their customers: product-limit by hand, Greenwood's sum within each arm."""
    rng = np.random.default_rng(4)
    left, seen = rng.exponential(5, 1200), rng.uniform(2, 12, 1200)
    times, events = np.minimum(left, seen), left < seen
    treated, strata = np.arange(1200) % 2 == 0, np.arange(1200) % 3 == 0
    estimate = variance = 0.0
    for stratum, sign in [(stratum, sign) for stratum in (True, False) for sign in (1, -1)]:
        own = (strata == stratum) & (treated == (sign > 0))
        share, sums = 1.0, 0.0
        for time in np.sort(times[own & events & (times <= 6)]):
            at_risk = (times[own] >= time).sum()
            share, sums = share * (1 - 1 / at_risk), sums + 1 / (at_risk * (at_risk - 1))
        weight = (strata == stratum).mean()
        estimate, variance = estimate + sign * weight * share, variance + weight**2 * share**2 * sums
    found = of_survival(times, events, 6, treated, strata, None)
    assert found.estimate == pytest.approx(estimate)
    assert found.error == pytest.approx(variance**0.5, rel=0.01)


def test_customers_with_a_chance_of_their_own_are_not_compared_and_it_is_said():
    treatments, customers, spells, _ = company()
    treatments["chance"] = np.random.default_rng(2).uniform(0.3, 0.7, len(treatments))
    design = Design(assignment="randomised", control="control", probability="chance")
    found = effects_on_leaving(dataset(design), treatments, customers, spells)
    assert not found.effects
    (check,) = found.exhibits()
    assert (check.name, check.status) == ("trials_chances", "warn")
    assert "nothing is told of pilot" in check.message
    treatments["chance"] = np.where(treatments["chance"] < 0.5, 0.49, 0.51)  # two lots
    assert effects_on_leaving(dataset(design), treatments, customers, spells).effects


def test_intervals_cover_what_was_planted():
    # 100 worlds of 600 customers, 90% intervals of the effect on staying 6 months: 83 to 97 hold the truth.
    truth, held = np.exp(-0.04 * 6) - np.exp(-0.08 * 6), 0
    for seed in range(100):
        treatments, customers, spells, _ = company(600, seed=100 + seed)
        found = effects_on_leaving(dataset(LOT), treatments, customers, spells).table.set_index("months")
        held += not len(found) or found.loc[6, "lower"] < truth < found.loc[6, "upper"]
    assert 83 <= held <= 97


def test_findings_are_findings():
    treatments, customers, spells, _ = company()
    assert all(
        isinstance(each, Finding) for each in effects_on_leaving(dataset(LOT), treatments, customers, spells).findings()
    )


def test_units_dealt_in_other_shares_from_stratum_to_stratum_are_compared_within_them():
    """Thirty of forty shops treated in the city, ten of forty outside, where customers spend 5 less; no effect."""
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(80), 5)
    city, treated = unit < 40, np.isin(unit, np.r_[0:30, 40:50])
    values = 5.0 * city + rng.normal(size=80)[unit] + rng.normal(size=400)
    found = of_means(values, treated, np.where(city, "city", "land"), unit)
    means = pd.DataFrame({"y": values, "city": city, "treated": treated}).groupby(["city", "treated"])["y"].mean()
    by_hand = (means[True, True] - means[True, False] + means[False, True] - means[False, False]) / 2
    assert found.estimate == pytest.approx(by_hand)
    assert found.degrees == 76
    assert abs(found.estimate) < 2.6 * found.error < 1.5
    assert of_means(values, treated, np.zeros(400), unit).estimate > 2
