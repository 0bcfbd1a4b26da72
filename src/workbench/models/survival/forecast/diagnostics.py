"""Whether the assumptions of the models hold: the form of numbers, proportional hazards, the evaluation itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.exhibits import Showable
from workbench.models.survival.cox.fitted import FittedCox
from workbench.models.survival.cox.proportional_hazards import RelaxedHazards, relax_proportionality
from workbench.models.survival.forecast.selection import Selection
from workbench.models.survival.lifetimes.read import Lifetimes


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnostics:
    """What was tested about models.

    Attributes
    ----------
    cox
        The Cox model, and how numbers enter it.
    selection
        The models that were evaluated.
    relaxed_hazards
        What was done about hazard ratios that change over time; None where nothing could be tested.
    """

    cox: FittedCox
    selection: Selection
    relaxed_hazards: RelaxedHazards | None

    def exhibits(self) -> Iterator[Showable]:
        """How numbers enter, whether ratios change and what was done, and what the evaluation can and cannot show."""
        if self.cox.model.usable:
            yield self.cox.form
            yield self.cox.model.assumptions()
            yield self.relaxed_hazards
        if self.selection.time_varying:
            yield self.selection.time_varying.exhibits(reported=self.relaxed_hazards is not None)
        if self.selection.evaluation:
            yield self.selection.evaluation.checks()


def diagnose(cox: FittedCox, selection: Selection, lifetimes: Lifetimes, *, random_seed: int) -> Diagnostics:
    """Test whether numbers are linear and hazard ratios change over time, and what helps.

    Parameters
    ----------
    cox, selection
        Fitted to `lifetimes`.
    lifetimes
        Their segments are not stratified: something is to be said about them.
    random_seed
        Draws the customers of the tests where there are very many.
    """
    relaxed_hazards = relax_proportionality(
        cox.model, lifetimes.frame, of_interest=lifetimes.segments, random_seed=random_seed
    )
    return Diagnostics(cox=cox, selection=selection, relaxed_hazards=relaxed_hazards)
