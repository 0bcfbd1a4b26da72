"""Randomised calls: of customers whom chance let be called, how many left all the same, beside those it left alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.attrition.population.given import Snapshots, TableDefinition
from workbench.models.attrition.population.treated import OTHERS, chances_of_control
from workbench.wording import number, sentence

OUTBOUND = "outbound"
"""Canonical column of `interactions`: whether the company began it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EarlierContacts:
    """What the company sent or said to customers.

    Attributes
    ----------
    rows
        `customer_id` and `timestamp`; None where there are no records.
    checks
        What counts as a contact, where a contact policy asks.
    """

    rows: pd.DataFrame | None
    checks: tuple[Check, ...] = ()

    def exhibits(self) -> Iterator[Check]:
        """What counts as a contact."""
        yield from self.checks


def earlier_contacts(
    treatments: pd.DataFrame | None,
    tables: Mapping[str, TableDefinition],
    read_interactions: Callable[[], pd.DataFrame | None] = lambda: None,
    *,
    most: int | None = None,
) -> EarlierContacts:
    """Contacts by the company: treatments, but for arms that got nothing, and interactions that it began.

    Parameters
    ----------
    treatments
        `customer_id`, `initiative`, `arm`, `start`; None where there are no records.
    tables
        Definitions of the dataset's tables, by name: which arms got nothing.
    read_interactions
        Gives `customer_id`, `timestamp` and `outbound`: whether the company began it. Where nothing says so they do not
        count, for most are the customers' own. They are many, and read only where somebody asks.
    most
        Contacts that a customer may have; what counts is told only where somebody asks.
    """
    parts = []
    if treatments is not None and "treatments" in tables:
        known = tables["treatments"].designs
        controls = {
            name: design.control
            for name in treatments["initiative"].astype(str).unique()
            if (design := known.get(name) or known.get(OTHERS)) is not None and design.control
        }
        had = treatments[treatments["initiative"].astype(str).map(controls) != treatments["arm"].astype(str)]
        parts.append(pd.DataFrame({"customer_id": had["customer_id"], "timestamp": pd.to_datetime(had["start"])}))
    sent, interactions = 0, None if most is None else read_interactions()
    if interactions is not None and OUTBOUND in interactions:
        began = interactions.loc[interactions[OUTBOUND].eq(True).fillna(False), ["customer_id", "timestamp"]]
        sent = len(began)
        parts.append(began)
    rows = pd.concat(parts, ignore_index=True) if parts else None
    checks = () if most is None else (_what_counts(0 if rows is None else len(rows) - sent, sent, interactions),)
    return EarlierContacts(rows=rows, checks=checks)


def _what_counts(treated: int, sent: int, interactions: pd.DataFrame | None) -> Check:
    """What the contact policy counts, and whether it passes contacts over whose direction nobody knows."""
    if interactions is not None and OUTBOUND not in interactions:
        return Check(
            name="contacts_counted",
            status="warn",
            value=float(len(interactions)),
            message=sentence(
                "Against most_contacts count {treated} treatments and none of {all} interactions: nothing says which "
                "of them the company began. Map outbound under interactions in dataset.yaml.",
                treated=number(treated),
                all=number(len(interactions)),
            ),
            title=sentence("Interactions do not count as contacts"),
        )
    return Check(
        name="contacts_counted",
        status="pass",
        message=sentence(
            "Against most_contacts count {treated} treatments and {sent} interactions that the company began.",
            treated=number(treated),
            sent=number(sent),
        ),
        title=sentence("What counts as a contact"),
    )


