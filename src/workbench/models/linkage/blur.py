"""What answers that lie months apart make of slopes, worked out for the moments at which customers did answer.

Slopes are on what earlier answers tell of a month. That is less than satisfaction itself, and three slopes on it are
off by amounts that can be told. *Within* customers it is set against their own mean, in which later answers have a
part: a month of high satisfaction raises the answers after it, and with them the mean. *Between* customers the mean of
what is told varies less than what it tells of. And an answer may be a day or a month old at the beginning of the month
that is asked about, where the filter counts whole months.

For any pattern of answers there is no formula. So satisfaction is simulated as `Persistence` has it, answered at the
moments of the real answers with as much noise, and read by the same filter: what a slope of 1 comes out as is what
slopes are divided by. How fast satisfaction passes and how noisy answers are is hard to tell apart where answers are
seldom, and a fit may jump from one to the other; so it is fitted to halves of the customers, drawn again and again, and
simulated from each: their mean is the estimate, their spread its error.

References
----------
Nickell (1981), Biases in dynamic models with fixed effects, Econometrica 49(6): how own means mislead. Shao, Wu (1989),
A general theory for jackknife variance estimation, Annals of Statistics 17(3): leaving out half of them holds for
estimates that jump. Bühlmann, Yu (2002), Analyzing bagging, Annals of Statistics 30(4): the mean over halves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from workbench.errors import DataError
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.customer_months import CustomerMonths
from workbench.models.linkage.persistence import Persistence, fit_persistence

MOST = 5_000
"""Customers whose moments of answering stand for those of all: more of them move it by less than its error."""
SPLITS = 10
"""Of the customers into halves, both of which are used: the error is then known to a sixth of it."""
SURE = 2.0
"""Errors by which a slope of 1 within customers must come out above nothing, for anything to be divided by it."""
UNSEEN = 0.25
"""Share of a slope between customers that unseen traits are taken to make up at most, where the data do not tell how
ratings are coloured: a choice, about what loyalty made up in 40 simulated companies (a fifth; issue 18)."""
STRONGEST = 2.0
"""What is unseen may move behaviour directly by up to so many times what it does through satisfaction: a choice.
Customers leave once, so no data tell; loyalty of simulated companies does .5 to 2.2 times."""


@dataclass(frozen=True, kw_only=True)
class Blur:
    """What a slope of 1 on satisfaction comes out as on what earlier answers tell of it.

    Attributes
    ----------
    within
        Within customers.
    within_error
        Its standard error: from what is known of persistence, and from when in a month customers act.
    between
        On customers' means, over what a later answer shows of a point (`Carry`).
    whole
        The same on all that is told.
    unseen
        Share of what a told point stands for that is not experience but lasts unseen and colours ratings; None where
        that cannot be told.
    unseen_error
        Its standard error.
    """

    within: float = 1.0
    within_error: float = 0.0
    between: float = 1.0
    whole: float = 1.0
    unseen: float | None = None
    unseen_error: float = 0.0

    @property
    def tells_within(self) -> bool:
        """Whether a slope within customers can be told."""
        return self.within > SURE * self.within_error

    @property
    def most_unseen(self) -> float:
        """Share of a slope between customers that unseen traits are taken to make up at most."""
        return UNSEEN if self.unseen is None else float(_share(STRONGEST * self.unseen))

    def draw_unseen(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """Shares (draws,) of slopes between customers that unseen traits make up.

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.
        """
        strength = random.uniform(size=draws)
        if self.unseen is None:
            return UNSEEN * strength
        shown = np.maximum(self.unseen + self.unseen_error * random.standard_normal(draws), 0.0)
        return np.asarray(_share(STRONGEST * strength * shown))


def _share(added: np.ndarray | float) -> np.ndarray | float:
    """Of a slope, what makes up so much beside the effect of satisfaction, which counts as 1."""
    return added / (1 + added)


def fit_blur(
    answers: Answers,
    persistence: Persistence,
    months: CustomerMonths,
    *,
    carry: float,
    unseen: Callable[[Answers, Persistence], float | None],
    random_seed: int,
) -> Blur:
    """Simulate it.

    Parameters
    ----------
    answers
        With their moments.
    persistence
        Of satisfaction, as fitted to them.
    months
        On which slopes are: of customers who had answered before.
    carry
        What a predicted point stands for.
    unseen
        Slope of what lasts unseen on what lasts in the score, given answers and their persistence; None: not known.
    random_seed
        Of the simulation.
    """
    moments, rows = _some(answers, months, random_seed)
    random = np.random.default_rng(random_seed)
    found, shown = [], []
    for split in range(SPLITS):
        first = random.permutation(len(answers.ids)) % 2 == 0
        for half in (first, ~first):
            some = answers.of_rows(half[answers.customer])
            try:
                lasts = fit_persistence(some)
            except DataError:  # half as many pairs are too few: what is known of all must do
                lasts = persistence
            found.append(slopes_of(lasts, persistence, moments, rows, seed=[random_seed, split]))
            shown.append(unseen(some, lasts))
    begin, middle, between, whole, _ = np.mean(found, axis=0)
    told = [slopes[-1] * each for slopes, each in zip(found, shown, strict=True) if each is not None]
    known = unseen(answers, persistence) is not None and told
    stands = carry * whole
    return Blur(
        within=float(begin),
        # Customers act at any time around the beginning of a month, within half a month of it.
        within_error=float(np.hypot(np.std(found, axis=0)[0], (begin - middle) / np.sqrt(3))),
        between=float(between),
        whole=float(whole),
        unseen=float(max(np.mean(told) / stands, 0.0)) if known else None,
        unseen_error=float(np.std(told) / stands) if known else 0.0,
    )


def _some(answers: Answers, months: CustomerMonths, random_seed: int) -> tuple[Answers, CustomerMonths]:
    """Those of as many customers as are simulated."""
    chosen = np.random.default_rng(random_seed).permutation(len(answers.ids)) < MOST
    place = np.cumsum(chosen) - 1
    moments, followed = answers.of_rows(chosen[answers.customer]), months.of_rows(chosen[months.customer])
    return (
        replace(moments, ids=answers.ids[chosen], customer=place[moments.customer]),
        replace(followed, customer=place[followed.customer]),
    )


def slopes_of(
    lasts: Persistence, filtered_by: Persistence, answers: Answers, months: CustomerMonths, *, seed: list[int]
) -> np.ndarray:
    """Slopes (5,) of simulated satisfaction on what its answers tell of it.

    Within customers at the beginning of months and in their middle; on own means and on the whole, over that of
    answers; of what lasts on the whole.

    Parameters
    ----------
    lasts
        How satisfaction lasts in truth.
    filtered_by
        How it is taken to last when answers are read.
    answers
        With their moments.
    months
        On which slopes are.
    seed
        Of what is simulated.
    """
    random = np.random.default_rng(seed)
    told_of = lasts.between + lasts.within
    if told_of <= 0:
        return np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    begin, end, felt, level = _lived(lasts, answers, int(months.month.max()) + 1, random)
    given = filtered_by.mean + felt + np.sqrt(lasts.noise) * random.standard_normal(len(felt))
    told = filtered_by.filtered(answers, end.shape[1], score=given)
    at = months.customer, months.month
    seen = replace(months, satisfaction=told[at])
    mean, whole = seen.own_mean, seen.satisfaction
    within, true = whole - mean, begin[at]
    # A score holds its noise when effects are learnt on it, so a point of what is not noise stands for more.
    point = 1 + lasts.noise / told_of
    known = answers.month < end.shape[1]
    before = told[answers.customer[known], answers.month[known]]
    later = np.isfinite(before)
    basis = _slope(before[later], felt[known][later])
    return np.array(
        [
            point * _slope(within, true, empty=0.0),
            point * _slope(within, (true + end[at]) / 2, empty=0.0),
            _slope(mean, true) / basis,
            _slope(whole, true) / basis,
            _slope(whole, level[months.customer], empty=0.0),
        ]
    )


def _lived(
    persistence: Persistence, answers: Answers, months: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Satisfaction (customers, months) at the beginning and at the end of each month, (n,) as answered, what lasts."""
    many = len(answers.ids)
    share = np.ones((many, months))
    there = answers.month < months
    share[answers.customer[there], answers.month[there]] = answers.gone[there]
    level = np.sqrt(persistence.between) * random.standard_normal(many)
    passing = np.sqrt(persistence.within) * random.standard_normal(many)
    begin, asked, end = np.empty((3, many, months))
    for month in range(months):
        begin[:, month] = level + passing
        for time, kept in ((share[:, month], asked), (1 - share[:, month], end)):
            keep = persistence.keep**time
            noise = np.sqrt((1 - keep**2) * persistence.within) * random.standard_normal(many)
            passing = keep * passing + noise
            kept[:, month] = level + passing
    felt = np.zeros(len(answers.customer))
    felt[there] = asked[answers.customer[there], answers.month[there]]
    return begin, end, felt, level


def _slope(column: np.ndarray, outcome: np.ndarray, *, empty: float = 1.0) -> float:
    """By least squares; `empty` where the column does not vary."""
    away = column - column.mean()
    square = float(away @ away)
    return float(away @ outcome) / square if square > 0 else empty
