"""What the columns of an unknown file may be: a canonical table, its own columns, ratings, roles and segments.

Rules of thumb over headers and values, and nothing else: every answer is a guess that a person confirms.
"""

import re
from collections import Counter
from dataclasses import dataclass

from workbench.datasets import persons
from workbench.datasets.canonical import CANONICAL

# Beyond so many distinct values a text is no category.
MOST_CATEGORIES = 50
GAPS = ("na", "n/a", "null", "none", "nan", "blank", "-", "?", "unknown")
_MOST_CODES, _MOST_SEGMENTS, _MOST_LEVELS, _MOST_ARMS = 14, 6, 20, 10
_NOT_APPLICABLE, _MISSING = {6.0}, {0.0, 11.0, 9.0, 99.0, 999.0, -1.0, -9.0, -99.0, -999.0}
_SCALES = ((1, 5), (0, 10), (1, 7), (1, 10))
_BATTERY = 3  # questions of one stem and one scale
_CUSTOMER = (
    r"((customer|client|user|household|member|account|subscriber)[ _-]?(id|no|nr|number)?|"
    r"(kunden?|kd)[ _.-]*(id|nr|no|nummer))\.?$"
)
_RESPONSE = r"(response|resp|answer|respondent)[ _]?(id|no|num|number)?$"
_PERIOD, _ON = r"((subscription|contract|plan)[ _])?", r"([ _]?(date|on|at))?$"
# Canonical columns by what a file often calls them, the table that they speak for first.
CALLED: dict[str, dict[str, str]] = {
    "transactions": {
        "customer_id": _CUSTOMER,
        "order_id": r"((order|invoice|basket|receipt|transaction)[ _]?(id|no|number)?|"
        r"(bestell|rechnungs)[ _-]?(nr|nummer))$",
        "timestamp": r"(timestamp|(order|invoice|transaction|purchase)[ _]?(date|time(stamp)?)|date|time|when|"
        r"(kauf|bestell|rechnungs|buchungs)?datum)$",
        "amount": r"((amount|amt|revenue|betrag|umsatz|summe)([ _]?[(]?([a-z]{3}|€|\$|£)[)]?)?|sales([ _]value)?|"
        r"total([ _](price|amount))?|spend)$",
        "margin": r"(gross[ _])?margin$",
        "category": r"(category|department)$",
    },
    "lifetimes": {
        "customer_id": r"(customer|client|user|member|employee|account)[ _]?(id|no|number)?$",
        "duration": r"(duration|tenure|stag|time|lifetime|months|subscription[ _]length)$",
        "event": r"(event|churn(ed)?|left|cancelled)$",
        "entry": r"entry$",
        "reason": r"((end|churn|leaving|exit)[ _])?reason$",
    },
    "subscriptions": {
        "customer_id": _CUSTOMER,
        "start": _PERIOD + r"(start(s|ed)?|begins?|begun|activat(ed|ion)|signup)" + _ON,
        "end": _PERIOD + r"(ends?|ended|cancelled|terminated|expir(y|es|ed))" + _ON,
        "end_reason": r"((end|cancel(lation)?|churn)[ _])?reason$",
        "plan": r"(plan|tariff|product|package)([ _]?(name|type))?$",
        "price": r"(monthly[ _])?(price|fee|charges?)$",
    },
    "interactions": {
        "customer_id": _CUSTOMER,
        "timestamp": r"(timestamp|(call|contact|ticket|opened|created|event)[ _]?(date|time(stamp)?|at|on)|date|time)$",
        "touchpoint": r"touch[ _]?point$",
        "channel": r"(contact[ _])?channel$",
        "kind": r"((contact|ticket|call)[ _])?(kind|type|topic)$",
        "minutes": r"(minutes|duration[ _]min(utes)?|handling[ _]?(time|minutes))$",
        "complaint": r"(is[ _])?complaint$",
        "resolved_first_contact": r"(resolved[ _]first[ _]contact|fcr)$",
    },
    "treatments": {
        "customer_id": _CUSTOMER,
        "initiative": r"(initiative|campaign|experiment)([ _]?(id|name))?$",
        "arm": r"(arm|variant|treatment|treated|segment|cell|((test|experiment(al)?|treatment)[ _])?group)$",
        "cost": r"cost$",
    },
    "surveys": {
        "response_id": f"{_RESPONSE}|id$",
        "customer_id": r"(customer|client|user|member|account)[ _]?(id|no|number)?$",
        "timestamp": r"(timestamp|(response|survey|answer(ed)?|interview)[ _]?(date|time(stamp)?))$",
        "weight": r"weight$",
    },
    "customers": {"customer_id": f"{_CUSTOMER}|id$"},
}
# A contact with a time is one only if something else says so too.
_TELLING = {"interactions": {"touchpoint", "channel", "kind", "minutes", "complaint", "resolved_first_contact"}}
_RARE = 0.05
# Signs and codes of currencies as they stand in the header of an amount.
_SIGNS = {"€|(^|[^a-z])eur(os?)?([^a-z]|$)": "EUR", "£|(^|[^a-z])gbp([^a-z]|$)": "GBP",
          "us[$]|(^|[^a-z])usd([^a-z]|$)": "USD", "(^|[^a-z])chf([^a-z]|$)": "CHF"}  # fmt: skip
