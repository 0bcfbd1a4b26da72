import numpy as np
import pandas as pd
import pytest

from workbench.evaluation.survival import evaluate
from workbench.models.cox import fit_cox
from workbench.models.landmark import fit_landmarked, histories_of
from workbench.models.spells import DAYS_PER_MONTH, from_subscriptions

END = pd.Timestamp("2026-01-01")


@pytest.fixture(scope="module")
def company():
    """Satisfaction is asked every month and wanders; who is dissatisfied leaves in the month after."""
    random = np.random.default_rng(4)
    size, length = 1500, 36
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 500, size), unit="D")
    score = random.normal(0, 1, (size, 1)) + random.normal(0, 0.4, (size, length)).cumsum(axis=1)
    gone = random.random((size, length)) < 1 / (1 + np.exp(3.2 + 1.5 * score))
    first = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, 400)
    end = pd.Series(start + pd.to_timedelta(first * DAYS_PER_MONTH, unit="D"))
    ids = np.array([f"c{place}" for place in range(size)])
    subscriptions = pd.DataFrame({"customer_id": ids, "start": start, "end": end.where(end < END)})
    asked = np.repeat(start.to_numpy(), length) + pd.to_timedelta(
        np.tile(np.arange(length) * DAYS_PER_MONTH - 1.0, size), unit="D"
    )  # fmt: skip
    surveys = pd.DataFrame({"customer_id": np.repeat(ids, length), "timestamp": asked, "csat": score.ravel()})
    surveys = surveys[surveys["timestamp"] < END]
    return from_subscriptions(subscriptions, as_of=END.date()), surveys


def test_what_is_new_foretells_better_than_what_was_known_at_the_start(company):
    spells, surveys = company
    day = spells.cutoff()
    train, test = spells.until(day), spells.after(day)
    histories = histories_of(spells, surveys=surveys, scores=["csat"])
    model = fit_landmarked(train, [], histories, random_seed=1)
    plain = evaluate(fit_cox(train, []), test, [3], train=train, since="x")
    known = evaluate(model, test, [3], train=train, since="x")
    assert known.uno > 0.7
    assert known.integrated_brier < 0.95 * plain.integrated_brier
    assert known.metrics()["ici_3"] < 0.05


@pytest.mark.slow
def test_nothing_after_the_day_changes_a_forecast(company):
    spells, surveys = company
    day = spells.cutoff()
    test = spells.after(day).head(50)
    models = [
        fit_landmarked(spells.until(day), [], histories_of(spells, surveys=rows, scores=["csat"]), random_seed=1)
        for rows in (surveys, surveys.assign(csat=surveys["csat"].where(surveys["timestamp"] < day, 99.0)))
    ]
    first, second = (model.predict_survival(test, [1, 2.5, 6], tenure=test["entry"].to_numpy()) for model in models)
    pd.testing.assert_frame_equal(first, second)
    assert (np.diff(first.to_numpy(), axis=1) <= 0).all()


def test_contacts_and_complaints_of_the_last_three_months_are_counted_at_each_moment(company):
    spells, _ = company
    begin = spells.lifetimes.loc[0, "begin"]
    contacts = pd.DataFrame(
        {
            "customer_id": "c0", "timestamp": [begin + pd.Timedelta(days=days) for days in (10, 20, 40)],
            "complaint": [True, None, True],
        }
    )  # fmt: skip
    made = histories_of(spells, interactions=contacts)
    assert made["contacts_lately"]["value"].tolist() == [1, 2, 3, 2, 1, 0]
    assert made["complaints_lately"]["value"].tolist() == [1, 2, 1, 0]
    assert made["contacts_lately"]["time"].head(3).tolist() == pytest.approx(np.array([10, 20, 40]) / DAYS_PER_MONTH)
    assert fit_landmarked(spells.lifetimes, [], {}, random_seed=1) is None
