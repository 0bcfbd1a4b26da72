"""Whether customers go more rarely the longer they have been there, and what that does not show."""

import numpy as np

from workbench.findings import Check
from workbench.models.survival.curves.statements import Curves
from workbench.models.survival.lifetimes.event_words import event_words
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import number, sentence

FALLS = 0.9
"""A late rate clearly below this share of the early one is worth a warning."""
SURE = 0.95


def rate_by_tenure(overall: Curves) -> tuple[Check, ...]:
    """Compare the rate at which customers leave before and after the time by which half of those who left had left.

    A rate that falls may mean that customers grow loyal, or only that they differ in ways that no column shows and the
    unsteady ones go first (frailty): the average of constant rates falls. One life a customer cannot tell the two apart
    (Elbers and Ridder 1982), so a rate that clearly falls is a warning.

    Parameters
    ----------
    overall
        The curve of all customers.

    Returns
    -------
    tuple of Check
        Empty where nobody left early or late, as far as the curve can be judged.
    """
    (table,) = overall.tables.values()
    table = table[table["time"] <= overall.groups["reach"].iloc[0]]
    time, events = table["time"].to_numpy(), table["events"].to_numpy()
    exposure = table["at_risk"].to_numpy() * np.diff(np.maximum(time, overall.start), prepend=overall.start)
    if not events.sum():
        return ()
    cut = time[np.searchsorted(events.cumsum(), events.sum() / 2)]
    late = time > cut
    left = np.array([events[~late].sum(), events[late].sum()], dtype=float)
    months = np.array([exposure[~late].sum(), exposure[late].sum()])
    if not left.all() or not months.all():
        return ()
    rates = left / months
    highest = rates[1] / rates[0] * np.exp(normal_quantile(SURE) * np.sqrt((1 / left).sum()))
    falls = bool(highest < FALLS)
    values = {
        "early": number(100 * rates[0], 2), "late": number(100 * rates[1], 2), "cut": span(cut, overall.time_unit),
        "unit": overall.time_unit, **event_words(overall.lapse),
    }  # fmt: skip
    message = sentence(
        "Of 100 customers {early} {leave} in a {unit} up to {cut} and {late} after that: the rate falls with tenure. "
        "That may be loyalty that grows, or only that customers differ in ways the data do not show and the "
        "unsteady ones "
        "go first (frailty): do not read it as what staying does to a customer."
        if falls
        else "Of 100 customers {early} {leave} in a {unit} up to {cut} and {late} after that: the rate does not "
        "clearly "
        "fall with tenure.",
        **values,
    )
    return (Check(name="rate_by_tenure", status="warn" if falls else "pass", message=message,
                  title=sentence("Leaving falls with tenure") if falls else "",
                  value=float(rates[1] / rates[0]), threshold=FALLS),)  # fmt: skip
