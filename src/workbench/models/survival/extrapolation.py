"""Beyond the data: how the curve of all customers might go on, by families that fit what is known."""

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import GeneralizedGammaFitter, LogLogisticFitter, LogNormalFitter, SplineFitter, WeibullFitter
from lifelines.exceptions import ConvergenceError
from lifelines.fitters import ParametricUnivariateFitter

from workbench.evaluation.horizons import span
from workbench.evaluation.product_limit import survival_at
from workbench.findings import Check, Finding
from workbench.models.survival.endings import ending
from workbench.models.survival.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes import require_lifetimes
from workbench.wording import number, percent, sentence

LEARNED = 0.6
"""The share of the time that can be judged from which families learn when they are put to the test."""
AS_FAR_AGAIN = 2.0
"""How far the curve is carried on, in multiples of the time that can be judged."""
OFF = 0.05
"""A family that misses the curve by more than this where it was put to the test is no guide beyond it."""
BINS = 400
FEWEST_LEAVERS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Extrapolation:
    """Families of curves, and what they say beyond the data.

    Attributes
    ----------
    table
        `family`, `parameters`, `aic` (of the fit to everything), `off` (root mean squared distance to the curve over
        the last part of the time, which the family had not seen), `survival` at `until`; the least `off` first.
    curves
        `time`, and a column for each family.
    observed
        The table of `product_limit` as far as it can be judged.
    reach, until
        Where the data end, and how far the curve is carried on.
    time_unit
        What times are counted in.
    lapse
        Whether customers lapse instead of leaving.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    observed: pd.DataFrame
    reach: float
    until: float
    time_unit: str
    lapse: bool = False

    @property
    def best(self) -> str:
        """The family that foretold the last part of the time best."""
        return self.table["family"].iloc[0]

    def findings(self) -> tuple[Finding, ...]:
        """What share would still be there twice as far on, if the curve goes on as it did."""
        known = self.table["survival"]
        return (
            Finding(
                id="extrapolated_survival",
                statement=sentence(
                    "Beyond the data: if the curve goes on in its form, {share} of customers are {there} "
                    "after {until}; nobody has been seen that long.",
                    share=percent(float(known.iloc[0])), until=span(round(self.until, 1), self.time_unit),
                    **ending(self.lapse),
                ),
                estimate=float(known.iloc[0]),
                unit="share",
                interval=(float(known.min()), float(known.max())),
                interval_kind=sentence("range over {count} families of curves", count=number(len(known))),
                evidence="assumed",
                table="families",
                figure="extrapolation",
            ),
        )  # fmt: skip

    def checks(self) -> tuple[Check, ...]:
        """Whether the best family foretold what it had not seen."""
        off = float(self.table["off"].iloc[0])
        message = sentence(
            "Fitted to the first {learned}, the {family} curve foretells the rest best: it is off by {off} percentage "
            "points until {reach}. By Akaike's criterion the {aic} curve fits everything best{both}.",
            aic=self.table.loc[self.table["aic"].idxmin(), "family"],
            both=sentence(", the same one") if self.table["aic"].idxmin() == 0 else "",
            learned=span(round(LEARNED * self.reach, 1), self.time_unit), family=self.best, off=number(100 * off, 2),
            reach=span(round(self.reach, 1), self.time_unit),
        )  # fmt: skip
        return (Check(name="extrapolation", status="pass" if off <= OFF else "warn", message=message, value=off,
                      threshold=OFF),)  # fmt: skip

    def title(self) -> str:
        """What the figure shows."""
        return self.findings()[0].statement

    def describe(self) -> str:
        """The same for those who cannot see it."""
        rows = [sentence("{family} {share}", family=row.family, share=percent(row.survival))
                for row in self.table.itertuples()]  # fmt: skip
        return sentence(
            "The observed curve until {reach}, then dashed curves until {until}, where they reach: {rows}.",
            reach=span(round(self.reach, 1), self.time_unit), until=span(round(self.until, 1), self.time_unit),
            rows="; ".join(rows),
        )  # fmt: skip

    def plot(self, ax=None):
        """The observed curve solid, what is carried on dashed; returns the axes."""
        from workbench.models.survival.extrapolation_figure import draw_extrapolation  # only a figure needs matplotlib

        return draw_extrapolation(self, ax)


def extrapolate(
    lifetimes: pd.DataFrame,
    *,
    time_unit: str = "month",
    lapse: bool = False,
    until: float | None = None,
    without: Collection[str] = (),
) -> Extrapolation | None:
    """Fit families of curves to all customers, put them to the test on the last part of the time, and carry them on.

    Families: Weibull, log-normal, log-logistic, generalised gamma, and a spline of the log cumulative hazard with three
    knots (Royston and Parmar 2002).

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry`.
    lapse
        Whether customers lapse instead of leaving: what it is called.
    until
        How far to carry the curve on; by default twice as far as it can be judged.
    without
        Families to pass over.

    Returns
    -------
    Extrapolation or None
        None where fewer than 50 left, or no family could be fitted.
    """
    lifetimes = require_lifetimes(lifetimes)
    overall = kaplan_meier(lifetimes, time_unit=time_unit)
    reach = float(min(overall.groups["reach"].iloc[0], lifetimes["duration"].max()))
    learned = LEARNED * reach
    early = lifetimes.assign(
        event=lifetimes["event"] & (lifetimes["duration"] <= learned),
        duration=lifetimes["duration"].clip(upper=learned),
    )
    early = early[(early["entry"] < early["duration"]) | (early["entry"] == 0)]
    if int(early["event"].sum()) < FEWEST_LEAVERS or reach <= 0:
        return None
    observed = overall.frame
    test = np.linspace(learned, reach, 20)
    truth = survival_at(observed, test)
    until = max(AS_FAR_AGAIN * reach if until is None else until, reach)
    grid = np.linspace(reach, until, 60)
    rows, curves = [], {"time": grid}
    families = {name: make for name, make in _families(lifetimes).items() if name not in without}
    for family, make in families.items():
        whole, part = _fit(make(), lifetimes), _fit(make(), early)
        if whole is None or part is None:
            continue
        off = float(np.sqrt(np.mean((_at(part, test) - truth) ** 2)))
        survival = _at(whole, grid)
        # Carried on from where the data end: a family's own error until there is none of its forecast.
        curve = survival / survival[0] * survival_at(observed, np.array([reach]))[0] if survival[0] > 0 else survival
        if not np.isfinite([off, *curve]).all():
            continue
        curves[family] = curve
        rows.append((family, len(whole.params_), float(whole.AIC_), off, float(curve[-1])))
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=["family", "parameters", "aic", "off", "survival"])
    return Extrapolation(
        table=table.sort_values("off", kind="stable", ignore_index=True),
        curves=pd.DataFrame(curves),
        observed=observed[observed["time"] <= reach],
        reach=reach,
        until=until,
        time_unit=time_unit,
        lapse=lapse,
    )


def _families(lifetimes: pd.DataFrame) -> dict:
    gone = lifetimes.loc[lifetimes["event"], "duration"]
    knots = np.unique(np.maximum(np.quantile(gone, [0.05, 0.5, 0.95]), 1e-6))
    families = {
        "Weibull": WeibullFitter,
        "log-normal": LogNormalFitter,
        "log-logistic": LogLogisticFitter,
        "generalised gamma": GeneralizedGammaFitter,
    }
    return families | ({"spline": lambda: SplineFitter(knots)} if len(knots) == 3 else {})


def _fit(fitter: ParametricUnivariateFitter, lifetimes: pd.DataFrame) -> ParametricUnivariateFitter | None:
    """Fitted to equal customers counted once; None where it finds no maximum."""
    duration = lifetimes["duration"].to_numpy()
    least = duration[duration > 0].min() / 2
    width = duration.max() / BINS
    if len(np.unique(duration)) > BINS:
        duration = (np.floor(duration / width) + 0.5) * width
    rows = pd.DataFrame(
        {
            "duration": np.maximum(duration, least),  # families have no customers who leave at 0
            "event": lifetimes["event"].to_numpy(),
            "entry": np.minimum(lifetimes["entry"].to_numpy(), np.maximum(duration, least) * (1 - 1e-9)),
        }
    )
    late = (rows["entry"] > 0).any()
    if late:
        rows["entry"] = rows["entry"].where(rows["entry"] == 0, np.floor(rows["entry"] / width) * width)
    counted = rows.value_counts().reset_index(name="weight")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return fitter.fit(
                counted["duration"], counted["event"], weights=counted["weight"],
                entry=counted["entry"] if late else None,
            )  # fmt: skip
    except (ConvergenceError, ValueError, np.linalg.LinAlgError):
        return None


def _at(fitter: ParametricUnivariateFitter, times: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.clip(fitter.survival_function_at_times(times).to_numpy(dtype=float), 0, 1)
