"""One table of all groups: shares, medians and restricted means with their differences."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.curves.group_table import group_table, groups_exhibit
from workbench.models.survival.curves.kaplan_meier import kaplan_meier


@pytest.fixture(scope="module")
def curves():
    random = np.random.default_rng(1)
    plan = random.choice(["a", "b", "c"], 1500, p=[0.5, 0.3, 0.2])
    life, cut = random.exponential(np.where(plan == "a", 10.0, 20.0)), random.uniform(5, 30, 1500)
    rows = pd.DataFrame(
        {"customer_id": range(1500), "duration": np.minimum(life, cut), "event": life <= cut, "plan": plan}
    )
    return [kaplan_meier(rows), kaplan_meier(rows, by="plan")]


def test_every_group_has_its_shares_median_and_mean_and_what_the_curves_say(curves):
    table = group_table(curves, [12, 6, 60])
    assert table["group"].tolist() == ["all customers", "a", "b", "c"]
    assert table["survival_60"].isna().all()
    assert table["survival_6"].tolist()[1:] == pytest.approx(curves[1].at([6])["survival"].tolist())
    assert table["median"].iloc[0] == pytest.approx(float(curves[0].median()["median"].iloc[0]))
    assert table["customers"].iloc[1:].sum() == table["customers"].iloc[0] == 1500


def test_differences_are_with_the_largest_group_and_hold_the_truth(curves):
    table = group_table(curves, [6, 12]).set_index("group")
    assert table.loc[["all customers", "a"], "gain"].isna().all()
    truth = 20 * (1 - np.exp(-12 / 20)) - 10 * (1 - np.exp(-12 / 10))
    for group in ("b", "c"):
        assert table.loc[group, "gain_lower"] < truth < table.loc[group, "gain_upper"]


def test_words_name_units_and_every_column_shown(curves):
    shown = groups_exhibit(curves, [6, 12])
    assert set(shown.columns) <= set(shown.frame.columns)
    assert shown.columns["survival_12"].unit == "share"
    assert shown.columns["gain"].unit == "months"
    assert "still there after 6 and 12 months" in shown.caption
