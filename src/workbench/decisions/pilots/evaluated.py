"""What a run of pilot_evaluation found of a pilot: read in place of an estimate of our own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.decisions.pilots.arms import Arms
from workbench.models.trials.lifts import Lifted, Rated, lift_of_points
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import sentence, shown

EFFECTS, DRAWS = "effects", "effect_draws"
STAYING = "staying"


class EarlierRun(Protocol):
    """A run of pilot_evaluation."""

    @property
    def id(self) -> str:
        """Of the run."""
        ...

    @property
    def tables(self) -> Sequence[str]:
        """That it left for other studies."""
        ...

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Its numbers by name."""
        ...

    def table(self, name: str) -> pd.DataFrame:
        """A table.

        Parameters
        ----------
        name
            Of it.
        """
        ...

    def draws(self, name: str) -> pd.DataFrame:
        """A table of draws.

        Parameters
        ----------
        name
            Of it.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluated:
    """Effects of one pilot, as a run has them.

    Attributes
    ----------
    run
        Its id.
    initiative
        Which pilot; empty where it evaluated none.
    effects
        Of the whole window on everybody: rows of `effects`.
    draws
        The same of `effect_draws`.
    days
        Length of the window; None where nothing is dated.
    """

    run: str
    initiative: str
    effects: pd.DataFrame
    draws: pd.DataFrame
    days: float | None

    def why_not(self, arms: Arms, driver: str) -> str:
        """Why its effect on a touchpoint cannot be taken, to go on with; empty where it can.

        Parameters
        ----------
        arms
            Of the pilot.
        driver
            The touchpoint.
        """
        rows = self.effects[self.effects["outcome"] == driver]
        if self.initiative != arms.initiative:
            return sentence("it is of another pilot")
        if self.days is None or not len(rows):
            return sentence("it has no effect on {driver}", driver=shown(driver))
        if len(rows) > 1:
            return sentence("it has an effect of each of several arms")
        if rows["evidence"].iloc[0] != "experimental":
            return sentence("chance did not decide there")
        return ""

    def lift(self, arms: Arms, rated: Rated, met: np.ndarray, driver: str, draws: int) -> Lifted | None:
        """Its effect on the ratings of a touchpoint, as a lift.

        Parameters
        ----------
        arms
            Of the pilot.
        rated, met
            Its ratings, and the chance that the visit behind each came after the start.
        driver
            The touchpoint.
        draws
            How many.
        """
        if self.why_not(arms, driver) or self.days is None:
            return None
        points = self.draws.loc[self.draws["outcome"] == driver].sort_values("draw")["effect"].to_numpy(dtype=float)
        inside = (rated.months >= 0) & (rated.months < self.days / DAYS_A_MONTH)
        found = lift_of_points(rated.part(inside), met[inside], np.resize(points, draws)) if len(points) else None
        return None if found is None else Lifted(lift=found, raw=found)

    def staying(self) -> tuple[float, float] | None:
        """Effect on staying over its window, and its standard error; None where it has none, or several arms."""
        rows = self.effects[(self.effects["outcome"] == STAYING) & self.effects["se"].notna()]
        return None if len(rows) != 1 else (float(rows["estimate"].iloc[0]), float(rows["se"].iloc[0]))


def read_pilot_run(earlier: EarlierRun | None) -> Evaluated | None:
    """What an earlier run of pilot_evaluation found.

    Parameters
    ----------
    earlier
        The run; None where there is none, or it only planned a pilot.
    """
    if earlier is None or not {EFFECTS, DRAWS} <= set(earlier.tables):
        return None
    effects, draws = earlier.table(EFFECTS), earlier.draws(DRAWS)
    effects = effects[effects["month"].isna() & (effects["group"].fillna("") == "")]
    days = earlier.metrics.get("window_days")
    return Evaluated(
        run=earlier.id,
        initiative=str(effects["initiative"].iloc[0]) if len(effects) else "",
        effects=effects,
        draws=draws[draws["group"].fillna("") == ""],
        days=None if days is None else float(days),
    )
