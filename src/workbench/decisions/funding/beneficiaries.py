"""Who brings the gain of an initiative: worked out within each group of customers, as parts of the whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.links import Base
from workbench.decisions.roi.result import LEVEL
from workbench.exhibits import Column, People, Showable, Table
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Customers of one group.

    Attributes
    ----------
    grouping, name
        By what, and which.
    customers
        How many there are today.
    base
        What they bring when nothing is done.
    answers : (n,) bool
        Which answers of the chain are theirs.
    gathered
        Whether these are combinations of few customers each.
    """

    grouping: str
    name: str
    customers: int
    base: Base
    answers: np.ndarray
    gathered: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Beneficiaries:
    """Gains by group.

    Attributes
    ----------
    table
        `initiative`, `grouping`, `group`, `customers`, `value` with `lower` and `upper`, `share` (of the initiative's
        value) and `each` (value a customer).
    currency
        Of all money.
    gathered
        Whether combinations of few customers are among the groups, together.
    """

    table: pd.DataFrame
    currency: str
    gathered: bool = False

    @classmethod
    def of(cls, chain: Chain, groups: list[Group]) -> "Beneficiaries":
        """Put each group through the chain; parts are scaled to the whole, which holds what groups share.

        Parameters
        ----------
        chain
            With all draws.
        groups
            Of one or more groupings, each with all customers.
        """
        whole = chain.returns().value
        rows = []
        for grouping in dict.fromkeys(group.grouping for group in groups):
            own = [group for group in groups if group.grouping == grouping]
            parts = np.array([_restricted(chain, group).returns().value for group in own])
            mean = parts.mean(axis=2).sum(axis=0)
            scale = np.divide(whole.mean(axis=1), mean, out=np.ones_like(mean), where=mean != 0)
            for place, each in enumerate(chain.initiatives):
                for group, part in zip(own, parts[:, place] * scale[place], strict=True):
                    low, high = np.quantile(part, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                    total = float(whole[place].mean())
                    rows.append(
                        {
                            "initiative": each.name,
                            "grouping": grouping,
                            "group": group.name,
                            "customers": group.customers,
                            "value": float(part.mean()),
                            "lower": float(low),
                            "upper": float(high),
                            "share": float(part.mean()) / total if total else np.nan,
                            "each": float(part.mean()) / group.customers,
                        }
                    )
        columns = ["initiative", "grouping", "group", "customers", "value", "lower", "upper", "share", "each"]
        return cls(
            table=pd.DataFrame(rows, columns=columns),
            currency=chain.base.currency,
            gathered=any(group.gathered for group in groups),
        )

    def exhibits(self) -> Iterator[Showable]:
        """The table; nothing without groups."""
        if self.table.empty:
            return
        yield Table(
            name="who_benefits",
            frame=self.table,
            caption=sentence(
                "Which customers bring the added value of each initiative. Others: combinations of groups with too few "
                "customers each; they are taken to rate as all do."
            )
            if self.gathered
            else sentence("Which customers bring the added value of each initiative."),
            people=People(count="customers", by=["group"], within=["initiative", "grouping"]),
            columns={
                "initiative": Column(sentence("Initiative")),
                "group": Column(sentence("Group")),
                "customers": Column(sentence("Customers")),
                "value": Column(sentence("Added value"), self.currency),
                "lower": Column(sentence("From"), self.currency),
                "upper": Column(sentence("To"), self.currency),
                "share": Column(sentence("Share"), "share"),
                "each": Column(sentence("A customer"), self.currency),
            },
        )


def _restricted(chain: Chain, group: Group) -> Chain:
    """The chain of one group alone; what does not depend on customers stays, and so does what is spent."""
    at = {driver: replace(lift, ratings=lift.ratings[group.answers]) for driver, lift in chain.at.items()}
    link = replace(chain.link, score=chain.link.score[group.answers])
    return replace(chain, at=at, link=link, base=group.base)


def answers_of(groups: Mapping[str, str], ids: np.ndarray, customer: np.ndarray, name: str) -> np.ndarray:
    """Which answers (n,) are of customers in a group.

    Parameters
    ----------
    groups
        Group of each customer.
    ids, customer
        Of the answers: customers, and whose each is.
    name
        Of the group.
    """
    inside = np.array([groups.get(each) == name for each in ids])
    return inside[customer]


def respondents(chain: Chain, answers: np.ndarray, customer: np.ndarray) -> int:
    """Customers of a group whose answers tell its gain, at the touchpoint where fewest rated.

    Parameters
    ----------
    chain
        With the ratings of all answers.
    answers : (n,) bool
        Which are of the group.
    customer : (n,)
        Whose each is.
    """
    rated = [np.isfinite(chain.at[each.driver].ratings) for each in chain.initiatives]
    return min((len(np.unique(customer[answers & known])) for known in rated), default=0)


def large_enough(counts: pd.Series, told: Sequence[int]) -> bool:
    """Whether every group may be shown, and is known of.

    Parameters
    ----------
    counts
        Customers by group.
    told
        Respondents of each: of fewer than `SMALLEST_GROUP` nothing is shown, and of none nothing is known.
    """
    return bool(len(counts) > 1 and counts.min() >= SMALLEST_GROUP and min(told) >= SMALLEST_GROUP)
