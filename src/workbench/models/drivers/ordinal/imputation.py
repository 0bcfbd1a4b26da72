"""Missing ratings, imputed several times so that the model of the outcome stays true.

Chained equations compatible with the substantive model (Bartlett, Seaman, White, Carpenter 2015): a missing rating of
driver d is drawn from p(answer | the person's other answers) × p(outcome | all answers). Ratings have few points, so
both factors are evaluated at every point and nothing is approximated by a normal. Parameters of all models are drawn
anew in each cycle, which makes the imputations proper (Rubin 1987). A missing rating may turn out *not applicable*,
where that answer exists; an answer *not applicable* is never given a rating.
"""

import numpy as np

from workbench.models.drivers.ordinal.laplace import LaplaceFit, fit_laplace, one_thread
from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.ordinal.rows import Draws, Prior, Rows, by_segment
from workbench.models.drivers.responses.columns import Columns, make_columns
from workbench.models.drivers.responses.ratings import MISSING, NOT_APPLICABLE, RATED, Ratings

BURN_IN = 8  # chained equations settle in 5 to 20 cycles (van Buuren 2018)
BETWEEN = 4
"""Cycles between two imputations, `BURN_IN` before the first. Ours."""
MOST_ROWS = 20_000
"""A model of one driver by the others is fitted to so many rows at most, drawn at random."""
MOST_POINTS = 10
"""Means of several items have many values: they are imputed within this many classes of equal size."""


