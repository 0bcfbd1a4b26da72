"""What the answers of a drivers' model are in sentences: association, never cause."""

import numpy as np
import pandas as pd

from workbench.findings import Finding
from workbench.models.drivers.model.what_if import points_of
from workbench.models.drivers.summary.headline import (
    FACTORS,
    MEASURES,
    any_gain,
    chance,
    explained,
    gain_words,
    headline,
    quoted,
)
from workbench.models.drivers.summary.summarise import LIKELY, MOST_NAMED, SURE, DriverSummary
from workbench.wording import listing, number, percent, sentence

FIRST = 0.5
"""Probability of the largest share from which one driver is named alone."""
MOST_FIRST = 3


def findings(summary: DriverSummary) -> list[Finding]:
    """What to work on first; what runs against it; what explains most; the order of work; what lies below the target,
    and where; what punishes and rewards. All rank drivers alike, or say that the data cannot.
    """
    found = [headline(summary), *against(summary), *importance(summary), priorities(summary), below_target(summary)]
    if summary.splits:
        found += [local(summary), *matters_for_some(summary)]
    return [*found, asymmetry(summary)]


def _tells(summary: DriverSummary) -> bool:
    """Whether anything may be said of single drivers."""
    return summary.model.predictive and summary.model.distinguishable


def against(summary: DriverSummary) -> list[Finding]:
    """Drivers whose better ratings go with a worse outcome, when the others are held; none is the rule."""
    table = summary.importance_table
    sure = (1 - SURE) / len(table)  # each was looked at (Bonferroni)
    wrong = table[(table["p_positive"] <= sure) & (table["p_above_knockoff"] >= LIKELY)]
    if wrong.empty or not _tells(summary):
        return []
    return [
        Finding(
            id="against",
            statement=sentence(
                "Better ratings of {labels} go with a worse “{outcome}” among people who rate all else alike. Check "
                "whether the scale is turned round before you conclude anything.",
                labels=listing(quoted(wrong["label"].head(MOST_NAMED))),
                outcome=summary.model.ratings.outcome_label,
            ),
            estimate=float(1 - wrong.iloc[0]["p_positive"]),
            unit="probability",
            evidence="associational",
            n=summary.model.ratings.n,
            table="importance",
        )
    ]


