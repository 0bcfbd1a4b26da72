"""What the priors predict does not depend on the noise that is chosen; an outcome out of their reach is seen."""

import numpy as np
from tests.models.drivers.answer_sheets import draw_ratings

from workbench.models.drivers.model.prior_predictive import draw_prior, prior_predictive
from workbench.models.drivers.ordinal.links import LOGIT, PROBIT
from workbench.models.drivers.ordinal.rows import Prior


def shares_of_the_top(link):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(3000):
        coefficients, _, cuts = draw_prior(
            Prior().on(link),
            levels=5,
            drivers=3,
            columns=3,
            varying=np.ones(3, dtype=bool),
            segments=1,
            rng=rng,
            link=link,
        )
        eta = rng.standard_normal((50, 3)) @ coefficients[0]
        found.append(1 - link.cdf(cuts[-1] - eta).mean())
    return np.quantile(found, [0.1, 0.5, 0.9])


def test_logit_and_probit_expect_the_same_answers():
    np.testing.assert_allclose(shares_of_the_top(LOGIT), shares_of_the_top(PROBIT), atol=0.05)


def test_an_outcome_within_reach_passes_and_one_out_of_reach_is_seen():
    ratings, _ = draw_ratings(400, [0.5, 0.3], np.random.default_rng(2))
    for link in ("logit", "probit"):
        assert prior_predictive(ratings, Prior(), link=link, random_seed=1).status == "pass"
        far = prior_predictive(ratings, Prior(effect=0.1, cut_location=8.0), link=link, random_seed=1)
        assert far.status == "warn"
