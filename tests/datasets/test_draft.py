import pytest

from workbench import datasets
from workbench.datasets.draft import GUESS, add, draft
from workbench.errors import DataError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("turnover.csv", ["lifetimes:", "duration: {from: stag, unit: months}", "event: {from: event}"]),
        ("hillstrom.csv", ["surveys:", "visit: {from: visit, type: boolean}", "spend: {from: spend, type: number}"]),
        ("online_retail_ii_2009_2010.parquet",
         ["transactions:", "customer_id: {from: Customer ID}", "timestamp: {from: InvoiceDate}", "starts_with: [C]"]),
        ("sfo_2017.csv",
         ["surveys:", 'Q7ART, scale: [1, 5], missing: ["0"], not_applicable: ["6"]}', "weighting: survey",
          'NETPRO, scale: [0, 10], missing: ["11"]}']),
    ],
)  # fmt: skip
def test_a_real_file_is_drafted_so_that_it_keeps_its_contract_at_once(tmp_path, shared, name, said):
    path = add("mine", shared / name, tmp_path)
    text = path.read_text()
    for part in said:
        assert part in text, text
    assert all(GUESS in line for line in text.splitlines() if line.startswith("      ") and "#" in line and "{" in line)
    datasets.find("mine", tmp_path).check()


def test_what_looks_personal_is_marked_and_never_quoted(tmp_path):
    rows = "".join(f"{i},Ada {i},ada{i}@example.org,+44 7700 90{i:04},{i % 3},2020-01-{i:02}\n" for i in range(1, 25))
    (tmp_path / "people.csv").write_text("user_id,full name,contact,line,plan,since\n" + rows)
    text = draft(tmp_path / "people.csv")
    for header in ("full name", "contact", "line"):
        assert f"from: {header}, personal: drop}}" in text
    assert "since: {from: since, type: date}" in text
    assert "Ada" not in text
    assert "example.org" not in text


def test_the_dress_of_a_file_is_guessed(tmp_path):
    rows = "".join(f"{i};{i},5;0{i}.02.2020;Köln\n" for i in range(1, 8))
    (tmp_path / "x.csv").write_bytes(("customer_id;wert;tag;ort\n" + rows).encode("cp1252"))
    text = draft(tmp_path / "x.csv")
    for part in ("encoding: cp1252", 'separator: ";"', 'decimal: ","', '"%d.%m.%Y", type: date', "wert, type: number"):
        assert part in text, text


def test_nothing_is_overwritten_and_a_bad_file_leaves_nothing(tmp_path):
    (tmp_path / "x.csv").write_text("customer_id,a\n1,2\n")
    made = add("mine", tmp_path / "x.csv", tmp_path)
    before = made.read_bytes()
    with pytest.raises(DataError, match="is there already; it is not overwritten"):
        add("mine", tmp_path / "x.csv", tmp_path)
    assert made.read_bytes() == before
    for path, said in ((tmp_path / "none.csv", "is not there"), (tmp_path, "got a folder")):
        with pytest.raises(DataError, match=said):
            add("other", path, tmp_path)
    with pytest.raises(DataError, match="expected letters"):
        add("../other", tmp_path / "x.csv", tmp_path)
    with pytest.raises(DataError, match="does not lie in data/other/"):
        add("other", tmp_path / "x.csv", tmp_path, copy=False)
    assert not (tmp_path / "data" / "other").exists()


def test_a_file_that_lies_in_its_folder_is_drafted_in_place(tmp_path):
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("customer_id,a\n1,2\n")
    add("mine", folder / "x.csv", tmp_path, copy=False)
    assert datasets.find("mine", tmp_path).load("customers").frame.shape == (1, 2)


@pytest.mark.parametrize(
    "header", ["class", "a:b", "- x", "{0}", "'", '"', "#", "x\ty", "é è", "1", "&a", "*b", "!c", "customer_id "]
)
def test_hostile_headers_survive_the_draft(tmp_path, header):
    import csv

    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["customer_id", header], ["1", "b"], ["2", "c"]])
    add("mine", tmp_path / "x.csv", tmp_path)
    if header.strip() != "customer_id":
        assert datasets.find("mine", tmp_path).load("customers").frame.shape == (2, 2)
