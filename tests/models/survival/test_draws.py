import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_covariate_histories import company  # noqa: F401
from tests.models.survival.test_recalibrated import LEARNED
from tests.models.survival.test_spells import END, world

from workbench.declared import declared, faults
from workbench.errors import DataError
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.time_varying_effects import fit_time_varying
from workbench.models.survival.forecast.active_customers import draws_of, forecast
from workbench.models.survival.forecast.draws import MOST_TIMES, export_draws, read_draws
from workbench.models.survival.forecast.landmarks import fit_landmark_cox
from workbench.models.survival.forecast.recalibrated import Recalibrated
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions


@pytest.fixture(scope="module")
def spells():
    return from_subscriptions(world(2000), as_of=END.date())


def models(spells):
    cox = fit_cox(spells.frame, ["plan", "price"])
    forced = cox.proportionality.assign(p_value_holm=0.0)
    object.__setattr__(cox, "proportionality", forced)
    changing = fit_time_varying(cox, spells.frame)
    assert changing is not None
    return {"cox": cox, "changing": changing, "recalibrated": Recalibrated(cox, LEARNED)}


@pytest.mark.parametrize("name", ["cox", "changing", "recalibrated"])
def test_mean_and_interval_of_the_draws_are_those_of_the_table_of_survival(spells, name):
    model = models(spells)[name]
    table = forecast(model, spells).table
    drawn = read_draws(*draws_of(model, spells, random_seed=1))
    few = drawn.customers.index[:200]
    horizons = [1, 3, 6, 12, 24]
    draws = drawn.conditional_survival(horizons, few)
    assert draws.shape == (400, 200, 5)
    wide = table[table["customer_id"].isin(few)].pivot(index="customer_id", columns="horizon").loc[few]
    off = draws.mean(axis=0) - wide["survival"].to_numpy()
    assert np.abs(off.mean(axis=0)).max() < 0.005
    # Between two times of the grid hazards are spread evenly, where leavers are few; a mean of draws has an error.
    assert (np.abs(off) < 0.035 + draws.std(axis=0) / np.sqrt(len(draws))).all()
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    width = (wide["upper"] - wide["lower"]).to_numpy()
    assert np.median((upper - lower)[:, 1:] / width[:, 1:]) == pytest.approx(1, abs=0.15)
    assert (np.diff(draws, axis=2) <= 1e-12).all()
    assert ((draws >= 0) & (draws <= 1)).all()


def test_a_sum_over_customers_has_the_spread_of_what_they_share(spells):
    """Customers share parameters: a sum spreads far more than independent ones would, and as the model has it."""
    model = models(spells)["recalibrated"]
    now = spells.active()
    tenure = now["duration"].to_numpy()
    drawn = read_draws(*draws_of(model, spells, random_seed=2)).conditional_survival([3.0])[:, :, 0]
    survival = model.predict_survival(now, [3.0], tenure=tenure).to_numpy()[:, 0]
    said = np.sqrt(model.variance_of_sum(now, tenure, tenure + 3.0, survival))
    assert drawn.sum(axis=1).std() == pytest.approx(said, rel=0.12)
    assert drawn.sum(axis=1).std() > 5 * np.sqrt(drawn.var(axis=0).sum())


def test_what_was_last_known_of_customers_is_in_their_columns(company):  # noqa: F811
    spells, surveys = company
    model = fit_landmark_cox(spells.frame, [], covariate_histories(spells, surveys=surveys, scores=["csat"]))
    now = spells.active()
    parameters, customers = draws_of(model, spells, random_seed=1)
    assert "column:csat" in customers
    drawn = read_draws(parameters, customers).conditional_survival([1, 6], customers["customer_id"][:100])
    told = model.predict_survival(now.head(100), [1, 6], tenure=now["duration"].to_numpy()[:100])
    off = np.abs(np.median(drawn, axis=0) - told.to_numpy())
    assert np.quantile(off, [0.8, 0.95]) == pytest.approx([0, 0], abs=0.03)


def test_draws_reach_five_years_ahead_from_tenure_0_and_say_where_data_end(spells):
    model = models(spells)["cox"]
    parameters, customers = draws_of(model, spells, random_seed=1)
    assert faults(declared("churn_survival", "survival_draws"), parameters) == []
    drawn = read_draws(parameters, customers)
    assert drawn.grid[0] == 0
    assert drawn.grid[-1] >= customers["tenure"].max() + 60
    assert (parameters["observed"] == spells.frame["duration"].max()).all()
    ahead = drawn.conditional_survival([24, 60], customers["customer_id"].head(20))
    assert (ahead[..., 1] < ahead[..., 0]).all()
    shorter = read_draws(*draws_of(model, spells, draws_within=24, random_seed=1))
    assert shorter.grid[-1] < customers["tenure"].max() + 25


def test_customers_of_a_level_that_nobody_left_may_leave_all_the_same(spells):
    lifetimes = spells.frame.assign(vip=np.where(np.arange(len(spells.frame)) % 50 == 0, "yes", "no"))
    lifetimes = lifetimes[~((lifetimes["vip"] == "yes") & lifetimes["event"])]
    model = fit_cox(lifetimes, ["vip"])
    drawn = read_draws(*export_draws(model, lifetimes, lifetimes["duration"].to_numpy(), within=12, random_seed=1))
    there = drawn.conditional_survival([12], lifetimes.loc[lifetimes["vip"] == "yes", "customer_id"])
    assert (there < 1).all()
    others = drawn.conditional_survival([12], lifetimes.loc[lifetimes["vip"] == "no", "customer_id"].head(50))
    assert there.mean() > others.mean() + 0.1


def test_the_same_seed_gives_the_same_and_parts_of_customers_the_same_draws(spells):
    model = models(spells)["cox"]
    first, second = (read_draws(*draws_of(model, spells, random_seed=3)) for _ in range(2))
    some = list(first.customers.index[5:9])
    whole = first.conditional_survival([6])[:, 5:9]
    assert (second.conditional_survival([6], some) == whole).all()


def test_a_model_without_covariates_is_drawn_too(spells):
    model = fit_cox(spells.frame, [])
    drawn = read_draws(*draws_of(model, spells, random_seed=1)).conditional_survival([6])
    assert drawn.std(axis=0).min() > 0


def test_faults_are_told(spells):
    parameters, customers = draws_of(models(spells)["cox"], spells, random_seed=1)
    drawn = read_draws(parameters, customers)
    with pytest.raises(DataError, match="got 1 who are not among"):
        drawn.conditional_survival([6], ["nobody"])
    with pytest.raises(DataError, match="expected at most"):
        drawn.conditional_survival([240])
    with pytest.raises(DataError, match="got no column tenure"):
        read_draws(parameters, customers.drop(columns="tenure"))


def test_a_grid_of_many_times_is_thinned_out():
    lifetimes = pd.DataFrame(
        {"customer_id": range(60), "duration": np.linspace(20, 2000, 60), "event": [True, False] * 30}
    )
    model = fit_cox(lifetimes, [], time_unit="day")
    parameters, _ = export_draws(model, lifetimes, lifetimes["duration"].to_numpy(), within=730, random_seed=1, draws=3)
    assert len(parameters.columns) < MOST_TIMES + 20  # the rest are times at which many leave at once
