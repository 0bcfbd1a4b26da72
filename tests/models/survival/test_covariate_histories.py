import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions
from workbench.statistics.dated.calendar import months_later

END = pd.Timestamp("2026-01-01")
DAYS_PER_MONTH = 365.25 / 12


@pytest.fixture(scope="module")
def company():
    """Satisfaction is asked every month and wanders; who is dissatisfied leaves in the month after."""
    random = np.random.default_rng(4)
    size, length = 1500, 36
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 500, size), unit="D")
    score = random.normal(0, 1, (size, 1)) + random.normal(0, 0.4, (size, length)).cumsum(axis=1)
    gone = random.random((size, length)) < 1 / (1 + np.exp(3.2 + 1.5 * score))
    first = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, 400)
    end = pd.Series(months_later(start, np.minimum(first, 400.0)))
    ids = np.array([f"c{place}" for place in range(size)])
    subscriptions = pd.DataFrame({"customer_id": ids, "start": start, "end": end.where(end < END)})
    asked = np.repeat(start.to_numpy(), length) + pd.to_timedelta(
        np.tile(np.arange(length) * DAYS_PER_MONTH - 1.0, size), unit="D"
    )
    surveys = pd.DataFrame({"customer_id": np.repeat(ids, length), "timestamp": asked, "csat": score.ravel()})
    surveys = surveys[surveys["timestamp"] < END]
    return from_subscriptions(subscriptions, as_of=END.date()), surveys


def test_contacts_and_complaints_of_the_last_three_months_are_counted_at_each_moment(company):
    spells, _ = company
    begin = spells.frame.loc[0, "begin"]
    contacts = pd.DataFrame(
        {
            "customer_id": "c0",
            "timestamp": [begin + pd.Timedelta(days=days) for days in (10, 20, 40)],
            "complaint": [True, None, True],
        }
    )
    made = covariate_histories(spells, interactions=contacts)
    assert made["contacts_lately"]["value"].tolist() == [1, 2, 3, 2, 1, 0]
    assert made["complaints_lately"]["value"].tolist() == [1, 2, 1, 0]
    days = made["contacts_lately"]["time"].head(3).to_numpy() * DAYS_PER_MONTH
    assert days == pytest.approx([10, 20, 40], abs=1.5)
