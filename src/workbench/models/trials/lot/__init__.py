"""Effects where chance dealt arms to customers, each for itself or within strata."""

from workbench.models.trials.lot.adjusted import adjusted, difference
from workbench.models.trials.lot.cuped import cuped, variance_reduction
from workbench.models.trials.lot.leaving import restricted_mean, staying
from workbench.models.trials.lot.ratios import ratio, relative
from workbench.models.trials.lot.scores import capped, nps, top_box
from workbench.models.trials.lot.sums import from_sums

__all__ = [
    "adjusted",
    "capped",
    "cuped",
    "difference",
    "from_sums",
    "nps",
    "ratio",
    "relative",
    "restricted_mean",
    "staying",
    "top_box",
    "variance_reduction",
]
