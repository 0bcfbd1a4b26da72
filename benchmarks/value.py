"""Value at size, ours and pymc-marketing's: `python benchmarks/value.py`, or `make bench-peers` with the peer.

Each part runs in a process of its own and prints CPU seconds and the most memory it took. The peer wants numpy < 2.5,
so `make bench-peers` gives it an environment of its own, whose interpreter is the argument.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
import pandas as pd

UNTIL = pd.Timestamp("1997-09-30")
DRAWS = 200
MILLION = 1_000_000
RATE = 0.10


def cdnow() -> pd.DataFrame:
    """Histories in weeks of the 23,570 customers: frequency, recency, T, and mean spend of repeat purchases."""
    listed = files("lifetimes") or []
    path = next(Path(str(each.locate())) for each in listed if each.name == "CDNOW_master.txt")
    return summary(path)


def summary(path: Path) -> pd.DataFrame:
    """The same from the file itself."""
    lines = [line.split() for line in path.read_text().splitlines()]
    lines = [line for line in lines if line and line[0].isdigit()]
    log = pd.DataFrame({"customer": [int(line[0]) for line in lines], "amount": [float(line[3]) for line in lines]})
    log["day"] = pd.to_datetime([line[1] for line in lines], format="%Y%m%d")
    daily = log[log["day"] <= UNTIL].groupby(["customer", "day"], as_index=False)["amount"].sum()
    found = daily.groupby("customer").agg(first=("day", "min"), last=("day", "max"), bought=("day", "size"))
    repeats = daily[daily["customer"].duplicated()].groupby("customer")["amount"].mean()
    return pd.DataFrame(
        {
            "customer_id": found.index,
            "frequency": found["bought"] - 1.0,
            "recency": (found["last"] - found["first"]).dt.days / 7,
            "T": (UNTIL - found["first"]).dt.days / 7,
            "monetary_value": repeats.reindex(found.index).fillna(0.0),
        }
    ).reset_index(drop=True)


def simulated(size: int, seed: int = 1) -> pd.DataFrame:
    """A log of customers who buy and leave as the BG/NBD has it, days whole: histories in weeks."""
    random = np.random.default_rng(seed)
    until = random.integers(182, 274, size)
    rate, p = random.gamma(0.25, size=size) / 4.8 / 7, random.beta(0.72, 2.2, size)
    most = random.geometric(np.maximum(p, 1e-9))
    x, last, now = np.zeros(size), np.zeros(size), np.zeros(size)
    rows = np.arange(size)
    while len(rows):
        now[rows] += np.maximum(np.ceil(random.exponential(size=len(rows)) / rate[rows]), 1)
        rows = rows[now[rows] <= until[rows]]
        x[rows] += 1
        last[rows] = now[rows]
        rows = rows[x[rows] < most[rows]]
    spend = 15 * 6.25 / random.gamma(3.7, size=size)
    return pd.DataFrame(
        {"frequency": x, "recency": last / 7, "T": until / 7, "monetary_value": np.where(x > 0, spend, 0)}
    )


def ours_sampling(_: str) -> dict[str, float]:
    """Effective draws a CPU second of the BG/NBD: first with compiling, then warm."""
    from workbench.models.purchases import Histories, bg_nbd, posterior

    table = cdnow()
    histories = Histories.of(*(table[name].to_numpy() for name in ("frequency", "recency", "T")))
    found = {}
    for name in ("first", "warm"):
        started = time.process_time()
        _, sample = posterior(bg_nbd(), histories, draws=4000, seed=1)
        found[name] = sample.effective / (time.process_time() - started)
    return found


def _valued(table: pd.DataFrame) -> dict[str, float]:
    from workbench.models import spend
    from workbench.models.purchases import Histories, bg_nbd
    from workbench.models.purchases.forecast import of_weights

    histories = Histories.of(*(table[name].to_numpy() for name in ("frequency", "recency", "T")))
    started = time.process_time()
    paid = table["frequency"].to_numpy() * (table["monetary_value"].to_numpy() > 0)
    mean = table["monetary_value"].to_numpy()
    spending = spend.Spending(purchases=paid[paid > 0], mean=mean[paid > 0])
    parameters, _ = spend.posterior(spending, draws=DRAWS, seed=1)
    forecast = of_weights(histories, [bg_nbd()], [1.0], unit_days=7, seed=1, draws=DRAWS)
    fitted = time.process_time() - started
    started, random, total = time.process_time(), np.random.default_rng(1), 0.0
    for block in forecast.blocks():
        amount = spend.draw_means(parameters, paid[block.rows], mean[block.rows], random)
        total += float((block.within([12, 60, np.inf], RATE) * amount[:, :, None])[:, :, 2].sum())
    return {"fit": fitted, "value": time.process_time() - started, "lifetime total": total / DRAWS}


def ours_value(_: str) -> dict[str, float]:
    """Value of 23,570 customers over a year, five years and the lifetime, in 200 draws."""
    _valued(simulated(2_000))  # compiles
    return _valued(cdnow())


def ours_million(_: str) -> dict[str, float]:
    """The same of a million."""
    return _valued(simulated(MILLION))


def peer_sampling(path: str) -> dict[str, float]:
    """pymc-marketing's BG/NBD with its default priors: effective draws a CPU second with compiling."""
    import arviz as az
    from pymc_marketing.clv import BetaGeoModel

    table = summary(Path(path)).drop(columns="monetary_value")
    started = time.process_time()
    model = BetaGeoModel()
    model.fit(table, draws=300, tune=300, chains=2, cores=1, random_seed=1, progressbar=False)
    used = time.process_time() - started
    found = az.ess(model.fit_result[["alpha", "r", "a", "b"]])
    least = min(float(found[name]) for name in ("alpha", "r", "a", "b"))
    return {"first": least / used, "effective": least, "seconds": used}


