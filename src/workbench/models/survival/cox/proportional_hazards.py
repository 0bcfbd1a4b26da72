"""What is done where hazard ratios change over time, by a stated rule, and whether it is enough.

The rule, for each covariate whose ratios change (Grambsch and Therneau's test after Holm's correction):

1. two ratios, before and after half of the leavers are gone;
2. where these still change, and the covariate is a category that nobody asks about (none of the segments): strata, a
   hazard of its own for each level, whatever its course; nothing is then said about the covariate itself;
3. where they still change otherwise: four ratios, between the quartiles of the times at which customers left.

Numbers are made curves first, where they are (`functional_form`): a wrong form looks like a change.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.levels import as_levels
from workbench.models.survival.cox.functional_form import sample
from workbench.models.survival.cox.model import CoxModel, contrasts
from workbench.models.survival.cox.partial_likelihood import CONVERGENCE, EXPLODED, balance_with, newton
from workbench.models.survival.cox.time_varying_effects import doubled_columns, fit_time_varying
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes
from workbench.statistics.horizons import span, times
from workbench.statistics.multiplicity import holm
from workbench.statistics.risk_sets import apart, proportionality_test, risk_sets
from workbench.wording import first_of, inline, number, sentence

MOST_TESTED_AGAIN = 50_000
"""Of more customers than this so many are drawn at random: a choice, for fits that take seconds."""
MOST_STRATA = 60
"""More baseline hazards than this are not fitted: a choice, as `FEWEST_IN_STRATUM` decides before."""
FEWEST_IN_STRATUM = 10
"""Strata with fewer leavers than this on average tell nothing of hazard ratios."""
MOVED = 0.2
"""A hazard ratio that changes by more than this when others may vary depends on them: a choice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RelaxedHazards:
    """What was done about hazard ratios that change.

    Attributes
    ----------
    table
        `covariate`, `label`, `before` (p-value, after Holm's correction), `modelled_as`, `after`: one row for each
        covariate. Missing `after`: nothing is left to test, since the covariate is stratified.
    moved
        `label`, `value`, `plain`, `time_varying`: hazard ratios that have one value, before and after those of
        others vary; the one that moved most first.
    customers
        In these fits.
    sampled
        Whether they are a sample.
    """

    table: pd.DataFrame
    moved: pd.DataFrame
    customers: int
    sampled: bool

    def checks(self, level: float = 0.05) -> tuple[Check, ...]:
        """What was done, what still changes, whether other ratios depend on it; empty where nothing had to be.

        Parameters
        ----------
        level
            Below which p-value a ratio counts as changing.
        """
        done = self.table[self.table["before"] < level]
        if done.empty:
            return ()
        still = done[done["after"] < level]
        message = sentence(
            "Hazard ratios of {labels} change over time and are modelled so; the table says how. {rest}",
            labels=first_of(inline(label) for label in done["label"]),
            rest=sentence(
                "Those of {labels} still change: read them as averages.",
                labels=first_of(inline(label) for label in still["label"]),
            )
            if len(still)
            else sentence("Nothing changes clearly after that."),
        )
        checks = [
            Check(
                name="non_proportional_hazards",
                status="warn" if len(still) else "pass",
                title=sentence(
                    "Some hazard ratios still change over time"
                    if len(still)
                    else "Changing hazard ratios modelled as such"
                ),
                message=message,
                value=len(still),
                threshold=0,
            )
        ]
        if len(self.moved):
            row = self.moved.iloc[0]
            change = abs(float(np.log(row["time_varying"] / row["plain"])))
            checks.append(
                Check(
                    name="ratios_beside_time_varying",
                    status="pass" if change <= np.log1p(MOVED) else "warn",
                    title=sentence(
                        "Other hazard ratios stay as they are"
                        if change <= np.log1p(MOVED)
                        else "Another ratio depends on the changing ones"
                    ),
                    message=sentence(
                        "Of the hazard ratios with one value, {label} “{value}” moves most when the others may vary: "
                        "from {plain} to {time_varying}.",
                        label=inline(row["label"]),
                        value=row["value"],
                        plain=number(row["plain"], 2),
                        time_varying=number(row["time_varying"], 2),
                    ),
                    value=float(np.expm1(change)),
                    threshold=MOVED,
                )
            )
        return tuple(checks)

    def exhibits(self) -> Iterator[Showable]:
        """What was done, and the tests before and after."""
        yield self.checks()
        yield Table(
            name="proportionality",
            frame=self.table,
            caption=self.caption(),
            people=None,
            columns={
                "label": Column(sentence("attribute")),
                "before": Column(sentence("p before"), "p"),
                "modelled_as": Column(sentence("modelled as")),
                "after": Column(sentence("p after"), "p"),
            },
        )

    def caption(self) -> str:
        """How to read the table."""
        drawn = sentence(" On {count} customers drawn at random.", count=number(self.customers)) if self.sampled else ""
        return sentence(
            "Tests of whether hazard ratios change over time (p-values after Holm's correction), what was done "
            "where they "
            "do, and the test after it.{drawn}",
            drawn=drawn,
        )


