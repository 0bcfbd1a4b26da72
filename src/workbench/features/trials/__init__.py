"""What customers of a trial did before its start and after it: `events` (days since the start) → `follow_up`."""

from workbench.features.trials.follow_up import FollowUp, Measure, Outcome, follow_up

__all__ = ["FollowUp", "Measure", "Outcome", "follow_up"]
