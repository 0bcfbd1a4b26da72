"""What survival curves say in words, and how they are shown."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from workbench.exhibits import Figure
from workbench.findings import Check, Finding
from workbench.models.survival.curves.result import CurveEstimates
from workbench.models.survival.lifetimes.event_words import event_words
from workbench.statistics.horizons import span, units
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import inline, listing, number, percent, sentence

ALL = "all customers"
FEWEST_EVENTS = 10
"""Restricted means of groups of which fewer left are not compared."""


class Curves(CurveEstimates):
    """Kaplan–Meier curves, one a group, with what they say: findings, titles, captions, the figure."""

    def headline(self, horizons: Iterable[float], *, doubt: Iterable[Check] = ()) -> Finding:
        """The sentence that this figure is for: how long half stay, or what share is still there at the end.

        Of several groups it is about the one with the shortest median or, where no group has one, with the smallest
        share still there at the last horizon that most reach: the number in the sentence decides, and the superlative
        counts the groups of which it is known. Of all customers it says so where the check of `informative_censoring`,
        in `doubt`, did not pass.
        """
        groups, medians = self.groups.set_index("group"), self.median().set_index("group")
        group, known = self.headline_group(horizons), medians[medians["median"].notna()]
        if len(known):
            row = known.loc[group]
            value = float(row["median"])
            # Half of the others are known to stay longer if their curve, as far as it goes, had not come down by then.
            others = medians.index[medians["median"].notna() | (groups["reach"].loc[medians.index] >= value)]
            alike = int((known["median"].astype(float) <= value).sum()) > 1
            return Finding(
                id=f"median_lifetime_{self.by}" if self.by else "median_lifetime",
                statement=sentence(
                    "Half of {who} {leave} within {span} of joining{chosen}.{doubt}"
                    if self.start
                    else "Half of {who} {leave} within {span}{chosen}.{doubt}",
                    doubt="" if self.by else _said(doubt),
                    **event_words(self.lapse),
                    who=self.who(group),
                    span=span(value, self.time_unit),
                    chosen=self._chosen(len(others), alike, sentence(", the shortest"), sentence(", no group sooner")),
                ),
                estimate=value,
                unit=units(self.time_unit),
                interval=tuple(None if pd.isna(row[end]) else float(row[end]) for end in ("lower", "upper")),
                interval_kind=self.interval_kind,
                evidence="descriptive",
                n=int(row["customers"]),
                table="groups",
                figure=self.name,
            )
        at = self._at_last(horizons)
        if at.empty:
            return Finding(
                id=f"survival_{self.by}" if self.by else "survival",
                statement=sentence(
                    "The data are too short to say how long {who} {stay}.",
                    who=self.who(group), **event_words(self.lapse),
                ),
                estimate=None,
                evidence="descriptive",
                n=int(groups["customers"].iloc[0]),
            )  # fmt: skip
        last = at.set_index("group").loc[group]
        return Finding(
            id=f"survival_{self.by}" if self.by else "survival",
            statement=sentence(
                "{share} of {who} are {there} after {span}{chosen}.",
                **event_words(self.lapse),
                share=percent(last["survival"]),
                who=self.who(group),
                span=span(last["horizon"], self.time_unit),
                chosen=self._chosen(
                    len(at), int((at["survival"] <= last["survival"]).sum()) > 1, sentence(", the fewest"),
                    sentence(", no group fewer"),
                ),
            ),
            estimate=float(last["survival"]),
            unit="share",
            interval=(float(last["lower"]), float(last["upper"])),
            interval_kind=self.interval_kind,
            evidence="descriptive",
            n=int(groups["customers"][group]),
            table="groups",
            figure=self.name,
        )  # fmt: skip

    def headline_group(self, horizons: Iterable[float]) -> str:
        """The group of the `headline`; of two alike the larger one."""
        medians = self.median().set_index("group")["median"].dropna()
        if len(medians):
            return str(medians.astype(float).idxmin())
        at = self._at_last(horizons)
        return next(iter(self.tables)) if at.empty else str(at.set_index("group")["survival"].idxmin())

    def _at_last(self, horizons: Iterable[float]) -> pd.DataFrame:
        """Shares still there at the last horizon that most customers' groups reach, or that any does."""
        at = self.at(horizons)
        until = self.common_horizon(horizons)
        return at[at["horizon"] == (at["horizon"].max() if until is None else until)]

    def _chosen(self, judged: int, alike: bool, most: str, none: str) -> str:
        """That a group was looked for, and among how many; what is said where another has the same number."""
        if judged < 2:
            return ""
        if alike:
            return none
        if judged == len(self.tables):
            return sentence("{most} of the {count} groups", most=most, count=judged)
        return sentence("{most} of the {count} groups that can be judged", most=most, count=judged)

    def share_staying(self, horizons: Iterable[float], *, doubt: Iterable[Check] = ()) -> Finding:
        """What share of all customers is still there at the first and the last horizon.

        The sentence says so where the check of `informative_censoring`, in `doubt`, did not pass.
        """
        at = self.at(horizons)
        first, last = at.iloc[0], at.iloc[-1]
        values = {
            "count": number(int(self.groups["customers"].iloc[0])),
            "share": percent(first["survival"]),
            "span": span(first["horizon"], self.time_unit),
            "later_share": percent(last["survival"]),
            "later": span(last["horizon"], self.time_unit),
            **event_words(self.lapse),
        }
        values["who"] = self.who(first["group"])
        template = (
            "Of {who}, {share} are {there} after {span} and {later_share} after {later}.{doubt}"
            if len(at) > 1 and self.start
            else "Of {who}, {share} are {there} after {span}.{doubt}"
            if self.start
            else "Of all {count} customers, {share} are {there} after {span} and {later_share} after {later}.{doubt}"
            if len(at) > 1
            else "Of all {count} customers, {share} are {there} after {span}.{doubt}"
        )
        values["doubt"] = _said(doubt)
        return Finding(
            id="share_staying",
            statement=sentence(template, **values),
            estimate=float(last["survival"]),
            unit="share",
            interval=(float(last["lower"]), float(last["upper"])),
            interval_kind=self.interval_kind,
            evidence="descriptive",
            n=int(self.groups["customers"].iloc[0]),
            table="groups",
            figure=self.name,
        )

    def differences(self, horizons: Iterable[float], *, pairs: int | None = None) -> tuple[Finding, ...]:
        """How much longer the group that stays longest stays than the one that leaves soonest; empty without two.

        Groups are compared that reach the `common_horizon` and of which at least 10 left before it: with fewer, the
        standard error is no guide. The two are chosen after looking, so the interval is Wald's widened by Bonferroni
        for all pairs of groups looked at: `pairs`, over all segments; those of this one where it is None.
        """
        until = self.common_horizon(horizons)
        if until is None:
            return ()
        means = self.restricted_mean(until).set_index("group")
        gone = {group: table["events"][table["time"] < until].sum() for group, table in self.tables.items()}
        means = means[[gone[group] >= FEWEST_EVENTS for group in means.index]]
        if len(means) < 2:
            return ()
        most, least = means["restricted_mean"].idxmax(), means["restricted_mean"].idxmin()
        if most == least:  # all alike
            return ()
        gap = float(means["restricted_mean"][most] - means["restricted_mean"][least])
        pairs = pairs or self.pairs
        z = normal_quantile(1 - (1 - self.confidence) / pairs)
        error = float(np.hypot(means["standard_error"][most], means["standard_error"][least]))
        kind = sentence("{level} confidence (Wald)", level=percent(self.confidence))
        if pairs > 1:
            kind = sentence(
                "{level} confidence (Wald, chosen after looking: Bonferroni over {pairs} pairs of groups)",
                level=percent(self.confidence), pairs=pairs,
            )  # fmt: skip
        left_out = [group for group in self.tables if group not in means.index]
        return (
            Finding(
                id=f"restricted_mean_difference_{self.by}",
                statement=sentence(
                    "Over their first {until}, {longer} {stay} {gap} longer on average than "
                    "{shorter}{chance}{left_out}.",
                    **event_words(self.lapse),
                    until=span(until, self.time_unit),
                    longer=self.who(most),
                    gap=span(round(gap, 1), self.time_unit),
                    shorter=self.who(least),
                    chance="" if gap > z * error else sentence(", which chance alone can explain"),
                    left_out=sentence(" ({groups} could not be compared)", groups=listing(left_out))
                    if left_out
                    else "",
                ),
                estimate=gap,
                unit=units(self.time_unit),
                interval=(gap - z * error, gap + z * error),
                interval_kind=kind,
                evidence="associational",
                n=int(means["customers"][most] + means["customers"][least]),
                table="groups",
                figure=self.name,
            ),
        )

    def separation(self, horizons: Iterable[float], *, pairs: int | None = None) -> float:
        """How far the groups lie apart for sure: the lower end of `differences`, as a share of its horizon.

        0 where there is nothing to compare, or chance can explain it.
        """
        until = self.common_horizon(horizons)
        return max(
            (max(found.interval[0], 0.0) / until for found in self.differences(horizons, pairs=pairs)), default=0.0
        )

    def who(self, group: str) -> str:
        """A group inside a sentence; where curves begin late, those of it who had lasted until there."""
        if self.start:
            since = span(self.start, self.time_unit)
            if not self.by:
                return sentence("customers who had lasted {span}", span=since)
            return sentence(
                "customers with {label} “{group}” who had lasted {span}", label=inline(self.label), group=group,
                span=since,
            )  # fmt: skip
        if not self.by:
            return sentence(ALL)
        return sentence("customers with {label} “{group}”", label=inline(self.label), group=group)

    def title(self, horizons: Iterable[float]) -> str:
        """What the figure shows, for its title: a finding, unless chance can explain that its groups differ."""
        if len(self.tables) > 1 and not self.separation(horizons):
            template = (
                "How long customers {stay} by {label}: no two of {count} groups differ clearly."
                if self.differences(horizons)
                else "How long customers {stay} by {label}: too little is known to compare the {count} groups."
            )
            return sentence(template, label=inline(self.label), count=len(self.tables), **event_words(self.lapse))
        return self.headline(horizons).statement

    def caption(self) -> str:
        """How to read the figure."""
        most = len(self.tables)
        drawn = sentence(" The six most telling of {count} groups are drawn.", count=most) if most > 6 else ""
        return sentence(
            "Share of customers {there} after a time (Kaplan–Meier); bands are {kind}; a curve ends where fewer "
            "than {few} customers are still followed (–).{drawn}",
            **event_words(self.lapse),
            kind=self.interval_kind,
            few=number(self.smallest_group),
            drawn=drawn,
        )

    def table_caption(self) -> str:
        """What the table at horizons says."""
        return sentence(
            "Share of customers {there}{by}, with {kind} intervals and how many are still followed.",
            **event_words(self.lapse),
            by=sentence(" by {label}", label=inline(self.label)) if self.by else "",
            kind=self.interval_kind,
        )

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
            caption=self.caption(),
        )

    def plot(self, horizons: Iterable[float], ax=None, *, title: str | None = None):
        """Step curves with bands, labelled at their ends, numbers at risk under the axis; at most 6 groups.

        Parameters
        ----------
        horizons
            By which `extremes` are found: they are always drawn.
        ax
            matplotlib Axes to draw on; a new figure of 6 inches where it is None.
        title
            The finding in words; none is drawn where it is None.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from workbench.models.survival.curves.figures import draw_curves  # only a figure needs matplotlib

        return draw_curves(self, horizons, ax, title=title)

    def describe(self, horizons: Iterable[float]) -> str:
        """What the figure shows, for those who cannot see it."""
        at = self.at(horizons)
        curves = []
        for group, rows in at.groupby("group", sort=False):
            points = [
                sentence("{share} after {span}", share=percent(row.survival), span=span(row.horizon, self.time_unit))
                for row in rows.itertuples()
            ]
            curves.append(sentence("{group}: {points}", group=group, points=listing(points)))
        return sentence(
            "Step curves of the share of customers {there} over time{by}, falling from 100%. {curves}. "
            "Bands are {kind}.",
            **event_words(self.lapse),
            by=sentence(", by {label}", label=inline(self.label)) if self.by else "",
            curves="; ".join(curves),
            kind=self.interval_kind,
        )


def _said(doubt: Iterable[Check]) -> str:
    """What to mind of a curve of all customers; empty where no check of `informative_censoring` doubts it."""
    if all(check.status == "pass" for check in doubt):
        return ""
    return sentence(" (Treat this with care: how long customers were followed seems to depend on who they are.)")
