"""What is weak everywhere and what for some, with groups that agree completely, and effects drawn in."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers
from tests.models.drivers.quick_models import fitted

from workbench.models.drivers.effects.general_local import groupings
from workbench.models.drivers.effects.performance import mean_ratings
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.summary.findings import findings, local
from workbench.models.drivers.summary.summarise import summarise


def test_a_segment_that_is_weak_alone_is_found_and_drawn_towards_the_others():
    def worse(frame):
        there = frame["segment"] == "s1"
        return frame.assign(db=frame["db"].mask(there, (frame["db"] - 2).clip(lower=1)))

    found = summarise(fitted([0.5, 0.5, 0.2], changed=worse), target=60)
    reach = found.reach_table.set_index("driver")
    assert (reach.loc["db", "reach"], reach.loc["db", "where"]) == ("some", ["s1"])
    table = found.segment_table
    spread = table.groupby("driver")[["observed", "performance"]].std()
    assert (spread["performance"] <= spread["observed"]).all()
    assert table["driver"].iloc[0] == "db"  # where groups differ most stands first
    assert local(found)[0].statement.endswith("only in places: “db” (segment: s1).")


def test_a_segment_that_agrees_completely_stays_and_is_not_without_error():
    def agreeing(frame):
        return frame.assign(db=frame["db"].mask(frame["segment"] == "s1", 5.0))

    table = summarise(fitted([0.5, 0.5, 0.2], n=300, changed=agreeing), target=60).segment_table
    (row,) = table[(table["driver"] == "db") & (table["segment"] == "s1")].itertuples()
    assert row.observed == 100
    assert 0.5 < row.upper - row.lower < 10
    assert row.p_weak < 0.01


def test_agreeing_groups_have_errors_that_shrink_with_their_size():
    model = fitted([0.5, 0.5], n=600, changed=lambda frame: frame.assign(da=frame["da"].mask(frame.index < 200, 4.0)))
    agreeing = np.flatnonzero(model.ratings.values[:, 0] == 4.0)
    errors = []
    for size in (10, 40, 160):
        where = np.zeros(600, dtype=bool)
        where[agreeing[:size]] = True
        errors.append(mean_ratings(model.ratings, where)[1][0])
    spread = 25 * model.columns.sd[0]  # four steps of 25 points
    assert errors == pytest.approx([spread / 10, spread / 40, spread / 160], rel=0.01)


def test_a_group_of_whom_few_rated_a_driver_keeps_its_row_and_nothing_in_it():
    def unrated(frame):
        there = frame.index[frame["segment"] == "s1"][4:]
        frame.loc[there, "db"] = np.nan
        return frame

    table = summarise(fitted([0.5, 0.5, 0.2], changed=unrated)).segment_table
    (row,) = table[(table["driver"] == "db") & (table["segment"] == "s1")].itertuples()
    assert pd.isna(row.n)
    assert np.isnan(row.observed)
    assert np.isnan(row.performance)
    own = table[table["driver"] == "db"]
    assert own["n"].isna().sum() == 2  # the total would tell of one alone
    assert own["n"].notna().any()


def test_touchpoints_and_other_columns_split_people_beside_segments():
    def placed(frame):
        where = np.where(np.arange(len(frame)) % 2, "shop", "app")
        worse = (frame["db"] - 2).clip(lower=1)
        return frame.assign(touchpoint=where, db=frame["db"].mask(where == "shop", worse), same="one")

    model = fitted([0.5, 0.5, 0.2], changed=placed)
    splits = {**model.ratings.splits, "touchpoint": "Touchpoint", "same": "Same"}
    model = dataclasses.replace(model, ratings=dataclasses.replace(model.ratings, splits=splits))
    splits = groupings(model.ratings)
    assert [split.column for split in splits] == ["segment", "touchpoint"]
    summary = summarise(model, target=60)
    reach = summary.reach_table.set_index(["by", "driver"])
    assert reach.loc[("touchpoint", "db"), "where"] == ["shop"]
    assert "“db” (touchpoint: shop)" in local(summary)[0].statement


def test_effects_of_a_segment_alone_are_drawn_towards_all_and_those_of_few_answers_are_left_out():
    def three_sizes(frame):
        sizes = [0.66, 0.32, 0.02]
        return frame.assign(segment=np.random.default_rng(2).choice(["big", "small", "tiny"], len(frame), p=sizes))

    table = summarise(fitted([1.0, 0.5, 0.0], changed=three_sizes)).effect_table
    assert len(table) == 9
    alone = table.set_index(["segment", "driver"])
    assert alone.loc["tiny", "alone"].isna().all()
    assert alone.loc["tiny", "effect"].notna().all()
    known = alone.loc[["big", "small"]]
    assert (known["alone_lower"] < known["alone"]).all()
    spread = known.groupby("driver")[["alone", "effect"]].agg(np.ptp)
    assert (spread["effect"] < spread["alone"]).all()
    width = known["upper"] - known["lower"]
    assert (width <= 1.05 * (known["alone_upper"] - known["alone_lower"])).all()


def test_without_segments_nothing_is_said_of_them():
    summary = summarise(fitted([0.5, 0.5], n=400, segment=None))
    table = summary.segment_table
    assert table["segment"].tolist() == ["all", "all"]
    np.testing.assert_allclose(table["observed"], table["performance"], atol=0.01)
    assert len(summary.effect_table) == 2
    assert "general_or_local" not in {each.id for each in findings(summary)}


def test_rows_that_stand_for_several_people_count_as_so_many():
    rng = np.random.default_rng(3)
    frame, columns, *_ = draw_answers(60, [0.5, 0.5], rng, segments=2)
    weights = rng.integers(1, 5, 60).astype(float)
    counted = [*columns, column("weight", "", None, weighting="frequency")]
    once = read_ratings(frame.assign(weight=weights), counted)
    copied = read_ratings(frame.loc[frame.index.repeat(weights.astype(int))], columns)
    for found, expected in zip(mean_ratings(once), mean_ratings(copied), strict=True):
        np.testing.assert_allclose(found, expected)
