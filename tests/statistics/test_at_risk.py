"""The conventions at ties, in every estimate that has them."""

import numpy as np
import pandas as pd
import pytest
from tests.evaluation.scores import brier

from workbench.evaluation.brier import weighted_errors
from workbench.evaluation.calibration import calibration
from workbench.evaluation.censoring import CensoringSurvival, censoring_curve, marginal, safe_until
from workbench.evaluation.concordance import auc_at
from workbench.evaluation.smooth_calibration import observed_shares
from workbench.evaluation.validation import cross_validate
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.aalen_johansen import aalen_johansen
from workbench.models.survival.curves.log_rank import log_rank
from workbench.statistics.at_risk import at_risk, there_at
from workbench.statistics.product_limit import product_limit
from workbench.statistics.risk_sets import risk_sets

# Thirty customers, all followed for twelve months: 13 left before, 17 are lost from sight at twelve and are there then.
DURATIONS = np.array([2, 2, 5, 6, 6, 6, 6, 7, 8, 8, 10, 11, 11] + [12] * 17, dtype=float)
EVENTS = np.arange(30) < 13


def test_who_is_lost_from_sight_at_the_horizon_is_there():
    assert there_at(DURATIONS, EVENTS, 12.0).sum() == 17
    everybody = np.full(30, 17 / 30)
    assert brier(DURATIONS, EVENTS, everybody, 12) == pytest.approx(17 / 30 * 13 / 30)
    assert brier(DURATIONS, EVENTS, np.zeros(30), 12) == pytest.approx(17 / 30)  # a forecast that all leave
    followed = marginal(DURATIONS, EVENTS)(pd.DataFrame({"duration": DURATIONS}), np.array([12.0]))
    assert followed.at[:, 0].tolist() == [1.0] * 30
    assert observed_shares(DURATIONS, EVENTS, everybody, 12.0, followed)[0] == pytest.approx(17 / 30)
    assert auc_at(DURATIONS, EVENTS, -DURATIONS, followed, 12.0) == 1.0
    table = calibration(DURATIONS, EVENTS, everybody, 12.0)
    assert table["observed"].tolist() == pytest.approx([17 / 30])


def test_rossi_followed_for_52_weeks_has_the_score_of_its_share():
    """Share gone .2639 (114 of 432) times share there: .194."""
    lifelines = pytest.importorskip("lifelines.datasets")
    rows = lifelines.load_rossi().rename(columns={"week": "duration", "arrest": "event"})
    rows = rows.astype({"duration": float, "event": bool}).assign(customer_id=range(432))
    found = cross_validate(fit_cox(rows, ["prio"]).refit, rows, [52], folds=5, repeats=1, random_seed=1)
    assert found.metrics()["brier_km_52"] == pytest.approx(114 / 432 * 318 / 432, abs=1e-3)
    assert found.scores["observed"].iloc[0] == pytest.approx(318 / 432)
    assert found.metrics()["ici_52"] is not None
    status = {check.name: check for check in found.checks()}
    assert status["average_prediction"].status == "pass"
    assert found.until == 52


def test_weights_of_those_gone_and_there_add_up_to_all_at_every_time():
    random = np.random.default_rng(4)
    durations, events = random.integers(0, 9, 400).astype(float), random.random(400) < 0.4
    times = np.arange(1.0, 8.0)
    for stands in (None, random.uniform(0.2, 4, 400)):
        followed = marginal(durations, events, stands)(pd.DataFrame({"duration": durations}), times)
        weight = np.ones(400) if stands is None else stands
        ones = weighted_errors(durations, events, np.ones((400, 7)), times, followed)
        zeros = weighted_errors(durations, events, np.zeros((400, 7)), times, followed)
        assert weight @ (ones + zeros) == pytest.approx(np.full(7, weight.sum()))
        gone = (weight @ ones) / weight.sum()  # and those gone are what the product limit says
        table = product_limit(durations, events, weights=stands).set_index("time")["survival"]
        assert gone == pytest.approx(1 - table.loc[times].to_numpy())


def test_the_time_until_which_scores_hold_reaches_the_end_of_follow_up():
    durations = np.repeat([3.0, 12.0], [40, 160])
    assert safe_until(durations, durations < 12) == 12


def test_at_risk_at_time_zero_are_those_followed_from_the_first_day():
    durations, entry = np.array([0.0, 3, 5, 6, 2, 4, 7, 8]), np.array([0.0, 0, 1, 2, 0, 0, 3, 4])
    events = np.array([1, 1, 0, 1, 1, 0, 1, 1], dtype=bool)
    times = np.array([0.0, 1, 2, 3])
    assert at_risk(durations, times, entry=entry).tolist() == [4, 3, 4, 4]  # who enters at t comes after t
    assert at_risk(durations, times, entry=entry, weights=np.full(8, 2.0)).tolist() == [8, 6, 8, 8]
    assert product_limit(durations, events, entry=entry)["at_risk"].tolist()[:1] == [4]
    assert aalen_johansen(durations, np.where(events, "gone", ""), entry=entry)["at_risk"].tolist()[:1] == [4]
    assert risk_sets(durations, events, np.zeros((8, 0)), np.zeros(0), entry=entry).at_risk[0] == 4


def test_log_rank_with_a_leaver_at_zero_beside_late_entries_is_rs():
    # R: d$start <- ifelse(d$entry == 0, -1, d$entry)
    # summary(coxph(Surv(start, time, status) ~ g, d))$sctest  0.9236641
    rows = pd.DataFrame(
        {
            "customer_id": range(8),
            "duration": [0.0, 3, 5, 6, 2, 4, 7, 8],
            "event": [1, 1, 0, 1, 1, 0, 1, 1],
            "entry": [0.0, 0, 1, 2, 0, 0, 3, 4],
            "g": list("aaaabbbb"),
        }
    )
    row = log_rank(rows, ["g"], smallest_group=1).iloc[0]
    assert row["statistic"] == pytest.approx(0.9236641, abs=1e-6)


def test_models_count_those_who_leave_at_zero():
    """Three of ten leave on the day they begin: nobody has a survival above .7 after that."""
    rows = pd.DataFrame(
        {"customer_id": range(10), "duration": [0.0] * 3 + [4.0, 5, 6, 7, 8, 9, 9], "event": [1] * 9 + [0]}
    )
    model = fit_cox(rows, [])
    first = model.predict_survival(rows, [1.0]).iloc[0, 0]
    assert first == pytest.approx(np.exp(-(1 / 10 + 1 / 9 + 1 / 8)))
    lasted = model.predict_survival(rows, [1.0], tenure=np.zeros(10)).iloc[0, 0]
    assert lasted == 1.0  # of those who were still there after the first moment nobody leaves so soon


def test_followed_to_a_time_means_not_lost_before_it():
    curve = censoring_curve(np.array([1.0, 2, 2, 3]), np.array([False, True, False, False]))
    assert curve["survival"].tolist() == pytest.approx([1, 0.75, 0.375, 0])
    followed = marginal(np.array([1.0, 2, 2, 3]), np.array([False, True, False, False]))
    told = followed(pd.DataFrame({"duration": [1.0, 2, 2, 3]}), np.array([2.0]))
    assert isinstance(told, CensoringSurvival)
    assert told.at[:, 0].tolist() == pytest.approx([0.75] * 4)
    assert told.before.tolist() == pytest.approx([1, 0.75, 0.75, 0.375])
