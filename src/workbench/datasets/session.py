"""What the tables of a dataset share, and what has been read of them so far."""

import datetime
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.datasets.contract.opened import Opened
    from workbench.datasets.contract.part import Part
    from workbench.datasets.reading.connection import Connection
    from workbench.datasets.reading.sources import Place, RawTable


@dataclass(frozen=True)
class Session:
    """What all tables of a dataset share.

    Attributes
    ----------
    connection
        Where rows are laid out.
    place
        The dataset's folder, and where samples are kept.
    root
        The project.
    latest
        The last day on which something can have happened.
    aliases
        Ids that mean a customer who has another id.
    fictional
        Whether the data are invented.
    raw
        Rows as they were read, by the name of their table: a part and the whole are of the same reading.
    """

    connection: "Connection"
    place: "Place"
    root: Path
    latest: datetime.date
    aliases: Mapping[str, str]
    fictional: bool
    raw: "MutableMapping[str, RawTable]" = field(default_factory=dict)


@dataclass
class Held:
    """What has been read of a dataset, so that it is read once.

    Attributes
    ----------
    session, part
        None until the first table, or the part, is asked for.
    tables, contents
        Open tables and what they say (`opened.content`), by name.
    """

    session: Session | None = None
    part: "Part | None" = None
    tables: "dict[str, Opened]" = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
