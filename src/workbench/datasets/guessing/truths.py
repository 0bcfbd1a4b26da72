"""Which value says that somebody left: by words in several languages; codes that say nothing are asked."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.datasets.guessing.questions import Guess, Question, Reading
from workbench.datasets.guessing.vocabulary.names import STATUS, STILL_HERE
from workbench.datasets.guessing.vocabulary.words import LEFT, NO, STAYED, YES
from workbench.datasets.guessing.yaml_text import listed
from workbench.wording import listing, number, percent, sentence, shown

if TYPE_CHECKING:
    from workbench.datasets.guessing.facts import Facts


_MOST_WORDS = 8  # states of a contract; a column with more values is a remark


def speaks(facts: "Facts") -> bool:
    """Whether there are words for leaving and for staying among the few values of a column.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    words = {text.casefold() for text in facts.texts}
    return bool(words & LEFT) and bool(words & STAYED) and len(words) <= _MOST_WORDS


def says(facts: "Facts") -> bool:
    """Whether all values of a column are words for leaving or for staying, and there are both.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    return facts.complete and speaks(facts) and all(text.casefold() in LEFT | STAYED for text in facts.texts)


def yes_or_no(facts: "Facts") -> Guess | None:
    """A truth told in words for yes and no; None where a column is none.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    words = {text: text.casefold() for text in facts.texts}
    yes = [text for text, word in words.items() if word in YES]
    no = [text for text, word in words.items() if word in NO]
    if not facts.complete or not yes or not no or len(yes) + len(no) < len(words) or _digits(facts.texts):
        return None
    return Guess(("type: boolean", *_mapped(yes, no).keys), assumed=True)


def event(facts: "Facts") -> Guess:
    """Which values of a column say that a customer has left.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    texts = facts.texts
    words = {text: text.casefold() for text in texts}
    inverted = bool(re.fullmatch(STILL_HERE, facts.called))
    status = bool(re.fullmatch(STATUS, facts.called))
    if facts.complete and all(word in LEFT | STAYED for word in words.values()):
        return _mapped(
            [text for text in texts if words[text] in LEFT], [text for text in texts if words[text] in STAYED]
        )
    if not status and facts.complete and set(words.values()) <= {"0", "1", "0.0", "1.0", "true", "false"}:
        if not inverted:
            return Guess()  # 1 and true say that it happened
        yes = [text for text in texts if words[text] in ("1", "1.0", "true")]
        return _mapped([text for text in texts if text not in yes], yes)
    if not status and facts.complete and all(word in YES | NO for word in words.values()) and not _digits(texts):
        yes = [text for text in texts if words[text] in YES]
        no = [text for text in texts if text not in yes]
        return _mapped(no, yes) if inverted else _mapped(yes, no)
    return Guess(question=_which(facts))


def _mapped(left: Sequence[str], stayed: Sequence[str]) -> Guess:
    if not left or not stayed:
        return Guess((f"true_values: {_or_none(left)}", f"false_values: {_or_none(stayed)}"), assumed=True)
    return Guess((f"true_values: {listed(left)}", f"false_values: {listed(stayed)}"), assumed=True)


def _or_none(values: Sequence[str]) -> str:
    return listed(values) if values else '["(none)"]'


def _which(facts: "Facts") -> Question:
    asks = sentence("Which value says that a customer has left?")
    told = listing([f"{shown(text)} {number(facts.counts[text])}" for text in facts.texts[:6]])
    evidence = sentence("Rows: {told}.", told=told)
    if len(facts.texts) > 4:
        form = sentence(
            "Write true_values: [those who left] and false_values: [all others], every value in one of them."
        )
        return Question(asks, f"{evidence} {form}")
    unknown = [text for text in facts.texts if text.casefold() not in LEFT | STAYED]
    if len(unknown) == 1 < len(facts.texts):
        left = [text for text in facts.texts if text.casefold() in LEFT]
        stayed = [text for text in facts.texts if text.casefold() in STAYED]
        ways = ((left, [*stayed, *unknown]), ([*left, *unknown], stayed))
        return Question(
            asks,
            evidence,
            tuple(
                Reading(
                    (f"true_values: {_or_none(gone)}", f"false_values: {_or_none(here)}"),
                    sentence(
                        "{value} is still there: {share} have left"
                        if gone is left
                        else "{value} has left: {share} have left",
                        value=shown(unknown[0]),
                        share=_share(facts, gone),
                    ),
                )
                for gone, here in ways
            ),
        )
    readings = []
    for text in facts.texts:
        others = [other for other in facts.texts if other != text]
        share = percent(facts.counts[text] / facts.present)
        means = sentence("{value} has left: {share} of all", value=shown(text), share=share)
        readings.append(Reading((f"true_values: {listed([text])}", f"false_values: {listed(others)}"), means))
    if len(facts.texts) == 3:
        for text in facts.texts:
            others = [other for other in facts.texts if other != text]
            share = percent(1 - facts.counts[text] / facts.present)
            means = sentence(
                "{value} is still there, both others have left: {share} of all", value=shown(text), share=share
            )
            readings.append(Reading((f"true_values: {listed(others)}", f"false_values: {listed([text])}"), means))
    return Question(asks, evidence, tuple(readings))


def _share(facts: "Facts", texts: Sequence[str]) -> str:
    return percent(sum(facts.counts[text] for text in texts) / facts.present)


def truth(facts: "Facts") -> Guess:
    """Which values of another truth (a complaint, a cancelled order) are true.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    words = {text: text.casefold() for text in facts.texts}
    if set(words.values()) <= {"0", "1", "0.0", "1.0", "true", "false"}:
        return Guess()
    if all(word in YES | NO for word in words.values()) and not _digits(facts.texts):
        yes = [text for text in facts.texts if words[text] in YES]
        return _mapped(yes, [text for text in facts.texts if text not in yes])
    told = listing([f"{shown(text)} {number(facts.counts[text])}" for text in facts.texts[:6]])
    form = sentence("Write true_values: [...] and false_values: [...], every value in one of them.")
    return Guess(question=Question(sentence("Which values say yes?"), f"{sentence('Rows: {told}.', told=told)} {form}"))


def _digits(texts: Sequence[str]) -> bool:
    return any(text.replace(".", "").isdigit() for text in texts)
