"""Bad input of every canonical table gives one clear message."""
# ruff: noqa: E501

import pytest

from workbench.errors import DataError

TRANSACTIONS = "{customer_id: c, timestamp: t, amount: {from: a, currency: EUR}%s}"
SURVEYS = "{q: {scale: [1, 5], role: driver}%s}"
SUBSCRIPTIONS = "{customer_id: c, start: s, end: e, price: {from: p, currency: EUR}}"


def load(project, table, columns, rows, more="", top=""):
    project.write(
        f"title: x\n{top}\ntables:\n  {table}:\n    file: rows.csv\n    {more}\n    columns: {columns}\n", rows
    )
    return project.find().load(table)


@pytest.mark.parametrize(
    ("table", "columns", "rows", "said"),
    [
        (
            "customers",
            "{customer_id: c}",
            "c\na\na\n",
            "an id that an earlier row has (row 2 below the header); expected one row for each customer. If each row is a contract,",
        ),
        ("customers", "{customer_id: c, x: }", "c,x\na,1\n,2\n", "customer_id (from 'c'): 1 row with no value"),
        (
            "customers",
            "{customer_id: c, first_seen: f}",
            "c,f\na,2020-13-01\n",
            "no date (got '2020-13-01'); expected ISO",
        ),
        ("customers", "{customer_id: c, first_seen: f}", "c,f\na,01/02/2020\n", "say which is meant under format:"),
        (
            "customers",
            "{customer_id: c, first_seen: f}",
            "c,f\na,2999-01-01\n",
            "1 row with a time in the future (got '2999",
        ),
        (
            "subscriptions",
            SUBSCRIPTIONS,
            "c,s,e,p\na,2020-02-01,2020-01-01,1\n",
            "a start after the end (got '2020-02-01 > 2020-01-01')",
        ),
        ("subscriptions", SUBSCRIPTIONS, "c,s,e,p\na,2020-02-01,,-1\n", "a negative value (got -1)"),
        (
            "subscriptions",
            SUBSCRIPTIONS,
            "c,s,e,p\na,2999-01-01,,1\n",
            "start (from 's'): 1 row with a time in the future",
        ),
        (
            "treatments",
            "{customer_id: c, initiative: i, arm: a, start: s}",
            "c,i,a,s\na,b,c,2999-01-01\n",
            "a time in the future",
        ),
        ("subscriptions", SUBSCRIPTIONS, "c,s,e,p\na,,,1\n", "start (from 's'): 1 row with no value"),
        ("subscriptions", SUBSCRIPTIONS, "c,s,e,p\n,2020-01-01,,1\n", "no row has a customer"),
        ("transactions", TRANSACTIONS % "", "c,t,a\na,2020-01-01,x\n", "no number (got 'x')"),
        ("transactions", TRANSACTIONS % "", "c,t,a\na,2020-01-01,$5\n", "no number (got '$5')"),
        ("transactions", TRANSACTIONS % "", "c,t,a\na,2020-01-01,\n", "amount (from 'a'): 1 row with no value"),
        ("transactions", TRANSACTIONS % "", "c,t,a\na,43831,5\n", "no time (got '43831'); expected ISO 8601"),
        ("transactions", TRANSACTIONS % "", "c,t,a\na,2999-01-01,5\n", "a time in the future"),
        (
            "transactions",
            TRANSACTIONS % ", known_at: k",
            "c,t,a,k\na,2020-01-02,5,2020-01-01\n",
            "a timestamp after the known_at (got '2020-01-02 00:00:00 > 2020-01-01 00:00:00'); expected timestamp ≤ known_at",
        ),
        (
            "transactions",
            TRANSACTIONS % ", cancelled: {from: o, starts_with: [C]}",
            "c,t,a,o\na,2020-01-02,5,C1\n",
            "a cancellation of more than 0 (got 5)",
        ),
        (
            "transactions",
            TRANSACTIONS.replace("currency: EUR", "currency_from: u") % "",
            "c,t,a,u\na,2020-01-02,5,EUR\na,2020-01-02,5,EUR\na,2020-01-02,5,USD\n",
            "1 row with another currency than 'EUR' (got 'USD'); expected one currency a table",
        ),
        (
            "transactions",
            TRANSACTIONS.replace("currency: EUR", "currency: EUR, currency_from: u") % "",
            "c,t,a,u\na,2020-01-02,5,\n",
            "another currency than 'EUR' (got nothing)",
        ),
        (
            "interactions",
            "{customer_id: c, timestamp: t, minutes: m}",
            "c,t,m\na,2020-01-02,-3\n",
            "a negative value (got -3)",
        ),
        (
            "interactions",
            "{customer_id: c, timestamp: t, complaint: m}",
            "c,t,m\na,2020-01-02,maybe\n",
            "neither true nor",
        ),
        (
            "surveys",
            SURVEYS % "",
            "q\n6\n0\n3\n",
            "2 rows with a rating outside its scale (got 6, 0); expected 1 to 5.",
        ),
        ("surveys", SURVEYS % "", "q\n3.5\n", "no whole number (got 3.5); expected a point of the scale"),
        ("surveys", SURVEYS % "", "q\ngood\n", "no number (row 1 below the header: 4 letters)"),
        ("surveys", SURVEYS % ", response_id: r", "q,r\n1,7\n2,7\n", "expected one row for each response"),
        ("surveys", SURVEYS % ", weight: {from: w, weighting: survey}", "q,w\n1,-1\n", "a negative value (got -1)"),
        (
            "surveys",
            SURVEYS % ", weight: {from: w, weighting: survey}",
            "q,w\n1,\n",
            "weight (from 'w'): 1 row with no value",
        ),
        (
            "surveys",
            SURVEYS % ", weight: {from: w, weighting: frequency}",
            "q,w\n1,1.5\n",
            "expected how many equal rows",
        ),
        (
            "treatments",
            "{customer_id: c, initiative: i, arm: a, cost: {from: m, currency: EUR}}",
            "c,i,a,m\na,b,c,-2\n",
            "a negative value (got -2)",
        ),
        (
            "treatments",
            "{customer_id: c, initiative: i, arm: a}",
            "c,i,a\na,,c\n",
            "initiative (from 'i'): 1 row with no",
        ),
        ("initiatives", "{initiative: i, expected_lift: l}", "i,l\na,1\na,2\n", "expected one row for each initiative"),
        ("initiatives", "{initiative: i, ramp_months: l}", "i,l\na,-1\n", "a negative value (got -1)"),
        ("initiatives", "{initiative: i, start: l}", "i,l\na,2025-01-01\n", "no number (got '2025-01-01')"),
        ("initiatives", "{initiative: i, lift_sd: l}", "i,l\na,-1\n", "a negative value (got -1)"),
        (
            "customers",
            "{customer_id: c, d: {type: date, format: '%d.%m.%Y'}}",
            "c,d\na,2020-01-01\n",
            "expected %d.%m.%Y.",
        ),
    ],
)
def test_bad_rows_give_one_clear_message(project, table, columns, rows, said):
    with pytest.raises(DataError) as caught:
        load(project, table, columns, rows)
    (fault,) = caught.value.faults
    assert fault.startswith(f"dataset people, table {table}")
    assert said in fault


