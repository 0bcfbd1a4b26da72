"""Each group's curve is carried on from where its data end, and drawn apart from what was observed."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.extrapolation.by_segment import extrapolate_groups


@pytest.fixture(scope="module")
def lifetimes():
    random = np.random.default_rng(3)
    dear = random.random(3000) < 0.4
    life, cut = random.exponential(np.where(dear, 8.0, 24.0)), random.uniform(6, 18, 3000)
    return pd.DataFrame(
        {
            "customer_id": range(3000),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "plan": np.where(dear, "dear", "cheap"),
        }
    )


@pytest.fixture(scope="module")
def further(lifetimes):
    return extrapolate_groups(kaplan_meier(lifetimes, by="plan"), lifetimes)


def test_groups_are_carried_on_by_their_own_form(further):
    table = further.table.set_index("group")
    assert (table["until"] > table["reach"]).all()
    for group, mean in (("dear", 8.0), ("cheap", 24.0)):
        assert table.loc[group, "survival"] == pytest.approx(np.exp(-further.until / mean), abs=0.06)


def test_the_difference_is_an_assumption_with_the_range_of_all_families(further):
    (finding,) = further.findings()
    assert finding.evidence == "assumed"
    assert finding.interval[0] <= finding.estimate <= finding.interval[1]
    assert "“cheap”" in finding.statement
    assert further.checks()[0].status == "pass"


def test_what_lies_beyond_the_data_is_dashed_and_named(further):
    axes = further.plot()
    dashed = [line for line in axes.lines if line.is_dashed()]
    assert len(dashed) == 2
    for line, each in zip(dashed, further.groups.values(), strict=True):
        assert line.get_xdata()[0] == pytest.approx(each.reach)
    assert "beyond the data" in axes.get_xlabel()
    assert "dashed" in further.describe()


def test_without_groups_or_with_few_leavers_nothing_is_carried_on(lifetimes):
    assert extrapolate_groups(kaplan_meier(lifetimes), lifetimes) is None
    few = lifetimes.head(60)
    assert extrapolate_groups(kaplan_meier(few, by="plan"), few) is None
