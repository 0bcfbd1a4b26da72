import datetime
from dataclasses import dataclass, replace

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets.definitions.dataset import ColumnDefinition
from workbench.datasets.definitions.origin import Origin
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import mapping
from workbench.datasets.values.mapping import UnsupportedTypeError

SHOP = Connection()


@dataclass
class Converted:
    kind: str
    values: list
    unreadable: list
    rule: str
    not_applicable: list | None


def read(column, kind=None, *, decimal=".", thousands="", type_=None, time_zone="UTC", **fields):
    array = pa.array(column, type_)
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    raw = SHOP.stage("raw", pa.table({"c0": array}).to_reader())
    definition = ColumnDefinition(name="x", source="x", label="X", kind=kind, **fields)
    origin = Origin(decimal=decimal, thousands=thousands)
    if kind is None:
        counts = mapping.undeclared(raw.c0, definition, origin)
        ((present, plain),) = SHOP.execute(SHOP.sql(raw.aggregate(n=counts[0], p=counts[1])))
        definition = replace(definition, kind=mapping.kind_of(raw.c0.type(), present, plain))
    basis = mapping.basis(raw.c0, definition, origin, time_zone=time_zone)
    mapped = mapping.map_column(basis, definition, declared=kind is not None)
    beside = mapped.not_applicable
    table = raw.select(
        value=mapped.value,
        bad=ibis.literal(False) if mapped.unreadable is None else mapped.unreadable,
        beside=ibis.null("boolean") if beside is None else beside,
    )
    rows = SHOP.execute(SHOP.sql(table))
    values, bad, besides = ([row[i] for row in rows] for i in range(3))
    return Converted(definition.kind, values, bad, mapped.rule, None if beside is None else besides)


def plain(values):
    return list(values)


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
    assert converted.rule == "a_number"
    assert converted.values == [1, None, None]
    assert converted.unreadable == [False, True, True]


def test_a_decimal_comma_is_read_where_declared_and_a_point_then_is_not():
    assert plain(read(["1,5", "-2"], "number", decimal=",").values) == [1.5, -2]
    assert read(["1.5", "1.234,5"], "number", decimal=",").unreadable == [True, True]


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
    assert (converted.kind, any(converted.unreadable)) == (kind, False)


def test_a_column_that_is_mostly_numbers_must_be_declared():
    mixed = read(["18", "25", "40", "65+"])
    assert (mixed.rule, mixed.unreadable) == ("one_type", [False, False, False, True])
    assert not any(read(["18", "25", "40", "65+"], "category").unreadable)


def test_truths_are_0_and_1_or_the_values_that_were_declared():
    assert read(["1", "0", "TRUE", "false", "1.0"], "boolean").values == [True, False, True, False, True]
    assert read([1.0, 0.0], "boolean").values == [True, False]
    assert read([True, False], "boolean").values == [True, False]
    assert plain(read(["1", "", "0"], "boolean").values) == [True, None, False]
    declared = read(["gone", "here", "1"], "boolean", true_values=("gone",), false_values=("here",))
    assert plain(declared.values) == [True, False, None]
    assert (declared.rule, declared.unreadable) == ("a_truth", [False, False, True])


def test_values_are_renamed_and_a_value_that_is_not_listed_is_a_violation():
    converted = read(["0", "1", "2", ""], "category", values={"0": "No", "1": "Yes"})
    assert plain(converted.values) == ["No", "Yes", None, None]
    assert (converted.rule, converted.unreadable) == ("listed", [False, False, True, False])
    assert plain(read([0.0, 1.0], "category", values={"0": "No", "1": "Yes"}).values) == ["No", "Yes"]


def test_ids_are_text_and_keep_their_zeros_and_digits():
    assert read(["007", " 8 "], "id").values == ["007", "8"]
    assert plain(read([2**60 + 1, None], "id").values) == [str(2**60 + 1), None]


