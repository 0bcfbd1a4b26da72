"""The headline of a drivers' study: what to work on first, or that the data cannot say."""

import numpy as np

from workbench.findings import Finding
from workbench.models.drivers.summary.tables import SURE, SummaryTables
from workbench.models.drivers.summary.words import (
    FACTORS,
    MOST_NAMED,
    chance,
    gain_words,
    quoted,
    rise_words,
    some,
    unit_of,
)
from workbench.wording import listing, percent, plural, sentence


def headline(summary: SummaryTables) -> Finding:
    """The one recommendation, or why there is none.

    What to work on first and what that goes with; which drivers may come first; that single drivers cannot be
    distinguished; that the ratings say nothing about the outcome; or that nothing is to be gained.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.model.predictive:
        return _not_predictive(summary)
    if not summary.model.distinguishable:
        return _indistinguishable(summary)
    if not summary.any_gain:
        return _out_of_reach(summary)
    if not summary.order:
        return _nothing_to_gain(summary)
    return _first(summary)


def caveats(summary: SummaryTables) -> list[Finding]:
    """What must be known to read the headline: that people rate alike, groups of drivers, ratings that move together.

    Parameters
    ----------
    summary
        A summarised model.
    """
    if not summary.model.predictive:
        return []
    if not summary.model.distinguishable:
        return [_average_rating(summary), *_groups(summary)]
    return [*_explained(summary), *_move_together(summary)] if summary.order else _explained(summary)


def _together(summary: SummaryTables, name: str, statement: str, table: str) -> Finding:
    """A finding about all ratings: its number is the share of differences in the outcome that they explain."""
    model = summary.model
    explained = model.importance.explained
    lower, upper = model.interval(explained)
    return Finding(
        id=name,
        statement=statement,
        estimate=float(explained.mean()),
        unit="share",
        interval=(float(lower), float(upper)),
        interval_kind=model.interval_kind,
        evidence="associational",
        n=model.ratings.n,
        table=table,
    )


def explained_words(summary: SummaryTables) -> str:
    """The share of differences in the outcome that all ratings explain.

    Parameters
    ----------
    summary
        A summarised model.
    """
    return percent(round(float(summary.model.importance.explained.mean()), 2))


def _not_predictive(summary: SummaryTables) -> Finding:
    """Ratings that predict no better than nothing: whatever single drivers seem to do may be chance."""
    statement = sentence(
        "The ratings do not explain “{outcome}”: they predict it no better than chance.",
        outcome=summary.model.ratings.outcome_label,
    )
    return _together(summary, "headline", statement, "comparison")


def _indistinguishable(summary: SummaryTables) -> Finding:
    ratings = summary.model.ratings
    statement = plural(
        "These data can't single out one driver: {n} rating explains {explained} of differences in “{outcome}”.",
        "These data can't single out one driver: all {n} ratings together explain {explained} of differences in "
        "“{outcome}”.",
        len(ratings.drivers),
        explained=explained_words(summary),
        outcome=ratings.outcome_label,
    )
    return _together(summary, "headline", statement, "driver_groups")


def _average_rating(summary: SummaryTables) -> Finding:
    """Why no driver stands out: a person's mean rating predicts as well as single ones. The table has the number."""
    return Finding(
        id="average_rating",
        statement=sentence(
            "A person's average rating predicts “{outcome}” as well as single ratings do: people who like us rate "
            "everything high.",
            outcome=summary.model.ratings.outcome_label,
        ),
        estimate=None,
        evidence="associational",
        n=summary.model.ratings.n,
        table="comparison",
    )


def _out_of_reach(summary: SummaryTables) -> Finding:
    """Where nobody gave an answer that the first measure counts: it can then never be predicted to rise."""
    statement = sentence(
        "Nobody gave the top answer to “{outcome}”, so no gain in top answers can be predicted: check its scale in "
        "dataset.yaml.",
        outcome=summary.model.ratings.outcome_label,
    )
    return _together(summary, "headline", statement, "what_if")


def _nothing_to_gain(summary: SummaryTables) -> Finding:
    statement = sentence(
        "No driver comes first: better ratings of none go with a better “{outcome}”.",
        outcome=summary.model.ratings.outcome_label,
    )
    return _together(summary, "headline", statement, "what_if")


