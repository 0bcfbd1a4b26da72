"""Who leaves within the next weeks, why that person, and whether to believe it."""

from workbench.models.attrition.forecast import LeaversForecast, customers_of_lifetimes, forecast_leavers

__all__ = ["LeaversForecast", "customers_of_lifetimes", "forecast_leavers"]
