"""Profit of contacts: by hand, in closed form against published software, and what a round would have earned."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.reading import packaged
from workbench.decisions.acceptance import Acceptance
from workbench.decisions.empc import expected_maximum_profit
from workbench.decisions.offers import Offer
from workbench.decisions.profit import Campaign, evaluate_campaign
from workbench.errors import DataError, ParameterError
from workbench.exhibits import flatten
from workbench.findings import Finding


@pytest.fixture(scope="module")
def telco(tmp_path_factory):
    return packaged.read_sample("telco", tmp_path_factory.mktemp("cache")).to_pandas()


def offer(contact=1.0, incentive=10.0, alpha=6.0, beta=14.0, **options):
    return Offer(contact=contact, incentive=incentive, acceptance=Acceptance(alpha=alpha, beta=beta), **options)


@pytest.mark.parametrize(
    ("column", "sign", "value", "contact", "incentive", "profit", "share"),
    [
        ("tenure", -1, 200, 1, 10, 8.512911, 0.639768),
        ("tenure", -1, 500, 5, 50, 11.354941, None),
        ("monthly_charges", 1, 200, 1, 10, 7.964064, None),
        ("monthly_charges", 1, 500, 5, 50, 7.126024, None),
    ],
)
def test_empc_equals_published_software(telco, column, sign, value, contact, incentive, profit, share):
    # empulse's empc_score, to 1e-12
    found = expected_maximum_profit(
        telco["churn"] == "Yes", sign * telco[column].to_numpy(), value=value, offer=offer(contact, incentive)
    )
    assert found.profit == pytest.approx(profit, abs=1e-6)
    if share is not None:
        assert found.share == pytest.approx(share, abs=1e-6)


def test_empc_equals_the_mean_of_best_cutoffs_over_drawn_acceptance():
    random = np.random.default_rng(1)
    scores = random.normal(size=400).round(1)
    left = scores + random.logistic(size=400) > 1
    contact = offer(2.0, 15.0, 3.0, 5.0, stayers_take=0.4)
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # cut-offs only between different scores
    best = []
    for accepted in contact.acceptance.draws(20_000, random):
        total = np.cumsum(contact.profit(left[order], 120, accepted))[last]
        best.append(max(total.max(), 0) / 400)
    found = expected_maximum_profit(left, scores, value=120, offer=contact)
    assert found.profit == pytest.approx(np.mean(best), abs=4 * np.std(best) / np.sqrt(20_000))


def test_expected_profit_by_hand():
    # 30% accept: .2 × .3 × (200 − 10) − .8 × 10 − 1
    assert offer().expected_profit(np.array([0.2]), 200)[0] == pytest.approx(2.4)
    cheaper = offer(stayers_take=0.25).expected_profit(np.array([0.2, 0.2]), np.array([200, 100]))
    assert cheaper == pytest.approx([0.2 * 0.3 * 190 - 0.8 * 2.5 - 1, 0.2 * 0.3 * 90 - 0.8 * 2.5 - 1])


def test_a_trial_moves_acceptance_to_what_it_shows():
    before = Acceptance(alpha=2, beta=2)
    after = before.updated(called=50_000, called_left=3_500, others=50_000, others_left=5_000)
    assert after.mean == pytest.approx(0.3, abs=0.01)
    low, high = after.interval()
    error = 0.7 * np.sqrt(0.93 / 3_500 + 0.9 / 5_000)  # delta method of a risk ratio
    assert high - low == pytest.approx(2 * 1.645 * error, rel=0.05)
    small = before.updated(called=20, called_left=1, others=20, others_left=2)
    assert abs(small.mean - 0.5) < 0.1
    assert small.checks[0].status == "pass"


def test_a_trial_in_which_the_called_leave_is_told():
    after = Acceptance(alpha=2, beta=2).updated(called=1_000, called_left=120, others=1_000, others_left=60)
    assert after.checks[0].status == "warn"
    assert after.mean < 0.1


def test_posterior_of_acceptance_covers_the_truth():
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        kept, leaving = random.beta(3, 3), random.uniform(0.05, 0.3)
        counts = random.binomial(500, leaving * (1 - kept)), random.binomial(500, leaving)
        after = Acceptance(alpha=3, beta=3).updated(
            called=500, called_left=counts[0], others=500, others_left=counts[1]
        )
        low, high = after.interval(0.9)
        inside += low <= kept <= high
    assert 0.84 <= inside / 200 <= 0.95


def campaign(size=2000, seed=1, value=200.0, probability=None, **options):
    random = np.random.default_rng(seed)
    p = random.beta(1, 9, size) if probability is None else np.full(size, probability)
    values = np.full(size, value) if np.isscalar(value) else value
    return Campaign(
        left=random.random(size) < p,
        probability=p,
        value=values,
        customers=np.arange(size),
        random_seed=2,
        **{"offer": offer(), "currency": "EUR"} | options,
    )


def test_strategies_by_hand():
    chosen = Campaign(
        left=np.array([True, False, True, False]),
        probability=np.array([0.9, 0.5, 0.2, 0.01]),
        value=np.array([100.0, 300.0, 1000.0, 2000.0]),
        customers=np.arange(4),
        random_seed=1,
        offer=offer(),
        capacity=2,
    )
    assert chosen.expected == pytest.approx([0.27 * 90 - 2, 0.15 * 290 - 6, 0.06 * 990 - 9, 0.003 * 1990 - 10.9])
    rows = evaluate_campaign(chosen).strategies.set_index("strategy")
    assert rows["contacted"].to_dict() == {"profit": 2, "risk": 2, "value": 2, "random": 2, "everybody": 4, "nobody": 0}
    gained = [0.3 * 90 - 1, -11, 0.3 * 990 - 1, -11]
    assert rows.loc["profit", "profit"] == pytest.approx(gained[1] + gained[2])
    assert rows.loc["risk", "profit"] == pytest.approx(gained[0] + gained[1])
    assert rows.loc["value", "profit"] == pytest.approx(gained[2] + gained[3])
    assert rows.loc["random", "profit"] == pytest.approx(sum(gained) / 2)
    assert rows.loc["everybody", "profit"] == pytest.approx(sum(gained))
    assert rows.loc["nobody", "profit"] == 0


def test_a_round_beats_chance_and_says_so():
    found = evaluate_campaign(campaign(value=900.0))
    rows = found.strategies.set_index("strategy")
    assert found.worthwhile
    assert rows.loc["random", "difference_upper"] < 0
    assert (rows["lower"] <= rows["profit"]).all()
    assert (rows["profit"] <= rows["upper"]).all()
    metrics = found.metrics()
    assert metrics["empc"] is not None
    assert metrics["profit_at_best"] == rows.loc["profit", "profit"]
    finding = next(each for each in flatten(found) if isinstance(each, Finding))
    assert "would have earned" in finding.statement
    assert found.draw().get_xlabel()
    at = np.abs(found.curve["contacted"] - rows.loc["profit", "contacted"] / 2000).argmin()
    assert found.curve["profit"][at] == pytest.approx(rows.loc["profit", "profit"], rel=0.1)


def test_nobody_is_worth_a_contact():
    found = evaluate_campaign(campaign(probability=0.02))
    assert "would have had nobody contacted" in found.finding().statement
    assert found.metrics()["profit_at_best"] == 0
    assert not found.worthwhile


def test_values_that_differ_have_no_empc():
    value = np.random.default_rng(1).gamma(2, 100, 2000)
    found = evaluate_campaign(campaign(value=value, capacity=100))
    assert found.empc is None
    assert found.strategies.set_index("strategy").loc["profit", "contacted"] == 100


def test_equal_risks_are_taken_by_chance():
    chosen = campaign(probability=0.3, capacity=500).choices()
    assert chosen["risk"] == pytest.approx(np.full(2000, 0.25))
    assert chosen["profit"].sum() == pytest.approx(500)


def test_each_team_contacts_its_own_customers():
    chosen = Campaign(
        left=np.array([True, False, True, False, True]),
        probability=np.array([0.9, 0.8, 0.7, 0.6, 0.5]),
        value=1000.0,
        customers=np.arange(5),
        team=np.array(["north", "north", "north", "south", None], dtype=object),
        random_seed=1,
        offer=offer(),
        capacity={"north": 1, "south": 5, "west": 3},
    )
    choices = chosen.choices()
    assert choices["profit"].tolist() == [1, 0, 0, 1, 0]  # nobody contacts who has no team
    assert choices["risk"].tolist() == [1, 0, 0, 1, 0]
    assert choices["random"] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1, 0])
    assert evaluate_campaign(chosen).strategies.set_index("strategy").loc["profit", "contacted"] == 2
    with pytest.raises(ParameterError, match="which team"):
        dataclasses.replace(chosen, team=None).choices()


def test_one_team_of_all_is_no_team():
    alone = campaign(value=900.0, capacity=300)
    named = dataclasses.replace(alone, capacity={"a": 300}, team=np.full(2000, "a", dtype=object))
    for strategy, share in alone.choices().items():
        assert named.choices()[strategy] == pytest.approx(share)


def test_rows_that_stand_for_several_are_worth_as_much_as_so_many():
    random = np.random.default_rng(3)
    counts, p = random.choice([1, 4], 2000), random.beta(1, 9, 2000)
    left = random.random(2000) < p
    both = [
        Campaign(
            left=np.repeat(left, times),
            probability=np.repeat(p, times),
            value=200.0,
            weights=weights,
            customers=np.repeat(np.arange(2000), times),
            random_seed=2,
            offer=offer(),
            capacity=300,
        )
        for times, weights in ((1, counts), (counts, None))
    ]
    once, often = both
    found, expected = evaluate_campaign(once), evaluate_campaign(often)
    columns = ["contacted", "profit"]
    pd.testing.assert_frame_equal(found.strategies[columns], expected.strategies[columns])
    assert found.empc == pytest.approx(expected.empc)


def test_what_cannot_be_is_refused():
    with pytest.raises(ParameterError, match="two numbers above 0"):
        Acceptance(alpha=0, beta=1)
    with pytest.raises(ParameterError, match="costs of at least 0"):
        offer(contact=-1)
    with pytest.raises(ParameterError, match="no more leavers than customers"):
        Acceptance(alpha=1, beta=1).updated(called=5, called_left=6, others=3, others_left=1)
    with pytest.raises(ParameterError, match="above the incentive"):
        expected_maximum_profit(np.array([0, 1]), np.array([0, 1]), value=5, offer=offer())
    with pytest.raises(DataError, match="labels are equal"):
        expected_maximum_profit(np.ones(3), np.ones(3), value=50, offer=offer())
    with pytest.raises(DataError, match="1 missing values"):
        campaign(size=2, value=np.array([1.0, np.nan]))


def test_stable_between_calls():
    pd.testing.assert_frame_equal(evaluate_campaign(campaign()).strategies, evaluate_campaign(campaign()).strategies)


def test_where_all_are_worth_the_same_the_highest_value_is_no_strategy_and_nobody_is_no_advice_to_contact():
    chosen = Campaign(
        left=np.array([True, False, False, False]),
        probability=np.array([0.04, 0.03, 0.02, 0.01]),
        value=200.0,
        customers=np.arange(4),
        offer=Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14)),
        random_seed=1,
        capacity=2,
    )
    found = evaluate_campaign(chosen)
    assert found.strategies["strategy"].tolist() == ["profit", "risk", "random", "everybody", "nobody"]
    said = found.finding()
    assert said.statement == "Tested on 4 customers whose end is known, the forecast would have had nobody contacted."
    assert not said.action  # what to do is told of today's list
