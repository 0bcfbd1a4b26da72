"""From initiatives to money: lift → rating → satisfaction → leaving and orders → customers and cash, draw by draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.stats import norm

from workbench.decisions.roi.gain import gain
from workbench.decisions.roi.initiatives import Initiative
from workbench.decisions.roi.links import Base, Lift, Link
from workbench.decisions.roi.result import Returns
from workbench.errors import DataError
from workbench.wording import listing, sentence, shown

Evidence = Literal["experimental", "associational", "assumed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """All that a return hangs on: initiatives, and each link with its draws.

    Attributes
    ----------
    initiatives
        To be valued.
    lifts : name of an initiative → (draws,)
        What each adds to the experience, in standard deviations of it.
    at : driver → Lift
        What a better experience moves, by touchpoint.
    link
        What satisfaction moves.
    base
        What customers bring when nothing is done.
    tried
        Initiatives whose lift was found by experiment; others' lifts are assumed.
    """

    initiatives: tuple[Initiative, ...]
    lifts: Mapping[str, np.ndarray]
    at: Mapping[str, Lift]
    link: Link
    base: Base
    tried: frozenset[str] = field(default_factory=frozenset)

    def returns(self) -> Returns:
        """What each initiative brings and costs, alone."""
        draws, months = self.base.customers.shape
        gains = [
            gain(each, self.lifts[each.name], self.at[each.driver], self.link, self.base) for each in self.initiatives
        ]
        return Returns(
            initiatives=self.initiatives,
            gains=np.array(gains).reshape(len(self.initiatives), draws, months),
            spent=np.array(
                [each.spending(self.base.active, months, self.base.discount) for each in self.initiatives]
            ).reshape(-1, months),
            lifts=np.array([self.lifts[each.name] for each in self.initiatives]).reshape(len(self.initiatives), draws),
            discounts=self.base.discount ** np.arange(1, months + 1),
            currency=self.base.currency,
        )


def stated_lifts(initiatives: Sequence[Initiative], draws: int, random_seed: int) -> dict[str, np.ndarray]:
    """Draws (draws,) of each lift as it is stated: one from each of as many strata as there are draws.

    Numbers of an initiative's own: the order of the list, and what else is on it, change nothing. What is rare decides
    what knowing is worth, so chance must not decide how often it is drawn.

    Parameters
    ----------
    initiatives
        With their lift and its doubt.
    draws
        How many.
    random_seed
        Of all.
    """
    found = {}
    for each in initiatives:
        random = np.random.default_rng([random_seed, *each.name.encode()])
        place = (random.permutation(draws) + random.uniform(size=draws)) / draws
        found[each.name] = np.asarray(each.lift + each.lift_sd * norm.ppf(place))
    return found


def chain_of(
    initiatives: Sequence[Initiative],
    at: Mapping[str, Lift],
    link: Link,
    base: Base,
    *,
    random_seed: int,
) -> Chain:
    """The chain with lifts as stated.

    Parameters
    ----------
    initiatives, at, link, base
        As in `Chain`.
    random_seed
        Of the draws of lifts.

    Raises
    ------
    DataError
        Initiatives at touchpoints of which nothing is known.
    """
    unknown = [each.name for each in initiatives if each.driver not in at]
    if unknown:
        template = "initiatives: nothing is known of the touchpoints of {names}."
        raise DataError(sentence(template, names=listing([shown(name) for name in unknown])))
    lifts = stated_lifts(initiatives, len(base.customers), random_seed)
    return Chain(initiatives=tuple(initiatives), lifts=lifts, at=at, link=link, base=base)
