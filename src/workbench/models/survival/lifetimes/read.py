"""Lifetimes from whichever table a dataset has: lifetimes as they are, subscriptions, or purchases and their lapse."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from workbench.errors import DataError
from workbench.exhibits import Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.episodes import at_start, customers_in, has_episodes
from workbench.models.survival.lifetimes.grace import grace_exhibit
from workbench.models.survival.lifetimes.purchases import Lapse, from_transactions
from workbench.models.survival.lifetimes.renewals import Heaps, find_renewals, find_rounding, rounded_check
from workbench.models.survival.lifetimes.subscriptions import Spells, from_subscriptions
from workbench.models.survival.lifetimes.table import (
    ENOUGH,
    covariates_of,
    late_entries,
    validate_lifetimes,
    weights_of,
)
from workbench.models.survival.lifetimes.trials import Trials
from workbench.statistics.horizons import number_of, units
from workbench.statistics.product_limit import enough_from
from workbench.wording import label_of, listing, number, sentence

MOST_NAMED = 3
"""Columns that a check names."""
OWN_ATTRIBUTES = ("first_seen", "valid_from", "known_at")
LABELS = {
    "customer_before": "Customer before the records",
    "purchases_so_far": "Purchases so far",
    "amount_so_far": "Amount per purchase so far",
    "plan": "Plan",
    "price": "Price",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifetimes:
    """Lifetimes and where they come from.

    Attributes
    ----------
    frame
        As in the canonical table.
    time_unit, labels
        What durations are counted in, and labels of columns.
    covariates
        Columns that may explain who leaves.
    spells
        The same with dates; None where there are none.
    lapse
        How buyers were taken to have lapsed; None otherwise.
    checks
        What was put together, left out or assumed.
    renewals
        Departures that heap at whole contract periods; None where they do not.
    rounding
        Durations that were rounded; None where they were not, or have dates.
    segments
        Columns whose groups are compared.
    chosen
        Covariates that the reader chose; None where models take all.
    named
        Columns that the reader chose by name, as covariates or segments.
    constant
        Columns that are declared never to change.
    scores
        Columns of surveys that measure satisfaction.
    subscriptions
        The contracts that the lifetimes were made of, with their prices; None of other sources.
    confidence
        Level of the intervals of whatever is made of the lifetimes.
    """

    frame: pd.DataFrame
    time_unit: str
    labels: Mapping[str, str]
    covariates: list[str]
    spells: Spells | None
    lapse: Lapse | None
    checks: tuple[Check, ...]
    renewals: Heaps | None = None
    rounding: Heaps | None = None
    segments: tuple[str, ...] = ()
    chosen: tuple[str, ...] | None = None
    named: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()
    scores: tuple[str, ...] = ()
    subscriptions: pd.DataFrame | None = field(default=None, repr=False)
    confidence: float = 0.9

    @property
    def rounded(self) -> float:
        """To multiples of what durations were rounded; 0 where they were not."""
        return self.rounding.term if self.rounding else 0.0

    @property
    def time_units(self) -> str:
        """The unit in the plural, for the heads of tables."""
        return units(self.time_unit)

    @property
    def grace(self) -> Table | None:
        """What several grace periods make of subscriptions, where customers came back; None otherwise."""
        table = self.spells.grace if self.spells else None
        return grace_exhibit(table) if table is not None and table["came_back"].any() else None

    @property
    def wanted(self) -> list[str]:
        """Covariates that models take into account: those chosen, or all."""
        return self.covariates if self.chosen is None else list(self.chosen)

    def exhibits(self) -> Iterator[Showable]:
        """What was put together, left out or assumed."""
        yield self.checks

    def ends(self) -> Iterator[Showable]:
        """What counts as an end: who came back after one, and departures at renewals."""
        yield self.lapse
        if not self.lapse:
            yield self.findings(self.confidence)
        yield self.grace

    def histories(
        self,
        *,
        surveys: pd.DataFrame | None = None,
        interactions: pd.DataFrame | None = None,
        transactions: pd.DataFrame | None = None,
    ) -> dict[str, pd.DataFrame]:
        """What became known of customers over time; empty without dates.

        Parameters
        ----------
        surveys, interactions, transactions
            As in `covariate_histories`; None where there is no such table.
        """
        if self.spells is None:
            return {}
        return covariate_histories(
            self.spells,
            surveys=surveys,
            scores=self.scores,
            interactions=interactions,
            transactions=transactions,
            subscriptions=self.subscriptions,
        )

    def without(self, columns: Collection[str]) -> "Lifetimes":
        """The same lifetimes without some columns.

        Parameters
        ----------
        columns
            Names of columns of `frame`.
        """
        gone = list(columns)
        if not gone:
            return self
        spells = self.spells
        if spells is not None:
            spells = replace(spells, frame=spells.frame.drop(columns=gone))
        return replace(
            self,
            frame=self.frame.drop(columns=gone),
            covariates=[name for name in self.covariates if name not in gone],
            segments=tuple(name for name in self.segments if name not in gone),
            spells=spells,
        )

    @property
    def lapsing(self) -> bool:
        """Whether customers lapse instead of leaving."""
        return self.lapse is not None

    def findings(self, confidence: float = 0.9) -> tuple[Finding, ...]:
        """What the way in which lifetimes came about says by itself: who came back, and departures at renewals.

        Parameters
        ----------
        confidence
            Level of the interval, between 0.5 and 1.
        """
        if self.lapse:
            return self.lapse.findings()
        return self.renewals.findings(confidence=confidence, dated=self.spells is not None) if self.renewals else ()

    def known_segments(self, of_dataset: Iterable[str], chosen: Iterable[str] | None) -> tuple[str, ...]:
        """Those chosen, or those of the dataset and the plan, as far as the lifetimes have them.

        Parameters
        ----------
        of_dataset
            Columns that the dataset declares to be segments.
        chosen
            Columns that the reader named; None leaves it to the dataset.
        """
        wanted = chosen if chosen is not None else [*of_dataset, *(["plan"] if self.spells else [])]
        return tuple(name for name in dict.fromkeys(wanted) if name in self.frame.columns)

    def usual_horizons(self) -> list[float]:
        """The last four of 1, 3, 6, 12, 24, 36, 60 and 120 months, in the unit of the data, that it may reach.

        That is as far as one in twenty were followed; the curve decides whether it bears them.
        """
        followed = float(self.frame["duration"].quantile(0.95))
        usual = [number_of(months, self.time_unit) for months in (1, 3, 6, 12, 24, 36, 60, 120)]
        start = 0.0
        if "entry" in self.frame.columns:  # curves begin where enough are followed
            lifetimes = validate_lifetimes(self.frame)
            start = enough_from(lifetimes["duration"].to_numpy(), lifetimes["entry"].to_numpy(), ENOUGH)
        reached = [each for each in usual if start < each <= followed]
        return reached[-4:] or [followed]


def read_lifetimes(
    table: str,
    rows: pd.DataFrame,
    *,
    customers: pd.DataFrame | None = None,
    constant: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
    time_unit: str = "",
    as_of: dt.date | None = None,
    records_since: dt.date | None = None,
    lapse_days: int | None = None,
    burn_in_days: int | None = None,
    grace_days: int | None = None,
    trials: Trials | None = None,
    weighting: str = "",
) -> Lifetimes:
    """Lifetimes from a canonical table.

    Parameters
    ----------
    table, rows
        Its name (`lifetimes`, `subscriptions` or `transactions`) and its rows.
    customers
        Attributes by `customer_id`, as of the extract; not used with lifetimes, which bring their own.
    constant
        Columns of `customers` that never change.
    labels, time_unit
        Of the columns, and of lifetimes; dated tables are counted in months.
    as_of
        Day of the extract, where it is known.
    records_since, lapse_days, burn_in_days, grace_days, trials
        See `from_subscriptions` and `from_transactions`.
    weighting
        What a column `weight` is: `survey` (also where it is empty); `frequency` is refused.

    Raises
    ------
    DataError
        Of frequency weights: a row is one customer, with an id of its own. Of lifetimes of which none has ended.
    """
    if weighting == "frequency":
        raise DataError(
            sentence(
                "{table}.weight: got frequency weights, expected one row a customer; repeat the rows, each with an id "
                "of its own, or declare the weights as survey weights.",
                table=table,
            )
        )
    labels = {**LABELS, **(labels or {})}
    time_unit = time_unit.removesuffix("s")
    if table == "lifetimes":
        _somebody_left(rows, "event")
        customers = at_start(validate_lifetimes(rows))
        rounding = find_rounding(customers, time_unit=time_unit)
        return Lifetimes(
            frame=rows,
            time_unit=time_unit,
            labels=labels,
            covariates=covariates_of(rows),
            spells=None,
            lapse=None,
            checks=(
                *_in_episodes(rows),
                *_without_dates(rows, labels),
                *late_entries(rows, time_unit=time_unit),
                *_weighted(rows),
                *((rounded_check(rounding),) if rounding else ()),
            ),
            renewals=None if rounding else find_renewals(customers, time_unit=time_unit),
            rounding=rounding,
        )
    attributes, checks = _attributes(customers, constant, labels)
    lapse = None
    if table == "subscriptions":
        spells = from_subscriptions(
            rows, as_of=as_of, records_since=records_since, attributes=attributes, grace_days=grace_days, trials=trials
        )
    else:
        first_seen = None
        if customers is not None and "first_seen" in customers.columns:
            first_seen = customers.drop_duplicates("customer_id").set_index("customer_id")["first_seen"]
        lapse = from_transactions(
            rows,
            as_of=as_of,
            lapse_days=lapse_days,
            burn_in_days=burn_in_days,
            first_seen=first_seen,
            attributes=attributes,
        )
        spells = lapse.spells
    _somebody_left(spells.frame, "end", lapse=lapse is not None)
    late = bool((spells.frame["entry"] > 0).any())
    return Lifetimes(
        frame=spells.frame,
        time_unit="month",
        labels=labels,
        covariates=[name for name in spells.covariates if spells.frame[name].dtype.kind != "M"],
        spells=spells,
        lapse=lapse,
        renewals=None if lapse else find_renewals(spells.frame),
        subscriptions=rows if table == "subscriptions" else None,
        checks=(
            *spells.checks,
            *checks,
            *(late_entries(spells.frame) if late else ()),
            *_weighted(spells.frame),
        ),
    )


def _somebody_left(lifetimes: pd.DataFrame, column: str, *, lapse: bool = False) -> None:
    """Refuse lifetimes that say nothing about how they end."""
    if lifetimes.empty or lifetimes["event"].fillna(0).astype(float).any():
        return
    if lapse:
        message = sentence(
            "transactions: got {all} customers of whom nobody lapsed, expected some; take a longer record, or fewer "
            "lapse_days.",
            all=number(len(lifetimes)),
        )
    else:
        message = sentence(
            "{table}.{column}: got {all} customers of whom nobody left, expected some; see whether the column says "
            "who left, or take a longer record.",
            table="lifetimes" if column == "event" else "subscriptions",
            column=column,
            all=number(len(lifetimes)),
        )
    raise DataError(message)


def _in_episodes(rows: pd.DataFrame) -> tuple[Check, ...]:
    """That several rows are one customer's, and what is made of them."""
    if not has_episodes(rows):
        return ()
    message = sentence(
        "{rows} rows are read as episodes of {customers} customers: covariates may change from one to the next. "
        "Forecasts start from the last episode; they are evaluated from the first.",
        rows=number(len(rows)),
        customers=number(customers_in(rows)),
    )
    return (Check(name="episodes", status="pass", message=message, value=customers_in(rows)),)


