"""The rows of the validation: which worlds, what is measured in them, and what is demanded of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from benchmarks.validation.estimates import of_pilots, whole
from benchmarks.validation.pilots import lifts

from workbench.models.linkage.halo import MUCH

Results = Sequence[dict[str, Any]]
Measure = Callable[[dict[str, Any]], list[float]]
LEAST_COVER = 0.8  # of intervals of a row that is reported only: below it is named what should have warned
ERRORS = 2.0  # standard errors, clustered by world, within which a bound holds


@dataclass(frozen=True)
class Demand:
    """One figure of a row.

    Attributes
    ----------
    title
        What it is.
    of
        What a world brings to it: numbers.
    low, high
        Bounds; None: none.
    middle
        `mean`, `median`, or `ratio` of the sums of pairs that stand one after the other.
    """

    title: str
    of: Measure
    low: float | None = None
    high: float | None = None
    middle: str = "mean"

    def measured(self, results: Results) -> tuple[float, float]:
        """The figure and its standard error, clustered by world (for medians: worlds drawn again, Efron 1979)."""
        worlds = [np.array(self.of(each), dtype=float) for each in results]
        worlds = [each for each in worlds if each.size]
        if not worlds:
            return float("nan"), float("nan")
        random = np.random.default_rng(1)
        drawn = [self._figure([worlds[i] for i in random.integers(len(worlds), size=len(worlds))]) for _ in range(400)]
        return self._figure(worlds), float(np.std(drawn))

    def _figure(self, worlds: Sequence[np.ndarray]) -> float:
        numbers = np.concatenate(worlds)
        if self.middle == "ratio":
            return float(numbers[::2].sum() / numbers[1::2].sum())
        return float(np.median(numbers) if self.middle == "median" else np.mean(numbers))

    def holds(self, figure: float, error: float) -> bool | None:
        """Whether the bound holds; None where nothing is demanded, or nothing was measured."""
        if (self.low is None and self.high is None) or not np.isfinite(figure):
            return None
        above = self.low is None or figure >= self.low - ERRORS * error
        return above and (self.high is None or figure <= self.high + ERRORS * error)


@dataclass(frozen=True)
class Row:
    """Worlds of one kind.

    Attributes
    ----------
    name, settings
        As they are typed.
    worlds
        How many are asked for.
    demands
        Figures.
    of
        What is kept of a world, given its settings and seed.
    guard
        Where a row is reported only: which check should have warned where intervals cover too little, in words.
    """

    name: str
    settings: tuple[str, ...]
    worlds: int
    demands: tuple[Demand, ...]
    of: Callable[[Sequence[str], int], dict[str, Any]] = whole
    guard: str = ""

    def fails(self, results: Results) -> bool:
        """Whether intervals of a row that is reported only cover less than `LEAST_COVER`."""
        asked = [each for each in self.demands if each in (STATED, LIFTS_GIVEN)]
        return bool(self.guard) and any(each.measured(results)[0] < LEAST_COVER for each in asked)


def covered(which: str) -> Measure:
    """Whether the interval of each initiative holds the truth."""
    return lambda world: [each[which][0] <= each["npv"] <= each[which][1] for each in world["initiatives"]]


def told(which: str) -> Measure:
    """A number of each initiative."""
    return lambda world: [each[which] for each in world["initiatives"]]


def warned(name: str) -> Measure:
    """Whether a check warns in a world; nothing where there was none."""
    return lambda world: [world["checks"][name] == "warn"] if name in world["checks"] else []


def pairs(above: str, below: str) -> Measure:
    """Two numbers of each initiative, one after the other."""
    return lambda world: [number for each in world["initiatives"] for number in (each[above], each[below])]


def width(world: dict[str, Any]) -> list[float]:
    """How much wider each interval is than that of one who knows all but the lift."""
    return [
        (each["stated"][1] - each["stated"][0]) / (each["known"][1] - each["known"][0])
        for each in world["initiatives"]
        if each["known"][1] > each["known"][0]
    ]


def no_call(world: dict[str, Any]) -> list[float]:
    """Whether no initiative is called worth it."""
    return [all(each["p_gain"] <= 0.9 for each in world["initiatives"])]


def halo(world: dict[str, Any]) -> list[float]:
    """The estimated halo over the true one."""
    return [world["halo"] / world["true_halo"]] if world["halo"] is not None and world["true_halo"] > 0 else []


COVER = Demand("90% interval of NPV covers, lifts as stated", covered("stated"), 0.85, 0.95)
GIVEN = Demand("the same, lifts given", covered("given"), 0.80, 0.95)
STATED = Demand("90% interval of NPV covers, lifts as stated", covered("stated"))
LIFTS_GIVEN = Demand("the same, lifts given", covered("given"))
REPORTED = (
    STATED,
    LIFTS_GIVEN,
    Demand("estimated over true gain, median", told("ratio"), middle="median"),
    Demand("check `confounding` warns", warned("confounding")),
    Demand("check `halo` warns", warned("halo")),
    Demand("check `effects_last` warns", warned("effects_last")),
)
PILOTS = (
    Demand("interval of a lift by a pilot by lot covers", lifts("pilot", by_lot=True), 0.85, 0.95),
    Demand("interval of a lift by volunteers against a control covers", lifts("pilot", by_lot=False), 0.80),
)
BARE = Demand("interval of the bare difference of volunteers covers", lifts("bare", by_lot=False), None, 0.60)
HALO = Demand("halo over the true one, median", halo, 0.8, 1.2, "median")
CHAIN = (
    COVER,
    GIVEN,
    Demand("estimated over true gain, median", told("ratio"), 0.85, 1.15, "median"),
    Demand("the same, lifts given", told("given_ratio"), middle="median"),
    Demand("width over that of one who knows all but the lift, median", width, None, 1.4, "median"),
    Demand("CRPS over the naive chain's", pairs("crps", "naive_crps"), None, 0.5, "ratio"),
    Demand("the naive chain's interval covers", covered("naive")),
    Demand("the naive chain's gain over the true one, median", told("naive_ratio"), middle="median"),
    *PILOTS,
)
DEFAULT = (*CHAIN, BARE, HALO)
# Without halo or loyalty the ratings of volunteers mislead less: the bare difference need not fail.
UNBIASED = (*CHAIN, replace(BARE, high=None))
ROWS = (
    Row("default", ("warning=0",), 100, DEFAULT),
    Row("default, leaving lags", ("warning=1",), 100, DEFAULT),
    Row("halo=0", ("warning=0", "halo=0"), 60, UNBIASED),
    Row(
        "confounding=0",
        ("warning=0", "confounding=0"),
        60,
        (*UNBIASED, Demand("check `confounding` warns", warned("confounding"), None, 0.10)),
    ),
    Row(
        "confounding=3",
        ("warning=0", "confounding=3"),
        60,
        (
            Demand("interval widened to span within and between covers", covered("wide"), 0.85),
            Demand("check `confounding` warns", warned("confounding"), 0.80),
            Demand("the interval that is not widened covers", covered("stated")),
            Demand("estimated over true gain, median", told("ratio"), middle="median"),
            Demand("CRPS over the naive chain's", pairs("crps", "naive_crps"), middle="ratio"),
        ),
    ),
    Row(
        "link=0",
        ("warning=0", "link=0"),
        60,
        (Demand("no initiative is called worth it", no_call, 0.90), Demand("interval covers", covered("stated"))),
    ),
    Row(
        "small",
        ("warning=0", "customers=1000", "months=18"),
        60,
        (
            Demand("90% interval of NPV covers, lifts as stated", covered("stated"), 0.80),
            Demand("check `link_learnt` warns", warned("link_learnt"), 1.0),
        ),
    ),
    Row("pilots", ("warning=0", "random_pilots=2"), 60, (*PILOTS, BARE), of_pilots),
    Row(
        "halo=2",
        ("warning=0", "halo=2"),
        60,
        REPORTED,
        guard=f"`halo`, which warns where an improved experience brings more than {MUCH} times what ratings say.",
    ),
    Row(
        "frailty",
        ("warning=0", "preset=frailty"),
        60,
        REPORTED,
        guard="none can: what makes customers leave and goes with nothing that is recorded leaves no trace in answers.",
    ),
    Row(
        "thresholds",
        ("warning=0", "preset=thresholds"),
        60,
        REPORTED,
        guard="the table `asymmetry` of driver_analysis, which tells where points below the middle count for more; the "
        "chain takes the mean effect of a point, with a fifth of doubt about its form.",
    ),
    Row(
        "drift",
        ("warning=0", "preset=drift"),
        60,
        REPORTED,
        guard="`effects_last`. Effects go on changing by up to 30% a year for the three years ahead, so that over the "
        "horizon they are up to 2.5 times what the records show on average: no interval from these data holds that.",
    ),
)
