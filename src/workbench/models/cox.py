"""Cox's proportional hazards: which customers leave sooner than otherwise similar ones, and each one's survival."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines.utils import concordance_index
from scipy.stats import chi2, norm

from workbench.errors import DataError
from workbench.evaluation.horizons import clean_horizons, span
from workbench.evaluation.multiplicity import holm
from workbench.evaluation.product_limit import normal_quantile
from workbench.findings import Check, Finding
from workbench.models.design import Design, NobodyLeft, build_design
from workbench.models.lifetimes import inline, require_lifetimes
from workbench.models.partial_likelihood import CONVERGENCE, maximise, overlapping, unadjusted
from workbench.models.risk_sets import proportionality_test, risk_sets
from workbench.wording import listing, number, percent, sentence


def fit_cox(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    *,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
    design: Design | None = None,
) -> "CoxModel":
    """Fit a Cox model by partial likelihood, ties as Efron.

    Parameters
    ----------
    lifetimes
        One row a customer: `customer_id`, `duration` (in `time_unit`), `event` and the covariates.
    covariates
        Columns; see `workbench.models.design.build_design` for how they are encoded. None of them gives the curve of
        all customers.
    confidence
        Level of the intervals.
    time_unit, labels
        What durations are counted in, and labels of columns.
    design
        Encode by the terms of this design (of another sample of the same data) instead of describing them anew.

    Raises
    ------
    DataError
        When the table breaks its contract. A fit without a finite maximum, or to nobody who left, is not `usable`.

    References
    ----------
    Cox (1972); Efron (1977).
    """
    covariates = list(dict.fromkeys(covariates))
    lifetimes = require_lifetimes(lifetimes)
    refit = design is not None
    try:
        if not refit:
            design = build_design(lifetimes, lifetimes["event"].to_numpy(), covariates, labels=labels)
        used = lifetimes[design.complete(lifetimes)]
        if refit:
            design = design.settle(used, used["event"].to_numpy())
    except NobodyLeft as error:
        return _no_model(error, confidence=confidence, time_unit=time_unit)
    matrix, silent = design.encode(used)
    durations, events = used["duration"].to_numpy(), used["event"].to_numpy()
    loud = ~silent
    coefficients, covariance, problems = maximise(matrix[loud], durations[loud], events[loud], design)
    sums = risk_sets(durations[loud], events[loud], matrix[loud], coefficients)
    null = risk_sets(durations[loud], events[loud], np.zeros((int(loud.sum()), 0)), np.zeros(0))
    log_hazard = np.where(silent, -np.inf, matrix @ coefficients)
    alone, entangled = np.full(len(coefficients), np.nan), ()
    if len(coefficients) and not refit:  # only findings need them
        alone = unadjusted(matrix[loud], durations[loud], events[loud], design)
        entangled = tuple(overlapping(matrix[loud], design))
    return CoxModel(
        design=design,
        coefficients=pd.DataFrame(
            {
                "covariate": [covariate for covariate, _ in design.columns],
                "level": [level for _, level in design.columns],
                "coefficient": coefficients,
                "standard_error": np.sqrt(np.diag(covariance)),
                "unadjusted": alone,
                "customers": design.compared(used),
            }
        ),
        entangled=entangled,
        covariance=covariance,
        baseline=pd.DataFrame({"time": sums.times, "cumulative_hazard": sums.hazard.cumsum()}),
        last_time=float(durations.max()),
        log_likelihood=sums.log_likelihood,
        null_log_likelihood=null.log_likelihood,
        concordance=float(concordance_index(durations, -np.where(silent, -1e300, log_hazard), events)),
        proportionality=_proportionality(sums, design),
        customers=len(used),
        events=int(events.sum()),
        confidence=confidence,
        time_unit=time_unit,
        problems=problems,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CoxModel:
    """A fitted Cox model.

    Attributes
    ----------
    design
        How covariates are encoded.
    coefficients
        `covariate`, `level` (empty for a number), `coefficient` (log hazard ratio, against the reference level or per
        unit), `standard_error`, `unadjusted` (the coefficient with this covariate alone; missing in a refit),
        `customers` (at the level or the reference; all of a number).
    entangled
        Covariates that the others nearly determine.
    covariance
        Of the coefficients, in the same order.
    baseline
        `time`, `cumulative_hazard` of a customer at every reference level with average numbers.
    last_time
        End of observation: nothing is predicted beyond.
    log_likelihood, null_log_likelihood
        Partial (Efron), of this model and of one without covariates.
    concordance
        Harrell's, in sample: flattering; `workbench.evaluation.survival` has it out of sample.
    proportionality
        `covariate`, `label`, `statistic`, `degrees_of_freedom`, `p_value`, `p_value_holm`.
    customers, events
        Used in the fit.
    confidence, time_unit
        Level of the intervals, and what times are counted in.
    problems
        Checks of the fit itself.
    """

    design: Design
    coefficients: pd.DataFrame
    entangled: tuple[str, ...]
    covariance: np.ndarray
    baseline: pd.DataFrame
    last_time: float
    log_likelihood: float
    null_log_likelihood: float
    concordance: float
    proportionality: pd.DataFrame
    customers: int
    events: int
    confidence: float
    time_unit: str
    problems: tuple[Check, ...]

    @property
    def usable(self) -> bool:
        """Whether the fit found its maximum; where not, nothing may be said or predicted from it."""
        return all(problem.status != "fail" for problem in self.problems)

    @property
    def interval_kind(self) -> str:
        """What the intervals of hazard ratios are."""
        return sentence("{level} confidence (Wald, log scale)", level=percent(self.confidence))

    @property
    def likelihood_ratio_test(self) -> tuple[float, int, float]:
        """Chi squared, degrees of freedom and p-value against a model without covariates."""
        statistic, freedom = 2 * (self.log_likelihood - self.null_log_likelihood), len(self.coefficients)
        return statistic, freedom, float(chi2.sf(statistic, freedom)) if freedom else 1.0

    def complete_cases(self, lifetimes: pd.DataFrame) -> pd.DataFrame:
        """Rows for which the model can predict: no number is missing."""
        return lifetimes[self.design.complete(lifetimes)]

    def refit(self, lifetimes: pd.DataFrame) -> "CoxModel":
        """The same model on other rows; for evaluation out of sample.

        Raises
        ------
        DataError
            When the fit on these rows is not `usable`.
        """
        covariates = [term.covariate for term in self.design.terms]
        again = fit_cox(lifetimes, covariates, confidence=self.confidence, time_unit=self.time_unit, design=self.design)
        if not again.usable:
            raise DataError(*(problem.message for problem in again.problems if problem.status == "fail"))
        return again

    def hazard_ratios(self) -> pd.DataFrame:
        """Hazard ratios with what they compare.

        Returns
        -------
        DataFrame
            `covariate`, `label`, `value`, `reference`: customers at `value` leave at `hazard_ratio` times the rate of
            otherwise equal ones at `reference` (of a number: the two values of `design.Term`); `lower`, `upper`,
            `p_value`, `p_value_holm` (over all rows); `unadjusted` hazard ratio, with this covariate alone, and
            `customers` compared. References of categories are their most frequent level.
        """
        z = normal_quantile(self.confidence)
        terms = {term.covariate: term for term in self.design.terms}
        rows = []
        for row in self.coefficients.itertuples():
            term = terms[row.covariate]
            step = 1.0 if term.is_category else term.high - term.low
            center, half = row.coefficient * step, z * row.standard_error * step
            with np.errstate(over="ignore"):
                ratio, lower, upper = np.exp([center, center - half, center + half])
            rows.append(
                {
                    "covariate": term.covariate,
                    "label": term.label,
                    "value": row.level or number(term.high),
                    "reference": term.levels[0] if term.is_category else number(term.low),
                    "hazard_ratio": ratio,
                    "lower": lower,
                    "upper": upper,
                    "p_value": 2 * norm.sf(abs(row.coefficient / row.standard_error)),
                    "unadjusted": np.exp(row.unadjusted * step),
                    "customers": row.customers,
                }
            )
        numbers = ["hazard_ratio", "lower", "upper", "p_value", "unadjusted", "customers"]
        table = pd.DataFrame(rows, columns=["covariate", "label", "value", "reference", *numbers])
        table = table.astype(dict.fromkeys(numbers[:-1], float) | {"customers": int})
        table.insert(8, "p_value_holm", holm(table["p_value"].to_numpy(dtype=float)))
        return table

    def log_hazard(self, frame: pd.DataFrame) -> pd.Series:
        """Log of each customer's hazard against the baseline, by customer_id; minus infinity where nobody leaves."""
        matrix, silent = self.design.encode(frame)
        values = np.where(silent, -np.inf, matrix @ self.coefficients["coefficient"].to_numpy())
        return pd.Series(values, index=pd.Index(frame["customer_id"], name="customer_id"), name="log_hazard")

    def predict_survival(self, frame: pd.DataFrame, times: Iterable[float]) -> pd.DataFrame:
        """Predicted share still there, `exp(-H0(t) exp(x b))`.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        times
            Within the time observed.

        Returns
        -------
        DataFrame
            One row a customer (index `customer_id`), one column a time (ascending).

        Raises
        ------
        DataError
            When a time lies beyond the data, or a covariate cannot be encoded.
        """
        times = clean_horizons(times)
        if times[-1] > self.last_time:
            raise DataError(
                sentence(
                    "times: got {time}, expected at most {last}, where the data end; nothing is extrapolated.",
                    time=span(times[-1], self.time_unit),
                    last=span(self.last_time, self.time_unit),
                )
            )
        log_hazard = self.log_hazard(frame)
        place = np.searchsorted(self.baseline["time"].to_numpy(), times, side="right")
        cumulative = np.append(0.0, self.baseline["cumulative_hazard"].to_numpy())[place]
        with np.errstate(over="ignore"):
            survival = np.exp(-np.exp(log_hazard.to_numpy())[:, None] * cumulative)
        return pd.DataFrame(survival, index=log_hazard.index, columns=pd.Index(times, name="horizon"))

    def checks(self) -> tuple[Check, ...]:
        """What was gathered, dropped or missing, whether the fit can be used, and what adjusting changed."""
        return self.design.checks + self.problems + self._adjustment()

    def _adjustment(self) -> tuple[Check, ...]:
        """Which hazard ratios depend on what is adjusted for."""
        table = self.hazard_ratios()
        if not self.usable or table.empty:
            return ()
        changed = [
            sentence("{label} “{value}”", label=inline(row.label), value=row.value)
            for row in table[changed_by_adjusting(table)].itertuples()
        ]
        message = (
            sentence(
                "Hazard ratios of {labels} change sides or more than twofold when others are adjusted for: they depend "
                "on which covariates are taken into account, so no finding is made of them.",
                labels=listing(changed[:5] + ([sentence("others")] if len(changed) > 5 else [])),
            )
            if len(changed)
            else sentence("Hazard ratios are alike with and without adjusting for the other covariates.")
        )
        return (
            Check(
                name="adjustment", status="warn" if len(changed) else "pass", message=message,
                value=len(changed), threshold=0,
            ),
        )  # fmt: skip

    def assumptions(self, level: float = 0.05) -> tuple[Check, ...]:
        """Whether hazard ratios stay the same over time: one check, `warn` where any does not.

        The test of each covariate is in `proportionality`. Empty where there was nothing to test.
        """
        tested = self.proportionality
        if tested.empty:
            return ()
        varying = tested[tested["p_value_holm"] < level]
        said = {"count": len(varying), "all": len(tested), "level": percent(level)}
        message = (
            sentence("No sign that any of {all} hazard ratios changes over time (Holm's correction, {level}).", **said)
            if varying.empty
            else sentence(
                "{count} of {all} covariates have hazard ratios that change over time ({labels}; Holm's correction, "
                "{level}): the ones shown are averages over the time observed, and may be weaker or reversed early or "
                "late.",
                labels=listing([inline(label) for label in varying["label"]]),
                **said,
            )
        )
        return (
            Check(
                name="proportional_hazards",
                status="pass" if varying.empty else "warn",
                message=message,
                value=len(varying),
                threshold=0,
            ),
        )

    def findings(self, most: int = 2, level: float = 0.05) -> tuple[Finding, ...]:
        """The strongest adjusted associations, at most one a covariate, in words that claim no cause.

        None where the fit cannot be used, or nothing is clear after Holm's correction. None of a covariate that the
        others nearly determine, or that `changed_by_adjusting`. Chosen after looking, so the interval is widened by
        Bonferroni for all hazard ratios.
        """
        if not self.usable:
            return ()
        table = self.hazard_ratios()
        looked_at = len(table)
        widened = normal_quantile(1 - (1 - self.confidence) / max(looked_at, 1)) / normal_quantile(self.confidence)
        kind = sentence("{level} confidence (Wald, log scale, Bonferroni over {count} hazard ratios)",
                        level=percent(self.confidence), count=looked_at)  # fmt: skip
        doubtful = changed_by_adjusting(table) | table["covariate"].isin(self.entangled)
        table = table[(table["p_value_holm"] < level) & ~doubtful]
        strength = np.log(table["hazard_ratio"]).abs()
        table = table.loc[strength.sort_values(ascending=False, kind="stable").index].drop_duplicates("covariate")
        varying = set(self.proportionality.loc[self.proportionality["p_value_holm"] < level, "covariate"])
        categories = {term.covariate for term in self.design.terms if term.is_category}
        findings = []
        for row in table.head(most).itertuples():
            template = (
                "Customers with {label} “{value}” leave at {ratio} times the rate of otherwise similar ones with "
                "“{reference}”{average}; this is an association, not a cause."
                if row.covariate in categories
                else "Customers with {label} of {value} leave at {ratio} times the rate of otherwise similar ones with "
                "{reference}{average}; this is an association, not a cause."
            )
            findings.append(
                Finding(
                    id=f"hazard_ratio_{row.covariate}",
                    statement=sentence(
                        template,
                        label=inline(row.label),
                        value=row.value,
                        ratio=number(row.hazard_ratio, 2),
                        reference=row.reference,
                        average=sentence(", averaged over time") if row.covariate in varying else "",
                    ),
                    estimate=float(row.hazard_ratio),
                    unit=sentence("hazard ratio"),
                    interval=tuple(
                        float(row.hazard_ratio * (end / row.hazard_ratio) ** widened) for end in (row.lower, row.upper)
                    ),
                    interval_kind=kind if looked_at > 1 else self.interval_kind,
                    evidence="associational",
                    n=int(row.customers),
                    table="hazard_ratios",
                    figure="hazard_ratios",
                )
            )
        return tuple(findings)

    def reference_customer(self) -> str:
        """The customer that hazard ratios start from, in words."""
        said = [
            sentence("{label} “{level}”", label=inline(term.label), level=term.levels[0])
            if term.is_category
            else sentence("{label} {center} (the mean)", label=inline(term.label), center=number(term.center))
            for term in self.design.terms
        ]
        return listing(said)

    def title(self) -> str:
        """The finding that the figure shows."""
        findings = self.findings(most=1)
        return findings[0].statement if findings else sentence("No covariate goes clearly with leaving sooner.")

    def caption(self) -> str:
        """How to read the figure, and who the reference customer is."""
        reading = sentence(
            "Rate of leaving (hazard) against otherwise equal customers at the reference; numbers compare their upper "
            "with their lower quartile (where these are the same, the two values shown); intervals are {kind}. An "
            "association, not an effect.",
            kind=self.interval_kind,
        )
        if not self.design.terms:
            return reading
        return f"{reading} {sentence('The reference customer has {who}.', who=self.reference_customer())}"

    def table_caption(self) -> str:
        """What the table of hazard ratios compares with."""
        if not self.design.terms:
            return sentence("No covariates, so there is nothing to compare.")
        return sentence(
            "Rates of leaving against the reference customer (hazard ratios); unadjusted: with this covariate alone."
        )

    def plot(self, ax=None, *, title: str | None = None):
        """Hazard ratios on a log axis with their intervals, the strongest first; returns the axes."""
        from workbench.models.survival_figures import draw_hazard_ratios  # only a figure needs matplotlib, strongest

        return draw_hazard_ratios(self, ax, title=title)

    def strongest(self, most: int = 10) -> pd.DataFrame:
        """The hazard ratios farthest from 1, without those that have no finite estimate."""
        table = self.hazard_ratios()
        table = table[np.isfinite(table[["hazard_ratio", "lower", "upper"]]).all(axis=1) & (table["lower"] > 0)]
        strength = np.log(table["hazard_ratio"]).abs()
        return table.loc[strength.sort_values(ascending=False, kind="stable").index].head(most)

    def describe(self) -> str:
        """What the figure of hazard ratios shows, for those who cannot see it."""
        rows = [
            sentence("{label} “{value}” against “{reference}”: {ratio} ({lower} to {upper})",
                     label=row.label, value=row.value, reference=row.reference, ratio=number(row.hazard_ratio, 2),
                     lower=number(row.lower, 2), upper=number(row.upper, 2))
            for row in self.strongest().itertuples()
        ]  # fmt: skip
        return sentence("Hazard ratios with {kind} intervals on a log axis; 1 means no difference. {rows}.",
                        kind=self.interval_kind, rows="; ".join(rows))  # fmt: skip


