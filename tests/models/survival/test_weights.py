"""Survey weights in curves and in Cox's model."""

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.evaluation.concordance import concordance, count_pairs
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.aalen_johansen import aalen_johansen
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import log_rank
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.table import covariates_of
from workbench.statistics.product_limit import product_limit, restricted_mean
from workbench.statistics.risk_sets import risk_sets, score_residuals

TRUE = 0.5
COVARIATES = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


@pytest.fixture(scope="module")
def rossi():
    from lifelines.datasets import load_rossi

    frame = load_rossi()
    weight = np.random.default_rng(8).uniform(0.5, 3.0, len(frame))
    named = frame.rename(columns={"week": "duration", "arrest": "event"}).astype({"duration": float})
    return named.assign(customer_id=range(len(frame)), weight=weight / weight.mean())


def _lifelines(rossi):
    from lifelines import CoxPHFitter

    fitted = CoxPHFitter().fit(
        rossi[["duration", "event", "weight", *COVARIATES]], "duration", "event", weights_col="weight", robust=True
    )
    return fitted


@pytest.mark.filterwarnings("ignore")
def test_weighted_cox_is_that_of_lifelines(rossi):
    ours, theirs = fit_cox(rossi, COVARIATES), _lifelines(rossi)
    table = ours.coefficients.set_index("covariate")
    assert table["coefficient"].to_numpy() == pytest.approx(theirs.params_[table.index].to_numpy(), abs=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-4)
    errors = theirs.standard_errors_[table.index].to_numpy()
    assert table["standard_error"].to_numpy() == pytest.approx(errors, rel=0.03)  # theirs without Efron's ties


def test_what_each_adds_to_the_score_adds_up_to_it_also_with_ties_and_late_entries(rossi):
    durations, events = rossi["duration"].to_numpy(), rossi["event"].to_numpy().astype(bool)
    matrix, weights = rossi[COVARIATES].to_numpy(dtype=float), rossi["weight"].to_numpy()
    entry = np.where(np.arange(len(rossi)) % 3, 0.0, durations / 2)
    at = np.full(len(COVARIATES), 0.05)
    sums = risk_sets(durations, events, matrix, at, entry=entry, weights=weights)
    scores = score_residuals(sums, durations, events, matrix, at, entry=entry, weights=weights)
    assert scores.sum(axis=0) == pytest.approx(sums.residuals.sum(axis=0), abs=1e-8)


