"""A survey that nothing can be learnt from is refused in words; one that can is taken whole."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.errors import DataError, ParameterError
from workbench.models.drivers.responses.items import driver_items, measure_of
from workbench.models.drivers.responses.ratings import MISSING, NOT_APPLICABLE, RATED
from workbench.models.drivers.responses.read import read_ratings, read_responses


def world(**changes):
    frame, columns, *_ = draw_answers(200, [0.5, 0.3], np.random.default_rng(1), unused=0.2, missing=0.1)
    return frame.assign(**changes), columns


def refusal(frame, columns, **settings):
    with pytest.raises(DataError) as caught:
        read_ratings(frame, columns, **settings)
    return "\n".join(caught.value.faults)


def test_no_respondent_with_an_outcome_is_dropped_and_gaps_are_told_apart():
    frame, columns = world()
    frame.loc[:9, "outcome"] = np.nan
    ratings = read_ratings(frame, columns)
    assert ratings.n == 190
    assert np.isfinite(ratings.values[ratings.state == RATED]).all()
    assert np.isnan(ratings.values[ratings.state != RATED]).all()
    assert (ratings.state == NOT_APPLICABLE).sum() == frame.loc[
        10:, ["da__not_applicable", "db__not_applicable"]
    ].sum().sum()
    assert (ratings.state == MISSING).any()


def test_an_outcome_among_the_drivers_is_refused():
    frame, columns = world()
    with pytest.raises(ParameterError, match=r"got the outcome 'outcome' among them"):
        read_ratings(frame, columns, drivers=["da", "outcome"])


def test_all_faults_are_told_at_once():
    frame, columns = world(outcome=3.0, da=4.0, da__not_applicable=False, db=np.nan, weight=-1.0)
    told = refusal(frame, columns)
    for part in (
        "got the same answer from everyone",
        "driver 'da': got the same rating",
        "driver 'db': got no rating at all",
        "got 200 answers whose weight is not above 0",
    ):
        assert part in told


@pytest.mark.parametrize("bad", [0.0, -2.0, np.nan, np.inf])
def test_a_weight_that_is_not_positive_is_refused(bad):
    frame, columns = world()
    frame["weight"] = 1.0
    frame.loc[3, "weight"] = bad
    assert "got 1 answer whose weight is not above 0" in refusal(frame, columns)


def test_identical_drivers_are_refused_by_name():
    frame, columns = world()
    frame["db"], frame["db__not_applicable"] = frame["da"], frame["da__not_applicable"]
    assert "drivers 'da' and 'db': got the same ratings in every row" in refusal(frame, columns)


def test_too_few_answers_are_refused_with_how_many_are_needed():
    frame, columns = world()
    assert "got 20 answers with an outcome, expected at least 30" in refusal(frame.head(20), columns)


def test_where_nobody_gave_an_outcome_no_driver_is_blamed():
    frame, columns = world(outcome=np.nan)
    with pytest.raises(DataError) as caught:
        read_ratings(frame, columns)
    assert caught.value.faults == (
        "outcome 'outcome': got no answer in 200 rows, expected some; choose another outcome, or fix its codes in "
        "dataset.yaml.",
    )


def test_a_dataset_without_an_outcome_is_told_so_and_nothing_else():
    frame, columns = world()
    with pytest.raises(ParameterError) as caught:
        read_ratings(frame, [each for each in columns if each.role != "outcome"])
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith("outcome: the dataset has no item with role: outcome")


def test_without_outcome_and_drivers_both_are_told():
    frame, _ = world()
    with pytest.raises(ParameterError) as caught:
        read_ratings(frame, [])
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("others", [1, 9])
def test_an_outcome_that_nearly_everybody_answers_alike_is_refused_and_the_few_are_not_counted_out(others):
    frame, columns = world(outcome=5.0)
    frame.loc[: others - 1, "outcome"] = 4.0
    told = refusal(frame, columns)
    assert "got the answer 5 from nearly all of 200, expected at least 10 who gave another" in told
    assert str(others) not in told.replace("10", "").replace("200", "").replace("5", "")


def test_an_outcome_that_varies_too_little_for_its_drivers_warns():
    frame, columns = world(outcome=5.0)
    frame.loc[:12, "outcome"] = 4.0
    (check,) = (each for each in read_ratings(frame, columns).checks if each.name == "outcome_varies")
    assert (check.status, check.value) == ("warn", 6.5)
    assert "choose fewer drivers" in check.message
    frame.loc[:99, "outcome"] = 4.0
    (check,) = (each for each in read_ratings(frame, columns).checks if each.name == "outcome_varies")
    assert check.status == "pass"


def test_frequency_weights_count_when_answers_are_counted():
    frame, columns = world(weight=10.0)
    few = frame.head(20)  # they stand for 200
    counted = [*columns, column("weight", "", None, weighting="frequency")]
    assert read_ratings(few, counted).n == 200
    assert "got 20 answers" in refusal(few, [*columns, column("weight", "", None, weighting="survey")])


def test_one_answer_that_outweighs_all_others_warns():
    frame, columns = world(weight=1.0)
    frame.loc[0, "weight"] = 1e6
    ratings = read_ratings(frame, [*columns, column("weight", "", None, weighting="survey")])
    assert ratings.checks[0].status == "warn"
    assert "a few answers outweigh the others" in ratings.checks[0].message


def test_a_driver_that_fewer_than_ten_have_rated_is_refused():
    frame, columns = world()
    frame.loc[9:, "db"] = np.nan
    assert "driver 'db': got ratings from fewer than 10 people" in refusal(frame, columns)


@pytest.mark.parametrize("named", [["da", "csat"], ["csat"]])
def test_a_sibling_of_the_outcome_is_no_driver_even_when_named(named):
    frame, columns = world()
    frame["csat"] = frame["outcome"]
    with pytest.raises(ParameterError, match=r"got 'csat', which the dataset calls an outcome"):
        read_ratings(frame, [*columns, column("csat", "outcome", (1, 5))], outcome="outcome", drivers=named)


def test_a_segment_of_three_people_is_never_alone():
    frame, columns = world()
    frame["segment"] = ["rare"] * 3 + ["one"] * 100 + ["two"] * 97
    ratings = read_ratings(frame, columns, segment="segment")
    assert "rare" not in ratings.segments
    assert np.bincount(ratings.group).min() >= 10
    assert any(check.name == "small_groups_segment" and check.status == "warn" for check in ratings.checks)


def test_numbered_items_make_one_driver_and_the_outcomes_siblings_make_none():
    columns = [
        column("sat1", "outcome", (1, 10)),
        column("sat2", "outcome", (1, 10)),
        column("price", "driver", (1, 10)),
    ]
    columns += [column(f"qual_{item}", "driver", (1, 10), label=f"Quality {item}") for item in (1, 2, "global")]
    assert driver_items(columns, "sat1", None) == {
        "qual": ("qual_1", "qual_2", "qual_global"),
        "price": ("price",),
    } or (driver_items(columns, "sat1", None) == {"price": ("price",), "qual": ("qual_1", "qual_2", "qual_global")})
    assert len(driver_items(columns, "sat1", None, combine=False)) == 4


def test_questions_that_are_numbered_are_about_different_things():
    def drivers(*items):
        return driver_items([column(name, "driver", scale) for name, scale in items], "outcome", None)

    numbered = [(f"q{n}", (1, 5)) for n in (1, 2, 3)]
    assert len(drivers(*numbered, ("price", (1, 5)))) == 4
    assert len(drivers(*[(f"question_{n}", (1, 5)) for n in (1, 2)], ("price", (1, 5)))) == 3
    assert len(drivers(("price1", (1, 5)), ("price2", (1, 7)), ("staff", (1, 5)))) == 3
    assert len(drivers(("price1", (1, 5)), ("price2", (1, 5)))) == 2
    assert len(drivers(("price1", (1, 5)), ("price2", (1, 5)), ("staff", (1, 5)))) == 2


def test_which_items_were_combined_is_said():
    frame, columns = world()
    frame["care1"], frame["care2"] = np.arange(200) % 5 + 1, np.arange(200) % 4 + 1
    both = [*columns, column("care1", "driver", (1, 5)), column("care2", "driver", (1, 5))]
    (told,) = (check for check in read_ratings(frame, both).checks if check.name == "items_combined")
    assert "care1 and care2" in told.message
    assert not any(check.name == "items_combined" for check in read_ratings(frame, columns).checks)


def test_a_recommendation_is_the_outcome_unless_another_is_named():
    """Satisfaction from 0 to 10 stands first, and has no NPS."""
    frame, columns = world(overall=np.arange(200) % 11, nps=np.arange(200) % 11)
    columns = [column("overall", "outcome", (0, 10), label="Satisfaction overall"), *columns]
    assert read_ratings(frame, columns).outcome == "overall"
    assert not read_ratings(frame, columns).is_nps
    columns.append(column("nps", "outcome", (0, 10)))
    assert read_ratings(frame, columns).outcome == "nps"
    assert read_ratings(frame, columns).is_nps
    assert read_ratings(frame, columns, outcome="outcome").outcome == "outcome"


@pytest.mark.parametrize(
    ("name", "label", "scale", "measure", "is_nps"),
    [
        ("likelihood_to_recommend", "", (0, 10), "", True),
        ("q7", "Would you recommend us to a friend?", (0, 10), "", True),
        ("q7", "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?", (0, 10), "", True),
        ("q7", "推荐意愿", (0, 10), "", True),
        ("NPS_score", "", (0, 10), "", True),
        ("q7", "", (0, 10), "nps", True),
        ("q7", "", (0, 10), "", False),
        ("satisfaction", "Satisfaction with us", (0, 10), "", False),
        ("inpsection", "", (0, 10), "", False),
        ("likelihood_to_recommend", "", (1, 10), "", False),
        ("likelihood_to_recommend", "", (0, 10), "csat", False),
    ],
)
def test_only_a_recommendation_from_0_to_10_has_an_nps(name, label, scale, measure, is_nps):
    assert (measure_of(column(name, "outcome", scale, label=label, measure=measure)) == "nps") is is_nps


def test_a_driver_whose_lowest_point_is_best_says_so_in_its_label():
    """The table holds it turned round already (datasets): higher is better, and the reader must know it is turned."""
    frame, columns = world()
    turned = column("da", "driver", (1, 5), label="Effort", low_is_good=True)
    ratings = read_ratings(frame, [turned if each.name == "da" else each for each in columns])
    assert ratings.labels["da"] == "Effort (low is good)"
    (told,) = (check for check in ratings.checks if check.name == "items_turned")
    assert told.status == "pass"
    assert "“Effort”" in told.message


def test_a_wide_outcome_is_modelled_by_tenths_of_its_scale_and_keeps_its_mean():
    """Of a slider from 0 to 100 hardly anybody answers exactly 100."""
    slider = np.concatenate([np.arange(0, 101), np.full(99, 55.0)])
    frame, columns = world(slider=slider)
    columns = [column("slider", "outcome", (0, 100)), *columns]
    ratings = read_ratings(frame, columns, outcome="slider")
    assert len(ratings.points) == 10
    assert np.bincount(ratings.levels).tolist() == [10] * 5 + [109] + [10] * 3 + [11]
    assert ratings.points[ratings.levels].mean() == pytest.approx(slider.mean())
    assert (ratings.points[-2:] >= 80).all()


def test_few_rows_that_stand_for_many_people_are_enough():
    frame, columns, *_ = draw_answers(20, [0.5, 0.3], np.random.default_rng(1))
    columns = [*columns, column("weight", "", None, weighting="frequency")]
    assert "got 20 answers" in refusal(frame.assign(weight=1.0), columns)
    ratings = read_ratings(frame.assign(weight=10.0), columns)
    assert ratings.n == ratings.people(np.ones(20, dtype=bool)) == 200


def test_people_are_split_by_the_segments_that_there_are_and_by_touchpoint():
    frame, columns = world()
    rng = np.random.default_rng(2)
    frame["touchpoint"], frame["plan"] = rng.choice(["shop", "app"], len(frame)), rng.choice(["a", "b"], len(frame))
    survey = SimpleNamespace(columns=[*columns, column("plan", "", None, label="Tariff")])
    ratings = read_responses(frame, survey, segments=["absent", "plan"])
    assert (ratings.segment, ratings.segments) == ("plan", ("a", "b"))
    assert ratings.splits == {"plan": "Tariff", "touchpoint": "touchpoint"}
    assert read_responses(frame.drop(columns="touchpoint"), survey, segments=[]).splits == {}
