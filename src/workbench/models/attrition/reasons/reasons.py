"""Reasons of single customers that all refits share, in plain words, and what matters over all customers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.reasons.explainers import Explainer, probability_points
from workbench.wording import inline, label_of, listing, percent, plural, sentence, span

SHARED = 0.8
"""Share of the refits in which a feature must raise a customer's risk to be given as a reason: eight of ten."""
LEAST_POINTS = 0.005
"""A reason adds at least half a percentage point to the risk: less is nothing that a person would act on."""
MOST_REASONS = 3  # a choice: as many as a caller can use
WANTED_AGREEMENT = 0.90
"""Share of customers whose first reason two halves of the refits should agree on (`telco`, seven seeds: .92 to .96)."""
NAMED = 0.25
"""A feature is named beside the first from a quarter of its size on: a choice, so that chance is not named."""
MOST_SPLITS = 252
"""Ways to split refits into halves that are compared: all ways for up to ten. One way alone is off by .02 (`telco`)."""
CHUNK = 12_500
"""Rows explained together: values of 60 features in 20 refits take 200 MB, and steps from them as much again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Names:
    """How features are called.

    Attributes
    ----------
    labels
        By feature; its name in words where there is none.
    units
        By feature.
    themes
        By feature; a feature without one is its own theme.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    themes: Mapping[str, str] = field(default_factory=dict)

    def label(self, feature: str) -> str:
        """For people.

        Parameters
        ----------
        feature
            Its name.
        """
        return label_of(self.labels, feature)

    def theme(self, feature: str) -> str:
        """What the feature belongs to.

        Parameters
        ----------
        feature
            Its name.
        """
        return self.themes.get(feature, self.label(feature))


@dataclass(frozen=True, kw_only=True, eq=False)
class Reasons:
    """Why customers are at risk.

    Attributes
    ----------
    customers
        One row a customer, in the order given: `reason_1` … `reason_3` (plain words; missing where refits share no
        more), `reason_1_points` … (points of probability) and `reason_1_theme` ….
    importance
        One row a feature, the most important first: `feature`, `label`, `theme`, `importance` (mean absolute
        log-odds), `lower`, `upper`.
    agreement
        Share of customers above the usual risk whose first reason (by its theme) is the same in two halves of the
        refits, over the ways to split them; None of a single fit, or where nobody asked.
    agreement_of
        How many customers that is; of many, those who come first.
    given
        Share of customers who have a reason that refits share.
    """

    customers: pd.DataFrame
    importance: pd.DataFrame
    agreement: float | None
    agreement_of: int
    given: float

    def check(self) -> Check | None:
        """Whether refits agree on first reasons."""
        if self.agreement is None:
            return None
        agreed = self.agreement >= WANTED_AGREEMENT
        return Check(
            name="reason_agreement",
            status="pass" if agreed else "warn",
            value=self.agreement,
            threshold=WANTED_AGREEMENT,
            message=sentence(
                "Two halves of the refits name the same first reason for {share} of customers at raised risk. Reasons "
                "that refits do not share are left out.",
                share=percent(self.agreement),
            ),
            title=sentence("Reasons are stable") if agreed else sentence("Reasons change between refits"),
        )

    def finding(self) -> Finding:
        """Which features matter most."""
        first = self.importance.iloc[0]
        leading = self.importance[self.importance["importance"] >= NAMED * first["importance"]]
        top = [inline(str(label)) for label in leading["label"][:MOST_REASONS]]
        return Finding(
            id="importance",
            statement=plural(
                "The forecast leans most on {features}. It goes with leaving; it need not cause it.",
                "The forecast leans most on {features}. These go with leaving; they need not cause it.",
                len(top),
                features=listing(top),
            ),
            estimate=float(first["importance"]),
            unit=sentence("log-odds"),
            interval=None if self.agreement is None else (float(first["lower"]), float(first["upper"])),
            interval_kind=None
            if self.agreement is None
            else sentence("90% confidence (refits on resampled customers)"),
            evidence="associational",
            n=len(self.customers),
            table="importance",
            figure="importance",
        )

    def exhibits(self) -> Iterator[Showable]:
        """What matters over all customers; reasons of single ones go into the private target list."""
        yield self.finding()
        yield self.check()
        yield {"reason_agreement": self.agreement, "reasons_given": self.given}
        yield Figure(
            name="importance",
            draw=self.draw,
            title=sentence("What the forecast leans on"),
            alt=sentence("One bar a feature, as long as the mean size of its part in the log-odds, with an interval."),
        )
        grouped = (self.importance["theme"] != self.importance["label"]).any()  # else each is its own theme
        columns = {
            "label": Column(sentence("Feature")),
            **({"theme": Column(sentence("Theme"))} if grouped else {}),
            "importance": Column(sentence("Mean size"), sentence("log-odds")),
        }
        if self.agreement is not None:
            columns |= {"lower": Column(sentence("From")), "upper": Column(sentence("To"))}
        yield Table(
            name="importance",
            frame=self.importance,
            caption=sentence("Mean size of each feature's part in the log-odds of leaving, over customers."),
            people=None,
            columns=columns,
        )

    def draw(self) -> Axes:
        """The ten that matter most."""
        top = self.importance[:10].iloc[::-1]
        ax = Drawing(figsize=(6.2, 0.9 + 0.33 * len(top)), layout="constrained").subplots()
        ends = np.clip([top["importance"] - top["lower"], top["upper"] - top["importance"]], 0, None)
        ax.barh(np.arange(len(top)), top["importance"], xerr=None if self.agreement is None else ends, color="C0")
        ax.set_yticks(np.arange(len(top)), [str(label) for label in top["label"]])
        ax.set_xlabel(sentence("Mean size of its part (log-odds)"))
        return ax


