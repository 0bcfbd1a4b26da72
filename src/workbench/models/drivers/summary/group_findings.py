"""What a summarised drivers' model says of groups: weak everywhere or in places, and drivers that matter for some."""

from collections.abc import Mapping
from typing import Any

from workbench.findings import Finding
from workbench.models.drivers.summary.tables import SURE, SummaryTables
from workbench.models.drivers.summary.words import MOST_NAMED, some
from workbench.wording import listing, number, plural, sentence

MOST_PLACES = 2
"""Drivers that are weak in places only, and groups of each, that a sentence names."""


def local(summary: SummaryTables) -> list[Finding]:
    """Whether drivers are weak everywhere, or for one segment or at one touchpoint only.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.splits:
        return []
    table, ratings = summary.reach_table, summary.model.ratings
    general = table.groupby("driver", sort=False)["reach"].agg(lambda reach: (reach == "everywhere").all())
    everywhere = [name for name, all_groups in general.items() if all_groups]
    some_groups = table[(table["reach"] == "some") & ~table["driver"].isin(everywhere)]
    some_groups = some_groups.sort_values("range", ascending=False, kind="stable")  # where groups differ most
    places = some_groups.drop_duplicates("driver").to_dict("records")
    splits = listing([split.label for split in summary.splits], "or")
    target = number(summary.target)
    statements = {}
    if everywhere:
        statements["general_or_local"] = sentence(
            "Below the target of {target} everywhere, whatever the {splits}: {labels}.",
            target=target,
            splits=splits,
            labels=some(ratings.labels, [str(name) for name in everywhere]),
        )
    if places:
        statements["local" if everywhere else "general_or_local"] = _places(places, target)
    if not statements:
        statements["general_or_local"] = sentence(
            "No driver is likely to be below the target of {target} for any {splits}.", target=target, splits=splits
        )
    counts = {"general_or_local": float(len(everywhere)) if everywhere or not places else None, "local": len(places)}
    return [
        Finding(
            id=name,
            statement=statement,
            estimate=counts[name],
            unit=sentence("drivers weak everywhere")
            if name == "general_or_local"
            else sentence("drivers weak in places"),
            evidence="descriptive",
            n=ratings.n,
            table="segments",
        )
        for name, statement in statements.items()
    ]


def _places(places: list[dict[Any, Any]], target: str) -> str:
    """Drivers that are weak in some groups, with these groups."""
    named = []
    for row in places[:MOST_PLACES]:
        where, left = ", ".join(row["where"][:MOST_PLACES]), len(row["where"]) - MOST_PLACES
        words = {"label": row["label"], "by": row["by"], "where": where}
        named.append(
            plural("“{label}” ({by}: {where} and {n} more)", "“{label}” ({by}: {where} and {n} more)", left, **words)
            if left > 0
            else sentence("“{label}” ({by}: {where})", **words)
        )
    left = len(places) - MOST_PLACES
    if left > 0:
        return plural(
            "Below the target of {target} only in places: {named}, and {n} more driver.",
            "Below the target of {target} only in places: {named}, and {n} more drivers.",
            left,
            target=target,
            named=", ".join(named),
        )
    return sentence("Below the target of {target} only in places: {named}.", target=target, named=", ".join(named))


def matters_for_some(summary: SummaryTables) -> list[Finding]:
    """Drivers whose effect differs between groups, the clearest first; nothing where none clearly does.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.splits or not summary.model.predictive:
        return []  # distinguishable or not: a difference between groups is no mood
    table = summary.difference_table
    table = table[table["p"] <= 1 - SURE].drop_duplicates("driver")
    return [_difference(summary, row, place) for place, row in enumerate(table.head(MOST_NAMED).to_dict("records"))]


def _difference(summary: SummaryTables, row: Mapping[Any, Any], place: int) -> Finding:
    model = summary.model
    return Finding(
        id="matters_for_some" if not place else f"matters_for_some_{place + 1}",
        statement=sentence(
            "“{label}” matters more for {by} {high} than for {low}: {more} against {less} {unit} for 10 of 100 points.",
            label=row["label"],
            by=row["by"],
            high=row["high"],
            low=row["low"],
            more=number(row["effect_high"], 2),
            less=number(row["effect_low"], 2),
            unit=model.effect_unit,
        ),
        estimate=float(row["difference"]),
        unit=model.effect_unit,
        interval=(float(row["lower"]), float(row["upper"])),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=model.ratings.n,
        table="segment_effects" if row["by"] == model.ratings.segment_label else None,
    )
