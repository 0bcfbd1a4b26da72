"""Every number that decides something, with its source: `python docs/thresholds.py` writes docs/thresholds.md.

A threshold is a number that a module names in capitals. What is said of it stands beside it: behind it on its line, in
the comment above it, or in the text below it.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "workbench"
TABLE = ROOT / "docs" / "thresholds.md"
HEAD = """# Thresholds
Every number that decides something, where it is and why it is that one. Made from the source by `make thresholds`: what
is said of a number stands beside it there.
"""


@dataclass(frozen=True)
class Threshold:
    """A number with a name.

    Attributes
    ----------
    place, name, value
        Where it is, what it is called, and the number as written.
    why
        What is said of it; empty where nothing is.
    """

    place: str
    name: str
    value: str
    why: str


def thresholds(source: Path = SOURCE) -> list[Threshold]:
    """All of them, a room after the other and in the order of each file."""
    paths = sorted(source.rglob("*.py"), key=lambda path: (path.parent, path.name))
    return [each for path in paths for each in _of(path, source)]


def table(found: list[Threshold]) -> str:
    """The table, a room at a time."""
    lines = [HEAD]
    room = None
    for each in found:
        if (here := each.place.rpartition("/")[0]) != room:
            room = here
            lines.append(f"\n## {room or 'leaves'}\n\n| number | value | why | in |\n|---|---|---|---|")
        why, module = each.why.replace("|", "\\|"), each.place.rpartition("/")[2]
        lines.append(f"| `{each.name}` | {each.value} | {why} | {module} |")
    return "\n".join(lines) + "\n"


def _of(path: Path, source: Path) -> Iterator[Threshold]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    comments = {
        token.start[0]: (token.start[1], token.string.lstrip("#: ").strip())
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    shared, last = "", 0  # the comment above the first of several lines is that of them all
    for node, below in zip(tree.body, [*tree.body, None][1:], strict=True):
        match node:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                if not _is_number(value) or not all(isinstance(name, ast.Name) and name.id.isupper() for name in names):
                    continue
                shared = _above(comments, node.lineno) or (shared if node.lineno == last + 1 else "")
                last = node.end_lineno or node.lineno
                said = comments.get(last, (0, ""))[1] or shared
                match below:
                    case ast.Expr(value=ast.Constant(value=str(words))):
                        said = said or " ".join(words.split())
                values = value.elts if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [value]
                for name, number in zip(names, values, strict=True):
                    yield Threshold(path.relative_to(source).as_posix(), ast.unparse(name), ast.unparse(number), said)


def _above(comments: dict[int, tuple[int, str]], line: int) -> str:
    words: list[str] = []
    while (found := comments.get(line - 1)) and found[0] == 0:
        words.insert(0, found[1])
        line -= 1
    return " ".join(words)


def _is_number(value: ast.expr) -> bool:
    """Whether it is a number, a sum or product of such, or several."""
    match value:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=one):
            return _is_number(one)
        case ast.BinOp(left=one, right=other):
            return _is_number(one) and _is_number(other)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return bool(items) and all(map(_is_number, items))
    return False


if __name__ == "__main__":
    TABLE.write_text(table(thresholds()))
