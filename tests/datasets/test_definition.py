import datetime
import os

import pytest

from workbench.datasets.definitions.origin import inside
from workbench.errors import DataError

COLUMNS = "columns: {duration: {unit: months}, event: }"


def faults(project, yaml: str) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        project.write(yaml).find()
    assert all(fault.startswith("data/people/dataset.yaml: ") for fault in caught.value.faults)
    return tuple(fault.removeprefix("data/people/dataset.yaml: ") for fault in caught.value.faults)


def test_a_definition_holds_what_was_written_in_canonical_order(project):
    dataset = project.write(
        """
title: People
description: >
  Two
  lines
source: here
licence: mine
fictional: true
tables:
  lifetimes:
    file: rows.csv
    segments: [plan]
    missing: [NA]
    columns:
      plan: {from: "the  plan", values: {a: A}, missing: [x]}
      age: {unit: years, type: number}
      event: {from: left, true_values: [yes], false_values: [no]}
      duration: {from: stay, unit: month, label: Stay}
      name: {personal: true}
"""
    ).find()
    assert (dataset.title, dataset.description, dataset.source) == ("People", "Two lines", "here")
    assert (dataset.licence, dataset.fictional, dataset.origin) == ("mine", True, "data")
    table = dataset.table("lifetimes")
    assert [column.name for column in table.columns] == ["duration", "event", "plan", "age", "name"]
    assert (table.segments, table.time_unit) == (("plan",), "months")
    by_name = {column.name: column for column in table.columns}
    assert (by_name["duration"].source, by_name["duration"].label, by_name["duration"].kind) == (
        "stay",
        "Stay",
        "number",
    )
    assert (by_name["event"].true_values, by_name["event"].false_values) == (("yes",), ("no",))
    assert (by_name["plan"].source, dict(by_name["plan"].values)) == ("the plan", {"a": "A"})
    assert by_name["plan"].missing == ("NA", "x")
    assert (by_name["age"].label, by_name["age"].unit, by_name["age"].kind) == ("Age", "years", "number")
    assert by_name["name"].personal


def test_the_day_from_which_ends_were_recorded_is_that_of_subscriptions_and_part_of_the_fingerprint(project):
    yaml = """
title: Contracts
tables:
  subscriptions:
    file: rows.csv
    {line}
    columns: {{customer_id: id, start: from, end: to}}
"""
    project.write(yaml.format(line="records_since: 2023-01-01"), "id,from,to\nx,2022-01-01,\n")
    table = project.find().table("subscriptions")
    assert table.records_since == datetime.date(2023, 1, 1)
    since = project.find().fingerprint()
    project.write(yaml.format(line=""), "id,from,to\nx,2022-01-01,\n")
    assert project.find().table("subscriptions").records_since is None
    assert project.find().fingerprint() != since
    (fault,) = faults(project, yaml.format(line="records_since: long ago"))
    assert fault == "tables.subscriptions.records_since: got 'long ago', expected a date such as 2026-10-31."
    (fault,) = faults(
        project, f"title: x\ntables: {{lifetimes: {{file: rows.csv, records_since: 2023-01-01, {COLUMNS}}}}}"
    )
    assert fault == ("tables.lifetimes.records_since: got '2023-01-01', expected no such key: it is for subscriptions.")


