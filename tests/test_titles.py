"""What a check objects to stands on the first screen of the report: in a title of at most eight words."""

import ast

from tests.conftest import ROOT
from workbench.findings import MOST_TITLE_WORDS

SOURCE = ROOT / "src" / "workbench"


def checks(path):
    """Calls that make a check which may warn or fail: (line, keywords)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Check":
            said = {keyword.arg: keyword.value for keyword in node.keywords}
            status = said.get("status")
            if None not in said and not (isinstance(status, ast.Constant) and status.value == "pass"):
                yield node.lineno, said


def test_every_check_that_may_warn_or_fail_has_a_title():
    bare = {
        f"{path.relative_to(SOURCE).as_posix()}:{line}"
        for path in SOURCE.rglob("*.py")
        for line, said in checks(path)
        if "title" not in said
    }
    assert not sorted(bare), "give these a title="


def test_titles_are_short():
    """Those written out; a title with a name in it is counted when it is made."""
    for path in SOURCE.rglob("*.py"):
        for _, said in checks(path):
            for node in ast.walk(said.get("title", ast.Constant(None))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert len(node.value.split()) <= MOST_TITLE_WORDS, f"{path}: {node.value}"
