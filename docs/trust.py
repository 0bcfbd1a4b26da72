"""How often promises were attacked: `python docs/trust.py` runs the tests that docs/trust.md names, and counts."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trust.md"
ROW = re.compile(r"^\| (?P<promise>.+?) \| (?P<tests>`tests/.+`) \| (\d+) \| (\d+) \| (\d+) \|$")
TEST = re.compile(r"`(tests/[^`]+)`")


class Tally:
    """Attempts by test, as pytest reports them; a test that fails anywhere has held in none of its attempts."""

    def __init__(self) -> None:
        self.attempts: dict[str, int] = {}
        self.broken: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that ran.

        Parameters
        ----------
        report
            Of one of its phases.
        """
        if report.failed or (report.skipped and hasattr(report, "wasxfail")):
            self.broken.add(report.nodeid)
        elif report.when != "call" or report.skipped:
            return
        self.attempts[report.nodeid] = int(dict(report.user_properties).get("attempts", 1))

    def figures(self, named: list[str]) -> tuple[int, int, int]:
        """Attempts, held and broken, of all tests whose place begins with one of these.

        Parameters
        ----------
        named
            Folders, modules or single tests.
        """
        own = {test: n for test, n in self.attempts.items() if any(_belongs(test, each) for each in named)}
        broken = sum(n for test, n in own.items() if test in self.broken)
        return sum(own.values()), sum(own.values()) - broken, broken


def _belongs(test: str, named: str) -> bool:
    return test == named or test.startswith((f"{named}::", f"{named}[", f"{named.rstrip('/')}/"))


def named(page: str) -> Iterator[str]:
    """The tests that a page names, in its order.

    Parameters
    ----------
    page
        Its text.
    """
    for line in page.splitlines():
        if ROW.match(line):
            yield from TEST.findall(line)


def counted(page: str, tally: Tally) -> str:
    """The page with figures of these runs of its tests.

    Parameters
    ----------
    page
        Its text.
    tally
        Of the tests that it names.
    """

    def line_of(line: str) -> str:
        row = ROW.match(line)
        if row is None:
            return line
        attempts, held, broken = tally.figures(TEST.findall(line))
        return f"| {row['promise']} | {row['tests']} | {attempts} | {held} | {broken} |"

    return "\n".join(line_of(line) for line in page.splitlines()) + "\n"


if __name__ == "__main__":
    tally = Tally()
    text = PAGE.read_text()
    pytest.main([*dict.fromkeys(named(text)), "-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[tally])
    PAGE.write_text(counted(text, tally))
