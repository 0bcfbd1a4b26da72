import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.forecast.boosted_hazard import fit_discrete_hazard


def world(size=1500, seed=1, months=24):
    """Months of customers whose satisfaction wanders; the hazard of a month depends on its last value before it."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.3, (size, months)).cumsum(axis=1) + random.normal(0, 1, (size, 1))
    hazard = 1 / (1 + np.exp(3 + steps))
    gone = random.random((size, months)) < hazard
    there = np.cumsum(gone, axis=1) - gone == 0
    customer, month = np.nonzero(there)
    return pd.DataFrame(
        {
            "customer_id": customer,
            "tenure": month.astype(float),
            "left": gone[there],
            "exposure": 1.0,
            "satisfaction": steps[there],
            "hazard": hazard[there],
        }
    )


def fit(periods, covariates, **more):
    return fit_discrete_hazard(periods, covariates, random_seed=1, depth=4, **more)


@pytest.fixture(scope="module")
def periods():
    return world()


def test_hazards_are_near_the_truth(periods):
    model = fit(periods, ["satisfaction"], trees=50)
    assert np.corrcoef(model.hazard(periods), periods["hazard"])[0, 1] > 0.85
    assert model.hazard(periods).mean() == pytest.approx(periods["hazard"].mean(), abs=0.004)
    new = world(seed=5)
    assert model.hazard(new).sum() == pytest.approx(new["left"].sum(), rel=0.1)


def test_categories_and_missing_values_are_taken_and_faults_told(periods):
    rows = periods.assign(plan=np.where(periods["tenure"] % 2, "a", "b"), use=np.nan)
    model = fit(rows, ["plan", "use", "satisfaction"], trees=5)
    assert np.isfinite(model.hazard(rows.assign(plan="new").head(5))).all()
    with pytest.raises(DataError, match="nobody who left"):
        fit(rows.assign(left=False), ["use"], trees=5)
    with pytest.raises(DataError, match="no column"):
        fit(rows, ["there_is_none"], trees=5)


def test_the_same_seed_gives_the_same(periods):
    first, again = (fit(periods, ["satisfaction"], trees=20) for _ in range(2))
    assert (again.hazard(periods) == first.hazard(periods)).all()
