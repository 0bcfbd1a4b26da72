"""Beyond the data, as a study shows it: all customers, and the groups of the segment that leads."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.survival.curves.comparison import GroupCurves
from workbench.models.survival.extrapolation.by_segment import GroupExtrapolation, extrapolate_groups
from workbench.models.survival.extrapolation.growth import DrawGrowth
from workbench.models.survival.extrapolation.overall import Extrapolation, extrapolate
from workbench.models.survival.lifetimes.read import Lifetimes


@dataclass(frozen=True, kw_only=True, eq=False)
class BeyondTheData:
    """Curves carried on.

    Attributes
    ----------
    overall
        Of all customers; None where too few left.
    groups
        Of the leading segment; None where there is none, or too few of its groups left.
    doubt
        The check of informative censoring: where it did not pass, the curve of all is not carried on in words.
    """

    overall: Extrapolation | None
    groups: GroupExtrapolation | None
    doubt: tuple[Check, ...] = ()

    @property
    def growth(self) -> DrawGrowth | None:
        """How hazards grow beyond the data; None where the curve of all is not carried on in words either."""
        doubted = any(check.status != "pass" for check in self.doubt)
        return None if doubted or self.overall is None else self.overall.growth

    def exhibits(self) -> Iterator[Showable]:
        """All customers first, then groups."""
        if self.overall:
            yield self.overall.exhibits(doubt=self.doubt)
        yield self.groups


def extrapolate_curves(curves: GroupCurves, lifetimes: Lifetimes) -> BeyondTheData:
    """Carry the curve of all customers on, and those of the groups that lie farthest apart.

    Parameters
    ----------
    curves
        Made of `lifetimes`.
    lifetimes
        All that is known of them.
    """
    return BeyondTheData(
        overall=extrapolate(lifetimes.frame, time_unit=lifetimes.time_unit, lapse=lifetimes.lapsing),
        groups=extrapolate_groups(curves.leading, lifetimes.frame),
        doubt=curves.doubt,
    )
