"""Past campaigns in money: the real experiment, the real grocer, and what is refused."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.models.trials.test_differences import sent, world

from workbench.datasets.definitions.design import NOT_SAID, Design
from workbench.decisions.campaigns import past_campaigns
from workbench.decisions.value import Money
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Table, flatten
from workbench.findings import Check, Finding

LOT = Design(assignment="randomised", control="none")


def column(name, kind, use=""):
    return SimpleNamespace(
        name=name, label=name, kind=kind, use=use, personal="", constant=False, valid_from="", role="", unit=""
    )


def dataset(design=NOT_SAID, columns=()):
    treatments = SimpleNamespace(columns=columns, designs={}, design_of=lambda name: design)
    return SimpleNamespace(tables={"treatments": treatments, "customers": SimpleNamespace(columns=[])})


def dealt(n=3000, *, seed=1, gain=2.0):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.repeat(["none", "mail"], n // 2))
    spend = rng.gamma(1.0, 10.0, n) + gain * (arm == "mail")
    return pd.DataFrame(
        {"customer_id": [f"c{i:04}" for i in range(n)], "initiative": "test", "arm": arm, "spend": spend}
    )


def told(*args, **more):
    return past_campaigns(*args, money=Money(currency="USD", margin=more.pop("margin", None)), **more)


SPEND = (column("spend", "money", "outcome"),)


def test_what_chance_dealt_is_an_effect_in_money():
    rows = dealt()
    found = told(dataset(LOT, SPEND), rows, None, None, margin=0.5, contact_cost=0.4)
    (row,) = found.frame.to_dict("records")
    mean = rows.groupby("arm")["spend"].mean()
    assert row["effect"] == pytest.approx(mean["mail"] - mean["none"])
    assert row["gain"] == pytest.approx(0.5 * row["effect"] - 0.4)
    assert row["roi"] == pytest.approx(0.5 * row["effect"] / 0.4)
    assert row["break_even"] == pytest.approx(0.5 * row["effect"])
    (said,) = [each for each in flatten(found) if isinstance(each, Finding)]
    assert said.evidence == "experimental"
    assert said.statement.startswith("For each recipient, test (mail) raises “spend” by")
    dear = told(dataset(LOT, SPEND), rows, None, None, margin=0.5, contact_cost=0.8).frame
    assert dear["roi"][0] == pytest.approx(row["roi"] / 2)  # doubled cost halves the return


def test_no_effect_is_told_as_such_and_shares_are_no_money():
    found = told(dataset(LOT, SPEND), dealt(gain=0.0), None, None)
    (said,) = [each for each in flatten(found) if isinstance(each, Finding)]
    assert said.statement == "These data cannot tell whether test (mail) changes “spend”."
    bought = dealt().assign(visit=lambda rows: rows["spend"] > 5)
    shares = told(dataset(LOT, (column("visit", "boolean", "outcome"),)), bought, None, None).frame
    assert shares["gain"].isna().all()


def test_purchases_from_start_to_end_are_an_outcome_of_a_draw():
    log, _ = world(np.random.default_rng(1))
    lot = np.random.default_rng(2).random(1500) < 0.5
    rows = pd.concat([sent(lot, name="test"), sent(~lot, name="test").assign(arm="none")], ignore_index=True)
    (row,) = told(dataset(LOT), rows, None, log).frame.to_dict("records")
    bought = log.days[log.days["day"].between(224, 279)].groupby("customer_id")["amount"].sum()
    mean = bought.groupby(np.where(lot, "mail", "none")[[int(name[1:]) for name in bought.index]]).mean()
    assert (row["outcome"], row["evidence"]) == ("spending", "experimental")
    assert row["effect"] == pytest.approx(mean["mail"] - mean["none"])


def test_a_draw_after_the_records_or_of_few_is_named():
    log, _ = world(np.random.default_rng(1))
    lot = np.random.default_rng(2).random(1500) < 0.5
    rows = pd.concat([sent(lot, name="test", end=400), sent(~lot, name="test", end=400).assign(arm="none")])
    (check,) = [each for each in flatten(told(dataset(LOT), rows, None, log)) if isinstance(each, Check)]
    assert check.name == "trials_without_outcome"
    assert "nothing is told of test (mail)" in check.message
    with pytest.raises(DataError, match="no draw with two arms of 20"):
        told(dataset(LOT), rows, None, log, optional=False)
    few = told(dataset(LOT, SPEND), dealt(n=30), None, None)
    assert [each.name for each in flatten(few) if isinstance(each, Check)] == ["trials_without_outcome"]


def test_arms_that_were_followed_for_different_times_are_not_compared_by_what_they_bought():
    log, _ = world(np.random.default_rng(1))
    lot = np.random.default_rng(2).random(1500) < 0.5
    rows = pd.concat([sent(lot, name="test"), sent(~lot, name="test").assign(arm="none")], ignore_index=True)
    rows.loc[rows["arm"] == "none", "end"] -= pd.Timedelta(days=20)
    found = told(dataset(LOT), rows, None, log)
    assert found.frame.empty
    (check,) = [each for each in flatten(found) if isinstance(each, Check)]
    assert (check.name, check.status) == ("trials_windows", "warn")
    assert "Purchases in test (mail) are not compared" in check.message


def test_customers_whom_somebody_chose_give_associations_and_a_bare_comparison_is_no_headline():
    log, chosen = world(np.random.default_rng(1))
    rows = pd.concat([sent(chosen), sent(chosen, name="9", end=400)], ignore_index=True)
    things = list(flatten(told(dataset(), rows, None, log, contact_cost=1.0)))
    findings = [each for each in things if isinstance(each, Finding)]
    assert {each.evidence for each in findings} == {"associational"}
    assert findings[0].estimate == 0
    assert all("because" not in each.statement for each in findings)
    checks = {each.name: each for each in things if isinstance(each, Check)}
    assert "campaign 9 (running on after the last day" in checks["campaigns_refused"].message
    assert checks["campaign_placebo"].status == "pass"


def test_the_table_the_figure_and_the_sentence_have_one_interval():
    log, chosen = world(np.random.default_rng(1))
    found = told(dataset(), sent(chosen), None, log)
    said = {each.id: each for each in flatten(found) if isinstance(each, Finding)}
    (table,) = [each for each in flatten(found) if isinstance(each, Table) and each.name == "campaigns"]
    (row,) = table.frame.to_dict("records")
    (shown,) = found.draw().collections[0].get_segments()
    ends = row["told_lower"], row["told_upper"]
    assert any(each.interval == ends for each in said.values())
    assert (shown[0][0], shown[1][0]) == pytest.approx(ends)


def test_recipients_who_spent_more_last_are_not_called_a_gain_and_warned_of():
    log, chosen = world(np.random.default_rng(1), by="last")
    things = list(flatten(told(dataset(), sent(chosen), None, log)))
    assert next(each for each in things if isinstance(each, Finding)).estimate == 0
    assert next(each for each in things if getattr(each, "name", "") == "campaign_placebo").status == "warn"


def test_where_customers_are_surveyed_or_nothing_is_there_nothing_is_told():
    log, chosen = world(np.random.default_rng(1))
    assert told(dataset(), None, None, log) is None
    assert told(dataset(), sent(chosen), None, log, surveyed=True) is None
    assert told(dataset(), sent(chosen), None, None) is None
    with pytest.raises(DataError, match="got no outcome of a draw, and no transactions"):
        told(dataset(), sent(chosen), None, None, optional=False)
    with pytest.raises(DataError, match=r"campaign 8 \(running on after"):
        told(dataset(), sent(chosen, end=400), None, log, optional=False)
    with pytest.raises(ParameterError, match="contact_cost: got -1"):
        told(dataset(), sent(chosen), None, log, contact_cost=-1)
    with pytest.raises(DataError, match="cost: got 1 values below 0"):
        told(dataset(), sent(chosen).assign(cost=[-1.0, *[0.0] * (chosen.sum() - 1)]), None, log)


def study(bench, *arguments):
    shutil.copy(ROOT / "notebooks" / "campaign_return.ipynb", bench.root / "notebooks")
    ended = bench.run("run", "campaign_return", *arguments)
    assert ended.returncode == 0, ended.stderr
    (path,) = bench.reports.glob("campaign_return/2*/results.json")
    return json.loads(path.read_text()), path.parent


def test_the_grocers_campaigns_brought_nothing_clear(bench):
    said, run = study(bench, "--dataset", "completejourney", "-p", "margin=0.25", "-p", "contact_cost=0.5")
    metrics = said["metrics"]
    table = pd.read_parquet(run / "tables" / "campaign_effects.parquet").set_index("initiative")
    assert metrics["campaign_raw_8"] == pytest.approx(252, abs=0.5)
    assert table.loc["8", "earlier"] == pytest.approx(265, abs=0.5)
    assert metrics["campaign_unweighted_8"] == pytest.approx(-13, abs=0.5)
    assert table.loc["8", "unweighted_error"] == pytest.approx(7, abs=0.5)
    assert metrics["campaign_effect_8_lower"] < 0 < metrics["campaign_effect_8_upper"]
    assert metrics["campaign_gain_8"] == pytest.approx(
        0.25 * metrics["campaign_effect_8"] - table.loc["8", "cost"], abs=1e-6
    )
    assert (table["evidence"] == "associational").all()
    assert not {"15", "20", "22", "23"} & set(table.index)
    checks = {check["name"]: check for check in said["checks"]}
    assert "campaigns 15, 20, 21, 22, 23 (running on after the last day" in checks["campaigns_refused"]["message"]
    assert checks["campaign_placebo"]["status"] == "pass"
    assert said["findings"][0]["estimate"] == 0


def test_the_real_experiment_gives_the_published_effects(bench, shared):
    ended = bench.run("data", "add", "hillstrom", "--from", str(shared / "hillstrom.csv"))
    assert ended.returncode == 0, ended.stderr
    path = bench.root / "data" / "hillstrom" / "dataset.yaml"
    text = path.read_text()
    assert "from: spend, type: number" in text
    text = text.replace("from: spend, type: number", "from: spend, type: money, currency: USD")
    design = "    design:\n      hillstrom: {assignment: randomised, control: No E-Mail}\n    columns:\n"
    path.write_text(text.replace("    columns:\n", design, 1))
    said, _ = study(bench, "--dataset", "hillstrom", "-p", "margin=0.25", "-p", "contact_cost=0.05")
    metrics = said["metrics"]
    for arm, (effect, low, high) in {"Mens": (0.770, 0.531, 1.009), "Womens": (0.424, 0.210, 0.639)}.items():
        name = f"effect_{arm} E-Mail_spend"
        got = [metrics[name], metrics[f"{name}_lower"], metrics[f"{name}_upper"]]
        assert got == pytest.approx([effect, low, high], abs=5e-4)
        assert metrics[f"campaign_roi_{arm} E-Mail_spend"] == pytest.approx(0.25 * effect / 0.05, rel=1e-3)
    assert {each["evidence"] for each in said["findings"]} == {"experimental"}
    assert metrics["effect_Mens E-Mail_visit"] == pytest.approx(0.07659, abs=5e-6)
