"""`use:` and `role:` of columns: what may be declared, and which studies see the column."""
# ruff: noqa: E501

import json

import pytest

from workbench import datasets
from workbench.datasets import conversation
from workbench.datasets.definitions.uses import USES
from workbench.datasets.draft import draft
from workbench.datasets.draft import drafted as drafts
from workbench.errors import DataError, ParameterError
from workbench.studies.definition.project import Project
from workbench.studies.plan import make_plan
from workbench.studies.session import Run

LIFETIMES = """\
title: x
tables:
  lifetimes:
    file: rows.csv
    columns:
      duration: {from: d, unit: months}
      event: e
      plan: {type: category, use: actionable}
      sex: {type: category, use: protected}
      zip: {type: category, use: proxy}
      call: {type: category, use: suspect}
      charges: {type: number, use: prediction}
      missed: {type: number, use: cost_missed}
      topics: {split: ";", use: suspect}
"""
ROWS = "d,e,plan,sex,zip,call,charges,missed,topics\n" + "".join(
    f"{1 + i % 9},{i % 2},{'ab'[i % 2]},{'fm'[i % 2]},{'xyz'[i % 3]},{'no' if i % 3 else 'yes'},{i},{i},{'a;b' if i % 2 else 'b'}\n"
    for i in range(60)
)


def seen(project, *admitted, **parameters):
    """Columns that a notebook with these parameters gets."""
    run = Run({"dataset": "people", "seed": 1, **parameters}, None)
    run._dataset = project.find()
    run.checks = lambda checks: None
    run.admit(*admitted)
    return list(run.table("lifetimes").columns)


def test_a_study_sees_by_default_what_any_model_may_take(project):
    project.write(LIFETIMES, ROWS)
    assert seen(project) == ["customer_id", "duration", "event", "plan", "zip"]


def test_a_study_or_a_parameter_asks_for_more(project):
    project.write(LIFETIMES, ROWS)
    assert seen(project, "prediction", "cost_missed")[3:] == ["plan", "zip", "charges", "missed"]
    assert seen(project, covariates=["plan", "call"])[3:] == ["plan", "zip", "call"]
    assert seen(project, segments=["sex"])[3:] == ["plan", "sex", "zip"]
    assert seen(project, "suspect")[3:] == [
        "plan",
        "zip",
        "call",
        "topics_b",
        "topics_a",
    ]  # the most frequent choice first


def test_what_explains_and_what_predicts_take_different_columns(project):
    table = project.write(LIFETIMES, ROWS).find().table("lifetimes")
    out = {"sex": "protected", "call": "suspect", "missed": "cost_missed", "topics": "suspect"}
    assert table.kept_from("predict") == out
    assert table.kept_from("explain", named=["call", "sex"]) == {
        "sex": "protected",
        "charges": "prediction",
        "missed": "cost_missed",
        "topics": "suspect",
    }


def test_the_door_says_which_columns_stay_out_and_the_fingerprint_knows(project):
    first = project.write(LIFETIMES, ROWS).find()
    (told,) = (check for check in first.check() if check.name == "lifetimes_uses")
    assert (told.status, told.value) == ("pass", 6)
    assert "'sex' (protected)" in told.message
    second = project.write(LIFETIMES.replace("use: protected", "use: given"), ROWS).find()
    assert second.fingerprint() != first.fingerprint()


