"""What bad things do to a run: real kernels, real signals."""

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.benches import alive, code, gone, wait_for
from workbench.findings import MIME
from workbench.studies.execution.progress import Progress

# Ten of each moment of ending are shown by `make test-all`, two of each by `make test`.
REPETITIONS = [pytest.param(n, marks=pytest.mark.slow if n > 1 else ()) for n in range(10)]

FINDING = """run = workbench.start_run()
run.finding(workbench.Finding(id="answer", statement="The answer is 42.", estimate=42, evidence="descriptive"))
run.metrics({"answer": 42})"""

# A cell that starts a process of its own, says both numbers and then hangs.
HANG = """import os, pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path("pids.tmp").write_text(f"{os.getpid()} {child.pid}")
os.rename("pids.tmp", "pids.txt")
time.sleep(600)"""


@pytest.fixture(autouse=True)
def private_temp(tmp_path, monkeypatch):
    """Whatever is left over in the temporary folder is ours."""
    # A socket's path has at most 107 bytes, so not below pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    left = list(folder.rglob("*"))
    for path in sorted(left, reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    assert not left, f"left over: {left}"


def statuses(notebook):
    return [cell["metadata"]["papermill"]["status"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


def finished(bench, done, expected):
    """The manifest of the only run, after checking what every finished run has."""
    assert done.returncode == expected, done.stderr
    (manifest,) = bench.runs()
    folder = bench.folder(manifest)
    assert bench.root / done.stdout.splitlines()[-1] == folder
    for name in ("manifest.json", "results.json", "notebook.ipynb", "report.html", "log.txt"):
        assert (folder / name).stat().st_size > 0, name
    assert manifest["exit_code"] == expected
    assert manifest["run_id"] in (bench.reports / "index.html").read_text()
    assert not [path for path in folder.rglob(".*")]
    return manifest


def failed(bench, done, expected=1):
    manifest = finished(bench, done, expected)
    folder = bench.folder(manifest)
    assert manifest["status"] == ("failed" if expected == 1 else "interrupted")
    assert manifest["verdict"] is None
    assert json.loads((folder / "results.json").read_text())["verdict"] == "fail"
    assert manifest["reason"] in done.stderr
    assert "Traceback" not in done.stderr
    assert ("This run FAILED" if expected == 1 else "This run was INTERRUPTED") in (folder / "report.html").read_text()
    assert manifest["run_id"] in (bench.reports / "index.html").read_text()
    return manifest, json.loads((folder / "notebook.ipynb").read_text())


def test_a_run_leaves_a_complete_folder(bench):
    bench.study("small", FINDING)
    manifest = finished(bench, bench.run("run", "small"), 0)
    folder = bench.folder(manifest)
    assert (manifest["status"], manifest["verdict"], manifest["seed"]) == ("succeeded", "warn", 1)
    assert set(statuses(json.loads((folder / "notebook.ipynb").read_text()))) == {"completed"}
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"] == {"answer": 42}
    assert results["findings"][0]["statement"] == "The answer is 42."
    assert (folder / "tables").is_dir()
    assert (folder / "figures").is_dir()
    assert "The answer is 42." in (folder / "report.html").read_text()


def test_the_source_notebook_is_never_touched(bench):
    path = bench.study("small", FINDING)
    before = path.read_bytes()
    bench.run("run", "small", "-p", "seed=7")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("raise ValueError('the well is dry')", "ValueError: the well is dry"),
        ("import sys; sys.exit(0)", "sys.exit"),
        ("import sys; sys.exit(3)", "sys.exit"),
        (code("raise KeyError('allowed?')", "raises-exception"), "KeyError"),
        ("workbench.start_run(); raise workbench.StudyError('No such column.')", "No such column."),
        ("def broken(:", "SyntaxError"),
    ],
    ids=["raises", "exit-0", "exit-3", "tagged-raises-exception", "own-error", "syntax"],
)
def test_a_step_that_does_not_run_fails_the_run(bench, step, said):
    if said == "SyntaxError":  # such a notebook is refused before it runs; only a magic can hide the fault from reading
        step = "%%time\n" + step
    bench.study("bad", FINDING, step, "print('never reached')")
    manifest, notebook = failed(bench, bench.run("run", "bad"))
    assert said in manifest["reason"]
    assert manifest["failed_cell"]["heading"] == "Step 2"
    assert statuses(notebook)[-2:] == ["failed", "pending"]
    assert "never reached" not in json.dumps(notebook["cells"][-1]["outputs"])
    # What was said before it failed is kept.
    assert json.loads((bench.folder(manifest) / "results.json").read_text())["metrics"] == {"answer": 42}


def test_a_cell_tagged_to_be_skipped_is_run_all_the_same(bench):
    bench.study("tagged", code(FINDING, "skip-execution"))
    assert finished(bench, bench.run("run", "tagged"), 0)["headline"]["estimate"] == 42


@pytest.mark.parametrize("repetition", REPETITIONS)
def test_a_killed_kernel_fails_the_run(bench, repetition):
    bench.study("oom", FINDING, HANG, "print('never reached')")
    process = bench.start("run", "oom")
    pids = _pids(bench)
    os.kill(pids[0], signal.SIGKILL)
    manifest, notebook = failed(bench, _end(process))
    assert "memory" in manifest["reason"]
    assert statuses(notebook)[-2:] == ["failed", "pending"]
    gone(pids)


def test_a_kernel_that_ends_itself_fails_the_run(bench):
    bench.study("bad", "import os; os._exit(0)", "print('never reached')")
    manifest, notebook = failed(bench, bench.run("run", "bad"))
    assert "exit code 0" in manifest["reason"]
    assert statuses(notebook)[-2:] == ["failed", "pending"]


@pytest.mark.parametrize("repetition", REPETITIONS)
@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["ctrl-c", "sigterm", "terminal closed"],
)
def test_a_signal_interrupts_the_run(bench, number, expected, repetition):
    bench.study("slow", FINDING, HANG, "print('never reached')")
    process = bench.start("run", "slow")
    pids = _pids(bench)
    process.send_signal(number)
    manifest, notebook = failed(bench, _end(process), expected)
    assert manifest["failed_cell"]["heading"] == "Step 2"
    assert statuses(notebook)[-2:] == ["failed", "pending"]
    gone(pids)


