"""A notebook is a study by what stands in it: read, never run."""

import pytest

from tests.benches import code
from workbench.errors import StudyError
from workbench.studies.definition.notebook import find_study, read_study

FULL = """dataset: str = "telco"  # data to study
horizons: Annotated[list[float], MinLen(1)] = [12, 24]  # [months] how far to look
since: date | None = date(2024, 1, 1)  # first day
seed: int = 1"""
IMPORTS = """from datetime import date
from typing import Annotated
from annotated_types import MinLen
import workbench"""


def test_a_study_is_read_from_its_notebook_alone(bench):
    reads = "run = workbench.start_run()\nlives = run.table('lifetimes')\nother.table('x')"
    magic = "%matplotlib inline\nrun.table('surveys')"
    path = bench.study("churn", reads, magic, parameters=FULL, imports=IMPORTS)
    study = read_study(path)
    assert (study.name, study.title, study.question) == ("churn", "Churn", "What does churn do?")
    assert study.tables == ("lifetimes", "surveys")
    horizons = study.parameters["horizons"]
    assert (horizons.unit, horizons.help, horizons.default) == ("months", "how far to look", [12, 24])
    assert list(study.parameters) == ["dataset", "horizons", "since", "seed"]


def test_reading_runs_nothing(bench, tmp_path):
    mark = tmp_path / "ran"
    path = bench.study(
        "spy", f"open({str(mark)!r}, 'w')", parameters=f"seed: int = 1\nx: int = open({str(mark)!r}, 'w')"
    )
    with pytest.raises(StudyError, match="parameter x"):
        read_study(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("seed = 1", "only annotated assignments"),
        ("seed: int", "only annotated assignments"),
        ("seed: int = 1\nimport os", "only annotated assignments"),
        ("seed: str = 'a'", "expected int"),
        ("x: int = 1", "needs `seed"),
        ("seed: int = 1\nx: date = date(2024, 1, 1)", "import"),
        ("seed: int = 1\nx: list = []", "type of its items"),
        ("seed: int = 1\nx: set[int] = 1", "vocabulary"),
        ("seed: int = 1\nseed: int = 2", "twice"),
        ("seed: int = (", "not Python"),
        ("seed: int = 1 + 1", "no plain value"),
        ("seed: Annotated[float, Gt(0)] = 1.0", "expected int"),
    ],
)
def test_a_parameters_cell_that_breaks_the_contract_is_named(bench, parameters, said):
    with pytest.raises(StudyError, match=said):
        read_study(bench.study("bad", "1", parameters=parameters))


def test_all_faults_of_a_notebook_are_named_at_once(bench):
    path = bench.study("bad", "run = workbench.start_run()\nrun.table(name)", "x = (", code("y: int = 1", "parameters"))
    with pytest.raises(StudyError) as error:
        read_study(path)
    assert len(error.value.faults) == 3
    assert all(fault.startswith("bad.ipynb: ") for fault in error.value.faults)


def test_one_fault_is_not_told_as_two(bench):
    with pytest.raises(StudyError) as error:
        read_study(bench.study("bad", "1", parameters="seed: int = 1 + 1"))
    assert len(error.value.faults) == 1


def test_bounds_on_the_seed_are_welcome(bench):
    imports = "from typing import Annotated\nfrom annotated_types import Ge"
    study = read_study(bench.study("good", "1", parameters="seed: Annotated[int, Ge(0)] = 1", imports=imports))
    assert study.parameters["seed"].default == 1


def test_a_default_has_to_fit_its_own_type(bench):
    study = read_study(bench.study("bad", "1", parameters="seed: int = 1\nx: float = 'a'\ny: bool = 1"))
    with pytest.raises(StudyError) as error:
        study.checked()
    assert len(error.value.faults) == 2


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": 1}', '{"cells": [{"cell_type": "code"}]}', "\x00\xff"])
def test_a_file_that_is_no_notebook_is_named(bench, content):
    path = bench.root / "notebooks" / "odd.ipynb"
    path.write_text(content)
    with pytest.raises(StudyError, match=r"odd\.ipynb"):
        read_study(path)


