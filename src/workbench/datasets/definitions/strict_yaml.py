"""YAML read as plain text values: no types guessed, no tags, no aliases, no key twice.

YAML 1.1 turns `no` into False, `007` into 7 and `2020-01-01` into a date; in a dataset.yaml those are codes of the
user's data. So every scalar stays the text that was written (an unquoted empty, `~` or `null` is None), and whoever
reads the tree decides what it means.
"""

from workbench.files import BoundedYaml
from workbench.wording import sentence, shown

type Tree = str | list["Tree"] | dict[str, "Tree"] | None

LARGEST_BYTES = 1_000_000  # 20,000 lines; a larger file is not written by hand
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
}


class YamlError(ValueError):
    """Text that is not the YAML we accept; the message is fit for a user."""


def load(content: bytes) -> tuple[Tree, list[str]]:
    r"""Read one YAML document.

    Parameters
    ----------
    content
        Bytes of the file, UTF-8.

    Returns
    -------
    tree
        Mappings, lists and texts.
    faults
        What stands in the document twice or has a tag; the tree is complete in spite of them.

    Raises
    ------
    YamlError
        When there is no tree to speak of.

    Examples
    --------
    >>> load(b"a: no\nb: [007, ~]")
    ({'a': 'no', 'b': ['007', None]}, [])
    """
    import yaml

    class Loader(BoundedYaml, yaml.SafeLoader):
        """Refuses what no file of a person has."""

    if len(content) > LARGEST_BYTES:
        raise YamlError(sentence("got {size} bytes, expected at most {most}.", size=len(content), most=LARGEST_BYTES))
    try:
        node = yaml.compose(content.decode("utf-8-sig"), Loader)
    except UnicodeDecodeError as error:
        raise YamlError(sentence("not UTF-8 (byte {at}); save the file as UTF-8.", at=error.start)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise YamlError(
            sentence("line {line}: not readable as YAML: {problem}.", line=line, problem=error.problem)
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = sentence("nested too deeply") if isinstance(error, RecursionError) else sentence("odd characters")
        raise YamlError(sentence("not readable as YAML: {reason}.", reason=reason)) from error
    faults: list[str] = []
    return (None if node is None else _plain(node, "", faults)), faults


def _plain(node, place: str, faults: list[str]) -> Tree:
    if node.tag not in _PLAIN_TAGS:
        faults.append(sentence("{place}: got the tag {tag}, expected none.", place=place or "top", tag=shown(node.tag)))
    if node.id == "scalar":
        return None if node.style is None and node.value in ("", "~", "null") else node.value
    if node.id == "sequence":
        return [_plain(item, f"{place}[{i}]", faults) for i, item in enumerate(node.value)]
    tree: dict[str, Tree] = {}
    for key_node, value_node in node.value:
        if key_node.id != "scalar":
            faults.append(sentence("{place}: got a list or mapping as a key, expected a name.", place=place or "top"))
            continue
        key = key_node.value
        named = key if key.isprintable() else shown(key)
        inner = f"{place}.{named}" if place else named
        if key in tree:
            faults.append(sentence("{place}: got the key twice, expected it once.", place=inner))
        tree[key] = _plain(value_node, inner, faults)
    return tree
