"""How many leave of all customers together: what holds of it when a forecast moves from one window to the next.

Features move together from month to month (use has seasons, records grow longer), and a model takes for risk what is
the calendar. Each window is therefore forecast by a quick model of all the others; the slope of what then left on what
was expected says how much of such a movement holds, and what remains, how sure the number of leavers can be.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from workbench.findings import Check
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.model.learning import MOST_ROWS, quick
from workbench.wording import percent, sentence

FEWEST_WINDOWS = 4
"""With fewer, a slope over windows is hardly told from chance, and forecasts stay as they are."""
SAME_BOOK = 2.0
"""Times as many customers, or as few, as in the windows before: beyond, others are scored, whose mix may differ."""
CERTAIN = 1e-9  # probabilities are kept this far from 0 and 1 where their logarithm is taken
FARTHEST = 10.0
"""Log-odds by which a level is moved at most: a factor of twenty thousand."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """What is known of the number of leavers of a whole window.

    Attributes
    ----------
    rate
        Share who left in the windows that calibrate.
    customers
        How many there were in each of these, in the mean.
    holds
        Of a change of the mean risk from there to another window, the part that is taken over, from 0 to 1.
    error
        Relative standard error of the number of leavers where the mean risk has not changed.
    holds_error
        Standard error of `holds`, at most that of a part of which nothing is known but that it lies from 0 to 1.
    windows
        In how many windows that was seen; 0 where nothing is known, and nothing is changed.
    """

    rate: float
    customers: float
    holds: float = 1.0
    error: float = 0.0
    holds_error: float = 0.0
    windows: int = 0

    def _moved(self, probability: np.ndarray) -> float:
        """Log change of the mean risk; 0 of customers who are not those of the windows before."""
        alike = 1 / SAME_BOOK < len(probability) / max(self.customers, 1) < SAME_BOOK
        return float(np.log(probability.mean() / self.rate)) if self.windows and alike else 0.0

    def settled(self, probability: np.ndarray) -> np.ndarray:
        """Risks (N,) of all customers of a window, their log-odds moved so that of the change only that remains.

        Parameters
        ----------
        probability : (N,)
            As the model has them.
        """
        moved = (1 - self.holds) * self._moved(probability)
        if not moved:
            return probability
        line = logit(np.clip(probability, CERTAIN, 1 - CERTAIN))
        wanted = probability.mean() * np.exp(-moved)
        by = brentq(lambda each: expit(line + each).mean() - wanted, -FARTHEST, FARTHEST)
        return np.asarray(expit(line + by))

    def error_of(self, probability: np.ndarray) -> float:
        """Relative standard error of the number of leavers that these risks (N,) add up to once settled.

        Parameters
        ----------
        probability
            Risks (N,).
        """
        return float(np.hypot(self.error, self.holds_error * self._moved(probability)))

    def check(self) -> Check | None:
        """How much of a movement holds; nothing is said where it is not known."""
        if not self.windows or self.holds_error >= unknown_part(self.holds):
            return None
        return Check(
            name="window_level",
            status="pass",
            value=self.holds,
            message=sentence(
                "Of what the mean risk moved by from window to window, {share} held in the share who left. As much of "
                "its move to today is kept in today's risks.",
                share=percent(self.holds),
            ),
            title=sentence("How many leave follows earlier windows"),
        )


def unknown_part(held: float) -> float:
    """Root mean square error of a part that is taken to be `held` and may be any from 0 to 1.

    Parameters
    ----------
    held
        From 0 to 1.

    Examples
    --------
    >>> round(unknown_part(0.5), 3), round(unknown_part(1.0), 3)
    (0.289, 0.577)
    """
    return float(np.sqrt(1 / 12 + (held - 0.5) ** 2))


def forecast_windows(customers: Customers, used: str, *, random_seed: int) -> pd.DataFrame:
    """How many left in each window, and how many a model of all other windows expected.

    Parameters
    ----------
    customers
        The labelled rows; of many, those of customers drawn by lot.
    used
        Name of the forecast that is used: its kind is fitted.
    random_seed
        Fixes draws.

    Returns
    -------
    DataFrame
        Of each window in which somebody left: `left`, `expected`, and `usual`, as many as the share who left in all
        others makes. No rows where there are too few windows.
    """
    some = customers.part(customers.drawn(MOST_ROWS, random_seed=random_seed))
    moments = np.array([]) if some.snapshots is None else np.unique(some.snapshots)
    rows = []
    for moment in moments if len(moments) >= FEWEST_WINDOWS else moments[:0]:
        there = some.snapshots == moment
        now, others = some.part(there), some.part(~there)
        if now.left.any() and others.left.any():
            p = quick(others, now.features, used, random_seed)
            usual = np.average(others.left, weights=others.weights) * now.weights.sum()
            rows.append((now.weights @ now.left, now.weights @ p, usual))
    return pd.DataFrame(rows, columns=["left", "expected", "usual"], dtype=float)


def level_of(windows: pd.DataFrame, calibrated: Customers) -> Level:
    """What holds of a movement of the mean risk, and how sure the number of leavers is.

    Parameters
    ----------
    windows
        As `forecast_windows` gives them.
    calibrated
        By whom the level was set.

    Returns
    -------
    Level
        The slope is one of weighted least squares of log shares (weights: leavers, within 0 and 1), the doubt that
        remains the variance beyond chance about that line (method of moments), once for the window that is forecast
        and once for the mean of those that calibrate, who are a sample besides.

    References
    ----------
    DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7.

    Examples
    --------
    A model whose expectation rises and falls while shares stay is not followed:

    >>> told = pd.DataFrame({"left": 100.0, "expected": [80.0, 120.0] * 5, "usual": 100.0})
    >>> someone = Customers(
    ...     features=pd.DataFrame({"a": [0, 1]}), left=np.array([True, False]), ids=np.arange(2),
    ...     snapshots=np.zeros(2), dropped={}, weights=np.ones(2),
    ... )
    >>> level_of(told, someone).holds
    0.0
    """
    leavers = max(float(calibrated.left.sum()), 1.0)
    several = 1 if calibrated.snapshots is None else max(len(np.unique(calibrated.snapshots)), 1)
    rate = float(np.average(calibrated.left, weights=calibrated.weights))
    known = Level(rate=rate, customers=len(calibrated) / several, error=float(leavers**-0.5))
    count = len(windows)
    if count < FEWEST_WINDOWS:
        return known
    left, expected, usual = (windows[name].to_numpy() for name in ("left", "expected", "usual"))
    # Whatever a window is above the mean of all, the others are below it: K / (K - 1) times too far apart.
    gone, told = ((1 - 1 / count) * np.log(each / usual) for each in (left, expected))
    gone, told = (each - np.average(each, weights=left) for each in (gone, told))
    told_squares = float(left @ told**2)
    slope = float(np.clip(left @ (told * gone) / told_squares, 0, 1)) if told_squares > 0 else 1.0
    # A part lies between 0 and 1: where windows hardly move, their slope is no less sure than knowing nothing of it.
    unknown = unknown_part(slope)
    beyond = float(left @ (gone - slope * told) ** 2) / (count - 2)
    between = max((beyond - 1) * (count - 2) / (left.sum() - (left**2).sum() / left.sum()), 0.0)
    return Level(
        rate=rate,
        customers=known.customers,
        holds=slope,
        error=float(np.sqrt(1 / leavers + between * (1 + 1 / several))),
        holds_error=min(float(np.sqrt(max(beyond, 1.0) / told_squares)), unknown) if told_squares > 0 else unknown,
        windows=count,
    )
