"""The joint between a business and its value: what any business draws of its customers, and by which plan.

Three businesses are known: *orders* (who may leave unseen), *contracts*, and *subscribers* who order as well. Each
draws block by block what its customers will bring; what is made of it (totals, doubts, tiers, sentences) knows none of
them.

Time is counted in months from the day of valuation; a month is a twelfth of a year. Flows come at the end of their
month.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from workbench.errors import ParameterError
from workbench.exhibits import Showable
from workbench.wording import number, sentence

QUARTER = 3
"""Months: as far ahead as `Block.staying` looks."""
Kind = Literal["orders", "fees", "contacts", "retention"]
KINDS: tuple[Kind, ...] = ("orders", "fees", "contacts", "retention")
"""Of cash: what orders and contracts bring, what contacts and retention cost (costs are negative)."""


@dataclass(frozen=True, kw_only=True)
class Money:
    """What of an amount is contribution, and what customers cost; before tax, nominal, in one currency.

    Attributes
    ----------
    margin
        Share of an order's amount that is contribution. None: the margin that each order carries, where there is one;
        otherwise value is revenue, and is called that.
    margin_by_category
        The same by the order's category, in place of `margin`; other categories have `margin`.
    fee_margin
        Share of a contract's fee that is contribution.
    contact_minute
        Cost of a minute of contact.
    retention
        Cost of a customer on board, a month.
    acquisition
        Cost of winning a customer; None: not known, so nothing is paid back.
    currency
        Sign or code.
    """

    margin: float | None = None
    margin_by_category: Mapping[str, float] = field(default_factory=dict)
    fee_margin: float = 1.0
    contact_minute: float = 0.0
    retention: float = 0.0
    acquisition: float | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        shares = {"margin": self.margin, "fee_margin": self.fee_margin}
        shares |= {f"margin_by_category[{name!r}]": share for name, share in self.margin_by_category.items()}
        faults = [
            sentence(
                "{name}: got {value}, expected a share of the amount between 0 and 1 (35% is 0.35).",
                name=name,
                value=number(value),
            )
            for name, value in shares.items()
            if value is not None and not 0 <= value <= 1
        ]
        costs = {"contact_minute": self.contact_minute, "retention": self.retention, "acquisition": self.acquisition}
        faults += [
            sentence("{name}: got {value}, expected a cost of 0 or more.", name=name, value=number(value))
            for name, value in costs.items()
            if value is not None and not 0 <= value < np.inf
        ]
        if faults:
            raise ParameterError(*faults)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """By which rate, how far and for which groups value is worked out.

    Attributes
    ----------
    rate
        Effective a year: 0.10 makes 110 in a year worth 100 now. Infinite: nothing to come is worth anything.
    horizons : (H,)
        Months, ascending; infinite stands for the lifetime.
    months
        For so many months the flows are given.
    cells : (n,)
        Code (0 …) of the cell of each customer, in the order of `Business.customers`.
    money
        Margins and costs.
    round
        0 or 1: two independent draws of customers' natures at the same parameters. The first sets the borders of tiers,
        the second is held against them, and half their mean squared difference is the variance that natures alone
        bring.
    """

    rate: float
    horizons: np.ndarray
    months: int
    cells: np.ndarray
    money: Money
    round: int = 0

    def __post_init__(self) -> None:
        if not self.rate >= 0:
            raise ParameterError(
                sentence("rate: got {rate}, expected 0 or more (8% a year is 0.08).", rate=number(self.rate))
            )

    @property
    def discount(self) -> float:
        """Worth now of 1 that comes at the end of this month."""
        return float((1 + self.rate) ** (-1 / 12)) if np.isfinite(self.rate) else 0.0

    @property
    def number_of_cells(self) -> int:
        """How many cells there are."""
        return int(self.cells.max()) + 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some customers, all draws.

    Attributes
    ----------
    rows : (m,)
        Which customers, by their row in `Business.customers`.
    active : (m, draws)
        Whether still a customer on the day of valuation.
    staying : (m, draws)
        Chance to be one after another `QUARTER`, given the customer's nature; 0 for who is not active.
    orders : (m, draws, H)
        Expected within each horizon, given the customer's nature; not discounted.
    spend : (m, draws)
        Mean amount of an order, in money; 0 without orders.
    value : (m, draws, H)
        Present value of contribution within each horizon. NaN for a lifetime that cannot be told.
    customers : (draws, months, cells)
        Expected number still there at the end of each month.
    flows : kind → (draws, months, cells)
        Cash of each month, not discounted, of the kinds that the business has. `KINDS` names them; costs are negative.
    """

    rows: np.ndarray
    active: np.ndarray
    staying: np.ndarray
    orders: np.ndarray
    spend: np.ndarray
    value: np.ndarray
    customers: np.ndarray
    flows: Mapping[Kind, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Newcomers:
    """What the mean newcomer brings, draw by draw (a draw has its parameters; over natures the mean is taken).

    Attributes
    ----------
    value : (draws, H)
        Present value of contribution within each horizon, the first order included, acquisition not taken off.
    flow : (draws, months)
        Contribution of each month, not discounted; what comes in on the first day counts for the first month.
    """

    value: np.ndarray
    flow: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastErrors:
    """How far off earlier forecasts of a total were (rolling origins).

    Attributes
    ----------
    logs : (k,)
        Logarithm of what came over what was forecast, one for each origin.
    months
        How far each forecast reached.
    starts : (k,)
        When each was made, in months on any clock: those whose times overlap tell less. None: each counts in full.
    """

    logs: np.ndarray
    months: float
    starts: np.ndarray | None = None


class Business(Protocol):
    """Customers who can be valued: one object for each way in which customers come, pay and leave."""

    @property
    def kind(self) -> str:
        """Which business: `orders`, `contracts` or `subscribers`."""
        ...

    @property
    def customers(self) -> np.ndarray:
        """Pseudonyms (n,), one a row; who returns keeps the id and the row."""
        ...

    @property
    def groups(self) -> pd.DataFrame:
        """Ways to group customers (n rows, in their order), a column of text for each.

        `cohort` (of acquisition; `tenure` without dates), `channel` where it is known, and segments.
        """
        ...

    @property
    def draws(self) -> int:
        """How many, of everything."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models, for people."""
        ...

    @property
    def models(self) -> np.ndarray:
        """Which model each draw (draws,) is of, by its place in `names`: weights decide how many draws a model gets."""
        ...

    @property
    def observed(self) -> float:
        """Months over which customers have been observed: what lies beyond is extrapolated."""
        ...

    @property
    def lifetime(self) -> bool:
        """Whether a lifetime value can be told: it cannot where leaving is not visible."""
        ...

    @property
    def contribution(self) -> bool:
        """Whether value is contribution; otherwise it is revenue."""
        ...

    @property
    def errors(self) -> ForecastErrors | None:
        """Of earlier forecasts of the total; None where there were too few."""
        ...

    def blocks(self, plan: Plan) -> Iterator[Block]:
        """Customers in blocks of a fixed size: memory never grows with customers × draws.

        A draw has the same model and parameters in all blocks and both rounds. Neither the order of rows nor the number
        of cores changes what comes out.
        """
        ...

    def newcomers(self, plan: Plan) -> Newcomers | None:
        """What the mean newcomer brings; None where it cannot be told."""
        ...

    @property
    def comparable(self) -> "Business":
        """The same customers of now, valued by no more than is known on both days: what stands beside `before`."""
        ...

    def before(self, months: int) -> "Business | None":
        """The same business so many months earlier: customers of then, parameters of now. None without such records."""
        ...

    def exhibits(self) -> Iterable[Showable]:
        """What is known of this business: its models, their validation, the gatekeeper's checks."""
        ...
