"""A fitted drivers' model in tables: importance, what-if gains, the order of work, groups, and how sure each is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from workbench.models.drivers.effects.asymmetry import asymmetry_table
from workbench.models.drivers.effects.effect_differences import difference_table
from workbench.models.drivers.effects.general_local import Grouping, effect_table, reach_table, segment_table
from workbench.models.drivers.effects.performance import mean_ratings
from workbench.models.drivers.effects.priorities import priority_table
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.what_if import Changes, Scenario, points_of

QUADRANTS = ("fix_first", "keep_up", "low_priority", "possible_overkill")
"""Corners of the importance–performance map (Martilla, James 1977)."""
ALIKE = 0.6
"""Mean correlation above which drivers make one group. Ours: about what items of one scale have among each other."""
SURE = 0.95
"""Probability from which a thing is said without reserve: the convention."""
LIKELY = 0.8
"""Probability from which a thing is said to be likely. Ours: wrong in one of five at most."""
AS_GOOD = 0.9
"""Share of the largest gain from which a driver counts as good as the one that has it. Ours."""
FEWEST_GAINED = 0.1
"""Share of the first's expected gain from which a driver belongs to the order of work. Ours."""
MOST_IN_ORDER = 4
"""Drivers that an order of work names: more than that is no order."""
SMALLEST_DIFFERENCE = 0.1
"""Log-odds for one standard deviation of a rating by which effects in two groups differ without being told. Ours."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SummaryTables:
    """A model summarised under what the reader aims at.

    Attributes
    ----------
    model
        The fitted model.
    target
        Performance aimed at: mean rating, the scale's ends at 0 and 100.
    smallest_effect
        Log-odds for a tenth of a rating's scale below which an effect is called indifferent; with a probit as much
        beside its noise, as priors are (`Link.unit`).
    changes
        What raising each driver goes with.
    scenario, moved
        How drivers are raised, see `what_if`.
    splits
        Ways to split people: the model's segments first.
    """

    model: DriverModel
    target: float
    smallest_effect: float
    changes: Changes
    scenario: Scenario
    moved: float
    splits: tuple[Grouping, ...] = ()

    @property
    def measure(self) -> str:
        """The outcome's first measure, which gains are told in: `nps`, `top_box` or `mean`."""
        return self.changes.measures[0]

    @property
    def tells(self) -> bool:
        """Whether anything may be said of single drivers."""
        return self.model.predictive and self.model.distinguishable

    @property
    def any_gain(self) -> bool:
        """Whether the first measure can change at all: not where nobody gave an answer that it counts."""
        return bool(np.any(self.changes.change[:, :, 0]))

    @cached_property
    def mean_effects(self) -> np.ndarray:
        """(draws, D): effect of one scale point of a rating over all segments, in the model's `effect_unit`."""
        return np.einsum("nsd,s->nd", self.model.point_effects(), self.model.segment_shares)

    @cached_property
    def performance(self) -> np.ndarray:
        """(draws, D): mean rating of those who gave one, from 0 to 100."""
        rng = np.random.default_rng(self.model.random_seed)
        means, errors, _ = mean_ratings(self.model.ratings)
        return means + errors * rng.standard_normal((self.model.posterior.size, len(means)))

    @cached_property
    def important(self) -> np.ndarray:
        """Bool (draws, D): above the knockoff, and a better rating goes with a better outcome."""
        found = self.model.importance
        return (found.share > found.knockoff) & (self.mean_effects > 0)

    @cached_property
    def quadrants(self) -> np.ndarray:
        """(D, 4): joint probabilities of `QUADRANTS`: important and below target, important and not below, neither."""
        important, weak = self.important, self.performance < self.target
        corners = (important & weak, important & ~weak, ~important & weak, ~important & ~weak)
        return np.stack([corner.mean(0) for corner in corners], axis=1)

    @cached_property
    def importance_table(self) -> pd.DataFrame:
        """One row a driver, the largest share first.

        `driver`, `label`, `share`, `lower`, `upper`, `among_users`, `unique_share`, `unique_lower`, `unique_upper`,
        `p_positive`, `p_above_knockoff`, `p_first` (probability of the largest share), `p_top3`, `used`, `performance`,
        `effect` (of a tenth of the scale, in the model's `effect_unit`).
        """
        model, found = self.model, self.model.importance
        lower, upper = model.interval(found.share)
        unique_lower, unique_upper = model.interval(found.unique)
        table = pd.DataFrame(
            {
                "driver": model.ratings.drivers,
                "label": [model.ratings.labels[name] for name in model.ratings.drivers],
                "share": found.share.mean(0),
                "lower": lower,
                "upper": upper,
                "among_users": model.importance_among_users,
                "unique_share": found.unique.mean(0),
                "unique_lower": unique_lower,
                "unique_upper": unique_upper,
                "effect": self.mean_effects.mean(0) * points_of("tenth", model.ratings.ends),
                "p_positive": (self.mean_effects > 0).mean(0),
                "p_above_knockoff": found.above_knockoff,
                "p_first": found.top(1),
                "p_top3": found.top(),
                "used": model.columns.used,
                "performance": self.performance.mean(0),
            }
        )
        return table.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)

    @cached_property
    def map_table(self) -> pd.DataFrame:
        """Importance, performance and the probability of each corner; the first in the order of work first.

        `driver`, `label`, `rank` (in the order of work), `importance`, `performance`, the probabilities of `QUADRANTS`,
        and `p_below`, that of being below the target, which can be said where the corners cannot.
        """
        table = pd.DataFrame(self.quadrants, columns=list(QUADRANTS))
        ratings = self.model.ratings
        table.insert(0, "driver", ratings.drivers)
        table.insert(1, "label", [ratings.labels[name] for name in ratings.drivers])
        table.insert(2, "rank", self.rank[list(ratings.drivers)].to_numpy())
        table.insert(3, "importance", self.model.importance.share.mean(0))
        table.insert(4, "performance", self.performance.mean(0))
        table["p_below"] = (self.performance < self.target).mean(0)
        return table.sort_values("rank", kind="stable").reset_index(drop=True)

    @cached_property
    def what_if_table(self) -> pd.DataFrame:
        """What raising each driver goes with, in the order of work.

        `driver`, `label`, `reached`; of each measure its change, `<measure>_lower`, `<measure>_upper`; `p_gain`,
        `p_largest` and `p_as_good`, the probabilities that the first measure rises, by more than with any other driver,
        and by at least `AS_GOOD` of the largest gain.
        """
        ratings, changes = self.model.ratings, self.changes
        table = pd.DataFrame(
            {
                "driver": ratings.drivers,
                "label": [ratings.labels[name] for name in ratings.drivers],
                "reached": changes.reached,
            }
        )
        for place, measure in enumerate(changes.measures):
            drawn = changes.change[:, :, place]
            lower, upper = self.model.interval(drawn)
            table[measure], table[f"{measure}_lower"], table[f"{measure}_upper"] = drawn.mean(0), lower, upper
        first = changes.change[:, :, 0]
        table["p_gain"] = (first > 0).mean(0)
        table["p_largest"] = np.bincount(first.argmax(1), minlength=first.shape[1]) / len(first)
        largest = first.max(1, keepdims=True)
        table["p_as_good"] = ((first >= AS_GOOD * largest) & (largest > 0)).mean(0)
        rank = self.rank[list(ratings.drivers)].to_numpy()
        return table.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)

    @cached_property
    def priority_table(self) -> pd.DataFrame:
        """The order of work: the gain × the probability that it is one, see `priorities.priority_table`."""
        return priority_table(
            self.model.ratings,
            impact=self.changes.change[:, :, 0].mean(0),
            certainty=self.important.mean(0),
            target=self.target,
            confidence=self.model.confidence,
        )

    @cached_property
    def rank(self) -> pd.Series:
        """Place of each driver in the order of work, 1 being the first."""
        names = self.priority_table["driver"]
        return pd.Series(np.arange(1, len(names) + 1), index=names)

    @cached_property
    def order(self) -> list[str]:
        """The drivers to work on, first things first: those from which something is to be gained.

        Empty where no driver goes with a better outcome, or where the data cannot distinguish drivers.
        """
        table = self.priority_table
        if not self.tells:
            return []
        return list(table["driver"][table["score"] >= 100 * FEWEST_GAINED].head(MOST_IN_ORDER))

    @property
    def decided(self) -> bool:
        """Whether the data tell that no other driver has much more to gain than the first."""
        return bool(self.order) and bool(self.what_if_table["p_as_good"].iloc[0] >= LIKELY)

    @cached_property
    def rivals(self) -> list[str]:
        """The drivers one of which is likely to have the largest gain, by its probability; at least two."""
        table = self.what_if_table.sort_values("p_largest", ascending=False, kind="stable")
        enough = int((table["p_largest"].cumsum() < LIKELY).sum()) + 1
        return list(table["driver"].head(max(enough, 2)))

    @cached_property
    def segment_table(self) -> pd.DataFrame:
        """Performance by group, see `general_local.segment_table`."""
        return segment_table(self.model.ratings, self.splits, target=self.target, confidence=self.model.confidence)

    @cached_property
    def effect_table(self) -> pd.DataFrame:
        """Effects by segment, of the model and of each segment alone, see `general_local.effect_table`."""
        return effect_table(self.model)

    @cached_property
    def difference_table(self) -> pd.DataFrame:
        """Groups between which effects differ, see `effect_differences.difference_table`."""
        smallest = SMALLEST_DIFFERENCE * self.model.link.unit
        return difference_table(self.model, self.splits, smallest=smallest)

    @cached_property
    def reach_table(self) -> pd.DataFrame:
        """Where drivers are weak, see `general_local.reach_table`."""
        return reach_table(self.segment_table, LIKELY)

    @cached_property
    def asymmetry_table(self) -> pd.DataFrame:
        """Penalty and reward of a tenth of the scale, see `asymmetry.asymmetry_table`."""
        return asymmetry_table(self.model, self.smallest_effect * self.model.link.unit)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """Drivers whose ratings go together: average linkage, cut where the mean correlation falls to `ALIKE`."""
        model = self.model
        names = model.ratings.drivers
        if len(names) < 2:
            return [(name,) for name in names]
        main = np.array(
            [np.flatnonzero((model.columns.driver == d) & ~model.columns.usage)[0] for d in range(len(names))]
        )
        covariance = model.covariance[np.ix_(main, main)]
        sd = np.sqrt(np.diag(covariance))
        distance = np.clip(1 - covariance / np.outer(sd, sd), 0, 2)
        np.fill_diagonal(distance, 0)
        labels = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - ALIKE, "distance")
        return [tuple(names[d] for d in np.flatnonzero(labels == label)) for label in sorted(set(labels))]

    @cached_property
    def group_table(self) -> pd.DataFrame:
        """Drivers whose ratings go together, and whether they go with the outcome more than the rest do.

        `drivers`, `members`, `share`, `contrast` (mean effect of the group less that of all others, for one standard
        deviation), its ends, `p_above`; `performance` (mean of its drivers) and `fix_first`, the probability that the
        group accounts for more than its knockoffs together, goes with a better outcome and lies below the target.
        """
        model, names = self.model, np.array(self.model.ratings.drivers)
        scaled = self.mean_effects * model.columns.sd
        rows = []
        for group in self.groups:
            inside = np.isin(names, group)
            contrast = scaled[:, inside].mean(1) - (scaled[:, ~inside].mean(1) if (~inside).any() else 0)
            lower, upper = model.interval(contrast)
            labels = " + ".join(f"“{model.ratings.labels[name]}”" for name in group)
            share, floor = (each[:, inside].sum(1) for each in (model.importance.share, model.importance.knockoff))
            performance = self.performance[:, inside].mean(1)
            fix = (share > floor) & (scaled[:, inside].mean(1) > 0) & (performance < self.target)
            above = float((contrast > 0).mean())
            rows.append(
                (labels, group, share.mean(), contrast.mean(), lower, upper, above, performance.mean(), fix.mean())
            )
        columns = ["drivers", "members", "share", "contrast", "lower", "upper", "p_above", "performance", "fix_first"]
        return pd.DataFrame(rows, columns=columns).sort_values("contrast", ascending=False, ignore_index=True)

    def metrics(self) -> dict[str, float]:
        """Numbers of each driver by name, and how the model compares with simpler ones.

        `importance_<driver>`, `unique_share_`, `p_above_knockoff_`, `p_first_`, `p_top3_`, `p_fix_first_` and
        `what_if_<measure>_`; `explained_variance`, `elpd_over_halo` and its standard error.
        """
        found = {}
        table, corners = self.importance_table.set_index("driver"), self.map_table.set_index("driver")
        gains = self.what_if_table.set_index("driver")
        for name in self.model.ratings.drivers:
            for what in ("share", "unique_share", "p_above_knockoff", "p_first", "p_top3"):
                found[f"{'importance' if what == 'share' else what}_{name}"] = float(table[what][name])
            found[f"p_fix_first_{name}"] = float(corners["fix_first"][name])
            found[f"what_if_{self.measure}_{name}"] = float(gains[self.measure][name])
        difference, error = self.model.better_than("halo")
        return found | {
            "explained_variance": float(self.model.importance.explained.mean()),
            "elpd_over_halo": difference,
            "elpd_over_halo_se": error,
        }
