"""What customers who stay are worth: one amount for all, a column, or what an earlier run of clv_roi expects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.errors import ParameterError
from workbench.findings import Check
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.population import Population
from workbench.wording import inline, listing, number, plural, sentence, shown

TABLE = "customer_value"
"""Of a run of clv_roi: each customer on the day of valuation."""
STEM = "value:"
"""Its columns of expected present value begin so; what follows is a horizon in months, or `lifetime`."""

REVENUE = "margin_known"
"""Check of clv_roi that warns where value is revenue."""
MOST_UNKNOWN = 0.1
"""Share of active customers whose value is not known, above which the list ranks by a mean too often to be trusted."""


class Earlier(Protocol):
    """An earlier run of clv_roi."""

    @property
    def id(self) -> str:
        """Of the run."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """As plain data: `today` is the day of valuation, None where it is the end of the records."""

    @property
    def warnings(self) -> Sequence[Mapping[str, str]]:
        """Checks that warned: name, title and message."""

    def table(self, name: str) -> pd.DataFrame:
        """One that it left.

        Parameters
        ----------
        name
            Of the table.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """What customers who stay are worth, in money.

    Attributes
    ----------
    test, today : float or (N,)
        Of customers of the test, and of today.
    checks
        Where it is from, and of how many it is not known.
    """

    test: np.ndarray | float
    today: np.ndarray | float
    checks: tuple[Check, ...] = ()

    def exhibits(self) -> Iterator[Check]:
        """Where values are from."""
        yield from self.checks


def check_request(
    population: Population,
    *,
    team: str | None = None,
    team_capacity: Mapping[str, int] | None = None,
    value_column: str | None = None,
    most_contacts: int | None = None,
    monotone: Mapping[str, int] | None = None,
) -> None:
    """Refuse what these data cannot answer before anything is fitted, all of it at once.

    Parameters
    ----------
    population
        Customers and those of today.
    team
        Feature that says who would contact a customer.
    team_capacity
        Contacts of each team in a week: of every team of today's customers.
    value_column
        Feature that says what a customer is worth.
    most_contacts
        At most so many contacts of a customer within some days: only data with dates know when the last were.
    monotone
        Features with which the risk may only rise (1) or fall (-1).

    Raises
    ------
    ParameterError
        A feature that is not there, one without numbers, a capacity by team that leaves teams out or is below 0, or a
        contact policy without dates.
    """
    known = list(population.customers.features)
    faults = []
    if team is not None and team not in known:
        template = "team: {name}: no such feature; there are {known}."
        faults.append(sentence(template, name=shown(team), known=listing([shown(name) for name in known[:20]])))
    elif team_capacity:
        faults += _no_capacities(population, team, team_capacity)
    if value_column is not None and value_column not in _numbers(population):
        faults.append(_no_numbers(population, value_column))
    if most_contacts is not None and population.when is None:
        faults.append(sentence("most_contacts: a flat table has no dates, so nobody knows who was contacted when."))
    faults += _no_directions(population, monotone or {})
    if faults:
        raise ParameterError(*faults)


def _no_directions(population: Population, monotone: Mapping[str, int]) -> list[str]:
    """What is wrong with features of which the risk may only rise or fall."""
    known = _numbers(population)
    template = "monotone: {name}: no such feature that holds numbers; there are {known}."
    there = listing([shown(name) for name in known[:20]]) or sentence("none")
    faults = [sentence(template, name=shown(name), known=there) for name in monotone if name not in known]
    template = "monotone: {name}: got {sign}, expected 1 where the risk may only rise with it or -1 where only fall."
    return faults + [
        sentence(template, name=shown(name), sign=number(sign))
        for name, sign in monotone.items()
        if sign not in (-1, 1)
    ]


