"""Whether a forecast of purchases may be believed, in plain words: one check for each way in which it may not."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from workbench.findings import Check
from workbench.models.purchases.backtest.cohorts import cohorts, first_seen
from workbench.models.purchases.backtest.gaps import clumpiness
from workbench.models.purchases.backtest.origins import FEWEST, Origins
from workbench.models.purchases.backtest.records import PurchaseRecord
from workbench.models.purchases.backtest.selection import LEAST_BUYERS, Selection
from workbench.models.purchases.forecast import PurchaseForecast
from workbench.statistics.horizons import DAYS_A_YEAR
from workbench.statistics.laplace import LARGEST_K
from workbench.wording import listing, number, percent, plural, sentence, span

if TYPE_CHECKING:
    from workbench.models.purchases.backtest.validation import Validation

TWO_YEARS = 730
"""Days in which every season has been seen twice."""
CLUMPY = 0.8
"""k of gaps below which purchases come in bursts: gaps then vary by 12% more than those of chance."""
CROWDED = 1.5
"""Times as many customers first seen in the first span as in the next, from which on many were customers before."""


def checks(
    record: PurchaseRecord,
    selection: Selection,
    forecast: PurchaseForecast,
    origins: Origins,
    validation: "Validation | None",
) -> Iterator[Check]:
    """All of them.

    Parameters
    ----------
    record, selection, forecast, origins, validation
        As of `forecasting.WeighedForecast`.
    """
    yield leaving_visible(selection)
    yield from posterior_sound(forecast)
    yield from holdout(validation)
    yield earlier_forecasts(origins)
    yield gaps(record, selection)
    yield season(record)
    yield cohorts_alike(record)
    yield begun_before(record)


def leaving_visible(selection: Selection) -> Check:
    """Whether the likelihood of models with leaving is clearly higher than that of "nobody leaves".

    Parameters
    ----------
    selection
        With the gain.
    """
    seen = selection.leaving_visible
    words = {"gain": number(selection.gain), "needed": number(selection.needed)}
    return Check(
        name="leaving_visible",
        status="pass" if seen else "warn",
        title=sentence("Leaving is visible") if seen else sentence("Leaving is not visible"),
        value=selection.gain,
        threshold=selection.needed,
        message=sentence(
            "That customers leave is visible: models with leaving fit better than one without (log-likelihood "
            "{gain} higher, {needed} needed).",
            **words,
        )
        if seen
        else sentence(
            "Models with leaving fit no better than one in which nobody leaves (log-likelihood {gain} higher, {needed} "
            "needed). Use horizons; a lifetime value cannot be told.",
            **words,
        ),
    )


def posterior_sound(forecast: PurchaseForecast) -> Iterator[Check]:
    """Whether draws of parameters may be used.

    Parameters
    ----------
    forecast
        With Pareto's k of each member.
    """
    worst = max(member.k for member in forecast.members)
    bad = [member.family.name for member in forecast.members if not member.sound]
    yield Check(
        name="purchase_posterior",
        status="fail" if bad else "pass",
        title=sentence("Draws of parameters are unsound") if bad else sentence("Draws of parameters are sound"),
        value=float(worst),
        threshold=LARGEST_K,
        message=sentence(
            "Draws of the parameters of {names} do not represent their posterior: do not use the intervals.",
            names=listing(bad),
        )
        if bad
        else sentence(
            "Draws of parameters represent their posterior (Pareto k at most {k}; above {limit} NUTS samples them).",
            k=number(worst),
            limit=number(LARGEST_K),
        ),
    )


def holdout(validation: "Validation | None") -> Iterator[Check]:
    """Whether a forecast made at the half of the record held.

    Parameters
    ----------
    validation
        None where there was none.
    """
    if validation is None:
        yield Check(
            name="holdout_total",
            status="warn",
            title=sentence("The forecast could not be tested"),
            message=plural(
                "The first half of the record has fewer than {n} repeat buyer: the forecast could not be tested, and "
                "all models count the same.",
                "The first half of the record has fewer than {n} repeat buyers: the forecast could not be tested, and "
                "all models count the same.",
                LEAST_BUYERS,
            ),
        )
        return
    found = validation.metrics
    low, high = found["holdout_transactions_lower"] or 0, found["holdout_transactions_upper"] or 0
    actual = found["holdout_transactions_actual"] or 0
    held = bool(low <= actual <= high)
    words = {"low": number(low), "high": number(high), "actual": number(actual)}
    yield Check(
        name="holdout_total",
        status="pass" if held else "warn",
        title=sentence("The tested forecast held") if held else sentence("The tested forecast missed"),
        value=float(actual / (found["holdout_transactions"] or np.nan) - 1),
        message=sentence("Forecast from half the record, {low} to {high} purchases; {actual} came.", **words)
        if held
        else sentence(
            "Forecast from half the record, {low} to {high} purchases; {actual} came. Expect totals to be wrong in the "
            "same direction.",
            **words,
        ),
    )
    better = bool((found["holdout_crps"] or 0) < (found["holdout_crps_nbd"] or 0))
    absolute = (found["holdout_absolute_error"] or 0) <= (found["holdout_absolute_error_repeated"] or 0)
    yield Check(
        name="holdout_baselines",
        status="pass" if better and absolute else "warn",
        title=sentence("Better than simple forecasts")
        if better and absolute
        else sentence("A simple forecast does as well"),
        value=found["holdout_absolute_error"],
        threshold=found["holdout_absolute_error_repeated"],
        message=sentence(
            "Mean absolute error of a customer {ours}, of the last period repeated {repeated}; CRPS {crps}, if nobody "
            "left {nbd}.",
            ours=number(found["holdout_absolute_error"]),
            repeated=number(found["holdout_absolute_error_repeated"]),
            crps=number(found["holdout_crps"]),
            nbd=number(found["holdout_crps_nbd"]),
        ),
    )


def earlier_forecasts(origins: Origins) -> Check:
    """Whether there are enough earlier forecasts to tell how wrong they were.

    Parameters
    ----------
    origins
        Errors.
    """
    usual = float(np.sqrt(np.mean(origins.logs**2))) if origins.enough else None
    if usual == 0:
        return Check(
            name="earlier_forecasts",
            status="pass",
            title=sentence("Earlier forecasts were right"),
            value=0.0,
            message=sentence(
                "{n} earlier forecasts of all purchases over {months} months were wrong by no more than the chance of "
                "single customers brings.",
                n=number(len(origins.table)),
                months=number(origins.months, 2),
            ),
        )
    return Check(
        name="earlier_forecasts",
        status="pass" if origins.enough else "warn",
        title=sentence("Errors of earlier forecasts are included")
        if origins.enough
        else sentence("No earlier forecasts to learn from"),
        value=usual,
        message=sentence(
            "{n} earlier forecasts of all purchases over {months} months were wrong by {usual}, beyond the chance "
            "of single customers; intervals of totals include that.",
            n=number(len(origins.table)),
            months=number(origins.months, 2),
            usual=percent(usual),
        )
        if origins.enough
        else sentence(
            "The record allows {n} earlier forecasts, fewer than {fewest}: how wrong the model is cannot be told, and "
            "intervals of totals are too narrow.",
            n=number(len(origins.table)),
            fewest=number(FEWEST),
        ),
    )


def gaps(record: PurchaseRecord, selection: Selection) -> Check:
    """Whether gaps between purchases are those of chance, more regular, or in bursts.

    Parameters
    ----------
    record
        Of purchases.
    selection
        With the number of stages.
    """
    k, error = clumpiness(record)
    clumpy = bool(k + 2 * error < CLUMPY)
    words = {"k": number(k, 2), "stages": number(selection.stages)}
    if clumpy:
        title, message = (
            sentence("Purchases come in bursts"),
            sentence(
                "Purchases come in bursts (regularity {k}, by chance 1): a customer in a pause looks lost. Take "
                "P(active) with caution.",
                **words,
            ),
        )
    elif selection.stages > 1:
        title, message = (
            sentence("Purchases are regular"),
            sentence(
                "Purchases are more regular than chance (regularity {k}): the models count {stages} stages between "
                "two, so that a pause says more.",
                **words,
            ),
        )
    elif selection.likeliest_stages > 1:
        title, message = (
            sentence("Purchases are regular"),
            sentence(
                "Purchases are more regular than chance (regularity {k}), yet models of regular gaps forecast unseen "
                "time worse: they are not used.",
                **words,
            ),
        )
    else:
        title = sentence("Gaps are those of chance")
        message = sentence("Gaps between purchases are about those of chance (regularity {k}, by chance 1).", **words)
    return Check(
        name="gaps_between_purchases",
        status="warn" if clumpy else "pass",
        title=title,
        message=message,
        value=k if np.isfinite(k) else None,
        threshold=CLUMPY,
    )


def season(record: PurchaseRecord) -> Check:
    """Whether every season has been seen twice.

    Parameters
    ----------
    record
        Of purchases.
    """
    twice = record.length >= TWO_YEARS
    return Check(
        name="season_seen_twice",
        status="pass" if twice else "warn",
        title=sentence("Every season was seen twice") if twice else sentence("No season was seen twice"),
        value=record.length / DAYS_A_YEAR,
        threshold=2.0,
        message=sentence("The record holds every season at least twice.")
        if twice
        else sentence(
            "The record holds {years}: what is season and what is change cannot be separated, and no season is in the "
            "forecast.",
            years=span(round(record.length / DAYS_A_YEAR, 1), "years"),
        ),
    )


def cohorts_alike(record: PurchaseRecord) -> Check:
    """Whether customers who came at different times buy alike.

    Parameters
    ----------
    record
        Of purchases.
    """
    found = cohorts(record)
    if found is None:
        return Check(
            name="cohorts_alike",
            status="pass",
            title=sentence("One cohort of customers"),
            message=sentence("Too few repeat buyers to compare customers who came at different times."),
        )
    differ = found.gain > found.needed
    words = {"low": number(found.yearly.min()), "high": number(found.yearly.max())}
    return Check(
        name="cohorts_alike",
        status="warn" if differ else "pass",
        title=sentence("Cohorts of customers differ") if differ else sentence("Cohorts of customers are alike"),
        value=found.gain,
        threshold=found.needed,
        message=sentence(
            "Customers who came at different times buy differently: fitted apart, newcomers buy again {low} to {high} "
            "times in a year. One model averages over them.",
            **words,
        )
        if differ
        else sentence(
            "Customers who came at different times buy alike: fitted apart, newcomers buy again {low} to {high} times "
            "in a year.",
            **words,
        ),
    )


def begun_before(record: PurchaseRecord) -> Check:
    """Whether many were customers before the records began, so that their first purchase is not known.

    Parameters
    ----------
    record
        Of purchases.
    """
    first, second, days = first_seen(record)
    ratio = first / max(second, 1)
    # Poisson counts: the log ratio has the variance 1/a + 1/b.
    error = np.sqrt(1 / max(first, 1) + 1 / max(second, 1))
    crowded = bool(np.log(ratio) - 2 * error > 0 and ratio > CROWDED) if first else False
    words = {"first": number(first), "second": number(second), "days": number(days)}
    return Check(
        name="begun_before_records",
        status="warn" if crowded else "pass",
        title=sentence("Customers from before the records")
        if crowded
        else sentence("Customers begin with the records"),
        value=float(ratio),
        threshold=CROWDED,
        message=sentence(
            "{first} customers first appear in the first {days} days and {second} in the next: unless they all came "
            "then, many had bought before, histories begin too late and newcomers are overrated.",
            **words,
        )
        if crowded
        else sentence(
            "{first} customers first appear in the first {days} days and {second} in the next: no sign of purchases "
            "before the records.",
            **words,
        ),
    )
