"""One run, from an empty folder to a finished report.

papermill works in a thread of its own; the main thread owns the signals and the clock. There is one way to end a run
early: write down the reason, then end the kernel. The reason decides the status, not what papermill makes of it.
"""

import errno
import json
import logging
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import pace
from workbench.errors import DataError, GateError, ParameterError, RunError
from workbench.files import file_hash, strict_json, write_atomic
from workbench.findings import Check, Results
from workbench.memory import give_back
from workbench.studies import session
from workbench.studies.definition import secret
from workbench.studies.definition.notebook import is_code
from workbench.studies.definition.project import Project
from workbench.studies.earlier import rest_on
from workbench.studies.execution import journal
from workbench.studies.execution.collected import collect_said
from workbench.studies.execution.kernel import Kernel, cause_of_death
from workbench.studies.execution.places import short
from workbench.studies.execution.progress import Progress
from workbench.studies.execution.secrets import environment_secrets, kernel_environment, redact, take_out
from workbench.studies.index import rebuild
from workbench.studies.inputs import DATED, INPUTS, RECORDED
from workbench.studies.kept import model_of, tables_of
from workbench.studies.manifest import create_run, now, read_runs, write_manifest
from workbench.studies.plan import Plan
from workbench.terminal import visible
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    from workbench.studies.execution.recorder import Recorder

KERNEL_START_SECONDS = 120  # generous: a busy machine with a cold disk is slow to import, and no run should fail for it
# What a step may end a run with, beside 1: a gate that failed, and data or parameters that nothing can be learnt from.
# Whichever step finds them, bad data is refused input: most of it is found before, at the door.
EXIT_CODES = {kind.__name__: kind.exit_code for kind in (GateError, DataError, ParameterError)}


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    status: str
    exit_code: int
    reason: str | None = None


SIGNALS = {
    signal.SIGINT: Ending("interrupted", 130, "It was interrupted (Ctrl-C)."),
    signal.SIGTERM: Ending("interrupted", 143, "It was asked to end (SIGTERM)."),
    signal.SIGHUP: Ending("interrupted", 129, "Its terminal was closed (SIGHUP)."),
}


def run_study(project: Project, plan: Plan, *, timeout: float | None = None, progress: Progress) -> dict[str, Any]:
    """Carry out a plan.

    Parameters
    ----------
    timeout
        Seconds for the whole run, or None.
    project
        Where studies, data and reports are.
    plan
        From `make_plan`.
    progress
        Where it is said how far the run is.

    Returns
    -------
    dict
        The final manifest; its `exit_code` is the command's.

    Raises
    ------
    RunError
        If the run could not be written down. Its folder, where there is one, then says failed.
    """
    done = _Run(project, plan, timeout, progress).carry_out()
    try:
        rebuild(project.reports)
    except OSError as error:
        raise RunError(
            _no_room(error, f"Run {done['run_id']} is complete, but the index is not", project.reports)
        ) from None
    return done


