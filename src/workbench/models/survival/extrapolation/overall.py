"""Beyond the data: how the curve of all customers might go on, by families that fit what is known."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.cox.baseline import renewal_cycle
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.extrapolation.families import Family, renewal_families, smooth_families
from workbench.models.survival.extrapolation.growth import DrawGrowth, draw_growth
from workbench.models.survival.lifetimes.renewals import find_renewals
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import number_of, span
from workbench.statistics.product_limit import survival_at
from workbench.wording import listing, number, percent, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEARNED = 0.6
"""The share of the time that can be estimated from which families learn when they are put to the test."""
AS_FAR_AGAIN = 2.0
"""How far the curve is carried on, in multiples of the time that can be estimated."""
OFF = 0.05
"""A family that misses the curve by more than this where it was put to the test is no guide beyond it."""
FROM = 3.0
"""Months of the shortest term whose renewals are carried on one by one."""
MOST_NAMED = 3
"""Families named in one sentence, a choice: of more their number is told, and the table has them."""
FEWEST_LEAVERS = 50
"""Of fewer leavers no family is fitted: about ten for each of its parameters, up to five (a rule of thumb)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Extrapolation:
    """Families of curves, and what they say beyond the data.

    Attributes
    ----------
    table
        `family`, `parameters`, `aic` (of the fit to everything), `off` (root mean squared distance to the curve over
        the last part of the time, which the family had not seen), `survival` at `until` with `lower` and `upper` (of
        estimation), `counts` (it predicted what it had not seen); the least `off` first.
    curves
        `time`, and a column for each family.
    observed
        The table of `product_limit` as far as it can be estimated.
    reach, until
        Where the data end, and how far the curve is carried on.
    time_unit
        What times are counted in.
    lapse
        Whether customers lapse instead of leaving.
    confidence
        Level of each family's interval.
    term
        Of the renewals at which alone the curve is carried on; None where departures do not heap.
    families
        Those that count, as they were fitted to everything.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    observed: pd.DataFrame
    reach: float
    until: float
    time_unit: str
    lapse: bool = False
    confidence: float = 0.9
    term: float | None = None
    families: Mapping[str, Family] = field(default_factory=dict)

    @property
    def growth(self) -> DrawGrowth | None:
        """How hazards grow beyond the data, for draws; None where no family counts."""
        return partial(draw_growth, self.families) if self.families else None

    @property
    def best(self) -> str | None:
        """The family that counts and predicted the last part of the time best; None where none counts."""
        return self.table["family"].iloc[0] if self.trusted else None

    @property
    def trusted(self) -> bool:
        """Whether any family counts: where none does, nothing is said beyond the data."""
        return bool(self.table["counts"].iloc[0])

    @property
    def span(self) -> tuple[float, float]:
        """Least and most still there at `until`, over all families that count, each with its own interval."""
        known = self.table[self.table["counts"]]
        return float(known["lower"].min()), float(known["upper"].max())

    def findings(self, *, doubt: Iterable[Check] = ()) -> tuple[Finding, ...]:
        """What share would still be there twice as far on, if the curve goes on as it did.

        None where no family predicted what it had not seen.

        Parameters
        ----------
        doubt
            The check of `informative_censoring`: where it did not pass there is no finding, since the end of the curve
            is that of the customers who could be followed so long, not that of all.
        """
        if any(check.status != "pass" for check in doubt):
            return ()
        if not self.trusted:
            return ()
        known = self.table.loc[self.table["counts"], "survival"]
        low, high = self.span
        return (
            Finding(
                id="extrapolated_survival",
                statement=sentence(
                    "If the trend goes on, {low} to {high} of customers are still buying after {until}. Nobody has "
                    "been seen that long."
                    if self.lapse
                    else "If the trend goes on, {low} to {high} of customers are still there after {until}. Nobody has "
                    "been seen that long.",
                    low=percent(low),
                    high=percent(high),
                    until=span(round(self.until, 1), self.time_unit),
                ),
                estimate=float(known.iloc[0]),
                unit="share",
                interval=(low, high),
                interval_kind=sentence(
                    "range over {count} families of curves, each with its {level} interval",
                    count=number(len(known)),
                    level=percent(self.confidence),
                ),
                evidence="assumed",
                table="families",
                figure="extrapolation",
            ),
        )

    def checks(self) -> tuple[Check, ...]:
        """Whether any family predicted what it had not seen."""
        off = float(self.table["off"].iloc[0])
        values = {
            "learned": span(round(LEARNED * self.reach, 1), self.time_unit),
            "family": self.table["family"].iloc[0],
            "off": number(100 * off, 2),
            "reach": span(round(self.reach, 1), self.time_unit),
        }
        template = (
            "Fitted to the first {learned}, the {family} curve predicts the rest best: it is off by {off} percentage "
            "points until {reach}."
            if self.trusted
            else "No family of curves that was fitted to the first {learned} predicted the rest until {reach} (the "
            "best, "
            "{family}, is off by {off} points): nothing is said beyond the data."
        )
        parts = [sentence(template, **values)]
        if self.trusted and not self.table["counts"].all():
            wrong = list(self.table.loc[~self.table["counts"], "family"])
            parts.append(
                sentence("Off by too much to count: {families}.", families=listing(wrong))
                if len(wrong) <= MOST_NAMED
                else sentence(
                    "{n} of {all} families are off by too much to count.",
                    n=number(len(wrong)),
                    all=number(len(self.table)),
                )
            )
        if self.term is not None:
            term = span(self.term, self.time_unit)
            parts.append(sentence("The curve goes on from renewal to renewal, every {term}.", term=term))
        return (
            Check(
                name="extrapolation",
                status="pass" if self.trusted else "warn",
                title=sentence(
                    "The curve predicted its last part" if self.trusted else "Nothing is said beyond the data"
                ),
                message=" ".join(parts),
                value=off,
                threshold=OFF,
            ),
        )

    def title(self, *, doubt: Iterable[Check] = ()) -> str:
        """What the figure shows.

        Parameters
        ----------
        doubt
            As in `findings`.
        """
        if not self.trusted:
            return sentence("No family of curves predicted the last part of this curve, so none is carried on.")
        told = self.findings(doubt=doubt)
        return told[0].statement if told else sentence("This curve's end is not that of all customers")

    def describe(self) -> str:
        """The same for those who cannot see it."""
        rows = [
            sentence("{family} {share}", family=row["family"], share=percent(row["survival"]))
            for row in self.table[self.table["counts"]].to_dict("records")
        ]
        if not rows:
            return sentence("The observed curve until {reach}.", reach=span(round(self.reach, 1), self.time_unit))
        return sentence(
            "The observed curve until {reach}, then dashed curves until {until}, where they reach: {rows}.",
            reach=span(round(self.reach, 1), self.time_unit),
            until=span(round(self.until, 1), self.time_unit),
            rows="; ".join(rows),
        )

    def exhibits(self, *, doubt: Iterable[Check] = ()) -> Iterator[Showable]:
        """The finding, the check of the families, the curve carried on, and what each family says.

        Parameters
        ----------
        doubt
            As in `findings`.
        """
        doubt = tuple(doubt)
        yield self.findings(doubt=doubt)
        yield self.checks()
        yield Figure(
            name="extrapolation",
            draw=self.plot,
            title=self.title(doubt=doubt),
            alt=self.describe(),
            caption=sentence(
                "What was observed, and dashed the family that predicted its last part best; the shade spans the "
                "families that predicted it. An assumption."
            ),
        )
        yield Table(
            name="families",
            frame=self.table,
            caption=sentence(
                "Families of curves: Akaike's criterion of the fit to everything, how far each was off on the last "
                "part, which it had not seen, what it says at the end of the figure, and whether it counts."
            ),
            people=None,
            columns={
                "family": Column(sentence("family")),
                "parameters": Column(sentence("parameters")),
                "aic": Column(sentence("AIC")),
                "off": Column(sentence("off"), "share"),
                "survival": Column(sentence("survival"), "share"),
                "lower": Column(sentence("lower"), "share"),
                "upper": Column(sentence("upper"), "share"),
                "counts": Column(sentence("counts")),
            },
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """The observed curve solid, what is carried on dashed.

        Parameters
        ----------
        ax
            Where to draw; a new figure where it is None.
        """
        from workbench.models.survival.extrapolation.figures import draw_extrapolation  # only a figure needs matplotlib

        return draw_extrapolation(self, ax)


def extrapolate(
    lifetimes: pd.DataFrame,
    *,
    time_unit: str = "month",
    lapse: bool = False,
    until: float | None = None,
    without: Collection[str] = (),
    confidence: float = 0.9,
) -> Extrapolation | None:
    """Fit families of curves to all customers, put them to the test on the last part of the time, and carry them on.

    The families are those of `families.smooth_families`; where departures heap at renewals, which no smooth curve
    follows, those of `families.renewal_families`, and the curve is told at renewals only.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry`.
    time_unit
        Of the durations.
    lapse
        Whether customers lapse instead of leaving: what it is called.
    until
        How far to carry the curve on; by default twice as far as it can be estimated. With renewals the last of them.
    without
        Families to pass over.
    confidence
        Level of the interval of each family.

    Returns
    -------
    Extrapolation or None
        None where fewer than 50 left, or no family could be fitted and put to the test.
    """
    lifetimes = validate_lifetimes(lifetimes)
    overall = kaplan_meier(lifetimes, time_unit=time_unit)
    reach = float(min(overall.groups["reach"].iloc[0], lifetimes["duration"].max()))
    heaps = find_renewals(lifetimes, time_unit=time_unit)
    term = None
    if heaps is not None and heaps.term >= number_of(FROM, time_unit):
        term = renewal_cycle(heaps, reach / 2, time_unit)
    learned = LEARNED * reach
    until = max(AS_FAR_AGAIN * reach if until is None else until, reach)
    test, grid = np.linspace(learned, reach, 20), np.linspace(reach, until, 60)
    if term is None or heaps is None:
        families = smooth_families(lifetimes)
        late = 0.0
    else:
        families, late = renewal_families(term, heaps.near), heaps.near
        reach = float(np.floor((reach - late) / term + 1e-9) * term)
        learned = max(np.floor(LEARNED * reach / term + 1e-9) * term, term)
        test = np.arange(learned + term, reach + term / 2, term)
        grid = np.arange(reach, max(until, reach + term) + term / 2, term)
        until = float(grid[-1])
        if not len(test):
            return None
    cut = learned + late
    early = lifetimes.assign(
        event=lifetimes["event"] & (lifetimes["duration"] <= cut), duration=lifetimes["duration"].clip(upper=cut)
    )
    early = early[(early["entry"] < early["duration"]) | (early["entry"] == 0)]
    if reach <= 0 or int(early["event"].sum()) < FEWEST_LEAVERS:
        return None
    observed = overall.frame
    truth = survival_at(observed, test + late)
    rows, curves, fitted = [], {"time": grid}, {}
    for family, make in families.items():
        if family in without or (whole := make(lifetimes)) is None or (part := make(early)) is None:
            continue
        off = float(np.sqrt(np.mean((part.at(test) - truth) ** 2)))
        survival = whole.at(grid)
        # Carried on from where the data end: a family's own error until there is none of its forecast.
        anchor = survival_at(observed, np.array([reach + late]))[0] / survival[0] if survival[0] > 0 else 1.0
        lower, upper = (float(np.clip(each * anchor, 0, 1)) for each in whole.interval(until, confidence))
        if not np.isfinite([off, lower, upper, *survival]).all():
            continue
        curves[family] = survival * anchor
        fitted[family] = whole
        end = float(curves[family][-1])
        rows.append((family, whole.parameters, whole.aic, off, end, min(lower, end), max(upper, end)))
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=["family", "parameters", "aic", "off", "survival", "lower", "upper"])
    table["counts"] = table["off"] <= OFF
    counts = set(table.loc[table["counts"], "family"])
    return Extrapolation(
        families={name: each for name, each in fitted.items() if name in counts},
        table=table.sort_values("off", kind="stable", ignore_index=True),
        curves=pd.DataFrame(curves),
        observed=observed[observed["time"] <= reach + late],
        reach=reach,
        until=until,
        time_unit=time_unit,
        lapse=lapse,
        confidence=confidence,
        term=term,
    )
