"""Surveys with traps, drawn from worlds whose truth is known: for coverage of intervals and hits of recommendations.

A world has drivers of known effect on an outcome from 0 to 10 and any of `TRAPS`. What is true of it is worked out from
the definition, without the package's models: a person's mood, which nobody sees, is integrated over given all that the
person rated, so that what raising a *reported* rating goes with (`reported`, what a model of answers can know) and what
raising the *experience* does (`experienced`, mood as it is) are both exact but for the chance of 20,000 people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri
from tests.models.drivers.answer_sheets import column

TRAPS = ("halo", "scales", "segments", "time", "cuts", "repeated", "unused", "weights")
"""One mood behind all answers; scales of different length; plans whose levels of ratings and outcome run against each
other; quarters over which ratings and outcome rise together; a driver that decides between 9 and 10 only; several
answers a customer; drivers that do not apply to a third; uneven survey weights."""
SCALES = ((1, 5), (0, 10), (1, 7), (0, 100), (1, 5), (0, 10))
CUTS = np.array([-5.2, -4.6, -4.0, -3.4, -2.8, -2.1, -1.3, -0.4, 0.8, 2.0])
PEOPLE, PEOPLE_OF_SHARES = 20_000, 80_000
MOODS = np.linspace(-3.6, 3.6, 25)
SHARED = 0.35
"""Of the variance of each rating, what all ratings of a person share without a mood."""
MOOD_IN_RATINGS, MOOD_IN_OUTCOME = 0.6, 1.0
OF_CUSTOMER = 0.6
"""Correlation of one customer's answers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What surveys are drawn from.

    Attributes
    ----------
    effects
        (D,): log-odds of a higher answer for one standard deviation of each experience.
    traps
        Which of `TRAPS` it has.
    ends
        (D, 2): scales.
    decides
        The driver that decides between 9 and 10 alone (trap `cuts`); its effect is 0.
    """

    effects: np.ndarray
    traps: frozenset[str]
    ends: np.ndarray
    decides: int | None

    @property
    def names(self) -> list[str]:
        return [f"d{place}" for place in range(len(self.effects))]

    def draw(self, n: int, rng: np.random.Generator, *, repeated: bool = True) -> dict[str, np.ndarray]:
        """People as they are: `mood`, `latent` and `ratings` (n, D), `applies`, `plan`, `quarter`, `customer`, `shift`
        (what plan and quarter add to the outcome), `noise`.
        """
        count = len(self.effects)
        customer = rng.integers(0, max(n // 6, 1), n) if repeated and "repeated" in self.traps else np.arange(n)

        def normal(*shape):  # answers of one customer resemble each other
            own, now = rng.standard_normal((customer.max() + 1, *shape)), rng.standard_normal((n, *shape))
            return np.sqrt(OF_CUSTOMER) * own[customer] + np.sqrt(1 - OF_CUSTOMER) * now

        mood = normal()
        common = MOOD_IN_RATINGS * mood if "halo" in self.traps else np.sqrt(SHARED) * normal()
        spread = np.sqrt(1 - (MOOD_IN_RATINGS**2 if "halo" in self.traps else SHARED))
        plan, quarter = rng.integers(0, 3, n), rng.integers(0, 8, n)
        moved, shift = np.zeros(n), np.zeros(n)
        if "segments" in self.traps:
            moved, shift = moved + 0.8 * (plan - 1), shift - 1.6 * (plan - 1)
        if "time" in self.traps:
            moved, shift = moved + 0.25 * (quarter - 3.5), shift + 0.35 * (quarter - 3.5)
        latent = common[:, None] + moved[:, None] + spread * normal(count)
        applies = np.ones((n, count), dtype=bool)
        if "unused" in self.traps:
            applies = rng.random((n, count)) > 1 / 3
            applies[~applies.any(1), 0] = True
        chance = np.clip(ndtr(normal()), 1e-12, 1 - 1e-12)
        return {
            "mood": mood,
            "moved": moved,
            "latent": latent,
            "ratings": self.rated(latent),
            "applies": applies,
            "plan": plan,
            "quarter": quarter,
            "customer": customer,
            "shift": shift,
            "noise": np.log(chance) - np.log1p(-chance),
        }

    def _step(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = self.ends.T
        return (high - low) / 5.0, low + 0.6 * (high - low)  # points a standard deviation, and where the mean lies

    def rated(self, latent: np.ndarray) -> np.ndarray:
        points, mean = self._step()
        return np.clip(np.round(mean + points * latent), *self.ends.T)

    def scaled(self, ratings: np.ndarray) -> np.ndarray:
        """Ratings in standard deviations of what is experienced."""
        points, mean = self._step()
        return (ratings - mean) / points

    def predictor(self, people: dict, ratings: np.ndarray) -> np.ndarray:
        """(n,): without the mood."""
        return people["shift"] + np.where(people["applies"], self.scaled(ratings), 0) @ self.effects

    def above(self, predictor: np.ndarray, ratings: np.ndarray, applies: np.ndarray) -> np.ndarray:
        """(…, n, 10): chance of an answer above each cut."""
        out = expit(predictor[..., None] - CUTS)
        if self.decides is not None:
            x = np.where(applies[:, self.decides], self.scaled(ratings)[:, self.decides], 0)
            out[..., 9] = out[..., 8] * expit(1.2 * x - 0.4)
        return out

    def answers(self, people: dict, rng: np.random.Generator) -> np.ndarray:
        eta = self.predictor(people, people["ratings"])
        if "halo" in self.traps:
            eta = eta + MOOD_IN_OUTCOME * people["mood"]
        found = np.searchsorted(CUTS, eta + people["noise"]).astype(float)
        if self.decides is None:
            return found
        x = np.where(people["applies"][:, self.decides], self.scaled(people["ratings"])[:, self.decides], 0)
        top = rng.random(len(found)) < expit(1.2 * x - 0.4)
        return np.where(found >= 9, 9.0 + top, found)

    # Truth ----------------------------------------------------------------------------------------------------------

    def _of_moods(self, people: dict, ratings: np.ndarray, place: int) -> np.ndarray:
        """(n, M): chance of one rating under each mood; 1 where the driver did not apply."""
        points, mean = self._step()
        low, high = self.ends[place]
        spread = np.sqrt(1 - MOOD_IN_RATINGS**2)
        centre = MOOD_IN_RATINGS * MOODS + people["moved"][:, None]
        x = ratings[:, place]
        upper = np.where(x >= high, np.inf, (x + 0.5 - mean[place]) / points[place])
        lower = np.where(x <= low, -np.inf, (x - 0.5 - mean[place]) / points[place])
        chance = ndtr((upper[:, None] - centre) / spread) - ndtr((lower[:, None] - centre) / spread)
        return np.where(people["applies"][:, [place]], np.maximum(chance, 1e-12), 1.0)

    def truth(self, raised: Callable[[np.ndarray, int, np.ndarray], np.ndarray], rng) -> "Truth":
        """What is true of everybody whom surveys are drawn from.

        Parameters
        ----------
        raised
            Ratings of one driver after the scenario, from all ratings (n, D), the driver's place and `ends`.
        """
        people = self.draw(PEOPLE, rng, repeated=False)
        ratings, applies, count = people["ratings"], people["applies"], len(self.effects)
        halo = "halo" in self.traps
        chances = [self._of_moods(people, ratings, d) for d in range(count)] if halo else []

        def nps(ratings, moods):
            eta = self.predictor(people, ratings)
            if not halo:
                return _nps(self.above(eta, ratings, applies)).mean()
            each = np.array([_nps(self.above(eta + MOOD_IN_OUTCOME * m, ratings, applies)) for m in MOODS])
            return (each.T * moods).sum(1).mean()

        now = _posterior(chances) if halo else None
        before = nps(ratings, now)
        reported, experienced = np.zeros(count), np.zeros(count)
        for d in range(count):
            after = ratings.copy()
            after[:, d] = np.where(applies[:, d], raised(ratings, d, self.ends), ratings[:, d])
            experienced[d] = nps(after, now) - before
            reported[d] = experienced[d]
            if halo:
                others = [*chances[:d], self._of_moods(people, after, d), *chances[d + 1 :]]
                reported[d] = nps(after, _posterior(others)) - before
        return Truth(nps=before, reported=reported, experienced=experienced, share=self._shares(rng))

    def _shares(self, rng) -> np.ndarray:
        """(D,): Shapley shares of what ratings (and whether they apply) say of the outcome within plan and quarter."""
        people = self.draw(PEOPLE_OF_SHARES, rng, repeated=False)
        ratings, applies, count = people["ratings"], people["applies"], len(self.effects)
        eta = self.predictor(people, ratings) - people["shift"]
        if "halo" in self.traps:
            moods = _posterior([self._of_moods(people, ratings, d) for d in range(count)])
            eta = eta + MOOD_IN_OUTCOME * moods @ MOODS
        x = np.where(applies, ratings, np.nan)
        x = np.nan_to_num((x - np.nanmean(x, 0)) / np.nanstd(x, 0))
        driver = np.arange(count)
        if not applies.all():
            x, driver = np.column_stack([x, applies.astype(float)]), np.tile(driver, 2)
        cells = pd.Series(people["plan"] * 8 + people["quarter"])
        away = lambda z: z - pd.DataFrame(z).groupby(cells.to_numpy()).transform("mean").to_numpy()  # noqa: E731
        x, eta = away(x), away(eta[:, None])[:, 0]
        covariance, joint = np.cov(x, rowvar=False), x.T @ eta / (len(eta) - 1)

        def explained(members):
            own = np.flatnonzero(np.isin(driver, members))
            return joint[own] @ np.linalg.solve(covariance[np.ix_(own, own)], joint[own]) if len(own) else 0.0

        known = {}
        gains = np.zeros(count)
        for order in permutations(range(count)):
            for place, d in enumerate(order):
                pair = [frozenset(order[:place]), frozenset(order[: place + 1])]
                for each in pair:
                    known.setdefault(each, explained(list(each)) if each not in known else 0)
                gains[d] += known[pair[1]] - known[pair[0]]
        return gains / gains.sum()


def _posterior(likelihoods: list[np.ndarray]) -> np.ndarray:
    """(n, M): how probable each mood is, given chances of all ratings under each."""
    found = np.exp(-0.5 * MOODS**2) * np.prod(likelihoods, axis=0)
    return found / found.sum(1, keepdims=True)


def _nps(above: np.ndarray) -> np.ndarray:
    return 100 * (above[..., 8] + above[..., 6] - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Of everybody: the Net Promoter Score, what raising each reported rating goes with and each experience does
    (points of NPS, (D,)), and each driver's Shapley share of what reported ratings say within plan and quarter.
    """

    nps: float
    reported: np.ndarray
    experienced: np.ndarray
    share: np.ndarray


