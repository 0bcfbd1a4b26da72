import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.survival.test_spells import END, world

from workbench.evaluation.recalibration import Recalibration, evaluate_recalibration
from workbench.models.survival.cox.cause_specific import fit_cause_specific
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.recalibrated import Recalibrated, held_out_of, out_of_fold, recalibrated
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions

LEARNED = Recalibration(level=0.3, slope=-0.4, centre=0.1, covariance=((0.01, 0.001), (0.001, 0.02)), shrinkage=0.9)


@pytest.fixture(scope="module")
def lifetimes():
    return from_subscriptions(world(1500), as_of=END.date()).frame


@pytest.fixture(scope="module")
def model(lifetimes):
    return fit_cox(lifetimes, ["plan"])


@settings(max_examples=25)
@given(level=st.floats(-2, 2), slope=st.floats(-1, 2), centre=st.floats(-2, 2), seed=st.integers(0, 1000))
def test_survival_is_a_falling_share_and_sums_to_one_with_incidence(lifetimes, model, level, slope, centre, seed):
    random = np.random.default_rng(seed)
    some = lifetimes.iloc[random.choice(len(lifetimes), 20, replace=False)]
    tenure = random.uniform(0, 60, 20)
    horizons = [1.0, 3.0, 12.0, 30.0]
    changed = Recalibrated(model, Recalibration(level=level, slope=slope, centre=centre))
    table = changed.conditional_survival(some, tenure, horizons)
    survival = table["survival"].to_numpy().reshape(4, -1)
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(survival, axis=0) <= 1e-12).all()
    assert (table["lower"] <= table["survival"] + 1e-12).all()
    assert (table["survival"] <= table["upper"] + 1e-12).all()
    shares = fit_cause_specific(lifetimes, ["plan"]).shares(changed, some, tenure, horizons)
    assert np.allclose(sum(shares.values()) + survival.T, 1)
    assert all((np.diff(share, axis=1) >= -1e-12).all() for share in shares.values())


def test_each_hazard_is_multiplied_by_its_factor_and_the_uncertainty_of_the_factor_is_added(lifetimes, model):
    some, tenure = lifetimes.head(30), np.full(30, 5.0)
    until = np.full((30, 1), 9.0)
    plain, spread = model.cumulative_hazard(some, tenure, until, variance=True)
    changed, wider = Recalibrated(model, LEARNED).cumulative_hazard(some, tenure, until, variance=True)
    relative = model.log_relative_hazard(some, tenure)
    assert changed[:, 0] == pytest.approx(plain[:, 0] * np.exp(0.3 - 0.4 * (relative - 0.1)))
    direction = np.column_stack([np.ones(30), relative - 0.1])
    own = np.einsum("np,pq,nq->n", direction, np.array(LEARNED.covariance), direction)
    assert wider[:, 0] / changed[:, 0] ** 2 == pytest.approx(spread[:, 0] / plain[:, 0] ** 2 + own)
    one = Recalibrated(model, LEARNED).variance_of_sum(some.head(1), tenure[:1], until[:1, 0], np.ones(1))
    assert one == pytest.approx(wider[0, 0], rel=1e-6)


def test_a_change_of_unit_changes_nothing_but_the_unit(lifetimes, model):
    days = 365.25 / 12
    scaled = lifetimes.assign(duration=lifetimes["duration"] * days, entry=lifetimes["entry"] * days)
    other = fit_cox(scaled, ["plan"], time_unit="day")
    for each, unit in ((model, 1.0), (other, days)):
        told = Recalibrated(each, LEARNED).conditional_survival(lifetimes.head(20), np.full(20, 7 * unit), [6 * unit])
        if unit == 1:
            first = told
    for column in ("survival", "lower", "upper"):
        assert first[column].to_numpy() == pytest.approx(told[column].to_numpy(), rel=1e-9)


