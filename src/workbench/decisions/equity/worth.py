"""What a customer base is worth on one day: the two passes, tiers and doubts, and the numbers that sentences are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.decisions.equity.accumulation import FirstPass, SecondPass, ends, first_pass, second_pass
from workbench.decisions.equity.doubts import Doubts, doubts_of, reach
from workbench.decisions.equity.tiers import Tiers, borders_of, checked, place_of, tier_names
from workbench.decisions.value.business import Business, Money
from workbench.draws import seed_of
from workbench.errors import ParameterError
from workbench.suppression import SMALLEST_GROUP, apart, hidden_cells
from workbench.wording import number, sentence

TIER = "tier"
MOST_CELLS = 12
"""Cells of the draws that other studies read: with 60 months and 400 draws 288,000 rows."""
MONTHS = 60
"""For which flows are given: five years, as far as a newcomer's value is told in simulated worlds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assumptions:
    """By what value is worked out.

    Attributes
    ----------
    money
        Margins and costs.
    rate
        Effective a year.
    months
        Horizons, ascending.
    shares
        Of customers in each tier.
    seed
        Of all random numbers.
    """

    money: Money
    rate: float
    months: tuple[float, ...]
    shares: np.ndarray
    seed: int

    @classmethod
    def of(
        cls, money: Money, *, rate: float, horizons: Sequence[float], tier_shares: Sequence[float], seed: int
    ) -> "Assumptions":
        """Checked, all faults at once.

        Parameters
        ----------
        money
            Margins and costs.
        rate
            Effective a year, between 0 and 1.
        horizons
            Years, each a whole number of months.
        tier_shares
            Of customers, the most valuable first.
        seed
            Of all random numbers.

        Raises
        ------
        ParameterError
            With every fault.
        """
        faults = []
        if not 0 <= rate <= 1:
            faults.append(
                sentence(
                    "rate: got {rate}, expected an effective rate a year between 0 and 1 (8% is 0.08).",
                    rate=number(rate),
                )
            )
        months = sorted({round(12 * years, 6) for years in horizons})
        odd = [each for each in months if not (1 <= each < np.inf and each == int(each))]
        if odd or not months:
            faults.append(
                sentence(
                    "horizons: got {years} years, expected at least one, each a whole number of months; the lifetime "
                    "is added where it can be told.",
                    years=number(odd[0] / 12) if odd else sentence("no"),
                )
            )
        shares = np.array([])
        try:
            shares = checked(tier_shares)
        except ParameterError as error:
            faults += error.faults
        if faults:
            raise ParameterError(*faults)
        return cls(money=money, rate=rate, months=tuple(float(each) for each in months), shares=shares, seed=seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """A base on one day.

    Attributes
    ----------
    business
        Whose customers.
    assumptions
        By which.
    horizons : (H,)
        Months: the first is as far as customers have been observed, the others are told; the last is the one that
        customers are compared by.
    first, second
        The passes.
    tiers
        Of customers.
    cells
        (C rows) What the cells of `second.flows` are: `cell`, `customers` and a column for each way to group.
    gathered
        What cells of few customers are called, together, in `cells`.
    """

    business: Business
    assumptions: Assumptions
    horizons: np.ndarray
    first: FirstPass
    second: SecondPass
    tiers: Tiers
    cells: pd.DataFrame
    gathered: str

    @property
    def told(self) -> range:
        """Places of the horizons that are told."""
        return range(1, len(self.horizons))

    @property
    def last(self) -> float:
        """The horizon (months) that customers are compared by."""
        return float(self.horizons[-1])

    @cached_property
    def discount(self) -> float:
        """Worth now of 1 at the end of this month."""
        return float((1 + self.assumptions.rate) ** (-1 / 12))

    @cached_property
    def flow(self) -> np.ndarray:
        """Expected cash (months,) of all customers in each month, not discounted."""
        return np.asarray(sum(flow.sum(axis=2).mean(axis=0) for flow in self.second.flows.values()))

    def beyond(self, place: int) -> float:
        """Present value of what comes within a horizon after the months of `flow`."""
        times = np.arange(1, len(self.flow) + 1)
        return max(self.totals(place).mean() - float(self.flow @ self.discount**times), 0.0)

    @cached_property
    def doubts(self) -> tuple[Doubts, ...]:
        """Of the total within each horizon."""
        found = []
        for place, months in enumerate(self.horizons):
            within = self.flow[: int(min(months, len(self.flow)))]
            ahead = reach(within, self.discount, self.beyond(place) if months > len(within) else 0.0)
            found.append(
                doubts_of(
                    self.first.totals[:, place],
                    self.second.totals[0, :, place],
                    self.business.models,
                    self.business.errors,
                    ahead,
                    seed=seed_of(self.assumptions.seed, "errors"),
                )
            )
        return tuple(found)

    @property
    def positive(self) -> bool:
        """Whether customers bring more than they cost: only then is there something of which anybody has a share."""
        return bool(self.totals(-1).mean() > 0)

    def totals(self, place: int, group: int = 0) -> np.ndarray:
        """Value (draws,) of a group within a horizon, without the errors of earlier forecasts."""
        return self.second.totals[group, :, place]

    def interval(self, place: int, group: int = 0) -> tuple[float, float]:
        """Of the value of a group within a horizon, all four doubts included."""
        low, high = ends(self.totals(place, group) * self.doubts[place].multiplier)
        return float(low), float(high)

    def errors_by_month(self, months: int) -> np.ndarray:
        """What a sum over so many months (draws, months) is multiplied by: its errors grow with the root of its time.

        Parameters
        ----------
        months
            Up to this one.
        """
        place = int(np.flatnonzero(np.isfinite(self.horizons))[-1])
        grown = np.sqrt(np.arange(1, months + 1) / self.horizons[place])
        return np.asarray(np.exp(np.log(self.doubts[place].multiplier)[:, None] * grown))

    @property
    def extrapolated_share(self) -> float:
        """Share of the value within the last horizon that comes later than customers have been observed."""
        if self.last <= self.horizons[0]:
            return 0.0
        return float(1 - self.totals(0).mean() / self.totals(-1).mean())


def value_at(
    business: Business,
    assumptions: Assumptions,
    *,
    groupings: pd.DataFrame | None = None,
    first: FirstPass | None = None,
) -> Worth:
    """Value a base.

    Parameters
    ----------
    business
        Whose customers.
    assumptions
        Money, rate, horizons, tiers.
    groupings
        (n rows) More ways to group customers.
    first
        The first pass, where it was gone through already.
    """
    horizons = horizons_of(business, assumptions)
    first = first or first_of(business, assumptions)
    shares = assumptions.shares
    names = tier_names(len(shares))
    place = place_of(first.value[:, -1], shares)
    known = business.groups.reset_index(drop=True)
    groups = pd.concat([pd.DataFrame({TIER: [names[each] for each in place]}), known], axis=1)
    cell, cells = cells_of(groups)
    gathered = gathered_name(groups)
    if groupings is not None:
        groups = pd.concat([groups, groupings.reset_index(drop=True)], axis=1)
    second = second_pass(
        business,
        rate=assumptions.rate,
        horizons=horizons,
        money=assumptions.money,
        months=MONTHS,
        cells=cell,
        groupings=groups,
        borders=borders_of(first.sample, shares),
    )
    return Worth(
        business=business,
        assumptions=assumptions,
        horizons=horizons,
        first=first,
        second=second,
        tiers=Tiers(names=names, place=place, probability=second.tiers),
        cells=cells,
        gathered=gathered,
    )


def horizons_of(business: Business, assumptions: Assumptions) -> np.ndarray:
    """As far as customers have been observed, then those that are told, then the lifetime where it can be."""
    endless = [np.inf] if business.lifetime and assumptions.rate > 0 else []
    return np.array([max(np.ceil(business.observed), 1.0), *assumptions.months, *endless])


def first_of(business: Business, assumptions: Assumptions) -> FirstPass:
    """The first pass under these assumptions."""
    horizons = horizons_of(business, assumptions)
    return first_pass(business, rate=assumptions.rate, horizons=horizons, money=assumptions.money)


def _told_by_totals(attributes: pd.DataFrame) -> np.ndarray:
    """Whose combination (n,) of attributes is small, or tells of a small one by the totals of each attribute."""
    if attributes.shape[1] < 2:
        return np.zeros(len(attributes), dtype=bool)
    crossed = attributes.groupby(list(attributes), sort=True)
    sizes = crossed.size().rename("customers").reset_index()
    told = [own.index.tolist() for name in attributes.columns for _, own in sizes.groupby([name])]
    told.append(sizes.index.tolist())
    lines = [line for line in told if len(line) > 1 and sizes["customers"][line].sum() >= SMALLEST_GROUP]
    return hidden_cells(sizes["customers"], lines)[crossed.ngroup().to_numpy()]


def gathered_name(groups: pd.DataFrame) -> str:
    """What cells of few customers are called together: nothing that a group is called.

    Parameters
    ----------
    groups
        A column of text for each way to group.
    """
    return apart(sentence("others"), {str(level) for name in groups for level in groups[name].unique()})


def cells_of(groups: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Cells (n,) that customers fall into, and what they are: ways to group are crossed as long as there are few.

    Parameters
    ----------
    groups
        (n rows) A column of text for each way to group, the most important first.

    Returns
    -------
    codes : (n,)
        Cell of each customer.
    cells
        `cell`, `customers` and the ways that were crossed. Customers of cells with fewer than ten are one cell more,
        which is named so in all its columns; with groups of two attributes that are small, so many others that how many
        there are of each altogether does not tell. In which tier customers are is a result and no attribute.
    """
    used: list[str] = []
    for name in map(str, groups):
        counts = groups[[*used, name]].value_counts()
        if len(counts) <= MOST_CELLS and (counts >= SMALLEST_GROUP).mean() > 1 / 2:
            used.append(name)
    if not used:
        return np.zeros(len(groups), dtype=int), pd.DataFrame({"cell": [0], "customers": [len(groups)]})
    sizes = groups.groupby(used, sort=True)[used[0]].transform("size").to_numpy()
    small = (sizes < SMALLEST_GROUP) | _told_by_totals(groups[[name for name in used if name != TIER]])
    if 0 < small.sum() < SMALLEST_GROUP:  # what is gathered must not be small itself
        small |= sizes == sizes[~small].min() if (~small).any() else small
    named = groups[used].mask(pd.Series(small, index=groups.index), gathered_name(groups))
    cells = named.groupby(used, sort=True).size().rename("customers").reset_index()
    codes = named.merge(cells.assign(cell=range(len(cells))), on=used, how="left")["cell"].to_numpy()
    cells.insert(0, "cell", range(len(cells)))
    return codes, cells
