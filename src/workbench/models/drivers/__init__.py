"""What goes with an outcome: drivers of satisfaction and recommendation, from a survey to what to work on first."""

from workbench.models.drivers.model.diagnostics import diagnostics, effect_draws
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.fit import fit_drivers as fit
from workbench.models.drivers.model.outcome_level import OutcomeLevel, outcome_level
from workbench.models.drivers.model.prior_predictive import prior_predictive
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.ratings import Ratings
from workbench.models.drivers.responses.read import read_responses
from workbench.models.drivers.summary.summarise import DriverSummary, summarise

__all__ = [
    "DriverModel",
    "DriverSummary",
    "OutcomeLevel",
    "Prior",
    "Ratings",
    "diagnostics",
    "effect_draws",
    "fit",
    "outcome_level",
    "prior_predictive",
    "read_responses",
    "summarise",
]
