"""Draws that studies share: one index, random numbers of each table's own, draws of two runs side by side. A leaf."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.declared.contract import DRAW
from workbench.errors import DataError
from workbench.findings import Check
from workbench.wording import listing, number, sentence

if TYPE_CHECKING:
    from pandas import DataFrame

DRAWS = 400
"""So many draws a table has unless it says otherwise: ends of a 90% interval are then known to a tenth of its width."""


def seed_of(seed: int, table: str) -> int:
    """The seed of a table's draws, made of the study's seed and the table's name.

    Two studies of the same seed that drew from it directly would draw the same random numbers, so that their errors,
    which are independent, would move together.

    Parameters
    ----------
    seed
        Of the study.
    table
        Name of the table that the draws make.

    Examples
    --------
    >>> seed_of(1, "survival_draws") != seed_of(1, "driver_effects"), seed_of(1, "a") == seed_of(1, "a")
    (True, True)
    """
    return zlib.crc32(table.encode(), zlib.crc32(str(seed).encode()))


@dataclass(frozen=True, eq=False)
class JoinedDraws:
    """Draws of two tables side by side.

    Attributes
    ----------
    frame
        Rows of both that belong to the same draw (and agree in `on`); `draw` counts from 0.
    check
        Whether they belong together or are taken as independent, and how many there are: for `run.show`.
    """

    frame: "DataFrame"
    check: Check


def join(left: "DataFrame", right: "DataFrame", *, on: Sequence[str] = (), name: str = "draws_joined") -> JoinedDraws:
    """Put draws of two tables side by side: draw 17 of one with draw 17 of the other.

    Parameters
    ----------
    left, right
        From `EarlierRun.draws`: a column `draw` that counts from 0.
    on
        Columns that must agree besides; without, every row of a draw goes with every row of the same draw.
    name
        Of the check, where a study joins more than once.

    Returns
    -------
    JoinedDraws
        Where one table has fewer draws, as many of the other are kept, evenly spaced, and the check says so.

    Raises
    ------
    DataError
        A table has no draws, or they do not count from 0.

    Examples
    --------
    >>> import pandas
    >>> gain = pandas.DataFrame({"draw": [0, 1], "gain": [1.0, 2.0]})
    >>> worth = pandas.DataFrame({"draw": [0, 1, 2], "worth": [10.0, 30.0, 20.0]})
    >>> join(gain, worth).frame.eval("gain * worth").tolist()
    [10.0, 60.0]
    """
    counts = [_count(table) for table in (left, right)]
    fewest = min(counts)
    kept = [_evenly(table, count, fewest) for table, count in zip((left, right), counts, strict=True)]
    frame = kept[0].merge(kept[1], on=[DRAW, *on])
    said = [_relation(left, right)]
    if counts[0] != counts[1]:
        template = "One has {more} draws, the other {fewer}: {fewer} are used of both, evenly spaced."
        said.append(sentence(template, more=number(max(counts)), fewer=number(fewest)))
    title = sentence("Draws of two runs side by side")
    return JoinedDraws(frame, Check(name=name, status="pass", message=" ".join(said), value=fewest, title=title))


def _count(table: "DataFrame") -> int:
    if DRAW not in table.columns or not len(table):
        raise DataError(sentence("got a table without a column draw, expected draws."))
    values = sorted(table[DRAW].unique())
    if values != list(range(len(values))):
        raise DataError(sentence("draws do not count from 0 without a gap."))
    return len(values)


def _evenly(table: "DataFrame", count: int, fewest: int) -> "DataFrame":
    """So many draws of a table, evenly spaced and numbered anew: chains of a posterior stand one after the other."""
    if count == fewest:
        return table
    places = {place * count // fewest: place for place in range(fewest)}
    kept = table[table[DRAW].isin(list(places))]
    return kept.assign(**{DRAW: kept[DRAW].map(places)})


def _relation(left: "DataFrame", right: "DataFrame") -> str:
    named = [_name(table) for table in (left, right)]
    runs = [table.attrs.get("run") for table in (left, right)]
    if None not in runs and runs[0] == runs[1]:
        return sentence(
            "{tables} come from one run: a draw of one belongs to the same draw of the other.", tables=listing(named)
        )
    for one, other in ((left, right), (right, left)):
        if other.attrs.get("run") in one.attrs.get("follows", ()):
            template = "{one} was made draw by draw of {other}: the same draws belong together."
            return sentence(template, one=_name(one), other=_name(other))
    return sentence(
        "{tables} were fitted apart: the same draws stand side by side, and their errors are taken as independent.",
        tables=listing(named),
    )


def _name(table: "DataFrame") -> str:
    attrs = table.attrs
    return f"{attrs['study']}.{attrs['table']}" if "table" in attrs else sentence("a table")
