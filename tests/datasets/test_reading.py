import datetime
import os
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.datasets.definitions.origin import Origin
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import Connection
from workbench.errors import DataError

SECRET = "Ada Lovelace"


class Raw:
    def __init__(self, path, wanted=lambda header: True, **how):
        origin = Origin(files={"rows": (path.name,)}, **how)
        place = sources.Place(path.parent, path.parent)
        self.shop = Connection(sources.readable([origin], place))
        self.raw = sources.open_rows(self.shop, origin, place, "lifetimes", wanted)
        self.headers = self.raw.headers

    @property
    def n_rows(self):
        return self.shop.execute(self.shop.sql(self.raw.table.count().as_table()))[0][0]


def read(path, *args, **how):
    return Raw(path, *args, **how)


def cells(raw):
    rows = raw.shop.execute(raw.shop.sql(raw.raw.table))
    found = {name: [row[i] for row in rows] for i, name in enumerate(raw.raw.table.columns)}
    return [found.get(f"c{i}") for i in range(len(raw.headers))]


@pytest.fixture
def file(tmp_path):
    def write(content: bytes, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "how", "headers", "columns"),
    [
        (b"\xef\xbb\xbfCall  Failure, b \n1,2\n", {}, ("Call Failure", "b"), [["1"], ["2"]]),
        ("é;b\nö;1,5\n".encode("latin-1"), {"encoding": "latin-1", "separator": ";"}, ("é", "b"), [["ö"], ["1,5"]]),
        ("a,b\nö,2\n".encode("utf-16"), {"encoding": "utf-16"}, ("a", "b"), [["ö"], ["2"]]),
        (b'a,"b\nc"\n1,"x, ""y""\nz"\n', {}, ("a", "b c"), [["1"], ['x, "y"\nz']]),
        (b"\n\na,b\r\n\r\n1,2\r\n", {}, ("a", "b"), [["1"], ["2"]]),
        (b"a\tb\n1\t\n", {"separator": "\t"}, ("a", "b"), [["1"], [""]]),
        (b"a,a\n1,2\n", {}, ("a (1)", "a (2)"), [["1"], ["2"]]),
        (b"a,b\n", {}, ("a", "b"), [[], []]),
        (b"a,b\n007,NA\n", {}, ("a", "b"), [["007"], ["NA"]]),
    ],
)
def test_csv_is_read_as_text_whatever_its_dress(file, content, how, headers, columns):
    raw = read(file(content), **how)
    assert raw.headers == headers
    assert cells(raw) == columns
    assert raw.n_rows == len(columns[0])


