import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.findings import Check
from workbench.models.survival.curves.figures import drawn_steps, to_be_drawn
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.dataset import _at_one_time

ROOT = Path(__file__).parents[3]


def world(size=900, seed=1):
    random = np.random.default_rng(seed)
    plan = random.choice(["short", "middle", "long"], size, p=[0.5, 0.3, 0.2])
    mean = pd.Series(plan).map({"short": 20, "middle": 40, "long": 120}).to_numpy()
    life, followed = random.exponential(mean), random.uniform(10, 72, size)
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.ceil(np.minimum(life, followed)),
            "event": life <= followed,
            "plan": plan,
        }
    )


@pytest.fixture(scope="module")
def by_plan():
    return kaplan_meier(world(), by="plan", labels={"plan": "Contract plan"})


def test_telco_reproduces_the_known_survival():
    datasets = pytest.importorskip("workbench.datasets")
    if not hasattr(datasets, "find"):
        pytest.skip("the door for datasets is not there yet; this claim is NOT tested")
    curves = kaplan_meier(datasets.find("telco", ROOT).load("lifetimes").frame)
    # own refit by two programs
    assert curves.at([12, 24, 60, 72])["survival"].tolist() == pytest.approx([0.8432, 0.7887, 0.6644, 0.5928], abs=5e-5)
    assert curves.metrics([12])["median_lifetime"] is None


def test_turnover_reproduces_the_known_median(shared):
    rows = pd.read_csv(shared / "turnover.csv", encoding="latin-1").rename(columns={"stag": "duration"})
    curves = kaplan_meier(rows.assign(customer_id=range(len(rows))))
    assert curves.metrics([12])["median_lifetime"] == pytest.approx(50.73, abs=0.005)


def test_metrics_have_the_names_that_results_promise():
    metrics = kaplan_meier(world()).metrics([12, 24.5])
    assert list(metrics) == [
        "km_survival_12",
        "km_survival_24.5",
        "restricted_mean_12",
        "restricted_mean_24.5",
        "median_lifetime",
        "customers",
        "events",
    ]
    json.dumps(metrics, allow_nan=False)


def test_order_of_rows_and_groups_is_irrelevant(by_plan):
    shuffled = kaplan_meier(world().sample(frac=1, random_state=3), by="plan", labels={"plan": "Contract plan"})
    pd.testing.assert_frame_equal(shuffled.frame, by_plan.frame)


def test_another_unit_of_time_changes_only_the_unit(by_plan):
    days = kaplan_meier(world().assign(duration=lambda rows: rows["duration"] * 30), by="plan", time_unit="day")
    assert days.at([360])["survival"].tolist() == by_plan.at([12])["survival"].tolist()
    means = [curves.restricted_mean(until)["restricted_mean"] for curves, until in ((days, 720), (by_plan, 24))]
    assert (means[0] / 30).tolist() == pytest.approx(means[1].tolist())


def test_horizons_are_sorted_and_each_once(by_plan):
    assert by_plan.at([24, 12, 24])["horizon"].unique().tolist() == [12, 24]


@pytest.mark.parametrize("horizons", [[], [0], [-1, 12], [float("nan")], [float("inf")]])
def test_senseless_horizons_are_refused(by_plan, horizons):
    with pytest.raises(ParameterError, match="expected one or more finite numbers above 0"):
        by_plan.at(horizons)


def test_a_horizon_beyond_the_data_is_named_and_left_out():
    curves = kaplan_meier(world())
    reached, check = curves.within([12, 500])
    assert reached == (12,)
    assert check.status == "warn"
    assert "500" in check.message
    assert curves.at([12, 500])["horizon"].tolist() == [12]
    with pytest.raises(DataError, match="nothing is extrapolated"):
        curves.within([500])