class _Run:
    def __init__(self, project: Project, plan: Plan, timeout: float | None, progress: Progress):
        self.project, self.plan, self.progress = project, plan, progress
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self.timeout = timeout
        self.ending: Ending | None = None
        self.closing = False
        self.recorder: Recorder | None = None
        self.started, self.clock = now(), time.monotonic()
        self.journal, self.beside = journal.Journal(), ""
        hidden = {*environment_secrets(os.environ), *plan.secrets.values()}
        self.secrets = tuple(sorted(hidden, key=len, reverse=True))

    def carry_out(self) -> dict[str, Any]:
        with self._signals():
            try:
                self.manifest = self._first_manifest()
                self.folder, self.log = create_run(self.project.reports, self.manifest)
            except OSError as error:
                raise RunError(_no_room(error, "The run could not be started", self.project.reports)) from None
            self.manifest = json.loads(strict_json(self.manifest))
            try:
                with self.log:
                    return self._in_folder()
            except OSError as error:
                reason = _no_room(error, "The run could not be written down", self.folder)
                self._give_up(reason)
                raise RunError(reason) from error
            except BaseException as error:
                self._give_up(f"The workbench itself failed ({type(error).__name__}); --debug shows where.")
                raise

    def _in_folder(self) -> dict[str, Any]:
        self._write_log(f"{self.plan.study.name} {self.manifest['run_id']} started")
        self.kernel = self._make_kernel()
        # Its modules import each other: of two threads that import it at once one finds it half done, or both wait.
        import jupyter_client  # noqa: F401
        import nbclient  # noqa: F401
        import nbformat  # noqa: F401

        try:
            with ThreadPoolExecutor(1, thread_name_prefix="papermill") as pool:
                future = pool.submit(self._execute)
                self._complete_manifest()
                from workbench.reporting import render  # noqa: F401 - while the kernel starts: it is slow to import

                patience = None if self.deadline is None else max(self.deadline - time.monotonic(), 0)
                if not wait([future], timeout=patience).done:
                    self.stop(Ending("failed", 1, f"It took longer than the {self.timeout:g} s that --timeout allows."))
                wait([future])
            self.closing = True
        finally:
            self.progress.done()
            exit_code = self.kernel.exit_code()
            self.kernel.end()
            self.journal = journal.read_journal(self.kernel.folder / journal.NAME)
            self._keep_stderr(self.kernel.close())
        return self._finish(future.exception(), exit_code)

    def stop(self, ending: Ending) -> None:
        """End the run early. The first reason stands; once results are being written it is too late."""
        if self.ending is None and not self.closing:
            self.ending = ending
            if kernel := getattr(self, "kernel", None):
                kernel.end()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, lambda number, frame: self.stop(SIGNALS[signal.Signals(number)]))
            for number in SIGNALS
            if not (number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN)  # nohup means what it says
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _first_manifest(self) -> dict[str, Any]:
        study, plan = self.plan.study, self.plan
        return {
            "schema": 1,
            "run_id": None,
            "study": study.name,
            "title": study.title,
            "question": study.question,
            "status": "running",
            "exit_code": None,
            "verdict": None,
            "reason": None,
            "failed_cell": None,
            "parameters": plan.parameters,
            "secret_parameters": list(plan.secrets),
            "parameter_help": {
                name: {
                    **{"help": each.help, "unit": each.unit, "default": each.to_data(each.default)},
                    **({"secret": True} if each.is_secret else {}),
                }
                for name, each in study.parameters.items()
            },
            "dataset": plan.dataset,
            "where": plan.where,
            "fingerprint": plan.fingerprint,
            "data": plan.data,
            **plan.identity,
            "inputs": [each.to_manifest() for each in plan.inputs],
            "tables": {},
            "model": {},
            "results": None,
            "warnings": [],
            "seed": plan.parameters["seed"],
            "git_commit": None,
            "git_dirty": None,
            "lock_hash": None,
            "python": platform.python_version(),
            "packages": {},
            "started": self.started.isoformat(),
            "ended": None,
            "seconds": None,
            "cells": [],
            "headline": None,
            "key_metric": None,
        }

    def _complete_manifest(self) -> None:
        """What takes a moment to find out, while the kernel starts."""
        commit, dirty = self.project.git_state()
        self.manifest.update(git_commit=commit, git_dirty=dirty, lock_hash=self.project.lock_hash())
        self.manifest["packages"] = _packages()
        write_manifest(self.folder, self.manifest)

    def _make_kernel(self) -> Kernel:
        kernel = Kernel(cwd=self.project.notebooks, environment=kernel_environment(os.environ))
        kernel.environment[session.FOLDER_VARIABLE] = str(self.folder)
        kernel.environment[session.TABLES_VARIABLE] = str(kernel.folder)
        # What a notebook leaves in the folder for temporary files goes with the kernel.
        scratch = kernel.folder / "tmp"
        scratch.mkdir(mode=0o700)
        kernel.environment.update(TMPDIR=str(scratch), JOBLIB_TEMP_FOLDER=str(scratch))
        kernel.environment[journal.VARIABLE] = str(kernel.folder / journal.NAME)
        self.progress.pace = kernel.folder / "pace"
        kernel.environment[pace.VARIABLE] = str(self.progress.pace)
        write_atomic(kernel.folder / INPUTS, strict_json(self._readable()))
        seen = [each for each in self.secrets if each in {*kernel.environment.values(), *self.plan.secrets.values()}]
        if seen:
            told = {secret.GIVEN: self.plan.secrets, secret.HIDDEN: seen}
            write_atomic(kernel.folder / secret.FILE, strict_json(told), mode=0o600)
        return kernel

    def _readable(self) -> dict[str, Any]:
        """What the notebook may read of earlier runs: their folders by study, and lists of manifests."""
        runs = {study: read_runs(self.project.earlier_reports, study) for study in self.plan.study.calls.previous}
        return {"earlier": {each.need.study: str(each.folder) for each in self.plan.inputs}, "previous": runs}

    def _execute(self) -> None:
        """The part of papermill; runs in its own thread."""
        if source := self.plan.source:
            for name in self.plan.tables:
                source.write(name, self.kernel.folder / f"{name}.parquet")
            recorded = {name: source.recorded(name).card for name in self.plan.tables if name in DATED}
            write_atomic(self.kernel.folder / RECORDED, strict_json(recorded))
            source.close()
            give_back()  # the kernel needs room now
        if self.ending:
            return
        self.kernel.start()
        import nbformat
        from papermill.execute import execute_notebook

        from workbench.studies.execution.recorder import Recorder

        logger = logging.getLogger("papermill")
        logger.propagate = False
        logger.handlers = [_LogHandler(self._write_log)]

        def make_recorder(nb) -> Recorder:
            recorder = Recorder(
                nb,
                self.folder / "notebook.ipynb",
                self.plan.parameters,
                self._cell_started,
                self.secrets,
                self.project.root,
            )
            self.recorder = recorder
            return recorder

        if self.ending:
            return
        execute_notebook(
            nbformat.from_dict(self.plan.study.notebook),
            None,
            parameters=self.plan.injected,
            engine_name="workbench",
            kernel_name="workbench",
            language="python",
            progress_bar=False,
            start_timeout=KERNEL_START_SECONDS,
            make_recorder=make_recorder,
            kernel=self.kernel,
        )

    def _cell_started(self, index: int, heading: str) -> None:
        self._write_log(f"cell {index}: {heading}")
        if self.recorder is not None:
            self.progress.cell(index, len(self.recorder.nb.cells), heading)

    def _finish(self, error: BaseException | None, kernel_exit_code: int | None) -> dict[str, Any]:
        """Write down how papermill's part ended (with `error`, if so) and what had been said until then."""
        from workbench.reporting.render import write_report
        from workbench.reporting.workbook import write_workbook

        if isinstance(error, OSError):
            raise error
        ending = self.ending or self._natural_ending(error, kernel_exit_code)
        stopped_at = self.recorder.failed if self.recorder and ending.status != "succeeded" else None
        notebook = self._executed_notebook()
        said = collect_said(notebook, self.journal, beside=self.beside, secrets=self.secrets)
        # After those of the notebook: what a study found out about its numbers weighs more than remarks on the data.
        remarks = [*said.checks, *self.plan.checks] if ending.status == "succeeded" else self.plan.checks
        about = [{"kind": "checks", "checks": [asdict(check) for check in remarks]}] if remarks else []
        if taken := take_out(self.folder, list(self.plan.secrets.values())):
            about.append({"kind": "checks", "checks": [asdict(_told_secret(taken))]})
        results = Results.from_payloads([*said.payloads, *about])
        if ending.status == "succeeded" and results.verdict == "fail":
            ending = Ending("succeeded", 3)
        cells = notebook["cells"]
        heads = self.recorder.headings if self.recorder else self.plan.study.headings
        seconds = round(time.monotonic() - self.clock, 1)
        self.manifest.update(
            status=ending.status,
            exit_code=ending.exit_code,
            reason=ending.reason,
            verdict=results.verdict if ending.status == "succeeded" else None,
            failed_cell=None if stopped_at is None else {"index": stopped_at, "heading": heads[stopped_at]},
            ended=(self.started + timedelta(seconds=round(seconds))).isoformat(),
            seconds=seconds,
            cells=[
                _cell_facts(index, cells[index], heads[index]) for index in range(len(cells)) if is_code(cells[index])
            ],
        )
        if results.findings:
            first = results.findings[0]
            self.manifest["headline"] = {"statement": first.statement, "estimate": first.estimate, "unit": first.unit}
        for name, value in list(results.metrics.items())[:1]:
            self.manifest["key_metric"] = {"name": name, "value": value}
        document = results.to_dict(self.plan.study.name)
        rest_on(document["findings"], self.manifest["inputs"])
        if ending.status != "succeeded":
            document["verdict"] = "fail"  # what was said before it ended is not to be relied on
        write_atomic(self.folder / "results.json", strict_json(document))
        self.manifest.update(
            tables=tables_of(self.folder),
            model=model_of(self.folder),
            results=file_hash(self.folder / "results.json"),
            warnings=[
                {key: check[key] for key in ("name", "title", "message")}
                for check in document["checks"]
                if check["status"] != "pass" and check["kind"] != "always"
            ],
        )
        self._write_log(f"{ending.status} (exit code {ending.exit_code}) {ending.reason or ''}")
        if ending.status == "succeeded":
            write_workbook(self.folder, notebook, title=self.plan.study.title)
        # The manifest is last: whoever reads that a run succeeded finds everything else in place.
        write_report(self.folder, self.manifest)
        write_manifest(self.folder, self.manifest)
        return self.manifest

    def _natural_ending(self, error: BaseException | None, kernel_exit_code: int | None) -> Ending:
        from nbclient.exceptions import DeadKernelError

        if error is None and self.recorder is not None and self.recorder.complete:
            return Ending("succeeded", 0)
        if error is not None:
            self._write_log("".join(traceback.format_exception(error)))
        cell = self.recorder.failed if self.recorder else None
        outputs = [] if cell is None else self._executed_notebook()["cells"][cell].get("outputs", [])
        if isinstance(error, DataError):  # while tables were laid ready
            return Ending("failed", error.exit_code, self._tidy(str(error)))
        raised = next((output for output in outputs if output["output_type"] == "error"), None)
        if raised is not None:
            # A library's error may have the name of one of ours.
            own = self.journal.refusal == raised["ename"]
            exit_code = EXIT_CODES.get(raised["ename"], 1) if own else 1
            return Ending("failed", exit_code, self._tidy(_said(raised, own=own)))
        if isinstance(error, DeadKernelError) or kernel_exit_code is not None:
            # Of a kernel that never came up, its last words say why.
            words = [] if self.recorder and self.recorder.ran else self.beside.strip().splitlines()[-1:]
            return Ending("failed", 1, " ".join([cause_of_death(kernel_exit_code), *map(self._tidy, words)]))
        if error is None:
            return Ending("failed", 1, "It ended before all of its steps had run.")
        return Ending("failed", 1, self._tidy(f"{type(error).__name__}: {error}"))

    def _executed_notebook(self) -> dict[str, Any]:
        if self.recorder is not None and self.recorder.notebook is not None:
            return self.recorder.notebook
        write_atomic(self.folder / "notebook.ipynb", json.dumps(self.plan.study.notebook, ensure_ascii=False, indent=1))
        return dict(self.plan.study.notebook)

    def _give_up(self, reason: str) -> None:
        """Say failed with the last means there are; where even that has no room, the dead run says so itself."""
        self.manifest.update(status="failed", exit_code=1, verdict=None, reason=reason, ended=now().isoformat())
        # Failing that, the manifest says running still and nobody holds its lock: it reads as a run that died.
        with suppress(OSError):
            write_manifest(self.folder, self.manifest)

    def _write_log(self, line: str) -> None:
        if not self.log.closed:
            self.log.write(f"{now():%H:%M:%S} {visible(self._tidy(line.rstrip()))}\n")

    def _tidy(self, text: str) -> str:
        """A text without secrets and with short paths."""
        return short(redact(text, self.secrets), self.project.root)

    def _keep_stderr(self, text: str) -> None:
        self.beside = text
        if self.kernel.strays:
            self.journal = replace(self.journal, threads=[*self.journal.threads, sentence("a process that went on")])
        if text.strip():
            self._write_log("written by the kernel outside of any cell:\n" + text)


