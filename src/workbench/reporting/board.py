"""The page for a board: what stands alone on the first sheet of paper."""

from collections.abc import Mapping, Sequence

from workbench.wording import inline, sentence

MOST_FINDINGS = 5  # what a board takes in: three to five sentences on a page
MOST_LINES = 3  # of what to do, and of what not to conclude
MOST_WORDS = 200
"""Of everything on the page, the question included."""


def board(findings: Sequence[Mapping], checks: Mapping[str, Sequence[Mapping]], *, beside: Sequence[str] = ()) -> dict:
    """The first printed page.

    Parameters
    ----------
    findings, checks
        As `collect` gives them; the first finding is the headline.
    beside
        What else stands on the page: title, question, verdict and the titles of warnings count into its words.

    Returns
    -------
    dict
        `findings` (three to five, as many as there is room for in `MOST_WORDS`), `figure` (of the first that has one),
        `next` (what could be done) and `not` (what must not be concluded), three lines each at most.
    """
    kinds = {each["kind"] for each in findings}
    if "experimental" in kinds:  # why it happened is what an experiment says; what describes it stands beside that
        kinds -= {"descriptive"}
    forbidden = [words for kind, words in _forbidden().items() if kind in kinds]
    minded = [check["title"] for check in checks["warn"] if not check["always"]][: MOST_LINES - len(forbidden[:2])]
    told = [sentence("Keep in mind: {title}.", title=inline(title)) for title in minded]
    unsaid = [*forbidden[:2], *told][:MOST_LINES]
    actions = list(dict.fromkeys(each["action"] for each in findings if each["action"]))[:MOST_LINES]
    heads = [sentence("What to do next"), sentence("What not to conclude")]
    room = MOST_WORDS - _words(*beside, *heads, *actions, *unsaid)
    kept: list[Mapping] = []
    for finding in findings[:MOST_FINDINGS]:
        room -= _words(finding["statement"], finding["estimate"], finding["interval"], finding["interval_short"])
        if kept and room < 0:
            break
        kept.append(finding)
    figure = next((each["figure"] for each in kept if each["figure"]), None)
    return {"findings": kept, "figure": figure, "next": actions, "not": unsaid}


def _forbidden() -> dict[str, str]:
    """What must not be concluded from findings of a kind; of an experiment nothing is forbidden."""
    return {
        "associational": sentence("These are associations: changing one thing need not change the other."),
        "assumed": sentence("Numbers beyond the data rest on assumptions; nobody has observed them."),
        "descriptive": sentence("These numbers say what happened, not why."),
    }


def _words(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)
