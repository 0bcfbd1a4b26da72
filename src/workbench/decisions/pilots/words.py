"""What pilots teach, in words and tables."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from workbench.decisions.pilots.arms import Reason
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.wording import listing, number, sentence, shown

if TYPE_CHECKING:
    from workbench.decisions.pilots.learnt import Lesson

WIDE = 1.6448536269514722
"""Standard deviations on either side that hold 90% of a normal distribution."""
APART = 0.1
"""Standard deviations by which arms may differ in what was known before, and still count as balanced (Austin 2009)."""


def told(lessons: "Sequence[Lesson]", silent: Sequence[tuple[str, Reason]]) -> Iterator[Showable]:
    """Findings, checks and the table.

    Parameters
    ----------
    lessons
        What pilots teach.
    silent
        Those that teach nothing, by reason.
    """
    for each in lessons:
        yield _finding(each)
    yield from (_source(each) for each in lessons if each.run)
    yield from (_staying(each) for each in lessons if each.staying is not None)
    yield from _balance(lessons)
    yield from _silent(silent)
    if lessons:
        yield _table(lessons)


def table_of(lessons: "Sequence[Lesson]") -> pd.DataFrame:
    """One row a pilot: prior, what it says, posterior, and what speaks for or against it.

    Parameters
    ----------
    lessons
        What pilots teach.
    """
    rows = []
    for each in lessons:
        treated, control = each.arms.counts
        before, placebo = each.lifted.before, each.lifted.placebo
        rows.append(
            {
                "initiative": each.stated.name,
                "driver": each.stated.driver,
                "evidence": each.evidence,
                "treated": treated,
                "control": control,
                "customers": min(treated, control),
                "answers_treated": each.lifted.lift.treated,
                "answers_control": each.lifted.lift.control,
                "prior": each.stated.lift,
                "prior_sd": each.stated.lift_sd,
                "pilot": each.estimate,
                "pilot_sd": each.error,
                "posterior": each.posterior[0],
                "posterior_sd": each.posterior[1],
                "raw": each.raw[0],
                "raw_sd": each.raw[1],
                "before": None if before is None else before.estimate,
                "before_sd": None if before is None else before.error,
                "placebo": None if placebo is None else placebo.estimate,
                "placebo_sd": None if placebo is None else placebo.error,
                "apart": max(each.arms.draw.apart.values(), default=None),
                "staying": None if each.staying is None else each.staying.effect,
                "staying_sd": None if each.staying is None else each.staying.error,
                "staying_expected": None if each.staying is None else each.staying.expected,
            }
        )
    return pd.DataFrame(rows)


def _finding(each: "Lesson") -> Finding:
    about = {
        "name": each.stated.name,
        "pilot": number(each.estimate, 2),
        "prior": number(each.stated.lift, 2),
        "posterior": number(each.posterior[0], 2),
    }
    return Finding(
        id=f"pilot_{each.stated.name}",
        statement=sentence(
            "The pilot of {name} lifted the experience by {pilot}; {prior} was expected, so we count on {posterior}.",
            **about,
        )
        if each.arms.by_lot
        else sentence(
            "Beside others who had rated alike, the pilot of {name} went with {pilot}; {prior} was expected, so we "
            "count on {posterior}.",
            **about,
        ),
        estimate=each.estimate,
        interval=(each.estimate - WIDE * each.error, each.estimate + WIDE * each.error),
        interval_kind=sentence("90% credible (draws of pilot_evaluation)")
        if each.run and not each.why_not
        else sentence("90% credible (Bayesian bootstrap)"),
        unit=sentence("standard deviations of the experience"),
        evidence=each.evidence,
        n=sum(each.arms.counts),
        table="pilots",
    )


def _source(each: "Lesson") -> Check:
    """Whose estimate of the lift counts."""
    about = {"name": each.stated.name, "run": each.run, "driver": shown(each.stated.driver), "why": each.why_not}
    if each.why_not:
        said = sentence(
            "The run {run} of pilot_evaluation does not tell the lift of {name}: {why}. It is estimated here.", **about
        )
    else:
        said = sentence(
            "The lift of {name} is the effect on ratings of {driver} that the run {run} of pilot_evaluation found.",
            **about,
        )
    return Check(
        name=f"pilot_run_{each.stated.name}",
        status="pass",
        title=sentence("Where the lift of a pilot comes from"),
        message=said,
    )


def _staying(each: "Lesson") -> Check:
    staying = each.staying
    assert staying is not None
    return Check(
        name=f"pilot_staying_{each.stated.name}",
        status="pass",
        title=sentence("What a pilot cannot tell"),
        message=sentence(
            "Of {n} customers in the pilot of {name}, {effect} of 100 more stayed {months} months (± {error}); "
            "{expected} are expected. It teaches the lift, not what that does to leaving.",
            n=number(float(sum(each.arms.counts))),
            name=each.stated.name,
            effect=_hundredths(staying.effect),
            error=number(100 * staying.error, 2),
            expected=_hundredths(staying.expected),
            months=number(float(staying.months)),
        )
        if not staying.tells
        else sentence(
            "Of {n} customers in the pilot of {name}, {effect} of 100 more stayed {months} months (± {error}); "
            "{expected} are expected. It is large enough to tell.",
            n=number(float(sum(each.arms.counts))),
            name=each.stated.name,
            effect=_hundredths(staying.effect),
            error=number(100 * staying.error, 2),
            expected=_hundredths(staying.expected),
            months=number(float(staying.months)),
        ),
        value=staying.effect,
    )


def _hundredths(share: float) -> str:
    """Customers of 100, to a hundredth of one."""
    return number(round(100 * share, 2), 2)


def _balance(lessons: "Sequence[Lesson]") -> Iterator[Check]:
    """How far the arms lay apart, where chance did not decide."""
    for each in lessons:
        if each.arms.by_lot:
            continue
        apart = each.arms.draw.apart
        worst = max(apart, key=lambda name: apart[name], default="")
        before = each.lifted.before
        yield Check(
            name=f"pilot_chosen_{each.stated.name}",
            status="warn",
            title=sentence("A pilot's arms were not dealt by lot"),
            message=sentence(
                "Who was in the pilot of {name} was not drawn by lot: before, its arms lay {before} ± {error} apart in "
                "ratings and up to {apart} in what was known ({what}). The first is taken off; the rest is assumed to "
                "last.",
                name=each.stated.name,
                before=number(None if before is None else before.estimate, 2),
                error=number(None if before is None else before.error, 2),
                apart=number(apart.get(worst), 2),
                what=shown(worst) if worst else sentence("nothing"),
            ),
            value=apart.get(worst),
            threshold=APART,
        )


def _silent(silent: Sequence[tuple[str, Reason]]) -> Iterator[Check]:
    words: dict[Reason, str] = {
        "control": sentence("no arm of these is named as control: write control under design in dataset.yaml"),
        "one_arm": sentence("all customers of these are in one arm, so there is nobody to compare with"),
        "later": sentence("these begin after the records end"),
        "undated": sentence("these have no start"),
        "few": sentence("too few rated the touchpoint of these, in an arm, before or after the start"),
        "drifted": sentence("ratings of the arms of these were drifting apart before the start"),
    }
    for reason, why in words.items():
        names = [shown(name) for name, own in silent if own == reason]
        if names:
            yield Check(
                name=f"pilots_{reason}",
                status="warn",
                title=sentence("A pilot that teaches nothing"),
                message=sentence(
                    "Pilots that teach nothing, {why}: {names}. Lifts stay as they are stated.",
                    why=why,
                    names=listing(names),
                ),
                value=float(len(names)),
            )


def _table(lessons: "Sequence[Lesson]") -> Table:
    frame = table_of(lessons)
    return Table(
        name="pilots",
        frame=frame,
        caption=sentence("Lifts as they were stated, what pilots say of them, and what we count on: both together."),
        people=People(count="customers", within=["initiative"]),
        columns={
            "initiative": Column(sentence("Initiative")),
            "evidence": Column(sentence("Evidence")),
            "treated": Column(sentence("Treated")),
            "control": Column(sentence("Control")),
            "prior": Column(sentence("As stated")),
            "prior_sd": Column("±"),
            "pilot": Column(sentence("Pilot")),
            "pilot_sd": Column("±"),
            "posterior": Column(sentence("Together")),
            "posterior_sd": Column("±"),
            "before": Column(sentence("Apart before")),
            "placebo": Column(sentence("Placebo")),
            "apart": Column(sentence("Largest imbalance")),
        },
    )
