"""What a study says is strict: nothing of the wrong shape, twice, not finite or pointing nowhere passes unseen."""

import json

import pytest

from workbench.findings import Check, Finding, Results, verdict


def finding(**fields):
    return {
        "kind": "finding",
        "finding": {"id": "a", "statement": "A.", "estimate": 1, "evidence": "descriptive"} | fields,
    }


def checks(*statuses):
    listed = [
        {"name": s + str(i), "status": s, "message": s, "value": None, "threshold": None}
        for i, s in enumerate(statuses)
    ]
    return {"kind": "checks", "checks": listed}


@pytest.mark.parametrize(
    ("statuses", "expected"), [(["pass"], "pass"), (["pass", "warn"], "warn"), (["warn", "fail", "pass"], "fail")]
)
def test_the_verdict_is_the_worst_check(statuses, expected):
    assert Results.from_payloads([checks(*statuses)]).verdict == expected


def test_nothing_checked_is_no_reason_to_rely_on_it():
    results = Results.from_payloads([finding()])
    assert results.verdict == "warn"
    assert results.checks[0].name == "anything_checked"


@pytest.mark.parametrize(
    "payload",
    [
        finding(estimate="nan"),
        finding(interval=[1, "inf"], interval_kind="90% confidence"),
        finding(interval=[2, 1], interval_kind="90% confidence"),
        finding(interval=[1, 2]),
        finding(evidence="proof"),
        finding(estimate="many"),
        finding(figure="nowhere"),
        finding(table="nowhere"),
        {"kind": "finding"},
        {"kind": "finding", "finding": {"id": "a"}},
        {"kind": "metrics", "metrics": {"a": "nan"}},
        {"kind": "metrics", "metrics": {"a": True}},
        {"kind": "metrics", "metrics": [1]},
        {"kind": "checks", "checks": [{"name": "a"}]},
        {"kind": "checks", "checks": [{"name": "a", "status": "good", "message": "", "value": 1, "threshold": 1}]},
        finding(unit=["months"]),
        finding(n="thirty"),
        finding(n="nan"),
        finding(n=True),
        finding(rank=[1]),
        finding(statement=None),
        finding(action=3),
        finding(estimate=10**400),
        finding(interval=[1, 2, 3], interval_kind="x"),
        finding(interval_kind=["x"], interval=[1, 2]),
        finding(rests_on=[1]),
        finding(id=["a"]),
        finding(colour="red"),
        {"kind": "figure", "name": ["curve"]},
        {"kind": "checks", "checks": [{"name": "a", "status": "pass", "message": [1], "value": 1, "threshold": 1}]},
        {"kind": "checks", "checks": [{"name": {}, "status": "pass", "message": "", "value": 1, "threshold": 1}]},
        {"kind": "checks", "checks": [{"name": "a", "status": [], "message": "", "value": 1, "threshold": 1}]},
        {"kind": "metrics", "metrics": {"a": 10**400}},
        {"kind": "metrics", "metrics": {"a": [1]}},
        ["not", "a", "mapping"],
        None,
    ],
)
def test_what_cannot_be_used_fails_the_run_and_stays_strict_json(payload):
    results = Results.from_payloads([checks("pass"), payload])
    assert results.verdict == "fail"
    json.dumps(results.to_dict("study"), allow_nan=False)


def test_a_name_used_twice_fails_the_run():
    assert Results.from_payloads([checks("pass"), finding(), finding()]).verdict == "fail"
    metrics = {"kind": "metrics", "metrics": {"a": 1}}
    assert Results.from_payloads([checks("pass"), metrics, metrics]).verdict == "fail"


def test_a_finding_may_point_at_what_is_shown():
    shown = [{"kind": "figure", "name": "curve"}, {"kind": "table", "name": "numbers"}]
    results = Results.from_payloads([checks("pass"), finding(figure="curve", table="numbers"), *shown])
    assert results.verdict == "pass"


def test_a_finding_is_refused_where_it_is_made():
    for fields in ({"interval": (2, 1), "interval_kind": "x"}, {"interval": (1, 2)}, {"evidence": "proof"}):
        with pytest.raises(ValueError, match="finding 'a'"):
            Finding(**{"id": "a", "statement": "A.", "estimate": 1, "evidence": "descriptive", **fields})
    for fields in ({"unit": ["months"]}, {"n": "thirty"}, {"estimate": "1"}, {"rank": True}, {"rests_on": (1,)}):
        with pytest.raises(TypeError, match=f"finding 'a': {next(iter(fields))} is"):
            Finding(**{"id": "a", "statement": "A.", "estimate": 1, "evidence": "descriptive", **fields})
    with pytest.raises(ValueError, match="status"):
        Check(name="a", status="good", message="")


def test_no_check_is_a_pass_for_those_who_ask_directly():
    assert verdict([]) == "pass"
