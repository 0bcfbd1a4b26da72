import pytest

from workbench.reporting.documents import is_number, text_of
from workbench.reporting.phrases import interval, moment, slug


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), [1]])
def test_what_is_no_finite_number_is_none(value):
    assert not is_number(value)


@pytest.mark.parametrize("ends", [None, "33", [1], [1, 2, 3], [None, None], ["a", "b"], 5])
def test_an_interval_without_ends_is_not_shown(ends):
    assert interval(ends) == ""


def test_times_are_told_in_utc():
    assert moment("2026-11-21T23:30:00-02:00") == ("22 Nov 2026", "01:30 UTC")


def test_a_time_that_is_none_is_shown_as_it_is():
    assert moment("yesterday") == ("yesterday", "")
    assert moment(7) == ("", "")


def test_an_anchor_has_no_character_that_a_link_would_need_to_quote():
    assert slug("a/b?c#d%e \"f'<g>") == "a-b-c-d-e-f-g"
    assert len(slug("x" * 1000)) <= 80


def test_a_field_that_is_no_text_becomes_one():
    assert text_of({"a": ["ü"]}, "a") == '["ü"]'
    assert text_of({"a": None}, "a", "none") == "none"
