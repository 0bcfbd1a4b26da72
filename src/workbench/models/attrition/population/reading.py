"""The population of a flat table, or of snapshots: labelled rows without those who were treated meanwhile."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.models.attrition.model.customers import Customers, labelled_customers, slices
from workbench.models.attrition.population.calls import randomised_calls
from workbench.models.attrition.population.drawing import MOST_CUSTOMERS, Drawn, Lots, draw_customers
from workbench.models.attrition.population.given import ColumnDefinition, Featured, Snapshots, TableDefinition
from workbench.models.attrition.population.labels import KEYS, closes, is_over, labelled
from workbench.models.attrition.population.population import Population
from workbench.models.attrition.population.treated import treated_windows
from workbench.models.attrition.reasons.feature_names import names_of
from workbench.wording import listing, sentence, shown

NO_FEATURES = ("cohort",)
"""Days and months of the calendar: no later customer has an earlier one's."""
WEIGHT = "customers_stood_for"
"""Column with how many customers a row stands for."""
OPT_OUT = "opt_out"
"""Canonical column of `customers`: who does not want to be contacted."""
FEWEST_LAPSED = 30
"""Lapsed customers, with fewer of whom a share of those who came back says nothing."""


def read_population(
    tables: Mapping[str, TableDefinition],
    chosen: tuple[str, pd.DataFrame],
    made: Featured | None,
    *,
    treatments: pd.DataFrame | None = None,
    retention: Sequence[str] = (),
    customers_table: pd.DataFrame | None = None,
    most_customers: int = MOST_CUSTOMERS,
    lots: Lots | None = None,
) -> Population:
    """Customers with who left, of a flat table or of snapshots.

    Parameters
    ----------
    tables
        Definitions of the dataset's tables, by name.
    chosen
        The table that says who left, `lifetimes` (flat), `subscriptions` (leaving) or `transactions` (lapse), and its
        rows.
    made
        Features at cut-offs, the last of which is today; None of a flat table.
    treatments
        Who was in which initiative, when; None where there are no records.
    retention
        Initiatives that are meant to keep customers: whoever was in one during a label window is left
        out, and randomised controls stand for them.
    customers_table
        One row a customer, with `opt_out` where customers were asked; None where there is none. It is read as it is
        now, not as of a cut-off: whom one may contact is a matter of today.
    most_customers
        So many customers are looked at at each cut-off that is learned from, of more those drawn by lot.
    lots
        How these are drawn, and whether nobody is on both sides of the test: nothing is asked where it is None.

    Returns
    -------
    Population

    Raises
    ------
    DataError
        What `labelled_customers` finds; nobody active today.
    ParameterError
        A retention initiative that is not there.
    """
    known = set() if treatments is None else set(treatments["initiative"].dropna().astype(str))
    strange = [name for name in retention if name not in known]
    if strange:
        raise ParameterError(
            sentence(
                "retention: {names}: no such initiative; there are {known}.",
                names=listing([shown(name) for name in strange]),
                known=listing(sorted(known)) or sentence("none"),
            )
        )
    source, rows = chosen
    columns = [column for table in tables.values() for column in table.columns]
    if made is None:
        return _flat(rows, tables[source].columns, customers_table)
    everybody, today = labelled(source, made), pd.Timestamp(made.when.cutoffs[-1])
    there = everybody["cutoff"] == today
    if not there.any():
        raise DataError(sentence("Nobody is a customer on {day}: there is no one to forecast.", day=today.date()))
    past = everybody[~there]
    past = past[is_over(past["cutoff"], made.when)]
    treated = treated_windows(past[KEYS], made.when, treatments, retention, tables.get("treatments"))
    calls = randomised_calls(source, rows, made.when, treatments, retention, tables.get("treatments"))
    kept = past[~treated.out].astype({"left": int})
    kept[WEIGHT] = treated.weights[~treated.out]
    now = everybody.loc[there, KEYS].reset_index(drop=True)
    del everybody
    lots = lots or Lots()
    drawn = draw_customers(kept, most=most_customers, lots=lots)
    customers, today_features = _with_features(made, kept, now, drawn)
    names = list(customers.features)
    return Population(
        customers=customers,
        names=names_of([str(name) for name in names], columns),
        today=pd.DataFrame({name: today_features[name] for name in names}, copy=False),
        today_ids=now["customer_id"].to_numpy(),
        source=source,
        when=made.when,
        snapshots=_told(customers, kept, made.when, past["cutoff"][treated.out]),
        returned=_returned(rows, kept, made.when) if source == "transactions" else None,
        treated=treated,
        currency=_currency(columns),
        opt_out=_opted_out(customers_table, now["customer_id"].to_numpy()),
        calls=calls,
        retention=tuple(retention),
        apart=lots.apart,
        tested=float(drawn.looked[(kept["cutoff"] == kept["cutoff"].max()).to_numpy()].mean()),
    )