def test_initiatives_may_say_when_they_begin_how_long_they_last_and_what_they_cost_a_month(project):
    columns = "{initiative: i, start: s, ramp_months: r, half_life_months: h, cost_per_month: {from: c, currency: EUR}}"
    frame = load(project, "initiatives", columns, "i,s,r,h,c\na,3,2,12,900\nb,0,0,,0\n").frame
    assert frame[["start", "ramp_months", "cost_per_month"]].to_numpy().tolist() == [[3, 2, 900], [0, 0, 0]]
    assert frame["half_life_months"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        (
            "transactions",
            "{customer_id: c, timestamp: t, amount: a}",
            "tables.transactions.currency: got nothing, expected the currency of amount",
        ),
        (
            "transactions",
            "{customer_id: c, timestamp: t, amount: {currency: eur}}",
            "got 'eur', expected a code of three",
        ),
        (
            "transactions",
            "{customer_id: c, timestamp: t, amount: {currency: EUR}, margin: {currency: USD}}",
            "got several currencies: amount (EUR) and margin (USD), expected one a table.",
        ),
        ("transactions", "{timestamp: t, amount: {currency: EUR}}", "customer_id: missing, and transactions needs it"),
        ("transactions", "{customer_id: c, timestamp: {format: '%d %z'}, amount: {currency: EUR}}", "without a zone"),
        ("transactions", "{customer_id: c, timestamp: {personal: drop}, amount: {currency: EUR}}", "cannot do without"),
        ("transactions", "{customer_id: {personal: drop}, timestamp: t, amount: {currency: EUR}}", "cannot do without"),
        ("surveys", "{q: {type: rating}}", "q.scale: got nothing, expected the scale, as in [1, 5]."),
        ("surveys", "{q: {scale: [5, 1]}}", "q.scale: got ['5', '1'], expected two whole numbers, lowest first"),
        (
            "surveys",
            "{q: {scale: [1, 5], role: cause}}",
            "q.role: got 'cause', expected outcome, driver, expectation, need, comment or code.",
        ),
        (
            "surveys",
            "{q: {scale: [1, 5], missing: [6], not_applicable: [6]}}",
            "expected codes that are not among missing.",
        ),
        ("surveys", "{weight: w}", "weight.weighting: got nothing, expected survey or frequency."),
        (
            "surveys",
            "{r1: {type: category, weighting: replicate}}",
            "r1.weighting: got replicate, expected type: number",
        ),
        (
            "surveys",
            "{r1: {type: number, weighting: replicate, factor: -1}}",
            "r1.factor: got '-1', expected a number above 0",
        ),
        ("surveys", "{r1: {type: number, factor: 2}}", "r1.factor: got '2', expected weighting: replicate beside it"),
        ("customers", "{customer_id: c, r1: {weighting: replicate}}", "expected nothing: this column is not weight"),
        ("customers", "{customer_id: c, plan: {valid_from: since}}", "plan.valid_from: got 'since', expected a column"),
        ("customers", "{customer_id: c, plan: {role: driver}}", "only items of surveys have a role"),
        (
            "interactions",
            "{customer_id: c, timestamp: t, x: {constant: true}}",
            "only attributes of customers have a validity",
        ),
    ],
)
def test_a_definition_that_means_nothing_is_refused(project, table, columns, said):
    with pytest.raises(DataError) as caught:
        load(project, table, columns, "c\n1\n")
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_an_end_in_the_future_is_a_notice_given(project):
    rows = "c,s,e,p\na,2020-01-01,2020-03-31,1\n"
    assert len(load(project, "subscriptions", SUBSCRIPTIONS, rows, top="extracted: 2020-01-31").frame) == 1
    with pytest.raises(DataError, match=r"a time in the future .*; expected none after 2019-12-31"):
        load(project, "subscriptions", SUBSCRIPTIONS, rows, top="extracted: 2019-12-31")


