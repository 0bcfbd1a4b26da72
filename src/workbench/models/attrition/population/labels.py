"""Who was a customer at a cut-off, who left within the label window, and which windows are over."""

import pandas as pd

from workbench.models.attrition.population.given import Featured, Snapshots

KEYS = ["customer_id", "cutoff"]


def labelled(source: str, frame: pd.DataFrame, made: Featured) -> pd.DataFrame:
    """Those who were active at a cut-off, with `left`: missing where the label window is not over.

    Parameters
    ----------
    source
        Table that says who left: `transactions` or `subscriptions`.
    frame
        One row a customer and cut-off.
    made
        The features that it is of.
    """
    frame = frame.assign(cutoff=pd.to_datetime(frame["cutoff"]))
    if source == "transactions":
        found = made.purchases_after(horizon="mark").to_pandas().rename(columns={"label_lapsed": "left"})
        there = frame["days_since_last_purchase"] <= made.when.horizon_days
    else:
        found = made.cancellations_after(horizon="mark").to_pandas().rename(columns={"label_cancelled": "left"})
        there = frame["subscriptions_active"] > 0
    found["cutoff"] = pd.to_datetime(found["cutoff"])
    frame = frame[there].merge(found[[*KEYS, "left", "label_unseen"]], on=KEYS, how="left")
    # Who had left within the gap has no label: there was no one left to forecast.
    frame = frame[frame["left"].notna() | frame["label_unseen"]].drop(columns="label_unseen")
    # A database gives rows in any order; draws and scores must not hang on it.
    return frame.sort_values(KEYS, ignore_index=True)


def closes(cutoffs: pd.Series, when: Snapshots) -> pd.Series:
    """The first day after the label window of each cut-off.

    Parameters
    ----------
    cutoffs
        Of each row.
    when
        Cut-offs and label windows.
    """
    return cutoffs + pd.Timedelta(when.gap_days + when.horizon_days, unit="D")


def is_over(cutoffs: pd.Series, when: Snapshots) -> pd.Series:
    """Whether a row's label window ends before the last cut-off that is evaluated, or is its own.

    Parameters
    ----------
    cutoffs
        Of each row.
    when
        Cut-offs and label windows.
    """
    test = cutoffs.max()
    return (closes(cutoffs, when) <= test) | (cutoffs == test)
