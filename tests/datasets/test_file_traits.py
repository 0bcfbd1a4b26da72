"""Traits of real files, each with its right value: read, or named with the line to write."""

import io

import openpyxl
import pytest

from workbench import datasets
from workbench.errors import DataError


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
        ("stay,left\nhow long?,gone?\nQID1,QID2\n1,1\n2,0\n", {"skip": "[2, 3]"}),
        ("stay,left\n1,1\n\n2,0\nTotal,3\n", {"skip": "[-1]"}),
        ("stay,left\n1,1\n2,0\nTotal,3\n\n\n", {"skip": "-1"}),
        ("stay,left\n1,1\nsubtotal,1\n2,0\nsum,1\nof May\n", {"skip": "[3, -2, -1]"}),
        ("title\nstay,left\nhow long?,gone?\n1,1\n2,0\nof May\n", {"header": 2, "skip": "[3, -1]"}),
        ("sep=;\nstay;left\n1;1\n2;0\n", {}),
        ("sep=;\r\nstay;left\r\n1;1\r\n2;0\r\n", {"separator": '";"'}),
        ('"sep=\t"\nstay\tleft\n1\t1\n2\t0\n', {}),
        ("sep=;\ntitle;\nstay;left\n1;1\n2;0\nTotal;3\n", {"header": 2, "skip": "[-1]"}),
        ("stay;left\n1;1\n2;0\n".encode("utf-16"), {"encoding": "utf-16", "separator": '";"'}),
        ("sep=;\nstay;left\n1;1\n2;0\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("title\nstay,left\n1,1\n2,0\n".encode("utf-16"), {"encoding": "utf-16", "header": 2}),
        ("姓名\nstay,left\n1,1\n2,0\n合计,\n".encode("gb18030"), {"encoding": "gb18030", "header": 2, "skip": "[-1]"}),
    ],
)
def test_a_table_under_a_title_beside_other_rows(dataset, content, keys):
    found = dataset(content, LIVES, **keys)
    assert (column(found, "duration"), column(found, "event")) == ([1, 2], [True, False])


@pytest.mark.parametrize(
    ("sheets", "keys", "durations"),
    [
        ({"A": [["Export"], [], *GOOD]}, {"header": 3}, [1, 2]),
        ({"A": [GOOD[0], ["how long?", "gone?"], *GOOD[1:], ["Total", 1]]}, {"skip": "[2, -1]"}, [1, 2]),
        ({"2023": GOOD, "2024": [["stay", "left"], [3, 1]]}, {"sheet": '"*"'}, [1, 2, 3]),
        ({"2023": GOOD, "2024": [["left", "stay"], [1, 3]], "": []}, {"sheet": '"*"'}, [1, 2, 3]),
        (
            {"2023": GOOD, "About": [["x"]], "2024": [["stay", "left"], [3, 1]]},
            {"sheet": '["2024", "2023"]'},
            [3, 1, 2],
        ),
        ({"empty": [], "2023": GOOD}, {}, [1, 2]),
    ],
)
def test_sheets_of_a_workbook(dataset, sheets, keys, durations):
    sheets = {title or "nothing": rows for title, rows in sheets.items()}
    assert column(dataset(workbook(**sheets), LIVES, file="rows.xlsx", **keys), "duration") == durations


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
        ({"header": 0}, "header: got '0', expected a whole number of 1 or more"),
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
        ("type: date, format: unix", "or excel, epoch or epoch_ms"),
        ("type: boolean, values: {a: b}", "expected type: category, rating or number"),
    ],
)
def test_keys_of_a_column_are_checked(dataset, more, said):
    with pytest.raises(DataError) as caught:
        dataset("q\n1\n", f"x: {{from: q, {more}}}", table="surveys")
    assert said in caught.value.faults[0]
