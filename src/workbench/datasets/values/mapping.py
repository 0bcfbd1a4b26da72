"""One column of a file → one canonical column, as an Ibis expression by its definition.

A value that cannot be read becomes missing *and* a violation; nothing is guessed or dropped in silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from workbench.datasets.definitions.canonical import NUMERIC, TEMPORAL, Kind
from workbench.datasets.definitions.dataset import ColumnDefinition
from workbench.datasets.definitions.origin import Origin
from workbench.datasets.values import moments
from workbench.datasets.values.numerals import NUMBER, PERCENT_UNITS, SHARE_UNIT, Style

ISO = moments.ISO  # how times are written where no format: says it
PADDED = "^0[0-9]+$"  # 02931: a code, which a number would cut short
# What Python's str.strip takes away.
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_MAY_NEED_TRIMMING = "^[^!-<>-~]|[^!-~]$"  # blanks, or ="38001", by which exports keep Excel from making numbers of ids
_LARGEST_EXACT = 2.0**53  # whole numbers beyond it are not exact as float64 (IEEE 754)
_ROUNDED_ID = r"^-?[0-9]+\.?[0-9]*[eE]\+[0-9]+$"
_TRUE, _FALSE = ("1", "1.0", "true"), ("0", "0.0", "false")


@dataclass(frozen=True)
class Mapped:
    """A canonical column.

    Attributes
    ----------
    definition
        With the kind that the column turned out to be.
    value
        float64 (numbers, money, ratings), boolean, date, timestamp (wall clock of the table's time zone) or string.
    not_applicable
        Where the question did not apply; None when the column has no such codes.
    unreadable
        Where a value could not be read; None where every value can be.
    rule
        What is said of those (key of `contracts.RULES`).
    text
        The value as it stands in the file.
    """

    definition: ColumnDefinition
    value: ir.Value
    not_applicable: ir.BooleanValue | None
    unreadable: ir.BooleanValue | None
    rule: str
    text: ir.Value


@dataclass(frozen=True)
class Basis:
    """What a column is read from.

    Attributes
    ----------
    text
        The value as it stands in the file (a number where the file has numbers).
    read
        What it says, missing where it cannot be read; None where the text is the value.
    is_number
        Whether the file has numbers.
    """

    text: ir.Value
    read: ir.Value | None
    is_number: bool = False


class UnsupportedTypeError(TypeError):
    """A column whose type has no canonical kind (lists, structures, bytes); its message is the type."""


@ibis.udf.scalar.builtin(name="trim", signature=((dt.string, dt.string), dt.string))
def _trim(text, characters): ...


@ibis.udf.scalar.builtin(name="isfinite", signature=((dt.float64,), dt.boolean))
def _is_finite(value): ...


def as_text(column: ir.Value) -> ir.StringValue:
    """Values as trimmed text, in one notation whatever the type (whole numbers without decimals, ISO dates).

    An empty text is missing.

    Parameters
    ----------
    column
        Values of any type.

    Raises
    ------
    UnsupportedTypeError
        For what is neither text nor number, truth or time.
    """
    kind = column.type()
    if kind.is_string() or kind.is_uuid():
        text = column.cast("string")
        # Trimming by Unicode costs ten times more than asking whether there is anything to trim.
        return ibis.ifelse(text.re_search(_MAY_NEED_TRIMMING), _trimmed(text), text).nullif("")
    if kind.is_decimal():
        text = column.cast("string")
        return text.re_replace(r"\.?0+$", "") if kind.scale else text
    if kind.is_floating():
        number = column.cast("float64")
        number = ibis.ifelse(number.isnan(), ibis.null("float64"), number)
        whole = (number == number.floor()) & (number.abs() < _LARGEST_EXACT)
        return ibis.ifelse(whole, number.try_cast("int64").cast("string"), number.cast("string"))
    if kind.is_integer() or kind.is_boolean() or kind.is_null() or kind.is_date() or kind.is_timestamp():
        return column.cast("string")
    raise UnsupportedTypeError(str(kind))


def _trimmed(text: ir.StringValue) -> ir.StringValue:
    return _trim(text, _BLANKS).re_replace('^="(.*)"$', r"\1")


def as_id(column: ir.Value) -> ir.StringValue:
    """Ids as text: 1000.0, by which a column with gaps becomes decimals, is 1000.

    Decimals beyond 2^53 get an exponent, by which `inexact` knows them: every other id is asked for one character.

    Parameters
    ----------
    column
        Values of any type.
    """
    typed = column.type()
    if not (typed.is_string() or typed.is_floating()):
        return as_text(column)
    text = column.cast("string") if typed.is_string() else as_text(column)
    tidied = _trimmed(text)
    exact = tidied.try_cast("float64").abs() < _LARGEST_EXACT
    decimal = ibis.ifelse(exact, tidied.re_replace(r"\.0$", ""), tidied + "e+0")
    tidied = ibis.ifelse(tidied.re_search(r"^-?[0-9]+\.0$"), decimal, tidied)
    return ibis.ifelse(text.re_search(rf"{_MAY_NEED_TRIMMING}|\.0$"), tidied, text).nullif("")


def inexact(text: ir.StringValue) -> ir.BooleanValue:
    """Where several ids of `as_id` may be one: decimals beyond 2^53, or 3.8E+11 as Excel shows long numbers.

    Parameters
    ----------
    text
        Values as text.
    """
    # A CASE asks the pattern of those alone that have the character; AND would ask it of all.
    return ibis.ifelse(text.contains("+"), text.re_search(_ROUNDED_ID), False).fill_null(False)


def style_of(definition: ColumnDefinition, origin: Origin) -> Style:
    """How the numbers of a column are written.

    Parameters
    ----------
    definition
        The column.
    origin
        Where the rows are and how they are written.
    """
    percent = None
    if definition.kind == "rating":
        percent = 1.0 if definition.scale and definition.scale[1] == 100 else None
    elif definition.kind == "number":
        percent = {**dict.fromkeys(PERCENT_UNITS, 1.0), SHARE_UNIT: 0.01}.get(definition.unit)
    money = definition.kind == "money"
    return Style(origin.decimal, origin.thousands, money, definition.unit if money else "", percent)


def undeclared(column: ir.Value, definition: ColumnDefinition, origin: Origin) -> tuple[ir.Scalar, ir.Scalar]:
    """How many values a column without a declared kind has, and how many of them are plain numbers.

    Where some have zeros in front none is: they are codes.

    Parameters
    ----------
    column
        Values of any type.
    definition
        The column.
    origin
        Where the rows are and how they are written.
    """
    text = as_text(column)
    codes = (*definition.missing, *definition.not_applicable)
    present = text.notnull() & ~text.isin(codes) if codes else text.notnull()
    plain = present & Style(origin.decimal, origin.thousands).read(text).notnull()
    padded = (present & text.re_search(PADDED)).any().fill_null(False)
    return present.sum().fill_null(0), ibis.ifelse(padded, 0, plain.sum().fill_null(0))


def kind_of(column: dt.DataType, present: int, plain: int) -> Kind:
    """The kind of a column that declares none: by its type, else numbers if half of its values or more are.

    Parameters
    ----------
    column
        Type of the column.
    present
        How many values there are.
    plain
        How many of them are plain numbers.
    """
    if column.is_boolean():
        return "boolean"
    if column.is_numeric():
        return "number"
    if column.is_timestamp() or column.is_date():
        return "timestamp" if column.is_timestamp() else "date"
    return "number" if present and plain * 2 >= present else "category"


def basis(
    column: ir.Value, definition: ColumnDefinition, origin: Origin, *, time_zone: str = "UTC", midnights: str = ""
) -> Basis:
    """What a column is read from: its text, and what the text says.

    These cost most and are used several times, so whoever lays out a table has them worked out once.

    Parameters
    ----------
    column
        Text or typed, as in the file.
    definition
        Its kind, codes and values; the kind is known.
    origin
        How numbers are written that are text.
    time_zone
        Whose wall clock times without an offset show, and all times are turned to.
    midnights
        Whether times with an offset are dates of one place; see `moments.midnights_of`.

    Raises
    ------
    UnsupportedTypeError
        See `as_text`.
    """
    kind, typed = definition.kind, column.type()
    if kind in NUMERIC and typed.is_numeric():
        number = column.cast("float64")
        return Basis(number, number.nullif(float("nan")) if typed.is_floating() else number, is_number=True)
    if kind in TEMPORAL and (typed.is_date() or typed.is_timestamp()):
        moment = column
        if typed.is_timestamp():
            moment = column.cast(dt.Timestamp(timezone=typed.timezone, scale=6))
            moment = moments.wall_clock(time_zone, moment) if typed.timezone else moment
            moment = moments.nearest_midnight(moment) if midnights else moment
        return Basis(column.cast("string"), moment.cast("date" if kind == "date" else dt.Timestamp(scale=6)))
    if kind == "id":
        return Basis(as_id(column), None)
    text = as_text(column)
    if kind in NUMERIC:
        read = style_of(definition, origin).read(text)
        if definition.values:
            words = ((text == word, float(point)) for word, point in definition.values.items())
            read = ibis.cases(*words, else_=read)
        return Basis(text, read)
    if kind == "boolean":
        return Basis(text, _truth(text, definition))
    if kind in TEMPORAL:
        moment = moments.read(text, definition.formats, time_zone, midnights)
        return Basis(text, moment.date() if kind == "date" else moment)
    if definition.values:
        return Basis(text, ibis.cases(*((text == old, new) for old, new in definition.values.items())))
    return Basis(text, None)


def map_column(basis: Basis, definition: ColumnDefinition, *, declared: bool = True) -> Mapped:
    """Tell values from codes for *missing* and *not applicable*, and from what cannot be read.

    Parameters
    ----------
    basis
        See `basis`.
    definition
        Its kind, codes and values; the kind is known.
    declared
        Whether the dataset declares the kind, or it was inferred.
    """
    kind, text, read = definition.kind, basis.text, basis.read

    def among(codes: Sequence[str]) -> ir.BooleanValue | None:
        conditions = []
        if not basis.is_number and codes:
            begins = kind in TEMPORAL  # 1900-01-01 also means 1900-01-01 00:00:00
            conditions.append(ibis.or_(*(text.startswith(code) for code in codes)) if begins else text.isin(codes))
        if read is not None and kind in NUMERIC and (numbers := _numbers(codes)):
            conditions.append(read.isin(numbers))  # the code -99 is also the -99.0 of a file
        return ibis.or_(*(condition.fill_null(False) for condition in conditions)) if conditions else None

    absent, beside = among([code for code in definition.missing if code]), among(definition.not_applicable)
    if definition.not_applicable and beside is None:
        beside = ibis.literal(False)  # codes that are no numbers, in a column of numbers
    gap = text.isnull()
    for condition in (absent, beside):
        gap = gap if condition is None else gap | condition
    if read is None:
        unreadable = inexact(text) if kind == "id" else None
        return Mapped(definition, ibis.ifelse(gap, ibis.null("string"), text), beside, unreadable, "exact", text)
    readable = _is_finite(read).fill_null(False) if kind in NUMERIC else read.notnull()
    rules = {"boolean": "a_truth", "date": "a_date", "timestamp": "a_timestamp"}
    rule = rules.get(kind or "", "listed")
    if kind in NUMERIC:
        rule = "a_number" if declared or basis.is_number else "one_type"
        gap = gap | read.isnull() if basis.is_number else gap
    value = ibis.ifelse(gap | ~readable, ibis.null(read.type()), read)
    return Mapped(definition, value, beside, ~gap & ~readable, rule, text)


def _numbers(codes: Sequence[str]) -> list[float]:
    return [float(code) for code in codes if re.search(NUMBER, code)]


def _truth(text: ir.StringValue, definition: ColumnDefinition) -> ir.BooleanValue:
    if definition.starts_with:  # an empty cell is neither
        begins = [text.startswith(beginning) for beginning in definition.starts_with]
        return ibis.or_(*begins)
    if definition.split:
        choices = text.split(definition.split).map(lambda choice: _trim(choice, _BLANKS))
        return choices.contains(definition.true_values[0])
    if definition.true_values:
        yes, no = text.isin(definition.true_values), text.isin(definition.false_values)
    else:
        yes, no = text.lower().isin(_TRUE), text.lower().isin(_FALSE)
    return ibis.cases((yes, True), (no, False))
