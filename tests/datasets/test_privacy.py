"""What tells a person stays at the door, and nobody gets in by it."""
# ruff: noqa: E501

import io
import json
import logging
import os
import re
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench import datasets
from workbench.datasets.reading.connection import Connection
from workbench.errors import DataError

KEY = "7f3a9c01be44d2685e90ab17c3f8d265"
CANARIES = ("Ada Lovelace", "+44 7700 900123", "QQ123456C", "ada@example.org")
YAML = """
title: x
tables:
  customers:
    file: rows.csv
    columns:
      customer_id: {from: nino, personal: pseudonym}
      who: {from: name, personal: drop}
      mobile: {personal: true}
      mail: {personal: pseudonym}
      plan: {values: {a: A}}
  transactions:
    file: bought.csv
    columns: {customer_id: {from: nino, personal: pseudonym}, timestamp: t, amount: {from: a, currency: EUR}}
"""


@pytest.fixture
def people(project, monkeypatch):
    monkeypatch.delenv("WORKBENCH_PSEUDONYM_KEY", raising=False)
    monkeypatch.delenv("WORKBENCH_PSEUDONYM_KEY_FILE", raising=False)
    name, mobile, nino, mail = CANARIES
    (project.folder / "bought.csv").write_text(f"nino,t,a\n{nino},2020-01-01,5\n{nino},2020-01-02,6\n")
    return project.write(YAML, f"nino,name,mobile,mail,plan\n{nino},{name},{mobile},{mail},a\nX,Y,Z,W,a\n")


def test_personal_ids_become_pseudonyms_that_join_and_the_rest_stays_out(people, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    dataset = people.find()
    customers, bought = dataset.load("customers"), dataset.load("transactions").frame
    assert list(customers.frame) == ["customer_id", "mail", "plan"]
    assert re.fullmatch("[0-9a-f]{32}", customers.frame["customer_id"][0])
    assert set(bought["customer_id"]) == {customers.frame["customer_id"][0]}
    before = dataset.fingerprint()
    assert people.find().fingerprint() == before
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY[::-1])
    assert people.find().load("customers").frame["customer_id"][0] != customers.frame["customer_id"][0]
    assert people.find().fingerprint() != before


