"""The headline of a drivers' study: what to work on first, or that the data cannot say; and words findings share."""

import numpy as np

from workbench.findings import Finding
from workbench.models.drivers.summary.summarise import AS_GOOD, MOST_NAMED, SURE, DriverSummary
from workbench.wording import listing, number, percent, sentence

MEASURES = {"nps": "points of NPS", "top_box": "percentage points of top answers", "mean": "points on average"}
FACTORS = {"top_box": 100.0}
"""By which measures that are shares are told in percentage points."""


def quoted(labels) -> list[str]:
    """Labels in quotation marks."""
    return [sentence("“{label}”", label=label) for label in labels]


def chance(p: float) -> str:
    """A probability for people: nothing is certain, and no decimals."""
    return sentence("over 99%") if p > 0.99 else sentence("under 1%") if p < 0.01 else percent(round(p, 2))


def gain_words(summary: DriverSummary, change: float) -> str:
    """A change of the first measure with its sign and unit."""
    measure = summary.changes.measures[0]
    size = number(abs(FACTORS.get(measure, 1.0) * change), 2)
    template = {
        "nps": "{sign}{size} points of NPS",
        "top_box": "{sign}{size} percentage points of top answers",
        "mean": "{sign}{size} points on average",
    }[measure]
    return sentence(template, sign="+" if change >= 0 else "−", size=size)


def headline(summary: DriverSummary) -> Finding:
    """What to work on first and what that goes with; or which drivers may come first; or that drivers cannot be told
    apart, and which groups can; or that the ratings say nothing about the outcome.
    """
    if not summary.model.predictive:
        return _not_predictive(summary)
    if not summary.model.distinguishable:
        return _indistinguishable(summary)
    if not any_gain(summary):
        return _out_of_reach(summary)
    if not summary.order:
        return _nothing_to_gain(summary)
    return _first(summary)


def _together(summary: DriverSummary, statement: str, table: str) -> Finding:
    """A headline about all ratings: its number is the share of differences in the outcome that they explain."""
    model = summary.model
    explained = model.importance.explained
    lower, upper = model.interval(explained)
    return Finding(
        id="headline",
        statement=statement,
        estimate=float(explained.mean()),
        unit="share",
        interval=(float(lower), float(upper)),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=model.ratings.n,
        table=table,
    )


def explained(summary: DriverSummary) -> str:
    """The share of differences in the outcome that all ratings explain."""
    return percent(round(float(summary.model.importance.explained.mean()), 2))


def _not_predictive(summary: DriverSummary) -> Finding:
    """Ratings that predict no better than nothing: whatever single drivers seem to do may be chance."""
    statement = sentence(
        "The ratings do not explain “{outcome}”: they predict it no better than chance. The {explained} of the "
        "differences between people that they seem to explain may be nothing.",
        outcome=summary.model.ratings.outcome_label,
        explained=explained(summary),
    )
    return _together(summary, statement, "comparison")


def _indistinguishable(summary: DriverSummary) -> Finding:
    ratings = summary.model.ratings
    statement = sentence(
        "These data can't single out one driver. The {count} ratings together explain {explained} of why people differ "
        "in “{outcome}”, but predict it no more surely than a person's average rating: people who like us rate "
        "everything high.{groups}",
        count=number(len(ratings.drivers)),
        explained=explained(summary),
        outcome=ratings.outcome_label,
        groups=_groups(summary),
    )
    return _together(summary, statement, "driver_groups")


def _out_of_reach(summary: DriverSummary) -> Finding:
    """Where nobody gave an answer that the first measure counts: it can then never be predicted to rise."""
    statement = sentence(
        "Nobody gave the top answer to “{outcome}”, so no gain in top answers can be predicted: check its scale in "
        "dataset.yaml. The table says what better ratings go with on average.",
        outcome=summary.model.ratings.outcome_label,
    )
    return _together(summary, statement, "what_if")


def _nothing_to_gain(summary: DriverSummary) -> Finding:
    statement = sentence(
        "No driver comes first: better ratings of none go with a better “{outcome}”.",
        outcome=summary.model.ratings.outcome_label,
    )
    return _together(summary, statement, "what_if")


def _first(summary: DriverSummary) -> Finding:
    model, measure = summary.model, summary.changes.measures[0]
    row = summary.what_if_table.iloc[0]
    factor = FACTORS.get(measure, 1.0)
    return Finding(
        id="headline",
        statement=_one_first(summary) if summary.decided else _rivals_first(summary),
        estimate=float(factor * row[measure]),
        unit=MEASURES[measure],
        interval=(float(factor * row[f"{measure}_lower"]), float(factor * row[f"{measure}_upper"])),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=model.ratings.n,
        table="what_if",
        figure="what_if",
        action=sentence(
            "Try out what would make “{label}” better, on some customers drawn by lot: only that says whether the "
            "outcome follows.",
            label=row["label"],
        )
        if summary.decided
        else "",
        rank=1 if summary.decided else None,
    )


