"""Small projects with tiny notebooks of one fault each, and the real command line as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PARAMETERS = "seed: int = 1  # fixes every draw"


def markdown(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, *tags):
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells):
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


@dataclass
class Bench:
    """A project in a temporary folder and the command line in it."""

    root: Path

    @property
    def reports(self):
        return self.root / "reports"

    def study(self, name, *steps, parameters=PARAMETERS, imports="import workbench"):
        """Write a study; each step is the source of a cell, or a cell."""
        steps = [
            part
            for number, step in enumerate(steps, start=1)
            for part in (markdown(f"## Step {number}"), code(step) if isinstance(step, str) else step)
        ]
        cells = [markdown(f"# {name.title()}\n\nWhat does {name} do? It is small."), code(imports)]
        cells += [code(parameters, "parameters"), *steps]
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps(notebook(*cells)))
        return path

    def dataset(self, name):
        """Write a dataset of thirty customers, half of whom left."""
        folder = self.root / "data" / name
        folder.mkdir()
        rows = [f"c{i},{i + 1},{i % 2}" for i in range(30)]
        (folder / "people.csv").write_text("\n".join(["customer_id,duration,event", *rows]) + "\n")
        columns = "customer_id: {}\n      duration: {unit: months}\n      event: {}"
        columns = columns.replace("{}", "{personal: false}", 1).replace("event: {}", "event: event")
        (folder / "dataset.yaml").write_text(
            f"title: People\ntables:\n  lifetimes:\n    file: people.csv\n    columns:\n      {columns}\n"
        )

    def command(self, *arguments):
        return [sys.executable, "-m", "workbench.cli", *map(str, arguments)]

    def start(self, *arguments, env=None, cwd=None, **options):
        with heard():
            return subprocess.Popen(
                self.command(*arguments),
                cwd=cwd or self.root,
                env={**os.environ, **(env or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                **options,
            )

    def run(self, *arguments, seconds=120, **options):
        """Run one command to its end, for so long at most; the result has returncode, stdout and stderr."""
        process = self.start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=seconds)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def runs(self):
        return json.loads(self.run("runs", "--json").stdout)

    def folder(self, manifest):
        return self.reports / manifest["study"] / manifest["run_id"]


@contextmanager
def heard(numbers=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
    """What is started inside hears these signals, also where the suite itself ignores them (nohup, a job of a shell).

    A signal that is ignored stays so over exec; one that is handled has its default there.
    """
    ignored = [each for each in numbers if signal.getsignal(each) == signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        ignored = []  # only the main thread may
    for each in ignored:
        signal.signal(each, lambda *_: None)
    try:
        yield
    finally:
        for each in ignored:
            signal.signal(each, signal.SIG_IGN)


def wait_for(condition, seconds=60):
    """Wait until `condition()` is true and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still waiting after {seconds} s"
        time.sleep(0.02)
    return value


def alive(pid):
    """Whether a process runs; one that has ended and is not collected yet counts as gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def gone(pids, seconds=5):
    wait_for(lambda: not any(alive(pid) for pid in pids), seconds)


SIGNALS = {"ctrl-c": signal.SIGINT, "sigterm": signal.SIGTERM, "kill": signal.SIGKILL}
