"""What initiatives return, with all doubt: net present value, return, payback, loss, and what knowing more is worth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.roi.initiatives import Initiative
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Finding
from workbench.wording import number, percent, sentence

LEVEL = 0.90
"""Of every interval of a report."""
SURE = 0.9
"""Probability of a gain from which an initiative is called worth it: a choice, one in ten may disappoint."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Returns:
    """Each initiative alone.

    Attributes
    ----------
    initiatives
        I of them.
    gains : (I, draws, months)
        Cash over doing nothing, at the end of each month; costs not taken off.
    costs : (I,)
        Present value.
    lifts : (I, draws)
        In standard deviations of the experience.
    discounts : (months,)
        Worth now of 1 at the end of each month.
    currency
        Of all money.
    """

    initiatives: tuple[Initiative, ...]
    gains: np.ndarray
    costs: np.ndarray
    lifts: np.ndarray
    discounts: np.ndarray
    currency: str

    @property
    def value(self) -> np.ndarray:
        """Present value of what each brings (I, draws)."""
        return self.gains @ self.discounts

    @property
    def npv(self) -> np.ndarray:
        """Net present value (I, draws)."""
        return self.value - self.costs[:, None]

    @property
    def table(self) -> pd.DataFrame:
        """One row an initiative, the highest net present value first."""
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        paid = np.cumsum(self.gains * self.discounts, axis=2)
        rows = []
        for place, each in enumerate(self.initiatives):
            npv, cost = self.npv[place], self.costs[place]
            low, high = np.quantile(npv, ends)
            mean = np.flatnonzero(paid[place].mean(axis=0) >= cost)
            back = (paid[place] >= cost).any(axis=1)
            rows.append(
                {
                    "initiative": each.name,
                    "driver": each.driver,
                    "cost": cost,
                    "value": self.value[place].mean(),
                    "npv": npv.mean(),
                    "npv_lower": low,
                    "npv_upper": high,
                    "roi": _ratio(self.value[place].mean(), cost),
                    "roi_lower": _ratio(np.quantile(self.value[place], ends[0]), cost),
                    "roi_upper": _ratio(np.quantile(self.value[place], ends[1]), cost),
                    "p_loss": float(np.mean(npv < 0)),
                    "payback_months": float(mean[0] + 1) if len(mean) else None,
                    "p_payback": float(back.mean()),
                    "evpi": float(np.maximum(npv, 0).mean() - max(npv.mean(), 0.0)),
                }
            )
        frame = pd.DataFrame(rows)
        return frame.sort_values("npv", ascending=False, ignore_index=True) if len(frame) else frame

    def exhibits(self) -> Iterator[Showable]:
        """The recommendation, then each initiative."""
        frame = self.table
        if frame.empty:
            return
        yield self._headline(frame)
        for row in frame.itertuples():
            yield {
                f"{name}_{row.initiative}": _told(getattr(row, name))
                for name in ("roi", "npv", "p_loss", "payback_months", "p_payback", "evpi")
            }
            yield {
                f"{name}_{row.initiative}_{end}": _told(getattr(row, f"{name}_{end}"))
                for name in ("roi", "npv")
                for end in ("lower", "upper")
            }
        unit = self.currency
        yield Table(
            name="returns",
            frame=frame,
            caption=sentence("What each initiative costs and brings, alone, with 90% credible intervals."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "cost": Column(sentence("Cost"), unit),
                "value": Column(sentence("Added value"), unit),
                "npv": Column(sentence("Net present value"), unit),
                "npv_lower": Column(sentence("From"), unit),
                "npv_upper": Column(sentence("To"), unit),
                "roi": Column(sentence("1 spent returns"), unit),
                "p_loss": Column(sentence("Chance of a loss"), "share"),
                "payback_months": Column(sentence("Pays back in"), sentence("months")),
                "evpi": Column(sentence("Knowing for sure is worth"), unit),
            },
        )

    def _headline(self, frame: pd.DataFrame) -> Finding:
        best = frame.iloc[0]
        about = {
            "name": best["initiative"],
            "roi": number(best["roi"]),
            "chance": percent(1 - best["p_loss"]),
            "loss": percent(best["p_loss"]),
        }
        if 1 - best["p_loss"] >= SURE:
            statement = sentence(
                "Fund {name} first: 1 spent returns {roi}, and it pays with a probability of {chance}.", **about
            )
        elif (frame["p_loss"] >= SURE).all():
            statement = sentence("No initiative pays: the best, {name}, returns {roi} for 1 spent.", **about)
        else:
            statement = sentence(
                "These data cannot tell: {name} looks best, and loses money with a probability of {loss}.", **about
            )
        return Finding(
            id="what_to_fund",
            statement=statement,
            estimate=float(best["roi"]),
            interval=(float(best["roi_lower"]), float(best["roi_upper"])),
            interval_kind="90% credible",
            unit=sentence("returned for 1 spent"),
            evidence="associational",
        )


def _ratio(value: float, cost: float) -> float | None:
    return float(value / cost) if cost > 0 else None


def _told(value: float | None) -> float | None:
    """A number, or None where there is none: what never pays back has no month."""
    return None if pd.isna(value) else value
