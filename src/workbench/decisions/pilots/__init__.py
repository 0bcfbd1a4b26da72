"""What pilots teach of initiatives: lifts as they were stated, brought up to date by what was tried."""

from workbench.decisions.pilots.evaluated import read_pilot_run
from workbench.decisions.pilots.learnt import Learnt, learn

__all__ = ["Learnt", "learn", "read_pilot_run"]
