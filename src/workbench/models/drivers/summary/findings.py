"""What a summarised drivers' model says, by the part of the report that shows it: association, never cause."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.findings import Finding
from workbench.models.drivers.model.what_if import points_of
from workbench.models.drivers.summary.group_findings import local, matters_for_some
from workbench.models.drivers.summary.headline import caveats, headline
from workbench.models.drivers.summary.tables import LIKELY, SURE, SummaryTables
from workbench.models.drivers.summary.words import FACTORS, MOST_NAMED, chance, quoted, some, unit_of
from workbench.wording import listing, number, percent, sentence

FIRST = 0.5
"""Probability of the largest share from which one driver is named alone: more likely than not."""


def findings(summary: SummaryTables) -> list[Finding]:
    """Everything that is said, in the order of the report.

    All rank drivers alike, or say that the data cannot.

    Parameters
    ----------
    summary
        A summarised model.
    """
    parts = (headline(summary), *caveats(summary), *against(summary), *importance(summary), *below_target(summary))
    return [*parts, *priorities(summary), *local(summary), *matters_for_some(summary), *asymmetry(summary)]


def against(summary: SummaryTables) -> list[Finding]:
    """Drivers whose better ratings go with a worse outcome while all others stay as they are; none is the rule.

    Parameters
    ----------
    summary
        A summarised model.
    """
    table = summary.importance_table
    sure = (1 - SURE) / len(table)  # each was looked at (Bonferroni)
    wrong = table[(table["p_positive"] <= sure) & (table["p_above_knockoff"] >= LIKELY)]
    if wrong.empty or not summary.tells:
        return []
    ratings = summary.model.ratings
    return [
        Finding(
            id="against",
            statement=sentence(
                "Better ratings of {labels} go with a worse “{outcome}”: check whether the scale is turned round.",
                labels=some(ratings.labels, list(wrong["driver"])),
                outcome=ratings.outcome_label,
            ),
            estimate=float(1 - wrong.iloc[0]["p_positive"]),
            unit=sentence("probability"),
            evidence="associational",
            n=ratings.n,
            table="importance",
        )
    ]


def importance(summary: SummaryTables) -> list[Finding]:
    """The driver that explains most of the differences between people, and why it is not the one to gain most by.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.tells:
        return []
    model, table = summary.model, summary.importance_table
    ranked = table.sort_values("p_first", ascending=False, kind="stable")
    first = ranked.iloc[0]
    statement = _largest(summary, ranked)
    found = Finding(
        id="importance",
        statement=statement,
        estimate=float(first["share"]),
        unit="share",
        interval=(float(first["lower"]), float(first["upper"])),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=model.ratings.n,
        table="importance",
        figure="importance",
    )
    return [found, *(_why(summary, str(first["driver"])) if first["p_first"] >= FIRST else [])]


def _largest(summary: SummaryTables, ranked: pd.DataFrame) -> str:
    first = ranked.iloc[0]
    words = {"label": first["label"], "share": percent(round(float(first["share"]), 2))}
    words["p"] = chance(float(first["p_first"]))
    if len(ranked) == 1:
        return sentence("“{label}” is the only driver.", **words)
    if first["p_first"] < FIRST:
        enough = int((ranked["p_first"].cumsum() < LIKELY).sum()) + 1
        rivals = ranked.head(min(max(enough, 2), MOST_NAMED))
        return sentence(
            "{drivers} explain about as much as each other: which of them explains most is open.",
            drivers=listing(quoted(rivals["label"])),
        )
    if first["p_positive"] <= 1 - SURE:
        return sentence(
            "{share} of what the ratings explain is “{label}”, the most ({p} sure), but a better rating goes with a "
            "worse outcome.",
            **words,
        )
    if first["p_positive"] < SURE:
        return sentence(
            "{share} of what the ratings explain is “{label}”, the most ({p} sure); better or worse with a higher "
            "rating is open.",
            **words,
        )
    return sentence("{share} of what the ratings explain is “{label}”, the most of any driver ({p} sure).", **words)


