"""All of a forecast of leavers in one place: who tests it, which one is used, why, and whether to believe it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from workbench.errors import ParameterError
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.attrition.fairness import ByGroup, compare_groups
from workbench.models.attrition.leak_battery import LeakBattery, examine
from workbench.models.attrition.model.baselines import Baseline
from workbench.models.attrition.model.boosting import Settings
from workbench.models.attrition.model.choice import Choice, choose, recalibrate
from workbench.models.attrition.model.cross_fitting import choose_cross_fitted
from workbench.models.attrition.model.customers import Customers, Part, slices
from workbench.models.attrition.model.fitting import (
    BUDGET,
    MOST_ROWS,
    REFITS,
    BoostedModel,
    calibrated,
    fit_boosted,
    learned_sample,
)
from workbench.models.attrition.model.learning import Learning, learn_quickly
from workbench.models.attrition.model.levels import Level, forecast_windows, level_of
from workbench.models.attrition.model.performance import Performance
from workbench.models.attrition.model.survival_run import SurvivalRun
from workbench.models.attrition.population import Population
from workbench.models.attrition.reasons.dependence import find_dependence
from workbench.models.attrition.reasons.early_warnings import EarlyWarnings, find_early_warnings
from workbench.models.attrition.reasons.explainers import Explainer, explainer_of
from workbench.models.attrition.reasons.reasons import Names, give_reasons
from workbench.models.attrition.scores import Alike, Scores, scored
from workbench.models.attrition.traits import Trait
from workbench.wording import listing, number, plural, sentence, shown

EXPLAINED = 50_000
"""Evaluated customers of whom importance and agreement of reasons are told: known to half a percentage point."""
RULED = 300_000
"""Rows in which rules of early warning are looked for and tested, and usual values: at 5% they hold 15,000 leavers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeaversForecast:
    """A forecast of who leaves, evaluated on customers that it has not seen.

    Attributes
    ----------
    customers, parts
        The rows and what they were for.
    names
        How features are called.
    choice
        Which forecast is used, beside the others.
    used
        That forecast, its level and slope learned from whoever was evaluated too: what is newest counts.
    random_seed
        Fixed all of it.
    level
        How many leave of all customers together.
    fitted_on
        Rows that it was fitted on, of customers drawn by lot; None where it was fitted on all there were.
    """

    customers: Customers
    parts: Mapping[Part, np.ndarray]
    names: Names
    choice: Choice
    used: BoostedModel | Baseline
    random_seed: int
    level: Level
    fitted_on: int | None = None

    @property
    def test(self) -> Customers:
        """Whom it was evaluated on."""
        return self.choice.test

    def performance(self) -> tuple[Performance, Learning]:
        """How good it is, whether more customers would help, and how it would have done at other cut-offs."""
        learning = learn_quickly(self.customers, self.parts, self.choice.used, random_seed=self.random_seed)
        return Performance(choice=self.choice), learning

    def by_group(self, traits: Sequence[Trait], *, selected: np.ndarray) -> ByGroup:
        """How it does in segments and in groups that the law protects.

        Parameters
        ----------
        traits
            By which customers fall into groups.
        selected : (N,)
            With which probability each customer of the test part would be contacted.
        """
        return compare_groups(
            self.test, self.choice.probability, traits, selected=selected, random_seed=self.random_seed
        )

    def examine(self) -> LeakBattery:
        """Whether the test is a test."""
        return examine(
            self.customers, self.parts, random_seed=self.random_seed, labels=self.names.labels, forecast=self.used
        )

    def reasons(self) -> Showable:
        """Why customers of the test part are at risk, against those it learned from, and how features do."""
        earlier = self.customers.drawn(RULED, random_seed=self.random_seed, among=~self.parts["test"])
        background = self.customers.features[earlier]
        explainer = self._explainer(background)
        if explainer is None:
            return {"reason_agreement": None, "reasons_given": 0.0}
        features = self.test.features
        if len(features) > EXPLAINED:
            features = features.sample(EXPLAINED, random_state=self.random_seed).reset_index(drop=True)
        found = give_reasons(explainer, features, background, names=self.names)
        return found, find_dependence(
            explainer, features, background, found.importance, names=self.names, random_seed=self.random_seed
        )

    def _explainer(self, background: pd.DataFrame) -> Explainer | None:
        """Against some customers; None where everybody has the same risk."""
        if self.choice.used == "base_rate":
            return None
        learned = self.customers.part(self.customers.drawn(EXPLAINED, random_seed=self.random_seed))
        return explainer_of(self.used, background, random_seed=self.random_seed, learned=learned)

    def score(self, population: Population, *, team: str | None = None) -> Scores:
        """Risks and reasons of customers of today.

        Customers of a flat table who stayed are learned from: the forecast that is used has seen that they did. So
        their risks are those by which it was tested, of models that had not.

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
        explainer = self._explainer(today)
        reasons = None if explainer is None else give_reasons(explainer, today, today, names=self.names, compared=False)
        plain = self.used.probability(today)
        if self.choice.folds:
            plain = pd.Series(self.choice.probability, index=self.test.ids).reindex(population.today_ids).to_numpy()
        probability = self.level.settled(plain)
        alike = Alike.among(self.choice.probability, self.test.left, self.test.weights)
        return scored(
            population.today_ids,
            probability,
            alike,
            reasons,
            None if team is None else today[team],
            level_error=self.level.error_of(plain),
            window=population.window,
            opt_out=population.opt_out,
        )

    def early_warnings(self) -> EarlyWarnings:
        """Rules of at most two conditions."""
        drawn = self.customers.drawn(RULED, random_seed=self.random_seed)
        parts = {part: rows[drawn] for part, rows in self.parts.items()}
        return find_early_warnings(self.customers.part(drawn), parts, names=self.names)

    def exhibits(self) -> Iterator[Showable]:
        """The choice, and what columns were left out."""
        yield self.choice
        yield self.level.check()
        yield None if self.customers.equal is None else self.customers.equal.check()
        if self.fitted_on is not None:
            yield Check(
                name="fitted_on_a_sample",
                status="pass",
                value=self.fitted_on,
                message=sentence(
                    "Forecasts were fitted on {n} rows of customers drawn by lot, of {all}; the share who left is that "
                    "of all. All others calibrate, evaluate and are scored.",
                    n=number(self.fitted_on),
                    all=number(int((self.parts["train"] | self.parts["stop"]).sum()) + self.customers.undrawn),
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
    survival: SurvivalRun | None = None,
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
        Further forecasts by name, where there are dates.
    survival
        The last survival run, which stands beside the others where it is a fair rival.
    most_rows
        So many rows are searched and fitted on at most, of customers drawn by lot.
    """
    parts = slices(customers, random_seed=random_seed)

    def few(some: Customers, cut: Mapping[Part, np.ndarray]) -> Mapping[Part, np.ndarray]:
        return learned_sample(some, cut, random_seed=random_seed, most_rows=most_rows)

    def fit(some: Customers, cut: Mapping[Part, np.ndarray], settings: Settings | None = None) -> BoostedModel:
        return fit_boosted(
            some,
            few(some, cut),
            random_seed=random_seed,
            budget=budget,
            refits=refits,
            settings=settings,
            monotone=monotone,
        )

    simpler: Mapping[str, Baseline]
    if customers.snapshots is None:
        # All customers are evaluated and calibrate by forecasts of others, so that all may be learned from.
        whole = slices(customers, random_seed=random_seed, without=("calibrate", "test"))
        boosted = fit(customers, whole)
        choice, simpler, calibration = choose_cross_fitted(
            customers,
            partial(fit, settings=boosted.searched.best),
            random_seed=random_seed,
            capacity=capacity,
            survival=survival,
            most_rows=most_rows,
        )
        boosted = replace(boosted, calibration=calibration)
        later = customers
    else:
        whole = parts
        boosted = fit(customers, parts)
        choice, simpler = choose(
            customers,
            few(customers, parts),
            boosted,
            random_seed=random_seed,
            capacity=capacity,
            others=others,
            survival=survival,
        )
        later = customers.part(parts["calibrate"] | parts["test"])
        boosted = calibrated(boosted, later)
        if choice.used in simpler:
            recalibrate(simpler[choice.used], later)
    fitted, there = few(customers, whole), whole["train"] | whole["stop"]
    return LeaversForecast(
        customers=customers,
        parts=parts,
        names=names or Names(),
        choice=choice,
        used=boosted if choice.used == "boosted" else simpler[choice.used],
        random_seed=random_seed,
        level=level_of(forecast_windows(customers, choice.used, random_seed=random_seed), later),
        fitted_on=None if fitted is whole else int(((fitted["train"] | fitted["stop"]) & there).sum()),
    )
