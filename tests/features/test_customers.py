import datetime as dt

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.features.worlds import START, versions, world

from workbench import datasets
from workbench.errors import DataError, ParameterError
from workbench.features import Records, cancellations_after, customer_features, purchases_after, snapshots

CUTOFF = pd.Timestamp("2024-10-01")
RECORDS = Records(START.date(), dt.date(2026, 1, 1))


def frame(tables, cutoffs=("2024-10-01",), **options):
    """Features as a frame, one row per customer and cut-off, in order."""
    memory = {name: ibis.memtable(rows) for name, rows in tables.items()}
    burn_in = options.pop("burn_in_days", 0)
    made = customer_features(memory, snapshots(cutoffs, burn_in_days=burn_in), **options)
    return made.table.to_pandas().sort_values(["customer_id", "cutoff"]).reset_index(drop=True)


def compiled(tables):
    """The features as one function of frames: compiled once, because compiling costs more than a small query."""
    unbound = {name: ibis.table(ibis.memtable(rows).schema(), name=name) for name, rows in tables.items()}
    made = customer_features(
        unbound, snapshots(["2024-10-01"]), windows_days=(30,), records=RECORDS, measures=["logins", "minutes"]
    )
    query = ibis.to_sql(made.table, dialect="duckdb", pretty=False)

    def run(tables):
        with duckdb.connect(config={"threads": 1}) as connection:
            for name, rows in tables.items():
                connection.register(name, rows)
            return connection.sql(query).to_arrow_table().sort_by("customer_id")

    return run


def is_past(rows, time):
    known = rows["known_at"].fillna(rows[time]) if "known_at" in rows else rows[time]
    return (rows[time] < CUTOFF) & (known < CUTOFF)


def without_future(tables):
    result = {}
    for name, rows in tables.items():
        time = {"subscriptions": "start", "customers": "valid_from"}.get(name, "timestamp")
        rows = rows[is_past(rows, time)].copy()
        if name == "subscriptions":
            rows.loc[rows.end >= CUTOFF, ["end", "end_reason"]] = None
        result[name] = rows
    return result


def with_scrambled_future(tables, draw):
    result = {}
    for name, rows in tables.items():
        time = {"subscriptions": "start", "customers": "valid_from"}.get(name, "timestamp")
        past, rows = is_past(rows, time), rows.copy()
        later = int((~past).sum())
        for column in rows.columns:
            if column == time:
                times = CUTOFF + pd.to_timedelta(draw.integers(0, 300 * 86400, later), unit="s")
                times = times.where(draw.random(later) < 0.8, CUTOFF)
                # An event of before that nobody knew of before: it stays where it is.
                rows.loc[~past, column] = np.where(rows.loc[~past, column] < CUTOFF, rows.loc[~past, column], times)
            elif column != "known_at":
                rows.loc[~past, column] = draw.permutation(rows.loc[~past, column].to_numpy())
        if name == "subscriptions":
            ahead = past & (rows.end >= CUTOFF)
            rows.loc[ahead, "end"] = CUTOFF + pd.to_timedelta(draw.integers(0, 300, int(ahead.sum())), unit="D")
            rows.loc[ahead, "end_reason"] = "scrambled"
        result[name] = rows.iloc[draw.permutation(len(rows))]
    return result


def test_deleting_or_scrambling_the_future_leaves_features_bit_identical_in_100_random_worlds():
    run = None
    for batch in range(5):
        # Twenty worlds lie in one set of tables, each with customers of its own, because a query of this length costs
        # as much to plan as to run; the whole, the deleted and the scrambled are run each for itself.
        draw = np.random.default_rng(batch)
        wholes, deleted, scrambled = [], [], []
        for seed in range(20 * batch, 20 * batch + 20):
            tables = {
                **world(seed, customers=int(draw.integers(3, 15)), events=int(draw.integers(20, 120))),
                "customers": versions(seed),
            }
            mixed = with_scrambled_future(tables, draw)
            assert not mixed["transactions"].sort_index().equals(tables["transactions"])
            for kind, made in ((wholes, tables), (deleted, without_future(tables)), (scrambled, mixed)):
                kind.append(
                    {name: rows.assign(customer_id=f"{seed}:" + rows.customer_id) for name, rows in made.items()}
                )
        run = run or compiled(tables)
        whole = run(together(wholes))
        assert whole.num_rows > 20
        assert run(together(deleted)).equals(whole), f"deleted, batch {batch}"
        assert run(together(scrambled)).equals(whole), f"scrambled, batch {batch}"


def together(worlds):
    return {name: pd.concat([tables[name] for tables in worlds], ignore_index=True) for name in worlds[0]}


def test_the_comparison_would_see_one_bit():
    tables = {**world(1), "customers": versions(1)}
    run = compiled(tables)
    other = {name: rows.copy() for name, rows in tables.items()}
    first = np.flatnonzero(is_past(other["transactions"], "timestamp"))[0]
    other["transactions"].loc[first, "amount"] += 0.000001
    assert not run(other).equals(run(tables))


