"""Studies run in this process, and all that they leave: files, what was said, and tables as they were before."""

import contextlib
import io
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

import workbench
from tests.conftest import ROOT
from workbench.studies import channel
from workbench.studies.execution.journal import VARIABLE
from workbench.studies.inputs import EarlierRun
from workbench.studies.session import Run


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A table before small groups were hidden in it."""

    frame: pd.DataFrame
    people: str
    by: list
    within: list


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run has left.

    Attributes
    ----------
    folder
        Of the run.
    before
        Tables before anything was hidden, by name.
    said
        Payloads: findings, checks, metrics, tables, figures.
    lines
        By figure, the points of each line that it draws.
    """

    folder: Path
    before: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    lines: dict = field(default_factory=dict)

    @cached_property
    def tables(self):
        """Public tables by name, as they lie there."""
        return {path.stem: pd.read_parquet(path) for path in sorted((self.folder / "tables").glob("*.parquet"))}

    @cached_property
    def private(self):
        return {path.stem: pd.read_parquet(path) for path in sorted((self.folder / "private").glob("*.parquet"))}

    @cached_property
    def texts(self):
        """Everything that can be read as text, by where it stands."""
        found = {f"said: {each['kind']} {n}": json.dumps(each, ensure_ascii=False) for n, each in enumerate(self.said)}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(self.folder).as_posix()] = path.read_bytes().decode("utf-8", errors="replace")
        return found

    def hidden(self):
        """(table, key) of each hidden row: the key as {column: value}."""
        for name, cells in self.before.items():
            shown = self.tables[name]
            if "suppressed" in shown:
                keys = [*cells.by, *cells.within]
                for row in shown.loc[shown["suppressed"], keys].to_dict("records"):
                    yield name, row


def run(root, study, monkeypatch, *, earlier=(), run_id="one", **parameters):
    """Run every cell of a study's notebook on the dataset `planted` of a project.

    Parameters
    ----------
    earlier
        What earlier runs have left, by study.
    parameters
        Of the study, instead of its defaults.
    """
    folder = Path(root) / "reports" / study / run_id
    (folder / "figures").mkdir(parents=True)
    left = Left(folder=folder)
    journal = Path(root) / f"said-{study}-{run_id}.jsonl"
    hide = channel.without_small_groups

    def hiding(frame, people, by, within, values, k):
        name = names[-1]
        if people is not None:
            whole = frame.reset_index(drop=True)
            left.before[name] = Cells(frame=whole, people=people, by=list(by), within=list(within))
        return hide(frame.reset_index(drop=True), people, by, within, values, k)

    names = []
    export = Run.export

    def exporting(self, frame, name, **words):
        names.append(name)
        return export(self, frame, name, **words)

    figure = Run.figure

    def drawing(self, drawn, name, **words):
        whole = getattr(drawn, "figure", None) or drawn
        left.lines[name] = [np.asarray(line.get_xydata()) for ax in whole.axes for line in ax.get_lines()]
        return figure(self, drawn, name, **words)

    with monkeypatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.chdir(root)
        patch.setenv(VARIABLE, os.fspath(journal))
        patch.setattr(channel, "without_small_groups", hiding)
        patch.setattr(Run, "export", exporting)
        patch.setattr(Run, "figure", drawing)
        known = {name: _Unchecked(each) for name, each in dict(earlier).items()}
        patch.setattr(Run, "earlier", lambda self, name, **how: known.get(name))
        values = {"__name__": "study"}
        patch.setattr(workbench, "start_run", lambda: Run(values, folder))
        for cell in json.loads((ROOT / "notebooks" / f"{study}.ipynb").read_text())["cells"]:
            if cell["cell_type"] != "code":
                continue
            exec(compile("".join(cell["source"]), f"<{study} {cell['id']}>", "exec"), values)
            if "parameters" in cell["metadata"].get("tags", []):
                values |= {"dataset": "planted", **parameters}
    left.said.extend(json.loads(line) for line in journal.read_text().splitlines())
    return left


class _Unchecked(EarlierRun):
    """An earlier run of this process: it has no manifest."""

    def table(self, name):
        home = "private" if (self.folder / "private" / f"{name}.parquet").exists() else "tables"
        return pd.read_parquet(self.folder / home / f"{name}.parquet")

    def _followed(self, name):
        return []