def _one_first(summary: DriverSummary) -> str:
    row = summary.what_if_table.iloc[0]
    alone = len(summary.what_if_table) == 1
    largest = row["p_largest"] >= SURE
    return sentence(
        "“{label}” comes first: {rated}, it goes with {gain}{most}. {reached} of all who answered can still rate it "
        "higher.{doubt}{alike}",
        label=row["label"],
        rated=summary.scenario_words(),
        gain=gain_words(summary, row[summary.changes.measures[0]]),
        most=""
        if alone
        else sentence(", the most of any driver ({p} sure)", p=chance(row["p_largest"]))
        if largest
        else sentence(
            ", the most of any driver or within {margin} of it ({p} sure)",
            margin=percent(round(1 - AS_GOOD, 2)),
            p=chance(row["p_as_good"]),
        ),
        reached=percent(round(row["reached"], 2)),
        doubt="" if row["p_gain"] >= SURE else sentence(" It may well be nothing."),
        alike=_alike(summary, [row["driver"]]),
    )


def _rivals_first(summary: DriverSummary) -> str:
    measure = summary.changes.measures[0]
    gains = summary.what_if_table.set_index("driver").loc[summary.rivals]
    several = len(gains) > MOST_NAMED
    named = gains.head(MOST_NAMED)
    return sentence(
        "These data can't say which driver comes first: {labels}{more} may each bring most. In this order, {rated}, "
        "they go with {gains}.{alike}",
        labels=listing(quoted(named["label"]), "or"),
        more=sentence(" (or one of {count} others)", count=len(gains) - MOST_NAMED) if several else "",
        rated=summary.scenario_words(),
        gains=listing([gain_words(summary, value) for value in named[measure]]),
        alike=_alike(summary, list(named.index)),
    )


def _alike(summary: DriverSummary, named: list[str]) -> str:
    """Others whose ratings go together with those of a named driver: they share what is explained by chance."""
    labels = summary.model.ratings.labels
    told = []
    for group in summary.groups:
        inside = [name for name in named if name in group]
        others = [name for name in group if name not in inside]
        if inside and 0 < len(others) <= MOST_NAMED:
            told.append(
                sentence(
                    " Ratings of {labels} move together with those of {others}: the effect may belong to either.",
                    labels=listing(quoted(labels[name] for name in inside)),
                    others=listing(quoted(labels[name] for name in others)),
                )
            )
        elif len(inside) > 1:
            told.append(sentence(" Their ratings move together: the effect may belong to either."))
    return "".join(dict.fromkeys(told))


def _groups(summary: DriverSummary) -> str:
    table = summary.group_table
    if len(table) < 2:
        return ""
    # Both directions of every group were looked at (Bonferroni); a group of one is a single driver.
    sure = 1 - (1 - SURE) / (2 * len(table))
    several = table[table["members"].map(len) > 1]
    above = [_short(summary, group) for group in several["members"][several["p_above"] >= sure]]
    below = [_short(summary, group) for group in several["members"][several["p_above"] <= 1 - sure]]
    parts = []
    if above:
        parts.append(
            sentence(
                " As a group, better ratings of {groups} go with it more than those of the rest.",
                groups="; ".join(above[:MOST_NAMED]),
            )
        )
    if below:
        parts.append(
            sentence(
                " As a group, better ratings of {groups} go with it less than those of the rest.",
                groups="; ".join(below[:MOST_NAMED]),
            )
        )
    return "".join(parts)


def _short(summary: DriverSummary, group: tuple[str, ...]) -> str:
    """A group by its members, the most important first; of large ones some."""
    ratings = summary.model.ratings
    shares = dict(zip(ratings.drivers, summary.model.importance.share.mean(0), strict=True))
    ordered = [ratings.words(name) for name in sorted(group, key=shares.get, reverse=True)]
    if len(ordered) <= MOST_NAMED:
        return listing(ordered)
    return sentence(
        "{first} and {count} more", first=", ".join(ordered[: MOST_NAMED - 1]), count=len(ordered) - MOST_NAMED + 1
    )


def any_gain(summary: DriverSummary) -> bool:
    """Whether the first measure can change at all."""
    return bool(np.any(summary.changes.change[:, :, 0]))
