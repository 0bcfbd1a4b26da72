"""Beyond the data by segment: how the curve of each group might go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.levels import as_levels, lump_levels
from workbench.models.survival.curves.curves import Curves
from workbench.models.survival.extrapolation.overall import (
    AS_FAR_AGAIN,
    FEWEST_LEAVERS,
    OFF,
    Extrapolation,
    extrapolate,
)
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import span
from workbench.wording import inline, listing, percent, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_GROUPS = 4
"""Each takes seconds; the largest are carried on."""
SLOW = ("generalised gamma", "log-logistic mixture cure")
"""Fitted to all customers alone: they take longer than all others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupExtrapolation:
    """Curves of the groups of a segment, each carried on by the family that predicted its own last part best.

    Attributes
    ----------
    groups
        An `Extrapolation` for each group that has enough leavers, the largest group first.
    label
        Of the segment.
    until
        How far all are carried on.
    without
        Groups of which too few left.
    """

    groups: Mapping[str, Extrapolation]
    label: str
    until: float
    without: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a group: `group`, `family`, `off` (as of `Extrapolation`), `reach`, `until`.

        And `survival` there, `lowest` and `highest` of all families that count; missing where none does.
        """
        rows = []
        for group, each in self.groups.items():
            first = each.table.iloc[0]
            told = (first["survival"], *each.span) if each.trusted else (np.nan, np.nan, np.nan)
            rows.append((group, first["family"], first["off"], each.reach, each.until, *told))
        return pd.DataFrame(rows, columns=["group", "family", "off", "reach", "until", "survival", "lowest", "highest"])

    def title(self) -> str:
        """What the figure shows."""
        any_one = next(iter(self.groups.values()))
        said = [
            sentence(
                "{low} to {high} of “{group}”",
                low=percent(row["lowest"]),
                high=percent(row["highest"]),
                group=row["group"],
            )
            for row in self.table.dropna().to_dict("records")
        ]
        if not said:
            return sentence("No family of curves predicted the last part of these curves, so none is carried on.")
        template = (
            "If their curves go on in their form, {said} are still buying after {until}."
            if any_one.lapse
            else "If their curves go on in their form, {said} are still there after {until}."
        )
        return sentence(template, said=listing(said[:3]), until=span(round(self.until, 1), any_one.time_unit))

    def findings(self) -> tuple[Finding, ...]:
        """The group that lasts longest and the one that does not; none where families disagree about it."""
        table = self.table.dropna().sort_values("survival", ignore_index=True)
        if len(table) < 2:
            return ()
        low, high = table.iloc[0], table.iloc[-1]
        if low["highest"] >= high["lowest"]:
            return ()
        any_one = next(iter(self.groups.values()))
        return (
            Finding(
                id="extrapolated_difference",
                statement=sentence(
                    "By {label}, if trends go on, {more} of customers with “{longer}” and {less} with “{shorter}” are "
                    "still buying after {until}."
                    if any_one.lapse
                    else "By {label}, if trends go on, {more} of customers with “{longer}” and {less} with “{shorter}” "
                    "are still there after {until}.",
                    label=inline(self.label),
                    more=percent(high["survival"]),
                    longer=high["group"],
                    less=percent(low["survival"]),
                    shorter=low["group"],
                    until=span(round(self.until, 1), any_one.time_unit),
                ),
                estimate=float(high["survival"] - low["survival"]),
                unit="share",
                interval=(float(high["lowest"] - low["highest"]), float(high["highest"] - low["lowest"])),
                interval_kind=sentence("range over families of curves"),
                evidence="assumed",
                table="families_by_segment",
                figure="extrapolation_by_segment",
            ),
        )

    def checks(self) -> tuple[Check, ...]:
        """Whether the families predicted what they had not seen of each group, and which groups are not carried on."""
        wrong = self.table["group"][self.table["survival"].isna()].tolist()
        label = inline(self.label)
        if wrong:
            template = "By {label}, no family of curves predicted the last part of {groups}: nothing is said beyond it."
            parts = [sentence(template, label=label, groups=listing(wrong))]
        else:
            parts = [sentence("By {label}, the last part of every curve was predicted.", label=label)]
        if self.without:
            parts.append(sentence("Too few left of {groups} to carry them on.", groups=listing(self.without)))
        return (
            Check(
                name="extrapolation_by_segment",
                status="warn" if wrong else "pass",
                title=sentence(
                    "Some groups are not extrapolated" if wrong else "Curves of groups predicted their last part"
                ),
                message=" ".join(parts),
                value=float(self.table["off"].max()),
                threshold=OFF,
            ),
        )

    def describe(self) -> str:
        """What the figure shows, for those who cannot see it."""
        rows = [
            sentence(
                "{group} {share} ({family})", group=row["group"], share=percent(row["survival"]), family=row["family"]
            )
            for row in self.table.dropna().to_dict("records")
        ]
        return sentence(
            "By {label}, observed curves as far as each group can be estimated, then dashed curves, shaded by the "
            "range of all families, which reach: {rows}.",
            label=inline(self.label),
            rows="; ".join(rows),
        )

    def exhibits(self) -> Iterator[Showable]:
        """The finding, the check, the curves carried on, and what the families say of each group."""
        yield self.findings()
        yield self.checks()
        yield Figure(
            name="extrapolation_by_segment",
            draw=self.plot,
            title=self.title(),
            alt=self.describe(),
            caption=sentence(
                "Observed as far as each group can be estimated (|), dashed beyond; each by the family that predicted "
                "its own last part best, the shade spans the families that predicted it. An assumption."
            ),
        )
        yield Table(
            name="families_by_segment",
            frame=self.table,
            caption=sentence(
                "Groups carried on: the family used, how far it was off where it was put to the test, and what the "
                "families that count say at the end of the figure."
            ),
            people=None,
            columns={
                "group": Column(sentence("group")),
                "family": Column(sentence("family")),
                "off": Column(sentence("off"), "share"),
                "reach": Column(sentence("reach")),
                "until": Column(sentence("until")),
                "survival": Column(sentence("survival"), "share"),
                "lowest": Column(sentence("lowest"), "share"),
                "highest": Column(sentence("highest"), "share"),
            },
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Observed curves solid, what is carried on dashed.

        Parameters
        ----------
        ax
            Where to draw; a new figure where it is None.
        """
        from workbench.models.survival.extrapolation.figures import draw_groups  # only a figure needs matplotlib

        return draw_groups(self, ax)


