"""Margins of single customers: planted ones are found, in the right measure, and totals stay what they are."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.logs import business_of, transactions

from workbench.decisions import equity, value
from workbench.decisions.equity.tiers import SHARES
from workbench.decisions.value.buyers import buyers_of
from workbench.decisions.value.margins import own_margin
from workbench.features import purchase_log


def with_margins(margins, **more):
    """A log in which customer number k has the margin margins[k % len(margins)]."""
    rows = transactions(**more)
    of = {name: margins[place % len(margins)] for place, name in enumerate(sorted(rows["customer_id"].unique()))}
    return rows.assign(margin=rows["amount"] * rows["customer_id"].map(of)), of


def worth_of(rows, **more):
    log = purchase_log(rows)
    buyers = buyers_of(log.days, log.until)
    kept = buyers.kept_share(200, np.random.default_rng(1))
    business = business_of(buyers, log, draws=200, kept_share=kept, **more)
    plan = equity.Assumptions.of(value.Money(currency="EUR"), rate=0.1, horizons=[1], tier_shares=SHARES, seed=1)
    return equity.value_at(business, plan)


def test_two_margins_by_hand():
    """Customers of one margin each, purchases without noise: nothing is drawn towards the others."""
    paid = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "b"], "amount": [10.0, 30.0, 20.0, 20.0], "margin": [1.0, 3.0, 10.0, 10.0]}
    )
    found = own_margin(paid, np.array(["a", "b", "c"]), np.array([40.0, 40.0, 0.0]))
    assert found.share[:2] == pytest.approx(np.array([0.1, 0.5]) / 0.3)  # half of the money at .1, half at .5
    assert found.share[2] == pytest.approx(1.0)  # of whom nothing is known: that of all
    assert found.error[:2] == pytest.approx(0, abs=1e-9)
    assert found.error[2] > 0.5


def test_credibility_by_hand():
    """Two purchases of 1 by each of two customers: s² = 2 × .02 / 2 = .02, mean squares .18 between, so a = .08."""
    paid = pd.DataFrame({"customer_id": list("aabb"), "amount": 1.0, "margin": [0.1, 0.3, 0.4, 0.6]})
    found = own_margin(paid, np.array(["a", "b"]), np.array([2.0, 2.0]))
    within = 4 * 0.1**2 / 2
    between = (2 * 2 * 0.15**2 - within) / (4 - 8 / 4)
    z = between * 2 / (between * 2 + within)
    assert found.share * 0.35 == pytest.approx([0.35 - z * 0.15, 0.35 + z * 0.15])
    assert found.error * 0.35 == pytest.approx(np.sqrt(between * (1 - z)))


def test_customers_are_worth_by_their_own_margin_and_all_together_as_before():
    rows, of = with_margins([0.03, 0.22])
    worth = worth_of(rows)
    flat = worth_of(rows.assign(margin=rows["amount"]))
    true = pd.Series(worth.business.customers).map(of).to_numpy()
    for margin in (0.03, 0.22):
        mine = true == margin
        own, whole = (each.first.value[mine, -1].sum() for each in (worth, flat))
        assert own / whole == pytest.approx(margin, rel=0.05)  # with one margin for all both had .12
    assert worth.totals(-1).mean() == pytest.approx((flat.first.value[:, -1] * true).sum(), rel=0.05)


def test_who_buys_at_a_loss_is_worth_less_than_nothing():
    rows, of = with_margins([0.3, 0.3, 0.3, -0.2])
    worth = worth_of(rows)
    loss = pd.Series(worth.business.customers).map(of).to_numpy() < 0
    often = worth.business.buyers.paid >= 3
    alive = worth.first.alive > 0.5
    assert (worth.first.value[loss & often & alive, -1] < 0).all()
    assert (worth.first.value[~loss & often & alive, -1] > 0).all()
    assert (worth.tiers.place[loss & often & alive] == 3).all()
    for each in (*equity.Base(worth=worth).exhibits(), *equity.Standing(worth=worth).exhibits()):
        if hasattr(each, "draw"):
            each.draw()


def test_one_margin_for_all_changes_nobody():
    rows = transactions()
    found = buyers_of(purchase_log(rows.assign(margin=(0.35 * rows["amount"]).round(2))).days, 400)
    assert (found.own.share == 1).all()
    assert (found.own.error == 0).all()


def test_margins_that_vary_by_chance_from_order_to_order_are_nobodys_own():
    rows = transactions()
    random = np.random.default_rng(3)
    found = buyers_of(purchase_log(rows.assign(margin=random.uniform(0, 0.6, len(rows)) * rows["amount"])).days, 400)
    assert np.abs(found.own.share - 1).max() < 0.15
