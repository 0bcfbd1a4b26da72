"""A forecast made on an earlier day, compared with what customers did since: numbers by customer and by group."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.draws import seed_of
from workbench.exhibits import Column, Figure, Metrics, People, Showable, Table
from workbench.models.purchases.backtest import figures
from workbench.models.purchases.backtest.origins import Origins
from workbench.models.purchases.backtest.records import WEEK, PurchaseRecord
from workbench.models.purchases.backtest.selection import Selection
from workbench.models.purchases.counts import Scores, scores
from workbench.models.purchases.expectations import expected_purchases
from workbench.models.purchases.families import nbd
from workbench.models.purchases.fitting import mode
from workbench.models.purchases.forecast import PurchaseForecast
from workbench.models.purchases.histories import Histories, from_log
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, percent, sentence

LEVEL = 0.9
"""Of all intervals: 5% on either side."""
TENTHS = 10
"""Groups by rank, of a tenth of customers each: the usual lift table."""
MOST_CLASS = 7
"""Frequencies from here on are one class, as in Fader, Hardie and Lee (2005), figure 4."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """A forecast of the second half of the record, made from the first.

    Attributes
    ----------
    record
        Whole.
    cut
        Last day that the forecast knew.
    ahead
        Days that it reached.
    selection, weights, forecast, origins
        What was fitted to the first half, with weights and earlier errors from within it.
    later : (n,)
        Purchases of each customer in those days.
    seed
        Of the random numbers.
    """

    record: PurchaseRecord
    cut: int
    ahead: int
    selection: Selection
    weights: np.ndarray
    forecast: PurchaseForecast
    origins: Origins
    later: np.ndarray
    seed: int

    @property
    def histories(self) -> Histories:
        """Of customers, until the cut."""
        return self.forecast.histories

    @cached_property
    def scores(self) -> Scores:
        """Of the models by weight."""
        chosen = self.selection
        horizon = self.ahead / WEEK
        return scores(chosen.families, chosen.modes, list(self.weights), self.histories, horizon, self.later)

    @cached_property
    def nbd_scores(self) -> Scores:
        """Of the first baseline: nobody leaves."""
        family = nbd()
        place = mode(family, self.histories)
        return scores([family], [place], [1.0], self.histories, self.ahead / WEEK, self.later)

    @cached_property
    def repeated(self) -> np.ndarray:
        """The second baseline (n,): what each customer bought again in as many days before the cut."""
        past = self.record.earlier(self.cut)
        before = from_log(past.customers, past.days, self.cut - self.ahead, WEEK) if self._reaches_back else None
        found = pd.Series(self.histories.frequency, index=past.known[0])
        if before is not None:
            found = found - pd.Series(before[1].frequency, index=before[0]).reindex(found.index, fill_value=0)
        return found.to_numpy(float)

    @property
    def _reaches_back(self) -> bool:
        return bool(self.record.first <= self.cut - self.ahead)

    @cached_property
    def totals(self) -> np.ndarray:
        """Purchases (draws,) of all customers in those days: natures, parameters, models and errors of forecasts."""
        drawn = self.forecast.totals(self.ahead / WEEK)
        errors = self.origins.drawn(self.ahead / DAYS_A_MONTH, len(drawn), seed=seed_of(self.seed, "errors"))
        return drawn * np.exp(errors)

    @cached_property
    def alive(self) -> np.ndarray:
        """P(active) (n,) at the cut, by weight."""
        each = [
            family.active(place, self.histories)
            for family, place in zip(self.selection.families, self.selection.modes, strict=True)
        ]
        return np.asarray(self.weights @ np.array(each))

    @property
    def captured(self) -> float:
        """Share of the true top decile, by purchases in those days, that is in the forecast's top decile."""
        n = len(self.later)
        size = max(n // TENTHS, 1)
        chosen = np.argsort(-self.scores.mean, kind="stable")[:size]
        least = np.sort(self.later)[::-1][size - 1]
        above, level = self.later > least, self.later == least
        share = (size - above.sum()) / level.sum()  # of those at the border as many as there is room for
        return float((above[chosen].sum() + share * level[chosen].sum()) / size)

    def by(self, groups: pd.Series) -> pd.DataFrame:
        """Means a customer of each group: expected and actual purchases.

        Parameters
        ----------
        groups : (n,)
            Of customers.
        """
        frame = pd.DataFrame({"expected": self.scores.mean, "actual": self.later, "repeated": self.repeated})
        found = frame.groupby(groups.to_numpy()).agg(["mean", "size"])
        table = pd.DataFrame({name: found[name]["mean"] for name in frame})
        table.insert(0, "customers", found["expected"]["size"])
        table["error"] = table["expected"] / table["actual"].replace(0, np.nan) - 1
        return table.rename_axis("group").reset_index()

    @property
    def deciles(self) -> pd.DataFrame:
        """By tenths of expected purchases, the highest first."""
        rank = pd.Series(-self.scores.mean).rank(method="first")
        tenths = pd.Series(np.ceil(rank.to_numpy() / len(rank) * TENTHS).astype(int))
        return self.by(tenths)

    @property
    def classes(self) -> pd.DataFrame:
        """By repeat purchases until the cut; `MOST_CLASS` stands for so many or more."""
        return self.by(pd.Series(np.minimum(self.histories.frequency, MOST_CLASS).astype(int)))

    @property
    def activity(self) -> pd.DataFrame:
        """By tenths of P(active): how many bought, and how many should have."""
        rank = pd.Series(-self.alive).rank(method="first")
        tenths = pd.Series(np.ceil(rank.to_numpy() / len(rank) * TENTHS).astype(int))
        frame = pd.DataFrame({"alive": self.alive, "expected": self.scores.any, "bought": self.later > 0})
        found = frame.groupby(tenths.to_numpy()).mean()
        found.insert(0, "customers", tenths.value_counts().sort_index().to_numpy())
        return found.rename_axis("group").reset_index()

    @property
    def pit(self) -> np.ndarray:
        """Randomised probability integral transform (n,): uniform where the forecast is right."""
        random = np.random.default_rng(seed_of(self.seed, "pit"))
        found = self.scores
        return found.below + random.random(len(found.below)) * (found.upto - found.below)

    @cached_property
    def weekly(self) -> pd.DataFrame:
        """Repeat purchases by week since the records began: `week`, `actual`, `expected`, of customers of the cut."""
        customers, histories = self.record.earlier(self.cut).known
        log = pd.DataFrame({"customer": self.record.customers, "day": self.record.days}).drop_duplicates()
        log = log[log["customer"].isin(customers)]
        first = log.groupby("customer")["day"].transform("min")
        weeks = self.record.length // WEEK
        since = (log["day"] - self.record.first)[log["day"] > first] // WEEK
        actual = np.bincount(since, minlength=weeks)[:weeks]
        begun = self.cut - self.record.first - histories.observed * WEEK
        grid = np.arange(weeks + 1, dtype=float)
        each = np.zeros(weeks + 1)
        for family, place, weight in zip(self.selection.families, self.selection.modes, self.weights, strict=True):
            one = Histories.newcomer()
            shown = family if family.stages == 1 else type(family)(family.name, family.leaving, family.parameters)
            scaled = np.array(place)
            scaled[1] *= family.stages  # Erlang gaps as long, and as if they were irregular: there is no closed form
            each += weight * np.array([float(expected_purchases(shown, scaled, one, t)[0]) for t in grid])
        ages = np.maximum((np.arange(weeks + 1)[:, None] * WEEK - begun) / WEEK, 0.0)
        upto = np.interp(ages, grid, each).sum(axis=1)
        return pd.DataFrame({"week": np.arange(1, weeks + 1), "actual": actual, "expected": np.diff(upto)})

    @property
    def metrics(self) -> Metrics:
        """Numbers of results.json."""
        low, high = np.quantile(self.totals, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found = self.scores
        return {
            "holdout_transactions": float(np.median(self.totals)),
            "holdout_transactions_lower": float(low),
            "holdout_transactions_upper": float(high),
            "holdout_transactions_actual": int(self.later.sum()),
            "holdout_crps": float(found.crps.mean()),
            "holdout_crps_nbd": float(self.nbd_scores.crps.mean()),
            "holdout_absolute_error": float(np.abs(found.mean - self.later).mean()),
            "holdout_absolute_error_nbd": float(np.abs(self.nbd_scores.mean - self.later).mean()),
            "holdout_absolute_error_repeated": float(np.abs(self.repeated - self.later).mean()),
            "top_decile_capture": self.captured,
        }

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, the tracking plot, errors by group, and whether chances were right."""
        metrics = self.metrics
        yield metrics
        yield Figure(
            name="tracking",
            draw=lambda: figures.tracking(self.weekly, (self.cut - self.record.first + 1) / WEEK),
            title=sentence("Repeat purchases week by week, forecast and counted"),
            alt=sentence(
                "Two panels over weeks: cumulative and weekly repeat purchases, expected and actual; the forecast "
                "begins at the dashed line."
            ),
            caption=sentence(
                "Left of the dashed line the models were fitted, right of it they forecast: {expected} purchases of "
                "{customers} customers were expected ({low} to {high}), {actual} came.",
                expected=number(metrics["holdout_transactions"]),
                customers=number(len(self.later)),
                low=number(metrics["holdout_transactions_lower"]),
                high=number(metrics["holdout_transactions_upper"]),
                actual=number(metrics["holdout_transactions_actual"]),
            ),
        )
        yield self._scores_table()
        yield self._by_table(
            "holdout_by_decile",
            self.deciles,
            sentence("Tenth by expected purchases"),
            sentence("Purchases a customer after the cut, expected and actual, by tenth of the forecast."),
        )
        yield self._by_table(
            "holdout_by_frequency",
            self.classes,
            sentence("Repeat purchases before the cut ({most}: or more)", most=number(MOST_CLASS)),
            sentence("Purchases a customer after the cut, expected and actual, by purchases before it."),
        )
        yield Figure(
            name="calibration_of_purchases",
            draw=lambda: figures.calibration(self.pit, self.activity),
            title=sentence("Whether chances of purchases were right"),
            alt=sentence(
                "Left a histogram of where each count lay in its forecast; right the share that bought by tenth of the "
                "chance of still being a customer, with the share expected."
            ),
            caption=sentence(
                "Left: flat where forecasts of single customers are right; high at the right end where too little was "
                "forecast. Right: customers by their chance to be active at the cut; the forecast's top tenth holds "
                "{share} of the true top tenth.",
                share=percent(self.captured),
            ),
        )

    def _scores_table(self) -> Table:
        metrics = self.metrics
        rows = [
            (sentence("Models by weight"), metrics["holdout_crps"], metrics["holdout_absolute_error"]),
            (sentence("Nobody leaves (NBD)"), metrics["holdout_crps_nbd"], metrics["holdout_absolute_error_nbd"]),
            # The score of a forecast that is a single number is its absolute error.
            (sentence("Last period repeated"), *[metrics["holdout_absolute_error_repeated"]] * 2),
        ]
        return Table(
            name="holdout_scores",
            frame=pd.DataFrame(rows, columns=["forecast", "crps", "absolute_error"]),
            caption=sentence("Error of forecasts of single customers (purchases a customer; less is better)."),
            people=None,
            columns={
                "forecast": Column(sentence("Forecast")),
                "crps": Column(sentence("CRPS")),
                "absolute_error": Column(sentence("Mean absolute error")),
            },
        )

    @staticmethod
    def _by_table(name: str, frame: pd.DataFrame, group: str, caption: str) -> Table:
        return Table(
            name=name,
            frame=frame,
            caption=caption,
            people=People(count="customers", by=["group"]),
            columns={
                "group": Column(group),
                "customers": Column(sentence("Customers")),
                "expected": Column(sentence("Expected")),
                "actual": Column(sentence("Actual")),
                "repeated": Column(sentence("Last period repeated")),
                "error": Column(sentence("Error"), "share"),
            },
        )
