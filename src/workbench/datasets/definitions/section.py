"""A mapping of a dataset.yaml and its place: what it is asked for and lacks, or has too much, becomes a fault."""

import datetime
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from workbench.datasets.definitions import strict_yaml
from workbench.wording import listing, sentence, shown, suggestion

_LONGEST_KEY = 80  # characters of a key that a message repeats: a line


class Faults(list[str]):
    """Faults in the order in which they were found.

    Attributes
    ----------
    mild
        Those in spite of which the rows can be read.
    """

    def __init__(self, faults: Iterable[str] = ()):
        super().__init__(faults)
        self.mild: set[str] = set()

    def note_mild(self, fault: str) -> None:
        """Add one of those.

        Parameters
        ----------
        fault
            The sentence.
        """
        self.append(fault)
        self.mild.add(fault)


class Section:
    """One mapping of the file.

    Parameters
    ----------
    tree
        What stands there.
    place
        Its keys from the top, for messages.
    known
        Keys that it may have; None: any.
    faults
        Where faults are gathered.
    """

    def __init__(self, tree: strict_yaml.Tree, place: str, known: tuple[str, ...] | None, faults: Faults):
        self.place, self.faults = place, faults
        if not isinstance(tree, dict):
            self.fault("", got=shown(tree), expected=sentence("a mapping (name: value)"))
            tree = {}
        self.tree = tree
        self._meant: set[str] = set()  # keys that stand there misspelt
        if known is None:
            return
        for key in tree:
            if key not in known:
                near = suggestion(key, known)
                self._meant |= {each for each in known if shown(each) in near}
                if near == ".":
                    near = sentence("; expected {known}.", known=listing(known, "or"))
                faults.append(sentence("{at}: unknown key{near}", at=self.at(key), near=near))

    def at(self, key: str) -> str:
        """Where a key stands, for messages.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        key = (
            key if key.isprintable() and len(key) <= _LONGEST_KEY else shown(key)
        )  # a terminal obeys control characters
        return f"{self.place}.{key}".strip(".") or sentence("the file")

    def fault(self, key: str, *, got: str, expected: str, mild: bool = False) -> None:
        """Note a fault; a mild one does not keep the rows from being read.

        Parameters
        ----------
        key
            Name within the mapping.
        got
            What stands there, in words.
        expected
            What should stand there, in words.
        mild
            Whether the rows can be read all the same.
        """
        told = sentence("{at}: got {got}, expected {expected}.", at=self.at(key), got=got, expected=expected)
        (self.faults.note_mild if mild else self.faults.append)(told)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A text, blanks folded.

        Parameters
        ----------
        key
            Name within the mapping.
        default
            What holds where nothing stands.
        required
            Whether it must be there.
        """
        value = self.tree.get(key)
        if value is None and (not required or key in self._meant):
            return default
        folded = " ".join(value.split()) if isinstance(value, str) else ""
        if not folded and (required or not isinstance(value, str)):
            self.fault(key, got=shown(value), expected=sentence("a text"))
        return folded

    def choice[Word: str](self, key: str, known: tuple[Word, ...]) -> Word | Literal[""]:
        """One of some words, or nothing.

        Parameters
        ----------
        key
            Name within the mapping.
        known
            The words.
        """
        value = self.text(key)
        for word in known:
            if word == value:
                return word
        if value:
            self.fault(key, got=shown(value), expected=listing(known, "or"))
        return ""

    def truth(self, key: str) -> bool:
        """`true` or `false` (the default).

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.tree.get(key)
        if value not in (None, "true", "false"):
            self.fault(key, got=shown(value), expected="true or false")
        return value == "true"

    def raw(self, key: str) -> str:
        """A text as it stands, blanks included.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.tree.get(key)
        if value is not None and not isinstance(value, str):
            self.fault(key, got=shown(value), expected=sentence("a text"))
            return ""
        return value or ""

    def whole(self, key: str, default: int, *, least: int) -> int:
        """A whole number.

        Parameters
        ----------
        key
            Name within the mapping.
        default
            What holds where nothing stands.
        least
            The smallest number that is taken.
        """
        value = self.tree.get(key)
        if value is None:
            return default
        if isinstance(value, str) and re.fullmatch(r"\d{1,6}", value) and int(value) >= least:
            return int(value)
        self.fault(key, got=shown(value), expected=sentence("a whole number of {least} or more", least=least))
        return default

    def positive(self, key: str, default: float) -> float:
        """A number above 0.

        Parameters
        ----------
        key
            Name within the mapping.
        default
            What holds where nothing stands.
        """
        raw = self.raw(key)
        if not raw:
            return default
        try:
            number = float(raw)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            self.fault(key, got=shown(raw), expected=sentence("a number above 0"))
            return default
        return number

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, or a single one; they may be negative.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        texts = self.texts(key)
        if all(re.fullmatch(r"-?\d{1,7}", text) for text in texts):
            return tuple(int(text) for text in texts)
        self.fault(key, got=shown(self.tree[key]), expected=sentence("whole numbers, as in [2, 3] or [-1]"))
        return ()

    def questions(self) -> tuple[str, ...]:
        """What stands under `question:`; a fault each, for nothing is used before it is answered."""
        found = tuple(" ".join(text.split()) for text in self.texts("question") if text)
        for text in found:
            template = "{at}: {question} Answer it there, and take question: away."
            self.faults.note_mild(sentence(template, at=self.at("question"), question=text))
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of values, or a single one.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.tree.get(key)
        items = [] if value is None else value if isinstance(value, list) else [value]
        texts = [item or "" for item in items if item is None or isinstance(item, str)]
        if len(texts) < len(items):
            self.fault(key, got=shown(value), expected=sentence("a list of values"))
            return ()
        return tuple(dict.fromkeys(text.strip() for text in texts))

    def pairs(self, key: str) -> Mapping[str, str]:
        """A mapping of texts to texts.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.tree.get(key)
        if value is None:
            return MappingProxyType({})
        given = value if isinstance(value, dict) else {}
        texts = {old.strip(): new.strip() for old, new in given.items() if isinstance(new, str) and new.strip()}
        if not isinstance(value, dict) or not all(isinstance(new, str) and new.strip() for new in given.values()):
            self.fault(key, got=shown(value), expected=sentence("a mapping of values of the file to texts"))
            return MappingProxyType({})
        return MappingProxyType(texts)

    def scale(self, key: str) -> tuple[float, float] | None:
        """The lowest and the highest point of a rating scale.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        if self.tree.get(key) is None:
            return None
        points = self.texts(key)
        if len(points) == 2 and all(re.fullmatch(r"-?\d{1,6}", point) for point in points):
            low, high = (float(point) for point in points)
            if low < high:
                return low, high
        self.fault(key, got=shown(self.tree[key]), expected=sentence("two whole numbers, lowest first, as in [1, 5]"))
        return None

    def day(self, key: str) -> datetime.date | None:
        """A date, ISO.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.text(key)
        if not value:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                return datetime.date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(key, got=shown(value), expected=sentence("a date such as 2026-10-31"))
        return None

    def currency(self, key: str) -> str:
        """A code of ISO 4217.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.text(key)
        if value and not re.fullmatch("[A-Z]{3}", value):
            self.fault(key, got=shown(value), expected=sentence("a code of three letters, such as EUR"))
        return value

    def time_zone(self, key: str) -> str:
        """A name of the IANA time zone database.

        Parameters
        ----------
        key
            Name within the mapping.
        """
        value = self.text(key)
        if value:
            from zoneinfo import ZoneInfo

            try:
                ZoneInfo(value)
            except (ValueError, OSError, LookupError):  # unknown names raise a KeyError, folders an OSError
                self.fault(key, got=shown(value), expected=sentence("a time zone such as UTC or Europe/London"))
                return ""
        return value
