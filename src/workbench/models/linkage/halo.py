"""How far ratings are coloured by the general impression (halo), and what that does to effects.

The rating of a touchpoint that was not visited between two answers has no reason of its own to move. Where it moves
with what other touchpoints did to satisfaction, that is halo. If one point of satisfaction adds h points to each
rating, an effect per *reported* point is 1 / (1 + h Σw) of the effect w of a point of *experience*: whoever improves
the experience gets more than the ratings say.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage.answers import Answers
from workbench.wording import number, percent, sentence

FEWEST_PAIRS = 300
"""Pairs of ratings without a visit: the error of the halo is then about half of what is usual."""
MOST = 0.9
"""Of h Σb, where b are effects per reported point: beyond, all that ratings say would be halo."""
MUCH = 1.75
"""Times by which experience exceeds reported points, from which on it is warned: twice the usual halo is 1.8, and the
straight line that is assumed of it then costs cover (docs/validation_of_returns.md, `halo=2`)."""
HELD = 0.79
"""Of true returns, the share that 90% intervals hold in simulated companies with twice the usual halo (same page)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Halo:
    """What a point of satisfaction adds to a rating.

    Attributes
    ----------
    points : (draws,)
        h, in points of a rating for a log-odds of satisfaction; 0 where it cannot be told.
    reported : (draws,)
        Effects of a reported point at each touchpoint together, as ratings are used.
    pairs
        Ratings that were compared; 0 where no visits are recorded.
    """

    points: np.ndarray
    reported: np.ndarray
    pairs: int

    @property
    def known(self) -> bool:
        """Whether there were enough pairs."""
        return self.pairs >= FEWEST_PAIRS

    @property
    def factor(self) -> np.ndarray:
        """By how much (draws,) effects of experience exceed those of reported points."""
        return self.factor_of(self.reported)

    def factor_of(self, reported: np.ndarray) -> np.ndarray:
        """The same where effects of reported points are others.

        Parameters
        ----------
        reported : (draws,)
            Of all touchpoints together.
        """
        return np.asarray(1 / (1 - np.clip(self.points * reported, 0.0, MOST)))

    def exhibits(self) -> Iterator[Showable]:
        """How large it is, or that it cannot be told."""
        yield {"halo": float(self.points.mean())} if self.known else {"halo": None}
        mean = float(self.factor.mean())
        if not self.known:
            title = sentence("How far ratings are coloured cannot be told")
            message = sentence(
                "Halo cannot be told: {pairs} ratings without a visit in between, {fewest} are needed. Effects are "
                "those of reported ratings; an improved experience may bring more.",
                pairs=number(self.pairs),
                fewest=number(FEWEST_PAIRS),
            )
        else:
            low, high = np.quantile(self.factor, [0.05, 0.95])
            told = {"factor": number(mean), "low": number(float(low)), "high": number(float(high))}
            if mean > MUCH:
                title = sentence("Ratings are strongly coloured by the general impression")
                message = sentence(
                    "An improved experience brings {factor} times what its ratings say (90% {low} to {high}). Returns "
                    "are less sure than their intervals: with twice the usual halo, 90% intervals held {held} of the "
                    "true returns of simulated companies.",
                    held=percent(HELD),
                    **told,
                )
            else:
                title = sentence("Ratings are coloured by the general impression")
                message = sentence(
                    "An improved experience brings {factor} times what its ratings say (90% {low} to {high}): ratings "
                    "are coloured by the general impression. {pairs} ratings without a visit in between tell.",
                    pairs=number(self.pairs),
                    **told,
                )
        yield Check(
            name="halo",
            status="pass" if self.known and mean <= MUCH else "warn",
            title=title,
            message=message,
            value=mean,
        )


def fit_halo(answers: Answers, visits: pd.DataFrame | None, *, random_seed: int) -> Halo:
    """The halo, from ratings of touchpoints that were not visited between two answers.

    Parameters
    ----------
    answers
        In the order of customers and months.
    visits
        Contacts: `customer_id`, `timestamp`, `touchpoint` (by the name of an item, or what it is called).
        Touchpoints without a contact are taken as not recorded and tell nothing. None: no contacts are known.
    random_seed
        Of the bootstrap over customers.

    Returns
    -------
    Halo
        As many draws as the effects have; customers are drawn again for each.
    """
    draws = len(answers.effects)
    sums = _sums(answers, visits)
    pairs = int(sums["pairs"].sum()) if len(sums) else 0
    if pairs < FEWEST_PAIRS:
        return Halo(points=np.zeros(draws), reported=np.zeros(draws), pairs=pairs)
    random = np.random.default_rng(random_seed)
    table = sums[["product", "square", "effect"]].to_numpy()
    weights = random.exponential(size=(draws, len(table)))  # the Bayesian bootstrap (Rubin 1981), over customers
    product, square, effect = (weights @ table).T
    slope = product / square
    points = np.maximum(slope / (1 + slope * effect / square), 0.0)
    return Halo(points=points, reported=answers.effects @ answers.used.mean(axis=0), pairs=pairs)


def _sums(answers: Answers, visits: pd.DataFrame | None) -> pd.DataFrame:
    """By customer: what the slope of ratings on others' parts is made of."""
    if visits is None or visits.empty or not {"customer_id", "timestamp", "touchpoint"} <= set(visits):
        return pd.DataFrame()
    later = np.flatnonzero(answers.customer[1:] == answers.customer[:-1]) + 1
    parts, effects = answers.parts, answers.effects.mean(axis=0)
    total = parts.sum(axis=1)
    who = answers.places_of(visits["customer_id"])
    known = (who >= 0) & visits["timestamp"].notna().to_numpy()
    found = []
    for k, driver in enumerate(answers.drivers):
        here = known & visits["touchpoint"].isin([driver, answers.labels[k]]).to_numpy()
        if not here.any():
            continue
        both = later[np.isfinite(answers.ratings[later, k]) & np.isfinite(answers.ratings[later - 1, k])]
        still = both[~_visited(answers, both, who[here], visits["timestamp"].to_numpy()[here])]
        rating = answers.ratings[still, k] - answers.ratings[still - 1, k]
        others = (total - parts[:, k])[still] - (total - parts[:, k])[still - 1]
        found.append(
            pd.DataFrame(
                {
                    "customer": answers.customer[still],
                    "pairs": 1,
                    "product": rating * others,
                    "square": others**2,
                    "effect": effects[k] * others**2,
                }
            )
        )
    return pd.concat(found).groupby("customer").sum() if found else pd.DataFrame()


def _visited(answers: Answers, rows: np.ndarray, who: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Whether a visit, of whom and when, lies between the answer of each row and the one before it."""
    day = np.datetime64("1970-01-01")
    second = np.timedelta64(1, "s")
    moments = ((when - day) / second).astype(float)
    # One axis for all customers: a customer's time is moved by more than all records span.
    span = float(moments.max() - moments.min()) + 10 * 366 * 86_400.0
    axis = np.sort(who * span + moments)
    of = answers.customer * span + ((answers.timestamp - day) / second).astype(float)
    return np.searchsorted(axis, of[rows], side="right") > np.searchsorted(axis, of[rows - 1], side="right")
