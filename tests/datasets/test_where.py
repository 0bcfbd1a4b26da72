"""Parts of a dataset: the language, what it refuses, and which rows come along."""
# ruff: noqa: E501

import datetime
import json

import pytest

from workbench import datasets
from workbench.datasets.definitions.where import Comparison, Junction, Negation, parse
from workbench.errors import DataError, ParameterError
from workbench.studies.session import Run

YAML = """\
title: Shop
extracted: 2025-01-01
tables:
  customers:
    file: customers.csv
    columns:
      customer_id: {from: id, personal: pseudonym}
      first_seen: seen
      region: {type: category, constant: true}
      tier: {type: category}
      name: {personal: drop}
      vip: {type: boolean}
      size: {type: number}
      code: {type: text, personal: false}
  subscriptions:
    file: subscriptions.csv
    currency: EUR
    columns: {customer_id: {from: id, personal: pseudonym}, start: s, plan: plan, price: p}
  transactions:
    file: orders.csv
    currency: EUR
    columns: {customer_id: {from: id, personal: pseudonym}, timestamp: t, amount: a}
  surveys:
    file: answers.csv
    columns:
      customer_id: {from: id, personal: pseudonym}
      timestamp: t
      sat: {scale: [1, 5], role: outcome}
      grade: {scale: [1, 5], direction: low_is_good, role: driver}
  initiatives:
    file: plans.csv
    columns: {initiative: i}
"""
N = 60


@pytest.fixture
def shop(project, monkeypatch):
    """60 customers: every third from the North, 20 seen in 2024, a gap in one tier; each with a contract, two orders, an answer."""
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", "a key that nobody guesses")
    rows = {
        "customers.csv": ["id,seen,region,tier,name,vip,size,code"]
        + [
            f"c{i},{2022 + i % 3}-05-0{1 + i % 9},{('North', 'South', 'West')[i % 3]},{'' if i == 0 else 'AB'[i % 2]},Ada {i},{i % 2},{i},k{i % 4}"
            for i in range(N)
        ],
        "subscriptions.csv": ["id,s,plan,p"]
        + [f"c{i},2023-01-01,{'basic' if i % 2 else 'plus'},{i}" for i in range(N)],
        "orders.csv": ["id,t,a"] + [f"c{i},2023-0{1 + n}-01 08:00,{i + 1}" for i in range(N) for n in range(2)],
        "answers.csv": ["id,t,sat,grade"]
        + [f"c{i},2024-0{1 + i % 6}-15 12:00,{1 + i % 5},{1 + i % 5}" for i in range(N)],
        "plans.csv": ["i", "calls"],
    }
    for name, lines in rows.items():
        (project.folder / name).write_text("\n".join(lines) + "\n")
    project.write(YAML)
    return project


def part(shop, where: str) -> dict[str, int]:
    found = datasets.find("people", shop.root, where=where)
    return {name: len(found.load(name).frame) for name in found.tables}


