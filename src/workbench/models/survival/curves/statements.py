"""What survival curves say in words: how long half stay, what share stays, how far groups lie apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.findings import Check, Finding
from workbench.models.survival.curves.result import CurveEstimates
from workbench.statistics.horizons import span, units
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import inline, number, percent, sentence

FEWEST_EVENTS = 10
"""Restricted means of groups of which fewer left are not compared: a rule of thumb for normal errors."""

Rank = Literal["only", "tied", "first", "first of those compared"]
"""How the group of a headline stands among the others: nothing to compare with, level with another, or alone."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """The average of the curves by an attribute, where one curve for all is biased by who was followed how long.

    Attributes
    ----------
    label
        Of the attribute, inside a sentence.
    horizon
        When, in the time unit.
    share, interval
        Of all customers who are still there then.
    """

    label: str
    horizon: float
    share: float
    interval: tuple[float, float]


class CurveFindings(CurveEstimates):
    """Kaplan–Meier curves, one a group, with their findings."""

    def headline(self, horizons: Iterable[float], *, doubt: Iterable[Check] = ()) -> Finding:
        """The sentence that this figure is for: how long half stay, or what share is still there at the end.

        Of several groups it is about the one with the shortest median or, where no group has one, with the smallest
        share still there at the last horizon that most reach: the number in the sentence decides, and the superlative
        counts the groups of which it is known.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        doubt
            The check of `informative_censoring`: where it did not pass, what is said of all customers says so.
        """
        group, medians = self.headline_group(horizons), self.median().set_index("group")
        if medians["median"].notna().any():
            return self._median_headline(group, medians, horizons, () if self.by else doubt)
        return self._share_headline(group, self._at_last(horizons))

    def _median_headline(
        self, group: str, medians: pd.DataFrame, horizons: Iterable[float], doubt: Iterable[Check]
    ) -> Finding:
        row = medians.loc[group]
        value = float(row["median"])
        reach = self.groups.set_index("group")["reach"].loc[medians.index]
        # Half of the others are known to stay longer if their curve, as far as it goes, had not come down by then.
        compared = int((medians["median"].notna() | (reach >= value)).sum())
        known = medians["median"].dropna().astype(float)
        rank = self._rank(compared, tied=int((known <= value).sum()) > 1)
        if rank == "only":
            template = "Half of {who} lapse within {span}." if self.lapse else "Half of {who} leave within {span}."
        elif rank == "tied":
            template = (
                "Half of {who} lapse within {span}; no group lapses sooner."
                if self.lapse
                else "Half of {who} leave within {span}; no group leaves sooner."
            )
        elif rank == "first":
            template = (
                "Half of {who} lapse within {span}, the shortest of the {count} groups."
                if self.lapse
                else "Half of {who} leave within {span}, the shortest of the {count} groups."
            )
        else:
            template = (
                "Half of {who} lapse within {span}, the shortest of the {count} groups that can be compared."
                if self.lapse
                else "Half of {who} leave within {span}, the shortest of the {count} groups that can be compared."
            )
        said = sentence(template, who=self.who(group), span=span(value, self.time_unit), count=number(compared))
        ends = [None if pd.isna(row[end]) else float(row[end]) for end in ("lower", "upper")]
        return Finding(
            id=f"median_lifetime_{self.by}" if self.by else "median_lifetime",
            statement=_with_care(f"{self._counted_from_joining(said)}{self._crossing(group, horizons)}", doubt),
            estimate=value,
            unit=units(self.time_unit),
            interval=(ends[0], ends[1]),
            interval_kind=self.interval_kind,
            evidence="descriptive",
            n=int(row["customers"]),
            table="groups",
            figure=self.name,
        )

    def _share_headline(self, group: str, at: pd.DataFrame) -> Finding:
        customers = self.groups.set_index("group")["customers"]
        if at.empty:
            template = (
                "The data are too short to say how long {who} go on buying."
                if self.lapse
                else "The data are too short to say how long {who} stay."
            )
            return Finding(
                id=f"survival_{self.by}" if self.by else "survival",
                statement=sentence(template, who=self.who(group)),
                estimate=None,
                evidence="descriptive",
                n=int(customers.iloc[0]),
            )
        last = at.set_index("group").loc[group]
        rank = self._rank(len(at), tied=int((at["survival"] <= last["survival"]).sum()) > 1)
        if rank == "only":
            template = (
                "{share} of {who} are still buying after {span}."
                if self.lapse
                else "{share} of {who} are still there after {span}."
            )
        elif rank == "tied":
            template = (
                "{share} of {who} are still buying after {span}; no group has fewer."
                if self.lapse
                else "{share} of {who} are still there after {span}; no group has fewer."
            )
        elif rank == "first":
            template = (
                "{share} of {who} are still buying after {span}, the fewest of the {count} groups."
                if self.lapse
                else "{share} of {who} are still there after {span}, the fewest of the {count} groups."
            )
        else:
            template = (
                "{share} of {who} are still buying after {span}, the fewest of the {count} groups that can be compared."
                if self.lapse
                else "{share} of {who} are still there after {span}, the fewest of the {count} groups that can be "
                "compared."
            )
        when, share = span(float(last["horizon"]), self.time_unit), percent(float(last["survival"]))
        return Finding(
            id=f"survival_{self.by}" if self.by else "survival",
            statement=sentence(template, share=share, who=self.who(group), span=when, count=number(len(at))),
            estimate=float(last["survival"]),
            unit="share",
            interval=(float(last["lower"]), float(last["upper"])),
            interval_kind=self.interval_kind,
            evidence="descriptive",
            n=int(customers[group]),
            table="groups",
            figure=self.name,
        )

    def headline_group(self, horizons: Iterable[float]) -> str:
        """The group of the `headline`; of two alike the larger one.

        Parameters
        ----------
        horizons
            As in `headline`.
        """
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

    def _rank(self, compared: int, *, tied: bool) -> Rank:
        """How a group stands that was looked for among so many."""
        if compared < 2:
            return "only"
        if tied:
            return "tied"
        return "first" if compared == len(self.tables) else "first of those compared"

    def _crossing(self, group: str, horizons: Iterable[float]) -> str:
        """That another group than that of the shortest median clearly stays shorter on average; else empty."""
        until, means = self._compared_means(horizons)
        if until is None or group not in means.index:
            return ""
        other = str(means["restricted_mean"].idxmin())
        gap = float(means["restricted_mean"][group] - means["restricted_mean"][other])
        error = float(np.hypot(means["standard_error"][group], means["standard_error"][other]))
        if gap <= normal_quantile(self.confidence) * error:
            return ""
        template = (
            "Over their first {until}, “{group}” buys for a shorter time on average: the curves cross."
            if self.lapse
            else "Over their first {until}, “{group}” stays shorter on average: the curves cross."
        )
        return f" {sentence(template, until=span(until, self.time_unit), group=other)}"

    def _counted_from_joining(self, said: str) -> str:
        """Of curves that begin late, that times count from joining all the same."""
        return f"{said} {sentence('Time counts from joining.')}" if self.start else said

    def share_staying(
        self, horizons: Iterable[float], *, doubt: Iterable[Check] = (), average: Average | None = None
    ) -> Finding:
        """What share of all customers is still there at the first and the last horizon.

        Where follow-up depends on an attribute, the share is that of the average over its groups.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        doubt
            As in `headline`.
        average
            Of `informative_censoring`: what to lead with instead of the curve; None where it can be trusted.
        """
        if average is not None:
            return self._average_staying(average)
        at = self.at(horizons)
        first, last = at.iloc[0], at.iloc[-1]
        customers = int(self.groups["customers"].iloc[0])
        if len(at) > 1:
            template = (
                "{share} of {who} are still buying after {span}, {later_share} after {later}."
                if self.lapse
                else "{share} of {who} are still there after {span}, {later_share} after {later}."
            )
        else:
            template = (
                "{share} of {who} are still buying after {span}."
                if self.lapse
                else "{share} of {who} are still there after {span}."
            )
        said = sentence(
            template,
            share=percent(first["survival"]),
            who=self._everyone(),
            span=span(first["horizon"], self.time_unit),
            later_share=percent(last["survival"]),
            later=span(last["horizon"], self.time_unit),
        )
        return Finding(
            id="share_staying",
            statement=_with_care(said, doubt),
            estimate=float(last["survival"]),
            unit="share",
            interval=(float(last["lower"]), float(last["upper"])),
            interval_kind=self.interval_kind,
            evidence="descriptive",
            n=customers,
            table="groups",
            figure=self.name,
        )

    def _average_staying(self, average: Average) -> Finding:
        """What share of all customers is still there by the average over groups, beside what the curve says."""
        template = (
            "Allowing for {label}, {share} of {who} are still buying after {span}; one curve for all says {curve}."
            if self.lapse
            else "Allowing for {label}, {share} of {who} are still there after {span}; one curve for all says {curve}."
        )
        return Finding(
            id="share_staying",
            statement=sentence(
                template,
                label=average.label,
                share=percent(average.share),
                who=self._everyone(),
                span=span(average.horizon, self.time_unit),
                curve=percent(self.share_at(average.horizon)),
            ),
            estimate=average.share,
            unit="share",
            interval=average.interval,
            interval_kind=sentence("{level} confidence (Wald, averaged over groups)", level=percent(self.confidence)),
            evidence="descriptive",
            n=int(self.groups["customers"].iloc[0]),
            figure=self.name,
        )

    def _everyone(self) -> str:
        """All customers inside a sentence, counted."""
        if self.start:
            return self.who(next(iter(self.tables)))
        return sentence("all {count} customers", count=number(int(self.groups["customers"].iloc[0])))

    def differences(self, horizons: Iterable[float], *, pairs: int | None = None) -> tuple[Finding, ...]:
        """How much longer the group that stays longest stays than the one that leaves soonest; empty without two.

        Groups are compared that reach the `common_horizon` and of which at least `FEWEST_EVENTS` left before it. The
        two are chosen after looking, so the interval is Wald's widened by Bonferroni for all pairs of groups looked at.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        pairs
            How many pairs were looked at, over all segments; those of this one where it is None.
        """
        until, means = self._compared_means(horizons)
        if until is None or len(means) < 2:
            return ()
        most, least = str(means["restricted_mean"].idxmax()), str(means["restricted_mean"].idxmin())
        if most == least:  # all alike
            return ()
        gap = float(means["restricted_mean"][most] - means["restricted_mean"][least])
        pairs = pairs or self.pairs
        half = normal_quantile(1 - (1 - self.confidence) / pairs) * float(
            np.hypot(means["standard_error"][most], means["standard_error"][least])
        )
        kind = sentence("{level} confidence (Wald)", level=percent(self.confidence))
        if pairs > 1:
            kind = sentence(
                "{level} confidence (Wald, chosen after looking: Bonferroni over {pairs} pairs of groups)",
                level=percent(self.confidence),
                pairs=number(pairs),
            )
        template = (
            "Over their first {until}, {longer} go on buying {gap} longer on average than those with “{shorter}”."
            if self.lapse
            else "Over their first {until}, {longer} stay {gap} longer on average than those with “{shorter}”."
        )
        said = sentence(
            template,
            until=span(until, self.time_unit),
            longer=self.who(most),
            gap=span(round(gap, 1), self.time_unit),
            shorter=least,
        )
        return (
            Finding(
                id=f"restricted_mean_difference_{self.by}",
                statement=said if gap > half else f"{said} {sentence('Chance alone can explain this.')}",
                estimate=gap,
                unit=units(self.time_unit),
                interval=(gap - half, gap + half),
                interval_kind=kind,
                evidence="associational",
                n=int(means["customers"][most] + means["customers"][least]),
                table="groups",
                figure=self.name,
            ),
        )

    def _compared_means(self, horizons: Iterable[float]) -> tuple[float | None, pd.DataFrame]:
        """The common horizon, and by group the restricted means up to it that are compared."""
        until = self.common_horizon(horizons)
        if until is None:
            return None, pd.DataFrame()
        means = self.restricted_mean(until).set_index("group")
        gone = {group: table["events"][table["time"] < until].sum() for group, table in self.tables.items()}
        return until, means[[gone[group] >= FEWEST_EVENTS for group in means.index]]

    def separation(self, horizons: Iterable[float], *, pairs: int | None = None) -> float:
        """How far the groups lie apart for sure: the lower end of `differences`, as a share of its horizon.

        Parameters
        ----------
        horizons, pairs
            As in `differences`.

        Returns
        -------
        float
            0 where there is nothing to compare, or chance can explain it.
        """
        until = self.common_horizon(horizons)
        lower = [found.interval[0] for found in self.differences(horizons, pairs=pairs) if found.interval]
        return max((max(each or 0.0, 0.0) / until for each in lower if until), default=0.0)

    def who(self, group: str) -> str:
        """A group inside a sentence; where curves begin late, those of it who had lasted until there.

        Parameters
        ----------
        group
            As in `tables`.
        """
        since = span(self.start, self.time_unit)
        if self.label is None:
            return sentence("customers who had lasted {span}", span=since) if self.start else sentence("all customers")
        template = (
            "customers with {label} “{group}” who had lasted {span}"
            if self.start
            else "customers with {label} “{group}”"
        )
        return sentence(template, label=inline(self.label), group=group, span=since)


def _with_care(said: str, doubt: Iterable[Check]) -> str:
    """What is said of a curve of all customers, with a warning where the check of informative censoring doubts it."""
    if all(check.status == "pass" for check in doubt):
        return said
    return f"{said} {sentence('(With care: follow-up seems to differ between customers.)')}"
