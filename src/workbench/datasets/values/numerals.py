"""Numbers as people write them: with signs of currencies, marks between thousands, brackets for less than nothing.

One pattern serves DuckDB (RE2) and Python, so that what the door reads is what a draft expects it to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

# Plain decimal notation: no thousands marks, hexadecimals, "nan" or "inf".
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
PERCENT_UNITS, SHARE_UNIT = ("%", "percent"), "share"
_B = "[ \t\u00a0\u2009\u202f]*"  # blanks of every kind
_MINUS = "[-−–]"
_MARKS = {" ": "[ \u00a0\u2009\u202f]", "'": "['’]", "’": "['’]"}
# Words for powers of ten behind a number. 12m may be twelve months, so m is one of money alone.
_POWERS = {"百": 1e2, "千": 1e3, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "k": 1e3, "K": 1e3}
_POWERS_OF_MONEY = _POWERS | {"m": 1e6, "M": 1e6}
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP")
_SIGNS = {
    "EUR": "€|euros?",
    "GBP": "£",
    "JPY": "¥|￥|円",
    "CNY": "¥|￥|元|圆|RMB",
    "INR": "₹|Rs\\.?",
    "RUB": "₽|руб\\.?",
    "KRW": "₩|원",
    "TRY": "₺|TL",
    "VND": "₫",
    "THB": "฿",
    "UAH": "₴",
    "ILS": "₪",
    "SEK": "kr\\.?",
    "NOK": "kr\\.?",
    "DKK": "kr\\.?",
    "PLN": "zł",
    "CHF": "Fr\\.?|SFr\\.?",
    "CZK": "Kč",
    "HUF": "Ft",
    "BRL": "R\\$",
    "ZAR": "R",
    "PHP": "₱",
    "NGN": "₦",
}
_ANY_SIGN = "[A-Z]{0,3}\\$|" + "|".join(dict.fromkeys(_SIGNS.values())) + "|[A-Z]{3}"


@dataclass(frozen=True)
class Style:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal, thousands
        The marks; no mark between thousands where it is empty.
    money
        Whether signs of currencies may stand beside them.
    currency
        The one currency whose signs they are; empty: of any.
    percent
        What 12% is: 1 (12), 0.01 (0.12), or None: no number.
    """

    decimal: str = "."
    thousands: str = ""
    money: bool = False
    currency: str = ""
    percent: float | None = None

    @property
    def _body(self) -> str:
        point = re.escape(self.decimal)
        whole = "[0-9]+"
        if self.thousands:
            mark = _MARKS.get(self.thousands, re.escape(self.thousands))
            whole = f"[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+"
        return f"(?:{whole})(?:{point}[0-9]+)?"

    @property
    def _sign(self) -> str:
        if not self.money:
            return ""
        if not self.currency:
            return f"(?:{_ANY_SIGN})?"
        signs = [self.currency, *([_SIGNS[self.currency]] if self.currency in _SIGNS else [])]
        if self.currency in _DOLLARS:
            signs.append(f"(?:{self.currency[:2]}|{self.currency[0]})?\\$")
        return f"(?:{'|'.join(signs)})?"

    @property
    def _powers(self) -> dict[str, float]:
        return _POWERS_OF_MONEY if self.money else _POWERS

    @property
    def pattern(self) -> str:
        """Of a whole value; its two groups are the word for a power of ten."""
        sign, body, after = self._sign, self._body, f"([{''.join(self._powers)}]?)"
        end = f"(?:{sign}|%)" if self.percent is not None else sign
        plain = f"[-+−–]?{_B}{sign}{_B}[-+−–]?{_B}{body}{_B}{after}{_B}{end}{_B}{_MINUS}?"
        bracketed = f"{sign}{_B}\\({_B}{sign}{_B}{body}{_B}{after}{_B}{end}{_B}\\){_B}{end}"
        return f"^(?:{plain}|{bracketed})$"

    def read(self, text: ir.StringValue) -> ir.FloatingValue:
        """What texts say; missing where they are no number.

        Parameters
        ----------
        text
            Values as text.
        """
        plain = text if self.decimal == "." else _point(text, self.decimal)
        fast = plain.re_search(NUMBER) if not self.thousands else _unmarked(plain, text, self.thousands)
        digits = text.re_extract(f"({self._body})", 1)
        digits = digits.re_replace(f"[^0-9{re.escape(self.decimal)}]", "").replace(self.decimal, ".")
        value = digits.try_cast("float64")
        value = ibis.ifelse(text.re_search(f"\\(|{_MINUS}"), -value, value)
        power = text.re_extract(self.pattern, 1) + text.re_extract(self.pattern, 2)
        value *= ibis.cases(*((power == word, size) for word, size in self._powers.items()), else_=1.0)
        if self.percent not in (None, 1):
            value = ibis.ifelse(text.contains("%"), value * self.percent, value)
        # The plain form is the rule; the others cost ten times more and are tried where it fails.
        return ibis.cases((fast, plain.try_cast("float64")), (text.re_search(self.pattern), value))

    def fits(self, text: str) -> bool:
        """Whether a text is a number.

        Parameters
        ----------
        text
            Values as text.

        Examples
        --------
        >>> Style(thousands=",", money=True).fits("($1,594.63)"), Style(money=True, currency="USD").fits("€12")
        (True, False)
        """
        return bool(re.search(NUMBER, text) if self.decimal == "." else False) or bool(re.search(self.pattern, text))


