import copy
import re
import time

import pytest
from tests.reporting.pages import Page

from workbench.reporting.index import index_page, rebuild_index


def manifest(run, **fields) -> dict:
    return copy.deepcopy(run.manifest) | fields


def test_the_newest_run_stands_on_top_whatever_its_study(run, tmp_path):
    runs = [
        manifest(
            run,
            run_id=f"202611{day:02}-100000-abcdef",
            started=f"2026-11-{day:02}T10:00:00+00:00",
            headline={"statement": f"said on {day}"},
        )
        for day in (3, 21, 10)
    ]
    other = {
        "run_id": "20261112-100000-abcdef",
        "study": "a_study",
        "title": "A study",
        "started": "2026-11-12T10:00:00+00:00",
    }
    runs.append(manifest(run, **other, headline={"statement": "another"}))
    page = Page(index_page(tmp_path, runs))
    order = [page.text.rindex(words) for words in ("said on 21", "another", "said on 10", "said on 3")]
    assert order == sorted(order)
    offered = [attributes["data-filter"] for tag, attributes in page.tags if tag == "button"]
    assert offered == ["churn_survival telco", "a_study telco"]


def test_a_run_says_verdict_dataset_metric_and_when(run, tmp_path):
    text = Page(index_page(tmp_path, [manifest(run)])).text
    for words in (
        "Can be used with care",
        "Half of month-to-month customers",
        "telco",
        "35 months",
        "21 Nov 2026",
        "22:45 UTC",
        "12 s",
    ):
        assert words in text


def test_a_run_that_failed_says_where(run, tmp_path):
    run.stop_at("model = fit_cox", "failed")
    text = Page(index_page(tmp_path, [run.manifest])).text
    assert "Failed" in text
    assert "At the step “Drivers of the hazard”: A step raised an error." in text
    assert "Half of month-to-month" not in text


def test_only_what_is_there_is_linked_and_links_are_relative_and_quoted(run, tmp_path):
    run.manifest["study"] = "50% of #1?"
    run.write(tmp_path / run.manifest["study"] / run.manifest["run_id"])
    page = Page(
        index_page(tmp_path, [run.manifest, manifest(run, run_id="gone"), manifest(run, study="..", run_id="x")])
    )
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes["href"] != "#main"]
    base = "50%25%20of%20%231%3F/20261121-224543-3f9a2c/"
    assert links == [base + "notebook.ipynb", base + "results.json"]


def test_a_bad_run_is_named_among_the_others(run, tmp_path):
    bad = {
        "run_id": "20261121-bad",
        "study": "churn_survival",
        "status": "unreadable",
        "reason": "manifest.json ends in the middle",
    }
    text = Page(index_page(tmp_path, [manifest(run), bad])).text
    assert "Cannot be read" in text
    assert "manifest.json ends in the middle" in text
    assert "2 runs" in text


@pytest.mark.parametrize(
    "foreign",
    [{}, {"run_id": 3, "study": [], "status": {}, "headline": 7, "failed_cell": [], "started": 5, "seconds": "x"}],
)
def test_a_foreign_manifest_does_not_stop_the_index(run, tmp_path, foreign):
    text = Page(index_page(tmp_path, [foreign, manifest(run)])).text
    assert "Status unknown" in text
    assert "Half of month-to-month customers" in text


def test_no_run_at_all_says_how_to_make_one(tmp_path):
    assert "There is no run yet." in Page(index_page(tmp_path, [])).text


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "\ud800\x00"]
)
def test_text_from_manifests_is_never_markup(run, tmp_path, text):
    clean = {tag for tag, _ in Page(index_page(tmp_path, [run.manifest])).tags}
    hostile = {
        key: text if isinstance(value, str) and key != "started" else value for key, value in run.manifest.items()
    }
    hostile |= {
        "headline": {"statement": text},
        "key_metric": {"name": text, "value": 1},
        "failed_cell": {"heading": text},
    }
    html = index_page(tmp_path, [hostile, hostile | {"status": "succeeded"}])
    html.encode("utf-8")
    assert {tag for tag, _ in Page(html).tags} <= clean
    assert len(re.findall("<script", html)) == 1


def test_rebuilding_replaces_the_index_and_leaves_nothing_else(run, tmp_path):
    rebuild_index(tmp_path, [])
    rebuild_index(tmp_path, [run.manifest])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert "Half of month-to-month" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_thousand_runs_are_quick_and_small(run, tmp_path):
    runs = [manifest(run, run_id=f"r{n}") for n in range(1000)]
    start = time.perf_counter()
    html = index_page(tmp_path, runs)
    assert time.perf_counter() - start < 3  # about 0.3 s on two cores
    assert len(html) < 1_500_000
