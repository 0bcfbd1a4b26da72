"""Pilots evaluated by real runs: the published experiment, what is refused, and what a broken draw does."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from workbench import datasets, features
from workbench.decisions import rollout
from workbench.errors import WorkbenchError


def study(bench, *asked, code=0):
    """Results of a run, and what it wrote to its standard error."""
    target = bench.root / "notebooks" / "pilot_evaluation.ipynb"
    if not target.exists():
        shutil.copy(ROOT / "notebooks" / "pilot_evaluation.ipynb", target)
    ended = bench.run("run", "pilot_evaluation", *asked)
    assert ended.returncode == code, ended.stderr
    if code == 2:
        return None, ended.stderr
    path = max(bench.reports.glob("pilot_evaluation/2*/results.json"))
    return json.loads(path.read_text()), path.parent


@pytest.fixture
def hillstrom(bench, shared):
    """The published experiment, entered by dataset.yaml alone."""
    ended = bench.run("data", "add", "hillstrom", "--from", str(shared / "hillstrom.csv"))
    assert ended.returncode == 0, ended.stderr
    path = bench.root / "data" / "hillstrom" / "dataset.yaml"
    text = path.read_text().replace("from: spend, type: number", "from: spend, type: money, currency: USD")
    for name in ("zip_code", "mens", "womens", "newbie", "channel"):
        text = "\n".join(
            line.split("  # guess")[0].replace(", use: proxy", "").replace("}", ", use: before}")
            if line.strip().startswith(f"{name}:")
            else line
            for line in text.split("\n")
        )
    design = "    design:\n      hillstrom: {assignment: randomised, control: No E-Mail}\n    columns:\n"
    path.write_text(text.replace("    columns:\n", design, 1))
    return bench


def test_the_published_experiment_has_the_published_effects(hillstrom):
    said, run = study(hillstrom, "--dataset", "hillstrom")
    metrics = said["metrics"]
    plain = {
        "Mens E-Mail_visit": (0.07659, 0.00339),
        "Womens E-Mail_visit": (0.04523, 0.00323),
        "Mens E-Mail_conversion": (0.00681, None),
        "Womens E-Mail_conversion": (0.00311, None),
        "Mens E-Mail_spend": (0.7698, 0.1452),
        "Womens E-Mail_spend": (0.4244, 0.1303),
    }
    for name, (effect, se) in plain.items():
        assert metrics[f"effect_{name}_plain"] == pytest.approx(effect, abs=6e-5)
        if se:
            assert metrics[f"effect_{name}_plain_se"] == pytest.approx(se, abs=6e-5)
    # The interacted regression on all seven columns.
    assert metrics["effect_Mens E-Mail_visit"] == pytest.approx(0.07606, abs=2e-4)
    assert metrics["effect_Mens E-Mail_visit_se"] == pytest.approx(0.00333, abs=2e-5)
    assert metrics["effect_Womens E-Mail_visit"] == pytest.approx(0.04541, abs=2e-4)
    assert metrics["effect_Womens E-Mail_visit_se"] == pytest.approx(0.00319, abs=2e-5)
    assert metrics["variance_reduction_visit"] == pytest.approx(1 - (0.00333 / 0.00339) ** 2, abs=0.015)
    assert metrics["ratio_p"] == pytest.approx(0.90, abs=0.005)
    assert metrics["looks"] == 1
    assert metrics["p_worth_it_Mens E-Mail"] > 0.999
    assert {each["evidence"] for each in said["findings"] if each["id"] != "fair"} == {"experimental"}
    # Visits of 18.28 and 15.14 of 100, each of a third of 64,000 customers; the seven columns make the error smaller.
    between = "effect_Mens E-Mail_against_Womens E-Mail_visit"
    assert metrics[between] == pytest.approx(0.1828 - 0.1514, abs=1e-3)
    bare = np.sqrt(0.1828 * 0.8172 / 21307 + 0.1514 * 0.8486 / 21387)
    assert 0.97 * bare < metrics[f"{between}_se"] < bare
    assert said["findings"][0]["statement"].startswith("hillstrom (Mens E-Mail) works best: “Visit” is 3.05 of 100")
    assert len({each["action"] for each in said["findings"]} - {""}) == 1
    effects = pd.read_parquet(run / "tables" / "effects.parquet")
    assert set(effects.query("group == ''")["kind"]) <= {"robust", "shares"}
    draws = pd.read_parquet(run / "tables" / "effect_draws.parquet")
    drawn = draws.query("arm == 'Mens E-Mail' and outcome == 'visit' and group == ''")["effect"]
    assert drawn.std() == pytest.approx(metrics["effect_Mens E-Mail_visit_se"], rel=0.15)
    again, _ = study(hillstrom, "--dataset", "hillstrom", "-p", "outcome=spend", "-p", "cost_per_customer=1.2")
    assert again["metrics"]["looks"] == 1  # by another outcome
    third, _ = study(hillstrom, "--dataset", "hillstrom", "-p", "outcome=spend", "-p", "outcomes=[]")
    assert third["metrics"]["looks"] == 1  # the same data
    assert again["metrics"]["smallest_effect"] == pytest.approx(1.2)
    assert again["metrics"]["expected_gain_Mens E-Mail"] < 0
    assert again["findings"][0]["statement"] == "Stop hillstrom: none of its 2 arms is worth having."


def made(bench, rows, *, design="{assignment: randomised, control: none}", more=""):
    """A dataset of treatments alone, with an outcome."""
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    rows.to_csv(folder / "treatments.csv", index=False)
    extra = {
        "start": "start",
        "end": "end",
        "cost": "{currency: EUR}",
        "shop": "{type: category}",
        "spend": "{type: money, currency: EUR, use: outcome}",
    }
    lines = "".join(f"      {name}: {text}\n" for name, text in extra.items() if name in rows)
    (folder / "dataset.yaml").write_text(
        "title: Made\ntables:\n  treatments:\n    file: treatments.csv\n    design:\n"
        f"      test: {design}\n    columns:\n      customer_id: {{personal: false}}\n      initiative: initiative\n"
        f"      arm: arm\n{lines}{more}"
    )


def dealt(n=400, *, gain=2.0, seed=1, arms=("none", "mail")):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.repeat(arms, n // len(arms)))
    spend = rng.gamma(2.0, 5.0, n) + gain * (arm == "mail")
    return pd.DataFrame(
        {"customer_id": [f"c{i:04}" for i in range(n)], "initiative": "test", "arm": arm, "spend": spend.round(2)}
    )


def test_a_draw_of_the_wrong_size_fails_the_run(bench):
    rows = dealt(800)
    lost = rows[(rows["arm"] == "mail")].index[:150]
    made(bench, rows.drop(lost), design="{assignment: randomised, control: none, probability: 0.5}")
    said, _ = study(bench, "--dataset", "made", code=3)
    assert said["verdict"] == "fail"
    failed = [each for each in said["checks"] if each["status"] == "fail"]
    assert [each["name"] for each in failed] == ["pilot_ratio"]
    assert "Nothing may be concluded" in failed[0]["message"]
    assert said["findings"][0]["evidence"] == "associational"


def asked(bench, **question):
    """The opening of the study, without a kernel."""
    dataset = datasets.find("made", bench.root)
    names = ("treatments", "customers", "subscriptions", "transactions", "interactions", "surveys")
    tables = {name: dataset.load(name).frame if name in dataset.tables else None for name in names}
    begun = rollout.begin(dataset, tables, initiative=question.pop("initiative", None))
    return rollout.ready(begun, features.follow_up(begun.roster, tables, dataset), rollout.Question(**question))


BOTH = "{assignment: randomised, control: none}\n      other: {assignment: volunteers, control: none}"


@pytest.mark.parametrize(
    ("change", "design", "wanted"),
    [
        (lambda rows: rows[rows["arm"] == "mail"], None, "no row of 'test' is of its control 'none'"),
        (lambda rows: rows[rows["arm"] == "none"], None, "nobody got anything"),
        (lambda rows: rows, "{assignment: randomised}", "it is not said which is the control"),
        (lambda rows: rows[rows["arm"] == "mail"], "{assignment: chosen}", "no control and no start"),
        (lambda rows: rows.iloc[:80], None, "too few customers"),
        (lambda rows: rows.assign(spend=0.0), None, "got the same value (0) of all"),
        (lambda rows: rows.assign(start="2026-03-01", end="2026-02-01"), None, "expected start ≤ end"),
        (lambda rows: rows.assign(cost=-1.0), None, "cost"),
        (lambda rows: rows.drop(columns="spend"), None, "got no outcome"),
        (lambda rows: pd.concat([rows, rows.assign(initiative="other")]), BOTH, "expected one of 2 initiatives"),
        (
            lambda rows: rows.assign(shop=rows["arm"]),
            "{assignment: clustered, unit: shop, control: none}",
            "has one shop in 'mail' and 'none'",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_message(bench, change, design, wanted):
    made(bench, change(dealt()), **({"design": design} if design else {}))
    with pytest.raises(WorkbenchError) as refused:
        asked(bench)
    assert any(wanted in fault for fault in refused.value.faults), refused.value.faults


def test_where_units_were_dealt_the_interval_is_that_of_units(bench):
    rng = np.random.default_rng(1)
    rows = dealt(1200, gain=0.0)
    shop = np.arange(1200) % 24
    rows["shop"] = [f"s{each:02}" for each in shop]
    rows["arm"] = np.where(shop % 2 == 1, "mail", "none")
    rows["spend"] = (rows["spend"] + rng.normal(0, 3, 24)[shop]).round(2)
    made(bench, rows, design="{assignment: clustered, unit: shop, control: none}")
    at = asked(bench)
    (found,) = [each.found for each in rollout.answer(at, previous=[], dataset="made").effects]
    means = rows.groupby("shop").agg(arm=("arm", "first"), spend=("spend", "mean"))
    mail, none = (means.loc[means["arm"] == arm, "spend"] for arm in ("mail", "none"))
    assert found.estimate == pytest.approx(mail.mean() - none.mean())
    assert found.se == pytest.approx(np.sqrt((mail.var() + none.var()) / 2 * (2 / 12)), rel=1e-6)
    assert (found.kind, found.units, found.df, found.evidence) == ("units", 24, 22, "experimental")


@pytest.mark.parametrize(
    ("use", "counted", "wanted"),
    [
        ("before", "2026-03-05", "customers.visits: counted of 400 rows is on or after the start"),
        ("outcome", "2026-02-05", "customers.visits: counted of 400 rows lies before the start"),
    ],
)
def test_what_was_measured_at_the_wrong_time_is_refused(bench, use, counted, wanted):
    rows = dealt().assign(start="2026-03-01")
    people = rows[["customer_id"]].assign(visits=1, counted=counted)
    more = (
        "  customers:\n    file: customers.csv\n    columns:\n      customer_id: {personal: false}\n"
        f"      counted: {{type: date}}\n      visits: {{type: number, use: {use}, valid_from: counted}}\n"
    )
    made(bench, rows, more=more)
    people.to_csv(bench.root / "data" / "made" / "customers.csv", index=False)
    with pytest.raises(WorkbenchError) as refused:
        asked(bench)
    assert any(wanted in fault for fault in refused.value.faults), refused.value.faults


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ({"outcome": "spent"}, "did you mean 'spend'?"),
        ({"outcome": "spend", "guardrails": {"spend": 1.0}}, "is the primary outcome already"),
        ({"guardrails": {"spend": -1.0}}, "may get worse by -1"),
        ({"initiative": "tset"}, "did you mean 'test'?"),
    ],
)
def test_a_question_that_the_data_cannot_answer_is_refused(bench, question, wanted):
    made(bench, dealt())
    with pytest.raises(WorkbenchError) as refused:
        asked(bench, **question)
    assert any(wanted in fault for fault in refused.value.faults), refused.value.faults


def test_the_command_refuses_it_too_before_anything_is_estimated(bench):
    made(bench, dealt().iloc[:80])
    _, said = study(bench, "--dataset", "made", code=2)
    assert "too few customers" in said
    assert "Traceback" not in said
