"""Effects by segment become one effect, each segment as large as it is among the answers."""

import pandas as pd
import pytest

from workbench.models.linkage.answers import _pooled


def pooled(effects, regions):
    rows = [
        {"draw": 0, "segment": name, "driver": "care", "effect": value, "use": 0.0} for name, value in effects.items()
    ]
    answers = pd.DataFrame({"region": [name for name, n in regions.items() for _ in range(n)]})
    answers["comment"] = "none"
    return _pooled(pd.DataFrame(rows), answers)[("effect", "care")].item()


def test_each_segment_counts_as_often_as_it_answered():
    assert pooled({"north": 1.0, "south": 0.0}, {"north": 30, "south": 10}) == pytest.approx(0.75)


def test_segments_that_were_put_together_are_those_of_other_names():
    """By hand: ten of forty have names that the driver analysis had put together."""
    effects = {"north": 1.0, "south (with 2 smaller)": 0.0}
    assert pooled(effects, {"north": 30, "south": 6, "east": 3, "west": 1}) == pytest.approx(0.75)


def test_where_no_name_is_known_all_count_alike():
    assert pooled({"a": 1.0, "b": 0.0}, {"north": 30, "south": 10}) == pytest.approx(0.5)
