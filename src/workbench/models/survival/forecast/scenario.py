"""What would be expected of the time to come if numbers that are known about customers changed from now on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import ParameterError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.cox.time_varying_effects import with_design
from workbench.models.survival.forecast.active_customers import QUARTER, active, forecast_horizons
from workbench.models.survival.forecast.draws import export_draws, read_draws
from workbench.models.survival.forecast.landmarks import SCORE, LandmarkCox
from workbench.models.survival.forecast.recalibrated import Recalibrated
from workbench.models.survival.lifetimes.covariate_histories import HISTORY_LABELS
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.statistics.horizons import number_of, span, units
from workbench.wording import inline, label_of, listing, number, percent, sentence, shown

CHUNK = 2_000
"""Customers whose draws are in memory at once."""
DRAWS = 200
"""Half of those exported: the interval of a difference needs no more than two digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """Customers who leave under a scenario, beside those expected when everything stays as last known.

    Attributes
    ----------
    table
        One row a horizon: `horizon`, `as_last_known`, `in_scenario` (customers expected to leave by then), `difference`
        with `lower` and `upper` (of estimation: customers are the same in both), `customers`.
    changes
        By label what is added in each month to come.
    ahead
        The horizon of the finding.
    confidence, time_unit, lapse
        As given.
    """

    table: pd.DataFrame
    changes: Mapping[str, list[float]]
    ahead: float
    confidence: float
    time_unit: str
    lapse: bool

    def exhibits(self) -> Iterator[Showable]:
        """What the scenario changes, how many fewer or more leave, and both by horizon."""
        yield self.checks()
        yield self.findings()
        if len(self.table):
            yield Table(
                name="scenario",
                frame=self.table,
                caption=sentence(
                    "Customers expected to be gone if nothing known of them changes, and in the scenario. The interval "
                    "is of the difference. An association."
                ),
                people=People(count="customers", within="horizon"),
                columns={
                    "horizon": Column(sentence("horizon"), units(self.time_unit)),
                    "as_last_known": Column(sentence("as last known")),
                    "in_scenario": Column(sentence("in scenario")),
                    "difference": Column(sentence("difference")),
                    "lower": Column(sentence("lower")),
                    "upper": Column(sentence("upper")),
                    "customers": Column(sentence("customers")),
                },
            )

    def findings(self) -> tuple[Finding, ...]:
        """How many fewer, or more, are expected to leave in the next quarter."""
        if self.table.empty:
            return ()
        row = self.table[self.table["horizon"] == self.ahead].iloc[0]
        clear = (row["lower"] > 0 or row["upper"] < 0) and abs(row["difference"]) >= 0.5
        fewer = row["difference"] < 0
        return (
            Finding(
                id="scenario",
                statement=sentence(
                    (
                        "With {changes}, the number of customers who lapse in the next {span} would not clearly change."
                        if self.lapse
                        else "With {changes}, the number of customers who leave in the next {span} would not clearly "
                        "change."
                    )
                    if not clear
                    else (
                        "With {changes}, {count} fewer customers would be expected to lapse in the next {span}. "
                        "(Association, not proof of cause.)"
                        if self.lapse
                        else "With {changes}, {count} fewer customers would be expected to leave in the next {span}. "
                        "(Association, not proof of cause.)"
                    )
                    if fewer
                    else (
                        "With {changes}, {count} more customers would be expected to lapse in the next {span}. "
                        "(Association, not proof of cause.)"
                        if self.lapse
                        else "With {changes}, {count} more customers would be expected to leave in the next {span}. "
                        "(Association, not proof of cause.)"
                    ),
                    changes=self._changes(),
                    count=number(abs(round(row["difference"]))),
                    span=span(self.ahead, self.time_unit),
                ),
                estimate=float(row["difference"]),
                unit=sentence("customers more"),
                interval=(float(row["lower"]), float(row["upper"])),
                interval_kind=sentence("{level} confidence (simulated)", level=percent(self.confidence)),
                evidence="associational",
                n=int(row["customers"]),
                table="scenario",
            ),
        )

    def checks(self) -> tuple[Check, ...]:
        """What predictions assume about covariates to come."""
        checks = []
        if self.changes:
            message = sentence(
                "Predictions leave everything as it was last known; the scenario adds {changes}.",
                changes=self._changes(),
            )
            checks.append(Check(name="covariates_to_come", status="pass", message=message))
        return tuple(checks)

    def _changes(self) -> str:
        said = []
        for label, steps in self.changes.items():
            amount = f"{steps[-1]:+.3g}" if len(steps) == 1 else listing([f"{step:+.3g}" for step in steps])
            template = "{label} ({amount} from now on)" if len(steps) == 1 else "{label} ({amount} month by month)"
            said.append(sentence(template, label=inline(label), amount=amount))
        return listing(said)


