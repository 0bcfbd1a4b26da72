"""Whether a run may be relied on, in words; and where it did not end, what happened and what to do."""

import shlex
from collections.abc import Mapping

from workbench.reporting.body import Body
from workbench.reporting.documents import mapping, text_of
from workbench.reporting.phrases import TONES, verdict_words
from workbench.wording import plural, sentence

REFUSED = 2  # exit code of runs whose data or parameters were refused (errors.py)
MOST_POINTS = 2  # warnings named beside the verdict: what fits on its line


def banner(manifest: Mapping, checks: Mapping[str, list[dict]], body: Body, *, readable: bool) -> dict:
    """The verdict in words, how many checks stand behind it, and those that object.

    Parameters
    ----------
    manifest
        The run's.
    checks
        By status, as `collect` gives them.
    body
        Knows the step where a run stopped.
    readable
        Whether there was a results.json to be read.

    Returns
    -------
    dict
        `tone` (good, warn, bad, none), `words`, `detail`, `checked`; `failed` (links to the checks that failed, with
        their messages), `points` (links to the first of those that warn, by their titles), `more` (how many others
        warn), `always` (links to what data of this kind always carry).
    """
    tone, words, detail = _verdict(manifest, checks, body, readable=readable)
    warned = [check for check in checks["warn"] if not check["always"]]
    rest = len(warned) - MOST_POINTS
    return {
        "tone": tone,
        "words": words,
        "detail": detail,
        "checked": any(checks.values()),
        "failed": [_link(check, "message") for check in checks["fail"]],
        "points": [_link(check, "title") for check in warned[:MOST_POINTS]],
        "more": plural("{n} more to mind", "{n} more to mind", rest) if rest > 0 else "",
        "always": [_link(check, "title") for check in checks["warn"] if check["always"]],
    }


def tally(counts: Mapping[str, int]) -> str:
    """How many checks came out how.

    Parameters
    ----------
    counts
        By status: `fail`, `warn`, `pass`.

    Examples
    --------
    >>> tally({"fail": 0, "warn": 1, "pass": 12})
    '1 warning, 12 passed'
    """
    words = {
        "fail": plural("{n} failed", "{n} failed", counts["fail"]),
        "warn": plural("{n} warning", "{n} warnings", counts["warn"]),
        "pass": plural("{n} passed", "{n} passed", counts["pass"]),
    }
    parts = [text for status, text in words.items() if counts[status]]
    return ", ".join(parts) or sentence("none")


def failure(manifest: Mapping, body: Body) -> dict:
    """What is known of a run that did not end, and what its reader can do.

    Parameters
    ----------
    manifest
        Of the run.
    body
        What its notebook shows.
    """
    match text_of(manifest, "status"):
        case "failed" if _refused(manifest):
            advice = [
                sentence("Nothing is broken: mend what the message names, in the data or by a parameter."),
                sentence("Then run it again; everything is computed anew:"),
            ]
        case "failed":
            advice = [
                sentence("Mend what the message names: the data, a parameter, or the step in the notebook."),
                sentence("Then run it again; everything is computed anew:"),
            ]
        case "interrupted":
            advice = [sentence("Nothing is known to be wrong: it was stopped from outside. Run it again:")]
        case _:
            advice = [sentence("Wait for the run to end; this page is then written anew. Or run it again:")]
    error = body.error or {"summary": "", "traceback": ""}
    reason = text_of(manifest, "reason")
    told = error["summary"].partition(": ")[2].split() == reason.split()  # our own errors are the reason itself
    left = body.steps_not_run
    not_run = plural("{n} step after it was not run.", "{n} steps after it were not run.", left) if left else ""
    return {
        "reason": reason,
        "summary": "" if told else error["summary"],
        "traceback": error["traceback"],
        "advice": advice,
        "command": rerun(manifest),
        "not_run": not_run,
    }


def _refused(manifest: Mapping) -> bool:
    """Whether the data or a parameter were refused, as at the door (exit code 2): no step is at fault."""
    return manifest.get("exit_code") == REFUSED


def rerun(manifest: Mapping) -> str:
    """The command that gives this run again, for a shell.

    Parameters
    ----------
    manifest
        Of the run.
    """
    return f"workbench rerun {shlex.quote(text_of(manifest, 'run_id'))}"


def _verdict(manifest: Mapping, checks: Mapping, body: Body, *, readable: bool) -> tuple[str, str, str]:
    step = text_of(mapping(manifest, "failed_cell"), "heading") or body.stopped_step
    useless = sentence("Use none of its numbers: it is incomplete.")
    match text_of(manifest, "status"):
        case "failed" if step and _refused(manifest):
            return (
                "bad",
                sentence("This run was REFUSED at the step “{step}”", step=step),
                sentence("Nothing was concluded."),
            )
        case "failed" if step:
            return "bad", sentence("This run FAILED at the step “{step}”", step=step), useless
        case "failed":
            return "bad", sentence("This run FAILED"), useless
        case "interrupted" if step:
            return "bad", sentence("This run was INTERRUPTED at the step “{step}”", step=step), useless
        case "interrupted":
            return "bad", sentence("This run was INTERRUPTED"), useless
        case "succeeded":
            pass
        case _:
            return "warn", sentence("This run has not ended"), sentence("What is here is incomplete.")
    if not readable:
        damaged = sentence("The results of this run (results.json) are missing or damaged.")
        return "bad", verdict_words("fail"), damaged
    counts = {status: len(group) for status, group in checks.items()}
    total = sum(counts.values())
    told = plural("{n} check: {outcomes}", "{n} checks: {outcomes}", total, outcomes=tally(counts))
    detail = told if total else sentence("no check was made")
    # The manifest is asked as well: of two that disagree, the worse is believed.
    objecting = {"fail": counts["fail"], "warn": sum(not check["always"] for check in checks["warn"])}
    for status, count in objecting.items():
        if count or manifest.get("verdict") == status:
            return TONES[status], verdict_words(status), detail
    if not total:
        return "none", sentence("Nothing was checked"), detail
    return "good", verdict_words("pass"), detail


def _link(check: Mapping, words: str) -> dict:
    return {"href": f"#{check['anchor']}", "text": check[words]}
