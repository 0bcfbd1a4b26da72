"""Times with an offset that are all midnights of one place: they are dates there, and never a day earlier."""

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from workbench.datasets.definitions.canonical import TEMPORAL
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import moments
from workbench.datasets.values.mapping import as_text

_FIRST_ROWS = 1000  # among which a column shows how its times are written


def kind_of(column: ir.Value, definition: ColumnDefinition, table: TableDefinition, connection: Connection) -> str:
    """Whether the times of a column are dates of one place; see `moments.midnights_of`.

    Parameters
    ----------
    column
        Values as the file has them.
    definition
        The column.
    table
        Its table.
    connection
        Where rows are laid out.
    """
    clocks = _clocks(column, definition, table.time_zone)
    if clocks is None:
        return ""
    first = clocks.limit(_FIRST_ROWS)
    if not connection.execute(connection.sql(first.filter(first["offset"]).limit(1))):
        return ""
    given = clocks.filter(clocks["offset"])
    asked = {"a": given["midnight"].all(), "b": given["second"].nunique(), "c": given["day"].nunique()}
    written, different, days = connection.execute(connection.sql(given.aggregate(**asked)))[0]
    seconds: list[int] = []
    if different <= 2:
        found = connection.execute(connection.sql(given.select("second").distinct()))
        seconds = [second for (second,) in found if second is not None]
    return moments.midnights_of(seconds, days, written=bool(written), zone_said=table.zone_said)


def _clocks(column: ir.Value, definition: ColumnDefinition, time_zone: str) -> ir.Table | None:
    """What times with an offset show, for `moments.midnights_of`; None where a column has none.

    Returns
    -------
    ibis.Table
        `offset`: whether a value is a time with an offset; `midnight`: whether it is midnight as it is written;
        `second` of the day and `day`, on the wall clock of the zone.
    """
    typed = column.type()
    if definition.kind not in TEMPORAL or definition.formats:
        return None
    if typed.is_string():
        text = as_text(column)
        offset = text.re_search(moments.ISO_WITH_OFFSET).fill_null(False)
        midnight = text.re_search(moments.MIDNIGHT_WITH_OFFSET)
        instant = text.try_cast(dt.Timestamp(timezone="UTC", scale=6))
    elif typed.is_timestamp() and typed.timezone:
        instant = column.cast(dt.Timestamp(timezone=typed.timezone, scale=6))
        offset, midnight = column.notnull(), ibis.literal(False)
    else:
        return None
    here = moments.wall_clock(time_zone, instant)
    second = here.hour() * 3600 + here.minute() * 60 + here.second()
    what = {"offset": offset, "midnight": midnight, "second": second, "day": here.date()}
    found = ibis.struct(what).name("found")
    return found.as_table().unpack("found")
