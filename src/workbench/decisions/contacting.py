"""Who is contacted, by which team and in which week: expected profit within capacity and contact policy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.offers import Offer
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.wording import listing, number, plural, sentence, shown

WHY_NOT = ("opt_out", "contacted_often", "no_profit", "no_capacity")
"""Why a customer is not recommended, in the order in which it is asked."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Whom the company may contact.

    Attributes
    ----------
    most, days
        At most so many contacts of a customer within so many days, this one included; any number where `most` is None.
    """

    most: int | None = None
    days: float = 90

    def __post_init__(self) -> None:
        if (self.most is not None and self.most < 0) or not self.days > 0:
            raise ParameterError(
                sentence(
                    "Contact policy: got at most {most} contacts in {days} days, expected a number of at least 0 and "
                    "days above 0.",
                    most=number(self.most),
                    days=number(self.days),
                )
            )

    def too_often(self, customers: pd.Series, contacts: pd.DataFrame | None, at: pd.Timestamp) -> np.ndarray:
        """Who has had so many contacts that one more is too many.

        Parameters
        ----------
        customers : (N,)
            Ids.
        contacts
            `customer_id` and `timestamp` of contacts by the company; None where there are no records.
        at
            When the next contact would be.

        Returns
        -------
        ndarray (N,) of bool
        """
        if self.most is None:
            return np.zeros(len(customers), dtype=bool)
        had = pd.Series(dtype=float)
        if contacts is not None:
            recent = (contacts["timestamp"] < at) & (contacts["timestamp"] > at - pd.Timedelta(self.days, unit="D"))
            had = contacts.loc[recent, "customer_id"].value_counts()
        return customers.map(had).fillna(0).to_numpy() + 1 > self.most


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many can be contacted.

    Attributes
    ----------
    a_week
        Contacts a week of all together, or by team; any number where it is None.
    weeks
        How many weeks the round lasts.
    """

    a_week: int | Mapping[str, int] | None = None
    weeks: int = 1

    @property
    def by_team(self) -> int | Mapping[str, int] | None:
        """Contacts in all weeks: of all together, or by team; any number where it is None."""
        if isinstance(self.a_week, Mapping):
            return {team: self.weeks * contacts for team, contacts in self.a_week.items()}
        return self.round

    @property
    def round(self) -> int | None:
        """Contacts of all teams in all weeks; any number where it is None.

        >>> Capacity(a_week={"north": 20, "south": 30}, weeks=4).round
        200
        """
        if self.a_week is None:
            return None
        return self.weeks * (sum(self.a_week.values()) if isinstance(self.a_week, Mapping) else self.a_week)


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactList:
    """Everybody, with whether to contact them.

    Attributes
    ----------
    customers
        `customer_id`, `team`, `expected_profit`, `recommended` (bool), `week` (from 1, missing where not recommended)
        and `why_not` (one of `WHY_NOT`, or empty); the highest expected profit first, equal ones by lot.
    """

    customers: pd.DataFrame

    def ties(self) -> int:
        """Customers off the list for want of capacity who promise as much as one of their team who is on it."""
        frame = self.customers
        least = frame[frame["recommended"]].groupby("team")["expected_profit"].min()
        beyond = frame["why_not"] == WHY_NOT[3]
        return int((beyond & (frame["expected_profit"] >= frame["team"].map(least).fillna(least.min()))).sum())

    def by_team(self) -> pd.DataFrame:
        """`team`, `customers`, `recommended`, `expected_profit` (of those recommended), and a column a `WHY_NOT`."""
        frame = self.customers
        found = frame.groupby("team", observed=True).agg(
            customers=("customer_id", "size"), recommended=("recommended", "sum")
        )
        found["expected_profit"] = frame[frame["recommended"]].groupby("team")["expected_profit"].sum()
        for reason in WHY_NOT:
            found[reason] = (frame["why_not"] == reason).groupby(frame["team"]).sum()
        return found.fillna({"expected_profit": 0.0}).reset_index()

    def _statement(self, chosen: int, counts: Mapping[str, int]) -> str:
        """How many are on the list, and why others with a profit to expect are not."""
        words = {
            "all": number(len(self.customers)),
            "opt_out": number(counts["opt_out"]),
            "often": number(counts["contacted_often"]),
            "no_capacity": number(counts["no_capacity"]),
            "no_profit": number(counts["no_profit"]),
        }
        if not len(self.customers):
            return sentence("Nobody is on the list: there are no customers.")
        if counts["no_profit"] == len(self.customers):
            return sentence("Nobody of {all} customers is on the list: none promises a profit.", **words)
        if counts["opt_out"] + counts["contacted_often"]:
            return plural(
                "{n} of {all} customers is on the list; {opt_out} have opted out, {often} were contacted too often, "
                "{no_profit} promise no profit, {no_capacity} exceed what the teams can do.",
                "{n} of {all} customers are on the list; {opt_out} have opted out, {often} were contacted too often, "
                "{no_profit} promise no profit, {no_capacity} exceed what the teams can do.",
                chosen,
                **words,
            )
        if counts["no_capacity"]:
            return plural(
                "{n} of {all} customers is on the list; {no_capacity} more promise a profit, beyond what the teams "
                "can do.",
                "{n} of {all} customers are on the list; {no_capacity} more promise a profit, beyond what the teams "
                "can do.",
                chosen,
                **words,
            )
        return plural(
            "{n} of {all} customers is on the list; no other promises a profit.",
            "{n} of {all} customers are on the list; no other promises a profit.",
            chosen,
            **words,
        )

    def exhibits(self) -> Iterator[Showable]:
        """How many are on the list, and by team."""
        chosen = int(self.customers["recommended"].sum())
        counts = {reason: int((self.customers["why_not"] == reason).sum()) for reason in WHY_NOT}
        yield Finding(
            id="recommended",
            statement=self._statement(chosen, counts),
            estimate=chosen,
            unit=sentence("customers"),
            evidence="assumed",
            n=len(self.customers),
            table="contacts_by_team",
        )
        if ties := self.ties():
            yield Check(
                name="contacts_tied",
                status="pass",
                value=ties,
                message=plural(
                    "{n} customer beyond capacity promises as much as the last on the list: who of equals is on it was "
                    "drawn by lot.",
                    "{n} customers beyond capacity promise as much as the last on the list: who of equals is on it was "
                    "drawn by lot.",
                    ties,
                ),
                title=sentence("Equal customers are on the list by lot"),
            )
        yield Table(
            name="contacts_by_team",
            frame=self.by_team(),
            caption=sentence("Whom each team would contact, and why others are not on the list."),
            people=People(count="customers", by=["team"]),
            columns={
                "team": Column(sentence("Team")),
                "customers": Column(sentence("Customers")),
                "recommended": Column(sentence("On the list")),
                "expected_profit": Column(sentence("Expected profit")),
                "opt_out": Column(sentence("Opted out")),
                "contacted_often": Column(sentence("Contacted too often")),
                "no_profit": Column(sentence("No profit to expect")),
                "no_capacity": Column(sentence("Beyond capacity")),
            },
        )


