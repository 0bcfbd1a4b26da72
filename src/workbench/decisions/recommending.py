"""The one answer of a round: whom to contact now or nobody, what that brings, and how sure it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from workbench.decisions.contacting import ContactList
from workbench.decisions.offers import Offer
from workbench.draws import seed_of
from workbench.evaluation.binary.scores import CERTAIN
from workbench.exhibits import Showable
from workbench.findings import Finding
from workbench.wording import number, plural, sentence

DRAWS = 2000  # ends of a 90% interval are then known to a thirtieth of its width
LEVEL = 0.90  # as every interval of a report has it
LEVEL_Z = 1.645  # normal quantile of 95%: intervals of 90%


@dataclass(frozen=True, kw_only=True, eq=False)
class Recommendation:
    """What to do this round.

    Attributes
    ----------
    contacts
        Everybody, with whether to contact them.
    profit
        Of contacting those on the list, expected, in money.
    draws : (D,)
        The same where acceptance, all risks together, the risks of those on the list and who of them leaves are drawn.
    currency
        Sign or code of the money.
    random_seed
        Fixes the lot of a test.
    """

    contacts: ContactList
    profit: float
    draws: np.ndarray
    currency: str = ""
    random_seed: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        """Of the profit (90%)."""
        low, high = np.quantile(self.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    @property
    def verdict(self) -> Literal["nobody", "test", "contact"]:
        """`contact` where the whole interval is above 0, `test` where it is not, `nobody` where nobody is listed."""
        if not self.contacts.customers["recommended"].any():
            return "nobody"
        return "contact" if self.interval[0] > 0 else "test"

    def drawn(self) -> pd.DataFrame:
        """The contacts, with `drawn`: whether to contact each of the recommended; missing of all others.

        Of a test the lot draws one of every two customers who follow each other by expected profit, so that both halves
        promise as much; else everybody who is recommended is drawn.
        """
        customers = self.contacts.customers
        listed = customers[customers["recommended"]].sort_values("expected_profit", ascending=False, kind="stable")
        lot = np.ones(len(listed), dtype=bool)
        if self.verdict == "test" and len(listed) > 1:
            first = np.random.default_rng(seed_of(self.random_seed, "lot")).random((len(listed) + 1) // 2) < 0.5
            lot = np.column_stack([first, ~first]).ravel()[: len(listed)]
        return customers.assign(drawn=pd.Series(lot, index=listed.index, dtype="boolean"))

    def finding(self) -> Finding:
        """What to do, in one sentence with its money."""
        customers, verdict = self.contacts.customers, self.verdict
        listed = int(customers["recommended"].sum())
        low, high = self.interval
        words = {"profit": self._money(self.profit), "low": self._money(low), "high": self._money(high)}
        if verdict == "contact":
            statement = plural(
                "Contact the {n} customer on the list this round: we expect {profit} (90%: {low} to {high}).",
                "Contact the {n} customers on the list this round: we expect {profit} (90%: {low} to {high}).",
                listed,
                **words,
            )
        elif verdict == "test":
            statement = plural(
                "Contact the {n} customer on the list only as a test: we expect {profit}, but a loss is well possible "
                "(90%: {low} to {high}).",
                "Contact the {n} customers on the list only as a test, every second one by lot: contacting all "
                "promises {profit}, but a loss is well possible (90%: {low} to {high}).",
                listed,
                **words,
            )
        elif (customers["expected_profit"] > 0).any():
            statement = sentence(
                "Contact nobody this round: whoever promises a profit does not want to be contacted, was contacted too "
                "often or is beyond capacity."
            )
        else:
            statement = sentence("Contact nobody this round: no customer promises more than a contact costs.")
        return Finding(
            id="recommendation",
            statement=statement,
            estimate=self.profit,
            unit=self.currency,
            interval=None if verdict == "nobody" else (low, high),
            interval_kind=None if verdict == "nobody" else sentence("90% prediction"),
            evidence="assumed",
            n=len(customers),
            table="contacts_by_team",
            action=self._action(),
        )

    def exhibits(self) -> Iterator[Showable]:
        """The answer and its numbers."""
        low, high = self.interval
        yield self.finding()
        yield {"profit_expected": self.profit, "profit_expected_lower": low, "profit_expected_upper": high}

    def _action(self) -> str:
        if self.verdict == "nobody":
            return sentence("A cheaper contact or a smaller incentive may pay.")
        if self.verdict == "test":
            return sentence(
                "The column drawn of the target list says whom to contact and whom to leave alone. Who can be "
                "persuaded, only this comparison tells."
            )
        return sentence(
            "This ranks risk × value. Who can be persuaded, only an experiment tells: leave a random part of the list "
            "uncontacted."
        )

    def _money(self, amount: float) -> str:
        return f"{number(amount)} {self.currency}".strip()


def recommend(
    contacts: ContactList,
    scores: pd.DataFrame,
    offer: Offer,
    *,
    value: float | np.ndarray,
    level_error: float,
    random_seed: int,
    currency: str = "",
) -> Recommendation:
    """What to do this round, with money and how sure it is.

    Parameters
    ----------
    contacts
        The list, of `list_contacts`.
    scores
        The same customers: `customer_id`, `probability` of leaving, `lower` and `upper` (its 90% interval).
    offer
        The contact.
    value
        Of each customer who stays, in money: one for all, or (N,) in the order of `scores`.
    level_error
        Relative standard error of all risks together.
    random_seed
        Fixes the draws.
    currency
        Sign or code of the money.
    """
    known = contacts.customers.set_index("customer_id")["recommended"]
    listed = known.loc[scores["customer_id"]].to_numpy(dtype=bool)
    worth = np.broadcast_to(np.asarray(value, dtype=float), len(scores))[listed]
    p, low, high = (
        np.clip(scores[name].to_numpy(dtype=float)[listed], CERTAIN, 1 - CERTAIN)
        for name in ("probability", "lower", "upper")
    )
    # Whoever was scored alike is wrong alike: the risks of the list are too high or too low together.
    error = (logit(high) - logit(low)) / (2 * LEVEL_Z)
    random = np.random.default_rng(random_seed)
    drawn = np.empty(DRAWS)
    for at, accepted in enumerate(offer.acceptance.draws(DRAWS, random)):
        together, level, chance = random.normal(size=3)
        risk = np.clip(expit(logit(p) + together * error) * np.exp(level * level_error), 0, 1)
        won = offer.profit(np.ones(len(p)), worth, accepted) - offer.profit(np.zeros(len(p)), worth, accepted)
        drawn[at] = offer.profit(risk, worth, accepted).sum() + chance * np.sqrt((risk * (1 - risk) * won**2).sum())
    expected = float(offer.expected_profit(p, worth).sum())
    return Recommendation(contacts=contacts, profit=expected, draws=drawn, currency=currency, random_seed=random_seed)
