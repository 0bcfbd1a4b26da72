"""What an effect of a pilot is weighed against: by arm, which way is better, what is kept of it, and for how long."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_files import answered, bought, opened, write
from tests.decisions.test_pilot_verdict import weighed

from workbench.decisions.rollout.checks import checks
from workbench.decisions.rollout.evaluation import _price
from workbench.decisions.rollout.report import metrics
from workbench.decisions.rollout.weighing.verdict import Price, weigh
from workbench.decisions.rollout.words import headlines, money
from workbench.errors import DataError, ParameterError
from workbench.models.trials import looking
from workbench.models.trials.estimates.estimate import from_error

LOT = "{assignment: randomised, control: none}"


def dealt(arms, n=400, **columns):
    rng = np.random.default_rng(1)
    arm = np.repeat(arms, n)
    rows = {"customer_id": [f"c{each}" for each in range(len(arm))], "initiative": "test", "arm": arm}
    return pd.DataFrame(rows | {name: make(arm, rng) for name, make in columns.items()})


def spending(gain):
    return lambda arm, rng: 10.0 + np.vectorize(lambda each: gain.get(each, 0.0))(arm) + rng.normal(0, 2, len(arm))


def said(done):
    return [each.statement for each in headlines(done)]


def check(done, name):
    return next((each for each in checks(done) if each.name == name), None)


@pytest.mark.parametrize("free", ["app", "text"])
def test_each_arm_has_its_own_price_whatever_it_is_called(bench, free):
    """A call costs 8 and brings 3, a free arm brings 1: wrong before, where the last arm of the alphabet priced all."""
    rows = dealt(["none", "call", free], spend=spending({"call": 3.0, free: 1.0}))
    rows["cost"] = np.where(rows["arm"] == "call", 8.0, 0.0)
    write(bench, rows, LOT)
    done = answered(bench)
    by_arm = {each.arm: each for each in done.verdicts}
    assert {arm: each.price.smallest for arm, each in by_arm.items()} == {"call": 8.0, free: 0.0}
    assert {arm: each.choice for arm, each in by_arm.items()} == {"call": "stop", free: "roll_out"}
    assert said(done)[0].startswith(f"Roll out test ({free}): it raises “Spend” by")
    assert said(done)[1].startswith("call is not worth having (99.9% sure): it raises “Spend” by")
    found = metrics(done)
    assert (found["smallest_effect_call"], found[f"smallest_effect_{free}"], found["smallest_effect"]) == (8, 0, None)


def left(share):
    return lambda arm, _: [
        "yes" if place % 100 < share.get(each, 20) else "no" for place, each in enumerate(arm.tolist())
    ]


LEFT = {"left": "{type: boolean, use: outcome, true_values: ['yes'], false_values: ['no']%s}"}


@pytest.mark.parametrize(("direction", "choice"), [(", direction: low_is_good", "roll_out"), ("", "stop")])
def test_less_leaving_is_better_where_dataset_yaml_says_so(bench, direction, choice):
    write(
        bench,
        dealt(["none", "call"], left=left({"call": 10})),
        LOT,
        kinds={"left": LEFT["left"] % direction},
    )
    done = answered(bench, cost=1.0, value=100.0)
    assert done.verdicts[0].choice == choice
    told = check(done, "pilot_direction")
    if direction:
        assert told is None
        assert "lowers “Left” by 10 of 100 customers, worth more than it costs" in said(done)[0]
        assert metrics(done)["expected_gain_call"] == pytest.approx(800 * (100 * 0.1 - 1.0))
    else:  # what nobody said is told where the verdict hangs on it, whichever it is
        assert told.status == "warn"
        assert "direction: low_is_good" in told.message


def test_that_more_leaving_works_is_doubted(bench):
    write(bench, dealt(["none", "call"], left=left({"call": 30})), LOT, kinds={"left": LEFT["left"] % ""})
    done = answered(bench)
    assert done.verdicts[0].choice == "roll_out"
    assert check(done, "pilot_direction").status == "warn"


def test_a_value_below_nothing_says_that_less_is_better(bench):
    write(bench, dealt(["none", "call"], left=left({"call": 10})), LOT, kinds={"left": LEFT["left"] % ""})
    done = answered(bench, cost=1.0, value=-100.0)
    assert done.verdicts[0].choice == "roll_out"
    assert metrics(done)["smallest_effect"] == pytest.approx(0.01)
    assert check(done, "pilot_direction") is None


def test_a_guardrail_of_which_less_is_better_is_kept_when_it_falls(bench):
    rows = dealt(["none", "call"], spend=spending({"call": 3.0}), left=left({"call": 10}))
    write(bench, rows, LOT, kinds={"left": LEFT["left"] % ", direction: low_is_good"})
    (found,) = answered(bench, outcome="spend", guardrails={"left": 0.02}).verdicts
    assert (found.choice, found.broken, found.at_risk) == ("roll_out", (), ())
    write(bench, rows, LOT, kinds={"left": LEFT["left"] % ", direction: high_is_good"})
    (found,) = answered(bench, outcome="spend", guardrails={"left": 0.02}).verdicts
    assert (found.choice, found.broken) == ("stop", ("left",))


def test_revenue_is_not_taken_for_profit_without_a_word(bench):
    write(bench, dealt(["none", "call"], spend=spending({"call": 3.0})), LOT)
    done = answered(bench, cost=1.0)
    assert done.verdicts[0].choice == "roll_out"
    assert check(done, "pilot_margin").status == "warn"
    kept = answered(bench, cost=1.0, value=0.3)
    assert check(kept, "pilot_margin") is None
    (found,) = kept.verdicts
    assert found.price.smallest == pytest.approx(1 / 0.3)
    assert found.choice != "roll_out"


def test_nothing_is_more_than_a_cost_that_nobody_knows(bench):
    write(bench, dealt(["none", "call"], spend=spending({"call": 3.0})), LOT)
    done = answered(bench, smallest=1.0, currency="EUR")
    assert "more than the 1 EUR a customer asked for" in said(done)[0]
    assert list(money(done)) == []
    assert metrics(done)["expected_gain_call"] is None
    exact = answered(bench, smallest=1.0, cost=2.0)
    (gain,) = money(exact)
    effect = exact.verdicts[0].effect
    assert gain.estimate == pytest.approx(800 * (effect.estimate - 2.0), rel=1e-12)  # as printed beside it
    assert gain.interval == pytest.approx((800 * (effect.lower - 2.0), 800 * (effect.upper - 2.0)))


def test_what_does_not_pay_its_cost_is_not_rolled_out_because_less_was_asked_for(bench):
    write(bench, dealt(["none", "call"], spend=spending({"call": 3.0})), LOT)
    done = answered(bench, smallest=1.0, cost=5.0)
    (found,) = done.verdicts
    assert (found.choice, found.price.smallest, found.price.basis) == ("stop", 5.0, "cost")
    assert check(done, "pilot_smallest").status == "warn"
    assert check(answered(bench, smallest=2.0, cost=1.0), "pilot_smallest") is None


def test_an_arm_of_which_no_cost_is_recorded_is_not_said_to_cost_what_others_do(bench):
    rows = dealt(["none", "call", "mail"], spend=spending({"call": 3.0, "mail": 3.0}))
    rows["cost"] = np.where(rows["arm"] == "call", 1.0, np.nan)
    write(bench, rows, LOT)
    done = answered(bench)
    assert (done.prices["call"].cost, done.prices["mail"].cost) == (1.0, None)
    assert check(done, "pilot_costs") is None


def test_sizes_that_no_share_can_have_are_refused_at_once(bench):
    rows = dealt(["none", "call"], spend=spending({}), left=left({}))
    write(bench, rows, LOT, kinds={"left": LEFT["left"] % ""})
    with pytest.raises(ParameterError, match=r"smallest_effect: got 1 of .left., a share.*of 100 customers 1 is 0.01"):
        opened(bench, outcome="left", smallest=1.0)
    with pytest.raises(ParameterError, match=r"guardrails: got 2 of .left., a share"):
        opened(bench, outcome="spend", guardrails={"left": 2.0})


def test_a_guardrail_known_of_few_is_refused_and_not_passed_over(bench):
    rows = dealt(["none", "call"], n=200, spend=spending({"call": 3.0}), visits=lambda arm, rng: rng.normal(9, 1, 400))
    rows.loc[(rows["arm"] == "call") & (np.arange(400) % 5 > 0), "visits"] = np.nan
    write(bench, rows, LOT)
    with pytest.raises(DataError, match=r"visits.*guardrail: it is known of 40 customers of .call."):
        opened(bench, outcome="spend", guardrails={"visits": 0.5})


def test_a_pilot_that_still_runs_is_told_as_running(bench):
    """Ended half a year after the records: eight weeks of it were seen."""
    n = 300
    rows = dealt(["none", "call"], n=n)
    rows["start"], rows["end"] = "2024-03-01", "2024-09-30"
    people, months = np.tile(np.arange(2 * n), 5), np.repeat(np.arange(5), 2 * n)
    rng = np.random.default_rng(2)
    amount = 20 + rng.normal(0, 4, len(people)) + np.where((people >= n) & (months >= 2), 0.4, 0.0)
    orders = bought([f"c{each}" for each in people], months, amount.round(2))
    write(bench, rows, LOT, orders=orders, more="")
    done = answered(bench, outcome="spend", cost=0.0)
    (found,) = done.verdicts
    assert found.running
    assert found.choice == "go_on"
    assert found.weeks == pytest.approx((pd.Timestamp("2024-09-30") - done.ready.followed.until).days / 7, abs=0.2)
    seen = check(done, "pilot_running")
    assert (seen.status, seen.value) == ("warn", int(done.ready.followed.reach()[0]))
    asked = answered(bench, outcome="spend", cost=0.0, window_days=28)
    assert check(asked, "pilot_running").value == seen.value  # not the window that was asked for
    assert "to its end" in said(done)[0]


def test_where_looks_count_the_interval_that_holds_at_all_of_them_decides():
    """Under no effect, of 20 looks at growing sizes the fixed interval rolls out 14 to 25 of 100, ours at most 5."""
    rng = np.random.default_rng(3)
    tries, looks, each = 200, 20, 50
    sums = rng.normal(0, 1, (tries, looks, each)).sum(axis=2).cumsum(axis=1)
    sizes = each * np.arange(1, looks + 1)
    fixed, ours = np.zeros(tries, dtype=bool), np.zeros(tries, dtype=bool)
    for place in range(tries):
        for look, n in enumerate(sizes):
            found = from_error(sums[place, look] / n, 1 / n**0.5, confidence=0.9, kind="robust", n=n, units=n, arm="a")
            sequence = looking.any_time(found, planned=1 / sizes[-1] ** 0.5)
            for kept, given in ((fixed, None), (ours, sequence)):
                if not kept[place]:
                    verdict = weighed(found.estimate, found.se, smallest=0.0, draws=200, sequence=given)
                    kept[place] = verdict.choice == "roll_out"
    assert fixed.mean() > 0.14
    assert ours.mean() <= 0.05


def test_a_guardrail_that_is_surely_broken_stops_whatever_the_kind_of_interval():
    found = weighed(2.0, 0.1, broken=("calls",))
    assert found.choice == "stop"
    few = from_error(2.0, 0.1, confidence=0.9, kind="permutation", n=100, units=8, arm="mail")
    price = Price(smallest=2.0, basis="stated", cost=None, value=None)
    given = {"good": 1, "customers": 100, "weeks_so_far": None, "fair": True, "draws": 100, "seed": 1}
    assert weigh(few, price=price, broken=("calls",), at_risk=(), **given).choice == "stop"
    assert weigh(few, price=price, broken=(), at_risk=(), **given).choice == "cannot_tell"


def test_who_all_came_at_once_waits_for_nobody():
    """Weeks are of pilots into which customers come; of others it is said how many customers would tell."""
    apart = weighed(1.5, 1.0, weeks_so_far=None)
    assert (apart.choice, apart.weeks) == ("cannot_tell", None)
    assert apart.needed == pytest.approx(1000 * (2.487 * 1.0 / 0.5) ** 2)
    assert weighed(1.5, 1.0, weeks_so_far=30.0).choice == "cannot_tell"  # longer than twice as long
    waiting = weighed(2.5, 1.0, weeks_so_far=30.0)
    assert (waiting.choice, waiting.weeks) == ("go_on", pytest.approx(30 * ((2.487 / 1.5) ** 2 - 1)))


def test_an_effect_on_a_contact_is_worth_what_a_customer_has_of_them():
    """A fifth of a contact a customer: 40 of 100 contacts more at 10 each bring .8 a customer, not 4."""
    measure = SimpleNamespace(name="resolved", kind="ratio", money=False, good=1)
    at = SimpleNamespace(
        question=SimpleNamespace(cost=1.0, value=10.0, smallest=None),
        primary=SimpleNamespace(measure=measure),
        pilot=SimpleNamespace(costs={}),
        days=30,
    )
    found = from_error(0.4, 0.01, confidence=0.9, kind="robust", n=100, units=100, arm="call")
    price = _price(at, SimpleNamespace(found=found, per_customer=0.2, days=None))
    assert price.value == pytest.approx(2.0)
    assert price.smallest == pytest.approx(0.5)
    whole = weigh(
        found,
        good=1,
        price=price,
        customers=100,
        weeks_so_far=None,
        fair=True,
        broken=(),
        at_risk=(),
        draws=100,
        seed=1,
    )
    assert whole.gains[1.0][0] == pytest.approx(100 * (0.8 - 1.0))
