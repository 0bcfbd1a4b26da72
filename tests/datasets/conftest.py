"""A project with one dataset, written by a test."""

from pathlib import Path

import pytest

from workbench import cli, datasets

YAML = """\
title: People
tables:
  lifetimes:
    file: rows.csv
    columns:
      customer_id: id
      duration: {from: months, unit: months}
      event: left
"""
CSV = "id,months,left,plan\na,1.5,1,x\nb,3,0,y\nc,0,1,x\n"


class Project:
    """A folder with data/people/: dataset.yaml and rows.csv."""

    def __init__(self, root: Path):
        self.root = root
        self.folder = root / "data" / "people"
        self.folder.mkdir(parents=True)
        self.write(YAML, CSV)

    def write(self, yaml: str | None = None, rows: str | bytes | None = None) -> "Project":
        if yaml is not None:
            (self.folder / "dataset.yaml").write_text(yaml, encoding="utf-8")
        if rows is not None:
            (self.folder / "rows.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
        return self

    def find(self, name: str = "people") -> datasets.Dataset:
        return datasets.find(name, self.root)

    def load(self):
        return self.find().load("lifetimes")


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


class Command:
    """The command line in this process: arguments → exit code, what was said, what was complained of."""

    def __init__(self, root: Path, capsys):
        self.root, self.folder, self._capsys = root, root / "data" / "people", capsys
        (root / "notebooks").mkdir(parents=True)
        self.folder.mkdir(parents=True)

    def take(self, project: Project) -> None:
        """Put the files of another project's dataset here."""
        for path in project.folder.iterdir():
            (self.folder / path.name).write_bytes(path.read_bytes())

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(arguments)
        except SystemExit as end:  # argparse
            code = end.code
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def command(tmp_path, monkeypatch, capsys) -> Command:
    made = Command(tmp_path / "project", capsys)
    monkeypatch.chdir(made.root)
    for name in ("KEY", "KEY_FILE"):
        monkeypatch.delenv(f"WORKBENCH_PSEUDONYM_{name}", raising=False)
    return made
