"""Free trials: contracts that start another clock than those of people who pay."""

import re
from typing import Literal

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.wording import percent, sentence

Trials = Literal["include", "exclude", "only"]
MANY = 0.2
"""Where more customers begin with a trial, whether it counts changes what is told."""
PAID = 31
"""Days after a trial within which a paid contract is what became of it."""
NAMED = re.compile(
    r"\btrial|\bfree[ -]?(?:month|test)|\bprobe(?:abo|monat|zeit|phase|woche|abonnement)?\b"
    r"|\btest(?:abo|phase|monat|zeitraum)\b"
    r"|\bschnupper|\bessai\b|\bprueba\b|\bprova\b|\bavalia[cç][aã]o\b|\bproef|\bpr[oö]v(?:period|manad)|\bdeneme\b"
    r"|\bпробн|\bokres pr[oó]bny|试用|試用|体験|お試し|トライアル|체험",
    re.IGNORECASE,
)
"""What trials are called in plans: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Turkish,
Russian, Polish, Chinese, Japanese, Korean."""


def first_trials(rows: pd.DataFrame) -> np.ndarray:
    """Whether each contract is a trial: free, or called so, and before any other kind of contract of its customer.

    Parameters
    ----------
    rows
        `customer_id`, `start`, and `plan` and `price` where they are there; sorted by customer and start. Where nearly
        everything is free (more than nine in ten contracts), prices say nothing.
    """
    free = np.zeros(len(rows), dtype=bool)
    if "plan" in rows.columns:
        free |= rows["plan"].astype("string").str.contains(NAMED).fillna(False).to_numpy(dtype=bool)
    if "price" in rows.columns:
        nothing = (rows["price"] == 0).fillna(False).to_numpy(dtype=bool)
        if nothing.mean() <= 0.9:
            free |= nothing
    return free & ~pd.Series(~free).astype(int).groupby(rows["customer_id"].to_numpy()).cummax().to_numpy().astype(bool)


def with_trials(rows: pd.DataFrame, trials: Trials | None) -> tuple[pd.DataFrame, int, tuple[Check, ...]]:
    """Contracts as a question about trials wants them.

    Parameters
    ----------
    rows
        As in `first_trials`, with `end` and, where it is there, `end_reason`.
    trials
        `include`, also where it is None: the clock starts with the trial. `exclude`: with the first contract that is
        paid; who never paid does not count. `only`: trials alone, over when somebody pays or goes, with the reason.

    Returns
    -------
    DataFrame, int, tuple of Check
        Contracts; how many customers are left out by the choice; that there are trials, a warning where there are many
        and nobody chose.
    """
    free = first_trials(rows)
    if not free.any():
        return rows, 0, ()
    people = rows["customer_id"].nunique()
    began = rows["customer_id"][free].nunique()
    paid = rows["customer_id"].isin(rows["customer_id"][~free]).to_numpy()
    values = {
        "share": percent(began / people),
        "paid": percent(rows["customer_id"][free & paid].nunique() / began),
    }
    left, made = 0, rows
    if trials == "exclude":
        made = rows[~free]
        left = people - made["customer_id"].nunique()
        message = sentence(
            "{share} of customers began with a free trial; {paid} of them have paid since. The clock starts with the "
            "first contract that is paid.",
            **values,
        )
    elif trials == "only":
        made = _trials_alone(rows, free)
        left = people - made["customer_id"].nunique()
        message = sentence(
            "{share} of customers began with a free trial, and only trials count: “leaving” means that the trial is "
            "over. {paid} of them have paid.",
            **values,
        )
    else:
        message = sentence(
            "{share} of customers began with a free trial; {paid} of them have paid since. The clock starts with the "
            "trial; ask how long payers stay by trials=exclude, how soon trials pay by trials=only.",
            **values,
        )
    warn = trials is None and began > MANY * people
    return (
        made,
        left,
        (
            Check(
                name="free_trials",
                status="warn" if warn else "pass",
                title=sentence("Many began with a free trial" if warn else "Free trials"),
                message=message,
                value=began / people,
                threshold=MANY,
            ),
        ),
    )


def _trials_alone(rows: pd.DataFrame, free: np.ndarray) -> pd.DataFrame:
    """One contract for each customer who began with a trial, until the first paid one or the end of the last trial."""
    tried = rows[free]
    first = tried.drop_duplicates("customer_id").set_index("customer_id")
    running = tried["end"].isna().groupby(tried["customer_id"]).any()
    over = tried.groupby("customer_id")["end"].max().mask(running)
    pays = rows[~free].groupby("customer_id")["start"].min().reindex(first.index)
    pays = pays.where(over.isna() | (pays <= over + pd.Timedelta(days=PAID)))
    reason = pd.Series(sentence("ended without paying"), index=first.index, dtype=object).mask(over.isna(), None)
    return first.assign(
        end=pays.fillna(over), end_reason=reason.mask(pays.notna(), sentence("began to pay"))
    ).reset_index()
