"""Parameters of a study: the types that the contract allows, and values from text and files made to fit them.

The declared type decides what a text means, never a guess: `str`, `Literal` of strings and dates take the raw text, all
else is JSON. pydantic validates, in strict mode: a bool is no int, an int is a fine float.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from workbench.errors import ParameterError
from workbench.studies.definition.repairs import as_argument, readings
from workbench.studies.definition.secret import SHORTEST, Given, Secret
from workbench.wording import shown, suggestion

BOUNDS = {bound.__name__: bound for bound in (Ge, Gt, Le, Lt, MinLen, MaxLen)}
GENERIC = {"list": list, "dict": dict, "tuple": tuple}
DATES = {"date": date, "datetime": datetime}


@dataclass(frozen=True)
class _IsoText:
    """Tells pydantic that a date is ISO text: left alone it takes a number, even in quotes, for seconds since 1970."""

    kind: type[date]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def _read(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.kind.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected an ISO {self.kind.__name__} such as 2026-11-21") from None


PLAIN = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "Secret": Secret,
    **{name: Annotated[kind, _IsoText(kind)] for name, kind in DATES.items()},
}
TEXTUAL = (str, Secret, date, datetime)
# What a parameters cell may name, and has to import unless it is a builtin.
IMPORTED = {"date", "datetime", "Literal", "Annotated", "Secret", *BOUNDS}


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell.

    Attributes
    ----------
    name, annotation
        As written.
    type
        What the annotation stands for.
    default
        The value, already a Python object.
    help, unit
        From the trailing comment `# [unit] help`.
    """

    name: str
    annotation: str
    type: Any
    default: Any
    help: str = ""
    unit: str = ""

    @cached_property
    def _adapter(self):
        from pydantic import ConfigDict, TypeAdapter

        return TypeAdapter(self.type, config=ConfigDict(strict=True, allow_inf_nan=False))

    def is_a(self, kind: type) -> bool:
        """Whether its values are all of this type, whatever their bounds.

        Parameters
        ----------
        kind
            The type.
        """
        return _parts(self.type) == (kind,)

    @property
    def is_secret(self) -> bool:
        """Whether its value is written nowhere."""
        return Secret in _parts(self.type)

    @property
    def takes_text(self) -> bool:
        """Whether text on the command line is the value itself rather than JSON."""
        return any(_is_textual(part) for part in _parts(self.type))

    def from_text(self, text: str) -> Any:
        """The value that `text` from the command line stands for; ParameterError names all that is wrong.

        Parameters
        ----------
        text
            What stands behind `name=`.
        """
        if text == "null" and NoneType in _parts(self.type):
            return None
        if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
            raise ParameterError(f"parameter {self.name}: {self._got(text)}; expected text in UTF-8")
        try:
            return self._validate(_json(text) if self.takes_text else text, text)
        except ParameterError as error:
            if not self.is_secret and (meant := self._meant(text)):
                raise ParameterError(*(f"{fault}; did you mean {meant}?" for fault in error.faults)) from None
            raise

    def from_data(self, value: Any) -> Any:
        """The value for plain data from a JSON or YAML file; ParameterError names all that is wrong.

        Parameters
        ----------
        value
            As the file has it.
        """
        try:
            document = _json(value)
        except ParameterError as error:
            if self.is_secret:
                raise ParameterError(f"parameter {self.name}: got no text, expected text") from None
            raise ParameterError(*(f"parameter {self.name}: {fault}" for fault in error.faults)) from None
        return self._validate(document, value)

    def to_data(self, value: Any) -> Any:
        """A value as JSON takes it: dates as ISO text, of a secret nothing.

        Parameters
        ----------
        value
            Of the parameter's type.
        """
        return "" if self.is_secret else json.loads(self._adapter.dump_json(value))

    def _meant(self, text: str) -> str:
        """How to write what a refused text probably meant; "" where nothing near it fits the type and its bounds."""
        for value in readings(text, self.type):
            try:
                fits = self.from_data(value)
            except ParameterError:
                continue
            return as_argument(self.name, self.to_data(fits) if self.takes_text else value)
        return ""

    def _validate(self, document: str, given: Any) -> Any:
        from pydantic import ValidationError

        try:
            value = self._adapter.validate_json(document)
            if self.is_secret and value and len(value.strip()) < SHORTEST:
                template = "parameter {name}: got a secret of less than {n} characters, which cannot be told from words"
                raise ParameterError(template.format(name=self.name, n=SHORTEST))
            return value
        except ValidationError as error:
            faults = []
            for fault in error.errors():
                place = "".join(f"[{part!r}]" for part in fault["loc"] if not _is_tag(part))
                got = self._got(fault["input"] if place else given)
                faults.append(f"parameter {self.name}{place}: {got}; {_expectation(fault, self)}")
            raise ParameterError(*dict.fromkeys(faults)) from None

    def _got(self, value: Any) -> str:
        return "got something else" if self.is_secret else f"got {shown(value)}"


