"""Pilots that start at different times and end: what they do while on, after, and in total."""

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.models.trials.panels import Panel, impute, one_dummy

RHO, HALF_LIFE, ON, FOLLOWED = 0.6, 2.0, 6, 6


def made(*, seed=1, units=60, months=30, starts=(10, 13, 16), size=1.0, washout=12, never=0.5, unseen=0.0):
    """On for six months, then off; the effect grows for three, then fades by half in two; errors move together."""
    rng = np.random.default_rng(seed)
    start = np.where(rng.permutation(units) < never * units, -1, rng.choice(starts, units))
    place = np.arange(months) - start[:, None]
    on = (start >= 0)[:, None] & (place >= 0) & (place < ON)
    reach = np.minimum((place + 1) / 3, 1.0)
    effect = np.where(on, size * reach, 0.0)
    after = (start >= 0)[:, None] & (place >= ON)
    effect = np.where(after, size * 0.5 ** ((place - ON + 1) / HALF_LIFE), effect)
    shocks = rng.normal(size=(units + 1, months))
    for month in range(1, months):
        shocks[:, month] = RHO * shocks[:, month - 1] + np.sqrt(1 - RHO**2) * shocks[:, month]
    values = rng.normal(size=units)[:, None] + 2 * shocks[-1] + shocks[:-1] + effect
    values[rng.random(values.shape) < unseen] = np.nan
    return Panel(values=values, on=on, months=np.arange(months), washout=washout), effect


def truths(panel, effect):
    """Means of the planted effect over the cells that are told."""
    started, ended = panel.clock
    treated = panel.seen & (started > 0)
    by_month = [effect[treated & (started == k)].mean() for k in range(1, int(started.max()) + 1)]
    return {
        "on": effect[treated & (ended == 0)].mean(),
        "after": effect[treated & (ended > 0)].mean(),
        "total": float(np.sum(by_month)),
    }


def by_dummies(panel):
    """Levels fitted on untreated cells with a dummy each, effects as means of what is left: the definition."""
    n, months = panel.values.shape
    design = np.concatenate([np.repeat(np.eye(n), months, axis=0), np.tile(np.eye(months), (n, 1))[:, 1:]], axis=1)
    cells, values = panel.untreated.ravel(), panel.values.ravel()
    level = design @ np.linalg.lstsq(design[cells], values[cells], rcond=None)[0]
    return (values - level).reshape(n, months)


def test_it_is_what_was_seen_less_the_levels_of_unit_and_month():
    panel, _ = made(unseen=0.1)
    gaps, found = by_dummies(panel), impute(panel)
    started, ended = panel.clock
    treated = panel.seen & (started > 0)
    assert found.on.estimate == pytest.approx(gaps[treated & (ended == 0)].mean())
    assert found.after.estimate == pytest.approx(gaps[treated & (ended > 0)].mean())
    assert [each.month for each in found.by_month] == list(range(1, 19))
    assert found.by_month[3].estimate == pytest.approx(gaps[treated & (started == 4)].mean())
    assert found.after_end[1].estimate == pytest.approx(gaps[treated & (ended == 2)].mean())
    assert found.total.estimate == pytest.approx(sum(each.estimate for each in found.by_month))


def test_errors_are_those_of_weights_times_residuals():
    """Equation 8 with the weights of every cell written out; 2 × 2 without unseen cells is the textbook error."""
    rng = np.random.default_rng(4)
    on = np.zeros((40, 2), dtype=bool)
    on[:20, 1] = True
    panel = Panel(values=rng.normal(size=(40, 2)), on=on, months=np.arange(2))
    found, change = impute(panel), np.diff(panel.values)[:, 0]
    assert found.on.estimate == pytest.approx(change[:20].mean() - change[20:].mean())
    by_hand = change[:20].var(ddof=1) / 20 + change[20:].var() / 20
    assert found.on.se == pytest.approx(by_hand**0.5)


def coverage(worlds, *, units=60):
    held = dict.fromkeys(["on", "after", "total", "dummy", "dummy total"], 0)
    for seed in range(worlds):
        panel, effect = made(seed=seed, units=units)
        found, truth = impute(panel), truths(panel, effect)
        for name in ("on", "after", "total"):
            each = getattr(found, name)
            held[name] += each.lower < truth[name] < each.upper
        plain = one_dummy(panel)
        held["dummy"] += plain.lower < truth["on"] < plain.upper
        held["dummy total"] += ON * plain.lower < truth["total"] < ON * plain.upper
    return {name: each / worlds for name, each in held.items()}


