"""Each initiative alone: its numbers for machines, a table, and a figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.funding.information import perfect_information
from workbench.decisions.funding.naming import keys
from workbench.decisions.roi.result import Returns
from workbench.exhibits import Column, Figure, Kept, Showable, Table
from workbench.textwidth import shorten
from workbench.wording import sentence

INTERVALS = ("roi", "npv")
SINGLE = ("cost", "p_loss", "payback_months", "p_payback", "evpi", "p_clears")
"""What results.json holds of each initiative, with and without an interval."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Alone:
    """Initiatives one by one.

    Attributes
    ----------
    returns
        With all draws.
    naive
        By the usual chain; None where it cannot be worked out.
    clears
        Probability that each clears the hurdle, by its name.
    hurdle
        What 1 spent must return.
    """

    returns: Returns
    naive: Returns | None
    clears: Mapping[str, float]
    hurdle: float

    @property
    def table(self) -> pd.DataFrame:
        """`Returns.table` with `p_clears`, `evpi`, `lift`, and what the usual chain says (`naive_roi`, `naive_npv`)."""
        frame = self.returns.table.copy()
        at = {each.name: place for place, each in enumerate(self.returns.initiatives)}
        places = [at[name] for name in frame["initiative"]]
        frame["p_clears"] = [self.clears[name] for name in frame["initiative"]]
        over = self.returns.value - self.hurdle * self.returns.costs[:, None]
        frame["evpi"] = [perfect_information(over[place]) for place in places]
        frame["lift"] = self.returns.lifts.mean(axis=1)[places]
        naive = None if self.naive is None else self.naive.table.set_index("initiative")
        for name in ("roi", "roi_lower", "roi_upper", "npv", "npv_lower", "npv_upper"):
            frame[f"naive_{name}"] = None if naive is None else naive[name].reindex(frame["initiative"]).to_numpy()
        return frame

    def metrics(self) -> dict[str, float | None]:
        """Of each initiative, by its name in small letters."""
        found: dict[str, float | None] = {}
        frame = self.table
        for name, row in zip(keys(list(frame["initiative"])), _rows(frame), strict=True):
            found |= {f"{single}_{name}": _told(getattr(row, single)) for single in SINGLE}
            for one in INTERVALS:
                found[f"{one}_{name}"] = _told(getattr(row, one))
                found |= {f"{one}_{name}_{end}": _told(getattr(row, f"{one}_{end}")) for end in ("lower", "upper")}
            found[f"naive_roi_{name}"] = _told(row.naive_roi)
        return found

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, the figure, and the table."""
        yield self.metrics()
        yield Figure(
            name="returns",
            draw=self.draw,
            title=sentence("What 1 spent returns, by initiative"),
            alt=sentence(
                "For each initiative a point with a 90% interval of what 1 spent returns; open: what the usual chain "
                "would have said."
            ),
            caption=sentence(
                "Points with 90% credible intervals; open: the usual chain. Right of the line an initiative clears "
                "the hurdle."
            ),
        )
        unit = self.returns.currency
        yield Table(
            name="returns",
            frame=self.table,
            caption=sentence("What each initiative costs and brings, alone, with 90% credible intervals."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "cost": Column(sentence("Cost"), unit),
                "value": Column(sentence("Added value"), unit),
                "npv": Column(sentence("Net present value"), unit),
                "npv_lower": Column(sentence("From"), unit),
                "npv_upper": Column(sentence("To"), unit),
                "roi": Column(sentence("1 spent returns")),
                "roi_lower": Column(sentence("From")),
                "roi_upper": Column(sentence("To")),
                "p_loss": Column(sentence("Chance of a loss"), "share"),
                "payback_months": Column(sentence("Pays back in"), sentence("months")),
                "p_payback": Column(sentence("Chance that it does"), "share"),
                "evpi": Column(sentence("Knowing for sure is worth"), unit),
                "naive_roi": Column(sentence("Usual chain: 1 spent returns")),
            },
        )

        yield Kept(name="return_draws", frame=self.draws())

    def draws(self) -> pd.DataFrame:
        """One row a draw and initiative: `lift`, `value`, `npv`."""
        returns = self.returns
        draws = returns.value.shape[1]
        return pd.DataFrame(
            {
                "draw": np.tile(np.arange(draws), len(returns.initiatives)),
                "initiative": np.repeat([each.name for each in returns.initiatives], draws),
                "lift": returns.lifts.ravel(),
                "value": returns.value.ravel(),
                "npv": returns.npv.ravel(),
            }
        )

    def draw(self) -> Axes:
        """A point and an interval each, the highest net present value on top."""
        frame = self.table.dropna(subset=["roi"])
        ax = Drawing(figsize=(6.2, 0.9 + 0.42 * max(len(frame), 1)), layout="constrained").subplots()
        place = np.arange(len(frame))
        roi = frame["roi"].to_numpy(dtype=float)
        reach = [roi - frame["roi_lower"].to_numpy(dtype=float), frame["roi_upper"].to_numpy(dtype=float) - roi]
        ax.errorbar(roi, place, xerr=np.maximum(reach, 0), fmt="o", capsize=3, color="C0")
        naive = pd.to_numeric(frame["naive_roi"]).to_numpy(dtype=float)
        ax.plot(naive, place + 0.22, "o", markerfacecolor="none", color="C1", markersize=5)
        ax.axvline(self.hurdle, color="0.4", linestyle="--", linewidth=1)
        ax.set_yticks(place, [shorten(name, 28) for name in frame["initiative"]])
        ax.set_ylim(len(frame) - 0.4, -0.6)
        ax.set_xlim(left=frame["roi_lower"].astype(float).clip(upper=0.0).min() if len(frame) else 0.0)
        ax.grid(axis="x")
        ax.set_xlabel(sentence("Returned for 1 spent"))
        return ax


def _rows(frame: pd.DataFrame) -> list:
    return list(frame.itertuples())


def _told(value: float | None) -> float | None:
    """A number, or None where there is none: what never pays back has no month."""
    return None if value is None or pd.isna(value) else float(value)
