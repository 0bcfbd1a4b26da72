"""Strings that want out, in every place that takes one: nothing outside the dataset is read, and nothing is run."""

import csv
import json

import pytest

CANARY = "canary-4711"
# {outside} is a file outside the dataset that holds the canary.
HOSTILE = [
    "{outside}",
    "../../../outside/secret.csv",
    "../people/../../../outside/secret.csv",
    "..%2f..%2foutside%2fsecret.csv",
    "....//....//outside/secret.csv",
    "file://{outside}",
    "~/secret.csv",
    "$HOME/secret.csv",
    "${{HOME}}",
    "/dev/stdin",
    "/proc/self/environ",
    "https://example.org/rows.csv",
    "s3://bucket/rows.parquet",
    "rows.csv\0.parquet",
    "*",
    "**/*",
    "../../../outside/*",
    "[a-z",
    "rows.csv' UNION ALL SELECT * FROM read_csv('{outside}') --",
    'rows"; DROP TABLE rows; --',
    "'; ATTACH '{outside}' AS x; --",
    "1); COPY rows TO '/tmp/x'; --",
    "read_text('{outside}')",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "{{0.__class__.__mro__}}",
    "%(secret)s %s",
    "__import__('os').system('id')",
    "$(cat {outside})",
    "`cat {outside}`",
    "| cat {outside}",
    "\x1b]0;title\x07\x1b[2J",
    "a\u202eb\u2066c",
    "-rf",
    "--from",
    "\ud7ff\uffff",
    "x" * 5_000,
    "nul\nnext: {{}}",
]


@pytest.fixture(params=range(len(HOSTILE)), ids=lambda i: HOSTILE[i][:24].encode("ascii", "replace").decode())
def hostile(request, tmp_path, monkeypatch) -> str:
    outside = tmp_path / "outside" / "secret.csv"
    outside.parent.mkdir()
    outside.write_text(f"stay,left,note\n4711,1,{CANARY}\n")
    monkeypatch.setenv("HOME", str(outside.parent))
    return HOSTILE[request.param].format(outside=outside)


def write(command, **table) -> None:
    columns = table.pop("columns", {"duration": {"from": "stay", "unit": "months"}, "event": "left"})
    definition = {"title": "x", "tables": {"lifetimes": {"file": "rows.csv", **table, "columns": columns}}}
    (command.folder / "dataset.yaml").write_text(json.dumps(definition))  # JSON is YAML
    (command.folder / "rows.csv").write_text("stay,left,note\n1,1,a\n2,0,b\n")


def refused(command, *arguments: str) -> str:
    """What was complained of; nothing else may have come of it."""
    before = sorted(command.root.parent.rglob("*"))
    code, out, complaint = command(*arguments)
    assert code == 2, (out, complaint)
    assert CANARY not in out + complaint
    assert "4711" not in out + complaint.replace(str(command.root.parent), "")
    assert all(line.isprintable() for line in complaint.splitlines())
    assert sorted(command.root.parent.rglob("*")) == before
    return complaint


def test_there_are_thirty_hostile_strings():
    assert len(set(HOSTILE)) >= 30


def test_in_the_path_of_a_file(command, hostile):
    write(command, file=hostile)
    if hostile in ("*", "**/*"):  # patterns: files of this folder, of which dataset.yaml is one
        assert "dataset.yaml" in refused(command, "data", "check", "people")
        return
    refused(command, "data", "check", "people")


def test_in_the_name_of_a_dataset_and_the_path_to_add(command, hostile):
    refused(command, "data", "check", hostile)
    refused(command, "data", "show", f"./{hostile}")
    if hostile.startswith("-") or hostile == str(command.root.parent / "outside" / "secret.csv"):
        return  # a path that a person gives to `data add` is read: that is what it is for
    if "outside/secret.csv" in hostile and hostile.startswith("..") and "people" not in hostile:
        hostile = f"x/{hostile}"
    refused(command, "data", "add", "mine", f"--from={hostile}")


def test_in_sql(command, hostile):
    for sql in (hostile, f"SELECT * FROM {hostile}", f"SELECT stay, {hostile} AS note FROM rows"):
        write(command, sql=sql)
        code, out, complaint = command("data", "check", "people")
        assert CANARY not in out + complaint
        assert code == 2 or "2 rows keep the contract" in out  # an expression over the rows themselves may be one


def test_in_the_name_of_a_column(command, hostile):
    write(command, columns={hostile: "note", "duration": {"from": "stay", "unit": "months"}, "event": "left"})
    complaint = refused(command, "data", "check", "people")
    assert "expected a name of letters, digits and _" in complaint or len(hostile) > 1024  # YAML takes no longer key
    write(command, columns={"duration": {"from": hostile, "unit": "months"}, "event": "left"})
    assert "the file has no column" in refused(command, "data", "check", "people")


def test_in_headers_and_cells(command, hostile):
    """They are data: they enter as they are, are shown without harm, and a draft of them can be read."""
    source = command.root / "source.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["tenure", "event", hostile], ["1", "1", hostile], ["2", "0", hostile]])
    code, _, complaint = command("data", "add", "mine", "--from", str(source))
    assert code == 0, complaint
    for action in ("check", "show"):
        code, out, complaint = command("data", action, "mine")
        assert code == 0, complaint
        assert all(line.isprintable() for line in out.splitlines()), out
        assert CANARY not in out + complaint
