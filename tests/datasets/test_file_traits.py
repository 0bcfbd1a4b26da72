"""Traits of real files, each with its right value: read, or named with the line to write."""

import io
from types import SimpleNamespace

import openpyxl
import pytest
from tests.datasets.test_mapping import SHOP

from workbench import datasets
from workbench.datasets.definitions.origin import Origin
from workbench.datasets.reading import sources
from workbench.errors import DataError
from workbench.studies.plan import COLUMN_UNIT, _find_dataset


def workbook(**sheets) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(content)
    return content.getvalue()


@pytest.fixture
def dataset(tmp_path):
    """Make a dataset of one table and find it."""

    def make(content, columns, *, table="lifetimes", file="rows.csv", top="", **keys):
        folder = tmp_path / "data" / "people"
        folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
        yaml = f"title: x\n{top}\ntables:\n  {table}:\n    file: {file}\n{lines}    columns: {{{columns}}}\n"
        (folder / "dataset.yaml").write_text(yaml, encoding="utf-8")
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return datasets.find("people", tmp_path)

    return make


@pytest.fixture
def cells(tmp_path):
    """The columns of a file as texts."""

    def read(content, *, file="rows.csv", **form):
        (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        origin = Origin(files={"rows": (file,)}, **form)
        raw = sources.open_rows(SHOP, origin, sources.Place(tmp_path, tmp_path), "cells", lambda header: True)
        rows = SHOP.execute(SHOP.sql(raw.table))
        return {header: [row[i] for row in rows] for i, header in enumerate(raw.headers)}

    return read


def column(found, name, table="lifetimes"):
    return found.load(table).frame[name].tolist()


def faults(found, table="lifetimes"):
    with pytest.raises(DataError) as caught:
        found.load(table)
    return caught.value.faults


def remarks(found):
    return {check.name: (check.status, check.message) for check in found.check()}


LIVES = "duration: {from: stay, unit: months}, event: left"
GOOD = [["stay", "left"], [1, 1], [2, 0]]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("Export of May\n\nstay,left\n1,1\n2,0\n", {"header": 3}),
        ("Export of May,\nstay,left\n1,1\n2,0\n", {"header": 2}),
        ('"two\nlines",\nstay,left\n1,1\n2,0\n', {"header": 2}),
        ("stay,left\nhow long?,gone?\nQID1,QID2\n1,1\n2,0\n", {"skip": (2, 3)}),
        ("stay,left\n1,1\n\n2,0\nTotal,3\n", {"skip": (-1,)}),
        ("stay,left\n1,1\n2,0\nTotal,3\n\n\n", {"skip": (-1,)}),
        ("stay,left\n1,1\nsubtotal,1\n2,0\nsum,1\nof May\n", {"skip": (3, -2, -1)}),
        ("title\nstay,left\nhow long?,gone?\n1,1\n2,0\nof May\n", {"header": 2, "skip": (3, -1)}),
        ("sep=;\nstay;left\n1;1\n2;0\n", {}),
        ("sep=;\r\nstay;left\r\n1;1\r\n2;0\r\n", {"separator": ";"}),
        ('"sep=\t"\nstay\tleft\n1\t1\n2\t0\n', {}),
        ("sep=;\ntitle;\nstay;left\n1;1\n2;0\nTotal;3\n", {"header": 2, "skip": (-1,)}),
        ("stay;left\n1;1\n2;0\n".encode("utf-16"), {"encoding": "utf-16", "separator": ";"}),
        ("sep=;\nstay;left\n1;1\n2;0\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("title\nstay,left\n1,1\n2,0\n".encode("utf-16"), {"encoding": "utf-16", "header": 2}),
        ("姓名\nstay,left\n1,1\n2,0\n合计,\n".encode("gb18030"), {"encoding": "gb18030", "header": 2, "skip": (-1,)}),
    ],
)
def test_a_table_under_a_title_beside_other_rows(cells, content, keys):
    assert cells(content, **keys) == {"stay": ["1", "2"], "left": ["1", "0"]}


