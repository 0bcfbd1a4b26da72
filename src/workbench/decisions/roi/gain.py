"""What one initiative brings month by month: cells of like customers, their gain, and who is still there to have it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.decisions.roi.initiatives import Initiative
from workbench.decisions.roi.links import Base, Lift, Link
from workbench.decisions.roi.ratings import Ratings

CELLS = 48
"""Cells of like score: gains stay within a thousandth of those customer by customer."""
LEVELS = 11
"""Levels of what lasts in customers' satisfaction (nodes of Gauss and Hermite): more change no digit that is shown."""
LEAST_UNSEEN = 0.05
"""Of the variance of what lasts, the share that answers never tell: keeps a level from being taken as known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Customers of like score and rating.

    Attributes
    ----------
    score : (C,)
        From the mean of all answers.
    counts : (C, P + 1)
        Customers by rating, the last unrated; those who seldom answer count for the others of their kind.
    levels : (J,)
        Of what lasts in satisfaction.
    belong : (C, J)
        How far a cell's customers are of each level.
    """

    score: np.ndarray
    counts: np.ndarray
    levels: np.ndarray
    belong: np.ndarray

    @classmethod
    def of(cls, link: Link, ratings: np.ndarray, points: np.ndarray) -> "Cells":
        """From scores and ratings of the same answers.

        Parameters
        ----------
        link
            With the score (n,), and what is known of who answers and of what lasts.
        ratings : (n,)
            NaN: not used.
        points : (P,)
            That occur.
        """
        away = link.score - link.score.mean()
        cell = np.digitize(away, np.linspace(away.min(), away.max(), CELLS + 1)[1:-1])
        place = np.where(np.isfinite(ratings), np.searchsorted(points, ratings), len(points))
        counts = np.zeros((CELLS, len(points) + 1))
        np.add.at(counts, (cell, place), np.exp(-link.replies * away))
        score = np.bincount(cell, away, minlength=CELLS) / np.maximum(np.bincount(cell, minlength=CELLS), 1)
        known = counts.sum(axis=1) > 0
        score, counts = score[known], counts[known]
        many = counts.sum(axis=1)
        levels, belong = _levels(score - score @ many / many.sum(), many, link)
        return cls(score=score, counts=counts, levels=levels, belong=belong)

    def change(self, slope: np.ndarray, rise: np.ndarray, apart: np.ndarray) -> np.ndarray:
        """Relative change (draws, J) of a rate among those of each level, once all who use it have been there.

        Parameters
        ----------
        slope : (draws,)
            Log rate for a log-odds of satisfaction.
        rise : (draws, C, P)
            Satisfaction gained.
        apart : (draws,)
            The same slope as customers differ, whatever the reason: whose change counts for how much.
        """
        weight = np.exp(apart[:, None] * self.score)
        gained = np.einsum("cp,dcp->dc", self.counts[:, :-1], np.expm1(slope[:, None, None] * rise))
        return ((weight * gained) @ self.belong) / ((weight * self.counts.sum(axis=1)) @ self.belong)


def _levels(score: np.ndarray, many: np.ndarray, link: Link) -> tuple[np.ndarray, np.ndarray]:
    """Levels, and the chance of each given a score: what lasts is normal, and a score tells a part of it."""
    if link.lasting <= 0:
        return np.zeros(1), np.ones((len(score), 1))
    nodes, weights = np.polynomial.hermite_e.hermegauss(LEVELS)
    variance = many @ score**2 / many.sum()
    told = min(link.shown / variance, 1.0) if variance > 0 else 0.0
    left = max(link.lasting - told**2 * variance, LEAST_UNSEEN * link.lasting)
    levels = np.sqrt(link.lasting) * nodes
    belong = weights * np.exp(nodes**2 / 2 - (levels - told * score[:, None]) ** 2 / (2 * left))
    return levels, belong / belong.sum(axis=1, keepdims=True)


