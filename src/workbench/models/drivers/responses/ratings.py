"""The table `surveys` as driver models take it: an outcome on an ordered scale and drivers that were rated, did not
apply, or are missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.drivers.responses.collinearity import collinear_drivers
from workbench.models.drivers.responses.controls import controls_of
from workbench.models.drivers.responses.data_sufficiency import answers_needed, driver_faults, too_few, variation
from workbench.models.drivers.responses.items import label_of, measure_of, roles_of
from workbench.models.drivers.responses.survey_design import Design, design_effect, design_of
from workbench.models.levels import as_levels, lump_levels, reject_measurements
from workbench.wording import inline, listing, number, percent, sentence, shown

RATED, NOT_APPLICABLE, MISSING = 0, 1, 2
NOT_APPLICABLE_SUFFIX = "__not_applicable"
ALL = "all"
MOST_POINTS = 11
"""Points of a scale beyond which its top answer is too rare to tell how the outcome stands."""
TENTHS = 10
TOP_TWO = 0.8
"""Share of a wide scale from which its top two tenths begin."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """Answers of everyone who gave an outcome, sorted by segment.

    Attributes
    ----------
    outcome, outcome_label
        Name of the outcome item, and in words.
    scale
        Its lowest and highest point.
    measure
        `nps` for a recommendation from 0 to 10 (`measure_of`); else what the dataset says of it, or nothing.
    levels
        int64 (n,): place of each answer among `points`.
    points
        float (K,): the points of the scale that occur, ascending. Of scales of more than 11 points, tenths of the scale
        take their place: the mean answer in each.
    drivers, labels
        Names of the drivers and what they are called.
    values
        float (n, D): ratings; NaN where `state` is not RATED.
    state
        int8 (n, D): RATED, NOT_APPLICABLE or BLANK.
    ends
        float (D, 2): lowest and highest point of each driver's scale.
    segment, segments
        Column by which effects may differ (None: they do not) and the names of its groups.
    group
        int64 (n,): place of each row's group among `segments`, ascending.
    weights, weighting
        float (n,) and what they mean: `none`, `survey` or `frequency`.
    table
        The rows themselves (same order), for what is told beside the model.
    unanswered
        Customer of each row that has neither an outcome nor a rating: an invitation that was not answered.
    items
        Columns of the table that make each driver.
    checks
        What was gathered or left out.
    controls, control_names
        (n, L): levels of further groups and of waves (`controls`), and their names.
    by_time
        Whether levels of waves or quarters are among them.
    design
        How answers were drawn: customers who answered several times, replicate weights.
    """

    outcome: str
    outcome_label: str
    scale: tuple[float, float]
    measure: str
    levels: np.ndarray
    points: np.ndarray
    drivers: tuple[str, ...]
    labels: Mapping[str, str]
    values: np.ndarray
    state: np.ndarray
    ends: np.ndarray
    segment: str | None
    segment_label: str
    segments: tuple[str, ...]
    group: np.ndarray
    weights: np.ndarray
    weighting: str
    table: pd.DataFrame
    unanswered: pd.Series
    items: Mapping[str, tuple[str, ...]]
    checks: tuple[Check, ...]
    controls: np.ndarray
    control_names: tuple[str, ...]
    by_time: bool
    design: Design

    @property
    def design_weighting(self) -> str:
        """`survey` where intervals are as wide as the design implies, not as the model believes; else `weighting`."""
        return "survey" if self.design.adjusts else self.weighting

    @property
    def n(self) -> int:
        """Rows; of frequency weights, what they stand for."""
        return self.people(np.ones(len(self.levels), dtype=bool))

    def people(self, where: np.ndarray) -> int:
        """People whom the rows of a mask stand for: as many as rows, or as their frequency weights say."""
        return _people(self.weights[where], self.weighting)

    @property
    def is_nps(self) -> bool:
        """Whether the outcome is a recommendation from 0 to 10: nothing else has promoters and detractors."""
        return self.measure == "nps"

    @property
    def starts(self) -> np.ndarray:
        """int64 (S + 1,): group s has the rows starts[s] to starts[s + 1]."""
        return np.searchsorted(self.group, np.arange(len(self.segments) + 1))

    @property
    def likelihood_weights(self) -> np.ndarray:
        """How often each row counts in the likelihood: survey weights are brought to a mean of 1."""
        return self.weights if self.weighting == "frequency" else self.weights / self.weights.mean()

    def words(self, driver: str) -> str:
        """A driver inside a sentence."""
        return sentence("“{label}”", label=self.labels[driver])

    def names(self, drivers: Iterable[str]) -> str:
        """Drivers inside a sentence."""
        return listing([self.words(driver) for driver in drivers])


def read_ratings(
    surveys: pd.DataFrame,
    columns: Sequence,
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
        Definitions of the columns: `name`, `label`, `role`, `scale`, `weighting`.
    outcome, drivers, combine
        See `choose_outcome` and `driver_items`.
    segment
        Column by which effects may differ; groups that are too small are gathered.
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
    missing = [name for name in (outcome, *(i for each in items.values() for i in each)) if name not in surveys.columns]
    if missing:
        raise DataError(*(sentence("surveys: got no column {name}.", name=shown(name)) for name in missing))
    answered = _numbers(surveys[outcome])
    table = surveys[np.isfinite(answered)].reset_index(drop=True)
    unanswered = len(surveys) - len(table)
    if table.empty:  # of drivers nothing can be said then: none of them is at fault
        raise DataError(
            sentence(
                "outcome {name}: got no answer in {rows} rows, expected some; choose another outcome, or fix its "
                "codes in dataset.yaml.",
                name=shown(outcome),
                rows=number(len(surveys)),
            )
        )

    faults: list[str] = []
    weights, weighting = _weights(table, by_name, faults)
    design = design_of(table, columns, weights, weighting, faults)
    values, state, ends = _drivers(table, items, by_name)
    labels = {name: label_of(name, own, by_name) for name, own in items.items()}
    answers = _numbers(table[outcome])
    counts = weights if weighting == "frequency" else np.ones(len(table))
    faults += too_few(answers, counts, len(items), outcome)
    faults += driver_faults(np.where(state == RATED, values, np.nan), list(items), counts)
    if faults:
        raise DataError(*faults)

    checks = [
        _respondents(len(table), unanswered, weights, weighting, len(items)),
        variation(answers, counts, len(items)),
    ]
    used = (outcome, *(name for own in items.values() for name in own))
    if turned := [name for name in used if name in by_name and by_name[name].low_is_good]:
        checks.append(_turned(turned, by_name))
    if several := {labels[name]: own for name, own in items.items() if len(own) > 1}:
        checks.append(_combined(several))
    if (missing := state == MISSING).any():
        checks.append(_missing_ratings(missing, state, counts))
    checks += collinear_drivers(values, weights, tuple(items), labels)
    group, segments, segment_label, told = _segments(table, segment, by_name)
    checks += told
    labels_of = {name: by_name[name].label or name for name in by_name}
    others = [name for name in controls if name != segment and name in table]
    levels_of = controls_of(table, weights, others, labels_of, group)
    checks += levels_of.check(segment_label)
    checks += design_effect(design, answers, weights, weighting)
    order = np.argsort(group, kind="stable")
    definition = by_name.get(outcome)
    scale = tuple(definition.scale) if definition and definition.scale else (float(answers.min()), float(answers.max()))
    points, levels = _levels(answers[order], scale, weights[order])
    return Ratings(
        outcome=outcome,
        outcome_label=label_of(outcome, (outcome,), by_name),
        scale=scale,
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
        checks=tuple(checks),
        controls=levels_of.columns[order],
        control_names=levels_of.names,
        by_time=levels_of.by_time,
        design=design.subset(order),
    )


def _unanswered(surveys: pd.DataFrame, answered: np.ndarray, items: Mapping[str, Sequence[str]]) -> pd.Series:
    if "customer_id" not in surveys:
        return pd.Series(dtype=object)
    rated = surveys[[name for own in items.values() for name in own]].notna().any(axis=1).to_numpy()
    return surveys["customer_id"][~np.isfinite(answered) & ~rated]


def is_wide(scale: tuple[float, float]) -> bool:
    """Whether a scale has so many points that its top answer says little."""
    return scale[1] - scale[0] + 1 > MOST_POINTS


def _levels(answers: np.ndarray, scale: tuple[float, float], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and the place of each answer among them; see `Ratings.points`."""
    if not is_wide(scale):
        return np.unique(answers, return_inverse=True)
    low, high = scale
    tenth = np.clip(np.floor(TENTHS * (answers - low) / (high - low)), 0, TENTHS - 1)
    _, levels = np.unique(tenth, return_inverse=True)
    return np.bincount(levels, weights=weights * answers) / np.bincount(levels, weights=weights), levels


