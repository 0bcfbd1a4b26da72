import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench import datasets
from workbench.errors import DataError

HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE x; --",
    "=cmd|' /C calc'!A0",
    "{0.__class__}",
    "__import__('os')",
    "../../etc/passwd",
    "\x1b[2J",
    "a\u202eb",
    "x" * 10_000,
    'quo"te\nnewline',
    "%s %(x)s",
    "NaN",
]


def yaml(columns: str, table: str = "", top: str = "") -> str:
    return f"title: x\n{top}\ntables:\n  lifetimes:\n    file: rows.csv\n    {table}\n    columns: {columns}\n"


MAPPED = "{duration: {unit: days}, event: }"


def faults(project) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        project.load()
    return caught.value.faults


def kaplan_meier(frame: pd.DataFrame, at: float) -> float:
    """The product-limit estimate of Kaplan and Meier (1958), by its definition."""
    survival = 1.0
    for time in sorted(frame.loc[frame["event"], "duration"].unique()):
        if time <= at:
            survival *= 1 - ((frame["duration"] == time) & frame["event"]).sum() / (frame["duration"] >= time).sum()
    return survival


def test_a_table_enters_with_canonical_columns_first_and_their_types(project):
    project.write(
        yaml(
            "{plan: , vip: {type: boolean}, event: left, duration: {from: months, unit: days}, customer_id: id, age: }"
        ),
        "id,months,left,plan,vip,age\n007,1.5,1,x,1,30\n8,3,0,,0,\n",
    )
    frame, checks = project.load().frame, project.load().checks
    assert list(frame) == ["customer_id", "duration", "event", "plan", "vip", "age"]
    assert frame["customer_id"].tolist() == ["007", "8"]
    assert frame["plan"].tolist() == ["x", None]
    assert [str(frame[name].dtype) for name in frame] == ["object", "float64", "bool", "object", "bool", "float64"]
    assert checks == ()


