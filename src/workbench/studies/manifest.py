"""Runs on disk: how one is born, what its manifest says, which are alive, and how one is named.

A run's folder comes into being by renaming a hidden one that already holds its manifest and a locked log, so that no
moment exists in which it is there without them. The runner holds the lock on log.txt as long as it lives; `running`
without a lock is a run that died, which is derived on every reading and believed by no one else's word.
"""

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from workbench.errors import RunError, StudyError
from workbench.files import read_json, strict_json, write_atomic
from workbench.studies.definition.parameters import unknown
from workbench.wording import sentence, shown

STATUSES = ("running", "succeeded", "failed", "interrupted")
# What readers of a manifest go by; what an older one does not have is None.
_TEXT, _OBJECT, _LIST = (str, type(None)), (dict, type(None)), (list, type(None))
KINDS = {
    **dict.fromkeys(("study", "run_id", "title", "question", "verdict", "reason", "started", "ended"), _TEXT),
    **dict.fromkeys(("dataset", "where", "git_commit", "lock_hash", "python", "results"), _TEXT),
    **dict.fromkeys(("parameters", "data", "tables", "model", "headline", "key_metric", "failed_cell"), _OBJECT),
    **dict.fromkeys(("inputs", "cells", "warnings", "secret_parameters"), _LIST),
    "exit_code": (int, type(None)),
    "seconds": (int, float, type(None)),
}
TIME = "%Y%m%d-%H%M%S"
RUN_ID = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{6}")
NAMED = {"study", "run_id"}
DIED = "The run ended without a word: it was killed, or the machine stopped."


class _OddError(ValueError):
    """A document that is no manifest of this folder; says what it is."""


def now() -> datetime:
    """The moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def create_run(reports: Path, manifest: dict[str, Any]) -> tuple[Path, IO[str]]:
    """Make the folder of a new run.

    Parameters
    ----------
    reports
        The project's reports/.
    manifest
        Its content; `run_id` is filled in.

    Returns
    -------
    tuple
        The folder, and log.txt opened for appending and locked: the run counts as alive until it is closed.
    """
    home = reports / manifest["study"]
    if home.is_symlink():
        template = "{place} is a link, which no run is written through: move it away, or put a folder in its place."
        raise RunError(sentence(template, place=f"{reports.name}/{home.name}"))
    home.mkdir(parents=True, exist_ok=True)
    run_id = f"{_moment(reports):{TIME}}-{secrets.token_hex(3)}"
    manifest["run_id"] = run_id
    hidden = home / f".{run_id}"
    try:
        for part in ("tables", "figures"):
            (hidden / part).mkdir(parents=True)
        log = open(hidden / "log.txt", "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - the lock lives with it
        fcntl.flock(log, fcntl.LOCK_EX)
        write_atomic(hidden / "manifest.json", strict_json(manifest))
        os.rename(hidden, home / run_id)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return home / run_id, log


def _moment(reports: Path) -> datetime:
    """The moment for a run's id: later than those of all runs, also where a clock was put back (Lamport, 1978)."""
    known = [match[1] for folder in run_folders(reports) if (match := RUN_ID.fullmatch(folder.name))]
    with suppress(ValueError, OverflowError):  # digits that are no moment, or the last there is
        return max(now(), datetime.strptime(max(known, default=""), TIME).replace(tzinfo=UTC) + timedelta(seconds=1))
    return now()


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a run's manifest whole or not at all.

    Parameters
    ----------
    folder
        Of the run.
    manifest
        Its content, which JSON can hold.
    """
    write_atomic(folder / "manifest.json", strict_json(manifest))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is known of the run in `folder`: its manifest, a dead run's told as failed, or why it cannot be read.

    Parameters
    ----------
    folder
        Of the run.

    Returns
    -------
    dict
        The manifest; with status `unreadable` and a reason where it is damaged or not a manifest of this folder.
    """
    try:
        manifest = read_json(folder / "manifest.json")
        if not isinstance(manifest, dict) or manifest.get("status") not in STATUSES or "exit_code" not in manifest:
            raise _OddError("not a manifest")
        if wrong := [name for name, kinds in KINDS.items() if not isinstance(manifest.get(name), kinds)]:
            raise _OddError(f"damaged ({', '.join(wrong)})")
        if not all(isinstance(each, dict) and set(each) >= NAMED for each in manifest.get("inputs") or []):
            raise _OddError("damaged (inputs)")
        if (manifest.get("study"), manifest.get("run_id")) != (folder.parent.name, folder.name):
            raise _OddError("the manifest of another run")
    except FileNotFoundError:
        return _unreadable(folder, "manifest.json is missing")
    except OSError as error:
        return _unreadable(folder, f"manifest.json cannot be read: {error.strerror}")
    except _OddError as error:
        return _unreadable(folder, f"manifest.json is {error}")
    except ValueError:
        return _unreadable(folder, "manifest.json is damaged")
    if manifest["status"] == "running" and not is_alive(folder):
        manifest.update(status="failed", reason=DIED)
    return manifest


