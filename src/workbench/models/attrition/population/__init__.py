"""Who is learned from, who is evaluated, and who is active today: from a flat table, or from snapshots in time."""

from workbench.models.attrition.population.calls import earlier_contacts
from workbench.models.attrition.population.drawing import Lots
from workbench.models.attrition.population.onboard import Onboard, read_onboard
from workbench.models.attrition.population.population import Population
from workbench.models.attrition.population.reading import read_population

__all__ = ["Lots", "Onboard", "Population", "earlier_contacts", "read_onboard", "read_population"]
