"""What was offered and not always taken: the effect of the offer, and of taking it."""

from workbench.models.trials.offered.taking import bounds_of_taking, effect_of_taking

__all__ = ["bounds_of_taking", "effect_of_taking"]