def test_all_faults_of_a_file_are_told_at_once(project):
    told = faults(
        project,
        """
titel: People
fictional: maybe
tables:
  lifetime: {}
  lifetimes:
    file: ../rows.csv
    encoding: klingon
    separator: ",,"
    decimal: "'"
    segments: [plann, age, name, duration]
    columns:
      duration: {unit: fortnights, type: category, personal: true}
      entry: {unit: days, lable: x}
      event: {true_values: [1]}
      plan: {values: [a], type: colour}
      age: {type: number, values: {1: a}}
      name: {personal: true}
      gone: {true_values: [a, b], false_values: [b]}
      2x: y
      "=cmd": y
""",
    )
    a_name = "expected a name of letters, digits and _ (the file's own name goes under from)."
    expected = {
        "titel: unknown key; did you mean 'title'?",
        "fictional: got 'maybe', expected true or false.",
        "tables.lifetime: no canonical table; did you mean 'lifetimes'?",
        "tables.lifetimes.file: got '../rows.csv', expected a file in the dataset's own folder.",
        "tables.lifetimes.encoding: got 'klingon', expected an encoding such as utf-8, latin-1 or cp1252.",
        'tables.lifetimes.separator: got \',,\', expected one character, such as "," or ";" or "\\t".',
        'tables.lifetimes.decimal: got "\'", expected "." or ",".',
        "tables.lifetimes.segments: 'plann', which is no column to split by; did you mean 'plan'?",
        "tables.lifetimes.segments: got 'age', a number, expected columns of type category or boolean.",
        "tables.lifetimes.segments: got 'name', expected columns that are not personal.",
        "tables.lifetimes.segments: 'duration', which is no column to split by.",
        "tables.lifetimes.columns.duration.unit: got 'fortnights', expected days, weeks, months or years.",
        "tables.lifetimes.columns.duration.type: got 'category', expected number (or nothing).",
        "tables.lifetimes.columns.duration.personal: got true, expected false: lifetimes cannot do without duration.",
        "tables.lifetimes.columns.entry.unit: got 'days', expected the unit of duration ('fortnights').",
        "tables.lifetimes.columns.entry.lable: unknown key; did you mean 'label'?",
        "tables.lifetimes.columns.event.false_values: got nothing, expected its values: the two go together.",
        "tables.lifetimes.columns.plan.values: got ['a'], expected a mapping of values of the file to texts.",
        "tables.lifetimes.columns.plan.type: got 'colour', expected number, money, rating, boolean, category, text, date or timestamp.",  # noqa: E501
        "tables.lifetimes.columns.age.values.1: got 'a', expected a number: the column is of type number.",
        "tables.lifetimes.columns.gone.false_values: got 'b', expected values that are not among true_values.",
        f"tables.lifetimes.columns.2x: got '2x', {a_name}",
        f"tables.lifetimes.columns.=cmd: got '=cmd', {a_name}",
    }
    assert set(told) == expected
    assert len(told) == len(expected)


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("", "the file: got nothing, expected a mapping"),
        ("[a, b]", "the file: got ['a', 'b'], expected a mapping"),
        ("title: x", "tables: got nothing, expected a mapping"),
        ("title: x\ntables: {}", "tables: got no table, expected customers, subscriptions"),
        ("title: x\ntables: {lifetimes: rows.csv}", "tables.lifetimes: got 'rows.csv', expected a mapping"),
        (f"title: x\ntables: {{lifetimes: {{{COLUMNS}}}}}", "tables.lifetimes.file: got neither, expected either file"),
        (f"title: x\ntables: {{lifetimes: {{file: a.csv, sample: telco, {COLUMNS}}}}}", "lifetimes.file: got both"),
        (f"title: x\ntables: {{lifetimes: {{file: [../a.csv], {COLUMNS}}}}}", "tables.lifetimes.file: got '../a.csv'"),
        (f"title: x\ntables: {{lifetimes: {{file: /etc/passwd, {COLUMNS}}}}}", "expected a file in the dataset's own"),
        (f'title: x\ntables: {{lifetimes: {{file: "a\\0b", {COLUMNS}}}}}', "expected a file in the dataset's own"),
        (f"title: x\ntables: {{lifetimes: {{file: ., {COLUMNS}}}}}", "expected a file in the dataset's own"),
        ("title: x\ntables: {lifetimes: {file: a.csv}}", "tables.lifetimes.columns: got nothing, expected a mapping"),
        (
            "title: x\ntables: {lifetimes: {file: a.csv, columns: {durations: {unit: days}, event: }}}",
            "tables.lifetimes.columns.duration: missing, and lifetimes needs it; did you mean 'durations'?",
        ),
        (
            "title: x\ntables: {lifetimes: {file: a.csv, columns: {duration: x, event: }}}",
            "tables.lifetimes.columns.duration.unit: got nothing, expected days",
        ),
        ("title: x\ntables: {lifetimes: {file: a.csv, encoding: zip, " + COLUMNS + "}}", "encoding: got 'zip'"),
        (f"title: x\ntables: {{lifetimes: {{file: 'https://h.org/a.csv', {COLUMNS}}}}}", "addresses are not read"),
        (
            "title: x\ntables: {lifetime: {fil: a.csv, columns: {duration: {lable: x}}}}",
            "tables.lifetime.fil: unknown key; did you mean 'file'?",
        ),
        (
            "title: x\ntables: {lifetime: {fil: a.csv, columns: {duration: {lable: x}}}}",
            "tables.lifetime.columns.duration.lable: unknown key",
        ),
        ("title: x\ntitle: y", "title: got the key twice"),
    ],
)
def test_a_faulty_file_is_refused_with_place_found_and_expected(project, yaml, said):
    assert any(said in fault for fault in faults(project, yaml))


def test_a_dataset_yaml_that_is_a_link_out_of_its_folder_is_not_read(project, tmp_path):
    outside = tmp_path / "secret.yaml"
    outside.write_text("secret: yes")
    (project.folder / "dataset.yaml").unlink()
    (project.folder / "dataset.yaml").symlink_to(outside)
    with pytest.raises(DataError, match="link that leads out") as caught:
        project.find()
    assert "secret" not in str(caught.value)


def test_inside_follows_links_and_stays(tmp_path):
    home, other = tmp_path / "home", tmp_path / "home2"
    for folder in (home, other):
        folder.mkdir()
        (folder / "a.csv").write_text("x")
    (home / "in.csv").symlink_to("a.csv")
    (home / "out.csv").symlink_to(other / "a.csv")
    (home / "dir").symlink_to(other)
    (home / "loop").symlink_to("loop")
    assert inside(home, "in.csv") == home / "a.csv"
    for name in ("out.csv", "dir/a.csv", "../home2/a.csv", "..", ".", "", str(other / "a.csv"), "a\0.csv"):
        assert inside(home, name) is None, name
    assert not os.path.exists(inside(home, "loop"))