def test_the_language_is_read_into_a_tree():
    tree = parse("region='North' AND (first_seen >= 2024-01-01 or not vip) and size not in (1, 2.5)")
    assert tree == Junction(
        "and",
        (
            Comparison("region", "", "=", ("North",), 1),
            Junction(
                "or",
                (
                    Comparison("first_seen", "", ">=", (datetime.date(2024, 1, 1),), 21),
                    Negation(Comparison("vip", "", "true", (), 53)),
                ),
            ),
            Negation(Comparison("size", "", "in", (1.0, 2.5), 62)),
        ),
    )
    assert str(tree) == "region = 'North' and (first_seen >= 2024-01-01 or not (vip)) and not (size in (1, 2.5))"
    assert str(parse("a.b is not missing")) == "not (a.b is missing)"
    assert parse("""x = 'it''s'""") == parse('x = "it\'s"')


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("region", None),
        ("region = North", "at character 10: got 'North', expected a text in quotes ('North')"),
        ("region = 'North", 'at character 10: got "\'North", expected a text that ends with the quote it began with'),
        (
            "region 'North'",
            "at character 8: got \"'North'\", expected a comparison (=, !=, <, <=, >, >=, in, is missing)",
        ),
        ("region = 'N' size > 1", "at character 14: got 'size', expected and, or, or the end"),
        ("(size > 1", "at character 10: got the end, expected )"),
        ("size > ", "at character 8: got the end, expected a text in quotes, a number, a date"),
        ("first_seen > 2024-02-31", "at character 14: got '2024-02-31', expected a day of the calendar"),
        ("size in 1", "at character 9: got '1', expected ("),
        ("and", "at character 1: got 'and', expected the name of a column"),
        ("size > 1; DROP TABLE x", "at character 9: got ';'"),
        ("size = (SELECT 1)", "at character 8: got '('"),
        ("not " * 60 + "vip", "expected at most 50 brackets inside each other"),
        ("x" * 3000, "got 3000 characters, expected at most 2000"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(where, said):
    if said is None:
        assert parse(where).operator == "true"
        return
    with pytest.raises(ParameterError) as told:
        parse(where)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("where", "customers", "answers"),
    [
        ("region = 'North'", 20, 20),
        ("region = 'North' and first_seen >= 2023-01-01", 0, 0),  # customers 0, 3, 6 … are North, and seen in 2022
        ("region in ('North', 'West')", 40, 40),
        ("not region = 'North'", 40, 40),
        ("tier != 'A'", 30, 30),
        ("not tier = 'A'", 31, 31),  # a missing value meets no comparison
        ("tier is missing or region = 'West'", 21, 21),
        ("first_seen < 2023-01-01", 20, 20),
        ("vip", 30, 30),
        ("vip = false and size >= 30", 15, 15),
        ("code = 'k1'", 15, 15),
        ("plan = 'basic' and price > 9", 25, 25),
        ("region = 'North' and subscriptions.plan = 'plus'", 10, 10),
        ("surveys.timestamp <= 2024-02-15", 20, 20),  # until the evening of that day
        ("sat >= 4", 24, 24),
        ("grade >= 4", 24, 24),  # turned: 1 and 2 are the best two
    ],
)
def test_customers_bring_their_rows_in_all_tables(shop, where, customers, answers):
    if not customers:
        with pytest.raises(ParameterError, match="leaves nobody of 60 customers"):
            part(shop, where)
        return
    found = part(shop, where)
    assert found == {
        "customers": customers,
        "subscriptions": customers,
        "transactions": 2 * customers,
        "surveys": answers,
        "initiatives": 1,
    }


def test_a_rating_is_asked_for_as_studies_see_it(shop):
    whole = shop.find().load("surveys").frame
    found = datasets.find("people", shop.root, where="grade >= 4").load("surveys").frame
    assert found["grade"].min() == 4
    assert len(found) == (whole["grade"] >= 4).sum()


@pytest.mark.parametrize(
    ("where", "faults"),
    [
        (
            "regoin = 'North' and sice > 1",
            [
                "at character 1: no column 'regoin'; did you mean 'region'?",
                "at character 22: no column 'sice'; did you mean 'size'?",
            ],
        ),
        ("clients.region = 'North'", ["no table 'clients'"]),
        ("customers.plan = 'basic'", ["no column 'plan'"]),
        (
            "timestamp > 2024-01-01",
            ["several tables have a column 'timestamp': write transactions.timestamp or surveys.timestamp."],
        ),
        ("region = 'North' or plan = 'basic'", ["joins columns of customers and subscriptions by or"]),
        ("name = 'Ada 1'", ["'name' tells single customers, expected a column that groups of them share."]),
        ("customer_id = 'c1'", ["'customer_id' tells single customers"]),
        (
            "size = 'big' and region > 'M' and first_seen = 3 and vip > 1 and region = 7",
            [
                "'size' is a column of type number: got 'big', expected a number, without quotes",
                "'region' is a column of type category: got >, expected =, != or in",
                "'first_seen' is a column of type date: got 3, expected a date such as 2024-01-01",
                "'vip' is a column of type boolean: got 1, expected true or false",
                "'region' is a column of type category: got 7, expected a text in quotes",
            ],
        ),
        ("region", ["'region' is a column of type category: compare it"]),
        ("region = 'Nort'", ["'region' has no value 'Nort'; did you mean 'North'?"]),
        ("region = 'x'", ["'region' has no value 'x'; there are 'North', 'South' and 'West'."]),
        ("size > 100", ["size > 100 leaves nobody of 60 customers"]),
        ("size > 52", ["size > 52 leaves 7 of 60 customers, expected 10 or more"]),
        ("sat > 4 and grade > 5", ["leaves nobody of 60 rows of surveys"]),
    ],
)
def test_a_part_that_cannot_be_is_refused_with_every_fault(shop, where, faults):
    with pytest.raises(ParameterError) as told:
        part(shop, where)
    assert all(fault.startswith("where: ") for fault in told.value.faults)
    for fault in faults:
        assert fault in str(told.value)


