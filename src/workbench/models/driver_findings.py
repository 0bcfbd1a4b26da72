"""What the answers of a drivers' model are in sentences: association, never cause."""

import numpy as np

from workbench.findings import Finding
from workbench.models.driver_answers import LIKELY, SURE, Answers
from workbench.wording import listing, number, percent, sentence

MEASURES = {"nps": "points of NPS", "top_box": "percentage points of top answers", "mean": "points of the mean"}
MOST_NAMED = 4


def findings(answers: Answers) -> list[Finding]:
    """The headline, what to fix first, the strongest lever, what is weak for some only, what punishes and rewards."""
    found = [headline(answers), fix_first(answers), lever(answers)]
    if len(answers.model.ratings.segments) > 1:
        found.append(local(answers))
    return [*found, asymmetry(answers)]


def headline(answers: Answers) -> Finding:
    """The driver that carries most of what is explained; or that drivers cannot be told apart, and which groups can."""
    model = answers.model
    ratings = model.ratings
    if not model.told_apart:
        difference, error = model.better_than("halo")
        return Finding(
            id="headline",
            statement=sentence(
                "Single drivers cannot be told apart: one mean rating foretells “{outcome}” as well as all "
                "{count}{groups}.",
                count=number(len(ratings.drivers)),
                outcome=ratings.outcome_label,
                groups=_groups(answers),
            ),
            estimate=difference,
            unit="log density more than the mean rating",
            interval=(difference - 2 * error, difference + 2 * error),
            interval_kind=sentence("2 standard errors"),
            evidence="associational",
            n=ratings.n,
            table="driver_groups",
        )
    table = answers.importance_table
    sure = table[(table["p_above_knockoff"] >= SURE) & (table["p_positive"] >= SURE)]
    first = (sure if len(sure) else table).iloc[0]
    rest = [ratings.labels[name] for name in sure["driver"][1:MOST_NAMED]]
    others = sentence(", ahead of {rest}", rest=listing(rest)) if rest else ""
    if sure.empty:
        others = sentence(", but no driver surely stands out from chance")
    return Finding(
        id="headline",
        statement=sentence(
            "“{label}” goes with “{outcome}” most: it carries {share} of what the ratings explain{others}.",
            label=first["label"],
            outcome=ratings.outcome_label,
            share=percent(first["share"]),
            others=others,
        ),
        estimate=float(first["share"]),
        unit="share",
        interval=(float(first["lower"]), float(first["upper"])),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=ratings.n,
        table="importance",
        figure="importance",
    )


def _groups(answers: Answers) -> str:
    table = answers.group_table
    if len(table) < 2:
        return ""
    # Both directions of every group were looked at (Bonferroni); a group of one would be a single driver told apart.
    sure = 1 - (1 - SURE) / (2 * len(table))
    several = table[table["members"].map(len) > 1]
    above = [_short(answers, group) for group in several["members"][several["p_above"] >= sure]]
    below = [_short(answers, group) for group in several["members"][several["p_above"] <= 1 - sure]]
    if not above and not below:
        return sentence("; nor can groups whose ratings go together")
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
    return sentence(". As groups they can: {parts}", parts=listing(parts))


def _short(answers: Answers, group: tuple[str, ...]) -> str:
    """A group by its most important driver."""
    ratings = answers.model.ratings
    shares = dict(zip(ratings.drivers, answers.model.importance.share.mean(0), strict=True))
    first = ratings.words(max(group, key=shares.get))
    return first if len(group) == 1 else sentence("{first} and {more} like it", first=first, more=len(group) - 1)