def _why(summary: SummaryTables, explains: str) -> list[Finding]:
    """Why the driver that explains most is not the one to work on first: what the two numbers differ in."""
    positive = summary.importance_table.set_index("driver")["p_positive"][explains] >= SURE
    if not summary.decided or summary.order[0] == explains or not positive:
        return []
    ratings, columns = summary.model.ratings, summary.model.columns
    first, other = (ratings.drivers.index(name) for name in (summary.order[0], explains))
    tenths = summary.mean_effects.mean(0) * points_of("tenth", ratings.ends)
    varies = columns.sd / np.ptp(ratings.ends, axis=1)
    reached = summary.changes.reached
    if tenths[first] >= tenths[other] and varies[other] > varies[first]:
        template = "More is to be gained by “{first}”: each step counts for more. Ratings of “{other}” only vary more."
    elif reached[first] > reached[other]:
        template = "More is to be gained by “{first}”: {more} can still rate it higher, and {fewer} “{other}”."
    else:
        template = (
            "More is likely to be gained by “{first}”: “{other}” shares what it explains with ratings that move "
            "together with it."
        )
    gain = FACTORS.get(summary.measure, 1.0) * summary.changes.change[:, :, 0].mean(0)
    return [
        Finding(
            id="importance_and_gain",
            statement=sentence(
                template,
                first=ratings.labels[ratings.drivers[first]],
                other=ratings.labels[explains],
                more=percent(round(float(reached[first]), 2)),
                fewer=percent(round(float(reached[other]), 2)),
            ),
            estimate=float(gain[first] - gain[other]),
            unit=unit_of(summary.measure),
            evidence="associational",
            n=ratings.n,
            table="what_if",
            figure="what_if",
        )
    ]


