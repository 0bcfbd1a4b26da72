"""Customers at a cut-off, with who left within the label window: validated, and cut into slices of time.

A forecast is evaluated on time that comes after all that the model has seen. So the last snapshot is the test, the one
before it calibrates, the one before that says when to stop boosting, and the model learns from the others. Where there
are too few snapshots, customers are divided instead: *out of sample, not out of time*.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import number, sentence, shown

FEWEST_LEAVERS = 50
"""With fewer, every score has an interval so wide that no two models can be told from each other."""
ID_SHARE = 0.5
"""Text with more different values than this share of its rows names rows; it says nothing of others."""
FEWEST_IDS = 50
"""Different texts, up to which they may be levels in a small file."""
MOST_AGREE = 0.5
"""Share of the mixed outcomes of different customers, below which rows that are equal in every feature are copies: of
copies all agree, and features that explain half of the variance of leaving, as hardly any do, leave half of them."""
IDS = re.compile(r"(^|_)(id|ids|no|nr|number|key|code|uuid)$", re.IGNORECASE)
"""Names of whole numbers that count rows where nearly all are different; of other names they may be amounts."""

Part = Literal["train", "stop", "calibrate", "test"]
PARTS: tuple[Part, ...] = ("train", "stop", "calibrate", "test")  # in the order of time
SHARES: Mapping[Part, float] = {"train": 0.5, "stop": 0.1, "calibrate": 0.15, "test": 0.25}
"""Of customers, where there is no time to divide by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Customers:
    """Rows to learn from and to be evaluated on.

    Attributes
    ----------
    features
        One row a customer and snapshot: numbers, booleans and text or categories; missing values are allowed.
    left : (N,) bool
        Who left within the label window.
    ids : (N,)
        Whose row it is.
    snapshots : (N,)
        The cut-off of the row; None where the file has one row a customer and no dates.
    dropped
        Columns that say nothing, with why.
    weights : (N,)
        How many customers each row stands for: one, or more where it is a control of customers who were treated.
    whole : (N,) bool
        Rows of customers who are there at all their cut-offs; None where all are. Of very many customers others are
        there at the last two only.
    undrawn
        Rows of those others at earlier cut-offs: nothing is known of them here.
    equal
        Who is who among rows that equal another in every feature; None where ids say so, or no row stands twice.
    """

    features: pd.DataFrame
    left: np.ndarray
    ids: np.ndarray
    snapshots: np.ndarray | None
    dropped: Mapping[str, str]
    weights: np.ndarray
    whole: np.ndarray | None = None
    undrawn: int = 0
    equal: "EqualRows | None" = None

    def part(self, rows: np.ndarray) -> "Customers":
        """Some of the rows. Those that follow one another are not copied: they may be a million.

        Parameters
        ----------
        rows
            Which rows (N,), as booleans.
        """
        there = in_a_row(rows)
        features = self.features.iloc[there]
        features.index = pd.RangeIndex(len(features))  # in place: no copy for an index
        return Customers(
            features=features,
            left=self.left[there],
            ids=self.ids[there],
            snapshots=None if self.snapshots is None else self.snapshots[there],
            dropped=self.dropped,
            weights=self.weights[there],
            whole=None if self.whole is None else self.whole[there],
            equal=None if self.equal is None else self.equal.part(there),
        )

    def weighted(self, times: np.ndarray) -> "Customers":
        """The same rows, each so many times (N,).

        Parameters
        ----------
        times
            How often each row (N,) counts.
        """
        return replace(self, weights=self.weights * times)

    def drawn(self, most_rows: int, *, random_seed: int, among: np.ndarray | None = None) -> np.ndarray:
        """Rows (N,) of customers drawn by lot, each with all rows, so that the share of leavers stays what it is.

        Customers who are there at the last cut-offs only are not drawn.

        Parameters
        ----------
        most_rows
            So many rows at most; all where there are no more.
        random_seed
            Fixes the lots.
        among : (N,) bool
            Rows that count; all by default.
        """
        among = self.complete if among is None else among & self.complete
        if among.sum() <= most_rows:
            return among
        codes, known = pd.factorize(self.ids)
        lot = np.random.default_rng(random_seed).random(len(known))[codes]
        return among & (lot < np.partition(lot[among], most_rows)[most_rows])

    def frame(self) -> pd.DataFrame:
        """The rows as one table: `customer_id`, `cutoff` where there are dates, features and `left`."""
        dated = {} if self.snapshots is None else {"cutoff": self.snapshots}
        keys = pd.DataFrame({"customer_id": self.ids, **dated})
        return pd.concat([keys, self.features, pd.Series(self.left, name="left")], axis=1)

    @property
    def complete(self) -> np.ndarray:
        """Rows (N,) of customers who are there at all their cut-offs."""
        return np.ones(len(self), dtype=bool) if self.whole is None else self.whole

    @property
    def clusters(self) -> np.ndarray:
        """Whose row it is (N,), for whatever is divided or drawn anew: a copy on both sides would flatter the test."""
        return self.equal.who if self.equal is not None and self.equal.copies else self.ids

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, kw_only=True, eq=False)
class EqualRows:
    """Rows without ids that are equal in every feature: copies of a customer, or customers whose few columns coincide.

    Copies have one outcome. Of different customers who look the same some leave and some stay, unless their columns
    say nearly all; then it does no harm to count them as one.

    Attributes
    ----------
    who : (N,)
        The same number for rows that are equal.
    rows, groups
        How many rows equal another, and how many groups they make.
    mixed, expected
        Of these groups those with leavers and stayers: found, and expected of different customers drawn by lot.
    """

    who: np.ndarray
    rows: int
    groups: int
    mixed: int
    expected: float

    @classmethod
    def of(cls, features: pd.DataFrame, left: np.ndarray) -> "EqualRows | None":
        """Of rows without ids; None where no two are equal.

        Parameters
        ----------
        features, left
            As `Customers` has them.

        Examples
        --------
        Two customers who stand twice, and two contracts of which some customers left:

        >>> copied = EqualRows.of(pd.DataFrame({"spend": [1, 1, 2, 2, 3]}), np.array([1, 1, 0, 0, 1], dtype=bool))
        >>> coarse = EqualRows.of(pd.DataFrame({"contract": [1, 1, 2, 2, 2]}), np.array([1, 0, 0, 1, 0], dtype=bool))
        >>> copied.copies, coarse.copies
        (True, False)
        """
        who, _ = pd.factorize(pd.util.hash_pandas_object(features, index=False).to_numpy())
        sizes, gone = np.bincount(who), np.bincount(who, left)
        several, share = sizes > 1, float(left.mean())
        if not several.any():
            return None
        alone = share ** sizes[several] + (1 - share) ** sizes[several]
        return cls(
            who=who,
            rows=int(sizes[several].sum()),
            groups=int(several.sum()),
            mixed=int(((gone > 0) & (gone < sizes))[several].sum()),
            expected=float((1 - alone).sum()),
        )

    @property
    def copies(self) -> bool:
        """Whether equal rows count as one customer."""
        return self.mixed < MOST_AGREE * self.expected

    def part(self, rows: np.ndarray | slice) -> "EqualRows":
        """Of some of the rows, who is who as among all.

        Parameters
        ----------
        rows
            Which.
        """
        return replace(self, who=self.who[rows])

    def check(self) -> Check:
        """Who was taken for whom, and why."""
        words = {
            "rows": number(self.rows),
            "mixed": number(self.mixed),
            "groups": number(self.groups),
            "expected": number(self.expected, 2),
        }
        return Check(
            name="equal_rows",
            status="pass",
            value=self.rows,
            message=sentence(
                "No column says who is who, and {rows} rows equal another. They count as copies of one customer: "
                "leavers and stayers meet in {mixed} of {groups} groups of equal rows, not in {expected} as among "
                "different customers.",
                **words,
            )
            if self.copies
            else sentence(
                "No column says who is who, and {rows} rows equal another. They count as different customers: leavers "
                "and stayers meet in {mixed} of {groups} groups of equal rows (by chance in {expected}).",
                **words,
            ),
            title=sentence("Equal rows count as one customer")
            if self.copies
            else sentence("Equal rows count as different customers"),
        )


