"""Ids that tell a person → keyed hashes (HMAC-SHA-256). The key is read, used, and neither written nor shown."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from workbench.errors import DataError
from workbench.wording import listing, sentence

KEY_VARIABLE, FILE_VARIABLE = "WORKBENCH_PSEUDONYM_KEY", "WORKBENCH_PSEUDONYM_KEY_FILE"
SHORTEST_BYTES = 16  # 128 bits: no key of that length is found by trying (NIST SP 800-131A asks for 112)
_MARK_DIGITS = 8  # enough to tell the keys of a team apart, too few to check guesses of one by
_HEX_DIGITS = 32  # 128 bits: no two of a billion people share one by chance


class NoKeyError(DataError):
    """There is no key to replace personal columns with.

    Parameters
    ----------
    *columns
        As `table.column`.
    """

    def __init__(self, *columns: str):
        template = (
            "{columns}: personal, and there is no key to replace {them}; set {variable} (at least {least} bytes, as "
            "from `openssl rand -hex 32`) or {file}, a file outside the project."
        )
        them = sentence("it") if len(columns) == 1 else sentence("them")
        names = {"columns": listing(columns), "variable": KEY_VARIABLE, "file": FILE_VARIABLE, "them": them}
        super().__init__(sentence(template, **names, least=SHORTEST_BYTES))
        self.columns = columns


def read_key(root: Path) -> bytes | None:
    """The key, from the environment or from a file that it names; None when there is none.

    Parameters
    ----------
    root
        The project: a key file must lie outside, where nothing of it is committed or shared with the data.

    Raises
    ------
    DataError
        For a key that is too short, or a file that cannot be read or lies inside the project.
    """
    text, file = os.environ.get(KEY_VARIABLE), os.environ.get(FILE_VARIABLE)
    if text and file:
        raise DataError(sentence("both {a} and {b} are set; expected one.", a=KEY_VARIABLE, b=FILE_VARIABLE))
    place = KEY_VARIABLE if text else FILE_VARIABLE
    if file:
        path = Path(os.path.realpath(file))
        if path.is_relative_to(os.path.realpath(root)):
            raise DataError(sentence("{place}: the file lies inside the project; keep it outside.", place=place))
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            template = "{place}: the file cannot be read ({why})."
            raise DataError(sentence(template, place=place, why=error.strerror)) from None
    elif text:
        key = text.encode()
    else:
        return None
    if len(key) < SHORTEST_BYTES:
        template = "{place}: the key is too short; expected at least {least} bytes, as from `openssl rand -hex 32`."
        raise DataError(sentence(template, place=place, least=SHORTEST_BYTES))
    return key


def key_mark(root: Path) -> str | None:
    """A mark by which two keys are distinguished and from which none is found out; None when there is no key.

    Parameters
    ----------
    root
        The project's folder.
    """
    key = read_key(root)
    return None if key is None else pseudonym("which key is this?", key)[:_MARK_DIGITS]


def pseudonym(value: str, key: bytes) -> str:
    """The pseudonym of one id: the same id and key give the same one in every table and dataset.

    Parameters
    ----------
    value
        The id.
    key
        The secret key.

    Examples
    --------
    >>> pseudonym("customer 7", b"an example key, not one to use")
    'ce01b2658b7890f354dd74e7f8c64954'
    """
    return hmac.digest(key, value.encode(), hashlib.sha256).hex()[:_HEX_DIGITS]


def replacing(key: bytes):
    """A function of a column of ids that gives their pseudonyms, for the connection.

    Parameters
    ----------
    key
        The secret key.
    """

    def of_texts(values: pa.ChunkedArray) -> pa.Array:
        return pa.array([None if value is None else pseudonym(value, key) for value in values.to_pylist()], pa.string())

    return of_texts


def unaliasing(aliases: Mapping[str, str]):
    """A function of a column of ids that gives the one id of each customer, for the connection.

    Parameters
    ----------
    aliases
        The one id by each other id.
    """

    def of_texts(values: pa.ChunkedArray) -> pa.Array:
        return pa.array([aliases.get(value, value) for value in values.to_pylist()], pa.string())

    return of_texts
