"""In which steps times were recorded: whole months, quarters or years say nothing about what happens within one."""

import numpy as np

MOST_STEPS = 500
"""Times recorded in more steps than this, up to the longest, are as good as exact: days over some years are."""
SLACK = 1e-6
"""How far, in steps, a time may lie from a whole number of them."""


def resolution(times: np.ndarray) -> float:
    """The largest step of which all times are whole multiples.

    0 where there is none, or one so small that it makes no difference.

    Take all times observed, of those who left and of the others: departures may heap at renewals while everybody is
    followed to the day, and then nothing is coarse.

    Parameters
    ----------
    times (n,)
        At least 0, any unit.

    Examples
    --------
    >>> resolution(np.array([3.0, 6, 12])), resolution(np.array([0.25, 1.5])), resolution(np.array([1, np.pi, 2]))
    (3.0, 0.25, 0.0)
    """
    distinct = np.unique(np.asarray(times, dtype=float))
    distinct = distinct[distinct > 0]
    if len(distinct) < 2:
        return 0.0
    least = float(distinct[-1]) / MOST_STEPS
    step = float(distinct[0])
    while step >= least:  # Euclid's algorithm with all times at once
        rest = np.abs(distinct - step * np.round(distinct / step))
        rest = rest[rest > SLACK * step]
        if not len(rest):
            return float(distinct[-1] / np.round(distinct[-1] / step))
        step = float(rest.min())
    return 0.0


def on_step(times: np.ndarray, step: float) -> np.ndarray:
    """Times, each as the last step that it reaches; as they are where `step` is 0.

    Parameters
    ----------
    times
        (n,): any unit.
    step
        In the same unit, from `resolution`.

    Examples
    --------
    >>> on_step(np.array([0.5, 3.0, 7.5]), 3.0).tolist()
    [0.0, 3.0, 6.0]
    """
    return np.floor(times / step + SLACK) * step if step else times