def peer_value(path: str) -> dict[str, float]:
    """pymc-marketing's value of the same customers in 200 draws, 60 months."""
    from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

    table = summary(Path(path))
    buying = BetaGeoModel()
    buying.fit(
        table.drop(columns="monetary_value"), draws=100, tune=300, chains=2, cores=1, random_seed=1, progressbar=False
    )
    paid = table[(table["frequency"] > 0) & (table["monetary_value"] > 0)]
    spends = GammaGammaModel()
    spends.fit(
        paid[["customer_id", "frequency", "monetary_value"]],
        draws=100,
        tune=300,
        chains=2,
        cores=1,
        random_seed=1,
        progressbar=False,
    )
    started = time.process_time()
    known = table.assign(monetary_value=table["monetary_value"].clip(lower=0.01))
    worth = spends.expected_customer_lifetime_value(
        transaction_model=buying, data=known, future_t=60, discount_rate=0.00797, time_unit="W"
    )
    return {"value": time.process_time() - started, "total": float(worth.sum() / 200)}


PARTS = {each.__name__: each for each in (ours_sampling, ours_value, ours_million, peer_sampling, peer_value)}


def alone(name: str, interpreter: str = sys.executable, argument: str = "") -> dict[str, float]:
    """One part in a process of its own."""
    with tempfile.TemporaryDirectory() as empty:  # no compiled code of an earlier process
        own = {**os.environ, "NUMBA_CACHE_DIR": empty}
        done = subprocess.run([interpreter, __file__, name, argument], capture_output=True, text=True, env=own)
    if done.returncode:
        raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{name:<16}", ", ".join(f"{key} {value:,.4g}" for key, value in found.items()), flush=True)
    return found


def main() -> None:
    """All parts; with the interpreter of the peer's environment also the peer's, and ratios."""
    if len(sys.argv) > 1 and sys.argv[1] in PARTS:
        found = PARTS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")
        found["memory_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps(found))
        return
    ours = {name: alone(name) for name in ("ours_sampling", "ours_value", "ours_million")}
    print(f"1 million customers: {ours['ours_million']['fit'] + ours['ours_million']['value']:.0f} CPU s; wanted: 300")
    if len(sys.argv) > 1:
        try:
            path = next(str(each.locate()) for each in files("lifetimes") or [] if each.name == "CDNOW_master.txt")
        except PackageNotFoundError:
            raise SystemExit("The samples are not installed: `make setup`.") from None
        peer = {name: alone(name, sys.argv[1], path) for name in ("peer_sampling", "peer_value")}
        first = ours["ours_sampling"]["first"] / peer["peer_sampling"]["first"]
        warm = ours["ours_sampling"]["warm"] / peer["peer_sampling"]["first"]
        print(f"effective draws a CPU second: {first:.0f} times with compiling (wanted 40), {warm:.0f} warm (100)")
        print(f"value: {peer['peer_value']['value'] / ours['ours_value']['value']:.1f} times as fast (wanted 5)")


if __name__ == "__main__":
    main()
