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
    covariates = list(dict.fromkeys(covariates))
    settings = {"confidence": confidence, "time_unit": time_unit, "labels": labels, "lapse": lapse}
    doubts = {"doubtful": leaks.kept, "acquired": tuple(leaks.acquired)} if leaks else {}
    model = replace(fit_cox(lifetimes, covariates, **settings), **doubts)
    checks: list[Check] = []
    if chosen:
        return model, ()
    if model.separated:
        told = {check.name: check for check in model.problems}
        checks += [told[FEW + name] for name in model.separated if FEW + name in told]
        reason = sentence(
            "with them there is no trustworthy maximum (they tell by themselves who goes when, or few decide)"
        )
        smaller = fit_cox(lifetimes, [name for name in covariates if name not in model.separated], **settings)
        if smaller.usable:
            checks.append(_without("covariates_without_estimate", model.separated, labels, reason))
            model = replace(smaller, **doubts)
    return model, tuple(checks)


def _without(name: str, covariates: Iterable[str], labels: Mapping[str, str] | None, reason: str) -> Check:
    covariates = list(covariates)
    message = sentence(
        "The model does without {columns}: {reason}. Name the covariates by the parameter of that name to have "
        "them in.",
        columns=listing([label_of(labels, covariate) for covariate in covariates]), reason=reason,
    )  # fmt: skip
    return Check(name=name, status="warn", message=message, value=len(covariates), threshold=0)
