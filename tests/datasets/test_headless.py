"""A file without a line of names: it is asked about first, and nobody's row becomes names of columns."""

import pytest

from workbench.datasets.privacy.persons import is_row
from workbench.datasets.reading.headless import is_headless

PEOPLE = [
    f"K-{i:04},{name},{i % 40 + 1},2020-0{i % 9 + 1}-11,{'North' if i % 3 else 'South'}"
    for i, name in enumerate(["Ada Lovelace", "Grace Hopper", "Mary Shelley", "Alan Turing", "Emmy Noether"] * 6)
]
CHINESE = [f"{name},1380013{i:04},{i % 40 + 1}" for i, name in enumerate(["张伟", "王小明", "李娜", "刘洋"] * 6)]


def nothing_told(text, rows):
    assert not [cell for cell in rows[0].split(",") if len(cell) > 3 and cell in text]


@pytest.mark.parametrize("rows", [PEOPLE, CHINESE], ids=["English", "Chinese"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_it_is_asked_about_first_and_never_printed(command, rows, ending):
    path = command.root / f"people.{ending}"
    if ending == "csv":
        path.write_text("\n".join(rows) + "\n")
    else:
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([int(cell) if cell.isdigit() else cell for cell in row.split(",")])
        book.save(path)
    code, out, complained = command("data", "add", "new", "--from", str(path))
    assert code == 2
    assert "looks like a row of data" in complained
    assert "--header no" in complained
    nothing_told(out + complained, rows)
    assert not (command.root / "data" / "new").exists()
    # Somebody has answered: all rows are data, and columns are called by their places.
    code, out, complained = command("data", "add", "new", "--from", str(path), "--header", "no")
    assert code == 0, complained
    text = (command.root / "data" / "new" / "dataset.yaml").read_text()
    assert "header: 0" in text
    assert 'from: "column 1"' in text or "from: column 1" in text
    nothing_told(out + complained + text, rows)


@pytest.mark.parametrize(("lines", "expected"), [(["?", "no"], 0), (["yes"], 0), ([], 2)])
def test_at_a_terminal_it_is_asked(command, monkeypatch, lines, expected):
    (command.root / "people.csv").write_text("\n".join(PEOPLE) + "\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    said = iter(lines)

    def read(prompt):
        try:
            return next(said)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    code, _, complained = command("data", "add", "new", "--from", "people.csv", "--ask")
    assert code == expected, complained
    if lines == ["?", "no"]:
        assert "header: 0" in (command.root / "data" / "new" / "dataset.yaml").read_text()


def test_all_rows_of_it_are_read(command):
    (command.folder / "rows.csv").write_text("\n".join(PEOPLE) + "\n")
    event = "{from: column 5, true_values: [North], false_values: [South]}"
    duration = "{from: column 3, unit: months}"
    columns = f"{{customer_id: {{from: column 1, personal: false}}, duration: {duration}, event: {event}}}"
    yaml = f"title: P\ntables: {{lifetimes: {{file: rows.csv, header: HEADER, columns: {columns}}}}}"
    (command.folder / "dataset.yaml").write_text(yaml.replace("HEADER", "0"))
    code, out, complained = command("data", "check", "people")
    assert code == 0, complained
    assert "lifetimes: 30 rows keep the contract" in out
    # Without it, the fault says so and suggests no name of a person.
    (command.folder / "dataset.yaml").write_text(
        yaml.replace("header: HEADER, ", "").replace("column 1", "Ada Lovelac")
    )
    code, out, complained = command("data", "check", "people")
    assert code == 2
    assert "write header: 0" in complained
    nothing_told(out + complained, PEOPLE)


@pytest.mark.parametrize("form", ["csv", "skip", "xlsx"])
def test_rows_are_counted_from_the_first(command, form):
    rows = [["a1", 5, 1], ["a2", 6, 0], ["a3", 7, 1], ["total", 18, 2]]
    name = "rows.xlsx" if form == "xlsx" else "rows.csv"
    if form == "xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(command.folder / name)
    else:
        (command.folder / name).write_text(
            "".join(",".join(map(str, row)) + "\n" for row in rows[: 4 if form == "skip" else 3])
        )
    skip = "" if form == "csv" else "skip: [-1], "
    columns = (
        "{customer_id: {from: column 1, personal: false}, duration: {from: column 2, unit: months}, event: column 3}"
    )
    (command.folder / "dataset.yaml").write_text(
        f"title: P\ntables: {{lifetimes: {{file: {name}, header: 0, {skip}columns: {columns}}}}}"
    )
    code, out, complained = command("data", "check", "people")
    assert code == 0, complained
    assert "lifetimes: 3 rows keep the contract" in out


@pytest.mark.parametrize(
    ("first", "rows", "expected"),
    [
        # Names of columns, as files have them.
        ("id,months,left", ["a1,5,1", "a2,6,0"], False),
        (
            "Customer Name,Account Manager,City",
            ["Ada Lovelace,Grace Hopper,London", "Alan Turing,Mary Shelley,Paris"],
            False,
        ),
        ("Call Failure,Complains,Charge Amount", ["8,0,0", "0,0,0"], False),
        ("customer,2019,2020,2021", ["a1,5,1,7", "a2,6,0,9"], False),
        ("customer,1,2,3", ["a1,5,1,7", "a2,6,0,9"], False),
        ("customer,2019-01-01,2019-02-01", ["a1,5,1", "a2,6,0"], False),
        ("q1,q2,q3", ["5,1,7", "6,0,9"], False),
        ("姓名,手机,月数", ["张伟,13800138000,3", "王小明,13800138001,5"], False),
        # Rows.
        ("a0,4,1", ["a1,5,1", "a2,6,0"], True),
        ("2020-01-01,North,3.5", ["2020-01-02,South,4.5", "2020-01-03,North,5.5"], True),
        ("North,yes,good", ["South,no,good", "North,yes,bad"], True),
        ("1,2019,5", ["2,2020,6", "3,2021,7"], True),
        ("张伟,13800138000,3", ["王小明,13800138001,5", "李娜,13800138002,7"], True),
    ],
)
def test_by_hand(first, rows, expected):
    assert is_headless(first.split(","), [row.split(",") for row in rows], is_row) is expected
