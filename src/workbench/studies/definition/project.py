"""Where things lie: the project that a command was called in."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import StudyError


@dataclass(frozen=True)
class Project:
    """The folder that holds notebooks/, data/ and reports/.

    Attributes
    ----------
    root
        The folder.
    kept
        Where runs are written instead of reports/, if so.
    """

    root: Path
    kept: Path | None = None

    @property
    def notebooks(self) -> Path:
        """Where studies are."""
        return self.root / "notebooks"

    @property
    def reports(self) -> Path:
        """Where runs are written."""
        return self.kept or self.root / "reports"

    @property
    def earlier_reports(self) -> Path:
        """Where earlier runs are, wherever this one is written."""
        return self.root / "reports"

    @classmethod
    def find(cls, start: Path | None = None) -> "Project":
        """The nearest folder above `start` (by default the working directory) with notebooks/ and data/.

        Parameters
        ----------
        start
            A folder in the project.

        Raises
        ------
        StudyError
            If there is none.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "notebooks").is_dir() and (folder / "data").is_dir():
                return cls(folder)
        raise StudyError(
            f"no project here: neither {start} nor a folder above it has notebooks/ and data/. "
            "Change into a project's folder, or clone one."
        )

    def lock_hash(self) -> str | None:
        """SHA-256 of requirements.lock, or None without one."""
        lock = self.root / "requirements.lock"
        return "sha256:" + hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None

    def git_state(self) -> tuple[str | None, bool | None]:
        """Commit that is checked out, and whether files differ from it; None, None outside a repository."""

        def git(*arguments: str) -> str | None:
            try:
                done = subprocess.run(
                    ["git", *arguments],
                    cwd=self.root,
                    capture_output=True,
                    text=True,
                    timeout=10,
                    check=True,
                    env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
                )
            except (OSError, subprocess.SubprocessError):  # git absent, no repository, or no answer: not known
                return None
            return done.stdout.strip()

        commit = git("rev-parse", "HEAD")
        status = git("status", "--porcelain") if commit else None
        return commit, None if status is None else bool(status)