def room(summary: SummaryTables) -> list[Finding]:
    """How many can still rate the first driver higher; nothing where none comes first.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.order:
        return []
    row = summary.what_if_table.iloc[0]
    return [
        Finding(
            id="room",
            statement=sentence(
                "{reached} of all who answered can still rate “{label}” higher; the others give it full marks or do "
                "not use it.",
                reached=percent(round(float(row["reached"]), 2)),
                label=row["label"],
            )
            if summary.scenario != "dissatisfied_to_neutral"
            else sentence(
                "{reached} of all who answered rate “{label}” below the middle of its scale.",
                reached=percent(round(float(row["reached"]), 2)),
                label=row["label"],
            ),
            estimate=float(row["reached"]),
            unit="share",
            evidence="descriptive",
            n=summary.model.ratings.n,
            table="what_if",
        )
    ]


def priorities(summary: SummaryTables) -> list[Finding]:
    """The order of work, whom its first concerns, and what gets worse.

    Parameters
    ----------
    summary
        A summarised model.
    """
    table, ratings = summary.priority_table, summary.model.ratings
    first = table.iloc[0]
    if not summary.model.predictive:
        statement = sentence("There is no order of work: the ratings do not explain the outcome.")
    elif not summary.model.distinguishable:
        statement = sentence("There is no order of work: these data can't single out one driver.")
    elif not summary.any_gain:
        statement = sentence("There is no order of work: nobody gave the top answer, so no gain can be predicted.")
    elif not summary.order:
        statement = sentence("There is no order of work: no driver goes with a better outcome.")
    elif len(summary.order) == 1:
        statement = sentence("“{label}” comes first by far.", label=first["label"])
    else:
        order = [f"{place} “{ratings.labels[name]}”" for place, name in enumerate(summary.order, start=1)]
        statement = sentence("Suggested order: {order}.", order=", ".join(order))
    found = Finding(
        id="priorities",
        statement=statement,
        estimate=float(FACTORS.get(summary.measure, 1.0) * first["impact"]) if summary.order else None,
        unit=unit_of(summary.measure),
        evidence="associational",
        n=ratings.n,
        table="priorities",
    )
    return [found, *_affected(summary, first), *_falling(summary)]


def _affected(summary: SummaryTables, first: "pd.Series[Any]") -> list[Finding]:
    """Whom the first in the order of work concerns."""
    if not summary.order:
        return []
    performance = float(summary.map_table.set_index("driver")["performance"][first["driver"]])
    words = {
        "affected": percent(round(float(first["affected"]), 2)),
        "label": first["label"],
        "target": number(summary.target),
    }
    return [
        Finding(
            id="affected",
            statement=sentence(
                "{affected} of those who rated “{label}” are below the target of {target} of 100, although the average "
                "is not.",
                **words,
            )
            if performance >= summary.target
            else sentence("{affected} of those who rated “{label}” are below the target of {target} of 100.", **words),
            estimate=float(first["affected"]),
            unit="share",
            evidence="descriptive",
            n=summary.model.ratings.n,
            table="priorities",
        )
    ]


def _falling(summary: SummaryTables) -> list[Finding]:
    """Whether ratings fall from wave to wave; nothing without waves."""
    table, ratings = summary.priority_table, summary.model.ratings
    if not table["trend"].notna().any():
        return []
    falling = table[table["p_falling"] >= 1 - (1 - SURE) / len(table)]  # each was looked at (Bonferroni)
    return [
        Finding(
            id="falling",
            statement=sentence(
                "Ratings of {labels} are falling ({p} sure).",
                labels=some(ratings.labels, list(falling["driver"])),
                p=chance(float(falling["p_falling"].min())),
            )
            if len(falling)
            else sentence("No rating is clearly falling."),
            estimate=len(falling),
            unit=sentence("drivers with falling ratings"),
            evidence="descriptive",
            n=ratings.n,
            table="priorities",
        )
    ]


def below_target(summary: SummaryTables) -> list[Finding]:
    """What lies below the target, and whether it matters as far as that can be said; in the order of work.

    Parameters
    ----------
    summary
        A summarised model.
    """
    table, ratings = summary.map_table, summary.model.ratings
    weak = (summary.performance < summary.target).mean(0)
    below = [name for name in table["driver"] if weak[ratings.drivers.index(name)] >= LIKELY]
    likely = table.set_index("driver")["fix_first"] >= LIKELY
    matters = [name for name in below if likely[name] and summary.tells]
    unclear = [name for name in below if name not in matters]
    target = number(summary.target)
    if not below:
        lowest = table.sort_values("performance", kind="stable").iloc[0]
        statements = [
            sentence(
                "No driver is likely to be below the target of {target} of 100: the lowest is “{label}” at "
                "{performance}.",
                target=target,
                label=lowest["label"],
                performance=number(float(lowest["performance"]), 2),
            )
        ]
    elif not summary.tells:
        statements = [
            sentence(
                "Below the target of {target} of 100: {labels}. Whether they matter cannot be said here.",
                target=target,
                labels=some(ratings.labels, below),
            )
        ]
    else:
        statements = []
        if matters:
            statements.append(
                sentence(
                    "Below the target of {target} of 100 and likely to matter: {labels}.",
                    target=target,
                    labels=some(ratings.labels, matters),
                )
            )
        if unclear:
            statements.append(
                sentence(
                    "Below the target of {target} of 100 without clearly mattering: {labels}.",
                    target=target,
                    labels=some(ratings.labels, unclear),
                )
            )
    counts = [len(below), len(unclear)]
    return [
        Finding(
            id=name,
            statement=statement,
            estimate=float(count),
            unit=sentence("drivers below the target"),
            evidence="associational" if summary.tells else "descriptive",
            n=ratings.n,
            table="action_map",
            figure="action_map",
        )
        for name, statement, count in zip(("fix_first", "below_target"), statements, counts, strict=False)
    ]


def asymmetry(summary: SummaryTables) -> list[Finding]:
    """Drivers whose bad ratings weigh more than good ones, and the reverse.

    Only what is sure is told: of six drivers, three straight and three without effect, one at least seems uneven or
    reversed with a probability of .8 in half of all surveys, and with `SURE` in one of twenty.

    Parameters
    ----------
    summary
        A summarised model.
    """
    table, ratings = summary.asymmetry_table, summary.model.ratings
    known = table if summary.tells else table.head(0)
    costly, attractive, backwards = (known[known[kind] >= SURE] for kind in ("must_be", "attractive", "reversed"))
    statements = []
    if len(costly):
        statements.append(
            sentence(
                "Bad ratings of {labels} hurt more than good ones help.",
                labels=some(ratings.labels, list(costly["driver"])),
            )
        )
    if len(attractive):
        statements.append(
            sentence(
                "Good ratings of {labels} help more than bad ones hurt.",
                labels=some(ratings.labels, list(attractive["driver"])),
            )
        )
    statements += [_reversed(summary, row) for row in backwards.head(MOST_NAMED).to_dict("records")]
    if not summary.tells:
        statements = [sentence("Whether a driver hurts more when bad than it helps when good cannot be said here.")]
    elif not statements:
        statements = [sentence("No driver hurts more when bad than it helps when good.")]
    count = len(costly) + len(attractive) + len(backwards)
    return [
        Finding(
            id="asymmetry" if not place else f"asymmetry_{place + 1}",
            statement=statement,
            estimate=float(count) if summary.tells else None,
            unit=sentence("drivers that weigh unevenly"),
            evidence="associational",
            n=ratings.n,
            table="asymmetry",
        )
        for place, statement in enumerate(statements)
    ]


def _reversed(summary: SummaryTables, row: Mapping[Any, Any]) -> str:
    """On which side a better rating goes with a worse outcome, and by how much."""
    below = row["reversed_below"] >= 0.5
    template = (
        "Reversed below the middle of its scale: 10 of 100 points more for “{label}” go with {size} {unit} ({lower} to "
        "{upper})."
        if below
        else "Reversed above the middle of its scale: 10 of 100 points more for “{label}” go with {size} {unit} "
        "({lower} to {upper})."
    )
    side = "below" if below else "above"
    return sentence(
        template,
        label=row["label"],
        size=number(row[side], 2),
        unit=summary.model.effect_unit,
        lower=number(row[f"{side}_lower"], 2),
        upper=number(row[f"{side}_upper"], 2),
    )
