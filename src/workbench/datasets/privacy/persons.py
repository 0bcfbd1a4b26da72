"""What seems to tell a person: by the name of a column, by the look of its values, by texts that are nearly all unlike.

Rules of thumb. `data add` drafts by them what stays out; the door warns of what enters unmarked and never quotes it.
"""

import re
import unicodedata

_NAMES = re.compile(
    r"(?i)(^|[^a-z])(e?-?mail|phone|mobile|tel(ephone)?|first_?name|last_?name|sur_?name|full_?name|name|address|street|"
    r"birth(day|date)?|dob|ssn|nino|passport|iban|identity|(national|tax|insurance|social)[ _]?(id|no|number|security)|"
    r"id[ _]?(card|no|number)|card[ _]?(no|number)|vorname|nachname|telefon(nummer)?|handy(nummer)?|adresse|"
    r"anschrift|stra(ss|ß)e|geburts(tag|datum)|ausweis(nr|nummer)?|kennzeichen|we_?chat|weixin|whats_?app|"
    r"(licen[cs]e|number)[ _]plate|bank[ _]?card|user_?name|nick_?name|contact[ _]person|handle)([^a-z]|$)|"
    r"姓名|手机|电话|身份证|证件|邮箱|地址|住址|联系人|联系方式|微信|QQ|生日|出生|车牌|护照|银行卡|卡号|昵称|称呼|收件人|收货人|户名|客户名"
)
_OF_THINGS = re.compile(
    r"(?i)(product|plan|tariff|campaign|initiative|item|brand|file|store|shop|company|category|department|segment|"
    r"group|event|city|country|region|airport|carrier|airline|station|unit|table|column)[ _]?name$|"
    r"(phone|email|mail|handle|address)_?(service|opens?|clicks?|time|count|lines?|type|minutes)$|"
    r"(型号|品牌|费|套餐|类型|次数|时长)$"
)
MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]{2,}"
# A telephone number, an account (IBAN), an identity number of Britain, the United States, China: whole values.
_NUMBERS = (
    r"(\+|00)[1-9][0-9 ()/-]{6,17}[0-9]|0[1-9][0-9]{8,9}|\(?0[1-9][0-9]*[ ()/-][0-9 ()/-]{4,14}[0-9]|1[3-9][0-9]{9}|"
    r"\(?[0-9]{1,5}\)?[ /-]+[0-9]{2,5}([ /-]+[0-9]{2,5}){0,3}[ /-]+[0-9]{3,8}|"
    r"[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|"
    r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]|"
    r"[1-9][0-9]{7}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}|[EGPegp][A-Z]?[0-9]{8}|"
    r"1[3-9][0-9][ .-][0-9]{4}[ .-][0-9]{4}|[0-9]{4}( [0-9]{4}){3}( [0-9]{1,3})?"
)
# The same within a text: mobiles, plates and addresses of China. RE2 knows no look-around.
_INSIDE = (
    r"(^|[^0-9.])1[3-9][0-9]{9}([^0-9]|$)|"
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·• ]?"
    r"[A-Z0-9]{5,6}([^A-Z0-9]|$)|"
    r"(省|市|区|县|镇).*(路|街|巷|弄|道|村|小区).*[0-9一二三四五六七八九十]+ *(号|栋|幢|室|楼)"
)
# A hundred surnames are those of 85 in 100 Chinese; a title or an initial may follow.
_CHINESE_NAME = re.compile(
    r"([王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
    r"邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文]|欧阳|司马|上官|诸葛|东方)"
    r"[一-鿿]{0,2}[ ·]?(先生|女士|小姐|太太|老师|经理|总|某+|医生|师傅|同学)?"
)
# An amount or a share: it has a sign of currency or percent, brackets, or marks between thousands.
_MONEY_SIGN = r"(US|[A-Z])?[$€£¥￥₹₽₩₺元円%万亿]|EUR|USD|GBP|CHF|JPY|CNY|RMB|SEK|NOK|DKK|PLN|INR|CAD|AUD|kr\.?|zł|Fr\.?"
AMOUNT = (
    rf"[-+−(]?[ \x{{00A0}}]*(({_MONEY_SIGN})[ \x{{00A0}}]*[-−(]?[0-9][0-9.,' ]*|"
    rf"[0-9][0-9.,' ]*[ \x{{00A0}}]*({_MONEY_SIGN})|[0-9]{{1,3}}([.,'][0-9]{{3}})+([.,][0-9]+)?|\([0-9][0-9.,]*\)|"
    r"[0-9]+,[0-9]+)[ \x{00A0}]*\)?-?"
)
_DATES = r"[0-9]{4}[-/ ][0-9]{1,2}[-/ ][0-9]{1,2}|[0-9]{1,2}[-/ ][0-9]{1,2}[-/ ]([0-9]{2}|[0-9]{4})"
_PERSONS_NAME = re.compile(r"[^\W\d_][\w'’.-]*( [^\W\d_a-z][\w'’.-]*)+")
_WIDE, _NARROW = "０１２３４５６７８９＠．－＋", "0123456789@.-+"
SAMPLE_ROWS = 20_000  # a column in which 1 of 2,000 values tells a person is found in all but 1 of 20,000 cases
_FEWEST_TEXTS = 20  # of fewer, all may differ by chance
_UNLIKE = 0.9  # share of different texts from which they are of single people: categories repeat
_CARDS = 0.5  # share of check digits that are right from which numbers are bank cards: by chance one in ten is
_MANY = 0.1  # share of numbers that look personal from which a column is personal: order numbers may look alike


