"""Where each customer stands: tier and how sure that is, value at risk next quarter, RFM scores; for machines too."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.base import interval_kind, what
from workbench.decisions.equity.tiers import SURE, rfm_scores
from workbench.decisions.equity.words import VALUE_RUNS, key, money
from workbench.decisions.equity.worth import Worth
from workbench.decisions.value.business import QUARTER
from workbench.exhibits import Column, Figure, Kept, People, Showable, Table
from workbench.findings import Finding
from workbench.wording import number, percent, plural, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Customers of today.

    Attributes
    ----------
    worth
        The base.
    """

    worth: Worth

    @cached_property
    def at_risk(self) -> np.ndarray:
        """Expected value (n,) that goes with the customer in the next quarter."""
        each = self.worth.second.customers
        leaving = np.where(each.alive > 0, 1 - each.staying / np.where(each.alive > 0, each.alive, 1.0), 0.0)
        return np.asarray(self.worth.first.value[:, -1] * leaving)

    def exhibits(self) -> Iterator[Showable]:
        """Value at risk, tiers and borders, RFM; then the tables for machines."""
        if self.worth.positive:
            yield self._risk_finding()
        if self.worth.positive and len(set(self.worth.tiers.place)) > 1:
            yield self._border_finding()
        yield {
            "value_at_risk": float(self.worth.second.at_risk[0].mean()),
            "customers_at_border": int(self.at_border.sum()),
        }
        yield self._tiers_table()
        yield Figure(
            name="tiers",
            draw=self.draw,
            title=sentence("How sure each tier is"),
            alt=sentence("For each tier a bar of its customers, divided by the tier that they belong to in the draws."),
            caption=sentence("Customers by expected value; colours: the tier that their value has in the draws."),
        )
        yield from self._rfm()
        yield Kept(name="customer_value", frame=self.frame())
        yield Kept(name="value_draws", frame=self.draws())
        yield Kept(name="value_cells", frame=self.cells())

    @property
    def at_border(self) -> np.ndarray:
        """Customers (n,) whose tier is no likelier than all others together."""
        return self.worth.tiers.own <= SURE

    def _risk_finding(self) -> Finding:
        lost, total = self.worth.second.at_risk[0], self.worth.totals(-1)
        low, high = (float(end) for end in ends(lost * self.worth.doubts[-1].multiplier))
        currency = self.worth.assumptions.money.currency
        return Finding(
            rests_on=VALUE_RUNS,
            id="value_at_risk",
            statement=sentence(
                "In the next quarter we expect customers to leave who carry {amount} of {what}, {share} of the base.",
                amount=money(float(lost.mean()), currency),
                what=what(self.worth),
                share=percent(float(lost.mean() / total.mean())),
            ),
            estimate=float(lost.mean()),
            unit=currency,
            interval=(low, high),
            interval_kind=interval_kind(self.worth),
            evidence="assumed",
            n=len(self.at_risk),
            table="tiers",
        )

    def _border_finding(self) -> Finding:
        tiers = self.worth.tiers
        up, down = int(self._close(up=True).sum()), int(self._close(up=False).sum())
        return Finding(
            rests_on=VALUE_RUNS,
            id="tier_borders",
            statement=plural(
                "{n} of {size} customers could as well be in another tier: {up} in a better, {down} in a worse one.",
                "{n} of {size} customers could as well be in another tier: {up} in a better, {down} in a worse one.",
                int(self.at_border.sum()),
                size=number(len(tiers.place)),
                up=number(up),
                down=number(down),
            ),
            estimate=int(self.at_border.sum()),
            unit=sentence("customers"),
            evidence="assumed",
            n=len(tiers.place),
            table="tiers",
            figure="tiers",
        )

    def _close(self, *, up: bool) -> np.ndarray:
        rising = self.worth.tiers.above >= self.worth.tiers.below
        return self.at_border & (rising if up else ~rising)

    def _tiers_table(self) -> Table:
        worth, tiers = self.worth, self.worth.tiers
        rows = []
        for place, name in enumerate(tiers.names):
            mine = tiers.place == place
            if not mine.any():
                continue
            group = worth.second.groups
            row = int(group.index[(group["grouping"] == "tier") & (group["group"] == name)][0])
            rows.append(
                {
                    "tier": name,
                    "customers": int(mine.sum()),
                    "least": float(worth.first.value[mine, -1].min()),
                    "sure": float(tiers.own[mine].mean()),
                    "rising": int((mine & self._close(up=True)).sum()),
                    "falling": int((mine & self._close(up=False)).sum()),
                    "at_risk": float(worth.second.at_risk[row].mean()),
                }
            )
        currency = worth.assumptions.money.currency
        return Table(
            name="tiers",
            frame=pd.DataFrame(rows),
            caption=sentence(
                "Tiers by expected value: how surely customers belong to theirs, whose value lies in a better or worse "
                "one at least as probably, and value expected to leave within {months} months (each customer's is "
                "at_risk of the private table).",
                months=number(QUARTER),
            ),
            people=People(count="customers", by=["tier"]),
            columns={
                "tier": Column(sentence("Tier")),
                "customers": Column(sentence("Customers")),
                "least": Column(sentence("From a value of"), currency),
                "sure": Column(sentence("Sure of the tier"), "share"),
                "rising": Column(sentence("Leaning up")),
                "falling": Column(sentence("Leaning down")),
                "at_risk": Column(sentence("Value at risk"), currency),
            },
        )

    def draw(self) -> Axes:
        """Tier in the draws by tier of expected value."""
        tiers = self.worth.tiers
        ax = Drawing(figsize=(6.2, 0.6 + 0.5 * len(tiers.names)), layout="constrained").subplots()
        left = np.zeros(len(tiers.names))
        means = np.array(
            [
                tiers.probability[tiers.place == place].mean(axis=0) if (tiers.place == place).any() else left * 0
                for place in range(len(tiers.names))
            ]
        )
        for place, name in enumerate(tiers.names):
            ax.barh(range(len(tiers.names)), 100 * means[:, place], left=left, label=name, height=0.6)
            left = left + 100 * means[:, place]
        ax.set_yticks(range(len(tiers.names)), list(tiers.names))
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.set_xlabel(sentence("Share of draws (%)"))
        ax.figure.legend(loc="outside upper left", ncols=4, frameon=False)
        return ax

    @cached_property
    def _scores(self) -> np.ndarray | None:
        known = getattr(self.worth.business, "rfm", None)
        if known is None:
            return None
        return rfm_scores(known["recency"].to_numpy(), known["frequency"].to_numpy(), known["money"].to_numpy())

    def _rfm(self) -> Iterator[Table]:
        if self._scores is None:
            return
        names = [sentence("Recency"), sentence("Frequency"), sentence("Money")]
        value = self.worth.first.value[:, -1]
        parts = [
            pd.DataFrame({"measure": name, "score": self._scores[:, place], "value": value})
            for place, name in enumerate(names)
        ]
        cells = pd.concat(parts).groupby(["measure", "score"], sort=False)["value"].agg(["size", "mean"]).reset_index()
        cells.columns = ["measure", "score", "customers", "value"]
        cells["order"] = cells["measure"].map(names.index)
        yield Table(
            name="rfm",
            frame=cells.sort_values(["order", "score"], ignore_index=True).drop(columns="order"),
            caption=sentence(
                "Scores of recency, frequency and money by fifths of customers (5 the best; equal customers share a "
                "score), and the value of a customer who has them."
            ),
            people=People(count="customers", by=["score"], within=["measure"]),
            columns={
                "measure": Column(sentence("Measure")),
                "score": Column(sentence("Score")),
                "customers": Column(sentence("Customers")),
                "value": Column(sentence("Value of one"), self.worth.assumptions.money.currency),
            },
        )

    def frame(self) -> pd.DataFrame:
        """Each customer, as `workbench.declared.clv_roi` says."""
        worth, each, tiers = self.worth, self.worth.second.customers, self.worth.tiers
        found: dict[str, object] = {
            "customer_id": worth.business.customers,
            "alive": each.alive,
            "staying": each.staying,
            "spend": each.spend,
            "spend_lower": np.minimum(each.spend_lower, each.spend),
            "spend_upper": np.maximum(each.spend_upper, each.spend),
        }
        for place in worth.told:
            name = key(float(worth.horizons[place]))
            found |= {
                f"orders:{name}": each.orders[:, place],
                f"orders_lower:{name}": np.minimum(each.orders_lower[:, place], each.orders[:, place]),
                f"orders_upper:{name}": np.maximum(each.orders_upper[:, place], each.orders[:, place]),
                f"value:{name}": worth.first.value[:, place],
                f"lower:{name}": np.minimum(each.lower[:, place], worth.first.value[:, place]),
                f"upper:{name}": np.maximum(each.upper[:, place], worth.first.value[:, place]),
            }
        found |= {"at_risk": self.at_risk, "tier": np.array(tiers.names, dtype=object)[tiers.place]}
        found |= {f"tier:{name}": tiers.probability[:, place] for place, name in enumerate(tiers.names)}
        scores = self._scores
        for place, name in enumerate(("recency", "frequency", "money")):
            found[f"rfm_{name}"] = np.full(len(each.alive), np.nan) if scores is None else scores[:, place]
        return pd.DataFrame(found)

    def draws(self) -> pd.DataFrame:
        """Cash by draw, month and cell, as `workbench.declared.clv_roi` says."""
        there = self.worth.second.customers_by_month
        draws, months, cells = there.shape
        index = pd.MultiIndex.from_product(
            [range(draws), range(1, months + 1), range(cells)], names=["draw", "month", "cell"]
        )
        found = pd.DataFrame({"customers": there.ravel()}, index=index)
        for kind, flow in self.worth.second.flows.items():
            found[f"cash_{kind}"] = flow.ravel()
        return found.reset_index()

    def cells(self) -> pd.DataFrame:
        """What the cells are, as `workbench.declared.clv_roi` says."""
        cells = self.worth.cells
        return cells.rename(columns={name: f"by:{name}" for name in cells if name not in ("cell", "customers")})
