import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.forecast.boosted_hazard import fit_discrete_hazard, landmarks
from workbench.models.survival.forecast.person_periods import person_periods


def world(size=1500, seed=1, months=24):
    """Satisfaction wanders month by month; the hazard of a month depends on its last value before it."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.3, (size, months)).cumsum(axis=1) + random.normal(0, 1, (size, 1))
    hazard = 1 / (1 + np.exp(3 + steps))
    gone = random.random((size, months)) < hazard
    first = np.where(gone.any(axis=1), gone.argmax(axis=1), months)
    lifetimes = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(size)],
            "duration": np.where(first < months, first + 0.5, months), "event": first < months,
        }
    )  # fmt: skip
    month = np.tile(np.arange(months), size)
    history = pd.DataFrame({"customer_id": np.repeat(lifetimes["customer_id"].to_numpy(), months), "time": month - 0.1,
                            "value": steps.ravel()})  # fmt: skip
    return lifetimes, history, steps, hazard


@pytest.fixture(scope="module")
def made():
    lifetimes, history, _, hazard = world()
    periods = person_periods(lifetimes, histories={"satisfaction": history})
    return lifetimes, history, periods, fit_discrete_hazard(periods, ["satisfaction"], random_seed=1, trees=50), hazard


def test_a_period_knows_only_what_came_before_it():
    lifetimes = pd.DataFrame({"customer_id": ["a"], "duration": [3.0], "event": [True]})
    history = pd.DataFrame({"customer_id": ["a"] * 3, "time": [0.5, 1.0, 1.5], "value": [1.0, 2.0, 3.0]})
    periods = person_periods(lifetimes, histories={"use": history})
    assert periods["left"].tolist() == [False, False, True]
    assert periods["use"].tolist() == pytest.approx([np.nan, 1.0, 3.0], nan_ok=True)
    later = history.assign(value=[1.0, 2.0, 99.0], time=[0.5, 1.0, 2.0])
    assert person_periods(lifetimes, histories={"use": later})["use"].tolist() == pytest.approx(
        [np.nan, 1, 2], nan_ok=True
    )
    with pytest.raises(DataError, match="history of 'use'"):
        person_periods(lifetimes, histories={"use": history.drop(columns="time")})


def test_late_entries_have_no_periods_before_they_were_seen():
    lifetimes = pd.DataFrame(
        {"customer_id": ["a", "b"], "duration": [4.0, 3.4], "event": [True, False], "entry": [1.5, 0]}
    )
    periods = person_periods(lifetimes)
    assert periods.groupby("customer_id")["period"].apply(list).to_dict() == {"a": [2, 3], "b": [0, 1, 2, 3]}
    assert periods["exposure"].tolist() == pytest.approx([1, 1, 1, 1, 1, 0.4])


def test_hazards_are_near_the_truth(made):
    _, _, periods, model, hazard = made
    row = periods["customer_id"].str[1:].astype(int)
    truth = hazard[row, periods["period"]]
    assert np.corrcoef(model.hazard(periods), truth)[0, 1] > 0.85
    assert model.hazard(periods).mean() == pytest.approx(truth.mean(), abs=0.004)


@pytest.mark.parametrize("cut", ["spread", "together"])
def test_who_is_lost_within_a_period_counts_for_the_part_of_it_that_was_seen(cut):
    """A rate of .05 a month: .0488 leave in one. Without those lost within a month it is .0506 and .0601."""
    random = np.random.default_rng(1)
    life = random.exponential(20, 60_000)
    follow = random.uniform(0, 24, 60_000) if cut == "spread" else np.full(60_000, 2.5)
    lifetimes = pd.DataFrame(
        {"customer_id": range(60_000), "duration": np.minimum(life, follow), "event": life <= follow}
    )
    periods = person_periods(lifetimes)
    assert periods["left"].sum() / periods["exposure"].sum() == pytest.approx(1 - np.exp(-0.05), abs=0.0008)


def test_half_a_period_ahead_lies_between_the_whole_ones(made):
    _, _, periods, model, _ = made
    now = periods.drop_duplicates("customer_id", keep="last").head(50)
    told = model.conditional_survival(now, now["tenure"].to_numpy(), [1, 1.5, 2])
    one, half, two = told["survival"].to_numpy().reshape(3, -1)
    assert half == pytest.approx(np.sqrt(one * two))


def test_leavers_of_customers_not_seen_are_foretold_by_period(made):
    lifetimes, history, _, _ = world(1500, seed=5)
    periods = person_periods(lifetimes, histories={"satisfaction": history})
    table = landmarks(periods, made[3])
    assert table["expected"].sum() == pytest.approx(table["actual"].sum(), rel=0.1)


def test_a_scenario_changes_what_is_to_come(made):
    _, _, periods, model, _ = made
    now = periods.drop_duplicates("customer_id", keep="last").head(300)
    tenure = now["tenure"].to_numpy()
    same = model.conditional_survival(now, tenure, [1, 6])
    better = model.conditional_survival(now, tenure, [1, 6], scenario={"satisfaction": [0.0, 1.0]})
    first = same["horizon"] == 1
    assert better["survival"][first].tolist() == same["survival"][first].tolist()
    assert better["survival"][~first].mean() > same["survival"][~first].mean() + 0.02
    assert same["survival"].between(0, 1).all()
    assert (same["survival"][~first].to_numpy() <= same["survival"][first].to_numpy()).all()
    assert "scenario" in model.checks({"satisfaction": [1]})[0].message
    assert "last known" in model.checks()[0].message


def test_categories_and_missing_values_are_taken_and_faults_told(made):
    _, _, periods, _, _ = made
    rows = periods.assign(plan=np.where(periods["period"] % 2, "a", "b"), use=np.nan)
    model = fit_discrete_hazard(rows, ["plan", "use", "satisfaction"], random_seed=1, trees=5)
    assert np.isfinite(model.hazard(rows.assign(plan="new").head(5))).all()
    with pytest.raises(DataError, match="nobody who left"):
        fit_discrete_hazard(rows.assign(left=False), ["use"], random_seed=1)
    with pytest.raises(DataError, match="no column"):
        fit_discrete_hazard(rows, ["there_is_none"], random_seed=1)


def test_the_same_seed_gives_the_same(made):
    _, _, periods, model, _ = made
    again = fit_discrete_hazard(periods, ["satisfaction"], random_seed=1, trees=50)
    assert (again.hazard(periods) == model.hazard(periods)).all()
