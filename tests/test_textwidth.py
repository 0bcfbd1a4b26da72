"""Text fits the place that it is given, whatever its script."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.textwidth import cells, shorten, wrap

TEXTS = st.text(st.sampled_from("ab cd é 企业套餐，。🙂ا-"), max_size=60)


@given(TEXTS, st.integers(4, 30))
def test_no_line_is_wider_than_asked_and_nothing_is_lost(text, width):
    lines = wrap(text, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(TEXTS, st.integers(4, 30), st.integers(1, 3))
def test_fewer_lines_end_with_an_ellipsis_where_something_is_left_out(text, width, most):
    whole, lines = wrap(text, width), wrap(text, width, most)
    assert len(lines) <= most
    assert all(cells(line) <= width for line in lines)
    assert (lines == whole) or lines[-1].endswith("…")


@given(TEXTS, st.integers(4, 30))
def test_a_shortened_text_keeps_half_of_its_place(text, width):
    short = shorten(text, width)
    assert cells(short) <= width
    whole = " ".join(text.split())
    assert short == whole or (short.endswith("…") and cells(short) >= width / 2)


def test_a_name_without_blanks_is_cut_by_characters():
    assert shorten("企业旗舰版年付套餐含国际漫游", 18) == "企业旗舰版年付套…"
    assert shorten("Donaudampfschifffahrtsgesellschaft", 18) == "Donaudampfschifff…"
    assert wrap("企业旗舰版年付套餐含国际漫游", 16, 2) == ["企业旗舰版年付套", "餐含国际漫游"]
