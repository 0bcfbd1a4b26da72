import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.design import build_design

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
    matrix, silent = design.encode(FRAME)
    assert design.columns[:3] == (("net", "dsl"), ("net", "no"), ("age", ""))
    assert matrix[:, 0].tolist() == (FRAME["net"] == "dsl").astype(float).tolist()
    assert matrix[:, 2].mean() == pytest.approx(0)
    assert not silent.any()


def test_new_data_is_encoded_as_the_old_row_by_row():
    design = build_design(FRAME, EVENTS, ["net", "age", "loyal"])
    part = FRAME.sample(20, random_state=1)
    assert (design.encode(part)[0] == design.encode(FRAME)[0][part.index]).all()


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
    matrix, silent = design.encode(FRAME)
    assert design.silent == (("net", "no"),)
    assert silent.tolist() == (FRAME["net"] == "no").tolist()
    assert matrix.shape[1] == 1
    assert "nobody with “no” left" in status(design, "separation_net").message


def test_a_missing_category_is_a_level_and_a_missing_number_loses_the_row():
    gaps = FRAME.assign(net=FRAME["net"].where(FRAME.index % 5 > 0), age=FRAME["age"].where(FRAME.index % 4 > 0))
    design = build_design(gaps, EVENTS, ["net", "age"])
    assert ("net", "not stated") in design.columns
    assert design.complete(gaps).sum() == 150
    check = status(design, "covariates_missing")
    assert check.value == 0.25
    assert "50 of 200 customers (25%) lack a number (age)" in check.message


def test_an_unseen_level_and_a_missing_number_are_refused_together():
    design = build_design(FRAME, EVENTS, ["net", "age"])
    with pytest.raises(DataError) as caught:
        design.encode(pd.DataFrame({"net": ["satellite"], "age": [None]}))
    assert len(caught.value.faults) == 2
    assert "'satellite'" in str(caught.value)
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
    assert design.encode(hostile)[0].shape == (SIZE, 3)


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
