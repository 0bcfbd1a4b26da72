"""What is drafted for one column: its keys, whether they hold an assumption, and what must be asked."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.datasets.definitions.canonical import CANONICAL, TIME_UNITS
from workbench.datasets.definitions.uses import NOT_BY_DEFAULT
from workbench.datasets.guessing import gaps, items, truths, uses
from workbench.datasets.guessing.facts import MOST_CATEGORIES, Facts
from workbench.datasets.guessing.items import NOMINAL, Item
from workbench.datasets.guessing.questions import Guess, Question, Reading
from workbench.datasets.guessing.vocabulary.words import UNDONE
from workbench.datasets.guessing.yaml_text import listed, quoted
from workbench.wording import listing, number, sentence, shown

_MOST_CODES = 14  # different values up to which a column without a type may hold codes
_MOST_SEGMENTS = 6  # columns that are drafted as segments: each is a comparison of the report
_MOST_LEVELS = 20  # of a segment: with more, groups become too small to compare
_RARE = 0.05  # share of rows: a 0 that is rarer, on a scale that begins with 1, is a code for none
_WIDTH = 110  # characters of a line of dataset.yaml
# Beyond so many units a duration is none of customers, or of another unit.
_MOST = {"days": 120 * 365, "weeks": 120 * 52, "months": 240, "years": 60}
_UNITS = {
    "days": r"days?|tage?n?|jours?|días|giorni|dias|dagen|天数?|日数",
    "weeks": r"weeks?|wochen?|semaines?|semanas?|settimane|weken|周数?|週",
    "months": r"months?|mths?|mos|monate?n?|mois|meses|mesi|maanden|月数?|月份数|ヶ月",
    "years": r"years?|yrs?|jahre?n?|ans|années|años|anni|anos|jaren|年限|年数?",
}
SEGMENT = re.compile(
    r"(?i)(?<![a-z])(b?area|region|segment|plan|gender|sex|age|industry|channel|contract|tier|country|lang|purp|zone|"
    r"strata|peak|payment|department|class|zip|coach|tariff|geschlecht|land|branche|kanal|sexe|pays|canal|"
    r"género|país|sector)|"
    r"地区|区域|性别|渠道|套餐|行业|等级|城市|省份"
)


@dataclass(frozen=True)
class Column:
    """A column as drafted.

    Attributes
    ----------
    name
        In the canonical table.
    facts
        What is known of it.
    own
        Whether it is one of the table's own.
    keys
        Its keys besides `from` and `missing`.
    missing
        Its words and codes for no value.
    assumed
        Whether the keys hold an assumption that a person confirms.
    questions
        What must be answered first.
    """

    name: str
    facts: Facts
    own: bool = False
    keys: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    assumed: bool = False
    questions: tuple[Question, ...] = ()
    label: str = field(default="")

    @property
    def kind(self) -> str:
        """Whether it is drafted as a category or truth ("level"), or as something else ("")."""
        return "level" if any(key in ("type: boolean", "type: category") for key in self.keys) else ""


def column(
    facts: Facts, name: str, table: str, *, own: bool, item: Item | None, others: Sequence[Facts], label: str = ""
) -> Column:
    """The draft of one column.

    Parameters
    ----------
    name, table
        Its canonical name and table.
    own
        Whether it is one of the table's own columns.
    item
        What it rates, if it does.
    others
        The other columns of the file.
    label
        What a second row of names calls it.
    facts
        What was measured of the column.
    """
    made = Column(name, facts, own, label=label)
    if facts.personal or (facts.telling and not own and item is None and facts.notation is None):
        return replace(made, keys=("personal: pseudonym" if own else "personal: drop",), assumed=True)
    if own:
        return _own(made, table, others)
    if item is not None:
        return _rated(made, item)
    if facts.dates is not None:
        dated = _dated(made)
        return replace(dated, keys=(*dated.keys, "type: timestamp" if facts.clock else "type: date"))
    return _with(_of_no_name(made, table, others), uses.use_of(facts, table))


def _of_no_name(made: Column, table: str, others: Sequence[Facts]) -> Column:
    """A column that the table has no name for and that is neither personal, nor a rating, nor a date."""
    facts = made.facts
    if facts.truth:
        return _with_gaps(replace(made, keys=("type: boolean",)), gaps.of_numbers(facts))
    if table == "treatments" and (told := truths.yes_or_no(facts)) is not None:
        return _with(made, told)  # a share can be told of it, where it came of the pilot
    if mark := items.splits(facts):
        return _with_gaps(replace(made, keys=(f'split: "{mark}"',), assumed=True), gaps.of_texts(facts, others))
    if is_category(facts, table):
        made = _coded(replace(made, keys=("type: category",)), others)
        return replace(made, questions=(*made.questions, *_undone(facts, others))) if table == "transactions" else made
    if facts.numeric:
        return _number(made)
    if facts.notation is not None and not facts.telling:
        return _number(made)
    kind = "type: category" if facts.distinct <= MOST_CATEGORIES else "type: text"
    return _with_gaps(replace(made, keys=(kind,)), gaps.of_texts(facts, others))


def _undone(facts: Facts, others: Sequence[Facts]) -> tuple[Question, ...]:
    """Whether orders that came to nothing count: asked where no amount takes them back."""
    words = [text for text in facts.texts if text.casefold() in UNDONE]
    if not words or len(words) == len(facts.texts):
        return ()
    if any(each.lowest is not None and each.lowest < 0 for each in others):
        return ()
    told = listing([f"{shown(text)} {number(facts.counts[text])}" for text in words])
    but = ", ".join("'" + text.replace("'", "''") + "'" for text in words)
    column = '"' + facts.header.replace('"', '""') + '"'
    asks = sentence("Do orders that came to nothing count as purchases?")
    evidence = sentence(
        "Rows: {told}, and no amount is negative. To leave them out write on the table sql: SELECT * FROM rows WHERE "
        "{column} NOT IN ({but}), and take the question away. To count them take it away.",
        told=told,
        column=column,
        but=but,
    )
    return (Question(asks, evidence),)


def _own(made: Column, table: str, others: Sequence[Facts]) -> Column:
    facts, kind = made.facts, CANONICAL[table].fields[made.name].kind
    if kind in ("date", "timestamp"):
        return _dated(made)
    if kind == "boolean":
        guess = truths.event(facts) if made.name == "event" else truths.truth(facts)
        return _with_gaps(_with(made, guess), gaps.of_numbers(facts))
    if made.name == "duration":
        made = _with(made, unit_of(facts))
    if made.name == "weight":
        made = replace(made, keys=("weighting: survey",), assumed=True)
    if kind in ("number", "money"):
        return _with_gaps(made, gaps.of_numbers(facts))
    if kind == "category":
        return _with_gaps(made, gaps.of_texts(facts, others))
    words = tuple(value for value, count in facts.values if gaps.is_gap(value) and value.casefold() in gaps.GAPS)
    bare = facts.called == "id" and made.name == "customer_id" and table != "customers"
    return replace(made, missing=words, assumed=made.assumed or bool(words) or bare)


def unit_of(facts: Facts) -> Guess:
    """The unit of a duration: by its name; by its size where that leaves one; else a question.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    header = facts.header.casefold()
    for unit, words in _UNITS.items():
        if re.search(rf"(^|[^a-zà-ÿ])({words})([^a-zà-ÿ]|$)", header) or (
            re.search(rf"({words})$", header) and not header.isascii()
        ):
            return Guess((f"unit: {unit}",))
    longest = facts.highest
    if longest is None or longest <= _MOST["months"]:
        return Guess(("unit: months",), assumed=True)
    asks = sentence("In which unit is this duration?")
    evidence = sentence("The longest is {n}.", n=number(longest))
    a_year = {"days": 365.25, "weeks": 52.18, "months": 12.0, "years": 1.0}
    readings = tuple(
        Reading((f"unit: {unit}",), sentence("the longest is {n} years", n=f"{longest / a_year[unit]:.1f}"))
        for unit in TIME_UNITS
        if longest / a_year[unit] <= 101
    )
    return Guess(question=Question(asks, evidence, readings))


