"""SQL that a dataset.yaml may hold: one SELECT."""

from workbench.errors import DataError
from workbench.wording import sentence


def check_select(sql: str, dialect: str) -> None:
    """Whether SQL is one SELECT and nothing else.

    Parameters
    ----------
    sql
        The text of the query.
    dialect
        Whose SQL it is, as sqlglot names it.

    Raises
    ------
    DataError
        When it is not.
    """
    import sqlglot
    from sqlglot import expressions
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(sql, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        raise DataError(sentence("sql: not readable as SQL; expected one SELECT.")) from error
    changing = (expressions.DML, expressions.DDL, expressions.Command, expressions.Into)
    query = statements[0] if len(statements) == 1 else None
    if not isinstance(query, expressions.Query) or any(
        isinstance(node, changing) and not isinstance(node, expressions.Query) for node in query.walk()
    ):
        raise DataError(sentence("sql: expected one SELECT and nothing else."))
