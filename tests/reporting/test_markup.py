import pytest

from workbench.reporting.markup import clean, is_bare, prose

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<img src="https://example.org/track.png">',
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='  JaVa\nScript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='https://example.org'></iframe>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<form action='https://example.org'><input name=a></form>",
    "<style>@import 'https://example.org/x.css'</style>",
    "<link rel=stylesheet href='https://example.org/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<base href='https://example.org'>",
    "<p style='background:url(https://example.org/x)' onclick=alert(1) id=main class=banner>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<details open ontoggle=alert(1)>x</details>",
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
]
LIVE = [
    "<script",
    "onerror",
    "onload",
    "onclick",
    "ontoggle",
    "javascript:",
    "example.org",
    "<iframe",
    "<form",
    "<svg",
    "<style",
    "style=",
    "id=",
    'class="banner',
    "data:text",
    "<meta",
    "<base",
    "<link",
]


@pytest.mark.parametrize("source", HOSTILE)
@pytest.mark.parametrize("through", [clean, prose])
def test_nothing_live_is_left(through, source):
    html = through(source).casefold()
    assert not [word for word in LIVE if word in html.replace("&lt;", "<")]


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "![x](https://example.org/x.png)",
        "![x](attachment:gone.png)",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
    ],
)
def test_links_and_images_of_markdown_are_as_harmless(source):
    html = prose(source)
    assert 'href="javascript' not in html
    assert "<img" not in html


def test_prose_keeps_what_narrative_needs():
    html = prose("Some *words*, a [link](https://example.org), `code`:\n\n- one\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n")
    for piece in (
        "<em>words</em>",
        '<a href="https://example.org">link</a>',
        "<code>code</code>",
        "<li>",
        "<th>a</th>",
        "<td>1</td>",
    ):
        assert piece in html
    assert 'class="scroll" tabindex="0"' in html


def test_money_is_no_formula_and_braces_are_no_template():
    assert "from $5 to $10 and {{ 7 * 7 }}" in prose("from $5 to $10 and {{ 7 * 7 }}")


def test_underlined_headings_do_not_disturb_the_outline():
    assert prose("Title\n=====\n\nText.").startswith("<p><strong>Title</strong></p>")


def test_images_that_the_cell_carries_are_kept():
    assert '<img alt="a dot" src="data:image/png;base64,aGk=">' in clean(
        '<img src="data:image/png;base64,aGk=" alt="a dot">'
    )


def test_an_output_of_script_alone_is_bare():
    assert is_bare(clean("<div id='vis'></div><script>draw()</script>"))
    assert not is_bare(clean("<table><tr><td>1</td></tr></table>"))
