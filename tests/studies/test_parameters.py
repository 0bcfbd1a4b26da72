"""Values from text and files fit the declared type, or are refused with every fault."""

import ast
import json
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import ParameterError
from workbench.studies.definition.parameter_file import read_parameter_file
from workbench.studies.definition.parameters import Parameter, annotation_type, coerce, python_literal
from workbench.studies.plan import _choosable


def parameter(annotation, default=None, name="x"):
    return Parameter(name, annotation, annotation_type(ast.parse(annotation, mode="eval").body), default)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        ("str", "007", "007"),
        ("str", "true", "true"),
        ("str", "null", "null"),
        ("str", "", ""),
        ("str", "new\nline'\"{}\\ \u202e漢", "new\nline'\"{}\\ \u202e漢"),
        ("str | None", "null", None),
        ("Literal['a', 'null']", "null", "null"),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date | None", "null", None),
        ("datetime", "2024-02-29T12:30:00", datetime(2024, 2, 29, 12, 30)),
        ("bool", "true", True),
        ("int", "12", 12),
        ("float", "12", 12.0),
        ("float | None", "null", None),
        ("Annotated[float, Gt(0), Lt(1)]", "0.5", 0.5),
        ("list[int]", "[12, 24]", [12, 24]),
        ("list[str] | None", "null", None),
        ("list[str] | None", '["a"]', ["a"]),
        ("dict[str, list[float]]", '{"a": [1, 2.5]}', {"a": [1.0, 2.5]}),
        ("tuple[int, str]", '[1, "a"]', (1, "a")),
        ("list[Literal['a', 'b']]", '["b"]', ["b"]),
        ("list[date]", '["2024-01-01"]', [date(2024, 1, 1)]),
    ],
)
def test_the_declared_type_decides_what_a_text_means(annotation, text, value):
    got = parameter(annotation).from_text(text)
    assert (got, type(got)) == (value, type(value))


DEFAULTS = {"bool": True, "list[int]": [1], "list[str]": ["a"]}


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        ("int", "true"),
        ("int", "1.5"),
        ("int", "007"),
        ("int", "null"),
        ("bool", "1"),
        ("bool", "yes"),
        ("float", "NaN"),
        ("float", "1e999"),
        ("float", "twelve"),
        ("date", "29.02.2024"),
        ("date", "0"),
        ("date", "1704067200"),
        ("datetime", "1704067200.5"),
        ("date", "2024-02-30"),
        ("list[int]", "[1, 2"),
        ("list[int]", "12"),
        ("list[int]", "[true]"),
        ("Literal['a', 'b']", "c"),
        ("Annotated[float, Gt(0)]", "0"),
        ("Annotated[list[int], MinLen(1)]", "[]"),
        ("list[str]", "__import__('os').system('true')"),
    ],
)
def test_what_does_not_fit_is_refused_and_said(annotation, text):
    with pytest.raises(ParameterError) as error:
        parameter(annotation, default=DEFAULTS.get(annotation, 1)).from_text(text)
    (fault,) = error.value.faults
    assert fault.startswith("parameter x")
    assert "got" in fault
    assert "expected" in fault


@pytest.mark.parametrize(
    ("annotation", "text", "meant"),
    [
        ("Annotated[list[Annotated[float, Gt(0)]], MinLen(1)] | None", "12,24", "-p 'x=[12,24]'"),
        ("list[float]", "[12 24", "-p 'x=[12,24]'"),
        ("list[float] | None", "12", "-p 'x=[12]'"),
        ("list[float] | None", "None", "-p x=null"),
        ("Annotated[float, Gt(0.5), Lt(1)]", "95", "-p x=0.95"),
        ("Annotated[float, Gt(0.5), Lt(1)]", "0,95", "-p x=0.95"),
        ("Annotated[float, Gt(0.5), Lt(1)]", "95%", "-p x=0.95"),
        ("Annotated[float, Ge(1), Lt(100)]", "0.6", "-p x=60"),
        ("int", "1,000", "-p x=1000"),
        ("bool", "True", "-p x=true"),
        ("list[str] | None", "contract", "-p 'x=[\"contract\"]'"),
        ("list[str] | None", "['contract', 'plan']", '-p \'x=["contract","plan"]\''),
        ("date | None", "30.06.2025", "-p x=2025-06-30"),
        ("date | None", "03/04/2025", None),  # two days fit
        ("Literal['linear', 'monotone']", "Linear", "-p x=linear"),
        ("dict[str, list[float]]", "{csat: 1}", "-p 'x={\"csat\":[1]}'"),
        ("Annotated[float, Gt(0), Lt(1)]", "-3", None),
        ("int", "1e400", None),
    ],
)
def test_a_refusal_shows_the_words_that_were_probably_meant(annotation, text, meant):
    with pytest.raises(ParameterError) as error:
        parameter(annotation).from_text(text)
    (fault,) = error.value.faults
    assert fault.endswith(f"; did you mean {meant}?") if meant else "did you mean" not in fault


