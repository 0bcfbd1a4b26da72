"""What a world is asked to be: its settings, their bounds, and the presets."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from workbench.errors import ParameterError
from workbench.wording import listing, number, sentence, shown, suggestion


def _setting(default: Any, help: str, low: float | None = None, high: float | None = None) -> Any:
    return field(default=default, metadata={"help": help, "low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A world to be simulated; `help` of each field says what it is, `low` and `high` what it may be.

    Raises
    ------
    ParameterError
        With every setting that is out of its bounds.
    """

    preset: str = _setting("demo", "where the other settings start from")
    customers: int = _setting(5_000, "active at any time; whoever leaves is followed by a new one", 1, 10_000_000)
    months: int = _setting(36, "months that the records cover", 1, 120)
    seed: int = _setting(1, "draws the world: its coefficients and everything that happens in it", 0, 2**63 - 1)
    start: str = _setting("2023-01", "first month of the records, year-month")
    currency: str = _setting("EUR", "of all money, three letters")
    churn: float | None = _setting(None, "share of customers who leave in a month; drawn when left open", 0.0005, 0.2)
    response: float | None = _setting(None, "share of invitations that are answered; drawn when left open", 0.01, 0.95)
    frailty: float = _setting(0.0, "variance of what makes some customers leave sooner, for reasons unseen", 0, 5)
    halo: float = _setting(1.0, "how far the general impression colours each rating; 0: not at all", 0, 3)
    confounding: float = _setting(1.0, "how far unseen loyalty moves satisfaction, leaving, spending, uptake", 0, 3)
    link: float = _setting(1.0, "how far satisfaction moves leaving and orders; 0: nothing that is done pays", 0, 2)
    thresholds: float = _setting(0.0, "how far satisfaction works by falling below a line instead of by degrees", 0, 1)
    drift: float = _setting(0.0, "how far hazards and drivers change in a year", 0, 2)
    warning: float = _setting(1.0, "share of announced departures, as a multiple; 0: none announces itself", 0, 1)
    trials: bool = _setting(True, "whether pilots and retention calls take place")
    trial_design: str = _setting("individual", "how the first pilot is dealt out")
    random_pilots: int | None = _setting(None, "initiatives tried by lot; as the design has it when left open", 0, 6)
    trial_months: int = _setting(6, "months that pilots last", 1, 24)
    lift: float | None = _setting(None, "what initiatives should add to an experience; drawn when left open", 0, 5)
    persuasion: float = _setting(1.0, "how far customers differ in what a retention call does to them", 0, 5)
    letters: bool = _setting(False, "whether a letter is a second kind of contact, beside the retention call")
    call_cost: float = _setting(8.0, "of a retention call, in money", 0, 1_000)
    dirt: float = _setting(0.0, "share of records that are duplicated, late, incomplete or wrong", 0, 0.5)
    truth: bool = _setting(True, "whether the truth is worked out and kept beside the data")
    valuation: bool = _setting(True, "whether the truth values customers and initiatives; most time goes there")
    initiatives: str = _setting("", "YAML file with the initiatives to offer, instead of those drawn")

    def __post_init__(self) -> None:
        faults = [fault for each in fields(self) for fault in _out_of_bounds(each, getattr(self, each.name))]
        if self.preset not in PRESETS:
            faults.append(_fault("preset", self.preset, listing(list(PRESETS), "or"), suggestion(self.preset, PRESETS)))
        if self.trial_design not in TRIAL_DESIGNS:
            end = suggestion(self.trial_design, TRIAL_DESIGNS)
            faults.append(_fault("trial_design", self.trial_design, listing(list(TRIAL_DESIGNS), "or"), end))
        if self.random_pilots is not None and self.trial_design != "individual":
            faults.append(_fault("random_pilots", self.random_pilots, sentence("trial_design=individual beside it")))
        if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", self.start):
            faults.append(_fault("start", self.start, sentence("a month such as 2023-01")))
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            faults.append(_fault("currency", self.currency, sentence("three capital letters such as EUR")))
        if faults:
            raise ParameterError(*faults)

    @property
    def first_day(self) -> date:
        """The first day of the records."""
        year, month = self.start.split("-")
        return date(int(year), int(month), 1)


