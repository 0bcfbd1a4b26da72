"""`make bench`: whole commands, timed from outside, beside what a user would pick instead."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
REPETITIONS = 5
RUNS = 1000


def seconds(*command: str, cwd: Path, codes: tuple[int, ...] = (0,)) -> float:
    """Wall time of one command."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return elapsed


def show(what: str, *values: float, wanted: str = "") -> float:
    middle = statistics.median(values)
    print(f"{what:<58}{middle:7.2f} s  ({min(values):.2f}-{max(values):.2f})  {wanted}", flush=True)
    return middle


def trivial_project(folder: Path) -> Path:
    """A project with one study that imports pandas and states one finding."""

    def cell(kind: str, source: str, *tags: str) -> dict:
        made = {"cell_type": kind, "id": f"c{len(source)}", "metadata": {"tags": list(tags)}, "source": source}
        return made if kind == "markdown" else {**made, "outputs": [], "execution_count": None}

    for name in ("notebooks", "data"):
        (folder / name).mkdir(parents=True)
    finding = (
        "run = workbench.start_run()\n"
        'run.finding(workbench.Finding(id="sum", statement=f"The sum is {pandas.Series([1, 2]).sum()}.",'
        ' estimate=3, evidence="descriptive"))'
    )
    cells = [
        cell("markdown", "# Trivial\n\nWhat does nothing cost?"),
        cell("code", "import pandas\nimport workbench"),
        cell("code", "seed: int = 1  # fixes every draw", "parameters"),
        cell("code", finding),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "notebooks" / "trivial.ipynb").write_text(json.dumps(content))
    return folder


def bench_trivial_study(project: Path) -> None:
    ours, plain = [], []
    source, executed = project / "notebooks" / "trivial.ipynb", project / "out.ipynb"
    for repetition in range(REPETITIONS + 1):
        mine = seconds(str(BIN / "workbench"), "run", "trivial", cwd=project)
        pair = seconds(str(BIN / "papermill"), str(source), str(executed), cwd=project)
        pair += seconds(str(BIN / "jupyter"), "nbconvert", "--to", "html", str(executed), cwd=project)
        if repetition:  # the first fills the caches of the file system for both
            ours.append(mine)
            plain.append(pair)
    middle = show("workbench run trivial", *ours)
    beside = show("papermill + jupyter nbconvert", *plain)
    print(f"{'  ratio of the medians':<58}{middle / beside:7.2f}    wanted: at most 0.70")


def bench_light_answers(project: Path) -> None:
    folder = project / "reports" / "trivial"
    known = json.loads(next(folder.glob("*/manifest.json")).read_text())
    for number in range(RUNS - len(list(folder.iterdir()))):
        run_id = f"20250101-{number:06d}-abcdef"
        (folder / run_id).mkdir()
        (folder / run_id / "manifest.json").write_text(json.dumps({**known, "run_id": run_id}))
    for arguments in (["--help"], ["list"], ["runs"], ["runs", "--json"]):
        times = [seconds(str(BIN / "workbench"), *arguments, cwd=project) for _ in range(REPETITIONS)]
        count = f" ({RUNS} runs)" if arguments[0] == "runs" else ""
        show(f"workbench {' '.join(arguments)}{count}", *times, wanted="wanted: at most 0.50 s")
    refused = [str(BIN / "workbench"), "run", "trivial", "-p", "sed=1"]
    show(
        "a run refused for a parameter",
        *(seconds(*refused, cwd=project, codes=(2,)) for _ in range(REPETITIONS)),
        wanted="wanted: at most 2 s",
    )


def bench_first_study() -> None:
    started = time.perf_counter()
    command = [str(BIN / "workbench"), "run", "churn_survival", "--dataset", "telco"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    show("workbench run churn_survival --dataset telco", time.perf_counter() - started)
    size = os.path.getsize(ROOT / done.stdout.split()[-1] / "report.html")
    print(f"{'  size of its report':<58}{size / 1e6:7.2f} MB  wanted: at most 1.50 MB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        project = trivial_project(Path(folder) / "project")
        bench_trivial_study(project)
        bench_light_answers(project)
    bench_first_study()
