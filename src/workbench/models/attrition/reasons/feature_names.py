"""What features made from events are called: their names follow a pattern, and so do the words for people."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.models.attrition.reasons.reasons import Names
from workbench.wording import inline, sentence

PLACE = r"(?P<what>.+?)"


def _label(name: str, of: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Label, unit and what it is about, of a feature that follows a pattern; None of any other."""

    def what(found: re.Match[str]) -> str:
        stem = found["what"]
        return inline(of.get(stem) or stem.replace("_", " "))

    if found := re.fullmatch(PLACE + r"_against_usual_(\d+)d", name):
        label = sentence("{what} of the last {days} days against usual", what=_capital(what(found)), days=found[2])
        return label, sentence("times"), found["what"]
    if found := re.fullmatch(PLACE + r"_change_(\d+)d", name):
        label = sentence("{what} of the last {days} days less those before", what=_capital(what(found)), days=found[2])
        return label, "", found["what"]
    if found := re.fullmatch(PLACE + r"_trend_(\d+)d", name):
        label = sentence("Trend of {what} over the last {days} days", what=what(found), days=found[2])
        return label, "", found["what"]
    if found := re.fullmatch(PLACE + r"_(\d+)d", name):
        label = sentence("{what} of the last {days} days", what=_capital(what(found)), days=found[2])
        return label, "", found["what"]
    if found := re.fullmatch(PLACE + r"_usual_gap_days", name):
        label = sentence("Usual time between {what}", what=what(found))
        return label, sentence("days"), found["what"]
    if found := re.fullmatch(PLACE + r"_gap_ratio", name):
        label = sentence("Time since the last of {what}, in usual gaps", what=what(found))
        return label, "", found["what"]
    if found := re.fullmatch(r"days_since_last_" + PLACE, name):
        label = sentence("Time since the last {what}", what=what(found))
        return label, sentence("days"), found["what"] + "s"
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def names_of(features: Sequence[str], columns: Sequence[Any]) -> Names:
    """Labels, units and themes of features.

    Parameters
    ----------
    features
        Names of columns.
    columns
        Definitions with `name`, `label` and `unit`; what they say wins.

    Examples
    --------
    >>> names_of(["purchases_30d", "days_since_last_purchase"], []).labels["purchases_30d"]
    'Purchases of the last 30 days'
    """
    known = {each.name: each.label for each in columns if each.label}
    fixed = {
        "tenure_days": (sentence("Known for"), sentence("days"), "tenure_days"),
        "T": (sentence("Time since the first purchase"), sentence("weeks"), "purchases"),
        "recency": (sentence("Time from the first to the last purchase"), sentence("weeks"), "purchases"),
        "frequency": (sentence("Repeat purchases"), "", "purchases"),
        "monetary_value": (sentence("Mean amount of a repeat purchase"), "", "amount"),
        "days_on_plan": (sentence("Time on the plan"), sentence("days"), "subscriptions"),
    }
    labels, units, themes = {}, {}, {}
    for name in features:
        found = fixed.get(name) or _label(name, {key: label.lower() for key, label in known.items()})
        if name in known:
            labels[name] = known[name]
        else:
            labels[name] = found[0] if found else _capital(name.replace("_", " "))
        if found and found[1]:
            units[name] = found[1]
        stem = found[2] if found else name
        themes[name] = known.get(stem) or _capital(stem.replace("_", " "))
    units |= {each.name: each.unit for each in columns if each.unit}
    return Names(labels=labels, units=units, themes=themes)
