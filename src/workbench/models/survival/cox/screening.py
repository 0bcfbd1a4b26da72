"""A Cox model without the covariates that would spoil it because they have no estimate."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from workbench.findings import Check
from workbench.models.survival.cox.leakage import Leaks
from workbench.models.survival.cox.model import CoxModel, fit_cox
from workbench.models.survival.cox.partial_likelihood import FEW
from workbench.wording import label_of, listing, sentence


def fit_identified(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    *,
    leaks: Leaks | None = None,
    chosen: bool = False,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
    lapse: bool = False,
) -> tuple[CoxModel, tuple[Check, ...]]:
    """Fit a Cox model, and where a covariate has no estimate, fit it again without.

    Parameters
    ----------
    leaks
        What `find_leaks` found of these covariates: findings are made accordingly.
    chosen
        Whether the reader named the covariates: then none is taken out, and the checks of the model warn.
    lifetimes, covariates, confidence, time_unit, labels, lapse
        As in `fit_cox`.

    Returns
    -------
    CoxModel, tuple of Check
        The model, and what was taken out of it, and why.
    """

    def fitted(names: list[str]) -> CoxModel:
        model = fit_cox(lifetimes, names, confidence=confidence, time_unit=time_unit, labels=labels, lapse=lapse)
        return replace(model, doubtful=leaks.kept, acquired=tuple(leaks.acquired)) if leaks else model

    covariates = list(dict.fromkeys(covariates))
    model = fitted(covariates)
    if chosen or not model.separated:
        return model, ()
    few = {check.name: check for check in model.problems}
    checks = [few[FEW + name] for name in model.separated if FEW + name in few]
    smaller = fitted([name for name in covariates if name not in model.separated])
    if not smaller.usable:
        return model, tuple(checks)
    message = sentence(
        "The model leaves out {columns}: with them it is not identified (they say by themselves who goes when, or a "
        "few customers decide). To keep them in, name all covariates by the parameter `covariates`.",
        columns=listing([label_of(labels, covariate) for covariate in model.separated]),
    )
    without = Check(
        name="covariates_without_estimate",
        status="warn",
        title=sentence("Attributes without an estimate left out"),
        message=message,
        value=len(model.separated),
        threshold=0,
    )
    return smaller, (*checks, without)
