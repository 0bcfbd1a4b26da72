"""Bad input of every kind, at the real command line: one clear message, exit 2, and nothing is lost."""

import io
import os

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def yaml(table: str, columns: str, more: str = "", top: str = "", file: str = "rows.csv") -> str:
    return f"title: x\n{top}\ntables:\n  {table}:\n    file: {file}\n    {more}\n    columns: {{{columns}}}\n"


LIVES = "duration: {from: stay, unit: months}, event: left"
BOUGHT = "customer_id: id, timestamp: t, amount: {from: a, currency: EUR}"
HELD = "customer_id: id, start: s, end: e"
SAID = "customer_id: id, score: {from: q, scale: [1, 5]}"


def lives(text: str | bytes, columns: str = LIVES, **how) -> dict[str, object]:
    return {"dataset.yaml": yaml("lifetimes", columns, **how), "rows.csv": text}


def bought(text: str, columns: str = BOUGHT, **how) -> dict[str, object]:
    return {"dataset.yaml": yaml("transactions", columns, **how), "rows.csv": text}


def parquet(**columns) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def excel(*rows) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def as_file(name: str, content: bytes, **how) -> dict[str, object]:
    return {"dataset.yaml": yaml("lifetimes", LIVES, file=name, **how), name: content}


GOOD = "stay,left\n1,1\n2,0\n"
ALIASES = "aliases: {file: same.csv, id: old, customer_id: new}"
PEOPLE = {"dataset.yaml": yaml("customers", "customer_id: id", top=ALIASES), "rows.csv": "id\na\nb\n"}

