"""One column of a file → one canonical column, as an Ibis expression by its definition.

A value that cannot be read becomes missing *and* a violation; nothing is guessed or dropped in silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from workbench.datasets.canonical import NUMERIC, TEMPORAL, Kind
from workbench.datasets.definition import ColumnDefinition

# Plain decimal notation: no thousands marks, hexadecimals, "nan" or "inf".
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
PADDED = "^0[0-9]+$"  # 02931: a code, which a number would cut short
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_OFFSET = r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}{_OFFSET}?)?$"
_ISO_WITH_OFFSET = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}{_OFFSET}$"
# What Python's str.strip takes away.
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_MAY_HAVE_BLANKS = "^[^!-~]|[^!-~]$"
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


class UnsupportedType(TypeError):
    """A column whose type has no canonical kind (lists, structures, bytes); its message is the type."""


@ibis.udf.scalar.builtin(name="trim")
def _trim(text: str, characters: str) -> str: ...


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime(text: str, formats: dt.Array[dt.String]) -> dt.Timestamp(scale=6): ...


@ibis.udf.scalar.builtin(name="timezone")
def _wall_clock(zone: str, instant: dt.Timestamp(timezone="UTC", scale=6)) -> dt.Timestamp(scale=6): ...


@ibis.udf.scalar.builtin(name="isfinite")
def _is_finite(value: float) -> bool: ...


def as_text(column: ir.Value) -> ir.StringValue:
    """Values as trimmed text, in one notation whatever the type (whole numbers without decimals, ISO dates).

    An empty text is missing.

    Raises
    ------
    UnsupportedType
        For what is neither text nor number, truth or time.
    """
    kind = column.type()
    if kind.is_string() or kind.is_uuid():
        text = column.cast("string")
        # Trimming by Unicode costs ten times more than asking whether there is anything to trim.
        return ibis.ifelse(text.re_search(_MAY_HAVE_BLANKS), _trim(text, _BLANKS), text).nullif("")
    if kind.is_floating() or kind.is_decimal():
        number = column.cast("float64")
        number = ibis.ifelse(number.isnan(), ibis.null("float64"), number)
        whole = (number == number.floor()) & (number.abs() < 2.0**53)
        return ibis.ifelse(whole, number.try_cast("int64").cast("string"), number.cast("string"))
    if kind.is_integer() or kind.is_boolean() or kind.is_null() or kind.is_date() or kind.is_timestamp():
        return column.cast("string")
    raise UnsupportedType(str(kind))


def undeclared(column: ir.Value, definition: ColumnDefinition, decimal: str) -> tuple[ir.Scalar, ir.Scalar]:
    """How many values a column without a declared kind has, and how many of them are plain numbers.

    Where some have zeros in front none is: they are codes.
    """
    text = as_text(column)
    codes = (*definition.missing, *definition.not_applicable)
    present = text.notnull() & ~text.isin(codes) if codes else text.notnull()
    plain = present & _point(text, decimal).re_search(NUMBER)
    padded = (present & text.re_search(PADDED)).any().fill_null(False)
    return present.sum().fill_null(0), ibis.ifelse(padded, 0, plain.sum().fill_null(0))


def kind_of(column: dt.DataType, present: int, plain: int) -> Kind:
    """The kind of a column that declares none: by its type, else numbers if half of its values or more are."""
    if column.is_boolean():
        return "boolean"
    if column.is_numeric():
        return "number"
    if column.is_timestamp() or column.is_date():
        return "timestamp" if column.is_timestamp() else "date"
    return "number" if present and plain * 2 >= present else "category"


def basis(column: ir.Value, definition: ColumnDefinition, *, decimal: str = ".", time_zone: str = "UTC") -> Basis:
    """What a column is read from: its text, and what the text says.

    These cost most and are used several times, so whoever lays out a table has them worked out once.

    Parameters
    ----------
    column
        Text or typed, as in the file.
    definition
        Its kind, codes and values; the kind is known.
    decimal
        Decimal mark of numbers that are text.
    time_zone
        Whose wall clock times without an offset show, and all times are turned to.

    Raises
    ------
    UnsupportedType
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
            moment = _wall_clock(time_zone, moment) if typed.timezone else moment
        return Basis(column.cast("string"), moment.cast("date" if kind == "date" else dt.Timestamp(scale=6)))
    text = as_text(column)
    if kind in NUMERIC:
        plain = _point(text, decimal)
        return Basis(text, ibis.ifelse(plain.re_search(NUMBER), plain.try_cast("float64"), ibis.null("float64")))
    if kind == "boolean":
        return Basis(text, _truth(text, definition))
    if kind in TEMPORAL:
        moment = _moment(text, definition.formats, time_zone)
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
        if kind in NUMERIC and (numbers := _numbers(codes)):
            conditions.append(read.isin(numbers))  # the code -99 is also the -99.0 of a file
        return ibis.or_(*(condition.fill_null(False) for condition in conditions)) if conditions else None

    absent, beside = among([code for code in definition.missing if code]), among(definition.not_applicable)
    if definition.not_applicable and beside is None:
        beside = ibis.literal(False)  # codes that are no numbers, in a column of numbers
    gap = text.isnull()
    for condition in (absent, beside):
        gap = gap if condition is None else gap | condition
    if read is None:
        return Mapped(definition, ibis.ifelse(gap, ibis.null("string"), text), beside, None, "", text)
    readable = _is_finite(read).fill_null(False) if kind in NUMERIC else read.notnull()
    rule = {"boolean": "a_truth", "date": "a_date", "timestamp": "a_timestamp"}.get(kind, "listed")
    if kind in NUMERIC:
        rule = "a_number" if declared or basis.is_number else "one_type"
        gap = gap | read.isnull() if basis.is_number else gap
    value = ibis.ifelse(gap | ~readable, ibis.null(read.type()), read)
    return Mapped(definition, value, beside, ~gap & ~readable, rule, text)


def _point(text: ir.StringValue, decimal: str) -> ir.StringValue:
    if decimal == ".":
        return text
    return ibis.ifelse(text.contains("."), "", text.replace(decimal, "."))


def _numbers(codes: Sequence[str]) -> list[float]:
    return [float(code) for code in codes if re.search(NUMBER, code)]


def _truth(text: ir.StringValue, definition: ColumnDefinition) -> ir.BooleanValue:
    if definition.starts_with:  # an empty cell is neither
        begins = [text.startswith(beginning) for beginning in definition.starts_with]
        return ibis.or_(*begins)
    if definition.true_values:
        yes, no = text.isin(definition.true_values), text.isin(definition.false_values)
    else:
        yes, no = text.lower().isin(_TRUE), text.lower().isin(_FALSE)
    return ibis.cases((yes, True), (no, False))


def _moment(text: ir.StringValue, formats: tuple[str, ...], time_zone: str) -> ir.TimestampValue:
    if formats:
        return _try_strptime(text, ibis.array([ibis.literal(form) for form in formats]))
    plain = dt.Timestamp(scale=6)
    here = ibis.ifelse(text.re_search(ISO), text.try_cast(plain), ibis.null(plain))
    instant = text.try_cast(dt.Timestamp(timezone="UTC", scale=6))
    return ibis.ifelse(text.re_search(_ISO_WITH_OFFSET), _wall_clock(time_zone, instant), here)
