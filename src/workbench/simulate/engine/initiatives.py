"""What the company could do about experience: initiatives, what they are expected to do, and what they truly do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from workbench.errors import ParameterError
from workbench.simulate.engine.coefficients import RANGES
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import TOUCHPOINTS
from workbench.wording import listing, sentence, shown, suggestion

_DOUBT = 0.1  # standard deviation of a lift that is set, as a share of it
MOST = 6  # all subsets are valued: 2⁶ worlds


@dataclass(frozen=True, kw_only=True)
class Initiative:
    """One initiative.

    Attributes
    ----------
    touchpoint
        Where it acts, a position in `words.TOUCHPOINTS`.
    expected_lift, lift_sd
        What the dataset states: the distribution that `true_lift` was drawn from, in units of the latent experience.
    fixed_cost, cost_per_customer
        Spent once, at the start, in money.
    reach
        Share of customers reached.
    """

    name: str
    touchpoint: int
    expected_lift: float
    lift_sd: float
    fixed_cost: float
    cost_per_customer: float
    reach: float
    true_lift: float

    def stated(self) -> dict[str, Any]:
        """The row of the dataset's table: everything but the truth."""
        row = asdict(self)
        del row["true_lift"], row["name"]
        name = TOUCHPOINTS[self.touchpoint].name
        return {"initiative": self.name, "driver": name, **row, "touchpoint": name}


_DRAWN = (
    ("faster_repair", "repair"),
    ("clear_bills", "billing"),
    ("app_renewal", "app"),
    ("service_training", "support"),
    ("delivery_slots", "delivery"),
    ("callback", "support"),
)


def offered(settings: Settings) -> tuple[Initiative, ...]:
    """The initiatives of a world: those of the user's file, else six that are drawn.

    Parameters
    ----------
    settings
        Of the world.

    Raises
    ------
    ParameterError
        With every fault of the file.
    """
    random = np.random.default_rng([settings.seed, 20_261_123])
    if settings.initiatives:
        given = _read(Path(settings.initiatives))
    else:
        given = [_draw(name, touchpoint, random, settings) for name, touchpoint in _DRAWN]
    return tuple(
        Initiative(**each, true_lift=each["expected_lift"] + each["lift_sd"] * z)
        for each, z in zip(given, random.normal(size=MOST), strict=False)
    )


def _draw(name: str, touchpoint: str, random: np.random.Generator, settings: Settings) -> dict[str, Any]:
    expected, doubt, each, fixed, reach = (
        random.uniform(*RANGES[key][:2])
        for key in ("expected_lift", "lift_doubt", "cost_per_customer", "fixed_cost", "reach")
    )
    if settings.lift is not None:
        expected, doubt = settings.lift, _DOUBT
    return {
        "name": name,
        "touchpoint": _position(touchpoint),
        "expected_lift": round(expected, 2),
        "lift_sd": round(expected * doubt, 2),
        "fixed_cost": round(fixed * settings.customers, -2),
        "cost_per_customer": round(each, 2),
        "reach": round(reach, 2),
    }


def _position(touchpoint: str) -> int:
    return [each.name for each in TOUCHPOINTS].index(touchpoint)


_NUMBERS = {
    "expected_lift": (-5.0, 5.0),
    "lift_sd": (0.0, 5.0),
    "fixed_cost": (0.0, 1e12),
    "cost_per_customer": (0.0, 1e9),
    "reach": (0.0, 1.0),
}


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        why = error.strerror or str(error)
        raise ParameterError(
            sentence("initiatives: {path} cannot be read ({why}).", path=shown(str(path)), why=why)
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ParameterError(sentence("initiatives: {path} is no YAML file.", path=shown(str(path)))) from None
    if not isinstance(tree, list) or not 1 <= len(tree) <= MOST or not all(isinstance(each, Mapping) for each in tree):
        template = "initiatives: {path} holds {got}, expected a list of 1 to {most} initiatives, each with {keys}."
        keys = listing(["initiative", "touchpoint", *_NUMBERS])
        got = sentence("a list of {n}", n=len(tree)) if isinstance(tree, list) else sentence("something else")
        raise ParameterError(sentence(template, path=shown(str(path)), got=got, most=MOST, keys=keys))
    faults: list[str] = []
    made = [_initiative(each, place, faults) for place, each in enumerate(tree, 1)]
    names = [str(each.get("initiative")) for each in tree]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(sentence("initiatives: {name} stands there twice.", name=shown(name)))
    if faults:
        raise ParameterError(*faults)
    return made


def _initiative(given: Mapping[Any, Any], place: int, faults: list[str]) -> dict[str, Any]:
    def fault(key: str, expected: str, end: str = ".") -> None:
        template = "initiatives, number {place}: {key} is {got}, expected {expected}"
        got = shown(given.get(key))
        faults.append(sentence(template, place=place, key=key, got=got, expected=expected) + end)

    keys: Sequence[str] = ["initiative", "touchpoint", *_NUMBERS]
    for key in given:
        if key not in keys:
            template = "initiatives, number {place}: {key} is not known{end}"
            faults.append(sentence(template, place=place, key=shown(key), end=suggestion(key, keys)))
    name, touchpoint = given.get("initiative"), given.get("touchpoint")
    if not isinstance(name, str) or not name.isidentifier() or len(name) > 40:
        fault("initiative", sentence("a name of letters, digits and _"))
    known = [each.name for each in TOUCHPOINTS]
    if touchpoint not in known:
        fault("touchpoint", listing(known, "or"), suggestion(touchpoint, known))
    for key, (low, high) in _NUMBERS.items():
        value = given.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            fault(key, sentence("a number from {low:g} to {high:g}", low=low, high=high))
    return {
        "name": name,
        "touchpoint": known.index(touchpoint) if touchpoint in known else 0,
        **{key: given.get(key) for key in _NUMBERS},
    }
