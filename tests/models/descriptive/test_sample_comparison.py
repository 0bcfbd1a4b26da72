"""A share passes within the range of the samples and the margin around it, and warns beyond."""

import pandas as pd
import pytest

from workbench.models.descriptive.sample_comparison import SampleComparison, Summary


def comparison(value, *, margin=0.1, samples=(0.3, 0.5), topic="Share of it"):
    columns = {"own": [value], **{f"sample{n}": [each] for n, each in enumerate(samples)}}
    shares = pd.DataFrame(columns, index=["a tenth"])
    return SampleComparison(name="it", topic=topic, shares=shares, margin=margin, note="", n=100)


@pytest.mark.parametrize(
    ("value", "status"), [(0.21, "pass"), (0.19, "warn"), (0.4, "pass"), (0.59, "pass"), (0.61, "warn")]
)
def test_a_share_outside_the_widened_range_warns(value, status):
    (check,) = comparison(value).checks()
    assert check.status == status
    assert check.value == pytest.approx(max(0.3 - value, value - 0.5, 0))
    assert check.threshold == 0.1


def test_bounds_stay_shares():
    bounds = comparison(0.5, samples=(0.05, 0.95)).bounds()
    assert bounds.values.tolist() == [[0, 1]]


def test_the_finding_has_the_figures_of_all():
    finding = comparison(0.4).finding()
    assert finding.statement == "Share of it, a tenth: 40% in own (sample0 30% and sample1 50%)."
    assert (finding.estimate, finding.n, finding.evidence) == (0.4, 100, "descriptive")


def test_a_warning_says_what_was_expected():
    (check,) = comparison(0.7).checks()
    assert "(a tenth 70%, expected 20% to 60%)" in check.message


def test_the_summary_counts_respects_and_names_those_that_fail():
    finding = Summary(comparisons=[comparison(0.4), comparison(0.9, topic="Another share")]).finding()
    assert finding.estimate == 1
    assert finding.statement.endswith("in 1 of 2 respects; it differs in: another share.")
    assert "in all 1 respects" in Summary(comparisons=[comparison(0.4)]).finding().statement


def test_bars_are_drawn_for_shares_and_lines_for_curves():
    bars = comparison(0.4).plot()
    assert [bar.get_height() for bar in bars.patches] == [0.4, 0.3, 0.5]
