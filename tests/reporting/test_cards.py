import subprocess
import sys

import pytest

from workbench.reporting.cards import card

FINDING = {
    "id": "a",
    "statement": "Half leave",
    "estimate": 0.5,
    "unit": "share",
    "interval": [0.4, 0.6],
    "interval_kind": "90% credible",
    "evidence": "associational",
    "n": 1234,
    "table": None,
    "figure": None,
}


def test_a_finding_shows_sentence_number_interval_and_evidence():
    html = card({"kind": "finding", "finding": FINDING})
    for piece in ("Half leave", "50%", "40% to 60%", "90% credible", "Association", "n = 1,234"):
        assert piece in html


def test_checks_say_their_outcome_in_words():
    checks = [
        {"name": s, "status": s, "message": f"about {s}", "value": None, "threshold": None}
        for s in ("pass", "warn", "fail")
    ]
    html = card({"kind": "checks", "checks": checks})
    assert html.index("Passed:") < html.index("Warning:") < html.index("Failed:")


def test_a_table_shows_shares_as_percentages_and_how_much_is_left():
    columns = [
        {"name": "p", "label": "Plan", "unit": "", "numeric": False},
        {"name": "s", "label": "Left", "unit": "share", "numeric": True},
    ]
    html = card(
        {"kind": "table", "name": "t", "caption": "By plan", "columns": columns, "rows": [["A", 0.1234]], "n_rows": 900}
    )
    assert "12.3%" in html
    assert "The first 1 of 900 rows." in html


def test_a_figure_brings_its_image():
    payload = {"kind": "figure", "name": "f", "title": "T", "alt": "What it shows", "caption": ""}
    html = card(payload, svg='<svg width="10pt" xmlns="http://www.w3.org/2000/svg"></svg>')
    assert 'src="data:image/svg+xml,' in html
    assert 'alt="What it shows"' in html


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}{% raw %}", "</div>" * 3]
)
def test_everything_is_escaped(text):
    from markupsafe import escape

    column = {"name": text, "label": text, "unit": text, "numeric": False}
    for payload in (
        {
            "kind": "finding",
            "finding": FINDING | {"statement": text, "unit": text, "interval_kind": text, "evidence": text},
        },
        {"kind": "metrics", "metrics": {text: 1}},
        {"kind": "checks", "checks": [{"name": text, "status": text, "message": text}]},
        {"kind": "figure", "name": text, "title": text, "alt": text, "caption": text},
        {"kind": "table", "name": text, "caption": text, "columns": [column], "rows": [[text]], "n_rows": 1},
    ):
        html = card(payload)
        assert str(escape(text)) in html
        assert text not in html or text == str(escape(text))


@pytest.mark.parametrize(
    "payload",
    [{}, {"kind": "finding"}, {"kind": "table", "columns": 3, "rows": []}, {"kind": "metrics", "metrics": []}],
)
def test_a_payload_of_no_known_shape_is_refused(payload):
    with pytest.raises(ValueError, match="expected a finding, metrics, checks, figure, table or lines"):
        card(payload)


def test_importing_cards_loads_nothing_heavy():
    program = "import sys, workbench.reporting.cards; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    assert not loaded & {
        "pandas",
        "numpy",
        "matplotlib",
        "nbconvert",
        "nbformat",
        "bleach",
        "bs4",
        "pygments",
        "mistune",
    }


def test_metrics_are_a_small_table():
    html = card({"kind": "metrics", "metrics": {"customers": 7043, "median": 35.04}})
    assert html.count("<tr>") == 2
    assert "7,043" in html


def test_tables_are_never_broken_inside_a_word_or_number():
    columns = [{"name": "n", "label": "Customers", "unit": "", "numeric": True}]
    html = card({"kind": "table", "name": "t", "caption": "", "columns": columns, "rows": [[7043]], "n_rows": 1})
    assert "table-layout:auto" in html
    assert "overflow-wrap:normal" in html
    assert "white-space:nowrap" in html


def test_lines_to_paste_stand_as_they_are_and_escaped():
    text = "  treatments:\n    file: <a>.csv\n"
    made = card({"kind": "lines", "name": "treatments", "caption": "For dataset.yaml.", "text": text})
    assert "For dataset.yaml." in made
    assert "  treatments:\n    file: &lt;a&gt;.csv\n" in made
