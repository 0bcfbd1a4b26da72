"""The validation of returns: three small companies, figures by hand, and what its page says."""

import numpy as np
import pytest
from benchmarks.validation.estimates import _crps, judged
from benchmarks.validation.page import written
from benchmarks.validation.rows import DEFAULT, Demand, Row, covered, told
from benchmarks.validation.worlds import made


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


def test_the_page_has_every_figure_beside_what_is_demanded_and_names_what_was_not_run(results):
    row = Row("default", ("warning=0",), 60, DEFAULT)
    page = written({"default": results}, (row,), "Measured at this state.")
    assert "3 of 60 companies: not run in full" in page
    assert all(each.title in page for each in DEFAULT)
    assert "at most 0.50" in page


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
