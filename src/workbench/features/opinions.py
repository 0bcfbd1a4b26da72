"""What customers answered in surveys before the cut-off."""

from collections.abc import Sequence

from ibis.expr.types import Table

from workbench.features.exact import as_float, exact, greatest_by
from workbench.features.purchases import WINDOWS_DAYS, Block
from workbench.features.snapshots import KEYS, require


def opinion_features(
    history: Table, *, scores: Sequence[str], windows_days: Sequence[int] = WINDOWS_DAYS
) -> Block:  # fmt: skip
    """Answers over windows, and the last and mean value of each score.

    Parameters
    ----------
    history
        `snapshots.history` of surveys. A score that does not apply is missing and stays out of its mean.
    scores
        Numeric columns: outcomes and drivers, in the unit of their scale.

    Returns
    -------
    Block
        `surveys`, `surveys_{w}d`, `days_since_last_survey`; for each score `{score}_last` (of several at one instant
        the lowest), `{score}_mean` and `{score}_change` (last less mean).

    Raises
    ------
    DataError
        A score is no column of the surveys.
    """
    require(history, "surveys", ["timestamp", "days_ago", *scores, *KEYS])
    zeros = {"surveys": history.count()}
    zeros |= {f"surveys_{window}d": history.count(where=history.days_ago <= window) for window in windows_days}
    others = {"known_days": history.days_ago.max(), "days_since_last_survey": history.days_ago.min()}
    for score in scores:
        value = exact(history[score])
        others[f"{score}_sum"] = as_float(value.sum())
        others[f"{score}_answers"] = value.count()
        others[f"{score}_last"] = greatest_by(history.timestamp, -value, where=value.notnull())
    table = history.group_by(*KEYS).aggregate(**others, **zeros)
    for score in scores:
        mean = table[f"{score}_sum"] / table[f"{score}_answers"].nullif(0).cast("float64")
        last = as_float(-table[f"{score}_last"]["value"])
        table = table.mutate(**{f"{score}_last": last, f"{score}_mean": mean, f"{score}_change": last - mean})
        table = table.drop(f"{score}_sum", f"{score}_answers")
    return Block(table, tuple(zeros))


def score_columns(surveys: Table) -> tuple[str, ...]:
    """Numeric columns of the surveys that can be scores: all but ids and weights."""
    schema = surveys.schema()
    return tuple(
        name for name, kind in schema.items()
        if kind.is_numeric() and not kind.is_boolean() and name not in ("response_id", "weight")
    )  # fmt: skip