def _no_capacities(population: Population, team: str | None, given: Mapping[str, int]) -> list[str]:
    """What is wrong with capacities by team."""
    if team is None:
        return [sentence("team_capacity: got capacities by team, but no `team`: the feature that says who calls whom.")]
    teams = [str(name) for name in _names(population.today[team]).dropna().unique()]
    faults = []
    if missing := sorted(set(teams) - set(given)):
        template = "team_capacity: expected contacts a week of every team; missing: {missing}."
        faults.append(sentence(template, missing=listing([shown(name) for name in missing[:20]])))
    if strange := sorted(set(given) - set(teams) - {sentence("No team")}):
        template = "team_capacity: {strange}: no such team among the customers of today; there are {teams}."
        strange, teams = ([shown(name) for name in names[:20]] for names in (strange, sorted(teams)))
        faults.append(sentence(template, strange=listing(strange), teams=listing(teams)))
    if below := sorted(name for name, contacts in given.items() if contacts < 0):
        template = "team_capacity: expected numbers of at least 0; below that: {below}."
        faults.append(sentence(template, below=listing([shown(name) for name in below])))
    if population.today[team].isna().any() and sentence("No team") not in given:
        template = "team_capacity: some customers of today have no team; {name} needs a number too, 0 leaves them out."
        faults.append(sentence(template, name=shown(sentence("No team"))))
    return faults


def read_teams(customers: Customers, team: str | None) -> np.ndarray | None:
    """Who would contact each customer.

    Parameters
    ----------
    customers
        Whose features are known.
    team
        The feature that says it; None where there are no teams.

    Returns
    -------
    ndarray (N,) or None
        Names of teams, as `team_capacity` writes them; missing where a customer has none.
    """
    if team is None:
        return None
    return np.array([None if pd.isna(name) else str(name) for name in _names(customers.features[team])], dtype=object)


def _names(teams: pd.Series) -> pd.Series:
    """Teams as text: the first is "1", not "1.0", also where a customer has none."""
    return teams.convert_dtypes().astype("string")


def read_values(
    population: Population, test: Customers, *, value: float, column: str | None = None, earlier: Earlier | None = None
) -> Values:
    """What customers who stay are worth.

    Parameters
    ----------
    population
        Customers and those of today.
    test
        Whom the round is evaluated on.
    value
        Of each customer where nothing else is said, in money.
    column
        Feature that holds it. Whose is not known counts with the mean of the others.
    earlier
        A run of clv_roi: of each customer of today the present value that it expects within its longest horizon, their
        risk of leaving included, so that it is rather too low for whoever is kept. Customers of the test are worth
        what it says of them if it valued buyers on a day (`today`) before their label window; else its mean, all
        alike: it was made when their end was known, and of those who left it says nothing. Contracts are valued at
        the end of the records only.

    Raises
    ------
    ParameterError
        Both are given; no such column, or one without numbers; no value in the run.
    """
    if column is not None and earlier is not None:
        raise ParameterError(sentence("value_column and value_run: got both, expected one of them."))
    if column is not None:
        return _of_column(population, test, column)
    return Values(test=value, today=value) if earlier is None else _of_run(population, test, earlier)


def _of_column(population: Population, test: Customers, column: str) -> Values:
    features = population.customers.features
    if column not in _numbers(population):
        raise ParameterError(_no_numbers(population, column))
    mean = float(pd.to_numeric(features[column]).mean())
    each, of_today = (
        pd.to_numeric(frame[column]).to_numpy(dtype=float, na_value=np.nan)
        for frame in (test.features, population.today)
    )
    return Values(
        test=_filled(each, mean),
        today=_filled(of_today, mean),
        checks=(_told(np.isnan(of_today), sentence("the column {name}", name=inline(population.names.label(column)))),),
    )


def _numbers(population: Population) -> list[str]:
    features = population.customers.features
    return [str(name) for name in features if _is_number(features[name])]


def _no_numbers(population: Population, column: str) -> str:
    known = listing([shown(name) for name in _numbers(population)[:20]]) or sentence("none")
    return sentence(
        "value_column: {name}: no such feature that holds numbers; there are {known}.", name=shown(column), known=known
    )


