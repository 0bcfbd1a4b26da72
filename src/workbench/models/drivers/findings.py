"""What the answers of a drivers' model are in sentences: association, never cause."""

import numpy as np
import pandas as pd

from workbench.findings import Finding
from workbench.models.drivers.answers import LIKELY, SURE, Answers
from workbench.wording import listing, number, percent, sentence

MEASURES = {"nps": "points of NPS", "top_box": "percentage points of top answers", "mean": "points of the mean"}
HIGHER = {"nps": "an NPS that is {change} points higher", "top_box": "{change} percentage points more top answers"}
LOWER = {"nps": "an NPS that is {change} points lower", "top_box": "{change} percentage points fewer top answers"}
MOST_NAMED = 4
FIRST = 0.5
"""Probability of the largest share from which one driver is named alone."""
MOST_FIRST = 3


def findings(answers: Answers) -> list[Finding]:
    """The headline; what runs against it; what to fix first and in which order; the strongest lever; what is weak for
    some only; what punishes and rewards.
    """
    found = [headline(answers), *against(answers), fix_first(answers), lever(answers), priorities(answers)]
    if answers.splits:
        found.append(local(answers))
    return [*found, asymmetry(answers)]


def _quoted(labels) -> list[str]:
    return [sentence("“{label}”", label=label) for label in labels]


def _chance(p: float) -> str:
    """A probability for people: nothing is certain, and no decimals."""
    return sentence("over 99%") if p > 0.99 else sentence("under 1%") if p < 0.01 else percent(round(p, 2))


