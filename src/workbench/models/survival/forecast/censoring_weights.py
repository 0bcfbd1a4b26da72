"""Weights that make up for customers who were not followed, where that depends on who they are (IPCW)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.evaluation.censoring import FLOOR, CensoringModel, CensoringSurvival, censoring_curve
from workbench.findings import Check
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.predictions import chunks
from workbench.models.survival.curves.informative_censoring import groups_of, informative_attributes
from workbench.statistics.at_risk import observed_for
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import survival_before
from workbench.wording import percent, sentence

NO_OVERLAP = 0.05
"""Of more customers than this nobody else could stand for, weights by covariates are of no use."""


def fit_censoring(lifetimes: pd.DataFrame, covariates: Iterable[str]) -> CensoringModel | None:
    """Probabilities of being followed that depend on covariates: Cox's model of the end of observation.

    Customers who left are censored for it an instant before, so that who was censored when others left was still
    followed then. Time counts from when each was first observed.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry` and covariates.
    covariates
        What being followed may depend on.

    Returns
    -------
    FollowedBy or None
        For `workbench.evaluation.validation`, whose customers already have durations on that clock. None where the
        model is not usable, for instance because everyone left: then use weights that are the same for all.
    """
    since = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else 0.0
    durations = observed_for(lifetimes["duration"].to_numpy(dtype=float), since)
    left = lifetimes["event"].to_numpy().astype(bool)
    before = np.maximum(np.nextafter(durations, -np.inf), 0)
    turned = lifetimes.assign(duration=np.where(left, before, durations), event=~left, entry=0.0)
    model = fit_cox(turned, covariates)
    if not model.usable:
        return None
    # Who is lost at the end of a step was seen until then: here nothing is shared over steps.
    model = replace(model, baseline_sums=replace(model.baseline_sums, step=0.0))

    def censoring(customers: pd.DataFrame, times: np.ndarray) -> CensoringSurvival:
        own = np.nextafter(customers["duration"].to_numpy(dtype=float), -np.inf)
        just_before = np.nextafter(np.asarray(times, dtype=float), -np.inf)
        until = np.broadcast_to(just_before, (len(own), len(times)))
        hazard, _ = model.cumulative_hazard(customers, np.full(len(own), -np.inf), until)
        return CensoringSurvival(before=model.survival_each(customers, own), at=np.exp(-hazard))

    return censoring


def _by_group(clock: pd.DataFrame, covariate: str) -> CensoringModel:
    """Probabilities of being followed by the groups of one covariate, each from its own curve.

    Where a group can be followed only for a time in which nobody else is lost, Cox's model has no maximum; curves do.
    """
    levels = pd.Series(groups_of(clock[covariate]), index=clock["customer_id"].to_numpy())
    curves = {}
    for level, rows in clock.groupby(levels.to_numpy()):
        weights = rows["weight"].to_numpy(dtype=float) if "weight" in rows.columns else None
        curves[level] = censoring_curve(
            rows["duration"].to_numpy(dtype=float), rows["event"].to_numpy().astype(bool), weights
        )

    def censoring(customers: pd.DataFrame, times: np.ndarray) -> CensoringSurvival:
        own, times = customers["duration"].to_numpy(dtype=float), np.asarray(times, dtype=float)
        before, at = np.ones(len(own)), np.ones((len(own), len(times)))
        groups = levels.loc[customers["customer_id"].to_numpy()].to_numpy()
        for level, curve in curves.items():
            here = groups == level
            before[here], at[here] = survival_before(curve, own[here]), survival_before(curve, times)
        return CensoringSurvival(before=before, at=at)

    return censoring


@dataclass(frozen=True, eq=False)
class CensoringWeights:
    """How scores make up for those who were not followed.

    Attributes
    ----------
    censoring
        Probabilities by covariates; None: the same for all.
    horizons
        Where scores can be made.
    until
        Where they end; None: wherever the data do.
    checks
        What had to be done without; empty where nothing.
    """

    censoring: CensoringModel | None
    horizons: tuple[float, ...]
    until: float | None = None
    checks: tuple[Check, ...] = ()


def censoring_weights(
    lifetimes: pd.DataFrame, covariates: Iterable[str], horizons: Iterable[float], *, time_unit: str = "month"
) -> CensoringWeights:
    """The probabilities of `fit_censoring`, as far as everybody could have been followed.

    Where covariates decide how long somebody can be followed (a year of signing up), hardly anybody stands for those
    who could not: their weights would be cut at a floor and say too few of them. If none of these covariates moves the
    curve of all customers, weights are the same for all. If some does, scores end where the overlap ends. Where the
    model of being followed has no maximum, because a covariate tells by itself who was lost when, the groups of the one
    that moves the curve of all customers most have curves of their own.

    Parameters
    ----------
    lifetimes, covariates
        As in `fit_censoring`.
    horizons
        Counted from when each was first observed.
    time_unit
        Of durations and horizons.
    """
    covariates, horizons = list(covariates), tuple(sorted(horizons))
    censoring = fit_censoring(lifetimes, covariates)
    since = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else 0.0
    clock = lifetimes.assign(duration=observed_for(lifetimes["duration"].to_numpy(dtype=float), since))
    times = np.array([each for each in horizons if each <= clock["duration"].max()])
    if not len(times):
        return CensoringWeights(censoring, horizons)
    one_row_each = not clock["customer_id"].duplicated().any()
    moves = informative_attributes(lifetimes, covariates, times) if censoring is None and one_row_each else []
    if censoring is None and moves:
        censoring = _by_group(clock, moves[0])
    if censoring is None:
        return CensoringWeights(censoring, horizons)
    low = [(censoring(clock.iloc[part], times).at < FLOOR).sum(axis=0) for part in chunks(len(clock))]
    without = np.sum(low, axis=0) / len(clock)
    if without[-1] <= NO_OVERLAP:
        return CensoringWeights(censoring, horizons)
    kept = times[without <= NO_OVERLAP]
    moves = moves or informative_attributes(lifetimes, covariates, times)
    ends = len(kept) > 0 and len(moves) > 0
    message = sentence(
        "Who customers are decides how long they could be followed: for {share} hardly any similar ones were followed "
        "for {span}. Scores end at {last}."
        if ends
        else "Who customers are decides how long they could be followed, and who leaves: for {share} hardly any "
        "similar ones were followed for {span}. Scores use the same weights for all; trust them little."
        if moves
        else "Who customers are decides how long they could be followed: for {share} hardly any similar ones were "
        "followed for {span}. Scores use the same weights for all, as it shows no sign of deciding who leaves.",
        share=percent(float(without[-1])),
        span=span(float(times[-1]), time_unit),
        last=span(float(kept[-1]), time_unit) if ends else "",
    )
    check = Check(
        name="follow_up_without_overlap",
        status="warn",
        title=sentence("Hardly any similar customers were followed"),
        message=message,
        value=float(without[-1]),
        threshold=NO_OVERLAP,
    )
    if ends:
        return CensoringWeights(censoring, tuple(kept.tolist()), float(kept[-1]), (check,))
    return CensoringWeights(None, horizons, None, (check,))
