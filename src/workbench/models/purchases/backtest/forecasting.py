"""Purchases of all customers forecast: models chosen, weighted and fitted, and how such forecasts fared."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.draws import DRAWS, seed_of
from workbench.errors import DataError
from workbench.exhibits import Column, Metrics, Showable, Table
from workbench.models.purchases.backtest.gatekeeper import checks
from workbench.models.purchases.backtest.origins import MONEY, Origins, Priced, roll
from workbench.models.purchases.backtest.records import WEEK, PurchaseRecord
from workbench.models.purchases.backtest.selection import LEAST_BUYERS, Selection, select, weigh
from workbench.models.purchases.backtest.validation import Validation
from workbench.models.purchases.covariates import Paces, paces_of
from workbench.models.purchases.forecast import PurchaseForecast, of_weights
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class WeighedForecast:
    """What customers will order, and all that is known about such forecasts.

    Attributes
    ----------
    record
        Until today.
    selection
        The models.
    weights : (models,)
        By stacking on the second half of the record.
    forecast
        Draws: what `decisions` values.
    origins
        Errors of earlier forecasts of the total.
    validation
        Of a forecast of the second half of the record; None where the first half has too few repeat buyers.
    paces
        How fast customers buy by their attributes; None where none are asked for.
    """

    record: PurchaseRecord
    selection: Selection
    weights: np.ndarray
    forecast: PurchaseForecast
    origins: Origins
    validation: Validation | None
    paces: Paces | None = None

    @property
    def customers(self) -> np.ndarray:
        """Of the rows of the forecast (n,), in order."""
        return self.record.known[0]

    @property
    def leaving_visible(self) -> bool:
        """Whether the data tell that customers leave; otherwise no lifetime value can be told."""
        return self.selection.leaving_visible

    @property
    def metrics(self) -> Metrics:
        """Weights, parameters of the BG/NBD and the soundness of draws, for results.json."""
        names = {"BG/NBD": "bgnbd", "MBG/NBD": "mbgnbd", "Pareto/NBD": "paretonbd", "NBD": "nbd"}
        found: dict[str, float | int | None] = {}
        for family, place, weight in zip(self.selection.families, self.selection.modes, self.weights, strict=True):
            found[f"weight_{names[family.name]}"] = float(weight)
            if family.name == "BG/NBD":
                for name, value in zip(family.parameters, place, strict=True):
                    found[f"bgnbd_{name}"] = float(value)
        found["gap_stages"] = self.selection.stages
        found["pareto_k"] = max(member.k for member in self.forecast.members)
        return found

    @property
    def models(self) -> Table:
        """Weights and parameters."""
        rows = [
            (family.name, float(weight), name, float(value))
            for family, place, weight in zip(self.selection.families, self.selection.modes, self.weights, strict=True)
            for name, value in zip(family.parameters, place, strict=True)
        ]
        return Table(
            name="purchase_models",
            frame=pd.DataFrame(rows, columns=["model", "weight", "parameter", "value"]),
            caption=sentence(
                "Models of repeat buying, how much each counts, and its most likely parameters (times in weeks)."
            ),
            people=None,
            columns={
                "model": Column(sentence("Model")),
                "weight": Column(sentence("Weight"), "share"),
                "parameter": Column(sentence("Parameter")),
                "value": Column(sentence("Value")),
            },
        )

    def exhibits(self) -> Iterator[Showable]:
        """Validation, models and the gatekeeper's checks."""
        yield self.metrics
        if self.validation is not None:
            yield self.validation
        if self.origins.enough:
            yield self._origins_table()
        yield self.models
        yield self.paces
        yield from checks(self.record, self.selection, self.forecast, self.origins, self.validation)

    def _origins_table(self) -> Table:
        frame = self.origins.table.assign(
            week=(self.origins.table["day"] - self.record.first + 1) / WEEK,
            error=np.expm1(-self.origins.table["log_error"]),
            money_error=np.expm1(-self.origins.table["money_log_error"].astype(float)),
        )
        if frame["money_error"].isna().all():
            frame = frame.drop(columns=[*MONEY, "money_error"])
        return Table(
            name="earlier_forecasts",
            frame=frame,
            caption=sentence(
                "Forecasts of all purchases from earlier days, what came, and how far off they were in money. Their "
                "times overlap and count as if they did not: of a level that wanders, 90% intervals of totals hold "
                "about 82%."
            ),
            people=None,
            columns={
                "week": Column(sentence("Made after week")),
                "customers": Column(sentence("Customers")),
                "forecast": Column(sentence("Forecast")),
                "actual": Column(sentence("Actual")),
                "error": Column(sentence("Error of the forecast"), "share"),
                "money_error": Column(sentence("Error in money"), "share"),
            },
        )


def forecast_purchases(
    record: PurchaseRecord,
    *,
    seed: int,
    draws: int = DRAWS,
    priced: Priced | None = None,
    attributes: pd.DataFrame | None = None,
) -> WeighedForecast:
    """Choose, weigh and fit models of repeat buying, and validate the same on the second half of the record.

    Parameters
    ----------
    record
        Until today.
    seed
        Of all random numbers.
    draws
        How many.
    priced
        What purchases bring on an earlier day, for errors of earlier forecasts in money.
    attributes
        By customer: what was known when they came, and goes with how fast they buy.

    Raises
    ------
    DataError
        Where nobody bought again, or attributes cannot be used.
    """
    paces = _paces(record, attributes, seed)
    selection, weights, forecast, origins = _made(record, paces, seed=seed, draws=draws, priced=priced)
    return WeighedForecast(
        record=record,
        selection=selection,
        weights=weights,
        forecast=forecast,
        origins=origins,
        validation=validate(record, seed=seed_of(seed, "validation"), draws=draws, attributes=attributes),
        paces=paces,
    )


def validate(
    record: PurchaseRecord, *, seed: int, draws: int = DRAWS, attributes: pd.DataFrame | None = None
) -> Validation | None:
    """The same forecast made at the half of the record, with what came since.

    Parameters
    ----------
    record, seed, draws, attributes
        As of `forecast_purchases`.

    Returns
    -------
    Validation or None
        None where the first half has too few repeat buyers.
    """
    ahead = record.length // 2
    cut = record.until - ahead
    past = record.earlier(cut)
    try:
        if (past.histories.frequency > 0).sum() < LEAST_BUYERS:
            return None
    except DataError:  # nobody had bought by then
        return None
    selection, weights, forecast, origins = _made(past, _paces(past, attributes, seed), seed=seed, draws=draws)
    return Validation(
        record=record,
        cut=cut,
        ahead=ahead,
        selection=selection,
        weights=weights,
        forecast=forecast,
        origins=origins,
        later=record.later(cut, ahead),
        seed=seed,
    )


def _paces(record: PurchaseRecord, attributes: pd.DataFrame | None, seed: int) -> Paces | None:
    if attributes is None:
        return None
    customers, histories = record.known
    return paces_of(histories, attributes.reindex(customers), seed=seed_of(seed, "attributes"))


def _made(
    record: PurchaseRecord, paces: Paces | None, *, seed: int, draws: int, priced: Priced | None = None
) -> tuple[Selection, np.ndarray, PurchaseForecast, Origins]:
    selection = select(record)
    weights = weigh(record, selection.families, seed=seed_of(seed, "weights"))
    pace = paces.pace if paces is not None else None
    forecast = of_weights(
        record.histories, selection.families, list(weights), unit_days=WEEK, seed=seed, draws=draws, pace=pace
    )
    return selection, weights, forecast, roll(record, selection.families, weights, priced)
