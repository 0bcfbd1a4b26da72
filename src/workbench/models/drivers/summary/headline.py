"""The headline of a drivers' study: what to work on first, or that the data cannot say; and words findings share."""

import numpy as np

from workbench.findings import Finding
from workbench.models.drivers.summary.summarise import AS_GOOD, MOST_NAMED, SURE, Answers
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


def gain_words(answers: Answers, change: float) -> str:
    """A change of the first measure with its sign and unit."""
    measure = answers.changes.measures[0]
    size = number(abs(FACTORS.get(measure, 1.0) * change), 2)
    template = {
        "nps": "{sign}{size} points of NPS",
        "top_box": "{sign}{size} percentage points of top answers",
        "mean": "{sign}{size} points on average",
    }[measure]
    return sentence(template, sign="+" if change >= 0 else "−", size=size)


def headline(answers: Answers) -> Finding:
    """What to work on first and what that goes with; or which drivers may come first; or that drivers cannot be told
    apart, and which groups can; or that the ratings say nothing about the outcome.
    """
    if not answers.model.foretells:
        return _silent(answers)
    if not answers.model.told_apart:
        return _not_apart(answers)
    if not any_gain(answers):
        return _out_of_reach(answers)
    if not answers.order:
        return _nothing_to_gain(answers)
    return _first(answers)


def _together(answers: Answers, statement: str, table: str) -> Finding:
    """A headline about all ratings: its number is the share of differences in the outcome that they explain."""
    model = answers.model
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


def explained(answers: Answers) -> str:
    """The share of differences in the outcome that all ratings explain."""
    return percent(round(float(answers.model.importance.explained.mean()), 2))


def _silent(answers: Answers) -> Finding:
    """Ratings that foretell no better than nothing: whatever single drivers seem to do may be chance."""
    statement = sentence(
        "The ratings do not explain “{outcome}”: they predict it no better than chance. The {explained} of the "
        "differences between people that they seem to explain may be nothing.",
        outcome=answers.model.ratings.outcome_label,
        explained=explained(answers),
    )
    return _together(answers, statement, "comparison")


def _not_apart(answers: Answers) -> Finding:
    ratings = answers.model.ratings
    statement = sentence(
        "These data can't single out one driver. The {count} ratings together explain {explained} of why people differ "
        "in “{outcome}”, but predict it no more surely than a person's average rating: people who like us rate "
        "everything high.{groups}",
        count=number(len(ratings.drivers)),
        explained=explained(answers),
        outcome=ratings.outcome_label,
        groups=_groups(answers),
    )
    return _together(answers, statement, "driver_groups")


def _out_of_reach(answers: Answers) -> Finding:
    """Where nobody gave an answer that the first measure counts: it can then never be foretold to rise."""
    statement = sentence(
        "Nobody gave the top answer to “{outcome}”, so no gain in top answers can be predicted: check its scale in "
        "dataset.yaml. The table says what better ratings go with on average.",
        outcome=answers.model.ratings.outcome_label,
    )
    return _together(answers, statement, "what_if")


def _nothing_to_gain(answers: Answers) -> Finding:
    statement = sentence(
        "No driver comes first: better ratings of none go with a better “{outcome}”.",
        outcome=answers.model.ratings.outcome_label,
    )
    return _together(answers, statement, "what_if")


def _first(answers: Answers) -> Finding:
    model, measure = answers.model, answers.changes.measures[0]
    row = answers.lever_table.iloc[0]
    factor = FACTORS.get(measure, 1.0)
    return Finding(
        id="headline",
        statement=_one_first(answers) if answers.decided else _rivals_first(answers),
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
        if answers.decided
        else "",
        rank=1 if answers.decided else None,
    )


def _one_first(answers: Answers) -> str:
    row = answers.lever_table.iloc[0]
    alone = len(answers.lever_table) == 1
    largest = row["p_largest"] >= SURE
    return sentence(
        "“{label}” comes first: {rated}, it goes with {gain}{most}. {reached} of all who answered can still rate it "
        "higher.{doubt}{alike}",
        label=row["label"],
        rated=answers.scenario_words(),
        gain=gain_words(answers, row[answers.changes.measures[0]]),
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
        alike=_alike(answers, [row["driver"]]),
    )


def _rivals_first(answers: Answers) -> str:
    measure = answers.changes.measures[0]
    levers = answers.lever_table.set_index("driver").loc[answers.rivals]
    several = len(levers) > MOST_NAMED
    named = levers.head(MOST_NAMED)
    return sentence(
        "These data can't say which driver comes first: {labels}{more} may each bring most. In this order, {rated}, "
        "they go with {gains}.{alike}",
        labels=listing(quoted(named["label"]), "or"),
        more=sentence(" (or one of {count} others)", count=len(levers) - MOST_NAMED) if several else "",
        rated=answers.scenario_words(),
        gains=listing([gain_words(answers, value) for value in named[measure]]),
        alike=_alike(answers, list(named.index)),
    )


def _alike(answers: Answers, named: list[str]) -> str:
    """Others whose ratings go together with those of a named driver: they share what is explained by chance."""
    labels = answers.model.ratings.labels
    told = []
    for group in answers.groups:
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


def _groups(answers: Answers) -> str:
    table = answers.group_table
    if len(table) < 2:
        return ""
    # Both directions of every group were looked at (Bonferroni); a group of one would be a single driver told apart.
    sure = 1 - (1 - SURE) / (2 * len(table))
    several = table[table["members"].map(len) > 1]
    above = [_short(answers, group) for group in several["members"][several["p_above"] >= sure]]
    below = [_short(answers, group) for group in several["members"][several["p_above"] <= 1 - sure]]
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


def _short(answers: Answers, group: tuple[str, ...]) -> str:
    """A group by its members, the most important first; of large ones some."""
    ratings = answers.model.ratings
    shares = dict(zip(ratings.drivers, answers.model.importance.share.mean(0), strict=True))
    ordered = [ratings.words(name) for name in sorted(group, key=shares.get, reverse=True)]
    if len(ordered) <= MOST_NAMED:
        return listing(ordered)
    return sentence(
        "{first} and {count} more", first=", ".join(ordered[: MOST_NAMED - 1]), count=len(ordered) - MOST_NAMED + 1
    )


def any_gain(answers: Answers) -> bool:
    """Whether the first measure can change at all."""
    return bool(np.any(answers.changes.change[:, :, 0]))