@pytest.mark.parametrize(
    ("sheets", "keys", "durations"),
    [
        ({"A": [["Export"], [], *GOOD]}, {"header": 3}, [1, 2]),
        ({"A": [GOOD[0], ["how long?", "gone?"], *GOOD[1:], ["Total", 1]]}, {"skip": (2, -1)}, [1, 2]),
        ({"2023": GOOD, "2024": [["stay", "left"], [3, 1]]}, {"sheets": ("*",)}, [1, 2, 3]),
        ({"2023": GOOD, "2024": [["left", "stay"], [1, 3]], "": []}, {"sheets": ("*",)}, [1, 2, 3]),
        (
            {"2023": GOOD, "About": [["x"]], "2024": [["stay", "left"], [3, 1]]},
            {"sheets": ("2024", "2023")},
            [3, 1, 2],
        ),
        ({"empty": [], "2023": GOOD}, {}, [1, 2]),
    ],
)
def test_sheets_of_a_workbook(cells, sheets, keys, durations):
    sheets = {title or "nothing": rows for title, rows in sheets.items()}
    assert cells(workbook(**sheets), file="rows.xlsx", **keys)["stay"] == [str(each) for each in durations]


def test_sheets_that_are_not_read_are_named(dataset):
    book = workbook(**{"2023": GOOD, "2024": GOOD, "Empty": [], "About": [["read me"]]})
    status, said = remarks(dataset(book, LIVES, file="rows.xlsx"))["lifetimes_unread_sheets"]
    assert status == "warn"
    assert "the sheets '2024' and 'About' of the workbook are not read" in said
    assert '"*" for all' in said
    status, said = remarks(dataset(book, LIVES, file="rows.xlsx", sheet='["2023", "2024"]'))["lifetimes_unread_sheets"]
    assert (status, said) == ("pass", "lifetimes: sheet 'About' of the workbook is not read.")
    assert "lifetimes_unread_sheets" not in remarks(dataset(workbook(A=GOOD, B=[]), LIVES, file="rows.xlsx"))


def test_a_first_sheet_that_is_no_table_points_to_the_others(dataset):
    told = faults(dataset(workbook(About=[["read me"]], Data=GOOD), LIVES, file="rows.xlsx"))
    assert any("the workbook has other sheets: 'Data'. Write sheet:" in fault for fault in told)


@pytest.mark.parametrize(
    ("content", "file", "said"),
    [
        (
            "Export of May,\nas of today,\n\nstay,left\n1,1\n",
            "rows.csv",
            "stand in row 4 of the file: if so, write header: 4",
        ),
        ("Export of May\nstay,left\n1,1\n2,0\n", "rows.csv", "the header seems to stand in row 2: write header: 2."),
        (
            workbook(A=[["Export"], [], *GOOD]),
            "rows.xlsx",
            "the header seems to stand in row 3 of the file: if so, write header: 3.",
        ),
    ],
)
def test_a_title_above_the_table_is_named_with_the_line_to_write(dataset, content, file, said):
    assert any(said in fault for fault in faults(dataset(content, LIVES, file=file)))


def test_notes_below_a_table_are_named_with_the_line_to_write(dataset):
    (fault,) = faults(dataset("stay,left\n1,1\n\n2,0\nsource: us\n", LIVES))
    assert "1 row without the 2 fields of the header" in fault
    assert "write skip: [5]" in fault


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"header": 9}, "got header: 9, and the file has fewer rows"),
        ({"header": 2}, "row 2 is blank, expected the header"),
        ({"skip": "[7]"}, "skip: the file has no row 7"),
        ({"skip": "[-7]"}, "skip: the file has no row -7"),
    ],
)
def test_rows_that_are_not_there_are_named(dataset, keys, said):
    (fault,) = faults(dataset("stay,left\n\n1,1\n", LIVES, **keys))
    assert said in fault
    (fault,) = faults(dataset(workbook(A=[["stay", "left"], [], [1, 1]]), LIVES, file="rows.xlsx", **keys))
    assert said in fault


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"header": -1}, "header: got '-1', expected a whole number of 0 or more"),
        ({"skip": "[a]"}, "expected whole numbers, as in [2, 3] or [-1]"),
        ({"skip": "[1]"}, "expected numbers of rows other than the header's (1)"),
        ({"skip": "[0]"}, "expected numbers of rows other than the header's (1)"),
        ({"thousands": "x"}, "thousands: got 'x', expected one of"),
        ({"thousands": '","', "decimal": '","'}, "and not the mark of decimals"),
        (
            {"question": "which day is it?"},
            "lifetimes.question: which day is it? Answer it there, and take question: away",
        ),
    ],
)
def test_keys_of_the_form_are_checked(dataset, keys, said):
    with pytest.raises(DataError) as caught:
        dataset("stay,left\n1,1\n", LIVES, **keys)
    assert said in caught.value.faults[0]


