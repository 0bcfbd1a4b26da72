"""The kernel that a run's notebook executes in: started, watched over and ended by the runner.

`python -m workbench.studies.execution.kernel` is the kernel's own process. It forks a guard into its process group
before it becomes an ordinary IPython kernel. The guard waits for the end of a pipe that only the runner holds: when the
runner dies, however it dies, the guard removes the private folder and kills the group, itself included.
"""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures.thread import _threads_queues
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from workbench.files import private_folder
from workbench.studies.execution.journal import note_refusal, note_thread, watch_threads
from workbench.wording import sentence

LONGEST_TMPDIR = 60  # bytes: names of our own below it take up to 40, and a socket's path has 103 at most on macOS
DAEMON_SECONDS = 5  # for those that end by themselves; Python would not wait for them at all
PATIENCE_SECONDS = 30  # for threads that are still at work after the last step; nothing in a study needs any


class Kernel:
    """A kernel of this very interpreter, reached through sockets in a private folder.

    Attributes
    ----------
    folder
        Private to the kernel and its runner.
    strays
        How many processes of the notebook had left its group and were still at work when it was closed.
    """

    def __init__(self, *, cwd: Path, environment: dict[str, str]):
        # Socket paths are short, so this can be neither the run's folder nor below a long TMPDIR.
        usual = tempfile.gettempdir()
        self.folder, self._in_use = private_folder(
            "wb-run-", Path(usual if len(os.fsencode(usual)) <= LONGEST_TMPDIR else "/tmp")
        )
        self.stderr = self.folder / "stderr.txt"
        self._cwd = cwd
        self.environment = environment
        self.strays = 0
        self._lock = threading.RLock()  # a signal may find the main thread inside
        self._ended = False
        self._pid: int | None = None
        self._pipe: int | None = None
        self._strays: Any = None
        self.manager: Any = None

    def start(self) -> None:
        """Start the process; returns before the kernel is ready. Does nothing once the kernel was ended."""
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager
        from jupyter_core.utils import run_sync

        from workbench.studies.execution.strays import Strays

        self._strays = Strays()
        self.manager = AsyncKernelManager(
            kernel_name="workbench", transport="ipc", connection_file=str(self.folder / "kernel.json")
        )
        read, write = os.pipe()
        # -P: its modules are not looked for among a notebook's neighbours, where a workbench.py would take their place.
        command = [sys.executable, "-P", "-m", "workbench.studies.execution.kernel", str(read), str(self.folder)]
        # A kernel spec of our own: what a notebook or the user's settings name may be another environment.
        self.manager._kernel_spec = KernelSpec(
            argv=[*command, "-f", "{connection_file}", "--HistoryManager.enabled=False"],
            display_name="workbench",
            language="python",
        )
        with self._lock:
            if self._ended:
                return
            try:
                with open(self.stderr, "wb") as stderr:
                    run_sync(self.manager.start_kernel)(
                        cwd=str(self._cwd),
                        env={**self.environment, "IPYTHONDIR": str(self.folder / "ipython")},
                        pass_fds=(read,),
                        stdin=None,
                        stdout=stderr,
                        stderr=stderr,
                    )
                self._pid = self.manager.provisioner.pid
                self._pipe = write
            finally:
                os.close(read)

    def end(self) -> None:
        """End the kernel and everything that it started, at once. May be called at any time and more than once."""
        with self._lock:
            self._ended = True
            if self._pid is not None:
                # The guard is of this group, so the number cannot have passed on to another one.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
                self._pid = None
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None

    def close(self) -> str:
        """End the kernel, remove its folder and give back what its process wrote outside of any cell."""
        self.end()
        if self._strays is not None:
            self.strays = self._strays.end(getattr(getattr(self.manager, "provisioner", None), "pid", None))
        text = self.stderr.read_text(errors="replace") if self.stderr.exists() else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._in_use.close()
        return text

    def exit_code(self) -> int | None:
        """How the process has ended on its own (negative: by which signal), or None while it runs."""
        process = getattr(getattr(self.manager, "provisioner", None), "process", None)
        return None if process is None else process.poll()


def cause_of_death(exit_code: int | None) -> str:
    """Why a kernel that nobody ended is gone, in plain words.

    Parameters
    ----------
    exit_code
        Of its process, negative for a signal; None: not known.
    """
    if exit_code == -signal.SIGKILL:
        return "The kernel was killed, most likely because memory ran out."
    if exit_code is not None and exit_code < 0:
        return f"The kernel crashed ({signal.Signals(-exit_code).name})."
    return "The kernel ended on its own" + (f" (exit code {exit_code})." if exit_code is not None else ".")


def _guard(pipe: int, folder: str) -> None:
    """Fork the guard; returns in the process that becomes the kernel."""
    if child := os.fork():
        os.close(pipe)
        os.waitpid(child, 0)
        return
    if os.fork():  # twice, so that a notebook that waits for its own children never waits for the guard
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(pipe, 1)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def let_threads_end() -> None:
    """Wait until threads and processes that the notebook has started are at their end, as Python does before it leaves.

    The notebook's own threads come first, for they may still need executors; then executors, which Python tells at its
    end that no more work comes; then children.
    """
    end = time.monotonic() + PATIENCE_SECONDS

    def wait_for(each: threading.Thread | BaseProcess) -> None:
        each.join(max(end - time.monotonic(), 0))
        if each.is_alive():
            note_thread(sentence("still at work"))

    for thread in threading.enumerate():
        of_pool = thread in _threads_queues or type(thread).__name__ == "_ExecutorManagerThread"
        if thread is not threading.main_thread() and not thread.daemon and not of_pool:
            wait_for(thread)
    leave = list(reversed(threading._threading_atexits))  # type: ignore[attr-defined]
    pools = threading.Thread(target=lambda: [each() for each in leave], daemon=True)
    pools.start()
    wait_for(pools)
    for child in multiprocessing.active_children():
        if not child.daemon:
            wait_for(child)
    # Daemons of the notebook's own may still have something to say; one that goes on for ever is heard no more.
    end = min(end, time.monotonic() + DAEMON_SECONDS)
    for thread in threading.enumerate():
        if thread.daemon and getattr(getattr(thread, "_target", None), "__module__", "") == "__main__":
            wait_for(thread)


async def let_tasks_end() -> None:
    """Wait until tasks of asyncio that the notebook has started are at their end."""
    mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and _of_notebook(task)]
    if not mine:
        return
    done, late = await asyncio.wait(mine, timeout=PATIENCE_SECONDS)
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            note_thread(type(error).__name__)
    for _ in late:
        note_thread(sentence("still at work"))


def _of_notebook(task: "asyncio.Task[Any]") -> bool:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame is not None and frame.f_globals.get("__name__") == "__main__"


def main() -> None:
    """Be the kernel of a run, under a guard that removes what it leaves."""
    _guard(int(sys.argv[1]), sys.argv[2])
    del sys.argv[1:3]
    # PYTHONPATH may name the working directory; IPython adds it once it is up.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]
    from ipykernel.kernelapp import IPKernelApp

    watch_threads()
    app = IPKernelApp.instance()
    app.initialize()
    assert app.shell is not None
    app.shell.events.register("post_run_cell", lambda result: note_refusal(result.error_in_exec))
    app.start()


if __name__ == "__main__":
    main()