_CONTROL = re.compile(r"(?i)(no[ _-]|none$|control|hold[ _-]?out|placebo|0$|false$)")
_ARMS = re.compile(r"(?i)(arm|variant|treat)")
_OPINION = re.compile(
    r"(?i)(?<![a-z])(satisf|recommend|nps|netpro|promot|csat|ces$|overall|quality|safe|loyal|trust|eas[ey]|effort|likel)|"
    r"(rate|rating|score)$"
)
_OUTCOME = re.compile(r"(?i)(recommend|(?<![a-z])nps|netpro|satisf|csat|overall|loyal|(?<=\d)all$|^cus[al]\d*$)")
_NOMINAL = re.compile(
    r"(?i)(?<![a-z])(age|gender|sex|income|lang|purp|reason|times|county|country|region|zip|state|city|area|dest|gate|"
    r"code|type|method|day|month|year|date|home|strata|peak|segment|class|status|plan|tariff|group|tier|id$|no$)|"
    r"[ _](id|code|type|group|plan|status|class)$"
)
_SEGMENT = re.compile(
    r"(?i)(?<![a-z])(b?area|region|segment|plan|gender|sex|age|industry|channel|contract|tier|country|lang|purp|zone|"
    r"strata|peak|payment|department|class|zip|coach|tariff)"
)


@dataclass(frozen=True)
class Facts:
    """What is known of a column of a file.

    Attributes
    ----------
    header
        Its name.
    rows, present, distinct, numbers
        Rows, those with a value, different values, values that are numbers.
    values
        The most frequent values with their counts.
    form
        How dates are written ("" is ISO, "typed" is no text); None for what is no date.
    clock
        Whether its dates have a time of day.
    personal
        Whether it seems to tell a person.
    cancelled
        Whether some of its values begin with a C, as cancelled invoices do.
    padded
        Whether some of its values are digits with zeros in front, as codes are and numbers are not.
    """

    header: str
    rows: int
    distinct: int
    values: list[tuple[str, int]]
    numbers: int
    present: int
    form: str | None
    clock: bool
    personal: bool
    cancelled: bool
    padded: bool

    @property
    def numeric(self) -> bool:
        """Whether all values but the usual words for a gap are numbers, and none has zeros in front."""
        return self.digits and not self.padded

    @property
    def digits(self) -> bool:
        """Whether all values but the usual words for a gap are written as numbers."""
        gaps = sum(count for value, count in self.values if value.casefold() in GAPS)
        return 0 < self.numbers == self.present - gaps

    @property
    def texts(self) -> list[str]:
        """The most frequent values that are no word for a gap."""
        return [value for value, _ in self.values if value.casefold() not in GAPS]

    @property
    def telling(self) -> bool:
        """Whether nearly every row has a text of its own, as names and free remarks are: those tell a person."""
        return persons.telling(self.present, self.distinct) and not self.digits and self.form is None

    @property
    def truth(self) -> bool:
        """Whether all values are 0 and 1, or true and false."""
        return bool(self.values) and {value for value, _ in self.values} <= {"0", "1", "true", "false"}


