"""Predictions made to agree with what happened to customers that the model had not seen, where that helps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.evaluation.brier import weighted_errors
from workbench.evaluation.censoring import LEAST_FOLLOWED, CensoringSurvival, censoring_curve, marginal
from workbench.evaluation.smooth_calibration import calibration_distances, observed_shares
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.statistics.at_risk import there_at
from workbench.statistics.horizons import span, units
from workbench.statistics.newton import Place, maximise
from workbench.statistics.product_limit import normal_quantile, survival_before
from workbench.wording import number, sentence

FEWEST_LEAVERS = 50
"""From fewer leavers nothing is learned: level and slope would be off by a seventh and more for chance alone."""
LARGEST = 5.0
"""A log factor of hazards beyond this (150 times) is no correction: the regression has no maximum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """What a model that had not seen them said of customers, and what became of them.

    Attributes
    ----------
    durations, events (n,)
        Time observed since the forecast began, and whether the customer left at its end.
    hazard (n,)
        Cumulative hazard predicted for the time observed.
    jump (n,)
        The part of it that falls into the moment, or the step of coarse time, in which the customer left: 0 for those
        who did not, and where the hazard is smooth. In it some left and the others stayed.
    relative (n,)
        Log of each one's hazard against the model's baseline; 0 where nobody is said to leave.
    horizons (H,), at (n, H)
        Times, and the cumulative hazard predicted up to each.
    stands (n,)
        For how many each customer stands (survey weights); None where all count the same.
    """

    durations: np.ndarray
    events: np.ndarray
    hazard: np.ndarray
    relative: np.ndarray
    horizons: tuple[float, ...]
    at: np.ndarray
    jump: np.ndarray
    stands: np.ndarray | None = None

    @property
    def expected(self) -> np.ndarray:
        """Leavers (n,) predicted for the time in which each could have left.

        Where the forecast is right they add up to those who did.

        Of the step in which they left, leavers were exposed to a part only, on average `1 - u / (exp(u) - 1)` of its
        hazard u: with the whole of it for those who stayed that makes `1 - exp(-u)` for everybody at risk.
        """
        return np.where(self.events, self.hazard - self.jump + 1 - _part(self.jump), self.hazard)

    def log_likelihood(self, log_factor: np.ndarray) -> np.ndarray:
        """Of what happened (n,), hazards multiplied by `exp(log_factor)`, but for a constant.

        Leaving in a step of hazard u has the probability `1 - exp(-u)` (grouped survival times, complementary log-log);
        where the step is small this is Poisson's likelihood.

        Parameters
        ----------
        log_factor
            (n,): as `Recalibration.log_factor` gives it; 0: as predicted.
        """
        factor = np.exp(log_factor)
        smooth = self.jump <= 0
        left = np.where(smooth, log_factor, np.log(-np.expm1(-np.where(smooth, 1.0, self.jump * factor))))
        return np.where(self.events, left - (self.hazard - self.jump) * factor, -self.hazard * factor)

    def part(self, rows: np.ndarray) -> "HeldOut":
        """Some of the customers.

        Parameters
        ----------
        rows
            Whole numbers or booleans (n,): whom to keep.
        """
        columns = ("durations", "events", "hazard", "relative", "at", "jump", "stands")
        given = {name: value for name in columns if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value[rows] for name, value in given.items()})


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """By what each customer's hazard is multiplied: `exp(level + slope * (relative - centre))`.

    Attributes
    ----------
    level
        Log of how many times as many leave as predicted, of customers of average risk.
    slope
        By how much the log hazard ratios of the model are scaled (0: not at all; -1: all customers alike).
    centre
        Mean of `HeldOut.relative`, weighted by the hazard predicted.
    covariance (2, 2)
        Of level and slope.
    shrinkage
        What was kept of both: `1 - 2 / W`, at least 0, where W is Wald's statistic of their being 0, which would be 2
        on average were the predictions right.
    converged
        Whether the regression has a maximum; where it has none nothing is changed.
    """

    level: float = 0.0
    slope: float = 0.0
    centre: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    shrinkage: float = 0.0
    converged: bool = True

    @property
    def leaves_all(self) -> bool:
        """Whether it changes nothing."""
        return self.level == 0 and self.slope == 0

    def log_factor(self, relative: np.ndarray) -> np.ndarray:
        """Log of what the hazards (n,) are multiplied by.

        Parameters
        ----------
        relative
            (n,): logs of the relative hazards of the model.
        """
        return self.level + self.slope * (relative - self.centre)

    def anchored(self, relative: np.ndarray, hazard: np.ndarray, total: float) -> "Recalibration":
        """The same for another fit: its hazards, of the same customers and time, shall add up to `total` after it.

        A model that was fitted to the same customers has learned part of what was off: with the level of the
        earlier model this part would count twice.

        Parameters
        ----------
        relative, hazard
            (n,): of the other fit, logs of relative hazards, and hazards over the time that counts.
        total
            How many are expected to leave in that time.
        """
        moved = replace(self, centre=float(np.average(relative, weights=hazard)))
        now = float((hazard * np.exp(moved.log_factor(relative))).sum())
        return replace(moved, level=moved.level + float(np.log(total / now)))


