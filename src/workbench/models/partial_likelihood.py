"""The maximum of Cox's partial likelihood, and whether it can be trusted."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.design import Design, Term
from workbench.models.risk_sets import risk_sets
from workbench.wording import listing, number, percent, sentence

EVENTS_PER_COLUMN = 10
"""Fewer leavers per column than this and coefficients are unstable (Peduzzi et al. 1995)."""
INFLATED = 5.0
"""Variance inflation beyond which the others nearly determine a covariate (Sheather 2009, section 6.4)."""
FOREGONE = 0.7
"""A category that explains more than this of the variance of leaving knows too much."""
OVERLAP = "covariates_overlap"
"""Name of the check of covariates that nearly determine each other."""
EXPLODED = 10.0
"""A log hazard ratio (of a level, or of one standard deviation) or standard error beyond this is no estimate."""
HELD = 1.0
"""Weight of the penalty by which ratios are held towards 1: half of the squared log ratios."""
UNTRUSTED = (
    "The Cox model has no trustworthy maximum: {columns} may tell by itself who leaves when (separation), or two "
    "covariates say almost the same. Nothing is said from it; leave one out or merge its levels."
)
CONVERGENCE = "cox_convergence"
"""Name of the check without which nothing is said from the model."""


def maximise(
    matrix: np.ndarray, durations: np.ndarray, events: np.ndarray, design: Design, *, entry: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[Check, ...]]:
    """Fit by Newton's method with step halving, and judge the fit.

    Parameters
    ----------
    matrix (n, p), durations (n,), events (n,)
        Encoded covariates without aliased or constant columns, time observed, whether the customer left.
    design
        Names the columns.
    entry (n,)
        As in `risk_sets`.

    Returns
    -------
    ndarray (p,), ndarray (p, p), tuple of Check
        Log hazard ratios, their covariance (inverse information), and checks: convergence and separation, leavers per
        column, covariates that nearly determine each other, totals known only at the end. Where the first fails there
        is no finite maximum, and the numbers are not to be used.
    """
    width = matrix.shape[1]
    if not width:
        return np.zeros(0), np.zeros((0, 0)), ()
    # Numbers by their spread; a dummy as it is, or a rare one would hide that its ratio has exploded.
    scale = np.array([1.0 if level else matrix[:, place].std() for place, (_, level) in enumerate(design.columns)])
    names = {term.covariate: term.label for term in design.terms}
    entangled = overlapping(matrix, design)
    estimate, covariance, settled = newton(matrix / scale, durations, events, entry=entry)
    suspects = _suspects(estimate, covariance, design)
    trusted = settled and not suspects
    said = {"columns": listing([names[covariate] for covariate in suspects]) or sentence("a covariate")}
    if suspects and set(suspects) <= set(entangled):  # no separation: they say almost the same
        estimate, covariance, settled = newton(matrix / scale, durations, events, entry=entry, held=HELD)
        if settled and not _suspects(estimate, covariance, design):
            message = sentence(
                "{columns} say almost the same, so hazard ratios have no trustworthy maximum: all are held towards 1 "
                "(ridge: log hazard ratios of a level, or of a standard deviation, as if drawn with deviation 1).",
                **said,
            )
            status = "warn"
        else:
            message, status = sentence(UNTRUSTED, **said), "fail"
    elif trusted:
        message, status = sentence("The Cox model has converged."), "pass"
    else:
        message, status = sentence(UNTRUSTED, **said), "fail"
    problems = [Check(name=CONVERGENCE, status=status, message=message)]
    per_column = float(events.sum() / width)
    problems.append(
        Check(
            name="events_per_coefficient",
            status="pass" if per_column >= EVENTS_PER_COLUMN else "warn",
            message=sentence(
                "{each} customers left for each of {columns} coefficients; below {least} they become unstable.",
                each=number(np.floor(per_column)), columns=number(width), least=EVENTS_PER_COLUMN,
            ),
            value=per_column,
            threshold=EVENTS_PER_COLUMN,
        )
    )  # fmt: skip
    problems += _overlap(entangled, names)
    problems += _hindsight(matrix, durations, design) + _foregone(matrix, events, design)
    return estimate / scale, covariance / np.outer(scale, scale), tuple(problems)


def _suspects(estimate: np.ndarray, covariance: np.ndarray, design: Design) -> list[str]:
    """Covariates whose estimate or standard error has exploded."""
    errors = np.sqrt(np.diag(covariance))
    exploded = ~np.isfinite(errors) | (np.maximum(np.abs(estimate), errors) > EXPLODED)
    return list(dict.fromkeys(covariate for (covariate, _), bad in zip(design.columns, exploded, strict=True) if bad))


def newton(
    matrix: np.ndarray,
    durations: np.ndarray,
    events: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    held: float = 0.0,
    most: int = 50,
    enough: float = 1e-7,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Newton's method from 0, each step halved until the likelihood rises (the likelihood is concave).

    Parameters
    ----------
    held
        Weight of a ridge penalty, half of the squared coefficients; the covariance is then that of the posterior under
        a normal prior of variance `1 / held`.

    Returns
    -------
    ndarray (p,), ndarray (p, p), bool
        Estimate, inverse information (infinite where there is none), and whether the next step would gain nothing.
    """
    estimate, gain = np.zeros(matrix.shape[1]), np.inf
    penalty = held * np.eye(matrix.shape[1])

    def at(place: np.ndarray):
        sums = risk_sets(durations, events, matrix, place, entry=entry, scaled=False)
        return sums, sums.log_likelihood - held * float(place @ place) / 2

    with np.errstate(all="ignore"):
        sums, height = at(estimate)
        for _ in range(most):
            slope = sums.residuals.sum(axis=0) - held * estimate
            step = np.linalg.lstsq(sums.information + penalty, slope)[0]
            step = step / max(1.0, np.abs(step).max() / EXPLODED)
            for _ in range(30):
                trial, reached = at(estimate + step)
                if reached >= height and np.isfinite(trial.information).all():
                    break
                step = step / 2
            else:  # nowhere is higher: rounding error, or no maximum
                gain = 0.0 if gain < 1e-3 else gain
                break
            gain = reached - height
            estimate, sums, height = estimate + step, trial, reached
            if gain < enough or np.abs(estimate).max() > EXPLODED:
                break
    covariance = np.full_like(sums.information, np.inf)
    if np.linalg.matrix_rank(sums.information + penalty, hermitian=True) == len(estimate):
        covariance = np.linalg.inv(sums.information + penalty)
    return estimate, covariance, gain < enough


