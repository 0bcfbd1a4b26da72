"""Whether spend moves with how often customers buy."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from workbench.models.spend import Spending, independence_check
from workbench.models.spend.independence import correlation


def spending(slope, n=2000, seed=1):
    random = np.random.default_rng(seed)
    purchases = 1 + random.poisson(random.gamma(1.0, 4.0, n))
    return Spending(purchases=purchases, mean=20 * purchases**slope * random.gamma(4.0, 0.25, n))


@pytest.mark.parametrize(
    ("slope", "status", "words"), [(0, "pass", "hardly"), (0.5, "warn", "more each"), (-0.5, "warn", "less each")]
)
def test_spend_that_moves_with_frequency_is_told(slope, status, words):
    check = independence_check(spending(slope))
    assert check.status == status
    assert words in check.message


def test_the_correlation_is_spearmans_and_its_interval_holds_the_truth_in_nine_of_ten():
    one = spending(0.3)
    assert correlation(one)[0] == pytest.approx(spearmanr(one.purchases, one.mean).statistic, abs=1e-12)
    inside = [low < 0 < high for _, low, high in (correlation(spending(0, 200, seed)) for seed in range(400))]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.045)


def test_too_few_customers_are_not_compared():
    assert independence_check(spending(0.5, n=10)).status == "pass"
