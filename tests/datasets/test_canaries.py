"""What tells a person goes in by `data add` and comes out nowhere: no artifact, log or error, whatever goes wrong."""

import pandas as pd
import pytest
from tests.benches import Bench

NAME, MOBILE, NUMBER, MAIL = "Ada Lovelace", "+44 7700 900123", "QQ123456C", "ada@example.org"
CANARIES = (NAME, "Lovelace", MOBILE, "7700 900123", "7700900123", NUMBER, MAIL, "ada@", "example.org")
KEY = "7f3a9c01be44d2685e90ab17c3f8d265"
HEADER = "full name,mobile,id_number,e-mail,tenure,left,plan"
PEOPLE = [
    f"Person {i},+44 7700 91{i:04},QQ{i:06}D,p{i}@example.org,{i % 40},{i % 3 and 1},{'ab'[i % 2]}" for i in range(60)
]
ADA = f"{NAME},{MOBILE},{NUMBER},{MAIL},7,1,a"
DEFINITION = """
title: People
tables:
  lifetimes:
    file: source.csv
    segments: [plan]
    columns:
      customer_id: {from: id_number, personal: pseudonym}
      who: {from: full name, personal: drop}
      mobile: {from: mobile, personal: true}
      contact: {from: e-mail, type: text, personal: pseudonym}
      duration: {from: tenure, unit: months}
      event: {from: left}
      plan: {from: plan, values: {a: A, b: B}}
"""
READS = 'run = workbench.start_run()\nlifetimes = run.table("lifetimes")\nprint(lifetimes.to_string())\nlifetimes'
SAYS = """run.keep(lifetimes, "people")
run.export(lifetimes.groupby("plan").size().rename("n").reset_index(), "plans", caption="Plans.", people="n", by="plan")
run.metrics({"customers": len(lifetimes)})"""
FAILS = "raise ValueError(lifetimes.to_string() + repr(vars(run)))"


@pytest.fixture
def project(command, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    (command.root / "source.csv").write_text("\n".join([HEADER, *PEOPLE, ADA, ""]))
    bench = Bench(command.root)
    parameters = 'seed: int = 1  # fixes draws\ndataset: str = "mine"  # data to study'
    bench.study("tells", READS, SAYS, parameters=parameters)
    bench.study("fails", READS, FAILS, parameters=parameters)
    return command


def silent(project, *arguments: str, code: int) -> str:
    """What was said, after looking for canaries in it."""
    found, out, complaint = project(*arguments)
    assert found == code, (out, complaint)
    spoken = out + complaint
    assert not [canary for canary in (*CANARIES, KEY) if canary in spoken]
    return spoken


def nothing_in_the_artifacts(project) -> None:
    files = [path for path in (project.root / "reports").rglob("*") if path.is_file()]
    files.append(project.root / "data" / "mine" / "dataset.yaml")
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pd.read_parquet(path).to_csv().encode()
        assert not [canary for canary in (*CANARIES, KEY) if canary.encode() in content], path


def test_what_is_added_as_drafted_tells_nobody(project):
    silent(project, "data", "add", "mine", "--from", "source.csv", code=0)
    drafted = (project.root / "data" / "mine" / "dataset.yaml").read_text()
    assert drafted.count("personal: drop") == 4
    silent(project, "data", "check", "mine", code=0)
    silent(project, "data", "show", "mine", code=0)
    silent(project, "run", "tells", code=0)
    nothing_in_the_artifacts(project)


def test_runs_that_succeed_and_fail_on_pseudonyms_tell_nobody(project):
    silent(project, "data", "add", "mine", "--from", "source.csv", code=0)
    (project.root / "data" / "mine" / "dataset.yaml").write_text(DEFINITION)
    silent(project, "data", "check", "mine", code=0)
    silent(project, "data", "show", "mine", code=0)
    silent(project, "run", "tells", code=0)
    silent(project, "run", "fails", code=1)
    assert len(list((project.root / "reports").rglob("report.html"))) == 2
    (exported,) = (project.root / "reports").rglob("people.parquet")
    assert pd.read_parquet(exported)["customer_id"].str.fullmatch("[0-9a-f]{32}").all()
    nothing_in_the_artifacts(project)


# What a person's row can do to a contract, or to the reading of the file.
BROKEN = {
    "id twice": [ADA, ADA],
    "no number": [ADA.replace(",7,", f",{NAME},")],
    "no truth": [ADA.replace(",1,a", f",{NUMBER},a")],
    "not listed": [ADA.replace(",a", f",{MOBILE}")],
    "a field too many": [ADA.replace("Ada ", "Ada,")],
    "quotation mark open": [f'"{ADA}'],
    "no UTF-8": [ADA.replace("Ada", "Ad\udce1")],
    "no header": [],
    "a second file without a header": [ADA],
    "SQL that fails on a value": [ADA],
    "SQL that asks for a value": [ADA],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_contract_that_fails_tells_nobody(project, kind):
    silent(project, "data", "add", "mine", "--from", "source.csv", code=0)
    folder = project.root / "data" / "mine"
    # What stands in a column that is not personal may be quoted: there the canary is the user's own doing.
    personal = {"no number": "tenure", "no truth": "left", "not listed": "plan"}.get(kind)
    text = DEFINITION
    if personal:
        text = text.replace("duration: {from: tenure, unit: months}", "duration: {from: months, unit: months}")
        text = text.replace("{from: plan, values: {a: A, b: B}}", f"{{from: {personal}, type: number, personal: drop}}")
        text = text.replace("event: {from: left}", "event: {from: gone}").replace("segments: [plan]", "")
    if kind == "a second file without a header":
        text = text.replace("file: source.csv", "file: [source.csv, more.csv]")
        (folder / "more.csv").write_text(f"{ADA}\n")
    if kind.startswith("SQL"):
        what = "CAST(mobile AS DATE)" if "fails" in kind else f'"{NUMBER[:-1]}"'
        text = text.replace("    segments:", f"    sql: 'SELECT *, {what} AS x FROM rows'\n    segments:")
    (folder / "dataset.yaml").write_text(text)
    rows = [ADA, *PEOPLE] if kind == "no header" else [HEADER, *PEOPLE, *BROKEN[kind]]
    (folder / "source.csv").write_text("\n".join([*rows, ""]), encoding="utf-8", errors="surrogateescape")
    for arguments in (["data", "check", "mine"], ["data", "show", "mine", "--debug"], ["run", "tells", "--debug"]):
        assert "mine" in silent(project, *arguments, code=2)
    assert not (project.root / "reports").exists()
