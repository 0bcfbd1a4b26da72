"""Risks from log-odds: a line where that is enough, bent where very many leavers show that it is not."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from workbench.models.attrition.model.calibration import Calibration, calibrate
from workbench.models.attrition.model.customers import labelled_customers


def world(size, curve, seed=1):
    random = np.random.default_rng(seed)
    raw = random.normal(-1, 1.5, size)
    frame = pd.DataFrame({"raw": raw, "left": random.random(size) < curve(raw), "customer_id": np.arange(size)})
    return raw, labelled_customers(frame, label="left", customer="customer_id")


def true_line(raw):
    return expit(0.3 + 0.8 * raw)


def true_bend(raw):
    return np.where(raw < 0, 0.08, 0.6)


def test_a_line_is_found_and_kept_where_it_is_right():
    found = calibrate(*world(20_000, true_line))
    assert found.knots == ()
    assert (found.level, found.slope) == (pytest.approx(0.3, abs=0.1), pytest.approx(0.8, abs=0.06))


def test_a_bent_line_is_taken_where_it_is_clearly_better():
    found = calibrate(*world(20_000, true_bend))
    at = np.array([-3.0, -1.5, 1.0, 2.0])
    assert found.risk(found.line(at)) == pytest.approx(true_bend(at), abs=0.06)
    grid = found.risk(found.line(np.linspace(-8, 8, 500)))
    assert (np.diff(grid) > 0).all()  # nobody becomes equal to anybody, and the order stays
    later, customers = world(20_000, true_bend, seed=2)
    straight = Calibration(level=found.level, slope=found.slope)
    losses = [np.mean((each.risk(each.line(later)) - customers.left) ** 2) for each in (found, straight)]
    assert losses[0] < losses[1] - 0.005


def test_the_riskiest_of_very_many_are_told_their_risk():
    """Where risks flatten, the last block of an isotonic curve told the riskiest 50 of 300,000 1.9 times their risk."""

    def flat(raw):
        return expit(np.where(raw > -3.4, -3.4 + 0.3 * (raw + 3.4), raw))

    ratios = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        raw, later = random.normal(-4.6, 1.0, (2, 300_000))
        frame = pd.DataFrame({"raw": raw, "left": random.random(len(raw)) < flat(raw), "id": np.arange(len(raw))})
        found = calibrate(raw, labelled_customers(frame, label="left", customer="id"))
        assert found.knots
        highest = np.sort(later)[::-1]
        told, true = found.risk(found.line(highest)), flat(highest)
        ratios.append([told[:many].mean() / true[:many].mean() for many in (50, 200, 20_000)])
    assert np.mean(ratios, axis=0) == pytest.approx([1.0, 1.0, 1.0], abs=0.25)


@pytest.mark.filterwarnings("error")
def test_where_the_riskiest_have_all_left_risks_stay_in_order():
    raw, customers = world(20_000, lambda raw: np.where(raw > 1.5, 1.0, true_bend(raw)))
    found = calibrate(raw, customers)
    assert found.knots
    grid = found.risk(found.line(np.linspace(-8, 8, 500)))
    assert (np.diff(grid) > 0).all()
    assert found.risk(found.line(np.array([3.0]))) > 0.95


def test_with_fewer_than_a_thousand_leavers_it_is_a_line():
    raw, customers = world(3000, true_bend)
    assert customers.left.sum() < 1000
    assert calibrate(raw, customers).knots == ()


def test_with_too_few_or_no_ranking_there_is_none():
    raw, customers = world(20_000, true_line)
    assert calibrate(-raw, customers) is None
    assert calibrate(raw[:30], customers.part(np.arange(20_000) < 30)) is None
