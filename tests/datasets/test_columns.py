import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets.columns import UnsupportedType, convert
from workbench.datasets.definition import ColumnDefinition


def read(column, kind=None, *, decimal=".", type_=None, **fields):
    definition = ColumnDefinition(name="x", source="x", label="X", kind=kind, **fields)
    return convert(pa.chunked_array([pa.array(column, type_)]), definition, decimal=decimal)


def plain(values):
    return [None if value is None or value != value else value for value in values]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", " 2.50 ", "+3", "-.5", "4.", "1e3", ""], [1, 2.5, 3, -0.5, 4, 1000, None]),
        (["7.030800821000001"], [7.030800821000001]),
    ],
)
def test_plain_decimal_notation_is_a_number(texts, expected):
    converted = read(texts)
    assert converted.kind == "number"
    assert plain(converted.values) == expected


@pytest.mark.parametrize("text", ["1,5", "1_000", "0x1A", "nan", "inf", "1e999", "12 000", "١٢", "1.2.3", "-", "="])
def test_what_only_looks_like_a_number_is_a_violation(text):
    converted = read(["1", text, text], "number")
    (violation,) = converted.violations
    assert (violation.rule, violation.n_rows, violation.examples) == ("a_number", 2, (text,))
    assert plain(converted.values) == [1, None, None]
    assert converted.unreadable.tolist() == [False, True, True]


def test_a_decimal_comma_is_read_where_declared_and_a_point_then_is_not():
    assert plain(read(["1,5", "-2"], "number", decimal=",").values) == [1.5, -2]
    assert read(["1.5", "1.234,5"], "number", decimal=",").violations[0].n_rows == 2


def test_codes_for_missing_are_found_in_any_notation():
    assert plain(read(["-99", "-99.0", "NA", "3"], "number", missing=("-99", "NA")).values) == [None, None, None, 3]
    assert plain(read([-99.0, 3.0, None, float("nan")], missing=("-99",)).values) == [None, 3, None, None]
    assert plain(read([-99, 3], missing=("-99",)).values) == [None, 3]
    assert plain(read(["x", "", " - "], "category", missing=("-",)).values) == ["x", None, None]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", ""], "number"),
        (["a", "b", "1"], "category"),
        (["", ""], "category"),
        ([True, False], "boolean"),
        ([1, 2], "number"),
        ([None, None], "category"),
    ],
)
def test_an_undeclared_kind_follows_the_values(values, kind):
    converted = read(values)
    assert (converted.kind, converted.violations) == (kind, ())


def test_a_column_that_is_mostly_numbers_must_be_declared():
    (violation,) = read(["18", "25", "40", "65+"]).violations
    assert (violation.rule, violation.n_rows, violation.examples) == ("one_type", 1, ("65+",))
    assert read(["18", "25", "40", "65+"], "category").violations == ()


def test_truths_are_0_and_1_or_the_values_that_were_declared():
    assert read(["1", "0", "TRUE", "false", "1.0"], "boolean").values.tolist() == [True, False, True, False, True]
    assert read([1.0, 0.0], "boolean").values.tolist() == [True, False]
    assert read([True, False], "boolean").values.dtype == bool
    assert plain(read(["1", "", "0"], "boolean").values) == [True, None, False]
    declared = read(["gone", "here", "1"], "boolean", true_values=("gone",), false_values=("here",))
    assert plain(declared.values) == [True, False, None]
    assert (declared.violations[0].rule, declared.violations[0].examples) == ("a_truth", ("1",))


def test_values_are_renamed_and_a_value_that_is_not_listed_is_a_violation():
    converted = read(["0", "1", "2", ""], "category", values={"0": "No", "1": "Yes"})
    assert plain(converted.values) == ["No", "Yes", None, None]
    assert (converted.violations[0].rule, converted.violations[0].n_rows) == ("listed", 1)
    assert plain(read([0.0, 1.0], "category", values={"0": "No", "1": "Yes"}).values) == ["No", "Yes"]


def test_ids_are_text_and_keep_their_zeros_and_digits():
    assert read(["007", " 8 "], "id").values.tolist() == ["007", "8"]
    assert plain(read([2**60 + 1, None], "id").values) == [str(2**60 + 1), None]


def test_dictionary_columns_are_read_as_their_values():
    assert read(pa.array(["a", "b", "a"]).dictionary_encode()).values.tolist() == ["a", "b", "a"]


@pytest.mark.parametrize("type_", [pa.timestamp("us"), pa.date32(), pa.list_(pa.int64()), pa.binary()])
def test_types_without_a_kind_are_named(type_):
    with pytest.raises(UnsupportedType, match=str(type_).split("[")[0].split("<")[0]):
        read([None], type_=type_)


@settings(deadline=None, max_examples=50)  # a busy machine is no fault
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1))
def test_numbers_are_the_same_as_text_and_as_numbers(numbers):
    texts = ["" if number is None else repr(number) for number in numbers]
    from_text, from_number = read(texts, "number"), read(numbers, "number", type_=pa.float64())
    assert plain(from_text.values) == plain(from_number.values) == numbers


@settings(deadline=None, max_examples=50)  # a busy machine is no fault
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_text_survives_as_data(texts):
    values = read(texts, "category", type_=pa.string()).values
    assert [value or "" for value in values] == [text.strip() for text in texts]
