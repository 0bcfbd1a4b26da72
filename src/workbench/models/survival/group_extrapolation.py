"""Beyond the data by segment: how the curve of each group might go on."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.evaluation.horizons import span
from workbench.findings import Check, Finding
from workbench.models.levels import as_levels, gather
from workbench.models.survival.curves import Curves
from workbench.models.survival.endings import ending
from workbench.models.survival.extrapolation import AS_FAR_AGAIN, FEWEST_LEAVERS, OFF, Extrapolation, extrapolate
from workbench.models.survival.lifetimes import require_lifetimes
from workbench.wording import inline, listing, percent, sentence

MOST_GROUPS = 4
SLOW = ("generalised gamma",)
"""Fitted to all customers alone: it takes longer than all others, of which it has most as limits."""
"""Each takes seconds; the largest are carried on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupExtrapolation:
    """Curves of the groups of a segment, each carried on by the family that foretold its own last part best.

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
        """`group`, `family`, `off` (as of `Extrapolation`), `reach`, `until`, `survival` there, `lowest`, `highest` of
        all families."""
        rows = [
            (group, each.best, each.table["off"].iloc[0], each.reach, each.until, each.table["survival"].iloc[0],
             each.table["survival"].min(), each.table["survival"].max())
            for group, each in self.groups.items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["group", "family", "off", "reach", "until", "survival", "lowest", "highest"])

    def title(self) -> str:
        """What the figure shows."""
        any_one = next(iter(self.groups.values()))
        said = [
            sentence("{share} of “{group}”", share=percent(row.survival), group=row.group)
            for row in self.table.itertuples()
        ]
        return sentence(
            "If their curves go on in their form, {said} are {there} after {until}.",
            said=listing(said[:3]), until=span(round(self.until, 1), any_one.time_unit), **ending(any_one.lapse),
        )  # fmt: skip

    def findings(self) -> tuple[Finding, ...]:
        """The group that lasts longest and the one that does not; none where families disagree about it."""
        table = self.table.sort_values("survival", ignore_index=True)
        low, high = table.iloc[0], table.iloc[-1]
        if low["highest"] >= high["lowest"]:
            return ()
        any_one = next(iter(self.groups.values()))
        return (
            Finding(
                id="extrapolated_difference",
                statement=sentence(
                    "Beyond the data, by {label}: if their curves go on in their form, {more} of customers with "
                    "“{longer}” "
                    "and {less} with “{shorter}” are {there} after {until}.",
                    label=inline(self.label), more=percent(high["survival"]), longer=high["group"],
                    less=percent(low["survival"]), shorter=low["group"],
                    until=span(round(self.until, 1), any_one.time_unit), **ending(any_one.lapse),
                ),
                estimate=float(high["survival"] - low["survival"]),
                unit="share",
                interval=(float(high["lowest"] - low["highest"]), float(high["highest"] - low["lowest"])),
                interval_kind=sentence("range over families of curves"),
                evidence="assumed",
                table="families_by_segment",
                figure="extrapolation_by_segment",
            ),
        )  # fmt: skip

    def checks(self) -> tuple[Check, ...]:
        """Whether the families foretold what they had not seen of each group, and which groups are not carried on."""
        wrong = self.table["group"][self.table["off"] > OFF].tolist()
        message = (
            sentence("By {label}, the curves of {groups} were not foretold well where they could be put to the test.",
                     label=inline(self.label), groups=listing(wrong))
            if wrong
            else sentence("By {label}, the last part of every curve was foretold.", label=inline(self.label))
        )  # fmt: skip
        if self.without:
            message += sentence(" Too little ended of {groups} to carry them on.", groups=listing(self.without))
        return (Check(name="extrapolation_by_segment", status="warn" if wrong else "pass", message=message,
                      value=float(self.table["off"].max()), threshold=OFF),)  # fmt: skip

    def describe(self) -> str:
        """What the figure shows, for those who cannot see it."""
        rows = [
            sentence("{group} {share} ({family})", group=row.group, share=percent(row.survival), family=row.family)
            for row in self.table.itertuples()
        ]
        return sentence(
            "By {label}, observed curves as far as each group can be judged, then dashed curves, shaded by the "
            "range of all "
            "families, which reach: {rows}.", label=inline(self.label), rows="; ".join(rows),
        )  # fmt: skip

    def plot(self, ax=None):
        """Observed curves solid, what is carried on dashed; returns the axes."""
        from workbench.models.survival.extrapolation_figure import draw_groups  # only a figure needs matplotlib

        return draw_groups(self, ax)


def extrapolate_groups(curves: Curves, lifetimes: pd.DataFrame) -> GroupExtrapolation | None:
    """Carry the curves of the groups of a segment on, all to the same time.

    That is twice as far as the group that can be judged for the shortest time is, or as far as another can be judged.

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
    if not curves.by:
        return None
    lifetimes = require_lifetimes(lifetimes, [curves.by])
    levels = as_levels(lifetimes[curves.by])
    shown, _ = gather(levels, label=curves.label, check=curves.by, smallest_group=curves.smallest_group)
    names = levels.map(shown).to_numpy()
    words = {"time_unit": curves.time_unit, "lapse": curves.lapse}
    groups = curves.groups.head(MOST_GROUPS)
    enough = groups[groups["events"] >= FEWEST_LEAVERS]
    if len(enough) < 2:
        return None
    lasted = [min(reach, float(lifetimes["duration"].max())) for reach in enough["reach"]]
    until = max(*lasted, AS_FAR_AGAIN * min(lasted))
    found = {
        group: extrapolate(lifetimes[names == group], until=until, without=SLOW, **words) for group in enough["group"]
    }
    found = {group: each for group, each in found.items() if each is not None}
    if len(found) < 2:
        return None
    return GroupExtrapolation(
        groups=found, label=curves.label, until=until,
        without=tuple(group for group in groups["group"] if group not in found),
    )  # fmt: skip
