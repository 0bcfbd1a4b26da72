"""The maximum of Cox's partial likelihood, and whether it can be trusted."""

from collections.abc import Mapping

import numpy as np

from workbench.findings import Check, Status
from workbench.models.survival.cox.design import Design
from workbench.statistics.newton import Place, maximise
from workbench.statistics.risk_sets import risk_sets, score_residuals
from workbench.wording import listing, number, percent, sentence

EVENTS_PER_COLUMN = 10
"""Fewer leavers per column than this and coefficients are unstable (Peduzzi et al. 1995)."""
INFLATED = 5.0
"""Variance inflation beyond which the others nearly determine a covariate (Sheather 2009, section 6.4)."""
FEW_DECIDE = 0.9
"""A number of which the outermost hundredth of customers has more than this share of the variance is no measurement."""
FEW = "few_decide_"
"""What names of checks of numbers that few customers decide begin with."""
OVERLAP = "covariates_overlap"
"""Name of the check of covariates that nearly determine each other."""
EXPLODED = 10.0
"""A log hazard ratio (of a level, or of one standard deviation) or standard error beyond this is no estimate."""
ENOUGH = 1e-7
"""A gain of the partial log-likelihood below this is none: estimates move by less than a thousandth of their error."""
RIDGE = 1.0
"""Ridge penalty, half of it times the squared log hazard ratios: a normal prior of standard deviation 1."""
CONVERGENCE = "cox_convergence"
"""Name of the check without which nothing is said from the model."""


def fit_partial_likelihood(
    matrix: np.ndarray,
    durations: np.ndarray,
    events: np.ndarray,
    design: Design,
    *,
    entry: np.ndarray | None = None,
    start: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, tuple[Check, ...], tuple[str, ...]]:
    """Fit by Newton's method with step halving, and check the fit.

    Parameters
    ----------
    matrix (n, p), durations (n,), events (n,)
        Encoded covariates without aliased or constant columns, time observed, whether the customer left.
    design
        Names the columns.
    entry (n,)
        As in `risk_sets`.
    start (p,)
        Where the maximum may be near; 0 where it is None.
    weights (n,)
        As in `risk_sets`; the covariance is then the robust one.

    Returns
    -------
    ndarray (p,), ndarray (p, p), tuple of Check, tuple of str
        Log hazard ratios, their covariance (inverse information), and checks: convergence and separation, leavers per
        column, covariates that nearly determine each other, numbers that few decide. Where the first fails there
        is no finite maximum, and the numbers are not to be used; the covariates to blame come last.
    """
    width = matrix.shape[1]
    if not width:
        return np.zeros(0), np.zeros((0, 0)), (), ()
    scaling = balance(matrix, design)
    balanced, half = matrix @ scaling, scaling.T @ design.half_leavers
    near = None if start is None else np.linalg.solve(scaling, start)
    names = {term.covariate: term.label for term in design.terms}
    collinear = variance_inflation(matrix, design)
    estimate, covariance, settled = newton(
        balanced, durations, events, entry=entry, start=near, weights=weights, half=half
    )
    suspects = _suspects(estimate, covariance, design)
    trusted = settled and not suspects
    status: Status
    said = {"columns": listing([names[covariate] for covariate in suspects]) or sentence("a covariate")}
    if suspects and set(suspects) <= set(collinear):  # no separation: they say almost the same
        estimate, covariance, settled = newton(
            balanced, durations, events, entry=entry, ridge=RIDGE, weights=weights, half=half
        )
        if settled and not _suspects(estimate, covariance, design):
            message = sentence(
                "{columns} say almost the same, so all hazard ratios are shrunk towards 1 (ridge penalty: log hazard "
                "ratios of a level, or of a standard deviation, as if normal with standard deviation 1).",
                **said,
            )
            status = "warn"
        else:
            message, status = _not_identified(said["columns"]), "fail"
    elif trusted:
        message, status = sentence("The Cox model has converged."), "pass"
    else:
        message, status = _not_identified(said["columns"]), "fail"
    problems = [
        Check(
            name=CONVERGENCE,
            status=status,
            title=sentence(
                "The Cox model has no trustworthy maximum"
                if status == "fail"
                else "Hazard ratios shrunk: attributes say the same"
                if status == "warn"
                else "The Cox model has converged"
            ),
            message=message,
        )
    ]
    per_column = float(events.sum() / width)
    problems.append(
        Check(
            name="events_per_coefficient",
            status="pass" if per_column >= EVENTS_PER_COLUMN else "warn",
            title=sentence(
                "Enough events for each coefficient"
                if per_column >= EVENTS_PER_COLUMN
                else "Few events for each coefficient"
            ),
            message=sentence(
                "{each} customers lapsed for each of {columns} coefficients; below {least} they become unstable."
                if design.lapse
                else "{each} customers left for each of {columns} coefficients; below {least} they become unstable.",
                each=number(np.floor(per_column)),
                columns=number(width),
                least=EVENTS_PER_COLUMN,
            ),
            value=per_column,
            threshold=EVENTS_PER_COLUMN,
        )
    )
    if collinear:
        problems += _overlap(collinear_with(matrix, design), max(collinear.values()), names)
    problems += _few_decide(matrix, design)
    separated = tuple(suspects) if status == "fail" else ()
    return scaling @ estimate, scaling @ covariance @ scaling.T, tuple(problems), separated


