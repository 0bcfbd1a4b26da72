"""What a fitted drivers' model answers: what to fix first, what raising a rating goes with, for whom, how surely."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from workbench.models.drivers import DriverModel
from workbench.models.levels import SMALLEST_GROUP
from workbench.models.ratings import RATED
from workbench.models.what_if import Changes, Scenario
from workbench.wording import sentence

PLACES = ("fix_first", "keep_up", "low_priority", "possible_overkill")
KINDS = ("must_be", "one_dimensional", "attractive", "indifferent")
ALIKE = 0.6
"""Drivers whose ratings correlate more than this on average make one group."""
SURE = 0.95
LIKELY = 0.8
STEEP_DECLINE = 10.0
"""Points of 100 a year by which a falling rating is as urgent again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers of a model under what the reader aims at.

    Attributes
    ----------
    model
        The fitted model.
    target
        Performance aimed at: mean rating, the scale's ends at 0 and 100.
    smallest_effect
        Log-odds for one point of a rating below which an effect is called indifferent.
    changes
        What raising each driver goes with.
    scenario, moved
        How drivers are raised, see `what_if`.
    """

    model: DriverModel
    target: float
    smallest_effect: float
    changes: Changes
    scenario: Scenario
    moved: float

    @cached_property
    def mean_effects(self) -> np.ndarray:
        """(draws, D): change in log-odds for one point of a rating, over all segments."""
        return np.einsum("nsd,s->nd", self.model.point_effects(), self.model.segment_shares)

    @cached_property
    def performance(self) -> np.ndarray:
        """(draws, D): mean rating of those who gave one, from 0 to 100."""
        rng = np.random.default_rng(self.model.random_seed)
        means, errors = self._means(np.ones(len(self.model.ratings.levels), dtype=bool))
        return means + errors * rng.standard_normal((self.model.posterior.size, len(means)))

    def _means(self, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean rating (0–100) of each driver and its standard error under the design, of some rows."""
        ratings = self.model.ratings
        count = len(ratings.drivers)
        means, errors = np.full(count, np.nan), np.full(count, np.nan)
        for place in range(count):
            low, high = ratings.ends[place]
            rated = where & (ratings.state[:, place] == RATED)
            if rated.sum() < SMALLEST_GROUP:
                continue
            w, x = ratings.weights[rated], 100 * (ratings.values[rated, place] - low) / (high - low)
            means[place] = np.average(x, weights=w)
            away = (w if ratings.weighting != "frequency" else np.sqrt(w)) * (x - means[place])
            errors[place] = np.sqrt(np.sum(away**2)) / w.sum()
        return means, errors

    @cached_property
    def important(self) -> np.ndarray:
        """bool (draws, D): above the knock-off, and a better rating goes with a better outcome."""
        found = self.model.importance
        return (found.share > found.knockoff) & (self.mean_effects > 0)

    @cached_property
    def places(self) -> np.ndarray:
        """(D, 4): joint probabilities of `PLACES`: important and below target, important and not below, neither …"""
        important, weak = self.important, self.performance < self.target
        return np.stack(
            [(important & weak).mean(0), (important & ~weak).mean(0), (~important & weak).mean(0),
             (~important & ~weak).mean(0)], axis=1,
        )  # fmt: skip

    @cached_property
    def importance_table(self) -> pd.DataFrame:
        """One row a driver, the largest share first.

        `driver`, `label`, `share`, `lower`, `upper`, `among_users`, `unique_share`, `unique_lower`, `unique_upper`,
        `p_positive`, `p_above_knockoff`, `p_top3`, `used`, `performance`, `effect` (log-odds a point).
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
                "effect": self.mean_effects.mean(0),
                "p_positive": (self.mean_effects > 0).mean(0),
                "p_above_knockoff": found.above_knockoff,
                "p_top3": found.top(),
                "used": model.columns.used,
                "performance": self.performance.mean(0),
            }
        )
        return table.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)

    @cached_property
    def map_table(self) -> pd.DataFrame:
        """`driver`, `label`, `importance`, `performance` and the probabilities of `PLACES`."""
        table = pd.DataFrame(self.places, columns=list(PLACES))
        ratings = self.model.ratings
        table.insert(0, "driver", ratings.drivers)
        table.insert(1, "label", [ratings.labels[name] for name in ratings.drivers])
        table.insert(2, "importance", self.model.importance.share.mean(0))
        table.insert(3, "performance", self.performance.mean(0))
        return table.sort_values("fix_first", ascending=False, kind="stable").reset_index(drop=True)

    @cached_property
    def lever_table(self) -> pd.DataFrame:
        """`driver`, `label`, `reached`; of each measure its change, `<measure>_lower`, `<measure>_upper`; `p_gain`, the
        probability that the first measure rises. Its largest change first.
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
        table["p_gain"] = (changes.change[:, :, 0] > 0).mean(0)
        return table.sort_values(changes.measures[0], ascending=False, kind="stable").reset_index(drop=True)

    @cached_property
    def priority_table(self) -> pd.DataFrame:
        """`driver`, `label`, `impact` (change of the first measure), `affected` (share of people below the target),
        `trend` (points of 100 a year; missing without dates), `certainty` (probability that it matters), `score`.
        """
        ratings = self.model.ratings
        rows = []
        trends = self._trends()
        for place, name in enumerate(ratings.drivers):
            low, high = ratings.ends[place]
            rated = ratings.state[:, place] == RATED
            below = rated & (ratings.values[:, place] < low + (high - low) * self.target / 100)
            impact = float(self.changes.change[:, place, 0].mean())
            affected = float(ratings.weights[below].sum() / ratings.weights.sum())
            certainty = float(self.important[:, place].mean())
            urgency = affected * (1 + max(-trends[place], 0) / STEEP_DECLINE if np.isfinite(trends[place]) else 1)
            rows.append((name, ratings.labels[name], impact, affected, trends[place], certainty,
                         max(impact, 0) * urgency * certainty))  # fmt: skip
        names = ["driver", "label", "impact", "affected", "trend", "certainty", "score"]
        table = pd.DataFrame(rows, columns=names)
        table["score"] = 100 * table["score"] / max(table["score"].max(), 1e-12)
        return table.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)

    def _trends(self) -> np.ndarray:
        """Slope of each driver's mean rating, points of 100 a year; NaN where answers span less than three quarters."""
        ratings = self.model.ratings
        count = len(ratings.drivers)
        if "timestamp" not in ratings.table.columns:
            return np.full(count, np.nan)
        times = pd.to_datetime(ratings.table["timestamp"])
        if times.dt.to_period("Q").nunique() < 3:
            return np.full(count, np.nan)
        years = ((times - times.min()).dt.days / 365.25).to_numpy()
        slopes = []
        for place in range(count):
            low, high = ratings.ends[place]
            rated = (ratings.state[:, place] == RATED) & np.isfinite(years)
            x, y, w = years[rated], ratings.values[rated, place], ratings.weights[rated]
            x = x - np.average(x, weights=w)
            slopes.append(100 / (high - low) * np.sum(w * x * y) / max(np.sum(w * x * x), 1e-12))
        return np.array(slopes)

    @cached_property
    def segment_table(self) -> pd.DataFrame:
        """Performance and effect by segment, as observed and as the model sees it.

        `segment`, `driver`, `label`, `n`, `observed` (mean rating 0–100), `performance` (drawn towards the mean of all
        segments as far as chance explains the difference, DerSimonian, Laird 1986), `p_weak` (probability of being
        below the target), `effect`, `effect_lower`, `effect_upper`. Groups with fewer than 10 ratings are left out.
        """
        from scipy.stats import norm

        ratings, effects = self.model.ratings, self.model.point_effects()
        many = len(ratings.segments)
        found = [self._means(ratings.group == s) for s in range(many)]
        means, errors = (np.array([each[place] for each in found]) for place in range(2))
        counts = np.array([(ratings.state[ratings.group == s] == RATED).sum(0) for s in range(many)])
        lower, upper = self.model.interval(effects)
        frames = []
        for place, name in enumerate(ratings.drivers):
            known = np.isfinite(means[:, place]) & (errors[:, place] > 0)
            if not known.any():
                continue
            shrunk, sd = _shrunk(means[known, place], errors[known, place])
            frames.append(
                pd.DataFrame(
                    {
                        "segment": np.array(ratings.segments)[known],
                        "driver": name,
                        "label": ratings.labels[name],
                        "n": counts[known, place],
                        "observed": means[known, place],
                        "performance": shrunk,
                        "p_weak": norm.cdf((self.target - shrunk) / sd),
                        "effect": effects[:, known, place].mean(0),
                        "effect_lower": lower[known, place],
                        "effect_upper": upper[known, place],
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def reach_table(self) -> pd.DataFrame:
        """`driver`, `label`, `reach` (weak `everywhere`, in `some` segments or `nowhere`), `where`."""
        rows = []
        for name, group in self.segment_table.groupby("driver", sort=False):
            weak = group[group["p_weak"] >= LIKELY]
            reach = "nowhere" if weak.empty else "everywhere" if len(weak) == len(group) else "some"
            where = list(weak["segment"]) if reach == "some" else []
            rows.append((name, self.model.ratings.labels[name], reach, where))
        return pd.DataFrame(rows, columns=["driver", "label", "reach", "where"])

    @cached_property
    def asymmetry_table(self) -> pd.DataFrame:
        """Penalty and reward: `driver`, `label`; `below`, `above` (log-odds a point on either side of the middle) and
        their ends; the probabilities of `KINDS` (after Kano et al. 1984).

        From a model with a slope on either side of the middle of each scale, in normal approximation, over all
        imputations.
        """
        model = self.model
        ratings = model.ratings
        columns, alternative = model.alternative("asymmetric")
        coefficients = alternative.draws(2000, np.random.default_rng(model.random_seed))[0]
        mean = np.einsum("nsc,s->nc", coefficients, model.segment_shares)
        rows = []
        for place, name in enumerate(ratings.drivers):
            own = np.flatnonzero((columns.driver == place) & ~columns.usage)
            below, above = mean[:, own[0]] / columns.spread[place], mean[:, own[1]] / columns.spread[place]
            low, high = below > self.smallest_effect, above > self.smallest_effect
            kinds = [np.mean(low & ~high), np.mean(low & high), np.mean(~low & high), np.mean(~low & ~high)]
            ends = [end for each in (below, above) for end in model.interval(each)]
            rows.append((name, ratings.labels[name], below.mean(), *ends[:2], above.mean(), *ends[2:], *kinds))
        names = [
            "driver",
            "label",
            "below",
            "below_lower",
            "below_upper",
            "above",
            "above_lower",
            "above_upper",
            *KINDS,
        ]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """Drivers whose ratings go together: average linkage, cut where the mean correlation falls to `ALIKE`."""
        model = self.model
        names = model.ratings.drivers
        if len(names) < 3:
            return [(name,) for name in names]
        main = np.array(
            [np.flatnonzero((model.columns.driver == d) & ~model.columns.usage)[0] for d in range(len(names))]
        )
        covariance = model.covariance[np.ix_(main, main)]
        sd = np.sqrt(np.diag(covariance))
        distance = np.clip(1 - covariance / np.outer(sd, sd), 0, 2)
        np.fill_diagonal(distance, 0)
        labels = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - ALIKE, "distance")
        return [tuple(np.array(names)[labels == label]) for label in sorted(set(labels))]

    @cached_property
    def group_table(self) -> pd.DataFrame:
        """`drivers`, `share`, `contrast` (mean effect of the group less that of all others, log-odds for one standard
        deviation), its ends, `p_above`; sure groups can be told apart from the rest.
        """
        model, names = self.model, np.array(self.model.ratings.drivers)
        scaled = self.mean_effects * model.columns.spread
        rows = []
        for group in self.groups:
            inside = np.isin(names, group)
            contrast = scaled[:, inside].mean(1) - (scaled[:, ~inside].mean(1) if (~inside).any() else 0)
            lower, upper = model.interval(contrast)
            labels = " + ".join(f"“{model.ratings.labels[name]}”" for name in group)
            share = model.importance.share[:, inside].sum(1).mean()
            rows.append((labels, group, share, contrast.mean(), lower, upper, float((contrast > 0).mean())))
        columns = ["drivers", "members", "share", "contrast", "lower", "upper", "p_above"]
        return pd.DataFrame(rows, columns=columns).sort_values("contrast", ascending=False, ignore_index=True)

    def metrics(self) -> dict[str, float]:
        """For each driver `importance_`, `unique_share_`, `p_above_knockoff_`, `p_top3_`, `p_fix_first_` and
        `what_if_<measure>_`, and how the model compares.
        """
        found = {}
        table, places = self.importance_table.set_index("driver"), self.map_table.set_index("driver")
        levers = self.lever_table.set_index("driver")
        measure = self.changes.measures[0]
        for name in self.model.ratings.drivers:
            row = table.loc[name]
            found |= {
                f"importance_{name}": float(row["share"]),
                f"unique_share_{name}": float(row["unique_share"]),
                f"p_above_knockoff_{name}": float(row["p_above_knockoff"]),
                f"p_top3_{name}": float(row["p_top3"]),
                f"p_fix_first_{name}": float(places.loc[name, "fix_first"]),
                f"what_if_{measure}_{name}": float(levers.loc[name, measure]),
            }
        difference, error = self.model.better_than("halo")
        return found | {
            "explained_variance": float(self.model.importance.explained.mean()),
            "elpd_over_halo": difference,
            "elpd_over_halo_se": error,
        }

    def scenario_words(self) -> str:
        """The scenario as the end of a sentence."""
        if self.scenario == "one_point":
            return sentence("one point better where it is not at the top yet")
        return sentence("at the middle of the scale instead of below it")


def answer(
    model: DriverModel,
    *,
    target: float = 75,
    smallest_effect: float = 0.1,
    scenario: Scenario = "one_point",
    moved: float = 1.0,
) -> Answers:
    """Ask a fitted model; see `Answers` for what the parameters mean."""
    changes = model.changes(scenario, moved)
    return Answers(
        model=model, target=target, smallest_effect=smallest_effect, changes=changes, scenario=scenario, moved=moved
    )


def _shrunk(means: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means drawn together as far as their errors explain their spread, with posterior standard deviations."""
    weights = errors**-2.0
    centre = np.average(means, weights=weights)
    excess = np.sum(weights * (means - centre) ** 2) - (len(means) - 1)
    scale = weights.sum() - np.sum(weights**2) / weights.sum()
    between = max(excess / scale, 0.0) if scale > 0 else 0.0
    centre = np.average(means, weights=1 / (errors**2 + between))
    kept = between / (between + errors**2)
    own = between * errors**2 / (between + errors**2)
    return centre + kept * (means - centre), np.sqrt(own + (1 - kept) ** 2 / np.sum(1 / (errors**2 + between)))
