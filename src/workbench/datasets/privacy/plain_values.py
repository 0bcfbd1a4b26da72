"""Values that a message may repeat, for they tell nobody, and what others look like."""

import re
import unicodedata

from workbench.datasets.privacy.persons import AMOUNT, valued
from workbench.wording import plural

# Words that stand for no value or for a truth: whoever mends a file must see them.
_WORDS = """
- -- . ? ?? / # * n/a na nan nil none null missing unknown undefined tbd tba tbc blank empty inf infinity soon never
always open today now maybe yes no true false y n t f ja nein oui non si sì #n/a #null! #value! #ref! #div/0!
是 否 无 有 空 暂无 未知 不详
"""
_PLAIN_WORDS = frozenset(_WORDS.split())
_CODES = """
AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS INR JPY KRW MXN NOK NZD PLN RMB RON SEK SGD THB TRY TWD USD ZAR
"""
_CURRENCIES = frozenset(_CODES.split())
_AMOUNT = AMOUNT.replace(r"\x{00A0}", "\u00a0")  # RE2 writes code points otherwise
_NUMBER = re.compile(
    rf"(?i)[<>≤≥~≈±]?({_AMOUNT})|[<>≤≥~≈±]?[-+−(]?[0-9][0-9.,' _]{{0,17}}(e[-+]?[0-9]+)?\)?[+-]?( ?[%‰°]|"
    r" ?(days?|weeks?|months?|years?|hours?|min(utes)?|sec(onds)?|[dwmyhsk]|pts?|kg|gb|mb|天|月|年|周|小时|分钟|元))?"
)
_MOMENT = re.compile(
    r"(?i)[0-9]{1,4}[-/. 年]([0-9]{1,2}|[a-zäöüéû]{3,9}\.?)[-/. 月][0-9]{1,4}日?([ t][0-9:.,+z -]*( ?[ap]m)?)?|"
    r"[0-9]{1,2}:[0-9]{2}(:[0-9.]+)?( ?[ap]m)?"
)


def harmless(text: str) -> bool:
    """Whether a value can be shown whoever it is of: a plain number or moment, or a word for none.

    Parameters
    ----------
    text
        The value.

    Examples
    --------
    >>> [harmless(text) for text in ("1,234.5", "-99", "€ 12", "2020-13-01", "1 Feb 2020 10:00", "n/a", "12 months")]
    [True, True, True, True, True, True, True]
    >>> [harmless(text) for text in ("Ada", "张伟", "Gold", "13800138000", "A-17")]
    [False, False, False, False, False]
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if valued(text):
        return False
    known = text.casefold() in _PLAIN_WORDS or text in _CURRENCIES
    return len(text) < 2 or known or bool(_NUMBER.fullmatch(text) or _MOMENT.fullmatch(text))


def shape(text: str) -> str:
    """What a value looks like, for a message that does not repeat it.

    Parameters
    ----------
    text
        The value.

    Examples
    --------
    >>> shape("张伟"), shape("Ada"), shape("A-17"), shape("A")
    ('2 characters, Chinese', '3 letters', '4 characters', '1 letter')
    """
    if re.fullmatch(r"[\u3400-\u9fff·]+", text):
        return plural("{n} character, Chinese", "{n} characters, Chinese", len(text))
    if text.isalpha():
        return plural("{n} letter", "{n} letters", len(text))
    return plural("{n} character", "{n} characters", len(text))