def _told_secret(files: list[str]) -> Check:
    template = (
        "The study wrote a secret that it was given into {files}, which is removed: no file of a run may hold one."
    )
    message = sentence(template, files=listing([shown(file) for file in files]))
    return Check(name="secret_kept", status="fail", title=sentence("A secret was written down"), message=message)


def _packages() -> dict[str, str]:
    """Versions of the installed packages, by the names of their folders: to read their metadata takes far longer."""
    infos = {info.stem for entry in sys.path for info in Path(entry).glob("*.dist-info")}
    return dict(sorted((name, version) for name, dash, version in (info.partition("-") for info in infos) if dash))


def _cell_facts(index: int, cell: dict[str, Any], heading: str) -> dict[str, Any]:
    facts = cell["metadata"].get("papermill", {})
    return {"index": index, "heading": heading, "seconds": facts.get("duration"), "status": facts.get("status")}


def _said(raised: dict[str, Any], *, own: bool) -> str:
    """An error output in one line; our own errors are sentences already, one a line."""
    name, lines = raised["ename"], [" ".join(line.split()) for line in raised["evalue"].splitlines()]
    if name == "SystemExit":
        return "The notebook left by sys.exit, so not all of its steps ran."
    said = "\n".join(lines) if own else f"{name}: {' '.join(lines)}"
    longest = 2000 if own else 500
    return said if len(said) <= longest else said[:longest] + "…"


class _LogHandler(logging.Handler):
    def __init__(self, write):
        super().__init__(logging.WARNING)
        self.write = write

    def emit(self, record: logging.LogRecord) -> None:
        self.write(self.format(record))


def _no_room(error: OSError, what: str, place: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{what}: no room is left for {place}. Free some space and run again; earlier runs are as they were."
    return f"{what}: {error.strerror or error} ({error.filename or place})."
