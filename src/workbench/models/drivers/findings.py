"""What the answers of a drivers' model are in sentences: association, never cause."""

import numpy as np
import pandas as pd

from workbench.findings import Finding
from workbench.models.drivers.answers import LIKELY, SURE, Answers
from workbench.models.drivers.headline import MOST_NAMED, chance, headline, quoted
from workbench.wording import listing, number, percent, sentence

MEASURES = {"nps": "points of NPS", "top_box": "percentage points of top answers", "mean": "points of the mean"}
HIGHER = {"nps": "an NPS that is {change} points higher", "top_box": "{change} percentage points more top answers"}
LOWER = {"nps": "an NPS that is {change} points lower", "top_box": "{change} percentage points fewer top answers"}
MUCH_MORE = 3.0
"""Times as much gained by raising another driver as by the one to be fixed that is worth saying."""


def findings(answers: Answers) -> list[Finding]:
    """The headline; what runs against it; what to fix first and in which order; the strongest lever; what is weak for
    some only; what punishes and rewards.
    """
    found = [headline(answers), *against(answers), fix_first(answers), lever(answers), priorities(answers)]
    if answers.splits:
        found.append(local(answers))
    return [*found, asymmetry(answers)]


def _doubt(answers: Answers) -> str:
    """What a finding about one driver has to add where drivers cannot be told apart."""
    if not answers.model.foretells:
        return sentence(" No rating surely goes with the outcome here.")
    if answers.model.told_apart:
        return ""
    return sentence(" Single drivers cannot be told apart here, so others may be meant.")


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
                labels=listing(quoted(wrong["label"].head(MOST_NAMED))),
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
            sentence("“{label}” ({p})", label=row.label, p=chance(row.fix_first))
            for row in likely.head(MOST_NAMED).itertuples()
        ]
        more = len(likely) - len(shown)
        statement = sentence(
            "{lead}: {drivers}{more}. In brackets: probability of mattering and lying below the target of {target} of "
            "100.{beside}{together}{doubt}",
            beside=_beside(answers, likely["driver"].head(MOST_NAMED)),
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
            p=chance(estimate),
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


def _beside(answers: Answers, named: pd.Series) -> str:
    """What more would be gained elsewhere, where little hangs on what is to be fixed."""
    levers, measure = answers.lever_table.set_index("driver"), answers.changes.measures[0]
    best = levers.iloc[0]
    if levers.index[0] in set(named) or best[measure] < MUCH_MORE * levers.loc[list(named), measure].max():
        return ""
    template = (
        " Little hangs on {them} though: far more goes with a better “{label}”, which on average meets the target."
        if answers.performance[:, answers.model.ratings.drivers.index(levers.index[0])].mean() >= answers.target
        else " Little hangs on {them} though: far more goes with a better “{label}”."
    )
    return sentence(template, them=sentence("it") if len(named) == 1 else sentence("them"), label=best["label"])


def _alike(answers: Answers, named: pd.Series) -> str:
    """Others whose ratings go together with those of a named driver: they share what is explained by chance."""
    labels = answers.model.ratings.labels
    told = [
        sentence(
            " Ratings of “{label}” go together with those of {others}: look at them together.",
            label=labels[name],
            others=listing(quoted(labels[other] for other in group if other != name)),
        )
        for name in named
        for group in answers.groups
        if name in group and 1 < len(group) <= MOST_NAMED and not set(group) <= set(named)
    ]
    return "".join(told) if answers.model.told_apart else ""


def _members(answers: Answers, groups: pd.DataFrame) -> str:
    labels = answers.model.ratings.labels
    return "; ".join(listing(quoted(labels[name] for name in members)) for members in groups["members"])


def _nothing_first(answers: Answers) -> str:
    model, target = answers.model, number(answers.target)
    weak = np.flatnonzero((answers.performance < answers.target).mean(0) >= LIKELY)
    labels = quoted(model.ratings.labels[model.ratings.drivers[place]] for place in weak)
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
            p=chance(float(answers.important[:, weak].mean(0).max())),
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
        else sentence(
            ", a larger gain than with any other driver (probability {p})"
            if row["p_largest"] >= 0.5
            else ", the largest gain expected, though which is the largest is open (probability {p})",
            p=chance(row["p_largest"]),
        ),
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
    order = quoted(table["label"][table["score"] >= 10].head(MOST_NAMED)) or quoted([first["label"]])
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
            labels=listing(quoted(falling["label"].head(MOST_NAMED))),
            p=chance(falling["p_falling"].min()),
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
                labels=listing(quoted(everywhere)),
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
            parts.append(sentence(template, labels=listing(quoted(labels.head(MOST_NAMED)))))
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