def list_contacts(
    scores: pd.DataFrame,
    offer: Offer,
    *,
    value: float | np.ndarray,
    capacity: Capacity | None = None,
    policy: Policy | None = None,
    contacts: pd.DataFrame | None = None,
    at: pd.Timestamp | None = None,
) -> ContactList:
    """The contact list of customers whose risk is known.

    Parameters
    ----------
    scores
        One row a customer: `customer_id`, `probability` of leaving, and where there are any `team` and `opt_out`.
    offer
        The contact.
    value
        Of each customer who stays, in money: one for all, or (N,).
    capacity
        How many can be contacted, by team and week; any number where it is None.
    policy
        Whom the company may contact; anybody where it is None.
    contacts, at
        Earlier contacts (`customer_id`, `timestamp`) and the day of the list, for the policy.
    """
    room = capacity or Capacity()
    probability = scores["probability"].to_numpy(dtype=float)
    frame = scores.assign(expected_profit=offer.expected_profit(probability, value))
    return contact_list(frame, capacity=room.a_week, weeks=room.weeks, policy=policy, contacts=contacts, at=at)


def contact_list(
    customers: pd.DataFrame,
    *,
    capacity: int | Mapping[str, int] | None = None,
    weeks: int = 1,
    policy: Policy | None = None,
    contacts: pd.DataFrame | None = None,
    at: pd.Timestamp | None = None,
    random_seed: int = 0,
) -> ContactList:
    """Choose the customers with the highest expected profit that may be contacted.

    Parameters
    ----------
    customers
        One row a customer: `customer_id`, `expected_profit`, and where there are any `team` and `opt_out` (bool; a
        missing one counts as opted out).
    capacity
        Contacts a week: of all together, or by team. None: any number.
    weeks
        How many weeks the list is for; those with the highest expected profit come first.
    policy
        Whom the company may contact; anybody where it is None.
    contacts, at
        Earlier contacts (`customer_id`, `timestamp`) and the day of the list, for the policy.
    random_seed
        Fixes the lots among customers who promise the same.

    Returns
    -------
    ContactList

    Raises
    ------
    DataError
        A customer stands in two rows.
    ParameterError
        A team without a capacity, a negative one, or a policy without the day of the list.
    """
    if customers["customer_id"].duplicated().any():
        raise DataError(
            sentence(
                "A contact list needs one row a customer; got {n} rows of customers who have one already.",
                n=number(int(customers["customer_id"].duplicated().sum())),
            )
        )
    policy = policy or Policy()
    # The order of rows is that of ids or of a file, and says nothing: equal customers have equal chances.
    frame = customers.sample(frac=1, random_state=random_seed)
    frame = frame.sort_values("expected_profit", ascending=False, kind="stable").reset_index(drop=True)
    if "team" not in frame:
        frame["team"] = sentence("All")
    # Teams may be numbers; capacities name them in text, and a missing one makes 1 no 1.0.
    frame["team"] = frame["team"].convert_dtypes().astype("string").fillna(sentence("No team")).astype(object)
    room = _capacity(capacity, frame["team"].unique().tolist())
    if policy.most is not None and at is None:
        raise ParameterError(sentence("A contact policy counts days before the list; got no day of the list (`at`)."))
    opted_out = np.zeros(len(frame), dtype=bool)
    if "opt_out" in frame:
        opted_out = frame["opt_out"].astype("boolean").fillna(True).to_numpy(dtype=bool)
    often = opted_out & False if at is None else policy.too_often(frame["customer_id"], contacts, at)
    profitable = frame["expected_profit"].to_numpy(dtype=float) > 0
    left_out = np.select([opted_out, often, ~profitable], WHY_NOT[:3], default="")
    candidates = pd.Series(left_out == "")
    whole = frame["team"] if isinstance(capacity, Mapping) else pd.Series(0, index=frame.index)
    rank = candidates.groupby(whole).cumsum().where(candidates)
    week = np.ceil(rank / whole.map(room)).clip(lower=1).where(candidates)
    frame["recommended"] = (week <= weeks).to_numpy(dtype=bool)
    frame["week"] = week.where(frame["recommended"]).astype("Int64")
    frame["why_not"] = np.where(candidates & ~frame["recommended"], WHY_NOT[3], left_out)
    return ContactList(customers=frame[["customer_id", "team", "expected_profit", "recommended", "week", "why_not"]])


def _capacity(capacity: int | Mapping[str, int] | None, teams: list[str]) -> Mapping[object, float]:
    """Contacts a week by team, or under 0 of all together; infinite where any number goes."""
    given: dict[object, float] = {0: np.inf}
    if isinstance(capacity, Mapping):
        given = {team: float(value) for team, value in capacity.items()}
    elif capacity is not None:
        given = {0: float(capacity)}
    missing = [shown(team) for team in teams if team not in given] if isinstance(capacity, Mapping) else []
    if missing or any(value < 0 for value in given.values()):
        raise ParameterError(
            sentence(
                "Capacity: expected contacts a week of at least 0 for every team; missing or below 0: {teams}.",
                teams=listing([*missing, *(shown(team) for team, value in given.items() if value < 0)]),
            )
        )
    # Rank 1 of a team that can do nothing falls into no week at all.
    return {team: value if value else 1e-9 for team, value in given.items()}
