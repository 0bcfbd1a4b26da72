"""How trials are dealt out, and what is told of their effects."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from workbench import datasets
from workbench.simulate import trial_effects as trial_effects_module
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.history import live
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import TRIAL_DESIGNS, read_settings
from workbench.simulate.engine.trials import Trials, second_start
from workbench.simulate.engine.words import REGIONS
from workbench.simulate.trial_effects import effects_table, trial_effects
from workbench.simulate.world import add


def enrolments(*texts, months=20, size=2_048):
    settings = read_settings(["seed=3", *texts])
    world = world_of(settings)
    trials = Trials(settings, offered(settings), keep=True)
    happened = live(world, Noise(3, 0, size), months, calendar=1, trials=trials, surveys=False)
    return settings, world, [each for month in happened for each in month.enrolled]


def test_a_pilot_by_region_has_two_regions_with_all_of_their_customers():
    _, _, made = enrolments("trial_design=region", months=8)
    (pilot,) = (each for each in made if each.kind == "pilot")
    region = pilot.before.region[pilot.slot]
    assert pilot.slot.size == pilot.before.active.sum()
    assert len(set(region[pilot.treated])) == 2
    assert len(set(region)) == len(REGIONS)
    assert set(region[pilot.treated]).isdisjoint(region[~pilot.treated])


def test_a_staggered_pilot_comes_in_waves_drawn_by_lot():
    settings, _, made = enrolments("trial_design=staggered")
    dealt, *waves = [each for each in made if each.kind == "pilot" and each.randomised]
    assert not any(each.recorded for each in waves)
    assert set(dealt.begins) == {6, 8, 10, 12}
    assert [each.start for each in waves] == [6, 8, 10, 12]
    assert [each.until - each.start for each in waves] == [6] * 4
    sizes = [each.treated.sum() for each in waves]
    assert min(sizes) > 0.75 * max(sizes)
    assert [(~each.treated).any() for each in waves] == [True, False, False, False]
    assert all((each.before.joined[each.slot] <= 6).all() for each in waves)
    entered = np.concatenate([each.slot for each in waves])
    assert np.unique(entered).size == entered.size
    assert set(entered) < set(dealt.slot)  # some have left before their wave
    assert second_start(settings) == 20


@pytest.mark.parametrize(
    ("design", "months"), [*((design, 27) for design in TRIAL_DESIGNS), ("staggered", 13), ("staggered", 9)]
)
def test_the_dataset_says_how_arms_were_dealt_and_the_draw_bears_it_out(bench, design, months):
    settings = ["customers=1500", f"months={months}", "seed=2", "truth=false", f"trial_design={design}", "churn=0.05"]
    add("firm", read_settings(settings), bench.root)
    checks = {check.name: check for check in datasets.find("firm", bench.root).check()}
    said = yaml.safe_load((bench.root / "data" / "firm" / "dataset.yaml").read_text())["tables"]["treatments"]["design"]
    assert said["retention_call"] == {"assignment": "randomised", "probability": 0.5, "control": "control"}
    assert "treatments_design" not in checks
    draws = {name: check.status for name, check in checks.items() if name.startswith("treatments_draw_")}
    by_chance = 1 + (design in ("individual", "region") or (design == "staggered" and months > 12))
    assert draws == dict.fromkeys(draws, "pass")
    assert len(draws) == by_chance


def test_pilots_of_volunteers_go_to_the_loyal_and_no_two_pilots_overlap():
    _, _, made = enrolments("trial_design=volunteers", "trial_months=9")
    first, second = (each for each in made if each.kind == "pilot")
    loyalty = first.before.loyalty[first.slot]
    assert loyalty[first.treated].mean() > loyalty[~first.treated].mean() + 0.3
    assert (first.randomised, first.start, first.until, second.start) == (False, 6, 15, 15)


@pytest.mark.parametrize("many", [0, 1, 2, 6])
def test_several_initiatives_are_tried_by_lot_each_among_customers_of_its_own(many):
    settings, _, made = enrolments(f"random_pilots={many}", months=13)
    by_lot = [each for each in made if each.kind == "pilot" and each.randomised]
    willing = [each for each in made if each.kind == "pilot" and not each.randomised]
    names = [each.name for each in offered(settings)]
    assert [each.name for each in by_lot] == names[:many]
    assert [each.name for each in willing] == names[max(many, 1) :][:1]
    slots = np.concatenate([np.zeros(0, dtype=int), *(each.slot for each in by_lot)])
    assert np.unique(slots).size == slots.size
    for each in by_lot:
        assert abs(each.slot.size / 2_048 - min(0.4, 0.96 / many)) < 0.04
        assert abs(each.treated.mean() - 0.5) < 0.09
        assert (each.start, each.until) == (6, 12)


def test_one_pilot_by_lot_is_what_there_is_when_nothing_is_said(company):
    settings = ("customers=300", "months=13", "seed=3", "truth=false")
    said, unsaid = company("random_pilots=1", *settings), company(*settings)
    for path in unsaid.data.glob("*.parquet"):
        assert path.read_bytes() == (said.data / path.name).read_bytes(), path.name


def test_what_is_tried_by_lot_is_said_to_be(bench):
    add("firm", read_settings(["customers=1500", "months=13", "truth=false", "random_pilots=3"]), bench.root)
    said = yaml.safe_load((bench.root / "data" / "firm" / "dataset.yaml").read_text())["tables"]["treatments"]["design"]
    names = [each.name for each in offered(read_settings([]))]
    assert [said[name]["assignment"] for name in names[:4]] == ["randomised"] * 3 + ["volunteers"]
    assert all(check.status != "fail" for check in datasets.find("firm", bench.root).check())


def test_letters_are_a_third_arm_dealt_out_evenly():
    _, _, made = enrolments("preset=persuadable", months=8)
    (calls,) = (each for each in made if each.kind == "call")
    assert calls.arms == ("control", "call", "letter")
    shares = np.bincount(calls.arm) / calls.arm.size
    assert np.abs(shares - 1 / 3).max() < 0.05
    assert np.array_equal(np.unique(calls.cost[calls.arm == 1]), [2.0])
    assert calls.cost[calls.arm == 0].sum() == 0


@pytest.mark.parametrize(("warning", "month"), [(0, 6), (1, 12)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pilots_of_the_preset_have_effects_that_can_be_found(seed, warning, month):
    """At least .012 on staying: within half a year, or a year where departures announce themselves before."""
    settings = read_settings(["preset=pilots", f"seed={seed}", f"warning={warning}"])
    world, noise = world_of(settings), Noise(seed, 0, 2_048)
    trials = Trials(settings, offered(settings), keep=True)
    (pilot,) = (
        each
        for happened in live(world, noise, 7, calendar=1, trials=trials, surveys=False)
        for each in happened.enrolled
        if each.kind == "pilot"
    )
    table = effects_table([trial_effects(settings, world, pilot, noise)[0]]).to_pandas()
    found = table[(table["group"] == "enrolled") & (table["month"] == month)].iloc[0]
    assert found["staying"] + 2 * found["staying_error"] >= 0.012
    assert found["satisfaction"] > 0.1
    assert found["nps"] > 5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calls_of_the_preset_do_good_on_average_and_harm_some(seed):
    settings = read_settings(["preset=persuadable", f"seed={seed}"])
    world, noise = world_of(settings), Noise(seed, 0, 4_096)
    trials = Trials(settings, offered(settings), keep=True)
    (calls,) = (
        each
        for happened in live(world, noise, 7, calendar=1, trials=trials, surveys=False)
        for each in happened.enrolled
        if each.kind == "call"
    )
    effect = trial_effects(settings, world, calls, noise)[1][0][calls.before.active]
    assert 0.01 < effect.mean() < 0.025
    assert effect.std() > 0.045
    assert (effect < 0).mean() > 0.12


def test_effects_by_month_are_those_of_the_summary_and_have_errors(firm):
    table = firm.truth("trial_effects")
    known = json.loads((firm.known / "truth.json").read_text())["trials"]
    assert set(table["month"]) == set(range(1, 13))
    sixth = table[(table["group"] == "enrolled") & (table["month"] == 6)].set_index("initiative")
    for name, starts in pd.DataFrame(known).groupby("initiative"):
        n = starts["enrolled"]
        assert sixth.loc[name, "customers"] == n.sum()
        assert np.isclose(sixth.loc[name, "staying"], (starts["stay_effect"] * n).sum() / n.sum())
        assert np.isclose(sixth.loc[name, "cash_so_far"], (starts["cash_effect"] * n).sum() / n.sum())
        errors = np.sqrt(((starts["cash_effect_error"] * n) ** 2).sum()) / n.sum()
        assert np.isclose(sixth.loc[name, "cash_so_far_error"], errors)
    flows = table[table["group"] == "enrolled"].groupby("initiative")
    for _, each in flows:
        assert np.allclose(each["orders"].cumsum(), each["orders_so_far"])
    assert (table.filter(like="_error") >= 0).all().all()
    assert table.notna().all().all()


def test_effects_are_the_same_to_the_bit_however_many_replicates_are_lived_together(monkeypatch):
    settings, world, made = enrolments("customers=4096", months=7, size=64)
    pilot = next(each for each in made if each.kind == "pilot")
    found = []
    for at_once in (64, 3 * 64, 2_048):  # each of the four alone, three and one, all
        monkeypatch.setattr(trial_effects_module, "AT_ONCE", at_once)
        effect, by_customer = trial_effects(settings, world, pilot, Noise(3, 0, 64))
        moments = [array for each in effect.moments.values() for array in (each.total, each.covariance)]
        found.append(np.concatenate([each.ravel() for each in (by_customer, effect.gain, effect.error, *moments)]))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_means_of_those_still_there_have_the_error_that_replicates_tell():
    """The delta method against the spread over 40 sets of replicates."""
    settings, world, made = enrolments("customers=8192", months=7, size=256)
    pilot = next(each for each in made if each.kind == "pilot")
    rows = [
        effects_table([trial_effects(settings, world, pilot, Noise(100 + turn, 0, 256))[0]]).to_pandas()
        for turn in range(40)
    ]
    months = pd.concat(rows).query("group == 'enrolled' and month == 5")
    for name in ("staying", "satisfaction", "nps_respondents", "cash_so_far"):
        told = np.sqrt((months[f"{name}_error"] ** 2).mean())
        assert 0.6 < months[name].std() / told < 1.6, name


def test_effects_of_contacts_are_told_of_everybody_who_could_have_been_drawn(company, one_initiative, few_people):
    firm = company("preset=persuadable", "customers=200", "months=8", f"initiatives={one_initiative}")
    effects, treated = firm.truth("contact_effects"), firm.table("treatments").query("initiative == 'retention_call'")
    assert effects.groupby("contact").size().to_dict() == {"call": 200, "letter": 200}
    assert effects["drawn"].sum() == 2 * len(treated)
    assert effects["contacted"].sum() == (treated["arm"] != "control").sum()
    arms = treated.set_index("customer_id")["arm"]
    contacted = effects[effects["contacted"]]
    assert (contacted["contact"] == arms[contacted["customer_id"]].to_numpy()).all()
