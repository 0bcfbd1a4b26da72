"""Effects of what was dealt by lot, on leaving and on ratings. Only draws that bear examination have any."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.trials.comparison import Difference, of_means, of_survival
from workbench.models.trials.estimates import Sample, kind_in_words
from workbench.models.trials.lot.strata import strata_of as comparable_within
from workbench.models.trials.within import strata_of
from workbench.statistics.draws import Drawn, comparable, known_before, sound_rows
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.statistics.multiplicity import holm
from workbench.wording import number, sentence

HORIZONS = (1, 3, 6, 12)  # months since the start
FOLLOWED = 0.5  # share of each arm that must have been followed up to a horizon
MOST_ALONE = 0.05
"""Share of customers who may compare with nobody, a choice: one in twenty hardly changes who the others are."""


class TableDefinition(Protocol):
    """What is known of a canonical table beside its rows."""

    columns: Sequence[Any]


class Treatments(TableDefinition, Protocol):
    """The same of treatments."""

    designs: Mapping[str, Any]

    def design_of(self, initiative: str) -> Any:
        """How its arms were dealt.

        Parameters
        ----------
        initiative
            Its name.
        """


class Dated(Protocol):
    """Contracts with dates."""

    as_of: pd.Timestamp

    def contracts(self) -> pd.DataFrame:
        """`person`, `begin`, `end` (the instant; of those still there the end of observation), `event`."""


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    tables: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An effect of one arm on one outcome.

    Attributes
    ----------
    initiative, arm
        What was dealt.
    outcome, label
        Column (`staying` of leaving), and what it is called.
    months
        Of leaving: since the start; None of ratings.
    difference
        The arm against the control.
    """

    initiative: str
    arm: str
    outcome: str
    label: str
    months: int | None
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class LotEffects:
    """Effects of all initiatives that chance dealt.

    Attributes
    ----------
    effects
        In the order of initiatives, arms and outcomes.
    leading
        Outcome of which a finding is made whatever it is; of others where they are clear.
    confidence
        Level of the intervals.
    checks
        What was drawn and gives no effect.
    """

    effects: tuple[Effect, ...]
    leading: str
    confidence: float = 0.9
    checks: tuple[Check, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """One row an effect, with `p_holm` over all of them."""
        columns = ["initiative", "arm", "outcome", "label", "months", "control", "treated", "effect", "lower", "upper"]
        columns += ["p", "customers"]
        rows = []
        for each in self.effects:
            found, (low, high) = each.difference, each.difference.interval(self.confidence)
            people = min(found.n_treated, found.n_control)
            rows.append(
                [
                    each.initiative,
                    each.arm,
                    each.outcome,
                    each.label,
                    each.months,
                    found.control,
                    found.treated,
                    found.estimate,
                    low,
                    high,
                    found.p_value,
                    people,
                ]
            )
        frame = pd.DataFrame(rows, columns=columns)
        return frame.assign(p_holm=holm(frame["p"].to_numpy(dtype=float)) if len(frame) else [])

    def findings(self) -> Iterator[Finding]:
        """The effect of each arm on what the study is about, and clear ones on other ratings; all are experimental."""
        clear = dict(zip(self.effects, self.table["p_holm"] < 1 - self.confidence, strict=True))
        last: dict[tuple[str, str], Effect] = {}
        for each in self.effects:
            if each.outcome == self.leading:
                last[each.initiative, each.arm] = each
        for each in [*last.values(), *(e for e in self.effects if e.outcome != self.leading and clear[e])]:
            yield self._finding(each)

    def _finding(self, each: Effect) -> Finding:
        found = each.difference
        low, high = found.interval(self.confidence)
        surely = low > 0 or high < 0
        names = {"initiative": each.initiative, "arm": each.arm, "label": each.label, "months": each.months}
        if each.months is not None:
            values = names | {
                "n": number(100 * abs(found.estimate), 2),
                "low": number(100 * low, 2),
                "high": number(100 * high, 2),
            }
            if surely and found.estimate > 0:
                said = sentence(
                    "{n} more of 100 customers stay {months} months because of {initiative} ({arm}).", **values
                )
            elif surely:
                said = sentence(
                    "{n} fewer of 100 customers stay {months} months because of {initiative} ({arm}).", **values
                )
            else:
                said = sentence(
                    "No clear effect of {initiative} ({arm}) on staying {months} months: {low} to {high} of 100 "
                    "customers.",
                    **values,
                )
            scale, unit = 100.0, sentence("of 100 customers")
        else:
            values = names | {"n": number(abs(found.estimate), 2), "low": number(low, 2), "high": number(high, 2)}
            if surely and found.estimate > 0:
                said = sentence("By lot, {initiative} ({arm}) raises “{label}” by {n} points.", **values)
            elif surely:
                said = sentence("By lot, {initiative} ({arm}) lowers “{label}” by {n} points.", **values)
            else:
                said = sentence(
                    "No clear effect of {initiative} ({arm}) on “{label}”: {low} to {high} points.", **values
                )
            scale, unit = 1.0, sentence("points")
        return Finding(
            id=f"effect_{each.initiative}_{each.arm}_{each.outcome}",
            statement=said,
            estimate=scale * found.estimate,
            unit=unit,
            interval=(scale * low, scale * high),
            interval_kind=kind_in_words(found.kind, self.confidence),
            evidence="experimental",
            n=found.n_treated + found.n_control,
            table="effects_of_trials",
        )

    def exhibits(self) -> Iterable[Showable]:
        """Findings, checks and the table of effects; nothing where nothing was dealt by lot."""
        yield from self.findings()
        yield from self.checks
        if self.effects:
            frame = self.table
            dated = {"months": Column(sentence("Months"))} if frame["months"].notna().any() else {}
            unit = "share" if dated else ""
            yield Table(
                name="effects_of_trials",
                frame=frame,
                caption=sentence(
                    "What initiatives did that were dealt by lot: the arm against the control, with intervals. These "
                    "are effects, not associations."
                ),
                people=People(count="customers", within=["initiative", "arm", "outcome", "label", "months"]),
                columns={
                    "initiative": Column(sentence("Initiative")),
                    "arm": Column(sentence("Arm")),
                    "label": Column(sentence("Outcome")),
                    **dated,
                    "control": Column(sentence("Control"), unit),
                    "treated": Column(sentence("Treated"), unit),
                    "effect": Column(sentence("Effect"), unit),
                    "lower": Column(sentence("Lower"), unit),
                    "upper": Column(sentence("Upper"), unit),
                    "p_holm": Column(sentence("p (Holm)"), "p"),
                },
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Dealt:
    """One arm of a sound draw against its control, a row a customer and draw.

    Attributes
    ----------
    initiative, arm
        What was dealt.
    rows
        Of `treatments`, of the arm and of its control.
    treated : (n,)
        Which of them are of the arm.
    strata : (n,)
        Within which arms were dealt.
    clusters : (n,)
        Units that were dealt as wholes; None: customers were.
    """

    initiative: str
    arm: str
    rows: pd.DataFrame
    treated: np.ndarray
    strata: np.ndarray
    clusters: np.ndarray | None


def effects_on_leaving(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame | None,
    customers: pd.DataFrame | None,
    spells: Dated | None,
    *,
    confidence: float = 0.9,
) -> LotEffects:
    """Effects on how many are still there 1, 3, 6 and 12 months after the start.

    Parameters
    ----------
    dataset
        Definitions of the tables: the designs of treatments, validity of attributes.
    treatments, customers
        The canonical tables; None where there are none.
    spells
        When customers came and went; None where that has no dates.
    confidence
        Level of the intervals.
    """
    found: list[Effect] = []
    sound, checks = sound_draws(dataset, treatments, customers)
    if spells is None or treatments is None or "start" not in treatments:
        return LotEffects(effects=(), leading="staying", confidence=confidence, checks=checks)
    contracts = spells.contracts()
    for dealt in sound:
        begun = dealt.rows.reset_index(drop=True).assign(row=np.arange(len(dealt.rows)))
        joined = begun.merge(contracts, left_on="customer_id", right_on="person", suffixes=("_of_trial", ""))
        there = joined[(joined["begin"] <= joined["start"]) & (joined["start"] < joined["end"])].drop_duplicates("row")
        months = ((there["end"] - there["start"]).dt.total_seconds() / 86400 / DAYS_A_MONTH).to_numpy()
        place = there["row"].to_numpy()
        clusters = None if dealt.clusters is None else dealt.clusters[place]
        reach = ((spells.as_of - there["start"]).dt.days / DAYS_A_MONTH).to_numpy()
        for horizon in HORIZONS:
            if not len(reach) or (reach >= horizon).mean() < FOLLOWED:
                break
            difference = of_survival(
                months,
                there["event"].to_numpy(dtype=bool),
                horizon,
                dealt.treated[place],
                dealt.strata[place],
                clusters,
            )
            if difference is not None:
                label = sentence("Still there")
                found.append(
                    Effect(
                        initiative=dealt.initiative,
                        arm=dealt.arm,
                        outcome="staying",
                        label=label,
                        months=horizon,
                        difference=difference,
                    )
                )
    return LotEffects(effects=tuple(found), leading="staying", confidence=confidence, checks=checks)


def effects_on_ratings(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame | None,
    customers: pd.DataFrame | None,
    surveys: pd.DataFrame,
    *,
    outcome: str,
    confidence: float = 0.9,
) -> LotEffects:
    """Effects on what customers answered between start and end: the outcome and every driver, a mean for each customer.

    Parameters
    ----------
    dataset, treatments, customers, confidence
        As of `effects_on_leaving`.
    surveys
        The canonical table.
    outcome
        The column of which a finding is made whatever it is.
    """
    found: list[Effect] = []
    sound, checks = sound_draws(dataset, treatments, customers)
    dated = {"customer_id", "timestamp"} <= set(surveys) and treatments is not None and "start" in treatments
    columns = dataset.tables["surveys"].columns
    rated = [
        column
        for column in columns
        if column.name in surveys and (column.name == outcome or column.role in ("outcome", "driver"))
    ]
    rated.sort(key=lambda column: column.name != outcome)
    for dealt in sound if dated else ():
        begun = dealt.rows.reset_index(drop=True).assign(row=np.arange(len(dealt.rows)))
        kept = ["row", "customer_id", "start", *(["end"] if "end" in begun else [])]
        joined = begun[kept].merge(surveys, on="customer_id", suffixes=("_of_trial", ""))
        within = joined["timestamp"] >= joined["start"]
        if "end" in begun:
            within &= joined["end"].isna() | (joined["timestamp"] < joined["end"])
        for column in rated:
            means = joined[within].groupby("row")[column.name].mean().dropna()
            place = means.index.to_numpy()
            clusters = None if dealt.clusters is None else dealt.clusters[place]
            difference = of_means(means.to_numpy(dtype=float), dealt.treated[place], dealt.strata[place], clusters)
            if difference is not None:
                found.append(
                    Effect(
                        initiative=dealt.initiative,
                        arm=dealt.arm,
                        outcome=column.name,
                        label=column.label,
                        months=None,
                        difference=difference,
                    )
                )
    return LotEffects(effects=tuple(found), leading=outcome, confidence=confidence, checks=checks)


def sound_draws(
    dataset: DatasetDefinition, treatments: pd.DataFrame | None, customers: pd.DataFrame | None
) -> tuple[list[Dealt], tuple[Check, ...]]:
    """The arms of draws that bear examination, and why others have no effects.

    Parameters
    ----------
    dataset
        Definitions of the tables: the designs of treatments, validity of attributes.
    treatments, customers
        The canonical tables; None where there are none.
    """
    if treatments is None:
        return [], ()
    definition: Treatments = dataset.tables["treatments"]
    people = dataset.tables["customers"].columns if customers is not None else ()
    rows, before = known_before(treatments, definition.columns, definition.designs, customers, people)
    found: list[Dealt] = []
    silent: list[str] = []
    lonely: list[str] = []
    for initiative in pd.unique(rows["initiative"].dropna()):
        design: Drawn = definition.design_of(initiative)
        own = (rows["initiative"] == initiative).to_numpy()
        if not definition.design_of(initiative).by_chance:
            continue
        dealt, draw = sound_rows(rows[own], design, before[own])
        if not draw.holds:  # the door has said so in words
            continue
        if not design.control:
            silent.append(str(initiative))
            continue
        dealt = dealt[comparable(dealt, design)]
        if alone(dealt, design) > MOST_ALONE:
            lonely.append(str(initiative))
            continue
        found += _arms(str(initiative), dealt, design)
    return found, tuple(_without_effect(silent, lonely))


def _without_effect(silent: list[str], lonely: list[str]) -> Iterator[Check]:
    if silent:
        yield Check(
            name="trials_control",
            status="warn",
            message=sentence(
                "Dealt by lot, but it is not said which arm is the control: {names}. Write control: under design: in "
                "dataset.yaml.",
                names=", ".join(silent),
            ),
            value=len(silent),
            title=sentence("Trials without a control arm"),
        )
    if lonely:
        yield Check(
            name="trials_chances",
            status="warn",
            message=sentence(
                "Dealt by lot, but nothing is told of {names}: customers had chances of their own, and too few of both "
                "arms had the same one. Name a column of the groups within which it was drawn.",
                names=", ".join(lonely),
            ),
            value=len(lonely),
            title=sentence("Trials where few had the same chance"),
        )


def alone(rows: pd.DataFrame, design: Drawn) -> float:
    """Share of customers whose chance was their own: nobody of another arm had the same, so they compare with nobody.

    Parameters
    ----------
    rows, design
        As of `strata_of`; 0 of designs whose chance is no column.
    """
    if not isinstance(design.probability, str) or not len(rows):
        return 0.0
    treated = (rows["arm"] != design.control).to_numpy()
    kept, _ = comparable_within(Sample(values=np.zeros(len(rows)), treated=treated, stratum=strata_of(rows, design)))
    return float(1 - kept.mean())


def _arms(initiative: str, rows: pd.DataFrame, design: Drawn) -> Iterator[Dealt]:
    strata = strata_of(rows, design)
    for arm in sorted(set(rows["arm"]) - {design.control}):
        own = rows["arm"].isin([arm, design.control]).to_numpy()
        yield Dealt(
            initiative=initiative,
            arm=str(arm),
            rows=rows[own],
            treated=(rows["arm"] == arm).to_numpy()[own],
            strata=strata[own],
            clusters=rows[design.unit].astype(str).to_numpy()[own] if design.unit else None,
        )
