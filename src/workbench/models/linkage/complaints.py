"""How many leave with a complaint left open: the most that fewer complaints could keep, which slopes do not hold.

A better experience also means fewer complaints, and a complaint left open goes with leaving beside satisfaction. Open
complaints stand beside satisfaction in the slopes, so that this path is not in what initiatives return. How much is
left out at most is the share of leavers that would not have gone if no complaint had stayed open.

References
----------
Bruzzi, Green, Byar, Brinton, Schairer (1985), Estimating the population attributable risk for multiple risk factors
using case-control data, American Journal of Epidemiology 122(5), equation 4: the mean of 1 - 1/ratio over cases.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.wording import percent, sentence

NINETY = 1.645
"""Standard errors from the middle to an end of a 90% interval of a normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Complaints:
    """Leavers who go with complaints left open, by association.

    Attributes
    ----------
    share
        Of all leavers over reasons that are learnt.
    error
        Its standard error.
    """

    share: float
    error: float

    @classmethod
    def of(cls, opened: list[np.ndarray], slopes: list[float], errors: list[float]) -> "Complaints | None":
        """From leavers and slopes, reason by reason; None without leavers.

        Parameters
        ----------
        opened : each (leavers,)
            Complaints that each leaver over a reason had open.
        slopes, errors
            Log rate of leaving over it for an open complaint, and its standard error.
        """
        many = sum(map(len, opened))
        if not many:
            return None
        spared = [-np.expm1(-slope * each).sum() for each, slope in zip(opened, slopes, strict=True)]
        steps = [(each * np.exp(-slope * each)).sum() for each, slope in zip(opened, slopes, strict=True)]
        return cls(share=float(sum(spared) / many), error=float(np.hypot.reduce(np.multiply(steps, errors)) / many))

    def exhibits(self) -> Iterator[Showable]:
        """How many, and that the path is left out."""
        low, share, high = (max(self.share + each * NINETY * self.error, 0.0) for each in (-1, 0, 1))
        yield {"open_complaints": share, "open_complaints_lower": low, "open_complaints_upper": high}
        yield Check(
            name="open_complaints",
            status="pass",
            title=sentence("Gains by fewer complaints are not counted"),
            message=sentence(
                "{share} of leavers (90% {low} to {high}) go with a complaint left open, an association. What an "
                "initiative gains by fewer complaints is not in its return, and is less than that.",
                share=percent(share),
                low=percent(low),
                high=percent(high),
            ),
            value=share,
        )
