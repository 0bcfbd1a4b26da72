"""What the study says of a company, by approximations: no sampling, and a base that goes on as earlier ones did."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.validation.pilots import tried
from benchmarks.validation.worlds import World, made, recorded

from workbench.decisions.funding.naive import naive_returns
from workbench.decisions.roi import Base, Chain, chain_of, held, read_initiatives, steps_of
from workbench.decisions.roi.experience import as_if, lift_of, link_of
from workbench.decisions.roi.on_board import AVERAGE_MONTH, on_board
from workbench.decisions.roi.result import Returns
from workbench.exhibits import flatten
from workbench.findings import Check
from workbench.models import drivers
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.ordinal.approximation import approximate, approximate_posterior
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.links import LINKS
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.linkage import Linkage, learn_link, read_answers
from workbench.models.linkage.borrowed import fit_borrowed
from workbench.models.linkage.halo import fit_halo
from workbench.models.linkage.persistence import fit_persistence
from workbench.models.linkage.unseen import lasting_variance
from workbench.simulate.decisions import VALUE_MONTHS
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.population import ANNUAL_RATE

DRAWS = 200
ENDS = (0.05, 0.95)


def effects_of(world: World, seed: int, draws: int = DRAWS) -> pd.DataFrame:
    """`driver_effects` by the normal approximation, missing ratings imputed once."""
    surveys = world.tables["surveys"]
    ratings = drivers.read_responses(
        surveys, world.dataset.tables["surveys"], outcome=None, drivers=None, segments=["plan"], combine_items=False
    )
    noise = LINKS["logit"]
    prior = Prior().on(noise)
    columns = make_columns(ratings, "linear")
    completed = complete(ratings, prior, times=1, link=noise, random_seed=seed)
    rows = [rows_of(ratings, columns, *each, link=noise) for each in completed]
    found = approximate(rows, prior, drivers=len(ratings.drivers), weighting=ratings.design_weighting)
    model = DriverModel(
        ratings=ratings,
        columns=columns,
        prior=prior,
        completed=completed,
        posterior=approximate_posterior(found, draws, seed),
        confidence=0.9,
        random_seed=seed,
        link=noise,
    )
    return model.effect_draws(draws)


def linkage_of(world: World, effects: pd.DataFrame, seed: int) -> Linkage:
    """The links, as the study learns them."""
    tables = world.tables
    answers = read_answers(tables["surveys"], world.dataset.tables["surveys"].columns, effects)
    return learn_link(
        answers,
        tables["subscriptions"],
        until=until_of(world),
        attributes=["plan"],
        transactions=tables["transactions"],
        interactions=tables["interactions"],
        usage=tables.get("usage"),
        random_seed=seed,
    )


def until_of(world: World) -> pd.Timestamp:
    """The day after the last of the records."""
    return pd.Timestamp(world.settings.first_day) + pd.DateOffset(months=world.settings.months)


def base_of(world: World, draws: int = DRAWS) -> Base:
    """Customers of today, who leave, order and cost as those did who were on board on any day of the records."""
    tables = world.tables
    contracts = tables["subscriptions"]
    seen = on_board(contracts, until_of(world), VALUE_MONTHS)
    begin = seen.begin.set_axis(contracts["customer_id"])

    def since(table: pd.DataFrame) -> np.ndarray:
        away = table["timestamp"] - begin.loc[table["customer_id"]].to_numpy()
        return np.asarray(away.dt.total_seconds()) / 86_400 / AVERAGE_MONTH

    bought, contacts = tables["transactions"], tables["interactions"].dropna(subset=["minutes"])
    hazards = {
        str(reason): seen.rate(seen.length[seen.ended & contracts["end_reason"].eq(reason).to_numpy()])
        for reason in contracts["end_reason"].dropna().unique()
    }
    gone = np.sum(list(hazards.values()), axis=0)
    there, ones = float(contracts["end"].isna().sum()), np.ones((draws, 1))
    minutes = seen.rate(since(contacts), contacts["minutes"].to_numpy(dtype=float))
    fees = FEE_MARGIN * seen.mean(contracts["price"].to_numpy(dtype=float))
    return Base(
        active=there,
        customers=there * np.exp(-np.cumsum(gone) + gone / 2) * ones,
        orders=seen.rate(since(bought), bought["margin"].to_numpy(dtype=float)) * ones,
        other=(fees - COST_PER_MINUTE * minutes) * ones,
        hazards={reason: rate * ones for reason, rate in hazards.items()},
        discount=(1 + ANNUAL_RATE) ** (-1 / 12),
        currency=world.settings.currency,
    )


def whole(texts: Sequence[str], seed: int) -> dict[str, Any]:
    """What is said of a company's initiatives and its pilots, beside what is true."""
    return judged(made(texts), seed)


