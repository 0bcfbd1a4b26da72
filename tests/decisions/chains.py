"""A made-up chain from initiatives to money, small and known."""

import numpy as np

from workbench.decisions.roi import Base, Initiative, Lift, Link, chain_of

DRAWS, MONTHS = 400, 60
GOOD = Initiative(name="Good", driver="shop", lift=0.5, lift_sd=0.2, reach=1.0, fixed_cost=500.0, cost_per_customer=1.0)
BAD = Initiative(name="Bad", driver="shop", lift=0.1, lift_sd=0.1, reach=0.5, fixed_cost=9000.0, cost_per_customer=2.0)


def link(seed=2, slope=-0.8, orders=0.2, n=1000):
    random = np.random.default_rng(seed)
    return Link(
        leaving={"service": slope + 0.2 * random.standard_normal(DRAWS)},
        orders=orders + 0.05 * random.standard_normal(DRAWS),
        score=random.normal(size=n),
    )


def chain(*initiatives, slope=-0.8, orders=0.2, seed=2, currency="EUR"):
    """1,000 customers who bring 10 a month and leave with 2% a month, 1.2% for service; effects unsure."""
    random = np.random.default_rng(seed + 1)
    ones = np.ones((DRAWS, MONTHS))
    brings = 1 + 0.05 * random.standard_normal((DRAWS, 1))
    base = Base(
        active=1000.0,
        customers=ones * 1000 * np.exp(-0.02 * (np.arange(MONTHS) + 0.5)),
        orders=ones * 6.0 * brings,
        other=ones * 4.0 * brings,
        hazards={"service": ones * 0.012, "moved": ones * 0.008},
        discount=1.1 ** (-1 / 12),
        currency=currency,
    )
    ratings = np.repeat([1.0, 2, 3, 4, 5], [50, 100, 200, 350, 300])
    lift = Lift(
        ratings=random.permutation(ratings),
        effect=0.4 + 0.08 * random.standard_normal(DRAWS),
        halo=1.3 + 0.1 * random.standard_normal(DRAWS),
        widening=np.full(DRAWS, 1.1),
        recall_months=6,
    )
    return chain_of(initiatives or (GOOD, BAD), {"shop": lift}, link(seed, slope, orders), base, random_seed=1)
