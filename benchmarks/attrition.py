"""Shapley values of boosted trees, beside the plain calls that a user would write: `python benchmarks/attrition.py`.

CPU seconds for 100,000 rows × 60 features × 400 trees of depth 4, in one run and one process. The slow ones explain
fewer rows, and their seconds are scaled up: both take the same time for each row.

`python benchmarks/attrition.py --customers 1000000` times a study at size instead: sixty features of a million
customers at six cut-offs, made up here.
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import xgboost

from workbench.decisions import Acceptance, Campaign, Offer, evaluate_campaign, list_contacts
from workbench.features import leak_checks
from workbench.models.attrition import Onboard, Population, forecast_leavers, read_forecast, rescore, saved
from workbench.models.attrition.model.customers import labelled_customers
from workbench.models.attrition.reasons.reasons import Names
from workbench.models.attrition.trees.ensemble import read_ensemble
from workbench.models.attrition.trees.shapley import TreeShapley
from workbench.studies.kept import write_model

ROWS = 100_000
KINDS = ["q"] * 50 + ["c"] * 10
BACKGROUND = 10_000
NUMBERS, CATEGORIES, SNAPSHOTS = 55, 5, 6
MOST_CHECKED = 300_000


def data(categories: bool) -> tuple[np.ndarray, np.ndarray]:
    """Sixty features, ten of them with eight categories, one value in twenty missing; one customer in five leaves."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, len(KINDS))).astype(np.float32)
    rows[:, 50:] = random.integers(0, 8, (ROWS, 10))
    if categories:
        rows[random.random(rows.shape) < 0.05] = np.nan
    known = np.nan_to_num(rows)
    margin = 0.8 * known[:, 0] + known[:, 1] * known[:, 2] + np.isin(rows[:, 50], [1, 4]) - 2
    return rows, (margin + random.logistic(size=ROWS) > 0).astype(int)


def fitted(rows: np.ndarray, labels: np.ndarray, kinds: list[str]) -> xgboost.Booster:
    table = xgboost.DMatrix(rows, labels, feature_types=kinds, enable_categorical=True)
    settings = {"max_depth": 4, "eta": 0.05, "objective": "binary:logistic", "nthread": 1}
    return xgboost.train(settings, table, 400)


def seconds(work: Callable[[], np.ndarray], rows: int) -> tuple[float, np.ndarray]:
    started = time.process_time()
    found = work()
    return (time.process_time() - started) * ROWS / rows, found


def main() -> None:
    rows, labels = data(categories=True)
    booster = fitted(rows, labels, KINDS)
    TreeShapley.interventional(read_ensemble(booster), rows[:10]).values(rows[:10])  # compile

    ours, _ = seconds(tabulated_of(booster, rows), ROWS)
    by_path, values = seconds(lambda: TreeShapley.path_dependent(read_ensemble(booster)).values(rows), ROWS)
    few = xgboost.DMatrix(rows[:10_000], feature_types=KINDS, enable_categorical=True)
    contribs, expected = seconds(lambda: booster.predict(few, pred_contribs=True), 10_000)
    print(f"tabulated, background {BACKGROUND:,} rows, tables included: {ours:.2f} s; path-dependent {by_path:.2f} s")
    print(f"pred_contribs: {contribs:.1f} s, {contribs / ours:.0f} times (wanted: 20)")
    print(f"largest difference of the path-dependent ones: {np.abs(values[:10_000] - expected[:, :-1]).max():.1e}")

    import shap

    numbers, labels = data(categories=False)
    booster = fitted(numbers, labels, ["q"] * len(KINDS))
    explainer = shap.TreeExplainer(booster, numbers[:100], feature_perturbation="interventional")
    plain, expected = seconds(lambda: explainer.shap_values(numbers[:500]), 500)
    same = TreeShapley.interventional(read_ensemble(booster), numbers[:100]).values(numbers[:500])
    ours, _ = seconds(tabulated_of(booster, numbers), ROWS)
    print(f"shap.TreeExplainer, background 100 rows: {plain:.0f} s, {plain / ours:.0f} times (wanted: 300)")
    print(f"largest difference with the same 100 rows: {np.abs(same - expected).max():.1e}")


