"""How the answers of a survey were drawn, and what that does to every interval.

Weights, customers who answered several times, replicate weights.

Everything goes through two questions. How much does a sum over rows vary from survey to survey (`variance`)? With
customers as clusters it is the sum over customers of the squares of their sums (Binder 1983); with replicate weights
the mean squared deviation of the replicates' sums, times a factor (BRR, bootstrap: 1; Fay's BRR: 1 / (1 − ρ)²;
jackknife JK1: R − 1; Wolter 2007). And what would another survey have looked like (`multipliers`)? Exponential
variates, one a customer (Bayesian bootstrap, Rubin 1981), or with replicates normal variates that reproduce their
variance (generalised bootstrap, Beaumont, Patak 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.drivers.responses.items import Item
from workbench.wording import number, plural, sentence, shown

FEWEST_CLUSTERS = 40
"""Customers below whom squares of their sums say too little about how sums vary (Cameron, Miller 2015)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The design of some rows.

    Attributes
    ----------
    cluster
        Int64 (n,): customer of each row; None: every row is somebody else.
    ratios
        (n, R): replicate weights in proportion to the weights; None without replicates.
    factor
        What the mean squared deviation of the replicates is multiplied by.
    """

    cluster: np.ndarray | None = None
    ratios: np.ndarray | None = None
    factor: float = 1.0

    @property
    def adjusts(self) -> bool:
        """Whether it says more than that rows are independent of each other."""
        return self.cluster is not None or self.ratios is not None

    def subset(self, kept: np.ndarray) -> "Design":
        """The design of the rows of a mask, or of places.

        Parameters
        ----------
        kept
            Bool (n,), or places of rows.
        """
        return replace(
            self,
            cluster=None if self.cluster is None else self.cluster[kept],
            ratios=None if self.ratios is None else self.ratios[kept],
        )

    @cached_property
    def _customers(self) -> tuple[int, np.ndarray] | None:
        """How many customers there are among these rows, and which of them each row is; None where all differ."""
        if self.cluster is None:
            return None
        names, places = np.unique(self.cluster, return_inverse=True)
        return len(names), places

    def variance(self, each: np.ndarray) -> np.ndarray:
        """(P, P): covariance of the sum over rows of what each adds, (n, P), weights included.

        What is added is taken to have a mean of about 0, as scores and residuals have.

        Parameters
        ----------
        each
            (n, P).
        """
        if self.ratios is not None:
            away = self.ratios.T @ each - each.sum(0)
            return self.factor / len(away) * away.T @ away
        if self._customers is None:
            return each.T @ each
        count, places = self._customers
        sums = np.zeros((count, each.shape[1]))
        np.add.at(sums, places, each)
        several = len(sums) / max(len(sums) - 1, 1)
        return several * sums.T @ sums

    def multipliers(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n,): by what the weights of the rows are multiplied in one other survey; 1 on average.

        With replicates some may lie below 0: sums and their ratios have the replicates' variance all the same.

        Parameters
        ----------
        n
            How many rows there are.
        rng
            What draws.
        """
        if self.ratios is not None:
            steps = rng.standard_normal(self.ratios.shape[1]) * np.sqrt(self.factor / self.ratios.shape[1])
            return 1 + (self.ratios - 1) @ steps
        if self._customers is None:
            return rng.exponential(size=n)
        count, places = self._customers
        return rng.exponential(size=count)[places]


def design_of(
    table: pd.DataFrame, columns: Sequence[Item], weights: np.ndarray, weighting: str, faults: list[str]
) -> Design:
    """The design that a table of answers tells of: `customer_id`, and columns whose `weighting` is `replicate`.

    Rows that stand for several people (frequency weights) are nobody's repeated answers.

    Parameters
    ----------
    table
        A row an answer.
    columns
        Definitions of its columns.
    weights, weighting
        (n,) and what they mean, as of `Ratings`.
    faults
        What is wrong with replicate weights is added to it, in words.
    """
    definitions = [each for each in columns if each.weighting == "replicate" and each.name in table]
    if definitions:
        replicates = table[[each.name for each in definitions]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
        for each, values in zip(definitions, replicates.T, strict=True):
            if bad := int((~(np.isfinite(values) & (values >= 0))).sum()):
                faults.append(
                    plural(
                        "surveys.{name}: got {n} replicate weight that is missing or below 0, expected a number in "
                        "each row; fix it, or leave the column out of dataset.yaml.",
                        "surveys.{name}: got {n} replicate weights that are missing or below 0, expected a number in "
                        "each row; fix them, or leave the column out of dataset.yaml.",
                        bad,
                        name=shown(each.name),
                    )
                )
        factor = float(definitions[0].factor)
        return Design(ratios=np.nan_to_num(replicates) / weights[:, None], factor=factor)
    if weighting == "frequency" or "customer_id" not in table:
        return Design()
    customer = pd.factorize(table["customer_id"])[0].astype(np.int64)
    nobody = customer < 0
    customer[nobody] = customer.max(initial=-1) + 1 + np.arange(nobody.sum())
    return Design(cluster=customer if np.bincount(customer).max() > 1 else None)


def design_effect(design: Design, answers: np.ndarray, weights: np.ndarray, weighting: str) -> tuple[Check, ...]:
    """How much wider the design makes the interval of the mean outcome than as many independent answers would be.

    Parameters
    ----------
    design
        How answers were drawn.
    answers, weights
        (n,): the outcome, and how much each answer counts.
    weighting
        As of `Ratings`.
    """
    if weighting == "frequency" or not (design.adjusts or weighting == "survey"):
        return ()
    away = answers - np.average(answers, weights=weights)
    found = float(design.variance((weights * away)[:, None])[0, 0]) / weights.sum() ** 2
    alone = float(np.average(away**2, weights=weights)) / len(answers)
    effect = found / alone
    few = False
    told = [
        sentence(
            "Design effect {effect}: the mean outcome is known as well as from {worth} independent answers.",
            effect=number(effect, 2),
            worth=number(round(len(answers) / effect)),
        )
    ]
    if design.ratios is not None:
        told.append(sentence("Replicate weights tell how much answers vary."))
    elif design.cluster is not None:
        customers = len(np.unique(design.cluster))
        few = customers < FEWEST_CLUSTERS
        told.append(
            sentence(
                "Intervals count {customers} customers, not {answers} answers."
                if not few
                else "Intervals count {customers} customers, not {answers} answers; so few may still make them too "
                "narrow.",
                answers=number(len(answers)),
                customers=number(customers),
            )
        )
    return (
        Check(
            name="design_effect",
            title=sentence("Design effect: how alike answers are"),
            status="warn" if few else "pass",
            value=effect,
            message=" ".join(told),
        ),
    )
