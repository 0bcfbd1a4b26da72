"""What is to come, as a study shows it: the forecast of every active customer, and another future beside it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.exhibits import Column, Kept, People, Showable, Table
from workbench.models.survival.extrapolation.beyond import BeyondTheData
from workbench.models.survival.forecast.active_customers import (
    DRAWS_WITHIN,
    Forecast,
    active,
    draws_of,
    forecast,
    one_population,
    remaining,
)
from workbench.models.survival.forecast.scenario import Scenario, apply_scenario
from workbench.models.survival.forecast.selection import Selection
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.statistics.horizons import units
from workbench.wording import sentence

COARSE = 0.1
"""Standard deviations of a number to which it is rounded in tables of single customers: .03 of one is lost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CustomerForecast:
    """The forecast of every customer who is active at the end of the records.

    Attributes
    ----------
    forecast
        Their survival from then on, and how many leave.
    lifetimes
        Of all customers.
    kept
        For machines, customer by customer: survival, time remaining, and joint draws of survival
        (`forecast.draws.read_draws` makes survival of these).
    """

    forecast: Forecast
    lifetimes: Lifetimes
    kept: tuple[Kept, ...]

    def exhibits(self) -> Iterator[Showable]:
        """How many leave, checks, who is at risk by group, how many leave by horizon, and tables for machines."""
        yield self.forecast.findings()
        yield one_population(self.lifetimes, self.forecast)
        yield self.forecast.checks()
        yield Table(
            name="next_quarter",
            frame=self.forecast.by(self.lifetimes.segments, self.lifetimes.labels),
            caption=sentence(
                "Active customers, how many are expected to lapse by the next horizon, and their share."
                if self.forecast.lapse
                else "Active customers, how many are expected to leave by the next horizon, and their share."
            ),
            people=People(count="customers", by="group", within="segment"),
            columns={
                "segment": Column(sentence("segment")),
                "group": Column(sentence("group")),
                "customers": Column(sentence("customers")),
                "expected": Column(sentence("expected")),
                "share": Column(sentence("share"), "share"),
            },
        )
        yield Table(
            name="expected_leavers",
            frame=self.forecast.totals,
            caption=sentence(
                "Customers expected to be gone by each horizon, with the interval of their number: chance and the "
                "uncertainty of the model."
            ),
            people=People(count="customers", within="horizon"),
            columns={
                "horizon": Column(sentence("horizon"), units(self.forecast.time_unit)),
                "customers": Column(sentence("customers")),
                "expected": Column(sentence("expected")),
                "lower": Column(sentence("lower")),
                "upper": Column(sentence("upper")),
                "extrapolated": Column(sentence("extrapolated"), "share"),
            },
        )
        yield self.kept


def forecast_customers(
    selection: Selection,
    lifetimes: Lifetimes,
    beyond: BeyondTheData | None = None,
    *,
    draws_within: float = DRAWS_WITHIN,
    random_seed: int,
) -> CustomerForecast | None:
    """Forecast every active customer by the model that was selected.

    Parameters
    ----------
    selection
        Made of `lifetimes`.
    lifetimes
        All that is known of them.
    beyond
        How curves go on beyond the data: draws do so with its families. Where it is None, hazards go on as they went.
    draws_within
        Months ahead that draws for other studies reach.
    random_seed
        Of the draws for other studies.

    Returns
    -------
    CustomerForecast or None
        None where no model could be fitted, or nobody is active.
    """
    model, confidence = selection.model, lifetimes.confidence
    if model is None or not len(active(lifetimes)):
        return None
    ahead = forecast(model, lifetimes, reasons=selection.reasons, season=selection.season, confidence=confidence)
    draws, customers = draws_of(
        model,
        lifetimes,
        draws_within=draws_within,
        random_seed=random_seed,
        reasons=selection.reasons,
        beyond=beyond.growth if beyond else None,
    )
    kept = {
        "survival": ahead.table,
        "remaining": remaining(model, lifetimes, confidence=confidence),
        "survival_draws": draws,
        "survival_customers": coarse(customers),
    }
    return CustomerForecast(
        forecast=ahead,
        lifetimes=lifetimes,
        kept=tuple(Kept(name=name, frame=frame) for name, frame in kept.items()),
    )


def coarse(customers: pd.DataFrame) -> pd.DataFrame:
    """What customers have of the columns of effects, no finer than forecasts need.

    Numbers are rounded to a tenth of their standard deviation, which moves a hazard by far less than its interval is
    wide and leaves no exact age or amount. Tenure stays: hazards heap at renewals, and a day decides on which side.

    Parameters
    ----------
    customers
        `customer_id`, `tenure`, `column:<column>`.
    """
    rounded = {}
    for name in customers.columns[2:]:
        values = customers[name]
        step = COARSE * float(values.std(ddof=0)) if values.nunique() > 2 else 0.0
        if step > 0:
            rounded[name] = (values / step).round() * step
    return customers.assign(**rounded)


def forecast_scenario(
    selection: Selection,
    lifetimes: Lifetimes,
    scenario: Mapping[str, Iterable[float]] | None,
    *,
    random_seed: int,
) -> Scenario | None:
    """Another future than the one in which everything stays as it was last known.

    Parameters
    ----------
    selection, lifetimes
        As in `forecast_customers`.
    scenario
        As in `scenario.play`; nothing is played where it is empty.
    random_seed
        Of the draws.

    Returns
    -------
    Scenario or None
        None where there is nothing to play, or nobody to play it with.

    Raises
    ------
    ParameterError
        Of names that the model does not take as numbers.
    """
    if not scenario or selection.model is None or not len(active(lifetimes)):
        return None
    models = selection.for_scenarios(lifetimes)
    return apply_scenario(models, lifetimes, scenario, random_seed=random_seed, confidence=lifetimes.confidence)
