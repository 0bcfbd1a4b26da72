"""Which business it is, read from the tables that there are."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import pandas as pd

from workbench.decisions.value.business import Business, ForecastErrors, Money
from workbench.decisions.value.buyers import buyers_of
from workbench.decisions.value.data_checks import order_checks
from workbench.decisions.value.orders import OrdersBusiness
from workbench.decisions.value.revenue import prices_of, revenue_test
from workbench.decisions.value.signed import Signed, subscribers_of
from workbench.draws import DRAWS, seed_of
from workbench.errors import ParameterError, StudyError
from workbench.exhibits import Showable
from workbench.models import spend
from workbench.models.purchases.backtest import PurchaseRecord, WeighedForecast, forecast_purchases
from workbench.models.survival.forecast.draws import SurvivalDraws
from workbench.models.trials.campaigns import DayLog
from workbench.wording import first_of, listing, sentence, shown, suggestion

MONTHLY, QUARTERLY = 12, 36
"""Months of first purchases up to which cohorts are months, and quarters; years beyond: a table holds a dozen."""


def read_base(
    log: DayLog | None,
    transactions: pd.DataFrame | None,
    *,
    contracts: Signed | None = None,
    interactions: pd.DataFrame | None = None,
    survival: SurvivalDraws | None = None,
    customers: pd.DataFrame | None = None,
    segments: Sequence[str] = (),
    covariates: Sequence[str] = (),
    money: Money,
    draws: int = DRAWS,
    seed: int,
) -> Business:
    """The business of a data set.

    Customers under dated contracts leave where it is seen: they are subscribers, who may order as well. Contracts
    without dates are valued where there are no orders; beside orders nothing says who was on board when.

    Parameters
    ----------
    log
        Days with purchases, refunds netted; None without transactions.
    transactions
        Of which it was made: `customer_id`, `timestamp`, optionally `channel`.
    contracts
        From `contracts_of`; None where there are none.
    interactions
        With `minutes`, for what contacts of subscribers cost.
    survival
        Of subscribers, from an earlier run (`read_survival`); by their tenure where it is None.
    customers
        Attributes of customers, where there are any.
    segments
        Of them those that customers are grouped by.
    covariates
        Of them those that go with how fast customers buy and leave; of customers who order and may leave unseen.
    money
        Margins and costs.
    draws
        How many, of everything.
    seed
        Of all random numbers.

    Raises
    ------
    StudyError
        Without anything to value.
    DataError
        Where nothing was bought, nobody bought again, or refunds eat up all.
    """
    signed = contracts is not None and (contracts.dated or log is None)
    attributes = _attributes(covariates, customers, signed=signed)
    if contracts is not None and signed:
        return subscribers_of(
            contracts,
            log=log,
            interactions=interactions,
            survival=survival,
            money=money,
            segments=tuple(segments),
            draws=draws,
            seed=seed,
        )
    if log is None or transactions is None:
        raise StudyError(
            sentence(
                "Value needs purchases or contracts: expected the table transactions (customer_id, timestamp, amount), "
                "subscriptions (customer_id, start, end, price) or lifetimes."
            )
        )
    buyers = buyers_of(log.days, log.until)
    spending = buyers.spending
    kept_share = buyers.kept_share(draws, np.random.default_rng(seed_of(seed, "kept")))
    bought = log.days[log.days["bought"]]
    record = PurchaseRecord(customers=bought["customer_id"].to_numpy(), days=bought["day"].to_numpy(), until=log.until)
    weighed = forecast_purchases(
        record, seed=seed_of(seed, "purchases"), draws=draws, priced=prices_of(log.days), attributes=attributes
    )
    parameters, sample = spend.posterior(spending, draws=draws, seed=seed_of(seed, "spend"))
    origins = weighed.origins.in_money if weighed.origins.in_money.enough else weighed.origins
    return OrdersBusiness(
        buyers=buyers,
        groups=groups_of(buyers.customers, log.first, buyers.first, transactions, customers, segments),
        days=log.days,
        until=log.until,
        forecast=weighed.forecast,
        spends=parameters,
        spend_sample=sample,
        kept_share=kept_share,
        contribution="margin" in log.days,
        seed=seed,
        errors=ForecastErrors(logs=origins.logs, months=origins.months) if origins.enough else None,
        lifetime=weighed.leaving_visible,
        shown=(
            weighed,
            tuple(_revenue(log, weighed, seed)),
            *order_checks(transactions, buyers),
            spend.draws_check(sample),
            spend.mean_spend_check(parameters),
            spend.independence_check(spending),
        ),
    )


def _attributes(names: Sequence[str], customers: pd.DataFrame | None, *, signed: bool) -> pd.DataFrame | None:
    """Attributes by customer; None where none are asked for."""
    if not names:
        return None
    if signed:
        raise ParameterError(
            sentence(
                "covariates: got some for customers under contract, whose leaving is seen; expected none. Who stays by "
                "attributes is what churn_survival says: name a run of it (survival_run)."
            )
        )
    there = [] if customers is None else [str(each) for each in customers if each != "customer_id"]
    unknown = [name for name in names if name not in there]
    if customers is None or unknown:
        raise ParameterError(
            *(
                sentence(
                    "covariates: got {name}, expected a column of customers{known}{meant}",
                    name=shown(name),
                    known=sentence("; there are {known}", known=listing([first_of(there, 8)])) if there else "",
                    meant=suggestion(name, there),
                )
                for name in unknown
            )
        )
    return customers.drop_duplicates("customer_id").set_index("customer_id")[list(names)]


def _revenue(log: DayLog, weighed: WeighedForecast, seed: int) -> Iterator[Showable]:
    """Whether revenue of the second half was forecast, where it could be validated."""
    if weighed.validation is None:
        yield {"holdout_revenue_error": None}
        return
    test = weighed.validation
    found = revenue_test(log.days, test.forecast, cut=test.cut, ahead=test.ahead, seed=seed_of(seed, "revenue"))
    yield {"holdout_revenue_error": found.error}
    yield found.check()


def groups_of(
    ids: np.ndarray,
    begin: date,
    first: np.ndarray,
    transactions: pd.DataFrame,
    customers: pd.DataFrame | None,
    segments: Sequence[str],
) -> pd.DataFrame:
    """Ways to group customers: cohort of acquisition, channel of the first order, segments.

    Parameters
    ----------
    ids : (n,)
        Customers.
    begin
        First day of the records.
    first : (n,)
        Day of the first purchase, in days since then.
    transactions
        With `channel`, where it is known.
    customers, segments
        Attributes, and which of them.
    """
    days = pd.Series(pd.Timestamp(begin) + pd.to_timedelta(first, unit="D"))
    found = pd.DataFrame({"cohort": cohort_names(days)})
    if "channel" in transactions:
        rows = transactions[transactions["amount"] >= 0].sort_values("timestamp", kind="stable")
        channel = rows.drop_duplicates("customer_id").set_index("customer_id")["channel"]
        found["channel"] = _text(channel.reindex(ids))
    if customers is not None:
        known = customers.drop_duplicates("customer_id").set_index("customer_id")
        for name in segments:
            if name in known and name not in found:
                found[name] = _text(known[name].reindex(ids))
    return found


def cohort_names(days: pd.Series) -> pd.Series:
    """Month, quarter or year of each day, by how far they lie apart.

    Parameters
    ----------
    days
        Of the first purchase.

    Examples
    --------
    >>> cohort_names(pd.Series(pd.to_datetime(["2024-01-05", "2025-08-01"]))).tolist()
    ['2024 Q1', '2025 Q3']
    """
    months = (days.max().year - days.min().year) * 12 + days.max().month - days.min().month + 1
    if months <= MONTHLY:
        return days.dt.strftime("%Y-%m")
    if months <= QUARTERLY:
        return days.dt.year.astype(str) + " Q" + days.dt.quarter.astype(str)
    return days.dt.year.astype(str)


def _text(values: pd.Series) -> np.ndarray:
    return values.astype("object").where(values.notna(), sentence("unknown")).astype(str).to_numpy()