def _without_dates(rows: pd.DataFrame, labels: Mapping[str, str]) -> tuple[Check, ...]:
    """What one row a customer without dates makes everybody assume."""
    several = has_episodes(rows)  # then attributes are those of each episode
    attributes = [] if several else [label_of(labels, name) for name in covariates_of(rows)]
    followed = "entry" not in rows.columns
    parts = [sentence("The data have no dates.")]
    if followed:
        parts.append(sentence("We assume everybody was followed from day one."))
    if attributes:
        few = attributes[:2] + ([sentence("others")] if len(attributes) > 2 else [])
        template = "Attributes ({labels}) are assumed constant; if not, predictions look better than they are."
        parts.append(sentence(template, labels=listing(few)))
    parts.append(sentence("Not marked as left means still there."))
    return (
        Check(
            name="assumed_without_dates",
            status="warn",
            message=" ".join(parts),
            value=1 + followed + bool(attributes),
            threshold=0,
            title=sentence("Undated data"),
            kind="always",
        ),
    )


def _weighted(rows: pd.DataFrame) -> tuple[Check, ...]:
    """What allows for weights, and what does not."""
    kept = validate_lifetimes(rows) if "weight" in rows.columns else rows
    weights = weights_of(kept)
    if weights is None:
        return ()
    worth = float(weights.sum() ** 2 / (weights**2).sum())
    message = sentence(
        "Customers stand for different numbers of others (weight): these {count} tell as much as {worth} of equal "
        "weight. Extrapolations and counts of customers do not allow for it; all else does.",
        count=number(len(kept)),
        worth=number(round(worth)),
    )
    return (
        Check(
            name="weights",
            status="warn",
            title=sentence("Customers stand for different numbers of others"),
            message=message,
            value=worth / len(kept),
            threshold=1.0,
        ),
    )


def _attributes(
    customers: pd.DataFrame | None, constant: Iterable[str], labels: Mapping[str, str]
) -> tuple[pd.DataFrame | None, tuple[Check, ...]]:
    """Attributes without times, and a warning of those that may have changed on the way."""
    if customers is None:
        return None, ()
    kept = [name for name in customers.columns if name not in OWN_ATTRIBUTES]
    constant = set(constant)
    changing = [label_of(labels, name) for name in kept if name != "customer_id" and name not in constant]
    if not changing:
        return customers[kept], ()
    message = sentence(
        "As of the extract, not of the day on which a customer's clock starts: {labels}. Changes on the way are "
        "credited to the whole lifetime. Declare constant in dataset.yaml what never changes.",
        labels=listing(changing[:MOST_NAMED] + ([sentence("others")] if len(changing) > MOST_NAMED else [])),
    )
    return customers[kept], (
        Check(
            name="attributes_as_of_extract",
            status="warn",
            title=sentence("Attributes as of the extract"),
            message=message,
            value=len(changing),
            threshold=0,
        ),
    )
