"""Units as they were dealt: mean and customers of each, its arm and stratum, and what is left after adjusting."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.models.trials.estimates.sample import Sample

UNITS_A_COLUMN = 10
"""Units for each column that is adjusted for, as of customers: with fewer, errors are too small."""

NIL = 1e-9
"""Of the length of a column: with less beside others it says the same as they do, but for rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Means of units, each in its arm, which count by their customers.

    Attributes
    ----------
    values : (units,)
        Mean of the outcome.
    weight : (units,)
        Customers of each over those of the mean unit; 1 where units count alike.
    treated : (units,) bool
        The arm.
    stratum : (units,) int
        Code from 0.
    design : (units, p)
        What is fitted beside the arm: the level of each stratum, and what was known before.
    row : (units,) int
        The first row of each in the sample.
    """

    values: np.ndarray
    weight: np.ndarray
    treated: np.ndarray
    stratum: np.ndarray
    design: np.ndarray
    row: np.ndarray

    def residual(self, values: np.ndarray) -> np.ndarray:
        """(…, units): what the fitted columns leave of values.

        Parameters
        ----------
        values : (…, units)
            One or many sets of values of the units.
        """
        return values - (values @ self.basis) @ self.basis.T

    @cached_property
    def basis(self) -> np.ndarray:
        """(units, rank): of the fitted columns; what says the same as others counts once."""
        return _basis(self.design)

    def left(self, effect: float) -> np.ndarray:
        """(units,): what an effect, taken as true, and the fitted columns leave of the total of each unit.

        Parameters
        ----------
        effect
            On a customer.
        """
        return self.weight * self._apart(self.values - effect * self.treated, self.design)

    def fitted(self) -> tuple[float, np.ndarray]:
        """The effect on a customer, and what it leaves of totals (units,), over those of the mean unit of the arm.

        Notes
        -----
        Least squares weighted by customers: without strata the difference of ratios of sums. What is left is the
        linearised residual of such a ratio, w (y − ŷ) with w customers over the mean of the arm, times what makes its
        square unbiased for units of one variance, √((1 − 1/n) / (1 − 2h + Σh²)) with h the unit's share of the
        customers of its arm. Of units of one size both are those of plain least squares.

        References
        ----------
        Cochran (1977), Sampling techniques, sections 6.3 and 9A.1; Bell and McCaffrey (2002), for the leverage.
        """
        arm = self.treated.astype(float)
        own, away = self._apart(arm, self.design), self._apart(self.values, self.design)
        estimate = float((self.weight * own) @ away) / float((self.weight * own) @ own)
        return estimate, self._scale() * (away - estimate * own)

    @property
    def df(self) -> int:
        """Degrees of freedom that are left: units less columns and the arm."""
        return len(self.values) - self.basis.shape[1] - 1

    @property
    def t_df(self) -> float:
        """Of Student's t: those of as many units of one size as squares of their totals are worth (Satterthwaite)."""
        return max(self.df - self.lost(np.ones(len(self.values), dtype=bool)), 1.0)

    def lost(self, some: np.ndarray) -> float:
        """Units of which squares of totals know nothing, as others have most customers; 0 of units of one size.

        Parameters
        ----------
        some : (units,) bool
            Which.
        """
        squares = self._shares()[0][some] ** 2
        lost = len(squares) - float(squares.sum() ** 2 / (squares**2).sum())
        return lost if lost > 1e-9 * len(squares) else 0.0

    def _apart(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Residuals of least squares weighted by customers."""
        root = np.sqrt(self.weight)
        basis = _basis(root[:, None] * columns)
        scaled = root * values
        return (scaled - basis @ (basis.T @ scaled)) / root

    def _shares(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Customers of each over the mean of its arm, units of that arm, and the sum of squared shares of customers."""
        code = self.treated.astype(int)
        many = np.bincount(code, minlength=2)[code]
        over = self.weight / (np.bincount(code, self.weight, 2)[code] / many)
        return over, many, np.bincount(code, (over / many) ** 2, 2)[code]

    def _scale(self) -> np.ndarray:
        over, many, squared = self._shares()
        spare = 1 - 2 * over / many + squared
        return over * np.sqrt(np.divide(1 - 1 / many, spare, out=np.ones(len(spare)), where=spare > 1e-12))


def read_units(sample: Sample, *, alike: bool = False) -> Units:
    """The units of a sample.

    Parameters
    ----------
    sample
        Usable, with `unit`. Strata count where arms were dealt in other shares from one to another, or where they leave
        enough degrees of freedom (`UNITS_A_COLUMN` units each); a stratum with one arm is left out.
    alike
        Whether units count alike, whatever their customers.

    Notes
    -----
    Each unit counts by its customers: an effect is one on a customer, as money is counted, and not one on the mean
    unit. In a unit that is in both arms customers of its first arm count: the fairness of the comparison says so.
    """
    code, first = _codes(sample.unit)
    size = np.bincount(code, sample.counts)
    values = np.bincount(code, sample.counts * sample.values) / size
    treated = sample.treated[first]
    stratum = np.zeros(len(first), dtype=int) if sample.stratum is None else _codes(sample.stratum[first])[0]
    shares = np.bincount(stratum, treated) / np.bincount(stratum)
    if np.ptp(shares) < 1e-9 and len(first) < UNITS_A_COLUMN * len(shares):
        stratum = np.zeros(len(first), dtype=int)
    else:
        whole = ((shares > 0) & (shares < 1))[stratum]
        values, treated, first, code_kept = values[whole], treated[whole], first[whole], np.flatnonzero(whole)
        stratum = np.unique(stratum[whole], return_inverse=True)[1]
        size = size[code_kept]
        place = np.full(len(whole), -1)
        place[code_kept] = np.arange(len(code_kept))
        code = place[code]
    design = np.eye(int(stratum.max(initial=0)) + 1)[stratum]
    spare = int((len(first) - design.shape[1] - 1) / UNITS_A_COLUMN)
    if sample.before is not None and spare > 0:
        inside = code >= 0
        often = sample.counts[inside]
        columns = [
            np.bincount(code[inside], often * each[inside], len(first)) / size for each in sample.before.T[:spare]
        ]
        varies = [each - each.mean() for each in columns if np.ptp(each) > 0]
        design = np.column_stack([design, *varies])
    weight = np.ones(len(size)) if alike else size / size.mean()
    return Units(values=values, weight=weight, treated=treated, stratum=stratum, design=design, row=first)


def _basis(columns: np.ndarray) -> np.ndarray:
    scale = np.sqrt((columns**2).sum(axis=0))
    left, size, _ = np.linalg.svd(columns / np.where(scale > 0, scale, 1.0), full_matrices=False)
    return np.asarray(left[:, size > NIL])


def _codes(labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Code of each row, and the first row of each code."""
    _, first, code = np.unique(np.asarray(labels).astype(str), return_index=True, return_inverse=True)
    return code, first
