"""Curves that cross are found and said beside the averaged hazard ratio; curves that do not are hardly ever said to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.cox.fitted import find_crossings
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.crossing import crossing_time

TURN = np.log(2)


def world(size, seed, *, before, after, entered=0.0):
    """Every second customer has hazard `before` up to log 2 and `after` from then on, the others 1; many are censored.

    Where they are 2 and .5 the curves exp(-2 log 2 - .5 (t - log 2)) and exp(-t) cross at 3 log 2.
    """
    random = np.random.default_rng(seed)
    first = np.arange(size) % 2 == 0
    draw, early, late = random.exponential(1.0, size), np.where(first, before, 1.0), np.where(first, after, 1.0)
    life = np.where(draw < early * TURN, draw / early, TURN + (draw - early * TURN) / late)
    followed = random.exponential(2.6, size)
    entry = random.uniform(0, entered, size) if entered else np.zeros(size)
    there = np.minimum(life, followed) > entry
    frame = pd.DataFrame({"duration": np.minimum(life, followed), "event": life <= followed, "entry": entry})
    frame["plan"] = np.where(first, "new", "old")
    return frame[there].reset_index(drop=True).assign(customer_id=lambda rows: range(len(rows)))


def crossed(rows, **options):
    columns = rows["duration"].to_numpy(), rows["event"].to_numpy(), (rows["plan"] == "new").to_numpy()
    return crossing_time(*columns, entry=rows["entry"].to_numpy(), **options)


@pytest.mark.parametrize("entered", [0.0, 0.5])
def test_curves_that_cross_do_so_where_they_do(entered):
    times = [crossed(world(20_000, seed, before=2.0, after=0.5, entered=entered)) for seed in range(5)]
    assert np.mean(times) == pytest.approx(3 * TURN, rel=0.1)


def test_weights_count():
    rows = world(8000, 1, before=2.0, after=0.5)
    assert crossed(rows, weights=np.ones(len(rows))) == pytest.approx(crossed(rows))
    assert crossed(rows, weights=np.where(rows["duration"] > TURN, 1e-6, 1.0)) is None  # hardly anybody is there later


@pytest.mark.parametrize(("before", "after"), [(1.0, 1.0), (2.0, 2.0), (1.0, 0.5), (2.0, 1.0)])
def test_curves_that_touch_or_lie_apart_are_not_said_to_cross(before, after):
    found = [crossed(world(2000, seed, before=before, after=after)) for seed in range(20)]
    assert sum(time is not None for time in found) <= 1
    assert crossed(world(40, 1, before=2.0, after=0.5)) is None  # too few to tell


def test_it_is_said_beside_the_hazard_ratio():
    rows = world(8000, 3, before=2.0, after=0.5)
    model = fit_cox(rows, ["plan"])
    (found,) = find_crossings(model, rows)
    assert {found.value, found.reference} == {"new", "old"}
    model = replace(model, crossings=(found,))
    (finding,) = model.findings()
    assert "averaged over curves that cross" in finding.statement
    (check,) = [check for check in model.checks() if check.name == "curves_cross"]
    assert check.status == "warn"
    assert "cross at about 2" in check.message
    assert len(check.message.split()) <= 40
    apart = world(8000, 3, before=2.0, after=2.0)
    assert find_crossings(fit_cox(apart, ["plan"]), apart) == ()
