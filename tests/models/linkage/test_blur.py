"""What answers that lie months apart make of slopes: against closed forms, and against a panel whose truth is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from benchmarks.validation.estimates import effects_of
from benchmarks.validation.worlds import made
from tests.models.linkage.panels import ORIGIN, answers_of, panel

from workbench.models.linkage.answers import Answers, read_answers
from workbench.models.linkage.blur import fit_blur, slopes_of
from workbench.models.linkage.customer_months import CustomerMonths, customer_months
from workbench.models.linkage.halo import Halo
from workbench.models.linkage.persistence import Persistence, fit_persistence
from workbench.models.linkage.unseen import unseen_in_score
from workbench.simulate.block import SIZE
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.history import live
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.trials import Trials
from workbench.simulate.records import _SLOTS, _number, blocks

KEEP = 0.8


def asked(every: int, *, customers=2000, months=25, day=1) -> tuple[Answers, CustomerMonths]:
    """Answers on one day of every so manieth month, and the months of customers who have answered."""
    who, month = (each.ravel() for each in np.indices((customers, months)))
    kept = month % every == 0
    given = np.datetime64("2024-01", "M") + month[kept].astype("timedelta64[M]")
    many = int(kept.sum())
    answers = Answers(
        ids=np.arange(customers),
        customer=who[kept],
        month=month[kept],
        timestamp=given.astype("datetime64[s]") + np.timedelta64(day - 1, "D"),
        origin=pd.Period("2024-01", "M"),
        drivers=("a",),
        labels=("a",),
        lowest=np.zeros(1),
        highest=np.ones(1),
        outcome=np.ones(many),
        ratings=np.random.default_rng(2).normal(size=(many, 1)),
        used=np.ones((many, 1), bool),
        reference=np.zeros(1),
        effects=np.ones((2, 1)),
        use=np.zeros((2, 1)),
    )
    rows = month > 0
    blank = np.zeros(int(rows.sum()))
    followed = CustomerMonths(
        customer=who[rows],
        month=month[rows],
        exposure=blank + 1,
        reason=blank.astype(int) - 1,
        reasons=(),
        orders=blank,
        satisfaction=blank,
        covariates=blank[:, None],
        names=("none",),
        calendar=blank.astype(int) + 1,
    )
    return answers, followed


def lasting(*, between=0.0, within=1.0, noise=1e-9) -> Persistence:
    return Persistence(mean=0.0, between=between, within=within, noise=noise, keep=KEEP, pairs=9999)


def slopes(found: Persistence, every: int, **kind) -> dict[str, float]:
    answers, months = asked(every, **kind)
    drawn = np.mean([slopes_of(found, found, answers, months, seed=[1, each]) for each in range(4)], axis=0)
    return dict(zip(("within", "middle", "between", "whole", "level"), drawn, strict=True))


def by_hand(every: int, months=25) -> float:
    """Of what comes and goes, seen without noise: what is told of month t is k^(t-s) S(s), s the answer before it."""
    t = np.arange(1, months)
    s = (t - 1) // every * every
    told = KEEP ** (t - s)
    centre = np.eye(len(t)) - 1 / len(t)
    with_truth = KEEP ** np.abs(s[:, None] - t) * told[:, None]
    with_itself = KEEP ** np.abs(s[:, None] - s) * told[:, None] * told
    return float(np.trace(centre @ with_truth) / np.trace(centre @ with_itself))


@pytest.mark.parametrize("every", [1, 3, 6])
def test_the_slope_within_is_that_of_its_closed_form_at_known_distances(every):
    assert slopes(lasting(), every)["within"] == pytest.approx(by_hand(every), abs=0.03)


def test_answers_of_every_month_without_noise_tell_all_where_customers_are_followed_for_long():
    long = slopes(lasting(), 1, customers=300, months=241)
    assert by_hand(1, 241) == pytest.approx(1.0, abs=0.05)
    assert long["within"] == pytest.approx(1.0, abs=0.06)
    assert long["whole"] == pytest.approx(1.0, abs=0.02)  # what is told of a month is what is expected of it


def test_what_never_changes_within_customers_tells_nothing_within_them():
    still = slopes(lasting(between=1.0, within=0.0, noise=0.5), 3)
    assert still["within"] == pytest.approx(0.0, abs=1e-6)
    assert still["level"] == pytest.approx(1.0, abs=0.06)


def test_an_answer_of_the_last_day_is_hardly_older_than_the_month_that_follows():
    """The filter counts a month from the first to the last day, so what was told late stands for more: by 1 / keep."""
    late, early = (slopes(lasting(), 1, day=day) for day in (28, 1))
    assert late["whole"] == pytest.approx(1 / KEEP, abs=0.04)
    assert late["within"] > early["within"] + 0.1
    assert late["middle"] < late["within"]  # who acts later acts on something else


def test_noise_of_answers_is_held_by_what_a_point_stands_for():
    """Effects are learnt on scores with their noise: a point of what lasts stands for more by that."""
    known = lasting(between=1.0, within=1.0, noise=0.5)
    noisy, quiet = (slopes(each, 1, months=241, customers=60) for each in (known, replace(known, noise=1e-9)))
    assert noisy["within"] == pytest.approx(1.25, abs=0.12)
    assert quiet["within"] == pytest.approx(1.0, abs=0.06)


def test_what_is_read_by_a_wrong_persistence_is_held_to_the_true_one():
    """Without noise, answers of every month are read as k' S where they say k S: the slope is k / k'."""
    answers, months = asked(1)
    wrong = replace(lasting(), keep=0.5)
    drawn = np.mean([slopes_of(lasting(), wrong, answers, months, seed=[1, each]) for each in range(4)], axis=0)
    assert drawn[0] == pytest.approx(by_hand(1) * KEEP / 0.5, abs=0.05)


@pytest.fixture(scope="module")
def lived():
    surveys, effects, satisfaction, _ = panel()
    answers = answers_of(surveys, effects)
    persistence = fit_persistence(answers)
    contracts = pd.DataFrame({"customer_id": answers.ids, "start": ORIGIN, "end": pd.NaT})
    contracts["end"] = pd.to_datetime(contracts["end"])
    months = customer_months(answers, persistence, contracts, until=ORIGIN + pd.DateOffset(months=24))
    who = np.array([int(name[1:]) for name in answers.ids])
    return answers, persistence, months, satisfaction[who]


def test_it_is_what_the_panel_shows_whose_satisfaction_is_known(lived):
    answers, persistence, months, satisfaction = lived
    found = fit_blur(answers, persistence, months, carry=1.0, unseen=lambda *_: None, random_seed=1)
    begun = satisfaction[months.customer, months.month - 1]
    mean = months.own_mean
    columns = np.column_stack([np.ones(len(months)), mean, months.satisfaction - mean])
    _, between, within = np.linalg.lstsq(columns, begun, rcond=None)[0]
    assert found.within == pytest.approx(within, abs=2 * found.within_error)
    assert found.between == pytest.approx(between, rel=0.08)
    assert 0.02 < found.within_error < 0.3


def test_the_same_seed_gives_the_same_and_too_few_pairs_for_halves_do_not_stop_it(lived):
    answers, persistence, months, _ = lived
    some, few = ((answers.of_rows(answers.customer < n), months.of_rows(months.customer < n)) for n in (200, 20))
    once, again = (
        fit_blur(some[0], persistence, some[1], carry=1.0, unseen=lambda *_: 0.1, random_seed=1) for _ in "ab"
    )
    assert once == again
    assert once.unseen_error > 0
    found = fit_blur(few[0], persistence, few[1], carry=1.0, unseen=lambda *_: None, random_seed=1)
    assert found.unseen is None
    assert 0.4 < found.within < 1.2


def test_the_unseen_share_is_told_by_halo_and_by_what_lasts_beside_ratings(lived):
    answers, persistence, *_ = lived
    halo = Halo(points=np.full(50, 0.3), reported=np.full(50, (1 - 1 / 1.4) / 0.3), pairs=1000)
    loyal = np.random.default_rng(3).normal(0, 0.8, len(answers.ids))[answers.customer]
    noise = np.random.default_rng(4).logistic(size=len(loyal))
    faithful, plain = (replace(answers, outcome=answers.score + each + noise) for each in (loyal, 0 * loyal))
    more, less = (unseen_in_score(each, persistence, halo) for each in (faithful, plain))
    assert more > 4 * less >= 0
    assert unseen_in_score(faithful, persistence, replace(halo, pairs=0)) is None
    assert unseen_in_score(faithful, persistence, replace(halo, points=0 * halo.points)) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("texts", [("seed=14", "halo=0", "confounding=0"), ("seed=11",), ("seed=13", "response=0.7")])
def test_it_is_what_a_simulated_company_shows_whose_satisfaction_is_known(texts):
    """Measured: .75 beside .77, .75 beside .83, 1.02 beside .97 of what satisfaction moves for a point of it."""
    world = made([*texts, "warning=0"])
    answers = read_answers(
        world.tables["surveys"], world.dataset.tables["surveys"].columns, effects_of(world, world.settings.seed)
    )
    persistence = fit_persistence(answers)
    until = pd.Timestamp(world.settings.first_day) + pd.DateOffset(months=world.settings.months)
    months = customer_months(answers, persistence, world.tables["subscriptions"], until=until)
    found = fit_blur(answers, persistence, months, carry=1.0, unseen=lambda *_: None, random_seed=1)
    begun, after = satisfactions(world, answers)
    place = pd.Series(np.arange(len(answers.ids)), index=answers.ids)
    true = begun.reindex(pd.MultiIndex.from_arrays([place.index[months.customer], months.month])).to_numpy()
    given = after.reindex(pd.MultiIndex.from_arrays([answers.ids[answers.customer], answers.month])).to_numpy()
    seen = np.isfinite(true)
    assert seen.mean() > 0.99
    within = (months.satisfaction - months.own_mean)[seen]
    # In points of the score as it is given: log-odds given ratings are smaller than those given satisfaction.
    point = np.polyfit(answers.score[np.isfinite(given)], given[np.isfinite(given)], 1)[0]
    assert found.within == pytest.approx(within @ true[seen] / (within @ within) / point, rel=0.15)


def satisfactions(world, answers):
    """Satisfaction by customer and month of the answers: at the beginning of the month, and at its end."""
    settings, rows = world.settings, []
    for first, size in blocks(settings.customers, SIZE):
        noise = Noise(settings.seed, first, size)
        trials = Trials(settings, world.initiatives, keep=False)
        lived = live(
            world_of(settings), noise, settings.months, calendar=settings.first_day.month, trials=trials, surveys=False
        )
        for each in lived:
            there = np.flatnonzero(each.people.active)
            if each.month >= 0:
                who = _number("C", each.people.generation[there] * _SLOTS + first + there).to_pandas()
                felt = {"begun": each.begun[there], "after": each.people.satisfaction[there]}
                rows.append(pd.DataFrame({"who": who.astype(str), "month": each.month, **felt}))
    found = pd.concat(rows)
    found["month"] -= (answers.origin - pd.Period(settings.first_day, "M")).n
    found = found.set_index(["who", "month"])
    return found["begun"], found["after"]
