"""What a column may be used for: `use:` of a dataset.yaml, its words, and which models they keep a column from."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from workbench.wording import sentence

if TYPE_CHECKING:
    from workbench.datasets.definitions.column import ColumnDefinition

Use = Literal[
    "",
    "actionable",
    "given",
    "proxy",
    "suspect",
    "protected",
    "cost_missed",
    "cost_contacted",
    "prediction",
    "before",
    "outcome",
]
Purpose = Literal["explain", "predict"]

USES: tuple[Use, ...] = (
    "actionable",  # a company can change it: price, plan, service
    "given",  # it cannot: region, year of birth
    "proxy",  # it stands for a protected trait, as a postal code does for origin
    "suspect",  # it may have been written once the outcome was known
    "protected",  # the law forbids deciding by it: read to see whether groups are treated alike
    "cost_missed",  # money lost on the customer of this row who leaves and was not contacted
    "cost_contacted",  # money lost on the customer of this row who stays and was contacted
    "prediction",  # good for scores, not for explanations: a sum of other columns, known only at the end
    "before",  # of a trial: measured before its start
    "outcome",  # of a trial: what came of it
)
COSTS: tuple[Use, ...] = ("cost_missed", "cost_contacted")
OF_TRIALS: tuple[Use, ...] = ("before", "outcome")
# Uses that an item of a survey with role: driver may have.
OF_DRIVERS: tuple[Use, ...] = ("actionable", "given", "proxy", "suspect")
# What never enters a model for the purpose. A suspect enters either where it is asked for by name.
_NEVER: Mapping[Purpose, tuple[Use, ...]] = {
    "explain": ("protected", *COSTS, "outcome", "prediction"),
    "predict": ("protected", *COSTS, "outcome"),
}
NOT_BY_DEFAULT: tuple[Use, ...] = ("suspect", *_NEVER["explain"])
"""Uses of columns that a study reads only where it, or a parameter, asks for them."""


def kept_from(
    columns: "Iterable[ColumnDefinition]", purpose: Purpose, *, named: Iterable[str] = ()
) -> "dict[str, Use]":
    """The columns that a model must not take, with the use that forbids it.

    Parameters
    ----------
    columns
        Definitions of a table's columns.
    purpose
        `explain`: covariates and drivers, whose effects are told; `predict`: features of a score.
    named
        Columns that are asked for by name: those may be suspect.
    """
    named = set(named)
    never = _NEVER[purpose]
    return {
        column.name: column.use
        for column in columns
        if column.use in never or (column.use == "suspect" and column.name not in named)
    }


def left_out(
    columns: "Iterable[ColumnDefinition]", present: Iterable[str], *, admitted: Iterable[str], named: Iterable[str]
) -> list[str]:
    """The columns of a table that a study does not see, their companions and choices with them.

    Parameters
    ----------
    columns
        Definitions of the table's columns.
    present
        Names of the columns that the table has.
    admitted
        Uses that the study asks for.
    named
        Columns that a parameter asks for.
    """
    admitted, named = set(admitted), set(named)
    out = [
        column
        for column in columns
        if column.use in NOT_BY_DEFAULT and column.use not in admitted and column.name not in named
    ]
    names = {name for column in out for name in (column.name, column.companion)}
    choices = tuple(f"{column.name}_" for column in out if column.split)
    return [name for name in present if name in names or (choices and name.startswith(choices))]


def why(use: Use) -> str:
    """What a use says of a column, to go on with after its name.

    Parameters
    ----------
    use
        One of `uses.USES`.
    """
    match use:
        case "protected":
            return sentence("protected: it is read to compare how groups fare, and enters no model")
        case "suspect":
            return sentence("suspect: it may have been known too late")
        case "prediction":
            return sentence("for predictions alone: it explains nothing")
        case "outcome":
            return sentence("an outcome of a trial")
        case "cost_missed" | "cost_contacted":
            return sentence("a cost")
        case "actionable":
            return sentence("something that can be changed")
        case "given":
            return sentence("something that cannot be changed")
        case "proxy":
            return sentence("a stand-in for a protected trait")
        case "before":
            return sentence("measured before a trial")
        case _:
            return sentence("of no declared use")
