"""How wrong earlier forecasts of a base under contract were: the same forecast from days that lie behind.

Customers on board then are forecast by what was known then: rates of leaving by tenure and group, orders and contacts
fitted anew to what had come; seasons are known as they are today. What came since tells how far off that was.
Customers' natures, who leaves when and single orders are chance: draws of outcomes say how much of a miss that
explains. What was not known of parameters stays in, as it does for customers who order alone: with more data there is
less of it in draws, and not less of it in what models leave out.

References
----------
Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4), for rolling
origins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.value.business import ForecastErrors, Money
from workbench.decisions.value.subscribers import Subscribers
from workbench.errors import DataError
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.pace import paced
from workbench.wording import number, percent, sentence, span

ORIGINS = 6
"""Days from which is forecast, as for customers who order alone; more would overlap almost wholly."""
FEWEST = 3
"""Below this many a spread says nothing."""
EARLIEST = 1 / 3
"""Of the records lies before the first origin: with less most customers have hardly been seen."""
ROUGH = 100
"""Draws of an earlier forecast: its mean and spread are then known to a tenth of the spread."""
YEAR = 12
"""Months: where half of the records holds whole years, forecasts reach so far, so that seasons weigh as they will."""
LARGE = 0.10
"""Miss of the total from which a report warns: a choice, more than companies plan for customers whom they have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LookedBack:
    """Earlier forecasts of the total, and what came.

    Attributes
    ----------
    table
        One row an origin: `ago` (months before the day of valuation), `customers`, `forecast`, `actual` (cash, not
        discounted), `log_error` (log of actual over forecast), `spread` (relative standard deviation of outcomes that
        draws made then).
    months
        How far each forecast reached.
    """

    table: pd.DataFrame
    months: int

    @property
    def enough(self) -> bool:
        """Whether there are enough to tell a spread."""
        return len(self.table) >= FEWEST

    @property
    def unexplained(self) -> float:
        """Share of the mean squared error that natures and chance do not explain."""
        square = float(np.mean(self.table["log_error"] ** 2))
        return max(1 - float(np.mean(self.table["spread"] ** 2)) / square, 0.0) if square else 0.0

    @property
    def errors(self) -> ForecastErrors | None:
        """Of the total, smaller by what natures and chance bring; None where origins are too few."""
        if not self.enough:
            return None
        logs = self.table["log_error"].to_numpy(dtype=float) * np.sqrt(self.unexplained)
        return ForecastErrors(logs=logs, starts=-self.table["ago"].to_numpy(dtype=float), months=float(self.months))

    def exhibits(self) -> Iterator[Showable]:
        """Each forecast with what came, and how far off they were."""
        if not self.enough:
            yield Check(
                name="base_tested",
                status="warn",
                title=sentence("No earlier forecast of the base was tested"),
                message=sentence(
                    "The records are too short to value the base as it was known earlier and to compare: intervals "
                    "hold no errors of earlier forecasts, and are too narrow where customers change."
                ),
            )
            return
        miss = float(np.sqrt(np.mean(np.expm1(-self.table["log_error"]) ** 2)))
        yield {"earlier_forecasts_miss": miss, "earlier_forecasts_unexplained": self.unexplained}
        yield Check(
            name="base_tested",
            status="warn" if miss > LARGE else "pass",
            title=sentence("Earlier forecasts of the base missed by much")
            if miss > LARGE
            else sentence("Earlier forecasts of the base came near"),
            message=sentence(
                "{n} earlier forecasts of what the base brings in {time} missed by {miss} (root mean square). Chance "
                "explains {share} of its square; intervals hold the rest.",
                n=number(len(self.table)),
                time=span(self.months, "months"),
                miss=percent(miss),
                share=percent(1 - self.unexplained),
            ),
            value=miss,
            threshold=LARGE,
        )
        yield Table(
            name="earlier_forecasts",
            frame=self.table.assign(error=np.expm1(-self.table["log_error"])),
            caption=sentence(
                "What customers on board on earlier days were forecast to bring in {time}, and what came.",
                time=span(self.months, "months"),
            ),
            people=None,
            columns={
                "ago": Column(sentence("Months ago")),
                "customers": Column(sentence("Customers")),
                "forecast": Column(sentence("Forecast")),
                "actual": Column(sentence("Actual")),
                "error": Column(sentence("Error of the forecast"), "share"),
            },
        )


def reached(recorded: float) -> int:
    """How far (months) earlier forecasts reach: half of the records, in whole years where it holds any.

    Parameters
    ----------
    recorded
        Months of records.

    Examples
    --------
    >>> [reached(months) for months in (9, 20, 24, 40, 72)]
    [4, 10, 12, 12, 36]
    """
    half = int(recorded / 2)
    return half // YEAR * YEAR if half >= YEAR else half


def no_earlier_day() -> Check:
    """Of contracts without dates: no earlier forecast can be tested."""
    return Check(
        name="base_tested",
        status="warn",
        title=sentence("No earlier forecast of the base was tested"),
        message=sentence(
            "Without dates the base cannot be valued as it was known earlier: intervals hold no errors of earlier "
            "forecasts, and are too narrow where customers change."
        ),
    )


def look_back(
    at: Callable[[float], Subscribers],
    came: Callable[[np.ndarray, float, float], float],
    recorded: float,
    money: Money,
) -> LookedBack:
    """Forecast the total from earlier days, and compare.

    Parameters
    ----------
    at
        The business as it was known so many months ago.
    came
        What these customers brought from so many months ago on, for so many months.
    recorded
        Months of records.
    money
        Margins and costs.
    """
    ahead = reached(recorded)
    latest = float(ahead)
    earliest = max(recorded * (1 - EARLIEST), latest)
    days = sorted({round(float(each), 1) for each in np.linspace(earliest, latest, ORIGINS)}, reverse=True)
    rows = [_one(at, came, ago, ahead, money) for ago in paced(days)] if ahead else []
    names = ["ago", "customers", "forecast", "actual", "log_error", "spread"]
    return LookedBack(table=pd.DataFrame([row for row in rows if row], columns=names), months=ahead)


def _one(
    at: Callable[[float], Subscribers],
    came: Callable[[np.ndarray, float, float], float],
    ago: float,
    ahead: int,
    money: Money,
) -> tuple[float, ...] | None:
    try:
        business = at(ago)
    except DataError:  # nobody was on board, nobody had left, or nothing had been ordered
        return None
    drawn, again = (business.outcomes(money, ahead, round) for round in (0, 1))
    actual, middle = came(business.customers, ago, ahead), float((drawn.mean() + again.mean()) / 2)
    if not min(actual, middle) > 0:
        return None
    return (
        ago,
        len(business.customers),
        middle,
        actual,
        float(np.log(actual / middle)),
        float(np.sqrt(np.mean((drawn - again) ** 2) / 2) / middle),
    )
