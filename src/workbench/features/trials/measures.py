"""What may come of a trial: outcomes by name, with their unit and which way is better."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from workbench.wording import sentence

Kind = Literal["mean", "share", "sum", "ratio", "staying"]
TOP, NPS = "_top", "_nps"
PROMOTERS = (0.0, 10.0)
"""The scale of the question whether one would recommend, of which promoters (9, 10) and detractors (0–6) are told."""


class Known(Protocol):
    """A column as its dataset defines it."""

    @property
    def name(self) -> str:
        """Of the column."""
        ...

    @property
    def label(self) -> str:
        """For people."""
        ...

    @property
    def kind(self) -> str | None:
        """Of its values."""
        ...

    @property
    def use(self) -> str:
        """What it may be used for."""
        ...

    @property
    def direction(self) -> str:
        """Which way is better, of an outcome that is no rating; empty where nobody said."""
        ...

    @property
    def role(self) -> str:
        """Of a survey's item."""
        ...

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest point of a rating."""
        ...


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One outcome.

    Attributes
    ----------
    name
        In results.json and tables.
    label
        For people.
    kind
        `mean` of those who have a value; `share` of yes; `sum` of all customers, 0 where nothing happened; `ratio` of
        two sums; `staying`: still there, with censoring.
    table
        That it is of.
    column
        Of the table; empty where it counts rows.
    money
        Whether it is in money.
    good
        1 where more is better, −1 where less is.
    unsaid
        Whether nobody said which way is better, and more is taken for it.
    detail
        Whether it is told only where it is asked for: ratings of single touchpoints.
    unit
        Of a mean, for people.
    """

    name: str
    label: str
    kind: Kind
    table: str
    column: str = ""
    money: bool = False
    good: int = 1
    unsaid: bool = False
    detail: bool = False
    unit: str = ""


def measures_of(columns: Mapping[str, Sequence[Known]], present: Mapping[str, Sequence[str]]) -> Iterator[Measure]:
    """The outcomes that a dataset can tell, the surest to be meant first.

    Parameters
    ----------
    columns
        Definitions by table, as far as the dataset has it.
    present
        Names of the columns that each table has, of tables with rows.
    """
    for table in ("treatments", "customers"):
        for each in columns.get(table, ()):
            if each.use == "outcome" and each.name in present.get(table, ()):
                yield from _of_column(each, table)
    if "subscriptions" in present:
        yield Measure(name="staying", label=sentence("Still a customer"), kind="staying", table="subscriptions")
        if "price" in present["subscriptions"]:
            label = sentence("Cash: fees, orders, contacts")
            yield Measure(name="cash", label=label, kind="sum", table="subscriptions", money=True)
    yield from _of_orders(present.get("transactions", ()))
    for each in columns.get("surveys", ()):
        if each.role in ("outcome", "driver") and each.name in present.get("surveys", ()):
            yield from _of_item(each)
    yield from _of_contacts(present.get("interactions", ()))


def _of_column(each: Known, table: str) -> Iterator[Measure]:
    if each.kind not in ("boolean", "number", "money", "rating", None):
        return
    yield Measure(
        name=each.name,
        label=each.label,
        kind="share" if each.kind == "boolean" else "mean",
        table=table,
        column=each.name,
        money=each.kind == "money",
        good=-1 if each.direction == "low_is_good" else 1,
        unsaid=not each.direction and each.kind != "rating",
    )


def _of_orders(present: Sequence[str]) -> Iterator[Measure]:
    if not present:
        return
    spend = Measure(name="spend", label=sentence("Spending"), kind="sum", table="transactions", column="amount")
    yield Measure(**{**vars(spend), "money": True})
    if "margin" in present:
        label = sentence("Contribution of orders")
        yield Measure(name="margin", label=label, kind="sum", table="transactions", column="margin", money=True)
    yield Measure(name="orders", label=sentence("Orders"), kind="sum", table="transactions")
    yield Measure(name="buying", label=sentence("Bought at all"), kind="share", table="transactions")


def _of_item(each: Known) -> Iterator[Measure]:
    def measure(name: str, label: str, kind: Kind, *, detail: bool = False) -> Measure:
        return Measure(name=name, label=label, kind=kind, table="surveys", column=each.name, detail=detail)

    yield measure(each.name, each.label, "mean", detail=each.role == "driver")
    if each.role != "outcome" or each.scale is None:
        return
    if tuple(each.scale) == PROMOTERS:
        yield measure(f"{each.name}{NPS}", sentence("{label}: NPS", label=each.label), "mean")
    yield measure(f"{each.name}{TOP}", sentence("{label}: top answer", label=each.label), "share")


def _of_contacts(present: Sequence[str]) -> Iterator[Measure]:
    if not present:
        return
    table = "interactions"
    yield Measure(name="contacts", label=sentence("Contacts"), kind="sum", table=table, good=-1)
    if "minutes" in present:
        label = sentence("Minutes of contacts")
        yield Measure(name="minutes", label=label, kind="sum", table=table, column="minutes", good=-1)
    if "complaint" in present:
        yield Measure(name="complaints", label=sentence("Complaints"), kind="sum", table=table, good=-1)
    if "resolved_first_contact" in present:
        label = sentence("Resolved at the first contact")
        yield Measure(name="resolved", label=label, kind="ratio", table=table, column="resolved_first_contact")
