"""reports/index.html: every run, newest first, with what it said and whether to believe it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from workbench.files import write_atomic
from workbench.reporting import provenance
from workbench.reporting.documents import is_number, mapping, text_of
from workbench.reporting.page import environment, finished
from workbench.reporting.phrases import TONES, duration, estimated, moment, quantity, verdict_words
from workbench.reporting.results import file_link
from workbench.wording import plural, sentence

LONGEST = 200  # characters of a headline: two lines
# Older runs are folded, so that the page begins with what is new.
UNFOLDED = 24
MOST_GROUPS = 12  # buttons: two lines of them


def rebuild_index(reports: Path, manifests: Iterable[Mapping]) -> None:
    """Write the index of all runs in one step. Whoever calls it holds the lock of the index.

    Parameters
    ----------
    reports
        The folder of all runs, `<study>/<run_id>/…`; only files that are there are linked.
    manifests
        The manifest of each run. A run whose manifest cannot be read is
        `{"run_id", "study", "status": "unreadable", "reason"}`.

    Raises
    ------
    OSError
        The index cannot be written; the one before is as it was.
    """
    write_atomic(Path(reports) / "index.html", index_page(Path(reports), manifests))


def index_page(reports: Path, manifests: Iterable[Mapping]) -> str:
    """The index as HTML; see `rebuild_index`.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifests
        Of the runs, in any order.
    """
    entries = [_entry(reports, manifest) for manifest in manifests]
    entries.sort(key=lambda entry: entry["order"], reverse=True)
    # Offered where they gather some runs and not all of them.
    groups = Counter((entry["study"], entry["dataset"]) for entry in entries)
    together = [
        {"words": f"{study} {dataset}".strip(), "count": count}
        for (study, dataset), count in groups.most_common(MOST_GROUPS)
        if len(groups) > 1
    ]
    view = {
        "new": entries[:UNFOLDED],
        "old": entries[UNFOLDED:],
        "older": plural("{n} older run", "{n} older runs", len(entries) - UNFOLDED),
        "together": together,
        "total": plural("{n} run", "{n} runs", len(entries)),
    }
    return finished(environment().get_template("index.html.j2").render(**view))


def _entry(reports: Path, manifest: Mapping) -> dict:
    run_id, study, status = (text_of(manifest, key) for key in ("run_id", "study", "status"))
    verdict = text_of(manifest, "verdict")
    if manifest.get("changed"):
        tone, words = "bad", sentence("changed after it ended")
    elif status == "succeeded":
        tone, words = TONES.get(verdict, "none"), verdict_words(verdict)
    else:
        tone, words = "none" if status == "running" else "bad", _status(status)
    headline = mapping(manifest, "headline")
    best = headline.get("estimate")
    said = text_of(headline, "statement") if status == "succeeded" else _what_stopped(manifest)
    date, time = moment(manifest.get("started"))
    links = [
        (name, file_link(reports, study, run_id, file))
        for name, file in ((sentence("notebook"), "notebook.ipynb"), (sentence("results"), "results.json"))
    ]
    return {
        "order": run_id,  # ids go up whatever the clock says
        "run_id": run_id,
        "study": study,
        "title": text_of(manifest, "title"),
        "tone": tone,
        "words": words,
        "said": _short(said) or run_id or sentence("A run without a name"),
        "report": file_link(reports, study, run_id, "report.html"),
        "dataset": text_of(manifest, "dataset"),
        "part": _short(text_of(manifest, "where")),
        "number": quantity(estimated(best), text_of(headline, "unit"))
        if status == "succeeded" and is_number(best)
        else "",
        "changed": _short(
            ", ".join(f"{p['name']} = {p['value']}" for p in provenance.parameters(manifest) if p["changed"])
        ),
        "date": date,
        "time": time,
        "took": duration(manifest.get("seconds")) if is_number(manifest.get("seconds")) else "",
        "links": [(name, href) for name, href in links if href],
    }


def _status(status: str) -> str:
    """What a run is called that has no verdict."""
    return {
        "failed": sentence("Failed"),
        "interrupted": sentence("Interrupted"),
        "running": sentence("Running"),
        "unreadable": sentence("Cannot be read"),
    }.get(status, sentence("Status unknown"))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _what_stopped(manifest: Mapping) -> str:
    reason, heading = text_of(manifest, "reason"), text_of(mapping(manifest, "failed_cell"), "heading")
    if not heading:
        return reason
    if not reason:
        return sentence("At the step “{step}”", step=heading)
    return sentence("At the step “{step}”: {reason}", step=heading, reason=reason)
