"""Every sentence of the study is true of its own tables, on random data; and noise is hardly ever given a name."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.reading import faults
from tests.models.survival.study import Kept, run_study

from workbench.models.survival.curves.group_table import group_table
from workbench.models.survival.curves.kaplan_meier import kaplan_meier

QUICK, ALL = 6, 60
"""Runs in the ordinary suite, and with the slow tests."""
NAMING = re.compile(
    r"hazard_ratio_|changing_|median_lifetime_|survival_|restricted_mean_difference_|log_rank_|columns_left"
)
FAST = {"repeats": 1, "folds": 2}
MOST_WORDS, MOST_WORDS_OF_CHECKS = 25, 40


def lifetimes(random, size):
    """Groups, numbers with gaps, levels that nobody leaves, late entries, coarse times, reasons: some of each."""
    plan = random.choice(["basic", "plus", "max"], size, p=random.dirichlet([4, 4, 2]))
    use = random.normal(size=size)
    effect = random.normal(0, 0.8, 3)[pd.factorize(plan)[0]] + random.choice([0.0, 0.5]) * use
    life = random.weibull(random.choice([0.7, 1.0, 1.5]), size) * random.uniform(5, 40) * np.exp(-effect)
    cut = random.uniform(1, random.choice([12, 60]), size) if random.random() < 0.8 else np.full(size, 24.0)
    rows = pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "plan": plan,
            "use": use,
            "region": random.choice(["n", "s"], size),
        }
    )
    if random.random() < 0.5:
        rows["use"] = rows["use"].mask(random.random(size) < 0.3)
    if random.random() < 0.3:
        rows["event"] &= rows["plan"] != "max"
    if random.random() < 0.3:
        rows["duration"] = np.ceil(rows["duration"])
    if random.random() < 0.3:
        rows["entry"] = rows["duration"] * random.uniform(0, 0.9, size) * (random.random(size) < 0.4)
    if random.random() < 0.3:
        rows["reason"] = np.where(rows["event"], random.choice(["price", "service", "moved"], size), None)
    if random.random() < 0.3:
        rows["label"] = np.where(rows["event"], "Yes", "No")
    return {"lifetimes": rows}


def subscriptions(random, size):
    """The same with dates."""
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 1400, size), unit="D")
    plan = random.choice(["basic", "plus"], size)
    days = random.exponential(np.where(plan == "basic", 300, 800), size).astype(int) + 1
    end = pd.Series(start + pd.to_timedelta(days, unit="D"))
    left = end < pd.Timestamp("2025-01-01")
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(size)],
            "start": start,
            "end": end.where(left),
            "plan": plan,
            "end_reason": np.where(left, random.choice(["price", "moved"], size), None),
        }
    )
    people = pd.DataFrame({"customer_id": rows["customer_id"], "region": random.choice(["n", "s"], size)})
    return {"subscriptions": rows, "customers": people}


def told(monkeypatch, seed, *, beyond_data=True):
    random = np.random.default_rng(seed)
    dated = seed % 4 == 3
    frames = (subscriptions if dated else lifetimes)(random, int(random.choice([120, 200, 300])))
    extracted = dt.date(2025, 1, 1) if dated else None
    segments = ["region"] if dated else ["plan", "region"]
    return run_study(monkeypatch, frames, segments=segments, extracted=extracted, beyond_data=beyond_data, **FAST)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed >= QUICK else []) for seed in range(ALL)]
)
def test_number_direction_group_and_superlative_of_every_finding_agree_with_the_tables(monkeypatch, seed):
    kept = told(monkeypatch, seed, beyond_data=seed < 1 or seed >= QUICK)
    assert kept.findings
    assert faults(kept) == []
    assert wordy(kept) == []
    assert not any("nan" in title.split() or "–" in title for title in kept.titles.values())


def wordy(kept):
    """What is longer than a reader takes in at once; what a group is called after others joined it is its name."""
    said = [(finding.id, finding.statement, MOST_WORDS) for finding in kept.findings]
    said += [(check.name, check.message, MOST_WORDS_OF_CHECKS) for check in kept.said]
    said = [(name, re.sub(r" \(with \d+ smaller\)", "", text), most) for name, text, most in said]
    return [(name, len(text.split()), text) for name, text, most in said if len(text.split()) > most]


def noise(seed, size=200):
    random = np.random.default_rng(10_000 + seed)
    life, cut = random.exponential(20, size), random.uniform(1, 40, size)
    columns = {name: random.choice(list("abc"), size) for name in ("plan", "region")}
    columns |= {f"number_{place}": random.normal(size=size) for place in range(3)}
    rows = pd.DataFrame({"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut})
    return rows.assign(**columns)


def named(monkeypatch, seeds):
    """How many files of pure noise have a finding that names a group or a covariate."""
    count = 0
    for seed in seeds:
        kept = run_study(
            monkeypatch, {"lifetimes": noise(seed)}, segments=["plan", "region"], beyond_data=False, **FAST
        )
        count += any(NAMING.match(finding.id) for finding in kept.findings)
    return count


@pytest.mark.filterwarnings("ignore")
def test_of_three_files_of_noise_at_most_two_name_a_group_or_covariate(monkeypatch):
    assert named(monkeypatch, range(3)) <= 2  # at an error of 10%, three of three in one of 1,000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_of_forty_files_of_noise_at_most_seven_name_a_group_or_covariate(monkeypatch):
    assert named(monkeypatch, range(40)) <= 7


def test_the_reader_finds_what_is_planted():
    curves = kaplan_meier(lifetimes(np.random.default_rng(1), 200)["lifetimes"])
    finding, place = curves.share_staying([3, 6]), 0
    kept = Kept({}, {}, [], findings=[finding], tables={"groups": group_table([curves], [3, 6])})
    assert faults(kept) == []
    wrong = {
        "number": replace(finding, estimate=finding.estimate + 0.1),
        "interval": replace(finding, interval=(0.0, finding.estimate / 2)),
        "nothing": replace(finding, statement="– of all customers stay."),
        "count": replace(finding, statement=re.sub(r"all [\d,]+ customers", "all 7 customers", finding.statement)),
    }
    for planted in wrong.values():
        kept.findings[place] = planted
        assert faults(kept)
