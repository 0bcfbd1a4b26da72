"""What a notebook reads of others: the literal calls on its run, found in its source without running it."""

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from workbench.wording import shown

# A call of these makes the run, or an earlier run, whose calls are read.
START, EARLIER = "start_run", "earlier"
# What is read of an earlier run by name.
READERS = ("table", "draws")


@dataclass(frozen=True)
class Choice:
    """Tables of which a study reads one: a literal call `run.one_of("a", "b", choice=parameter)`.

    Attributes
    ----------
    tables
        In order of preference.
    parameter
        The parameter that names one of them, or leaves it open by None.
    """

    tables: tuple[str, ...]
    parameter: str

    def settle(self, wanted: str | None, there: Collection[str]) -> str | None:
        """The table to read of those that are there; None where there is none.

        Parameters
        ----------
        wanted
            What the parameter says; None leaves it open.
        there
            Tables of the dataset.
        """
        candidates = self.tables if wanted is None else (wanted,)
        return next((table for table in candidates if table in there), None)


@dataclass(frozen=True)
class Earlier:
    """An earlier run that a study reads: a literal call `run.earlier("study", choice=parameter)`.

    Attributes
    ----------
    study
        Whose run it is.
    parameter
        The parameter that names the run: its id, a unique prefix, `latest`, or None to go without.
    optional
        Whether a `latest` that finds none counts as None.
    tables
        Names in the literal calls of `.table("…")` and `.draws("…")` on what the call gave.
    other_data
        Whether it may be of other data: a model that is used on them.
    """

    study: str
    parameter: str
    optional: bool = False
    tables: tuple[str, ...] = ()
    other_data: bool = False


@dataclass(frozen=True)
class Calls:
    """All that a notebook reads.

    Attributes
    ----------
    tables, optional, choice
        Canonical tables that it cannot do without, those that it reads where they are there, those of which it reads
        one.
    earlier, previous
        Earlier runs that it reads, and studies whose earlier runs it lists.
    features, features_optional
        Whether it makes features, of all tables that features are made of, and can do without where there is none.
    """

    tables: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    choice: Choice | None = None
    earlier: tuple[Earlier, ...] = ()
    previous: tuple[str, ...] = ()
    features: bool = False
    features_optional: bool = False


def read_calls(sources: Iterable[str], faults: list[str]) -> Calls:
    """The calls in code cells on what `start_run()` was assigned to; what cannot be read becomes a fault.

    Parameters
    ----------
    sources
        Of the code cells, in order.
    faults
        A sentence is added for each fault.
    """
    nodes = []
    for source in sources:
        tree = parse(source)
        if tree is None:
            faults.append(f"the code cell that starts with {shown(source.strip()[:40])} is not Python")
        else:
            nodes += list(ast.walk(tree))
    runs = {name for name, _ in _assigned(nodes, START)}
    calls = [
        (node.func.attr, node)
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _name(node.func.value) in runs
    ]
    tables, optional = _tables([node for name, node in calls if name == "table"], faults)
    choices = [_choice(node, faults) for name, node in calls if name == "one_of"]
    if len(choices) > 1:
        faults.append("expected one call of run.one_of at most")
    previous = [_previous(node, faults) for name, node in calls if name == "previous"]
    featured = [node for name, node in calls if name == "features"]
    return Calls(
        tables=tables,
        optional=optional,
        choice=choices[0] if choices else None,
        earlier=_all_earlier([node for name, node in calls if name == EARLIER], nodes, faults),
        previous=tuple(dict.fromkeys(name for name in previous if name)),
        features=bool(featured),
        features_optional=all(_is_optional(node) for node in featured),
    )


def parse(source: str) -> ast.Module | None:
    """A cell's syntax tree; lines that are magics or shell escapes are passed over.

    Parameters
    ----------
    source
        Of a code cell.
    """
    lines = ["pass" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines()]
    if lines and source.lstrip().startswith("%%"):
        lines = []
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _assigned(nodes: Iterable[ast.AST], function: str) -> Iterator[tuple[str, ast.Call]]:
    """Names that the outcome of a function of this name is assigned to, each with the call."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=ast.Call(func=called) as call) if (
                ast.unparse(called).split(".")[-1] == function
            ):
                yield from ((target.id, call) for target in targets if isinstance(target, ast.Name))


def _tables(calls: Iterable[ast.Call], faults: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tables: dict[str, None] = {}
    optional: dict[str, None] = {}
    for node in calls:
        match node:
            case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
                tables[name] = None
            case ast.Call(
                args=[ast.Constant(value=str(name))],
                keywords=[ast.keyword(arg="optional", value=ast.Constant(value=bool(may)))],
            ):
                (optional if may else tables)[name] = None
            case _:
                faults.append(f"{shown(ast.unparse(node))} has to name its table as a plain string")
    return tuple(tables), tuple(name for name in optional if name not in tables)


def _is_optional(call: ast.Call) -> bool:
    """Whether `optional=True` is written out."""
    return any(each.arg == "optional" and getattr(each.value, "value", None) is True for each in call.keywords)


def _choice(node: ast.Call, faults: list[str]) -> Choice | None:
    names = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    match node.keywords:
        case [ast.keyword(arg="choice", value=ast.Name(id=parameter))] if names and len(names) == len(node.args):
            return Choice(tuple(names), parameter)
    faults.append(
        f"{shown(ast.unparse(node))} has to name its tables as plain strings, and the parameter "
        "that chooses: `choice=source`"
    )
    return None


def _all_earlier(calls: list[ast.Call], nodes: list[ast.AST], faults: list[str]) -> tuple[Earlier, ...]:
    found: dict[str, Earlier] = {}
    held = [(name, call) for name, call in _assigned(nodes, EARLIER) if call in calls]
    for call in calls:
        each = _earlier(call, faults)
        if each is None:
            continue
        if each.study in found:
            faults.append(f"expected one call of run.earlier for {each.study!r}")
        names = {name for name, of in held if of is call}
        found[each.study] = replace(each, tables=_read_of(call, names, nodes, faults))
    return tuple(found.values())


def _earlier(node: ast.Call, faults: list[str]) -> Earlier | None:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    flags = [given.pop(name, ast.Constant(value=False)) for name in ("optional", "other_data")]
    match node.args, given.pop("choice", None), flags:
        case (
            [ast.Constant(value=str(study))],
            ast.Name(id=parameter),
            [ast.Constant(value=bool(optional)), ast.Constant(value=bool(other))],
        ) if not given:
            return Earlier(study, parameter, optional, other_data=other)
    faults.append(
        f"{shown(ast.unparse(node))} has to name its study as a plain string, and the parameter that chooses the run: "
        '`run.earlier("churn_survival", choice=survival_run)`'
    )
    return None


def _read_of(call: ast.Call, names: set[str], nodes: list[ast.AST], faults: list[str]) -> tuple[str, ...]:
    """Names of the tables that are read of one earlier run."""
    tables: dict[str, None] = {}
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=reader)) if reader in READERS:
                if owner is not call and _name(owner) not in names:
                    continue
                match node.args:
                    case [ast.Constant(value=str(name))]:
                        tables[name] = None
                    case _:
                        faults.append(f"{shown(ast.unparse(node))} has to name its table as a plain string")
    return tuple(tables)


def _previous(node: ast.Call, faults: list[str]) -> str | None:
    match node.args, [keyword.arg for keyword in node.keywords]:
        case [ast.Constant(value=str(study))], [] | ["where"]:
            return study
    faults.append(f"{shown(ast.unparse(node))} has to name its study as a plain string")
    return None
