"""Parameter files: YAML or JSON, read as plain data and nothing else."""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import ParameterError
from workbench.files import BoundedYaml, read_regular
from workbench.wording import shown

LARGEST_BYTES = 10_000_000  # a long list of customers, and no file that fills the memory
LONGEST_NUMBER = 400  # digits: no number of 64 bits has more than 309


class _ToldError(yaml.constructor.ConstructorError):
    """A fault whose words repeat nothing but the name of a parameter."""


class _Loader(BoundedYaml, yaml.SafeLoader):
    """YAML with the types of JSON: a date stays text (the declared type decides), `no` and `on` are words."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        seen: set[object] = set()
        for key in keys:
            if isinstance(key, Hashable):  # the loader refuses the others
                if key in seen:
                    raise _ToldError(None, None, f"{shown(key)} is given twice", node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node):
        if len(node.value) > LONGEST_NUMBER:
            raise _ToldError(None, None, f"a number has more than {LONGEST_NUMBER} digits", node.start_mark)
        return super().construct_yaml_int(node)


_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool", ":merge"))])
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_parameter_file(path: Path) -> dict[str, Any]:
    """Names and values of a parameter file.

    Parameters
    ----------
    path
        JSON where it ends so, else YAML.

    Raises
    ------
    ParameterError
        If it cannot be read or is not one mapping.
    """
    try:
        text = read_regular(path, LARGEST_BYTES).decode("utf-8-sig")
        # YAML reads JSON too, but not all of its numbers (1e5).
        is_json = path.suffix == ".json"
        content = json.loads(text, parse_int=_whole) if is_json else yaml.load(text, Loader=_Loader)  # noqa: S506 - safe
    except OSError as error:
        raise ParameterError(f"--params {path}: {error.strerror}.") from None
    except RecursionError:
        raise ParameterError(f"--params {path} is nested too deeply for parameters.") from None
    except (yaml.YAMLError, ValueError, AttributeError, LookupError) as error:  # a tag that does not fit its value
        raise ParameterError(f"--params {path} is not YAML or JSON{_place(error)}.") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ParameterError(f"--params {path}: expected parameter names with their values (name: value).")
    return content


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("too many digits")
    return int(digits)


def _place(error: Exception) -> str:
    """Where the fault is. What stands there is not repeated: it may be any file of this machine."""
    if mark := getattr(error, "problem_mark", None):
        known = error.problem if isinstance(error, _ToldError) else ""
        return f" (line {mark.line + 1}, column {mark.column + 1}{': ' + known if known else ''})"
    if isinstance(error, json.JSONDecodeError):
        return f" (line {error.lineno}, column {error.colno})"
    return ""
