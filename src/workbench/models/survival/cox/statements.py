"""What the hazard ratios of a Cox model say in words, and how they are shown."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Figure, Kept, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.cox.design import Design
from workbench.models.survival.curves.crossing import Crossing
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import first_of, inline, listing, number, percent, plural, sentence, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.05
"""Of tests after Holm's correction."""
MOST_SHOWN = 15
"""Rows of the table of hazard ratios that a reader sees; the file has all."""


class HazardRatioWords:
    """Checks, sentences, captions and the figure of `cox.CoxModel`."""

    if TYPE_CHECKING:  # what the model has, as fields or as properties
        design: Design
        problems: tuple[Check, ...]
        proportionality: pd.DataFrame
        confidence: float
        collinear: tuple[str, ...]
        doubtful: tuple[str, ...]
        acquired: tuple[str, ...]
        crossings: tuple[Crossing, ...]
        time_unit: str

        @property
        def usable(self) -> bool:
            """Whether anything may be said from the fit."""

        @property
        def decided_by_few(self) -> tuple[str, ...]:
            """Numbers that a few customers decide."""

        @property
        def interval_kind(self) -> str:
            """What the intervals are."""

        def hazard_ratios(self) -> pd.DataFrame:
            """Hazard ratios with what they compare."""

    def checks(self) -> tuple[Check, ...]:
        """What was lumped, dropped or missing, whether the fit can be used, and what adjusting changed."""
        return self.design.checks + self.problems + self._adjustment() + self._crossing()

    def exhibits(self) -> Iterator[Showable]:
        """Checks, findings, the strongest hazard ratios as a figure, the clearest as a table.

        All of them for machines; of a fit that cannot be used its checks alone.
        """
        yield self.checks()
        if not self.usable:
            return
        yield self.findings()
        words = {"title": self.title(), "alt": self.describe(), "caption": self.caption()}
        yield Figure(name="hazard_ratios", draw=self.plot, **words)
        compared = People(count="customers", within=["covariate", "label", "value", "reference"])
        yield Table(
            name="hazard_ratios",
            frame=self.clearest(MOST_SHOWN),
            caption=self.table_caption(MOST_SHOWN),
            people=compared,
            columns=ratio_columns()
            | {"unadjusted": Column(sentence("unadjusted")), "p_value_holm": Column(sentence("p (Holm)"), "p")},
        )
        yield Kept(name="all_hazard_ratios", frame=self.hazard_ratios(), people=compared)

    def _adjustment(self) -> tuple[Check, ...]:
        """Which hazard ratios depend on what is adjusted for."""
        table = self.hazard_ratios()
        if not self.usable or table.empty:
            return ()
        apart = (np.log(table["hazard_ratio"]) - np.log(table["unadjusted"])).abs() > np.log(2)
        told = (table["p_value_holm"] < LEVEL) | apart  # what lies near 1 crosses it by chance
        changed = [
            sentence("{label} “{value}”", label=inline(row.label), value=row.value)
            for row in table[changed_by_adjusting(table) & told].itertuples()
        ]
        message = (
            sentence(
                "The hazard ratios of {labels} change sides or more than twofold with what else is in the model, so we "
                "draw no conclusion from them.",
                labels=first_of(changed),
            )
            if len(changed)
            else sentence("Hazard ratios are similar with and without the other covariates.")
        )
        return (
            Check(
                name="adjustment",
                status="warn" if len(changed) else "pass",
                title=sentence(
                    "Ratios that depend on the other attributes"
                    if len(changed)
                    else "Ratios alike without the other attributes"
                ),
                message=message,
                value=len(changed),
                threshold=0,
            ),
        )

    def _crossing(self) -> tuple[Check, ...]:
        """Groups of which one keeps more customers at first and fewer in the end: their ratio is no summary."""
        if not self.usable or not self.crossings:
            return ()
        first, count = self.crossings[0], len(self.crossings)
        said = {
            "label": inline(first.label),
            "value": first.value,
            "reference": first.reference,
            "time": span(round(first.time, 1), self.time_unit),
        }
        message = plural(
            "The curves of {label} “{value}” and “{reference}” cross at about {time}: whichever group keeps more "
            "customers until then keeps fewer in the end, so that their hazard ratio is an average of opposites.",
            "{n} hazard ratios are averages of opposites, because curves cross: those of {label} “{value}” and "
            "“{reference}” at about {time}.",
            count,
            **said,
        )
        return (
            Check(
                name="curves_cross",
                status="warn",
                title=sentence("Curves of groups cross"),
                message=message,
                value=count,
                threshold=0,
            ),
        )

    def assumptions(self, level: float = 0.05) -> tuple[Check, ...]:
        """Whether hazard ratios stay the same over time: one check, `warn` where any does not.

        The test of each covariate is in `proportionality`. Empty where there was nothing to test.

        Parameters
        ----------
        level
            Of the tests, for all covariates together.
        """
        tested = self.proportionality
        if tested.empty:
            return ()
        varying = tested[tested["p_value_holm"] < level]
        said = {"count": len(varying), "all": len(tested), "level": percent(level)}
        message = (
            sentence("None of {all} hazard ratios clearly changes over time (Holm's correction, {level}).", **said)
            if varying.empty
            else sentence(
                "{count} of {all} covariates have hazard ratios that change over time ({labels}; Holm's correction, "
                "{level}). Those shown are averages over time: early or late they may be weaker or reversed.",
                labels=first_of([inline(label) for label in varying["label"]]),
                **said,
            )
        )
        return (
            Check(
                name="proportional_hazards",
                status="pass" if varying.empty else "warn",
                title=sentence(
                    "Hazard ratios stay the same over time" if varying.empty else "Some hazard ratios change over time"
                ),
                message=message,
                value=len(varying),
                threshold=0,
            ),
        )

    def findings(self, most: int = 2, level: float = LEVEL) -> tuple[Finding, ...]:
        """The strongest adjusted associations, at most one a covariate, in words that claim no cause.

        None where the fit cannot be used, or nothing is clear after Holm's correction. None of a covariate that is
        nearly determined by others or nearly determines one, that is
        `doubtful` or decided by few, or that `changed_by_adjusting`. Chosen after looking, so the interval
        is widened by Bonferroni for all hazard ratios.

        Parameters
        ----------
        most
            How many.
        level
            Of the tests, for all hazard ratios together.
        """
        if not self.usable:
            return ()
        table = self.hazard_ratios()
        looked_at = len(table)
        widened = normal_quantile(1 - (1 - self.confidence) / max(looked_at, 1)) / normal_quantile(self.confidence)
        kind = sentence(
            "{level} confidence (Wald, log scale, Bonferroni over {count} hazard ratios)",
            level=percent(self.confidence),
            count=looked_at,
        )
        doubtful = changed_by_adjusting(table) | table["covariate"].isin(
            (*self.collinear, *self.doubtful, *self.decided_by_few)
        )
        table = table[(table["p_value_holm"] < level) & ~doubtful]
        strength = np.log(table["hazard_ratio"]).abs()
        table = table.loc[strength.sort_values(ascending=False, kind="stable").index].drop_duplicates("covariate")
        varying = set(self.proportionality.loc[self.proportionality["p_value_holm"] < level, "covariate"])
        categories = {term.covariate for term in self.design.terms if term.is_category}
        crossing = {(each.covariate, each.value) for each in self.crossings}
        findings = []
        for row in table.head(most).itertuples():
            template = (
                (
                    "Customers with {label} “{value}” lapse at {ratio} times the rate of similar ones with "
                    "“{reference}”. {doubt}"
                    if row.covariate in categories
                    else "Customers with {label} of {value} lapse at {ratio} times the rate of similar ones with "
                    "{reference}. {doubt}"
                )
                if self.design.lapse
                else (
                    "Customers with {label} “{value}” leave at {ratio} times the rate of similar ones with "
                    "“{reference}”. {doubt}"
                    if row.covariate in categories
                    else "Customers with {label} of {value} leave at {ratio} times the rate of similar ones with "
                    "{reference}. {doubt}"
                )
            )
            findings.append(
                Finding(
                    id=f"hazard_ratio_{row.covariate}",
                    statement=sentence(
                        template,
                        label=inline(row.label),
                        value=row.value,
                        ratio=number(row.hazard_ratio, 2),
                        reference=row.reference,
                        doubt=association(
                            row.covariate in self.acquired,
                            averaged=row.covariate in varying,
                            crosses=(row.covariate, row.value) in crossing,
                        ),
                    ),
                    estimate=float(row.hazard_ratio),
                    unit=sentence("hazard ratio"),
                    interval=(
                        float(row.hazard_ratio * (row.lower / row.hazard_ratio) ** widened),
                        float(row.hazard_ratio * (row.upper / row.hazard_ratio) ** widened),
                    ),
                    interval_kind=kind if looked_at > 1 else self.interval_kind,
                    evidence="associational",
                    n=int(row.customers),
                    table="hazard_ratios",
                    figure="hazard_ratios",
                )
            )
        return tuple(findings)

    def reference_customer(self) -> str:
        """The customer that hazard ratios start from, in words."""
        said = [
            sentence("{label} “{level}”", label=inline(term.label), level=term.levels[0])
            if term.is_category
            else sentence("{label} {center} (the mean)", label=inline(term.label), center=number(term.center))
            for term in self.design.terms
        ]
        return listing(said)

    def title(self) -> str:
        """The finding that the figure shows."""
        findings = self.findings(most=1)
        if findings:
            return findings[0].statement
        if (self.hazard_ratios()["p_value_holm"] < LEVEL).any():
            return sentence("Some hazard ratios are clear, but none can be read by itself.")
        return sentence(
            "No attribute clearly goes with lapsing sooner."
            if self.design.lapse
            else "No attribute clearly goes with leaving sooner."
        )

    def caption(self) -> str:
        """How to read the figure, and who the reference customer is."""
        reading = sentence(
            "Rate of lapsing compared with similar customers at the reference. Numbers: upper against lower quartile, "
            "or the two values shown; of curves, either against the mean. Intervals: {kind}. An association."
            if self.design.lapse
            else "Rate of leaving compared with similar customers at the reference. Numbers: upper against lower "
            "quartile, or the two values shown; of curves, either against the mean. Intervals: {kind}. An association.",
            kind=self.interval_kind,
        )
        if not self.design.terms:
            return reading
        return f"{reading} {sentence('The reference customer has {who}.', who=self.reference_customer())}"

    def table_caption(self, most: int | None = None) -> str:
        """What the table of hazard ratios compares with; of the strongest only, if there are more than `most`.

        Parameters
        ----------
        most
            Rows that the table shows; all where it is None.
        """
        if not self.design.terms:
            return sentence("No covariates, so there is nothing to compare.")
        return sentence(
            "Rates of lapsing compared with the reference customer (hazard ratios). Unadjusted: this attribute "
            "alone.{part}"
            if self.design.lapse
            else "Rates of leaving compared with the reference customer (hazard ratios). Unadjusted: this attribute "
            "alone.{part}",
            part=sentence(" The {most} clearest; all are in the file all_hazard_ratios.", most=number(most))
            if most is not None and len(self.hazard_ratios()) > most
            else "",
        )

    def plot(self, ax: "Axes | None" = None, *, title: str | None = None) -> "Axes":
        """Hazard ratios on a log axis with their intervals, the strongest first; returns the axes.

        Parameters
        ----------
        ax
            Where to draw; a new figure where it is None.
        title
            Of the figure; its own where it is None.
        """
        from workbench.models.survival.curves.figures import draw_hazard_ratios  # only a figure needs matplotlib

        return draw_hazard_ratios(self.strongest(), ax, title=title, lapse=self.design.lapse)

    def strongest(self, most: int = 10) -> pd.DataFrame:
        """The hazard ratios farthest from 1, without those that have no finite estimate.

        Parameters
        ----------
        most
            How many.
        """
        table = self.hazard_ratios()
        table = table[np.isfinite(table[["hazard_ratio", "lower", "upper"]]).all(axis=1) & (table["lower"] > 0)]
        strength = np.log(table["hazard_ratio"]).abs()
        return table.loc[strength.sort_values(ascending=False, kind="stable").index].head(most)

    def clearest(self, most: int) -> pd.DataFrame:
        """The hazard ratios with the smallest p-values, in the order of the model.

        Parameters
        ----------
        most
            How many.
        """
        table = self.hazard_ratios()
        return table.loc[np.sort(table["p_value"].sort_values(kind="stable").index[:most])].reset_index(drop=True)

    def describe(self) -> str:
        """What the figure of hazard ratios shows, for those who cannot see it."""
        rows = [
            sentence(
                "{label} “{value}” against “{reference}”: {ratio} ({lower} to {upper})",
                label=row["label"],
                value=row["value"],
                reference=row["reference"],
                ratio=number(row["hazard_ratio"], 2),
                lower=number(row["lower"], 2),
                upper=number(row["upper"], 2),
            )
            for row in self.strongest().to_dict("records")
        ]
        return sentence(
            "Hazard ratios with {kind} intervals on a log axis; 1 means no difference. {rows}.",
            kind=self.interval_kind,
            rows="; ".join(rows),
        )


