"""A business without contracts has lapses and no churn: whatever is said of it, says so."""

import re

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_lapse import world

from workbench.models.survival.cox.functional_form import functional_form
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.proportional_hazards import relax_proportionality
from workbench.models.survival.cox.time_varying_effects import fit_time_varying
from workbench.models.survival.curves.group_table import groups_exhibit
from workbench.models.survival.curves.informative_censoring import informative_censoring
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import caption_of_tests, differing_segments, log_rank
from workbench.models.survival.extrapolation.by_segment import extrapolate_groups
from workbench.models.survival.extrapolation.overall import extrapolate
from workbench.models.survival.lifetimes.read import read_lifetimes

LEAVING = re.compile(
    r"\b(leav\w*|left(?! out| truncation)|churn\w*|still there|stay\w*|gone|quit\w*|cancel\w*)\b", re.IGNORECASE
)
HORIZONS = [3, 6]


@pytest.fixture(scope="module")
def lifetimes():
    made = read_lifetimes("transactions", world(900, seed=4))
    random = np.random.default_rng(1)
    # Those who buy from the start of the records are of another region, which others follow for a while.
    region = np.where(made.frame["customer_before"] ^ (random.random(len(made.frame)) < 0.2), "north", "south")
    lasting = np.where(region == "north", 1.0, np.where(made.frame["duration"] < 3, 0.5, 1.5))
    return made, made.frame.assign(
        region=region,
        duration=made.frame["duration"] * lasting,
        customer_before=made.frame["customer_before"].to_numpy(),
    )


def everything_said(made, lifetimes):
    """Each text with the place that it comes from."""
    lapse = made.lapsing
    overall = kaplan_meier(lifetimes, lapse=lapse)
    curves = kaplan_meier(lifetimes, by="region", lapse=lapse)
    tests = log_rank(lifetimes, ["region"])
    yield from ((check.name, check.message) for check in made.checks)
    yield from ((finding.id, finding.statement) for finding in made.findings())
    for each in (overall, curves):
        yield from (
            (finding.id, finding.statement)
            for finding in (each.headline(HORIZONS), each.share_staying(HORIZONS), *each.differences(HORIZONS))
        )
        yield each.name, " ".join([each.title(HORIZONS), each.caption(HORIZONS), each.describe(HORIZONS)])
        yield "axis", each.plot(HORIZONS).get_ylabel()
        yield "within", each.within(HORIZONS)[1].message
    table = groups_exhibit([overall, curves], HORIZONS)
    yield "group table", " ".join([table.caption, *(column.label for column in table.columns.values())])
    yield from ((each.id, each.statement) for each in differing_segments(tests, lapse=lapse))
    yield "log-rank", caption_of_tests(lapse=lapse)
    yield from (
        (check.name, check.message) for check in informative_censoring(overall, lifetimes, ["region"], HORIZONS).checks
    )
    model = fit_cox(lifetimes, ["region", "purchases_so_far"], lapse=lapse)
    form = functional_form(model, lifetimes, random_seed=1)
    assert form.model.design.lapse == lapse
    for fitted in (model, form.model, fit_cox(lifetimes.assign(event=False), ["region"], lapse=lapse)):
        yield from ((check.name, check.message) for check in (*fitted.checks(), *fitted.assumptions()))
        yield from ((finding.id, finding.statement) for finding in fitted.findings())
        yield "cox", " ".join([fitted.title(), fitted.caption(), fitted.table_caption(), fitted.describe()])
    yield "cox axis", model.plot().get_xlabel()
    yield "form", " ".join([form.caption(), *form.table["modelled_as"], *(check.message for check in form.checks())])
    made_good = relax_proportionality(model, lifetimes, random_seed=1)
    yield (
        "non_proportional_hazards",
        " ".join(
            [made_good.caption(), *made_good.table["modelled_as"], *(check.message for check in made_good.checks())]
        ),
    )
    changing = fit_time_varying(model, lifetimes)
    assert changing is not None
    yield from ((each.name, each.message) for each in changing.checks())
    yield from ((each.id, each.statement) for each in changing.findings())
    for further in (extrapolate(lifetimes, lapse=lapse), extrapolate_groups(curves, lifetimes)):
        yield "extrapolation", " ".join([further.title(), further.describe(), *(c.message for c in further.checks())])
        yield from ((each.id, each.statement) for each in further.findings())
        yield "extrapolation axis", further.plot().get_ylabel()


def test_no_text_of_a_lapse_speaks_of_leaving(lifetimes):
    said = list(everything_said(*lifetimes))
    assert len(said) > 35
    wrong = [(place, text) for place, text in said if LEAVING.search(text)]
    assert not wrong, wrong
    whole = " ".join(text for _, text in said)
    assert {"lapse", "lapsed", "still buying", "go on buying"} <= set(
        re.findall(r"lapsed?|still buying|go on buying", whole)
    )


def test_the_words_for_subscribers_are_those_of_leaving():
    rows = pd.DataFrame({"customer_id": range(200), "duration": np.linspace(1, 20, 200), "event": True})
    assert "leave within" in kaplan_meier(rows).headline([6]).statement
    assert "still there" in kaplan_meier(rows).share_staying([6]).statement
