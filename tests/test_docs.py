"""What the documents say is in the source, and what is in the source they say."""

import importlib.util
import re
import sys

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "workbench"


def normal(text):
    return re.sub(r"[\s_\-–]+", " ", text.casefold())


def glossary():
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "term":
            yield cells


def test_every_term_of_the_glossary_stands_in_the_source():
    source = normal(" ".join(path.read_text() for path in SOURCE.rglob("*.py")))
    absent = [term for term, *_ in glossary() if normal(term) not in source]
    assert not absent


def test_every_term_has_its_definition_source_and_plain_words_once():
    terms = [term for term, *_ in glossary()]
    assert len(terms) == len(set(terms)) > 60
    ours = {"fingerprint"}
    for term, definition, source, plain in glossary():
        assert definition, term
        assert plain, term
        assert re.search(r"\d{4}", source) or term in ours, f"{term}: who said so, and when?"


def script():
    spec = importlib.util.spec_from_file_location("thresholds", ROOT / "docs" / "thresholds.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # its dataclass looks itself up
    spec.loader.exec_module(made)
    return made


def test_thresholds_are_found_with_what_is_said_of_them(tmp_path):
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "module.py").write_text(
        "FEW = 10  # a reason\n\n# Above,\n# in two lines.\nMOST = 2 * 3.5\nLAST = 3\n\nLEAST: int = -1\n'Below.'\n"
        "NAMES = ('a',)\nTHIS = True\nA, B = 1, 2\nlower = 3\n"
    )
    assert [(each.name, each.value, each.why) for each in script().thresholds(tmp_path)] == [
        ("FEW", "10", "a reason"),
        ("MOST", "2 * 3.5", "Above, in two lines."),
        ("LAST", "3", "Above, in two lines."),
        ("LEAST", "-1", "Below."),
        ("A", "1", ""),
        ("B", "2", ""),
    ]


def test_every_threshold_says_why():
    silent = [f"{each.place}: {each.name}" for each in script().thresholds() if not each.why]
    assert not silent, "say beside it where the number is from"


def test_the_table_of_thresholds_is_that_of_the_source():
    made = script()
    assert made.TABLE.read_text() == made.table(made.thresholds()), "`make thresholds` writes it anew"