def relax_proportionality(
    model: CoxModel,
    lifetimes: pd.DataFrame,
    *,
    random_seed: int,
    of_interest: Collection[str] = (),
    level: float = 0.05,
) -> RelaxedHazards | None:
    """Do what the rule says, and test again.

    Parameters
    ----------
    model
        As of `fit_cox`.
    lifetimes
        The rows of its fit.
    random_seed
        Draws the customers where there are more than `MOST_TESTED_AGAIN`.
    of_interest
        Covariates that are not stratified: something is to be said about them.
    level
        Of the tests, for all covariates together.

    Returns
    -------
    RelaxedHazards or None
        None where there is no usable model, or nothing to test.

    References
    ----------
    Therneau and Grambsch (2000), sections 6.2 and 6.5.
    """
    if not model.usable or model.proportionality.empty or "weight" in lifetimes.columns:
        return None
    used = validate_lifetimes(lifetimes)
    drawn = sample(used, MOST_TESTED_AGAIN, random_seed)
    sampled = len(drawn) < len(used)
    if sampled:
        try:
            model = model.refit(drawn)
        except DataError:  # no trustworthy maximum among so few leavers
            return None
    tested = model.proportionality[["covariate", "label", "p_value_holm"]].rename(columns={"p_value_holm": "before"})
    table = tested.assign(modelled_as=sentence("none needed"), after=tested["before"])
    nothing = RelaxedHazards(table=table, moved=pd.DataFrame(), customers=len(drawn), sampled=sampled)
    time_varying = tested["covariate"][tested["before"] < level].tolist()
    if not time_varying:
        return nothing
    first = fit_time_varying(model, drawn, level=level)
    still = time_varying if first is None else _still(first.proportionality, time_varying, level)
    strata = _strata(model, drawn, [each for each in still if each not in of_interest])
    four = [each for each in still if each not in strata]
    second = _Second.fit(model, drawn, time_varying, strata, four) if still else None
    again = _still(second.proportionality, time_varying, level) if second is not None else []
    if more := [each for each in again if each not in four]:  # strata bring out what they hid
        four += more
        second = _Second.fit(model, drawn, time_varying, strata, four) or second
    if second is None:  # none is needed, or the data do not bear it: what went before is kept
        strata, four = (), []
    last = first if second is None else second
    if last is None:
        table.loc[tested["before"] < level, "modelled_as"] = sentence(
            "none that the data bear: too few left early or late"
        )
        return nothing
    after = last.proportionality.set_index("covariate")["after"]
    words = _words(model, drawn)
    for place, name in enumerate(table["covariate"]):
        kind = "strata" if name in strata else "four" if name in four else "two" if name in time_varying else ""
        table.loc[place, "modelled_as"] = words[kind]
        table.loc[place, "after"] = np.nan if kind == "strata" else float(after.get(name, np.nan))
    penalised = any(problem.name == CONVERGENCE and problem.status == "warn" for problem in model.problems)
    # Ratios that are shrunk towards 1 (ridge) in one fit and not in the other cannot be compared.
    moved = pd.DataFrame() if penalised else _moved(model, last.estimate, time_varying, strata)
    return RelaxedHazards(table=table, moved=moved, customers=len(drawn), sampled=sampled)


def _still(proportionality: pd.DataFrame, time_varying: Collection[str], level: float) -> list[str]:
    after = proportionality.set_index("covariate")["after"]
    return [covariate for covariate in time_varying if after.get(covariate, 1.0) < level]


