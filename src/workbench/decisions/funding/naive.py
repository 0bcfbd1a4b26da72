"""What a slide would have said: the slope of leaving and orders on the last answer × the answer that ratings predict.

The chain as it is usually drawn. It stands beside ours, and no decision is made by it: one answer says little of a
customer's satisfaction, is out of date when behaviour follows, and ratings are coloured by what they are to explain,
so most of the gain is missed.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.decisions.roi.chain import Chain, stated_lifts
from workbench.decisions.roi.links import Lift, Link
from workbench.decisions.roi.result import Returns
from workbench.models.linkage import Answers, customer_months
from workbench.models.linkage.rates import RIDGE
from workbench.models.linkage.slopes import FEWEST_EVENTS
from workbench.statistics.regression import fit_regression


@dataclass(frozen=True, kw_only=True)
class LastAnswer:
    """What is known of a month is the last answer before it, however old."""

    def filtered(self, answers: Answers, months: int) -> np.ndarray:
        """The last answer (customers, months) before each month; NaN before the first.

        Parameters
        ----------
        answers
            With their outcome.
        months
            How many, from the first of the answers.
        """
        seen = np.full((len(answers.ids), months + 1), np.nan)
        within = answers.month < months
        seen[answers.customer[within], answers.month[within] + 1] = answers.outcome[within]
        return pd.DataFrame(seen).ffill(axis=1).to_numpy()[:, :months]


def naive_returns(
    chain: Chain,
    answers: Answers,
    subscriptions: pd.DataFrame,
    transactions: pd.DataFrame | None,
    *,
    until: pd.Timestamp,
    random_seed: int,
) -> Returns:
    """Returns of the same initiatives with the same base by the usual chain.

    Parameters
    ----------
    chain
        Initiatives and base.
    answers
        Of the surveys.
    subscriptions, transactions
        See `customer_months`.
    until
        The day after the last that is observed.
    random_seed
        Of draws.
    """
    random = np.random.default_rng(random_seed)
    draws = len(chain.base.customers)
    months = customer_months(answers, LastAnswer(), subscriptions, until=until, transactions=transactions)
    leaving = {}
    for place, name in enumerate(months.reasons):
        events = (months.reason == place).astype(float)
        if events.sum() >= FEWEST_EVENTS:
            leaving[name] = _slope(events, months.satisfaction, months.exposure, draws, random)
    bought = np.isfinite(months.orders).all() and months.orders.sum() >= FEWEST_EVENTS
    orders = _slope(months.orders, months.satisfaction, months.exposure, draws, random) if bought else np.zeros(draws)
    effects = _predicted(answers, draws, random)
    ones = np.ones(draws)
    at = {
        driver: Lift(
            ratings=own.ratings,
            effect=effects[:, answers.drivers.index(driver)],
            halo=ones,
            widening=ones,
            recall_months=own.recall_months,
        )
        for driver, own in chain.at.items()
    }
    link = Link(leaving=leaving, orders=orders, score=np.zeros(len(chain.link.score)))
    lifts = stated_lifts(chain.initiatives, draws, random_seed)
    return replace(chain, at=at, link=link, lifts=lifts).returns()


def _slope(
    events: np.ndarray, answer: np.ndarray, exposure: np.ndarray, draws: int, random: np.random.Generator
) -> np.ndarray:
    """Draws of the log rate for a point of the answer."""
    design = np.column_stack([np.ones(len(answer)), answer - answer.mean()])
    found = fit_regression(design, events, family="poisson", exposure=exposure, ridge=RIDGE)
    return random.normal(found.estimate[1], np.sqrt(found.covariance[1, 1]), size=draws)


def _predicted(answers: Answers, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws (draws, K) of points of the answer for a point of each rating: least squares, gaps at the mean."""
    known = np.isfinite(answers.outcome)
    ratings = np.where(np.isfinite(answers.ratings), answers.ratings - answers.reference, 0.0)[known]
    design = np.column_stack([np.ones(len(ratings)), ratings])
    given = answers.outcome[known]
    gram = np.linalg.pinv(design.T @ design)
    found = gram @ design.T @ given
    left = given - design @ found
    covariance = gram * float(left @ left) / max(len(given) - design.shape[1], 1)
    return random.multivariate_normal(found, covariance, size=draws, method="svd")[:, 1:]
