"""Files of pilots as offices write them: drafted as treatments, what is open asked, what is wrong shown right."""

import pytest

from workbench import datasets
from workbench.datasets import conversation
from workbench.datasets.draft import add, drafted
from workbench.errors import DataError

DEALT = [("Anruf", "Kontrolle")[n % 2] for n in range(60)]


@pytest.fixture
def flat(tmp_path):
    path = tmp_path / "ab.csv"
    head = "Kundennr;Gruppe;Tarif;Umsatz_vorher;Umsatz_nachher;gekuendigt"
    rows = [
        f"{7000 + n};{arm};{'SML'[n % 3]};{n % 9},5;{n % 7},25;{('nein', 'ja')[n % 5 // 4]}"
        for n, arm in enumerate(DEALT)
    ]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


@pytest.fixture
def dated(tmp_path):
    path = tmp_path / "aktionen.csv"
    rows = [
        f"K{n:03};rueckruf;{arm if arm == 'Anruf' else 'keine'};01.04.2026;30.06.2026;2,5"
        for n, arm in enumerate(DEALT)
    ]
    path.write_text("\n".join(["Kundennr;Aktion;Gruppe;Von;Bis;Kosten", *rows]) + "\n")
    return path


def test_a_german_trial_is_treatments_and_what_no_name_tells_is_asked(flat):
    draft = drafted(flat)
    (table,) = draft.tables
    columns = {each.name: each for each in table.columns}
    assert table.name == "treatments"
    assert (columns["arm"].facts.header, columns["customer_id"].facts.header) == ("Gruppe", "Kundennr")
    assert "use: before" in columns["umsatz_vorher"].keys
    assert columns["gekuendigt"].keys == ("type: boolean", "true_values: [ja]", "false_values: [nein]")
    assert "use: outcome" in columns["umsatz_nachher"].keys
    asked = {question.asks: places for places, question in conversation.open_questions(draft)}
    (places,) = [places for asks, places in asked.items() if asks.startswith("Was it known before the pilot")]
    assert places == ["treatments.tarif", "treatments.gekuendigt"]
    (sure,) = [line for line in conversation.summary(draft) if line.startswith("  ") and "Kundennr" in line][:1]
    assert "tarif" not in sure  # what is asked is not sure
    (design,) = [question for _, question in conversation.open_questions(draft) if "arms dealt" in question.asks]
    assert "control: Kontrolle" in design.readings[0].line
    # Nothing waits for either: what is drafted is read at once.
    assert not any(question.waits for _, question in conversation.open_questions(draft))


def test_german_treatments_with_dates_and_costs_are_read_as_they_were_drafted(dated, tmp_path):
    add("mine", dated, root=tmp_path)
    path = tmp_path / "data" / "mine" / "dataset.yaml"
    path.write_text(path.read_text().replace("currency:  # which? Write its code, such as EUR or USD", "currency: EUR"))
    frame = datasets.find("mine", tmp_path).load("treatments").frame
    assert set(frame) == {"customer_id", "initiative", "arm", "start", "end", "cost"}
    assert (frame["cost"].mean(), str(frame["end"].iloc[0])[:10]) == (2.5, "2026-06-30")


def test_of_a_table_that_nobody_has_named_nothing_is_sure(tmp_path):
    path = tmp_path / "umfragen.csv"
    path.write_text("Kundennr;Datum;Wert\n" + "\n".join(f"K{n % 20:03};0{n % 9 + 1}.05.2025;x{n}" for n in range(60)))
    add("mine", path, root=tmp_path)
    draft = drafted(path)
    assert draft.tables[0].name == "which_table"
    assert "sure:" not in conversation.summary(draft)
    # Once it is named, its own lines are taken: a day is a moment too.
    place = tmp_path / "data" / "mine" / "dataset.yaml"
    assert "type: date" in place.read_text()
    place.write_text(
        "title: Mine\ntables:\n  surveys:\n    file: umfragen.csv\n    separator: ';'\n    columns:\n"
        "      customer_id: {from: Kundennr, personal: false}\n"
        '      timestamp: {from: Datum, format: "%d.%m.%Y", type: date}\n'
        "      wert: {from: Wert, type: text, personal: false}\n"
    )
    assert str(datasets.find("mine", tmp_path).load("surveys").frame["timestamp"].dtype).startswith("datetime64")


def test_answers_of_customers_who_are_asked_again_and_again_are_a_survey(tmp_path):
    path = tmp_path / "umfragen.csv"
    rows = [f"K{n % 20:03};0{n % 9 + 1}.05.2025;{n % 11}" for n in range(80)]
    path.write_text("\n".join(["Kundennr;Datum;Empfehlung", *rows]) + "\n")
    (table,) = drafted(path).tables
    assert table.name == "surveys"
    assert {each.name for each in table.columns if each.own} == {"customer_id", "timestamp"}


def test_a_design_of_no_initiative_and_a_missing_initiative_are_told_with_the_line_to_write(flat, tmp_path):
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    (folder / "ab.csv").write_text(flat.read_text())
    (folder / "dataset.yaml").write_text(
        "title: Mine\ntables:\n  treatments:\n    file: ab.csv\n    separator: ';'\n"
        "    design: {assignment: randomised, control: Kontrolle}\n"
        "    columns: {customer_id: {from: Kundennr, personal: false}, arm: Gruppe}\n"
    )
    with pytest.raises(DataError) as refused:
        datasets.find("mine", tmp_path)
    told = "\n".join(refused.value.faults)
    assert 'design: {"*": {assignment: randomised, control: Kontrolle}}' in told
    assert "SELECT *, 'NAME' AS initiative FROM rows" in told
    assert len(refused.value.faults) == 2