def test_one_person_under_several_ids_is_suspected_by_what_they_share(people, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    rows = "nino,name,mobile,mail,plan\n1,,,ada@x.org,a\n2,,,ada@x.org,a\n3,,,,a\n4,,,,a\n5,,,bo@x.org,a\n"
    checks = {check.name: check for check in people.write(rows=rows).find().load("customers").checks}
    assert (checks["customers_shared_mail"].value, checks["customers_shared_mail"].status) == (1, "warn")
    assert "under another customer_id" in checks["customers_shared_mail"].message
    assert "ada" not in checks["customers_shared_mail"].message
    unlike = rows.replace("2,,,ada@x.org", "2,,,al@x.org")
    checks = people.write(rows=unlike).find().load("customers").checks
    assert "customers_shared_mail" not in {check.name for check in checks}


def test_canaries_and_the_key_appear_nowhere(people, monkeypatch, caplog):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        dataset = people.find()
        shown = repr(dataset.check()) + json.dumps(dataset.profile()) + dataset.fingerprint() + repr(dataset)
        shown += dataset.load("customers").frame.to_csv() + repr(dataset.expr("customers"))
        name, mobile, nino, mail = CANARIES
        dirty = f"nino,name,mobile,mail,plan\n{nino},{name},{mobile},{mail},a\n{nino},{name},{mobile},{mail},q\n"
        with pytest.raises(DataError) as caught:
            people.write(rows=dirty).find().check()
        assert len(caught.value.faults) == 2  # a double id, a value that is not listed
        shown += str(caught.value) + repr(caught.value.__cause__)
        with pytest.raises(DataError) as caught:
            people.write(rows=dirty.replace("Ada Lovelace", "Ada,Lovelace")).find().check()
        shown += str(caught.value) + repr(caught.value.__cause__)
    shown += said.getvalue() + caplog.text
    for canary in (*CANARIES, "Lovelace", KEY):
        assert canary not in shown


def test_without_a_key_nothing_personal_enters(people, monkeypatch):
    with pytest.raises(DataError) as caught:
        people.find().load("customers")
    assert (
        "customers.customer_id and customers.mail: personal, and there is no key to replace them; set"
        in caught.value.faults[0]
    )
    people.write(YAML.replace("personal: pseudonym}\n", "personal: true}\n"))
    with pytest.raises(DataError, match="there is no key to replace it"):
        people.find().load("customers")


@pytest.mark.parametrize("where", ["inside", "short", "absent", "both"])
def test_a_key_that_is_not_fit_is_refused_without_being_shown(people, monkeypatch, tmp_path_factory, where):
    outside = tmp_path_factory.mktemp("keys")
    if where == "short":
        monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", "hunter2")
    else:
        file = people.root / "key" if where == "inside" else outside / "key"
        if where != "absent":
            file.write_text(KEY)
        monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY_FILE", str(file))
        if where == "both":
            monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    with pytest.raises(DataError) as caught:
        people.find().load("customers")
    said = {"inside": "lies inside the project", "short": "too short", "absent": "cannot be read", "both": "both"}
    assert said[where] in str(caught.value)
    assert KEY not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_key_file_outside_the_project_is_as_good_as_the_environment(people, monkeypatch, tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY_FILE", str(file))
    by_file = people.find().load("customers").frame
    monkeypatch.delenv("WORKBENCH_PSEUDONYM_KEY_FILE")
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    assert people.find().load("customers").frame.equals(by_file)


@pytest.mark.parametrize(
    "key",
    [
        "a" * 40,
        "ab" * 20,
        "0123456789" * 3,
        "abcdefghijklmnopqrstuvwxyz",
        "zyxwvutsrqponmlkjihg 12",
        "correct-Password-2026-x",
        "changeme-changeme-now",
        "1 1 1 1 1 2 2 2 2 2 3 3 3",
        "KEYKEYKEYKEYKEYKEYK",
    ],
)
def test_a_key_that_can_be_guessed_is_refused_and_told_how_to_make_one(people, monkeypatch, key):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", key)
    with pytest.raises(DataError, match=r"can be guessed.*openssl rand -hex 32") as caught:
        people.find().load("customers")
    assert key not in str(caught.value)


def test_keys_of_chance_are_taken():
    from workbench.datasets.privacy import pseudonyms

    random = np.random.default_rng(1)
    keys = [random.bytes(32).hex().encode() for _ in range(2_000)]
    assert not any(pseudonyms._guessable(key) for key in keys)


def test_a_key_file_that_others_may_read_is_refused(people, monkeypatch, tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "key"
    file.write_text(KEY)
    file.chmod(0o644)
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY_FILE", str(file))
    with pytest.raises(DataError, match=r"others may read the file.*chmod 600"):
        people.find().load("customers")


@pytest.mark.parametrize("device", ["/dev/zero", "pipe", "large"])
def test_what_is_no_key_file_is_refused_at_once(people, monkeypatch, tmp_path_factory, device):
    folder = tmp_path_factory.mktemp("keys")
    if device == "pipe":
        os.mkfifo(folder / "pipe")
    elif device == "large":
        (folder / "large").write_bytes(b"x" * 10_000)
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY_FILE", device if device == "/dev/zero" else str(folder / device))
    with pytest.raises(DataError, match="got no file of at most 4096 bytes"):
        people.find().load("customers")


def test_rows_that_are_laid_out_have_no_name_on_the_disk():
    connection = Connection()
    seen, over = [], threading.Event()

    def watch():
        while not over.is_set():
            for path in connection.folder.rglob("*"):
                with suppress(OSError):
                    seen.append(b"Lovelace" in path.read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for place in range(20):
        connection.stage("rows", pa.table({"c0": ["Ada Lovelace"] * 3_000}).to_reader(), append=place > 0)
    over.set()
    watcher.join()
    assert seen
    assert not any(seen)
    assert connection.backend.table("rows").count().execute() == 60_000
    connection.close()


HOSTILE_SQL = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT file AS content FROM glob('{folder}/*')",
    "SELECT * FROM read_parquet('{parquet}')",
    "SELECT * FROM '{parquet}'",
    "SELECT * FROM parquet_metadata('{parquet}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM rows; COPY rows TO '{folder}/out.csv'",
    "COPY rows TO '{folder}/out.csv'",
    "ATTACH '{folder}/out.db'",
    "CREATE TABLE x AS SELECT 1",
    "DROP TABLE rows",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE '{folder}/out'",
    "CALL pragma_version()",
    "SELECT * FROM secret_frame",
    "SELECT getenv('WORKBENCH_PSEUDONYM_KEY') AS content",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM rows UNION ALL SELECT * FROM read_csv('{secret}')",
    "SELECT (SELECT content FROM read_text('{secret}')) AS content",
    "SELECT * FROM query('SELECT * FROM read_csv(''{secret}'')')",
    "SELECT * FROM 'https://example.org/x.csv'",
    "SELECT * FROM duckdb_secrets()",
    "DELETE FROM rows",
    "INSERT INTO rows VALUES (1)",
    "",
    "SELECT",
    "') ; SELECT * FROM read_csv('{secret}') --",
]


@pytest.mark.parametrize("sql", HOSTILE_SQL)
def test_sql_reaches_no_file_outside_the_dataset(project, tmp_path_factory, sql):
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "secret.csv").write_text("content\ncanary-4711\n")
    secret_frame = pa.table({"content": ["canary-4711"]})
    pq.write_table(secret_frame, folder / "secret.parquet")
    sql = sql.format(secret=folder / "secret.csv", parquet=folder / "secret.parquet", folder=folder)
    yaml = f"title: x\ntables: {{customers: {{file: rows.csv, sql: {json.dumps(sql)}, columns: {{customer_id: content}}}}}}"
    with pytest.raises(DataError) as caught:
        project.write(yaml, "content\na\n").find().load("customers")
    assert "canary" not in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == ["secret.csv", "secret.parquet"]


def test_sql_joins_the_files_of_the_dataset(project):
    (project.folder / "towns.csv").write_text("id,Town  name\na,Ulm\n")
    yaml = """
title: x
tables:
  customers:
    file: {people: rows.csv, towns: towns.csv}
    sql: SELECT id, "Town name", TRY_CAST(months AS DOUBLE) * 2 AS double FROM people LEFT JOIN towns USING (id) ORDER BY id
    columns: {customer_id: id, town: Town name, double: }
"""
    frame = project.write(yaml).find().load("customers").frame
    assert frame["town"].tolist() == ["Ulm", None, None]
    assert frame["double"].tolist() == [3, 6, 0]
    with pytest.raises(DataError, match=r"sql: .*peple.*does not exist"):
        project.write(yaml.replace("FROM people", "FROM peple")).find().load("customers")
    with pytest.raises(DataError, match="sql: it fails on the values") as caught:
        project.write(yaml.replace("TRY_CAST", "CAST").replace("months", "id")).find().load("customers")
    assert "'a'" not in str(caught.value)


def test_a_password_in_a_connection_is_refused_and_not_repeated(project):
    table = "{customers: {connection: '%s', table: t, columns: {customer_id: id}}}"
    for url in ("postgres://u:hunter2@host/db", "mysql://host/db?password=hunter2"):
        with pytest.raises(DataError, match="of the environment") as caught:
            project.write(f"title: x\ntables: {table % url}").find()
        assert "hunter2" not in str(caught.value)


def test_the_private_folder_of_a_dataset_goes_with_it(project):
    dataset = project.find()
    dataset.check()
    folder = dataset._held.session.connection.folder
    assert (folder.stat().st_mode & 0o777) == 0o700
    del dataset
    import gc

    gc.collect()
    assert not folder.exists()


def test_expressions_of_one_dataset_join(people, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    dataset: datasets.Dataset = people.find()
    joined = dataset.expr("transactions").inner_join(dataset.expr("customers"), "customer_id")
    connection = dataset._held.session.connection
    assert connection.execute(connection.sql(joined.count().as_table())) == [(2,)]
