"""Which canonical table a file is, and which of its columns are the table's own."""

import re
from collections.abc import Mapping, Sequence

from workbench.datasets.definitions.canonical import CANONICAL
from workbench.datasets.guessing import truths
from workbench.datasets.guessing.facts import MOST_CATEGORIES, Facts
from workbench.datasets.guessing.uses import CONTROL
from workbench.datasets.guessing.vocabulary.names import JOINED, NAMES, STATUS, STILL_HERE
from workbench.wording import listing, sentence, shown

# A contact with a time is one only if something else says so too.
_TELLING = {"interactions": {"touchpoint", "channel", "kind", "minutes", "complaint", "resolved_first_contact"}}
_MOST_ARMS = 10  # of an initiative; a column with more values is something else
_BATTERY = 3  # ratings on one scale that make a survey
_REPEATED = 0.95  # different ids a row, below which ids repeat
_ONE_ROW = 0.9  # different ids a row, from which a table has a row a customer and some twice
_ARMS = re.compile(r"(?i)(arm|variant|treat)")
_OF_INITIATIVES = (
    "expected_lift",
    "lift_sd",
    "fixed_cost",
    "cost_per_customer",
    "reach",
    "cost_per_month",
    "ramp_months",
    "half_life_months",
)
_NUMBERS = (*_OF_INITIATIVES, "duration", "amount", "weight", "price", "margin", "entry", "cost", "minutes", "value")
_SHORT = re.compile(
    r"(?i)(^|[^a-z])(sec(ond)?s?|min(ute)?s?|hours?|sekunden|minuten|stunden|secondes|heures)([^a-z]|$)|秒|分钟|小时"
)
_MAIL = r"(?i)e-?mail|邮箱|邮件|メール"
_QUANTITY = r"quantity|qty|units|menge|anzahl|stück|quantité|cantidad|quantità|quantidade|aantal|数量|件数"
_UNIT_PRICE = r"(unit )?price|(einzel|stück)?preis|prix( unitaire)?|precio( unitario)?|prezzo( unitario)?|单价|価格"


def needed(table: str) -> list[str]:
    """The columns that a canonical table cannot do without.

    Parameters
    ----------
    table
        Canonical name.
    """
    return [name for name, field in CANONICAL[table].fields.items() if field.required]


def own_columns(facts: Sequence[Facts], table: str) -> dict[str, str]:
    """Headers by the canonical columns of a table that they seem to be.

    Parameters
    ----------
    facts
        What was measured of each column.
    table
        Canonical name.
    """
    found: dict[str, str] = {}
    for name, patterns in NAMES[table].items():
        for pattern in patterns:
            hits = [
                each
                for each in facts
                if re.fullmatch(pattern, each.called)
                and each.header not in found.values()
                and _may_be(each, name, table)
            ]
            if hits:
                found[name] = hits[0].header
                break
    if table in ("lifetimes", "transactions") and "customer_id" not in found:
        bare = [each for each in facts if each.called == "id" and each.header not in found.values()]
        if bare and (table == "lifetimes" or bare[0].unique < _REPEATED):
            found["customer_id"] = bare[0].header
    if table == "transactions" and "customer_id" not in found:  # shops often know customers by their address alone
        mails = [each for each in facts if re.search(_MAIL, each.called) and each.personal and each.unique < _REPEATED]
        found |= {"customer_id": mails[0].header} if len(mails) == 1 else {}
    if table == "subscriptions" and "end" in found and "start" not in found:
        joined = [each for each in facts if re.fullmatch(JOINED, each.called) and _may_be(each, "start", table)]
        found |= {"start": joined[0].header} if joined else {}
    if table == "lifetimes" and "event" not in found:
        for pattern, fits in (
            (STILL_HERE, lambda each: _may_be(each, "event", table)),
            (STATUS, truths.speaks),
            (STATUS, _two),
            (r".*", truths.says),
        ):
            hits = [each for each in facts if re.fullmatch(pattern, each.called) and fits(each)]
            if hits:
                found["event"] = hits[0].header
                break
    return found


def _two(facts: Facts) -> bool:
    return facts.distinct == 2 and not facts.personal


def _may_be(facts: Facts, name: str, table: str) -> bool:
    if name == "duration" and _SHORT.search(facts.header):
        return False  # of a call or an interview
    if name in _NUMBERS:
        money = facts.notation is not None and not facts.notation.percent
        return (facts.numeric or money) and facts.dates is None
    if table == "initiatives" and name == "start":
        return facts.numeric  # months from now
    if name in ("timestamp", "start", "end"):
        return facts.dates is not None or (name == "end" and not facts.present)  # nobody has left yet
    if name == "measure":
        return not facts.numeric and facts.distinct <= MOST_CATEGORIES and facts.dates is None
    if name in ("event", "complaint", "resolved_first_contact", "outbound", "opt_out"):
        return 1 <= len(facts.texts) <= 3 and facts.dates is None
    if name == "arm":  # a header that says so, or a value that is a control group's
        arms = 2 <= facts.distinct <= _MOST_ARMS
        return arms and bool(_ARMS.match(facts.header) or any(CONTROL.match(text) for text in facts.texts))
    if name == "response_id":  # doubles are told, and do not make it another thing
        return facts.unique > (_ONE_ROW if facts.called == "id" else 0.5)
    if table == "customers" and facts.called == "id":
        return facts.unique > _ONE_ROW
    if name == "customer_id":
        return facts.dates is None or facts.dates.numeric
    return True


