import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.cox.design import build_design
from workbench.models.survival.cox.model import contrasts
from workbench.wording import number

RANDOM = np.random.default_rng(1)
SIZE = 200
FRAME = pd.DataFrame(
    {
        "net": RANDOM.choice(["fibre", "dsl", "no"], SIZE, p=[0.5, 0.3, 0.2]),
        "age": RANDOM.normal(40, 10, SIZE),
        "loyal": RANDOM.random(SIZE) < 0.5,
    }
).assign(tv=lambda rows: np.where(rows["net"] == "no", "no net", np.where(RANDOM.random(SIZE) < 0.5, "yes", "none")))
EVENTS = RANDOM.random(SIZE) < 0.6


def status(design, name):
    return {check.name: check for check in design.checks}[name]


def test_categories_are_dummies_against_the_most_frequent_and_numbers_are_centred():
    design = build_design(FRAME, EVENTS, ["net", "age", "loyal"])
    matrix = design.encode(FRAME)
    assert design.columns[:3] == (("net", "dsl"), ("net", "no"), ("age", ""))
    assert matrix[:, 0].tolist() == (FRAME["net"] == "dsl").astype(float).tolist()
    assert matrix[:, 2].mean() == pytest.approx(0)


def test_new_data_is_encoded_as_the_old_row_by_row():
    design = build_design(FRAME, EVENTS, ["net", "age", "loyal"])
    part = FRAME.sample(20, random_state=1)
    assert (design.encode(part) == design.encode(FRAME)[part.index]).all()


def test_a_column_that_follows_from_others_is_dropped_and_named():
    design = build_design(FRAME, EVENTS, ["net", "tv"])
    assert design.dropped == (("tv", "no net"),)
    check = status(design, "covariates_saying_nothing_new")
    assert "tv “no net” (the same as net “no”)" in check.message
    assert check.status == "pass"


def test_of_two_that_say_the_same_the_first_stays():
    twice = FRAME.assign(months=lambda rows: rows["age"] * 12)
    assert build_design(twice, EVENTS, ["age", "months"]).dropped == (("months", ""),)
    assert build_design(twice, EVENTS, ["months", "age"]).dropped == (("age", ""),)


def test_a_sum_of_others_is_a_warning():
    total = FRAME.assign(use=RANDOM.normal(size=SIZE), total=lambda rows: rows["age"] + rows["use"])
    check = status(build_design(total, EVENTS, ["age", "use", "total"]), "covariates_saying_nothing_new")
    assert check.status == "warn"
    assert "total (follows from age and use)" in check.message


def test_nearly_the_same_is_not_the_same():
    near = FRAME.assign(other=lambda rows: rows["age"] + RANDOM.normal(0, 1e-4, SIZE))
    assert build_design(near, EVENTS, ["age", "other"]).dropped == ()


def test_constants_are_dropped_and_named():
    check = status(build_design(FRAME.assign(one=7.3), EVENTS, ["one", "age"]), "covariates_saying_nothing_new")
    assert "one (always the same)" in check.message


def test_levels_of_which_nobody_left_are_named_and_marked():
    events = EVENTS & (FRAME["net"] != "no").to_numpy()
    design = build_design(FRAME, events, ["net"])
    assert design.without_events == (("net", "no"),)
    assert design.columns == (("net", "dsl"), ("net", "no"))
    assert design.half_leavers.tolist() == [0, 0.5]
    assert [each.value for each in contrasts(design)] == ["dsl"]  # no hazard ratio of the level
    assert "nobody with “no” left" in status(design, "separation_net").message


