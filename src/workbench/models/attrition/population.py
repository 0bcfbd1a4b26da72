"""Who is learned from, who is judged, and who is active today: from a flat table, or from snapshots in time."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Drawing

from workbench.errors import DataError, ParameterError
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.feature_names import names_of
from workbench.models.attrition.model.customers import Customers, judge_customers, slices
from workbench.models.attrition.reasons.reasons import Names
from workbench.wording import listing, number, percent, plural, sentence, shown

KEYS = ["customer_id", "cutoff"]
NO_FEATURES = ("cohort",)
"""Days and months of the calendar: no later customer has an earlier one's."""
FEWEST_LAPSED = 30
"""Lapsed customers, with fewer of whom a share of those who came back says nothing."""


class ColumnDefinition(Protocol):
    """What is known of a column beside its values."""

    @property
    def name(self) -> str:
        """In the table."""

    @property
    def label(self) -> str:
        """For people."""

    @property
    def unit(self) -> str:
        """Empty where it has none."""


class TableDefinition(Protocol):
    """What is known of a table beside its rows."""

    @property
    def columns(self) -> Sequence[ColumnDefinition]:
        """Its columns."""

    @property
    def designs(self) -> Mapping[str, Any]:
        """Of treatments, by initiative: `control` is the arm that got nothing."""


class Snapshots(Protocol):
    """Cut-offs and their label windows, as `workbench.features` has them."""

    cutoffs: Any
    gap_days: Any
    horizon_days: Any


