"""One effect of several comparisons that share customers: those who wait are the control of more than one wave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """One comparison.

    Attributes
    ----------
    rows : (k,) int
        Positions of its customers among all.
    found
        Its estimate, with an influence of each of them.
    weight
        How many treated customers it speaks of.
    """

    rows: np.ndarray
    found: Estimate
    weight: float


def pooled(stacks: Sequence[Stack], size: int, unit: np.ndarray | None, *, confidence: float = 0.9) -> Estimate | None:
    """The mean effect on those who were treated.

    Parameters
    ----------
    stacks
        Comparisons whose estimates have influences.
    size
        Customers in all.
    unit : (size,) or None
        What was dealt as a whole; None: customers.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Estimate or None
        None of no stacks. Its error is that of the sum of each customer's (or unit's) influences over all comparisons,
        so that shared controls count once; degrees of freedom are the least of any comparison, of units − 2.

    References
    ----------
    Cengiz, Dube, Lindner and Zipperer (2019), appendix D, of stacked events; weights of Wing, Freedman and
    Hollingsworth (2024): shares of the treated.
    """
    if not stacks:
        return None
    weight = np.array([each.weight for each in stacks]) / sum(each.weight for each in stacks)
    influence = np.zeros(size)
    for share, each in zip(weight, stacks, strict=True):
        assert each.found.influence is not None
        np.add.at(influence, each.rows, share * each.found.influence)
    there = np.zeros(size, dtype=bool)
    there[np.concatenate([each.rows for each in stacks])] = True
    df = min(each.found.df for each in stacks)
    own, count = influence, int(there.sum())
    if unit is not None:
        code = np.unique(unit.astype(str), return_inverse=True)[1]
        own, count = np.bincount(code, influence), len(np.unique(code[there]))
        df = min(df, max(count - 2, 1))
        own = own * np.sqrt(count / max(count - 1, 1))
    treated, control = (
        float(sum(share * getattr(each.found, name) for share, each in zip(weight, stacks, strict=True)))
        for name in ("treated", "control")
    )
    return from_error(
        float(sum(share * each.found.estimate for share, each in zip(weight, stacks, strict=True))),
        float(np.sqrt((own**2).sum())),
        confidence=confidence,
        kind="robust" if unit is None else "clustered",
        df=df,
        n=int(there.sum()),
        units=count,
        treated=treated,
        control=control,
        influence=influence,
    )
