import re
import shutil
import stat

import pytest

from workbench import datasets
from workbench.datasets.definitions.dataset import GUESS
from workbench.datasets.draft import add, draft, notes
from workbench.errors import DataError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("turnover.csv", ["lifetimes:", "duration: {from: stag, unit: months}", "event: {from: event}"]),
        (
            "hillstrom.csv",
            [
                "treatments:",
                "arm: {from: segment}",
                "row_number() OVER () AS customer_id",
                "'hillstrom' AS initiative",
                "visit: {from: visit, type: boolean, use: outcome}",
                "history: {from: history, type: number, use: before}",
                "segments: [history_segment, ",
            ],
        ),
        (
            "iranian_telecom_churn.csv",
            [
                "lifetimes:",
                "duration: {from: Subscription Length, unit: months}",
                "event: {from: Churn}",
                "complains: {from: Complains, type: boolean}",
                "tariff_plan: {from: Tariff Plan, type: category}",
            ],
        ),
        (
            "online_retail_ii_2009_2010.parquet",
            ["transactions:", "customer_id: {from: Customer ID}", "timestamp: {from: InvoiceDate}", "starts_with: [C]"],
        ),
        (
            "sfo_2017.csv",
            [
                "surveys:",
                'Q7ART, scale: [1, 5], missing: ["0"], not_applicable: ["6"], role: driver}',
                "weighting: survey",
                'NETPRO, scale: [0, 10], missing: ["11"], role: outcome, measure: nps}',
                "Q7ALL, scale: [1, 5], role: outcome}",
                "Q14FIND, scale: [1, 5], ",
                "segments: [barea, strata, peak, q2purp1, q19age, q20gender]",
            ],
        ),
    ],
)
def test_a_real_file_is_drafted_so_that_it_keeps_its_contract_at_once(tmp_path, shared, name, said):
    path = add("mine", shared / name, root=tmp_path)
    text = path.read_text()
    for part in said:
        assert part in text, text
    path.write_text(text.replace("currency:  # which? Write its code, such as EUR or USD", "currency: GBP"))
    marked = {check.name: check.value for check in datasets.find("mine", tmp_path).check()}["guesses"]
    assert marked == text.count(GUESS)
    assert marked < sum(line.startswith("      ") for line in text.splitlines())
    if name == "sfo_2017.csv":
        assert not re.search("(?m)^      (hi|q9com3|q12com3):", text)  # empty columns
        assert 'q19age: {from: Q19AGE, type: category, missing: ["0"]}' in text


def drafted(shared, tmp_path, name, *edits):
    """A dataset as drafted, with the lines changed that a newcomer changes."""
    path = add("mine", shared / name, root=tmp_path)
    text = path.read_text()
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    return datasets.find("mine", tmp_path)


def test_the_airport_survey_scores_40_4_weighted_and_39_8_without_a_line_changed(shared, tmp_path):
    dataset = drafted(shared, tmp_path, "sfo_2017.csv")
    frame = dataset.load("surveys").frame.dropna(subset="netpro")
    assert len(frame) == 2746
    for weight, expected in ((frame["weight"], 40.4), (frame["weight"] ** 0, 39.8)):
        score = (weight[frame["netpro"] >= 9].sum() - weight[frame["netpro"] <= 6].sum()) / weight.sum()
        assert 100 * score == pytest.approx(expected, abs=0.05)
    roles = [column.role for column in dataset.table("surveys").columns]
    assert (roles.count("outcome"), roles.count("driver")) == (3, 24)


def test_the_e_mail_test_has_its_published_rates_without_a_line_changed(shared, tmp_path):
    frame = drafted(shared, tmp_path, "hillstrom.csv").load("treatments").frame
    found = frame.groupby("arm")[["visit", "spend"]].mean()
    # Hillstrom (2008), all 64,000 rows.
    assert found["visit"].round(4).to_dict() == {"Mens E-Mail": 0.1828, "Womens E-Mail": 0.1514, "No E-Mail": 0.1062}
    assert found["spend"].round(4).to_dict() == {"Mens E-Mail": 1.4226, "Womens E-Mail": 1.0772, "No E-Mail": 0.6528}
    assert frame["customer_id"].is_unique


