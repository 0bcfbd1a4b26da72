"""All of a forecast of leavers in one place: who is judged, which forecast is used, why, and whether to believe it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import ParameterError
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.attrition.leak_battery import LeakBattery, examine
from workbench.models.attrition.model.baselines import Baseline
from workbench.models.attrition.model.choice import Choice, choose
from workbench.models.attrition.model.customers import Customers, Part, slices
from workbench.models.attrition.model.fitting import (
    BUDGET,
    MOST_ROWS,
    REFITS,
    BoostedModel,
    fit_boosted,
    learned_sample,
)
from workbench.models.attrition.population import Population
from workbench.models.attrition.reasons.early_warnings import EarlyWarnings, find_early_warnings
from workbench.models.attrition.reasons.explainers import explainer_of
from workbench.models.attrition.reasons.reasons import Names, Reasons, give_reasons
from workbench.models.attrition.scores import Alike, Scores, level_error, scored
from workbench.wording import listing, number, plural, sentence, shown

EXPLAINED = 50_000
"""Judged customers of whom importance and agreement of reasons are told: known to half a percentage point."""
RULED = 300_000
"""Rows in which rules of early warning are looked for and judged: at 5% they hold 15,000 leavers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeaversForecast:
    """A forecast of who leaves, judged on customers that it has not seen.

    Attributes
    ----------
    customers, parts
        The rows and what they were for.
    names
        How features are called.
    choice
        Which forecast is used, beside the others.
    used
        That forecast.
    random_seed
        Fixed all of it.
    fitted_on
        Rows that it was fitted on, of customers drawn by lot; None where it was fitted on all there were.
    """

    customers: Customers
    parts: Mapping[Part, np.ndarray]
    names: Names
    choice: Choice
    used: BoostedModel | Baseline
    random_seed: int
    fitted_on: int | None = None

    @property
    def test(self) -> Customers:
        """Whom it was judged on."""
        return self.choice.test

    def examine(self) -> LeakBattery:
        """Whether the test is a test."""
        return examine(
            self.customers, self.parts, random_seed=self.random_seed, labels=self.names.labels, forecast=self.used
        )

    def reasons(self) -> Reasons | None:
        """Why customers of the test part are at risk, against those it learned from; None where there are none."""
        background = self.customers.features[~self.parts["test"]]
        explainer = explainer_of(self.used, background, random_seed=self.random_seed)
        if explainer is None or self.choice.used == "base_rate":
            return None
        features = self.test.features
        if len(features) > EXPLAINED:
            features = features.sample(EXPLAINED, random_state=self.random_seed).reset_index(drop=True)
        return give_reasons(explainer, features, background, names=self.names)

    def score(self, population: Population, *, team: str | None = None) -> Scores:
        """Risks and reasons of customers of today.

        Parameters
        ----------
        population
            Whom it was made for.
        team
            Feature that says who would contact a customer; one team where it is None.
        """
        today = population.today
        if team is not None and team not in today:
            template = "team: {name}: no such feature; there are {known}."
            raise ParameterError(sentence(template, name=shown(team), known=listing(list(today)[:20])))
        explainer = explainer_of(self.used, today, random_seed=self.random_seed)
        reasons = None
        if explainer is not None and self.choice.used != "base_rate":
            reasons = give_reasons(explainer, today, today, names=self.names)
        probability = self.used.probability(today)
        alike = Alike.among(self.choice.probability, self.test.left, self.test.weights)
        teams = None if team is None else today[team]
        error = level_error(self.customers, self.parts)
        return scored(population.today_ids, probability, alike, reasons, teams, level_error=error)

    def early_warnings(self) -> EarlyWarnings:
        """Rules of at most two conditions."""
        drawn = self.customers.drawn(RULED, random_seed=self.random_seed)
        parts = {part: rows[drawn] for part, rows in self.parts.items()}
        return find_early_warnings(self.customers.part(drawn), parts, names=self.names)

    def exhibits(self) -> Iterator[Showable]:
        """The choice, and what columns were left out."""
        yield self.choice
        if self.fitted_on is not None:
            yield Check(
                name="fitted_on_a_sample",
                status="pass",
                value=self.fitted_on,
                message=sentence(
                    "Forecasts were fitted on {n} rows of customers drawn by lot, of {all}; the share who left is that "
                    "of all. All others calibrate, judge and are scored.",
                    n=number(self.fitted_on),
                    all=number(int((self.parts["train"] | self.parts["stop"]).sum())),
                ),
                title=sentence("Fitted on a sample of customers"),
            )
        if self.customers.dropped:
            names = listing([self.names.label(name) for name in self.customers.dropped])
            yield Check(
                name="columns_left_out",
                status="pass",
                message=plural(
                    "{n} column says nothing and was left out: {names}.",
                    "{n} columns say nothing and were left out: {names}.",
                    len(self.customers.dropped),
                    names=names,
                ),
                title=sentence("Columns without content are left out"),
            )


def forecast_leavers(
    customers: Customers,
    names: Names | None = None,
    *,
    random_seed: int,
    capacity: int | None = None,
    budget: int = BUDGET,
    refits: int = REFITS,
    monotone: Mapping[str, int] | None = None,
    others: Mapping[str, Baseline] | None = None,
    most_rows: int = MOST_ROWS,
) -> LeaversForecast:
    """Divide the customers, fit boosted trees and simpler forecasts, and keep the simplest that is not beaten.

    Parameters
    ----------
    customers
        With who left.
    names
        How features are called.
    random_seed
        Fixes everything.
    capacity
        How many customers can be contacted.
    budget
        How many settings of the trees are tried.
    refits
        How many models of resampled customers are averaged.
    monotone
        By feature: 1 where the risk may only rise with it, -1 where it may only fall.
    others
        Further forecasts by name, such as the last survival run.
    most_rows
        So many rows are searched and fitted on at most, of customers drawn by lot.
    """
    parts = slices(customers, random_seed=random_seed)
    few = learned_sample(customers, parts, random_seed=random_seed, most_rows=most_rows)
    boosted = fit_boosted(customers, few, random_seed=random_seed, budget=budget, refits=refits, monotone=monotone)
    choice, simpler = choose(customers, few, boosted, random_seed=random_seed, capacity=capacity, others=others)
    return LeaversForecast(
        customers=customers,
        parts=parts,
        names=names or Names(),
        choice=choice,
        used=boosted if choice.used == "boosted" else simpler[choice.used],
        random_seed=random_seed,
        fitted_on=None if few is parts else int((few["train"] | few["stop"]).sum()),
    )
