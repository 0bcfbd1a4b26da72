"""Whether revenue was forecast: purchases × spend of the second half of the records, by what was known at the half."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.value.buyers import buyers_of
from workbench.draws import seed_of
from workbench.findings import Check
from workbench.models import spend
from workbench.models.purchases.backtest.origins import Priced, Prices
from workbench.models.purchases.forecast import PurchaseForecast
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, percent, sentence

LARGE = 0.3
"""Error of revenue that is told as a warning: as wide as an interval of purchases may be (issue 17)."""


@dataclass(frozen=True, kw_only=True)
class RevenueTest:
    """Revenue forecast and seen.

    Attributes
    ----------
    forecast
        Expected, of customers who had bought by then, in money.
    actual
        What they left, refunds netted.
    """

    forecast: float
    actual: float

    @property
    def error(self) -> float | None:
        """Share by which the forecast was too high; None where nothing came."""
        return self.forecast / self.actual - 1 if self.actual > 0 else None

    def check(self) -> Check:
        """How far off it was."""
        error = self.error
        off = error is None or abs(error) > LARGE
        return Check(
            name="holdout_revenue",
            status="warn" if off else "pass",
            title=sentence("Revenue was forecast poorly") if off else sentence("Revenue was forecast"),
            message=sentence(
                "Of the second half of the records, forecast by the first: {forecast} of amounts (refunds netted) were "
                "expected and {actual} came, an error of {error}.",
                forecast=number(float(f"{self.forecast:.3g}")),
                actual=number(float(f"{self.actual:.3g}")),
                error=percent(error),
            ),
            value=error,
            threshold=LARGE,
        )


def revenue_test(days: pd.DataFrame, forecast: PurchaseForecast, *, cut: int, ahead: int, seed: int) -> RevenueTest:
    """Forecast amounts of the days after a cut, and add up those that came.

    Parameters
    ----------
    days
        As of `features.PurchaseLog`.
    forecast
        Of purchases, made at the cut; its rows are customers who had bought by then, in order.
    cut
        Last day that the forecast knew.
    ahead
        Days after it.
    seed
        Of the random numbers.
    """
    amounts = days.drop(columns="margin", errors="ignore")
    known = buyers_of(amounts, cut)
    draws = forecast.draws
    parameters, _ = spend.posterior(known.spending, draws=draws, seed=seed_of(seed, "spend"))
    kept = known.kept_share(draws, np.random.default_rng(seed_of(seed, "kept")))
    random = np.random.default_rng(seed_of(seed, "means"))
    reach = ahead / DAYS_A_MONTH
    months = int(np.ceil(reach))
    flow = np.zeros(months)
    for block in forecast.blocks():
        amount = spend.draw_means(parameters, known.paid[block.rows], known.mean[block.rows], random)
        flow += block.by_month(months, amount * kept)[:, :, 0].mean(axis=0)
    came = amounts[(amounts["day"] > cut) & (amounts["day"] <= cut + ahead)]
    mine = came[came["customer_id"].isin(known.customers)]
    expected = float(np.interp(reach, np.arange(months + 1), np.append(0.0, np.cumsum(flow))))
    return RevenueTest(forecast=expected, actual=float(mine["amount"].sum()))


def prices_of(days: pd.DataFrame) -> Priced:
    """What purchases bring by the log until a day: spend × what of it is kept, with what came after it.

    Parameters
    ----------
    days
        As of `features.PurchaseLog`.
    """
    money = "margin" if "margin" in days else "amount"

    def priced(day: int, ahead: int) -> Prices | None:
        known = buyers_of(days, day)
        p, q, _ = parameters = spend.fit(known.spending).estimate
        mean = spend.expected_spend(parameters, known.paid, known.mean)
        if q <= spend.gamma_gamma.INFINITE_MEAN or not np.isfinite(mean).all():
            return None
        kept = float(known.kept.sum() + known.astray) / float(known.bought @ known.mean)
        shape = p * known.paid + q  # of the inverse gamma that the mean has: where its variance is infinite, that of 1
        mean = mean * kept * known.own.share
        came = days[(days["day"] > day) & (days["day"] <= day + ahead) & days["customer_id"].isin(known.customers)]
        return Prices(
            mean=mean, single=mean**2 / p, level=mean**2 / np.maximum(shape - 2, 1.0), came=float(came[money].sum())
        )

    return priced
