"""Answers to surveys as a path: what each says of its customer's satisfaction, by the effects of a driver analysis.

One answer to *how satisfied are you* says little of a customer's satisfaction. What the ratings of touchpoints say of
it, by the effects that a driver analysis has found, says much more, and hardly follows what lies beside experience.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import listing, sentence, shown

NOT_APPLICABLE = "__not_applicable"
"""What the names of columns end with that say that an item did not apply."""


class Item(Protocol):
    """What must be known of a survey's column."""

    @property
    def name(self) -> str:
        """Name in the table."""

    @property
    def label(self) -> str:
        """What it is called; empty where nothing is said."""

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers of customers who are known, in the order of customers and months.

    Attributes
    ----------
    ids : (m,)
        Customers, by their pseudonyms.
    customer : (n,)
        Whose answer it is, as a place in `ids`.
    month : (n,)
        Calendar month of the answer, counted from `origin`.
    timestamp : (n,)
        When it was given.
    origin
        First month.
    drivers, labels : (K,)
        Names of the items, and what they are called.
    lowest, highest : (K,)
        Ends of their scales, in points.
    outcome : (n,)
        The answer to what the effects are about, in points; NaN where it was left blank.
    ratings : (n, K)
        In points; NaN where it did not apply or was left blank.
    used : (n, K) bool
        Whether the item applied (a blank one did).
    reference : (K,)
        Mean rating of each item.
    effects : (draws, K)
        Log-odds of a better outcome for one point more.
    use : (draws, K)
        The same for an average rating against none.
    """

    ids: np.ndarray
    customer: np.ndarray
    month: np.ndarray
    timestamp: np.ndarray
    origin: pd.Period
    drivers: tuple[str, ...]
    labels: tuple[str, ...]
    lowest: np.ndarray
    highest: np.ndarray
    outcome: np.ndarray
    ratings: np.ndarray
    used: np.ndarray
    reference: np.ndarray
    effects: np.ndarray
    use: np.ndarray

    def places_of(self, customers: pd.Series) -> np.ndarray:
        """Places (n,) of customers in `ids`; -1 for those who gave no answer.

        Parameters
        ----------
        customers : (n,)
            By their pseudonyms.
        """
        return pd.Index(self.ids).get_indexer(pd.Index(customers))

    @property
    def parts(self) -> np.ndarray:
        """What each item (n, K) adds to the score, by the mean effects."""
        return self.away * self.effects.mean(axis=0) + self.used * self.use.mean(axis=0)

    @property
    def score(self) -> np.ndarray:
        """Satisfaction (n,) as the ratings tell it, in log-odds of a better outcome; its zero means nothing."""
        return self.parts.sum(axis=1)

    @property
    def points_of_score(self) -> float:
        """Points of the outcome for a log-odds of the score; 0 where it does not vary."""
        known = np.isfinite(self.outcome)
        score = self.score[known]
        return float(np.cov(self.outcome[known], score)[0, 1] / score.var()) if score.var() > 0 else 0.0

    @cached_property
    def share_of_score(self) -> np.ndarray:
        """Slope (draws,) of the mean score on the score by a draw's effects.

        Behaviour is regressed on the mean score. Where a draw's effects are a tenth larger, so is its score, and the
        slope on it a tenth smaller.
        """
        centred = self.score - self.score.mean()
        columns = np.column_stack([self.away, self.used])
        spread = np.cov(columns, rowvar=False)
        drawn = np.column_stack([self.effects, self.use])
        variance = np.einsum("dk,kl,dl->d", drawn, spread, drawn)
        return (drawn @ (columns - columns.mean(axis=0)).T @ centred) / (len(centred) - 1) / variance

    @property
    def away(self) -> np.ndarray:
        """Ratings (n, K) over the mean of their item; 0 where there is none."""
        return np.where(np.isfinite(self.ratings), self.ratings - self.reference, 0.0)

    @property
    def gone(self) -> np.ndarray:
        """Share (n,) of its month that had gone when each was given."""
        month = self.timestamp.astype("datetime64[M]")
        first, last = (each.astype("datetime64[s]") for each in (month, month + np.timedelta64(1, "M")))
        return np.asarray((self.timestamp - first) / (last - first), dtype=float)

    def of_rows(self, rows: np.ndarray) -> "Answers":
        """Some of the answers; customers keep their places.

        Parameters
        ----------
        rows : (n,) bool
            Which.
        """
        return replace(
            self,
            customer=self.customer[rows],
            month=self.month[rows],
            timestamp=self.timestamp[rows],
            outcome=self.outcome[rows],
            ratings=self.ratings[rows],
            used=self.used[rows],
        )


def read_answers(surveys: pd.DataFrame, items: Sequence[Item], effects: pd.DataFrame) -> Answers:
    """Answers with a customer and a date, and what they say of satisfaction.

    Parameters
    ----------
    surveys
        The canonical table: `customer_id`, `timestamp`, the items, `<item>__not_applicable` where items may not apply.
        Of several answers of a customer in a month the last counts.
    items
        Definitions of its columns.
    effects
        `driver_effects` of a driver analysis: `draw`, `segment`, `driver`, `effect`, `use`, and `outcome`, the item
        that they are on. Over segments the mean is taken, each as large as it is in the answers where they are known.

    Raises
    ------
    DataError
        Answers without customers or dates, effects of drivers that are no columns of the answers.
    """
    outcome = str(effects["outcome"].iloc[0])
    lacking = [name for name in ("customer_id", "timestamp", outcome) if name not in surveys]
    if lacking:
        raise DataError(
            sentence(
                "surveys: got no column {names}; expected answers with customer and date, to be joined with "
                "what customers did afterwards, and the outcome of the driver analysis.",
                names=listing([shown(name) for name in lacking]),
            )
        )
    drivers = tuple(dict.fromkeys(effects["driver"]))
    unknown = [name for name in drivers if name not in surveys]
    if unknown:
        raise DataError(
            sentence(
                "driver_effects: got effects of {names}, expected columns of surveys; run driver_analysis on these "
                "data with combine_items=false.",
                names=listing([shown(name) for name in unknown]),
            )
        )
    known = surveys.dropna(subset=["customer_id", "timestamp"]).copy()
    known["month"] = known["timestamp"].dt.to_period("M").astype("int64")
    known = known.sort_values(["customer_id", "timestamp"], kind="stable")
    known = known.drop_duplicates(["customer_id", "month"], keep="last")
    if known.empty:
        raise DataError(sentence("surveys: no answer has both a customer and a date."))
    ids, customer = np.unique(known["customer_id"].to_numpy(dtype=object), return_inverse=True)
    ratings = known[list(drivers)].to_numpy(dtype=float)
    flags = [known.get(f"{name}{NOT_APPLICABLE}") for name in drivers]
    away = np.column_stack(
        [np.zeros(len(known), dtype=bool) if flag is None else flag.to_numpy(dtype=bool) for flag in flags]
    )
    ratings = np.where(away, np.nan, ratings)
    scales = {item.name: item.scale for item in items}
    called = {item.name: item.label for item in items}
    ends = [
        scales.get(name) or (np.nanmin(column), np.nanmax(column))
        for name, column in zip(drivers, ratings.T, strict=True)
    ]
    drawn = _pooled(effects, known)
    origin = pd.Period(ordinal=int(known["month"].min()), freq="M")
    return Answers(
        ids=ids,
        customer=customer,
        month=(known["month"] - origin.ordinal).to_numpy(),
        timestamp=known["timestamp"].to_numpy(),
        origin=origin,
        drivers=drivers,
        labels=tuple(called.get(name) or name for name in drivers),
        lowest=np.array([low for low, _ in ends], dtype=float),
        highest=np.array([high for _, high in ends], dtype=float),
        outcome=known[outcome].to_numpy(dtype=float),
        ratings=ratings,
        used=~away,
        reference=np.nanmean(ratings, axis=0),
        effects=drawn["effect"][list(drivers)].to_numpy(),
        use=drawn["use"][list(drivers)].to_numpy(),
    )


def _pooled(effects: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Effects over segments, each as large as it is in the answers: one row a draw, columns (effect or use, driver).

    Groups that the driver analysis had put together have no name among the answers: they are whoever has none of the
    other names.
    """
    segments = list(dict.fromkeys(effects["segment"]))
    weight, named = pd.Series(1.0, index=segments), 0.0
    for column in answers.columns:
        counts = answers[column].value_counts() if answers[column].dtype.kind not in "fiuMb" else pd.Series(dtype=int)
        own = counts.reindex(segments).astype(float)
        if own.sum() > named:
            nameless = own.isna()
            others = counts[~counts.index.isin(segments)].sum() / max(nameless.sum(), 1)
            weight, named = own.mask(nameless, others), own.sum()
    share = effects["segment"].map(weight / weight.sum())
    weighted = effects.assign(effect=effects["effect"] * share, use=effects["use"] * share)
    return weighted.pivot_table(index="draw", columns="driver", values=["effect", "use"], aggfunc="sum")