def test_what_holds_on_the_day_of_the_extract_is_said_so(shop):
    found = datasets.find("people", shop.root, where="tier = 'A'")
    (told,) = (check for check in found.check(["customers"]) if check.name == "part")
    assert told.message == (
        "A part of the dataset: tier = 'A' (29 of 60). tier: as known on the day of the extract, so who has changed since is "
        "chosen by the last value."
    )
    found = datasets.find("people", shop.root, where="region = 'North'")
    (told,) = (check for check in found.check(["customers"]) if check.name == "part")
    assert (told.status, told.value, told.message) == (
        "pass",
        20,
        "A part of the dataset: region = 'North' (20 of 60).",
    )


def test_the_fingerprint_knows_the_part_and_not_how_it_was_written(shop):
    def fingerprint(where):
        return datasets.find("people", shop.root, where=where).fingerprint(["customers"])

    assert fingerprint("region = 'North'") == fingerprint("region=='North'  ")
    assert (
        len(
            {
                fingerprint(""),
                fingerprint("region = 'North'"),
                fingerprint("region = 'South'"),
                fingerprint("size >= 0"),
            }
        )
        == 4
    )


def test_numbers_of_rows_are_those_of_the_part(shop):
    about = datasets.find("people", shop.root, where="first_seen < 2023-01-01").profile()
    assert about["part"] == {"chosen": 20, "everybody": 60}
    assert about["tables"]["customers"]["rows"] == 20
    assert (about["tables"]["customers"]["first"], about["tables"]["customers"]["last"]) == ("2022-05-01", "2022-05-07")
    assert shop.find().profile()["tables"]["customers"]["last"] == "2024-05-09"


def test_answers_without_a_customer_are_chosen_alone_and_bring_nobody(project):
    rows = "".join(f"{1 + i % 5},{'ab'[i % 2]}\n" for i in range(40))
    (project.folder / "orders.csv").write_text("c,t,a\nx,2024-01-01,1\n")
    yaml = """\
title: x
tables:
  surveys:
    file: rows.csv
    columns: {sat: {scale: [1, 5], role: outcome}, wave: {type: category}}
  transactions:
    file: orders.csv
    columns: {customer_id: c, timestamp: t, amount: {from: a, currency: EUR}}
"""
    project.write(yaml, "sat,wave\n" + rows)
    found = datasets.find("people", project.root, where="wave = 'a'")
    assert found.load("surveys").frame["wave"].tolist() == ["a"] * 20
    with pytest.raises(
        ParameterError, match="nothing tells which rows of transactions belong to them: surveys has no customer_id"
    ):
        found.load("transactions")


def test_the_contract_is_kept_by_all_rows(shop):
    (shop.folder / "orders.csv").write_text("id,t,a\nc0,2023-01-01,1\nc1,2023-01-01,x\n")
    with pytest.raises(DataError, match="no number"):
        part(shop, "region = 'North'")


STUDY = [
    {"cell_type": "markdown", "source": "# How many\n\nHow many are there?"},
    {"cell_type": "code", "source": "import workbench", "metadata": {}},
    {"cell_type": "code", "source": 'dataset: str = "people"\nseed: int = 1', "metadata": {"tags": ["parameters"]}},
    {
        "cell_type": "code",
        "source": "run = workbench.start_run()\nrows = run.table('customers')\nrun.metrics({'n': len(rows)})",
        "metadata": {},
    },
]