def draw_world(rng: np.random.Generator, *, drivers: int = 6, traps=None, effects=None) -> World:
    """A world with each trap at random in half of all, unless they are given; effects from nothing to much."""
    traps = [trap for trap in TRAPS if rng.random() < 0.5] if traps is None else traps
    if effects is None:
        effects = rng.permutation(np.resize([0.9, 0.5, 0.3, 0.0, 0.0, 0.2], drivers))
    effects = np.array(effects, dtype=float)
    decides = None
    if "cuts" in traps:
        decides = int(np.flatnonzero(effects == effects.min())[0])
        effects[decides] = 0.0
    ends = np.array([SCALES[d % len(SCALES)] if "scales" in traps else (1, 5) for d in range(drivers)], dtype=float)
    return World(effects=effects, traps=frozenset(traps), ends=ends, decides=decides)


def draw_survey(world: World, rng: np.random.Generator, n: int = 1500, missing: float = 0.03):
    """A table `surveys` and its columns, as `read_ratings` takes them, with `plan`, `wave`, `customer_id`, `weight`."""
    people = world.draw(n, rng)
    frame = pd.DataFrame({"outcome": world.answers(people, rng)})
    frame["plan"] = np.array(["basic", "plus", "pro"])[people["plan"]]
    frame["wave"] = [f"20{22 + q // 4}Q{1 + q % 4}" for q in people["quarter"]]
    frame["customer_id"] = [f"c{place}" for place in people["customer"]]
    columns = [column("outcome", "outcome", (0, 10), label="Would recommend us"), column("plan", "", None)]
    columns += [column("wave", "", None), column("customer_id", "", None)]
    for d, name in enumerate(world.names):
        without = rng.random(n) < missing
        frame[name] = np.where(people["applies"][:, d] & ~without, people["ratings"][:, d], np.nan)
        if "unused" in world.traps:
            frame[f"{name}__not_applicable"] = ~people["applies"][:, d] & ~without
        columns.append(column(name, "driver", tuple(world.ends[d])))
    if "weights" in world.traps:
        frame["weight"] = np.exp(0.5 * ndtri(rng.random(n)))
        columns.append(column("weight", "", None, weighting="survey"))
    return frame, columns
