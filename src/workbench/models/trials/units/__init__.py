"""Effects where whole units were dealt: shops, teams, households."""

from workbench.models.trials.units.compared import among_placebos, of_units

__all__ = ["among_placebos", "of_units"]
