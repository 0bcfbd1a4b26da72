"""Before a pilot: what it would find (`variation` → `power`, of units `clustering`) and decide (`deciding`); `dealing`.

Beside it what a comparison of before and after shows of customers to whom nothing was done (`before_after`).
"""

from workbench.models.trials.planning.before_after import Change, change_of_chosen
from workbench.models.trials.planning.clustering import Clustering, clustering, design_effect
from workbench.models.trials.planning.dealing import choose, deal
from workbench.models.trials.planning.deciding import chance_of_exceeding
from workbench.models.trials.planning.power import (
    POWER,
    chance_of_finding,
    fitting_error,
    share_error,
    size_needed,
    smallest_effect,
)
from workbench.models.trials.planning.variation import Variation, pooled, variation

__all__ = [
    "POWER",
    "Change",
    "Clustering",
    "Variation",
    "chance_of_exceeding",
    "chance_of_finding",
    "change_of_chosen",
    "choose",
    "clustering",
    "deal",
    "design_effect",
    "fitting_error",
    "pooled",
    "share_error",
    "size_needed",
    "smallest_effect",
    "variation",
]
