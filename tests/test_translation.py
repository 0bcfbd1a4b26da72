"""What people read can be put into another language: whole sentences, written out where they are used."""

import io
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from workbench import wording
from workbench.messages import all_messages, in_python, template_of


@pytest.fixture
def language(monkeypatch):
    def choose(code):
        monkeypatch.setenv(wording.LANGUAGE_VARIABLE, code)

    return choose


def messages_of(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    return [(message.place, message.forms) for message in in_python(tmp_path / "module.py", tmp_path)]


def test_every_template_is_written_out_where_it_is_used():
    unwritten = [message.place for message in all_messages(ROOT / "notebooks") if not message.forms]
    assert not unwritten, "write the whole sentence in the call (or two, chosen by if/else): its text is its key"


def test_the_catalogue_knows_what_is_written_out(tmp_path):
    source = """
def told(many, who):
    template = "{who} left." if many else "{who} stayed."
    other = who
    sentence("Plain."); sentence(template, who=who); sentence("A" if many else "B"); sentence(other); sentence(f"{who}")
    plural("{n} row", "{n} rows", 3)
    def inner():
        other = "Inner."
        return wording.sentence(other)
for word in ("a", "b"):
    sentence(word)
"""
    forms = [forms for _, forms in messages_of(source, tmp_path)]
    assert sorted(forms) == sorted(
        [
            ("Plain.",),
            ("{who} left.",),
            ("{who} stayed.",),
            ("A",),
            ("B",),
            (),
            (),
            ("{n} row", "{n} rows"),
            ("Inner.",),
            (),
        ]
    )


def test_places_say_where(tmp_path):
    assert messages_of('\nsentence("Here.")\n', tmp_path) == [("module.py:2", ("Here.",))]


@given(st.floats(-1e12, 1e12))
def test_english_numbers_are_those_of_babel(value):
    text = wording.number(value)
    if "×" not in text:
        assert text == format_decimal(float(text.replace(",", "")), format="#,##0.##############", locale="en")


@given(st.lists(st.sampled_from(["plan", "region", "price"]), max_size=4))
def test_english_lists_are_those_of_babel(items):
    assert wording.listing(items) == format_list(items, locale="en_GB")
    assert wording.listing(items, "or") == format_list(items, style="or", locale="en_GB")


def test_numbers_dates_lists_and_spans_follow_the_language(language):
    language("de")
    assert wording.number(12345.6) == "12.346"
    assert wording.number(0.56689) == "0,567"
    assert wording.percent(0.8432) == "84,3\xa0%"
    assert wording.listing(["a", "b", "c"]) == "a, b und c"
    assert wording.span(35.04, "months") == "35 Monate"
    assert wording.span(1, "years") == "1 Jahr"
    assert wording.units("months") == "Monate"
    assert wording.span(2.25, "visits") == "2,25 visits"
    assert wording.day(date(2026, 11, 21)) == "21.11.2026"
    language("zh-CN")
    assert wording.listing(["a", "b"], "or") == "a或b"
    assert wording.span(2.5, "months") == "2.5个月"


def test_a_code_that_is_no_language_is_english(language):
    language("../../etc")
    assert wording.language() == "en"
    assert wording.number(0.5) == "0.5"


def test_english_answers_do_not_wait_for_babel():
    code = (
        "import sys; from datetime import date; from workbench import wording as w; import workbench.cli; "
        "w.sentence('a'), w.number(1.5), w.percent(0.1), w.listing('ab'), w.span(2, 'days'), w.day(date(2026, 1, 1)); "
        "sys.exit('babel' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": str(Path(wording.__file__).parents[1])}
        ).returncode
        == 0
    )


def test_translators_get_every_message_with_its_place():
    found = read_po(io.StringIO(template_of(all_messages(ROOT / "notebooks"))))
    assert found["Can be relied on"].locations[0][0] == "reporting/phrases.py"
    assert found[("{n} check passed", "{n} checks passed")].pluralizable
    assert len(found) > 1000
