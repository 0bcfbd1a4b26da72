"""Rows to learn from and to be evaluated on, customers of today, and the timeline that a report draws of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Drawing

from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.population.treated import Treated
from workbench.models.attrition.reasons.reasons import Names
from workbench.wording import number, percent, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Rows to learn from and to be evaluated on, and the customers of today.

    Attributes
    ----------
    customers
        With who left.
    names
        How features are called.
    today
        Features (M, …) of whoever is active now, in the order of `today_ids`.
    today_ids : (M,)
        Whose they are.
    source
        Table that says who left.
    when
        Cut-offs and label windows; the last cut-off is today. None of a flat table.
    snapshots
        One row a cut-off: `cutoff`, `opens`, `closes` (the label window), `part`, `rows`, `left`, `share`, `treated`
        (left out because a retention treatment ran in the window). Empty of a flat table.
    returned
        Of customers who lapsed, the share who bought again after the window, and of how many; None where not known.
    treated
        Which label windows retention treatments ran in, and who stands for them; None of a flat table.
    currency
        Of the first amount of money in the data; empty where none is said.
    opt_out : (M,)
        Who of `today_ids` does not want to be contacted; None where the data do not know the column.
    calls
        Of each retention initiative that chance dealt, `called`, `called_left`, `others`, `others_left` and `days`.
    retention
        Initiatives that are meant to keep customers.
    apart
        Whether, with dates, nobody who was learned from calibrates or is tested.
    tested
        Share of the customers of the last cut-off that are in the test: all but where some are kept apart.
    """

    customers: Customers
    names: Names
    today: pd.DataFrame
    today_ids: np.ndarray
    source: str
    when: Any = None
    snapshots: pd.DataFrame
    returned: tuple[float, int] | None = None
    treated: Treated | None = None
    currency: str = ""
    opt_out: pd.Series | None = None
    calls: tuple[Mapping[str, int], ...] = ()
    retention: tuple[str, ...] = ()
    apart: bool = False
    tested: float = 1.0

    def in_test(self, capacity: int | Mapping[str, int] | None) -> int | Mapping[str, int] | None:
        """Of a capacity for all customers as much as falls on those who are tested, at least one contact.

        Parameters
        ----------
        capacity
            Contacts of all together, or by team; any number where it is None.
        """
        if isinstance(capacity, Mapping):
            return {team: self._share(contacts) for team, contacts in capacity.items()}
        return None if capacity is None else self._share(capacity)

    def _share(self, contacts: int) -> int:
        return max(round(contacts * self.tested), min(contacts, 1))

    @property
    def today_date(self) -> pd.Timestamp | None:
        """The day of the list; None of a flat table."""
        return None if self.when is None else pd.Timestamp(self.when.cutoffs[-1])

    @property
    def window(self) -> tuple[float, float] | None:
        """Days from today in which the label window opens and closes; None of a flat table."""
        return None if self.when is None else (self.when.gap_days, self.when.gap_days + self.when.horizon_days)

    def frame(self, *, most_rows: int | None = None, random_seed: int = 0) -> pd.DataFrame:
        """The labelled rows as one table: `customer_id`, `cutoff` where there are dates, features and `left`.

        Parameters
        ----------
        most_rows
            Of more rows, those of customers drawn by lot.
        random_seed
            Fixes the lots.
        """
        chosen = self.customers
        if most_rows is not None and len(chosen) > most_rows:
            chosen = chosen.part(chosen.drawn(most_rows, random_seed=random_seed))
        return chosen.frame()

    def exhibits(self) -> Iterator[Showable]:
        """What leaving means, the timeline, and what was left out; nothing of a flat table but who is active."""
        yield {"customers_today": len(self.today_ids)}
        if self.when is None:
            return
        yield self._returned()
        yield self._meaning()
        yield self._apart()
        if self.treated is not None:
            yield from self.treated.checks()
        yield Figure(
            name="timeline",
            draw=self.draw_timeline,
            title=sentence("What was learned from, and what it was evaluated on"),
            alt=sentence("One line a cut-off, from the cut-off to the end of its label window; the last is the test."),
        )
        columns = {
            "cutoff": Column(sentence("Cut-off")),
            "opens": Column(sentence("Left from")),
            "closes": Column(sentence("Left until")),
            "part": Column(sentence("Served for")),
            "rows": Column(sentence("Customers")),
            "share": Column(sentence("Left"), "share"),
            "treated": Column(sentence("Treated, left out")),
        }
        idle = {name for name in columns if name == "opens" and not self.when.gap_days}
        idle |= {name for name in columns if name == "treated" and not self.snapshots["treated"].any()}
        yield Table(
            name="snapshots",
            frame=self.snapshots,
            caption=sentence("Cut-offs, the time in which customers left, and what each served for."),
            people=People(count="rows", within=["cutoff", "opens", "closes", "part"], values=["left", "share"]),
            columns={name: each for name, each in columns.items() if name not in idle},
        )

    def _meaning(self) -> Check:
        words = {"days": number(self.when.horizon_days), "gap": number(self.when.gap_days)}
        if self.source == "transactions":
            message = sentence(
                "Who had bought in the {days} days before a cut-off and buys nothing in {days} days, from {gap} days "
                "after it on, has left.",
                **words,
            )
        else:
            message = sentence(
                "Who was subscribed at a cut-off and whose last subscription ends within {days} days, from {gap} days "
                "after it on, has left.",
                **words,
            )
        return Check(name="label", status="pass", message=message, title=sentence("What leaving means here"))

    def _apart(self) -> Check | None:
        if not self.apart:
            return None
        return Check(
            name="customers_apart",
            status="pass",
            message=sentence(
                "Customers were dealt by lot: those who were learned from are not those who calibrate and test. So the "
                "scores hold for people whom the forecast has never seen."
            ),
            title=sentence("Nobody is on both sides of the test"),
        )

    def _returned(self) -> Finding | None:
        if self.returned is None:
            return None
        share, of = self.returned
        error = 1.645 * np.sqrt(share * (1 - share) / of)
        words = {"share": percent(share), "n": number(of)}
        return Finding(
            id="returned",
            statement=sentence("Most lapses are pauses: {share} of the {n} bought again later.", **words)
            if share > 0.5
            else sentence("{share} of the {n} lapses were pauses: these customers bought again later.", **words),
            estimate=share,
            unit="share",
            interval=(max(share - error, 0.0), min(share + error, 1.0)),
            interval_kind=sentence("90% confidence"),
            evidence="descriptive",
            n=of,
        )

    def draw_timeline(self) -> Axes:
        """One line a cut-off."""
        frame = self.snapshots
        ax = Drawing(figsize=(6.2, 1.2 + 0.24 * len(frame)), layout="constrained").subplots()
        parts = list(dict.fromkeys(frame["part"]))
        for place, row in enumerate(frame.itertuples()):
            color = f"C{parts.index(row.part)}"
            ax.plot(
                np.array([row.opens, row.closes]),
                np.array([place, place]),
                color=color,
                linewidth=5,
                solid_capstyle="butt",
            )
            ax.plot(np.array([row.cutoff]), np.array([place]), marker="|", color="0.2", markersize=10)
        for at, part in enumerate(parts):
            ax.plot([], [], color=f"C{at}", linewidth=5, label=part)
        ax.axvline(self.when.cutoffs[-1], color="0.3", linestyle="--", linewidth=1)
        ax.invert_yaxis()
        ax.set_yticks([])
        locator = AutoDateLocator(maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.set_xlabel(sentence("Marks: cut-offs; bars: label windows; dashed: the end of the records"))
        ax.legend(loc="upper right")
        return ax
