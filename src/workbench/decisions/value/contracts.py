"""How contracts are renewed: a life table and the shifted beta–geometric model (sBG), weighed by what each forecast.

Within the tenure observed a life table needs no model. Beyond it rates go on as in its last third, while in the sBG
they go on falling, because those likely to leave have gone: which is right decides what a lifetime is worth. Both are
fitted to the tenure before a cut and scored on what came after it; weights by stacking decide how many draws each has.
Where an earlier run of `churn_survival` says who stays, neither is asked: the run knows more of customers than their
tenure, and has chosen among its own models.

References
----------
Fader, Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1); Yao, Vehtari, Simpson,
Gelman (2018), Using stacking to average Bayesian predictive distributions, Bayesian Analysis 13(3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from workbench.decisions.value.life_table import ENOUGH, TAIL, Followed, LifeTable, life_table
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check
from workbench.models.contracts import Cohort, posterior, retention
from workbench.wording import number, percent, sentence

FAR = 120
"""Months beyond those observed for which draws of the sBG are laid out: discounted at 5%, 99% of a lifetime's value."""
FEW_LEAVERS = 20
"""Leavers below which a group has no model of its own: α and β are then known to a factor of two at best."""
BETA_GEOMETRIC, BY_TENURE = 0, 1
"""Places of the two models."""


def names() -> tuple[str, str]:
    """Of the models, for people."""
    return sentence("shifted beta–geometric"), sentence("life table")


@dataclass(frozen=True, kw_only=True, eq=False)
class Renewals:
    """Life tables whose draws are of either model.

    Attributes
    ----------
    tables
        By group; of all under "".
    models : (draws,)
        Which model each draw is of: places in `names`.
    weight
        Of the sBG.
    cohorts
        A row a group: `group`, `customers`, `left`, `alpha`, `beta` and their intervals, `year` (share expected to
        stay a year), `k`; NaN where the group is too small for its own, and has that of all.
    """

    tables: Mapping[str, LifeTable]
    models: np.ndarray
    weight: float
    cohorts: pd.DataFrame

    def exhibits(self) -> Iterator[Showable]:
        """Weights, groups beside each other, and whether draws may be used."""
        yield {"weight_sbg": self.weight, "weight_life_table": 1 - self.weight}
        message = sentence(
            "Fitted to the first two thirds of tenure, both forecast the last third, so that the shifted "
            "beta–geometric model has {share} of draws and the life table the rest.",
            share=percent(self.weight),
        )
        yield Check(name="renewal_models", status="pass", message=message, value=self.weight)
        worst = float(self.cohorts["k"].fillna(-1.0).max())
        if self.weight and worst > 0:
            yield Check(
                name="renewal_draws",
                status="pass" if worst <= 0.5 else "fail",
                title=sentence("Draws of renewal may be used")
                if worst <= 0.5
                else sentence("Draws of renewal are not sound"),
                message=sentence("Pareto's k of the importance weights is at most {k}.", k=number(worst)),
                value=worst,
                threshold=0.5,
            )
        if len(self.cohorts) > 1:
            yield Table(
                name="renewal_groups",
                frame=self.cohorts,
                caption=sentence("Groups of contracts fitted each for itself: how many stay for another year."),
                people=People(count="customers", by="group"),
                columns={
                    "group": Column(sentence("Group")),
                    "customers": Column(sentence("Customers")),
                    "left": Column(sentence("Left")),
                    "year": Column(sentence("Stay for a year"), "share"),
                    "lower": Column(sentence("From"), "share"),
                    "upper": Column(sentence("To"), "share"),
                },
            )


def renewals(followed: Followed, group: np.ndarray, tables: Mapping[str, LifeTable], *, seed: int) -> Renewals:
    """Weigh the two models and give each its draws.

    Parameters
    ----------
    followed
        Spells; those that were not followed from their first day do not enter the sBG.
    group : (n,)
        Of each spell.
    tables
        Drawn life tables by group, of all under "".
    seed
        Of the random numbers.
    """
    draws = len(tables[""].hazard)
    parts = {"": np.ones(len(group), dtype=bool)}
    parts |= {name: group == name for name in tables if name}
    weight = _weight(followed, parts)
    count = round(weight * draws)
    models = np.repeat([BETA_GEOMETRIC, BY_TENURE], [count, draws - count])
    made, rows = {}, []
    fitted = {}
    for place, (name, own) in enumerate(parts.items()):
        found = _cohort(followed, own)
        row: dict[str, object] = {"group": name or sentence("all"), "customers": int(own.sum())}
        row["left"] = int(followed.event[own].sum())
        if followed.event[own & (followed.entry == 0)].sum() >= FEW_LEAVERS:
            drawn, sample = posterior([found], draws=draws, seed=seed + place)
            fitted[name] = drawn
            stay = np.prod(retention(drawn[:, :1], drawn[:, 1:], np.arange(1, 13)), axis=1)
            low, high = np.quantile(stay, [0.05, 0.95])
            row |= {"alpha": drawn[:, 0].mean(), "beta": drawn[:, 1].mean(), "k": sample.k}
            row |= {"year": float(stay.mean()), "lower": float(low), "upper": float(high)}
        rows.append(row)
        made[name] = _mixed(tables[name], fitted.get(name, fitted.get("")), count)
    if "" not in fitted:
        made, weight, models = dict(tables), 0.0, np.full(draws, BY_TENURE)
    columns = ["group", "customers", "left", "alpha", "beta", "k", "year", "lower", "upper"]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    return Renewals(tables=made, models=models, weight=weight, cohorts=frame)


