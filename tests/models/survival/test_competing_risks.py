import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter

from workbench.errors import DataError
from workbench.models.survival.cox.cause_specific import fit_cause_specific
from workbench.models.survival.curves.aalen_johansen import aalen_johansen, competing_risks, has_reasons
from workbench.statistics.product_limit import product_limit


def world(size=3000, seed=1, late=False):
    """Price drives away customers on the dear plan, need everyone alike; all hazards constant."""
    random = np.random.default_rng(seed)
    dear = random.random(size) < 0.5
    price, need = np.where(dear, 0.06, 0.02), np.full(size, 0.01)
    life = random.exponential(1 / (price + need))
    reason = np.where(random.random(size) < price / (price + need), "price", "need")
    entry = np.where(random.random(size) < 0.4, random.uniform(0, 20, size), 0.0) if late else np.zeros(size)
    cut = entry + random.uniform(10, 40, size)
    rows = pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "entry": entry,
            "reason": np.where(life <= cut, reason, None),
            "plan": np.where(dear, "dear", "cheap"),
        }
    )
    return rows[life > entry]


def truth(rate, other, time):
    return rate / (rate + other) * (1 - np.exp(-(rate + other) * time))


def test_incidences_and_variances_are_those_of_hand():
    """Five customers: price at 1, need at 2, one censored at 2, price at 3, one censored at 4.

    R: cmprsk::cuminc(c(1,2,2,3,4), c(1,2,0,1,0)) has the same estimates.
    """
    table = aalen_johansen(np.array([1.0, 2, 2, 3, 4]), np.array(["price", "need", "", "price", ""]))
    survival = [1, 4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 1 / 2, 3 / 10]
    assert table["survival"].tolist() == pytest.approx(survival, abs=1e-12)
    assert table["price"]["incidence"].tolist() == pytest.approx([0, 1 / 5, 1 / 5, 1 / 5 + 3 / 5 / 2, 1 / 2], abs=1e-12)
    assert table["need"]["incidence"].tolist() == pytest.approx([0, 0, 4 / 5 / 4, 1 / 5, 1 / 5], abs=1e-12)
    # at 3, from the three terms of Marubini and Valsecchi written out
    f, s = [1 / 5, 1 / 5, 1 / 2], [1, 4 / 5, 3 / 5]
    n, d, own = [5, 4, 2], [1, 1, 1], [1, 0, 1]
    variance = sum((f[2] - f[k]) ** 2 * d[k] / (n[k] * (n[k] - d[k])) for k in range(3))
    variance += sum(s[k] ** 2 * (n[k] - own[k]) * own[k] / n[k] ** 3 for k in range(3))
    variance -= 2 * sum((f[2] - f[k]) * s[k] * own[k] / n[k] ** 2 for k in range(3))
    assert table["price"]["error"].iloc[3] == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_with_nobody_censored_shares_are_binomial():
    random = np.random.default_rng(2)
    reasons = random.choice(["a", "b"], 200)
    table = aalen_johansen(random.integers(1, 9, 200).astype(float), reasons)
    share = (reasons == "a").mean()
    assert table["a"]["incidence"].iloc[-1] == pytest.approx(share, abs=1e-12)
    assert table["a"]["error"].iloc[-1] == pytest.approx(np.sqrt(share * (1 - share) / 200), abs=1e-12)


def test_without_ties_it_is_the_fitters_and_with_one_reason_kaplan_meiers_complement():
    lifetimes = world(200)
    reasons = lifetimes["reason"].fillna("").to_numpy()
    table = aalen_johansen(lifetimes["duration"].to_numpy(), reasons)
    codes = pd.Series(reasons).map({"": 0, "price": 1, "need": 2})
    fitted = AalenJohansenFitter(calculate_variance=False).fit(lifetimes["duration"], codes, event_of_interest=1)
    assert table["price"]["incidence"].iloc[-1] == pytest.approx(
        float(fitted.cumulative_density_.iloc[-1, 0]), abs=1e-8
    )
    whole = aalen_johansen(lifetimes["duration"].to_numpy(), np.where(reasons == "", "", "any"))
    curve = product_limit(lifetimes["duration"].to_numpy(), reasons != "")
    assert whole["any"]["incidence"].to_numpy() == pytest.approx(1 - curve["survival"].to_numpy(), abs=1e-12)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(["", "a", "b", "c"]), st.integers(0, 4)), min_size=1, max_size=40
    )
)
def test_incidences_and_survival_sum_to_one(rows):
    durations = np.array([row[0] + row[2] + 1.0 for row in rows])
    reasons, entry = np.array([row[1] for row in rows]), np.array([row[2] for row in rows], dtype=float)
    for late in (None, entry):
        table = aalen_johansen(durations, reasons, entry=late)
        total = table["survival"].to_numpy().copy()
        for name in {reason for reason in reasons if reason}:
            column = table[name]["incidence"].to_numpy()
            assert (np.diff(column) >= -1e-12).all()
            assert (table[name]["lower"] <= column + 1e-12).all()
            assert (table[name]["upper"] >= column - 1e-12).all()
            total += column
        assert total == pytest.approx(np.ones(len(total)), abs=1e-12)


