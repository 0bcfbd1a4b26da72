"""Where the doubt about a return comes from: each link's share of the variance of the net present value.

A link's part is the mean of two: the variance that is left where it alone is unsure, and the variance that goes where
it alone is known. For effects that add up both are its variance; what links do together is shared evenly between them,
as by the value of Shapley for two.

References
----------
Owen (2014), Sobol' indices and Shapley value: between the first-order and the total index of a link lies its Shapley
value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.funding.naming import keys
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.steps import held, steps_of
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.textwidth import wrap
from workbench.wording import sentence

SMALLEST = 1e-9
"""Share of a mean below which a deviation is rounding: nothing is in doubt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Doubts:
    """Shares of the variance by link.

    Attributes
    ----------
    shares
        `initiative`, `link`, `title`, `share`; those of an initiative sum to 1, or are none where nothing is in doubt.
    chain
        Whose.
    leading
        The initiative that is shown.
    """

    shares: pd.DataFrame
    chain: Chain
    leading: str

    @classmethod
    def of(cls, chain: Chain, leading: str) -> "Doubts":
        """Hold each link at its mean, and all others.

        Parameters
        ----------
        chain
            With all draws.
        leading
            The initiative that is shown.
        """
        first = steps_of(chain, chain.initiatives[0])
        names = [each.name for each in first]
        whole = chain.returns().npv
        total, mean = whole.var(axis=1), np.abs(whole.mean(axis=1))
        parts = []
        for name in names:
            alone = reduce(held, [other for other in names if other != name], chain).returns().npv.var(axis=1)
            without = held(chain, name).returns().npv.var(axis=1)
            parts.append(np.maximum((alone + total - without) / 2, 0.0))
        shares = np.array(parts)
        unsure = np.sqrt(total) > SMALLEST * mean
        shares = np.where(unsure, shares / np.where(unsure, shares.sum(axis=0), 1.0), np.nan)
        rows = [
            {"initiative": each.name, "link": step.name, "title": step.title, "share": shares[link, place]}
            for place, each in enumerate(chain.initiatives)
            for link, step in enumerate(first)
        ]
        return cls(shares=pd.DataFrame(rows), chain=chain, leading=leading)

    def of_one(self, name: str) -> pd.DataFrame:
        """The links of an initiative, the largest share first.

        Parameters
        ----------
        name
            Of the initiative.
        """
        own = self.shares[self.shares["initiative"] == name].dropna(subset=["share"])
        return own.sort_values("share", ascending=False, ignore_index=True)

    def exhibits(self) -> Iterator[Showable]:
        """Shares of the leading initiative, the table of all, and the figure."""
        own = self.of_one(self.leading)
        if own.empty:
            return
        links = [f"doubt_{name}" for name in keys(list(own["link"]))]
        yield dict(zip(links, own["share"].astype(float), strict=True))
        yield Table(
            name="doubt_by_link",
            frame=self.shares.dropna(subset=["share"]),
            caption=sentence("Where the doubt about each return comes from, as shares of its variance."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "title": Column(sentence("Link")),
                "share": Column(sentence("Share of the doubt"), "share"),
            },
        )
        yield Figure(
            name="doubt_by_link",
            draw=self.draw,
            title=sentence("What the return of {name} hangs on", name=self.leading),
            alt=sentence("A bar for each link of the chain: its share of the variance of the net present value."),
        )

    def draw(self) -> Axes:
        """A bar a link, the largest first."""
        own = self.of_one(self.leading)
        ax = Drawing(figsize=(6.2, 0.8 + 0.46 * len(own)), layout="constrained").subplots()
        ax.barh(range(len(own)), 100 * own["share"], height=0.6)
        ax.set_yticks(range(len(own)), ["\n".join(wrap(title, 34)) for title in own["title"]])
        for place, share in enumerate(own["share"]):
            ax.text(100 * share + 1, place, f"{100 * share:.0f}", va="center", fontsize=8)
        ax.invert_yaxis()
        ax.set_xlim(0, max(100 * float(own["share"].max()) * 1.12, 1))
        ax.set_xlabel(sentence("Share of the doubt (%)"))
        return ax
