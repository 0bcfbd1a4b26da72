"""The engine that papermill finds under the entry point `papermill.engine`.

papermill loads it while papermill itself is being imported, so this module imports nothing of papermill's until it is
asked to execute.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.studies.execution.kernel import Kernel

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from workbench.studies.execution.recorder import Recorder


class WorkbenchEngine:
    """Executes against a kernel that the runner has already started and alone may end."""

    @classmethod
    def execute_notebook(
        cls,
        nb: "NotebookNode",
        kernel_name: str,
        *,
        make_recorder: "Callable[[NotebookNode], Recorder]",
        kernel: Kernel,
        start_timeout: float,
        **options: Any,
    ) -> "NotebookNode":
        """Execute a parameterised notebook.

        Parameters
        ----------
        make_recorder
            Gives the recorder of what happens, for the notebook as it is executed.
        kernel
            Already started.
        options
            papermill's own, which the runner does not use.
        nb
            With parameters in it.
        kernel_name
            Not looked at: `kernel` is ours.
        start_timeout
            Seconds until the kernel has to answer.
        """
        from workbench.studies.execution.client import Client

        recorder = make_recorder(nb)
        recorder.notebook_start()
        try:
            Client(
                recorder,
                km=kernel.manager,
                timeout=None,
                iopub_timeout=30,
                startup_timeout=start_timeout,
                kernel_name=kernel_name,
                # A cell that raises has failed whatever its tags say, and none is passed over.
                force_raise_errors=True,
                skip_cells_with_tag="",
                on_cell_executed=recorder.cell_replied,
            ).execute()
        finally:
            recorder.notebook_complete()
            recorder.close()
        return recorder.nb

    @staticmethod
    def nb_kernel_name(nb: "NotebookNode", name: str | None = None) -> str | None:
        """Ours, never the notebook's: that may name another environment.

        Parameters
        ----------
        nb
            Not looked at.
        name
            As the runner said.
        """
        return name

    @staticmethod
    def nb_language(nb: "NotebookNode", language: str | None = None) -> str | None:
        """As the runner said.

        Parameters
        ----------
        nb
            Not looked at.
        language
            As the runner said.
        """
        return language
