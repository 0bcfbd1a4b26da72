"""Who leaves within the next weeks, why that person, and whether to believe it."""

from workbench.models.attrition.card import SavedForecast, read_forecast, saved
from workbench.models.attrition.forecast import LeaversForecast, forecast_leavers
from workbench.models.attrition.model.survival_run import read_survival_run
from workbench.models.attrition.population import (
    Lots,
    Onboard,
    Population,
    earlier_contacts,
    read_onboard,
    read_population,
)
from workbench.models.attrition.rescoring import Rescored, rescore
from workbench.models.attrition.traits import read_traits
from workbench.models.attrition.values import Values, check_request, read_teams, read_values

__all__ = [
    "LeaversForecast",
    "Lots",
    "Onboard",
    "Population",
    "Rescored",
    "SavedForecast",
    "Values",
    "check_request",
    "earlier_contacts",
    "forecast_leavers",
    "read_forecast",
    "read_onboard",
    "read_population",
    "read_survival_run",
    "read_teams",
    "read_traits",
    "read_values",
    "rescore",
    "saved",
]
