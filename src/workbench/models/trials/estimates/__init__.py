"""What every estimator of a trial takes (a `Sample`) and gives (an `Estimate`)."""

from workbench.models.trials.estimates.contrasts import less, turned
from workbench.models.trials.estimates.estimate import Estimate, Kind, draw_together, kind_in_words, table
from workbench.models.trials.estimates.sample import Sample

__all__ = ["Estimate", "Kind", "Sample", "draw_together", "kind_in_words", "less", "table", "turned"]
