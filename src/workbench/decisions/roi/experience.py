"""The return on experience of a company: the chain put together from its tables, its base and a driver analysis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.decisions.equity.worth import Worth
from workbench.decisions.roi.bound import Bound, bound_of
from workbench.decisions.roi.chain import Chain, chain_of
from workbench.decisions.roi.initiatives import read_initiatives
from workbench.decisions.roi.links import Base, Lift, Link
from workbench.decisions.roi.on_board import on_board
from workbench.decisions.roi.ratings import Ratings
from workbench.decisions.roi.result import Returns
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage import Linkage, learn_link, read_answers, reasons_of
from workbench.models.linkage.slopes import End
from workbench.statistics.dated import end_of_records, instants
from workbench.wording import sentence

RECALL_MONTHS = 6.0
"""Months that a visit counts for satisfaction and ratings: a choice, questionnaires ask about half a year or a year."""

FORM = 0.20
"""Standard deviation of the logarithm: what a point gained brings over the mean effect of a point. Penalties and
rewards differ by a half either way (Kano 1984), and a lift moves some points more than others, so the mean effect is
off by 15 to 25% (issue 18)."""


class DriverRun(Protocol):
    """An earlier run of driver_analysis."""

    def draws(self, name: str) -> pd.DataFrame:
        """A table of draws.

        Parameters
        ----------
        name
            Of the table.
        """


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Definitions of its tables by name."""

    @property
    def extracted(self) -> date | None:
        """Day of the extract, where it is said."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experience:
    """What improving the experience returns, or why it is not told.

    Attributes
    ----------
    linkage
        What satisfaction moves; None where it is not told.
    chain
        From initiatives to money.
    until
        The day of valuation.
    missing
        What there is not, as a sentence; empty where all is there.
    """

    linkage: Linkage | None = None
    chain: Chain | None = None
    until: pd.Timestamp | None = None
    missing: str = ""

    @property
    def bound(self) -> Bound | None:
        """What unseen causes could change; None without a chain or slopes that are learnt."""
        if self.chain is None or self.linkage is None or not self.chain.initiatives:
            return None
        ends = (as_if(self.chain, self.linkage, "within"), as_if(self.chain, self.linkage, "between"))
        slopes = self.linkage.slopes
        return bound_of(self.chain, ends, slopes.marks, slopes.deviation)

    @property
    def returns(self) -> Returns | None:
        """Of each initiative, for as long as the base is valued."""
        return None if self.chain is None else self.chain.returns()

    def exhibits(self) -> Iterator[Showable]:
        """The links, or that they are left out; what initiatives return is told by `decisions.funding`."""
        if self.linkage is None:
            yield Check(
                name="return_on_experience",
                status="pass",
                title=sentence("Return on experience is left out"),
                message=self.missing,
            )
            return
        yield self.linkage
        bound = self.bound
        if bound is not None:
            yield bound
        yield Check(
            name="validated_by_simulation",
            status="warn",
            kind="always",
            title=sentence("The chain is validated by simulation only"),
            message=sentence(
                "No real data joins surveys to what customers did afterwards: the chain from initiatives to money has "
                "been validated on simulated companies only."
            ),
        )


def return_on_experience(
    drivers: DriverRun | None,
    worth: Worth,
    dataset: DatasetDefinition,
    tables: Mapping[str, pd.DataFrame | None],
    *,
    today: date | None = None,
    attributes: Sequence[str] = (),
    recall_months: float = RECALL_MONTHS,
    random_seed: int,
) -> Experience:
    """Put the chain together: initiatives, ratings, satisfaction, leaving and orders, customers and cash.

    Parameters
    ----------
    drivers
        With `driver_effects`; None: left out, and that is said.
    worth
        The base, valued when nothing is done.
    dataset
        Definitions of the tables.
    tables
        `surveys`, `subscriptions`, `initiatives`, optionally `transactions`, `interactions`, `usage`; None: not there.
    today
        Day of valuation; the first day that records say nothing of where it is None. Later ends are planned.
    attributes
        Columns that may stand beside satisfaction; those of subscriptions do.
    recall_months
        For how many months a visit counts.
    random_seed
        Of all draws.
    """
    lacking = [name for name in ("surveys", "subscriptions", "initiatives") if tables.get(name) is None]
    if drivers is None:
        return Experience(
            missing=sentence("Return on experience is left out: it needs a run of driver_analysis on these data.")
        )
    if lacking:
        template = "Return on experience is left out: the data have no table {name}."
        return Experience(missing=sentence(template, name=lacking[0]))
    surveys, subscriptions, initiatives = (tables[name] for name in ("surveys", "subscriptions", "initiatives"))
    assert surveys is not None
    assert subscriptions is not None
    assert initiatives is not None
    if not {"customer_id", "timestamp"} <= set(surveys):
        return Experience(
            missing=sentence(
                "Return on experience is left out: answers to surveys have no customer or no date, so they cannot be "
                "joined with what customers did after them."
            )
        )
    happened = (surveys["timestamp"], subscriptions["start"], subscriptions["end"])
    until, _ = end_of_records(map(instants, happened), as_of=today or dataset.extracted, today=None)
    items = dataset.tables["surveys"].columns
    answers = read_answers(surveys[surveys["timestamp"] < until], items, drivers.draws("driver_effects"))
    linkage = learn_link(
        answers,
        subscriptions,
        until=until,
        attributes=[name for name in attributes if name in subscriptions],
        transactions=tables.get("transactions"),
        interactions=tables.get("interactions"),
        usage=tables.get("usage"),
        random_seed=random_seed,
    )
    chosen = read_initiatives(initiatives, answers.drivers)
    draws = min(linkage.draws, worth.business.draws)
    link = link_of(linkage, draws)
    lifts = {each.driver: lift_of(linkage, each.driver, draws, recall_months) for each in chosen}
    ahead = base_of(worth, subscriptions, draws, until)
    chain = chain_of(chosen, lifts, link, ahead, random_seed=random_seed)
    return Experience(linkage=linkage, chain=chain, until=until)


def link_of(linkage: Linkage, draws: int, end: End | None = None) -> Link:
    """What satisfaction moves, as the chain takes it.

    Parameters
    ----------
    linkage
        As learnt.
    draws
        How many.
    end
        As if slopes were those within, or between, customers.
    """
    leaving = {reason: slope[:draws] for reason, slope in linkage.leaving(end).items()}
    return Link(
        leaving=leaving,
        orders=linkage.orders(end)[:draws],
        score=linkage.answers.score,
        waits={reason: linkage.waits(reason)[:draws] for reason in leaving},
        lasting=linkage.lasting,
        shown=linkage.persistence.between,
        replies=linkage.replies,
        apart={reason: slope[:draws] for reason, slope in linkage.leaving("between").items()},
        buying=linkage.orders("between")[:draws],
    )


def as_if(chain: Chain, linkage: Linkage, end: End) -> Chain:
    """The chain as if effects and slopes within customers were the true ones, or those that are seen between them.

    Parameters
    ----------
    chain
        As it is.
    linkage
        From which it was put together.
    end
        Which.
    """
    draws = len(chain.base.customers)
    at = {driver: lift_of(linkage, driver, draws, each.recall_months, end) for driver, each in chain.at.items()}
    return replace(chain, at=at, link=link_of(linkage, draws, end))


def lift_of(
    linkage: Linkage, driver: str, draws: int, recall_months: float = RECALL_MONTHS, end: End | None = None
) -> Lift:
    """What a better experience at a touchpoint moves, as the chain takes it.

    Parameters
    ----------
    linkage
        As learnt.
    driver
        Item of the survey.
    draws
        How many.
    recall_months
        For how many months a visit counts.
    end
        As if effects within customers were true, or those seen between them.
    """
    ratings = linkage.ratings(driver)
    used = np.isfinite(ratings)
    seen = Ratings.of(ratings[used])
    points = seen.points_a_deviation
    colour = linkage.halo.points[:draws] / points if points else np.zeros(draws)
    random = np.random.default_rng([linkage.random_seed, 2, *driver.encode()])
    return Lift(
        ratings=ratings,
        effect=linkage.effect(driver, end)[:draws],
        halo=linkage.factor(end)[:draws],
        widening=seen.widening(ratings[used], linkage.answers.score[used], colour),
        recall_months=recall_months,
        colour=colour,
        shape=np.exp(FORM * random.standard_normal(draws) - FORM**2 / 2),
    )


def base_of(
    worth: Worth,
    subscriptions: pd.DataFrame,
    draws: int,
    until: pd.Timestamp,
    *,
    cells: np.ndarray | None = None,
    active: float | None = None,
) -> Base:
    """Customers together: what each who is there brings, and for which reasons they leave.

    Parameters
    ----------
    worth
        The base, valued.
    subscriptions
        Contracts with `end` and `end_reason`, of the same customers.
    draws
        How many are taken.
    until
        The day of valuation.
    cells
        Places of the cells of `worth.cells` that count; all where it is None.
    active
        Customers of these cells today.
    """
    second = worth.second
    chosen = slice(None) if cells is None else cells
    today = second.alive[0, :draws] if active is None else np.full(draws, active)
    there = second.customers_by_month[:draws][:, :, chosen].sum(axis=2)
    flows = {kind: flow[:draws][:, :, chosen].sum(axis=2) for kind, flow in second.flows.items()}
    orders = flows.pop("orders", np.zeros_like(there))
    other = sum(flows.values(), np.zeros_like(there))
    before = np.column_stack([today, there[:, :-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.nan_to_num(np.log(before / there), posinf=0.0)
        # Flows are of the time that customers are there, which is that of the middle of the month.
        off = 2 * _missed(worth, draws, there.shape[1]) / (before + there)
        each_orders, each_other = np.nan_to_num(orders * off, posinf=0.0), np.nan_to_num(other * off, posinf=0.0)
    shares = on_board(subscriptions, until, there.shape[1]).shares(reasons_of(subscriptions))
    return Base(
        active=float(today.mean()),
        customers=(before + there) / 2,
        orders=each_orders,
        other=each_other,
        hazards={str(reason): hazard * share for reason, share in shares.items()},
        discount=worth.discount,
        currency=worth.assumptions.money.currency,
    )


def _missed(worth: Worth, draws: int, months: int) -> np.ndarray:
    """Factors (draws, months) of what customers bring in each month, by how far earlier forecasts of totals were off.

    Errors grow with the root of time, as of a level that wanders; those of a total weigh each month by what it brings,
    and their mean leaves what is expected as it is.
    """
    place = int(np.flatnonzero(np.isfinite(worth.horizons))[-1])
    reach = min(int(worth.horizons[place]), months)
    present = np.maximum(worth.flow[:reach], 0.0) * worth.discount ** np.arange(1, reach + 1)
    if not present.sum() > 0:
        return np.ones((draws, months))
    root = np.sqrt(np.arange(1, months + 1) / worth.horizons[place])
    times = root / np.average(np.sqrt(np.arange(1, reach + 1) / reach), weights=present)
    factors = np.exp(np.log(worth.doubts[place].multiplier[:draws])[:, None] * times)
    return np.asarray(factors / factors.mean(axis=0))