TRIAL_DESIGNS: Mapping[str, str] = MappingProxyType(
    {
        "individual": "half of the customers chosen get it, by lot",
        "region": "two of four regions get it, by lot, with all of their customers",
        "staggered": "customers chosen get it one wave after the other, in an order by lot; some never",
        "volunteers": "whoever volunteers gets it",
    }
)
_PLAIN = {"halo": 0.0, "confounding": 0.0, "trials": False}
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "demo": {},
        "small": {"customers": 1_000, "months": 18},
        "large": {"customers": 100_000, "months": 24},
        "plain": {"customers": 2_000, "months": 24, **_PLAIN},
        "frailty": {"frailty": 2.0},
        "thresholds": {"thresholds": 1.0},
        "drift": {"drift": 1.0},
        "pilots": {"churn": 0.05, "lift": 2.0, "trial_months": 12},
        "persuadable": {"churn": 0.035, "persuasion": 1.6, "letters": True, "call_cost": 2.0},
    }
)
PRESET_HELP: Mapping[str, str] = MappingProxyType(
    {
        "demo": "a company of 5,000 customers over three years, for a newcomer",
        "small": "1,000 customers over 18 months, for tests",
        "large": "100,000 customers over two years",
        "plain": "no halo, no confounding, no trials: what textbook models assume",
        "frailty": "breaks models on purpose: customers differ in ways that nobody sees",
        "thresholds": "breaks models on purpose: satisfaction works by falling below a line",
        "drift": "breaks models on purpose: hazards and drivers change from year to year",
        "pilots": "pilots whose effects can be found: many leave, and lifts are large",
        "persuadable": "retention calls that keep some and drive others away, and letters beside them",
    }
)


def read_settings(texts: Iterable[str]) -> Settings:
    """Settings from `name=value` as they are typed.

    Parameters
    ----------
    texts
        `name=value`, each name once.

    Raises
    ------
    ParameterError
        With every name that is unknown and every value that is none.

    Examples
    --------
    >>> read_settings(["preset=small", "seed=7", "halo=0"]).customers
    1000
    """
    known = {each.name: each for each in fields(Settings)}
    given: dict[str, Any] = {}
    faults: list[str] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            expected = sentence("a setting as name=value: {names}", names=listing(list(known)))
            faults.append(_fault("--simulate", text, expected, suggestion(name, known)))
        elif name in given:
            faults.append(_fault(name, value, sentence("each setting once")))
        else:
            try:
                given[name] = _read(known[name].type, value)
            except ValueError:
                faults.append(_fault(name, value, _expected(known[name])))
    preset = given.get("preset", "demo")
    start = {**PRESETS.get(preset, {}), **given}
    try:
        # Values that could be read are checked even where others could not, so that all faults come at once.
        made = replace(Settings(), **start)
    except ParameterError as error:
        faults += error.faults
    if faults:
        raise ParameterError(*faults)
    return made


_WHOLE = (int, int | None)  # types of settings that are whole numbers


def _read(kind: Any, text: str) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text) if text in ("true", "false") else _no(text)
    if kind is str:
        return text
    if text == "null" and kind not in (int, float):
        return None
    if kind in _WHOLE:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else _no(text)
    return float(text)


def _no(text: str) -> Any:
    raise ValueError(text)


def _out_of_bounds(each: Any, value: Any) -> list[str]:
    low, high = each.metadata["low"], each.metadata["high"]
    if low is None or value is None or low <= value <= high:
        return []
    return [_fault(each.name, value, _expected(each))]


def _expected(each: Any) -> str:
    if each.type is bool:
        return sentence("true or false")
    low, high = number(each.metadata["low"]), number(each.metadata["high"])
    if each.type in _WHOLE:
        return sentence("a whole number from {low} to {high}", low=low, high=high)
    return sentence("a number from {low} to {high}", low=low, high=high)


def _fault(name: str, got: object, expected: str, end: str = ".") -> str:
    return sentence("{name}: got {got}, expected {expected}", name=name, got=shown(got), expected=expected) + end
