"""The maximum of Cox's partial likelihood, and whether it can be trusted."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.design import Design, Term
from workbench.wording import listing, number, sentence

EVENTS_PER_COLUMN = 10
"""Fewer leavers per column than this and coefficients are unstable (Peduzzi et al. 1995)."""
INFLATED = 10.0
"""Variance inflation beyond which the others nearly determine a column (Marquardt 1970)."""
EXPLODED = 10.0
"""A standardised log hazard ratio beyond this is no estimate: the likelihood rises without end."""


def maximise(
    matrix: np.ndarray, durations: np.ndarray, events: np.ndarray, design: Design
) -> tuple[np.ndarray, np.ndarray, tuple[Check, ...]]:
    """Fit by Newton's method, and judge the fit.

    Parameters
    ----------
    matrix (n, p), durations (n,), events (n,)
        Encoded covariates without aliased or constant columns, time observed, whether the customer left.
    design
        Names the columns.

    Returns
    -------
    ndarray (p,), ndarray (p, p), tuple of Check
        Log hazard ratios, their covariance (inverse information), and checks: convergence and separation, leavers per
        column, covariates that nearly determine each other, totals known only at the end.

    Raises
    ------
    DataError
        When there is no finite maximum.
    """
    width = matrix.shape[1]
    if not width:
        return np.zeros(0), np.zeros((0, 0)), ()
    # Standardised, and under names of our own: nothing from the data reaches a parser of formulas.
    scale = matrix.std(axis=0)
    frame = pd.DataFrame(matrix / scale, columns=[f"x{place}" for place in range(width)])
    frame = frame.assign(duration=durations, event=events)
    try:
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
            warnings.simplefilter("always")
            fitted = CoxPHFitter().fit(frame, "duration", "event", show_progress=False)
    except (ConvergenceError, np.linalg.LinAlgError) as error:
        raise DataError(
            sentence(
                "The Cox model of {columns} does not converge: a covariate may tell by itself who leaves when "
                "(separation), or two may say almost the same; leave one out or merge its levels.",
                columns=listing([term.label for term in design.terms]),
            )
        ) from error
    standardised = fitted.params_.to_numpy()
    errors = fitted.standard_errors_.to_numpy()
    exploded = ~(np.isfinite(standardised) & np.isfinite(errors)) | (np.abs(standardised) > EXPLODED)
    names = {term.covariate: term.label for term in design.terms}
    suspects = [names[covariate] for (covariate, _), bad in zip(design.columns, exploded, strict=True) if bad]
    if not np.isfinite(standardised).all() or not np.isfinite(errors).all():
        raise DataError(
            sentence("covariates: got no finite estimate for {columns} (separation), expected one; leave them out or "
                     "merge their levels.", columns=listing(suspects))
        )  # fmt: skip
    problems = []
    complaints = [entry for entry in caught if issubclass(entry.category, ConvergenceWarning)]
    if suspects or complaints:
        problems.append(
            Check(
                name="cox_convergence",
                status="fail",
                message=sentence(
                    "The Cox model has no trustworthy maximum: {columns} may tell by itself who leaves when "
                    "(separation). Do not use its hazard ratios and predictions.",
                    columns=listing(list(dict.fromkeys(suspects))) or sentence("a covariate"),
                ),
            )
        )
    else:
        problems.append(Check(name="cox_convergence", status="pass", message=sentence("The Cox model has converged.")))
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
    problems += _overlap(matrix, design, names)
    problems += _hindsight(matrix, durations, design)
    covariance = fitted.variance_matrix_.to_numpy() / np.outer(scale, scale)
    return standardised / scale, covariance, tuple(problems)


def _overlap(matrix: np.ndarray, design: Design, names: Mapping[str, str]) -> list[Check]:
    """Numbers and dummies that the others nearly determine (variance inflation of more than 10)."""
    correlations = np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    inflation = np.diag(np.linalg.pinv(correlations, hermitian=True))
    worst = [names[design.columns[place][0]] for place in np.argsort(-inflation) if inflation[place] > INFLATED]
    if not worst:
        return []
    return [
        Check(
            name="covariates_overlap",
            status="warn",
            message=sentence(
                "{columns} nearly follow from the other covariates, so their own hazard ratios are uncertain; "
                "predictions do not suffer. Leave some out to tell them apart.",
                columns=listing(list(dict.fromkeys(worst))[:5]),
            ),
            value=float(inflation.max()),
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