def _rated(made: Column, item: Item) -> Column:
    questions = [each for each in (item.scale.question, item.question) if each is not None]
    keys = [key for key in item.keys if not key.startswith("missing: ")]
    if item.scale.question is not None:
        # What the question decides is not written yet.
        keys = [key for key in keys if key.partition(":")[0] in ("direction", "role", "measure")]
        if not item.scale.question.readings:
            keys = [*(key for key in item.keys if key.startswith(("scale", "values"))), *keys]
    missing = () if item.scale.question and item.scale.question.readings else item.scale.missing
    return replace(made, keys=tuple(keys), missing=missing, assumed=True, questions=tuple(questions))


def _dated(made: Column) -> Column:
    dates = made.facts.dates
    if dates is None:
        return made
    missing = (*(value for value, _ in made.facts.values if gaps.is_gap(value)), *(text for text, _ in dates.codes))
    keys: tuple[str, ...] = ()
    if dates.formats and dates.question is None:
        forms = ", ".join(f'"{form}"' if "%" in form else form for form in dates.formats)
        keys = (f"format: {forms if len(dates.formats) == 1 else f'[{forms}]'}",)
    assumed = dates.assumed or bool(missing)
    questions = (dates.question,) if dates.question else ()
    return replace(made, keys=keys, missing=tuple(missing), assumed=assumed, questions=questions)