def extrapolate_groups(curves: Curves, lifetimes: pd.DataFrame) -> GroupExtrapolation | None:
    """Carry the curves of the groups of a segment on, all to the same time.

    That is twice as far as the group that can be estimated for the shortest time is, or as far as another can be.

    Parameters
    ----------
    curves
        By segment, as of `kaplan_meier`.
    lifetimes
        Of which they are.

    Returns
    -------
    GroupExtrapolation or None
        None where curves are not by segment, or fewer than two groups have enough leavers.
    """
    if curves.by is None or curves.label is None:
        return None
    lifetimes = validate_lifetimes(lifetimes, [curves.by])
    levels = as_levels(lifetimes[curves.by])
    shown, _ = lump_levels(levels, label=curves.label, check=curves.by, smallest_group=curves.smallest_group)
    names = levels.map(shown).to_numpy()
    groups = curves.groups.head(MOST_GROUPS)
    enough = groups[groups["events"] >= FEWEST_LEAVERS]
    if len(enough) < 2:
        return None
    lasted = [min(reach, float(lifetimes["duration"].max())) for reach in enough["reach"]]
    until = max(*lasted, AS_FAR_AGAIN * min(lasted))
    found = {}
    for group in enough["group"]:
        own = lifetimes[names == group]
        carried = extrapolate(own, until=until, without=SLOW, time_unit=curves.time_unit, lapse=curves.lapse)
        if carried is not None:
            found[str(group)] = carried
    if len(found) < 2:
        return None
    return GroupExtrapolation(
        groups=found,
        label=curves.label,
        until=until,
        without=tuple(group for group in groups["group"] if group not in found),
    )