def coerce(
    study: str, parameters: Mapping[str, Parameter], texts: Iterable[str] = (), data: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Values for a study from `name=value` texts and from a file's content; texts win over the file.

    Parameters
    ----------
    study
        Its name, for messages.
    parameters
        What the study declares, by name.
    texts
        From the command line.
    data
        From a file; None: there is none.

    Returns
    -------
    tuple
        The values that could be read, only those given, in the order of the parameters cell (the rest keeps its
        default); and every fault: unknown names (with what was probably meant), a name given twice, wrong types,
        broken bounds.
    """
    faults: list[str] = []
    values: dict[str, Any] = {}
    given_texts: dict[str, str] = {}
    secret = any(parameter.is_secret for parameter in parameters.values())  # then a slip may be one
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            faults.append("-p: expected name=value" if secret else f"-p {shown(text)}: expected name=value")
        elif name in given_texts:
            both = "" if secret else f": {shown(given_texts[name])} and {shown(value)}"
            faults.append(f"parameter {shown(name)} is given twice{both}")
        else:
            given_texts[name] = value
    for given, convert in ((data or {}, Parameter.from_data), (given_texts, Parameter.from_text)):
        for name, value in given.items():
            if name not in parameters:
                faults.append(unknown("parameter", name, parameters, f"`workbench describe {study}` lists them"))
                continue
            try:
                values[name] = convert(parameters[name], value)
            except ParameterError as error:
                faults.extend(error.faults)
    return {name: values[name] for name in parameters if name in values}, faults


def unknown(kind: str, name: object, known: Iterable[str], otherwise: str) -> str:
    """The fault for a name that is not there: the nearest that is, or else where to look.

    Parameters
    ----------
    kind
        Of thing, for the message: `study`, `parameter`.
    name
        As it was typed.
    known
        Names that are there.
    otherwise
        Where to look when none is near.
    """
    end = suggestion(name, known)
    return f"unknown {kind} {shown(name)}{f'; {otherwise}.' if end == '.' else end}"


def python_literal(value: Any) -> str:
    """Python source of a parameter's value; anything that is not one is refused, never guessed.

    Parameters
    ----------
    value
        Coerced.

    Examples
    --------
    >>> python_literal([date(2024, 2, 29), None, {"a": (True, 1.5)}])
    "[date(2024, 2, 29), None, {'a': (True, 1.5)}]"
    """
    match value:
        case Given():
            return f"Secret.of_run({value.name!r})"
        case None | bool() | int() | float() | str():
            if value != value or value in (float("inf"), float("-inf")):
                raise ParameterError(f"a parameter has to be finite, got {value}")
            return repr(value)
        case datetime():
            if value.tzinfo is not None:
                return f"datetime.fromisoformat({value.isoformat()!r})"
            return f"datetime.fromisoformat({value.isoformat()!r})" if value.microsecond else _call(value, 6)
        case date():
            return _call(value, 3)
        case list():
            return "[" + ", ".join(map(python_literal, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(python_literal, value)) + (",)" if len(value) == 1 else ")")
        case dict():
            return "{" + ", ".join(f"{python_literal(k)}: {python_literal(v)}" for k, v in value.items()) + "}"
    raise ParameterError(f"a parameter cannot be of type {type(value).__name__}")


def _call(value: date, parts: int) -> str:
    numbers = ", ".join(str(number) for number in value.timetuple()[:parts])
    return f"{type(value).__name__}({numbers})"


def annotation_type(node: ast.expr) -> Any:
    """What an annotation stands for, read without running it; ValueError says which part the contract lacks.

    Parameters
    ----------
    node
        The annotation.
    """
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name) if name in PLAIN:
            return PLAIN[name]
        case ast.Name(id=name) if name in GENERIC:
            raise ValueError(f"'{name}' needs the type of its items, as in {name}[{'str, ' * (name == 'dict')}float]")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            union = annotation_type(left) | (annotation_type(right) or NoneType)
            kinds = {_is_textual(part) for part in _parts(union) if part is not NoneType}
            if len(kinds) > 1:
                raise ValueError(f"'{ast.unparse(node)}' mixes text with other types, so that text would be a guess")
            return union
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return Literal[tuple(ast.literal_eval(option) for option in options)]
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[base, *bounds])):
            return Annotated[(annotation_type(base), *map(_bound, bounds))]
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in GENERIC:
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "tuple" and isinstance(items[-1], ast.Constant) and items[-1].value is Ellipsis:
                return GenericAlias(tuple, (annotation_type(items[0]), Ellipsis))
            return GenericAlias(GENERIC[name], tuple(annotation_type(item) for item in items))
    allowed = ", ".join([*PLAIN, *GENERIC, "None", "Literal", "Annotated", *BOUNDS])
    raise ValueError(f"'{ast.unparse(node)}' is not in the vocabulary of parameters ({allowed})")


def default_value(node: ast.expr) -> Any:
    """A default, read without running it: a literal, or `date(…)` and `datetime(…)` anywhere in one.

    Parameters
    ----------
    node
        What stands behind the equals sign.
    """
    match node:
        case ast.Call(func=ast.Name(id="date" | "datetime" as name), args=arguments, keywords=[]):
            return DATES[name](*(ast.literal_eval(argument) for argument in arguments))
        case ast.List(elts=items):
            return [default_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(default_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            pairs = list(zip(keys, values, strict=True))
            if all(key is not None for key in keys):  # none is `{**other}`
                return {default_value(key): default_value(value) for key, value in pairs if key is not None}
    return ast.literal_eval(node)


def _bound(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in BOUNDS:
            return BOUNDS[name](default_value(argument))
    raise ValueError(f"'{ast.unparse(node)}' is not a bound; expected one of {', '.join(BOUNDS)} with a value")


def _parts(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself, without their bounds."""
    if get_origin(kind) is Annotated:
        return _parts(get_args(kind)[0])
    if isinstance(kind, UnionType) or get_origin(kind) is UnionType or str(get_origin(kind)) == "typing.Union":
        return tuple(part for member in get_args(kind) for part in _parts(member))
    return (NoneType,) if kind is None else (kind,)


def _is_textual(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return all(isinstance(option, str) for option in get_args(kind))
    return kind in TEXTUAL


def _is_tag(part: object) -> bool:
    # pydantic puts the member of a union that it tried into the place of an error: "list[str]", "function-after[…]".
    return isinstance(part, str) and (
        part in {*PLAIN, "none"}
        or part.startswith(("list[", "dict[", "tuple[", "literal[", "constrained-", "nullable"))
    )


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, default=date.isoformat)
    except (ValueError, TypeError):
        raise ParameterError(f"got {shown(value)}, expected finite numbers, text, lists and mappings") from None


def _expectation(fault: Mapping, parameter: Parameter) -> str:
    if fault["type"] == "json_invalid":
        return f"expected {_noun(parameter.type)} such as {_example(parameter.type)}"
    message = fault["msg"].removeprefix("Value error, expected ").removeprefix("Input should be ")
    message = re.sub(r" after validation, not \d+$", "", message)
    kind = "a number " if message.startswith(("greater", "less")) else ""
    return f"expected {kind}{message[0].lower()}{message[1:]}"


def _noun(kind: Any) -> str:
    kind = next((part for part in _parts(kind) if part is not NoneType), NoneType)
    nouns = {list: "a list", tuple: "a list", dict: "a mapping", bool: "true or false,", int: "a whole number"}
    return nouns.get(get_origin(kind) or kind, "a number" if kind is float else "JSON")


def _example(kind: Any) -> str:
    """A value of a type as JSON."""
    kind = next((part for part in _parts(kind) if part is not NoneType), NoneType)
    inner = get_args(kind)
    match get_origin(kind) or kind:
        case origin if origin is Literal:
            return _json(inner[0])
        case origin if origin in (list, tuple):
            return f"[{', '.join(_example(each) for each in inner if each is not Ellipsis)}]"
        case origin if origin is dict:
            return f'{{"name": {_example(inner[1])}}}'
        case origin:
            return {bool: "true", int: "12", float: "0.5", date: '"2026-11-21"', datetime: '"2026-11-21T12:00:00"'}.get(
                origin, '"text"'
            )
