"""The table `surveys` → what a driver model needs, or everything that is wrong with it at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.drivers.responses.checks import combined, missing_ratings, respondents, turned
from workbench.models.drivers.responses.collinearity import collinear_drivers
from workbench.models.drivers.responses.controls import controls_of
from workbench.models.drivers.responses.data_sufficiency import driver_faults, too_few, variation
from workbench.models.drivers.responses.items import Item, Survey, label_of, measure_of, roles_of
from workbench.models.drivers.responses.ratings import ALL, MISSING, NOT_APPLICABLE, RATED, Ratings, is_wide
from workbench.models.drivers.responses.survey_design import design_effect, design_of
from workbench.models.levels import as_levels, lump_levels, reject_measurements
from workbench.wording import inline, plural, sentence, shown

NOT_APPLICABLE_SUFFIX = "__not_applicable"
TENTHS = 10  # levels of a wide scale: as many as the widest that is taken as it is


def read_responses(
    surveys: pd.DataFrame,
    survey: Survey,
    *,
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    segments: Sequence[str] = (),
    combine_items: bool = True,
) -> Ratings:
    """What a driver model needs of a dataset's table `surveys`, as a study asks for it.

    Effects may differ by the first of the segments; all of them, and the touchpoint where answers are about one, split
    people and have levels of their own.

    Parameters
    ----------
    surveys
        A row an answer, see `read_ratings`.
    survey
        The table's definition: its `columns`.
    outcome, drivers
        Names of columns; found by their roles where they are None.
    segments
        Columns to split people by; those that the table does not have are passed over.
    combine_items
        Whether items whose names differ by a final number alone make one driver.

    Raises
    ------
    ParameterError, DataError
        As of `read_ratings`.
    """
    splits = [name for name in segments if name in surveys]
    splits += ["touchpoint"] if "touchpoint" in surveys and "touchpoint" not in splits else []
    segment = next((name for name in segments if name in surveys), None)
    return read_ratings(
        surveys,
        survey.columns,
        outcome=outcome,
        drivers=drivers,
        segment=segment,
        controls=splits,
        combine=combine_items,
    )


def read_ratings(
    surveys: pd.DataFrame,
    columns: Sequence[Item],
    *,
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    segment: str | None = None,
    controls: Sequence[str] = (),
    combine: bool = True,
) -> Ratings:
    """Everything a driver model needs, or all faults at once.

    Parameters
    ----------
    surveys
        A row an answer: items as numbers (NaN: no rating), `<item>__not_applicable` where items have such a code,
        `weight`.
    columns
        Definitions of the columns.
    outcome, drivers, combine
        See `choose_outcome` and `driver_items`.
    segment
        Column by which effects may differ; groups that are too small are lumped together.
    controls
        Further columns whose groups have levels of their own; waves or quarters always have.

    Raises
    ------
    ParameterError, DataError
        An outcome among the drivers; too few answers, an outcome that hardly varies, a driver that does not vary, was
        never rated or equals another, weights that are not above 0: every one with what to do.
    """
    columns = [column for column in columns if column.name in surveys.columns]  # others did not enter, or are suspect
    by_name = {column.name: column for column in columns}
    outcome, items = roles_of(columns, outcome, drivers, combine)
    used = (outcome, *(name for own in items.values() for name in own))
    if absent := [name for name in used if name not in surveys.columns]:
        raise DataError(*(sentence("surveys: got no column {name}.", name=shown(name)) for name in absent))
    answered = _numbers(surveys[outcome])
    table = surveys[np.isfinite(answered)].reset_index(drop=True)
    if table.empty:  # of drivers nothing can be said then: none of them is at fault
        raise DataError(
            plural(
                "outcome {name}: got no answer in {n} row, expected some; choose another outcome, or fix its codes in "
                "dataset.yaml.",
                "outcome {name}: got no answer in {n} rows, expected some; choose another outcome, or fix its codes in "
                "dataset.yaml.",
                len(surveys),
                name=shown(outcome),
            )
        )
    faults: list[str] = []
    weights, weighting = _weights(table, by_name, faults)
    design = design_of(table, columns, weights, weighting, faults)
    values, state, ends = _drivers(table, items, by_name)
    answers = _numbers(table[outcome])
    counts = weights if weighting == "frequency" else np.ones(len(table))
    faults += too_few(answers, counts, len(items), outcome)
    faults += driver_faults(np.where(state == RATED, values, np.nan), list(items), counts)
    if faults:
        raise DataError(*faults)

    labels = {name: label_of(name, own, by_name) for name, own in items.items()}
    checks = [
        respondents(len(table), len(surveys) - len(table), weights, weighting, len(items)),
        variation(answers, counts, len(items)),
        *_of_items(items, labels, [name for name in used if name in by_name and by_name[name].low_is_good], by_name),
    ]
    if (missing := state == MISSING).any():
        checks.append(missing_ratings(missing, state, counts))
    checks += collinear_drivers(values, weights, tuple(items), labels)
    group, segments, segment_label, lumped = _segments(table, segment, by_name)
    labels_of = {name: column.label or name for name, column in by_name.items()}
    others = [name for name in controls if name != segment and name in table]
    levels_of = controls_of(table, weights, others, labels_of, group)
    checks += [*lumped, *levels_of.check(segment_label), *design_effect(design, answers, weights, weighting)]
    order = np.argsort(group, kind="stable")
    definition = by_name.get(outcome)
    low, high = (definition and definition.scale) or (float(answers.min()), float(answers.max()))
    points, levels = _levels(answers[order], (low, high), weights[order])
    return Ratings(
        outcome=outcome,
        outcome_label=label_of(outcome, (outcome,), by_name),
        scale=(low, high),
        measure=measure_of(definition) if definition else "",
        levels=levels.astype(np.int64),
        points=points,
        drivers=tuple(items),
        labels=labels,
        values=values[order],
        state=state[order],
        ends=ends,
        segment=segment,
        segment_label=segment_label,
        segments=segments,
        group=group[order],
        weights=weights[order],
        weighting=weighting,
        table=table.iloc[order].reset_index(drop=True),
        unanswered=_unanswered(surveys, answered, items),
        items=items,
        splits={name: labels_of.get(name, name) for name in ([segment] if segment else []) + others},
        checks=tuple(checks),
        controls=levels_of.columns[order],
        control_names=levels_of.names,
        by_time=levels_of.by_time,
        design=design.subset(order),
    )


def _of_items(
    items: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    low_is_good: Sequence[str],
    by_name: Mapping[str, Item],
) -> list[Check]:
    """What is said of items that are turned round, or make one driver together."""
    several = {labels[name]: own for name, own in items.items() if len(own) > 1}
    told = [turned([by_name[name].label for name in low_is_good])] if low_is_good else []
    return [*told, *([combined(several)] if several else [])]


def _unanswered(surveys: pd.DataFrame, answered: np.ndarray, items: Mapping[str, Sequence[str]]) -> pd.Series:
    if "customer_id" not in surveys:
        return pd.Series(dtype=object)
    rated = surveys[[name for own in items.values() for name in own]].notna().any(axis=1).to_numpy()
    return surveys["customer_id"][~np.isfinite(answered) & ~rated]


def _levels(answers: np.ndarray, scale: tuple[float, float], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and the place of each answer among them; see `Ratings.points`."""
    if not is_wide(scale):
        return np.unique(answers, return_inverse=True)
    low, high = scale
    tenth = np.clip(np.floor(TENTHS * (answers - low) / (high - low)), 0, TENTHS - 1)
    _, levels = np.unique(tenth, return_inverse=True)
    return np.bincount(levels, weights=weights * answers) / np.bincount(levels, weights=weights), levels


