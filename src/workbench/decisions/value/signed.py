"""Customers under contract as the tables have them, and the business that they make."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.decisions.value.business import Money
from workbench.decisions.value.contracts import names, renewals
from workbench.decisions.value.laid import Laid, laid_out, paid_by
from workbench.decisions.value.life_table import LifeTable
from workbench.decisions.value.looking_back import ROUGH, look_back, no_earlier_day
from workbench.decisions.value.on_board import as_of, lifetimes_before
from workbench.decisions.value.staying import ByTenure, Fading, FromRun, Staying
from workbench.decisions.value.subscribers import Subscribers
from workbench.draws import seed_of
from workbench.errors import DataError, ParameterError
from workbench.findings import Check
from workbench.models.survival.forecast.draws import COLUMN, SurvivalDraws, read_draws
from workbench.models.survival.forecast.landmarks import SCORE, WINDOW
from workbench.models.survival.lifetimes.covariate_histories import COUNTED, SINCE
from workbench.models.survival.lifetimes.dataset import DatasetDefinition, lifetimes_of_dataset
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.models.trials.campaigns import DayLog
from workbench.statistics.dated.calendar import months_later
from workbench.statistics.horizons import number_of
from workbench.wording import number, percent, sentence, shown

MOST_BEYOND = 0.5
"""Share of customers who reach tenures that nobody was seen at, from which a report warns (issue 17)."""
APART = 31
"""Days between the end of orders and of contracts that still count as one: the last order lies some days back."""
KNOWN = "_known"
"""How columns end that say whether anything is known of a history."""
LEAST_MONTHS = 3
"""Of records of orders before an earlier day of valuation: a quarter, as for customers who order alone."""
THREE_YEARS = 36
"""Months that are looked ahead for that: the horizon of value that companies plan by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Signed:
    """What a data set says of contracts.

    Attributes
    ----------
    lifetimes
        Spells, or lifetimes without dates.
    rows
        The table that they were read from: `customer_id`, the fee, attributes.
    fee
        Its column with money a month; empty where there is none.
    unit
        Months in the unit of time of the lifetimes.
    earlier
        Whether the records go on after the day of valuation.
    """

    lifetimes: Lifetimes
    rows: pd.DataFrame
    fee: str
    unit: float
    earlier: bool = False

    @property
    def dated(self) -> bool:
        """Whether it is known on which days contracts began and ended."""
        return self.lifetimes.spells is not None

    @property
    def spells(self) -> pd.DataFrame:
        """`person`, `entry` and `duration` in months, `event`, attributes; `begin` where it is known."""
        if self.lifetimes.spells is not None:
            return self.lifetimes.spells.frame
        rows = self.lifetimes.frame
        entry = rows.get("entry", 0.0)
        return rows.assign(person=rows["customer_id"], duration=rows["duration"] * self.unit, entry=entry * self.unit)


def contracts_of(
    dataset: DatasetDefinition,
    *,
    subscriptions: pd.DataFrame | None,
    lifetimes: pd.DataFrame | None,
    customers: pd.DataFrame | None = None,
    monthly_fee: str | None = None,
    today: dt.date | None = None,
) -> Signed | None:
    """Contracts of a data set, where it has any.

    Parameters
    ----------
    dataset
        Its definition.
    subscriptions, lifetimes
        Tables; the first is preferred, since it has dates.
    customers
        Attributes by `customer_id`.
    monthly_fee
        Column with money a month; `price` of subscriptions where it is None.
    today
        Day of valuation: contracts are looked at as they were before it. The end of the records where it is None.

    Raises
    ------
    ParameterError
        A column that is not there, or holds no money; a day outside the records, or of contracts without dates.
    DataError
        As `lifetimes_of_dataset`; and fees that are missing or negative.
    """
    name, rows = ("subscriptions", subscriptions) if subscriptions is not None else ("lifetimes", lifetimes)
    if rows is None:
        if monthly_fee is not None:
            raise ParameterError(
                sentence(
                    "monthly_fee: got {column}, but the data have neither subscriptions nor lifetimes.",
                    column=shown(monthly_fee),
                )
            )
        return None
    fee = monthly_fee if monthly_fee is not None else "price" if "price" in rows else ""
    if fee and fee not in rows:
        raise ParameterError(
            sentence(
                "monthly_fee: got {column}, expected a column of {table} with money a month.",
                column=shown(fee),
                table=name,
            )
        )
    if fee:
        values = pd.to_numeric(rows[fee], errors="coerce")
        wrong = int((~(values >= 0)).sum())
        if wrong:
            raise DataError(
                sentence(
                    "{table}.{column}: {n} rows have no fee of 0 or more; expected money a month in each. Fill them, "
                    "or leave the column out.",
                    table=name,
                    column=fee,
                    n=number(wrong),
                )
            )
        rows = rows.assign(**{fee: values})
    known = rows if name == "subscriptions" else rows.drop(columns=[fee], errors="ignore")
    read = lifetimes_of_dataset(dataset, (name, known), customers=customers)
    until = read if today is None else lifetimes_before(read, today, name)
    ended = today is not None and read.spells is not None and pd.Timestamp(today) < read.spells.as_of
    return Signed(lifetimes=until, rows=rows, fee=fee, unit=1 / number_of(1.0, read.time_unit), earlier=ended)