def test_online_retail_needs_its_currency_and_no_other_line(shared, tmp_path):
    dataset = drafted(
        shared,
        tmp_path,
        "online_retail_ii_2009_2010.parquet",
        ("currency:  # which? Write its code, such as EUR or USD", "currency: GBP"),
    )
    frame = dataset.load("transactions").frame
    assert (len(frame), frame["customer_id"].nunique(), frame["cancelled"].sum()) == (417_534, 4383, 9_839)


def draft_of(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    path = add("mine", tmp_path / "x.csv", root=tmp_path)
    text = path.read_text()
    path.write_text(text.replace("currency:  #", "currency: EUR  #"))
    datasets.find("mine", tmp_path).check()
    return text


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (
            "customer_id,start_date,end_date,plan,monthly_fee",
            "c{i},2020-01-{i:02},,a,9.5",
            ["subscriptions:", "start: {from: start_date}", "end: {from: end_date}", "price: {"],
        ),
        (
            "Customer No,opened at,channel,minutes,is_complaint",
            "c{i},2020-01-{i:02} 10:00,mail,{i},no",
            ["interactions:", "timestamp: {from: opened at}", "is_complaint, true_values: [yes], false_values: [no]"],
        ),
        (
            "user_id,campaign,variant,spend",
            "c{i},spring,{v},{i}",
            ["treatments:", "initiative: {from: campaign}", "arm: {from: variant}"],
        ),
        ("client_id,region,age", "c{i},north,{i}", ["customers:", "region: {from: region, type: category}"]),
        (
            "Kunden-Nr,Kaufdatum,Betrag (€)",
            "c{i},2020-01-{i:02},{i}",
            ["transactions:", "currency: EUR  #", "customer_id: {from: Kunden-Nr}"],
        ),
        ("kdnr,when,amt,currency", "c{i},2020-01-{i:02},{i},CHF", ["transactions:", "currency_from: currency"]),
        ("customer_id,when,score", "c{i},2020-01-{i:02},{i}", ["customers:"]),
    ],
)
def test_the_table_is_guessed_from_the_headers(tmp_path, header, row, said):
    rows = "".join(row.format(i=i, v="AB"[i % 2]) + "\n" for i in range(1, 25)).replace(",no\n", ",yes\n", 2)
    text = draft_of(tmp_path, f"{header}\n{rows}")
    for part in said:
        assert part in text, text


def test_a_table_that_nothing_speaks_for_is_left_to_the_user(tmp_path):
    (tmp_path / "x.csv").write_text("height,width\n1,2\n3,4\n")
    path = add("mine", tmp_path / "x.csv", root=tmp_path)
    assert notes(path.read_text()) == ["which table is 'x.csv'? Nothing tells."]
    with pytest.raises(
        DataError, match=r"tables.which_table: which table is this\? Write its name in this place: "
    ) as it:
        datasets.find("mine", tmp_path)
    assert len(it.value.faults) == 1


def test_several_files_become_one_dataset_unless_they_are_one_table(tmp_path):
    for name, rows in (("a", "customer_id,region\n1,x\n"), ("b", "customer_id,when,amount_usd\n1,2020-01-02,5\n")):
        (tmp_path / f"{name}.csv").write_text(rows)
    (tmp_path / "c.csv").write_text("client_id,age\n1,50\n")
    with pytest.raises(DataError, match=r"'a\.csv' and 'c.csv' both look like customers; add one"):
        add("mine", tmp_path / "a.csv", tmp_path / "c.csv", root=tmp_path)
    assert not (tmp_path / "data").exists()
    add("mine", tmp_path / "a.csv", tmp_path / "b.csv", root=tmp_path)
    dataset = datasets.find("mine", tmp_path)
    dataset.check()
    assert list(dataset.tables) == ["customers", "transactions"]
    with pytest.raises(DataError, match="To add a table, copy the file to data/mine/ and write its section"):
        add("mine", tmp_path / "c.csv", root=tmp_path)


