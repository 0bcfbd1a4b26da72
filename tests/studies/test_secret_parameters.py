"""Parameters of the type `Secret`: they reach the study, and stand in nothing that a run or a message leaves."""

import base64
import html
import json
import zipfile

import pandas as pd
import pytest

import workbench
from workbench.errors import ParameterError
from workbench.studies.definition.parameters import coerce, python_literal
from workbench.studies.definition.secret import Given
from workbench.studies.execution.secrets import redact, take_out

PASSWORD = 'tr0ub4dor & "three"'
CELL = 'seed: int = 1  # fixes every draw\npassword: Secret = ""  # of the survey tool'
IMPORTS = "import pandas as pd\nimport matplotlib.pyplot as plt\n\nimport workbench\nfrom workbench import Secret"
SAID = [
    "run = workbench.start_run()",
    "import sys, os\nprint(password, repr(password), [password], f'{password}')",
    "print(password, file=sys.stderr)\npassword",
    "os.write(2, password.encode())",
    "run.finding(workbench.Finding(id='f', statement=f'It is {password}.', estimate=1.0, evidence='descriptive'))",
    "run.checks(workbench.Check(name='c', status='warn', message=f'It is {password}.'))",
    "frame = pd.DataFrame({'word': [password, 'other'], password: [1, 2]})\n"
    "run.export(frame, 'words', caption=f'Words: {password}', people=None)\nrun.keep(frame, 'kept')",
    "import os\nweather = os.environ['WEATHER']  # passed on by name\n"
    "run.keep(pd.DataFrame({'level': pd.Categorical([weather]), 'mixed': [[weather]], 'n': [1]}), 'passed')",
    "figure, axes = plt.subplots()\naxes.set_title(password)\naxes.set_xlabel(weather)\n"
    "run.figure(figure, 'drawn', title=f'A {password}', alt=f'B {password}')",
    "import json, urllib.parse, html\n"
    "print(json.dumps({'a': password}), urllib.parse.quote(password), html.escape(password))",
    "run.checks(workbench.Check(name='arrived', status='pass', message=f'It has {len(password)} characters.'))",
]


def everything(root):
    """All that a project holds, as text: names, bytes, cells of tables, parts of workbooks."""
    for path in sorted(root.rglob("*")):
        yield str(path)
        if path.is_file():
            yield path.read_bytes().decode("utf-8", errors="replace")
            if path.suffix == ".parquet":
                yield pd.read_parquet(path).to_csv()
            elif path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as archive:
                    yield from (archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist())


def assert_nowhere(bench, done):
    shapes = [PASSWORD, json.dumps(PASSWORD)[1:-1], "tr0ub4dor"]
    for text in (done.stdout, done.stderr, *everything(bench.root / "reports")):
        assert not any(shape in text for shape in shapes), text[max(text.find("tr0ub4dor") - 200, 0) :][:400]


def given(bench):
    path = bench.root / "secret.yaml"
    path.write_text(f"password: {json.dumps(PASSWORD)}\n")
    return path


def test_a_run_writes_its_secret_nowhere(bench):
    bench.study("quiet", *SAID, parameters=CELL, imports=IMPORTS)
    passed = {"WEATHER": "sunny-and-mild", "WORKBENCH_PASS": "WEATHER"}
    done = bench.run("run", "quiet", "--params", given(bench), "--json", env=passed)
    assert done.returncode == 0, done.stderr
    assert_nowhere(bench, done)
    assert not [text[:200] for text in everything(bench.root / "reports") if "sunny-and-mild" in text]
    (manifest,) = bench.runs()
    assert manifest["parameters"] == {"seed": 1}
    assert manifest["secret_parameters"] == ["password"]
    folder = bench.folder(manifest)
    checks = {each["name"]: each for each in json.loads((folder / "results.json").read_text())["checks"]}
    assert checks["arrived"]["message"] == f"It has {len(PASSWORD)} characters."
    assert pd.read_parquet(folder / "tables" / "words.parquet")["word"].tolist() == ["[secret]", "other"]
    assert "[secret]" in (folder / "notebook.ipynb").read_text()
    page = (folder / "report.html").read_text()
    assert "secret, written nowhere" in page
    assert "workbench run quiet -p password=…" in html.unescape(page).replace("'", "")
    # To repeat it, the secret is asked for; nobody knows it any more.
    done = bench.run("rerun", manifest["run_id"], "--check")
    assert done.returncode == 2
    assert "parameter password of run" in done.stderr
    assert bench.run("rerun", manifest["run_id"], "--check", "-p", f"password={PASSWORD}").returncode == 0