def _cohort(followed: Followed, own: np.ndarray) -> Cohort:
    """Those of some spells that were followed from their first day; who is there in a period renewed those before."""
    own = own & (followed.entry == 0)
    duration, event = followed.duration[own], followed.event[own]
    left = np.maximum(np.ceil(duration[event] - 1e-9), 1).astype(int)
    renewed = np.floor(duration[~event] + 1e-9).astype(int)
    size = int(max(left.max(initial=1), renewed.max(initial=1))) + 1
    return Cohort(left=np.bincount(left, minlength=size)[1:], staying=np.bincount(renewed, minlength=size)[1:])


def _mixed(table: LifeTable, drawn: np.ndarray | None, count: int) -> LifeTable:
    """The first draws of the sBG, the others of the life table."""
    if drawn is None or not count:
        return table
    months = table.observed + FAR
    hazard = table.hazards(months)
    hazard[:count] = -np.log(retention(drawn[:count, :1], drawn[:count, 1:], np.arange(1, months + 1)))
    return replace(
        table,
        hazard=hazard,
        tail=np.concatenate([hazard[:count, -1], table.tail[count:]]),
        cash={kind: table.flow(kind, months) for kind in table.cash},
        seen=table.observed,
    )


def _weight(followed: Followed, parts: Mapping[str, np.ndarray]) -> float:
    """Stacking weight of the sBG: what both, fitted to tenure before a cut, say of what came after it."""
    cut = int(followed.observed * (1 - TAIL))
    later = followed.duration > cut
    whole = followed.entry == 0
    groups = {name: own for name, own in parts.items() if name} or parts
    before = Followed(
        person=followed.person,
        entry=np.minimum(followed.entry, cut),
        duration=np.minimum(followed.duration, cut),
        event=followed.event & ~later,
    )
    scores = []
    for own in groups.values():
        unseen = own & later & whole
        known = own & whole
        if unseen.sum() < ENOUGH or before.event[known].sum() < FEW_LEAVERS:
            continue
        drawn, _ = posterior([_cohort(before, own)], draws=200, seed=1)
        steps = np.arange(cut + 1, int(np.ceil(followed.duration.max())) + 1)
        sbg = -np.log(np.mean(np.cumprod(retention(drawn[:, :1], drawn[:, 1:], steps), axis=1), axis=0))
        few = Followed(
            person=np.unique(before.person[known], return_inverse=True)[1],
            entry=before.entry[known],
            duration=before.duration[known],
            event=before.event[known],
        )
        table = life_table(few, {}, draws=200, seed=2)
        plain = -np.log(np.mean(np.exp(-np.cumsum(table.hazards(int(steps[-1]))[:, cut:], axis=1)), axis=0))
        scores.append(np.column_stack([_score(followed, unseen, cut, grown) for grown in (sbg, plain)]))
    if not scores:
        return 0.0
    logs = np.concatenate(scores)
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    found = minimize_scalar(
        lambda share: -np.log(chances @ [share, 1 - share]).sum(), bounds=(0.0, 1.0), method="bounded"
    )
    return float(np.clip(found.x, 0.0, 1.0))


def _score(followed: Followed, unseen: np.ndarray, cut: int, grown: np.ndarray) -> np.ndarray:
    """Log probability of what became of customers after a cut; `grown` is the cumulative hazard by month after it."""
    grown = np.concatenate([[0.0], grown])
    until, event = followed.duration[unseen] - cut, followed.event[unseen]
    last = np.minimum(np.ceil(until - 1e-9).astype(int), len(grown) - 1)
    stays = np.exp(-grown)
    left = np.log(np.maximum(stays[np.maximum(last - 1, 0)] - stays[last], 1e-300))
    whole = np.minimum(np.floor(until + 1e-9).astype(int), len(grown) - 1)
    return np.where(event, left, -grown[whole])
