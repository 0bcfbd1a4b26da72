"""A study's notebook says which results it has; what they choose, count and say of themselves is tested elsewhere."""

import ast
import json

import pytest

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST = {
    "churn_survival": (16, 80),
    "driver_analysis": (13, 50),
    "world_validation": (9, 40),
    "attrition_risk": (16, 111),
    "clv_roi": (15, 106),
    "campaign_return": (4, 30),
    "pilot_evaluation": (6, 85),
}
"""Code cells and their lines that are not empty, imports and parameters among them."""
CHOICES = (ast.If, ast.IfExp, ast.For, ast.While, ast.comprehension, ast.Match, ast.Try)
THIN = [path for path in NOTEBOOKS if path.stem in MOST]
MOST_WORDS = 3


def cells(path, kind="code"):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", THIN, ids=lambda path: path.stem)
def test_a_notebook_is_short_enough_to_be_read_at_once(path):
    lines = [line for cell in cells(path) for line in cell.splitlines() if line.strip()]
    most_cells, most_lines = MOST[path.stem]
    assert len(cells(path)) <= most_cells
    assert len(lines) <= most_lines


@pytest.mark.parametrize("path", THIN, ids=lambda path: path.stem)
def test_a_notebook_chooses_nothing(path):
    for cell in cells(path):
        assert not [node for node in ast.walk(ast.parse(cell)) if isinstance(node, CHOICES)], cell


@pytest.mark.parametrize("path", THIN, ids=lambda path: path.stem)
def test_words_for_people_stand_in_prose_or_in_results_and_not_in_code(path):
    for cell in cells(path):
        texts = [node.value for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Constant)]
        long = [text for text in texts if isinstance(text, str) and len(text.split()) > MOST_WORDS]
        assert not long, cell


@pytest.mark.parametrize("path", THIN, ids=lambda path: path.stem)
def test_a_sentence_stands_before_every_step(path):
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text())["cells"]]
    first = kinds.index("code")
    for place in range(first + 2, len(kinds)):  # imports and parameters stand under the question
        assert kinds[place] == "markdown" or kinds[place - 1] == "markdown", f"cell {place} follows code"