def unadjusted(
    matrix: np.ndarray, durations: np.ndarray, events: np.ndarray, design: Design, *, entry: np.ndarray | None = None
) -> np.ndarray:
    """Log hazard ratios (p,) of each covariate in a model of its own; columns as in `maximise`."""
    covariates = np.array([covariate for covariate, _ in design.columns])
    estimate = np.empty(len(covariates))
    for covariate in dict.fromkeys(covariates):
        own = covariates == covariate
        spread = matrix[:, own].std(axis=0)
        estimate[own] = newton(matrix[:, own] / spread, durations, events, entry=entry)[0] / spread
    return estimate


def overlapping(matrix: np.ndarray, design: Design) -> dict[str, float]:
    """Variance inflation of the covariates that the others nearly determine, the worst first.

    Of a category with several columns it is the generalised one, `det R11 det R22 / det R`, to the power of one over
    their number (Fox and Monette 1992); R is the correlation matrix, R11 and R22 its blocks of these and the others.
    """
    correlations = np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    found = {}
    for term in design.terms:
        own = np.array([covariate == term.covariate for covariate, _ in design.columns])
        if own.any() and not own.all():
            logs = [np.linalg.slogdet(correlations[np.ix_(part, part)])[1] for part in (own, ~own, own | ~own)]
            with np.errstate(over="ignore"):
                inflation = float(np.exp((logs[0] + logs[1] - logs[2]) / own.sum()))
            if inflation > INFLATED:
                found[term.covariate] = inflation
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def _overlap(inflation: Mapping[str, float], names: Mapping[str, str]) -> list[Check]:
    if not inflation:
        return []
    return [
        Check(
            name=OVERLAP,
            status="warn",
            message=sentence(
                "{columns} nearly follow from the other covariates, so their own hazard ratios are uncertain, and "
                "compare customers of whom there may be none; no finding is made of them. Predictions do not suffer. "
                "Leave some out to tell them apart.",
                columns=listing([names[covariate] for covariate in inflation][:5]),
            ),
            value=max(inflation.values()),
            threshold=INFLATED,
        )
    ]


def _hindsight(matrix: np.ndarray, durations: np.ndarray, design: Design, limit: float = 0.8) -> list[Check]:
    """Numbers that rise with tenure itself: totals that are known only at the end."""
    terms: dict[str, Term] = {term.covariate: term for term in design.terms}
    ranks = pd.Series(durations).rank()
    checks: list[Check] = []
    if ranks.nunique() == 1:
        return checks
    for place, (covariate, level) in enumerate(design.columns):
        if level:
            continue
        correlation = float(ranks.corr(pd.Series(matrix[:, place]).rank()))
        if correlation > limit:
            checks.append(
                Check(
                    name=f"hindsight_{covariate}",
                    status="warn",
                    message=sentence(
                        "{label} grows with the time observed (rank correlation {r}): a total known only at the end "
                        "makes long lives look caused by it; leave it out or use its value at the start.",
                        label=terms[covariate].label,
                        r=number(correlation, 2),
                    ),
                    value=correlation,
                    threshold=limit,
                )
            )
    return checks


def _foregone(matrix: np.ndarray, events: np.ndarray, design: Design) -> list[Check]:
    """Categories that nearly tell who left: an outcome of the last contact, a flag that is set when somebody goes."""
    checks: list[Check] = []
    share = events.mean()
    if not 0 < share < 1:
        return checks
    for term in design.terms:
        own = [
            place for place, (covariate, level) in enumerate(design.columns) if covariate == term.covariate and level
        ]
        if not own:
            continue
        level = matrix[:, own] @ np.arange(1, len(own) + 1)
        _, place = np.unique(level, return_inverse=True)
        size, left = np.bincount(place), np.bincount(place, weights=events)
        explained = float((size * (left / size - share) ** 2).sum() / (len(events) * share * (1 - share)))
        if explained > FOREGONE:
            checks.append(
                Check(
                    name=f"hindsight_{term.covariate}",
                    status="warn",
                    message=sentence(
                        "{label} nearly tells by itself who left ({share} of the variance): it may have been written "
                        "when they went; leave it out unless it was known long before.",
                        label=term.label, share=percent(explained),
                    ),
                    value=explained,
                    threshold=FOREGONE,
                )
            )  # fmt: skip
    return checks
