"""What was probably meant by a value that a parameter refuses: shown as the words to write, never used unasked."""

import ast
import difflib
import json
import re
import shlex
from collections.abc import Iterator
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_WORDS = {"none": None, "null": None, "true": True, "false": False, "yes": True, "no": False}
_DATES = ("%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_MOST_TRIED = 200  # characters: longer texts are no slip of a date or number


def readings(text: str, kind: Any) -> Iterator[Any]:
    """Values that a text may have meant where the declared type is `kind`, the likeliest first, as plain data.

    Parameters
    ----------
    text
        As it was written on the command line.
    kind
        The type as `annotation_type` gives it; bounds are not looked at, whoever asks tries the values.

    Examples
    --------
    >>> next(readings("12,24", list[int])), next(readings("95%", float)), next(readings("contract", list[str]))
    ([12, 24], 0.95, ['contract'])
    """
    text = text.strip()
    if len(text) > _MOST_TRIED:
        return
    if NoneType in _parts(kind) and text.casefold() in ("", "none", "null"):
        yield None
    for part in _parts(kind):
        match get_origin(part) or part:
            case origin if origin is Literal:
                options = [option for option in get_args(part) if isinstance(option, str)]
                folded = {option.casefold(): option for option in options}
                begin = [option for option in options if text and option.casefold().startswith(text.casefold())]
                near = difflib.get_close_matches(text.casefold(), folded, n=1)
                yield from begin if len(begin) == 1 else (folded[each] for each in near)
            case origin if origin in (list, tuple):
                yield from _lists(text, (*get_args(part), str)[0])
            case origin if origin is dict:
                yield from _mappings(text, get_args(part)[1])
            case origin if origin in (int, float):
                yield from _numbers(text)
            case origin if origin is bool and text.casefold() in _WORDS:
                yield _WORDS[text.casefold()]
            case origin if origin in (date, datetime):
                yield from _days(text)


def as_argument(name: str, value: Any) -> str:
    """How a value is given on the command line, quoted for a shell.

    Parameters
    ----------
    name
        Of the parameter.
    value
        As JSON takes it.

    Examples
    --------
    >>> as_argument("horizons", [12, 24]), as_argument("confidence", 0.95), as_argument("outcome", "nps")
    ("-p 'horizons=[12,24]'", '-p confidence=0.95', '-p outcome=nps')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"-p {shlex.quote(f'{name}={text}')}"


def _parts(kind: Any) -> tuple[Any, ...]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _parts(get_args(kind)[0])
    if origin is UnionType or origin is Union:
        return tuple(part for member in get_args(kind) for part in _parts(member))
    return (kind,)


def _numbers(text: str) -> Iterator[float]:
    bare = text.strip("'\"").replace("_", "").replace(" ", "")
    percent = bare.endswith("%")
    bare = bare.rstrip("%")
    comma = re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", bare)
    bare = bare.replace(",", "") if comma else bare.replace(",", ".")
    try:
        value = float(bare)
    except ValueError:
        return
    if not abs(value) < float("inf"):
        return
    for scaled in (value / 100, value) if percent else (value, value / 100, value * 100):
        yield round(scaled) if float(scaled).is_integer() else round(scaled, 10)


def _days(text: str) -> Iterator[str]:
    found = []
    for form in _DATES:
        try:
            found.append(datetime.strptime(text.strip("'\""), form).date().isoformat())
        except ValueError:
            continue
    if len(set(found)) == 1:  # 03/04/2025 may be two days: it is not for us to choose
        yield found[0]


def _lists(text: str, inner: Any) -> Iterator[list[Any]]:
    try:
        written = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        written = None
    if isinstance(written, list | tuple | set):
        yield list(written)
    elif isinstance(written, int | float):
        yield [written]
    textual = any(part is str or get_origin(part) is Literal for part in _parts(inner))
    marks = r"[,;]" if textual else r"[,;\s]"
    items = [item.strip().strip("'\"") for item in re.split(marks, text.strip("[](){}")) if item.strip()]
    read = items if textual else [next(readings(item, inner), None) for item in items]
    if items and None not in read:
        yield read


def _mappings(text: str, inner: Any) -> Iterator[dict[str, Any]]:
    try:
        written = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        written = None
    if isinstance(written, dict):
        yield written
        yield {name: value if isinstance(value, list) else [value] for name, value in written.items()}
    pairs = re.fullmatch(r"\{?\s*['\"]?([\w ]+?)['\"]?\s*[:=]\s*(.+?)\s*\}?", text)
    if pairs:
        name, value = pairs.groups()
        yield from ({name: read} for read in readings(value, inner))
