"""docs/trust.md names tests that are there, and counts what they count."""

import importlib.util
import re
import sys
from types import SimpleNamespace

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "trust.md").read_text()


def script():
    spec = importlib.util.spec_from_file_location("trust", ROOT / "docs" / "trust.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def test_every_row_names_tests_that_are_there():
    names = list(script().named(PAGE))
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (?!promise)", line)]
    assert rows
    assert not [row for row in rows if not script().ROW.match(row)], "a row is promise, tests and three figures"
    for name in names:
        path, _, test = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not test or re.search(rf"^def {test}\(", (ROOT / path).read_text(), re.MULTILINE), name


def test_three_pages_make_the_same_promises():
    """By their names: those of docs/trust.md stand in README's "Trust" and in SECURITY.md."""
    promised = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    trust = (ROOT / "README.md").read_text().partition("\n## Trust\n")[2]
    security = (ROOT / "SECURITY.md").read_text().partition("\n## What is promised\n")[2].partition("\n## ")[0]
    assert len(promised) > 5
    assert re.findall(r"^- \*\*(.+?)\.\*\*", trust, re.MULTILINE) == promised
    assert set(promised) <= set(re.findall(r"^- \*\*(.+?)\.\*\*", security, re.MULTILINE))


def test_figures_are_those_of_the_tests():
    tally = script().Tally()

    def ran(test, outcome, attempts=None, xfail=False):
        properties = [] if attempts is None else [("attempts", attempts)]
        report = SimpleNamespace(nodeid=test, when="call", failed=outcome == "failed", skipped=outcome == "skipped")
        report.user_properties = properties
        if xfail:
            report.wasxfail = "known"
        tally.pytest_runtest_logreport(report)

    ran("tests/a.py::test_one", "passed", attempts=7)
    ran("tests/a.py::test_two[x]", "failed", attempts=3)
    ran("tests/a.py::test_three", "skipped")
    ran("tests/b/c.py::test_one", "skipped", xfail=True)
    page = "| It holds | `tests/a.py` | 0 | 0 | 0 |\n| One | `tests/a.py::test_two`, `tests/b` | 0 | 0 | 0 |\nElse\n"
    assert script().counted(page, tally) == (
        "| It holds | `tests/a.py` | 10 | 7 | 3 |\n| One | `tests/a.py::test_two`, `tests/b` | 4 | 0 | 4 |\nElse\n"
    )
