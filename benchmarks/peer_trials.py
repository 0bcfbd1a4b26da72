"""The A/B test of `trials.py` by tea-tasting, which has an environment of its own: `peer_trials.py PATH`."""

import resource
import sys
import time

import ibis
import tea_tasting

OUTCOMES = ["spend", "orders", "visits", "minutes", "margin"]


def main() -> None:
    started, busy = time.perf_counter(), time.process_time()
    rows = ibis.duckdb.connect().read_parquet(sys.argv[1])
    metrics = {name: tea_tasting.Mean(name, f"{name}_before") for name in OUTCOMES}
    result = tea_tasting.Experiment(metrics, variant="arm").analyze(rows, control="none")
    figures = {}
    for name in OUTCOMES:
        found = result[name]
        figures[name] = (float(found.effect_size), float(found.effect_size / found.statistic))
    took = time.perf_counter() - started, time.process_time() - busy
    print((*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, figures))


if __name__ == "__main__":
    main()