# What is wrong: the files of the dataset, and what is said of it.
KINDS: dict[str, tuple[dict[str, object], str]] = {
    # the file
    "file absent": ({"dataset.yaml": yaml("lifetimes", LIVES)}, "'rows.csv': the file is not there."),
    "file of nearly that name": (
        as_file("row.csv", b"a") | {"dataset.yaml": yaml("lifetimes", LIVES)},
        "the file is not there; did you mean 'row.csv'?",
    ),
    "folder": (lives(None), "got a folder, expected a file."),
    "pipe": (lives(os.mkfifo), "got a pipe or device, expected a file."),
    "link out of the folder": (lives(os.symlink), "expected a file in the dataset's own folder."),
    "empty file": (lives(""), "the file is empty."),
    "blanks only": (lives(" \n \n"), "the file is empty."),
    "header only": (lives("stay,left\n"), "the file has a header and no rows."),
    "zip archive": (lives(b"PK\x03\x04rest"), "got an Excel workbook or zip archive, expected CSV text"),
    "gzip archive": (lives(b"\x1f\x8brest"), "got a gzip archive"),
    "Parquet named CSV": (lives(parquet(a=[1])), "got a Parquet file, expected CSV text"),
    "old Excel named CSV": (lives(b"\xd0\xcf\x11\xe0rest"), "got an old Excel workbook (.xls)"),
    "unknown ending": (as_file("rows.sav", b"x"), "got a file that ends in '.sav', expected .csv"),
    "text named Parquet": (as_file("rows.parquet", b"stay,left\n1,1\n"), "not a Parquet file, or a damaged one"),
    "Parquet cut short": (as_file("rows.parquet", parquet(stay=[1], left=[1])[:-20]), "not a Parquet file, or a dam"),
    "Parquet damaged inside": (
        as_file("rows.parquet", b"PAR1" + b"\xff" * 60 + parquet(stay=[1], left=[1])[64:]),
        "the rows cannot be read",
    ),
    "Parquet of lists": (as_file("rows.parquet", parquet(stay=[[1]], left=[1])), "the type array"),
    "text named Excel": (as_file("rows.xlsx", b"stay,left\n"), "not an Excel workbook (.xlsx), or a damaged"),
    "Excel cut short": (as_file("rows.xlsx", excel(["stay", "left"], [1, 1])[:-300]), "not an Excel workbook (.xlsx)"),
    "Excel without the sheet": (as_file("rows.xlsx", excel(["stay"]), more="sheet: June"), "has no sheet 'June'"),
    "Excel sheet without cells": (as_file("rows.xlsx", excel()), "the sheet is empty."),
    "JSON broken off": (as_file("rows.jsonl", b'{"stay": 1, "left": 1}\n{"stay": 1'), "line 2 is no JSON"),
    "JSON list": (as_file("rows.jsonl", b'[{"stay": 1}]\n'), "line 1 is no JSON object."),
    "JSON in Latin-1": (as_file("rows.jsonl", b'{"stay": "\xe9"}\n'), "not written in utf-8"),
    "Latin-1 bytes": (lives("stay,left\n1,é\n".encode("latin-1")), "line 2 has a byte 0xE9 that does not fit"),
    "UTF-16 unsaid": (lives(GOOD.encode("utf-16")), "not written in utf-8"),
    "mark of UTF-8, Latin-1 declared": (
        lives(b"\xef\xbb\xbf" + GOOD.encode(), more="encoding: latin-1"),
        "expected utf-8.",
    ),
    "bytes of nothing": (lives("stay,left\n1,\0\n2,0\n"), "neither true nor false"),
    "fields too many": (lives("stay,left\n1,1,1\n"), "1 row without the 2 fields of the header"),
    "quotation mark open": (lives('stay,left\n"1,1\n2,0\n'), "check separator: and quotation marks"),
    "separator of another kind": (lives("stay;left\n1;1\n"), "is separator: ',' right?"),
    "pattern without a file": (lives(GOOD, file="part-*.csv"), "no file has such a name."),
    "parts with other columns": (
        lives(GOOD, file="'*.csv'") | {"second.csv": "stay,gone\n1,1\n"},
        "its columns are not those of the first file",
    ),
    # the header
    "column absent": (lives("stay,gone\n1,1\n"), "the file has no column 'left'"),
    "header double": (lives("stay,left,left\n1,1,1\n"), "the header has 'left' 2 times"),
    # dataset.yaml
    "no dataset.yaml": ({"rows.csv": GOOD}, "has no dataset.yaml"),
    "dataset.yaml empty": ({"dataset.yaml": ""}, "got nothing, expected a mapping"),
    "no YAML": ({"dataset.yaml": "title: [x\n"}, "dataset.yaml: "),
    "YAML that makes objects": (
        {"dataset.yaml": yaml("lifetimes", LIVES).replace("title: x", "title: !!python/name:os.x y"), "rows.csv": GOOD},
        "got the tag 'tag:yaml.org,2002:python/name:os.x', expected none.",
    ),
    "YAML that grows": ({"dataset.yaml": "a: &a [x, x]\ntitle: [*a, *a]\n"}, "dataset.yaml: "),
    "YAML without end": ({"dataset.yaml": "title: " + "[" * 5000}, "dataset.yaml: "),
    "YAML of bytes": ({"dataset.yaml": b"title: \xff\xfe\n"}, "dataset.yaml: "),
    "key twice": ({"dataset.yaml": yaml("lifetimes", LIVES) + "title: y\n", "rows.csv": GOOD}, "got the key twice"),
    "key unknown": (lives(GOOD, top="titel: y"), "titel: unknown key; did you mean 'title'?"),
    "table unknown": ({"dataset.yaml": yaml("lifetime", LIVES), "rows.csv": GOOD}, "did you mean 'lifetimes'?"),
    "column not mapped": (lives(GOOD, "duration: {from: stay, unit: months}"), "event: missing, and lifetimes needs"),
    "unit unknown": (lives(GOOD, "duration: {from: stay, unit: moons}, event: left"), "got 'moons', expected days"),
    "path out of the folder": (lives(GOOD, file="../../secret.csv"), "expected a file in the dataset's own folder."),
    # the values
    "text among numbers": (lives("stay,left\nsoon,1\n"), "no number (got 'soon'); expected a number"),
    "decimal comma": (lives('stay,left\n"1,5",1\n'), "no number (got '1,5')"),
    "infinite number": (lives("stay,left\ninf,1\n"), "no number (got 'inf')"),
    "truth of another kind": (lives("stay,left\n1,Yes\n"), "neither true nor false (got 'Yes'); expected 0 or 1"),
    "value absent": (
        lives("stay,left\n1,1\n,0\n"),
        "1 row with no value (row 2 below the header); expected one in every row",
    ),
    "negative time": (lives("stay,left\n-1,1\n"), "a negative value (got -1); expected 0 or more"),
    "entry after the end": (
        lives("stay,left,e\n1,1,3\n", LIVES + ", entry: e"),
        "an entry after the duration (got '3 > 1')",
    ),
    "numbers and texts": (lives("stay,left,x\n1,1,a\n2,0,2\n", LIVES + ", x: "), "expected one type"),
    "code not listed": (lives("stay,left,x\n1,1,b\n", LIVES + ", x: {values: {a: A}}"), "not listed under values: (go"),
    "id twice": (lives("stay,left,id\n1,1,a\n2,0,a\n", LIVES + ", customer_id: id"), "an earlier row has (row 2 below"),
    "date of another form": (bought("id,t,a\nx,13/02/2020,1\n"), "a value that is no time (got '13/02/2020')"),
    "day that is none": (bought("id,t,a\nx,2020-02-30,1\n"), "a value that is no time (got '2020-02-30')"),
    "date in the future": (bought("id,t,a\nx,2999-01-01,1\n"), "a time in the future (got '2999-01-01 00:00:00')"),
    "date after the extract": (
        bought("id,t,a\nx,2020-01-02,1\n", top="extracted: 2020-01-01"),
        "none after 2020-01-01",
    ),
    "currencies mixed": (
        bought(
            "id,t,a,c\nx,2020-01-02,1,EUR\nx,2020-01-03,1,USD\n", BOUGHT.replace("currency: EUR", "currency_from: c")
        ),
        "another currency than 'EUR'",
    ),
    "cancellation that adds": (
        bought("id,t,a,o\nx,2020-01-02,5,C1\n", BOUGHT + ", cancelled: {from: o, starts_with: [C]}"),
        "a cancellation of more than 0 (got 5)",
    ),
    "nobody's rows": (bought("id,t,a\n,2020-01-02,5\n"), "no row has a customer."),
    "end before start": (
        {"dataset.yaml": yaml("subscriptions", HELD), "rows.csv": "id,s,e\nx,2020-02-01,2020-01-01\n"},
        "a start after the end (got '2020-02-01 > 2020-01-01'); expected start ≤ end",
    ),
    "price below zero": (
        {
            "dataset.yaml": yaml("subscriptions", HELD + ", price: {from: p, currency: EUR}"),
            "rows.csv": "id,s,e,p\nx,2020-02-01,,-1\n",
        },
        "a negative value (got -1)",
    ),
    "rating outside its scale": (
        {"dataset.yaml": yaml("surveys", SAID), "rows.csv": "id,q\nx,6\n"},
        "a rating outside its scale (got 6); expected 1 to 5",
    ),
    "rating between two points": (
        {"dataset.yaml": yaml("surveys", SAID), "rows.csv": "id,q\nx,2.5\n"},
        "no whole number (got 2.5); expected a point of the scale",
    ),
    "weight absent": (
        {
            "dataset.yaml": yaml("surveys", SAID + ", weight: {from: w, weighting: survey}"),
            "rows.csv": "id,q,w\nx,2,\n",
        },
        "1 row with no value",
    ),
    "frequency of half a row": (
        {
            "dataset.yaml": yaml("surveys", SAID + ", weight: {from: w, weighting: frequency}"),
            "rows.csv": "id,q,w\nx,2,1.5\n",
        },
        "expected how many equal rows there were",
    ),
    "replicate weight absent": (
        {
            "dataset.yaml": yaml("surveys", SAID + ", r1: {from: w, type: number, weighting: replicate}"),
            "rows.csv": "id,q,w\nx,2,\n",
        },
        "1 row with no value",
    ),
    # ids, SQL, databases
    "id with two meanings": (PEOPLE | {"same.csv": "old,new\nb,a\nb,c\n"}, "with a second customer for an id"),
    "alias of an alias": (PEOPLE | {"same.csv": "old,new\nb,a\na,c\n"}, "pointing to an id that is an alias itself"),
    "aliases without the column": (PEOPLE | {"same.csv": "old,now\nb,a\n"}, "aliases: the file has no column 'new'"),
    "pseudonym without a key": (
        lives("stay,left,id\n1,1,a\n", LIVES + ", customer_id: {from: id, personal: pseudonym}"),
        "personal, and there is no key to replace it",
    ),
    "SQL of another table": (lives(GOOD, more="sql: SELECT * FROM nowhere"), "sql: "),
    "SQL that fails on values": (
        lives("stay,left\nx,1\n", more="sql: SELECT CAST(stay AS INT) AS stay FROM rows"),
        "sql: it fails on the values",
    ),
    "SQL that writes": (lives(GOOD, more="sql: DROP TABLE rows"), "expected one SELECT and nothing else"),
    "database absent": (
        {"dataset.yaml": yaml("lifetimes", LIVES).replace("file: rows.csv", "connection: sqlite://x.db\n    table: t")},
        "expected a database file in the dataset's own folder.",
    ),
    "password unset": (
        {
            "dataset.yaml": yaml("lifetimes", LIVES).replace(
                "file: rows.csv", "connection: postgres://u:${WB_NO_SUCH}@h/b\n    table: t"
            )
        },
        "the environment does not say",
    ),
    "driver absent": (
        {
            "dataset.yaml": yaml("lifetimes", LIVES).replace(
                "file: rows.csv", "connection: exasol://host/base\n    table: t"
            )
        },
        "is the driver installed",
    ),
}


