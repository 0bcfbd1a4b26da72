"""What customers of each tier, cohort, channel and segment are worth: today, and by how far one looks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.words import horizon, key
from workbench.decisions.equity.worth import TIER, Worth
from workbench.exhibits import Column, People, Showable, Table
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """Tiers at one end, as many as it takes to be of ten customers.

    Attributes
    ----------
    names
        Of the tiers.
    customers
        In them.
    value : (draws,)
        Of them.
    share
        Of the value of all.
    """

    names: Sequence[str]
    customers: int
    value: np.ndarray
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Customers by group.

    Attributes
    ----------
    worth
        The base.
    """

    worth: Worth

    def place(self, grouping: str, group: str) -> int:
        """Of a group, among those of the second pass.

        Parameters
        ----------
        grouping, group
            As there.
        """
        groups = self.worth.second.groups
        return int(groups.index[(groups["grouping"] == grouping) & (groups["group"] == group)][0])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Each group, tiers first: customers, active ones, spend an order, value, share of the total, a customer."""
        worth, groups = self.worth, self.worth.second.groups
        total = float(worth.totals(-1).mean())
        rows: list[dict[str, Any]] = []
        for place in range(len(groups)):
            size = int(groups["customers"].iloc[place])
            mean = float(worth.totals(-1, place).mean())
            rows.append(
                {
                    **{str(name): each for name, each in groups.iloc[place].items()},
                    **_estimate("active", worth.second.alive[place]),
                    **_estimate("spend", worth.second.spend[place] / size),
                    "value": mean,
                    **_interval("", worth.interval(-1, place)),
                    "share": mean / total if total else np.nan,
                    "each": mean / size,
                }
            )
        found = pd.DataFrame(rows)
        ranks = {name: place for place, name in enumerate(worth.tiers.names)}
        tiers = found[found["grouping"] == TIER].sort_values("group", key=lambda names: names.map(ranks))
        others = found.iloc[1:][~found["grouping"].iloc[1:].isin([TIER, "change"])]
        return pd.concat([found.iloc[:1], tiers, others], ignore_index=True)

    def ends(self) -> tuple[End | None, End | None]:
        """The best tiers and the lowest; None where there are too few customers for two groups that may be told."""
        tiers = self.frame[self.frame["grouping"] == TIER]
        enough = [
            int(np.searchsorted(np.cumsum(of), SMALLEST_GROUP)) + 1
            for of in (tiers["customers"], tiers["customers"][::-1])
        ]
        if len(tiers) > 1 and sum(enough) > len(tiers):
            return None, None
        return self._end(tiers.iloc[: enough[0]]), self._end(tiers.iloc[len(tiers) - enough[1] :])

    def _end(self, tiers: pd.DataFrame) -> End | None:
        if tiers["customers"].sum() < SMALLEST_GROUP:
            return None
        value = sum(self.worth.totals(-1, self.place(TIER, str(name))) for name in tiers["group"])
        return End(
            names=tiers["group"].tolist(),
            customers=int(tiers["customers"].sum()),
            value=np.asarray(value),
            share=float(tiers["share"].sum()),
        )

    def by_horizon(self) -> pd.DataFrame:
        """Each group within each horizon: orders and value, with their intervals."""
        worth = self.worth
        rows = [
            {
                **{name: row[name] for name in ("grouping", "of", "group")},
                "horizon": horizon(float(worth.horizons[place])),
                "months": key(float(worth.horizons[place])),
                "customers": row["customers"],
                **_estimate("orders", worth.second.orders[self.place(row["grouping"], row["group"]), :, place]),
                "value": float(worth.totals(place, self.place(row["grouping"], row["group"])).mean()),
                **_interval("", worth.interval(place, self.place(row["grouping"], row["group"]))),
            }
            for row in self._named.to_dict("records")
            for place in worth.told
        ]
        return pd.DataFrame(rows)

    def exhibits(self) -> Iterator[Showable]:
        """Within the last horizon, then within each."""
        yield self._last()
        yield self._each()

    @property
    def _named(self) -> pd.DataFrame:
        """With `of`, the way to group, in words."""
        names = {
            "all": sentence("All"),
            TIER: sentence("Tier"),
            "cohort": sentence("First bought") if self.worth.business.kind == "orders" else sentence("Joined"),
            "tenure": sentence("Tenure"),
            "channel": sentence("First channel"),
        }
        words = self.frame["grouping"].map(lambda name: names.get(name, name.replace("_", " ")))
        found = self.frame.copy()
        found.insert(1, "of", words)
        return found

    def _last(self) -> Table:
        currency = self.worth.assumptions.money.currency
        unseen = self.worth.business.kind == "orders"  # under contract all are active
        return Table(
            name="value_by_group",
            frame=self._named,
            caption=sentence(
                "Value by tier, cohort of acquisition, channel and segment ({horizon}).",
                horizon=horizon(self.worth.last),
            ),
            people=People(count="customers", by=["group"], within=["grouping", "of"]),
            columns={
                "of": Column(sentence("By")),
                "group": Column(sentence("Group")),
                "customers": Column(sentence("Customers")),
                **({"active": Column(sentence("Active"))} if unseen else {}),
                "value": Column(sentence("Value"), currency),
                "lower": Column(sentence("From"), currency),
                "upper": Column(sentence("To"), currency),
                "share": Column(sentence("Share"), "share"),
                "each": Column(sentence("A customer"), currency),
            },
        )

    def _each(self) -> Table:
        currency, frame = self.worth.assumptions.money.currency, self.by_horizon()
        ordered = frame["orders"].fillna(0).any()
        return Table(
            name="value_by_group_and_horizon",
            frame=frame,
            caption=sentence("The same by how far one looks."),
            people=People(count="customers", by=["group"], within=["grouping", "of", "horizon", "months"]),
            columns={
                "of": Column(sentence("By")),
                "group": Column(sentence("Group")),
                "horizon": Column(sentence("Within")),
                **({"orders": Column(sentence("Orders"))} if ordered else {}),
                "value": Column(sentence("Value"), currency),
                "lower": Column(sentence("From"), currency),
                "upper": Column(sentence("To"), currency),
            },
        )


def _estimate(name: str, draws: np.ndarray) -> dict[str, Any]:
    """A mean over draws with its 90% interval; None where nothing can be told."""
    if not np.isfinite(draws).all():
        return {name: None, f"{name}_lower": None, f"{name}_upper": None}
    low, high = ends(draws)
    return {name: float(draws.mean()), **_interval(f"{name}_", (float(low), float(high)))}


def _interval(before: str, found: tuple[float, float]) -> dict[str, Any]:
    return {f"{before}lower": found[0], f"{before}upper": found[1]}