def _coded(made: Column, others: Sequence[Facts]) -> Column:
    guess = gaps.of_numbers(made.facts) if made.facts.numeric else gaps.of_texts(made.facts, others)
    return _with_gaps(made, guess)


def _number(made: Column) -> Column:
    written = made.facts.notation
    made = _with_gaps(made, gaps.of_numbers(made.facts))
    if written is None:
        return replace(made, keys=("type: number",))
    rest = tuple(text for text, _ in written.rest)
    keys: tuple[str, ...] = ("type: number", 'unit: "%"') if written.percent else ("type: number",)
    if written.currency:
        keys = ("type: money", f"currency: {written.currency}")
    return replace(made, keys=keys, missing=(*made.missing, *rest), assumed=True)


def _with(made: Column, guess: Guess) -> Column:
    questions = (*made.questions, *([guess.question] if guess.question else []))
    return replace(made, keys=(*made.keys, *guess.keys), assumed=made.assumed or guess.assumed, questions=questions)


def _with_gaps(made: Column, guess: Guess) -> Column:
    """With the words for a gap, which `missing:` lists."""
    missing = tuple(text for key in guess.keys for text in codes(key))
    made = _with(made, replace(guess, keys=()))
    return replace(made, missing=(*made.missing, *missing))


def codes(key: str) -> list[str]:
    """The texts of a key `missing: […]`.

    Parameters
    ----------
    key
        A line `missing: […]`.
    """
    import yaml

    return [str(value) for value in yaml.load(key, yaml.BaseLoader)["missing"]]  # noqa: S506 - texts alone


def is_category(facts: Facts, table: str) -> bool:
    """Whether whole numbers are codes: few of them in a survey, two of them, or where the header says so.

    Parameters
    ----------
    facts
        What was measured of the column.
    table
        Canonical name.
    """
    if not facts.numeric:
        return facts.distinct <= MOST_CATEGORIES and facts.notation is None
    if facts.distinct > MOST_CATEGORIES or not all(re.search(r"^-?\d+(\.0)?$", text) for text in facts.texts):
        return False
    few = facts.distinct <= _MOST_CODES and (table == "surveys" or facts.distinct == 2)
    return few or (
        bool(NOMINAL.search(facts.header))
        and not re.search("(?i)^age$|quantity|qty|count|number|amount|price|size|duration", facts.header)
    )