def test_columns_that_share_a_name_or_have_none_are_reachable(dataset):
    rows = "stay,left,q,,q\n1,1,a,b,c\n"
    found = dataset(rows, LIVES + ', x: {from: "q (1)"}, y: {from: "q (2)"}, z: {from: column 4}')
    assert [column(found, name) for name in "xyz"] == [["a"], ["c"], ["b"]]
    (fault,) = faults(dataset(rows, LIVES + ", x: q"))
    assert "the header has 'q' 2 times; write from: 'q (1)' or 'q (2)'" in fault
    sql = "'SELECT *, \"q (2)\" AS x FROM rows'"
    assert column(dataset(rows, LIVES + ", x: ", sql=sql), "x") == ["c"]


def test_empty_cells_are_null_in_sql(dataset):
    found = dataset("id,stay,left\n1,3,1\n2,,0\n3,5,0\n", LIVES, sql="SELECT * FROM rows WHERE stay IS NOT NULL")
    assert column(found, "duration") == [3, 5]


SURVEY = "score: {from: q, role: outcome, scale: [1, 5]%s}"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", direction: high", "expected low_is_good"),
        (", values: {good: best}", "values.good: got 'best', expected a number"),
        (", measure: nps", "expected scale: [0, 10]"),
        (", measure: nsp", "expected nps, csat or ces"),
        (', question: "is 6 an answer?"', "columns.score.question: is 6 an answer? Answer it there"),
    ],
)
def test_keys_of_a_rating_are_checked(dataset, more, said):
    with pytest.raises(DataError) as caught:
        dataset("q\n1\n", SURVEY % more, table="surveys")
    assert said in caught.value.faults[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('split: ""', "expected the mark between choices"),
        ('split: ";", type: category', "expected a column of no type of its own"),
        ("direction: low_is_good", "expected type: rating"),
        ("type: date, format: unix", "or iso, excel, epoch or epoch_ms"),
        ("type: boolean, values: {a: b}", "expected type: category, rating or number"),
    ],
)
def test_keys_of_a_column_are_checked(dataset, more, said):
    with pytest.raises(DataError) as caught:
        dataset("q\n1\n", f"x: {{from: q, {more}}}", table="surveys")
    assert said in caught.value.faults[0]


def test_amounts_of_a_wholesaler(dataset):
    rows = "".join(
        f"{n};c{n % 3};2024-01-0{n};{text}\n" for n, text in enumerate(["416,89 €", "1.594,63 €", "(12,00) €"], 1)
    )
    columns = "order_id: nr, customer_id: kunde, timestamp: tag, amount: {from: betrag, currency: EUR}"
    keys = {"separator": '";"', "decimal": '","', "thousands": '"."'}
    found = dataset("nr;kunde;tag;betrag\n" + rows, columns, table="transactions", **keys)
    assert sum(column(found, "amount", "transactions")) == pytest.approx(1999.52)


@pytest.mark.parametrize(
    ("times", "zone", "days", "said"),
    [
        # Midnights in Berlin as a browser writes them: never a day earlier.
        (["2024-01-04T23:00:00.000Z", "2024-07-04T22:00:00.000Z"], "", ["2024-01-05", "2024-07-05"], "warn"),
        (["2024-01-05T05:00:00Z", "2024-01-06T05:00:00Z"], "", ["2024-01-05", "2024-01-06"], "warn"),
        (["2024-01-05T18:30:00Z", "2024-01-06T18:30:00Z"], "", ["2024-01-06", "2024-01-07"], "warn"),
        (["2024-01-05T00:00:00+01:00", "2024-07-05T00:00:00+02:00"], "", ["2024-01-05", "2024-07-05"], "pass"),
        (["2024-01-05T00:00:00Z", "2024-07-05T00:00:00Z"], "America/New_York", ["2024-01-05", "2024-07-05"], "pass"),
        (["2024-01-04T23:00:00Z", "2024-07-04T22:00:00Z"], "Europe/Berlin", ["2024-01-05", "2024-07-05"], None),
        # Times of the day are no dates.
        (["2024-01-04T23:00:00Z", "2024-01-04T22:00:00Z", "2024-01-04T21:00:00Z"], "", ["2024-01-04"] * 3, None),
        (["2024-01-04T23:10:00Z", "2024-01-05T23:10:00Z"], "", ["2024-01-04", "2024-01-05"], None),
    ],
)
def test_midnights_of_one_place_are_its_dates(dataset, times, zone, days, said):
    rows = "".join(f"{n},1,{time}\n" for n, time in enumerate(times, 1))
    more = {"time_zone": zone} if zone else {}
    found = dataset("stay,left,x\n" + rows, LIVES + ", x: {type: date}", **more)
    assert [str(day)[:10] for day in column(found, "x")] == days
    assert remarks(found).get("lifetimes_midnights_x", (None,))[0] == said