def read_survival(tables: tuple[pd.DataFrame, pd.DataFrame] | None) -> SurvivalDraws | None:
    """Survival as an earlier run of `churn_survival` left it; None without one.

    Parameters
    ----------
    tables
        Its `survival_draws` and `survival_customers`.
    """
    return None if tables is None else read_draws(*tables)


def subscribers_of(
    signed: Signed,
    *,
    log: DayLog | None,
    interactions: pd.DataFrame | None,
    survival: SurvivalDraws | None,
    money: Money,
    segments: list[str] | tuple[str, ...] = (),
    draws: int,
    seed: int,
) -> Subscribers:
    """The business of customers under contract.

    Parameters
    ----------
    signed
        Contracts.
    log
        Days with purchases, refunds netted; None without orders, or where contracts have no dates.
    interactions
        `customer_id`, `timestamp`, `minutes`; None where there are none.
    survival
        Of an earlier run; by tenure where it is None.
    money
        Margins and costs.
    segments
        Ways to group customers, as far as spells have them.
    draws
        How many, of everything; at most as many as the earlier run left.
    seed
        Of all random numbers.

    Raises
    ------
    DataError
        Nobody is on board or left, the run is of other customers, or neither fees nor orders bring money.
    ParameterError
        Orders and contracts end on different days, or the run is of a later day than the valuation.
    """
    log = log if signed.dated else None
    dated = signed.lifetimes.spells
    if log is not None and dated is not None:
        _same_day(log, dated.as_of)
    if survival is not None and dated is not None and signed.earlier:
        raise ParameterError(
            sentence(
                "survival_run: got a run that follows customers until the end of the records, and today is {day}; "
                "expected none. Set survival_run: null, or leave today open.",
                day=dated.as_of.date(),
            )
        )
    if not signed.fee and log is None:
        raise DataError(
            sentence(
                "Value needs money: got contracts without a fee and no orders. Name the column with money a month by "
                "monthly_fee, or map transactions in dataset.yaml."
            )
        )
    if log is None and not signed.rows[signed.fee].any():
        raise DataError(
            sentence(
                "Value needs money: every fee in {column} is 0 and there are no orders. Name the column with money a "
                "month by monthly_fee, or map transactions in dataset.yaml.",
                column=signed.fee,
            )
        )
    records = _Records(
        signed=signed,
        log=log,
        interactions=interactions if money.contact_minute else None,
        money=money,
        segments=tuple(segments),
    )
    spells, today = signed.spells, dated.as_of if dated is not None else None
    found = records.business(spells, today, survival, draws=draws, seed=seed)
    if dated is None:
        return replace(found, shown=(*found.shown, no_earlier_day()))
    laid = records.laid(spells, today)

    # What is known of the season today tells how good a forecast of today is, not that of who had not seen it yet.
    season = None if found.ordering is None else np.median(found.ordering.rates.season, axis=0)

    def at(ago: float) -> Subscribers:
        day = months_later(dated.as_of, [-ago])[0]
        known = as_of(spells, day)
        return records.business(known, day, None, draws=ROUGH, seed=seed_of(seed, "earlier forecasts"), season=season)

    looked = look_back(at, lambda people, ago, ahead: laid.came(people, ago, ahead, money), laid.recorded, money)
    return replace(
        found,
        errors=looked.errors,
        earlier=lambda now, months: records.before(now, spells, months_later(dated.as_of, [-months])[0]),
        shown=(*found.shown, looked),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Records:
    """All that is known, of which a business is made as of any day: what came later is left out of it."""

    signed: Signed
    log: DayLog | None
    interactions: pd.DataFrame | None
    money: Money
    segments: tuple[str, ...]

    def laid(self, spells: pd.DataFrame, today: pd.Timestamp | None) -> Laid:
        rows, fee = self.signed.rows, self.signed.fee
        return laid_out(spells, today, rows, fee, log=self.log, interactions=self.interactions)

    def business(
        self,
        spells: pd.DataFrame,
        today: pd.Timestamp | None,
        survival: SurvivalDraws | None,
        *,
        draws: int,
        seed: int,
        season: np.ndarray | None = None,
    ) -> Subscribers:
        if not spells["event"].any():
            raise DataError(
                sentence(
                    "Contracts: nobody left, so how long customers stay cannot be told; take a longer period, or map "
                    "the ends of contracts in dataset.yaml."
                )
            )
        there = _on_board(spells)
        people = there["person"].to_numpy()
        if survival is not None:
            _of_these(people, survival)
            draws = min(draws, survival.effects.shape[1])
        laid = self.laid(spells, today)
        group_by = next((name for name in (*self.segments, "plan") if name in spells), "")
        tables = laid.tables(group_by, draws=draws, seed=seed)
        renewed = renewals(laid.followed, laid.group(group_by), tables, seed=seed_of(seed, "renewals"))
        far = _by_tenure(renewed.tables if survival is None else tables, there, group_by)
        staying, said = _staying(far, survival, people, self.signed.unit)
        models = renewed.models
        called: tuple[str, ...] = names()
        if survival is not None or len(set(models)) == 1:
            called = (sentence("churn_survival") if survival is not None else called[models[0]],)
            models = np.zeros(draws, dtype=int)
        ordering = laid.ordering(people, draws=draws, seed=seed, season=season)
        fees = self.money.fee_margin < 1 or not self.signed.fee
        return Subscribers(
            kind="contracts" if self.log is None else "subscribers",
            customers=people,
            groups=_groups(there, self.segments),
            draws=draws,
            names=called,
            models=models,
            observed=laid.observed,
            lifetime=True,
            contribution=(self.log is None or "margin" in self.log.days) and fees,
            errors=None,
            staying=staying,
            fee=laid.fees(people),
            ordering=ordering,
            contacting=laid.contacting(people, draws=draws, seed=seed),
            calendar=laid.calendar,
            tables=tables if survival is not None else renewed.tables,
            group_by=group_by,
            by_tenure=far,
            earlier=None,
            shown=(
                self.signed.lifetimes.checks,
                said,
                _reaching(staying),
                renewed if survival is None else None,
                tuple(ordering.checks()) if ordering else None,
            ),
            seed=seed,
        )

    def before(self, now: Subscribers, spells: pd.DataFrame, day: pd.Timestamp) -> Subscribers | None:
        """Customers of an earlier day with what was known of each, and the parameters of now."""
        known = as_of(spells, day)
        if known.empty or known["event"].all():
            return None
        there = _on_board(known)
        people, laid = there["person"].to_numpy(), self.laid(known, day)
        ordering, contacting = now.ordering, now.contacting
        if ordering is not None:
            if laid.orders is None or laid.recorded < LEAST_MONTHS:
                return None
            watched, spending = laid.bought(people)
            count, mean = paid_by(spending, people)
            ordering = replace(ordering, watched=watched, orders=count, mean=mean)
        if contacting is not None and (contacts := laid.contacted(people)) is not None:
            contacting = replace(contacting, watched=contacts)
        far = _by_tenure(dict(zip(now.tables, now.by_tenure.tables, strict=True)), there, now.group_by)
        return replace(
            now,
            customers=people,
            groups=_groups(there, self.segments),
            staying=far,
            by_tenure=far,
            fee=laid.fees(people),
            ordering=ordering,
            contacting=contacting,
            calendar=laid.calendar,
            earlier=None,
            shown=(),
        )


def _on_board(spells: pd.DataFrame) -> pd.DataFrame:
    """Spells of customers who are there, one each."""
    there = spells[~spells["event"]].sort_values("person", kind="stable").drop_duplicates("person", keep="last")
    if there.empty:
        raise DataError(
            sentence("Contracts: nobody is on board on the day of valuation, so there is no base to value.")
        )
    return there


def _by_tenure(tables: Mapping[str, LifeTable], there: pd.DataFrame, group_by: str) -> ByTenure:
    """Customers by the life table of their group, of all where it has none."""
    labels = list(tables)
    own = there[group_by].astype(str).to_numpy() if group_by else np.full(len(there), "")
    return ByTenure(
        tables=[tables[name] for name in labels],
        group=np.array([labels.index(str(name)) if name in tables else 0 for name in own]),
        tenure=there["duration"].to_numpy(dtype=float),
    )


def _same_day(log: DayLog, end: pd.Timestamp) -> None:
    day = pd.Timestamp(log.first) + pd.Timedelta(log.until + 1, "D")
    if abs((end - day).days) > APART:
        raise ParameterError(
            sentence(
                "today: orders are known until {day}, contracts until {end}; expected both until the same day. Set "
                "today to {earlier}.",
                day=day.date(),
                end=end.date(),
                earlier=min(day, end).date(),
            )
        )


def _of_these(people: np.ndarray, survival: SurvivalDraws) -> None:
    known = survival.customers.index
    lacking, more = int((~pd.Index(people).isin(known)).sum()), int((~known.isin(people)).sum())
    if lacking or more:
        raise DataError(
            sentence(
                "survival_run: of {all} customers on board the run has no draws of {lacking}, and it has {more} "
                "others. It must be of the same contracts: run churn_survival again with its defaults, or go by tenure "
                "(survival_run: null).",
                all=number(len(people)),
                lacking=number(lacking),
                more=number(more),
            )
        )


def _staying(far: ByTenure, survival: SurvivalDraws | None, people: np.ndarray, unit: float) -> tuple[Staying, Check]:
    """Who stays, and what it rests on."""
    if survival is None:
        message = sentence(
            "How long customers stay goes by their tenure{groups}. A run of churn_survival knows more of each: run it, "
            "and value again.",
            groups=sentence(" and group") if len(far.tables) > 1 else "",
        )
        return far, Check(name="staying_from", status="pass", message=message)
    run = FromRun(drawn=survival, customers=people, draws=far.draws, unit=unit)
    columns = [name.removeprefix(COLUMN) for name in survival.customers.columns]
    passing = [each for each in columns if each in (*COUNTED, SCORE) or each.startswith(SINCE) or each.endswith(KNOWN)]
    if passing:
        message = sentence(
            "The earlier run goes by what was last known of customers, which holds for {months} months; later "
            "everybody stays as customers of their tenure and group do.",
            months=number(WINDOW),
        )
        check = Check(name="staying_from", status="pass", message=message)
        return Fading(near=run, far=far, months=int(WINDOW)), check
    message = sentence(
        "How long customers stay comes from draws of an earlier run of churn_survival, {months} months ahead; later "
        "everybody's rate of leaving is that of the last year of these.",
        months=number(run.reach),
    )
    return run, Check(name="staying_from", status="pass", message=message)


def _reaching(staying: Staying) -> Check:
    """For how many customers three years reach beyond any tenure that was observed."""
    share = float(np.mean(staying.tenure + THREE_YEARS > staying.observed))
    warns = share > MOST_BEYOND
    message = sentence(
        "In three years {share} of customers, if they stay, will have been here longer than enough customers were ever "
        "seen: rates of leaving are carried on there.",
        share=percent(share),
    )
    return Check(
        name="tenure_beyond_data",
        status="warn" if warns else "pass",
        title=sentence("Most customers outlast the records")
        if warns
        else sentence("Few customers outlast the records"),
        message=message,
        value=share,
        threshold=MOST_BEYOND,
    )


def _groups(there: pd.DataFrame, segments: list[str] | tuple[str, ...]) -> pd.DataFrame:
    """Ways to group customers: the year in which they began (without dates: which they are in), and segments."""
    found = {}
    if "begin" in there:
        found["cohort"] = there["begin"].dt.year.astype(str).to_numpy()
    else:
        years = np.floor(there["duration"].to_numpy(dtype=float) / 12).astype(int) + 1
        width = len(str(years.max()))  # they are told in the order of their text
        found["tenure"] = np.array([sentence("year {n}", n=str(each).zfill(width)) for each in years])
    for name in dict.fromkeys([*segments, "plan"]):
        if name in there:
            known = there[name].astype("object")
            found[name] = known.where(known.notna(), sentence("unknown")).astype(str).to_numpy()
    return pd.DataFrame(found)
