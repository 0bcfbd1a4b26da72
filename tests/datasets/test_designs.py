"""How arms were dealt: what may be said in dataset.yaml, and what the rows make of it."""
# ruff: noqa: E501

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench import datasets
from workbench.errors import DataError
from workbench.statistics.draws import balance, check_draw, read_draw

YAML = """\
title: x
extracted: 2025-06-01
tables:
  customers:
    file: people.csv
    columns:
      customer_id: id
      region: {{type: category, constant: true}}
      age: {{type: number, constant: true}}
      shop: {{type: category, constant: true}}
  treatments:
    file: rows.csv
    design: {design}
    columns: {{customer_id: id, initiative: what, arm: arm, start: day, chance: {{type: number}}, spent: {{type: number, use: before}}}}
"""


def write(
    project,
    arms,
    *,
    design="{pilot: {assignment: randomised, control: control}}",
    age=None,
    start=None,
    shop=None,
    chance=None,
):
    n = len(arms)
    rng = np.random.default_rng(5)
    age = rng.normal(50, 10, n) if age is None else age
    people = pd.DataFrame(
        {
            "id": [f"c{i}" for i in range(n)],
            "region": rng.choice(["N", "S", "W"], n),
            "age": age,
            "shop": [f"s{i % 20}" for i in range(n)] if shop is None else shop,
        }
    )
    people.to_csv(project.folder / "people.csv", index=False)
    rows = people[["id"]].assign(
        what="pilot",
        arm=arms,
        day="2025-01-01" if start is None else start,
        chance=0.5 if chance is None else chance,
        spent=rng.gamma(2, 10, n),
    )
    project.write(YAML.format(design=design), rows.to_csv(index=False))
    return project.find()


def said(dataset):
    (check,) = (check for check in dataset.check() if check.name.startswith("treatments_d"))
    return check


def dealt(n=2000, share=0.5, seed=1):
    return np.where(np.random.default_rng(seed).random(n) < share, "mail", "control")


def test_a_sound_draw_bears_examination(project):
    check = said(write(project, dealt()))
    assert check.status == "pass"
    assert check.message.startswith("'pilot' is randomised, and its arms look as chance deals them (")


def test_arms_of_another_size_than_drawn_are_told(project):
    check = said(write(project, dealt(share=0.6)))
    assert check.status == "warn"
    assert "its arms have not the sizes that were drawn" in check.message
    assert (
        said(
            write(
                project,
                dealt(share=0.6),
                design="{pilot: {assignment: randomised, control: control, probability: 0.6}}",
            )
        ).status
        == "pass"
    )


def test_arms_that_differed_before_are_told_with_the_column(project):
    arms = dealt()
    check = said(write(project, arms, age=np.random.default_rng(2).normal(50, 10, 2000) + 3 * (arms == "mail")))
    assert check.status == "warn"
    assert "its arms differed before it began, most in 'age'" in check.message


def test_what_is_not_said_is_warned_of_and_what_was_chosen_is_not_judged(project):
    check = said(write(project, dealt(share=0.9), design="{}"))
    assert (check.name, check.status) == ("treatments_design", "warn")
    assert "It is not said how customers came into 'pilot'" in check.message
    found = write(project, dealt(share=0.9), design='{"*": {assignment: chosen}}')
    assert not [check for check in found.check() if check.name.startswith("treatments_d")]


def test_whole_shops_are_judged_as_shops(project):
    shops = np.array([f"s{i % 20}" for i in range(2000)])
    treated = np.random.default_rng(3).permutation(20)[:10]
    arms = np.where(np.isin(np.arange(2000) % 20, treated), "mail", "control")
    effect = np.random.default_rng(4).normal(0, 5, 20)[
        np.arange(2000) % 20
    ]  # shops differ: as customers, arms would look apart
    age = np.random.default_rng(2).normal(50, 10, 2000) + effect
    clustered = "{pilot: {assignment: clustered, unit: shop, control: control}}"
    check = said(write(project, arms, age=age, shop=shops, design=clustered))
    assert (check.status, "10 control and 10 mail" in check.message) == ("pass", True)
    arms[0] = "control" if arms[0] == "mail" else "mail"
    check = said(write(project, arms, age=age, shop=shops, design=clustered))
    assert "1 units are in several arms" in check.message


def test_an_order_that_was_drawn_is_judged_and_one_that_was_not_is_taken_as_it_is(project):
    wave = np.random.default_rng(6).integers(0, 5, 2000)  # four waves, and a fifth part never
    start = np.where(wave < 4, [f"2025-0{1 + min(w, 3)}-01" for w in wave], "2025-01-01")
    arms = np.where(wave < 4, "mail", "control")
    staggered = "{pilot: {assignment: staggered, control: control, probability: 0.2}}"
    assert said(write(project, arms, start=start, design=staggered)).status == "pass"
    uneven = np.random.default_rng(6).integers(0, 4, 2000)
    start = np.where(uneven < 3, [f"2025-0{1 + min(w, 3)}-01" for w in uneven], "2025-01-01")
    check = said(write(project, np.where(uneven < 3, "mail", "control"), start=start, design=staggered))
    assert "not the sizes that were drawn" in check.message
    found = write(project, arms, start=start, design="{pilot: {assignment: staggered, control: control}}")
    assert not [check for check in found.check() if check.name.startswith("treatments_d")]


