"""Results as plain data for the runner: numbers that JSON takes, cells of a table, and no small group in either."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import StudyError
from workbench.suppression import SUPPRESSED, suppress_small_groups
from workbench.wording import listing, number, sentence, shown

if TYPE_CHECKING:
    from pandas import DataFrame


def without_small_groups(
    frame: "DataFrame",
    people: str | None,
    by: Sequence[str],
    within: Sequence[str],
    values: Sequence[str] | None,
    k: int,
) -> tuple["DataFrame", str]:
    """The frame, and a sentence on what is hidden in it; "" where nothing is.

    Parameters
    ----------
    frame
        The table.
    people
        Column with the number of people of each row; None: rows are no groups.
    by
        Columns that groups are told by.
    within
        Other columns that tell rows apart.
    values
        What is hidden with a small group; all other columns where it is None.
    k
        People whom a group needs to be shown.
    """
    named = [*([] if people is None else [people]), *by, *within, *(values or ())]
    absent = [name for name in dict.fromkeys(named) if name not in frame]
    if absent:
        template = "export: no column {names} in the table (people, by, within and values name its columns)."
        raise StudyError(sentence(template, names=listing([shown(name) for name in absent], "or")))
    if people is None:
        if named:
            raise StudyError(sentence("export: got groups and no people, expected the column that counts them."))
        return frame, ""
    if frame[people].dtype.kind not in "iuf":
        raise StudyError(sentence("export: got {name} as people, expected a column of counts.", name=shown(people)))
    made = suppress_small_groups(frame, people, groups=by, within=within, values=values, k=k)
    if not made[SUPPRESSED].any():
        return frame, ""
    reason = sentence(", or would give those away") if by else ""
    template = "{count} of {all} rows are hidden: fewer than {k} people stand behind them{reason}."
    count = number(int(made[SUPPRESSED].sum()))
    return made, sentence(template, count=count, all=number(len(made)), k=number(k), reason=reason)


def plain(value: Any) -> Any:
    """Plain data: numpy scalars as Python numbers, and what is not finite by its name.

    Parameters
    ----------
    value
        Of any type, nested in mappings and lists.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def cell(value: Any) -> Any:
    """A table's cell as JSON takes it; what is missing or not finite is null.

    Parameters
    ----------
    value
        Of a table.
    """
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = str(value)
    return None if text in ("NaT", "<NA>") else text