def _words(model: CoxModel, rows: pd.DataFrame) -> dict[str, str]:
    cuts = [round(float(cut), 1) for cut in _cuts(rows)]
    return {
        "": sentence("none needed"),
        "two": sentence("two ratios, up to {cut} and after", cut=span(cuts[len(cuts) // 2], model.time_unit)),
        "four": sentence("four ratios, between {cuts}", cuts=times(cuts, model.time_unit)),
        "strata": sentence("strata: a hazard of its own for each level"),
    }


def _cuts(rows: pd.DataFrame) -> tuple[float, ...]:
    return tuple(np.unique(np.quantile(rows["duration"][rows["event"]], [0.25, 0.5, 0.75])))


def _strata(model: CoxModel, rows: pd.DataFrame, wanted: Collection[str]) -> tuple[str, ...]:
    """Categories among those wanted, as far as their levels together leave enough leavers to each stratum."""
    chosen: list[str] = []
    categories = [term.covariate for term in model.design.terms if term.is_category]
    for covariate in wanted:
        if covariate in categories:
            count = int(_stratum(model, rows, [*chosen, covariate]).max()) + 1
            if count <= MOST_STRATA and rows["event"].sum() / count >= FEWEST_IN_STRATUM:
                chosen.append(covariate)
    return tuple(chosen)


def _stratum(model: CoxModel, rows: pd.DataFrame, covariates: Collection[str]) -> np.ndarray:
    """Number of each row's stratum, from 0."""
    shown = {term.covariate: dict(term.shown) for term in model.design.terms}
    if not covariates:
        return np.zeros(len(rows), dtype=int)
    keys = [as_levels(rows[each]).map(shown[each]) for each in covariates]
    return pd.MultiIndex.from_arrays(keys).factorize()[0]


@dataclass(frozen=True, eq=False)
class _Second:
    """A stratified model with ratios that differ between episodes."""

    estimate: np.ndarray
    proportionality: pd.DataFrame

    @classmethod
    def fit(
        cls,
        model: CoxModel,
        rows: pd.DataFrame,
        time_varying: Collection[str],
        strata: Collection[str],
        four: Collection[str],
    ) -> "_Second | None":
        """None where there is no trustworthy maximum."""
        design, cuts = model.design, _cuts(rows)
        matrix = design.encode(rows)
        durations, events = rows["duration"].to_numpy(), rows["event"].to_numpy()
        entry = entry_of(rows)
        entry = np.zeros(len(rows)) if entry is None else entry
        stratified = np.array([covariate in strata for covariate, _ in design.columns], dtype=bool)
        two = [each for each in time_varying if each not in strata and each not in four]
        middle: tuple[float, ...] = (cuts[len(cuts) // 2],)
        parts = [(place, middle) for place in doubled_columns(design, matrix, durations, events, two, middle)]
        parts += [(place, cuts) for place in doubled_columns(design, matrix, durations, events, four, cuts)]
        group = _stratum(model, rows, strata)
        # Each customer's time is cut into episodes, in which ratios stay the same.
        pieces: dict[str, list[np.ndarray]] = {name: [] for name in ("matrix", "stop", "left", "start", "stratum")}
        for begin, end in zip((-np.inf, *cuts), (*cuts, np.inf), strict=True):
            here = (durations > begin) & (entry < end)
            if not here.any():
                continue
            extra = [matrix[here, place] * (begin >= cut) for place, own in parts for cut in own]
            pieces["matrix"].append(np.column_stack([matrix[here], *extra]))
            pieces["stop"].append(np.minimum(durations[here], end))
            pieces["left"].append(events[here] & (durations[here] <= end))
            pieces["start"].append(np.maximum(entry[here], begin))
            pieces["stratum"].append(group[here])
        columns = np.concatenate(pieces["matrix"])
        try:
            scaling = balance_with(matrix, design, [place for place, own in parts for _ in own], columns)
        except np.linalg.LinAlgError:
            return None
        stop, left, start, stratum = (np.concatenate(pieces[name]) for name in ("stop", "left", "start", "stratum"))
        kept = np.append(~stratified, np.ones(columns.shape[1] - len(stratified), dtype=bool))
        columns, scaling = columns[:, kept], scaling[np.ix_(kept, kept)]
        owners = [column[0] if column not in design.without_events else "" for column in design.columns]
        owners += [owners[place] for place, own in parts for _ in own]
        owners = np.array(owners, dtype=object)[kept]
        if not columns.shape[1]:
            return None
        moved, entered = apart(stop, np.where(start > 0, start, 0.0), stratum)
        half = np.zeros(len(owners) + int(stratified.sum()))
        half[: len(design.columns)] = design.half_leavers
        estimate, covariance, settled = newton(
            columns @ scaling, moved, left, entry=entered, half=scaling.T @ half[kept]
        )
        if not settled or not np.isfinite(covariance).all() or np.abs(estimate).max() > EXPLODED:
            return None
        scale = _time_scale(durations, events, entry)(stop)
        sums = risk_sets(moved, left, columns @ scaling, estimate, entry=entered, scale=scale)
        after = [
            (each, proportionality_test(sums, np.flatnonzero(owners == each).tolist())[2])
            for each in dict.fromkeys(owners)
            if each
        ]
        table = pd.DataFrame(after, columns=["covariate", "after"])
        whole = np.full(len(kept), np.nan)
        whole[kept] = scaling @ estimate
        return cls(whole, table.assign(after=holm(table["after"].to_numpy(dtype=float))))


def _time_scale(durations: np.ndarray, events: np.ndarray, entry: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """1 less Kaplan and Meier's curve of all just before a time, as a function of it."""
    sums = risk_sets(durations, events, np.zeros((len(durations), 0)), np.zeros(0), entry=entry, scaled=False)
    survival = np.append(1.0, np.cumprod(1 - sums.deaths / np.maximum(sums.at_risk, sums.deaths)))
    return lambda at: 1 - survival[np.searchsorted(sums.times, at, side="left")]


def _moved(
    model: CoxModel, estimate: np.ndarray, time_varying: Collection[str], strata: Collection[str]
) -> pd.DataFrame:
    """Hazard ratios that do not vary, before and after others may."""
    plain = model.coefficients["coefficient"].to_numpy(dtype=float)
    rows = []
    for each in contrasts(model.design):
        if each.term.covariate in (*time_varying, *strata, *model.collinear):
            continue
        before, after = (each.weights @ np.nan_to_num(values[: len(plain)]) for values in (plain, estimate))
        rows.append((each.term.label, each.value, float(np.exp(before)), float(np.exp(after))))
    table = pd.DataFrame(rows, columns=["label", "value", "plain", "time_varying"])
    change = pd.Series(np.abs(np.log(table["time_varying"].to_numpy() / table["plain"].to_numpy())))
    return table.loc[change.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
