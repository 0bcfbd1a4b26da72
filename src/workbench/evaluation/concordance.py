"""Does a higher predicted risk mean leaving sooner? Harrell's and Uno's concordance with a standard error."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from workbench.evaluation.censoring import FLOOR, CensoringSurvival
from workbench.statistics.at_risk import gone_by, there_at


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of which one is known to leave first, counted for each customer.

    Attributes
    ----------
    right, comparable (n,)
        Weight of the pairs in which the customer takes part: those ranked rightly (ties of risk count half), and all.
    """

    right: np.ndarray
    comparable: np.ndarray


def count_pairs(
    durations: np.ndarray,
    events: np.ndarray,
    risk: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    stands: np.ndarray | None = None,
) -> Pairs:
    """Compare every two customers of whom one was seen to leave while the other was still there.

    Who leaves at the moment at which another is censored leaves first; two who leave at the same moment are not
    compared. Takes time with n log(n)^2: halves of the customers in order of time are merged in order of risk.

    Parameters
    ----------
    durations, events, risk (n,)
        Time observed, whether the customer left, and the prediction (higher: sooner).
    weights (n,)
        Weight of a pair, by the one who left; 1 (Harrell) where it is None, `uno_weights` for Uno's.
    stands (n,)
        For how many each customer stands (survey weights): a pair counts as the product of both; 1 where it is None.

    References
    ----------
    Harrell, Lee and Mark (1996); Uno, Cai, Pencina, D'Agostino and Wei (2011).
    """
    size = len(durations)
    stands = np.ones(size) if stands is None else stands
    weight = np.where(events, stands if weights is None else stands * weights, 0.0)
    step = np.unique(np.column_stack([durations, ~events.astype(bool)]), axis=0, return_inverse=True)[1].ravel()
    level = np.unique(risk, return_inverse=True)[1].ravel()
    # Among those of one moment the lower risk comes first, so that no two of them count as ranked rightly.
    order = np.lexsort((level, step))
    step, level, weight, stands = step[order], level[order], weight[order], stands[order]

    below, above = _lower_after(level, stands), _heavier_before(level, weight)
    ties, tied_weight = _equal_after(level, step, weight, stands)
    so_far = np.append(0.0, stands.cumsum())
    later = so_far[-1] - so_far[np.searchsorted(step, step, side="right")]
    earlier = np.append(0.0, weight.cumsum())[np.searchsorted(step, step, side="left")]
    right, comparable = np.empty(size), np.empty(size)
    right[order] = weight * (below + 0.5 * ties) + stands * (above + 0.5 * tied_weight)
    comparable[order] = weight * later + stands * earlier
    return Pairs(right, comparable)


