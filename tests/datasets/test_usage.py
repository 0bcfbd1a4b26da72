"""The table `usage`, and the columns that tables have learnt to name: channel, product, team, opt-out."""

import datetime

import pytest

from workbench.datasets.draft import draft
from workbench.errors import DataError

USAGE = """\
title: x
extracted: 2025-04-01
tables:
  usage:
    file: rows.csv
    columns: {customer_id: c, timestamp: t, known_at: k, measure: m, value: v}
"""


def test_usage_is_a_table_of_events_with_what_was_counted(project):
    project.write(
        USAGE, "c,t,k,m,v\na,2025-01-01,2025-02-01,logins,12\na,2025-01-01,,minutes,3.5\n,2025-01-01,,logins,1\n"
    )
    found = project.find()
    frame = found.load("usage").frame
    assert list(frame.columns) == ["customer_id", "timestamp", "known_at", "measure", "value"]
    assert frame["value"].tolist() == [12.0, 3.5]
    assert frame["known_at"].dt.date.tolist() == [datetime.date(2025, 2, 1), datetime.date(2025, 1, 1)]
    assert [check.name for check in found.check()] == ["usage_no_customer"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,2025-01-01,2024-12-31,logins,1", "a timestamp after the known_at"),
        ("a,2026-01-01,,logins,1", "a time in the future"),
        ("a,2025-01-01,,,1", "measure (from 'm'): 1 row with no value"),
        ("a,2025-01-01,,logins,", "value (from 'v'): 1 row with no value"),
        ("a,2025-01-01,,logins,many", "no number (row 1 below the header: 4 letters)"),
    ],
)
def test_bad_usage_is_refused(project, row, said):
    project.write(USAGE, f"c,t,k,m,v\n{row}\n")
    with pytest.raises(DataError, match="table usage") as told:
        project.find().load("usage")
    assert said in str(told.value)


def test_team_and_opt_out_are_attributes_that_split_and_hold_from_some_time(project):
    yaml = """\
title: x
tables:
  customers:
    file: rows.csv
    segments: [team, opt_out]
    columns: {customer_id: c, team: {constant: true}, opt_out: {valid_from: since}, since: {type: date}}
"""
    project.write(yaml, "c,team,opt_out,since\na,North,1,2025-01-01\nb,South,0,2025-01-01\n")
    table = project.find().table("customers")
    assert (table.segments, table.constant, table.valid_from) == (("team", "opt_out"), ("team",), {"opt_out": "since"})
    assert project.find().load("customers").frame["opt_out"].tolist() == [True, False]


def test_a_file_of_usage_is_recognised(tmp_path):
    rows = [f"k{i % 40},2025-{1 + i % 3:02d}-01,{('logins', 'minutes')[i % 2]},{i % 17}" for i in range(240)]
    path = tmp_path / "log.csv"
    path.write_text("customer_id,month,metric,value\n" + "\n".join(rows) + "\n")
    text = draft(path)
    assert "  usage:  # guess" in text
    assert "measure: {from: metric" in text
    assert "value: {from: value" in text


def test_orders_with_channel_and_product_keep_them(tmp_path):
    rows = [f"k{i % 40},2025-01-{1 + i % 28:02d},{5 + i}.5,{('web', 'shop')[i % 2]},p{i % 7}" for i in range(240)]
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_date,amount,sales_channel,sku\n" + "\n".join(rows) + "\n")
    text = draft(path)
    assert "  transactions:  # guess" in text
    assert "channel: {from: sales_channel" in text
    assert "product: {from: sku" in text
