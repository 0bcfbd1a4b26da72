"""What is asked of a survival study, held against the lifetimes before anything is fitted."""

import datetime as dt
from collections.abc import Iterable, Mapping

import pandas as pd

from workbench.errors import ParameterError
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.wording import listing, sentence, shown, suggestion


def validate_request(
    lifetimes: Lifetimes,
    *,
    cutoff: dt.date | None = None,
    scenario: Mapping[str, object] | None = None,
    histories: Iterable[str] = (),
) -> None:
    """Refuse a cut-off outside the records, and a scenario of names that no model can know; all faults at once.

    Parameters
    ----------
    lifetimes
        As read.
    cutoff
        The day until which a model is to learn. Without dates it is not used, and the study says so.
    scenario
        What is to change, by covariate.
    histories
        Names of what became known of customers over time.

    Raises
    ------
    ParameterError
        One sentence a fault.
    """
    faults: list[str] = []
    if cutoff is not None and lifetimes.spells is not None:
        try:
            lifetimes.spells.cutoff(cutoff)
        except ParameterError as error:
            faults += error.faults
    frame = lifetimes.frame
    numbers = [
        name
        for name in lifetimes.covariates
        if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
    ]
    known = [*dict.fromkeys([*numbers, *histories])]
    for name in scenario or ():
        if name not in known:
            near = suggestion(name, known)
            faults.append(
                sentence(
                    "scenario: got {name}, expected a number that is known of customers: {known}{near}",
                    name=shown(name),
                    known=listing(known) or sentence("none"),
                    near=near,
                )
            )
    if faults:
        raise ParameterError(*faults)