def test_codes_that_are_given_are_told_again(project):
    columns = "{customer_id: c, timestamp: t, complaint: {from: m, true_values: [ja], false_values: [nein]}}"
    with pytest.raises(DataError, match=r"neither true nor false \(got 'oui'\); expected 'ja' or 'nein'. Add it to"):
        load(project, "interactions", columns, "c,t,m\na,2020-01-02,oui\n")


def test_rows_without_a_customer_are_kept_out_and_counted(project):
    loaded = load(
        project,
        "transactions",
        TRANSACTIONS % "",
        "c,t,a\na,2020-01-01,5\n,2020-01-01,7\nb,2020-01-02,-1\nb,2020-01-02,0\n",
    )
    assert loaded.frame["customer_id"].tolist() == ["a", "b", "b"]
    assert {check.name: check.value for check in loaded.checks} == {
        "transactions_no_customer": 1,
        "transactions_refunds": 1,
        "transactions_zero_amounts": 1,
    }


def test_known_at_is_the_timestamp_unless_the_data_say_otherwise(project):
    rows = "c,t,a,k\na,2020-01-01,5,2020-01-03\nb,2020-01-02,6,\n"
    frame = load(project, "transactions", TRANSACTIONS % ", known_at: k", rows).frame
    assert frame["known_at"].dt.day.tolist() == [3, 2]
    frame = load(project, "transactions", TRANSACTIONS % "", rows).frame
    assert frame["known_at"].dt.day.tolist() == [1, 2]


def test_nothing_is_later_than_the_extract(project):
    rows = "c,t,a\na,2020-01-31 23:59:59,5\n"
    load(project, "transactions", TRANSACTIONS % "", rows, top="extracted: 2020-01-31")
    with pytest.raises(DataError, match="expected none after 2020-01-30"):
        load(project, "transactions", TRANSACTIONS % "", rows, top="extracted: 2020-01-30")


def test_attributes_say_from_when_they_hold(project):
    columns = (
        "{customer_id: c, since: {type: date}, plan: {valid_from: since}, born: {type: number, constant: true}, town: }"
    )
    load(project, "customers", columns, "c,since,plan,born,town\na,2020-01-01,x,1970,y\n")
    by_name = {column.name: column.validity for column in project.find().table("customers").columns}
    assert by_name | {} == {
        "customer_id": "as of extract",
        "since": "as of extract",
        "plan": "dated",
        "born": "constant",
        "town": "as of extract",
    }


