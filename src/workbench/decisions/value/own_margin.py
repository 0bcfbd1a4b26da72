"""What of each customer's money is contribution: who buys fuel leaves less of it than who buys wine.

A customer's own margin is known as surely as much was bought, so it is drawn towards that of all: credibility, as
insurers weigh the claims of a contract against those of its class.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SAME = 1e-6
"""Variance of customers' margins over their squared mean up to which all have one: .1%, as of rounded cents."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnMargin:
    """Margin of customers, beside that of all.

    Attributes
    ----------
    share : (n,)
        Expected, over the margin of all: 1 where all have the same or none is known; negative of who buys at a loss.
    error : (n,)
        Its standard deviation.
    """

    share: np.ndarray
    error: np.ndarray

    @classmethod
    def none(cls, n: int) -> "OwnMargin":
        """All customers have the same.

        Parameters
        ----------
        n
            How many.
        """
        return cls(share=np.ones(n), error=np.zeros(n))


def own_margin(paid: pd.DataFrame, customers: np.ndarray, sold: np.ndarray) -> OwnMargin:
    """By Bühlmann and Straub: a purchase's margin varies about the customer's, and that about the margin of all.

    Parameters
    ----------
    paid
        Purchases of a positive amount: `customer_id`, `amount` and `margin` (money).
    customers : (n,)
        Whose.
    sold : (n,)
        Money that each spent, by which shares average 1.

    Notes
    -----
    With m of purchase j of customer i of variance s² / amount, and customers' own margins of variance a, the expected
    own margin is z mᵢ + (1 - z) m, z = a wᵢ / (a wᵢ + s²), wᵢ the money spent, with the variance a (1 - z).

    References
    ----------
    Bühlmann, Straub (1970), Glaubwürdigkeit für Schadensätze; Bühlmann, Gisler (2005), A course in credibility theory,
    chapter 4, for the estimators of s² and a.
    """
    weight = paid.groupby("customer_id")["amount"].agg(["sum", "size"])
    kept = paid.groupby("customer_id")["margin"].sum()
    known, w = weight.index.to_numpy(), weight["sum"].to_numpy(dtype=float)
    mean, whole = kept.to_numpy(dtype=float) / w, float(w.sum())
    of_all = float(kept.sum()) / whole
    place = np.searchsorted(known, paid["customer_id"].to_numpy())
    amount = paid["amount"].to_numpy(dtype=float)
    inside = amount * (paid["margin"].to_numpy(dtype=float) / amount - mean[place]) ** 2
    degrees = len(paid) - len(known)
    spread = whole - float(w @ w) / whole
    if degrees == 0 or spread <= 0:
        return OwnMargin.none(len(customers))
    within = float(inside.sum()) / degrees
    between = (float(w @ (mean - of_all) ** 2) - (len(known) - 1) * within) / spread
    if not between > SAME * max(of_all**2, float(mean @ mean) / len(mean)):
        return OwnMargin.none(len(customers))
    z = between * w / (between * w + within)
    common = float(z @ mean) / float(z.sum())
    share, error = np.full(len(customers), common), np.full(len(customers), np.sqrt(between))
    rows = np.searchsorted(customers, known)
    share[rows], error[rows] = z * mean + (1 - z) * common, np.sqrt(between * (1 - z))
    level = float(sold @ share) / float(sold.sum())
    if not level > 0:  # what is kept of all is then not positive either, and nothing can be valued
        return OwnMargin.none(len(customers))
    return OwnMargin(share=share / level, error=error / level)
