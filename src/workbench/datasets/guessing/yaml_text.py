"""Texts as a dataset.yaml has them: as people read them, in quotes where YAML would take them for something else."""

import json
import re
from collections.abc import Iterable


def quoted(text: str) -> str:
    """A text as YAML takes it.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> quoted("Customer ID"), quoted("no"), quoted("订单编号"), quoted("7"), quoted("a: b")
    ('Customer ID', 'no', '订单编号', '"7"', '"a: b"')
    """
    plain = re.fullmatch(r"[^\W\d_]([\w .-]*[\w.])?", text) and ":" not in text and text not in ("null",)
    if plain and text.isprintable():
        return text
    made = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in made)


def listed(values: Iterable[str]) -> str:
    """A list of texts on one line.

    Parameters
    ----------
    values
        The texts.
    """
    return f"[{', '.join(quoted(value) for value in values)}]"