@pytest.mark.filterwarnings("ignore")
def test_robust_errors_without_ties_are_those_of_lifelines(rossi):
    apart = rossi.assign(duration=rossi["duration"] + np.random.default_rng(9).uniform(0, 0.01, len(rossi)))
    errors = fit_cox(apart, COVARIATES).coefficients.set_index("covariate")["standard_error"]
    assert errors.to_numpy() == pytest.approx(_lifelines(apart).standard_errors_[errors.index].to_numpy(), rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_weighted_curve_is_that_of_lifelines(rossi):
    from lifelines import KaplanMeierFitter

    theirs = KaplanMeierFitter().fit(rossi["duration"], rossi["event"], weights=rossi["weight"])
    times = [10.0, 30.0, 50.0]
    ours = kaplan_meier(rossi).at(times)["survival"]
    assert ours.to_numpy(dtype=float) == pytest.approx(theirs.predict(times).to_numpy(), abs=1e-10)


def test_late_entries_are_weighted_too():
    """By hand: at 2 the three at risk weigh 1, 2 and 3, and the one of 2 leaves; the last enters at 2, after that."""
    table = product_limit(
        [2.0, 3.0, 4.0, 5.0], [True, False, False, False], entry=[0.0, 1.0, 0.0, 2.0], weights=[2.0, 1.0, 3.0, 9.0]
    )
    assert table.set_index("time")["survival"].loc[2.0] == pytest.approx(1 - 2 / 6)
    assert table.set_index("time")["at_risk"].loc[2.0] == 3


def test_equal_weights_change_nothing(rossi):
    plain = rossi.drop(columns="weight")
    alike = rossi.assign(weight=4.0)
    assert kaplan_meier(alike).frame.equals(kaplan_meier(plain).frame)
    for one, other in ((fit_cox(alike, ["age"]), fit_cox(plain, ["age"])),):
        assert one.coefficients.equals(other.coefficients)
    ones = product_limit(plain["duration"], plain["event"], weights=np.full(len(plain), 1.0))
    assert restricted_mean(ones, 50) == pytest.approx(restricted_mean(kaplan_meier(plain).frame, 50))


def test_bands_and_robust_errors_hold_what_they_promise_under_weights():
    """Some were drawn a fifth as often; 200 samples: the truth lies within 90% intervals in 85 to 95% of them (a little
    less by the sandwich, which is too small by about one over the number of those with the large weights)."""
    inside, covered, tries = 0, 0, 200
    truth = (1000 * np.exp(-10 / 10) + 400 * np.exp(-10 / 40)) / 1400
    for seed in range(tries):
        random = np.random.default_rng(seed)
        rare = np.arange(600) < 200
        x = random.normal(size=600) + rare
        life = random.exponential(20.0, 600) * np.exp(-TRUE * x)
        lifetimes = pd.DataFrame(
            {
                "customer_id": range(600),
                "duration": np.minimum(life, 30.0),
                "event": life <= 30.0,
                "x": x,
                "weight": np.where(rare, 5.0, 1.0),
            }
        )
        plain = random.exponential(np.where(rare, 10.0, 40.0))
        curve = lifetimes.assign(duration=np.minimum(plain, 30.0), event=plain <= 30.0)
        row = kaplan_meier(curve).at([10.0]).iloc[0]
        inside += row["lower"] <= truth <= row["upper"]
        ratio = fit_cox(lifetimes, ["x"]).coefficients.iloc[0]
        covered += abs(ratio["coefficient"] - TRUE) <= 1.645 * ratio["standard_error"]
    assert 0.85 <= inside / tries <= 0.96
    assert 0.83 <= covered / tries <= 0.95


def test_a_weight_is_no_covariate_and_must_be_above_zero(rossi):
    assert "weight" not in covariates_of(rossi)
    lifetimes = read_lifetimes("lifetimes", rossi, time_unit="weeks")
    assert "weight" not in lifetimes.covariates
    assert "weights" in [check.name for check in lifetimes.checks]
    with pytest.raises(DataError, match="weight"):
        fit_cox(rossi.assign(weight=0.0), ["age"])


AML = pd.DataFrame(
    {
        "customer_id": range(23),
        "duration": [9.0, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45],
        "event": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
        "group": ["Maintained"] * 11 + ["Nonmaintained"] * 12,
        "weight": [1.0, 2, 3] * 7 + [1.0, 2],
    }
)


def test_weighted_log_rank_is_rs_robust_score_test():
    # R: summary(coxph(Surv(time, status) ~ x, aml, weights = rep(1:3, length.out = 23), robust = TRUE))$robscore
    row = log_rank(AML, ["group"], smallest_group=1).iloc[0]
    assert row["statistic"] == pytest.approx(6.03932987, abs=1e-6)
    assert row["p_value"] == pytest.approx(0.01399059, abs=1e-7)
    assert row["degrees_of_freedom"] == 1


def test_weighted_log_rank_of_four_groups_is_rs():
    # R: veteran$w <- rep(c(1, 2, 4), length.out = 137)
    # summary(coxph(Surv(time, status) ~ celltype, veteran, weights = w, robust = TRUE))$robscore  22.38755 on 3
    datasets = pytest.importorskip("sksurv.datasets")
    columns, outcome = datasets.load_veterans_lung_cancer()
    rows = pd.DataFrame(
        {
            "customer_id": range(137),
            "duration": outcome["Survival_in_days"],
            "event": outcome["Status"],
            "cell": columns["Celltype"].astype(str),
            "weight": np.resize([1.0, 2, 4], 137),
        }
    )
    row = log_rank(rows, ["cell"]).iloc[0]
    assert row["statistic"] == pytest.approx(22.38755, abs=1e-4)
    # R: concordance(Surv(time, status) ~ karno, veteran, weights = w): 0.6997907
    risk = -columns["Karnofsky_score"].to_numpy()
    pairs = count_pairs(rows["duration"].to_numpy(), rows["event"].to_numpy(), risk, stands=rows["weight"].to_numpy())
    assert concordance([pairs])[0] == pytest.approx(0.6997907, abs=1e-6)


def test_weighted_incidences_are_those_of_repeated_rows_with_errors_of_what_they_are_worth():
    random = np.random.default_rng(5)
    durations = random.integers(1, 12, 300).astype(float)
    reasons = random.choice(["price", "need", ""], 300)
    entry = np.where(np.arange(300) % 4, 0.0, durations - 1)
    times = 1 + np.arange(300) % 3
    plain = aalen_johansen(durations.repeat(times), reasons.repeat(times), entry=entry.repeat(times))
    weighted = aalen_johansen(durations, reasons, entry=entry, weights=times.astype(float))
    for name in ("price", "need"):
        assert weighted[name]["incidence"].to_numpy() == pytest.approx(plain[name]["incidence"].to_numpy())
        assert (weighted[name]["error"] >= plain[name]["error"]).all()
    same = aalen_johansen(durations, reasons, entry=entry, weights=np.ones(300))
    whole = aalen_johansen(durations, reasons, entry=entry)
    assert same["price"].to_numpy() == pytest.approx(whole["price"].to_numpy(), nan_ok=True)


def test_how_little_extreme_weights_leave_is_said():
    rows = AML.assign(weight=np.where(np.arange(23) == 0, 40.0, 1.0))
    (check,) = [
        check for check in read_lifetimes("lifetimes", rows, time_unit="months").checks if check.name == "weights"
    ]
    assert check.value == pytest.approx(62**2 / (40**2 + 22) / 23)
    assert "these 23 tell as much as 2 of equal weight" in check.message


def test_who_weighs_little_and_goes_first_does_not_draw_the_interval_to_zero():
    """Of weights 1 and 50 the first leaver weighs 1: the lower end was .0195 beside a share of .9997."""
    random = np.random.default_rng(112)
    life, cut = random.exponential(8.0, 1200), random.uniform(3, 40, 1200)
    weights = np.where(random.random(1200) < 0.04, 50.0, 1.0)
    weights[np.argmin(life)] = 1.0
    table = product_limit(np.minimum(life, cut), life <= cut, weights=weights)
    worth = weights.sum() ** 2 / (weights**2).sum()
    first = table[table["survival"] < 1].iloc[0]
    assert 0.05 ** (1 / worth) - 0.002 < first["lower"] < first["survival"]  # none of as many as they are worth, of 5%
    rows = pd.DataFrame(
        {"customer_id": range(1200), "duration": np.minimum(life, cut), "event": life <= cut, "weight": weights}
    )
    half = kaplan_meier(rows).headline([6]).interval
    assert 3 < half[0] < 8 * np.log(2) < half[1] < 9
