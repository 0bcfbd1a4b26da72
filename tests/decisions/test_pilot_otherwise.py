"""Outcomes counted in another way stand beside them and decide nothing: capped money, months as a customer."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.test_pilot_evaluation import asked, dealt, made

from workbench.decisions import rollout
from workbench.decisions.rollout.report import effects, metrics
from workbench.exhibits import flatten
from workbench.models.trials import lot
from workbench.models.trials.estimates import Sample

CONTRACTS = (
    "  subscriptions:\n    file: subscriptions.csv\n    columns:\n      customer_id: {personal: false}\n"
    "      start: start\n      end: end\n"
)


def test_one_large_order_moves_the_mean_and_not_the_capped_one(bench):
    rows = dealt(2000, gain=2.0)
    rows["spend"] = rows["spend"].clip(lower=0.0)
    rows.loc[rows.index[rows["arm"] == "none"][0], "spend"] = 50_000.0
    made(bench, rows)
    done = rollout.answer(asked(bench), previous=[], dataset="made")
    told, plain = metrics(done), done.of("spend")[0].found
    cap = np.quantile(rows["spend"][rows["spend"] > 0], 0.99)
    by_hand = lot.difference(
        Sample(values=np.minimum(rows["spend"], cap).to_numpy(), treated=(rows["arm"] == "mail").to_numpy())
    )
    name = "effect_mail_spend_capped"
    assert [told[name], told[f"{name}_lower"], told[f"{name}_upper"]] == pytest.approx(
        [by_hand.estimate, by_hand.lower, by_hand.upper]
    )
    assert told[f"{name}_lower"] > 0 > plain.lower
    assert plain.se > 5 * told[f"{name}_se"]
    assert len(done.p_holm) == len(done.effects) == 1  # it is no outcome of its own
    assert list(effects(done).query("month.isna()")["outcome"]) == ["spend", "spend_capped"]
    table = next(each for each in flatten([done]) if getattr(each, "name", "") == "outcomes")
    assert list(table.frame["outcome"]) == ["spend", "spend_capped"]


def test_money_without_large_values_has_nothing_beside_it(bench):
    rows = dealt(400)
    rows["spend"] = rows["spend"].round(0).clip(5, 8)
    made(bench, rows)
    assert not rollout.answer(asked(bench), previous=[], dataset="made").otherwise


def test_beside_staying_stand_the_months(bench):
    """Those who get it leave late in the window instead of early: as many stay to its end."""
    rows = dealt(1000).drop(columns="spend").assign(start="2025-01-01")
    early = np.arange(1000) % 4 == 0
    lasts = np.where(early, np.where(rows["arm"] == "mail", 150, 30), 400)
    start = pd.Timestamp("2025-01-01")
    made(bench, rows, more=CONTRACTS)
    pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "start": "2024-06-01",
            "end": [start + pd.Timedelta(int(each), "D") if each < 400 else None for each in lasts],
        }
    ).to_csv(bench.root / "data" / "made" / "subscriptions.csv", index=False, date_format="%Y-%m-%d")
    path = bench.root / "data" / "made" / "dataset.yaml"
    path.write_text(path.read_text().replace("title: Made\n", "title: Made\nextracted: 2025-12-01\n"))
    done = rollout.answer(asked(bench, outcome="staying", window_days=180), previous=[], dataset="made")
    found = done.otherwise["mail", "staying"][0].found
    days = np.minimum(lasts, 180) / 30.4375
    mail = (rows["arm"] == "mail").to_numpy()
    assert found.estimate == pytest.approx(days[mail].mean() - days[~mail].mean(), rel=1e-6)
    assert found.lower > 0
    effect = done.of("staying")[0].found
    assert effect.lower < 0 < effect.upper
    table = next(each for each in flatten([done]) if getattr(each, "name", "") == "outcomes")
    assert table.frame.loc[1, ["outcome", "unit"]].tolist() == ["staying_months", "months"]
