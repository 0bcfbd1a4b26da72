"""What must be true for an initiative to pay: where each link breaks even, beside what the data say of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from workbench.decisions.funding.changed import with_half_life, with_lifts, with_slopes
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.initiatives import LARGEST_LIFT
from workbench.decisions.roi.result import LEVEL
from workbench.decisions.roi.steps import LIFT, ORDERS, held, steps_of
from workbench.exhibits import Column, Showable, Table
from workbench.wording import sentence

LIFTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, LARGEST_LIFT)
"""Standard deviations where the value is worked out, closer where lifts are usual; a monotone cubic goes between."""
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Times what is estimated, in the same way: what takes more than four times is out of reach."""
HALF_LIVES = (1.0, 2.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 60.0, 120.0)
"""Months, in the same way: what halves in ten years does not fade within any horizon that is told."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MustBeTrue:
    """Where each initiative breaks even.

    Attributes
    ----------
    table
        `initiative`, `what`, `title`, `unit`, `breaks_even` (missing: nowhere within reach), `expected`, `lower`,
        `upper` (what data or assumptions say; missing: nothing is said) and `chance` (that it is better than that).
    leading
        The initiative that is shown.
    """

    table: pd.DataFrame
    leading: str

    @classmethod
    def of(cls, chain: Chain, leading: str, *, hurdle: float, observed: float) -> "MustBeTrue":
        """Look for the points.

        Parameters
        ----------
        chain
            With all draws.
        leading
            The initiative that is shown.
        hurdle
            What 1 spent must return.
        observed
            Months for which customers have been observed.
        """
        slopes = [ORDERS, *(f"leaving: {reason}" for reason in chain.link.leaving)]
        names = [each.name for each in steps_of(chain, chain.initiatives[0])]
        moved = reduce(held, [name for name in names if name not in slopes], chain).returns().value
        now = chain.returns()
        needed = hurdle * now.costs
        lift = _crossings(LIFTS, lambda at: with_lifts(chain, dict.fromkeys(chain.lifts, at)), needed)
        slope = _crossings(TIMES, lambda at: with_slopes(chain, at), needed)
        half_life = _crossings(HALF_LIVES, lambda at: with_half_life(chain, at), needed)
        monthly = _monthly(chain)
        paid = np.cumsum(now.gains.mean(axis=1) * now.discounts - hurdle * now.spent, axis=1)
        rows: list[dict] = []
        for place, each in enumerate(chain.initiatives):
            value = float(now.value[place].mean())
            times = needed[place] / value if value > 0 else None
            mean = float(moved[place].mean())
            steep = moved[place] / mean if mean else None
            covered = np.flatnonzero(paid[place, each.start :] >= 0)
            rows += [
                {
                    "what": LIFT,
                    "title": sentence("Lift of the experience"),
                    "unit": sentence("standard deviations"),
                    "breaks_even": lift[place],
                    **_said(chain.lifts[each.name], lift[place]),
                },
                {
                    "what": "slope",
                    "title": sentence("What satisfaction moves"),
                    "unit": sentence("times what is estimated"),
                    "breaks_even": slope[place],
                    **_said(steep, slope[place]),
                },
                {
                    "what": "margin",
                    "title": sentence("What a customer brings a month"),
                    "unit": now.currency,
                    "breaks_even": None if times is None else times * float(monthly.mean()),
                    **_said(monthly, None if times is None else times * float(monthly.mean())),
                },
                {
                    "what": "horizon",
                    "title": sentence("Time it is given"),
                    "unit": sentence("months"),
                    "breaks_even": float(each.start + covered[0] + 1) if len(covered) else None,
                    "expected": observed,
                },
                {
                    "what": "half_life",
                    "title": sentence("Time until half of its effect is gone"),
                    "unit": sentence("months"),
                    "breaks_even": half_life[place],
                    "expected": each.half_life_months if np.isfinite(each.half_life_months) else None,
                },
            ]
            for row in rows[-5:]:
                row["initiative"] = each.name
        frame = pd.DataFrame(rows).reindex(
            columns=["initiative", "what", "title", "unit", "breaks_even", "expected", "lower", "upper", "chance"]
        )
        return cls(table=frame, leading=leading)

    def row(self, what: str) -> pd.Series:
        """One line of the initiative that is shown.

        Parameters
        ----------
        what
            `lift`, `slope`, `margin`, `horizon` or `half_life`.
        """
        own = self.table[(self.table["initiative"] == self.leading) & (self.table["what"] == what)]
        return own.iloc[0]

    def exhibits(self) -> Iterator[Showable]:
        """The table, the initiative that is shown first."""
        first = (self.table["initiative"] != self.leading).astype(int)
        yield Table(
            name="must_be_true",
            frame=self.table.assign(first=first).sort_values("first", kind="stable").drop(columns="first"),
            caption=sentence(
                "What must be true for each initiative to pay, beside what data and assumptions say (– none, or not "
                "within reach)."
            ),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "title": Column(sentence("What")),
                "unit": Column(sentence("Unit")),
                "breaks_even": Column(sentence("Breaks even at")),
                "expected": Column(sentence("Expected")),
                "lower": Column(sentence("From")),
                "upper": Column(sentence("To")),
                "chance": Column(sentence("Chance that it is so"), "share"),
            },
        )


def _crossings(places: Sequence[float], changed: Callable[[float], Chain], needed: np.ndarray) -> list[float | None]:
    """Where the expected value of each initiative first reaches what is needed; None: nowhere."""
    values = np.array([changed(at).returns().value.mean(axis=1) for at in places]) - needed
    found: list[float | None] = []
    for column in values.T:
        reached = np.flatnonzero(column >= 0)
        if not len(reached):
            found.append(None)
        elif reached[0] == 0:
            found.append(float(places[0]))
        else:
            curve = PchipInterpolator(places, column)
            found.append(float(brentq(curve, places[reached[0] - 1], places[reached[0]])))
    return found


def _monthly(chain: Chain) -> np.ndarray:
    """What a customer who is there brings a month (draws,), discounted months weighing as they do in a value."""
    base = chain.base
    weight = base.customers * base.discount ** np.arange(1, base.customers.shape[1] + 1)
    return np.asarray(np.sum(weight * (base.orders + base.other), axis=1) / weight.sum(axis=1))


def _said(draws: np.ndarray | None, breaks_even: float | None) -> dict[str, float | None]:
    """What is said of a link, and the chance that it is better than where it breaks even."""
    if draws is None:
        return {"expected": None, "lower": None, "upper": None, "chance": None}
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "expected": float(draws.mean()),
        "lower": float(low),
        "upper": float(high),
        "chance": 0.0 if breaks_even is None else float(np.mean(draws >= breaks_even)),
    }
