"""Words that are retired stay out: a statistician greps the house by the terms of the field (docs/glossary.md)."""

import json
import re

import pytest

from tests.conftest import ROOT

# By what took a word's place. Patterns are matched at word boundaries, case ignored; an underscore ends a word.
RETIRED = {
    "predict, forecast": "foretell|foretells|foretold|foretelling",
    "select, validate, evaluate": "judgement|judgements",
    "lifetimes": "read lives",
    "landmark covariates": "news|with news",
    "forecast": "outlook",
    "screened fit, not identified": "fit sound|blamed|entangled|foregone|silent rows|loud rows",
    "non-proportional hazards, time-varying effects": "remedied|remedies|changing hazards",
    "restricted cubic spline": "bend names|bends",
    "knockoff": "knock-off|knock-offs",
    "partially pooled": "drawn in",
    "data sufficiency, collinear drivers": "learnable|near twins",
    "MAP, Laplace approximation": "ordered mode",
    "what-if gain": "lever|levers",
    "comparison with samples": "likeness",
    "compared with": "laid beside",
    "validate, reject": "require lifetimes|require columns|refuse measurements",
    "lump": "gather levels|gathered levels",
    "distinguishable": "told apart",
    "validate, evaluate, test": "judge|judges|judged|judging",
    "standard deviation, variance, range": "spread|spreads",
}
NOT_YET = {
    "spread|spreads": ("decisions/", "docs/thresholds.md", "models/linkage/", "models/purchases/"),
}
"""Where a word may still stand; nothing is added."""


def texts():
    """Place and text of every module, notebook and document."""
    for path in sorted((ROOT / "src" / "workbench").rglob("*.py")):
        yield str(path.relative_to(ROOT / "src" / "workbench")), path.read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        yield f"notebooks/{path.name}", "\n".join("".join(cell["source"]) for cell in cells)
    for path in [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in ("README.md", "ARCHITECTURE.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text()


def found(pattern, text):
    return re.findall(rf"(?<![a-z])(?:{pattern})(?![a-z])", text.casefold().replace("_", " "))


def test_a_word_is_found_in_names_and_in_prose_and_no_part_of_a_word_is():
    assert found("bends", "it bends; knots_of_bends = 1") == ["bends", "bends"]
    assert found("lever|levers", "clever leverage, a lever") == ["lever"]


@pytest.mark.parametrize("instead", RETIRED)
def test_retired_words_stay_out(instead):
    pattern = RETIRED[instead]
    back = {place: words for place, text in texts() if (words := found(pattern, text))}
    known = NOT_YET.get(pattern, ())
    assert not {place: words for place, words in back.items() if not place.startswith(known)}, f"write: {instead}"