def rows_of(
    ratings: Ratings,
    columns: Columns,
    values: np.ndarray,
    applies: np.ndarray,
    *,
    link: Link = LOGIT,
    cut_effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> Rows:
    """Completed answers as the likelihood sees them.

    Parameters
    ----------
    ratings, columns
        The answers, and what their columns are.
    values, applies
        (n, D): completed ratings, and whether each driver applied.
    link
        Distribution of the latent noise.
    cut_effects
        Columns `by_cut` and their `blocks`, see `Rows`; None: every effect is the same at all cuts.
    """
    return Rows(
        columns=np.ascontiguousarray(np.column_stack([columns.of(values, applies), ratings.controls])),
        levels=ratings.levels,
        weights=ratings.likelihood_weights,
        starts=ratings.starts,
        count=len(ratings.points),
        varying=columns.rating,
        link=link,
        control=columns.driver < 0,
        design=ratings.design,
        **({} if cut_effects is None else {"by_cut": cut_effects[0], "blocks": cut_effects[1]}),
    )


@one_thread
def complete(
    ratings: Ratings,
    prior: Prior,
    *,
    times: int,
    random_seed: int,
    link: Link = LOGIT,
    use_outcome: bool = True,
    between: int = BETWEEN,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Completed answers: values (n, D) and whether each driver applied (n, D), once for each imputation.

    Parameters
    ----------
    ratings
        The answers.
    prior
        Of the outcome's model, in the unit of the link.
    times
        How many imputations; one is enough, and all that is made, where nothing is missing.
    random_seed
        Fixes every draw.
    link
        Distribution of the latent noise of the outcome.
    use_outcome
        Whether missing ratings are drawn given the outcome too: needed for effects without bias. Without it they are
        what a person's other ratings alone predict, as when an outcome is to be predicted that nobody knows yet.
    between
        Cycles between two imputations.

    Notes
    -----
    A row that stands for several people (frequency weights) is one answer sheet here: its gaps are filled once for
    all of them, so that imputations vary a little more than if the sheets were there singly.
    """
    values, applies = ratings.values.copy(), ratings.state != NOT_APPLICABLE
    if not (ratings.state == MISSING).any():
        return [(np.nan_to_num(values), applies)]
    rng = np.random.default_rng(random_seed)
    columns = make_columns(ratings)
    chains = [_Driver(ratings, columns, place, rng, link) for place in range(len(ratings.drivers))]
    chains = [chain for chain in chains if chain.missing.any()]
    for chain in chains:
        chain.start(values, applies)
    outcome: LaplaceFit | None = None
    drawn: Draws | None = None
    found = []
    for cycle in range(BURN_IN + between * (times - 1)):
        rows = rows_of(ratings, columns, values, applies, link=link)
        if use_outcome:
            start = outcome.parameters if outcome else None
            sds = (outcome.segment_effect, outcome.segment_level) if outcome else None
            outcome = fit_laplace(rows, prior, drivers=len(ratings.drivers), start=start, fixed=sds)
            drawn = by_segment(rows, outcome.draws(1, rng)[0])
        table = rows.columns
        for chain in chains:
            chain.redraw(table, values, applies, drawn)
        if cycle >= BURN_IN - 1 and (cycle - BURN_IN + 1) % between == 0:
            found.append((np.nan_to_num(values), applies.copy()))
    return found


class _Driver:
    """The missing ratings of one driver and the models that fill them."""

    def __init__(self, ratings: Ratings, columns: Columns, place: int, rng: np.random.Generator, link: Link):
        state = ratings.state[:, place]
        self.ratings, self.columns, self.place, self.rng, self.link = ratings, columns, place, rng, link
        self.missing = state == MISSING
        self.rated = np.flatnonzero(state == RATED)
        self.known = np.flatnonzero(state != MISSING)
        self.optional = bool((state == NOT_APPLICABLE).any())
        observed = ratings.values[self.rated, place]
        points = np.unique(observed)
        if len(points) > MOST_POINTS:
            points = np.unique(np.quantile(observed, np.linspace(0, 1, MOST_POINTS + 1)[1:], method="higher"))
        self.place_of = np.searchsorted(points, observed).astype(np.int64)
        self.members = [observed[self.place_of == k] for k in range(len(points))]
        self.points = np.array([members.mean() for members in self.members])
        self.used = (state[self.known] == RATED).astype(np.int64)
        self.others = columns.driver != place
        groups = np.eye(len(ratings.segments))[ratings.group][:, 1:]
        self.groups = groups
        self.counts = ratings.weights if ratings.weighting == "frequency" else np.ones(len(ratings.levels))
        self.starts: dict[str, np.ndarray | None] = {"rating": None, "use": None}

    def start(self, values: np.ndarray, applies: np.ndarray) -> None:
        """Fill in answers drawn from those that were given."""
        gaps = np.flatnonzero(self.missing)
        values[gaps, self.place] = self.rng.choice(self.ratings.values[self.rated, self.place], len(gaps))
        if self.optional:
            applies[gaps, self.place] = self.rng.random(len(gaps)) < self.used.mean()

    def redraw(self, table: np.ndarray, values: np.ndarray, applies: np.ndarray, drawn: Draws | None) -> None:
        """Draw missing ratings anew; `table` (the columns), `values` and `applies` are changed in place.

        `drawn` are parameters of the outcome's model; without them the outcome has no say.
        """
        predictors = np.column_stack([table[:, self.others], self.groups])
        gaps = np.flatnonzero(self.missing)
        own = predictors[gaps]
        chances = self._fit("rating", predictors, self.rated, self.place_of, len(self.points), own)
        candidates = [(point, True) for point in self.points]
        if self.optional:
            use = self._fit("use", predictors, self.known, self.used, 2, own)[:, 1:]
            chances = np.column_stack([chances * use, 1 - use])
            candidates.append((np.nan, False))
        if drawn is not None:
            chances *= self._outcome_chances(table, gaps, candidates, drawn)
        chances /= chances.sum(1, keepdims=True)
        picked = (self.rng.random((len(gaps), 1)) > chances.cumsum(1)).sum(1).clip(max=chances.shape[1] - 1)
        applies[gaps, self.place] = picked < len(self.points)
        for which, members in enumerate(self.members):
            chosen = gaps[picked == which]
            values[chosen, self.place] = self.rng.choice(members, len(chosen))
        values[gaps[picked >= len(self.points)], self.place] = np.nan
        mine = ~self.others
        filled = np.where(applies[:, self.place], values[:, self.place], self.columns.location[self.place])
        table[:, mine] = np.column_stack(self.columns.of_driver(self.place, filled, applies[:, self.place]))

    def _outcome_chances(self, table, gaps, candidates, drawn) -> np.ndarray:
        """P(outcome | all answers) for each of the answers that missing ratings may have been: (gaps, candidates)."""
        coefficients, intercepts, cuts, _ = drawn
        group, levels, mine = self.ratings.group[gaps], self.ratings.levels[gaps], ~self.others
        effects = coefficients[group]
        base = intercepts[group] + np.einsum("ij,ij->i", table[gaps][:, self.others], effects[:, self.others])
        out = np.empty((len(gaps), len(candidates)))
        for which, (point, use) in enumerate(candidates):
            rating = np.array([self.columns.location[self.place] if np.isnan(point) else point])
            terms = np.array(self.columns.of_driver(self.place, rating, np.array([use])))[:, 0]
            out[:, which] = level_probability(levels, base + effects[:, mine] @ terms, cuts, self.link)
        return out

    def _fit(self, name, predictors, where, levels, count, own) -> np.ndarray:
        """Chances of each level for missing ratings, with parameters drawn from their posterior: (gaps, count)."""
        if len(where) > MOST_ROWS:
            picked = self.rng.choice(len(where), MOST_ROWS, replace=False)
            where, levels = where[picked], levels[picked]
        rows = Rows(
            columns=np.ascontiguousarray(predictors[where]),
            levels=levels,
            weights=self.counts[where],
            starts=np.array([0, len(where)]),
            count=count,
            varying=np.zeros(predictors.shape[1], dtype=bool),
        )
        fitted = fit_laplace(rows, Prior(), drivers=predictors.shape[1], start=self.starts[name])
        self.starts[name] = fitted.parameters
        coefficients, _, cuts, _ = by_segment(rows, fitted.draws(1, self.rng)[0])
        below = 1 / (1 + np.exp((own @ coefficients[0])[:, None] - cuts))
        return np.diff(np.column_stack([np.zeros(len(own)), below, np.ones(len(own))]), axis=1)


def level_probability(levels: np.ndarray, predictor: np.ndarray, cuts: np.ndarray, link: Link = LOGIT) -> np.ndarray:
    """(n,): P(y = level) of each row.

    Parameters
    ----------
    levels, predictor
        (n,): levels, and linear predictors.
    cuts
        (K − 1,).
    link
        Distribution of the latent noise.
    """
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    return link.cdf(ends[levels + 1] - predictor) - link.cdf(ends[levels] - predictor)
