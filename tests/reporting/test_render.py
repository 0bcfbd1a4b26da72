import base64
import copy
import hashlib
import itertools
import re
import subprocess
import sys

import pytest
from tests.reporting.pages import Page

from workbench.findings import MIME
from workbench.reporting.render import render, write_report


def test_the_same_folder_gives_the_same_bytes_wherever_it_lies(run, folder, tmp_path, monkeypatch):
    first = render(run.write(folder))
    monkeypatch.chdir(tmp_path)
    assert render(run.write(tmp_path / "elsewhere" / folder.name)) == first
    assert str(tmp_path) not in first


def test_writing_a_report_leaves_nothing_else(run, folder):
    run.write(folder)
    before = {path.name for path in folder.iterdir()}
    assert write_report(folder).read_text(encoding="utf-8") == render(folder)
    assert {path.name for path in folder.iterdir()} == before | {"report.html"}


def test_every_figure_stands_exactly_once_with_its_own_alternative_text(run, folder):
    html = render(run.write(folder))
    images = Page(html).all("img")
    # The headline's stands once more on the sheet for a board, which paper alone shows.
    assert (len({image["src"] for image in images}), len(images)) == (3, 4)
    start = html.index('<section class="board"')
    assert html[start : html.index("</section>", start)].count("<img") == 1
    assert all("described in words" in image["alt"] for image in images)


def test_a_finding_is_told_once_and_streams_are_none(run, folder):
    html = render(run.write(folder))
    assert len(re.findall(r'<article class="finding', html)) == 3
    assert html.index('id="findings"') < html.index('id="details"') < html.index("FutureWarning")
    assert "\x1b" not in html


def test_the_order_is_answer_evidence_trust_data_limits_repeat(run, folder):
    html = render(run.write(folder))
    ids = ["findings", "details", "trust", "data", "parameters", "limits", "reproduce"]
    places = [html.index(f'id="{name}"') for name in ids]
    assert places == sorted(places)


def test_headings_leave_no_level_out_and_ids_are_unique(run, folder):
    page = Page(render(run.write(folder)))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in page.all("a") if a.get("href", "").startswith("#")]
    assert set(targets) <= set(ids)


def test_links_lead_to_files_that_are_there(run, folder):
    hrefs = {a["href"] for a in Page(render(run.write(folder))).all("a")}
    files = {href for href in hrefs if not href.startswith(("#", "data:"))}
    assert {"notebook.ipynb", "results.json", "tables/by_contract.csv", "figures/survival.svg"} <= files
    assert all((folder / href).is_file() for href in files)


def test_only_our_script_and_our_style_may_run(run, folder):
    html = render(run.write(folder))
    page = Page(html)
    (policy,) = (m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_usual_report_is_small_and_a_trivial_one_smaller(run, folder, tmp_path):
    assert len(render(run.write(folder)).encode()) < 1_500_000
    run.cells, run.svgs = run.cells[:1], {}
    run.results |= {"findings": run.results["findings"][:1], "checks": []}
    assert len(render(run.write(tmp_path / "trivial")).encode()) < 120_000


def test_a_failed_run_is_marked_and_its_traceback_folded(run, folder):
    run.stop_at("model = fit_cox", "failed")
    html = render(run.write(folder))
    assert "This run FAILED at the step" in html
    assert "Said before the run stopped (incomplete)" in html
    assert html.index("<details") < html.index("Traceback (most recent call last)")
    assert "The run stopped here." in html


def test_an_empty_run_still_gives_a_page(run, folder):
    run.cells, run.svgs = [], {}
    run.results |= {"findings": [], "checks": [], "metrics": {}}
    run.manifest |= {
        "parameters": {},
        "data": None,
        "dataset": None,
        "fingerprint": None,
        "packages": {},
        "cells": [],
        "question": "",
    }
    text = Page(render(run.write(folder))).text
    assert "This study reported no finding." in text
    assert "This run made no checks of its own results." in text


def test_a_run_without_results_or_notebook_still_gives_a_page(run, folder):
    run.write(folder)
    (folder / "results.json").unlink()
    (folder / "notebook.ipynb").write_text('{"cells": [')
    assert "results.json) are missing or damaged" in Page(render(folder)).text


def test_a_template_in_the_working_directory_is_not_ours(run, folder, tmp_path, monkeypatch):
    for name in ("report.html.j2", "index.html.j2", "macros.html.j2"):
        (tmp_path / name).write_text("hijacked")
    monkeypatch.chdir(tmp_path)
    assert "hijacked" not in render(run.write(folder))


HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}{# #}",
    "]]>--><svg onload=alert(1)>",
    "\u202eright to left עברית عربي 漢字 😀 \x00\x1b\ud800",
    "unbreakable" * 60,
]


