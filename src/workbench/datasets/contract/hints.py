"""What to write in dataset.yaml so that values that cannot be read are: found by the values, and never quoting one."""

from collections.abc import Sequence

from workbench.datasets.definitions.canonical import TEMPORAL
from workbench.datasets.definitions.column import ISO_FORMAT
from workbench.datasets.definitions.dataset import ColumnDefinition
from workbench.datasets.definitions.origin import Origin
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import moments, numerals
from workbench.datasets.values.mapping import style_of
from workbench.wording import listing, sentence, shown


def of_unreadable(
    column: ColumnDefinition,
    texts: Sequence[str],
    origin: Origin,
    connection: Connection,
    *,
    declared: bool,
    mixed: bool = False,
) -> str:
    """How to go on with values that are no number or no time.

    Parameters
    ----------
    column
        Its kind is known.
    texts
        The values, as they stand in the file.
    origin
        How the file is written.
    connection
        Where formats are tried.
    declared
        Whether dataset.yaml says the kind.
    mixed
        Whether other values of the column can be read as it is declared.
    """
    if column.kind in TEMPORAL:
        return _of_dates(column, texts, connection, mixed=mixed)
    lines = numerals.what_to_write(texts, style_of(column, origin), kind=column.kind or "")
    if lines and column.kind == "money" and not column.unit and any(line.startswith("type") for line in lines):
        lines = []
    if lines:
        return sentence("To read them, write {lines}", lines=listing(lines))
    if column.kind == "rating":
        return sentence(
            'List codes under missing: or not_applicable:, and words with their points under values: {{"Good": 4}}'
        )
    if declared:
        return sentence("List codes under missing:, check decimal:, or declare type: category")
    return sentence("List codes under missing:, or declare type: category")


def _of_dates(column: ColumnDefinition, texts: Sequence[str], connection: Connection, *, mixed: bool) -> str:
    what = sentence("dates") if column.kind == "date" else sentence("times")
    nothing = [text for text in texts if text.startswith("0000-00-00")]
    if nothing:
        return sentence("Write missing: {codes}", codes=[text[:19] for text in dict.fromkeys(nothing)][:3])
    forms = moments.forms_that_fit(connection, texts)
    if not forms:
        template = "Say how {what} are written under format:, and list codes under missing:"
        return sentence(template, what=what)
    first = sentence(" (months are read as their first day)") if "%d" not in forms[0] and "%" in forms[0] else ""
    if len(forms) == 1:
        others = (column.formats or (ISO_FORMAT,)) if mixed else ()
        listed = ", ".join(_yaml(form) for form in (*others, forms[0]))
        return sentence(
            "To read them, write format: {form}{first}", form=f"[{listed}]" if others else listed, first=first
        )
    template = "Several formats fit ({forms}): say which is meant under format:{first}"
    return sentence(template, forms=listing([_yaml(form) for form in forms[:4]], "or"), first=first)


def of_dates_of_another_time(column: ColumnDefinition, values: Sequence[str]) -> str:
    """How to go on with dates outside our time; values that may not be shown are left out by the caller.

    Parameters
    ----------
    column
        A column as dataset.yaml defines it.
    values
        Those that may be shown.
    """
    if any(value.startswith("00") for value in values) and any("%Y" in form for form in column.formats):
        return sentence("Where years have two digits, write %y under format: and not %Y")
    codes = [shown(as_written(value, column)) for value in values]
    if codes:
        template = "Where such a date says that there is none, write missing: [{codes}]; else correct it"
        return sentence(template, codes=", ".join(codes))
    return sentence("Where such a date says that there is none, list it under missing:; else correct it")


def as_written(value: str, column: ColumnDefinition) -> str:
    """A date as the file has it, where its format can be told.

    Parameters
    ----------
    value
        The date, as ISO text.
    column
        A column as dataset.yaml defines it.
    """
    import datetime

    day = value.removesuffix(" 00:00:00")
    form = next((form for form in column.formats if "%" in form), "")
    try:
        return datetime.datetime.fromisoformat(value).strftime(form) if form else day
    except ValueError:
        return day


def _yaml(form: str) -> str:
    return f'"{form}"' if "%" in form else form