def _no_model(reason: NobodyLeft, *, confidence: float, time_unit: str) -> CoxModel:
    """A model that is not usable, with a failed check that says why."""
    empty = np.zeros(0)
    return CoxModel(
        design=Design(terms=()),
        coefficients=pd.DataFrame(columns=["covariate", "level", "coefficient", "standard_error", "unadjusted",
                                           "customers"]),
        entangled=(),
        covariance=np.zeros((0, 0)),
        baseline=pd.DataFrame({"time": empty, "cumulative_hazard": empty}),
        last_time=0.0,
        log_likelihood=0.0,
        null_log_likelihood=0.0,
        concordance=0.5,
        proportionality=pd.DataFrame(columns=["covariate", "label", "statistic", "degrees_of_freedom", "p_value",
                                              "p_value_holm"]),
        customers=0,
        events=0,
        confidence=confidence,
        time_unit=time_unit,
        problems=(Check(name=CONVERGENCE, status="fail", message=" ".join(reason.faults)),),
    )  # fmt: skip


def changed_by_adjusting(hazard_ratios: pd.DataFrame) -> pd.Series:
    """Rows whose hazard ratio lies on the other side of 1 than unadjusted, or is more than twice or less than half it.

    Such a ratio is owed to the others in the model; customers who differ in this covariate alone may hardly exist.
    """
    adjusted, alone = np.log(hazard_ratios["hazard_ratio"]), np.log(hazard_ratios["unadjusted"])
    return (adjusted * alone < 0) | ((adjusted - alone).abs() > np.log(2))


def _proportionality(sums, design: Design) -> pd.DataFrame:
    rows = []
    for term in design.terms:
        columns = [place for place, (covariate, _) in enumerate(design.columns) if covariate == term.covariate]
        if columns and len(sums.times) > 1:
            rows.append((term.covariate, term.label, *proportionality_test(sums, columns)))
    table = pd.DataFrame(rows, columns=["covariate", "label", "statistic", "degrees_of_freedom", "p_value"])
    return table.assign(p_value_holm=holm(table["p_value"].to_numpy(dtype=float)))
