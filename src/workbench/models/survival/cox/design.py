"""From covariates to numbers: which columns a regression sees, and the spec by which new data is encoded the same way.

Nothing is built from formula strings: a column name or a level is only ever compared, never executed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.levels import as_levels, lump_levels
from workbench.models.survival.cox.collinearity import aliased
from workbench.models.survival.lifetimes.episodes import customers_in, each_once, has_episodes
from workbench.statistics.splines import spline_names, spline_terms
from workbench.wording import label_of, listing, number, percent, sentence

SEPARATION, NOTHING_NEW = "separation_", "covariates_saying_nothing_new"
"""Names of checks of columns, by which they are known."""


FEWEST_MISSING = 10
"""So many customers without a number, some of whom left, have a hazard ratio of their own against the others."""
MANY_MISSING = 0.05
"""More customers without some number than this share are worth a warning."""


class NobodyLeftError(DataError):
    """No customer left: there is no model to fit, whatever its covariates."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One covariate.

    Attributes
    ----------
    covariate, label
        Column and its label.
    shown
        Of a category: from each known level to the level it is shown as (small levels together). Empty for a number.
    levels
        Of a category: shown levels, the reference (the most frequent of which anybody left) first.
    center, low, high
        Of a number: mean, and the two values that a hazard ratio compares: quartiles; where these are the same, the
        10% and the 90% quantile; where these are too, that value and the median of the others. Of a column that has
        only two values, both.
    knots
        Of a number that goes in as a curve: where its pieces meet (`spline_terms`). Empty for a straight
        line.
    fill, indicator
        Of a number: the median, at which missing ones are taken; and whether a column says that it is missing.
    """

    covariate: str
    label: str
    shown: tuple[tuple[str, str], ...] = ()
    levels: tuple[str, ...] = ()
    center: float = 0.0
    low: float = 0.0
    high: float = 0.0
    knots: tuple[float, ...] = ()
    fill: float = 0.0
    indicator: bool = False

    @property
    def is_category(self) -> bool:
        """Whether it is a category; else it is a number."""
        return bool(self.levels)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(covariate, level) of each column of the design.

        The level of a number is empty, or names its spline term, or says that it is missing.
        """
        if self.levels:
            return tuple((self.covariate, level) for level in self.levels[1:])
        names = ("", *spline_names(self.knots), *([sentence("not stated")] if self.indicator else []))
        return tuple((self.covariate, name) for name in names)

    def measured(self, values: np.ndarray) -> "Term":
        """A number with its mean, median, and two values to compare; of none that is known (n,), all stay 0.

        Parameters
        ----------
        values
            Without missing ones.
        """
        if not len(values):
            return self
        distinct = np.unique(values)
        low, high = (distinct[0], distinct[-1]) if len(distinct) <= 2 else np.quantile(values, [0.25, 0.75])
        if low == high:  # half and more share one value
            low, high = np.quantile(values, [0.1, 0.9])
        if low == high and len(distinct) > 1:
            low, high = sorted((low, np.quantile(values[values != low], 0.5, method="higher")))
        middle = float(np.median(values))
        return replace(self, center=float(values.mean()), low=float(low), high=float(high), fill=middle)

    def filled(self, values: pd.Series) -> np.ndarray:
        """A number's values, missing ones at the median.

        Parameters
        ----------
        values
            With missing ones.
        """
        numbers = _floats(values)
        return np.where(np.isfinite(numbers), numbers, self.fill)

    def numbers(self, values: pd.Series) -> np.ndarray:
        """Columns (n, 1 + spline terms, or one more with an indicator) of a number's values: 0 at its centre.

        Parameters
        ----------
        values
            With missing ones.
        """
        filled = self.filled(values)
        curved = spline_terms(filled, self.knots) - spline_terms(np.array([self.center]), self.knots)
        missing = [~np.isfinite(_floats(values))] if self.indicator else []
        return np.column_stack([filled - self.center, curved, *missing]).astype(float)