def test_snapshots_of_many_cutoffs_are_those_of_each():
    tables = {**world(5), "customers": versions(5)}
    dates = ["2024-05-01", "2024-10-01"]
    at_once = frame(tables, dates, windows_days=(30,), records=RECORDS)
    apart = pd.concat([frame(tables, [date], windows_days=(30,), records=RECORDS) for date in dates])
    apart = apart.sort_values(["customer_id", "cutoff"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(at_once, apart, check_dtype=False, check_exact=True)
    assert not at_once.duplicated(["customer_id", "cutoff"]).any()


def test_every_column_has_in_the_database_the_type_that_the_expression_declares(tmp_path):
    memory = {name: ibis.memtable(rows) for name, rows in {**world(3), "customers": versions(3)}.items()}
    when = snapshots(["2024-02-01", "2024-10-01"], horizon_days=60)
    made = customer_features(memory, when, windows_days=(30,))
    labels = purchases_after(made.table, memory["transactions"], when, records=made.records)
    ends = cancellations_after(made.table, memory["subscriptions"], when, records=made.records)
    names = {"int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE"}
    connection = ibis.duckdb.connect()
    for table in (made.table, labels, ends):
        connection.to_parquet(table, tmp_path / "written.parquet")
        written = duckdb.sql(f"describe select * from '{tmp_path}/written.parquet'").fetchall()
        declared = {name: names[str(kind).lstrip("!")] for name, kind in table.schema().items()}
        assert {row[0]: row[1] for row in written} == declared


def bought(*rows, **columns):
    made = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])
    return made.assign(timestamp=pd.to_datetime(made.timestamp, format="ISO8601"), **columns)


def test_an_event_on_the_instant_of_the_cutoff_is_not_known_and_one_before_it_is():
    rows = bought(("a", "2024-09-30T23:59:59.999999", 5.0), ("b", "2024-10-01T00:00:00", 7.0))
    found = frame({"transactions": rows})
    assert list(found.customer_id) == ["a"]
    assert found.loc[0, "days_since_last_purchase"] == 1


def test_an_event_that_became_known_late_is_not_used_before():
    rows = bought(("a", "2024-09-01", 5.0), ("a", "2024-09-02", 7.0), ("b", "2024-09-02", 1.0))
    rows["known_at"] = pd.to_datetime([None, "2024-10-01", "2024-12-01"])
    found = frame({"transactions": rows})
    assert list(found.customer_id) == ["a"]
    assert found.loc[0, "amount"] == 5.0
    assert list(frame({"transactions": rows}, ["2024-10-02"]).amount) == [12.0]


def test_customers_of_the_burn_in_are_on_board_and_in_no_cohort():
    rows = bought(("old", "2024-01-01", 5.0), ("edge", "2024-01-31", 5.0), ("new", "2024-02-20", 5.0))
    found = frame({"transactions": rows}, burn_in_days=30).set_index("customer_id")
    assert list(found.already_on_board[["old", "edge", "new"]]) == [True, False, False]
    assert found.cohort.isna()["old"]
    assert found.cohort["new"] == pd.Timestamp("2024-02-01")
    assert found.tenure_days["new"] == (CUTOFF - pd.Timestamp("2024-02-20")).days


def test_a_customer_known_only_by_the_master_data_is_there_with_zeros():
    rows = bought(("a", "2024-03-01", 5.0))
    people = pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "first_seen": pd.to_datetime(["2024-02-01", "2024-05-01", "2024-10-01"])}
    )
    found = frame({"transactions": rows, "customers": people}).set_index("customer_id")
    assert list(found.index) == ["a", "b"]
    assert found.purchases["b"] == 0
    assert pd.isna(found.frequency["b"])
    assert found.tenure_days["a"] == (CUTOFF - pd.Timestamp("2024-02-01")).days


def test_attributes_as_of_extract_stay_out_by_name_unless_constant():
    tables = {
        "transactions": ibis.memtable(bought(("a", "2024-03-01", 5.0))),
        "customers": ibis.memtable({"customer_id": ["a"], "born": [1980], "status": ["closed"]}),
    }
    when = snapshots(["2024-10-01"])
    made = customer_features(tables, when, constant=["born"])
    assert made.kept_out == ("status",)
    assert "status" not in made.table.columns
    assert made.table.born.to_pandas().tolist() == [1980]
    with pytest.raises(DataError, match=r"customers\.status: nothing says from when it holds"):
        customer_features(tables, when, attributes=["status"])
    with pytest.raises(DataError, match="did you mean 'born'"):
        customer_features(tables, when, constant=["borne"])


def test_windows_that_are_none_are_refused():
    tables = {"transactions": ibis.memtable(bought(("a", "2024-03-01", 5.0)))}
    for windows in ([0], [7, 7], [1.5]):
        with pytest.raises(ParameterError, match="expected different whole numbers of days"):
            customer_features(tables, snapshots(["2024-10-01"]), windows_days=windows)