def needed(table: str) -> list[str]:
    """The columns that a canonical table cannot do without."""
    return [name for name, field in CANONICAL[table].fields.items() if field.required]


def own_columns(facts: list[Facts], table: str) -> dict[str, str]:
    """Headers by the canonical columns of a table that they seem to be."""
    found: dict[str, str] = {}
    for name, pattern in CALLED[table].items():
        for each in facts:
            fits = re.search(rf"(?i)^({pattern})", each.header)
            if fits and each.header not in found.values() and name not in found and _may_be(each, name):
                found[name] = each.header
    return found


def _may_be(facts: Facts, name: str) -> bool:
    if name in ("duration", "amount", "weight", "price", "margin", "entry", "cost", "minutes"):
        return facts.numeric
    if name in ("timestamp", "start", "end"):
        return facts.form is not None or (name == "end" and not facts.present)  # nobody has left yet
    if name in ("event", "complaint", "resolved_first_contact"):
        return facts.distinct <= 3
    if name == "arm":  # a header that says so, or a value that is a control group's
        arms = 2 <= facts.distinct <= _MOST_ARMS
        return arms and bool(_ARMS.match(facts.header) or any(_CONTROL.match(text) for text in facts.texts))
    return name != "response_id" or facts.distinct > 0.9 * facts.rows


def table_of(facts: list[Facts]) -> str | None:
    """The canonical table that the columns look like; None when nothing speaks for one."""
    for table in ("transactions", "lifetimes", "subscriptions", "interactions"):
        own = set(own_columns(facts, table))
        if table == "transactions" and product(facts):
            return table
        if set(needed(table)) <= own and (table not in _TELLING or own & _TELLING[table]):
            return table
    rated = len(ratings(facts))
    if rated < _BATTERY and "arm" in own_columns(facts, "treatments"):
        return "treatments"
    known = "customer_id" in own_columns(facts, "customers")
    answers = any(re.search(rf"(?i)^({_RESPONSE}|weight$)", each.header) for each in facts)
    if rated >= 2 or ((rated or answers) and not known):
        return "surveys"
    return "customers" if known else None


def product(facts: list[Facts]) -> tuple[Facts, Facts] | None:
    """Quantity and price of lines of orders that have no amount."""
    own = own_columns(facts, "transactions")
    found = [next((each for each in facts if re.search(pattern, each.header) and each.numeric), None)
             for pattern in (r"(?i)^(quantity|qty|units)$", r"(?i)^(unit[ _]?)?price$")]  # fmt: skip
    if {"customer_id", "timestamp"} <= set(own) and "amount" not in own and all(found):
        return found[0], found[1]
    return None


def _scale(facts: Facts) -> tuple[int, int, list[str], list[str]] | None:
    """Lowest and highest point, codes for missing, codes for not applicable: of what looks like a rating."""
    texts = facts.texts
    if facts.padded or not 4 <= len(texts) <= _MOST_CODES or facts.distinct > _MOST_CODES or not _whole(texts):
        return None
    numbers = {float(text): text for text in texts}
    for low, high in _SCALES:
        outside = {number: text for number, text in numbers.items() if not low <= number <= high}
        points = len(numbers) - len(outside)
        if points < max(3, (high - low + 1) * 0.7) or set(outside) - _MISSING - _NOT_APPLICABLE:
            continue
        beside = [text for number, text in outside.items() if number in _NOT_APPLICABLE and high == 5]
        missing = [text for text in outside.values() if text not in beside]
        return low, high, missing, beside
    return None