def _not_identified(columns: str) -> str:
    return sentence(
        "The Cox model cannot be used: {columns} may say by itself who goes when (separation), or two attributes say "
        "almost the same. Leave one out, or merge its levels.",
        columns=columns,
    )


def balance(matrix: np.ndarray, design: Design, *, dummies: bool = False) -> np.ndarray:
    """What to multiply columns (n, p) with, that each is in units of its standard deviation: (p, p).

    Numbers by their standard deviation; a dummy as it is unless `dummies`, or a rare one would hide that its ratio has
    exploded. The columns of a curve go together: they are made orthogonal, the straight line first.

    Parameters
    ----------
    matrix
        The design of all rows, without constant columns.
    design
        What its columns are.
    dummies
        Whether dummies are divided too.
    """
    scaling = np.eye(len(design.columns))
    for term in design.terms:
        own = [place for place, (covariate, _) in enumerate(design.columns) if covariate == term.covariate]
        if term.is_category:
            scaling[own, own] = 1 / matrix[:, own].std(axis=0) if dummies else 1.0
        elif own:
            block = matrix[:, own]
            triangle = np.linalg.cholesky(np.atleast_2d(np.cov(block, rowvar=False, ddof=0))).T
            scaling[np.ix_(own, own)] = np.linalg.inv(triangle)
    return scaling


def balance_with(matrix: np.ndarray, design: Design, extra: list[int], rows: np.ndarray) -> np.ndarray:
    """As `balance`, for columns of which some stand there again for later episodes.

    Parameters
    ----------
    matrix (n, p), extra
        Columns of the design, and places of those that stand there again, behind them.
    rows (m, p + len(extra))
        All of these.
    design
        What the columns of `matrix` are.

    Raises
    ------
    numpy.linalg.LinAlgError
        When a column is constant.
    """
    own = balance(matrix, design)
    scaling = np.zeros((rows.shape[1],) * 2)
    scaling[: len(own), : len(own)] = own
    scaling[len(own) :, len(own) :] = own[np.ix_(extra, extra)] * _same_episode(extra)
    deviation = (rows @ scaling).std(axis=0)
    if (deviation == 0).any():
        raise np.linalg.LinAlgError("a column is constant")
    return scaling / deviation


def _same_episode(extra: list[int]) -> np.ndarray:
    """Which of the extra columns are of the same episode: each place comes once in every episode, in turn."""
    turn = np.array([extra[:at].count(place) for at, place in enumerate(extra)], dtype=int)
    return turn[:, None] == turn[None, :]


