"""Which values say that there is none: by the word, by how often it stands, and by what stands beside it."""

import datetime
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
# Days that stand for "no end", and for "no date".
_OPEN_YEARS = {2099, 2100, 2199, 2200, 2299, 2999, 3000, 4712, 8888, 9999}
NULL_DAY = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}( .*)?")
_EMPTY_DAYS = {
    "1900-01-01",
    "1899-12-30",
    "1899-12-31",
    "1970-01-01",
    "1753-01-01",
    "0001-01-01",
    "1800-01-01",
    "1901-01-01",
}
_LONGEST_OPEN = 50  # after today: from there a date is *never*, whatever the others are
LONGEST_YEARS = 20  # after today: what is planned lies nearer, a code for *never* farther
# Numbers that stand for no number, where the others lie elsewhere.
_CODES = (99.0, 999.0, 9999.0, 99999.0, 999999.0, -1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0)


def is_gap(value: str) -> bool:
    """Whether a value is a usual word for a gap, whatever it may mean here.

    Parameters
    ----------
    value
        A value as text.
    """
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
    """Words and codes for a gap in a column of numbers.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
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


def of_dates(told: Sequence[tuple[str, int]], forms: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Values that stand for no date: frequent, and beyond what can be.

    Parameters
    ----------
    told
        Values and how often each stands.
    forms
        Formats that read them; empty: ISO.

    Returns
    -------
    tuple of (str, int)
        As `missing:` takes them, with their counts.
    """
    total = sum(count for _, count in told)
    today = datetime.date.today()
    days = {text: _day(text, forms) for text, _ in told}
    real = sorted(day for text, _ in told if (day := days[text]) and 1901 < day.year < today.year + LONGEST_YEARS)
    found = []
    for text, count in told:
        day = days[text]
        if NULL_DAY.fullmatch(text):
            found.append((text, count))
            continue
        if day is None or (count < 2 and count < 0.01 * total):
            continue
        never = (day.year in _OPEN_YEARS or day.year > today.year + _LONGEST_OPEN) and (not real or real[-1] < day)
        early = not real or day.year + 5 < real[0].year or day.year == 1970 < real[len(real) // 10].year
        others = [each for each in real if each != day]
        # 12/31/99: the last day of a century that two digits of a year can say, long before all other days.
        last = any("%y" in form for form in forms) and f"{day:%m-%d-%y}" == "12-31-99"
        last = last and bool(others) and day.year + 5 < others[0].year
        if never or last or (day.isoformat() in _EMPTY_DAYS and early):
            found.append((text, count))
    return tuple((_code(text, forms), count) for text, count in found)


def _code(text: str, forms: Sequence[str]) -> str:
    """As `missing:` takes it: the day alone where the text is ISO."""
    return text[:10] if not forms and re.match(r"\d{4}-\d{2}-\d{2}", text) else text


def _day(text: str, forms: Sequence[str]) -> datetime.date | None:
    for form in forms or ["%Y-%m-%d"]:
        try:
            return datetime.datetime.strptime(text[:10] if not forms else text, form).date()
        except ValueError:
            continue
    return None
