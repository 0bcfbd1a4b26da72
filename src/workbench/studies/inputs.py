"""What a notebook gets of an earlier run: its numbers, findings, parameters, and the tables that it left for others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.declared import faults
from workbench.declared.contract import DRAW
from workbench.errors import DataError, StudyError
from workbench.files import file_hash
from workbench.findings import Finding, Metric
from workbench.studies.kept import MODEL, declaration_of
from workbench.studies.manifest import read_manifest
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    from pandas import DataFrame

INPUTS = "inputs.json"
"""In the folder that is laid ready for a run: where the earlier runs are that it may read."""
RECORDED = "recorded.json"
"""There too: from when and until when the records of each table with dates say what happened."""
DATED = ("subscriptions", "transactions")
"""Tables that say when customers were there, and until when."""
GROUPS = "groups.json"
"""In model/ of a run: which groups of customers the model knows."""


@dataclass(frozen=True)
class EarlierRun:
    """An earlier run of another study, for `run.earlier`; whether it may be read was settled before.

    Attributes
    ----------
    folder
        Of the earlier run.
    """

    folder: Path
    _read: "dict[str, DataFrame]" = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """All that is written down of it."""
        return read_manifest(self.folder)

    @cached_property
    def _results(self) -> Mapping[str, Any]:
        path = self.folder / "results.json"
        self._whole(path, self.manifest["results"])
        return json.loads(path.read_text(encoding="utf-8"))

    @property
    def id(self) -> str:
        """Its run id."""
        return self.folder.name

    @property
    def study(self) -> str:
        """Whose run it is."""
        return self.folder.parent.name

    @property
    def verdict(self) -> str:
        """`pass` or `warn`."""
        return self.manifest["verdict"]

    @property
    def warnings(self) -> list[Mapping[str, str]]:
        """What it warns of, without what data of its kind always carry: name, title and message."""
        return self.manifest["warnings"]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its parameters as plain data."""
        return self.manifest["parameters"]

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Its numbers by name."""
        return self._results["metrics"]

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """What it found, by id; the first is its headline."""
        found = {}
        for each in self._results["findings"]:
            rests = tuple(other["study"] for other in each["rests_on"])
            interval = each["interval"] and tuple(each["interval"])
            found[each["id"]] = Finding(**{**each, "interval": interval, "rests_on": rests})
        return found

    @property
    def tables(self) -> list[str]:
        """Names of the tables that it left for other studies."""
        return [name for name, each in self.manifest["tables"].items() if each["declared"]]

    def table(self, name: str) -> "DataFrame":
        """A table that the run left for other studies, checked against what is declared of it.

        Parameters
        ----------
        name
            A plain string: the runner reads it from the source.

        Returns
        -------
        DataFrame
            One copy a call.

        Raises
        ------
        StudyError
            When the run has no such table for others.
        DataError
            When its file is gone, was changed, or breaks its declaration.
        """
        if name not in self._read:
            if name not in self.tables:
                template = "{study} {run} has no table {name} for other studies; it has {known}."
                known = listing(self.tables) or sentence("none")
                raise StudyError(sentence(template, study=self.study, run=self.id, name=shown(name), known=known))
            import pandas

            written = self.manifest["tables"][name]
            path = self.folder / written["file"]
            self._whole(path, written["sha256"])
            frame = pandas.read_parquet(path)
            declaration = declaration_of(path)
            if declaration is not None and (broken := faults(declaration, frame)):
                raise DataError(*(f"{self.study} {self.id}: {fault}" for fault in broken))
            self._read[name] = frame
        return self._read[name].copy()

    def draws(self, name: str) -> "DataFrame":
        """A table of draws, in the order of its draws.

        Parameters
        ----------
        name
            A plain string, as of `table`.

        Returns
        -------
        DataFrame
            With a column `draw` that counts from 0; `workbench.draws.join` puts draws of several runs together.

        Raises
        ------
        StudyError
            When the table has no draws.
        """
        frame = self.table(name)
        if DRAW not in frame.columns:
            template = "{study}: the table {name} has no draws; `.table` reads it."
            raise StudyError(sentence(template, study=self.study, name=shown(name)))
        frame = frame.sort_values(DRAW, kind="stable", ignore_index=True)
        frame.attrs = {"study": self.study, "run": self.id, "table": name, "follows": self._followed(name)}
        return frame

    def groups(self) -> Mapping[str, Any] | None:
        """Which groups of customers its model knows (`Groups.card`); None where it says nothing of them.

        Raises
        ------
        DataError
            When the file is gone, or was changed.
        """
        expected = (self.manifest.get("model") or {}).get(f"{MODEL}/{GROUPS}")
        if expected is None:
            return None
        path = self.folder / MODEL / GROUPS
        self._whole(path, expected)
        return json.loads(path.read_text(encoding="utf-8"))

    def _followed(self, name: str) -> list[str]:
        """Ids of the earlier runs of whose draws those of a table were made, one by one."""
        declaration = declaration_of(self.folder / self.manifest["tables"][name]["file"])
        studies = {each.partition(".")[0] for each in (declaration.follows if declaration else ())}
        return [each["run_id"] for each in self.manifest["inputs"] if each["study"] in studies]

    def _whole(self, path: Path, expected: str) -> None:
        if not path.is_file():
            template = "{study} {run}: {file} is missing."
            raise DataError(sentence(template, study=self.study, run=self.id, file=path.name))
        if file_hash(path) != expected:
            template = "{study} {run}: {file} has been changed since the run ended."
            raise DataError(sentence(template, study=self.study, run=self.id, file=path.name))


def matches(manifest: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether a run has these values, each of its manifest or of one of its parameters.

    Parameters
    ----------
    manifest
        Of the run.
    where
        By name of a field or a parameter the value it must have.
    """
    parameters = manifest.get("parameters") or {}
    return all((manifest[name] if name in manifest else parameters.get(name)) == value for name, value in where.items())