def in_a_row(rows: np.ndarray) -> np.ndarray | slice:
    """Chosen rows as a slice where they follow one another, as a cut-off's rows may: a slice is no copy.

    Parameters
    ----------
    rows
        Which rows (N,), as booleans.
    """
    first, count = int(rows.argmax()) if len(rows) else 0, int(rows.sum())
    return slice(first, first + count) if rows[first : first + count].all() else rows


def labelled_customers(
    frame: pd.DataFrame,
    *,
    label: str,
    customer: str,
    snapshot: str | None = None,
    features: Sequence[str] | None = None,
    weight: str | None = None,
    numbered: bool = False,
) -> Customers:
    """Take a prepared table, or say all that is wrong with it.

    Parameters
    ----------
    frame
        One row a customer and snapshot.
    label
        Column with who left: booleans, or 0 and 1.
    customer
        Column with the customer's id.
    snapshot
        Column with the cut-off, of any type that sorts.
    features
        Columns to learn from; all others where it is None.
    weight
        Column with how many customers each row stands for; one where it is None.
    numbered
        Whether ids are numbers of rows, which do not say who is who.

    Returns
    -------
    Customers
        Without columns that are empty or constant and without text that names rows, each with its reason. Levels that
        fewer than ten customers have are missing: a forecast that knew them would tell of these.

    Raises
    ------
    DataError
        One outcome only, fewer than 50 leavers, missing labels, infinite values, dates, a copy of the label, columns
        that are not there, two rows of one customer and snapshot: all faults at once.
    """
    keys = [name for name in (label, customer, snapshot, weight) if name is not None]
    chosen = [name for name in frame.columns if name not in keys] if features is None else list(features)
    absent = [name for name in (*keys, *chosen) if name not in frame.columns]
    if absent:
        raise DataError(*(sentence("Column {name}: not there.", name=shown(name)) for name in absent))
    faults = _label_faults(frame[label], label)
    if frame.duplicated([name for name in (customer, snapshot) if name is not None]).any():
        faults.append(sentence("Two rows are of the same customer and snapshot; expected one row each."))
    dropped: dict[str, str] = {}
    for name in chosen:
        fault, reason = _check_column(frame[name], frame[label])
        faults += [fault] if fault else []
        if reason:
            dropped[name] = reason
    if len(dropped) == len(chosen):
        faults.append(sentence("No column says anything: all are empty, constant or names of rows."))
    if faults:
        raise DataError(*faults)
    of_few = {
        name: told
        for name in chosen
        if name not in dropped and (told := _without_few(frame[name], frame[customer])) is not frame[name]
    }
    dropped |= {name: sentence("groups of too few customers") for name, told in of_few.items() if told.isna().all()}
    # Columns are taken, not copied: rows may be millions.
    kept = pd.DataFrame({name: of_few.get(name, frame[name]) for name in chosen if name not in dropped}, copy=False)
    kept.index = pd.RangeIndex(len(kept))
    left = frame[label].to_numpy(dtype=bool)
    return Customers(
        features=kept,
        left=left,
        ids=frame[customer].to_numpy(),
        snapshots=None if snapshot is None else frame[snapshot].to_numpy(),
        dropped=dropped,
        weights=np.ones(len(frame)) if weight is None else frame[weight].to_numpy(dtype=float),
        equal=EqualRows.of(kept, left) if numbered else None,
    )