@pytest.mark.parametrize("late", [False, True])
def test_true_incidences_lie_inside_their_intervals_also_under_late_entry(late):
    lifetimes = world(6000, late=late)
    lifetimes = lifetimes[lifetimes["plan"] == "dear"]
    at = competing_risks(lifetimes, confidence=0.99).at([12]).set_index("reason")
    assert at.loc["price", "lower"] < truth(0.06, 0.01, 12) < at.loc["price", "upper"]
    assert at.loc["need", "lower"] < truth(0.01, 0.06, 12) < at.loc["need", "upper"]


def test_reasons_are_told_with_what_can_be_done():
    incidences = competing_risks(world())
    first, addressable = incidences.findings([6, 12], addressable=["Price"])
    assert "“price”" in first.statement
    assert addressable.evidence == "assumed"
    assert addressable.estimate == pytest.approx(0.8, abs=0.05)
    assert incidences.metrics([12])["incidence_price_12"] > incidences.metrics([12])["incidence_need_12"]
    assert "12 months" in incidences.describe([12])
    assert [text.get_text() for text in incidences.plot().texts] == ["price", "need"]


def test_a_first_reason_that_is_not_clearly_ahead_says_of_which():
    rows = pd.DataFrame({"customer_id": range(400), "duration": np.tile(np.arange(1, 11), 40), "event": True})
    even = rows.assign(reason=np.where(np.arange(400) % 400 < 202, "price", "need"))
    assert "“need” may be as frequent." in competing_risks(even).findings([9])[0].statement
    uneven = rows.assign(reason=np.where(np.arange(400) % 400 < 350, "price", "need"))
    assert "leave for “price” within 9 months" in competing_risks(uneven).findings([9])[0].statement


def test_small_and_missing_reasons_are_gathered_and_said():
    lifetimes = world(800)
    lifetimes.loc[lifetimes.index[lifetimes["event"]][:4], "reason"] = "moved to the moon"
    lifetimes.loc[lifetimes.index[lifetimes["event"]][4:200], "reason"] = None
    incidences = competing_risks(lifetimes)
    assert not any("moon" in str(reason) for reason in incidences.leavers.index)
    assert {check.name: check.status for check in incidences.checks}["reasons_stated"] == "warn"
    assert not has_reasons(lifetimes.assign(reason=None))
    with pytest.raises(DataError, match="fewer than two reasons"):
        competing_risks(lifetimes.assign(reason="price"))


def test_customers_get_their_own_incidences():
    model = fit_cause_specific(world(8000), ["plan"])
    two = pd.DataFrame({"customer_id": ["d", "c"], "plan": ["dear", "cheap"]})
    at = model.incidence(two, np.array([0.0, 5.0]), [3, 12]).set_index(["customer_id", "horizon"])
    assert at.loc[("d", 12.0), "incidence_price"] == pytest.approx(truth(0.06, 0.01, 12), abs=0.03)
    assert at.loc[("c", 12.0), "incidence_price"] == pytest.approx(truth(0.02, 0.01, 12), abs=0.03)
    assert at.loc[("c", 12.0), "incidence_need"] == pytest.approx(truth(0.01, 0.02, 12), abs=0.02)
    drivers = model.drivers()
    assert drivers["reason"].tolist() == ["price"]


@given(st.integers(0, 10**6))
def test_every_customers_incidences_and_survival_sum_to_one_and_survival_falls(seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"customer_id": range(8), "plan": random.choice(["dear", "cheap"], 8)})
    tenure = random.uniform(0, 45, 8)
    horizons = [1, 3, 6, 12, 24]
    at = MODEL.incidence(frame, tenure, horizons)
    total = at.filter(like="incidence_").sum(axis=1, skipna=False) + at["survival"]
    assert total.to_numpy() == pytest.approx(np.ones(len(at)), abs=1e-12)
    assert (at["extrapolated"] == (np.tile(tenure, 5) + at["horizon"] > MODEL.last_time)).all()
    assert at[["survival", "lower", "upper"]].stack().between(0, 1).all()
    wide = at.pivot(index="customer_id", columns="horizon", values="survival").to_numpy()
    assert (np.diff(wide, axis=1) <= 1e-12).all()


MODEL = fit_cause_specific(world(600), ["plan"])


def test_a_reason_without_a_maximum_has_one_hazard_for_all():
    lifetimes = world(800).assign(odd=lambda rows: -rows["duration"])  # tells by itself who leaves when
    model = fit_cause_specific(lifetimes, ["odd"])
    assert set(model.without_covariates) == {"price", "need"}
    assert model.checks()[0].status == "warn"
    assert model.predict_survival(lifetimes.head(2), [6])[6].nunique() == 1
