"""Files of data in which some bytes are others: each is drafted and checked, or refused; none is an internal error."""

import io
import random
import shutil
import zipfile

import pandas as pd
import pytest

ODD_BYTES = [0, 10, 13, 34, 34, 44, 44, 59, 92, 123, 125, 255]  # those that mean something in a format of text
ODD_MARKS = b'<>"/ 0129azAZ&;='


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One table in four formats."""
    folder = tmp_path_factory.mktemp("whole")
    rows = range(60)
    table = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in rows],
            "months": rows,
            "left": [i % 2 for i in rows],
            "note": ["hello, you\nthere" if i % 7 == 0 else "x" for i in rows],
            "day": pd.date_range("2024-01-01", periods=60).astype(str),
        }
    )
    table.to_csv(folder / "a.csv", index=False)
    table.to_json(folder / "a.jsonl", orient="records", lines=True)
    table.to_excel(folder / "a.xlsx", index=False)
    table.to_parquet(folder / "a.parquet")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def damaged(content, lot):
    changed = bytearray(content)
    for _ in range(lot.choice([1, 3, 10, 50])):
        at = lot.randrange(len(changed))
        odd = bytes([lot.choice([*ODD_BYTES, lot.randrange(256)])])
        changed[at : at + lot.choice([0, 1, 1, 1, 5])] = odd * lot.choice([0, 1, 1, 3])
    return bytes(changed)


def damaged_within(content, lot):
    """A workbook that is a whole archive with odd marks in one of its parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = lot.choice([*parts, *["xl/worksheets/sheet1.xml"] * len(parts)])
    for _ in range(lot.choice([1, 2, 5])):
        parts[name][lot.randrange(len(parts[name]))] = lot.choice(ODD_MARKS)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for each, part in parts.items():
            archive.writestr(each, bytes(part))
    return target.getvalue()


def are_borne(command, files, seeds):
    found = []
    for seed in seeds:
        lot = random.Random(seed)
        suffix = lot.choice(sorted(files))
        within = suffix == ".xlsx" and lot.random() < 0.8
        path = command.root / f"rows{suffix}"
        path.write_bytes((damaged_within if within else damaged)(files[suffix], lot))
        for words in (("data", "add", "new", "--from", str(path)), ("data", "check", "new")):
            code, _, complained = command(*words)
            if code not in (0, 2):
                found.append((seed, suffix, words[1], complained[-200:]))
        shutil.rmtree(command.root / "data" / "new", ignore_errors=True)
    return found


def test_damaged_files_are_borne(command, files, record_property):
    record_property("attempts", 24)
    assert are_borne(command, files, range(24)) == []


@pytest.mark.slow
def test_four_hundred_damaged_files_are_borne(command, files, record_property):
    record_property("attempts", 400)
    assert are_borne(command, files, range(1_000, 1_400)) == []