def _label_faults(label: pd.Series, name: str) -> list[str]:
    if label.isna().any() or not label.isin([0, 1]).all():
        return [sentence("Label {name}: expected 0 or 1 in every row, none missing.", name=shown(name))]
    leavers, stayers = int(label.sum()), int((label == 0).sum())
    if not leavers or not stayers:
        return [sentence("Label {name}: all rows have the same outcome; nothing can be learned.", name=shown(name))]
    if leavers < FEWEST_LEAVERS:
        template = (
            "Label {name}: {n} customers left, at least {least} are needed. Take a longer label window or more data."
        )
        return [sentence(template, name=shown(name), n=number(leavers), least=number(FEWEST_LEAVERS))]
    return []


def _check_column(column: pd.Series, label: pd.Series) -> tuple[str | None, str | None]:
    """A fault, or why the column is left out."""
    name, known = shown(column.name), column.dropna()
    if not len(known):
        return None, sentence("empty")
    if len(known) == len(column) and (known == known.iloc[0]).all():
        return None, sentence("the same in all rows")
    if pd.api.types.is_datetime64_any_dtype(column):
        return sentence("Column {name}: a date; expected a time since something, in days.", name=name), None
    if len(known) == len(column) and _copies(column, label):
        return sentence("Column {name}: a copy of the label; leave it out.", name=name), None
    if not pd.api.types.is_numeric_dtype(column):
        many = known.nunique() > max(ID_SHARE * len(known), FEWEST_IDS)
        return None, sentence("text that names rows") if many else None
    if np.isinf(column.to_numpy(dtype=float, na_value=np.nan)).any():
        return sentence("Column {name}: infinite values; expected numbers or missing.", name=name), None
    if IDS.search(str(column.name)) and known.nunique() > ID_SHARE * len(known) and (known % 1 == 0).all():
        return None, sentence("numbers that name rows")
    return None, None


