"""For whom a pilot works: groups named beforehand, shrunken, tested, small ones never alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.decisions.test_pilot_evaluation import asked, dealt, hillstrom, made, study  # noqa: F401 - a fixture

from workbench.decisions import rollout
from workbench.errors import ParameterError
from workbench.statistics.shrinkage import shrink


def test_the_published_interactions_are_found(hillstrom):  # noqa: F811
    parameters = ["outcome=visit", "outcomes=[]", 'groups=["mens*womens"]']
    said, run = study(hillstrom, "--dataset", "hillstrom", *[word for each in parameters for word in ("-p", each)])
    table = pd.read_parquet(run / "tables" / "effects.parquet")
    table = table[table["group"] != ""].set_index(["arm", "group"])
    assert set(table["kind"]) == {"posterior"}
    women, men, both = ("mens=no, womens=yes", "mens=yes, womens=no", "mens=yes, womens=yes")
    published = {
        ("Womens E-Mail", women): 0.0740,
        ("Womens E-Mail", men): 0.0111,
        ("Womens E-Mail", both): 0.0711,
        ("Mens E-Mail", women): 0.0706,
        ("Mens E-Mail", men): 0.0692,
        ("Mens E-Mail", both): 0.134,
    }
    for key, effect in published.items():  # each group adjusted for what was known before: within a third of its error
        assert table.loc[key, "alone"] == pytest.approx(effect, abs=table.loc[key, "alone_se"] / 3)
    middle = table.groupby(level="arm")["alone"].mean()
    for (arm, _), row in table.iterrows():  # drawn towards each other, most where least is known
        assert abs(row["estimate"] - row["alone"]) < row["alone_se"]
        assert abs(row["estimate"] - middle[arm]) < abs(row["alone"] - middle[arm]) + row["alone_se"] / 3
    assert said["metrics"]["groups_differ_p_Womens E-Mail_mens*womens"] < 1e-12
    assert said["metrics"]["groups_differ_p_Mens E-Mail_mens*womens"] < 1e-4
    found = [each for each in said["findings"] if each["id"].startswith("groups_")]
    assert len(found) == 2
    # Who had bought women's gains more from women's mail: a finding for targeting, and no second recommendation.
    assert [each["id"] for each in said["findings"] if each["action"]] == ["recommendation"]
    assert said["findings"][0]["statement"].startswith("hillstrom (Mens E-Mail) works best")
    draws = pd.read_parquet(run / "tables" / "effect_draws.parquet")
    drawn = draws[(draws["arm"] == "Womens E-Mail") & (draws["group"] == men)]["effect"]
    assert drawn.mean() == pytest.approx(table.loc[("Womens E-Mail", men), "estimate"], abs=3e-4)


def grouped(n=2000, *, gain=(2.0, 2.0), seed=1, small=0):
    rows = dealt(n, gain=0.0, seed=seed)
    plan = np.where(np.arange(n) % 2 == 0, "basic", "plus").astype(object)
    plan[: 2 * small] = "gold"
    rows["shop"] = plan
    rows["spend"] += (rows["arm"] == "mail") * np.where(plan == "plus", gain[1], gain[0])
    return rows


def judged(bench, rows, **question):
    made(bench, rows)
    path = bench.root / "data" / "made" / "dataset.yaml"
    path.write_text(path.read_text().replace("shop: {type: category}", "shop: {type: category, use: before}"))
    return rollout.answer(asked(bench, **question), previous=[], dataset="made")


def test_alone_a_group_says_the_difference_of_its_own_customers_and_the_test_is_that_of_wald(bench):
    rows = grouped(gain=(1.0, 4.0))
    (found,) = judged(bench, rows, groups=["shop"]).groups
    means = rows.groupby(["shop", "arm"])["spend"].agg(["mean", "var", "size"]).unstack()
    gaps = (means["mean"]["mail"] - means["mean"]["none"]).to_numpy()
    errors = (means["var"] / means["size"]).sum(axis=1).to_numpy()
    assert sorted(each.found.estimate for each in found.alone) == pytest.approx(sorted(gaps))
    wanted = stats.f.sf((gaps[1] - gaps[0]) ** 2 / errors.sum(), 1, min(each.found.df for each in found.alone))
    assert found.p_value == pytest.approx(wanted, rel=1e-6)
    shrunken = sorted(each.estimate for each in found.effects)
    assert gaps.min() < shrunken[0] < shrunken[1] < gaps.max()


def test_groups_too_small_for_an_arm_stand_together_and_never_alone(bench):
    done = judged(bench, grouped(small=20), groups=["shop"])
    (grouping,) = done.ready.groupings
    # The small group takes the next smallest with it, and two are too few to part: nothing is told by group.
    told = {each.group for by in done.groups for each in by.effects}
    assert not any("gold" in each for each in told)
    assert pd.Series(grouping.groups).value_counts().min() >= 100


@pytest.mark.parametrize(
    ("name", "wanted"), [("spend", "what was known before the start"), ("sohp", "did you mean 'shop'?")]
)
def test_what_was_not_known_before_makes_no_groups(bench, name, wanted):
    with pytest.raises(ParameterError) as refused:
        judged(bench, grouped(200), groups=[name])
    assert wanted in refused.value.faults[0]
    assert judged(bench, grouped(400), likely=[name]).groups == ()


def test_by_group_units_that_are_in_both_groups_err_together(bench):
    """Alone, the groups' errors hold the shops; their difference does not."""
    rng = np.random.default_rng(2)
    n, shops = 2400, 24
    rows = dealt(n, gain=0.0)
    shop = np.arange(n) % shops
    rows["arm"] = np.where(shop % 2 == 1, "mail", "none")
    rows["spend"] += rng.normal(0, 20, shops)[shop] + 0.0
    rows["shop"] = [f"s{each:02}" for each in shop]
    rows["plan"] = np.where(np.arange(n) // shops % 2 == 0, "basic", "plus")
    rows["spend"] += 4.0 * ((rows["arm"] == "mail") & (rows["plan"] == "plus"))
    more = "      plan: {type: category, use: before}\n"
    made(bench, rows, design="{assignment: clustered, unit: shop, control: none}", more=more)
    (found,) = rollout.answer(asked(bench, groups=["plan"]), previous=[], dataset="made").groups
    assert min(each.found.se for each in found.alone) > 4
    assert found.p_value < 1e-3


def test_drawn_together_groups_that_do_not_differ_are_nearer_to_the_truth():
    rng = np.random.default_rng(1)
    drawn = [rng.normal(1.0, 1.0, 4) for _ in range(2000)]
    errors = np.ones(4)
    found = [shrink(each, errors, prior_scale=2.0) for each in drawn[:300]]
    inside = np.array([(each.interval(0.9)[0] < 1.0) & (each.interval(0.9)[1] > 1.0) for each in found])
    assert inside.mean() > 0.9  # drawn together they are nearer to the truth, and their intervals narrower
    assert np.mean([np.diff(each.interval(0.9), axis=0) for each in found]) < 2 * 1.645