@pytest.mark.parametrize("name", ["telco", "cdnow", "mobi"])
def test_a_written_table_is_read_as_the_frame_that_would_be_loaded(tmp_path, name):
    sample = datasets.find(name, tmp_path)
    for table in sample.tables:
        sample.write(table, tmp_path / "written.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "written.parquet"), sample.load(table).frame)


def test_days_gaps_and_truths_survive_being_written(project, tmp_path):
    columns = (
        "{duration: {from: months, unit: days}, event: left, day: {type: date}, at: {type: timestamp}, "
        "vip: {type: boolean}, n: }"
    )
    rows = "months,left,day,at,vip,n\n1,1,2020-01-02,2020-01-02 10:00:01.5,1,3\n2,0,,,,\n"
    dataset = project.write(yaml(columns), rows).find()
    dataset.write("lifetimes", tmp_path / "written.parquet")
    written, loaded = pd.read_parquet(tmp_path / "written.parquet"), dataset.load("lifetimes").frame
    pd.testing.assert_frame_equal(written, loaded)
    assert written["day"].dtype.kind == written["at"].dtype.kind == "M"


def test_only_declared_columns_enter(project):
    assert list(project.load().frame) == ["customer_id", "duration", "event"]


def test_turnover_is_mapped_by_a_dataset_yaml_alone(project, shared):
    (project.folder / "rows.csv").write_bytes((shared / "turnover.csv").read_bytes())
    project.write(
        """
title: Staff turnover
tables:
  lifetimes:
    file: rows.csv
    encoding: cp1252
    segments: [industry, gender]
    columns:
      duration: {from: stag, unit: months, label: Months of service}
      event:
      gender: {values: {m: Men, f: Women}}
      industry:
      age: {unit: years}
"""
    )
    loaded = project.load()
    assert len(loaded.frame) == 1129
    assert loaded.frame["event"].sum() == 571
    assert loaded.frame["customer_id"].tolist() == list(range(1, 1130))
    by_name = {check.name: check for check in loaded.checks}
    assert list(by_name) == ["lifetimes_row_numbers", "lifetimes_double_rows"]
    assert by_name["lifetimes_double_rows"].value == 13
    assert by_name["lifetimes_double_rows"].message.startswith("13 rows equal to an earlier one")
    # Median by an independent refit: 50.73 months with the 13 double rows, 50.99 without them.
    assert kaplan_meier(loaded.frame, 50.72) > 0.5 >= kaplan_meier(loaded.frame, 50.735)
    assert set(loaded.frame["gender"]) == {"Men", "Women"}
    assert "HoReCa" in set(loaded.frame["industry"])


def test_dirt_of_a_real_telecom_file_is_survived(project, shared):
    (project.folder / "rows.csv").write_bytes((shared / "iranian_telecom_churn.csv").read_bytes())
    columns = "{duration: {from: Subscription Length, unit: months}, event: Churn, call_failure: Call Failure}"
    loaded = project.write(yaml(columns)).load()
    assert loaded.frame.shape == (3150, 4)
    assert {check.name: check.value for check in loaded.checks}["lifetimes_double_rows"] == 300


def test_telco_reproduces_the_published_survival(tmp_path):
    # Kaplan-Meier of IBM telco by two independent programs: S(12, 24, 60, 72 months).
    telco = datasets.find("telco", tmp_path)
    loaded = telco.load("lifetimes")
    assert len(loaded.frame) == 7043
    assert loaded.frame["event"].sum() == 1869
    survival = [round(kaplan_meier(loaded.frame, months), 4) for months in (12, 24, 60, 72)]
    assert survival == [0.8432, 0.7887, 0.6644, 0.5928]
    assert loaded.frame["customer_id"].tolist() == list(range(1, 7044))
    gaps = loaded.frame.isna().sum()
    assert gaps[gaps > 0].to_dict() == {"total_charges": 11}  # of who has been there for no month
    assert telco.table("lifetimes").kept_from("explain")["total_charges"] == "prediction"
    assert [(check.name, check.value) for check in loaded.checks] == [
        ("lifetimes_fictional", None),
        ("lifetimes_row_numbers", None),
        ("lifetimes_uses", 8),
        ("lifetimes_zero_durations", 11),
    ]
    assert [check.status for check in loaded.checks] == ["warn", "pass", "pass", "warn"]
    assert (tmp_path / "data" / ".samples" / "telco.parquet").is_file()


def test_a_sample_can_be_mapped_anew_by_a_dataset_of_the_project(project):
    project.write(
        "title: x\ntables: {lifetimes: {sample: telco, columns: {duration: {from: tenure, unit: month}, "
        "event: {from: churn, true_values: [Yes], false_values: [No]}}}}"
    )
    assert project.load().frame.shape == (7043, 3)


def test_every_violation_is_told_at_once_with_rows_and_examples(project):
    project.write(
        yaml(
            "{customer_id: {from: Id}, duration: {from: month, unit: months}, event: left, entry: start,"
            " plan: {values: {x: X}}, region: {from: regio}, age: {type: number}}"
        ),
        "Id,month,left,start,plan,age,region,region\n"
        "a,-1,1,,x,30,r,r\n"
        "a,2,maybe,3,y,old,r,r\n"
        "b,,0,0,z,31,r,r\n"
        "c,soon,,0,x,32,r,r\n",
    )
    assert faults(project) == (
        "dataset people, table lifetimes, column region: the file has no column 'regio'; did you mean 'region (2)'?",
        *(
            f"dataset people, table lifetimes, column {fault}"
            for fault in (
                "duration (from 'month'): 1 row with a value that is no number (got 'soon'); expected a number. List "
                "codes under missing:, check decimal:, or declare type: category.",
                "event (from 'left'): 1 row with a value that is neither true nor false (got 'maybe'); expected 0 or "
                "1. Name the codes under true_values: and false_values:.",
                "plan: 2 rows with a value that is not listed under values: (got 'y', 'z'); list it there or under "
                "missing:.",
                "age: 1 row with a value that is no number (row 2 below the header: 3 letters); expected a number. "
                "List codes under missing:, check decimal:, or declare type: category.",
                "duration (from 'month'): 1 row with no value (row 3 below the header); expected one in every row. "
                "Complete the rows; those that are no data (notes, totals) go under skip:, and sql: can choose rows.",
                "duration (from 'month'): 1 row with a negative value (got -1); expected 0 or more. If it is a code "
                "for a missing value, list it under missing:.",
                "event (from 'left'): 1 row with no value (row 4 below the header); expected one in every row. "
                "Complete the rows; those that are no data (notes, totals) go under skip:, and sql: can choose rows.",
                "event (from 'left'): 1 row with an event before the same customer's last row (row 1 below the "
                "header); expected it in the last episode alone. If customers came back, each contract is a row of its "
                "own without customer_id, or the table is subscriptions.",
                "entry (from 'start'): 1 row with an entry after the duration (got '3 > 2'); expected entry ≤ "
                "duration, both from the same start.",
            )
        ),
    )


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ("duration,event\n", MAPPED, "the file has a header and no rows."),
        ("Duration,event\n1,1\n", MAPPED, "the file has no column 'duration'; did you mean 'Duration'?"),
        (
            "duration,event,event\n1,1,1\n",
            MAPPED,
            "the header has 'event' 2 times; write from: 'event (1)' or 'event (2)'.",
        ),
        ("duration,event\nx,1\n", MAPPED, "column duration: 1 row with a value that is no number (got 'x')"),
        ("duration,event\ninf,1\n", MAPPED, "1 row with a value that is no number (got 'inf')"),
        ("duration,event\n1e999,1\n", MAPPED, "1 row with a value that is no number (got '1e999')"),
        ('duration,event\n"1,5",1\n', MAPPED, "1 row with a value that is no number (got '1,5')"),
        ("duration,event\n1,2\n", MAPPED, "neither true nor false (got '2')"),
        ("duration,event\n1,Yes\n", MAPPED, "neither true nor false (got 'Yes')"),
        ("duration,event\n,1\n", MAPPED, "column duration: 1 row with no value"),
        ("duration,event\n1,\n", MAPPED, "column event: 1 row with no value"),
        ("duration,event\n-0.1,1\n", MAPPED, "1 row with a negative value (got -0.1)"),
        ("duration,event,entry\n1,1,2\n", "{duration: {unit: days}, event: , entry: }", "an entry after the duration"),
        ("duration,event,entry\n1,1,-2\n", "{duration: {unit: days}, event: , entry: }", "a negative value (got -2)"),
        ("duration,event,age\n1,1,a\n1,1,2\n", "{duration: {unit: days}, event: , age: }", "expected one type"),
        ("duration,event\n1,1,1\n", MAPPED, "'rows.csv': 1 row"),
        ("", MAPPED, "'rows.csv': the file is empty."),
    ],
)
def test_bad_input_gives_one_clear_message(project, rows, columns, said):
    (fault,) = faults(project.write(yaml(columns), rows))
    assert fault.startswith("dataset people, table lifetimes")
    assert said in fault


