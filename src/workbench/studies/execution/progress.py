"""What is seen while a study runs: on a terminal one line that ticks, in a pipe one line a step."""

import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from workbench.pace import how_far
from workbench.terminal import one_line

TICK_SECONDS = 1.0  # often enough to be seen to live


class Progress:
    """Study, step with its heading, and elapsed time.

    Parameters
    ----------
    study
        Its name.
    stream
        By default standard error.

    Attributes
    ----------
    pace
        The file in which the kernel tells how far a long step has come, once there is a kernel.
    """

    def __init__(self, study: str, stream: TextIO | None = None):
        self.study = study
        self.pace: Path | None = None
        stream = stream or sys.stderr
        self.stream: TextIO = getattr(stream, "plain", stream)  # it moves the cursor itself
        self.live = self.stream.isatty()
        self.started = time.monotonic()
        self._step = ""
        self._heading: str | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()

    def cell(self, index: int, count: int, heading: str) -> None:
        """Say that the cell `index` of `count` has begun.

        Parameters
        ----------
        index
            From 0.
        count
            Of all cells.
        heading
            Under which the cell stands.
        """
        begun = not self._step
        if self.pace:
            self.pace.unlink(missing_ok=True)
        self._step = f"step {index + 1} of {count}"
        if self.live:
            self._heading = heading
            self._show()
            if begun:
                threading.Thread(target=self._tick, daemon=True).start()
        elif heading != self._heading:
            self._heading = heading
            self.stream.write(f"{one_line(self._line())}\n")
            self.stream.flush()

    def done(self) -> None:
        """Take the line away."""
        with self._lock:
            self._over.set()
            if self.live:
                self._write("")

    def _tick(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            self._show()

    def _show(self) -> None:
        with self._lock:
            if not self._over.is_set():
                self._write(self._line())

    def _line(self) -> str:
        far = how_far(self.pace) if self.pace else None
        told = f"  {far[0]} of {far[1]}" if far else ""
        return f"{self.study}  {self._step}  {time.monotonic() - self.started:.0f} s  {self._heading}{told}"

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self.stream.write(f"\r\x1b[K{one_line(text)[:width]}")
        self.stream.flush()
