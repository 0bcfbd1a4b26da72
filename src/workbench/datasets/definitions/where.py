"""The language in which a part of a dataset is asked for: `region = 'North' and first_seen >= 2024-01-01`.

Comparisons of a column with literals, joined by `and`, `or`, `not` and brackets. It is never SQL: what stands here is
read into a tree, and nothing of the text reaches a database. A comparison with a missing value is not met.

    condition   := conjunction { "or" conjunction }
    conjunction := factor { "and" factor }
    factor      := "not" factor | "(" condition ")" | comparison
    comparison  := column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) literal
                 | column [ "not" ] "in" "(" literal { "," literal } ")"
                 | column "is" [ "not" ] "missing"
                 | column                                                    (a column of truths)
    column      := name | table "." name
    literal     := 'text' | number | 2024-01-01 | true | false
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from workbench.errors import ParameterError
from workbench.wording import listing, sentence, shown, suggestion

if TYPE_CHECKING:
    from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition

type Literal = str | float | bool | datetime.date
type Tree = Comparison | Negation | Junction

LONGEST = 2000  # characters of a condition: it stands in the report's head
_DEEPEST = 50  # brackets and negations inside each other
_KEYWORDS = ("and", "or", "not", "in", "is", "missing", "true", "false")
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<date>\d{4}-\d{2}-\d{2}(?![\w-]))|"""
    r"(?P<number>-?\d+(?:\.\d+)?(?![\w.-]))|(?P<op><=|>=|!=|<>|==|=|<|>)|(?P<mark>[(),])|(?P<word>[^\W\d]\w*(?:\.\w+)?)"
)
# Where several tables have a column of the name, the first of these is meant.
_FIRST = ("customers", "lifetimes")
_SAME = {"==": "=", "<>": "!="}


@dataclass(frozen=True)
class Comparison:
    """A column and what its value is to be.

    Attributes
    ----------
    column, table
        Its name, and that of its table where it stands before the name.
    operator
        `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `missing` or `true` (a column that stands alone).
    values
        The literals that it is compared with.
    place
        The character at which it stands, from 1.
    """

    column: str
    table: str
    operator: str
    values: tuple[Literal, ...]
    place: int

    def __str__(self) -> str:
        name = f"{self.table}.{self.column}" if self.table else self.column
        if self.operator == "true":
            return name
        if self.operator == "missing":
            return f"{name} is missing"
        if self.operator == "in":
            return f"{name} in ({', '.join(map(written, self.values))})"
        return f"{name} {self.operator} {written(self.values[0])}"


@dataclass(frozen=True)
class Negation:
    """What is not to be."""

    of: Tree

    def __str__(self) -> str:
        return f"not ({self.of})"


