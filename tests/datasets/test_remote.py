import sqlite3

import duckdb
import pytest

from workbench.errors import DataError


def yaml(url: str, what: str) -> str:
    columns = "{customer_id: id, n: }"
    return f"title: x\ntables:\n  customers:\n    connection: {url}\n    {what}\n    columns: {columns}\n"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sqlite://x.sqlite", "table: t"),
        ("sqlite://x.sqlite", "sql: SELECT id, n FROM t ORDER BY id"),
        ("duckdb://x.duckdb", "table: t"),
        ("duckdb://x.duckdb", "sql: SELECT * FROM t"),
    ],
)
def test_a_database_is_read_through_ibis(project, url, what):
    pytest.importorskip("pyarrow_hotfix", reason="Ibis needs the extra duckdb: this claim is NOT tested")
    for connect, name in ((sqlite3.connect, "x.sqlite"), (duckdb.connect, "x.duckdb")):
        connection = connect(project.folder / name)
        connection.execute("CREATE TABLE t (id VARCHAR, n INTEGER)")
        connection.execute("INSERT INTO t VALUES ('a', 1), ('b', NULL)")
        connection.commit()
        connection.close()
    frame = project.write(yaml(url, what)).find().load("customers").frame
    assert frame["customer_id"].tolist() == ["a", "b"]
    assert frame["n"].tolist()[0] == 1


@pytest.mark.parametrize(
    ("url", "what", "said"),
    [
        ("sqlite://../x.sqlite", "table: t", "expected a database file in the dataset's own folder"),
        ("duckdb://none.duckdb", "table: t", "expected a database file in the dataset's own folder"),
        ("postgres://${NO_SUCH_VARIABLE}@h/x", "table: t", "the environment does not say 'NO_SUCH_VARIABLE'"),
        ("postgres://${SECRET}@localhost:1/x", "table: t", "connection postgres: cannot be read"),
        ("nosuch://host", "table: t", "got 'nosuch', expected athena"),
        ("host", "table: t", "expected a URL such as postgres://${USER}"),
        ("sqlite://x.sqlite", "sheet: t", "table: got neither, expected either table or sql"),
    ],
)
def test_a_connection_that_fails_is_told_without_its_secrets(project, monkeypatch, url, what, said):
    monkeypatch.setenv("SECRET", "user:hunter2")
    with pytest.raises(DataError) as caught:
        project.write(yaml(url, what)).find().load("customers")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///tmp/x.duckdb", "parquet://x.parquet", "csv://x.csv", "pandas://", "md://x"])
def test_a_scheme_that_opens_files_by_itself_is_refused(project, url):
    with pytest.raises(DataError, match=r"expected athena, bigquery, .*sqlite or trino"):
        project.write(yaml(url, "table: t")).find().load("customers")
