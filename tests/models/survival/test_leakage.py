"""Ten leaks that were planted in lifetimes, each beside its clean twin; and what truly makes customers stay."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.cox.leakage import find_leaks
from workbench.models.survival.lifetimes.read import read_lifetimes

N = 800


def world(seed, *, log_hazard=0.0, size=N, fixed=None, mean=25.0, since=5.0):
    """Customers who left at a constant rate, followed for different lengths of time or all for a `fixed` one."""
    random = np.random.default_rng(seed)
    life = random.exponential(mean / np.exp(np.broadcast_to(log_hazard, size)))
    cut = random.uniform(since, 60, size) if fixed is None else np.full(size, fixed)
    return pd.DataFrame({"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut})


def found(rows, **settings):
    return find_leaks(read_lifetimes("lifetimes", rows, time_unit="month"), **settings)


def flipped(rows, draw, share):
    return np.where(rows["event"] ^ (draw.random(len(rows)) < share), "Yes", "No")


PLANTED = {
    "the event under another name": (
        lambda rows, draw: flipped(rows, draw, 0.0),
        lambda rows, draw: flipped(rows, draw, 0.35),
    ),
    "a copy with errors": (
        lambda rows, draw: flipped(rows, draw, 0.04),
        lambda rows, draw: flipped(rows, draw, 0.4),
    ),
    "a score of those who went": (  # IBM's Churn Score: 65 to 100 of leavers, 5 to 80 of the others
        lambda rows, draw: np.where(rows["event"], draw.uniform(65, 100, len(rows)), draw.uniform(5, 80, len(rows))),
        lambda rows, draw: np.where(rows["event"], draw.uniform(35, 100, len(rows)), draw.uniform(5, 80, len(rows))),
    ),
    "a classifier's probability": (
        lambda rows, draw: np.where(rows["event"], 0.99, 0.01) + draw.normal(0, 0.005, len(rows)),
        lambda rows, draw: np.where(rows["event"], 0.55, 0.45) + draw.normal(0, 0.2, len(rows)),
    ),
    "a reason that only leavers have": (
        lambda rows, draw: pd.Series(draw.choice(["moved", "price", "other"], len(rows))).where(rows["event"]),
        lambda rows, draw: pd.Series(draw.choice(["moved", "price", "other"], len(rows))).where(
            draw.random(len(rows)) < np.where(rows["event"], 0.5, 0.3)
        ),
    ),
    "a number that is missing of leavers": (
        lambda rows, draw: pd.Series(draw.normal(size=len(rows))).mask(rows["event"] & (draw.random(len(rows)) < 0.9)),
        lambda rows, draw: pd.Series(draw.normal(size=len(rows))).mask(
            draw.random(len(rows)) < np.where(rows["event"], 0.5, 0.3)
        ),
    ),
    "a status that some leavers have": (
        lambda rows, draw: np.where(
            rows["event"] & (draw.random(len(rows)) < 0.25), "closed", draw.choice(["active", "dormant"], len(rows))
        ),
        lambda rows, draw: np.where(
            draw.random(len(rows)) < np.where(rows["event"], 0.25, 0.12),
            "paused",
            draw.choice(["active", "dormant"], len(rows)),
        ),
    ),
    "a balance that is paid out": (
        lambda rows, draw: np.where(rows["event"], 0, 100) + draw.normal(0, 25, len(rows)),
        lambda rows, draw: np.where(rows["event"], 60, 100) + draw.normal(0, 35, len(rows)),
    ),
    "days since the last sign of life": (
        lambda rows, draw: np.where(rows["event"], draw.uniform(10, 300, len(rows)), draw.uniform(0, 15, len(rows))),
        lambda rows, draw: draw.uniform(0, 300, len(rows)),
    ),
    "a total of what was paid": (
        lambda rows, draw: 20 * rows["duration"] + draw.normal(0, 30, len(rows)),
        lambda rows, draw: draw.lognormal(3, 0.5, len(rows)),
    ),
}


def test_ten_leaks_are_planted():
    assert len(PLANTED) == 10


@pytest.mark.parametrize("fixed", [None, 24.0], ids=["followed differently", "all followed alike"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_kept_out_and_its_clean_twin_is_not(name, fixed):
    if fixed and name == "a total of what was paid":
        pytest.skip("all who are still there have paid for the same time: nothing tells the total from a cause")
    planted, clean = PLANTED[name]
    rows = world(1, fixed=fixed)
    use = np.random.default_rng(4).normal(size=N)  # an honest number, never accused
    leaks = found(rows.assign(use=use, x=planted(rows, np.random.default_rng(2))))
    assert leaks.kept_out == ("x",)
    assert {check.status for check in leaks.checks} == {"warn"}
    (first,) = leaks.findings()
    assert first.statement.startswith("1 column is left out of everything below.")
    assert "“x”" in first.statement
    assert found(rows.assign(use=use, x=clean(rows, np.random.default_rng(2)))).checks == ()


STRONG = {  # hazard ratios of the strongest causes that anybody has seen
    "two contracts, 1 to .05": lambda draw: draw.choice([0.0, np.log(0.05)], N),
    "three contracts, 1, .2 and .05": lambda draw: draw.choice([0.0, np.log(0.2), np.log(0.05)], N, p=[0.5, 0.3, 0.2]),
    "few who leave at 20 times the rate": lambda draw: draw.choice([0.0, np.log(20)], N, p=[0.85, 0.15]),
    "a number, 3 times for each deviation": lambda draw: np.log(3) * draw.normal(size=N),
    "a number, 6 times for each deviation": lambda draw: np.log(6) * draw.normal(size=N),
}


@pytest.mark.parametrize("name", STRONG)
def test_of_twenty_worlds_with_a_strong_cause_none_is_kept_out(name):
    accused = 0
    for seed in range(4):
        effect = STRONG[name](np.random.default_rng(100 + seed))
        cause = effect if "number" in name else np.char.mod("c%.1f", effect)
        for fixed in (None, 24.0):
            rows = world(seed, log_hazard=effect - effect.mean(), fixed=fixed)
            leaks = found(rows.assign(x=cause))
            accused += bool(leaks.checks)
    assert accused == 0


def test_when_somebody_joined_is_no_leak_and_neither_is_a_contract_sold_to_those_who_came_early():
    random = np.random.default_rng(3)
    joined = random.uniform(0, 120, N)  # months ago
    life = random.exponential(25, N)
    rows = pd.DataFrame({"customer_id": range(N), "duration": np.minimum(life, joined), "event": life <= joined})
    assert found(rows.assign(year=2020 - joined // 12)).checks == ()
    yearly = random.random(N) < np.where(joined > 60, 0.7, 0.2)
    life = random.exponential(np.where(yearly, 300, 15), N)
    rows = rows.assign(duration=np.minimum(life, joined), event=life <= joined, contract=np.where(yearly, "y", "m"))
    assert found(rows).kept_out == ()


def upgrades(seed, size=2000):
    """Whoever stays may be upgraded, at a steady rate; it does nothing."""
    random = np.random.default_rng(1000 + seed)
    rows = world(seed, size=size, since=0.0)
    upgraded = random.exponential(30, size) < rows["duration"]
    return rows.assign(upgrade=np.where(upgraded, "yes", "no"), use=random.normal(size=size))


def test_an_upgrade_acquired_while_staying_is_told_as_immortal_time_unless_declared_constant():
    leaks = found(upgrades(5))
    (check,) = leaks.checks
    assert (check.name, check.status, leaks.kept_out) == ("acquired_while_staying", "warn", ())
    assert "immortal time" in check.message
    assert leaks.acquired == {"upgrade": ("yes",)}
    assert found(upgrades(5), known_at_start=["upgrade"]).checks == ()


def test_where_the_reader_names_a_column_it_stays_and_what_tells_who_left_fails_the_gate():
    rows = world(1)
    told = rows.assign(label=flipped(rows, np.random.default_rng(1), 0.0), total=rows["duration"] * 3.0)
    leaks = found(told, named=["label", "total"])
    assert leaks.kept == ("label", "total")
    assert (leaks.kept_out, leaks.findings()) == ((), ())
    assert {check.name: check.status for check in leaks.checks} == {
        "hindsight_label": "fail",
        "hindsight_total": "warn",
    }


def test_the_small_file_of_a_copy_and_a_score_names_both():
    label = np.array([False, False, True] * 10)
    random = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "customer_id": range(30),
            "duration": np.where(label, random.integers(1, 24, 30), 24),
            "event": label,
            "plan": ["plus", "basic"] * 15,
            "churn_label": np.where(label, "Yes", "No"),
            "churn_score": np.where(label, 75, 56) + random.integers(-3, 4, 30),
        }
    )
    leaks = found(rows)
    assert leaks.kept_out == ("churn_label", "churn_score")
    kept = leaks.without(read_lifetimes("lifetimes", rows, time_unit="month"))
    assert kept.covariates == ["plan"]
    assert "churn_label" not in kept.frame


def test_of_episodes_a_copy_is_found_and_what_changed_with_them_is_known_in_time():
    whole = upgrades(5).assign(entry=0.0).drop(columns="use")
    late = whole.assign(entry=whole["duration"] / 2, upgrade="yes")
    early = whole.assign(duration=whole["duration"] / 2, event=False, upgrade="no")
    gone = np.where(whole["event"], "Yes", "No")  # as of the extract, in both episodes
    rows = pd.concat([early.assign(churned=gone), late.assign(churned=gone)], ignore_index=True)
    leaks = found(rows)
    assert leaks.kept_out == ("churned",)
    assert leaks.acquired == {}


def test_of_subscriptions_every_attribute_is_looked_at():
    random = np.random.default_rng(6)
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 1000, N), unit="D")
    end = start + pd.to_timedelta(random.exponential(500, N), unit="D")
    left = end < pd.Timestamp("2025-01-01")
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(N)],
            "start": start,
            "end": pd.Series(end).where(left),
            "plan": random.choice(["a", "b"], N),
        }
    )
    people = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "status": np.where(left, "inactive", "active"),
            "region": random.choice(["n", "s"], N),
        }
    )
    lifetimes = read_lifetimes("subscriptions", rows, customers=people, as_of=pd.Timestamp("2025-01-01").date())
    leaks = find_leaks(lifetimes)
    assert leaks.kept_out == ("status",)
    assert "status" not in leaks.without(lifetimes).spells.frame


def test_a_plan_that_is_no_longer_sold_and_that_all_have_left_is_no_leak():
    """Sold until two years ago, left within months; what is written when somebody goes stays one."""
    random = np.random.default_rng(1)
    end, size = pd.Timestamp("2025-03-01"), 700
    old = random.random(size) < 0.3
    start = (
        end - pd.to_timedelta(30.4 * np.where(old, random.uniform(25, 48, size), random.uniform(0, 24, size)), unit="D")
    ).floor("D")
    until = pd.Series(start + pd.to_timedelta(30.4 * random.exponential(np.where(old, 4.0, 25.0)), unit="D")).dt.ceil(
        "D"
    )
    left = until <= end
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(size)],
            "start": start,
            "end": until.where(left),
            "plan": np.where(old, "legacy", "flex"),
            "letter": np.where(left & (random.random(size) < 0.5), "sent", "none"),
        }
    )
    assert left[old].all()
    assert find_leaks(read_lifetimes("subscriptions", rows, as_of=end.date())).outcomes == ("letter",)
