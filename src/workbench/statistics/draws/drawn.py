"""Whether groups look as chance would have dealt them: sizes (sample ratio) and what was known before (balance)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import stats

BROKEN = 0.001
"""A draw is called broken below this p-value: the usual alarm of sample ratio mismatch (Fabijan et al., KDD 2019), so
that one sound draw in a thousand is suspected."""
FEWEST_A_DRAW = 20  # customers who start together, so that a start counts as a draw of its own
NOT_STARTED = "not started"
NOT_KNOWN = "{name} (not known)"  # of whom a number is missing
FEW_UNITS = 200  # below, the balance is tested by permutation: the χ² limit does not hold yet
PERMUTATIONS = 1999  # a p-value of 0.05 is off by 0.005, and the smallest is 1/2000 (Davison and Hinkley 1997, 4.2.5)
CROWDED = 0.5  # columns a unit, beyond which they fit any draw: at one a unit the trace is the same of every deal
MOST_LEVELS = 20  # of a category that is compared between arms
MOST_COLUMNS = 60  # compared at once, a choice: with more, small trials have no covariance of full rank


class Drawn(Protocol):
    """How the arms of an initiative were dealt, as a dataset says it."""

    @property
    def assignment(self) -> str:
        """Who came into which arm: `randomised`, `volunteers`, …."""
        ...

    @property
    def unit(self) -> str:
        """Column of what was drawn as a whole; empty: each row."""
        ...

    @property
    def probability(self) -> float | Mapping[str, float] | str | None:
        """Of treatment: one, by arm, or the column that holds it; None: not said."""
        ...

    @property
    def control(self) -> str:
        """The arm that others are compared with; empty: not said."""
        ...

    @property
    def strata(self) -> tuple[str, ...]:
        """Columns within which it was drawn."""
        ...


class Known(Protocol):
    """A column as its dataset defines it."""

    @property
    def name(self) -> str:
        """Of the column."""
        ...

    @property
    def kind(self) -> str | None:
        """Of its values; None: open."""
        ...

    @property
    def use(self) -> str:
        """What it may be used for."""
        ...

    @property
    def personal(self) -> str:
        """What becomes of it where it tells a person."""
        ...

    @property
    def constant(self) -> bool:
        """Whether it never changes."""
        ...

    @property
    def valid_from(self) -> str:
        """Column with the date from which it holds."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """One initiative as it was dealt, a row for each unit and draw.

    Attributes
    ----------
    units
        `unit`, `arm` (of a staggered initiative the day of the start) and `stratum` (the draw, and what it was
        stratified by); of a unit that is in two arms, the first.
    matrix, names
        float (n, k): what was known of the units before the draw, and what each column is made of.
    expected
        Share of the units that each arm should have; None where nothing says it.
    chance
        float (n,): the chance of each unit to be in no control, or of its own start; None where no column has it.
    both
        Units that are in more than one arm of one draw.
    """

    units: pd.DataFrame
    matrix: np.ndarray
    names: list[str]
    expected: Mapping[str, float] | None
    chance: np.ndarray | None
    both: int


@dataclass(frozen=True, kw_only=True)
class DrawCheck:
    """A draw beside what chance would give.

    Attributes
    ----------
    units
        How many units each arm has.
    ratio_p
        Of the test of these numbers; None where nothing says what they should be.
    balance_p
        Of the test of all that was known before at once; None where nothing was.
    apart
        By how many standard deviations the arms differ at most in each of these, the largest first.
    both
        Units that are in more than one arm of one draw.
    expected
        How many units each arm should have; None where nothing says it, or each unit has a chance of its own.
    """

    units: Mapping[str, int]
    ratio_p: float | None
    balance_p: float | None
    apart: Mapping[str, float]
    both: int
    expected: Mapping[str, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts that chance decided."""
        known = [p for p in (self.ratio_p, self.balance_p) if p is not None]
        return len(self.units) > 1 and not self.both and all(p >= BROKEN for p in known)