def test_a_file_that_became_a_link_out_of_the_folder_is_not_read(project, tmp_path):
    dataset = project.find()
    secret = tmp_path / "secret.csv"
    secret.write_text("id,months,left\nsecret,1,1\n")
    (project.folder / "rows.csv").unlink()
    (project.folder / "rows.csv").symlink_to(secret)
    with pytest.raises(DataError, match="link that leads out of the dataset's folder"):
        dataset.load("lifetimes")
    with pytest.raises(DataError, match="expected a file in the dataset's own folder"):
        project.find()


def test_personal_columns_stay_out_and_a_personal_id_becomes_a_row_number(project):
    people = "id,name,months,left\nADA-1815,Ada Lovelace,1,1\nGRACE-1906,Grace Hopper,2,0\n,Nobody,2,0\n"
    columns = (
        "{customer_id: {from: id, personal: true}, who: {from: name, personal: true}, "
        "duration: {from: months, unit: years}, event: left}"
    )
    loaded = project.write(yaml(columns), people).load()
    assert list(loaded.frame) == ["customer_id", "duration", "event"]
    assert loaded.frame["customer_id"].tolist() == [1, 2, 3]
    assert {check.name: check.value for check in loaded.checks} == {
        "lifetimes_row_numbers": None,
        "lifetimes_no_id": 1,
        "lifetimes_personal_columns": 1,
    }
    everything = json.dumps(project.find().profile()) + repr(loaded.checks) + loaded.frame.to_csv()
    assert not re.search("Ada|ADA|Grace|GRACE", everything)