def test_what_was_foretold_of_customers_left_out_adds_up(lifetimes, model):
    told, rows = out_of_fold(model.refit, lifetimes, [6.0, 12.0], random_seed=1)
    assert len(rows) == len(lifetimes)
    assert told.hazard.sum() == pytest.approx(lifetimes["event"].sum(), rel=0.05)
    assert told.at.shape == (len(lifetimes), 2)
    plain = held_out_of(model, lifetimes, [6.0])
    assert np.exp(-plain.at[:5, 0]) == pytest.approx(model.predict_survival(lifetimes.head(5), [6.0])[6.0].to_numpy())


def shifted(size, seed, *, factor):
    """Customers leave at `factor` times the rate during the last year."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 1200, size), unit="D")
    dear = random.random(size) < 0.5
    rate = np.where(dear, 0.05, 0.02)
    quiet = (pd.Timestamp("2025-01-01") - start) / pd.Timedelta(days=1) / (365.25 / 12)
    quiet = np.maximum(np.asarray(quiet), 0)
    draw = random.exponential(1, size)
    life = np.where(draw < rate * quiet, draw / rate, quiet + (draw - rate * quiet) / (rate * factor))
    end = (start + pd.to_timedelta(life * 365.25 / 12, unit="D")).floor("D")
    rows = pd.DataFrame(
        {
            "customer_id": range(size),
            "start": start,
            "end": pd.Series(end).where(end < END),
            "plan": np.where(dear, "dear", "cheap"),
        }
    )
    return from_subscriptions(rows, as_of=END.date())


def calibrate(spells):
    day = pd.Timestamp("2025-01-01")
    train, test = spells.until(day), spells.after(day)
    earlier, final = fit_cox(train, ["plan"]), fit_cox(spells.frame, ["plan"])
    told = held_out_of(earlier, test, [3.0, 6.0])
    effect = evaluate_recalibration(told, random_seed=1)
    return final, recalibrated(final, effect.recalibration, told, test), effect


def test_after_a_shift_the_recalibrated_model_foretells_what_is_to_come_and_the_plain_one_too_many_who_stay():
    final, changed, effect = calibrate(shifted(6000, 1, factor=2.0))
    assert effect.helps
    who = pd.DataFrame({"customer_id": [0, 1], "plan": ["dear", "cheap"]})
    truth = np.exp(-6 * 2 * np.array([0.05, 0.02]))
    tenure = np.full(2, 20.0)
    told = changed.conditional_survival(who, tenure, [6.0])
    assert told["survival"].to_numpy() == pytest.approx(truth, abs=0.04)
    plain = final.conditional_survival(who, tenure, [6.0])
    assert (plain["survival"].to_numpy() > truth + 0.03).all()
    assert ((told["lower"] <= truth) & (truth <= told["upper"])).all()


@pytest.mark.slow
def test_the_number_expected_to_leave_covers_the_truth_after_recalibration_also_in_a_world_that_shifted():
    """In the large: who is on board, six months ahead, estimation alone. 90% intervals; they are on the safe side."""
    for factor in (1.0, 1.6):
        hits = {"plain": 0, "recalibrated": 0}
        for seed in range(200):
            spells = shifted(1200, seed, factor=factor)
            plain, changed, _ = calibrate(spells)
            now = spells.active()
            tenure = now["duration"].to_numpy()
            truth = (1 - np.exp(-6 * factor * np.where(now["plan"] == "dear", 0.05, 0.02))).sum()
            for name, each in (("plain", plain), ("recalibrated", changed)):
                survival = each.predict_survival(now, [6.0], tenure=tenure).to_numpy()[:, 0]
                error = np.sqrt(each.variance_of_sum(now, tenure, tenure + 6.0, survival))
                hits[name] += abs((1 - survival).sum() - truth) < 1.645 * error
        assert 170 <= hits["recalibrated"] <= 198, (factor, hits)
        if factor > 1:
            assert hits["plain"] < 60
