"""Past campaigns of a data set: effects where chance decided, comparisons where somebody did."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.campaigns import words
from workbench.decisions.campaigns.accounts import LEVEL, Prices, accounts
from workbench.decisions.value.business import Money
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Figure, Kept, Showable
from workbench.findings import Check
from workbench.models.trials.by_lot import DatasetDefinition, Effect
from workbench.models.trials.campaigns import Campaign, DayLog, Refused, named, read_campaigns, reasons
from workbench.models.trials.outcomes import SPENDING, effects_on_outcomes
from workbench.wording import number, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class PastCampaigns:
    """All past campaigns of a data set, in money.

    Attributes
    ----------
    lot
        Effects of those that chance dealt.
    told, refused
        Those whose recipients somebody chose, and others of them that are not told of.
    why
        Reasons in words, each with names.
    checks
        Why others that were dealt by lot have no effect.
    prices
        What turns all that into money.
    """

    lot: tuple[Effect, ...]
    told: tuple[Campaign, ...]
    refused: tuple[Refused, ...]
    why: tuple[tuple[str, tuple[str, ...]], ...]
    checks: tuple[Check, ...]
    prices: Prices

    @property
    def frame(self) -> pd.DataFrame:
        """One row a campaign (or arm) and outcome: table `campaign_effects`."""
        return accounts(self.lot, self.told, self.prices)

    def exhibits(self) -> Iterator[Showable]:
        """Findings, checks, numbers, the figure and the tables."""
        frame, currency = self.frame, self.prices.money.currency
        dealt, chosen = (frame[frame["evidence"] == kind] for kind in ("experimental", "associational"))
        yield from words.effects(dealt, currency)
        yield from words.comparisons(chosen, currency)
        yield from self.checks
        yield from words.refusals(self.why)
        if len(dealt):
            yield words.experiments(dealt, currency)
        if len(chosen):
            yield Figure(
                name="past_campaigns",
                draw=self.draw,
                title=sentence("The bare comparison misleads: recipients spent more before, too"),
                alt=sentence("Each campaign has a hollow dot at the bare comparison and a full one with an interval."),
                caption=sentence(
                    "What recipients spent more than others while a campaign ran: bare (hollow), and compared with "
                    "others who were alike before (full, 90% confidence, trends parting as before)."
                ),
            )
            yield words.compared(chosen, currency)
        if len(frame):
            yield words.metrics(frame)
            yield Kept(name="campaign_effects", frame=frame)

    def draw(self) -> Axes:
        """Bare and adjusted differences by campaign, in the order of time."""
        told = sorted(self.told, key=lambda each: each.start)
        ax = Drawing(figsize=(6.2, 1.0 + 0.28 * len(told)), layout="constrained").subplots()
        places = np.arange(len(told))
        ends = np.array(
            [each.effect.bounded(each.placebo, LEVEL) if each.placebo else each.effect.interval(LEVEL) for each in told]
        )
        ax.axvline(0, color="0.6", linewidth=0.8)
        ax.hlines(places, ends[:, 0], ends[:, 1], linewidth=1.6)
        ax.plot(
            [each.effect.estimate for each in told], places, "o", label=sentence("Compared with others alike before")
        )
        raw = [each.raw.estimate for each in told]
        ax.plot(raw, places, "o", markerfacecolor="none", color="0.45", label=sentence("Bare comparison"))
        ax.set_yticks(places, [sentence("Campaign {name}", name=each.name) for each in told])
        ax.invert_yaxis()
        unit = self.prices.money.currency
        if unit:
            ax.set_xlabel(sentence("Spent more than others ({currency} a recipient)", currency=unit))
        else:
            ax.set_xlabel(sentence("Spent more than others (money a recipient)"))
        ax.figure.legend(loc="outside upper left", ncols=2, fontsize=7, frameon=False)
        return ax


def past_campaigns(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame | None,
    customers: pd.DataFrame | None,
    log: DayLog | None,
    *,
    money: Money,
    contact_cost: float = 0.0,
    surveyed: bool = False,
    optional: bool = True,
) -> PastCampaigns | None:
    """What each past campaign brought in a recipient, and what it cost.

    Where chance dealt (`design:` of treatments) arms are compared, on columns with `use: outcome` and on purchases from
    start to end: experimental. Other recipients are compared with everybody else who buys, by differences in
    differences with overlap weights: associational, and only for purchases.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    treatments, customers
        The canonical tables; None where there are none.
    log
        Days with purchases, with `margin` where it is known; None where there are none.
    money
        `margin` turns outcomes that are money into contribution (purchases have theirs in the log); currency.
    contact_cost
        Money for each recipient, beside the column `cost`.
    surveyed
        Whether customers are surveyed: campaigns then teach lifts, and are told there; nothing is told here.
    optional
        Whether a study can do without: None where there is nothing to tell of.

    Returns
    -------
    PastCampaigns or None
        None where there is nothing to tell of.

    Raises
    ------
    ParameterError
        A negative or endless cost of a contact.
    DataError
        Negative recorded costs; nothing to tell of, where that is not optional.
    """
    if not 0 <= contact_cost < np.inf:
        raise ParameterError(
            sentence("contact_cost: got {value}, expected money of 0 or more.", value=number(contact_cost))
        )
    if treatments is None or surveyed:
        return None
    if "cost" in treatments and (treatments["cost"] < 0).any():
        raise DataError(
            sentence(
                "treatments.cost: got {n} values below 0, expected what a recipient cost; mend the column in "
                "dataset.yaml.",
                n=number(int((treatments["cost"] < 0).sum())),
            )
        )
    definition = dataset.tables["treatments"]
    lot, checks = effects_on_outcomes(dataset, treatments, customers, log)
    dealt = {str(name) for name in pd.unique(treatments["initiative"]) if definition.design_of(name).by_chance}
    rows = treatments[~treatments["initiative"].astype(str).isin(dealt)]
    controls = [definition.design_of(name).control for name in rows["initiative"]]
    rows = rows[(rows["arm"].astype(str) != np.array(controls, dtype=object)).to_numpy()] if len(rows) else rows
    told, refused = read_campaigns(rows, log) if log is not None and len(rows) else ((), ())
    kinds = {each.name: each.kind for each in definition.columns}
    costs = treatments["cost"].fillna(0.0) if "cost" in treatments else pd.Series(0.0, index=treatments.index)
    costs = costs.rename("cost")
    parts = costs.groupby([treatments["initiative"].astype(str), treatments["arm"].astype(str)]).mean().reset_index()
    means = {(str(name), str(arm)): float(cost) for name, arm, cost in parts.itertuples(index=False)}
    prices = Prices(
        money=money,
        contact_cost=contact_cost,
        costs=means,
        moneys=frozenset(name for name, kind in kinds.items() if kind == "money") | set(SPENDING.values()),
        margins=log is not None and "margin" in log.days,
    )
    why = tuple(reasons(refused, log)) if log is not None else ()
    found = PastCampaigns(lot=lot, told=told, refused=refused, why=why, checks=checks, prices=prices)
    if not optional and not lot and not told:
        raise DataError(_nothing(found, log))
    return found if lot or told or refused or checks else None


def _nothing(found: PastCampaigns, log: DayLog | None) -> str:
    if found.why:
        said = "; ".join(f"{named(names)} ({reason})" for reason, names in found.why)
        return sentence("treatments: no campaign can be told of: {said}. Bring longer records.", said=said)
    if log is None:
        return sentence(
            "treatments: got no outcome of a draw, and no transactions. Expected purchases, or `design:` (randomised, "
            "with control) and columns with `use: outcome` in dataset.yaml."
        )
    return sentence(
        "treatments: got no recipients whom somebody chose, and no draw with two arms of 20 customers or more. "
        "Expected campaigns with start and end, or `design:` with control in dataset.yaml."
    )
