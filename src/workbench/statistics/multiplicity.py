"""Many tests at once."""

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's (1979) step-down adjustment: compare each with the level wanted for all of them together.

    Parameters
    ----------
    p_values
        (n,): of all tests that are read together.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted
