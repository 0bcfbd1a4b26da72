"""Whether the comparison is fair: who was dealt what, who was lost, who answered, what else went on. Page one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.decisions.rollout.alike import dealt, later
from workbench.decisions.rollout.alike.told import Told
from workbench.decisions.rollout.effects import RECORDED, Followed, Measured
from workbench.decisions.rollout.estimators import Waves
from workbench.decisions.rollout.pilot import Pilot
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check, Finding
from workbench.wording import label_of, number, plural, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Fairness:
    """All tests of one pilot.

    Attributes
    ----------
    checks
        All that is said of it, in words.
    tested
        Names of those that compare the arms and might have spoken against them: neither what is only recorded or could
        not be seen, nor a remedy that was taken, nor what makes an interval wide.
    ratio_p
        Of the sizes of the arms; None where nothing says what they should be.
    balance
        How far arms lie apart in what was known before: `column`, `arm`, `treated`, `control`, `apart` (standard
        deviations), `lower`, `upper`.
    experimental
        Whether chance decided, and nothing contradicts it.
    """

    checks: tuple[Check, ...]
    tested: frozenset[str]
    ratio_p: float | None
    balance: pd.DataFrame
    experimental: bool

    @property
    def tests(self) -> list[Check]:
        """Those that count."""
        return [each for each in self.checks if each.name in self.tested]

    @property
    def doubts(self) -> list[str]:
        """Titles of the tests that warn or fail."""
        return [each.title for each in self.tests if each.status != "pass"]

    def exhibits(self) -> Iterator[Showable]:
        """The finding, the tests and the table of balance."""
        if self.tests:  # of nobody who could be compared nothing is fair or unfair
            yield self._finding()
        yield from self.checks
        yield {"ratio_p": self.ratio_p}
        if len(self.balance):
            yield Table(
                name="balance",
                frame=self.balance.assign(column=[_standing(each) for each in self.balance["column"]]),
                caption=sentence(
                    "What was known before the start, by arm: how many standard deviations it lies apart from the "
                    "control, with 90% intervals."
                ),
                people=None,
                columns={
                    **({"arm": Column(sentence("Arm"))} if self.balance["arm"].nunique() > 1 else {}),
                    "column": Column(sentence("Known before")),
                    "apart": Column(sentence("Apart"), sentence("standard deviations")),
                    "lower": Column(sentence("Lower")),
                    "upper": Column(sentence("Upper")),
                },
            )

    def _finding(self) -> Finding:
        count, passed = len(self.tests), len(self.tests) - len(self.doubts)
        if not self.doubts:
            said = plural(
                "The comparison is fair: one test finds nothing against it.",
                "The comparison is fair: {n} tests find nothing against it.",
                count,
            )
        else:
            said = plural(
                "The comparison is in doubt: {n} of {all} tests speaks against it (“{first}”).",
                "The comparison is in doubt: {n} of {all} tests speak against it (first “{first}”).",
                len(self.doubts),
                all=number(count),
                first=self.doubts[0],
            )
        return Finding(
            id="fair",
            statement=said,
            estimate=passed,
            unit=sentence("tests passed"),
            evidence="descriptive",
            table="balance" if len(self.balance) else None,
        )


def _standing(column: str) -> str:
    """A column's name as it stands by itself."""
    words = label_of(None, column)
    return words[:1].upper() + words[1:]


def examine(
    pilot: Pilot,
    followed: Followed,
    outcomes: Sequence[Measured],
    primary: Measured,
    days: int | None,
    waves: Waves | None = None,
) -> Fairness:
    """Test whether arms differ in nothing but what was dealt.

    Parameters
    ----------
    pilot
        Who was dealt what.
    followed
        What is recorded of them.
    outcomes, primary
        After the start; the primary one is the first of them.
    days
        Length of the window; None where nothing is dated.
    waves
        Of starts one after the other: all by month.
    """
    told: list[Told] = []
    if pilot.draw is not None:
        told += dealt.checks(pilot)
        if waves is not None:
            told += later.by_month(pilot, primary, waves)
        elif pilot.control:
            recorded = not days or primary.measure.table in RECORDED
            told += later.checks(pilot, outcomes, primary.known if recorded else followed.reach() >= days)
    return Fairness(
        checks=tuple(check for check, _ in told),
        tested=frozenset(check.name for check, counts in told if counts),
        ratio_p=pilot.draw.ratio_p if pilot.draw is not None and pilot.design.by_chance else None,
        balance=dealt.balance(pilot),
        experimental=pilot.experimental,
    )