@pytest.mark.parametrize("delay", [pytest.param(d / 10, marks=pytest.mark.slow if d % 6 else ()) for d in range(13)])
def test_a_signal_at_any_moment_leaves_no_run_in_doubt(bench, delay):
    bench.study("slow", FINDING, "import time; time.sleep(600)")
    process = bench.start("run", "slow")
    home = bench.reports / "slow"
    wait_for(lambda: home.is_dir() and [path for path in home.iterdir() if not path.name.startswith(".")])
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(delay)
    process.send_signal(signal.SIGTERM)
    assert _end(process).returncode == 143
    (manifest,) = bench.runs()
    assert (manifest["status"], manifest["exit_code"]) == ("interrupted", 143)


@pytest.mark.parametrize("repetition", REPETITIONS)
def test_a_run_over_its_time_fails(bench, repetition):
    bench.study("slow", FINDING, HANG)
    process = bench.start("run", "slow", "--timeout", "4")
    done = _end(process)
    manifest, _ = failed(bench, done)
    assert "--timeout" in manifest["reason"]
    if (bench.root / "notebooks" / "pids.txt").exists():
        gone(_pids(bench))


@pytest.mark.parametrize("repetition", REPETITIONS)
def test_a_killed_runner_leaves_a_failed_run_and_no_kernel(bench, repetition):
    bench.study("small", FINDING)
    bench.study("slow", FINDING, HANG)
    earlier = bench.folder(finished(bench, bench.run("run", "small"), 0))
    before = {path: path.read_bytes() for path in earlier.rglob("*") if path.is_file()}
    process = bench.start("run", "slow")
    pids = _pids(bench)
    process.kill()
    process.wait()
    gone(pids)
    newest = bench.runs()[0]
    assert (newest["study"], newest["status"]) == ("slow", "failed")
    assert "killed" in newest["reason"]
    assert {path: path.read_bytes() for path in before} == before
    shown = bench.run("runs").stdout
    assert "failed" in shown
    assert newest["run_id"] in (bench.reports / "index.html").read_text()