def _turned(names: Sequence[str], by_name: Mapping) -> Check:
    message = sentence(
        "Of {items} the lowest point is the best (direction: low_is_good). Their answers are turned round, so that "
        "higher is better everywhere: a rating that is called higher is a lower answer.",
        items=listing([sentence("“{label}”", label=by_name[name].label) for name in names]),
    )
    return Check(name="items_turned", status="pass", message=message, value=len(names))


def _combined(several: Mapping[str, Sequence[str]]) -> Check:
    told = [sentence("“{label}” of {items}", label=label, items=listing(list(own))) for label, own in several.items()]
    message = sentence(
        "Items whose names differ by a number alone make one driver, their mean: {drivers}. Set combine_items to false "
        "to keep them apart.",
        drivers="; ".join(told),
    )
    return Check(name="items_combined", status="pass", message=message, value=len(several))


def _weights(table: pd.DataFrame, by_name: Mapping, faults: list[str]) -> tuple[np.ndarray, str]:
    if "weight" not in table.columns:
        return np.ones(len(table)), "none"
    weights = _numbers(table["weight"])
    bad = int((~(np.isfinite(weights) & (weights > 0))).sum())
    if bad:
        faults.append(
            sentence(
                "surveys.weight: got {rows} answers whose weight is not above 0, expected a positive number in each; "
                "fix their weights. Answers of weight 0 are kept out where the data are read.",
                rows=number(bad),
            )
        )
        weights = np.where(np.isfinite(weights) & (weights > 0), weights, 1.0)
    definition = by_name.get("weight")
    kind = (definition.weighting if definition else "") or "survey"
    return (weights, kind) if len(np.unique(weights)) > 1 or kind == "frequency" else (np.ones(len(table)), "none")


