"""Processes that leave the group of their kernel: they are found and ended with the run that started them."""

import ctypes
import os
import sys

import psutil

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux: who loses its parent becomes a child of this process, not of the first of all."""
SECONDS = 5.0  # a killed process is gone at once, unless it waits for a disk


class Strays:
    """Knows which children there were before the kernel, and ends those that came after."""

    def __init__(self) -> None:
        self._before = {child.pid for child in psutil.Process().children()}
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)

    def end(self, kernel: int | None) -> int:
        """End what is left of a kernel that has ended; how many were still at work.

        Parameters
        ----------
        kernel
            Its process, for which its manager waits; None: it was never started.
        """
        alive = 0
        while left := [each for each in psutil.Process().children() if each.pid not in self._before | {kernel}]:
            working = [each for each in left if each.status() != psutil.STATUS_ZOMBIE and not _of(kernel, each.pid)]
            alive += len(working)
            for each in left:
                each.kill()
            _, stuck = psutil.wait_procs(left, timeout=SECONDS)
            if stuck:
                break
        return alive


def _of(kernel: int | None, pid: int) -> bool:
    """Whether a process is of the kernel's group, which was ended as a whole."""
    try:
        return os.getpgid(pid) == kernel
    except ProcessLookupError:
        return True
