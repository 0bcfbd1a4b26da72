"""Time-varying effects where hazards are not proportional: one ratio early in a customer's life and another late."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.cox.baseline import Baseline
from workbench.models.survival.cox.design import Design
from workbench.models.survival.cox.model import CoxModel, contrasts
from workbench.models.survival.cox.partial_likelihood import EXPLODED, balance_with, newton
from workbench.models.survival.cox.predictions import Episode, Predictions
from workbench.models.survival.cox.statements import association
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes
from workbench.statistics.horizons import span
from workbench.statistics.multiplicity import holm
from workbench.statistics.product_limit import normal_quantile
from workbench.statistics.risk_sets import proportionality_test, risk_sets
from workbench.wording import first_of, inline, number, percent, sentence

FEWEST_LEAVERS = 10
"""A level whose ratio may change has at least as many leavers early and late."""


def fit_time_varying(
    model: CoxModel, lifetimes: pd.DataFrame, *, level: float = 0.05, cut: float | None = None
) -> "TimeVaryingCox | None":
    """Let the hazard ratios that change over time have two values, before and after half of the leavers are gone.

    Parameters
    ----------
    model
        Its design is used, and its test says which covariates change (after Holm's correction, at `level`).
    lifetimes
        The rows of its fit.
    cut
        Tenure at which ratios change; by default the median time of those who left.
    level
        Of the test, for all covariates together.

    Returns
    -------
    TimeVaryingCox or None
        None where nothing changes, or the larger model has no trustworthy maximum.

    References
    ----------
    Therneau and Grambsch (2000), section 6.5: a step function of time by splitting each customer's time at `cut`.
    """
    tested = model.proportionality
    time_varying = tuple(tested.loc[tested["p_value_holm"] < level, "covariate"]) if len(tested) else ()
    if not model.usable or not time_varying or "weight" in lifetimes.columns:
        return None
    used = validate_lifetimes(lifetimes)
    if cut is None:
        cut = float(np.median(used.loc[used["event"], "duration"]))
    return _fit(model, model.design, used, time_varying, cut)


def doubled_columns(
    design: Design,
    matrix: np.ndarray,
    durations: np.ndarray,
    events: np.ndarray,
    time_varying: Collection[str],
    cuts: tuple[float, ...],
) -> list[int]:
    """Columns of the covariates that change, of a category those with enough leavers in each episode between cuts.

    Parameters
    ----------
    design, matrix
        What the p columns are, and (n, p) the columns.
    durations, events
        (n,): time observed, and whether the customer left at its end.
    time_varying
        Covariates that change.
    cuts
        Tenures at which ratios change, ascending.
    """
    episode = np.searchsorted(cuts, durations)  # a time at a cut belongs to the episode before it
    categories = {term.covariate for term in design.terms if term.is_category}
    return [
        place
        for place, (covariate, _) in enumerate(design.columns)
        if covariate in time_varying
        and (
            covariate not in categories
            or all(
                (matrix[:, place] * events * (episode == part)).sum() >= FEWEST_LEAVERS for part in range(len(cuts) + 1)
            )
        )
    ]


def _fit(
    model: CoxModel, design: Design, used: pd.DataFrame, time_varying: tuple[str, ...], cut: float
) -> "TimeVaryingCox | None":
    matrix = design.encode(used)
    durations, events = used["duration"].to_numpy(), used["event"].to_numpy()
    entry = entry_of(used)
    entry = np.zeros(len(used)) if entry is None else entry
    early, late = entry < cut, durations > cut
    if not (events & early & (durations <= cut)).any() or not (events & late).any():
        return None
    doubled = doubled_columns(design, matrix, durations, events, time_varying, (cut,))
    if not doubled:
        return None
    rows = np.vstack(
        [
            np.hstack([matrix[early], np.zeros((int(early.sum()), len(doubled)))]),
            np.hstack([matrix[late], matrix[late][:, doubled]]),
        ]
    )
    stops = np.append(np.minimum(durations[early], cut), durations[late])
    left = np.append(events[early] & (durations[early] <= cut), events[late])
    starts = np.append(entry[early], np.maximum(entry[late], cut))
    try:
        scaling = balance_with(matrix, design, doubled, rows)
    except np.linalg.LinAlgError:
        return None
    half = scaling.T @ np.append(design.half_leavers, np.zeros(len(doubled)))
    estimate, covariance, settled = newton(rows @ scaling, stops, left, entry=starts, half=half)
    if not settled or not np.isfinite(covariance).all() or np.abs(estimate).max() > EXPLODED:
        return None
    sums = risk_sets(stops, left, rows @ scaling, estimate, entry=starts)
    sums = replace(sums, mean_hazard=sums.mean_hazard @ np.linalg.inv(scaling))
    p_values: dict[str, float] = {}
    width = len(design.columns)
    for term in model.design.terms:
        own = [
            place
            for place, column in enumerate(design.columns)
            if column[0] == term.covariate and column not in design.without_events
        ]
        own += [width + place for place, column in enumerate(doubled) if column in own]
        if own:
            p_values[term.covariate] = proportionality_test(sums, own)[2]
    after = pd.DataFrame({"covariate": list(p_values), "after": holm(np.array(list(p_values.values())))})
    before = model.proportionality[["covariate", "label", "p_value_holm"]].rename(columns={"p_value_holm": "before"})
    return TimeVaryingCox(
        model=model,
        design=design,
        time_varying=time_varying,
        doubled=tuple(doubled),
        cut=cut,
        estimate=scaling @ estimate,
        covariance=scaling @ covariance @ scaling.T,
        baseline_sums=Baseline.of(sums, used, time_unit=model.time_unit),
        last_time=float(durations.max()),
        log_likelihood=sums.log_likelihood,
        proportionality=before.merge(after, on="covariate"),
    )


def with_design(model: Predictions) -> "CoxModel | TimeVaryingCox":
    """The model as one that encodes covariates itself.

    Parameters
    ----------
    model
        Of Cox's kind.

    Raises
    ------
    TypeError
        When it is another kind of model, which wraps one.
    """
    if not isinstance(model, CoxModel | TimeVaryingCox):
        raise TypeError(f"model: got {type(model).__name__}, expected CoxModel or TimeVaryingCox")
    return model


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeVaryingCox(Predictions):
    """A Cox model of which some hazard ratios have one value up to `cut` and another after it.

    Attributes
    ----------
    model
        The model with ratios that stay the same.
    design, time_varying, doubled
        Encoding, covariates that change, and the places of their columns.
    cut
        Tenure at which they change.
    estimate, covariance
        Log hazard ratios: of all columns before `cut`, and by how much those of `doubled` differ after it.
    proportionality
        `covariate`, `label`, `before`, `after`: p-values (Holm) of whether ratios change, with one value for each and
        with two where needed.
    """

    model: CoxModel
    design: Design
    time_varying: tuple[str, ...]
    doubled: tuple[int, ...]
    cut: float
    estimate: np.ndarray
    covariance: np.ndarray
    baseline_sums: Baseline
    last_time: float
    log_likelihood: float
    proportionality: pd.DataFrame

    @property
    def time_unit(self) -> str:
        """What times are counted in."""
        return self.model.time_unit

    @property
    def aic_gain(self) -> float:
        """By how much Akaike's criterion falls."""
        return 2 * (self.log_likelihood - self.model.log_likelihood) - 2 * len(self.doubled)

    def refit(self, lifetimes: pd.DataFrame) -> "TimeVaryingCox | CoxModel":
        """The same model on other rows; the one without changes where it has no maximum there.

        Parameters
        ----------
        lifetimes
            As in `fit_cox`.
        """
        model = self.model.refit(lifetimes)
        used = validate_lifetimes(lifetimes)
        return _fit(model, model.design, used, self.time_varying, self.cut) or model

    def episodes(self, frame: pd.DataFrame) -> list[Episode]:
        """Two, before and after `cut`.

        Parameters
        ----------
        frame
            `customer_id` and the covariates.
        """
        matrix = self.design.encode(frame)
        extra = matrix[:, self.doubled]
        episodes = []
        for place, (start, end) in enumerate(((-np.inf, self.cut), (self.cut, np.inf))):
            columns = np.hstack([matrix, extra * place])
            episodes.append(Episode(columns, columns @ self.estimate, start, end))
        return episodes

    def hazard_ratios(self) -> pd.DataFrame:
        """`covariate`, `category`, `label`, `value`, `reference`, `early`, `early_lower`, `early_upper`.

        Then `late`, `late_lower`, `late_upper`, `z` of the change, `customers` compared; of the ratios that have two
        values, the clearest change first.
        """
        z = normal_quantile(self.model.confidence)
        customers = self.model.coefficients["customers"].to_numpy()
        width, rows = len(self.design.columns), []
        for each in contrasts(self.design):
            later = each.weights[list(self.doubled)]  # what the extra columns are multiplied with, after the cut
            if not later.any():
                continue
            pick = np.array([[*each.weights, *np.zeros(len(later))], [*each.weights, *later]])
            centre = pick @ self.estimate
            half = z * np.sqrt(np.einsum("ip,pq,iq->i", pick, self.covariance, pick))
            change, error = later @ self.estimate[width:], np.sqrt(later @ self.covariance[width:, width:] @ later)
            row = {
                "covariate": each.term.covariate,
                "category": each.term.is_category,
                "label": each.term.label,
                "value": each.value,
                "reference": each.reference,
            }
            for name, at in (("early", 0), ("late", 1)):
                row |= {
                    name: np.exp(centre[at]),
                    f"{name}_lower": np.exp(centre[at] - half[at]),
                    f"{name}_upper": np.exp(centre[at] + half[at]),
                }
            rows.append(row | {"z": abs(change / error), "customers": int(customers[each.column])})
        table = pd.DataFrame(rows).sort_values("z", ascending=False, kind="stable", ignore_index=True)
        return table

    def exhibits(self, *, reported: bool = False) -> Iterator[Showable]:
        """The check, the ratio that changes most clearly, and all that change, early and late.

        Parameters
        ----------
        reported
            As in `checks`.
        """
        yield self.checks(reported=reported)
        yield self.findings()
        yield Table(
            name="time_varying_effects",
            frame=self.hazard_ratios(),
            caption=sentence("Hazard ratios that change, early and late in a customer's life."),
            people=People(count="customers", within=["covariate", "label", "value", "reference"]),
            columns={
                "label": Column(sentence("attribute")),
                "value": Column(sentence("value")),
                "reference": Column(sentence("reference")),
                "early": Column(sentence("early")),
                "early_lower": Column(sentence("early lower")),
                "early_upper": Column(sentence("early upper")),
                "late": Column(sentence("late")),
                "late_lower": Column(sentence("late lower")),
                "late_upper": Column(sentence("late upper")),
            },
        )

    def checks(self, *, reported: bool = False) -> tuple[Check, ...]:
        """What time-varying effects changed: what still varies, and what the likelihood gained.

        Parameters
        ----------
        reported
            Whether `RelaxedHazards`, with finer episodes and strata, says what still varies: this is no second verdict.
        """
        still = self.proportionality[self.proportionality["after"] < 0.05]
        said = {
            "count": number(len(self.time_varying)),
            "cut": span(round(self.cut, 1), self.time_unit),
            "gain": number(self.aic_gain, 2),
            "still": number(len(still)),
            "labels": first_of([inline(label) for label in still["label"]]),
        }
        message = sentence(
            "For predictions, {count} covariates are given one hazard ratio up to {cut} and another after it (AIC "
            "{gain} lower).",
            **said,
        )
        still = still.iloc[:0] if reported else still
        message += (
            ""
            if reported
            else sentence(" {still} still change within these ({labels}).", **said)
            if len(still)
            else sentence(" None changes clearly within these.")
        )
        check = Check(
            name="time_varying_effects",
            status="warn" if len(still) else "pass",
            title=sentence(
                "Ratios still change within two periods" if len(still) else "Two hazard ratios, early and late"
            ),
            message=message,
            value=len(still),
            threshold=0,
        )
        return (check, *self._unseen_differences())

    def _unseen_differences(self) -> tuple[Check, ...]:
        """Ratios that all fade towards 1, as where those most likely to leave have gone first (frailty)."""
        table = self.hazard_ratios()
        clear = table[table["z"] > normal_quantile(0.95)]
        early, late = np.log(clear["early"]), np.log(clear["late"])
        fading = (early * late > -0.01) & (np.abs(late) < np.abs(early))  # from one side towards 1, not across it
        if not len(clear) or not fading.all():
            return ()
        message = sentence(
            "Every hazard ratio that changes fades with tenure ({labels}). That need not be growing loyalty: where "
            "customers differ in ways the data do not show, those most likely to leave go first (frailty).",
            labels=first_of(dict.fromkeys(inline(label) for label in clear["label"])),
        )
        return (
            Check(
                name="unseen_differences",
                status="warn",
                title=sentence("Fading ratios need not mean growing loyalty"),
                message=message,
                value=len(clear),
                threshold=0,
            ),
        )

    def findings(self) -> tuple[Finding, ...]:
        """The ratio that changes most clearly from one side of 1 to the other, or to far less or more."""
        table = self.hazard_ratios()
        moved = (np.log(table["early"]) * np.log(table["late"]) < 0) | (
            np.abs(np.log(table["early"] / table["late"])) > np.log(1.5)
        )
        clear = table[moved & (table["z"] > normal_quantile(1 - 0.05 / max(len(table), 1)))]
        clear = clear[~clear["covariate"].isin(self.model.doubtful)]
        if clear.empty:
            return ()
        row = clear.iloc[0]
        return (
            Finding(
                id=f"time_varying_{row['covariate']}",
                statement=sentence(
                    (
                        "Customers with {label} “{value}” lapse {early} times as fast as similar ones with "
                        "“{reference}”, after {cut} {late} times. {doubt}"
                        if row["category"]
                        else "Customers with {label} of {value} lapse {early} times as fast as similar ones with "
                        "{reference}, after {cut} {late} times. {doubt}"
                    )
                    if self.design.lapse
                    else (
                        "Customers with {label} “{value}” leave {early} times as fast as similar ones with "
                        "“{reference}”, after {cut} {late} times. {doubt}"
                        if row["category"]
                        else "Customers with {label} of {value} leave {early} times as fast as similar ones with "
                        "{reference}, after {cut} {late} times. {doubt}"
                    ),
                    cut=span(round(self.cut, 1), self.time_unit),
                    label=inline(row["label"]),
                    value=row["value"],
                    early=number(row["early"], 2),
                    late=number(row["late"], 2),
                    reference=row["reference"],
                    doubt=association(row["covariate"] in self.model.acquired),
                ),
                estimate=float(row["early"]),
                unit=sentence("hazard ratio, early"),
                interval=(float(row["early_lower"]), float(row["early_upper"])),
                interval_kind=sentence("{level} confidence (Wald, log scale)", level=percent(self.model.confidence)),
                evidence="associational",
                n=self.model.customers,
                table="time_varying_effects",
            ),
        )