def give_reasons(
    explainer: Explainer,
    features: pd.DataFrame,
    background: pd.DataFrame,
    *,
    names: Names | None = None,
    compared: bool = True,
) -> Reasons:
    """Explain customers.

    Parameters
    ----------
    explainer
        Of the forecast that is used.
    features
        One row a customer to explain.
    background
        Active customers: usual values are their medians and most frequent levels.
    names
        How features are called.
    compared
        Whether halves of the refits are compared, which takes as long as 20,000 customers.

    Returns
    -------
    Reasons
    """
    names = names or Names()
    usual = {name: _usual(background[name]) for name in explainer.features}
    rows, sizes, weights = [], [], []
    agreement: tuple[float, int] | None = None
    for start in range(0, len(features), CHUNK):
        part = features.iloc[start : start + CHUNK].reset_index(drop=True)
        shape = len(part), len(explainer.features)
        total, raising = np.zeros(shape), np.zeros(shape, dtype=np.uint16)
        bases, size, first = [], [], []
        for values, base in explainer.values(part):  # a refit after the other: all together are ten times as large
            total += values
            raising += values > 0
            size.append(np.abs(values).mean(0, dtype=float))
            bases.append(base)
            first += [values] if compared and start == 0 else []
        mean = total / len(bases)
        shared = (raising / len(bases) >= SHARED) & (mean > 0)
        points = probability_points(mean, float(np.mean(bases)), explainer.risk)
        rows.append(_told(part, mean, shared, points, usual, explainer.features, names))
        sizes.append(np.array(size))
        weights.append(len(part))
        if len(first) > 1:
            raised = np.array([each[mean.sum(1) > 0] for each in first], dtype=float)
            agreement = _agreement(raised, _members(explainer.features, names))
    mean_size = np.average(sizes, axis=0, weights=weights)
    customers = pd.concat(rows, ignore_index=True)
    return Reasons(
        customers=customers,
        importance=_importance(mean_size, explainer.features, names),
        agreement=agreement[0] if agreement else None,
        agreement_of=agreement[1] if agreement else 0,
        given=float(customers["reason_1"].notna().mean()),
    )


def _members(features: tuple[str, ...], names: Names) -> np.ndarray:
    """Which features belong to which theme (F, T): 0 or 1, themes in the order in which they come."""
    themes = [names.theme(name) for name in features]
    known = list(dict.fromkeys(themes))
    return np.array([[float(theme == each) for each in known] for theme in themes])


def _halves(refits: int) -> Iterator[list[int]]:
    """Which refits are the first half, way by way: every way where there are few, else as many by lot.

    Of an even number each way comes once: the one with the first refit stands for the one with the others.
    """
    half = refits // 2
    if comb(refits, half) <= MOST_SPLITS:
        every = combinations(range(refits), half)
        yield from ([*each] for each in every if refits % 2 or 0 in each)
        return
    random = np.random.default_rng(refits)
    for _ in range(MOST_SPLITS):
        yield random.permutation(refits)[:half].tolist()


