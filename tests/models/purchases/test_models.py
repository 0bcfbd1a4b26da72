"""Repeat buying: likelihoods that hold for extreme parameters, closed forms, exact draws, limits, and bad input."""

import numpy as np
import pytest
from scipy import integrate
from scipy.special import hyp2f1, hyperu
from tests.models.purchases.logs import histories

from workbench.errors import DataError, ParameterError
from workbench.models.purchases import (
    Histories,
    bg_nbd,
    chances,
    expected_purchases,
    fit,
    from_log,
    mbg_nbd,
    nbd,
    pareto_nbd,
    posterior,
)
from workbench.models.purchases.drawing import natures
from workbench.models.purchases.fitting import best_stages

KNOWN = {
    "BG/NBD": [0.243, 4.414, 0.793, 2.426],
    "MBG/NBD": [0.525, 6.183, 0.891, 1.614],
    "Pareto/NBD": [0.553, 10.578, 0.606, 11.669],
    "NBD": [0.385, 12.07],
}
FAMILIES = [bg_nbd, mbg_nbd, pareto_nbd, nbd]
SOME = Histories.of([0, 3, 10], [0, 20, 36.0], [39, 39, 38.0])


def each(make):
    return make().name


@pytest.mark.parametrize(
    "parameters", [(0.01, 0.01, 5, 1e3), (50, 1e3, 0.1, 0.01), (1e4, 1e5, 1e4, 1e5), (0.5, 10, 1e6, 1e8)]
)
def test_the_pareto_nbd_holds_for_extreme_parameters_and_histories(parameters):
    extreme = Histories.of([0, 200, 1000, 3, 500], [0, 38, 500, 0.01, 0.01], [39, 39, 520, 5000, 2000])
    active, gone = pareto_nbd().terms(parameters, extreme)
    assert np.isfinite(active).all()
    r, alpha, s, beta = parameters
    for row, (x, last, until) in enumerate(zip(extreme.frequency, extreme.recency, extreme.observed, strict=True)):
        fall = (r + x) / (alpha + last) + (s + 1) / (beta + last)

        def integrand(u, x=x, last=last, fall=fall):
            since = np.expm1(u) / fall
            logs = (r + x) * np.log1p(since / (alpha + last)) + (s + 1) * np.log1p(since / (beta + last))
            return np.exp(u - logs) / fall

        reach = np.log1p((until - last) * fall)
        area = integrate.quad(integrand, 0, reach, epsabs=0, epsrel=1e-11, limit=500)[0]
        # Relative to the active term: the density at t_x, and what comes after it.
        ratio = (r + x) * np.log((alpha + until) / (alpha + last)) + s * np.log((beta + until) / (beta + last))
        expected = np.log(area) + np.log(s / (beta + last)) + ratio
        assert gone[row] - active[row] == pytest.approx(expected, abs=1e-6)


def test_the_pareto_nbd_is_the_hypergeometric_form_where_that_can_be_worked_out():
    r, alpha, s, beta = KNOWN["Pareto/NBD"]
    x, last, until = SOME.frequency, SOME.recency, SOME.observed
    total, below = r + s + x, r + s + x + 1

    def part(time):  # α < β
        return hyp2f1(total, r + x, below, (beta - alpha) / (beta + time)) / (beta + time) ** total

    expected = s / total * (part(last) - part(until)) * (alpha + until) ** (r + x) * (beta + until) ** s
    active, gone = pareto_nbd().terms(KNOWN["Pareto/NBD"], SOME)
    assert np.exp(gone - active) == pytest.approx(expected, rel=1e-8)


def test_discounted_transactions_are_the_closed_forms():
    r, alpha, s, beta = KNOWN["Pareto/NBD"]
    rate = np.log(1.15) / 52
    found = expected_purchases(pareto_nbd(), KNOWN["Pareto/NBD"], SOME, np.inf, rate)
    later = beta + SOME.observed
    # Fader, Hardie, Lee (2005), RFM and CLV, equation 6: Ψ is Tricomi's function
    closed = rate ** (s - 1) * later**s * hyperu(s, s, rate * later) * (r + SOME.frequency) / (alpha + SOME.observed)
    closed = closed * pareto_nbd().active(KNOWN["Pareto/NBD"], SOME)
    assert found == pytest.approx(closed, rel=1e-8)

    r, alpha, a, b = KNOWN["BG/NBD"]
    b, r, alpha = b + SOME.frequency, r + SOME.frequency, alpha + SOME.observed
    # Fader, Hardie, Lee (2005), equation 10
    closed = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + 39)) ** r * hyp2f1(r, b, a + b - 1, 39 / (alpha + 39)))
    found = expected_purchases(bg_nbd(), KNOWN["BG/NBD"], SOME, 39)
    assert found == pytest.approx(closed * bg_nbd().active(KNOWN["BG/NBD"], SOME), rel=1e-8)


@pytest.mark.parametrize("make", FAMILIES, ids=each)
def test_counts_add_up_to_one_and_to_what_is_expected(make):
    family, known = make(), KNOWN[make().name]
    found = chances(family, known, 39, 1500)
    assert found.sum() == pytest.approx(1, abs=1e-8)
    expected = float(expected_purchases(family, known, Histories.newcomer(), 39)[0])
    assert found @ np.arange(1501) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("make", FAMILIES, ids=each)
