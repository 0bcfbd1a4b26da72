"""What is to come: each customer's survival from today on, and whom the next quarter decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from workbench.draws import seed_of
from workbench.findings import Check, Finding
from workbench.models.levels import SMALLEST_GROUP, as_levels, lump_levels
from workbench.models.survival.cox.cause_specific import CauseSpecific
from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.extrapolation.growth import DrawGrowth
from workbench.models.survival.forecast.backtest import expected_leavers
from workbench.models.survival.forecast.draws import export_draws
from workbench.models.survival.forecast.season import Season
from workbench.models.survival.lifetimes.episodes import customers_in, latest
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.models.survival.lifetimes.subscriptions import LAPSES_AHEAD, Spells
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import clean_horizons, number_of, span
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import label_of, number, percent, sentence

AHEAD = (1.0, 3.0, 6.0, 12.0, 24.0)
"""Months from today for which customers are forecast: the quarter that decides, a year, two years of value."""
DRAWS_WITHIN = 60.0
"""Months ahead that draws for other studies reach: five years, the longest horizon of a customer's value."""
QUARTER = 3.0
"""Months of the headline: how far ahead a company plans what it does about leavers."""
MOST_BEYOND = 0.2
"""Share of customers forecast beyond the data from which the sentence says so first."""
FEW = 20.0
"""Of fewer expected leavers the interval is that of a negative binomial: a normal one would reach below 0."""
EDGE = 0.1
"""The share of customers most at risk that is named: as many as a campaign can look at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """What becomes of the customers who are active at the end of the records.

    Attributes
    ----------
    table
        `customer_id`, `horizon` (from the end of the records, in `time_unit`), `survival`, `lower`, `upper`, and
        `incidence_<reason>` where reasons are known; `extrapolated`: beyond the data.
    customers
        `customer_id`, `tenure`, covariates, `gone` (probability of leaving within `ahead`).
    totals
        `horizon`, `customers` (active), `expected` (leavers by then), `lower`, `upper` (of their number: chance and
        estimation together), `extrapolated` (share of customers for whom the horizon lies beyond the data).
    ahead
        The quarter to come, or the nearest horizon asked for.
    interval
        Of the number who leave within `ahead`: chance and estimation together.
    confidence, time_unit
        As given.
    dated
        Whether the end of the records is a day; without dates it is when each was last seen.
    lapse
        Whether leaving is a lapse in buying.
    step
        In which times were recorded; 0 where they are exact.
    """

    table: pd.DataFrame
    customers: pd.DataFrame
    totals: pd.DataFrame
    ahead: float
    interval: tuple[float, float]
    confidence: float
    time_unit: str
    dated: bool
    lapse: bool
    step: float = 0.0

    @property
    def beyond(self) -> float:
        """Share of customers for whom the time `ahead` reaches beyond the longest time ever observed."""
        quarter = self.table[self.table["horizon"] == self.ahead]
        return float(quarter["extrapolated"].mean())

    @property
    def expected(self) -> float:
        """How many leave within `ahead`."""
        return float(self.customers["gone"].sum())

    def findings(self) -> tuple[Finding, ...]:
        """How many are expected to leave in the next quarter, and how far they can be named beforehand."""
        gone = self.customers["gone"].sort_values(ascending=False)
        if gone.empty:
            return ()
        if not gone.sum():  # the data know no rate of leaving for the time to come
            return ()
        most = int(np.ceil(EDGE * len(gone)))
        extrapolated = self.beyond > MOST_BEYOND
        alike = round(self.expected) < 1 or np.ptp(gone) < 1e-9
        template = (
            "We expect {gone} of {all} customers to lapse in the next {span}, if the rate goes on: nobody has been "
            "observed that long."
            if extrapolated and self.lapse
            else "We expect {gone} of {all} customers to leave in the next {span}, if the rate goes on: nobody has "
            "been observed that long."
            if extrapolated
            else "We expect {gone} of {all} customers to lapse in the next {span}."
            if alike and self.lapse
            else "We expect {gone} of {all} customers to leave in the next {span}."
            if alike
            else "We expect {gone} of {all} customers to lapse in the next {span}. The {most} riskiest account for "
            "{part} of them."
            if self.lapse
            else "We expect {gone} of {all} customers to leave in the next {span}. The {most} riskiest account for "
            "{part} of them."
        )
        rounded = round(self.expected)
        return (
            Finding(
                id="next_quarter",
                statement=sentence(
                    template,
                    span=span(self.ahead, self.time_unit),
                    all=number(len(gone)),
                    most=number(most),
                    gone=number(rounded) if rounded else sentence("fewer than one"),
                    part=percent(float(gone.iloc[:most].sum() / gone.sum())),
                ),
                estimate=self.expected,
                unit=sentence("customers"),
                interval=self.interval,
                interval_kind=sentence("{level} prediction", level=percent(self.confidence)),
                evidence="assumed" if extrapolated else "associational",
                n=len(gone),
                table="next_quarter",
            ),
        )

    def by(self, segments: Iterable[str], labels: Mapping[str, str] | None = None) -> pd.DataFrame:
        """`segment`, `group`, `customers`, `expected` leavers within `ahead`, `share` of the group.

        The worst group of each segment first. Groups of fewer than ten are shown together.

        Parameters
        ----------
        segments
            Columns of the customers.
        labels
            By column what it is called for people; its name where it is None.
        """
        rows = []
        known = self.customers
        for segment in segments:
            levels = as_levels(known[segment])
            shown, _ = lump_levels(levels, label=segment, check=segment, smallest_group=SMALLEST_GROUP)
            groups = known.groupby(levels.map(shown).to_numpy())["gone"]
            part = groups.agg(customers="size", expected="sum", share="mean").rename_axis("group").reset_index()
            rows.append(part.sort_values("share", ascending=False).assign(segment=label_of(labels, segment)))
        columns = ["segment", "group", "customers", "expected", "share"]
        gone = known["gone"]
        everyone = pd.DataFrame([["", sentence("all customers"), len(gone), gone.sum(), gone.mean()]], columns=columns)
        return pd.concat([everyone, *rows], ignore_index=True)[columns]

    def checks(self) -> tuple[Check, ...]:
        """For how many customers the next quarter is extrapolated; and who counts as active without dates."""
        if self.customers.empty:
            return ()
        message = sentence(
            "For {share} of customers the next {span} lie beyond the longest time observed. We assume that their rate "
            "of leaving goes on as in the last third of it.",
            share=percent(self.beyond),
            span=span(self.ahead, self.time_unit),
        )
        checks = [
            Check(
                name="customers_beyond_data",
                status="pass" if self.beyond <= MOST_BEYOND else "warn",
                title=sentence(
                    "Few forecasts lie beyond the data"
                    if self.beyond <= MOST_BEYOND
                    else "Many forecasts lie beyond the data"
                ),
                message=message,
                value=self.beyond,
                threshold=MOST_BEYOND,
            )
        ]
        if self.ahead < self.step:
            message = sentence(
                "Durations were recorded in steps of {step}. We assume that customers leave evenly within a step, so "
                "the next {span} get their part of it.",
                step=span(self.step, self.time_unit),
                span=span(self.ahead, self.time_unit),
            )
            checks.append(
                Check(
                    name="even_within_steps",
                    status="warn",
                    title=sentence("Assumed to be even within recorded steps"),
                    message=message,
                    value=self.ahead,
                    threshold=self.step,
                )
            )
        if not self.dated:
            message = sentence(
                "The data have no dates. We assume that {count} customers who had not left when last seen are still "
                "active, and count the time to come from then.",
                count=number(len(self.customers)),
            )
            checks.append(Check(name="active_when_last_seen", status="pass", message=message))
        return tuple(checks)


def active(source: Spells | Lifetimes) -> pd.DataFrame:
    """Who is active at the end of the records, with their tenure as `duration`; `person` is the customer's own id.

    Without dates that is everybody who has not left: whoever was lost from sight for another reason counts as active.

    Parameters
    ----------
    source
        Lifetimes, or spells with dates.
    """
    if isinstance(source, Spells):
        return source.active()
    if source.spells is not None:
        return source.spells.active()
    rows = latest(validate_lifetimes(source.frame))
    return rows[~rows["event"]].assign(person=lambda there: there["customer_id"])


def forecast_horizons(source: Spells | Lifetimes, unit: str) -> list[float]:
    """Horizons from today, in the unit: 1, 3, 6, 12 and 24 months.

    Of lapses the one until which what is known of purchases says who has bought for the last time (on the way there it
    does not say when).

    Parameters
    ----------
    source
        Lifetimes, or spells with dates.
    unit
        Time unit of the durations.
    """
    spells = source.spells if isinstance(source, Lifetimes) else source
    window = None if spells is None else spells.window
    if window is None:
        return [number_of(each, unit) for each in AHEAD]
    return [min(LAPSES_AHEAD, window)]


def forecast(
    model: Predictions,
    source: Spells | Lifetimes,
    *,
    reasons: CauseSpecific | None = None,
    horizons: Iterable[float] | None = None,
    confidence: float = 0.9,
    season: Season | None = None,
) -> Forecast:
    """Forecast everybody who is active at the end of the records, given how long they have lasted.

    Parameters
    ----------
    model
        Fitted to the lifetimes of `source`, recalibrated or not.
    source
        Lifetimes, or spells with dates.
    reasons
        By which what survival loses is shared out; none where it is None.
    horizons
        From now, in the unit of the durations; by default 1, 3, 6, 12 and 24 months in it, of lapses
        `forecast_horizons`.
    season
        By which hazards of the months to come differ from those of an average month; none where it is None.
    confidence
        Level of the intervals.
    """
    unit = model.time_unit
    horizons = clean_horizons(forecast_horizons(source, unit) if horizons is None else horizons)
    now = active(source)
    tenure = now["duration"].to_numpy(dtype=float)
    table = model.conditional_survival(now, tenure, horizons, confidence=confidence)
    spells = source.spells if isinstance(source, Lifetimes) else source
    factors = {each: season.factor(spells.as_of, each) if season and spells else (1.0, 0.0) for each in horizons}
    power = table["horizon"].map({each: factor for each, (factor, _) in factors.items()})
    for column in ("survival", "lower", "upper"):
        table[column] = table[column] ** power
    if reasons is not None:
        # A season moves how many leave, not why: what survival loses with it is shared as without.
        lost = 1 - table["survival"].to_numpy()
        shares = {reason: each.T.ravel() for reason, each in reasons.shares(model, now, tenure, horizons).items()}
        whole = np.sum(list(shares.values()), axis=0)
        for reason, incidence in shares.items():
            known = np.divide(incidence, whole, out=np.zeros_like(whole), where=whole > 0)
            table[f"incidence_{reason}"] = known * lost
    quarter = number_of(QUARTER, unit)
    ahead = max([each for each in horizons if each <= quarter], default=horizons[0])
    counted = []
    for each in horizons:
        factor, doubt = factors[each]
        expected, variance = expected_leavers(model, now, tenure, each, factor=factor)
        variance += doubt * expected**2
        low, high = _counted(expected, variance, len(now), confidence)
        counted.append((each, len(now), expected, low, high))
    totals = pd.DataFrame(counted, columns=["horizon", "customers", "expected", "lower", "upper"])
    totals["extrapolated"] = table.groupby("horizon")["extrapolated"].mean().reindex(totals["horizon"]).to_numpy()
    gone = 1 - table.loc[table["horizon"] == ahead, "survival"].to_numpy()
    nearest = totals[totals["horizon"] == ahead].iloc[0]
    people = now.drop(columns=["duration", "entry", "event", "reason"], errors="ignore")
    table["customer_id"] = np.tile(now["person"].to_numpy(), len(horizons))
    return Forecast(
        table=table,
        customers=people.assign(tenure=tenure, gone=gone),
        ahead=ahead,
        interval=(float(nearest["lower"]), float(nearest["upper"])),
        totals=totals,
        confidence=confidence,
        time_unit=unit,
        dated=spells is not None,
        lapse=spells is not None and spells.lapse,
        step=model.step,
    )


def one_population(source: Lifetimes, forecast: Forecast) -> Check:
    """That customers who left and those with a forecast are all there are.

    Parameters
    ----------
    source
        Lifetimes that the forecast was made of.
    forecast
        From `forecast`.
    """
    everyone, there = customers_in(source.frame), len(forecast.customers)
    lacking = len(active(source)) - there
    message = sentence(
        "{all} customers count: {gone} have gone and {there} are still there, each with a forecast.",
        all=number(everyone),
        gone=number(everyone - there - lacking),
        there=number(there),
    )
    if lacking:
        message += sentence(" {lacking} more are still there without one.", lacking=number(lacking))
    return Check(
        name="one_population",
        status="warn" if lacking else "pass",
        title=sentence("Active customers without a forecast" if lacking else "Every active customer has a forecast"),
        message=message,
        value=lacking,
        threshold=0,
    )


def _counted(expected: float, variance: float, size: int, confidence: float) -> tuple[float, float]:
    """Interval of how many of `size` leave.

    Gamma mixed with Poisson (negative binomial) of this mean and variance, so that few have an interval that is not
    cut off at 0 and has a width.
    """
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    if expected > FEW or variance <= 0:
        half = normal_quantile(confidence) * np.sqrt(max(variance, 0.0))
        low, high = expected - half, expected + half
    else:
        model = max(variance - expected, 1e-6 * max(expected, 1e-3))
        mean = max(expected, 1e-3)
        low, high = nbinom.ppf(tails, mean**2 / model, mean / (mean + model))
    return float(max(low, 0.0)), float(min(max(high, 1.0), size))


def remaining(
    model: Predictions, source: Spells | Lifetimes, *, within: float | None = None, confidence: float = 0.9
) -> pd.DataFrame:
    """Time that everybody active is still expected to stay within the next `within` (24 months, in the unit).

    Parameters
    ----------
    model, source
        As in `forecast`.
    within
        In the unit of the durations; the farthest of `forecast_horizons` where it is None.
    confidence
        Level of the intervals.

    Returns
    -------
    DataFrame
        `customer_id`, `within`, `remaining`, `lower`, `upper`, `extrapolated`; for the money of a customer's life.
    """
    within = forecast_horizons(source, model.time_unit)[-1] if within is None else within
    now = active(source)
    tenure = now["duration"].to_numpy(dtype=float)
    table = model.expected_remaining(now, tenure, within, confidence=confidence, steps=48)
    return table.assign(customer_id=now["person"].to_numpy(), within=within)


def _reach(source: Spells | Lifetimes, unit: str, draws_within: float) -> float:
    """How far ahead draws reach, in the unit."""
    horizons = forecast_horizons(source, unit)
    return horizons[-1] if len(horizons) == 1 else max(horizons[-1], number_of(draws_within, unit))


def draws_of(
    model: Predictions,
    source: Spells | Lifetimes,
    *,
    draws_within: float = DRAWS_WITHIN,
    random_seed: int,
    reasons: CauseSpecific | None = None,
    beyond: DrawGrowth | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`draws.export_draws` of everybody active, on a grid of quarters of a month where there is room.

    Parameters
    ----------
    model, source
        As in `forecast`.
    draws_within
        Months ahead that draws reach; of lapses they reach as far as forecasts do.
    random_seed
        Of the study.
    reasons, beyond
        As in `export_draws`.
    """
    now = active(source)
    unit = model.time_unit
    return export_draws(
        model,
        now,
        now["duration"].to_numpy(dtype=float),
        within=_reach(source, unit, draws_within),
        step=number_of(AHEAD[-1], unit) / 96,
        random_seed=seed_of(random_seed, "survival_draws"),
        ids=now["person"],
        reasons=reasons,
        beyond=beyond,
    )
