"""papermill's client, which here also lets threads of the notebook come to their end."""

from papermill.clientwrap import PapermillNotebookClient

LET_END = """from workbench.studies.execution.kernel import let_tasks_end, let_threads_end
await let_tasks_end()
let_threads_end()"""


class Client(PapermillNotebookClient):
    """Executes the cells, and then waits for what they have left at work."""

    def papermill_execute_cells(self) -> None:
        """Once all cells ran, threads that the notebook started may still say something: it is written down."""
        super().papermill_execute_cells()
        if self.nb_man.failed is None:
            self.wait_for_reply(self.kc.execute(LET_END, silent=True, store_history=False))
