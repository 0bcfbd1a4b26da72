"""Scores of yes/no forecasts against scikit-learn, by hand, and their intervals against theory."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from workbench.errors import DataError
from workbench.evaluation.binary import resampling
from workbench.evaluation.binary.bootstrap import evaluate
from workbench.evaluation.binary.groups import by_group
from workbench.evaluation.binary.scores import MEASURES, Forecast, logistic_line


def sample(size=3000, seed=1, rounded=None):
    random = np.random.default_rng(seed)
    margin = random.normal(-2, 1, size)
    labels = margin + random.logistic(size=size) > 0
    p = 1 / (1 + np.exp(-1.3 * margin - 0.2))
    return labels, p if rounded is None else p.round(rounded)


@pytest.mark.parametrize("rounded", [None, 2])
def test_scores_are_those_of_scikit_learn_with_weights_and_ties(rounded):
    labels, p = sample(rounded=rounded)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    for weights in (None, np.random.default_rng(3).integers(0, 4, len(p)).astype(float)):
        found = Forecast(labels=labels, probabilities=p).scores(weights)
        assert list(found) == list(MEASURES)
        assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(labels, p, sample_weight=weights))
        expected = metrics.average_precision_score(labels, p, sample_weight=weights)
        assert found["average_precision"] == pytest.approx(expected)
        assert found["brier"] == pytest.approx(metrics.brier_score_loss(labels, p, sample_weight=weights))
        assert found["log_loss"] == pytest.approx(metrics.log_loss(labels, p, sample_weight=weights))
        logit = np.log(p / (1 - p))
        line = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], labels, sample_weight=weights)
        assert found["calibration_slope"] == pytest.approx(line.coef_[0, 0], abs=1e-4)


def test_weights_are_repeated_rows():
    labels, p = sample(500, rounded=1)
    times = np.random.default_rng(5).integers(0, 3, 500)
    weighted = Forecast(labels=labels, probabilities=p).scores(times, capacity=60)
    repeated = Forecast(labels=np.repeat(labels, times), probabilities=np.repeat(p, times)).scores(capacity=60)
    for name in set(MEASURES) - {"ece"}:  # whose quantiles stay those of all rows
        assert weighted[name] == pytest.approx(repeated[name], nan_ok=True), name


def test_calibration_by_hand():
    labels = np.array([True] * 3 + [False] * 7 + [True] * 6 + [False] * 4)
    p = np.repeat([0.2, 0.5], 10)
    found = Forecast(labels=labels, probabilities=p).scores()
    slope = (np.log(0.6 / 0.4) - np.log(0.3 / 0.7)) / (0 - np.log(0.2 / 0.8))
    assert found["calibration_slope"] == pytest.approx(slope)
    assert found["ece"] == pytest.approx(0.1)
    reliability = Forecast(labels=labels, probabilities=p).reliability()
    assert reliability.to_numpy().tolist() == [pytest.approx([0.2, 0.3, 10]), pytest.approx([0.5, 0.6, 10])]
    off = Forecast(labels=labels, probabilities=np.full(20, 0.5)).scores()
    assert off["calibration_intercept"] == pytest.approx(np.log(0.45 / 0.55))
    assert np.isnan(off["calibration_slope"])
    assert off["roc_auc"] == 0.5


def test_a_capacity_that_ends_among_equal_probabilities_counts_them_in_part():
    forecast = Forecast(labels=[1, 1, 0, 0, 0, 0], probabilities=[0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    found = forecast.scores(capacity=3)  # the first, and two of four of whom one is a case
    assert found["caught_at_capacity"] == pytest.approx(1.5 / 2)
    assert found["precision_at_capacity"] == pytest.approx(1.5 / 3)
    assert found["lift_at_capacity"] == pytest.approx((1.5 / 3) / (2 / 6))
    assert forecast.caught().to_numpy().tolist() == [[0, 0], [1 / 6, 0.5], [5 / 6, 1], [1, 1]]
    assert forecast.scores(capacity=100)["caught_at_capacity"] == 1


def test_customers_are_drawn_with_all_their_rows():
    labels, p = sample(800)
    once = evaluate(labels, {"a": p}, np.arange(800), random_seed=1)
    thrice = evaluate(np.tile(labels, 3), {"a": np.tile(p, 3)}, np.tile(np.arange(800), 3), random_seed=1)
    assert thrice.customers == 800
    assert thrice.interval("a", "roc_auc") == pytest.approx(once.interval("a", "roc_auc"))


def test_the_interval_is_as_wide_as_theory_says():
    labels, p = sample(4000)
    found = evaluate(labels, {"a": p}, np.arange(4000), random_seed=1)
    wins = p[labels][:, None] > p[~labels]  # DeLong, DeLong & Clarke-Pearson 1988
    error = np.sqrt(wins.mean(1).var() / labels.sum() + wins.mean(0).var() / (~labels).sum())
    low, high = found.interval("a", "roc_auc")
    assert high - low == pytest.approx(2 * 1.645 * error, rel=0.15)


def test_of_very_many_customers_some_are_drawn_and_the_interval_is_that_of_all(monkeypatch):
    """Drawing 2,000 of 8,000 customers, scaled by √(1/4), gives the interval of drawing all, about the same score."""
    labels, p = sample(8_000)
    whole = evaluate(labels, {"a": p}, np.arange(8_000), random_seed=1, capacity=200)
    monkeypatch.setattr(resampling, "MOST_DRAWN", 2_000)
    some = evaluate(labels, {"a": p}, np.arange(8_000), random_seed=1, capacity=200)
    assert (some.rows, some.customers, some.cases) == (8_000, 8_000, int(labels.sum()))  # counts are of all
    for measure in ("roc_auc", "brier", "log_loss", "calibration_slope", "caught_at_capacity"):
        assert some.score("a", measure) == whole.score("a", measure)
        width = np.ptp(some.interval("a", measure))
        assert width == pytest.approx(np.ptp(whole.interval("a", measure)), rel=0.25)


def test_the_interval_of_a_large_group_is_that_of_drawing_all_of_it(monkeypatch):
    labels, p = sample(4000)
    forecast, groups = Forecast(labels=labels, probabilities=p), pd.Series(["one"] * 4000, name="group")
    whole = by_group(forecast, groups, random_seed=1).iloc[0]
    monkeypatch.setattr(resampling, "MOST_DRAWN", 1000)
    some = by_group(forecast, groups, random_seed=1).iloc[0]
    assert some["roc_auc"] == whole["roc_auc"]
    assert some["roc_auc_lower"] < some["roc_auc"] < some["roc_auc_upper"]
    widths = [each["roc_auc_upper"] - each["roc_auc_lower"] for each in (some, whole)]
    assert widths[0] == pytest.approx(widths[1], rel=0.25)


def test_a_paired_difference_is_surer_than_its_parts():
    labels, p = sample(2000)
    noisy = np.clip(p + np.random.default_rng(2).normal(0, 0.03, 2000), 0, 1)
    found = evaluate(
        labels,
        {"good": p, "noisy": noisy, "rate": np.full(2000, labels.mean())},
        np.arange(2000),
        random_seed=1,
        capacity=100,
    )
    value, low, high = found.difference("good", "noisy", "brier")
    assert low <= value <= high
    single = found.interval("good", "brier")
    assert high - low < (single[1] - single[0]) / 2
    assert found.beats("good", "rate", "roc_auc")
    assert found.beats("good", "rate", "brier")
    assert not found.beats("rate", "good", "brier")
    assert not found.beats("good", "good", "brier")
    assert set(found.differences("good", ["brier"])["compared_with"]) == {"noisy", "rate"}
    assert len(found.table()) == 3 * len(MEASURES)
    again = evaluate(labels, {"good": p}, np.arange(2000), random_seed=1, capacity=100)
    assert again.interval("good", "brier") == found.interval("good", "brier")


def test_groups():
    labels, p = sample(900)
    groups = pd.Series(np.repeat(["a", "b", None], 300), name="plan", index=np.arange(900)[::-1])
    found = by_group(Forecast(labels=labels, probabilities=p), groups, acted_on=p > 0.2, random_seed=1)
    assert found["rows"].tolist() == [300, 300, 300]
    assert found["cases"].sum() == labels.sum()
    assert found.loc[1, "selected"] == pytest.approx((p[300:600] > 0.2).mean())
    assert found.loc[0, "roc_auc"] == pytest.approx(metrics.roc_auc_score(labels[:300], p[:300]))
    assert found.loc[0, "ratio"] == pytest.approx(labels[:300].sum() / p[:300].sum())
    exact = stats.poisson(found.loc[0, "ratio_lower"] * p[:300].sum())  # where so many cases are just as likely as 5%
    assert exact.sf(labels[:300].sum() - 1) == pytest.approx(0.05)
    called = (p > 0.2)[:300][labels[:300]]
    assert found.loc[0, "selected_cases"] == pytest.approx(called.mean())
    ends = stats.binomtest(int(called.sum()), len(called)).proportion_ci(0.9, "wilson")
    assert found.loc[0, ["selected_cases_lower", "selected_cases_upper"]].tolist() == pytest.approx(list(ends))
    assert (found["roc_auc_lower"] < found["roc_auc"]).all()
    doubled = by_group(Forecast(labels=labels, probabilities=p), groups, weights=np.full(900, 2.0), random_seed=1)
    assert doubled["ratio_upper"].tolist() == pytest.approx(found["ratio_upper"].tolist())


def test_accuracy_of_the_base_rate_is_that_of_always_saying_the_same():
    labels, p = sample(900)
    found = evaluate(labels, {"base": np.full(900, labels.mean()), "model": p}, np.arange(900), random_seed=1)
    assert found.score("base", "accuracy") == pytest.approx(max(labels.mean(), 1 - labels.mean()))
    assert found.score("model", "accuracy") == pytest.approx(metrics.accuracy_score(labels, p >= 0.5))


def test_what_cannot_be_evaluated_is_refused():
    with pytest.raises(DataError, match="All 3 labels are equal"):
        evaluate(np.ones(3), {"a": np.full(3, 0.5)}, np.arange(3), random_seed=1)
    with pytest.raises(DataError, match="1 of them missing or outside"):
        Forecast(labels=[0, 1], probabilities=[0.1, np.nan])


def test_perfect_separation_has_no_slope():
    line = logistic_line(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([False, False, True, True]))
    assert np.isnan(line).all()
