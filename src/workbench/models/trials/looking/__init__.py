"""Looking at a pilot while it runs: intervals that hold at any number of looks."""

from workbench.models.trials.looking.sequence import any_time, widening

__all__ = ["any_time", "widening"]
