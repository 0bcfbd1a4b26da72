"""What is new about customers: satisfaction, complaints and contacts up to a day, and what they add to a forecast."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.horizons import clean_horizons
from workbench.models.discrete_hazard import DiscreteHazard, fit_discrete_hazard
from workbench.models.person_periods import last_known, person_periods
from workbench.models.spells import DAYS_PER_MONTH, Spells


def histories_of(
    spells: Spells,
    *,
    surveys: pd.DataFrame | None = None,
    scores: Iterable[str] = (),
    interactions: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """What became known of customers over time, on the clock of their spells.

    Parameters
    ----------
    surveys, scores
        `customer_id`, `timestamp`, `known_at`, and the columns that measure satisfaction: the last answer counts.
    interactions
        `customer_id`, `timestamp`, `known_at`, `complaint`: contacts, and complaints, so far.

    Returns
    -------
    dict of DataFrame
        By covariate `customer_id` (of the spell), `time` (tenure in months), `value`; for `person_periods`.
    """
    made: dict[str, pd.DataFrame] = {}
    if surveys is not None and {"customer_id", "timestamp"} <= set(surveys.columns):
        for score in scores:
            made[score] = _on_clock(spells, surveys.assign(value=surveys[score]))
    if interactions is not None:
        made["contacts_so_far"] = _counted(spells, interactions)
        if "complaint" in interactions.columns:
            complained = interactions["complaint"].map(lambda value: value is True or value == 1)
            made["complaints_so_far"] = _counted(spells, interactions[complained.astype(bool)])
    return {name: history for name, history in made.items() if len(history)}


def _on_clock(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    """Events of each customer by tenure at which they became known."""
    known = events["known_at"].fillna(events["timestamp"]) if "known_at" in events.columns else events["timestamp"]
    rows = events.assign(known=pd.to_datetime(known)).dropna(subset=["customer_id", "known", "value"])
    begin = spells.lifetimes[["customer_id", "person", "begin"]].rename(columns={"customer_id": "spell"})
    rows = rows[["customer_id", "known", "value"]].merge(begin, left_on="customer_id", right_on="person")
    time = (rows["known"] - rows["begin"]) / pd.Timedelta(days=1) / DAYS_PER_MONTH
    made = pd.DataFrame({"customer_id": rows["spell"], "time": time, "value": rows["value"].astype(float)})
    return made.sort_values("time", kind="stable", ignore_index=True)


def _counted(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    made = _on_clock(spells, events.assign(value=1.0))
    return made.assign(value=made.groupby("customer_id")["value"].cumsum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Landmarked:
    """A model of monthly hazards that takes what was last known when its forecast begins, and leaves it so.

    Attributes
    ----------
    hazard
        The fitted hazards.
    histories
        From `histories_of`.
    """

    hazard: DiscreteHazard
    histories: Mapping[str, pd.DataFrame]

    def log_hazard(self, frame: pd.DataFrame) -> pd.Series:
        """Log of the hazard in the first month after `entry`, by customer_id."""
        rows = self._known(frame, frame["entry"].to_numpy(dtype=float))
        return pd.Series(np.log(self.hazard.hazard(rows)), index=pd.Index(frame["customer_id"], name="customer_id"))

    def predict_survival(
        self, frame: pd.DataFrame, times: Iterable[float], *, tenure: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Share still there after so many months, of customers who have lasted for `tenure`; within a month the hazard
        is the same."""
        times = np.array(clean_horizons(times))
        since = np.zeros(len(frame)) if tenure is None else np.asarray(tenure, dtype=float)
        whole = np.arange(1, int(np.ceil(times[-1])) + 1, dtype=float)
        monthly = self.hazard.conditional_survival(self._known(frame, since), since, whole)["survival"].to_numpy()
        logs = np.vstack([np.zeros(len(frame)), np.log(np.maximum(monthly.reshape(len(whole), -1), 1e-12))])
        first = np.floor(times).astype(int)
        second = np.minimum(first + 1, len(whole))
        part = (times - first)[:, None]
        survival = np.exp((1 - part) * logs[first] + part * logs[second])
        index = pd.Index(frame["customer_id"], name="customer_id")
        return pd.DataFrame(survival.T, index=index, columns=pd.Index(times, name="horizon"))

    def _known(self, frame: pd.DataFrame, tenure: np.ndarray) -> pd.DataFrame:
        rows = frame.assign(tenure=tenure).reset_index(drop=True)
        return rows.assign(**{name: last_known(rows, history, name) for name, history in self.histories.items()})


def fit_landmarked(
    train: pd.DataFrame, covariates: Iterable[str], histories: Mapping[str, pd.DataFrame], *, random_seed: int
) -> Landmarked | None:
    """Learn monthly hazards from what was known when each month began.

    Parameters
    ----------
    train
        Lifetimes in months as known at the cut-off (`Spells.until`).
    covariates
        Columns that stay the same.
    histories
        From `histories_of`.

    Returns
    -------
    Landmarked or None
        None where nothing is known over time, or nobody left.
    """
    if not histories:
        return None
    covariates = list(covariates)
    periods = person_periods(train, covariates=covariates, histories=histories)
    if not len(periods) or not periods["left"].any():
        return None
    hazard = fit_discrete_hazard(periods, [*covariates, *histories], random_seed=random_seed)
    return Landmarked(hazard=hazard, histories=dict(histories))