def test_only_wanted_columns_are_read(file):
    raw = read(file(b"a,b,c\n1,2,3\n"), lambda header: header == "b")
    assert cells(raw) == [None, ["2"], None]
    none = read(file(b"a,b,c\n1,2,3\n"), lambda header: False)
    assert (none.headers, none.n_rows) == (("a", "b", "c"), 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", "the file is empty."),
        ("rows.csv", b" \n\n", "the file is empty."),
        ("rows.csv", b"\xef\xbb\xbf", "the first line is no header."),
        (
            "rows.csv",
            f"a,b\n1,2\n{SECRET}\n{SECRET},2,3\n".encode(),
            "2 rows without the 2 fields of the header (the first: row 3, with 1)",
        ),
        ("rows.csv", f'a,b\n"{SECRET},1\n2,3\n'.encode(), "1 row without"),
        ("rows.csv", f"a,b\n{SECRET},Finan\xe7e\n".encode("latin-1"), "not written in utf-8 (line 2 has a byte 0xE7"),
        ("rows.jsonl", f'{{"a": "{SECRET}"}}\n{{"a": "{SECRET}"\n'.encode(), "line 2 is no JSON; expected one object"),
        ("rows.jsonl", f'["{SECRET}"]\n'.encode(), "line 1 is no JSON object."),
        ("rows.xlsx", SECRET.encode(), "not an Excel workbook (.xlsx), or a damaged or locked one."),
        ("none-*.csv", None, "'none-*.csv': no file has such a name."),
        ("rows.csv", b"PK\x03\x04rest", "got an Excel workbook or zip archive, expected CSV text"),
        ("rows.csv", b"PAR1rest", "got a Parquet file, expected CSV"),
        ("rows.csv", b"\x1f\x8brest", "got a gzip archive"),
        ("rows.csv", b"a;b\n1;2\n", "the header is one single column and has ';' in it; is separator: ',' right?"),
        ("rows.parquet", SECRET.encode(), "not a Parquet file, or a damaged one"),
        (
            "rows.xls",
            b"PK\x03\x04",
            "got a file that ends in '.xls', expected .csv, .tsv, .txt, .parquet, .xlsx, .jsonl or .ndjson.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_no_cell_is_quoted(file, name, content, said):
    with pytest.raises(DataError) as caught:
        read(file(content, name) if content is not None else file(b"a", "a.csv").with_name(name))
    (fault,) = caught.value.faults
    assert said in fault
    assert "Ada" not in fault


def test_a_mark_of_utf_8_contradicts_another_encoding(file):
    with pytest.raises(DataError, match="got encoding: latin-1, expected utf-8"):
        read(file(b"\xef\xbb\xbfa\n1\n"), encoding="latin-1")


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"the file is not there; did you mean 'rows.csv'\?"):
        read(tmp_path / "row.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="got a folder"):
        read(tmp_path / "folder.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="got a pipe or device"):
        read(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"File name too long|not there"):
        read(tmp_path / ("a" * 300 + ".csv"))


def test_a_file_without_the_right_to_read_is_named(file, nobody):
    path = file(b"a\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read \\(Permission denied\\)"):
        read(path)


def test_an_error_of_the_disk_is_told(file, monkeypatch):
    genuine = Path.open

    def broken(self, *args, **more):
        if self.name == "rows.csv":
            raise OSError(5, "Input/output error")
        return genuine(self, *args, **more)

    path = file(b"a\n1\n")
    monkeypatch.setattr("pathlib.Path.open", broken)
    with pytest.raises(DataError, match=r"cannot be read \(Input/output error\)"):
        read(path)


def test_parquet_keeps_its_types_and_hostile_names(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a.b": [1, None], " c  d ": ["x", "y"], "__import__('os')": [True, False]}), path)
    raw = read(path)
    assert raw.headers == ("a.b", "c d", "__import__('os')")
    assert cells(raw) == [[1, None], ["x", "y"], [True, False]]


def test_excel_and_json_lines_are_read_as_text(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["ignored"])
    sheet = book.create_sheet("Answers")
    for row in (
        [],
        ["id", "Total  score", "when", "yes"],
        [7, 1.5, datetime.date(2020, 2, 13), True],
        [None, 2.0, "x", None],
    ):
        sheet.append(row)
    book.save(tmp_path / "rows.xlsx")
    raw = read(tmp_path / "rows.xlsx", sheets=("Answers",))
    assert raw.headers == ("id", "Total score", "when", "yes")
    assert cells(raw) == [["7", ""], ["1.5", "2"], ["2020-02-13 00:00:00", "x"], ["true", ""]]
    with pytest.raises(
        DataError, match=r"has no sheet 'Answer'; did you mean 'Answers'\? It has: 'Sheet' and 'Answers'"
    ):
        read(tmp_path / "rows.xlsx", sheets=("Answer",))
    (tmp_path / "rows.jsonl").write_text('{"a": 1, "b/c": "x"}\n\n{"b/c": null, "a": true, "d": [1]}\n')
    raw = read(tmp_path / "rows.jsonl")
    assert (raw.headers, cells(raw)) == (("a", "b/c", "d"), [["1", "true"], ["x", ""], ["", "[1]"]])


def test_many_files_are_one_table_in_the_order_of_their_names_whatever_the_order_of_their_columns(tmp_path):
    (tmp_path / "p-2.csv").write_text("b,a\n3,4\n")
    (tmp_path / "p-1.csv").write_text("a,b\n1,2\n")
    assert cells(read(tmp_path / "p-*.csv")) == [["1", "4"], ["2", "3"]]
    (tmp_path / "p-3.csv").write_text("a,c\n1,2\n")
    with pytest.raises(
        DataError, match=r"'p-3.csv': its columns are not those of the first file: got 2 \(1 under another name\)"
    ):
        read(tmp_path / "p-*.csv")
    for i in (1, 2):
        pq.write_table(pa.table({"a": [i, i]}), tmp_path / f"q-{i}.parquet")
    assert cells(read(tmp_path / "q-*.parquet")) == [[1, 1, 2, 2]]


def test_a_pattern_does_not_follow_a_link_out_of_the_folder(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (inner / "p-1.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match="link that leads out"):
        read(inner / "p-*.csv")
