"""How the risk moves with the features that matter most, and which of them say more together than alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.models.attrition.reasons.explainers import BoostedExplainer, Explainer
from workbench.models.attrition.reasons.reasons import Names
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import number, sentence

LEADING = 4  # features, one panel each: a page's width
BINS = 10  # tenths of the customers, each of which is one dot
MOST_LEVELS = 8  # of a category, the most frequent ones: more do not fit a panel
MOST_ROWS = 5_000
"""Customers whose values are averaged: means of tenths of them are sure to a hundredth of the standard deviation."""
MOST_PAIRED = 1_000
"""Customers whose interactions are worked out: their mean sizes are all that is told."""
MOST_PAIRS = 5  # a choice: those behind are smaller still
Z = 1.645  # of a 90% interval


@dataclass(frozen=True, kw_only=True, eq=False)
class Dependence:
    """What a forecast makes of its features.

    Attributes
    ----------
    parts
        By `feature` and `place` (a tenth of the customers by its value, or a level): `value` (mean, or the level in
        words), `customers`, `part` (mean of what it adds to the log-odds) with `lower` and `upper` (refits).
    pairs
        `first`, `second`, `strength` (mean size of what both add together, log-odds) with `lower` and `upper`, the
        strongest first; None of a forecast in which features add up.
    names
        How features are called.
    paired
        How many customers stand behind `pairs`.
    """

    parts: pd.DataFrame
    pairs: pd.DataFrame | None
    names: Names
    paired: int

    def exhibits(self) -> Iterator[Showable]:
        """A panel for each feature, and the strongest pairs."""
        yield Figure(
            name="dependence",
            draw=self.draw,
            title=sentence("How the risk goes with the features that matter most"),
            alt=sentence("A panel for each feature: what its values add to the log-odds of leaving, with intervals."),
            caption=sentence(
                "Dots above 0: the risk is forecast higher than usual. Each is a tenth of the customers, or a level. "
                "It goes with leaving and need not cause it."
            ),
        )
        yield Table(
            name="dependence",
            frame=self.parts,
            caption=sentence("What values of the features that matter most add to the log-odds of leaving."),
            people=People(count="customers", by=["place"], within=["feature", "label", "value"]),
            columns={
                "label": Column(sentence("Feature")),
                "value": Column(sentence("Value")),
                "customers": Column(sentence("Customers")),
                "part": Column(sentence("Adds"), sentence("log-odds")),
                "lower": Column(sentence("From")),
                "upper": Column(sentence("To")),
            },
        )
        if self.pairs is not None and len(self.pairs):
            yield Table(
                name="interactions",
                frame=self.pairs,
                caption=sentence(
                    "Features that say more together than alone: mean size of exact Shapley interactions of {n} "
                    "customers.",
                    n=number(self.paired),
                ),
                people=None,
                columns={
                    "first_label": Column(sentence("Feature")),
                    "second_label": Column(sentence("With")),
                    "strength": Column(sentence("Mean size"), sentence("log-odds")),
                    "lower": Column(sentence("From")),
                    "upper": Column(sentence("To")),
                },
            )

    def draw(self) -> Drawing:
        """Two panels a line."""
        features = list(dict.fromkeys(self.parts["feature"]))
        lines = (len(features) + 1) // 2
        figure = Drawing(figsize=(6.4, 2.5 * lines), layout="constrained")
        low, high = self.parts[["part", "lower"]].min().min(), self.parts[["part", "upper"]].max().max()
        for place, feature in enumerate(features):
            ax = figure.add_subplot(lines, 2, place + 1)
            some = self.parts[self.parts["feature"] == feature]
            numbers = some["at"].notna().all()
            x = some["at"].to_numpy(dtype=float) if numbers else np.arange(len(some))
            ends = np.clip([some["part"] - some["lower"], some["upper"] - some["part"]], 0, None)
            ends = None if np.isnan(ends).all() else np.nan_to_num(ends)
            ax.axhline(0, color="0.5", linewidth=0.8)
            ax.errorbar(x, some["part"], yerr=ends, fmt="o-" if numbers else "o", markersize=4, linewidth=1)
            if not numbers:
                labels = [text if len(text) < 16 else text[:14] + "…" for text in map(str, some["value"])]
                ax.set_xticks(x, labels, rotation=30, ha="right")
                ax.set_xlim(-0.5, len(some) - 0.5)
            ax.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
            ax.set_title("\n".join(wrap(self.names.label(feature), 32)), loc="left", fontsize="medium")
            ax.set_xlabel(self.names.units.get(feature, ""))
            if place % 2 == 0:
                ax.set_ylabel(sentence("Adds (log-odds)"))
        return figure


def find_dependence(
    explainer: Explainer,
    features: pd.DataFrame,
    background: pd.DataFrame,
    importance: pd.DataFrame,
    *,
    names: Names,
    random_seed: int,
) -> Dependence:
    """Look at a sample of customers.

    Parameters
    ----------
    explainer
        Of the forecast that is used.
    features
        One row a customer.
    background
        Customers whose values a feature takes when it is left out.
    importance
        Of features, the most important first (`Reasons.importance`).
    names
        How features are called.
    random_seed
        Fixes which customers.
    """
    some = features.sample(MOST_ROWS, random_state=random_seed) if len(features) > MOST_ROWS else features
    some = some.reset_index(drop=True)
    values = np.array([each for each, _ in explainer.values(some)], dtype=float)
    leading = [str(name) for name in importance["feature"][:LEADING] if importance["importance"].iloc[0] > 0]
    parts = [_parts(some[name], values[:, :, explainer.features.index(name)], name, names) for name in leading]
    pairs = None
    few = some[:MOST_PAIRED]
    if isinstance(explainer, BoostedExplainer):
        pairs = _pairs(np.array(list(explainer.interactions(few, background))), explainer.features, names)
    return Dependence(parts=pd.concat(parts, ignore_index=True), pairs=pairs, names=names, paired=len(few))


def _parts(column: pd.Series, values: np.ndarray, name: str, names: Names) -> pd.DataFrame:
    """Means (R, N) of what a feature adds, by tenth or level; small groups are left out."""
    number_like = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    numbers = number_like and column.nunique() > 2
    if numbers:
        groups = pd.qcut(column, BINS, labels=False, duplicates="drop")
    else:
        words = column.astype(object).map(_word, na_action="ignore")
        common = words.value_counts().index[:MOST_LEVELS]
        groups = words.where(words.isin(common)).map({each: place for place, each in enumerate(sorted(common))})
    rows = []
    for place in sorted(groups.dropna().unique()):
        there = (groups == place).to_numpy()
        if there.sum() < SMALLEST_GROUP:
            continue
        mean = values[:, there].mean(1)
        error = Z * mean.std(ddof=1) if len(mean) > 1 else np.nan
        at = float(column[there].mean()) if numbers else np.nan
        rows.append(
            {
                "feature": name,
                "label": names.label(name),
                "place": int(place),
                "at": at,
                "value": number(at) if numbers else words[there].iloc[0],
                "customers": int(there.sum()),
                "part": mean.mean(),
                "lower": mean.mean() - error,
                "upper": mean.mean() + error,
            }
        )
    return pd.DataFrame(rows)


def _word(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return sentence("yes") if value else sentence("no")
    return number(float(value)) if isinstance(value, int | float | np.number) else str(value)


def _pairs(sizes: np.ndarray, features: tuple[str, ...], names: Names) -> pd.DataFrame:
    """From mean sizes by refit (R, F, F)."""
    rows = []
    for one, other in combinations(range(len(features)), 2):
        mine = sizes[:, one, other]
        error = Z * mine.std(ddof=1) if len(mine) > 1 else np.nan
        rows.append(
            {
                "first": features[one],
                "second": features[other],
                "first_label": names.label(features[one]),
                "second_label": names.label(features[other]),
                "strength": mine.mean(),
                "lower": max(mine.mean() - error, 0.0),
                "upper": mine.mean() + error,
            }
        )
    frame = pd.DataFrame(rows)
    frame = frame[frame["strength"] > 0].sort_values("strength", ascending=False, kind="stable")
    return frame[:MOST_PAIRS].reset_index(drop=True)
