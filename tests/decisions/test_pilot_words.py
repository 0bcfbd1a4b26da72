"""Sentences of the study of pilots name parameters that it has."""

import json
import re

import pytest
from tests.conftest import ROOT

from workbench.datasets.definitions.canonical import CANONICAL
from workbench.datasets.definitions.column import HIGH_IS_GOOD, LOW_IS_GOOD
from workbench.messages import all_messages

ROOMS = ("decisions/planning/", "decisions/rollout/", "decisions/piloting")
FIELDS = {name for table in CANONICAL.values() for name in table.fields} | {*CANONICAL, HIGH_IS_GOOD, LOW_IS_GOOD}


def parameters():
    """Those of the notebook."""
    cells = json.loads((ROOT / "notebooks" / "pilot_evaluation.ipynb").read_text())["cells"]
    return {name for cell in cells for name in re.findall(r"(?m)^([a-z_]+): ", "".join(cell["source"]))}


def unknown(template, known):
    """Names that a sentence gives a parameter and the study does not have."""
    text = re.sub(r"\{\w+\}", "…", template)
    named = re.findall(r"parameter ([a-z_]+):", text) + re.findall(r"\b([a-z_]+)=", text)
    for bracket in re.findall(r"\bsay [^.()]*\(([a-z_, ]+)\)", text, re.I):
        named += re.findall(r"[a-z_]+", re.sub(r"\bor\b", "", bracket))
    snakes = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)) - FIELDS
    return sorted((set(named) | snakes) - known)


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("Say what it costs (cost, value).", ["cost", "value"]),
        ("Say it now (initiative) and say mode=evaluate.", []),
        ("parameter planned: got {n}, choose a shorter window_day.", ["planned", "window_day"]),
        ("It counts one pilot (the last) by customer_id.", []),
    ],
)
def test_a_name_that_is_none_is_found(template, wrong):
    assert unknown(template, parameters()) == wrong


def test_every_parameter_that_a_sentence_names_is_there():
    known = parameters()
    assert {"cost_per_customer", "value_per_unit", "weeks", "mode"} <= known
    wrong = {
        message.place: found
        for message in all_messages(ROOT / "notebooks")
        if message.place.startswith(ROOMS)
        for text in message.forms
        if (found := unknown(text, known))
    }
    assert not wrong
