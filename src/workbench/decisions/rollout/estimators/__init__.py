"""Which estimate a recorded design calls for: `by_design` maps it to a method, whatever comes of it."""

from workbench.decisions.rollout.estimators.by_design import estimate

__all__ = ["estimate"]
