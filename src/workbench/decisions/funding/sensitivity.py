"""What the return would be under other assumptions: margin, rate, horizon, decay, costs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.equity.words import horizon
from workbench.decisions.funding.changed import with_costs, with_half_life, with_money, with_rate, within
from workbench.decisions.funding.recommendation import SURE
from workbench.decisions.roi.chain import Chain
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check
from workbench.wording import number, percent, plural, sentence, span

MARGINS = (0.75, 1.25)
"""Times what is assumed: a choice, a quarter either way."""
COSTS = (0.75, 1.5)
"""Times what is stated: a choice; budgets are overrun more often than not, so up by half."""
RATES = (0.05, 0.15)
"""A year: what money cost firms in quiet and in tight years."""
HORIZONS = (12, 24, 36, 60)
"""Months; those that are looked at already, or reach beyond what customers are valued for, are left out."""
HALF_LIVES = (6.0, 12.0, 24.0)
"""Months after which half of an effect is left: habits of teams fade within a year or two; infinite is assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivity:
    """Returns under other assumptions.

    Attributes
    ----------
    table
        `initiative`, `what`, `title`, `setting`, `npv`, `roi`, `change` (of the net present value against what is
        assumed), `p_clears` (share of draws above the hurdle), `best` (of the initiatives under this assumption).
    leading
        The initiative that is shown.
    currency
        Of all money.
    """

    table: pd.DataFrame
    leading: str
    currency: str

    @classmethod
    def of(cls, whole: Chain, leading: str, *, months: int, hurdle: float) -> "Sensitivity":
        """Work out each.

        Parameters
        ----------
        whole
            With all draws, for as many months as customers are valued for.
        leading
            The initiative that is shown.
        months
            For which returns are counted.
        hurdle
            What 1 spent must return.
        """
        chain = within(whole, months)
        rate = chain.base.discount**-12 - 1
        tried: list[tuple[str, str, str, Chain]] = [("assumed", sentence("As assumed"), "", chain)]
        title = sentence("What a customer brings")
        tried += [("margin", title, _times(times), with_money(chain, times)) for times in MARGINS]
        title = sentence("Costs")
        tried += [("costs", title, _times(times), with_costs(chain, times)) for times in COSTS]
        title = sentence("Rate a year")
        tried += [("rate", title, percent(each), with_rate(chain, each)) for each in RATES if abs(each - rate) > 1e-9]
        title = sentence("Counted for")
        reach = whole.base.customers.shape[1]
        starts = max((each.start for each in chain.initiatives), default=0)
        tried += [
            ("horizon", title, horizon(each), within(whole, each))
            for each in HORIZONS
            if each != months and starts < each <= reach
        ]
        title = sentence("Half of the effect is gone after")
        tried += [("half_life", title, span(each, "months"), with_half_life(chain, each)) for each in HALF_LIVES]
        rows: list[dict] = []
        first = np.array([])
        for what, title, setting, changed in tried:
            found = changed.returns()
            npv, value = found.npv.mean(axis=1), found.value
            first = npv if not rows else first
            best = chain.initiatives[int(np.argmax(npv))].name
            for place, each in enumerate(chain.initiatives):
                cost = float(found.costs[place])
                rows.append(
                    {
                        "initiative": each.name,
                        "what": what,
                        "title": title,
                        "setting": setting,
                        "npv": float(npv[place]),
                        "roi": float(value[place].mean()) / cost if cost > 0 else None,
                        "change": float(npv[place] - first[place]),
                        "p_clears": float(np.mean(value[place] > hurdle * cost)),
                        "best": best == each.name,
                    }
                )
        return cls(table=pd.DataFrame(rows), leading=leading, currency=chain.base.currency)

    @property
    def own(self) -> pd.DataFrame:
        """Lines of the initiative that is shown."""
        return self.table[self.table["initiative"] == self.leading].reset_index(drop=True)

    @property
    def turned(self) -> pd.DataFrame:
        """Other assumptions under which the decision on it is another: surely worth it, surely not, or unclear."""
        own = self.own
        verdicts = own["p_clears"].map(_verdict)
        return own[verdicts != verdicts.iloc[0]]

    def _holds(self) -> Check:
        """How often the decision turns under other assumptions, and how often the sign of the net present value."""
        own = self.own
        others = own[own["what"] != "assumed"]
        turned = self.turned
        signs = int(((others["npv"] > 0) != bool(own["npv"].iloc[0] > 0)).sum())
        beaten = int((~others["best"]).sum())
        about = {"name": self.leading, "all": number(len(others))}
        if len(turned):
            worst = turned.loc[(turned["p_clears"] - own["p_clears"].iloc[0]).abs().idxmax()]
            message = plural(
                "{n} of {all} other assumptions turns the decision on {name}, {worst}: it then clears the hurdle with "
                "a probability of {chance}, as assumed with {assumed}.",
                "{n} of {all} other assumptions turn the decision on {name}, most of all {worst}: it then clears the "
                "hurdle with a probability of {chance}, as assumed with {assumed}.",
                len(turned),
                **about,
                worst=_named(worst),
                chance=percent(worst["p_clears"]),
                assumed=percent(own["p_clears"].iloc[0]),
            )
        else:
            message = sentence("None of {all} other assumptions turns the decision on {name}.", **about)
        if signs:
            message += " " + plural(
                "Under {n} the sign of its net present value turns.",
                "Under {n} the sign of its net present value turns.",
                signs,
            )
        if beaten:
            message += " " + plural(
                "Under {n} another initiative is worth more.", "Under {n} another initiative is worth more.", beaten
            )
        return Check(
            name="return_holds",
            status="warn" if len(turned) or signs else "pass",
            title=sentence("The decision hangs on what is assumed")
            if len(turned) or signs
            else sentence("Other assumptions leave the decision as it is"),
            message=message,
            value=float(len(turned)),
            threshold=0.0,
        )

    def exhibits(self) -> Iterator[Showable]:
        """Whether the decision holds, the figure, and the table of all."""
        yield self._holds()
        yield Figure(
            name="return_sensitivity",
            draw=self.draw,
            title=sentence("The net present value of {name} under other assumptions", name=self.leading),
            alt=sentence("A bar for each assumption, from the net present value as assumed to that under the other."),
        )
        yield Table(
            name="return_sensitivity",
            frame=self.table,
            caption=sentence("What each initiative returns under other assumptions, one changed at a time."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "title": Column(sentence("What")),
                "setting": Column(sentence("Other than assumed")),
                "npv": Column(sentence("Net present value"), self.currency),
                "roi": Column(sentence("1 spent returns")),
                "p_clears": Column(sentence("Chance that it pays"), "share"),
            },
        )

    def draw(self) -> Axes:
        """Bars from the value as assumed."""
        own = self.own
        centre = float(own["npv"].iloc[0])
        others = own[own["what"] != "assumed"]
        ax = Drawing(figsize=(6.2, 0.9 + 0.32 * len(others)), layout="constrained").subplots()
        for place, (change, npv) in enumerate(zip(others["change"], others["npv"], strict=True)):
            ax.barh(place, change, left=centre, height=0.62, color="C0" if change >= 0 else "C1")
            ax.annotate(
                number(float(npv), 3),
                (max(centre, float(npv)), place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        ax.axvline(centre, color="0.4", linewidth=0.8)
        low, high = min(0.0, float(own["npv"].min())), max(0.0, float(own["npv"].max()))
        ax.set_xlim(low - 0.03 * (high - low), high + 0.16 * (high - low))
        ax.set_yticks(
            range(len(others)), [f"{t}: {s}" for t, s in zip(others["title"], others["setting"], strict=True)]
        )
        ax.invert_yaxis()
        ax.set_xlabel(
            sentence("Net present value ({currency})", currency=self.currency)
            if self.currency
            else sentence("Net present value")
        )
        return ax


def _times(times: float) -> str:
    return sentence("{n} more", n=percent(times - 1)) if times >= 1 else sentence("{n} less", n=percent(1 - times))


def _verdict(chance: float) -> int:
    """1: surely clears the hurdle, -1: surely not, 0: unclear."""
    return int(chance >= SURE) - int(chance <= 1 - SURE)


def _named(row: pd.Series) -> str:
    return f"{row['title']}: {row['setting']}"