@pytest.mark.parametrize(
    "name", ["../secret", "..%2fsecret", "/etc/passwd", "a/b", "", ".hidden", "small.ipynb", "a\nb", "x" * 999]
)
def test_a_name_that_is_no_study_is_refused(bench, name):
    bench.study("small", "1")
    (bench.root / "secret.ipynb").write_text("{}")
    with pytest.raises(StudyError, match="unknown study") as error:
        find_study(bench.root / "notebooks", name)
    assert "\n" not in str(error.value)


def test_a_near_miss_is_suggested(bench):
    bench.study("churn_survival", "1")
    with pytest.raises(StudyError, match="did you mean 'churn_survival'"):
        find_study(bench.root / "notebooks", "churn_survial")


def test_a_link_out_of_the_project_is_refused(bench, tmp_path):
    bench.study("small", "1").rename(tmp_path / "outside.ipynb")
    (bench.root / "notebooks" / "linked.ipynb").symlink_to(tmp_path / "outside.ipynb")
    with pytest.raises(StudyError, match="link"):
        find_study(bench.root / "notebooks", "linked")


CHOOSES = """dataset: str = "telco"  # data to study
source: Literal["lifetimes", "subscriptions"] | None = None  # what to read
seed: int = 1"""


def test_tables_that_may_be_there_and_tables_of_which_one_is_read(bench):
    reads = (
        "run = workbench.start_run()\n"
        "name, rows = run.one_of('lifetimes', 'subscriptions', choice=source)\n"
        "more = run.table('customers', optional=True)\n"
        "needed = run.table('surveys')"
    )
    path = bench.study("churn", reads, parameters=CHOOSES, imports="from typing import Literal\nimport workbench")
    study = read_study(path)
    assert (study.tables, study.optional) == (("surveys",), ("customers",))
    assert study.choice.tables == ("lifetimes", "subscriptions")
    there = ["customers", "subscriptions", "lifetimes"]
    assert study.choice.settle(None, there) == "lifetimes"
    assert study.choice.settle("subscriptions", there) == "subscriptions"
    assert study.choice.settle("lifetimes", ["subscriptions"]) is None
    assert study.choice.settle(None, ["surveys"]) is None


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("run.table('customers', optional=may)", "plain string"),
        ("run.one_of('lifetimes', 'surveys')", "choice=source"),
        ("run.one_of(name, choice=source)", "plain strings"),
        ("run.one_of('lifetimes', choice=else_where)", "does not declare"),
    ],
)
def test_tables_are_named_in_plain_sight(bench, call, fault):
    path = bench.study(
        "churn",
        f"run = workbench.start_run()\n{call}",
        parameters=CHOOSES,
        imports="from typing import Literal\nimport workbench",
    )
    with pytest.raises(StudyError, match=fault):
        read_study(path)


def test_a_dataset_without_any_of_the_tables_is_refused_before_anything_runs(bench):
    reads = "run = workbench.start_run()\nname, rows = run.one_of('lifetimes', 'subscriptions', choice=source)"
    bench.study("churn", reads, parameters=CHOOSES, imports="from typing import Literal\nimport workbench")
    folder = bench.root / "data" / "asked"
    folder.mkdir()
    (folder / "rows.csv").write_text("a\n1\n")
    (folder / "dataset.yaml").write_text(
        "title: x\nsource: x\nlicence: none\ntables:\n  surveys:\n    file: rows.csv\n    columns: {a: }\n"
    )
    refused = bench.run("run", "churn", "--dataset", "asked")
    assert refused.returncode == 2
    assert "needs one of the tables lifetimes or subscriptions; dataset 'asked' has surveys" in refused.stderr