def learn_recalibration(held_out: HeldOut, *, shrink: bool = True) -> Recalibration:
    """Level and slope by a regression of leaving with the log of the hazard predicted as offset.

    Poisson's, and where many leave in one step of time the complementary log-log of grouped survival times. With
    survey weights its covariance is robust.

    Parameters
    ----------
    held_out
        With fewer than 50 leavers nothing is changed.
    shrink
        Whether to shrink towards no change, so that a small sample adds no noise.

    References
    ----------
    Crowson, Atkinson and Therneau (2016); van Houwelingen (2000). Ties: Prentice and Gloeckler (1978). The shrinkage:
    van Houwelingen and le Cessie (1990).
    """
    hazard, events, expected = held_out.hazard, held_out.events, held_out.expected
    stands = np.ones(len(hazard)) if held_out.stands is None else held_out.stands
    if events.sum() < FEWEST_LEAVERS or hazard.sum() <= 0:
        return Recalibration()
    centre = float(np.average(held_out.relative, weights=hazard * stands))
    x = held_out.relative - centre
    varies = float(np.average(x**2, weights=hazard * stands)) > 1e-8
    columns = np.column_stack([np.ones(len(x)), x])[:, : 2 if varies else 1]

    def scores(log_factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First derivative of each one's log-likelihood, and minus the second.

        Of 1 - exp(-u) it is part * (part + u - 1).
        """
        factor = np.exp(log_factor)
        jump, smooth = held_out.jump * factor, (hazard - held_out.jump) * factor
        part = _part(jump)
        slope = np.where(events, part - smooth, -hazard * factor)
        return slope, np.where(events, smooth + part * (part + jump - 1), hazard * factor)

    def at(place: np.ndarray) -> Place:
        log_factor = np.clip(columns @ place, -30, 30)
        slope, curvature = scores(log_factor)
        return Place(
            float(stands @ held_out.log_likelihood(log_factor)),
            columns.T @ (stands * slope),
            (columns * (stands * curvature)[:, None]).T @ columns,
        )

    start = np.zeros(columns.shape[1])
    start[0] = np.log((stands * events).sum() / (stands * expected).sum())
    found = maximise(at, start, largest=LARGEST)
    if not found.converged:
        return Recalibration(converged=False)
    estimate, information, inverse = found.estimate, found.place.information, found.covariance
    if held_out.stands is not None:
        each = columns * (stands * scores(columns @ estimate)[0])[:, None]
        inverse = inverse @ (each.T @ each) @ inverse
        information = np.linalg.inv(inverse)
    wald = float(estimate @ information @ estimate)
    kept = max(1 - len(estimate) / wald, 0.0) if shrink and wald > 0 else float(not shrink)
    covariance = np.zeros((2, 2))
    covariance[: len(estimate), : len(estimate)] = inverse
    level, slope = (kept * np.append(estimate, 0.0))[:2]
    return Recalibration(
        level=float(level),
        slope=float(max(slope, -1.0)),
        centre=centre,
        shrinkage=kept,
        covariance=as_pairs(covariance),
    )


def as_pairs(matrix: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """A matrix (2, 2) in a form that can be compared and hashed.

    Parameters
    ----------
    matrix
        Numbers.
    """
    (a, b), (c, d) = matrix.tolist()
    return (a, b), (c, d)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecalibrationEffect:
    """What recalibration does to customers it was not learned on.

    Attributes
    ----------
    recalibration
        To be used: learned on all held-out customers where it helps, no change otherwise.
    table
        One row a measure and horizon: `measure`, `horizon` (missing: over all the time), `before`, `after`; by halves
        of the held-out customers, each recalibrated by what the other half taught.
    gain
        By how much the log-likelihood of what happened rises in the other half, and its interval, paired by customer.
    helps
        Whether the interval lies above 0.
    leavers
        Among the held-out customers.
    time_unit
        Of horizons.
    lapse
        Whether leaving is a lapse in buying.
    """

    recalibration: Recalibration
    table: pd.DataFrame
    gain: tuple[float, float, float]
    helps: bool
    leavers: int
    time_unit: str
    lapse: bool

    def exhibits(self) -> Iterator[Showable]:
        """Whether predictions are recalibrated, the measures as numbers, and both sides of them as a table."""
        yield self.checks()
        yield self.metrics()
        yield Table(
            name="recalibration",
            frame=self.summary(),
            caption=sentence(
                "Before and after recalibration, learned on one half of the customers that the model had not seen and "
                "tested on the other."
            ),
            people=None,
            columns={
                "measure": Column(sentence("measure")),
                "horizon": Column(sentence("horizon"), units(self.time_unit)),
                "before": Column(sentence("before")),
                "after": Column(sentence("after")),
            },
        )

    def summary(self) -> pd.DataFrame:
        """`table` without the quantiles of distances, for people."""
        return self.table[~self.table["name"].isin(["e50", "e90"])]

    def metrics(self) -> dict[str, float | None]:
        """`calibration_slope`, `observed_to_expected` (before).

        And where it helps all measures after it, as `<measure>_<horizon>_recalibrated`.
        """
        values: dict[str, float | None] = {}
        numbers = self.table[["horizon", "before", "after"]].to_numpy(dtype=float)
        for name, (horizon, before, after) in zip(self.table["name"], numbers, strict=True):
            if np.isnan(horizon):
                values[name] = None if np.isnan(before) else float(before)
            place = "" if np.isnan(horizon) else f"_{horizon:g}"
            if self.helps:
                values[f"{name}{place}_recalibrated"] = None if np.isnan(after) else float(after)
        return values

    def checks(self) -> tuple[Check, ...]:
        """Whether predictions are recalibrated, by which rule, and what that does."""
        whole = self.table[self.table["horizon"].isna()].set_index("name")
        gain = self.gain[0]
        if self.leavers < FEWEST_LEAVERS:
            message = sentence(
                "Predictions are not recalibrated: {leavers} customers not seen by the model lapsed, and it takes "
                "{least}."
                if self.lapse
                else "Predictions are not recalibrated: {leavers} customers not seen by the model left, and it takes "
                "{least}.",
                leavers=number(self.leavers),
                least=number(FEWEST_LEAVERS),
            )
            return (Check(name="recalibration", status="pass", message=message),)
        if not self.recalibration.converged:
            message = sentence("Predictions are not recalibrated: the model for it has not converged.")
            return (
                Check(
                    name="recalibration",
                    status="warn",
                    title=sentence("Not recalibrated: no convergence"),
                    message=message,
                ),
            )
        sides = whole[["before", "after"]].astype(float)
        (ratio, after), (slope, slope_after) = sides.loc[["observed_to_expected", "calibration_slope"]].to_numpy()
        values = {
            "ratio": number(ratio, 3),
            "after": number(after, 3),
            "slope": number(slope, 2),
            "slope_after": number(slope_after, 2),
            "worst": self._worst(),
        }
        if self.helps and self.lapse:
            message = sentence(
                "Predictions are recalibrated: there were {ratio} times as many lapses as predicted (slope {slope}), "
                "and {after} times after it among other customers (slope {slope_after}).{worst}",
                **values,
            )
        elif self.helps:
            message = sentence(
                "Predictions are recalibrated: there were {ratio} times as many leavers as predicted (slope {slope}), "
                "and {after} times after it among other customers (slope {slope_after}).{worst}",
                **values,
            )
        elif self.lapse:
            message = sentence(
                "Predictions are not recalibrated, as that does not clearly help: there were {ratio} times as many "
                "lapses as predicted (slope {slope}), {after} times after it (slope {slope_after}).{worst}",
                **values,
            )
        else:
            message = sentence(
                "Predictions are not recalibrated, as that does not clearly help: there were {ratio} times as many "
                "leavers as predicted (slope {slope}), {after} times after it (slope {slope_after}).{worst}",
                **values,
            )
        return (Check(name="recalibration", status="pass", message=message, value=gain, threshold=0.0),)

    def _worst(self) -> str:
        rows = self.table[(self.table["name"] == "ici") & self.table["horizon"].notna()].dropna(subset=["before"])
        if rows.empty:
            return ""
        row = rows.iloc[-1]
        return sentence(
            " At {span} shares are off by {before} points before and {after} after.",
            span=span(row["horizon"], self.time_unit),
            before=number(100 * row["before"], 2),
            after=number(100 * row["after"], 2),
        )


def _measures_in_words(lapse: bool) -> Mapping[str, str]:
    """What each measure is called in a table."""
    return {
        "observed_to_expected": sentence(
            "lapses for each one predicted" if lapse else "leavers for each one predicted"
        ),
        "calibration_slope": sentence("slope (1: risks neither too far apart nor too close)"),
        "ici": sentence("mean distance of predicted shares from observed ones (ICI)"),
        "e50": sentence("median distance (E50)"),
        "e90": sentence("distance that nine in ten do not exceed (E90)"),
        "brier": sentence("squared error (Brier)"),
    }


def evaluate_recalibration(
    held_out: HeldOut,
    *,
    random_seed: int,
    confidence: float = 0.9,
    time_unit: str = "month",
    censoring: CensoringSurvival | None = None,
    lapse: bool = False,
) -> RecalibrationEffect:
    """Learn recalibration on either half of the held-out customers, test it on the other, and decide.

    The rule: predictions are recalibrated where the log-likelihood of what happened rises by more than chance in the
    half that was not learned on (its interval, paired by customer, lies above 0), and left as they are otherwise.

    Parameters
    ----------
    held_out
        Predicted by a model that had not seen them.
    random_seed
        Of the halves; leavers and others are dealt apart.
    confidence, time_unit, lapse
        Level of the interval, what times are counted in, and whether leaving is a lapse.
    censoring
        Probabilities of being followed to `held_out.horizons`; the same for all customers where it is None.
    """
    random = np.random.default_rng(random_seed)
    first = np.zeros(len(held_out.events), dtype=bool)
    for kind in (True, False):
        rows = random.permutation(np.flatnonzero(held_out.events == kind))
        first[rows[::2]] = True
    log_factor = np.zeros(len(first))
    for half in (first, ~first):
        log_factor[~half] = learn_recalibration(held_out.part(half)).log_factor(held_out.relative[~half])
    factor = np.exp(log_factor)
    each = held_out.log_likelihood(log_factor) - held_out.log_likelihood(np.zeros(len(log_factor)))
    each = each if held_out.stands is None else each * held_out.stands
    gain, error = float(each.sum()), float(normal_quantile(confidence) * each.std() * np.sqrt(len(each)))
    helps = gain - error > 0 and held_out.events.sum() >= FEWEST_LEAVERS
    after = replace(
        held_out,
        hazard=held_out.hazard * factor,
        relative=held_out.relative + log_factor,
        at=held_out.at * factor[:, None],
        jump=held_out.jump * factor,
    )
    words = _measures_in_words(lapse)
    measured = [
        (name, words[name], horizon, value, then)
        for (name, horizon, value), (_, _, then) in zip(
            _measures(held_out, censoring), _measures(after, censoring), strict=True
        )
    ]
    table = pd.DataFrame(measured, columns=["name", "measure", "horizon", "before", "after"])
    learned = learn_recalibration(held_out)
    return RecalibrationEffect(
        recalibration=learned if helps else Recalibration(converged=learned.converged),
        table=table,
        gain=(gain, gain - error, gain + error),
        helps=bool(helps),
        leavers=int(held_out.events.sum()),
        time_unit=time_unit,
        lapse=lapse,
    )


def _measures(held_out: HeldOut, censoring: CensoringSurvival | None) -> list[tuple[str, float, float]]:
    """Name, horizon (NaN: over all the time) and value of each measure."""
    nan = float("nan")
    stands = np.ones(len(held_out.events)) if held_out.stands is None else held_out.stands
    expected = float((stands * held_out.expected).sum())
    whole = learn_recalibration(held_out, shrink=False)
    found = [
        ("observed_to_expected", nan, float((stands * held_out.events).sum()) / expected if expected else nan),
        ("calibration_slope", nan, 1 + whole.slope if whole.converged else nan),
    ]
    times = np.array(held_out.horizons)
    if censoring is None:
        followed = marginal(held_out.durations, held_out.events, held_out.stands)
        censoring = followed(pd.DataFrame({"duration": held_out.durations}), times)
    curve = censoring_curve(held_out.durations, held_out.events, held_out.stands)
    for place, horizon in enumerate(held_out.horizons):
        survival, off, score = np.exp(-held_out.at[:, place]), (nan, nan, nan), nan
        known = CensoringSurvival(before=censoring.before, at=censoring.at[:, [place]])
        there = there_at(held_out.durations, held_out.events, horizon)
        if survival_before(curve, times[[place]])[0] >= LEAST_FOLLOWED or not there.any():
            errors = weighted_errors(held_out.durations, held_out.events, survival[:, None], times[[place]], known)[
                :, 0
            ]
            score = float(np.average(errors, weights=stands))
            observed = observed_shares(
                held_out.durations, held_out.events, survival, horizon, known, stands=held_out.stands
            )
            if observed is not None:
                off = calibration_distances(observed, survival, held_out.stands)
        found += [(name, horizon, value) for name, value in zip(("ici", "e50", "e90"), off, strict=True)]
        found.append(("brier", horizon, score))
    return found


def _part(jump: np.ndarray) -> np.ndarray:
    """`u / (exp(u) - 1)`: 1 where u is 0."""
    small = jump < 1e-12
    jump = np.where(small, 1.0, np.minimum(jump, 500.0))
    return np.where(small, 1.0, jump / np.expm1(jump))
