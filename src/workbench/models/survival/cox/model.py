"""Cox's proportional hazards: which customers leave sooner than otherwise similar ones, and each one's survival."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from workbench.errors import DataError
from workbench.evaluation.concordance import concordance, count_pairs
from workbench.findings import Check
from workbench.models.survival.cox.baseline import Baseline
from workbench.models.survival.cox.design import Design, NobodyLeftError, Term, build_design
from workbench.models.survival.cox.partial_likelihood import (
    CONVERGENCE,
    FEW,
    collinear_with,
    fit_partial_likelihood,
    unadjusted,
)
from workbench.models.survival.cox.predictions import Episode, Predictions
from workbench.models.survival.cox.statements import HazardRatioWords
from workbench.models.survival.curves.crossing import Crossing
from workbench.models.survival.lifetimes.episodes import customers_in
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes, weights_of
from workbench.statistics.multiplicity import holm
from workbench.statistics.product_limit import normal_quantile
from workbench.statistics.risk_sets import RiskSets, proportionality_test, risk_sets
from workbench.wording import number, percent, sentence


def fit_cox(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    *,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
    lapse: bool = False,
    design: Design | None = None,
    straight: "CoxModel | None" = None,
) -> "CoxModel":
    """Fit a Cox model by partial likelihood, ties as Efron.

    Parameters
    ----------
    lifetimes
        One row a customer: `customer_id`, `duration` (in `time_unit`), `event`, the covariates, and `entry` where some
        were customers before the records begin (they are at risk from then on). A column `weight` (of a survey) says
        for how many each stands: the likelihood is weighted and the covariance robust (Lin and Wei 1989; Binder 1992).
    covariates
        Columns; see `design.build_design` for how they are encoded. None of them gives the curve of
        all customers.
    confidence
        Level of the intervals.
    time_unit, labels
        What durations are counted in, and labels of columns.
    lapse
        Whether customers lapse instead of leaving: what it is called.
    design
        Encode by the terms of this design (of another sample of the same data) instead of describing them anew.
    straight
        With `design`, of the same rows: a model whose terms differ in the curves of numbers at most. What it says of
        covariates by themselves is taken over; of the curves it is found anew.

    Raises
    ------
    DataError
        When the table breaks its contract. A fit without a finite maximum, or to nobody who left, is not `usable`.

    References
    ----------
    Cox (1972); Efron (1977).
    """
    covariates = list(dict.fromkeys(covariates))
    used = validate_lifetimes(lifetimes)
    refit = design is not None
    try:
        if design is None:
            design = build_design(used, used["event"].to_numpy(), covariates, labels=labels, lapse=lapse)
        else:
            design = design.settle(used, used["event"].to_numpy())
    except NobodyLeftError as error:
        return _no_model(error, confidence=confidence, time_unit=time_unit, lapse=lapse)
    matrix = design.encode(used)
    durations, events = used["duration"].to_numpy(), used["event"].to_numpy()
    seen, entry, weights = (durations, events), entry_of(used), weights_of(used)
    near = None if straight is None else straight.near(design)
    coefficients, covariance, problems, separated = fit_partial_likelihood(
        matrix, *seen, design, entry=entry, start=near, weights=weights
    )
    if separated and any(term.indicator for term in design.terms):  # who lacks a number may be who left of a level
        design = design.without_indicators().settle(used, events)
        matrix = design.encode(used)
        coefficients, covariance, problems, separated = fit_partial_likelihood(
            matrix, *seen, design, entry=entry, weights=weights
        )
    sums = risk_sets(*seen, matrix, coefficients, entry=entry, weights=weights)
    null = risk_sets(*seen, np.zeros((len(used), 0)), np.zeros(0), entry=entry, scaled=False, weights=weights)
    log_hazard = matrix @ coefficients
    alone = np.full(len(coefficients), np.nan)
    collinear: tuple[str, ...] = ()
    if len(coefficients) and (straight is not None or not refit):  # only findings need them
        known = {} if straight is None else straight.unadjusted_of_lines(design)
        alone = unadjusted(matrix, *seen, design, entry=entry, known=known, weights=weights)
        together = collinear_with(matrix, design)
        collinear = tuple(dict.fromkeys(each for pair in together.items() for each in (pair[0], *pair[1])))
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
        collinear=collinear,
        separated=separated,
        covariance=covariance,
        baseline_sums=Baseline.of(sums, used, time_unit=time_unit),
        last_time=float(durations.max()),
        log_likelihood=sums.log_likelihood,
        null_log_likelihood=null.log_likelihood,
        concordance=concordance([count_pairs(durations, events, log_hazard)])[0],
        proportionality=_proportionality(sums, design),
        customers=customers_in(used),
        events=int(events.sum()),
        confidence=confidence,
        time_unit=time_unit,
        problems=problems,
        doubtful=() if straight is None else straight.doubtful,
        acquired=() if straight is None else straight.acquired,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CoxModel(HazardRatioWords, Predictions):
    """A fitted Cox model.

    Attributes
    ----------
    design
        How covariates are encoded.
    coefficients
        `covariate`, `level` (empty for a number), `coefficient` (log hazard ratio, against the reference level or per
        unit), `standard_error`, `unadjusted` (the coefficient with this covariate alone; missing in a refit),
        `customers` (at the level or the reference; all of a number).
    collinear
        Covariates that the others nearly determine, and those that they go together with.
    separated
        Covariates without an estimate, where there is no trustworthy maximum.
    covariance
        Of the coefficients, in the same order.
    baseline_sums
        Sums over event times, from which predictions are made.
    last_time
        End of observation: nothing is predicted beyond.
    log_likelihood, null_log_likelihood
        Partial (Efron), of this model and of one without covariates.
    concordance
        Harrell's, in sample: flattering; `workbench.evaluation.validation` has it out of sample.
    proportionality
        `covariate`, `label`, `statistic`, `degrees_of_freedom`, `p_value`, `p_value_holm`.
    customers, events
        Used in the fit.
    confidence, time_unit
        Level of the intervals, and what times are counted in.
    problems
        Checks of the fit itself.
    doubtful, acquired
        Covariates that know how it ended and are here because the reader named them, of which no finding is made; and
        those acquired while staying, of which findings say so (`leakage.Leaks`).
    crossings
        Levels whose curve crosses that of the reference, where the hazard ratio changes over time.
    """

    design: Design
    coefficients: pd.DataFrame
    collinear: tuple[str, ...]
    separated: tuple[str, ...]
    covariance: np.ndarray
    baseline_sums: Baseline
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
    doubtful: tuple[str, ...] = ()
    acquired: tuple[str, ...] = ()
    crossings: tuple[Crossing, ...] = ()

    @property
    def baseline(self) -> pd.DataFrame:
        """`time`, `cumulative_hazard` of a customer at every reference level with average numbers."""
        return pd.DataFrame({"time": self.baseline_sums.times, "cumulative_hazard": self.baseline_sums.hazard})

    @property
    def usable(self) -> bool:
        """Whether the fit found its maximum; where not, nothing may be said or predicted from it."""
        return all(problem.status != "fail" for problem in self.problems)

    def unadjusted_of_lines(self, design: Design) -> dict[str, np.ndarray]:
        """Unadjusted log hazard ratios by covariate, of those that have the same columns in `design`.

        Parameters
        ----------
        design
            Of another model of the same covariates.
        """
        own, other = (
            {covariate: [column for column in each.columns if column[0] == covariate] for covariate, _ in each.columns}
            for each in (self.design, design)
        )
        values = self.coefficients.set_index("covariate")["unadjusted"]
        return {
            covariate: values.loc[[covariate]].to_numpy(dtype=float)
            for covariate, columns in own.items()
            if other.get(covariate) == columns
        }

    def near(self, design: Design) -> np.ndarray:
        """Log hazard ratios of the columns of `design`, 0 of those that are not here.

        Parameters
        ----------
        design
            Of another model.
        """
        own = dict(zip(self.design.columns, self.coefficients["coefficient"], strict=True))
        return np.array([float(own.get(column, 0.0)) for column in design.columns])

    @property
    def decided_by_few(self) -> tuple[str, ...]:
        """Numbers of which a few customers have nearly all the variance."""
        return tuple(check.name.removeprefix(FEW) for check in self.problems if check.name.startswith(FEW))

    @property
    def interval_kind(self) -> str:
        """What the intervals of hazard ratios are."""
        return sentence("{level} confidence (Wald, log scale)", level=percent(self.confidence))

    @property
    def likelihood_ratio_test(self) -> tuple[float, int, float]:
        """Chi squared, degrees of freedom and p-value against a model without covariates."""
        statistic, freedom = 2 * (self.log_likelihood - self.null_log_likelihood), len(self.coefficients)
        return statistic, freedom, float(chi2.sf(statistic, freedom)) if freedom else 1.0

    def refit(self, lifetimes: pd.DataFrame) -> "CoxModel":
        """The same model on other rows; for evaluation out of sample.

        Parameters
        ----------
        lifetimes
            As in `fit_cox`.

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
            otherwise equal ones at `reference` (of a number: the two values of `design.Term`; of one that goes in as a
            curve, either with its mean); `lower`, `upper`,
            `p_value`, `p_value_holm` (over all rows); `unadjusted` hazard ratio, with this covariate alone, and
            `customers` compared. References of categories are their most frequent level.
        """
        z = normal_quantile(self.confidence)
        coefficients = self.coefficients["coefficient"].to_numpy(dtype=float)
        alone = self.coefficients["unadjusted"].to_numpy(dtype=float)
        rows = []
        for each in contrasts(self.design):
            term, center = each.term, each.weights @ coefficients
            error = np.sqrt(each.weights @ self.covariance @ each.weights)
            with np.errstate(over="ignore"):
                ratio, lower, upper = np.exp([center, center - z * error, center + z * error])
            rows.append(
                {
                    "covariate": term.covariate,
                    "label": term.label,
                    "value": each.value,
                    "reference": each.reference,
                    "hazard_ratio": ratio,
                    "lower": lower,
                    "upper": upper,
                    "p_value": 2 * norm.sf(abs(center / error)),
                    "unadjusted": np.exp(each.weights @ alone),
                    "customers": int(self.coefficients["customers"].iloc[each.column]),
                }
            )
        numbers = ["hazard_ratio", "lower", "upper", "p_value", "unadjusted", "customers"]
        table = pd.DataFrame(rows, columns=["covariate", "label", "value", "reference", *numbers])
        table = table.astype(dict.fromkeys(numbers[:-1], float) | {"customers": int})
        table.insert(8, "p_value_holm", holm(table["p_value"].to_numpy(dtype=float)))
        return table

    def log_hazard(self, frame: pd.DataFrame) -> pd.Series:
        """Log of each customer's hazard against the baseline, by customer_id.

        Parameters
        ----------
        frame
            `customer_id` and the covariates.
        """
        values = self.episodes(frame)[0].log_hazard
        return pd.Series(values, index=pd.Index(frame["customer_id"], name="customer_id"), name="log_hazard")

    def episodes(self, frame: pd.DataFrame) -> list[Episode]:
        """One: hazard ratios stay the same.

        Parameters
        ----------
        frame
            `customer_id` and the covariates.
        """
        matrix = self.design.encode(frame)
        log_hazard = matrix @ self.coefficients["coefficient"].to_numpy(dtype=float)
        return [Episode(matrix, log_hazard, -np.inf, np.inf)]


def _no_model(reason: NobodyLeftError, *, confidence: float, time_unit: str, lapse: bool) -> CoxModel:
    """A model that is not usable, with a failed check that says why."""
    empty = np.zeros(0)
    return CoxModel(
        design=Design(terms=(), lapse=lapse),
        coefficients=pd.DataFrame(
            columns=["covariate", "level", "coefficient", "standard_error", "unadjusted", "customers"]
        ),
        collinear=(),
        separated=(),
        covariance=np.zeros((0, 0)),
        baseline_sums=Baseline(empty, empty, empty, np.zeros((0, 0)), (0.0, 0.0)),
        last_time=0.0,
        log_likelihood=0.0,
        null_log_likelihood=0.0,
        concordance=0.5,
        proportionality=pd.DataFrame(
            columns=["covariate", "label", "statistic", "degrees_of_freedom", "p_value", "p_value_holm"]
        ),
        customers=0,
        events=0,
        confidence=confidence,
        time_unit=time_unit,
        problems=(
            Check(
                name=CONVERGENCE,
                status="fail",
                title=sentence("Nobody lapsed, so no hazard ratios" if lapse else "Nobody left, so no hazard ratios"),
                message=" ".join(reason.faults),
            ),
        ),
    )


def _proportionality(sums: RiskSets, design: Design) -> pd.DataFrame:
    rows = []
    for term in design.terms:
        columns = [
            place
            for place, column in enumerate(design.columns)
            if column[0] == term.covariate and column not in design.without_events
        ]
        if columns and len(sums.times) > 1:
            rows.append((term.covariate, term.label, *proportionality_test(sums, columns)))
    table = pd.DataFrame(rows, columns=["covariate", "label", "statistic", "degrees_of_freedom", "p_value"])
    return table.assign(p_value_holm=holm(table["p_value"].to_numpy(dtype=float)))


@dataclass(frozen=True)
class Contrast:
    """Two kinds of customers who differ in one covariate alone.

    Attributes
    ----------
    term
        The covariate.
    value, reference
        What it is of the one and of the other, in words.
    weights (p,)
        Log hazard ratio: these times the coefficients.
    column
        Place of the (first) column.
    """

    term: Term
    value: str
    reference: str
    weights: np.ndarray
    column: int


def contrasts(design: Design) -> list[Contrast]:
    """What hazard ratios compare: each level with the reference, a number's upper value with its lower one.

    Of a number that goes in as a curve, both with its mean; of a missing one, with the median. None of a level of
    which nobody left.

    Parameters
    ----------
    design
        Settled.
    """
    found = []
    for term in design.terms:
        own = [
            place
            for place, column in enumerate(design.columns)
            if column[0] == term.covariate and column not in design.without_events
        ]
        missing = own.pop() if own and term.indicator and design.columns[own[-1]] == term.columns[-1] else None
        if term.is_category:
            pairs = [(design.columns[place][1], term.levels[0], {place: 1.0}) for place in own]
        elif not own:
            pairs = []
        elif not term.knots:
            pairs = [(number(term.high), number(term.low), {own[0]: term.high - term.low})]
        else:
            names = [design.columns[place][1] for place in own]
            pairs = []
            for end in (term.low, term.high):
                row = term.numbers(pd.Series([end]))[0]
                values = dict(zip((name for _, name in term.columns), row, strict=True))
                weights = {place: float(values[name]) for place, name in zip(own, names, strict=True)}
                pairs.append((number(end), number(term.center), weights))
        if missing is not None:
            pairs.append((sentence("not stated"), number(term.fill), {missing: 1.0}))
        for value, reference, weights in pairs:
            combined = np.zeros(len(design.columns))
            combined[list(weights)] = list(weights.values())
            found.append(Contrast(term, value, reference, combined, min(weights)))
    return found