def _doubt(answers: Answers) -> str:
    """What a finding about one driver has to add where drivers cannot be told apart."""
    if not answers.model.foretells:
        return sentence(" No rating surely goes with the outcome here.")
    if answers.model.told_apart:
        return ""
    return sentence(" Single drivers cannot be told apart here, so others may be meant.")


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
            label=first["label"], p=_chance(first["p_first"]), outcome=outcome, carried=carried,
            backwards=_backwards(first, outcome), others=_behind(table, first, outcome), whole=whole,
        )  # fmt: skip
    else:
        enough = int((ranked["p_first"].cumsum() < LIKELY).sum()) + 1
        rivals = ranked.head(min(max(enough, 2), MOST_FIRST))
        named = [
            sentence("“{label}” ({p})", label=row["label"], p=_chance(row["p_first"])) for _, row in rivals.iterrows()
        ]
        wrong = [row["label"] for _, row in rivals.iterrows() if row["p_positive"] <= 1 - SURE]
        statement = sentence(
            "{drivers} compete for first place: which of them goes with “{outcome}” most is open (in brackets: "
            "probability of being first){backwards}.{whole}",
            whole=whole,
            drivers=listing(named),
            outcome=outcome,
            backwards=sentence("; better ratings of {labels} go with a worse one", labels=listing(_quoted(wrong)))
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
        return sentence(", ahead of {rest}", rest=listing(_quoted(rest)))
    if first["p_above_knockoff"] < SURE:
        return sentence(", but no driver surely stands out from chance")
    return sentence("; no other driver surely goes with a better “{outcome}”", outcome=outcome)


def against(answers: Answers) -> list[Finding]:
    """Drivers whose better ratings go with a worse outcome, when the others are held; none is the rule."""
    table = answers.importance_table
    sure = (1 - SURE) / len(table)  # each was looked at (Bonferroni)
    wrong = table[(table["p_positive"] <= sure) & (table["p_above_knockoff"] >= LIKELY)]
    if wrong.empty or not answers.model.foretells:
        return []
    return [
        Finding(
            id="against",
            statement=sentence(
                "Better ratings of {labels} go with a worse “{outcome}” among people who rate all else alike: see "
                "whether a scale is turned round, before anything is concluded.{doubt}",
                labels=listing(_quoted(wrong["label"].head(MOST_NAMED))),
                outcome=answers.model.ratings.outcome_label,
                doubt=_doubt(answers),
            ),
            estimate=float(1 - wrong.iloc[0]["p_positive"]),
            unit="probability",
            evidence="associational",
            n=answers.model.ratings.n,
            table="importance",
        )
    ]


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
        parts.append(sentence("better ratings of {groups} go with it less", groups=", ".join(below[:MOST_NAMED])))
    return sentence(". Groups of ratings that go together can be told apart: {parts}", parts=listing(parts))


def _short(answers: Answers, group: tuple[str, ...]) -> str:
    """A group by its most important driver."""
    ratings = answers.model.ratings
    shares = dict(zip(ratings.drivers, answers.model.importance.share.mean(0), strict=True))
    first = ratings.words(max(group, key=shares.get))
    return first if len(group) == 1 else sentence("{first} and {more} like it", first=first, more=len(group) - 1)


def fix_first(answers: Answers) -> Finding:
    """What matters and is below target: single drivers, or those that can only be named together; or nothing."""
    table, target = answers.map_table, number(answers.target)
    likely = table[table["fix_first"] >= LIKELY]
    together = answers.group_table.sort_values("fix_first", ascending=False, kind="stable")
    together = together[(together["members"].map(len) > 1) & (together["fix_first"] >= LIKELY)]
    named = set(likely["driver"])
    together = together[[named.isdisjoint(members) for members in together["members"]]]
    estimate = float(table.iloc[0]["fix_first"])
    if not answers.model.foretells:
        statement = _nothing_first(answers)
    elif len(likely):
        shown = [
            sentence("“{label}” ({p})", label=row.label, p=_chance(row.fix_first))
            for row in likely.head(MOST_NAMED).itertuples()
        ]
        more = len(likely) - len(shown)
        statement = sentence(
            "{lead}: {drivers}{more}. In brackets: probability of mattering and lying below the target of {target} of "
            "100.{together}{doubt}",
            lead=sentence("Fix first") if answers.model.told_apart else sentence("Candidates to fix first"),
            target=target,
            drivers=listing(shown),
            more=sentence(", and {count} more", count=more) if more > 0 else "",
            together=sentence(" So do, taken together, {groups}.", groups=_members(answers, together))
            if len(together)
            else _alike(answers, likely["driver"].head(MOST_NAMED)),
            doubt=_doubt(answers),
        )
    elif len(together):
        estimate = float(together.iloc[0]["fix_first"])
        statement = sentence(
            "No single driver can be put first, but together {groups} matter and lie below the target of {target} of "
            "100 (probability {p}): their ratings go together, and which of them it is cannot be said.",
            groups=_members(answers, together.head(1)),
            target=target,
            p=_chance(estimate),
        )
    else:
        statement = _nothing_first(answers)
    return Finding(
        id="fix_first",
        statement=statement,
        estimate=estimate,
        unit="probability",
        evidence="associational",
        n=answers.model.ratings.n,
        table="action_map",
        figure="action_map",
    )


def _alike(answers: Answers, named: pd.Series) -> str:
    """Others whose ratings go together with those of a named driver: they share what is explained by chance."""
    labels = answers.model.ratings.labels
    told = [
        sentence(
            " Ratings of “{label}” go together with those of {others}: look at them together.",
            label=labels[name],
            others=listing(_quoted(labels[other] for other in group if other != name)),
        )
        for name in named
        for group in answers.groups
        if name in group and 1 < len(group) <= MOST_NAMED and not set(group) <= set(named)
    ]
    return "".join(told) if answers.model.told_apart else ""


def _members(answers: Answers, groups: pd.DataFrame) -> str:
    labels = answers.model.ratings.labels
    return "; ".join(listing(_quoted(labels[name] for name in members)) for members in groups["members"])


def _nothing_first(answers: Answers) -> str:
    model, target = answers.model, number(answers.target)
    weak = np.flatnonzero((answers.performance < answers.target).mean(0) >= LIKELY)
    labels = _quoted(model.ratings.labels[model.ratings.drivers[place]] for place in weak)
    if len(weak):
        lie = sentence("lies") if len(weak) == 1 else sentence("lie")
        below = sentence("{labels} {lie} below the target of {target} of 100", labels=listing(labels), lie=lie,
                         target=target)  # fmt: skip
        if not model.foretells:
            return sentence(
                "Nothing can be put first: {below}, but no rating surely goes with the outcome.", below=below
            )
        if not model.told_apart:
            return sentence(
                "Nothing can be put first: {below}, and which of the drivers matters cannot be said.", below=below
            )
        return sentence(
            "Nothing is shown to need fixing first: {below}, but {are} not shown to matter (probability {at_most}{p}).",
            below=below,
            are=sentence("is") if len(weak) == 1 else sentence("are"),
            at_most="" if len(weak) == 1 else sentence("at most "),
            p=_chance(float(answers.important[:, weak].mean(0).max())),
        )
    nearest = answers.map_table.sort_values("performance", kind="stable").iloc[0]
    return sentence(
        "Nothing needs fixing first: no driver is likely to matter and to lie below the target of {target} of 100; the "
        "lowest is “{label}” at {performance}.",
        target=target,
        label=nearest["label"],
        performance=number(nearest["performance"]),
    )


def _out_of_reach(answers: Answers) -> str:
    """What is said where nobody gave an answer that the first measure counts: it can then never be foretold to rise."""
    if answers.changes.change[:, :, 0].any():
        return ""
    return sentence(
        "Nobody gave the top answer to “{outcome}”, so nothing is foretold about it: see whether its scale in "
        "dataset.yaml is right. What raising a rating goes with on average stands in the table.",
        outcome=answers.model.ratings.outcome_label,
    )


def lever(answers: Answers) -> Finding:
    """The largest change of the outcome that raising one driver goes with."""
    measure = answers.changes.measures[0]
    row = answers.lever_table.iloc[0]
    factor = 100 if measure == "top_box" else 1
    statement = sentence(
        "{raised} ({reached} of all who answered) goes with {change}{largest}{doubt}.{apart}",
        raised=answers.scenario_words(row["label"]),
        reached=percent(round(row["reached"], 2)),
        change=sentence((HIGHER if row[measure] >= 0 else LOWER)[measure], change=number(abs(factor * row[measure]))),
        largest=""
        if len(answers.lever_table) == 1
        else sentence(", a larger gain than with any other driver (probability {p})", p=_chance(row["p_largest"])),
        doubt="" if row["p_gain"] >= SURE else sentence("; it may well be nothing"),
        apart=_doubt(answers),
    )
    return Finding(
        id="strongest_lever",
        statement=_out_of_reach(answers) or statement,
        estimate=float(factor * row[measure]),
        unit=MEASURES[measure],
        interval=(float(factor * row[f"{measure}_lower"]), float(factor * row[f"{measure}_upper"])),
        interval_kind=answers.model.interval_kind,
        evidence="associational",
        n=answers.model.ratings.n,
        table="what_if",
        figure="what_if",
    )


def priorities(answers: Answers) -> Finding:
    """The order of work and why its first is first; what gets worse."""
    table = answers.priority_table
    first = table.iloc[0]
    measure = answers.changes.measures[0]
    order = _quoted(table["label"][table["score"] >= 10].head(MOST_NAMED)) or _quoted([first["label"]])
    if not answers.model.foretells:
        statement = sentence("There is no order of work: no rating surely goes with the outcome.")
    elif _out_of_reach(answers):
        statement = sentence("There is no order of work: nobody gave the top answer, so no gain is foretold.")
    elif first["score"] == 0:
        statement = sentence(
            "There is no order of work: no driver both goes with a better outcome and is rated too low."
        )
    else:
        statement = sentence(
            "{order}{affected} of those who rated “{label}” gave less than the target of {target} of 100{meets}."
            "{falling}{doubt}",
            order=sentence(
                "Suggested order of work, by gain, by how many rate it too low and by certainty: {labels}. ",
                labels=", ".join(order),
            )
            if len(order) > 1
            else sentence("By gain, by how many rate it too low and by certainty {label} comes first by far. ",
                          label=order[0])
            if len(table) > 1
            else "",
            label=first["label"],
            affected=percent(round(first["affected"], 2)),
            target=number(answers.target),
            meets=sentence(", although on average it meets the target")
            if answers.map_table.set_index("driver").loc[first["driver"], "performance"] >= answers.target
            else "",
            falling=_falling(table),
            doubt=_doubt(answers),
        )  # fmt: skip
    return Finding(
        id="priorities",
        statement=statement,
        estimate=float((100 if measure == "top_box" else 1) * first["impact"]),
        unit=MEASURES[measure],
        evidence="associational",
        n=answers.model.ratings.n,
        table="priorities",
    )


def _falling(table: pd.DataFrame) -> str:
    falling = table[table["p_falling"] >= 1 - (1 - SURE) / len(table)]  # each was looked at (Bonferroni)
    if len(falling):
        return sentence(
            " Ratings of {labels} are falling (probability {p}).",
            labels=listing(_quoted(falling["label"].head(MOST_NAMED))),
            p=_chance(falling["p_falling"].min()),
        )
    return sentence(" No rating is surely falling.") if table["trend"].notna().any() else ""


def local(answers: Answers) -> Finding:
    """Whether drivers are weak everywhere, or for one segment or at one touchpoint only."""
    table, ratings = answers.reach_table, answers.model.ratings
    general = table.groupby("driver", sort=False)["reach"].agg(lambda reach: (reach == "everywhere").all())
    everywhere = [ratings.labels[name] for name in general.index[general]]
    some = table[(table["reach"] == "some") & ~table["driver"].isin(general.index[general])]
    some = some.sort_values("range", ascending=False, kind="stable")  # each driver where groups differ most
    local_to = [
        sentence("“{label}” for {by} {where}", label=row.label, by=row.by, where=listing(row.where[:3]))
        for row in some.drop_duplicates("driver").itertuples()
    ]
    splits = listing([split.label for split in answers.splits], "or")
    parts = []
    if everywhere:
        parts.append(
            sentence(
                "below the target of {target} of 100 whatever the {splits}: {labels}",
                target=number(answers.target),
                splits=splits,
                labels=listing(_quoted(everywhere)),
            )
        )
    if local_to:
        parts.append(
            sentence(
                "below the target of {target} of 100 in some groups only: {labels}{more}",
                target=number(answers.target),
                labels=listing(local_to[:MOST_NAMED]),
                more=sentence(", and {count} more", count=len(local_to) - MOST_NAMED)
                if len(local_to) > MOST_NAMED
                else "",
            )
        )
    told = "; ".join(parts) or sentence(
        "no driver is likely to be below the target of {target} of 100 for any {splits}",
        target=number(answers.target),
        splits=splits,
    )
    return Finding(
        id="general_or_local",
        statement=told[0].upper() + told[1:] + ".",
        estimate=float(len(everywhere)),
        unit="drivers weak everywhere",
        evidence="descriptive",
        n=ratings.n,
        table="segments",
    )


def asymmetry(answers: Answers) -> Finding:
    """Drivers whose bad ratings weigh more than good ones, and the reverse.

    Only what is sure is told: of six drivers, three straight and three without effect, one at least seems uneven or
    reversed with a probability of .8 in half of all surveys, and with `SURE` in one of twenty.
    """
    table = answers.asymmetry_table
    templates = {
        "must_be": "bad ratings of {labels} cost more than good ones bring (must-be)",
        "attractive": "good ratings of {labels} bring more than bad ones cost (attractive)",
        "reversed": "better ratings of {labels} go with a worse outcome (reversed)",
    }
    parts, named = [], 0
    for kind, template in templates.items():
        labels = table["label"][table[kind] >= SURE] if answers.model.foretells else []
        if len(labels):
            parts.append(sentence(template, labels=listing(_quoted(labels.head(MOST_NAMED)))))
        named += len(labels)
    told = "; ".join(parts)
    return Finding(
        id="asymmetry",
        statement=(told[0].upper() + told[1:] + "." + _doubt(answers))
        if told
        else sentence("No driver clearly weighs more on one side of the middle of its scale than on the other."),
        estimate=float(named),
        unit=sentence("drivers surely uneven or reversed"),
        evidence="associational",
        n=answers.model.ratings.n,
        table="asymmetry",
    )
