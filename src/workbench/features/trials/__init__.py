"""What customers of a trial did before its start and after it: `events` (by days) → `monthly` → `follow_up`."""

from workbench.features.trials.follow_up import FollowUp, Measure, Outcome, follow_up

__all__ = ["FollowUp", "Measure", "Outcome", "follow_up"]