@dataclass(frozen=True, kw_only=True)
class Design:
    """How covariates are encoded; travels with the model.

    Attributes
    ----------
    terms
        Covariates in the order given.
    dropped
        (covariate, level) of columns left out because they say nothing new.
    without_events
        (covariate, level) of levels of which nobody left: half a leaver is added to each (`half_leavers`).
    checks
        Which levels were lumped, and what was left out or missing.
    lapse
        Whether customers lapse instead of leaving.
    """

    terms: tuple[Term, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    without_events: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()
    lapse: bool = False

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(covariate, level) of each column that is used, in order."""
        everything = (column for term in self.terms for column in term.columns)
        return tuple(column for column in everything if column not in self.dropped)

    @property
    def half_leavers(self) -> np.ndarray:
        """One half for each column of a level of which nobody left, 0 for the others: (p,).

        The partial likelihood is higher the lower such a coefficient. Half of it added to the log-likelihood, which for
        a single rate is Jeffreys' prior and Firth's penalty, puts the maximum where half a leaver would have been
        expected.

        References
        ----------
        Firth (1993); Heinze and Schemper (2001).
        """
        return np.array([0.5 if column in self.without_events else 0.0 for column in self.columns])

    def with_splines(self, knots: Mapping[str, tuple[float, ...]]) -> "Design":
        """The same terms with curves of these numbers, to be settled again.

        Parameters
        ----------
        knots
            By covariate, from `splines.knots_of`; those that are not named stay as they are.
        """
        return self._with(tuple(replace(term, knots=knots.get(term.covariate, term.knots)) for term in self.terms))

    def without_indicators(self) -> "Design":
        """The same terms with missing numbers at the median and nothing more, to be settled again."""
        return self._with(tuple(replace(term, indicator=False) for term in self.terms))

    def _with(self, terms: tuple[Term, ...]) -> "Design":
        said = tuple(check for check in self.checks if not check.name.startswith((SEPARATION, NOTHING_NEW)))
        return Design(terms=terms, checks=said, lapse=self.lapse)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """The design matrix of new rows.

        Parameters
        ----------
        frame
            With all covariates.

        Returns
        -------
        ndarray (rows, len(columns))
            Dummies against the reference and centred numbers.

        Raises
        ------
        DataError
            When a covariate is missing, or a level was not there when the design was made.
        """
        missing = [term.covariate for term in self.terms if term.covariate not in frame.columns]
        if missing:
            raise DataError(
                sentence(
                    "covariates: got no column {names}, expected them as when the model was fitted.",
                    names=listing([repr(name) for name in missing]),
                )
            )
        faults = []
        columns: dict[tuple[str, str], np.ndarray] = {}
        for term in self.terms:
            if not term.is_category:
                columns |= dict(zip(term.columns, term.numbers(frame[term.covariate]).T, strict=True))
                continue
            levels = as_levels(frame[term.covariate])
            shown = dict(term.shown)
            unseen = sorted(set(levels) - set(shown))
            if unseen:
                faults.append(
                    sentence(
                        "covariate {name!r}: got {levels}, expected one of the levels that the model was fitted on; "
                        "fit it again with these customers.",
                        name=term.covariate,
                        levels=listing([repr(level) for level in unseen[:5]]),
                    )
                )
            shown_as = levels.map(shown).to_numpy()
            for level in term.levels:
                columns[term.covariate, level] = (shown_as == level).astype(float)
        if faults:
            raise DataError(*faults)
        used = [columns[column] for column in self.columns]
        return np.column_stack(used) if used else np.zeros((len(frame), 0))

    def compared(self, frame: pd.DataFrame) -> list[int]:
        """How many customers each column compares: those at its level or at the reference; all of a number.

        Parameters
        ----------
        frame
            `customer_id` and all covariates.
        """
        several = has_episodes(frame)

        def groups(term: Term) -> pd.Series:
            shown = as_levels(frame[term.covariate]).map(dict(term.shown))
            return each_once(frame, shown) if several else shown

        counts = {term.covariate: groups(term).value_counts() for term in self.terms if term.is_category}
        everybody = customers_in(frame) if several else len(frame)
        references = {term.covariate: term.levels[0] for term in self.terms if term.is_category}
        return [
            int(counts[covariate].get(level, 0) + counts[covariate].get(references[covariate], 0))
            if covariate in references
            else everybody
            for covariate, level in self.columns
        ]

    def settle(self, frame: pd.DataFrame, events: np.ndarray) -> "Design":
        """The same terms for these rows: which levels nobody left, which columns say nothing new.

        Parameters
        ----------
        frame
            All covariates, n rows.
        events
            (n,): whether the customer left at the end of the row.

        Raises
        ------
        NobodyLeftError
            When `events` has none.
        """
        if not events.any():
            raise NobodyLeftError(
                sentence(
                    "lifetimes.event: got nobody who lapsed, expected some; no hazard ratio can be estimated. Use more "
                    "data."
                    if self.lapse
                    else "lifetimes.event: got nobody who left, expected some; no hazard ratio can be estimated. Use "
                    "more data.",
                )
            )
        without_events, unheard, checks = [], [], list(self.checks)
        for term in self.terms:
            if term.is_category:
                levels = as_levels(frame[term.covariate]).map(dict(term.shown)).to_numpy()
                nobody = [
                    level for level in term.levels if (levels == level).any() and not events[levels == level].any()
                ]
                without_events += [(term.covariate, level) for level in nobody]
                if nobody:
                    checks.append(
                        Check(
                            name=f"{SEPARATION}{term.covariate}",
                            status="warn",
                            title=sentence(
                                "A level of which nobody lapsed" if self.lapse else "A level of which nobody left"
                            ),
                            message=sentence(
                                "{label}: nobody with {levels} lapsed, so there is no hazard ratio (separation). "
                                "Predictions count half a lapse for them (Firth's correction)."
                                if self.lapse
                                else "{label}: nobody with {levels} left, so there is no hazard ratio (separation). "
                                "Predictions count half a leaver for them (Firth's correction).",
                                label=term.label,
                                levels=listing([f"“{level}”" for level in nobody]),
                            ),
                        )
                    )
            elif term.indicator and not events[~np.isfinite(_floats(frame[term.covariate]))].any():
                unheard.append(term.columns[-1])  # nobody without the number left: they count as the median
        with_separation = replace(self, dropped=tuple(unheard), without_events=tuple(without_events), checks=())
        columns = with_separation.columns
        dropped, reasons = aliased(with_separation.encode(frame), columns)
        names = {term.covariate: term.label for term in self.terms}
        if dropped:
            said = [
                f"{_column(column, names)} ({_reason(reason, names)})"
                for column, reason in zip(dropped[:6], reasons[:6], strict=True)
            ]
            if len(dropped) > 6:
                said.append(sentence("{count} more", count=len(dropped) - 6))
            copies = all(len(reason) == 1 for reason in reasons)
            checks.append(
                Check(
                    name=NOTHING_NEW,
                    status="pass" if copies else "warn",
                    title=sentence("Attributes that add nothing were left out"),
                    message=sentence("Left out of the model, as they add nothing: {columns}.", columns="; ".join(said)),
                    value=len(dropped),
                )
            )
        kept = tuple(column for column in without_events if column not in dropped)
        return replace(with_separation, dropped=(*unheard, *dropped), without_events=kept, checks=tuple(checks))


def build_design(
    frame: pd.DataFrame,
    events: np.ndarray,
    covariates: Iterable[str],
    *,
    labels: Mapping[str, str] | None = None,
    lapse: bool = False,
) -> Design:
    """Describe covariates and settle which columns are used.

    Numbers stay numbers; booleans and texts become dummies against their most frequent level. Levels with fewer than
    10 customers, and all but the 11 largest of more than 12, are taken together. A missing category is a level of its
    own, "not stated": that somebody did not say is known for new customers too, and nobody is lost. A missing number is
    taken at the median; where it is missing of `FEWEST_MISSING` customers and more, a column says so. A check counts.

    Parameters
    ----------
    frame
        One row a customer.
    events
        True where the customer left.
    covariates
        Columns, in order of preference: of two that say the same, the first is kept.
    labels
        Labels of columns.
    lapse
        Whether customers lapse instead of leaving: what it is called.

    Raises
    ------
    DataError
        When a column is missing, is a date.
    NobodyLeftError
        When no customer left.
    """
    covariates = list(dict.fromkeys(covariates))
    faults = []
    for covariate in covariates:
        if covariate not in frame.columns:
            faults.append(sentence("covariates: got {name!r}, expected a column of lifetimes.", name=covariate))
        elif pd.api.types.is_datetime64_any_dtype(frame[covariate]) or pd.api.types.is_timedelta64_dtype(
            frame[covariate]
        ):
            faults.append(
                sentence(
                    "covariate {name!r}: got dates, expected numbers, texts or booleans; make an age of it.",
                    name=covariate,
                )
            )
    if faults:
        raise DataError(*faults)

    terms: list[Term] = []
    checks: list[Check] = []
    incomplete: list[str] = []
    several = has_episodes(frame)
    lacking = np.zeros(len(frame), dtype=bool)
    for covariate in covariates:
        column, label = frame[covariate], label_of(labels, covariate)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values = _floats(column)
            known = np.isfinite(values)
            if not known.all():
                incomplete.append(label)
            lacking |= ~known
            indicator = FEWEST_MISSING <= (~known).sum() <= len(known) - FEWEST_MISSING and bool(events[~known].any())
            term = Term(covariate=covariate, label=label, indicator=indicator)
            terms.append(term.measured(values[known]))
        else:
            levels = as_levels(column)
            counted = each_once(frame, levels) if several else levels
            shown, small = lump_levels(counted, label=label, check=f"small_levels_{covariate}")
            checks += tuple(
                replace(check, status="pass") for check in small
            )  # nothing is wrong with levels taken together
            terms.append(
                Term(
                    covariate=covariate,
                    label=label,
                    shown=tuple(shown.items()),
                    levels=_reference_first(levels.map(shown).to_numpy(), events),
                )
            )
    if incomplete:
        some, everybody = customers_in(frame[lacking]), customers_in(frame)
        checks.append(
            Check(
                name="covariates_missing",
                status="warn" if some > MANY_MISSING * everybody else "pass",
                title=sentence("Attributes with missing numbers"),
                message=sentence(
                    "{some} of {all} customers ({share}) lack a number ({columns}). They stay in the model at the "
                    "median, with a hazard ratio of their own where it can be estimated.",
                    some=number(some),
                    all=number(everybody),
                    share=percent(some / everybody),
                    columns=listing(incomplete),
                ),
                value=some / everybody,
                threshold=MANY_MISSING,
            )
        )
    return Design(terms=tuple(terms), checks=tuple(checks), lapse=lapse).settle(frame, events)


def _floats(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=float, na_value=np.nan)


def _reference_first(levels: np.ndarray, events: np.ndarray) -> tuple[str, ...]:
    names, sizes = np.unique(levels, return_counts=True)
    left = np.array([events[levels == name].any() for name in names])
    order = np.lexsort((names, -sizes, ~left))
    return tuple(str(name) for name in names[order])


def _column(column: tuple[str, str], names: Mapping[str, str]) -> str:
    covariate, level = column
    return f"{names[covariate]} “{level}”" if level else names[covariate]


def _reason(reason: list[tuple[str, str]], names: Mapping[str, str]) -> str:
    if not reason:
        return sentence("always the same")
    said = listing([_column(column, names) for column in reason[:3]])
    if len(reason) == 1:
        return sentence("the same as {columns}", columns=said)
    return sentence(
        "follows from {columns}", columns=said if len(reason) <= 3 else sentence("{columns} and others", columns=said)
    )