@dataclass(frozen=True)
class Junction:
    """Several conditions of which all are to be met (`and`), or one (`or`)."""

    word: str
    of: tuple[Tree, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(f"({each})" if isinstance(each, Junction) else str(each) for each in self.of)


def parse(text: str) -> Tree:
    """The tree of a condition.

    Parameters
    ----------
    text
        As it was given; at most `LONGEST` characters.

    Raises
    ------
    ParameterError
        The first place that cannot be read: what stands there, and what was expected.

    Examples
    --------
    >>> str(parse("region == 'North'  AND (first_seen>=2024-01-01 or not vip)"))
    "region = 'North' and (first_seen >= 2024-01-01 or not (vip))"
    """
    if len(text) > LONGEST:
        template = "where: got {n} characters, expected at most {most}."
        raise ParameterError(sentence(template, n=len(text), most=LONGEST))
    return _Reader(text).whole()


def comparisons(tree: Tree) -> Iterator[Comparison]:
    """All comparisons of a tree, in the order of the text.

    Parameters
    ----------
    tree
        A parsed condition.
    """
    match tree:
        case Comparison():
            yield tree
        case Negation(of=inner):
            yield from comparisons(inner)
        case Junction(of=inner):
            for each in inner:
                yield from comparisons(each)


def conjuncts(tree: Tree) -> tuple[Tree, ...]:
    """The conditions that must all be met.

    Parameters
    ----------
    tree
        A parsed condition.
    """
    return tree.of if isinstance(tree, Junction) and tree.word == "and" else (tree,)


def written(value: Literal) -> str:
    """A literal as the language writes it.

    Parameters
    ----------
    value
        A number, text, truth or date.

    Examples
    --------
    >>> written("it's"), written(1.5), written(True), written(datetime.date(2024, 1, 1))
    ("'it''s'", '1.5', 'true', '2024-01-01')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return value.isoformat() if isinstance(value, datetime.date) else f"{value:g}"


class _Reader:
    """A text on its way to a tree, one token at a time."""

    def __init__(self, text: str):
        self.text, self.at, self.depth = text, 0, 0
        self.kind, self.token, self.start = "", "", 0
        self.advance()

    def advance(self) -> str:
        """Go on to the next token; returns the one that was read."""
        read = self.token
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        self.start = self.at
        if self.at == len(self.text):
            self.kind, self.token = "end", ""
            return read
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            rest = self.text[self.at :].split()[0]
            if rest[0] in "'\"":
                self.fail(shown(rest), sentence("a text that ends with the quote it began with"))
            self.fail(shown(rest), sentence("a column, a comparison or a literal (texts stand in quotes)"))
        self.kind, self.token, self.at = str(found.lastgroup), found[0], found.end()
        if self.kind == "word" and self.token.casefold() in _KEYWORDS:
            self.kind, self.token = "key", self.token.casefold()
        return read

    def fail(self, got: str, expected: str) -> NoReturn:
        """Refuse the text at the current token."""
        template = "where: at character {place}: got {got}, expected {expected}."
        raise ParameterError(sentence(template, place=self.start + 1, got=got, expected=expected))

    def here(self) -> str:
        """The current token, for messages."""
        return shown(self.token) if self.kind != "end" else sentence("the end")

    def whole(self) -> Tree:
        """All of the text as one condition."""
        if self.kind == "end":
            self.fail(sentence("nothing"), sentence("a condition such as region = 'North'"))
        tree = self.junction("or")
        if self.kind != "end":
            self.fail(self.here(), sentence("and, or, or the end"))
        return tree

    def junction(self, word: str) -> Tree:
        """Conditions joined by a word."""
        inner = (lambda: self.junction("and")) if word == "or" else self.factor
        found = [inner()]
        while self.kind == "key" and self.token == word:
            self.advance()
            found.append(inner())
        flat = [
            part for each in found for part in (each.of if isinstance(each, Junction) and each.word == word else [each])
        ]
        return flat[0] if len(flat) == 1 else Junction(word, tuple(flat))

    def factor(self) -> Tree:
        """A negation, a bracket or a comparison."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(self.here(), sentence("at most {most} brackets inside each other", most=_DEEPEST))
        try:
            if self.kind == "key" and self.token == "not":
                self.advance()
                return Negation(self.factor())
            if self.token == "(" and self.kind == "mark":
                self.advance()
                tree = self.junction("or")
                self.take("mark", ")", ")")
                return tree
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Tree:
        """A column and what it is compared with."""
        place = self.start + 1
        if self.kind != "word":
            self.fail(self.here(), sentence("the name of a column"))
        table, _, column = self.advance().rpartition(".")

        def found(operator: str, *values: Literal) -> Comparison:
            return Comparison(column, table, operator, values, place)

        if self.kind == "op":
            operator = self.advance()
            return found(_SAME.get(operator, operator), self.literal())
        if self.kind == "key" and self.token == "is":
            self.advance()
            negated = self.kind == "key" and self.token == "not"
            if negated:
                self.advance()
            self.take("key", "missing", "missing")
            return Negation(found("missing")) if negated else found("missing")
        negated = self.kind == "key" and self.token == "not"
        if negated:
            self.advance()
        if negated or (self.kind == "key" and self.token == "in"):
            self.take("key", "in", "in")
            self.take("mark", "(", "(")
            values = [self.literal()]
            while self.token == "," and self.kind == "mark":
                self.advance()
                values.append(self.literal())
            self.take("mark", ")", sentence("a comma or )"))
            among = found("in", *dict.fromkeys(values))
            return Negation(among) if negated else among
        if self.kind in ("word", "text", "number", "date"):
            self.fail(self.here(), sentence("a comparison (=, !=, <, <=, >, >=, in, is missing)"))
        return found("true")

    def take(self, kind: str, token: str, expected: str) -> None:
        """Go on if the current token is the one that must stand here."""
        if (self.kind, self.token) != (kind, token):
            self.fail(self.here(), expected)
        self.advance()

    def literal(self) -> Literal:
        """A text, number, date or truth."""
        kind, token = self.kind, self.token
        if kind == "date":
            try:
                value: Literal = datetime.date.fromisoformat(token)
            except ValueError:
                self.fail(shown(token), sentence("a day of the calendar, as 2024-01-31"))
        elif kind == "text":
            value = token[1:-1].replace(token[0] * 2, token[0])
        elif kind == "number":
            value = float(token)
        elif kind == "key" and token in ("true", "false"):
            value = token == "true"
        else:
            word = sentence(
                "a text in quotes ({text}), a number, a date such as 2024-01-01, true or false", text=f"'{token}'"
            )
            plain = sentence("a text in quotes, a number, a date such as 2024-01-01, true or false")
            self.fail(self.here(), word if kind == "word" else plain)
        self.advance()
        return value


def tables_of(tree: Tree, tables: "Mapping[str, TableDefinition]") -> dict[str, Tree]:
    """What a condition asks of each table that it names.

    Parameters
    ----------
    tree
        A parsed condition.
    tables
        Definitions by name.

    Raises
    ------
    ParameterError
        Every column that no table, or more than one, has; conditions on several tables that are not joined by `and`.
    """
    faults: list[str] = []
    asked: dict[str, list[Tree]] = {}
    for part in conjuncts(tree):
        found = {_table_of(each, tables, faults) for each in comparisons(part)} - {""}
        if len(found) > 1:
            template = (
                "where: {part} joins columns of {tables} by or; conditions on several tables are joined by and alone."
            )
            faults.append(sentence(template, part=shown(str(part)), tables=listing(sorted(found))))
        for table in found:
            asked.setdefault(table, []).append(part)
    if faults:
        raise ParameterError(*faults)
    return {table: parts[0] if len(parts) == 1 else Junction("and", tuple(parts)) for table, parts in asked.items()}


def _table_of(asked: Comparison, tables: "Mapping[str, TableDefinition]", faults: list[str]) -> str:
    """The table whose column is meant; "" with a fault where that is none or not clear."""
    place = at(asked)
    if asked.table and asked.table not in tables:
        near, known = suggestion(asked.table, tables), listing(list(tables))
        faults.append(
            sentence(
                "{at}no table {table}{near} There are {known}.",
                at=place,
                table=shown(asked.table),
                near=near,
                known=known,
            )
        )
        return ""
    within = [asked.table] if asked.table else list(tables)
    having = [name for name in within if _has(tables[name], asked.column)]
    if not having:
        there = [column.name for name in within for column in tables[name].columns if not tells_customers(column)]
        near = suggestion(asked.column, there)
        if near == ".":
            near = sentence("; there are {known}.", known=listing(sorted(set(there))))
        faults.append(sentence("{at}no column {column}{near}", at=place, column=shown(asked.column), near=near))
        return ""
    if len(having) > 1 and not set(having) & set(_FIRST):
        ways = listing([f"{name}.{asked.column}" for name in having], "or")
        faults.append(
            sentence(
                "{at}several tables have a column {column}: write {ways}.",
                at=place,
                column=shown(asked.column),
                ways=ways,
            )
        )
        return ""
    return next((name for name in _FIRST if name in having), having[0])


def _has(table: "TableDefinition", name: str) -> bool:
    return any(column.name == name or (column.split and name.startswith(f"{column.name}_")) for column in table.columns)


def tells_customers(column: "ColumnDefinition") -> bool:
    """Whether a column tells single customers.

    Parameters
    ----------
    column
        As its table defines it.
    """
    return bool(column.personal) or column.kind == "id"


def at(asked: Comparison) -> str:
    """Where a comparison stands, to begin a message with.

    Parameters
    ----------
    asked
        The comparison.
    """
    return sentence("where: at character {place}: ", place=asked.place)