def _first(summary: SummaryTables) -> Finding:
    model, measure = summary.model, summary.measure
    row = summary.what_if_table.iloc[0]
    factor = FACTORS.get(measure, 1.0)
    return Finding(
        id="headline",
        statement=_one_first(summary) if summary.decided else _rivals_first(summary),
        estimate=float(factor * row[measure]),
        unit=unit_of(measure),
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


def _one_first(summary: SummaryTables) -> str:
    row = summary.what_if_table.iloc[0]
    words = {"label": row["label"], "gain": gain_words(summary.measure, float(row[summary.measure]))}
    words["rise"] = rise_words(summary.scenario)
    if row["p_gain"] < SURE:
        return sentence(
            "“{label}” first, but it may be nothing: {gain} go with a rating {rise} ({p} sure of a gain).",
            p=chance(float(row["p_gain"])),
            **words,
        )
    if len(summary.what_if_table) == 1:
        return sentence("“{label}” is the only driver: {gain} go with a rating {rise}.", **words)
    if row["p_largest"] >= SURE:
        return sentence(
            "“{label}” first: {gain} go with a rating {rise}, the most of any driver ({p} sure).",
            p=chance(float(row["p_largest"])),
            **words,
        )
    return sentence(
        "“{label}” first: {gain} go with a rating {rise}, and hardly more with any other driver ({p} sure).",
        p=chance(float(row["p_as_good"])),
        **words,
    )


def _rivals_first(summary: SummaryTables) -> str:
    gains = summary.what_if_table.set_index("driver").loc[summary.rivals]
    named, left = quoted(gains["label"].head(MOST_NAMED)), len(gains) - MOST_NAMED
    gain = gain_words(summary.measure, float(gains[summary.measure].max()))
    if left > 0:
        return plural(
            "No single driver comes first: {labels} or {n} other may bring most, up to {gain}.",
            "No single driver comes first: {labels} or one of {n} others may bring most, up to {gain}.",
            left,
            labels=", ".join(named),
            gain=gain,
        )
    return sentence(
        "No single driver comes first: {labels} may each bring most, up to {gain}.",
        labels=listing(named, "or"),
        gain=gain,
    )


def _explained(summary: SummaryTables) -> list[Finding]:
    """How much all ratings explain together."""
    ratings = summary.model.ratings
    statement = plural(
        "{explained} of why people differ in “{outcome}” is explained by the one rating.",
        "{explained} of why people differ in “{outcome}” is explained by all {n} ratings together.",
        len(ratings.drivers),
        explained=explained_words(summary),
        outcome=ratings.outcome_label,
    )
    return [_together(summary, "explained", statement, "importance")]


def _move_together(summary: SummaryTables) -> list[Finding]:
    """Drivers whose ratings go together with those of a driver named first: by chance they share what is explained."""
    named = summary.order[:1] if summary.decided else summary.rivals[:MOST_NAMED]
    labels = summary.model.ratings.labels
    found: list[Finding] = []
    for group in summary.groups:
        inside = [name for name in named if name in group]
        others = [name for name in group if name not in inside]
        if not inside or len(group) < 2:
            continue
        statement = (
            sentence(
                "Ratings of {labels} move together with those of {others}: the effect may belong to either.",
                labels=some(labels, inside),
                others=some(labels, others),
            )
            if others
            else sentence(
                "Ratings of {labels} move together: the effect may belong to either.", labels=some(labels, inside)
            )
        )
        found.append(
            Finding(
                id="moves_together" if not found else f"moves_together_{len(found) + 1}",
                statement=statement,
                estimate=len(group),
                unit=sentence("drivers in the group"),
                evidence="descriptive",
                n=summary.model.ratings.n,
                table="driver_groups",
            )
        )
    return found


def _groups(summary: SummaryTables) -> list[Finding]:
    """Groups of drivers that go with the outcome more, or less, than the rest does."""
    table, ratings = summary.group_table, summary.model.ratings
    if len(table) < 2:
        return []
    # Both directions of every group were looked at (Bonferroni); a group of one is a single driver.
    sure = 1 - (1 - SURE) / (2 * len(table))
    shares = dict(zip(ratings.drivers, summary.model.importance.share.mean(0), strict=True))
    found: list[Finding] = []
    for row in table[table["members"].map(len) > 1].to_dict("records"):
        members = some(ratings.labels, sorted(row["members"], key=lambda name: -shares[name]))
        if row["p_above"] >= sure:
            statement = sentence(
                "As a group, {members} go with “{outcome}” more than the other ratings do.",
                members=members,
                outcome=ratings.outcome_label,
            )
        elif row["p_above"] <= 1 - sure:
            statement = sentence(
                "As a group, {members} go with “{outcome}” less than the other ratings do.",
                members=members,
                outcome=ratings.outcome_label,
            )
        else:
            continue
        found.append(
            Finding(
                id=f"group_{len(found) + 1}",
                statement=statement,
                estimate=float(row.get("contrast", np.nan)),
                unit=summary.model.effect_unit,
                interval=(float(row["lower"]), float(row["upper"])) if "lower" in row else None,
                interval_kind=summary.model.interval_kind if "lower" in row else None,
                evidence="associational",
                n=ratings.n,
                table="driver_groups",
            )
        )
    return found
