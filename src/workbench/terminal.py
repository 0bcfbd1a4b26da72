"""Text from anywhere on a terminal and in a log: what would move the cursor or turn the writing is shown as a mark."""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

TURNING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's control, format, surrogate, line and paragraph separators: none of them is seen, some are obeyed."""


def visible(text: str) -> str:
    r"""A text of one or more lines in which nothing is obeyed and nothing is hidden.

    Parameters
    ----------
    text
        From anywhere.

    Examples
    --------
    >>> visible("a\x1b[31mred\u202e")
    'a␛[31mred⟨202E⟩'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_mark(each) for each in text)


def one_line(text: str) -> str:
    """The same with blanks for ends of lines.

    Parameters
    ----------
    text
        From anywhere.
    """
    return visible(" ".join(text.splitlines())).replace("\t", " ")


def _mark(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in TURNING:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's pictures of control characters
    return f"⟨{code:04X}⟩"


class VisibleStream:
    """A stream that writes only what is seen.

    Parameters
    ----------
    stream
        Of a terminal, a pipe or a file.

    Attributes
    ----------
    plain
        The stream itself, for those who move its cursor.
    """

    def __init__(self, stream: TextIO):
        self.plain = stream

    def write(self, text: str) -> int:
        """Write what is seen of a text.

        Parameters
        ----------
        text
            From anywhere.
        """
        self.plain.write(visible(text))
        return len(text)

    def __getattr__(self, name: str):
        return getattr(self.plain, name)


@contextmanager
def only_visible(*, out: bool) -> Iterator[None]:
    """Standard output and error write only what is seen, for as long as it lasts.

    Parameters
    ----------
    out
        Also standard output: not where another program reads it.
    """
    before = sys.stdout, sys.stderr
    sys.stderr = VisibleStream(sys.stderr)
    if out:
        sys.stdout = VisibleStream(sys.stdout)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
