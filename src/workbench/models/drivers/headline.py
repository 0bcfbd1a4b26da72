"""The headline of a drivers' study: who is first, or that it cannot be said; and words that other findings share."""

import pandas as pd

from workbench.findings import Finding
from workbench.models.drivers.answers import LIKELY, SURE, Answers
from workbench.wording import listing, number, percent, sentence

MOST_NAMED = 4
FIRST = 0.5
"""Probability of the largest share from which one driver is named alone."""
MOST_FIRST = 3


def quoted(labels) -> list[str]:
    """Labels in quotation marks."""
    return [sentence("“{label}”", label=label) for label in labels]


def chance(p: float) -> str:
    """A probability for people: nothing is certain, and no decimals."""
    return sentence("over 99%") if p > 0.99 else sentence("under 1%") if p < 0.01 else percent(round(p, 2))


def headline(answers: Answers) -> Finding:
    """The driver that carries most of what is explained, or those that share first place; or that drivers cannot be
    told apart, and which groups can; or that the ratings say nothing about the outcome.
    """
    if not answers.model.foretells:
        return _silent(answers)
    return _most(answers) if answers.model.told_apart else _not_apart(answers)


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


def _explained(answers: Answers) -> str:
    return percent(round(float(answers.model.importance.explained.mean()), 2))


def _silent(answers: Answers) -> Finding:
    """Ratings that foretell no better than nothing: whatever single drivers seem to do may be chance."""
    ratings = answers.model.ratings
    statement = sentence(
        "No rating surely goes with “{outcome}”: the ratings do not surely foretell it better than chance, and the "
        "{explained} of the differences between people that they seem to explain may be nothing.",
        outcome=ratings.outcome_label,
        explained=_explained(answers),
    )
    return _together(answers, statement, "comparison")


def _not_apart(answers: Answers) -> Finding:
    ratings = answers.model.ratings
    statement = sentence(
        "These data cannot tell which single driver matters for “{outcome}”: all {count} ratings together explain "
        "{explained} of the differences between people, but foretell it no more surely than a person's mean rating "
        "alone{groups}.",
        count=number(len(ratings.drivers)),
        outcome=ratings.outcome_label,
        explained=_explained(answers),
        groups=_groups(answers),
    )
    return _together(answers, statement, "driver_groups")


def _most(answers: Answers) -> Finding:
    model = answers.model
    outcome = model.ratings.outcome_label
    table = answers.importance_table
    ranked = table.sort_values("p_first", ascending=False, kind="stable")
    first = ranked.iloc[0]
    carried = sentence("it carries {share} of what the ratings explain", share=percent(round(first["share"], 2)))
    whole = sentence(
        " Together they explain {explained} of the differences between people.",
        explained=_explained(answers),
    )
    if len(table) == 1:
        statement = sentence(
            "“{label}” is the only driver; a better rating goes with a {direction} “{outcome}”.",
            label=first["label"], outcome=outcome, direction=_direction(first),
        )  # fmt: skip
    elif first["p_first"] >= FIRST:
        statement = sentence(
            "“{label}” goes with “{outcome}” most (probability {p}): {carried}{backwards}{others}.{whole}",
            label=first["label"], p=chance(first["p_first"]), outcome=outcome, carried=carried,
            backwards=_backwards(first, outcome), others=_behind(table, first, outcome), whole=whole,
        )  # fmt: skip
    else:
        enough = int((ranked["p_first"].cumsum() < LIKELY).sum()) + 1
        rivals = ranked.head(min(max(enough, 2), MOST_FIRST))
        named = [
            sentence("“{label}” ({p})", label=row["label"], p=chance(row["p_first"])) for _, row in rivals.iterrows()
        ]
        wrong = [row["label"] for _, row in rivals.iterrows() if row["p_positive"] <= 1 - SURE]
        statement = sentence(
            "{drivers} compete for first place: which of them goes with “{outcome}” most is open (in brackets: "
            "probability of being first){backwards}.{whole}",
            whole=whole,
            drivers=listing(named),
            outcome=outcome,
            backwards=sentence("; better ratings of {labels} go with a worse one", labels=listing(quoted(wrong)))
            if wrong
            else "",
        )
    return Finding(
        id="headline",
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


def _direction(row: pd.Series) -> str:
    """What a better rating goes with, as far as that is sure."""
    if row["p_positive"] >= SURE:
        return sentence("better")
    return sentence("worse") if row["p_positive"] <= 1 - SURE else sentence("better or worse (it is open which)")


def _backwards(row: pd.Series, outcome: str) -> str:
    if row["p_positive"] >= SURE:
        return ""
    if row["p_positive"] <= 1 - SURE:
        return sentence(", but the wrong way round: a better rating goes with a worse “{outcome}”", outcome=outcome)
    return sentence(", and whether a better rating goes with a better or a worse “{outcome}” is open", outcome=outcome)


def _behind(table: pd.DataFrame, first: pd.Series, outcome: str) -> str:
    """Drivers after the first that surely stand out from chance and go with a better outcome."""
    sure = table[(table["p_above_knockoff"] >= SURE) & (table["p_positive"] >= SURE)]
    rest = sure["label"][sure["driver"] != first["driver"]].head(MOST_NAMED - 1)
    if len(rest):
        return sentence(", ahead of {rest}", rest=listing(quoted(rest)))
    if first["p_above_knockoff"] < SURE:
        return sentence(", but no driver surely stands out from chance")
    return sentence("; no other driver surely goes with a better “{outcome}”", outcome=outcome)


def _groups(answers: Answers) -> str:
    table = answers.group_table
    if len(table) < 2:
        return sentence(", for all ratings rise and fall together")
    # Both directions of every group were looked at (Bonferroni); a group of one would be a single driver told apart.
    sure = 1 - (1 - SURE) / (2 * len(table))
    several = table[table["members"].map(len) > 1]
    above = [_short(answers, group) for group in several["members"][several["p_above"] >= sure]]
    below = [_short(answers, group) for group in several["members"][several["p_above"] <= 1 - sure]]
    if not above and not below:
        return sentence(", and groups of ratings that go together are no clearer")
    parts = []
    if above:
        parts.append(
            sentence(
                "better ratings of {groups} go with it more than those of the rest",
                groups=", ".join(above[:MOST_NAMED]),
            )
        )
    if below:
        less = sentence("less") if above else sentence("less than those of the rest")
        parts.append(
            sentence("better ratings of {groups} go with it {less}", groups=", ".join(below[:MOST_NAMED]), less=less)
        )
    return sentence(". Groups of ratings that go together can be told apart: {parts}", parts=listing(parts))


def _short(answers: Answers, group: tuple[str, ...]) -> str:
    """A group by its most important driver."""
    ratings = answers.model.ratings
    shares = dict(zip(ratings.drivers, answers.model.importance.share.mean(0), strict=True))
    first = ratings.words(max(group, key=shares.get))
    return first if len(group) == 1 else sentence("{first} and {more} like it", first=first, more=len(group) - 1)
