"""Parameter files: YAML or JSON, read as plain data and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import ParameterError
from workbench.wording import shown


class _Loader(yaml.SafeLoader):
    """YAML with the types of JSON: a date stays text (the declared type decides), `no` and `on` are words."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool", ":merge"))])
}
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
        text = path.read_text(encoding="utf-8-sig")
        # YAML reads JSON too, but not all of its numbers (1e5).
        content = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_Loader)
    except OSError as error:
        raise ParameterError(f"--params {path}: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ParameterError(f"--params {path} is not YAML or JSON: {_place(error)}.") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ParameterError(f"--params {path}: got {shown(content)}, expected parameter names with their values.")
    return content


def _place(error: Exception) -> str:
    return " ".join(str(error).replace('in "<unicode string>", ', "").split())