CONTRACTS = "customer_id: id, start: s, end: e"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2024-01-01", "9999-12-31", "column end (from 'e'): 1 row with a date outside 1900 to"),
        (
            "2024-01-01",
            "9999-12-31",
            "where it says that there is none, write missing: ['9999-12-31']".replace("where it", "such a date"),
        ),
        ("1900-01-01", "", "column start (from 's'): 1 row with a date outside 1900 to"),
        ("0001-01-01", "", "column start (from 's'): 1 row with a date outside 1900 to"),
        ("9999-12-31", "", "a time in the future"),
    ],
)
def test_dates_of_another_time_break_the_contract(dataset, start, end, said):
    told = faults(
        dataset(f"id,s,e\na,{start},{end}\nb,2024-01-01,\n", CONTRACTS, table="subscriptions"), "subscriptions"
    )
    assert any(said in fault for fault in told), told


def test_codes_for_no_end_are_taken_as_they_are_written(dataset):
    columns = CONTRACTS.replace(
        "end: e", 'start: {from: s, format: "%d/%m/%Y"}, end: {from: e, format: "%d/%m/%Y"MORE}'
    ).replace("start: s, ", "")
    rows = "id,s,e\na,01/02/2024,31/12/9999\nb,01/02/2024,31/12/9999\nc,01/02/2024,01/03/2024\n"
    (fault,) = faults(dataset(rows, columns.replace("MORE", ""), table="subscriptions"), "subscriptions")
    assert "2 rows with a date outside 1900 to" in fault
    assert "write missing: ['31/12/9999']" in fault
    found = dataset(rows, columns.replace("MORE", ', missing: ["31/12/9999"]'), table="subscriptions")
    assert [str(day)[:10] for day in column(found, "end", "subscriptions")] == ["NaT", "NaT", "2024-03-01"]


def test_two_digit_years_read_as_four_are_told(dataset):
    told = faults(dataset("stay,left,x\n1,1,05/03/24\n", LIVES + ', x: {type: date, format: "%d/%m/%Y"}'))
    assert "Where years have two digits, write %y under format: and not %Y" in told[0]


def test_ends_far_ahead_and_starts_of_a_computers_clock_are_named(dataset):
    rows = "id,s,e\na,1970-01-01,2099-12-31\nb,2024-01-01,2099-12-31\n"
    said = remarks(dataset(rows, CONTRACTS, table="subscriptions"))
    assert said["subscriptions_far_ends"][1].startswith("2 rows with an end twenty years ahead or more")
    assert said["subscriptions_clock_zero"][1].startswith("1 row with a start on 1970-01-01")


@pytest.mark.parametrize(("unit", "most"), [("days", 36890), ("weeks", 5269), ("months", 1212), ("years", 101)])
def test_a_time_of_more_than_a_life_is_refused(dataset, unit, most):
    columns = LIVES.replace("months", unit)
    assert column(dataset(f"stay,left\n{most},1\n", columns), "duration") == [most]
    (fault,) = faults(dataset(f"stay,left\n{most + 1},1\n", columns))
    assert f"a time of more than 101 years when it counts {unit}" in fault


# -- ids


def test_ids_are_the_same_however_a_column_with_gaps_writes_them(dataset, tmp_path):
    found = dataset('id,stay,left\n1000.0,1,1\n"=""0038""",2,0\n007,3,0\n', LIVES + ", customer_id: id")
    assert column(found, "customer_id") == ["1000", "0038", "007"]


@pytest.mark.parametrize("text", ["3.8E+11", "9.00719925474099e+15"])
def test_ids_that_have_lost_digits_are_refused(dataset, text):
    (fault,) = faults(dataset(f"id,stay,left\n{text},1,1\n", LIVES + ", customer_id: id"))
    assert "too long for one (row 1 below the header)" in fault
    assert text not in fault


def test_long_ids_that_are_numbers_of_excel_are_refused(dataset):
    book = workbook(A=[["id", "stay", "left"], [3812345678901234000, 1, 1]])
    assert (
        "too long for one (row 1 below the header)"
        in faults(dataset(book, LIVES + ", customer_id: id", file="rows.xlsx"))[0]
    )
    book = workbook(A=[["id", "stay", "left"], ["3812345678901234567", 1, 1], [38001.0, 2, 0]])
    found = dataset(book, LIVES + ", customer_id: id", file="rows.xlsx")
    assert column(found, "customer_id") == ["3812345678901234567", "38001"]