COLUMN = "title: x\ntables:\n  {table}:\n    file: rows.csv\n    {more}\n    columns: {{{own}{column}}}\n"
OWN = {
    "customers": "customer_id: c, ",
    "lifetimes": "duration: {from: d, unit: days}, event: e, ",
    "surveys": "",
    "treatments": "customer_id: c, initiative: i, arm: a, ",
    "transactions": "customer_id: c, timestamp: t, amount: {from: m, currency: EUR}, ",
}


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("customers", "x: {use: [given, proxy]}", "x.use: got 'given' and 'proxy', expected one use a column."),
        (
            "customers",
            "x: {use: protekted}",
            "x.use: got 'protekted'; did you mean 'protected'?, expected actionable, given",
        ),
        (
            "customers",
            "customer_id: {from: c, use: given}",
            "customer_id.use: got given, expected nothing: customers needs it",
        ),
        (
            "customers",
            "x: {type: category, use: cost_missed}",
            "x.use: got cost_missed, expected type: money beside it",
        ),
        (
            "transactions",
            "x: {use: before}",
            "x.use: got before, expected nothing: only columns of customers, lifetimes and treatments",
        ),
        (
            "surveys",
            "x: {scale: [1, 5], role: driver, use: protected}",
            "expected either role or use: only a driver has both",
        ),
        ("surveys", "x: {scale: [1, 5], role: outcome, use: given}", "expected either role or use"),
        ("surveys", "x: {type: category, role: comment}", "x.role: got 'comment', expected type: text beside it"),
        ("surveys", "x: {type: number, role: code}", "x.role: got 'code', expected type: category"),
        ("surveys", "x: {type: category, role: need}", "x.role: got 'need', expected scale:"),
        ("surveys", "x: {role: drivr}", "expected outcome, driver, expectation, need, comment or code"),
        ("customers", "x: {role: need}", "expected nothing: only items of surveys have a role"),
    ],
)
def test_a_use_or_role_that_cannot_be_is_refused(project, table, column, said):
    own = OWN[table] if not column.startswith("customer_id") else ""
    project.write(COLUMN.format(table=table, more="", own=own, column=column), "c,d,e\na,1,1\n")
    with pytest.raises(DataError) as told:
        project.find()
    assert said in str(told.value)


def test_the_command_line_refuses_a_column_with_two_uses(project, command):
    project.write(LIFETIMES.replace("use: proxy", "use: [given, proxy]"), ROWS)
    command.take(project)
    code, out, complaint = command("data", "check", "people")
    assert (code, out) == (2, "")
    assert "lifetimes.columns.zip.use: got 'given' and 'proxy', expected one use a column." in complaint
    assert "Traceback" not in complaint


def test_studies_do_not_split_by_what_they_may_not_take(project):
    yaml = COLUMN.format(table="customers", more="segments: [x]", own=OWN["customers"], column="x: {use: protected}")
    project.write(yaml, "c,x\na,f\n")
    with pytest.raises(DataError, match=r"segments: got 'x' \(protected\), expected columns that every study may take"):
        project.find()


@pytest.mark.parametrize("use", [each for each in USES if not each.startswith("cost")])
def test_every_use_is_taken_where_it_belongs(project, use):
    project.write(
        COLUMN.format(table="customers", more="", own=OWN["customers"], column=f"x: {{type: category, use: {use}}}"),
        "c,x\na,f\n",
    )
    assert project.find().table("customers").columns[-1].use == use


def test_roles_of_surveys_beside_outcome_and_driver(project):
    yaml = """\
title: x
tables:
  surveys:
    file: rows.csv
    columns:
      sat: {scale: [1, 5], role: outcome}
      expected: {scale: [1, 5], role: expectation}
      needed: {scale: [1, 5], role: need}
      said: {role: comment, personal: false}
      topic: {split: ";", role: code}
"""
    project.write(yaml, "sat,expected,needed,said,topic\n5,4,3,fine,price;app\n2,5,5,slow,app\n")
    found = project.find()
    assert [column.role for column in found.table("surveys").columns] == [
        "outcome",
        "expectation",
        "need",
        "comment",
        "code",
    ]
    frame = found.load("surveys").frame
    assert frame["topic_app"].tolist() == [True, True]
    assert frame["said"].tolist() == ["fine", "slow"]