def test_each_customer_may_have_a_chance_of_their_own(project):
    rng = np.random.default_rng(7)
    chance = rng.uniform(0.1, 0.9, 2000).round(3)
    arms = np.where(rng.random(2000) < chance, "mail", "control")
    design = "{pilot: {assignment: randomised, control: control, probability: chance}}"
    assert said(write(project, arms, chance=chance, design=design)).status == "pass"
    check = said(write(project, arms, chance=chance / 2, design=design))
    assert "not the sizes that were drawn" in check.message


@pytest.mark.parametrize(
    ("design", "fault"),
    [
        (
            "{pilot: {assignment: random}}",
            "design.pilot.assignment: got 'random', expected randomised, stratified, clustered",
        ),
        ("{pilot: {control: control}}", "design.pilot.assignment: got nothing, expected randomised"),
        ("{pilot: {assignment: clustered}}", "design.pilot.unit: got nothing, expected the column of what was dealt"),
        (
            "{pilot: {assignment: clustered, unit: stor}}",
            "design.pilot: got the column 'stor', expected one of treatments or customers",
        ),
        (
            "{pilot: {assignment: randomised, probability: 1.5}}",
            "design.pilot.probability: got '1.5', expected a number between 0 and 1",
        ),
        ("{pilot: {assignment: randomised, probability: {mail: 0.7, call: 0.6}}}", "expected chances below 1 in all"),
        ("{pilot: {assignment: randomised, kontrol: x}}", "design.pilot.kontrol: unknown key"),
    ],
)
def test_a_design_that_cannot_be_is_refused(project, design, fault):
    with pytest.raises(DataError) as told:
        write(project, dealt(100), design=design).check()
    assert fault in str(told.value)


def test_designs_are_of_treatments_alone(project):
    project.write(
        "title: x\ntables:\n  customers:\n    file: rows.csv\n    design: {a: {assignment: chosen}}\n    columns: {customer_id: id}\n",
        "id\na\n",
    )
    with pytest.raises(
        DataError, match=r"customers.design: got 'customers', expected no such key: it is for treatments"
    ):
        project.find()


def test_the_ratio_is_the_published_one():
    # Hillstrom's e-mail test: 21,306, 21,307 and 21,387 customers, a third each; χ² = 0.2025 with 2 degrees of freedom.
    class Third:
        assignment, unit, probability, control, strata = "randomised", "", None, "none", ()

    rows = pd.DataFrame({"customer_id": range(64000), "arm": ["none"] * 21306 + ["mens"] * 21307 + ["womens"] * 21387})
    found = check_draw(read_draw(rows, Third, pd.DataFrame(index=rows.index)), Third)
    assert found.ratio_p == pytest.approx(stats.chi2.sf(0.20253125, 2), abs=1e-4)
    assert found.balance_p is None
    assert found.holds


def test_balance_of_one_column_between_two_arms_is_the_permutation_test():
    # (n − 1) r² against χ² with one degree of freedom: the limit of the permutation test of a difference in means.
    rng = np.random.default_rng(0)
    x, arms = rng.normal(size=500), rng.integers(0, 2, 500)
    r = np.corrcoef(x, arms)[0, 1]
    assert balance(arms, x[:, None], np.zeros(500, dtype=int)) == pytest.approx(stats.chi2.sf(499 * r**2, 1), rel=1e-9)


def test_balance_is_judged_at_its_level():
    # 400 draws of 60 units (permutation) and of 300 (limit), five columns, two of them alike: 5% are below .05.
    rng = np.random.default_rng(11)
    for n, least, most in ((60, 0.02, 0.09), (300, 0.02, 0.09)):
        low = 0
        for _ in range(100 if n == 60 else 400):
            x = rng.normal(size=(n, 4))
            x = np.column_stack([x, x[:, 0]])
            low += balance(rng.permutation(np.arange(n) % 2), x, np.arange(n) // (n // 2), random_seed=1) < 0.05
        assert least <= low / (100 if n == 60 else 400) <= most


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (
            "{pilott: {assignment: randomised}}",
            "treatments.design.pilott: no row has this initiative; did you mean 'pilot'?",
        ),
        (
            "{pilot: {assignment: randomised, control: kontrol}}",
            "treatments.design.pilot: no row has the arm 'kontrol'; did you mean 'control'?",
        ),
    ],
)
def test_a_design_of_what_no_row_has_is_warned_of(project, design, said):
    found = write(project, dealt(100), design=design).check()
    assert said in " ".join(
        check.message for check in found if check.name == "treatments_design_unknown" and check.status == "warn"
    )


def test_a_part_of_the_data_may_lack_an_initiative(project):
    write(project, dealt(), design="{pilot: {assignment: randomised, control: control}, other: {assignment: chosen}}")
    found = datasets.find("people", project.root, where="region = 'N'").check()
    assert not [check for check in found if check.name == "treatments_design_unknown"]
    assert [check.status for check in found if check.name == "treatments_draw_pilot"] == ["pass"]


def test_the_command_line_refuses_a_design_that_cannot_be(project, command):
    with pytest.raises(DataError):
        write(project, dealt(100), design="{pilot: {assignment: randomised, probability: 1.5}}")
    command.take(project)
    code, out, complaint = command("data", "check", "people")
    assert (code, out) == (2, "")
    assert "design.pilot.probability: got '1.5', expected a number between 0 and 1" in complaint
    assert "Traceback" not in complaint


def test_the_command_line_warns_of_arms_that_differed_before(project, command):
    arms = dealt()
    write(project, arms, age=np.random.default_rng(2).normal(50, 10, 2000) + 3 * (arms == "mail"))
    command.take(project)
    code, out, _ = command("data", "check", "people")
    assert code == 0
    assert "warn: 'pilot' is called randomised, but its arms differed before it began, most in 'age'" in out