def _point(text: ir.StringValue, decimal: str) -> ir.StringValue:
    return ibis.ifelse(text.contains("."), "", text.replace(decimal, "."))


def _unmarked(plain: ir.StringValue, text: ir.StringValue, thousands: str) -> ir.BooleanValue:
    """Whether a number is plain and has no mark between thousands, which would be read as another."""
    return plain.re_search(NUMBER) & ~text.contains(thousands)


# Marks of thousands and of decimals, those that need the fewest keys first.
_STYLES = (("", ","), (",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("'", ","))
_EITHER = 'thousands: "," (1,594 is 1594) or decimal: "," (1,594 is 1.594)'


def what_to_write(texts: Iterable[str], style: Style, *, kind: str) -> list[str]:
    """The lines of a dataset.yaml with which all of some texts would be numbers; none where no line helps.

    Parameters
    ----------
    texts
        Values that are no numbers as the column is declared.
    style
        How it is declared.
    kind
        Its type.

    Examples
    --------
    >>> what_to_write(["$1,594.63"], Style(), kind="number")
    ['type: money', 'thousands: ","']
    >>> what_to_write(["1.594,63 €"], Style(money=True, currency="EUR"), kind="money")
    ['decimal: ","', 'thousands: "."']
    >>> what_to_write(["12%"], Style(), kind="number")
    ['unit: "%" (12% is 12) or unit: share (12% is 0.12)']
    """
    found = list(dict.fromkeys(texts))
    if not found:
        return []
    asked = any("%" in text for text in found) and style.percent is None
    percent = 1.0 if asked and kind == "number" else style.percent
    said = ['unit: "%" (12% is 12) or unit: share (12% is 0.12)'] if asked and percent else []
    for money in dict.fromkeys((style.money, True)):
        currency = style.currency if style.money else ""
        marks = [
            (thousands, decimal)
            for thousands, decimal in dict.fromkeys(((style.thousands, style.decimal), *_STYLES))
            if all(Style(decimal, thousands, money, currency, percent).fits(text) for text in found)
        ]
        if not marks:
            continue
        thousands, decimal = marks[0]
        lines = ["type: money"] if money and not style.money else []
        if {("", ","), (",", ".")} <= set(marks) and marks[0] != (style.thousands, style.decimal):
            return [*lines, _EITHER, *said]
        lines += [f'decimal: "{decimal}"'] if decimal != style.decimal else []
        lines += [f'thousands: "{thousands}"'] if thousands != style.thousands else []
        return [*lines, *said]
    return []
