"""In which encoding a text is written: by how common the letters are that each would make of its bytes."""

import codecs
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

_SAMPLE = 1 << 20  # bytes from which an encoding is guessed
_CLEAR = 0.15  # lead of the likeliest encoding, below which it is asked
_WESTERN = set(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšžßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŠŽ€£°§²³½«»–—‘’“”…·•©®™ºª¿¡¥¢´¨¸×÷±µ\xa0\xad"
)
_CENTRAL = set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽőűŐŰäöüÄÖÜßâîăşţÂÎĂŞŢđĐ€–—„”“’§°\xa0")
_TURKISH = set("ğışİŞĞüöçÜÖÇâîû€–—‘’“”\xa0")


def _gb_common(char: str) -> bool:
    try:
        made = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(made) == 2 and (0xB0 <= made[0] <= 0xD7 or made[0] in (0xA1, 0xA3))


def _big5_common(char: str) -> bool:
    try:
        made = char.encode("big5")
    except UnicodeEncodeError:
        return False
    return (len(made) == 2 and 0xA4 <= made[0] <= 0xC6) or char in "，。、；：「」（）　！？．"


def _japanese(char: str) -> bool:
    if "\u3040" <= char <= "\u30ff" or char in "、。「」・ー（）":
        return True
    try:
        made = char.encode("shift_jis")
    except UnicodeEncodeError:
        return False
    return len(made) == 2 and 0x88 <= made[0] <= 0x97


def _korean(char: str) -> bool:
    try:
        made = char.encode("euc_kr")
    except UnicodeEncodeError:
        return False
    return len(made) == 2 and 0xB0 <= made[0] <= 0xC8


def _cyrillic(char: str) -> bool:
    return "а" <= char <= "я" or "А" <= char <= "Я" or char in "ёЁ№–—«»\xa0"


_EUROPEAN = ("cp1252", "cp1250", "cp1254")  # they differ by a few letters; the likelier one is assumed
_COMMON: dict[str, Callable[[str], bool]] = {
    "cp1252": _WESTERN.__contains__,
    "gb18030": _gb_common,
    "big5": _big5_common,
    "cp932": _japanese,
    "cp949": _korean,
    "euc_jp": lambda char: "\u3040" <= char <= "\u30ff" or _japanese(char),
    "cp1251": _cyrillic,
    "cp1250": _CENTRAL.__contains__,
    "cp1254": _TURKISH.__contains__,
}


def guess(path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding of a file, and others that fit its bytes as well.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    encoding
        utf-8 where the whole file is; else the likeliest.
    others
        Encodings that make letters as common of it, which are other letters.
    """
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ()
    even, odd = start[0::2].count(0), start[1::2].count(0)
    wide = start.count(b"\n\0") + start.count(b"\0\n")  # ends of lines in two bytes; a NUL elsewhere is a cell's
    if even + odd > 0.02 * len(start) and wide >= 0.9 * start.count(b"\n"):
        return ("utf-16-le" if odd > even else "utf-16-be"), ()
    if _is_utf8(path):
        return "utf-8", ()
    scores = {name: _score(start, name, common) for name, common in _COMMON.items()}
    best = max(scores, key=scores.__getitem__)
    if scores[best] < 0.5:
        return ("cp1252" if _decodes(start, "cp1252") else "latin-1"), tuple(
            name for name, score in scores.items() if name != "cp1252" and score >= 0.3
        )
    text = _decode(start, best)
    near = [name for name, score in scores.items() if name != best and score > scores[best] - _CLEAR]
    if best in _EUROPEAN:
        near = [name for name in near if name not in _EUROPEAN]
    return best, tuple(name for name in near if _decode(start, name) != text)


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _score(start: bytes, name: str, common: Callable[[str], bool]) -> float:
    """Share of the letters beyond ASCII that are common ones; single bytes among ASCII speak for a western text."""
    text = _decode(start, name)
    if text is None:
        return 0.0
    beyond = [char for char in text[:200_000] if ord(char) > 127]
    if not beyond:
        return 0.0
    share = sum(map(common, beyond)) / len(beyond)
    if name in ("cp1252", "cp1250", "cp1254"):
        # In these tongues a letter beyond ASCII stands among others; whole runs are another script.
        letters = sum(
            1
            for before, char in zip(" " + text[:200_000], text[:200_000], strict=False)
            if ord(char) > 127 and ord(before) < 128
        )
        share *= min(1.0, 1.25 * letters / len(beyond))
    if name == "cp1251":  # words of small letters, and none that are half Latin
        small = sum(char.islower() for char in beyond) / len(beyond)
        latin = sum(char.isascii() and char.isalpha() and ord(after) > 127 for char, after in pairwise(text))
        share *= min(1.0, small / 0.6) * (1 - min(1.0, latin / len(beyond)))
    if name == "big5" and len(beyond) >= 12:  # a third of its letters have a second byte that is ASCII; GB2312 has none
        low = sum(len(made := char.encode("big5")) == 2 and made[1] < 0x80 for char in beyond)
        share *= min(1.0, low / (0.1 * len(beyond)))
    if name in ("cp932", "euc_jp"):  # Japanese is never written without its own letters
        share *= min(1.0, sum("\u3040" <= char <= "\u30ff" for char in beyond) / (0.15 * len(beyond)))
    return share


def _decode(start: bytes, name: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)().decode(start)  # a letter may be cut at the end of the sample
    except UnicodeError:
        return None


def _decodes(start: bytes, name: str) -> bool:
    return _decode(start, name) is not None
