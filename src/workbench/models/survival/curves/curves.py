"""Survival curves as a study shows them: title, caption and figure of what they say."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from workbench.exhibits import Figure
from workbench.models.survival.curves.statements import CurveFindings
from workbench.statistics.horizons import span
from workbench.wording import inline, listing, number, percent, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DRAWN = 6
"""Curves in a figure: more are not distinguishable by colour."""


class Curves(CurveFindings):
    """Kaplan–Meier curves, one a group, with what they say and how they are drawn."""

    def title(self, horizons: Iterable[float]) -> str:
        """What the figure shows, for its title: a finding, unless chance can explain that its groups differ.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        """
        if self.label is None or len(self.tables) < 2 or self.separation(horizons):
            return self.headline(horizons).statement
        if self.differences(horizons):
            template = (
                "How long customers go on buying by {label}: no two of {count} groups differ clearly."
                if self.lapse
                else "How long customers stay by {label}: no two of {count} groups differ clearly."
            )
        else:
            template = (
                "How long customers go on buying by {label}: too little is known to compare the {count} groups."
                if self.lapse
                else "How long customers stay by {label}: too little is known to compare the {count} groups."
            )
        return sentence(template, label=inline(self.label), count=number(len(self.tables)))

    def caption(self, horizons: Iterable[float] = ()) -> str:
        """How to read the figure, and which groups its finding does not compare.

        Parameters
        ----------
        horizons
            When to look, in the time unit; nothing is said of comparisons where it is empty.
        """
        reading = (
            "Share of customers still buying after a time (Kaplan–Meier); bands are {kind}. A curve ends where "
            "fewer than {few} customers are still followed (–), and has a gap where it would tell of so few of another."
            if self.lapse
            else "Share of customers still there after a time (Kaplan–Meier); bands are {kind}. A curve ends where "
            "fewer than {few} customers are still followed (–), and has a gap where it would tell of so few of another."
        )
        parts = [sentence(reading, kind=self.interval_kind, few=number(self.smallest_group))]
        if len(self.tables) > MOST_DRAWN:
            template = "The {drawn} most telling of {count} groups are drawn."
            parts.append(sentence(template, drawn=number(MOST_DRAWN), count=number(len(self.tables))))
        means = self._compared_means(horizons)[1] if horizons else pd.DataFrame()
        if len(means) > 1 and (left_out := [group for group in self.tables if group not in means.index]):
            parts.append(sentence("Not compared, because too few left: {groups}.", groups=listing(left_out)))
        return " ".join(parts)

    def figure(self, horizons: Iterable[float]) -> Figure:
        """The step curves with their title, description and caption.

        Parameters
        ----------
        horizons
            By which groups are chosen and described.
        """
        horizons = tuple(horizons)
        return Figure(
            name=self.name,
            draw=lambda: self.plot(horizons),
            title=self.title(horizons),
            alt=self.describe(horizons),
            caption=self.caption(horizons),
        )

    def plot(self, horizons: Iterable[float], ax: "Axes | None" = None, *, title: str | None = None) -> "Axes":
        """Step curves with bands, labelled at their ends, numbers at risk under the axis; at most 6 groups.

        Parameters
        ----------
        horizons
            By which `extremes` are found: they are always drawn.
        ax
            Where to draw; a new figure of 6 inches where it is None.
        title
            The finding in words; none is drawn where it is None.
        """
        from workbench.models.survival.curves.figures import draw_curves  # only a figure needs matplotlib

        return draw_curves(self, horizons, ax, title=title)

    def describe(self, horizons: Iterable[float]) -> str:
        """What the figure shows, for those who cannot see it.

        Parameters
        ----------
        horizons
            When shares are read off.
        """
        curves = []
        for group, rows in self.at(horizons).groupby("group", sort=False):
            points = [
                sentence(
                    "{share} after {span}", share=percent(row["survival"]), span=span(row["horizon"], self.time_unit)
                )
                for row in rows.to_dict("records")
            ]
            curves.append(sentence("{group}: {points}", group=group, points=listing(points)))
        if self.label is None:
            template = (
                "A step curve of the share of customers still buying over time, falling from 100%. {curves}. "
                "Bands are {kind}."
                if self.lapse
                else "A step curve of the share of customers still there over time, falling from 100%. {curves}. "
                "Bands are {kind}."
            )
        else:
            template = (
                "Step curves of the share of customers still buying over time, by {label}, falling from 100%. "
                "{curves}. Bands are {kind}."
                if self.lapse
                else "Step curves of the share of customers still there over time, by {label}, falling from 100%. "
                "{curves}. Bands are {kind}."
            )
        label = inline(self.label or "")
        return sentence(template, label=label, curves="; ".join(curves), kind=self.interval_kind)
