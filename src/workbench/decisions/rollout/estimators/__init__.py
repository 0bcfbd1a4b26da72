"""Which estimate a recorded design calls for, whatever comes of it: `by_design`.

By period: of starts one after the other `waves`, of customers whom nobody dealt `chosen`, without a control
`before_after`. Counted in another way: `otherwise`.
"""

from workbench.decisions.rollout.estimators.before_after import BeforeAfter
from workbench.decisions.rollout.estimators.by_design import estimate
from workbench.decisions.rollout.estimators.chosen import Chosen
from workbench.decisions.rollout.estimators.otherwise import counted_otherwise
from workbench.decisions.rollout.estimators.staying import heads
from workbench.decisions.rollout.estimators.waves import BEFORE, UNEVEN, Waves, course

__all__ = ["BEFORE", "UNEVEN", "BeforeAfter", "Chosen", "Waves", "counted_otherwise", "course", "estimate", "heads"]
