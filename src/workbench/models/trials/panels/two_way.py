"""Levels of units and of months, fitted on some of the cells: exact, however many units there are.

Levels of units are eliminated, which leaves one equation a month: a million units cost a pass over their cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

AT_ONCE = 100_000
"""Rows of a pass: some tens of megabytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoWay:
    """The normal equations of levels of units and months on the cells of a mask.

    Attributes
    ----------
    mask : (n, months) bool
        Cells that are fitted.
    often : (n,)
        How many units a row stands for.
    cells : (n,)
        Of each row.
    information : (months, months)
        Pseudo-inverse of the equations of the months.
    part_of_month, part_of_unit : (months,), (n,)
        Levels of a unit and a month can be added only within one part, where cells hang together; −1 of those without.
    """

    mask: np.ndarray
    often: np.ndarray
    cells: np.ndarray
    information: np.ndarray
    part_of_month: np.ndarray
    part_of_unit: np.ndarray

    def months(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Levels of months, (months, k).

        Parameters
        ----------
        rows : (n, k)
            Sums over the cells of each row (or what stands on the right of its equation).
        columns : (months, k)
            The same of each month, each row as often as it counts.
        """
        right = columns.astype(float).copy()
        share = self.often / np.maximum(self.cells, 1)
        for part in passes(len(self.mask)):
            right -= self.mask[part].T.astype(float) @ (rows[part] * share[part, None])
        return self.information @ right

    def units(self, rows: np.ndarray, months: np.ndarray) -> np.ndarray:
        """Levels of units (n,), given those of months.

        Parameters
        ----------
        rows : (n,)
            As of `months`.
        months : (months,)
            Levels.
        """
        return (rows - self.mask @ months) / np.maximum(self.cells, 1)

    def fit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Levels of units (n,) and of months (months,) by least squares.

        Parameters
        ----------
        values : (n, months)
            What is fitted; cells outside the mask are passed over.
        """
        rows, columns = np.empty(len(values)), np.zeros(values.shape[1])
        for part in passes(len(values)):
            inside = np.where(self.mask[part], values[part], 0.0)
            rows[part] = inside.sum(axis=1)
            columns += self.often[part] @ inside
        months = self.months(rows[:, None], columns[:, None])[:, 0]
        return self.units(rows, months), months


def two_way(mask: np.ndarray, often: np.ndarray) -> TwoWay:
    """The equations of a mask.

    Parameters
    ----------
    mask : (n, months) bool
        Cells that are fitted.
    often : (n,)
        How many units a row stands for.
    """
    size = mask.shape[1]
    cells, shared, together = mask.sum(axis=1), np.zeros((size, size)), np.zeros((size, size))
    for part in passes(len(mask)):
        own = mask[part].astype(float)
        shared += (own * (often[part] / np.maximum(cells[part], 1))[:, None]).T @ own
        together += own.T @ own
    label = connected_components(together > 0, directed=False)[1]
    label = np.where(np.diag(together) > 0, label, -1)
    first = np.where(cells > 0, label[mask.argmax(axis=1)], -1)
    return TwoWay(
        mask=mask,
        often=often,
        cells=cells,
        information=np.linalg.pinv(np.diag(often @ mask) - shared, hermitian=True),
        part_of_month=label,
        part_of_unit=first,
    )


def passes(rows: int) -> Iterator[slice]:
    """Slices that cover all rows, `AT_ONCE` of them each.

    Parameters
    ----------
    rows
        How many there are.
    """
    for first in range(0, rows, AT_ONCE):
        yield slice(first, min(first + AT_ONCE, rows))
