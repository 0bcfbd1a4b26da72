"""Text for a place of a given width, measured as it is seen: a Chinese character is twice as wide as a Latin letter."""

import re
import unicodedata
from itertools import accumulate

# What may stand at the end of a line: a word with its blanks, or a single wide character.
_PIECE = re.compile(r"\s+|[^\s]+")


def cells(text: str) -> int:
    r"""Width of a text in cells of a Latin letter.

    Parameters
    ----------
    text
        One line.

    Examples
    --------
    >>> cells("plan"), cells("套餐"), cells("e\u0301")
    (4, 4, 1)
    """
    return sum(_cells(character) for character in text)


def shorten(text: str, width: int) -> str:
    """A text in one line of at most `width` cells: cut at a blank where one is near, else within a word.

    Parameters
    ----------
    text
        Blanks and line breaks in a row count as one blank.
    width
        In cells of a Latin letter.

    Examples
    --------
    >>> shorten("Premium plan with everything", 14), shorten("企业旗舰版年付套餐", 9), shorten("Basic", 9)
    ('Premium plan…', '企业旗舰…', 'Basic')
    """
    text = " ".join(text.split())
    if cells(text) <= width:
        return text
    cut = _head(text, width - 1)
    at_blank = cut if text[len(cut)].isspace() else cut.rpartition(" ")[0]
    return (at_blank if cells(at_blank) >= width / 2 else cut).rstrip() + "…"


def wrap(text: str, width: int, most: int | None = None) -> list[str]:
    """A text in lines of at most `width` cells, broken at blanks and beside wide characters, else within a word.

    Parameters
    ----------
    text
        One paragraph.
    width
        Cells of a line.
    most
        So many lines at most; the last then ends with an ellipsis if something is left out.

    Examples
    --------
    >>> wrap("Rate of leaving against the reference", 20), wrap("企业旗舰版年付套餐", 10)
    (['Rate of leaving', 'against the', 'reference'], ['企业旗舰版', '年付套餐'])
    >>> wrap("one two three four", 8, most=2)
    ['one two', 'three…']
    """
    lines, line = [], ""
    for piece in _pieces(" ".join(text.split())):
        while cells((line + piece).rstrip()) > width:
            if line.strip() and (cells(piece) <= width or cells(line) > width / 2):
                lines.append(line.rstrip())
                line, piece = "", piece.lstrip()
            else:
                head = _head(line + piece, width) or (line + piece)[:1]
                lines.append(head)
                line, piece = "", (line + piece)[len(head) :]
        line += piece
    lines += [line.rstrip()] if line.strip() or not lines else []
    if most is not None and len(lines) > most:
        kept = lines[: most - 1]
        return [*kept, shorten(lines[most - 1], width - 1).rstrip("…") + "…"]
    return lines


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _head(text: str, width: int) -> str:
    """The longest beginning of a text that is not wider."""
    widths = accumulate(_cells(character) for character in text)
    return text[: sum(each <= width for each in widths)]


def _pieces(text: str) -> list[str]:
    """Parts between which a line may be broken."""
    pieces: list[str] = []
    for part in _PIECE.findall(text):
        latin = ""
        for character in part:
            if _cells(character) == 2 and not unicodedata.category(character).startswith("P"):
                pieces += [latin] if latin else []
                latin = character
            elif latin and _cells(latin[0]) == 2 and _cells(character) == 1:
                pieces.append(latin)
                latin = character
            else:
                latin += character
        pieces.append(latin)
    return pieces
