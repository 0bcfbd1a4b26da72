"""The validation of returns: three small companies, figures by hand, and what its page says."""

import numpy as np
import pytest
from benchmarks.validation import kept
from benchmarks.validation.estimates import _crps, effects_of, judged
from benchmarks.validation.page import written
from benchmarks.validation.rows import DEFAULT, REPORTED, STATED, Demand, Row, covered, told
from benchmarks.validation.worlds import made

from workbench.models import drivers
from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.linkage.halo import HELD

MANY = 2_000  # draws: an end is then off by .014 of the width


@pytest.fixture(scope="module")
def results():
    """2,000 customers, so that a test can wait; the rows of the page have 5,000."""
    return [judged(made(["customers=2000", "warning=0", f"seed={seed}"]), seed) for seed in (2_001, 2_002, 2_003)]


def test_three_companies_are_within_what_chance_allows(results):
    rows = [each for world in results for each in world["initiatives"]]
    inside = sum(each["stated"][0] <= each["npv"] <= each["stated"][1] for each in rows)
    assert inside >= 12  # of 18 at 90%: fewer would come of chance once in 1,500 were they independent
    assert all(each["wide"][0] <= each["stated"][0] and each["stated"][1] <= each["wide"][1] for each in rows)
    assert sum(each["crps"] for each in rows) < 0.7 * sum(each["naive_crps"] for each in rows)
    assert np.median([each["naive_ratio"] for each in rows]) < 0.6


def test_pilots_of_three_companies_tell_their_lifts(results):
    told_of = [each for world in results for each in world["pilots"]]
    assert {each["by_lot"] for each in told_of} == {True, False}
    inside = [abs(each["true"] - each["pilot"][0]) <= 1.645 * each["pilot"][1] for each in told_of]
    assert sum(inside) >= len(told_of) / 2  # at 90%: fewer of six would come of chance once in 800


def test_the_page_has_every_figure_beside_what_is_demanded_and_names_what_was_not_run(results):
    row = Row("default", ("warning=0",), 60, DEFAULT)
    page = written({"default": results}, (row,), "Measured at this state.")
    assert "3 of 60 companies: not run in full" in page
    assert all(each.title in page for each in DEFAULT)
    assert "at most 0.50" in page
    assert "not told by so few" in page
    assert "holds |" not in page
    assert "holds |" in written({"default": results}, (Row("default", (), 3, DEFAULT),), "")


def test_what_is_said_of_strong_halo_is_what_was_measured():
    cover, _ = STATED.measured([line["result"] for line in kept.read("halo=2")])
    assert cover == pytest.approx(HELD, abs=0.005)


def test_what_is_kept_of_companies_counts_while_two_of_them_come_out_alike(tmp_path):
    made = []

    def make(seed, shift=0.0):
        made.append(seed)
        return {"npv": np.float64(seed / 3 + shift), "ends": np.array([1.0, seed]), "warns": True, "name": "service"}

    for seed in (3, 1, 2):
        kept.add("link=0, small", seed, make(seed), "first", tmp_path)
    made.clear()
    assert [line["seed"] for line in kept.still_so("link=0, small", "first", make, tmp_path)] == [1, 2, 3]
    assert made == []  # the code is as it was
    assert [line["code"] for line in kept.still_so("link=0, small", "second", make, tmp_path)] == ["second"] * 3
    assert made == [1, 3]
    assert kept.read("link=0, small", tmp_path)[1]["result"] == kept.rounded(make(2))
    kept.add("link=0, small", 4, make(4, shift=1.0), "third", tmp_path)
    lines = kept.still_so("link=0, small", "third", lambda seed: make(seed, shift=1.0), tmp_path)
    assert [line["seed"] for line in lines] == [4]  # of the others none came out alike
    assert kept.read("link=0, small", tmp_path) == lines


def test_where_a_reported_row_covers_too_little_the_check_that_should_have_warned_is_named():
    worlds = [
        {"checks": {}, "initiatives": [{"npv": 1.0, "ratio": 1.0, "stated": [0.0, top], "given": [0.0, 2.0]}]}
        for top in [2.0] * 7 + [0.5] * 3
    ]
    row = Row("drift", (), 10, REPORTED, guard="`effects_last`.")
    assert "What should have warned: `effects_last`." in written({"drift": worlds}, (row,), "")
    assert "What should have warned" not in written({"drift": worlds[:7]}, (row,), "")


def test_a_bound_holds_within_two_standard_errors_of_companies():
    worlds = [{"initiatives": [{"npv": 1.0, "stated": [0.0, 2.0 if i < 8 else 0.5]}]} for i in range(10)]
    figure, error = Demand("", covered("stated"), 0.85).measured(worlds)
    assert figure == pytest.approx(0.8)
    assert error == pytest.approx(np.sqrt(0.8 * 0.2 / 10), rel=0.15)
    assert Demand("", covered("stated"), 0.85).holds(figure, error)
    assert not Demand("", covered("stated"), 1.2).holds(figure, error)
    assert Demand("", told("npv")).holds(1.0, 0.1) is None


def test_the_score_of_draws_is_that_of_its_definition():
    draws, truth = np.array([1.0, 3.0, 8.0]), 2.0
    apart = np.abs(draws[:, None] - draws).mean() / 2
    assert _crps(draws, truth) == pytest.approx(np.abs(draws - truth).mean() - apart)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3_001, 3_002, 3_003, 3_004, 3_005])
def test_effects_by_the_approximation_give_the_intervals_that_sampled_ones_give(seed):
    """Ends within a tenth of the width.

    An end of n draws is off by .64 / √n of the width by chance: with the 200 of the page's rows two of them differ by
    .064, and the most of sixty by .17, whatever the approximation does. So both are drawn ten times as often here.
    """
    world = made(["customers=2000", "warning=0", f"seed={seed}"])
    ratings = drivers.read_responses(
        world.tables["surveys"],
        world.dataset.tables["surveys"],
        outcome=None,
        drivers=None,
        segments=["plan"],
        combine_items=False,
    )
    sampled = fit_drivers(ratings, imputations=2, random_seed=seed).effect_draws(MANY)
    approximated = effects_of(world, seed, MANY)
    nears, fars = (judged(world, seed, each)["initiatives"] for each in (approximated, sampled))
    for near, far in zip(nears, fars, strict=True):
        (low, high), (other_low, other_high) = near["stated"], far["stated"]
        assert max(abs(low - other_low), abs(high - other_high)) < 0.10 * (other_high - other_low)


def test_an_end_of_few_draws_is_off_by_chance():
    """The figure that the test above goes by: .05 · .95 / n over the density there, in widths of the interval."""
    ends = [np.quantile(np.random.default_rng(seed).standard_normal(200), 0.05) for seed in range(2_000)]
    assert np.std(ends) / 3.29 == pytest.approx(0.64 / np.sqrt(200), rel=0.06)
