"""Units as they were dealt: the mean of each, its arm and its stratum, and what is left after adjusting."""

from dataclasses import dataclass

import numpy as np

from workbench.models.trials.estimates.sample import Sample

UNITS_A_COLUMN = 10
"""Units for each column that is adjusted for, as of customers: with fewer, errors are too small."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Means of units, each in its arm.

    Attributes
    ----------
    values : (units,)
        Mean of the outcome.
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
        basis = np.linalg.qr(self.design)[0]
        return values - (values @ basis) @ basis.T

    @property
    def df(self) -> int:
        """Degrees of freedom that are left: units less columns and the arm."""
        return len(self.values) - self.design.shape[1] - 1


def read_units(sample: Sample) -> Units:
    """The units of a sample.

    Parameters
    ----------
    sample
        Usable, with `unit`. Strata count where arms were dealt in other shares from one to another, or where they leave
        enough degrees of freedom (`UNITS_A_COLUMN` units each); a stratum with one arm is left out.

    Notes
    -----
    Each unit counts alike, whatever its customers: this is the effect on the mean unit, for which t over units is
    exact. In a unit that is in both arms customers of its first arm count: the fairness of the comparison says so.
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
    return Units(values=values, treated=treated, stratum=stratum, design=design, row=first)


def _codes(labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Code of each row, and the first row of each code."""
    _, first, code = np.unique(np.asarray(labels).astype(str), return_index=True, return_inverse=True)
    return code, first
