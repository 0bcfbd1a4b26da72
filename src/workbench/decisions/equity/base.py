"""The base on one page: what it is worth, how much of that nobody has seen, who carries it, what would halve it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.doubts import PARTS, halving_loss, part_names
from workbench.decisions.equity.groups import Groups
from workbench.decisions.equity.words import VALUE_RUNS, horizon, key, money
from workbench.decisions.equity.worth import Worth
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, percent, plural, sentence, span

MOST_EXTRAPOLATED = 0.5
"""Share of value beyond the observed time above which value is mostly the model's opinion (issue 17)."""
LEAST_TOLD = 0.005
"""Share of doubt below which a source is left out of the sentence, where it would read as 0%: the table has it."""


def what(worth: Worth) -> str:
    """Contribution or revenue, in words."""
    return sentence("contribution") if worth.business.contribution else sentence("revenue")


def interval_kind(worth: Worth) -> str:
    """Which doubts the interval of a total holds."""
    if worth.business.errors is None:
        return sentence("90% credible (customers, parameters, model)")
    return sentence("90% predictive (customers, parameters, model, errors of earlier forecasts)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """What a base is worth today.

    Attributes
    ----------
    worth
        Its numbers.
    advises
        Whether it says what to do: a report has one recommendation.
    """

    worth: Worth
    advises: bool = True

    @property
    def currency(self) -> str:
        """Sign or code of the money."""
        return self.worth.assumptions.money.currency

    @property
    def total(self) -> float:
        """Expected value within the last horizon."""
        return float(self.worth.totals(-1).mean())

    @property
    def groups(self) -> Groups:
        """What customers of each group are worth."""
        return Groups(worth=self.worth)

    def money(self, amount: float) -> str:
        """An amount for people."""
        return money(amount, self.currency)

    def exhibits(self) -> Iterator[Showable]:
        """The page for a board, then the base by horizon and group, and where doubts come from."""
        yield self._value()
        yield self._carriers()
        yield self._halved()
        yield self._doubts()
        yield self.metrics()
        yield self._extrapolated()
        yield self._named()
        yield self._by_horizon()
        yield self._doubts_table()
        yield from self.groups.exhibits()
        yield Figure(
            name="value_over_time",
            draw=self.draw_time,
            title=sentence("How far ahead the value lies"),
            alt=sentence(
                "A rising line of value over {months} months with a 90% band; beyond {observed} months, where "
                "nobody has been observed, the ground is shaded.",
                months=number(len(self.worth.flow)),
                observed=number(float(self.worth.horizons[0])),
            )
            if self.worth.horizons[0] < len(self.worth.flow)
            else sentence(
                "A rising line of value over {months} months with a 90% band.", months=number(len(self.worth.flow))
            ),
            caption=sentence("Present value of all that comes within so many months. Shaded: beyond what was observed.")
            if self.worth.horizons[0] < len(self.worth.flow)
            else sentence("Present value of all that comes within so many months."),
        )
        if self.worth.positive:
            yield Figure(
                name="who_carries",
                draw=self.draw_carriers,
                title=sentence("How much of the value few customers carry"),
                alt=sentence("A curve of the share of value that the most valuable customers bring, over their share."),
                caption=sentence(
                    "Customers by expected value, the most valuable first; dotted: if all were worth the same."
                ),
            )
        yield Figure(
            name="doubts",
            draw=self.draw_doubts,
            title=sentence("Where the doubt about the total comes from"),
            alt=sentence("A bar for each horizon, divided by the share of four sources in the variance of the total."),
        )

    def metrics(self) -> dict[str, float | None]:
        """`base_value` with `_lower` and `_upper`, by horizon too; `model_share_of_variance`, `extrapolated_share`."""
        low, high = self.worth.interval(-1)
        found: dict[str, float | None] = {"base_value": self.total, "base_value_lower": low, "base_value_upper": high}
        for place in self.worth.told:
            name = f"base_value_{key(self.worth.horizons[place])}"
            below, above = self.worth.interval(place)
            found |= {name: float(self.worth.totals(place).mean()), f"{name}_lower": below, f"{name}_upper": above}
        shares = self.worth.doubts[-1].shares
        if not np.isinf(self.worth.last):
            found["base_value_lifetime"] = None
        return {
            **found,
            "customers": len(self.worth.business.customers),
            "customers_active": float(self.worth.second.alive[0].mean()),
            "extrapolated_share": self.worth.extrapolated_share,
            **{f"{part}_share_of_variance": shares[part] for part in PARTS},
        }

    def _value(self) -> Finding:
        values = {
            "amount": self.money(self.total),
            "what": what(self.worth),
            "share": percent(self.worth.extrapolated_share),
            "time": span(float(self.worth.horizons[0]), "months"),
        }
        n = len(self.worth.business.customers)
        if not self.worth.positive:
            statement = plural(
                "Our {n} customer will cost {amount} more than they bring ({horizon}).",
                "Our {n} customers will cost {amount} more than they bring ({horizon}).",
                n,
                amount=self.money(-self.total),
                horizon=horizon(self.worth.last),
            )
        elif np.isinf(self.worth.last):
            statement = plural(
                "Our {n} customer will bring {amount} of {what}; {share} of it comes later than the {time} observed.",
                "Our {n} customers will bring {amount} of {what}; {share} of it comes later than the {time} observed.",
                n,
                **values,
            )
        else:
            statement = plural(
                "Within {horizon}, our {n} customer will bring {amount} of {what}; {share} of it comes later than the "
                "{time} observed.",
                "Within {horizon}, our {n} customers will bring {amount} of {what}; {share} of it comes later than the "
                "{time} observed.",
                n,
                **values,
                horizon=horizon(self.worth.last),
            )
        return Finding(
            rests_on=VALUE_RUNS,
            id="base_value",
            action=self._what_to_do() if self.advises else "",
            statement=statement,
            estimate=self.total,
            unit=self.currency,
            interval=self.worth.interval(-1),
            interval_kind=interval_kind(self.worth),
            evidence="assumed",
            n=n,
            table="value_by_horizon",
            figure="value_over_time",
        )

    @property
    def _near(self) -> int:
        """Place of the longest horizon that is told and was observed; else of what was observed."""
        return int(np.flatnonzero(self.worth.horizons[1:] <= self.worth.horizons[0]).max(initial=-1)) + 1

    def _what_to_do(self) -> str:
        """Look at costs that are higher than what comes in; decide by what lies within reach, where most does not."""
        if not self.worth.positive:
            return sentence(
                "See whether margins and costs are true (fee_margin, retention_cost, contact_minute_cost); if so, whom "
                "to serve at less cost."
            )
        if self.worth.extrapolated_share <= MOST_EXTRAPOLATED:
            return ""
        low, high = self.worth.interval(self._near)
        return sentence(
            "Decide by what comes within {horizon}: {amount} ({low} to {high}).",
            horizon=horizon(float(self.worth.horizons[self._near])),
            amount=self.money(float(self.worth.totals(self._near).mean())),
            low=money(low),
            high=money(high),
        )

    def _carriers(self) -> Finding | None:
        best, lowest = self.groups.ends()
        if best is None or lowest is None or not self.worth.positive:
            return None
        low, high = (float(end) for end in ends(best.value / self.worth.totals(-1)))
        n = len(self.worth.business.customers)
        values = {
            "best": percent(best.customers / n),
            "name": listing(best.names),
            "share": percent(best.share),
            "lowest": percent(lowest.customers / n),
            "last": listing(lowest.names),
            "rest": percent(abs(lowest.share)),
        }
        if best.names == lowest.names:
            said = sentence("As far as these data tell, all customers are worth the same: nobody carries the others.")
        elif lowest.share < 0:
            said = sentence(
                "The best {best} of customers ({name}) carry {share} of the value; the lowest {lowest} ({last}) cost "
                "{rest} of it.",
                **values,
            )
        else:
            said = sentence(
                "The best {best} of customers ({name}) carry {share} of the value; the lowest {lowest} ({last}) carry "
                "{rest}.",
                **values,
            )
        return Finding(
            rests_on=VALUE_RUNS,
            id="who_carries",
            statement=said,
            estimate=best.share,
            unit="share",
            interval=(low, high),
            interval_kind=sentence("90% credible (customers, parameters, model)"),
            evidence="assumed",
            n=n,
            table="value_by_group",
            figure="who_carries",
            action=self._advice() if self.advises and not self._what_to_do() else "",
        )

    def _advice(self) -> str:
        """Where nothing has to be seen to first: buyers leave without a word; under contract notice is given."""
        if self.worth.business.kind == "orders":
            return sentence(
                "Know the customers of the best tier by name, and notice within weeks when one falls silent."
            )
        return sentence(
            "Know the customers of the best tier by name, and speak with each before the next day on which notice "
            "can be given."
        )

    def _halved(self) -> Finding | None:
        flow, beyond = self.worth.flow, self.worth.beyond(-1) if np.isinf(self.worth.last) else 0.0
        flow = flow if np.isinf(self.worth.last) else flow[: int(min(self.worth.last, len(flow)))]
        if self.total <= 0 or (loss := halving_loss(flow, self.worth.discount, beyond)) is None:
            return None
        return Finding(
            rests_on=VALUE_RUNS,
            id="what_would_halve_it",
            statement=sentence(
                "The value would halve if, on top of what we expect, {loss} of customers left each month.",
                loss=percent(loss),
            ),
            estimate=loss,
            unit="share",
            evidence="assumed",
            n=len(self.worth.business.customers),
            figure="value_over_time",
        )

    def _doubts(self) -> Finding:
        shares = self.worth.doubts[-1].shares
        words = {
            "nature": sentence("customers themselves ({share})", share=percent(shares["nature"])),
            "parameters": sentence("the model's estimates ({share})", share=percent(shares["parameters"])),
            "model": sentence("which model holds ({share})", share=percent(shares["model"])),
            "forecasts": sentence("misses of earlier forecasts ({share})", share=percent(shares["forecasts"])),
        }
        ranked = sorted(PARTS, key=lambda part: -shares[part])
        parts = listing([words[part] for part in ranked if shares[part] >= LEAST_TOLD] or list(words.values()))
        return Finding(
            rests_on=VALUE_RUNS,
            id="doubts",
            statement=sentence("Our doubt about the value comes from {parts}.", parts=parts)
            if self.worth.business.errors is not None
            else sentence(
                "Our doubt about the value comes from {parts}; earlier forecasts could not be tested.", parts=parts
            ),
            estimate=shares[ranked[0]],
            unit="share",
            evidence="assumed",
            n=len(self.worth.business.customers),
            table="doubts",
            figure="doubts",
        )

    def _extrapolated(self) -> Check:
        share = self.worth.extrapolated_share
        much = share > MOST_EXTRAPOLATED
        about = {"share": percent(share), "time": span(float(self.worth.horizons[0]), "months")}
        return Check(
            name="extrapolated_share",
            status="warn" if much else "pass",
            title=sentence("Most of the value lies beyond the data")
            if much
            else sentence("Most of the value lies within reach"),
            message=sentence(
                "{share} of the value comes later than the {time} for which customers have been observed: there it "
                "rests on the model going on as it is. For decisions use a horizon of {short}.",
                **about,
                short=horizon(float(self.worth.horizons[self._near])),
            )
            if self.advises
            else sentence(
                "{share} of the value comes later than the {time} for which customers have been observed: there it "
                "rests on the model going on as it is.",
                **about,
            ),
            value=share,
            threshold=MOST_EXTRAPOLATED,
        )

    def _named(self) -> Check:
        known = self.worth.business.contribution
        return Check(
            name="margin_known",
            status="pass" if known else "warn",
            title=sentence("Value is contribution") if known else sentence("Value is revenue: no margin is known"),
            message=sentence("Costs of what was sold are taken off: value is contribution, before tax.")
            if known
            else self._no_margin(),
        )

    def _no_margin(self) -> str:
        """What to give so that value is contribution, in the business that it is."""
        if self.worth.business.kind == "contracts":
            return sentence(
                "No margin of fees is given, so value is revenue: costs of serving customers are not taken off. Give "
                "fee_margin (a share)."
            )
        if self.worth.business.kind == "subscribers":
            return sentence(
                "A margin is missing, so value is revenue: costs of goods and of serving customers are not taken off. "
                "Give fee_margin (a share), and of orders margin (a share), margin_by_category, or a column margin."
            )
        return sentence(
            "Orders carry no margin and none is given, so value is revenue: costs of goods are not taken off. "
            "Give margin (a share), margin_by_category, or a column margin."
        )

    def _by_horizon(self) -> Table:
        rows = []
        for place in self.worth.told:
            low, high = self.worth.interval(place)
            mean = float(self.worth.totals(place).mean())
            orders = float(self.worth.second.orders[0, :, place].mean())
            rows.append(
                {
                    "horizon": horizon(float(self.worth.horizons[place])),
                    "months": key(float(self.worth.horizons[place])),
                    "orders": orders if np.isfinite(orders) else None,
                    "value": mean,
                    "lower": low,
                    "upper": high,
                    "each": mean / len(self.worth.business.customers),
                }
            )
        return Table(
            name="value_by_horizon",
            frame=pd.DataFrame(rows),
            caption=sentence("What all customers will bring, in today's money, by how far one looks."),
            people=None,
            columns={
                "horizon": Column(sentence("Within")),
                **({"orders": Column(sentence("Orders"))} if any(row["orders"] for row in rows) else {}),
                "value": Column(sentence("Value"), self.currency),
                "lower": Column(sentence("From"), self.currency),
                "upper": Column(sentence("To"), self.currency),
                "each": Column(sentence("A customer"), self.currency),
            },
        )

    def _doubts_table(self) -> Table:
        names = part_names()
        rows = [
            {
                "horizon": horizon(float(self.worth.horizons[place])),
                **self.worth.doubts[place].shares,
                "deviation": float(np.sqrt(sum(self.worth.doubts[place].variances.values()))),
            }
            for place in self.worth.told
        ]
        return Table(
            name="doubts",
            frame=pd.DataFrame(rows),
            caption=sentence("Share of four sources of doubt in the variance of the total, and how much that is."),
            people=None,
            columns={
                "horizon": Column(sentence("Within")),
                **{part: Column(names[part], "share") for part in PARTS},
                "deviation": Column(sentence("Standard deviation"), self.currency),
            },
        )

    def draw_time(self) -> Axes:
        """Present value over months, with a band, and where the data end."""
        worth = self.worth
        flows = sum(flow.sum(axis=2) for flow in worth.second.flows.values())
        months = np.arange(1, len(worth.flow) + 1)
        value = np.cumsum(np.asarray(flows) * worth.discount**months, axis=1)
        low, high = ends(value * worth.errors_by_month(len(months)))
        ax = Drawing(figsize=(6.2, 3.6), layout="constrained").subplots()
        if worth.horizons[0] < months[-1]:
            ax.axvspan(worth.horizons[0], months[-1], color="0.5", alpha=0.12, linewidth=0)
        scale, unit = _scale(float(np.abs([low, high]).max()), self.currency)
        from_now = np.append(0, months)
        ax.fill_between(from_now, np.append(0, low) / scale, np.append(0, high) / scale, alpha=0.2, linewidth=0)
        ax.plot(from_now, np.append(0, value.mean(axis=0)) / scale)
        ax.set_xlim(0, months[-1])
        ax.set_xticks(np.arange(0, months[-1] + 1, 12))
        ax.set_ylim(min(0.0, float(np.min(low)) / scale))
        ax.set_xlabel(sentence("Months from now"))
        ax.set_ylabel(unit)
        return ax

    def draw_carriers(self) -> Axes:
        """Share of value by share of customers, the most valuable first."""
        value = np.sort(self.worth.first.value[:, -1])[::-1]  # who buys at a loss lets the curve fall again
        total = np.append(0.0, np.cumsum(value))
        grid = np.linspace(0, 1, 201)
        grid = grid[(grid == 0) | (grid * len(value) >= SMALLEST_GROUP)]
        ax = Drawing(figsize=(6.2, 3.6), layout="constrained").subplots()
        ax.plot(100 * grid, 100 * np.interp(grid, np.linspace(0, 1, len(total)), total / total[-1]))
        ax.plot([0, 100], [0, 100], ":", color="0.5")
        reached = 0.0
        for name, share in zip(self.worth.tiers.names, self.worth.assumptions.shares, strict=True):
            ax.axvline(100 * (reached + share), color="0.85", linewidth=0.8, zorder=0)
            ax.annotate(
                name,
                (100 * (reached + share / 2), 1),
                (0, 4),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=9,
                rotation=90,
            )
            reached += float(share)
        ax.set_xlim(0, 100)
        ax.set_ylim(0, max(100.0, ax.get_ylim()[1]) if total.max() > total[-1] else 100)
        ax.set_xlabel(sentence("Customers, the most valuable first (%)"))
        ax.set_ylabel(sentence("Share of value (%)"))
        return ax

    def draw_doubts(self) -> Axes:
        """Shares of variance by horizon."""
        names, places = part_names(), list(self.worth.told)
        ax = Drawing(figsize=(6.2, 1.0 + 0.5 * len(places)), layout="constrained").subplots()
        left = np.zeros(len(places))
        for part in PARTS:
            shares = np.array([100 * self.worth.doubts[place].shares[part] for place in places])
            ax.barh(range(len(places)), shares, left=left, label=names[part], height=0.6)
            left += shares
        ax.set_yticks(range(len(places)), [horizon(float(self.worth.horizons[place])) for place in places])
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.set_xlabel(sentence("Share of variance (%)"))
        ax.figure.legend(loc="outside upper left", ncols=2, frameon=False)
        return ax


def _scale(largest: float, currency: str) -> tuple[float, str]:
    """What an axis of money counts, and its name."""
    if largest >= 2e6:
        return 1e6, sentence("Value (million {currency})", currency=currency).replace(" )", ")")
    if largest >= 2e3:
        return 1e3, sentence("Value (thousand {currency})", currency=currency).replace(" )", ")")
    return 1.0, sentence("Value ({currency})", currency=currency) if currency else sentence("Value")