def _suspects(estimate: np.ndarray, covariance: np.ndarray, design: Design) -> list[str]:
    """Covariates whose estimate or standard error has exploded."""
    errors = np.sqrt(np.diag(covariance))
    exploded = ~np.isfinite(errors) | (np.maximum(np.abs(estimate), errors) > EXPLODED)
    exploded &= design.half_leavers == 0  # where nobody left, the estimate is as low as so many customers bear
    return list(dict.fromkeys(covariate for (covariate, _), bad in zip(design.columns, exploded, strict=True) if bad))


def newton(
    matrix: np.ndarray,
    durations: np.ndarray,
    events: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    ridge: float = 0.0,
    start: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    half: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """The maximum of the partial likelihood by Newton's method.

    Parameters
    ----------
    ridge
        Weight of a ridge penalty, half of the squared coefficients; the covariance is then that of the posterior under
        a normal prior of variance `1 / held`.
    start (p,)
        Where to begin; 0 where it is None.
    weights (n,)
        As in `risk_sets`; the covariance is then the sandwich of Lin and Wei (1989).
    half (p,)
        What the log-likelihood gains with each coefficient, of columns of which nobody left: `Design.half_leavers`.
    matrix (n, p), durations (n,), events (n,), entry (n,)
        As in `risk_sets`.

    Returns
    -------
    ndarray (p,), ndarray (p, p), bool
        Estimate, inverse information (infinite where there is none), and whether the next step would gain nothing.
    """
    width = matrix.shape[1]
    half = np.zeros(width) if half is None else half

    def at(place: np.ndarray) -> Place:
        sums = risk_sets(durations, events, matrix, place, entry=entry, scaled=False, weights=weights)
        return Place(
            sums.log_likelihood - ridge * float(place @ place) / 2 + float(half @ place),
            sums.residuals.sum(axis=0) - ridge * place + half,
            sums.information + ridge * np.eye(width),
        )

    found = maximise(
        at,
        np.zeros(width) if start is None else start,
        enough=ENOUGH,
        largest_step=EXPLODED,
        largest=np.where(half == 0, EXPLODED, np.inf),
    )
    estimate, covariance = found.estimate, found.covariance
    if weights is not None and np.isfinite(covariance).all():
        sums = risk_sets(durations, events, matrix, estimate, entry=entry, scaled=False, weights=weights)
        scores = score_residuals(sums, durations, events, matrix, estimate, entry=entry, weights=weights)
        covariance = covariance @ (scores.T @ scores) @ covariance
    return estimate, covariance, found.converged


def unadjusted(
    matrix: np.ndarray,
    durations: np.ndarray,
    events: np.ndarray,
    design: Design,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    known: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Log hazard ratios (p,) of each covariate in a model of its own, but of those `known`.

    Parameters
    ----------
    matrix, durations, events, entry, weights
        As in `newton`.
    design
        What the columns of `matrix` are.
    known
        By covariate the log hazard ratios of its columns; they are taken as they are.
    """
    scaling, estimate = balance(matrix, design, dummies=True), np.empty(len(design.columns))
    half = design.half_leavers
    for covariate, own in _places(design).items():
        if known and covariate in known:
            estimate[own] = known[covariate]
            continue
        part = scaling[np.ix_(own, own)]
        estimate[own] = (
            part
            @ newton(matrix[:, own] @ part, durations, events, entry=entry, weights=weights, half=part.T @ half[own])[0]
        )
    return estimate


def variance_inflation(matrix: np.ndarray, design: Design) -> dict[str, float]:
    """Variance inflation of the covariates that the others nearly determine, the worst first.

    Of a category with several columns it is the generalised one, `det R11 det R22 / det R`, to the power of one over
    their number (Fox and Monette 1992); R is the correlation matrix, R11 and R22 its blocks of these and the others.

    Parameters
    ----------
    matrix
        (n, p): the design, without constant columns.
    design
        What its columns are.
    """
    correlations = np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    places = _places(design)
    found = {covariate: _inflation(correlations, places, covariate) for covariate in places}
    found = {covariate: inflation for covariate, inflation in found.items() if inflation > INFLATED}
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def collinear_with(matrix: np.ndarray, design: Design) -> dict[str, tuple[str, ...]]:
    """With which others each of the `variance_inflation` covariates goes together.

    Those without which less than half of its inflation (beyond 1) is left; where none does that alone, the others that
    are inflated as well. Of the two, the one with many columns need not be inflated itself: of a price within three
    plans nearly all follows from the plan, of the plan little from the price.

    Parameters
    ----------
    matrix, design
        As in `variance_inflation`.
    """
    inflated = variance_inflation(matrix, design)
    correlations = np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    places = _places(design)
    found = {}
    for covariate, inflation in inflated.items():
        without = {
            other: _inflation(correlations, {name: at for name, at in places.items() if name != other}, covariate)
            for other in places
            if other != covariate
        }
        partners = [other for other, left in without.items() if left - 1 < (inflation - 1) / 2]
        found[covariate] = tuple(partners or (other for other in inflated if other != covariate))
    return found


def _places(design: Design) -> dict[str, list[int]]:
    """Columns of each covariate."""
    places: dict[str, list[int]] = {}
    for place, (covariate, _) in enumerate(design.columns):
        places.setdefault(covariate, []).append(place)
    return places


def _inflation(correlations: np.ndarray, places: Mapping[str, list[int]], covariate: str) -> float:
    """Of one covariate among those of `places`."""
    own = places[covariate]
    others = [place for name, at in places.items() if name != covariate for place in at]
    if not others:
        return 1.0
    logs = [np.linalg.slogdet(correlations[np.ix_(part, part)])[1] for part in (own, others, own + others)]
    with np.errstate(over="ignore"):
        return float(np.exp((logs[0] + logs[1] - logs[2]) / len(own)))


def _overlap(together: Mapping[str, tuple[str, ...]], inflation: float, names: Mapping[str, str]) -> list[Check]:
    if not together:
        return []
    said: list[tuple[str, ...]] = []
    for covariate, partners in together.items():
        pair = {covariate, *partners}
        if not any(pair <= set(each) for each in said):
            said.append((covariate, *partners))
    pairs = [
        sentence(
            "{covariate} with {partners}",
            covariate=names[covariate],
            partners=listing([names[each] for each in partners[:3]]),
        )
        for covariate, *partners in said
    ]
    return [
        Check(
            name=OVERLAP,
            status="warn",
            title=sentence("Attributes whose effects cannot be separated"),
            message=sentence(
                "These rise and fall together, so their effects cannot be separated: {pairs}. No finding is made of "
                "them. Predictions are unaffected. To separate them, leave some out.",
                pairs="; ".join(pairs[:5]),
            ),
            value=inflation,
            threshold=INFLATED,
        )
    ]


def _few_decide(matrix: np.ndarray, design: Design) -> list[Check]:
    """Numbers of which nearly all the variance is that of one customer in a hundred."""
    checks: list[Check] = []
    most = max(len(matrix) // 100, 1)
    for place, (covariate, level) in enumerate(design.columns):
        if level:
            continue
        squares = (matrix[:, place] - matrix[:, place].mean()) ** 2
        part = float(np.partition(squares, len(squares) - most)[-most:].sum() / squares.sum())
        if part > FEW_DECIDE:
            label = next(term.label for term in design.terms if term.covariate == covariate)
            checks.append(
                Check(
                    name=f"{FEW}{covariate}",
                    status="warn",
                    title=sentence("A few customers decide a hazard ratio"),
                    message=sentence(
                        "{label}: one customer in a hundred has {part} of its variance, so these few decide its hazard "
                        "ratio. Take its logarithm, or leave it out.",
                        label=label,
                        part=percent(part),
                    ),
                    value=part,
                    threshold=FEW_DECIDE,
                )
            )
    return checks
