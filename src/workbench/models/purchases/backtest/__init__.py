"""Forecasts of purchases that were tested: models chosen and weighted on unseen time, errors of earlier forecasts."""

from workbench.models.purchases.backtest.forecasting import WeighedForecast, forecast_purchases, validate
from workbench.models.purchases.backtest.records import PurchaseRecord

__all__ = ["PurchaseRecord", "WeighedForecast", "forecast_purchases", "validate"]
