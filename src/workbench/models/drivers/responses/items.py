"""Which columns of a survey are the outcome and its drivers, and what a driver made of several items is called."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from workbench.errors import ParameterError
from workbench.wording import listing, sentence, shown


class Item(Protocol):
    """What must be known of a survey's column: its definition in dataset.yaml."""

    @property
    def name(self) -> str:
        """Name in the table."""

    @property
    def label(self) -> str:
        """What it is called; empty where nothing is said."""

    @property
    def role(self) -> str:
        """`outcome`, `driver` or nothing."""

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest point."""

    @property
    def measure(self) -> str:
        """Which well-known measure an outcome is: `nps`, `csat`, `ces` or nothing."""

    @property
    def low_is_good(self) -> bool:
        """Whether its lowest point was the best before it was turned round."""

    @property
    def weighting(self) -> str:
        """Of a weight: `survey`, `frequency` or `replicate`."""

    @property
    def factor(self) -> float:
        """Of replicate weights: what the mean squared deviation of their sums is multiplied by."""


class Survey(Protocol):
    """The definition of a table of answers."""

    @property
    def columns(self) -> Sequence[Item]:
        """Definitions of its columns."""


NPS_SCALE = (0, 10)  # Reichheld 2003
RECOMMENDS = re.compile(
    r"recomm?[ae]nd|raccomand|weiterempf|aanbevel|promoter|net.?pro|(?<![a-z])e?nps(?![a-z])|推荐|推薦", re.IGNORECASE
)
"""What names and labels of a recommendation say."""
MERE_NUMBERING = {"item", "items", "question", "questions", "quest", "var", "rating", "score", "answer", "driver"}
ITEM = re.compile(r"^(?P<stem>.*?)[_ ]?(?P<item>\d+|global|overall)$", re.IGNORECASE)


def driver_items(
    columns: Sequence[Item], outcome: str | None, drivers: Sequence[str] | None, *, combine: bool = True
) -> dict[str, tuple[str, ...]]:
    """Which columns make which driver.

    Parameters
    ----------
    columns
        Definitions of the table's columns.
    outcome
        The outcome, where it is known; it and other outcomes are no drivers.
    drivers
        Columns to use; all with the role `driver` where it is None.
    combine
        Items whose names differ only by a final number, or by "global" or "overall" beside numbers (`perq1` … `perq7`),
        make one driver: their mean. Not where the names say no more than a number (`q1`, `q2`), scales differ, or
        nothing else would be left to compare with.

    Raises
    ------
    ParameterError
        When the outcome or one of its siblings stands among the drivers, or no driver is left.
    """
    known = {column.name: column for column in columns}
    chosen = list(drivers) if drivers is not None else [n for n, c in known.items() if c.role == "driver"]
    faults = []
    if outcome in chosen:
        faults.append(
            sentence(
                "drivers: got the outcome {name} among them, expected other items: an answer explains itself. Take it "
                "out of drivers, or choose another outcome.",
                name=shown(outcome),
            )
        )
    siblings = [name for name in chosen if name != outcome and name in known and known[name].role == "outcome"]
    if siblings:
        faults.append(
            sentence(
                "drivers: got {names}, which the dataset calls an outcome (role: outcome): the same question in other "
                "words is no driver. Take it out of drivers, or give it the role: driver in dataset.yaml.",
                names=listing([shown(name) for name in siblings]),
            )
        )
    if faults:
        raise ParameterError(*faults)
    if not chosen:
        raise ParameterError(
            sentence(
                "drivers: got none, expected at least one; give items the role: driver in dataset.yaml, or name them."
            )
        )
    if not combine:
        return {name: (name,) for name in chosen}
    stems: dict[str, list[str]] = {}
    numbered = set()
    for name in chosen:
        match = ITEM.match(name)
        stem = match["stem"] if match and match["stem"] else name
        stems.setdefault(stem, []).append(name)
        if match and match["item"].isdigit():
            numbered.add(stem)
    scales = {stem: {tuple(known[name].scale or ()) for name in own if name in known} for stem, own in stems.items()}
    found = {}
    for stem, names in stems.items():
        if len(names) > 1 and stem in numbered and len(stems) > 1 and _names_a_thing(stem) and len(scales[stem]) < 2:
            found[stem] = tuple(names)
        else:
            found.update({name: (name,) for name in names})
    return found


def _names_a_thing(stem: str) -> bool:
    """Whether a stem says what its items are about; `q1` and `question_2` are about different things."""
    word = stem.strip("_ ").lower()
    return len(word) >= 3 and word not in MERE_NUMBERING


def choose_outcome(columns: Sequence[Item], outcome: str | None) -> str:
    """The outcome: as named, else a recommendation from 0 to 10, else the first with the role `outcome`.

    Parameters
    ----------
    columns
        Definitions of the table's columns.
    outcome
        Name of the column to take, if it is known.

    Raises
    ------
    ParameterError
        When none is named and no column has the role.
    """
    if outcome is not None:
        return outcome
    outcomes = [column for column in columns if column.role == "outcome"]
    if not outcomes:
        raise ParameterError(
            sentence("outcome: the dataset has no item with role: outcome; name one, or mark it in dataset.yaml.")
        )
    recommended = [column for column in outcomes if measure_of(column) == "nps"]
    return (recommended or outcomes)[0].name


def measure_of(column: Item) -> str:
    """Which well-known measure an outcome is: as its definition says, else `nps` where it asks for a recommendation.

    That is read off its name or label, and it must be answered from 0 to 10. Satisfaction from 0 to 10 has no NPS.

    Parameters
    ----------
    column
        The outcome's definition.
    """
    asked = column.measure or ("nps" if RECOMMENDS.search(f"{column.name} {column.label}") else "")
    return asked if asked != "nps" or (column.scale and tuple(column.scale) == NPS_SCALE) else ""


def roles_of(
    columns: Sequence[Item], outcome: str | None, drivers: Sequence[str] | None, combine: bool
) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The outcome and the items of each driver; what is wrong with either is told together.

    Parameters
    ----------
    columns
        Definitions of the table's columns.
    outcome, drivers, combine
        See `choose_outcome` and `driver_items`.

    Raises
    ------
    ParameterError
        As of both.
    """
    faults: list[str] = []
    items: dict[str, tuple[str, ...]] = {}
    try:
        outcome = choose_outcome(columns, outcome)
    except ParameterError as error:
        faults += error.faults
    try:
        items = driver_items(columns, outcome, drivers, combine=combine)
    except ParameterError as error:
        faults += error.faults
    if faults or outcome is None:
        raise ParameterError(*faults)
    return outcome, items


def label_of(name: str, own: Sequence[str], by_name: Mapping[str, Item]) -> str:
    """What a driver is called; of one whose lowest point is the best, that too.

    Parameters
    ----------
    name
        The driver.
    own
        Its items.
    by_name
        Definitions of columns.
    """
    label = _plain_label(name, own, by_name)
    turned = all(each in by_name and by_name[each].low_is_good for each in own)
    return sentence("{label} (low is good)", label=label) if turned else label


def _plain_label(name: str, own: Sequence[str], by_name: Mapping[str, Item]) -> str:
    label = by_name[own[0]].label if own[0] in by_name else own[0]
    if len(own) == 1:
        return label or name.replace("_", " ")
    match = ITEM.match(label)
    return (match["stem"] if match and match["stem"] else label).strip() or name
