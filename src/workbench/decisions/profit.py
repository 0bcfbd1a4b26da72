"""What acting on a forecast would have earned with customers whose end is known, by whom one contacts and how many."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, PercentFormatter

from workbench.decisions.empc import expected_maximum_profit
from workbench.decisions.offers import Offer
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Finding
from workbench.wording import number, percent, plural, sentence

RESAMPLES = 400  # ends of a 90% interval are then known to a tenth of its width
LEVEL = 0.90  # as every interval of a report has it
POINTS = 201
"""Shares contacted at which the curve is drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Campaign:
    """A contact round as it would have gone with customers whose end is known.

    Attributes
    ----------
    left : (N,) bool
        Who left, without any contact.
    probability : (N,)
        Of leaving, forecast beforehand.
    value : float or (N,)
        Of each customer who stays, in money; one for all where it is a number.
    customers : (N,)
        Whose row it is.
    offer
        The contact.
    currency
        Sign or code of the money.
    capacity
        How many can be contacted: of all together, or by team; everybody where it is None. A team without a number
        contacts nobody.
    random_seed
        Fixes the draws behind intervals.
    weights : (N,)
        How many customers each row stands for; one where it is None.
    team : (N,)
        Who would contact each customer, where capacity is by team.
    gone
        Whether they are all customers of a file without dates: today's, and those who have left.
    """

    left: np.ndarray
    probability: np.ndarray
    value: np.ndarray | float
    customers: np.ndarray
    offer: Offer
    random_seed: int
    currency: str = ""
    capacity: int | Mapping[str, int] | None = None
    weights: np.ndarray | None = None
    team: np.ndarray | None = None
    gone: bool = False

    def __post_init__(self) -> None:
        sizes = {len(self.left), len(self.probability), len(self.customers), len(self.values)}
        if self.team is not None:
            sizes.add(len(self.team))
        if len(sizes) > 1 or not np.isfinite(self.values).all() or not len(self.left):
            raise DataError(
                sentence(
                    "A campaign needs one label, probability, value and customer a row; got {labels} labels and "
                    "{missing} missing values of customers.",
                    labels=number(len(self.left)),
                    missing=number(int((~np.isfinite(self.values)).sum())),
                )
            )

    @property
    def values(self) -> np.ndarray:
        """Of each customer (N,) who stays, in money."""
        one_for_all = np.ndim(self.value) == 0
        return np.full(len(self.left), self.value) if one_for_all else np.asarray(self.value, dtype=float)

    @property
    def expected(self) -> np.ndarray:
        """Profit (N,) of contacting each customer, expected beforehand."""
        return self.offer.expected_profit(self.probability, self.values)

    @property
    def counts(self) -> np.ndarray:
        """How many customers each row (N,) stands for."""
        return np.ones(len(self.left)) if self.weights is None else np.asarray(self.weights, dtype=float)

    @property
    def size(self) -> float:
        """How many customers all rows stand for."""
        return float(self.counts.sum())

    def teams(self) -> Iterator[tuple[np.ndarray, float]]:
        """Of each team its rows and how many it can contact; one team of all where capacity is not by team."""
        if not isinstance(self.capacity, Mapping):
            yield np.arange(len(self.left)), self.size if self.capacity is None else min(self.capacity, self.size)
            return
        if self.team is None:
            raise ParameterError(sentence("Capacity is by team, but nobody says which team contacts whom (`team`)."))
        team = pd.Series(self.team, dtype=object).fillna(sentence("No team"))
        for name in team.unique():
            rows = np.flatnonzero(team == name)
            yield rows, min(self.capacity.get(str(name), 0), float(self.counts[rows].sum()))

    def choices(self) -> Mapping[str, np.ndarray]:
        """By strategy, the probability (N,) with which each customer is contacted.

        `profit`: the highest expected profit, as long as it is above 0 and there is capacity; `risk`, `value` and
        `random`: as many by these (by capacity where nobody promises a profit); `everybody`, whatever the capacity;
        `nobody`. Where capacity is by team, all of them within each team. `value` is left out where all are worth the
        same: it would be chance.
        """
        found = {strategy: np.zeros(len(self.left)) for strategy in ("profit", "risk", "value", "random")}
        worthwhile = any(most and (self.expected[rows] > 0).any() for rows, most in self.teams())
        for rows, most in self.teams():
            counts, expected = self.counts[rows], self.expected[rows]
            profitable = min(most, float(counts[expected > 0].sum()))
            count = profitable if worthwhile else most
            found["profit"][rows] = _highest(expected, profitable, counts)
            found["risk"][rows] = _highest(self.probability[rows], count, counts)
            found["value"][rows] = _highest(self.values[rows], count, counts)
            found["random"][rows] = count / counts.sum()
        if np.ptp(self.values) == 0:
            del found["value"]
        return {**found, "everybody": np.ones(len(self.left)), "nobody": np.zeros(len(self.left))}

    @property
    def selected(self) -> np.ndarray:
        """With which probability each customer (N,) is contacted, by expected profit."""
        return self.choices()["profit"]

    def draws(self) -> Iterator[tuple[np.ndarray, float]]:
        """How often each row counts (N,) where customers are drawn with replacement, and an acceptance."""
        random = np.random.default_rng(self.random_seed)
        codes, known = pd.factorize(np.asarray(self.customers))
        for accepted in self.offer.acceptance.draws(RESAMPLES, random):
            times = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))
            yield times[codes] * self.counts, float(accepted)


