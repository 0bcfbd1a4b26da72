"""Which units are drawn again and again, and what their scores vary by.

Of very many, some stand for all: what scores of those vary by is scaled, for standard errors go with the root of the
number, so that the cost of intervals does not grow (m out of n bootstrap).

References
----------
Bickel, Götze and van Zwet (1997), Resampling fewer than n observations, Statistica Sinica 7.
"""

from dataclasses import dataclass

import numpy as np

MOST_DRAWN = 50_000
"""Units that are drawn at a time, a choice: the cost of intervals no longer grows with their number."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Units that stand for all.

    Attributes
    ----------
    places : (m,)
        Which of the units, in random order where they are fewer than all.
    share
        Of all units.
    """

    places: np.ndarray
    share: float

    def of_all(self, draws: np.ndarray, values: np.ndarray | float) -> np.ndarray:
        """Draws of scores as they would lie with all units.

        Parameters
        ----------
        draws : (R, ...)
            Scores of units drawn with replacement from `places`; not finite where one could not be told.
        values : (...)
            Scores of all units.
        """
        if self.share == 1:
            return draws
        middle = np.ma.masked_invalid(draws).mean(axis=0)
        return np.asarray(values + np.sqrt(self.share) * (draws - np.ma.filled(middle, np.nan)))


def draw_from(units: int, random: np.random.Generator) -> Drawn:
    """All units, or `MOST_DRAWN` of more.

    Parameters
    ----------
    units
        How many there are.
    random
        Which of them; asked only where there are more.
    """
    if units <= MOST_DRAWN:
        return Drawn(np.arange(units), 1.0)
    return Drawn(random.choice(units, MOST_DRAWN, replace=False), MOST_DRAWN / units)
