"""All customers and the groups of each segment beside each other: what leads, what is compared, what is drawn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from workbench.exhibits import Column, Kept, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.curves.curves import Curves
from workbench.models.survival.curves.group_table import groups_exhibit
from workbench.models.survival.curves.hazard_by_tenure import rate_by_tenure
from workbench.models.survival.curves.informative_censoring import Censoring, informative_censoring
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import caption_of_tests, different, differing_segments, log_rank
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.wording import sentence

MOST_SEGMENTS_DRAWN = 2
"""A figure each; a reader compares two at a glance, and the table has the others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupCurves:
    """Kaplan–Meier curves of all customers and of each segment, with what their comparison needs.

    Attributes
    ----------
    overall
        The curve of all customers.
    by_segment
        Curves of each segment, the one whose groups lie farthest apart first.
    horizons
        When to look, in the time unit of the lifetimes: those asked for that the data reach.
    tests
        From `log_rank`, a row a segment.
    reach
        Checks of which horizons the data reach: of all customers, and of each segment.
    censoring
        Whether follow-up depends on who customers are.
    """

    overall: Curves
    by_segment: tuple[Curves, ...]
    horizons: tuple[float, ...]
    tests: pd.DataFrame
    reach: tuple[Check, ...]
    censoring: Censoring

    @property
    def doubt(self) -> tuple[Check, ...]:
        """The check of informative censoring; empty where nothing could be compared."""
        return self.censoring.checks

    @property
    def pairs(self) -> int:
        """Pairs of groups that are compared, over all segments: chosen after looking, all of them count."""
        return sum(each.pairs for each in self.by_segment)

    @cached_property
    def differing(self) -> list[Curves]:
        """Segments whose groups leave at different rates by the log-rank test."""
        names = different(self.tests)
        return [each for each in self.by_segment if each.by in names]

    @cached_property
    def leading(self) -> Curves:
        """The differing segment whose groups lie farthest apart for sure; all customers where there is none."""
        separation = {id(each): each.separation(self.horizons, pairs=self.pairs) for each in self.differing}
        return max([self.overall, *self.differing], key=lambda each: separation.get(id(each), 0.0))

    @property
    def drawn(self) -> list[Curves]:
        """What is drawn: at most two segments that differ, and all customers."""
        differing = [each for each in self.by_segment if each in self.differing or each is self.leading]
        return [*differing[:MOST_SEGMENTS_DRAWN], self.overall]

    def findings(self) -> Iterator[Finding]:
        """Who stays shortest, all customers, how far the leading segment's groups lie apart, and what else differs."""
        headline = self.leading.headline(self.horizons, doubt=self.doubt)
        if headline.id != "survival":  # of all customers the share that stays says the same
            yield headline
        yield self.overall.share_staying(self.horizons, doubt=self.doubt, average=self.censoring.average)
        yield from self.leading.differences(self.horizons, pairs=self.pairs)
        compared = [each.by for each in self.by_segment if each.by and each.separation(self.horizons, pairs=self.pairs)]
        yield from differing_segments(self.tests, besides=compared, lapse=self.overall.lapse)

    def checks(self) -> tuple[Check, ...]:
        """How far the data reach, which groups are shown together, whether the rate falls, informative censoring."""
        whole, *segments = self.reach
        gathered = zip(self.by_segment, segments, strict=True)
        return (
            whole,
            *rate_by_tenure(self.overall),
            *(check for each, within in gathered for check in (*each.checks, within)),
            *self.doubt,
        )

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, findings and checks, the figures, the table of all groups, the curves for machines, the tests."""
        yield self.overall.metrics(self.horizons)
        yield self.findings()
        yield self.checks()
        yield (each.figure(self.horizons) for each in self.drawn)
        curves = [self.overall, *self.by_segment]
        yield groups_exhibit(curves, self.horizons)
        yield (Kept(name=each.name, frame=each.at(self.horizons)) for each in curves)  # no group is small
        if self.by_segment:
            yield self.tests_table()

    def tests_table(self) -> Table:
        """The log-rank tests."""
        columns = {
            "label": Column(sentence("attribute")),
            "groups": Column(sentence("groups")),
            "customers": Column(sentence("customers")),
            "statistic": Column(sentence("statistic")),
            "degrees_of_freedom": Column(sentence("degrees of freedom")),
            "p_value_holm": Column(sentence("p (Holm)"), "p"),
        }
        return Table(
            name="log_rank",
            frame=self.tests,
            caption=caption_of_tests(lapse=self.overall.lapse),
            people=People(count="customers", within=["segment", "label"]),
            columns=columns,
        )


def group_curves(
    lifetimes: Lifetimes,
    horizons: Iterable[float] | None = None,
    *,
    attributes: Iterable[str] = (),
    random_seed: int = 0,
) -> GroupCurves:
    """Kaplan–Meier curves of all customers and of each segment of the lifetimes.

    Parameters
    ----------
    lifetimes
        With their segments.
    horizons
        When to look, in the time unit of the lifetimes; the usual ones that the data reach where it is None.
    attributes
        Columns beside the segments by which informative censoring is looked for.
    random_seed
        Draws customers where there are very many.

    Raises
    ------
    DataError
        When no horizon is left for the curve of all customers.
    """

    def curves(by: str | None = None) -> Curves:
        return kaplan_meier(
            lifetimes.frame,
            by=by,
            confidence=lifetimes.confidence,
            time_unit=lifetimes.time_unit,
            labels=lifetimes.labels,
            lapse=lifetimes.lapsing,
            rounded=lifetimes.rounded,
        )

    overall = curves()
    reached, within = overall.within(horizons or lifetimes.usual_horizons())
    by_segment = [curves(segment) for segment in lifetimes.segments]
    pairs = sum(each.pairs for each in by_segment)
    by_segment.sort(key=lambda each: each.separation(reached, pairs=pairs), reverse=True)
    return GroupCurves(
        overall=overall,
        by_segment=tuple(by_segment),
        horizons=reached,
        tests=log_rank(lifetimes.frame, lifetimes.segments, labels=lifetimes.labels),
        reach=(within, *(each.within(reached)[1] for each in by_segment)),
        censoring=informative_censoring(
            overall,
            lifetimes.frame,
            [*lifetimes.segments, *attributes],
            reached,
            labels=lifetimes.labels,
            random_seed=random_seed,
        ),
    )
