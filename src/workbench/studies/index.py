"""reports/index.json: which runs there are, of which part of which data, and their manifests' hashes.

A manifest holds the hashes of a run's results and tables; its own hash is held here, as it was when the run ended. Both
indexes are made again under one lock after every run.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import StudyError
from workbench.files import file_hash, read_json, strict_json, write_atomic
from workbench.studies.definition.notebook import study_paths
from workbench.studies.definition.parameters import unknown
from workbench.studies.definition.project import Project
from workbench.studies.manifest import index_lock, read_runs, run_folders

INDEX = "index.json"
TOLD = ("run_id", "study", "dataset", "where", "status", "verdict", "started")


def rebuild(reports: Path) -> None:
    """Make index.json and index.html again of all runs that are there.

    Parameters
    ----------
    reports
        The folder of all runs.

    Raises
    ------
    OSError
        An index cannot be written; it is then as it was.
    """
    from workbench.reporting.index import rebuild_index

    with index_lock(reports):
        manifests = marked(reports, read_runs(reports))
        known = read_index(reports)
        entries = [_entry(reports, manifest, known.get(manifest["run_id"], {})) for manifest in manifests]
        write_atomic(reports / INDEX, strict_json(entries))
        rebuild_index(reports, manifests)


def read_index(reports: Path) -> Mapping[str, Mapping[str, Any]]:
    """What index.json says of each run, by its id; empty where there is none that can be read.

    Parameters
    ----------
    reports
        The folder of all runs.
    """
    try:
        entries = read_json(reports / INDEX)
        return {each["run_id"]: each for each in entries}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def is_stale(reports: Path, manifests: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the index lacks a run, or knows it in another state: a runner was killed before it wrote there.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifests
        From `read_runs`.
    """
    known = read_index(reports)
    return any(known.get(each["run_id"], {}).get("status") != each["status"] for each in manifests)


def marked(reports: Path, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Manifests with `changed` on those of runs whose manifest or results are not what they left.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifests
        From `read_runs`.
    """
    known = read_index(reports)
    return [
        {**each, "changed": True} if _changed(reports / each["study"] / each["run_id"], each, known) else each
        for each in manifests
    ]


def _changed(folder: Path, manifest: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> bool:
    expected = {
        folder / "manifest.json": known.get(folder.name, {}).get("manifest"),
        folder / "results.json": manifest.get("results"),
    }
    try:
        return any(left is not None and file_hash(path) != left for path, left in expected.items())
    except OSError:  # gone, or closed to us
        return True


def changed(folder: Path) -> bool:
    """Whether the manifest of a run is another than the run left.

    Parameters
    ----------
    folder
        Of the run.
    """
    expected = read_index(folder.parents[1]).get(folder.name, {}).get("manifest")
    return expected is not None and file_hash(folder / "manifest.json") != expected


def _entry(reports: Path, manifest: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a run; a hash that was written down stands, whatever has become of the file since."""
    ended = manifest.get("exit_code") is not None
    written = known.get("manifest")
    if written is None and ended:
        written = file_hash(reports / manifest["study"] / manifest["run_id"] / "manifest.json")
    return {**{name: manifest.get(name) for name in TOLD}, "manifest": written}


def refuse_unknown(project: Project, name: str) -> None:
    """Refuse a name that is no study, now or of an earlier run.

    Parameters
    ----------
    project
        With its notebooks and runs.
    name
        As it was given.

    Raises
    ------
    StudyError
        With the nearest name.
    """
    known = {path.stem for path in study_paths(project.notebooks)}
    known |= {folder.parent.name for folder in run_folders(project.reports)}
    if name not in known:
        raise StudyError(unknown("study", name, known, "`workbench list` shows what there is"))
