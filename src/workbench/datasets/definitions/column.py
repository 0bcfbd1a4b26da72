"""One column of a dataset.yaml → a frozen definition."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypedDict

from workbench.datasets.definitions.canonical import NUMERIC, TEMPORAL, TIME_UNITS, TYPES, CanonicalTable, Field, Kind
from workbench.datasets.definitions.section import Section
from workbench.datasets.definitions.strict_yaml import Tree
from workbench.datasets.definitions.uses import COSTS, OF_DRIVERS, OF_TRIALS, USES, Use
from workbench.wording import listing, sentence, shown, suggestion

Personal = Literal["", "true", "drop", "pseudonym"]
_FATES: tuple[Personal, ...] = ("true", "drop", "pseudonym")

KEYS = (
    "from",
    "label",
    "unit",
    "type",
    "values",
    "true_values",
    "false_values",
    "starts_with",
    "missing",
    "not_applicable",
    "personal",
    "format",
    "scale",
    "role",
    "touchpoint",
    "currency",
    "currency_from",
    "weighting",
    "factor",
    "valid_from",
    "constant",
    "direction",
    "split",
    "measure",
    "use",
    "question",
)
WEIGHTINGS = ("survey", "frequency")
COMPANION = "__not_applicable"
# Words under format: that stand for numbers: days since 1899-12-30, seconds and milliseconds since 1970.
NUMBER_FORMATS = ("excel", "epoch", "epoch_ms")
ISO_FORMAT = "iso"  # what is read without format:, for columns that have other forms besides
MEASURES = ("nps", "csat", "ces")
# What an item of a survey is: what is to be explained, what may explain it, what was expected, how much it is needed, a
# text in the customer's own words, or what such a text was sorted under.
ROLES = ("outcome", "driver", "expectation", "need", "comment", "code")
_RATED = ("expectation", "need")
_OF_TRIAL_TABLES = ("customers", "lifetimes", "treatments")
LOW_IS_GOOD = "low_is_good"
HIGH_IS_GOOD = "high_is_good"
_MEASURED = ("boolean", "number", "money", None)


@dataclass(frozen=True, kw_only=True)
class ColumnDefinition:
    """One column that enters a canonical table.

    Attributes
    ----------
    name
        Name in the canonical table.
    source
        Name in the file, blanks collapsed.
    label, unit
        For people; the label falls back to the name, the unit to nothing. The unit of money is its currency.
    kind
        One of `canonical.Kind`; None: numbers if all its values are, categories otherwise.
    values
        What each value of the file becomes; empty when values stay as they are, else every value must be listed. Of
        ratings and numbers: words and the numbers that they stand for; numbers stay as they are.
    true_values, false_values
        Values of the file that a boolean column reads as true and as false.
    starts_with
        Beginnings of a value that a boolean column reads as true; every other value is false.
    missing
        Values of the file that say that there is none (an empty cell always does).
    not_applicable
        Values of the file that say that the question did not apply. They are no value either, and a second, boolean
        column `<name>__not_applicable` keeps the two apart.
    personal
        Tells a person. `drop`: does not enter; `pseudonym`: replaced by a keyed hash; `true`: an id is replaced where
        there is a key, and whatever else does not enter.
    impersonal
        Declared to tell nobody (`personal: false`), whatever it looks like.
    formats
        How dates are written (`strptime`, `ISO_FORMAT` or one of `NUMBER_FORMATS`); empty: ISO 8601.
    scale
        Lowest and highest point of a rating.
    low_is_good
        Of a rating whose lowest point is the best: it enters turned round (low + high − x), so that everywhere higher
        is better.
    direction
        Of an outcome that is no rating (`use: outcome`): `LOW_IS_GOOD` or `HIGH_IS_GOOD`; empty where nothing is said.
    split
        Mark between the choices of an answer; each choice becomes a boolean column `<name>_<choice>`.
    measure
        Of an outcome: which well-known measure it is (one of `MEASURES`); empty: none is said.
    questions
        What must be answered before the column is used.
    role, touchpoint
        Of a survey's item: what it is (one of `ROLES`), and where the customer met it.
    use
        What it may be used for (one of `uses.USES`); empty where nothing is said.
    currency_from
        Column of the file that holds the currency of each row.
    weighting
        Of a weight: `survey` (how many people an answer stands for) or `frequency` (how many equal rows it was); of
        another column of surveys: `replicate`, one of several weights whose differences tell how much results vary.
    factor
        Of replicate weights: what the mean squared deviation of results under them is multiplied by.
    valid_from
        Canonical column with the date from which the attribute holds.
    constant
        Whether the attribute never changes.
    """

    name: str
    source: str
    label: str
    unit: str = ""
    kind: Kind | None = None
    values: Mapping[str, str] = MappingProxyType({})
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    personal: Personal = ""
    impersonal: bool = False
    formats: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    low_is_good: bool = False
    direction: str = ""
    split: str = ""
    measure: str = ""
    questions: tuple[str, ...] = ()
    role: str = ""
    touchpoint: str = ""
    use: Use = ""
    currency_from: str = ""
    weighting: str = ""
    factor: float = 1.0
    valid_from: str = ""
    constant: bool = False

    @property
    def companion(self) -> str | None:
        """Name of the boolean column that says where the question did not apply; None without such codes."""
        return f"{self.name}{COMPANION}" if self.not_applicable else None

    @property
    def validity(self) -> Literal["constant", "dated", "as of extract"]:
        """From when an attribute holds: always, from the date in `valid_from`, or on the day of the extract only."""
        return "constant" if self.constant else "dated" if self.valid_from else "as of extract"


class _Meaning(TypedDict):
    role: str
    touchpoint: str
    use: Use
    measure: str
    weighting: str
    factor: float
    valid_from: str
    constant: bool


def read_column(
    name: str,
    tree: Tree,
    given: Section,
    canonical: CanonicalTable,
    *,
    missing: tuple[str, ...],
    segment: bool,
    currency: str,
    currency_from: str,
) -> ColumnDefinition:
    """A column from what stands under its name; `age: AGE` and `age:` are short for `age: {from: …}`.

    Parameters
    ----------
    name, tree
        Key and value.
    given
        The mapping that they stand in.
    canonical
        The table that they belong to.
    missing, currency, currency_from
        Codes and currency of the whole table, or the column with the currency of each row.
    segment
        Whether studies split by this column.
    """
    tree = {} if tree is None else {"from": tree} if isinstance(tree, str) else tree
    section = Section(tree, given.at(name), KEYS, given.faults)
    if not name.isidentifier() or keyword.iskeyword(name) or len(name) > 64 or name.endswith(COMPANION):
        expected = sentence("a name of letters, digits and _ (the file's own name goes under from)")
        section.fault("", got=shown(name), expected=expected)
    field = canonical.fields.get(name)
    words = {key: section.texts(key) for key in ("true_values", "false_values", "starts_with", "format")}
    values, scale = section.pairs("values"), section.scale("scale")
    kind = _kind(section, field, bool(values), words, scale, segment)
    kind = "text" if kind is None and section.tree.get("role") == "comment" else kind
    _check_truths(section, words, kind)
    _check_values(section, values, kind)
    split = _split(section, field, kind, segment=segment)
    direction = _direction(section, kind)
    if kind == "rating" and scale is None and "scale" not in section.tree:
        section.fault("scale", got=sentence("nothing"), expected=sentence("the scale, as in [1, 5]"))
    if words["format"] and kind not in TEMPORAL:
        expected = "type: date or timestamp"
        section.fault("format", got=sentence("a column of type {kind}", kind=kind), expected=expected)
    for form in words["format"]:
        if form not in (ISO_FORMAT, *NUMBER_FORMATS) and ("%" not in form or "%z" in form.casefold() or "\0" in form):
            expected = sentence(
                "a format such as %d/%m/%Y %H:%M, without a zone (the table's time_zone: says it), or {words}",
                words=listing((ISO_FORMAT, *NUMBER_FORMATS), "or"),
            )
            section.fault("format", got=shown(form), expected=expected)
    not_applicable = section.texts("not_applicable")
    own_missing = section.texts("missing")
    for both in set(not_applicable) & set(own_missing):
        section.fault("not_applicable", got=shown(both), expected=sentence("codes that are not among missing"))
    if not_applicable and (kind == "id" or (field is not None and field.required)):
        section.fault("not_applicable", got=shown(list(not_applicable)), expected=sentence("nothing in this column"))
    unit = section.text("unit")
    if name == canonical.time and f"{unit}s" in TIME_UNITS:
        unit = f"{unit}s"
    source = section.text("from", name)
    return ColumnDefinition(
        name=name,
        source=source,
        label=section.text("label", name.replace("_", " ").capitalize()),
        unit=_currency(section, currency, unit) if kind == "money" else unit,
        kind="boolean" if split else kind or ("number" if section.tree.get("weighting") == "replicate" else None),
        values=values,
        true_values=words["true_values"],
        false_values=words["false_values"],
        starts_with=words["starts_with"],
        missing=tuple(code for code in (*missing, *own_missing) if code not in not_applicable),
        not_applicable=not_applicable,
        personal=_personal(section, field, canonical, name, kind),
        impersonal=section.tree.get("personal") == "false",
        formats=words["format"],
        scale=scale,
        low_is_good=kind == "rating" and bool(direction),
        direction="" if kind == "rating" else direction,
        split=split,
        questions=section.questions(),
        currency_from=section.text("currency_from", currency_from if kind == "money" else ""),
        **_meaning(section, canonical, field, name, scale, kind),
    )


def _kind(
    section: Section, field: Field | None, values: bool, words: Mapping[str, tuple], scale: object, segment: bool
) -> Kind | None:
    declared = section.choice("type", TYPES)
    if field is not None:
        if declared and declared != field.kind and (declared, field.kind) != ("date", "timestamp"):
            section.fault("type", got=shown(declared), expected=sentence("{kind} (or nothing)", kind=field.kind))
        return field.kind
    if scale and declared not in ("", "rating"):
        section.fault("scale", got=sentence("a column of type {kind}", kind=declared), expected="type: rating")
    if declared:
        return declared
    if scale:
        return "rating"
    if section.tree.get("split") is not None:
        return "boolean"
    if words["true_values"] or words["false_values"] or words["starts_with"]:
        return "boolean"
    return "category" if values or segment else None


def _check_truths(section: Section, words: Mapping[str, tuple[str, ...]], kind: Kind | None) -> None:
    true_values, false_values, starts_with = words["true_values"], words["false_values"], words["starts_with"]
    if bool(true_values) != bool(false_values):
        lacking = "false_values" if true_values else "true_values"
        section.fault(lacking, got=sentence("nothing"), expected=sentence("its values: the two go together"))
    if starts_with and true_values:
        expected = sentence("either starts_with or true_values and false_values")
        section.fault("starts_with", got=sentence("both"), expected=expected)
    if "" in starts_with:
        section.fault("starts_with", got="''", expected=sentence("beginnings of values"))
    for key, given in (("true_values", true_values), ("starts_with", starts_with)):
        if given and kind != "boolean":
            section.fault(key, got=sentence("a column of type {kind}", kind=kind), expected="type: boolean")
    for both in set(true_values) & set(false_values):
        section.fault("false_values", got=shown(both), expected=sentence("values that are not among true_values"))


def _check_values(section: Section, values: Mapping[str, str], kind: Kind | None) -> None:
    if values and kind not in (None, "category", "rating", "number"):
        expected = "type: category, rating or number"
        section.fault("values", got=sentence("a column of type {kind}", kind=kind), expected=expected)
    if kind in ("rating", "number"):
        for word, point in values.items():
            if not re.fullmatch(r"-?\d+(\.\d+)?", point):
                expected = sentence("a number: the column is of type {kind}", kind=kind)
                section.fault(f"values.{word}", got=shown(point), expected=expected)


def _split(section: Section, field: Field | None, kind: Kind | None, *, segment: bool) -> str:
    split = section.raw("split")
    if section.tree.get("split") is None:
        return ""
    if not split or "\0" in split or len(split) > 3:
        section.fault("split", got=shown(split), expected=sentence('the mark between choices, such as ";"'))
    elif field is not None or kind not in (None, "boolean") or segment:
        expected = sentence("a column of no type of its own that is no segment: each choice becomes a boolean column")
        section.fault("split", got=shown(split), expected=expected)
    return split


def _direction(section: Section, kind: Kind | None) -> str:
    """Which way is better; a rating is the better the higher, unless its lowest point is the best."""
    if kind == "rating":
        return section.choice("direction", (LOW_IS_GOOD,))
    direction = section.choice("direction", (LOW_IS_GOOD, HIGH_IS_GOOD))
    if direction and (section.tree.get("use") != "outcome" or kind not in _MEASURED):
        section.fault(
            "direction",
            got=sentence("a column of type {kind}", kind=kind or "text"),
            expected=sentence("type: rating, or a number, an amount or yes and no with use: outcome"),
        )
    return direction


def _personal(
    section: Section, field: Field | None, canonical: CanonicalTable, name: str, kind: Kind | None
) -> Personal:
    given = section.tree.get("personal")
    if given in (None, "false"):
        return ""
    personal = next((fate for fate in _FATES if fate == given), None)
    if personal is None:
        section.fault("personal", got=shown(given), expected="true, drop, pseudonym or false")
        return ""
    if field is not None and field.required and (field.kind != "id" or personal == "drop"):
        expected = sentence("false: {table} cannot do without {name}", table=canonical.name, name=name)
        section.fault("personal", got=personal, expected=expected)
    if personal == "pseudonym" and kind not in ("id", "text", "category", None):
        expected = sentence("drop: only ids and texts can be replaced")
        section.fault("personal", got="pseudonym", expected=expected)
    return personal


def _currency(section: Section, table: str, unit: str) -> str:
    currency = section.currency("currency") or table
    if unit and currency and unit != currency:
        section.fault("unit", got=shown(unit), expected=sentence("nothing: the unit of money is its currency"))
    return currency or unit


def _meaning(
    section: Section,
    canonical: CanonicalTable,
    field: Field | None,
    name: str,
    scale: tuple[float, float] | None,
    kind: Kind | None,
) -> _Meaning:
    """What a column is for: an item of a survey, a weight, an attribute with its validity."""
    role, touchpoint = section.choice("role", ROLES), section.text("touchpoint")
    if (role or touchpoint) and (canonical.name != "surveys" or field is not None):
        expected = sentence("nothing: only items of surveys have a role and a touchpoint")
        section.fault("role" if role else "touchpoint", got=shown(role or touchpoint), expected=expected)
    measure = section.choice("measure", MEASURES)
    if measure and role != "outcome":
        section.fault(
            "measure", got=shown(measure), expected=sentence("nothing: only items with role: outcome have one")
        )
    elif measure == "nps" and scale != (0, 10):
        expected = sentence("scale: [0, 10], the scale on which customers say whether they recommend")
        section.fault("measure", got=shown(measure), expected=expected)
    known = WEIGHTINGS if name == "weight" else ("replicate",) if canonical.name == "surveys" and field is None else ()
    weighting = section.choice("weighting", known) if known else ""
    if name == "weight" and not section.tree.get("weighting"):
        section.fault("weighting", got=shown(None), expected="survey or frequency")
    if section.tree.get("weighting") and not known:
        expected = sentence("nothing: this column is not weight")
        section.fault("weighting", got=shown(section.tree["weighting"]), expected=expected)
    if weighting == "replicate" and kind not in ("number", None):
        section.fault("weighting", got="replicate", expected=sentence("type: number beside it"))
    factor = section.positive("factor", 1.0)
    if section.tree.get("factor") and weighting != "replicate":
        section.fault("factor", got=shown(section.tree["factor"]), expected=sentence("weighting: replicate beside it"))
    valid_from, constant = section.text("valid_from"), section.truth("constant")
    attribute = canonical.attributes and (field is None or field.attribute)
    if (valid_from or constant) and not attribute:
        expected = sentence("nothing: only attributes of customers have a validity")
        section.fault("valid_from" if valid_from else "constant", got=shown(valid_from or "true"), expected=expected)
    if valid_from and constant:
        section.fault("constant", got="true", expected=sentence("either valid_from or constant"))
    _check_role(section, role, kind)
    return {
        "role": role,
        "touchpoint": touchpoint,
        "use": _use(section, canonical, field, kind, role),
        "measure": measure,
        "weighting": weighting,
        "factor": factor,
        "valid_from": valid_from,
        "constant": constant,
    }


def _check_role(section: Section, role: str, kind: Kind | None) -> None:
    """Whether values of this kind can play the role."""
    fits = {
        "comment": (("text",), "type: text"),
        "code": (("category", "boolean"), "type: category, or split: with the mark between codes"),
        **dict.fromkeys(_RATED, (("rating",), "scale: with its lowest and highest point")),
    }
    if role in fits and kind is not None and kind not in fits[role][0]:
        section.fault("role", got=shown(role), expected=sentence("{key} beside it", key=fits[role][1]))


def _use(section: Section, canonical: CanonicalTable, field: Field | None, kind: Kind | None, role: str) -> Use:
    """The one use that is declared, where a column of this table and kind can have it."""
    given = section.texts("use")
    if len(given) > 1:
        section.fault("use", got=listing([shown(each) for each in given]), expected=sentence("one use a column"))
        return ""
    use: Use = next((each for each in USES if each in given), "")
    if given and not use:
        section.fault(
            "use", got=f"{shown(given[0])}{suggestion(given[0], USES).rstrip('.')}", expected=listing(USES, "or")
        )
    if not use:
        return ""
    expected = ""
    if field is not None and (field.kind == "id" or field.required or field.kind in TEMPORAL):
        expected = sentence("nothing: {table} needs it for what it is", table=canonical.name)
    elif role and not (role == "driver" and use in OF_DRIVERS):
        expected = sentence("either role or use: only a driver has both, and is {uses}", uses=listing(OF_DRIVERS, "or"))
    elif use in (*COSTS, *OF_TRIALS) and canonical.name not in _OF_TRIAL_TABLES:
        expected = sentence("nothing: only columns of {tables} have it", tables=listing(_OF_TRIAL_TABLES))
    elif use in COSTS and kind not in ("money", "number"):
        expected = sentence("type: money beside it (or number)")
    if expected:
        section.fault("use", got=use, expected=expected)
        return ""
    return use


def is_number(column: ColumnDefinition) -> bool:
    """Whether a column is declared to hold numbers.

    Parameters
    ----------
    column
        A column as dataset.yaml defines it.
    """
    return column.kind in NUMERIC