def test_every_fault_is_named_at_once_with_near_misses():
    known = {p.name: p for p in (parameter("list[int]", [1], "horizon_months"), parameter("int", 1, "seed"))}
    texts = ["horizn_months=[1]", "seed=a", "seed", "seed=2", "quite_else=1"]
    values, faults = coerce("s", known, texts, {"horizon_months": [1, "b", 2.5]})
    text = "\n".join(faults)
    assert values == {}
    assert "unknown parameter 'horizn_months'; did you mean 'horizon_months'?" in text
    assert "`workbench describe s` lists them" in text
    assert "given twice" in text
    assert "expected name=value" in text
    assert "horizon_months[1]" in text
    assert "horizon_months[2]" in text
    assert "parameter seed: got 'a'" in text


def test_text_wins_over_the_file_and_order_is_that_of_the_cell():
    known = {name: parameter("int", 1, name) for name in ("a", "b")}
    values, faults = coerce("s", known, ["b=3"], {"b": 2, "a": 1})
    assert list(values.items()) == [("a", 1), ("b", 3)]
    assert faults == []


@pytest.mark.parametrize(
    "name", ["a\nimport os", "__import__('os')", "x" * 10_000, "<script>alert(1)</script>", "{x}", "ünï"]
)
def test_a_hostile_name_is_refused_on_one_short_line(name):
    _, (fault,) = coerce("s", {"seed": parameter("int", 1, "seed")}, [f"{name}=1"])
    assert "\n" not in fault
    assert len(fault) < 300


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ParameterError):
        parameter("str").from_text("\udc80")


@pytest.mark.parametrize(
    "annotation", ["int | str", "list", "set[int]", "os.PathLike", "list[Any]", "Annotated[int, print(1)]", "float()"]
)
def test_a_type_outside_the_vocabulary_is_refused(annotation):
    with pytest.raises(ValueError, match=r".+"):
        annotation_type(ast.parse(annotation, mode="eval").body)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(values)
def test_source_of_a_value_gives_the_value_back(value):
    assert eval(python_literal(value), {"date": date, "datetime": datetime}) == value


@given(st.datetimes())
def test_source_of_a_datetime_gives_it_back(value):
    assert eval(python_literal(value), {"datetime": datetime}) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, [b"bytes"]])
def test_anything_else_has_no_source(value):
    with pytest.raises(ParameterError):
        python_literal(value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_json_and_back(text):
    each = parameter("str")
    assert each.from_data(json.loads(json.dumps(each.to_data(each.from_text(text))))) == text


def test_a_yaml_file_is_read_as_plain_data(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("day: 2024-02-29\nanswer: no\nsmall: 1.5\nitems: [1, two]\nnothing: null\nyes: true\n")
    assert read_parameter_file(path) == {
        "day": "2024-02-29",
        "answer": "no",
        "small": 1.5,
        "items": [1, "two"],
        "nothing": None,
        "yes": True,
    }


@pytest.mark.parametrize(
    "content",
    ["- 1\n", "", "a: [1\n", "a: 1\na: 2\n", "!!python/object/apply:os.system ['true']", "1: 2\n", b"\xff\xfe\x00"],
)
def test_a_bad_parameter_file_is_one_clear_error(tmp_path, content):
    path = tmp_path / "p.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ParameterError, match="--params"):
        read_parameter_file(path)


def test_a_missing_parameter_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match="No such file"):
        read_parameter_file(tmp_path / "none.yaml")


def test_a_parameter_may_name_the_team_of_customers_which_is_an_attribute():
    names = ("customer_id", "first_seen", "team", "region")
    columns = [SimpleNamespace(name=name, personal=None, split=None) for name in names]
    source = SimpleNamespace(tables={"customers": SimpleNamespace(columns=columns)})
    assert _choosable(source, ["customers"]) == ["team", "region"]
