"""Whether features know what they cannot know: tests of a finished frame, and of the function that makes it.

A leak shows in two ways. In the frame, a column tells the label better than the past can (`leak_checks`). In the
making, a feature changes when everything from the cut-off on is taken away or scrambled (`recomputation_checks`); this
is proof, the first is suspicion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.features.snapshots import EVENT_TIME, KEYS, Snapshots, instant, known_at
from workbench.findings import Check, Status
from workbench.statistics.ranking import auc, auc_error_by_chance
from workbench.wording import listing, number, sentence, shown

# What a row says about a later moment, and so is not known before it: the moment's column, what it reveals, and the
# column that says when it became known.
LATER: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "subscriptions": ("end", ("end", "end_reason"), "end_known_at"),
    "interactions": ("resolved_at", ("resolved_at",), "resolved_known_at"),
}

# A level of a column counts as telling only if so many rows bear it.
FEWEST_ROWS = 30

Build = Callable[[Mapping[str, Table], Snapshots], Table]


def leak_checks(
    frame: pd.DataFrame,
    label: str,
    *,
    ids: Sequence[str] = ("customer_id",),
    cutoff: str = "cutoff",
    ignore: Sequence[str] = (),
    suspicious_auc: float = 0.95,
    telling_auc: float = 0.75,
) -> tuple[Check, ...]:
    """Columns of a snapshot frame that tell the label as only the future can.

    Parameters
    ----------
    frame
        One row per customer and cut-off: ids, the cut-off, features and the label.
    label
        Name of the label: two values, or a number (then ranks are compared: the label is cut at its median).
    ids
        Columns that identify the row and are no features.
    cutoff
        Column with the cut-off; dates in features are compared with it. May be absent.
    ignore
        Columns that are neither (other labels, weights).
    suspicious_auc
        A feature alone that ranks customers as well as this is taken for a leak, in either direction. A score of .95
        from a single thing known beforehand is hardly ever seen.
    telling_auc
        The same line for what should tell nothing: whether a value is missing, the id, the order of the rows.

    Returns
    -------
    tuple of Check
        `leak_one_row_each`, `leak_label_copy`, `leak_single_feature`, `leak_level`, `leak_missingness`, `leak_ids`,
        `leak_row_order` and `leak_dates`: each passes or fails, its message naming the columns; an order of the rows
        warns, since nothing reads it. `value` is how many columns are flagged.

    Raises
    ------
    DataError
        The label is not there, or has one value only.

    Notes
    -----
    AUC is the Mann-Whitney statistic, ties counted half. Levels of a category are ranked by the label's share in the
    other half of the rows, so that a category with many levels does not tell by having seen its own row. A flag needs
    the lower end of a 99.9% interval (Hanley & McNeil 1982) to lie above .5 as well, so that small frames do not cry.
    """
    if label not in frame.columns:
        raise DataError(sentence("Label {label}: got no such column.", label=shown(label)))
    keys = [name for name in (*ids, cutoff) if name in frame.columns]
    rows = frame[frame[label].notna()]
    positive = _positive(rows[label], label)
    features = [name for name in frame.columns if name not in {*keys, label, *ignore}]
    copies, single, levels, missing, dates = [], [], [], [], []
    for name in features:
        column = rows[name]
        if _is_copy(column, rows[label]):
            copies.append(name)
        elif _tells(_scores(column, positive), positive, suspicious_auc):
            single.append(name)
        elif _has_telling_level(column, positive):
            levels.append(name)
        if _tells(column.isna().to_numpy(float), positive, telling_auc):
            missing.append(name)
        if _reaches_beyond(name, column, rows.get(cutoff)):
            dates.append(name)
    told_by_id = [
        name
        for name in ids
        if name in rows and not _are_row_numbers(rows[name]) and _id_tells(rows[name], positive, telling_auc)
    ]
    ordered = _tells(np.arange(len(rows), dtype=float), positive, telling_auc)
    twice = keys if keys and rows.duplicated(keys).any() else []
    return (
        _check("leak_one_row_each", twice, sentence("one row for each"), "fail"),
        _check("leak_label_copy", copies, sentence("a copy of the label"), "fail"),
        _check("leak_single_feature", single, sentence("alone ranks customers too well to be true"), "fail"),
        _check("leak_level", levels, sentence("a value that only customers with one outcome have"), "fail"),
        _check("leak_missingness", missing, sentence("whether it is missing tells the label"), "fail"),
        _check("leak_ids", told_by_id, sentence("the id tells the label"), "fail"),
        _order_check(ordered),
        _check("leak_dates", dates, sentence("dates at or after the cut-off"), "fail"),
    )


def recomputation_checks(
    build: Build, tables: Mapping[str, Table], when: Snapshots, *, random_seed: int
) -> tuple[Check, ...]:
    """Features that change when what happened or became known from the cut-off on is taken away, or scrambled.

    Parameters
    ----------
    build
        Makes the table of features, one row per (customer_id, cutoff), from tables and snapshots, as
        `lambda tables, when: customer_features(tables, when, records=records).table` does.
    tables
        Canonical tables. Those of `snapshots.EVENT_TIME`, and customers with a `valid_from`, lose what lies after the
        cut-off; others are passed on as they are.
    when
        Each cut-off is tested for itself, because what lies after one may lie before another.
    random_seed
        Fixes how rows are scrambled. Rows are scrambled in memory: of large tables give those of some customers.

    Returns
    -------
    tuple of Check
        `leak_truncated` and `leak_scrambled`: they fail when any cell differs, to the last bit, naming the columns.
    """
    draw = np.random.default_rng(random_seed)
    shortened: set[str] = set()
    scrambled: set[str] = set()
    for day in when.cutoffs:
        one = replace(when, cutoffs=(day,))
        whole = _ordered(build(tables, one))
        shortened |= _differences(whole, _ordered(build(before(tables, one), one)))
        scrambled |= _differences(whole, _ordered(build(scramble_after(tables, one, draw), one)))
    return (
        _check("leak_truncated", sorted(shortened), sentence("changes when the future is deleted"), "fail"),
        _check("leak_scrambled", sorted(scrambled), sentence("changes when the future is scrambled"), "fail"),
    )


def before(tables: Mapping[str, Table], when: Snapshots) -> dict[str, Table]:
    """The tables as one who stood at the (single) cut-off had them: no later row, no later end of a subscription.

    Parameters
    ----------
    tables
        Canonical tables by name.
    when
        With one cut-off.
    """
    dated = _dated(tables)
    return {name: _split(name, table, when)[0] if name in dated else table for name, table in tables.items()}


def scramble_after(tables: Mapping[str, Table], when: Snapshots, draw: np.random.Generator) -> dict[str, Table]:
    """The tables with every value of the rows from the (single) cut-off on drawn anew from the same column.

    Rows keep their times and lie in a random order.

    Parameters
    ----------
    tables
        Canonical tables by name.
    when
        With one cut-off.
    draw
        Where chance comes from.
    """
    result = dict(tables)
    for name, time in _dated(tables).items():
        past, rest = (part.to_pandas() for part in _split(name, tables[name], when))
        for column in rest.columns:
            if column not in (time, "known_at"):
                rest[column] = rest[column].to_numpy()[draw.integers(0, max(len(rest), 1), len(rest))]
        mixed = pd.concat([past, rest] if len(past) else [rest], ignore_index=True)
        mixed = mixed.iloc[draw.permutation(len(mixed))]
        result[name] = ibis.memtable(mixed, schema=tables[name].schema())
    return result


def _dated(tables: Mapping[str, Table]) -> dict[str, str]:
    """The tables whose rows begin at a moment, and the column that says when."""
    dated = {name: time for name, time in EVENT_TIME.items() if name in tables}
    if "customers" in tables and "valid_from" in tables["customers"].columns:
        dated["customers"] = "valid_from"
    return dated


def _split(name: str, table: Table, when: Snapshots) -> tuple[Table, Table]:
    time = _dated({name: table})[name]
    rows = table.mutate(cutoff=ibis.date(when.cutoffs[0].isoformat()))
    past = (rows[time].cast("timestamp") < instant(rows)) & (known_at(rows, time=time) < instant(rows))
    past = past.fill_null(False)
    rest, rows = rows.filter(~past).drop("cutoff"), rows.filter(past)
    moment, reveals, known = LATER.get(name, ("", (), ""))
    if moment in rows.columns:
        ahead = known_at(rows, time=moment, known=known) >= instant(rows)
        ahead = (ahead | (rows[moment].cast("timestamp") >= instant(rows))).fill_null(False)
        masked = {
            column: ahead.ifelse(ibis.null(rows[column].type()), rows[column])
            for column in reveals
            if column in rows.columns
        }
        rows = rows.mutate(**masked)
    return rows.drop("cutoff"), rest


def _ordered(table: Table) -> pd.DataFrame:
    return table.to_pandas().sort_values(list(KEYS)).reset_index(drop=True)


def _differences(left: pd.DataFrame, right: pd.DataFrame) -> set[str]:
    """Columns in which two frames differ in any bit; all of them when the customers are others."""
    keys = list(KEYS)
    if len(left) != len(right) or not left[keys].equals(right[keys]):
        return set(keys)
    return {name for name in left.columns if not _same(left[name], right.get(name))}


def _same(left: pd.Series, right: pd.Series | None) -> bool:
    if right is None:
        return False
    if left.isna().all() and right.isna().all():
        return True
    if left.dtype == right.dtype == np.dtype(float):
        return left.to_numpy().tobytes() == right.to_numpy().tobytes()
    return left.astype(object).where(left.notna()).equals(right.astype(object).where(right.notna()))


def _positive(label: pd.Series, name: str) -> np.ndarray:
    values = label.unique()
    if len(values) < 2:
        raise DataError(
            sentence(
                "Label {label}: got {count} value, expected two or a number that varies.",
                label=shown(name),
                count=len(values),
            )
        )
    if len(values) == 2:
        return (label == max(values)).to_numpy(bool)
    if not pd.api.types.is_numeric_dtype(label):
        raise DataError(
            sentence(
                "Label {label}: got {count} values that are no numbers, expected two.",
                label=shown(name),
                count=len(values),
            )
        )
    numbers = label.to_numpy(float)
    middle = np.median(numbers)
    return numbers > middle if (numbers > middle).any() else numbers >= middle


def _is_copy(column: pd.Series, label: pd.Series) -> bool:
    """Whether a column is the label under other names for its values, or a number that follows it almost exactly."""
    known = column.notna()
    if known.sum() < FEWEST_ROWS or column[known].nunique() < 2 or label[known].nunique() < 2:
        return False
    if label.nunique() > 2:
        if not pd.api.types.is_numeric_dtype(column):
            return False
        ranks = np.corrcoef(column[known].astype(float).rank(), label[known].astype(float).rank())
        return bool(abs(ranks[0, 1]) > 0.98)
    if column[known].nunique() > 2:
        return False
    table = pd.crosstab(column[known], label[known]).to_numpy()
    # Agreement beyond what the more frequent outcome alone would give.
    agreed, plain = table.max(axis=1).sum() / table.sum(), table.sum(axis=0).max() / table.sum()
    return bool(agreed - plain > 0.9 * (1 - plain)) and known.mean() > 0.5


def _scores(column: pd.Series, positive: np.ndarray) -> np.ndarray:
    """A number for each row that should rank the positive ones high; missing values rank in the middle."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(float, na_value=np.nan)
    elif pd.api.types.is_datetime64_any_dtype(column):
        values = column.astype("int64").where(column.notna()).to_numpy(float)
    else:
        return _level_scores(pd.factorize(column, use_na_sentinel=False)[0], positive)
    finite = values[np.isfinite(values)]
    return np.nan_to_num(values, nan=float(np.median(finite)) if len(finite) else 0.0)


