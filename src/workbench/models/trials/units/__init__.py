"""Effects where whole units were dealt: shops, teams, households."""

from workbench.models.trials.units.compared import of_units

__all__ = ["of_units"]