def company(customers: int) -> tuple[Population, pd.DataFrame]:
    """Labelled rows of six cut-offs, 5% of leavers and sixty features, and the customers of today with the same."""
    random = np.random.default_rng(0)

    def features(rows: int) -> pd.DataFrame:
        numbers = random.standard_normal((rows, NUMBERS), dtype=np.float32)
        frame = pd.DataFrame(numbers, columns=[f"number_{at}" for at in range(NUMBERS)])
        for at in range(CATEGORIES):
            codes = random.integers(0, 8, rows)
            frame[f"group_{at}"] = pd.Categorical.from_codes(codes, [f"level {code}" for code in range(8)])
        return frame

    frame = features(customers * SNAPSHOTS)
    margin = 0.8 * frame["number_0"] + frame["number_1"] * frame["number_2"] + (frame["group_0"] == "level 1") - 4
    left = (margin + random.logistic(size=len(frame)) > 0).astype(int)
    place = np.arange(len(frame))
    frame = frame.assign(left=left, customer_id=place % customers, cutoff=place // customers)
    evaluated = labelled_customers(frame, label="left", customer="customer_id", snapshot="cutoff")
    today = features(customers)
    population = Population(
        customers=evaluated, names=Names(), today=today, today_ids=np.arange(customers), source="subscriptions",
        snapshots=pd.DataFrame(),
    )  # fmt: skip
    return population, today


def scale(customers: int) -> None:
    """Each step of a study of so many customers, features given: seconds of the clock, of the processor, memory."""
    clock, work = time.perf_counter(), time.process_time()

    def told(what: str) -> None:
        nonlocal clock, work
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        now = time.perf_counter(), time.process_time()
        print(f"{what:32} {now[0] - clock:7.1f} s, {now[1] - work:7.1f} CPU s, at most {peak:.1f} GB", flush=True)
        clock, work = now

    population, today = company(customers)
    told(f"{customers:,} customers made up")
    forecast = forecast_leavers(population.customers, random_seed=1, capacity=200, budget=8)
    told(f"searched, fitted, evaluated ({forecast.choice.used})")
    test = forecast.test
    offer = Offer(contact=1.0, incentive=10.0, acceptance=Acceptance(alpha=6.0, beta=14.0))
    campaign = Campaign(
        left=test.left, probability=forecast.choice.probability, value=200.0, customers=test.ids, offer=offer,
        capacity=200, random_seed=1,
    )  # fmt: skip
    evaluate_campaign(campaign)
    told("whom it pays to contact")
    forecast.performance()
    told("scores, learning curve, cut-offs")
    leak_checks(population.frame(most_rows=MOST_CHECKED), "left")
    told("columns that know too much")
    forecast.examine()
    told("whether the test is a test")
    forecast.reasons()
    forecast.early_warnings()
    told("reasons and early warnings")
    scores = forecast.score(population)
    told("scores and reasons of all")
    list_contacts(scores.frame, offer, value=200.0, capacity=200)
    told("the contact list")
    with TemporaryDirectory() as folder:
        write_model(Path(folder), saved(forecast, population))
        told("the model written")
        read = read_forecast(Path(folder))
    onboard = Onboard(features=today, ids=population.today_ids, left=None, active=np.ones(len(today), dtype=bool))
    rescore(read, onboard, random_seed=1)
    told("all scored by it, with reasons")


def tabulated_of(booster: xgboost.Booster, rows: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: TreeShapley.interventional(read_ensemble(booster), rows[:BACKGROUND]).values(rows)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--customers", type=int, help="time a study of so many instead, features given")
    given = asked.parse_args().customers
    main() if given is None else scale(given)