def named(*headers: str) -> bool:
    """Whether the name of a column speaks of a person.

    Parameters
    ----------
    *headers
        Names of one column: in its file, and in the dataset.

    Examples
    --------
    >>> named("e-mail"), named("full_name"), named("Geburtsdatum"), named("product_name"), named("plan")
    (True, True, True, False, False)
    """
    return any(_NAMES.search(header) and not _OF_THINGS.search(header) for header in headers)


def valued(text: str, *, shared: bool = False) -> bool:
    """Whether one value looks like an address, a number or the name of a person: it is not shown.

    Parameters
    ----------
    text
        The value.
    shared
        So many rows have it that a short Chinese word is a level (高, 金卡), though a surname may begin so.

    Examples
    --------
    >>> [valued(text) for text in ("ada@example.org", "+44 7700 900123", "QQ123456C", "Ada Lovelace", "DE89370400440532013000")]
    [True, True, True, True, True]
    >>> [valued(text) for text in ("张伟", "王小明先生", "电话１３８００１３８０００", "粤B12345", "4111111111111111")]
    [True, True, True, True, True]
    >>> [valued(text) for text in ("soon", "2020-01-02", "01/02/2020", "1,5", "007", "No coach", "10000-19999", "-99")]
    [False, False, False, False, False, False, False, False]
    """  # noqa: E501
    text = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(_DATES, text):
        return False
    numbers = re.fullmatch(_NUMBERS, text) or re.search(_INSIDE, text) or _bank_card(text)
    name = _PERSONS_NAME.fullmatch(text) or (not (shared and len(text) <= 2) and _CHINESE_NAME.fullmatch(text))
    return bool(re.search(MAIL, text) or numbers or name)


def is_row(text: str) -> bool:
    """Whether a text in the place of a column's name tells a person and names no column that does ("Customer name").

    Parameters
    ----------
    text
        Out of the first line of a file.
    """
    return valued(text) and not named(text)


def _bank_card(text: str) -> bool:
    """Whether 16 to 19 digits carry the check digit of ISO/IEC 7812 (Luhn): by chance one number in ten does."""
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 16 <= len(digits) <= 19):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def counts(column: str) -> str:
    """SQL aggregates over a column of texts: values, different ones, those with an e-mail address, personal numbers.

    Parameters
    ----------
    column
        Its name in SQL.
    """
    narrow = f"translate({column}, '{_WIDE}', '{_NARROW}')"
    number = (
        f"(regexp_full_match({narrow}, $numbers) AND NOT regexp_full_match({narrow}, $dates)) "
        f"OR regexp_matches({narrow}, $inside)"
    )
    cards = f"count(*) FILTER ({_card_in_sql(narrow)})"
    return (
        f"count({column}), count(DISTINCT {column}), "
        f"count(*) FILTER (contains({narrow}, '@') AND regexp_matches({narrow}, $mail)), "
        f"count(*) FILTER ({number}) + CASE WHEN {cards} > {_CARDS} * count({column}) THEN {cards} ELSE 0 END"
    )


def _card_in_sql(text: str) -> str:
    """`_bank_card` of a text that SQL gives."""
    digits = f"regexp_replace({text}, '[ -]', '', 'g')"
    doubled = (
        f"list_transform(string_split(reverse({digits}), ''), lambda x, i: TRY_CAST(x AS INTEGER) * (1 + (i - 1) % 2))"
    )
    total = f"list_sum(list_transform({doubled}, lambda x: x - 9 * CAST(x > 9 AS INTEGER)))"
    return f"CASE WHEN regexp_full_match({digits}, '[0-9]{{16,19}}') THEN {total} % 10 = 0 ELSE false END"


def amounts(column: str) -> str:
    """An SQL aggregate over a column of texts: those that are amounts of money or shares (`$amount`: `AMOUNT`).

    Parameters
    ----------
    column
        Its name in SQL.
    """
    return f"count(*) FILTER (regexp_full_match({column}, $amount))"


PATTERNS = {"numbers": _NUMBERS, "inside": _INSIDE, "dates": _DATES, "mail": MAIL}


def telling(present: int, distinct: int) -> bool:
    """Whether nearly every row has a text of its own, as names and free remarks do.

    Parameters
    ----------
    present
        How many values there are.
    distinct
        How many different values there are.
    """
    return present >= _FEWEST_TEXTS and distinct > _UNLIKE * present


def frequent(present: int, mails: int, numbers: int) -> bool:
    """Whether addresses or personal numbers are among the values: one address is enough, numbers may look alike.

    Parameters
    ----------
    present
        How many values there are.
    mails
        How many values are e-mail addresses.
    numbers
        How many values look like personal numbers.
    """
    return bool(mails) or numbers > _MANY * present
