"""A summarised drivers' model, part by part as the report shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from workbench.errors import ParameterError
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.models.drivers.effects.general_local import groupings
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.outcome_level import measure_label
from workbench.models.drivers.model.what_if import Scenario
from workbench.models.drivers.summary import figures, findings, group_findings
from workbench.models.drivers.summary.headline import caveats, headline
from workbench.models.drivers.summary.tables import AS_GOOD, SummaryTables
from workbench.models.drivers.summary.words import unit_of
from workbench.wording import number, percent, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class DriverSummary(SummaryTables):
    """What a fitted model says under what the reader aims at; each property is a part of the report."""

    def exhibits(self) -> Iterator[Showable]:
        """All parts, the answer first."""
        yield self.headline
        yield self.importance
        yield self.action_map
        yield self.what_if
        yield self.priorities
        yield self.segments
        yield self.segment_effects
        yield self.asymmetry

    @property
    def headline(self) -> Iterator[Showable]:
        """The one recommendation, what must be known to read it, and all numbers by name."""
        yield headline(self)
        yield caveats(self)
        yield findings.against(self)
        yield self.metrics()

    @property
    def importance(self) -> Iterator[Showable]:
        """What each driver accounts for of what the ratings explain, beside its knockoff."""
        yield findings.importance(self)
        yield Figure(
            name="importance",
            draw=partial(figures.draw_importance, self),
            title=sentence("Importance of each driver (diamond: what pure chance would give)"),
            alt=figures.describe_importance(self),
            caption=sentence("Shapley shares of the explained latent variance, with intervals; diamonds: knockoffs."),
        )
        table = self.importance_table
        columns = {
            "label": _driver(),
            "share": Column(sentence("share"), "share"),
            "lower": Column(sentence("lower"), "share"),
            "upper": Column(sentence("upper"), "share"),
        }
        if (table["used"] < 1).any():
            columns["among_users"] = Column(sentence("among users"), "share")
        columns |= {
            "unique_share": Column(sentence("it alone"), "share"),
            "p_positive": Column(sentence("P(positive)"), "share"),
        }
        if self.tells:
            columns["p_above_knockoff"] = Column(sentence("P(above chance)"), "share")
        if self.order:
            columns["p_first"] = Column(sentence("P(first)"), "share")
            columns["p_top3"] = Column(sentence("P(top 3)"), "share")
        yield Table(
            name="importance",
            frame=table,
            caption=sentence(
                "Share of what the ratings explain, what is lost without the driver (it alone), and how sure that is."
            ),
            people=None,
            columns=columns,
        )

    @property
    def action_map(self) -> Iterator[Showable]:
        """Where to act: importance beside performance."""
        yield findings.below_target(self)
        yield Figure(
            name="action_map",
            draw=partial(figures.draw_map, self),
            title=sentence("Where to act: importance and score"),
            alt=figures.describe_map(self),
            caption=sentence(
                "Each cloud is draws of one driver. Squares: the order of work, numbered."
                if self.order
                else "Each cloud is draws of one driver."
            ),
        )
        rank = {"rank": Column(sentence("rank"))} if self.order else {}
        corners = {
            "fix_first": Column(sentence("matters, below target"), "share"),
            "keep_up": Column(sentence("matters, on target"), "share"),
            "low_priority": Column(sentence("neither"), "share"),
            "possible_overkill": Column(sentence("on target only"), "share"),
        }
        yield Table(
            name="action_map",
            frame=self.map_table,
            caption=sentence(
                "In the order of work: mean rating (the scale's ends at 0 and 100), and the probability of each corner "
                "of the map."
                if self.tells
                else "Mean rating (the scale's ends at 0 and 100), share of what is explained, and the probability of "
                "being below the target. Whether a driver matters cannot be said here."
            ),
            people=None,
            columns={
                "label": _driver(),
                **rank,
                "performance": Column(sentence("performance")),
                "importance": Column(sentence("importance"), "share"),
                **(corners if self.tells else {"p_below": Column(sentence("P(below target)"), "share")}),
            },
        )

    @property
    def what_if(self) -> Iterator[Showable]:
        """What raising each driver goes with."""
        yield findings.room(self)
        yield Figure(
            name="what_if",
            draw=partial(figures.draw_what_if, self),
            title=sentence("Gain by driver"),
            alt=figures.describe_what_if(self),
            caption=sentence(
                "Change predicted for all when the reported rating is higher, with intervals; an association, not a "
                "promise."
            ),
        )
        measure, unit = self.measure, "share" if self.measure == "top_box" else ""
        columns = {
            "label": _driver(),
            "reached": Column(sentence("reached"), "share"),
            measure: Column(measure_label(measure), unit),
            f"{measure}_lower": Column(sentence("lower"), unit),
            f"{measure}_upper": Column(sentence("upper"), unit),
            "p_gain": Column(sentence("P(gain)"), "share"),
        }
        if self.order:
            near = percent(round(1 - AS_GOOD, 2))
            columns["p_largest"] = Column(sentence("P(largest)"), "share")
            columns["p_as_good"] = Column(sentence("P(within {margin} of it)", margin=near), "share")
        yield Table(
            name="what_if",
            frame=self.what_if_table,
            caption=sentence(
                "Change of the outcome for each driver rated higher alone; reached: share of all who answered who can "
                "rate it higher."
            ),
            people=None,
            columns=columns,
        )

    @property
    def priorities(self) -> Iterator[Showable]:
        """The order of work."""
        yield findings.priorities(self)
        table = self.priority_table
        gain = "share" if self.measure == "top_box" else unit_of(self.measure)
        columns = {
            "label": _driver(),
            "impact": Column(sentence("impact"), gain),
        }
        if self.tells:
            columns["certainty"] = Column(sentence("certainty"), "share")
            columns["score"] = Column(sentence("score"))
        columns["affected"] = Column(sentence("affected"), "share")
        if table["trend"].notna().any():
            columns["trend"] = Column(sentence("trend"), str(table.attrs["unit"]))
            columns["p_falling"] = Column(sentence("P(falling)"), "share")
        yield Table(
            name="priorities",
            frame=table,
            caption=sentence(
                "Order of work (score: impact × certainty, the largest 100); affected: of those who rated it, rated "
                "below the target."
                if self.tells
                else "Change of the outcome for each driver rated higher (impact), which may belong to another driver; "
                "affected: of those who rated it, rated below the target."
            ),
            people=None,
            columns=columns,
        )

    @property
    def segments(self) -> Iterator[Showable]:
        """Performance by segment and touchpoint: weak everywhere, or in places only."""
        yield group_findings.local(self)
        by = {"by": Column(sentence("by")), "segment": Column(sentence("group"))} if self.splits else {}
        yield Table(
            name="segments",
            frame=self.segment_table,
            caption=sentence(
                "Mean rating as observed, with chance taken out (performance), and probability of being below the "
                "target."
            ),
            people=People(count="n", by=["segment"], within=["by", "driver", "label"]),
            columns={
                **by,
                "label": _driver(),
                "n": Column(sentence("n")),
                "observed": Column(sentence("observed")),
                "performance": Column(sentence("performance")),
                "p_weak": Column(sentence("P(below target)"), "share"),
            },
        )

    @property
    def segment_effects(self) -> Iterator[Showable]:
        """Effects by segment, alone and partially pooled; nothing where effects do not differ by a column."""
        yield group_findings.matters_for_some(self)
        if len(self.model.ratings.segments) < 2:
            return
        yield Figure(
            name="segment_effects",
            draw=partial(figures.draw_segment_effects, self),
            title=sentence("Effect by segment"),
            alt=figures.describe_segment_effects(self),
            caption=sentence(
                "The most important drivers, with intervals. Segments with too few answers have no effect of their own."
            ),
        )
        unit = self.model.effect_unit
        yield Table(
            name="segment_effects",
            frame=self.effect_table,
            caption=sentence(
                "Effect of 10 points of 100 of the rating in each segment alone, and partially pooled by the model."
            ),
            people=People(count="n", by=["segment"], within=["driver", "label"]),
            columns={
                "segment": Column(sentence("segment")),
                "label": _driver(),
                "n": Column(sentence("n")),
                "alone": Column(sentence("alone"), unit),
                "effect": Column(sentence("effect"), unit),
                "lower": Column(sentence("lower"), unit),
                "upper": Column(sentence("upper"), unit),
            },
        )

    @property
    def asymmetry(self) -> Iterator[Showable]:
        """Penalty and reward, and drivers whose ratings go together."""
        yield findings.asymmetry(self)
        unit = self.model.effect_unit
        kinds = {
            "must_be": Column(sentence("must be"), "share"),
            "one_dimensional": Column(sentence("one dimensional"), "share"),
            "attractive": Column(sentence("attractive"), "share"),
            "indifferent": Column(sentence("indifferent"), "share"),
            "reversed": Column(sentence("reversed"), "share"),
        }
        yield Table(
            name="asymmetry",
            frame=self.asymmetry_table,
            caption=sentence(
                "Effect of 10 points of 100 below and above the middle of the scale, and the probability of each kind "
                "of driver."
                if self.tells
                else "Effect of 10 points of 100 below and above the middle of the scale, which may belong to another "
                "driver."
            ),
            people=None,
            columns={
                "label": _driver(),
                "below": Column(sentence("below"), unit),
                "above": Column(sentence("above"), unit),
                **(kinds if self.tells else {}),
            },
        )
        yield Table(
            name="driver_groups",
            frame=self.group_table.drop(columns="members"),
            caption=sentence(
                "Drivers whose ratings go together, whether better ratings of them go with more than those of the "
                "rest, and whether they are to be fixed."
                if self.tells
                else "Drivers whose ratings go together, and whether better ratings of them go with more than those of "
                "the rest."
            ),
            people=None,
            columns={
                "drivers": Column(sentence("drivers")),
                "share": Column(sentence("share"), "share"),
                "contrast": Column(sentence("contrast")),
                "lower": Column(sentence("lower")),
                "upper": Column(sentence("upper")),
                "p_above": Column(sentence("P(more than the rest)"), "share"),
                "performance": Column(sentence("performance")),
                **({"fix_first": Column(sentence("P(matter, below target)"), "share")} if self.tells else {}),
            },
        )


def _driver() -> Column:
    return Column(sentence("driver"))


def summarise(
    model: DriverModel,
    *,
    target: float = 75,
    smallest_effect: float = 0.04,
    scenario: Scenario = "tenth",
    moved: float = 1.0,
) -> DriverSummary:
    """Ask a fitted model what a report needs.

    Parameters
    ----------
    model
        The fitted model; its ratings say what people are split by.
    target
        Performance aimed at: mean rating, the scale's ends at 0 and 100.
    smallest_effect
        Log-odds for a tenth of a rating's scale below which an effect is called indifferent.
    scenario, moved
        How drivers are raised, and for which share of those whom that is about, see `what_if`.

    Raises
    ------
    ParameterError
        Drivers on different scales raised by one point, which is much of one scale and little of another.
    """
    reach = np.ptp(model.ratings.ends, axis=1)
    if scenario == "one_point" and reach.max() > reach.min():
        raise ParameterError(
            sentence(
                "what_if: got one_point for drivers on scales of {low} to {high} points, expected tenth or one_sd: a "
                "point is not as much of each of these scales.",
                low=number(float(reach.min()) + 1),
                high=number(float(reach.max()) + 1),
            )
        )
    return DriverSummary(
        model=model,
        target=target,
        smallest_effect=smallest_effect,
        changes=model.changes(scenario, moved),
        scenario=scenario,
        moved=moved,
        splits=groupings(model.ratings),
    )
