"""A Cox model without the covariates that would spoil it: those known only at the end, and those with no estimate."""

from collections.abc import Iterable, Mapping

import pandas as pd

from workbench.findings import Check
from workbench.models.survival.cox import CoxModel, fit_cox
from workbench.models.survival.partial_likelihood import FEW, HINDSIGHT
from workbench.wording import label_of, listing, sentence


def fit_sound(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    *,
    chosen: bool = False,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
    lapse: bool = False,
) -> tuple[CoxModel, tuple[Check, ...]]:
    """Fit a Cox model, and where a covariate is known only at the end, or has no estimate, fit it again without.

    A total of what was paid grows for as long as somebody stays, an outcome of the last contact is written when
    somebody goes: a model with them foretells the past (immortal time). They are found by their rank correlation with
    the time observed, and by how much of who left they tell.

    Parameters
    ----------
    chosen
        Whether the reader named the covariates: then none is taken out, and the checks of the model warn.
    lifetimes, covariates, confidence, time_unit, labels, lapse
        As in `fit_cox`.

    Returns
    -------
    CoxModel, tuple of Check
        The model, and what was taken out of it, and why.

    References
    ----------
    Suissa (2008), on immortal time.
    """
    covariates = list(dict.fromkeys(covariates))
    settings = {"confidence": confidence, "time_unit": time_unit, "labels": labels, "lapse": lapse}
    model = fit_cox(lifetimes, covariates, **settings)
    checks: list[Check] = []
    if chosen:
        return model, ()
    if model.leaking:
        checks += [check for check in model.problems if check.name.startswith(HINDSIGHT)]
        checks.append(
            _without("covariates_of_the_end", model.leaking, labels, sentence("they are known only at the end"))
        )
        covariates = [covariate for covariate in covariates if covariate not in model.leaking]
        model = fit_cox(lifetimes, covariates, **settings)
    if model.blamed:
        told = {check.name: check for check in model.problems}
        checks += [told[FEW + name] for name in model.blamed if FEW + name in told]
        reason = sentence(
            "with them there is no trustworthy maximum (they tell by themselves who goes when, or few decide)"
        )
        smaller = fit_cox(lifetimes, [name for name in covariates if name not in model.blamed], **settings)
        if smaller.usable:
            checks.append(_without("covariates_without_estimate", model.blamed, labels, reason))
            model = smaller
    return model, tuple(checks)


def _without(name: str, covariates: Iterable[str], labels: Mapping[str, str] | None, reason: str) -> Check:
    covariates = list(covariates)
    message = sentence(
        "The model does without {columns}: {reason}. Name the covariates by the parameter of that name to have "
        "them in.",
        columns=listing([label_of(labels, covariate) for covariate in covariates]), reason=reason,
    )  # fmt: skip
    return Check(name=name, status="warn", message=message, value=len(covariates), threshold=0)
