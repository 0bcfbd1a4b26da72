"""Reading documents that anyone may have written: what is not as expected is passed over, never trusted."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

from workbench.files import read_json


def read_object(path: Path) -> Mapping | None:
    """A JSON object, or None where there is none to be read.

    Parameters
    ----------
    path
        The file, which need not be there.
    """
    try:
        document = read_json(path)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, Mapping) else None


def mapping(document: Mapping, key: str) -> Mapping:
    """The object in a field; an empty one where there is another thing or nothing.

    Parameters
    ----------
    document
        Out of JSON.
    key
        Of the field.
    """
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def mappings(document: Mapping, key: str) -> list[Mapping]:
    """The objects in a list; whatever else is in it is left out.

    Parameters
    ----------
    document
        Out of JSON.
    key
        Of the field.
    """
    value = document.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text_of(mapping: Mapping, key: str, default: str = "") -> str:
    """A text field of a document that anyone may have written; anything that is no text becomes one.

    Parameters
    ----------
    mapping
        Out of JSON.
    key
        Of the field.
    default
        Where there is nothing.
    """
    value = mapping.get(key)
    return default if value is None else value if isinstance(value, str) else literal(value)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value out of JSON is a finite number (true and false are none).

    Parameters
    ----------
    value
        Out of JSON.
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def literal(value: object) -> str:
    """A parameter's value as it is typed after `-p name=`: text as it is, everything else as JSON.

    Parameters
    ----------
    value
        Out of JSON.

    Examples
    --------
    >>> literal("007"), literal(None), literal([12, 24]), literal(True), literal({"a": "ü"})
    ('007', 'null', '[12,24]', 'true', '{"a":"ü"}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
