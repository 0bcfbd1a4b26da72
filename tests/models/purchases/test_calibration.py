"""Simulation-based calibration: parameters and customers drawn from the prior are found again as often as claimed.

Talts, Betancourt, Simpson, Vehtari, Gelman (2018), Validating Bayesian inference algorithms with simulation-based
calibration. 200 data sets of 1,000 customers each; they are kept, so that the test goes on where it was stopped.
"""

import numpy as np
import pytest
from scipy.stats import kstest
from tests.kept_worlds import kept

from workbench.models.purchases import Histories, Prior, bg_nbd, mbg_nbd, pareto_nbd, posterior
from workbench.models.purchases.drawing import natures
from workbench.statistics.multiplicity import holm

FAMILIES = {"bg": bg_nbd(), "mbg": mbg_nbd(), "pareto": pareto_nbd()}
PRIORS = {
    "bg": Prior(medians=(0.5, 6.0, 0.8, 2.5), sd=0.5),
    "mbg": Prior(medians=(0.6, 6.0, 0.8, 2.0), sd=0.5),
    "pareto": Prior(medians=(0.6, 8.0, 0.7, 10.0), sd=0.5),
}
SIZE, DRAWS, WATCHED, YEAR = 1_000, 200, 100, 52.0


def customers(name, parameters, random, size=SIZE):
    """Histories, and what each customer is expected to buy in a year given the true nature."""
    r, alpha, first, second = parameters
    until, rate = random.uniform(26, 39, size), random.gamma(r, size=size) / alpha
    times = np.cumsum(random.exponential(size=(size, 400)), axis=1) / rate[:, None]
    if name == "pareto":
        mu = random.gamma(first, size=size) / second
        gone = random.exponential(size=size) / mu
        bought, there, fall = times < np.minimum(until, gone)[:, None], gone > until, mu
    else:
        p = random.beta(first, second, size)
        most = random.geometric(np.maximum(p, 1e-9)) - (name == "mbg")  # repeats, after the last of which one leaves
        could = (times < until[:, None]).sum(axis=1)
        bought, there, fall = (times < until[:, None]) & (np.arange(400) < most[:, None]), could < most, rate * p
    x = bought.sum(axis=1)
    last = np.where(x > 0, np.max(times * bought, axis=1), 0.0)
    value = np.where(there, rate / fall * -np.expm1(-fall * YEAR), 0.0)
    return Histories.of(x, last, until), value


def crps(truth, draws):
    """Of draws (…, n)."""
    ordered = np.sort(draws, axis=-1)
    n = draws.shape[-1]
    spread = (ordered * (2 * np.arange(1, n + 1) - n - 1)).sum(axis=-1) / n**2
    return np.abs(draws - truth[..., None]).mean(axis=-1) - spread


def place(truth, draws, random):
    """Rank of the truth among draws as a number between 0 and 1, ties broken at random: uniform where they agree."""
    below, same = (draws < truth[..., None]).sum(axis=-1), (draws == truth[..., None]).sum(axis=-1)
    return (below + random.integers(0, same + 1) + random.random(truth.shape)) / (draws.shape[-1] + 1)


def world(name, seed):
    """One data set: places of parameters and customers, and errors under posterior and prior."""
    random = np.random.default_rng([seed, list(FAMILIES).index(name)])
    family, prior = FAMILIES[name], PRIORS[name]
    truth = prior.draw(1, random)[0]
    histories, value = customers(name, truth, random)
    found, sample = posterior(family, histories, draws=DRAWS, seed=seed, prior=prior)
    watched = np.sort(random.choice(SIZE, WATCHED, replace=False))
    own = np.empty((WATCHED, DRAWS))
    for block in natures(family, found, histories.rows(watched), seed=seed):
        own[block.rows] = block.discounted(YEAR, 0.0)
    before = np.log(prior.draw(DRAWS, random))
    unknown = np.concatenate([customers(name, one, random, 5)[1] for one in np.exp(before)])
    unknown = np.tile(unknown, (WATCHED, 1))
    return {
        "sound": bool(sample.sound),
        "parameters": place(np.log(truth), np.log(found).T, random),
        "customers": place(value[watched], own, random),
        "errors": [crps(np.log(truth), np.log(found).T).tolist(), crps(np.log(truth), before.T).tolist()],
        "value_errors": [float(crps(value[watched], own).mean()), float(crps(value[watched], unknown).mean())],
    }


def bg(seed):
    return world("bg", seed)


def mbg(seed):
    return world("mbg", seed)


def pareto(seed):
    return world("pareto", seed)


def claims(found):
    """P-values of uniformity (Holm), coverage of 90% intervals, and how much smaller errors are than the prior's."""
    parameters = np.array([each["parameters"] for each in found])
    people = np.array([each["customers"] for each in found])
    places = [*parameters.T, people[:, 0]]
    errors = np.mean([each["errors"] for each in found], axis=0)
    worth = np.mean([each["value_errors"] for each in found], axis=0)
    return {
        "p": holm(np.array([kstest(each, "uniform").pvalue for each in places])),
        "inside": np.append((np.abs(parameters - 0.5) <= 0.45).mean(axis=0), (np.abs(people - 0.5) <= 0.45).mean()),
        "less": np.append(1 - errors[0] / errors[1], 1 - worth[0] / worth[1]),
        "sound": np.mean([each["sound"] for each in found]),
    }


# By itself one number is less than 30% below the prior's: β of the Pareto/NBD, by 25%. It is not the method: of 1,000
# customers watched for 26 to 39 weeks the posterior of log β is still .72 times as wide as its prior (mean of 24 data
# sets), so that no forecast of it is better by more than 28%; log s and log β go together with .89, since hardly more
# than their ratio, the rate of leaving, can be seen. Of 4,000 customers it is .60, and 37% below were seen.
@pytest.mark.slow
@pytest.mark.parametrize("run", [bg, mbg, pareto], ids=lambda run: run.__name__)
def test_parameters_and_customers_are_found_as_often_as_claimed(run):
    found = claims(kept(run, range(200)))
    assert found["sound"] > 0.98
    assert found["p"].min() > 0.01
    assert ((found["inside"] >= 0.85) & (found["inside"] <= 0.95)).all()
    assert found["less"].mean() >= 0.3
    assert found["less"][-1] >= 0.3


def test_a_few_data_sets_are_calibrated():
    found = claims([bg(seed) for seed in range(8)])
    assert found["sound"] == 1
    assert found["inside"][-1] == pytest.approx(0.9, abs=0.06)
    assert found["less"][-1] > 0.3