def lay_out(folder, files) -> None:
    for name, content in files.items():
        match content:
            case None:
                (folder / name).mkdir()
            case bytes():
                (folder / name).write_bytes(content)
            case str():
                (folder / name).write_text(content, encoding="utf-8")
            case os.symlink:
                (folder.parents[1] / "secret.csv").write_text(GOOD)
                (folder / name).symlink_to(folder.parents[1] / "secret.csv")
            case make:
                make(folder / name)


def everything(root) -> dict[str, object]:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else path.lstat().st_mode
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize("kind", KINDS)
def test_one_clear_message_and_exit_2_and_nothing_is_lost(command, kind):
    files, said = KINDS[kind]
    lay_out(command.folder, files)
    before = everything(command.root)
    code, out, complaint = command("data", "check", "people")
    assert code == 2, complaint
    assert said in complaint
    (line,) = complaint.splitlines()
    assert line.startswith(("workbench: dataset people, ", "workbench: data/people/"))
    assert out == ""
    assert everything(command.root) == before


def test_there_are_forty_kinds():
    assert len(KINDS) >= 40


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "a b", "x" * 65, "é/é", "none"])
def test_a_name_that_is_no_dataset_is_refused(command, name):
    for action in ("show", "check"):
        code, out, complaint = command("data", action, name)
        assert (code, out, len(complaint.splitlines())) == (2, "", 1), complaint


