"""The validation page runs on a small simulated company, and says that and how it differs from real customers."""

import json
import shutil

import pytest
from tests.conftest import ROOT


@pytest.mark.slow
def test_the_page_compares_every_marginal_and_warns_where_a_world_is_unlike_customers(bench):
    shutil.copy(ROOT / "notebooks" / "world_validation.ipynb", bench.root / "notebooks")
    settings = ["preset=small", "customers=600", "truth=false", "churn=0.08"]
    assert bench.run("data", "add", "leaky", "--simulate", *settings).returncode == 0
    ended = bench.run("run", "world_validation", "--dataset", "leaky")
    assert ended.returncode == 0, ended.stderr
    (path,) = bench.reports.glob("world_validation/2*/results.json")
    said = json.loads(path.read_text())
    compared = ["recommend_groups", "purchase_gaps", "share_staying", "concentration", "use_before_leaving"]
    assert [finding["id"] for finding in said["findings"]] == ["like_the_samples", *compared]
    status = {check["name"]: check["status"] for check in said["checks"]}
    assert {name for name in status if name.startswith("like_")} == {f"like_{name}" for name in compared}
    # Eight in a hundred leave in a month: that is no provider's churn.
    assert status["like_share_staying"] == "warn"
    (told,) = (check for check in said["checks"] if check["name"] == "sample_telco_lifetimes")
    assert told["status"] == "pass"
    assert "fictional" in told["message"].lower()
    assert len(list((path.parent / "figures").glob("*.svg"))) == 5
