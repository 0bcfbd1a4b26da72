"""One file on its way to the draft of a table: its columns, its keys, and what is to be known or asked."""

import json
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.datasets.definitions.canonical import CANONICAL
from workbench.datasets.definitions.dataset import UNKNOWN
from workbench.datasets.guessing import columns, gaps, items, tables, uses
from workbench.datasets.guessing.columns import Column
from workbench.datasets.guessing.document import Table
from workbench.datasets.guessing.facts import Facts
from workbench.datasets.guessing.layout import Layout
from workbench.datasets.guessing.scales import Scale
from workbench.datasets.guessing.yaml_text import listed, quoted
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import Connection
from workbench.wording import number, sentence, shown

_SIGNS = {
    "€|(^|[^a-z])eur(os?)?([^a-z]|$)": "EUR",
    "£|(^|[^a-z])gbp([^a-z]|$)": "GBP",
    "us[$]|(^|[^a-z])usd([^a-z]|$)": "USD",
    "(^|[^a-z])chf([^a-z]|$)": "CHF",
    "元|人民币|(^|[^a-z])(cny|rmb)([^a-z]|$)": "CNY",
    "円|(^|[^a-z])jpy([^a-z]|$)": "JPY",
}


@dataclass(frozen=True)
class Source:
    """A file that has been opened.

    Attributes
    ----------
    path, layout
        Where it is, and how it lies there.
    raw, connection
        Its columns, and where they are laid out.
    labels
        What a second row of names calls a column, by its name.
    said
        What each column is called in full (its name and label), by its name.
    """

    path: Path
    layout: Layout
    raw: sources.RawTable
    connection: Connection
    labels: Mapping[str, str]
    said: Mapping[str, str]


class Drafting:
    """One table on its way to a draft."""

    def __init__(self, source: "Source", facts: Sequence[Facts], guessed: str | None, rated: Mapping[str, Scale]):
        self.source, self.facts, self.guessed = source, facts, guessed
        self.layout, self.raw, self.connection = source.layout, source.raw, source.connection
        self.name = guessed or "customers"
        self.own = tables.own_columns(facts, self.name) if guessed else {}
        self.made = _made(facts, self.name, self.own, source.path.stem)
        if "amount" in self.made:
            self.own.pop("amount", None)  # the price of one piece
        self.rated = {header: scale for header, scale in rated.items() if header not in self.own.values()}
        self.questions = list(self.layout.questions)
        self.notes = list(self.layout.notes)

    def table(self) -> Table:
        """The draft."""
        rating = self._items()
        named = self._named()
        found: dict[str, Column] = {}
        for name, each in named.items():
            others = [other for other in self.facts if other is not each]
            found[name] = columns.column(
                each,
                name,
                self.name,
                own=name in self.own,
                item=rating.get(each.header),
                others=others,
                label=self._label(each.header),
            )
        if self.name == "treatments" and "arm" in found:
            initiative = found.get("initiative")
            initiatives = initiative.facts.texts if initiative is not None else [self.source.path.stem]
            self.questions.append(uses.dealt(initiatives, found["arm"].facts.texts))
        shared = _shared(found.values())
        segments = columns.segments(self._splitting(found)) if self.guessed else []
        for name in segments:
            if columns.zero_for_none(found[name].facts):
                found[name] = replace(found[name], missing=(*found[name].missing, "0"), assumed=True)
        self._notes(found)
        lacking = [
            name
            for name in (tables.needed(self.name) if self.guessed else ())
            if name not in self.own and name not in self.made
        ]
        return Table(
            self.guessed or UNKNOWN,
            (self.source.path.name,),
            self.layout,
            self.raw.headers,
            tuple(self.notes),
            tuple(self._keys(found, shared, segments)),
            tuple(self.made),
            tuple([*self._cancelled(), *columns.order(found)]),
            tuple(lacking),
            tuple(shared),
            tuple(self.questions),
        )

    def _items(self) -> dict[str, items.Item]:
        """What the ratings measure."""
        positions = {each.header: each.position for each in self.facts}
        points = items.answers(self.connection, self.raw, self.rated, positions)
        settled = items.decided(self.rated, points, {each.header: each for each in self.facts})
        rating, question = items.of_survey(settled, points, self.source.said, self.source.path.stem)
        if question is not None:
            self.questions.append(question)
        return rating

    def _named(self) -> dict[str, Facts]:
        named: dict[str, Facts] = {}
        for each in self.facts:
            target = next((name for name, header in self.own.items() if header == each.header), None)
            if each.present or target:
                named[target or _identifier(each.header, named, set(CANONICAL[self.name].fields))] = each
        return named

    def _label(self, header: str) -> str:
        label = self.source.labels.get(header, "")
        return label if len(label) <= 200 and label.isprintable() else ""

    def _splitting(self, found: Mapping[str, Column]) -> list[Column]:
        """Columns that the draft makes categories or truths: those that may be segments."""
        if CANONICAL[self.name].event and self.name != "surveys":
            return []
        return [each for each in found.values() if not each.own and each.kind == "level"]

    def _cancelled(self) -> list[Column]:
        found = next((each for each in self.facts if each.cancelled and each.header == self.own.get("order_id")), None)
        return [Column("cancelled", found, True, ("starts_with: [C]",), assumed=True)] if found else []

    def _keys(
        self, found: Mapping[str, Column], shared: Sequence[str], segments: Sequence[str]
    ) -> Iterator[tuple[str, bool]]:
        origin, assumed = self.layout.origin, self.layout.assumed
        if origin.sheets:
            yield f"sheet: {quoted(origin.sheets[0]) if len(origin.sheets) == 1 else listed(origin.sheets)}", True
        if origin.header != 1:
            yield f"header: {origin.header}", "header" in assumed
        if origin.skip:
            yield f"skip: [{', '.join(map(str, origin.skip))}]", "skip" in assumed
        if origin.encoding != "utf-8" and not any("encoding:" in each.text for each in self.layout.questions):
            yield f"encoding: {origin.encoding}", True
        if origin.separator != ",":
            yield f"separator: {json.dumps(origin.separator)}", False
        if origin.decimal != ".":
            yield 'decimal: ","', True
        if origin.thousands:
            yield f"thousands: {json.dumps(origin.thousands, ensure_ascii=False)}", True
        if shared:
            yield f"missing: {listed(shared)}", True
        yield from self._money(found)
        if self.made:
            terms = ", ".join(f"{term} AS {name}" for name, term in self.made.items())
            yield f"sql: {json.dumps(f'SELECT *, {terms} FROM rows', ensure_ascii=False)}", True
        if segments:
            yield f"segments: {listed(segments)}", True

    def _money(self, found: Mapping[str, Column]) -> Iterator[tuple[str, bool]]:
        fields = CANONICAL[self.name].fields
        money = [name for name in (*self.own, *self.made) if fields[name].kind == "money"]
        if not money:
            return
        evidence = _currency(self.facts, [self.own[name] for name in money if name in self.own])
        if evidence:
            yield f"{evidence[0]}: {quoted(evidence[1])}", True
        else:
            yield "currency:  # which? Write its code, such as EUR or USD", False

    def _notes(self, found: Mapping[str, Column]) -> None:
        if self.guessed is None:
            near = tables.nearest(self.facts)
            nothing = sentence("which table is {file}? Nothing tells.", file=shown(self.source.path.name))
            unclear = sentence("which table is {file}?", file=shown(self.source.path.name))
            told = [" ".join([unclear, *near])] if near else [nothing]
            if (id_ := tables.repeated(self.facts)) is not None:
                template = (
                    "{header} stands in several rows ({n} different ones in {rows}), so it is no list of customers."
                )
                told.append(sentence(template, header=shown(id_.header), n=number(id_.distinct), rows=number(id_.rows)))
            self.notes = [*told, *self.notes]
        response = found.get("response_id")
        if response is not None and response.own and (double := response.facts.present - response.facts.distinct):
            template = (
                "{n} rows have a {header} that an earlier row has: answers that were sent twice? data check names them."
            )
            self.notes.append(sentence(template, n=number(double), header=response.facts.header))
        customer = found.get("customer_id")
        if (
            self.guessed == "lifetimes"
            and customer is not None
            and customer.facts.distinct < customer.facts.present
            and "entry" in found
        ):
            template = "{rows} rows of {n} customers with entry and duration: episodes, one after another."
            self.notes.append(
                sentence(template, rows=number(customer.facts.present), n=number(customer.facts.distinct))
            )
        for column in found.values():
            for text, count in column.facts.dates.codes if column.facts.dates else ():
                template = "{n} rows of {column} say {text}: taken for none."
                self.notes.append(sentence(template, n=number(count), column=column.name, text=shown(text)))


