"""Files that would fill the memory, run for hours or lose rows: each is refused by one line, at once."""

import json
import random
import subprocess
import sys
import textwrap
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.datasets.reading.quotes import Swallowed, swallowed
from workbench.errors import ParameterError
from workbench.studies.definition.parameter_file import read_parameter_file

DIGITS = "9" * 6_000
HEAD = '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


def wide(path):
    path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n" + "1," * 999_999 + "1\n")


def keys(path):
    path.write_text("".join(json.dumps({f"k{i}": 1}) + "\n" for i in range(20_000)))


def text(content):
    return lambda path: path.write_text(content)


def sheet(xml):
    """A workbook whose one sheet has such XML."""

    def write(path):
        book = openpyxl.Workbook()
        book.save(path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        parts["xl/worksheets/sheet1.xml"] = f'<worksheet xmlns="{space}">{xml}</worksheet>'.encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)

    return write


def cell(xml):
    return sheet(f'{HEAD}<row r="2">{xml}</row></sheetData>')


def bomb(name, megabytes, noise=0):
    """A workbook with a part that unpacks to so much, of which so many bytes in a million are chance."""

    def write(path):
        sheet("<sheetData></sheetData>")(path)
        lot = random.Random(1)
        with (
            zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(name, "w") as part,
        ):
            for _ in range(megabytes):
                part.write(lot.randbytes(noise) + bytes(1_000_000 - noise))

    return write


def half(path):
    openpyxl.Workbook().save(path)
    path.write_bytes(path.read_bytes()[:3_000])


def damaged(path):
    sheet(HEAD + "".join(f'<row r="{i}"><c><v>{i * i}</v></c></row>' for i in range(2, 300)) + "</sheetData>")(path)
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    content = bytearray(path.read_bytes())
    content[place + 150 : place + 170] = b"\xff" * 20
    path.write_bytes(content)


def dense(path):
    """Twenty million rows of nothing."""
    pq.write_table(pa.table({"id": pa.nulls(20_000_000, pa.int8())}), path)


def swollen(path):
    """Texts of one letter: 320 MB of them."""
    with pq.ParquetWriter(path, pa.schema([("id", pa.string())]), compression="zstd", use_dictionary=False) as file:
        for i in range(40):
            file.write_table(pa.table({"id": ["a" * 8_000_000 + str(i)]}))


EATERS = {
    "dense Parquet": ("dense.parquet", dense, "20,000,000 rows in"),
    "swollen Parquet": ("swollen.parquet", swollen, "times its size"),
    "a million columns": ("wide.csv", wide, "got 1,000,000 columns, expected at most 5,000"),
    "20,000 keys": ("keys.jsonl", keys, "got 5,001 columns"),
    "no ends of lines": ("line.csv", text("a" * 20_000_000), "more than 16,777,216 characters"),
    "deep JSON": ("deep.jsonl", text('{"a": ' + "[" * 100_000), "line 1 is no JSON"),
    "digits in JSON": ("digits.jsonl", text(f'{{"id": {DIGITS}}}'), "a number has 6,000 digits"),
    "the row 999,999,999": (
        "row.xlsx",
        sheet(f'{HEAD}<row r="999999999"><c r="A999999999"><v>1</v></c></row></sheetData>'),
        "beyond 1,048,576",
    ),
    "a far column": ("far.xlsx", cell('<c r="XFD2"><v>1</v></c>'), "got 16,384 columns"),
    "a column that there is not": ("none.xlsx", cell('<c r="ZZZZZZZ2"><v>1</v></c>'), "not an Excel workbook"),
    "a bomb": ("bomb.xlsx", bomb("xl/media", 310, 8_000), "unpacks to 310 MB, expected at most 300"),
    "a small bomb": ("bomb.xlsx", bomb("xl/media", 31), "times its size"),
    "too many texts": (
        "bomb.xlsx",
        bomb("xl/sharedStrings.xml", 101, 8_000),
        "unpacks to 101 MB, expected at most 100",
    ),
    "nothing": ("empty.xlsx", text(""), "the file is empty"),
    "no archive": ("text.xlsx", text("id,months\n"), "not an Excel workbook"),
    "half a workbook": ("half.xlsx", half, "not an Excel workbook"),
    "a damaged one": ("damaged.xlsx", damaged, "not an Excel workbook"),
    "no cells": ("blank.xlsx", sheet("<sheetData></sheetData>"), "the sheet is empty"),
    "a number of letters": ("cell.xlsx", cell('<c r="A2" t="n"><v>abc</v></c>'), "not an Excel workbook"),
    "a text that is not there": ("cell.xlsx", cell('<c r="A2" t="s"><v>99</v></c>'), "not an Excel workbook"),
    "a date of words": ("cell.xlsx", cell('<c r="A2" t="d"><v>tomorrow</v></c>'), "not an Excel workbook"),
    "a number of 6,000 digits": ("cell.xlsx", cell(f'<c r="A2"><v>{DIGITS}</v></c>'), "not an Excel workbook"),
    "a place without a name": ("cell.xlsx", cell('<c r="??"><v>1</v></c>'), "not an Excel workbook"),
}


