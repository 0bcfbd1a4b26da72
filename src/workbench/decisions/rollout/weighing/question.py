"""What is asked of a pilot: one primary outcome, guardrails, and what a unit is worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import ParameterError
from workbench.wording import listing, number, sentence, shown, suggestion

DRAW = "assignment"
"""Table of who gets what, which a plan leaves and no evaluation does."""
LEVEL = 0.90
"""Of every interval of a report: its ends are then where a test at 5% in one direction turns."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked.

    Attributes
    ----------
    outcome
        The primary one, by which the pilot is evaluated; None: the first that the data have.
    outcomes
        Secondary ones; None: all others but single touchpoints.
    taken
        Yes or no of who took what was offered, itself an outcome; None where all did, or nobody knows.
    guardrails
        By outcome how much worse it may get, in its unit.
    groups
        Groups named beforehand: columns known before the start, or several with `*` between them. None: `likely`.
    likely
        Columns that the dataset groups customers by; those that were not known before the start are passed over.
    window_days
        From each start; None: as long as the pilot ran, or as everybody has been followed.
    cost
        Money of one customer who gets it; None: what is recorded.
    value
        Money of one unit of the primary outcome, 1 of 100 customers being 0.01 units of a share; None: 1 of money, or
        not known. Below 0 it says that less is better, where nothing else does.
    smallest
        The smallest effect worth having, in the unit of the primary outcome; None: cost over value.
    customers
        Who would get it in a full roll-out; None: as many as were in the pilot.
    planned
        Customers for whom the pilot was planned; None: those who are in it.
    level
        Of intervals.
    draws, seed
        Of effects.
    currency
        Of money.
    """

    outcome: str | None = None
    outcomes: Sequence[str] | None = None
    taken: str | None = None
    guardrails: Mapping[str, float] = field(default_factory=dict)
    groups: Sequence[str] | None = None
    likely: Sequence[str] = ()
    window_days: int | None = None
    cost: float | None = None
    value: float | None = None
    smallest: float | None = None
    customers: int | None = None
    planned: int | None = None
    level: float = LEVEL
    draws: int = 4000
    seed: int = 0
    currency: str = ""

    def __post_init__(self) -> None:
        faults = [
            sentence(
                "parameter guardrails: {name} may get worse by {got}, expected 0 or more.",
                name=shown(name),
                got=number(margin),
            )
            for name, margin in self.guardrails.items()
            if not margin >= 0
        ]
        if self.outcome in self.guardrails:
            faults.append(
                sentence("parameter guardrails: {name} is the primary outcome already.", name=shown(self.outcome))
            )
        if faults:
            raise ParameterError(*faults)

    def check(self, measures: Sequence[str]) -> None:
        """Refuse outcomes that the data do not have.

        Parameters
        ----------
        measures
            Names of the outcomes that they can tell.

        Raises
        ------
        ParameterError
            With all of them.
        """
        asked = {
            "outcome": [self.outcome] if self.outcome else [],
            "outcomes": list(self.outcomes or []),
            "guardrails": list(self.guardrails),
            "taken": [self.taken] if self.taken else [],
        }
        faults = [
            _unknown(key, name, measures) for key, names in asked.items() for name in names if name not in measures
        ]
        if faults:
            raise ParameterError(*faults)

    def check_sizes(self, primary: Any, guardrails: Mapping[str, Any]) -> None:
        """Refuse sizes that no effect can have, and a value that contradicts which way is better.

        Parameters
        ----------
        primary
            The primary outcome.
        guardrails
            Outcomes that have a margin, by name.

        Raises
        ------
        ParameterError
            With all of them.
        """
        sizes = [("guardrails", guardrails[name], margin) for name, margin in self.guardrails.items()]
        if self.smallest is not None:
            sizes.append(("smallest_effect", primary, self.smallest))
        faults = [
            sentence(
                "parameter {key}: got {got} of {name}, a share, of which 1 is everybody; expected less than 1: of 100 "
                "customers 1 is 0.01.",
                key=key,
                got=number(size),
                name=shown(measure.name),
            )
            for key, measure, size in sizes
            if measure.kind in ("share", "staying", "ratio") and size >= 1
        ]
        if self.value is not None and self.value < 0 and primary.good > 0 and not primary.unsaid:
            faults.append(
                sentence(
                    "parameter value_per_unit: got {got} of {name}, of which more is better; expected 0 or more, or "
                    "direction: low_is_good in dataset.yaml.",
                    got=number(self.value),
                    name=shown(primary.name),
                )
            )
        if faults:
            raise ParameterError(*faults)


def looks_of(
    previous: Iterable[Mapping[str, Any]], run: str, dataset: str, initiative: str, outcome: str, first: str
) -> int:
    """How often a pilot was looked at, the present run included: days up to which data were looked at.

    Parameters
    ----------
    previous
        Manifests of all runs of the study that are there, the present one among them unless it is a scratch run.
    run
        Id of the present one; empty for a scratch run, which counts as a look of its own.
    dataset, initiative, outcome
        Its dataset, pilot and primary outcome.
    first
        The primary outcome of runs that named none.

    Notes
    -----
    Another run of data up to the same day sees nothing new. Data without dates are known by their content.
    """
    runs = list(previous)
    own = next((each for each in runs if run and each.get("run_id") == run), None)
    days = {
        _reach(each)
        for each in runs
        if each.get("status") == "succeeded"
        and each.get("dataset") == dataset
        and (own is None or each.get("where") == own.get("where"))
        and DRAW not in (each.get("tables") or {})
        and _asked_for(each.get("parameters") or {}, initiative, outcome, first)
    }
    return len(days | {"" if own is None else _reach(own)})


def _asked_for(asked: Mapping[str, Any], initiative: str, outcome: str, first: str) -> bool:
    """Whether a run evaluated this pilot by this outcome; who plans one looks at no effect."""
    return (
        asked.get("mode") != "plan"
        and asked.get("initiative") in (None, initiative)
        and (asked.get("outcome") or first) == outcome
    )


def _reach(manifest: Mapping[str, Any]) -> str:
    """Up to which day the data of a run go; without dates what they are known by. Pilots may end after both."""
    if manifest.get("extracted"):
        return str(manifest["extracted"])
    tables = (manifest.get("data") or {}).get("tables") or {}
    days = [str(each["last"]) for name, each in tables.items() if name != "treatments" and each.get("last")]
    return max(days) if days else str(manifest.get("fingerprint"))


def _unknown(key: str, name: str, known: Sequence[str]) -> str:
    return sentence(
        "parameter {key}: got {name}, expected one of {known}{near}",
        key=key,
        name=shown(name),
        known=listing([shown(each) for each in known]) or sentence("none: the data have none"),
        near=suggestion(name, known),
    )
