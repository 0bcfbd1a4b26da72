"""Lifts brought up to date by pilots: prior, what the pilot says, and posterior side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from workbench.decisions.pilots.arms import Arms, DatasetDefinition, Reason, read_arms
from workbench.decisions.pilots.evaluated import Evaluated
from workbench.decisions.pilots.staying import Staying, staying_of
from workbench.decisions.pilots.visits import met_since
from workbench.decisions.pilots.words import told
from workbench.decisions.roi.chain import Chain, chain_of
from workbench.decisions.roi.experience import Experience
from workbench.decisions.roi.initiatives import Initiative
from workbench.decisions.roi.links import Lift
from workbench.draws import seed_of
from workbench.exhibits import Showable
from workbench.models.linkage import Linkage
from workbench.models.trials.lifts import Lifted, lift_against_control, lift_by_lot

LONGEST = 12.0
"""Months before and after a start that are compared where chance did not decide: a season is then in both."""
DRIFTED = 2.0
"""Standard errors by which arms drift apart before a start, beyond which they are not compared (5% by chance)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What one pilot teaches.

    Attributes
    ----------
    arms
        Who was in it.
    stated
        The initiative as it was before.
    lifted
        What it did to ratings.
    estimate, error
        Its lift in standard deviations of the experience: halo and what ratings of those who are more content gain on
        top taken off.
    raw
        The same without taking off what was there before; the same where chance decided.
    posterior
        Mean and standard deviation of the lift, both taken together.
    staying
        What it could not tell: who stayed; None where nothing can be said.
    run, why_not
        The run of pilot_evaluation that was there, and why its effect is not the one that counts; both empty without.
    """

    arms: Arms
    stated: Initiative
    lifted: Lifted
    estimate: float
    error: float
    raw: tuple[float, float]
    posterior: tuple[float, float]
    staying: Staying | None
    run: str = ""
    why_not: str = ""

    @property
    def evidence(self) -> Literal["experimental", "associational"]:
        """What it rests on."""
        return "experimental" if self.arms.by_lot else "associational"

    @property
    def tells(self) -> bool:
        """Whether the lift that is counted on is mostly what a draw told, and not what was stated."""
        return self.arms.by_lot and self.error < self.stated.lift_sd


@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What all pilots teach.

    Attributes
    ----------
    experience
        The chain with lifts brought up to date.
    lessons
        One a pilot.
    silent
        Pilots that teach nothing, by reason.
    """

    experience: Experience
    lessons: tuple[Lesson, ...] = ()
    silent: tuple[tuple[str, Reason], ...] = ()

    def exhibits(self) -> Iterator[Showable]:
        """Findings, the table, and what could not be learnt."""
        yield from told(self.lessons, self.silent)


def learn(
    experience: Experience,
    dataset: DatasetDefinition,
    tables: Mapping[str, pd.DataFrame | None],
    *,
    random_seed: int,
    evaluated: Evaluated | None = None,
) -> Learnt:
    """Bring the lifts of a chain up to date by the pilots of its dataset.

    Parameters
    ----------
    experience
        The chain of the company, or why there is none.
    dataset
        Definitions of the tables.
    tables
        `treatments` (None: no pilots), `subscriptions`, optionally `customers`.
    random_seed
        Of the chain's lifts, and of the bootstrap.
    evaluated
        What a run of pilot_evaluation found of one of them: it counts in place of an estimate of our own.
    """
    treatments, chain, linkage = tables.get("treatments"), experience.chain, experience.linkage
    if treatments is None or chain is None or linkage is None or experience.until is None:
        return Learnt(experience=experience)
    stated = {each.name: each for each in chain.initiatives}
    lessons: list[Lesson] = []
    silent: list[tuple[str, Reason]] = []
    for found in read_arms(dataset, treatments, tables.get("customers"), list(stated), experience.until):
        if isinstance(found, tuple):
            silent.append(found)
            continue
        each = stated[found.initiative]
        lifted = _lifted(found, linkage, chain.at[each.driver], each, experience.until, random_seed, evaluated)
        if lifted is None:
            silent.append((each.name, "few"))
        elif lifted.placebo is not None and abs(lifted.placebo.estimate) > DRIFTED * lifted.placebo.error:
            silent.append((each.name, "drifted"))
        else:
            lessons.append(_lesson(found, each, lifted, chain, linkage, tables, experience.until, evaluated))
    updated = [
        replace(each, lift=lesson.posterior[0], lift_sd=lesson.posterior[1]) if lesson else each
        for each in chain.initiatives
        for lesson in [next((one for one in lessons if one.stated is each), None)]
    ]
    tried = frozenset(lesson.stated.name for lesson in lessons if lesson.tells)
    learnt = replace(chain_of(updated, chain.at, chain.link, chain.base, random_seed=random_seed), tried=tried)
    return Learnt(experience=replace(experience, chain=learnt), lessons=tuple(lessons), silent=tuple(silent))


