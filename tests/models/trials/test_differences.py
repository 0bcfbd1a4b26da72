"""Recipients whom somebody chose: what is not due to the campaign is not told as its gain."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from workbench.models.trials.campaigns import Spending, read_campaigns, reasons
from workbench.models.trials.differences import contrast, overlap_weights

FIRST = pd.Timestamp("2024-01-01").date()
START, LAST = 224, 279  # of the campaign: 56 days, with 224 days of records before
UNTIL = 335
SLICE = 28


class Log:
    """Purchases every four weeks: money a customer and slice, dated on its tenth day."""

    def __init__(self, money, *, until=UNTIL):
        n, slices = money.shape
        names = np.repeat([f"c{i:04}" for i in range(n)], slices)
        days = np.tile(np.arange(slices) * SLICE + 10, n)
        self.days = pd.DataFrame({"customer_id": names, "day": days, "amount": money.ravel(), "bought": True})
        self.first, self.until = FIRST, until


def date(days):
    return pd.Timestamp(FIRST) + timedelta(days=int(days))


def sent(chosen, *, name="8", start=START, end=LAST):
    people = [f"c{i:04}" for i in np.flatnonzero(chosen)]
    return pd.DataFrame(
        {"customer_id": people, "initiative": name, "arm": "mail", "start": date(start), "end": date(end)}
    )


def world(rng, *, n=1500, gain=0.0, trend=0.0, by="level"):
    """Customers of lasting levels whose spending wanders; chosen by level, or by what they spent last before START."""
    level = rng.gamma(4.0, 10.0, n)
    season = 1 + trend * np.sin(np.arange(12))  # moves spending in proportion to the level
    money = level[:, None] * season * rng.gamma(4.0, 0.25, (n, 12))
    score = level if by == "level" else money[:, 6:8].sum(axis=1)
    chosen = rng.random(n) < 1 / (1 + np.exp(-(score / score.mean() - 1) * 2))
    money[:, 8:10] += gain / 2 * chosen[:, None]
    return Log(money), chosen


def found(seed, **how):
    log, chosen = world(np.random.default_rng(seed), **how)
    ((campaign,), refused) = read_campaigns(sent(chosen), log)
    assert not refused
    return campaign


def test_spending_is_summed_from_the_first_day_to_before_the_last():
    log = Log(np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]))
    spending = Spending(log)
    assert spending.within("amount", 10, 38).tolist() == [1, 8]
    assert spending.within("amount", 10, 39).tolist() == [3, 24]
    assert spending.within("days", 0, 100).tolist() == [3, 3]
    assert spending.before(56).tolist() == [[2, 1, 1, 1], [16, 1, 8, 1]]
    assert spending.before(27) is None


def test_the_difference_and_its_error_are_welchs():
    rng = np.random.default_rng(1)
    values, chosen = rng.normal(size=400), rng.random(400) < 0.3
    here = contrast(values, chosen)
    assert here.estimate == pytest.approx(values[chosen].mean() - values[~chosen].mean())
    square = values[chosen].var() / chosen.sum() + values[~chosen].var() / (~chosen).sum()
    assert here.error == pytest.approx(square**0.5)
    assert here.effective == pytest.approx((~chosen).sum())
    assert contrast(values, ~chosen).estimate == pytest.approx(-here.estimate)  # arms exchanged turn the sign
    twice = contrast(np.tile(values, 2), np.tile(chosen, 2))
    weighted = contrast(values, chosen, np.full(400, 2.0))
    assert twice.estimate == pytest.approx(weighted.estimate)
    assert contrast(values + 7, chosen).estimate == pytest.approx(here.estimate)


def test_weights_give_both_kinds_the_same_means():
    rng = np.random.default_rng(2)
    known = rng.gamma(2.0, 10.0, (800, 3))
    chosen = rng.random(800) < 1 / (1 + np.exp(-(known[:, 0] - 20) / 10))
    doubled = np.column_stack([known, known[:, 1]])  # says the same twice
    for columns in (known, doubled):
        weights = overlap_weights(columns, chosen)
        means = [np.average(known[own], axis=0, weights=weights[own]) for own in (chosen, ~chosen)]
        assert means[0] == pytest.approx(means[1], rel=1e-6)
    assert overlap_weights(chosen[:, None] * 1.0, chosen) is None  # who was chosen can be told from what was known


def test_trends_that_part_with_the_level_fool_the_unweighted_difference_and_not_the_weighted_one():
    weighted, plain, bare = [], [], []
    for seed in range(12):
        campaign = found(seed, gain=6.0, trend=0.4)
        weighted.append((campaign.effect.estimate - 6.0) / campaign.effect.error)
        plain.append((campaign.plain.estimate - 6.0) / campaign.plain.error)
        bare.append(campaign.raw.estimate)
    assert abs(np.mean(weighted)) < 3 / 12**0.5
    assert abs(np.mean(plain)) > 1.645  # its 90% interval would miss by the mean error alone
    assert min(bare) > 20


def test_selection_on_the_last_purchases_is_caught_by_the_placebo_and_bounded():
    held, warned = 0, 0
    for seed in range(12):
        campaign = found(seed, by="last")
        low, high = campaign.effect.bounded(campaign.placebo, 0.9)
        held += low <= 0 <= high
        warned += campaign.placebo.p_value < 0.05
        assert campaign.raw.estimate > 5  # what a slide would have said
        assert campaign.effect.estimate < 0  # they fall back to their level: no gain is made of that
    assert held >= 10  # of 12, at a level of 90%
    assert warned >= 10


@pytest.mark.slow
def test_intervals_hold_their_level_in_200_worlds():
    covered = []
    for seed in range(200):
        low, high = found(1000 + seed, gain=6.0, trend=0.2).effect.interval(0.9)
        covered.append(low <= 6.0 <= high)
    assert 0.85 <= np.mean(covered) <= 0.97  # weights count as known: on the side of caution


def test_campaigns_that_cannot_be_told_are_named():
    log, chosen = world(np.random.default_rng(3))
    few = np.arange(len(chosen)) < 5
    rows = pd.concat(
        [
            sent(chosen, name="later", start=300, end=UNTIL + 1),
            sent(chosen, name="first", start=20, end=70),
            sent(few, name="handful"),
            sent(np.ones_like(chosen), name="all"),
            sent(chosen, name="backwards", start=250, end=240),
            sent(chosen, name="mixed").assign(start=[date(START + i % 2) for i in range(chosen.sum())]),
            sent(chosen, name="kept"),
        ]
    )
    told, refused = read_campaigns(rows, log)
    assert [each.name for each in told] == ["kept"]
    assert {each.name: each.reason for each in refused} == {
        "later": "outlasts",
        "first": "too_early",
        "handful": "few",
        "all": "everybody",
        "backwards": "no_dates",
        "mixed": "starts",
    }
    assert ("running on after the last day of the records, 1 Dec 2024", ("later",)) in list(reasons(refused, log))


def test_without_a_slice_before_there_are_no_weights_and_without_a_period_no_placebo():
    log, chosen = world(np.random.default_rng(4))
    ((early,), _) = read_campaigns(sent(chosen, start=60, end=115), log)
    assert early.weighted is None
    assert early.effect is early.plain
    assert early.placebo is None
    ((later,), _) = read_campaigns(sent(chosen, start=120, end=175), log)
    assert later.weighted is not None
    assert later.placebo is None or later.placebo.influence.shape == later.effect.influence.shape