def _with_features(
    made: Featured, labelled_rows: pd.DataFrame, now: pd.DataFrame, drawn: Drawn
) -> tuple[Customers, pd.DataFrame]:
    """The rows that are looked at, with features, and the features of today's customers: made together.

    Of very many customers rows stand by cut-off, so that those of one cut-off are taken without a copy.
    """
    looked = np.flatnonzero(drawn.looked)
    if drawn.whole is not None:
        looked = looked[np.argsort(labelled_rows["cutoff"].to_numpy()[looked], kind="stable")]
    rows = labelled_rows.iloc[looked].reset_index(drop=True)
    features = made.of(pd.concat([rows[KEYS], now], ignore_index=True))
    for name in [name for name in features if name in NO_FEATURES or _is_date(features[name])]:
        del features[name]
    today = features.iloc[len(rows) :]
    today.index = pd.RangeIndex(len(today))  # in place: no copy for an index
    # Columns are taken as they are; pandas.concat would copy them into one block.
    frame = pd.DataFrame({**features.iloc[: len(rows)], **rows}, copy=False)
    customers = labelled_customers(frame, label="left", customer="customer_id", snapshot="cutoff", weight=WEIGHT)
    if drawn.whole is None:
        return customers, today
    return replace(customers, whole=drawn.whole[looked], undrawn=len(labelled_rows) - len(looked)), today


def _flat(rows: pd.DataFrame, columns: Sequence[ColumnDefinition], people: pd.DataFrame | None) -> Population:
    frame = rows.reset_index(drop=True)
    if "customer_id" not in frame:
        frame = frame.assign(customer_id=np.arange(len(frame)))
    numbered = all(each.name != "customer_id" for each in columns)  # the door numbers rows where no column says who
    customers = labelled_customers(frame, label="event", customer="customer_id", numbered=numbered)
    stays = ~customers.left
    return Population(
        customers=customers,
        names=names_of([str(name) for name in customers.features], columns),
        today=customers.features[stays].reset_index(drop=True),
        today_ids=customers.ids[stays],
        source="lifetimes",
        snapshots=pd.DataFrame(),
        currency=_currency(columns),
        opt_out=_opted_out(frame if OPT_OUT in frame or numbered else people, customers.ids[stays]),
    )


def _opted_out(customers: pd.DataFrame | None, ids: np.ndarray) -> pd.Series | None:
    """Who (N,) does not want to be contacted, missing where nothing is known; None where nobody was asked."""
    if customers is None or OPT_OUT not in customers:
        return None
    return customers.drop_duplicates("customer_id").set_index("customer_id")[OPT_OUT].reindex(ids)


def _currency(columns: Sequence[ColumnDefinition]) -> str:
    return next((each.unit for each in columns if each.kind == "money" and each.unit), "")


def _is_date(column: pd.Series) -> bool:
    first = column.dropna().head(1)
    return pd.api.types.is_datetime64_any_dtype(column) or (len(first) > 0 and isinstance(first.iloc[0], dt.date))


def _told(customers: Customers, rows: pd.DataFrame, when: Snapshots, treated: pd.Series) -> pd.DataFrame:
    """By cut-off what it served for, and of all rows how many there are and how many left."""
    words = {
        "train": sentence("learning"),
        "stop": sentence("when to stop"),
        "calibrate": sentence("calibration"),
        "test": sentence("test"),
    }
    served: dict[pd.Timestamp, list[str]] = {}
    for part, there in slices(customers, random_seed=0).items():
        for moment in np.unique(customers.snapshots[there]) if customers.snapshots is not None else ():
            served.setdefault(pd.Timestamp(moment), []).append(words[part])
    frame = rows[["cutoff", "left"]].assign(all=rows[WEIGHT], gone=rows["left"] * rows[WEIGHT])
    found = (
        frame.groupby("cutoff")
        .agg(rows=("left", "size"), left=("left", "sum"), gone=("gone", "sum"), all=("all", "sum"))
        .reset_index()
    )
    both = sentence("learning and calibration")
    found.insert(1, "part", [each[0] if len(each := served[at]) == 1 else both for at in found["cutoff"]])
    found["share"] = found.pop("gone") / found.pop("all")
    opens = found["cutoff"] + pd.Timedelta(when.gap_days, unit="D")
    found.insert(1, "opens", opens.dt.date)
    found.insert(2, "closes", (closes(found["cutoff"], when) - pd.Timedelta(1, unit="D")).dt.date)
    found["treated"] = found["cutoff"].map(treated.value_counts()).fillna(0).astype(int)
    found["cutoff"] = found["cutoff"].dt.date
    return found


def _returned(rows: pd.DataFrame, labelled: pd.DataFrame, when: Snapshots) -> tuple[float, int] | None:
    """Of lapses with as long to come back as they lasted, the share who did."""
    last = rows.groupby("customer_id", observed=True)["timestamp"].max()
    over = closes(labelled["cutoff"], when)
    seen = pd.Timestamp(when.cutoffs[-1]) - pd.Timedelta(when.horizon_days, unit="D") >= over
    lapsed = (labelled["left"] == 1) & seen
    if lapsed.sum() < FEWEST_LAPSED:
        return None
    came = pd.to_datetime(labelled["customer_id"][lapsed].map(last)) >= over[lapsed]
    return float(came.mean()), int(lapsed.sum())
