"""What effects borrow from loyalty that nobody sees, against planted weights and by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from tests.models.linkage.panels import answers_of, panel

from workbench.models.linkage.borrowed import UNKNOWN, Borrowed, fit_borrowed
from workbench.models.linkage.halo import Halo
from workbench.models.linkage.lasting_effects import fit_lasting_effects
from workbench.models.linkage.linkage import Linkage

WEIGHTS = np.array([0.5, 0.4, 0.3, 0.0])
HALO = 0.3


@pytest.fixture(scope="module")
def some():
    return answers_of(*panel(customers=60)[:2])


def loyal(answers, *, loyalty, h=HALO, customers=4000, times=4, seed=3, draws=2000):
    """Four touchpoints of which one does not matter, rated `times` times; loyalty is constant and colours ratings."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(customers), times)
    x = random.normal(0, 0.6, (customers, 4))[who] + random.normal(0, 0.8, (len(who), 4))
    felt = x @ WEIGHTS + loyalty * random.standard_normal(customers)[who]
    ratings = x + h * felt[:, None]
    outcome = felt + random.logistic(size=len(who))
    columns = ratings - ratings.mean(axis=0)
    effects = np.linalg.lstsq(columns, outcome - outcome.mean(), rcond=None)[0]
    return replace(
        answers,
        ids=np.arange(customers).astype(str).astype(object),
        customer=who,
        month=np.tile(3 * np.arange(times), customers),
        timestamp=np.zeros(len(who), dtype="datetime64[s]"),
        drivers=("a", "b", "c", "d"),
        labels=("a", "b", "c", "d"),
        outcome=outcome,
        ratings=ratings,
        used=np.ones(ratings.shape, dtype=bool),
        reference=ratings.mean(axis=0),
        effects=np.tile(effects, (draws, 1)),
        use=np.zeros((draws, 4)),
    )


def test_a_touchpoint_that_does_not_matter_borrows_loyalty_and_gives_it_back(some):
    """By theory effects within customers are w / (1 + h Σw), whatever is constant."""
    answers = loyal(some, loyalty=1.2)
    points = np.full(2000, HALO)
    borrowed = fit_borrowed(answers, points, lasting=2.0)
    true = WEIGHTS / (1 + HALO * WEIGHTS.sum())
    seen = answers.effects[0]
    assert seen[3] > 0.15
    left = seen - borrowed.draw(2000, np.random.default_rng(1))
    assert np.abs(left.mean(axis=0) - true).max() < 2.5 * left.std(axis=0).max()
    assert left.mean(axis=0) == pytest.approx(true, abs=0.05)
    within = seen - borrowed.within(2000, np.random.default_rng(1))
    assert within.mean(axis=0) == pytest.approx(true, abs=0.06)
    assert (left.std(axis=0) < within.std(axis=0)).all()  # all touchpoints together tell more than each alone


def test_without_loyalty_or_halo_nothing_is_taken_off(some):
    answers = loyal(some, loyalty=0.0)
    drawn = fit_borrowed(answers, np.full(2000, HALO), lasting=0.5).draw(2000, np.random.default_rng(1))
    assert np.abs(drawn.mean(axis=0)).max() < 0.02
    plain = loyal(some, loyalty=1.2, h=0.0)
    tiny = fit_borrowed(plain, np.full(2000, 1e-9), lasting=2.0).draw(2000, np.random.default_rng(1))
    assert np.abs(np.median(tiny, axis=0)).max() < 0.01


def test_where_halo_is_not_known_half_of_effects_is_the_scale(some):
    answers = loyal(some, loyalty=0.5)
    size = np.sqrt(np.mean(answers.effects[0] ** 2))
    assert fit_borrowed(answers, np.zeros(2000), lasting=1.0).usual == pytest.approx(size / 2)


def test_a_touchpoint_that_nobody_rates_anew_borrows_what_the_others_do(some):
    """Within customers nothing is told of it: it is taken to borrow like the others, with more doubt."""
    answers = loyal(some, loyalty=1.2)
    ratings = answers.ratings.copy()
    ratings[:, 3] = ratings[answers.month == 0, 3][answers.customer]
    borrowed = fit_borrowed(replace(answers, ratings=ratings), np.full(2000, HALO), lasting=2.0)
    assert borrowed.error[3] == UNKNOWN
    assert (borrowed.error[:3] < 0.05).all()
    drawn = borrowed.draw(4000, np.random.default_rng(2))
    assert drawn[:, 3].mean() == pytest.approx(borrowed.apart[:3].mean(), abs=0.05)
    assert drawn[:, 3].std() > drawn[:, :3].std(axis=0).max()
    assert np.isfinite(borrowed.within(100, np.random.default_rng(1))).all()


def test_draws_are_those_of_the_hierarchy_by_brute_force():
    """Spread half-Cauchy, level normal within it, distances normal: weighted by the likelihood of what was seen."""
    borrowed = Borrowed(apart=np.array([0.2, 0.05, 0.1]), error=np.array([0.05, 0.02, 0.2]), usual=0.08)
    random = np.random.default_rng(5)
    many = 400_000
    spread = 0.08 * np.abs(random.standard_cauchy(many))
    level = spread * random.standard_normal(many)
    each = level[:, None] + spread[:, None] * random.standard_normal((many, 3))
    weight = np.exp(-0.5 * (((borrowed.apart - each) / borrowed.error) ** 2).sum(axis=1))
    mean = weight @ each / weight.sum()
    deviation = np.sqrt(weight @ (each - mean) ** 2 / weight.sum())
    drawn = borrowed.draw(40_000, np.random.default_rng(6))
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.004)
    assert drawn.std(axis=0) == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize(("a_year", "status"), [(0.0, "pass"), (0.25, "warn")])
def test_effects_that_change_over_the_years_are_warned_of(some, a_year, status):
    answers = loyal(some, loyalty=0.5, times=8)
    years = (answers.month - answers.month.mean()) / 12
    changed = replace(answers, outcome=answers.outcome + a_year * years * answers.away[:, 1])
    found = fit_lasting_effects(changed)
    (check,) = found.exhibits()
    assert (check.name, check.status) == ("effects_last", status)
    points = answers.points_of_score
    assert found.trend == pytest.approx(np.array([0, a_year, 0, 0]) / points, abs=3 * found.error.max())
    assert ("'b'" in check.message) == (status == "warn")


def test_ends_take_off_all_that_parts_effects_or_nothing(some):
    answers = loyal(some, loyalty=1.2)
    points = np.full(2000, HALO)
    reported = answers.effects.sum(axis=1)
    unasked = None
    linkage = Linkage(
        answers=answers,
        persistence=unasked,
        halo=Halo(points=points, reported=reported, pairs=1000),
        borrowed=fit_borrowed(answers, points, lasting=2.0),
        lasts=unasked,
        carry=unasked,
        slopes=unasked,
        notice=unasked,
        lasting=2.0,
        replies=0.0,
        random_seed=1,
    )
    assert np.array_equal(linkage.effect("d", "between"), answers.effects[:, 3])
    assert linkage.factor("between") == pytest.approx(linkage.halo.factor)
    assert linkage.effect("d", "within").mean() == pytest.approx(0.0, abs=0.05)
    assert linkage.factor().mean() == pytest.approx(1 + HALO * WEIGHTS.sum(), rel=0.05)
    assert linkage.factor("between").mean() > 1.05 * linkage.factor().mean()
    row = linkage.effects.set_index("driver").loc["d"]
    assert row["within"] < row["counted"] + 2 * row["within_error"] < row["seen"]
