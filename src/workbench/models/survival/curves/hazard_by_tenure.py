"""Whether customers go more rarely the longer they have been there, and what that does not show."""

import numpy as np

from workbench.findings import Check
from workbench.models.survival.curves.curves import Curves
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import percent, sentence

FALLS = 0.9
"""A late rate clearly below this share of the early one is worth a warning: a reader notes a tenth less."""
SURE = 0.95
"""Level of the interval of the ratio of rates, Wald on the log scale."""


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
        Empty where nobody left early or late, as far as the curve can be estimated.
    """
    (table,) = overall.tables.values()
    table = table[table["time"] <= overall.groups["reach"].iloc[0]]
    time, events = table["time"].to_numpy(), table["events"].to_numpy()
    exposure = table["at_risk"].to_numpy() * np.diff(np.maximum(time, overall.start), prepend=overall.start)
    if not events.sum():
        return ()
    cut = time[np.searchsorted(events.cumsum(), events.sum() / 2)]
    after = time > cut
    left = np.array([events[~after].sum(), events[after].sum()], dtype=float)
    exposed = np.array([exposure[~after].sum(), exposure[after].sum()])
    if not left.all() or not exposed.all():
        return ()
    rates = left / exposed
    highest = rates[1] / rates[0] * np.exp(normal_quantile(SURE) * np.sqrt((1 / left).sum()))
    falls = bool(highest < FALLS)
    if falls:
        template = (
            "Up to {cut}, {early} of customers lapse in {one}; after that {late}. That need not be growing loyalty: "
            "the customers most likely to lapse go first (frailty)."
            if overall.lapse
            else "Up to {cut}, {early} of customers leave in {one}; after that {late}. That need not be growing "
            "loyalty: "
            "the customers most likely to leave go first (frailty)."
        )
    else:
        template = (
            "Up to {cut}, {early} of customers lapse in {one}; after that {late}: no clear fall with tenure."
            if overall.lapse
            else "Up to {cut}, {early} of customers leave in {one}; after that {late}: no clear fall with tenure."
        )
    early, late = (percent(float(rate)) for rate in rates)
    one, cut_said = span(1, overall.time_unit), span(cut, overall.time_unit)
    fall = sentence("Lapsing falls with tenure" if overall.lapse else "Leaving falls with tenure")
    return (
        Check(
            name="rate_by_tenure",
            status="warn" if falls else "pass",
            message=sentence(template, early=early, late=late, cut=cut_said, one=one),
            title=fall if falls else "",
            value=float(rates[1] / rates[0]),
            threshold=FALLS,
        ),
    )