def randomised_calls(
    source: str,
    rows: pd.DataFrame,
    when: Snapshots,
    treatments: pd.DataFrame | None,
    retention: Sequence[str],
    table: TableDefinition | None,
) -> tuple[Mapping[str, int], ...]:
    """Who was dealt a call and who none, and who of them left within as many days as a label window has.

    Every round counts for whoever is a customer on its day, and is watched from then on: for the same number of days,
    or it is left out where the records end before. Of initiatives whose arms do not look dealt by chance, whose chances
    differ between customers, or that were dealt to whole units, counts say nothing.

    Parameters
    ----------
    source, rows
        Table that says who left, `subscriptions` or `transactions`, and its rows.
    when
        Cut-offs and label windows; the last cut-off is the first day that the records say nothing of.
    treatments
        `customer_id`, `initiative`, `arm`, `start`; None where there are no records.
    retention
        Initiatives that are meant to keep customers.
    table
        What is known of `treatments` beside its rows: how arms were dealt.

    Returns
    -------
    tuple
        One mapping an initiative with `called`, `called_left`, `others` and `others_left` (each group with at least one
        customer), and the `days` that each was watched. A customer of several rounds is in each that found them still
        there; where such rounds tell less than as many customers would, counts are as of so many customers.
    """
    if treatments is None or table is None:
        return ()
    found = []
    for name in retention:
        some = treatments[treatments["initiative"].astype(str) == name]
        design: Any = table.designs.get(name) or table.designs.get(OTHERS)
        simple = design is not None and design.control and not design.unit and design.assignment == "randomised"
        chances = chances_of_control(some, design) if simple and len(some) else None
        if chances is None or len(np.unique(chances[1])) > 1:
            continue
        some = chances[0]
        dealt = pd.DataFrame(
            {
                "customer_id": some["customer_id"].to_numpy(),
                "start": pd.to_datetime(some["start"]).to_numpy().astype("datetime64[ns]"),
                "control": (some["arm"].astype(str) == design.control).to_numpy(),
            }
        )
        over = dealt["start"] + pd.Timedelta(when.horizon_days, unit="D") <= pd.Timestamp(when.cutoffs[-1])
        dealt = dealt[over].dropna().drop_duplicates(["customer_id", "start"])
        seen = _watched(source, rows, dealt, when.horizon_days)
        if seen["control"].nunique() == 2:
            found.append({**_counts(seen), "days": int(when.horizon_days)})
    return tuple(found)


def _watched(source: str, rows: pd.DataFrame, dealt: pd.DataFrame, days: int) -> pd.DataFrame:
    """Rounds of those who were customers on their day, with `left`: whether they left within so many days."""
    length = pd.Timedelta(days, unit="D")
    if source == "transactions":
        bought = rows[["customer_id", "timestamp"]].dropna()
        bought = bought.assign(start=bought["timestamp"].astype("datetime64[ns]")).sort_values("start", kind="stable")
        seen = dealt.sort_values("start", kind="stable")
        last = pd.merge_asof(seen, bought, on="start", by="customer_id", allow_exact_matches=False)["timestamp"]
        after = pd.merge_asof(seen, bought, on="start", by="customer_id", direction="forward")["timestamp"]
        start = seen["start"].reset_index(drop=True)
        left = ~(after < start + length)
        return seen.reset_index(drop=True).assign(left=left)[(last >= start - length).to_numpy()]
    both = dealt.merge(rows[["customer_id", "start", "end"]], on="customer_id", suffixes=("", "_of_contract"))
    begun, end = pd.to_datetime(both["start_of_contract"]), pd.to_datetime(both["end"])
    close = both["start"] + length
    both["there"] = (begun < both["start"]) & ~(end <= both["start"])  # an end is the first day without
    both["stays"] = (begun <= close) & ~(end <= close)
    people = both.groupby(["customer_id", "start", "control"])[["there", "stays"]].any().reset_index()
    return people[people["there"]].assign(left=~people["stays"])


def _counts(seen: pd.DataFrame) -> dict[str, int]:
    """Customers and leavers of both arms, as of so many as differ as much by chance as customers with their rounds."""
    control, left = seen["control"].to_numpy(dtype=bool), seen["left"].to_numpy(dtype=float)
    away = np.zeros(len(seen))
    for arm in (control, ~control):
        away[arm] = (left[arm] - left[arm].mean()) / arm.sum() * (1 if arm is control else -1)
    single = float((away**2).sum())
    together = float((pd.Series(away).groupby(seen["customer_id"].to_numpy()).sum() ** 2).sum())
    rounds = max(together / single, 1.0) if single else 1.0
    count = {"called": ~control, "others": control}
    return {
        key: round(float(value) / rounds)
        for name, arm in count.items()
        for key, value in ((name, arm.sum()), (f"{name}_left", left[arm].sum()))
    }
