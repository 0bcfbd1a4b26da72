"""What customers answered in surveys before the cut-off."""

from collections.abc import Sequence

from ibis.expr.types import FloatingValue, IntegerColumn, NumericColumn, Table, Value

from workbench.features.exact import as_float, exact, greatest_by
from workbench.features.purchases import Block
from workbench.features.snapshots import KEYS, require
from workbench.features.windows import WINDOWS_DAYS, against_habit, gaps, over_windows

# What a slope is made of, beside the sum and the number of answers.
MOMENTS = ("days", "squares", "products")


def opinion_features(history: Table, *, scores: Sequence[str], windows_days: Sequence[int] = WINDOWS_DAYS) -> Block:
    """Answers over windows, and the last and mean value of each score.

    Parameters
    ----------
    history
        `snapshots.history` of surveys. A score that does not apply is missing and stays out of its mean.
    scores
        Numeric columns: outcomes and drivers, in the unit of their scale.
    windows_days
        Lengths of the windows before the cut-off.

    Returns
    -------
    Block
        `surveys` with what `windows.over_windows` and `against_habit` give, `days_since_last_survey`,
        `surveys_usual_gap_days`, `surveys_gap_ratio`; for each score `{score}_last` (of several at one instant the
        lowest), `{score}_mean`, `{score}_change` (last less mean) and `{score}_trend` (least-squares slope over all
        answers, per day; missing where all are of one day).

    Raises
    ------
    DataError
        A score is no column of the surveys.
    """
    require(history, "surveys", ["timestamp", "days_ago", *scores, *KEYS])
    zeros = {"surveys": history.count()}
    zeros |= over_windows("surveys", history.days_ago, None, windows_days=windows_days)
    others = {
        "known_days": history.days_ago.max(),
        "days_since_last_survey": history.days_ago.min(),
        "survey_days": history.days_ago.nunique(),
    }
    for score in scores:
        value = exact(history[score])
        others[f"{score}_sum"] = as_float(value.sum())
        others[f"{score}_answers"] = value.count()
        others |= _moments(score, history.days_ago, value)
        others[f"{score}_last"] = greatest_by(history.timestamp, -value, where=value.notnull())
    table = history.group_by(*KEYS).aggregate(**others, **zeros)
    for score in scores:
        mean = table[f"{score}_sum"] / table[f"{score}_answers"].nullif(0).cast("float64")
        last = as_float(-table[f"{score}_last"]["value"])
        trend = _trend(table, score)
        made = {"last": last, "mean": mean, "change": last - mean, "trend": trend}
        table = table.mutate(**{f"{score}_{what}": value for what, value in made.items()})
        table = table.drop(*(f"{score}_{what}" for what in ("sum", "answers", *MOMENTS)))
    habit = dict(against_habit(table, "surveys", windows_days=windows_days))
    last = table.days_since_last_survey
    habit |= gaps("surveys", first=table.known_days, last=last, occasions=table.survey_days)
    return Block(table.mutate(**habit).drop("survey_days"), tuple(zeros))


def _moments(score: str, days_ago: IntegerColumn, value: NumericColumn) -> dict[str, Value]:
    """The sums that a slope over time is made of, exact, of the rows with an answer."""
    there = value.notnull()
    return {
        f"{score}_days": days_ago.sum(where=there),
        f"{score}_squares": (days_ago * days_ago).sum(where=there),
        f"{score}_products": as_float((days_ago * value).sum(where=there)),
    }


def _trend(table: Table, score: str) -> FloatingValue:
    """Slope of a score over time: later answers against earlier ones, so days ago count backwards."""
    count, total = table[f"{score}_answers"], table[f"{score}_sum"]
    days, squares, products = (table[f"{score}_{what}"] for what in MOMENTS)
    variation = (count * squares - days * days).cast("float64")
    return (days.cast("float64") * total - count.cast("float64") * products) / variation.nullif(0.0)


def score_columns(surveys: Table) -> tuple[str, ...]:
    """Numeric columns of the surveys that can be scores: all but ids and weights.

    Parameters
    ----------
    surveys
        The canonical table.
    """
    schema = surveys.schema()
    return tuple(
        name
        for name, kind in schema.items()
        if kind.is_numeric() and not kind.is_boolean() and name not in ("response_id", "weight")
    )