def test_an_address_is_not_read_and_a_path_is_told_whole(tmp_path):
    with pytest.raises(DataError, match=r"got the address .*addresses are not read"):
        add("mine", "https://example.org/x.csv", root=tmp_path)
    with pytest.raises(DataError, match=f"^'{tmp_path}/none.csv': the file is not there"):
        add("mine", tmp_path / "none.csv", root=tmp_path)


def test_what_cannot_be_told_apart_or_would_lose_its_zeros_is_drafted_with_care(tmp_path):
    text = draft_of(tmp_path, "customer_id,x,x,zip\n1,1,2,02931\n2,1,2,94546\n")
    (note,) = notes(text)
    assert note.startswith("customers: the header has a name more than once: x (2 times).")
    assert 'x_1: {from: "x (1)", type: boolean}' in text
    assert "zip: {from: zip, type: category, use: proxy}" in text


@pytest.mark.parametrize("first", ["ada@example.org,Ada,London", "7,2020-01-02,London", "+44 7700 900123,5,x"])
def test_a_first_line_of_values_is_refused_and_never_quoted(tmp_path, first):
    (tmp_path / "x.csv").write_text(f"{first}\nb,c,d\n")
    with pytest.raises(DataError, match="the first line looks like a row of data") as caught:
        add("mine", tmp_path / "x.csv", root=tmp_path)
    assert not any(part in str(caught.value) for part in first.split(",") if len(part) > 2)
    assert not (tmp_path / "data").exists()


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
    made = add("mine", tmp_path / "x.csv", root=tmp_path)
    before = made.read_bytes()
    with pytest.raises(DataError, match="is there already; it is not overwritten"):
        add("mine", tmp_path / "x.csv", root=tmp_path)
    assert made.read_bytes() == before
    for path, said in ((tmp_path / "none.csv", "is not there"), (tmp_path, "got a folder")):
        with pytest.raises(DataError, match=said):
            add("other", path, root=tmp_path)
    with pytest.raises(DataError, match="expected letters"):
        add("../other", tmp_path / "x.csv", root=tmp_path)
    with pytest.raises(DataError, match="does not lie in data/other/"):
        add("other", tmp_path / "x.csv", root=tmp_path, copy=False)
    assert not (tmp_path / "data" / "other").exists()


def test_a_file_that_lies_in_its_folder_is_drafted_in_place(tmp_path):
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("customer_id,a\n1,2\n")
    add("mine", folder / "x.csv", root=tmp_path, copy=False)
    assert datasets.find("mine", tmp_path).load("customers").frame.shape == (1, 2)


@pytest.mark.parametrize(
    "header", ["class", "a:b", "- x", "{0}", "'", '"', "#", "x\ty", "é è", "1", "&a", "*b", "!c", "customer_id "]
)
def test_hostile_headers_survive_the_draft(tmp_path, header):
    import csv

    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["customer_id", header], ["1", "b"], ["2", "c"]])
    add("mine", tmp_path / "x.csv", root=tmp_path)
    if header.strip() != "customer_id":
        assert datasets.find("mine", tmp_path).load("customers").frame.shape == (2, 2)


def test_a_copy_keeps_the_rights_of_its_file_and_what_was_left_half_goes(tmp_path):
    source = tmp_path / "secret.csv"
    source.write_text("customer_id,plan\na,b\n")
    source.chmod(0o600)
    folder = tmp_path / "data" / "people"
    folder.mkdir(parents=True)
    (folder / ".secret.csv.1234.part").write_text("customer_id,pl")
    add("people", source, root=tmp_path)
    assert stat.S_IMODE((folder / "secret.csv").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["dataset.yaml", "secret.csv"]


def test_an_interrupted_copy_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    source = tmp_path / "rows.csv"
    source.write_text("customer_id,plan\na,b\n")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            add("people", source, root=tmp_path)
    assert list((tmp_path / "data" / "people").iterdir()) == []
    add("people", source, root=tmp_path)
