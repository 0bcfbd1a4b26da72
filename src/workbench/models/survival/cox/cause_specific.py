"""Which customers leave for which reason: a Cox model for each, and from them everybody's incidence by reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check
from workbench.models.survival.cox.model import CoxModel, fit_cox
from workbench.models.survival.cox.predictions import Predictions, chunks
from workbench.models.survival.cox.statements import ratio_columns
from workbench.models.survival.curves.aalen_johansen import named_reasons
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import clean_horizons
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import listing, sentence

STEPS = 48
"""Steps up to the longest horizon in which survival is handed over to the reasons."""


def fit_cause_specific(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    *,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
) -> "CauseSpecific":
    """Fit the hazard of leaving for each reason; those who leave for another are censored for it then.

    A reason whose model has no trustworthy maximum is fitted without covariates: the same hazard for all.

    Parameters
    ----------
    lifetimes, covariates, confidence, time_unit, labels
        As in `cox.fit_cox`, with `reason` of those who left.

    References
    ----------
    Prentice et al. (1978); Putter, Fiocco and Geskus (2007).
    """
    covariates = list(covariates)
    lifetimes = validate_lifetimes(lifetimes, ["reason"])
    reasons, _ = named_reasons(lifetimes)
    models: dict[str, CoxModel] = {}
    plain = []
    for reason in pd.Series(reasons[reasons != ""]).value_counts().index:
        left = lifetimes.assign(event=reasons == reason)
        model = fit_cox(left, covariates, confidence=confidence, time_unit=time_unit, labels=labels)
        if not model.usable:
            model = fit_cox(left, [], confidence=confidence, time_unit=time_unit)
            plain.append(reason)
        models[reason] = model
    if not models:
        raise DataError(sentence("lifetimes.reason: got nobody who left, expected some."))
    return CauseSpecific(models=models, without_covariates=tuple(plain), time_unit=time_unit, confidence=confidence)


def steps_to(horizons: tuple[float, ...]) -> np.ndarray:
    """The steps in which survival is handed over to the reasons; every horizon is one.

    Parameters
    ----------
    horizons
        Ascending, above 0.
    """
    return np.unique([*np.linspace(0, horizons[-1], STEPS + 1)[1:], *horizons])


def shared_out(survival: np.ndarray, hazards: list[np.ndarray]) -> list[np.ndarray]:
    """Incidence (n, K) of each reason: what survival (n, K) loses in each step, shared by the hazards of that step.

    Survival and incidences sum to 1 for everybody at every step. Where no reason has a hazard in a step in which
    somebody is lost all the same, the reasons share by the hazards of all customers together.

    Parameters
    ----------
    survival
        From a start at which all were there.
    hazards
        Cumulative hazard (n, K) of each reason.
    """
    lost = -np.diff(survival, axis=1, prepend=1.0)
    own = [np.diff(hazard, axis=1, prepend=0.0) for hazard in hazards]
    grown = np.sum(own, axis=0)
    whole = [float(each.sum()) for each in own]
    usual = [each / sum(whole) if sum(whole) > 0 else 1 / len(whole) for each in whole]
    return [
        np.cumsum(lost * np.divide(each, grown, out=np.full_like(each, default), where=grown > 0), axis=1)
        for each, default in zip(own, usual, strict=True)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class CauseSpecific:
    """Hazards of leaving by reason.

    Attributes
    ----------
    models
        A Cox model for each reason, the most frequent first.
    without_covariates
        Reasons whose hazard is the same for all, because no model with covariates could be fitted.
    time_unit, confidence
        As given.
    """

    models: Mapping[str, Predictions]
    without_covariates: tuple[str, ...]
    time_unit: str
    confidence: float

    @property
    def last_time(self) -> float:
        """End of observation."""
        return max(model.last_time for model in self.models.values())

    @property
    def taken_as_given(self) -> bool:
        """Whether part of a model (trees) counts as known for certain in its intervals."""
        return False

    @property
    def step(self) -> float:
        """In which times were recorded; 0 where they are exact."""
        return max(model.step for model in self.models.values())

    def checks(self) -> tuple[Check, ...]:
        """Which reasons have no model of their own."""
        if not self.without_covariates:
            return ()
        message = sentence(
            "For {reasons} too little is known to tell customers apart: all have the same hazard of leaving for it.",
            reasons=listing([f"“{reason}”" for reason in self.without_covariates]),
        )
        return (
            Check(
                name="reasons_without_model",
                status="warn",
                title=sentence("Reasons without a model of their own"),
                message=message,
            ),
        )

    def exhibits(self) -> Iterator[Showable]:
        """Which reasons have no model of their own, and the hazard ratios by reason that are clear."""
        yield self.checks()
        drivers = self.drivers()
        if len(drivers):
            yield Table(
                name="hazard_ratios_by_reason",
                frame=drivers,
                caption=sentence(
                    "Rates of leaving for each reason against the reference (hazard ratios), where clear by "
                    "Bonferroni's correction."
                ),
                people=People(count="customers", within=["reason", "covariate", "label", "value", "reference"]),
                columns={"reason": Column(sentence("reason")), **ratio_columns()},
            )

    def drivers(self) -> pd.DataFrame:
        """Hazard ratios by reason: `reason` and the columns of `CoxModel.hazard_ratios`.

        Those clear after Holm's correction over all of them, the strongest first within each reason.
        """
        tables = [
            model.hazard_ratios().assign(reason=reason)
            for reason, model in self.models.items()
            if isinstance(model, CoxModel) and model.design.terms
        ]
        if not tables:
            return pd.DataFrame(columns=["reason", "label", "value", "reference", "hazard_ratio", "lower", "upper"])
        table = pd.concat(tables, ignore_index=True)
        table = table[table["p_value"] * len(table) < 0.05]
        strength = np.log(table["hazard_ratio"]).abs()
        place = table["reason"].map({reason: place for place, reason in enumerate(self.models)})
        return table.iloc[np.lexsort((-strength, place))].reset_index(drop=True)

    def predict_survival(
        self, frame: pd.DataFrame, times: Iterable[float], *, tenure: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Share still there, whatever the reason; as in `predictions.Predictions`.

        Parameters
        ----------
        frame, times, tenure
            As in `predictions.Predictions`.
        """
        parts = [model.predict_survival(frame, times, tenure=tenure) for model in self.models.values()]
        survival = parts[0]
        for part in parts[1:]:
            survival = survival * part
        return survival

    def variance_of_sum(self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> float:
        """As in `predictions.Predictions`.

        Reasons are estimated from different leavers, so their variances add.

        Parameters
        ----------
        frame, since, until, weights
            As in `predictions.Predictions`.
        """
        return sum(model.variance_of_sum(frame, since, until, weights) for model in self.models.values())

    def conditional_survival(
        self, frame: pd.DataFrame, tenure: np.ndarray, horizons: Iterable[float], *, confidence: float = 0.9
    ) -> pd.DataFrame:
        """As `incidence`, under the name that models of survival alone have.

        Parameters
        ----------
        frame, tenure, horizons, confidence
            As in `incidence`.
        """
        return self.incidence(frame, tenure, horizons, confidence=confidence)

    def shares(
        self, model: Predictions, frame: pd.DataFrame, tenure: np.ndarray, horizons: Iterable[float]
    ) -> dict[str, np.ndarray]:
        """Incidence by reason of customers whose survival another model tells: this one says for which reason they go.

        Parameters
        ----------
        model
            Of leaving for whatever reason, for instance recalibrated.
        frame, tenure, horizons
            As in `incidence`.

        Returns
        -------
        dict of ndarray (n, H)
            By reason; with the survival of `model` they sum to 1.
        """
        horizons = clean_horizons(horizons)
        steps = steps_to(horizons)
        place = np.searchsorted(steps, horizons)
        parts: dict[str, list[np.ndarray]] = {reason: [] for reason in self.models}
        for rows in chunks(len(frame), 10_000):
            part, since = frame.iloc[rows], tenure[rows]
            until = since[:, None] + steps
            survival = np.exp(-model.cumulative_hazard(part, since, until)[0])
            own = [each.cumulative_hazard(part, since, until)[0] for each in self.models.values()]
            for reason, share in zip(self.models, shared_out(survival, own), strict=True):
                parts[reason].append(share[:, place])
        return {reason: np.concatenate(each) for reason, each in parts.items() if each}

    def incidence(
        self, frame: pd.DataFrame, tenure: np.ndarray, horizons: Iterable[float], *, confidence: float | None = None
    ) -> pd.DataFrame:
        """What becomes of customers who have lasted for `tenure`: still there, or gone for a reason.

        Survival is `exp(-sum of hazards)`; see `shared_out`.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, n rows.
        tenure
            (n,): how long each has lasted, in the unit of the durations.
        horizons
            From now, in the same unit.
        confidence
            Level of the intervals; that of the model where it is None.

        Returns
        -------
        DataFrame
            `customer_id`, `horizon`, `survival`, `lower`, `upper` (of survival, log-log), and `incidence_<reason>` for
            each, `extrapolated` (whether `tenure + horizon` lies beyond the data). Customers in their order within each
            horizon.
        """
        horizons = clean_horizons(horizons)
        tenure = np.asarray(tenure, dtype=float)
        steps = steps_to(horizons)
        place = np.searchsorted(steps, horizons)
        z = normal_quantile(self.confidence if confidence is None else confidence)
        parts = []
        for rows in chunks(len(frame), 10_000):
            part, since = frame.iloc[rows], tenure[rows]
            until = since[:, None] + steps
            cumulative = [model.cumulative_hazard(part, since, until)[0] for model in self.models.values()]
            variance = sum(
                model.cumulative_hazard(part, since, until[:, place], variance=True)[1]
                for model in self.models.values()
            )
            total = np.sum(cumulative, axis=0)
            survival = np.exp(-total)
            hazard = total[:, place]
            with np.errstate(divide="ignore", invalid="ignore"):
                half = np.where(hazard > 0, z * np.sqrt(variance) / hazard, 0.0)
            columns = {
                "survival": survival[:, place],
                "lower": np.exp(-hazard * np.exp(half)),
                "upper": np.exp(-hazard * np.exp(-half)),
            }
            for reason, own in zip(self.models, shared_out(survival, cumulative), strict=True):
                columns[f"incidence_{reason}"] = own[:, place]
            columns["extrapolated"] = until[:, place] > self.last_time
            parts.append(columns)
        result = {
            "customer_id": np.tile(frame["customer_id"].to_numpy(), len(horizons)),
            "horizon": np.repeat(np.array(horizons), len(frame)),
        }
        for name in parts[0] if parts else ():
            result[name] = np.concatenate([part[name] for part in parts]).T.ravel()
        return pd.DataFrame(result)