def test_orphan_ids_and_aliases_are_told(project):
    (project.folder / "people.csv").write_text("c\na\nb\nb2\n")
    (project.folder / "same.csv").write_text("old,customer_id\nb2,b\n")
    project.write(
        """
title: x
aliases: {file: same.csv, id: old}
tables:
  customers: {file: people.csv, columns: {customer_id: c}}
  transactions:
    file: rows.csv
    columns: {customer_id: c, timestamp: t, amount: {from: a, currency: EUR}}
""",
        "c,t,a\na,2020-01-01,5\nb2,2020-01-01,5\nz,2020-01-01,5\n",
    )
    dataset = project.find()
    assert {check.name: check.value for check in dataset.check()} == {
        "customers_aliases": 1,
        "transactions_aliases": 1,
        "transactions_orphans_customer_id": 1,
    }
    assert dataset.load("customers").frame["customer_id"].tolist() == ["a", "b"]
    assert dataset.load("transactions").frame["customer_id"].tolist() == ["a", "b", "z"]
    (project.folder / "same.csv").write_text("old,customer_id\nb2,b\nb2,a\n")
    with pytest.raises(DataError, match="aliases: 1 row with a second customer for an id"):
        project.find().check()
    (project.folder / "same.csv").write_text("old,customer_id\nb2,b\nb,a\n")
    with pytest.raises(DataError, match="pointing to an id that is an alias itself"):
        project.find().check()


def test_a_level_that_is_called_like_no_value_is_told(project):
    """By hand: two rows say so, one says nothing; where all say something, nothing is to be told."""
    columns = "{customer_id: {from: id, personal: false}, duration: {from: months, unit: months}, event: left, plan: }"
    yaml = f"title: P\ntables: {{lifetimes: {{file: rows.csv, columns: {columns}}}}}"
    rows = "id,months,left,plan\na,1,1,not stated\nb,3,0,\nc,2,1, not stated\nd,2,1,x\n"
    told = {check.name: check for check in project.write(yaml, rows).find().check()}
    check = told["lifetimes_not_stated_plan"]
    assert (check.status, check.value) == ("warn", 2)
    assert "and 1 without a value: they are shown as two groups" in check.message
    whole = project.write(yaml, rows.replace("b,3,0,", "b,3,0,y")).find().check()
    assert "lifetimes_not_stated_plan" not in {check.name for check in whole}


def initiatives(project, rows, currency="EUR"):
    (project.folder / "asked.csv").write_text("c,shop,nps\na,4,9\nb,5,8\n")
    (project.folder / "orders.csv").write_text("c,t,a\na,2020-01-01,5\n")
    project.write(
        f"""
title: x
tables:
  surveys:
    file: asked.csv
    columns:
      customer_id: c
      shop: {{scale: [1, 5], role: driver, touchpoint: Shop}}
      nps: {{scale: [0, 10], role: outcome}}
  transactions:
    file: orders.csv
    columns: {{customer_id: c, timestamp: t, amount: {{from: a, currency: EUR}}}}
  initiatives:
    file: rows.csv
    currency: {currency}
    columns: {{initiative: n, driver: d, touchpoint: p, reach: r, fixed_cost: {{from: f, type: money}}}}
""",
        "n,d,p,r,f\n" + rows,
    )
    return project.find()


def test_all_that_is_wrong_with_the_rows_of_initiatives_is_told_at_the_door(project):
    with pytest.raises(DataError) as refused:
        initiatives(project, "A,shop,Shop,1.5,1\nB,shop,Shop,-0.1,1\nB,shop,Shop,1,1\n").check()
    told = "\n".join(refused.value.faults)
    assert "reach (from 'r'): 2 rows with a share below 0 or above 1" in told
    assert "scale: 0.01" in told
    assert "an id that an earlier row has" in told


def test_initiatives_act_on_items_of_the_surveys_at_their_touchpoints(project):
    with pytest.raises(DataError) as refused:
        initiatives(project, "A,sho,Shop,1,1\nB,shop,Till,1,1\nC,shop,Shop,1,1\nD,,Shop,1,1\n").check()
    wrong, elsewhere = refused.value.faults
    assert (
        "initiatives: 'A': got the driver 'sho'; expected an item of the surveys: 'shop' and 'nps'; did you mean 'shop'?"
        in wrong
    )
    assert "initiatives: 'B': got the touchpoint 'Till' beside the driver 'shop', which is rated of 'Shop'" in elsewhere


def test_money_in_two_currencies_is_told_before_a_study_refuses_it(project):
    rows = "A,shop,Shop,1,1\n"
    assert "several_currencies" not in {check.name for check in initiatives(project, rows).check()}
    (told,) = [check for check in initiatives(project, rows, "USD").check() if check.name == "several_currencies"]
    assert told.status == "warn"
    assert "EUR (transactions) and USD (initiatives)" in told.message
