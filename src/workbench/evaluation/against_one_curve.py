"""Whether a model predicts better than one curve for everybody: the least that is asked of it."""

import pandas as pd

from workbench.findings import Check
from workbench.statistics.horizons import times
from workbench.wording import sentence


def better_by_horizon(scores: pd.DataFrame, time_unit: str) -> Check:
    """Squared error against that of one curve for everybody; the worst horizon counts.

    Parameters
    ----------
    scores
        One row a horizon: `horizon`, `brier`, `brier_km`, `gain_lower`, `gain_upper` (see `Evaluation.scores`).
    time_unit
        Of the horizons.
    """

    def at(horizons: pd.Series) -> str:
        return times([float(each) for each in horizons], time_unit)

    scored = scores.dropna(subset=["brier", "brier_km"])
    worse = scored[scored["gain_upper"] < 0]
    unclear = scored[(scored["gain_lower"] <= 0) & (scored["gain_upper"] >= 0)]
    unscored = scores["horizon"][~scores["horizon"].isin(scored["horizon"])]
    better = scored[scored["gain_lower"] > 0]
    said = []
    if len(worse):
        said.append(
            sentence(
                "At {horizons} the model predicts worse than one curve.",
                horizons=at(worse["horizon"]),
            )
        )
    if len(unclear):
        said.append(
            sentence(
                "At {horizons} it is not clearly better than one curve.",
                horizons=at(unclear["horizon"]),
            )
        )
    if len(better):
        said.append(
            sentence(
                "At {horizons} the model predicts better than one curve.",
                horizons=at(better["horizon"]),
            )
        )
    if len(unscored):
        said.append(
            sentence(
                "At {horizons} too few are still followed.",
                horizons=at(unscored),
            )
        )
    gain = (scored["brier_km"] - scored["brier"]).min()
    return Check(
        name="better_than_kaplan_meier",
        title=sentence("Against one curve, by horizon"),
        status="pass" if len(better) and len(better) == len(scores) else "warn",
        message=" ".join(said) or sentence("At no horizon could the model be compared with one curve."),
        value=None if pd.isna(gain) else float(gain),
        threshold=0.0,
    )