def test_no_message_quotes_a_personal_value(project):
    columns = "{customer_id: {from: id, personal: true}, duration: {from: months, unit: years}, event: left}"
    (fault,) = faults(project.write(yaml(columns), "id,months,left\nADA,1,1\nADA,2,0\n"))
    assert (
        "1 row with an id that an earlier row has (row 2 below the header); expected one row for each customer" in fault
    )
    assert "ADA" not in fault


def test_rows_without_an_id_are_kept_with_a_warning(project):
    loaded = project.write(rows="id,months,left\na,1,1\n,2,0\n,2,0\n").load()
    assert loaded.frame["customer_id"].tolist() == ["a", "row 2", "row 3"]
    assert [(check.name, check.value) for check in loaded.checks] == [("lifetimes_no_id", 2)]


def test_double_rows_are_told_over_all_columns_of_the_file(project):
    project.write(yaml(MAPPED), "duration,event,other\n1,1,a\n1,1,b\n1,1,a\n")
    assert {check.name: check.value for check in project.load().checks}["lifetimes_double_rows"] == 1


def test_entry_and_zero_durations_are_told(project):
    columns = "{duration: {unit: days}, event: , entry: , customer_id: i}"
    project.write(yaml(columns, top="fictional: true"), "i,duration,event,entry\n1,0,1,0\n2,2,0,2\n3,2,0,\n")
    assert {check.name: check.value for check in project.load().checks} == {
        "lifetimes_fictional": None,
        "lifetimes_zero_durations": 1,
        "lifetimes_never_at_risk": 2,
    }


def test_hostile_names_and_values_survive_as_data(project):
    frame = pd.DataFrame({hostile: HOSTILE for hostile in HOSTILE if "\n" not in hostile})
    frame["duration"], frame["event"] = 1.0, 1
    frame.to_csv(project.folder / "rows.csv", index=False)
    mapped = {f"c{i}": {"from": name} for i, name in enumerate(frame.columns[:-2])}
    columns = json.dumps({"duration": {"unit": "days"}, "event": "event", **mapped}, ensure_ascii=True)
    entered = project.write(yaml(columns)).load().frame
    for name in mapped:
        assert entered[name].tolist() == HOSTILE
    project.write(yaml(json.dumps({"duration": {"unit": "days", "from": "<b>\x1b[2J"}, "event": "{0}"})))
    told = faults(project)
    assert "'<b>\\x1b[2J'" in told[0]
    assert "'{0}'" in told[1]


def fingerprint(project) -> str:
    return project.find().fingerprint()


def test_equal_content_has_an_equal_fingerprint_wherever_and_however_it_lies(project, tmp_path):
    columns = "{duration: {from: %s, unit: days}, event: , plan: , age: }"
    rows = "months,event,plan,age\n1.5,1,x,30\n3,0,,\n0,1,é,7\n"
    before = fingerprint(project.write(yaml(columns % "months"), rows))
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", before)

    project.folder.rename(project.folder.with_name("moved"))
    assert project.find("moved").fingerprint() == before
    project.folder = project.folder.with_name("moved")

    other = rows.replace("months", "stay").replace(",", ";").replace("1.5", "1,50").encode("latin-1")
    dressed = yaml(columns % "stay", table='encoding: latin-1\n    separator: ";"\n    decimal: ","', top="source: b")
    assert project.write(dressed, other).find("moved").fingerprint() == before

    table = pa.table(
        {"age": [30, None, 7], "months": [1.5, 3, -0.0], "event": [True, False, True], "plan": ["x", None, "é"]}
    )
    pq.write_table(table, project.folder / "rows.parquet")
    as_parquet = yaml(columns % "months").replace("rows.csv", "rows.parquet")
    assert project.write(as_parquet).find("moved").fingerprint() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.5", "1.6"), ("3,0,", "3,1,"), ("x", "y"), ("3,0,,", "3,0,x,"), ("30", "31"), ("7\n", "\n")],
)
def test_one_changed_cell_changes_the_fingerprint(project, old, new):
    columns = "{duration: {from: months, unit: days}, event: , plan: , age: }"
    rows = "months,event,plan,age\n1.5,1,x,30\n3,0,,\n0,1,é,7\n"
    assert rows.count(old) == 1
    before = fingerprint(project.write(yaml(columns), rows))
    assert fingerprint(project.write(rows=rows.replace(old, new))) != before


