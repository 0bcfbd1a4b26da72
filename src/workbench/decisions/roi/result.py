"""What initiatives return, with all doubt: net present value, return, payback, loss, and what knowing more is worth."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.decisions.roi.initiatives import Initiative

LEVEL = 0.90
"""Of every interval of a report."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Returns:
    """Each initiative alone.

    Attributes
    ----------
    initiatives
        I of them.
    gains : (I, draws, months)
        Cash over doing nothing, at the end of each month; costs not taken off.
    spent : (I, months)
        Present value of what is spent in each month.
    lifts : (I, draws)
        In standard deviations of the experience.
    discounts : (months,)
        Worth now of 1 at the end of each month.
    currency
        Of all money.
    """

    initiatives: tuple[Initiative, ...]
    gains: np.ndarray
    spent: np.ndarray
    lifts: np.ndarray
    discounts: np.ndarray
    currency: str

    @property
    def costs(self) -> np.ndarray:
        """Present value (I,) of all that is spent."""
        return self.spent.sum(axis=1)

    @cached_property
    def value(self) -> np.ndarray:
        """Present value of what each brings (I, draws)."""
        return self.gains @ self.discounts

    @property
    def npv(self) -> np.ndarray:
        """Net present value (I, draws)."""
        return self.value - self.costs[:, None]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an initiative, the highest net present value first.

        A return is a ratio of means, for costs are known and the mean of ratios is not what a sum of money brings.
        `payback_months` is the first month after which the expected gains so far cover what was spent so far; it is
        missing where they never do. `p_payback` is the share of draws in which there is such a month.
        """
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        rows = []
        for place, each in enumerate(self.initiatives):
            value, npv, cost = self.value[place], self.npv[place], float(self.costs[place])
            low, high = np.quantile(value, ends)
            net = np.cumsum(self.gains[place] * self.discounts - self.spent[place], axis=1)[:, each.start :]
            back = np.flatnonzero(net.mean(axis=0) >= 0)
            rows.append(
                {
                    "initiative": each.name,
                    "driver": each.driver,
                    "cost": cost,
                    "value": float(value.mean()),
                    "value_lower": float(low),
                    "value_upper": float(high),
                    "npv": float(npv.mean()),
                    "npv_lower": float(low) - cost,
                    "npv_upper": float(high) - cost,
                    "roi": _ratio(value.mean(), cost),
                    "roi_lower": _ratio(low, cost),
                    "roi_upper": _ratio(high, cost),
                    "p_loss": float(np.mean(npv < 0)),
                    "payback_months": float(each.start + back[0] + 1) if len(back) else None,
                    "p_payback": float((net >= 0).any(axis=1).mean()),
                }
            )
        frame = pd.DataFrame(rows)
        return frame.sort_values("npv", ascending=False, ignore_index=True) if len(frame) else frame


def _ratio(value: float, cost: float) -> float | None:
    return float(value / cost) if cost > 0 else None
