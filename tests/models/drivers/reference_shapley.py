"""Shapley shares from their definition, to check against."""

from itertools import permutations
from math import factorial

import numpy as np


def shapley_by_orders(covariance: np.ndarray, effects: np.ndarray, driver: np.ndarray) -> np.ndarray:
    """Average gains from the definition, order by order: for a few drivers, and to check `average_gains` against.

    Examples
    --------
    >>> shapley_by_orders(np.array([[1, 0.5], [0.5, 1]]), np.array([1.0, 0.0]), np.array([0, 1])).tolist()
    [0.875, 0.125]
    """
    count = int(driver.max()) + 1
    joint = covariance @ effects

    def explained(members: list[int]) -> float:
        columns = np.flatnonzero(np.isin(driver, members))
        return (
            joint[columns] @ np.linalg.solve(covariance[np.ix_(columns, columns)], joint[columns]) if members else 0.0
        )

    gains = np.zeros(count)
    for order in permutations(range(count)):
        for place, d in enumerate(order):
            gains[d] += explained(list(order[: place + 1])) - explained(list(order[:place]))
    return gains / factorial(count)
