"""Why customers leave, as a study shows it: incidences by reason at the horizons, and the reasons to act on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.models.survival.curves.aalen_johansen import Incidences, competing_risks, has_reasons
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.statistics.horizons import units
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Reasons:
    """Incidences of leaving by reason, and when to look at them.

    Attributes
    ----------
    incidences
        From `competing_risks`.
    horizons
        Times of life, in the unit of the incidences.
    addressable
        Reasons that something can be done about, as the reader sees it.
    """

    incidences: Incidences
    horizons: tuple[float, ...]
    addressable: tuple[str, ...]

    def exhibits(self) -> Iterator[Showable]:
        """Checks and numbers, the findings, the stacked curves, and the table at the horizons."""
        incidences, horizons = self.incidences, self.horizons
        yield incidences.checks
        yield incidences.metrics(horizons)
        yield incidences.findings(horizons, addressable=self.addressable)
        yield Figure(
            name="reasons",
            draw=incidences.plot,
            title=incidences.title(horizons),
            alt=incidences.describe(horizons),
            caption=incidences.caption(),
        )
        yield Table(
            name="reasons",
            frame=incidences.at(horizons),
            caption=sentence(
                "Share of all customers gone for each reason; leavers are all who were seen to leave for it."
            ),
            # Reasons of few are taken together, so nothing is hidden in a row.
            people=People(count="leavers", by="reason", within="horizon", values=[]),
            columns={
                "reason": Column(sentence("reason")),
                "horizon": Column(sentence("horizon"), units(incidences.time_unit)),
                "incidence": Column(sentence("incidence"), "share"),
                "lower": Column(sentence("lower"), "share"),
                "upper": Column(sentence("upper"), "share"),
                "leavers": Column(sentence("leavers")),
            },
        )


def reasons_for_leaving(
    lifetimes: Lifetimes, horizons: Iterable[float], *, addressable: Iterable[str] = ()
) -> Reasons | None:
    """Estimate why customers leave, where at least two reasons are known.

    Parameters
    ----------
    lifetimes
        With a column `reason` of those who left.
    horizons
        Times of life at which incidences are told, in the unit of the lifetimes.
    addressable
        Reasons that something can be done about.

    Returns
    -------
    Reasons or None
        None where reasons are not known.
    """
    if not has_reasons(lifetimes.frame):
        return None
    incidences = competing_risks(lifetimes.frame, confidence=lifetimes.confidence, time_unit=lifetimes.time_unit)
    return Reasons(incidences=incidences, horizons=tuple(horizons), addressable=tuple(addressable))
