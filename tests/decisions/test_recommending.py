"""One answer a round: contact, only as a test, or nobody; its money has the interval that it promises."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from workbench.decisions import Acceptance, Capacity, Offer, list_contacts, recommend

OFFER = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))


def answer(risk, *, offer=OFFER, value=200.0, sure=0.1, level_error=0.05, **options):
    """Of customers whose log-odds are known to a standard error of `sure`, together."""
    line = logit(risk)
    frame = pd.DataFrame({"customer_id": np.arange(len(risk)), "probability": risk})
    frame["lower"], frame["upper"] = expit(line - 1.645 * sure), expit(line + 1.645 * sure)
    contacts = list_contacts(frame, offer, value=value, **options)
    return recommend(contacts, frame, offer, value=value, level_error=level_error, random_seed=1, currency="EUR")


def test_a_round_that_pays_is_recommended_with_its_money():
    """100 of risk .5: 100 × (.5 × .3 × 190 - .5 × 10 - 1) = 2,250 EUR, of whom a capacity of 40 has 900."""
    found = answer(np.full(100, 0.5), capacity=Capacity(a_week=40))
    assert found.profit == pytest.approx(900)
    assert found.verdict == "contact"
    assert found.finding().statement.startswith("Contact the 40 customers on the list this round: we expect 900 EUR")
    assert found.interval[0] < 900 < found.interval[1]


def test_the_interval_is_that_of_acceptance_where_all_else_is_known():
    """10,000 certain leavers: money moves with acceptance alone, Beta(6, 14) from .1475 to .4759 (quantiles of R)."""
    found = answer(np.full(10_000, 1 - 1e-9), sure=0.0, level_error=0.0)
    ends = [10_000 * (share * 190 - 1) for share in (0.14747, 0.47580)]
    assert found.interval == pytest.approx(ends, rel=0.05)


def test_where_a_loss_is_possible_the_list_is_a_test():
    """Risk .17 promises .39 EUR a contact, and costs where fewer than .28 accept: as likely as not."""
    found = answer(np.full(300, 0.17))
    assert found.verdict == "test"
    assert "only as a test, every second one by lot" in found.finding().statement
    assert found.interval[0] < 0 < found.profit


def test_of_a_test_the_lot_draws_one_of_every_two_who_promise_alike():
    found = answer(np.linspace(0.165, 0.175, 301), capacity=Capacity(a_week=201))
    assert found.verdict == "test"
    listed = found.drawn()
    assert listed.loc[~listed["recommended"], "drawn"].isna().all()
    drawn = listed[listed["recommended"]]["drawn"].astype(bool)
    assert len(drawn) == 201
    ranked = listed[listed["recommended"]].sort_values("expected_profit", ascending=False)["drawn"].astype(int)
    assert (ranked.to_numpy()[:200].reshape(-1, 2).sum(axis=1) == 1).all()
    assert 30 <= ranked.to_numpy()[:200:2].sum() <= 70  # which of the two, a coin says
    pd.testing.assert_frame_equal(listed, found.drawn())


def test_one_customer_alone_is_not_drawn_away():
    found = answer(np.full(1, 0.17))
    assert found.verdict == "test"
    assert found.drawn()["drawn"].tolist() == [True]


def test_of_a_round_that_pays_everybody_is_drawn():
    listed = answer(np.full(100, 0.5), capacity=Capacity(a_week=40)).drawn()
    assert listed["drawn"].sum() == listed["recommended"].sum() == 40
    assert listed["drawn"].isna().sum() == 60


@pytest.mark.parametrize(("risk", "options", "said"), [
    (0.01, {}, "no customer promises more than a contact costs"),
    (0.9, {"capacity": Capacity(a_week=0)}, "beyond capacity"),
])  # fmt: skip
def test_nobody_is_an_answer_with_its_reason(risk, options, said):
    found = answer(np.full(50, risk), **options)
    assert (found.verdict, found.profit) == ("nobody", 0)
    assert said in found.finding().statement
    assert found.finding().interval is None


def test_intervals_hold_what_rounds_bring():
    """Worlds drawn as the interval says they vary: 90 of 100 rounds lie within."""
    random, risk, held = np.random.default_rng(2), np.linspace(0.2, 0.6, 200), []
    found = answer(risk, sure=0.2, level_error=0.1)
    for _ in range(1000):
        true = expit(logit(risk) + 0.2 * random.normal()) * np.exp(0.1 * random.normal())
        left = random.random(200) < np.clip(true, 0, 1)
        money = OFFER.profit(left, 200.0, random.beta(6, 14))[found.contacts.customers["customer_id"]].sum()
        held.append(found.interval[0] <= money <= found.interval[1])
    assert np.mean(held) == pytest.approx(0.90, abs=0.03)