def test_a_group_that_ends_early_is_left_out_where_it_ends():
    lifetimes = world()
    new = lifetimes["plan"] == "long"
    lifetimes.loc[new, "event"] &= lifetimes.loc[new, "duration"] <= 15
    lifetimes.loc[new, "duration"] = lifetimes.loc[new, "duration"].clip(upper=15)
    curves = kaplan_meier(lifetimes, by="plan")
    _, check = curves.within([12, 24])
    assert check.status == "warn"
    assert "long" in check.message
    assert curves.at([24])["group"].tolist() == ["short", "middle"]
    assert curves.differences([12, 24])[0].statement.startswith("Over their first 12 months")


def test_a_segment_that_reaches_no_horizon_is_a_warning():
    curves = kaplan_meier(world(), by="plan")
    reached, check = curves.within([500])
    assert (reached, check.status) == ((), "warn")
    assert curves.at([500]).empty
    assert curves.describe([500])


def test_few_at_risk_are_neither_estimated_nor_counted_out():
    lifetimes = world(300)
    curves = kaplan_meier(lifetimes, by="plan")
    assert (curves.at(range(1, 72))["at_risk"] >= 10).all()


def test_where_everyone_was_seen_to_leave_the_rest_is_known():
    all_gone = pd.DataFrame({"customer_id": range(20), "duration": np.arange(20) % 5 + 1, "event": True})
    curves = kaplan_meier(all_gone)
    row = curves.at([50]).iloc[0]
    assert row["survival"] == 0
    assert row["at_risk"] == 0  # of a group that was seen to its end that is a result
    assert curves.within([3, 50])[0] == (3,)  # a model ends with the longest life
    assert curves.metrics([50])["restricted_mean_50"] == pytest.approx(3)


def test_nobody_leaving_is_a_stated_result():
    curves = kaplan_meier(world().assign(event=False), by="plan")
    assert curves.headline([12]).estimate == 1
    assert "100% of" in curves.headline([12]).statement
    assert curves.differences([12]) == ()
    assert curves.median()["median"].isna().all()


def test_all_durations_equal_is_a_stated_result():
    curves = kaplan_meier(world().assign(duration=12.0))
    assert curves.at([6, 12])["survival"].iloc[0] == 1
    assert curves.metrics([12])["restricted_mean_12"] == 12


def test_one_group_only_is_said():
    curves = kaplan_meier(world().assign(plan="x"), by="plan")
    assert [check.name for check in curves.checks] == ["one_group_plan"]
    assert curves.separation([12]) == 0


def test_fewer_customers_than_may_be_shown_are_refused():
    with pytest.raises(DataError, match="fewer than 10 customers"):
        kaplan_meier(world(9))


def test_the_headline_is_about_the_group_that_leaves_soonest(by_plan):
    headline = by_plan.headline([12, 24])
    assert headline.statement.startswith("Half of customers with contract plan “short” leave within")
    assert headline.statement.endswith(", the shortest of the 3 groups.")
    assert headline.unit == "months"
    assert headline.interval_kind == "90% confidence (log-log)"
    assert headline.interval[0] <= headline.estimate <= headline.interval[1]
    assert headline.evidence == "descriptive"
    assert headline.n == int((world()["plan"] == "short").sum())


def groups_of(**lifetimes):
    """One customer for each time of each group, all seen to leave but those of a negative time."""
    rows = [(plan, abs(time), time > 0) for plan, times in lifetimes.items() for time in times]
    frame = pd.DataFrame(rows, columns=["plan", "duration", "event"]).assign(customer_id=range(len(rows)))
    return kaplan_meier(frame, by="plan")


def test_the_superlative_of_the_headline_is_that_of_the_number_in_it():
    # Basic loses many at once, so its mean within 24 months is the shortest; half of Plus leave sooner all the same.
    basic, plus = [1] * 12 + [20] * 10 + [-30] * 8, [15] * 16 + [-30] * 14
    curves = groups_of(Basic=basic, Plus=plus, Max=[-30] * 30)
    assert curves.extremes([24])[0] == "Basic"
    headline = curves.headline([24])
    assert (
        headline.statement == "Half of customers with plan “Plus” leave within 15 months, the shortest of the 3 groups."
    )
    assert headline.estimate == curves.median().set_index("group")["median"].min() == 15


