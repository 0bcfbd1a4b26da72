"""The cells of the study, run in this process on tables in memory, and what it says, kept."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd

import workbench
from workbench.findings import Check, Finding
from workbench.models import survival
from workbench.studies.session import Run

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "churn_survival.ipynb"


@dataclass
class Kept(Run):
    """Stands for the run of a notebook; `show` is that of every run.

    Attributes
    ----------
    findings, checks, metrics, tables
        In the order in which they were said; tables by name, as they are before small groups are hidden.
    """

    frames: dict[str, pd.DataFrame]
    labels: dict[str, str]
    declared: list[str]
    extracted: object = None
    time_unit: str = "months"
    seed: int = 1
    findings: list[Finding] = field(default_factory=list)
    said: list[Check] = field(default_factory=list)
    numbers: dict = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def first(self):
        """The table that is said to have the segments."""
        return next(iter(self.frames))

    @property
    def dataset(self):
        """What the notebook asks of a dataset's definition."""

        def column(name):
            return SimpleNamespace(
                name=name,
                label=self.labels.get(name, name.replace("_", " ").capitalize()),
                constant=False,
                role="",
                weighting="",
            )

        tables = {
            name: SimpleNamespace(
                columns=[column(each) for each in frame],
                time_unit=self.time_unit,
                records_since=None,
                segments=self.declared if name == self.first else [],
            )
            for name, frame in self.frames.items()
        }
        return SimpleNamespace(tables=tables, extracted=self.extracted)

    def one_of(self, *names, choice=None):
        name = choice or next(name for name in names if name in self.frames)
        return name, self.table(name)

    def table(self, name, *, optional=False):
        return self.frames[name].copy() if name in self.frames else None

    def finding(self, findings):
        self.findings += [findings] if isinstance(findings, Finding) else list(findings)

    def checks(self, checks):
        self.said += [checks] if isinstance(checks, Check) else list(checks)

    def metrics(self, metrics):
        self.numbers |= metrics

    def figure(self, figure, name, *, title, **words):
        self.titles[name] = title
        plt.close("all")

    def export(self, frame, name, **words):
        self.tables[name] = frame

    def keep(self, frame, name, **declared):
        self.tables[name] = frame


def run_study(monkeypatch, frames, *, labels=None, segments=(), extracted=None, beyond_data=True, **parameters) -> Kept:
    """Run every cell of the notebook.

    Parameters
    ----------
    frames
        Canonical tables by name.
    beyond_data
        Whether curves are carried on beyond the data, which takes most of the time.
    parameters
        Of the study, instead of their defaults.
    """
    if not beyond_data:
        monkeypatch.setattr(survival, "extrapolate_curves", lambda *arguments, **settings: None)
    kept = Kept(frames=frames, labels=labels or {}, declared=list(segments), extracted=extracted)
    monkeypatch.setattr(workbench, "start_run", lambda: kept)
    values = {"__name__": "study"}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        exec(compile("".join(cell["source"]), f"<cell {cell['id']}>", "exec"), values)
        if "parameters" in cell["metadata"].get("tags", []):
            values |= parameters
    return kept