def test_a_dated_attribute_is_the_last_version_before_the_cutoff():
    people = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a"],
            "grade": [1, 2, 3],
            "valid_from": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-10-01"]),
        }
    )
    rows = bought(("a", "2024-03-01", 5.0))
    found = frame({"transactions": rows, "customers": people}, ["2024-04-01", "2024-10-01", "2024-10-02"])
    assert list(found.grade) == [1, 2, 3]


def test_an_attribute_with_a_date_of_its_own_is_unknown_before_it():
    people = ibis.memtable(
        {
            "customer_id": ["a", "b"],
            "plan": ["x", "y"],
            "since": ["2024-03-01", "2024-10-01"],
            "grade": [1, 2],
            "graded": ["2024-11-01", "2024-01-01"],
            "born": [1970, 1980],
            "town": ["u", "v"],
        }
    ).cast({"since": "date", "graded": "timestamp"})
    when = snapshots(["2024-10-01", "2024-12-01"])
    tables = {"transactions": ibis.memtable(bought(("a", "2024-03-01", 5.0), ("b", "2024-03-01", 5.0)))}
    dates = {"plan": "since", "grade": "graded"}
    made = customer_features({**tables, "customers": people}, when, constant=["born"], valid_from=dates)
    assert made.kept_out == ("town",)
    found = made.table.to_pandas().sort_values(["customer_id", "cutoff"])
    assert "since" not in found
    assert found["plan"].replace({None: "?"}).tolist() == ["x", "x", "?", "y"]
    assert found["grade"].fillna(0).tolist() == [0, 1, 2, 2]
    assert found["born"].tolist() == [1970, 1970, 1980, 1980]
    with pytest.raises(DataError, match="declared valid_from, got no such column; did you mean 'plan'"):
        customer_features({**tables, "customers": people}, when, valid_from={"plann": "since"})
    with pytest.raises(DataError, match=r"customers\.until: got no such column"):
        customer_features({**tables, "customers": people}, when, valid_from={"plan": "until"})


def test_a_dataset_says_what_is_constant_and_from_when_attributes_hold(tmp_path):
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (folder / "people.csv").write_text("id,plan,since,born,town\na,x,2024-11-01,1970,u\n")
    (folder / "bought.csv").write_text("id,t,a\na,2024-03-01,5\n")
    (folder / "dataset.yaml").write_text(
        """
title: Shop
tables:
  transactions: {file: bought.csv, currency: EUR, columns: {customer_id: id, timestamp: t, amount: a}}
  customers:
    file: people.csv
    columns:
      customer_id: id
      since: {type: date}
      plan: {valid_from: since}
      born: {type: number, constant: true}
      town:
"""
    )
    shop = datasets.find("shop", tmp_path)
    people = shop.table("customers")
    tables = {name: shop.expr(name) for name in shop.tables}
    made = customer_features(tables, snapshots(["2024-10-01"]), constant=people.constant, valid_from=people.valid_from)
    found = made.table.to_pandas().iloc[0]
    assert (found["born"], found["plan"], made.kept_out) == (1970, None, ("town",))


def test_rows_without_a_customer_make_no_customer():
    found = frame({"transactions": bought((None, "2024-03-01", 5.0), ("a", "2024-03-01", 5.0))})
    assert list(found.customer_id) == ["a"]


def test_tables_that_cannot_serve_are_refused_with_every_fault():
    with pytest.raises(DataError, match="expected at least one of transactions"):
        customer_features({}, snapshots(["2024-10-01"]))
    nothing = ibis.memtable({"client": ["a"]})
    with pytest.raises(DataError) as caught:
        customer_features({"transactions": nothing}, snapshots(["2024-10-01"]))
    assert len(caught.value.faults) == 2
    zoned = ibis.memtable(bought(("a", "2024-03-01", 5.0)).assign(timestamp=pd.Timestamp("2024-03-01", tz="UTC")))
    with pytest.raises(DataError, match="without a time zone"):
        customer_features({"transactions": zoned}, snapshots(["2024-10-01"]))


def test_a_file_has_the_rows_that_one_query_gives_for_all_cutoffs(tmp_path):
    """It is written cut-off by cut-off; the burn-in is that of all records, whichever cut-offs are asked for."""
    some = {name: world(4, customers=20)[name] for name in ("transactions", "subscriptions")}
    memory = {name: ibis.memtable(rows) for name, rows in some.items()}
    when = snapshots(["2024-06-01", "2024-10-01"], burn_in_days=40)
    made = customer_features(memory, when, windows_days=(30,))
    made.write(tmp_path / "made.parquet")
    whole, written = made.arrow(), pq.read_table(tmp_path / "made.parquet")
    assert written.schema.equals(whole.schema)
    keys = [("customer_id", "ascending"), ("cutoff", "ascending")]
    both = [each.sort_by(keys).to_pandas() for each in (whole, written)]
    assert len(set(both[1]["cutoff"])) == 2
    pd.testing.assert_frame_equal(*both)