def test_twenty_panels():
    found = coverage(20)
    assert all(found[name] >= 0.7 for name in ("on", "after", "total")), found
    assert found["dummy total"] < 0.7


@pytest.mark.slow
def test_200_panels():
    found = coverage(200)
    assert all(0.85 <= found[name] <= 0.95 for name in ("on", "after", "total")), found
    assert found["dummy"] < 0.85
    assert found["dummy total"] < 0.85


def test_clusters_are_counted_and_not_their_rows():
    panel, _ = made(units=30)
    copies = Panel(
        values=np.repeat(panel.values, 5, axis=0),
        on=np.repeat(panel.on, 5, axis=0),
        months=panel.months,
        cluster=np.repeat(np.arange(30), 5),
    )
    one, five = impute(panel).on, impute(copies).on
    assert (one.estimate, one.se, one.units) == pytest.approx((five.estimate, five.se, five.units))


def test_frequencies_are_rows_written_out():
    panel, _ = made(units=40, unseen=0.05)
    often = np.random.default_rng(5).integers(1, 4, 40)
    once = impute(Panel(values=panel.values, on=panel.on, months=panel.months, frequency=often))
    rows = impute(
        Panel(values=np.repeat(panel.values, often, axis=0), on=np.repeat(panel.on, often, axis=0), months=panel.months)
    )
    for one, two in zip((once.on, once.total, *once.before), (rows.on, rows.total, *rows.before), strict=True):
        assert (one.estimate, one.se, one.df) == pytest.approx((two.estimate, two.se, two.df))
    assert once.before_p == pytest.approx(rows.before_p)


def test_levels_of_units_and_months_change_nothing():
    panel, _ = made()
    rng = np.random.default_rng(6)
    moved = Panel(
        values=panel.values + 50 * rng.normal(size=(60, 1)) + 50 * rng.normal(size=30), on=panel.on, months=panel.months
    )
    one, two = impute(panel), impute(moved)
    assert (one.total.estimate, one.total.se) == pytest.approx((two.total.estimate, two.total.se))
    assert one.before_p == pytest.approx(two.before_p)


def test_a_month_without_controls_is_left_out_by_name():
    panel, _ = made(never=0.0, starts=(8, 14), months=24)
    found = impute(Panel(values=panel.values, on=panel.on, months=np.array([f"m{k}" for k in range(24)]), washout=8))
    # From month 14 on everybody has begun; the first come back 8 months after their end in month 13: month 22.
    assert found.left_out == tuple(f"m{k}" for k in range(14, 22))
    assert found.controls["long_since"][22] > 0
    assert found.controls["never"].sum() == 0


def test_who_was_never_seen_without_is_counted_as_lost():
    panel, _ = made()
    on = panel.on.copy()
    on[:2] = True
    assert impute(Panel(values=panel.values, on=on, months=panel.months)).lost == 2


def test_nobody_to_compare_with_is_said():
    panel, _ = made()
    with pytest.raises(DataError, match="anybody who tells"):
        impute(Panel(values=panel.values, on=np.ones_like(panel.on), months=panel.months))
    one = np.zeros_like(panel.on)
    one[0, 10:] = True
    with pytest.raises(DataError, match="rank among units"):
        impute(Panel(values=panel.values, on=one, months=panel.months))


def test_the_clock_starts_anew_and_stops_after_the_washout():
    on = np.array([[0, 1, 1, 0, 0, 0, 1, 0]], dtype=bool)
    started, ended = Panel(values=np.zeros((1, 8)), on=on, months=np.arange(8), washout=2).clock
    assert started.tolist() == [[0, 1, 2, 3, 4, 0, 1, 2]]
    assert ended.tolist() == [[0, 0, 0, 1, 2, 0, 0, 1]]


def test_trends_that_part_before_the_start_are_seen():
    alarms = sum(impute(made(seed=each)[0]).before_p < 0.05 for each in range(40))
    assert alarms <= 6
    panel, _ = made(units=200)
    drift = np.where(panel.on.any(axis=1)[:, None], 0.1 * np.arange(30), 0.0)
    assert impute(Panel(values=panel.values + drift, on=panel.on, months=panel.months)).before_p < 0.01