def test_ids_of_a_parquet_file(dataset):
    import pyarrow as pa
    import pyarrow.parquet as pq

    def rows(ids, type_):
        content = io.BytesIO()
        pq.write_table(pa.table({"id": pa.array(ids, type_), "stay": [1, 2], "left": [1, 0]}), content)
        return dataset(content.getvalue(), LIVES + ", customer_id: id", file="rows.parquet")

    assert column(rows([1000.0, 2.0**53 - 1], "float64"), "customer_id") == ["1000", "9007199254740991"]
    assert column(rows([2**53 + 1, 5], "int64"), "customer_id") == ["9007199254740993", "5"]
    assert "Beyond 2^53" in faults(rows([2.0**53, 5], "float64"))[0]


@pytest.mark.parametrize(
    ("table", "columns", "rows", "said"),
    [
        (
            "surveys",
            "response_id: id, score: {from: q, scale: [1, 5]}",
            "id,q\na,1\na,2\nb,3\na,3\n",
            "2 rows with an id",
        ),
        ("customers", "customer_id: id", "id\na\na\n", "If each row is a contract, the table is subscriptions"),
        ("lifetimes", LIVES + ", customer_id: id", "id,stay,left\na,1,0\na,2,1\n", "map entry: (when each begins)"),
        ("surveys", "response_id: id", "id\na\na\n", "If people answered again, map this id as customer_id"),
    ],
)
def test_ids_that_stand_twice_are_counted_and_no_row_is_to_be_thrown_away(dataset, table, columns, rows, said):
    (fault,) = faults(dataset(rows, columns, table=table), table)
    assert said in fault
    assert "Keep one row" not in fault


# -- episodes


EPISODES = LIVES + ", customer_id: id, entry: e, plan: "


def test_episodes_of_one_customer_keep_the_contract(dataset):
    rows = "id,e,stay,left,plan\na,0,5,0,x\nb,,2,1,x\na,5,9,0,y\na,9,12.5,1,x\nc,3,4,0,x\nc,6,7,0,y\n,0,1,1,x\n"
    found = dataset(rows, EPISODES)
    assert column(found, "customer_id") == ["a", "b", "a", "a", "c", "c", "row 7"]
    status, said = remarks(found)["lifetimes_episodes"]
    assert (status, said.split(":")[0]) == ("pass", "7 rows are episodes of 4 customers")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,0,5,0,x\na,4,9,1,y\n", "an entry before the end of the same customer's earlier row"),
        ("a,4,9,1,y\na,0,5,0,x\n", "an entry before the end of the same customer's earlier row"),
        ("a,0,5,0,x\na,0,5,0,x\n", "an entry before the end of the same customer's earlier row"),
        ("a,0,5,1,x\na,5,9,1,y\n", "an event before the same customer's last row"),
    ],
)
def test_episodes_that_overlap_or_end_twice_break_it(dataset, rows, said):
    (fault,) = faults(dataset("id,e,stay,left,plan\n" + rows, EPISODES))
    assert f"1 row with {said}" in fault


# -- surveys


def test_answers_without_weight_are_kept_out_and_counted(dataset):
    columns = "response_id: id, score: {from: q, scale: [0, 10]}, weight: {from: w, weighting: survey}"
    found = dataset("id,q,w\na,9,1\nb,2,0\nc,3,0.0\nd,9,2\n", columns, table="surveys")
    assert column(found, "response_id", "surveys") == ["a", "d"]
    assert remarks(found)["surveys_zero_weights"][1].startswith("2 rows (50%) with a weight of 0, kept out")
    (fault,) = faults(dataset("id,q,w\na,9,0\n", columns, table="surveys"), "surveys")
    assert "no answer has a weight above 0" in fault


def test_choices_in_one_cell_become_columns(dataset):
    rows = 'why\n"Price;Service, support"\nPrice\n\nQuality; Price\n'
    found = dataset(
        "q,why\n" + "".join(f"1,{line}\n" for line in rows.splitlines()[1:]),
        'score: {from: q, scale: [1, 5]}, why: {split: ";", label: Why us}',
        table="surveys",
    )
    frame = found.load("surveys").frame
    assert frame["why_price"].tolist() == [True, True, None, True]
    assert frame["why_service_support"].tolist() == [True, False, None, False]
    assert frame["why_quality"].tolist() == [False, False, None, True]
    assert "why" not in frame
    assert found.profile()["tables"]["surveys"]["columns"][2]["label"] == "Why us: Price"