def ratio_columns() -> dict[str, Column]:
    """What is compared, and the hazard ratio with its interval: the columns that tables of hazard ratios share."""
    return {
        "label": Column(sentence("attribute")),
        "value": Column(sentence("value")),
        "reference": Column(sentence("reference")),
        "hazard_ratio": Column(sentence("hazard ratio")),
        "lower": Column(sentence("lower")),
        "upper": Column(sentence("upper")),
    }


def association(acquired: bool, *, averaged: bool = False, crosses: bool = False) -> str:
    """What a hazard ratio is not, in few words.

    Parameters
    ----------
    acquired
        Whether customers seem to acquire the attribute while they stay.
    averaged
        Whether the ratio changes over time, so that one number is an average.
    crosses
        Whether the curves of the two groups cross, so that it is one of opposites.
    """
    if crosses:
        return (
            sentence("(Association, averaged over curves that cross; perhaps acquired by staying.)")
            if acquired
            else sentence("(Association, averaged over curves that cross.)")
        )
    if averaged:
        return (
            sentence("(Association, averaged over time; perhaps acquired by staying.)")
            if acquired
            else sentence("(Association, averaged over time.)")
        )
    return sentence("(Perhaps acquired by staying.)") if acquired else sentence("(Association, not proof of cause.)")


def changed_by_adjusting(hazard_ratios: pd.DataFrame) -> pd.Series:
    """Rows whose hazard ratio lies on the other side of 1 than unadjusted, or is more than twice or less than half it.

    Such a ratio is owed to the others in the model; customers who differ in this covariate alone may hardly exist. A
    strong ratio that others make stronger is not: left out, they draw it towards 1 even where they have nothing to do
    with it (it is not collapsible: Gail, Wieand and Piantadosi 1984), though hardly to less than half on the log scale.

    Parameters
    ----------
    hazard_ratios
        From `CoxModel.hazard_ratios`: `hazard_ratio` and `unadjusted`.
    """
    adjusted, alone = np.log(hazard_ratios["hazard_ratio"]), np.log(hazard_ratios["unadjusted"])
    drawn_to_one = (adjusted * alone > 0) & (alone.abs() <= adjusted.abs()) & (alone.abs() >= adjusted.abs() / 2)
    return (adjusted * alone < 0) | (((adjusted - alone).abs() > np.log(2)) & ~drawn_to_one)