def test_a_tie_is_no_superlative_and_groups_that_cannot_be_judged_are_not_counted():
    same = groups_of(a=[10] * 20 + [-20] * 15, b=[10] * 20 + [-20] * 14)
    assert (
        same.headline([10]).statement
        == "Half of customers with plan “a” leave within 10 months; no group leaves sooner."
    )
    short = groups_of(a=[10] * 20 + [-20] * 15, b=[12] * 20 + [-20] * 14, c=[1] * 5 + [-2] * 30)
    assert short.headline([10]).statement.endswith(", the shortest of the 2 groups that can be compared.")
    alone = groups_of(a=[10] * 20 + [-20] * 15, c=[1] * 5 + [-2] * 30)
    assert alone.headline([10]).statement == "Half of customers with plan “a” leave within 10 months."


def test_of_shares_still_there_the_smallest_at_one_horizon_is_the_fewest():
    curves = groups_of(a=[2] * 24 + [-20] * 66, b=[9] * 27 + [-20] * 63, c=[1] * 2 + [-3] * 12)
    headline = curves.headline([3, 12])
    assert headline.statement.startswith("70% of customers with plan “b” are still there after 12 months")
    assert headline.statement.endswith(", the fewest of the 2 groups that can be compared.")


def test_a_median_that_is_not_reached_gives_way_to_the_share_still_there():
    loyal = world().assign(event=lambda rows: rows["event"] & (rows["customer_id"] % 8 == 0))
    headline = kaplan_meier(loyal).headline([12, 24])
    assert "are still there after 24 months" in headline.statement
    assert headline.unit == "share"


def test_the_difference_is_an_association_with_an_interval_for_having_looked(by_plan):
    (difference,) = by_plan.differences([12, 24])
    assert difference.evidence == "associational"
    assert "Bonferroni over 3 pairs" in difference.interval_kind
    assert difference.interval[0] > 0
    assert "“long”" in difference.statement.split("longer")[0]


def test_where_curves_cross_the_shortest_median_and_the_shortest_mean_are_both_told():
    """Of a half leave within 5 months and the others stay (mean 14.5 of 24); of b all leave after 12 (mean 12)."""
    curves = groups_of(a=[5] * 100 + [-30] * 100, b=[12] * 190 + [-30] * 10)
    said = curves.headline([24]).statement
    assert said.startswith("Half of customers with plan “a” leave within 5 months, the shortest")
    assert said.endswith("Over their first 24 months, “b” stays shorter on average: the curves cross.")
    alike = groups_of(a=[5] * 150 + [-30] * 50, b=[12] * 190 + [-30] * 10)
    assert "cross" not in alike.headline([24]).statement


def test_a_difference_that_chance_can_explain_is_said_to_be_one():
    random = np.random.default_rng(3)
    curves = kaplan_meier(world(400).assign(plan=random.choice(list("ab"), 400)), by="plan")
    (difference,) = curves.differences([12, 24])
    assert "Chance alone can explain" in difference.statement
    assert curves.separation([12, 24]) == 0


def test_too_few_leavers_make_no_difference_and_hide_nothing():
    lifetimes = world(400)
    lifetimes.loc[lifetimes["plan"] == "long", "event"] = False
    curves = kaplan_meier(lifetimes, by="plan")
    (difference,) = curves.differences([12, 24])
    assert "“middle” stay" in difference.statement
    assert "Not compared, because too few left: long." in curves.caption([12, 24])
    lifetimes["event"] &= lifetimes["plan"] == "short"
    assert kaplan_meier(lifetimes, by="plan").differences([12, 24]) == ()


def test_the_interval_allows_for_all_segments_looked_at(by_plan):
    (alone,), (among,) = by_plan.differences([24]), by_plan.differences([24], pairs=40)
    assert among.interval[0] < alone.interval[0]
    assert "chosen after looking" in among.interval_kind
    assert "over 40 pairs" in among.interval_kind


