"""Who does not answer: what repeated answers and invitations show, and that the truth of all lies in the range."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from tests.kept_worlds import kept
from tests.models.drivers.answer_sheets import column

from workbench.models.drivers.model.outcome_level import outcome_level
from workbench.models.drivers.responses.nonresponse import LASTING_TO_DAY, TENTH, corrected, normal_scores, readiness
from workbench.models.drivers.responses.read import read_ratings
from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.history import live
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import read_settings

SETTINGS = {"confidence": 0.9, "response_ratio": 2.5, "random_seed": 1}
COLUMNS = [column("recommend", "outcome", (0, 10)), column("item", "driver", (1, 5))]


def ratings_of(answers, customers, days, **more):
    item = np.where(np.isfinite(answers), np.resize([1.0, 2, 3], len(answers)), np.nan)
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(days, "D")
    frame = pd.DataFrame({"recommend": answers, "item": item, "customer_id": customers, "timestamp": when, **more})
    return read_ratings(frame, COLUMNS)


def panel(slope, *, lasting=1.0, customers=3000, occasions=8, seed=1):
    """Invitations every quarter: customers differ in satisfaction, of which `lasting` stays and the rest is of the day.

    Answers from 0 to 10 are cut from a normal latent one; readiness rises by `slope` for a standard deviation of it.
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(customers), occasions)
    own, today = rng.standard_normal(customers)[who], rng.standard_normal(len(who))
    latent = np.sqrt(lasting) * own + np.sqrt(1 - lasting) * today
    cuts = ndtri(np.cumsum([0.05, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.14]))
    answer = np.searchsorted(cuts, latent).astype(float)
    answered = rng.random(len(who)) < 0.25 * np.exp(slope * latent - slope**2 / 2)
    days = np.tile(np.arange(occasions) * 91, customers) + rng.integers(0, 7, len(who))
    return who, days, answer, answered


def nps(answers):
    return 100 * (np.mean(answers >= 9) - np.mean(answers <= 6))


@pytest.mark.parametrize("slope", [0.0, 0.25, -0.2])
def test_repeated_answers_show_how_much_more_readily_the_satisfied_answer(slope):
    who, days, answer, answered = panel(slope)
    found = readiness(ratings_of(answer[answered], who[answered], days[answered]))
    assert not found.of_invitations
    assert abs(found.slope - slope) < 3 * found.error + 0.02  # scores are of respondents, and answers are cut
    assert found.error < 0.03


def test_what_is_of_the_day_is_not_seen_and_is_allowed_for():
    who, days, answer, answered = panel(0.25, lasting=0.6, customers=6000)
    ratings = ratings_of(answer[answered], who[answered], days[answered])
    found = readiness(ratings)
    assert found.slope == pytest.approx(0.6 * 0.25, abs=0.03)
    assert found.slope < 0.25 < LASTING_TO_DAY * found.slope
    level = outcome_level(ratings, **SETTINGS)
    assert level.range[0] <= nps(answer) <= level.range[1] < level.everyone.loc["nps", "lower"]
    assert "repeated answers show that the most satisfied answer" in level.findings()[1].statement


def test_invitations_that_were_not_answered_are_used_where_they_are_known():
    who, days, answer, answered = panel(0.25)
    found = readiness(ratings_of(np.where(answered, answer, np.nan), who, days))
    assert found.of_invitations
    assert abs(found.slope - 0.25) < 3 * found.error + 0.02


@pytest.mark.parametrize("why", ["once", "touchpoints", "no customers"])
def test_where_the_data_do_not_show_who_answers_a_stated_ratio_is_assumed_either_way(why):
    who, days, answer, answered = panel(0.25, customers=500 if why == "once" else 2000)
    who = np.arange(len(who)) if why == "once" else who
    more = {"touchpoint": np.resize(["shop", "app"], answered.sum())} if why == "touchpoints" else {}
    ratings = ratings_of(answer[answered], who[answered], days[answered], **more)
    if why == "no customers":
        object.__setattr__(ratings, "table", ratings.table.drop(columns="customer_id"))
    assert readiness(ratings) is None
    level = outcome_level(ratings, **SETTINGS)
    assert level.range[0] < level.everyone.loc["nps", "lower"] < level.everyone.loc["nps", "upper"] < level.range[1]
    told = level.findings()[1].statement
    assert "if the most satisfied answer up to 2.5 times as readily or as rarely" in told


def test_the_correction_gives_all_back_from_those_who_answered():
    """Readiness that rises evenly with a normal latent answer: the score of all comes back within half a point."""
    rng = np.random.default_rng(2)
    latent = rng.standard_normal(400_000)
    answer = np.searchsorted(ndtri([0.05, 0.15, 0.3, 0.6, 0.85]), latent)
    answered = rng.random(len(latent)) < 0.2 * np.exp(0.25 * latent)
    masses, points = np.bincount(answer[answered]).astype(float), np.arange(6.0)
    scores = np.array([-100.0, -100, 0, 0, 100, 100])
    assert scores[answer[answered]].mean() - scores[answer].mean() > 8
    assert corrected(masses, points, scores, 0.25) == pytest.approx(scores[answer].mean(), abs=0.6)
    assert normal_scores(points, masses)[0] < 0 < normal_scores(points, masses)[-1]
    assert np.exp(TENTH * np.log(2.5) / TENTH) == pytest.approx(2.5)


def seen_and_true(*settings):
    """The survey of a simulated world, and the net promoter score of everybody on board, on average over its months."""
    read = read_settings([*settings, "trials=false", "truth=false"])
    world, rows, true = world_of(read), [], []
    size = read.customers - read.customers % 4
    for month in live(world, Noise(read.seed, 0, size), read.months, calendar=1):
        if month.month < 0:
            continue
        true.append(100 * eq.net_promoter(world, month.people.satisfaction[month.people.active]).mean())
        if month.replies is not None:
            who = month.people.generation[month.replies.slot] * size + month.replies.slot
            rows.append(np.stack([who, 30.4 * (month.month + month.replies.when), month.replies.recommend]))
    who, days, answers = np.concatenate(rows, axis=1)
    return ratings_of(answers, who.astype(int), days), float(np.mean(true))


def covered(seed, *settings):
    ratings, true = seen_and_true(f"seed={seed}", *settings)
    level = outcome_level(ratings, **SETTINGS)
    return level.range[0] <= true <= level.range[1], level.readiness is not None, np.ptp(level.range)


def test_the_score_of_all_lies_in_the_range_of_a_few_worlds():
    found = [covered(seed, "customers=1000", "months=18") for seed in (2, 3, 5)]
    assert all(inside for inside, *_ in found)
    inside, seen, width = covered(3, "customers=3000", "months=30")
    assert inside
    assert seen
    assert width < 0.6 * max(width for *_, width in found)


def few(seed):
    """A world with unseen loyalty as usual, without it or with twice as much."""
    return covered(seed, "customers=1500", "months=18", f"confounding={(1, 0, 2)[seed % 3]}")


def many(seed):
    """The same of more customers for longer."""
    return covered(seed, "customers=5000", "months=36", f"confounding={(1, 0, 2)[seed % 3]}")


@pytest.mark.slow
@pytest.mark.parametrize("world", [few, many])
def test_the_score_of_all_lies_in_the_range_of_nine_worlds_in_ten(world):
    found = pd.DataFrame(kept(world, range(1, 51)), columns=["inside", "seen", "width"])
    assert found["inside"].mean() >= 0.9, found.groupby("seen")["inside"].agg(["mean", "size"])
