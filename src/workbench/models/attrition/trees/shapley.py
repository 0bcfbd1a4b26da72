"""Exact Shapley values of boosted trees for every row, from tables.

A tree's leaf asks a few things of a row: one condition for each feature on its path. Which of them the row meets, the
*pass pattern*, is all that the leaf's Shapley values depend on, and a leaf of depth 4 has at most 16 patterns. So the
values of every pattern are worked out once. Explaining a row is then comparing and adding. The background enters by how
often each pattern occurs in it, so that 10,000 rows cost hardly more than 100.

Leaves that share splits are kept in groups (`groups`), each with a table (`tables`).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from workbench.errors import ParameterError
from workbench.models.attrition.trees.ensemble import Ensemble
from workbench.models.attrition.trees.groups import Groups, groups_of
from workbench.models.attrition.trees.tables import BLOCK, count_outcomes, explain_rows, fill_tables
from workbench.wording import number, sentence

ROWS_A_THREAD = 6 * BLOCK
"""Of the rows that are explained together each core has some."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeShapley:
    """Shapley values of an ensemble, tabulated.

    Attributes
    ----------
    base
        Log-odds of nobody in particular: the mean margin of the background, or, path-dependent, of the training rows
        as the trees' covers have it. A row's values and the base add up to its margin.
    features
        How many columns a row has.
    """

    base: float
    features: int
    _groups: Groups
    _table: np.ndarray

    @classmethod
    def interventional(cls, ensemble: Ensemble, background: np.ndarray) -> "TreeShapley":
        """Against customers: a feature that is left out has the values it has in the background.

        The value of a set of features is the mean margin of rows that have these from the customer and the others from
        a row of the background, each in turn (interventional, also called marginal, Shapley values). Equal to
        `shap.TreeExplainer(model, background, feature_perturbation="interventional")`, which knows no categories.

        Parameters
        ----------
        ensemble
            The model.
        background : (B, features)
            Rows as the model takes them: numbers, codes of categories, NaN where missing.

        Returns
        -------
        TreeShapley

        Raises
        ------
        ParameterError
            The background has no row or other columns than the model; or a path of more than `MOST_ON_A_PATH` splits.

        References
        ----------
        Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature
        Machine Intelligence 2. Nadel and Wettenstein (2024), From decision trees to Boolean logic (pass patterns).
        """
        rows = _as_rows(background, ensemble.features)
        if not len(rows):
            raise ParameterError(sentence("The background has no rows; expected at least one."))
        groups = groups_of(ensemble)
        return cls._tabulated(ensemble, groups, count_outcomes(rows, groups) / len(rows), path_dependent=False)

    @classmethod
    def path_dependent(cls, ensemble: Ensemble) -> "TreeShapley":
        """Against the training rows as they came through the trees: equal to XGBoost's `pred_contribs`.

        A feature that is left out sends a row both ways, in the proportion of the covers. This needs no background, and
        is another quantity than `interventional`.

        Parameters
        ----------
        ensemble
            The trees.
        """
        groups = groups_of(ensemble)
        return cls._tabulated(ensemble, groups, np.zeros(groups.first_cell[-1]), path_dependent=True)

    @classmethod
    def _tabulated(
        cls, ensemble: Ensemble, groups: Groups, frequency: np.ndarray, *, path_dependent: bool
    ) -> "TreeShapley":
        table, base = fill_tables(groups, frequency, path_dependent)
        return cls(base=ensemble.base + base, features=ensemble.features, _groups=groups, _table=table)

    def values(self, rows: np.ndarray, *, threads: int = 1) -> np.ndarray:
        """What each feature adds to each row's log-odds.

        Parameters
        ----------
        rows : (N, features)
            As the model takes them: numbers, codes of categories, NaN where missing.
        threads
            How many work at once; the values are the same.

        Returns
        -------
        ndarray (N, features) of float32
            They add up to the row's margin less `base`.
        """
        rows = _as_rows(rows, self.features)
        found = np.zeros(rows.shape, dtype=np.float32)

        def explain(start: int) -> None:
            part = slice(start, start + ROWS_A_THREAD)
            explain_rows(rows[part], self._groups, self._table, found[part])

        starts = range(0, len(rows), ROWS_A_THREAD)
        if threads == 1:
            for start in starts:
                explain(start)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(explain, starts))
        return found

    def scaled(self, factor: float) -> "TreeShapley":
        """The same of `factor` times the margin, as a calibration or a mean of several models needs it.

        Parameters
        ----------
        factor
            By which all values are multiplied.
        """
        return replace(self, base=self.base * factor, _table=(self._table * factor).astype(np.float32))


def _as_rows(rows: np.ndarray, features: int) -> np.ndarray:
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != features:
        raise ParameterError(
            sentence(
                "Rows have the shape {got}; the model has {features} features.",
                got=rows.shape,
                features=number(features),
            )
        )
    return rows
