"""Who was a customer at a cut-off, who left within the label window, and which windows are over."""

import pandas as pd

from workbench.models.attrition.population.given import Featured, Snapshots

KEYS = ["customer_id", "cutoff"]


def labelled(source: str, made: Featured) -> pd.DataFrame:
    """Those who were active at a cut-off: `customer_id`, `cutoff`, `left`, which is missing where its window is open.

    Parameters
    ----------
    source
        Table that says who left: `transactions` or `subscriptions`.
    made
        Features at cut-offs.
    """
    if source == "transactions":
        roster, label = made.buyers(within_days=made.when.horizon_days), "label_lapsed"
        found = made.purchases_after(roster, horizon="mark")
    else:
        roster, label = made.subscribed(), "label_cancelled"
        found = made.cancellations_after(roster, horizon="mark")
    # Who had left within the gap has no label: there was no one left to forecast.
    found = found.filter(found[label].notnull() | found.label_unseen)
    # A database gives rows in any order; draws and scores must not hang on it.
    rows = found.select("customer_id", cutoff=found.cutoff.cast("timestamp"), left=found[label].cast("int8"))
    return rows.order_by(*KEYS).to_pandas().astype({"cutoff": "datetime64[ns]"}, copy=False)


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