def _highest(scores: np.ndarray, most: float, counts: np.ndarray) -> np.ndarray:
    """Rows with the highest scores that stand for `most` customers; equal ones that do not all fit in go in part."""
    order = np.argsort(-scores, kind="stable")
    runs = np.cumsum(np.diff(scores[order], prepend=scores[order[:1]]) != 0)
    sizes = np.bincount(runs, counts[order])
    before = np.cumsum(sizes) - sizes
    found = np.empty(len(scores))
    found[order] = np.clip((most - before) / sizes, 0, 1)[runs]
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Profit:
    """What strategies would have earned.

    Attributes
    ----------
    campaign
        With whom.
    strategies
        By `strategy`: `contacted` (customers), `profit` (of the round, in money), `lower`, `upper`, and the paired
        difference to contacting by expected profit: `difference`, `difference_lower`, `difference_upper`.
    curve
        By `contacted` (share of customers, those with the highest expected profit first): `profit`, `lower`, `upper`
        (of the round, in money).
    empc
        A customer, in money; None where values differ between customers.
    empc_share
        Of customers contacted at it.
    """

    campaign: Campaign
    strategies: pd.DataFrame
    curve: pd.DataFrame
    empc: float | None
    empc_share: float | None

    @property
    def worthwhile(self) -> bool:
        """Whether contacting by expected profit earns more than nobody, by its whole interval."""
        return float(self._row("profit")["lower"]) > 0

    def _row(self, strategy: str) -> pd.Series:
        return self.strategies[self.strategies["strategy"] == strategy].iloc[0]

    def metrics(self) -> dict[str, float | None]:
        """`profit_at_best` with `_lower` and `_upper`, `profit_random`, `profit_by_risk`, `empc`."""
        best = self._row("profit")
        return {
            "profit_at_best": float(best["profit"]),
            "profit_at_best_lower": float(best["lower"]),
            "profit_at_best_upper": float(best["upper"]),
            "profit_random": float(self._row("random")["profit"]),
            "profit_by_risk": float(self._row("risk")["profit"]),
            "empc": self.empc,
        }

    def finding(self) -> Finding:
        """What the round would have earned with customers whose end is known."""
        row, size = self._row("profit"), round(self.campaign.size)
        contacted = round(float(row["contacted"]))
        words = {
            "size": number(size),
            "profit": self.money(row["profit"]),
            "random": self.money(self._row("random")["profit"]),
        }
        if not contacted:
            statement = plural(
                "Tested on {n} customer whose end is known, the forecast would have had nobody contacted.",
                "Tested on {n} customers whose end is known, the forecast would have had nobody contacted.",
                size,
            )
        elif self.campaign.gone:
            statement = plural(
                "Tested on all {size} customers of the file, those who are gone among them, {n} contact would have "
                "earned {profit} (at random: {random}); today's list has only those who are left.",
                "Tested on all {size} customers of the file, those who are gone among them, {n} contacts would have "
                "earned {profit} (as many at random: {random}); today's list has only those who are left.",
                contacted,
                **words,
            )
        else:
            statement = plural(
                "Tested on {size} customers whose end is known, {n} contact would have earned {profit} (at random: "
                "{random}).",
                "Tested on {size} customers whose end is known, {n} contacts would have earned {profit} (as many at "
                "random: {random}).",
                contacted,
                **words,
            )
        return Finding(
            id="profit",
            statement=statement,
            estimate=float(row["profit"]),
            unit=self.campaign.currency,
            interval=(float(row["lower"]), float(row["upper"])),
            interval_kind=sentence(
                "{level} confidence (bootstrap over customers and acceptance)", level=percent(LEVEL)
            ),
            evidence="assumed",
            n=size,
            table="strategies",
            figure="profit_curve",
        )

    def money(self, amount: float) -> str:
        """An amount for people.

        Parameters
        ----------
        amount
            In money.
        """
        return f"{number(float(amount))} {self.campaign.currency}".strip()

    def exhibits(self) -> Iterator[Showable]:
        """The finding, its numbers, the strategies and the curve."""
        yield self.finding()
        yield self.metrics()
        unit = self.campaign.currency
        labels = {
            "profit": sentence("Highest expected profit"),
            "risk": sentence("Highest risk"),
            "value": sentence("Highest value"),
            "random": sentence("As many at random"),
            "everybody": sentence("Everybody"),
            "nobody": sentence("Nobody"),
        }
        yield Table(
            name="strategies",
            frame=self.strategies.assign(label=self.strategies["strategy"].map(labels)),
            caption=sentence(
                "What each way to choose whom to contact would have earned. Differences are to the highest expected "
                "profit, in pairs."
            ),
            people=None,
            columns={
                "label": Column(sentence("Whom to contact")),
                "contacted": Column(sentence("Contacted")),
                "profit": Column(sentence("Profit"), unit),
                "lower": Column(sentence("From"), unit),
                "upper": Column(sentence("To"), unit),
                "difference": Column(sentence("Difference"), unit),
                "difference_lower": Column(sentence("From"), unit),
                "difference_upper": Column(sentence("To"), unit),
            },
        )
        yield Figure(
            name="profit_curve",
            draw=self.draw,
            title=sentence("Profit by share of customers contacted"),
            alt=sentence(
                "A line of profit over the share of customers contacted, with a band for its 90% interval; a dot at "
                "{share}, where expected profit ends.",
                share=percent(float(self._row("profit")["contacted"]) / self.campaign.size),
            ),
            caption=sentence("Customers with the highest expected profit come first. Capacity is left aside."),
        )

    def draw(self) -> Axes:
        """The curve with its band, and where the strategy stops."""
        ax = Drawing(figsize=(6.2, 3.7), layout="constrained").subplots()
        ax.fill_between(self.curve["contacted"], self.curve["lower"], self.curve["upper"], alpha=0.2, linewidth=0)
        ax.plot(self.curve["contacted"], self.curve["profit"])
        ax.axhline(0, color="0.4", linewidth=0.8)
        row = self._row("profit")
        ax.plot([row["contacted"] / self.campaign.size], [row["profit"]], "o", color="C0")
        ax.set_xlabel(sentence("Share of customers contacted"))
        unit = self.campaign.currency
        ax.set_ylabel(sentence("Profit ({unit})", unit=unit) if unit else sentence("Profit"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: number(float(amount))))
        ax.set_xlim(0, 1)
        return ax


