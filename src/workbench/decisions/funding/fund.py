"""What to fund, put together: from the chain of a company to all that a reader gets of its initiatives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.decisions.equity.words import horizon
from workbench.decisions.equity.worth import Worth
from workbench.decisions.funding.alone import Alone
from workbench.decisions.funding.beneficiaries import Beneficiaries, Group, answers_of, large_enough, respondents
from workbench.decisions.funding.changed import within
from workbench.decisions.funding.doubts import Doubts
from workbench.decisions.funding.must_be_true import MustBeTrue
from workbench.decisions.funding.naive import naive_returns
from workbench.decisions.funding.pilot_worth import Answering, PilotWorth
from workbench.decisions.funding.recommendation import Advice, Recommendation
from workbench.decisions.funding.sensitivity import Sensitivity
from workbench.decisions.funding.waterfall import Waterfall
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.experience import DatasetDefinition, Experience, base_of
from workbench.errors import ParameterError
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage import Answers
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, sentence, shown, span

RATED_MONTHS = 12
"""Before the day of valuation: how often a touchpoint is rated is counted over a year, all seasons once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Funding:
    """What a reader gets of initiatives.

    Attributes
    ----------
    parts
        In reading order; none where the return on experience is not told.
    """

    parts: tuple[Showable, ...]

    @property
    def advises(self) -> bool:
        """Whether it says what to do: a report has one recommendation."""
        return bool(self.parts)

    def exhibits(self) -> Iterator[Showable]:
        """Each part."""
        yield from self.parts


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On which terms initiatives are evaluated.

    Attributes
    ----------
    months
        For which returns are counted.
    hurdle
        What 1 spent must return.
    pilot_cost
        What a pilot costs beside those who get it.
    segments
        Columns of `subscriptions` by which gains are split.
    seed
        Of the usual chain's draws.

    Raises
    ------
    ParameterError
        A hurdle or a cost below 0.
    """

    months: int
    hurdle: float = 1.0
    pilot_cost: float = 0.0
    segments: Sequence[str] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        below = [name for name in ("hurdle", "pilot_cost") if not getattr(self, name) >= 0]
        if below:
            template = "{name}: got a number below 0, expected 0 or more."
            raise ParameterError(*(sentence(template, name=name) for name in below))


def fund(
    experience: Experience,
    worth: Worth,
    dataset: DatasetDefinition,
    tables: Mapping[str, pd.DataFrame | None],
    terms: Terms,
) -> Funding:
    """Work out what to fund, what it returns, how sure that is, and what it hangs on.

    Parameters
    ----------
    experience
        The chain of the company, or why there is none.
    worth
        The base, valued when nothing is done.
    dataset
        Definitions of the tables: the currency of costs.
    tables
        `subscriptions`, optionally `transactions`.
    terms
        On which initiatives are evaluated.

    Raises
    ------
    ParameterError
        A horizon beyond what the base is valued for.
    """
    subscriptions = tables.get("subscriptions")
    if experience.chain is None or experience.linkage is None or subscriptions is None or experience.until is None:
        return Funding(parts=())
    months, hurdle = terms.months, terms.hurdle
    chain = within(experience.chain, months)
    if not chain.initiatives:
        return Funding(parts=())
    returns = chain.returns()
    answers = experience.linkage.answers
    choice = Recommendation.of(returns, hurdle=hurdle)
    doubts = Doubts.of(chain, choice.best)
    observed = float(worth.horizons[0])
    must = MustBeTrue.of(chain, choice.best, hurdle=hurdle, observed=observed)
    pilots = PilotWorth.of(
        experience.chain,
        choice.best,
        months=months,
        known={each.name: (each.lift, each.lift_sd) for each in chain.initiatives},
        answering=_answering(answers, chain, experience.until),
        set_up=terms.pilot_cost,
        hurdle=hurdle,
    )
    naive = naive_returns(
        chain,
        answers,
        subscriptions,
        tables.get("transactions"),
        until=experience.until,
        random_seed=terms.seed,
    )
    contribution = worth.business.contribution
    groups, untold = _groups(worth, subscriptions, answers, chain, experience.until, months, terms.segments)
    return Funding(
        parts=(
            Advice(
                recommendation=choice,
                returns=returns,
                chain=chain,
                doubts=doubts,
                must=must,
                pilots=pilots,
                hurdle=hurdle,
                contribution=contribution,
                labels={each.name: each.label for each in dataset.tables["surveys"].columns},
            ),
            Alone(returns=returns, naive=naive, clears=choice.clears, hurdle=hurdle),
            Waterfall.of(chain, choice.best),
            must,
            doubts,
            Sensitivity.of(experience.chain, choice.best, months=months, hurdle=hurdle),
            pilots,
            Beneficiaries.of(chain, groups),
            _untold(untold),
            _reaches(months, observed),
            _counts(contribution),
            _currency(dataset, chain.base.currency),
        )
    )


def counted(experience: Experience, months: int) -> Experience:
    """What is told of links and bounds, over the months that returns are counted for.

    Parameters
    ----------
    experience
        The chain of the company, pilots included, or why there is none.
    months
        For which returns are counted, as in `Terms`.

    Raises
    ------
    ParameterError
        A horizon beyond what the base is valued for.
    """
    chain = experience.chain
    return experience if chain is None else replace(experience, chain=within(chain, months))


def _answering(answers: Answers, chain: Chain, until: pd.Timestamp) -> dict[str, Answering]:
    """How often each touchpoint was rated in the last year."""
    recent = pd.to_datetime(answers.timestamp) >= until - pd.DateOffset(months=RATED_MONTHS)
    found = {}
    for driver in chain.at:
        rated = np.isfinite(answers.ratings[recent, answers.drivers.index(driver)]).sum()
        found[driver] = Answering(monthly=float(rated) / (RATED_MONTHS * chain.base.active))
    return found


def _groups(
    worth: Worth,
    subscriptions: pd.DataFrame,
    answers: Answers,
    chain: Chain,
    until: pd.Timestamp,
    months: int,
    segments: Sequence[str],
) -> tuple[list[Group], list[str]]:
    """Groups by each segment that the cells of the base have; segments by which nothing may be told."""
    draws = len(chain.base.customers)
    latest = subscriptions.sort_values("start").drop_duplicates("customer_id", keep="last").set_index("customer_id")
    found, untold = [], []
    gathered = worth.gathered
    for name in segments:
        if name not in latest:
            continue
        if name not in worth.cells:
            untold.append(name)
            continue
        counts = worth.cells.groupby(name, sort=True)["customers"].sum()
        of = {str(key): str(value) for key, value in latest[name].items()}
        theirs = {str(group): answers_of(of, answers.ids, answers.customer, str(group)) for group in counts.index}
        if gathered in theirs:  # combinations of few customers each: taken to answer and to leave as all do
            theirs[gathered] = np.ones(len(answers.customer), dtype=bool)
        if not large_enough(counts, [respondents(chain, own, answers.customer) for own in theirs.values()]):
            untold.append(name)
            continue
        known = subscriptions[name].astype(str)
        for group, customers in counts.items():
            cells = np.flatnonzero((worth.cells[name] == group).to_numpy())
            contracts = subscriptions if group == gathered else subscriptions[known == group]
            base = base_of(worth, contracts, draws, until, cells=cells, active=float(customers))
            whole = Chain(initiatives=(), lifts={}, at={}, link=chain.link, base=base)
            found.append(
                Group(
                    grouping=name,
                    name=str(group),
                    customers=int(customers),
                    base=within(whole, months).base,
                    answers=theirs[str(group)],
                    gathered=group == gathered,
                )
            )
    return found, untold


def _untold(segments: Sequence[str]) -> Check | None:
    """By which segments it is not told who benefits."""
    if not segments:
        return None
    return Check(
        name="who_benefits_untold",
        status="pass",
        title=sentence("Who benefits is not told by every segment"),
        message=sentence(
            "Who benefits is not told by {names}: groups are too many, too small, or fewer than {least} customers of "
            "one rated the touchpoint.",
            names=listing([shown(name) for name in segments]),
            least=number(float(SMALLEST_GROUP)),
        ),
        value=float(len(segments)),
    )


def _reaches(months: int, observed: float) -> Check:
    """Whether returns are counted for longer than customers have been observed."""
    beyond = months > observed
    about = {"time": horizon(months), "observed": span(observed, "months")}
    return Check(
        name="returns_horizon",
        status="warn" if beyond else "pass",
        title=sentence("Returns are counted beyond the data")
        if beyond
        else sentence("Returns are counted within reach of the data"),
        message=sentence(
            "Returns are counted for {time}, but customers have been observed for {observed}: what comes later rests "
            "on leaving going on as it did. A shorter returns_within rests on the data.",
            **about,
        )
        if beyond
        else sentence("Returns are counted for {time}; customers have been observed for {observed}.", **about),
        value=float(months),
        threshold=observed,
    )


def _counts(contribution: bool) -> Check:
    """Whether returns are of contribution."""
    return Check(
        name="returns_are_contribution",
        status="pass" if contribution else "warn",
        title=sentence("Returns are contribution")
        if contribution
        else sentence("Returns are revenue, not contribution"),
        message=sentence("What initiatives bring is contribution: costs of what was sold are taken off.")
        if contribution
        else sentence(
            "No margin is known, so returns are revenue: of 1 returned only the margin is earned, and an initiative "
            "pays only where return × margin exceeds 1. Give margin and fee_margin."
        ),
    )


def _currency(dataset: DatasetDefinition, currency: str) -> Check | None:
    """Whether costs are said to be in the currency of all money; others are refused when money is read."""
    definition = dataset.tables.get("initiatives")
    costs = [column for column in definition.columns if column.kind == "money"] if definition is not None else []
    if not currency or all(column.unit for column in costs):
        return None
    return Check(
        name="costs_currency",
        status="warn",
        title=sentence("Costs of initiatives carry no currency"),
        message=sentence(
            "Costs of initiatives carry no currency and are taken as {currency}, like all other money. Write currency: "
            "under initiatives in dataset.yaml.",
            currency=currency,
        ),
    )