@pytest.mark.parametrize("kind", EATERS)
def test_a_file_that_eats_the_machine_is_refused(command, kind):
    name, write, said = EATERS[kind]
    path = command.root / name
    write(path)
    code, out, complained = command("data", "add", "new", "--from", str(path))
    assert (code, out) == (2, "")
    assert said in complained
    assert name in complained
    assert complained.count("\n") == 1
    assert not (command.root / "data" / "new").exists()


@pytest.mark.parametrize("place", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_damaged_parquet_file_is_one_line(command, place):
    """Twenty bytes are others, from its first rows to what it says of its columns: read as it is, or refused."""
    path = command.root / "rows.parquet"
    rows = {"customer_id": [f"c{i * i}" for i in range(500)], "months": range(500), "plan": ["a", "b"] * 250}
    pd.DataFrame(rows).to_parquet(path)
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    content[at : at + 20] = bytes(255 - byte for byte in content[at : at + 20])
    path.write_bytes(content)
    for words in (("data", "add", "new", "--from", str(path)), ("data", "check", "new")):
        code, _, complained = command(*words)
        assert code in (0, 2), complained
        assert "internal error" not in complained


def test_what_eats_most_stays_below_a_gigabyte_and_within_seconds(command):
    """A million columns and a workbook that says that it is as large as Excel allows, both in one process."""
    wide(command.root / "wide.csv")
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(2, 3_000))
    sheet(f'<dimension ref="A1:XFD1048576"/>{HEAD}{rows}</sheetData>')(command.root / "dimension.xlsx")
    script = """
        import pathlib, re, resource
        from workbench import cli
        assert cli.main(["data", "add", "wide", "--from", "wide.csv"]) == 2
        assert cli.main(["data", "add", "size", "--from", "dimension.xlsx"]) == 0
        known = pathlib.Path("/proc/self/status")  # getrusage begins with what the parent has held
        told = re.search("VmHWM:\\s+(\\d+)", known.read_text()) if known.exists() else None
        print(told[1] if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=command.root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 1_000_000  # KB


@pytest.mark.parametrize("content", [f"seed: {DIGITS}", f"seed: 0x{DIGITS}", "seed: " + "1:" * 3_000 + "1"])
def test_a_parameter_of_thousands_of_digits_is_refused(tmp_path, content):
    for suffix in (".yaml", ".json"):
        path = tmp_path / f"p{suffix}"
        path.write_text(content if suffix == ".yaml" else f'{{"seed": {DIGITS}}}')
        with pytest.raises(ParameterError, match="--params"):
            read_parameter_file(path)


def test_numbers_of_thousands_of_digits_are_no_numbers(command):
    rows = "".join(f"a{i},{i},{i % 2}\n" for i in range(30)) + f"b,{DIGITS},1\n"
    (command.folder / "rows.csv").write_text("id,months,left\n" + rows)
    columns = "{customer_id: id, duration: {from: months, unit: months}, event: left}"
    (command.folder / "dataset.yaml").write_text(
        f"title: P\ntables: {{lifetimes: {{file: rows.csv, columns: {columns}}}}}"
    )
    code, _, complained = command("data", "check", "people")
    assert code == 2
    assert "row 31 below the header: 6,000 characters" in complained


STRAY = {
    "two marks": ({100, 500}, '{n},"{n},x', (102, 502)),
    "a mark that is not closed": ({100}, '{n},"{n},x', (102, 1_001)),
    "one in the last column": ({100}, '{n},{n},"x', (102, 1_001)),
    "one in the first column": ({100}, '"{n},{n},x', (102, 1_001)),
}


@pytest.mark.parametrize("kind", STRAY)
def test_rows_that_a_quotation_mark_swallows_are_named(command, kind):
    """Before, 1,000 rows with two stray marks were 600 rows that keep the contract."""
    places, odd, (first, last) = STRAY[kind]
    path = command.root / "rows.csv"
    path.write_text(
        "id,months,plan\n" + "".join((odd if n in places else "{n},{n},x").format(n=n) + "\n" for n in range(1_000))
    )
    code, _, complained = command("data", "add", "new", "--from", str(path))
    assert code == 2
    assert f"lines {first} to {last:,} are read as one row" in complained


def test_text_of_several_lines_is_no_stray_mark(command):
    told = '"Nice, but\nslow, really, yes"'
    path = command.root / "rows.csv"
    path.write_text("id,months,comment\n" + "".join(f"a{n},{n},{told}\n" for n in range(100)))
    assert command("data", "add", "new", "--from", str(path))[0] == 0


def test_text_in_a_wide_table_of_words_is_no_stray_mark(command):
    """By hand: three commas in each line of a note, in a table of four columns of words."""
    notes = ['"Slow, loud, dear, dull\nyes, truly, really, so"', '"red,green,blue,gray\npink,black,brown,white"']
    rows = [f"{'abc'[n % 3]}x,{'de'[n % 2]}y,word {chr(97 + n % 26)},{notes[n % 2]}\n" for n in range(100)]
    path = command.root / "rows.csv"
    path.write_text("plan,region,team,comment\n" + "".join(rows))
    code, _, complained = command("data", "add", "new", "--from", str(path))
    assert code == 0, complained


def test_rows_of_a_wide_table_of_words_are_swallowed(command):
    """By hand: a mark before the last word of row 10 (line 11) and of row 14 (line 15)."""
    rows = [f"{'abc'[n % 3]}x,{'de'[n % 2]}y,{'fgh'[n % 3]}z,{'kl'[n % 2]}w" for n in range(100)]
    for n in (9, 13):
        rows[n] = rows[n][:-2] + '"' + rows[n][-2:] if n == 9 else rows[n] + '"'
    path = command.root / "rows.csv"
    path.write_text("plan,region,team,kind\n" + "\n".join(rows) + "\n")
    code, _, complained = command("data", "add", "new", "--from", str(path))
    assert code == 2
    assert "lines 11 to 15 are read as one row" in complained


@pytest.mark.parametrize(
    ("rows", "width", "expected"),
    [
        # By hand: a cell of two lines, each of which would be a row of a number and a word.
        ([(2, ["1", "a"]), (4, ["2", "b\n3,c"]), (5, ["4", "d"])], 2, [Swallowed(3, 4)]),
        # The same lines where the first column holds words: two lines with one comma are ordinary text.
        ([(2, ["u", "a"]), (4, ["v", "b\nw,c"]), (5, ["x", "d"])], 2, []),
        # And four of them are not.
        ([(2, ["u", "a"]), (6, ["v", "b\nw,c\nx,d\ny,e"])], 2, [Swallowed(3, 6)]),
        # Text whose lines have the commas, and a word where the others have a number.
        ([(2, ["1", "a"]), (4, ["2", "b\nwell, c"])], 2, []),
        # Four columns of words: behind a comma of a sentence is a blank, before which no other field of the table is.
        ([(2, ["a", "b", "c", "d"]), (4, ["a", "b", "c", "e\nf, g, h, i"])], 4, []),
        ([(2, ["a", " b", " c", " d"]), (4, ["a", " b", " c", " e\nf, g, h, i"])], 4, [Swallowed(3, 4)]),
        # One column: each line of text would be a row.
        ([(2, ["a"]), (4, ["b\nc"])], 1, []),
    ],
)
def test_by_hand(rows, width, expected):
    assert list(swallowed(rows, width, ",")) == expected
