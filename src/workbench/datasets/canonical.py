"""The canonical tables: which columns they have, of what kind, and which of them a dataset must bring. A leaf.

`contracts` holds what their values must keep; this module is free of pandas, so that a dataset.yaml is read in no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["id", "number", "boolean", "category"]

TIME_UNITS = ("days", "weeks", "months", "years")


@dataclass(frozen=True)
class Field:
    """A column of a canonical table.

    Attributes
    ----------
    kind
        What its values are.
    required
        Whether a dataset must map it.
    """

    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class CanonicalTable:
    """A table that studies ask for by name.

    Attributes
    ----------
    name
        What studies call it.
    fields
        Its own columns; a dataset may add others (covariates, attributes).
    time
        The column whose unit is the time unit of the table.
    """

    name: str
    fields: Mapping[str, Field]
    time: str


CANONICAL: Mapping[str, CanonicalTable] = MappingProxyType(
    {
        "lifetimes": CanonicalTable(
            name="lifetimes",
            fields=MappingProxyType(
                {
                    "customer_id": Field("id"),
                    "duration": Field("number", required=True),
                    "event": Field("boolean", required=True),
                    "entry": Field("number"),
                    "reason": Field("category"),
                }
            ),
            time="duration",
        )
    }
)

# Names that a dataset.yaml may rightly expect and that have no contract yet.
NOT_YET = ("customers", "subscriptions", "transactions", "interactions", "surveys", "treatments", "initiatives")
