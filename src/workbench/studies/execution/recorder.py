"""papermill's bookkeeping, made to tell the truth: what ran is known from the kernel's own replies.

The executed notebook cannot tell a run's status: papermill marks cells completed that never ran and takes `sys.exit(0)`
for success. Here a cell counts as completed only when the kernel has answered that it ran without error.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import papermill.models
from papermill.engines import NotebookExecutionManager
from papermill.translators import PythonTranslator, papermill_translators

from workbench.files import write_atomic
from workbench.studies.definition.notebook import headings, is_code, read_parameters
from workbench.studies.definition.parameters import python_literal
from workbench.studies.execution.places import short
from workbench.studies.execution.secrets import redacted


class ParameterTranslator(PythonTranslator):
    """Python source for the injected cell: exactly the types of the study contract, everything else refused."""

    @classmethod
    def translate(cls, val: Any) -> str:
        """A value as source.

        Parameters
        ----------
        val
            Coerced.
        """
        return python_literal(val)

    @classmethod
    def inspect(cls, parameters_cell: Mapping) -> list[papermill.models.Parameter]:
        """What a parameters cell declares.

        Parameters
        ----------
        parameters_cell
            As JSON.
        """
        # papermill reads the cell with regular expressions and warns about names that these overlook.
        found = read_parameters(parameters_cell["source"])
        return [papermill.models.Parameter(each.name, each.annotation, repr(each.default), each.help) for each in found]


papermill_translators.register("workbench", ParameterTranslator)


class Recorder(NotebookExecutionManager):
    """papermill's bookkeeping of an execution, corrected and saved atomically.

    Parameters
    ----------
    nb
        The notebook as it will be executed.
    path
        Where the executed notebook is kept.
    parameters
        What was injected, as plain JSON data, for the notebook's metadata.
    on_cell
        Called with (cell index, heading) when a code cell starts.
    secrets
        Texts that must not get out; they are replaced wherever the notebook would show them.
    root
        The project's folder, to which paths in outputs are made relative.

    Attributes
    ----------
    complete
        Whether every code cell ran without error; known once closed.
    failed
        Index of the cell that did not.
    notebook
        The executed notebook as plain data, once closed: papermill adds marks of its own to what it is handed back.
    """

    def __init__(
        self,
        nb,
        path: Path,
        parameters: Mapping,
        on_cell: Callable[[int, str], None],
        secrets: tuple[str, ...],
        root: Path,
    ):
        super().__init__(nb, progress_bar=False, autosave_cell_every=0)
        self.path = path
        self.parameters = dict(parameters)
        self.on_cell = on_cell
        self.secrets = secrets
        self.root = root
        self.headings = headings(nb.cells)
        self.ran: set[int] = set()
        self.failed: int | None = None
        self.complete = False
        self.notebook: dict[str, Any] | None = None
        self._began = self._cell_began = time.monotonic()  # clocks can be put back

    def save(self, **kwargs) -> None:
        """Keep the notebook as it is now.

        Parameters
        ----------
        **kwargs
            Of papermill; not looked at.
        """
        write_atomic(self.path, self.document())

    def close(self) -> None:
        """Correct what papermill assumes of cells that did not run, and keep the notebook as it is now."""
        for index, cell in enumerate(self.nb.cells):
            if is_code(cell) and index not in self.ran and cell.metadata.papermill["status"] == self.COMPLETED:
                cell.metadata.papermill["status"] = self.PENDING
            if cell.metadata.papermill["status"] == self.RUNNING:
                cell.metadata.papermill["status"] = self.FAILED
        self.complete = all(index in self.ran for index, cell in enumerate(self.nb.cells) if is_code(cell))
        document = self.document()
        self.notebook = json.loads(document)
        write_atomic(self.path, document)

    def document(self) -> str:
        """The notebook as text, without secrets and with short paths in its outputs."""
        # papermill puts the whole source notebook where a path should stand, and values that JSON does not take.
        self.nb.metadata.papermill.update(parameters=self.parameters, input_path=None, output_path=self.path.name)
        made = redacted(self.nb, self.secrets)
        told = [
            {**each, "outputs": short(each["outputs"], self.root)} if "outputs" in each else each
            for each in made["cells"]
        ]
        return json.dumps({**made, "cells": told}, ensure_ascii=False, indent=1) + "\n"

    def notebook_start(self, **kwargs) -> None:
        """Forget when cells ran before.

        Parameters
        ----------
        **kwargs
            Of papermill, passed on.
        """
        super().notebook_start(**kwargs)
        self._began = time.monotonic()
        for cell in self.nb.cells:
            cell.metadata.pop("execution", None)

    def cell_start(self, cell, cell_index=None, **kwargs) -> None:
        """Say which cell runs.

        Parameters
        ----------
        cell
            The cell.
        cell_index
            Its place, from 0.
        **kwargs
            Of papermill; not looked at.
        """
        if is_code(cell):
            self.on_cell(cell_index, self.headings[cell_index])
        self._cell_began = time.monotonic()
        cell.metadata.papermill["start_time"] = self.now().isoformat()
        cell.metadata.papermill["status"] = self.RUNNING

    def cell_exception(self, cell, cell_index=None, **kwargs) -> None:
        """Note which cell failed.

        Parameters
        ----------
        cell
            The cell.
        cell_index
            Its place, from 0.
        **kwargs
            Of papermill, passed on.
        """
        super().cell_exception(cell, cell_index, **kwargs)
        self.failed = cell_index

    def cell_complete(self, cell, cell_index=None, **kwargs) -> None:
        """Completed where the kernel has answered so, else failed.

        Parameters
        ----------
        cell
            The cell.
        cell_index
            Its place, from 0.
        **kwargs
            Of papermill; not looked at.
        """
        # Called for every cell that was started, also when the kernel died under it.
        if is_code(cell) and cell_index not in self.ran:
            cell.metadata.papermill["status"] = self.FAILED
            self.failed = cell_index
        seconds = time.monotonic() - self._cell_began
        ended = datetime.fromisoformat(cell.metadata.papermill["start_time"]) + timedelta(seconds=seconds)
        if cell.metadata.papermill["status"] != self.FAILED:
            cell.metadata.papermill["status"] = self.COMPLETED
        cell.metadata.papermill["end_time"] = ended.isoformat()
        cell.metadata.papermill["duration"] = seconds
        if is_code(cell):
            self.save()

    def cell_replied(self, cell, cell_index, execute_reply) -> None:
        """The kernel's own word.

        Parameters
        ----------
        cell
            The cell.
        cell_index
            Its place, from 0.
        execute_reply
            The message.
        """
        if execute_reply["content"]["status"] == "ok":
            self.ran.add(cell_index)

    def notebook_complete(self, **kwargs) -> None:
        """Note when it ended.

        Parameters
        ----------
        **kwargs
            Of papermill; not looked at.
        """
        seconds = time.monotonic() - self._began
        self.end_time = self.start_time + timedelta(seconds=seconds)
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        self.nb.metadata.papermill["duration"] = seconds
