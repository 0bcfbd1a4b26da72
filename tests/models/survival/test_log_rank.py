import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.curves.log_rank import differing_segments, log_rank

# R: survival::aml
AML = pd.DataFrame(
    {
        "customer_id": range(23),
        "duration": [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45],
        "event": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
        "maintained": [True] * 11 + [False] * 12,
    }
)


def test_two_groups_by_hand():
    # Observed 2, expected 1/2 + 1/3 + 1/2; variance 1/4 + 2/9 + 1/4
    four = pd.DataFrame({"customer_id": range(4), "duration": [1, 3, 2, 4], "event": True, "g": list("aabb")})
    row = log_rank(four, ["g"], smallest_group=1).iloc[0]
    assert row["statistic"] == pytest.approx((2 - 4 / 3) ** 2 / (13 / 18))
    assert row["degrees_of_freedom"] == 1


def test_agrees_with_r_on_the_leukemia_data():
    # R: survdiff(Surv(time, status) ~ x, aml): Chisq= 3.4 on 1 degrees of freedom, p= 0.07
    row = log_rank(AML, ["maintained"]).iloc[0]
    assert row["statistic"] == pytest.approx(3.396, abs=5e-4)
    assert row["p_value"] == pytest.approx(0.0653, abs=5e-5)


def test_more_segments_need_smaller_p_values():
    random = np.random.default_rng(1)
    more = AML.assign(chance=random.permutation(AML["maintained"]), same="x")
    table = log_rank(more, ["maintained", "chance", "same"]).set_index("segment")
    smallest = table.loc[table["p_value"].idxmin()]
    assert smallest["p_value_holm"] == pytest.approx(2 * smallest["p_value"])  # of two that could be tested
    assert pd.isna(table.loc["same", "p_value"])
    assert pd.isna(table.loc["same", "p_value_holm"])


def test_without_leavers_or_segments_nothing_is_tested():
    assert pd.isna(log_rank(AML.assign(event=False), ["maintained"])["p_value"].iloc[0])
    assert log_rank(AML, []).empty


def test_a_group_that_was_followed_before_anybody_left_takes_no_degree_of_freedom():
    early = pd.DataFrame({"customer_id": range(50, 62), "duration": 1, "event": 0, "maintained": None})
    row = log_rank(pd.concat([AML, early]), ["maintained"]).iloc[0]
    assert row["groups"] == 3
    assert row["degrees_of_freedom"] == 1
    assert row["p_value"] == pytest.approx(0.0653, abs=5e-5)


def test_segments_that_differ_are_findings_though_no_pair_is():
    random = np.random.default_rng(1)
    group = random.choice(list("ab"), 400)
    frame = pd.DataFrame(
        {
            "customer_id": range(400),
            "duration": random.exponential(np.where(group == "a", 10, 30)),
            "event": True,
            "group": group,
            "noise": list("cd") * 200,
        }
    )
    tests = log_rank(frame, ["group", "noise"])
    (finding,) = differing_segments(tests)
    assert finding.statement.startswith("Customers leave at different rates by group (log-rank test: p < 0.001")
    assert differing_segments(tests, besides=["group"]) == ()
