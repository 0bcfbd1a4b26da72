"""Effects and comparisons of past campaigns as money of one recipient: one table, whatever the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from workbench.decisions.value.business import Money
from workbench.models.trials.by_lot import Effect
from workbench.models.trials.campaigns import Campaign
from workbench.models.trials.outcomes import SPENDING
from workbench.statistics.multiplicity import holm
from workbench.wording import sentence

LEVEL = 0.90
"""Of every interval of a report."""
_COLUMNS: Sequence[str] = (
    *("initiative", "arm", "outcome", "label", "evidence", "start", "days", "recipients", "others"),
    *("effect", "lower", "upper", "error", "p", "p_holm", "bound_lower", "bound_upper", "raw", "earlier"),
    *("unweighted", "unweighted_error", "placebo", "placebo_error", "at_once"),
    *("cost", "gain", "gain_lower", "gain_upper", "roi", "p_loss", "break_even"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """What turns an effect into money.

    Attributes
    ----------
    money
        Margin and currency.
    contact_cost
        Money for each recipient beside what is recorded.
    costs
        Mean recorded cost of a recipient, by initiative and arm; 0 where none is recorded.
    moneys
        Which outcomes are money.
    margins
        Whether `contribution` of purchases is known, so that spending is not counted itself.
    """

    money: Money
    contact_cost: float
    costs: dict[tuple[str, str], float]
    moneys: frozenset[str]
    margins: bool


def accounts(lot: Sequence[Effect], told: Sequence[Campaign], prices: Prices) -> pd.DataFrame:
    """One row a campaign (or arm) and outcome: table `campaign_effects`.

    Parameters
    ----------
    lot
        Effects of those that chance dealt.
    told
        Those whose recipients somebody chose.
    prices
        What turns both into money.
    """
    rows = [_dealt(each, prices) for each in lot] + [_chosen(each, prices) for each in told]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    for evidence in ("experimental", "associational"):
        own = (frame["evidence"] == evidence).to_numpy()
        if own.any():
            frame.loc[own, "p_holm"] = holm(frame.loc[own, "p"].to_numpy(dtype=float))
    return frame.drop(columns="p")


def _dealt(each: Effect, prices: Prices) -> dict[str, object]:
    found = each.difference
    low, high = found.interval(LEVEL)
    row = {
        "initiative": each.initiative,
        "arm": each.arm,
        "outcome": each.outcome,
        "label": each.label,
        "evidence": "experimental",
        "recipients": found.n_treated,
        "others": found.n_control,
        "effect": found.estimate,
        "lower": low,
        "upper": high,
        "error": found.error,
        "p": found.p_value,
    }
    if each.outcome not in prices.moneys or (each.outcome == SPENDING["amount"] and prices.margins):
        return row
    of_column = each.outcome not in SPENDING.values()
    share = prices.money.margin if of_column and prices.money.margin is not None else 1.0
    cost = prices.costs.get((each.initiative, each.arm), 0.0) + prices.contact_cost
    return row | _returns(share * found.estimate, share * found.error, cost)


def _chosen(each: Campaign, prices: Prices) -> dict[str, object]:
    low, high = each.effect.interval(LEVEL)
    bounds = each.effect.bounded(each.placebo, LEVEL) if each.placebo else (None, None)
    kept = each.contribution or each.effect
    return {
        "initiative": each.name,
        "arm": each.kind,
        "outcome": SPENDING["amount"],
        "label": sentence("Spending"),
        "evidence": "associational",
        "start": each.start.isoformat(),
        "days": each.days,
        "recipients": each.recipients,
        "others": each.others,
        "effect": each.effect.estimate,
        "lower": low,
        "upper": high,
        "error": each.effect.error,
        "p": each.effect.p_value,
        "bound_lower": bounds[0],
        "bound_upper": bounds[1],
        "raw": each.raw.estimate,
        "earlier": each.earlier.estimate,
        "unweighted": each.plain.estimate,
        "unweighted_error": each.plain.error,
        "placebo": each.placebo.estimate if each.placebo else None,
        "placebo_error": each.placebo.error if each.placebo else None,
        "at_once": each.at_once,
        **_returns(kept.estimate, kept.error, each.cost + prices.contact_cost),
    }


def _returns(gained: float, error: float, cost: float) -> dict[str, float | None]:
    """Money of one recipient: what is gained (with its standard error) less what it costs."""
    reach = float(stats.norm.ppf((1 + LEVEL) / 2)) * error
    return {
        "cost": cost,
        "gain": gained - cost,
        "gain_lower": gained - cost - reach,
        "gain_upper": gained - cost + reach,
        "roi": gained / cost if cost > 0 else None,
        "p_loss": float(stats.norm.cdf((cost - gained) / error)) if error > 0 else float(gained < cost),
        "break_even": max(gained, 0.0),
    }
