"""Orders month by month of several models: closed forms, draws allotted by weight, a second draw of natures."""

import numpy as np
import pytest
from scipy.integrate import quad
from tests.models.purchases.logs import histories

from workbench.errors import ParameterError
from workbench.models.purchases import Histories, bg_nbd, expected_purchases, mbg_nbd, nbd, pareto_nbd
from workbench.models.purchases.forecast import Member, Orders, PurchaseForecast, allotted, of_weights
from workbench.statistics.horizons import DAYS_A_MONTH

KNOWN = {"BG/NBD": [0.243, 4.414, 0.793, 2.426], "MBG/NBD": [0.525, 6.183, 0.891, 1.614]}
KNOWN |= {"Pareto/NBD": [0.553, 10.578, 0.606, 11.669], "NBD": [0.385, 12.07]}
SOME = Histories.of([0, 3, 10], [0, 20, 36.0], [39, 39, 38.0])
STEP = DAYS_A_MONTH / 7


def orders(rate, p=0.0, mu=0.0, *, stages=1, passed=0, step=1.0):
    whole = [np.full((1, 1), float(each)) for each in (rate, p, mu)]
    behind, there = np.full((1, 1), passed, dtype=np.uint8), np.ones((1, 1), dtype=bool)
    return Orders(
        rows=np.arange(1), active=there, rate=whole[0], p=whole[1], mu=whole[2], passed=behind, stages=stages, step=step
    )


def known_forecast(*families, draws=4000):
    members = tuple(
        Member(family=each, weight=1 / len(families), parameters=np.array([KNOWN[each.name]]), k=0.0)
        for each in families
    )
    models = allotted([member.weight for member in members], draws, seed=1)
    return PurchaseForecast(histories=SOME, members=members, models=models, unit_days=7, seed=1)


def test_orders_of_a_customer_who_never_leaves_are_an_annuity():
    found = orders(2.0).within([12, np.inf], 0.1)[0, 0]
    factor = 1.1 ** (-1 / 12)
    assert found == pytest.approx([2 * factor * (1 - 1.1**-1) / (1 - factor), 2 * factor / (1 - factor)], rel=1e-12)
    assert orders(2.0).within([12])[0, 0, 0] == pytest.approx(24, rel=1e-12)
    assert orders(2.0).within([12, np.inf], np.inf).tolist() == [[[0, 0]]]


@pytest.mark.parametrize(("p", "mu"), [(0.2, 0.0), (0.0, 0.03), (1.0, 0.0)])
@pytest.mark.parametrize("stages", [1, 2, 3])
def test_months_are_what_simulated_customers_order(p, mu, stages):
    rate, months, customers = 1.5 * stages, 6, 40_000
    random = np.random.default_rng(3)
    gaps = random.gamma(stages, size=(customers, 60)) / rate
    times = np.cumsum(gaps, axis=1)
    end = random.exponential(1 / mu, customers) if mu else np.full(customers, np.inf)
    until = random.geometric(p, customers) if p else np.full(customers, 10**6)
    counts = (times < end[:, None]) & (np.arange(60) < until[:, None])
    true = np.array([(counts & (times > t) & (times <= t + 1)).sum() for t in range(months)]) / customers
    nature = orders(rate, p, mu, stages=stages)
    found = nature.by_month(months)[0, :, 0]
    assert found == pytest.approx(true, abs=4 * np.sqrt(true.max() * 2 / customers))
    for rate in (0.0, 0.3):
        present = np.cumsum(found * (1 + rate) ** (-np.arange(1, months + 1) / 12))
        assert nature.within([1, 3, 6], rate)[0, 0] == pytest.approx(present[[0, 2, 5]], rel=1e-10)
    assert nature.within([600], 0.3)[0, 0] == pytest.approx(nature.within([np.inf], 0.3)[0, 0], rel=1e-6)


@pytest.mark.parametrize(("p", "mu"), [(0.2, 0.0), (0.0, 0.03), (1e-9, 0.0), (0.0, 0.0)])
def test_discounted_orders_are_quadrature(p, mu):
    rate, yearly, fall = 1.5, 0.1, 1.5 * p + mu
    months = range(1, 61)
    each = [quad(lambda t: rate * np.exp(-fall * t), t - 1, t, epsabs=0, epsrel=1e-12)[0] for t in months]
    present = np.cumsum(each * (1 + yearly) ** (-np.arange(1, 61) / 12))
    found = orders(rate, p, mu).within([1, 12, 60], yearly)[0, 0]
    assert found == pytest.approx(present[[0, 11, 59]], rel=1e-8)
    assert orders(rate, p, mu).by_month(60)[0, :, 0] == pytest.approx(each, rel=1e-8)


