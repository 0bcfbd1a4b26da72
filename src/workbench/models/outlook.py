"""What is to come: each customer's survival from today on, whom the next quarter decides, and how the last one went."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.horizons import span
from workbench.evaluation.product_limit import normal_quantile
from workbench.findings import Check, Finding
from workbench.models.levels import SMALLEST_GROUP, as_levels, gather
from workbench.models.lifetimes import label_of
from workbench.models.spells import DAYS_PER_MONTH, Spells, months
from workbench.wording import number, percent, sentence

AHEAD = (1.0, 3.0, 6.0, 12.0, 24.0)
"""Months from today for which customers are foretold."""
QUARTER = 3.0
MOST_BEYOND = 0.2
EDGE = 0.1
"""The share of customers most at risk."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What becomes of the customers on board at the end of the records.

    Attributes
    ----------
    table
        `customer_id`, `horizon` (months from the end of the records), `survival`, `lower`, `upper`, and
        `incidence_<reason>` where reasons are known; `extrapolated`: beyond the data.
    customers
        `customer_id`, `tenure` (months), covariates, `gone` (probability of leaving within `ahead`).
    ahead
        The quarter to come, or the nearest horizon asked for.
    interval
        Of the number who leave within `ahead`: chance and estimation together.
    confidence, lapse
        As given.
    """

    table: pd.DataFrame
    customers: pd.DataFrame
    ahead: float
    interval: tuple[float, float]
    confidence: float
    lapse: bool

    @property
    def expected(self) -> float:
        """How many leave within `ahead`."""
        return float(self.customers["gone"].sum())

    def findings(self) -> tuple[Finding, ...]:
        """How many are expected to leave in the next quarter, and how far they can be named beforehand."""
        gone = self.customers["gone"].sort_values(ascending=False)
        if gone.empty:
            return ()
        most = int(np.ceil(EDGE * len(gone)))
        return (
            Finding(
                id="next_quarter",
                statement=sentence(
                    "Within the next {span} {gone} of {all} customers are expected to {verb}; the tenth most at risk "
                    "holds {part} of them.",
                    span=span(self.ahead, "month"), gone=number(round(self.expected)), all=number(len(gone)),
                    verb=sentence("lapse") if self.lapse else sentence("leave"),
                    part=percent(float(gone.iloc[:most].sum() / gone.sum()) if gone.sum() else None),
                ),
                estimate=self.expected,
                unit=sentence("customers"),
                interval=self.interval,
                interval_kind=sentence("{level} prediction", level=percent(self.confidence)),
                evidence="associational",
                n=len(gone),
                table="next_quarter",
            ),
        )  # fmt: skip

    def by(self, segments: Iterable[str], labels: dict[str, str] | None = None) -> pd.DataFrame:
        """`segment`, `group`, `customers`, `expected` leavers within `ahead`, `share` of the group; the worst group of
        each segment first. Groups of fewer than ten are shown together."""
        rows = []
        known = self.customers
        for segment in segments:
            levels = as_levels(known[segment])
            shown, _ = gather(levels, label=segment, check=segment, smallest_group=SMALLEST_GROUP)
            groups = known.groupby(levels.map(shown).to_numpy())["gone"]
            part = groups.agg(customers="size", expected="sum", share="mean").reset_index(names="group")
            rows.append(part.sort_values("share", ascending=False).assign(segment=label_of(labels, segment)))
        columns = ["segment", "group", "customers", "expected", "share"]
        gone = known["gone"]
        everyone = pd.DataFrame([["", sentence("all customers"), len(gone), gone.sum(), gone.mean()]], columns=columns)
        return pd.concat([everyone, *rows], ignore_index=True)[columns]

    def checks(self) -> tuple[Check, ...]:
        """For how many customers the next quarter is extrapolated."""
        quarter = self.table[self.table["horizon"] == self.ahead]
        beyond = float(quarter["extrapolated"].mean())
        message = sentence(
            "For {share} of customers the next {span} lie beyond the longest time ever observed: their hazard is taken "
            "to go on as in the last third of it.",
            share=percent(beyond), span=span(self.ahead, "month"),
        )  # fmt: skip
        return (Check(name="customers_beyond_data", status="pass" if beyond <= MOST_BEYOND else "warn",
                      message=message, value=beyond, threshold=MOST_BEYOND),)  # fmt: skip


def outlook(model, spells: Spells, *, horizons: Iterable[float] = AHEAD, confidence: float = 0.9) -> Outlook:
    """Foretell everybody on board at the end of the records, given how long they have lasted.

    Parameters
    ----------
    model
        A `CoxModel`, `ChangingHazards` or `CauseSpecific` fitted to `spells.lifetimes`.
    """
    now = model.complete_cases(spells.on_board())
    tenure = now["duration"].to_numpy(dtype=float)
    table = model.conditional_survival(now, tenure, horizons, confidence=confidence)
    asked = sorted(set(table["horizon"]))
    ahead = max([each for each in asked if each <= QUARTER], default=asked[0])
    quarter = table[table["horizon"] == ahead].set_index("customer_id")["survival"]
    gone = 1 - quarter.reindex(now["customer_id"]).to_numpy()
    expected, spread = _expected(model, now, tenure, ahead)
    people = now.drop(columns=["duration", "entry", "event", "reason"]).assign(tenure=tenure, gone=gone)
    half = normal_quantile(confidence) * np.sqrt(spread)
    table.insert(0, "person", table["customer_id"].map(now.set_index("customer_id")["person"]))
    table = table.drop(columns="customer_id").rename(columns={"person": "customer_id"})
    return Outlook(
        table=table,
        customers=people,
        ahead=ahead,
        interval=(max(expected - half, 0.0), min(expected + half, float(len(now)))),
        confidence=confidence,
        lapse=spells.lapse,
    )


def remaining(model, spells: Spells, *, within: float = AHEAD[-1], confidence: float = 0.9) -> pd.DataFrame:
    """Months that everybody on board is still expected to stay within the next `within`.

    Parameters
    ----------
    model
        A `CoxModel` or `ChangingHazards` fitted to `spells.lifetimes`.

    Returns
    -------
    DataFrame
        `customer_id`, `within`, `remaining`, `lower`, `upper`, `extrapolated`; for the money of a customer's life.
    """
    now = model.complete_cases(spells.on_board())
    tenure = now["duration"].to_numpy(dtype=float)
    table = model.expected_remaining(now, tenure, within, confidence=confidence, steps=24)
    return table.assign(customer_id=now["person"].to_numpy(), within=within)


def _expected(model, rows: pd.DataFrame, tenure: np.ndarray, within: float, weights: np.ndarray | None = None):
    """How many (or how much weight) leave within a time, and the variance of that number: of chance and of the fit."""
    weights = np.ones(len(rows)) if weights is None else weights
    survival = model.predict_survival(rows, [within], tenure=tenure).to_numpy()[:, 0]
    gone = 1 - survival
    chance = float((weights**2 * gone * survival).sum())
    return float((weights * gone).sum()), chance + model.spread_of_sum(rows, tenure, tenure + within,
                                                                       weights * survival)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """What was expected of the last period by what was known before it, and what happened.

    Attributes
    ----------
    table
        One row for `customers`, and one for `revenue` where prices are known: `what`, `expected`, `lower`, `upper`,
        `actual`, `at_risk` (customers).
    begin, end
        The period; `end` is not part of it.
    at_risk
        Customers on board when it began.
    confidence
        Of the prediction interval.
    before, during
        Leavers for each customer and month: of an equally long period before, and of this one.
    ratio
        `during / before` with its interval.
    lapse
        As in `Spells`.
    """

    table: pd.DataFrame
    begin: pd.Timestamp
    end: pd.Timestamp
    at_risk: int
    confidence: float
    before: float
    during: float
    ratio: tuple[float, float, float] | None
    lapse: bool

    def metrics(self) -> dict[str, float]:
        """`forecast_leavers`, `actual_leavers`."""
        row = self.table.iloc[0]
        return {"forecast_leavers": float(row["expected"]), "actual_leavers": float(row["actual"])}

    def findings(self) -> tuple[Finding, ...]:
        """The forecast beside what happened; and what changed against the period before."""
        row = self.table.iloc[0]
        inside = row["lower"] <= row["actual"] <= row["upper"]
        findings = [
            Finding(
                id="forecast_and_actual",
                statement=sentence(
                    "From {begin} to {end}, {actual} customers {verb}; {expected} were expected by what was known "
                    "before{verdict}.",
                    begin=self.begin.date(), end=(self.end - pd.Timedelta(days=1)).date(),
                    actual=number(row["actual"]), expected=number(round(row["expected"])),
                    verb=sentence("lapsed") if self.lapse else sentence("left"),
                    verdict="" if inside else sentence(", which chance does not explain: something has changed"),
                ),
                estimate=float(row["expected"]),
                unit=sentence("customers"),
                interval=(float(row["lower"]), float(row["upper"])),
                interval_kind=sentence("{level} prediction", level=percent(self.confidence)),
                evidence="descriptive",
                n=self.at_risk,
                table="forecast",
            )
        ]  # fmt: skip
        if self.ratio is not None:
            low, high = self.ratio[1:]
            findings.append(
                Finding(
                    id="change_of_rate",
                    statement=sentence(
                        "Of 100 customers {now} {verb} in a month, {then} in as long a time before{clear}.",
                        now=number(100 * self.during, 2), then=number(100 * self.before, 2),
                        verb=sentence("lapsed") if self.lapse else sentence("left"),
                        clear="" if low > 1 or high < 1 else sentence(": no clear change"),
                    ),
                    estimate=self.ratio[0],
                    unit=sentence("times the earlier rate"),
                    interval=(low, high),
                    interval_kind=sentence("{level} confidence (Wald, log scale)", level=percent(self.confidence)),
                    evidence="descriptive",
                    n=self.at_risk,
                    table="forecast",
                )
            )  # fmt: skip
        return tuple(findings)

    def checks(self) -> tuple[Check, ...]:
        """Whether what happened lies within what was expected."""
        row = self.table.iloc[0]
        inside = bool(row["lower"] <= row["actual"] <= row["upper"])
        message = sentence(
            "What happened in the last period ({actual} customers gone) lies {where} the prediction interval ({lower} "
            "to {upper}).",
            actual=number(row["actual"]), where=sentence("within") if inside else sentence("outside"),
            lower=number(round(row["lower"])), upper=number(round(row["upper"])),
        )  # fmt: skip
        return (Check(name="forecast_and_actual", status="pass" if inside else "warn", message=message,
                      value=float(row["actual"])),)  # fmt: skip


def forecast(
    model, spells: Spells, day: pd.Timestamp, *, confidence: float = 0.9, there: pd.DataFrame | None = None
) -> Forecast:
    """Compare what a model that knew nothing from `day` on expected with what happened until the records end.

    Parameters
    ----------
    model
        Fitted to `spells.until(day)`.
    there
        Those of `spells.after(day)` whom the model can foretell; all with complete covariates where it is None.
    """
    there = model.complete_cases(spells.after(day)) if there is None else there
    tenure = there["entry"].to_numpy(dtype=float)
    within = float((spells.as_of - day).days / DAYS_PER_MONTH)
    z = normal_quantile(confidence)
    weights = {"customers": np.ones(len(there))}
    if "price" in there.columns and there["price"].notna().all():
        weights["revenue"] = there["price"].to_numpy(dtype=float)
    rows = []
    for what, weight in weights.items():
        expected, spread = _expected(model, there, tenure, within, weight)
        half = z * np.sqrt(spread)
        actual = float(weight[there["event"].to_numpy()].sum())
        rows.append((what, expected, max(expected - half, 0.0), expected + half, actual, len(there)))
    length = spells.as_of - day
    during, months_during = _rate(spells, day, spells.as_of)
    before, months_before = _rate(spells, day - length, day)
    ratio = None
    if during and before:
        center, half = np.log(during / months_during * months_before / before), z * np.sqrt(1 / during + 1 / before)
        ratio = tuple(float(each) for each in np.exp([center, center - half, center + half]))
    return Forecast(
        table=pd.DataFrame(rows, columns=["what", "expected", "lower", "upper", "actual", "at_risk"]),
        begin=day,
        end=spells.as_of,
        at_risk=len(there),
        confidence=confidence,
        before=before / months_before if months_before else float("nan"),
        during=during / months_during if months_during else float("nan"),
        ratio=ratio,
        lapse=spells.lapse,
    )


def _rate(spells: Spells, begin: pd.Timestamp, end: pd.Timestamp) -> tuple[int, float]:
    """Leavers between two days, and the customer-months in which they could have left."""
    rows = spells.lifetimes
    since = np.maximum(months(rows["begin"], begin), rows["entry"].to_numpy())
    until = np.minimum(months(rows["begin"], end), rows["duration"].to_numpy())
    left = rows["event"].to_numpy() & (rows["duration"].to_numpy() >= since) & (
        rows["duration"].to_numpy() < months(rows["begin"], end)
    )  # fmt: skip
    return int(left.sum()), float(np.maximum(until - since, 0).sum())
