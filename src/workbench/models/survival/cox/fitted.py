"""Cox's model as a study uses it: screened for leaks, with splines where numbers are not linear, and by reason."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.levels import as_levels
from workbench.models.survival.cox.cause_specific import CauseSpecific, fit_cause_specific
from workbench.models.survival.cox.functional_form import FunctionalForm, functional_form
from workbench.models.survival.cox.leakage import Leaks
from workbench.models.survival.cox.model import CoxModel
from workbench.models.survival.cox.screening import fit_identified
from workbench.models.survival.curves.aalen_johansen import has_reasons
from workbench.models.survival.curves.crossing import Crossing, crossing_time
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes, weights_of


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCox:
    """A Cox model, what was taken out of it, how numbers enter it, and the hazards by reason that go with it.

    Attributes
    ----------
    form
        The model, and whether numbers enter as lines or curves.
    screening
        Checks of covariates that were taken out because they have no estimate.
    by_reason
        A model for each reason for leaving; None where reasons are not known, or the model cannot be used.
    """

    form: FunctionalForm
    screening: tuple[Check, ...]
    by_reason: CauseSpecific | None

    @property
    def model(self) -> CoxModel:
        """The model of leaving for whatever reason."""
        return self.form.model

    @property
    def covariates(self) -> list[str]:
        """Covariates that are in the model."""
        return [term.covariate for term in self.model.design.terms]

    def exhibits(self) -> Iterator[Showable]:
        """What was taken out, the hazard ratios, and those by reason."""
        yield self.screening
        yield self.model
        yield self.by_reason


def fit_screened(lifetimes: Lifetimes, leaks: Leaks, *, random_seed: int) -> FittedCox:
    """Fit a Cox model to the covariates that the lifetimes want, without those that have no estimate.

    Parameters
    ----------
    lifetimes
        Without the columns that are kept out (`Leaks.without`).
    leaks
        What was found of them: findings are made accordingly.
    random_seed
        Draws the customers by whom the form of numbers is tested where there are very many.
    """
    straight, left_out = fit_identified(
        lifetimes.frame,
        lifetimes.wanted,
        leaks=leaks,
        chosen=lifetimes.chosen is not None,
        lapse=lifetimes.lapsing,
        confidence=lifetimes.confidence,
        time_unit=lifetimes.time_unit,
        labels=lifetimes.labels,
    )
    form = functional_form(straight, lifetimes.frame, random_seed=random_seed)
    form = replace(form, model=replace(form.model, crossings=find_crossings(form.model, lifetimes.frame)))
    by_reason = None
    if form.model.usable and has_reasons(lifetimes.frame):
        by_reason = fit_cause_specific(
            lifetimes.frame,
            [term.covariate for term in form.model.design.terms],
            confidence=lifetimes.confidence,
            time_unit=lifetimes.time_unit,
            labels=lifetimes.labels,
        )
    return FittedCox(form=form, screening=left_out, by_reason=by_reason)


def find_crossings(model: CoxModel, lifetimes: pd.DataFrame, *, level: float = 0.05) -> tuple[Crossing, ...]:
    """Levels whose curve clearly crosses that of the reference, of covariates whose hazard ratio changes over time.

    Parameters
    ----------
    model
        Its test says which hazard ratios change; none where it is not usable.
    lifetimes
        The rows of its fit.
    level
        Of the test, for all covariates together.
    """
    tested = model.proportionality
    varying = set(tested.loc[tested["p_value_holm"] < level, "covariate"]) if model.usable and len(tested) else set()
    terms = [term for term in model.design.terms if term.is_category and term.covariate in varying]
    if not terms:
        return ()
    used = validate_lifetimes(lifetimes, [term.covariate for term in terms])
    durations, events = used["duration"].to_numpy(dtype=float), used["event"].to_numpy(dtype=bool)
    entry, weights = entry_of(used), weights_of(used)
    found = []
    for term in terms:
        shown = as_levels(used[term.covariate]).map(dict(term.shown)).to_numpy()
        reference, *values = term.levels
        for value in values:
            both = (shown == value) | (shown == reference)
            time = crossing_time(
                durations[both],
                events[both],
                shown[both] == value,
                entry=None if entry is None else entry[both],
                weights=None if weights is None else weights[both],
            )
            if time is not None:
                found.append(
                    Crossing(covariate=term.covariate, label=term.label, value=value, reference=reference, time=time)
                )
    return tuple(found)