def test_poisson_purchases_are_erlang_ones_with_one_stage():
    """The matrix of months, with one stage, is the closed form."""
    from workbench.models.purchases.monthly import month

    through, bought = np.empty((1, 1)), np.empty(1)
    month(1.3, 0.2, 0.05, 1, 4.3, through, bought)
    fall = 1.3 * 0.2 + 0.05
    assert through[0, 0] == pytest.approx(np.exp(-fall * 4.3), rel=1e-12)
    assert bought[0] == pytest.approx(1.3 * -np.expm1(-fall * 4.3) / fall, rel=1e-12)


@pytest.mark.parametrize("make", [bg_nbd, mbg_nbd, pareto_nbd, nbd])
def test_draws_average_to_what_is_expected_given_parameters(make):
    found = known_forecast(make())
    block = next(found.blocks())
    order = np.argsort(block.rows)
    drawn = block.within([9])[order, :, 0]
    expected = expected_purchases(make(), KNOWN[make().name], SOME, 9 * STEP)
    assert (np.abs(drawn.mean(axis=1) - expected) < 4 * drawn.std(axis=1) / np.sqrt(found.draws)).all()
    new = found.newcomers().within([9])[0, :, 0]
    expected = expected_purchases(make(), KNOWN[make().name], Histories.newcomer(), 9 * STEP)[0]
    assert abs(new.mean() - expected) < 4 * new.std() / np.sqrt(found.draws)


def test_each_draw_is_of_its_model():
    found = known_forecast(bg_nbd(), pareto_nbd(), nbd())
    block = next(found.blocks())
    assert np.bincount(found.models).tolist() == [1334, 1333, 1333]
    there = block.active
    assert (block.mu[:, found.models == 1] > 0)[there[:, found.models == 1]].all()
    assert not block.mu[:, found.models != 1].any()
    assert (block.p[:, found.models == 0] > 0)[there[:, found.models == 0]].all()
    assert not block.p[:, found.models != 0].any()
    assert block.active[:, found.models == 2].all()


def test_a_second_draw_of_natures_is_independent_at_the_same_parameters():
    found = known_forecast(bg_nbd(), mbg_nbd())
    first, second = next(found.blocks()), next(found.blocks(again=1))
    assert first.rows.tolist() == second.rows.tolist()
    assert np.array_equal(first.rate, next(found.blocks()).rate)
    for model in (0, 1):
        a, b = (each.within([12])[:, found.models == model, 0] for each in (first, second))
        assert max(abs(np.corrcoef(a[i], b[i])[0, 1]) for i in range(3)) < 0.1


def test_months_are_summed_by_cell_and_weighted():
    found = known_forecast(bg_nbd(), draws=50)
    block = next(found.blocks())
    worth = np.random.default_rng(1).gamma(2.0, size=block.rate.shape)
    cells = np.array([0, 2, 0])
    flows = block.by_month(12, worth, cells, 3)
    each = block.within([12])[:, :, 0] * worth
    assert flows.shape == (50, 12, 3)
    assert flows.sum(axis=1)[:, 0] == pytest.approx(each[cells == 0].sum(axis=0), rel=1e-10)
    assert flows.sum(axis=1)[:, 2] == pytest.approx(each[1], rel=1e-10)
    assert not flows[:, :, 1].any()


def test_models_are_fitted_and_draws_follow_weights():
    found = of_weights(histories()[0], [bg_nbd(), mbg_nbd(), nbd()], [0.7, 0.3, 0.0], unit_days=7, seed=1, draws=100)
    assert found.names == ("BG/NBD", "MBG/NBD")
    assert np.bincount(found.models).tolist() == [70, 30]
    totals = sum(block.within([9])[:, :, 0].sum(axis=0) for block in found.blocks())
    assert 1000 < np.median(totals) < 2500


def test_impossible_horizons_are_refused():
    for horizons, rate in (([0.5], 0.1), ([0], 0.1), ([12], -0.1), ([np.inf], 0.0)):
        with pytest.raises(ParameterError, match="Expected orders: got horizons"):
            orders(1.0).within(horizons, rate)
