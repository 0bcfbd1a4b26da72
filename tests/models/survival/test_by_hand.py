"""Curves and tests of the leukaemia data, worked out in fractions; what rounding to months changes."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from tests.models.survival.test_log_rank import AML

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import log_rank
from workbench.statistics.product_limit import product_limit, survival_at


def fractions(rows):
    """Survival after each time at which somebody left, exactly."""
    survival, found = Fraction(1), {}
    for time in sorted(rows["duration"][rows["event"] == 1].unique()):
        at_risk, left = int((rows["duration"] >= time).sum()), int(((rows["duration"] == time) & rows["event"]).sum())
        survival *= 1 - Fraction(left, at_risk)
        found[float(time)] = survival
    return found


@pytest.mark.parametrize("maintained", [True, False])
def test_the_curve_of_the_leukaemia_data_is_that_of_fractions(maintained):
    """R: summary(survfit(Surv(time, status) ~ x, data = survival::aml))$surv"""
    rows = AML[AML["maintained"] == maintained]
    table = product_limit(rows["duration"].to_numpy(float), rows["event"].to_numpy(bool))
    exact = fractions(rows)
    assert survival_at(table, np.array(list(exact))) == pytest.approx(
        [float(each) for each in exact.values()], abs=1e-12
    )


def test_the_log_rank_test_of_the_leukaemia_data_is_that_of_fractions():
    """R: survdiff(Surv(time, status) ~ x, data = survival::aml)$chisq"""
    score, variance = Fraction(0), Fraction(0)
    for time in AML["duration"][AML["event"] == 1].unique():
        there = AML["duration"] >= time
        left = (AML["duration"] == time) & (AML["event"] == 1)
        n, own = int(there.sum()), int((there & AML["maintained"]).sum())
        d, gone = int(left.sum()), int((left & AML["maintained"]).sum())
        score += gone - Fraction(d * own, n)
        if n > 1:
            variance += Fraction(d * own * (n - own) * (n - d), n * n * (n - 1))
    exact = float(score**2 / variance)
    row = log_rank(AML, ["maintained"]).iloc[0]
    assert row["statistic"] == pytest.approx(exact, abs=1e-8)
    assert row["p_value"] == pytest.approx(chi2.sf(exact, 1), abs=1e-8)
    assert exact == pytest.approx(3.396389, abs=5e-7)  # as R prints it


def test_months_that_are_rounded_up_change_the_curve_at_whole_months_and_the_ratios_little():
    random = np.random.default_rng(6)
    plan = random.random(4000) < 0.5
    life, cut = random.exponential(np.where(plan, 12.0, 24.0)), np.ceil(random.uniform(6, 48, 4000))
    exact = pd.DataFrame(
        {"customer_id": range(4000), "duration": np.minimum(life, cut), "event": life <= cut, "plan": plan}
    )
    rounded = exact.assign(duration=np.ceil(exact["duration"]))
    at = [6, 12, 24]
    # Nobody was followed for part of a month only, so at whole months the two curves know the same.
    assert kaplan_meier(rounded).at(at)["survival"].tolist() == pytest.approx(
        kaplan_meier(exact).at(at)["survival"].tolist(), abs=1e-12
    )
    plain, tied = (fit_cox(rows, ["plan"]).coefficients.iloc[0] for rows in (exact, rounded))
    assert tied["coefficient"] == pytest.approx(plain["coefficient"], abs=plain["standard_error"] / 4)