def test_a_run_that_fails_writes_its_secret_nowhere_and_files_that_hold_it_go(bench):
    steps = [
        SAID[0],
        "from pathlib import Path\n(run.folder / 'tables' / 'own.txt').write_text(f'it is {password}')",
        "raise ValueError(f'cannot log in with {password}')",
    ]
    bench.study("quiet", *steps, parameters=CELL, imports=IMPORTS)
    done = bench.run("run", "quiet", "-p", f"password={PASSWORD}")
    assert done.returncode == 1
    assert "cannot log in with [secret]" in done.stderr
    assert_nowhere(bench, done)
    (manifest,) = bench.runs()
    results = json.loads((bench.folder(manifest) / "results.json").read_text())
    assert "tables/own.txt" in next(each["message"] for each in results["checks"] if each["name"] == "secret_kept")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('password: Secret = "hunter22"', "leave the default empty"),
        ('db_password: str = ""', "declare it `Secret`"),
        ("password: list[Secret] = []", "a secret stands alone"),
        ('password: Annotated[Secret, MinLen(9)] = ""', "a secret stands alone"),
    ],
)
def test_what_would_be_no_secret_is_refused(bench, cell, said):
    imports = "from typing import Annotated\nfrom annotated_types import MinLen\nfrom workbench import Secret"
    bench.study("open", "1", parameters=f"seed: int = 1\n{cell}", imports=imports)
    done = bench.run("describe", "open")
    assert done.returncode == 2
    assert said in done.stderr


def declared(bench):
    from workbench.studies.definition.notebook import read_study

    path = bench.study("open", "1", parameters=CELL, imports="from workbench import Secret")
    return read_study(path).checked().parameters


def test_it_is_read_like_text_and_no_fault_repeats_it(bench):
    known = declared(bench)
    values, faults = coerce("open", known, ["password=007007"])
    assert (values, faults) == ({"password": "007007"}, [])
    assert isinstance(values["password"], workbench.Secret)
    assert repr(values["password"]) == "[secret]"
    slips = [
        (["password=hunt"], {}),
        (["password=hunter22", "password=hunter23"], {}),
        (["hunter22"], {}),
        (["pasword=hunter22"], {}),
        (["password=hunter22\udcff"], {}),
        ([], {"password": 1234567}),
        ([], {"password": ["hunter22"]}),
        ([], {"password": float("nan")}),
    ]
    for texts, data in slips:
        _, faults = coerce("open", known, texts, data)
        assert faults, texts
        assert not any(word in fault for fault in faults for word in ("hunt", "1234567")), faults


def test_nothing_of_it_is_plain_data(bench):
    known = declared(bench)["password"]
    assert known.to_data(workbench.Secret("hunter22")) == ""
    done = bench.run("describe", "open")
    assert 'password: Secret = ""' in done.stdout


def test_the_notebook_names_it():
    assert python_literal(Given("password")) == "Secret.of_run('password')"
    with pytest.raises(ParameterError):
        python_literal(object())


@pytest.mark.parametrize("before", ["", "u", "me", "ada", "user:"])
@pytest.mark.parametrize("secret", ["kane-1941-canary", "ß>?ß>?ß>?", "12345678"])
def test_texts_are_searched_for_an_encoded_secret(before, secret):
    """As a header has it (user:password), in letters for addresses, in hexadecimal; two letters of it stay at most."""
    content = (before + secret + "/etc").encode()
    for text in (base64.b64encode(content), base64.urlsafe_b64encode(content), content.hex().encode()):
        left = redact(f"Basic {text.decode()}.", (secret,))
        assert "[secret]" in left
        assert len(left) <= len(text) - len(secret.encode()) * 8 // 6 + len("Basic [secret].") + 2
    assert redact(f"x {content.hex().upper()}", (secret,)).count("[secret]") == 1


def test_a_file_that_holds_an_encoded_secret_goes(tmp_path):
    (tmp_path / "own.txt").write_text(base64.b64encode(b"user:hunter2-hunter2").decode())
    (tmp_path / "other.txt").write_text(base64.b64encode(b"user:nothing at all").decode())
    assert take_out(tmp_path, ["hunter2-hunter2"]) == ["own.txt"]


def test_texts_are_searched_for_what_addresses_and_json_make_of_a_secret():
    secret = 'p"ß & /1'
    for text in (json.dumps(secret), "p%22%C3%9F%20%26%20%2F1", "p%22%C3%9F+%26+%2F1", "p&quot;ß &amp; /1"):
        assert "[secret]" in redact(text, (secret,)), text
