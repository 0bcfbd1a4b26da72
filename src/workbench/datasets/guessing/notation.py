"""How numbers are written that are not plain: thousands marks, currencies, brackets for negative ones, shares."""

import re
from collections import Counter
from dataclasses import dataclass

from workbench.datasets.guessing.gaps import is_gap
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.reading.connection import Connection
from workbench.wording import number, sentence

_NEARLY_ALL = 0.98  # of the values that must be numbers: the rest may be slips, of which `data check` then speaks
_MOST_WORDS = 3  # different words among numbers, as codes for none; with more it is a text
_FEW = 0.05  # share of whole groups: numbers with three decimals would have hardly any
CURRENCIES = {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "us$": "USD",
    "usd": "USD",
    "chf": "CHF",
    "fr.": "CHF",
    "sfr.": "CHF",
    "元": "CNY",
    "rmb": "CNY",
    "cny": "CNY",
    "円": "JPY",
    "jpy": "JPY",
    "₹": "INR",
    "inr": "INR",
    "₩": "KRW",
    "krw": "KRW",
    "r$": "BRL",
    "brl": "BRL",
    "zł": "PLN",
    "pln": "PLN",
    "kč": "CZK",
    "czk": "CZK",
    "sek": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "aud": "AUD",
    "a$": "AUD",
    "cad": "CAD",
    "c$": "CAD",
    "hkd": "HKD",
    "hk$": "HKD",
    "₽": "RUB",
    "rub": "RUB",
    "₺": "TRY",
    "try": "TRY",
    "mxn": "MXN",
}
# Signs that several currencies have, with the one that is meant most often.
SHARED = {"$": "USD", "¥": "CNY", "￥": "CNY", "kr": "SEK", "kr.": "DKK"}
_SIGN = "|".join(sorted(map(re.escape, [*CURRENCIES, *SHARED]), key=len, reverse=True))
_DIGITS = r"[1-9]\d{0,2}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+"
_WRITTEN = re.compile(
    rf"(?i)(?P<open>\()? ?[-+−]? ?(?P<before>{_SIGN})? ?[-+−]? ?(?P<digits>{_DIGITS})"
    rf" ?(?P<times>[万千百亿kKmM])? ?(?P<after>{_SIGN}|%)? ?[-−]?\)?"
)
_SQL = (
    r"^\(?[-+−]? ?[^0-9 .,()-]{0,4} ?[-+−]? ?[0-9][0-9.,''’ \x{00a0}\x{202f}]*"
    r"([万千百亿kKmM])? ?[^0-9 .,()-]{0,4}[-−]?\)?$"
)


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    numeric
        Whether nearly all values are such numbers.
    decimal, thousands
        Their marks; "" where none stands.
    currency
        Code of the sign beside them; "" without one.
    shared
        The sign, where several currencies have it.
    percent
        Whether they are shares in %.
    times
        Words for powers of ten that stand behind ("万").
    rest
        Values that are no such numbers, with their counts.
    question
        What must be answered first.
    """

    numeric: bool
    decimal: str = ""
    thousands: str = ""
    currency: str = ""
    shared: str = ""
    percent: bool = False
    times: tuple[str, ...] = ()
    rest: tuple[tuple[str, int], ...] = ()
    question: Question | None = None

    @property
    def dressed(self) -> bool:
        """Whether more than blanks between digits says that these are numbers, and not those of telephones."""
        return bool(self.currency or self.percent or self.decimal or self.thousands in (",", ".", "'", "’"))


def find(connection: Connection, values: list[tuple[str, int]], decimal: str) -> Notation | None:
    """The notation of the view `_drafted`; None where its numbers are plain, or hardly any are numbers.

    Parameters
    ----------
    values
        The most frequent, with their counts.
    decimal
        The decimal mark of the file, as far as it is known.
    connection
        Where rows are laid out.
    """
    told = [(text, count) for text, count in values if not is_gap(text)]
    like = [(found, count) for text, count in told if (found := _WRITTEN.fullmatch(text))]
    if not like or sum(count for _, count in like) < 0.5 * sum(count for _, count in told):
        return None
    written = [
        row[0]
        for row in connection.execute(f"SELECT DISTINCT x FROM _drafted WHERE regexp_matches(x, '{_SQL}') LIMIT 5000")
    ]
    numerals = [each for text in written if (each := _WRITTEN.fullmatch(text))]
    rest = tuple((text, count) for text, count in told if not _WRITTEN.fullmatch(text))
    strange = connection.execute(
        f"SELECT count(*) FILTER (NOT regexp_matches(x, '{_SQL}')), count(*) FROM _drafted WHERE x IS NOT NULL"
    )[0]
    gaps = sum(count for text, count in values if is_gap(text))
    dressed = any(each["before"] or each["after"] or each["open"] or each["times"] for each in numerals)
    marks = [_marks(each["digits"]) for each in numerals]
    if not dressed and not any(thousands or decided == "," for decided, thousands, _ in marks):
        return None  # plain numbers among words
    if len(rest) > _MOST_WORDS or (not rest and strange[0] - gaps > (1 - _NEARLY_ALL) * strange[1]):
        return None
    if len(numerals) < _NEARLY_ALL * len(written):
        return None
    signs = Counter((each["before"] or each["after"] or "").casefold() for each in numerals)
    percent = signs.pop("%", 0) >= 0.5 * len(numerals)
    signs.pop("", None)
    sign = signs.most_common(1)[0][0] if signs else ""
    chosen, thousands, question = _decide(marks, decimal)
    return Notation(
        numeric=not rest,
        decimal=chosen,
        thousands=thousands,
        currency=CURRENCIES.get(sign, SHARED.get(sign, "")),
        shared=sign if sign in SHARED else "",
        percent=percent,
        times=tuple(sorted({each["times"] for each in numerals if each["times"]})),
        rest=rest,
        question=question,
    )


def of_points(connection: Connection, *, separator: str) -> Notation | None:
    """Whether the points of plain numbers in the view `_drafted` may stand between thousands (416 beside 1.594).

    Parameters
    ----------
    separator
        Of the file: where it is no comma, commas may be its decimal marks.
    connection
        Where rows are laid out.
    """
    groups, others, whole, highest, leading = connection.execute(
        "SELECT count(*) FILTER (regexp_matches(x, '^-?[1-9][0-9]{0,2}[.][0-9]{3}$')), "
        "count(*) FILTER (contains(x, '.') AND NOT regexp_matches(x, '^-?[1-9][0-9]{0,2}[.][0-9]{3}$')), "
        "count(*) FILTER (NOT contains(x, '.')), max(abs(TRY_CAST(x AS DOUBLE))) FILTER (NOT contains(x, '.')), "
        "count(DISTINCT x) FROM _drafted WHERE x IS NOT NULL"
    )[0]
    if groups < 2 or others or leading < 3 or (highest or 0) >= 1000:
        return None
    if whole > _FEW * groups:  # with three decimals hardly any would be whole
        return Notation(numeric=True, decimal=",", thousands=".")
    if separator == ",":
        return None
    asks = sentence("Is 1.234 one thousand or one and a quarter here?")
    evidence = sentence("All {n} values with a point have three digits behind it.", n=number(groups))
    return Notation(numeric=True, question=Question(asks, evidence, _readings(".")))


def _marks(digits: str) -> tuple[str, str, str]:
    """Decimal mark and thousands mark of one number as far as they are certain, and a mark that may be either."""
    kinds = [mark for mark in digits if not mark.isdigit()]
    if not kinds:
        return "", "", ""
    last, distinct = kinds[-1], set(kinds)
    if len(distinct) > 1:
        return last, next(mark for mark in kinds if mark != last), ""
    if len(kinds) > 1 or last not in ".,":
        return "", last, ""
    before, after = digits.split(last)
    if len(after) != 3 or len(before) > 3 or before in ("", "0"):
        return last, "", ""
    return "", "", last


def _decide(marks: list[tuple[str, str, str]], decimal: str) -> tuple[str, str, Question | None]:
    sure = Counter(mark for mark, _, _ in marks if mark)
    groups = Counter(mark for _, mark, _ in marks if mark)
    either = Counter(mark for _, _, mark in marks if mark)
    if len(sure) > 1 or (set(sure) & set(groups)):
        told = ", ".join(f"{mark} {number(count)}" for mark, count in (sure + groups).items())
        asks = sentence("Which mark is the decimal mark of these numbers?")
        return "", "", Question(asks, sentence("Both stand there as one: {told}.", told=told), _readings())
    chosen = next(iter(sure), "")
    thousands = next(iter(groups), "")
    for mark in either:
        if mark in (chosen, thousands):
            continue
        if chosen:
            thousands = thousands or mark  # the other mark is the decimal one
        elif thousands or any(not any(each) for each in marks):
            thousands = thousands or mark  # 416 beside 1,594: three decimals would stand behind all
        elif mark == decimal:
            chosen = mark
        else:
            asks = sentence("Is 1{mark}234 one thousand or one and a quarter here?", mark=mark)
            evidence = sentence("All {n} different values have three digits behind the mark.", n=number(len(marks)))
            return "", "", Question(asks, evidence, _readings(mark))
    if chosen and chosen == thousands:
        thousands = ""
    return chosen, thousands, None


def _readings(mark: str = ",") -> tuple[Reading, ...]:
    other = "." if mark == "," else ","
    return (
        Reading((f'decimal: "{other}"', f'thousands: "{mark}"'), sentence("{mark} groups thousands", mark=mark)),
        Reading((f'decimal: "{mark}"',), sentence("{mark} stands before decimals", mark=mark)),
    )