@pytest.mark.parametrize("moment", [pytest.param(m / 10, marks=pytest.mark.slow if m % 5 else ()) for m in range(25)])
def test_a_runner_killed_at_any_moment_never_reads_as_succeeded(bench, moment, private_temp):
    bench.study("slow", FINDING, "import time; time.sleep(600)")
    process = bench.start("run", "slow")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(moment)
    process.kill()
    process.wait()
    assert {manifest["status"] for manifest in bench.runs()} <= {"failed"}
    wait_for(lambda: not processes_of(bench), 5)
    # The guard takes the sockets away too; what was laid out in the instant before there was a guard may stay.
    shutil.rmtree(private_temp)
    private_temp.mkdir()


def processes_of(bench):
    """Processes that were started for a run of this project."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"WORKBENCH_RUN_FOLDER={bench.reports}".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return [pid for pid in found if alive(pid)]


def test_processes_of_a_run_are_seen(bench):
    """The claim that none is left over could not fail if they were never seen."""
    bench.study("slow", FINDING, HANG)
    process = bench.start("run", "slow")
    assert set(_pids(bench)) <= set(processes_of(bench))
    process.send_signal(signal.SIGTERM)
    _end(process)
    gone(_pids(bench))


def test_eight_starts_at_once_are_eight_runs(bench, private_temp):
    bench.study("small", FINDING)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: bench.run("run", "small"), range(8)))
    assert [each.returncode for each in done] == [0] * 8, [each.stderr for each in done]
    manifests = bench.runs()
    assert len({manifest["run_id"] for manifest in manifests}) == 8
    assert {manifest["status"] for manifest in manifests} == {"succeeded"}
    index = (bench.reports / "index.html").read_text()
    assert all(manifest["run_id"] in index for manifest in manifests)
    assert not list(private_temp.iterdir())
    assert not list((bench.root / "notebooks").glob("*-ipc-*"))


def test_a_full_disk_ends_with_a_message_and_nothing_cut_short(bench):
    bench.study("small", FINDING)
    earlier = bench.folder(finished(bench, bench.run("run", "small"), 0))
    before = {path: path.read_bytes() for path in earlier.rglob("*") if path.is_file()}
    bench.study("wordy", FINDING, "print('many words ' * 100_000)")
    limit = 200_000
    # RLIMIT_FSIZE makes every larger file fail as a full disk does.
    done = bench.run("run", "wordy", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1
    assert "no room is left" in done.stderr
    assert "Traceback" not in done.stderr
    newest = bench.runs()[0]
    assert (newest["study"], newest["status"]) == ("wordy", "failed")
    folder = bench.folder(newest)
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".ipynb"):
            json.loads(path.read_text())
    assert not (folder / "report.html").exists() or (folder / "report.html").read_text().rstrip().endswith("</html>")
    assert not list(folder.rglob(".*"))
    assert {path: path.read_bytes() for path in before} == before


def test_an_index_that_cannot_be_written_leaves_the_run_as_it_is(bench):
    bench.study("small", FINDING)
    (bench.reports / "index.html").mkdir(parents=True)
    done = bench.run("run", "small")
    assert done.returncode == 1
    assert "is complete, but the index is not" in done.stderr
    assert bench.runs()[0]["status"] == "succeeded"


def test_a_full_disk_from_the_start_leaves_no_run(bench):
    bench.study("small", FINDING)
    done = bench.run("run", "small", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    assert done.returncode == 1
    assert "no room is left" in done.stderr
    assert bench.runs() == []
    assert list((bench.reports / "small").iterdir()) == []


def test_a_failed_gate_exits_with_three_and_has_a_report(bench):
    gate = 'run.checks(workbench.Check(name="gate", status="fail", message="The chains disagree.", value=1.5))'
    bench.study("gated", FINDING, gate)
    done = bench.run("run", "gated")
    manifest = finished(bench, done, 3)
    assert (manifest["status"], manifest["verdict"]) == ("succeeded", "fail")
    assert "do not use" in done.stderr
    assert "The chains disagree." in (bench.folder(manifest) / "report.html").read_text()


def test_a_model_that_refuses_to_go_on_exits_with_three(bench):
    bench.study(
        "gated", FINDING, "raise workbench.GateError('The chains disagree: R-hat is 1.5, expected below 1.01.')"
    )
    done = bench.run("run", "gated")
    assert done.returncode == 3
    (manifest,) = bench.runs()
    assert (manifest["status"], manifest["exit_code"], manifest["verdict"]) == ("failed", 3, None)
    assert json.loads((bench.folder(manifest) / "results.json").read_text())["verdict"] == "fail"


@pytest.mark.parametrize("kind", ["DataError", "ParameterError"])
def test_bad_data_that_a_step_finds_is_refused_like_any_other_and_its_folder_tells_of_it(bench, kind):
    bench.study("bad", f"raise workbench.{kind}('weight: got 3 answers of weight 0.', 'outcome: got one level.')")
    done = bench.run("run", "bad")
    manifest = finished(bench, done, 2)
    assert (manifest["status"], manifest["exit_code"], manifest["verdict"]) == ("failed", 2, None)
    assert [line for line in done.stderr.splitlines() if line.startswith("workbench: ")][:2] == [
        "workbench: weight: got 3 answers of weight 0.",
        "workbench: outcome: got one level.",
    ]
    assert "Traceback" not in done.stderr
    page = (bench.folder(manifest) / "report.html").read_text()
    assert page.count('<p dir="auto">outcome: got one level.</p>') == 1
    listed = next(line for line in bench.run("runs").stdout.splitlines() if manifest["run_id"] in line)
    assert listed.endswith("weight: got 3 answers of weight 0. outcome: got one level.")


def test_not_a_number_becomes_null_and_a_failed_check(bench):
    bench.study(
        "nan", FINDING, "import numpy\nrun.metrics({'bad': numpy.float64('nan'), 'huge': float('inf'), 'ok': 1})"
    )
    manifest = finished(bench, bench.run("run", "nan"), 3)

    def no_constant(name):
        raise AssertionError(f"{name} in strict JSON")

    text = (bench.folder(manifest) / "results.json").read_text()
    results = json.loads(text, parse_constant=no_constant)
    assert results["metrics"] == {"answer": 42, "bad": None, "huge": None, "ok": 1}
    check = results["checks"][-1]
    assert check["status"] == "fail"
    assert "bad" in check["message"]


def test_a_secret_of_the_environment_appears_in_no_artifact(bench):
    secret = 'hunter2"quote\\and/slash'
    bench.study(
        "leaky",
        FINDING,
        "import os, sys\nprint(os.environ['WAREHOUSE_PASSWORD'])\nprint(os.environ)\n"
        "os.write(2, os.environ['WAREHOUSE_PASSWORD'].encode())\nrun.checks(workbench.Check(name='c', status='pass', "
        "message=os.environ['WAREHOUSE_PASSWORD']))\nprint('arrived')\n"
        "raise ValueError(os.environ['WAREHOUSE_PASSWORD'])",
    )
    done = bench.run(
        "run",
        "leaky",
        env={
            "WAREHOUSE_PASSWORD": secret,
            "SERVICE_TOKEN": "abcdef123456",
            "HARMLESS": "not asked for",
            "WORKBENCH_PASS": "WAREHOUSE_PASSWORD, OTHER",
        },
    )
    assert done.returncode == 1
    everything = (
        done.stdout
        + done.stderr
        + "".join(path.read_text(errors="replace") for path in bench.reports.rglob("*") if path.is_file())
    )
    assert "arrived" in everything
    for shape in (secret, json.dumps(secret)[1:-1], "hunter2", "abcdef123456", "not asked for"):
        assert shape not in everything


@pytest.mark.parametrize("secret", ["metadata", '"source"', "outputs", "100000", "      "])
def test_a_secret_that_looks_like_a_notebook_breaks_none(bench, secret):
    bench.study("plain", FINDING, "run.metrics({'large': 1000001.0})")
    finished(bench, bench.run("run", "plain", env={"DB_PASS": secret, "WORKBENCH_PASS": "DB_PASS"}), 0)


@pytest.mark.parametrize("written", ["text", "file"])
def test_hostile_values_arrive_as_they_are_and_are_never_live(bench, tmp_path, written):
    hostile = [
        "new\nline\nimport os; os._exit(3)",
        "'; __import__('os')._exit(3) #",
        '"""); raise SystemExit',
        "{x} {{ 7 * 7 }} %(a)s ${HOME} `id`",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\u202eright to left \u0000 nul \x1b[31m 漢字 🙂",
        "long " * 20_000,
    ]
    if written == "text":
        hostile[5] = hostile[5].replace("\u0000", "")
    names = [f"t{number}" for number in range(len(hostile))]
    parameters = "\n".join(["seed: int = 1", "listed: list[str] = []", *(f'{name}: str = ""' for name in names)])
    show = f"import json\nfor text in [{', '.join(names)}, *listed]:\n    print(json.dumps(text))"
    bench.study("echo", FINDING, show, parameters=parameters)
    given = {**dict(zip(names, hostile, strict=True)), "listed": hostile}
    if written == "text":
        texts = [f"{name}={value if name in names else json.dumps(value)}" for name, value in given.items()]
        done = bench.run("run", "echo", "--json", *(word for text in texts for word in ("-p", text)))
    else:
        (tmp_path / "p.json").write_text(json.dumps(given))
        done = bench.run("run", "echo", "--json", "--params", tmp_path / "p.json")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert {name: manifest["parameters"][name] for name in given} == given
    folder = bench.folder(manifest)
    outputs = json.loads((folder / "notebook.ipynb").read_text())["cells"][-1]["outputs"]
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    assert [json.loads(line) for line in printed.splitlines()] == [*hostile, *hostile]
    html = (folder / "report.html").read_text()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "{{ 7 * 7 }}" in html


