import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.datasets import reading
from workbench.datasets.definition import TableDefinition
from workbench.errors import DataError

SECRET = "Ada Lovelace"


def read(path, wanted=lambda header: True, **how):
    definition = TableDefinition(name="lifetimes", columns=(), segments=(), time_unit="days", file=path.name, **how)
    return reading.read_file(path, definition, wanted)


def cells(raw):
    return [None if column is None else column.to_pylist() for column in raw.columns]


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
        (b"a,a\n1,2\n", {}, ("a", "a"), [["1"], ["2"]]),
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
    assert (cells(none), none.n_rows) == ([None] * 3, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", "the file is empty."),
        ("rows.csv", b" \n\n", "the file is empty."),
        ("rows.csv", b"\xef\xbb\xbf", "the first line is no header."),
        ("rows.csv", f"a,b\n1,2\n{SECRET}\n{SECRET},2,3\n".encode(),
         "2 rows do not have the 2 fields of the header (the first: row 3, 1 fields)"),
        ("rows.csv", f'a,b\n"{SECRET},1\n2,3\n'.encode(), "1 row do"),
        ("rows.csv", f"a,b\n{SECRET},Finan\xe7e\n".encode("latin-1"), "not written in utf-8 (line 2 has a byte 0xE7"),
        ("rows.csv", b"PK\x03\x04rest", "got an Excel workbook or zip archive, expected CSV text"),
        ("rows.csv", b"PAR1rest", "got a Parquet file, expected CSV"),
        ("rows.csv", b"\x1f\x8brest", "got a gzip archive"),
        ("rows.csv", b"a;b\n1;2\n", "the header is one single column and has ';' in it; is separator: ',' right?"),
        ("rows.parquet", SECRET.encode(), "not a Parquet file, or a damaged one"),
        ("rows.xlsx", b"PK\x03\x04", "got a file that ends in '.xlsx', expected .csv, .tsv, .txt or .parquet."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_and_no_cell_is_quoted(file, name, content, said):
    with pytest.raises(DataError) as caught:
        read(file(content, name))
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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_the_right_to_read_is_named(file):
    path = file(b"a\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read \\(Permission denied\\)"):
        read(path)


def test_an_error_of_the_disk_is_told(file, monkeypatch):
    def broken(self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pathlib.Path.read_bytes", broken)
    with pytest.raises(DataError, match=r"cannot be read \(Input/output error\)"):
        read(file(b"a\n1\n"))


def test_parquet_keeps_its_types_and_hostile_names(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a.b": [1, None], " c  d ": ["x", "y"], "__import__('os')": [True, False]}), path)
    raw = read(path)
    assert raw.headers == ("a.b", "c d", "__import__('os')")
    assert cells(raw) == [[1, None], ["x", "y"], [True, False]]