def known_before(
    rows: pd.DataFrame,
    columns: Iterable[Known],
    designs: Mapping[str, Drawn],
    people: pd.DataFrame | None = None,
    people_columns: Iterable[Known] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Treatments with the columns of customers that designs name, and what was known of each before, same rows.

    Parameters
    ----------
    rows, columns
        Of `treatments`, and their definitions.
    designs
        By initiative.
    people, people_columns
        Of `customers`, where the dataset has them.

    Returns
    -------
    rows, before
        Known before are columns with `use: before`, attributes that never change, and those dated before the start.
    """
    before = rows[[column.name for column in columns if column.use == "before" and column.name in rows]]
    if people is None:
        return rows, before
    at = people.drop_duplicates("customer_id").set_index("customer_id").reindex(rows["customer_id"])
    at.index = rows.index
    named: dict[str, None] = {}
    for design in designs.values():
        column = design.probability if isinstance(design.probability, str) else ""
        named |= dict.fromkeys(name for name in (design.unit, column, *design.strata) if name)
    lent = [name for name in named if name not in rows and name in at]
    known: dict[str, pd.Series] = {}
    for each in people_columns:
        if each.name not in at or each.kind in ("id", "text") or each.personal or each.name in before:
            continue
        if each.constant or each.name == "first_seen":
            known[each.name] = at[each.name]
        elif each.valid_from in at and "start" in rows:
            known[each.name] = at[each.name].where(at[each.valid_from] < rows["start"])
    return rows.join(at[lent]), pd.concat([before, pd.DataFrame(known, index=rows.index)], axis=1)


def read_draw(rows: pd.DataFrame, design: Drawn, before: pd.DataFrame) -> Draw:
    """Units, arms and strata of one initiative.

    Parameters
    ----------
    rows
        Of `treatments`, of one initiative: `customer_id`, `arm`, `start` where it is known, and the columns that the
        design names.
    design
        How it was dealt.
    before
        Same rows: what was known of customers before the draw, numbers and categories.
    """
    starts = _starts(rows, design)
    compared = comparable(rows, design)
    rows, before = rows[compared], before[compared]
    arm = rows["arm"].astype(str)
    stratum = pd.Series("", index=rows.index)
    if design.assignment == "staggered" and "start" in rows:
        if starts is None or design.unit:
            begun = rows["start"].dt.date.astype(str).where(rows["start"].notna(), NOT_STARTED)
            arm = begun.where(arm != design.control, design.control) if design.control else begun
    elif "start" in rows and rows["start"].nunique() <= len(rows) / FEWEST_A_DRAW:
        stratum = rows["start"].astype(str)  # each start is a draw of its own
    for name in design.strata:
        stratum = stratum + "|" + rows[name].astype(str)
    unit = rows[design.unit or "customer_id"]
    known = unit.notna().to_numpy()
    keys = pd.DataFrame({"unit": unit.astype(str), "arm": arm, "stratum": stratum})[known]
    matrix, names = design_matrix(before[known])
    groups = keys.groupby(["unit", "stratum"], sort=False, observed=True)
    code = groups.ngroup().to_numpy()
    counts = np.bincount(code)
    units = keys[~keys.duplicated(["unit", "stratum"])].reset_index(drop=True)
    means = [np.bincount(code, column) / counts for column in matrix.T]
    chance = None
    if isinstance(design.probability, str):
        given = pd.to_numeric(rows[design.probability], errors="coerce")[known].to_numpy(dtype=float)
        chance = np.bincount(code, given) / counts
    waves = None if design.unit else starts  # of units each start is an arm of its own
    return Draw(
        units=units,
        matrix=np.column_stack(means) if means else np.empty((len(units), 0)),
        names=names,
        expected=None if chance is not None else expected_shares(sorted(units["arm"].unique()), design, starts=waves),
        chance=chance,
        both=int((groups["arm"].nunique() > 1).sum()),
    )


def comparable(rows: pd.DataFrame, design: Drawn) -> np.ndarray:
    """Which rows of an initiative chance made comparable.

    All of them, but of a staggered one that was dealt to customers: they leave while they wait, so that only those of
    the first start are held against the control.

    Parameters
    ----------
    rows
        Of one initiative: `arm`, and `start` where it is known.
    design
        How its arms were dealt.
    """
    if _starts(rows, design) is None or design.unit:
        return np.ones(len(rows), dtype=bool)
    control = (rows["arm"] == design.control).to_numpy()
    return control | (rows["start"] == rows.loc[~control, "start"].min()).to_numpy()


def _starts(rows: pd.DataFrame, design: Drawn) -> int | None:
    """How many starts a staggered initiative with a control has; None of others."""
    control = rows["arm"] == design.control
    if design.assignment != "staggered" or "start" not in rows or not control.any() or control.all():
        return None
    return int(rows.loc[~control, "start"].nunique())


def expected_shares(arms: Sequence[str], design: Drawn, *, starts: int | None = None) -> dict[str, float] | None:
    """The share of units that each arm should have; None where nothing says it.

    Parameters
    ----------
    arms
        Those that were dealt; of a staggered initiative its starts, or the first one.
    design
        How they were dealt.
    starts
        How many starts a staggered initiative with a control has, where arms are those of its first one.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(assignment="randomised", probability=0.8, control="none")
    >>> {arm: round(share, 2) for arm, share in expected_shares(["a", "b", "none"], one).items()}
    {'a': 0.4, 'b': 0.4, 'none': 0.2}

    Of three starts with a chance of a quarter each the first has half of that for each of two arms:

    >>> waves = SimpleNamespace(assignment="staggered", probability=0.25, control="none")
    >>> expected_shares(["a", "b", "none"], waves, starts=3)
    {'a': 0.125, 'b': 0.125, 'none': 0.25}
    """
    treated = [arm for arm in arms if arm != design.control]
    if not treated or isinstance(design.probability, str):
        return None
    if design.probability is None:
        return None if design.assignment == "staggered" else dict.fromkeys(arms, 1 / len(arms))
    if isinstance(design.probability, Mapping):
        shares = {arm: design.probability.get(arm, 0.0) for arm in treated}
    else:
        each_start = design.assignment == "staggered" and starts is None
        shares = dict.fromkeys(treated, design.probability if each_start else design.probability / len(treated))
    if design.control in arms:
        shares[design.control] = max(1 - (starts or 1) * sum(shares.values()), 0.0)
    return shares


def check_draw(draw: Draw, design: Drawn, *, random_seed: int = 0) -> DrawCheck:
    """Compare a draw with what chance gives: the numbers of units, and what was known of them before.

    Parameters
    ----------
    draw, design
        See `read_draw`.
    random_seed
        Of the permutations among few units.

    References
    ----------
    Hansen and Bowers (2008), Covariate balance in simple, stratified and clustered comparative studies: all covariates
    are tested at once, within strata, against the distribution under the draw.
    """
    codes, levels = pd.factorize(draw.units["arm"], sort=True)
    strata = pd.factorize(draw.units["stratum"])[0]
    usable = len(levels) > 1 and draw.matrix.shape[1] > 0
    counts = draw.units["arm"].value_counts().sort_index()
    return DrawCheck(
        units={str(arm): int(n) for arm, n in counts.items()},
        ratio_p=_ratio_by_unit(draw, design) if draw.chance is not None else _ratio(counts, draw.expected),
        balance_p=balance(codes, draw.matrix, strata, random_seed=random_seed) if usable else None,
        apart=_apart(codes, draw.matrix, draw.names) if usable else {},
        both=draw.both,
        expected=_expected(counts, draw.expected),
    )


def _expected(counts: pd.Series, shares: Mapping[str, float] | None) -> dict[str, float] | None:
    if shares is None or not (total := sum(shares.get(str(arm), 0.0) for arm in counts.index)):
        return None
    return {str(arm): float(counts.sum()) * shares.get(str(arm), 0.0) / total for arm in counts.index}


def design_matrix(covariates: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Numbers as they are (gaps at the mean, and a column that says so), categories as shares.

    Columns that are constant, or the same as an earlier one, are left out.

    Parameters
    ----------
    covariates
        A row for each unit: numbers, booleans, times and categories, with gaps.

    Returns
    -------
    matrix, names
        float (n, k), and what each column is made of; a share of gaps is named as such (`NOT_KNOWN`).

    Examples
    --------
    >>> design_matrix(pd.DataFrame({"rating": [1.0, None, 3.0], "nps": [7.0, None, 9.0], "plan": ["a", "b", "b"]}))[1]
    ['rating', 'rating (not known)', 'nps', 'plan']
    """
    columns: list[np.ndarray] = []
    names: list[str] = []
    for name in covariates.columns:
        values = covariates[name]
        if values.dtype.kind == "M":
            values = (values - values.min()).dt.total_seconds() / 86400
        if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
            number = pd.to_numeric(values, errors="coerce").astype(float)
            columns.append(number.fillna(number.mean()).to_numpy())
            columns.append(number.isna().to_numpy(dtype=float))
            names += [str(name), NOT_KNOWN.format(name=name)]
            continue
        text = values.astype("object").where(values.notna(), "—").astype(str)
        levels = text.value_counts().index
        if len(levels) > MOST_LEVELS:
            continue
        for level in levels[1:]:
            columns.append((text == level).to_numpy(dtype=float))
            names.append(str(name))
    first = {column.tobytes(): i for i, column in reversed(list(enumerate(columns)))}  # of those that are the same
    usable = [i for i in sorted(first.values()) if np.isfinite(columns[i]).all() and np.ptp(columns[i]) > 0]
    kept = usable[:MOST_COLUMNS]
    matrix = np.column_stack([columns[i] for i in kept]) if kept else np.empty((len(covariates), 0))
    return matrix, [names[i] for i in kept]


def balance(arms: np.ndarray, matrix: np.ndarray, strata: np.ndarray, *, random_seed: int = 0) -> float:
    """The p-value of all covariates at once: the same in all arms, within strata.

    Parameters
    ----------
    arms, strata
        int (n,), codes from 0.
    matrix
        float (n, k).
    random_seed
        Of the permutations, where there are fewer than `FEW_UNITS` units.

    Returns
    -------
    float
        Of n − strata times Pillai's trace between arms, which is χ² with k × (arms − 1) degrees of freedom under the
        draw; among few units by permutation within strata. Of so few units that columns could explain any draw
        (`CROWDED`) each column counts by itself, by its standard deviations.
    """
    size = np.bincount(strata)
    centred = matrix - np.column_stack([np.bincount(strata, column) / size for column in matrix.T])[strata]
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    basis = left[:, values > 1e-8 * max(values[0], 1e-300)] if len(values) else left
    if not basis.shape[1]:
        return 1.0
    kinds = int(arms.max()) + 1
    degrees = len(arms) - len(size)
    if basis.shape[1] > CROWDED * degrees:
        scale = np.sqrt((centred**2).sum(axis=0))
        basis = centred[:, scale > 0] / scale[scale > 0]

    dummies = np.eye(kinds)[:, 1:]
    own = dummies[arms] - np.column_stack([np.bincount(strata, column) / size for column in dummies[arms].T])[strata]
    # Within strata neither the centred arms' cross products nor the sums of the covariates hang on who is in which arm.
    _, scale, right = np.linalg.svd(own, full_matrices=False)
    whitened = right[scale > 1e-8].T / scale[scale > 1e-8]

    def trace(codes: np.ndarray) -> float:
        return float(((basis.T @ dummies[codes] @ whitened) ** 2).sum())

    seen = trace(arms)
    if len(arms) >= FEW_UNITS and degrees > 5 * basis.shape[1]:
        return float(stats.chi2.sf(degrees * seen, basis.shape[1] * (kinds - 1)))
    generator = np.random.default_rng(random_seed)
    order = np.argsort(strata, kind="stable")
    bounds = np.cumsum(size)[:-1]
    as_large = 0
    for _ in range(PERMUTATIONS):
        shuffled = arms.copy()
        for rows in np.split(order, bounds):
            shuffled[rows] = generator.permutation(arms[rows])
        as_large += trace(shuffled) >= seen - 1e-12
    return (1 + as_large) / (1 + PERMUTATIONS)


def _ratio(counts: pd.Series, expected: Mapping[str, float] | None) -> float | None:
    if expected is None or len(counts) < 2:
        return None
    shares = np.array([expected.get(str(arm), 0.0) for arm in counts.index])
    if (shares <= 0).any():
        return 0.0  # an arm that could not be drawn
    observed = counts.to_numpy(dtype=float)
    fitted = observed.sum() * shares / shares.sum()
    if len(observed) == 2 and fitted.min() < 5:
        return float(stats.binomtest(int(observed[0]), int(observed.sum()), fitted[0] / observed.sum()).pvalue)
    return float(stats.chisquare(observed, fitted).pvalue)


def _ratio_by_unit(draw: Draw, design: Drawn) -> float | None:
    """Where each unit has a chance of its own."""
    chance = draw.chance if draw.chance is not None else np.empty(0)
    known = np.isfinite(chance) & (chance > 0) & (chance <= 1)
    arms, chance = draw.units["arm"].to_numpy()[known], chance[known]
    if not len(arms):
        return None
    if design.assignment != "staggered":
        sd = np.sqrt((chance * (1 - chance)).sum())
        excess = (arms != design.control).sum() - chance.sum()
        return None if sd == 0 else float(2 * stats.norm.sf(abs(excess) / sd))
    # Units of a start, each for as many as had the same chance, should make up everybody.
    found = []
    for arm in np.unique(arms):
        own = chance[arms == arm]
        sd = np.sqrt(((1 - own) / own**2).sum())
        found += [2 * stats.norm.sf(abs((1 / own).sum() - len(arms)) / sd)] if sd > 0 else []
    return float(min(1.0, min(found) * len(found))) if found else None


def _apart(codes: np.ndarray, matrix: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for column, name in zip(matrix.T, names, strict=True):
        means = [column[codes == code].mean() for code in range(int(codes.max()) + 1)]
        sd = column.std()
        difference = float((max(means) - min(means)) / sd) if sd > 0 else 0.0
        found[name] = max(found.get(name, 0.0), difference)
    return dict(sorted(found.items(), key=lambda each: -each[1]))