def _merges(level: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each way in which neighbouring blocks of 1, 2, 4, … places are merged.

    The order by (block pair, level), whether each comes from the left block, and where its pair begins in that order.
    Equal levels: the left ones first.
    """
    size, block = len(level), 1
    place = np.arange(size)
    order = place
    span = int(level.max(initial=0)) + 1
    while block < size:
        pair = place // (2 * block)
        order = order[np.argsort((pair * span + level)[order], kind="stable")]
        yield order, (order // block) % 2 == 0, pair[order] * 2 * block
        block *= 2


def _lower_after(level: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """For each place, for how many the later ones with a lower level stand."""
    count = np.zeros(len(level))
    for order, left, start in _merges(level):
        from_right = np.append(0.0, np.cumsum(np.where(left, 0.0, stands[order])))
        count[order[left]] += (from_right[1:] - from_right[start])[left]
    return count


def _heavier_before(level: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """For each place, the weight of the earlier ones with a higher level."""
    total = np.zeros(len(level))
    for order, left, start in _merges(level):
        ends = np.append(start[1:] != start[:-1], True).nonzero()[0] if len(start) else np.zeros(0, int)
        from_left = np.append(0.0, np.cumsum(np.where(left, weight[order], 0.0)))
        whole = np.repeat(from_left[ends + 1], np.diff(np.append(-1, ends)))
        total[order[~left]] += (whole - from_left[1:])[~left]
    return total


def _equal_after(
    level: np.ndarray, step: np.ndarray, weight: np.ndarray, stands: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each place, for how many those of the same level at a later step stand.

    The weight of those at an earlier one.
    """
    steps = int(step.max(initial=0)) + 1
    key = level * steps + step
    order = np.argsort(key, kind="stable")
    key = key[order]
    until = np.searchsorted(key, (level[order] + 1) * steps)
    after, before = np.empty(len(level)), np.empty(len(level))
    counted, total = (np.append(0.0, each[order].cumsum()) for each in (stands, weight))
    after[order] = counted[until] - counted[np.searchsorted(key, key, side="right")]
    before[order] = total[np.searchsorted(key, key)] - total[np.searchsorted(key, level[order] * steps)]
    return after, before


def uno_weights(durations: np.ndarray, before: np.ndarray, until: float) -> np.ndarray:
    """Weights of Uno's concordance: 1 over the squared probability of being followed, for leavers before `until`.

    Parameters
    ----------
    durations (n,)
        Time observed.
    before (n,)
        Probability that the customer was still followed just before it; see `workbench.evaluation.censoring`.
    until
        Leavers after this time do not count: few would still be followed.
    """
    return np.where(durations < until, 1 / before**2, 0.0)


def count_dependent_pairs(
    durations: np.ndarray,
    events: np.ndarray,
    risk: np.ndarray,
    before: np.ndarray,
    followed_at: Callable[[np.ndarray], np.ndarray],
    until: float,
    stands: np.ndarray | None = None,
) -> Pairs:
    """As `count_pairs` with Uno's weights, where being followed depends on who a customer is.

    A pair of i, who left at t, and j weighs 1 over the probabilities that i was followed until just before t and that j
    was until t. Takes time with the square of the customers.

    Parameters
    ----------
    before (n,)
        Probability that each was followed until just before their own time.
    followed_at
        From K times to the probabilities (n, K) of being followed until then.
    until
        Leavers from this time on do not count.
    stands (n,)
        As in `count_pairs`.
    durations, events, risk (n,)
        As in `count_pairs`.

    References
    ----------
    Gerds, Kattan, Schumacher and Yu (2013), equation 9.
    """
    right, comparable = np.zeros(len(durations)), np.zeros(len(durations))
    stands = np.ones(len(durations)) if stands is None else stands
    times = np.unique(durations[events & (durations < until)])
    for start in range(0, len(times), 50):
        some = times[start : start + 50]
        for time, at in zip(some, followed_at(some).T, strict=True):
            leavers = np.flatnonzero(events & (durations == time))
            others = np.flatnonzero(there_at(durations, events, time))
            first, second = (
                stands[who] / np.maximum(censoring[who], FLOOR) for who, censoring in ((leavers, before), (others, at))
            )
            weight = np.outer(first, second)
            own, their = risk[leavers][:, None], risk[others]
            agree = weight * ((own > their) + 0.5 * (own == their))
            right[leavers] += agree.sum(axis=1)
            right[others] += agree.sum(axis=0)
            comparable[leavers] += weight.sum(axis=1)
            comparable[others] += weight.sum(axis=0)
    return Pairs(right, comparable)


def concordance(pairs: list[Pairs]) -> tuple[float, float]:
    """Share of pairs ranked rightly, and its standard error, averaged over repeats on the same customers.

    The standard error is that of a U-statistic by its linear terms (the infinitesimal jackknife): how much the share
    would vary with other customers, the predictions and weights being given.

    Parameters
    ----------
    pairs
        One for each repeat, customers in the same order.

    Returns
    -------
    float, float
        Both NaN where no two customers can be compared.

    Examples
    --------
    >>> pairs = count_pairs(np.array([1.0, 2, 3, 4]), np.array([True, True, True, False]), np.array([9, 7, 8, 1]))
    >>> round(concordance([pairs])[0], 4)  # 5 of 6
    0.8333
    """
    shares, influences = [], []
    for repeat in pairs:
        total = repeat.comparable.sum() / 2  # each pair stands with both of its customers
        if not total:
            return float("nan"), float("nan")
        share = repeat.right.sum() / 2 / total
        shares.append(share)
        influences.append((repeat.right - share * repeat.comparable) / total)
    influence = np.mean(influences, axis=0)
    return float(np.mean(shares)), float(np.sqrt((influence**2).sum()))


def auc_at(
    durations: np.ndarray,
    events: np.ndarray,
    risk: np.ndarray,
    censoring: CensoringSurvival,
    time: float,
    *,
    stands: np.ndarray | None = None,
) -> float | None:
    """Of a customer gone by `time` and one still there then, how often the first has the higher risk.

    The cumulative/dynamic area under the ROC curve; customers weigh 1 over the probability of being followed until they
    left, or until `time`. None where nobody is known to be gone, or nobody to be there.

    Parameters
    ----------
    durations, events, risk (n,)
        Time observed, whether the customer left, and the risk of being gone by `time`, not over another span: where
        hazard ratios change, who is at risk early is not who is at risk late.
    censoring
        With one time.
    stands (n,)
        As in `count_pairs`.
    time
        By which they are gone, in the unit of the durations.

    References
    ----------
    Uno, Cai, Tian and Wei (2007); Hung and Chiang (2010).
    """
    gone, there = gone_by(durations, events, time), there_at(durations, events, time)
    if not gone.any() or not there.any():
        return None
    stands = np.ones(len(durations)) if stands is None else stands
    order = np.argsort(risk[there], kind="stable")
    ranked = risk[there][order]
    weight = np.append(0.0, (stands[there] / np.maximum(censoring.at[there, 0], FLOOR))[order].cumsum())
    own = risk[gone]
    wins = (weight[np.searchsorted(ranked, own, side="left")] + weight[np.searchsorted(ranked, own, side="right")]) / 2
    return float(np.average(wins, weights=stands[gone] / np.maximum(censoring.before[gone], FLOOR)) / weight[-1])
