"""What the money side of a round takes from data: values of customers, randomised calls, earlier contacts, refusals."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.datasets.definitions.design import Design
from workbench.decisions import Acceptance, Capacity, Offer, Policy, list_contacts
from workbench.errors import ParameterError
from workbench.models.attrition import forecast_leavers
from workbench.models.attrition.population.calls import earlier_contacts, randomised_calls
from workbench.models.attrition.population.reading import read_population
from workbench.models.attrition.values import check_request, read_teams, read_values

WHEN = SimpleNamespace(cutoffs=[pd.Timestamp("2025-03-01")], gap_days=0, horizon_days=30)
DEALT = {"call": Design(assignment="randomised", probability=0.5, control="none")}


def table(designs=DEALT):
    return SimpleNamespace(columns=(), segments=(), designs=designs)


def trial(size=400, start="2025-01-10", days=(1, 30)):
    """Half are called; of those called every tenth leaves within a month, of the others every fifth, and all later."""
    called = np.arange(size) % 2 == 0
    places = np.arange(size) // 2
    left = np.where(called, places % 10 == 0, places % 5 == 0)
    after = np.where(left, np.where(places % 20 == 0, *days), days[1] + 1)
    rows = pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "start": pd.Timestamp("2024-01-01"),
            "end": pd.Timestamp(start) + pd.to_timedelta(after, unit="D"),
        }
    )
    treatments = pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "initiative": "call",
            "arm": np.where(called, "call", "none"),
            "start": pd.Timestamp(start),
            "end": pd.Timestamp(start) + pd.Timedelta(10, unit="D"),
        }
    )
    return rows, treatments


def counted(rows, treatments, retention=("call",), designs=DEALT, source="subscriptions"):
    return randomised_calls(source, rows, WHEN, treatments, retention, table(designs))


def test_randomised_calls_are_counted_by_hand():
    """Whatever the cut-offs, each is watched for 30 days: who ends on the 30th day has left, on the 31st not."""
    rows, treatments = trial()
    (counts,) = counted(rows, treatments)
    assert counts == {"called": 200, "called_left": 20, "others": 200, "others_left": 40, "days": 30}
    learnt = Acceptance(alpha=1, beta=1).after([counts])
    assert learnt.of == 400
    assert learnt.mean == pytest.approx(0.5, abs=0.06)  # 1 - (20/200) / (40/200), drawn a little to the prior's mean
    assert "400 customers whom chance let be called or not, each watched for 30 days" in next(learnt.exhibits()).message


def test_a_customer_counts_in_each_round_that_finds_them_there():
    """A second round on 29 January finds all but those who have left by then."""
    rows, treatments = trial()
    again = treatments.assign(start=pd.Timestamp("2025-01-29"))
    (counts,) = counted(rows, pd.concat([treatments, again], ignore_index=True))
    gone = int((rows["end"] <= "2025-01-29").sum())
    assert counts["called"] + counts["others"] == 400 + 400 - gone
    later = pd.concat([treatments, treatments.assign(start=pd.Timestamp("2025-02-01"))], ignore_index=True)
    assert counted(rows, later) == counted(rows, treatments)  # records end before the second was watched for 30 days


def test_lapses_after_calls_are_counted_by_hand():
    """All bought on 1 January; of those called every tenth buys nothing in the 30 days from the 10th on."""
    contracts, treatments = trial()
    before = pd.DataFrame({"customer_id": contracts["customer_id"], "timestamp": pd.Timestamp("2025-01-01")})
    stays = contracts[contracts["end"] > "2025-02-09"]
    after = pd.DataFrame({"customer_id": stays["customer_id"], "timestamp": pd.Timestamp("2025-02-08 12:00")})
    late = pd.DataFrame({"customer_id": [0, 1], "timestamp": pd.Timestamp("2025-02-09")})  # the 31st day
    bought = pd.concat([before, after, late], ignore_index=True)
    (counts,) = counted(bought, treatments, source="transactions")
    assert counts == {"called": 200, "called_left": 20, "others": 200, "others_left": 40, "days": 30}


@pytest.mark.parametrize(
    ("designs", "retention", "start"),
    [
        ({"call": Design(assignment="volunteers", control="none")}, ["call"], "2025-01-10"),  # they chose themselves
        ({"call": Design(assignment="randomised", probability=0.5)}, ["call"], "2025-01-10"),  # nobody is a control
        ({"call": Design(assignment="randomised", probability=0.9, control="none")}, ["call"], "2025-01-10"),  # broken
        ({}, ["call"], "2025-01-10"),
        (DEALT, [], "2025-01-10"),
        (DEALT, ["call"], "2025-02-20"),  # the records end before 30 days are over
    ],
)
def test_calls_that_tell_nothing_of_acceptance_are_not_counted(designs, retention, start):
    assert counted(*trial(start=start), retention, designs) == ()


def test_what_was_assumed_stays_without_calls_and_harm_of_any_trial_is_told():
    assumed = Acceptance(alpha=6, beta=14)
    assert assumed.after([]) == assumed
    assert "assumed" in next(assumed.exhibits()).message
    harmful = {"called": 1000, "called_left": 120, "others": 1000, "others_left": 60}
    fine = {"called": 1000, "called_left": 50, "others": 1000, "others_left": 60}
    for calls in ([harmful, fine], [fine, harmful]):
        (check,) = assumed.after(calls).checks
        assert check.status == "warn"


def test_an_arm_that_got_nothing_is_no_contact():
    _, treatments = trial(6)
    sent = earlier_contacts(treatments, {"treatments": table()})
    assert sent.rows["customer_id"].tolist() == [0, 2, 4]
    assert earlier_contacts(treatments, {"treatments": table({})}).rows["customer_id"].tolist() == list(range(6))
    assert earlier_contacts(None, {}).rows is None


def test_interactions_that_the_company_began_are_contacts_and_others_are_not():
    talked = pd.DataFrame({"customer_id": [1, 2, 3], "timestamp": pd.Timestamp("2025-02-20")})
    talked["outbound"] = pd.array([True, False, None], dtype="boolean")
    sent = earlier_contacts(None, {}, lambda: talked, most=1)
    assert sent.rows["customer_id"].tolist() == [1]
    assert "0 treatments and 1 interactions" in sent.checks[0].message
    policy = Policy(most=1, days=90)
    assert policy.too_often(pd.Series([1, 2, 3]), sent.rows, pd.Timestamp("2025-03-01")).tolist() == [
        True,
        False,
        False,
    ]
    _, treatments = trial(4)
    known = {"treatments": table()}
    (told,) = earlier_contacts(treatments, known, lambda: talked.drop(columns="outbound"), most=1).checks
    assert told.status == "warn"
    assert "count 2 treatments and none of 3 interactions" in told.message
    assert earlier_contacts(treatments, known, pytest.fail).checks == ()  # nobody asks, nothing is read


def flat(**columns):
    random = np.random.default_rng(1)
    size = 400
    frame = pd.DataFrame({"duration": random.integers(1, 60, size), "event": np.arange(size) % 4 == 0})
    frame = frame.assign(worth=np.where(np.arange(size) % 2, 100.0, 300.0), kind=np.array(["a", "b"])[frame.index % 2])
    given = SimpleNamespace(columns=(), segments=(), designs={})
    return read_population({"lifetimes": given}, ("lifetimes", frame.assign(**columns)), None)


def test_who_stayed_is_scored_by_models_that_had_not_seen_it():
    frame = drawn(2500).drop(columns="risk").rename(columns={"left": "event"})
    given = SimpleNamespace(columns=(), segments=(), designs={})
    population = read_population({"lifetimes": given}, ("lifetimes", frame), None)
    found = forecast_leavers(population.customers, random_seed=1, budget=1, refits=2)
    told = found.score(population).frame.set_index("customer_id")["probability"]
    unseen = pd.Series(found.choice.probability, index=found.test.ids)
    assert found.choice.used != "base_rate"
    pd.testing.assert_series_equal(told, unseen[told.index], check_names=False)
    true = drawn(2500).set_index("customer_id")["risk"][told.index]
    assert told.sum() == pytest.approx(true.sum(), rel=0.12)  # of those who stayed, their true risks added up


def test_who_has_opted_out_is_not_on_the_list():
    silent = pd.array(np.where(np.arange(400) % 3 == 0, True, False), dtype="boolean")
    silent[1] = pd.NA
    population = flat(opt_out=silent)
    assert len(population.opt_out) == len(population.today_ids) == 300
    scores = pd.DataFrame({"customer_id": population.today_ids, "probability": 0.9})
    scores["opt_out"] = population.opt_out.to_numpy()
    offer = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))
    found = list_contacts(scores, offer, value=200.0).customers.set_index("customer_id")
    assert not found.loc[found.index % 3 == 0, "recommended"].any()
    assert found.loc[1, "why_not"] == "opt_out"  # nobody knows: left alone
    assert found.loc[2, "recommended"]


def test_who_has_opted_out_is_known_of_a_flat_table_by_customers_too():
    """Half of them said so in `customers`, and a third of all is not in it: those are not known to agree."""
    frame = pd.DataFrame({"customer_id": np.arange(400), "duration": np.arange(400) % 60 + 1})
    frame = frame.assign(event=np.arange(400) % 4 == 0, kind=np.array(["a", "b"])[frame.index % 2])
    asked = pd.DataFrame({"customer_id": np.arange(399, 133, -1)}).assign(
        opt_out=lambda rows: rows["customer_id"] % 2 == 1
    )
    columns = [SimpleNamespace(name=name, label=name, unit="", kind=None, use="") for name in frame]
    given = SimpleNamespace(columns=columns, segments=(), designs={})
    found = read_population({"lifetimes": given}, ("lifetimes", frame), None, customers_table=asked)
    told = pd.Series(found.opt_out.to_numpy(), index=found.today_ids)
    assert told[told.index < 134].isna().all()
    assert (told[told.index >= 134].astype(bool) == (told.index[told.index >= 134] % 2 == 1)).all()


def test_who_was_contacted_so_often_is_not_on_the_list():
    scores = pd.DataFrame({"customer_id": [0, 1, 2, 3], "probability": 0.9})
    _, treatments = trial(4, start="2025-02-01")
    sent = earlier_contacts(treatments, {"treatments": table()})
    offer = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))
    options = {"value": 200.0, "contacts": sent.rows, "at": pd.Timestamp("2025-03-01")}
    found = list_contacts(scores, offer, policy=Policy(most=1, days=90), **options).customers
    assert sorted(found.loc[found["why_not"] == "contacted_often", "customer_id"]) == [0, 2]
    found = list_contacts(scores, offer, policy=Policy(most=1, days=20), **options).customers
    assert found["recommended"].all()  # longer ago than counts


def test_each_team_contacts_as_many_as_it_can_in_each_week():
    scores = pd.DataFrame({"customer_id": range(12), "probability": np.linspace(0.9, 0.5, 12), "team": ["x", "y"] * 6})
    offer = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))
    room = Capacity(a_week={"x": 2, "y": 1}, weeks=2)
    found = list_contacts(scores, offer, value=200.0, capacity=room).customers
    assert room.round == found["recommended"].sum() == 6
    weeks = found[found["recommended"]].set_index("customer_id")["week"].to_dict()
    assert weeks == {0: 1, 2: 1, 4: 2, 6: 2, 1: 1, 3: 2}
    assert (Capacity().round, Capacity(a_week=50, weeks=4).round) == (None, 200)


def test_capacities_of_teams_that_do_not_fit_are_refused_all_at_once():
    population = flat()
    check_request(population, team="kind", team_capacity={"a": 3, "b": 0})
    with pytest.raises(ParameterError, match="no `team`"):
        check_request(population, team_capacity={"a": 3})
    with pytest.raises(ParameterError) as refused:
        check_request(population, team="kind", team_capacity={"a": -1, "c": 2})
    for told in ("missing: 'b'", "'c': no such team", "at least 0; below that: 'a'"):
        assert told in str(refused.value)
    population.today.loc[population.today.index[0], "kind"] = None
    with pytest.raises(ParameterError, match="have no team"):
        check_request(population, team="kind", team_capacity={"a": 3, "b": 0})


def test_teams_may_be_numbers_also_where_a_customer_has_none():
    """A numeric team was evaluated, and refused when the list was made."""
    crew = pd.Series(np.arange(400) % 3 + 1, dtype=float)
    crew[6] = np.nan
    population = flat(crew=crew)
    room = Capacity(a_week={"1": 2, "2": 1, "3": 0, "No team": 0})
    check_request(population, team="crew", team_capacity=room.a_week)
    with pytest.raises(ParameterError, match="missing: '3'"):
        check_request(population, team="crew", team_capacity={"1": 2, "2": 1, "No team": 0})
    assert read_teams(population.customers, "crew")[:8].tolist() == ["1", "2", "3", "1", "2", "3", None, "2"]
    offer = Offer(contact=1, incentive=10, acceptance=Acceptance(alpha=6, beta=14))
    scores = pd.DataFrame({"customer_id": population.today_ids, "probability": 0.5, "team": population.today["crew"]})
    found = list_contacts(scores, offer, value=200.0, capacity=room)
    assert found.by_team().set_index("team")["recommended"].to_dict() == {"1": 2, "2": 1, "3": 0, "No team": 0}


def test_directions_of_features_that_are_not_there_are_refused_before_anything_is_fitted():
    with pytest.raises(ParameterError) as refused:
        check_request(flat(), monotone={"nowhere": 1, "kind": 1, "worth": 2})
    for told in ("'nowhere': no such feature", "'kind': no such feature that holds numbers", "'worth': got 2"):
        assert told in str(refused.value)
    check_request(flat(), monotone={"worth": -1})


def test_values_are_those_of_a_column_and_unknown_ones_the_mean():
    worth = np.where(np.arange(400) % 2, 100.0, 300.0)
    worth[:4] = np.nan
    population = flat(worth=worth)
    values = read_values(population, population.customers, value=1.0, column="worth")
    mean = np.nanmean(worth)
    assert values.test[:4] == pytest.approx([mean] * 4)
    assert values.test[4:6].tolist() == [300, 100]
    assert len(values.today) == 300
    assert "3 active customers" in values.checks[0].message  # the first of four has left
    assert read_values(population, population.customers, value=7.0).today == 7.0


@pytest.mark.parametrize("column", ["nowhere", "kind"])
def test_a_column_without_numbers_is_refused_and_others_are_named(column):
    population = flat()
    with pytest.raises(ParameterError, match=r"value_column: .*there are .*worth"):
        read_values(population, population.customers, value=1.0, column=column)


def test_values_of_an_earlier_run_are_those_of_its_longest_horizon():
    population = flat()
    ids = population.today_ids[:290]
    frame = pd.DataFrame({"customer_id": ids, "value:12": 10.0, "value:36": np.arange(290.0), "value:lifetime": 99.0})
    told_by = {"customer_value": frame}
    run = SimpleNamespace(id="20250101-000000-aaaaaa", warnings=[], parameters={"today": None}, table=told_by.get)
    values = read_values(population, population.customers, value=1.0, earlier=run)
    assert values.today[:290].tolist() == list(range(290))
    assert values.today[290:] == pytest.approx([144.5] * 10)
    assert values.test == pytest.approx(144.5)  # it was made when the end of the test was known
    assert [check.status for check in values.checks] == ["pass", "warn"]
    assert "as if every customer were worth the mean, 144" in values.checks[1].message
    run.warnings = [{"name": "margin_known"}]
    told = read_values(population, population.customers, value=1.0, earlier=run).checks
    assert [check.name for check in told] == ["values", "values_are_revenue", "values_of_the_round"]
    with pytest.raises(ParameterError, match="got both"):
        read_values(population, population.customers, value=1.0, column="worth", earlier=run)
    empty = SimpleNamespace(
        id=run.id, warnings=[], parameters={}, table=lambda _: frame[["customer_id", "value:lifetime"]]
    )
    with pytest.raises(ParameterError, match="repeat it with `horizons`"):
        read_values(population, population.customers, value=1.0, earlier=empty)


@pytest.mark.parametrize(
    ("valued", "source", "own"),
    [
        ("2025-03-01", "transactions", True),
        ("2025-02-01", "transactions", True),
        ("2025-03-02", "transactions", False),
        ("2025-02-01", "subscriptions", False),  # contracts are valued at the end of the records, whatever is asked
    ],
)
def test_the_round_counts_each_customer_as_valued_before_it(valued, source, own):
    population = replace(flat(), source=source)
    seen = population.customers
    test = replace(seen, snapshots=np.full(len(seen), np.datetime64("2025-03-01")))
    frame = pd.DataFrame({"customer_id": seen.ids[:390], "value:12": np.arange(390.0)})
    told = {"customer_value": frame}
    run = SimpleNamespace(id="20250101-000000-aaaaaa", warnings=[], parameters={"today": valued}, table=told.get)
    values = read_values(population, test, value=1.0, earlier=run)
    told = next(check for check in values.checks if check.name == "values_of_the_round")
    if own:
        assert np.asarray(values.test)[:390].tolist() == list(range(390))  # of those who left too
        assert np.asarray(values.test)[390:] == pytest.approx([194.5] * 10)
        assert (told.status, "of 10 it said nothing" in told.message) == ("pass", True)
    else:
        assert values.test == pytest.approx(194.5)
        assert ("today=2025-03-01" in told.message) == (source == "transactions")
