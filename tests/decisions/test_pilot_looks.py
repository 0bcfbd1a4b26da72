"""How often a pilot was looked at: with data to how many days, by the same primary outcome."""

import pytest

from workbench.decisions.rollout.weighing.question import looks_of


def manifest(run, *, last="2026-03-01", extracted=None, fingerprint="a", status="succeeded", where=None, **more):
    tables = {"treatments": {"last": "2027-01-01"}} | ({"transactions": {"last": last}} if last else {})
    return {
        "run_id": run,
        "status": status,
        "dataset": more.pop("dataset", "made"),
        "where": where,
        "extracted": extracted,
        "fingerprint": fingerprint,
        "data": {"tables": tables},
        "parameters": {"initiative": None, "outcome": None, **more},
    }


OWN = manifest("now", status="running")


@pytest.mark.parametrize(
    ("earlier", "looks"),
    [
        ([], 1),
        ([manifest("a"), manifest("b")], 1),  # the same data again and again
        ([manifest("a", last="2026-02-01"), manifest("b", last="2026-01-01"), manifest("c")], 3),
        ([manifest("a", last="2026-02-01", status="failed")], 1),  # nothing was seen
        ([manifest("a", last="2026-02-01", dataset="other")], 1),
        ([manifest("a", last="2026-02-01", where="region = north")], 1),  # another part
        ([manifest("a", last="2026-02-01", initiative="other")], 1),
        ([manifest("a", last="2026-02-01", initiative="pilot", outcome="visit")], 2),  # named what the first is
        ([manifest("a", last="2026-02-01", outcome="spend")], 1),  # by another outcome
        ([manifest("a", last="2026-02-01", mode="plan")], 1),  # plans look at no effect
    ],
)
def test_a_look_is_data_to_another_day(earlier, looks):
    assert looks_of([OWN, *earlier], "now", "made", "pilot", "visit", "visit") == looks


def test_the_day_of_the_extract_counts_where_it_is_said_and_the_content_where_nothing_is_dated():
    own = manifest("now", extracted="2026-03-05", status="running")
    said = [own, manifest("a", extracted="2026-03-05", last="2026-01-01"), manifest("b", extracted="2026-03-01")]
    assert looks_of(said, "now", "made", "pilot", "visit", "visit") == 2
    own = manifest("now", last=None, status="running")
    undated = [own, manifest("a", last=None), manifest("b", last=None, fingerprint="b")]
    assert looks_of(undated, "now", "made", "pilot", "visit", "visit") == 2


def test_a_scratch_run_is_a_look_of_its_own():
    assert looks_of([manifest("a"), manifest("b")], "", "made", "pilot", "visit", "visit") == 2