def test_a_small_young_group_does_not_mute_its_segment(by_plan):
    lifetimes = world()
    young = pd.DataFrame({"customer_id": range(900, 940), "duration": 5.0, "event": [True, False] * 20, "plan": "new"})
    curves = kaplan_meier(pd.concat([lifetimes, young]), by="plan")
    assert curves.common_horizon([12, 24]) == 24
    (difference,) = curves.differences([12, 24])
    assert difference.estimate == by_plan.differences([12, 24])[0].estimate
    assert "Not compared, because too few left: new." in curves.caption([12, 24])


def test_a_single_small_count_is_not_to_be_had_by_subtraction():
    sizes = {"a": 40, "b": 30, "c": 20}
    lifetimes = pd.DataFrame(
        {
            "customer_id": range(90),
            "duration": [30.0] * 40 + [30.0] * 30 + [30.0] * 3 + [10.0] * 17,
            "event": [False] * 90,
            "plan": [plan for plan, size in sizes.items() for _ in range(size)],
        }
    )
    curves = kaplan_meier(lifetimes, by="plan")
    followed = curves.followed([5, 20])
    assert followed[5].tolist() == [40, 30, 20]
    assert followed[20].isna().tolist() == [False, True, True]  # 73 in all, 40 and 30: 3 would be left
    assert curves.at([20])[["group", "at_risk"]].values.tolist() == [["a", 40]]  # its interval would tell of b as well
    assert curves.shown([5, 20, 30]).tolist() == [[True] * 3, [True, False, False], [True, False, False]]
    texts = [text.get_text() for text in curves.plot([5]).texts]
    assert "3" not in texts


def test_a_median_that_rests_on_few_is_missing():
    loyal = pd.DataFrame({"customer_id": range(60), "duration": [20.0] * 55 + [30.0] * 5, "event": False})
    loyal.loc[55:57, "event"] = True
    assert kaplan_meier(loyal).median()["median"].isna().all()


def test_the_first_finding_names_the_doubt_about_the_curve_of_all():
    curves, doubt = kaplan_meier(world()), Check(name="x", status="warn", message="")
    assert "With care" in curves.share_staying([12, 24], doubt=[doubt]).statement
    assert "With care" not in curves.share_staying([12, 24]).statement


def test_the_figure_names_each_curve_and_counts_who_is_followed(by_plan):
    axes = by_plan.plot([12, 24], title=by_plan.title([12, 24]))
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("short") == 2  # at the curve's end and beside its numbers
    assert axes.get_xlabel() == "Months as a customer"
    assert axes.get_legend() is None
    assert axes.get_ylim()[0] == 0
    assert "within" in axes.get_title(loc="left")
    counts = {text for text in texts if text.isdigit()}
    assert counts
    assert min(map(int, counts)) >= 10


def test_at_most_six_curves_are_drawn_the_extremes_among_them():
    random = np.random.default_rng(4)
    many = world(3000).assign(plan=lambda rows: random.choice(list("abcdefgh"), 3000))
    many.loc[many["plan"] == "h", "duration"] = 1 + many["duration"] // 8
    many = many[(many["plan"] != "h") | (many["customer_id"] % 4 == 0)]  # the smallest group leaves soonest
    curves = kaplan_meier(many, by="plan")
    names = [text.get_text() for text in curves.plot([5]).texts if text.get_text() in set("abcdefgh")]
    assert len(set(names)) == 6
    assert "h" in names
    assert "6 most telling of 8" in curves.caption()


def test_labels_beyond_ascii_and_markup_are_only_text():
    hostile = world().assign(plan=lambda rows: rows["plan"].map({"short": "$x^2_{", "middle": "套餐", "long": "{x}"}))
    curves = kaplan_meier(hostile, by="plan")
    assert "{x}" in curves.describe([12])
    assert "“$x^2_{”" in curves.headline([12]).statement


def test_the_description_reads_the_values(by_plan):
    text = by_plan.describe([12, 24])
    assert "by contract plan" in text
    assert "short: " in text
    assert "after 24 months" in text