def test_an_earlier_run_can_be_repeated_with_changes(bench):
    bench.study(
        "small",
        "run = workbench.start_run()\nrun.metrics({'n': n, 'seed': seed})",
        parameters="n: int = 1\nseed: int = 2",
    )
    first = bench.run("run", "small", "-p", "n=5")
    second = bench.run("rerun", "small/latest", "-p", "seed=9", "--json")
    assert second.returncode == 0
    assert json.loads(second.stdout)["parameters"] == {"n": 5, "seed": 9}
    assert first.stdout.splitlines()[-1] != bench.folder(json.loads(second.stdout))


def test_a_report_rendered_again_is_the_same_to_the_byte(bench):
    bench.study("small", FINDING)
    folder = bench.folder(finished(bench, bench.run("run", "small"), 0))
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    done = bench.run("report", folder.name[:12])
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").read_bytes() == before


def test_the_notebook_also_runs_under_plain_papermill_and_shows_the_same(bench, tmp_path):
    path = bench.study("small", FINDING + "\nprint(n)", parameters="n: int = 1\nseed: int = 1")
    papermill = Path(sys.executable).with_name("papermill")
    command = [papermill, path, tmp_path / "out.ipynb", "-p", "n", "12", "--cwd", path.parent]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outputs = json.loads((tmp_path / "out.ipynb").read_text())["cells"][-1]["outputs"]
    assert ["".join(output["text"]) for output in outputs if output["output_type"] == "stream"] == ["12\n"]
    (shown, _) = [output["data"] for output in outputs if output["output_type"] == "display_data"]
    assert shown[MIME]["finding"]["estimate"] == 42
    assert "The answer is 42." in "".join(shown["text/html"])
    assert not bench.reports.exists()