def _level_scores(codes: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """The label's share of each row's level in the half of the rows in which the row is not, drawn towards the mean."""
    # Leaving out only the row itself would tell its label backwards: within a level the positive rows score lower.
    half = np.random.default_rng(0).integers(0, 2, len(codes)).astype(bool)
    scores, levels = np.empty(len(codes)), codes.max(initial=0) + 1
    for inside in (half, ~half):
        hits = np.bincount(codes[~inside], weights=positive[~inside], minlength=levels)
        counts = np.bincount(codes[~inside], minlength=levels)
        scores[inside] = ((hits + positive.mean()) / (counts + 1))[codes[inside]]
    return scores


def _tells(scores: np.ndarray, positive: np.ndarray, line: float) -> bool:
    area = auc(scores, positive)
    area = max(area, 1 - area)
    chance = auc_error_by_chance(int(positive.sum()), int((~positive).sum()))
    return area >= line and area - 3.29 * chance > 0.5


def _has_telling_level(column: pd.Series, positive: np.ndarray) -> bool:
    """Whether a value borne by many has one outcome almost only, against what chance would give.

    Numbers are looked at where they have few values; of them, and of categories, a level counts when at least 98% of
    its rows have the rarer outcome.
    """
    if column.nunique() > 50 or pd.api.types.is_float_dtype(column):
        return False
    rare = positive if positive.mean() <= 0.5 else ~positive
    counts = pd.DataFrame({"level": column.astype(object), "rare": rare}).groupby("level", dropna=True).rare
    levels = counts.agg(["size", "mean"])
    pure = levels[(levels["size"] >= FEWEST_ROWS) & (levels["mean"] >= 0.98)]
    return bool(((rare.mean() + 1e-9) ** pure["size"] < 1e-6).any())


def _id_tells(column: pd.Series, positive: np.ndarray, line: float) -> bool:
    """Whether ids tell by their order, their length, or how they begin."""
    text = column.astype(str)
    signs = [text.rank(method="dense").to_numpy(float), text.str.len().to_numpy(float)]
    digits = pd.to_numeric(text.str.extract(r"(\d+)$")[0], errors="coerce")
    signs.append(_scores(digits, positive))
    starts = text.str[:1]
    if starts.nunique() <= max(len(text) // FEWEST_ROWS, 1):
        signs.append(_scores(starts, positive))
    return any(_tells(sign, positive, line) for sign in signs)


def _are_row_numbers(column: pd.Series) -> bool:
    """Whether ids only count the rows, as they do where a file has none: they tell what the order tells."""
    return pd.api.types.is_integer_dtype(column) and bool((column.diff().iloc[1:] > 0).all())


def _reaches_beyond(name: str, column: pd.Series, cutoff: pd.Series | None) -> bool:
    """Whether a date is not before the cut-off, or a `days_since` counts something that has not happened yet."""
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in ("date", "datetime"):
        column = pd.to_datetime(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return cutoff is not None and bool((column.dt.tz_localize(None) >= pd.to_datetime(cutoff)).any())
    if name.startswith(("days_since_", "days_on_")) and pd.api.types.is_numeric_dtype(column):
        return bool((column < 1).any())
    return False


def _order_check(ordered: bool) -> Check:
    return Check(
        name="leak_row_order",
        status="warn" if ordered else "pass",
        value=int(ordered),
        threshold=0,
        title=sentence("Rows lie in the order of the outcome") if ordered else "",
        message=sentence(
            "The order of the rows tells the label. Nothing reads the order; but if each outcome came from a list of "
            "its own, look whether columns were filled alike in both."
        )
        if ordered
        else sentence("The order of the rows does not tell the label."),
    )


def _check(name: str, columns: Sequence[str], what: str, status: Status) -> Check:
    if not columns:
        return Check(
            name=name, status="pass", message=sentence("No leak of this kind: {what}.", what=what), value=0, threshold=0
        )
    message = sentence(
        "{columns}: {what}. Not known at the cut-off, so keep it out until its origin is clear; {count} flagged.",
        columns=listing([shown(each) for each in columns]),
        what=what,
        count=number(len(columns)),
    )
    title = sentence("Columns may know the outcome")
    return Check(name=name, status=status, title=title, message=message, value=len(columns), threshold=0)
