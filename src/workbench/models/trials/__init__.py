"""What initiatives did to the customers to whom chance dealt them: effects, not associations."""

from workbench.models.trials.by_lot import LotEffects, effects_on_leaving, effects_on_ratings

__all__ = ["LotEffects", "effects_on_leaving", "effects_on_ratings"]
