"""One column of a file → one canonical column, by its definition. Works on distinct values, so 10 million rows are few.

A value that cannot be read becomes missing *and* a violation; nothing is guessed or dropped in silence.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench.datasets.canonical import Kind
from workbench.datasets.contracts import Violation
from workbench.datasets.definition import ColumnDefinition

# Plain decimal notation: no thousands marks, hexadecimals, "nan" or "inf".
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Converted:
    """A canonical column.

    Attributes
    ----------
    values
        float64 (numbers), bool (truths without a gap), object otherwise (texts or truths; None is missing).
    kind
        What the column turned out to be.
    violations
        Values that could not be read.
    unreadable
        In which rows.
    """

    values: pd.Series
    kind: Kind
    violations: tuple[Violation, ...]
    unreadable: np.ndarray


class UnsupportedType(TypeError):
    """A column of a Parquet file whose type has no canonical kind yet (dates, lists, bytes)."""


def convert(column: pa.ChunkedArray, definition: ColumnDefinition, *, decimal: str = ".") -> Converted:
    """Read a column.

    Parameters
    ----------
    column
        Text (CSV) or typed (Parquet).
    definition
        Kind, codes and values.
    decimal
        Decimal mark of numbers that are text.

    Raises
    ------
    UnsupportedType
        Its message is the type.
    """
    number_codes = _numbers(pa.array(definition.missing, pa.large_string()), decimal)
    if definition.kind in (None, "number") and _is_number(column.type):
        return _typed_numbers(column, definition, number_codes)
    codes, texts = _distinct(column)
    values = texts.to_numpy(zero_copy_only=False)
    absent = pc.is_in(texts, value_set=pa.array(("", *definition.missing), texts.type)).to_numpy(zero_copy_only=False)
    numbers = _numbers(texts, decimal)
    kind = definition.kind or _kind_of(column.type, codes, numbers, absent)
    if kind == "number":
        absent |= np.isin(numbers, number_codes)  # the code -99 is also the -99.0 of a file
        read, bad = numbers, ~absent & ~np.isfinite(numbers)
    elif kind == "boolean":
        read = np.array([_truth(text, definition) for text in values], dtype=object)
        bad = ~absent & pd.isna(read)
    else:
        read = np.array([definition.values.get(text) for text in values], object) if definition.values else values
        bad = ~absent & pd.isna(read)
    taken = _take(np.where(absent | bad, np.nan if kind == "number" else None, read), codes)
    if kind == "boolean" and not taken.isna().any():
        taken = taken.astype(bool)
    rule = {"number": "a_number" if definition.kind else "one_type", "boolean": "a_truth"}.get(kind, "listed")
    unreadable = np.append(bad, False)[codes]  # −1, the code of an empty cell, takes the last
    violation = Violation(definition.name, rule, int(unreadable.sum()), tuple(values[bad][:4]))
    return Converted(taken, kind, (violation,) if unreadable.any() else (), unreadable)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as trimmed text, in one notation whatever the type (whole numbers without decimals, `true`, `false`)."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    elif not (_is_text(kind) or _is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        raise UnsupportedType(str(kind))
    return pc.utf8_trim_whitespace(column.cast(pa.large_string()))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _distinct(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Row by row the place of its value among the distinct values (−1: an empty cell), and those values."""
    encoded = pa.chunked_array(as_text(column)).combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), encoded.dictionary


def _numbers(texts: pa.Array, decimal: str) -> np.ndarray:
    """What texts say as numbers; NaN where that is none, infinite where it is too large."""
    if decimal == ",":
        texts = pc.if_else(pc.match_substring(texts, "."), "", pc.replace_substring(texts, ",", "."))
    plain = pc.match_substring_regex(texts, _NUMBER).to_numpy(zero_copy_only=False).astype(bool)
    numbers = np.full(len(texts), np.nan)
    numbers[plain] = texts.to_numpy(zero_copy_only=False)[plain].astype(float)  # exact, as Python reads them
    return numbers


def _kind_of(kind: pa.DataType, codes: np.ndarray, numbers: np.ndarray, absent: np.ndarray) -> Kind:
    """The kind of a column that declares none: by its type, else numbers if half of its values or more are."""
    if pa.types.is_boolean(kind):
        return "boolean"
    counts = np.bincount(codes[codes >= 0], minlength=len(numbers))
    present, plain = counts[~absent].sum(), counts[~absent & np.isfinite(numbers)].sum()
    return "number" if present and plain * 2 >= present else "category"


def _typed_numbers(column: pa.ChunkedArray, definition: ColumnDefinition, number_codes: np.ndarray) -> Converted:
    values = column.cast(pa.float64(), safe=False).to_numpy()
    absent = np.isnan(values) | np.isin(values, number_codes)
    bad = ~absent & ~np.isfinite(values)
    taken = pd.Series(np.where(absent | bad, np.nan, values))
    violation = Violation(definition.name, "a_number", int(bad.sum()), tuple(values[bad][:4]))
    return Converted(taken, "number", (violation,) if bad.any() else (), bad)


def _truth(text: str, definition: ColumnDefinition) -> bool | None:
    if definition.true_values:
        return True if text in definition.true_values else False if text in definition.false_values else None
    return {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}.get(text.casefold())


def _take(values: np.ndarray, codes: np.ndarray) -> pd.Series:
    gap = np.array([np.nan if values.dtype == float else None], dtype=values.dtype)
    return pd.Series(np.concatenate([values, gap])[codes])
