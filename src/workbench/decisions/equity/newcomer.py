"""What a newcomer is worth, and when the cost of winning one is paid back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.base import interval_kind, what
from workbench.decisions.equity.words import VALUE_RUNS, horizon, key, money
from workbench.decisions.equity.worth import MONTHS, Worth
from workbench.decisions.value.business import Newcomers, Plan
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.wording import number, percent, sentence, span


@dataclass(frozen=True, kw_only=True, eq=False)
class Newcomer:
    """The mean newcomer.

    Attributes
    ----------
    worth
        The base, whose assumptions and doubts hold here too.
    drawn
        What newcomers bring, draw by draw; None where it cannot be told.
    groups
        The same of each group that customers under contract come into, where there are groups.
    """

    worth: Worth
    drawn: Newcomers | None
    groups: Mapping[str, Newcomers] = field(default_factory=dict)

    @property
    def cost(self) -> float | None:
        """Of winning one."""
        return self.worth.assumptions.money.acquisition

    def value(self, place: int, group: str = "") -> tuple[float, float, float]:
        """Expected present value within a horizon, and its interval, errors of earlier forecasts included."""
        drawn = self._of(group)
        low, high = ends(drawn.value[:, place] * self.worth.doubts[place].multiplier)
        return float(drawn.value[:, place].mean()), float(low), float(high)

    def _of(self, group: str) -> Newcomers:
        assert self.drawn is not None
        return self.groups[group] if group else self.drawn

    def payback(self, group: str = "") -> np.ndarray:
        """Month (draws,) by whose end a newcomer has paid back the cost; infinite where that takes longer than told."""
        assert self.cost is not None
        flow = self._of(group).flow
        months = np.arange(1, flow.shape[1] + 1)
        gained = np.cumsum(flow * self.worth.discount**months, axis=1)
        paid = gained >= self.cost
        return np.where(paid.any(axis=1), paid.argmax(axis=1) + 1.0, np.inf)

    def exhibits(self) -> Iterator[Showable]:
        """What a newcomer is worth, when it is paid back, and the curve of it."""
        if self.drawn is None:
            yield Check(
                name="newcomer_value",
                status="warn",
                title=sentence("A newcomer's value cannot be told"),
                message=sentence(
                    "A newcomer's value cannot be told: the mean amount of a purchase over customers may be infinite, "
                    "or nobody was seen from their first day."
                ),
            )
            yield {name: None for name in ("newcomer_value", "newcomer_value_lower", "newcomer_value_upper")}
            return
        mean, low, high = self.value(-1)
        metrics: dict[str, float | None] = {
            "newcomer_value": mean,
            "newcomer_value_lower": low,
            "newcomer_value_upper": high,
        }
        for place in self.worth.told:
            metrics[f"newcomer_value_{key(float(self.worth.horizons[place]))}"] = self.value(place)[0]
        yield Finding(
            rests_on=VALUE_RUNS,
            id="newcomer_value",
            statement=sentence(
                "A newcomer costs {amount} more than they bring ({horizon}).",
                amount=money(-mean, self.worth.assumptions.money.currency),
                horizon=horizon(self.worth.last),
            )
            if mean < 0
            else sentence(
                "A newcomer brings {amount} of {what} over the lifetime, {early} of it within {horizon}.",
                amount=money(mean, self.worth.assumptions.money.currency),
                what=what(self.worth),
                early=percent(float(self.drawn.value[:, 1].mean() / self.drawn.value[:, -1].mean())),
                horizon=horizon(float(self.worth.horizons[1])),
            )
            if np.isinf(self.worth.last)
            else sentence(
                "A newcomer brings {amount} of {what} within {horizon}.",
                amount=money(mean, self.worth.assumptions.money.currency),
                what=what(self.worth),
                horizon=horizon(self.worth.last),
            ),
            estimate=mean,
            unit=self.worth.assumptions.money.currency,
            interval=(low, high),
            interval_kind=interval_kind(self.worth),
            evidence="assumed",
            n=len(self.worth.business.customers),
            figure="newcomer",
        )
        if self.cost is not None:
            months = self.payback()
            known = np.isfinite(months)
            metrics["payback_months"] = float(np.median(months)) if known.mean() > 1 / 2 else None
            metrics["payback_probability"] = float(known.mean())
            yield self._payback(months)
        yield metrics
        if self.groups:
            yield self._by_group()
        yield Figure(
            name="newcomer",
            draw=self.draw,
            title=sentence("What a newcomer brings over time"),
            alt=sentence(
                "A rising line of what the mean newcomer has brought, over {months} months, with its 90% band{cost}.",
                months=number(MONTHS),
                cost="" if self.cost is None else sentence(", and the cost of winning one as a level line"),
            ),
            caption=sentence(
                "Present value for the mean newcomer, the first order included: the most that winning one may cost."
            )
            if self.worth.business.kind == "orders"
            else sentence("Present value for the mean newcomer: the most that winning one may cost."),
        )

    def _by_group(self) -> Table:
        currency = self.worth.assumptions.money.currency
        group_by = str(getattr(self.worth.business, "group_by", ""))
        rows = []
        for name in self.groups:
            mean, low, high = self.value(-1, name)
            row: dict[str, object] = {"group": name, "value": mean, "lower": low, "upper": high}
            if self.cost is not None:
                middle = float(np.median(self.payback(name)))
                row["payback"] = middle if np.isfinite(middle) else None
            rows.append(row)
        return Table(
            name="newcomers",
            frame=pd.DataFrame(rows),
            caption=sentence(
                "What a newcomer brings by {group} ({horizon}): the most that winning one may cost.",
                group=group_by.replace("_", " "),
                horizon=horizon(self.worth.last),
            ),
            people=None,  # a group has a life table of its own from twenty leavers on
            columns={
                "group": Column(sentence("Group")),
                "value": Column(sentence("A newcomer"), currency),
                "lower": Column(sentence("From"), currency),
                "upper": Column(sentence("To"), currency),
                **({"payback": Column(sentence("Paid back after"), "months")} if self.cost is not None else {}),
            },
        )

    def _payback(self, months: np.ndarray) -> Finding:
        middle = float(np.median(months))
        low, high = (float(np.quantile(months, share, method="nearest")) for share in (0.05, 0.95))
        reached = np.isfinite(middle)
        cost = money(self.cost or 0.0, self.worth.assumptions.money.currency)
        return Finding(
            rests_on=VALUE_RUNS,
            id="payback",
            statement=sentence(
                "The mean newcomer has paid back the {cost} of acquisition after {time}.",
                cost=cost,
                time=span(middle, "months"),
            )
            if reached
            else sentence(
                "The mean newcomer does not pay back the {cost} of acquisition within {months} months.",
                cost=cost,
                months=number(MONTHS),
            ),
            estimate=middle if reached else None,
            unit=sentence("months"),
            interval=(low if np.isfinite(low) else None, high if np.isfinite(high) else None) if reached else None,
            interval_kind=sentence("90% credible (parameters, model)") if reached else None,
            evidence="assumed",
            n=len(self.worth.business.customers),
            figure="newcomer",
        )

    def draw(self) -> Axes:
        """Present value over months, with a band, and the cost of winning a newcomer."""
        assert self.drawn is not None
        months = np.arange(1, self.drawn.flow.shape[1] + 1)
        gained = np.cumsum(self.drawn.flow * self.worth.discount**months, axis=1)
        low, high = ends(gained * self.worth.errors_by_month(gained.shape[1]))
        ax = Drawing(figsize=(6.2, 3.4), layout="constrained").subplots()
        ax.fill_between(months, low, high, alpha=0.2, linewidth=0)
        ax.plot(months, gained.mean(axis=0))
        if self.cost is not None:
            ax.axhline(self.cost, color="0.4", linewidth=0.8)
            ax.annotate(
                sentence("cost of acquisition"), (months[-1], self.cost), (0, 3), textcoords="offset points", ha="right"
            )
        currency = self.worth.assumptions.money.currency
        ax.set_xlim(0, months[-1])
        ax.set_xticks(np.arange(0, months[-1] + 1, 12))
        ax.set_ylim(min(0.0, float(np.min(low))))
        ax.set_xlabel(
            sentence("Months since the first purchase")
            if self.worth.business.kind == "orders"
            else sentence("Months since joining")
        )
        ax.set_ylabel(sentence("Value ({currency})", currency=currency) if currency else sentence("Value"))
        return ax


def newcomer_of(worth: Worth) -> Newcomer:
    """What the mean newcomer of a base is worth.

    Parameters
    ----------
    worth
        The base.
    """
    plan = Plan(
        rate=worth.assumptions.rate,
        horizons=worth.horizons,
        months=MONTHS,
        cells=np.zeros(len(worth.business.customers), dtype=int),
        money=worth.assumptions.money,
    )
    by_group = getattr(worth.business, "newcomers_by_group", None)
    return Newcomer(
        worth=worth, drawn=worth.business.newcomers(plan), groups={} if by_group is None else by_group(plan)
    )