def evaluate_campaign(campaign: Campaign) -> Profit:
    """What contacting would have earned with customers whose end is known.

    Parameters
    ----------
    campaign
        Customers that the forecast has not seen. Where each stands in one row, profits are of one round.

    Returns
    -------
    Profit
        Intervals (90%) hold customers who are drawn again and what is not known of acceptance. The cut-off is where
        the forecast expects no more profit: it is not chosen on the outcome, which would flatter it.
    """
    choices = campaign.choices()
    weight = np.column_stack(list(choices.values()))
    order = np.argsort(-campaign.expected, kind="stable")
    at = np.linspace(0, len(order), POINTS).round().astype(int)
    reached = np.concatenate([[0], np.cumsum(campaign.counts[order])])[at]

    def earned(times: np.ndarray, accepted: float) -> tuple[np.ndarray, np.ndarray]:
        profit = times * campaign.offer.profit(campaign.left, campaign.values, accepted)
        return profit @ weight, np.concatenate([[0], np.cumsum(profit[order])])[at]

    totals, curve = earned(campaign.counts, campaign.offer.acceptance.mean)
    drawn = [earned(times, accepted) for times, accepted in campaign.draws()]
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    many, curves = np.array([each for each, _ in drawn]), np.array([each for _, each in drawn])
    low, high = np.quantile(many, ends, axis=0)
    below, above = np.quantile(many - many[:, :1], ends, axis=0)
    strategies = pd.DataFrame(
        {
            "strategy": list(choices),
            "contacted": campaign.counts @ weight,
            "profit": totals,
            "lower": low,
            "upper": high,
            "difference": totals - totals[0],
            "difference_lower": below,
            "difference_upper": above,
        }
    )
    curve_low, curve_high = np.quantile(curves, ends, axis=0)
    shares = {"contacted": reached / campaign.size, "profit": curve, "lower": curve_low, "upper": curve_high}
    empc = None
    if (
        np.ptp(campaign.values) == 0
        and campaign.values[0] > campaign.offer.incentive
        and 0 < np.mean(campaign.left) < 1
    ):
        empc = expected_maximum_profit(
            campaign.left,
            campaign.probability,
            value=float(campaign.values[0]),
            offer=campaign.offer,
            weights=campaign.counts,
        )
    return Profit(
        campaign=campaign,
        strategies=strategies,
        curve=pd.DataFrame(shares),
        empc=empc.profit if empc else None,
        empc_share=empc.share if empc else None,
    )
