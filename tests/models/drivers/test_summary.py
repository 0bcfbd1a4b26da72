"""Answers, findings and figures, asked of a model whose draws come from the normal approximation (fast)."""

import dataclasses
import re

import numpy as np
import pytest
from tests.models.drivers.quick_models import fitted

from workbench.exhibits import Figure, Table, flatten
from workbench.findings import Finding
from workbench.models.drivers.effects.asymmetry import KINDS
from workbench.models.drivers.model.diagnostics import draw_predictive, samples
from workbench.models.drivers.model.importance import importance
from workbench.models.drivers.summary import figures
from workbench.models.drivers.summary.findings import findings
from workbench.models.drivers.summary.summarise import summarise
from workbench.models.drivers.summary.tables import QUADRANTS
from workbench.reporting.figures import save_svg


@pytest.fixture(scope="module")
def summary():
    return summarise(fitted([1.0, 0.5, 0.0], unused=0.2), target=70)


def test_the_strongest_driver_leads_and_the_one_without_effect_is_not_called_important(summary):
    table = summary.importance_table.set_index("driver")
    assert table.index[0] == "da"
    assert table.loc["da", "p_above_knockoff"] > 0.95 > table.loc["dc", "p_above_knockoff"]
    assert summary.model.distinguishable
    found = findings(summary)
    assert found[0].id == "headline"
    assert found[0].statement.startswith("“da” first: +")
    assert {each.evidence for each in found} <= {"associational", "descriptive"}


def test_shares_belong_to_the_draws_of_the_effects_and_are_less_sure_than_with_ratings_taken_as_known():
    model = fitted([0.9, 0.5, 0.2], n=300)
    effect = np.einsum("nsc,s->nc", model.posterior.flat[0], model.segment_shares)[:, 0]
    assert np.corrcoef(model.importance.share[:, 0], effect)[0, 1] > 0.5
    known = importance(
        model.posterior.flat[0], model.segment_shares, model.covariance, model.columns.driver, random_seed=1
    )
    assert model.importance.explained.std() > known.explained.std()
    np.testing.assert_allclose(model.importance.share.mean(0), known.share.mean(0), atol=0.03)


def test_equal_drivers_cannot_be_told_apart_and_the_headline_says_so():
    model = fitted([0.4, 0.4, 0.4, 0.4], correlation=0.8)
    assert not model.distinguishable
    found = {each.id: each.statement for each in findings(summarise(model))}
    assert found["headline"].startswith("These data can't single out one driver: ")
    assert "can't single out one driver" in found["priorities"]


def test_probabilities_of_places_and_kinds_add_up(summary):
    np.testing.assert_allclose(summary.map_table[list(QUADRANTS)].sum(axis=1), 1)
    np.testing.assert_allclose(summary.asymmetry_table[list(KINDS)].sum(axis=1), 1)


def test_nothing_to_fix_is_an_answer(summary):
    content = dataclasses.replace(summary, target=1.0)
    told = next(each for each in findings(content) if each.id == "fix_first")
    assert told.statement.startswith("No driver is likely to be below the target of 1 of 100: the lowest is “")
    assert (content.map_table["fix_first"] == 0).all()


def test_metrics_have_their_promised_names_and_are_finite(summary):
    metrics = summary.metrics()
    for name in ("da", "db", "dc"):
        for what in ("importance", "unique_share", "p_above_knockoff", "p_top3", "p_fix_first", "what_if_top_box"):
            assert np.isfinite(metrics[f"{what}_{name}"])
    assert sum(metrics[f"importance_{name}"] for name in ("da", "db", "dc")) == pytest.approx(1)


def test_draws_for_other_studies_have_every_segment_and_driver(summary):
    draws = summary.model.effect_draws()
    assert len(draws) == 400 * 3 * 3
    assert not draws.duplicated(["draw", "segment", "driver"]).any()
    mean = draws.groupby("driver")["effect"].mean()
    assert mean["da"] == pytest.approx(1.0 / summary.model.columns.sd[0], rel=0.25)


def test_the_posterior_is_kept_whole_with_a_name_for_each_dimension(summary):
    kept = samples(summary.model)
    assert {"effects", "coefficients", "intercepts", "cuts"} <= set(kept.variables)
    for name, values in kept.variables.items():
        assert values.ndim == 2 + len(kept.dimensions[name])
        for dimension, size in zip(kept.dimensions[name], values.shape[2:], strict=True):
            assert size == len(kept.labels.get(dimension, range(size)))


