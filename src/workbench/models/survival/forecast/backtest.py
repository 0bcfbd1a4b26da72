"""The last period as it was forecast and as it went, and what changed against the one before it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Kept, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.forecast.season import Season, by_month, chance_of_change, find_season
from workbench.models.survival.lifetimes.subscriptions import Spells
from workbench.statistics.dated.calendar import months_between, months_later
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import day as day_in_words
from workbench.wording import number, percent, sentence

CHANGE_LEVEL = 0.99
"""Level of the interval outside which something is said to have changed."""
FROM_CUTOFF = (0.5, 1.0, 2.0, 3.0, 6.0, 12.0)
"""Months after the cut-off at which each customer's survival is kept for studies that forecast windows of their own."""
RARE = 0.001
"""So rarely would months without a change show as clear a change within the last period."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Backtest:
    """What was expected of the last period by what was known before it, and what happened.

    Attributes
    ----------
    table
        One row for `customers`, and one for `revenue` where prices are known: `what`, `expected`, `lower`, `upper`,
        `actual`, `at_risk` (customers).
    begin, end
        The period; `end` is not part of it.
    at_risk
        Customers active when it began.
    confidence
        Of the prediction interval.
    change
        One row for the period `before` (equally long) and one for the `last`: `period`, `begin`, `end` (not part of
        it), `leavers`, `rate` (for each customer and month), `expected` (leavers, by what both periods together show of
        customers of this tenure and these attributes) and `ratio` of leavers to those.
    ratio
        How many times the rate of the period before, tenure and attributes given, with its interval; None where
        nobody left in one of them.
    lapse
        As in `Spells`.
    beyond
        Whether what happened lies outside the 99% interval of the forecast, model, chance and season in it, or the
        months of the period are not alike (`season.chance_of_change`).
    season
        What is known of the season, from the time before.
    customers
        By `customer_id` and `horizon` (months from `begin`): `survival` as it was forecast at `begin`, with `cutoff`
        (the day, as text); None of lapses.
    """

    table: pd.DataFrame
    begin: pd.Timestamp
    end: pd.Timestamp
    at_risk: int
    confidence: float
    change: pd.DataFrame
    ratio: tuple[float, float, float] | None
    lapse: bool
    beyond: bool = False
    season: Season
    customers: pd.DataFrame | None = None

    @property
    def changed(self) -> bool:
        """Whether something has changed: more than chance, the model's doubt and a season explain."""
        return self.beyond and self.season.known

    def metrics(self) -> dict[str, float]:
        """`forecast_leavers`, `actual_leavers`, with prices `forecast_revenue_lost`, `actual_revenue_lost`.

        `rate_ratio` where it is known.
        """
        names = {"customers": "leavers", "revenue": "revenue_lost"}
        values = {}
        for what, expected, actual in zip(
            self.table["what"], self.table["expected"], self.table["actual"], strict=True
        ):
            values[f"forecast_{names[what]}"] = float(expected)
            values[f"actual_{names[what]}"] = float(actual)
        return values | ({} if self.ratio is None else {"rate_ratio": self.ratio[0]})

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, what was expected and what happened, what changed, and both as tables."""
        yield self.metrics()
        yield self.findings()
        yield self.checks()
        yield None if self.customers is None else Kept(name="survival_at_cutoff", frame=self.customers)
        yield Table(
            name="forecast",
            frame=self.table,
            caption=sentence(
                "Customers, and revenue of one period where prices are known: expected to be lost after the cut-off, "
                "and lost."
            ),
            people=People(count="at_risk", within="what"),
            columns={
                "what": Column(sentence("what")),
                "expected": Column(sentence("expected")),
                "lower": Column(sentence("lower")),
                "upper": Column(sentence("upper")),
                "actual": Column(sentence("actual")),
            },
        )
        yield Table(
            name="change",
            frame=self.change,
            caption=sentence(
                "The last period and the one before: leavers of 100 customers in a month, and how many times as many "
                "left as usual for their tenure and attributes."
            ),
            people=People(count="leavers", within="period"),
            columns={
                "period": Column(sentence("period")),
                "begin": Column(sentence("begin")),
                "end": Column(sentence("end")),
                "leavers": Column(sentence("leavers")),
                "rate": Column(sentence("rate"), "share"),
                "expected": Column(sentence("expected")),
                "ratio": Column(sentence("ratio")),
            },
        )

    def findings(self) -> tuple[Finding, ...]:
        """The forecast beside what happened; and what changed against the period before."""
        row = self.table.iloc[0]
        verdict = ""
        if self.changed:
            verdict = sentence(" That is more than chance explains: something has changed.")
        elif self.beyond:
            verdict = sentence(" That is more than chance explains. It may be a season: too little is known before.")
        findings = [
            Finding(
                id="forecast_and_actual",
                statement=sentence(
                    "From {begin} to {end}, {actual} customers lapsed; {expected} were expected.{verdict}"
                    if self.lapse
                    else "From {begin} to {end}, {actual} customers left; {expected} were expected.{verdict}",
                    begin=day_in_words(self.begin),
                    end=day_in_words(self.end - pd.Timedelta(days=1)),
                    actual=number(row["actual"]),
                    expected=number(round(row["expected"])),
                    verdict=verdict,
                ),
                estimate=float(row["expected"]),
                unit=sentence("customers"),
                interval=(float(row["lower"]), float(row["upper"])),
                interval_kind=sentence("{level} prediction", level=percent(self.confidence)),
                evidence="descriptive",
                n=self.at_risk,
                table="forecast",
            )
        ]
        if self.ratio is not None:
            low, high = self.ratio[1:]
            then, now = self.change["rate"]
            findings.append(
                Finding(
                    id="change_of_rate",
                    statement=sentence(
                        (
                            "{ratio} times as many customers lapsed as in the period before, tenure and attributes "
                            "given (no clear change): {now} of 100 a month, after {then}."
                            if self.lapse
                            else "{ratio} times as many customers left as in the period before, tenure and attributes "
                            "given (no clear change): {now} of 100 a month, after {then}."
                        )
                        if low <= 1 <= high and not self.beyond
                        else (
                            "{ratio} times as many customers lapsed as in the period before, tenure and attributes "
                            "given: {now} of 100 a month, after {then}."
                            if self.lapse
                            else "{ratio} times as many customers left as in the period before, tenure and attributes "
                            "given: {now} of 100 a month, after {then}."
                        ),
                        ratio=number(self.ratio[0]),
                        now=number(100 * now, 2),
                        then=number(100 * then, 2),
                    ),
                    estimate=self.ratio[0],
                    unit=sentence("times the earlier rate"),
                    interval=(low, high),
                    interval_kind=sentence("{level} confidence (Wald, log scale)", level=percent(self.confidence)),
                    evidence="descriptive",
                    n=self.at_risk,
                    table="change",
                )
            )
        return tuple(findings)

    def checks(self) -> tuple[Check, ...]:
        """Whether what happened lies within what was expected."""
        row = self.table.iloc[0]
        inside = bool(np.floor(row["lower"]) <= row["actual"] <= np.ceil(row["upper"]))
        message = sentence(
            "Within the prediction interval ({lower} to {upper}): {actual} customers in the last period."
            if inside
            else "Outside the prediction interval ({lower} to {upper}): {actual} customers in the last period.",
            actual=number(row["actual"]),
            lower=number(round(row["lower"])),
            upper=number(round(row["upper"])),
        )
        checks = [
            Check(
                name="forecast_and_actual",
                status="warn" if self.beyond else "pass",
                title=sentence(
                    "The last period departs from the forecast" if self.beyond else "The last period fits the forecast"
                ),
                message=message,
                value=float(row["actual"]),
            )
        ]
        if not self.lapse:
            checks.append(self._season(self.season))
        return tuple(checks)

    def _season(self, season: Season) -> Check:
        """What forecasts take the time of the year to mean."""
        message = sentence(
            "The model of a season has not converged, so forecasts assume that there is none."
            if not season.converged
            else "Leaving has a season. Forecasts of the last period and of the time to come allow for it; time "
            "remaining and draws are those of an average time of the year."
            if season.clear
            else "No season of leaving is clear."
            if season.known
            else "Less than two years are known before the last period: a season looks like a change."
        )
        return Check(
            name="season",
            status="pass" if season.converged else "warn",
            title=sentence("Whether leaving has a season" if season.converged else "Season not known: no convergence"),
            message=message,
        )


def backtest(
    model: Predictions,
    spells: Spells,
    day: pd.Timestamp,
    *,
    confidence: float = 0.9,
    there: pd.DataFrame | None = None,
    standard: Predictions | None = None,
    season: Season | None = None,
) -> Backtest:
    """Compare what a model that knew nothing from `day` on expected with what happened until the records end.

    Parameters
    ----------
    model
        Fitted to `spells.until(day)`.
    there
        Those of `spells.after(day)` whom the model can predict; all where it is None.
    standard
        Fitted to all of `spells`: which rates customers of a tenure and with their attributes usually have. By it the
        last period is compared with the one before (indirect standardisation); `model` where it is None.
    season
        As it was known on `day`; found by `model` where it is None, but for lapses, whose clock begins for most on one
        day: tenure and calendar are the same there.
    spells
        All that is known, to the end of the records.
    day
        On which the forecast begins.
    confidence
        Level of the prediction intervals.
    """
    there = spells.after(day) if there is None else there
    tenure = there["entry"].to_numpy(dtype=float)
    within = float(months_between(day, spells.as_of))
    z = normal_quantile(confidence)
    weights = {"customers": np.ones(len(there))}
    if "price" in there.columns and there["price"].notna().all():
        weights["revenue"] = there["price"].to_numpy(dtype=float)
    if season is None and not spells.lapse:
        season = find_season(by_month(model, spells, day))
    season = season or Season.none(known=spells.lapse)
    factor, doubt = season.factor(day, within)
    rows, beyond = [], False
    for what, weight in weights.items():
        expected, variance = expected_leavers(model, there, tenure, within, weight, factor=factor)
        variance += doubt * expected**2
        half = z * np.sqrt(variance)
        actual = float(weight[there["event"].to_numpy()].sum())
        rows.append((what, expected, max(expected - half, 0.0), expected + half, actual, len(there)))
        if what == "customers":
            beyond = bool(abs(actual - expected) > normal_quantile(CHANGE_LEVEL) * np.sqrt(max(variance, 1.0)) + 0.5)
    if not beyond and not spells.lapse:  # a change late in the period, which its sum does not show
        months = by_month(standard or model, spells, spells.as_of)
        months = months[months["begin"] >= day - pd.Timedelta("1D")]
        usual = [season.factor(begin, 1.0)[0] for begin in months["begin"]]
        in_season = months.assign(expected=months["expected"] * usual)
        beyond = max(chance_of_change(months), chance_of_change(in_season)) < RARE
    change = _change(standard or model, spells, day)
    ratio = None
    leavers = change["leavers"].to_numpy(dtype=float)
    if (leavers > 0).all() and (change["expected"] > 0).all():
        before, last = change["ratio"]
        center, half = np.log(last / before), z * np.sqrt((1 / leavers).sum())
        middle, lower, upper = np.exp([center, center - half, center + half]).tolist()
        ratio = middle, lower, upper
    return Backtest(
        table=pd.DataFrame(rows, columns=["what", "expected", "lower", "upper", "actual", "at_risk"]),
        begin=day,
        end=spells.as_of,
        at_risk=len(there),
        confidence=confidence,
        change=change,
        ratio=ratio,
        lapse=spells.lapse,
        beyond=beyond,
        season=season,
        customers=None if spells.lapse else _each(model, there, day, within, season),
    )


def _each(model: Predictions, there: pd.DataFrame, day: pd.Timestamp, within: float, season: Season) -> pd.DataFrame:
    """What was forecast of each customer on the day."""
    there = there.drop_duplicates("customer_id")
    ahead = [each for each in FROM_CUTOFF if each <= within]
    if not ahead or not len(there):
        return pd.DataFrame({"customer_id": [], "cutoff": [], "horizon": [], "survival": []})
    found = model.predict_survival(there, ahead, tenure=there["entry"].to_numpy(dtype=float))
    found = found ** np.array([season.factor(day, each)[0] for each in ahead])
    long = found.reset_index().melt(id_vars="customer_id", var_name="horizon", value_name="survival")
    return long.astype({"horizon": float}).assign(cutoff=str(day.date()))[
        ["customer_id", "cutoff", "horizon", "survival"]
    ]


def _change(standard: Predictions, spells: Spells, day: pd.Timestamp) -> pd.DataFrame:
    """Leavers, rates and what was to be expected: of an equally long period before `day`, and of the time since."""
    rows = spells.frame
    duration = rows["duration"].to_numpy(dtype=float)
    earlier = months_later(day, [-months_between(day, spells.as_of)])[0].normalize()
    periods = []
    for name, begin, end in (("before", earlier, day), ("last", day, spells.as_of)):
        since = np.maximum(months_between(rows["begin"], begin), rows["entry"].to_numpy(dtype=float))
        until = np.minimum(months_between(rows["begin"], end), duration)
        there = until > since
        leavers = len(_over(spells, end).difference(_over(spells, begin)).intersection(rows.index))
        exposed = float((until - since)[there].sum())
        expected = float(standard.cumulative_hazard(rows[there], since[there], until[there][:, None])[0].sum())
        rate, ratio = leavers / exposed if exposed else np.nan, leavers / expected if expected else np.nan
        periods.append((name, str(begin.date()), str(end.date()), leavers, rate, expected, ratio))
    return pd.DataFrame(periods, columns=["period", "begin", "end", "leavers", "rate", "expected", "ratio"])


def _over(spells: Spells, day: pd.Timestamp) -> pd.Index:
    """Rows whose end was known on a day."""
    known = spells.until(day)
    return known.index[known["event"]]


def expected_leavers(
    model: Predictions,
    rows: pd.DataFrame,
    tenure: np.ndarray,
    within: float,
    weights: np.ndarray | None = None,
    *,
    factor: float = 1.0,
) -> tuple[float, float]:
    """How many (or how much weight) leave within a time, and the variance of that number: of chance and of the fit.

    Parameters
    ----------
    factor
        By which all hazards are multiplied: a season.
    model, rows
        Fitted model, and n customers with its covariates.
    tenure
        (n,): how long each has lasted, in the unit of the durations.
    within
        From now, in the same unit.
    weights
        (n,): how much each counts; 1 where it is None.
    """
    weights = np.ones(len(rows)) if weights is None else weights
    survival = model.predict_survival(rows, [within], tenure=tenure).to_numpy()[:, 0] ** factor
    gone = 1 - survival
    # Trees take themselves for nearly certain of some customers; their doubt is not in the fit, so that of a count is.
    chance = float((weights**2 * gone * (1.0 if model.taken_as_given else survival)).sum())
    shared = model.variance_of_sum(rows, tenure, tenure + within, factor * weights * survival)
    return float((weights * gone).sum()), chance + shared