def gain(initiative: Initiative, lift: np.ndarray, at: Lift, link: Link, base: Base) -> np.ndarray:
    """Cash (draws, months) over doing nothing.

    Parameters
    ----------
    initiative
        When it starts, whom it reaches.
    lift : (draws,)
        In standard deviations of the experience.
    at
        What a better experience moves.
    link
        What satisfaction moves.
    base
        What customers bring when nothing is done.
    """
    used = np.isfinite(at.ratings)
    if not used.any():
        return np.zeros_like(base.customers)
    ratings = Ratings.of(at.ratings[used])
    cells = Cells.of(link, at.ratings, ratings.points)
    rise = (at.effect * at.halo * at.shape)[:, None, None] * ratings.gains(
        lift / at.widening, at.colour[:, None] * cells.score
    )
    months = base.customers.shape[1]
    share = float(cells.counts[:, :-1].sum() / cells.counts.sum())
    # A visit a month with probability p makes `used` within the months that are recalled.
    visits = 1 - (1 - min(share, 1 - 1e-9)) ** (1 / at.recall_months)
    since = np.clip(np.arange(months) - initiative.start, 0, at.recall_months)
    met = (1 - (1 - visits) ** since) / share * initiative.strength(months) * initiative.reach
    apart = {reason: link.apart.get(reason, link.leaving[reason]) for reason in base.hazards if reason in link.leaving}
    changes = {
        reason: (cells.change(link.leaving[reason], rise, own), _decided(met, link.waits.get(reason)))
        for reason, own in apart.items()
    }
    left, kept = _staying(cells, changes, apart, base)
    customers = base.customers * (kept.sum(axis=2) / left.sum(axis=2) - 1)
    buying = link.orders if link.buying is None else link.buying
    rate = np.exp(buying[:, None] * cells.levels)[:, None, :]
    more = 1 + cells.change(link.orders, rise, buying)[:, None, :] * met[:, None]
    bought = (kept * rate * more).sum(axis=2) / (left * rate).sum(axis=2) - 1
    return customers * base.other + base.customers * base.orders * bought


def _decided(met: np.ndarray, waits: np.ndarray | None) -> np.ndarray:
    """Share (draws or 1, months) of leavers of a month whose decision fell when the experience was better."""
    if waits is None:
        return met[None, :]
    months, lags = len(met), waits.shape[1]
    back = np.arange(months)[:, None] - np.arange(lags)
    return waits @ np.where(back >= 0, met[np.maximum(back, 0)], 0.0).T


def _staying(
    cells: Cells,
    changes: Mapping[str, tuple[np.ndarray, np.ndarray]],
    apart: Mapping[str, np.ndarray],
    base: Base,
) -> tuple[np.ndarray, np.ndarray]:
    """Customers (draws, months, J) by level in the middle of each month, when nothing is done and when it is.

    Who is kept is who was most about to leave, and stays so: levels of satisfaction are followed apart, each at its own
    rate, and all together leave at the rate of the base as long as nothing is done. They are counted as shares of those
    of whom nobody has left for a reason that is learnt.
    """
    draws, months = base.customers.shape
    begin = cells.counts.sum(axis=1) @ cells.belong
    left = np.tile(begin / begin.sum(), (draws, 1))
    kept = left.copy()
    rates = {reason: np.exp(slope[:, None] * cells.levels) for reason, slope in apart.items()}
    undone, done = np.empty((2, draws, months, len(cells.levels)))
    for month in range(months):
        usual, fewer = np.zeros_like(left), np.zeros_like(left)
        for reason, (change, met) in changes.items():
            mean = (left * rates[reason]).sum(axis=1) / left.sum(axis=1)
            own = (base.hazards[reason][:, month] / mean)[:, None] * rates[reason]
            usual += own
            fewer += own * change * met[:, month, None]
        stay, more = np.exp(-usual / 2), np.exp(-(usual + fewer) / 2)
        undone[:, month], done[:, month] = left * stay, kept * more
        left, kept = left * stay**2, kept * more**2
    return undone, done
