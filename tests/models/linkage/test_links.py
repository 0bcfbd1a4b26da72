"""The links from experience to behaviour, each against a truth that is planted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.models.linkage.panels import ORIGIN, answers_of, panel

from workbench.errors import DataError
from workbench.exhibits import Table, flatten
from workbench.findings import Check
from workbench.models.linkage.blur import Blur, fit_blur
from workbench.models.linkage.borrowed import borrowed_effects
from workbench.models.linkage.carry import Carry, fit_carry
from workbench.models.linkage.complaints import Complaints
from workbench.models.linkage.customer_months import CustomerMonths, customer_months, reasons_of
from workbench.models.linkage.halo import Halo, fit_halo
from workbench.models.linkage.notice import fit_notice
from workbench.models.linkage.persistence import Persistence, fit_persistence
from workbench.models.linkage.slopes import Shared, Slope, Slopes, fit_slopes
from workbench.models.linkage.unseen import lasting_variance, reply_slope

CARRY = Carry(points=0.8, answers=400, error=0.16)
PLAIN = Carry(points=1.0, answers=0)


def shared(draws=4000, *, seed=1, unseen=None):
    """As many draws of what slopes have in common; where nothing is known, unseen traits make up to a quarter."""
    return Shared.of(Blur(unseen=unseen), draws, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def plain():
    return panel()


@pytest.fixture(scope="module")
def answers(plain):
    return answers_of(*plain[:2])


def test_a_score_is_what_its_ratings_add_up_to(answers):
    expected = (answers.ratings - answers.reference) @ np.array([0.5, 0.4, 0.3])
    assert np.allclose(answers.score, expected)


def test_a_draw_of_larger_effects_has_a_slope_smaller_by_as_much(plain):
    surveys, effects, *_ = plain
    larger = effects.assign(effect=effects["effect"] * np.where(effects["draw"] < 25, 0.8, 1.2))
    share = answers_of(surveys, larger).share_of_score
    assert np.allclose(share[:25], 1 / 0.8)
    assert np.allclose(share[25:], 1 / 1.2)


def test_the_last_answer_of_a_month_counts_and_answers_of_nobody_do_not(plain):
    surveys, effects, *_ = plain
    first = surveys.iloc[:1]
    later = first.assign(timestamp=first["timestamp"] + pd.DateOffset(days=1), a=9.0)
    found = answers_of(pd.concat([surveys, later, first.assign(customer_id=None)]), effects)
    assert len(found.customer) == len(surveys)
    row = (found.ids[found.customer] == first["customer_id"].iloc[0]) & (found.month == 0)
    assert found.ratings[row, 0].tolist() == [9.0]


def test_answers_without_customers_and_effects_of_other_items_are_refused(plain):
    surveys, effects, *_ = plain
    with pytest.raises(DataError, match="no column 'customer_id'"):
        answers_of(surveys.drop(columns="customer_id"), effects)
    with pytest.raises(DataError, match="combine_items"):
        answers_of(surveys, effects.replace({"driver": {"a": "perq"}}))


def test_persistence_is_that_of_satisfaction(plain, answers):
    found = fit_persistence(answers)
    # Each touchpoint has variance 1 of the customer and 1 that comes and goes, and weights .5, .4, .3.
    assert found.between == pytest.approx(0.5, abs=0.08)
    assert found.between + found.within + found.noise == pytest.approx(answers.score.var())
    satisfaction = plain[2]
    for lag in (3, 6, 12):
        true = np.corrcoef(satisfaction[:, 9], satisfaction[:, 9 + lag])[0, 1]
        assert found.correlation(lag) == pytest.approx(true, abs=0.06)


def test_the_filter_is_the_best_linear_prediction_from_earlier_answers(answers):
    known = Persistence(mean=0.1, between=0.5, within=0.4, noise=0.2, keep=0.8, pairs=1000)
    satisfaction = known.filtered(answers, 24)
    who = int(np.bincount(answers.customer).argmax())
    mine = answers.customer == who
    months, scores = answers.month[mine], answers.score[mine] - 0.1
    at = int(months[3]) + 2
    covariance = 0.5 + 0.4 * 0.8 ** np.abs(months[:4, None] - months[:4]) + 0.2 * np.eye(4)
    weights = np.linalg.solve(covariance, scores[:4])
    if months[4] > at:
        assert satisfaction[who, at] == pytest.approx(0.1 + (0.5 + 0.4 * 0.8 ** (at - months[:4])) @ weights)
    assert np.isnan(satisfaction[who, : months[0] + 1]).all()


def test_too_few_pairs_are_said(plain):
    surveys, effects, *_ = plain
    with pytest.raises(DataError, match="pairs of answers"):
        fit_persistence(answers_of(surveys.drop_duplicates("customer_id"), effects))


@pytest.mark.parametrize("halo", [0.0, 0.4])
def test_halo_is_found_from_touchpoints_that_were_not_visited(halo):
    surveys, effects, _, visits = panel(halo=halo, seed=3)
    found = fit_halo(answers_of(surveys, effects), visits, random_seed=1)
    assert found.points.mean() == pytest.approx(halo, abs=0.02)
    assert found.factor.mean() == pytest.approx(1 + halo * 1.2, rel=0.03)


def test_a_touchpoint_may_be_named_as_its_item_is_called():
    surveys, effects, _, visits = panel(customers=600, halo=0.4, seed=3)
    called = visits.replace({"touchpoint": {"a": "Shop"}})
    by_name, by_label = (fit_halo(answers_of(surveys, effects), each, random_seed=1) for each in (visits, called))
    assert by_name.pairs == by_label.pairs > 300


def test_without_contacts_halo_cannot_be_told_and_effects_stay_as_they_are(answers):
    found = fit_halo(answers, None, random_seed=1)
    assert not found.known
    assert (found.factor == 1).all()
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert check.status == "warn"


@pytest.mark.parametrize(("factor", "status"), [(1.4, "pass"), (1.7, "pass"), (1.8, "warn"), (2.5, "warn")])
def test_strong_halo_is_warned_of(factor, status):
    found = Halo(points=np.full(50, 0.5), reported=np.full(50, (1 - 1 / factor) / 0.5), pairs=1000)
    (check,) = [each for each in flatten([found]) if isinstance(each, Check)]
    assert (check.status, check.value) == (status, pytest.approx(factor))
    assert str(factor) in str(check.message)


def test_a_calibrated_prediction_carries_one_for_one(answers):
    found = fit_carry(answers, fit_persistence(answers))
    # Satisfaction is the score itself here, and what a logit sees of a prediction is 1 less what it cannot know.
    assert found.points == pytest.approx(0.95, abs=0.12)


def later_answers(customers=400, each=2, sd=0.6, seed=1, carries=lambda known: known, unseen=1.0):
    """Answers whose prediction is known; what is not predicted of a customer is the same in all their answers."""
    random = np.random.default_rng(seed)
    known = np.tile(random.normal(0, sd, (customers, 1)), each)
    felt = carries(known) + random.normal(0, unseen, (customers, 1)) + random.logistic(size=known.shape)
    who, month = np.indices(known.shape).reshape(2, -1)
    outcome = 1.0 + np.digitize(felt, [-2.5, -1.2, 0.0, 1.5]).ravel()
    answers = SimpleNamespace(ids=np.arange(customers), customer=who, month=month, outcome=outcome)
    return answers, SimpleNamespace(filtered=lambda *_: known)


@pytest.mark.slow
def test_a_carry_is_known_as_well_as_it_varies_from_one_company_to_the_next():
    found = [fit_carry(*later_answers(seed=seed)) for seed in range(200)]
    spread = np.std([each.points for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(
        spread, rel=0.15
    )  # of 200 it is known to a twentieth


def test_an_answer_given_twice_tells_no_more():
    answers, persistence = later_answers(each=1)
    once = fit_carry(answers, persistence)
    known = np.tile(persistence.filtered(), 2)
    twice = SimpleNamespace(
        ids=answers.ids,
        customer=np.repeat(answers.customer, 2),
        month=np.tile([0, 1], len(answers.customer)),
        outcome=np.repeat(answers.outcome, 2),
    )
    again = fit_carry(twice, SimpleNamespace(filtered=lambda *_: known))
    assert (again.points, again.error) == (pytest.approx(once.points), pytest.approx(once.error))


def bent(known):
    """A point of a prediction stands for .56 at -1.1 and for 1.44 at 1.1."""
    return known + 0.2 * known**2


def test_a_point_among_the_dissatisfied_may_stand_for_less_than_one_at_the_top():
    found = fit_carry(*later_answers(customers=6000, sd=0.8, carries=bent))
    low, middle, high = np.diff(found.told(np.array([-1.4, -0.8, -0.3, 0.3, 0.8, 1.4])))[[0, 2, 4]] / 0.6
    # A logit shrinks by what it cannot know of a customer: by 1 / sqrt(1 + .346).
    assert [low, middle, high] == pytest.approx([0.56 * 0.86, 1.0 * 0.86, 1.44 * 0.86], abs=0.12)
    assert found.doubt(np.full(9, -1.5)) > found.doubt(np.zeros(9)) > 0
    straight = fit_carry(*later_answers(customers=6000, sd=0.8))
    assert np.diff(straight.told(np.array([-1.0, 0.0, 1.0]))) == pytest.approx([straight.points] * 2, rel=0.1)


@pytest.mark.slow
def test_the_doubt_of_a_curve_is_how_far_it_varies_from_one_company_to_the_next():
    found = [fit_carry(*later_answers(sd=0.8, seed=seed, carries=bent)) for seed in range(200)]
    rise = np.array([np.diff(each.told(np.array([-1.05, -0.95])))[0] for each in found])
    # A share of the rise; shares are not averaged, since those of the few rises that came out near nothing are huge.
    errors = rise * [each.doubt(np.array([-1.0])) for each in found]
    assert np.std(rise) == pytest.approx(np.mean(errors), rel=0.2)


def test_slopes_of_leaving_go_by_the_curve_for_leavers_stand_at_its_lower_end():
    """Leaving follows what is felt by -1."""
    random = np.random.default_rng(4)
    customers, months = 8000, 6
    known = random.normal(0, 0.8, (customers, 1)) * np.ones((1, months))
    rate = 0.01 * np.exp(-bent(known))
    left = random.random(known.shape) < -np.expm1(-rate)
    there = np.cumsum(left, axis=1) - left == 0
    who, month = np.nonzero(there)
    blank = np.zeros(len(who))
    followed = CustomerMonths(
        customer=who,
        month=month,
        exposure=blank + 1,
        reason=np.where(left[who, month], 0, -1),
        reasons=("service",),
        orders=blank * np.nan,
        satisfaction=known[who, month],
        covariates=blank[:, None],
        names=("none",),
        calendar=blank.astype(int) + 1,
    )
    carry = fit_carry(*later_answers(customers=6000, sd=0.8, carries=bent, unseen=0.0))
    curved = fit_slopes(followed, carry, Blur()).leaving[0]
    line = fit_slopes(followed, replace(carry, knots=()), Blur()).leaving[0]
    assert curved.between == pytest.approx(-1.0, abs=2.5 * curved.between_error)
    assert line.between > curved.between + 0.15


def test_a_carry_that_may_be_nothing_counts_as_one_and_that_is_said():
    weak = fit_carry(*later_answers(customers=160, sd=0.05))
    assert (weak.points, weak.error, weak.answers) == (1.0, 0.0, 320)
    for carry, status in ((weak, "warn"), (Carry(points=0.8, answers=900, error=0.1), "pass")):
        assert [each.status for each in flatten([carry]) if isinstance(each, Check)] == [status]


def behaviour(satisfaction, *, leaving=-0.9, orders=0.3, seed=5):
    """Contracts and orders of customers who act in a month by what they felt at its beginning."""
    random = np.random.default_rng(seed)
    customers, months = satisfaction.shape
    satisfaction = np.roll(satisfaction, 1, axis=1)
    satisfaction[:, 0] = satisfaction[:, 1]
    ends, bought = [], []
    for who in range(customers):
        end = None
        for month in range(months):
            for _ in range(random.poisson(0.5 * np.exp(orders * satisfaction[who, month]))):
                bought.append((f"c{who:05}", ORIGIN + pd.DateOffset(months=month, days=int(random.integers(28))), 10.0))
            if random.uniform() < -np.expm1(-0.015 * np.exp(leaving * satisfaction[who, month])):
                end = ORIGIN + pd.DateOffset(months=month, days=int(random.integers(1, 28)))
                break
        ends.append((f"c{who:05}", ORIGIN, end, "service" if end is not None else None))
    contracts = pd.DataFrame(ends, columns=["customer_id", "start", "end", "end_reason"])
    contracts["end"] = pd.to_datetime(contracts["end"])
    orders_ = pd.DataFrame(bought, columns=["customer_id", "timestamp", "amount"])
    return contracts, orders_[
        orders_["timestamp"]
        < orders_["customer_id"].map(contracts.set_index("customer_id")["end"]).fillna(pd.Timestamp.max)
    ]


@pytest.fixture(scope="module")
def lived(plain, answers):
    contracts, orders = behaviour(plain[2])
    until = ORIGIN + pd.DateOffset(months=24)
    persistence = fit_persistence(answers)
    months = customer_months(answers, persistence, contracts, until=until, transactions=orders)
    return months, contracts, orders


@pytest.fixture(scope="module")
def blur(lived, answers):
    return fit_blur(answers, fit_persistence(answers), lived[0], carry=1.0, unseen=lambda *_: 0.0, random_seed=1)


def test_customer_months_hold_those_who_had_answered_and_were_there(lived, answers):
    months, contracts, orders = lived
    first = pd.Series(answers.month).groupby(answers.customer).min()
    assert (months.month > first.reindex(months.customer).to_numpy()).all()
    who = contracts.set_index("customer_id")["end"].reindex(answers.ids)
    gone = (who.dt.year - ORIGIN.year) * 12 + who.dt.month - 1
    stays = months.month <= gone.fillna(99).to_numpy()[months.customer]
    assert stays.all()
    assert (months.reason >= 0).sum() == int((gone > first.reindex(range(len(gone))).to_numpy()).sum())
    assert months.exposure.min() > 0
    assert months.exposure.max() == pytest.approx(1.0)
    assert months.orders.sum() <= len(orders)


def test_open_complaints_of_the_three_months_before_count_also_those_before_the_first_answer(lived, answers):
    months, contracts, _ = lived
    who = next(each for each in answers.customer[answers.month == 0] if (months.customer == each).sum() >= 5)
    one = str(answers.ids[who])
    complaints = pd.DataFrame(
        [(one, -3), (one, -2), (one, -2), (one, 0), (one, 1), (one, 24), ("nobody", 0)],
        columns=["customer_id", "month"],
    )
    complaints["timestamp"] = [ORIGIN + pd.DateOffset(months=month, days=9) for month in complaints["month"]]
    complaints = complaints.assign(complaint=True, resolved_first_contact=False)
    found = customer_months(
        answers,
        fit_persistence(answers),
        contracts,
        until=ORIGIN + pd.DateOffset(months=24),
        interactions=pd.concat([complaints, complaints.assign(resolved_first_contact=True)]),
    )
    counts = found.covariates[:, found.names.index("open_complaints")]
    assert counts[found.customer == who][:5].tolist() == [3, 2, 2, 1, 0]
    assert counts[found.customer != who].sum() == 0
    assert len(found) == len(months)


def test_leavers_who_name_no_reason_have_one_of_their_own():
    named = pd.DataFrame({"end_reason": pd.Categorical(["price", None, " "])})
    assert reasons_of(named).tolist() == ["price", "no reason given", "no reason given"]
    assert reasons_of(pd.DataFrame({"end": [1, 2]})).tolist() == ["no reason given"] * 2


def test_slopes_are_those_of_satisfaction_and_not_of_an_answer(lived, blur):
    slopes = fit_slopes(lived[0], PLAIN, blur)
    (service,) = slopes.leaving
    assert abs(service.between + 0.9) < 2.5 * service.between_error
    assert service.between_error < 0.12
    assert slopes.orders is not None
    for slope, error in (
        (slopes.orders.within, slopes.orders.within_error),
        (slopes.orders.between, slopes.orders.between_error),
    ):
        assert abs(slope - 0.3) < 2.5 * error
    assert slopes.orders.draw(shared(unseen=0.0), np.random.default_rng(1)).mean() == pytest.approx(0.3, abs=0.06)


def test_the_doubt_about_the_carry_is_in_slopes_and_their_measure_goes_with_it(lived, blur):
    """Delta method: the error of b / c is that of b over c, and b / c times the relative error of c."""
    plain, found = (fit_slopes(lived[0], each, blur) for each in (PLAIN, CARRY))
    for sure, unsure in ((plain.leaving[0], found.leaving[0]), (plain.orders, found.orders)):
        assert unsure.between == pytest.approx(sure.between / 0.8, rel=1e-4)  # the ridge has its unit
        assert unsure.between_error == pytest.approx(np.hypot(sure.between_error / 0.8, unsure.between * 0.2))
        assert (sure.carry_error, unsure.carry_error) == (0.0, pytest.approx(0.2))
    assert found.orders.within_error == plain.orders.within_error  # that end is not divided by the carry
    assert found.deviation == pytest.approx(0.8 * blur.whole * lived[0].satisfaction.std())


def test_the_error_of_the_carry_is_one_error_of_all_slopes():
    """By hand: slopes of -1 and -.5 whose carry is off by a tenth are off together by .15, not by .112; each has its
    own error of .02 beside that."""
    kind = {"events": 900, "carry_error": 0.1}
    errors = [np.hypot(0.02, 0.1), np.hypot(0.02, 0.05)]
    slopes = [
        Slope(outcome=str(each), between=each, between_error=error, **kind)
        for each, error in zip((-1.0, -0.5), errors, strict=True)
    ]
    for drawn in (
        [each.draw(shared(20_000, unseen=0.0), np.random.default_rng(10 + i)) for i, each in enumerate(slopes)],
        [each.end("between", shared(20_000), np.random.default_rng(10 + i)) for i, each in enumerate(slopes)],
    ):
        assert [each.std() for each in drawn] == pytest.approx(errors, rel=0.02)
        assert np.sum(drawn, axis=0).std() == pytest.approx(np.hypot(0.15, 0.02 * np.sqrt(2)), rel=0.02)
        assert np.corrcoef(drawn)[0, 1] == pytest.approx(
            0.1 * 0.05 / np.hypot(0.02, 0.1) / np.hypot(0.02, 0.05), abs=0.02
        )


def test_without_leavers_the_link_is_not_learnt_and_that_is_said(lived):
    months = lived[0]
    few = replace(months, reason=np.where(np.cumsum(months.reason >= 0) <= 10, months.reason, -1))
    slopes = fit_slopes(few, PLAIN, Blur())
    (slope,) = slopes.leaving
    assert slope.between_error > 3 * fit_slopes(months, PLAIN, Blur()).leaving[0].between_error
    assert slopes.unlearnt == (("service", 10),)
    none = replace(months, reason=np.where(np.cumsum(months.reason >= 0) <= 4, months.reason, -1))
    assert fit_slopes(none, PLAIN, Blur()).leaving == ()
    said = {each.name: each.status for each in flatten([slopes]) if isinstance(each, Check)}
    assert said["link_learnt"] == "warn"


def test_two_ends_that_agree_are_pooled_and_ends_that_part_leave_the_one_within():
    random = np.random.default_rng(1)
    alike = Slope(outcome="orders", events=900, between=0.2, between_error=0.01, within=0.19, within_error=0.2)
    assert alike.draw(shared(), random).mean() == pytest.approx(0.2 * 0.875, abs=0.002)  # the other end says nothing
    parted = Slope(outcome="orders", events=900, between=1.0, between_error=0.01, within=0.2, within_error=0.02)
    drawn = parted.draw(shared(), random)
    # By hand: the excess of .675 squared over both variances makes the one between worth 1 in 1,139.
    assert drawn.mean() == pytest.approx(0.2006, abs=0.001)
    assert drawn.std() == pytest.approx(0.02, rel=0.05)
    assert parted.parted == pytest.approx(0.8 / np.hypot(0.01, 0.02))
    assert parted.end("between", shared(), random).mean() == pytest.approx(1.0, abs=0.001)
    assert parted.end("within", shared(), random).mean() == pytest.approx(0.2, abs=0.002)


def test_an_end_within_that_is_high_by_chance_does_not_win():
    """Unseen traits make the end between too high and never too low, so both ends are weighted by their errors."""
    chance = Slope(outcome="orders", events=900, between=0.30, between_error=0.02, within=0.60, within_error=0.15)
    drawn = chance.draw(shared(20_000), np.random.default_rng(1))
    # By hand: .2625 with variance (.875 · .02)² + .075² / 12 = .000775 against .60 with .0225.
    assert drawn.mean() == pytest.approx((0.2625 / 0.000775 + 0.60 / 0.0225) / (1 / 0.000775 + 1 / 0.0225), abs=1e-3)
    assert drawn.std() == pytest.approx((1 / 0.000775 + 1 / 0.0225) ** -0.5, rel=0.03)


def test_the_table_of_slopes_says_what_was_done_to_them(lived, blur):
    captions = [
        each.caption
        for known in (blur, replace(blur, unseen=None))
        for each in flatten([fit_slopes(lived[0], PLAIN, known)])
        if isinstance(each, Table)
    ]
    assert all(f"divided by {blur.within:.3g}" in each for each in captions)
    assert ["up to 25%" in each.lower() for each in captions] == [False, True]
    assert ["an assumption" in each for each in captions] == [False, True]


@pytest.mark.parametrize(
    ("within", "unseen", "status", "said"),
    [
        (0.2, None, "warn", "something unseen makes"),
        (0.95, 0.05, "pass", "alike"),
        (0.95, 0.15, "warn", "15% of what"),
        (None, None, "warn", "too far apart"),
    ],
)
def test_ends_that_part_are_warned_of_and_ratings_coloured_by_what_lasts_unseen(within, unseen, status, said):
    error = None if within is None else 0.1
    orders = Slope(outcome="orders", events=900, between=1.0, between_error=0.1, within=within, within_error=error)
    slopes = Slopes(leaving=(), orders=orders, unlearnt=(), deviation=1.0, blur=Blur(unseen=unseen))
    (check,) = [each for each in flatten([slopes]) if isinstance(each, Check) and each.name == "confounding"]
    assert check.status == status
    assert said in check.message


def left_quietly(share, months=4, seed=4):
    """Contracts of which a third end; whoever will go does a share of what others do in the months before."""
    random = np.random.default_rng(seed)
    rows, done = [], []
    for who in range(900):
        end = int(random.integers(18, 30)) if who % 3 == 0 else None
        rows.append(
            (f"c{who}", ORIGIN, ORIGIN + pd.DateOffset(months=end + 1) if end else pd.NaT, "price" if end else None)
        )
        for month in range(30 if end is None else end + 1):
            quiet = end is not None and end - month <= months
            done.append((f"c{who}", ORIGIN + pd.DateOffset(months=month), random.poisson(8 * (share if quiet else 1))))
    contracts = pd.DataFrame(rows, columns=["customer_id", "start", "end", "end_reason"])
    return contracts, pd.DataFrame(done, columns=["customer_id", "timestamp", "value"])


def test_the_wait_from_decision_to_end_is_read_off_what_leavers_no_longer_do():
    until = ORIGIN + pd.DateOffset(months=30)
    contracts, done = left_quietly(0.5)
    found = fit_notice(done, contracts, until=until, origin=ORIGIN.to_period("M"))
    assert found.shares["price"][4] > 0.85  # all of them decided four months before
    drawn = found.draw("price", 1000, np.random.default_rng(1))
    assert np.allclose(drawn.sum(axis=1), 1)
    assert drawn[:, 0].mean() == pytest.approx(0.25, abs=0.05)
    contracts, done = left_quietly(1.0)
    nothing = fit_notice(done, contracts, until=until, origin=ORIGIN.to_period("M"))
    assert not nothing.shares
    assert nothing.draw("price", 3, np.random.default_rng(1))[:, 0].tolist() == [1, 1, 1]


def test_what_lasts_beside_ratings_is_read_off_answers_far_apart(plain):
    surveys, effects, *_ = plain
    shown = answers_of(surveys, effects)
    persistence = fit_persistence(shown)
    assert lasting_variance(shown, persistence) == pytest.approx(0.5, abs=0.12)  # .5² + .4² + .3²
    loyal = np.random.default_rng(3).normal(0, 1.0, len(shown.ids))[shown.customer]
    noisy = replace(shown, outcome=shown.score + loyal + np.random.default_rng(4).logistic(size=len(loyal)))
    assert lasting_variance(noisy, persistence) == pytest.approx(1.5, abs=0.3)  # + 1 of loyalty, ± .1 in 1,500


def test_who_answers_again_tells_whom_answers_stand_for(plain, answers):
    satisfaction = plain[2]
    random = np.random.default_rng(6)
    who = np.array([int(name[1:]) for name in answers.ids])
    chance = 0.25 * np.exp(0.4 * satisfaction[who[answers.customer], answers.month])
    kept = np.flatnonzero(random.uniform(size=len(answers.customer)) < chance)
    fewer = replace(
        answers,
        **{
            name: getattr(answers, name)[kept]
            for name in ("customer", "month", "timestamp", "outcome", "ratings", "used")
        },
    )
    contracts = pd.DataFrame({"customer_id": answers.ids, "start": ORIGIN, "end": pd.NaT})
    until = ORIGIN + pd.DateOffset(months=24)
    persistence = fit_persistence(answers)
    months = customer_months(fewer, persistence, contracts, until=until)
    assert reply_slope(fewer, months) == pytest.approx(0.4, abs=0.12)


def test_of_leaving_unseen_traits_may_make_up_a_share_of_the_slope():
    service = Slope(outcome="service", events=900, between=-1.0, between_error=1e-6)
    drawn = service.draw(shared(), np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(-0.875, abs=0.005)
    assert drawn.max() < -0.749
    known = service.draw(shared(unseen=0.1), np.random.default_rng(1))  # up to twice as strong as satisfaction
    # A point told of satisfaction is .1 unseen, which may do twice what satisfaction does: 1 / (1 + .1 k), k up to 2.
    assert known.mean() == pytest.approx(-np.log(1.2) / 0.2, abs=0.005)
    assert (known.min(), known.max()) == (pytest.approx(-1.0, abs=0.01), pytest.approx(-1 / 1.2, abs=0.01))
    price = Slope(outcome="price", events=900, between=-0.5, between_error=1e-6)
    assert np.allclose(price.draw(shared(), np.random.default_rng(2)), drawn / 2, atol=1e-4)  # the same traits


def test_loyalty_that_nobody_sees_parts_the_slopes_of_orders(plain, answers, blur):
    """Loyal customers order more and rate a little better: between customers the slope holds both."""
    satisfaction = plain[2]
    loyalty = 0.6 * satisfaction.mean(axis=1) + np.random.default_rng(8).normal(0, 0.3, len(satisfaction))
    contracts, orders = behaviour(satisfaction + loyalty[:, None] / 0.3, leaving=0.0)
    until = ORIGIN + pd.DateOffset(months=24)
    months = customer_months(answers, fit_persistence(answers), contracts, until=until, transactions=orders)
    found = fit_slopes(months, PLAIN, blur).orders
    assert found.between > 0.3 + 3 * found.between_error
    assert found.within < 0.3 + 2 * found.within_error


def test_what_ratings_borrow_from_the_unseen_is_taken_off(answers):
    """Four touchpoints of which one does not matter, halo .3, an unseen cause of variance .4: weights come back."""
    random = np.random.default_rng(9)
    weights, h = np.array([0.5, 0.4, 0.3, 0.0]), 0.3
    x = random.standard_normal((200_000, 4)) + random.standard_normal((200_000, 1)) * 0.6
    felt = x @ weights + np.sqrt(0.4) * random.standard_normal(len(x))
    ratings = x + h * felt[:, None]
    reported = np.linalg.lstsq(ratings - ratings.mean(axis=0), felt, rcond=None)[0]
    whole = replace(answers, ratings=ratings, used=np.ones(x.shape, bool), reference=ratings.mean(axis=0))
    borrowed = borrowed_effects(whole, np.array([h]), 0.4)[0]
    factor = (1 - h * borrowed.sum()) / (1 - h * reported.sum())
    assert reported[3] > 0.02
    assert factor == pytest.approx(1 + h * weights.sum(), abs=0.01)
    assert factor * reported - borrowed == pytest.approx(weights, abs=0.01)


def test_leavers_who_go_with_a_complaint_left_open_are_counted():
    """By hand: of four leavers one had a complaint open and one two; at a log rate of log 2 for each, a half and three
    quarters of these would have stayed: 1.25 of 4."""
    opened, slope = [np.array([0.0, 1.0]), np.array([2.0, 0.0])], float(np.log(2))
    found = Complaints.of(opened, [slope, slope], [0.1, 0.2])
    assert found.share == pytest.approx(1.25 / 4)
    assert found.error == pytest.approx(np.hypot(0.5 * 0.1, 0.5 * 0.2) / 4)
    assert Complaints.of([np.array([])], [slope], [0.1]) is None


def test_open_complaints_that_move_leaving_are_told_beside_the_slopes(lived):
    months, *_ = lived
    left = months.reason >= 0
    random = np.random.default_rng(4)
    none = np.zeros(len(months))
    told = []
    for open_ in (random.poisson(0.05, len(months)), np.where(left, random.poisson(0.4, len(months)), none)):
        with_ = replace(
            months,
            names=(*months.names, "open_complaints"),
            covariates=np.column_stack([months.covariates, open_.astype(float)]),
        )
        complaints = fit_slopes(with_, PLAIN, Blur()).complaints
        told.append(complaints.share)
    assert abs(told[0]) < 0.05  # they come to all customers alike
    assert told[1] == pytest.approx(1 - np.exp(-0.4), abs=0.05)  # nobody who stays has any
    assert fit_slopes(months, PLAIN, Blur()).complaints is None
