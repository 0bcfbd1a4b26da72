"""What can go wrong, and what a person reads when it does.

Every fault that a user can cause is raised as one of these; the command line prints its faults, one a line, and ends
with `exit_code`. A fault names the place, what was found, what was expected and what to do next.
"""

import os

RUN_VARIABLE = "WORKBENCH_RUN_FOLDER"
"""Names the folder of a run to its kernel."""


def in_kernel() -> bool:
    """Whether this is the kernel of a run, in which other advice helps: it sees little of the environment."""
    return RUN_VARIABLE in os.environ


class WorkbenchError(Exception):
    """One or more faults, all found before giving up.

    Parameters
    ----------
    *faults
        A sentence each, fit to be shown to a user.
    """

    exit_code = 2

    def __init__(self, *faults: str):
        super().__init__("\n".join(faults))
        self.faults = faults


class ParameterError(WorkbenchError):
    """A parameter that is unknown, of the wrong type or out of bounds."""


class EmptyPartError(ParameterError):
    """A part of a dataset in which a table has no row."""


class DataError(WorkbenchError):
    """A dataset that is missing, cannot be read, or breaks the contract of a table."""


class StudyError(WorkbenchError):
    """A notebook that is not a study, or a study or run that is not there."""


class GateError(WorkbenchError):
    """A statistical gate that failed: the numbers exist and must not be used."""

    exit_code = 3


class RunError(WorkbenchError):
    """A run that could not be carried out or written down (no kernel, no room on the disk)."""

    exit_code = 1
