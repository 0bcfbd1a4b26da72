"""The canonical tables: which columns they have, of what kind, and which of them a dataset must bring. A leaf.

`contracts` turns what stands here into rules; this module imports nothing, so that a dataset.yaml is read in no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["id", "number", "money", "rating", "boolean", "category", "text", "date", "timestamp"]

TYPES: tuple[Kind, ...] = ("number", "money", "rating", "boolean", "category", "text", "date", "timestamp")
NUMERIC = ("number", "money", "rating")
TEMPORAL = ("date", "timestamp")
TIME_UNITS = ("days", "weeks", "months", "years")
# The kinds of contact that studies know by name (`interactions.kind`); a dataset may have others besides.
CONTACT, ENQUIRY, COMPLAINT, REMINDER = "contact", "enquiry", "complaint", "reminder"
INTERACTION_KINDS = (CONTACT, ENQUIRY, COMPLAINT, REMINDER)


@dataclass(frozen=True)
class Field:
    """A column of a canonical table.

    Attributes
    ----------
    kind
        What its values are.
    required
        Whether a dataset must map it; a required column has a value in every row.
    one_row_of
        Set where a value may stand in one row only, and then the thing that a row is ("customer").
    not_negative
        Whether its numbers must be 0 or more.
    share
        Whether its numbers must lie between 0 and 1.
    past
        Whether its times must not lie in the future (after the extract, where the dataset says when that was).
    attribute
        Whether it is an attribute of customers like those that a dataset adds: it may be a segment, and it holds from
        some time on.
    """

    kind: Kind
    required: bool = False
    one_row_of: str = ""
    not_negative: bool = False
    share: bool = False
    past: bool = False
    attribute: bool = False


@dataclass(frozen=True)
class CanonicalTable:
    """A table that studies ask for by name.

    Attributes
    ----------
    name
        What studies call it.
    fields
        Its own columns; a dataset may add others (covariates, attributes, items).
    time
        The column whose unit is the time unit of the table, if it has one.
    event
        The timestamp of an event; such tables have `known_at`, by default equal to it.
    span
        The columns from whose least to whose greatest value the table reaches.
    ordered
        Pairs of columns of which the first must not exceed the second.
    of_customers
        Whether a row without a customer says nothing: such rows are kept out and counted.
    attributes
        Whether its other columns are attributes, which hold from some time on.
    """

    name: str
    fields: Mapping[str, Field]
    time: str = ""
    event: str = ""
    span: tuple[str, ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()
    of_customers: bool = False
    attributes: bool = False


_CUSTOMER = Field("id", required=True)
_TIMESTAMP = Field("timestamp", required=True, past=True)
_KNOWN = Field("timestamp")
_KNOWN_AFTER = (("timestamp", "known_at"),)


def _table(name: str, fields: dict[str, Field], **more) -> tuple[str, CanonicalTable]:
    return name, CanonicalTable(name, MappingProxyType(fields), **more)


CANONICAL: Mapping[str, CanonicalTable] = MappingProxyType(
    dict(
        [
            _table(
                "customers",
                {
                    "customer_id": Field("id", required=True, one_row_of="customer"),
                    "first_seen": Field("date", past=True),
                    "team": Field("category", attribute=True),
                    "opt_out": Field("boolean", attribute=True),
                },
                span=("first_seen",),
                attributes=True,
            ),
            _table(
                "subscriptions",
                {
                    "customer_id": _CUSTOMER,
                    "start": Field("date", required=True, past=True),
                    "end": Field("date"),
                    "end_reason": Field("category"),
                    "plan": Field("category"),
                    "price": Field("money", not_negative=True),
                },
                span=("start", "end"),
                ordered=(("start", "end"),),
                of_customers=True,
            ),
            _table(
                "transactions",
                {
                    "customer_id": _CUSTOMER,
                    "order_id": Field("id"),
                    "timestamp": _TIMESTAMP,
                    "known_at": _KNOWN,
                    "amount": Field("money", required=True),
                    "margin": Field("money"),
                    "category": Field("category"),
                    "channel": Field("category"),
                    "product": Field("category"),
                    "cancelled": Field("boolean"),
                },
                event="timestamp",
                span=("timestamp",),
                ordered=_KNOWN_AFTER,
                of_customers=True,
            ),
            _table(
                "interactions",
                {
                    "customer_id": _CUSTOMER,
                    "timestamp": _TIMESTAMP,
                    "known_at": _KNOWN,
                    "touchpoint": Field("category"),
                    "channel": Field("category"),
                    "kind": Field("category"),
                    "outbound": Field("boolean"),
                    "minutes": Field("number", not_negative=True),
                    "resolved_first_contact": Field("boolean"),
                    "complaint": Field("boolean"),
                    "team": Field("category"),
                },
                event="timestamp",
                span=("timestamp",),
                ordered=_KNOWN_AFTER,
                of_customers=True,
            ),
            _table(
                "usage",
                {
                    "customer_id": _CUSTOMER,
                    "timestamp": _TIMESTAMP,
                    "known_at": _KNOWN,
                    "measure": Field("category", required=True),
                    "value": Field("number", required=True),
                },
                event="timestamp",
                span=("timestamp",),
                ordered=_KNOWN_AFTER,
                of_customers=True,
            ),
            _table(
                "surveys",
                {
                    "response_id": Field("id", one_row_of="response"),
                    "customer_id": Field("id"),
                    "timestamp": Field("timestamp", past=True),
                    "known_at": _KNOWN,
                    "touchpoint": Field("category"),
                    "weight": Field("number", not_negative=True),
                },
                event="timestamp",
                span=("timestamp",),
                ordered=_KNOWN_AFTER,
            ),
            _table(
                "lifetimes",
                {
                    "customer_id": Field("id", one_row_of="customer"),
                    "duration": Field("number", required=True, not_negative=True),
                    "event": Field("boolean", required=True),
                    "entry": Field("number", not_negative=True),
                    "reason": Field("category"),
                },
                time="duration",
                ordered=(("entry", "duration"),),
                attributes=True,
            ),
            _table(
                "treatments",
                {
                    "customer_id": _CUSTOMER,
                    "initiative": Field("category", required=True),
                    "arm": Field("category", required=True),
                    "start": Field("date", past=True),
                    "end": Field("date"),
                    "cost": Field("money", not_negative=True),
                },
                span=("start", "end"),
                ordered=(("start", "end"),),
                of_customers=True,
            ),
            _table(
                "initiatives",
                {
                    "initiative": Field("id", required=True, one_row_of="initiative"),
                    "driver": Field("category"),
                    "touchpoint": Field("category"),
                    "expected_lift": Field("number"),
                    "lift_sd": Field("number", not_negative=True),
                    "fixed_cost": Field("money", not_negative=True),
                    "cost_per_customer": Field("money", not_negative=True),
                    "reach": Field("number", share=True),
                    "start": Field("number", not_negative=True),
                    "ramp_months": Field("number", not_negative=True),
                    "half_life_months": Field("number", not_negative=True),
                    "cost_per_month": Field("money", not_negative=True),
                },
            ),
        ]
    )
)


# The id that stands for a row where a table has none of its own.
ROW_ID: Mapping[str, str] = MappingProxyType({"lifetimes": "customer_id", "surveys": "response_id"})
