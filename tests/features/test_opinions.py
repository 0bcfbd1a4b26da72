import ibis
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.features import history, snapshots
from workbench.features.opinions import opinion_features, score_columns


def answers():
    made = pd.DataFrame(
        {
            "response_id": ["1", "2", "3", "4", "5"],
            "customer_id": "a",
            "weight": 1.5,
            "timestamp": pd.to_datetime(["2024-01-05", "2024-09-01", "2024-09-28", "2024-09-28", "2024-10-01"]),
            "recommend": pd.array([10, 4, None, None, 9], dtype="Int64"),
            "effort": [2.0, 3.0, 5.0, 4.0, 1.0],
        }
    )
    return ibis.memtable(made)


def test_last_mean_and_change_leave_out_what_was_not_answered():
    past = history(answers(), snapshots(["2024-10-01"]))
    found = opinion_features(past, scores=("recommend", "effort"), windows_days=(7, 90)).table.to_pandas().iloc[0]
    assert (found.recommend_last, found.recommend_mean, found.recommend_change) == (4, 7, -3)
    assert (found.effort_last, found.effort_mean) == (4.0, 3.5), "of two at one instant the lower"
    assert (found.surveys, found.surveys_7d, found.surveys_90d, found.days_since_last_survey) == (4, 2, 3, 3)


def test_a_score_that_is_always_zero_is_a_plain_zero():
    rows = answers().mutate(recommend=ibis.literal(0))
    found = opinion_features(history(rows, snapshots(["2024-10-01"])), scores=("recommend",)).table.to_pandas().iloc[0]
    assert str(found.recommend_last) == "0.0"


def test_scores_are_the_numbers_that_are_no_weights_and_must_be_there():
    assert score_columns(answers()) == ("recommend", "effort")
    with pytest.raises(DataError, match=r"surveys\.nps: got no such column"):
        opinion_features(history(answers(), snapshots(["2024-10-01"])), scores=("nps",))
