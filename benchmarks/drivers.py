"""Effective draws a second of the drivers' model, beside the textbook model in PyMC; both in this process, in turn.

    python benchmarks/drivers.py [3000] [30000] [large]

The textbook model: `pm.OrderedLogistic`, non-centred segment effects, the same priors and complete data, PyMC's default
sampler. Counted is the smallest bulk ESS over the shared parameters (effects by segment, levels, cuts, standard
deviations) per second of compiling, tuning and drawing together. At 30,000 rows the textbook model gets few draws, and
its rate is taken from what it achieved. `large` times 100,000 answers × 12 drivers × 8 segments.
"""

import resource
import sys
import time
from types import SimpleNamespace

import numpy as np

from workbench.models.drivers.ordinal.posterior import sample
from workbench.models.drivers.ordinal.rows import Prior, Rows
from workbench.models.drivers.responses.columns import Columns

PRIOR = Prior()
LEVELS = 5


def survey(n: int, drivers: int, segments: int) -> tuple[Rows, Columns]:
    rng = np.random.default_rng(1)
    table = np.sqrt(0.5) * (rng.standard_normal((n, drivers)) + rng.standard_normal((n, 1)))
    group = np.sort(rng.integers(0, segments, n))
    coefficients = rng.normal(0.3, 0.2, drivers) + rng.normal(0, 0.15, (segments, drivers))
    summary = rng.normal(0, 0.2, segments)[group] + (table * coefficients[group]).sum(1) + rng.logistic(size=n)
    cuts = np.quantile(summary, [0.05, 0.15, 0.35, 0.7])
    rows = Rows(
        columns=table,
        levels=np.searchsorted(cuts, summary),
        weights=np.ones(n),
        starts=np.searchsorted(group, np.arange(segments + 1)),
        count=LEVELS,
        varying=np.ones(drivers, dtype=bool),
    )
    columns = Columns(
        shape="linear",
        driver=np.arange(drivers),
        usage=np.zeros(drivers, dtype=bool),
        location=np.zeros(drivers),
        sd=np.ones(drivers),
        middle=np.zeros(drivers),
        used=np.ones(drivers),
        thresholds=(),
        names=tuple(f"d{d}" for d in range(drivers)),
        labels=tuple(f"d{d}" for d in range(drivers)),
    )
    return rows, columns


def textbook(rows: Rows):
    import pymc as pm

    drivers = rows.columns.shape[1]
    group = np.repeat(np.arange(rows.segments), np.diff(rows.starts))
    with pm.Model() as model:
        effect = pm.Normal("effect", 0, PRIOR.effect_sd(drivers), shape=drivers)
        sd_effect = pm.Gamma("segment_effect_sd", 2, 2 / PRIOR.segment_effect)
        sd_level = pm.Gamma("segment_level_sd", 2, 2 / PRIOR.segment_level)
        raw = pm.Normal("raw", 0, 1, shape=(rows.segments, drivers))
        level = pm.Deterministic("segment_level", sd_level * pm.ZeroSumNormal("raw_level", 1, shape=rows.segments))
        coefficients = pm.Deterministic("coefficients", effect + sd_effect * raw)
        cuts = pm.Logistic(
            "cuts",
            PRIOR.cut_location,
            1,
            shape=rows.count - 1,
            initval=np.array([-3, -2, 0, 1.0]),
            transform=pm.distributions.transforms.ordered,
        )
        eta = level[group] + (rows.columns * coefficients[group]).sum(axis=1)
        pm.OrderedLogistic("y", eta=eta, cutpoints=cuts, observed=rows.levels, compute_p=False)
    return model


def smallest_ess(draws: dict[str, np.ndarray]) -> float:
    import arviz as az

    found = az.ess(az.from_dict({"posterior": draws}), method="bulk")
    return min(float(each.min()) for each in found.data_vars.values())


def timed(work) -> SimpleNamespace:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return SimpleNamespace(result=result, wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def compare(n: int, wanted: float) -> None:
    import pymc as pm

    rows, columns = survey(n, 8, 6)
    ours = timed(lambda: sample([rows], columns, PRIOR, draws=500, tune=400, drivers=8, random_seed=1))
    posterior = ours.result
    names = {
        "coefficients": posterior.coefficients,
        "cuts": posterior.cuts,
        "levels": posterior.intercepts,
        "sds": posterior.sds,
    }
    ess = smallest_ess(names)
    count = 500 if n <= 5000 else 100

    def peer():
        with textbook(rows):
            return pm.sample(draws=count, tune=count, chains=2, cores=2, random_seed=1, progressbar=False)

    theirs = timed(peer)
    found = theirs.result.posterior
    sds = np.stack([found[f"segment_{of}_sd"].to_numpy() for of in ("effect", "level")], axis=-1)
    other = smallest_ess(
        {
            "coefficients": found["coefficients"].to_numpy(),
            "cuts": found["cuts"].to_numpy(),
            "levels": found["segment_level"].to_numpy(),
            "sds": sds,
        }
    )
    for name, run, effective in (("ours", ours, ess), ("textbook", theirs, other)):
        print(
            f"{n:>7,} rows  {name:<9} ESS {effective:7.0f}  wall {run.wall:6.1f} s  CPU {run.cpu:6.1f} s  "
            f"{effective / run.wall:8.2f} ESS/s",
            flush=True,
        )
    ratio = (ess / ours.wall) / (other / theirs.wall)
    print(
        f"{n:>7,} rows  ratio {ratio:.1f}  (in CPU seconds {(ess / ours.cpu) / (other / theirs.cpu):.1f};"
        f" wanted: at least {wanted:g})",
        flush=True,
    )


def large() -> None:
    rows, columns = survey(100_000, 12, 8)
    run = timed(lambda: sample([rows], columns, PRIOR, draws=500, tune=300, drivers=12, random_seed=1))
    (fit,) = run.result.fits
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    gate = f"R-hat {fit.r_hat:.4f}, ESS {fit.ess_bulk:.0f}/{fit.ess_tail:.0f}, divergences {fit.divergences}"
    print(
        f"100,000 rows x 12 x 8: wall {run.wall:.0f} s, CPU {run.cpu:.0f} s, {memory:.1f} GB (wanted: 600 s, 4 GB); "
        f"{gate}",
        flush=True,
    )


if __name__ == "__main__":
    asked = sys.argv[1:] or ["3000", "30000", "large"]
    if "3000" in asked:
        compare(3000, 3)
    if "30000" in asked:
        compare(30_000, 10)
    if "large" in asked:
        large()
