"""What is said of how arms were dealt, held against the rows of `treatments`."""

from collections.abc import Iterator, Mapping

import ibis
import pandas as pd

from workbench.datasets.contract.opened import Opened
from workbench.datasets.definitions.design import NOT_SAID, OTHERS, Design
from workbench.datasets.definitions.phrases import names
from workbench.datasets.reading.connection import Connection
from workbench.findings import Check, Status
from workbench.statistics.draws import BROKEN, CROSSED, DrawCheck, FirstDealt, first_dealt, known_before, sound_rows
from workbench.wording import listing, number, p_value, sentence, shown, suggestion

UNKNOWN = "treatments_design_unknown"
"""Name of the check on designs of initiatives and arms that no row has."""
_MOST_NAMED = 5  # initiatives; a sentence that lists more is not read


def remarks(treatments: Opened, customers: Opened | None, connection: Connection) -> Iterator[Check]:
    """Which initiatives chance decided about, as far as the rows bear that out, and of which nothing is said.

    What is said of initiatives and arms that no row has is told too.

    Parameters
    ----------
    treatments
        The open table of treatments.
    customers
        The open table of customers; None where there is none.
    connection
        Where rows are laid out.
    """
    definition, table = treatments.definition, treatments.table
    counted = table.group_by("initiative", "arm").aggregate(n=ibis._.count()).order_by("initiative", "arm")
    arms: dict[str, list[str]] = {}
    for initiative, arm, _ in connection.execute(connection.sql(counted)):
        arms.setdefault(initiative, []).append(arm)
    if unknown := list(_unknown(definition.designs, arms)):
        title = sentence("A design of nothing")
        yield Check(name=UNKNOWN, status="warn", message=" ".join(unknown), value=len(unknown), title=title)
    silent = [name for name in arms if definition.design_of(name) == NOT_SAID]
    if silent:
        listed = listing([shown(name) for name in silent[:_MOST_NAMED]] + ["…"] * (len(silent) > _MOST_NAMED))
        message = sentence(
            "It is not said how customers came into {names}: what is found of these may come from who was chosen. "
            "Write design: in dataset.yaml, with the assignment of each.",
            names=listed,
        )
        title = sentence("How customers were assigned is not said")
        yield Check(name="treatments_design", status="warn", message=message, value=len(silent), title=title)
    drawn = {name: design for name in arms if (design := definition.design_of(name)).by_chance}
    if drawn:
        rows, before = frames(treatments, customers, connection)
        for name, design in drawn.items():
            own = (rows["initiative"] == name).to_numpy()
            kept, found = sound_rows(rows[own], design, before[own])
            if len(kept) < own.sum():
                yield _moved(name, design, found, first_dealt(rows[own], design.control))
            else:
                yield describe(name, design, found)


def frames(treatments: Opened, customers: Opened | None, connection: Connection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of treatments with what designs name of customers, and what was known of each before.

    Parameters
    ----------
    treatments
        The open table of treatments.
    customers
        The open table of customers; None where there is none.
    connection
        Where rows are laid out.
    """
    rows = connection.arrow(treatments.table).to_pandas(date_as_object=False)
    designs, columns = treatments.definition.designs, treatments.definition.columns
    if customers is None:
        return known_before(rows, columns, designs)
    people = connection.arrow(customers.table).to_pandas(date_as_object=False)
    return known_before(rows, columns, designs, people, customers.definition.columns)


def describe(name: str, design: Design, found: DrawCheck) -> Check:
    """A draw in words: a warning where it is broken, or cannot be tested.

    Parameters
    ----------
    name
        Name of the initiative.
    design
        How the arms were dealt.
    found
        Whether the arms look as chance deals them.
    """
    who = {"name": shown(name), "assignment": design.assignment}
    sizes = listing([f"{number(n)} {arm}" for arm, n in found.units.items()])
    title = sentence("The draw bears examination")
    status: Status = "warn"
    if len(found.units) < 2:
        message = sentence("{name} is called {assignment} and has one arm, so there is nobody to compare with.", **who)
        title = sentence("A trial without a control")
    elif found.both:
        template = (
            "{name} is called {assignment}, but {n} units are in several arms: taken as it is, no effect of it is "
            "experimental."
        )
        message, title = sentence(template, n=number(found.both), **who), sentence("Units in more than one arm")
    elif found.ratio_p is not None and found.ratio_p < BROKEN:
        template = (
            "{name} is called {assignment}, but its arms have not the sizes that were drawn ({sizes}; p {p}): taken "
            "as it is, no effect of it is experimental. Check probability:, or who was left out."
        )
        message = sentence(template, sizes=sizes, p=p_value(found.ratio_p), **who)
        title = sentence("Arms of the wrong size")
    elif found.balance_p is not None and found.balance_p < BROKEN:
        most = listing([shown(each) for each in list(found.apart)[:3]])
        template = (
            "{name} is called {assignment}, but its arms differed before it began, most in {columns} (p {p}): no "
            "effect of it is experimental."
        )
        message = sentence(template, columns=most, p=p_value(found.balance_p), **who)
        title = sentence("Arms that differed before")
    else:
        status = "pass"
        message = sentence(
            "{name} is {assignment}, and its arms look as chance deals them ({sizes}).", sizes=sizes, **who
        )
    least = min((p for p in (found.ratio_p, found.balance_p) if p is not None), default=None)
    return Check(
        name=f"treatments_draw_{name}", status=status, message=message, value=least, threshold=BROKEN, title=title
    )


def _moved(name: str, design: Design, found: DrawCheck, first: FirstDealt) -> Check:
    """A draw that holds by what customers were dealt first, in words: who changed arms is counted."""
    share = first.moved(design.control)
    message = sentence(
        "{name} is {assignment}, and its arms look as chance deals them ({sizes}) by what customers were dealt first, "
        "where they stay: {crossed} of the control got it later, {changed} others changed their arm later; {twice} "
        "were in two arms at once and are left out.",
        name=shown(name),
        assignment=design.assignment,
        sizes=listing([f"{number(n)} {arm}" for arm, n in found.units.items()]),
        crossed=number(first.crossed),
        changed=number(first.changed),
        twice=number(first.twice),
    )
    return Check(
        name=f"treatments_draw_{name}",
        status="warn" if share > CROSSED else "pass",
        message=message,
        value=share,
        threshold=CROSSED,
        title=sentence("Customers who changed arms"),
    )


def _unknown(designs: Mapping[str, Design], arms: Mapping[str, list[str]]) -> Iterator[str]:
    place = "treatments"
    for name, design in designs.items():
        if name != OTHERS and name not in arms:
            template = "{place}.design.{name}: no row has this initiative{near} There are {known}."
            near, known = suggestion(name, arms), names(list(arms)[:_MOST_NAMED])
            yield sentence(template, place=place, name=name, near=near, known=known)
            continue
        probability = list(design.probability) if isinstance(design.probability, Mapping) else []
        own = sorted({arm for each in arms.values() for arm in each}) if name == OTHERS else arms[name]
        for arm in dict.fromkeys([*([design.control] if design.control else []), *probability]):
            if arm not in own:
                template = "{place}.design.{name}: no row has the arm {arm}{near} There are {known}."
                near = suggestion(arm, own)
                yield sentence(template, place=place, name=name, arm=shown(arm), near=near, known=names(own))