def _weights(table: pd.DataFrame, by_name: Mapping[str, Item], faults: list[str]) -> tuple[np.ndarray, str]:
    if "weight" not in table.columns:
        return np.ones(len(table)), "none"
    weights = _numbers(table["weight"])
    bad = int((~(np.isfinite(weights) & (weights > 0))).sum())
    if bad:
        faults.append(
            plural(
                "surveys.weight: got {n} answer whose weight is not above 0, expected a positive number; fix it. "
                "Answers of weight 0 are kept out where the data are read.",
                "surveys.weight: got {n} answers whose weight is not above 0, expected a positive number in each; fix "
                "them. Answers of weight 0 are kept out where the data are read.",
                bad,
            )
        )
        weights = np.where(np.isfinite(weights) & (weights > 0), weights, 1.0)
    definition = by_name.get("weight")
    kind = (definition.weighting if definition else "") or "survey"
    return (weights, kind) if len(np.unique(weights)) > 1 or kind == "frequency" else (np.ones(len(table)), "none")


def _drivers(
    table: pd.DataFrame, items: Mapping[str, Sequence[str]], by_name: Mapping[str, Item]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.full((len(table), len(items)), np.nan)
    state = np.full(values.shape, MISSING, dtype=np.int8)
    ends = np.zeros((len(items), 2))
    for place, own in enumerate(items.values()):
        ratings = np.column_stack([_numbers(table[name]) for name in own])
        applies = np.column_stack([~_not_applicable(table, name) for name in own])
        rated = np.isfinite(ratings)
        enough = rated.sum(1) * 2 >= applies.sum(1)  # a mean of at least half of the items that applied
        usable = enough & rated.any(1)
        sums = np.where(rated, ratings, 0).sum(1)
        values[usable, place] = sums[usable] / rated.sum(1)[usable]
        state[usable, place] = RATED
        state[~applies.any(1), place] = NOT_APPLICABLE
        scales = [by_name[name].scale for name in own if name in by_name and by_name[name].scale]
        known = ratings[rated]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        ends[place] = scales[0] if scales else (low, high)
    return values, state, ends


def _not_applicable(table: pd.DataFrame, name: str) -> np.ndarray:
    beside = f"{name}{NOT_APPLICABLE_SUFFIX}"
    if beside not in table.columns:
        return np.zeros(len(table), dtype=bool)
    return table[beside].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _segments(
    table: pd.DataFrame, segment: str | None, by_name: Mapping[str, Item]
) -> tuple[np.ndarray, tuple[str, ...], str, tuple[Check, ...]]:
    if segment is None:
        return np.zeros(len(table), dtype=np.int64), (ALL,), "", ()
    label = by_name[segment].label if segment in by_name else segment
    reject_measurements(table[segment], segment)
    levels = as_levels(table[segment])
    names, checks = lump_levels(levels, label=label, check=f"small_groups_{segment}")
    grouped = levels.map(names)
    segments = tuple(sorted(grouped.unique()))
    group = grouped.map({name: place for place, name in enumerate(segments)}).to_numpy(dtype=np.int64)
    return group, segments, inline(label), checks


def _numbers(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
