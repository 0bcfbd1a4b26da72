"""A company lived twice, all who entered a pilot treated and none of them: each deal of its arms has a known effect."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_worlds import DAYS, SATISFIED, TABLES
from tests.decisions.test_pilot_verdict import weighed

from workbench import datasets, features
from workbench.decisions.rollout.weighing.verdict import FOUND
from workbench.models.trials import lot
from workbench.models.trials.estimates import Sample
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.trials import CALL, Trials
from workbench.simulate.world import add
from workbench.statistics.draws import design_matrix

OUTCOMES = ("staying", "cash", "orders", SATISFIED)


def lived(seed, customers, monkeypatch, chance):
    """Outcomes of all who entered the pilot, each of whom got it with this chance."""
    usual = Trials._pilot

    def certain(self, people, initiative, month, noise, likely, offered, *, randomised):
        return usual(
            self, people, initiative, month, noise, chance if randomised else likely, offered, randomised=randomised
        )

    with monkeypatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(Trials, "_pilot", certain)
        root = Path(folder)
        (root / "data").mkdir()
        company = ["preset=pilots", f"customers={customers}", "months=13", f"seed={seed}", "truth=false"]
        add("firm", read_settings(company), root)
        source = datasets.find("firm", root)
        tables = {name: source.load(name).frame if name in source.tables else None for name in TABLES}
    rows = tables["treatments"]
    rows = rows[(rows["initiative"] != CALL) & (rows["start"] == rows.loc[rows["initiative"] != CALL, "start"].min())]
    roster = rows[["customer_id", "start"]].drop_duplicates("customer_id").reset_index(drop=True)
    records = features.follow_up(roster, tables, source, minute_cost=COST_PER_MINUTE, fee_margin=FEE_MARGIN)
    return roster["customer_id"], {each.measure.name: each for each in records.over(DAYS, OUTCOMES)}


def redealt(seed, customers, deals, monkeypatch):
    """By outcome: how far each estimate lies from the truth, in its errors, and what would be decided."""
    (who, without), (same, treated) = (lived(seed, customers, monkeypatch, chance) for chance in (0.0, 1.0))
    assert list(who) == list(same)
    rng, found = np.random.default_rng(seed), {}
    for name in OUTCOMES:
        both = np.column_stack([without[name].after, treated[name].after])
        truth = np.diff(np.nanmean(both, axis=0))[0]
        before, _ = design_matrix(pd.DataFrame({"before": without[name].before}))
        before = before[:, np.ptp(before, axis=0) > 0]
        rows = []
        for deal in range(deals):
            arm = rng.permutation(len(both)) < len(both) / 2
            values = np.where(arm, both[:, 1], both[:, 0])
            told = lot.adjusted(Sample(values=values, treated=arm, before=before if before.shape[1] else None))
            smallest = FOUND * told.se
            choices = [
                weighed(told.estimate - truth + times * smallest, told.se, smallest=smallest, seed=deal, draws=1000)
                for times in (0.999, 2.0)
            ]
            rows.append([told.lower <= truth <= told.upper, *(each.choice == "roll_out" for each in choices)])
        found[name] = np.mean(rows, axis=0)
    return found


@pytest.mark.parametrize(
    ("customers", "deals", "seed"),
    [(2500, 300, 1), *(pytest.param(5000, 2000, seed, marks=pytest.mark.slow) for seed in (301, 392, 369))],
)
def test_intervals_hold_and_decisions_are_right_over_all_deals_of_one_company(customers, deals, seed, monkeypatch):
    for name, (covered, barely, twice) in redealt(seed, customers, deals, monkeypatch).items():
        assert 0.85 <= covered <= 0.95, name
        assert barely <= 0.08, name
        assert twice >= 0.80 - 2 * np.sqrt(0.16 / deals), name
