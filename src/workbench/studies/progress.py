"""What someone at a terminal sees while a study runs: one line that is written over. Silent in a pipe."""

import shutil
import sys
import time
from typing import TextIO


class Progress:
    """Study, step with its heading, and elapsed time, on a stream that is a terminal.

    Parameters
    ----------
    study
        Its name.
    stream
        By default standard error.
    """

    def __init__(self, study: str, stream: TextIO | None = None):
        self.study = study
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.started = time.monotonic()

    def cell(self, index: int, count: int, heading: str) -> None:
        """Say that the cell `index` of `count` has begun."""
        if self.live:
            elapsed = time.monotonic() - self.started
            self._write(f"{self.study}  step {index + 1} of {count}  {elapsed:.0f} s  {heading}")

    def done(self) -> None:
        """Take the line away."""
        if self.live:
            self._write("")

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        printable = "".join(character if character.isprintable() else " " for character in text)
        self.stream.write(f"\r\x1b[K{printable[:width]}")
        self.stream.flush()
