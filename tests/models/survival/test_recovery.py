"""Simulated truth lies inside 90% intervals in 85 to 95 of 100 small worlds; the naive way fails."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.cox.cause_specific import fit_cause_specific
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.time_varying_effects import fit_time_varying
from workbench.models.survival.curves.aalen_johansen import competing_risks
from workbench.models.survival.curves.kaplan_meier import kaplan_meier

WORLDS = 240
PRICE, NEED = 0.05, 0.02


def world(seed, *, size=500, late=False, dependent=False, frailty=False):
    """Price drives away `plan` b twice as fast as a; need everyone alike; hazards are constant in tenure."""
    random = np.random.default_rng(seed)
    dear = random.random(size) < 0.5
    unseen = random.gamma(1.0, 1.0, size) if frailty else np.ones(size)
    price, need = unseen * PRICE * np.where(dear, 2.0, 1.0), unseen * NEED
    life = random.exponential(1 / (price + need))
    reason = np.where(random.random(size) < price / (price + need), "price", "need")
    entry = np.where(random.random(size) < 0.5, random.uniform(0, 20, size), 0.0) if late else np.zeros(size)
    follow = random.exponential(np.where(dear, 8.0, 40.0)) if dependent else random.uniform(5, 40, size)
    cut = entry + follow
    rows = pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "entry": entry,
            "reason": np.where(life <= cut, reason, None),
            "plan": np.where(dear, "b", "a"),
        }
    )
    return rows[life > entry].reset_index(drop=True)


def rate(plan):
    return PRICE * (2 if plan == "b" else 1) + NEED


def covered(said, truth):
    return said[0] <= truth <= said[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{}, {"late": True}, {"dependent": True}])
def test_intervals_cover_the_truth_at_their_level(kind):
    hits = {name: 0 for name in ("survival", "incidence", "conditional", "remaining", "reason")}
    for seed in range(WORLDS):
        lifetimes = world(seed, **kind)
        at = kaplan_meier(lifetimes, by="plan").at([5]).set_index("group").loc["b"]
        hits["survival"] += covered((at["lower"], at["upper"]), np.exp(-5 * rate("b")))
        one = lifetimes[lifetimes["plan"] == "a"]
        at = competing_risks(one).at([10]).set_index("reason").loc["price"]
        truth = PRICE / rate("a") * (1 - np.exp(-10 * rate("a")))
        hits["incidence"] += covered((at["lower"], at["upper"]), truth)
        model = fit_cause_specific(lifetimes, ["plan"])
        who = pd.DataFrame({"customer_id": [0], "plan": ["a"]})
        told = model.incidence(who, np.array([6.0]), [6]).iloc[0]
        hits["reason"] += covered((told["lower"], told["upper"]), np.exp(-6 * rate("a")))
        cox = fit_cox(lifetimes, ["plan"])
        told = cox.conditional_survival(who, np.array([6.0]), [6]).iloc[0]
        hits["conditional"] += covered((told["lower"], told["upper"]), np.exp(-6 * rate("a")))
        told = cox.expected_remaining(who, np.array([4.0]), 12).iloc[0]
        hits["remaining"] += covered((told["lower"], told["upper"]), (1 - np.exp(-12 * rate("a"))) / rate("a"))
    shares = {name: count / WORLDS for name, count in hits.items()}
    # Two standard errors of a share of so many worlds are .04: what is nominal lies well inside.
    assert all(0.85 <= share <= 0.95 for share in shares.values()), shares


@pytest.mark.slow
def test_the_naive_way_fails_under_late_entry_and_under_follow_up_that_depends_on_the_plan():
    late = world(1, size=4000, late=True)
    naive = kaplan_meier(late.drop(columns="entry"), by="plan").at([10]).set_index("group").loc["b"]
    assert naive["lower"] > np.exp(-10 * rate("b")) + 0.05
    misled = 0
    truth = (np.exp(-10 * rate("a")) + np.exp(-10 * rate("b"))) / 2
    for seed in range(40):
        at = kaplan_meier(world(seed, size=2000, dependent=True)).at([10]).iloc[0]
        misled += not covered((at["lower"], at["upper"]), truth)
    assert misled >= 20


@pytest.mark.slow
def test_frailty_is_warned_of():
    warned = 0
    for seed in range(20):
        lifetimes = world(seed, size=6000, frailty=True)
        time_varying = fit_time_varying(fit_cox(lifetimes, ["plan"]), lifetimes)
        warned += time_varying is not None and "unseen_differences" in [check.name for check in time_varying.checks()]
    assert warned >= 15