def test_a_pipe_gets_one_line_a_step_and_the_verdict_at_the_end(bench):
    bench.study("small", FINDING, "1", "2")
    done = bench.run("run", "small")
    *steps, verdict, report = done.stderr.splitlines()
    assert [line.split("  ")[-1] for line in steps] == ["Small", "Step 1", "Step 2", "Step 3"]
    assert steps[1].startswith("small  step 5 of 9")
    assert verdict == "Can be used with care: The answer is 42."
    folder = done.stdout.splitlines()
    assert len(folder) == 1
    assert report == f"Report: {folder[0]}/report.html"
    assert "Step 1" in (bench.folder(bench.runs()[0]) / "log.txt").read_text()


def test_a_terminal_sees_one_line_that_ticks():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    progress = Progress("small", stream)
    progress.started -= 5
    progress.cell(4, 9, "Step\x1b 1")
    wait_for(lambda: "6 s" in stream.getvalue())
    progress.done()
    written = stream.getvalue()
    assert "\n" not in written
    assert "small  step 5 of 9  5 s  Step␛ 1" in written
    assert written.endswith("\r\x1b[K")


def _pids(bench):
    path = bench.root / "notebooks" / "pids.txt"
    wait_for(path.exists)
    return [int(pid) for pid in path.read_text().split()]


def _end(process):
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def test_the_watchman_sees_the_living(bench):
    """`gone` could not fail if `alive` always said no."""
    assert alive(os.getpid())