def test_a_parameter_that_asks_for_what_no_model_may_take_is_refused_before_a_kernel(project):
    project.write(LIFETIMES, ROWS)
    (project.root / "notebooks").mkdir()
    (project.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    cells = [
        {"cell_type": "markdown", "source": "# Why\n\nWhy do they leave?"},
        {"cell_type": "code", "source": "import workbench", "metadata": {}},
        {
            "cell_type": "code",
            "source": 'dataset: str = "people"\nseed: int = 1\ncovariates: list[str] | None = None  # [column] x',
            "metadata": {"tags": ["parameters"]},
        },
        {"cell_type": "code", "source": "run = workbench.start_run()\nrows = run.table('lifetimes')", "metadata": {}},
    ]
    cells = [
        {"id": str(i), "metadata": {}, **cell}
        | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
        for i, cell in enumerate(cells)
    ]
    (project.root / "notebooks" / "why.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    at = Project(project.root)
    with pytest.raises(ParameterError) as told:
        make_plan(at, "why", ['covariates=["sex", "charges"]'])
    assert (
        "parameter covariates: 'sex' is protected: it is read to compare how groups fare, and enters no model"
        in str(told.value)
    )
    assert "parameter covariates: 'charges' is for predictions alone: it explains nothing (use: prediction" in str(
        told.value
    )
    assert make_plan(at, "why", ['covariates=["plan", "call"]']).tables == ("lifetimes",)


def test_telco_has_all_its_columns_and_explanations_take_the_ten_as_before(tmp_path):
    table = datasets.find("telco", tmp_path).table("lifetimes")
    names = [column.name for column in table.columns]
    assert len(names) == 20  # nineteen and who left
    assert len(set(names) - set(table.kept_from("explain")) - {"duration", "event"}) == 10
    assert table.kept_from("predict") == {}


def drafted(tmp_path, header: str, row) -> str:
    path = tmp_path / "people.csv"
    path.write_text(header + "\n" + "\n".join(row(i) for i in range(400)) + "\n")
    return path


def test_uses_are_guessed_by_names_and_marked(tmp_path):
    path = drafted(
        tmp_path,
        "customer_id,tenure_months,churned,religion,zip_code,churn_score,FN,FP,plan",
        lambda i: (
            f"c{i},{i % 40},{'yes' if i % 4 == 0 else 'no'},{'abc'[i % 3]},{10000 + i % 30},{i % 97}.5,{i % 50}.25,{i % 60}.5,{'xy'[i % 2]}"
        ),
    )
    text = draft(path)
    for line in (
        "religion: {from: religion, type: category, use: protected}  # guess",
        "use: proxy}",
        "use: suspect}",
        "fn: {from: FN, type: number, use: cost_missed}",
        "fp: {from: FP, type: number, use: cost_contacted}",
    ):
        assert line in text, text
    assert "plan: {from: plan, type: category}\n" in text


def test_columns_of_a_trial_are_guessed_as_before_and_outcome(tmp_path):
    path = drafted(
        tmp_path, "history,segment,visit,spend", lambda i: f"{i}.5,{('No E-Mail', 'Mail')[i % 2]},{i % 2},{i % 9}.5"
    )
    text = draft(path)
    assert "history: {from: history, type: number, use: before}  # guess" in text
    assert "visit: {from: visit, type: boolean, use: outcome}" in text


def test_how_arms_were_dealt_is_asked_and_nothing_waits_for_it(tmp_path):
    path = drafted(tmp_path, "history,segment,visit", lambda i: f"{i}.5,{('No E-Mail', 'Mail')[i % 2]},{i % 2}")
    made = drafts(path)
    assert "question:" not in made.text
    assert "How were the arms dealt?" in " ".join(conversation.summary(made))
    answers = iter(["1"])
    settled = conversation.answer(made, lambda prompt: next(answers, ""), lambda line: None)
    assert "design: {people: {assignment: randomised, control: No E-Mail}}" in settled.text


def test_whether_models_may_go_by_sex_is_asked_and_nothing_waits_for_it(tmp_path):
    path = drafted(tmp_path, "customer_id,gender,region", lambda i: f"c{i},{'fm'[i % 2]},{'NS'[i % 2]}")
    made = drafts(path)
    assert "question:" not in made.text
    assert "segments: [gender, region]" in made.text
    assert "to consider (nothing waits for it):" in conversation.summary(made)
    answers = iter(["1"])
    settled = conversation.answer(made, lambda prompt: next(answers), lambda line: None)
    assert "gender: {from: gender, use: protected, type: category}" in settled.text
    assert "segments: [region]" in settled.text


def test_expectations_and_needs_are_no_drivers(tmp_path):
    path = drafted(
        tmp_path,
        "overall_satisfaction,service_quality,service_expectations,service_importance",
        lambda i: f"{1 + i % 5},{1 + i % 5},{1 + (i * 7) % 5},{1 + (i * 3) % 5}",
    )
    text = draft(path)
    roles = {
        line.split(":")[0].strip(): line.split("role: ")[1].split(",")[0].split("}")[0]
        for line in text.splitlines()
        if "role: " in line
    }
    assert roles == {
        "overall_satisfaction": "outcome",
        "service_quality": "driver",
        "service_expectations": "expectation",
        "service_importance": "need",
    }