def importance(summary: DriverSummary) -> list[Finding]:
    """The driver that explains most of the differences between people, and why it is not the one to gain most by."""
    if not _tells(summary):
        return []
    model, table = summary.model, summary.importance_table
    ranked = table.sort_values("p_first", ascending=False, kind="stable")
    first = ranked.iloc[0]
    outcome, alone = model.ratings.outcome_label, len(table) == 1
    whole = sentence(
        " All {count} ratings together explain {explained} of why people differ.",
        count=number(len(table)),
        explained=explained(summary),
    )
    if alone:
        statement = sentence(
            "“{label}” is the only driver. It explains {explained} of why people differ in “{outcome}”{direction}.",
            label=first["label"], explained=explained(summary), outcome=outcome, direction=_backwards(first),
        )  # fmt: skip
    elif first["p_first"] >= FIRST:
        statement = sentence(
            "“{label}” explains most of why people differ in “{outcome}” ({p} sure): {share} of what the ratings "
            "explain{backwards}.{whole}{why}",
            label=first["label"],
            p=chance(first["p_first"]),
            outcome=outcome,
            share=percent(round(first["share"], 2)),
            backwards=_backwards(first),
            whole=whole,
            why=_why(summary, first["driver"]),
        )
    else:
        enough = int((ranked["p_first"].cumsum() < LIKELY).sum()) + 1
        rivals = ranked.head(min(max(enough, 2), MOST_FIRST))
        statement = sentence(
            "{drivers} explain about as much of why people differ in “{outcome}”: which of them explains most is open."
            "{whole}",
            drivers=listing(quoted(rivals["label"])),
            outcome=outcome,
            whole=whole,
        )
    return [
        Finding(
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
    ]


def _backwards(row: pd.Series) -> str:
    """What a better rating goes with, as far as that is not plain."""
    if row["p_positive"] >= SURE:
        return ""
    if row["p_positive"] <= 1 - SURE:
        return sentence(", but a better rating goes with a worse outcome")
    return sentence(", and whether a better rating goes with a better or a worse outcome is open")


def _why(summary: DriverSummary, explains: str) -> str:
    """Why the driver that explains most is not the one to work on first: what the two numbers differ in."""
    positive = summary.importance_table.set_index("driver").loc[explains, "p_positive"] >= SURE
    if not summary.decided or summary.order[0] == explains or not positive:
        return ""
    ratings, columns = summary.model.ratings, summary.model.columns
    first, other = (ratings.drivers.index(name) for name in (summary.order[0], explains))
    tenths = summary.mean_effects.mean(0) * points_of("tenth", ratings.ends)
    varies = columns.sd / np.ptp(ratings.ends, axis=1)
    reached = summary.changes.reached
    if tenths[first] >= tenths[other] and varies[other] > varies[first]:
        template = (
            " Yet more is to be gained by “{first}”: each step counts for more there. “{other}” explains more because "
            "people rate it more differently."
        )
    elif reached[first] > reached[other]:
        template = (
            " Yet more is to be gained by “{first}”: {more} of all who answered can still rate it higher, and {fewer} "
            "“{other}”."
        )
    else:
        template = (
            " Yet more is to be gained by “{first}”, allowing for how sure each gain is: “{other}” shares what it "
            "explains with ratings that move together with it."
        )
    return sentence(
        template,
        first=ratings.labels[ratings.drivers[first]],
        other=ratings.labels[explains],
        more=percent(round(float(reached[first]), 2)),
        fewer=percent(round(float(reached[other]), 2)),
    )


def priorities(summary: DriverSummary) -> Finding:
    """The order of work, whom its first concerns, and what gets worse."""
    table = summary.priority_table
    first = table.iloc[0]
    measure = summary.changes.measures[0]
    labels = summary.model.ratings.labels
    if not summary.model.predictive:
        statement = sentence("There is no order of work: the ratings do not explain the outcome.")
    elif not summary.model.distinguishable:
        statement = sentence("There is no order of work: these data can't single out one driver.")
    elif not any_gain(summary):
        statement = sentence("There is no order of work: nobody gave the top answer, so no gain can be predicted.")
    elif not summary.order:
        statement = sentence("There is no order of work: no driver goes with a better outcome.")
    else:
        order = [
            sentence("{place} “{label}”", place=place, label=labels[name])
            for place, name in enumerate(summary.order, start=1)
        ]
        statement = sentence(
            "{order} {affected} of those who rated “{label}” are below the target of {target} of 100{meets}.",
            order=sentence("Suggested order: {order}.", order=", ".join(order))
            if len(order) > 1
            else sentence("“{label}” comes first by far.", label=first["label"]),
            label=first["label"],
            affected=percent(round(first["affected"], 2)),
            target=number(summary.target),
            meets=sentence(", although the average is not")
            if summary.map_table.set_index("driver").loc[first["driver"], "performance"] >= summary.target
            else "",
        )
    return Finding(
        id="priorities",
        statement=statement + _falling(table),
        estimate=float(FACTORS.get(measure, 1.0) * first["impact"]) if summary.order else None,
        unit=MEASURES[measure],
        evidence="associational",
        n=summary.model.ratings.n,
        table="priorities",
    )


def _falling(table: pd.DataFrame) -> str:
    falling = table[table["p_falling"] >= 1 - (1 - SURE) / len(table)]  # each was looked at (Bonferroni)
    if len(falling):
        return sentence(
            " Ratings of {labels} are falling ({p} sure).",
            labels=listing(quoted(falling["label"].head(MOST_NAMED))),
            p=chance(falling["p_falling"].min()),
        )
    return sentence(" No rating is clearly falling.") if table["trend"].notna().any() else ""


def below_target(summary: DriverSummary) -> Finding:
    """What lies below the target, and whether it matters as far as that can be said; in the order of work."""
    table, labels = summary.map_table, summary.model.ratings.labels
    weak = (summary.performance < summary.target).mean(0)
    below = [name for name in table["driver"] if weak[summary.model.ratings.drivers.index(name)] >= LIKELY]
    matters = [name for name in below if table.set_index("driver").loc[name, "fix_first"] >= LIKELY]
    target = number(summary.target)
    if not below:
        lowest = table.sort_values("performance", kind="stable").iloc[0]
        statement = sentence(
            "No driver is likely to be below the target of {target} of 100. The lowest is “{label}” at {performance}.",
            target=target,
            label=lowest["label"],
            performance=number(lowest["performance"], 2),
        )
    elif not _tells(summary):
        statement = sentence(
            "Below the target of {target} of 100: {labels}{more}. Whether they matter cannot be said here.",
            target=target, labels=_some(labels, below), more=_more(below),
        )  # fmt: skip
    elif not matters:
        statement = sentence(
            "Below the target of {target} of 100: {labels}{more}. None of them clearly matters.",
            target=target, labels=_some(labels, below), more=_more(below),
        )  # fmt: skip
    else:
        gains, measure = summary.what_if_table.set_index("driver"), summary.changes.measures[0]
        told = [
            sentence("“{label}” ({gain})", label=labels[name], gain=gain_words(summary, gains.loc[name, measure]))
            for name in matters[:MOST_NAMED]
        ]
        rest = [name for name in below if name not in matters]
        statement = sentence(
            "Below the target of {target} of 100 and likely to matter: {told}{more}. In brackets: what it goes with if "
            "{rated}.{rest}",
            target=target,
            told=listing(told),
            more=_more(matters),
            rated=summary.scenario_words(),
            rest=sentence(" Below it without clearly mattering: {labels}{more}.", labels=_some(labels, rest),
                          more=_more(rest)) if rest else "",
        )  # fmt: skip
    return Finding(
        id="fix_first",
        statement=statement,
        estimate=float(len(below)),
        unit="drivers below the target",
        evidence="associational" if _tells(summary) else "descriptive",
        n=summary.model.ratings.n,
        table="action_map",
        figure="action_map",
    )


def _some(labels, names: list[str]) -> str:
    return listing(quoted(labels[name] for name in names[:MOST_NAMED]))


def _more(names: list[str]) -> str:
    return sentence(" and {count} more", count=len(names) - MOST_NAMED) if len(names) > MOST_NAMED else ""


def local(summary: DriverSummary) -> Finding:
    """Whether drivers are weak everywhere, or for one segment or at one touchpoint only."""
    table, ratings = summary.reach_table, summary.model.ratings
    general = table.groupby("driver", sort=False)["reach"].agg(lambda reach: (reach == "everywhere").all())
    everywhere = [ratings.labels[name] for name in general.index[general]]
    some = table[(table["reach"] == "some") & ~table["driver"].isin(general.index[general])]
    some = some.sort_values("range", ascending=False, kind="stable")  # each driver where groups differ most
    local_to = [
        sentence("“{label}” ({by}: {where})", label=row.label, by=row.by, where=", ".join(row.where[:3]))
        for row in some.drop_duplicates("driver").itertuples()
    ]
    splits = listing([split.label for split in summary.splits], "or")
    target = number(summary.target)
    parts = []
    if everywhere:
        parts.append(
            sentence(
                "Below the target of {target} everywhere, whatever the {splits}: {labels}.",
                target=target,
                splits=splits,
                labels=listing(quoted(everywhere)),
            )
        )
    if local_to:
        parts.append(
            sentence(
                "Below the target of {target} only in places: {labels}{more}.",
                target=target,
                labels=", ".join(local_to[:MOST_NAMED]),
                more=_more(local_to),
            )
        )
    return Finding(
        id="general_or_local",
        statement=" ".join(parts)
        or sentence(
            "No driver is likely to be below the target of {target} for any {splits}.", target=target, splits=splits
        ),
        estimate=float(len(everywhere)) if everywhere or not local_to else None,
        unit="drivers weak everywhere",
        evidence="descriptive",
        n=ratings.n,
        table="segments",
    )


def matters_for_some(summary: DriverSummary) -> list[Finding]:
    """Drivers whose effect differs between groups, the surest differences first; nothing where none surely does."""
    table = summary.difference_table
    table = table[table["p"] <= 1 - SURE].drop_duplicates("driver").head(MOST_NAMED)
    if table.empty or not summary.model.predictive:  # single out or not: a difference between groups is no mood
        return []
    told = [
        sentence(
            "“{label}” for {by} {high} ({more}) more than for {low} ({less})",
            label=row.label,
            by=row.by,
            high=row.high,
            low=row.low,
            more=number(row.effect_high, 2),
            less=number(row.effect_low, 2),
        )
        for row in table.itertuples()
    ]
    first = table.iloc[0]
    return [
        Finding(
            id="matters_for_some",
            statement=sentence(
                "Some drivers matter in one group more than in another: {drivers}. In brackets: effect of 10 points of "
                "100, in {unit}.",
                drivers="; ".join(told),
                unit=summary.model.effect_unit,
            ),
            estimate=float(first["difference"]),
            unit=summary.model.effect_unit,
            interval=(float(first["lower"]), float(first["upper"])),
            interval_kind=summary.model.interval_kind,
            evidence="associational",
            n=summary.model.ratings.n,
            table="segment_effects" if first["by"] == summary.model.ratings.segment_label else "",
        )
    ]


def asymmetry(summary: DriverSummary) -> Finding:
    """Drivers whose bad ratings weigh more than good ones, and the reverse.

    Only what is sure is told: of six drivers, three straight and three without effect, one at least seems uneven or
    reversed with a probability of .8 in half of all surveys, and with `SURE` in one of twenty.
    """
    table = summary.asymmetry_table
    templates = {
        "must_be": "Bad ratings of {labels} hurt more than good ones help.",
        "attractive": "Good ratings of {labels} help more than bad ones hurt.",
    }
    parts, named = [], 0
    for kind, template in templates.items():
        labels = table["label"][table[kind] >= SURE] if _tells(summary) else []
        if len(labels):
            parts.append(sentence(template, labels=listing(quoted(labels.head(MOST_NAMED)))))
        named += len(labels)
    backwards = table[table["reversed"] >= SURE] if _tells(summary) else table.head(0)
    parts += [_reversed(summary, row) for _, row in backwards.head(MOST_NAMED).iterrows()]
    named += len(backwards)
    return Finding(
        id="asymmetry",
        statement=" ".join(parts) or sentence("No driver hurts more when bad than it helps when good.")
        if _tells(summary)
        else sentence("Whether a driver hurts more when bad than it helps when good cannot be said here."),
        estimate=float(named) if _tells(summary) else None,
        unit="drivers that weigh unevenly",
        evidence="associational",
        n=summary.model.ratings.n,
        table="asymmetry",
    )


def _reversed(summary: DriverSummary, row: pd.Series) -> str:
    """On which side a better rating goes with a worse outcome, and by how much."""
    side = "below" if row["reversed_below"] >= 0.5 else "above"
    template = (
        "Reversed below the middle of its scale: 10 points of 100 more for “{label}” go with {size} ({unit}; {lower} "
        "to {upper})."
        if side == "below"
        else "Reversed above the middle of its scale: 10 points of 100 more for “{label}” go with {size} ({unit}; "
        "{lower} to {upper})."
    )
    return sentence(
        template,
        label=row["label"],
        size=number(row[side], 2),
        unit=summary.model.effect_unit,
        lower=number(row[f"{side}_lower"], 2),
        upper=number(row[f"{side}_upper"], 2),
    )