def _lifted(
    arms: Arms,
    linkage: Linkage,
    at: Lift,
    each: Initiative,
    until: pd.Timestamp,
    random_seed: int,
    evaluated: Evaluated | None,
) -> Lifted | None:
    rated = arms.rated(linkage.answers, each.driver)
    # What is told is the lift at full strength: the chain lets it rise and fade again.
    met = met_since(at, rated.months) * each.strength_after(rated.months)
    draws, seed = len(at.widening), seed_of(random_seed, f"pilot {each.name}")
    if evaluated is not None and (found := evaluated.lift(arms, rated, met, each.driver, draws)) is not None:
        return found
    if arms.by_lot:
        return lift_by_lot(rated, met, draws=draws, random_seed=seed)
    before = -float(rated.months.min()) if len(rated.months) else 0.0
    window = min(arms.window(until), before, LONGEST)
    return lift_against_control(rated, met, window=window, draws=draws, random_seed=seed)


def _lesson(
    arms: Arms,
    each: Initiative,
    lifted: Lifted,
    chain: Chain,
    linkage: Linkage,
    tables: Mapping[str, pd.DataFrame | None],
    until: pd.Timestamp,
    evaluated: Evaluated | None,
) -> Lesson:
    at = chain.at[each.driver]
    # Whoever is better served is more content, and rates better for that too: by h × w of what was lifted.
    own = at.widening / (1 + linkage.halo.points[: len(at.widening)] * at.effect * at.halo)
    lift, raw = lifted.lift.draws * own, lifted.raw.draws * own
    estimate, error = float(lift.mean()), float(lift.std())
    posterior = combined((each.lift, each.lift_sd), (estimate, error))
    subscriptions = tables.get("subscriptions")
    staying = None
    if arms.by_lot and subscriptions is not None:
        staying = staying_of(arms, each, chain, subscriptions, until, evaluated)
    return Lesson(
        arms=arms,
        stated=each,
        lifted=lifted,
        estimate=estimate,
        error=error,
        raw=(float(raw.mean()), float(raw.std())),
        posterior=posterior,
        staying=staying,
        run="" if evaluated is None else evaluated.run,
        why_not="" if evaluated is None else evaluated.why_not(arms, each.driver),
    )


def combined(prior: tuple[float, float], sample: tuple[float, float]) -> tuple[float, float]:
    """Mean and standard deviation of what both say, each weighted by its precision.

    Parameters
    ----------
    prior, sample
        Mean and standard deviation; 0 is certainty.

    Notes
    -----
    Where they lie farther apart than their variances allow, both are taken to be as much less sure as explains it:
    half of the excess each (the estimate by moments of DerSimonian and Laird 1986, for two).

    Examples
    --------
    >>> combined((0.0, 1.0), (1.0, 1.0)), combined((0.5, 0.0), (2.0, 0.1))
    ((0.5, 0.7071067811865476), (0.5, 0.0))
    """
    if prior[1] == 0:
        return prior
    if sample[1] == 0:
        return sample
    excess = max((prior[0] - sample[0]) ** 2 - prior[1] ** 2 - sample[1] ** 2, 0.0) / 2
    weights = 1 / (np.array([prior[1], sample[1]]) ** 2 + excess)
    return float(weights @ [prior[0], sample[0]] / weights.sum()), float(weights.sum() ** -0.5)