def test_exact_draws_are_the_closed_forms(make, stages):
    family, known, draws = make(stages), KNOWN[make().name], 10_000 if stages == 1 else 1_500
    block = next(natures(family, np.tile(known, (draws, 1)), SOME, seed=1))
    order = np.argsort(block.rows)
    counts, discounted = block.purchases(39)[order], block.discounted(39, 0.0)[order]
    error = np.hypot(counts.std(axis=1), discounted.std(axis=1)) / np.sqrt(draws)
    assert (np.abs(counts.mean(axis=1) - discounted.mean(axis=1)) < 4 * error).all()
    assert block.active.mean(axis=1)[order] == pytest.approx(family.active(known, SOME), abs=2 / np.sqrt(draws))
    if stages == 1:
        for horizon, rate in ((39.0, 0.0), (39.0, 0.002), (np.inf, 0.01)):
            found = block.discounted(horizon, rate)[order]
            expected = expected_purchases(family, known, SOME, horizon, rate)
            assert (np.abs(found.mean(axis=1) - expected) < 4 * found.std(axis=1) / np.sqrt(draws) + 1e-9).all()
    else:
        far, endless = block.discounted(600.0, 0.05), block.discounted(np.inf, 0.05)
        assert far == pytest.approx(endless, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("make", FAMILIES, ids=each)
def test_a_likelihood_of_no_repeat_is_the_chance_of_no_repeat(make, stages):
    family, known = make(stages), KNOWN[make().name]
    none = Histories.of([0], [0.0], [39.0])
    assert np.exp(family.log_likelihood(known, none)) == pytest.approx(chances(family, known, 39.0, 0)[0], rel=1e-8)


def regular(k, customers=600, seed=1):
    """A log of customers of whom each buys at Erlang-k gaps and leaves with a probability of its own."""
    random = np.random.default_rng(seed)
    who, days = [], []
    for customer in range(customers):
        rate, leaves, day = random.gamma(2.0) / 30 * k, random.beta(1, 6), float(random.integers(0, 60))
        while day <= 700:
            who.append(customer)
            days.append(day)
            if random.random() < leaves:
                break
            day += random.gamma(k) / rate
    return np.array(who), np.floor(np.array(days))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_number_of_stages_is_found(k):
    _, found, _ = from_log(*regular(k), until=700, unit=7)
    assert best_stages([mbg_nbd(stages) for stages in (1, 2, 3)], found).stages == k


def test_cdnow_buys_at_random_gaps():
    assert best_stages([bg_nbd(stages) for stages in (1, 2, 3)], histories()[0]).stages == 1


def test_the_unit_of_time_changes_the_unit_alone():
    weeks = histories()[0]
    days = Histories.of(weeks.frequency, weeks.recency * 7, weeks.observed * 7)
    a, b = fit(bg_nbd(), weeks), fit(bg_nbd(), days)
    assert b.estimate == pytest.approx(a.estimate * [1, 7, 1, 1], rel=1e-4)
    assert expected_purchases(bg_nbd(), b.estimate, days, 273)[:50] == pytest.approx(
        expected_purchases(bg_nbd(), a.estimate, weeks, 39)[:50], rel=1e-4
    )


def test_equal_customers_counted_once_and_the_order_of_rows_change_nothing():
    full = histories()[0]
    few, rows = full.collapsed()
    known = KNOWN["BG/NBD"]
    assert bg_nbd().log_likelihood(known, few) == pytest.approx(bg_nbd().log_likelihood(known, full), rel=1e-12)
    assert few.frequency[rows].tolist() == full.frequency.tolist()
    assert few.weights.sum() == len(full) == 2357
    order = np.random.default_rng(0).permutation(len(full))
    parameters = np.tile(known, (5, 1))
    totals = [
        sum(block.discounted(39, 0.0).sum(axis=0) for block in natures(bg_nbd(), parameters, each, seed=3))
        for each in (full, full.rows(order))
    ]
    assert totals[0] == pytest.approx(totals[1], rel=1e-9)


def test_an_infinite_rate_or_no_horizon_is_worth_nothing():
    assert expected_purchases(bg_nbd(), KNOWN["BG/NBD"], SOME, 39, np.inf).tolist() == [0, 0, 0]
    assert expected_purchases(bg_nbd(), KNOWN["BG/NBD"], SOME, 0).tolist() == [0, 0, 0]
    with pytest.raises(ParameterError, match="positive rate where the horizon is infinite"):
        expected_purchases(bg_nbd(), KNOWN["BG/NBD"], SOME, np.inf)


def test_bad_histories_are_named_all_at_once():
    with pytest.raises(DataError, match=r"(?s)1 customer has a missing.*Frequency: 1 customer.*Recency: 2 customers"):
        Histories.of([1, np.nan, 0.5, 1, 0], [2, 1, 1, 9, 3.0], [5, 5, 5, 5, 5])
    with pytest.raises(DataError, match="no customer"):
        Histories.of([], [], [])
    with pytest.raises(DataError, match="none until day 3, the first is on day 5"):
        from_log(np.array([1]), np.array([5]), until=3)
    with pytest.raises(DataError, match="no customer bought again"):
        posterior(bg_nbd(), Histories.of([0, 0], [0, 0], [5, 6]), draws=10, seed=1)


@pytest.mark.parametrize("family", [bg_nbd(), mbg_nbd(), pareto_nbd(), nbd()])
def test_customers_who_all_buy_alike_are_refused_in_words(family):
    alike = Histories.of(np.full(300, 20.0), np.full(300, 600.0), np.full(300, 630.0))
    with pytest.raises(DataError, match="all 300 customers bought equally often"):
        fit(family, alike)
