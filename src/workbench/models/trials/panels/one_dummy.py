"""The usual regression, shown beside: levels of units and months, and one dummy that is 1 while the initiative is on.

It takes what lasts after the end, and effects that grow, for what would have been without (Goodman-Bacon 2021).
"""

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.panels.panel import Panel
from workbench.models.trials.panels.two_way import two_way


def one_dummy(panel: Panel, *, confidence: float = 0.9) -> Estimate | None:
    """Coefficient of the dummy, with clustered errors.

    Parameters
    ----------
    panel
        Units by months.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Estimate or None
        None where the dummy is told by levels of units and months.

    References
    ----------
    Liang and Zeger (1986), with clusters / (clusters − 1) and as many degrees of freedom less one.
    """
    equations = two_way(panel.seen, panel.counts)
    rows, months = equations.fit(panel.on.astype(float))
    arm = np.where(panel.seen, panel.on - rows[:, None] - months, 0.0)
    rows, months = equations.fit(panel.values)
    left = np.where(panel.seen, panel.values - rows[:, None] - months, 0.0)
    often = panel.counts[:, None]
    squares = float((often * arm**2).sum())
    if not squares > 1e-9 * panel.on.size:
        return None
    estimate = float((often * arm * left).sum()) / squares
    left = left - estimate * arm
    own = (arm * left).sum(axis=1) / squares
    if panel.cluster is None:
        squares, clusters = float((panel.counts * own**2).sum()), float(panel.counts.sum())
    else:
        sums = np.bincount(panel.code, panel.counts * own)
        squares, clusters = float((sums**2).sum()), float(len(sums))
    return from_error(
        estimate,
        (squares * clusters / (clusters - 1)) ** 0.5,
        confidence=confidence,
        kind="clustered",
        df=clusters - 1,
        n=int(panel.counts[panel.seen.any(axis=1)].sum()),
        units=int(clusters),
    )
