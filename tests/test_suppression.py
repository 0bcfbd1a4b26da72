import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from workbench.suppression import hidden_cells, suppress_small_groups

tables = st.integers(1, 4).flatmap(
    lambda rows: st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 30), min_size=columns, max_size=columns), min_size=rows, max_size=rows
        )
    )
)


def suppressed(cells):
    frame = pd.DataFrame(
        [(i, j, n, n * 2.0) for i, row in enumerate(cells) for j, n in enumerate(row)], columns=["a", "b", "n", "score"]
    )
    return frame, suppress_small_groups(frame, "n", groups=["a", "b"], values=["score"])


@settings(max_examples=150)
@given(tables)
def test_no_small_group_is_shown_and_the_totals_determine_none(cells):
    frame, shown = suppressed(cells)
    hidden = shown["suppressed"].to_numpy()
    people = frame["n"].to_numpy()
    assert hidden[(people > 0) & (people < 10)].all()
    assert shown.loc[~hidden, "n"].tolist() == frame.loc[~hidden, "n"].tolist()
    assert shown.loc[hidden, ["n", "score"]].isna().all(axis=None)
    lines = [frame.index[frame[axis] == value] for axis in ("a", "b") for value in frame[axis].unique()]
    # Totals that are small groups themselves are not shown, and of those that are, none gives a group away.
    if any(0 < people[line].sum() < 10 or (hidden[line].any() and (people[line] > 0).sum() < 2) for line in lines):
        return
    blank = np.flatnonzero(hidden)
    if not len(blank):
        return
    equations = [[float(i in set(line)) for i in blank] for line in lines]
    totals = [people[[i for i in line if hidden[i]]].sum() for line in lines]
    for position in range(len(blank)):
        goal = np.eye(len(blank))[position]
        least = linprog(goal, A_eq=equations, b_eq=totals).fun
        most = -linprog(-goal, A_eq=equations, b_eq=totals).fun
        assert most - least > 0.5, (cells, blank[position])


@given(st.lists(st.integers(0, 30), min_size=2, max_size=8))
def test_in_a_single_list_what_is_hidden_sums_to_ten_or_more(counts):
    frame = pd.DataFrame({"plan": range(len(counts)), "n": counts})
    shown = suppress_small_groups(frame, "n", groups=["plan"])
    gone = frame.loc[shown["suppressed"], "n"]
    if len(gone) and frame["n"].sum() >= 10 and (frame["n"] > 0).sum() >= 2:
        assert len(gone) >= 2
        assert gone.sum() >= 10


def test_a_bridge_between_two_blocks_is_not_given_away():
    # Every line has two blanks or none, and yet the cell that joins the blocks would follow from the totals.
    cells = [[3, 3, 50, 50], [3, 5, 3, 50], [50, 50, 3, 3], [50, 50, 3, 3]]
    frame, shown = suppressed(cells)
    assert shown["suppressed"].sum() > (frame["n"] < 10).sum()


def test_large_groups_stay_and_empty_ones_are_zero():
    _, shown = suppressed([[12, 0], [40, 11]])
    assert not shown["suppressed"].any()
    assert shown["n"].tolist() == [12, 0, 40, 11]


def test_nothing_adds_up_across_what_tables_lie_within():
    frame = pd.DataFrame({"month": [1, 1, 1, 2, 2, 2], "plan": list("abc") * 2, "n": [3, 40, 12, 30, 40, 12]})
    shown = suppress_small_groups(frame, "n", groups=["plan"], within=["month"])
    assert shown["suppressed"].tolist() == [True, False, True, False, False, False]


def test_what_is_hidden_already_stays_and_is_not_hidden_twice_over():
    frame = pd.DataFrame({"plan": range(6), "n": [3, 12, 14, 50, 60, 70]})
    once = suppress_small_groups(frame, "n", groups=["plan"]).drop(columns="suppressed")
    pd.testing.assert_frame_equal(
        suppress_small_groups(once, "n", groups=["plan"]).drop(columns="suppressed"), once, check_dtype=False
    )


def test_cells_of_no_table_are_hidden_by_their_size_alone():
    assert hidden_cells([9, 10, 0, float("nan")], []).tolist() == [True, False, False, True]


def test_a_long_table_of_single_people_is_hidden_in_little_memory():
    frame = pd.DataFrame({"who": range(20_000), "n": 1})
    assert suppress_small_groups(frame, "n", groups=["who"])["suppressed"].all()
