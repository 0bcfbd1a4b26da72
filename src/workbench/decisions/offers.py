"""What contacting a customer costs and brings, expected beforehand and in view of who left."""

from dataclasses import dataclass

import numpy as np

from workbench.decisions.acceptance import Acceptance
from workbench.errors import ParameterError
from workbench.wording import number, sentence


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A contact with an incentive.

    Attributes
    ----------
    contact
        Cost of a contact, whatever comes of it, in money.
    incentive
        Cost of the incentive for each customer who takes it, in money.
    acceptance
        Share of those who would leave that takes it and stays.
    stayers_take
        Share of those who would have stayed that takes the incentive all the same. All of them by default, which is
        the cautious side and what EMPC assumes.
    """

    contact: float
    incentive: float
    acceptance: Acceptance
    stayers_take: float = 1.0

    def __post_init__(self) -> None:
        if not (self.contact >= 0 and self.incentive >= 0 and 0 <= self.stayers_take <= 1):
            raise ParameterError(
                sentence(
                    "Offer: got a contact of {contact}, an incentive of {incentive} and {stayers} of those who stay "
                    "taking it; expected costs of at least 0 and a share from 0 to 1.",
                    contact=number(self.contact), incentive=number(self.incentive), stayers=number(self.stayers_take),
                )
            )  # fmt: skip

    def expected_profit(self, probability: np.ndarray, value: np.ndarray | float) -> np.ndarray:
        """Profit (N,) of contacting each customer, as the forecast has it.

        Parameters
        ----------
        probability : (N,)
            Of leaving when nobody does anything.
        value
            Of a customer who stays, in money: one for all, or (N,).

        Returns
        -------
        ndarray
            p × acceptance × (value - incentive) - (1 - p) × stayers_take × incentive - contact.

        Examples
        --------
        >>> offer = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))
        >>> offer.expected_profit(np.array([0.0, 0.5, 1.0]), 200).tolist()
        [-11.0, 22.5, 56.0]
        """
        return self.profit(np.asarray(probability, dtype=float), value, self.acceptance.mean)

    def profit(self, left: np.ndarray, value: np.ndarray | float, accepted: float) -> np.ndarray:
        """Profit (N,) of having contacted each customer, given who left and how many of them the contact would keep.

        Parameters
        ----------
        left : (N,)
            Whether the customer left, or with which probability.
        value
            Of a customer who stays, in money: one for all, or (N,).
        accepted
            Share of the leavers that the contact keeps.
        """
        kept = left * accepted * (np.asarray(value, dtype=float) - self.incentive)
        return kept - (1 - left) * self.stayers_take * self.incentive - self.contact