def _drivers(table: pd.DataFrame, items: Mapping, by_name: Mapping) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def _people(weights: np.ndarray, weighting: str) -> int:
    return round(float(weights.sum())) if weighting == "frequency" else len(weights)


def _respondents(answered: int, unanswered: int, weights: np.ndarray, weighting: str, drivers: int) -> Check:
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    told = {
        "none": "",
        "frequency": sentence(" They stand for {n} by their frequency weights.", n=number(round(weights.sum()))),
        "survey": sentence(" Their weights make them worth {n} equal ones.", n=number(round(effective))),
    }[weighting]
    few = weighting == "survey" and effective < answers_needed(drivers)
    message = sentence(
        "{answered} answers have an outcome and all of them are used{unanswered}.{told}{remedy}",
        answered=number(answered),
        unanswered=sentence("; {n} have none and are left out", n=number(unanswered)) if unanswered else "",
        told=told,
        remedy=sentence(" That is too few for {n} drivers: a few answers outweigh all others; look at their weights.",
                        n=number(drivers)) if few else "",
    )  # fmt: skip
    return Check(name="respondents_used", status="warn" if few else "pass", message=message, value=answered)


def _missing_ratings(missing: np.ndarray, state: np.ndarray, counts: np.ndarray) -> Check:
    of_drivers = np.average(missing, axis=0, weights=counts)
    share, worst = float(of_drivers.mean()), float(of_drivers.max())
    complete = float(np.average((state == RATED).all(1), weights=counts))
    return Check(
        name="missing_ratings",
        title=sentence("Blank ratings are imputed"),
        status="warn" if worst > 0.4 else "pass",
        value=worst,
        threshold=0.4,
        message=sentence(
            "{share} of driver answers are blank (at most {worst} of one driver) and are imputed several times; "
            "what did not apply is never imputed. Only {complete} rated every driver, and nobody else is left out.",
            share=percent(share),
            worst=percent(worst),
            complete=percent(complete),
        ),
    )


def _segments(table: pd.DataFrame, segment: str | None, by_name: Mapping):
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