def settle(reports: Path, manifests: list[dict[str, Any]]) -> bool:
    """Write down that runs have died, so that it need not be found out again; whether there were any.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifests
        From `read_runs`.
    """
    dead = [manifest for manifest in manifests if manifest.get("reason") == DIED and manifest["exit_code"] is None]
    for manifest in dead:
        with suppress(OSError):  # reading must also work where nothing can be written
            write_manifest(reports / manifest["study"] / manifest["run_id"], {**manifest, "exit_code": 1})
    return bool(dead)


def is_alive(folder: Path) -> bool:
    """Whether a runner holds the lock of this run.

    Parameters
    ----------
    folder
        Of the run.
    """
    try:
        with open(folder / "log.txt", encoding="utf-8", opener=_without_waiting) as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_runs(reports: Path, study: str | None = None) -> list[dict[str, Any]]:
    """Manifests of all runs, newest first (by run id, which starts with the time).

    Parameters
    ----------
    reports
        The folder of all runs.
    study
        Of this study only; of all where it is None.
    """
    folders = [folder for folder in run_folders(reports) if study in (None, folder.parent.name)]
    return [read_manifest(folder) for folder in sorted(folders, key=lambda folder: folder.name, reverse=True)]


def run_folders(reports: Path) -> Iterator[Path]:
    """Folders of runs: two levels below reports/, neither hidden nor links.

    Parameters
    ----------
    reports
        The folder of all runs.
    """
    for home in _folders(reports):
        yield from _folders(home)


def resolve_run(reports: Path, name: str) -> Path:
    """The folder of the run that `name` means.

    Parameters
    ----------
    name
        A run id, a unique prefix of one, STUDY/latest, `latest` of all, or a printed folder.
    reports
        The folder of all runs.

    Raises
    ------
    StudyError
        If it means no run, more than one, or a place outside reports/.
    """
    folders = sorted(run_folders(reports), key=lambda folder: folder.name)
    study, _, last = name.rstrip("/").rpartition("/")
    if name == "latest" and folders:
        return folders[-1]
    if last == "latest" and study in {folder.parent.name for folder in folders}:
        return [folder for folder in folders if folder.parent.name == study][-1]
    if "/" in name or "\\" in name or name.startswith("."):
        # Compared as text with what is there: a link or `..` may lead to a run only by way of its real place.
        place = os.path.realpath(name)
        for folder in folders:
            if place == os.path.realpath(folder) or name.rstrip("/") == f"{folder.parent.name}/{folder.name}":
                return folder
        raise StudyError(f"{shown(name)} is not a run inside {reports.name}/; `workbench runs` lists them.")
    found = [folder for folder in folders if name and folder.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise StudyError(
            f"{shown(name)} begins {len(found)} run ids: {', '.join(folder.name for folder in found[-5:])}."
        )
    raise StudyError(unknown("run", name, [folder.name for folder in folders], "`workbench runs` lists them"))


@contextmanager
def index_lock(reports: Path) -> Iterator[None]:
    """Held while the index is made again, so that the last of many runs at once sees all the others.

    Parameters
    ----------
    reports
        The folder of all runs.
    """
    place = reports / ".index.lock"
    with open(place, "a", encoding="utf-8", opener=_without_waiting) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _without_waiting(place: str, flags: int) -> int:
    """Open a file of our own: something else by its name (a pipe, a link) is a fault, not something to wait for."""
    file = os.open(place, flags | os.O_NONBLOCK | os.O_NOFOLLOW, 0o644)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "is no file", place)
    return file


def _folders(parent: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(parent))
    except (FileNotFoundError, PermissionError):  # what may not be entered holds no runs for us
        return
    for entry in entries:
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _unreadable(folder: Path, reason: str) -> dict[str, Any]:
    return {"run_id": folder.name, "study": folder.parent.name, "status": "unreadable", "reason": reason}
