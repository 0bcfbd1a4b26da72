"""Hillstrom's e-mails, 64,000 customers: the published differences, adjusted, reduced by CUPED, and for whom."""

import pandas as pd
import pytest

from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import adjusted, cuped, difference
from workbench.statistics.draws import design_matrix

KNOWN = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]


@pytest.fixture(scope="module")
def emails(shared):
    return pd.read_csv(shared / "hillstrom.csv")


def sample(emails, arm, outcome, *, before=()):
    rows = emails[emails["segment"].isin([arm, "No E-Mail"])]
    matrix = design_matrix(rows[list(before)])[0] if before else None
    return Sample(values=rows[outcome].to_numpy(float), treated=(rows["segment"] == arm).to_numpy(), before=matrix)


# Recomputed from all rows; tea-tasting agrees with the first and the second block.
@pytest.mark.parametrize(
    ("arm", "outcome", "estimate", "lower", "upper"),
    [
        ("Mens E-Mail", "visit", 0.07659, 0.06995, 0.08323),
        ("Womens E-Mail", "visit", 0.04523, 0.03889, 0.05157),
        ("Mens E-Mail", "spend", 0.7698, 0.4851, 1.0545),
        ("Womens E-Mail", "spend", 0.4244, 0.1690, 0.6799),
    ],
)
def test_differences_of_means(emails, arm, outcome, estimate, lower, upper):
    found = difference(sample(emails, arm, outcome), confidence=0.95)
    digits = 5e-5 if outcome == "spend" else 5e-6
    assert (found.estimate, found.lower, found.upper) == pytest.approx((estimate, lower, upper), abs=1.01 * digits)


def test_conversion(emails):
    found = [difference(sample(emails, arm, "conversion")) for arm in ("Mens E-Mail", "Womens E-Mail")]
    assert [each.estimate for each in found] == pytest.approx([0.00681, 0.00311], abs=5e-6)
    assert [each.se for each in found] == pytest.approx([0.00092, 0.00082], abs=5e-6)


@pytest.mark.parametrize(("arm", "estimate"), [("Mens E-Mail", 0.07641), ("Womens E-Mail", 0.04509)])
def test_cuped_on_history(emails, arm, estimate):
    assert cuped(sample(emails, arm, "visit", before=["history"])).estimate == pytest.approx(estimate, abs=5e-6)


@pytest.mark.parametrize(
    ("arm", "estimate", "error"), [("Mens E-Mail", 0.07606, 0.00333), ("Womens E-Mail", 0.04541, 0.00319)]
)
def test_interacted_regression_on_all_columns(emails, arm, estimate, error):
    found = adjusted(sample(emails, arm, "visit", before=KNOWN))
    assert found.estimate == pytest.approx(estimate, abs=5e-6)
    assert found.se == pytest.approx(error, abs=6e-6)  # without the leverages of HC2, men's is .0033349
    assert found.estimate == pytest.approx(found.treated - found.control)


@pytest.mark.parametrize(
    ("arm", "women", "men", "both"),
    [("Womens E-Mail", 0.0740, 0.0111, 0.0711), ("Mens E-Mail", 0.0706, 0.0692, 0.134)],
)
def test_for_those_who_had_bought_either_line_or_both(emails, arm, women, men, both):
    of = emails["mens"] + 2 * emails["womens"]
    found = [difference(sample(emails[of == line], arm, "visit")).estimate for line in (2, 1, 3)]
    assert found == pytest.approx([women, men, both], abs=5e-4 if both > 0.1 else 5e-5)
