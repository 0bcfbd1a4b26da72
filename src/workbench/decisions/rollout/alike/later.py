"""What came after the start: who was followed, answered, left and was elsewhere, and what was before it by month."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.rollout.alike import apart
from workbench.decisions.rollout.alike.dealt import MOST_NAMED, MOST_TOLD
from workbench.decisions.rollout.alike.told import Told, told
from workbench.statistics.draws import CROSSED
from workbench.wording import listing, month, number, p_value, percent, plural, sentence

SUSPECT = 0.01
"""p-value below which arms are said to differ in what they should share: of ten such tests of a sound pilot one in ten
pilots warns."""


def checks(pilot: Any, outcomes: Sequence[Any], over: np.ndarray) -> Iterator[Told]:
    """All that came after the start, and the primary outcome before it.

    Parameters
    ----------
    pilot
        As `rollout.pilot.Pilot` has it, with a control.
    outcomes
        As `features.trials.Outcome` has them, the primary one first.
    over : (n,) bool
        Of whom it is known what came of them at the end of the window.
    """
    yield from _lost(pilot, outcomes, over)
    yield from _leaving(pilot, outcomes)
    yield from _before(pilot, outcomes[0])
    yield from _elsewhere(pilot)


def _lost(pilot: Any, outcomes: Sequence[Any], over: np.ndarray) -> Iterator[Told]:
    """Whether more of one arm than of another were followed to the end of their window, or answered."""
    asked = [each for each in outcomes if each.measure.table == "surveys" and each.measure.column == each.measure.name]
    yield from _alike(
        pilot,
        "pilot_followed",
        over,
        sentence("followed to the end"),
        (sentence("Followed alike"), sentence("Arms were followed unlike")),
    )
    if asked:  # of those who were there to answer: who left is told beside it
        staying = _staying(outcomes)
        yield from _alike(
            pilot,
            "pilot_answered",
            asked[0].known,
            sentence("answering"),
            (sentence("Answered alike"), sentence("Arms answered unlike")),
            among=None if staying is None else staying.after == 1,
            counts=outcomes[0].measure.table == "surveys",
        )


def _staying(outcomes: Sequence[Any]) -> Any:
    return next((each for each in outcomes if each.measure.kind == "staying"), None)


def _alike(
    pilot: Any,
    name: str,
    there: np.ndarray,
    what: str,
    titles: tuple[str, str],
    *,
    among: np.ndarray | None = None,
    counts: bool = True,
) -> Iterator[Told]:
    """Whether as many of each arm are there, unless all are, or nobody."""
    rows = np.ones(len(there), dtype=bool) if among is None else among
    arm, there = pilot.roster["arm"].to_numpy()[rows], there[rows]
    if there.all() or not there.any():
        return
    p = apart.unlike(arm, None if pilot.unit is None else pilot.unit[rows], there)
    names = {"what": what, "shares": _shares(arm, there), "p": p_value(p)}
    if p < SUSPECT:
        message = sentence(
            "The arms differ in who was {what} ({shares}; p {p}): outcomes of those alone compare different sorts of "
            "customers.",
            **names,
        )
        yield told(name, "warn", message, titles[1], p, SUSPECT, counts=counts)
    else:
        message = sentence(
            "{shares} were {what}: not clearly apart (p {p}, doubtful below {line}).", line=number(SUSPECT), **names
        )
        yield told(name, "pass", message, titles[0], p, SUSPECT, counts=counts)


def _shares(arm: np.ndarray, there: np.ndarray) -> str:
    return listing([f"{percent(float(there[arm == each].mean()))} {each}" for each in sorted(set(arm))])


def _leaving(pilot: Any, outcomes: Sequence[Any]) -> Iterator[Told]:
    """Whether other sorts of customers stayed, of outcomes that only those have who stayed.

    Who stays is an outcome: that the arms differ in it is found, and no fault of the comparison. Sums count those who
    left, as 0 after it; answers, and shares of contacts, only those have who are still there.
    """
    staying = _staying(outcomes)
    selected = [each for each in outcomes if each.measure.table == "surveys" or each.of is not None]
    if staying is None or not selected:
        return
    known = np.isfinite(staying.after)
    arm, there = pilot.roster["arm"].to_numpy()[known], staying.after[known] == 1
    if there.all() or not there.any():
        return
    p = apart.unlike(arm, None if pilot.unit is None else pilot.unit[known], there)
    labels = [f"“{each.measure.label}”" for each in selected]
    names = {
        "shares": _shares(arm, there),
        "p": p_value(p),
        "labels": listing(labels[:MOST_NAMED] + ["…"] * (len(labels) > MOST_NAMED)),
    }
    counts = outcomes[0] in selected
    if p < SUSPECT:
        message = sentence(
            "The arms differ in who was still there ({shares}; p {p}). That is a finding by itself; {labels}, which "
            "only those tell who stayed, compare different sorts of customers.",
            **names,
        )
        title = sentence("Who stayed differs, and tells other outcomes")
        yield told("pilot_leaving", "warn", message, title, p, SUSPECT, counts=counts)
    else:
        message = sentence(
            "{shares} were still there (p {p}, doubtful below {line}): too little apart to make those who tell "
            "{labels} different sorts of customers.",
            line=number(SUSPECT),
            **names,
        )
        title = sentence("As many stayed to tell it")
        yield told("pilot_leaving", "pass", message, title, p, SUSPECT, counts=counts)


def _before(pilot: Any, primary: Any) -> Iterator[Told]:
    """Whether arms differed in the primary outcome before anything was done (or knew what was coming)."""
    groups = apart.by_arm(pilot.roster["arm"].to_numpy(), pilot.unit, primary.before)
    each_arm = len(groups) == len(pilot.counts()) and all(len(each) > 1 for each in groups)
    if not each_arm or not np.concatenate(groups).std() > 0:
        return  # there is no time before it, or too little of it
    p = apart.equal(groups)
    names = {"label": primary.measure.label, "p": p_value(p)}
    if p < SUSPECT:
        message = sentence("The arms differed in “{label}” before the start already (p {p}).", **names)
        yield told("pilot_anticipation", "warn", message, sentence("Arms differed in it before"), p, SUSPECT)
    else:
        message = sentence(
            "Before the start “{label}” of the arms was not clearly apart (p {p}, doubtful below {line}).",
            line=number(SUSPECT),
            **names,
        )
        yield told("pilot_anticipation", "pass", message, sentence("Same outcome before"), p, SUSPECT)


def by_month(pilot: Any, primary: Any, waves: Any) -> Iterator[Told]:
    """Of starts one after the other: the months before them, and the months that cannot be told.

    Parameters
    ----------
    pilot, primary
        Who was dealt what, and the outcome that decides.
    waves
        As `rollout.estimators.Waves` has them.
    """
    for arm in pilot.arms if primary.measure.name in waves.monthly.values else ():
        found = waves.imputed(primary.measure, arm)
        if found is None:
            continue
        names = {"label": primary.measure.label, "arm": arm}
        if np.isfinite(found.before_p):
            broken = found.before_p < SUSPECT
            said = (
                sentence(
                    "“{label}” moved apart in the months before {arm} already (p {p}).",
                    p=p_value(found.before_p),
                    **names,
                )
                if broken
                else sentence(
                    "“{label}” did not move apart in the months before {arm} (p {p}).",
                    p=p_value(found.before_p),
                    **names,
                )
            )
            title = sentence("It moved apart before") if broken else sentence("Side by side before")
            yield told(f"pilot_leads_{arm}", "warn" if broken else "pass", said, title, found.before_p, SUSPECT)
        if found.left_out:
            months = listing([month(pd.Timestamp(each).date()) for each in found.left_out[:MOST_TOLD]])
            yield told(
                f"pilot_months_{arm}",
                "warn",
                sentence(
                    "Nobody was without {arm} in {months}: these months are left out, as nothing tells what would have "
                    "been.",
                    months=months,
                    **names,
                ),
                sentence("Months without a control"),
                len(found.left_out),
                counts=False,
            )
        if found.lost:
            yield told(
                f"pilot_seen_{arm}",
                "warn" if found.lost > CROSSED * found.total.n else "pass",
                plural(
                    "{n} customer of {all} was never seen without {arm} and tells nothing.",
                    "{n} customers of {all} were never seen without {arm} and tell nothing.",
                    found.lost,
                    all=number(found.total.n),
                    arm=arm,
                ),
                sentence("Never seen without it"),
                found.lost,
                counts=False,
            )


def _elsewhere(pilot: Any) -> Iterator[Told]:
    if not pilot.elsewhere.any():
        return
    arm = pilot.roster["arm"].to_numpy()
    p = apart.unlike(arm, pilot.unit, pilot.elsewhere)
    names = {"shares": _shares(arm, pilot.elsewhere), "p": p_value(p)}
    if p < SUSPECT:
        message = sentence(
            "More of one arm were in other initiatives meanwhile ({shares}; p {p}): their effects are mixed in.",
            **names,
        )
        yield told("pilot_elsewhere", "warn", message, sentence("Other initiatives mixed in"), p, SUSPECT)
    else:
        message = sentence(
            "{shares} were in other initiatives meanwhile: not clearly apart (p {p}, doubtful below {line}).",
            line=number(SUSPECT),
            **names,
        )
        yield told("pilot_elsewhere", "pass", message, sentence("Other initiatives alike"), p, SUSPECT)
