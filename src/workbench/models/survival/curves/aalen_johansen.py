"""Why customers leave: the share gone for each reason over time (Aalen–Johansen), for all or by segment."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check, Finding
from workbench.models.levels import SMALLEST_GROUP, as_levels, lump_levels
from workbench.models.survival.lifetimes.episodes import customers_in
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes, weights_of
from workbench.statistics.at_risk import at_risk as count_at_risk
from workbench.statistics.horizons import clean_horizons, span
from workbench.statistics.product_limit import at_risk_at, enough_from, normal_quantile, survival_at
from workbench.wording import listing, number, percent, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LEVEL = 2
"""Reasons named that may be as frequent as the first; more are counted."""
UNCLEAR = 0.2
"""More leavers without a reason than this are worth a warning."""


def has_reasons(lifetimes: pd.DataFrame) -> bool:
    """Whether at least two reasons for leaving are known.

    Parameters
    ----------
    lifetimes
        `event` and, where it is there, `reason`.
    """
    if "reason" not in lifetimes.columns:
        return False
    return lifetimes["reason"][lifetimes["event"].astype(bool)].nunique() > 1


def aalen_johansen(
    durations: np.ndarray,
    reasons: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    confidence: float = 0.9,
) -> pd.DataFrame:
    """Share of customers gone for each reason, one row for each distinct time.

    Parameters
    ----------
    durations (n,)
        Times until leaving or the end of observation.
    reasons (n,)
        Why somebody left, as text; empty for those who were not seen to leave.
    entry (n,)
        Times from which each was observed (see `workbench.statistics.at_risk`); 0 where it is None.
    weights (n,)
        For how many each stands (survey weights); 1 where it is None. Errors take as many at risk as they are worth
        (`(sum w)^2 / sum w^2`, Kish 1965), as `product_limit` does.
    confidence
        Level of the pointwise intervals, log-log.

    Returns
    -------
    DataFrame
        `time` (from 0), `at_risk`, `survival`, and for each reason `r` (in alphabetical order) `r`, `(r, "error")`, …
        as columns of two levels: (reason, "incidence" | "error" | "lower" | "upper"); `time`, `at_risk` and `survival`
        have an empty second level. Incidences and survival sum to 1.

    Notes
    -----
    The variance is that of Marubini and Valsecchi (1995, section 10.3.1; Dinse and Larson 1986): with nobody censored
    it is the binomial one.

    References
    ----------
    Aalen and Johansen (1978).

    Examples
    --------
    >>> table = aalen_johansen(np.array([1, 2, 2, 3.0]), np.array(["price", "need", "", "price"]))
    >>> table["price"]["incidence"].tolist(), table["need"]["incidence"].tolist()
    ([0.0, 0.25, 0.25, 0.75], [0.0, 0.0, 0.25, 0.25])
    """
    durations, reasons = np.asarray(durations, dtype=float), np.asarray(reasons, dtype=object)
    time, place = np.unique(np.append(durations, 0.0), return_inverse=True)
    place = place[:-1]
    at_risk = count_at_risk(durations, time, entry=entry)
    names = sorted({reason for reason in reasons if reason})
    many, stands, scale = np.maximum(at_risk, 1), np.ones(len(durations)), np.ones(len(time))
    if weights is not None:
        here, squares = (count_at_risk(durations, time, entry=entry, weights=each) for each in (weights, weights**2))
        some = here > 1e-12 * weights.sum()
        many, stands = np.divide(here**2, squares, out=np.ones(len(time)), where=some), weights
        scale = np.divide(many, here, out=np.zeros(len(time)), where=some)
    left = {name: scale * np.bincount(place, weights=stands * (reasons == name), minlength=len(time)) for name in names}
    gone = sum(left.values(), np.zeros(len(time)))
    survival = np.cumprod(np.clip(1 - gone / many, 0.0, 1.0))
    before = np.append(1.0, survival[:-1])
    # Where the last ones at risk leave, no variance is left to add.
    increments_of_variance = gone / (many * np.where(many > gone, many - gone, np.inf))
    z = normal_quantile(confidence)
    columns: dict[tuple[str, str], np.ndarray] = {
        ("time", ""): time,
        ("at_risk", ""): at_risk,
        ("survival", ""): survival,
    }
    for name in names:
        incidence = np.cumsum(before * left[name] / many)
        own = before**2 * (many - left[name]) * left[name] / many**3
        cross = before * left[name] / many**2
        variance = (
            incidence**2 * increments_of_variance.cumsum()
            - 2 * incidence * (incidence * increments_of_variance).cumsum()
            + (incidence**2 * increments_of_variance).cumsum()
            + own.cumsum()
            - 2 * (incidence * cross.cumsum() - (incidence * cross).cumsum())
        )
        error = np.sqrt(np.maximum(variance, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            logged = np.log(incidence)
            half = z * error / (incidence * logged)
            ends = [
                np.where((incidence > 0) & (incidence < 1), incidence ** np.exp(each), incidence)
                for each in (-half, half)
            ]
        for key, values in zip(("incidence", "error", "lower", "upper"), (incidence, error, *ends), strict=True):
            columns[name, key] = values
    return pd.DataFrame(columns)


def competing_risks(
    lifetimes: pd.DataFrame,
    *,
    confidence: float = 0.9,
    time_unit: str = "month",
    smallest_group: int = SMALLEST_GROUP,
) -> "Incidences":
    """Incidence of leaving by reason, of all customers.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `reason` (of those who left; missing: not stated), `entry`.
    confidence
        Level of the intervals, between 0.5 and 1.
    time_unit
        Of the durations.
    smallest_group
        Reasons of fewer leavers are shown together.

    Raises
    ------
    DataError
        When the table breaks its contract, or has no two reasons.
    """
    lifetimes = validate_lifetimes(lifetimes, ["reason"])
    if not has_reasons(lifetimes):
        raise DataError(
            sentence("lifetimes.reason: got fewer than two reasons of those who left, expected two or more.")
        )
    reasons, checks = named_reasons(lifetimes, smallest_group=smallest_group)
    entry, start = entry_of(lifetimes), 0.0
    durations, weights = lifetimes["duration"].to_numpy(), weights_of(lifetimes)
    if entry is not None:
        start = enough_from(durations, entry, smallest_group)
        lasted = durations > start
        durations, reasons = durations[lasted], reasons[lasted]
        weights = None if weights is None else weights[lasted]
        entry = np.where(entry[lasted] <= start, 0.0, entry[lasted])
    return Incidences(
        table=aalen_johansen(durations, reasons, entry=entry, weights=weights, confidence=confidence),
        customers=customers_in(lifetimes),
        leavers=pd.Series(reasons[reasons != ""]).value_counts(),
        confidence=confidence,
        time_unit=time_unit,
        smallest_group=smallest_group,
        checks=checks,
        start=start,
    )


def named_reasons(
    lifetimes: pd.DataFrame, *, smallest_group: int = SMALLEST_GROUP
) -> tuple[np.ndarray, tuple[Check, ...]]:
    """Why each left, as shown: small reasons together, missing ones as "not stated".

    Parameters
    ----------
    lifetimes
        `event`, `reason`.
    smallest_group
        Reasons of fewer leavers are shown together.

    Returns
    -------
    ndarray of str (n,), tuple of Check
        Empty for those who did not leave; which reasons are shown together, and how many gave none.
    """
    left = lifetimes["event"].to_numpy().astype(bool)
    words = as_levels(lifetimes["reason"][left])
    shown, checks = lump_levels(words, label=sentence("Reason"), check="small_reasons", smallest_group=smallest_group)
    reasons = np.full(len(lifetimes), "", dtype=object)
    reasons[left] = words.map(shown).to_numpy()
    unknown = float(lifetimes["reason"][left].isna().mean())
    if unknown:
        checks += (
            Check(
                name="reasons_stated",
                status="warn" if unknown > UNCLEAR else "pass",
                title=sentence("Reasons that were not given"),
                message=sentence(
                    "{share} of those who left gave no reason; here that counts as a reason of its own.",
                    share=percent(unknown),
                ),
                value=unknown,
                threshold=UNCLEAR,
            ),
        )
    return reasons, checks


@dataclass(frozen=True, kw_only=True, eq=False)
class Incidences:
    """Shares of customers gone by reason.

    Attributes
    ----------
    table
        From `aalen_johansen`.
    customers, leavers
        How many, and how many left for each reason (the most frequent first).
    confidence, time_unit, smallest_group
        As given.
    checks
        Which reasons were taken together, how many gave none.
    start
        Where curves begin (later than 0 with late entries): shares are of those who had lasted until there.
    """

    table: pd.DataFrame
    customers: int
    leavers: pd.Series
    confidence: float
    time_unit: str
    smallest_group: int
    checks: tuple[Check, ...]
    start: float = 0.0

    @property
    def interval_kind(self) -> str:
        """What the intervals are."""
        return sentence("{level} confidence (log-log)", level=percent(self.confidence))

    def at(self, horizons: Iterable[float]) -> pd.DataFrame:
        """Incidences at horizons, where at least `smallest_group` are still followed.

        Parameters
        ----------
        horizons
            Times of life, in the time unit.

        Returns
        -------
        DataFrame
            `reason`, `horizon`, `incidence`, `lower`, `upper`, `leavers` (all of the reason), the most frequent first.
        """
        horizons = np.array(clean_horizons(horizons))
        curve = pd.DataFrame({"time": self.table["time"], "at_risk": self.table["at_risk"]})
        horizons = horizons[(at_risk_at(curve, horizons) >= self.smallest_group) & (horizons > self.start)]
        rows = []
        for reason in self.leavers.index:
            own = self.table[reason].assign(time=curve["time"])
            values = {key: survival_at(own, horizons, key) for key in ("incidence", "lower", "upper")}
            rows.append(
                pd.DataFrame({"reason": reason, "horizon": horizons, **values, "leavers": int(self.leavers[reason])})
            )
        return pd.concat(rows, ignore_index=True)

    def metrics(self, horizons: Iterable[float]) -> dict[str, float]:
        """Incidences by name, `incidence_<reason>_<h>`.

        Parameters
        ----------
        horizons
            As in `at`.
        """
        return {
            f"incidence_{'_'.join(row['reason'].split())}_{row['horizon']:g}": float(row["incidence"])
            for row in self.at(horizons).to_dict("records")
        }

    def findings(self, horizons: Iterable[float], *, addressable: Iterable[str] = ()) -> tuple[Finding, ...]:
        """The most frequent reason; and what share leaves for reasons that the reader means to act on.

        Empty where nobody has left by the last horizon.

        Parameters
        ----------
        horizons
            Times of life, in the time unit; the last that the data reach counts.
        addressable
            Reasons that the company can do something about: the reader's assumption, and said to be one.
        """
        at = self.at(horizons)
        if at.empty:
            return ()
        last = at[at["horizon"] == at["horizon"].max()].sort_values("incidence", ascending=False, kind="stable")
        first, gone = last.iloc[0], float(last["incidence"].sum())
        level = list(last["reason"][1:][last["upper"][1:] > first["lower"]])
        if not gone:
            return ()
        when = span(first["horizon"], self.time_unit)
        findings = [
            Finding(
                id="first_reason",
                statement=self._first_reason(first, gone, level),
                estimate=float(first["incidence"]),
                unit="share",
                interval=(float(first["lower"]), float(first["upper"])),
                interval_kind=self.interval_kind,
                evidence="descriptive",
                n=self.customers,
                table="reasons",
                figure="reasons",
            )
        ]
        wanted = {name.casefold() for name in addressable}
        within = last[[reason.casefold() in wanted for reason in last["reason"]]]
        if len(within) and len(within) < len(last):
            findings.append(
                Finding(
                    id="addressable_reasons",
                    statement=sentence(
                        "{part} of those who leave within {span} do so for {reasons}, set as reasons to act on "
                        "(parameter addressable).",
                        part=percent(float(within["incidence"].sum()) / gone),
                        span=when,
                        reasons=listing([f"“{reason}”" for reason in within["reason"]], "or"),
                    ),
                    estimate=float(within["incidence"].sum()) / gone,
                    unit="share",
                    evidence="assumed",
                    n=int(self.leavers.sum()),
                    table="reasons",
                )
            )
        return tuple(findings)

    def _first_reason(self, first: pd.Series, gone: float, level: list[str]) -> str:
        """The most frequent reason in words, and with which others it is about level."""
        template = (
            "Of customers who had lasted {since}, {share} leave for “{reason}” within {span} of joining ({part} of "
            "all who "
            "leave)."
            if self.start
            else "{share} of customers leave for “{reason}” within {span}, the top reason ({part} of all who leave)."
        )
        said = sentence(
            template,
            share=percent(first["incidence"]),
            since=span(self.start, self.time_unit),
            reason=first["reason"],
            span=span(first["horizon"], self.time_unit),
            part=percent(first["incidence"] / gone),
        )
        if not level:
            return said
        if len(level) > MOST_LEVEL:
            return f"{said} {sentence('{count} others may be as frequent.', count=number(len(level)))}"
        others = listing([f"“{each}”" for each in level])
        return f"{said} {sentence('{others} may be as frequent.', others=others)}"

    def title(self, horizons: Iterable[float]) -> str:
        """The finding that the figure shows.

        Parameters
        ----------
        horizons
            Times of life, in the time unit.
        """
        findings = self.findings(horizons)
        return findings[0].statement if findings else sentence("Why customers leave")

    def caption(self) -> str:
        """How to read the figure."""
        return sentence(
            "Shares of all customers gone for each reason after a time (Aalen–Johansen), stacked; the rest is still "
            "there."
        )

    def describe(self, horizons: Iterable[float]) -> str:
        """What the figure shows, for those who cannot see it.

        Parameters
        ----------
        horizons
            As in `at`.
        """
        points = [
            sentence(
                "{reason} {share} after {span}",
                reason=row["reason"],
                share=percent(row["incidence"]),
                span=span(row["horizon"], self.time_unit),
            )
            for row in self.at(horizons).to_dict("records")
        ]
        return sentence("Stacked areas of the share gone by reason over time: {points}.", points="; ".join(points))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Stacked areas by reason under survival.

        Parameters
        ----------
        ax
            Where to draw; a new figure where it is None.
        """
        from workbench.models.survival.curves.incidence_figure import draw_reasons  # only a figure needs matplotlib

        return draw_reasons(self, ax)