@pytest.mark.parametrize(("named", "refused"), [("why_price", False), ("why", True), ("whz_price", True)])
def test_a_choice_may_be_named_before_the_rows_are_read(dataset, tmp_path, named, refused):
    dataset("q,why\n1,Price\n", 'score: {from: q, scale: [1, 5]}, why: {split: ";"}', table="surveys")
    parameter = SimpleNamespace(name="drivers", unit=COLUMN_UNIT, default=None)
    study = SimpleNamespace(
        name="s",
        tables=("surveys",),
        optional=(),
        choice=None,
        calls=SimpleNamespace(features=False),
        parameters={"drivers": parameter},
    )
    faults = []
    _find_dataset(SimpleNamespace(root=tmp_path), study, "people", {"drivers": [named]}, faults)
    assert bool(faults) is refused


def test_texts_are_no_choices(dataset):
    rows = "".join(f"1,text {n};more {n}\n" for n in range(30))
    (fault,) = faults(
        dataset("q,why\n" + rows, 'score: {from: q, scale: [1, 5]}, why: {split: ";"}', table="surveys"), "surveys"
    )
    assert "60 different choices between ';', expected at most 40" in fault


# -- rows that are no data


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("id,stay,left,limit\nnumber,months,1 if closed,credit\n1,2,0,7\n2,3,1,8\n3,4,0,9\n", "write skip: [2]"),
        ("id,stay,left,limit\nnumber,months,1 if closed,credit\nQ1,Q2,Q3,Q4\n2,3,1,8\n3,4,0,9\n", "write skip: [2, 3]"),
        ('id,stay,left,limit\nNumber,x,y,z\n"{""ImportId"":""Q1""}",,1,4\n2,3,1,8\n3,4,0,9\n', "write skip: [2, 3]"),
        (
            "title,,,\n\nid,stay,left,limit\nnumber,months,closed?,credit\n2,3,1,8\n3,4,0,9\n3,4,0,9\n",
            "write skip: [4]",
        ),
    ],
)
def test_a_second_header_row_is_told_once(dataset, rows, said):
    header = {"header": 3} if rows.startswith("title") else {}
    (fault,) = [
        each
        for each in faults(dataset(rows, LIVES + ", key: {from: id, type: text}, limit: {type: number}", **header))
        if "header row" in each
    ]
    assert said in fault
    assert "header row" in fault


def test_other_faults_stand_beside_a_second_header_row(dataset):
    rows = "stay,left,limit\nmonths,closed?,credit\n1,0,7\n2,1,soon\n3,1,8\n"
    told = faults(dataset(rows, LIVES + ", limit: {type: number}"))
    assert len(told) == 2
    assert "2 rows with a value that is no number" in told[1]


def test_a_single_bad_first_row_is_no_second_header(dataset):
    (fault,) = faults(dataset("stay,left,limit\nsoon,0,7\n2,1,5\n3,1,8\n", LIVES + ", limit: {type: number}"))
    assert "no number (got 'soon')" in fault


@pytest.mark.parametrize("word", ["Total", "Grand total", "Summe", "合计", "SUM"])
def test_a_total_at_the_end_is_told(dataset, word):
    columns = "customer_id: id, timestamp: {from: t}, amount: {from: a, currency: EUR}"
    rows = f"id,t,a\nx,2024-01-01,5\ny,2024-01-02,6\n{word},2024-01-02,11\n"
    told = faults(dataset(rows, columns, table="transactions"), "transactions")
    assert told == (
        "dataset people, table transactions: the last row of the file seems to be a total; if so, write skip: [-1].",
    )


def test_values_in_columns_without_a_name_are_named(dataset):
    said = remarks(dataset("stay,left,,\n1,1,x,\n2,0,,\n", LIVES))
    assert said["lifetimes_unnamed_columns"][1].startswith(
        "Columns without a name have values and do not enter: 'column 3'."
    )


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "cp1252"])
def test_the_encoding_that_bytes_look_like_is_named(dataset, encoding):
    words = "客户编号,结束,套餐非常满意的客户" if encoding != "cp1252" else "Größe,Überschuß,Frühstück für Käufer"
    (fault,) = faults(dataset(f"stay,left,x\n1,1,{words.replace(',', ' ')}\n".encode(encoding), LIVES))
    assert f"its bytes look like {encoding}" in fault
