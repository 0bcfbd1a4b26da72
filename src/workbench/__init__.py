"""Research and modelling workbench for customer operations."""

from workbench.declared import Declared, Field
from workbench.errors import DataError, GateError, ParameterError, RunError, StudyError, WorkbenchError
from workbench.exhibits import Column, Figure, Kept, People, Samples, Table
from workbench.findings import Check, Finding
from workbench.studies.definition.secret import Secret
from workbench.studies.session import start_run

__version__ = "0.1.0"

__all__ = [
    "Check",
    "Column",
    "DataError",
    "Declared",
    "Field",
    "Figure",
    "Finding",
    "GateError",
    "Kept",
    "ParameterError",
    "People",
    "RunError",
    "Samples",
    "Secret",
    "StudyError",
    "Table",
    "WorkbenchError",
    "__version__",
    "start_run",
]
