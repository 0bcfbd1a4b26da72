"""Which values say that there is none: by the word, by how often it stands, and by what stands beside it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.datasets.guessing.questions import Guess, Question, Reading
from workbench.datasets.guessing.vocabulary.words import GAPS, MAYBE_GAPS
from workbench.datasets.guessing.yaml_text import quoted
from workbench.wording import number, percent, sentence, shown

if TYPE_CHECKING:
    from workbench.datasets.guessing.facts import Facts

_FREQUENT = 0.05  # share of rows from which a number out of line is a code and no slip
_RARE = 0.01  # share of rows up to which it is left alone
_PLACES = re.compile(r"(?i)region|market|country|territor|continent|geo|area|zone|地区|区域|大区|国家")
_REGIONS = frozenset(
    [
        "eu",
        "emea",
        "apac",
        "latam",
        "us",
        "usa",
        "uk",
        "asia",
        "europe",
        "africa",
        "america",
        "namer",
        "amer",
        "anz",
        "mea",
        "sa",
        "la",
        "ap",
        "cn",
        "row",
        "global",
    ]
)
# Numbers that stand for no number, where the others lie elsewhere.
_CODES = (99.0, 999.0, 9999.0, 99999.0, 999999.0, -1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0)


def is_gap(value: str) -> bool:
    """Whether a value is a usual word for a gap, whatever it may mean here."""
    folded = value.casefold()
    return folded in GAPS or folded in MAYBE_GAPS


def of_texts(facts: "Facts", others: Sequence["Facts"]) -> Guess:
    """Words for a gap in a column of texts: gaps, answers, or a question where the counts fit both.

    Parameters
    ----------
    facts
        The column.
    others
        The other columns of the file.

    Returns
    -------
    Guess
        `missing:` with the words that are gaps; the others are answers and stay.
    """
    gaps, doubtful = [], []
    peers = [value.casefold() for value in facts.texts]
    for value, count in facts.values:
        folded, share = value.casefold(), count / facts.present
        if folded in GAPS:
            gaps.append(value)
        elif folded in MAYBE_GAPS:
            said = _decide(value, share, facts, peers, others)
            if said is None:
                doubtful.append((value, count))
            elif said == "gap":
                gaps.append(value)
    keys = (f"missing: [{', '.join(map(quoted, gaps))}]",) if gaps else ()
    if not doubtful:
        return Guess(keys, assumed=bool(gaps))
    value, count = doubtful[0]
    asks = sentence("Is {value} an answer here, or does it say that there is none?", value=shown(value))
    template = "It stands in {n} of {all} rows ({share}), beside {peers} other values."
    evidence = sentence(
        template, n=number(count), all=number(facts.rows), share=percent(count / facts.rows), peers=number(len(peers))
    )
    gap = f"missing: [{', '.join(map(quoted, [*gaps, *(each for each, _ in doubtful)]))}]"
    answer = f"missing: [{', '.join(map(quoted, gaps))}]"
    readings = (
        Reading((answer,), sentence("an answer: a group of its own with that name")),
        Reading((gap,), sentence("a gap: these rows are not stated")),
    )
    return Guess((), question=Question(asks, evidence, readings))


def _decide(value: str, share: float, facts: "Facts", peers: list[str], others: Sequence["Facts"]) -> str | None:
    elsewhere = any(value in other.counts for other in others if other.numeric or other.dates)
    regions = bool(_PLACES.search(facts.header)) or len(_REGIONS & set(peers)) >= 2
    if value.casefold() == "na":
        if regions:
            return None if elsewhere or share < _FREQUENT else "answer"
        if elsewhere or share < _RARE:
            return "gap"
        return None
    # None: an add-on that nobody has, or Python's word for a gap.
    if elsewhere:
        return None if share >= _FREQUENT else "gap"
    if share >= _FREQUENT:
        return "answer"
    return "gap" if share < _RARE else None


def of_numbers(facts: "Facts") -> Guess:
    """Words and codes for a gap in a column of numbers."""
    words = [value for value, _ in facts.values if is_gap(value)]
    codes: list[str] = []
    if facts.lowest is not None and facts.highest is not None:
        for value, count in facts.values:
            if not re.fullmatch(r"-?\d+(\.0)?", value) or float(value) not in _CODES or count < 2:
                continue
            code = float(value)
            beyond = code > 1.5 * max(facts.highest, 1) if code > 0 else facts.lowest >= 0
            if beyond and len(facts.values) > 5:
                codes.append(value)
    found = [*words, *codes]
    return Guess((f"missing: [{', '.join(map(quoted, found))}]",) if found else (), assumed=bool(found))
