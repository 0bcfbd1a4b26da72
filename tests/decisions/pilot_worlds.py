"""Pilots of simulated companies whose effects are known, evaluated as the study does it."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from workbench import datasets, features
from workbench.decisions import rollout
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.trials import CALL
from workbench.simulate.world import add

MONTHS = 6
"""Of the window: effects have come by then."""
DAYS = 183
SATISFIED = "csat"
"""The item of 1 to 5 that the truth calls satisfaction."""
TABLES = ("treatments", "customers", "subscriptions", "transactions", "interactions", "surveys", "initiatives")
TRUE = {"staying": "staying", "cash": "cash_so_far", "orders": "orders_so_far"}


def world_of(seed, design, assignment, *, group, customers=5000):
    """Estimate, interval and truth of each outcome, and the bare difference of the arms.

    Satisfaction is told of answers within the window, so its truth is the mean of the months' among those who answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "data").mkdir()
        company = ["preset=pilots", f"customers={customers}", "months=14", f"seed={seed}", "valuation=false"]
        add("firm", read_settings([*company, f"trial_design={design}"]), root)
        source = datasets.find("firm", root)
        tables = {name: source.load(name).frame if name in source.tables else None for name in TABLES}
        truth = pd.read_parquet(root / "data" / ".truth" / "firm" / "trial_effects.parquet")
    designs = source.tables["treatments"].designs
    name = next(each for each, own in designs.items() if own.assignment == assignment and each != CALL)
    begun = rollout.begin(source, tables, initiative=name)
    followed = features.follow_up(begun.roster, tables, source, minute_cost=COST_PER_MINUTE, fee_margin=FEE_MARGIN)
    outcomes = [*TRUE, SATISFIED]
    question = rollout.Question(outcome="staying", outcomes=outcomes, groups=[], window_days=DAYS, seed=seed)
    done = rollout.answer(rollout.ready(begun, followed, question), previous=[], dataset="firm")
    known = truth[(truth["initiative"] == name) & (truth["group"] == group) & (truth["month"] <= MONTHS)]
    true = {outcome: float(known.loc[known["month"] == MONTHS, column].iloc[0]) for outcome, column in TRUE.items()}
    true[SATISFIED] = float(known["satisfaction_respondents"].mean())
    arm = begun.roster["arm"].to_numpy()
    found = {}
    for each in done.effects:
        outcome = next(one for one in done.ready.outcomes if one.measure is each.measure)
        after = [outcome.after[(arm == one) & outcome.known] for one in (each.found.arm, begun.control)]
        error = np.sqrt(sum(one.var(ddof=1) / len(one) for one in after))
        found[each.measure.name] = {
            "truth": true[each.measure.name],
            "estimate": each.found.estimate,
            "lower": each.found.lower,
            "upper": each.found.upper,
            "error": each.found.se,
            "naive": float(after[0].mean() - after[1].mean()),
            "naive_error": float(error),
            "kind": each.found.kind,
        }
    return found