def of_pilots(texts: Sequence[str], seed: int) -> dict[str, Any]:
    """What its pilots say of lifts alone, beside the lifts: what lifts do not hang on is left out."""
    settings, dataset, tables = recorded(texts)
    world = World(settings, dataset, tables, offered(settings), np.zeros(0), 0.0)
    answers = read_answers(tables["surveys"], dataset.tables["surveys"].columns, effects_of(world, seed))
    contacts = tables["interactions"]
    halo = fit_halo(answers, contacts[contacts["kind"].eq("contact")], random_seed=seed)
    persistence = fit_persistence(answers)
    lasting = lasting_variance(answers, persistence) or persistence.between
    unasked: Any = None
    linkage = Linkage(
        answers=answers,
        persistence=persistence,
        halo=halo,
        borrowed=fit_borrowed(answers, halo.points, lasting),
        lasts=unasked,
        carry=unasked,
        slopes=unasked,
        notice=unasked,
        lasting=lasting,
        replies=0.0,
        random_seed=seed,
    )
    chosen = read_initiatives(tables["initiatives"], answers.drivers)
    none, draws = np.zeros((linkage.draws, 1)), linkage.draws
    base = Base(active=0.0, customers=none, orders=none, other=none, hazards={}, discount=1.0)
    at = {each.driver: lift_of(linkage, each.driver, draws) for each in chosen}
    chain = chain_of(chosen, at, unasked, base, random_seed=seed)
    return {
        "pilots": tried(replace(world, tables=tables | {"subscriptions": None}), linkage, chain, until_of(world), seed)
    }


def judged(world: World, seed: int, effects: pd.DataFrame | None = None) -> dict[str, Any]:
    """What is said of each initiative, beside what is true; and of the company.

    `effects` of drivers are those of the approximation where they are left out.
    """
    effects = effects_of(world, seed) if effects is None else effects
    linkage = linkage_of(world, effects, seed)
    chosen = read_initiatives(world.tables["initiatives"], linkage.answers.drivers)
    draws = linkage.draws
    base = base_of(world, draws)
    at = {each.driver: lift_of(linkage, each.driver, draws) for each in chosen}
    chain = chain_of(chosen, at, link_of(linkage, draws), base, random_seed=seed)
    sure = [
        replace(each, lift=true.true_lift, lift_sd=0.01) for each, true in zip(chosen, world.initiatives, strict=True)
    ]
    stated = chain.returns()
    given = chain_of(sure, at, chain.link, base, random_seed=seed).returns()
    ends = [as_if(chain, linkage, end).returns() for end in ("within", "between")]
    names = [each.name for each in steps_of(chain, chosen[0]) if each.name != "lift"]
    known = reduce(held, names, chain).returns()
    naive = naive_returns(
        chain,
        linkage.answers,
        world.tables["subscriptions"],
        transactions=world.tables["transactions"],
        until=until_of(world),
        random_seed=seed,
    )
    rows = [_row(world, chain, place, stated, given, ends, known, naive) for place in range(len(chosen))]
    checks = {each.name: each.status for each in flatten(linkage) if isinstance(each, Check)}
    orders = linkage.slopes.orders
    return {
        "initiatives": rows,
        "pilots": tried(world, linkage, chain, until_of(world), seed),
        "checks": checks,
        "parted": orders.parted if orders else None,
        "unseen": linkage.slopes.blur.unseen,
        "halo": float(linkage.halo.points.mean()) if linkage.halo.known else None,
        "true_halo": world.halo,
        "events": {each.outcome: each.events for each in linkage.slopes.leaving} | dict(linkage.slopes.unlearnt),
    }


def _row(
    world: World,
    chain: Chain,
    place: int,
    stated: Returns,
    given: Returns,
    ends: list[Returns],
    known: Returns,
    naive: Returns,
) -> dict[str, Any]:
    npv, cost = float(world.npv[place]), float(stated.costs[place])
    wide = [_ends(each.npv[place]) for each in (stated, *ends)]
    return {
        "name": chain.initiatives[place].name,
        "npv": npv,
        "cost": cost,
        "ratio": float(stated.value[place].mean() / (npv + cost)),
        "given_ratio": float(given.value[place].mean() / (npv + cost)),
        "naive_ratio": float(naive.value[place].mean() / (npv + cost)),
        "stated": _ends(stated.npv[place]),
        "given": _ends(given.npv[place]),
        "wide": [min(low for low, _ in wide), max(high for _, high in wide)],
        "known": _ends(known.npv[place]),
        "naive": _ends(naive.npv[place]),
        "p_gain": float(np.mean(stated.npv[place] > 0)),
        "crps": _crps(stated.npv[place], npv),
        "naive_crps": _crps(naive.npv[place], npv),
    }


def _ends(draws: np.ndarray) -> list[float]:
    return [float(each) for each in np.quantile(draws, ENDS)]


def _crps(draws: np.ndarray, truth: float) -> float:
    """Continuous ranked probability score of draws: E|x - truth| - E|x - x'| / 2, by their order."""
    ordered = np.sort(draws)
    many = len(ordered)
    apart = np.sum((2 * np.arange(many) - many + 1) * ordered) / many**2
    return float(np.mean(np.abs(draws - truth)) - apart)