def table_of(facts: Sequence[Facts], rated: int, *, asked: bool = False) -> str | None:
    """The canonical table that the columns look like; None when nothing speaks for one.

    Parameters
    ----------
    rated
        How many of the columns are ratings.
    asked
        Whether one of them asks for a recommendation, or for satisfaction.
    facts
        What was measured of each column.
    """
    if {"initiative", "expected_lift"} <= set(own_columns(facts, "initiatives")):
        return "initiatives"
    dealt = own_columns(facts, "treatments")
    if rated < _BATTERY and {"customer_id", "initiative", "arm"} <= set(dealt):
        return "treatments"  # a span beside an initiative and an arm is no contract
    spans = own_columns(facts, "subscriptions")
    if {"customer_id", "start", "end"} <= set(spans):
        return "subscriptions"
    for table in ("usage", "transactions", "lifetimes", "subscriptions", "interactions"):
        own = set(own_columns(facts, table))
        if table == "transactions" and product(facts):
            return table
        wanted = set(needed(table)) | ({"customer_id"} if table == "transactions" else set())
        if wanted <= own and (table not in _TELLING or own & _TELLING[table]):
            return table
    if rated < _BATTERY and "arm" in own_columns(facts, "treatments"):
        return "treatments"
    who = own_columns(facts, "customers").get("customer_id")
    known = who is not None and not (asked and who.casefold() == "id")
    answers = any(name in own_columns(facts, "surveys") for name in ("response_id", "weight"))
    if rated and asked and {"customer_id", "timestamp"} <= set(own_columns(facts, "surveys")):
        return "surveys"  # customers asked on days, be it again and again
    explicit = own_columns(facts, "surveys").get("response_id", "id").casefold() != "id"
    if rated >= 2 or ((rated or explicit or (answers and not known)) and not known):
        return "surveys"
    return "customers" if who is not None and _one_row_each(facts) else None


def _one_row_each(facts: Sequence[Facts]) -> bool:
    header = own_columns(facts, "customers")["customer_id"]
    return next(each for each in facts if each.header == header).unique > _ONE_ROW


def product(facts: Sequence[Facts]) -> tuple[Facts, Facts] | None:
    """Quantity and price of lines of orders that have no amount.

    Parameters
    ----------
    facts
        What was measured of each column.
    """
    own = own_columns(facts, "transactions")
    quantity, price = (
        next((each for each in facts if re.fullmatch(pattern, each.called) and each.numeric), None)
        for pattern in (_QUANTITY, _UNIT_PRICE)
    )
    if quantity is None or price is None or not {"customer_id", "timestamp"} <= set(own):
        return None
    return (quantity, price) if own.get("amount") in (None, price.header) else None


def nearest(facts: Sequence[Facts]) -> list[str]:
    """Which tables the columns come nearest to, best first: what was found for each, and what it lacks.

    Parameters
    ----------
    facts
        What was measured of each column.
    """
    scored = []
    for table in NAMES:
        own = own_columns(facts, table)
        wanted = needed(table) or ["response_id"]
        lacking = [name for name in wanted if name not in own]
        if own:
            scored.append((len(lacking), -len(own), table, own, lacking))
    told = []
    for _, _, table, own, lacking in sorted(scored, key=lambda each: each[:2])[:3]:
        known: Mapping[str, str] = dict(list(own.items())[:4])
        found = listing([f"{name} ← {shown(header)}" for name, header in known.items()])
        if lacking:
            template = "{table} comes near: {found}; it lacks {lacking}."
            told.append(sentence(template, table=table, found=found, lacking=listing(lacking)))
        else:
            told.append(sentence("{table} comes near: {found}.", table=table, found=found))
    return told


def repeated(facts: Sequence[Facts]) -> Facts | None:
    """The column that looks like the id of a customer and stands in several rows; None where there is none.

    Parameters
    ----------
    facts
        What was measured of each column.
    """
    own = own_columns(facts, "subscriptions")
    header = own.get("customer_id") or next((each.header for each in facts if each.called == "id"), None)
    found = next((each for each in facts if each.header == header), None)
    return found if found is not None and found.unique <= _ONE_ROW else None
