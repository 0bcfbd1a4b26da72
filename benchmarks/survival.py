"""Survival at size, beside the plain calls that a user would write: `python benchmarks/survival.py [CUSTOMERS]`.

Each part runs in a process of its own and prints wall and CPU seconds and the most memory it took.
"""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

CUSTOMERS = 1_000_000
WIDTH = 20
HORIZONS = (30.0, 91.0, 183.0, 365.0, 730.0)


def customers(size: int, seed: int = 1) -> pd.DataFrame:
    """Sixteen numbers and four categories; durations in days, three in ten seen to leave."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{place}": random.normal(size=size) for place in range(WIDTH - 4)})
    for place in range(4):
        frame[f"k{place}"] = random.choice(["a", "b", "c"], size, p=[0.5, 0.3, 0.2])
    effect = 0.3 * frame["x0"] - 0.2 * frame["x1"] + 0.4 * (frame["k0"] == "b")
    life = random.exponential(1500 * np.exp(-effect))
    cut = random.uniform(30, 1500, size)
    frame["duration"], frame["event"] = np.ceil(np.minimum(life, cut)), life <= cut
    frame.insert(0, "customer_id", np.arange(size))
    return frame


def ours(size: int) -> dict[str, float]:
    """Cox with all its checks, everybody's survival at five horizons given tenure, evaluation on a fifth."""
    from workbench.evaluation.validation import evaluate
    from workbench.models.survival.cox.model import fit_cox

    frame = customers(size)
    covariates = [name for name in frame if name[0] in "xk"]
    steps, started = {}, time.perf_counter()
    held_out = np.random.default_rng(2).random(size) < 0.2
    model = fit_cox(frame[~held_out], covariates, time_unit="day")
    assert model.usable
    assert model.checks()
    assert model.assumptions()
    steps["fit and checks"] = time.perf_counter() - started
    there = frame[~frame["event"]]
    table = model.conditional_survival(there, there["duration"].to_numpy(), HORIZONS)
    assert len(table) == len(there) * len(HORIZONS)
    steps["survival of those active"] = time.perf_counter() - started
    found = evaluate(model, frame[held_out], HORIZONS, train=frame[~held_out], time_unit="day")
    assert found.integrated_brier < found.integrated_brier_km
    steps["evaluation"] = time.perf_counter() - started
    return steps


def lifelines_plain(size: int) -> dict[str, float]:
    """CoxPHFitter, its survival functions at five times, and its concordance: no checks, no intervals, no weights."""
    from lifelines import CoxPHFitter

    frame = pd.get_dummies(customers(size).drop(columns="customer_id"), drop_first=True, dtype=float)
    steps, started = {}, time.perf_counter()
    fitted = CoxPHFitter().fit(frame, "duration", "event")
    steps["fit"] = time.perf_counter() - started
    fitted.predict_survival_function(frame, times=HORIZONS)
    steps["survival"] = time.perf_counter() - started
    return steps


def scikit_survival(size: int) -> dict[str, float]:
    """CoxPHSurvivalAnalysis and its integrated Brier score."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.metrics import integrated_brier_score
    from sksurv.util import Surv

    frame = pd.get_dummies(customers(size).drop(columns="customer_id"), drop_first=True, dtype=float)
    y = Surv.from_arrays(frame.pop("event").astype(bool), frame.pop("duration"))
    steps, started = {}, time.perf_counter()
    fitted = CoxPHSurvivalAnalysis(ties="efron").fit(frame, y)
    steps["fit"] = time.perf_counter() - started
    times = np.linspace(30, 1300, 50)
    survival = np.vstack([curve(times) for curve in fitted.predict_survival_function(frame)])
    integrated_brier_score(y, y, survival, times)
    steps["survival and Brier score"] = time.perf_counter() - started
    return steps


def discrete_time(size: int) -> dict[str, float]:
    """Boosted trees of a covariate that changes every month, over 24 months of so many customers, and survival."""
    from workbench.models.survival.forecast.landmarks import fit_landmark_boosted

    random = np.random.default_rng(1)
    lifetimes = customers(size).rename(columns={"x0": "age"})
    lifetimes["duration"], lifetimes["event"] = np.minimum(np.ceil(lifetimes["duration"] / 15), 24), lifetimes["event"]
    history = pd.DataFrame(
        {
            "customer_id": np.repeat(lifetimes["customer_id"].to_numpy(), 24),
            "time": np.tile(np.arange(24) - 0.1, size),
            "value": random.normal(size=size * 24),
        }
    )
    steps, started = {}, time.perf_counter()
    covariates = ["age", "x1", "x2", "k0", "k1"]
    model = fit_landmark_boosted(lifetimes, covariates, {"satisfaction": history}, random_seed=1, length=1.0)
    assert model is not None
    steps["trees, and Cox's model of their score"] = time.perf_counter() - started
    now = lifetimes[~lifetimes["event"]]
    model.conditional_survival(now, now["duration"].to_numpy(), [1, 3, 6, 12])
    steps["survival of all"] = time.perf_counter() - started
    return steps


PARTS = {each.__name__: each for each in (ours, lifelines_plain, scikit_survival, discrete_time)}


def main(arguments: list[str]) -> None:
    if arguments and arguments[0] in PARTS:
        steps = PARTS[arguments[0]](int(arguments[1]))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps([steps, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20]))
        return
    size = int(arguments[0]) if arguments else CUSTOMERS
    for part, count, wanted in (
        ("ours", size, "wanted: at most 180 s and 6 GB at 1,000,000"),
        ("lifelines_plain", size, "the peer"),
        ("scikit_survival", min(size, 20_000), "the peer, at the size it can bear"),
        ("discrete_time", min(size, 100_000), "wanted: at most 120 s"),
    ):
        done = subprocess.run([sys.executable, __file__, part, str(count)], capture_output=True, text=True)
        if done.returncode:
            print(f"{part:<18}{count:>10,}  failed: {(done.stderr.strip().splitlines() or ['killed'])[-1]}", flush=True)
            continue
        steps, cpu, memory = json.loads(done.stdout.splitlines()[-1])
        told = ", ".join(f"{name} by {seconds:.0f} s" for name, seconds in steps.items())
        print(f"{part:<18}{count:>10,}  {told}; CPU {cpu:.0f} s, {memory:.1f} GB  {wanted}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