def test_draws_for_other_studies_are_draws_of_the_posterior_that_is_kept(summary):
    kept, rows = samples(summary.model), summary.model.effect_draws()
    whole = kept.variables["point_effects"]  # chains, draws, segments, drivers
    own = rows["effect"].to_numpy().reshape(len(whole), -1, *whole.shape[2:])
    steps = np.unique(np.linspace(0, whole.shape[1] - 1, own.shape[1]).astype(int))
    np.testing.assert_array_equal(own, whole[:, steps])
    assert list(kept.labels["driver"]) == list(rows["driver"].unique())


def test_uneven_survey_weights_make_penalty_and_reward_less_sure():
    weight = np.random.default_rng(5).gamma(0.5, size=1200) + 0.05
    plain = summarise(fitted([0.5, 0.5])).asymmetry_table
    heavy = summarise(fitted([0.5, 0.5], changed=lambda frame: frame.assign(weight=weight), weighting="survey"))
    width = (heavy.asymmetry_table["below_upper"] - heavy.asymmetry_table["below_lower"]).to_numpy()
    # Kish's design effect of these weights is about 3, so that intervals are about 1.7 times as wide.
    assert (width > 1.3 * (plain["below_upper"] - plain["below_lower"])).all()


def test_answers_foretold_vary_by_people_and_not_by_rows():
    """Rows that stand for five people each are as good as five times as many rows."""
    spread = {}
    for name, times, copies in (("rows", 1, 5), ("weights", 5, 1)):

        def changed(frame, times=times, copies=copies):
            return frame.loc[frame.index.repeat(copies)].assign(weight=float(times))

        model = fitted([0.5, 0.5], n=300, changed=changed, weighting="frequency")
        assert model.ratings.n == 1500
        observed, predicted = model.predicted(400)
        spread[name] = predicted.std(0)
        np.testing.assert_allclose(observed.sum(1), 1)
        np.testing.assert_allclose(predicted.mean(0), observed, atol=0.06)
    np.testing.assert_allclose(spread["weights"], spread["rows"], rtol=0.2)


def test_figures_are_drawn_and_described(summary):
    for name in ("importance", "map", "what_if", "segment_effects"):
        assert "<svg" in save_svg(getattr(figures, f"draw_{name}")(summary))
        assert "da" in getattr(figures, f"describe_{name}")(summary)
    assert "<svg" in save_svg(draw_predictive(summary.model))


def test_checks_pass_on_data_of_the_model(summary):
    model = summary.model
    assert {check.status for check in (*model.checks(), *model.sensitivity()[1])} == {"pass"}


def test_the_map_names_the_order_of_work_and_the_drivers_that_carry_most():
    summary = summarise(fitted(list(np.linspace(0, 1.2, 12)), n=900), target=60)
    named = {re.sub(r"^\d+ ", "", text.get_text()) for text in figures.draw_map(summary).texts}
    labels = summary.model.ratings.labels
    assert {labels[name] for name in summary.order} <= named
    largest = summary.importance_table["label"]
    assert named - {labels[name] for name in summary.order} <= set(largest.head(len(named)))
    assert 1 < len(named) < 12


def test_a_summary_shows_its_parts_in_the_order_of_the_report(summary):
    shown = list(flatten(summary))
    assert [each.name for each in shown if isinstance(each, Figure)] == [
        "importance",
        "action_map",
        "what_if",
        "segment_effects",
    ]
    assert [each.name for each in shown if isinstance(each, Table)] == [
        "importance",
        "action_map",
        "what_if",
        "priorities",
        "segments",
        "segment_effects",
        "asymmetry",
        "driver_groups",
    ]
    assert isinstance(shown[0], Finding)
    assert shown[0].id == "headline"
    for table in (each for each in shown if isinstance(each, Table)):
        assert set(table.columns) <= set(table.frame)
        assert all(column.label for column in table.columns.values())


def test_where_nothing_splits_people_nothing_is_shown_of_segments():
    summary = summarise(fitted([1.0, 0.5], n=400, segment=None))
    assert list(flatten(summary.segment_effects)) == []
    (table,) = flatten(summary.segments)
    assert "by" not in table.columns