class Featured(Protocol):
    """Features at cut-offs, as `workbench.features` makes them."""

    when: Any

    def fetched(self) -> "Featured":
        """With its rows in memory."""
        ...

    def frame(self) -> pd.DataFrame:
        """One row a customer and cut-off."""
        ...

    def purchases_after(self, *, horizon: Any) -> Any:
        """What customers buy in the label window."""
        ...

    def cancellations_after(self, *, horizon: Any) -> Any:
        """Who ends a subscription in the label window."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Rows to learn from and to be judged on, and the customers of today.

    Attributes
    ----------
    customers
        With who left.
    names
        How features are called.
    today
        Features (M, …) of whoever is active now, in the order of `today_ids`.
    today_ids : (M,)
        Whose they are.
    source
        Table that says who left.
    when
        Cut-offs and label windows; the last cut-off is today. None of a flat table.
    snapshots
        One row a cut-off: `cutoff`, `opens`, `closes` (the label window), `part`, `rows`, `left`, `share`, `treated`
        (left out because a retention treatment ran in the window). Empty of a flat table.
    returned
        Of customers who lapsed, the share who bought again after the window, and of how many; None where not known.
    running
        Initiatives that ran in label windows and count as no retention treatment.
    """

    customers: Customers
    names: Names
    today: pd.DataFrame
    today_ids: np.ndarray
    source: str
    when: Any = None
    snapshots: pd.DataFrame
    returned: tuple[float, int] | None = None
    running: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """The labelled rows as one table: `customer_id`, `cutoff` where there are dates, features and `left`."""
        dated = {} if self.customers.snapshots is None else {"cutoff": self.customers.snapshots}
        keys = pd.DataFrame({"customer_id": self.customers.ids, **dated})
        return pd.concat([keys, self.customers.features.assign(left=self.customers.left)], axis=1)

    def exhibits(self) -> Iterator[Showable]:
        """What leaving means, the timeline, and what was left out; nothing of a flat table but who is active."""
        yield {"customers_today": len(self.today_ids)}
        if self.when is None:
            return
        yield self._returned()
        yield self._meaning()
        yield self._treated()
        yield Figure(
            name="timeline",
            draw=self.draw_timeline,
            title=sentence("What was learned from, and what it was judged on"),
            alt=sentence("One line a cut-off, from the cut-off to the end of its label window; the last is the test."),
        )
        columns = {
            "cutoff": Column(sentence("Cut-off")),
            "opens": Column(sentence("Left from")),
            "closes": Column(sentence("Left until")),
            "part": Column(sentence("Served for")),
            "rows": Column(sentence("Customers")),
            "share": Column(sentence("Left"), "share"),
            "treated": Column(sentence("Treated, left out")),
        }
        idle = {name for name in columns if name == "opens" and not self.when.gap_days}
        idle |= {name for name in columns if name == "treated" and not self.snapshots["treated"].any()}
        yield Table(
            name="snapshots",
            frame=self.snapshots,
            caption=sentence("Cut-offs, the time in which customers left, and what each served for."),
            people=People(count="rows", within=["cutoff", "opens", "closes", "part"], values=["left", "share"]),
            columns={name: each for name, each in columns.items() if name not in idle},
        )

    def _meaning(self) -> Check:
        words = {"days": number(self.when.horizon_days), "gap": number(self.when.gap_days)}
        if self.source == "transactions":
            message = sentence(
                "Who had bought in the {days} days before a cut-off and buys nothing in {days} days, from {gap} days "
                "after it on, has left.",
                **words,
            )
        else:
            message = sentence(
                "Who was subscribed at a cut-off and whose last subscription ends within {days} days, from {gap} days "
                "after it on, has left.",
                **words,
            )
        return Check(name="label", status="pass", message=message, title=sentence("What leaving means here"))

    def _returned(self) -> Finding | None:
        if self.returned is None:
            return None
        share, of = self.returned
        error = 1.645 * np.sqrt(share * (1 - share) / of)
        words = {"share": percent(share), "n": number(of)}
        return Finding(
            id="returned",
            statement=sentence("Most lapses are pauses: {share} of the {n} bought again later.", **words)
            if share > 0.5
            else sentence("{share} of the {n} lapses were pauses: these customers bought again later.", **words),
            estimate=share,
            unit="share",
            interval=(max(share - error, 0.0), min(share + error, 1.0)),
            interval_kind=sentence("90% confidence"),
            evidence="descriptive",
            n=of,
        )

    def _treated(self) -> Check | None:
        out, running = int(self.snapshots["treated"].sum()), listing([shown(name) for name in self.running[:5]])
        if out:
            message = plural(
                "{n} row was left out: the customer was in a retention treatment during the label window, which shows "
                "what contact does, not what happens without.",
                "{n} rows were left out: these customers were in a retention treatment during the label window, which "
                "shows what contact does, not what happens without.",
                out,
            )
            return Check(
                name="treated_windows",
                status="pass",
                value=out,
                message=message,
                title=sentence("Treated label windows are left out"),
            )
        if not self.running:
            return None
        message = sentence(
            "{n} initiatives ran in label windows, first {names}. Name those meant to keep customers in `retention`: "
            "what happens with contact is not what happens without.",
            n=number(len(self.running)),
            names=running,
        )
        return Check(
            name="treated_windows",
            status="warn",
            value=0,
            message=message,
            title=sentence("Treatments ran while customers were observed"),
        )

    def draw_timeline(self) -> Axes:
        """One line a cut-off."""
        frame = self.snapshots
        ax = Drawing(figsize=(6.2, 1.2 + 0.24 * len(frame)), layout="constrained").subplots()
        parts = list(dict.fromkeys(frame["part"]))
        for place, row in enumerate(frame.itertuples()):
            color = f"C{parts.index(row.part)}"
            ax.plot(
                np.array([row.opens, row.closes]),
                np.array([place, place]),
                color=color,
                linewidth=5,
                solid_capstyle="butt",
            )
            ax.plot(np.array([row.cutoff]), np.array([place]), marker="|", color="0.2", markersize=10)
        for at, part in enumerate(parts):
            ax.plot([], [], color=f"C{at}", linewidth=5, label=part)
        ax.axvline(self.when.cutoffs[-1], color="0.3", linestyle="--", linewidth=1)
        ax.invert_yaxis()
        ax.set_yticks([])
        locator = AutoDateLocator(maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.set_xlabel(sentence("Marks: cut-offs; bars: label windows; dashed: the end of the records"))
        ax.legend(loc="upper right")
        return ax


def read_population(
    tables: Mapping[str, TableDefinition],
    chosen: tuple[str, pd.DataFrame],
    made: Featured | None,
    *,
    treatments: pd.DataFrame | None = None,
    retention: Sequence[str] = (),
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
        Initiatives that are meant to keep customers: whoever was in one during a label window is left out.

    Returns
    -------
    Population

    Raises
    ------
    DataError
        What `judge_customers` finds; nobody active today.
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
        return _flat(rows, tables[source].columns)
    fetched = made.fetched()
    frame, today = fetched.frame(), pd.Timestamp(made.when.cutoffs[-1])
    frame = _labelled(source, frame, fetched)
    out = [name for name in frame if name in NO_FEATURES or _is_date(frame[name])]
    frame = frame.drop(columns=[name for name in out if name not in KEYS])
    now = frame[frame["cutoff"] == today].drop(columns=["left"])
    if not len(now):
        raise DataError(sentence("Nobody is a customer on {day}: there is no one to forecast.", day=today.date()))
    past = frame[frame["cutoff"] < today]
    past = past[_is_over(past["cutoff"], made.when)]
    designs = tables["treatments"].designs if "treatments" in tables else {}
    controls = {name: design.control for name, design in designs.items() if design.control}
    touched = _touched(past, made.when, treatments, controls)
    treated = touched[list(retention)].any(axis=1) if retention else pd.Series(False, index=past.index)
    kept = past[~treated].reset_index(drop=True)
    kept = kept.astype({"left": int})
    customers = judge_customers(kept, label="left", customer="customer_id", snapshot="cutoff")
    return Population(
        customers=customers,
        names=names_of([str(name) for name in customers.features], columns),
        today=now[list(customers.features)].reset_index(drop=True),
        today_ids=now["customer_id"].to_numpy(),
        source=source,
        when=made.when,
        snapshots=_told(customers, made.when, past["cutoff"][treated]),
        returned=_returned(rows, kept, made.when) if source == "transactions" else None,
        running=tuple(sorted(str(name) for name in touched if touched[name].any() and name not in retention)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Onboard:
    """Customers at one cut-off, to be scored by a forecast that was made before.

    Attributes
    ----------
    features, ids
        One row a customer.
    left : (N,) bool
        Who left within the label window; None where it is not over.
    active : (N,) bool
        Who is still there to be contacted: all at a cut-off; of a flat table those who had not left.
    """

    features: pd.DataFrame
    ids: np.ndarray
    left: np.ndarray | None
    active: np.ndarray


def read_onboard(chosen: tuple[str, pd.DataFrame], made: Featured | None) -> Onboard:
    """Customers at the one cut-off of their features, or of a flat table.

    Parameters
    ----------
    chosen
        The table that says who left, and its rows.
    made
        Features at one cut-off; None of a flat table.

    Raises
    ------
    DataError
        Nobody is a customer on that day.
    """
    source, rows = chosen
    if made is None:
        frame = rows.reset_index(drop=True)
        if "customer_id" not in frame:
            frame = frame.assign(customer_id=np.arange(len(frame)))
        gone = frame.pop("event").to_numpy(dtype=bool)
        return Onboard(features=frame, ids=frame.pop("customer_id").to_numpy(), left=gone, active=~gone)
    fetched = made.fetched()
    frame = _labelled(source, fetched.frame(), fetched)
    if not len(frame):
        raise DataError(sentence("Nobody is a customer on {day}: there is no one to score.", day=made.when.cutoffs[-1]))
    left = None if frame["left"].isna().any() else frame["left"].to_numpy(dtype=bool)
    features = frame.drop(columns=[*KEYS, "left"])
    return Onboard(
        features=features, ids=frame["customer_id"].to_numpy(), left=left, active=np.ones(len(frame), dtype=bool)
    )


def _flat(rows: pd.DataFrame, columns: Sequence[ColumnDefinition]) -> Population:
    frame = rows.reset_index(drop=True)
    if "customer_id" not in frame:
        frame = frame.assign(customer_id=np.arange(len(frame)))
    customers = judge_customers(frame, label="event", customer="customer_id")
    stays = ~customers.left
    return Population(
        customers=customers,
        names=names_of([str(name) for name in customers.features], columns),
        today=customers.features[stays].reset_index(drop=True),
        today_ids=customers.ids[stays],
        source="lifetimes",
        snapshots=pd.DataFrame(),
    )


def _labelled(source: str, frame: pd.DataFrame, made: Featured) -> pd.DataFrame:
    """Those who were active at a cut-off, with `left`: missing where the label window is not over."""
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


def _is_date(column: pd.Series) -> bool:
    first = column.dropna().head(1)
    return pd.api.types.is_datetime64_any_dtype(column) or (len(first) > 0 and isinstance(first.iloc[0], dt.date))


def _closes(cutoffs: pd.Series, when: Snapshots) -> pd.Series:
    return cutoffs + pd.Timedelta(when.gap_days + when.horizon_days, unit="D")


def _is_over(cutoffs: pd.Series, when: Snapshots) -> pd.Series:
    """Whether a row's label window ends before the last cut-off that is judged, or is its own."""
    test = cutoffs.max()
    return (_closes(cutoffs, when) <= test) | (cutoffs == test)


def _touched(
    past: pd.DataFrame, when: Snapshots, treatments: pd.DataFrame | None, controls: Mapping[str, str]
) -> pd.DataFrame:
    """By initiative (columns), whether a customer was treated during the label window of each row."""
    found = pd.DataFrame(index=past.index)
    if treatments is None or not len(treatments):
        return found
    rows = past[KEYS].reset_index(names="row")
    for name, some in treatments.groupby(treatments["initiative"].astype(str), observed=True):
        if controls.get(name):
            some = some[some["arm"].astype(str) != controls[name]]
        both = rows.merge(some[["customer_id", "start", "end"]], on="customer_id")
        begun = pd.to_datetime(both["start"]) < _closes(both["cutoff"], when)
        ended = pd.to_datetime(both["end"]) < both["cutoff"] + pd.Timedelta(when.gap_days, unit="D")
        found[name] = past.index.isin(both.loc[begun & ~ended, "row"])
    return found


def _told(customers: Customers, when: Snapshots, treated: pd.Series) -> pd.DataFrame:
    words = {
        "train": sentence("learning"),
        "stop": sentence("when to stop"),
        "calibrate": sentence("calibration"),
        "test": sentence("test"),
    }
    frame = pd.DataFrame({"cutoff": customers.snapshots, "left": customers.left})
    frame["part"] = ""
    for part, there in slices(customers, random_seed=0).items():
        frame.loc[there, "part"] = words[part]
    found = (
        frame.groupby("cutoff")
        .agg(
            part=("part", lambda each: each.iloc[0] if each.nunique() == 1 else sentence("learning and calibration")),
            rows=("left", "size"),
            left=("left", "sum"),
            share=("left", "mean"),
        )
        .reset_index()
    )
    opens = found["cutoff"] + pd.Timedelta(when.gap_days, unit="D")
    found.insert(1, "opens", opens.dt.date)
    found.insert(2, "closes", (_closes(found["cutoff"], when) - pd.Timedelta(1, unit="D")).dt.date)
    found["treated"] = found["cutoff"].map(treated.value_counts()).fillna(0).astype(int)
    found["cutoff"] = found["cutoff"].dt.date
    return found


def _returned(rows: pd.DataFrame, labelled: pd.DataFrame, when: Snapshots) -> tuple[float, int] | None:
    """Of lapses with as long to come back as they lasted, the share who did."""
    last = rows.groupby("customer_id", observed=True)["timestamp"].max()
    closes = _closes(labelled["cutoff"], when)
    seen = pd.Timestamp(when.cutoffs[-1]) - pd.Timedelta(when.horizon_days, unit="D") >= closes
    lapsed = (labelled["left"] == 1) & seen
    if lapsed.sum() < FEWEST_LAPSED:
        return None
    came = pd.to_datetime(labelled["customer_id"][lapsed].map(last)) >= closes[lapsed]
    return float(came.mean()), int(lapsed.sum())