def test_faults_of_the_definition_do_not_hide_those_of_the_rows(command):
    columns = "customer_id: id, timestamp: t, amount: a, plan: {from: pln}"
    lay_out(command.folder, bought("id,t,a,plan\nx,soon,1,p\n", columns, more="segments: [plann]"))
    code, _, complaint = command("data", "check", "people")
    told = complaint.splitlines()
    said = ("currency: got nothing", "segments: 'plann'", "no column 'pln'; did you mean 'plan'", "(got 'soon')")
    assert code == 2
    for part in said:
        assert sum(part in line for line in told) == 1, complaint


def test_the_currency_of_each_row_may_be_said_for_the_whole_table(command):
    columns = BOUGHT.replace("{from: a, currency: EUR}", "a") + ", margin: m"
    lay_out(command.folder, bought("id,t,a,m,u\nx,2020-01-01,1,1,CHF\n", columns, more="currency_from: u"))
    assert command("data", "check", "people") == (0, "transactions: 1 row keeps the contract.\n", "")


def test_a_key_that_is_absent_is_told_once(command):
    table = "columns: {customer_id: {from: id, personal: pseudonym}"
    text = f"title: x\ntables:\n  customers: {{file: rows.csv, {table}}}}}\n  subscriptions: {{file: rows.csv, {table}"
    lay_out(command.folder, {"dataset.yaml": text + ", start: s}}\n", "rows.csv": "id,s\n1,2020-01-01\n"})
    code, _, complaint = command("data", "check", "people")
    (line,) = complaint.splitlines()
    assert code == 2
    assert "customers.customer_id and subscriptions.customer_id: personal, and there is no key to replace them" in line


def test_a_dataset_that_shadows_a_sample_says_so(command):
    (command.root / "x.csv").write_text("customer_id,region\n1,a\n")
    code, out, _ = command("data", "add", "telco", "--from", "x.csv")
    assert code == 0
    assert "no longer the sample of that name" in out


def test_several_faults_are_told_together_one_a_line(command):
    lay_out(command.folder, lives("stay,left,age\nsoon,1,x\n-1,maybe,3\n", LIVES + ", age: {type: number}"))
    code, _, complaint = command("data", "check", "people")
    assert code == 2
    assert len(complaint.splitlines()) == 4


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("none.csv", "is not there"),
        (".", "got a folder"),
        ("empty.csv", "the file is empty"),
        ("x.sav", "ends in '.sav'"),
        ("plain", "workbench: 'plain': got a file whose name has no ending"),
    ],
)
def test_what_cannot_be_added_leaves_nothing_behind(command, source, said):
    (command.root / "empty.csv").write_text("")
    (command.root / "x.sav").write_text("x")
    (command.root / "plain").write_text("x")
    before = everything(command.root)
    code, out, complaint = command("data", "add", "mine", "--from", source)
    assert (code, out) == (2, "")
    assert said in complaint
    assert everything(command.root) == before
