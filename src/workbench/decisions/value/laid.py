"""Fees, orders and contacts of customers under contract, laid on tenure and on the months before the valuation."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.value.business import Money
from workbench.decisions.value.life_table import CHUNK, Followed, LifeTable, life_table, tenure_trend
from workbench.decisions.value.on_board import SETTLING, Board
from workbench.decisions.value.subscribers import Contacting, Ordering
from workbench.draws import seed_of
from workbench.errors import DataError
from workbench.models.levels import SMALLEST_GROUP
from workbench.models.purchases import while_active
from workbench.models.purchases.while_active import Watched
from workbench.models.spend import gamma_gamma
from workbench.models.trials.campaigns import DayLog
from workbench.statistics.dated.calendar import months_between
from workbench.wording import sentence

FEW_LEAVERS = 20
"""Leavers below which a group has the table of all: its own rate is then known to ± 37% (90%) at best."""
ORDERS, CONTACTS, FEES, COUNTS = "orders", "contacts", "fees", "counts"
"""What life tables have of a month on board; counts of orders tell how their rate changes with tenure."""
Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Came:
    """Events on board: `spell`, `tenure`, `ago`, `customer_id`, `worth`; and from when they were recorded."""

    rows: pd.DataFrame
    since: pd.Timestamp


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """What there is of each spell.

    Attributes
    ----------
    board
        Spells with dates; None without.
    spells
        In the order of persons: `person`, `entry`, `duration` (months), `event`, attributes.
    fee
        What each spell paid in each month of tenure (spells, T); None without fees.
    paying
        Fee of each person now, index `person`; None without.
    orders, contacts
        None where there are none.
    """

    board: Board | None
    spells: pd.DataFrame
    fee: np.ndarray | None
    paying: pd.Series | None
    orders: Came | None
    contacts: Came | None

    @property
    def followed(self) -> Followed:
        """Spells by tenure."""
        rows = self.spells
        return Followed(
            person=np.unique(rows["person"].to_numpy(), return_inverse=True)[1],
            entry=rows["entry"].to_numpy(dtype=float),
            duration=rows["duration"].to_numpy(dtype=float),
            event=rows["event"].to_numpy(dtype=bool),
        )

    @property
    def observed(self) -> float:
        """Months that something is known of: of orders, else of contracts."""
        if self.board is not None and self.orders is not None:
            return float(months_between(self.orders.since, self.board.today))
        return float(self.spells["duration"].max())

    @property
    def calendar(self) -> np.ndarray:
        """Calendar month of the twelve months to come; of contracts without dates January's."""
        return np.ones(12, dtype=int) if self.board is None else self.board.calendar(12)

    def group(self, name: str) -> np.ndarray:
        """Of each spell, in text."""
        return self.spells[name].astype(str).to_numpy() if name else np.full(len(self.spells), "")

    @property
    def recorded(self) -> float:
        """Months before the day of valuation from which contracts and orders were recorded; 0 without dates."""
        if self.board is None:
            return 0.0
        rows = self.board.spells
        since = float((rows["began"] - rows["entry"]).max())
        return since if self.orders is None else min(since, self.observed)

    def came(self, people: np.ndarray, ago: float, ahead: float, money: Money) -> float:
        """Cash that customers brought within a time that lies behind, in the spells in which they then were.

        Parameters
        ----------
        people
            Ids of customers on board when the time began.
        ago
            Months before the day of valuation at which it began.
        ahead
            Months that it lasted.
        money
            Margins and costs.
        """
        assert self.board is not None
        rows = self.board.spells
        there = (rows["began"] > ago) & (rows["ended"] < ago) & rows["person"].isin(people)
        chosen = there.to_numpy()
        begin = rows["began"].to_numpy()[chosen] - ago
        end = np.minimum(begin + ahead, rows["duration"].to_numpy(dtype=float)[chosen])
        total = -money.retention * float((end - begin).sum())
        if self.fee is not None:
            paid = np.cumsum(np.hstack([np.zeros((chosen.sum(), 1)), self.fee[chosen]]), axis=1)
            total += money.fee_margin * float((_at(paid, end) - _at(paid, begin)).sum())
        for came, worth in ((self.orders, 1.0), (self.contacts, -money.contact_minute)):
            if came is not None:
                events = came.rows
                own = chosen[events["spell"].to_numpy()] & (events["ago"] <= ago) & (events["ago"] > ago - ahead)
                total += worth * float(events.loc[own, "worth"].sum())
        return total

    def tables(self, group_by: str, *, draws: int, seed: int) -> dict[str, LifeTable]:
        """Life tables of all under "", and of each group that is large enough for its own.

        Parameters
        ----------
        group_by
            Column of spells; empty for none.
        draws, seed
            How many, and of which random numbers.
        """
        group, followed = self.group(group_by), self.followed
        months = int(np.ceil(followed.duration.max()))
        amounts = self._amounts(followed, months)
        found = {"": np.ones(len(group), dtype=bool)}
        for name in sorted(set(group)) if group_by else []:
            own = group == name
            if own.sum() >= SMALLEST_GROUP and followed.event[own].sum() >= FEW_LEAVERS:
                found[name] = own
        return {
            name: life_table(
                followed.rows(own),
                {kind: (over[own], under[own]) for kind, (over, under) in amounts.items()},
                draws=draws,
                seed=seed_of(seed, f"life table {name}"),
            )
            for name, own in found.items()
        }

    def fees(self, people: np.ndarray) -> np.ndarray | None:
        """Money a month of these customers now."""
        return None if self.paying is None else self.paying.reindex(people).to_numpy(dtype=float)

    def ordering(
        self, people: np.ndarray, *, draws: int, seed: int, season: np.ndarray | None = None
    ) -> Ordering | None:
        """Orders of these customers.

        Parameters
        ----------
        people
            On board, in the order of rows.
        draws, seed
            How many, and of which random numbers.
        season : (12,), optional
            Multiples of order rates by calendar month, where they are known from elsewhere.
        """
        if self.board is None or self.orders is None:
            return None
        came = self.orders.rows
        theirs, spending = self.bought(people)
        if not theirs.events.any():
            raise DataError(self._no_orders())
        spend, sample = gamma_gamma.posterior(
            gamma_gamma.Spending(purchases=spending["size"].to_numpy(), mean=spending["mean"].to_numpy()),
            draws=draws,
            seed=seed_of(seed, "spend"),
        )
        count, mean = paid_by(spending, people)
        return Ordering(
            rates=while_active.posterior(theirs, draws=draws, seed=seed_of(seed, "orders on board"), season=season),
            ageing=self._ageing(draws, seed),
            watched=theirs,
            spend=spend,
            spend_k=sample.k,
            orders=count,
            mean=mean,
            kept=_kept(came.groupby("customer_id")["worth"].sum(), spending, spend, seed_of(seed, "kept")),
        )

    def _no_orders(self) -> str:
        """Why no order of those who are on board is known."""
        assert self.orders is not None
        rows = self.orders.rows
        if rows.empty:
            return sentence(
                "transactions: no order lies within a contract of its customer; expected some. See whether customer_id "
                "and the dates of transactions are those of the contracts, or leave transactions out."
            )
        if not (rows["bought"] & (rows["worth"] > 0)).any():
            return sentence(
                "transactions: no order of customers under contract leaves more than 0; expected some that do. Look at "
                "the signs of amount and margin (refunds are negative)."
            )
        return sentence(
            "transactions: of customers who are under contract today nobody has ordered, others have; expected some. "
            "Leave transactions out, so that fees alone are valued."
        )

    def bought(self, people: np.ndarray) -> tuple[Watched, pd.DataFrame]:
        """Orders of a positive amount: of these customers by month, and `size` and `mean` of those of all, by id.

        Parameters
        ----------
        people
            On board, in the order of rows.
        """
        assert self.board is not None
        assert self.orders is not None
        paid = self.orders.rows[self.orders.rows["bought"] & (self.orders.rows["worth"] > 0)]
        watched = self.board.watched(paid, self.orders.since)
        theirs = watched.rows(np.searchsorted(self.board.persons, people))
        return theirs, paid.groupby("customer_id")["worth"].agg(["size", "mean"])

    def contacted(self, people: np.ndarray) -> Watched | None:
        """Contacts of these customers by month; None where there are none.

        Parameters
        ----------
        people
            On board, in the order of rows.
        """
        if self.board is None or self.contacts is None:
            return None
        watched = self.board.watched(self.contacts.rows, self.contacts.since)
        theirs = watched.rows(np.searchsorted(self.board.persons, people))
        return theirs if theirs.events.any() else None

    def contacting(self, people: np.ndarray, *, draws: int, seed: int) -> Contacting | None:
        """Contacts of these customers.

        Parameters
        ----------
        people, draws, seed
            As of `ordering`.
        """
        theirs = self.contacted(people)
        if theirs is None or self.contacts is None:
            return None
        lengths = self.contacts.rows.loc[self.contacts.rows["tenure"] >= SETTLING, "worth"].to_numpy(dtype=float)
        random = np.random.default_rng(seed_of(seed, "minutes"))
        error = lengths.std() / np.sqrt(len(lengths))
        return Contacting(
            rates=while_active.posterior(theirs, draws=draws, seed=seed_of(seed, "contacts on board")),
            watched=theirs,
            minutes=np.maximum(lengths.mean() + error * random.normal(size=draws), 0.0),
        )

    def _amounts(self, followed: Followed, months: int) -> dict[str, Pair]:
        found: dict[str, Pair] = {}
        if self.fee is not None:
            found[FEES] = (self.fee, followed.time(months))
        for kind, came in ((ORDERS, self.orders), (CONTACTS, self.contacts)):
            if came is not None:
                found[kind] = self._by_tenure(came, came.rows["worth"].to_numpy(dtype=float), followed, months)
        return found

    def _by_tenure(self, came: Came, worth: np.ndarray, followed: Followed, months: int) -> Pair:
        assert self.board is not None
        total = np.zeros((len(self.spells), months))
        place = np.clip(np.floor(came.rows["tenure"].to_numpy()).astype(int), 0, months - 1)
        np.add.at(total, (came.rows["spell"].to_numpy(), place), worth)
        since = self.spells["began"].to_numpy() - float(months_between(came.since, self.board.today))
        return total, followed.time(months, np.maximum(since, 0.0))

    def _ageing(self, draws: int, seed: int) -> np.ndarray:
        """By how much log rates of orders change with a year of tenure, of those on board."""
        assert self.orders is not None
        followed = self.followed
        worth = (self.orders.rows["bought"] & (self.orders.rows["worth"] > 0)).to_numpy(dtype=float)
        pair = self._by_tenure(self.orders, worth, followed, int(np.ceil(followed.duration.max())))
        table = life_table(followed, {COUNTS: pair}, draws=draws, seed=seed_of(seed, "ageing"))
        return tenure_trend(table.cash[COUNTS], pair[1].sum(axis=0)[: table.observed], first=int(SETTLING))