def segments(columns: Iterable[Column]) -> list[str]:
    """Names of categories by which studies may split, out of those of a table.

    Parameters
    ----------
    columns
        Drafts of the table's columns.
    """
    found: dict[str, str] = {}  # one of each stem: Q2PURP1 to Q2PURP3 are answers to one question
    for each in columns:
        if SEGMENT.search(each.facts.header) and 2 <= len(each.facts.texts) <= _MOST_LEVELS and not kept_back(each):
            found.setdefault(items.stem(each.facts.header), each.name)
    return list(found.values())[:_MOST_SEGMENTS]


def kept_back(made: Column) -> bool:
    """Whether the use of a column keeps it out of studies that do not ask for it.

    Parameters
    ----------
    made
        The drafted column.
    """
    return any(f"use: {use}" in made.keys for use in NOT_BY_DEFAULT)


def zero_for_none(facts: Facts) -> bool:
    """Whether a rare 0 stands beside codes from 1 on, and so seems to say that there is no answer.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    counted = {value: count for value, count in facts.values if not gaps.is_gap(value)}
    zero = sum(counted.pop(code, 0) for code in ("0", "0.0"))
    whole = all(re.search(r"^-?\d+(\.0)?$", text) for text in counted)
    from_one = len(counted) > 1 and whole and min(float(code) for code in counted) == 1
    return bool(zero) and from_one and zero < _RARE * facts.present


def line(made: Column, shared: Iterable[str], mark: str) -> list[str]:
    """A column in dataset.yaml; `shared` are the words for a gap that the table lists.

    Parameters
    ----------
    made
        The drafted column.
    shared
        Words for a gap that the table lists.
    mark
        How a line ends that holds a guess.
    """
    source = f"from: {quoted(made.facts.header)}"
    missing = [code for code in dict.fromkeys(made.missing) if code not in set(shared)]
    keys = list(made.keys)
    if missing:
        first = sum(key.startswith(("scale", "values")) for key in keys) if "role:" in " ".join(keys) else len(keys)
        keys.insert(first, f"missing: {listed(missing)}")
    keys = [source, *([f"label: {quoted(made.label)}"] if made.label else []), *keys]
    waiting = [each for each in made.questions if each.waits]
    if not waiting:
        return [f"      {made.name}: {{{', '.join(keys)}}}{f'  {mark}' if made.assumed else ''}"]
    lines = [f"      {made.name}:{f'  {mark}' if made.assumed else ''}", *(f"        {key}" for key in keys)]
    return [*lines, *waiting_lines(waiting, "        ")]


def waiting_lines(questions: Sequence[Question], indent: str) -> list[str]:
    """What stands under `question:`.

    Parameters
    ----------
    questions
        What is open.
    indent
        Blanks before each line.
    """
    if len(questions) == 1:
        return [f"{indent}question: >-", *_folded(questions[0], f"{indent}  ")]
    lines = [f"{indent}question:"]
    for each in questions:
        lines += [f"{indent}  - >-", *_folded(each, f"{indent}    ")]
    return lines


def _folded(question: Question, indent: str) -> list[str]:
    """A text over several lines, as YAML folds it."""
    return [
        f"{indent}{part}"
        for line in question.lines
        for part in textwrap.wrap("".join(filter(str.isprintable, line)), _WIDTH - len(indent), break_on_hyphens=False)
    ]


def order(columns: Mapping[str, Column]) -> list[Column]:
    """The columns as they are written: the recommendation first among the outcomes, for studies take the first.

    Parameters
    ----------
    columns
        Drafts of the table's columns.
    """
    found = list(columns.values())
    places = [i for i, each in enumerate(found) if "role: outcome" in each.keys]
    lead = [i for i in places if "measure: nps" in found[i].keys]
    if lead and places[0] != lead[0]:
        found.insert(places[0], found.pop(lead[0]))
    return found
