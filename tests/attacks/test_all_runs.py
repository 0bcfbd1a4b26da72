"""Whoever has all that ten runs left, of different studies on one company, recovers nothing hidden.

One of the ten and those that hide something are run in `make test`; all ten are a slow test.
"""

import shutil

import pytest

from tests.attacks.everything import WAYS, Artifacts
from tests.attacks.joined import joined
from tests.conftest import ROOT

ENVIRONMENT = {"DB_PASS": "rosebud-4711-canary", "MYSQL_PWD": "xanadu-0815-canary"}
GIVEN = "kane-1941-canary"
RUNS = {
    "pilot_evaluation": ["initiative=faster_repair"],
    "campaign_return": [],
    "driver_analysis": ["imputations=3"],  # draws enough to be believed: value reads it
    "churn_survival": ["repeats=1", "folds=2", "horizons=[6,12,18,24]"],
    "world_validation": [],
    "attrition_risk": ["budget=1", "refits=2"],
    "clv_roi": ["draws=100"],
    "churn_survival again": ["repeats=1", "folds=2", "horizons=[6,12]", 'segments=["region"]'],
    "pilot_evaluation again": ["initiative=retention_call"],
}
FAST = ("pilot_evaluation",)
FAILS = "from workbench.findings import Check\nfailed = Check(name='broken', status='fail', message='It is broken.')\n"
HIDES = {
    "hides_cleared": FAILS + "run.checks(failed)\nfrom IPython.display import clear_output\nclear_output()",
    "hides_captured": FAILS + "from IPython.utils.capture import capture_output\nwith capture_output():\n"
    "    run.checks(failed)",
    "hides_threaded": FAILS + "import threading\nat = threading.Thread(target=run.checks, args=[failed])\n"
    "at.start()\nat.join()\nfrom IPython.display import clear_output\nclear_output()",
}
SECRET = (
    'import base64, os\nrun.metrics({"length": len(key)})\nprint(os.environ.get("DB_PASS"), key)\n'
    'print(base64.b64encode(f"user:{key}".encode()), key.encode().hex())'
)


def ran(bench, runs):
    """All that runs of a planted company left."""
    made = joined(bench.root)
    for study in {name.split()[0] for name in runs} | {"attrition_scores"}:
        shutil.copy(ROOT / "notebooks" / f"{study}.ipynb", bench.root / "notebooks")
    begun = "import os\nrun = workbench.start_run()"
    for study, step in HIDES.items():
        bench.study(study, begun, step)
        bench.run("run", study, env=ENVIRONMENT)
    imports = "import workbench\nfrom workbench import Secret"
    bench.study("secret", begun, SECRET, parameters='key: Secret = ""\nseed: int = 1', imports=imports)
    (bench.root / "given.yaml").write_text(f"key: {GIVEN}\n")
    bench.run("run", "secret", "--params", "given.yaml", env=ENVIRONMENT)
    for name, parameters in runs.items():
        study = name.split()[0]
        given = [word for each in parameters for word in ("-p", each)]
        done = bench.run("run", study, "--dataset", "planted", *given, env=ENVIRONMENT, seconds=900)
        assert done.returncode in (0, 3), f"{name}: {done.stderr[-1500:]}"
        if study == "attrition_risk":
            done = bench.run("score", f"{study}/latest", "--dataset", "planted", env=ENVIRONMENT, seconds=900)
            assert done.returncode == 0, done.stderr[-1500:]
    listed = bench.runs()
    for manifest in listed:
        if manifest["study"] == "clv_roi":  # what is attacked is joined: ratings, staying and a pilot stand under value
            assert {each["study"] for each in manifest["inputs"]} == {
                "churn_survival",
                "driver_analysis",
                "pilot_evaluation",
            }
    return made, [Artifacts(bench.folder(manifest), manifest) for manifest in listed]


def recovered(bench, runs):
    made, found = ran(bench, runs)
    secrets = [*ENVIRONMENT.values(), GIVEN]
    told = {name: sorted(set(attack(found, made, secrets))) for name, attack in WAYS.items()}
    return {name: what for name, what in told.items() if what}


def test_nothing_is_recovered_from_a_pilot_and_runs_that_hide_something(bench, record_property):
    record_property("attempts", len(WAYS))
    assert recovered(bench, {name: RUNS[name] for name in FAST}) == {}


@pytest.mark.slow
def test_nothing_is_recovered_from_ten_runs(bench, record_property):
    record_property("attempts", len(WAYS))
    assert recovered(bench, RUNS) == {}
