"""What a terminal shows of hostile text."""

import io

import pytest

from workbench.terminal import VisibleStream, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\tand\nplain", "plain\tand\nplain"),
        ("漢字 é 🙂", "漢字 é 🙂"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\rb", "a␍b"),
        ("\u202eevil\u2066", "⟨202E⟩evil⟨2066⟩"),
        ("\x9b31m\u200b\u2028", "⟨009B⟩31m⟨200B⟩⟨2028⟩"),
    ],
)
def test_what_is_obeyed_or_hidden_is_shown_as_a_mark(text, shown):
    assert visible(text) == shown
    stream = VisibleStream(io.StringIO())
    print(text, file=stream)
    assert stream.getvalue() == shown + "\n"


def test_one_line_is_one_line():
    assert one_line("a\nb\r\nc\t d\x1b[K") == "a b c  d␛[K"