def laid_out(
    spells: pd.DataFrame,
    today: pd.Timestamp | None,
    rows: pd.DataFrame,
    fee: str,
    *,
    log: DayLog | None,
    interactions: pd.DataFrame | None,
) -> Laid:
    """Lay what the tables have on spells.

    Parameters
    ----------
    spells
        `person`, `entry` and `duration` (months), `event`, attributes; `begin` where it is known.
    today
        The end of the records; None without dates.
    rows
        Contracts: `customer_id`, the fee; `start` and `end` with dates.
    fee
        Column of `rows` with money a month; empty for none.
    log
        Days with purchases; None for none.
    interactions
        `customer_id`, `timestamp`, `minutes`; None for none.
    """
    if today is None:
        laid = spells.sort_values("person", kind="stable", ignore_index=True)
        paying = rows.drop_duplicates("customer_id", keep="last").set_index("customer_id")[fee] if fee else None
        amounts = None
        if paying is not None:
            laid_fee = paying.reindex(laid["person"]).to_numpy(dtype=float)
            amounts = laid_fee[:, None] * _months_of(laid)
        return Laid(board=None, spells=laid, fee=amounts, paying=paying, orders=None, contacts=None)
    board = Board.of(spells, today)
    orders = contacts = paying = amounts = None
    if fee:
        paying, amounts = _fees(board, rows, fee)
    if log is not None:
        days = log.days
        first = pd.Timestamp(log.first)
        events = pd.DataFrame(
            {
                "customer_id": days["customer_id"],
                "time": first + pd.to_timedelta(days["day"], unit="D"),
                "worth": days["margin" if "margin" in days else "amount"],
                "bought": days["bought"],
            }
        )
        orders = Came(rows=board.placed(events), since=first)
    if interactions is not None and "minutes" in interactions and interactions["minutes"].notna().any():
        known = interactions[interactions["minutes"].notna() & interactions["customer_id"].notna()]
        events = pd.DataFrame(
            {
                "customer_id": known["customer_id"],
                "time": pd.to_datetime(known["timestamp"]),
                "worth": known["minutes"].astype(float),
            }
        )
        contacts = Came(rows=board.placed(events), since=events["time"].min().normalize())
    return Laid(board=board, spells=board.spells, fee=amounts, paying=paying, orders=orders, contacts=contacts)


