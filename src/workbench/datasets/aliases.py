"""One customer under several ids: a table that says which id means whom."""

from workbench.datasets.definitions.dataset import Aliases
from workbench.datasets.definitions.phrases import rows
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import Connection
from workbench.datasets.reading.headers import names_among, tidy
from workbench.datasets.values import mapping
from workbench.errors import DataError
from workbench.wording import sentence, shown, suggestion


def read_aliases(aliases: Aliases | None, connection: Connection, place: sources.Place) -> dict[str, str]:
    """Ids that mean a customer who has another id.

    Parameters
    ----------
    aliases
        Where the table of ids is, and its columns; None: there is none.
    connection
        Where rows are laid out.
    place
        The dataset's folder, and where samples are kept.

    Raises
    ------
    DataError
        When the table cannot be read, an id stands for two customers, or for one who is an alias too.
    """
    if aliases is None:
        return {}
    at = sentence("aliases")
    wanted = {tidy(aliases.id), tidy(aliases.customer_id)}
    try:
        raw = sources.open_rows(connection, aliases.origin, place, "aliases", lambda header: header in wanted)
    except DataError as error:
        raise DataError(*(f"{at}, {fault}" for fault in error.faults)) from error.__cause__
    near = [source for source in (aliases.id, aliases.customer_id) if tidy(source) not in raw.headers]
    if near:
        template = "{at}: the file has no column {source}{near}"
        source = near[0]
        raise DataError(
            sentence(template, at=at, source=shown(source), near=suggestion(source, names_among(raw.headers)))
        )
    texts = [mapping.as_id(raw.column(source)) for source in (aliases.id, aliases.customer_id)]
    pairs = connection.execute(connection.sql(raw.table.select(a=texts[0], b=texts[1]).distinct()))
    found = {alias: main for alias, main in pairs if alias and main and alias != main}
    double = len({(alias, main) for alias, main in pairs if alias and main and alias != main}) - len(found)
    chained = sum(main in found for main in found.values())
    faults = []
    if double:
        faults.append(
            sentence("{at}: {rows} with a second customer for an id; expected one.", at=at, rows=rows(double))
        )
    if chained:
        template = "{at}: {rows} pointing to an id that is an alias itself; expected the customer's own id."
        faults.append(sentence(template, at=at, rows=rows(chained)))
    if faults:
        raise DataError(*faults)
    return found