def test_intervals_of_the_restricted_mean_stay_inside_what_is_possible():
    means = kaplan_meier(world().assign(event=lambda rows: rows["customer_id"] == 5)).restricted_mean(12)
    assert means["upper"].iloc[0] <= 12


def test_several_small_numbers_at_risk_are_hidden_with_enough_others_that_totals_tell_none():
    followed_on = {"a": 3, "b": 4, "c": 20, "d": 30}
    rows = [(plan, 10.0 if i < many else 2.0) for plan, many in followed_on.items() for i in range(40)]
    lifetimes = pd.DataFrame(rows, columns=["plan", "duration"]).assign(event=False, customer_id=range(len(rows)))
    shown = kaplan_meier(lifetimes, by="plan").followed([5])[5]
    assert shown.isna().to_dict() == {"a": True, "b": True, "c": True, "d": False}
    assert shown["d"] == 30


@pytest.mark.parametrize(
    "time", [[0.0], [0.0, 0.0], [0.0, 1.0], list(np.linspace(0, 7, 5_000)), [0.0, 1e-9, 5.0, 5.0, 9.0]]
)
def test_of_many_steps_so_many_are_drawn_that_nobody_sees_a_difference(time):
    time = np.array(time)
    drawn = to_be_drawn(time)
    assert drawn[0]
    assert drawn[-1]
    assert drawn.sum() <= 402
    assert np.diff(time[drawn]).max(initial=0) <= np.diff(time).max(initial=0) + time[-1] / 400


def test_no_line_is_drawn_over_steps_that_are_hidden():
    """By hand: hidden at 3, and from 5 on; what was level from 2 to 4 and from 4 to 6 was none of the curve."""
    table = pd.DataFrame({"time": [0.0, 1, 2, 3, 4, 5, 6], "survival": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]})
    shown = np.array([True, True, True, False, True, False, False])
    drawn = drawn_steps(table, shown, 6.0)
    assert drawn["time"].tolist() == [0, 1, 2, 2, 4]
    assert drawn["survival"].fillna(-1).tolist() == [1, 0.9, 0.8, -1, 0.6]
    whole = drawn_steps(table, np.full(7, True), 4.5)  # nothing is hidden: the line goes on to where it is known
    assert whole["time"].tolist() == [0, 1, 2, 3, 4, 4.5]
    assert whole["survival"].iloc[-1] == 0.6


def test_the_title_of_a_figure_names_no_group_that_chance_put_first():
    lifetimes = world()
    lifetimes["sign"] = np.random.default_rng(5).choice(["ram", "bull", "twins"], len(lifetimes))
    assert "no two of 3 groups differ clearly" in kaplan_meier(lifetimes, by="sign", time_unit="months").title([12.0])
    assert "the shortest of the 3 groups" in kaplan_meier(lifetimes, by="plan", time_unit="months").title([12.0])


def test_a_group_that_comes_one_by_one_is_shown_nowhere_and_spoils_no_other():
    """By hand: eleven who are each followed for one month after the one before; never are two of them at one time."""
    random = np.random.default_rng(1)
    large = pd.DataFrame({"duration": random.integers(5, 40, 200), "event": random.random(200) < 0.6, "entry": 0.0})
    small = pd.DataFrame({"duration": np.arange(2, 13), "event": False, "entry": np.arange(1.0, 12.0)})
    rows = pd.concat([large.assign(plan="many"), small.assign(plan="few")], ignore_index=True)
    rows = rows.astype({"duration": float}).assign(customer_id=[f"c{n}" for n in range(len(rows))])
    curves = kaplan_meier(rows, by="plan", time_unit="months")
    assert curves.groups.set_index("group")["reach"]["few"] == 0
    assert set(curves.at([12, 24])["group"]) <= {"many"}
    axes = curves.plot([12, 24])
    assert "few" not in {text.get_text() for text in axes.texts}
    levels = rows["plan"]
    assert _at_one_time(levels, rows).value_counts().to_dict() == {"many": 200, "few": 1}