def fix_first(answers: Answers) -> Finding:
    """What matters and is below target; that nothing is, is an answer."""
    table = answers.map_table
    likely = table[table["fix_first"] >= LIKELY]
    first = table.iloc[0]
    target = number(answers.target)
    if likely.empty:
        statement = sentence(
            "Nothing needs fixing first: no driver is likely to matter and to lie below the target of {target} of 100; "
            "the nearest is “{label}” at {performance}.",
            target=target,
            label=first["label"],
            performance=number(first["performance"]),
        )
    else:
        shown = [
            sentence("“{label}” ({p})", label=row.label, p=percent(row.fix_first))
            for row in likely.head(MOST_NAMED).itertuples()
        ]
        more = len(likely) - len(shown)
        statement = sentence(
            "Likely to matter and below the target of {target} of 100: {drivers}{more}{doubt}.",
            target=target,
            drivers=listing(shown),
            more=sentence(", and {count} more", count=more) if more > 0 else "",
            doubt="" if answers.model.told_apart else sentence("; candidates, for single drivers cannot be told apart"),
        )
    return Finding(
        id="fix_first",
        statement=statement,
        estimate=float(first["fix_first"]),
        unit="probability",
        evidence="associational",
        n=answers.model.ratings.n,
        table="action_map",
        figure="action_map",
    )


def lever(answers: Answers) -> Finding:
    """The largest change of the outcome that raising one driver goes with."""
    measure = answers.changes.measures[0]
    row = answers.lever_table.iloc[0]
    factor = 100 if measure == "top_box" else 1
    sure = row["p_gain"] >= SURE
    statement = sentence(
        "If “{label}” were rated {scenario} ({reached} of people), the model expects {change} {unit} more, as far as "
        "association goes{doubt}.",
        label=row["label"],
        scenario=answers.scenario_words(),
        reached=percent(row["reached"]),
        change=number(factor * row[measure]),
        unit=sentence(MEASURES[measure]),
        doubt="" if sure else sentence(", which may well be nothing"),
    )
    return Finding(
        id="strongest_lever",
        statement=statement,
        estimate=float(factor * row[measure]),
        unit=MEASURES[measure],
        interval=(float(factor * row[f"{measure}_lower"]), float(factor * row[f"{measure}_upper"])),
        interval_kind=answers.model.interval_kind,
        evidence="associational",
        n=answers.model.ratings.n,
        table="what_if",
        figure="what_if",
    )


def local(answers: Answers) -> Finding:
    """Whether drivers are weak everywhere, or for some segments only."""
    table, ratings = answers.reach_table, answers.model.ratings
    everywhere = list(table["label"][table["reach"] == "everywhere"])
    some = table[table["reach"] == "some"]
    local_to = [
        sentence("“{label}” in {where}", label=row.label, where=listing(row.where[:3]))
        for row in some.iloc[np.argsort([len(where) for where in some["where"]], kind="stable")].itertuples()
    ]
    parts = []
    if everywhere:
        parts.append(
            sentence(
                "below target in every {segment}: {labels}",
                segment=ratings.segment_label,
                labels=listing([f"“{label}”" for label in everywhere]),
            )
        )
    if local_to:
        parts.append(
            sentence(
                "below target for some only: {labels}{more}",
                labels=listing(local_to[:MOST_NAMED]),
                more=sentence(", and {count} more", count=len(local_to) - MOST_NAMED)
                if len(local_to) > MOST_NAMED
                else "",
            )
        )
    told = "; ".join(parts) or sentence(
        "no driver is surely below target in any {segment}", segment=ratings.segment_label
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
    """Drivers whose bad ratings weigh more than good ones, and the reverse."""
    table = answers.asymmetry_table
    must, attractive = (table[table[kind] >= 0.8] for kind in ("must_be", "attractive"))
    parts = []
    if len(must):
        parts.append(
            sentence(
                "bad ratings of {labels} weigh, good ones add little",
                labels=listing([f"“{label}”" for label in must["label"][:MOST_NAMED]]),
            )
        )
    if len(attractive):
        parts.append(
            sentence(
                "good ratings of {labels} weigh, bad ones cost little",
                labels=listing([f"“{label}”" for label in attractive["label"][:MOST_NAMED]]),
            )
        )
    told = listing(parts) or sentence("no driver clearly weighs on one side of the middle only")
    strongest = table.loc[(table["below"] - table["above"]).abs().idxmax()]
    return Finding(
        id="asymmetry",
        statement=told[0].upper() + told[1:] + ".",
        estimate=float(strongest["below"] - strongest["above"]),
        unit="log-odds a point, below less above the middle",
        evidence="associational",
        n=answers.model.ratings.n,
        table="asymmetry",
    )