def poisoned(value, text: str):
    """Every text in a document replaced, names too, except those that say what kind of thing a thing is."""
    if isinstance(value, dict):
        return {
            key if key in STRUCTURE else f"{text} {key}": value[key] if key in FIXED else poisoned(value[key], text)
            for key in value
        }
    if isinstance(value, list):
        return [poisoned(item, text) for item in value]
    return text if isinstance(value, str) else value


FIXED = {"kind", "status", "numeric", "evidence", "started", "ended", "run_id", "study", "schema"}
STRUCTURE = {
    "kind",
    "finding",
    "metrics",
    "checks",
    "name",
    "title",
    "alt",
    "caption",
    "columns",
    "rows",
    "n_rows",
    "label",
    "unit",
    "numeric",
    "id",
    "statement",
    "estimate",
    "interval",
    "interval_kind",
    "evidence",
    "n",
    "table",
    "figure",
    "message",
    "value",
    "threshold",
    "status",
    "schema",
    "run_id",
    "study",
    "question",
    "exit_code",
    "verdict",
    "reason",
    "failed_cell",
    "parameters",
    "parameter_help",
    "dataset",
    "fingerprint",
    "data",
    "seed",
    "git_commit",
    "git_dirty",
    "lock_hash",
    "python",
    "packages",
    "started",
    "ended",
    "seconds",
    "cells",
    "headline",
    "key_metric",
    "index",
    "heading",
    "help",
    "default",
    "description",
    "source",
    "licence",
    "fictional",
    "tables",
    "missing",
    "first",
    "last",
    "findings",
}


def poison(run, text: str) -> None:
    run.manifest = poisoned(run.manifest, text)
    run.results = poisoned(run.results, text)
    for cell in run.cells:
        cell["source"] = (
            f"## {text}\n\n{text}\n\n{cell['source']}"
            if cell["cell_type"] == "markdown"
            else f"{text}\n{cell['source']}"
        )
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = text
            for mime in output.get("data", {}):
                if mime.endswith("+json"):
                    output["data"][mime] = poisoned(output["data"][mime], text)
    run.cell(f"{text}\nrun = workbench").setdefault("outputs", []).extend(
        {"output_type": "display_data", "metadata": {}, "data": copy.deepcopy(data)}
        for data in (
            {"text/html": f"<p title='{text}'>{text}</p>"},
            {"text/plain": text},
            {"text/markdown": f"{text}\n\n[x](javascript:alert(1))"},
            {"text/html": "<script>alert(1)</script>"},
            {"application/javascript": "alert(1)"},
            {f"application/{text}": text},
            {
                "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script><text>{text}</text></svg>"
            },
            {"image/png": text},
        )
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_text_from_data_is_never_markup(run, folder, text, status):
    clean = {tag for tag, _ in Page(render(run.write(folder))).tags}
    if status == "failed":
        run.stop_at("model = fit_cox", "failed")
    poison(run, text)
    run.write(folder)
    html = render(folder)
    html.encode("utf-8")
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= clean | {"pre", "br"}
    assert len(page.all("script")) == 1
    attributes = {name for _, attributes in page.tags for name in attributes}
    assert not [name for name in attributes if name.startswith("on")]
    assert not [
        a
        for a in page.all("a")
        if re.match(r"\s*(javascript|vbscript|data:(?!text/csv))", a.get("href", ""), re.IGNORECASE)
    ]
    assert "49" not in Page(html.partition("</h1>")[0].partition("<h1")[2]).text
    if text == HOSTILE[0]:
        assert '<h1 dir="auto">&lt;script&gt;alert(1)&lt;/script&gt;</h1>' in html


def test_importing_the_renderer_loads_no_data_library():
    program = "import sys, workbench.reporting.render; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    assert not loaded & {"pandas", "numpy", "matplotlib", "papermill", "pymc", "lifelines"}


def test_a_number_is_not_said_twice(run, folder):
    half, fibre, _ = run.results["findings"]
    half["statement"], fibre["statement"] = "Half leave within 35 months.", "They leave nearly twice as fast."
    findings = render(run.write(folder)).split('<article class="finding')[1:]
    assert "35 months</bdi>" not in findings[0]
    assert "33 to 37" in findings[0]
    assert "1.9 times</bdi>" in findings[1]


def test_a_figure_whose_numbers_its_finding_has_said_goes_without_title(run, folder):
    payload = run.cell("model = fit_cox")["outputs"][0]["data"][MIME]
    payload["title"] = "1.9 times the rate"
    assert "1.9 times the rate</figcaption>" not in render(run.write(folder))
    payload["title"] = "Rates by attribute"
    assert "Rates by attribute</figcaption>" in render(run.write(folder))