def _agreement(raised: np.ndarray, members: np.ndarray) -> tuple[float, int] | None:
    """Share of customers above the usual risk for whom both halves of the refits name the same first theme; how many.

    From their values (R, N, F). A reason is told by its theme, so that two features that say the same do not count as
    two.
    """
    if not raised.shape[1]:
        return None
    total = raised.sum(0)
    same = []
    for first in _halves(len(raised)):
        part = raised[first].sum(0)  # a half's sum ranks themes as its mean does
        named = [(np.clip(each, 0, None) @ members).argmax(1) for each in (part, total - part)]
        same.append((named[0] == named[1]).mean())
    return float(np.mean(same)), raised.shape[1]


def _importance(size: np.ndarray, features: tuple[str, ...], names: Names) -> pd.DataFrame:
    """From mean absolute values by refit (R, F); refits are of resampled customers: their deviation is the error."""
    mean = size.mean(0)
    error = size.std(0, ddof=1) * 1.645 if len(size) > 1 else np.full(len(mean), np.nan)
    frame = pd.DataFrame(
        {
            "feature": features,
            "label": [names.label(name) for name in features],
            "theme": [names.theme(name) for name in features],
            "importance": mean,
            "lower": np.maximum(mean - error, 0),
            "upper": mean + error,
        }
    )
    return frame.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)


def _told(
    part: pd.DataFrame,
    mean: np.ndarray,
    shared: np.ndarray,
    points: np.ndarray,
    usual: Mapping[str, object],
    features: tuple[str, ...],
    names: Names,
) -> pd.DataFrame:
    """The first reasons of each customer, one for each theme: the feature that says most speaks for its theme."""
    members = _members(features, names)
    themes = [names.theme(name) for name in features]
    shared = shared & (points >= LEAST_POINTS)
    left = np.where(shared, mean, 0.0)
    by_theme, worth = left @ members, np.where(shared, points, 0.0) @ members
    speaker = np.empty(by_theme.shape, dtype=int)
    for place, member in enumerate(members.T):
        columns = np.flatnonzero(member)
        speaker[:, place] = columns[left[:, columns].argmax(1)] if len(columns) > 1 else columns[0]
    at = np.arange(len(part))
    found: dict[str, list | np.ndarray] = {}
    for rank in range(MOST_REASONS):
        stem = f"reason_{rank + 1}"
        place = by_theme.argmax(1)
        there, spoken = by_theme[at, place] > 0, speaker[at, place]
        found[stem] = _spoken(part, np.where(there, spoken, -1), usual, features, names)
        found[f"{stem}_points"] = np.where(there, worth[at, place], np.nan).tolist()
        found[f"{stem}_theme"] = [themes[column] if there[row] else None for row, column in enumerate(spoken)]
        by_theme[at, place] = 0.0  # said
    return pd.DataFrame(found)


def _spoken(
    part: pd.DataFrame, columns: np.ndarray, usual: Mapping[str, object], features: tuple[str, ...], names: Names
) -> np.ndarray:
    """The words of each customer's feature (N,); of none where it is -1. Only what is said is put into words."""
    found = np.full(len(part), None, dtype=object)
    for at in np.unique(columns[columns >= 0]):
        name, rows = features[at], np.flatnonzero(columns == at)
        found[rows] = _texts(part[name].iloc[rows], usual[name], names.label(name), names.units.get(name, ""))
    return found


def _usual(column: pd.Series) -> object:
    known = column.dropna()
    if not len(known):
        return None
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return float(known.median())
    return known.mode().iloc[0]


def _texts(column: pd.Series, usual: object, label: str, unit: str) -> list[str]:
    """What a feature says of each customer: its value beside the usual one; worked out once for each value."""
    codes, values = pd.factorize(column, use_na_sentinel=True)
    told = [_text(value, usual, label, unit) for value in values]
    unknown = sentence("{feature} not known (usual: {usual})", feature=label, usual=_value(usual, unit))
    return [told[code] if code >= 0 else unknown for code in codes]


def _text(value: object, usual: object, label: str, unit: str) -> str:
    mine, others = _value(value, unit), _value(usual, unit)
    if mine == others:
        return sentence("{feature}: {value}", feature=label, value=mine)
    return sentence("{feature}: {value} (usual: {usual})", feature=label, value=mine, usual=others)


def _value(value: object, unit: str) -> str:
    if isinstance(value, bool | np.bool_):
        return sentence("yes") if value else sentence("no")
    if isinstance(value, int | float | np.number):
        return span(float(value), unit).strip()
    return str(value)