def _made(found: Sequence[Facts], table: str, own: Mapping[str, str], title: str) -> dict[str, str]:
    """Canonical columns that the file lacks and SQL can work out from it."""
    made: dict[str, str] = {}
    if table == "transactions" and (product := tables.product(found)):
        terms = [f'TRY_CAST("{each.header}" AS DOUBLE)' for each in product]
        made["amount"] = f"round({terms[0]} * {terms[1]}, 2)"
    if table == "treatments":
        wanted = {"customer_id": "row_number() OVER ()", "initiative": "'" + title.replace("'", "''") + "'"}
        made = {name: term for name, term in wanted.items() if name not in own}
    taken = {each.header.casefold() for each in found}
    return {name: term for name, term in made.items() if name not in taken}


def _shared(found: Iterable[Column]) -> list[str]:
    """Words for a gap that are one wherever they stand in the table: those are listed once."""
    found = list(found)
    words = {word for each in found for word in each.missing if gaps.is_gap(word)}
    return sorted(
        word
        for word in words
        if all(word in each.missing or word not in each.facts.counts for each in found)
        and not any(word in key for each in found for key in each.keys if key.startswith("not_applicable"))
    )


def _currency(found: Sequence[Facts], amounts: Sequence[str]) -> tuple[str, str] | None:
    """What tells the currency: `("currency_from", a column)` or `("currency", a code)`; None without evidence."""
    for each in found:
        codes = all(re.search("^[A-Za-z]{3}$", text) for text in each.texts)
        if (
            re.search(r"(?i)(^|[ _])(currency|w(ä|ae)hrung|devise|moneda|valuta|币种)", each.header)
            and each.texts
            and codes
        ):
            if all(text.isupper() for text in each.texts):
                return "currency_from", each.header
            if len(each.texts) == 1:
                return "currency", each.texts[0].upper()
    written = {
        each.notation.currency for each in found if each.notation and each.notation.currency and each.header in amounts
    }
    said = {
        code for header in amounts for sign, code in _SIGNS.items() if re.search(sign, header, flags=re.I)
    } | written
    return ("currency", said.pop()) if len(said) == 1 else None


def _identifier(header: str, taken: Iterable[str], reserved: set[str]) -> str:
    """A name for a column, in its own script."""
    text = unicodedata.normalize("NFKC", header).strip().lower()
    name = re.sub(r"\W+", "_", text).strip("_")[:50].strip("_") or "column"
    name = name if name.isidentifier() else f"c_{name}"
    name = name if name.isidentifier() else re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "column"
    base, n = f"{name}_" if keyword.iskeyword(name) or name in reserved else name, 1
    name = base
    folded = {each.casefold() for each in taken}
    while name.casefold() in folded:
        n += 1
        name = f"{base}_{n}"
    return name