def _without_few(column: pd.Series, ids: pd.Series) -> pd.Series:
    """The same with levels of too few customers missing; the column itself where there are none, or it has numbers."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    codes, levels = pd.factorize(column)
    rows = np.bincount(codes[codes >= 0], minlength=len(levels))
    # So many rows may be of too few customers: each has one a snapshot at most.
    doubtful = np.flatnonzero(rows < SMALLEST_GROUP * int(ids.value_counts().max()))
    inside = np.isin(codes, doubtful)
    each = pd.DataFrame({"level": codes[inside], "who": ids.to_numpy()[inside]}).drop_duplicates()["level"]
    few = np.flatnonzero(np.bincount(each, minlength=len(levels))[doubtful] < SMALLEST_GROUP)
    return column.mask(np.isin(codes, doubtful[few])) if len(few) else column


def _copies(column: pd.Series, label: pd.Series) -> bool:
    """Whether a column without gaps has two values, one for each outcome."""
    first = column.iloc[0]
    of_first = (column == first).to_numpy(dtype=bool)
    if not np.array_equal(of_first, (label == label.iloc[0]).to_numpy(dtype=bool)):
        return False
    others = column[~of_first]
    return bool((others == others.iloc[0]).all()) if len(others) else False


def slices(customers: Customers, *, random_seed: int, without: Sequence[Part] = ()) -> Mapping[Part, np.ndarray]:
    """Which rows are for what.

    Parameters
    ----------
    customers
        The rows.
    random_seed
        Fixes how customers are divided where there is too little time.
    without
        Parts that nobody is kept for, where there is no time to divide by.

    Returns
    -------
    Mapping of Part to ndarray (N,) of bool
        Every row is in one part. With four snapshots or more all parts are apart in time; with two or three the test
        is, and the earlier customers are divided by `SHARES`; with none all are, leavers and stayers alike.
    """
    moments = np.unique(customers.snapshots) if customers.snapshots is not None else np.array([])
    if customers.snapshots is not None and len(moments) >= len(PARTS):
        place = np.searchsorted(moments, customers.snapshots)
        kept = np.maximum(place - (len(moments) - len(PARTS)), 0)
        return {part: kept == at for at, part in enumerate(PARTS)}
    test = np.zeros(len(customers), dtype=bool)
    if customers.snapshots is not None and len(moments) > 1:
        test = customers.snapshots == moments[-1]
    divided = lots(customers, random_seed=random_seed)
    idle = {*without, "test"} if test.any() else set(without)
    shares = [0.0 if part in idle else SHARES[part] for part in PARTS]
    edges = np.cumsum(shares) / np.sum(shares)
    kept = np.minimum(np.searchsorted(edges, divided, side="right"), len(PARTS) - 1)
    found = {part: (kept == at) & ~test for at, part in enumerate(PARTS)}
    return {**found, "test": found["test"] | test}


def lots(customers: Customers, *, random_seed: int) -> np.ndarray:
    """A number in [0, 1) a row (N,), the same for all rows of a customer, even among leavers and stayers.

    Parameters
    ----------
    customers
        The rows.
    random_seed
        Fixes the numbers.
    """
    codes, known = pd.factorize(customers.clusters)
    ever = np.bincount(codes, customers.left) > 0
    random = np.random.default_rng(random_seed)
    place = np.empty(len(known))
    for group in (ever, ~ever):
        tickets = np.arange(group.sum()) + 0.5
        place[group] = random.permutation(tickets) / max(len(tickets), 1)
    return place[codes]
