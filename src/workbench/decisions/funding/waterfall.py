"""From cost to value: what each link of the chain brings, one after the other, and what is spent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.roi.chain import Chain
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.textwidth import wrap
from workbench.wording import number, sentence

LESS = 1e-3
"""Share of the largest bar below which a part is not drawn: nobody would see it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Waterfall:
    """Parts of the net present value.

    Attributes
    ----------
    table
        `initiative`, `part`, `title`, `amount` (expected, in money); the last part of each, `npv`, is their sum.
    leading
        The initiative that is shown.
    currency
        Of all money.
    """

    table: pd.DataFrame
    leading: str
    currency: str

    @classmethod
    def of(cls, chain: Chain, leading: str) -> "Waterfall":
        """Costs, then reasons for leaving one after the other, the largest first, then orders.

        Parameters
        ----------
        chain
            With all draws.
        leading
            The initiative that is shown.
        """
        base, link = chain.base, chain.link
        nothing = np.zeros_like(link.orders)
        reasons = sorted(
            (reason for reason in base.hazards if reason in link.leaving),
            key=lambda reason: -abs(float(base.hazards[reason].mean() * link.leaving[reason].mean())),
        )
        reached = [np.zeros(len(chain.initiatives))]
        for place in range(len(reasons)):
            leaving = {reason: link.leaving[reason] for reason in reasons[: place + 1]}
            part = replace(chain, link=replace(link, leaving=leaving, orders=nothing))
            reached.append(part.returns().value.mean(axis=1))
        whole = chain.returns()
        reached.append(whole.value.mean(axis=1))
        brought = np.diff(np.array(reached), axis=0)
        rows = []
        for place, each in enumerate(chain.initiatives):
            months = base.customers.shape[1]
            single = {
                "fixed": replace(each, cost_per_customer=0.0, cost_per_month=0.0),
                "customers": replace(each, fixed_cost=0.0, cost_per_month=0.0),
                "running": replace(each, fixed_cost=0.0, cost_per_customer=0.0),
            }
            titles = {
                "fixed": sentence("Spent once"),
                "customers": sentence("Spent on each customer reached"),
                "running": sentence("Spent each month"),
            }
            for name, alone in single.items():
                cost = float(alone.spending(base.active, months, base.discount).sum())
                if cost:
                    rows.append((each.name, name, titles[name], -cost))
            for step, reason in enumerate(reasons):
                title = sentence("Customers kept: {reason}", reason=reason)
                rows.append((each.name, f"leaving: {reason}", title, float(brought[step, place])))
            rows.append((each.name, "orders", sentence("Orders of customers"), float(brought[-1, place])))
            rows.append((each.name, "npv", sentence("Net present value"), float(whole.npv[place].mean())))
        table = pd.DataFrame(rows, columns=["initiative", "part", "title", "amount"])
        return cls(table=table, leading=leading, currency=base.currency)

    def exhibits(self) -> Iterator[Showable]:
        """The figure of one, the table of all."""
        yield Figure(
            name="waterfall",
            draw=self.draw,
            title=sentence("From cost to value: {name}", name=self.leading),
            alt=sentence(
                "Bars from what is spent through what customers who stay and order more bring to the net present value."
            ),
            caption=sentence("Expected present values; each bar begins where the one above it ends."),
        )
        yield Table(
            name="waterfall",
            frame=self.table,
            caption=sentence("What each initiative costs and what each link of the chain brings, as expected."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "title": Column(sentence("Part")),
                "amount": Column(sentence("Amount"), self.currency),
            },
        )

    def draw(self) -> Axes:
        """Bars one below the other."""
        own = self.table[self.table["initiative"] == self.leading]
        largest = float(own["amount"].abs().max())
        own = own[(own["amount"].abs() >= LESS * largest) | (own["part"] == "npv")]
        amounts = own["amount"].to_numpy()
        ends = np.cumsum(amounts[:-1])
        starts = np.append(np.concatenate([[0.0], ends[:-1]]), 0.0)
        ax = Drawing(figsize=(6.2, 0.8 + 0.4 * len(own)), layout="constrained").subplots()
        for place, (start, amount, part) in enumerate(zip(starts, amounts, own["part"], strict=True)):
            color = "C0" if part == "npv" else "C2" if amount >= 0 else "C1"
            ax.barh(place, amount, left=start, height=0.62, color=color)
            end = max(start, start + amount)
            ax.annotate(
                number(amount, 3), (end, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8
            )
        low, high = min(0.0, starts.min(), ends.min()), max(0.0, starts.max(), ends.max())
        ax.set_xlim(low - 0.03 * (high - low), high + 0.16 * (high - low))
        ax.axvline(0, color="0.4", linewidth=0.8)
        ax.set_yticks(range(len(own)), ["\n".join(wrap(title, 32)) for title in own["title"]])
        ax.invert_yaxis()
        ax.set_xlabel(self.currency or sentence("Money"))
        return ax
