"""Initiatives that start at different times, and may end: effects while they are on, and after."""

from workbench.models.trials.panels.imputation import Imputed, impute
from workbench.models.trials.panels.one_dummy import one_dummy
from workbench.models.trials.panels.panel import Panel

__all__ = ["Imputed", "Panel", "impute", "one_dummy"]