def test_a_missing_category_is_a_level_and_a_missing_number_is_taken_at_the_median_with_a_column_that_says_so():
    gaps = FRAME.assign(net=FRAME["net"].where(FRAME.index % 5 > 0), age=FRAME["age"].where(FRAME.index % 4 > 0))
    design = build_design(gaps, EVENTS, ["net", "age"])
    assert ("net", "not stated") in design.columns
    assert design.columns[-2:] == (("age", ""), ("age", "not stated"))
    line, missing = design.encode(gaps)[:, -2:].T
    assert missing.tolist() == gaps["age"].isna().astype(float).tolist()
    assert line[gaps["age"].isna()] == pytest.approx(gaps["age"].median() - gaps["age"].mean())
    last = contrasts(design)[-1]
    assert (last.value, last.reference) == ("not stated", number(gaps["age"].median()))
    check = status(design, "covariates_missing")
    assert (check.value, check.status) == (0.25, "warn")
    assert "50 of 200 customers (25%) lack a number (age)" in check.message
    curve = design.with_splines({"age": (30.0, 40.0, 60.0)}).settle(gaps, EVENTS)
    assert curve.columns[-3:] == (("age", ""), ("age", "spline 1"), ("age", "not stated"))
    assert contrasts(curve)[-1].weights.tolist() == [0] * (len(curve.columns) - 1) + [1]


def test_few_who_lack_a_number_or_of_whom_nobody_left_count_as_the_median():
    few = FRAME.assign(age=FRAME["age"].where(FRAME.index >= 5))
    design = build_design(few, EVENTS, ["age"])
    assert design.columns == (("age", ""),)
    assert status(design, "covariates_missing").status == "pass"
    quarter = (FRAME.index % 4 == 0).astype(bool)
    gaps = FRAME.assign(age=FRAME["age"].where(~quarter))
    assert build_design(gaps, EVENTS & ~quarter, ["age"]).columns == (("age", ""),)
    again = build_design(gaps, EVENTS, ["age"]).settle(gaps, EVENTS & ~quarter)  # a fold in which none of them left
    assert again.columns == (("age", ""),)
    assert again.encode(gaps).shape == (SIZE, 1)


def test_a_level_that_was_not_there_is_refused_and_a_missing_number_is_not():
    design = build_design(FRAME, EVENTS, ["net", "age"])
    assert np.isfinite(design.encode(pd.DataFrame({"net": ["dsl"], "age": [None]}))).all()
    with pytest.raises(DataError, match="'satellite'"):
        design.encode(pd.DataFrame({"net": ["satellite"], "age": [None]}))
    with pytest.raises(DataError, match="got no column 'age'"):
        design.encode(FRAME[["net"]])


def test_unknown_and_dated_covariates_are_refused_together():
    dated = FRAME.assign(born=pd.Timestamp("2020-01-01"))
    with pytest.raises(DataError) as caught:
        build_design(dated, EVENTS, ["born", "size"])
    assert len(caught.value.faults) == 2


def test_names_from_data_are_never_executed():
    hostile = FRAME.rename(columns={"age": "__import__('os').abort()", "net": "net ~ age\n"})
    design = build_design(hostile, EVENTS, ["__import__('os').abort()", "net ~ age\n"])
    assert design.encode(hostile).shape == (SIZE, 3)


def test_a_number_is_compared_over_its_middle_half_or_between_its_two_values():
    (age, two) = build_design(FRAME.assign(two=np.arange(SIZE) % 2 * 5), EVENTS, ["age", "two"]).terms
    assert (age.low, age.high) == tuple(np.quantile(FRAME["age"], [0.25, 0.75]))
    assert (two.low, two.high) == (0, 5)


def test_a_skewed_number_is_compared_between_values_that_customers_have():
    some, rare = np.zeros(SIZE), np.zeros(SIZE)
    some[:40] = np.arange(1, 41)
    rare[:5] = [2, 3, 4, 5, 900]
    (first, second) = build_design(FRAME.assign(some=some, rare=rare), EVENTS, ["some", "rare"]).terms
    assert (first.low, first.high) == (0, np.quantile(some, 0.9))
    assert (second.low, second.high) == (0, 4)  # not 900, which one customer has