def ratings(facts: list[Facts]) -> dict[str, tuple[int, int, list[str], list[str]]]:
    """The scales of ratings by header.

    Codes from 1 to 5 may be answers of any kind. They are taken for ratings where the header speaks of an opinion, or
    where several questions share their stem (Q7ART, Q7FOOD …) and scale; wider scales unless the header speaks of
    something else.
    """
    scales = {each.header: scale for each in facts if not each.personal and (scale := _scale(each))}
    batteries = Counter((_stem(header), scale[:2]) for header, scale in scales.items())

    def rated(header: str) -> bool:
        low, high = scales[header][:2]
        same = [scales[other] == scales[header] for other in scales if batteries[_stem(other), (low, high)] >= _BATTERY]
        if all(scales[header][2:]) and any(same) and not _NOMINAL.search(header):
            return True  # it has all the codes that the questions of a block have
        if _OPINION.search(header) or batteries[_stem(header), (low, high)] >= _BATTERY:
            return True
        return high - low > 4 and not _NOMINAL.search(header)

    return {header: scale for header, scale in scales.items() if rated(header)}


def _stem(header: str) -> str:
    """What questions of one block share: Q7 of Q7ART, PERQ of PERQ3, service of service_speed."""
    found = re.match(r"(?i)[a-z]+\d+(?=[a-z_ ])|[a-z_ ]+?(?=[_ ]?\d+$)|[a-z]+(?=[_ ])", header)
    return found[0].casefold() if found else header


def role(header: str) -> str:
    """Whether a rating measures what is wanted (`outcome`) or what may bring it about (`driver`)."""
    return "outcome" if _OUTCOME.search(header) else "driver"


def is_category(facts: Facts, table: str) -> bool:
    """Whether whole numbers are codes: few of them in a survey, two of them, or where the header says so."""
    if not facts.numeric:
        return facts.distinct <= MOST_CATEGORIES
    if facts.distinct > MOST_CATEGORIES or not _whole(facts.texts):
        return False
    few = facts.distinct <= _MOST_CODES and (table == "surveys" or facts.distinct == 2)
    return few or (bool(_NOMINAL.search(facts.header)) and not re.match("(?i)age$", facts.header))


def segments(named: dict[str, Facts]) -> list[str]:
    """Names of categories by which studies may split, out of those of a table."""
    found: dict[str, str] = {}  # one of each stem: Q2PURP1 to Q2PURP3 are answers to one question
    for name, facts in named.items():
        if _SEGMENT.search(facts.header) and 2 <= len(facts.texts) <= _MOST_LEVELS:
            found.setdefault(_stem(facts.header), name)
    return list(found.values())[:_MOST_SEGMENTS]


def zero_for_none(facts: Facts) -> bool:
    """Whether a rare 0 stands beside codes from 1 on, and so seems to say that there is no answer."""
    counted = {value: count for value, count in facts.values if value.casefold() not in GAPS}
    zero = sum(counted.pop(code, 0) for code in ("0", "0.0"))
    from_one = len(counted) > 1 and _whole(list(counted)) and min(float(code) for code in counted) == 1
    return bool(zero) and from_one and zero < _RARE * facts.present


def currency(facts: list[Facts], amounts: list[str]) -> tuple[str, str] | None:
    """What tells the currency: `("currency_from", a column)` or `("currency", a code)`; None without evidence."""
    for each in facts:
        codes = all(re.search("^[A-Z]{3}$", text) for text in each.texts)
        if re.search(r"(?i)(^|[ _])(currency|w(ä|ae)hrung)", each.header) and each.texts and codes:
            return "currency_from", each.header
    said = {code for header in amounts for sign, code in _SIGNS.items() if re.search(sign, header, flags=re.I)}
    return ("currency", said.pop()) if len(said) == 1 else None


def _whole(texts: list[str]) -> bool:
    return bool(texts) and all(re.search(r"^-?\d+(\.0)?$", text) for text in texts)
