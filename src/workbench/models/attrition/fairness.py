"""How a forecast does in groups of customers, and how groups fare that the law protects.

Protected traits are in no model. That alone treats nobody alike: other features stand in for them. So rates,
calibration and selection are told by group, with intervals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from workbench.evaluation.binary.groups import by_group
from workbench.evaluation.binary.scores import Forecast
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.traits import Trait
from workbench.wording import between, listing, number, percent, plural, sentence

FEWEST = 50
"""Customers of a group that is named in a sentence: of fewer, a share has an interval wider than ten points."""
FEWEST_EXPECTED = 5.0
"""Leavers that must be forecast in a group before their number is compared: the usual minimum of expected counts."""
OFF = (0.8, 1.25)
"""Leavers per leaver forecast, outside of which risks of a group are wrong by a fifth or more."""
FOUR_FIFTHS = 0.8
"""A group selected less than four fifths as often as another is looked into (29 CFR 1607.4 D, for employment)."""
LEVEL = 0.90  # as every interval of a report has it


@dataclass(frozen=True, kw_only=True, eq=False)
class ByGroup:
    """How the forecast that is used does in segments, and in groups that the law protects.

    Attributes
    ----------
    frame
        One row a group: `trait`, `label`, `protected`, and what `evaluation.binary.groups.by_group` has, with
        `sure_lower` and `sure_upper`: ends of the ratio that hold for all groups of the trait at once.
    traits
        How many protected traits were looked at.
    """

    frame: pd.DataFrame
    traits: int

    @property
    def protected(self) -> pd.DataFrame:
        """Groups that the law protects."""
        return self.frame[self.frame["protected"].astype(bool)]

    def calibration(self) -> Check | None:
        """Whether risks are right in every protected group."""
        known = self.protected[self.protected["rows"] * self.protected["forecast"] >= FEWEST_EXPECTED]
        if not len(known):
            return None
        off = known[(known["sure_lower"] > OFF[1]) | (known["sure_upper"] < OFF[0])]
        words = [
            sentence(
                "{group} ({trait}): {ratio} left for each leaver forecast",
                group=group,
                trait=trait,
                ratio=number(ratio, 2),
            )
            for group, trait, ratio in zip(off["group"], off["label"], off["ratio"], strict=True)
        ]
        return Check(
            name="fairness_calibration",
            status="warn" if len(off) else "pass",
            value=float(known["ratio"].sub(1).abs().max()),
            message=sentence(
                "Risks are off in protected groups: {groups}. Do not decide by them there.", groups=listing(words[:3])
            )
            if len(off)
            else plural(
                "In {n} protected group, as many left as the forecast says, as far as its size tells.",
                "In all {n} protected groups, about as many left as the forecast says, as far as their sizes tell.",
                len(known),
            ),
            title=sentence("Risks are off in protected groups")
            if len(off)
            else sentence("Risks hold in protected groups"),
        )

    def gaps(self) -> pd.DataFrame:
        """By protected trait the group that is selected least and that selected most: `ratio` with its ends."""
        rows = []
        large = self.protected[self.protected["rows"] >= FEWEST]
        for trait, some in large.groupby("trait", sort=False):
            if len(some) < 2 or not some["selected"].max() > 0:
                continue
            low, high = some.loc[some["selected"].idxmin()], some.loc[some["selected"].idxmax()]
            pairs = len(some) * (len(some) - 1) / 2
            error = np.sqrt(sum(_variance(float(each["selected"]), int(each["rows"])) for each in (low, high)))
            ratio = max(low["selected"], 0.5 / low["rows"]) / high["selected"]
            reach = np.exp(stats.norm.ppf(1 - (1 - LEVEL) / 2 / pairs) * error)
            rows.append(
                {
                    "trait": trait,
                    "label": low["label"],
                    "least": low["group"],
                    "most": high["group"],
                    "selected_least": low["selected"],
                    "selected_most": high["selected"],
                    "left_least": low["share"],
                    "left_most": high["share"],
                    "ratio": min(ratio, 1.0),
                    "lower": min(ratio, 1.0) / reach,
                    "upper": ratio * reach,
                    "rows": int(some["rows"].sum()),
                }
            )
        return pd.DataFrame(rows)

    def selection(self) -> Iterator[Showable]:
        """Who is contacted least beside who is contacted most."""
        gaps = self.gaps()
        if not len(gaps):
            return
        worst = gaps.loc[gaps["ratio"].idxmin()]
        words = {
            "least": worst["least"],
            "most": worst["most"],
            "trait": worst["label"],
            "low": percent(float(worst["selected_least"])),
            "high": percent(float(worst["selected_most"])),
            "left_low": percent(float(worst["left_least"])),
            "left_high": percent(float(worst["left_most"])),
        }
        yield Finding(
            id="fairness",
            statement=sentence(
                "{trait}: contacts reach {low} of “{least}” and {high} of “{most}”; {left_low} and {left_high} of them "
                "left.",
                **words,
            ),
            estimate=float(worst["ratio"]),
            unit=sentence("times as often"),
            interval=(float(worst["lower"]), float(worst["upper"])),
            interval_kind=sentence("{level} confidence (log ratio, all pairs of groups)", level=percent(LEVEL)),
            evidence="descriptive",
            n=int(worst["rows"]),
            table="protected_groups",
        )
        apart = bool(worst["upper"] < FOUR_FIFTHS)
        yield Check(
            name="fairness_selection",
            status="warn" if apart else "pass",
            value=float(worst["ratio"]),
            threshold=FOUR_FIFTHS,
            message=sentence(
                "By {trait}, “{least}” are contacted less than four fifths as often as “{most}” ({low} against "
                "{high}). Find out which features bring that about, and whether the difference is justified.",
                **words,
            )
            if apart
            else sentence("No protected group is clearly contacted less than four fifths as often as another."),
            title=sentence("Protected groups are contacted unequally")
            if apart
            else sentence("Protected groups are contacted alike"),
        )

    def exhibits(self) -> Iterator[Showable]:
        """Segments, then what the law asks."""
        if not self.traits:
            yield Check(
                name="fairness",
                status="warn",
                kind="always",
                message=sentence(
                    "No column is declared protected, so nothing shows whether protected groups fare alike. Declare "
                    "sex, age, origin and the like with `use: protected`: they are compared and never scored by."
                ),
                title=sentence("No protected groups are compared"),
            )
        else:
            yield from self.selection()
            yield self.calibration()
            yield self._table(
                "protected_groups",
                self.protected,
                sentence("How groups fare that the law protects: no model has their traits."),
            )
        segments = self.frame[~self.frame["protected"].astype(bool)] if len(self.frame) else self.frame
        if len(segments):
            caption = sentence("How the forecast does in segments.")
            yield self._table("by_segment", segments, caption)

    def _table(self, name: str, frame: pd.DataFrame, caption: str) -> Table:
        frame = frame.drop(columns="protected").reset_index(drop=True)
        for each in ("ratio", "roc_auc", "selected"):
            frame[f"{each}_interval"] = [
                _told(low, high, each) for low, high in zip(frame[f"{each}_lower"], frame[f"{each}_upper"], strict=True)
            ]
        interval = Column(sentence("90% interval"))
        columns = {
            "label": Column(sentence("By")),
            "group": Column(sentence("Group")),
            "rows": Column(sentence("Customers")),
            "share": Column(sentence("Left"), "share"),
            "ratio": Column(sentence("Left per leaver forecast")),
            "ratio_interval": interval,
        }
        if name == "protected_groups":
            columns |= {
                "selected": Column(sentence("Contacted"), "share"),
                "selected_interval": interval,
                "selected_cases": Column(sentence("Of leavers"), "share"),
            }
        else:
            columns |= {"roc_auc": Column("ROC AUC"), "roc_auc_interval": interval}
        return Table(
            name=name,
            frame=frame,
            caption=caption,
            people=People(count="rows", by=["group"], within=["trait", "label"]),
            columns=columns,
        )


def _told(low: float, high: float, what: str) -> str:
    """An interval in words; empty where there is none."""
    if what != "selected" or np.isnan(low):
        return between(low, high)
    return sentence("{low} to {high}", low=percent(low), high=percent(high))


def _variance(share: float, of: int) -> float:
    """Of the logarithm of a share."""
    cases = max(share * of, 0.5)
    return max(1 / cases - 1 / of, 0.0)


def compare_groups(
    test: Customers, probability: np.ndarray, traits: Sequence[Trait], *, selected: np.ndarray, random_seed: int
) -> ByGroup:
    """How a forecast does in groups of the customers on whom it was evaluated, and whom of them it selects.

    Parameters
    ----------
    test
        Whom it was evaluated on.
    probability : (N,)
        Of each.
    traits
        By which they fall into groups.
    selected : (N,)
        With which probability each would be contacted.
    random_seed
        Fixes the draws behind intervals.
    """
    forecast = Forecast(labels=test.left, probabilities=probability)
    frames = []
    for trait in traits:
        groups = trait.of(test.ids)
        levels = [LEVEL, 1 - (1 - LEVEL) / max(groups.nunique(), 1)]
        found, sure = (
            by_group(forecast, groups, random_seed=random_seed, acted_on=selected, weights=test.weights, level=level)
            for level in levels
        )
        found.insert(0, "trait", trait.name)
        found.insert(1, "label", trait.label)
        found.insert(2, "protected", trait.protected)
        frames.append(found.assign(sure_lower=sure["ratio_lower"], sure_upper=sure["ratio_upper"]))
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"protected": []})
    return ByGroup(frame=frame, traits=sum(trait.protected for trait in traits))