def numbers_of(model: Predictions) -> list[str]:
    """Covariates of a model that are numbers.

    Parameters
    ----------
    model
        Recalibrated or not.
    """
    inner = model.model if isinstance(model, Recalibrated) else model
    if isinstance(inner, LandmarkCox) and inner.landmark.trees:
        trees = inner.landmark.trees
        return [name for name in trees.covariates if name not in trees.levels]
    inner = inner.model if isinstance(inner, LandmarkCox) else inner
    return [term.covariate for term in with_design(inner).design.terms if not term.is_category]


def apply_scenario(
    models: Iterable[Predictions],
    lifetimes: Lifetimes,
    scenario: Mapping[str, Iterable[float]],
    *,
    random_seed: int,
    confidence: float = 0.9,
    labels: Mapping[str, str] | None = None,
) -> Scenario:
    """Expected leavers if what is known of customers changed, and everything else stayed as last known.

    Parameters
    ----------
    models
        The first that takes all the names as numbers is used, else the one that takes most of them.
    scenario
        By covariate what is added to it in the first, second, … month from now; the last goes on. A single number
        holds from now on.
    labels
        Of columns, beside those of `lifetimes`.
    lifetimes
        Whose active customers are forecast.
    random_seed
        Of the draws behind the intervals.
    confidence
        Level of the intervals.

    Raises
    ------
    ParameterError
        Of names that the model does not take as numbers.
    """
    models = list(models)
    model = max(models, key=lambda each: len(set(numbers_of(each)) & set(scenario)))  # the first of equal ones
    unknown = [name for name in scenario if name not in numbers_of(model)]
    if unknown:
        raise ParameterError(
            sentence(
                "scenario: got {names}, expected numbers that the model knows of customers: {known}.",
                names=listing([shown(name) for name in unknown]),
                known=listing([name for name in numbers_of(model) if not name.endswith("_known")]) or sentence("none"),
            )
        )
    known = {name: [float(step) for step in steps] for name, steps in scenario.items()}
    known = {name: steps for name, steps in known.items() if steps}
    labels = {**HISTORY_LABELS, **lifetimes.labels, **(labels or {})}
    unit = model.time_unit
    horizons = np.array(forecast_horizons(lifetimes, unit))
    month = number_of(1, unit)
    quarter = number_of(QUARTER, unit)
    gone = [_gone(model, lifetimes, changes, horizons, month, random_seed) for changes in ({}, known)] if known else []
    rows = []
    for place, horizon in enumerate(horizons if known else ()):
        usual, other = (draws[:, place] for draws in gone)
        lower, upper = np.quantile(other - usual, [(1 - confidence) / 2, (1 + confidence) / 2])
        rows.append((horizon, usual.mean(), other.mean(), (other - usual).mean(), lower, upper, len(active(lifetimes))))
    columns = ["horizon", "as_last_known", "in_scenario", "difference", "lower", "upper", "customers"]
    return Scenario(
        table=pd.DataFrame(rows, columns=columns),
        changes={label_of(labels, name): steps for name, steps in known.items()},
        ahead=float(max([each for each in horizons if each <= quarter], default=horizons[0])),
        confidence=confidence,
        time_unit=unit,
        lapse=lifetimes.spells is not None and lifetimes.spells.lapse,
    )


def _gone(
    model: Predictions,
    lifetimes: Lifetimes,
    changes: Mapping[str, list[float]],
    horizons: np.ndarray,
    month: float,
    random_seed: int,
) -> np.ndarray:
    """Draws of how many leave by each horizon, (D, H), under changes month by month."""
    now = active(lifetimes)
    tenure = now["duration"].to_numpy(dtype=float)
    inner = model.model if isinstance(model, Recalibrated) else model
    if isinstance(inner, LandmarkCox):
        now = inner.landmark.attach(now, tenure).drop(columns=SCORE, errors="ignore")  # scored anew under the changes
    starts = np.arange(max([len(steps) for steps in changes.values()], default=1)) * month
    ends = np.append(starts[1:], np.inf)
    total = np.zeros((DRAWS, len(horizons)))
    parts = []
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        then = now.assign(
            **{name: now[name].astype(float) + steps[min(place, len(steps) - 1)] for name, steps in changes.items()}
        )
        parameters, people = export_draws(
            model, then, tenure, within=float(horizons[-1]), step=month / 4, draws=DRAWS, random_seed=random_seed
        )  # the same seed: the same draws in every month and scenario
        parts.append((start, end, read_draws(parameters, people)))
    for first in range(0, len(now), CHUNK):
        rows = slice(first, first + CHUNK)
        hazard = np.zeros((DRAWS, len(tenure[rows]), len(horizons)))
        for start, end, draws in parts:
            since = tenure[rows] + start
            until = tenure[rows][:, None] + np.clip(horizons, start, min(end, horizons[-1]))
            hazard = hazard + draws.hazard(draws.customers.iloc[rows], since, np.maximum(until, since[:, None]))
        total = total + (1 - np.exp(-hazard)).sum(axis=1)
    return total