def _of_run(population: Population, test: Customers, earlier: Earlier) -> Values:
    frame = earlier.table(TABLE)
    horizons = [name for name in map(str, frame.columns) if name.startswith(STEM) and name.removeprefix(STEM).isdigit()]
    longest = max(horizons, key=lambda name: int(name.removeprefix(STEM)), default=None)
    if longest is None or not frame[longest].notna().any():
        template = "value_run: run {run} tells no customer's value within a horizon; repeat it with `horizons`."
        raise ParameterError(sentence(template, run=earlier.id))
    known = frame.drop_duplicates("customer_id").set_index("customer_id")[longest].astype(float)
    mean = float(known.mean())
    of_today = known.reindex(population.today_ids).to_numpy()
    months = number(int(longest.removeprefix(STEM)))
    where = sentence("run {run} of clv_roi, within {months} months", run=earlier.id, months=months)
    checks = [_told(np.isnan(of_today), where)]
    if any(each.get("name") == REVENUE for each in earlier.warnings):
        checks.append(
            Check(
                name="values_are_revenue",
                status="warn",
                message=sentence(
                    "Run {run} knows no margin: values are revenue, and profits too high. Repeat it with `margin`.",
                    run=earlier.id,
                ),
                title=sentence("Profits are too high: values are revenue"),
            )
        )
    opened = None if test.snapshots is None else pd.Timestamp(np.min(test.snapshots))
    if population.source != "transactions":
        opened = None
    valued = earlier.parameters.get("today")
    if opened is not None and valued is not None and pd.Timestamp(valued) <= opened:
        of_test = known.reindex(test.ids).to_numpy()
        checks.append(_own_values(int(np.isnan(of_test).sum()), earlier.id))
        return Values(test=_filled(of_test, mean), today=_filled(of_today, mean), checks=tuple(checks))
    checks.append(_all_alike(mean, earlier.id, opened))
    return Values(test=mean, today=_filled(of_today, mean), checks=tuple(checks))


def _all_alike(mean: float, run: str, day: pd.Timestamp | None) -> Check:
    """That customers of the round count with the mean; for buyers with the day on which a run would value each.

    It flatters where those at risk are worth less than others: in a simulated company of 5,000, whose 200 riskiest are
    worth a tenth less, a round of 200 was told 9 to 13% too profitable.
    """
    words = {"run": run, "mean": number(mean, 3)}
    message = sentence(
        "The round is evaluated as if every customer were worth the mean, {mean}: run {run} valued them when it was "
        "known who had left, and says nothing of those. The list goes by each customer's own value, so its profit may "
        "be lower or higher.",
        **words,
    )
    if day is not None:
        message = sentence(
            "The round is evaluated as if every customer were worth the mean, {mean}: run {run} valued them when it "
            "was known who had left, and says nothing of those. The list goes by each customer's own value. To "
            "evaluate by it too, run clv_roi with today={day}.",
            **words,
            day=day.date(),
        )
    title = sentence("The round counts every customer alike")
    return Check(name="values_of_the_round", status="warn", message=message, title=title)


def _own_values(unknown: int, run: str) -> Check:
    """That customers of the round count with values of their own."""
    return Check(
        name="values_of_the_round",
        status="pass",
        message=plural(
            "The round is evaluated with what run {run} said each customer was worth before it; of {n} it said "
            "nothing, and the mean counts.",
            "The round is evaluated with what run {run} said each customer was worth before it; of {n} it said "
            "nothing, and the mean counts.",
            unknown,
            run=run,
        ),
        title=sentence("The round counts each customer's own value"),
    )


def _told(missing: np.ndarray, where: str) -> Check:
    """Where values are from, and of how many customers of today they are not known."""
    if not missing.any():
        return Check(
            name="values",
            status="pass",
            message=sentence("What each customer is worth is from {where}.", where=where),
            title=sentence("Customers have values of their own"),
        )
    many = missing.mean() > MOST_UNKNOWN
    return Check(
        name="values",
        status="warn" if many else "pass",
        value=float(missing.mean()),
        threshold=MOST_UNKNOWN,
        message=plural(
            "What each customer is worth is from {where}. Of {n} active customer it is not known: the mean counts.",
            "What each customer is worth is from {where}. Of {n} active customers it is not known: the mean counts.",
            int(missing.sum()),
            where=where,
        ),
        title=sentence("Values of many are not known") if many else sentence("Customers have values of their own"),
    )


def _filled(values: np.ndarray, mean: float) -> np.ndarray:
    return np.where(np.isnan(values), mean, values)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
