"""How customers came into the arms of an initiative: `design:` of the table `treatments`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

from workbench.datasets.definitions.section import Section
from workbench.datasets.definitions.strict_yaml import Tree
from workbench.wording import sentence, shown, suggestion

Assignment = Literal["randomised", "stratified", "clustered", "staggered", "volunteers", "chosen", "unknown"]
ASSIGNMENTS: tuple[Assignment, ...] = (
    "randomised",  # chance dealt arms to customers
    "stratified",  # … within groups
    "clustered",  # … to whole units: shops, teams, households
    "staggered",  # all come in, one after another; drawn by lot where a probability is given
    "volunteers",  # customers chose themselves
    "chosen",  # somebody chose them
    "unknown",
)
KEYS = ("assignment", "unit", "probability", "control", "strata", "score", "reliability")
OTHERS = "*"  # stands for all initiatives that are not named


@dataclass(frozen=True, kw_only=True)
class Design:
    """How arms of an initiative were dealt.

    Attributes
    ----------
    assignment
        One of `ASSIGNMENTS`.
    unit
        Column of the thing that was dealt (a shop, a team, a household); empty: the customer.
    probability
        The chance of any arm but the control: a number, the number of each arm by its name, or the column that has it.
        Of a staggered initiative the chance of each start. None where nothing is said: all arms are as likely.
    control
        The arm that got nothing; empty where nothing is said.
    strata
        Columns within whose groups the draw was made.
    score
        Column of customers by which somebody chose them, the worst or the best; empty: nothing is said.
    reliability
        Correlation of that score with itself the next time, from 0 to 1; None where nobody knows.
    """

    assignment: Assignment = "unknown"
    unit: str = ""
    probability: float | Mapping[str, float] | str | None = None
    control: str = ""
    strata: tuple[str, ...] = ()
    score: str = ""
    reliability: float | None = None

    @property
    def by_chance(self) -> bool:
        """Whether it is said that chance decided."""
        drawn = self.assignment == "staggered" and self.probability is not None
        return drawn or self.assignment in ("randomised", "stratified", "clustered")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        named = [self.unit, self.probability if isinstance(self.probability, str) else "", *self.strata, self.score]
        return tuple(dict.fromkeys(name for name in named if name))


NOT_SAID = Design()


def read_designs(section: Section) -> Mapping[str, Design]:
    """The designs of a table by initiative; what does not fit is a fault.

    Parameters
    ----------
    section
        The table's section.
    """
    tree = section.tree.get("design")
    if tree is None:
        return MappingProxyType({})
    if isinstance(tree, dict) and "assignment" in tree and not isinstance(tree["assignment"], dict):
        said = ", ".join(f"{key}: {value}" for key, value in tree.items() if isinstance(value, str))
        template = "a design under the name of its initiative, or under * for all: design: {line}"
        line = '{"*": {' + said + "}}"
        section.fault(
            "design",
            got=sentence("a design of no initiative"),
            expected=sentence(template, line=shown(line, longest=200)[1:-1]),
        )
        return MappingProxyType({})
    given = Section(tree, section.at("design"), None, section.faults)
    return MappingProxyType(
        {name: _design(Section(each, given.at(name), KEYS, section.faults)) for name, each in given.tree.items()}
    )


class Entering(Protocol):
    """A column, and whether it enters."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def kind(self) -> str | None:
        """Of its values."""

    @property
    def personal(self) -> str:
        """What becomes of it if it tells a person; empty: it stays."""


def check_columns(designs: Mapping[str, Design], columns: Iterable[Entering], section: Section) -> None:
    """A fault for each column that a design names and that neither `treatments` nor `customers` has, or lets enter.

    Parameters
    ----------
    designs
        How arms were dealt, by initiative.
    columns
        Of both tables.
    section
        The mapping that it stands in.
    """
    columns = list(columns)
    known = [each.name for each in columns]
    enter = {each.name for each in columns if each.personal in ("", "pseudonym") or each.kind == "id"}
    for name, design in designs.items():
        at = f"{section.at('design')}.{name}"
        for column in design.columns:
            if column not in known:
                template = "{at}: got the column {column}, expected one of treatments or customers{near}"
                section.faults.append(sentence(template, at=at, column=shown(column), near=suggestion(column, known)))
            elif column not in enter:
                template = (
                    "{at}: the column {column} does not enter, as it is said to tell a person; write personal: "
                    "pseudonym, under which what is dealt as a whole stays together, or personal: false."
                )
                section.faults.append(sentence(template, at=at, column=shown(column)))


def _design(section: Section) -> Design:
    assignment = section.choice("assignment", ASSIGNMENTS)
    if not assignment and "assignment" not in section.tree:
        section.fault("assignment", got=sentence("nothing"), expected=", ".join(ASSIGNMENTS))
    unit = section.text("unit")
    if assignment == "clustered" and not unit:
        section.fault(
            "unit", got=sentence("nothing"), expected=sentence("the column of what was dealt (shop, team, household)")
        )
    return Design(
        assignment=next((each for each in ASSIGNMENTS if each == assignment), "unknown"),
        unit=unit,
        probability=_probability(section),
        control=section.text("control"),
        strata=section.texts("strata"),
        score=section.text("score"),
        reliability=_share(section, "reliability", each) if (each := section.tree.get("reliability")) else None,
    )


def _probability(section: Section) -> float | Mapping[str, float] | str | None:
    value = section.tree.get("probability")
    if value is None:
        return None
    if isinstance(value, dict):
        found = {arm: _share(section, f"probability.{arm}", each) for arm, each in value.items()}
        if sum(found.values()) >= 1 + 1e-9:
            section.fault(
                "probability",
                got=shown(sum(found.values())),
                expected=sentence("chances below 1 in all: the rest is the control's"),
            )
        return MappingProxyType(found)
    if isinstance(value, str) and value.isidentifier():
        return value
    return _share(section, "probability", value)


def _share(section: Section, key: str, value: Tree) -> float:
    try:
        share = float(value) if isinstance(value, str) else -1.0
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        section.fault(key, got=shown(value), expected=sentence("a number between 0 and 1, or the column that has it"))
        return 0.5
    return share
