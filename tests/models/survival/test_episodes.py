"""Start–stop lifetimes: curves and ratios of R, counts of customers."""

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import log_rank
from workbench.models.survival.forecast.active_customers import active, forecast
from workbench.models.survival.forecast.selection import select_model
from workbench.models.survival.lifetimes.episodes import at_start, latest
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.table import validate_lifetimes


def world(size=400, seed=1, every=5.0):
    """Customers leave at .03 a month, at .075 (2.5 times) from the month on in which their price was raised."""
    random = np.random.default_rng(seed)
    raised, cut = every * random.integers(0, 12, size), random.uniform(10, 60, size)
    draw = random.exponential(1, size)
    life = np.where(draw < 0.03 * raised, draw / 0.03, raised + (draw - 0.03 * raised) / 0.075)
    duration, left = np.minimum(life, cut), life <= cut
    rows = []
    for place in range(size):
        begins = [*np.arange(0, duration[place], every)]
        for begin in begins:
            end = min(begin + every, duration[place])
            rows.append((f"P{place}", begin, end, left[place] and begin == begins[-1], float(begin >= raised[place])))
    rows = pd.DataFrame(rows, columns=["customer_id", "entry", "duration", "event", "price_raised"])
    whole = pd.DataFrame({"customer_id": [f"P{place}" for place in range(size)], "duration": duration, "event": left})
    return rows.sample(frac=1, random_state=seed, ignore_index=True), whole


@pytest.fixture(scope="module")
def both():
    return world()


def test_curves_of_episodes_are_those_of_the_customers(both):
    rows, whole = both
    made, right = kaplan_meier(rows), kaplan_meier(whole)
    assert made.at([6, 12, 24])["survival"].to_numpy() == pytest.approx(right.at([6, 12, 24])["survival"].to_numpy())
    assert made.at([6, 12, 24])["lower"].to_numpy() == pytest.approx(right.at([6, 12, 24])["lower"].to_numpy())
    assert made.metrics([12])["customers"] == 400
    assert made.groups["events"].iloc[0] == whole["event"].sum()
    by = kaplan_meier(rows, by="price_raised").groups.set_index("group")["customers"]
    assert by.to_dict() == rows.groupby("price_raised")["customer_id"].nunique().rename({0: "0", 1: "1"}).to_dict()
    assert log_rank(rows, ["price_raised"])["customers"].tolist() == [400]


def test_the_hazard_ratio_of_what_changes_is_the_planted_one_and_the_naive_way_fails(both):
    rows, whole = both
    model = fit_cox(rows, ["price_raised"])
    ratio = model.hazard_ratios().iloc[0]
    assert ratio["lower"] < 2.5 < ratio["upper"]
    assert ratio["customers"] == model.customers == 400
    ever = whole.assign(price_raised=rows.groupby("customer_id")["price_raised"].max()[whole["customer_id"]].to_numpy())
    assert fit_cox(ever, ["price_raised"]).hazard_ratios().iloc[0]["upper"] < 1.5  # who stays long sees a raise


def test_customers_are_on_board_once_with_what_they_have_now(both):
    rows, whole = both
    lifetimes = read_lifetimes("lifetimes", rows, time_unit="months")
    assert next(check for check in lifetimes.checks if check.name == "episodes").value == 400
    there = active(lifetimes)
    assert len(there) == (~whole["event"]).sum()
    last = latest(rows).set_index("customer_id")
    assert (there.set_index("customer_id")["price_raised"] == last["price_raised"][there["customer_id"]]).all()
    model = fit_cox(lifetimes.frame, ["price_raised"], time_unit="month")
    judged = select_model(model, lifetimes, [6, 12], random_seed=1, repeats=1)
    evaluation = judged.comparison.evaluations[judged.comparison.best]
    assert len(at_start(rows)) == 400
    assert np.isfinite(evaluation.scores["brier"]).all()
    told = forecast(judged.model, lifetimes)
    assert len(told.customers) == (~whole["event"]).sum()
    now = np.where(told.customers["price_raised"] > 0, 0.075, 0.03)
    assert told.expected == pytest.approx((1 - np.exp(-3 * now)).sum(), rel=0.25)


def test_what_are_no_episodes_is_refused_with_what_to_do(both):
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "entry": [0.0, 4.0, 0.0],
            "duration": [5.0, 8.0, 3.0],
            "event": [True, False, True],
        }
    )
    with pytest.raises(DataError) as caught:
        validate_lifetimes(rows)
    assert len(caught.value.faults) == 2
    assert "begin before the customer's one before has ended" in caught.value.faults[0]
    with pytest.raises(DataError, match="or episodes") as caught:
        validate_lifetimes(rows.drop(columns="entry"))
    assert "keep one row" not in str(caught.value)
