"""How long customers stay: lifetimes, curves, Cox's models, their selection, forecasts. The family's public face.

A study reads `Lifetimes` and hands them from one function to the next; every result shows itself (`exhibits()`).
"""

from workbench.models.survival.cox.fitted import FittedCox, fit_screened
from workbench.models.survival.cox.leakage import Leaks, find_leaks
from workbench.models.survival.curves.comparison import GroupCurves, group_curves
from workbench.models.survival.curves.reasons import Reasons, reasons_for_leaving
from workbench.models.survival.extrapolation.beyond import BeyondTheData, extrapolate_curves
from workbench.models.survival.forecast.customer_forecast import CustomerForecast, forecast_customers, forecast_scenario
from workbench.models.survival.forecast.diagnostics import Diagnostics, diagnose
from workbench.models.survival.forecast.selection import Selection, select_model
from workbench.models.survival.lifetimes.dataset import lifetimes_of_dataset
from workbench.models.survival.lifetimes.read import Lifetimes, read_lifetimes
from workbench.models.survival.lifetimes.requests import validate_request

__all__ = [
    "BeyondTheData",
    "CustomerForecast",
    "Diagnostics",
    "FittedCox",
    "GroupCurves",
    "Leaks",
    "Lifetimes",
    "Reasons",
    "Selection",
    "diagnose",
    "extrapolate_curves",
    "find_leaks",
    "fit_screened",
    "forecast_customers",
    "forecast_scenario",
    "group_curves",
    "lifetimes_of_dataset",
    "read_lifetimes",
    "reasons_for_leaving",
    "select_model",
    "validate_request",
]
