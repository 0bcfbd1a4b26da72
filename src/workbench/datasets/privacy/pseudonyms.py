"""Ids that tell a person → keyed hashes (HMAC-SHA-256). The key is read, used, and neither written nor shown."""

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from itertools import groupby, pairwise
from pathlib import Path

import pyarrow as pa

from workbench.errors import DataError, in_kernel
from workbench.wording import listing, sentence

KEY_VARIABLE, FILE_VARIABLE = "WORKBENCH_PSEUDONYM_KEY", "WORKBENCH_PSEUDONYM_KEY_FILE"
SHORTEST_BYTES = 16  # 128 bits: no key of that length is found by trying (NIST SP 800-131A asks for 112)
MOST_BYTES = 4096  # no key is longer; a device has no end
FEWEST_LETTERS = 7
"""Of 16 hexadecimal digits of chance fewer differ in 1 of 1,000 cases, of 32 in none of a million."""
LONGEST_RUN = 6  # steps up or down: by chance in 1 of 100,000 keys of 64 hexadecimal digits
CHOSEN = (b"passwor", b"passwd", b"secret", b"changeme", b"qwerty", b"letmein", b"pseudonym", b"workbench")
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
        if in_kernel():
            template = (
                "{columns}: personal, and a notebook gets no key to replace {them}: read the table by run.table, which "
                "comes through the door."
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
        key = _of_file(path, place)
    elif text:
        key = text.encode()
    else:
        return None
    if len(key) < SHORTEST_BYTES:
        template = "{place}: the key is too short; expected at least {least} bytes, as from `openssl rand -hex 32`."
        raise DataError(sentence(template, place=place, least=SHORTEST_BYTES))
    if _guessable(key):
        template = "{place}: the key can be guessed; expected chance, as from `openssl rand -hex 32`."
        raise DataError(sentence(template, place=place))
    return key


def _of_file(path: Path, place: str) -> bytes:
    """The key in a file that only its owner reads."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            known = os.fstat(file.fileno())
            if not stat.S_ISREG(known.st_mode) or known.st_size > MOST_BYTES:
                template = (
                    "{place}: got no file of at most {most} bytes, expected one line as from `openssl rand -hex 32`."
                )
                raise DataError(sentence(template, place=place, most=MOST_BYTES))
            if known.st_mode & (stat.S_IRGRP | stat.S_IROTH):
                template = "{place}: others may read the file; make it yours alone: `chmod 600` it."
                raise DataError(sentence(template, place=place))
            return file.read().strip()
    except OSError as error:
        template = "{place}: the file cannot be read ({why})."
        raise DataError(sentence(template, place=place, why=error.strerror)) from None


def _guessable(key: bytes) -> bool:
    """Whether a key seems to be no chance: few letters, the same again and again, in order, or words people choose."""
    text = key.lower()
    repeated = any(key == (key[:size] * len(key))[: len(key)] for size in range(1, len(key) // 2 + 1))
    steps = [later - earlier for earlier, later in pairwise(text)]
    in_order = max((len(list(run)) for step, run in groupby(steps) if abs(step) == 1), default=0)
    return (
        len(set(text)) < FEWEST_LETTERS or repeated or in_order >= LONGEST_RUN or any(word in text for word in CHOSEN)
    )


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
