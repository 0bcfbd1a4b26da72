"""How arms were dealt: whether chance decided, of the right sizes, alike before, and whether a control stayed one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.decisions.rollout.alike import apart
from workbench.decisions.rollout.alike.told import Told, told
from workbench.findings import Status
from workbench.models.trials.units.compared import FEW_UNITS
from workbench.models.trials.within import start_bands
from workbench.statistics.draws import BROKEN, CROSSED, design_matrix
from workbench.wording import listing, number, p_value, sentence, shown

FEWEST_UNITS = 6
"""Units of which an interval of 90% has ends: of the 20 ways to deal three of six, two are as extreme as the most."""
MOST_TOLD = 12  # rows of the table of balance
MOST_NAMED = 3  # columns in one sentence


def checks(pilot: Any) -> Iterator[Told]:
    """All that the draw, or the choice, shows of itself.

    Parameters
    ----------
    pilot
        As `rollout.pilot.Pilot` has it, with somebody who can be compared.
    """
    yield _design(pilot)
    if pilot.design.by_chance:  # of what nobody drew no size is wrong
        yield _ratio(pilot)
    yield _balance(pilot)
    yield from _few_units(pilot)
    if pilot.control:
        yield from _starts(pilot)
    yield from _contamination(pilot)


def _design(pilot: Any) -> Told:
    words = {
        "randomised": sentence("chance dealt the arms to customers"),
        "stratified": sentence("chance dealt the arms to customers, within groups"),
        "clustered": sentence("chance dealt the arms to whole units"),
        "staggered": sentence("all came in one after the other, in an order by lot")
        if pilot.design.by_chance
        else sentence("all came in one after the other, and no lot is recorded for the order (probability)"),
        "volunteers": sentence("customers chose themselves"),
        "chosen": sentence("somebody chose the customers"),
        "unknown": sentence("nobody says how customers came into the arms"),
    }
    said = words.get(pilot.design.assignment, words["unknown"])
    if pilot.contradicted:
        against = {
            "sizes": sentence("the arms have not the sizes that were drawn"),
            "before": sentence("the arms differed before the start"),
            "both": sentence("units are in more than one arm"),
        }
        return told(
            "pilot_design",
            "warn",
            sentence(
                "By its recorded design {said}, but {against}: no effect may be read off these numbers.",
                said=said,
                against=against[pilot.contradicted],
            ),
            sentence("The draw is contradicted"),
            counts=pilot.contradicted == "both",  # of the others there is a test of its own
        )
    if pilot.design.by_chance:
        return told(
            "pilot_design",
            "pass",
            sentence("By its recorded design {said}: what is found is an effect.", said=said),
            sentence("Chance decided"),
            counts=False,
        )
    return told(
        "pilot_design",
        "warn",
        sentence(
            "By its recorded design {said}. Whoever gets it differs from others in more than that: what is found may "
            "come from who they are, and is told as an association.",
            said=said,
        ),
        sentence("Chance did not decide"),
    )


def _few_units(pilot: Any) -> Iterator[Told]:
    """Too few units for an interval: what is told in its place, and how many would do."""
    if pilot.unit is None:
        return
    names = {"unit": pilot.design.unit, "n": number(len(set(pilot.unit)))}
    if pilot.route == "alone":
        yield told(
            "pilot_units",
            "warn",
            sentence(
                "One {unit} got it, of {n}: its change is ranked among those of the others, as if each had got it. "
                "The p-value is that rank over {n}; no regression can be surer.",
                **names,
            ),
            sentence("One treated unit"),
            counts=False,
        )
    elif len(set(pilot.unit)) < FEWEST_UNITS:
        yield told(
            "pilot_units",
            "warn",
            sentence(
                "Arms were dealt to {n} whole units ({unit}): too few for an interval. All ways to deal them anew give "
                "the p-value. Deal at least {least} next time; {well} tell well.",
                least=number(FEWEST_UNITS),
                well=number(FEW_UNITS),
                **names,
            ),
            sentence("Too few units for an interval"),
            float(len(set(pilot.unit))),
            FEWEST_UNITS,
            counts=False,
        )


def _ratio(pilot: Any) -> Told:
    draw = pilot.draw
    assert draw is not None
    sizes = listing([f"{number(n)} {arm}" for arm, n in draw.units.items()])
    if pilot.route == "waves" and pilot.control and not pilot.design.unit:
        sizes = sentence("first wave: {sizes}", sizes=sizes)
    title = sentence("Sizes of the arms")
    if draw.ratio_p is None:
        message = sentence("Nothing says how large the arms should be ({sizes}).", sizes=sizes)
        return told("pilot_ratio", "pass", message, title, counts=False)
    names = {"sizes": sizes, "p": p_value(draw.ratio_p)}
    if draw.ratio_p >= BROKEN:
        message = sentence("The arms have the sizes that were drawn ({sizes}; p {p}).", **names)
        return told("pilot_ratio", "pass", message, title, draw.ratio_p, BROKEN)
    if draw.expected:
        expected = listing([f"{number(round(draw.expected.get(arm, 0.0)))} {arm}" for arm in draw.units])
        message = sentence(
            "The draw was not carried out as planned: {sizes}, expected {expected} (p {p}). Nothing may be concluded. "
            "Find out which customers got lost, or mend probability: in dataset.yaml.",
            expected=expected,
            **names,
        )
    else:
        message = sentence(
            "The draw was not carried out as planned: {sizes}, not as their chances were (p {p}). Nothing may be "
            "concluded. Find out which customers got lost, or mend probability: in dataset.yaml.",
            **names,
        )
    return told("pilot_ratio", "fail", message, sentence("Arms of the wrong size"), draw.ratio_p, BROKEN)


def _balance(pilot: Any) -> Told:
    draw = pilot.draw
    assert draw is not None
    if draw.balance_p is None:
        message = sentence(
            "Nothing is known of customers before the start, so it cannot be seen whether the arms were alike: mark "
            "columns with use: before."
        )
        status: Status = "pass" if pilot.design.by_chance else "warn"
        return told("pilot_balance", status, message, sentence("Nothing known before"), counts=False)
    names = [shown(each) for each in draw.apart]
    columns = listing(names[:MOST_NAMED])
    if draw.balance_p < BROKEN:
        message = sentence(
            "The arms differed before the start, most in {columns} (p {p}).", columns=columns, p=p_value(draw.balance_p)
        )
        return told("pilot_balance", "warn", message, sentence("Arms differed before"), draw.balance_p, BROKEN)
    if len(names) > MOST_NAMED:
        columns = sentence(
            "{columns} and {n} more", columns=", ".join(names[:MOST_NAMED]), n=number(len(names) - MOST_NAMED)
        )
    message = sentence(
        "Before the start the arms were alike in all of this at once: {columns} (p {p}).",
        columns=columns,
        p=p_value(draw.balance_p),
    )
    return told("pilot_balance", "pass", message, sentence("Arms alike before"), draw.balance_p, BROKEN)


def _starts(pilot: Any) -> Iterator[Told]:
    if not pilot.dated or pilot.design.assignment == "staggered" or pilot.roster["start"].nunique() < 2:
        return
    counts = pd.crosstab(pilot.roster["start"], pilot.roster["arm"])
    p = float(stats.chi2_contingency(counts.to_numpy()).pvalue)
    if p < BROKEN:
        title = sentence("Arms started at different times")
        yield told("pilot_starts", "warn", _by_start(pilot, p), title, p, BROKEN, counts=False)
    else:
        message = sentence("The arms started at the same times (p {p}).", p=p_value(p))
        yield told("pilot_starts", "pass", message, sentence("Same starts"), p, BROKEN)


def _by_start(pilot: Any, p: float) -> str:
    """What is done where arms started at different times."""
    names = {"p": p_value(p)}
    bands = start_bands(pilot.roster, pilot.design) if pilot.design.by_chance else None
    if bands is None:
        return sentence(
            "The arms did not start at the same times (p {p}): what changed meanwhile may count as an effect.", **names
        )
    names |= {"n": number(pilot.roster["start"].nunique()), "bands": number(len(set(bands[0])))}
    if names["n"] == names["bands"]:
        return sentence(
            "The arms did not start at the same times (p {p}): they are compared within each start.", **names
        )
    return sentence(
        "The arms did not start at the same times (p {p}): as {n} starts are too many to compare within each, starts "
        "next to each other are taken together, and arms compared within {bands} periods.",
        **names,
    )


def _contamination(pilot: Any) -> Iterator[Told]:
    """Whether customers stayed where they were dealt first; of starts one after the other each month tells."""
    dealt = pilot.dealt
    if not (pilot.roster["arm"] == pilot.control).any() and not dealt.twice:
        return  # nobody could have got it who should not
    names = {"crossed": number(dealt.crossed), "changed": number(dealt.changed), "twice": number(dealt.twice)}
    share = dealt.moved(pilot.control)
    if pilot.route == "waves" and pilot.dated and (dealt.crossed or dealt.changed):
        message = sentence(
            "All count month by month as what they had: {crossed} customers of the control got it later, {changed} "
            "others changed their arm later; {twice} were in two arms at once and are left out.",
            **names,
        )
        yield told("pilot_contamination", "pass", message, sentence("Counted as what they had"), share, counts=False)
    elif share > CROSSED:
        message = sentence(
            "All count in the arm that they were dealt first (intention to treat). {crossed} customers of the control "
            "got it later, {changed} others changed their arm later; {twice} were in two arms at once and are left "
            "out. Had nobody changed, the effect would be larger than what is found.",
            **names,
        )
        yield told("pilot_contamination", "warn", message, sentence("The arms got mixed"), share, CROSSED)
    elif dealt.crossed or dealt.changed or dealt.twice:
        message = sentence(
            "All count in the arm that they were dealt first (intention to treat). {crossed} customers of the control "
            "got it later, {changed} others changed their arm later; {twice} were in two arms at once and are left "
            "out.",
            **names,
        )
        yield told("pilot_contamination", "pass", message, sentence("The arms stayed apart"), share, CROSSED)
    else:
        message = sentence("Nobody of the control got it, and nobody was in two arms.")
        yield told("pilot_contamination", "pass", message, sentence("The control stayed a control"), share, CROSSED)


def balance(pilot: Any) -> pd.DataFrame:
    """How far arms lie apart before the start in standard deviations, the farthest first.

    Parameters
    ----------
    pilot
        As of `checks`.

    Returns
    -------
    DataFrame
        `arm`, `column`, `treated`, `control`, `apart`, `lower`, `upper` (90% intervals); no rows without a control.
    """
    columns = ["arm", "column", "treated", "control", "apart", "lower", "upper"]
    known = pilot.known.drop(columns=pilot.design.unit, errors="ignore")  # which units got it is no imbalance
    if not pilot.control or not len(known.columns):
        return pd.DataFrame(columns=columns)
    matrix, names = design_matrix(known)
    arm = pilot.roster["arm"].to_numpy()
    unit = {each: None if pilot.unit is None else pilot.unit[arm == each] for each in (*pilot.arms, pilot.control)}
    reach = float(stats.norm.ppf(0.95))
    rows: list[list[Any]] = []
    for each in pilot.arms:
        own, others = matrix[arm == each], matrix[arm == pilot.control]
        for name, a, b, spread in zip(names, own.T, others.T, matrix.std(axis=0), strict=True):
            away = float((a.mean() - b.mean()) / spread)
            errors = apart.error(a, unit[each]), apart.error(b, unit[pilot.control])
            error = float(np.hypot(errors[0], errors[1]) / spread)
            rows.append([each, name, a.mean(), b.mean(), away, away - reach * error, away + reach * error])
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["apart"].abs().sort_values(ascending=False, kind="stable").index
    farthest = frame.loc[order].drop_duplicates(["arm", "column"])  # of a category its farthest level
    return farthest.head(MOST_TOLD).round(3).reset_index(drop=True)