def test_order_units_and_segments_are_part_of_the_fingerprint_but_labels_are_not(project):
    columns = "{duration: {from: months, unit: days}, event: left, plan: {label: P}}"
    before = fingerprint(project.write(yaml(columns)))
    assert fingerprint(project.write(yaml(columns.replace("label: P", "label: Q")))) == before
    changed = {fingerprint(project.write(yaml(columns.replace("days", "weeks"))))}
    changed.add(fingerprint(project.write(yaml(columns, table="segments: [plan]"))))
    lines = (project.folder / "rows.csv").read_text().splitlines()
    changed.add(fingerprint(project.write(yaml(columns), "\n".join([lines[0], *lines[:0:-1], ""]))))
    assert len(changed) == 3
    assert before not in changed


def test_a_profile_is_plain_strict_json_about_columns_and_not_about_rows(project):
    project.write(
        yaml("{duration: {from: months, unit: days, label: Stay}, event: left, plan: }", top="source: s\nlicence: l"),
        "months,left,plan\n1,1,\n2,0,x\n",
    )
    profile = project.find().profile()
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    assert profile == {
        "title": "x",
        "description": "",
        "source": "s",
        "licence": "l",
        "fictional": False,
        "tables": {
            "lifetimes": {
                "rows": 2,
                "columns": [
                    {"name": "customer_id", "label": "Row number", "unit": "", "missing": 0.0},
                    {"name": "duration", "label": "Stay", "unit": "days", "missing": 0.0},
                    {"name": "event", "label": "Event", "unit": "", "missing": 0.0},
                    {"name": "plan", "label": "Plan", "unit": "", "missing": 0.5},
                ],
                "first": None,
                "last": None,
            }
        },
    }


def test_the_example_of_the_data_page_works_as_written(project):
    page = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    example, _ = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    project.write(example)
    (project.folder / "turnover.csv").write_text(
        "stag,event,industry,coach,age,greywage,way\n"
        "7.0,1,Banks,no,35,white,bus\n"
        "22.9,0,Retail,my head,0,grey,car\n"
        "1,0,Retail,yes,28,-99,bus\n"
    )
    frame = project.load().frame
    assert list(frame) == ["customer_id", "duration", "event", "industry", "coach", "age", "pay"]
    assert frame["event"].tolist() == [True, False, False]
    assert frame["coach"].tolist() == ["No coach", "Own boss", "Coach"]
    assert np.isnan(frame["age"][1])
    assert frame["pay"][2] is None


def test_the_designs_of_the_data_page_work_as_written(project):
    page = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    _, example = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    columns = "    columns: {customer_id: c, initiative: i, arm: a, shop: {type: category}}\n"
    project.write(f"title: x\ntables:\n{example}{columns}")
    arms = {"welcome_call": "no call", "new_layout": "old", "loyalty_app": "none", "mailing": "none"}
    rows = [f"c{n},{name},{arms[name] if n % 2 else 'on'},s{n % 10}" for name in arms for n in range(40)]
    (project.folder / "trials.csv").write_text("\n".join(["c,i,a,shop", *rows, ""]))
    checks = project.find().check()
    assert [check.name for check in checks if check.name.startswith("treatments_d")] == [
        "treatments_draw_new_layout",
        "treatments_draw_welcome_call",
    ]


def test_the_example_of_the_data_page_maps_the_real_file(project, shared):
    page = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    example, _ = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    (project.folder / "turnover.csv").write_bytes((shared / "turnover.csv").read_bytes())
    frame = project.write(example).load().frame
    assert (len(frame), frame["event"].sum()) == (1129, 571)