def test_dictionary_columns_are_read_as_their_values():
    assert read(pa.array(["a", "b", "a"]).dictionary_encode()).values == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("type_", "said"),
    [(pa.list_(pa.int64()), "array"), (pa.binary(), "binary"), (pa.struct([("a", pa.int64())]), "struct")],
)
def test_types_without_a_kind_are_named(type_, said):
    with pytest.raises(UnsupportedTypeError, match=said):
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


def test_not_applicable_is_kept_apart_from_missing():
    rated = read(["0", "6", "4", ""], "rating", scale=(1, 5), missing=("0",), not_applicable=("6",))
    assert rated.values == [None, None, 4, None]
    assert rated.not_applicable == [False, True, False, False]
    typed = read([0, 6.0, 4, None], "rating", scale=(1, 5), missing=("0",), not_applicable=("6",))
    assert (typed.values, typed.not_applicable) == (rated.values, rated.not_applicable)
    assert read(["n/a", "x", ""], "category", not_applicable=("n/a",)).not_applicable == [True, False, False]


DAY = datetime.date(2020, 2, 13)
NOON = datetime.datetime(2020, 2, 13, 12, 30)


@pytest.mark.parametrize(
    ("text", "kind", "formats", "expected"),
    [
        ("2020-02-13", "date", (), DAY),
        (" 2020-02-13 12:30:00 ", "date", (), DAY),
        ("2020-02-13", "timestamp", (), datetime.datetime(2020, 2, 13)),
        ("2020-02-13T12:30", "timestamp", (), NOON),
        ("2020-02-13 12:30:00.000", "timestamp", (), NOON),
        ("2020-02-13T12:30:00Z", "timestamp", (), NOON),
        ("2020-02-13T14:30:00+02:00", "timestamp", (), NOON),
        ("13/02/2020", "date", ("%Y-%m-%d", "%d/%m/%Y"), DAY),
        ("13.2.2020 12:30", "timestamp", ("%d.%m.%Y %H:%M",), NOON),
        ("2020-02-30", "date", (), None),
        ("13/02/2020", "date", (), None),
        ("20200213", "date", (), None),
        ("1-1-1", "date", (), None),
        ("infinity", "timestamp", (), None),
        ("2020-02-13 25:00", "timestamp", (), None),
        ("13/13/2020", "date", ("%d/%m/%Y",), None),
        ("43874", "date", (), None),
    ],
)
def test_dates_are_iso_or_as_declared_and_anything_else_is_a_violation(text, kind, formats, expected):
    converted = read([text, ""], kind, formats=formats)
    assert converted.values == [expected, None]
    assert converted.unreadable == [expected is None, False]
    assert converted.rule == f"a_{kind}"


def test_times_with_a_zone_become_the_wall_clock_of_the_table_and_others_are_it_already():
    moments = read(["2020-07-01T22:30:00Z", "2020-07-01T22:30:00"], "timestamp", time_zone="Europe/London")
    assert moments.values == [datetime.datetime(2020, 7, 1, 23, 30), datetime.datetime(2020, 7, 1, 22, 30)]
    instant = [datetime.datetime(2020, 7, 1, 22, 30, tzinfo=datetime.UTC)]
    typed = read(instant, "timestamp", type_=pa.timestamp("ns", "UTC"), time_zone="Europe/London")
    assert typed.values == moments.values[:1]
    assert read([NOON], "date", type_=pa.timestamp("ns")).values == [DAY]
    assert read([NOON]).kind == "timestamp"
    assert read([DAY]).kind == "date"


def test_a_sentinel_among_dates_is_a_code_for_missing():
    assert read(["1900-01-01", "2020-02-13"], "date", missing=("1900-01-01",)).values == [None, DAY]
    assert read([datetime.date(1900, 1, 1), DAY], "date", missing=("1900-01-01",)).values == [None, DAY]


def test_a_beginning_says_true():
    cancelled = read(["C489", "489", "c1", ""], "boolean", starts_with=("C",))
    assert cancelled.values == [True, False, False, None]
    assert not any(cancelled.unreadable)
