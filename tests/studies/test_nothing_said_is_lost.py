"""What a study says arrives, whatever its notebook does to its own outputs; real kernels."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benches import gone

CHECK = 'run.checks(workbench.Check(name="gate", status="fail", message="The chains disagree."))'
START = "run = workbench.start_run()"


def results(bench, *steps, expected, env=None, imports="import workbench"):
    bench.study("quiet", START, *steps, imports=imports)
    done = bench.run("run", "quiet", env=env)
    assert done.returncode == expected, done.stderr
    (manifest,) = bench.runs()
    folder = bench.folder(manifest)
    said = json.loads((folder / "results.json").read_text())
    return said, {check["name"]: check for check in said["checks"]}, manifest


@pytest.mark.parametrize(
    "step",
    [
        f"from IPython.display import clear_output\n{CHECK}\nclear_output()",
        f"%%capture\n{CHECK}",
        f"from IPython.utils.capture import capture_output\nwith capture_output():\n    {CHECK}",
        "import multiprocessing\ndef say():\n    "
        f"{CHECK}\nchild = multiprocessing.get_context('fork').Process(target=say)\nchild.start()\nchild.join()",
        f"import threading, time\ndef say():\n    time.sleep(1)\n    {CHECK}\nthreading.Thread(target=say).start()",
        "import multiprocessing, time\ndef say():\n    time.sleep(1)\n    "
        f"{CHECK}\nmultiprocessing.get_context('fork').Process(target=say).start()",
        f"import asyncio\nasync def say():\n    await asyncio.sleep(1)\n    {CHECK}\ntask = asyncio.create_task(say())",
        "import threading, time\nfrom concurrent.futures import ThreadPoolExecutor\ndef later():\n    time.sleep(1)\n"
        f"    with ThreadPoolExecutor(1) as pool:\n        pool.submit(lambda: {CHECK}).result()\n"
        "threading.Thread(target=later).start()",
    ],
    ids=[
        "cleared",
        "cell magic",
        "captured",
        "child process",
        "after the last step",
        "child after the last step",
        "task after the last step",
        "pool after the last step",
    ],
)
def test_a_failed_check_does_not_vanish(bench, step):
    said, checks, _ = results(bench, step, expected=3)
    assert said["verdict"] == "fail"
    assert checks["gate"]["message"] == "The chains disagree."
    assert checks["said_and_shown"]["status"] == "fail"
    assert checks["said_and_shown"]["value"] == 1


@pytest.mark.parametrize(
    "step",
    [
        "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()",
        "import multiprocessing\nchild = multiprocessing.get_context('fork').Process(target=lambda: 1 / 0)\n"
        "child.start()\nchild.join()",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', '1 / 0'])",
        "import asyncio\nasync def fail():\n    await asyncio.sleep(1)\n    1 / 0\ntask = asyncio.create_task(fail())",
        "import threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()",
    ],
    ids=["thread", "fork", "program", "task", "daemon thread"],
)
def test_what_fails_beside_the_steps_is_told(bench, step):
    _, checks, _ = results(bench, step, expected=0)
    assert checks["failed_beside_the_steps"]["status"] == "warn"


def test_an_executor_left_open_does_not_keep_a_run_from_its_end(bench):
    step = (
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\n"
        f"pool.submit(lambda: {CHECK}).result()\nfor _ in range(3):\n    pool.submit(int)"
    )
    _, checks, manifest = results(bench, step, expected=3)
    assert checks["gate"]["status"] == "fail"
    assert manifest["seconds"] < 25


def test_a_bundle_that_was_not_said_fails_the_run(bench):
    step = (
        "from IPython.display import display\nfrom workbench.findings import MIME\n"
        "display({MIME: {'kind': 'metrics', 'metrics': {'invented': 1}}}, raw=True)"
    )
    said, checks, _ = results(bench, step, expected=3)
    assert said["metrics"] == {}
    assert checks["said_by_this_run"]["value"] == 1


def test_an_error_of_a_library_is_no_refusal_of_ours(bench):
    _, _, manifest = results(bench, "import pandas\nraise pandas.errors.DataError('no numeric types')", expected=1)
    assert manifest["reason"] == "DataError: no numeric types"


def test_warnings_as_errors_and_other_odd_settings_do_not_reach_the_kernel(bench):
    _, checks, _ = results(bench, "run.metrics({'one': 1})", expected=0, env={"PYTHONWARNINGS": "error"})
    assert "said_and_shown" not in checks


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has become an orphan")
def test_a_daemon_does_not_outlive_its_run(bench, tmp_path):
    daemon = (
        "import os, sys, time\nos.fork() and os._exit(0)\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\ntime.sleep(600)"
    )
    step = (
        "import subprocess, sys, time, pathlib\n"
        f"subprocess.Popen([sys.executable, '-c', {daemon!r}, {str(tmp_path / 'pid')!r}], start_new_session=True)\n"
        f"while not pathlib.Path({str(tmp_path / 'pid')!r}).exists():\n    time.sleep(0.1)\ntime.sleep(0.2)"
    )
    _, checks, _ = results(bench, step, expected=0)
    gone([int((tmp_path / "pid").read_text())])
    assert "a process that went on" in checks["failed_beside_the_steps"]["message"]


def test_a_run_that_rewrites_its_manifest_later_is_told(bench):
    _, _, manifest = results(bench, "run.metrics({'one': 1})", expected=0)
    path = bench.folder(manifest) / "manifest.json"
    path.write_text(path.read_text().replace('"verdict": "warn"', '"verdict": "pass"'))
    assert "changed after it ended" in bench.run("runs").stdout


def test_a_long_folder_for_temporary_files_is_no_hindrance(bench, tmp_path):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    results(bench, "run.metrics({'one': 1})", expected=0, env={"TMPDIR": str(deep)})


@pytest.mark.parametrize(
    "step",
    [
        "from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(abs)(i) for i in range(4))",
        "import logging\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('a fallback is taken')",
    ],
    ids=["idle pool of processes", "error that is caught and logged"],
)
def test_what_is_in_order_is_not_told(bench, step):
    _, checks, manifest = results(bench, step, expected=0)
    assert "failed_beside_the_steps" not in checks
    assert manifest["seconds"] < 25


def test_a_pool_that_hangs_is_waited_for_no_longer_than_patience():
    program = (
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from workbench.studies.execution import journal, kernel\nkernel.PATIENCE_SECONDS = 0.5\nsaid = []\n"
        "kernel.note_thread = said.append\nThreadPoolExecutor(1).submit(threading.Event().wait)\n"
        "kernel.let_threads_end()\nprint(said, flush=True)\nimport os; os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "['still at work']"


def test_what_a_notebook_leaves_in_the_folder_for_temporary_files_goes_with_it(bench, tmp_path):
    step = (
        "import tempfile, pathlib\nfile = tempfile.NamedTemporaryFile(delete=False)\n"
        f"pathlib.Path({str(tmp_path / 'name')!r}).write_text(file.name)"
    )
    results(bench, step, expected=0)
    assert not Path((tmp_path / "name").read_text()).exists()


def test_what_a_compiler_leaves_in_the_folder_for_temporary_files_goes_with_it(bench, tmp_path):
    """PyTensor writes the sources that Numba compiles into files that it does not remove, 13 in a run of a model."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    step = (
        "import pathlib, tempfile, pytensor, pytensor.tensor as pt\nx = pt.dscalar('x')\n"
        "assert pytensor.function([x], x * 2 + 1, mode='NUMBA')(3.0) == 7\n"
        "found = [str(each) for each in pathlib.Path(tempfile.gettempdir()).rglob('*') if each.is_file()]\n"
        f"pathlib.Path({str(tmp_path / 'names')!r}).write_text('\\n'.join(found))"
    )
    results(bench, step, expected=0, env={"TMPDIR": str(folder)})
    made = (tmp_path / "names").read_text().splitlines()
    assert made
    assert not [each for each in made if Path(each).exists()]
    assert list(folder.iterdir()) == []
