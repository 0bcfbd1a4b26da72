"""A draft as a conversation: what is sure, what is assumed, what must be asked, and the answers of a person."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace

from workbench.datasets.definitions.dataset import UNKNOWN
from workbench.datasets.guessing.columns import Column
from workbench.datasets.guessing.document import Draft, Table, answered
from workbench.datasets.guessing.questions import Question
from workbench.wording import listing, number, sentence

_WIDTH = 110  # characters: half of a wide screen
_MOST = 12  # columns that one question lists: more lines are not read


def summary(draft: Draft) -> list[str]:
    """The three lists with which `data add` ends: sure, assumed, to answer.

    Parameters
    ----------
    draft
        What was drafted.
    """
    lines = []
    sure = [f"{table.name}: {', '.join(names)}" for table in draft.tables if (names := _sure(table))]
    assumed = [each for table in draft.tables for each in _assumed(table)]
    for title, listed in ((sentence("sure"), sure), (sentence('assumed (marked "# guess: confirm")'), assumed)):
        if listed:
            lines.append(f"{title}:")
            lines += _wrapped(listed[:_MOST])
            if len(listed) > _MOST:
                lines.append(f"  {sentence('and {n} more', n=number(len(listed) - _MOST))}")
    everything = open_questions(draft)
    questions = [each for each in everything if each[1].waits]
    open_keys = [each for table in draft.tables for each in _open(table)]
    if questions or open_keys:
        lines.append(f"{sentence('to answer')}:")
        lines += [line for each in questions for line in _put(*each)]
        lines += _wrapped(open_keys)
    if worth := [each for each in everything if not each[1].waits]:
        lines.append(f"{sentence('to consider (nothing waits for it)')}:")
        lines += [line for each in worth for line in _put(*each)]
    return lines


def _put(places: list[str], question: Question) -> Iterator[str]:
    """A question, the places in which it is asked, and its readings."""
    yield from _wrapped([f"{listing(places)}: {question.asks} {question.evidence}"])
    for reading in question.readings:
        keys = reading.line or sentence("(no key)")
        yield from _wrapped([sentence("{keys}: {means}", keys=keys, means=reading.means)], indent="      ")


def open_questions(draft: Draft) -> list[tuple[list[str], Question]]:
    """The open questions, each once, with the places in which it is asked.

    Parameters
    ----------
    draft
        What was drafted.
    """
    found: dict[tuple, tuple[list[str], Question]] = {}
    for table in draft.tables:
        for place, question in _questions(table):
            key: tuple[object, ...] = (
                question.asks,
                tuple(reading.keys for reading in question.readings),
                table.name,
            )
            if not question.readings:
                key = (*key, place)
            found.setdefault(key, ([], question))[0].append(place)
    return list(found.values())


def names_columns(read: Callable[[str], str]) -> bool | None:
    """Ask whether a first line that looks like a row of data names the columns; None at the end of the input.

    Parameters
    ----------
    read
        Asks for a line with a prompt.
    """
    asks = sentence("The first line looks like a row of data. Does it name the columns? [y/n]")
    try:
        while (said := read(f"{asks} ").strip().casefold()[:1]) not in ("y", "n"):
            pass
    except EOFError:
        return None
    return said == "y"


def answer(draft: Draft, read: Callable[[str], str], write: Callable[[str], None]) -> Draft:
    """Ask the open questions that have readings, and write what was answered in their place.

    Parameters
    ----------
    read
        Asks for a line with a prompt; the end of the input ends the questions.
    write
        Says a line.
    draft
        What was drafted.

    Returns
    -------
    Draft
        With the answered questions settled; those that were passed over stay open.
    """
    for places, question in open_questions(draft):
        if not question.readings:
            continue
        write(f"{listing(places)}: {question.asks} {question.evidence}")
        for i, reading in enumerate(question.readings, 1):
            write(f"  {i}  {reading.means}")
        chosen = _choice(len(question.readings), read, write)
        if chosen is None:
            return draft
        if chosen:
            for _, each in [pair for table in draft.tables for pair in _questions(table)]:
                if each.asks == question.asks and _keys(each) == _keys(question):
                    draft = answered(draft, each, each.readings[chosen - 1])
    return _with_currency(draft, read, write)


def _keys(question: Question) -> list[tuple[str, ...]]:
    return [reading.keys for reading in question.readings]


def _choice(most: int, read: Callable[[str], str], write: Callable[[str], None]) -> int | None:
    while True:
        try:
            said = read(sentence("1 to {most}, or Enter to leave it open: ", most=most)).strip()
        except EOFError:
            return None
        if not said:
            return 0
        if said.isdecimal() and 1 <= int(said) <= most:
            return int(said)
        write(sentence("Please answer with a number from 1 to {most}, or with Enter.", most=most))


def _with_currency(draft: Draft, read: Callable[[str], str], write: Callable[[str], None]) -> Draft:
    """The draft with the currency of each table that has none, as a code of three letters."""
    made = []
    for table in draft.tables:
        keys = list(table.keys)
        for i, (key, _) in enumerate(keys):
            if key.startswith("currency:  #"):
                write(sentence("{table}: in which currency are its amounts?", table=table.name))
                try:
                    said = read(sentence("A code such as EUR, or Enter to leave it open: ")).strip().upper()
                except EOFError:
                    said = ""
                if len(said) == 3 and said.isascii() and said.isalpha():
                    keys[i] = (f"currency: {said}", False)
        made.append(replace(table, keys=tuple(keys)))
    return replace(draft, tables=tuple(made))


def _questions(table: Table) -> Iterator[tuple[str, Question]]:
    yield from ((table.name, question) for question in table.questions)
    yield from ((f"{table.name}.{column.name}", question) for column in table.columns for question in column.questions)


def _sure(table: Table) -> list[str]:
    if table.name == UNKNOWN:
        return []  # nothing is, before it is said which table it is
    return [_named(each) for each in table.columns if not each.assumed and not each.questions]


def _named(column: Column) -> str:
    header = column.facts.header
    return column.name if header == column.name else f"{column.name} ← {header}"


def _assumed(table: Table) -> Iterator[str]:
    if table.name != UNKNOWN:
        yield sentence("{files}: the table {table}", files=listing(table.files), table=table.name)
    yield from (f"{table.name}: {key}" for key, assumed in table.keys if assumed and not key.startswith("sql:"))
    for name in table.made:
        yield sentence("{table}.{column}: worked out by sql", table=table.name, column=name)
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in table.columns:
        if each.assumed:
            keys = tuple(key for key in (*each.keys, *(f"missing: {code}" for code in each.missing)) if key)
            alike.setdefault(keys or (sentence("taken for it by its name"),), []).append(each.name)
    for keys, names in alike.items():
        yield f"{table.name}.{', '.join(names)}: {', '.join(keys)}"


def _open(table: Table) -> Iterator[str]:
    if table.name == UNKNOWN:
        yield sentence(
            "{files}: which table is this? Write its name in place of {unknown}.",
            files=listing(table.files),
            unknown=UNKNOWN,
        )
    for key, _ in table.keys:
        if key.startswith("currency:  #"):
            yield sentence("{table}: write currency: and its code, such as EUR or USD.", table=table.name)
    for name in table.lacking:
        yield sentence("{table}.{column}: which column? The table cannot do without it.", table=table.name, column=name)


def _wrapped(lines: list[str], indent: str = "  ") -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ") or [indent]
    ]