@pytest.fixture
def study(command, shop, monkeypatch):
    """The shop's data in the project of a command, with a study that counts customers."""
    command.take(shop)
    cells = [
        {"id": f"c{i}", "metadata": {}, **cell}
        | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
        for i, cell in enumerate(STUDY)
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (command.root / "notebooks" / "count.ipynb").write_text(json.dumps(book))
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", "a key that nobody guesses")
    return command


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("customer_id = 'c1'", "'customer_id' tells single customers"),
        ("regoin = 'North'", "did you mean 'region'?"),
        ("size = 'big'", "expected a number, without quotes"),
        ("size > 100", "leaves nobody of 60 customers"),
        ("size > 52", "leaves 7 of 60 customers, expected 10 or more"),
        ("region = North", "at character 10"),
    ],
)
def test_the_command_refuses_a_part_with_exit_code_2(study, where, said):
    code, out, err = study("run", "count", "--where", where)
    assert (code, out) == (2, "")
    assert said in err
    assert not (study.root / "reports").exists()


def test_a_run_of_a_part_says_so_and_is_repeated_as_it_was(study):
    code, out, err = study("run", "count", "--where", "region = 'North'", "--json")
    assert code == 0, err
    first = json.loads(out)
    assert (first["where"], first["data"]["part"]) == ("region = 'North'", {"chosen": 20, "everybody": 60})
    folder = study.root / "reports" / "count" / first["run_id"]
    assert json.loads((folder / "results.json").read_text())["metrics"]["n"] == 20
    page = (folder / "report.html").read_text()
    head = page[page.index("<header") : page.index("</header>")]
    assert "only where region = &#39;North&#39; (20 of 60)" in head
    assert "--where" in page
    code, out, err = study("rerun", first["run_id"], "--json")
    assert (code, json.loads(out)["where"], json.loads(out)["fingerprint"]) == (
        0,
        "region = 'North'",
        first["fingerprint"],
    )
    code, out, err = study("rerun", first["run_id"], "--where", "", "--json")
    assert (code, json.loads(out)["where"]) == (0, None)


def test_the_commands_on_data_take_a_part(study):
    code, out, err = study("data", "check", "people", "--where", "region = 'North'")
    assert (code, err) == (0, "")
    assert "pass: A part of the dataset: region = 'North' (20 of 60)." in out
    assert "transactions: 40 rows keep the contract." in out
    code, out, err = study("data", "show", "people", "--where", "region = 'North'")
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == ["Shop", "A part of the dataset: region = 'North' (20 of 60)."]
    assert "subscriptions: 20 rows, 2023-01-01 to 2023-01-01" in out
    for command in ("check", "show"):
        code, out, err = study("data", command, "people", "--where", "regoin = 'North'")
        assert (code, out) == (2, "")
        assert "did you mean 'region'?" in err


def test_a_scratch_run_takes_a_part_and_a_run_of_the_command_line_has_its_own(study, tmp_path):
    values = {"dataset": "people", "seed": 1}
    assert len(Run(values, None, where="region = 'North'").table("customers")) == 20
    with pytest.raises(ParameterError, match="--where"):
        Run(values, tmp_path, where="region = 'North'")


def test_a_part_is_recorded_until_the_whole_is(shop):
    """The last order of all is that of a customer from the South, and whoever is in the part, records go on until then."""
    shop.write(YAML.replace("extracted: 2025-01-01\n", ""))
    orders = shop.folder / "orders.csv"
    orders.write_text(orders.read_text() + "c1,2023-03-09 08:00,5\n")
    found = datasets.find("people", shop.root, where="region = 'North'")
    assert found.load("transactions").frame["timestamp"].max() < datetime.datetime(2023, 3, 1)
    recorded = found.recorded("transactions")
    assert (str(recorded.until), recorded.found) == ("2023-03-10", True)
    assert type(recorded).of(recorded.card) == recorded
    shop.write(YAML)
    said = datasets.find("people", shop.root, where="region = 'North'").recorded("transactions")
    assert (str(said.until), said.found) == ("2025-01-01", False)
