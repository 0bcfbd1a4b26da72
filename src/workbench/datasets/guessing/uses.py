"""What columns may be used for, and which items of a survey are neither outcome nor driver: by their names."""

import re
from collections.abc import Sequence

from workbench.datasets.guessing.facts import Facts
from workbench.datasets.guessing.questions import Guess, Question, Reading
from workbench.datasets.guessing.yaml_text import quoted
from workbench.wording import sentence

# What an arm is called that got nothing.
CONTROL = re.compile(
    r"(?i)(no[ _-]|none$|hold[ _-]?out|placebo|0$|false$|contr[oô]l|kontroll|kein(e|er)?$|ohne|nichts$|vergleich|"
    r"grup[oe] di? control|t[ée]moin|testigo|对照)"
)
_TABLES = ("customers", "lifetimes", "treatments")
# Traits that most laws name outright: health, belief, origin, orientation.
_PROTECTED = re.compile(
    r"(?i)(?<![a-z])(race|racial|ethnic(ity)?|religion|religious|faith|disabilit(y|ies)|disabled|sexual orientation|"
    r"pregnan(t|cy)|union member(ship)?|konfession|schwerbehindert|behinderung|religión|ethnie|handicap)(?![a-z])|"
    r"民族|宗教|残疾"
)
# Traits of which it depends on the decision.
_PERHAPS = re.compile(
    r"(?i)(?<![a-z])(gender|sex|female|male|nationality|citizenship|marital( status)?|geschlecht|familienstand|"
    r"staatsangehörigkeit|sexe|género|sesso)(?![a-z])|性别|国籍|婚姻"
)
_PROXY = re.compile(
    r"(?i)(?<![a-z])(zip|zip ?code|post ?code|postal ?code|plz|postleitzahl|code postal|código postal|cap|"
    r"neighbou?rhood|first ?name|mother tongue|native language)(?![a-z])|邮编|邮政编码|籍贯"
)
_SUSPECT = re.compile(
    r"(?i)(?<![a-z])((churn|cancel(l?ed|lation)?|exit|leaving|termination) ?(reason|category|score|type|channel|"
    r"interview|comment)|retention ?(offer|call)|win ?back|final ?(bill|invoice|payment)|last ?bill|"
    r"closing ?(reason|balance))(?![a-z])|流失原因|挽留"
)
_MISSED = re.compile(r"(?i)(cost|loss) ?(of )?(a )?(missed|false negative|fn)|fn ?cost|fn")
_CONTACTED = re.compile(r"(?i)(cost|loss) ?(of )?(a )?(contact(ed)?|false positive|fp)|fp ?cost|fp")
_BEFORE = re.compile(
    r"(?i)(?<![a-z])(before|prior|previous|baseline|pre|history|historic(al)?|past|recency|last year|vorher(ige[rs]?)?|"
    r"davor|bisher(ige[rs]?)?|zuvor|vorjahr|avant|antes|prima)(?![a-z])"
)
_OUTCOME = re.compile(
    r"(?i)(?<![a-z])(visit(ed|s)?|conver(sion|ted)|spend|spent|respon(se|ded)|click(ed|s)?|bought|after|post|outcome|"
    r"result|nachher|danach|ergebnis|après|después|dopo|depois)(?![a-z])"
)
_EXPECTED = re.compile(r"(?i)expect(ed|ations?)?(?!.*(met|exceed))|erwart(et|ung)|attentes?|expectativas?|期望")
_NEEDED = re.compile(r"(?i)(?<![a-z])(importan(t|ce)|needs?|needed|wichtig(keit)?|bedarf|importancia)(?![a-z])|重要")


def use_of(facts: Facts, table: str) -> Guess:
    """The use of a column beside a table's own, as its name says: assumed, asked (nothing waits for it), or none.

    Parameters
    ----------
    facts
        What was measured of the column.
    table
        Canonical name.
    """
    name = facts.called
    if table not in _TABLES:
        return Guess()
    if table != "treatments" and facts.numeric:
        for pattern, use in ((_MISSED, "cost_missed"), (_CONTACTED, "cost_contacted")):
            if pattern.fullmatch(name):
                return Guess((f"use: {use}",), assumed=True)
    if table == "treatments":
        for pattern, use in ((_BEFORE, "before"), (_OUTCOME, "outcome")):
            if pattern.search(name):
                return Guess((f"use: {use}",), assumed=True)
    for pattern, use in ((_PROTECTED, "protected"), (_PROXY, "proxy"), (_SUSPECT, "suspect")):
        if pattern.search(name):
            return Guess((f"use: {use}",), assumed=True)
    if _PERHAPS.search(name):
        return Guess(question=_may_models())
    return Guess(question=_before_or_after()) if table == "treatments" else Guess()


def role_of(said: str) -> str:
    """The role of a rating that is no outcome, by what it is called in full.

    Parameters
    ----------
    said
        What the item is called in full.
    """
    return "expectation" if _EXPECTED.search(said) else "need" if _NEEDED.search(said) else "driver"


def dealt(initiatives: Sequence[str], arms: Sequence[str]) -> Question:
    """How customers came into the arms of a table of treatments; nothing waits for the answer.

    Parameters
    ----------
    initiatives
        Names of the initiatives, as far as they are known.
    arms
        Names of the arms.
    """
    name = quoted(initiatives[0]) if len(initiatives) == 1 else '"*"'
    control = [arm for arm in arms if CONTROL.match(arm)]
    rest = f", control: {quoted(control[0])}" if len(control) == 1 else ""
    told = {
        "randomised": sentence("chance dealt them to customers"),
        "volunteers": sentence("customers chose themselves"),
        "chosen": sentence("somebody chose the customers"),
    }
    readings = tuple(
        Reading((f"design: {{{name}: {{assignment: {assignment}{rest}}}}}",), means)
        for assignment, means in told.items()
    )
    asks = sentence("How were the arms dealt?")
    evidence = sentence("Only of what chance dealt can an effect be told; data/README.md has more ways.")
    return Question(asks, evidence, readings, waits=False)


def _before_or_after() -> Question:
    readings = (
        Reading(("use: outcome",), sentence("it came after the start: what the pilot is evaluated by")),
        Reading(("use: before",), sentence("it was known before the start: what customers are compared within")),
        Reading((), sentence("neither: it plays no part")),
    )
    asks = sentence("Was it known before the pilot, or did it come of it?")
    return Question(asks, sentence("Its name does not tell, and without use: it plays no part."), readings, waits=False)


def _may_models() -> Question:
    readings = (
        Reading(("use: protected",), sentence("no model takes it; it is read to compare how groups fare")),
        Reading((), sentence("it is a column like any other")),
    )
    asks = sentence("May models go by it?")
    return Question(asks, sentence("Its name speaks of a trait that laws protect."), readings, waits=False)