def paid_by(spending: pd.DataFrame, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many orders of a positive amount each of these customers has placed (n,), and their mean (n,).

    Parameters
    ----------
    spending
        `size` and `mean` by id.
    people
        Ids.
    """
    own = spending.reindex(people)
    return own["size"].fillna(0).to_numpy(), own["mean"].fillna(0.0).to_numpy()


def _at(grown: np.ndarray, times: np.ndarray) -> np.ndarray:
    """What had come (n,) by a time in months, from sums at the end of each month (n, T + 1), even within a month."""
    place = np.minimum(np.floor(times).astype(int), grown.shape[1] - 2)
    rows = np.arange(len(times))
    low, high = grown[rows, place], grown[rows, place + 1]
    return low + (np.minimum(times - place, 1.0)) * (high - low)


def _months_of(spells: pd.DataFrame) -> np.ndarray:
    begin = np.arange(int(np.ceil(spells["duration"].max())))
    until, entry = spells["duration"].to_numpy(dtype=float), spells["entry"].to_numpy(dtype=float)
    return np.clip(np.minimum(until[:, None], begin + 1) - np.maximum(entry[:, None], begin), 0, 1)


def _kept(brought: pd.Series, spending: pd.DataFrame, spend: np.ndarray, seed: int) -> np.ndarray:
    """What orders brought over what the spend model says of them (draws,), customers weighed anew in each draw.

    It holds refunds of no known order, free orders and losses, and what the model misses of the mean: amounts whose
    tails are not those of a gamma would shift every customer with few orders.
    """
    random = np.random.default_rng(seed)
    people = brought.index.to_numpy()
    count = spending["size"].reindex(people).fillna(0).to_numpy(dtype=float)
    mean = spending["mean"].reindex(people).fillna(0.0).to_numpy(dtype=float)
    p, q, scale = spend.T
    over, under = np.zeros(len(spend)), np.zeros(len(spend))
    for first in range(0, len(people), CHUNK):
        part = slice(first, first + CHUNK)
        x, weight = count[part], random.standard_exponential((len(spend), len(count[part])))
        expected = p[:, None] * (scale[:, None] + x * mean[part]) / np.maximum(p[:, None] * x + q[:, None] - 1, 1e-9)
        over += weight @ brought.to_numpy(dtype=float)[part]
        under += (weight * expected) @ x
    return over / under


def _fees(board: Board, rows: pd.DataFrame, fee: str) -> tuple[pd.Series, np.ndarray]:
    """The fee of each person now, and what each spell paid in each month of tenure, by the contracts that it is of."""
    known = rows[rows["start"].notna() & (pd.to_datetime(rows["start"]) < board.today)]
    known = known.sort_values("start", kind="stable")
    contracts = pd.DataFrame(
        {
            "customer_id": known["customer_id"],
            "time": pd.to_datetime(known["start"]),
            "until": pd.to_datetime(known["end"]) if "end" in known else pd.NaT,
            "fee": known[fee].astype(float),
        }
    )
    placed = board.placed(contracts)
    spell = placed["spell"].to_numpy()
    duration, entry = (board.spells[name].to_numpy(dtype=float)[spell] for name in ("duration", "entry"))
    gone = months_between(placed["until"].fillna(board.today), board.today)
    until = np.minimum(placed["began"].to_numpy() - np.maximum(gone, 0.0), duration)
    # A spell of whom the last contract is over for the calendar, and not yet for the grace, is paid by nobody.
    since = np.maximum(placed["tenure"].to_numpy(), entry)
    begin = np.arange(int(np.ceil(board.spells["duration"].max())))
    time = np.clip(np.minimum(until[:, None], begin + 1) - np.maximum(since[:, None], begin), 0, 1)
    total = np.zeros((len(board.spells), len(begin)))
    np.add.at(total, spell, time * placed["fee"].to_numpy()[:, None])
    running = contracts[contracts["until"].isna() | (contracts["until"] >= board.today)]
    last = contracts.groupby("customer_id")["fee"].last()  # of who has renewed late, and is still there by the grace
    return running.groupby("customer_id")["fee"].sum().reindex(last.index).fillna(last), total
