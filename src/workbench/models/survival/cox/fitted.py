"""Cox's model as a study uses it: screened for leaks, with splines where numbers are not linear, and by reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.survival.cox.cause_specific import CauseSpecific, fit_cause_specific
from workbench.models.survival.cox.functional_form import FunctionalForm, functional_form
from workbench.models.survival.cox.leakage import Leaks
from workbench.models.survival.cox.model import CoxModel
from workbench.models.survival.cox.screening import fit_identified
from workbench.models.survival.curves.aalen_johansen import has_reasons
from workbench.models.survival.lifetimes.read import Lifetimes


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
