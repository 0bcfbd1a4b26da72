"""Headlines of pilots: a whole sentence each, with its direction, its number and what is said of weeks."""

from types import SimpleNamespace

import pytest

from workbench.decisions.rollout.telling.phrases import Scale
from workbench.decisions.rollout.telling.verdicts import headline
from workbench.decisions.rollout.weighing.verdict import Price, Verdict
from workbench.models.trials.estimates.estimate import from_error

SCALE = Scale(factor=100.0, unit="of 100 customers")


def told(
    choice,
    estimate,
    *,
    se=0.01,
    evidence="experimental",
    good=1,
    weeks=4.2,
    broken=(),
    at_risk=(),
    basis="cost",
    running=False,
    contradicted="",
):
    effect = from_error(estimate, se, confidence=0.9, kind="robust", n=900, units=900).named(
        arm="mail", evidence=evidence
    )
    each = Verdict(
        arm="mail",
        choice=choice,
        effect=effect,
        good=good,
        price=Price(smallest=0.01, basis=basis, cost=1.0, value=100.0),
        p_worth_it=0.97,
        gains=None,
        customers=900,
        weeks=weeks,
        broken=broken,
        at_risk=at_risk,
        running=running,
    )
    measure = SimpleNamespace(name="visit", label="Visits", good=good)
    other = SimpleNamespace(name="calls", label="Calls", good=-1)
    done = SimpleNamespace(
        effects=[SimpleNamespace(measure=measure), SimpleNamespace(measure=other)],
        ready=SimpleNamespace(
            primary=SimpleNamespace(measure=measure),
            pilot=SimpleNamespace(contradicted=contradicted, control="none", initiative="spring"),
        ),
    )
    return headline(each, done, SCALE)


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            told("roll_out", 0.05),
            "Roll out spring (mail): it raises “Visits” by 5 of 100 customers, worth more than it costs (97% sure).",
        ),
        (
            told("roll_out", -0.05, good=-1, basis=""),
            "It works: spring (mail) lowers “Visits” by 5 of 100 customers (97% sure).",
        ),
        (
            told("stop", 0.02),
            "Stop spring (mail): it raises “Visits” by 2 of 100 customers, but surely less than is worth having.",
        ),
        (
            told("stop", -0.03),
            "Stop spring (mail): it lowers “Visits” by 3 of 100 customers, which is worse than without it.",
        ),
        (
            told("stop", 0.03, good=-1),
            "Stop spring (mail): it raises “Visits” by 3 of 100 customers, which is worse than without it.",
        ),
        (
            told("stop", 0.0, basis="stated"),
            "Stop spring (mail): the data exclude an effect of 1 of 100 customers, which was asked for (3% sure).",
        ),
        (
            told("roll_out", 0.05, basis="stated"),
            "Roll out spring (mail): it raises “Visits” by 5 of 100 customers, more than the 1 of 100 customers asked "
            "for (97% sure).",
        ),
        (
            told("go_on", 0.05, running=True),
            "Go on with spring (mail) to its end in 5 weeks: so far it raises “Visits” by 5 of 100 customers.",
        ),
        (told("stop", 0.0), "Stop spring (mail): the data exclude an effect worth its cost (3% sure)."),
        (
            told("stop", 0.05, broken=("visit", "calls")),
            "Stop spring (mail): “Visits” and “Calls” get worse by more than is allowed.",
        ),
        (told("stop", 0.05, broken=("calls",)), "Stop spring (mail): “Calls” gets worse by more than is allowed."),
        (
            told("go_on", 0.001),
            "Go on with spring (mail): no effect on “Visits” was seen yet; 5 more weeks would tell.",
        ),
        (
            told("go_on", -0.04, weeks=0.5),
            "Go on with spring (mail): it lowers “Visits” by 4 of 100 customers; 1 more week would tell whether that "
            "is worth it.",
        ),
        (
            told("go_on", 0.04, at_risk=("calls",)),
            "Go on with spring (mail): it raises “Visits” by 4 of 100 customers, but “Calls” may get worse by more "
            "than is allowed.",
        ),
        (
            told("cannot_tell", 0.04),
            "These data cannot tell whether spring (mail) is worth it: it raises “Visits” by 4 of 100 customers.",
        ),
        (
            told("cannot_tell", -0.04, evidence="associational"),
            "These data cannot tell whether spring (mail) works: “Visits” is 4 of 100 customers lower than among "
            "comparable customers, but chance did not decide.",
        ),
        (
            told("cannot_tell", 0.001),
            "No effect of spring (mail) on “Visits” was seen, and one worth having is not excluded.",
        ),
    ],
)
def test_a_headline_says_what_to_do_and_why(made, wanted):
    assert made == wanted
