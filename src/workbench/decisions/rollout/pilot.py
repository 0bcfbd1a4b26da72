"""A pilot as its rows and its design have it: who was dealt what from when on; or why nothing can be told."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from workbench.decisions.rollout.dealt import in_another, in_units, read_costs, spells_of
from workbench.errors import DataError, ParameterError
from workbench.models.trials.by_lot import MOST_ALONE, alone
from workbench.models.trials.within import strata_of
from workbench.statistics.draws import BROKEN, DrawCheck, FirstDealt, check_draw, first_dealt, known_before, read_draw
from workbench.wording import day, listing, number, percent, plural, sentence, shown, suggestion

FEWEST = 50
"""Customers an arm: below, a pilot tells next to nothing of any outcome and its interval may not hold its level."""
MOST_NAMED = 8  # initiatives or arms in one message
FEWEST_PLACEBOS = 3
"""Untreated units beside the only treated one: among fewer its rank says nothing at all."""
FEWEST_WAITING = 3
"""Units that start while as many still wait: six in all, as where they are dealt, are the fewest with an interval."""
Route = Literal["lot", "units", "alone", "waves", "chosen", "before_after"]


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Definitions of its tables by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pilot:
    """One pilot.

    Attributes
    ----------
    initiative
        Its name.
    design
        How its arms were dealt.
    roster
        One row a customer: `customer_id`, `arm`, `stratum`, perhaps `start`, `end`, `unit`, and all other columns of
        treatments and customers.
    before
        Same rows: what was known of each before the start.
    arms, control
        What was dealt, and what it is compared with; empty where there is no control.
    draw
        What the draw looks like; None where nobody can be compared.
    elsewhere : (n,) bool
        Who was in another initiative while this one ran.
    dealt
        How many customers were in two arms at once (left out), or had another one later (kept where dealt).
    costs
        Mean recorded cost of a customer of an arm above that of the control, all that each got; no arm of which none is
        recorded.
    spells
        Whenever somebody had an arm: `row` (a position in the roster), `arm`, `start`, and `over`, the day after its
        last (not a time where it goes on).
    everybody : (m,)
        The score of all customers, where it is known by which one they were chosen; else empty.
    unpriced, without_unit
        Customers of an arm whose cost is not recorded (of those the mean of the others is taken), and who are of no
        unit where whole ones were dealt (left out); only arms that have some.
    touchpoint
        The item that it is to improve, as the table initiatives has it; empty where nothing says it.
    history
        Same rows: what was recorded of outcomes before the start; no columns where nothing was.
    at_start
        Same rows: what the contract of each said when the pilot began, for groups alone; None where nothing is dated.
    unsure
        Columns that may have changed since, each with the line of dataset.yaml by which it would be known before.
    """

    initiative: str
    design: Any
    roster: pd.DataFrame
    before: pd.DataFrame
    arms: tuple[str, ...]
    control: str
    draw: DrawCheck | None
    elsewhere: np.ndarray
    dealt: FirstDealt
    costs: Mapping[str, float]
    spells: pd.DataFrame
    everybody: np.ndarray
    unpriced: Mapping[str, int] = field(default_factory=dict)
    without_unit: Mapping[str, int] = field(default_factory=dict)
    touchpoint: str = ""
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    at_start: pd.DataFrame | None = None
    unsure: Mapping[str, str] = field(default_factory=dict)

    def with_history(self, history: pd.DataFrame) -> "Pilot":
        """The same, examined once more: arms should be alike also in what customers did before.

        Parameters
        ----------
        history
            Same rows as the roster: outcomes before the start, by name.
        """
        if self.draw is None or not len(history.columns):
            return self
        known = replace(self, history=history)
        return replace(known, draw=check_draw(read_draw(self.roster, self.design, known.known), self.design))

    @property
    def known(self) -> pd.DataFrame:
        """All that is known of customers before the start: what they did, and what they were; same rows."""
        return pd.concat([self.history, self.before], axis=1)

    @property
    def contradicted(self) -> Literal["", "sizes", "before", "both"]:
        """What speaks against a draw that is recorded; empty where nothing does, or none is."""
        if not self.design.by_chance or self.draw is None or self.draw.holds:
            return ""
        if self.draw.ratio_p is not None and self.draw.ratio_p < BROKEN:
            return "sizes"
        return "both" if self.draw.both else "before"

    @property
    def groupable(self) -> pd.DataFrame:
        """What groups may be made of, same rows: known before the start, or when it was."""
        if self.at_start is None:
            return self.before
        return pd.concat([self.before, self.at_start.drop(columns=list(self.before), errors="ignore")], axis=1)

    @property
    def route(self) -> Route:
        """Which estimate its design calls for, whatever comes of it."""
        if not self.design.control and not (_in_waves(self.design) or _waits(self.roster, self.design)):
            return "before_after"
        if self.design.unit and self.design.control and min(_units(self.roster, self.design).values()) == 1:
            return "alone"
        if not self.design.by_chance:
            return "chosen"
        if self.design.assignment == "staggered" and self.dated:
            return "waves"
        return "units" if self.design.unit else "lot"

    @property
    def staged(self) -> bool:
        """Whether customers came in one after the other: who has not yet is a control until then."""
        return bool(self.design.assignment == "staggered" and self.dated and self.roster["start"].nunique() > 1)

    @property
    def experimental(self) -> bool:
        """Whether chance decided, and neither numbers nor what was known before contradict it."""
        return self.design.by_chance and self.draw is not None and self.draw.holds

    @property
    def unit(self) -> np.ndarray | None:
        """What was dealt, or chosen, as wholes (n,); None: customers."""
        return self.roster["unit"].to_numpy() if self.design.unit else None

    @property
    def dated(self) -> bool:
        """Whether it has starts."""
        return "start" in self.roster

    def counts(self) -> pd.Series:
        """Customers of each arm."""
        return self.roster["arm"].value_counts()


def named_pilot(definition: Any, treatments: pd.DataFrame, initiative: str | None) -> str:
    """The initiative that is meant.

    Parameters
    ----------
    definition
        Of the table.
    treatments
        Its rows.
    initiative
        As it was asked for; None where it was not.

    Raises
    ------
    ParameterError
        Of no such initiative, or of several none named.
    """
    known = [str(name) for name in pd.unique(treatments["initiative"].dropna())]
    listed = listing([shown(name) for name in known[:MOST_NAMED]] + ["…"] * (len(known) > MOST_NAMED))
    if initiative is None and len(known) != 1:
        raise ParameterError(
            sentence(
                "parameter initiative: got nothing, expected one of {n} initiatives: a pilot is evaluated by itself. "
                "There are {known}.",
                n=number(len(known)),
                known=listed,
            )
        )
    name = known[0] if initiative is None else initiative
    if name not in known:
        raise ParameterError(
            sentence(
                "parameter initiative: got {name}, expected one of {known}{near}",
                name=shown(name),
                known=listed,
                near=suggestion(name, known),
            )
        )
    return name


def read_pilot(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame,
    customers: pd.DataFrame | None,
    *,
    initiative: str | None,
) -> Pilot:
    """The pilot that is meant, examined.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    treatments, customers
        The canonical tables; customers None where there are none.
    initiative
        Its name; None where there is one only.

    Raises
    ------
    ParameterError
        It is not said which is meant.
    DataError
        With every reason why nothing can be told of it.
    """
    definition = dataset.tables["treatments"]
    name = named_pilot(definition, treatments, initiative)
    design = definition.design_of(name)
    people = dataset.tables["customers"].columns if customers is not None else ()
    rows, before = known_before(treatments, definition.columns, definition.designs, customers, people)
    own = (rows["initiative"].astype(str) == name).to_numpy()
    rows, before = rows[own], before[own]
    rows = _with_starts(rows.assign(arm=rows["arm"].astype(str)), design, name)
    faults = [*_undated(rows, customers, people), *_no_control(rows, design, name)]
    if faults:
        raise DataError(*faults)
    rows, without_unit = in_units(rows, design, name)
    every = rows
    dealt = first_dealt(rows, design.control)
    rows = dealt.rows
    before = before.loc[rows.index]
    _refuse_few(rows, design, name, arms=sorted(set(every["arm"])), twice=dealt.twice)
    _refuse_own_chances(rows, design, name)
    compared = design.control or _in_waves(design) or _waits(rows, design)
    draw = check_draw(read_draw(rows, design, before), design) if compared else None
    arms = tuple(sorted(set(rows["arm"]) - {design.control}))
    elsewhere = in_another(rows, treatments, name)
    costs = read_costs(every, rows, arms, design.control)
    stratum = strata_of(rows, design) if design.by_chance else np.full(len(rows), "")
    lent = customers.drop_duplicates("customer_id").set_index("customer_id") if customers is not None else None
    if lent is not None:
        lent = lent[[each for each in lent if each not in rows]].reindex(rows["customer_id"]).set_axis(rows.index)
        rows = rows.join(lent)
    roster = rows.assign(stratum=stratum, **({"unit": rows[design.unit].astype(str)} if design.unit else {}))
    return Pilot(
        initiative=name,
        design=design,
        roster=roster.reset_index(drop=True),
        before=before.reset_index(drop=True),
        arms=arms,
        control=design.control,
        draw=draw,
        elsewhere=elsewhere,
        dealt=dealt,
        costs=costs.above,
        unpriced=costs.unknown,
        without_unit=without_unit,
        spells=spells_of(every, rows, design.control),
        everybody=_scores(customers, design),
    )


def _in_waves(design: Any) -> bool:
    """Whether all come in one after the other, in an order by lot: who has not yet is the control."""
    return bool(design.assignment == "staggered" and design.by_chance)


def _waits(rows: pd.DataFrame, design: Any) -> bool:
    """Whether customers came in one after the other as somebody chose: who has not yet is compared, as an association.

    Of whole units enough must start while as many still wait: of fewer nothing could be told but before and after.
    """
    if "start" not in rows or design.assignment != "staggered" or design.by_chance or rows["start"].nunique() < 2:
        return False
    if not design.unit:
        return True
    starts = np.sort(rows.groupby(design.unit)["start"].min().to_numpy())
    waiting = len(starts) - np.searchsorted(starts, starts, side="right")
    return bool((waiting >= FEWEST_WAITING).sum() >= FEWEST_WAITING)


def _scores(customers: pd.DataFrame | None, design: Any) -> np.ndarray:
    """The score of all customers, those who were chosen by it among them."""
    if customers is None or not design.score or design.score not in customers:
        return np.empty(0)
    own = customers.drop_duplicates("customer_id")[design.score]
    return pd.to_numeric(own, errors="coerce").dropna().to_numpy(dtype=float)


def _undated(rows: pd.DataFrame, customers: pd.DataFrame | None, columns: Sequence[Any]) -> Iterator[str]:
    """Outcomes measured before the start, and what calls itself known before and is dated after it."""
    if "start" not in rows or customers is None:
        return
    for each in columns:
        if each.use not in ("before", "outcome") or each.valid_from not in customers:
            continue
        dates = customers.drop_duplicates("customer_id").set_index("customer_id")[each.valid_from]
        measured = pd.to_datetime(dates.reindex(rows["customer_id"]).to_numpy())
        start = pd.to_datetime(rows["start"]).to_numpy()
        wrong = (measured >= start) if each.use == "before" else (measured < start)
        if count := int(wrong.sum()):
            names = {"column": f"customers.{each.name}", "n": number(count), "date": each.valid_from}
            if each.use == "before":
                yield sentence(
                    "{column}: {date} of {n} rows is on or after the start, expected before it: what the pilot may "
                    "have changed is no column with use: before.",
                    **names,
                )
            else:
                yield sentence(
                    "{column}: {date} of {n} rows lies before the start, expected after it: an outcome that was there "
                    "before is none. Bring it up to date, or say use: before.",
                    **names,
                )


def _with_starts(rows: pd.DataFrame, design: Any, name: str) -> pd.DataFrame:
    """The rows; of a control without starts, those of the customers whom it is compared with, where they have one."""
    if "start" not in rows or rows["start"].isna().all():
        return rows.drop(columns="start", errors="ignore")
    without = rows["start"].isna()
    if design.assignment == "staggered":
        return rows.assign(begun=rows["start"].notna(), start=rows["start"].fillna(rows["start"].min()))
    starts = rows.loc[~without, "start"].unique()
    control = (rows["arm"] == design.control) if design.control else without & False
    if without.any() and (len(starts) > 1 or not control[without].all()):
        raise DataError(
            sentence(
                "treatments.start: got {n} rows of {name} without a start, expected one in each row, also of the "
                "control: outcomes are counted from there.",
                n=number(int(without.sum())),
                name=shown(name),
            )
        )
    return rows.assign(start=rows["start"].fillna(starts[0]))


def _no_control(rows: pd.DataFrame, design: Any, name: str) -> Iterator[str]:
    arms = sorted(set(rows["arm"]))
    listed = listing([shown(arm) for arm in arms[:MOST_NAMED]])
    if design.control and design.control not in arms:
        yield sentence(
            "treatments: no row of {name} is of its control {control}; there are {arms}. Bring the rows of the "
            "control, or take control: out of design: for a comparison of before and after.",
            name=shown(name),
            control=shown(design.control),
            arms=listed,
        )
    elif not design.control and len(arms) == 1 and not (_in_waves(design) or "start" in rows or design.score):
        yield sentence(
            "treatments: {name} has one arm ({arms}), no control and no start: there is no before and after. Bring the "
            "rows of a control and write control: under design:, or bring start.",
            name=shown(name),
            arms=listed,
        )
    elif not design.control and len(arms) > 1:
        yield sentence(
            "treatments: {name} has the arms {arms}, and it is not said which is the control. Write control: under "
            "design: in dataset.yaml.",
            name=shown(name),
            arms=listed,
        )
    elif design.control and len(arms) == 1:
        yield sentence(
            "treatments: all rows of {name} are of its control {control}: nobody got anything.",
            name=shown(name),
            control=shown(design.control),
        )


def _units(rows: pd.DataFrame, design: Any) -> dict[str, int]:
    """How many units each arm has."""
    return {str(arm): int(n) for arm, n in rows.groupby("arm")[design.unit].nunique().items()}


def _refuse_few(rows: pd.DataFrame, design: Any, name: str, *, arms: Sequence[str], twice: int) -> None:
    """Raise where an arm is too small for anything to be told."""
    counts = rows["arm"].value_counts().reindex(list(arms), fill_value=0)
    faults = []
    if design.unit and design.control:
        units = _units(rows, design)
        single = [arm for arm, n in units.items() if n < 2]
        if single and units.get(design.control, 0) < FEWEST_PLACEBOS:
            faults.append(
                sentence(
                    "treatments: {name} has one {unit} in {arms}: what that one has of its own cannot be told from "
                    "what was done there. Expected two of each arm, or one among at least {least} untreated ones.",
                    name=shown(name),
                    unit=design.unit,
                    arms=listing([shown(arm) for arm in single]),
                    least=number(FEWEST_PLACEBOS),
                )
            )
    small = counts[counts < FEWEST]
    if len(small):
        sizes = listing([f"{number(int(n))} {arm}" for arm, n in small.items()])
        if twice:
            faults.append(
                plural(
                    "treatments: {n} customer of {name} is in two arms at once and is left out. Bring the arm that "
                    "each was dealt.",
                    "treatments: {n} customers of {name} are in two arms at once and are left out. Bring the arm that "
                    "each was dealt.",
                    twice,
                    name=shown(name),
                )
            )
        faults.append(
            sentence(
                "treatments: {name} has too few customers ({sizes}), expected {least} of each arm: fewer can tell next "
                "to nothing. How many an effect takes says mode=plan.",
                name=shown(name),
                sizes=sizes,
                least=number(FEWEST),
            )
        )
    if faults:
        raise DataError(*faults)


def _refuse_own_chances(rows: pd.DataFrame, design: Any, name: str) -> None:
    """Raise where chances are so much each customer's own that hardly anybody compares with another."""
    if not design.by_chance or not design.control or (share := alone(rows, design)) <= MOST_ALONE:
        return
    raise DataError(
        sentence(
            "treatments.{column}: got {n} different chances in {name}, so {share} of its customers have nobody of "
            "another arm who had the same one. Name a column of the groups within which it was drawn.",
            column=design.probability,
            n=number(int(rows[design.probability].nunique())),
            name=shown(name),
            share=percent(share),
        )
    )


def not_over(until: pd.Timestamp, latest: pd.Timestamp, days: int) -> str:
    """That no window is over yet, in words.

    Parameters
    ----------
    until
        The day after the last of the records.
    latest
        The earliest start.
    days
        Length of the window.
    """
    names = {
        "days": plural("{n} day", "{n} days", days),
        "start": day(latest.date()),
        "last": day(until.date() - dt.timedelta(days=1)),
        "back": day(latest.date() + dt.timedelta(days=days)),
    }
    if latest >= until:
        return sentence(
            "treatments: the earliest start is {start}, and the records end before it, on {last}. Replace the data "
            "files by those of the time after it; where that is done, move extracted: in dataset.yaml on to their "
            "last day.",
            **names,
        )
    return sentence(
        "treatments: no window of {days} is over: the earliest start is {start}, and the records end on {last}. Come "
        "back on {back}, or choose a shorter window_days; where the files go further, move extracted: in dataset.yaml "
        "on.",
        **names,
    )
