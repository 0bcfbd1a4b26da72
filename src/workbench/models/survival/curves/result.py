"""Survival curves as numbers: what can be read from them, and how far the data reach."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.statistics.horizons import clean_horizons, span, times
from workbench.statistics.product_limit import (
    INTERVAL,
    at_risk_at,
    normal_quantile,
    quantile,
    restricted_mean,
    survival_at,
)
from workbench.statistics.resolution import on_step, resolution
from workbench.suppression import hidden_cells
from workbench.wording import listing, number, percent, sentence

BETWEEN = 0.05
"""A horizon is said to lie between two steps where the step before it is earlier by more than this share of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveEstimates:
    """Kaplan–Meier curves, one a group: their numbers.

    Attributes
    ----------
    frame
        `group`, `time`, `at_risk`, `events`, `censored`, `survival`, `lower`, `upper`; groups by size, the largest
        first, times ascending from 0.
    by, label
        Segment and its label; None for all customers.
    time_unit
        What times are counted in.
    confidence
        Level of the intervals.
    smallest_group
        No estimate rests on fewer customers.
    lapse
        Whether customers lapse instead of leaving.
    checks
        Levels that were lumped, or a segment of a single group.
    rounded
        To multiples of what durations were rounded (0: they were not): intervals of survival and median are widened by
        half of it either way.
    sizes
        Customers by group: everyone who was observed at any time, those who entered late as well.
    start
        Where curves begin (0, or later with late entries): they are about those who had lasted until there, and say
        nothing about times up to it.
    """

    frame: pd.DataFrame
    by: str | None
    label: str | None
    time_unit: str
    confidence: float
    smallest_group: int
    lapse: bool = False
    checks: tuple[Check, ...]
    rounded: float = 0.0
    sizes: Mapping[str, int]
    start: float = 0.0

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The curve of each group."""
        return {str(group): table for group, table in self.frame.groupby("group", sort=False)}

    @property
    def name(self) -> str:
        """Stable name of its table and figure: `survival_of_all`, or `survival_by_<segment>`."""
        return "survival_by_" + re.sub(r"[^\w-]", "_", self.by) if self.by else "survival_of_all"

    @property
    def interval_kind(self) -> str:
        """What the intervals of survival and median are."""
        if self.rounded:
            return sentence(
                "{level} confidence ({kind}, widened for rounding)", level=percent(self.confidence), kind=INTERVAL
            )
        return sentence("{level} confidence ({kind})", level=percent(self.confidence), kind=INTERVAL)

    @property
    def groups(self) -> pd.DataFrame:
        """`group`, `customers`, `events`, and `reach`: the last time up to which it can be estimated.

        The reach ends where fewer than `smallest_group` are still followed; it is 0 where so many never are at one
        time. A group of which everyone was seen to leave is known for ever.
        """
        rows = []
        for group, table in self.tables.items():
            enough = table["time"][table["at_risk"] >= self.smallest_group]
            reach = np.inf if table["censored"].sum() == 0 else float(enough.max()) if len(enough) else 0.0
            rows.append((group, self.sizes[group], int(table["events"].sum()), reach))
        return pd.DataFrame(rows, columns=["group", "customers", "events", "reach"])

    @property
    def pairs(self) -> int:
        """Pairs of groups that can be compared."""
        return len(self.tables) * (len(self.tables) - 1) // 2

    @property
    def _after_start(self) -> float:
        """The least time of which curves say something."""
        return np.nextafter(self.start, np.inf) if self.start else 0.0

    def extremes(self, horizons: Iterable[float]) -> tuple[str, str]:
        """The groups that leave soonest and last, by the restricted mean up to the `common_horizon`.

        Of groups that do not share a horizon: the largest, twice.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        """
        until = self.common_horizon(horizons)
        if until is None:
            return (next(iter(self.tables)),) * 2
        means = self.restricted_mean(until).set_index("group")["restricted_mean"]
        return str(means.idxmin()), str(means.idxmax())

    def shown(self, times: Iterable[float]) -> np.ndarray:
        """Which groups (rows) are shown at which times (columns).

        A group is, as far as it reaches. Where another is followed still and by too few to be shown, so many are left
        out that the curve of all and those shown do not tell how few; later they are there again.

        Parameters
        ----------
        times
            In the time unit.
        """
        counts, reached = self._at_risk(times), self._reached(times)
        # How many there still are of a group that was seen to its end is its result.
        people = np.where(reached & (counts > 0), np.maximum(counts, self.smallest_group), counts)
        whole = [range(len(people))]
        hidden = [hidden_cells(column, whole, k=self.smallest_group) for column in people.T]
        return reached & ~np.array(hidden, dtype=bool).reshape(people.T.shape).T

    def any_shown(self, group: str) -> bool:
        """Whether anything of a group's curve is shown, beyond that all are there when they come.

        Parameters
        ----------
        group
            One of `tables`.
        """
        times = self.tables[group]["time"]
        return bool(self.shown(times[times > 0])[list(self.tables).index(group)].any())

    def followed(self, times: Iterable[float]) -> pd.DataFrame:
        """How many are still followed just before each time: one row a group, one column a time.

        Missing (`<NA>`) where the group is not `shown`.

        Parameters
        ----------
        times
            In the time unit.
        """
        times = list(times)
        counts = pd.DataFrame(self._at_risk(times), index=list(self.tables), columns=times)
        return counts.astype("Int64").mask(~self.shown(times))

    def _at_risk(self, times: Iterable[float]) -> np.ndarray:
        """How many of each group (rows) are followed just before each time (columns)."""
        at = np.array(list(times), dtype=float)
        return np.array([at_risk_at(table, at) for table in self.tables.values()]).reshape(len(self.tables), len(at))

    def _reached(self, times: Iterable[float]) -> np.ndarray:
        """Whether each group (rows) reaches each time (columns)."""
        return np.array(list(times), dtype=float)[None, :] <= self.groups["reach"].to_numpy()[:, None]

    def within(self, horizons: Iterable[float]) -> tuple[tuple[float, ...], Check]:
        """Horizons that the data reach in at least one group, and a check that names the others.

        Parameters
        ----------
        horizons
            When to look, in the time unit.

        Returns
        -------
        tuple of float, Check
            `warn` where a horizon lies beyond the data, of all or of one group (nothing is extrapolated), below the
            step in which times were recorded (left out), or between two steps.

        Raises
        ------
        DataError
            When no horizon is left for the curve of all customers.
        """
        horizons = clean_horizons(horizons)
        groups = self.groups
        longest = min(groups["reach"].max(), self.frame["time"].max())  # no model predicts beyond the longest lifetime
        step = resolution(self.frame["time"].to_numpy())
        finer = [horizon for horizon in horizons if horizon < step]
        early = [horizon for horizon in horizons if step <= horizon <= self.start]
        reached = tuple(horizon for horizon in horizons if max(step, self._after_start) <= horizon <= longest)
        if finer and len(finer) == len(horizons) and not self.by:
            raise DataError(
                sentence(
                    "horizons: got {last} at most, expected at least {step}: durations were recorded in steps of "
                    "{step}, and nothing is known of what happens within one.",
                    last=span(horizons[-1], self.time_unit),
                    step=span(step, self.time_unit),
                )
            )
        if early and not reached and not self.by:
            raise DataError(
                sentence(
                    "horizons: got {got}, expected some after {start} and up to {reach}: fewer than {smallest} "
                    "customers were followed before, so curves begin there; choose such horizons.",
                    got=times(horizons, self.time_unit),
                    start=span(self.start, self.time_unit),
                    reach=span(longest, self.time_unit),
                    smallest=number(self.smallest_group),
                )
            )
        if not reached and not self.by:
            raise DataError(
                sentence(
                    "horizons: got {first} and more, expected at most {reach}: later, fewer than {smallest} customers "
                    "are still followed, and nothing is extrapolated; choose shorter horizons.",
                    first=span(horizons[0], self.time_unit),
                    reach=span(longest, self.time_unit),
                    smallest=number(self.smallest_group),
                )
            )
        name = f"horizons_within_data_{self.by}" if self.by else "horizons_within_data"
        beyond = [number(horizon) for horizon in horizons if horizon not in (*reached, *finer, *early)]
        steps = on_step(np.array(reached), step)
        between = [each for each, before in zip(reached, steps, strict=True) if each - before > BETWEEN * each]
        short = groups["group"][groups["reach"] < (reached or horizons)[-1]].tolist()  # some end before others
        if not (beyond or short or finer or between or early):
            reach = groups["reach"].min()
            message = sentence("At every horizon enough customers are still followed in every group.")
            return reached, Check(
                name=name,
                status="pass",
                message=message,
                value=reached[-1],
                threshold=float(reach) if np.isfinite(reach) else None,
            )
        messages = []
        if early:
            messages.append(
                sentence(
                    "Too few customers were followed up to {start}: curves begin there, and nothing is said of "
                    "{early}.",
                    start=span(self.start, self.time_unit),
                    early=times(early, self.time_unit),
                )
            )
        if finer:
            messages.append(
                sentence(
                    "Durations were recorded in steps of {step}, so nothing is said of {finer}.",
                    step=span(step, self.time_unit),
                    finer=times(finer, self.time_unit),
                )
            )
        if between:
            messages.append(
                sentence(
                    "Durations were recorded in steps of {step}: shares after {between} are those of the step before.",
                    step=span(step, self.time_unit),
                    between=times(between, self.time_unit),
                )
            )
        if beyond:
            messages.append(
                sentence(
                    "The data do not reach horizon {beyond} ({unit}): left out, not extrapolated.",
                    beyond=listing(beyond),
                    unit=self.time_unit,
                )
            )
        if short:
            messages.append(
                sentence(
                    "{label}: {groups} cannot be estimated at every horizon, because fewer than {smallest} of its "
                    "customers are still followed there.",
                    label=self.label,
                    groups=listing(short),
                    smallest=number(self.smallest_group),
                )
            )
        return reached, Check(
            name=name,
            status="warn",
            title=sentence("Not every group reaches every horizon"),
            message=" ".join(messages),
            value=horizons[-1],
            threshold=float(groups["reach"].min()) if np.isfinite(groups["reach"].min()) else None,
        )

    def at(self, horizons: Iterable[float]) -> pd.DataFrame:
        """Survival at horizons: `group`, `horizon`, `survival`, `lower`, `upper`, `at_risk`.

        A row is there only where the group is `shown` at the horizon; `within` says which horizons are not reached.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        """
        horizons = np.array(clean_horizons(horizons))
        followed = self.followed(horizons)
        parts = []
        for (group, table), shown in zip(self.tables.items(), self.shown(horizons), strict=True):
            reached = horizons[shown & (horizons >= self._after_start)]
            half = self.rounded / 2  # who was rounded to a horizon may have left that much sooner or later
            values = {
                "survival": survival_at(table, reached),
                "lower": survival_at(table, reached + half, "lower"),
                "upper": survival_at(table, np.maximum(reached - half, 0.0), "upper"),
            }
            parts.append(
                pd.DataFrame(
                    {"group": group, "horizon": reached, **values, "at_risk": followed.loc[group, reached].to_numpy()}
                ).astype({"at_risk": "Int64"})
            )
        return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)

    def share_at(self, time: float) -> float:
        """Share of all customers still there at a time.

        Parameters
        ----------
        time
            In the time unit.
        """
        (table,) = self.tables.values()
        return float(survival_at(table, np.array([time]))[0])

    def median(self) -> pd.DataFrame:
        """Time after which half have left: `group`, `customers`, `median`, `lower`, `upper`.

        Missing (`<NA>`) where the curve, or the end of its band, stays above one half within the group's reach.
        """
        rows = []
        for group, table, reach in zip(self.tables, self.tables.values(), self.groups["reach"], strict=True):
            estimated = table[table["time"] <= reach]
            middle, low, high = (quantile(estimated, 0.5, column) for column in ("survival", "lower", "upper"))
            low = None if low is None else max(low - self.rounded / 2, 0.0)
            high = None if high is None else high + self.rounded / 2
            rows.append((group, self.sizes[group], middle, low, high))
        frame = pd.DataFrame(rows, columns=["group", "customers", "median", "lower", "upper"])
        return frame.astype({column: "Float64" for column in ("median", "lower", "upper")})

    def restricted_mean(self, until: float) -> pd.DataFrame:
        """Mean time as a customer within the first `until`.

        Parameters
        ----------
        until
            In the time unit.

        Returns
        -------
        DataFrame
            `group`, `customers`, `restricted_mean`, `standard_error`, `lower`, `upper` (Wald, within [0, until]); a
            row only where the group's data reach `until`.
        """
        z = normal_quantile(self.confidence)
        rows = []
        for group, table, reach in zip(self.tables, self.tables.values(), self.groups["reach"], strict=True):
            if until <= reach:
                mean, error = restricted_mean(table, until)
                ends = (max(mean - z * error, 0.0), min(mean + z * error, float(until)))
                rows.append((group, self.sizes[group], mean, error, *ends))
        columns = ["group", "customers", "restricted_mean", "standard_error", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def common_horizon(self, horizons: Iterable[float]) -> float | None:
        """The longest of the horizons that groups with at least 90% of the customers reach; None where there is none.

        A small group that is followed for a short time only is left out of comparisons instead of cutting all short.

        Parameters
        ----------
        horizons
            When to look, in the time unit.
        """
        groups = self.groups
        reached = [
            horizon
            for horizon in clean_horizons(horizons)
            if horizon >= self._after_start
            and groups["customers"][groups["reach"] >= horizon].sum() >= 0.9 * groups["customers"].sum()
        ]
        return reached[-1] if reached else None

    def metrics(self, horizons: Iterable[float]) -> dict[str, float | int | None]:
        """`km_survival_<h>`, `restricted_mean_<h>`, `median_lifetime` (None: not reached), `customers` and `events`.

        Parameters
        ----------
        horizons
            When to look, in the time unit.

        Raises
        ------
        ValueError
            Of curves by segment: metrics are those of all customers.
        """
        if self.by:
            raise ValueError(f"metrics are those of all customers, got curves by {self.by!r}")
        groups, median = self.groups.iloc[0], self.median()["median"].iloc[0]
        at = self.at(horizons)
        values: dict[str, float | int | None] = {
            f"km_survival_{row['horizon']:g}": float(row["survival"]) for row in at.to_dict("records")
        }
        for horizon in at["horizon"]:
            values[f"restricted_mean_{horizon:g}"] = float(self.restricted_mean(horizon)["restricted_mean"].iloc[0])
        values["median_lifetime"] = None if pd.isna(median) else float(median)
        return values | {"customers": int(groups.customers), "events": int(groups.events)}
