"""Research and modelling workbench for customer operations."""

from workbench.errors import DataError, GateError, ParameterError, RunError, StudyError, WorkbenchError
from workbench.findings import Check, Finding
from workbench.studies.session import start_run

__all__ = [
    "Check",
    "DataError",
    "Finding",
    "GateError",
    "ParameterError",
    "RunError",
    "StudyError",
    "WorkbenchError",
    "start_run",
]
