"""A forecast read back says what it said; what does not fit is refused by name; what became of customers is told."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.errors import DataError
from workbench.exhibits import flatten
from workbench.findings import Check, Finding
from workbench.models.attrition import LeaversForecast, read_forecast, rescore, saved
from workbench.models.attrition.card import SCHEMA, _feature
from workbench.models.attrition.model.baselines import BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.boosting import Settings
from workbench.models.attrition.model.choice import choose
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.model.encoding import Encoding
from workbench.models.attrition.model.fitting import fit_boosted
from workbench.models.attrition.model.levels import Level
from workbench.models.attrition.population import Onboard, Population
from workbench.models.attrition.population.treated import Treated
from workbench.models.attrition.reasons.reasons import Names
from workbench.models.attrition.seen import Seen
from workbench.studies.kept import write_model


@pytest.fixture(scope="module")
def made():
    frame = drawn(5000).drop(columns="risk")
    customers = labelled_customers(frame, label="left", customer="customer_id")
    population = Population(
        customers=customers,
        names=Names(),
        today=customers.features[~customers.left],
        today_ids=customers.ids[~customers.left],
        source="lifetimes",
        snapshots=pd.DataFrame(),
    )
    parts = slices(customers, random_seed=1)
    quick = Settings(rounds=60, eta=0.1, max_depth=3)
    boosted = fit_boosted(customers, parts, random_seed=1, refits=2, settings=quick)
    choice, _ = choose(customers, parts, boosted, random_seed=1, capacity=200)
    choice = replace(choice, used="boosted")
    forecast = LeaversForecast(
        customers=customers,
        parts=parts,
        names=Names(),
        choice=choice,
        used=boosted,
        random_seed=1,
        level=Level(rate=float(customers.left.mean()), customers=len(customers)),
    )
    return forecast, population


def onboard(frame):
    left = frame["left"].to_numpy(dtype=bool)
    features = frame.drop(columns=["left", "risk", "customer_id"])
    return Onboard(features=features, ids=frame["customer_id"].to_numpy(), left=left, active=~left)


def kept(made, folder):
    folder.mkdir(exist_ok=True)
    write_model(folder, saved(*made))
    return read_forecast(folder)


def test_a_forecast_read_back_gives_the_same_risks(made, tmp_path):
    forecast, _ = made
    back = kept(made, tmp_path / "run")
    features = forecast.test.features
    np.testing.assert_allclose(back.used.probability(features), forecast.used.probability(features), rtol=1e-6)
    assert {file.suffix for file in (tmp_path / "run" / "model").iterdir()} == {".ubj", ".json"}
    assert back.card["versions"]["xgboost"]
    assert back.card["data"].startswith("sha256:")
    by_name = {each["name"]: each for each in back.card["features"]}
    assert by_name["plan"]["levels"] == ["basic", "plus", "pro"]
    assert len(by_name["usage"]["range"]) == 2


def test_a_card_tells_nothing_of_few():
    """Four customers have a level of their own in three snapshots each, ten another one; three have no value."""
    rows = 900
    frame = pd.DataFrame({"left": np.arange(rows) % 3 == 0, "who": np.arange(rows) // 3, "day": np.arange(rows) % 3})
    frame["plan"] = np.where(frame["who"] < 150, "basic", "plus").astype(object)
    for first, last, level in ((0, 4, "rare"), (4, 14, "known"), (14, 17, None)):
        frame.loc[frame["who"].between(first, last - 1), "plan"] = level
    customers = labelled_customers(frame, label="left", customer="who", snapshot="day")
    assert customers.features["plan"].value_counts().to_dict() == {"plus": 450, "basic": 399, "known": 30}
    assert customers.features["plan"].isna().sum() == 21  # of seven people, who are told apart nowhere
    described = _feature("plan", ("basic", "known", "plus"), customers, Names())
    assert described["counts"] == [399, 30, 471, 0]


@pytest.mark.parametrize("kind", [BaseRate, SingleFeature, Logistic])
def test_simpler_forecasts_are_read_back_too(made, tmp_path, kind):
    forecast, population = made
    learned = ~forecast.parts["test"]
    used = kind().fit(population.customers.features[learned], population.customers.left[learned])
    choice = replace(
        forecast.choice, used={"BaseRate": "base_rate", "Logistic": "logistic"}.get(kind.__name__, "single_feature")
    )
    back = kept((replace(forecast, used=used, choice=choice), population), tmp_path / "run")
    features = forecast.test.features
    np.testing.assert_allclose(back.used.probability(features), used.probability(features), rtol=1e-6)


def test_the_same_kind_of_customers_keeps_the_forecast(made, tmp_path):
    found = rescore(kept(made, tmp_path / "run"), onboard(drawn(4000, seed=7)), random_seed=1)
    assert found.advice == "keep"
    first = next(each for each in flatten(found) if isinstance(each, Finding))
    expected, left = (round(each) for each in found.leavers)
    assert first.statement == (
        f"Keep the forecast: of customers of this file {expected} were expected to leave, {left} did."
    )
    assert left == drawn(4000, seed=7)["left"].sum()
    assert not found.unseen
    assert found.drift["stability"].max() < 0.05
    assert found.scores.frame["reason_1"].notna().any()
    assert len(found.scores.frame) == found.rows < 4000


def test_customers_that_were_learned_from_tell_nothing_of_the_forecast(made, tmp_path):
    back = kept(made, tmp_path / "run")
    again = drawn(5000).sample(frac=1, random_state=3)  # the same rows in another order
    found = rescore(back, onboard(again), random_seed=1)
    assert found.seen
    assert found.advice == "wait"
    assert {each.name: each.status for each in flatten(found) if isinstance(each, Check)}["learned_from"] == "warn"
    assert rescore(back, onboard(again[1:]), random_seed=1).seen == pytest.approx(4999, abs=1)


def test_a_part_of_those_that_were_learned_from_is_found_among_others(made, tmp_path):
    """1,000 of 4,000 rows: the others look known as often as not, with a standard error of 55 rows."""
    back = kept(made, tmp_path / "run")
    mixed = pd.concat([drawn(5000)[:1000], drawn(3000, seed=7)], ignore_index=True)
    found = rescore(back, onboard(mixed), random_seed=1)
    assert found.seen == pytest.approx(1000, abs=170)
    assert found.advice == "wait"
    assert rescore(back, onboard(drawn(4000, seed=8)), random_seed=1).seen == 0


def test_new_customers_who_look_like_known_ones_are_not_taken_for_them():
    """Twelve kinds of customers: all rows were seen before, which says nothing of who they are."""
    features = pd.DataFrame({"plan": np.tile(["a", "b", "c"], 400), "calls": np.tile([0.0, 1, 2, 3], 300)})
    encoding = Encoding.of(features)
    seen = Seen.read(Seen.of(encoding, features).card)
    assert seen.among(encoding, features.sample(300, random_state=1)) == 0


def test_what_the_model_has_learned_the_end_of_tells_nothing_of_it(made, tmp_path):
    """Cut-offs of January to April, the last of them today, windows of 30 days: all until 31 March is known."""
    forecast = kept(made, tmp_path / "run")
    days = ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]
    dated = replace(forecast, card={**forecast.card, "cutoffs": days, "window_days": 30, "gap_days": 0})
    later = onboard(drawn(4000, seed=7))

    def told(day):
        found = rescore(dated, replace(later, cutoff=day), random_seed=1)
        return found.advice, [each.status for each in flatten(found) if getattr(each, "name", "") == "learned_from"]

    for known in (dt.date(2024, 6, 1), dt.date(2025, 2, 1), dt.date(2025, 3, 30)):
        assert told(known) == ("wait", ["warn"])
    assert told(dt.date(2025, 3, 31)) == ("keep", [])


def test_who_was_treated_meanwhile_tells_nothing_of_the_forecast(made, tmp_path):
    """Half were treated, and nobody of them left: the forecast would look too high."""
    forecast, frame = kept(made, tmp_path / "run"), drawn(4000, seed=7)
    out = np.arange(4000) % 2 == 0
    left = frame["left"].where(~out, 0)
    treated = Treated(out=out, weights=np.ones(4000))
    people = replace(onboard(frame.assign(left=left)), cutoff=dt.date(2025, 5, 1))
    assert rescore(forecast, people, random_seed=1).advice != "keep"
    found = rescore(forecast, replace(people, treated=treated), random_seed=1)
    assert found.advice == "keep"
    assert found.evaluation.customers == 2000
    (check,) = [each for each in flatten(found) if getattr(each, "name", "") == "treated_windows"]
    assert check.value == 2000


def test_a_higher_level_is_recalibrated_and_other_leavers_refitted(made, tmp_path):
    forecast = kept(made, tmp_path / "run")
    more = drawn(4000, seed=7, rate=-1.2)
    found = rescore(forecast, onboard(more), random_seed=1)
    assert found.advice == "recalibrate"
    assert found.leavers[1] > 1.3 * found.leavers[0]
    assert next(each for each in flatten(found) if isinstance(each, Finding)).statement.startswith("Recalibrate")
    other = more.assign(left=np.random.default_rng(1).permutation(more["left"]))
    assert rescore(forecast, onboard(other), random_seed=1).advice == "refit"


def test_drift_and_new_categories_are_told(made, tmp_path):
    frame = drawn(4000, seed=7)
    frame["gap"] = frame["gap"] + 40
    frame.loc[:99, "plan"] = "ultra"
    found = rescore(kept(made, tmp_path / "run"), onboard(frame), random_seed=1)
    assert found.unseen == {"plan": 100}
    assert found.drift.set_index("feature")["stability"].drop([None, "gap"], errors="ignore").max() < 0.2
    checks = {each.name: each for each in found.exhibits() if hasattr(each, "status")}
    assert checks["new_categories"].value == 100
    assert checks["drift"].status == "warn"


def test_what_does_not_fit_is_refused_by_name(made, tmp_path):
    forecast = kept(made, tmp_path / "run")
    frame = drawn(500, seed=7).drop(columns="gap").assign(usage="much")
    with pytest.raises(DataError) as refused:
        rescore(forecast, onboard(frame), random_seed=1)
    assert len(refused.value.faults) == 2
    assert "gap" in str(refused.value)
    assert "usage" in str(refused.value)


def test_a_model_of_another_version_or_changed_is_refused(made, tmp_path):
    folder = tmp_path / "run"
    kept(made, folder)
    card = folder / "model" / "card.json"
    text = card.read_text()
    card.write_text(text.replace(f'"schema": {SCHEMA}', '"schema": 0'))
    with pytest.raises(DataError, match=rf"format 0.*here format {SCHEMA}"):
        read_forecast(folder)
    card.write_text(text)
    (folder / "model" / "refit_00.ubj").write_bytes(b"{}")
    with pytest.raises(DataError, match="was changed"):
        read_forecast(folder)
    card.unlink()
    with pytest.raises(DataError, match="no model"):
        read_forecast(folder)


def test_another_day_of_the_month_than_was_learned_from_is_told(made, tmp_path):
    forecast = kept(made, tmp_path / "run")
    dates = {"cutoffs": ["2025-01-01", "2025-02-01"], "window_days": 30, "gap_days": 0}
    monthly = replace(forecast, card={**forecast.card, **dates})

    def told(model, day):
        found = rescore(model, replace(onboard(drawn(1000, seed=7)), cutoff=day), random_seed=1)
        return [each for each in flatten(found) if getattr(each, "name", "") == "day_of_month"]

    assert [each.status for each in told(monthly, dt.date(2025, 3, 15))] == ["warn"]
    assert not told(monthly, dt.date(2025, 3, 1))
    assert not told(monthly, None)
    assert not told(forecast, dt.date(2025, 3, 15))


def test_columns_and_categories_in_another_order_and_new_columns_change_nothing(made, tmp_path):
    forecast, frame = kept(made, tmp_path / "run"), drawn(800, seed=7)
    plan = frame["plan"].astype(pd.CategoricalDtype(["pro", "basic", "plus", "none yet"]))
    other = frame.assign(plan=plan, extra=1)[["extra", *reversed(frame.columns)]]
    found, again = (rescore(forecast, onboard(each), random_seed=1) for each in (frame, other))
    assert found.scores.frame["probability"].equals(again.scores.frame["probability"])
    assert not again.unseen
