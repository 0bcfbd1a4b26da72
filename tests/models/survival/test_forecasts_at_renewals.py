import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.draws import export_draws, read_draws


def contracts(size=6000, term=12, seed=1, leaves=0.28, between=0.001, follow=46):
    """Nearly all leave at renewals, of which each has the same chance; followed for 4 to 46 months."""
    random = np.random.default_rng(seed)
    at_renewal = random.geometric(leaves, size) * float(term)
    life = np.minimum(at_renewal, random.exponential(1 / between, size))
    followed = random.uniform(4, follow, size)
    return pd.DataFrame(
        {"customer_id": np.arange(size), "duration": np.minimum(life, followed), "event": life <= followed}
    )


def test_the_next_renewal_takes_those_who_come_to_it_and_nobody_else():
    """The chance is 0.28 at each renewal, 0.001 a month between: known without any data."""
    model = fit_cox(contracts(), [])
    quiet, renewing = 1 - np.exp(-0.003), 1 - 0.72 * np.exp(-0.003)
    for tenure, truth in (
        (10.0, renewing),
        (13.0, quiet),
        (34.5, renewing),
        (38.0, quiet),
        (45.5, renewing),
        (48.0, quiet),
        (58.5, renewing),
    ):
        rows = pd.DataFrame({"customer_id": ["a"]})
        told = 1 - model.predict_survival(rows, [3.0], tenure=np.array([tenure])).to_numpy()[0, 0]
        assert told == pytest.approx(truth, abs=0.03 if truth > 0.1 else 0.003), tenure


def test_draws_have_the_whole_renewal_to_come_until_it_is_over():
    model = fit_cox(contracts(), [])
    tenure = np.array([11.9, 12.0, 35.95, 47.9, 48.0])
    rows = pd.DataFrame({"customer_id": list("abcde")})
    drawn = read_draws(*export_draws(model, rows, tenure, within=24.0, step=0.25, random_seed=1))
    gone = 1 - drawn.conditional_survival([1.0]).mean(axis=0)[:, 0]
    assert gone == pytest.approx([0.28, 0.001, 0.28, 0.28, 0.001], abs=0.03)
    spread = drawn.conditional_survival([1.0]).std(axis=0)[:, 0]
    known = model.conditional_survival(rows, tenure, [1.0])
    assert spread[[0, 3]] == pytest.approx(((known["upper"] - known["lower"]) / 2 / 1.645).to_numpy()[[0, 3]], rel=0.2)


def test_the_variance_of_a_sum_holds_what_is_repeated_beyond_the_data():
    """Of one customer it is that of the customer's own hazard."""
    model = fit_cox(contracts(800), [])
    rows, ones = pd.DataFrame({"customer_id": ["a"]}), np.ones(1)
    for since, until in ((10.0, 13.0), (45.5, 49.0), (47.0, 90.0), (30.0, 71.9)):
        alone = model.cumulative_hazard(rows, since * ones, until * ones[:, None], variance=True)[1][0, 0]
        assert model.variance_of_sum(rows, since * ones, until * ones, ones) == pytest.approx(alone, rel=1e-6), since
